//! The cells of a line.

use csv::StringRecord;
use divan_core::password::PasswordHash;
use divan_core::service::{Field, ImportedUser};
use divan_core::types::{Role, TelegramId};

use super::ColumnError;
use super::columns::{Column, Columns};
use super::escape::unescape;

/// An error of a cell; without a field, of the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CellError {
    pub(super) field: Option<Field>,
    pub(super) error: ColumnError,
}

impl CellError {
    fn of_line(message: String) -> Self {
        let column = None;
        Self {
            field: None,
            error: ColumnError { column, message },
        }
    }
}

/// Returns `true` for a line without content, as spreadsheets write it after the last user.
pub(super) fn is_empty(record: &StringRecord) -> bool {
    record.iter().all(|cell| cell.trim().is_empty())
}

/// Returns the user of a line and the errors of its cells.
///
/// Spreadsheets omit separators after the last cell with content, or write too many of them. Missing
/// cells are therefore empty, and further cells must be empty.
pub(super) fn parse_user(
    columns: &Columns,
    record: &StringRecord,
    line: u64,
) -> (ImportedUser, Vec<CellError>) {
    let mut user = ImportedUser::new(line, Role::Employee, "");
    user.role = None;
    let mut errors = Vec::new();
    for (position, cell) in record.iter().enumerate() {
        let cell = unescape(cell.trim());
        if cell.is_empty() {
            continue;
        }
        let error = match columns.at(position) {
            Some((column, head)) => read(&mut user, column, cell).map(|rule| CellError {
                field: Some(column.field()),
                error: ColumnError::new(head, &rule),
            }),
            None if position >= columns.len() => Some(CellError::of_line(format!(
                "has {} columns instead of {}",
                record.len(),
                columns.len()
            ))),
            None => Some(CellError::of_line(format!(
                "has a value in column {}, which has no name",
                position + 1
            ))),
        };
        errors.extend(error.filter(|error| !errors.contains(error)));
    }
    (user, errors)
}

/// Reads a cell that is not empty. Returns the rule that it breaks.
fn read(user: &mut ImportedUser, column: Column, cell: &str) -> Option<&'static str> {
    if cell.contains('\0') {
        return Some("contains a NUL character");
    }
    match column {
        Column::Phone => user.phone = Some(cell.to_owned()),
        Column::Email => user.email = Some(cell.to_owned()),
        Column::Name => cell.clone_into(&mut user.full_name),
        Column::Hash => user.password_hash = Some(PasswordHash::from_stored(cell)),
        Column::Role => user.role = role(cell),
        Column::IsAdmin => {
            user.role = boolean(cell).map(|is| if is { Role::Admin } else { Role::Employee });
        }
        Column::Active => user.is_active = boolean(cell),
        Column::TelegramId => user.telegram_id = cell.parse().ok().map(TelegramId),
        Column::ExternalId => user.external_id = Some(cell.to_owned()),
    }
    match column {
        Column::Phone | Column::TelegramId if is_scientific(cell) => Some(
            "is in scientific notation, which loses digits: format the column as text in the spreadsheet and enter the numbers again",
        ),
        Column::Phone | Column::TelegramId if is_decimal(cell) => Some(
            "has decimal places: format the column as text in the spreadsheet and save the file again",
        ),
        Column::TelegramId if user.telegram_id.is_none() => Some("must be a number"),
        Column::Role if user.role.is_none() => Some("must be employee or admin"),
        Column::IsAdmin if user.role.is_none() => Some("must be yes or no"),
        Column::Active if user.is_active.is_none() => Some("must be yes or no"),
        _ => None,
    }
}

fn role(cell: &str) -> Option<Role> {
    match cell.to_lowercase().as_str() {
        "employee" | "сотрудник" | "қызметкер" => Some(Role::Employee),
        "admin" | "администратор" | "әкімші" => Some(Role::Admin),
        _ => None,
    }
}

