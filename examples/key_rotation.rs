//! `cargo run --example key_rotation`: moves from `SECRET_KEY` to EdDSA and then to a key for
//! ES256, without signing users out, and with another service that verifies the tokens with public keys
//! only.

use std::error::Error;
use std::time::{Duration, SystemTime};

use divan_core::clock::{Clock, SystemClock};
use divan_core::entropy::OsEntropy;
use divan_core::token::{
    Audience, Audiences, KeyRing, SecretKey, SigningAlgorithm, SigningKey, TokenError, TokenIssuer,
    TokenSubject, TokenVerifier,
};
use divan_core::types::Role;

const ISSUER: &str = "https://sec.example.com";

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    let secret = SecretKey::new("thirty-two bytes that only we know")?;
    let of_secret = issue(&KeyRing::from(&secret))?;
    println!(
        "1. HS256: a token is signed with the secret key, and {} keys are public.",
        public(&(&secret).into())
    );

    // Access tokens live for 15 minutes; by then every client has a new one.
    let (first, soon) = (
        SigningKey::generate(SigningAlgorithm::EdDsa, &OsEntropy)?,
        SystemClock.now() + Duration::from_mins(20),
    );
    let moved = KeyRing::from(&first).accept_hs256_until(&secret, soon);
    let of_first = issue(&moved)?;
    println!(
        "2. EdDSA: a token names the key {}.",
        first.verifying_key().kid()
    );
    println!(
        "   The token of the secret key: {}, and later: {}.",
        here(&moved, &of_secret)?,
        {
            let later = KeyRing::from(&first).accept_hs256_until(&secret, SystemTime::UNIX_EPOCH);
            here(&later, &of_secret)?
        }
    );
    println!(
        "   A service with the {} public key: {}.",
        public(&moved),
        elsewhere(&moved, &of_first)?
    );

    let second = SigningKey::generate(SigningAlgorithm::Es256, &OsEntropy)?;
    let announced = KeyRing::from(&first).accept(second.verifying_key());
    println!(
        "3. The next key is announced: {} keys are public.",
        public(&announced)
    );

    let rotated = KeyRing::from(&second).accept(first.verifying_key());
    let of_second = issue(&rotated)?;
    println!(
        "4. ES256: a token names the next key {}.",
        second.verifying_key().kid()
    );
    println!(
        "   The token of the first key: {}.",
        here(&rotated, &of_first)?
    );
    println!(
        "   A service that saw the announcement: {}.",
        elsewhere(&announced, &of_second)?
    );
    println!(
        "   A service that did not: {}. It must fetch the keys again.",
        elsewhere(&moved, &of_second)?
    );

    let done = KeyRing::from(&second);
    println!(
        "5. The first key is removed: its token is {}, the other is {}.",
        here(&done, &of_first)?,
        here(&done, &of_second)?
    );
    Ok(())
}

fn issue(keys: &KeyRing) -> Result<String, Box<dyn Error>> {
    let subject = TokenSubject::new(
        "0199d0f0-0000-7000-8000-000000000001".parse()?,
        Role::Employee,
        Audience::MiniApp,
        "0199d0f0-0000-7000-8000-000000000002".parse()?,
        1,
    );
    let token = TokenIssuer::new(keys, ISSUER, audiences()?).issue(&subject)?;
    Ok(token.token.expose().to_owned())
}

/// Returns the verdict of the server, which has the keys.
fn here(keys: &KeyRing, token: &str) -> Result<&'static str, Box<dyn Error>> {
    outcome(&TokenVerifier::new(keys, ISSUER, audiences()?), token)
}

/// Returns the verdict of a service that has fetched `/.well-known/jwks.json`.
fn elsewhere(keys: &KeyRing, token: &str) -> Result<&'static str, Box<dyn Error>> {
    outcome(
        &TokenVerifier::from_jwks(&keys.jwks(), ISSUER, audiences()?),
        token,
    )
}

fn outcome(verifier: &TokenVerifier, token: &str) -> Result<&'static str, Box<dyn Error>> {
    match verifier.verify(token) {
        Ok(_) => Ok("accepted"),
        Err(TokenError::UnknownKey) => Ok("refused, because its key is unknown"),
        Err(TokenError::Malformed) => Ok("refused"),
        Err(other) => Err(other.into()),
    }
}

fn public(keys: &KeyRing) -> usize {
    keys.jwks().keys.len()
}

fn audiences() -> Result<Audiences, Box<dyn Error>> {
    Ok(Audiences::new("divan.example.com", "sec.example.com")?)
}
