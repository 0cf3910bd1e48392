//! Sign-in for Telegram Mini Apps.
#[cfg(any(feature = "init-data", feature = "types"))]
pub mod clock;
#[cfg(feature = "init-data")]
pub mod init_data;
