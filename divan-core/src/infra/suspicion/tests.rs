use super::*;

#[test]
fn what_was_to_be_replaced_is_a_placeholder() {
    for text in [
        "changethis",
        "ChangeMe",
        "change-me",
        "password",
        "Password123",
        "secret",
        "super-secret-key",
        "<token>",
        "your-secret-key-here",
        "your_bot_token",
        "xxx",
        "XXXXXXXXXX",
        "********",
        "...",
        "{{ secret }}",
        "changethischangethischangethischangethis",
        "REPLACE_ME",
        "  changethis  ",
        "one of ours, 1234567",
        "dev-secret-key-change-me-in-production",
        "your_super_secret_jwt_key_change_me_in_production",
        "at-least-32-characters-long-secret",
        "changeme-4f1c9d2b7a",
        "{{ .Values.secretKey }}aaaaaaaaaaaaaaaaaaaaaa",
        "%SECRET_KEY%",
    ] {
        assert!(is_placeholder(text, "one of ours, 1234567"), "{text}");
    }
}

#[test]
fn what_somebody_made_up_is_none() {
    for text in [
        "0123456789abcdef0123456789abcdef",
        "tram under the plum",
        "passwordless-entry",
        "s3cret",
        "xox",
        "секрет",
        "mysecretpony",
        "key4192837",
        "pa$word",
        "correct horse battery staple",
        "test-key-of-thirty-two-bytes-here",
        "12345678",
        "100%of%AB%",
        "a{b}}c{{d",
        "mail.exchange.it and more words",
        "the replacements of nine trams",
    ] {
        assert!(!is_placeholder(text, "one of ours, 1234567"), "{text}");
    }
}

#[test]
fn dollars_tell_what_happened_to_them() {
    for (text, told) in [
        ("${NAME}", Dollars::Unfilled),
        ("a${NAME:-b}c", Dollars::Unfilled),
        ("a$$b", Dollars::Doubled),
        ("a$b", Dollars::Plain),
        ("${", Dollars::Plain),
        ("${}", Dollars::Plain),
        ("a${b", Dollars::Plain),
        ("a${b!}", Dollars::Plain),
        ("$(openssl rand -hex 16)", Dollars::NotRun),
        ("`openssl rand -hex 16`", Dollars::NotRun),
        ("a$(b)c", Dollars::Plain),
        ("a`b`c", Dollars::Plain),
        ("x7`q w`Z9", Dollars::Plain),
        ("a$(b c)", Dollars::Plain),
    ] {
        assert_eq!(Dollars::in_text(text), told, "{text}");
    }
}

#[test]
fn what_a_compose_file_leaves_is_computed() {
    for (text, left) in [
        ("pa$word", Some("pa")),
        ("pa$word!x", Some("pa!x")),
        ("a${b}c", Some("ac")),
        ("$a$b", Some("")),
        ("a$$b$c", Some("a$b")),
        ("a$1", None),
        ("a$", None),
        ("a$$b", None),
        ("plain", None),
    ] {
        assert_eq!(eaten(text).as_deref(), left, "{text}");
    }
}
