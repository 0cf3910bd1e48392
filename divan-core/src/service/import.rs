use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use tokio::task::JoinSet;

use super::users::expiry_of_generated;
use super::validation::Validation;
use super::{
    Admin, AuthService, ClientInfo, Field, InvalidField, InvalidFieldReason, ServiceError,
};
use crate::password::{HashError, HashQueueError, Password, PasswordHash};
use crate::secret::Secret;
use crate::store::{Account, NewUser};
use crate::types::{AuditAction, Email, Phone, Role, User, UserId};

/// Somebody of a list of people to import, as the list has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportedUser {
    /// Where in the list, as whoever reads the errors counts.
    pub line: u64,
    /// What the person may do.
    pub role: Role,
    /// The person's name.
    pub full_name: String,
    /// The phone number, as typed.
    pub phone: Option<String>,
    /// The e-mail address, as typed.
    pub email: Option<String>,
    /// Whether the person may sign in. Default: yes.
    pub is_active: bool,
    /// The hash of the password, as another system has stored it: see [`PasswordHash::check`].
    /// Without one a password is generated.
    pub password_hash: Option<PasswordHash>,
}

impl ImportedUser {
    /// Somebody who has nothing yet to sign in with.
    pub fn new(line: u64, role: Role, full_name: impl Into<String>) -> Self {
        Self {
            line,
            role,
            full_name: full_name.into(),
            phone: None,
            email: None,
            is_active: true,
            password_hash: None,
        }
    }
}

/// What is wrong with a line of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportError {
    /// The line, as [`ImportedUser::line`] has it.
    pub line: u64,
    /// All that is wrong with it.
    pub errors: Vec<InvalidField>,
}

impl ImportError {
    /// This is wrong with the line.
    pub fn new(line: u64, errors: Vec<InvalidField>) -> Self {
        Self { line, errors }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        write!(f, "line {}: {}", self.line, errors.join("; "))
    }
}

/// People who can be imported as they are: [`AuthService::check_import`] has looked at each of
/// them.
#[derive(Debug)]
pub struct CheckedImport {
    people: Vec<(User, Option<PasswordHash>)>,
}

/// Accounts that are ready to be written by [`AuthService::complete_import`].
#[derive(Debug)]
pub struct PreparedImport {
    people: Vec<(Account, Option<Secret>)>,
}

impl CheckedImport {
    /// How many people it is.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// How many of them come without a hash, and get a generated password.
    pub fn without_hash(&self) -> usize {
        self.people
            .iter()
            .filter(|(_, hash)| hash.is_none())
            .count()
    }
}

impl PreparedImport {
    /// The people whose password was generated, with the password: to be handed out, and shown
    /// nowhere else.
    pub fn generated(&self) -> impl Iterator<Item = (&User, &Secret)> {
        self.people
            .iter()
            .filter_map(|(account, password)| Some((&account.user, password.as_ref()?)))
    }
}

