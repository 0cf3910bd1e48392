use std::str::FromStr;
use std::sync::OnceLock;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::PostgresServer;

/// A PostgreSQL database for one test, dropped at its end.
///
/// It is on the server of `TEST_DATABASE_URL`, or on a server that is started for this process.
#[derive(Debug)]
pub struct TestDatabase {
    server: PgConnectOptions,
    name: String,
    url: String,
}

impl TestDatabase {
    /// Creates an empty database.
    ///
    /// # Panics
    /// If there is no server, so that a test is never skipped.
    pub async fn create() -> Self {
        let server = PgConnectOptions::from_str(server_url())
            .expect("TEST_DATABASE_URL is an address of PostgreSQL");
        #[expect(
            clippy::disallowed_methods,
            reason = "a name that no other test has, and that need not be predictable"
        )]
        let name = format!("divan_test_{}", uuid::Uuid::new_v4().simple());
        execute(&server, format!(r#"CREATE DATABASE "{name}""#))
            .await
            .expect("TEST_DATABASE_URL may create databases");
        let url = with_database(server_url(), &name);
        Self { server, name, url }
    }

    /// Runs a statement in the database.
    ///
    /// # Panics
    /// If the database returns an error.
    pub async fn execute(&self, sql: &str) {
        let database = self.server.clone().database(&self.name);
        execute(&database, sql.to_owned())
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The URL of the database.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // On a thread of its own, since a test's runtime may not wait.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.map(|runtime| {
                runtime.block_on(execute(
                    &server,
                    format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#),
                ))
            })
        });
        let _ = dropped.join();
    }
}

async fn execute(server: &PgConnectOptions, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect_with(server).await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    connection.close().await
}

/// The same URL with another database.
fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) = url
        .split_once('?')
        .map_or((url, String::new()), |(a, p)| (a, format!("?{p}")));
    let authority_end = address
        .rfind('/')
        .filter(|&at| !address[..at].ends_with('/'))
        .unwrap_or(address.len());
    format!("{}/{name}{parameters}", &address[..authority_end])
}

fn server_url() -> &'static str {
    static SERVER: OnceLock<(String, Option<PostgresServer>)> = OnceLock::new();
    let (url, _) = SERVER.get_or_init(|| match std::env::var("TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let server = PostgresServer::start();
            (server.url("postgres"), Some(server))
        }
    });
    url
}
