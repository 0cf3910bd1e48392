use time::OffsetDateTime;
use uuid::Uuid;

use super::*;
use crate::entropy::SeededEntropy;
use crate::store::StoredPasskey;
use crate::token::SecretKey;
use crate::types::{PasskeyCredential, PasskeyId, PasskeyOptions, Role, SessionId, User, UserId};

const ORIGIN: &str = "https://sec.example.com";
const NOW: u64 = 1_780_000_000;

fn keys(fill: u8) -> ChallengeKeys {
    ChallengeKeys::new(&SecretKey::new([fill; 32]).unwrap())
}

fn issue(ceremony: Ceremony) -> PasskeyChallenge {
    let entropy = SeededEntropy::new(1);
    keys(1).issue(ceremony, NOW, &entropy).unwrap()
}

fn challenge() -> PasskeyChallenge {
    issue(Ceremony::SignIn)
}

fn party() -> RelyingParty {
    RelyingParty::new(ORIGIN).unwrap()
}

fn user() -> User {
    let id = UserId(Uuid::from_bytes([7; 16]));
    User::new(id, Role::Admin, "Administrator", OffsetDateTime::UNIX_EPOCH)
}

fn creation_options() -> PasskeyOptions {
    party().creation_options(&challenge(), PasskeyUser(&user()), &[])
}

fn register(credential: &PasskeyCredential) -> Result<NewPasskey, PasskeyError> {
    party().verify_registration(&Registration::parse(credential)?, &challenge())
}

/// Returns an authenticator with a passkey, and the stored passkey.
fn registered() -> (SoftwareAuthenticator, StoredPasskey) {
    let mut authenticator = SoftwareAuthenticator::new(ORIGIN, "first");
    let new = register(&authenticator.create(&creation_options())).unwrap();
    let id = PasskeyId(Uuid::from_bytes([8; 16]));
    let at = OffsetDateTime::UNIX_EPOCH;
    let passkey = StoredPasskey::new(id, user().id, new.credential_id, new.public_key, at);
    (authenticator, passkey)
}

fn verify(
    credential: &PasskeyCredential,
    passkey: &StoredPasskey,
) -> Result<VerifiedAssertion, PasskeyError> {
    party().verify_assertion(&Assertion::parse(credential)?, &challenge(), passkey)
}

fn sign(authenticator: &mut SoftwareAuthenticator) -> PasskeyCredential {
    authenticator.get(&party().request_options(&challenge(), &[]))
}

/// Changes one member of the response.
fn with(
    credential: &PasskeyCredential,
    pointer: &str,
    value: serde_json::Value,
) -> PasskeyCredential {
    let mut json = credential.as_json().clone();
    *json.pointer_mut(pointer).unwrap() = value;
    PasskeyCredential::new(json)
}

#[test]
fn a_registered_passkey_signs_in() {
    let (mut authenticator, passkey) = registered();
    let verified = verify(&sign(&mut authenticator), &passkey).unwrap();
    assert_eq!((verified.counter, verified.is_backed_up), (0, false));
}

#[test]
fn a_registration_contains_what_the_authenticator_reports() {
    let mut authenticator = SoftwareAuthenticator::new(ORIGIN, "first");
    (authenticator.is_synced, authenticator.counter) = (true, Some(5));
    let credential = authenticator.create(&creation_options());
    let transports = serde_json::json!(["usb", "internal", "telepathy", "internal"]);
    let new = register(&with(&credential, "/response/transports", transports)).unwrap();
    assert_eq!(new.transports, ["internal", "usb"]);
    assert!(new.is_backup_eligible && new.is_backed_up);
    assert_eq!(
        (new.counter, new.credential_id),
        (5, authenticator.credential_id())
    );
}

#[test]
fn each_rule_of_the_page_is_checked() {
    type Break = fn(&mut SoftwareAuthenticator);
    let rules: [(Break, PasskeyError); 6] = [
        (
            |a| a.origin = "https://sec.example.com.evil.example".into(),
            PasskeyError::Origin,
        ),
        (
            |a| a.origin = "http://sec.example.com".into(),
            PasskeyError::Origin,
        ),
        (
            |a| a.origin = "https://sec.example.com:8443".into(),
            PasskeyError::Origin,
        ),
        (
            |a| a.top_origin = Some("https://evil.example".into()),
            PasskeyError::CrossOrigin,
        ),
        (
            |a| a.rp_id = Some("example.com".into()),
            PasskeyError::RelyingParty,
        ),
        (
            |a| a.is_user_verified = false,
            PasskeyError::UserNotVerified,
        ),
    ];
    for (break_rule, expected) in rules {
        let (mut authenticator, passkey) = registered();
        break_rule(&mut authenticator);
        let refused = verify(&sign(&mut authenticator), &passkey);
        assert_eq!(refused, Err(expected), "assertion: {expected}");
        let refused = register(&authenticator.create(&creation_options()));
        assert_eq!(refused, Err(expected), "registration: {expected}");
    }
}

