//! Reads requests. Whatever is wrong with one ends here, as a [`Problem`].

mod admin_credentials;
mod authorization;
mod payload;

pub(crate) use admin_credentials::{AdminCredentials, PasswordForm};
pub(crate) use authorization::{AdminCaller, BootstrapToken, SignedIn, TmaHeader};
pub(crate) use payload::{MAX_BODY_BYTES, Payload};
