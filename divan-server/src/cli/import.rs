use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use divan_core::private_file::PrivateFile;
use divan_core::service::{Admin, AuthService, CheckedImport, ClientInfo, ServiceError};
use divan_core::store::StoreErrorKind;
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

use super::operator::with_service;
use super::people_csv::{self, LineError, PeopleList};
use super::people_error::PeopleError;
use super::{Outcome, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add all users of a list, or none
    ///
    /// The list is a file of comma-separated values in UTF-8. Its first line names the columns:
    /// `name`, and as far as they are known `phone`, `email`, `role` (employee or admin), `active`
    /// (yes or no) and `hash`, a hash of the password (passlib's bcrypt or pbkdf2-sha256, or
    /// Argon2id), which goes on to match.
    Users(UsersArgs),
}

#[derive(Args, Debug)]
pub(super) struct UsersArgs {
    /// The list
    file: PathBuf,
    /// Tell what is wrong with the list, and add nobody
    #[arg(long)]
    dry_run: bool,
    /// The file to write generated passwords to, for those who come without a hash; it must not be
    /// there yet, and its owner alone may read it. The passwords are good for 72 hours and have to
    /// be changed at the first sign-in.
    #[arg(long, value_name = "FILE")]
    passwords: Option<PathBuf>,
}

pub(super) fn users(args: &UsersArgs) -> Outcome {
    let list = PeopleList::read(&args.file)
        .map_err(|error| PeopleError::List(args.file.display().to_string(), error))?;
    with_service(async |service| {
        let checked = check(service, list).await?;
        let (people, without_hash) = (checked.len(), checked.without_hash());
        if args.dry_run {
            let passwords = format!("{without_hash} of them with a generated password");
            output::line(&format!("{people} users would be added, {passwords}"));
            return Ok(());
        }
        let added = match &args.passwords {
            Some(passwords) => add_with_passwords(service, checked, passwords).await?,
            None if without_hash > 0 => return Err(PeopleError::NoPasswordsFile(without_hash)),
            None => add(service, checked).await?,
        };
        output::line(&format!("{added} users added"));
        Ok(())
    })
}

async fn check(service: &AuthService, list: PeopleList) -> Result<CheckedImport, PeopleError> {
    let PeopleList {
        lines,
        people,
        mut errors,
    } = list;
    let checked = service.check_import(&Admin::operator(), &people).await?;
    let (checked, refused) = checked.map_or_else(
        |refused| (None, refused),
        |checked| (Some(checked), Vec::new()),
    );
    errors.extend(refused.into_iter().map(LineError::from));
    match checked {
        Some(checked) if errors.is_empty() => Ok(checked),
        _ => {
            errors.sort_by_key(|error| error.line);
            errors
                .iter()
                .for_each(|error| output::explain(&error.to_string()));
            // The list and the service may each have something against the same line.
            errors.dedup_by_key(|error| error.line);
            Err(PeopleError::WrongLines {
                wrong: errors.len(),
                lines,
            })
        }
    }
}

async fn add(service: &AuthService, checked: CheckedImport) -> Result<usize, PeopleError> {
    let prepared = service.prepare_import(checked, &|_| {}).await?;
    let _spinner = writing();
    Ok(service
        .complete_import(&Admin::operator(), prepared, &ClientInfo::unknown())
        .await?)
}

/// The passwords are on the disk before they are good, and stay there unless it is certain that
/// they never will be: an import that breaks off leaves nobody without one.
async fn add_with_passwords(
    service: &AuthService,
    checked: CheckedImport,
    path: &Path,
) -> Result<usize, PeopleError> {
    let mut file = PrivateFile::create(path)?;
    let bar = hashing(checked.without_hash() as u64);
    let prepared = service
        .prepare_import(checked, &|done| bar.set_position(done as u64))
        .await?;
    drop(bar);
    people_csv::write_passwords(&mut file, prepared.generated())?;
    let file = file.publish()?;
    let _spinner = writing();
    match service
        .complete_import(&Admin::operator(), prepared, &ClientInfo::unknown())
        .await
    {
        Err(error) if may_be_written(&error) => Err(PeopleError::PerhapsAdded(
            file.path().display().to_string(),
            error,
        )),
        Err(error) => {
            // A list of passwords that no account has; the error matters more.
            let _ = file.remove();
            Err(error.into())
        }
        Ok(added) => Ok(added),
    }
}

/// Whether an import that failed may have happened all the same: an answer that is lost may have
/// been to the commit.
fn may_be_written(error: &ServiceError) -> bool {
    match error {
        ServiceError::Store(error) => !matches!(
            error.kind(),
            StoreErrorKind::Conflict(_) | StoreErrorKind::LastAdmin
        ),
        // The others come before anything is written.
        _ => false,
    }
}

/// Shown on a terminal alone.
fn hashing(people: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("hashing {wide_bar} {pos}/{len}, {eta} left");
    let bar = ProgressBar::new(people).with_finish(ProgressFinish::AndClear);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn writing() -> ProgressBar {
    let spinner = ProgressBar::new_spinner()
        .with_message("writing")
        .with_finish(ProgressFinish::AndClear);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}
