use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::sections::levels_of;

const BEGIN: &str = "<!-- begin: cargo xtask asvs -->\n";
const END: &str = "<!-- end -->";

/// One row of the document.
pub(super) struct Row<'d> {
    /// The number of a requirement, or of a section whose requirements share the row.
    pub(super) id: &'d str,
    pub(super) level: &'d str,
    pub(super) state: State,
    pub(super) remark: &'d str,
    /// The names of tests, each with the name of its file in front if it is not unique.
    pub(super) tests: Vec<&'d str>,
}

/// State of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Holds,
    Documented,
    Partly,
    No,
    NotApplicable,
}

const STATES: [(State, &str); 5] = [
    (State::Holds, "holds"),
    (State::Documented, "documented"),
    (State::Partly, "partly"),
    (State::No, "no"),
    (State::NotApplicable, "not applicable"),
];

/// Returns the rows of all tables about requirements.
pub(super) fn rows(document: &str) -> Result<Vec<Row<'_>>, String> {
    let is_row = |line: &&str| {
        let id = line.strip_prefix("| ").unwrap_or_default();
        id.starts_with(|c: char| c.is_ascii_digit()) && id.split(" |").next().is_some_and(is_id)
    };
    document.lines().filter(is_row).map(row).collect()
}

fn is_id(text: &str) -> bool {
    let numbers: Vec<&str> = text.split('.').collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (2..=3).contains(&numbers.len()) && numbers.iter().all(is_number)
}

fn row(line: &str) -> Result<Row<'_>, String> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [_, id, level, _, state, remark, tests, _] = cells[..] else {
        return Err(format!("not a row of six cells: {line}"));
    };
    let known = STATES.iter().find(|(_, name)| *name == state);
    let &(state, _) = known.ok_or_else(|| format!("{id}: {state} is no state"))?;
    Ok(Row {
        id,
        level,
        state,
        remark,
        tests: code_spans(tests).collect(),
    })
}

/// The texts between backticks.
pub(super) fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Returns the document with a current summary.
pub(super) fn with_summary(document: &str) -> Result<String, String> {
    let (before, rest) = document
        .split_once(BEGIN)
        .ok_or("no begin of the summary")?;
    let (_, after) = rest.split_once(END).ok_or("no end of the summary")?;
    let summary = summary(&rows(document)?);
    Ok(format!("{before}{BEGIN}\n{summary}\n{END}{after}"))
}

/// Counts the requirements by level and state, and the tests.
fn summary(rows: &[Row<'_>]) -> String {
    let mut counts: BTreeMap<(State, char), usize> = BTreeMap::new();
    for row in rows {
        for (_, level) in levels_of(row.id) {
            *counts.entry((row.state, level)).or_default() += 1;
        }
    }
    let mut text = "| state | level 1 | level 2 | level 3 |\n|---|---|---|---|\n".to_owned();
    for (state, name) in STATES {
        let count = |level| counts.get(&(state, level)).copied().unwrap_or_default();
        let (one, two, three) = (count('1'), count('2'), count('3'));
        let _infallible = writeln!(text, "| {name} | {one} | {two} | {three} |");
    }
    let tested = |state: State| {
        rows.iter()
            .filter(move |row| row.state == state && !row.tests.is_empty())
    };
    let tests: BTreeSet<&str> = rows.iter().flat_map(|row| row.tests.clone()).collect();
    let _infallible = write!(
        text,
        "\n{} requirements hold by tests and {} partly. The table names {} tests.\n",
        tested(State::Holds).count(),
        tested(State::Partly).count(),
        tests.len()
    );
    text
}
