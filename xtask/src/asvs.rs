//! Compares `docs/asvs.md` with the requirements of OWASP ASVS 5.0.0 and with the tests of this
//! repository.

mod document;
mod sections;
mod tests_of;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use self::document::{Row, State, code_spans, rows, with_summary};
use self::sections::levels_of;
use self::tests_of::Tests;
use crate::book::read;
use crate::step::{Outcome, root, say};

const DOCUMENT: &str = "docs/asvs.md";
const THREAT_MODEL: &str = "docs/threat-model.md";

/// Checks the document and writes its summary.
pub(crate) fn write() -> Outcome {
    let document = read(Path::new(DOCUMENT))?;
    check(&document, &Tests::of_repository()?)?;
    say(DOCUMENT);
    let document = with_summary(&document)?;
    fs::write(root().join(DOCUMENT), document).map_err(|error| format!("{DOCUMENT}: {error}"))
}

/// Checks that the document is complete and current, and the tests that the threat model names.
pub(crate) fn run() -> Outcome {
    say(DOCUMENT);
    let (document, tests) = (read(Path::new(DOCUMENT))?, Tests::of_repository()?);
    check(&document, &tests)?;
    check_threat_model(&read(Path::new(THREAT_MODEL))?, &tests)?;
    if document != with_summary(&document)? {
        return Err(format!("{DOCUMENT} is out of date: run `cargo xtask asvs`"));
    }
    Ok(())
}

/// Checks the document, and returns all errors in one report.
fn check(document: &str, tests: &Tests) -> Outcome {
    let rows = rows(document)?;
    let mut errors: Vec<String> = rows.iter().flat_map(|row| errors_of(row, tests)).collect();
    errors.extend(completeness(&rows));
    if errors.is_empty() {
        Ok(())
    } else {
        Err(format!("{DOCUMENT}:\n{}", errors.join("\n")))
    }
}

/// Returns an error for every test that the last column of a table names and that does not exist.
fn check_threat_model(document: &str, tests: &Tests) -> Outcome {
    let cells = document.lines().filter_map(|line| {
        let cells = line.strip_prefix('|')?.strip_suffix('|')?;
        cells.rsplit('|').next()
    });
    let errors: Vec<String> = cells
        .filter(|cell| cell.trim_start().starts_with('`'))
        .flat_map(code_spans)
        .filter_map(|test| tests.error_of(test))
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(format!("{THREAT_MODEL}:\n{}", errors.join("\n")))
    }
}

/// The errors of one row.
fn errors_of(row: &Row<'_>, tests: &Tests) -> Vec<String> {
    let mut errors = Vec::new();
    match row.state {
        State::Holds if row.tests.is_empty() => errors.push("holds without a test".to_owned()),
        State::Documented if !row.remark.contains('[') => {
            errors.push("is documented without a page".to_owned());
        }
        State::Partly | State::No | State::NotApplicable if row.remark.is_empty() => {
            errors.push("has no reason".to_owned());
        }
        _ => {}
    }
    errors.extend(row.tests.iter().filter_map(|test| tests.error_of(test)));
    let at = |error| format!("{}: {error}", row.id);
    errors.into_iter().map(at).collect()
}

/// The requirements that have no row, several rows or another level, and the rows of no requirement.
fn completeness(rows: &[Row<'_>]) -> Vec<String> {
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for row in rows {
        let requirements = levels_of(row.id);
        if requirements.is_empty() {
            errors.push(format!("{}: is no requirement", row.id));
        }
        for (id, level) in requirements {
            if id == row.id && row.level != level.to_string() {
                errors.push(format!("{id}: has the level {level}"));
            }
            if !seen.insert(id.clone()) {
                errors.push(format!("{id}: has several rows"));
            }
        }
    }
    let all = sections::all();
    let missing = all.filter(|id| !seen.contains(id));
    errors.extend(missing.map(|id| format!("{id}: has no row")));
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_complete_and_current() {
        let document = read(Path::new(DOCUMENT)).unwrap();
        check(&document, &Tests::of_repository().unwrap()).unwrap();
        assert!(
            document == with_summary(&document).unwrap(),
            "{DOCUMENT} is out of date: run `cargo xtask asvs`"
        );
    }

    #[test]
    fn the_threat_model_names_tests_that_exist() {
        let document = read(Path::new(THREAT_MODEL)).unwrap();
        let tests = Tests::of_repository().unwrap();
        check_threat_model(&document, &tests).unwrap();
        let removed = "a_page_of_a_foreign_origin_changes_nothing";
        let error = check_threat_model(&document, &tests.without(removed));
        assert!(error.unwrap_err().contains(removed));
    }

    #[test]
    fn a_test_that_was_removed_or_renamed_is_an_error() {
        let document = read(Path::new(DOCUMENT)).unwrap();
        let rows = rows(&document).unwrap();
        let cited: BTreeSet<&str> = rows.iter().flat_map(|row| row.tests.clone()).collect();
        assert!(cited.len() > 60, "{}", cited.len());
        let tests = Tests::of_repository().unwrap();
        for name in cited {
            let error = check(&document, &tests.without(name));
            assert!(error.unwrap_err().contains(name), "{name}");
        }
    }

    #[test]
    fn each_rule_of_a_row_is_checked() {
        let tests = Tests::of_files(&[("a.rs", "#[test]\nfn a_test() {}")]);
        let errors = |line: &str| {
            let rows = rows(line).unwrap();
            errors_of(&rows[0], &tests)
        };
        for (line, expected) in [
            ("| 1.1.1 | 2 | x | holds | | `a_test` |", None),
            ("| 1.1.1 | 2 | x | holds | | |", Some("without a test")),
            (
                "| 1.1.1 | 2 | x | holds | | `b_test` |",
                Some("no test b_test"),
            ),
            (
                "| 1.1.1 | 2 | x | documented | page | |",
                Some("without a page"),
            ),
            ("| 1.1.1 | 2 | x | documented | [Page] | |", None),
            ("| 1.1.1 | 2 | x | partly | | `a_test` |", Some("no reason")),
            ("| 1.1.1 | 2 | x | no | reason | |", None),
            ("| 1.1 | 2 | x | not applicable | | |", Some("no reason")),
        ] {
            let errors = errors(line).join(" ");
            match expected {
                Some(expected) => assert!(errors.contains(expected), "{line}: {errors}"),
                None => assert_eq!(errors, "", "{line}"),
            }
        }
    }

    #[test]
    fn requirements_have_one_row_of_their_level() {
        let errors = |lines: &str| completeness(&rows(lines).unwrap());
        let count = sections::all().count();
        assert_eq!(errors("").len(), count);
        let complete = "| 1.1 | | x | no | y | |";
        assert_eq!(errors(complete).len(), count - 2);
        let twice = errors(&format!("{complete}\n| 1.1.2 | 2 | x | no | y | |"));
        assert!(twice.contains(&"1.1.2: has several rows".to_owned()));
        let level = errors("| 1.1.2 | 1 | x | no | y | |");
        assert!(level.contains(&"1.1.2: has the level 2".to_owned()));
        let unknown = errors("| 1.1.3 | 1 | x | no | y | |");
        assert!(unknown.contains(&"1.1.3: is no requirement".to_owned()));
    }
}
