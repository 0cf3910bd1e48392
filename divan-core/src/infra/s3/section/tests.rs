use super::*;
use crate::infra::test_util::{assert_starts, errors, outcome, read};

const GOOD: [(&str, &str); 4] = [
    ("MINIO_ENDPOINT", "http://minio:9000"),
    ("MINIO_ACCESS_KEY", "the-name"),
    ("MINIO_SECRET_KEY", "the-hidden-one"),
    ("MINIO_BUCKET", "divan-files"),
];

fn parse(env: &mut Env<'_>) -> Option<S3Config> {
    S3Config::parse(env, &ENDPOINT)
}

#[test]
fn the_store_is_read_from_four_variables() {
    let config = read(&GOOD, parse).unwrap();
    assert_eq!(config.endpoint.as_str(), "http://minio:9000/");
    assert_eq!(
        (config.access_key.as_str(), config.secret_key.expose()),
        ("the-name", "the-hidden-one")
    );
    assert_eq!(
        (config.bucket.as_str(), config.region.as_str()),
        ("divan-files", "us-east-1")
    );
    for region in ["eu central", "регион", "a/b"] {
        let variables = [&GOOD[..], &[("MINIO_REGION", region)]].concat();
        assert_starts(
            &errors(&variables, parse),
            &["MINIO_REGION must be a region"],
        );
    }
    let elsewhere = [&GOOD[..], &[("MINIO_REGION", "eu-central-1")]].concat();
    assert_eq!(read(&elsewhere, parse).unwrap().region, "eu-central-1");
    assert!(read(&[("MINIO_REGION", "eu-central-1")], S3Config::read).is_none());
}

#[test]
fn an_endpoint_without_a_scheme_takes_it_from_another_variable() {
    let with = |endpoint, secure| {
        let variables = [
            &[("MINIO_ENDPOINT", endpoint)],
            &GOOD[1..],
            &[("MINIO_SECURE", secure)],
        ];
        outcome(&variables.concat(), parse)
    };
    for (endpoint, secure, url) in [
        ("minio:9000", "false", "http://minio:9000/"),
        ("minio:9000", "off", "http://minio:9000/"),
        ("minio:9000", "True", "https://minio:9000/"),
        ("s3.example.com", "on", "https://s3.example.com/"),
        ("[::1]:9000", "0", "http://[::1]:9000/"),
        ("http://minio:9000", "false", "http://minio:9000/"),
        ("https://minio:9000", "true", "https://minio:9000/"),
    ] {
        let (config, errors, _) = with(endpoint, secure);
        assert_eq!(errors, [""; 0]);
        assert_eq!(config.unwrap().endpoint.as_str(), url);
    }
    for (endpoint, secure) in [("http://minio:9000", "true"), ("https://minio:9000", "off")] {
        assert_starts(
            &with(endpoint, secure).1,
            &["MINIO_SECURE contradicts MINIO_ENDPOINT; remove one of them"],
        );
    }
    assert_starts(
        &with("minio:9000/bucket", "on").1,
        &["MINIO_ENDPOINT must not contain a path"],
    );
    assert_starts(
        &with("http://minio", "maybe").1,
        &["MINIO_SECURE must be `on` or `off`"],
    );
}

#[test]
fn each_missing_variable_is_reported() {
    for left_out in 0..4 {
        let mut variables = GOOD.to_vec();
        let (name, _) = variables.remove(left_out);
        let errors = errors(&variables, parse);
        assert_starts(
            &errors,
            &[&format!(
                "{name} is not set, and MINIO_ENDPOINT requires it"
            )],
        );
    }
    let message = errors(&[GOOD[0], GOOD[3], ("MINIO_ROOT_USER", "root")], parse);
    assert!(
        message.len() == 2
            && message
                .iter()
                .all(|error| error.contains("MINIO_ROOT_USER")),
        "{message:?}"
    );
}

#[test]
fn a_misspelled_name_is_one_error() {
    let variables = [
        GOOD[0],
        ("MINIO_ACESS_KEY", "the-name"),
        GOOD[2],
        ("S3_BUCKET", "divan"),
    ];
    let message = errors(&variables, |env| {
        env.check_names(&[S3Config::SECTION], "DIVAN_");
        parse(env)
    });
    assert_starts(
        &message,
        &[
            "MINIO_ACESS_KEY is not a known variable; did you mean MINIO_ACCESS_KEY?",
            "S3_BUCKET is not a known variable; did you mean MINIO_BUCKET?",
        ],
    );
}

#[test]
fn invalid_values_are_reported() {
    for (variable, value, message) in [
        (
            "MINIO_ENDPOINT",
            "minio:9000",
            "must start with `http://` or `https://`, unless MINIO_SECURE is set",
        ),
        (
            "MINIO_ENDPOINT",
            "http://minio:9000/bucket",
            "must not contain a path",
        ),
        (
            "MINIO_ENDPOINT",
            "http://a:hidden@minio:9000",
            "must not contain credentials",
        ),
        (
            "MINIO_ENDPOINT",
            "http://minio:9000?x=y",
            "must not contain a query or a fragment",
        ),
        ("MINIO_ACCESS_KEY", "a\nb", "contains a line break"),
        ("MINIO_ACCESS_KEY", "ключ", "must be an access key id"),
        ("MINIO_ACCESS_KEY", "a b", "must be an access key id"),
        ("MINIO_BUCKET", "Divan", "must be a bucket name"),
        ("MINIO_BUCKET", "ab", "must be a bucket name"),
        ("MINIO_BUCKET", "-ab", "must be a bucket name"),
    ] {
        let variables: Vec<_> = GOOD
            .into_iter()
            .map(|(name, good)| (name, if name == variable { value } else { good }))
            .collect();
        assert_starts(
            &errors(&variables, parse),
            &[&format!("{variable} {message}")],
        );
    }
}

#[test]
fn a_deployment_rejects_placeholder_keys() {
    let with = |key: &'static str| {
        let deployment = [
            ("DATABASE_URL", "sqlite:divan.db"),
            ("MINIO_SECRET_KEY", key),
        ];
        outcome(&[&GOOD[..2], &GOOD[3..], &deployment].concat(), parse)
    };
    assert_starts(
        &with("changethis").1,
        &["MINIO_SECRET_KEY is a placeholder"],
    );
    let (config, errors, warnings) = with("minioadmin");
    assert!(config.is_some() && errors.is_empty());
    assert_starts(&warnings, &["MINIO_SECRET_KEY contains a default password"]);
}

#[cfg(not(feature = "s3"))]
#[test]
fn a_section_without_its_feature_is_an_error() {
    let message = errors(&GOOD[1..], S3Config::read);
    assert_starts(
        &message,
        &["MINIO_ACCESS_KEY requires the Cargo feature `s3`, and this binary was built without it"],
    );
}

#[cfg(feature = "s3")]
#[test]
fn a_section_with_its_feature_is_read() {
    assert!(read(&GOOD, S3Config::read).is_some());
    assert!(read(&[], S3Config::read).is_none());
}
