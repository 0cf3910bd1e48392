//! The two audiences as types: the parameter of a [`Handle`](crate::Handle).

use divan_core::types;

/// The Mini App inside Telegram, for employees.
#[derive(Clone, Copy, Debug)]
pub enum MiniApp {}

/// The admin panel in a browser, for administrators.
#[derive(Clone, Copy, Debug)]
pub enum Admin {}

/// An audience as a type: [`MiniApp`] or [`Admin`]; sealed.
pub trait AudienceMarker: sealed::Sealed + Send + Sync + 'static {
    /// The audience as a value.
    const AUDIENCE: types::Audience;
}

impl AudienceMarker for MiniApp {
    const AUDIENCE: types::Audience = types::Audience::MiniApp;
}

impl AudienceMarker for Admin {
    const AUDIENCE: types::Audience = types::Audience::Admin;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::MiniApp {}
    impl Sealed for super::Admin {}
}
