//! The axum extractor: the input that it accepts, and that a refusal reveals no more than its code.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use divan_core::clock::ManualClock;
use divan_core::init_data::{
    BotToken, InitData, InitDataBuilder, InitDataError, InitDataRejection, Verifier,
    init_data_in_headers,
};
use http_body_util::BodyExt;
use tower::ServiceExt;

const NOW: u64 = 1_780_000_000;

fn token() -> BotToken {
    "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000"
        .parse()
        .unwrap()
}

async fn hello(data: InitData<'static>) -> Result<String, InitDataRejection> {
    Ok(format!("Hello, {}!", data.require_user()?.first_name))
}

async fn ask(headers: &[&str]) -> (StatusCode, HeaderMap, String) {
    ask_with(headers, &[]).await
}

async fn ask_with(authorization: &[&str], init_data: &[&str]) -> (StatusCode, HeaderMap, String) {
    let verifier =
        Verifier::new(token(), Duration::from_hours(1)).clock(Arc::new(ManualClock::at_unix(NOW)));
    let app = Router::new().route("/", get(hello)).with_state(verifier);
    let mut request = Request::new(Body::empty());
    let init_data_header = HeaderName::from_static("x-telegram-init-data");
    for (name, values) in [
        (header::AUTHORIZATION, authorization),
        (init_data_header, init_data),
    ] {
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().append(&name, value);
        }
    }
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    (parts.status, parts.headers, body)
}

#[tokio::test]
async fn a_handler_gets_what_telegram_signed() {
    let raw = InitDataBuilder::new(NOW).user(42, "First").sign(&token());
    for scheme in ["tma", "TMA", "tma "] {
        let (status, _, body) = ask(&[&format!("{scheme} {raw}")]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "Hello, First!"));
    }
}

#[tokio::test]
async fn absent_init_data_does_not_conflict_with_a_good_value_beside_it() {
    let raw = InitDataBuilder::new(NOW).user(42, "First").sign(&token());
    let (tma, other) = (
        format!("tma {raw}"),
        InitDataBuilder::new(NOW).user(43, "Other").sign(&token()),
    );
    for absent in [
        "",
        " ",
        "undefined",
        "null",
        "[object Object]",
        "None",
        "NaN",
    ] {
        let absent_tma = format!("tma {absent}");
        for (authorization, header) in [
            (absent_tma.as_str(), raw.as_str()),
            (&tma, absent),
            (&tma, &raw),
            ("Bearer undefined", &raw),
        ] {
            let (status, _, body) = ask_with(&[authorization], &[header]).await;
            let found = (status, body.as_str());
            assert_eq!(found, (StatusCode::OK, "Hello, First!"), "{absent}");
        }
        let (status, _, body) = ask_with(&[&absent_tma], &[absent]).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(body.contains("init_data_missing"), "{absent}: {body}");
    }
    let (status, _, body) = ask_with(&[&tma], &[&other]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.contains(r#""code":"init_data_conflict""#), "{body}");
    for values in [[raw.as_str(), &other], [&other, &raw]] {
        let (status, _, body) = ask_with(&[], &values).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn equal_init_data_does_not_conflict() {
    let raw = InitDataBuilder::new(NOW).user(42, "First").sign(&token());
    let tma = format!("tma {raw}");
    for (authorization, header) in [
        (vec![], vec![raw.as_str(), &raw]),
        (vec![], vec!["undefined", &raw]),
        (vec![tma.as_str(), &tma], vec![]),
        (vec!["Bearer token", &tma], vec![&raw]),
    ] {
        let (status, _, body) = ask_with(&authorization, &header).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
}

#[tokio::test]
async fn white_space_around_init_data_is_ignored() {
    let raw = InitDataBuilder::new(NOW).user(42, "First").sign(&token());
    for space in [&b" "[..], b"\t", b"\xA0", "\u{A0}".as_bytes(), b" \xA0 "] {
        for (name, prefix) in [("authorization", "tma "), ("x-telegram-init-data", "")] {
            let value = [prefix.as_bytes(), space, raw.as_bytes(), space].concat();
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_bytes(&value).unwrap());
            let found = init_data_in_headers(&headers);
            assert_eq!(found, Ok(Some(raw.as_str())), "{name}: {space:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_a_problem_that_tells_its_code_alone() {
    let other: BotToken = "1:AAFakeTokenForDivanTestVectorsOnly_0000".parse().unwrap();
    let fresh = InitDataBuilder::new(NOW).user(42, "First");
    let good = fresh.clone().sign(&token());
    let tma = |raw: &str| format!("tma {raw}");
    let cases = [
        (vec![], "init_data_missing", "Init data missing"),
        (
            vec!["tma".to_owned()],
            "init_data_missing",
            "Init data missing",
        ),
        (
            vec![format!("tma\t{good}")],
            "init_data_missing",
            "Init data missing",
        ),
        (
            vec!["tma ".to_owned()],
            "init_data_missing",
            "Init data missing",
        ),
        (
            vec![format!("Bearer {good}")],
            "init_data_missing",
            "Init data missing",
        ),
        (
            vec![tma(&InitDataBuilder::new(NOW - 3601)
                .user(42, "First")
                .sign(&token()))],
            "init_data_expired",
            "Init data expired",
        ),
        (
            vec![tma(&fresh.clone().sign(&other))],
            "init_data_invalid",
            "Invalid init data",
        ),
        (
            vec![tma(&good.replace("First", "Other"))],
            "init_data_invalid",
            "Invalid init data",
        ),
        (
            vec![tma(&good.replace("hash=", "hush="))],
            "init_data_invalid",
            "Invalid init data",
        ),
        (
            vec![tma(&format!("{good}&{good}"))],
            "init_data_invalid",
            "Invalid init data",
        ),
        (
            vec![tma(&format!("{good}é"))],
            "init_data_invalid",
            "Invalid init data",
        ),
        (
            vec![tma(&InitDataBuilder::new(NOW).sign(&token()))],
            "init_data_invalid",
            "Invalid init data",
        ),
        (
            vec![tma(&InitDataBuilder::new(NOW)
                .contact(42, "77011234567", "First")
                .sign(&token()))],
            "init_data_invalid",
            "Invalid init data",
        ),
        (
            vec![tma(&InitDataBuilder::new(NOW)
                .field("user", "{}")
                .sign(&token()))],
            "init_data_invalid",
            "Invalid init data",
        ),
        (
            vec!["tma \u{A0}".to_owned()],
            "init_data_missing",
            "Init data missing",
        ),
    ];
    for (headers, code, title) in cases {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let (status, answer, body) = ask(&headers).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert_eq!(answer[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(answer[header::WWW_AUTHENTICATE], "tma");
        assert_eq!(answer[header::CACHE_CONTROL], "no-store");
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap();
        let expected = serde_json::json!({ "type": format!("urn:divan:problem:{code}"), "title": title, "status": 401, "code": code });
        assert_eq!(problem, expected, "{headers:?}");
    }
}

#[test]
fn a_guard_that_is_full_is_the_servers_fault() {
    let answer = InitDataRejection::from(InitDataError::ReplayGuardFull).into_response();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
    assert!(answer.headers().get(header::WWW_AUTHENTICATE).is_none());
}
