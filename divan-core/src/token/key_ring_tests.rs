//! Tokens that are signed with private keys: key rings, and tokens that must be refused.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::test_keys::*;
use super::verifying_key::is_header_of_a_key;
use super::*;
use crate::clock::ManualClock;
use crate::types::{Jwk, JwkSet, Role};

#[test]
fn the_header_contains_only_the_key_id() {
    for algorithm in SigningAlgorithm::ALL {
        let key = key(algorithm, 1);
        let token = token(&key);
        let kid = key.verifying_key().kid();
        assert_eq!(
            header(&token),
            json!({"typ": "at+jwt", "alg": algorithm.as_str(), "kid": kid})
        );
        assert_eq!(verifier(&key).verify(&token).unwrap().role, Role::Admin);
    }
}

#[test]
fn a_secret_key_is_not_published() {
    assert_eq!(
        serde_json::to_value(KeyRing::from(&secret_key()).jwks()).unwrap(),
        json!({"keys": []})
    );
}

#[test]
fn a_rotation_keeps_users_signed_in() {
    for [old, new] in pairs() {
        rotate(&old, &new);
    }
}

fn rotate(old: &SigningKey, new: &SigningKey) {
    let (old_token, new_token) = (token(old), token(new));
    let announced = verifier(KeyRing::from(old).accept(new.verifying_key()));
    let rotated = verifier(KeyRing::from(new).accept(old.verifying_key()));
    let published = by_jwks(&KeyRing::from(new).accept(old.verifying_key()).jwks());
    for verifier in [&announced, &rotated, &published] {
        assert_eq!(
            (
                rejection(verifier, &old_token),
                rejection(verifier, &new_token)
            ),
            (None, None)
        );
    }
    let done = verifier(new);
    assert_eq!(
        (rejection(&done, &old_token), rejection(&done, &new_token)),
        (Some(TokenError::UnknownKey), None)
    );
}

#[test]
fn hs256_is_accepted_until_the_date_and_not_after_it() {
    let (key, clock) = (eddsa(1), Arc::new(ManualClock::at_unix(NOW)));
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
    let next = es256(1);
    let ring = KeyRing::from(&secret_key())
        .accept(next.verifying_key())
        .accept_hs256_until(&secret_key(), SystemTime::UNIX_EPOCH);
    let verifier = verifier(&ring);
    assert_eq!(rejection(&verifier, &token(&ring)), None);
    assert_eq!(rejection(&verifier, &token(&next)), None);
    assert_eq!(header(&token(&ring))["alg"], "HS256");
    assert_eq!(ring.jwks(), KeyRing::from(&next).jwks());
}

#[test]
fn a_mac_with_the_public_key_is_rejected() {
    for algorithm in SigningAlgorithm::ALL {
        reject_macs(&key(algorithm, 1));
    }
}

fn reject_macs(key: &SigningKey) {
    let public = key.verifying_key();
    let (token, x) = (token(key), public.to_jwk().x.unwrap());
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
        for verifier in [verifier(key), by_jwks(&KeyRing::from(key).jwks())] {
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
    for [ours, theirs] in pairs() {
        reject_choices(&ours, &theirs);
    }
}

fn reject_choices(ours: &SigningKey, theirs: &SigningKey) {
    let alg = ours.algorithm().as_str();
    let other = SigningAlgorithm::ALL.map(SigningAlgorithm::as_str);
    let other = other.into_iter().find(|other| *other != alg).unwrap();
    let kid = ours.verifying_key().kid();
    let (verifier, claims) = (verifier(ours), token(ours));
    let claims = claims.split('.').nth(1).unwrap();
    let jwk = theirs.verifying_key().to_jwk();
    for header in [
        json!({"alg": "none"}),
        json!({"typ": "at+jwt", "alg": "none", "kid": kid}),
        json!({"typ": "at+jwt", "alg": alg}),
        json!({"typ": "at+jwt", "alg": "Ed25519", "kid": kid}),
        json!({"typ": "at+jwt", "alg": "ES256K", "kid": kid}),
        json!({"typ": "at+jwt", "alg": "ES384", "kid": kid}),
        json!({"typ": "at+jwt", "alg": alg, "kid": ""}),
        json!({"typ": "at+jwt", "alg": alg, "kid": "../../dev/null"}),
        json!({"typ": "JWT", "alg": alg, "kid": kid}),
        json!({"typ": "at+jwt", "alg": alg, "kid": kid, "jwk": jwk}),
        json!({"typ": "at+jwt", "alg": alg, "kid": kid, "jku": "https://example.com/keys"}),
        json!({"typ": "at+jwt", "alg": alg, "kid": kid, "x5u": "https://example.com/cert"}),
        json!({"typ": "at+jwt", "alg": alg, "kid": kid, "crit": ["exp"], "b64": false}),
    ] {
        // The members have the usual order, so that the test checks more than the order.
        for text in [header.to_string(), ordered(&header)] {
            let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(&text));
            let signed = |key: &SigningKey| URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()));
            for signature in [String::new(), signed(theirs), signed(ours)] {
                let forged = format!("{message}.{signature}");
                assert_eq!(
                    rejection(&verifier, &forged),
                    Some(TokenError::Malformed),
                    "{text}"
                );
            }
        }
    }
    let good = json!({"typ": "at+jwt", "alg": alg, "kid": kid});
    assert_ne!(
        good.to_string(),
        ordered(&good),
        "another order is another header"
    );
    // The header of the other algorithm with the id of this key selects no key.
    let confused = ordered(&json!({"typ": "at+jwt", "alg": other, "kid": kid}));
    let message = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(&confused));
    for key in [ours, theirs] {
        let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()));
        assert_eq!(
            rejection(&verifier, &format!("{message}.{signature}")),
            Some(TokenError::UnknownKey)
        );
    }
    // A valid header with a wrong signature, and a signature of another header.
    let their_token = token(theirs);
    assert_eq!(
        rejection(&verifier, &their_token),
        Some(TokenError::UnknownKey)
    );
    let (_, rest) = their_token.split_once('.').unwrap();
    let ours_header = token(ours).split('.').next().unwrap().to_owned();
    assert_eq!(
        rejection(&verifier, &format!("{ours_header}.{rest}")),
        Some(TokenError::SignatureMismatch)
    );
}

