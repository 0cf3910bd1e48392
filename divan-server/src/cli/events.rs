//! Commands on events and their consumers.

use clap::{Args, Subcommand};
use divan_core::api::Event;
use divan_core::service::{AdminService, AuthService, ConsumerStatus, ListEventsQuery};
use divan_core::store::webhook_of_consumer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::audit::time;
use super::users_error::UsersError;
use super::{Outcome, output};
use crate::cli::operator::{as_operator, with_service};
use crate::routes::wire;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List events, the oldest first
    List(List),
    /// List the consumers of events
    Consumers(Consumers),
    /// Deliver events to a consumer again
    Replay(Replay),
    /// Deliver events to a disabled consumer, from its position on
    Enable(Name),
    /// Stop the delivery of events to a consumer, which keeps its position
    Disable(Name),
}

#[derive(Args, Debug)]
pub(super) struct List {
    /// Only events after this cursor
    #[arg(long, conflicts_with = "since")]
    after: Option<String>,
    /// Only events of this time or later, such as `2026-01-01T00:00:00Z`
    #[arg(long, value_parser = time)]
    since: Option<OffsetDateTime>,
    /// Only this type, such as `user.deactivated`
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// The maximum number of events
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    /// Print JSON, as in the HTTP API
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Consumers {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Name {
    /// The consumer, such as `rabbitmq`
    consumer: String,
}

#[derive(Args, Debug)]
pub(super) struct Replay {
    /// The consumer, such as `rabbitmq`
    #[arg(long)]
    consumer: String,
    /// The time of the first event, such as `2026-01-01T00:00:00Z`
    #[arg(long, value_parser = time)]
    since: OffsetDateTime,
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::List(args) => as_operator(async |admin| list(admin, args).await),
        Command::Consumers(args) => with_service(async |service| consumers(service, args).await),
        Command::Replay(args) => with_service(async |service| {
            refuse_webhook(&args.consumer)?;
            let found = service.replay_consumer(&args.consumer, args.since);
            changed(&args.consumer, found.await?, "gets the events again")
        }),
        Command::Enable(Name { consumer }) => with_service(async |service| {
            refuse_webhook(consumer)?;
            let found = service.enable_consumer(consumer).await?;
            changed(consumer, found, "is enabled")
        }),
        Command::Disable(Name { consumer }) => with_service(async |service| {
            refuse_webhook(consumer)?;
            let found = service.disable_consumer(consumer).await?;
            changed(consumer, found, "is disabled")
        }),
    }
}

/// Refuses the consumer of a webhook, whose changes are audited.
fn refuse_webhook(consumer: &str) -> Result<(), UsersError> {
    match webhook_of_consumer(consumer) {
        Some(id) => Err(UsersError::Refused(format!(
            "{consumer} is a webhook: use `divan-server webhook enable`, `disable` or `replay` with the id {id}"
        ))),
        None => Ok(()),
    }
}

fn changed(consumer: &str, is_found: bool, outcome: &str) -> Result<(), UsersError> {
    if !is_found {
        return Err(UsersError::Refused(format!(
            "there is no consumer {consumer}: `divan-server events consumers` lists them"
        )));
    }
    output::line(&format!("{consumer} {outcome}"));
    Ok(())
}

async fn list(admin: AdminService<'_>, args: &List) -> Result<(), UsersError> {
    let mut query = ListEventsQuery::default();
    query.after.clone_from(&args.after);
    // Without a position, the oldest event is the first one.
    let oldest = args.after.is_none().then_some(OffsetDateTime::UNIX_EPOCH);
    query.since = args.since.or(oldest);
    query.event_type.clone_from(&args.event_type);
    let mut events = Vec::new();
    while events.len() < args.limit {
        let page = admin.list_events(&query).await?;
        let issuer = admin.issuer();
        events.extend(page.events.iter().map(|event| wire::event(event, issuer)));
        (query.since, query.after) = (None, Some(page.next.to_string()));
        if !page.has_more {
            break;
        }
    }
    events.truncate(args.limit);
    if args.json {
        return output::json(&events).map_err(|error| UsersError::Refused(error.to_string()));
    }
    output::table(
        ["TIME", "TYPE", "USER", "DETAILS", "CURSOR"],
        events.into_iter().map(row),
    );
    Ok(())
}

fn row(event: Event) -> [String; 5] {
    [
        event.time.format(&Rfc3339).unwrap_or_default(),
        event.event_type,
        event.subject.to_string(),
        serde_json::Value::Object(event.data).to_string(),
        event.cursor,
    ]
}

async fn consumers(service: &AuthService, args: &Consumers) -> Result<(), UsersError> {
    let consumers = service.event_consumers().await?;
    if args.json {
        let consumers: Vec<_> = consumers.iter().map(json).collect();
        return output::json(&consumers).map_err(|error| UsersError::Refused(error.to_string()));
    }
    output::table(
        [
            "CONSUMER",
            "STATE",
            "PENDING",
            "OLDEST",
            "LAST SUCCESS",
            "ERROR",
        ],
        consumers.into_iter().map(consumer_row),
    );
    Ok(())
}

fn state(status: &ConsumerStatus) -> &'static str {
    match &status.consumer {
        consumer if consumer.disabled_at.is_some() => "disabled",
        consumer if consumer.failures > 0 => "failing",
        _ => "ok",
    }
}

fn format(time: Option<OffsetDateTime>) -> Option<String> {
    time?.format(&Rfc3339).ok()
}

fn json(status: &ConsumerStatus) -> serde_json::Value {
    let consumer = &status.consumer;
    serde_json::json!({
        "name": consumer.name,
        "state": state(status),
        "pending": status.pending,
        "oldest": format(status.oldest),
        "failures": consumer.failures,
        "failing_since": format(consumer.failing_since),
        "last_success_at": format(consumer.last_success_at),
        "last_error": consumer.last_error,
    })
}

fn consumer_row(status: ConsumerStatus) -> [String; 6] {
    let none = || "-".to_owned();
    [
        status.consumer.name.clone(),
        state(&status).to_owned(),
        status.pending.to_string(),
        output::time(status.oldest),
        output::time(status.consumer.last_success_at),
        status.consumer.last_error.unwrap_or_else(none),
    ]
}
