//! What commands print.

use std::io::{self, Write};
use std::process;

use serde::Serialize;

/// Columns as wide as their widest cell; the last one ends where it ends.
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
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{:<width$}", printable(cell)));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// A text that does nothing to a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

pub(super) fn json(value: &impl Serialize) -> serde_json::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A line of the output. Where it cannot be written the command has failed, and ends.
pub(super) fn line(text: &str) {
    if let Err(error) = writeln!(Stdout, "{text}").and_then(|()| Stdout.flush()) {
        explain(&format!(
            "divan-server: cannot write to standard output: {error}"
        ));
        process::exit(1);
    }
}

/// Standard output. When whoever reads it has hung up, as `head` does, the command ends and says
/// nothing.
pub(super) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        unless_hung_up(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        unless_hung_up(io::stdout().flush())
    }
}

fn unless_hung_up<T>(written: io::Result<T>) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => process::exit(0),
        written => written,
    }
}

/// Says what is no output.
#[expect(clippy::print_stderr, reason = "what is no output")]
pub(super) fn explain(text: &str) {
    eprintln!("{text}");
}
