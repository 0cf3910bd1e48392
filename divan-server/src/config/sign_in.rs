use std::fs::File;
use std::io::BufReader;
use std::ops::RangeInclusive;
use std::time::Duration;

use divan_core::infra::{COMPOSE_HINT, Env, TELEGRAM_BOT_TOKEN, UnreadableFile, section};
use divan_core::password::{Blocklist, BreachedPasswords};
use divan_core::secret::Secret;
use divan_core::service::{BootstrapPolicy, Region, SecondFactorPolicy};

use super::sessions::{DURATION, duration};

section! {
    pub(super) static SECTION = "Sign-in", "";

    BOOTSTRAP_TOKEN = (
        "DIVAN_BOOTSTRAP_TOKEN",
        "token that creating the first administrator requires, in the header `X-Bootstrap-Token`; at least 16 characters",
        "'<the output of openssl rand -hex 16>'",
    ).when_unset("only `divan-server admin create` creates the first administrator; in development mode, a direct request does too, unless \
                 a key, bot token or public URL is set without `DIVAN_DEV_ORIGINS`, or `DIVAN_DEV_ORIGINS` lists an origin of another \
                 machine")
    .secret();

    ADMIN_SECOND_FACTOR = (
        "DIVAN_ADMIN_SECOND_FACTOR",
        "`required`: an administrator without a second factor can only set one up; `optional`: administrators may turn one on",
        "required",
    ).form("`required` or `optional`").when_unset("`optional`");

    ADMIN_APPROVAL = (
        "DIVAN_ADMIN_APPROVAL",
        "`on`: a second administrator must approve each new administrator; the command line needs no approval",
        "on",
    ).form("`on` or `off`").when_unset("`off`");

    NOTIFICATIONS = (
        "DIVAN_NOTIFICATIONS",
        "`on`: the bot sends people messages about changes of their account, such as a reset password or a sign-in on a new device",
        "off",
    ).when_unset("`on` if `TELEGRAM_BOT_TOKEN` is set, otherwise `off`");

    SIGN_IN_MAX_AGE = (
        "DIVAN_SIGN_IN_MAX_AGE",
        "maximum age of init data at a sign-in with the password, from `5m` to `30d`; some Telegram clients (iOS, macOS, Desktop) send the \
         same init data until they are restarted, and the password is required in any case",
        "24h",
    ).form(DURATION).when_unset("`24h`");

    AUTO_LOGIN_MAX_AGE = (
        "DIVAN_AUTO_LOGIN_MAX_AGE",
        "maximum age of init data at auto-login, from `1m` to `24h` and not longer than `DIVAN_SIGN_IN_MAX_AGE`; within this time, stolen init \
         data alone signs the attacker in; older init data leads to the sign-in with the password",
        "1h",
    ).form(DURATION).when_unset("`1h`, or `DIVAN_SIGN_IN_MAX_AGE` if that is shorter");

    PHONE_REGION = ("DIVAN_PHONE_REGION", "country of phone numbers without a country code", "KZ")
        .form("a two-letter country code").when_unset("`KZ`");

    PASSWORD_WORDS = (
        "DIVAN_PASSWORD_WORDS",
        "words that a new password must not consist of, such as the names of your company and its products",
        "acme,acme-logistics",
    ).form("words of at least 3 letters or digits, separated by commas").when_unset("none").lines();

    BREACHED_PASSWORDS = (
        "DIVAN_BREACHED_PASSWORDS",
        "file with passwords that leaked from other services, from `divan-server passwords build`; a new password must not be one of \
         them",
        "/etc/divan/breached-passwords",
    ).when_unset("none");
}

/// Maximum ages of init data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InitDataAges {
    /// At a sign-in with the password.
    pub sign_in: Duration,
    /// At auto-login.
    pub auto_login: Duration,
}

const HOUR: Duration = Duration::from_hours(1);
const SIGN_IN_AGES: RangeInclusive<Duration> =
    Duration::from_mins(5)..=Duration::from_hours(30 * 24);
const AUTO_LOGIN_AGES: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24);

