use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use divan_core::service::{Field, ImportError, ImportedUser, InvalidFieldReason};
use divan_core::types::Role;

use super::cells::{self, CellError};
use super::columns::{Column, Columns};
use super::{ColumnError, CsvError, LineError, encoding};

/// The maximum size of a file, in bytes. A million users fit.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
const MAX_USERS: usize = 1_000_000;
pub(super) const MAX_COLUMNS: usize = 1000;

/// The users of a file, and the errors of its cells.
#[derive(Debug, Default)]
pub(crate) struct UserList {
    pub(crate) users: Vec<ImportedUser>,
    columns: Columns,
    errors: BTreeMap<u64, Vec<CellError>>,
}

impl UserList {
    /// Reads a file: UTF-8, with or without a byte order mark, or UTF-16 with one; lines ended either
    /// way, separated by commas, semicolons or tabs; the first line names the columns.
    pub(crate) fn read(path: &Path) -> Result<Self, CsvError> {
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
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, CsvError> {
        Self::parse_at_most(bytes, MAX_USERS)
    }

    /// Parses the content of a file with at most this number of users.
    pub(crate) fn parse_at_most(bytes: &[u8], max_users: usize) -> Result<Self, CsvError> {
        let text = encoding::decode(bytes)?;
        if text.contains('\r') && !text.contains('\n') {
            return Err(CsvError::CarriageReturns);
        }
        let (text, separator, skipped) = separator(&text);
        check_cells(text.as_bytes(), separator, skipped)?;
        let mut reader = ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut list = Self {
            columns: Columns::parse(reader.headers()?.iter())?,
            ..Self::default()
        };
        let mut record = StringRecord::new();
        while reader.read_record(&mut record)? {
            if cells::is_empty(&record) {
                continue;
            }
            if list.users.len() == max_users {
                return Err(CsvError::TooMany(max_users));
            }
            let line = record.position().map_or(0, |position| {
                first_line(text.as_bytes(), position) + skipped
            });
            let (user, errors) = cells::parse_user(&list.columns, &record, line);
            list.users.push(user);
            if !errors.is_empty() {
                list.errors.insert(line, errors);
            }
        }
        Ok(list)
    }

    /// Requires the column `name`.
    pub(crate) fn require_names(&self) -> Result<(), CsvError> {
        if self.columns.contains(Column::Name) {
            Ok(())
        } else {
            Err(CsvError::NoName)
        }
    }

    /// Removes the hashes of administrators, so that their passwords are generated.
    pub(crate) fn ignore_hashes_of_admins(&mut self) {
        let admins = self.users.iter_mut();
        for admin in admins.filter(|user| user.role == Some(Role::Admin)) {
            admin.password_hash = None;
        }
    }

    /// Removes the users and the errors of the cells. The columns stay, for [`errors`](Self::errors).
    pub(crate) fn into_columns(self) -> Self {
        Self {
            columns: self.columns,
            ..Self::default()
        }
    }

    /// Returns the errors of the cells, and those of the service except for cells that have one.
    pub(crate) fn errors(&self, refused: &[ImportError]) -> Vec<LineError> {
        let cells = self.errors.iter().flat_map(|(line, errors)| {
            let errors = errors.iter().map(|cell| cell.error.clone());
            errors.map(|error| (*line, error))
        });
        let mut lines: BTreeMap<u64, Vec<ColumnError>> = BTreeMap::new();
        for (line, error) in cells {
            lines.entry(line).or_default().push(error);
        }
        for ImportError { line, errors, .. } in refused {
            let reported = self.errors.get(line).map_or(&[][..], Vec::as_slice);
            let has_error = |field| reported.iter().any(|cell| cell.field == Some(field));
            let new = errors.iter().filter(|error| {
                let needs_role = matches!(error.reason, InvalidFieldReason::RequiredForRole(_));
                !(has_error(error.field) || needs_role && has_error(Field::Role))
            });
            for error in new {
                let column = self.columns.head_of(error.field);
                let error = ColumnError::new(column, &error.reason);
                lines.entry(*line).or_default().push(error);
            }
        }
        lines
            .into_iter()
            .map(|(line, errors)| LineError { line, errors })
            .collect()
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

/// Limits the number of columns, and so the memory of a record. Rejects a quote that is not closed: the
/// cell would contain the rest of the file.
fn check_cells(text: &[u8], separator: u8, skipped: u64) -> Result<(), CsvError> {
    let (mut line, mut columns, mut cell) = (1 + skipped, 1, Cell::Start);
    for byte in text {
        line += u64::from(*byte == b'\n');
        cell = match (cell, byte) {
            (Cell::Quoted { line }, b'"') => Cell::Closed { line },
            (Cell::Quoted { line }, _) | (Cell::Closed { line }, b'"') => Cell::Quoted { line },
            (Cell::Start, b'"') => Cell::Quoted { line },
            (_, b'\n' | b'\r') => {
                columns = 1;
                Cell::Start
            }
            (_, byte) if *byte == separator => {
                columns += 1;
                Cell::Start
            }
            _ => Cell::Plain,
        };
        if columns > MAX_COLUMNS {
            return Err(CsvError::TooWide(line));
        }
    }
    match cell {
        Cell::Quoted { line } => Err(CsvError::OpenQuote(line)),
        _ => Ok(()),
    }
}

/// The state of a cell during [`check_cells`].
#[derive(Clone, Copy)]
enum Cell {
    Start,
    /// Quotes are part of the text.
    Plain,
    /// After a quote at the start of the cell, which is in this line.
    Quoted {
        line: u64,
    },
    /// After the next quote. A further quote continues the cell, and the two are part of the text.
    Closed {
        line: u64,
    },
}

/// Returns the text from the line that names the columns, its separator, and the number of skipped
/// lines.
///
/// Spreadsheets of many countries write semicolons; the most frequent separator of the line counts. A
/// line `sep=;` in the first place names it.
fn separator(text: &str) -> (&str, u8, u64) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(&[separator @ (b'\t' | b';' | b',')]) = first
        .trim_end_matches('\r')
        .strip_prefix("sep=")
        .map(str::as_bytes)
    {
        return (rest, separator, 1);
    }
    let first = text.trim_start_matches(['\r', '\n']);
    let first = first.split(['\n', '\r']).next().unwrap_or_default();
    let count = |separator: u8| first.bytes().filter(|byte| *byte == separator).count();
    let separator = [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',');
    (text, separator, 0)
}

#[cfg(test)]
mod tests {
    use divan_core::service::InvalidField;
    use divan_core::types::TelegramId;

    use super::*;

    fn parse(text: &str) -> UserList {
        UserList::parse(text.as_bytes()).unwrap()
    }

    fn errors(list: &UserList) -> Vec<String> {
        list.errors(&[]).iter().map(LineError::to_string).collect()
    }

    fn refused(text: &[u8]) -> String {
        UserList::parse(text).unwrap_err().to_string()
    }

    fn lines(list: &UserList) -> Vec<u64> {
        list.users.iter().map(|user| user.line).collect()
    }

    #[test]
    fn lists_of_spreadsheets_are_parsed() {
        let utf16 = "ФИО\tТелефон\tЭл. почта\tРоль\r\nӘлия\t+77010000001\r\nLast, First\t\ta@example.com\tадминистратор\r\n";
        let units = utf16.encode_utf16().flat_map(u16::to_le_bytes);
        for text in [
            "phone,email,name,role\n+77010000001,,Әлия,employee\n,a@example.com,\"Last, First\",admin\n",
            "\u{feff}phone;email;name;role\r\n+77010000001;;Әлия;employee\r\n;a@example.com;Last, First;admin\r\n",
            "Name\tPhone\tE-Mail\tROLE\nӘлия\t+77010000001\t\t\n\nLast, First\t\ta@example.com\tAdmin",
            "\u{feff}Аты-жөні;Телефон;Пошта;Рөлі;;\r\nӘлия;+77010000001;;;;\r\n;;;;;\r\nLast, First;;a@example.com;әкімші\r\n;;\r\n",
            "sep=;\r\nФИО;Телефон;Почта;Роль\r\nӘлия;+77010000001;;сотрудник\r\nLast, First;;a@example.com;admin\r\n",
        ]
        .map(|text| text.as_bytes().to_vec())
        .into_iter()
        .chain([[b"\xFF\xFE".to_vec(), units.collect()].concat()])
        {
            let list = UserList::parse(&text).unwrap();
            let text = String::from_utf8_lossy(&text);
            assert!(list.errors.is_empty(), "{text}: {list:?}");
            let [employee, admin] = list.users.as_slice() else {
                panic!("{text}: {list:?}")
            };
            assert_eq!(
                (employee.phone.as_deref(), employee.email.as_deref()),
                (Some("+77010000001"), None)
            );
            assert_eq!(employee.full_name, "Әлия");
            assert!(employee.role.is_none_or(|role| role == Role::Employee));
            assert_eq!(admin.email.as_deref(), Some("a@example.com"));
            assert_eq!(
                (admin.full_name.as_str(), admin.role),
                ("Last, First", Some(Role::Admin))
            );
        }
    }

    #[test]
    fn a_dump_of_another_system_is_parsed() {
        let list = parse(
            "email,full_name,telegram_phone,telegram_user_id,is_admin,is_active,hashed_password\n\
             a@example.com,Admin,,,t,t,$2b$12$x\n,First Last,+77010000001,4503599627370495,f,f,$2b$12$y\n",
        );
        let [admin, employee] = list.users.as_slice() else {
            panic!("{list:?}")
        };
        assert_eq!((admin.role, admin.telegram_id), (Some(Role::Admin), None));
        assert_eq!(
            (employee.role, employee.telegram_id, employee.is_active),
            (
                Some(Role::Employee),
                Some(TelegramId(4_503_599_627_370_495)),
                Some(false)
            )
        );
        assert!(employee.password_hash.is_some());
    }

    #[test]
    fn lines_are_counted_as_editors_count_them() {
        let list = parse("name,phone\n\"two\nlines\",+77010000001\n\nA,1\n,\nB,2,3\n");
        assert_eq!(lines(&list), [2, 5, 7]);
        assert_eq!(errors(&list), ["line 7: has 3 columns instead of 2"]);
        let list = parse("sep=,\nname,phone\nA,1\nB,2,3\n");
        assert_eq!(lines(&list), [3, 4]);
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
        for quoted in ["\"{}\",1", "A,\"\"\"{}\"", "A, \"{}", "A \"\"{}"] {
            let list = parse(&wide(&quoted.replace("{}", &",".repeat(900))));
            assert_eq!(list.users.len(), 2, "{quoted}");
        }
        assert_eq!(
            parse(&wide(&format!("\"{}\",1", ",".repeat(5000))))
                .users
                .len(),
            2
        );
    }

    #[test]
    fn a_quote_that_is_not_closed_is_an_error_of_its_line() {
        for (list, line) in [
            ("name,phone\nA,1\n\"B,2\nC,3\n", 3),
            ("name,phone\nA,\"\"\"1\n\nB,2\n", 2),
            ("name,phone\n\"A\",1\nB,\"", 3),
            ("sep=,\n\"name,phone\nA,1\n", 2),
        ] {
            let message = refused(list.as_bytes());
            let expected = format!("has a quote in line {line} that is not closed");
            assert_eq!(message, expected, "{list}");
        }
        for list in [
            "name,phone\nA,\"1\"",
            "name,phone\nA \"B,1\n",
            "name,phone\nA \"\"B\"\",\"1\n\"\"2\"\n",
            "name,phone\n\"A\" \"B,1\n",
        ] {
            assert_eq!(parse(list).users.len(), 1, "{list}");
        }
    }

    #[test]
    fn errors_of_the_service_use_the_names_of_the_file() {
        let list = parse("ФИО;Телефон;Роль\nA;7,7E+10;boss\nB;1;\n");
        let invalid = |field, reason| InvalidField::new(field, reason);
        let taken = InvalidFieldReason::Taken;
        let refused = [
            ImportError::new(
                2,
                vec![
                    invalid(Field::Phone, taken),
                    invalid(
                        Field::Email,
                        InvalidFieldReason::RequiredForRole(Role::Admin),
                    ),
                ],
            ),
            ImportError::new(3, vec![invalid(Field::Phone, taken)]),
        ];
        let errors = list.errors(&refused);
        let texts: Vec<String> = errors.iter().map(LineError::to_string).collect();
        assert!(
            texts[0].starts_with("line 2: `Телефон` is in scientific notation")
                && texts[0].ends_with("; `Роль` must be employee or admin"),
            "{texts:?}"
        );
        assert_eq!(texts[1..], ["line 3: `Телефон` belongs to another user"]);
    }

    #[test]
    fn a_list_without_names_is_an_error_unless_it_only_changes_users() {
        let list = parse("phone,role\n1,\n");
        assert!(list.require_names().is_err());
        assert!(parse("Аты-жөні\nA\n").require_names().is_ok());
        assert!(refused(b"").contains("is empty"));
        assert!(refused(b"\n\n").contains("is empty"));
    }

    #[test]
    fn parsing_never_panics() {
        let pieces: [&[u8]; 14] = [
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
            b"sep=;",
            b"\xFF\xFE",
        ];
        for n in 0..20_000_usize {
            let bytes: Vec<u8> = (0..n % 11)
                .flat_map(|i| pieces[(n / 7 * (i + 1) + i * i) % 14])
                .copied()
                .collect();
            let _ = UserList::parse(&bytes);
        }
    }
}
