/// Implements the lists of users and the audit, for one database. It needs what
/// [`sql_store!`](super::sql_store) needs.
macro_rules! sql_people {
    ($store:ident, $db:ty, $connection:ty) => {
        impl $store {
            /// The page, at a cost that does not depend on how many users there are.
            ///
            /// Where a word of the search is rare, those who have it are looked at and no others;
            /// otherwise the newest users are gone through, so many at most, because there need not
            /// be anybody who has all of the words. A planner would have to know which: so that is
            /// decided here, and the plan is made for the values at hand.
            async fn page_of_users(&self, query: &UserQuery) -> Result<FoundUsers, sqlx::Error> {
                let (candidates, frequent) = self.users_with_words(&query.terms).await?;
                let mut page = sqlx::QueryBuilder::<$db>::new(sql::USERS);
                let mut end = None;
                if let Some(candidates) = candidates {
                    if candidates.is_empty() {
                        return Ok(FoundUsers::default());
                    }
                    page.push(" AND id IN (");
                    let mut ids = page.separated(", ");
                    for id in candidates {
                        ids.push_bind(id);
                    }
                    page.push(")");
                } else if !frequent.is_empty() {
                    end = self.end_of_walk(query).await?;
                }
                for (from, to) in frequent {
                    // The offset keeps PostgreSQL from making a join of it, which sorts all who
                    // have the word.
                    page.push(" AND EXISTS (SELECT 1 FROM user_words WHERE user_id = users.id AND word >= ");
                    page.push_bind(from).push(" AND word < ").push_bind(to).push(" LIMIT 1 OFFSET 0)");
                }
                if let Some(end) = end {
                    page.push(" AND id >= ").push_bind(end);
                }
                push_conditions(&mut page, query);
                page.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(query.limit));
                let rows = page.build().persistent(false).fetch_all(&self.readers).await?;
                let users: Result<Vec<User>, _> =
                    rows.iter().map(|row| sql::account(row).map(|account| account.user)).collect();
                let is_full = rows.len() >= query.limit as usize;
                Ok(FoundUsers { users: users?, scanned_until: end.filter(|_| !is_full).map(UserId) })
            }

            /// Who has all the words that are rare, where there is one, and the ranges of those
            /// that are not.
            async fn users_with_words(
                &self,
                terms: &SearchTerms,
            ) -> Result<(Option<BTreeSet<Uuid>>, Vec<(String, String)>), sqlx::Error> {
                let mut candidates: Option<BTreeSet<Uuid>> = None;
                let mut frequent = Vec::new();
                for term in terms.iter() {
                    let (from, to) = sql::word_range(term);
                    let with_it =
                        sqlx::query_scalar(sql::USERS_WITH_WORD).bind(from.clone()).bind(to.clone());
                    let with_it: Vec<Uuid> =
                        with_it.persistent(self.statement_cache()).fetch_all(&self.readers).await?;
                    if with_it.len() >= sql::MANY_USERS {
                        frequent.push((from, to));
                        continue;
                    }
                    let with_it = with_it.into_iter().collect();
                    candidates = Some(candidates.map_or_else(
                        || BTreeSet::clone(&with_it),
                        |candidates| candidates.intersection(&with_it).copied().collect(),
                    ));
                }
                Ok((candidates, frequent))
            }

            /// The last user who is looked at; `None` when there are no more than may be looked at.
            async fn end_of_walk(&self, query: &UserQuery) -> Result<Option<Uuid>, sqlx::Error> {
                // By one condition an index goes; of two, few users may fulfil both.
                let by_role = UserQuery { is_active: None, ..query.clone() };
                let mut end = sqlx::QueryBuilder::<$db>::new(sql::USER_IDS);
                push_conditions(&mut end, query.role.map_or(query, |_| &by_role));
                let before_it = i64::from(query.scan_limit.saturating_sub(1));
                end.push(" ORDER BY id DESC LIMIT 1 OFFSET ").push_bind(before_it);
                end.build_query_scalar().persistent(false).fetch_optional(&self.readers).await
            }
        }

        /// All conditions but the words.
        fn push_conditions(select: &mut sqlx::QueryBuilder<$db>, query: &UserQuery) {
            if let Some(role) = query.role {
                select.push(" AND role = ").push_bind(role.as_str());
            }
            if let Some(is_active) = query.is_active {
                select.push(" AND is_active = ").push_bind(is_active);
            }
            if let Some(before) = query.before {
                select.push(" AND id < ").push_bind(before.0);
            }
        }

        impl $store {
            async fn named(
                &self,
                query: &'static str,
                names: impl Iterator<Item = &str>,
            ) -> Result<Vec<User>, sqlx::Error> {
                let names: Vec<&str> = names.collect();
                let mut users = Vec::new();
                for names in names.chunks(sql::ROWS_AT_ONCE) {
                    let mut select = sqlx::QueryBuilder::<$db>::new(query);
                    let mut list = select.separated(", ");
                    for name in names {
                        list.push_bind(*name);
                    }
                    select.push(")");
                    let rows = select.build().persistent(false).fetch_all(&self.readers).await?;
                    for row in &rows {
                        users.push(sql::account(row)?.user);
                    }
                }
                Ok(users)
            }
        }

        #[async_trait]
        impl AuditStore for $store {
            async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
                let mut page = sqlx::QueryBuilder::<$db>::new(sql::AUDIT);
                if let Some(subject) = query.subject {
                    page.push(" AND subject_id = ").push_bind(subject.0);
                }
                if let Some(actor) = query.actor {
                    page.push(" AND actor_id = ").push_bind(actor.0);
                }
                if let Some(action) = query.action {
                    page.push(" AND action = ").push_bind(action.as_str());
                }
                if let Some(before) = query.before {
                    page.push(" AND id < ").push_bind(before.0);
                }
                page.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(query.limit));
                let rows = page.build().persistent(false).fetch_all(&self.readers).await?;
                Ok(rows.iter().map(sql::audit_record).collect::<Result<_, _>>()?)
            }

            async fn purge_audit(&self, before: OffsetDateTime) -> Result<u64, StoreError> {
                Ok(self.purge(sql::PURGE_AUDIT, before).await?)
            }
        }

        /// Adds users with everything that belongs to them, inside a transaction.
        async fn insert_users(connection: &mut $connection, new: &[NewUser]) -> Result<(), sqlx::Error> {
            for new in new.chunks(sql::ROWS_AT_ONCE) {
                let mut insert = sqlx::QueryBuilder::<$db>::new(sql::INSERT_USERS);
                insert.push_values(new, |mut row, NewUser { account, .. }| {
                    let user = &account.user;
                    row.push_bind(user.id.0)
                        .push_bind(user.role.as_str())
                        .push_bind(&user.full_name)
                        .push_bind(user.email.as_ref().map(Email::as_str))
                        .push_bind(user.phone.as_ref().map(Phone::as_str))
                        .push_bind(user.telegram_id.map(|id| id.0))
                        .push_bind(&user.telegram_username)
                        .push_bind(user.is_active)
                        .push_bind(user.password_change_required)
                        .push_bind(to_micros(user.created_at))
                        .push_bind(to_micros(user.updated_at))
                        .push_bind(user.last_login_at.map(to_micros))
                        .push_bind(account.password_hash.expose())
                        .push_bind(account.password_verified_at.map(to_micros))
                        .push_bind(account.password_expires_at.map(to_micros));
                });
                insert.build().persistent(false).execute(&mut *connection).await?;
                insert_words(connection, new.iter().map(|new| &new.account.user)).await?;
                insert_records(connection, new.iter().map(|new| &new.record), false).await?;
            }
            Ok(())
        }

        /// Writes down what a user is found by now, inside the transaction that changes the user.
        async fn update_words(
            connection: &mut $connection,
            before: &User,
            after: &User,
            persistent: bool,
        ) -> Result<(), sqlx::Error> {
            if search_words(before) == search_words(after) {
                return Ok(());
            }
            let delete = sqlx::query(sql::DELETE_WORDS).bind(after.id.0).persistent(persistent);
            delete.execute(&mut *connection).await?;
            insert_words(connection, [after]).await
        }

        async fn insert_words<'u>(
            connection: &mut $connection,
            users: impl IntoIterator<Item = &'u User>,
        ) -> Result<(), sqlx::Error> {
            let words_of = |user: &'u User| search_words(user).into_iter().map(|word| (user.id.0, word));
            let words: Vec<(Uuid, String)> = users.into_iter().flat_map(words_of).collect();
            for words in words.chunks(sql::ROWS_AT_ONCE) {
                let mut insert = sqlx::QueryBuilder::<$db>::new(sql::INSERT_WORDS);
                insert.push_values(words, |mut row, (user, word)| {
                    row.push_bind(user).push_bind(word);
                });
                insert.build().persistent(false).execute(&mut *connection).await?;
            }
            Ok(())
        }

        /// Writes down what users are found by who were there before anything was.
        async fn index_users(connection: &mut $connection) -> Result<(), sqlx::Error> {
            loop {
                let users = sqlx::query(sql::USERS_WITHOUT_WORDS).persistent(false);
                let users = users.fetch_all(&mut *connection).await?;
                if users.is_empty() {
                    return Ok(());
                }
                let users = users.iter().map(|row| sql::account(row).map(|account| account.user));
                let users = users.collect::<Result<Vec<_>, _>>()?;
                insert_words(connection, &users).await?;
            }
        }

        async fn insert_records<'r>(
            connection: &mut $connection,
            records: impl IntoIterator<Item = &'r AuditEvent>,
            persistent: bool,
        ) -> Result<(), sqlx::Error> {
            let records: Vec<&AuditEvent> = records.into_iter().collect();
            if records.is_empty() {
                return Ok(());
            }
            let mut insert = sqlx::QueryBuilder::<$db>::new(sql::INSERT_AUDIT);
            insert.push_values(records, |mut row, record| {
                row.push_bind(record.id.0)
                    .push_bind(to_micros(record.at))
                    .push_bind(record.action.as_str())
                    .push_bind(record.actor_id.map(|actor| actor.0))
                    .push_bind(record.subject_id.map(|subject| subject.0))
                    .push_bind(record.changes.join(","))
                    .push_bind(record.address.map(|address| address.to_string()))
                    .push_bind(record.request_id.as_deref());
            });
            insert.build().persistent(persistent).execute(connection).await?;
            Ok(())
        }
    };
}

pub(in crate::store) use sql_people;
