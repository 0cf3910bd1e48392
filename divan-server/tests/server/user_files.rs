//! Import and export of users over HTTP.

use std::convert::Infallible;
use std::fmt::Write;
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::http::Request;
use divan_core::service::BootstrapPolicy;
use divan_core::store::{PostgresPool, Store};
use divan_testing::TestDatabase;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tower::ServiceExt;

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, App};
use crate::process::{Running, no_tls, program, run, start, wait_for};

const EXPORT: &str = "/auth/admin/users/export";
const PREVIEW: &str = "/auth/admin/users/import/preview";
const IMPORT: &str = "/auth/admin/users/import";

/// A server in development mode, and the token of an administrator.
struct Panel {
    server: Running,
    http: reqwest::Client,
    token: String,
}

impl Panel {
    async fn start(folder: &Path) -> Self {
        let server = start(&mut program(folder));
        let http = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
        let http = http.build().unwrap();
        let admin = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
        let post = async |path: &str| {
            let response = http.post(server.url(path)).json(&admin).send();
            response.await.unwrap().json::<Value>().await.unwrap()
        };
        post("/auth/admin/bootstrap").await;
        let session = post("/auth/admin/login").await;
        let token = session["access_token"].as_str().unwrap().to_owned();
        Self {
            server,
            http,
            token,
        }
    }

    async fn post(&self, path: &str, list: impl Into<reqwest::Body>) -> reqwest::Response {
        let request = self.http.post(self.server.url(path)).body(list);
        let request = request.header("content-type", "text/csv; charset=utf-8");
        request.bearer_auth(&self.token).send().await.unwrap()
    }

    async fn preview(&self, options: &str, list: impl Into<reqwest::Body>) -> Value {
        let response = self.post(&format!("{PREVIEW}?{options}"), list).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }

    /// Returns the lines of an import.
    async fn import(&self, options: &str, list: impl Into<reqwest::Body>) -> Vec<Value> {
        let response = self.post(&format!("{IMPORT}?{options}"), list).await;
        assert_eq!(response.status(), 200);
        let text = response.text().await.unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }

    /// Returns the number of users.
    async fn count(&self) -> u64 {
        let url = self.server.url("/auth/admin/users?include_total=true");
        let page = self.http.get(url).bearer_auth(&self.token).send();
        let page: Value = page.await.unwrap().json().await.unwrap();
        page["total"].as_u64().unwrap()
    }

    /// Starts an import over a connection of its own, and reads its first line.
    async fn start_import(&self, list: &str) -> BufReader<TcpStream> {
        let address = ("127.0.0.1", self.server.port);
        let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
        let (token, length) = (&self.token, list.len());
        let request = format!(
            "POST {IMPORT} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             content-type: text/csv\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{list}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(
            line_with(&mut stream, "HTTP/1.1").await,
            "HTTP/1.1 200 OK\r\n"
        );
        line_with(&mut stream, "progress").await;
        stream
    }

    async fn export(&self) -> reqwest::Response {
        let request = self.http.get(self.server.url(EXPORT));
        request.bearer_auth(&self.token).send().await.unwrap()
    }
}

/// Reads up to a line that contains this text.
async fn line_with(stream: &mut BufReader<TcpStream>, text: &str) -> String {
    loop {
        let mut line = String::new();
        let read = stream.read_line(&mut line).await.unwrap();
        assert!(read > 0, "no line with {text}");
        if line.contains(text) {
            return line;
        }
    }
}

/// Returns a list of employees who get generated passwords, which takes seconds.
fn slow_list() -> String {
    (0..60).fold("phone,name\n".to_owned(), |mut list, n| {
        writeln!(list, "+7701{n:07},Employee {n}").unwrap();
        list
    })
}

