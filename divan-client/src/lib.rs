//! Typed client for the Divan sign-in server.
//!
//! A [`Client`] sends requests to one server. Methods are named like their
//! [operation](api::Endpoint::OPERATION). Exceptions: `login` calls `telegram_login` or `admin_login`, and
//! `complete_login` calls `complete_admin_login`. `list_users` calls `search_users`, and `client_credentials`
//! calls `token`. The import and export of files and `verify` have no methods. The methods are on three types:
//!
//! - [`MiniApp`]: sign-in and all calls of an employee in the Mini App; get it from
//!   [`Client::miniapp`].
//! - [`AdminPanel`]: sign-in and the calls of an administrator in the admin panel; get it from
//!   [`Client::admin`].
//! - [`Client`]: calls that do not use stored tokens, such as [`Client::bootstrap`] and [`Client::ready`];
//!   [`Client::me`] with a token that your service received; and [`Client::login_session`].
//!
//! Requests and responses are the types of [`api`], which the server uses as well. The client runs
//! on Tokio.
//!
//! ```no_run
//! use divan_client::api::{AdminLoginRequest, CreateUserRequest, ProblemCode};
//! use divan_client::{Client, FileStore};
//!
//! # async fn run() -> Result<(), divan_client::Error> {
//! let store = FileStore::new("/home/admin/.config/our-panel/tokens");
//! let client = Client::builder("https://sec.example.com/").admin_store(store).build()?;
//! let admin = client.admin();
//!
//! if !admin.is_signed_in().await? {
//!     admin.login(&AdminLoginRequest::new("admin@example.com", "tram under the plum")).await?;
//! }
//! let employee = CreateUserRequest::employee("First Last", "+77011234567").password("plum over the tram");
//! match admin.create_user(&employee).await {
//!     Ok(created) => println!("created {}", created.user.id),
//!     Err(error) if error.code() == Some(ProblemCode::PhoneTaken) => println!("exists already"),
//!     Err(error) if error.is_signed_out() => println!("the session has ended: sign in again"),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # One user or many
//!
//! [`Client::miniapp`] and [`Client::admin`] return one shared handle each: all code that uses it
//! acts as the same user, whose tokens are in the client's [`TokenStore`]. This suits a program that
//! acts for its own user.
//!
//! A back end that serves many users calls [`Client::login_session`]: each sign-in returns a handle
//! with tokens of its own, over the same connection pool. [`Client::miniapp_with`] and
//! [`Client::admin_with`] return a handle for a token store of your own.
//!
//! # Behaviour
//!
//! - **Tokens** are refreshed before they expire, once for all concurrent calls; see [`Handle`].
//! - **Retries**: idempotent requests are retried after a delay, except `live` and `ready`. All
//!   others, such as a sign-in, are retried only if the connection could not be established; see
//!   [`Retries`].
//! - **Timeouts**: a call takes at most 30 seconds, including retries and a token refresh; see
//!   [`ClientBuilder::timeout`].
//! - **Privacy**: by default, `https` is required except on loopback, and redirects are not
//!   followed; see [`ClientBuilder`]. Neither an [`Error`] nor a `Debug` output contains a secret.
//! - **Newer servers**: unknown members of a response are ignored; an unknown problem code is
//!   [`ProblemCode::Unknown`](api::ProblemCode::Unknown).
//! - **Invalid responses** become an [`Error`], never a panic. A body is read up to 1 MiB.
//! - **TLS** is rustls with the operating system's trusted certificates. The default
//!   cryptography of the process is not changed.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `protect` | `protect`: protection of the routes of your own service by access tokens |
//! | `axum` | the claims of a request as an argument of axum handlers |
//! | `test-util` | `test_util::MockDivan`: a mock server for tests of programs that use this client |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod admin;
pub mod audience;
mod audit;
mod base_url;
mod builder;
mod client;
mod error;
mod events;
mod handle;
mod health;
mod http_client;
mod jitter;
mod jwks;
mod login;
mod pagination;
mod passkeys;
#[cfg(feature = "protect")]
pub mod protect;
mod request;
mod retry;
mod second_factor;
mod service;
mod services;
mod sessions;
mod telegram;
#[cfg(feature = "test-util")]
pub mod test_util;
mod tokens;
mod transport;
mod users;
mod webhooks;

pub use async_trait::async_trait;
pub use builder::ClientBuilder;
pub use client::Client;
pub use divan_core::{api, clock, secret::Secret, types};
pub use error::{Error, StoreError};
pub use handle::{AdminPanel, Handle, MiniApp};
pub use login::{LoginRequest, LoginSession};
pub use retry::Retries;
pub use service::ServiceCredentials;
pub use tokens::{CasResult, FileStore, KnownDevice, MemoryStore, TokenStore, Tokens};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
