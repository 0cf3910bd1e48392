use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::claims::WireClaims;
use super::*;
use crate::clock::ManualClock;
use crate::entropy::SeededEntropy;
use crate::types::{AuthMethod, AuthMethods, Role, SessionId, UserId};

const NOW: u64 = 1_780_000_000;
const ISSUER: &str = "https://sec.example.com";

struct Fixture {
    clock: Arc<ManualClock>,
    issuer: TokenIssuer,
    verifier: TokenVerifier,
}

fn fixture() -> Fixture {
    let clock = Arc::new(ManualClock::at_unix(NOW));
    let key = SecretKey::new([7; 32]).unwrap();
    let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
    Fixture {
        issuer: TokenIssuer::new(&key, ISSUER, audiences.clone())
            .clock(clock.clone())
            .entropy(Arc::new(SeededEntropy::new(1))),
        verifier: TokenVerifier::new(&key, ISSUER, audiences).clock(clock.clone()),
        clock,
    }
}

fn user() -> UserId {
    "0199d0f0-0000-7000-8000-000000000001".parse().unwrap()
}

fn session() -> SessionId {
    "0199d0f0-0000-7000-8000-000000000002".parse().unwrap()
}

fn subject(role: Role, audience: Audience) -> TokenSubject {
    TokenSubject::new(user(), role, audience, session(), 7)
}

impl Fixture {
    fn token(&self) -> String {
        self.issuer
            .issue(&subject(Role::Admin, Audience::Admin))
            .unwrap()
            .token
            .expose()
            .to_owned()
    }

    /// A well-signed token whose claims differ from the good ones.
    fn token_with(&self, change: impl FnOnce(&mut WireClaims<'_>)) -> String {
        let mut claims = WireClaims {
            iss: ISSUER.into(),
            sub: user(),
            aud: "sec.example.com".into(),
            client_id: None,
            role: Role::Admin,
            sid: session(),
            generation: 7,
            scope: None,
            auth_time: None,
            amr: AuthMethods::NONE,
            iat: NOW,
            nbf: NOW,
            exp: NOW + 600,
            jti: "id".into(),
        };
        change(&mut claims);
        self.issuer.sign(&claims).expose().to_owned()
    }
}

#[test]
fn a_token_tells_when_and_how_the_user_signed_in() {
    let f = fixture();
    let methods = AuthMethods::PASSWORD.with(AuthMethod::OneTimeCode);
    let subject = TokenSubject::new(user(), Role::Admin, Audience::Admin, session(), 7);
    let token = f.issuer.issue(&subject.with_proof(NOW - 60, methods));
    let claims = f.verifier.verify(token.unwrap().token.expose()).unwrap();
    assert_eq!(
        (claims.auth_time, claims.auth_methods),
        (Some(NOW - 60), methods)
    );

    // As older versions issued it, without `client_id` too.
    let claims = f.verifier.verify(&f.token_with(|_| ())).unwrap();
    assert_eq!(
        (claims.auth_time, claims.auth_methods),
        (None, AuthMethods::NONE)
    );
}

#[test]
fn an_issued_token_verifies_until_it_expires() {
    let f = fixture();
    let token = f.token();
    let claims = f.verifier.verify(&token).unwrap();
    assert_eq!(
        (claims.user, claims.role, claims.audience),
        (user(), Role::Admin, Audience::Admin)
    );
    assert_eq!((claims.issued_at, claims.expires_at), (NOW, NOW + 600));
    assert_eq!(
        (claims.session, claims.generation, claims.scope),
        (session(), 7, None)
    );

    f.clock.advance(Duration::from_secs(629));
    assert!(f.verifier.verify(&token).is_ok(), "within the leeway");
    f.clock.advance(Duration::from_secs(1));
    assert_eq!(f.verifier.verify(&token), Err(TokenError::Expired));
}

#[test]
fn a_token_contains_only_the_documented_claims() {
    let token = fixture().token();
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], json!({"typ": "at+jwt", "alg": "HS256"}));
    let mut claims = parts[1].as_object().unwrap().clone();
    assert_eq!(claims.remove("jti").unwrap().as_str().unwrap().len(), 22);
    let expected = json!({
        "iss": ISSUER, "sub": user(), "aud": "sec.example.com", "client_id": "sec.example.com",
        "role": "admin", "sid": session(), "gen": 7,
        "iat": NOW, "nbf": NOW, "exp": NOW + 600,
    });
    assert_eq!(Value::Object(claims), expected);
}

#[test]
fn each_audience_has_its_own_claim_and_lifetime() {
    let f = fixture();
    let token = f
        .issuer
        .issue(&subject(Role::Employee, Audience::MiniApp))
        .unwrap();
    assert_eq!(token.expires_in, Duration::from_mins(15));
    assert_eq!(
        f.verifier.verify(token.token.expose()).unwrap().audience,
        Audience::MiniApp
    );
}

#[test]
fn equal_hosts_are_rejected() {
    for (miniapp, admin) in [
        ("a.kz", "a.kz"),
        ("a.kz", "A.KZ"),
        ("", "a.kz"),
        ("a.kz", ""),
    ] {
        assert_eq!(
            Audiences::new(miniapp, admin),
            Err(InvalidAudiences),
            "{miniapp} {admin}"
        );
    }
}

#[test]
fn a_short_key_is_rejected() {
    assert_eq!(SecretKey::new([0; 31]).unwrap_err(), ShortKey(31));
    assert_eq!(
        format!("{:?}", SecretKey::new([0; 32]).unwrap()),
        "SecretKey(redacted)"
    );
}

