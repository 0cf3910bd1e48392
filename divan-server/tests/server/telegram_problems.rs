//! The problems of sign-ins through Telegram, each as the guide lists it: symptom, cause and cure.

use axum::body::Body;
use axum::http::Request;
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::service::BootstrapPolicy;
use serde_json::{Value, json};

use crate::harness::{App, BOT, PASSWORD, PHONE, TestResponse};

const LOGIN: &str = "/auth/telegram/login";
const AUTO_LOGIN: &str = "/auth/telegram/auto-login";

/// First cell of each row of the guide's table, and the test that produces it.
const ROWS: &[(&str, &str)] = &[
    (
        "401 `init_data_missing`",
        "absent_init_data_is_missing_in_body_and_header",
    ),
    (
        "401 `init_data_invalid`, log `reason=signature`",
        "each_reason_of_refused_init_data_is_counted",
    ),
    (
        "401 `init_data_invalid`, log `reason=malformed`, `signature_missing` or `too_large`",
        "each_reason_of_refused_init_data_is_counted",
    ),
    (
        "401 `init_data_invalid`, log `reason=from_future`",
        "each_reason_of_refused_init_data_is_counted",
    ),
    (
        "401 `init_data_invalid`, log `reason=wrong_kind`",
        "each_reason_of_refused_init_data_is_counted",
    ),
    (
        "401 `init_data_invalid`, log `reason=no_user`",
        "each_reason_of_refused_init_data_is_counted",
    ),
    (
        "401 `init_data_expired`",
        "each_reason_of_refused_init_data_is_counted",
    ),
    (
        "401 `password_required` at every opening",
        "old_init_data_leads_from_auto_login_to_the_form",
    ),
    (
        "400 `init_data_conflict`",
        "different_init_data_in_body_and_header_is_a_conflict",
    ),
    (
        "422 `contact_missing`",
        "each_fault_of_a_contact_has_its_code_and_pointer",
    ),
    (
        "422 `contact_invalid`",
        "each_fault_of_a_contact_has_its_code_and_pointer",
    ),
    (
        "422 `contact_expired`",
        "each_fault_of_a_contact_has_its_code_and_pointer",
    ),
    (
        "422 `contact_mismatch`",
        "each_fault_of_a_contact_has_its_code_and_pointer",
    ),
    (
        "401 `invalid_credentials`",
        "an_employee_with_an_anonymous_number_signs_in",
    ),
    (
        "403 `telegram_account_mismatch`",
        "a_mismatch_names_the_user_to_unlink",
    ),
    (
        "403 `telegram_account_taken`",
        "a_mismatch_names_the_user_to_unlink",
    ),
    (
        "409 `telegram_not_linked`",
        "unlinking_a_user_without_a_telegram_account_is_reported",
    ),
    ("429 `too_many_attempts`", "the_eleventh_guess_is_refused"),
    (
        "503 `telegram_not_configured`",
        "without_a_bot_token_telegram_is_not_configured",
    ),
    (
        "log `many sign-ins are refused alike`",
        "many_refusals_alike_are_logged_once",
    ),
    (
        "the browser reports a CORS error for `baggage` or `sentry-trace`",
        "further_request_headers_are_allowed_by_configuration",
    ),
    (
        "the Mini App shows an old page",
        "pages_are_checked_hashed_files_are_kept_and_missing_files_are_not_found",
    ),
    (
        "`requestContact` and other Mini App methods do nothing",
        "a_redirect_to_another_host_is_reported",
    ),
    (
        "`telegram check`: the Bot API cannot be reached",
        "requests_go_through_a_proxy",
    ),
];

#[test]
fn each_row_of_the_guide_is_produced_by_a_test() {
    let guide = include_str!("../../../docs/guide/src/telegram.md");
    let section = guide.split("## 8. Problems and cures").nth(1).unwrap();
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1);
    let symptoms: Vec<&str> = rows.map(|row| row.split(" | ").next().unwrap()).collect();
    let expected: Vec<String> = ROWS
        .iter()
        .map(|(symptom, _)| format!("| {symptom}"))
        .collect();
    assert_eq!(symptoms, expected);
    let tests = [
        include_str!("telegram_problems.rs"),
        include_str!("deployment.rs"),
        include_str!("endpoints.rs"),
        include_str!("security_log.rs"),
        include_str!("throttle.rs"),
        include_str!("http.rs"),
        include_str!("../../src/telegram.rs"),
        include_str!("../../src/doctor/audiences.rs"),
    ]
    .concat();
    for (symptom, test) in ROWS {
        assert!(tests.contains(&format!("fn {test}()")), "{symptom}: {test}");
    }
}

