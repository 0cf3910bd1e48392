//! Runs `docs/guide/src/reference/api.md` against a real server and compares each response with the page.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use divan_core::api::ENDPOINTS;
use serde_json::Value;

use crate::bash::{blocks, run};
use crate::process::{Running, program, start};

/// Matches anything: as a value, at the end of a text, and as a member for any other members.
const ANYTHING: &str = "…";

/// Operations that need a browser with a passkey.
const WITH_BROWSER: [&str; 5] = [
    "add_passkey",
    "begin_step_up",
    "passkey_login",
    "remove_passkey",
    "rename_passkey",
];

#[test]
fn the_api_page_shows_every_endpoint_and_its_responses() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src/reference/api.md");
    let page = std::fs::read_to_string(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let log_everything = [
        ("RUST_LOG", "divan_server=debug"),
        ("DIVAN_LOG_FORMAT", "json"),
    ];
    let server = start(program(folder.path()).envs(log_everything));

    let mut with_approval = program(folder.path());
    let with_approval = with_approval.env("DIVAN_ADMIN_APPROVAL", "on");
    let approving = start(with_approval.envs(log_everything));
    let page = page.replace("localhost:8001", &format!("localhost:{}", approving.port));

    let responses = run(&blocks(&page), &server, folder.path());
    let commands: Vec<&str> = page.split("```sh\n").skip(1).collect();
    assert_eq!(responses.len(), commands.len());
    for (response, command) in responses.iter().zip(commands) {
        match command.split_once("```http\n") {
            Some((_, rest)) => assert_shown(response, rest.split("```").next().unwrap(), command),
            None => assert_eq!(
                response, "",
                "the page does not show the response of {command}"
            ),
        }
    }
    assert_all_succeeded(&[&server, &approving]);
}

/// Asserts that status, shown headers and body of a response match the page.
#[track_caller]
fn assert_shown(response: &str, shown: &str, command: &str) {
    let (head, body) = response
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no response: {command}\n{response}"));
    let (shown_head, shown_body) = shown.split_once("\n\n").unwrap_or((shown, ""));
    let mut lines = head.lines();
    let mut shown_lines = shown_head.lines();
    assert_eq!(lines.next(), shown_lines.next(), "{command}\n{response}");
    let headers: Vec<&str> = lines.collect();
    for header in shown_lines {
        assert!(
            headers.contains(&header),
            "{header} is not one of {headers:?}: {command}"
        );
    }
    if shown_body.is_empty() {
        assert_eq!(body, "", "{command}");
    } else if ["text/csv", "x-ndjson"]
        .iter()
        .any(|kind| head.contains(kind))
    {
        assert_eq!(body.lines().count(), shown_body.lines().count(), "{body}");
        for (line, shown) in body.lines().zip(shown_body.lines()) {
            let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
            assert!(is_shown(&read(line), &read(shown)), "{line}");
        }
    } else {
        let read = |text: &str| {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
        };
        let (actual, shown): (Value, Value) = (read(body), read(shown_body));
        assert!(
            is_shown(&actual, &shown),
            "{command}\nreturns {actual:#}\nand not {shown:#}"
        );
    }
}

/// Returns `true` if a value matches the shown one.
fn is_shown(actual: &Value, shown: &Value) -> bool {
    match (actual, shown) {
        (Value::String(actual), Value::String(shown)) => match shown.strip_suffix(ANYTHING) {
            Some(start) => actual.starts_with(start),
            None => actual == shown,
        },
        (Value::Array(actual), Value::Array(shown)) => {
            actual.len() == shown.len()
                && actual
                    .iter()
                    .zip(shown)
                    .all(|(actual, shown)| is_shown(actual, shown))
        }
        (Value::Object(actual), Value::Object(shown)) => {
            let named: Vec<_> = shown.iter().filter(|(name, _)| *name != ANYTHING).collect();
            let has_others = named.len() < actual.len();
            has_others == shown.contains_key(ANYTHING)
                && named.iter().all(|(name, shown)| {
                    actual
                        .get(*name)
                        .is_some_and(|actual| is_shown(actual, shown))
                })
        }
        _ => actual == shown,
    }
}

/// Asserts with the logs of the servers that every endpoint returned its success status, except for those
/// that need a browser.
fn assert_all_succeeded(servers: &[&Running]) {
    let all: BTreeSet<String> = ENDPOINTS
        .iter()
        .filter(|endpoint| !WITH_BROWSER.contains(&endpoint.operation))
        .map(|endpoint| {
            format!(
                "{} {} {}",
                endpoint.method.as_str(),
                endpoint.path,
                endpoint.status
            )
        })
        .collect();
    let mut missing = all.clone();
    // The last line may not be written yet.
    for _ in 0..100 {
        let logs: String = servers.iter().map(|server| server.log()).collect();
        let lines = logs
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let answered: BTreeSet<String> = lines
            .map(|line| {
                format!(
                    "{} {} {}",
                    text(&line, "method"),
                    text(&line, "route"),
                    line["status"]
                )
            })
            .collect();
        missing = all.difference(&answered).cloned().collect();
        if missing.is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the page does not show {missing:?}");
}

#[test]
fn a_response_that_differs_from_the_page_is_detected() {
    let actual =
        serde_json::json!({"id": "01a2", "user": {"name": "First", "age": 7}, "items": [1, 2]});
    let shown = |text: &str| is_shown(&actual, &serde_json::from_str(text).unwrap());
    assert!(shown(
        r#"{"id": "01a2", "user": {"name": "First", "age": 7}, "items": [1, 2]}"#
    ));
    assert!(shown(
        r#"{"id": "01…", "user": {"name": "…", "…": "…"}, "items": [1, 2]}"#
    ));
    for wrong in [
        r#"{"id": "02…", "…": "…"}"#,
        r#"{"id": "01a", "…": "…"}"#,
        r#"{"id": "…"}"#,
        r#"{"id": "…", "user": {"name": "…"}, "items": [1, 2]}"#,
        r#"{"id": "…", "user": {"name": "…", "age": 7, "…": "…"}, "items": [1, 2]}"#,
        r#"{"id": "…", "user": {"name": "…", "age": "…"}, "items": [1, 2]}"#,
        r#"{"items": [1], "…": "…"}"#,
        r#"{"surname": "…", "…": "…"}"#,
    ] {
        assert!(!shown(wrong), "{wrong}");
    }
}
