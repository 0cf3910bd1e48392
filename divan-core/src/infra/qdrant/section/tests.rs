use super::*;
use crate::infra::test_util::{assert_starts, errors, outcome, read};

fn parse(env: &mut Env<'_>) -> Option<QdrantConfig> {
    QdrantConfig::parse(env, &QDRANT_URL)
}

#[test]
fn the_grpc_address_defaults_to_the_host_of_the_rest_address() {
    for (url, rest, grpc) in [
        (
            "http://localhost:6333",
            "http://localhost:6333/",
            "http://localhost:6334/",
        ),
        (
            "http://localhost",
            "http://localhost:6333/",
            "http://localhost:6334/",
        ),
        (
            "https://q.example.com/",
            "https://q.example.com:6333/",
            "https://q.example.com:6334/",
        ),
        ("http://[::1]", "http://[::1]:6333/", "http://[::1]:6334/"),
        (
            "http://localhost:6334",
            "http://localhost:6333/",
            "http://localhost:6334/",
        ),
        (
            "https://q.example.com:443",
            "https://q.example.com/",
            "https://q.example.com/",
        ),
        (
            "http://localhost:7000",
            "http://localhost:7000/",
            "http://localhost:7000/",
        ),
    ] {
        let config = read(&[("QDRANT_URL", url)], parse).unwrap();
        assert_eq!(
            (config.rest.as_str(), config.grpc.as_str()),
            (rest, grpc),
            "{url}"
        );
    }
    let both = [
        ("QDRANT_URL", "http://q:6333"),
        ("QDRANT_GRPC_URL", "https://g.example.com:9999"),
    ];
    assert_eq!(
        read(&both, parse).unwrap().grpc.as_str(),
        "https://g.example.com:9999/"
    );
}

#[test]
fn the_api_key_has_two_names_which_must_agree() {
    const URL: (&str, &str) = ("QDRANT_URL", "http://localhost:6333");
    let key = |variables: &[(&str, &str)]| {
        let config = read(&[&[URL], variables].concat(), parse).unwrap();
        config.api_key.map(|key| key.expose().to_owned())
    };
    assert_eq!(key(&[]), None);
    assert_eq!(key(&[("QDRANT_API_KEY", "k")]).as_deref(), Some("k"));
    assert_eq!(
        key(&[("QDRANT__SERVICE__API_KEY", "k")]).as_deref(),
        Some("k")
    );
    assert_eq!(
        key(&[("QDRANT_API_KEY", "k"), ("QDRANT__SERVICE__API_KEY", "k")]).as_deref(),
        Some("k")
    );
    let message = errors(
        &[
            URL,
            ("QDRANT_API_KEY", "k"),
            ("QDRANT__SERVICE__API_KEY", "l"),
        ],
        parse,
    );
    assert_starts(
        &message,
        &["QDRANT_API_KEY contradicts QDRANT__SERVICE__API_KEY; remove one of them"],
    );
}

#[test]
fn invalid_values_are_reported() {
    let message = errors(
        &[
            ("QDRANT_API_KEY", "k"),
            ("QDRANT_GRPC_URL", "grpc://q:6334"),
        ],
        |env| QdrantConfig::parse(env, &QDRANT_API_KEY),
    );
    assert_starts(
        &message,
        &[
            "QDRANT_URL is not set, and QDRANT_API_KEY requires it",
            "QDRANT_GRPC_URL must start with `http://` or `https://`",
        ],
    );
    assert_starts(
        &errors(&[("QDRANT_URL", "q:6333")], parse),
        &["QDRANT_URL must start with `http://` or `https://`"],
    );
    let deployment = [
        ("DATABASE_URL", "sqlite:divan.db"),
        ("QDRANT_URL", "http://q:6333"),
        ("QDRANT__SERVICE__API_KEY", "<key>"),
    ];
    assert_starts(
        &errors(&deployment, parse),
        &["QDRANT__SERVICE__API_KEY is a placeholder"],
    );
}

#[test]
fn settings_of_the_qdrant_server_are_ignored() {
    let own = [
        ("QDRANT__SERVICE__API_KEY", "k"),
        ("QDRANT__LOG_LEVEL", "INFO"),
    ];
    let (config, errors, warnings) = outcome(&own, |env| {
        env.check_names(&[QdrantConfig::SECTION], "DIVAN_");
        QdrantConfig::read(env)
    });
    assert!(
        config.is_none() && errors.is_empty() && warnings.is_empty(),
        "{errors:?} {warnings:?}"
    );
}

#[cfg(not(feature = "qdrant"))]
#[test]
fn a_section_without_its_feature_is_an_error() {
    let message = errors(&[("QDRANT_URL", "http://q:6333")], QdrantConfig::read);
    assert_starts(
        &message,
        &["QDRANT_URL requires the Cargo feature `qdrant`, and this binary was built without it"],
    );
}

#[cfg(feature = "qdrant")]
#[test]
fn a_section_with_its_feature_is_read() {
    assert!(read(&[("QDRANT_URL", "http://q:6333")], QdrantConfig::read).is_some());
}
