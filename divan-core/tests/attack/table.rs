//! The tables of the guide.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use divan_core::store::MemoryStore;
use divan_core::throttle::{Rule, ThrottleKind};

use crate::chances::DISTRIBUTIONS;
use crate::simulation::{Attack, Fixture};

const BEGIN: &str = "<!-- begin: cargo xtask attack -->\n";
const END: &str = "<!-- end -->";

/// Passwords in the embedded blocklist, rounded down.
const BLOCKED: u32 = 10_000;

async fn fixture() -> Fixture {
    Fixture::on(Arc::new(MemoryStore::new())).await
}

/// Simulates the attackers and returns the tables in Markdown.
pub(crate) async fn tables() -> String {
    let attackers = [
        (
            "one account, from one Telegram account",
            Attack::employees(1, 1),
        ),
        (
            "one account, from 100 Telegram accounts and addresses",
            Attack::employees(1, 100),
        ),
        (
            "1,000 accounts, from one Telegram account",
            Attack::employees(1000, 1),
        ),
        (
            "1,000 accounts, from 100 Telegram accounts and addresses",
            Attack::employees(1000, 100),
        ),
        (
            "one administrator, from 10,000 addresses",
            Attack::administrators(1, 10_000),
        ),
        (
            "1,000 administrators, from one address",
            Attack::administrators(1000, 1),
        ),
        (
            "one account, from 100 Telegram accounts; each attempt has the correct password",
            Attack::employees(1, 100).with_the_correct_password(),
        ),
        (
            "codes of one administrator, from 100 addresses; the attacker knows the password",
            Attack::codes(100),
        ),
    ];
    let mut text =
        "| attacker | guesses on the first day | on the second day |\n|---|---|---|\n".to_owned();
    for (name, attack) in attackers {
        let guesses = attack.run(&fixture().await, 2).await.0;
        writeln!(text, "| {name} | {} | {} |", guesses[0], guesses[1]).unwrap();
    }
    let raced = fixture().await.race(20).await;
    writeln!(
        text,
        "| 40 simultaneous attempts on two servers, from 40 Telegram accounts | {raced} | |"
    )
    .unwrap();
    text.push_str("\n| honest user | refused attempts |\n|---|---|\n");
    let f = fixture().await;
    f.link_owner().await;
    let owner = Attack::employees(1, 100).run_beside_owner(&f, 6).await;
    writeln!(
        text,
        "| owner of a linked account, each hour of a six-day attack on it | {owner} |"
    )
    .unwrap();
    let office = fixture().await.office(500).await;
    writeln!(
        text,
        "| 500 employees behind one address within five minutes; one in five mistypes the password | {office} |"
    )
    .unwrap();
    text.push_str("\n| passwords | 33 guesses | 100 guesses | 33 guesses, blocklist | 100 guesses, blocklist |\n|---|---|---|---|---|\n");
    for distribution in DISTRIBUTIONS {
        let percent = |guesses, blocked| percent(distribution.chance(guesses, blocked));
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            distribution.name(),
            percent(33, 0),
            percent(100, 0),
            percent(33, BLOCKED),
            percent(100, BLOCKED),
        )
        .unwrap();
    }
    text
}

fn percent(chance: f64) -> String {
    let percent = 100.0 * chance;
    if percent < 0.0001 {
        "below 0.0001 %".to_owned()
    } else if percent < 0.1 {
        format!("{percent:.4} %")
    } else {
        format!("{percent:.1} %")
    }
}

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src/concepts/throttling.md")
}

/// `DIVAN_WRITE_ATTACK_TABLE=1` writes the tables instead of comparing them.
#[tokio::test]
async fn the_tables_in_the_guide_are_current() {
    let tables = tables().await;
    println!("{tables}");
    let text = std::fs::read_to_string(page()).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (current, after) = rest.split_once(END).unwrap();
    if std::env::var_os("DIVAN_WRITE_ATTACK_TABLE").is_some() {
        std::fs::write(page(), format!("{before}{BEGIN}\n{tables}\n{END}{after}")).unwrap();
    } else {
        assert_eq!(current.trim(), tables.trim(), "run `cargo xtask attack`");
    }
}

/// Returns the parts of a row of the guide that state a rule.
fn stated(rule: Rule) -> Vec<String> {
    let time = |time: Duration| match time.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ ..3600 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    };
    match rule {
        Rule::Bucket { size, period } => {
            let rate = match period.as_secs() {
                1 => "one per second",
                15 => "four per minute",
                60 => "one per minute",
                720 => "one per 12 minutes",
                3600 => "one per hour",
                seconds => panic!("a period of {seconds} s"),
            };
            vec![format!("| {size}, then {rate} |")]
        }
        Rule::Delay { from, first, max } => vec![
            format!("| after {from} failures "),
            format!(" of {}", first.as_secs()),
            time(max),
        ],
        Rule::Limit { max } => vec![format!("| {max}; then refused until ")],
        rule => panic!("{rule:?}"),
    }
}

#[test]
fn the_limits_in_the_guide_are_those_of_the_rules() {
    let text = std::fs::read_to_string(page()).unwrap();
    // The other kinds refuse no attempt.
    let other = [ThrottleKind::FirstSuccess, ThrottleKind::FailureEvent];
    for kind in ThrottleKind::ALL
        .iter()
        .filter(|kind| !other.contains(kind))
    {
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{kind}` | ")))
            .unwrap_or_else(|| panic!("no row for {kind}"));
        for part in stated(kind.rule()) {
            assert!(row.contains(&part), "{part:?} in {row}");
        }
    }
}
