//! Form of all problems and configuration errors: short sentences in standard terms.

use std::path::Path;

use divan_core::api::{MemberErrorCode, ProblemCode};
use serde_json::Value;

use crate::process::{program, run};

const MAX_WORDS: usize = 25;

const AVOIDED: [&str; 16] = [
    "told",
    "tells",
    "whoever",
    "whomever",
    "somebody",
    "nobody",
    "anybody",
    "everybody",
    "anew",
    "beside",
    "meanwhile",
    "made-up",
    "whatever",
    "hung up",
    "stands in",
    "takes over",
];

/// First words of a reason, which continues the name of a variable or member.
const VERBS: [&str; 10] = [
    "must",
    "is",
    "are",
    "has",
    "cannot",
    "contains",
    "contradicts",
    "requires",
    "belongs",
    "names",
];

fn assert_plain(text: &str) {
    assert!(
        !text.contains('?') || text.contains("did you mean"),
        "a question: {text}"
    );
    for sentence in text.split(". ") {
        let words = sentence.split_whitespace().count();
        assert!(words <= MAX_WORDS, "{words} words: {sentence}");
    }
    let words = text
        .to_lowercase()
        .replace(|c: char| ".,:;()`".contains(c), " ");
    let words = format!(" {words} ");
    for avoided in AVOIDED {
        assert!(
            !words.contains(&format!(" {avoided} ")),
            "{avoided}: {text}"
        );
    }
}

fn assert_sentence(text: &str) {
    assert_plain(text);
    let is_capital = |c: char| c.is_uppercase() || c == '`';
    assert!(text.starts_with(is_capital), "no capital letter: {text}");
}

fn assert_reason(text: &str) {
    assert_plain(text);
    let verb = text.split_whitespace().next().unwrap_or_default();
    assert!(VERBS.contains(&verb), "no verb at the start: {text}");
}

#[test]
fn codes_are_described_in_short_sentences() {
    for code in ProblemCode::ALL {
        assert_sentence(code.title());
        assert_sentence(code.description());
    }
    for code in MemberErrorCode::ALL {
        assert_sentence(code.description());
    }
}

#[test]
fn documented_problems_have_details_in_short_sentences() {
    let folder = tempfile::tempdir().unwrap();
    let (_, document, _) = run(program(folder.path()).arg("openapi"));
    let document: Value = serde_json::from_str(&document).unwrap();
    let mut problems = 0;
    for_each_object(&document, &mut |object| {
        let Some(detail) = object["detail"].as_str() else {
            return;
        };
        problems += 1;
        if object["pointer"].is_string() {
            assert_reason(detail);
        } else {
            assert_sentence(detail);
        }
    });
    assert!(problems > 20, "{problems}");
}

fn for_each_object(value: &Value, visit: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            visit(value);
            members
                .values()
                .for_each(|value| for_each_object(value, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| for_each_object(item, visit)),
        _ => {}
    }
}

#[test]
fn configuration_errors_start_with_a_verb_and_are_short() {
    let folder = tempfile::tempdir().unwrap();
    let variables = variables(folder.path());
    for value in ["wrong value", "-1", "ftp://", "https://u:p@h/?q#f", "${X}"] {
        let mut command = program(folder.path());
        command.envs(variables.iter().map(|name| (name, value)));
        let (code, _, stderr) = run(command.args(["config", "check"]));
        assert_eq!(code, 78, "{stderr}");
        assert!(stderr.lines().count() > 20, "{stderr}");
        for line in stderr.lines() {
            let line = line.strip_prefix("divan-server: ").unwrap();
            let line = line.strip_prefix("warning: ").unwrap_or(line);
            let line = line.split(" (example: ").next().unwrap();
            let (_, reason) = line.split_once(' ').unwrap();
            assert_reason(reason);
        }
    }
}

fn variables(folder: &Path) -> Vec<String> {
    let (_, settings, _) = run(program(folder).args(["config", "show", "--json"]));
    let settings: Vec<Value> = serde_json::from_str(&settings).unwrap();
    let name = |setting: &Value| setting["variable"].as_str().unwrap().to_owned();
    settings.iter().map(name).collect()
}
