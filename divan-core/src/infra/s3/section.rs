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
        "URL of the object store, without a path",
        "http://localhost:9000",
    )
    .when_unset("no object store")
    .synonyms(&["MINIO_URL", "S3_ENDPOINT", "S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"]);

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
        let endpoint = env.checked(&ENDPOINT, bare_address);
        let access_key = env.text(&ACCESS_KEY);
        let secret_key = env.secret(&SECRET_KEY);
        let bucket = env.checked(&BUCKET, bucket_name);
        let region = env.text(&REGION);
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
