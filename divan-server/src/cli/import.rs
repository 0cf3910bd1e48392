use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use divan_core::private_file::PrivateFile;
use divan_core::service::{AdminService, CheckedImport, ServiceError};
use divan_core::store::StoreErrorKind;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use super::operator::as_operator;
use super::users_csv::{self, LineError, UserList};
use super::users_error::UsersError;
use super::{Outcome, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Import a list of users: all of them, or none if a line is invalid
    ///
    /// The list is a file of comma-separated values in UTF-8. Its first line names the columns:
    /// `name`, and optionally `phone`, `email`, `role` (employee or admin), `active`
    /// (yes or no) and `hash`, a hash of the password (passlib's bcrypt or pbkdf2-sha256, or
    /// Argon2id), which stays valid.
    Users(UsersArgs),
}

#[derive(Args, Debug)]
pub(super) struct UsersArgs {
    /// File with the list
    file: PathBuf,
    /// Check the list without adding users
    #[arg(long)]
    dry_run: bool,
    /// File for the generated passwords of users without a hash, which must not exist yet; created with
    /// mode 0600. The passwords are valid for 72 hours and must be changed at the next sign-in
    #[arg(long, value_name = "FILE")]
    passwords: Option<PathBuf>,
}

pub(super) fn users(args: &UsersArgs) -> Outcome {
    let list = UserList::read(&args.file)
        .map_err(|error| UsersError::List(args.file.display().to_string(), error))?;
    as_operator(async |admin| {
        let checked = check(admin, list).await?;
        let (users, without_hash) = (checked.len(), checked.without_hash());
        if args.dry_run {
            let passwords = format!("{without_hash} of them with a generated password");
            output::line(&format!("{users} users would be added, {passwords}"));
            return Ok(());
        }
        let added = match &args.passwords {
            Some(passwords) => add_with_passwords(admin, checked, passwords).await?,
            None if without_hash > 0 => return Err(UsersError::NoPasswordsFile(without_hash)),
            None => add(admin, checked).await?,
        };
        output::line(&format!("{added} users added"));
        Ok(())
    })
}

async fn check(admin: AdminService<'_>, list: UserList) -> Result<CheckedImport, UsersError> {
    let UserList {
        lines,
        users,
        mut errors,
    } = list;
    let checked = admin.check_import(&users).await?;
    let (checked, refused) = checked.map_or_else(
        |refused| (None, refused),
        |checked| (Some(checked), Vec::new()),
    );
    errors.extend(refused.into_iter().map(LineError::from));
    match checked {
        Some(checked) if errors.is_empty() => Ok(checked),
        _ => {
            errors.sort_by_key(|error| error.line);
            for error in &errors {
                output::explain(&error.to_string());
            }
            // The list and the service may both report the same line.
            errors.dedup_by_key(|error| error.line);
            Err(UsersError::InvalidLines {
                invalid: errors.len(),
                lines,
            })
        }
    }
}

async fn add(admin: AdminService<'_>, checked: CheckedImport) -> Result<usize, UsersError> {
    let prepared = admin.prepare_import(checked, &|_| {}).await?;
    let _spinner = writing();
    Ok(admin.complete_import(prepared).await?)
}

/// Saves the passwords before they are valid, and deletes them only if they certainly never will be,
/// so that an interrupted import does not lose a password.
async fn add_with_passwords(
    admin: AdminService<'_>,
    checked: CheckedImport,
    path: &Path,
) -> Result<usize, UsersError> {
    let mut file = PrivateFile::create(path)?;
    let bar = hashing(checked.without_hash() as u64);
    let prepared = admin
        .prepare_import(checked, &|done| bar.set_position(done as u64))
        .await?;
    drop(bar);
    users_csv::write_passwords(&mut file, prepared.generated())?;
    let file = file.publish()?;
    let _spinner = writing();
    match admin.complete_import(prepared).await {
        Err(error) if may_be_committed(&error) => Err(UsersError::MaybeAdded(
            file.path().display().to_string(),
            error,
        )),
        Err(error) => {
            // No account has these passwords. The import error matters more than a failed removal.
            let _ = file.remove();
            Err(error.into())
        }
        Ok(added) => Ok(added),
    }
}

/// Returns `true` if a failed import may be stored: the response to the commit may be lost.
fn may_be_committed(error: &ServiceError) -> bool {
    match error {
        ServiceError::Store(error) => !matches!(
            error.kind(),
            StoreErrorKind::Conflict(_) | StoreErrorKind::LastAdmin
        ),
        // Other errors occur before anything is written.
        _ => false,
    }
}

/// Shows progress, on terminals only.
fn hashing(users: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("hashing {wide_bar} {pos}/{len}, {eta} left");
    let bar = ProgressBar::new(users).with_finish(ProgressFinish::AndClear);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn writing() -> ProgressBar {
    let spinner = ProgressBar::new_spinner()
        .with_message("writing")
        .with_finish(ProgressFinish::AndClear);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
