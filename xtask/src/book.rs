//! Builds the guide with mdBook and checks the links of every Markdown file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{self, Outcome, cargo, files, root, say};

/// The version of mdBook that builds the guide.
const MDBOOK: &str = "0.5.4";

/// Builds the guide into `target/guide` and checks all links.
pub(crate) fn run() -> Outcome {
    links()?;
    let mdbook = mdbook()?;
    say("mdbook build docs/guide");
    let mut build = Command::new(mdbook);
    build.args(["build", "docs/guide", "--dest-dir"]);
    build.arg(root().join("target/guide")).current_dir(root());
    step::run("mdbook build", &mut build)
}

/// Installs mdBook into `target/tools` unless that version is there.
fn mdbook() -> Result<PathBuf, String> {
    let program = root().join("target/tools/bin/mdbook");
    let version = Command::new(&program).arg("--version").output();
    let wanted = format!("mdbook v{MDBOOK}");
    if version.is_ok_and(|output| output.stdout.trim_ascii() == wanted.as_bytes()) {
        return Ok(program);
    }
    // Optimisation takes longer than it saves: the book is small.
    cargo(&format!(
        "install mdbook --version {MDBOOK} --locked --no-default-features --features search --root target/tools --debug \
         --config profile.dev.debug=false"
    ))?;
    Ok(program)
}

/// Checks that each relative link of a Markdown file leads to a file, and to a heading of it.
fn links() -> Outcome {
    say("links of the Markdown files");
    let mut broken = Vec::new();
    for file in files("*.md")? {
        let text = read(&file)?;
        for link in links_of(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() {
                file.clone()
            } else {
                file.parent().unwrap_or(Path::new("")).join(path)
            };
            if !root().join(&target).exists() {
                broken.push(format!("{}: no file {path}", file.display()));
            } else if !anchor.is_empty() && !anchors_of(&read(&target)?).contains(anchor) {
                broken.push(format!(
                    "{}: no heading #{anchor} in {path}",
                    file.display()
                ));
            }
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(format!("broken links:\n{}", broken.join("\n")))
    }
}

pub(crate) fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(root().join(file)).map_err(|error| format!("{}: {error}", file.display()))
}

/// The text outside fenced code blocks, line by line.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The targets of links, `[text](target)`, and of their definitions, `[text]: target`.
fn links_of(text: &str) -> Vec<&str> {
    let inline = prose(text)
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split([')', ' ']).next());
    let definitions = prose(text)
        .filter(|line| line.starts_with('['))
        .filter_map(|line| Some(line.split_once("]: ")?.1.trim()));
    inline.chain(definitions).collect()
}

/// The anchors of the headings, as GitHub and mdBook form them.
fn anchors_of(text: &str) -> BTreeSet<String> {
    prose(text)
        .filter_map(|line| line.strip_prefix('#'))
        .map(|heading| {
            heading
                .trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_anchors_are_found_outside_code() {
        let text = "# A `b` C\n[x](a.md#b), [y](c)\n```sh\n# no\n[z](d)\n```\n## D-e\n[z]: f.md#g";
        assert_eq!(links_of(text), ["a.md#b", "c", "f.md#g"]);
        assert_eq!(
            anchors_of(text),
            BTreeSet::from(["a-b-c".to_owned(), "d-e".to_owned()])
        );
    }
}
