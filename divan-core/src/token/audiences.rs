use std::sync::Arc;

use super::error::InvalidAudiences;
use crate::types::Audience;

/// The host of each audience: the audience (`aud`) of its tokens. It comes from configuration, never
/// from a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audiences {
    miniapp: Arc<str>,
    admin: Arc<str>,
}

impl Audiences {
    /// The hosts of the Mini App and the admin panel.
    ///
    /// # Errors
    /// [`InvalidAudiences`] when they are equal (whatever the case) or empty: a token of one would
    /// open the other.
    pub fn new(miniapp: &str, admin: &str) -> Result<Self, InvalidAudiences> {
        if miniapp.is_empty() || admin.is_empty() || miniapp.eq_ignore_ascii_case(admin) {
            return Err(InvalidAudiences);
        }
        Ok(Self {
            miniapp: miniapp.to_ascii_lowercase().into(),
            admin: admin.to_ascii_lowercase().into(),
        })
    }

    /// The host of an audience, which is the `aud` of its tokens.
    pub fn host(&self, audience: Audience) -> &str {
        match audience {
            Audience::MiniApp => &self.miniapp,
            Audience::Admin => &self.admin,
        }
    }

    /// The audience that this host belongs to.
    pub fn by_host(&self, host: &str) -> Option<Audience> {
        [Audience::MiniApp, Audience::Admin]
            .into_iter()
            .find(|&audience| self.host(audience) == host)
    }
}
