use std::collections::BTreeSet;

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::backend::Value;
use super::{Backend, SqlStore, rows, statements};
use crate::store::{FoundUsers, SearchTerms, StoreError, UserCount, UserKeys, UserQuery};
use crate::types::{User, UserId};

/// The start of a query for the users that match all conditions.
struct Selection<DB: Backend> {
    select: QueryBuilder<DB>,
    /// The last user to scan, when older ones are not.
    end: Option<Uuid>,
}

impl<DB: Backend> SqlStore<DB> {
    /// Finds a page of users at a cost that does not depend on the number of users.
    ///
    /// When a search term is rare, only the users with it are read; otherwise the newest users are
    /// scanned, at most [`UserQuery::scan_limit`], because there may be none with all terms. The
    /// choice is made here, as a query planner does not know the frequency of a prefix.
    pub(super) async fn page_of_users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError> {
        let start = if query.with_metadata {
            statements::USERS_WITH_METADATA
        } else {
            statements::USERS
        };
        let Some(Selection { mut select, end }) = self.selection(start, query).await? else {
            return Ok(FoundUsers::default());
        };
        select
            .push(" ORDER BY id DESC LIMIT ")
            .push_bind(i64::from(query.limit));
        let decode = if query.with_metadata {
            rows::user_with_metadata::<DB>
        } else {
            rows::user::<DB>
        };
        let users = self.fetch_users(select, decode).await?;
        let is_full = users.len() >= query.limit as usize;
        Ok(FoundUsers {
            users,
            scanned_until: end.filter(|_| !is_full).map(UserId),
        })
    }

    /// Counts users at a cost that does not depend on their number.
    pub(super) async fn number_of_users(&self, query: &UserQuery) -> Result<UserCount, StoreError> {
        let all = UserQuery {
            before: None,
            ..query.clone()
        };
        let start = statements::COUNT_USERS;
        let Some(Selection { mut select, end }) = self.selection(start, &all).await? else {
            return Ok(UserCount::default());
        };
        select
            .push(" LIMIT ")
            .push_bind(i64::from(UserCount::MAX) + 1)
            .push(") counted");
        let count = select.build_query_scalar().persistent(false);
        let count: i64 = count.fetch_one(&self.readers).await?;
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(UserCount::new(count, end.is_none()))
    }

    /// Selects the users that match all conditions; `None` when there are none.
    async fn selection(
        &self,
        start: &'static str,
        query: &UserQuery,
    ) -> Result<Option<Selection<DB>>, sqlx::Error> {
        let (candidates, frequent) = self.users_with_words(&query.terms).await?;
        let mut select = QueryBuilder::<DB>::new(start);
        let mut end = None;
        if let Some(candidates) = candidates {
            if candidates.is_empty() {
                return Ok(None);
            }
            select.push(" AND id IN (");
            let mut ids = select.separated(", ");
            for id in candidates {
                ids.push_bind(id);
            }
            select.push(")");
        } else if !frequent.is_empty() || query.has_signed_in.is_some() || query.is_linked.is_some()
        {
            end = self.end_of_scan(query).await?;
        }
        for (from, to) in frequent {
            // The offset keeps PostgreSQL from turning this into a join that sorts all users with
            // the word.
            select.push(" AND EXISTS (SELECT 1 FROM divan_user_words WHERE user_id = divan_users.id AND word >= ");
            select
                .push_bind(from)
                .push(" AND word < ")
                .push_bind(to)
                .push(" LIMIT 1 OFFSET 0)");
        }
        if let Some(end) = end {
            select.push(" AND id >= ").push_bind(end);
        }
        push_conditions(&mut select, query);
        Ok(Some(Selection { select, end }))
    }

    /// The users with all rare terms, if any term is rare, and the word ranges of the frequent
    /// terms.
    async fn users_with_words(
        &self,
        terms: &SearchTerms,
    ) -> Result<(Option<BTreeSet<Uuid>>, Vec<(String, String)>), sqlx::Error> {
        let mut candidates: Option<BTreeSet<Uuid>> = None;
        let mut frequent = Vec::new();
        for term in terms.iter() {
            let (from, to) = statements::word_range(term);
            let query = sqlx::query_scalar(statements::USERS_WITH_WORD)
                .bind(from.clone())
                .bind(to.clone())
                .persistent(self.statement_cache);
            let found: Vec<Uuid> = query.fetch_all(&self.readers).await?;
            if found.len() >= statements::FREQUENT_WORD_USERS {
                frequent.push((from, to));
                continue;
            }
            let found: BTreeSet<Uuid> = found.into_iter().collect();
            candidates = Some(match candidates {
                Some(candidates) => &candidates & &found,
                None => found,
            });
        }
        Ok((candidates, frequent))
    }