/// Reads a boolean of databases and spreadsheets, in three languages.
fn boolean(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "yes" | "true" | "t" | "1" | "да" | "истина" | "иә" | "ақиқат" => {
            Some(true)
        }
        "no" | "false" | "f" | "0" | "нет" | "ложь" | "жоқ" | "жалған" => {
            Some(false)
        }
        _ => None,
    }
}

/// Reports the notation in which spreadsheets show long numbers: `7,70112E+10`.
fn is_scientific(cell: &str) -> bool {
    let Some((number, exponent)) = cell.split_once(['e', 'E']) else {
        return false;
    };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    is_digits(exponent)
        && match number.split_once([',', '.']) {
            Some((whole, decimals)) => is_digits(whole) && is_digits(decimals),
            None => is_digits(number),
        }
}

/// Reports a number that a program has stored with decimal places: `77011234567.0`.
fn is_decimal(cell: &str) -> bool {
    cell.split_once([',', '.'])
        .is_some_and(|(whole, decimals)| {
            whole.len() > 6
                && is_digits(whole)
                && decimals.len() < 3
                && decimals.bytes().all(|b| b == b'0')
        })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(heads: &[&str], cells: &[&str]) -> (ImportedUser, Vec<String>) {
        let columns = Columns::parse(heads.iter().copied()).unwrap();
        let (user, errors) = parse_user(&columns, &StringRecord::from(cells.to_vec()), 2);
        let texts = errors.iter().map(|cell| cell.error.to_string());
        (user, texts.collect())
    }

    #[test]
    fn scientific_notation_of_numbers_is_explained() {
        for cell in ["7,70112E+10", "7.70112e+10", "7,70112345678E+10", "7E10"] {
            for head in ["Телефон", "telegram_id"] {
                let errors = parse(&["ФИО", head], &["A", cell]).1;
                assert!(errors[0].starts_with(&format!("`{head}` is in scientific notation")));
            }
        }
        for cell in ["77011234567.0", "77011234567,00"] {
            let errors = parse(&["name", "phone"], &["A", cell]).1;
            assert!(
                errors[0].starts_with("`phone` has decimal places"),
                "{errors:?}"
            );
        }
        for cell in ["+7.701.123.45.67", "8701123.45.67", "Extension"] {
            assert!(
                parse(&["name", "phone"], &["A", cell]).1.is_empty(),
                "{cell}"
            );
        }
    }

    #[test]
    fn a_nul_character_is_an_error_of_its_cell() {
        for head in [
            "name",
            "phone",
            "email",
            "role",
            "active",
            "hash",
            "telegram_id",
        ] {
            let errors = parse(&[head], &["a\0"]).1;
            assert_eq!(errors, [format!("`{head}` contains a NUL character")]);
        }
    }

    #[test]
    fn missing_cells_are_empty_and_further_cells_must_be_empty() {
        let heads = ["name", "phone", "role", ""];
        let (user, errors) = parse(&heads, &["A"]);
        assert_eq!((user.phone, user.role, errors.len()), (None, None, 0));
        assert!(parse(&heads, &["A", "1", "", "", " ", ""]).1.is_empty());
        assert_eq!(
            parse(&heads, &["A", "1", "", "x"]).1,
            ["has 4 columns instead of 3"]
        );
        assert_eq!(
            parse(&["name", "", "phone"], &["A", "x", "1"]).1,
            ["has a value in column 2, which has no name"]
        );
    }

    #[test]
    fn booleans_and_roles_are_read_in_three_languages() {
        for (cell, expected) in [("t", true), ("Да", true), ("ЛОЖЬ", false), ("жоқ", false)]
        {
            let user = parse(&["name", "active", "is_admin"], &["A", cell, cell]).0;
            let role = if expected {
                Role::Admin
            } else {
                Role::Employee
            };
            assert_eq!((user.is_active, user.role), (Some(expected), Some(role)));
        }
        assert_eq!(
            parse(&["роль", "белсенді"], &["boss", "perhaps"]).1,
            [
                "`роль` must be employee or admin",
                "`белсенді` must be yes or no"
            ]
        );
        assert_eq!(
            parse(&["role"], &["Қызметкер"]).0.role,
            Some(Role::Employee)
        );
    }
}
