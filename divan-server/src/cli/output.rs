//! Output of commands.

use std::io::{self, Write};
use std::process;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Prints a table with columns as wide as their widest cell, without trailing spaces.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let mut table = vec![heads.map(str::to_owned)];
    table.extend(rows);
    let widths: [usize; N] = std::array::from_fn(|n| {
        table
            .iter()
            .map(|row| row[n].chars().count())
            .max()
            .unwrap_or_default()
    });
    for row in &table {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            // A name may contain control characters of a terminal.
            let cell = cell.replace(char::is_control, "\u{FFFD}");
            format!("{cell:<width$}")
        });
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// Returns a time for a cell of a table, `-` for none.
pub(super) fn time(time: Option<OffsetDateTime>) -> String {
    let text = time.and_then(|time| time.format(&Rfc3339).ok());
    text.unwrap_or_else(|| "-".to_owned())
}

pub(super) fn json(value: &impl Serialize) -> serde_json::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints a line; ends the command with an error if standard output cannot be written.
pub(super) fn line(text: &str) {
    if let Err(error) = writeln!(Stdout, "{text}").and_then(|()| Stdout.flush()) {
        explain(&format!(
            "divan-server: cannot write to standard output: {error}"
        ));
        process::exit(1);
    }
}

/// Standard output. The command ends silently when the reader has closed the pipe, as `head` does.
pub(super) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        exit_on_closed_pipe(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        exit_on_closed_pipe(io::stdout().flush())
    }
}

fn exit_on_closed_pipe<T>(written: io::Result<T>) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => process::exit(0),
        written => written,
    }
}

/// Prints to standard error.
#[expect(clippy::print_stderr, reason = "messages are not output")]
pub(super) fn explain(text: &str) {
    eprintln!("{text}");
}
