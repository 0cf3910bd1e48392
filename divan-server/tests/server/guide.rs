//! Runs the commands of the guide against real servers.
//!
//! Each page is one bash script. A `sh` block is run, an `ini` block is written into `.env`, and
//! `<!-- stop -->`, `<!-- start -->` and `<!-- restart -->` act on the server. `<!-- not run: REASON -->` before a block excludes it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use divan_testing::TestDatabase;
use serde_json::json;

use crate::operations::{BOT, bot_api};
use crate::process::PROGRAM;

const NEW_BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_1111";

/// Functions of the scripts: start and restart the server, sign in, and compare results.
const PRELUDE: &str = r#"
fail() { echo "FAILED: $*" >&2; cat server.log >&2; exit 1; }
start() {
  divan-server --port "$PORT" >> server.log 2>&1 & server=$!
  for _ in $(seq 300); do
    curl -sf "localhost:$PORT/health/ready" > /dev/null && return
    kill -0 $server 2> /dev/null || fail "the server ended"
    sleep 0.1
  done
  fail "the server is not ready"
}
stop() { kill $server; wait $server || true; }
restart() { stop; start; }
set_variable() { sed -i "/^$1=/d" .env; [ -z "$2" ] || echo "$1=$2" >> .env; }
member() { sed -nE "s/.*\"$1\":\"([^\"]+)\".*/\1/p"; }
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
is() { [ "$1" = "$2" ] || fail "$3: $1 instead of $2"; }
me() { status "localhost:$PORT/auth/me" -H "Authorization: Bearer $1"; }
auto_login() {
  status "localhost:$PORT/auth/telegram/auto-login" --json '{}' -H "Authorization: tma $(divan-server init-data sign --user-id 42)"
}
users() {
  curl -sf "localhost:$PORT/auth/admin/bootstrap" -H "X-Bootstrap-Token: $(cat etc/secrets/bootstrap_token)" \
    --json '{"email": "admin@example.com", "password": "tram under the plum"}' > /dev/null
  FIRST_ADMIN=$(curl -sf "localhost:$PORT/auth/admin/login" \
    --json '{"email": "admin@example.com", "password": "tram under the plum"}' | member access_token)
  curl -sf "localhost:$PORT/auth/admin/users" -H "Authorization: Bearer $FIRST_ADMIN" \
    --json '{"full_name": "First Last", "phone": "+77011234567", "password": "umbrella 77"}' > /dev/null
  curl -sf "localhost:$PORT/auth/telegram/login" -H "Authorization: tma $(divan-server init-data sign --user-id 42)" \
    --json '{"phone": "+77011234567", "password": "umbrella 77"}' > answer
  TOKEN=$(member access_token < answer); USER_TOKEN=$TOKEN
  REFRESH=$(member refresh_token < answer)
}
trap 'kill $server 2> /dev/null' EXIT
"#;

