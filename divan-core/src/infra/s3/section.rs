use url::Url;

use super::S3Config;
use crate::infra::address::bare_address;
use crate::infra::env::Env;
use crate::infra::server_url::{check_password, host_of};
use crate::infra::variable::{Section, Variable, section};

/// Default of the other three variables.
const NEEDED: &str = "required with `MINIO_ENDPOINT`";

section! {
    static SECTION =
        "Object store (S3, MinIO)",
        "Set the first four, or none. `MINIO_ROOT_USER` and `MINIO_ROOT_PASSWORD` configure MinIO itself and are ignored: \
         create an access key for Divan. Requires the feature `s3`.";

    ENDPOINT = (
        "MINIO_ENDPOINT",
        "URL of the object store, without a path; or host and port, with `MINIO_SECURE`",
        "http://localhost:9000",
    )
    .when_unset("no object store")
    .synonyms(&["MINIO_URL", "S3_ENDPOINT", "S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"]);

    SECURE = (
        "MINIO_SECURE",
        "`on` if the store uses TLS, for an endpoint without `http://` or `https://`; also `true` and `false`",
        "on",
    ).when_unset("the scheme of `MINIO_ENDPOINT`").synonyms(&["MINIO_USE_SSL", "MINIO_SSL", "S3_USE_SSL"]);

    ACCESS_KEY = ("MINIO_ACCESS_KEY", "access key id", "divan")
        .or_file().when_unset(NEEDED)
        .synonyms(&["MINIO_ACCESS_KEY_ID", "S3_ACCESS_KEY", "S3_ACCESS_KEY_ID"]);

    SECRET_KEY = ("MINIO_SECRET_KEY", "secret key", "the-secret-of-that-key")
        .when_unset(NEEDED).secret()
        .synonyms(&["MINIO_SECRET_ACCESS_KEY", "S3_SECRET_KEY", "S3_SECRET_ACCESS_KEY"]);

    BUCKET = ("MINIO_BUCKET", "name of the bucket", "divan")
        .when_unset(NEEDED).synonyms(&["MINIO_BUCKET_NAME", "S3_BUCKET", "S3_BUCKET_NAME"]);

    REGION = ("MINIO_REGION", "region in signatures", "eu-central-1").when_unset("`us-east-1`");
}

const REQUIRED: [&Variable; 4] = [&ENDPOINT, &ACCESS_KEY, &SECRET_KEY, &BUCKET];

impl S3Config {
    /// Variables of this section.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads the section. `None` if none of it is set, or after an error.
    pub fn read(env: &mut Env<'_>) -> Option<Self> {
        let first = env.first_set(&REQUIRED, "s3", cfg!(feature = "s3"))?;
        Self::parse(env, first)
    }

    fn parse(env: &mut Env<'_>, first: &Variable) -> Option<Self> {
        for variable in REQUIRED {
            let hint = root_hint(env, variable);
            env.require(variable, &format!("{} requires it{hint}", first.name()));
        }
        let secure = env.checked(&SECURE, secure);
        let endpoint = env.checked(&ENDPOINT, |text| endpoint(text, secure));
        let access_key = env.checked(&ACCESS_KEY, access_key);
        let secret_key = env.secret(&SECRET_KEY);
        let bucket = env.checked(&BUCKET, bucket_name);
        let region = env.checked(&REGION, region);
        if let (Some(endpoint), Some(secure)) = (&endpoint, secure)
            && secure != (endpoint.scheme() == "https")
        {
            let reason = format!("contradicts {}; remove one of them", ENDPOINT.name());
            env.error(&SECURE, reason);
        }
        let (endpoint, secret_key) = (endpoint?, secret_key?);
        let host = host_of(&endpoint).unwrap_or_default();
        if !check_password(env, &SECRET_KEY, &secret_key, &host) {
            return None;
        }
        let mut config = Self::new(endpoint, access_key?, secret_key, bucket?);
        config.region = region.unwrap_or(config.region);
        Some(config)
    }
}

fn root_hint(env: &Env<'_>, variable: &Variable) -> &'static str {
    let is_key = [ACCESS_KEY.name(), SECRET_KEY.name()].contains(&variable.name());
    if is_key && env.value("MINIO_ROOT_USER").is_some() {
        " (MINIO_ROOT_USER and MINIO_ROOT_PASSWORD configure MinIO itself and are ignored)"
    } else {
        ""
    }
}

fn secure(text: &str) -> Result<bool, &'static str> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err("must be `on` or `off`"),
    }
}

/// Parses a URL, or the host and port that MinIO's own clients expect.
fn endpoint(text: &str, secure: Option<bool>) -> Result<Url, String> {
    let address = match secure {
        _ if text.contains("://") => bare_address(text),
        Some(true) => bare_address(&format!("https://{text}")),
        Some(false) => bare_address(&format!("http://{text}")),
        None => {
            return Err(
                "must start with `http://` or `https://`, unless MINIO_SECURE is set".to_owned(),
            );
        }
    };
    address.map_err(|error| error.to_string())
}

/// Parses an access key id, which is part of a header.
fn access_key(text: &str) -> Result<String, &'static str> {
    let is_valid = |b: u8| b.is_ascii_graphic() && !matches!(b, b',' | b'=');
    if text.bytes().all(is_valid) {
        Ok(text.to_owned())
    } else {
        Err("must be an access key id: visible ASCII characters except `,` and `=`")
    }
}

/// Parses a region, which is part of a header.
fn region(text: &str) -> Result<String, &'static str> {
    let is_valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if text.len() <= 63 && text.bytes().all(is_valid) {
        Ok(text.to_owned())
    } else {
        Err("must be a region: at most 63 letters, digits, `-`, `_` and `.`")
    }
}

/// Parses a bucket name
/// ([rules](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)).
fn bucket_name(text: &str) -> Result<String, &'static str> {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let is_outer = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    if (3..=63).contains(&bytes.len())
        && bytes.iter().all(|&b| is_inner(b))
        && is_outer(bytes.first())
        && is_outer(bytes.last())
    {
        Ok(text.to_owned())
    } else {
        Err(
            "must be a bucket name: 3 to 63 lower-case letters, digits, `-` and `.`, with a letter or digit at both ends",
        )
    }
}

#[cfg(test)]
mod tests;