/// Returns the init data of this age in seconds, negative for the future.
fn signed(app: &App, age: i64, build: impl FnOnce(InitDataBuilder) -> InitDataBuilder) -> String {
    let now = divan_core::clock::Clock::unix_seconds(&*app.clock);
    let builder = InitDataBuilder::new(now.checked_add_signed(-age).unwrap());
    build(builder).sign(&BOT.parse().unwrap())
}

fn user(builder: InitDataBuilder) -> InitDataBuilder {
    builder.user(42, "First")
}

fn contact(builder: InitDataBuilder) -> InitDataBuilder {
    builder.contact(42, PHONE, "First")
}

async fn login_with(app: &App, init_data: &str) -> TestResponse {
    let body = json!({"phone": PHONE, "password": PASSWORD, "init_data": init_data});
    app.post(LOGIN, &body).await
}

async fn with_headers(
    app: &App,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> TestResponse {
    let mut request = Request::post(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

#[tokio::test]
async fn absent_init_data_is_missing_in_body_and_header() {
    let app = App::with_users().await;
    let good = app.init_data(42);
    let header = "x-telegram-init-data";
    let objects = ["[object Object]", "[object Null]", "[object Undefined]"];
    let words = ["", " ", "\u{A0}", "undefined", "null", "None", "NaN"];
    for absent in words.into_iter().chain(objects) {
        let tma = format!("tma {absent}");
        for response in [
            login_with(&app, absent).await,
            app.post(AUTO_LOGIN, &json!({"init_data": absent})).await,
            with_headers(&app, AUTO_LOGIN, &[("authorization", &tma)], &json!({})).await,
            with_headers(&app, AUTO_LOGIN, &[(header, absent)], &json!({})).await,
        ] {
            let problem = response.assert_problem(401, "init_data_missing");
            assert_eq!(problem["errors"][0]["pointer"], "/init_data");
        }
        let body = json!({"phone": PHONE, "password": PASSWORD, "init_data": absent});
        let tma_good = format!("tma {good}");
        for headers in [
            vec![("authorization", tma_good.as_str())],
            vec![(header, good.as_str())],
            vec![("authorization", tma.as_str()), (header, &good)],
            vec![("authorization", tma_good.as_str()), (header, absent)],
            vec![(header, good.as_str()), (header, absent), (header, &good)],
        ] {
            let response = with_headers(&app, LOGIN, &headers, &body).await;
            assert_eq!(response.status, 200, "{absent}: {response:?}");
        }
    }
}

#[tokio::test]
async fn different_init_data_in_body_and_header_is_a_conflict() {
    let app = App::with_users().await;
    let (first, second) = (app.init_data(42), app.init_data(43));
    let tma = format!("tma {first}");
    let header = "x-telegram-init-data";
    for (headers, body) in [
        (
            vec![("authorization", tma.as_str())],
            json!({"init_data": second}),
        ),
        (vec![(header, first.as_str())], json!({"init_data": second})),
        (
            vec![("authorization", tma.as_str()), (header, &second)],
            json!({}),
        ),
        (vec![(header, first.as_str()), (header, &second)], json!({})),
    ] {
        let response = with_headers(&app, AUTO_LOGIN, &headers, &body).await;
        let problem = response.assert_problem(400, "init_data_conflict");
        assert_eq!(problem["errors"][0]["pointer"], "/init_data");
    }
}

#[tokio::test]
async fn each_reason_of_refused_init_data_is_counted() {
    let app = App::with_users().await;
    let other: BotToken = "1:AAFakeTokenForDivanTestVectorsOnly_0000".parse().unwrap();
    let now = divan_core::clock::Clock::unix_seconds(&*app.clock);
    for (reason, code, data) in [
        (
            "signature",
            "init_data_invalid",
            user(InitDataBuilder::new(now)).sign(&other),
        ),
        (
            "malformed",
            "init_data_invalid",
            format!("?{}", signed(&app, 0, user)),
        ),
        (
            "signature_missing",
            "init_data_invalid",
            user(InitDataBuilder::new(now)).encode(),
        ),
        ("from_future", "init_data_invalid", signed(&app, -61, user)),
        ("wrong_kind", "init_data_invalid", signed(&app, 0, contact)),
        (
            "no_user",
            "init_data_invalid",
            signed(&app, 0, |builder| builder),
        ),
        ("expired", "init_data_expired", signed(&app, 86_401, user)),
        ("missing", "init_data_missing", "undefined".to_owned()),
        ("too_large", "init_data_invalid", "a".repeat(9000)),
    ] {
        let problem = login_with(&app, &data).await.assert_problem(401, code);
        assert_eq!(problem["errors"][0]["pointer"], "/init_data");
        let row =
            format!(r#"divan_signed_data_refused_total{{data="init_data",reason="{reason}"}} 1"#);
        let metrics = app.state.metrics().await;
        assert!(metrics.lines().any(|line| line == row), "{row}\n{metrics}");
    }
    assert_eq!(
        login_with(&app, &signed(&app, 86_400, user)).await.status,
        200
    );
}

#[tokio::test]
async fn old_init_data_leads_from_auto_login_to_the_form() {
    let app = App::with_users().await;
    let old = signed(&app, 2 * 3600, user);
    let body = json!({"init_data": old});
    let auto_login = || app.post(AUTO_LOGIN, &body);
    auto_login().await.assert_problem(401, "password_required");
    let row = r#"divan_signed_data_refused_total{data="init_data",reason="auto_login_expired"} 1"#;
    let metrics = app.state.metrics().await;
    assert!(metrics.lines().any(|line| line == row), "{metrics}");
    let no_user = json!({"init_data": signed(&app, 2 * 3600, |builder| builder)});
    let refused = app.post(AUTO_LOGIN, &no_user).await;
    let problem = refused.assert_problem(401, "init_data_invalid");
    assert_eq!(problem["errors"][0]["detail"], "must contain a user");
    assert_eq!(login_with(&app, &old).await.status, 200);
    auto_login().await.assert_problem(401, "password_required");
    let fresh = json!({"init_data": app.init_data(42)});
    assert_eq!(app.post(AUTO_LOGIN, &fresh).await.status, 200);
}

#[tokio::test]
async fn each_fault_of_a_contact_has_its_code_and_pointer() {
    let app = App::with_users().await;
    let login = async |contact: &str, phone: Option<&str>| {
        let mut body = app.login_request(42);
        body.as_object_mut().unwrap().remove("phone");
        body["contact"] = contact.into();
        if let Some(phone) = phone {
            body["phone"] = phone.into();
        }
        app.post(LOGIN, &body).await
    };
    let of_other = signed(&app, 0, |builder| builder.contact(43, PHONE, "Other"));
    let cases = [
        ("contact_missing", String::new()),
        ("contact_missing", "undefined".to_owned()),
        ("contact_invalid", "{}".to_owned()),
        ("contact_invalid", signed(&app, 0, user)),
        (
            "contact_invalid",
            signed(&app, 0, |builder| builder.contact(42, "12", "First")),
        ),
        ("contact_expired", signed(&app, 86_401, contact)),
        ("contact_mismatch", of_other),
    ];
    for (code, contact) in cases {
        let problem = login(&contact, None).await.assert_problem(422, code);
        assert_eq!(problem["errors"][0]["pointer"], "/contact", "{problem}");
    }
    let good = signed(&app, 0, contact);
    for (contact, phone) in [(good.as_str(), ""), ("", PHONE), ("undefined", PHONE)] {
        let response = login(contact, Some(phone)).await;
        assert_eq!(response.status, 200, "{response:?}");
    }
    // With both faulty, the init data is named.
    let mut body = app.login_request(42);
    body.as_object_mut().unwrap().remove("phone");
    (body["contact"], body["init_data"]) = ("".into(), "x=1".into());
    app.post(LOGIN, &body)
        .await
        .assert_problem(401, "init_data_invalid");
}

#[tokio::test]
async fn an_employee_with_an_anonymous_number_signs_in() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let employee =
        json!({"full_name": "Anonymous", "phone": "+888 0513 1234", "password": PASSWORD});
    let created = app.post_as(&admin, "/auth/admin/users", &employee).await;
    assert_eq!(created.status, 201, "{created:?}");
    for signed_phone in ["88805131234", "+88805131234"] {
        let shared = signed(&app, 0, |builder| builder.contact(7, signed_phone, "A"));
        let body = json!({"contact": shared, "password": PASSWORD, "init_data": app.init_data(7)});
        assert_eq!(app.post(LOGIN, &body).await.status, 200);
    }
    let body =
        json!({"phone": "+88805131235", "password": PASSWORD, "init_data": app.init_data(7)});
    app.post(LOGIN, &body)
        .await
        .assert_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_mismatch_names_the_user_to_unlink() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    app.employee_token().await;
    login_with(&app, &app.init_data(43))
        .await
        .assert_problem(403, "telegram_account_mismatch");

    let second = json!({"full_name": "Second", "phone": "+77010000002", "password": PASSWORD});
    app.post_as(&admin, "/auth/admin/users", &second).await;
    let body =
        json!({"phone": "+77010000002", "password": PASSWORD, "init_data": app.init_data(42)});
    app.post(LOGIN, &body)
        .await
        .assert_problem(403, "telegram_account_taken");

    let id_of = async |phone: &str| {
        let path = format!("/auth/admin/users?q={}", phone.trim_start_matches('+'));
        app.get_as(&admin, &path).await.json()["items"][0]["id"].clone()
    };
    let (holder, other) = (id_of(PHONE).await, id_of("+77010000002").await);
    let event = async |action: &str| {
        let path = format!("/auth/admin/audit?action={action}");
        app.get_as(&admin, &path).await.json()["items"][0].clone()
    };
    let mismatch = event("telegram_mismatch").await;
    assert_eq!(
        (&mismatch["subject_id"], &mismatch["actor_id"]),
        (&holder, &Value::Null)
    );
    let taken = event("telegram_taken").await;
    assert_eq!(
        (&taken["subject_id"], &taken["actor_id"]),
        (&other, &holder)
    );
    assert_eq!(taken["bot_id"], 1_234_567_890);

    let unlink = format!(
        "/auth/admin/users/{}/unlink-telegram",
        holder.as_str().unwrap()
    );
    assert_eq!(app.post_as(&admin, &unlink, &json!({})).await.status, 200);
    assert_eq!(
        app.post(LOGIN, &body).await.status,
        200,
        "after unlinking the actor"
    );
}

#[tokio::test]
async fn unlinking_a_user_without_a_telegram_account_is_reported() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let users = app
        .get_as(&admin, "/auth/admin/users?role=employee")
        .await
        .json();
    let path = format!(
        "/auth/admin/users/{}/unlink-telegram",
        users["items"][0]["id"].as_str().unwrap()
    );
    let response = app.post_as(&admin, &path, &json!({})).await;
    response.assert_problem(409, "telegram_not_linked");
}

#[tokio::test]
async fn without_a_bot_token_telegram_is_not_configured() {
    let app = App::without_bot(BootstrapPolicy::OpenToAnyone).await;
    login_with(&app, "auth_date=1")
        .await
        .assert_problem(503, "telegram_not_configured");
}

#[tokio::test]
async fn the_eleventh_guess_is_refused() {
    let app = App::with_users().await;
    let mut codes = Vec::new();
    for telegram in 100..111 {
        let body = json!({"phone": PHONE, "password": "x", "init_data": app.init_data(telegram)});
        codes.push(app.post(LOGIN, &body).await.json()["code"].clone());
    }
    let admin = app.admin_token().await;
    let path = "/auth/admin/audit?action=sign_in_failed";
    let failed = app.get_as(&admin, path).await.json()["items"][0].clone();
    assert_eq!(failed["bot_id"], 1_234_567_890);
    assert_eq!(codes.pop().unwrap(), "too_many_attempts");
    assert!(
        codes.iter().all(|code| code == "invalid_credentials"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn sessions_show_bot_language_and_permission_to_write() {
    let app = App::with_users().await;
    let json_user = r#"{"id":42,"language_code":"kk","allows_write_to_pm":true}"#;
    let data = signed(&app, 0, |builder| builder.field("user", json_user));
    let tokens = login_with(&app, &data).await;
    assert_eq!(
        tokens.status, 200,
        "a user without first_name signs in: {tokens:?}"
    );
    let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
    let sessions = app.get_as(&token, "/auth/sessions").await.json();
    let expected = json!({"bot_id": 1_234_567_890, "language": "kk", "allows_write_to_pm": true});
    assert_eq!(sessions["items"][0]["telegram"], expected, "{sessions}");
    let admin = app.admin_token().await;
    let audit = app
        .get_as(&admin, "/auth/admin/audit?action=signed_in")
        .await
        .json();
    let events = audit["items"].as_array().unwrap();
    let mut bots: Vec<Option<i64>> = events
        .iter()
        .map(|event| event["bot_id"].as_i64())
        .collect();
    bots.sort();
    assert_eq!(bots, [None, None, Some(1_234_567_890)], "{audit}");
}
