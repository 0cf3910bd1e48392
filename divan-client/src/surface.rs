//! The two places where people work, as types: a [`Handle`](crate::Handle) is of one of them.

use divan_core::types;

/// Inside Telegram, where employees work.
#[derive(Clone, Copy, Debug)]
pub enum MiniApp {}

/// The panel in a browser, where administrators work.
#[derive(Clone, Copy, Debug)]
pub enum Admin {}

/// A surface as a type; [`MiniApp`] and [`Admin`] are all there are.
pub trait OnSurface: sealed::Sealed + Send + Sync + 'static {
    /// The same as a value.
    const SURFACE: types::Surface;
}

impl OnSurface for MiniApp {
    const SURFACE: types::Surface = types::Surface::MiniApp;
}

impl OnSurface for Admin {
    const SURFACE: types::Surface = types::Surface::Admin;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::MiniApp {}
    impl Sealed for super::Admin {}
}
