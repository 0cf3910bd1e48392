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
            false,
        ),
        ("postgres://u@db/d?sslmode=verify-ca", false),
        ("postgres://u@db/d?sslmode=verify-full", true),
        ("postgres://u@/d", true),
        ("postgres://u@LocalHost/d?sslmode=disable", true),
        ("postgres://u@127.0.0.9/d", true),
        ("postgres://u@[::1]/d", true),
        ("postgres://u@[::ffff:127.0.0.1]/d", true),
        ("postgres://u@/d?host=/run/postgresql", true),
        ("postgres://u@localhost,127.0.0.1/d", true),
        ("postgres://u@localhost,db/d", false),
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
fn several_hosts_are_tried_in_order() {
    for text in [
        "postgres://u@h1:1,h2:2/d",
        "postgresql+psycopg2://u@/d?host=h1:1&host=h2:2",
        "postgres://u@/d?host=h1,h2&port=1,2",
        "postgres://u@h1,h2/d?port=1,2",
        "postgres://u@other:5/d?host=h1:1&host=h2:2",
    ] {
        assert_eq!(postgres(text).to_string(), "u@h1:1,h2:2/d", "{text}");
    }
    for (text, expected) in [
        ("postgres://u@h1,h2/d", "u@h1:5432,h2:5432/d"),
        ("postgres://u@h1,h2/d?port=1", "u@h1:1,h2:1/d"),
        ("postgres://u@[::1]:1,[::2]/d", "u@::1:1,::2:5432/d"),
        (
            "postgres://u@/d?host=::1&host=[::2]:1",
            "u@::1:5432,::2:1/d",
        ),
        (
            "postgres://u@/d?host=/run/a,/run/b",
            "u@/run/a:5432,/run/b:5432/d",
        ),
    ] {
        assert_eq!(postgres(text).to_string(), expected, "{text}");
    }
    for (text, expected) in [
        ("postgres://u@h1:1,h2:x/d", InvalidDatabaseUrl::Authority),
        (
            "postgres://u@/d?host=h1:x",
            InvalidDatabaseUrl::ParameterValue("host"),
        ),
        (
            "postgres://u@h1,h2/d?port=1,2,3",
            InvalidDatabaseUrl::ParameterValue("port"),
        ),
        (
            "postgres://u@h1/d?port=x",
            InvalidDatabaseUrl::ParameterValue("port"),
        ),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn a_server_that_accepts_writes_is_required() {
    for value in ["read-write", "primary", "any"] {
        postgres(&format!("postgres://u@h/d?target_session_attrs={value}"));
    }
    for value in ["read-only", "standby", "prefer-standby", ""] {
        assert_eq!(
            error(&format!("postgres://u@h/d?target_session_attrs={value}")),
            InvalidDatabaseUrl::ParameterValue("target_session_attrs")
        );
    }
    let timeout =
        |value| postgres(&format!("postgres://u@h/d?connect_timeout={value}")).connect_timeout;
    assert_eq!(timeout("3"), Some(Duration::from_secs(3)));
    assert_eq!(timeout("0"), None);
    assert_eq!(
        error("postgres://u@h/d?connect_timeout=soon"),
        InvalidDatabaseUrl::ParameterValue("connect_timeout")
    );
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
        error("postgres://u@h/d?sslmod=verify-full"),
        InvalidDatabaseUrl::UnknownParameter("sslmod".to_owned())
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

/// Forms that providers of managed PostgreSQL hand out, or their documentation shows, and the
/// parameters that have no effect.
const PROVIDERS: [(&str, &str, &[&str]); 9] = [
    (
        "Neon",
        "postgresql://u:p@ep-cool-1.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
        &["channel_binding"],
    ),
    (
        "Neon, for old clients",
        "postgresql://u:p@ep-cool-1-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&options=endpoint%3Dep-cool-1",
        &[],
    ),
    (
        "Supabase, transaction pooler",
        "postgresql://postgres.ref:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1",
        &["connection_limit"],
    ),
    (
        "Supabase, Vercel integration",
        "postgres://postgres.ref:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?sslmode=require&supa=base-pooler.x",
        &["supa"],
    ),
    (
        "RDS",
        "postgresql://u:p@db.1.eu-central-1.rds.amazonaws.com:5432/d?sslmode=verify-full&sslrootcert=/ca/global-bundle.pem",
        &[],
    ),
    (
        "Azure",
        "postgres://u:p@db.postgres.database.azure.com/postgres?sslmode=require&sslcompression=0&gssencmode=disable",
        &[],
    ),
    (
        "Yandex",
        "postgresql://u:p@c-1.rw.mdb.yandexcloud.net:6432/d?sslmode=verify-full&target_session_attrs=read-write",
        &[],
    ),
    (
        "Prisma",
        "postgresql://u:p@h:5432/d?schema=public&connection_limit=5&sslaccept=strict",
        &["connection_limit", "sslaccept"],
    ),
    (
        "SQLAlchemy with asyncpg",
        "postgresql+asyncpg://u:p@h/d?ssl=require&prepared_statement_cache_size=0",
        &[],
    ),
];

#[test]
fn connection_strings_of_managed_services_are_accepted() {
    for (provider, text, ignored) in PROVIDERS {
        let url = postgres(text);
        let names: Vec<&str> = url.ignored.iter().map(|parameter| parameter.name).collect();
        assert_eq!(names, ignored, "{provider}");
    }
    let neon = postgres(PROVIDERS[1].1);
    assert_eq!(neon.options.as_deref(), Some("endpoint=ep-cool-1"));
    assert_eq!(postgres(PROVIDERS[2].1).statement_cache_size, Some(0));
    let asyncpg = postgres(PROVIDERS[8].1);
    assert_eq!(
        (asyncpg.ssl_mode, asyncpg.statement_cache_size),
        (SslMode::Require, Some(0))
    );
}

#[test]
fn a_parameter_replaces_the_same_value_of_the_address_and_occurs_once() {
    let url = postgres(
        "postgres://u:p@localhost:1/d?host=/cloudsql/instance&port=2&user=v&password=q&dbname=e",
    );
    assert_eq!(url.to_string(), "v@/cloudsql/instance:2/e");
    assert_eq!(url.password.unwrap().expose(), "q");
    for name in [
        "sslmode",
        "sslrootcert",
        "application_name",
        "options",
        "user",
        "password",
        "dbname",
        "channel_binding",
    ] {
        assert_eq!(
            error(&format!("postgres://u@h/d?{name}=require&{name}=require")),
            InvalidDatabaseUrl::RepeatedParameter(name.to_owned())
        );
    }
}

#[test]
fn parameters_of_tls_agree_or_are_refused() {
    let mode = |parameters: &str| postgres(&format!("postgres://u@h/d?{parameters}")).ssl_mode;
    assert_eq!(mode("ssl=true"), SslMode::Require);
    assert_eq!(mode("ssl=false"), SslMode::Disable);
    assert_eq!(mode("ssl=true&sslmode=verify-full"), SslMode::VerifyFull);
    assert_eq!(mode("sslmode=require&ssl=require"), SslMode::Require);
    assert_eq!(mode("sslrootcert=system"), SslMode::VerifyFull);
    assert_eq!(
        mode("sslrootcert=system&sslmode=verify-full"),
        SslMode::VerifyFull
    );
    let system = postgres("postgres://u@h/d?sslrootcert=system");
    assert_eq!(system.ssl_root_cert, None);
    let contradiction = |parameters: &str| {
        matches!(
            error(&format!("postgres://u@h/d?{parameters}")),
            InvalidDatabaseUrl::Contradiction(..)
        )
    };
    assert!(contradiction("ssl=true&sslmode=disable"));
    assert!(contradiction("ssl=false&sslmode=verify-full"));
    assert!(contradiction("sslmode=require&sslrootcert=system"));
    assert_eq!(
        error("postgres://u@h/d?sslcert=/client.pem"),
        InvalidDatabaseUrl::ClientCertificate
    );
    assert_eq!(
        error("postgres://u@h/d?gssencmode=require"),
        InvalidDatabaseUrl::ParameterValue("gssencmode")
    );
    for text in ["postgres://u%00@h/d", "postgres://u@h/d?options=%00"] {
        assert_eq!(error(text), InvalidDatabaseUrl::Escape, "{text}");
    }
}

#[test]
fn a_relative_path_is_not_a_file_in_the_root_folder() {
    for (text, path) in [
        ("sqlite:x.db", "x.db"),
        ("sqlite:./x.db", "./x.db"),
        ("sqlite://x.db", "x.db"),
        ("sqlite://./x.db", "./x.db"),
        ("sqlite:///./x.db", "./x.db"),
        ("sqlite:///../x.db", "../x.db"),
        ("sqlite:/a/x.db", "/a/x.db"),
        ("sqlite:///a/x.db", "/a/x.db"),
        ("sqlite:////x.db", "/x.db"),
        ("sqlite:////a/x.db", "/a/x.db"),
    ] {
        let Ok(DatabaseUrl::Sqlite(file)) = text.parse() else {
            panic!("{text}")
        };
        assert_eq!(file, PathBuf::from(path), "{text}");
    }
    for (text, expected) in [
        ("sqlite:/x.db", InvalidDatabaseUrl::RootFolder),
        ("sqlite:///x.db", InvalidDatabaseUrl::RootFolder),
        ("sqlite:///.", InvalidDatabaseUrl::RootFolder),
        ("sqlite:~/x.db", InvalidDatabaseUrl::HomeFolder),
        ("sqlite:///~/x.db", InvalidDatabaseUrl::HomeFolder),
        ("sqlite:///a/", InvalidDatabaseUrl::NoFile),
        ("sqlite:///", InvalidDatabaseUrl::NoFile),
        ("sqlite:///:memory:", InvalidDatabaseUrl::NoFile),
        ("sqlite:a%00.db", InvalidDatabaseUrl::NoFile),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
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
