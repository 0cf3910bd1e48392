//! `cargo run --example client_admin -- http://localhost:8000 admin@example.com`: what an
//! administrator does, by a program. The password is read from standard input.
//!
//! The test below runs it against the made-up server that `divan-client` brings for the tests of
//! its users.

use std::error::Error;

use divan_client::api::{
    AdminLoginRequest, AuditRequest, CreateUserRequest, ListUsersRequest, UpdateUserRequest,
};
use divan_client::{Client, Secret};
use futures_util::TryStreamExt;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(email)) = (arguments.next(), arguments.next()) else {
        return Err("give the server's address and the administrator's e-mail address".into());
    };
    let password = Secret::new(std::io::read_to_string(std::io::stdin())?.trim_end());
    let client = Client::new(&url)?;
    client
        .admin()
        .login(&AdminLoginRequest::new(email, password))
        .await?;
    for line in work(&client).await? {
        println!("{line}");
    }
    Ok(())
}

/// An employee comes, forgets the password, and leaves.
async fn work(client: &Client) -> Result<Vec<String>, divan_client::Error> {
    let admin = client.admin();
    let mut told = Vec::new();

    // Without a password one is generated. It is shown this once: hand it over in person.
    let request = CreateUserRequest::employee("First Last", "+77017654321");
    let created = admin.create_user(&request).await?;
    let shown = created.generated_password.is_some();
    told.push(format!(
        "{} was created, with a password to hand over: {shown}.",
        created.user.full_name
    ));

    let password = admin
        .reset_password(created.user.id)
        .await?
        .generated_password;
    told.push(format!(
        "Another password, of {} characters.",
        password.expose().len()
    ));

    let mut leaves = UpdateUserRequest::default();
    leaves.is_active = Some(false);
    let user = admin.update_user(created.user.id, &leaves).await?;
    told.push(format!("{} is active: {}.", user.full_name, user.is_active));

    // Pages are asked for as the stream goes on.
    let mut request = ListUsersRequest::default();
    (request.q, request.is_active) = (Some("fir".to_owned()), Some(false));
    let mut gone = std::pin::pin!(admin.all_users(request));
    while let Some(user) = gone.try_next().await? {
        told.push(format!(
            "Gone: {} {}.",
            user.full_name,
            user.phone
                .map(|phone| phone.to_string())
                .unwrap_or_default()
        ));
    }

    let mut request = AuditRequest::default();
    request.user = Some(created.user.id);
    let records: Vec<_> = admin.all_audit(request).try_collect().await?;
    let actions: Vec<_> = records
        .iter()
        .map(|record| record.action.as_str())
        .collect();
    told.push(format!(
        "The audit has, the newest first: {}.",
        actions.join(", ")
    ));
    Ok(told)
}

#[cfg(test)]
mod tests {
    use divan_client::test_util::MockDivan;

    use super::*;

    #[tokio::test]
    async fn it_does_what_it_says() {
        let divan = MockDivan::start().await;
        let client = divan.client();
        client
            .admin()
            .login(&MockDivan::admin_login())
            .await
            .unwrap();
        let told = work(&client).await.unwrap();
        assert_eq!(told[2], "First Last is active: false.");
        assert!(told[3].starts_with("Gone: First Last +7701"), "{told:?}");
        assert!(told[4].contains("password_reset, user_created"), "{told:?}");
    }
}
