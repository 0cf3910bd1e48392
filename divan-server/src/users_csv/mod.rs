//! Lists of users as comma-separated values.

mod cells;
mod columns;
mod encoding;
mod error;
mod escape;
mod list;
mod names;
mod write;

pub(super) use error::{ColumnError, CsvError, LineError};
pub(super) use list::UserList;
pub(super) use write::{write_columns, write_passwords, write_user};
