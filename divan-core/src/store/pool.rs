/// How many connections to the database there are, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolState {
    /// How many are open.
    pub open: u32,
    /// How many of them nobody uses now.
    pub idle: u32,
    /// How many there may be.
    pub max: u32,
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl PoolState {
    pub(super) fn of<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> Self {
        Self {
            open: pool.size(),
            idle: u32::try_from(pool.num_idle()).unwrap_or(u32::MAX),
            max: pool.options().get_max_connections(),
        }
    }
}
