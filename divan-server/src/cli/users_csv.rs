//! Lists of users as comma-separated values.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder, Writer};
use divan_core::password::PasswordHash;
use divan_core::secret::Secret;
use divan_core::service::{ImportError, ImportedUser};
use divan_core::types::{Role, User};

/// The maximum size of a file, in bytes. A million users fit.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
const MAX_USERS: usize = 1_000_000;
const MAX_COLUMNS: usize = 1000;

/// The columns of written lists.
const COLUMNS: [(&str, Column); 5] = [
    ("phone", Column::Phone),
    ("email", Column::Email),
    ("name", Column::Name),
    ("role", Column::Role),
    ("active", Column::Active),
];
/// Further names of columns in lists from other systems.
const OTHER_NAMES: [(&str, Column); 6] = [
    ("e-mail", Column::Email),
    ("full_name", Column::Name),
    ("is_active", Column::Active),
    ("hash", Column::Hash),
    ("password_hash", Column::Hash),
    ("hashed_password", Column::Hash),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Phone,
    Email,
    Name,
    Role,
    Active,
    Hash,
}

/// The users of a file, and the lines with errors.
#[derive(Debug, Default)]
pub(super) struct UserList {
    pub(super) lines: usize,
    pub(super) users: Vec<ImportedUser>,
    pub(super) errors: Vec<LineError>,
}

/// The errors of a line.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {errors}")]
pub(super) struct LineError {
    pub(super) line: u64,
    errors: String,
}

impl From<ImportError> for LineError {
    fn from(error: ImportError) -> Self {
        let errors: Vec<String> = error.errors.iter().map(ToString::to_string).collect();
        Self {
            line: error.line,
            errors: errors.join("; "),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum CsvError {
    #[error("cannot be read")]
    Read(#[from] io::Error),
    #[error("is larger than 64 MiB: split it")]
    TooLarge,
    #[error("has more than {MAX_USERS} users: split it")]
    TooMany,
    #[error("is not UTF-8: save it as \"CSV UTF-8\"")]
    Encoding,
    #[error("is empty: its first line must name the columns, as phone,email,name,role,active,hash")]
    Empty,
    #[error(
        "has an unknown column in its first line: use only phone, email, name, role, active, hash"
    )]
    UnknownColumn,
    #[error("contains the column `{0}` twice")]
    RepeatedColumn(String),
    #[error(
        "must have a column `name`: its first line names the columns, as phone,email,name,role,active,hash"
    )]
    NoName,
    #[error("contains lines that end in CR alone: save it as \"CSV UTF-8\" again")]
    CarriageReturns,
    #[error("has more than {MAX_COLUMNS} columns in line {0}")]
    TooWide(u64),
    #[error("cannot be read as comma-separated values")]
    Csv(#[from] csv::Error),
}

impl UserList {
    /// Reads a file: UTF-8, with or without a byte order mark, lines ended either way, separated by
    /// commas, semicolons or tabs; the first line names the columns.
    pub(super) fn read(path: &Path) -> Result<Self, CsvError> {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(CsvError::TooLarge);
        }
        Self::parse(&bytes)
    }

    /// Parses the content of a file.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, CsvError> {
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            return Err(CsvError::Encoding);
        }
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        if text.contains(&b'\r') && !text.contains(&b'\n') {
            return Err(CsvError::CarriageReturns);
        }
        let separator = separator(text);
        check_width(text, separator)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .from_reader(text);
        let columns = columns(&mut reader)?;
        let mut list = Self::default();
        for record in reader.byte_records() {
            let record = record?;
            let line = record
                .position()
                .map_or(0, |position| first_line(text, position));
            if list.lines == MAX_USERS {
                return Err(CsvError::TooMany);
            }
            list.lines += 1;
            match parse_user(&columns, &record, line) {
                Ok((user, errors)) => {
                    list.users.push(user);
                    if !errors.is_empty() {
                        let errors = errors.join("; ");
                        list.errors.push(LineError { line, errors });
                    }
                }
                Err(errors) => list.errors.push(LineError { line, errors }),
            }
        }
        Ok(list)
    }
}

/// Returns the line of a record. Its position is before the empty lines that precede it.
fn first_line(text: &[u8], position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let before = text
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + before.filter(|byte| **byte == b'\n').count() as u64
}

/// Limits the number of columns, and so the memory of a record.
fn check_width(text: &[u8], separator: u8) -> Result<(), CsvError> {
    let (mut line, mut columns, mut is_quoted, mut is_cell_start) = (1, 1, false, true);
    for byte in text {
        line += u64::from(*byte == b'\n');
        match byte {
            // Of two consecutive quotes, the second continues the quoted cell.
            b'"' if is_cell_start || is_quoted => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'\n' | b'\r' => columns = 1,
            _ if *byte == separator => columns += 1,
            _ => {}
        }
        is_cell_start = matches!(byte, b'\n' | b'\r' | b'"') || *byte == separator;
        if columns > MAX_COLUMNS {
            return Err(CsvError::TooWide(line));
        }
    }
    Ok(())
}

