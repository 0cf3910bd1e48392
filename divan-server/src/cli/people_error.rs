use std::io;

use divan_core::private_file::PrivateFileError;
use divan_core::service::ServiceError;
use divan_core::store::StoreErrorKind;

use super::people_csv::CsvError;

/// Why a command about users did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum PeopleError {
    #[error("there is no user {0}")]
    NotFound(String),
    #[error("{0} is no administrator")]
    NotAdmin(String),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    File(#[from] PrivateFileError),
    #[error("cannot write the list")]
    Write(#[from] io::Error),
    #[error("{0} {1}")]
    List(String, #[source] CsvError),
    #[error("nobody was added: {wrong} of {lines} lines are wrong")]
    WrongLines { wrong: usize, lines: usize },
    #[error(
        "nobody was added: {0} come without a hash, and a file for their generated passwords has to be named by --passwords"
    )]
    NoPasswordsFile(usize),
    #[error(
        "the list may have been written: {0} is kept; look by `user list` before another attempt"
    )]
    PerhapsAdded(String, #[source] ServiceError),
    #[error(transparent)]
    Service(ServiceError),
}

impl From<ServiceError> for PeopleError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Invalid(errors) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                Self::Refused(errors.join("; "))
            }
            ServiceError::Store(error) if error.kind() == StoreErrorKind::LastAdmin => {
                Self::Refused("no active administrator would be left".to_owned())
            }
            ServiceError::Store(error) if matches!(error.kind(), StoreErrorKind::Conflict(_)) => {
                Self::Refused("another user has this phone number or e-mail address".to_owned())
            }
            error => Self::Service(error),
        }
    }
}
