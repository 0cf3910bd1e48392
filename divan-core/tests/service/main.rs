//! The rules of the sign-in service, tested through its public API.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../created/mod.rs"]
mod created;
#[macro_use]
#[path = "../every_store/mod.rs"]
mod every_store;
#[path = "../random/mod.rs"]
mod random;
mod support;

mod administrators;
mod audit;
mod auto_login;
mod bootstrap;
mod contact;
mod credentials;
mod deleted_users;
mod events;
mod external_id;
mod histories;
mod import;
mod import_update;
mod init_data;
mod logout;
mod messages;
mod metadata;
mod other_services;
mod passkeys;
mod password;
mod promotion;
mod refresh;
mod second_factor;
mod sessions;
mod sign_in;
mod sign_in_races;
mod step_up;
mod throttle;
mod user_lists;
mod users;
mod webhooks;
