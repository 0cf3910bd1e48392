//! `cargo run --example events`: reacts to deactivated users in the program that embeds the service, without
//! a custom store.
//!
//! The program keeps the position after the last event in its own database, with what it did. It then
//! misses no event, also when it was stopped in between.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use divan_core::service::{
    Admin, AuthService, ClientInfo, CreateUserCommand, EventPosition, EventsError,
    UpdateUserCommand,
};
use divan_core::store::MemoryStore;
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::{EventData, UserId};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let audiences = Audiences::new("divan.example.com", "sec.example.com")?;
    let key = SecretKey::new("thirty-two bytes of a secret key!")?;
    let store = Arc::new(MemoryStore::new());
    let service = AuthService::builder(store, &key, "https://sec.example.com", audiences)
        .events(true)
        .build();
    let start = service.newest_event().await?;

    let watcher = tokio::spawn(watch(service.clone(), start));
    deactivate_one_of_two(&service).await?;
    let user = watcher.await??;
    println!("The work of {user} ends.");
    Ok(())
}

/// Waits for the next user who was deactivated or deleted.
async fn watch(service: AuthService, mut position: EventPosition) -> Result<UserId, EventsError> {
    let mut signal = service.event_signal();
    loop {
        let page = service.events_after(Some(position), 100).await?;
        for event in &page.events {
            if let EventData::UserDeactivated { .. } | EventData::UserDeleted { .. } = event.data {
                return Ok(event.user);
            }
        }
        // Store it now.
        position = page.next;
        if !page.has_more {
            // Other servers of the same database write events, too.
            let _ = tokio::time::timeout(Duration::from_secs(1), signal.wait()).await;
        }
    }
}

/// Creates two employees and deactivates the first. Returns its id.
async fn deactivate_one_of_two(service: &AuthService) -> Result<UserId, Box<dyn Error>> {
    let (admin, client) = (Admin::operator(), ClientInfo::unknown());
    let admin = service.as_admin(&admin, &client);
    let mut users = Vec::new();
    for (name, phone) in [
        ("First Last", "+77011234567"),
        ("Second Last", "+77017654321"),
    ] {
        let command = CreateUserCommand::employee(name, phone);
        users.push(admin.create_user(&command).await?.user.id);
    }
    let mut deactivate = UpdateUserCommand::default();
    deactivate.is_active = Some(false);
    admin.update_user(users[0], &deactivate).await?;
    Ok(users[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_deactivated_user_is_noticed() {
        let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
        let key = SecretKey::new("thirty-two bytes of a secret key!").unwrap();
        let store = Arc::new(MemoryStore::new());
        let service = AuthService::builder(store, &key, "https://sec.example.com", audiences)
            .events(true)
            .build();
        let start = service.newest_event().await.unwrap();
        let watcher = tokio::spawn(watch(service.clone(), start));
        let deactivated = deactivate_one_of_two(&service).await.unwrap();
        assert_eq!(watcher.await.unwrap().unwrap(), deactivated);
    }
}
