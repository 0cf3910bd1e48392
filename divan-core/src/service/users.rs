use std::time::Duration;

use time::OffsetDateTime;

use super::page::{self, Page};
use super::session::{session_info, to_time_duration};
use super::validation::{Validation, check_new_password};
use super::{Admin, AuthService, ClientInfo, Field, ServiceError, parse_phone};
use crate::api::{
    CreateUserRequest, CreatedUser, GeneratedPassword, ListUsersRequest, SessionInfo, UserPage,
};
use crate::password::Password;
use crate::session::EndReason;
use crate::store::{Account, FoundUsers, NewUser, SearchTerms, UserQuery};
use crate::types::{AuditAction, Email, Role, User, UserId};

/// How long a generated password is good for a sign-in.
const GENERATED_PASSWORD_LIFE: Duration = Duration::from_hours(72);

/// When a password that is generated now is no longer good.
pub(super) fn expiry_of_generated(now: OffsetDateTime) -> OffsetDateTime {
    now.saturating_add(to_time_duration(GENERATED_PASSWORD_LIFE))
}

// That an `Admin` asks is the permission for everything here.
impl AuthService {
    /// A page of the list of users, the newest first.
    ///
    /// # Errors
    /// What is wrong with the request, all of it at once.
    pub async fn list_users(
        &self,
        _: &Admin,
        request: &ListUsersRequest,
    ) -> Result<UserPage, ServiceError> {
        let mut validation = Validation::default();
        let filters = format!(
            "users {:?} {:?} {:?}",
            request.q, request.role, request.is_active
        );
        let Page { limit, before } =
            validation.page(request.limit, request.cursor.as_deref(), &filters);
        let typed = request.q.as_deref().unwrap_or_default().trim();
        let terms = if typed.is_empty() {
            Ok(SearchTerms::default())
        } else {
            SearchTerms::parse(typed)
        };
        let terms = validation.parsed(Field::Query, terms);
        let (Some(terms), true) = (terms, validation.is_valid()) else {
            return Err(validation.into_error());
        };

        let mut query = UserQuery::newest(limit + 1);
        query.terms = terms;
        query.role = request.role;
        query.is_active = request.is_active;
        query.before = before.map(UserId);
        let FoundUsers {
            users: mut items,
            scanned_until,
        } = self.parts.store.users(&query).await?;
        let next_cursor =
            page::truncate_page(&mut items, limit, |user| page::cursor(&filters, user.id.0))
                .or_else(|| scanned_until.map(|last| page::cursor(&filters, last.0)));
        Ok(UserPage::new(items, next_cursor))
    }

