use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

use divan_core::infra::{COMPOSE_HINT, Env, read_text, section};
use divan_core::token::{KeyRing, SecretKey, SigningKey, VerifyingKey};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::development::Development;

section! {
    pub(super) static SECTION = "Keys and tokens", "The guide describes how to rotate keys.";

    pub(super) SECRET_KEY = (
        "SECRET_KEY",
        "secret of at least 32 bytes; refresh and device tokens are computed with keys derived from it; signs access tokens unless a signing key is set",
        "'<the output of openssl rand -hex 32>'",
    )
    .when_unset("a deployment does not start; development mode generates a key")
    .synonyms(&["JWT_SECRET", "JWT_SECRET_KEY", "APP_SECRET", "APP_SECRET_KEY", "DIVAN_SECRET_KEY"])
    .secret();

    SECRET_KEY_PREVIOUS = (
        "SECRET_KEY_PREVIOUS",
        "the secret that `SECRET_KEY` has replaced; refresh tokens and device tokens of it stay valid. Never a stolen one",
        "'<the previous SECRET_KEY>'",
    )
    .when_unset("only tokens of `SECRET_KEY` are accepted")
    .secret();

    pub(super) SIGNING_KEY = (
        "DIVAN_SIGNING_KEY",
        "private key that signs access tokens with EdDSA (Ed25519) or ES256 (P-256), in PEM (PKCS#8), usually as a file from \
         `divan-server keys generate`",
        "'<the output of divan-server keys generate>'",
    ).when_unset("`SECRET_KEY` signs them (HS256)").secret().lines();

    VERIFYING_KEY_FILES = (
        "DIVAN_VERIFYING_KEY_FILES",
        "files of further keys, private or public, whose access tokens are accepted, separated by commas or colons",
        "/run/secrets/old.pem,/run/secrets/next.pem",
    ).when_unset("none").lines();

    HS256_UNTIL = (
        "DIVAN_ACCEPT_HS256_UNTIL",
        "time until which access tokens that `SECRET_KEY` signed are accepted",
        "2030-01-31T12:00:00Z",
    ).when_unset("refused once a signing key is set");

    pub(super) ISSUER = (
        "DIVAN_ISSUER",
        "issuer of tokens (`iss`): a URL, which verifiers compare character by character",
        "https://sec.example.com",
    )
        .when_unset("the origin of `DIVAN_ADMIN_URL`");

    VERIFY_COOKIE = (
        "DIVAN_VERIFY_COOKIE",
        "name of the cookie in which `/auth/verify` accepts an access token, in addition to the `Authorization` header",
        "__Host-access-token",
    ).form("a cookie name").when_unset("no cookie is read");
}

/// Together with the signing key, the number of keys that a verifying service accepts.
const MAX_VERIFYING_KEYS: usize = 31;

/// The configured keys.
pub(super) struct Keys {
    pub(super) secret: Option<SecretKey>,
    pub(super) previous_secret: Option<SecretKey>,
    signing: Option<SigningKey>,
    verifying: Vec<VerifyingKey>,
    hs256_until: Option<SystemTime>,
    pub(super) verify_cookie: Option<String>,
}

impl Keys {
    pub(super) fn read(env: &mut Env<'_>) -> Self {
        if env.is_deployment() {
            env.require(
                &SECRET_KEY,
                "a deployment (DATABASE_URL is set) requires it",
            );
        }
        let secret = env.checked(&SECRET_KEY, secret_key);
        let current = secret.as_ref().and_then(|_| env.secret(&SECRET_KEY));
        let previous_secret = env.checked(&SECRET_KEY_PREVIOUS, |text| match &current {
            Some(current) if current.expose() == text => {
                Err("must differ from SECRET_KEY".to_owned())
            }
            _ => secret_key(text),
        });
        Self {
            secret,
            previous_secret,
            signing: env.checked(&SIGNING_KEY, |pem| {
                SigningKey::from_pem(pem)
                    .map_err(|error| format!("must be an Ed25519 or P-256 private key: {error}"))
            }),
            verifying: verifying_keys(env),
            hs256_until: hs256_until(env),
            verify_cookie: env.checked(&VERIFY_COOKIE, cookie_name),
        }
    }

    /// Returns the keys of access tokens with this secret key.
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

/// The secret key that development mode generated.
pub(super) fn generated(env: &mut Env<'_>, development: &Development) -> Option<SecretKey> {
    let error = |short| {
        env.error(
            &SECRET_KEY,
            format!(
                "is not set, and {} is too short: {short}; remove the file, so that it is generated again",
                development.secret_key_file().display()
            ),
        );
    };
    SecretKey::new(development.secret_key().expose())
        .map_err(error)
        .ok()
}

/// Minimum number of different bytes. Only one in 10^12 random keys of 32 hexadecimal digits has fewer.
const MIN_DIFFERENT_BYTES: usize = 6;

fn secret_key(text: &str) -> Result<SecretKey, String> {
    let different = text.bytes().collect::<BTreeSet<u8>>().len();
    if different < MIN_DIFFERENT_BYTES && text.len() >= SecretKey::MIN_BYTES {
        return Err(format!(
            "must be random: it repeats {different} different characters; use `openssl rand -hex 32`"
        ));
    }
    SecretKey::new(text).map_err(|short| format!("is too short: {short}; {COMPOSE_HINT}"))
}

/// Accepts a token of RFC 9110 §5.6.2, as RFC 6265 §4.1.1 requires.
fn cookie_name(text: &str) -> Result<String, &'static str> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.bytes().all(is_token) && text.len() <= 64 {
        Ok(text.to_owned())
    } else {
        Err("must be a cookie name: at most 64 ASCII letters, digits, and `!#$%&'*+-.^_|~`")
    }
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
        env.error(
            &VERIFYING_KEY_FILES,
            format!("must name at most {MAX_VERIFYING_KEYS} files"),
        );
        return Vec::new();
    }
    let mut keys = Vec::new();
    for (index, path) in paths.into_iter().enumerate() {
        match verifying_key(path) {
            Ok(key) => keys.push(key),
            Err(reason) => {
                // The path may be a secret, set under the wrong name.
                let reason = format!("must name files with keys: file {} {reason}", index + 1);
                env.error(&VERIFYING_KEY_FILES, reason);
            }
        }
    }
    keys
}

fn verifying_key(path: &str) -> Result<VerifyingKey, String> {
    let pem = read_text(Path::new(path)).map_err(|error| error.to_string())?;
    VerifyingKey::from_pem(pem.expose()).map_err(|error| format!("is not usable: {error}"))
}

fn hs256_until(env: &mut Env<'_>) -> Option<SystemTime> {
    if env.is_set(&HS256_UNTIL) && !env.is_set(&SIGNING_KEY) {
        let reason =
            "requires DIVAN_SIGNING_KEY_FILE: without it tokens are signed with HS256".to_owned();
        env.error(&HS256_UNTIL, reason);
        return None;
    }
    let read = |text: &str| {
        OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "must be a time in RFC 3339 form")
    };
    env.checked(&HS256_UNTIL, read).map(SystemTime::from)
}
