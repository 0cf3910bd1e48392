//! Commands on webhooks.

use clap::{Args, Subcommand};
use divan_core::service::{
    AdminService, CreateWebhookCommand, CreatedWebhook, UpdateWebhookCommand, WebhookView,
};
use divan_core::types::WebhookId;
use serde::Serialize;
use time::OffsetDateTime;

use super::audit::time;
use super::operator::as_operator;
use super::users_error::UsersError;
use super::{Outcome, output};
use crate::routes::webhooks as wire;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List webhooks with the state of their delivery
    List(Output),
    /// Create a webhook, whose secret is shown once
    Create(Create),
    /// Enable a webhook. After failures, the next attempt is made at once
    Enable(WebhookRef),
    /// Deliver no events to a webhook
    Disable(WebhookRef),
    /// Delete a webhook
    Delete(WebhookRef),
    /// Replace the secret of a webhook; the new one is shown once, and both sign for 24 hours
    Rotate(WebhookRef),
    /// Send a test event to a webhook; exits with 1 if it is not delivered
    Test(WebhookRef),
    /// Deliver the events since a time again
    Replay(Replay),
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// The URL
    url: String,
    /// A text for administrators
    #[arg(long)]
    description: Option<String>,
    /// A type of events to deliver, such as `user.deactivated`; may be repeated. Default: all types
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct WebhookRef {
    /// The id of the webhook
    webhook: WebhookId,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct Replay {
    /// The id of the webhook
    webhook: WebhookId,
    /// The time of the first event, such as `2026-01-01T00:00:00Z`
    #[arg(long, value_parser = time)]
    since: OffsetDateTime,
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Output {
    /// Print JSON, as in the HTTP API
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Command) -> Outcome {
    as_operator(async move |operator| match command {
        Command::List(output) => list(operator, output).await,
        Command::Create(args) => create(operator, args).await,
        Command::Enable(args) => set_enabled(operator, &args, true).await,
        Command::Disable(args) => set_enabled(operator, &args, false).await,
        Command::Delete(args) => delete(operator, &args).await,
        Command::Rotate(args) => {
            let rotated = operator.rotate_webhook_secret(args.webhook).await;
            show_secret(rotated.map_err(of(args.webhook))?, args.output)
        }
        Command::Test(args) => test(operator, &args).await,
        Command::Replay(args) => replay(operator, &args).await,
    })
}

async fn list(operator: AdminService<'_>, output: Output) -> Result<(), UsersError> {
    let webhooks = operator.list_webhooks().await?;
    if output.json {
        let webhooks: Vec<_> = webhooks.into_iter().map(wire::webhook).collect();
        return json(&webhooks);
    }
    output::table(
        [
            "ID",
            "STATE",
            "PENDING",
            "LAST SUCCESS",
            "LAST ERROR",
            "URL",
        ],
        webhooks.into_iter().map(row),
    );
    Ok(())
}

async fn create(operator: AdminService<'_>, args: Create) -> Result<(), UsersError> {
    let mut command = CreateWebhookCommand::new(args.url);
    (command.description, command.types) = (args.description, args.types);
    let created = operator.create_webhook(&command).await?;
    show_secret(created, args.output)
}

async fn set_enabled(
    operator: AdminService<'_>,
    args: &WebhookRef,
    is_enabled: bool,
) -> Result<(), UsersError> {
    let mut command = UpdateWebhookCommand::default();
    command.is_enabled = Some(is_enabled);
    let changed = operator.update_webhook(args.webhook, &command).await;
    let changed = changed.map_err(of(args.webhook))?;
    if args.output.json {
        return json(&wire::webhook(changed));
    }
    let state = if is_enabled { "enabled" } else { "disabled" };
    output::line(&format!("{} is {state}", args.webhook));
    Ok(())
}

async fn delete(operator: AdminService<'_>, args: &WebhookRef) -> Result<(), UsersError> {
    let deleted = operator.delete_webhook(args.webhook).await;
    deleted.map_err(of(args.webhook))?;
    if !args.output.json {
        output::line(&format!("{} is deleted", args.webhook));
    }
    Ok(())
}

async fn test(operator: AdminService<'_>, args: &WebhookRef) -> Result<(), UsersError> {
    let tested = operator.test_webhook(args.webhook).await;
    let result = wire::test(tested.map_err(of(args.webhook))?);
    let (status, reason) = (result.status, result.reason);
    if args.output.json {
        json(&result)?;
    } else if result.delivered {
        output::line(&format!("delivered in {} ms", result.duration_ms));
    }
    let status = status
        .map(|status| format!(" {status}"))
        .unwrap_or_default();
    let Some(reason) = reason else {
        return Ok(());
    };
    let reason = reason.as_str();
    Err(UsersError::Refused(format!(
        "not delivered: {reason}{status}"
    )))
}

async fn replay(operator: AdminService<'_>, args: &Replay) -> Result<(), UsersError> {
    let replayed = operator.replay_webhook(args.webhook, args.since).await;
    replayed.map_err(of(args.webhook))?;
    output::line(&format!("{} gets the events again", args.webhook));
    Ok(())
}

/// Names the webhook that does not exist.
fn of(id: WebhookId) -> impl Fn(divan_core::service::ServiceError) -> UsersError {
    move |error| match error {
        divan_core::service::ServiceError::NotFound => {
            UsersError::Refused(format!("there is no webhook {id}"))
        }
        error => error.into(),
    }
}

fn show_secret(created: CreatedWebhook, output: Output) -> Result<(), UsersError> {
    let shown = wire::with_secret(created);
    if output.json {
        return json(&shown);
    }
    output::line(&format!("{}  {}", shown.webhook.id, shown.webhook.url));
    output::line(shown.secret.expose());
    output::explain("This is the only time the secret is shown: configure it in the receiver.");
    Ok(())
}

fn json(value: &impl Serialize) -> Result<(), UsersError> {
    output::json(value).map_err(|error| UsersError::Refused(error.to_string()))
}

fn row(view: WebhookView) -> [String; 6] {
    let state = match (&view.disabled, view.failing_since) {
        (Some((reason, _)), _) => format!("disabled ({reason})"),
        (None, Some(_)) => "failing".to_owned(),
        (None, None) => "enabled".to_owned(),
    };
    let error = view.last_error.map(|error| match error.status {
        Some(status) => format!("{} {status}", error.reason),
        None => error.reason.to_string(),
    });
    [
        view.id.to_string(),
        state,
        view.pending.to_string(),
        output::time(view.last_success_at),
        error.unwrap_or_else(|| "-".to_owned()),
        view.url,
    ]
}
