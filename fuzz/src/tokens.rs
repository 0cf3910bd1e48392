//! Tokens: what was not issued is never accepted.

use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan_core::clock::ManualClock;
use divan_core::entropy::SeededEntropy;
use divan_core::token::{
    AccessTokenClaims, Audience, Audiences, DeviceKeys, DeviceToken, KeyRing, RefreshKeys,
    RefreshToken, Scope, SecretKey, SigningAlgorithm, SigningKey, TokenError, TokenIssuer,
    TokenSubject, TokenVerifier,
};
use divan_core::types::{DeviceId, Role, UserId};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

const SECRET: [u8; 32] = [7; 32];
const OLDER_SECRET: [u8; 32] = [8; 32];
const ISSUER: &str = "https://sec.example.com";
const HOSTS: [&str; 2] = ["divan.example.com", "sec.example.com"];
const NOW: u64 = 1_780_000_000;
const LEEWAY: u64 = 30;
const SALT: [u8; 16] = [1; 16];

/// The verifier of a server that has moved from HS256 to EdDSA and accepts ES256, and the tokens that
/// all three issued.
struct Access {
    verifier: TokenVerifier,
    issued: Vec<String>,
}

/// Fuzzes access tokens: text as received, edited tokens, and any claims with a valid signature.
pub fn access_tokens(bytes: &[u8]) {
    static ACCESS: OnceLock<Access> = OnceLock::new();
    let access = ACCESS.get_or_init(Access::new);
    access.require_issued(bytes);
    if let Some(edited) = edited(&access.issued, bytes) {
        access.require_issued(&edited);
    }
    access.compare_claims(bytes);
}

impl Access {
    fn new() -> Self {
        let secret = SecretKey::new(SECRET).unwrap();
        let key = |algorithm| SigningKey::generate(algorithm, &SeededEntropy::new(1)).unwrap();
        let signing = key(SigningAlgorithm::EdDsa);
        let next = key(SigningAlgorithm::Es256);
        let audiences = Audiences::new(HOSTS[0], HOSTS[1]).unwrap();
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let entropy = Arc::new(SeededEntropy::new(2));
        let issue = |keys: KeyRing, scope| {
            let subject = TokenSubject::new(id(1), Role::Employee, Audience::MiniApp, id(2), 3);
            let issuer = TokenIssuer::new(keys, ISSUER, audiences.clone())
                .clock(clock.clone())
                .entropy(entropy.clone());
            let token = issuer.issue(&subject.with_scope(scope)).unwrap();
            token.token.expose().to_owned()
        };
        let issued = [None, Some(Scope::PasswordChange)].map(|scope| {
            [
                issue(KeyRing::from(&secret), scope),
                issue(KeyRing::from(&signing), scope),
                issue(KeyRing::from(&next), scope),
            ]
        });
        let until = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(NOW + 1);
        let ring = KeyRing::from(&signing)
            .accept(next.verifying_key())
            .accept_hs256_until(&secret, until);
        let verifier = TokenVerifier::new(ring, ISSUER, audiences).clock(clock.clone());
        Self {
            verifier,
            issued: issued.into_iter().flatten().collect(),
        }
    }

    fn require_issued(&self, token: &[u8]) {
        let Ok(token) = str::from_utf8(token) else {
            return;
        };
        let result = self.verifier.verify_any_scope(token);
        let is_issued = self.issued.iter().any(|issued| issued == token);
        assert_eq!(result.is_ok(), is_issued, "{token} {result:?}");
        let is_limited = result.is_ok_and(|claims| claims.scope.is_some());
        let is_accepted = self.verifier.verify(token).is_ok();
        assert_eq!(is_accepted, is_issued && !is_limited, "{token}");
    }

    /// Signs claims, and compares the result with [`expected`].
    fn compare_claims(&self, claims: &[u8]) {
        let (header, _) = self.issued[0].split_once('.').unwrap();
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let mac = Hmac::<Sha256>::new_from_slice(&SECRET)
            .unwrap()
            .chain_update(&message)
            .finalize();
        let token = format!(
            "{message}.{}",
            URL_SAFE_NO_PAD.encode(mac.into_bytes().as_slice())
        );
        let result = self.verifier.verify_any_scope(&token);
        match (&result, expected(claims)) {
            (Ok(claims), Some(expected)) => assert!(expected.is(claims), "{claims:?}"),
            // The reference takes the last of repeated members and tokens of any size.
            (Err(TokenError::Malformed), Some(_)) | (Err(_), None) => {}
            (result, _) => panic!("{result:?} for {}", String::from_utf8_lossy(claims)),
        }
    }
}

/// Claims, read without types.
struct Expected(Value);

/// Returns claims that have to be accepted.
fn expected(claims: &[u8]) -> Option<Expected> {
    let claims: Value = serde_json::from_slice(claims).ok()?;
    let text = |name: &str| claims[name].as_str();
    let number = |name: &str| claims[name].as_u64();
    let audience = match &claims["scope"] {
        Value::Null => text("aud")?.to_owned(),
        scope if scope == "password-change" => text("aud")?.strip_suffix("/limited")?.to_owned(),
        _ => return None,
    };
    let is_accepted = HOSTS.contains(&audience.as_str())
        && text("iss")? == ISSUER
        && number("exp")?.saturating_add(LEEWAY) > NOW
        && number("nbf")?.max(number("iat")?) <= NOW + LEEWAY;
    is_accepted.then_some(Expected(claims))
}

