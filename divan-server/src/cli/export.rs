use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use divan_core::private_file::PrivateFile;
use divan_core::service::{AdminService, ListUsersQuery};

use super::Outcome;
use super::operator::as_operator;
use super::output::Stdout;
use super::users::for_each_page;
use super::users_error::UsersError;
use crate::users_csv;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Export all users as comma-separated values, which `import users` reads
    Users(UsersArgs),
}

#[derive(Args, Debug)]
pub(super) struct UsersArgs {
    /// File to write, which must not exist yet; created with mode 0600 [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write all fields of the HTTP API, as one JSON object per line
    #[arg(long)]
    json: bool,
    /// Do not put an apostrophe before names and e-mail addresses that begin with =, +, - or @ (a
    /// spreadsheet runs such text as a formula)
    #[arg(long, conflicts_with = "json")]
    raw: bool,
}

pub(super) fn users(args: &UsersArgs) -> Outcome {
    as_operator(async |admin| {
        let Some(path) = &args.out else {
            return write(admin, args, Stdout).await;
        };
        let mut file = PrivateFile::create(path)?;
        write(admin, args, &mut file).await?;
        file.publish()?;
        Ok(())
    })
}

async fn write(
    admin: AdminService<'_>,
    args: &UsersArgs,
    to: impl Write,
) -> Result<(), UsersError> {
    if args.json {
        let mut to = io::BufWriter::new(to);
        for_each_page(admin, ListUsersQuery::default(), |users| {
            for user in &users {
                serde_json::to_writer(&mut to, user).map_err(io::Error::from)?;
                to.write_all(b"\n")?;
            }
            Ok(())
        })
        .await?;
        return Ok(to.flush()?);
    }
    let mut to = io::BufWriter::new(to);
    users_csv::write_columns(&mut to)?;
    for_each_page(admin, ListUsersQuery::default(), |users| {
        users
            .iter()
            .try_for_each(|user| Ok(users_csv::write_user(&mut to, user, args.raw)?))
    })
    .await?;
    Ok(to.flush()?)
}