#[test]
fn a_response_is_for_one_challenge_and_one_type() {
    let (mut authenticator, passkey) = registered();
    let other = keys(1)
        .issue(Ceremony::SignIn, NOW, &SeededEntropy::new(2))
        .unwrap();
    let credential = authenticator.get(&party().request_options(&other, &[]));
    assert_eq!(verify(&credential, &passkey), Err(PasskeyError::Challenge));

    let created = authenticator.create(&creation_options());
    let data = created.as_json()["response"]["clientDataJSON"].clone();
    let credential = with(&sign(&mut authenticator), "/response/clientDataJSON", data);
    assert_eq!(verify(&credential, &passkey), Err(PasskeyError::Type));
}

#[test]
fn each_byte_that_is_signed_is_covered() {
    let (mut authenticator, passkey) = registered();
    let credential = sign(&mut authenticator);
    for member in ["authenticatorData", "signature"] {
        let pointer = format!("/response/{member}");
        let text = credential
            .as_json()
            .pointer(&pointer)
            .unwrap()
            .as_str()
            .unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = with(&credential, &pointer, base64url(&changed).into());
            assert!(verify(&changed, &passkey).is_err(), "{member} {at}");
            let cut = with(&credential, &pointer, base64url(&bytes[..at]).into());
            assert!(verify(&cut, &passkey).is_err(), "{member} up to {at}");
        }
    }
}

#[test]
fn the_passkey_must_be_the_one_of_the_user() {
    let (mut authenticator, passkey) = registered();
    let mut other_user = passkey.clone();
    other_user.user = UserId(Uuid::from_bytes([9; 16]));
    assert_eq!(
        verify(&sign(&mut authenticator), &other_user),
        Err(PasskeyError::User)
    );
    authenticator.user_handle = None;
    assert_eq!(
        verify(&sign(&mut authenticator), &passkey).map(drop),
        Ok(())
    );

    let mut other = SoftwareAuthenticator::new(ORIGIN, "second");
    assert_eq!(verify(&sign(&mut other), &passkey), Err(PasskeyError::User));
    let id = base64url(&passkey.credential_id).into();
    let credential = with(&sign(&mut other), "/rawId", id);
    assert_eq!(verify(&credential, &passkey), Err(PasskeyError::Signature));
}

#[test]
fn the_counter_must_increase_unless_there_is_none() {
    let (mut authenticator, mut passkey) = registered();
    passkey.counter = 5;
    for (counter, expected) in [
        (None, Err(PasskeyError::Counter)),
        (Some(3), Err(PasskeyError::Counter)),
        (Some(4), Err(PasskeyError::Counter)),
        (Some(5), Ok(6)),
        (Some(u32::MAX - 1), Ok(u32::MAX)),
    ] {
        authenticator.counter = counter;
        let verified = verify(&sign(&mut authenticator), &passkey);
        assert_eq!(
            verified.map(|verified| verified.counter),
            expected,
            "{counter:?}"
        );
    }
}

#[test]
fn a_forged_assertion_does_not_count_as_a_copy() {
    let (mut authenticator, mut passkey) = registered();
    passkey.counter = 5;
    let mut forger = SoftwareAuthenticator::new(ORIGIN, "second");
    forger.user_handle.clone_from(&authenticator.user_handle);
    let id = base64url(&authenticator.credential_id()).into();
    let credential = with(&sign(&mut forger), "/rawId", id);
    assert_eq!(verify(&credential, &passkey), Err(PasskeyError::Signature));
    assert_eq!(
        verify(&sign(&mut authenticator), &passkey),
        Err(PasskeyError::Counter)
    );
}

#[test]
fn a_passkey_does_not_become_synced() {
    let (mut authenticator, passkey) = registered();
    authenticator.is_synced = true;
    let refused = verify(&sign(&mut authenticator), &passkey);
    assert_eq!(refused, Err(PasskeyError::BackupFlags));
}

