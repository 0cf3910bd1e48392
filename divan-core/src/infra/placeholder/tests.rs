use super::*;

#[test]
fn known_placeholders_are_detected() {
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
fn real_secrets_are_not_placeholders() {
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
