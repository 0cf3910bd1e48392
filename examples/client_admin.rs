//! `cargo run --example client_admin -- http://localhost:8000 admin@example.com`: administrative
//! tasks by a program. The password is read from standard input.
//!
//! The test below runs it against the mock server of `divan-client`.

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
        return Err("usage: client_admin SERVER_URL ADMIN_EMAIL".into());
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

/// Creates an employee, resets the password, deactivates the account and lists the audit events.
async fn work(client: &Client) -> Result<Vec<String>, divan_client::Error> {
    let admin = client.admin();
    let mut lines = Vec::new();

    // Without a password, the server generates one and returns it only once.
    let request = CreateUserRequest::employee("First Last", "+77017654321");
    let created = admin.create_user(&request).await?;
    let is_generated = created.generated_password.is_some();
    lines.push(format!(
        "{} was created with a generated password: {is_generated}.",
        created.user.full_name
    ));

    let password = admin
        .reset_password(created.user.id)
        .await?
        .generated_password;
    lines.push(format!(
        "The new password has {} characters.",
        password.expose().len()
    ));

    let mut deactivation = UpdateUserRequest::default();
    deactivation.is_active = Some(false);
    let user = admin.update_user(created.user.id, &deactivation).await?;
    lines.push(format!("{} is active: {}.", user.full_name, user.is_active));

    // Pages are fetched as the stream is read.
    let mut request = ListUsersRequest::default();
    (request.q, request.is_active) = (Some("fir".to_owned()), Some(false));
    let mut inactive = std::pin::pin!(admin.all_users(&request));
    while let Some(user) = inactive.try_next().await? {
        lines.push(format!(
            "Inactive: {} {}.",
            user.full_name,
            user.phone
                .map(|phone| phone.to_string())
                .unwrap_or_default()
        ));
    }

    let mut request = AuditRequest::default();
    request.user = Some(created.user.id);
    let events: Vec<_> = admin.all_audit(&request).try_collect().await?;
    let actions: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
    lines.push(format!(
        "Audit events, newest first: {}.",
        actions.join(", ")
    ));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use divan_client::test_util::MockDivan;

    use super::*;

    #[tokio::test]
    async fn work_reports_each_step() {
        let divan = MockDivan::start().await;
        let client = divan.client();
        client.admin().login(&divan.admin_login()).await.unwrap();
        let lines = work(&client).await.unwrap();
        assert_eq!(lines[2], "First Last is active: false.");
        assert!(
            lines[3].starts_with("Inactive: First Last +7701"),
            "{lines:?}"
        );
        assert!(
            lines[4].contains("password_reset, user_created"),
            "{lines:?}"
        );
    }
}
