//! Start and stop of the program, and what it logs.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{KEY, Running, no_tls, program, run, start, wait_for};

#[test]
fn without_configuration_the_server_runs_in_development_mode() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    wait_for(&server.banner, "For a deployment", || true);
    let banner = server.banner.lock().unwrap().clone();
    assert!(banner.contains("not for production"), "{banner}");
    for address in [
        "localhost:{}/docs",
        "localhost:{}/\n",
        "divan.localhost:{}/",
        "sec.localhost:{}/",
    ] {
        let address = address.replace("{}", &server.port.to_string());
        assert!(banner.contains(&format!("http://{address}")), "{banner}");
    }
    assert!(
        banner.contains("create the first administrator"),
        "{banner}"
    );
    let command = format!("{} init-data sign", env!("CARGO_BIN_EXE_divan-server"));
    assert!(banner.contains(&command), "{banner}");

    let data = folder.path().join("divan-data");
    for name in ["secret-key", "bot-token", "divan.db"] {
        assert!(data.join(name).exists(), "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = data.join(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
    let key = std::fs::read_to_string(data.join("secret-key")).unwrap();
    drop(server);
    drop(start(&mut program(folder.path())));
    assert_eq!(
        std::fs::read_to_string(data.join("secret-key")).unwrap(),
        key,
        "kept over a restart"
    );
}

#[test]
fn the_banner_names_swagger_ui_only_where_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let create = ["admin", "create", "--email", "a@example.com", "--generate"];
    let banner = |pages: &str, docs: &str| {
        let mut command = program(folder.path());
        let server = start(command.env("DIVAN_PAGES", pages).env("DIVAN_DOCS", docs));
        wait_for(&server.banner, "For a deployment", || true);
        server.banner.lock().unwrap().clone()
    };
    assert!(!banner("on", "off").contains("docs"));
    let (code, _, stderr) = run(program(folder.path()).args(create));
    assert_eq!(code, 0, "{stderr}");
    for (pages, docs, expected) in [
        ("on", "on", "sign in to the admin panel"),
        ("on", "off", "sign in to the admin panel"),
        ("off", "on", "open the Swagger UI"),
        ("off", "off", "/auth/admin/login"),
    ] {
        let banner = banner(pages, docs);
        assert!(banner.contains(expected), "{banner}");
        assert_eq!(banner.contains("Swagger UI"), docs == "on", "{banner}");
    }
}

#[test]
fn a_startup_error_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a-file"), "").unwrap();
    let good = [
        ("DATABASE_URL", "sqlite:divan.db"),
        ("SECRET_KEY", KEY),
        (
            "TELEGRAM_BOT_TOKEN",
            "1:AAFakeTokenForDivanTestVectorsOnly_0000",
        ),
    ];
    for (variable, value, exit, message) in [
        (
            "DATABASE_URL",
            "mysql://host/db",
            78,
            "DATABASE_URL must start with `sqlite:` or",
        ),
        (
            "DATABASE_URL",
            "postgres://u:p@h/d?plan=1",
            78,
            "contains the unknown parameter `plan`",
        ),
        (
            "DATABASE_URL",
            "postgres://u:no colon@127.0.0.1:1/d",
            1,
            "cannot open the database u@127.0.0.1:1/d",
        ),
        (
            "DATABASE_URL",
            "sqlite:missing/divan.db",
            1,
            "cannot open the database missing/divan.db",
        ),
        (
            "DATABASE_URL",
            "sqlite:a-file/divan.db",
            1,
            "cannot open the database a-file/divan.db",
        ),
        (
            "SECRET_KEY",
            "short",
            78,
            "SECRET_KEY is too short: the key must have at least 32 bytes",
        ),
        (
            "TELEGRAM_BOT_TOKEN",
            "no colon",
            78,
            "TELEGRAM_BOT_TOKEN must be a bot token",
        ),
        (
            "DIVAN_ADMIN_URL",
            "http://divan.localhost/",
            78,
            "DIVAN_ADMIN_URL must have another host",
        ),
    ] {
        let mut command = program(folder.path());
        command
            .args(["--port", "0"])
            .envs(good)
            .env("DIVAN_DATABASE_ACQUIRE_SECONDS", "1")
            .env(variable, value);
        let (code, stdout, stderr) = run(&mut command);
        assert_eq!(
            (code, stdout.as_str()),
            (exit, ""),
            "{variable}={value}\n{stderr}"
        );
        let lines: Vec<&str> = stderr
            .lines()
            .filter(|line| line.starts_with("divan-server: "))
            .collect();
        assert_eq!(lines.len(), 1, "{stderr}");
        assert!(lines[0].contains(message), "{stderr}");
        assert!(
            !stderr.contains("panicked") && !stderr.contains("no colon"),
            "{stderr}"
        );
    }
}

