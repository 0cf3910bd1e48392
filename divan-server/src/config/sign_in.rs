use std::fs::File;
use std::io::BufReader;

use divan_core::infra::{COMPOSE_HINT, Env, UnreadableFile, section};
use divan_core::password::{Blocklist, BreachedPasswords};
use divan_core::secret::Secret;
use divan_core::service::{BootstrapPolicy, Region};

section! {
    pub(super) static SECTION = "Sign-in", "";

    BOOTSTRAP_TOKEN = (
        "DIVAN_BOOTSTRAP_TOKEN",
        "token that creating the first administrator requires, in the header `X-Bootstrap-Token`; at least 16 characters",
        "'<the output of openssl rand -hex 16>'",
    ).when_unset("only `divan-server admin create` creates the first administrator; in development mode, any direct request does too if no \
                 key, bot token or public URL is set")
    .secret();

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
