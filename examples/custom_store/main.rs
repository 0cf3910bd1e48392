//! `cargo run --example custom_store`: a custom store. It wraps another store and publishes
//! deactivated users, so that other systems can remove their access too.
//!
//! A store for another database implements the same traits. Their documentation states what each
//! method must do in one transaction.

mod store;

use std::error::Error;
use std::sync::Arc;

use divan_core::service::{Admin, AuthService, ClientInfo, CreateUserCommand, UpdateUserCommand};
use divan_core::store::{MemoryStore, Store};
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::User;
use store::PublishingStore;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (store, mut deactivated) = PublishingStore::new(MemoryStore::new());
    for user in deactivate_one_of_two(store).await? {
        println!(
            "{} is {}.",
            user.full_name,
            if user.is_active { "active" } else { "inactive" }
        );
    }
    while let Ok(user) = deactivated.try_recv() {
        println!("Other systems remove the access of {}.", user.full_name);
    }
    Ok(())
}

/// Creates two employees and deactivates the first. Returns both.
async fn deactivate_one_of_two(store: impl Store + 'static) -> Result<Vec<User>, Box<dyn Error>> {
    let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
    let key = SecretKey::new("thirty-two bytes of a secret key!")?;
    let service =
        AuthService::builder(Arc::new(store), &key, "https://sec.example.com", audiences).build();
    let (admin, client) = (Admin::operator(), ClientInfo::unknown());
    let service = service.as_admin(&admin, &client);
    let mut users = Vec::new();
    for (name, phone) in [
        ("First Last", "+77011234567"),
        ("Second Last", "+77017654321"),
    ] {
        let request = CreateUserCommand::employee(name, phone);
        users.push(service.create_user(&request).await?.user);
    }
    let mut deactivate = UpdateUserCommand::default();
    deactivate.is_active = Some(false);
    users[0] = service.update_user(users[0].id, &deactivate).await?;
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_deactivated_user_is_published_once() {
        let (store, mut deactivated) = PublishingStore::new(MemoryStore::new());
        let users = deactivate_one_of_two(store).await.unwrap();
        assert_eq!(deactivated.recv().await.as_ref(), Some(&users[0]));
        assert_eq!(deactivated.recv().await, None);
    }
}
