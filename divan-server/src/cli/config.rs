use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use divan_core::infra::{ConfigErrors, Env, EnvFile, Infra, Setting};
use divan_core::init_data::BotToken;
use divan_core::service::BootstrapPolicy;
use serde_json::{Value, json};

use super::Outcome;
use super::output::{explain, json, line, table};
use crate::config::{Config, SECTIONS, configuration_markdown, env_example};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Report all configuration errors and change nothing; exits with 78 if there are any
    Check(Source),
    /// Print the value and the source of each variable, without secrets
    Show(Show),
    /// Print an .env file with all variables, commented out
    Example,
    /// Print docs/guide/src/reference/configuration.md
    #[command(hide = true)]
    Docs,
}

#[derive(Args, Debug)]
pub(super) struct Source {
    /// File with variables; those of the environment take precedence [default: .env, if it exists]
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Show {
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Default address of the server.
pub(super) const LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 8000);

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Check(source) => {
            let config = checked(&mut source.env())?;
            line("the configuration is valid");
            table(["PART", "SETTING"], parts(&config));
        }
        Command::Show(args) => {
            let mut env = args.source.env();
            // Read first, because values with errors are not shown.
            let config = checked(&mut env);
            let mut settings = env.settings(&SECTIONS);
            if let Ok(config) = &config {
                settings.extend(config.infra.database.libpq_settings(&env));
            }
            if args.json {
                json(&settings.iter().map(object).collect::<Vec<_>>())?;
            } else {
                table(
                    ["VARIABLE", "VALUE", "ORIGIN"],
                    settings.into_iter().map(row),
                );
            }
            config?;
        }
        Command::Example => line(env_example().trim_end()),
        Command::Docs => line(configuration_markdown().trim_end()),
    }
    Ok(ExitCode::SUCCESS)
}

impl Source {
    fn env(&self) -> Env<'static> {
        let env = Env::of_process();
        match &self.env_file {
            Some(path) => env.with_file(EnvFile::read(path)),
            None => env,
        }
    }
}

/// Reads the configuration and prints its warnings.
pub(super) fn checked(env: &mut Env<'_>) -> Result<Config, ConfigErrors> {
    let config = Config::check(env, SocketAddr::from(LISTEN));
    warn(env);
    config
}

/// Prints the warnings.
pub(super) fn warn(env: &Env<'_>) {
    for warning in env.warnings() {
        explain(&format!("divan-server: warning: {warning}"));
    }
}

/// Returns the parts of a deployment and their settings.
fn parts(config: &Config) -> Vec<[String; 2]> {
    let Infra {
        http,
        s3,
        qdrant,
        redis,
        rabbitmq,
        ..
    } = &config.infra;
    let bootstrap = match config.bootstrap {
        BootstrapPolicy::OpenToAnyone => "open to direct requests on this machine",
        BootstrapPolicy::Token(_) => "requires DIVAN_BOOTSTRAP_TOKEN",
        _ => "closed",
    };
    let breached = config.blocklist.breached_list();
    let breached = breached.map(|list| format!("{} passwords", list.count()));
    let proxies = http.trusted_proxies.iter().map(ToString::to_string);
    let proxies = proxies.collect::<Vec<_>>().join(", ");
    let mode = if config.development.is_some() {
        "development mode"
    } else {
        "deployment"
    };
    let s3 = s3.as_ref();
    let s3 = s3.map(|s3| format!("{} {}", s3.endpoint, s3.bucket));
    let qdrant = qdrant.as_ref();
    let qdrant = qdrant.map(|qdrant| format!("{} gRPC {}", qdrant.rest, qdrant.grpc));
    [
        ("mode", Some(mode.to_owned())),
        ("database", Some(config.database.to_string())),
        ("Telegram", bots(config)),
        ("Mini App", Some(config.addresses.miniapp.to_string())),
        ("admin panel", Some(config.addresses.admin.to_string())),
        ("first administrator", Some(bootstrap.to_owned())),
        ("breached passwords", breached),
        (
            "trusted proxies",
            Some(proxies).filter(|proxies| !proxies.is_empty()),
        ),
        (
            "metrics",
            http.metrics_listen.map(|address| address.to_string()),
        ),
        ("object store", s3),
        ("Qdrant", qdrant),
        ("Redis", redis.as_ref().map(ToString::to_string)),
        ("RabbitMQ", rabbitmq.as_ref().map(ToString::to_string)),
    ]
    .map(|(part, setting)| {
        let setting = setting.unwrap_or_else(|| "none".to_owned());
        [part.to_owned(), setting]
    })
    .into()
}

/// Returns the ids of the bots; `None` if there is none.
fn bots(config: &Config) -> Option<String> {
    let ids: BTreeSet<i64> = config.bot_tokens().map(BotToken::bot_id).collect();
    let main = config.bot_token.as_ref()?.bot_id();
    let further = ids.into_iter().filter(|&id| id != main);
    let bots = std::iter::once(main).chain(further);
    let bots: Vec<String> = bots.map(|id| format!("bot {id}")).collect();
    Some(bots.join(", "))
}

fn row(setting: Setting) -> [String; 3] {
    let default = || {
        setting
            .when_unset
            .strip_prefix('`')?
            .strip_suffix('`')
            .filter(|text| !text.contains('`'))
    };
    let value = match setting.value {
        Some(value) => value,
        None if setting.is_hidden => "(set, not shown)".to_owned(),
        None => default().unwrap_or("-").to_owned(),
    };
    [setting.variable.to_owned(), value, setting.source]
}

fn object(setting: &Setting) -> Value {
    json!({
        "variable": setting.variable,
        "value": setting.value,
        "is_hidden": setting.is_hidden,
        "source": setting.source,
    })
}
