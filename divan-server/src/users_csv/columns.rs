//! The first line of a list, which names the columns.

use divan_core::service::Field;

use super::CsvError;
use super::names::{NAMES, folded};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Phone,
    Email,
    Name,
    Role,
    /// A boolean instead of the role.
    IsAdmin,
    Active,
    Hash,
    TelegramId,
    ExternalId,
}

impl Column {
    /// Returns the column with this name in the first line.
    fn named(head: &str) -> Option<Self> {
        let head = folded(head);
        NAMES
            .into_iter()
            .find(|(_, names)| names.iter().any(|name| folded(name) == head))
            .map(|(column, _)| column)
    }

    /// Returns the field of the service that the column contains.
    pub(super) fn field(self) -> Field {
        match self {
            Self::Phone => Field::Phone,
            Self::Email => Field::Email,
            Self::Name => Field::FullName,
            Self::Role | Self::IsAdmin => Field::Role,
            Self::Active => Field::IsActive,
            Self::Hash => Field::PasswordHash,
            Self::TelegramId => Field::TelegramId,
            Self::ExternalId => Field::ExternalId,
        }
    }
}

/// The columns of a list.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The columns with their names; `None` for a column without a name.
    columns: Vec<Option<(Column, String)>>,
}

impl Columns {
    /// Reads the first line.
    pub(super) fn parse<'h>(heads: impl Iterator<Item = &'h str>) -> Result<Self, CsvError> {
        let mut columns = Self::default();
        let mut unknown = Vec::new();
        for (position, head) in (1_u32..).zip(heads) {
            let head = head.trim_matches(is_blank);
            if head.contains('\0') {
                return Err(CsvError::Nul);
            }
            let column = Column::named(head);
            if let Some(column) = column {
                columns.require_new(column, head)?;
            } else if !head.is_empty() {
                unknown.push(shown(head, position));
            }
            columns
                .columns
                .push(column.map(|column| (column, head.to_owned())));
        }
        match unknown.as_slice() {
            [] if columns.named().next().is_none() => Err(CsvError::Empty),
            [] => Ok(columns),
            [one] => Err(CsvError::UnknownColumn(one.clone())),
            several => Err(CsvError::UnknownColumns(several.join(", "))),
        }
    }

    /// Returns the number of columns, without unnamed ones at the end.
    pub(super) fn len(&self) -> usize {
        let last = self.columns.iter().rposition(Option::is_some);
        last.map_or(0, |last| last + 1)
    }

    /// Returns the column at this position and its name in the file.
    pub(super) fn at(&self, position: usize) -> Option<(Column, &str)> {
        let (column, head) = self.columns.get(position)?.as_ref()?;
        Some((*column, head))
    }

    pub(super) fn contains(&self, column: Column) -> bool {
        self.named().any(|(named, _)| *named == column)
    }

    /// Returns the name of a field in the file, or Divan's name of a column that the file does not
    /// have.
    pub(super) fn head_of(&self, field: Field) -> &str {
        let head = self.named().find(|(column, _)| column.field() == field);
        match (head, field) {
            (Some((_, head)), _) => head,
            (None, Field::FullName) => "name",
            (None, Field::IsActive) => "active",
            (None, Field::PasswordHash) => "hash",
            (None, field) => field.as_str(),
        }
    }

    fn named(&self) -> impl Iterator<Item = &(Column, String)> {
        self.columns.iter().flatten()
    }

    fn require_new(&self, column: Column, head: &str) -> Result<(), CsvError> {
        let mut named = self.named();
        match named.find(|(earlier, _)| earlier.field() == column.field()) {
            None => Ok(()),
            Some((_, earlier)) if folded(earlier) == folded(head) => {
                Err(CsvError::RepeatedColumn(head.to_owned()))
            }
            Some((_, earlier)) => Err(CsvError::SameColumn(earlier.clone(), head.to_owned())),
        }
    }
}

/// Reports spaces and the invisible characters that programs leave in a first line.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}')
}

/// Returns the name for a message; its position if it may be data, as in a file without a first
/// line of names.
fn shown(head: &str, position: u32) -> String {
    let is_name = head.chars().count() <= 40
        && head
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '№'));
    if is_name {
        format!("`{head}`")
    } else {
        format!("column {position}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(heads: &[&str]) -> Result<Columns, CsvError> {
        Columns::parse(heads.iter().copied())
    }

    fn refused(heads: &[&str]) -> String {
        parse(heads).unwrap_err().to_string()
    }

    #[test]
    fn names_of_columns_are_recognized_in_three_languages() {
        for (head, column) in [
            ("ФИО", Column::Name),
            ("Ф.И.О.", Column::Name),
            ("Фамилия, имя, отчество", Column::Name),
            ("Аты-жөні", Column::Name),
            ("Аты-жөнi", Column::Name),
            ("Full_Name", Column::Name),
            ("Телефон", Column::Phone),
            ("Телефон нөмірі", Column::Phone),
            ("telegram_phone", Column::Phone),
            ("Эл. почта", Column::Email),
            ("Электрондық пошта", Column::Email),
            ("E-Mail", Column::Email),
            ("Рөлі", Column::Role),
            ("is_admin", Column::IsAdmin),
            ("Белсенді", Column::Active),
            ("hashed_password", Column::Hash),
            ("telegram_user_id", Column::TelegramId),
            (" \u{FEFF}Telegram ID ", Column::TelegramId),
            ("Табельный номер", Column::ExternalId),
            ("Табель нөмірі", Column::ExternalId),
        ] {
            assert_eq!(
                Column::named(head.trim_matches(is_blank)),
                Some(column),
                "{head}"
            );
        }
    }

    #[test]
    fn unknown_columns_are_named_but_data_is_not() {
        assert!(
            refused(&["name", "salary"]).contains("an unknown column in its first line: `salary`")
        );
        assert!(
            refused(&["ФИО", "Отдел", "Дата приёма"])
                .contains("unknown columns in its first line: `Отдел`, `Дата приёма`")
        );
        assert!(refused(&["name", "$2b$12$secret"]).contains(": column 2;"));
        assert!(refused(&["name", "+77011234567"]).contains(": column 2;"));
    }

    #[test]
    fn a_column_is_named_once() {
        assert!(
            refused(&["name", "email", "E-mail"])
                .contains("two columns for one value: `email` and `E-mail`")
        );
        assert!(refused(&["name", "Phone", "phone"]).contains("the column `phone` twice"));
        assert!(refused(&["role", "is_admin"]).contains("`role` and `is_admin`"));
    }

    #[test]
    fn empty_columns_at_the_end_do_not_count() {
        let columns = parse(&["name", "", "phone", "", " "]).unwrap();
        assert_eq!(columns.len(), 3);
        assert!(refused(&["", ""]).contains("is empty"));
        assert!(refused(&["n\0a\0m\0e\0"]).contains("NUL"));
    }

    #[test]
    fn messages_use_the_names_of_the_file() {
        let columns = parse(&["ФИО", "is_admin"]).unwrap();
        assert_eq!(columns.head_of(Field::FullName), "ФИО");
        assert_eq!(columns.head_of(Field::Role), "is_admin");
        assert_eq!(columns.head_of(Field::Phone), "phone");
        assert_eq!(columns.head_of(Field::IsActive), "active");
    }
}
