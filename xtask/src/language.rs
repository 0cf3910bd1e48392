//! Checks comments and documents for the words that `docs/glossary.md` asks to avoid.

use std::path::Path;

use crate::book::{prose, read};
use crate::step::{Outcome, files, say};

/// Words to avoid, in lower case.
const AVOID: [&str; 17] = [
    "told",
    "tells of",
    "whoever",
    "somebody",
    "nobody",
    "anybody",
    "everybody",
    "anew",
    "beside",
    "meanwhile",
    "made-up",
    "made up",
    "hung up",
    "goes on to",
    "stands in place of",
    "takes over",
    "has to be so",
];

/// Question words that must not open a doc comment.
const OPENERS: [&str; 7] = ["What", "Whether", "Who", "Whose", "Whom", "How", "Those"];

/// Maximum number of words to avoid per 10,000 words.
const MAX_AVOIDED: usize = 3;

/// Maximum percentage of doc comments that open with a question word.
const MAX_OPENERS: usize = 4;

/// Checks all tracked Rust and Markdown files.
pub(crate) fn run() -> Outcome {
    say("language of comments and documents");
    let mut comments = Text::default();
    let (mut docs, mut openers) = (0, Vec::new());
    for file in files("*.rs")? {
        let text = read(&file)?;
        for comment in doc_openings(&text) {
            docs += 1;
            let first = comment.split_whitespace().next().unwrap_or_default();
            if OPENERS.contains(&first) {
                openers.push(format!("{}: {comment}", file.display()));
            }
        }
        comments.add(&file, text.lines().filter_map(comment_of));
    }
    let mut documents = Text::default();
    for file in files("*.md")? {
        // The glossary itself lists the words.
        if file != Path::new("docs/glossary.md") {
            documents.add(&file, prose(&read(&file)?));
        }
    }
    comments.check("comments")?;
    documents.check("Markdown files")?;
    if openers.len() * 100 > docs * MAX_OPENERS {
        return Err(format!(
            "{} of {docs} doc comments open with a question word:\n{}",
            openers.len(),
            openers.join("\n")
        ));
    }
    Ok(())
}

/// Words of a kind of text, and the lines that contain words to avoid.
#[derive(Default)]
struct Text {
    words: usize,
    found: Vec<String>,
}

impl Text {
    fn add<'t>(&mut self, file: &Path, lines: impl Iterator<Item = &'t str>) {
        for line in lines {
            let words: Vec<String> = line
                .split(|c: char| !c.is_alphanumeric() && c != '-' && c != '\'')
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect();
            self.words += words.len();
            let line = format!(" {} ", words.join(" "));
            for word in AVOID {
                if line.contains(&format!(" {word} ")) {
                    self.found
                        .push(format!("{}: \"{word}\" in{line}", file.display()));
                }
            }
        }
    }

    fn check(&self, name: &str) -> Outcome {
        if self.found.len() * 10_000 <= self.words * MAX_AVOIDED {
            return Ok(());
        }
        Err(format!(
            "{name} use words to avoid {} times in {} words (see docs/glossary.md):\n{}",
            self.found.len(),
            self.words,
            self.found.join("\n")
        ))
    }
}

/// The text of a comment line.
fn comment_of(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    Some(text.trim_start_matches(['/', '!']).trim())
}

/// The first lines of doc comments.
fn doc_openings(text: &str) -> Vec<&str> {
    let is_doc = |line: &str| line.starts_with("///") || line.starts_with("//!");
    let mut was_doc = false;
    let mut openings = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if is_doc(line) && !was_doc {
            openings.extend(comment_of(line));
        }
        was_doc = is_doc(line);
    }
    openings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_to_avoid_are_counted_as_whole_words() {
        let mut text = Text::default();
        text.add(
            Path::new("a.rs"),
            ["Nobody is besides him.", "stands in place of it"].into_iter(),
        );
        assert_eq!((text.words, text.found.len()), (9, 2));
        assert!(text.check("comments").is_err());
    }

    #[test]
    fn only_the_first_line_of_a_doc_comment_is_an_opening() {
        let text = "/// What it is.\n/// Who it is.\nfn a() {}\n// How\n//! Module.";
        assert_eq!(doc_openings(text), ["What it is.", "Module."]);
    }
}
