use serde::{Deserialize, Serialize};

named_enum! {
    /// The front end that a token is issued for. Each audience has its own sign-in, and its tokens are
    /// not valid for the other.
    #[derive(Serialize, Deserialize)]
    #[cfg_attr(
        feature = "openapi",
        derive(utoipa::ToSchema),
        schema(
            description = "The front end that a token is issued for: the Mini App inside Telegram (`miniapp`) or the admin panel (`admin`)."
        )
    )]
    #[serde(rename_all = "lowercase")]
    pub enum Audience {
        /// The Mini App inside Telegram.
        MiniApp = "miniapp",
        /// The admin panel in a browser.
        Admin = "admin",
    }

    UnknownAudience = "unknown audience"
}
