//! Events for other services, over HTTP and on the command line.

use std::time::Duration;

use serde_json::{Value, json};

use crate::commands::{divan, output};
use crate::harness::{ADMIN_ORIGIN, App, PHONE};

async fn list(app: &App, token: &str, query: &str) -> Value {
    let path = format!("/auth/events?{query}");
    let response = app.get_as(token, &path).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

async fn employee_id(app: &App, admin: &str) -> String {
    let users = app.get_as(admin, "/auth/admin/users?role=employee").await;
    let users = users.json();
    users["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn events_are_cloud_events_without_personal_data() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let start = list(&app, &admin, "").await;
    assert_eq!(start["items"], json!([]));
    assert_eq!(start["has_more"], false);
    let employee = employee_id(&app, &admin).await;
    let path = format!("/auth/admin/users/{employee}");
    let change = json!({"full_name": "Another Name", "is_active": false});
    let changed = app.patch_as(&admin, &path, &change).await;
    assert_eq!(changed.status, 200, "{changed:?}");

    let next = start["next"].as_str().unwrap();
    let page = list(&app, &admin, &format!("after={next}")).await;
    let items = page["items"].as_array().unwrap();
    let types: Vec<&str> = items.iter().map(|e| e["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["user.updated", "user.deactivated"]);
    let event = &items[0];
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["source"], ADMIN_ORIGIN);
    assert_eq!(event["subject"], employee.as_str());
    let data = json!({"changes": ["full_name"], "role": "employee", "is_active": false});
    assert_eq!(event["data"], data);
    assert_ne!(event["id"], items[1]["id"]);
    assert!(!page.to_string().contains("Another Name"), "{page}");

    let cursor = event["cursor"].as_str().unwrap();
    let rest = list(&app, &admin, &format!("after={cursor}")).await;
    assert_eq!(rest["items"], json!([items[1]]));
    assert_eq!(rest["next"], page["next"]);
}

#[tokio::test]
async fn events_are_read_from_a_time_by_type_and_in_pages() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    let all = list(&app, &admin, "since=1970-01-01T00:00:00Z").await;
    let all = all["items"].as_array().unwrap().clone();
    assert_eq!(all.len(), 3, "{all:?}");
    let promoted = "since=1970-01-01T00:00:00Z&type=admin.promoted";
    let promoted = list(&app, &admin, promoted).await;
    assert_eq!(promoted["items"].as_array().unwrap().len(), 1);
    let (mut read, mut query) = (Vec::new(), "since=1970-01-01T00:00:00Z&limit=2".to_owned());
    loop {
        let page = list(&app, &admin, &query).await;
        read.extend(page["items"].as_array().unwrap().clone());
        let next = page["next"].as_str().unwrap();
        query = format!("after={next}&limit=2");
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(read, all);
    let later = list(&app, &admin, "since=2999-01-01T00:00:00Z").await;
    assert_eq!(later["items"], json!([]));
}

#[tokio::test]
async fn invalid_requests_for_events_name_the_member() {
    let app = App::with_users().await;
    let admin = app.admin_token().await;
    for (query, pointer) in [
        ("after=nothing", "/after"),
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("type=user.painted", "/type"),
        (
            "after=AAAAAAAAAAAAAAAA&since=2026-01-01T00:00:00Z",
            "/since",
        ),
        ("since=yesterday", "/since"),
    ] {
        let response = app.get_as(&admin, &format!("/auth/events?{query}")).await;
        response.assert_invalid(pointer);
    }
    app.get("/auth/events")
        .await
        .assert_problem(401, "token_missing");
    let employee = app.employee_token().await;
    app.get_as(&employee, "/auth/events")
        .await
        .assert_problem(403, "admin_required");
}

#[tokio::test]
async fn a_cursor_before_the_oldest_event_has_expired() {
    let app = App::with_users().await;
    app.clock.advance(Duration::from_hours(2));
    let admin = app.admin_token().await;
    app.service
        .purge_events(Duration::from_hours(1))
        .await
        .unwrap();
    let expired = app.get_as(&admin, "/auth/events?after=AAAAAAAAAAAAAAAA");
    expired.await.assert_problem(410, "cursor_expired");
    list(&app, &admin, "since=1970-01-01T00:00:00Z").await;
}

#[tokio::test]
async fn events_that_are_off_are_reported() {
    let app = App::without_events().await;
    app.add_users().await;
    let admin = app.admin_token().await;
    app.get_as(&admin, "/auth/events")
        .await
        .assert_problem(503, "events_not_configured");
}

#[tokio::test]
async fn the_delivery_of_events_is_measured() {
    let app = App::with_users().await;
    app.service.add_consumer("rabbitmq").await.unwrap();
    let admin = app.admin_token().await;
    let employee = employee_id(&app, &admin).await;
    let path = format!("/auth/admin/users/{employee}");
    app.patch_as(&admin, &path, &json!({"full_name": "Another Name"}))
        .await;
    let metrics = app.state.metrics().await;
    for line in [
        r#"divan_events_pending{consumer="rabbitmq"} 1"#,
        r#"divan_events_failures{consumer="rabbitmq"} 0"#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    app.service.delete_consumer("rabbitmq").await.unwrap();
    assert!(!app.state.metrics().await.contains("rabbitmq"));
}

#[test]
fn the_operator_lists_events_and_manages_consumers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let create = [
        "user",
        "create",
        "--name",
        "First Last",
        "--phone",
        PHONE,
        "--generate",
    ];
    output(folder, &create);
    output(folder, &["user", "deactivate", PHONE]);
    let list = |arguments: &[&str]| output(folder, &[&["events", "list"], arguments].concat());
    let all = list(&[]);
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines[0].starts_with("TIME") && lines.len() == 3, "{all}");
    assert!(lines[1].contains("user.created"), "{all}");
    assert!(lines[2].contains("user.deactivated"), "{all}");
    assert!(!all.contains("First Last") && !all.contains(PHONE), "{all}");
    let json = list(&["--json", "--type", "user.created"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["type"], "user.created");
    let after = json[0]["cursor"].as_str().unwrap();
    assert_eq!(list(&["--after", after]).lines().count(), 2);
    assert_eq!(list(&["--limit", "1"]).lines().count(), 2);
    for invalid in [["--since", "yesterday"], ["--after", "x"], ["--type", "x"]] {
        let (code, _, stderr) = divan(folder, &[&["events", "list"][..], &invalid].concat());
        assert_ne!((code, stderr.as_str()), (0, ""), "{invalid:?}");
    }
    assert_eq!(output(folder, &["events", "consumers"]).lines().count(), 1);
    let since = "2026-01-01T00:00:00Z";
    for unknown in [
        vec![
            "events",
            "replay",
            "--consumer",
            "rabbitmq",
            "--since",
            since,
        ],
        vec!["events", "enable", "rabbitmq"],
        vec!["events", "disable", "rabbitmq"],
    ] {
        let (code, _, stderr) = divan(folder, &unknown);
        assert_eq!(code, 1, "{stderr}");
        assert!(stderr.contains("there is no consumer rabbitmq"), "{stderr}");
    }
}