/// Returns a list whose employees have this hash, so that no password is generated.
fn list(users: usize) -> String {
    let hash = "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2";
    (0..users).fold("phone,name,hash\n".to_owned(), |mut list, n| {
        writeln!(list, "+7701{n:07},Employee {n},{hash}").unwrap();
        list
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_is_that_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let panel = Panel::start(folder).await;
    std::fs::write(folder.join("list.csv"), list(450)).unwrap();
    let divan = |arguments: &[&str]| {
        let (code, stdout, stderr) = run(program(folder).args(arguments));
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    divan(&["import", "users", "list.csv"]);
    let formula = ["--name", "=1+1", "--phone", "+77777777777", "--generate"];
    divan(&[&["user", "create"], &formula[..]].concat());

    let response = panel.export().await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    for (name, value) in [
        ("content-type", "text/csv; charset=utf-8"),
        ("content-disposition", "attachment; filename=\"users.csv\""),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(headers[name], value);
    }
    let exported = response.text().await.unwrap();
    assert_eq!(exported, divan(&["export", "users"]));
    assert_eq!(exported.lines().count(), 1 + 1 + 450 + 1);
    assert!(exported.contains(",'=1+1,"), "{exported}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_ends_without_the_end_of_the_body() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let panel = Panel::start(folder).await;
    // More than the buffers of the connection hold.
    let long_names = list(20_000).replace("Employee", &"n".repeat(190));
    std::fs::write(folder.join("list.csv"), long_names).unwrap();
    let (code, _, stderr) = run(program(folder).args(["import", "users", "list.csv"]));
    assert_eq!(code, 0, "{stderr}");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = ([127, 0, 0, 1], panel.server.port).into();
    let mut stream = BufReader::new(socket.connect(address).await.unwrap());
    let token = &panel.token;
    let request = format!(
        "GET {EXPORT} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    line_with(&mut stream, "phone,email").await;
    let lost = std::process::Command::new("sqlite3")
        .args(["-cmd", ".timeout 5000"])
        .arg(folder.join("divan-data/divan.db"))
        .arg("ALTER TABLE divan_users RENAME TO divan_users_elsewhere")
        .status();
    assert!(lost.unwrap().success());
    let mut rest = String::new();
    // The connection may be reset.
    let _ = stream.read_to_string(&mut rest).await;
    assert!(!rest.ends_with("\r\n0\r\n\r\n"), "{} bytes", rest.len());
    wait_for(&panel.server.log, "export ended early", || true);
}

#[tokio::test]
async fn an_export_ends_when_the_administrator_is_signed_out() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let imported = app
        .post_raw(IMPORT, Some(&token), "text/csv", list(700))
        .await;
    assert!(imported.text.contains("completed"), "{imported:?}");

    let export = Request::get(EXPORT).header("authorization", format!("Bearer {token}"));
    let export = export.body(Body::empty()).unwrap();
    let response = app.router.clone().oneshot(export).await.unwrap();
    let mut body = response.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    let sessions = app.get_as(&token, "/auth/sessions").await.json();
    let mut sessions = sessions["items"].as_array().unwrap().iter();
    let own = sessions.find(|session| session["is_current"] == true);
    let id = own.unwrap()["id"].as_str().unwrap();
    let ended = app.delete_as(&token, &format!("/auth/sessions/{id}")).await;
    assert_eq!(ended.status, 204, "{ended:?}");
    // One page was read ahead.
    let mut pages = 0;
    while body.frame().await.unwrap().is_ok() {
        pages += 1;
    }
    assert!(pages < 2, "the rest is not sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_each_change_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let panel = Panel::start(folder.path()).await;
    let list = "phone;name;email;role;active;hash\n\
                87010000001;Әлия;;;;\n\
                ;Second Admin;second@example.com;admin;no;\n\
                +77010000003;Third Last;;;;$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2\n";
    let preview = panel.preview("", list).await;
    let new = |line, name, phone, email, role, hash| json!({"line": line, "full_name": name, "phone": phone, "email": email, "role": role, "has_password_hash": hash});
    let new_users = json!([
        new(2, "Әлия", Some("+77010000001"), None, "employee", false),
        new(
            3,
            "Second Admin",
            None,
            Some("second@example.com"),
            "admin",
            false
        ),
        new(
            4,
            "Third Last",
            Some("+77010000003"),
            None,
            "employee",
            true
        ),
    ]);
    let expected = json!({
        "lines": 3, "new_users": new_users, "generated_passwords": 2, "changes": [], "unchanged": 0, "errors": []
    });
    assert_eq!(preview, expected);
    let units: Vec<u8> = list.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [b"\xFF\xFE".to_vec(), units].concat();
    assert_eq!(
        panel
            .preview("update=false&reset_admin_passwords=true", utf16)
            .await,
        expected
    );
    assert_eq!(panel.count().await, 1);

    panel.import("", list).await;
    let changed = "phone,name,email,active\n+77010000001,Әлия,,no\n,Second Admin,second@example.com,\n+77010000003,Other,,\n";
    let preview = panel.preview("update=true", changed).await;
    assert_eq!(
        (&preview["unchanged"], &preview["new_users"]),
        (&json!(1), &json!([]))
    );
    let [first, other] = preview["changes"].as_array().unwrap().as_slice() else {
        panic!("{preview}")
    };
    assert_eq!(
        first["fields"],
        json!([{"name": "is_active", "before": true, "after": false}])
    );
    assert_eq!(
        (&first["line"], &first["ends_sessions"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        other["fields"],
        json!([{"name": "full_name", "before": "Third Last", "after": "Other"}])
    );
    assert_eq!(
        (&other["full_name"], &other["ends_sessions"]),
        (&json!("Third Last"), &json!(false))
    );
    let lines = panel.import("update=true", changed).await;
    let completed = json!({"type": "completed", "added": 0, "changed": 2, "unchanged": 1});
    assert_eq!(lines.last(), Some(&completed));
}

#[tokio::test]
async fn users_are_imported_changed_and_exported_on_sqlite() {
    import_change_and_export(&App::with_users().await).await;
}

#[tokio::test]
async fn users_are_imported_changed_and_exported_on_postgres() {
    let database = TestDatabase::create().await;
    let store = crate::postgres::store(database.url(), PostgresPool::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(store, BootstrapPolicy::OpenToAnyone, folder);
    app.add_users().await;
    import_change_and_export(&app).await;
}

async fn import_change_and_export<S: Store + Clone + 'static>(app: &App<S>) {
    let admin = app.admin_token().await;
    let post = async |path: &str, list: &str| {
        app.post_raw(path, Some(&admin), "text/csv", list.to_owned())
            .await
    };
    let import = async |options: &str, list: &str| {
        let response = post(&format!("{IMPORT}?{options}"), list).await;
        assert_eq!(response.status, 200, "{response:?}");
        let lines = response.text.lines();
        let lines = lines.map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<Value>>()
    };
    let list = "phone,email,name,role,telegram_id,external_id,hash\n\
                87010000001,,Әлия ҚЫЗЫ,,,T-1,\n\
                ,Second@Example.com,Second Admin,admin,,,\n\
                +77010000003,,Third Last,,43,,$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2\n";
    let preview = post(PREVIEW, list).await.json();
    assert_eq!(preview["new_users"].as_array().unwrap().len(), 3);
    let lines = import("", list).await;
    let [.., passwords, completed] = lines.as_slice() else {
        panic!("{lines:?}")
    };
    let added = json!({"type": "completed", "added": 3, "changed": 0, "unchanged": 0});
    assert_eq!(completed, &added);
    let mut generated = passwords["passwords"].as_array().unwrap().iter();
    let generated = generated.find(|new| new["line"] == 2).unwrap();
    let mut login = app.login_request(44);
    (login["phone"], login["password"]) = ("+77010000001".into(), generated["password"].clone());
    let login = app.post("/auth/telegram/login", &login).await;
    assert_eq!(login.json()["user"]["full_name"], "Әлия ҚЫЗЫ", "{login:?}");

    // Empty cells change nothing.
    let changes = "external_id,phone,email,name,active\n\
                   T-1,+77010000011,,,no\n\
                   ,,SECOND@example.com,Second Admin,\n\
                   ,+77010000003,third@example.com,,\n\
                   ,+77010000004,,Fourth Last,no\n";
    let preview = post(&format!("{PREVIEW}?update=true"), changes)
        .await
        .json();
    let shown = preview["changes"].as_array().unwrap();
    let lines: Vec<_> = shown.iter().map(|change| &change["line"]).collect();
    assert_eq!(lines, [2, 4]);
    let ends = shown.iter().map(|change| &change["ends_sessions"]);
    assert_eq!(ends.collect::<Vec<_>>(), [true, false]);
    let lines = import("update=true", changes).await;
    let completed = json!({"type": "completed", "added": 1, "changed": 2, "unchanged": 1});
    assert_eq!(lines.last(), Some(&completed));
    let access = login.json()["access_token"].as_str().unwrap().to_owned();
    app.clock.advance(std::time::Duration::from_secs(2));
    app.get_as(&access, "/auth/me")
        .await
        .assert_problem(401, "token_invalid");

    let taken = "name,phone,email\nA,+77010000011,\nB,+77010000012,THIRD@example.com\n";
    let problem = post(IMPORT, taken)
        .await
        .assert_problem(422, "validation_failed");
    let errors = problem["errors"].as_array().unwrap().iter();
    let pointers: Vec<_> = errors.map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/2/phone", "/3/email"]);

    let exported = app.get_as(&admin, EXPORT).await.text;
    let users: Vec<&str> = exported.lines().skip(1).collect();
    assert_eq!(users.len(), 6, "{exported}");
    for line in [
        "+77010000011,,Әлия ҚЫЗЫ,employee,no,44,T-1",
        ",second@example.com,Second Admin,admin,yes,,",
        "+77010000003,third@example.com,Third Last,employee,yes,43,",
        "+77010000004,,Fourth Last,employee,no,,",
    ] {
        assert!(users.contains(&line), "{line}: {exported}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_line_and_the_column_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let panel = Panel::start(folder.path()).await;
    let list = "ФИО;Телефон;Почта;Роль\nA;7,7E+10;;\nB;+77010000002;;boss\nC;12;admin@example.com;\nD;+77010000002;;;x\n";
    let preview = panel.preview("", list).await;
    let errors: Vec<(u64, Option<&str>)> = preview["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["line"].as_u64().unwrap(), error["column"].as_str()))
        .collect();
    assert_eq!(
        errors,
        [
            (2, Some("Телефон")),
            (3, Some("Роль")),
            (4, Some("Телефон")),
            (4, Some("Почта")),
            (5, None),
            (5, Some("Телефон")),
        ]
    );
    assert_eq!(preview["errors"][1]["message"], "must be employee or admin");
    assert_eq!(
        (&preview["lines"], &preview["new_users"]),
        (&json!(4), &json!([]))
    );

    let refused = panel.post(IMPORT, list).await;
    assert_eq!(refused.status(), 422);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/2/Телефон");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 6);

    for (file, message) in [
        (&b""[..], "the file is empty"),
        (b"phone\n1\n", "the file must have a column `name`"),
        (b"name\nA\n\xC8\xEC\xFF\n", "the file is not UTF-8 (line 3)"),
        (
            b"name,phone\nA,\"1\n",
            "the file has a quote in line 2 that is not closed",
        ),
    ] {
        let preview = panel.preview("", file).await;
        let error = &preview["errors"][0];
        assert!(
            error["message"].as_str().unwrap().starts_with(message),
            "{error}"
        );
        assert_eq!(panel.post(IMPORT, file).await.status(), 422);
    }
    assert_eq!(panel.count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_csv_of_at_most_5_mib() {
    let folder = tempfile::tempdir().unwrap();
    let panel = Panel::start(folder.path()).await;
    let app = App::with_users().await;
    let token = app.admin_token().await;
    for path in [PREVIEW, IMPORT] {
        for content_type in ["application/json", "text/plain", ""] {
            let request = panel.http.post(panel.server.url(path)).body("name\nA\n");
            let request = request.header("content-type", content_type);
            let response = request.bearer_auth(&panel.token).send().await.unwrap();
            assert_eq!(response.status(), 415, "{content_type}");
        }
        let part = || Frame::data(Bytes::from(vec![b'x'; 1024 * 1024]));
        let parts: Vec<_> = (0..6).map(|_| Ok::<_, Infallible>(part())).collect();
        let chunked = StreamBody::new(futures_util::stream::iter(parts));
        let known = Body::from(vec![b'x'; 5 * 1024 * 1024 + 1]);
        // Over a connection, a client that still writes may miss the response.
        for too_large in [known, Body::new(chunked)] {
            let response = app
                .post_raw(path, Some(&token), "text/csv", too_large)
                .await;
            let problem = response.assert_problem(413, "payload_too_large");
            assert!(
                problem["detail"].as_str().unwrap().contains("5 MiB"),
                "{problem}"
            );
        }
    }
    let mut largest = list(1);
    largest.push_str(&"\n".repeat(5 * 1024 * 1024 - largest.len()));
    assert_eq!(panel.preview("", largest).await["lines"], 1);
    let many = format!("name\n{}", "A\n".repeat(100_001));
    let preview = panel.preview("", many).await;
    assert_eq!(
        preview["errors"][0]["message"],
        "the file has more than 100000 users: split it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_sends_the_passwords_before_it_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let panel = Panel::start(folder.path()).await;
    let list = "phone,name,email,role\n+77010000001,First Last,,\n,Second Admin,second@example.com,admin\n";
    let response = panel.post(IMPORT, list).await;
    for (name, value) in [
        ("content-type", "application/x-ndjson"),
        ("x-accel-buffering", "no"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let text = response.text().await.unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [progress @ .., passwords, completed] = lines.as_slice() else {
        panic!("{text}")
    };
    assert!(!progress.is_empty() && progress.iter().all(|line| line["type"] == "progress"));
    assert_eq!(
        progress[0],
        json!({"type": "progress", "done": 0, "total": 2})
    );
    assert_eq!(
        *completed,
        json!({"type": "completed", "added": 2, "changed": 0, "unchanged": 0})
    );
    let [employee, admin] = passwords["passwords"].as_array().unwrap().as_slice() else {
        panic!("{passwords}")
    };
    assert_eq!(
        (&employee["line"], &employee["phone"]),
        (&json!(2), &json!("+77010000001"))
    );
    assert_eq!(
        (&admin["line"], &admin["full_name"]),
        (&json!(3), &json!("Second Admin"))
    );
    let login = json!({"email": "second@example.com", "password": admin["password"]});
    let session = panel
        .http
        .post(panel.server.url("/auth/admin/login"))
        .json(&login)
        .send();
    let session: Value = session.await.unwrap().json().await.unwrap();
    assert_eq!(session["user"]["id"], admin["user_id"]);
    assert_eq!(session["user"]["password_change_required"], true);
    let expires = admin["expires_at"].as_str().unwrap();
    assert!(
        expires > session["user"]["created_at"].as_str().unwrap(),
        "{expires}"
    );
    assert!(
        !panel
            .server
            .log()
            .contains(employee["password"].as_str().unwrap())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_before_the_passwords_imports_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let panel = Panel::start(folder.path()).await;
    let stream = panel.start_import(&slow_list()).await;
    let second = panel.post(IMPORT, list(1)).await;
    assert_eq!(second.status(), 503);
    let problem: Value = second.json().await.unwrap();
    assert_eq!(problem["code"], "overloaded", "one import at a time");
    assert_eq!(panel.preview("", list(1)).await["errors"], json!([]));

    drop(stream);
    wait_for(&panel.server.log, "client closed the connection", || true);
    assert_eq!(panel.count().await, 1);
    let lines = panel.import("", list(1)).await;
    assert_eq!(lines.last().unwrap()["type"], "completed");
    assert_eq!(panel.count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_conflicts_stores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let panel = Panel::start(folder.path()).await;
    let mut stream = panel.start_import(&slow_list()).await;
    let user = json!({"full_name": "First Last", "phone": "+77010000059"});
    let created = panel
        .http
        .post(panel.server.url("/auth/admin/users"))
        .json(&user);
    let created = created.bearer_auth(&panel.token).send().await.unwrap();
    assert_eq!(created.status(), 201);
    line_with(&mut stream, "passwords").await;
    let failed = line_with(&mut stream, "failed").await;
    let failed: Value = serde_json::from_str(&failed).unwrap();
    let problem = &failed["problem"];
    assert_eq!(problem["code"], "validation_failed", "{failed}");
    // The first line names the columns, and the number is that of the last employee.
    let error =
        json!({"pointer": "/61/phone", "code": "invalid", "detail": "belongs to another user"});
    assert_eq!(problem["errors"], json!([error]), "{failed}");
    assert_eq!(panel.count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_an_import_without_storing_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut panel = Panel::start(folder.path()).await;
    let mut stream = panel.start_import(&slow_list()).await;
    let id = panel.server.child.id().to_string();
    let stopped = std::process::Command::new("kill").arg(id).status();
    assert!(stopped.unwrap().success());
    let failed = line_with(&mut stream, "failed").await;
    let failed: Value = serde_json::from_str(&failed).unwrap();
    assert_eq!(failed["problem"]["code"], "unavailable", "{failed}");
    assert!(panel.server.child.wait().unwrap().success());
    let log = panel.server.log();
    assert!(!log.contains("aborted requests"), "{log}");
    let (_, users, _) = run(program(folder.path()).args(["user", "list"]));
    assert_eq!(users.lines().count(), 2, "{users}");
}
