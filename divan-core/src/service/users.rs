use std::time::Duration;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::attempt::trusted_hash;
use super::page::{ListId, PageRequest, truncate_page};
use super::session::{SessionView, to_time_duration};
use super::validation::Validation;
use super::{AdminService, Cursor, Field, InvalidFieldReason, ServiceError, parse_phone};
use crate::password::Password;
use crate::secret::Secret;
use crate::session::EndReason;
use crate::store::{Account, FoundUsers, NewUser, SearchTerms, UserCount, UserQuery};
use crate::types::{AuditAction, Email, Metadata, Role, TelegramId, User, UserId};

/// The lifetime of a generated password.
const GENERATED_PASSWORD_LIFE: Duration = Duration::from_hours(72);

/// Returns the expiry of a password that is generated now.
pub(super) fn expiry_of_generated(now: OffsetDateTime) -> OffsetDateTime {
    now.saturating_add(to_time_duration(GENERATED_PASSWORD_LIFE))
}

/// A query of users. All filters apply together.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ListUsersQuery {
    /// Search terms: each is a prefix of the phone number, the e-mail address, a word of the name or,
    /// after `@`, the Telegram username.
    pub query: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// Active or inactive users only.
    pub is_active: Option<bool>,
    /// The id in another system.
    pub external_id: Option<String>,
    /// The linked Telegram account.
    pub telegram_id: Option<TelegramId>,
    /// Users who have or have not signed in yet only.
    pub has_signed_in: Option<bool>,
    /// Only users with or without a linked Telegram account.
    pub is_linked: Option<bool>,
    /// Counts the users of all pages. Default: `false`.
    pub with_total: bool,
    /// Returns the users with their metadata. Default: `false`.
    pub with_metadata: bool,
    /// The size of the page, 1 to 200. Default: 50.
    pub limit: Option<u32>,
    /// The cursor of the previous page.
    pub cursor: Option<Cursor>,
}

/// A page of users.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserPage {
    /// The users, newest first.
    pub items: Vec<User>,
    /// The cursor of the next page; `None` after the last one.
    pub next_cursor: Option<Cursor>,
    /// The number of users of all pages, with [`ListUsersQuery::with_total`].
    pub total: Option<UserCount>,
}

fn yes_or_no(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

/// Creates a user. An employee needs a phone number, an administrator an e-mail address.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreateUserCommand {
    /// The role.
    pub role: Role,
    /// The name.
    pub full_name: String,
    /// The phone number, in any form that [`parse_phone`] accepts.
    pub phone: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The id in another system.
    pub external_id: Option<String>,
    /// Attributes for the application: a JSON object of at most [`Metadata::MAX_BYTES`].
    pub metadata: Option<Map<String, Value>>,
    /// The password. Without one, a password is generated. Only the operator may set the password
    /// of an administrator.
    pub password: Option<Secret>,
}

impl CreateUserCommand {
    /// Creates the command for a user without phone number, e-mail address and password.
    pub fn new(role: Role, full_name: impl Into<String>) -> Self {
        Self {
            role,
            full_name: full_name.into(),
            phone: None,
            email: None,
            external_id: None,
            metadata: None,
            password: None,
        }
    }

    /// Creates the command for an employee with this phone number.
    pub fn employee(full_name: impl Into<String>, phone: impl Into<String>) -> Self {
        Self {
            phone: Some(phone.into()),
            ..Self::new(Role::Employee, full_name)
        }
    }

    /// Creates the command for an administrator with this e-mail address.
    pub fn admin(full_name: impl Into<String>, email: impl Into<String>) -> Self {
        Self {
            email: Some(email.into()),
            ..Self::new(Role::Admin, full_name)
        }
    }

    /// Sets the password.
    #[must_use]
    pub fn password(mut self, password: impl Into<Secret>) -> Self {
        self.password = Some(password.into());
        self
    }
}

/// A new user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedUser {
    /// The user.
    pub user: User,
    /// The generated password, if none was given: valid for 72 hours, to be changed at the first
    /// sign-in. It is not stored and cannot be shown again.
    pub generated_password: Option<Secret>,
}

/// The checked fields of a command that creates a user.
struct NewFields {
    user: User,
    metadata: Option<Metadata>,
    /// The chosen password.
    password: Option<Password>,
}

