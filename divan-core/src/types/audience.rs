use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The front end that a token is issued for. Each audience has its own sign-in, and its tokens are
/// not valid for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(
        description = "The front end that a token is issued for: the Mini App inside Telegram (`miniapp`) or the admin panel (`admin`)."
    )
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Audience {
    /// The Mini App inside Telegram.
    MiniApp,
    /// The admin panel in a browser.
    Admin,
}

/// The text is not the name of an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown audience")]
pub struct UnknownAudience;

impl Audience {
    /// The audience's name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MiniApp => "miniapp",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Audience {
    type Err = UnknownAudience;

    fn from_str(text: &str) -> Result<Self, UnknownAudience> {
        match text {
            "miniapp" => Ok(Self::MiniApp),
            "admin" => Ok(Self::Admin),
            _ => Err(UnknownAudience),
        }
    }
}
