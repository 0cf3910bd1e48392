use serde::{Deserialize, Serialize};

use super::{Auth, Endpoint, Method, ProblemCode};
use crate::types::{AuditAction, AuditEvent, UserId};

/// Lists who did what, the newest first.
#[derive(Debug)]
pub enum Audit {}

impl Endpoint for Audit {
    const OPERATION: &'static str = "audit";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/auth/admin/audit";
    const AUTH: Auth = Auth::Admin;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::ValidationFailed];
    type Request = AuditRequest;
    type Response = AuditPage;
}

/// Which lines of the audit to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditRequest {
    /// How many lines at most, 1 to 200. Default: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 200, example = 50))]
    pub limit: Option<u32>,
    /// Where to go on: the `next_cursor` of the last page, with the same conditions as there. Leave
    /// it out for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Only what was done to this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Only what this user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<UserId>,
    /// Only this action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<AuditAction>,
}

/// A page of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct AuditPage {
    /// The lines, the newest first.
    pub items: Vec<AuditEvent>,
    /// What the next page is asked for with; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, example = "bX1rTgGZqjxbHnw9nyptHotMehA")
    )]
    pub next_cursor: Option<String>,
}

impl AuditPage {
    /// A page.
    pub fn new(items: Vec<AuditEvent>, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }
}
