//! Reads requests. Whatever is wrong with one ends here, as a [`Problem`].

mod admin_credentials;
mod authorization;
mod client_address;
mod id;
mod origin;
mod parameters;
mod payload;
pub(crate) mod refusals;

pub(crate) use admin_credentials::{AdminCredentials, PasswordForm};
pub(crate) use authorization::{
    AdminCaller, BootstrapToken, SignedIn, SignedInAnyScope, TmaHeader,
};
pub(crate) use id::Id;
pub(crate) use origin::{ClientOrigin, Peer, RequestId};
pub(crate) use parameters::Parameters;
pub(crate) use payload::Payload;
pub(crate) use refusals::MAX_BODY_BYTES;
