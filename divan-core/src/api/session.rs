use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Auth, Endpoint, Method, ProblemCode};
use crate::secret::{self, Secret};
use crate::types::{Audience, SessionId, User};

/// What a sign-in answers: a pair of tokens and whom it belongs to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct TokenResponse {
    /// The token to send as `Authorization: Bearer …`.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…"))]
    pub access_token: Secret,
    /// How the token is sent.
    pub token_type: TokenType,
    /// How long the access token lives, in seconds: 900 in the Mini App, 600 in the admin panel.
    #[cfg_attr(feature = "openapi", schema(example = 900))]
    pub expires_in: u64,
    /// The token that gets the next pair. Store the new pair before using it; this one is then
    /// over.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "dvr1.AZmqQQfSflWMGy9gqdPkuAAAAAEB…"))]
    pub refresh_token: Secret,
    /// Who signed in. With `password_change_required` the access token opens nothing but
    /// `/auth/me`, the change of the password and the logout.
    pub user: User,
}

/// How an access token is sent (RFC 6749 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "How an access token is sent: `bearer` is `Authorization: Bearer …` (RFC 6750)."
    )
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenType {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer,
}

impl TokenResponse {
    /// The session of a user; `expires_in` is the life of the access token in seconds.
    pub fn new(access_token: Secret, expires_in: u64, refresh_token: Secret, user: User) -> Self {
        Self {
            access_token,
            token_type: TokenType::Bearer,
            expires_in,
            refresh_token,
            user,
        }
    }
}

/// Gets the next pair of tokens of a session.
///
/// A refresh token works once. The same answer comes again for 30 seconds, for a second tab and for
/// an answer that was lost; after that, a token that was replaced ends its session, because two
/// parties hold it.
#[derive(Debug)]
pub enum Refresh {}

impl Endpoint for Refresh {
    const OPERATION: &'static str = "refresh";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/refresh";
    const AUTH: Auth = Auth::None;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::RefreshTokenInvalid];
    type Request = RefreshRequest;
    type Response = TokenResponse;
}

/// What a session goes on with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RefreshRequest {
    /// The refresh token of the last answer.
    #[serde(serialize_with = "secret::expose")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "dvr1.AZmqQQfSflWMGy9gqdPkuAAAAAEB…"))]
    pub refresh_token: Secret,
}

impl RefreshRequest {
    /// A refresh with this token.
    pub fn new(refresh_token: impl Into<Secret>) -> Self {
        Self {
            refresh_token: refresh_token.into(),
        }
    }
}

/// Ends the session of the access token.
#[derive(Debug)]
pub enum Logout {}

impl Endpoint for Logout {
    const OPERATION: &'static str = "logout";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/logout";
    const AUTH: Auth = Auth::BearerAnyScope;
    const STATUS: u16 = 204;
    const PROBLEMS: &'static [ProblemCode] = &[];
    type Request = ();
    type Response = ();
}

/// Lists where the user is signed in.
#[derive(Debug)]
pub enum Sessions {}

impl Endpoint for Sessions {
    const OPERATION: &'static str = "sessions";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/auth/sessions";
    const AUTH: Auth = Auth::Bearer;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[];
    type Request = ();
    type Response = SessionList;
}

/// Where a user is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct SessionList {
    /// The live sessions, the newest first. There are at most twenty.
    pub items: Vec<SessionInfo>,
}

impl SessionList {
    /// The answer with these sessions.
    pub fn new(items: Vec<SessionInfo>) -> Self {
        Self { items }
    }
}

/// One session of a user. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionInfo {
    /// The session's id.
    pub id: SessionId,
    /// Whether it is the one that is asking.
    #[cfg_attr(feature = "openapi", schema(example = true))]
    pub is_current: bool,
    /// The audience that it was opened on.
    pub audience: Audience,
    /// What the browser or program called itself at the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            nullable = false,
            example = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)"
        )
    )]
    pub device: Option<String>,
    /// The address that the sign-in came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false, example = "203.0.113.7"))]
    pub address: Option<IpAddr>,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:41:12.875Z"))]
    pub created_at: OffsetDateTime,
    /// When its tokens were last renewed.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:55:03.25Z"))]
    pub refreshed_at: OffsetDateTime,
    /// When it ends unless its tokens are renewed before.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-02-14T09:55:03.25Z"))]
    pub expires_at: OffsetDateTime,
}

/// Ends one of the user's own sessions.
#[derive(Debug)]
pub enum EndSession {}

impl Endpoint for EndSession {
    const OPERATION: &'static str = "end_session";
    const METHOD: Method = Method::Delete;
    const PATH: &'static str = "/auth/sessions/{id}";
    const AUTH: Auth = Auth::Bearer;
    const STATUS: u16 = 204;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::NotFound];
    type Request = ();
    type Response = ();
}
