/// Number of database connections, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolState {
    /// Open connections.
    pub open: u32,
    /// Open connections that are not in use.
    pub idle: u32,
    /// Maximum number of connections.
    pub max: u32,
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl PoolState {
    pub(super) fn new<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> Self {
        Self {
            open: pool.size(),
            // The counter of `sqlx` is below zero for a moment when connections are taken and
            // returned at the same time.
            idle: u32::try_from(pool.num_idle())
                .unwrap_or(u32::MAX)
                .min(pool.size()),
            max: pool.options().get_max_connections(),
        }
    }
}

/// Disables the maintenance task of a pool: in `sqlx` 0.9 it loops without end when it reads the number
/// of idle connections while that is below zero for a moment.
#[cfg(feature = "sqlite")]
pub(super) fn without_maintenance<D: sqlx::Database>(
    options: sqlx::pool::PoolOptions<D>,
) -> sqlx::pool::PoolOptions<D> {
    options.idle_timeout(None).max_lifetime(None)
}
