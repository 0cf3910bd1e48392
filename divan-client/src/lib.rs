//! Typed client for the Divan sign-in server.
//!
//! A [`Client`] belongs to one server. People work on one of two audiences, each with a handle of
//! its own:
//! [`Client::miniapp`] for the employee in the Mini App, [`Client::admin`] for the administrator in
//! the admin panel. There is one method for each endpoint of the contract; what needs nobody to be
//! signed in ([`Client::bootstrap`],
//! [`Client::jwks`], [`Client::live`], [`Client::ready`]) stands on the client. Requests and
//! answers are the types of [`api`], the same ones that the server is built from.
//!
//! The client runs on Tokio. Tokens are looked after by the [`Handle`]; where they are kept is up
//! to a [`TokenStore`], by default in memory, in a file with a [`FileStore`].
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
//! # What it takes care of
//!
//! - **Staying signed in.** Tokens are renewed ahead of their expiry, once for all calls that need
//!   it; see [`Handle`].
//! - **Trying again.** What may be sent twice is, after a pause; a sign-in never is. See
//!   [`Retries`].
//! - **Time.** A call ends after 30 seconds at the latest, with all of that; see
//!   [`ClientBuilder::timeout`].
//! - **Privacy.** `https` is required except on this very machine, redirects are not followed, and
//!   neither an
//!   [`Error`] nor the `Debug` form of anything here shows a secret.
//! - **Newer servers.** Unknown members of an answer are ignored, an unknown code of a problem is
//!   [`ProblemCode::Unknown`](api::ProblemCode::Unknown).
//! - **Broken servers.** Whatever comes back, a call ends in a value or an [`Error`]: it never
//!   panics, and reads no more than 1 MiB.
//! - **The host program.** TLS is rustls with the certificates that the operating system trusts.
//!   Nothing is installed process-wide.
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `test-util` | `test_util::MockDivan`: a made-up server for the tests of programs that use this client |

mod account;
mod admin;
pub mod audience;
mod audit;
mod base_url;
mod builder;
mod call;
mod client;
mod error;
mod handle;
mod health;
mod http;
mod jitter;
mod jwks;
mod pages;
mod retries;
mod sessions;
mod telegram;
#[cfg(feature = "test-util")]
pub mod test_util;
mod tokens;
mod users;
mod wire;

pub use async_trait::async_trait;
pub use builder::ClientBuilder;
pub use client::Client;
pub use divan_core::{api, clock, secret::Secret, types};
pub use error::Error;
pub use handle::{AdminPanel, Handle, MiniApp};
pub use retries::Retries;
pub use tokens::{FileStore, MemoryStore, StoreError, Swapped, TokenStore, Tokens};