/// # Users
impl AdminService<'_> {
    /// Lists users, newest first. A page may have fewer users than the limit and still a next one.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with all invalid fields.
    pub async fn list_users(self, query: &ListUsersQuery) -> Result<UserPage, ServiceError> {
        let telegram_id = query.telegram_id.map(|id| id.0.to_string());
        let list = ListId::new("users")
            .filter("query", query.query.as_deref())
            .filter("role", query.role.map(Role::as_str))
            .filter("is_active", query.is_active.map(yes_or_no))
            .filter("has_signed_in", query.has_signed_in.map(yes_or_no))
            .filter("is_linked", query.is_linked.map(yes_or_no))
            .filter("telegram_id", telegram_id.as_deref())
            .filter("external_id", query.external_id.as_deref())
            .tag();
        let mut validation = Validation::default();
        let PageRequest { limit, before } =
            validation.page(list, query.limit, query.cursor.as_ref());
        let terms = match query.query.as_deref().unwrap_or_default().trim() {
            "" => Ok(SearchTerms::default()),
            typed => SearchTerms::parse(typed),
        };
        let terms = validation.parsed(Field::Query, terms);
        let external_id = query.external_id.as_deref();
        let external_id = external_id.and_then(|typed| validation.external_id(typed));
        let (Some(terms), true) = (terms, validation.is_valid()) else {
            return Err(validation.into_error());
        };

        let mut stored = UserQuery::newest(limit + 1);
        stored.terms = terms;
        stored.role = query.role;
        stored.is_active = query.is_active;
        stored.external_id = external_id;
        stored.telegram_id = query.telegram_id;
        stored.has_signed_in = query.has_signed_in;
        stored.is_linked = query.is_linked;
        stored.with_metadata = query.with_metadata;
        stored.before = before.map(UserId);
        let FoundUsers {
            users: mut items,
            scanned_until,
        } = self.service.parts.store.users(&stored).await?;
        let total = if query.with_total {
            Some(self.service.parts.store.count_users(&stored).await?)
        } else {
            None
        };
        let last_id = truncate_page(&mut items, limit, |user| user.id.0)
            .or_else(|| scanned_until.map(|last| last.0));
        Ok(UserPage {
            items,
            next_cursor: last_id.map(|id| list.cursor_after(id)),
            total,
        })
    }

    /// Returns the user with this id.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_user(self, id: UserId) -> Result<User, ServiceError> {
        let found = self.service.parts.store.account(id).await?;
        found
            .map(|account| account.user)
            .ok_or(ServiceError::NotFound)
    }

    /// Returns the user with this id, with the metadata.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_user_with_metadata(self, id: UserId) -> Result<User, ServiceError> {
        let found = self.service.parts.store.account(id).await?;
        found
            .map(Account::into_user_with_metadata)
            .ok_or(ServiceError::NotFound)
    }

    /// Finds a user by id, phone number or e-mail address.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], including for a text that is none of the three.
    pub async fn find_user(self, text: &str) -> Result<User, ServiceError> {
        let store = &self.service.parts.store;
        let found = if let Ok(id) = text.parse::<UserId>() {
            store.account(id).await?
        } else if let Ok(email) = text.parse::<Email>() {
            store.account_by_email(&email).await?
        } else if let Ok(phone) = parse_phone(text, self.service.parts.region) {
            store.account_by_phone(&phone).await?
        } else {
            None
        };
        found
            .map(|account| account.user)
            .ok_or(ServiceError::NotFound)
    }

    /// Creates a user. A generated password is valid for 72 hours and must be changed at the first
    /// sign-in. The chosen password of an employee is valid for 72 hours, unless a sign-in links a
    /// Telegram account before.
    ///
    /// # Errors
    /// [`ServiceError::InsufficientAuthentication`] for an administrator without a proof of identity of
    /// the last five minutes, [`ServiceError::Invalid`] with all invalid fields,
    /// [`ServiceError::WeakPassword`], or
    /// [`ServiceError::Store`] if another user has the phone number, e-mail address or external id.
    ///
    /// ```
    /// use divan_core::service::{AdminService, CreateUserCommand, ServiceError};
    ///
    /// async fn hire(admin: AdminService<'_>) -> Result<(), ServiceError> {
    ///     let command = CreateUserCommand::employee("First Last", "8 (701) 123-45-67");
    ///     let created = admin.create_user(&command).await?;
    ///     assert!(created.generated_password.is_some());
    ///     Ok(())
    /// }
    /// ```
    pub async fn create_user(
        self,
        command: &CreateUserCommand,
    ) -> Result<CreatedUser, ServiceError> {
        self.require_allowed(command.role)?;
        if command.role == Role::Admin {
            self.require_no_approval()?;
            self.require_fresh_proof().await?;
        }
        let parts = &self.service.parts;
        let NewFields {
            mut user,
            metadata,
            password: chosen,
        } = self.new_user(command)?;
        let (password, generated) = if let Some(chosen) = chosen {
            self.service
                .check_new_password(Field::Password, &chosen, &user)?;
            (chosen, None)
        } else {
            user.password_change_required = true;
            let generated = Password::generate(parts.entropy.as_ref())?;
            (generated.clone(), Some(generated.to_secret()))
        };
        let hash = parts
            .hashes
            .hash(trusted_hash(self.admin.id()), password)
            .await?;
        let mut account = Account::new(user.clone(), hash);
        account.metadata = metadata.clone().unwrap_or_default();
        user.metadata = metadata;
        // Until a Telegram account is linked, the password alone is enough to link one.
        let expires = generated.is_some() || user.role == Role::Employee;
        account.password_expires_at = expires.then(|| expiry_of_generated(user.created_at));
        let event = self.audit_event(AuditAction::UserCreated, user.id).await?;
        self.insert(&[self.service.new_user(account, event)])
            .await?;
        Ok(CreatedUser {
            user,
            generated_password: generated,
        })
    }

    /// Validates the command.
    fn new_user(self, command: &CreateUserCommand) -> Result<NewFields, ServiceError> {
        let parts = &self.service.parts;
        let mut validation = Validation::default();
        let full_name = validation.full_name(&command.full_name);
        let phone = command.phone.as_deref();
        let phone = phone.and_then(|typed| validation.phone(typed, parts.region));
        let email = command.email.as_deref();
        let email = email.and_then(|typed| validation.email(typed));
        let external_id = command.external_id.as_deref();
        let external_id = external_id.and_then(|typed| validation.external_id(typed));
        let metadata = command.metadata.as_ref();
        let metadata = metadata.and_then(|members| validation.metadata(members));
        let password = command.password.as_ref();
        let password = password.and_then(|typed| validation.password(Field::Password, typed));
        validation.require_login_field(
            command.role,
            command.phone.is_some(),
            command.email.is_some(),
        );
        // Another administrator must not know an administrator's password.
        if password.is_some() && command.role == Role::Admin && !self.admin.is_operator() {
            validation.reject(Field::Password, InvalidFieldReason::GeneratedOnly);
        }
        let (Some(full_name), true) = (full_name, validation.is_valid()) else {
            return Err(validation.into_error());
        };
        let id = UserId::generate(parts.clock.as_ref(), parts.entropy.as_ref())?;
        let mut user = User::new(id, command.role, full_name, self.service.now());
        (user.phone, user.email, user.external_id) = (phone, email, external_id);
        Ok(NewFields {
            user,
            metadata,
            password,
        })
    }

    /// Inserts users, all or none. The first active administrator that the operator creates closes
    /// the bootstrap.
    pub(super) async fn insert(self, new: &[NewUser]) -> Result<(), ServiceError> {
        let store = &self.service.parts.store;
        let mut users = new.iter().map(|new| &new.account.user);
        let has_admin = users.any(|user| user.role == Role::Admin && user.is_active);
        let claim = if self.admin.is_operator() && has_admin {
            store.claim_bootstrap(self.service.now()).await?
        } else {
            None
        };
        Ok(self.service.insert_users(claim, new).await?)
    }

    /// Lists the live sessions of a user, newest first.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn user_sessions(self, user: UserId) -> Result<Vec<SessionView>, ServiceError> {
        self.get_user(user).await?;
        self.service.session_views(user, None).await
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::ServiceNotAllowed`].
    pub async fn end_user_sessions(self, user: UserId) -> Result<(), ServiceError> {
        if self.admin.as_service().is_some() {
            self.require_allowed(self.get_user(user).await?.role)?;
        }
        let event = self
            .audit_event(AuditAction::SignedOutEverywhere, user)
            .await?;
        let signed_out = self
            .service
            .sign_out(user, None, EndReason::SignedOutByAdmin, event)
            .await?;
        signed_out.map(drop).ok_or(ServiceError::NotFound)
    }
}
