//! The program itself: how it starts, refuses to start, and stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use divan_core::api::ProblemCode;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_divan-server");
pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The program in a folder of its own, without any variable but those that a process needs.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    (
        status.code().unwrap(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// [`run`], with something on standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> (i32, String, String) {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input ends before all of it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    (
        status.code().unwrap(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// A server that is running; it is killed at the end.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
    banner: Arc<Mutex<String>>,
    pub(crate) log: Arc<Mutex<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Ends it at once, in the middle of whatever it does.
    pub(crate) fn kill(&self) {
        let killed = Command::new("kill")
            .args(["-KILL", &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    /// What it has said of itself so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// Starts a server on a free port and waits until it listens.
pub(crate) fn start(command: &mut Command) -> Running {
    let mut child = command
        .args(["--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let banner = kept(child.stdout.take().unwrap());
    let log = kept(child.stderr.take().unwrap());
    let line = wait_for(&log, "listening", || child.try_wait().unwrap().is_none());
    let port = line
        .split("127.0.0.1:")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(char::is_ascii_digit);
    let port = port.collect::<String>().parse().unwrap();
    Running {
        child,
        port,
        banner,
        log,
    }
}

/// What comes out of a pipe, read to its end, so that the server never waits for room in it.
fn kept(pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let keep = text.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            *keep.lock().unwrap() += &(line + "\n");
        }
    });
    text
}

/// Waits for a line with this in it, and gives it.
pub(crate) fn wait_for(
    text: &Mutex<String>,
    wanted: &str,
    mut is_alive: impl FnMut() -> bool,
) -> String {
    for _ in 0..3000 {
        let was_alive = is_alive();
        let found = text
            .lock()
            .unwrap()
            .lines()
            .find(|line| line.contains(wanted))
            .map(str::to_owned);
        if let Some(line) = found {
            return line;
        }
        if !was_alive {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no line with {wanted:?} in:\n{}", text.lock().unwrap());
}

#[test]
fn told_nothing_it_serves_a_development_default() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&mut program(folder.path()));
    wait_for(&server.banner, "For a deployment", || true);
    let banner = server.banner.lock().unwrap().clone();
    assert!(banner.contains("not for production"), "{banner}");
    assert!(banner.contains(&format!("http://localhost:{}/docs", server.port)));
    assert!(banner.contains("/auth/admin/bootstrap"));

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
fn what_keeps_it_from_starting_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a-file"), "").unwrap();
    let good = [
        ("DATABASE_URL", "sqlite:divan.db"),
        ("SECRET_KEY", KEY),
        ("TELEGRAM_BOT_TOKEN", "1:abc"),
    ];
    for (variable, value, exit, message) in [
        (
            "DATABASE_URL",
            "mysql://host/db",
            78,
            "DATABASE_URL is neither a `sqlite:` nor",
        ),
        (
            "DATABASE_URL",
            "postgres://u:p@h/d?pool=1",
            78,
            "a parameter that is not known here: pool",
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
            "SECRET_KEY is too short: the key has 5 bytes",
        ),
        (
            "TELEGRAM_BOT_TOKEN",
            "no colon",
            78,
            "TELEGRAM_BOT_TOKEN is not a bot token",
        ),
        (
            "DIVAN_ADMIN_URL",
            "http://divan.localhost/",
            78,
            "DIVAN_ADMIN_URL has the same host",
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
fn a_port_in_use_is_said() {
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
fn a_folder_that_cannot_be_made_is_said() {
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
fn the_development_default_is_not_exposed_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, stderr) = run(program(folder.path()).args(["--host", "0.0.0.0", "--port", "0"]));
    assert_eq!(code, 1);
    assert!(stderr.contains("--expose-development"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn told_to_stop_it_stops_with_success() {
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
fn told_to_stop_while_it_waits_for_its_database_it_stops() {
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
fn told_twice_it_stops_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start(&mut program(folder.path()));
    // A request line that never ends would hold the stop for seconds.
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.write_all(b"GET /auth/me HTT").unwrap();
    let pid = server.child.id().to_string();
    let terminate = || Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    terminate();
    while server.child.try_wait().unwrap().is_none()
        && !server.log.lock().unwrap().contains("told twice")
    {
        terminate();
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn eight_servers_that_start_at_once_share_one_file() {
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
fn given_secrets_close_the_bootstrap_of_the_development_default() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(program(folder.path()).env("SECRET_KEY", KEY));
    wait_for(&server.banner, "Next: set DIVAN_BOOTSTRAP_TOKEN", || true);
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    let body = r#"{"email":"admin@example.com","password":"tram under the plum"}"#;
    let request = format!(
        "POST /auth/admin/bootstrap HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_not_taken_for_unset() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    for variable in ["DATABASE_URL", "DIVAN_BOOTSTRAP_TOKEN", "RUST_LOG"] {
        let odd = std::ffi::OsStr::from_bytes(b"sqlite:\xff.db");
        let (code, _, stderr) = run(program(folder.path())
            .args(["--port", "0"])
            .env(variable, odd));
        assert_eq!(code, 78, "{stderr}");
        assert!(
            stderr.contains(&format!("{variable} is not UTF-8")),
            "{stderr}"
        );
    }
}

#[test]
fn init_data_is_minted_and_checked_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let sign = [
        "init-data",
        "sign",
        "--user-id",
        "42",
        "--username",
        "first_last",
        "--start-param",
        "a b",
    ];
    let (code, raw, stderr) = run(program(folder.path()).args(sign));
    assert_eq!((code, stderr.as_str()), (0, ""));

    let verify = |max_age: &str, raw: &str, token: Option<&str>| {
        let mut command = program(folder.path());
        command.args(["init-data", "verify", "--max-age", max_age]);
        if let Some(token) = token {
            command.env("TELEGRAM_BOT_TOKEN", token);
        }
        let (code, stdout, _) = run_with_input(&mut command, raw);
        (code, stdout)
    };
    let (code, fields) = verify("3600", &raw, None);
    let fields: serde_json::Value = serde_json::from_str(&fields).unwrap();
    assert_eq!(code, 0);
    assert_eq!(
        (&fields["user"]["id"], &fields["start_param"]),
        (&42.into(), &"a b".into())
    );

    let invalid = ProblemCode::InitDataInvalid.as_str();
    for (raw, token, expected) in [
        (raw.replace("42", "43"), None, invalid),
        (raw.clone(), Some("1:another"), invalid),
        (String::new(), None, ProblemCode::InitDataMissing.as_str()),
        (
            old_init_data(folder.path()),
            None,
            ProblemCode::InitDataExpired.as_str(),
        ),
    ] {
        assert_eq!(verify("3600", &raw, token), (1, format!("{expected}\n")));
    }
}

/// What the commands answer, the second about what the first has printed.
fn sign_and_verify(folder: &Path, sign: &[&str], verify: &[&str]) -> (i32, String) {
    let (code, raw, stderr) = run(program(folder)
        .args(["init-data", "sign", "--user-id", "42"])
        .args(sign));
    assert_eq!(code, 0, "{stderr}");
    let mut command = program(folder);
    command
        .args(["init-data", "verify", "--max-age", "60"])
        .args(verify);
    let (code, stdout, _) = run_with_input(&mut command, &raw);
    (code, stdout)
}

#[test]
fn every_kind_of_signed_data_is_minted_and_checked_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("secret-key");
    std::fs::write(&key, format!("{}\n", "07".repeat(32))).unwrap();
    let public_key = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    let kinds = [
        (vec!["--kind", "hmac"], vec!["--kind", "hmac"]),
        (
            vec![
                "--kind",
                "ed25519",
                "--bot-id",
                "7",
                "--secret-key-file",
                key.to_str().unwrap(),
            ],
            vec![
                "--kind",
                "ed25519",
                "--bot-id",
                "7",
                "--public-key",
                public_key,
            ],
        ),
        (
            vec!["--kind", "contact", "--phone", "77011234567"],
            vec!["--kind", "contact"],
        ),
        (
            vec!["--kind", "widget", "--username", "first"],
            vec!["--kind", "widget"],
        ),
    ];
    for (signed, (sign, _)) in kinds.iter().enumerate() {
        for (checked, (_, verify)) in kinds.iter().enumerate() {
            let (code, stdout) = sign_and_verify(folder.path(), sign, verify);
            // A contact is signed as init data is; it names no user there.
            let passes = signed == checked || (signed, checked) == (2, 0);
            assert_eq!(code, i32::from(!passes), "{sign:?} {verify:?}: {stdout}");
            assert_eq!(stdout.contains("42"), passes, "{stdout}");
        }
    }
    for verify in [
        vec![
            "--kind",
            "ed25519",
            "--bot-id",
            "8",
            "--public-key",
            public_key,
        ],
        vec![
            "--kind",
            "ed25519",
            "--bot-id",
            "7",
            "--environment",
            "production",
        ],
        vec![
            "--kind",
            "ed25519",
            "--bot-id",
            "7",
            "--environment",
            "test",
        ],
        vec!["--kind", "ed25519", "--bot-id", "7"],
    ] {
        assert_eq!(
            sign_and_verify(folder.path(), &kinds[1].0, &verify),
            (1, "init_data_invalid\n".to_owned())
        );
    }
}

#[test]
fn arguments_that_make_no_sense_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, about) in [
        (
            vec!["sign", "--user-id", "1", "--kind", "contact"],
            "--phone",
        ),
        (
            vec!["sign", "--user-id", "1", "--kind", "ed25519"],
            "--bot-id",
        ),
        (
            vec!["verify", "--max-age", "1", "--kind", "ed25519"],
            "--bot-id",
        ),
        (
            vec![
                "verify",
                "--max-age",
                "1",
                "--kind",
                "hmac",
                "--public-key",
                "07",
            ],
            "64 hex digits",
        ),
        (vec!["verify", "--max-age", "1", "--kind", "other"], "other"),
    ] {
        let (code, _, stderr) = run(program(folder.path()).arg("init-data").args(arguments));
        assert!(code != 0 && stderr.contains(about), "{stderr}");
    }
}

/// Init data of the year 2001 by the development bot.
fn old_init_data(folder: &Path) -> String {
    let token = std::fs::read_to_string(folder.join("divan-data/bot-token"))
        .unwrap()
        .parse()
        .unwrap();
    divan_core::init_data::InitDataBuilder::new(1_000_000_000)
        .user(42, "First")
        .sign(&token)
}

#[test]
fn the_document_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, _) = run(program(folder.path()).arg("openapi"));
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, document["info"]["title"].as_str()),
        (0, Some("Divan"))
    );
}

#[tokio::test]
async fn the_log_tells_what_happened_and_no_secret() {
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
        let answer = client
            .post(server.url(path))
            .bearer_auth("a-hidden-token")
            .json(&body)
            .send()
            .await
            .unwrap();
        answer.json::<serde_json::Value>().await.unwrap()
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
async fn of_a_hundred_parallel_bootstraps_one_wins() {
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

/// These tests speak plain HTTP to this machine, so the client trusts nobody.
pub(crate) fn no_tls() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}
