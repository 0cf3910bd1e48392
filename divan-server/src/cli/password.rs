use std::io::{self, IsTerminal};

use clap::Args;
use divan_core::secret::Secret;

/// Where a password comes from: never from the arguments, which others on the machine can see.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(super) struct PasswordSource {
    /// Generate a password: it is shown once, good for 72 hours, and has to be changed at the first
    /// sign-in
    #[arg(long)]
    generate: bool,
    /// Read the password from standard input, up to the end of the line
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum PasswordError {
    #[error("there is no terminal to ask for the password: pass --generate or --password-stdin")]
    NoTerminal,
    #[error("standard input has no password")]
    Empty,
    #[error("the two passwords differ")]
    Differ,
    #[error("cannot read the password")]
    Read(#[from] io::Error),
}

impl PasswordSource {
    /// The password, or `None` when it is to be generated.
    pub(super) fn read(&self) -> Result<Option<Secret>, PasswordError> {
        if self.generate {
            return Ok(None);
        }
        let password = if self.password_stdin {
            from_stdin()?
        } else {
            asked_for()?
        };
        if password.expose().is_empty() {
            Err(PasswordError::Empty)
        } else {
            Ok(Some(password))
        }
    }
}

fn from_stdin() -> Result<Secret, PasswordError> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let password = Secret::new(line.trim_end_matches(['\r', '\n']));
    // Wipes the line, too.
    drop(Secret::new(line));
    Ok(password)
}

fn asked_for() -> Result<Secret, PasswordError> {
    if !io::stdin().is_terminal() {
        return Err(PasswordError::NoTerminal);
    }
    let first = Secret::new(rpassword::prompt_password("Password: ")?);
    let second = Secret::new(rpassword::prompt_password("Once more: ")?);
    if first.expose() == second.expose() {
        Ok(first)
    } else {
        Err(PasswordError::Differ)
    }
}
