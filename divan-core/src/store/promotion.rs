use async_trait::async_trait;
use time::OffsetDateTime;

use super::StoreError;
use crate::types::{Email, PromotionId, UserId};

/// Promotions to administrator that wait for an approval. They begin and end together with changes of
/// the account of their user: see [`AccountUpdate::request_promotion`](super::AccountUpdate::request_promotion)
/// and [`AccountUpdate::end_promotion`](super::AccountUpdate::end_promotion).
#[async_trait]
pub trait PromotionStore: std::fmt::Debug + Send + Sync {
    /// Finds a promotion, also one that has expired.
    ///
    /// # Errors
    /// Only when the database fails; no such promotion is `Ok(None)`.
    async fn promotion(&self, id: PromotionId) -> Result<Option<StoredPromotion>, StoreError>;

    /// Finds the promotions that expire after this time, newest first, at most [`MAX_PROMOTIONS`].
    ///
    /// # Errors
    /// Only when the database fails.
    async fn promotions(&self, now: OffsetDateTime) -> Result<Vec<StoredPromotion>, StoreError>;

    /// Deletes promotions that expired before this time. Returns their number.
    ///
    /// # Errors
    /// Only when the database fails.
    async fn purge_promotions(&self, before: OffsetDateTime) -> Result<u64, StoreError>;
}

/// Maximum number of promotions that [`PromotionStore::promotions`] returns.
pub const MAX_PROMOTIONS: u32 = 100;

/// A promotion to administrator that waits for the approval of a second administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredPromotion {
    /// The id.
    pub id: PromotionId,
    /// The user to promote, who has at most one promotion.
    pub user: UserId,
    /// E-mail address to sign in with. `None` keeps the one of the user.
    pub email: Option<Email>,
    /// The administrator who requested it.
    pub requested_by: UserId,
    /// [`Account::password_version`](super::Account::password_version) of that administrator: it increases
    /// with a deactivation and a change of the role.
    pub password_version: u64,
    /// Time of the request.
    pub requested_at: OffsetDateTime,
    /// Expiry.
    pub expires_at: OffsetDateTime,
}

impl StoredPromotion {
    /// Creates a promotion that keeps the e-mail address of the user, for the first version of the password
    /// of the administrator.
    pub fn new(
        id: PromotionId,
        user: UserId,
        requested_by: UserId,
        requested_at: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            user,
            email: None,
            requested_by,
            password_version: 1,
            requested_at,
            expires_at,
        }
    }
}
