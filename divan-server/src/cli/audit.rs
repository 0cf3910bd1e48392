//! Commands on audit events.

use std::time::Duration;

use clap::{Args, Subcommand};
use divan_core::service::{AdminService, InvalidFieldReason, ListAuditEventsQuery};
use divan_core::types::{AuditAction, AuditEvent, UserId};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::operator::{as_operator, with_service};
use super::users_error::UsersError;
use super::{Outcome, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List audit events, newest first
    List(List),
    /// Delete audit events that are older than a given age
    Purge(Purge),
}

#[derive(Args, Debug)]
pub(super) struct List {
    /// Only events about this user: an id, a phone number or an e-mail address
    #[arg(long)]
    user: Option<String>,
    /// Only events caused by this user: an id, a phone number or an e-mail address
    #[arg(long)]
    actor: Option<String>,
    /// Only this action, such as `password_reset`
    #[arg(long, value_parser = action)]
    action: Option<AuditAction>,
    /// Only events at this time or later, such as `2026-01-01T00:00:00Z`
    #[arg(long, value_parser = time)]
    from: Option<OffsetDateTime>,
    /// Only events before this time
    #[arg(long, value_parser = time)]
    to: Option<OffsetDateTime>,
    /// The maximum number of events
    #[arg(long, default_value_t = 200)]
    limit: usize,
    /// Print JSON, as in the HTTP API
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Purge {
    /// The minimum age of the events to delete, such as `365d`
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration)]
    older_than: Duration,
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::List(args) => as_operator(async |admin| list(admin, args).await),
        Command::Purge(purge) => with_service(async |service| {
            let purged = service.purge_audit(purge.older_than).await?;
            output::line(&format!("{purged} audit events deleted"));
            Ok(())
        }),
    }
}

pub(super) fn time(text: &str) -> Result<OffsetDateTime, &'static str> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "must be a time of RFC 3339, such as 2026-01-01T00:00:00Z")
}

fn action(text: &str) -> Result<AuditAction, String> {
    match AuditAction::from_code(text) {
        AuditAction::Unknown => Err(InvalidFieldReason::UnknownAction.to_string()),
        action => Ok(action),
    }
}

async fn list(admin: AdminService<'_>, args: &List) -> Result<(), UsersError> {
    let mut query = ListAuditEventsQuery::default();
    query.user = id(admin, args.user.as_deref()).await?;
    query.actor = id(admin, args.actor.as_deref()).await?;
    query.action = args.action;
    (query.from, query.to) = (args.from, args.to);
    query.limit = Some(200);
    let mut events = Vec::new();
    while events.len() < args.limit {
        let page = admin.list_audit_events(&query).await?;
        events.extend(page.items);
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    events.truncate(args.limit);
    if args.json {
        return output::json(&events).map_err(|error| UsersError::Refused(error.to_string()));
    }
    output::table(
        ["TIME", "ACTION", "ACTOR", "USER", "ADDRESS", "CHANGES"],
        events.into_iter().map(row),
    );
    Ok(())
}

/// Returns the id of a user. A deleted user is found by the id only.
async fn id(admin: AdminService<'_>, user: Option<&str>) -> Result<Option<UserId>, UsersError> {
    let Some(text) = user else {
        return Ok(None);
    };
    match text.parse() {
        Ok(id) => Ok(Some(id)),
        Err(_) => Ok(Some(super::users::find_by(admin, text).await?.id)),
    }
}

fn row(event: AuditEvent) -> [String; 6] {
    let user = |name: Option<String>, id: Option<UserId>| {
        name.or(id.map(|id| id.to_string()))
            .unwrap_or_else(|| "-".to_owned())
    };
    let address = event.address.map(|address| address.to_string());
    let service = event
        .service_name
        .or(event.service_id.map(|id| id.to_string()));
    // The service acted, unless a person changed it.
    let (acted, changed) = if event.action.is_of_service() {
        (None, service)
    } else {
        (service, None)
    };
    [
        event.at.format(&Rfc3339).unwrap_or_default(),
        event.action.as_str().to_owned(),
        user(event.actor_name.or(acted), event.actor_id),
        user(event.subject_name.or(changed), event.subject_id),
        address.unwrap_or_else(|| "-".to_owned()),
        event.changes.join(","),
    ]
}
