use std::{fmt, io};

use super::list::MAX_COLUMNS;

/// The columns that messages recommend.
const COLUMNS: &str = "phone, email, name, role, active, hash, telegram_id, external_id";

/// The errors of a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CsvError {
    #[error("cannot be read")]
    Read(#[from] io::Error),
    #[error("is larger than 64 MiB: split it")]
    TooLarge,
    #[error("has more than {0} users: split it")]
    TooMany(usize),
    #[error("is not UTF-8 (line {line}): save it as \"CSV UTF-8\"")]
    Encoding { line: u64 },
    #[error(
        "is not UTF-8 (line {line}), but probably Windows-1251, which has no Kazakh letters: save it as \"CSV UTF-8\""
    )]
    Cyrillic { line: u64 },
    #[error("begins as UTF-16, but is not valid UTF-16: save it as \"CSV UTF-8\"")]
    Utf16,
    #[error(
        "has NUL characters in its first line, as UTF-16 without a byte order mark has: save it as \"CSV UTF-8\""
    )]
    Nul,
    #[error("is empty: its first line must name the columns, of {COLUMNS}")]
    Empty,
    #[error("has an unknown column in its first line: {0}; use only {COLUMNS}")]
    UnknownColumn(String),
    #[error("has unknown columns in its first line: {0}; use only {COLUMNS}")]
    UnknownColumns(String),
    #[error("contains the column `{0}` twice")]
    RepeatedColumn(String),
    #[error("has two columns for one value: `{0}` and `{1}`")]
    SameColumn(String, String),
    #[error("must have a column `name`: its first line names the columns, of {COLUMNS}")]
    NoName,
    #[error("contains lines that end in CR alone: save it as \"CSV UTF-8\" again")]
    CarriageReturns,
    #[error("has more than {MAX_COLUMNS} columns in line {0}")]
    TooWide(u64),
    #[error("has a quote in line {0} that is not closed")]
    OpenQuote(u64),
    #[error("cannot be read as comma-separated values")]
    Csv(#[from] csv::Error),
}

impl CsvError {
    /// Returns the line of the error, if it has one.
    pub(crate) fn line(&self) -> Option<u64> {
        match self {
            Self::Encoding { line }
            | Self::Cyrillic { line }
            | Self::TooWide(line)
            | Self::OpenQuote(line) => Some(*line),
            _ => None,
        }
    }
}

/// The errors of a line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub(crate) struct LineError {
    pub(crate) line: u64,
    pub(crate) errors: Vec<ColumnError>,
}

/// An error of a line, with the column in the file if it is of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnError {
    pub(crate) column: Option<String>,
    /// The rule that the cell or the line breaks.
    pub(crate) message: String,
}

impl ColumnError {
    pub(super) fn new(column: &str, message: &impl ToString) -> Self {
        Self {
            column: Some(column.to_owned()),
            message: message.to_string(),
        }
    }
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "`{column}` {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}