/// Reads the maximum ages of init data.
pub(super) fn ages(env: &mut Env<'_>) -> InitDataAges {
    let sign_in = duration(env, &SIGN_IN_MAX_AGE, 24 * HOUR);
    if !SIGN_IN_AGES.contains(&sign_in) {
        env.error(&SIGN_IN_MAX_AGE, "must be from 5 minutes to 30 days");
    }
    let auto_login = duration(env, &AUTO_LOGIN_MAX_AGE, HOUR.min(sign_in));
    if !AUTO_LOGIN_AGES.contains(&auto_login) {
        env.error(&AUTO_LOGIN_MAX_AGE, "must be from 1 minute to 24 hours");
    } else if auto_login > sign_in {
        let rule = format!("must not be longer than {}", SIGN_IN_MAX_AGE.name());
        env.error(&AUTO_LOGIN_MAX_AGE, rule);
    }
    InitDataAges {
        sign_in,
        auto_login,
    }
}

/// Returns `true` if people get messages about changes of their account.
pub(super) fn notifications(env: &mut Env<'_>) -> bool {
    let has_bot = env.is_set(&TELEGRAM_BOT_TOKEN);
    let is_on = env.switch(&NOTIFICATIONS, has_bot);
    if is_on && !has_bot {
        let rule = format!("requires {}", TELEGRAM_BOT_TOKEN.name());
        env.error(&NOTIFICATIONS, rule);
    }
    is_on
}

/// Minimum length of a bootstrap token.
const MIN_BOOTSTRAP_TOKEN: usize = 16;

/// Reads the rule for the creation of the first administrator. A private server accepts any caller.
pub(super) fn bootstrap(env: &mut Env<'_>, is_private: bool) -> BootstrapPolicy {
    let is_set = env.is_set(&BOOTSTRAP_TOKEN);
    match env.checked(&BOOTSTRAP_TOKEN, bootstrap_token) {
        Some(token) => BootstrapPolicy::Token(token),
        None if is_private && !is_set => BootstrapPolicy::OpenToAnyone,
        None => BootstrapPolicy::Closed,
    }
}

/// Reads the rule for the second factor of administrators.
pub(super) fn second_factor(env: &mut Env<'_>) -> SecondFactorPolicy {
    let read = |text: &str| match text {
        "required" => Ok(SecondFactorPolicy::Required),
        "optional" => Ok(SecondFactorPolicy::Optional),
        _ => Err("must be `required` or `optional`"),
    };
    let policy = env.checked(&ADMIN_SECOND_FACTOR, read);
    policy.unwrap_or(SecondFactorPolicy::Optional)
}

/// Reads whether new administrators need an approval.
pub(super) fn admin_approval(env: &mut Env<'_>) -> bool {
    let read = |text: &str| match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("must be `on` or `off`"),
    };
    env.checked(&ADMIN_APPROVAL, read).unwrap_or(false)
}

pub(super) fn region(env: &mut Env<'_>) -> Region {
    env.parsed(&PHONE_REGION, Region::default())
}

/// Reads the passwords and words that a new password must not consist of.
pub(super) fn blocklist(env: &mut Env<'_>) -> Blocklist {
    let words = env.checked(&PASSWORD_WORDS, password_words);
    let blocklist = Blocklist::default().words(words.unwrap_or_default());
    match env.checked(&BREACHED_PASSWORDS, breached_passwords) {
        Some(breached) => blocklist.breached(breached),
        None => blocklist,
    }
}

fn breached_passwords(path: &str) -> Result<BreachedPasswords, String> {
    // The name of a file that exists is not a secret under the wrong name.
    let file = File::open(path)
        .map_err(|error| format!("names a file that {}", UnreadableFile::from(error)))?;
    BreachedPasswords::read(BufReader::new(file))
        .map_err(|error| format!("names {path}, which {error}"))
}

fn password_words(text: &str) -> Result<Vec<String>, &'static str> {
    let words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
    let is_long = |word: &String| word.chars().filter(|c| c.is_alphanumeric()).count() >= 3;
    if words.iter().all(is_long) {
        Ok(words)
    } else {
        Err("must be words of at least 3 letters or digits, separated by commas")
    }
}

fn bootstrap_token(text: &str) -> Result<Secret, String> {
    if text.len() < MIN_BOOTSTRAP_TOKEN {
        return Err(format!(
            "must have at least {MIN_BOOTSTRAP_TOKEN} characters; {COMPOSE_HINT}"
        ));
    }
    if !is_header_value(text) {
        return Err("must consist of visible ASCII characters".to_owned());
    }
    Ok(Secret::new(text))
}

/// Returns `true` if an HTTP header transports the text unchanged: visible ASCII, spaces in the middle
/// only.
fn is_header_value(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~')) && text.trim() == text
}
