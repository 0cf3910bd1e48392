//! P-256 keys, and the forms of their signatures.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::Signature;
use serde_json::json;

use super::test_keys::*;
use super::*;
use crate::entropy::{Entropy, NoEntropy};
use crate::types::Jwk;

/// The key of RFC 7515, appendix A.3, as OpenSSL writes it: PKCS#8, SEC 1 and SPKI.
const PRIVATE_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n\
    H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n\
    7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n\
    -----END PRIVATE KEY-----\n";
const SEC1_PEM: &str = "-----BEGIN EC PRIVATE KEY-----\n\
    MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\n\
    AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n\
    focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n\
    -----END EC PRIVATE KEY-----\n";
const PARAMETERS: &str =
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
const PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n\
    6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n\
    -----END PUBLIC KEY-----\n";
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const KID: &str = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U";

/// A message of RFC 7515, appendix A.3, and its signature.
const MESSAGE: &[u8] = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog\
    Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// The same signature with the smaller S, computed without this program.
const LOW_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmU69fgrc8OPGycO0lD3tat_FoFp57SETepkeks4eL_QfA";

/// The order of the curve (FIPS 186-4, D.1.2.3).
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6,
    0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

#[test]
fn keys_of_openssl_parse_and_have_the_thumbprint_of_the_rfc() {
    let key = SigningKey::from_pem(PRIVATE_PEM).unwrap();
    assert_eq!(
        (key.algorithm(), key.verifying_key().kid()),
        (SigningAlgorithm::Es256, KID)
    );
    assert_eq!(key.to_pem().expose(), PRIVATE_PEM);
    assert_eq!(key.verifying_key().to_pem(), PUBLIC_PEM);
    for text in [
        SEC1_PEM,
        &[PARAMETERS, SEC1_PEM].concat(),
        &SEC1_PEM.replace('\n', "\r\n"),
    ] {
        let again = SigningKey::from_pem(text).unwrap();
        assert_eq!(again.to_pem().expose(), PRIVATE_PEM, "{text}");
    }
    let compressed =
        "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=";
    let compressed = compressed.replace("MzV7", "MzV7\n");
    for text in [
        PRIVATE_PEM,
        SEC1_PEM,
        PUBLIC_PEM,
        &pem("PUBLIC KEY", &compressed),
    ] {
        let public = VerifyingKey::from_pem(text).unwrap();
        assert_eq!(&public, key.verifying_key(), "{text}");
    }
}

#[test]
fn keys_of_other_curves_and_damaged_keys_have_distinct_errors() {
    let p384 = "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBIOxSWnr+Myl295fBC\n\
        roJgY1+4ZHG2YtdensoGMxGXnLKqjhvAVpQr20UutQQOdOWhZANiAARQYS0GFG6V\n\
        0uqukBnjGUzRV3H5Bq1/t1qb90KDTzrWtX5amvW9DhLeECXE4N7e92L4iulx1DtQ\n\
        fYPn9F9dacZoUoeDjFuvVQKSODk1ctzPc9tGD36r8E7eMOlCLqAgHx4=";
    let p384_sec1 = "MIGkAgEBBDAcHGd0HgvmTulFQqYqtVF7623Q2f7r2r9dVvAOdHT8WipIcaQRPlcr\n\
        /9Jsk8lRasugBwYFK4EEACKhZANiAARLp6o4kRileh+3/wizjhx6ZcnQ3ybrUYqi\n\
        W4mpUbjVDJHjmhMbqxUQJ6OUpsEPxZfqwSkl1wdWqy/H6p0pSmeUyVwPTJnHTrYz\n\
        wCTU8WNsZ9m+JI5ihN/e6ehqcZT8Q88=";
    let secp256k1 = "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQg0kUjw1x0QI+0YmVmukWS\n\
        Y+T1dc8zooNDigblNnH8un+hRANCAAStBxcbktRGq5El/J/LSAmFh3o4R1YO/tDK\n\
        8tOrzwdwtIHmJ1n3dFM7DHbTCi8ZRHp2FK/RwJWoz/vOXTjRNP4e";
    let encrypted =
        "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB62A00D97490A735CACB6531FF16097\n\nAAAA";
    for (text, refused) in [
        (pem("PRIVATE KEY", p384), InvalidKey::Unsupported),
        (pem("EC PRIVATE KEY", p384_sec1), InvalidKey::Unsupported),
        (pem("PRIVATE KEY", secp256k1), InvalidKey::Unsupported),
        (pem("EC PRIVATE KEY", encrypted), InvalidKey::Encrypted),
        (pem("EC PRIVATE KEY", "*"), InvalidKey::Malformed),
        (PARAMETERS.to_owned(), InvalidKey::NotPem),
        (PUBLIC_PEM.to_owned(), InvalidKey::Public),
        // A public key that does not belong to the private key.
        (
            PRIVATE_PEM.replace("H1136cspYG6", "H1136cspYG7"),
            InvalidKey::Malformed,
        ),
    ] {
        assert_eq!(SigningKey::from_pem(&text).unwrap_err(), refused, "{text}");
    }
    let p384_public = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE/Z62YboQr1jSILD3BRfvmyMsiJZqfpzw\n\
        UWve71WaCa/E61qc0Ej6UEK4ZgkLCgq/V+Ka76HJt+ckCESZthkTMJs/MMSwprfa\n\
        iFd1e7UruZZhk7PaGcOqgTFn6OEBWcZX";
    for (text, refused) in [
        (pem("PUBLIC KEY", p384_public), InvalidKey::Unsupported),
        // A point that is not on the curve.
        (
            PUBLIC_PEM.replace("jlrQ==", "jlrg=="),
            InvalidKey::Malformed,
        ),
    ] {
        assert_eq!(
            VerifyingKey::from_pem(&text).unwrap_err(),
            refused,
            "{text}"
        );
    }
}

