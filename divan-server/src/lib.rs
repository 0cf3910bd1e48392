//! Reference deployment of Divan: an axum server over [`divan_core::service`].
//!
//! The program is `divan-server`. The library is [`router`], which you nest in an axum application
//! of your own:
//!
//! ```no_run
//! use divan_server::{AppState, HttpOptions, router};
//! # async fn example(service: divan_core::service::AuthService) {
//! let state = AppState::new(service, HttpOptions::default());
//! let app: axum::Router = axum::Router::new().nest("/sign-in/", router(state));
//! # let _ = app;
//! # }
//! ```
//!
//! A request passes: router → extractor → handler → one call of the service → response. Every error
//! is a [`Problem`], converted to `application/problem+json` in one place.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `cli` | yes | the program `divan-server` and its command line; enables both databases |
//! | `sqlite`, `postgres` | yes | the types `Config` and `Server`, with support for this database |
//! | `docs` | yes | Swagger UI at `/docs` and the OpenAPI document at `/openapi.json` |
//! | `pages` | yes | the Mini App page, the admin panel and `/divan.js` |
//! | `s3`, `qdrant`, `redis`, `rabbitmq` | yes | configuration and readiness of this dependency |
//!
//! With `default-features = false` the crate is the router alone.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "_server")]
mod app;
mod asyncapi;
#[cfg(feature = "_server")]
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "the command line uses the rest")
)]
mod bot_api;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "_server")]
mod config;
#[cfg(feature = "_server")]
mod database;
#[cfg(feature = "_server")]
mod dependencies;
#[cfg(feature = "_server")]
mod development;
#[cfg(feature = "docs")]
mod docs;
#[cfg(feature = "cli")]
mod doctor;
mod error_chain;
#[cfg(all(feature = "_server", feature = "rabbitmq"))]
mod event_publisher;
mod extract;
#[cfg(feature = "_server")]
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "the command line uses the rest")
)]
mod http_client;
mod imports;
mod introspection_endpoint;
#[cfg(feature = "cli")]
mod logging;
mod metrics;
mod middleware;
#[cfg(feature = "_server")]
mod notifications;
mod openapi;
#[cfg(feature = "pages")]
mod pages;
mod problem;
mod readiness;
mod refusals;
mod router;
mod routes;
#[cfg(feature = "_server")]
mod serve;
mod state;
#[cfg(feature = "cli")]
mod telegram;
mod token_endpoint;
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, unused_imports, reason = "the command line uses the rest")
)]
mod users_csv;
mod verify_endpoint;
#[cfg(feature = "_server")]
mod webhooks;

#[cfg(feature = "_server")]
pub use app::{Migrations, Server, StartError};
pub use asyncapi::asyncapi;
#[cfg(feature = "cli")]
pub use cli::{Cli, run};
#[cfg(feature = "_server")]
pub use config::{
    Addresses, Config, EventsConfig, InitDataAges, SECTIONS, SessionsConfig,
    configuration_markdown, env_example,
};
#[cfg(feature = "_server")]
pub use database::DatabaseError;
#[cfg(feature = "_server")]
pub use dependencies::MissingDependencies;
#[cfg(feature = "_server")]
pub use development::Development;
pub use openapi::openapi;
pub use problem::Problem;
pub use router::router;
pub use state::{AppState, HttpOptions, Pages, StrictTransport};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
