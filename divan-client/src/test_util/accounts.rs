use std::str::FromStr;
use std::time::SystemTime;

use divan_core::api::{CreateUserRequest, ListUsersRequest, ProblemCode, UpdateUserRequest};
use divan_core::secret::Secret;
use divan_core::types::{Role, TelegramId, User, UserId};

use super::{ADMIN_PASSWORD, EMPLOYEE_PASSWORD, made_up_id};

pub(super) const PHONE: &str = "+77011234567";
pub(super) const EMAIL: &str = "admin@example.com";

/// Who there is, with which password.
pub(super) struct Accounts {
    all: Vec<Account>,
    /// Who may come in by the Telegram account alone.
    proven: Option<UserId>,
}

struct Account {
    user: User,
    password: Secret,
}

impl Accounts {
    pub(super) fn new(now: SystemTime) -> Self {
        let mut accounts = Self {
            all: Vec::new(),
            proven: None,
        };
        let employee =
            CreateUserRequest::employee("Made-up Employee", PHONE).password(EMPLOYEE_PASSWORD);
        let admin =
            CreateUserRequest::admin("Made-up Administrator", EMAIL).password(ADMIN_PASSWORD);
        for request in [employee, admin] {
            // Both are as they have to be.
            let _ = accounts.create(request, now);
        }
        accounts
    }

    pub(super) fn employee(&self) -> User {
        self.all[0].user.clone()
    }

    pub(super) fn admin(&self) -> User {
        self.all[1].user.clone()
    }

    pub(super) fn create(
        &mut self,
        request: CreateUserRequest,
        now: SystemTime,
    ) -> Result<(User, Option<Secret>), ProblemCode> {
        let id: UserId = made_up_id(1, self.all.len());
        let mut user = User::new(id, request.role, request.full_name, now.into());
        user.phone = read(request.phone)?;
        user.email = read(request.email)?;
        self.check(&user)?;
        let generated = request
            .password
            .is_none()
            .then(|| made_up_password(self.all.len()));
        user.password_change_required = generated.is_some();
        let password = request
            .password
            .or_else(|| generated.clone())
            .unwrap_or_default();
        self.all.push(Account {
            user: user.clone(),
            password,
        });
        Ok((user, generated))
    }

    pub(super) fn user(&self, id: UserId) -> Option<User> {
        self.all
            .iter()
            .map(|account| &account.user)
            .find(|user| user.id == id)
            .cloned()
    }

    /// The newest first, as far as a page of the list is about them.
    pub(super) fn found_by(&self, request: &ListUsersRequest) -> Vec<User> {
        let typed = request.q.as_deref().unwrap_or_default().to_lowercase();
        let is_found = |user: &&User| {
            let words = user.full_name.split_whitespace().map(str::to_lowercase);
            let names = [
                user.phone.as_ref().map(ToString::to_string),
                user.email.as_ref().map(ToString::to_string),
            ];
            words
                .chain(names.into_iter().flatten())
                .any(|word| word.starts_with(&typed))
                && request.role.is_none_or(|role| user.role == role)
                && request
                    .is_active
                    .is_none_or(|is_active| user.is_active == is_active)
        };
        self.all
            .iter()
            .rev()
            .map(|account| &account.user)
            .filter(is_found)
            .cloned()
            .collect()
    }

    pub(super) fn reset_password(&mut self, id: UserId) -> Result<Secret, ProblemCode> {
        self.forget_proof(id);
        let password = made_up_password(self.all.len());
        let account = self.all.iter_mut().find(|account| account.user.id == id);
        let account = account.ok_or(ProblemCode::NotFound)?;
        account.password = password.clone();
        account.user.password_change_required = true;
        Ok(password)
    }

    /// Signs in with phone number and password; without a phone number (a contact was shared) the
    /// first employee.
    pub(super) fn telegram_login(
        &mut self,
        phone: Option<&str>,
        password: &Secret,
    ) -> Result<User, ProblemCode> {
        let phone = phone.unwrap_or(PHONE);
        let account = self.find(Role::Employee, password, |user| {
            user.phone.as_ref().is_some_and(|own| own.as_str() == phone)
        })?;
        account.user.telegram_id.get_or_insert(TelegramId(42));
        let user = account.user.clone();
        self.proven = Some(user.id);
        Ok(user)
    }