impl Expected {
    fn is(&self, claims: &AccessTokenClaims) -> bool {
        let Self(expected) = self;
        let host = HOSTS[usize::from(claims.audience == Audience::Admin)];
        let audience = expected["aud"].as_str().unwrap_or_default();
        expected["sub"].as_str().map(str::parse) == Some(Ok(claims.user))
            && expected["sid"].as_str().map(str::parse) == Some(Ok(claims.session))
            && serde_json::from_value(expected["role"].clone()).ok() == Some(claims.role)
            && expected["gen"] == claims.generation
            && expected["jti"] == *claims.token_id
            && expected["iat"] == claims.issued_at
            && expected["exp"] == claims.expires_at
            && audience.strip_suffix("/limited").unwrap_or(audience) == host
            && audience.contains('/') == claims.scope.is_some()
    }
}

/// Fuzzes refresh tokens: text as received, edited tokens, and tokens of any session.
pub fn refresh_tokens(bytes: &[u8]) {
    let (current, older) = (
        RefreshKeys::new(&secret()),
        RefreshKeys::new(&older_secret()),
    );
    let both = RefreshKeys::new(&secret()).or(&older_secret());
    let issue = |session, generation| {
        [&current, &older].map(|keys| keys.issue(session, generation, &SALT).expose().to_owned())
    };
    let check = |text: &[u8]| {
        let parsed = parsed::<RefreshToken>(text, "dvr1.", 60);
        let Some((text, token)) = parsed else { return };
        let is_issued = issue(token.session(), token.generation()).contains(&text);
        assert_eq!(both.is_genuine(&token, &SALT), is_issued, "{text}");
        assert!(!both.is_genuine(&token, &[2; 16]), "{text}");
    };
    check(bytes);
    if let Some(edited) = edited(&issue(id(2), 3), bytes) {
        check(&edited);
    }
    let Some((session, rest)) = bytes.split_first_chunk::<16>() else {
        return;
    };
    let Some(generation) = rest.first_chunk::<8>() else {
        return;
    };
    let session = id(u128::from_be_bytes(*session));
    for text in issue(session, u64::from_be_bytes(*generation)) {
        let token: RefreshToken = text.parse().unwrap();
        assert!(both.is_genuine(&token, &SALT) && token.session() == session);
    }
}

/// Fuzzes device tokens: text as received, edited tokens, and tokens of any device.
pub fn device_tokens(bytes: &[u8]) {
    let (user, other): (UserId, UserId) = (id(1), id(2));
    let (current, older) = (DeviceKeys::new(&secret()), DeviceKeys::new(&older_secret()));
    let both = DeviceKeys::new(&secret()).or(&older_secret());
    let issue =
        |device| [&current, &older].map(|keys| keys.issue(device, user, 3).expose().to_owned());
    let check = |text: &[u8]| {
        let parsed = parsed::<DeviceToken>(text, DeviceToken::PREFIX, 52);
        let Some((text, token)) = parsed else { return };
        let is_issued = issue(token.device()).contains(&text);
        assert_eq!(both.is_genuine(&token, user, 3), is_issued, "{text}");
        assert!(!both.is_genuine(&token, other, 3), "{text}");
        assert!(!both.is_genuine(&token, user, 4), "{text}");
    };
    check(bytes);
    if let Some(edited) = edited(&issue(id(5)), bytes) {
        check(&edited);
    }
    if let Some(device) = bytes.first_chunk::<16>() {
        let device: DeviceId = id(u128::from_be_bytes(*device));
        for text in issue(device) {
            let token: DeviceToken = text.parse().unwrap();
            assert!(both.is_genuine(&token, user, 3) && token.device() == device);
        }
    }
}

/// Parses a token, which must succeed exactly for the prefix and the canonical form of this many bytes.
fn parsed<T: FromStr<Err = TokenError>>(
    text: &[u8],
    prefix: &str,
    bytes: usize,
) -> Option<(String, T)> {
    let text = str::from_utf8(text).ok()?.to_owned();
    let decoded = text
        .strip_prefix(prefix)
        .and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok())
        .filter(|decoded| decoded.len() == bytes);
    let is_canonical = decoded
        .is_some_and(|decoded| format!("{prefix}{}", URL_SAFE_NO_PAD.encode(decoded)) == text);
    let token = text.parse();
    assert_eq!(token.is_ok(), is_canonical, "{text}");
    token.ok().map(|token| (text, token))
}

/// Replaces, inserts and removes bytes of one of the tokens. The first byte selects the token; each
/// further group of three is an edit.
fn edited(tokens: &[String], bytes: &[u8]) -> Option<Vec<u8>> {
    let (first, edits) = bytes.split_first()?;
    let mut token = tokens[usize::from(*first) % tokens.len()]
        .clone()
        .into_bytes();
    for edit in edits.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % token.len().max(1);
        match edit[2] {
            byte @ ..0x80 if at < token.len() => token[at] = byte,
            byte @ 0x80..0xFE => token.insert(at, byte & 0x7F),
            0xFE.. if at < token.len() => drop(token.remove(at)),
            _ => {}
        }
    }
    Some(token)
}

fn secret() -> SecretKey {
    SecretKey::new(SECRET).unwrap()
}

fn older_secret() -> SecretKey {
    SecretKey::new(OLDER_SECRET).unwrap()
}

/// An id of any kind.
fn id<T: FromStr<Err: std::fmt::Debug>>(number: u128) -> T {
    let hex = format!("{number:032x}");
    hex.parse().unwrap()
}