// In three steps, so that a list can be checked alone, and passwords written down before they are
// good.
impl AuthService {
    /// Checks a list of people to import, and writes nothing: each for itself, against each other,
    /// and against those who are there. The inner error has every line with which something is
    /// wrong, in their order.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn check_import(
        &self,
        _: &Admin,
        people: &[ImportedUser],
    ) -> Result<Result<CheckedImport, Vec<ImportError>>, ServiceError> {
        let mut lines = Lines::default();
        let mut checked = Vec::with_capacity(people.len());
        for person in people {
            let mut validation = Validation::default();
            if let Some(user) = self.check_imported(&mut validation, &mut lines, person)? {
                checked.push((user, person.password_hash.clone()));
            }
            let errors = validation.into_errors();
            if !errors.is_empty() {
                lines.errors.push(ImportError::new(person.line, errors));
            }
        }
        let phones: Vec<Phone> = lines.phones.keys().cloned().collect();
        let emails: Vec<Email> = lines.emails.keys().cloned().collect();
        for user in self.parts.store.users_by_contact(&phones, &emails).await? {
            lines.taken_by(&user);
        }
        Ok(lines
            .into_errors()
            .map_or(Ok(CheckedImport { people: checked }), Err))
    }

    /// Generates the passwords of those who come without a hash, and hashes them. `progress` is
    /// told after each how many are done.
    ///
    /// # Errors
    /// When hashing fails; nothing was written.
    pub async fn prepare_import(
        &self,
        import: CheckedImport,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<PreparedImport, ServiceError> {
        let mut people = Vec::with_capacity(import.people.len());
        let mut hashing: JoinSet<Hashed> = JoinSet::new();
        let mut done = 0;
        let mut generated = |people: &mut Vec<_>, (place, account, password)| {
            people.push((place, account, Some(password)));
            done += 1;
            progress(done);
        };
        for (place, (mut user, hash)) in import.people.into_iter().enumerate() {
            if let Some(hash) = hash {
                // What the password is, nobody knows, and the rules for administrators are
                // stricter.
                user.password_change_required = user.role == Role::Admin;
                people.push((place, Account::new(user, hash), None));
                continue;
            }
            user.password_change_required = true;
            if hashing.len() >= self.parts.hashes.at_a_time() {
                generated(&mut people, next_of(&mut hashing).await?);
            }
            let password = Password::generate(self.parts.entropy.as_ref())?;
            let hashes = self.parts.hashes.clone();
            hashing.spawn(async move {
                let shown = password.to_secret();
                Ok((
                    place,
                    Account::new(user, hashes.hash(password).await?),
                    shown,
                ))
            });
        }
        while !hashing.is_empty() {
            generated(&mut people, next_of(&mut hashing).await?);
        }
        people.sort_by_key(|(place, ..)| *place);
        Ok(PreparedImport {
            people: people
                .into_iter()
                .map(|(_, account, shown)| (account, shown))
                .collect(),
        })
    }

    /// Writes all of them, or nobody. Generated passwords are good for 72 hours from now. Tells how
    /// many people it were.
    ///
    /// # Errors
    /// Among others that the phone number or e-mail address of one of them is somebody's by now.
    pub async fn complete_import(
        &self,
        admin: &Admin,
        import: PreparedImport,
        client: &ClientInfo,
    ) -> Result<usize, ServiceError> {
        let now = self.now();
        self.still_admin(admin).await?;
        let mut new = Vec::with_capacity(import.people.len());
        for (mut account, generated) in import.people {
            account.password_expires_at = generated.is_some().then(|| expiry_of_generated(now));
            let record = self.record(
                AuditAction::UserCreated,
                admin.id(),
                account.user.id,
                client,
            )?;
            new.push(NewUser::new(account, record));
        }
        sort_for_locking(&mut new);
        self.insert(admin, &new).await?;
        Ok(new.len())
    }

    /// The user, unless something is wrong with the line.
    fn check_imported(
        &self,
        validation: &mut Validation,
        lines: &mut Lines,
        person: &ImportedUser,
    ) -> Result<Option<User>, ServiceError> {
        let full_name = validation.full_name(&person.full_name);
        let phone = person
            .phone
            .as_deref()
            .and_then(|typed| validation.phone(typed, self.parts.region));
        let email = person
            .email
            .as_deref()
            .and_then(|typed| validation.email(typed));
        validation.require_login_field(person.role, person.phone.is_some(), person.email.is_some());
        if let Some(Err(unusable)) = person.password_hash.as_ref().map(PasswordHash::check) {
            validation.reject(Field::PasswordHash, unusable);
        }
        if let Some(first) = first_with(&mut lines.phones, phone.as_ref(), person.line) {
            validation.reject(Field::Phone, InvalidFieldReason::SameAsLine { line: first });
        }
        if let Some(first) = first_with(&mut lines.emails, email.as_ref(), person.line) {
            validation.reject(Field::Email, InvalidFieldReason::SameAsLine { line: first });
        }
        let Some(full_name) = full_name.filter(|_| validation.is_valid()) else {
            return Ok(None);
        };

        let id = UserId::generate(self.parts.clock.as_ref(), self.parts.entropy.as_ref())?;
        let mut user = User::new(id, person.role, full_name, self.now());
        (user.phone, user.email, user.is_active) = (phone, email, person.is_active);
        Ok(Some(user))
    }
}

