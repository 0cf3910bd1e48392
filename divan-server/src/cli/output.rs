//! What commands print.

use serde::Serialize;

/// Columns as wide as their widest cell; the last one ends where it ends.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let mut table = vec![heads.map(str::to_owned)];
    table.extend(rows);
    let widths: [usize; N] =
        std::array::from_fn(|n| table.iter().map(|row| row[n].chars().count()).max().unwrap_or_default());
    for row in &table {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

pub(super) fn json(value: &impl Serialize) -> serde_json::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the output of the command")]
pub(super) fn line(text: &str) {
    println!("{text}");
}

/// Says what is no output.
#[expect(clippy::print_stderr, reason = "what is no output")]
pub(super) fn explain(text: &str) {
    eprintln!("{text}");
}
