use std::io::{self, IsTerminal};

use clap::Args;
use divan_core::secret::Secret;

/// The source of a password: never an argument, which other users of the machine can see.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(super) struct PasswordSource {
    /// Generate a password: it is shown once, valid for 72 hours, and must be changed at the next
    /// sign-in
    #[arg(long)]
    generate: bool,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum PasswordError {
    #[error("no terminal to prompt for the password: pass --generate or --password-stdin")]
    NoTerminal,
    #[error("standard input contains no password")]
    Empty,
    #[error("the two passwords differ")]
    Differ,
    #[error("cannot read from standard input")]
    Read(#[from] io::Error),
}

impl PasswordSource {
    /// Reads the password; `None` if it must be generated.
    pub(super) fn read(&self) -> Result<Option<Secret>, PasswordError> {
        if self.generate {
            return Ok(None);
        }
        let password = if self.password_stdin {
            line_of_stdin()?
        } else {
            prompt()?
        };
        if password.expose().is_empty() {
            Err(PasswordError::Empty)
        } else {
            Ok(Some(password))
        }
    }
}

/// Reads the first line of standard input.
pub(super) fn line_of_stdin() -> Result<Secret, PasswordError> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let password = Secret::new(line.trim_end_matches(['\r', '\n']));
    // Wipes the line.
    drop(Secret::new(line));
    Ok(password)
}

fn prompt() -> Result<Secret, PasswordError> {
    if !io::stdin().is_terminal() {
        return Err(PasswordError::NoTerminal);
    }
    let first = Secret::new(rpassword::prompt_password("Password: ")?);
    let second = Secret::new(rpassword::prompt_password("Repeat password: ")?);
    if first.expose() == second.expose() {
        Ok(first)
    } else {
        Err(PasswordError::Differ)
    }
}
