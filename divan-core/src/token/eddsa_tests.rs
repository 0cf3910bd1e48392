//! Ed25519 keys.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::test_keys::*;
use super::*;

/// The key of RFC 8037, appendix A, as OpenSSL writes it.
const PRIVATE_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";
const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
    -----END PUBLIC KEY-----\n";
const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const KID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

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
    let x25519 = "MC4CAQAwBQYDK2VuBCIEIOBsO6OYOgHiW+4T6fh7lXcoHmPfmMOQE4v1qE+eG2d0";
    for (text, refused) in [
        (String::new(), InvalidKey::NotPem),
        ("secret".to_owned(), InvalidKey::NotPem),
        (pem("CERTIFICATE", "AAAA"), InvalidKey::NotPem),
        (pem("RSA PRIVATE KEY", "AAAA"), InvalidKey::Unsupported),
        (pem("ENCRYPTED PRIVATE KEY", "AAAA"), InvalidKey::Encrypted),
        (PUBLIC_PEM.to_owned(), InvalidKey::Public),
        (pem("PRIVATE KEY", "AAAA"), InvalidKey::Malformed),
        (pem("PRIVATE KEY", "*"), InvalidKey::Malformed),
        (pem("PRIVATE KEY", x25519), InvalidKey::Unsupported),
        (
            PRIVATE_PEM.replace("rAMcrn9g", "rAMcrg=="),
            InvalidKey::Malformed,
        ),
        (PRIVATE_PEM.repeat(2), InvalidKey::Malformed),
    ] {
        assert_eq!(SigningKey::from_pem(&text).unwrap_err(), refused, "{text}");
    }
    assert_eq!(
        VerifyingKey::from_pem("secret").unwrap_err(),
        InvalidKey::NotPem
    );
    assert_eq!(
        VerifyingKey::from_pem(&pem("PUBLIC KEY", "AAAA")).unwrap_err(),
        InvalidKey::Malformed
    );
    // The neutral element, which "signs" everything.
    let weak = pem(
        "PUBLIC KEY",
        "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    assert_eq!(
        VerifyingKey::from_pem(&weak).unwrap_err(),
        InvalidKey::Malformed
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
fn the_jwks_has_the_form_of_the_rfc() {
    let key = SigningKey::from_pem(PRIVATE_PEM).unwrap();
    let expected = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": KID, "use": "sig", "alg": "EdDSA"},
    ]});
    assert_eq!(
        serde_json::to_value(KeyRing::from(&key).jwks()).unwrap(),
        expected
    );
}
