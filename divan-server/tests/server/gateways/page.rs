use std::fs;
use std::path::Path;

use axum::http::StatusCode;

/// The page of the guide about gateways.
pub(super) struct Page(String);

/// A column of the table of results.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Valid = 1,
    Expired,
    OtherAudience,
    WrongRole,
    Ended,
    NewKey,
    Unreachable,
}

/// The maximum number of lines of a configuration.
const MAX_LINES: usize = 10;

impl Page {
    pub(super) fn read() -> Self {
        let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src");
        Self(fs::read_to_string(guide.join("operations/gateways.md")).unwrap())
    }

    /// Returns the configuration after `<!-- gateway: NAME -->`.
    pub(super) fn block(&self, name: &str) -> String {
        let marker = format!("<!-- gateway: {name} -->\n```");
        let (_, after) = self
            .0
            .split_once(&marker)
            .unwrap_or_else(|| panic!("no {marker}"));
        let (_, after) = after.split_once('\n').unwrap();
        let (block, _) = after.split_once("\n```").unwrap();
        let lines = block.lines().filter(|line| !line.is_empty()).count();
        assert!(lines <= MAX_LINES, "{name} has {lines} lines");
        block.to_owned()
    }

    /// Returns the row of a program in the table of results.
    pub(super) fn row(&self, program: &str) -> Row {
        let start = format!("| {program} |");
        let (_, table) = self.0.split_once("## Results").unwrap();
        let row = table.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("no row {program}"));
        Row(row
            .split('|')
            .skip(1)
            .map(|cell| cell.trim().to_owned())
            .collect())
    }
}

/// A row of the table of results.
pub(super) struct Row(Vec<String>);

impl Row {
    /// Returns the status; `None` for a dash: the case does not exist.
    pub(super) fn status(&self, cell: Cell) -> Option<StatusCode> {
        match self.0[cell as usize].as_str() {
            "–" => None,
            status => Some(status.parse().unwrap()),
        }
    }
}
