/// Implements what a store does with sessions, for one database. It needs what
/// [`sql_store!`](super::sql_store) needs.
macro_rules! sql_sessions {
    ($store:ident, $db:ty, $connection:ty) => {
        #[async_trait]
        impl SessionStore for $store {
            async fn session(
                &self,
                id: SessionId,
            ) -> Result<Option<(StoredSession, User)>, StoreError> {
                let query = sqlx::query(sql::SESSION_WITH_USER)
                    .bind(id.0)
                    .persistent(self.statement_cache());
                let Some(row) = query.fetch_optional(&self.readers).await? else {
                    return Ok(None);
                };
                Ok(Some((sql::session(&row)?, sql::account(&row)?.user)))
            }

            async fn sessions_of(
                &self,
                user: UserId,
                at: OffsetDateTime,
            ) -> Result<Vec<StoredSession>, StoreError> {
                let query = sqlx::query(sql::LIVE_SESSIONS_OF)
                    .bind(user.0)
                    .bind(to_micros(at));
                let rows = query
                    .persistent(self.statement_cache())
                    .fetch_all(&self.readers)
                    .await?;
                Ok(rows.iter().map(sql::session).collect::<Result<_, _>>()?)
            }

            async fn advance_session(&self, advance: &SessionAdvance) -> Result<bool, StoreError> {
                let (seen, next) = (advance.seen, advance.next);
                let update = || {
                    sqlx::query(sql::ADVANCE_SESSION)
                        .bind(advance.session.0)
                        .bind(seen.current().cast_signed())
                        .bind(seen.parent().cast_signed())
                        .bind(to_micros(seen.rotated_at()))
                        .bind(seen.is_confirmed())
                        .bind(next.current().cast_signed())
                        .bind(next.parent().cast_signed())
                        .bind(to_micros(next.rotated_at()))
                        .bind(next.is_confirmed())
                        .bind(to_micros(advance.expires_at))
                        .persistent(self.statement_cache())
                        .execute(&self.writer)
                };
                Ok(sql::retrying(update).await?.rows_affected() == 1)
            }

            async fn purge_sessions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
                Ok(self.purge(sql::PURGE_SESSIONS, before).await?)
            }
        }

        /// Ends and begins sessions of an account, inside the transaction that changes the account.
        async fn apply(
            connection: &mut $connection,
            user: UserId,
            effects: &AccountUpdate,
            persistent: bool,
        ) -> Result<Vec<SessionId>, sqlx::Error> {
            let mut ended = Vec::new();
            if let Some(EndSessions { only, at, reason }) = effects.end {
                let query = sqlx::query_scalar(sql::END_SESSIONS)
                    .bind(user.0)
                    .bind(to_micros(at))
                    .bind(reason.as_str())
                    .bind(only.map(|only| only.0));
                ended = query
                    .persistent(persistent)
                    .fetch_all(&mut *connection)
                    .await?;
            }
            if let Some(begun) = &effects.begin {
                let query = sqlx::query_scalar(sql::END_OLDEST_SESSIONS)
                    .bind(user.0)
                    .bind(to_micros(begun.created_at))
                    .bind(EndReason::Limit.as_str())
                    .bind(i64::from(MAX_LIVE_SESSIONS - 1));
                let oldest: Vec<uuid::Uuid> = query
                    .persistent(persistent)
                    .fetch_all(&mut *connection)
                    .await?;
                ended.extend(oldest);
                insert_session(connection, begun, persistent).await?;
            }
            Ok(ended.into_iter().map(SessionId).collect())
        }

        async fn insert_session(
            connection: &mut $connection,
            session: &StoredSession,
            persistent: bool,
        ) -> Result<(), sqlx::Error> {
            sqlx::query(sql::INSERT_SESSION)
                .bind(session.id.0)
                .bind(session.user.0)
                .bind(session.audience.as_str())
                .bind(session.salt.as_slice())
                .bind(session.rotation.current().cast_signed())
                .bind(session.rotation.parent().cast_signed())
                .bind(to_micros(session.rotation.rotated_at()))
                .bind(session.rotation.is_confirmed())
                .bind(to_micros(session.created_at))
                .bind(to_micros(session.expires_at))
                .bind(to_micros(session.ends_at))
                .bind(session.device.as_deref())
                .bind(session.address.map(|address| address.to_string()))
                .persistent(persistent)
                .execute(connection)
                .await?;
            Ok(())
        }
    };
}

pub(in crate::store) use sql_sessions;
