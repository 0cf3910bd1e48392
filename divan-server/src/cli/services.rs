//! Commands on credentials of other services.

use std::time::Duration;

use clap::{Args, Subcommand};
use divan_core::service::{
    AdminService, CreateServiceCommand, NewServiceSecret, ServiceError, ServiceView,
    UpdateServiceCommand,
};
use divan_core::types::{ServiceId, ServiceScope, ServiceSecretId};
use time::OffsetDateTime;

use super::audit::time;
use super::operator::as_operator;
use super::users::{Output, json};
use super::users_error::UsersError;
use super::{Outcome, output};
use crate::routes::wire;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List service credentials, newest first
    List(List),
    /// Show a service credential
    Show(ServiceRef),
    /// Create a service credential, whose secret is shown once
    Create(Create),
    /// Change a service credential
    Update(Update),
    /// Add a secret, shown once; the previous one stays valid for some time
    Rotate(Rotate),
    /// Remove a secret at once; a previous one that remains no longer expires
    RemoveSecret(RemoveSecret),
    /// Delete a service credential
    Delete(ServiceRef),
}

#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct ServiceRef {
    /// The id of the service credential
    id: ServiceId,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct RemoveSecret {
    #[command(flatten)]
    service: ServiceRef,
    /// The id of the secret, as `service show` prints it
    secret: ServiceSecretId,
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// A name by which people recognize the service
    #[arg(long)]
    name: String,
    /// A permission, such as `introspect`; may be repeated
    #[arg(long = "scope", required = true, value_parser = scope)]
    scopes: Vec<ServiceScope>,
    /// An IP address or a network from which the credential is accepted; may be repeated. Default: all
    #[arg(long = "allow", value_name = "ADDRESS")]
    allowed_addresses: Vec<String>,
    /// The expiry, such as `2027-01-01T00:00:00Z`. Default: none
    #[arg(long, value_parser = time)]
    expires_at: Option<OffsetDateTime>,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct Update {
    #[command(flatten)]
    service: ServiceRef,
    /// A name by which people recognize the service
    #[arg(long)]
    name: Option<String>,
    /// A permission; may be repeated. They replace the stored ones
    #[arg(long = "scope", value_parser = scope)]
    scopes: Vec<ServiceScope>,
    /// An IP address or a network; may be repeated. They replace the stored ones
    #[arg(long = "allow", value_name = "ADDRESS", conflicts_with = "allow_all")]
    allowed_addresses: Vec<String>,
    /// Accept the credential from all addresses
    #[arg(long)]
    allow_all: bool,
    /// The expiry, such as `2027-01-01T00:00:00Z`
    #[arg(long, value_parser = time, conflicts_with = "no_expiry")]
    expires_at: Option<OffsetDateTime>,
    /// Remove the expiry
    #[arg(long)]
    no_expiry: bool,
}

#[derive(Args, Debug)]
pub(super) struct Rotate {
    #[command(flatten)]
    service: ServiceRef,
    /// The time for which the previous secret stays valid, such as `1h`; `0s` for a secret that has leaked
    #[arg(long, value_name = "TIME", default_value = "1d", value_parser = humantime::parse_duration)]
    keep_previous: Duration,
}

pub(super) fn run(command: Command) -> Outcome {
    match command {
        Command::List(args) => as_operator(async |admin| {
            let services = admin.list_services().await?;
            if args.output.json {
                return json(&services.into_iter().map(wire::service).collect::<Vec<_>>());
            }
            output::table(HEADS, services.iter().map(row));
            Ok(())
        }),
        Command::Show(service) => as_operator(async |admin| {
            let found = admin.get_service(service.id).await;
            show(found.map_err(unknown)?, service.output)
        }),
        Command::Create(args) => {
            let mut command = CreateServiceCommand::new(args.name, args.scopes);
            command.allowed_addresses = args.allowed_addresses;
            command.expires_at = args.expires_at;
            as_operator(async |admin| {
                show_secret(admin.create_service(&command).await?, args.output)
            })
        }
        Command::Update(args) => as_operator(async |admin| update(admin, args).await),
        Command::Rotate(args) => as_operator(async |admin| {
            let (id, keep) = (args.service.id, args.keep_previous);
            let rotated = admin.rotate_service_secret(id, keep).await;
            show_secret(rotated.map_err(unknown)?, args.service.output)
        }),
        Command::RemoveSecret(args) => as_operator(async |admin| {
            let (id, secret) = (args.service.id, args.secret);
            let removed = admin.remove_service_secret(id, secret).await;
            removed.map_err(|error| match error {
                ServiceError::NotFound => UsersError::Refused(
                    "there is no service credential with this secret".to_owned(),
                ),
                error => error.into(),
            })?;
            show(admin.get_service(id).await?, args.service.output)
        }),
        Command::Delete(service) => as_operator(async |admin| {
            let found = admin.get_service(service.id).await.map_err(unknown)?;
            admin.delete_service(service.id).await.map_err(unknown)?;
            show(found, service.output)
        }),
    }
}

async fn update(admin: AdminService<'_>, args: Update) -> Result<(), UsersError> {
    let mut command = UpdateServiceCommand::default();
    command.name = args.name;
    command.scopes = Some(args.scopes).filter(|scopes| !scopes.is_empty());
    let ranges = args.allowed_addresses;
    command.allowed_addresses = Some(ranges).filter(|ranges| args.allow_all || !ranges.is_empty());
    command.expires_at = match args.expires_at {
        Some(expires_at) => Some(Some(expires_at)),
        None => args.no_expiry.then_some(None),
    };
    let updated = admin.update_service(args.service.id, &command).await;
    show(updated.map_err(unknown)?, args.service.output)
}

fn scope(text: &str) -> Result<ServiceScope, String> {
    match ServiceScope::from_code(text) {
        ServiceScope::Unknown => {
            let known = ServiceScope::ALL.iter().map(|scope| scope.as_str());
            Err(format!(
                "must be one of {}",
                known.collect::<Vec<_>>().join(", ")
            ))
        }
        scope => Ok(scope),
    }
}

fn unknown(error: ServiceError) -> UsersError {
    match error {
        ServiceError::NotFound => {
            UsersError::Refused("there is no service credential with this id".to_owned())
        }
        error => error.into(),
    }
}

const HEADS: [&str; 6] = ["ID", "NAME", "SCOPES", "ADDRESSES", "EXPIRES", "LAST USED"];

const SECRET_HEADS: [&str; 5] = ["SECRET ID", "ENDS WITH", "CREATED", "EXPIRES", "LAST USED"];

fn row(service: &ServiceView) -> [String; 6] {
    let scopes = service.scopes.iter().map(|scope| scope.as_str());
    let ranges = service.allowed_addresses.iter().map(ToString::to_string);
    let ranges = ranges.collect::<Vec<_>>().join(",");
    [
        service.id.to_string(),
        service.name.clone(),
        scopes.collect::<Vec<_>>().join(","),
        if ranges.is_empty() {
            "all".to_owned()
        } else {
            ranges
        },
        output::time(service.expires_at),
        output::time(service.last_used_at),
    ]
}

fn show(service: ServiceView, format: Output) -> Result<(), UsersError> {
    if format.json {
        return json(&wire::service(service));
    }
    show_table(&service);
    Ok(())
}

/// Prints the credential and its secrets, with the last characters of each.
fn show_table(service: &ServiceView) {
    output::table(HEADS, [row(service)]);
    output::line("");
    let secrets = service.secrets.iter().map(|secret| {
        [
            secret.id.to_string(),
            secret.hint.clone(),
            output::time(Some(secret.created_at)),
            output::time(secret.expires_at),
            output::time(secret.last_used_at),
        ]
    });
    output::table(SECRET_HEADS, secrets);
}

fn show_secret(new: NewServiceSecret, format: Output) -> Result<(), UsersError> {
    if format.json {
        return json(&wire::new_service_secret(new));
    }
    show_table(&new.service);
    output::line("");
    output::line(&format!("Secret: {} (shown only now)", new.secret.expose()));
    Ok(())
}