#[test]
fn unknown_keys_of_a_set_are_ignored() {
    for [first, second] in pairs() {
        ignore_unusable_forms(&first, &second);
    }
    for not_a_set in [
        json!({}),
        json!([]),
        json!({"keys": {}}),
        json!({"keys": null}),
    ] {
        assert!(serde_json::from_value::<JwkSet>(not_a_set).is_err());
    }
}

/// Keys whose `x` is not valid for any key: wrong length, not base64url, of another key, not a text.
fn coordinates(other: &str) -> [Value; 5] {
    [
        json!("AAAA"),
        json!(format!("{other}=")),
        json!(format!("{}*", &other[1..])),
        json!(other),
        json!(7),
    ]
}

fn ignore_unusable_forms(first: &SigningKey, second: &SigningKey) {
    let good = serde_json::to_value(first.verifying_key().to_jwk()).unwrap();
    let with = |member: &str, value: Value| {
        let mut jwk = serde_json::to_value(second.verifying_key().to_jwk()).unwrap();
        jwk[member] = value;
        jwk
    };
    let other = if second.algorithm() == SigningAlgorithm::EdDsa {
        "ES256"
    } else {
        "EdDSA"
    };
    let mut keys = vec![
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa", "x5c": ["a"]}),
        json!({"kty": 7}),
        json!("a key"),
        Value::Null,
        json!({"crv": "Ed25519"}),
        with("kty", json!("RSA")),
        with("crv", json!("X25519")),
        with("crv", json!("P-384")),
        with("alg", json!(other)),
        with("use", json!("enc")),
        with("kid", json!(first.verifying_key().kid())),
        with("kid", json!("other")),
        json!({"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}),
        good.clone(),
        good.clone(),
    ];
    keys.extend(coordinates(&eddsa(3).verifying_key().to_jwk().x.unwrap()).map(|x| with("x", x)));
    if second.algorithm() == SigningAlgorithm::Es256 {
        keys.extend(
            coordinates(&es256(3).verifying_key().to_jwk().y.unwrap()).map(|y| with("y", y)),
        );
        keys.push(with("y", Value::Null));
    }
    let set = serde_json::from_value(json!({"keys": keys, "and": "more"})).unwrap();
    let verifier = by_jwks(&set);
    assert_eq!(rejection(&verifier, &token(first)), None);
    assert_eq!(
        rejection(&verifier, &token(second)),
        Some(TokenError::UnknownKey)
    );
    assert_eq!(
        rejection(&verifier, &token(&secret_key())),
        Some(TokenError::Malformed)
    );

    let mut least = good;
    for optional in ["kid", "use", "alg"] {
        least.as_object_mut().unwrap().remove(optional);
    }
    let least = serde_json::from_value(json!({"keys": [least]})).unwrap();
    assert_eq!(rejection(&by_jwks(&least), &token(first)), None);
}

#[test]
fn a_large_set_is_limited_to_32_keys() {
    let other = std::iter::repeat_n(Jwk::new("RSA"), 1000);
    let many = (0..40).map(|seed| eddsa(seed).verifying_key().to_jwk());
    let verifier = by_jwks(&JwkSet::new(other.chain(many)));
    assert_eq!(rejection(&verifier, &token(&eddsa(31))), None);
    assert_eq!(
        rejection(&verifier, &token(&eddsa(32))),
        Some(TokenError::UnknownKey)
    );
    assert_eq!(
        rejection(&by_jwks(&JwkSet::default()), &token(&eddsa(1))),
        Some(TokenError::UnknownKey)
    );
}

#[test]
fn only_the_exact_header_selects_a_key() {
    let kid = eddsa(1).verifying_key().kid().to_owned();
    for alg in SigningAlgorithm::ALL.map(SigningAlgorithm::as_str) {
        let header = |kid: &str| {
            URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{kid}"}}"#))
        };
        assert!(is_header_of_a_key(&header(&kid)));
        for kid in [
            "",
            &kid[1..],
            &format!("{kid}A"),
            &format!("{}\\", &kid[1..]),
            &format!("{}\"", &kid[1..]),
        ] {
            assert!(!is_header_of_a_key(&header(kid)), "{kid}");
        }
        assert!(!is_header_of_a_key(&format!("{}=", header(&kid))));
    }
}

/// Changes a byte of a token. `None` if that changes nothing.
fn changed(token: String, place: usize, byte: u8) -> Option<String> {
    let mut token = token.into_bytes();
    let place = place % token.len();
    let before = std::mem::replace(&mut token[place], byte);
    String::from_utf8(token).ok().filter(|_| before != byte)
}

proptest! {
    #[test]
    fn a_changed_byte_is_detected(place in 0_usize..700, byte in any::<u8>()) {
        for key in [eddsa(1), es256(1)] {
            if let Some(changed) = changed(token(&key), place, byte) {
                prop_assert!(verifier(&key).verify(&changed).is_err());
            }
        }
    }

    #[test]
    fn parsing_any_text_does_not_panic(text in ".{0,200}") {
        prop_assert!(SigningKey::from_pem(&text).is_err());
        prop_assert!(VerifyingKey::from_pem(&text).is_err());
    }
}
