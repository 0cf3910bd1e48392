use std::sync::Arc;

use super::error::InvalidSurfaces;
use crate::types::Surface;

/// The host of each surface: the audience (`aud`) of its tokens. It comes from configuration, never
/// from a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surfaces {
    miniapp: Arc<str>,
    admin: Arc<str>,
}

impl Surfaces {
    /// The hosts of the Mini App and the admin panel.
    ///
    /// # Errors
    /// [`InvalidSurfaces`] when they are equal (whatever the case) or empty: a token of one would
    /// open the other.
    pub fn new(miniapp: &str, admin: &str) -> Result<Self, InvalidSurfaces> {
        if miniapp.is_empty() || admin.is_empty() || miniapp.eq_ignore_ascii_case(admin) {
            return Err(InvalidSurfaces);
        }
        Ok(Self {
            miniapp: miniapp.to_ascii_lowercase().into(),
            admin: admin.to_ascii_lowercase().into(),
        })
    }

    /// The audience of a surface.
    pub fn audience(&self, surface: Surface) -> &str {
        match surface {
            Surface::MiniApp => &self.miniapp,
            Surface::Admin => &self.admin,
        }
    }

    /// The surface of an audience.
    pub fn surface(&self, audience: &str) -> Option<Surface> {
        [Surface::MiniApp, Surface::Admin]
            .into_iter()
            .find(|&surface| self.audience(surface) == audience)
    }
}