#[test]
fn a_port_in_use_is_reported() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let (code, _, stderr) = run(program(folder.path()).args(["--port", &port]));
    assert_eq!(code, 1);
    assert!(
        stderr.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{stderr}"
    );
    assert!(
        !folder.path().join("divan-data").exists(),
        "nothing was made"
    );
}

#[test]
fn a_folder_that_cannot_be_created_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("divan-data"), "a file, not a folder").unwrap();
    let (code, _, stderr) = run(program(folder.path()).args(["--port", "0"]));
    assert_eq!(code, 78);
    assert!(
        stderr.contains("development mode cannot start: cannot read divan-data/secret-key"),
        "{stderr}"
    );
}

#[test]
fn development_mode_is_not_exposed_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, stderr) = run(program(folder.path()).args(["--host", "0.0.0.0", "--port", "0"]));
    assert_eq!(code, 1);
    assert!(stderr.contains("--expose-development"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn sigterm_stops_the_server_with_success() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start(&mut program(folder.path()));
    let pid = server.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(
        !folder.path().join("divan-data/divan.db-wal").exists(),
        "the database was closed"
    );
}

#[cfg(unix)]
#[test]
fn sigterm_stops_a_server_that_waits_for_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!(
        "postgresql://divan@127.0.0.1:{}/divan",
        divan_testing::absent_port()
    );
    let mut command = program(folder.path());
    command
        .env("DATABASE_URL", database)
        .env("SECRET_KEY", KEY)
        .env("DIVAN_DATABASE_ACQUIRE_SECONDS", "600");
    let mut child = command
        .args(["--port", "0"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..300 {
        std::thread::sleep(Duration::from_millis(100));
        let _ = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        if child.try_wait().unwrap().is_some() {
            return;
        }
    }
    child.kill().unwrap();
    panic!("it went on to wait");
}

#[cfg(unix)]
#[test]
fn a_second_sigterm_stops_the_server_immediately() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start(&mut program(folder.path()));
    // An unfinished request line delays the stop for seconds.
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.write_all(b"GET /auth/me HTT").unwrap();
    let pid = server.child.id().to_string();
    let terminate = || Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    terminate();
    while server.child.try_wait().unwrap().is_none()
        && !server.log.lock().unwrap().contains("second signal")
    {
        terminate();
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_draining_server_is_not_ready_and_still_serves() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start(program(folder.path()).env("DIVAN_DRAIN_SECONDS", "300"));
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap();
    let status = async |path| {
        let response = http.get(server.url(path)).send().await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(status("/health/ready").await, 200);
    let pid = server.child.id().to_string();
    let terminate = || Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    terminate();
    while status("/health/ready").await == 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(status("/health/ready").await, 503);
    // A new connection, of a client that has not noticed.
    assert_eq!(status("/auth/me").await, 401);
    terminate();
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn eight_servers_that_start_concurrently_share_the_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let servers: Vec<Running> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| start(&mut program(folder.path()))))
            .collect();
        starting
            .into_iter()
            .map(|server| server.join().unwrap())
            .collect()
    });
    assert_eq!(servers.len(), 8);
    let leftovers: Vec<_> = folder
        .path()
        .join("divan-data")
        .read_dir()
        .unwrap()
        .collect();
    assert_eq!(
        leftovers.len(),
        7,
        "two secrets, their locks, and the three files of the database: {leftovers:?}"
    );
}