/// Returns the most frequent separator of the first line. Spreadsheets of many countries write
/// semicolons.
fn separator(text: &[u8]) -> u8 {
    let first = text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    let count = |separator| first.split(|byte| *byte == separator).count();
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}

fn columns(reader: &mut Reader<&[u8]>) -> Result<Vec<Column>, CsvError> {
    let heads = reader.byte_headers()?;
    let mut columns = Vec::new();
    for head in heads {
        let head = str::from_utf8(head)
            .map_err(|_| CsvError::Encoding)?
            .trim()
            .to_lowercase();
        let known = COLUMNS
            .iter()
            .chain(&OTHER_NAMES)
            .find(|(name, _)| *name == head);
        let (_, column) = known.ok_or(if heads.len() == 1 && head.is_empty() {
            CsvError::Empty
        } else {
            CsvError::UnknownColumn
        })?;
        if columns.contains(column) {
            return Err(CsvError::RepeatedColumn(head));
        }
        columns.push(*column);
    }
    match columns.contains(&Column::Name) {
        true => Ok(columns),
        false if columns.is_empty() => Err(CsvError::Empty),
        false => Err(CsvError::NoName),
    }
}

/// Returns the user of a record and the errors of cells, or the error of the whole record.
fn parse_user(
    columns: &[Column],
    record: &ByteRecord,
    line: u64,
) -> Result<(ImportedUser, Vec<&'static str>), String> {
    if record.len() != columns.len() {
        return Err(format!(
            "has {} columns instead of {}",
            record.len(),
            columns.len()
        ));
    }
    let mut user = ImportedUser::new(line, Role::Employee, "");
    let mut errors = Vec::new();
    for (column, cell) in columns.iter().zip(record) {
        let Ok(cell) = str::from_utf8(cell).map(|cell| unescape(cell.trim())) else {
            return Err("is not UTF-8: save the file as \"CSV UTF-8\"".to_owned());
        };
        let given = Some(cell)
            .filter(|cell| !cell.is_empty())
            .map(str::to_owned);
        match column {
            Column::Phone => user.phone = given,
            Column::Email => user.email = given,
            Column::Name => cell.clone_into(&mut user.full_name),
            Column::Hash => user.password_hash = given.map(PasswordHash::from_stored),
            Column::Role => match cell.to_lowercase().as_str() {
                "" | "employee" => {}
                "admin" => user.role = Role::Admin,
                _ => errors.push("role must be employee or admin"),
            },
            Column::Active => match cell.to_lowercase().as_str() {
                "" | "yes" | "true" | "t" | "1" => {}
                "no" | "false" | "f" | "0" => user.is_active = false,
                _ => errors.push("active must be yes or no"),
            },
        }
    }
    Ok((user, errors))
}

/// Starts a list that an import can read.
pub(super) fn users_writer<W: io::Write>(to: W) -> io::Result<Writer<W>> {
    let mut writer = Writer::from_writer(to);
    writer.write_record(COLUMNS.map(|(name, _)| name))?;
    Ok(writer)
}

pub(super) fn write_user<W: io::Write>(
    writer: &mut Writer<W>,
    user: &User,
    is_raw: bool,
) -> io::Result<()> {
    let active = if user.is_active { "yes" } else { "no" };
    let text = |text| {
        if is_raw {
            Cow::Borrowed(text)
        } else {
            escape(text)
        }
    };
    writer.write_record([
        phone(user),
        &text(email(user)),
        &text(&user.full_name),
        user.role.as_str(),
        active,
    ])?;
    Ok(())
}

/// Writes the generated passwords.
pub(super) fn write_passwords<'u>(
    to: impl io::Write,
    users: impl Iterator<Item = (&'u User, &'u Secret)>,
) -> io::Result<()> {
    let mut writer = Writer::from_writer(to);
    writer.write_record(["phone", "email", "name", "password"])?;
    for (user, password) in users {
        let (email, name) = (escape(email(user)), escape(&user.full_name));
        writer.write_record([phone(user), &email, &name, password.expose()])?;
    }
    writer.flush()
}

/// Characters with which spreadsheets recognize a formula, with their full-width forms
/// ([OWASP](https://owasp.org/www-community/attacks/CSV_Injection)).
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Returns true for a formula, with any number of apostrophes before it.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// Puts an apostrophe before a text that a spreadsheet would run as a formula, and before one that
/// [`unescape`] would change. A phone number consists of digits after its `+`.
fn escape(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Removes the apostrophe of [`escape`].
fn unescape(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| is_formula(rest))
        .unwrap_or(cell)
}

fn phone(user: &User) -> &str {
    user.phone.as_ref().map_or("", AsRef::as_ref)
}

