use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;

#[test]
fn a_connection_over_a_network_must_verify_the_server() {
    for (url, expected) in [
        ("postgres://u@db.example.com/d", false),
        ("postgres://u@db/d?sslmode=disable", false),
        ("postgres://u@db/d?sslmode=allow", false),
        ("postgres://u@db/d?sslmode=prefer", false),
        ("postgres://u@db/d?sslmode=require", false),
        ("postgres://u@10.0.0.1/d", false),
        ("postgres://u@[2001:db8::1]/d", false),
        ("postgres://u@localhost.example.com/d", false),
        (
            "postgres://u@db/d?sslmode=require&sslrootcert=/ca.pem",
            true,
        ),
        ("postgres://u@db/d?sslmode=verify-ca", true),
        ("postgres://u@db/d?sslmode=verify-full", true),
        ("postgres://u@/d", true),
        ("postgres://u@LocalHost/d?sslmode=disable", true),
        ("postgres://u@127.0.0.9/d", true),
        ("postgres://u@[::1]/d", true),
        ("postgres://u@[::ffff:127.0.0.1]/d", true),
        ("postgres://u@/d?host=/run/postgresql", true),
    ] {
        let DatabaseUrl::Postgres(url) = url.parse().unwrap() else {
            panic!("{url}")
        };
        assert_eq!(url.is_protected(), expected, "{url:?}");
    }
}

fn postgres(text: &str) -> PostgresUrl {
    match text.parse() {
        Ok(DatabaseUrl::Postgres(url)) => url,
        other => panic!("{text}: {other:?}"),
    }
}

fn error(text: &str) -> InvalidDatabaseUrl {
    text.parse::<DatabaseUrl>().unwrap_err()
}

#[test]
fn every_way_to_name_the_driver_is_one_database() {
    for scheme in [
        "postgres",
        "postgresql",
        "postgresql+psycopg2",
        "postgresql+psycopg",
        "postgresql+asyncpg",
    ] {
        let url = postgres(&format!("{scheme}://user:pass@host:5433/name"));
        assert_eq!(url.to_string(), "user@host:5433/name");
        assert_eq!(url.password.unwrap().expose(), "pass");
        assert_eq!(url.ssl_mode, SslMode::Prefer);
    }
    for text in [
        "mysql://host/db",
        "postgresql+pg8000://u@h/d",
        "user@host/db",
        "",
        "postgres:",
    ] {
        assert_eq!(error(text), InvalidDatabaseUrl::Scheme, "{text}");
    }
}

#[test]
fn what_is_left_out_has_its_usual_value() {
    let url = postgres("postgres://user@/name");
    assert_eq!(
        (url.to_string().as_str(), url.password.is_none()),
        ("user@localhost:5432/name", true)
    );
    assert_eq!(postgres("postgres://user@host:/name").port, 5432);
    for text in [
        "postgres://host/name",
        "postgres://user@host",
        "postgres://user@host/",
    ] {
        assert_eq!(error(text), InvalidDatabaseUrl::Incomplete, "{text}");
    }
}

#[test]
fn hosts_may_be_addresses_and_sockets() {
    assert_eq!(postgres("postgres://u@[::1]:5433/d").host, "::1");
    assert_eq!(postgres("postgres://u@[::1]/d").port, 5432);
    for text in [
        "postgres://u@/d?host=/var/run/postgresql",
        "postgres://u@%2Fvar%2Frun%2Fpostgresql/d",
    ] {
        assert_eq!(postgres(text).host, "/var/run/postgresql");
    }
    for text in [
        "postgres://u@[::1/d",
        "postgres://u@[::1]x/d",
        "postgres://u@h:port/d",
        "postgres://u@h:99999/d",
    ] {
        assert_eq!(error(text), InvalidDatabaseUrl::Authority, "{text}");
    }
}

#[test]
fn parameters_are_taken_or_refused_by_name() {
    let url = postgres(
        "postgres://u@h/d?sslmode=verify-full&sslrootcert=/ca.pem&application_name=x%20y&&",
    );
    assert_eq!(url.ssl_mode, SslMode::VerifyFull);
    assert_eq!(url.ssl_root_cert, Some(PathBuf::from("/ca.pem")));
    assert_eq!(url.application_name, "x y");
    assert_eq!(
        error("postgres://u@h/d?sslmode=on"),
        InvalidDatabaseUrl::ParameterValue("sslmode")
    );
    assert_eq!(
        error("postgres://u@h/d?pool_size=5"),
        InvalidDatabaseUrl::UnknownParameter("pool_size".to_owned())
    );
    assert_eq!(error("sqlite::memory:"), InvalidDatabaseUrl::NoFile);
    assert_eq!(
        "sqlite:a%20b.db"
            .parse::<DatabaseUrl>()
            .unwrap()
            .to_string(),
        "a b.db"
    );
    assert_eq!(
        error("sqlite:a.db?mode=ro"),
        InvalidDatabaseUrl::UnknownParameter("mode".to_owned())
    );
}

#[test]
fn a_password_that_was_not_encoded_is_told_how() {
    for password in ["a/b", "a#b", "a/b@c"] {
        let error = error(&format!("postgres://user:{password}@host/name"));
        assert_eq!(error, InvalidDatabaseUrl::Authority, "{password}");
        assert!(error.to_string().contains("%2F"));
    }
    for password in ["100%", "%zz", "%F"] {
        let error = error(&format!("postgres://user:{password}@host/name"));
        assert_eq!(error, InvalidDatabaseUrl::Escape, "{password}");
    }
    // The question mark ends the address, and what follows looks like a parameter: it must not be
    // repeated.
    for text in [
        "postgres://user:pass?word!secret@host/name",
        "postgres://user:123?secret@host/name",
    ] {
        assert_eq!(error(text), InvalidDatabaseUrl::Authority, "{text}");
    }
}

#[test]
fn every_ascii_character_can_stand_in_a_password() {
    for byte in 0..128_u8 {
        let password = format!("a{}b", char::from(byte));
        let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC);
        let url = postgres(&format!(
            "postgresql+psycopg2://user:{encoded}@host:5432/name"
        ));
        assert_eq!(url.password.unwrap().expose(), password);
    }
}

proptest! {
    #[test]
    fn any_password_comes_back_and_never_shows(password in "\\PC{1,40}") {
        let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC);
        let url = postgres(&format!("postgresql://user:{encoded}@host/name"));
        prop_assert_eq!(url.password.as_ref().unwrap().expose(), &password);
        if password.chars().count() > 8 {
            let shown = format!("{url:?} {url}");
            prop_assert!(!shown.contains(&password));
        }
    }

    #[test]
    fn nothing_panics(text in "(sqlite:|postgres://|)\\PC{0,60}") {
        let _ = text.parse::<DatabaseUrl>();
    }
}
