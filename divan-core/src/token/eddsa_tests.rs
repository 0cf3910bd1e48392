//! Tokens that are signed with EdDSA: keys, key rings, and tokens that must be refused.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

use super::eddsa::is_eddsa_header;
use super::*;
use crate::clock::ManualClock;
use crate::entropy::SeededEntropy;
use crate::types::{Jwk, JwkSet, Role};

const NOW: u64 = 1_780_000_000;
const ISSUER: &str = "https://sec.example.com";

/// The key of RFC 8037, appendix A, as OpenSSL writes it.
const PRIVATE_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";
const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
    -----END PUBLIC KEY-----\n";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const KID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

fn key(seed: u64) -> SigningKey {
    SigningKey::generate(&SeededEntropy::new(seed)).unwrap()
}

fn secret_key() -> SecretKey {
    SecretKey::new([7; 32]).unwrap()
}

fn audiences() -> Audiences {
    Audiences::new("divan.example.com", "sec.example.com").unwrap()
}

fn token(keys: impl Into<KeyRing>) -> String {
    let issuer =
        TokenIssuer::new(keys, ISSUER, audiences()).clock(Arc::new(ManualClock::at_unix(NOW)));
    let user = "0199d0f0-0000-7000-8000-000000000001".parse().unwrap();
    let session = "0199d0f0-0000-7000-8000-000000000002".parse().unwrap();
    let subject = TokenSubject::new(user, Role::Admin, Audience::Admin, session, 7);
    issuer.issue(&subject).unwrap().token.expose().to_owned()
}

fn verifier(keys: impl Into<KeyRing>) -> TokenVerifier {
    TokenVerifier::new(keys, ISSUER, audiences()).clock(Arc::new(ManualClock::at_unix(NOW)))
}

fn by_jwks(jwks: &JwkSet) -> TokenVerifier {
    TokenVerifier::from_jwks(jwks, ISSUER, audiences()).clock(Arc::new(ManualClock::at_unix(NOW)))
}

/// Returns the error of a verifier, if any.
fn rejection(verifier: &TokenVerifier, token: &str) -> Option<TokenError> {
    verifier.verify(token).err()
}

fn header(token: &str) -> Value {
    let header = URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    serde_json::from_slice(&header).unwrap()
}

#[test]
fn an_openssl_key_parses_and_has_the_thumbprint_of_the_rfc() {
    let key = SigningKey::from_pem(PRIVATE_PEM).unwrap();
    assert_eq!(key.verifying_key().kid(), KID);
    assert_eq!(key.to_pem().expose(), PRIVATE_PEM);
    assert_eq!(key.verifying_key().to_pem(), PUBLIC_PEM);
    for pem in [
        PRIVATE_PEM,
        PUBLIC_PEM,
        PUBLIC_PEM.trim_end(),
        &PUBLIC_PEM.replace('\n', "\r\n"),
    ] {
        assert_eq!(
            &VerifyingKey::from_pem(pem).unwrap(),
            key.verifying_key(),
            "{pem}"
        );
    }
    // With the public key (RFC 5958), which must belong to the private key.
    let both = "-----BEGIN PRIVATE KEY-----\n\
        MFECAQEwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9ggSEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
        -----END PRIVATE KEY-----\n";
    let wrapped = both.replace("rAMcrn9g", "rAMcrn9g\n");
    assert_eq!(
        SigningKey::from_pem(&wrapped)
            .unwrap()
            .verifying_key()
            .kid(),
        KID
    );
    assert!(SigningKey::from_pem(&wrapped.replace("HURo=", "HURp=")).is_err());
}

#[test]
fn the_signature_matches_the_rfc() {
    let key = SigningKey::from_pem(PRIVATE_PEM).unwrap();
    let signature = key.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    let expected =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(URL_SAFE_NO_PAD.encode(signature), expected);
}