/// Effects that a section must have, and what has to be prepared for it.
const SECTIONS: [(&str, &str, &str); 11] = [
    (
        "Stolen bot token",
        "INIT_DATA=$(divan-server init-data sign --user-id 42); is $(auto_login) 200 before",
        r#"is $(status "localhost:$PORT/auth/telegram/auto-login" --json '{}' -H "Authorization: tma $INIT_DATA") 401 'old init data'
           is $(auto_login) 401 'auto-login'; is $(me $TOKEN) 401 'the session'"#,
    ),
    (
        "Stolen SECRET_KEY",
        "",
        r#"is $(me $TOKEN) 401 'a token of the old key'
           is $(status localhost:$PORT/auth/refresh --json "{\"refresh_token\": \"$REFRESH\"}") 401 'a refresh token of the old key'"#,
    ),
    (
        "Stolen signing key",
        "divan-server keys generate --out etc/a.pem; set_variable DIVAN_SIGNING_KEY_FILE $PWD/etc/a.pem; restart
         curl -sf localhost:$PORT/auth/refresh --json \"{\\\"refresh_token\\\": \\\"$REFRESH\\\"}\" > answer
         TOKEN=$(member access_token < answer); REFRESH=$(member refresh_token < answer); is $(me $TOKEN) 200 before",
        r#"is $(me $TOKEN) 401 'a token of the old key'
           is $(status localhost:$PORT/auth/refresh --json "{\"refresh_token\": \"$REFRESH\"}") 200 'a refresh'"#,
    ),
    (
        "Lost administrator",
        "",
        r#"is $(me $FIRST_ADMIN) 401 'the lost password'
           is $(divan-server user list --role admin --json | grep -o '"role"' | wc -l) 2 administrators"#,
    ),
    (
        "Stolen phone of an employee",
        "is $(auto_login) 200 before",
        "is $(me $TOKEN) 401 'the session'; is $(auto_login) 401 'auto-login'",
    ),
    (
        "Stolen access or refresh token",
        "is $(me $TOKEN) 200 before",
        "is $(me $TOKEN) 401 'the session'",
    ),
    (
        "Change from `SECRET_KEY` to a signing key",
        "",
        r#"is $(status localhost:$PORT/auth/refresh --json "{\"refresh_token\": \"$REFRESH\"}") 200 'a refresh'"#,
    ),
    (
        "Rotate `SECRET_KEY`",
        r#"refresh() { curl -sf localhost:$PORT/auth/refresh --json "{\"refresh_token\": \"$REFRESH\"}"; }
           restart() { stop; start; [ -e answer.next ] || { refresh > answer.next; REFRESH=$(member refresh_token < answer.next); }; }"#,
        r#"is $(me $TOKEN) 401 'an access token of the old key'
           is $(status localhost:$PORT/auth/refresh --json "{\"refresh_token\": \"$REFRESH\"}") 200 'a refresh'"#,
    ),
    (
        "Rotate a key",
        "divan-server keys generate --out etc/a.pem; set_variable DIVAN_SIGNING_KEY_FILE $PWD/etc/a.pem; restart",
        r#"is $(status localhost:$PORT/auth/refresh --json "{\"refresh_token\": \"$REFRESH\"}") 200 'a refresh'"#,
    ),
    (
        "Change from EdDSA to ES256",
        r#"divan-server keys generate --out etc/a.pem; set_variable DIVAN_SIGNING_KEY_FILE $PWD/etc/a.pem; restart
           alg() { cut -d. -f1 | tr '_-' '/+' | base64 -d 2> /dev/null | member alg || true; }
           refresh() { curl -sf localhost:$PORT/auth/refresh --json "{\"refresh_token\": \"$REFRESH\"}" > answer; }
           refresh; TOKEN=$(member access_token < answer); REFRESH=$(member refresh_token < answer)
           is "$(echo $TOKEN | alg)" EdDSA before
           restart() { stop; start; grep -q a.pub.pem .env && is $(me $TOKEN) 200 'a token of the old key' || true; }"#,
        r#"is $(me $TOKEN) 401 'a token of the removed key'; refresh
           is "$(member access_token < answer | alg)" ES256 'a refresh'
           is "$(curl -s localhost:$PORT/.well-known/jwks.json | member alg)" ES256 'the JWKS'"#,
    ),
    (
        "SQLite",
        "",
        "is $(me $TOKEN) 200 'the session after the restore'",
    ),
];

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src")
}

/// Returns the pages of the guide below a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages.extend(self::pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}

/// Translates the blocks and comments of a page or section into a script.
fn script_of(text: &str) -> String {
    let mut script = String::new();
    let mut is_excluded = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        is_excluded |= line.contains("<!-- not run: ");
        for step in ["stop", "start", "restart"] {
            if line.contains(&format!("<!-- {step} -->")) {
                writeln!(script, "{step}").unwrap();
            }
        }
        if line.contains("<!-- new bot token -->") {
            writeln!(script, "echo {NEW_BOT} > etc/secrets/telegram_bot_token").unwrap();
        }
        let Some(language) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let block = lines.by_ref().take_while(|line| line.trim_start() != "```");
        let block: Vec<&str> = block.map(|line| line.get(indent..).unwrap_or("")).collect();
        match language {
            "sh" if !is_excluded => script += &(block.join("\n") + "\n"),
            "ini" => {
                for (name, value) in block.iter().filter_map(|line| line.split_once('=')) {
                    writeln!(script, "set_variable {name} '{value}'").unwrap();
                }
            }
            _ => {}
        }
        is_excluded = false;
    }
    script
}

/// Returns the minimal deployment of the installation page, as a script.
fn installation() -> String {
    let page = fs::read_to_string(guide().join("operations/install.md")).unwrap();
    script_of(&page)
}