fn email(user: &User) -> &str {
    user.email.as_ref().map_or("", AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> UserList {
        UserList::parse(text.as_bytes()).unwrap()
    }

    fn refused(text: &[u8]) -> String {
        UserList::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn lists_of_spreadsheets_are_parsed() {
        for text in [
            "phone,email,name,role\n+77010000001,,Әлия,employee\n,a@example.com,\"Last, First\",admin\n",
            "\u{feff}phone;email;name;role\r\n+77010000001;;Әлия;employee\r\n;a@example.com;Last, First;admin\r\n",
            "Name\tPhone\tE-Mail\tROLE\nӘлия\t+77010000001\t\t\n\nLast, First\t\ta@example.com\tAdmin",
        ] {
            let UserList { users, errors, .. } = parse(text);
            assert!(errors.is_empty(), "{text}: {errors:?}");
            let [employee, admin] = users.as_slice() else {
                panic!("{text}: {users:?}")
            };
            assert_eq!(
                (employee.phone.as_deref(), employee.email.as_deref()),
                (Some("+77010000001"), None)
            );
            assert_eq!(
                (employee.full_name.as_str(), employee.role),
                ("Әлия", Role::Employee)
            );
            assert_eq!(
                (admin.full_name.as_str(), admin.role),
                ("Last, First", Role::Admin)
            );
        }
    }

    #[test]
    fn lines_are_counted_as_editors_count_them() {
        let list = parse("name,phone\n\"two\nlines\",+77010000001\n\nA,1\nB\n");
        assert_eq!(
            list.users.iter().map(|user| user.line).collect::<Vec<_>>(),
            [2, 5]
        );
        assert_eq!(
            list.errors[0].to_string(),
            "line 6: has 1 columns instead of 2"
        );
    }

    #[test]
    fn lines_that_end_in_cr_alone_are_an_error() {
        assert!(refused(b"name,phone\rA,+77010000001\r").contains("CR alone"));
        assert_eq!(
            parse("name,phone\r\n\"A\rB\",+77010000001\r\n").users.len(),
            1
        );
    }

    #[test]
    fn a_line_with_too_many_columns_is_an_error() {
        let wide = |line: &str| format!("name,phone\nA,1\n{line}\n");
        assert!(refused(wide(&",".repeat(1000)).as_bytes()).ends_with("in line 3"));
        assert!(
            refused(wide(&"\"a\"\"\n\",".repeat(1001)).as_bytes())
                .contains("more than 1000 columns")
        );
        for quoted in ["\"{}\",1", "A,\"\"\"{}\"", "A, \"{}"] {
            let list = parse(&wide(&quoted.replace("{}", &",".repeat(900))));
            assert_eq!(list.lines, 2, "{quoted}");
        }
        assert_eq!(
            parse(&wide(&format!("\"{}\",1", ",".repeat(5000))))
                .users
                .len(),
            2
        );
    }

    #[test]
    fn each_invalid_cell_of_a_line_is_reported() {
        let list = parse("name,role,active\nA,boss,perhaps\nB,,no\n");
        assert_eq!(
            list.errors[0].to_string(),
            "line 2: role must be employee or admin; active must be yes or no"
        );
        assert!(!list.users[1].is_active);
    }

    #[test]
    fn names_with_apostrophes_and_formulas_are_imported_as_they_were_exported() {
        for (name, cell) in [
            ("=1", "'=1"),
            ("'=1", "''=1"),
            ("''+7 701", "'''+7 701"),
            ("'Any Name", "'Any Name"),
            ("''", "''"),
        ] {
            assert_eq!(escape(name), cell);
            assert_eq!(unescape(cell), name);
        }
    }

    #[test]
    fn columns_must_be_known() {
        assert!(refused(b"").contains("is empty"));
        assert!(refused(b"\n\n").contains("is empty"));
        assert!(refused(b"phone,role\n").contains("must have a column `name`"));
        assert!(refused(b"name,salary\n").contains("unknown column"));
        assert!(refused(b"name,email,E-mail\n").contains("twice"));
        assert!(!refused(b"name,$2b$12$secret\n").contains("secret"));
    }

    #[test]
    fn other_encodings_are_an_error() {
        assert!(refused(b"\xFF\xFEn\0a\0m\0e\0").contains("not UTF-8"));
        assert!(refused(b"\xE8\xEC\xFF\n").contains("not UTF-8"));
        let list = UserList::parse(b"name,phone\n\xC0\xEB\xE8\xFF,+77010000001\nB,1\n").unwrap();
        assert!(
            list.errors[0]
                .to_string()
                .starts_with("line 2: is not UTF-8"),
            "{:?}",
            list.errors
        );
        assert_eq!(list.users.len(), 1);
    }

    #[test]
    fn parsing_never_panics() {
        let pieces: [&[u8]; 12] = [
            b"name",
            b",",
            b";",
            b"\"",
            b"\n",
            b"\r",
            b"phone",
            b"\xFF",
            b"\0",
            b"x",
            b"role",
            b"\xEF\xBB\xBF",
        ];
        for n in 0..20_000_usize {
            let bytes: Vec<u8> = (0..n % 11)
                .flat_map(|i| pieces[(n / 7 * (i + 1) + i * i) % 12])
                .copied()
                .collect();
            let _ = UserList::parse(&bytes);
        }
    }
}
