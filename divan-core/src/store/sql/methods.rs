/// Implements the traits of the store for one database, and its migrations.
///
/// The type has the pools `writer` and `readers` of `$db`, the methods `begin_write` (a transaction for writing),
/// `locked` (one that holds the lock of migrations) and `keeps_statements` that tells whether prepared statements are kept. A macro, because `sqlx` has no name for «any
/// database that knows these five types», and the bounds for it would hide the methods.
macro_rules! sql_store {
    ($store:ident, $db:ty, $connection:ty, $migrations:path, $has_migrations:expr) => {
        impl $store {
            /// What the schema of the database is to this program.
            ///
            /// # Errors
            /// When the database fails.
            pub async fn schema(&self) -> Result<Schema, StoreError> {
                let mut connection = self.writer.acquire().await?;
                Self::schema_of(&mut connection).await
            }

            /// Brings the schema up to date, all of it or nothing. Takes no lock when there is nothing to do; otherwise
            /// another program that does the same is waited for, at most a minute.
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
                transaction.commit().await.map_err(StoreError::from)?;
                Ok(())
            }

            async fn schema_of(connection: &mut $connection) -> Result<Schema, StoreError> {
                let tables: i64 =
                    sqlx::query_scalar($has_migrations).persistent(false).fetch_one(&mut *connection).await?;
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
                let row = query.persistent(self.keeps_statements()).fetch_optional(&self.readers).await?;
                Ok(row.as_ref().map(sql::account).transpose()?)
            }
        }

        #[async_trait]
        impl Store for $store {
            async fn ping(&self) -> Result<(), StoreError> {
                sqlx::query(sql::PING).persistent(self.keeps_statements()).execute(&self.readers).await?;
                Ok(())
            }
        }

        #[async_trait]
        impl UserStore for $store {
            async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
                Ok(self.find(sqlx::query(sql::USER_BY_ID).bind(id.0)).await?.map(|account| account.user))
            }

            async fn account_by_phone(&self, phone: &Phone) -> Result<Option<Account>, StoreError> {
                self.find(sqlx::query(sql::ACCOUNT_BY_PHONE).bind(phone.as_str())).await
            }

            async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
                self.find(sqlx::query(sql::ACCOUNT_BY_EMAIL).bind(email.as_str())).await
            }

            async fn insert_user(&self, account: &Account) -> Result<(), StoreError> {
                sql::retrying(|| insert_user(&self.writer, account, self.keeps_statements())).await?;
                Ok(())
            }

            async fn complete_sign_in(&self, sign_in: &SignIn) -> Result<SignInOutcome, StoreError> {
                let telegram = sign_in.telegram.as_ref();
                let updated = sql::retrying(|| {
                    sqlx::query(sql::COMPLETE_SIGN_IN)
                        .bind(sign_in.user.0)
                        .bind(sign_in.seen_hash.expose())
                        .bind(sign_in.new_hash.expose())
                        .bind(telegram.map(|telegram| telegram.id.0))
                        .bind(telegram.and_then(|telegram| telegram.username.as_deref()))
                        .bind(to_micros(sign_in.at))
                        .bind(sign_in.role.as_str())
                        .persistent(self.keeps_statements())
                        // Not `fetch_optional`: it stops at the row, and SQLite commits (or fails to) after it.
                        .fetch_all(&self.writer)
                });
                match updated.await.map_err(StoreError::from) {
                    Ok(rows) => match rows.first() {
                        Some(row) => Ok(SignInOutcome::Done(Box::new(sql::account(row)?.user))),
                        None => Ok(SignInOutcome::Changed),
                    },
                    Err(error) if error.kind() == StoreErrorKind::Conflict(UniqueKey::TelegramId) => {
                        Ok(SignInOutcome::TelegramTaken)
                    }
                    Err(error) => Err(error),
                }
            }
        }

        #[async_trait]
        impl BootstrapStore for $store {
            async fn is_bootstrapped(&self) -> Result<bool, StoreError> {
                let count = sqlx::query_scalar(sql::IS_BOOTSTRAPPED).persistent(self.keeps_statements());
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
                    .persistent(self.keeps_statements())
                    .fetch_optional(&mut *transaction)
                    .await?;
                let claim = Claim { transaction, persistent: self.keeps_statements() };
                Ok(claimed.map(|_| Box::new(claim) as Box<dyn BootstrapClaim>))
            }
        }

        /// An open transaction that has inserted the bootstrap row; dropping it rolls back.
        struct Claim {
            transaction: sqlx::Transaction<'static, $db>,
            persistent: bool,
        }

        #[async_trait]
        impl BootstrapClaim for Claim {
            async fn complete(mut self: Box<Self>, account: &Account) -> Result<(), StoreError> {
                insert_user(&mut *self.transaction, account, self.persistent).await?;
                self.transaction.commit().await?;
                Ok(())
            }
        }

        async fn insert_user(
            executor: impl sqlx::Executor<'_, Database = $db>,
            account: &Account,
            persistent: bool,
        ) -> Result<(), sqlx::Error> {
            let user = &account.user;
            sqlx::query(sql::INSERT_USER)
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
                .persistent(persistent)
                .execute(executor)
                .await?;
            Ok(())
        }
    };
}

pub(in crate::store) use sql_store;
