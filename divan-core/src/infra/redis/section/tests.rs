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
fn an_address_says_everything() {
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
fn so_do_the_single_variables() {
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
fn beside_an_address_they_have_to_agree_with_it() {
    const URL: (&str, &str) = ("REDIS_URL", "redis://:hidden@cache:6379/0");
    let agreeing = [
        URL,
        ("REDIS_HOST", "cache"),
        ("REDIS_PORT", "6379"),
        ("REDIS_PASSWORD", "hidden"),
    ];
    shown(&agreeing);
    // What stands in the documentation as an example is nobody's secret.
    let in_deployment = [
        ("DATABASE_URL", "sqlite:divan.db"),
        ("REDIS_URL", "redis://divan:of-nobody@localhost:6379/1"),
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
        let told = errors(&[URL, (variable, value)], RedisConfig::parse);
        assert_starts(
            &told,
            &[&format!(
                "{variable} contradicts REDIS_URL; remove one of them"
            )],
        );
    }
}

#[test]
fn what_kubernetes_sets_is_no_configuration_and_no_port() {
    const LINK: (&str, &str) = ("REDIS_PORT", "tcp://10.0.0.1:6379");
    assert!(read(&[LINK, ("REDIS_PASSWORD", "p")], RedisConfig::read).is_none());
    assert_eq!(
        shown(&[LINK, ("REDIS_URL", "redis://cache")]).0,
        "redis://cache:6379/0"
    );
    let told = errors(&[LINK, ("REDIS_HOST", "cache")], RedisConfig::parse);
    assert_starts(
        &told,
        &["REDIS_PORT was set by Kubernetes for a Service of that name"],
    );
}

#[test]
fn what_is_wrong_is_told() {
    for (url, told) in [
        ("cache:6379", "must start with one of its two schemes"),
        ("http://cache", "must start with one of its two schemes"),
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
            "must contain a password for its user (a password alone is written `:password@`;",
        ),
        (
            "redis://cache?hidden",
            "must not contain parameters or a fragment",
        ),
        ("redis://:50%@cache", "contains an invalid percent escape"),
        ("redis://cache/one", "has something behind the host"),
        (
            "redis://:@cache",
            "must not contain an empty password (in a compose file a `$` is written `$$`)",
        ),
    ] {
        assert_starts(
            &errors(&[("REDIS_URL", url)], RedisConfig::parse),
            &[&format!("REDIS_URL {told}")],
        );
    }
    for host in [
        "cache:6379",
        "redis://cache",
        "divan@cache",
        "[::1]",
        "a cache",
    ] {
        let told = errors(&[("REDIS_HOST", host)], RedisConfig::parse);
        assert_starts(&told, &["REDIS_HOST must be a host without a port"]);
    }
    assert_eq!(shown(&[("REDIS_HOST", "::1")]).0, "redis://::1:6379/0");
    for (variable, value, told) in [
        ("REDIS_PORT", "0", "must be a number from 1 to 65535"),
        ("REDIS_PORT", "hidden", "must be a number from 1 to 65535"),
        ("REDIS_DB", "-1", "is not a number"),
        ("REDIS_TLS", "true", "must be `on` or `off`"),
    ] {
        let told = format!("{variable} {told}");
        assert_starts(
            &errors(
                &[("REDIS_HOST", "cache"), (variable, value)],
                RedisConfig::parse,
            ),
            &[&told],
        );
    }
}

#[test]
fn a_deployment_has_a_password_of_its_own() {
    const DEPLOYMENT: (&str, &str) = ("DATABASE_URL", "sqlite:divan.db");
    for variables in [
        vec![DEPLOYMENT, ("REDIS_URL", "redis://:changethis@cache")],
        vec![
            DEPLOYMENT,
            ("REDIS_HOST", "cache"),
            ("REDIS_PASSWORD", "your-password"),
        ],
    ] {
        assert!(errors(&variables, RedisConfig::parse)[0].contains("contains a placeholder"));
        assert!(
            outcome(&variables[1..], RedisConfig::parse).0.is_some(),
            "elsewhere it is good enough"
        );
    }
}

#[cfg(not(feature = "redis"))]
#[test]
fn a_server_is_an_error_where_the_feature_is_off() {
    let told = errors(&[("REDIS_HOST", "cache")], RedisConfig::read);
    assert_starts(
        &told,
        &["REDIS_HOST is set, but this program was built without the feature `redis`"],
    );
}

#[cfg(feature = "redis")]
#[test]
fn a_server_is_read_where_the_feature_is_on() {
    assert!(read(&[("REDIS_HOST", "cache")], RedisConfig::read).is_some());
}
