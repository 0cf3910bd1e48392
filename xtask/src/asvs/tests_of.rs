use std::collections::BTreeMap;

use crate::book::read;
use crate::step::files;

/// Macros that define a test of each function in their list for each store.
const LISTS: [&str; 2] = ["on_every_store!(", "contract!("];

/// Names of tests, with the names of the files that contain them.
#[derive(Clone)]
pub(super) struct Tests(BTreeMap<String, Vec<String>>);

impl Tests {
    /// Reads all tracked Rust files, and the tests of the pages.
    pub(super) fn of_repository() -> Result<Self, String> {
        let mut tests = Self(BTreeMap::new());
        for pattern in ["*.rs", "pages/test/*"] {
            for file in files(pattern)? {
                tests.add(&file.to_string_lossy(), &read(&file)?);
            }
        }
        Ok(tests)
    }

    #[cfg(test)]
    pub(super) fn of_files(files: &[(&str, &str)]) -> Self {
        let mut tests = Self(BTreeMap::new());
        for (file, text) in files {
            tests.add(file, text);
        }
        tests
    }

    /// Removes a test, as a change of the repository could.
    #[cfg(test)]
    pub(super) fn without(&self, test: &str) -> Self {
        let mut tests = self.clone();
        tests.0.remove(test.rsplit("::").next().unwrap_or(test));
        tests
    }

    fn add(&mut self, file: &str, text: &str) {
        let name = file.rsplit('/').next().unwrap_or(file);
        let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
        let mut add = |name: &str| {
            let files = self.0.entry(name.to_owned()).or_default();
            files.push(stem.to_owned());
        };
        if extension == "rs" {
            with_attribute(text)
                .chain(in_lists(text))
                .for_each(&mut add);
        } else {
            in_scripts(text).for_each(add);
        }
    }

    /// Returns the error of a reference, `test` or `file::test`: no test, or several.
    pub(super) fn error_of(&self, reference: &str) -> Option<String> {
        let (file, test) = match reference.split_once("::") {
            Some((file, test)) => (Some(file), test),
            None => (None, reference),
        };
        let files = self.0.get(test).map(Vec::as_slice).unwrap_or_default();
        let matching = files
            .iter()
            .filter(|stem| file.is_none_or(|file| file == *stem));
        match matching.count() {
            0 => Some(format!("there is no test {reference}")),
            1 => None,
            _ => Some(format!(
                "there are several tests {reference}: write `file::test`"
            )),
        }
    }
}

/// The functions with the attribute `test` and without `ignore`.
fn with_attribute(text: &str) -> impl Iterator<Item = &str> {
    let mut attributes = String::new();
    text.lines().map(str::trim).filter_map(move |line| {
        // An attribute may have several lines.
        if line.starts_with("#[") || !attributes.is_empty() && !attributes.ends_with(']') {
            attributes += line;
            return None;
        }
        if line.starts_with("//") {
            return None;
        }
        let attributes = std::mem::take(&mut attributes);
        let is_test = attributes.contains("#[test]") || attributes.contains("#[tokio::test");
        let is_run = is_test && !attributes.contains("#[ignore");
        name_of_function(line).filter(|_| is_run)
    })
}

/// The tests of a script: `test("name", …)`.
fn in_scripts(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("test(\"")?.split('"').next())
}

fn name_of_function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split('(').next()
}

/// The functions in the lists of [`LISTS`].
fn in_lists(text: &str) -> impl Iterator<Item = &str> {
    let at_line_start = |list: &'static str| {
        let parts = text.split(list);
        let before = parts
            .clone()
            .map(|part| part.is_empty() || part.ends_with('\n'));
        parts.skip(1).zip(before).filter(|(_, is_start)| *is_start)
    };
    let lists = LISTS.iter().flat_map(move |list| at_line_start(list));
    lists
        .filter_map(|(rest, _)| rest.split(')').next())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_attribute_and_in_lists() {
        let text = "#[test]\nfn one() {}\n\nfn no_test() {}\n\
            #[tokio::test(flavor = \"multi_thread\")]\n// A reason.\n#[expect(\n    lint,\n    reason = \"x\"\n)]\nasync fn two() {}\n\
            #[test]\n#[ignore = \"slow\"]\nfn ignored() {}\n// #[test]\n// fn commented() {}\n\
            on_every_store!(\n    three,\n    four,\n);\n    super::contract!(not_a_list);\n\
            proptest! {\n    #[test]\n    fn five(text in \".*\") {}\n}\n";
        let tests = Tests::of_files(&[("tests/a.rs", text), ("b.rs", "contract!(three);")]);
        let names: Vec<&str> = tests.0.keys().map(String::as_str).collect();
        assert_eq!(names, ["five", "four", "one", "three", "two"]);
        assert_eq!(tests.error_of("one"), None);
        assert_eq!(tests.error_of("a::three"), None);
        assert!(tests.error_of("b::one").unwrap().contains("no test b::one"));
        assert!(tests.error_of("three").unwrap().contains("several"));
    }

    #[test]
    fn tests_of_scripts_are_found_by_their_call() {
        let text = "test(\"one\", async () => {\n  contest(\"two\");\n});\n// test(\"three\"\n";
        let tests = Tests::of_files(&[("pages/test/browser/a.test.mjs", text)]);
        assert_eq!(tests.0.keys().collect::<Vec<_>>(), ["one"]);
        assert_eq!(tests.error_of("a::one"), None);
    }
}
