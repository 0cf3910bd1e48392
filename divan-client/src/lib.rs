//! Typed client for the Divan sign-in server.
//!
//! One method for each endpoint of the contract, named like its operation: [`Client::telegram_login`],
//! [`Client::admin_login`], [`Client::bootstrap`], [`Client::create_user`], [`Client::me`], [`Client::live`] and
//! [`Client::ready`]. Requests and answers are the types of [`api`], the same ones that the server is built from.
//!
//! The client runs on Tokio. It holds no token: a [`Session`](api::Session) carries one, and each call that needs it
//! takes it as an argument.
//!
//! ```no_run
//! use divan_client::Client;
//! use divan_client::api::{AdminLoginRequest, CreateUserRequest, ProblemCode};
//!
//! # async fn run() -> Result<(), divan_client::Error> {
//! let client = Client::new("https://sec.example.com/")?;
//!
//! let login = AdminLoginRequest::new("admin@example.com", "tram under the plum");
//! let session = client.admin_login(&login).await?;
//!
//! let employee = CreateUserRequest::employee("First Last", "+77011234567", "plum over the tram");
//! match client.create_user(&session.access_token, &employee).await {
//!     Ok(created) => println!("created {}", created.user.id),
//!     Err(error) if error.code() == Some(ProblemCode::PhoneTaken) => println!("exists already"),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it takes care of
//!
//! - **Time.** A call ends after 30 seconds at the latest; see [`ClientBuilder::timeout`].
//! - **Privacy.** `https` is required except on this very machine, redirects are not followed, and neither an
//!   [`Error`] nor the `Debug` form of anything here shows a secret.
//! - **Newer servers.** Unknown members of an answer are ignored, an unknown code of a problem is
//!   [`ProblemCode::Unknown`](api::ProblemCode::Unknown).
//! - **Broken servers.** Whatever comes back, a call ends in a value or an [`Error`]: it never panics, and reads no
//!   more than 1 MiB.
//! - **The host program.** TLS is rustls with the certificates that the operating system trusts. Nothing is
//!   installed process-wide.

mod account;
mod admin;
mod base_url;
mod builder;
mod call;
mod client;
mod error;
mod health;
mod telegram;
mod users;

pub use builder::ClientBuilder;
pub use client::Client;
pub use divan_core::{api, secret::Secret, types};
pub use error::Error;