    /// The user with this id.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn get_user(&self, _: &Admin, id: UserId) -> Result<User, ServiceError> {
        let found = self.parts.store.account(id).await?;
        found
            .map(|account| account.user)
            .ok_or(ServiceError::NotFound)
    }

    /// Creates a user. Without a password one is generated, which is good for 72 hours and has to
    /// be changed at the first sign-in.
    ///
    /// # Errors
    /// What is wrong with the request, all of it at once; or that the phone number or address is
    /// somebody else's.
    pub async fn create_user(
        &self,
        admin: &Admin,
        request: &CreateUserRequest,
        client: &ClientInfo,
    ) -> Result<CreatedUser, ServiceError> {
        let mut validation = Validation::default();
        let full_name = validation.full_name(&request.full_name);
        let phone = request
            .phone
            .as_deref()
            .and_then(|typed| validation.phone(typed, self.parts.region));
        let email = request
            .email
            .as_deref()
            .and_then(|typed| validation.email(typed));
        let chosen = request
            .password
            .as_ref()
            .map(|typed| validation.password(Field::Password, typed));
        validation.require_login_field(
            request.role,
            request.phone.is_some(),
            request.email.is_some(),
        );
        let (Some(full_name), true) = (full_name, validation.is_valid()) else {
            return Err(validation.into_error());
        };

        let id = UserId::generate(self.parts.clock.as_ref(), self.parts.entropy.as_ref())?;
        let now = self.now();
        let mut user = User::new(id, request.role, full_name, now);
        user.phone = phone;
        user.email = email;
        let (password, generated) = if let Some(chosen) = chosen.flatten() {
            check_new_password(Field::Password, &chosen, &user)?;
            (chosen, None)
        } else {
            user.password_change_required = true;
            let generated = Password::generate(self.parts.entropy.as_ref())?;
            (generated.clone(), Some(generated.to_secret()))
        };
        let mut account = Account::new(user.clone(), self.parts.hashes.hash(password).await?);
        account.password_expires_at = generated.is_some().then(|| expiry_of_generated(now));
        let record = self
            .record_of(admin, AuditAction::UserCreated, id, client)
            .await?;
        self.insert(admin, &[NewUser::new(account, record)]).await?;
        Ok(CreatedUser::new(user, generated))
    }

    /// Adds users, all or nothing. The first active administrator that the operator makes closes
    /// the way of the network to become one.
    pub(super) async fn insert(&self, admin: &Admin, new: &[NewUser]) -> Result<(), ServiceError> {
        let mut users = new.iter().map(|new| &new.account.user);
        let has_admin = users.any(|user| user.role == Role::Admin && user.is_active);
        let is_operators = admin.user().is_none() && has_admin;
        let claim = if is_operators {
            self.parts.store.claim_bootstrap(self.now()).await?
        } else {
            None
        };
        match claim {
            Some(claim) => claim.complete(new).await?,
            None => self.parts.store.insert_users(new).await?,
        }
        Ok(())
    }

    /// The user who is named by id, phone number or e-mail address.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], also for what is none of the three.
    pub async fn find_user(&self, _: &Admin, named: &str) -> Result<User, ServiceError> {
        let store = &self.parts.store;
        let found = if let Ok(id) = named.parse::<UserId>() {
            store.account(id).await?
        } else if let Ok(email) = named.parse::<Email>() {
            store.account_by_email(&email).await?
        } else if let Ok(phone) = parse_phone(named, self.parts.region) {
            store.account_by_phone(&phone).await?
        } else {
            None
        };
        found
            .map(|account| account.user)
            .ok_or(ServiceError::NotFound)
    }

    /// Where a user is signed in, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_of(
        &self,
        _: &Admin,
        user: UserId,
    ) -> Result<Vec<SessionInfo>, ServiceError> {
        let live = self.parts.store.sessions_of(user, self.now()).await?;
        Ok(live
            .into_iter()
            .map(|session| session_info(session, None))
            .collect())
    }

    /// Gives a user a generated password, good for 72 hours and to be changed at the next sign-in,
    /// and signs the user out everywhere.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn reset_password(
        &self,
        admin: &Admin,
        user: UserId,
        client: &ClientInfo,
    ) -> Result<GeneratedPassword, ServiceError> {
        if self.parts.store.account(user).await?.is_none() {
            return Err(ServiceError::NotFound);
        }
        let password = Password::generate(self.parts.entropy.as_ref())?;
        let generated = password.to_secret();
        let hash = self.parts.hashes.hash(password).await?;
        let record = self
            .record_of(admin, AuditAction::PasswordReset, user, client)
            .await?;
        let now = record.at;
        let reset = |account: &mut Account| {
            account.password_hash = hash.clone();
            account.password_expires_at = Some(expiry_of_generated(now));
            account.user.password_change_required = true;
            account.user.updated_at = now;
        };
        let changed = self
            .change_and_sign_out(user, None, EndReason::PasswordReset, record, &reset)
            .await?;
        changed.ok_or(ServiceError::NotFound)?;
        Ok(GeneratedPassword::new(generated))
    }

    /// Forgets the Telegram account that a user is bound to, and signs the user out everywhere. The
    /// next sign-in binds another one. Nothing happens to a user who is bound to none.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn unlink_telegram(
        &self,
        admin: &Admin,
        user: UserId,
        client: &ClientInfo,
    ) -> Result<User, ServiceError> {
        let record = self
            .record_of(admin, AuditAction::TelegramUnlinked, user, client)
            .await?;
        let found = self.get_user(admin, user).await?;
        if found.telegram_id.is_none() {
            return Ok(found);
        }
        let now = record.at;
        let unlink = |account: &mut Account| {
            account.user.telegram_id = None;
            account.user.telegram_username = None;
            account.user.updated_at = now;
        };
        let changed = self
            .change_and_sign_out(user, None, EndReason::TelegramUnlinked, record, &unlink)
            .await?;
        changed.ok_or(ServiceError::NotFound)
    }

    /// Signs a user out everywhere.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`].
    pub async fn end_user_sessions(
        &self,
        admin: &Admin,
        user: UserId,
        client: &ClientInfo,
    ) -> Result<(), ServiceError> {
        let record = self
            .record_of(admin, AuditAction::SignedOutEverywhere, user, client)
            .await?;
        let signed_out = self
            .sign_out(user, None, EndReason::SignedOutByAdmin, record)
            .await?;
        signed_out.map(drop).ok_or(ServiceError::NotFound)
    }
}
