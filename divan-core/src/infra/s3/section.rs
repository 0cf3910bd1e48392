use super::S3Config;
use crate::infra::address::bare_address;
use crate::infra::env::Env;
use crate::infra::server_url::{check_password, host_of};
use crate::infra::variable::{Section, Variable};

/// What goes for the other three of the four.
const NEEDED: &str = "needed with `MINIO_ENDPOINT`";

static ENDPOINT: Variable = Variable::new(
    "MINIO_ENDPOINT",
    "the address of the store, without a path",
    "http://localhost:9000",
)
.when_unset("nothing is stored there")
.also_called(&[
    "MINIO_URL",
    "S3_ENDPOINT",
    "S3_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
]);

static ACCESS_KEY: Variable = Variable::new(
    "MINIO_ACCESS_KEY",
    "the name of the key that signs requests",
    "divan",
)
.or_file()
.when_unset(NEEDED)
.also_called(&["MINIO_ACCESS_KEY_ID", "S3_ACCESS_KEY", "S3_ACCESS_KEY_ID"]);

static SECRET_KEY: Variable =
    Variable::new("MINIO_SECRET_KEY", "the key", "the-secret-of-that-key")
        .when_unset(NEEDED)
        .secret()
        .also_called(&[
            "MINIO_SECRET_ACCESS_KEY",
            "S3_SECRET_KEY",
            "S3_SECRET_ACCESS_KEY",
        ]);

static BUCKET: Variable = Variable::new("MINIO_BUCKET", "the bucket to work in", "divan")
    .when_unset(NEEDED)
    .also_called(&["MINIO_BUCKET_NAME", "S3_BUCKET", "S3_BUCKET_NAME"]);

static REGION: Variable = Variable::new(
    "MINIO_REGION",
    "the region that signatures name",
    "eu-central-1",
)
.when_unset("`us-east-1`");

static SECTION: Section = Section::new(
    "Object store (S3, MinIO)",
    "All of the first four, or none. `MINIO_ROOT_USER` and `MINIO_ROOT_PASSWORD` are MinIO's own and are not read: make \
         a key for Divan. Needs the feature `s3`.",
    &[&ENDPOINT, &ACCESS_KEY, &SECRET_KEY, &BUCKET, &REGION],
);

impl S3Config {
    /// What it is read from.
    pub const SECTION: &'static Section = &SECTION;

    /// Reads it; `None` where nothing of it is set, or something is wrong.
    pub fn read(env: &mut Env<'_>) -> Option<Self> {
        let first = [&ENDPOINT, &ACCESS_KEY, &SECRET_KEY, &BUCKET]
            .into_iter()
            .find(|variable| env.is_set(variable))?;
        if !env.built_with(first, "s3", cfg!(feature = "s3")) {
            return None;
        }
        Self::parse(env, first)
    }

    fn parse(env: &mut Env<'_>, first: &Variable) -> Option<Self> {
        for variable in [&ENDPOINT, &ACCESS_KEY, &SECRET_KEY, &BUCKET] {
            if !env.is_set(variable) {
                env.missing(
                    variable,
                    &format!(
                        "{} is: all four or none{}",
                        first.name(),
                        root_hint(env, variable)
                    ),
                );
            }
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
        " (MINIO_ROOT_USER and MINIO_ROOT_PASSWORD are MinIO's own, and are not read)"
    } else {
        ""
    }
}

/// Reads a bucket's name
/// ([the rules](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)).
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
            "is not the name of a bucket: 3 to 63 small letters, digits, `-` and `.`, a letter or digit at both ends",
        )
    }
}

#[cfg(test)]
mod tests;
