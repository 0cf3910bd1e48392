//! `divan-server passwords build`, and a server with the list.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::process::{no_tls, program, run, run_with_input, start};

/// Passwords that break no other rule.
const BREACHED: [&str; 3] = [
    "tram under the plum",
    "plum under the tram",
    "umbrella on the moon",
];

fn build(folder: &Path, list: impl AsRef<[u8]>) -> (i32, String, String) {
    fs::write(folder.join("list.txt"), list).unwrap();
    run(program(folder).args(["passwords", "build", "list.txt", "breached"]))
}

fn with_list(folder: &Path) -> Command {
    let mut command = program(folder);
    command.env("DIVAN_BREACHED_PASSWORDS", "breached");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_refuses_the_passwords_of_its_list() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let list = [BREACHED.as_slice(), &BREACHED, &["rubato"]]
        .concat()
        .join("\r\n");
    let (code, stdout, stderr) = build(folder, list);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(stdout, "breached has 4 passwords\n");

    let (code, stdout, _) = run(with_list(folder).args(["config", "check"]));
    assert!(code == 0 && stdout.contains("4 passwords"), "{stdout}");
    let server = start(&mut with_list(folder));
    let client = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    let client = client.build().unwrap();
    let bootstrap = async |password: &str| {
        let body = json!({"email": "admin@example.com", "password": password});
        let request = client.post(server.url("/auth/admin/bootstrap")).json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    for password in BREACHED {
        let (status, problem) = bootstrap(password).await;
        assert_eq!(status, 422, "{problem}");
        let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
        assert_eq!(problem["code"], "weak_password");
        let error = json!({
            "pointer": "/password",
            "code": "password_breached",
            "detail": "must not be a password that leaked from another service"
        });
        assert_eq!(problem["errors"], json!([error]));
    }
    assert_eq!(bootstrap("umbrella in the tram").await.0, 201);

    let create = [
        "admin",
        "create",
        "--email",
        "b@example.com",
        "--password-stdin",
    ];
    let (code, _, stderr) = run_with_input(with_list(folder).args(create), BREACHED[0]);
    assert!(
        code == 1 && stderr.contains("leaked from another service"),
        "{stderr}"
    );
}

#[test]
fn a_list_of_hashes_is_read_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    // SHA-1 of `P@ssw0rd` and of `password`.
    let list = "21BD12DC183F740EE76F27B78EB39C8AD972A757:52579\r\n\
                5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9\r\n";
    let mut command = program(folder.path());
    command.args(["passwords", "build", "-", "breached", "--min-count", "10"]);
    let (code, stdout, stderr) = run_with_input(&mut command, list);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(stdout, "breached has 1 passwords\n");
}

#[test]
fn an_unusable_list_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(build(folder, "first\nsecond\n").0, 0);
    let before = fs::read(folder.join("breached")).unwrap();
    for (list, message) in [
        (&b""[..], "divan-server: list.txt contains no passwords"),
        (b"\n\r\n", "divan-server: list.txt contains no passwords"),
        (
            b"tram\npl\xFCm\n",
            "divan-server: list.txt line 2: the text is not UTF-8",
        ),
        (
            b"21BD12DC183F740EE76F27B78EB39C8AD972A757\nplum\n",
            "divan-server: list.txt line 2: the first line is a SHA-1 hash",
        ),
    ] {
        let (code, stdout, stderr) = build(folder, list);
        assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
        assert!(stderr.starts_with(message), "{stderr}");
        assert_eq!(fs::read(folder.join("breached")).unwrap(), before);
    }
    assert_eq!(build(folder, "third\n").0, 0);
    assert_ne!(fs::read(folder.join("breached")).unwrap(), before);
    let files = folder.read_dir().unwrap().count();
    assert_eq!(files, 2, "no temporary file is left");

    let arguments = ["passwords", "build", "list.txt", "nowhere/breached"];
    let (code, _, stderr) = run(program(folder).args(arguments));
    assert!(
        code == 1 && stderr.contains("cannot write nowhere/breached"),
        "{stderr}"
    );
    let arguments = ["passwords", "build", "nothing.txt", "breached"];
    let (code, _, stderr) = run(program(folder).args(arguments));
    assert!(
        code == 1 && stderr.contains("cannot read nothing.txt"),
        "{stderr}"
    );
}

#[test]
fn an_unusable_file_is_an_error_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(build(folder, "first\nsecond\n").0, 0);
    let good = fs::read(folder.join("breached")).unwrap();
    let with = |position: usize, byte: u8| {
        let mut changed = good.clone();
        changed[position] = byte;
        changed
    };
    for (content, message) in [
        (
            b"password\n".to_vec(),
            "names breached, which is not a list of breached passwords",
        ),
        (with(8, 2), "names breached, which has format version 2"),
        (
            good[..good.len() - 1].to_vec(),
            "names breached, which is incomplete",
        ),
        (with(50, !good[50]), "names breached, which is damaged"),
    ] {
        fs::write(folder.join("breached"), content).unwrap();
        for command in [
            &["config", "check"][..],
            &["doctor"],
            &["serve", "--port", "0"],
        ] {
            let (code, stdout, stderr) = run(with_list(folder).args(command));
            assert_eq!((code, stdout.as_str()), (78, ""), "{stderr}");
            let expected = format!("divan-server: DIVAN_BREACHED_PASSWORDS {message}");
            assert!(stderr.starts_with(&expected), "{stderr}");
            assert!(
                stderr.contains("`divan-server passwords build`"),
                "{stderr}"
            );
        }
    }
    fs::remove_file(folder.join("breached")).unwrap();
    let (code, _, stderr) = run(with_list(folder).args(["config", "check"]));
    let expected = "DIVAN_BREACHED_PASSWORDS names a file that does not exist";
    assert!(code == 78 && stderr.contains(expected), "{stderr}");
}
