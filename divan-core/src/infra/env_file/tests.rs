use std::fs;

use super::*;

fn values(text: &str) -> Vec<(String, String)> {
    let file = EnvFile::parse(text);
    assert!(file.errors().is_empty(), "{:?}", file.errors());
    file.entries
        .iter()
        .map(|entry| (entry.name.clone(), entry.value.expose().to_owned()))
        .collect()
}

fn value(line: &str) -> String {
    let values = values(&format!("{line}\n"));
    assert_eq!((values.len(), values[0].0.as_str()), (1, "A"), "{line}");
    values[0].1.clone()
}

fn reason(text: &str) -> String {
    let file = EnvFile::parse(text);
    assert_eq!(file.errors().len(), 1, "{text}: {:?}", file.errors());
    let error = &file.errors()[0];
    format!("{} {}", error.variable, error.reason)
}

#[test]
fn common_notations_of_values_are_parsed() {
    for (line, expected) in [
        ("A=b", "b"),
        ("  A = b  ", "b"),
        ("export A=b", "b"),
        ("export\tA=b", "b"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=b c", "b c"),
        ("A=b # c", "b"),
        ("A=b#c", "b#c"),
        ("A=b=c", "b=c"),
        (r"A=b\nc", r"b\nc"),
        (r#"A=b"c'd"#, r#"b"c'd"#),
        ("A='b # c' # d", "b # c"),
        (r"A='b\nc'", r"b\nc"),
        (r#"A="b\n\t\r\\\"\$c""#, "b\n\t\r\\\"$c"),
        ("A='b\nc'", "b\nc"),
        ("A=\"b\nc\"", "b\nc"),
        ("A=пароль", "пароль"),
    ] {
        assert_eq!(value(line), expected, "{line}");
    }
}

#[test]
fn a_dollar_sign_is_never_interpolated() {
    for text in ["pa$word", "$HOME", "${HOME}", "a$$b", "$"] {
        assert_eq!(value(&format!("A={text}")), text);
        assert_eq!(value(&format!("A='{text}'")), text);
        assert_eq!(value(&format!("A=\"{text}\"")), text);
    }
}

#[test]
fn blank_lines_comments_bom_and_crlf_are_skipped() {
    let text = "\u{feff}# first\r\n\r\nA=b\r\n   # second\r\n\tB='c'\r\nC=\"d\" # e";
    let expected =
        [("A", "b"), ("B", "c"), ("C", "d")].map(|(name, value)| (name.into(), value.into()));
    assert_eq!(values(text), expected);
}

#[test]
fn line_numbers_count_multi_line_values() {
    let file = EnvFile::parse("A='1\n2\n3'\nB=4\n");
    assert_eq!(
        (file.get("A").unwrap().line, file.get("B").unwrap().line),
        (1, 4)
    );
}

#[test]
fn invalid_lines_are_reported_and_the_rest_is_parsed() {
    for (text, expected) in [
        ("A=1\nB", ".env line 2 must contain `=`"),
        (
            "1A=b",
            ".env line 1 must start with a name of letters, digits and `_`",
        ),
        (
            "A-B=c",
            ".env line 1 must start with a name of letters, digits and `_`",
        ),
        (
            "=c",
            ".env line 1 must start with a name of letters, digits and `_`",
        ),
        ("A='b", ".env line 1 contains a quote that is not closed"),
        ("A=\"b\\", ".env line 1 contains a quote that is not closed"),
        (
            "A='b' c",
            ".env line 1 contains text after the closing quote",
        ),
        (
            "A=\"\\x\"",
            ".env line 1 contains an unknown escape (single quotes permit no escapes)",
        ),
        (
            "A=1\n\nA=2",
            ".env line 3 must not set A again (first set in line 1)",
        ),
        ("A=b\0c", ".env line 1 must not contain a NUL character"),
    ] {
        assert_eq!(reason(text), expected);
    }
    let file = EnvFile::parse("hidden\nA=1\nB='hidden\nC=2\n");
    assert_eq!(file.names().collect::<Vec<_>>(), ["A", "C"]);
    assert!(!format!("{file:?}").contains("hidden"));
}

#[test]
fn a_missing_or_non_utf8_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.env");
    assert!(
        EnvFile::read(&path).errors()[0]
            .to_string()
            .contains("does not exist")
    );
    fs::write(&path, b"A=\xff").unwrap();
    assert!(
        EnvFile::read(&path).errors()[0]
            .to_string()
            .contains("some.env is not UTF-8")
    );
    fs::write(&path, "A=1").unwrap();
    assert_eq!(EnvFile::read(&path).names().collect::<Vec<_>>(), ["A"]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_parsed_without_panic_and_debug_hides_values(text in "(A=|B|'|\"|\\\\|\n| #|sEcReT){0,12}") {
        let file = EnvFile::parse(&text);
        let is_named = text.lines().filter_map(|line| line.split_once('=')).any(|(name, _)| name.contains("sEcReT"));
        let seen = format!("{file:?}");
        proptest::prop_assert!(is_named || !seen.contains("sEcReT"));
    }
}
