use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use divan_core::password::{BreachedPasswords, Password, TooManyPasswords};
use divan_core::secret::Secret;

use super::Outcome;
use super::output::line;

/// The longest line that is read, in bytes. A file with a longer one is not a list.
const MAX_LINE_BYTES: u64 = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Build the file for the variable `DIVAN_BREACHED_PASSWORDS`
    ///
    /// The list has one password per line, in UTF-8, or one SHA-1 hash of a password per line (40
    /// hexadecimal digits), optionally with `:` and a number, as in the files of Have I Been Pwned.
    /// The format is detected from the first line.
    Build(BuildArgs),
}

#[derive(Args, Debug)]
pub(super) struct BuildArgs {
    /// File with the list; `-` for standard input
    input: PathBuf,
    /// File to write. An existing file is replaced when the new one is complete
    output: PathBuf,
    /// Skip hashes with a lower count
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    min_count: u64,
}

#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error("cannot read {0}")]
    Read(String, #[source] io::Error),
    #[error("{0} line {1}: {2}")]
    Line(String, u64, LineError),
    #[error("{0} contains no passwords")]
    Empty(String),
    #[error("{0} contains no passwords with a count of at least {1}: lower --min-count")]
    AllSkipped(String, u64),
    #[error("{0} is too long: {1}; skip rare passwords with --min-count")]
    TooLong(String, TooManyPasswords),
    #[error("cannot write {0}")]
    Write(String, #[source] io::Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum LineError {
    #[error("the first line is a SHA-1 hash, so this line must have 40 hexadecimal digits too")]
    NotAHash,
    #[error("the count after `:` must be a number")]
    InvalidCount,
    #[error(
        "--min-count requires lines of the form `HASH:COUNT`, but this line has no count after the hash"
    )]
    CountRequired,
    #[error("--min-count requires lines of the form `HASH:COUNT`, but this line is a password")]
    NotCounted,
    #[error("the text is not UTF-8: convert the file, for example with `iconv -c -t UTF-8`")]
    Encoding,
    #[error(
        "the line is longer than {} KiB, so this is not a list of passwords",
        MAX_LINE_BYTES / 1024
    )]
    TooLong,
}

/// The content of all lines, which the first one decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hashes,
    Passwords,
}

/// An entry of the list, or nothing if the line does not belong on it.
#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Hash([u8; 20]),
    Password(String),
    None,
}

pub(super) fn build(args: &BuildArgs) -> Outcome {
    let name = args.input.display().to_string();
    let list = if args.input == Path::new("-") {
        read(
            "standard input".to_owned(),
            io::stdin().lock(),
            args.min_count,
        )?
    } else {
        let file =
            File::open(&args.input).map_err(|error| BuildError::Read(name.clone(), error))?;
        read(name, BufReader::new(file), args.min_count)?
    };
    let output = args.output.display().to_string();
    write(&list, &args.output).map_err(|error| BuildError::Write(output.clone(), error))?;
    line(&format!("{output} has {} passwords", list.count()));
    Ok(ExitCode::SUCCESS)
}

fn read(
    name: String,
    mut from: impl BufRead,
    min_count: u64,
) -> Result<BreachedPasswords, BuildError> {
    let mut builder = BreachedPasswords::builder();
    let (mut bytes, mut number, mut kind, mut is_empty) = (Vec::new(), 0, None, true);
    loop {
        bytes.clear();
        let read = io::Read::take(&mut from, MAX_LINE_BYTES).read_until(b'\n', &mut bytes);
        if read.map_err(|error| BuildError::Read(name.clone(), error))? == 0 {
            break;
        }
        number += 1;
        let entry = entry(&bytes, number == 1, &mut kind, min_count)
            .map_err(|error| BuildError::Line(name.clone(), number, error))?;
        let added = match entry {
            Entry::Hash(hash) => builder.add_sha1(&hash),
            // One that is longer than the limit cannot be anyone's password.
            Entry::Password(text) => match Password::new(&Secret::new(text)) {
                Ok(password) => builder.add(&password),
                Err(_) => continue,
            },
            Entry::None => continue,
        };
        added.map_err(|error| BuildError::TooLong(name.clone(), error))?;
        is_empty = false;
    }
    if is_empty && kind == Some(Kind::Hashes) {
        return Err(BuildError::AllSkipped(name, min_count));
    }
    if is_empty {
        return Err(BuildError::Empty(name));
    }
    builder
        .build()
        .map_err(|error| BuildError::TooLong(name, error))
}

