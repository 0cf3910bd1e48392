use super::*;
use crate::infra::test_util::{assert_starts, errors, outcome, read};

fn shown(variables: &[(&str, &str)]) -> (String, Option<String>) {
    let config = read(variables, RedisConfig::parse).unwrap();
    (
        config.to_string(),
        config.password.map(|password| password.expose().to_owned()),
    )
}

#[test]
fn a_url_sets_all_fields() {
    for (url, config, password) in [
        ("redis://cache", "redis://cache:6379/0", None),
        (
            "redis://:p%40ss@cache:6380/3",
            "redis://cache:6380/3",
            Some("p@ss"),
        ),
        (
            "rediss://divan:p+s@cache.example.com/",
            "rediss://divan@cache.example.com:6379/0",
            Some("p+s"),
        ),
        ("redis://u:p@[::1]:6379", "redis://u@::1:6379/0", Some("p")),
    ] {
        assert_eq!(
            shown(&[("REDIS_URL", url)]),
            (config.to_owned(), password.map(str::to_owned)),
            "{url}"
        );
    }
}

#[test]
fn single_variables_set_all_fields() {
    assert_eq!(
        shown(&[("REDIS_HOST", "cache")]),
        ("redis://cache:6379/0".to_owned(), None)
    );
    let all = [
        ("REDIS_HOST", "cache"),
        ("REDIS_PORT", "6380"),
        ("REDIS_USER", "divan"),
        ("REDIS_PASSWORD", "p@ss"),
        ("REDIS_DB", "2"),
        ("REDIS_TLS", "on"),
    ];
    assert_eq!(
        shown(&all),
        (
            "rediss://divan@cache:6380/2".to_owned(),
            Some("p@ss".to_owned())
        )
    );
}

#[test]
fn single_variables_must_agree_with_the_url() {
    const URL: (&str, &str) = ("REDIS_URL", "redis://:hidden@cache:6379/0");
    let agreeing = [
        URL,
        ("REDIS_HOST", "cache"),
        ("REDIS_PORT", "6379"),
        ("REDIS_PASSWORD", "hidden"),
    ];
    shown(&agreeing);
    // The values of the documentation's examples are not placeholders here.
    let in_deployment = [
        ("DATABASE_URL", "sqlite:divan.db"),
        ("REDIS_URL", "redis://divan:of-no-user@localhost:6379/1"),
        ("REDIS_HOST", "localhost"),
        ("REDIS_PORT", "6379"),
        ("REDIS_USER", "divan"),
        ("REDIS_DB", "1"),
        ("REDIS_TLS", "off"),
    ];
    shown(&in_deployment);
    for (variable, value) in [
        ("REDIS_HOST", "other"),
        ("REDIS_PASSWORD", "hidden too"),
        ("REDIS_USER", "divan"),
        ("REDIS_TLS", "on"),
    ] {
        let message = errors(&[URL, (variable, value)], RedisConfig::parse);
        assert_starts(
            &message,
            &[&format!(
                "{variable} contradicts REDIS_URL; remove one of them"
            )],
        );
    }
}

#[test]
fn service_links_of_kubernetes_are_not_configuration() {
    const LINK: (&str, &str) = ("REDIS_PORT", "tcp://10.0.0.1:6379");
    assert!(read(&[LINK, ("REDIS_PASSWORD", "p")], RedisConfig::read).is_none());
    assert_eq!(
        shown(&[LINK, ("REDIS_URL", "redis://cache")]).0,
        "redis://cache:6379/0"
    );
    let message = errors(&[LINK, ("REDIS_HOST", "cache")], RedisConfig::parse);
    assert_starts(
        &message,
        &["REDIS_PORT contains the address that Kubernetes sets for the Service `redis`"],
    );
}

#[test]
fn invalid_values_are_reported() {
    for (url, message) in [
        ("cache:6379", "must start with `redis://` or `rediss://`"),
        ("http://cache", "must start with `redis://` or `rediss://`"),
        ("redis://", "must contain a host"),
        ("redis://cache:port", "must be a URL"),
        ("redis://:hid/den@cache", "must be a URL"),
        ("redis://:hid#den@cache", "must be a URL"),
        (
            "redis://user:12#hidden@cache",
            "must not contain parameters or a fragment",
        ),
        ("redis://divan:12345/hidden@cache:6379", "must be a URL"),
        (
            "redis://hidden@cache:6379",
            "contains a user without a password (for a password without a user, write `:password@`)",
        ),
        (
            "redis://cache?hidden",
            "must not contain parameters or a fragment",
        ),
        ("redis://:50%@cache", "contains an invalid percent escape"),
        (
            "redis://cache/one",
            "must end with the number of a database, as `/0`",
        ),
        (
            "redis://:@cache",
            "must not contain an empty password; if the value comes from a compose file, write `$` as `$$`",
        ),
    ] {
        assert_starts(
            &errors(&[("REDIS_URL", url)], RedisConfig::parse),
            &[&format!("REDIS_URL {message}")],
        );
    }
    for host in [
        "cache:6379",
        "redis://cache",
        "divan@cache",
        "[::1]",
        "a cache",
    ] {
        let message = errors(&[("REDIS_HOST", host)], RedisConfig::parse);
        assert_starts(&message, &["REDIS_HOST must be a host without a port"]);
    }
    assert_eq!(shown(&[("REDIS_HOST", "::1")]).0, "redis://::1:6379/0");
    for (variable, value, message) in [
        ("REDIS_PORT", "0", "must be a number from 1 to 65535"),
        ("REDIS_PORT", "hidden", "must be a number from 1 to 65535"),
        ("REDIS_DB", "-1", "must be a number"),
        ("REDIS_TLS", "true", "must be `on` or `off`"),
    ] {
        let message = format!("{variable} {message}");
        assert_starts(
            &errors(
                &[("REDIS_HOST", "cache"), (variable, value)],
                RedisConfig::parse,
            ),
            &[&message],
        );
    }
}

#[test]
fn a_deployment_rejects_placeholder_passwords() {
    const DEPLOYMENT: (&str, &str) = ("DATABASE_URL", "sqlite:divan.db");
    for variables in [
        vec![DEPLOYMENT, ("REDIS_URL", "redis://:changethis@cache")],
        vec![
            DEPLOYMENT,
            ("REDIS_HOST", "cache"),
            ("REDIS_PASSWORD", "your-password"),
        ],
    ] {
        assert!(errors(&variables, RedisConfig::parse)[0].contains("a placeholder"));
        assert!(
            outcome(&variables[1..], RedisConfig::parse).0.is_some(),
            "accepted outside a deployment"
        );
    }
}

#[cfg(not(feature = "redis"))]
#[test]
fn a_section_without_its_feature_is_an_error() {
    let message = errors(&[("REDIS_HOST", "cache")], RedisConfig::read);
    assert_starts(
        &message,
        &["REDIS_HOST requires the Cargo feature `redis`, and this binary was built without it"],
    );
}

#[cfg(feature = "redis")]
#[test]
fn a_section_with_its_feature_is_read() {
    assert!(read(&[("REDIS_HOST", "cache")], RedisConfig::read).is_some());
}
