//! Commands on users and administrators: for recovery, and for scripts.

use clap::{Args, Subcommand, ValueEnum};
use divan_core::api::GeneratedPassword;
use divan_core::secret::Secret;
use divan_core::service::{
    AdminService, CreateUserCommand, Field, InvalidField, ListUsersQuery, Promotion, ServiceError,
    SessionView, UpdateUserCommand,
};
use divan_core::types::{Metadata, Role, TelegramId, User};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use super::operator::as_operator;
use super::password::{self, PasswordSource};
use super::users_error::UsersError;
use super::users_update::Update;
use super::{Outcome, output, users_update};
use crate::routes::wire;

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Create an administrator; the first one also closes `POST /auth/admin/bootstrap`
    Create(CreateAdmin),
    /// Reset an administrator's password to a generated one, shown once
    ResetPassword(UserRef),
    /// Issue a device token, shown once: it allows an administrator to sign in from a new device while
    /// the account is under attack
    ///
    /// The new device sends it as `device_token` of `POST /auth/admin/login`.
    DeviceToken(UserRef),
    /// Second factors of administrators
    #[command(subcommand)]
    SecondFactor(SecondFactorCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum SecondFactorCommand {
    /// Turn off an administrator's second factor, whose authenticator app, passkeys and recovery codes are lost;
    /// all sessions end
    Reset(UserRef),
    /// Set up an authenticator app for an administrator: shows a QR code, asks for a code, and shows the
    /// recovery codes; all sessions end
    SetUp(UserRef),
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// List users, newest first
    List(List),
    /// Show a user and the user's failed sign-ins
    Show(UserRef),
    /// Create a user
    Create(CreateUser),
    /// Change a user
    Update(Update),
    /// Deactivate a user and end all sessions
    Deactivate(UserRef),
    /// Delete a user with all personal data; it cannot be undone
    Delete(UserRef),
    /// Reset a user's password to a generated one, shown once
    ResetPassword(UserRef),
    /// Make an employee an administrator, with a generated password that is shown once
    Promote(Promote),
    /// Clear a user's failed sign-ins and the limits of the account
    Unlock(UserRef),
    /// Unlink a user's Telegram account and reset the password to a generated one, shown once
    Unlink(UserRef),
    /// List a user's sessions
    Sessions(Sessions),
}

#[derive(Args, Debug)]
pub(super) struct CreateAdmin {
    /// The e-mail address to sign in with
    #[arg(long)]
    email: String,
    /// The full name
    #[arg(long, default_value = "Administrator")]
    name: String,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct CreateUser {
    /// The full name
    #[arg(long)]
    name: String,
    /// The phone number that an employee signs in with
    #[arg(long)]
    phone: Option<String>,
    /// The e-mail address that an administrator signs in with
    #[arg(long)]
    email: Option<String>,
    /// The user's id in another system
    #[arg(long)]
    external_id: Option<String>,
    /// Attributes for the application: a JSON object
    #[arg(long)]
    metadata: Option<Metadata>,
    /// The role
    #[arg(long, value_enum, default_value = "employee")]
    role: RoleArg,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct List {
    /// Search terms: each must be the beginning of a word of the name, the phone number, the e-mail
    /// address or, after `@`, the Telegram username
    query: Option<String>,
    /// Only users with this role
    #[arg(long, value_enum)]
    role: Option<RoleArg>,
    /// Only inactive users
    #[arg(long)]
    inactive: bool,
    /// Only the user with this linked Telegram account
    #[arg(long)]
    telegram_id: Option<i64>,
    /// Only users who have never signed in
    #[arg(long)]
    never_signed_in: bool,
    #[command(flatten)]
    link: LinkFilter,
    /// Only the user with this id in another system
    #[arg(long)]
    external_id: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
struct LinkFilter {
    /// Only users with a linked Telegram account
    #[arg(long, conflicts_with = "not_linked")]
    linked: bool,
    /// Only users without a linked Telegram account
    #[arg(long)]
    not_linked: bool,
}

impl LinkFilter {
    fn is_linked(&self) -> Option<bool> {
        (self.linked || self.not_linked).then_some(self.linked)
    }
}

#[derive(Args, Clone, Debug)]
pub(super) struct UserRef {
    /// The user: an id, a phone number or an e-mail address
    user: String,
    #[command(flatten)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
pub(super) struct Promote {
    #[command(flatten)]
    user: UserRef,
    /// The e-mail address to sign in with; required for a user without one
    #[arg(long)]
    email: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Sessions {
    #[command(flatten)]
    user: UserRef,
    /// End all sessions
    #[arg(long)]
    end: bool,
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Output {
    /// Print JSON, as in the HTTP API
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArg {
    Employee,
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Employee => Self::Employee,
            RoleArg::Admin => Self::Admin,
        }
    }
}

pub(super) fn run_admin(command: AdminCommand) -> Outcome {
    match command {
        AdminCommand::Create(args) => {
            let mut command = CreateUserCommand::admin(args.name, args.email);
            command.password = args.password.read()?;
            as_operator(async |admin| create(admin, &command, args.output).await)
        }
        AdminCommand::ResetPassword(user) => {
            as_operator(async |admin| reset_password(admin, &user, Some(Role::Admin)).await)
        }
        AdminCommand::DeviceToken(user) => {
            as_operator(async |admin| device_token(admin, &user).await)
        }
        AdminCommand::SecondFactor(SecondFactorCommand::Reset(user)) => {
            as_operator(async |admin| reset_second_factor(admin, &user).await)
        }
        AdminCommand::SecondFactor(SecondFactorCommand::SetUp(user)) => {
            as_operator(async |admin| set_up_second_factor(admin, &user).await)
        }
    }
}

pub(super) fn run_user(command: UserCommand) -> Outcome {
    match command {
        UserCommand::List(args) => as_operator(async |admin| list(admin, &args).await),
        UserCommand::Show(user) => as_operator(async |admin| show(admin, &user).await),
        UserCommand::Create(args) => {
            let mut command = CreateUserCommand::new(args.role.into(), args.name);
            (command.phone, command.email) = (args.phone, args.email);
            command.external_id = args.external_id;
            command.metadata = args.metadata.map(Into::into);
            command.password = args.password.read()?;
            as_operator(async |admin| create(admin, &command, args.output).await)
        }
        UserCommand::Update(args) => users_update::run(args),
        UserCommand::Deactivate(user) => as_operator(async |admin| {
            let mut command = UpdateUserCommand::default();
            command.is_active = Some(false);
            let id = find(admin, &user).await?.id;
            show_user(&admin.update_user(id, &command).await?, user.output)
        }),
        UserCommand::ResetPassword(user) => {
            as_operator(async |admin| reset_password(admin, &user, None).await)
        }
        UserCommand::Delete(user) => as_operator(async |admin| {
            let found = find(admin, &user).await?;
            admin.delete_user(found.id).await?;
            show_user(&found, user.output)
        }),
        UserCommand::Promote(args) => as_operator(async |admin| {
            let id = find(admin, &args.user).await?.id;
            let promoted = admin.promote_user(id, args.email.as_deref()).await;
            match promoted.map_err(with_options)? {
                Promotion::Done(password) => show_password(password, args.user.output),
                Promotion::Pending(_) => Err(ServiceError::ApprovalRequired.into()),
            }
        }),
        UserCommand::Unlock(user) => as_operator(async |admin| {
            let found = find(admin, &user).await?;
            admin.unlock_user(found.id).await?;
            show_user(&found, user.output)
        }),
        UserCommand::Unlink(user) => as_operator(async |admin| {
            let id = find(admin, &user).await?.id;
            show_password(admin.unlink_telegram(id).await?, user.output)
        }),
        UserCommand::Sessions(args) => as_operator(async |admin| sessions(admin, &args).await),
    }
}

async fn create(
    admin: AdminService<'_>,
    command: &CreateUserCommand,
    format: Output,
) -> Result<(), UsersError> {
    let created = admin.create_user(command).await.map_err(with_options)?;
    if format.json {
        return json(&wire::created_user(created));
    }
    show_user(&created.user, format)?;
    if let Some(password) = created.generated_password {
        output::line(&password_line(&password));
    }
    Ok(())
}

/// Converts an error. Invalid fields are named as the options that set them.
fn with_options(error: ServiceError) -> UsersError {
    let ServiceError::Invalid(fields) = error else {
        return error.into();
    };
    let line = |field: &InvalidField| match field.field {
        Field::Phone => format!("--phone {}", field.reason),
        Field::Email => format!("--email {}", field.reason),
        Field::FullName => format!("--name {}", field.reason),
        _ => field.to_string(),
    };
    UsersError::Refused(fields.iter().map(line).collect::<Vec<_>>().join("; "))
}

async fn list(admin: AdminService<'_>, args: &List) -> Result<(), UsersError> {
    let mut query = ListUsersQuery::default();
    query.query.clone_from(&args.query);
    query.external_id.clone_from(&args.external_id);
    query.telegram_id = args.telegram_id.map(TelegramId);
    query.has_signed_in = args.never_signed_in.then_some(false);
    query.is_linked = args.link.is_linked();
    (query.role, query.is_active) = (args.role.map(Role::from), args.inactive.then_some(false));
    let mut users = Vec::new();
    for_each_page(admin, query, |page| {
        users.extend(page);
        Ok(())
    })
    .await?;
    if args.output.json {
        return json(&users);
    }
    output::table(USER_HEADS, users.iter().map(user_row));
    Ok(())
}

/// Calls a function with each page of a list.
pub(super) async fn for_each_page(
    admin: AdminService<'_>,
    mut query: ListUsersQuery,
    mut each: impl FnMut(Vec<User>) -> Result<(), UsersError>,
) -> Result<(), UsersError> {
    query.limit = Some(200);
    loop {
        let page = admin.list_users(&query).await?;
        each(page.items)?;
        if page.next_cursor.is_none() {
            return Ok(());
        }
        query.cursor = page.next_cursor;
    }
}

async fn show(admin: AdminService<'_>, user: &UserRef) -> Result<(), UsersError> {
    let found = find(admin, user).await?;
    let found = admin.get_user_with_metadata(found.id).await?;
    let failed = wire::failed_sign_ins(admin.failed_sign_ins(found.id).await?);
    if user.output.json {
        return json(&serde_json::json!({"user": found, "failed_sign_ins": failed}));
    }
    show_user(&found, user.output)?;
    output::line("");
    let row = |class: &str, failures: u32, is_refused: bool| {
        let refused = if is_refused { "yes" } else { "no" };
        [class.to_owned(), failures.to_string(), refused.to_owned()]
    };
    output::table(
        ["FAILED SIGN-INS", "IN A ROW", "REFUSED NOW"],
        [
            row("trusted", failed.trusted, failed.is_trusted_refused),
            row("untrusted", failed.untrusted, failed.is_untrusted_refused),
        ],
    );
    Ok(())
}

async fn device_token(admin: AdminService<'_>, user: &UserRef) -> Result<(), UsersError> {
    let found = find(admin, user).await?;
    if found.role != Role::Admin {
        return Err(UsersError::NotAdmin(user.user.clone()));
    }
    let token = admin.issue_device_token(found.id).await?;
    let token = token.expose();
    if user.output.json {
        return json(&serde_json::json!({"device_token": token}));
    }
    output::line(&format!(
        "Device token: {token} (valid for 90 days, unless the password changes)"
    ));
    Ok(())
}

async fn reset_second_factor(admin: AdminService<'_>, user: &UserRef) -> Result<(), UsersError> {
    let found = find(admin, user).await?;
    match admin.reset_second_factor(found.id).await {
        Err(ServiceError::NotFound) => {
            let text = format!("{} has no second factor", user.user);
            Err(UsersError::Refused(text))
        }
        reset => {
            reset?;
            show_user(&found, user.output)
        }
    }
}

/// Number of codes that a set-up reads.
const SET_UP_TRIES: u32 = 3;

/// Shows the secret on standard error and reads the code from standard input, so that the output contains
/// only the recovery codes.
async fn set_up_second_factor(admin: AdminService<'_>, user: &UserRef) -> Result<(), UsersError> {
    let found = find(admin, user).await?;
    if found.role != Role::Admin {
        return Err(UsersError::NotAdmin(user.user.clone()));
    }
    let enrolment = admin.new_totp(&found)?;
    if let Some(qr_code) = &enrolment.qr_code {
        output::explain(qr_code.to_terminal().expose());
    }
    output::explain(&format!(
        "Scan the code with an authenticator app, or type the key: {}\nType the code of the app:",
        enrolment.secret.expose()
    ));
    let mut tries = 0;
    let codes = loop {
        let code = password::line_of_stdin();
        let code = code.map_err(|error| UsersError::Refused(error.to_string()))?;
        if code.expose().is_empty() {
            let text = "standard input contains no code: nothing was changed".to_owned();
            return Err(UsersError::Refused(text));
        }
        tries += 1;
        match admin.enable_totp(found.id, &enrolment.secret, &code).await {
            Err(ServiceError::SecondFactorInvalid) if tries < SET_UP_TRIES => {
                output::explain("The code is wrong. Type the current code:");
            }
            Err(ServiceError::SecondFactorInvalid) => {
                let text = "the code is wrong: nothing was changed".to_owned();
                return Err(UsersError::Refused(text));
            }
            enabled => break enabled?,
        }
    };
    let codes: Vec<&str> = codes.iter().map(Secret::expose).collect();
    if user.output.json {
        return json(&serde_json::json!({"recovery_codes": codes}));
    }
    output::line("Recovery codes, each valid once, shown only now:");
    for code in codes {
        output::line(code);
    }
    Ok(())
}

async fn reset_password(
    admin: AdminService<'_>,
    user: &UserRef,
    role: Option<Role>,
) -> Result<(), UsersError> {
    let found = find(admin, user).await?;
    if role.is_some_and(|role| role != found.role) {
        return Err(UsersError::NotAdmin(user.user.clone()));
    }
    show_password(admin.reset_password(found.id).await?, user.output)
}

async fn sessions(admin: AdminService<'_>, args: &Sessions) -> Result<(), UsersError> {
    let user = find(admin, &args.user).await?;
    let sessions = admin.user_sessions(user.id).await?;
    if args.end {
        admin.end_user_sessions(user.id).await?;
    }
    if args.user.output.json {
        let sessions: Vec<_> = sessions.into_iter().map(wire::session).collect();
        return json(&sessions);
    }
    output::table(
        ["SESSION", "AUDIENCE", "SINCE", "ADDRESS", "BOT", "DEVICE"],
        sessions.iter().map(session_row),
    );
    Ok(())
}

pub(super) async fn find(admin: AdminService<'_>, user: &UserRef) -> Result<User, UsersError> {
    find_by(admin, &user.user).await
}

/// Finds a user by id, phone number or e-mail address.
pub(super) async fn find_by(admin: AdminService<'_>, text: &str) -> Result<User, UsersError> {
    match admin.find_user(text).await {
        Err(ServiceError::NotFound) => Err(UsersError::NotFound(text.to_owned())),
        found => Ok(found?),
    }
}

const USER_HEADS: [&str; 6] = ["ID", "ROLE", "ACTIVE", "PHONE", "E-MAIL", "NAME"];

fn user_row(user: &User) -> [String; 6] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        user.id.to_string(),
        user.role.to_string(),
        if user.is_active { "yes" } else { "no" }.to_owned(),
        or_dash(user.phone.as_ref().map(ToString::to_string)),
        or_dash(user.email.as_ref().map(ToString::to_string)),
        user.full_name.clone(),
    ]
}

fn session_row(session: &SessionView) -> [String; 6] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let bot = session.telegram.as_ref();
    [
        session.id.to_string(),
        session.audience.to_string(),
        session.created_at.format(&Rfc3339).unwrap_or_default(),
        or_dash(session.address.map(|address| address.to_string())),
        or_dash(bot.map(|client| client.bot_id.to_string())),
        or_dash(session.device.clone()),
    ]
}

pub(super) fn show_user(user: &User, format: Output) -> Result<(), UsersError> {
    if format.json {
        return json(user);
    }
    output::table(USER_HEADS, [user_row(user)]);
    Ok(())
}

fn show_password(password: Secret, format: Output) -> Result<(), UsersError> {
    if format.json {
        return json(&GeneratedPassword::new(password));
    }
    output::line(&password_line(&password));
    Ok(())
}

fn password_line(password: &Secret) -> String {
    let password = password.expose();
    format!("Password: {password} (valid for 72 hours; must be changed at the next sign-in)")
}

pub(super) fn json(value: &impl Serialize) -> Result<(), UsersError> {
    output::json(value).map_err(|error| UsersError::Refused(error.to_string()))
}