/// Parses a line. `kind` is set by the first line that is not empty.
fn entry(
    line: &[u8],
    is_first: bool,
    kind: &mut Option<Kind>,
    min_count: u64,
) -> Result<Entry, LineError> {
    if line.len() as u64 == MAX_LINE_BYTES && !line.ends_with(b"\n") {
        return Err(LineError::TooLong);
    }
    let text = str::from_utf8(line).map_err(|_| LineError::Encoding)?;
    let text = if is_first {
        text.trim_start_matches('\u{feff}')
    } else {
        text
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Ok(Entry::None);
    }
    let (digits, count) = text
        .split_once(':')
        .map_or((text, None), |(digits, count)| (digits, Some(count)));
    let mut hash = [0; 20];
    let is_hash = hex::decode_to_slice(digits, &mut hash).is_ok();
    match kind.get_or_insert(if is_hash {
        Kind::Hashes
    } else {
        Kind::Passwords
    }) {
        Kind::Passwords if min_count > 0 => Err(LineError::NotCounted),
        Kind::Passwords => Ok(Entry::Password(text.to_owned())),
        Kind::Hashes if !is_hash => Err(LineError::NotAHash),
        Kind::Hashes => {
            let count = count.map(|count| count.trim().parse::<u64>());
            match count.transpose().map_err(|_| LineError::InvalidCount)? {
                Some(count) if count < min_count => Ok(Entry::None),
                None if min_count > 0 => Err(LineError::CountRequired),
                _ => Ok(Entry::Hash(hash)),
            }
        }
    }
}

/// Writes to a temporary file in the same folder, and renames it when it is on the disk.
fn write(list: &BreachedPasswords, path: &Path) -> io::Result<()> {
    let mut name = path
        .file_name()
        .ok_or(io::ErrorKind::InvalidFilename)?
        .to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|file| {
        let mut to = BufWriter::new(file);
        list.write(&mut to)?;
        to.flush()?;
        to.get_ref().sync_all()?;
        std::fs::rename(&part, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

#[cfg(test)]
mod tests {

    const HASH: &str = "21BD12DC183F740EE76F27B78EB39C8AD972A757";

    fn read(text: impl AsRef<[u8]>, min_count: u64) -> Result<u64, String> {
        let list = super::read("list".to_owned(), text.as_ref(), min_count);
        list.map(|list| list.count())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_has_passwords_or_hashes() {
        let lower = HASH.to_lowercase();
        let other = format!("3{}", &HASH[1..]);
        let counted = format!("{HASH}:52579\r\n{other}:9\r\n");
        assert_eq!(read("tram\n\nplum\r\ntram", 0), Ok(2));
        assert_eq!(read("\u{feff}пароль:1\n", 0), Ok(1));
        assert_eq!(read(format!("{HASH}\n{lower}\n{other}"), 0), Ok(2));
        assert_eq!(read(&counted, 0), Ok(2));
        assert_eq!(read(&counted, 10), Ok(1));
        assert_eq!(read(format!("tram\n{HASH}\n"), 0), Ok(2));
        // Longer than a password may be.
        assert_eq!(read(format!("tram\n{}\n", "x".repeat(129)), 0), Ok(1));
    }

    #[test]
    fn an_invalid_line_is_named() {
        let counted = format!("{HASH}:9\n");
        for (text, min_count, message) in [
            (
                format!("{HASH}\ntram\n"),
                0,
                "list line 2: the first line is a SHA-1 hash, so this line must",
            ),
            (
                format!("{HASH}:9\n{HASH}:x\n"),
                0,
                "list line 2: the count after `:` must be a number",
            ),
            (
                format!("{HASH}:\n"),
                0,
                "list line 1: the count after `:` must be a number",
            ),
            (
                format!("{HASH}:1\n{HASH}\n"),
                1,
                "list line 2: --min-count requires lines of the form `HASH:COUNT`, but this line has no count",
            ),
            (
                "tram\n".to_owned(),
                1,
                "list line 1: --min-count requires lines of the form `HASH:COUNT`, but this line is a password",
            ),
            (
                format!("tram\n{}", "x".repeat(65 * 1024)),
                0,
                "list line 2: the line is longer than 64 KiB",
            ),
            (String::new(), 0, "list contains no passwords"),
            ("\r\n\n".to_owned(), 0, "list contains no passwords"),
            (
                counted,
                10,
                "list contains no passwords with a count of at least 10: lower --min-count",
            ),
        ] {
            let error = read(&text, min_count).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
        let error = read(b"tram\npl\xFCm\n", 0).unwrap_err();
        assert!(
            error.starts_with("list line 2: the text is not UTF-8"),
            "{error}"
        );
    }
}
