use std::borrow::Cow;
use std::sync::Arc;

use super::claims::Scope;
use super::error::InvalidAudiences;
use crate::types::Audience;

/// The suffix of the `aud` claim of tokens that are limited to a [`Scope`].
const LIMITED: &str = "/limited";

/// The suffix of the `aud` claim of tokens of other services.
const SERVICE: &str = "/service";

/// The host of each audience, from which the `aud` claim of its tokens is made. Hosts come from
/// configuration, never from a request.
///
/// The `aud` claim is the host itself. A token that is limited to a [`Scope`] has the host followed
/// by `/limited`, so that a service that checks only signature, issuer and audience refuses it. For the
/// same reason, a token of a service has the host of the admin panel followed by `/service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audiences {
    miniapp: Arc<str>,
    admin: Arc<str>,
}

impl Audiences {
    /// Creates the audiences from the hosts of the Mini App and the admin panel.
    ///
    /// # Errors
    /// [`InvalidAudiences`] when the hosts are equal (ignoring case), or one is empty or contains a
    /// `/`: a token of one audience would be valid for the other.
    pub fn new(miniapp: &str, admin: &str) -> Result<Self, InvalidAudiences> {
        let is_host = |text: &str| !text.is_empty() && !text.contains('/');
        if !is_host(miniapp) || !is_host(admin) || miniapp.eq_ignore_ascii_case(admin) {
            return Err(InvalidAudiences);
        }
        Ok(Self {
            miniapp: miniapp.to_ascii_lowercase().into(),
            admin: admin.to_ascii_lowercase().into(),
        })
    }

    /// Returns the host of an audience: the `aud` claim of its tokens without a scope.
    pub fn host(&self, audience: Audience) -> &str {
        match audience {
            Audience::MiniApp => &self.miniapp,
            Audience::Admin => &self.admin,
        }
    }

    /// Returns the `aud` claim of tokens for an audience and scope.
    pub(super) fn claim(&self, audience: Audience, scope: Option<Scope>) -> Cow<'_, str> {
        let host = self.host(audience);
        match scope {
            None => host.into(),
            Some(_) => format!("{host}{LIMITED}").into(),
        }
    }

    /// Returns the `aud` claim of tokens of other services.
    pub(super) fn service_claim(&self) -> String {
        format!("{}{SERVICE}", self.admin)
    }

    /// Returns the audience whose tokens with this scope have this `aud` claim.
    pub(super) fn audience_of_claim(&self, claim: &str, scope: Option<Scope>) -> Option<Audience> {
        [Audience::MiniApp, Audience::Admin]
            .into_iter()
            .find(|&audience| self.claim(audience, scope) == claim)
    }
}
