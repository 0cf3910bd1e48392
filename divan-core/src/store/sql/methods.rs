/// Implements the traits of the store for one database, and its migrations.
///
/// The type has the pools `writer` and `readers` of `$db`, the methods `begin_write` (a transaction
/// for writing), `locked` (one that holds the lock of migrations) and `statement_cache` that tells
/// whether prepared statements are kept. `$account_to_write` reads an account that nobody else may
/// write meanwhile. A macro, because `sqlx` has no name for «any database that knows these five
/// types», and the bounds for it would hide the methods.
macro_rules! sql_store {
    ($store:ident, $db:ty, $connection:ty, $migrations:path, $has_migrations:expr, $account_to_write:expr) => {
        impl $store {
            /// What the schema of the database is to this program.
            ///
            /// # Errors
            /// When the database fails.
            pub async fn schema(&self) -> Result<Schema, StoreError> {
                let mut connection = self.writer.acquire().await?;
                Self::schema_of(&mut connection).await
            }

            /// Brings the schema up to date, all of it or nothing. Takes no lock when there is
            /// nothing to do; otherwise another program that does the same is waited for, at most a
            /// minute.
            ///
            /// # Errors
            /// [`MigrateError`]; nothing has changed then.
            pub async fn migrate(&self) -> Result<(), MigrateError> {
                if self.schema().await? == Schema::Current {
                    return Ok(());
                }
                let mut transaction = self.locked().await?;
                // Somebody else may have been quicker.
                match Self::schema_of(&mut transaction).await? {
                    Schema::Current => return Ok(()),
                    Schema::Behind { .. } => {}
                    unusable => return Err(MigrateError::Schema(unusable)),
                }
                $migrations()
                    .run(&mut *transaction)
                    .await
                    .map_err(|error| StoreError::caused_by(StoreErrorKind::Internal, error))?;
                index_users(&mut transaction)
                    .await
                    .map_err(StoreError::from)?;
                transaction.commit().await.map_err(StoreError::from)?;
                Ok(())
            }

            async fn schema_of(connection: &mut $connection) -> Result<Schema, StoreError> {
                let tables: i64 = sqlx::query_scalar($has_migrations)
                    .persistent(false)
                    .fetch_one(&mut *connection)
                    .await?;
                let applied = if tables == 0 {
                    Vec::new()
                } else {
                    let query = sqlx::query(sql::APPLIED_MIGRATIONS).persistent(false);
                    let rows = query.fetch_all(connection).await?;
                    rows.iter().map(sql::applied).collect::<Result<_, _>>()?
                };
                Ok(sql::compare(&$migrations(), &applied))
            }

            async fn find(
                &self,
                query: sqlx::query::Query<'_, $db, <$db as sqlx::Database>::Arguments>,
            ) -> Result<Option<Account>, StoreError> {
                let row = query
                    .persistent(self.statement_cache())
                    .fetch_optional(&self.readers)
                    .await?;
                Ok(row.as_ref().map(sql::account).transpose()?)
            }
        }

        #[async_trait]
        impl Store for $store {
            async fn ping(&self) -> Result<(), StoreError> {
                sqlx::query(sql::PING)
                    .persistent(self.statement_cache())
                    .execute(&self.readers)
                    .await?;
                Ok(())
            }
        }

        #[async_trait]
        impl UserStore for $store {
            async fn account(&self, id: UserId) -> Result<Option<Account>, StoreError> {
                self.find(sqlx::query(sql::ACCOUNT_BY_ID).bind(id.0)).await
            }

            async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
                self.find(sqlx::query(sql::ACCOUNT_BY_PHONE).bind(phone.as_str()))
                    .await
            }

            async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
                self.find(sqlx::query(sql::ACCOUNT_BY_EMAIL).bind(email.as_str()))
                    .await
            }

            async fn account_by_telegram(
                &self,
                id: TelegramId,
            ) -> Result<Option<Account>, StoreError> {
                self.find(sqlx::query(sql::ACCOUNT_BY_TELEGRAM).bind(id.0))
                    .await
            }

            async fn users(&self, query: &UserQuery) -> Result<FoundUsers, StoreError> {
                Ok(self.page_of_users(query).await?)
            }

            async fn users_by_contact(
                &self,
                phones: &[Phone],
                emails: &[Email],
            ) -> Result<Vec<User>, StoreError> {
                let mut users = self
                    .named(sql::USERS_BY_PHONES, phones.iter().map(Phone::as_str))
                    .await?;
                users.extend(
                    self.named(sql::USERS_BY_EMAILS, emails.iter().map(Email::as_str))
                        .await?,
                );
                Ok(users)
            }

            async fn insert_users(&self, new: &[NewUser]) -> Result<(), StoreError> {
                Ok(sql::retrying(|| self.try_to_insert_users(new)).await?)
            }

            async fn update_account(
                &self,
                id: UserId,
                change: &UpdateFn<'_>,
            ) -> Result<Option<UpdatedAccount>, StoreError> {
                sql::retrying(|| self.try_to_update_account(id, change)).await?
            }
        }

        impl $store {
            /// Deletes what is older, in pieces as large as the statement says; tells how many rows
            /// it was.
            async fn purge(
                &self,
                statement: &'static str,
                before: OffsetDateTime,
            ) -> Result<u64, sqlx::Error> {
                let mut purged = 0;
                loop {
                    let query = || sqlx::query(statement).bind(to_micros(before));
                    let delete = || {
                        query()
                            .persistent(self.statement_cache())
                            .execute(&self.writer)
                    };
                    match sql::retrying(delete).await?.rows_affected() {
                        0 => return Ok(purged),
                        rows => purged += rows,
                    }
                }
            }

            async fn try_to_insert_users(&self, new: &[NewUser]) -> Result<(), sqlx::Error> {
                let mut transaction = self.begin_write().await?;
                insert_users(&mut transaction, new).await?;
                transaction.commit().await
            }

            /// The outer error may ask for another try. Returning early drops the transaction,
            /// which rolls it back.
            async fn try_to_update_account(
                &self,
                id: UserId,
                change: &UpdateFn<'_>,
            ) -> Result<Result<Option<UpdatedAccount>, StoreError>, sqlx::Error> {
                let persistent = self.statement_cache();
                let mut transaction = self.begin_write().await?;
                let query = sqlx::query($account_to_write)
                    .bind(id.0)
                    .persistent(persistent);
                let Some(row) = query.fetch_optional(&mut *transaction).await? else {
                    return Ok(Ok(None));
                };
                let before = sql::account(&row)?;
                let mut account = before.clone();
                let effects = match change(&mut account) {
                    Ok(Some(effects)) => effects,
                    Ok(None) => return Ok(Ok(None)),
                    Err(rejected) => return Ok(Err(rejected)),
                };
                if let Some(session) = effects.require_live_session {
                    // All that ends sessions holds the account, so this one does not end meanwhile.
                    let open = sqlx::query_scalar(sql::OPEN_SESSIONS)
                        .bind(session.0)
                        .bind(id.0);
                    let open: i64 = open
                        .persistent(persistent)
                        .fetch_one(&mut *transaction)
                        .await?;
                    if open == 0 {
                        return Ok(Ok(None));
                    }
                }
                if before.is_active_admin() && !account.is_active_admin() {
                    let lock =
                        sqlx::query(sql::LOCK_ADMINS).bind(to_micros(account.user.updated_at));
                    lock.persistent(persistent)
                        .execute(&mut *transaction)
                        .await?;
                    let others = sqlx::query_scalar(sql::OTHER_ACTIVE_ADMINS)
                        .bind(id.0)
                        .persistent(persistent);
                    let others: i64 = others.fetch_one(&mut *transaction).await?;
                    if others == 0 {
                        return Ok(Err(StoreError::new(StoreErrorKind::LastAdmin)));
                    }
                }
                if account != before {
                    update_user(&mut transaction, &account, persistent).await?;
                    update_words(&mut transaction, &before.user, &account.user, persistent).await?;
                }
                let ended = apply(&mut transaction, id, &effects, persistent).await?;
                insert_records(&mut transaction, &effects.records, persistent).await?;
                transaction.commit().await?;
                Ok(Ok(Some(UpdatedAccount { account, ended })))
            }
        }

        #[async_trait]
        impl BootstrapStore for $store {
            async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
                let count =
                    sqlx::query_scalar(sql::IS_BOOTSTRAPPED).persistent(self.statement_cache());
                let rows: i64 = count.fetch_one(&self.readers).await?;
                Ok(rows > 0)
            }

            async fn claim_bootstrap(
                &self,
                at: OffsetDateTime,
            ) -> Result<Option<Box<dyn BootstrapClaim>>, StoreError> {
                if self.is_bootstrapped().await? {
                    return Ok(None);
                }
                let mut transaction = self.begin_write().await?;
                let claimed = sqlx::query(sql::CLAIM_BOOTSTRAP)
                    .bind(to_micros(at))
                    .persistent(self.statement_cache())
                    .fetch_optional(&mut *transaction)
                    .await?;
                Ok(claimed.map(|_| Box::new(Claim { transaction }) as Box<dyn BootstrapClaim>))
            }
        }

        /// An open transaction that has inserted the bootstrap row; dropping it rolls back.
        struct Claim {
            transaction: sqlx::Transaction<'static, $db>,
        }

        #[async_trait]
        impl BootstrapClaim for Claim {
            async fn complete(mut self: Box<Self>, new: &[NewUser]) -> Result<(), StoreError> {
                insert_users(&mut self.transaction, new).await?;
                self.transaction.commit().await?;
                Ok(())
            }
        }

        async fn update_user(
            connection: &mut $connection,
            account: &Account,
            persistent: bool,
        ) -> Result<(), sqlx::Error> {
            let user = &account.user;
            sqlx::query(sql::UPDATE_USER)
                .bind(user.id.0)
                .bind(user.role.as_str())
                .bind(&user.full_name)
                .bind(user.email.as_ref().map(Email::as_str))
                .bind(user.phone.as_ref().map(Phone::as_str))
                .bind(user.telegram_id.map(|id| id.0))
                .bind(&user.telegram_username)
                .bind(user.is_active)
                .bind(user.password_change_required)
                .bind(to_micros(user.created_at))
                .bind(to_micros(user.updated_at))
                .bind(user.last_login_at.map(to_micros))
                .bind(account.password_hash.expose())
                .bind(account.password_verified_at.map(to_micros))
                .bind(account.password_expires_at.map(to_micros))
                .persistent(persistent)
                .execute(connection)
                .await?;
            Ok(())
        }
    };
}

pub(in crate::store) use sql_store;
