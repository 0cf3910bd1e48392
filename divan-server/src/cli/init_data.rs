use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use divan_core::clock::{Clock, SystemClock};
use divan_core::entropy::{Entropy, OsEntropy};
use divan_core::init_data::{
    BotToken, ContactError, InitData, InitDataBuilder, InitDataError, ThirdParty, Verifier,
};
use serde_json::{Map, Value, json};

use super::Outcome;
use super::output::{explain, json, line};
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create and print signed init data, for tests
    ///
    /// It is signed with the configured bot token, or with that of development mode.
    Sign(SignArgs),
    /// Verify raw data from standard input, and print its fields as JSON or the code of the error
    ///
    /// Like a sign-in, it refuses init data without a user, and a contact in place of init data.
    Verify(VerifyArgs),
}

/// Kind of data and its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Init data, signed with the bot token
    Hmac,
    /// Init data, signed by Telegram for third parties
    Ed25519,
    /// Phone number of the user (response of requestContact), signed with the bot token
    Contact,
    /// Data of the Login Widget, signed with the bot token
    Widget,
}

/// Telegram environment whose key third parties verify with.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Environment {
    /// Telegram
    Production,
    /// Telegram's test environment
    Test,
}

#[derive(Args, Debug)]
pub(super) struct SignArgs {
    #[arg(long, value_enum, default_value = "hmac")]
    kind: Kind,
    /// The Telegram account's id
    #[arg(long)]
    user_id: i64,
    /// The account's first name
    #[arg(long, default_value = "Development")]
    first_name: String,
    /// The account's username
    #[arg(long)]
    username: Option<String>,
    /// Value of `start_param` (the parameter of the link that opened the Mini App)
    #[arg(long)]
    start_param: Option<String>,
    /// The phone number of the contact; only with `--kind contact`
    #[arg(long, required_if_eq("kind", "contact"))]
    phone: Option<String>,
    /// Time of signing, in seconds since the Unix epoch [default: now]
    #[arg(long, value_name = "SECONDS")]
    auth_date: Option<u64>,
    /// Bot id in the signed data; only with `--kind ed25519` [default: of the configured bot token]
    #[arg(long)]
    bot_id: Option<i64>,
    /// File with the secret key, 64 hex digits; only with `--kind ed25519` [default: a new key, whose
    /// public key is printed]
    #[arg(long, value_name = "FILE")]
    secret_key_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    #[arg(long, value_enum, default_value = "hmac")]
    kind: Kind,
    /// Maximum age, in seconds
    #[arg(long, value_name = "SECONDS")]
    max_age: u64,
    /// Bot id that the data must have; only with `--kind ed25519` [default: of the configured bot tokens]
    #[arg(long)]
    bot_id: Option<i64>,
    /// Public key of the signature, 64 hex digits; only with `--kind ed25519`
    #[arg(long, value_name = "HEX", conflicts_with = "environment", value_parser = hex_key)]
    public_key: Option<[u8; 32]>,
    /// Telegram environment whose key signed the data; only with `--kind ed25519` [default: production]
    #[arg(long, value_enum)]
    environment: Option<Environment>,
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Sign(args) => {
            line(&sign(args)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify(args) => match verify(args, &read_line()?)? {
            Ok(fields) => {
                json(&fields)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(refused) => {
                line(refused.code());
                explain(&format!("divan-server: {refused}"));
                Ok(ExitCode::FAILURE)
            }
        },
    }
}

fn sign(args: &SignArgs) -> Result<String, Box<dyn std::error::Error>> {
    let builder =
        InitDataBuilder::new(args.auth_date.unwrap_or_else(|| SystemClock.unix_seconds()));
    Ok(match args.kind {
        Kind::Hmac => web_app(args, builder).sign(&Config::bot_token()?),
        Kind::Ed25519 => {
            let bot_id = match args.bot_id {
                Some(bot_id) => bot_id,
                None => Config::bot_token()?.bot_id(),
            };
            web_app(args, builder)
                .third_party_signature(bot_id, &secret_key(args)?)
                .encode()
        }
        Kind::Contact => {
            let phone = args.phone.as_deref().ok_or("--phone is missing")?;
            builder
                .contact(args.user_id, phone, &args.first_name)
                .sign(&Config::bot_token()?)
        }
        Kind::Widget => {
            let builder = builder
                .field("id", &args.user_id.to_string())
                .field("first_name", &args.first_name);
            optional(builder, "username", args.username.as_deref())
                .sign_login_widget(&Config::bot_token()?)
        }
    })
}

fn web_app(args: &SignArgs, builder: InitDataBuilder) -> InitDataBuilder {
    let builder = match &args.username {
        Some(username) => builder.user_named(args.user_id, &args.first_name, username),
        None => builder.user(args.user_id, &args.first_name),
    };
    optional(builder, "start_param", args.start_param.as_deref())
}

fn optional(builder: InitDataBuilder, name: &str, value: Option<&str>) -> InitDataBuilder {
    match value {
        Some(value) => builder.field(name, value),
        None => builder,
    }
}

/// Reads the key file, or creates a key and prints its public half for verification.
fn secret_key(args: &SignArgs) -> Result<[u8; 32], Box<dyn std::error::Error>> {
    if let Some(path) = &args.secret_key_file {
        return Ok(hex_key(std::fs::read_to_string(path)?.trim_end())?);
    }
    let mut key = [0; 32];
    OsEntropy.fill(&mut key)?;
    let public_key = hex::encode(ThirdParty::public_key_of(&key));
    explain(&format!("verify it with --public-key {public_key}"));
    Ok(key)
}

/// Reason of refused data.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Data(#[from] InitDataError),
    #[error(transparent)]
    Contact(#[from] ContactError),
}

impl Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Data(error) => error.code(),
            Self::Contact(error) => error.code(),
        }
    }
}

