//! Database URLs: accepted ones have a canonical form, and the password is in no text about them.

use std::fmt::Write as _;

use divan_core::database_url::{DatabaseUrl, InvalidDatabaseUrl, PostgresUrl};

/// Fuzzes the text of a URL, and a password in a URL, encoded and not encoded.
pub fn database_urls(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    match text.parse::<DatabaseUrl>() {
        Ok(DatabaseUrl::Postgres(url)) => require_canonical(&url),
        Ok(_) => {}
        Err(error) => require_fixed_message(&error),
    }

    let url = format!("postgres://user:{}@host/name", encode(text));
    let DatabaseUrl::Postgres(url) = url.parse().unwrap() else {
        unreachable!("the scheme is PostgreSQL's")
    };
    assert_eq!(password(&url), Some(text));
    require_same_text(&url);

    // An operator may forget to encode it. It then is an error, or still the password.
    match format!("postgres://user:{text}@host/name").parse::<DatabaseUrl>() {
        Ok(DatabaseUrl::Postgres(url)) => require_same_text(&url),
        Ok(url) => unreachable!("{url:?}"),
        Err(error) => {
            let is_repeated = matches!(
                error,
                InvalidDatabaseUrl::UnknownParameter(_) | InvalidDatabaseUrl::RepeatedParameter(_)
            );
            assert!(!is_repeated, "{error}");
        }
    }
}

/// Requires the text of a URL with another password.
fn require_same_text(url: &PostgresUrl) {
    let other: DatabaseUrl = "postgres://user:another@host/name".parse().unwrap();
    let DatabaseUrl::Postgres(other) = other else {
        unreachable!("the scheme is PostgreSQL's")
    };
    assert_eq!(format!("{url:?} {url}"), format!("{other:?} {other}"));
}

/// Requires that a URL of the parsed parts means the same.
fn require_canonical(url: &PostgresUrl) {
    let mut text = format!("postgres://{}", encode(&url.user));
    if let Some(password) = password(url) {
        let _ = write!(text, ":{}", encode(password));
    }
    let hosts: Vec<String> = url
        .hosts()
        .iter()
        .map(|host| format!("{}:{}", encode(&host.host), host.port))
        .collect();
    let _ = write!(
        text,
        "@{}/{}?sslmode={}&application_name={}",
        hosts.join(","),
        encode(&url.database),
        url.ssl_mode,
        encode(&url.application_name)
    );
    if let Some(file) = url.ssl_root_cert.as_ref().and_then(|file| file.to_str()) {
        let _ = write!(text, "&sslrootcert={}", encode(file));
    }
    if let Some(timeout) = url.connect_timeout {
        let _ = write!(text, "&connect_timeout={}", timeout.as_secs());
    }
    if let (Some(certificate), Some(key)) = (&url.ssl_cert, &url.ssl_key) {
        let [certificate, key] = [certificate, key].map(|file| encode(&file.to_string_lossy()));
        let _ = write!(text, "&sslcert={certificate}&sslkey={key}");
    }
    if let Some(options) = &url.options {
        let _ = write!(text, "&options={}", encode(options));
    }
    if let Some(size) = url.statement_cache_size {
        let _ = write!(text, "&prepared_statement_cache_size={size}");
    }
    for parameter in &url.ignored {
        let _ = write!(text, "&{}=x", parameter.name);
    }
    // Only a parameter can make the host empty, which the canonical form does not repeat.
    if url.host.is_empty() {
        text.push_str("&host=");
    }
    let Ok(DatabaseUrl::Postgres(again)) = text.parse() else {
        panic!("{text} is not accepted")
    };
    assert_eq!(format!("{url:?}"), format!("{again:?}"), "{text}");
    assert_eq!(password(url), password(&again), "{text}");
}

/// Requires that a message has nothing of the URL but the name of a parameter.
fn require_fixed_message(error: &InvalidDatabaseUrl) {
    if let InvalidDatabaseUrl::UnknownParameter(name)
    | InvalidDatabaseUrl::RepeatedParameter(name) = error
    {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        assert!(name.len() <= 32 && name.bytes().all(is_name), "{name}");
    }
}

fn password(url: &PostgresUrl) -> Option<&str> {
    url.password
        .as_ref()
        .map(divan_core::secret::Secret::expose)
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
