//! The two places where people work, as types: a [`Handle`](crate::Handle) is of one of them.

use divan_core::types;

/// Inside Telegram, where employees work.
#[derive(Clone, Copy, Debug)]
pub enum MiniApp {}

/// The panel in a browser, where administrators work.
#[derive(Clone, Copy, Debug)]
pub enum Admin {}

/// An audience as a type; [`MiniApp`] and [`Admin`] are all there are.
pub trait OnAudience: sealed::Sealed + Send + Sync + 'static {
    /// The same as a value.
    const AUDIENCE: types::Audience;
}

impl OnAudience for MiniApp {
    const AUDIENCE: types::Audience = types::Audience::MiniApp;
}

impl OnAudience for Admin {
    const AUDIENCE: types::Audience = types::Audience::Admin;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::MiniApp {}
    impl Sealed for super::Admin {}
}
