use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::ManualClock;
use crate::entropy::SeededEntropy;

/// Secret, id, time, body and signature in the tests of the libraries of the specification (Rust and Go;
/// Python, JavaScript and Java), and in the specification itself.
const VECTORS: [(&str, &str, u64, &str, &str); 2] = [
    (
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1_649_367_553,
        r#"{"email":"test@example.com","username":"test_user"}"#,
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    ),
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        r#"{"test": 2432232314}"#,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
];

const NOW: u64 = 1_614_265_330;

fn secret() -> WebhookSecret {
    WebhookSecret::parse(VECTORS[1].0).unwrap()
}

fn other_secret() -> WebhookSecret {
    WebhookSecret::parse(VECTORS[0].0).unwrap()
}

fn verifier_at(secret: WebhookSecret, now: u64) -> WebhookVerifier {
    WebhookVerifier::new(secret).clock(Arc::new(ManualClock::at_unix(now)))
}

/// A request as it is received.
#[derive(Clone)]
struct Request {
    headers: [(&'static str, String); 3],
    body: Vec<u8>,
}

impl Request {
    fn signed(id: &str, timestamp: u64, body: &str) -> Self {
        let signature = secret().sign(id, timestamp, body.as_bytes());
        Self {
            headers: [
                (WEBHOOK_ID, id.to_owned()),
                (WEBHOOK_TIMESTAMP, timestamp.to_string()),
                (WEBHOOK_SIGNATURE, signature),
            ],
            body: body.as_bytes().to_vec(),
        }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        let mut headers = self.headers.iter_mut();
        headers.find(|header| header.0 == name).unwrap().1 = value.into();
        self
    }

    fn value(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        &headers.find(|header| header.0 == name).unwrap().1
    }

    fn verify(&self, verifier: &WebhookVerifier) -> Result<&str, WebhookError> {
        verifier.verify(|name| Some(self.value(name)), &self.body)
    }
}

fn request() -> Request {
    Request::signed("msg_1", NOW, r#"{"type":"user.created"}"#)
}

fn verifier() -> WebhookVerifier {
    verifier_at(secret(), NOW)
}

#[test]
fn signatures_equal_those_of_the_libraries_of_the_specification() {
    for (secret, id, timestamp, body, signature) in VECTORS {
        let secret = WebhookSecret::parse(secret).unwrap();
        assert_eq!(secret.sign(id, timestamp, body.as_bytes()), signature);
        let mut received = Request::signed(id, timestamp, body);
        received = received.with(WEBHOOK_SIGNATURE, signature);
        assert_eq!(received.verify(&verifier_at(secret, timestamp)), Ok(id));
    }
}

#[test]
fn a_changed_request_is_refused() {
    let refused = Err(WebhookError::Signature);
    let signature = request().value(WEBHOOK_SIGNATURE).to_owned();
    for changed in [
        request().with(WEBHOOK_ID, "msg_2"),
        request().with(WEBHOOK_TIMESTAMP, (NOW + 1).to_string()),
        request().with(WEBHOOK_TIMESTAMP, format!("+{NOW}")),
        request().with(WEBHOOK_TIMESTAMP, format!("0{NOW}")),
        request().with(WEBHOOK_SIGNATURE, ""),
        request().with(WEBHOOK_SIGNATURE, "v1,"),
        request().with(WEBHOOK_SIGNATURE, &signature[..20]),
        request().with(WEBHOOK_SIGNATURE, signature.replace("v1,", "v1a,")),
        request().with(WEBHOOK_SIGNATURE, signature.replace("v1,", "V1,")),
        Request {
            body: Vec::new(),
            ..request()
        },
    ] {
        assert_eq!(
            changed.verify(&verifier()),
            refused,
            "{:?}",
            changed.headers
        );
    }
    assert_eq!(request().verify(&verifier_at(other_secret(), NOW)), refused);
    for at in 0..request().body.len() {
        let mut changed = request();
        changed.body[at] ^= 1;
        assert_eq!(changed.verify(&verifier()), refused, "{at}");
    }
}

#[test]
fn the_end_of_the_id_is_not_ambiguous() {
    // The signed text is the same: `msg_1.T.T.{}`.
    let signed = Request::signed("msg_1", NOW, &format!("{NOW}.{{}}"));
    let moved = Request {
        body: b"{}".to_vec(),
        ..signed
    };
    let moved = moved.with(WEBHOOK_ID, format!("msg_1.{NOW}"));
    let refused = Err(WebhookError::Header(WEBHOOK_ID));
    assert_eq!(moved.verify(&verifier()), refused);
    assert_eq!(request().with(WEBHOOK_ID, "").verify(&verifier()), refused);
}

#[test]
fn each_header_is_required() {
    let (verifier, request) = (verifier(), request());
    for missing in [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE] {
        let header = |name| (name != missing).then(|| request.value(name));
        let refused = verifier.verify(header, &request.body);
        assert_eq!(refused, Err(WebhookError::Header(missing)));
    }
    for timestamp in ["", "soon", "-1", "1614265330.5", "99999999999999999999"] {
        let refused = request.clone().with(WEBHOOK_TIMESTAMP, timestamp);
        let refused = refused.verify(&verifier).map(drop);
        assert_eq!(
            refused,
            Err(WebhookError::Header(WEBHOOK_TIMESTAMP)),
            "{timestamp}"
        );
    }
}

#[test]
fn an_old_or_future_request_is_refused() {
    let verify = |now| request().verify(&verifier_at(secret(), now)).map(drop);
    for now in [NOW - 300, NOW, NOW + 300] {
        assert_eq!(verify(now), Ok(()));
    }
    for now in [NOW - 301, NOW + 301] {
        assert_eq!(verify(now), Err(WebhookError::Timestamp));
    }
    let strict = verifier_at(secret(), NOW + 2).tolerance(Duration::from_secs(1));
    assert_eq!(request().verify(&strict), Err(WebhookError::Timestamp));
    let far = request().with(WEBHOOK_TIMESTAMP, u64::MAX.to_string());
    assert_eq!(far.verify(&verifier()), Err(WebhookError::Timestamp));
}

#[test]
fn one_matching_signature_of_several_is_enough() {
    let request = request();
    let own = request.value(WEBHOOK_SIGNATURE).to_owned();
    let other = other_secret().sign("msg_1", NOW, &request.body);
    for signatures in [
        format!("{own} {other}"),
        format!("{other} {own}"),
        format!("v1a,aGVsbG8= v1,no-base64 v2 {own}"),
    ] {
        let received = request.clone().with(WEBHOOK_SIGNATURE, signatures);
        assert_eq!(received.verify(&verifier()), Ok("msg_1"));
    }
    let received = request
        .clone()
        .with(WEBHOOK_SIGNATURE, format!("{other} {other}"));
    assert_eq!(received.verify(&verifier()), Err(WebhookError::Signature));
    let both = verifier().or(other_secret());
    assert_eq!(received.verify(&both), Ok("msg_1"));
}

#[test]
fn a_generated_secret_is_read_again() {
    let generated = WebhookSecret::generate(&SeededEntropy::new(1)).unwrap();
    let text = generated.text();
    assert!(text.expose().starts_with("whsec_"));
    let read = WebhookSecret::parse(text.expose()).unwrap();
    assert_eq!(read.as_bytes(), generated.as_bytes());
    assert_eq!(read.as_bytes().len(), 32);
    let further = WebhookSecret::generate(&SeededEntropy::new(2)).unwrap();
    assert_ne!(further.as_bytes(), read.as_bytes());
}

#[test]
fn the_prefix_and_the_padding_of_a_secret_are_optional() {
    let bytes = [7; 25];
    let text = WebhookSecret::from_bytes(bytes).unwrap().text();
    let text = text.expose();
    for text in [text, &text["whsec_".len()..], text.trim_end_matches('=')] {
        assert_eq!(WebhookSecret::parse(text).unwrap().as_bytes(), bytes);
    }
}

#[test]
fn a_short_long_or_garbled_secret_is_refused() {
    for length in [0, 1, 23, 65, 1000] {
        assert!(
            WebhookSecret::from_bytes(vec![7; length]).is_err(),
            "{length}"
        );
    }
    for text in [
        "",
        "whsec_",
        "whsec_%%%",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
    ] {
        assert!(WebhookSecret::parse(text).is_err(), "{text}");
    }
}

#[test]
fn debug_redacts_the_secret() {
    let shown = format!("{:?} {:?}", secret(), verifier());
    assert!(shown.contains("WebhookSecret(redacted)"), "{shown}");
    assert!(
        !shown.contains("MfKQ") && !shown.contains("49, 242"),
        "{shown}"
    );
}