#[test]
fn the_jwks_has_the_form_of_the_rfc() {
    let key = SigningKey::from_pem(PRIVATE_PEM).unwrap();
    let expected = json!({"keys": [
        {"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": KID, "use": "sig", "alg": "ES256"},
    ]});
    let jwks = KeyRing::from(&key).jwks();
    assert_eq!(serde_json::to_value(&jwks).unwrap(), expected);
    assert_eq!(
        VerifyingKey::from_jwk(&jwks.keys[0]).as_ref(),
        Ok(key.verifying_key())
    );
}

#[test]
fn a_point_that_is_not_on_the_curve_is_rejected() {
    let zero = URL_SAFE_NO_PAD.encode([0; 32]);
    let prime = URL_SAFE_NO_PAD.encode([0xFF; 32]);
    for (x, y) in [(Y, X), (X, X), (&zero, &zero), (X, &prime), (&prime, Y)] {
        let mut jwk = Jwk::new("EC");
        jwk.crv = Some("P-256".to_owned());
        (jwk.x, jwk.y) = (Some(x.to_owned()), Some(y.to_owned()));
        assert_eq!(
            VerifyingKey::from_jwk(&jwk),
            Err(InvalidKey::Malformed),
            "{x} {y}"
        );
    }
}

#[test]
fn the_signature_is_the_one_of_rfc_6979() {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    // The key of appendix A.2.5.
    let body = "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdn\n\
        sdaTTlDD2zbomxJ7imIrEg9nIQ==";
    let key = SigningKey::from_pem(&pem("PRIVATE KEY", body)).unwrap();
    let expected =
        "8auwI1GDUc1x2IFWex6mY-0-_PbFEys1TyjTsLfTg2cBn0ETdCorFL0lkmtJxkkVXyZ-YNOBS0wMyEJQ5G8Agw";
    assert_eq!(key.sign(b"test").as_slice(), decode(expected));
    // S of this one is the larger value in the RFC.
    let signature = key.sign(b"sample");
    let r = "79SLKqy2qP0RQN2c1F6B1p0sh3tWqvmRw00OqE6vNxY";
    assert_eq!(signature[..32], decode(r));
    assert!(key.verifying_key().is_signed(b"sample", &signature));
    assert_eq!(signature, key.sign(b"sample"));
}

#[test]
fn only_one_form_of_a_signature_is_accepted() {
    let key = SigningKey::from_pem(PRIVATE_PEM).unwrap();
    let key = key.verifying_key();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let low = decode(LOW_SIGNATURE);
    assert!(key.is_signed(MESSAGE, &low));
    assert!(!key.is_signed(MESSAGE, &decode(SIGNATURE)), "a large S");
    let der = Signature::from_slice(&low).unwrap().to_der();
    let (r, s) = low.split_at(32);
    let (zero, leading) = ([0; 32], [0]);
    for (form, signature) in [
        ("DER", der.as_bytes().to_vec()),
        ("empty", Vec::new()),
        ("short", low[..63].to_vec()),
        ("long", [&low, &leading[..]].concat()),
        ("leading zeros", [&leading[..], r, &leading, s].concat()),
        ("R is zero", [&zero, s].concat()),
        ("S is zero", [r, &zero].concat()),
        ("both are zero", [zero, zero].concat()),
        ("R is the order", [&ORDER, s].concat()),
        ("S is the order", [r, &ORDER].concat()),
        ("exchanged", [s, r].concat()),
    ] {
        assert!(!key.is_signed(MESSAGE, &signature), "{form}");
    }
    for bit in 0..low.len() * 8 {
        let mut flipped = low.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.is_signed(MESSAGE, &flipped), "{bit}");
    }
}

/// Randomness of one repeated byte.
#[derive(Debug)]
struct Repeated(u8);

impl Entropy for Repeated {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(self.0);
        Ok(())
    }
}

#[test]
fn a_number_that_is_no_key_is_not_used() {
    for byte in [0, 0xFF] {
        let key = SigningKey::generate(SigningAlgorithm::Es256, &Repeated(byte));
        assert!(key.is_err(), "{byte}");
    }
    assert!(SigningKey::generate(SigningAlgorithm::Es256, &Repeated(1)).is_ok());
}
