//! `divan-server import users` and `export users`.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use divan_testing::TestDatabase;
use serde_json::{Value, json};

use crate::process::{KEY, no_tls, program, run, start};

/// Hash of "umbrella 77" by passlib.
const BCRYPT: &str = "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2";

fn divan(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(program(folder).args(arguments))
}

/// Imports a list that is written into the folder.
fn import(folder: &Path, list: impl AsRef<[u8]>, options: &[&str]) -> (i32, String, String) {
    fs::write(folder.join("list.csv"), list).unwrap();
    divan(
        folder,
        &[&["import", "users", "list.csv"], options].concat(),
    )
}

fn count(folder: &Path) -> usize {
    let (_, users, _) = divan(folder, &["user", "list", "--json"]);
    serde_json::from_str::<Vec<Value>>(&users).unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_users_with_and_without_a_hash_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let list = format!(
        "\u{feff}name;phone;email;role;hash\r\nӘлия;8 701 000-00-01;;;{BCRYPT}\r\nNew;+77010000002;;;\r\n\
         Admin;;admin@example.com;admin;\r\n"
    );
    let (code, stdout, stderr) = import(folder, &list, &["--dry-run"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(
        stdout,
        "3 users would be added, 2 of them with a generated password\n"
    );
    assert_eq!(count(folder), 0);

    let (code, stdout, stderr) = import(folder, &list, &["--passwords", "passwords.csv"]);
    assert_eq!(
        (code, stdout.as_str(), stderr.as_str()),
        (0, "3 users added\n", "")
    );
    let file = folder.join("passwords.csv");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let passwords = fs::read_to_string(file).unwrap();
    let [_, line, admin] = passwords.lines().collect::<Vec<_>>()[..] else {
        panic!("{passwords}")
    };
    let generated = line.strip_prefix("+77010000002,,New,").unwrap();
    let admin = admin.strip_prefix(",admin@example.com,Admin,").unwrap();

    let server = start(&mut program(folder));
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(no_tls())
        .build()
        .unwrap();
    for (n, phone, password) in [
        (1, "+77010000001", "umbrella 77"),
        (2, "+77010000002", generated),
    ] {
        let sign = ["init-data", "sign", "--user-id", &n.to_string()];
        let init_data = divan(folder, &sign).1.trim().to_owned();
        let body = json!({"phone": phone, "password": password, "init_data": init_data});
        let response = client
            .post(server.url("/auth/telegram/login"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{phone}");
    }
    let body = json!({"email": "admin@example.com", "password": admin});
    let response = client
        .post(server.url("/auth/admin/login"))
        .json(&body)
        .send()
        .await
        .unwrap();
    let session: Value = response.json().await.unwrap();
    assert_eq!(session["user"]["password_change_required"], true);
    let body = json!({"email": "other@example.com", "password": "tram under the plum"});
    let response = client
        .post(server.url("/auth/admin/bootstrap"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.status(),
        409,
        "an imported administrator is the first one"
    );
}

#[test]
fn import_reports_all_errors_by_line_and_adds_no_user() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let list = format!(
        "name,phone,role,active,hash\n\
         A,+77010000001,,,{BCRYPT}\n\
         B,8 (701) 000-00-01,,,{BCRYPT}\n\
         C,1,boss,perhaps,\n\
         D\n\
         ,+77010000005,,,{BCRYPT}\n\
         F,+77010000006,,,$2b$31$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2\n\
         G,+77010000007,admin,,{BCRYPT}\n"
    );
    for options in [&["--dry-run"][..], &[], &["--passwords", "passwords.csv"]] {
        let (code, stdout, stderr) = import(folder, &list, options);
        assert_eq!((code, stdout.as_str()), (1, ""));
        let reported: Vec<&str> = stderr.lines().collect();
        let expected = [
            "line 3: `phone` is the same as on line 2",
            "line 4: `role` must be employee or admin; `active` must be yes or no; `phone` is not a valid phone number (example: +77011234567)",
            "line 5: `phone` is required for the role employee",
            "line 6: `name` must not be empty",
            "line 7: `hash` exceeds the limits: bcrypt cost 13, PBKDF2 1,000,000 rounds, Argon2id 65536 KiB and eight times the default work",
            "line 8: `email` is required for the role admin; `hash` must be absent for the role admin: a password is generated",
            "To ignore the hashes of administrators, use --reset-admin-passwords.",
            "divan-server: no user was added or changed: 6 of 7 lines are invalid",
        ];
        assert_eq!(reported, expected);
        assert!(!folder.join("passwords.csv").exists());
    }
    assert_eq!(count(folder), 0);
}

#[test]
fn errors_of_a_spreadsheet_name_its_lines_and_columns() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let list = format!(
        "ФИО;Телефон;Telegram ID;Хеш;;\r\n\
         Әлия;8 701 000-00-01;42;{BCRYPT};;\r\n\
         ;;;;;\r\n\
         Б;7,70112E+10;;{BCRYPT};;\r\n\
         В;+77010000003\0;;{BCRYPT};;\r\n\
         Г;+77010000004;-5;{BCRYPT};;\r\n\
         ;+77010000005;;{BCRYPT};;\r\n\
         ;;;;;\r\n"
    );
    let (code, _, stderr) = import(folder, &list, &[]);
    assert_eq!(code, 1);
    let expected = [
        "line 4: `Телефон` is in scientific notation, which loses digits: format the column as text in the spreadsheet and enter the numbers again",
        "line 5: `Телефон` contains a NUL character",
        "line 6: `Telegram ID` must be the id of a Telegram user: from 1 to 4503599627370495",
        "line 7: `ФИО` must not be empty",
        "divan-server: no user was added or changed: 4 of 5 lines are invalid",
    ];
    assert_eq!(stderr.lines().collect::<Vec<_>>(), expected);

    let lines: Vec<&str> = list.split_inclusive('\n').collect();
    let utf16 = lines[..3].concat();
    let units = utf16.encode_utf16().flat_map(u16::to_le_bytes);
    let bytes: Vec<u8> = b"\xFF\xFE".iter().copied().chain(units).collect();
    let (code, stdout, stderr) = import(folder, bytes, &[]);
    assert_eq!((code, stdout.as_str()), (0, "1 user added\n"), "{stderr}");
    let (_, users, _) = divan(folder, &["user", "list", "--json"]);
    let users: Value = serde_json::from_str(&users).unwrap();
    assert_eq!(users[0]["full_name"], "Әлия");
    assert_eq!(users[0]["telegram_id"], 42);
}

#[test]
fn an_update_shows_each_difference_and_changes_all_users_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let list = format!(
        "name,phone,external_id,email,role,hash\nFirst,+77010000001,A1,,,{BCRYPT}\n\
         Second,+77010000002,,,,{BCRYPT}\nAdmin,,,a@example.com,admin,\n"
    );
    let options = ["--passwords", "passwords.csv"];
    assert_eq!(import(folder, &list, &options).0, 0);
    let (_, before, _) = divan(folder, &["export", "users"]);

    let changes =
        "external_id;phone;active;telegram_id\nA1;8 701 000-00-11;;42\n;+77010000002;no;\n";
    let (code, stdout, stderr) = import(folder, changes, &["--update", "--dry-run"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let expected = [
        "line 2: +77010000001 \"First\": phone +77010000001 -> +77010000011, telegram_id none -> 42",
        "line 3: +77010000002 \"Second\": is_active yes -> no, ends all sessions",
        "0 users would be added, 0 of them with a generated password; 2 users would be changed, 0 unchanged",
    ];
    assert_eq!(stdout.lines().collect::<Vec<_>>(), expected);
    assert_eq!(divan(folder, &["export", "users"]).1, before);

    let last_admin = "email,active\na@example.com,no\n";
    let with_last_admin =
        "email,phone,active\n,+77010000002,no\na@example.com,,no\n,+77010000003,\n";
    for (list, expected) in [
        (
            last_admin,
            "line 2: `active` cannot be changed: no active administrator would be left",
        ),
        (with_last_admin, "line 4: `name` must not be empty"),
        (
            "phone,role\n+77010000002,admin\n",
            "line 2: `role` cannot be changed from employee to admin: promote the user",
        ),
    ] {
        let (code, stdout, stderr) = import(folder, list, &["--update"]);
        assert_eq!((code, stdout.as_str()), (1, ""));
        assert_eq!(stderr.lines().next(), Some(expected));
        assert_eq!(divan(folder, &["export", "users"]).1, before);
    }

    let (code, stdout, stderr) = import(folder, changes, &["--update"]);
    assert_eq!(
        (code, stdout.as_str()),
        (0, "0 users added, 2 users changed\n"),
        "{stderr}"
    );
    let (_, exported, _) = divan(folder, &["export", "users"]);
    assert!(
        exported.contains("+77010000011,,First,employee,yes,42,A1"),
        "{exported}"
    );
    assert!(
        exported.contains("+77010000002,,Second,employee,no,,"),
        "{exported}"
    );
    let (_, stdout, _) = import(folder, &exported, &["--update", "--dry-run"]);
    assert!(
        stdout.ends_with("0 users would be changed, 3 unchanged\n"),
        "{stdout}"
    );
}

#[test]
fn hashes_of_administrators_are_ignored_on_request_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let list = format!("full_name,email,is_admin,hashed_password\nA,a@example.com,t,{BCRYPT}\n");
    let options = ["--passwords", "passwords.csv"];
    let (code, _, stderr) = import(folder, &list, &options);
    assert_eq!(code, 1);
    assert!(
        stderr.starts_with("line 2: `hashed_password` must be absent"),
        "{stderr}"
    );
    assert!(stderr.contains("--reset-admin-passwords"), "{stderr}");
    let options = ["--reset-admin-passwords", "--passwords", "passwords.csv"];
    assert_eq!(import(folder, &list, &options).1, "1 user added\n");
}

#[test]
fn an_unreadable_list_is_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let lists: [(&[u8], &str); 7] = [
        (b"", "list.csv is empty"),
        (
            b"name,salary\nA,1\n",
            "list.csv has an unknown column in its first line: `salary`; use only phone, email",
        ),
        (b"phone,role\n1,\n", "list.csv must have a column `name`"),
        (
            b"name,name\n1,\n",
            "list.csv contains the column `name` twice",
        ),
        (
            b"\xD4\xC8\xCE;phone\n",
            "list.csv is not UTF-8 (line 1), but probably Windows-1251, which has no Kazakh letters: save it as",
        ),
        (
            b"n\0a\0m\0e\0\n\0",
            "list.csv has NUL characters in its first line",
        ),
        (
            &vec![b'x'; 100 * 1024 * 1024],
            "list.csv is larger than 64 MiB: split it",
        ),
    ];
    for (list, expected) in lists {
        let (code, stdout, stderr) = import(folder, list, &[]);
        assert_eq!(
            (code, stdout.as_str(), stderr.lines().count()),
            (1, "", 1),
            "{expected}"
        );
        assert!(stderr.contains(expected), "{stderr}");
    }
    let (code, _, stderr) = divan(folder, &["import", "users", "nowhere.csv"]);
    assert_eq!(
        (code, stderr.contains("nowhere.csv cannot be read")),
        (1, true),
        "{stderr}"
    );
}

#[test]
fn import_without_a_passwords_file_generates_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let list = "name,phone\nA,+77010000001\n";
    let (code, _, stderr) = import(folder, list, &[]);
    assert_eq!(code, 1);
    assert!(stderr.contains("--passwords"), "{stderr}");
    fs::write(folder.join("passwords.csv"), "mine").unwrap();
    let (code, _, stderr) = import(folder, list, &["--passwords", "passwords.csv"]);
    assert_eq!(
        (code, stderr.contains("already exists")),
        (1, true),
        "{stderr}"
    );
    assert_eq!(
        fs::read_to_string(folder.join("passwords.csv")).unwrap(),
        "mine"
    );
    assert_eq!(count(folder), 0);
}

#[test]
fn an_exported_list_has_no_formulas() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (here, there) = (here.path(), there.path());
    let list = "name,phone,email,role\n\"=HYPERLINK(\"\"http://x\"\")\",,-a@example.com,admin\n\
                @SUM,+77010000001,,\n-Plain,+77010000002,,\n＝1+1,+77010000004,,\nO'Neil,+77010000003,,\n";
    let options = ["--passwords", "passwords.csv"];
    assert_eq!(import(here, list, &options).0, 0);
    let (_, exported, _) = divan(here, &["export", "users"]);
    let (_, raw, _) = divan(here, &["export", "users", "--raw"]);
    for (name, escaped) in [
        ("\"=HYPERLINK", "\"'=HYPERLINK"),
        (",-a@example.com,", ",'-a@example.com,"),
        (",@SUM,", ",'@SUM,"),
        (",-Plain,", ",'-Plain,"),
        (",＝1+1,", ",'＝1+1,"),
        (",O'Neil,", ",O'Neil,"),
        ("+77010000001,", "+77010000001,"),
    ] {
        assert!(
            raw.contains(name) && exported.contains(escaped),
            "{exported}"
        );
    }
    assert_eq!(import(there, &exported, &options).0, 0);
    assert_eq!(divan(there, &["export", "users"]).1.len(), exported.len());
    assert_eq!(
        divan(there, &["export", "users", "--raw"]).1.len(),
        raw.len()
    );
}