/// Which line has which sign-in name, and what is wrong.
#[derive(Default)]
struct Lines {
    phones: HashMap<Phone, u64>,
    emails: HashMap<Email, u64>,
    errors: Vec<ImportError>,
}

impl Lines {
    fn taken_by(&mut self, user: &User) {
        let by_phone = user
            .phone
            .as_ref()
            .and_then(|phone| self.phones.remove(phone));
        let by_email = user
            .email
            .as_ref()
            .and_then(|email| self.emails.remove(email));
        for (line, field) in [(by_phone, Field::Phone), (by_email, Field::Email)] {
            if let Some(line) = line {
                let taken = InvalidField::new(field, InvalidFieldReason::Taken);
                self.errors.push(ImportError::new(line, vec![taken]));
            }
        }
    }

    /// One error for each line, in their order; `None` when nothing is wrong.
    fn into_errors(mut self) -> Option<Vec<ImportError>> {
        self.errors.sort_by_key(|error| error.line);
        self.errors.dedup_by(|later, first| {
            let is_same = later.line == first.line;
            if is_same {
                first.errors.append(&mut later.errors);
            }
            is_same
        });
        Some(self.errors).filter(|errors| !errors.is_empty())
    }
}

/// Notes which line has the name; the line that has it already, if there is one.
fn first_with<K: Clone + Eq + Hash>(
    lines: &mut HashMap<K, u64>,
    name: Option<&K>,
    line: u64,
) -> Option<u64> {
    let name = name?;
    if let Some(first) = lines.get(name) {
        return Some(*first);
    }
    lines.insert(name.clone(), line);
    None
}

/// The place in the list, and the account with its generated password.
type Hashed = Result<(usize, Account, Secret), HashQueueError>;

/// The next one whose password is hashed.
async fn next_of(hashing: &mut JoinSet<Hashed>) -> Result<(usize, Account, Secret), ServiceError> {
    let joined = hashing.join_next().await.and_then(Result::ok);
    Ok(joined.unwrap_or(Err(HashQueueError::Hash(HashError)))?)
}

/// One order, whatever the list's is: of two lists at once the second then waits for the first, and
/// neither for a lock that the other holds.
fn sort_for_locking(new: &mut [NewUser]) {
    fn names(NewUser { account, .. }: &NewUser) -> (Option<&Phone>, Option<&Email>) {
        (account.user.phone.as_ref(), account.user.email.as_ref())
    }
    new.sort_by(|a, b| names(a).cmp(&names(b)));
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::types::{AuditEvent, AuditId};

    #[test]
    fn two_lists_of_the_same_people_are_in_the_same_order() {
        let person = |phone: Option<&str>, email: Option<&str>| {
            let now = OffsetDateTime::UNIX_EPOCH;
            let mut user = User::new(UserId(Uuid::nil()), Role::Employee, "Name", now);
            user.phone = phone.map(|phone| phone.parse().unwrap());
            user.email = email.map(|email| email.parse().unwrap());
            let record = AuditEvent::new(AuditId(Uuid::nil()), now, AuditAction::UserCreated, None);
            NewUser::new(Account::new(user, PasswordHash::from_stored("x")), record)
        };
        let mut list = vec![
            person(Some("+77010000002"), None),
            person(None, Some("b@example.com")),
            person(Some("+77010000001"), Some("c@example.com")),
            person(None, Some("a@example.com")),
        ];
        let mut reversed: Vec<_> = list.iter().rev().cloned().collect();
        sort_for_locking(&mut list);
        sort_for_locking(&mut reversed);
        let users = |list: &[NewUser]| {
            list.iter()
                .map(|new| new.account.user.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(users(&list), users(&reversed));
    }
}
