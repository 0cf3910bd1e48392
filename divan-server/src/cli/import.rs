use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use divan_core::private_file::PrivateFile;
use divan_core::service::{
    AdminService, CheckedImport, ImportError, ImportedCount, InvalidFieldReason, ServiceError,
};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use super::import_preview::{self, users as users_of};
use super::operator::as_operator;
use super::users_error::UsersError;
use super::{Outcome, output};
use crate::imports::{ImportOptions, may_be_committed};
use crate::users_csv::{self, CsvError, LineError, UserList};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Import a list of users: all of them, or none if a line is invalid
    ///
    /// The list is a file of values separated by commas, semicolons or tabs, in UTF-8 or UTF-16.
    /// Its first line names the columns. `name` is required; optional are `phone`, `email`, `role`
    /// (employee or admin), `active` (yes or no), `telegram_id` (the Telegram account to link),
    /// `external_id` and `hash`. `hash` is a password hash of another system (passlib's bcrypt or
    /// pbkdf2-sha256, or Argon2id): the employee keeps the old password.
    Users(UsersArgs),
}

#[derive(Args, Debug)]
pub(super) struct UsersArgs {
    /// File with the list
    file: PathBuf,
    /// Check the list without adding or changing users; with --update, show each change
    #[arg(long)]
    dry_run: bool,
    /// Change users who exist, found by external id, phone number or e-mail address, and add the
    /// others. An empty cell changes nothing, and existing users keep their password
    #[arg(long)]
    update: bool,
    /// Ignore the hashes of administrators, and generate passwords for them
    #[arg(long)]
    reset_admin_passwords: bool,
    /// File for the generated passwords of users without a hash, which must not exist yet; created with
    /// mode 0600. The passwords are valid for 72 hours and must be changed at the next sign-in
    #[arg(long, value_name = "FILE")]
    passwords: Option<PathBuf>,
}

pub(super) fn users(args: &UsersArgs) -> Outcome {
    let list =
        read(args).map_err(|error| UsersError::List(args.file.display().to_string(), error))?;
    as_operator(async |admin| {
        let checked = check(admin, &list, args).await?;
        let without_hash = checked.without_hash();
        if args.dry_run {
            import_preview::print(&checked, args.update);
            return Ok(());
        }
        let imported = match &args.passwords {
            Some(passwords) => add_with_passwords(admin, checked, passwords).await,
            None if without_hash > 0 => return Err(UsersError::NoPasswordsFile(without_hash)),
            None => add(admin, checked).await,
        };
        let ImportedCount { added, changed, .. } =
            imported.map_err(|error| explain_conflict(&list, error))?;
        output::line(&if args.update {
            format!("{} added, {} changed", users_of(added), users_of(changed))
        } else {
            format!("{} added", users_of(added))
        });
        Ok(())
    })
}

impl UsersArgs {
    fn options(&self) -> ImportOptions {
        ImportOptions {
            update: self.update,
            reset_admin_passwords: self.reset_admin_passwords,
        }
    }
}

fn read(args: &UsersArgs) -> Result<UserList, CsvError> {
    args.options().apply(UserList::read(&args.file)?)
}

async fn check(
    admin: AdminService<'_>,
    list: &UserList,
    args: &UsersArgs,
) -> Result<CheckedImport, UsersError> {
    let existing = args.options().existing();
    let (checked, refused) = match admin.check_import(&list.users, existing).await? {
        Ok(checked) => (Some(checked), Vec::new()),
        Err(refused) => (None, refused),
    };
    let errors = list.errors(&refused);
    match checked {
        Some(checked) if errors.is_empty() => Ok(checked),
        _ => {
            let error = explain(list, &errors);
            if refused.iter().any(has_hash_of_admin) {
                output::explain(
                    "To ignore the hashes of administrators, use --reset-admin-passwords.",
                );
            }
            Err(error)
        }
    }
}

/// Prints the lines with values that other users have since the check.
fn explain_conflict(list: &UserList, error: UsersError) -> UsersError {
    match error {
        UsersError::Service(ServiceError::ImportConflict(conflicts)) => {
            explain(list, &list.errors(&conflicts))
        }
        error => error,
    }
}

fn explain(list: &UserList, errors: &[LineError]) -> UsersError {
    for error in errors {
        output::explain(&error.to_string());
    }
    UsersError::InvalidLines {
        invalid: errors.len(),
        lines: list.users.len(),
    }
}

fn has_hash_of_admin(error: &ImportError) -> bool {
    let mut reasons = error.errors.iter().map(|error| error.reason);
    reasons.any(|reason| reason == InvalidFieldReason::GeneratedOnly)
}

async fn add(admin: AdminService<'_>, checked: CheckedImport) -> Result<ImportedCount, UsersError> {
    let prepared = admin.prepare_import(checked, &|_| {}).await?;
    let _spinner = writing();
    Ok(admin.complete_import(prepared).await?)
}

/// Saves the passwords before the import commits, and deletes the file only if the import certainly
/// failed. An interrupted import therefore loses no password.
async fn add_with_passwords(
    admin: AdminService<'_>,
    checked: CheckedImport,
    path: &Path,
) -> Result<ImportedCount, UsersError> {
    let mut file = PrivateFile::create(path)?;
    let bar = hashing(checked.without_hash() as u64);
    let prepared = admin
        .prepare_import(checked, &|done| bar.set_position(done as u64))
        .await?;
    drop(bar);
    let passwords = prepared.generated().map(|new| (new.user, new.password));
    users_csv::write_passwords(&mut file, passwords)?;
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
        Ok(imported) => Ok(imported),
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
