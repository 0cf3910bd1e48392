use std::time::SystemTime;

use divan_core::secret::Secret;
use divan_core::token::{KeyRing, SecretKey, SigningKey, VerifyingKey};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::env::Env;

const SIGNING_KEY: &str = "DIVAN_SIGNING_KEY";
const SIGNING_KEY_FILE: &str = "DIVAN_SIGNING_KEY_FILE";
const SIGNING_KEY_EXAMPLE: &str = "/run/secrets/signing-key.pem";

const VERIFYING_KEY_FILES: &str = "DIVAN_VERIFYING_KEY_FILES";
const VERIFYING_KEY_EXAMPLE: &str = "/run/secrets/old.pem,/run/secrets/next.pem";

const HS256_UNTIL: &str = "DIVAN_ACCEPT_HS256_UNTIL";
const HS256_UNTIL_EXAMPLE: &str = "2030-01-31T12:00:00Z";

/// With the key that signs, as many as a service that checks tokens takes.
const MAX_VERIFYING_KEYS: usize = 31;

/// The keys of access tokens; `None` where something about them is wrong.
pub(super) fn read(env: &mut Env<'_>, secret_key: Option<&SecretKey>) -> Option<KeyRing> {
    let signing = signing_key(env);
    let verifying = verifying_keys(env);
    let hs256_until = hs256_until(env);
    let secret_key = secret_key?;
    let ring = signing.as_ref().map_or_else(|| KeyRing::from(secret_key), KeyRing::from);
    let ring = verifying.iter().fold(ring, KeyRing::accept);
    Some(hs256_until.into_iter().fold(ring, |ring, until| ring.accept_hs256_until(secret_key, until)))
}

fn signing_key(env: &mut Env<'_>) -> Option<SigningKey> {
    const TEXT_EXAMPLE: &str = "the-output-of-`divan-server keys generate`";
    let pem = env.secret(SIGNING_KEY, TEXT_EXAMPLE)?;
    let (variable, example) = match env.text(SIGNING_KEY) {
        Some(_) => (SIGNING_KEY, TEXT_EXAMPLE),
        None => (SIGNING_KEY_FILE, SIGNING_KEY_EXAMPLE),
    };
    let wrong = |error| env.wrong(variable, format!("is wrong: it is {error}"), example);
    SigningKey::from_pem(pem.expose()).map_err(wrong).ok()
}

fn verifying_keys(env: &mut Env<'_>) -> Vec<VerifyingKey> {
    let Some(list) = env.text(VERIFYING_KEY_FILES) else { return Vec::new() };
    let paths: Vec<&str> = list.split([',', ':']).map(str::trim).filter(|path| !path.is_empty()).collect();
    if paths.len() > MAX_VERIFYING_KEYS {
        let reason = format!("names more than {MAX_VERIFYING_KEYS} files");
        env.wrong(VERIFYING_KEY_FILES, reason, VERIFYING_KEY_EXAMPLE);
        return Vec::new();
    }
    let mut keys = Vec::new();
    for (index, path) in paths.into_iter().enumerate() {
        match verifying_key(path) {
            Ok(key) => keys.push(key),
            Err(reason) => {
                // Which one, but not its path: that may be something else, given under the wrong name.
                let reason = format!("is wrong: file {} of the list {reason}", index + 1);
                env.wrong(VERIFYING_KEY_FILES, reason, VERIFYING_KEY_EXAMPLE);
            }
        }
    }
    keys
}

fn verifying_key(path: &str) -> Result<VerifyingKey, String> {
    let read = std::fs::read_to_string(path).map(Secret::new);
    let pem = read.map_err(|error| format!("cannot be read: {}", error.kind()))?;
    VerifyingKey::from_pem(pem.expose()).map_err(|error| format!("is {error}"))
}

fn hs256_until(env: &mut Env<'_>) -> Option<SystemTime> {
    let text = env.text(HS256_UNTIL)?;
    if !env.is_set(SIGNING_KEY) {
        let reason =
            format!("is set without {SIGNING_KEY_FILE}, and then tokens are signed with HS256 anyway");
        env.wrong(HS256_UNTIL, reason, HS256_UNTIL_EXAMPLE);
        return None;
    }
    let Ok(until) = OffsetDateTime::parse(&text, &Rfc3339) else {
        env.wrong(HS256_UNTIL, "is no time of RFC 3339", HS256_UNTIL_EXAMPLE);
        return None;
    };
    Some(until.into())
}