#[test]
fn an_exported_list_can_be_imported() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (here, there) = (here.path(), there.path());
    let names =
        (1..=450).map(|n| format!("\"Last {n}, \"\"First\"\"\",+7701{n:07},,no,{BCRYPT}\n"));
    let list = "name,phone,email,active,hash\n".to_owned() + &names.collect::<String>();
    assert_eq!(import(here, list, &[]).0, 0);

    let (code, exported, stderr) = divan(here, &["export", "users"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(!exported.contains("$2b$"), "hashes stay where they are");
    let (code, stdout, _) = import(there, &exported, &["--dry-run"]);
    assert_eq!(
        (code, stdout.as_str()),
        (
            0,
            "450 users would be added, 450 of them with a generated password\n"
        )
    );

    assert_eq!(divan(here, &["export", "users", "--out", "users.csv"]).0, 0);
    assert_eq!(
        fs::read_to_string(here.join("users.csv")).unwrap(),
        exported
    );
    assert_eq!(
        fs::metadata(here.join("users.csv"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    assert_eq!(
        divan(here, &["export", "users", "--out", "users.csv"]).0,
        1,
        "nothing is overwritten"
    );

    let (_, lines, _) = divan(here, &["export", "users", "--json"]);
    let users: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(users.len(), 450);
    assert!(
        users
            .iter()
            .all(|user| user["is_active"] == false && user["created_at"].is_string())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_kept_when_the_commit_is_uncertain() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let on = |url: &str, arguments: &[&str]| {
        let mut command = program(folder);
        run(command
            .env("DATABASE_URL", url)
            .env("SECRET_KEY", KEY)
            .args(arguments))
    };
    assert_eq!(on(database.url(), &["migrate"]).0, 0);
    fs::write(folder.join("list.csv"), "name,phone\nA,+77010000001\n").unwrap();

    let import = [
        "import",
        "users",
        "list.csv",
        "--passwords",
        "passwords.csv",
    ];
    let (code, stdout, stderr) = on(&without_commit_responses(database.url()), &import);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(
        stderr.contains("may have been added or changed: passwords.csv is kept"),
        "{stderr}"
    );
    let passwords = fs::read_to_string(folder.join("passwords.csv")).unwrap();
    assert!(
        passwords
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("+77010000001,,A,"),
        "{passwords}"
    );
    let (_, users, _) = on(database.url(), &["user", "list", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&users).unwrap()[0]["phone"],
        "+77010000001"
    );
}

/// Returns the URL of a proxy to this database that forwards each commit and drops the response.
fn without_commit_responses(url: &str) -> String {
    let (before, rest) = url.split_once('@').unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let way = format!("{before}@{}/{path}", listener.local_addr().unwrap());
    let address = address.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(&address).unwrap();
            let is_committing = Arc::new(AtomicBool::new(false));
            let (to_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let commits = is_committing.clone();
            std::thread::spawn(move || {
                pass_on(client, to_server, |bytes| {
                    let is_commit = bytes.windows(7).any(|word| word == b"COMMIT\0");
                    commits.fetch_or(is_commit, Ordering::SeqCst);
                    true
                });
            });
            std::thread::spawn(move || {
                pass_on(server, to_client, |_| !is_committing.load(Ordering::SeqCst));
            });
        }
    });
    way
}

/// Copies until one side closes the connection or a message must not pass.
fn pass_on(mut from: TcpStream, mut to: TcpStream, mut may_pass: impl FnMut(&[u8]) -> bool) {
    let mut bytes = vec![0; 65536];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if !may_pass(&bytes[..read]) || to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
