use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

use divan_core::infra::{COMPOSE_HINT, Env, Section, Variable, read_text};
use divan_core::token::{KeyRing, SecretKey, SigningKey, VerifyingKey};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::development::Development;

pub(super) static SECRET_KEY: Variable = Variable::new(
    "SECRET_KEY",
    "signs refresh tokens, and access tokens unless another key does; at least 32 bytes",
    "'<the output of openssl rand -hex 32>'",
)
.when_unset("a deployment does not start; the development default makes one up")
.also_called(&[
    "JWT_SECRET",
    "JWT_SECRET_KEY",
    "APP_SECRET",
    "APP_SECRET_KEY",
    "DIVAN_SECRET_KEY",
])
.secret();

pub(super) static SIGNING_KEY: Variable = Variable::new(
    "DIVAN_SIGNING_KEY",
    "the key that signs access tokens with EdDSA (Ed25519, PKCS#8 in PEM); best as a file, as `divan-server keys \
     generate` makes it",
    "'<the output of divan-server keys generate>'",
)
.when_unset("`SECRET_KEY` signs them (HS256)")
.secret();

static VERIFYING_KEY_FILES: Variable = Variable::new(
    "DIVAN_VERIFYING_KEY_FILES",
    "files with further keys whose access tokens are accepted, private or public, separated by commas or colons",
    "/run/secrets/old.pem,/run/secrets/next.pem",
)
.when_unset("none");

static HS256_UNTIL: Variable = Variable::new(
    "DIVAN_ACCEPT_HS256_UNTIL",
    "until when access tokens are accepted that `SECRET_KEY` signed before",
    "2030-01-31T12:00:00Z",
)
.when_unset("they are not, once there is a signing key");

pub(super) static ISSUER: Variable = Variable::new(
    "DIVAN_ISSUER",
    "what tokens name as their issuer",
    "https://sec.example.com",
)
.when_unset("the origin of `DIVAN_ADMIN_URL`");

pub(super) static SECTION: Section = Section::new(
    "Keys and tokens",
    "How keys are changed stands in `docs/operations.md`.",
    &[
        &SECRET_KEY,
        &SIGNING_KEY,
        &VERIFYING_KEY_FILES,
        &HS256_UNTIL,
        &ISSUER,
    ],
);

/// With the key that signs, as many as a service that checks tokens takes.
const MAX_VERIFYING_KEYS: usize = 31;

/// The keys that are given.
pub(super) struct Keys {
    pub(super) secret: Option<SecretKey>,
    signing: Option<SigningKey>,
    verifying: Vec<VerifyingKey>,
    hs256_until: Option<SystemTime>,
}

impl Keys {
    pub(super) fn read(env: &mut Env<'_>) -> Self {
        if env.is_deployment() && !env.is_set(&SECRET_KEY) {
            env.missing(&SECRET_KEY, "a deployment (DATABASE_URL is set) needs it");
        }
        Self {
            secret: env.checked(&SECRET_KEY, secret_key),
            signing: env.checked(&SIGNING_KEY, |pem| {
                SigningKey::from_pem(pem).map_err(|error| format!("is wrong: it is {error}"))
            }),
            verifying: verifying_keys(env),
            hs256_until: hs256_until(env),
        }
    }

    /// The keys of access tokens, with this secret key.
    pub(super) fn ring(&self, secret_key: &SecretKey) -> KeyRing {
        let ring = self
            .signing
            .as_ref()
            .map_or_else(|| KeyRing::from(secret_key), KeyRing::from);
        let ring = self.verifying.iter().fold(ring, KeyRing::accept);
        self.hs256_until.into_iter().fold(ring, |ring, until| {
            ring.accept_hs256_until(secret_key, until)
        })
    }
}

/// The secret key that the development default made up.
pub(super) fn made_up(env: &mut Env<'_>, development: &Development) -> Option<SecretKey> {
    let wrong = |short| {
        env.wrong(
            &SECRET_KEY,
            format!("in the development default's folder is too short: {short}"),
        )
    };
    SecretKey::new(development.secret_key().expose())
        .map_err(wrong)
        .ok()
}

/// A key that was drawn at random has more, but for one in 10^12 of those with 32 hexadecimal
/// digits.
const MIN_DIFFERENT_BYTES: usize = 6;

fn secret_key(text: &str) -> Result<SecretKey, String> {
    let different = text.bytes().collect::<BTreeSet<u8>>().len();
    if different < MIN_DIFFERENT_BYTES && text.len() >= SecretKey::MIN_BYTES {
        return Err(format!(
            "is easy to guess: it is made of {different} different bytes; use `openssl rand -hex 32`"
        ));
    }
    SecretKey::new(text).map_err(|short| format!("is too short: {short} ({COMPOSE_HINT})"))
}

fn verifying_keys(env: &mut Env<'_>) -> Vec<VerifyingKey> {
    let Some(list) = env.text(&VERIFYING_KEY_FILES) else {
        return Vec::new();
    };
    let paths: Vec<&str> = list
        .split([',', ':'])
        .map(str::trim)
        .filter(|path| !path.is_empty())
        .collect();
    if paths.len() > MAX_VERIFYING_KEYS {
        env.wrong(
            &VERIFYING_KEY_FILES,
            format!("names more than {MAX_VERIFYING_KEYS} files"),
        );
        return Vec::new();
    }
    let mut keys = Vec::new();
    for (index, path) in paths.into_iter().enumerate() {
        match verifying_key(path) {
            Ok(key) => keys.push(key),
            Err(reason) => {
                // Which one, but not its path: that may be something else, given under the wrong
                // name.
                let reason = format!("is wrong: file {} of the list {reason}", index + 1);
                env.wrong(&VERIFYING_KEY_FILES, reason);
            }
        }
    }
    keys
}

fn verifying_key(path: &str) -> Result<VerifyingKey, String> {
    let pem = read_text(Path::new(path)).map_err(|error| error.to_string())?;
    VerifyingKey::from_pem(pem.expose()).map_err(|error| format!("is {error}"))
}

fn hs256_until(env: &mut Env<'_>) -> Option<SystemTime> {
    if env.is_set(&HS256_UNTIL) && !env.is_set(&SIGNING_KEY) {
        let reason =
            "is set without DIVAN_SIGNING_KEY_FILE, and then tokens are signed with HS256 anyway"
                .to_owned();
        env.wrong(&HS256_UNTIL, reason);
        return None;
    }
    let read =
        |text: &str| OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "is no time of RFC 3339");
    env.checked(&HS256_UNTIL, read).map(SystemTime::from)
}