/// Runs a script next to a server of the documented minimal deployment, with SQLite.
fn run(script: &str, name: &str, telegram_api: &str) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for part in ["bin", "etc"] {
        fs::create_dir(folder.join(part)).unwrap();
    }
    fs::write(folder.join(".env"), "").unwrap();
    std::os::unix::fs::symlink(PROGRAM, folder.join("bin/divan-server")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let script = format!(
        "set -euo pipefail\n{PRELUDE}\n{}\necho {BOT} > etc/secrets/telegram_bot_token\n\
         set_variable DATABASE_URL sqlite:divan.db\nstart\n{script}",
        installation()
    );
    let here = folder.display();
    let script = script
        .replace(
            "https://sec.asteradigital.kz/auth",
            &format!("http://localhost:{port}/auth"),
        )
        .replace("/etc/divan", &format!("{here}/etc"));
    let path = format!("{here}/bin:{}", std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", path.as_str()), ("PORT", &port.to_string())])
        .envs([
            ("DIVAN_METRICS_LISTEN", "off"),
            ("TELEGRAM_API_URL", telegram_api),
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Returns the sections of a page as title and text.
fn sections(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n## ")
        .skip(1)
        .map(|section| section.split_once('\n').unwrap_or((section, "")))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_guide_run() {
    let menu = json!({"type": "web_app", "text": "Open", "web_app": {"url": "https://divan.asteradigital.kz/"}});
    let telegram = bot_api(&menu).await;
    let root = guide();
    let mut tested = 0;
    for page in pages(&root) {
        let name = page.strip_prefix(&root).unwrap().display().to_string();
        let text = fs::read_to_string(&page).unwrap();
        // Two pages have tests of their own; the sections below are run one by one.
        if name == "reference/api.md"
            || name == "getting-started.md"
            || has_checked_section(&text)
            || name == "operations/install.md"
            || name == "operations/migrating.md"
        {
            continue;
        }
        let script = script_of(&text);
        if script.is_empty() {
            continue;
        }
        let users = if script.contains("/auth/admin/bootstrap -H") {
            ""
        } else {
            "users\n"
        };
        let (script, uri) = (format!("{users}{script}"), telegram.uri());
        tokio::task::spawn_blocking(move || run(&script, &name, &uri))
            .await
            .unwrap();
        tested += 1;
    }
    assert!(tested >= 6, "{tested}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chapter_on_migration_moves_users_with_passwords_and_links() {
    let page = fs::read_to_string(guide().join("operations/migrating.md")).unwrap();
    let (_, table) = page.split_once("```sql\n").unwrap();
    let (table, _) = table.split_once("```").unwrap();
    let old = TestDatabase::create().await;
    old.execute(table).await;
    let (first, later) = page.split_once("## Move in steps").unwrap();
    let script = format!(
        r#"export OLD_DATABASE_URL='{}'
           shred() {{ cp passwords.csv given.csv; command shred "$@"; }}
           login() {{
             status "localhost:$PORT/auth/telegram/login" --json "{{\"phone\": \"$1\", \"password\": \"umbrella 77\"}}" \
               -H "Authorization: tma $(divan-server init-data sign --user-id $2)"
           }}
           {}
           is "$(grep -c ^ given.csv)" 2 'lines of passwords'
           is "$(sed -n 's/^,admin@example.com,First Admin,.*/admin/p' given.csv)" admin 'the generated password'
           is "$(login +77010000002 43)" 403 'another Telegram account'
           is "$(login +77010000002 42)" 200 'the linked account with the old password'
           is "$(login +77010000003 44)" 401 'the inactive user'
           psql "$OLD_DATABASE_URL" -c "UPDATE users SET is_active = true, full_name = 'Third Q. Last' WHERE full_name = 'Third Last'"
           {}
           is "$(login +77010000003 44)" 200 'the activated user'
           divan-server import users old-users.csv --update --dry-run > again
           is "$(cat again)" "0 users would be added, 0 of them with a generated password; 0 users would be changed, 2 unchanged" again"#,
        old.url(),
        script_of(first),
        script_of(later)
    );
    tokio::task::spawn_blocking(move || run(&script, "operations/migrating.md", ""))
        .await
        .unwrap();
}

fn has_checked_section(page: &str) -> bool {
    sections(page).any(|(title, _)| SECTIONS.iter().any(|(checked, ..)| *checked == title))
}

#[test]
fn the_runbooks_of_the_guide_have_their_effect() {
    let root = guide();
    let mut missing: Vec<&str> = SECTIONS.iter().map(|(title, ..)| *title).collect();
    for page in pages(&root) {
        let text = fs::read_to_string(&page).unwrap();
        if !has_checked_section(&text) {
            continue;
        }
        let introduction = script_of(text.split("\n## ").next().unwrap());
        for (title, section) in sections(&text) {
            let (before, after) = SECTIONS
                .iter()
                .find(|(checked, ..)| *checked == title)
                .map_or(("", ""), |(_, before, after)| (before, after));
            let script = script_of(section);
            if script.is_empty() {
                continue;
            }
            missing.retain(|checked| *checked != title);
            // A server sees a change of another process after a second at the latest.
            let script = format!("users\n{introduction}{before}\n{script}sleep 1.1\n{after}\n");
            run(&script, title, "");
        }
    }
    assert!(missing.is_empty(), "no such section: {missing:?}");
}
