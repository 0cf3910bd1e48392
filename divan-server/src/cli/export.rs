use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use divan_core::api::ListUsersRequest;
use divan_core::private_file::PrivateFile;
use divan_core::service::AuthService;

use super::operator::with_service;
use super::output::Stdout;
use super::people::pages;
use super::people_error::PeopleError;
use super::{Outcome, people_csv};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write all users as comma-separated values, which `import users` reads
    Users(UsersArgs),
}

#[derive(Args, Debug)]
pub(super) struct UsersArgs {
    /// The file to write, which must not be there yet; its owner alone may read it [default:
    /// standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write everything that the HTTP interface tells of a user, as one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn users(args: &UsersArgs) -> Outcome {
    with_service(async |service| {
        let Some(path) = &args.out else {
            return write(service, args.json, Stdout).await;
        };
        let mut file = PrivateFile::create(path)?;
        write(service, args.json, &mut file).await?;
        file.publish()?;
        Ok(())
    })
}

async fn write(service: &AuthService, is_json: bool, to: impl Write) -> Result<(), PeopleError> {
    if is_json {
        let mut to = io::BufWriter::new(to);
        pages(service, ListUsersRequest::default(), |users| {
            for user in &users {
                serde_json::to_writer(&mut to, user).map_err(io::Error::from)?;
                to.write_all(b"\n")?;
            }
            Ok(())
        })
        .await?;
        return Ok(to.flush()?);
    }
    let mut writer = people_csv::users_writer(to)?;
    pages(service, ListUsersRequest::default(), |users| {
        users
            .iter()
            .try_for_each(|user| Ok(people_csv::write_user(&mut writer, user)?))
    })
    .await?;
    Ok(writer.flush()?)
}