#[test]
fn malformed_responses_are_refused() {
    let (mut authenticator, passkey) = registered();
    let created = authenticator.create(&creation_options());
    let signed = sign(&mut authenticator);
    for value in [
        serde_json::json!(null),
        serde_json::json!("A"),
        serde_json::json!("e30"),
        serde_json::json!("AAAA"),
        serde_json::json!(42),
    ] {
        for pointer in [
            "/rawId",
            "/response/clientDataJSON",
            "/response/attestationObject",
            "/response",
        ] {
            let refused = register(&with(&created, pointer, value.clone()));
            assert_eq!(refused, Err(PasskeyError::Malformed), "{pointer} {value}");
        }
        for pointer in [
            "/rawId",
            "/response/clientDataJSON",
            "/response/authenticatorData",
            "/response",
        ] {
            let refused = verify(&with(&signed, pointer, value.clone()), &passkey);
            assert!(refused.is_err(), "{pointer} {value}");
        }
    }
}

#[test]
fn repeated_members_of_the_client_data_are_refused() {
    let (mut authenticator, passkey) = registered();
    let credential = sign(&mut authenticator);
    let data = credential.as_json()["response"]["clientDataJSON"]
        .as_str()
        .unwrap();
    let data = String::from_utf8(URL_SAFE_NO_PAD.decode(data).unwrap()).unwrap();
    let data = data.replacen('{', r#"{"origin":"https://evil.example","#, 1);
    let changed = with(
        &credential,
        "/response/clientDataJSON",
        base64url(data.as_bytes()).into(),
    );
    assert_eq!(verify(&changed, &passkey), Err(PasskeyError::Malformed));
}

#[test]
fn a_challenge_is_valid_for_its_ceremony_for_five_minutes() {
    let (one, other) = (
        SessionId(Uuid::from_bytes([1; 16])),
        SessionId(Uuid::from_bytes([2; 16])),
    );
    let all = [
        Ceremony::Registration(one),
        Ceremony::Registration(other),
        Ceremony::StepUp(one),
        Ceremony::StepUp(other),
        Ceremony::SecondFactor([1; 32]),
        Ceremony::SecondFactor([2; 32]),
        Ceremony::SignIn,
    ];
    for issued in all {
        let challenge = issue(issued);
        for asked in all {
            let accepted = keys(1).accept(challenge.as_bytes(), asked, NOW);
            assert_eq!(accepted.is_some(), asked == issued, "{issued:?} {asked:?}");
        }
        let accepts = |now| keys(1).accept(challenge.as_bytes(), issued, now).is_some();
        assert!(accepts(NOW + 299) && !accepts(NOW + 300));
    }
}

#[test]
fn a_challenge_of_another_key_or_with_other_bytes_is_refused() {
    let challenge = challenge();
    let accepts =
        |keys: &ChallengeKeys, bytes: &[u8]| keys.accept(bytes, Ceremony::SignIn, NOW).is_some();
    assert!(!accepts(&keys(2), challenge.as_bytes()));
    let rotated = keys(2).or(&SecretKey::new([1; 32]).unwrap());
    assert!(accepts(&rotated, challenge.as_bytes()));
    for at in 0..challenge.as_bytes().len() {
        let mut changed = challenge.as_bytes().to_vec();
        changed[at] ^= 1;
        assert!(!accepts(&keys(1), &changed), "{at}");
        assert!(!accepts(&keys(1), &changed[..at]), "{at}");
    }
}

#[test]
fn the_relying_party_is_the_host_of_the_panel() {
    for (address, expected) in [
        (
            "https://sec.example.com/",
            Some(("sec.example.com", "https://sec.example.com")),
        ),
        (
            "https://SEC.example.com:8443/panel",
            Some(("sec.example.com", "https://sec.example.com:8443")),
        ),
        (
            "http://sec.localhost:8000/",
            Some(("sec.localhost", "http://sec.localhost:8000")),
        ),
        ("http://sec.example.com/", None),
        ("http://localhost.example.com/", None),
        ("https://192.0.2.7/", None),
        ("https://[2001:db8::7]/", None),
        ("ftp://sec.example.com/", None),
        ("sec.example.com", None),
    ] {
        let party = RelyingParty::new(address).ok();
        let party = party.as_ref().map(|party| (party.id(), party.origin()));
        assert_eq!(party, expected, "{address}");
    }
}

mod keys {
    use ciborium::Value;
    use serde::Deserialize;

    use crate::passkey::PasskeyError;
    use crate::passkey::public_key::PublicKey;

    /// A COSE key and its signature of `divan`, made by OpenSSL.
    #[derive(Deserialize)]
    struct Vector {
        key: String,
        signature: String,
    }

    fn vector(name: &str) -> (Vec<u8>, Vec<u8>) {
        let all: serde_json::Value = serde_json::from_str(include_str!("vectors.json")).unwrap();
        let Vector { key, signature } = serde_json::from_value(all[name].clone()).unwrap();
        (hex(&key), hex(&signature))
    }

    fn hex(text: &str) -> Vec<u8> {
        let bytes = (0..text.len()).step_by(2);
        bytes
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    fn verify(key: &[u8], signature: &[u8]) -> Result<(), PasskeyError> {
        PublicKey::from_cose(key)?.verify(b"divan", signature)
    }

    /// Replaces a member of a COSE key.
    fn with(key: &[u8], name: i64, value: Value) -> Vec<u8> {
        let Value::Map(mut members) = ciborium::from_reader(key).unwrap() else {
            panic!("a COSE key is a map");
        };
        members.retain(|(key, _)| *key != Value::Integer(name.into()));
        members.push((Value::Integer(name.into()), value));
        let mut bytes = Vec::new();
        ciborium::into_writer(&Value::Map(members), &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn signatures_of_openssl_verify() {
        for name in ["ES256", "EdDSA", "RS256"] {
            let (key, signature) = vector(name);
            assert_eq!(verify(&key, &signature), Ok(()), "{name}");
            for at in 0..signature.len() {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                assert_eq!(
                    verify(&key, &changed),
                    Err(PasskeyError::Signature),
                    "{name} {at}"
                );
            }
        }
    }

    #[test]
    fn a_key_has_one_algorithm() {
        for name in ["ES256", "EdDSA", "RS256"] {
            let (key, _) = vector(name);
            let (own, _) = vector(name);
            for algorithm in [-7, -8, -35, -37, -257, -65535, 0, 5] {
                let changed = with(&key, 3, Value::Integer(algorithm.into()));
                let is_own = PublicKey::from_cose(&changed).is_ok();
                let (expected, _) = vector(match algorithm {
                    -7 => "ES256",
                    -8 => "EdDSA",
                    _ => "RS256",
                });
                let is_offered = PublicKey::ALGORITHMS.contains(&algorithm);
                assert_eq!(is_own, is_offered && expected == own, "{name} {algorithm}");
            }
            for key_type in [0, 1, 2, 3, 4] {
                let changed = with(&key, 1, Value::Integer(key_type.into()));
                let expected = match name {
                    "EdDSA" => 1,
                    "ES256" => 2,
                    _ => 3,
                };
                let is_accepted = PublicKey::from_cose(&changed).is_ok();
                assert_eq!(is_accepted, key_type == expected, "{name} {key_type}");
            }
        }
    }

    #[test]
    fn weak_and_invalid_keys_are_refused() {
        let (p256, _) = vector("ES256");
        let (ed25519, _) = vector("EdDSA");
        let (rsa, _) = vector("RS256");
        let (short, _) = vector("RS256, 1024 bits");
        let mut low_order = vec![0; 32];
        low_order[0] = 1;
        let integer = |value: i64| Value::Integer(value.into());
        for (case, key) in [
            ("a curve of another name", with(&p256, -1, integer(2))),
            (
                "a point that is not on the curve",
                with(&p256, -2, Value::Bytes(vec![1; 32])),
            ),
            (
                "a short coordinate",
                with(&p256, -2, Value::Bytes(vec![1; 31])),
            ),
            ("a coordinate of another type", with(&p256, -2, integer(1))),
            ("X25519", with(&ed25519, -1, integer(4))),
            (
                "a point of low order",
                with(&ed25519, -2, Value::Bytes(low_order)),
            ),
            ("RSA with 1024 bits", short),
            (
                "RSA with 8192 bits",
                with(&rsa, -1, Value::Bytes(vec![0xFF; 1024])),
            ),
            (
                "RSA with an even modulus",
                with(&rsa, -1, Value::Bytes(vec![0xFE; 256])),
            ),
            (
                "RSA with leading zeros",
                with(
                    &rsa,
                    -1,
                    Value::Bytes([[0; 8000].as_slice(), &[0xFF; 256]].concat()),
                ),
            ),
            (
                "RSA with leading zeros in the exponent",
                with(&rsa, -2, Value::Bytes(vec![0, 1, 0, 1])),
            ),
            (
                "RSA with the exponent 1",
                with(&rsa, -2, Value::Bytes(vec![1])),
            ),
            ("bytes after the key", [p256.as_slice(), &[0]].concat()),
            ("no bytes", Vec::new()),
            ("no map", vec![0x80]),
        ] {
            assert!(PublicKey::from_cose(&key).is_err(), "{case}");
        }
    }
}
