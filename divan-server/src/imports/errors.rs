//! The errors of a file on the wire.

use divan_core::api::{ImportLineError, MemberError, MemberErrorCode, ProblemCode};

use crate::extract::json_body::pointer_to;
use crate::problem::Problem;
use crate::users_csv::{ColumnError, CsvError, LineError};

/// The greatest number of errors in a problem.
const MAX_ERRORS: usize = 100;

pub(crate) fn line_errors(
    LineError { line, errors }: LineError,
) -> impl Iterator<Item = ImportLineError> {
    let error =
        move |ColumnError { column, message }| ImportLineError::new(Some(line), column, message);
    errors.into_iter().map(error)
}

pub(crate) fn file_error(error: &CsvError) -> ImportLineError {
    ImportLineError::new(error.line(), None, format!("the file {error}"))
}

/// Returns the problem of a file with these errors.
pub(crate) fn invalid_lines(errors: Vec<LineError>) -> Problem {
    invalid_file(errors.into_iter().flat_map(line_errors))
}

pub(crate) fn invalid_file(errors: impl IntoIterator<Item = ImportLineError>) -> Problem {
    let errors = errors.into_iter().take(MAX_ERRORS).map(member_error);
    Problem::new(ProblemCode::ValidationFailed).with_errors(errors.collect::<Vec<_>>())
}

/// Names a line and a column of the file as a JSON pointer: `/4/phone`.
fn member_error(error: ImportLineError) -> MemberError {
    let line = error.line.map(|line| line.to_string());
    let parts = [line, error.column].into_iter().flatten();
    let pointer: String = parts.map(|part| pointer_to(&part)).collect();
    MemberError::new(pointer, MemberErrorCode::Invalid, error.message)
}
