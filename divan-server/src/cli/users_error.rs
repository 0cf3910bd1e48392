use std::io;

use divan_core::private_file::PrivateFileError;
use divan_core::service::ServiceError;
use divan_core::store::{StoreError, StoreErrorKind};

use crate::users_csv::CsvError;

/// The errors of commands on users.
#[derive(Debug, thiserror::Error)]
pub(super) enum UsersError {
    #[error("there is no user {0}")]
    NotFound(String),
    #[error("{0} is not an administrator")]
    NotAdmin(String),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    File(#[from] PrivateFileError),
    #[error("cannot write the list")]
    Write(#[from] io::Error),
    #[error("{0} {1}")]
    List(String, #[source] CsvError),
    #[error("no user was added or changed: {invalid} of {lines} lines are invalid")]
    InvalidLines { invalid: usize, lines: usize },
    #[error(
        "no user was added or changed: {0} new users have no hash; name a file for their generated passwords with --passwords"
    )]
    NoPasswordsFile(usize),
    #[error(
        "the users may have been added or changed: {0} is kept; check with `user list` before you retry"
    )]
    MaybeAdded(String, #[source] ServiceError),
    #[error(transparent)]
    Service(ServiceError),
}

impl From<StoreError> for UsersError {
    fn from(error: StoreError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<ServiceError> for UsersError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Invalid(errors) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                Self::Refused(errors.join("; "))
            }
            ServiceError::EventsNotConfigured | ServiceError::WebhooksNotConfigured => Self::Refused(
                "events are off: DIVAN_EVENTS_RETENTION is 0s, so there are no events and webhooks".to_owned(),
            ),
            ServiceError::Store(error)
                if matches!(
                    error.kind(),
                    StoreErrorKind::LastAdmin | StoreErrorKind::Conflict(_)
                ) =>
            {
                Self::Refused(error.kind().to_string())
            }
            error => Self::Service(error),
        }
    }
}
