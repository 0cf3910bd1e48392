use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use divan_core::clock::{Clock, SystemClock};
use divan_core::infra::probe::{Report, check_all};
use divan_core::infra::{DatabaseUrl, DependencyKind, Infra};
use divan_core::store::SchemaStatus;

use super::{DEADLINE, Finding, administrators, clock, events, services, webhooks};
use crate::config::Config;
use crate::database::Database;
use crate::dependencies::{Buckets, Dependencies};
use crate::error_chain::{error_chain, error_summary};

const SUBJECT: &str = DependencyKind::Database.as_str();

/// Time limit of the connection, so that its error is reported before the deadline of the check.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Checks the database: connection, schema, administrator, clock.
pub(super) async fn database(config: &Config) -> Vec<Finding> {
    match tokio::time::timeout(DEADLINE, inspect(config)).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => vec![Finding::error(SUBJECT, error_chain(error.as_ref()))],
        Err(_) => vec![Finding::error(
            SUBJECT,
            format!("{} does not respond", config.database),
        )],
    }
}

async fn inspect(config: &Config) -> Result<Vec<Finding>, Box<dyn Error + Send + Sync>> {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && will_be_created(path)
    {
        return Ok(vec![new_database(config, path)]);
    }
    let mut pool = config.infra.database.pool;
    pool.acquire_timeout = pool.acquire_timeout.min(CONNECT_TIMEOUT);
    let database = Database::connect_with(config, pool).await?;
    let started = Instant::now();
    let schema = database.schema_status().await?;
    let took = started.elapsed();
    let mut findings =
        vec![Finding::ok(SUBJECT, format!("{} responds", config.database)).took(took)];
    match schema {
        SchemaStatus::Current => {
            findings.push(Finding::ok("migrations", "the tables are up to date"));
            if !database.store().is_bootstrapped().await? {
                let todo = "none yet: run `divan-server admin create`";
                findings.push(Finding::warning("administrator", todo));
            }
            findings.extend(administrators::second_factors(&*database.store()).await?);
            let now = SystemClock.now().into();
            findings.extend(services::expiries(&*database.store(), now).await?);
            let service = crate::app::service(config, database.store());
            findings.extend(events::consumers(&service).await?);
            findings.extend(webhooks::webhooks(&*database.store()).await?);
        }
        schema @ (SchemaStatus::Empty | SchemaStatus::Behind { .. }) => {
            findings.push(Finding::warning(
                "migrations",
                format!("{schema}; or start the server, which migrates the database"),
            ));
        }
        schema => findings.push(Finding::error("migrations", schema.to_string())),
    }
    if let Some(remote) = database.time().await? {
        findings.push(clock("clock (database)", SystemClock.now(), remote));
    }
    database.close().await;
    Ok(findings)
}

/// Returns `true` for a missing or empty file, which opening would turn into a database.
fn will_be_created(file: &Path) -> bool {
    match std::fs::metadata(file) {
        Ok(metadata) => metadata.is_file() && metadata.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// Returns the finding about a database that does not exist yet. Development mode also creates its
/// folder.
fn new_database(config: &Config, file: &Path) -> Finding {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if config.development.is_some() || folder.is_none_or(Path::is_dir) {
        return Finding::warning(
            SUBJECT,
            format!("{} is created at the first start", config.database),
        );
    }
    Finding::error(
        SUBJECT,
        format!(
            "{} cannot be created: its folder does not exist; create the folder",
            config.database
        ),
    )
}

/// Checks the other configured dependencies.
pub(super) async fn others(config: &Config) -> Vec<Finding> {
    let dependencies = Dependencies::new(&config.infra, &config.required, Buckets::ReportMissing);
    let reports = check_all(&dependencies.probes(), DEADLINE).await;
    reports
        .into_iter()
        .map(|report| finding(&config.infra, &report))
        .collect()
}

fn finding(infra: &Infra, report: &Report) -> Finding {
    let name = report.name;
    let kind = name.parse::<DependencyKind>().ok();
    let address = kind.and_then(|kind| address(infra, kind));
    let address = address.unwrap_or_else(|| name.to_owned());
    let finding = match &report.outcome {
        Ok(()) => Finding::ok(name, format!("{address} responds")),
        Err(error) => Finding::error(name, format!("{address}: {}", error_summary(error))),
    };
    finding.took(report.took)
}

/// Returns the address of a dependency, without its password.
fn address(infra: &Infra, kind: DependencyKind) -> Option<String> {
    match kind {
        DependencyKind::S3 => infra
            .s3
            .as_ref()
            .map(|s3| format!("{}{}", s3.endpoint, s3.bucket)),
        DependencyKind::Qdrant => infra
            .qdrant
            .as_ref()
            .map(|qdrant| format!("{} and {}", qdrant.rest, qdrant.grpc)),
        DependencyKind::Redis => infra.redis.as_ref().map(ToString::to_string),
        DependencyKind::RabbitMq => infra.rabbitmq.as_ref().map(ToString::to_string),
        _ => None,
    }
}
