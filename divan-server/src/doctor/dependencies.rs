use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;

use divan_core::clock::{Clock, SystemClock};
use divan_core::infra::probe::{Report, check_all};
use divan_core::infra::{DatabaseUrl, Infra};
use divan_core::store::Schema;

use super::{DEADLINE, Finding, clock};
use crate::config::Config;
use crate::database::Database;
use crate::dependencies::{Buckets, Dependencies};
use crate::error_chain::error_chain;

const SUBJECT: &str = "database";

/// Whether it is there, has this program's tables, an administrator, and the same time.
pub(super) async fn database(config: &Config) -> Vec<Finding> {
    match tokio::time::timeout(DEADLINE, look(config)).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => vec![Finding::wrong(SUBJECT, error_chain(error.as_ref()))],
        Err(_) => vec![Finding::wrong(
            SUBJECT,
            format!("{} does not answer", config.database),
        )],
    }
}

async fn look(config: &Config) -> Result<Vec<Finding>, Box<dyn Error + Send + Sync>> {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && is_to_be_made(path)
    {
        return Ok(vec![to_be_made(config, path)]);
    }
    let database = Database::connect(config).await?;
    let asked = Instant::now();
    database.store().ping().await?;
    let took = asked.elapsed();
    let mut findings =
        vec![Finding::ok(SUBJECT, format!("{} answers", config.database)).took(took)];
    match database.schema(config).await? {
        Schema::Current => {
            findings.push(Finding::ok("migrations", "the tables are up to date"));
            if !database.store().is_bootstrapped().await? {
                let todo = "there is none yet: run `divan-server admin create`";
                findings.push(Finding::warning("administrator", todo));
            }
        }
        schema @ Schema::Behind { .. } => {
            findings.push(Finding::warning(
                "migrations",
                format!("{schema}: the next start brings it up to date"),
            ));
        }
        schema => findings.push(Finding::wrong("migrations", schema.to_string())),
    }
    if let Some(there) = database.time().await? {
        findings.push(clock("clock (database)", SystemClock.now(), there));
    }
    database.close().await;
    Ok(findings)
}

/// Whether there is no such file, or nothing in it. Opening it would make it a database.
fn is_to_be_made(file: &Path) -> bool {
    match std::fs::metadata(file) {
        Ok(metadata) => metadata.is_file() && metadata.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// The folder of the development default is made with it.
fn to_be_made(config: &Config, file: &Path) -> Finding {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if config.development.is_some() || folder.is_none_or(Path::is_dir) {
        return Finding::warning(
            SUBJECT,
            format!("{} is made at the first start", config.database),
        );
    }
    Finding::wrong(
        SUBJECT,
        format!(
            "{} cannot be made: there is no such folder",
            config.database
        ),
    )
}

/// Whether the others that are configured can be used.
pub(super) async fn others(config: &Config) -> Vec<Finding> {
    let dependencies = Dependencies::of(&config.infra, &config.required, Buckets::ReportMissing);
    let reports = check_all(&dependencies.probes(), DEADLINE).await;
    reports
        .into_iter()
        .map(
            |Report {
                 name,
                 outcome,
                 took,
                 ..
             }| {
                let address = address(&config.infra, name);
                match outcome {
                    Ok(()) => Finding::ok(name, format!("{address} answers")).took(took),
                    Err(error) => {
                        Finding::wrong(name, format!("{address}: {}", error_chain(&error)))
                            .took(took)
                    }
                }
            },
        )
        .collect()
}

/// Where a dependency is, without its password.
fn address(infra: &Infra, name: &str) -> String {
    let address = match name {
        "s3" => infra
            .s3
            .as_ref()
            .map(|s3| format!("{}{}", s3.endpoint, s3.bucket)),
        "qdrant" => infra
            .qdrant
            .as_ref()
            .map(|qdrant| format!("{} and {}", qdrant.rest, qdrant.grpc)),
        "redis" => infra.redis.as_ref().map(ToString::to_string),
        "rabbitmq" => infra.rabbitmq.as_ref().map(ToString::to_string),
        _ => None,
    };
    address.unwrap_or_else(|| name.to_owned())
}
