use super::*;
use crate::infra::test_util::{assert_starts, errors, outcome, read};

fn shown(variables: &[(&str, &str)]) -> (String, String) {
    let config = read(variables, RabbitMqConfig::parse).unwrap();
    (config.to_string(), config.password.expose().to_owned())
}

#[test]
fn a_url_sets_all_fields() {
    for (url, config, password) in [
        ("amqp://localhost", "amqp://guest@localhost:5672/", "guest"),
        ("amqp://divan:p@queue//", "amqp://divan@queue:5672/", "p"),
        (
            "amqp://divan:p@queue//staff",
            "amqp://divan@queue:5672//staff",
            "p",
        ),
        (
            "amqp://divan:p@queue/a/b",
            "amqp://divan@queue:5672/a/b",
            "p",
        ),
        (
            "amqp://divan:p%40ss@queue:5673/staff",
            "amqp://divan@queue:5673/staff",
            "p@ss",
        ),
        ("amqps://divan:p@queue/", "amqps://divan@queue:5671/", "p"),
        ("amqp://divan:p@queue/%2F", "amqp://divan@queue:5672/", "p"),
        (
            "amqp://divan:p@queue/a%2Fb",
            "amqp://divan@queue:5672/a/b",
            "p",
        ),
    ] {
        assert_eq!(
            shown(&[("RABBITMQ_URL", url)]),
            (config.to_owned(), password.to_owned()),
            "{url}"
        );
    }
}

const SINGLE: [(&str, &str); 3] = [
    ("RABBITMQ_HOST", "queue"),
    ("RABBITMQ_USER", "divan"),
    ("RABBITMQ_PASSWORD", "p@ss"),
];

#[test]
fn single_variables_set_all_fields() {
    assert_eq!(
        shown(&SINGLE),
        ("amqp://divan@queue:5672/".to_owned(), "p@ss".to_owned())
    );
    let all = [
        &SINGLE[..],
        &[("RABBITMQ_TLS", "on"), ("RABBITMQ_VHOST", "staff")],
    ]
    .concat();
    assert_eq!(shown(&all).0, "amqps://divan@queue:5671/staff");
    assert_eq!(
        shown(&[&all[..], &[("RABBITMQ_PORT", "5673")]].concat()).0,
        "amqps://divan@queue:5673/staff"
    );
    let message = errors(&SINGLE[..1], RabbitMqConfig::parse);
    assert_starts(
        &message,
        &[
            "RABBITMQ_USER is not set, and RABBITMQ_HOST requires it",
            "RABBITMQ_PASSWORD is not set, and RABBITMQ_HOST requires it",
        ],
    );
}

#[test]
fn single_variables_must_agree_with_the_url() {
    const URL: (&str, &str) = ("RABBITMQ_URL", "amqp://divan:hidden@queue/staff");
    shown(&[
        URL,
        ("RABBITMQ_PASSWORD", "hidden"),
        ("RABBITMQ_VHOST", "staff"),
        ("RABBITMQ_TLS", "off"),
    ]);
    for (variable, value) in [
        ("RABBITMQ_HOST", "other"),
        ("RABBITMQ_PORT", "1"),
        ("RABBITMQ_PASSWORD", "hidden too"),
    ] {
        let message = errors(&[URL, (variable, value)], RabbitMqConfig::parse);
        assert_starts(
            &message,
            &[&format!(
                "{variable} contradicts RABBITMQ_URL; remove one of them"
            )],
        );
    }
}

#[test]
fn invalid_values_are_reported() {
    for (url, message) in [
        ("queue:5672", "must start with `amqp://` or `amqps://`"),
        ("amqp://divan:@queue", "must not contain an empty password"),
        ("amqp://divan@queue", "contains a user without a password"),
        ("amqp://divan:12345/hidden@queue:5672", "must be a URL"),
        (
            "amqp://divan:p@queue?heartbeat=30",
            "must not contain parameters or a fragment",
        ),
    ] {
        assert_starts(
            &errors(&[("RABBITMQ_URL", url)], RabbitMqConfig::parse),
            &[&format!("RABBITMQ_URL {message}")],
        );
    }
    let long = format!("amqp://divan:p@queue/{}", "v".repeat(256));
    assert_starts(
        &errors(&[("RABBITMQ_URL", &long)], RabbitMqConfig::parse),
        &["RABBITMQ_URL must end with a virtual host of at most 255 bytes"],
    );
    let host = [&[("RABBITMQ_HOST", "queue:5672")], &SINGLE[1..]].concat();
    assert_starts(
        &errors(&host, RabbitMqConfig::parse),
        &["RABBITMQ_HOST must be a host without a port"],
    );
    let link = [&SINGLE[..], &[("RABBITMQ_PORT", "tcp://10.0.0.1:5672")]].concat();
    assert_starts(
        &errors(&link, RabbitMqConfig::parse),
        &["RABBITMQ_PORT contains the address that Kubernetes sets for the Service `rabbitmq`"],
    );
    assert!(read(&link[3..], RabbitMqConfig::read).is_none());
}

#[test]
fn a_remote_guest_is_a_warning_and_a_placeholder_is_an_error() {
    let with = |url| {
        outcome(
            &[("DATABASE_URL", "sqlite:divan.db"), ("RABBITMQ_URL", url)],
            RabbitMqConfig::parse,
        )
    };
    assert_eq!(with("amqp://localhost").2, [""; 0]);
    let (config, errors, warnings) = with("amqp://queue.example.com");
    assert!(config.is_some() && errors.is_empty());
    assert_starts(&warnings, &["RABBITMQ_URL contains a default password"]);
    assert_starts(
        &with("amqp://divan:password@queue").1,
        &["RABBITMQ_URL contains a placeholder"],
    );
}

#[cfg(not(feature = "rabbitmq"))]
#[test]
fn a_section_without_its_feature_is_an_error() {
    let message = errors(&SINGLE, RabbitMqConfig::read);
    assert_starts(
        &message,
        &[
            "RABBITMQ_HOST requires the Cargo feature `rabbitmq`, and this binary was built without it",
        ],
    );
}

#[cfg(feature = "rabbitmq")]
#[test]
fn a_section_with_its_feature_is_read() {
    assert!(read(&SINGLE, RabbitMqConfig::read).is_some());
}
