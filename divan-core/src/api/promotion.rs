use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::secret::{self, Secret};
use crate::types::{Email, PromotionId, User};

/// The effect of a promotion: exactly one of `generated_password` and `promotion`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PromotedUser {
    /// The password of the new administrator. Present with the status 200.
    #[serde(
        default,
        serialize_with = "secret::expose_option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false, example = "7k3m-x2q9-ab4t-p8dh"))]
    pub generated_password: Option<Secret>,
    /// The promotion that another administrator must approve. Present with the status 202.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub promotion: Option<PendingPromotion>,
}

impl PromotedUser {
    /// Creates the response for a user who is an administrator now.
    pub fn done(generated_password: Secret) -> Self {
        Self {
            generated_password: Some(generated_password),
            promotion: None,
        }
    }

    /// Creates the response for a user whose promotion must be approved.
    pub fn pending(promotion: PendingPromotion) -> Self {
        Self {
            generated_password: None,
            promotion: Some(promotion),
        }
    }
}

/// A promotion to administrator that waits for the approval of another administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PendingPromotion {
    /// The id.
    pub id: PromotionId,
    /// The user to promote.
    pub user: User,
    /// The e-mail address to sign in with after the promotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub email: Option<Email>,
    /// The administrator who requested it.
    pub requested_by: User,
    /// The time of the request.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-15T09:30:00.125Z"))]
    pub requested_at: OffsetDateTime,
    /// The expiry: 24 hours after the request.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(feature = "openapi", schema(example = "2026-01-16T09:30:00.125Z"))]
    pub expires_at: OffsetDateTime,
}

impl PendingPromotion {
    /// Creates a promotion without an e-mail address.
    pub fn new(
        id: PromotionId,
        user: User,
        requested_by: User,
        requested_at: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            user,
            email: None,
            requested_by,
            requested_at,
            expires_at,
        }
    }
}

/// The promotions that wait for an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub struct PromotionList {
    /// The promotions, newest first, at most 100.
    pub items: Vec<PendingPromotion>,
}

impl PromotionList {
    /// Creates the list.
    pub fn new(items: Vec<PendingPromotion>) -> Self {
        Self { items }
    }
}
