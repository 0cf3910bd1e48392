//! No personal data and no secret in any line of the log, at any level.
//!
//! A server at level `TRACE` answers successful and refused requests at every endpoint. All values that
//! must not be logged contain a word that nothing else contains.

mod journey;
mod steps;

use std::path::Path;

use divan_testing::TestDatabase;

use crate::process::{program, run};
use journey::{Journey, call};

/// The words of values that must not be logged; compared in lower case.
const CANARIES: [&str; 4] = ["canary", "goldfinch", "қанарейка", "7010099"];

const SECRET: &str = "canary-secret-key-0123456789abcdef";
const PREVIOUS_SECRET: &str = "canary-previous-key-0123456789abcdef";
const BOT: &str = "1234567890:AACanaryTokenForDivanTestsOnly_000000";
const BOOTSTRAP: &str = "canary bootstrap token of this test";
const DATABASE_PASSWORD: &str = "canary-database-password";
const ADMIN_ORIGIN: &str = "http://sec.localhost:8000";
const ADMIN: &str = "canary-admin@example.com";
const SECOND_ADMIN: &str = "canary-second@example.com";
const THIRD_ADMIN: &str = "canary-third@example.com";
const ADMIN_PASSWORD: &str = "canary under the plum";
const PHONE: &str = "+77010099001";
const PASSWORD: &str = "goldfinch 77";
const NAME: &str = "Canary Қанарейка";

/// Hash of "umbrella 77" by passlib.
const HASH: &str = "$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2";

/// Takes a server through its endpoints. `lose` makes a table disappear.
async fn no_line_contains_a_canary(database: &str, lose: impl AsyncFn(&Path, &str)) {
    let folder = tempfile::tempdir().unwrap();
    commands(database, folder.path());
    let mut journey = Journey::start(database, folder.path());
    journey.bootstrap().await;
    let admin = journey.administrator().await;
    let employee = journey.users(&admin).await;
    let tokens = journey.employee().await;
    journey.sessions(tokens).await;
    let unlink = || call("unlink_telegram").with(&admin);
    journey.expect(200, unlink().of(&employee)).await;
    journey.expect(409, unlink().of(&employee)).await;
    journey.own_sessions(&admin).await;
    journey.second_factor(&admin).await;
    journey.passkeys(&admin).await;
    journey.services().await;
    journey.promotions(database, folder.path()).await;
    journey.webhooks().await;
    journey.other_requests().await;
    let audit = || call("audit").with(&admin);
    let mut events = journey.expect(200, audit().query("?limit=200")).await;
    let items = events["items"].as_array_mut().unwrap();
    assert!(items.len() > 20, "{items:?}");
    for event in items {
        // Names are read from the users. Those of services are stored.
        for name in ["actor_name", "subject_name", "service_name"] {
            event.as_object_mut().unwrap().remove(name);
        }
    }
    require_none(&events.to_string(), &journey.secrets);
    journey
        .expect(422, audit().query("?user=canary&action=canary"))
        .await;
    let events = || call("list_events").with(&admin);
    let since = events().query("?since=1970-01-01T00:00:00Z&limit=1000");
    let found = journey.expect(200, since).await;
    assert!(found["items"].as_array().unwrap().len() > 10, "{found}");
    require_none(&found.to_string(), &journey.secrets);
    let invalid = events().query("?after=canary&type=canary");
    journey.expect(422, invalid).await;
    lose(folder.path(), "divan_users").await;
    journey.without_users(&admin).await;
    lose(folder.path(), "divan_throttle").await;
    journey.not_ready().await;
    journey.finish().await;
}

/// Imports and changes users from the command line, which logs to standard error.
fn commands(database: &str, folder: &Path) {
    let list = format!(
        "name,phone,email,role,hash\nCanary A,+77010099100,,,{HASH}\nCanary B,+77010099101,,,\n"
    );
    std::fs::write(folder.join("list.csv"), list).unwrap();
    let broken = "name,phone,email,role,hash\nCanary C,canary,canary,canary,$2b$canary\n\"Canary\n";
    std::fs::write(folder.join("broken.csv"), broken).unwrap();
    for (code, arguments) in [
        (0, ["migrate"].as_slice()),
        (1, &["import", "users", "broken.csv"]),
        (
            0,
            &[
                "import",
                "users",
                "list.csv",
                "--passwords",
                "passwords.csv",
            ],
        ),
        (0, &["user", "list", "canary"]),
        (0, &["user", "reset-password", "+77010099100"]),
        (0, &["export", "users"]),
        (0, &["audit", "purge", "--older-than", "1h"]),
        (0, &["events", "list"]),
        (1, &["events", "enable", "rabbitmq"]),
    ] {
        let (found, stdout, stderr) = run(configured(database, folder).args(arguments));
        assert_eq!(found, code, "{arguments:?} {stdout} {stderr}");
        require_none(&stderr, &[HASH.to_owned()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_of_the_log_contains_a_canary_on_sqlite() {
    let lose = async |folder: &Path, table: &str| {
        let status = std::process::Command::new("sqlite3")
            .args(["-cmd", ".timeout 5000"])
            .arg(folder.join("divan.db"))
            .arg(format!("ALTER TABLE {table} RENAME TO {table}_elsewhere"))
            .status();
        assert!(status.unwrap().success());
    };
    no_line_contains_a_canary("sqlite:divan.db", lose).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_line_of_the_log_contains_a_canary_on_postgres() {
    let database = TestDatabase::create().await;
    // A server that trusts this machine accepts any password.
    let (scheme, rest) = database.url().split_once("://").unwrap();
    let (user, address) = rest.split_once('@').unwrap();
    let user = match user.split_once(':') {
        Some(_) => user.to_owned(),
        None => format!("{user}:{DATABASE_PASSWORD}"),
    };
    let url = format!("{scheme}://{user}@{address}");
    let lose = async |_: &Path, table: &str| {
        let rename = format!("ALTER TABLE {table} RENAME TO {table}_elsewhere");
        database.execute(&rename).await;
    };
    no_line_contains_a_canary(&url, lose).await;
}

fn configured(database: &str, folder: &Path) -> std::process::Command {
    let mut command = program(folder);
    command
        .env("RUST_LOG", "trace")
        .env("DATABASE_URL", database)
        .env("SECRET_KEY", SECRET)
        .env("SECRET_KEY_PREVIOUS", PREVIOUS_SECRET)
        .env("TELEGRAM_BOT_TOKEN", BOT)
        .env("DIVAN_ADMIN_URL", ADMIN_ORIGIN)
        .env("DIVAN_BOOTSTRAP_TOKEN", BOOTSTRAP);
    command
}

/// Requires that no line of a text contains a canary or one of these secrets.
#[track_caller]
fn require_none(text: &str, secrets: &[String]) {
    for line in text.lines() {
        let lower = line.to_lowercase();
        let found = CANARIES.iter().find(|canary| lower.contains(**canary));
        assert_eq!(found, None, "{line}");
        // The end of a token is its signature.
        let is_leaked =
            |secret: &&String| line.contains(&secret[secret.len().saturating_sub(20)..]);
        assert_eq!(secrets.iter().find(is_leaked), None, "{line}");
    }
}
