//! Export of users over HTTP.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD};
use crate::process::{Running, no_tls, program, run, start};

const EXPORT: &str = "/auth/admin/users/export";

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

    async fn export(&self) -> reqwest::Response {
        let request = self.http.get(self.server.url(EXPORT));
        request.bearer_auth(&self.token).send().await.unwrap()
    }
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
    std::fs::write(folder.join("list.csv"), list(20_000)).unwrap();
    let (code, _, stderr) = run(program(folder).args(["import", "users", "list.csv"]));
    assert_eq!(code, 0, "{stderr}");
    // The server cannot send the rest before some of it is read.
    let mut response = panel.export().await;
    assert_eq!(response.status(), 200);
    let lost = std::process::Command::new("sqlite3")
        .args(["-cmd", ".timeout 5000"])
        .arg(folder.join("divan-data/divan.db"))
        .arg("ALTER TABLE divan_users RENAME TO divan_users_elsewhere")
        .status();
    assert!(lost.unwrap().success());
    let mut received = 0;
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received += chunk.len(),
            Ok(None) => panic!("{received} bytes, which look complete"),
            Err(error) => break error,
        }
    };
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert!(panel.server.log().contains("export ended early"));
}