#[test]
fn invalid_keys_have_distinct_errors() {
    let of = |label: &str, body: &str| {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let x25519 = "MC4CAQAwBQYDK2VuBCIEIOBsO6OYOgHiW+4T6fh7lXcoHmPfmMOQE4v1qE+eG2d0";
    for (pem, refused) in [
        (String::new(), InvalidKey::NotPem),
        ("secret".to_owned(), InvalidKey::NotPem),
        (of("EC PRIVATE KEY", "AAAA"), InvalidKey::NotPem),
        (of("ENCRYPTED PRIVATE KEY", "AAAA"), InvalidKey::Encrypted),
        (PUBLIC_PEM.to_owned(), InvalidKey::Public),
        (of("PRIVATE KEY", "AAAA"), InvalidKey::NotEd25519),
        (of("PRIVATE KEY", "*"), InvalidKey::NotEd25519),
        (of("PRIVATE KEY", x25519), InvalidKey::NotEd25519),
        (
            PRIVATE_PEM.replace("rAMcrn9g", "rAMcrg=="),
            InvalidKey::NotEd25519,
        ),
        (PRIVATE_PEM.repeat(2), InvalidKey::NotEd25519),
    ] {
        assert_eq!(SigningKey::from_pem(&pem).unwrap_err(), refused, "{pem}");
    }
    assert_eq!(
        VerifyingKey::from_pem("secret").unwrap_err(),
        InvalidKey::NotPem
    );
    assert_eq!(
        VerifyingKey::from_pem(&of("PUBLIC KEY", "AAAA")).unwrap_err(),
        InvalidKey::NotEd25519
    );
    // The neutral element, which "signs" everything.
    let weak = of(
        "PUBLIC KEY",
        "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    assert_eq!(
        VerifyingKey::from_pem(&weak).unwrap_err(),
        InvalidKey::NotEd25519
    );
}

#[test]
fn debug_shows_only_the_id_of_a_key() {
    let key = SigningKey::from_pem(PRIVATE_PEM).unwrap();
    assert_eq!(
        format!("{key:?}"),
        format!("SigningKey {{ kid: {KID:?}, .. }}")
    );
    let ring = KeyRing::from(&key).accept_hs256_until(&secret_key(), SystemTime::UNIX_EPOCH);
    let shown = format!(
        "{ring:?} {:?} {:?}",
        TokenIssuer::new(&ring, ISSUER, audiences()),
        verifier(&ring)
    );
    assert!(
        shown.contains("SecretKey(redacted)") && !shown.contains("157, 97, 177"),
        "{shown}"
    );
}

#[test]
fn the_header_contains_only_the_key_id() {
    let key = key(1);
    let token = token(&key);
    let kid = key.verifying_key().kid();
    assert_eq!(
        header(&token),
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid})
    );
    assert_eq!(verifier(&key).verify(&token).unwrap().role, Role::Admin);
}

#[test]
fn the_jwks_has_the_form_of_the_rfc() {
    let key = SigningKey::from_pem(PRIVATE_PEM).unwrap();
    let expected = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": KID, "use": "sig", "alg": "EdDSA"},
    ]});
    assert_eq!(
        serde_json::to_value(KeyRing::from(&key).jwks()).unwrap(),
        expected
    );
    assert_eq!(
        serde_json::to_value(KeyRing::from(&secret_key()).jwks()).unwrap(),
        json!({"keys": []})
    );
}

#[test]
fn a_rotation_keeps_users_signed_in() {
    let (old, new) = (key(1), key(2));
    let (old_token, new_token) = (token(&old), token(&new));
    let announced = verifier(KeyRing::from(&old).accept(new.verifying_key()));
    let rotated = verifier(KeyRing::from(&new).accept(old.verifying_key()));
    for verifier in [&announced, &rotated] {
        assert_eq!(
            (
                rejection(verifier, &old_token),
                rejection(verifier, &new_token)
            ),
            (None, None)
        );
    }
    let done = verifier(&new);
    assert_eq!(
        (rejection(&done, &old_token), rejection(&done, &new_token)),
        (Some(TokenError::UnknownKey), None)
    );
}

#[test]
fn hs256_is_accepted_until_the_date_and_not_after_it() {
    let (key, clock) = (key(1), Arc::new(ManualClock::at_unix(NOW)));
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + 60);
    let ring = KeyRing::from(&key).accept_hs256_until(&secret_key(), until);
    let verifier = verifier(&ring).clock(clock.clone());
    let (hs256, eddsa) = (token(&secret_key()), token(&ring));
    assert_eq!(
        (rejection(&verifier, &hs256), rejection(&verifier, &eddsa)),
        (None, None)
    );
    assert_eq!(header(&eddsa)["alg"], "EdDSA");

    clock.advance(Duration::from_secs(59));
    assert_eq!(rejection(&verifier, &hs256), None);
    clock.advance(Duration::from_secs(1));
    assert_eq!(rejection(&verifier, &hs256), Some(TokenError::Malformed));
    assert_eq!(rejection(&verifier, &eddsa), None);
    let other_secret = token(&SecretKey::new([8; 32]).unwrap());
    clock.set_unix(NOW);
    assert_eq!(
        rejection(&verifier, &other_secret),
        Some(TokenError::SignatureMismatch)
    );
}

