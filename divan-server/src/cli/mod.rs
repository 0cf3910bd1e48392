//! The command line.

mod audit;
mod banner;
mod config;
mod doctor;
mod events;
mod export;
mod health;
mod import;
mod import_preview;
mod init_data;
mod keys;
mod migrate;
mod operator;
mod output;
mod password;
mod passwords;
mod serve;
mod services;
mod telegram;
mod users;
mod users_error;
mod users_update;
mod webhooks;

use std::error::Error;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use divan_core::infra::ConfigErrors;

use crate::error_chain::error_chain;

/// The sign-in server for companies whose staff work inside a Telegram Mini App.
///
/// Without a subcommand, the server starts. If `DATABASE_URL` is not set, it runs in development mode:
/// it accepts connections from this machine only and stores its data in ./divan-data.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server (default)
    Serve(ServeArgs),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Sign and verify init data
    #[command(subcommand)]
    InitData(init_data::Command),
    /// Generate and show keys that sign access tokens
    #[command(subcommand)]
    Keys(keys::Command),
    /// Build a list of breached passwords for the variable `DIVAN_BREACHED_PASSWORDS`
    #[command(subcommand)]
    Passwords(passwords::Command),
    /// Migrate the database to the current schema
    Migrate(migrate::MigrateArgs),
    /// Create administrators and reset their passwords
    #[command(subcommand)]
    Admin(users::AdminCommand),
    /// List and change users
    #[command(subcommand)]
    User(users::UserCommand),
    /// Create, change and rotate credentials of other services
    #[command(subcommand)]
    Service(services::Command),
    /// Import a list of users
    #[command(subcommand)]
    Import(import::Command),
    /// Export all users
    #[command(subcommand)]
    Export(export::Command),
    /// Connect the bot to the Mini App, or check the connection
    #[command(subcommand)]
    Telegram(telegram::Command),
    /// Check everything that a deployment depends on; exits with 1 if there is an error
    Doctor(doctor::DoctorArgs),
    /// Check that a running server is ready (with --live: that it responds); exits with 1 otherwise
    Health(health::HealthArgs),
    /// List and delete audit events
    #[command(subcommand)]
    Audit(audit::Command),
    /// List events, and manage their consumers
    #[command(subcommand)]
    Events(events::Command),
    /// List, create and change webhooks
    #[command(subcommand)]
    Webhook(webhooks::Command),
    /// Print the OpenAPI document
    Openapi,
    /// Print the AsyncAPI document of the events
    Asyncapi,
}

#[derive(Args, Debug)]
struct ServeArgs {
    /// The host name or IP address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 selects a free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Allow development mode on a host that other machines can reach
    #[arg(long)]
    expose_development: bool,
    /// Do not migrate: exit if the database schema is not current
    #[arg(long)]
    no_migrate: bool,
}

/// Exit code for an invalid configuration (`EX_CONFIG` of sysexits.h).
const EXIT_CONFIG: u8 = 78;

/// Runs the command of the command line.
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        None => serve::serve(cli.serve),
        Some(Command::Serve(args)) => serve::serve(args),
        Some(Command::Config(command)) => config::run(&command),
        Some(Command::InitData(command)) => init_data::run(&command),
        Some(Command::Keys(command)) => keys::run(&command),
        Some(Command::Passwords(passwords::Command::Build(args))) => passwords::build(&args),
        Some(Command::Migrate(args)) => migrate::migrate(&args),
        Some(Command::Admin(command)) => users::run_admin(command),
        Some(Command::User(command)) => users::run_user(command),
        Some(Command::Service(command)) => services::run(command),
        Some(Command::Import(import::Command::Users(args))) => import::users(&args),
        Some(Command::Export(export::Command::Users(args))) => export::users(&args),
        Some(Command::Telegram(command)) => telegram::run(&command),
        Some(Command::Doctor(args)) => doctor::doctor(&args),
        Some(Command::Health(args)) => health::health(&args),
        Some(Command::Audit(command)) => audit::run(&command),
        Some(Command::Events(command)) => events::run(&command),
        Some(Command::Webhook(command)) => webhooks::run(command),
        Some(Command::Openapi) => print_openapi(),
        Some(Command::Asyncapi) => print_asyncapi(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            report(error.as_ref());
            ExitCode::from(if error.is::<ConfigErrors>() {
                EXIT_CONFIG
            } else {
                1
            })
        }
    }
}

type Outcome = Result<ExitCode, Box<dyn Error>>;

#[expect(
    clippy::print_stderr,
    reason = "the error output of a command line program"
)]
fn report(error: &(dyn Error + 'static)) {
    if let Some(ConfigErrors(errors)) = error.downcast_ref() {
        for error in errors {
            eprintln!("divan-server: {error}");
        }
        return;
    }
    eprintln!("divan-server: {}", error_chain(error));
}

fn print_asyncapi() -> Outcome {
    output::json(&crate::asyncapi::asyncapi())?;
    Ok(ExitCode::SUCCESS)
}

fn print_openapi() -> Outcome {
    output::line(&crate::openapi::openapi().to_pretty_json()?);
    Ok(ExitCode::SUCCESS)
}
