//! Imports of users over HTTP. A file is checked with all of its users in memory, and an import hashes for
//! minutes: one at a time.

mod errors;
mod run;

use std::sync::Arc;

use divan_core::service::{CheckedImport, ExistingUsers, ServiceError};
use divan_core::store::StoreErrorKind;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::extract::AsAdmin;
use crate::users_csv::{CsvError, LineError, UserList};

pub(crate) use errors::{file_error, invalid_file, invalid_lines, line_errors};
pub(crate) use run::{Run, lines};

/// The maximum number of users in a file. The smallest users would otherwise take hundreds of times the
/// memory of the file.
const MAX_USERS: usize = 100_000;

/// The turns of imports and of checks.
#[derive(Debug)]
pub(crate) struct Imports {
    running: Arc<Semaphore>,
    checks: Arc<Semaphore>,
}

impl Default for Imports {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(1)),
            checks: Arc::new(Semaphore::new(1)),
        }
    }
}

/// The turn of an import, until it is dropped.
#[derive(Debug)]
pub(crate) struct ImportTurn(#[expect(dead_code, reason = "a guard")] OwnedSemaphorePermit);

/// The options of an import.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImportOptions {
    pub(crate) update: bool,
    pub(crate) reset_admin_passwords: bool,
}

impl ImportOptions {
    /// Applies the options to a list that was read.
    pub(crate) fn apply(self, mut list: UserList) -> Result<UserList, CsvError> {
        if !self.update {
            list.require_names()?;
        }
        if self.reset_admin_passwords {
            list.ignore_hashes_of_admins();
        }
        Ok(list)
    }

    pub(crate) fn existing(self) -> ExistingUsers {
        if self.update {
            ExistingUsers::Update
        } else {
            ExistingUsers::Reject
        }
    }
}

/// A file that was checked.
#[derive(Debug)]
pub(crate) struct CheckedFile {
    /// The number of users in the file.
    pub(crate) lines: usize,
    /// The names of the columns, for errors that are found later.
    pub(crate) columns: UserList,
    pub(crate) import: Result<CheckedImport, Vec<LineError>>,
}

/// The reason why a file cannot be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error(transparent)]
    File(#[from] CsvError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The thread of the check panicked, or the runtime stops.
    #[error("the check of the file ended early")]
    Interrupted,
}

impl Imports {
    /// Starts an import; `None` while another one runs.
    pub(crate) fn start(&self) -> Option<ImportTurn> {
        let permit = Arc::clone(&self.running).try_acquire_owned();
        permit.ok().map(ImportTurn)
    }

    /// Checks a file, on a thread of its own: numbers and names take seconds to parse.
    pub(crate) async fn check(
        &self,
        admin: AsAdmin,
        file: Vec<u8>,
        options: ImportOptions,
    ) -> Result<(AsAdmin, CheckedFile), CheckError> {
        let permit = Arc::clone(&self.checks).acquire_owned().await;
        let runtime = Handle::current();
        let check = tokio::task::spawn_blocking(move || {
            // Also a check whose client has gone takes its turn.
            let _permit = permit;
            let list = options.apply(UserList::parse_at_most(&file, MAX_USERS)?)?;
            drop(file);
            let checked = runtime.block_on(checked(&admin, list, options))?;
            Ok((admin, checked))
        });
        check.await.unwrap_or(Err(CheckError::Interrupted))
    }
}

async fn checked(
    admin: &AsAdmin,
    list: UserList,
    options: ImportOptions,
) -> Result<CheckedFile, ServiceError> {
    let existing = options.existing();
    let (import, refused) = match admin.service().check_import(&list.users, existing).await? {
        Ok(import) => (Some(import), Vec::new()),
        Err(refused) => (None, refused),
    };
    let errors = list.errors(&refused);
    Ok(CheckedFile {
        lines: list.users.len(),
        columns: list.into_columns(),
        import: import.filter(|_| errors.is_empty()).ok_or(errors),
    })
}

/// Returns `true` if a failed import may be stored: the response to the commit may be lost.
pub(crate) fn may_be_committed(error: &ServiceError) -> bool {
    match error {
        ServiceError::Store(error) => !matches!(
            error.kind(),
            StoreErrorKind::Conflict(_) | StoreErrorKind::LastAdmin
        ),
        // Other errors occur before anything is written.
        _ => false,
    }
}
