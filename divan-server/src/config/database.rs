use std::num::NonZeroU32;
use std::time::Duration;

use divan_core::infra::DatabaseUrl;
use divan_core::store::PostgresPool;

use super::env::Env;

const EXAMPLE: &str = "postgresql://divan:password@localhost:5432/divan";

/// What `DATABASE_URL` names; `None` where it is unset or wrong.
pub(super) fn read(env: &mut Env<'_>) -> Option<DatabaseUrl> {
    let url = env.secret("DATABASE_URL", EXAMPLE)?;
    url.expose().parse().map_err(|error| env.wrong("DATABASE_URL", format!("{error}"), EXAMPLE)).ok()
}

/// How connections to PostgreSQL are held.
pub(super) fn pool(env: &mut Env<'_>) -> PostgresPool {
    let mut pool = PostgresPool::default();
    let seconds = NonZeroU32::new(u32::try_from(pool.acquire_timeout.as_secs()).unwrap_or(1))
        .unwrap_or(NonZeroU32::MIN);
    pool.max_connections = env.parsed("DIVAN_DATABASE_MAX_CONNECTIONS", pool.max_connections, "10");
    let seconds = env.parsed("DIVAN_DATABASE_ACQUIRE_SECONDS", seconds, "5");
    pool.acquire_timeout = Duration::from_secs(seconds.get().into());
    pool.keeps_statements = env.switch("DIVAN_DATABASE_STATEMENTS", pool.keeps_statements);
    pool
}