#[test]
fn an_hs256_ring_can_announce_a_key_and_accepts_its_own() {
    let next = key(1);
    let ring = KeyRing::from(&secret_key())
        .accept(next.verifying_key())
        .accept_hs256_until(&secret_key(), SystemTime::UNIX_EPOCH);
    let verifier = verifier(&ring);
    assert_eq!(rejection(&verifier, &token(&ring)), None);
    assert_eq!(rejection(&verifier, &token(&next)), None);
    assert_eq!(header(&token(&ring))["alg"], "HS256");
    assert_eq!(ring.jwks(), KeyRing::from(&next).jwks());
}

/// A token with these claims, whose signature is a MAC with a public value as the secret.
fn with_mac(header: &Value, claims: &str, secret: &[u8]) -> String {
    let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()));
    let mac = Hmac::<Sha256>::new_from_slice(secret)
        .unwrap()
        .chain_update(&message)
        .finalize();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.into_bytes()))
}

#[test]
fn a_mac_with_the_public_key_is_rejected() {
    let key = key(1);
    let public = key.verifying_key();
    let (token, x) = (token(&key), public.to_jwk().x.unwrap());
    let claims = token.split('.').nth(1).unwrap();
    let pem = public.to_pem();
    let raw = URL_SAFE_NO_PAD.decode(&x).unwrap();
    let jwk = serde_json::to_string(&public.to_jwk()).unwrap();
    for secret in [
        pem.as_bytes(),
        pem.trim_end().as_bytes(),
        x.as_bytes(),
        &raw,
        jwk.as_bytes(),
    ] {
        for verifier in [verifier(&key), by_jwks(&KeyRing::from(&key).jwks())] {
            let hs256 = with_mac(&json!({"typ": "at+jwt", "alg": "HS256"}), claims, secret);
            assert_eq!(rejection(&verifier, &hs256), Some(TokenError::Malformed));
            let named = json!({"typ": "at+jwt", "alg": "HS256", "kid": public.kid()});
            assert_eq!(
                rejection(&verifier, &with_mac(&named, claims, secret)),
                Some(TokenError::Malformed)
            );
            // With the accepted header, the MAC is not a valid signature.
            let (head, _) = token.split_once('.').unwrap();
            let mac = with_mac(&named, claims, secret);
            let forged = format!("{head}.{claims}.{}", mac.rsplit('.').next().unwrap());
            assert_eq!(
                rejection(&verifier, &forged),
                Some(TokenError::SignatureMismatch)
            );
        }
    }
}

#[test]
fn a_token_cannot_choose_or_embed_its_key() {
    let (ours, theirs) = (key(1), key(2));
    let kid = ours.verifying_key().kid();
    let (verifier, claims) = (verifier(&ours), token(&ours));
    let claims = claims.split('.').nth(1).unwrap();
    let jwk = theirs.verifying_key().to_jwk();
    for header in [
        json!({"alg": "none"}),
        json!({"typ": "at+jwt", "alg": "none", "kid": kid}),
        json!({"typ": "at+jwt", "alg": "EdDSA"}),
        json!({"typ": "at+jwt", "alg": "Ed25519", "kid": kid}),
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": ""}),
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "../../dev/null"}),
        json!({"typ": "JWT", "alg": "EdDSA", "kid": kid}),
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid, "jwk": jwk}),
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid, "jku": "https://example.com/keys"}),
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid, "x5u": "https://example.com/cert"}),
        json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid, "crit": ["exp"], "b64": false}),
    ] {
        // The members have the usual order, so that the test checks more than the order.
        for text in [header.to_string(), ordered(&header)] {
            let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(&text));
            let signed = |key: &SigningKey| URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()));
            for signature in [String::new(), signed(&theirs), signed(&ours)] {
                let forged = format!("{message}.{signature}");
                assert_eq!(
                    rejection(&verifier, &forged),
                    Some(TokenError::Malformed),
                    "{text}"
                );
            }
        }
    }
    let good = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid});
    assert_ne!(
        good.to_string(),
        ordered(&good),
        "another order is another header"
    );
    // A valid header with a wrong signature, and a signature of another header.
    let their_token = token(&theirs);
    assert_eq!(
        rejection(&verifier, &their_token),
        Some(TokenError::UnknownKey)
    );
    let (_, rest) = their_token.split_once('.').unwrap();
    let ours_header = token(&ours).split('.').next().unwrap().to_owned();
    assert_eq!(
        rejection(&verifier, &format!("{ours_header}.{rest}")),
        Some(TokenError::SignatureMismatch)
    );
}