#[test]
fn a_token_cannot_choose_its_algorithm() {
    let f = fixture();
    let token = f.token();
    let (_, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    for header in [
        json!({"alg": "none", "typ": "at+jwt"}),
        json!({"alg": "None"}),
        json!({"alg": "HS512", "typ": "at+jwt"}),
        json!({"alg": "RS256", "typ": "at+jwt"}),
        json!({"typ": "JWT", "alg": "HS256"}),
        json!({"typ": "at+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}),
        json!({"typ": "at+jwt", "alg": "HS256", "jku": "https://example.com"}),
        json!({"typ": "at+jwt", "alg": "HS256", "crit": ["x"]}),
    ] {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        for signature in ["", signature] {
            let forged = format!("{header}.{claims}.{signature}");
            assert_eq!(
                f.verifier.verify(&forged),
                Err(TokenError::Malformed),
                "{header}"
            );
        }
    }
}

#[test]
fn a_token_of_another_key_issuer_audience_or_scope_is_rejected() {
    let f = fixture();
    let other_key = SecretKey::new([8; 32]).unwrap();
    let audiences = Audiences::new("divan.example.com", "sec.example.com").unwrap();
    let other = TokenIssuer::new(&other_key, ISSUER, audiences).clock(f.clock.clone());
    let other = other.issue(&subject(Role::Admin, Audience::Admin)).unwrap();
    assert_eq!(
        f.verifier.verify(other.token.expose()),
        Err(TokenError::SignatureMismatch)
    );

    let not_accepted = [
        f.token_with(|claims| claims.iss = "https://elsewhere.example.com".into()),
        f.token_with(|claims| claims.aud = "elsewhere.example.com".into()),
        f.token_with(|claims| claims.scope = Some("password-change".into())),
        f.token_with(|claims| claims.aud = "sec.example.com/limited".into()),
    ];
    for token in not_accepted {
        assert_eq!(f.verifier.verify(&token), Err(TokenError::NotAccepted));
    }
    let early = f.token_with(|claims| claims.nbf = NOW + 31);
    assert_eq!(f.verifier.verify(&early), Err(TokenError::NotYetValid));
    let from_the_future = f.token_with(|claims| claims.iat = NOW + 31);
    assert_eq!(
        f.verifier.verify(&from_the_future),
        Err(TokenError::NotYetValid)
    );
    let eternal = f.token_with(|claims| claims.exp = u64::MAX);
    assert!(f.verifier.verify(&eternal).is_ok());
}

#[test]
fn verify_rejects_limited_tokens_and_verify_any_scope_accepts_them() {
    let f = fixture();
    let limited = TokenSubject {
        scope: Some(Scope::PasswordChange),
        ..subject(Role::Employee, Audience::MiniApp)
    };
    let token = f.issuer.issue(&limited).unwrap().token;
    assert_eq!(
        f.verifier.verify(token.expose()),
        Err(TokenError::NotAccepted)
    );
    let claims = f.verifier.verify_any_scope(token.expose()).unwrap();
    assert_eq!(claims.scope, Some(Scope::PasswordChange));
    let payload = URL_SAFE_NO_PAD.decode(token.expose().split('.').nth(1).unwrap());
    let payload: Value = serde_json::from_slice(&payload.unwrap()).unwrap();
    assert_eq!(
        (&payload["aud"], &payload["client_id"]),
        (
            &json!("divan.example.com/limited"),
            &json!("divan.example.com")
        )
    );
    assert!(
        f.verifier
            .verify_any_scope(&f.token())
            .is_ok_and(|claims| claims.scope.is_none())
    );
    for unknown in ["", "password-change ", "password-change admin", "admin"] {
        let token = f.token_with(|claims| {
            claims.scope = Some(unknown.into());
            claims.aud = "sec.example.com/limited".into();
        });
        assert_eq!(
            f.verifier.verify_any_scope(&token),
            Err(TokenError::NotAccepted),
            "{unknown}"
        );
    }
}

#[test]
fn scope_and_limited_audience_go_together() {
    let f = fixture();
    for (aud, scope, is_accepted) in [
        ("sec.example.com", None, true),
        ("sec.example.com/limited", Some("password-change"), true),
        ("sec.example.com", Some("password-change"), false),
        ("sec.example.com/limited", None, false),
        (
            "sec.example.com/limited/limited",
            Some("password-change"),
            false,
        ),
        ("/limited", Some("password-change"), false),
    ] {
        let token = f.token_with(|claims| {
            claims.aud = aud.into();
            claims.scope = scope.map(Into::into);
        });
        let result = f.verifier.verify_any_scope(&token);
        assert_eq!(result.is_ok(), is_accepted, "{aud} {scope:?}");
        assert_eq!(
            f.verifier.verify(&token).is_ok(),
            is_accepted && scope.is_none()
        );
    }
    assert_eq!(
        Audiences::new("a.kz", "a.kz/limited"),
        Err(InvalidAudiences)
    );
}

proptest! {
    #[test]
    fn a_changed_byte_is_detected(place in 0_usize..500, byte in any::<u8>()) {
        let f = fixture();
        let mut token = f.token().into_bytes();
        let place = place % token.len();
        prop_assume!(token[place] != byte);
        token[place] = byte;
        if let Ok(token) = String::from_utf8(token) {
            prop_assert!(f.verifier.verify(&token).is_err());
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,300}") {
        prop_assert!(fixture().verifier.verify(&text).is_err());
    }
}
