use divan_core::infra::{COMPOSE_HINT, Env, Section, Variable};
use divan_core::secret::Secret;
use divan_core::service::{BootstrapPolicy, Region};

static BOOTSTRAP_TOKEN: Variable = Variable::new(
    "DIVAN_BOOTSTRAP_TOKEN",
    "what creating the first administrator asks for, as `X-Bootstrap-Token`; at least 16 characters",
    "'<the output of openssl rand -hex 16>'",
)
.when_unset("it is closed, but in the development default with no secret or address given")
.secret();

static PHONE_REGION: Variable = Variable::new(
    "DIVAN_PHONE_REGION",
    "the country of phone numbers without country code",
    "KZ",
)
.form("a country code of two letters")
.when_unset("`KZ`");

pub(super) static SECTION: Section =
    Section::new("Sign-in", "", &[&BOOTSTRAP_TOKEN, &PHONE_REGION]);

/// The shortest bootstrap token that is not a guess.
const MIN_BOOTSTRAP_TOKEN: usize = 16;

/// Who may create the first administrator; anybody may in what is private.
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

fn bootstrap_token(text: &str) -> Result<Secret, String> {
    if text.len() < MIN_BOOTSTRAP_TOKEN {
        return Err(format!(
            "has fewer than {MIN_BOOTSTRAP_TOKEN} characters ({COMPOSE_HINT})"
        ));
    }
    if !is_header_value(text) {
        return Err("has characters that no header can carry".to_owned());
    }
    Ok(Secret::new(text))
}

/// Whether a text arrives as it was sent: visible ASCII, with spaces in the middle only.
fn is_header_value(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~')) && text.trim() == text
}
