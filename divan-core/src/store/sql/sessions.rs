use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::retry::retrying;
use super::rows::{self, to_micros};
use super::{Backend, SqlStore, statements};
use crate::session::{EndReason, MAX_ENDED_SESSIONS, MAX_LIVE_SESSIONS};
use crate::store::{
    AccountUpdate, EndSessions, NewMessage, SessionAdvance, SessionStore, StoreError, StoredSession,
};
use crate::types::{SessionId, User, UserId};

#[async_trait]
impl<DB: Backend> SessionStore for SqlStore<DB> {
    async fn session(&self, id: SessionId) -> Result<Option<(StoredSession, User)>, StoreError> {
        self.traced("session", async {
            let query = sqlx::query(statements::SESSION_WITH_USER)
                .bind(id.0)
                .persistent(self.statement_cache);
            let Some(row) = query.fetch_optional(&self.readers).await? else {
                return Ok(None);
            };
            Ok(Some((rows::session::<DB>(&row)?, rows::user::<DB>(&row)?)))
        })
        .await
    }

    async fn sessions_of(
        &self,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<Vec<StoredSession>, StoreError> {
        self.traced("sessions_of", async {
            let query = sqlx::query(statements::LIVE_SESSIONS)
                .bind(user.0)
                .bind(to_micros(at))
                .persistent(self.statement_cache);
            let rows = query.fetch_all(&self.readers).await?;
            Ok(rows
                .iter()
                .map(rows::session::<DB>)
                .collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn advance_session(&self, advance: &SessionAdvance) -> Result<bool, StoreError> {
        let (seen, next) = (advance.seen, advance.next);
        let update = async || {
            let query = sqlx::query(statements::ADVANCE_SESSION)
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
                .persistent(self.statement_cache);
            Ok(query.execute(&self.writer).await?)
        };
        let updated = self.traced("advance_session", retrying(update)).await?;
        Ok(DB::rows_affected(&updated) == 1)
    }

    async fn purge_sessions(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
        self.traced("purge_sessions", async {
            let ended = self.purge(statements::PURGE_ENDED_SESSIONS, before).await?;
            let expired = self
                .purge(statements::PURGE_EXPIRED_SESSIONS, before)
                .await?;
            Ok(ended + expired)
        })
        .await
    }
}

impl<DB: Backend> SqlStore<DB> {
    /// Returns `true` if this session of the user has not ended. All code that ends sessions locks the
    /// account first, so the result stays valid until the transaction ends.
    pub(super) async fn has_open_session(
        &self,
        connection: &mut DB::Connection,
        session: SessionId,
        user: UserId,
    ) -> Result<bool, sqlx::Error> {
        let query = sqlx::query_scalar(statements::OPEN_SESSIONS)
            .bind(session.0)
            .bind(user.0)
            .persistent(self.statement_cache);
        let open: i64 = query.fetch_one(connection).await?;
        Ok(open > 0)
    }

    /// Ends, begins and proves sessions of an account. Returns the sessions that ended.
    pub(super) async fn update_sessions(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
        update: &AccountUpdate,
    ) -> Result<Vec<SessionId>, sqlx::Error> {
        let mut ended: Vec<(Uuid, EndReason)> = Vec::new();
        if let Some(EndSessions {
            only,
            except,
            at,
            reason,
        }) = update.end
        {
            let query = sqlx::query_scalar(statements::END_SESSIONS)
                .bind(user.0)
                .bind(to_micros(at))
                .bind(reason.as_str().to_owned())
                .bind(only.map(|only| only.0))
                .bind(except.map(|except| except.0))
                .persistent(self.statement_cache);
            let chosen: Vec<Uuid> = query.fetch_all(&mut *connection).await?;
            ended.extend(chosen.into_iter().map(|id| (id, reason)));
        }
        if let Some(begun) = &update.begin {
            let query = sqlx::query_scalar(statements::END_OLDEST_SESSIONS)
                .bind(user.0)
                .bind(to_micros(begun.created_at))
                .bind(EndReason::Limit.as_str().to_owned())
                .bind(i64::from(MAX_LIVE_SESSIONS - 1))
                .persistent(self.statement_cache);
            let oldest: Vec<Uuid> = query.fetch_all(&mut *connection).await?;
            ended.extend(oldest.into_iter().map(|id| (id, EndReason::Limit)));
            let replaced = self.end_replaced(connection, begun).await?;
            ended.extend(replaced.into_iter().map(|id| (id, EndReason::Replaced)));
            self.delete_ended(connection, user).await?;
            self.insert_session(&mut *connection, begun).await?;
        }
        if let Some(proof) = &update.prove {
            let query = sqlx::query(statements::PROVE_SESSION)
                .bind(proof.session.0)
                .bind(user.0)
                .bind(to_micros(proof.at))
                .bind(proof.methods.to_string())
                .persistent(self.statement_cache);
            query.execute(&mut *connection).await?;
        }
        if let Some(at) = update.report_ended {
            let events = ended
                .iter()
                .map(|&(id, reason)| NewMessage::session_revoked(user, SessionId(id), reason, at));
            Self::insert_messages(connection, events, self.statement_cache).await?;
        }
        Ok(ended.into_iter().map(|(id, _)| SessionId(id)).collect())
    }

    /// Ends the sessions that began with the same init data.
    async fn end_replaced(
        &self,
        connection: &mut DB::Connection,
        begun: &StoredSession,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let Some(init_data) = begun.init_data else {
            return Ok(Vec::new());
        };
        let query = sqlx::query_scalar(statements::END_REPLACED_SESSIONS)
            .bind(begun.user.0)
            .bind(to_micros(begun.created_at))
            .bind(EndReason::Replaced.as_str().to_owned())
            .bind(init_data.to_vec())
            .persistent(self.statement_cache);
        query.fetch_all(connection).await
    }

    async fn delete_ended(
        &self,
        connection: &mut DB::Connection,
        user: UserId,
    ) -> Result<(), sqlx::Error> {
        let query = sqlx::query(statements::DELETE_ENDED_SESSIONS)
            .bind(user.0)
            .bind(i64::from(MAX_ENDED_SESSIONS))
            .persistent(self.statement_cache);
        query.execute(connection).await?;
        Ok(())
    }

    async fn insert_session(
        &self,
        connection: &mut DB::Connection,
        session: &StoredSession,
    ) -> Result<(), sqlx::Error> {
        let telegram = session.telegram.as_ref();
        let insert = sqlx::query(statements::INSERT_SESSION)
            .bind(session.id.0)
            .bind(session.user.0)
            .bind(session.audience.as_str().to_owned())
            .bind(session.salt.to_vec())
            .bind(session.rotation.current().cast_signed())
            .bind(session.rotation.parent().cast_signed())
            .bind(to_micros(session.rotation.rotated_at()))
            .bind(session.rotation.is_confirmed())
            .bind(to_micros(session.created_at))
            .bind(to_micros(session.expires_at))
            .bind(to_micros(session.ends_at))
            .bind(session.device.clone())
            .bind(session.address.map(|address| address.to_string()))
            .bind(session.init_data.map(Vec::from))
            .bind(telegram.map(|telegram| telegram.bot_id))
            .bind(telegram.and_then(|telegram| telegram.language.clone()))
            .bind(telegram.and_then(|telegram| telegram.allows_write_to_pm))
            .bind(to_micros(session.authenticated_at))
            .bind(session.auth_methods.to_string())
            .persistent(self.statement_cache);
        insert.execute(connection).await?;
        Ok(())
    }
}