/// The header with `typ`, `alg` and `kid` first, as in valid tokens.
fn ordered(header: &Value) -> String {
    let mut members = header.as_object().unwrap().clone();
    let mut parts = Vec::new();
    for name in ["typ", "alg", "kid"] {
        parts.extend(
            members
                .remove(name)
                .map(|value| format!("{}:{value}", json!(name))),
        );
    }
    parts.extend(
        members
            .iter()
            .map(|(name, value)| format!("{}:{value}", json!(name))),
    );
    format!("{{{}}}", parts.join(","))
}

#[test]
fn unknown_keys_of_a_set_are_ignored() {
    let (first, second) = (key(1), key(2));
    let good = serde_json::to_value(first.verifying_key().to_jwk()).unwrap();
    let with = |member: &str, value: Value| {
        let mut jwk = serde_json::to_value(second.verifying_key().to_jwk()).unwrap();
        jwk[member] = value;
        jwk
    };
    let set: JwkSet = serde_json::from_value(json!({"keys": [
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa", "x5c": ["a"]},
        {"kty": 7}, "a key", null, {"crv": "Ed25519"},
        with("kty", json!("EC")), with("crv", json!("X25519")), with("alg", json!("ES256")),
        with("use", json!("enc")), with("kid", json!(first.verifying_key().kid())), with("kid", json!("other")),
        with("x", json!("AAAA")), with("x", json!(format!("{X}="))), with("x", json!(X)), with("x", json!(7)),
        {"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        good.clone(), good.clone(),
    ], "and": "more"}))
    .unwrap();
    let verifier = by_jwks(&set);
    assert_eq!(rejection(&verifier, &token(&first)), None);
    assert_eq!(
        rejection(&verifier, &token(&second)),
        Some(TokenError::UnknownKey)
    );
    assert_eq!(
        rejection(&verifier, &token(&secret_key())),
        Some(TokenError::Malformed)
    );

    let least = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": good["x"]}]});
    assert_eq!(
        rejection(
            &by_jwks(&serde_json::from_value(least).unwrap()),
            &token(&first)
        ),
        None
    );
    for not_a_set in [
        json!({}),
        json!([]),
        json!({"keys": {}}),
        json!({"keys": null}),
    ] {
        assert!(serde_json::from_value::<JwkSet>(not_a_set).is_err());
    }
}

#[test]
fn a_large_set_is_limited_to_32_keys() {
    let other = std::iter::repeat_n(Jwk::new("RSA"), 1000);
    let many = (0..40).map(|seed| key(seed).verifying_key().to_jwk());
    let verifier = by_jwks(&JwkSet::new(other.chain(many)));
    assert_eq!(rejection(&verifier, &token(&key(31))), None);
    assert_eq!(
        rejection(&verifier, &token(&key(32))),
        Some(TokenError::UnknownKey)
    );
    assert_eq!(
        rejection(&by_jwks(&JwkSet::default()), &token(&key(1))),
        Some(TokenError::UnknownKey)
    );
}

#[test]
fn only_the_exact_header_selects_a_key() {
    let header = |kid: &str| {
        URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"at+jwt","alg":"EdDSA","kid":"{kid}"}}"#))
    };
    assert!(is_eddsa_header(&header(KID)));
    for kid in [
        "",
        &KID[1..],
        &format!("{KID}A"),
        &KID.replace('k', "\\"),
        &KID.replace('k', "\""),
    ] {
        assert!(!is_eddsa_header(&header(kid)), "{kid}");
    }
    assert!(!is_eddsa_header(&format!("{}=", header(KID))));
}

proptest! {
    #[test]
    fn a_changed_byte_is_detected(place in 0_usize..700, byte in any::<u8>()) {
        let key = key(1);
        let mut token = token(&key).into_bytes();
        let place = place % token.len();
        prop_assume!(token[place] != byte);
        token[place] = byte;
        if let Ok(token) = String::from_utf8(token) {
            prop_assert!(verifier(&key).verify(&token).is_err());
        }
    }

    #[test]
    fn parsing_any_text_does_not_panic(text in ".{0,200}") {
        prop_assert!(SigningKey::from_pem(&text).is_err());
        prop_assert!(VerifyingKey::from_pem(&text).is_err());
    }
}
