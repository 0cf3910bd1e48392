//! divan-core issues and verifies its tokens with every crypto backend that a host gives
//! `jsonwebtoken`, and takes nothing away from the host. Run with `--features rust-crypto`, with
//! `--features aws-lc`, and with neither.
#![cfg(test)]
#![forbid(unsafe_code)]

use divan_core::entropy::OsEntropy;
use divan_core::token::{
    Audiences, KeyRing, Scope, SecretKey, SigningAlgorithm, SigningKey, TokenIssuer, TokenSubject,
    TokenVerifier,
};
use divan_core::types::{Audience, Role, SessionId, UserId};

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
const ISSUER: &str = "https://sec.example.com";

fn audiences() -> Audiences {
    Audiences::new("divan.example.com", "sec.example.com").unwrap()
}

fn user() -> UserId {
    "0199d0f0-0000-7000-8000-000000000001".parse().unwrap()
}

fn session() -> SessionId {
    "0199d0f0-0000-7000-8000-000000000002".parse().unwrap()
}

fn issue() -> String {
    issue_with(&KeyRing::from(&SecretKey::new(KEY).unwrap()), None)
}

fn issue_with(keys: &KeyRing, scope: Option<Scope>) -> String {
    let subject =
        TokenSubject::new(user(), Role::Admin, Audience::Admin, session(), 1).with_scope(scope);
    let token = TokenIssuer::new(keys, ISSUER, audiences())
        .issue(&subject)
        .unwrap();
    token.token.expose().to_owned()
}

#[test]
fn divan_issues_and_verifies() {
    let verifier = TokenVerifier::new(&SecretKey::new(KEY).unwrap(), ISSUER, audiences());
    assert_eq!(verifier.verify(&issue()).unwrap().user, user());
}

#[test]
fn divan_verifies_by_public_keys_alone() {
    for algorithm in SigningAlgorithm::ALL {
        let keys = KeyRing::from(&SigningKey::generate(algorithm, &OsEntropy).unwrap());
        let verifier = TokenVerifier::from_jwks(&keys.jwks(), ISSUER, audiences());
        assert_eq!(
            verifier.verify(&issue_with(&keys, None)).unwrap().user,
            user()
        );
        assert!(verifier.verify(&issue()).is_err());
    }
}

#[cfg(any(feature = "rust-crypto", feature = "aws-lc"))]
mod with_a_backend {
    use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
    use serde_json::{Value, json};

    use super::*;

    /// Made for this test; it protects nothing.
    const PRIVATE: &[u8] = include_bytes!("rsa.pem");
    const PUBLIC: &[u8] = include_bytes!("rsa.pub.pem");

    #[test]
    fn the_host_keeps_rs256_after_divan_has_worked() {
        divan_issues_and_verifies();
        let claims = json!({"sub": "somebody", "exp": 4_102_444_800_u64});
        let key = EncodingKey::from_rsa_pem(PRIVATE).unwrap();
        let token = encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap();
        let key = DecodingKey::from_rsa_pem(PUBLIC).unwrap();
        let decoded = decode::<Value>(&token, &key, &Validation::new(Algorithm::RS256)).unwrap();
        assert_eq!(decoded.claims, claims);
        divan_issues_and_verifies();
    }

    #[test]
    fn jsonwebtoken_reads_a_token_of_divan_as_divan_does() {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["sec.example.com"]);
        validation.set_issuer(&[ISSUER]);
        let decoded =
            decode::<Value>(&issue(), &DecodingKey::from_secret(KEY), &validation).unwrap();
        assert_eq!(decoded.claims["sub"], user().to_string());
        assert_eq!(decoded.header.typ.as_deref(), Some("at+jwt"));
    }

    #[test]
    fn a_standard_audience_check_of_jsonwebtoken_refuses_limited_tokens() {
        let key = SecretKey::new(KEY).unwrap();
        let limited = issue_with(&KeyRing::from(&key), Some(Scope::PasswordChange));
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["sec.example.com"]);
        validation.set_issuer(&[ISSUER]);
        let decoded = decode::<Value>(&limited, &DecodingKey::from_secret(KEY), &validation);
        let error = decoded.unwrap_err();
        assert_eq!(
            error.kind(),
            &jsonwebtoken::errors::ErrorKind::InvalidAudience
        );

        let verifier = TokenVerifier::new(&key, ISSUER, audiences());
        assert!(verifier.verify(&limited).is_err());
        let claims = verifier.verify_any_scope(&limited).unwrap();
        assert_eq!(claims.scope, Some(Scope::PasswordChange));
    }

    #[test]
    fn jsonwebtoken_verifies_a_token_of_divan_by_its_public_keys() {
        verify_with_jsonwebtoken(SigningAlgorithm::EdDsa, Algorithm::EdDSA);
        verify_with_jsonwebtoken(SigningAlgorithm::Es256, Algorithm::ES256);
    }

    fn verify_with_jsonwebtoken(ours: SigningAlgorithm, theirs: Algorithm) {
        let keys = KeyRing::from(&SigningKey::generate(ours, &OsEntropy).unwrap());
        let jwks = serde_json::to_string(&keys.jwks()).unwrap();
        let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&jwks).unwrap();
        let token = issue_with(&keys, None);
        let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
        let key = jwks.find(&kid).unwrap();
        assert_eq!(
            key.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)
                .unwrap(),
            kid
        );

        let mut validation = Validation::new(theirs);
        validation.set_audience(&["sec.example.com"]);
        validation.set_issuer(&[ISSUER]);
        let decoded =
            decode::<Value>(&token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap();
        assert_eq!(decoded.claims["sub"], user().to_string());
    }

    #[test]
    fn divan_refuses_what_jsonwebtoken_makes_with_the_same_key() {
        // Same key, same claims, but the header of a plain JWT.
        let claims = json!({
            "iss": ISSUER, "sub": user(), "aud": "sec.example.com", "role": "admin", "sid": session(), "gen": 1,
            "iat": 1, "nbf": 1, "exp": 4_102_444_800_u64, "jti": "x",
        });
        let key = EncodingKey::from_secret(KEY);
        let verifier = TokenVerifier::new(&SecretKey::new(KEY).unwrap(), ISSUER, audiences());
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let token = encode(&Header::new(algorithm), &claims, &key).unwrap();
            assert!(verifier.verify(&token).is_err());
        }
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".to_owned());
        let token = encode(&header, &claims, &key).unwrap();
        assert!(
            verifier.verify(&token).is_ok(),
            "the signatures are the same"
        );
    }
}