#[test]
fn configured_secrets_close_the_bootstrap_of_development_mode() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(program(folder.path()).env("SECRET_KEY", KEY));
    wait_for(&server.banner, "divan-server admin create`", || true);
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let body = r#"{"email":"admin@example.com","password":"tram under the plum"}"#;
    let request = format!(
        "POST /auth/admin/bootstrap HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 403"), "{response}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_not_treated_as_unset() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    for variable in ["DATABASE_URL", "DIVAN_BOOTSTRAP_TOKEN", "RUST_LOG"] {
        let odd = std::ffi::OsStr::from_bytes(b"sqlite:\xff.db");
        let (code, _, stderr) = run(program(folder.path())
            .args(["--port", "0"])
            .env(variable, odd));
        assert_eq!(code, 78, "{stderr}");
        assert!(
            stderr.contains(&format!("{variable} must be UTF-8")),
            "{stderr}"
        );
    }
}

#[test]
fn openapi_prints_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, _) = run(program(folder.path()).arg("openapi"));
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, document["info"]["title"].as_str()),
        (0, Some("Divan"))
    );
}

#[tokio::test]
async fn the_log_has_events_and_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(
        program(folder.path())
            .env("RUST_LOG", "trace")
            .env("DIVAN_LOG_FORMAT", "json"),
    );
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap();
    let post = async |path: &str, body: serde_json::Value| {
        let response = client
            .post(server.url(path))
            .bearer_auth("a-hidden-token")
            .json(&body)
            .send()
            .await
            .unwrap();
        response.json::<serde_json::Value>().await.unwrap()
    };
    let credentials = serde_json::json!({"email": "admin@example.com", "password": "a hidden tram under the plum"});
    post("/auth/admin/bootstrap", credentials.clone()).await;
    let session = post("/auth/admin/login", credentials).await;
    let bot_token = std::fs::read_to_string(folder.path().join("divan-data/bot-token")).unwrap();
    let raw = divan_core::init_data::InitDataBuilder::new(1_000_000_000).user(42, "First");
    let raw = raw.sign(&bot_token.parse().unwrap());
    let login = serde_json::json!({"phone": "+77011234567", "password": "a hidden umbrella", "init_data": raw});
    post("/auth/telegram/login", login).await;
    post(
        "/auth/admin/users?hidden=1",
        serde_json::json!({"password": "hidden"}),
    )
    .await;

    let secret_key = std::fs::read_to_string(folder.path().join("divan-data/secret-key")).unwrap();
    wait_for(&server.log, "/auth/admin/users", || true);
    let log = server.log.lock().unwrap().clone();
    for route in [
        "/auth/admin/bootstrap",
        "/auth/admin/login",
        "/auth/telegram/login",
        "/auth/admin/users",
    ] {
        assert!(log.contains(&format!(r#""route":"{route}""#)), "{log}");
    }
    let access_token = session["access_token"].as_str().unwrap();
    let bot_secret = bot_token.split_once(':').unwrap().1;
    for secret in [
        "hidden",
        access_token,
        bot_secret,
        secret_key.as_str(),
        raw.as_str(),
        "$argon2id$",
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_hundred_concurrent_bootstraps_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    let url = server.url("/auth/admin/bootstrap");
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap();
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let body = serde_json::json!({"email": format!("admin{n}@example.com"), "password": "tram under the plum"});
            let call = client.post(&url).json(&body).send();
            tokio::spawn(async move { call.await.unwrap().status().as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(
        statuses[1..].iter().all(|&status| status == 409),
        "{statuses:?}"
    );
    assert_eq!(statuses.len(), 100);
}