    pub(super) fn auto_login(&self) -> Result<User, ProblemCode> {
        self.proven
            .and_then(|id| self.user(id))
            .ok_or(ProblemCode::PasswordRequired)
    }

    pub(super) fn admin_login(
        &mut self,
        email: &str,
        password: &Secret,
    ) -> Result<User, ProblemCode> {
        let account = self.find(Role::Admin, password, |user| {
            user.email
                .as_ref()
                .is_some_and(|own| own.as_str().eq_ignore_ascii_case(email))
        })?;
        Ok(account.user.clone())
    }

    pub(super) fn change_password(
        &mut self,
        id: UserId,
        current: &Secret,
        next: Secret,
    ) -> Result<User, ProblemCode> {
        let account = self
            .all
            .iter_mut()
            .find(|account| account.user.id == id && account.password.expose() == current.expose());
        let account = account.ok_or(ProblemCode::InvalidCredentials)?;
        account.password = next;
        account.user.password_change_required = false;
        let user = account.user.clone();
        self.forget_proof(id);
        Ok(user)
    }

    pub(super) fn update(
        &mut self,
        id: UserId,
        request: UpdateUserRequest,
    ) -> Result<User, ProblemCode> {
        let mut user = self.user(id).ok_or(ProblemCode::NotFound)?;
        let before = user.role;
        user.full_name = request.full_name.unwrap_or(user.full_name);
        user.role = request.role.unwrap_or(user.role);
        user.is_active = request.is_active.unwrap_or(user.is_active);
        if let Some(phone) = request.phone {
            user.phone = read(phone)?;
        }
        if let Some(email) = request.email {
            user.email = read(email)?;
        }
        self.check(&user)?;
        if user.role == Role::Admin && before != Role::Admin {
            user.password_change_required = true;
        }
        if !user.is_active || user.role != before {
            self.forget_proof(id);
        }
        if let Some(account) = self.all.iter_mut().find(|account| account.user.id == id) {
            account.user = user.clone();
        }
        Ok(user)
    }

    pub(super) fn unlink_telegram(&mut self, id: UserId) -> Result<User, ProblemCode> {
        self.forget_proof(id);
        let account = self.all.iter_mut().find(|account| account.user.id == id);
        let user = &mut account.ok_or(ProblemCode::NotFound)?.user;
        user.telegram_id = None;
        Ok(user.clone())
    }

    /// From now on the password is asked for.
    pub(super) fn forget_proof(&mut self, id: UserId) {
        self.proven.take_if(|proven| *proven == id);
    }

    /// Whether the user can be among the others.
    fn check(&self, user: &User) -> Result<(), ProblemCode> {
        let is_named = if user.role == Role::Admin {
            user.email.is_some()
        } else {
            user.phone.is_some()
        };
        if !is_named {
            return Err(ProblemCode::ValidationFailed);
        }
        let mut is_admin_left = user.role == Role::Admin && user.is_active;
        for other in self
            .all
            .iter()
            .map(|account| &account.user)
            .filter(|other| other.id != user.id)
        {
            is_admin_left |= other.role == Role::Admin && other.is_active;
            if user.phone.is_some() && user.phone == other.phone {
                return Err(ProblemCode::PhoneTaken);
            }
            if user.email.is_some() && user.email == other.email {
                return Err(ProblemCode::EmailTaken);
            }
        }
        // Those who are there from the start are made one after the other.
        let is_whole = self.all.len() > 1;
        if is_whole && !is_admin_left {
            Err(ProblemCode::LastAdmin)
        } else {
            Ok(())
        }
    }

    fn find(
        &mut self,
        role: Role,
        password: &Secret,
        is_named: impl Fn(&User) -> bool,
    ) -> Result<&mut Account, ProblemCode> {
        let found = self.all.iter_mut().find(|account| {
            account.user.role == role
                && account.user.is_active
                && is_named(&account.user)
                && account.password.expose() == password.expose()
        });
        found.ok_or(ProblemCode::InvalidCredentials)
    }
}

/// What stands for a generated password.
fn made_up_password(index: usize) -> Secret {
    Secret::new(format!("made-up-{index:07}"))
}

fn read<T: FromStr>(text: Option<String>) -> Result<Option<T>, ProblemCode> {
    text.map(|text| text.parse().map_err(|_| ProblemCode::ValidationFailed))
        .transpose()
}