fn verify(
    args: &VerifyArgs,
    raw: &str,
) -> Result<Result<Value, Refused>, Box<dyn std::error::Error>> {
    let max_age = Duration::from_secs(args.max_age);
    if args.kind == Kind::Ed25519 {
        let data = third_parties(args, max_age)?.verify(raw);
        return Ok(data.and_then(|data| fields(&data)).map_err(Refused::from));
    }
    let mut tokens = Config::bot_tokens_of_process()?.into_iter();
    let first = tokens.next().ok_or("TELEGRAM_BOT_TOKEN is missing")?;
    let verifier = tokens.fold(Verifier::new(first, max_age), Verifier::or);
    Ok(match args.kind {
        Kind::Contact => contact(&verifier, raw).map_err(Refused::from),
        Kind::Widget => verifier
            .verify_login_widget(raw)
            .map(|user| json!(user))
            .map_err(Refused::from),
        Kind::Hmac | Kind::Ed25519 => {
            let data = verifier.verify(raw);
            data.and_then(|data| fields(&data)).map_err(Refused::from)
        }
    })
}

/// Verifies a contact like a sign-in does, except for its owner.
fn contact(verifier: &Verifier, raw: &str) -> Result<Value, ContactError> {
    let contact = verifier.verify_contact(raw)?;
    contact.phone_of_any_user()?;
    Ok(json!(contact))
}

/// Creates the verifier of the given bot, or of all configured ones.
fn third_parties(
    args: &VerifyArgs,
    max_age: Duration,
) -> Result<Verifier<ThirdParty>, Box<dyn std::error::Error>> {
    let bot_ids = match args.bot_id {
        Some(bot_id) => vec![bot_id],
        None => Config::bot_tokens_of_process()?
            .iter()
            .map(BotToken::bot_id)
            .collect(),
    };
    let mut keys = bot_ids.into_iter().map(|bot_id| third_party(args, bot_id));
    let first = keys.next().ok_or("--bot-id is missing")??;
    keys.try_fold(Verifier::third_party(first, max_age), |verifier, key| {
        Ok(verifier.or(key?))
    })
}

fn third_party(args: &VerifyArgs, bot_id: i64) -> Result<ThirdParty, Box<dyn std::error::Error>> {
    Ok(match (&args.public_key, args.environment) {
        (Some(key), _) => ThirdParty::with_public_key(bot_id, key)?,
        (None, Some(Environment::Test)) => ThirdParty::test_environment(bot_id),
        (None, _) => ThirdParty::production(bot_id),
    })
}

/// Converts the verified fields to JSON: objects as objects, other fields as text. As at a sign-in, there
/// must be a user.
fn fields(data: &InitData<'_>) -> Result<Value, InitDataError> {
    data.require_user()?;
    let value = |name: &str, text: &str| match name {
        "user" | "receiver" | "chat" => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        _ => Value::from(text),
    };
    let fields: Map<String, Value> = data
        .fields()
        .map(|(name, text)| (name.to_owned(), value(name, text)))
        .collect();
    Ok(fields.into())
}

/// Parses 64 hex digits.
fn hex_key(digits: &str) -> Result<[u8; 32], &'static str> {
    let mut key = [0; 32];
    hex::decode_to_slice(digits, &mut key).map_err(|_| "must be 64 hex digits")?;
    Ok(key)
}

/// Reads standard input, without the line feed that a shell adds.
fn read_line() -> std::io::Result<String> {
    /// Maximum input size, above what any verifier accepts.
    const LIMIT: u64 = 1024 * 1024;
    let mut raw = String::new();
    std::io::stdin().take(LIMIT).read_to_string(&mut raw)?;
    let line = raw
        .strip_suffix('\n')
        .map_or(raw.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(line.to_owned())
}