    /// The last user to scan; `None` when there are fewer than [`UserQuery::scan_limit`].
    async fn end_of_scan(&self, query: &UserQuery) -> Result<Option<Uuid>, sqlx::Error> {
        // One condition is served by an index; few users may fulfil several.
        let indexed = UserQuery {
            is_active: query.is_active.filter(|_| query.role.is_none()),
            has_signed_in: None,
            is_linked: None,
            ..query.clone()
        };
        let mut end = QueryBuilder::<DB>::new(statements::USER_IDS);
        push_conditions(&mut end, &indexed);
        end.push(" ORDER BY id DESC LIMIT 1 OFFSET ")
            .push_bind(i64::from(query.scan_limit.saturating_sub(1)));
        let end = end.build_query_scalar().persistent(false);
        end.fetch_optional(&self.readers).await
    }

    /// Users with one of these values.
    pub(super) async fn users_with_keys(&self, keys: &UserKeys) -> Result<Vec<User>, StoreError> {
        let phones = keys.phones.iter().map(|phone| phone.as_str().to_owned());
        let mut users = self.users_in(statements::USERS_BY_PHONES, phones).await?;
        let emails = keys.emails.iter().map(|email| email.as_str().to_owned());
        users.extend(self.users_in(statements::USERS_BY_EMAILS, emails).await?);
        let ids = keys.telegram_ids.iter().map(|id| id.0);
        users.extend(self.users_in(statements::USERS_BY_TELEGRAM, ids).await?);
        let ids = keys.external_ids.iter().map(|id| id.as_str().to_owned());
        users.extend(
            self.users_in(statements::USERS_BY_EXTERNAL_IDS, ids)
                .await?,
        );
        Ok(users)
    }

    /// Users whose column, the last word of `statement`, has one of these values.
    async fn users_in<T: Value<DB> + Clone + Sync + 'static>(
        &self,
        statement: &'static str,
        values: impl Iterator<Item = T> + Send,
    ) -> Result<Vec<User>, StoreError> {
        let values: Vec<T> = values.collect();
        let mut users = Vec::new();
        for values in values.chunks(statements::ROWS_PER_INSERT) {
            let mut select = QueryBuilder::<DB>::new(statement);
            let mut list = select.separated(", ");
            for value in values {
                list.push_bind(value.clone());
            }
            select.push(")");
            users.extend(self.fetch_users(select, rows::user::<DB>).await?);
        }
        Ok(users)
    }

    async fn fetch_users(
        &self,
        mut select: QueryBuilder<DB>,
        decode: fn(&DB::Row) -> Result<User, sqlx::Error>,
    ) -> Result<Vec<User>, sqlx::Error> {
        let query = select.build().persistent(false);
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(decode).collect()
    }
}

/// Adds all conditions but the search terms.
fn push_conditions<DB: Backend>(select: &mut QueryBuilder<DB>, query: &UserQuery) {
    if let Some(role) = query.role {
        select
            .push(" AND role = ")
            .push_bind(role.as_str().to_owned());
    }
    if let Some(is_active) = query.is_active {
        select.push(" AND is_active = ").push_bind(is_active);
    }
    if let Some(has_signed_in) = query.has_signed_in {
        select.push(if has_signed_in {
            " AND last_login_at IS NOT NULL"
        } else {
            " AND last_login_at IS NULL"
        });
    }
    if let Some(is_linked) = query.is_linked {
        select.push(if is_linked {
            " AND telegram_id IS NOT NULL"
        } else {
            " AND telegram_id IS NULL"
        });
    }
    if let Some(id) = query.telegram_id {
        select.push(" AND telegram_id = ").push_bind(id.0);
    }
    if let Some(id) = &query.external_id {
        select
            .push(" AND external_id = ")
            .push_bind(id.as_str().to_owned());
    }
    if let Some(before) = query.before {
        select.push(" AND id < ").push_bind(before.0);
    }
}
