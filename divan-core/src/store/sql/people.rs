/// Implements the lists of users and the audit, for one database. It needs what [`sql_store!`](super::sql_store) needs.
macro_rules! sql_people {
    ($store:ident, $db:ty, $connection:ty) => {
        impl $store {
            /// The page, at a cost that does not depend on how many users there are.
            ///
            /// Where a word of the search is rare, those who have it are looked at and no others; otherwise the newest users are
            /// gone through, of whom enough have it. A planner would have to know which: so that is decided here, and the
            /// plan is made for the values at hand.
            async fn page_of_users(&self, query: &UserQuery) -> Result<Vec<User>, sqlx::Error> {
                let mut candidates: Option<BTreeSet<Uuid>> = None;
                let mut frequent = Vec::new();
                for term in query.terms.iter() {
                    let (from, to) = sql::word_range(term);
                    let with_it =
                        sqlx::query_scalar(sql::USERS_WITH_WORD).bind(from.clone()).bind(to.clone());
                    let with_it: Vec<Uuid> =
                        with_it.persistent(self.keeps_statements()).fetch_all(&self.readers).await?;
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

                let mut page = sqlx::QueryBuilder::<$db>::new(sql::USERS);
                if let Some(candidates) = candidates {
                    if candidates.is_empty() {
                        return Ok(Vec::new());
                    }
                    page.push(" AND id IN (");
                    let mut ids = page.separated(", ");
                    for id in candidates {
                        ids.push_bind(id);
                    }
                    page.push(")");
                }
                for (from, to) in frequent {
                    // The offset keeps PostgreSQL from making a join of it, which sorts all who have the word.
                    page.push(" AND EXISTS (SELECT 1 FROM user_words WHERE user_id = users.id AND word >= ");
                    page.push_bind(from).push(" AND word < ").push_bind(to).push(" LIMIT 1 OFFSET 0)");
                }
                if let Some(role) = query.role {
                    page.push(" AND role = ").push_bind(role.as_str());
                }
                if let Some(is_active) = query.is_active {
                    page.push(" AND is_active = ").push_bind(is_active);
                }
                if let Some(before) = query.before {
                    page.push(" AND id < ").push_bind(before.0);
                }
                page.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(query.limit));
                let rows = page.build().persistent(false).fetch_all(&self.readers).await?;
                rows.iter().map(|row| sql::account(row).map(|account| account.user)).collect()
            }
        }

        #[async_trait]
        impl AuditStore for $store {
            async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
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

        /// Adds a user with everything that belongs to it, inside a transaction.
        async fn insert_account(
            connection: &mut $connection,
            account: &Account,
            record: &AuditRecord,
            persistent: bool,
        ) -> Result<(), sqlx::Error> {
            write_account(sql::INSERT_USER, &mut *connection, account, persistent).await?;
            insert_words(connection, &account.user, persistent).await?;
            insert_record(connection, record, persistent).await
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
            insert_words(connection, after, persistent).await
        }

        async fn insert_words(
            connection: &mut $connection,
            user: &User,
            persistent: bool,
        ) -> Result<(), sqlx::Error> {
            for word in search_words(user) {
                let insert = sqlx::query(sql::INSERT_WORD).bind(user.id.0).bind(word).persistent(persistent);
                insert.execute(&mut *connection).await?;
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
                for row in &users {
                    insert_words(connection, &sql::account(row)?.user, false).await?;
                }
            }
        }

        async fn insert_record(
            connection: &mut $connection,
            record: &AuditRecord,
            persistent: bool,
        ) -> Result<(), sqlx::Error> {
            sqlx::query(sql::INSERT_AUDIT)
                .bind(record.id.0)
                .bind(to_micros(record.at))
                .bind(record.action.as_str())
                .bind(record.actor_id.map(|actor| actor.0))
                .bind(record.subject_id.map(|subject| subject.0))
                .bind(record.changes.join(","))
                .bind(record.address.map(|address| address.to_string()))
                .bind(record.request_id.as_deref())
                .persistent(persistent)
                .execute(connection)
                .await?;
            Ok(())
        }
    };
}

pub(in crate::store) use sql_people;
