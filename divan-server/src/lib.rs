//! The reference deployment of Divan: an axum server over [`divan_core::service`].
//!
//! As a program it is `divan-server`. As a library it is [`router`], which another axum application
//! nests:
//!
//! ```no_run
//! use divan_server::{AppState, HttpOptions, router};
//! # async fn example(service: divan_core::service::AuthService) {
//! let state = AppState::new(service, HttpOptions::default());
//! let app: axum::Router = axum::Router::new().nest("/sign-in", router(state));
//! # let _ = app;
//! # }
//! ```
//!
//! One request goes: router → extractor → handler → one call of the service → answer. What goes
//! wrong on the way is a
//! [`Problem`], turned into `application/problem+json` in one place.

mod app;
mod bot_api;
mod cli;
mod config;
mod database;
mod dependencies;
mod development;
mod docs;
mod doctor;
mod error_chain;
mod extract;
mod http_client;
mod logging;
mod metrics;
mod middleware;
mod openapi;
mod problem;
mod readiness;
mod router;
mod routes;
mod serve;
mod state;
mod telegram;
mod traced_store;

pub use app::{Migrations, Server, StartError};
pub use cli::{Cli, run};
pub use config::{
    Addresses, Config, SECTIONS, SessionsConfig, configuration_markdown, env_example,
};
pub use database::DatabaseError;
pub use dependencies::MissingDependencies;
pub use development::Development;
pub use openapi::openapi;
pub use problem::Problem;
pub use router::router;
pub use state::{AppState, HttpOptions};
