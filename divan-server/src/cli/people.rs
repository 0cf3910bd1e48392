//! The administrator's work from the server's own machine: for recovery, and for scripts.

use clap::{Args, Subcommand, ValueEnum};
use divan_core::api::{
    CreateUserRequest, CreatedUser, ListUsersRequest, SessionInfo, UpdateUserRequest,
};
use divan_core::service::{Admin, AuthService, ClientInfo, ServiceError};
use divan_core::types::{Role, User};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use super::operator::with_service;
use super::password::PasswordSource;
use super::people_error::PeopleError;
use super::{Outcome, output};

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Create an administrator; the first one also closes `POST /auth/admin/bootstrap`
    Create(CreateAdmin),
    /// Give an administrator a generated password, shown once
    ResetPassword(Named),
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// List users, the newest first
    List(List),
    /// Create a user
    Create(CreateUser),
    /// Deactivate a user, and sign the user out everywhere
    Deactivate(Named),
    /// Give a user a generated password, shown once
    ResetPassword(Named),
    /// Forget a user's Telegram account: the next sign-in binds another one
    Unlink(Named),
    /// List where a user is signed in
    Sessions(Sessions),
}

#[derive(Args, Debug)]
pub(super) struct CreateAdmin {
    /// The e-mail address to sign in with
    #[arg(long)]
    email: String,
    /// The person's name
    #[arg(long, default_value = "Administrator")]
    name: String,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct CreateUser {
    /// The person's name
    #[arg(long)]
    name: String,
    /// The phone number, which an employee signs in with
    #[arg(long)]
    phone: Option<String>,
    /// The e-mail address, which an administrator signs in with
    #[arg(long)]
    email: Option<String>,
    /// What the user may do
    #[arg(long, value_enum, default_value = "employee")]
    role: RoleArg,
    #[command(flatten)]
    password: PasswordSource,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct List {
    /// Only users who are found by this: the beginning of a word of the name, of the phone number
    /// or the e-mail address
    query: Option<String>,
    /// Only users of this role
    #[arg(long, value_enum)]
    role: Option<RoleArg>,
    /// Only users who are not active
    #[arg(long)]
    inactive: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct Named {
    /// The user: an id, a phone number or an e-mail address
    user: String,
    #[command(flatten)]
    output: Output,
}

#[derive(Args, Debug)]
pub(super) struct Sessions {
    #[command(flatten)]
    named: Named,
    /// End all of them
    #[arg(long)]
    end: bool,
}

#[derive(Args, Clone, Copy, Debug)]
struct Output {
    /// Print JSON, as the HTTP interface answers it
    #[arg(long)]
    json: bool,
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
            let mut request = CreateUserRequest::admin(args.name, args.email);
            request.password = args.password.read()?;
            with_service(async |service| create(service, &request, args.output).await)
        }
        AdminCommand::ResetPassword(named) => {
            with_service(async |service| reset_password(service, &named, Some(Role::Admin)).await)
        }
    }
}

pub(super) fn run_user(command: UserCommand) -> Outcome {
    match command {
        UserCommand::List(args) => with_service(async |service| list(service, &args).await),
        UserCommand::Create(args) => {
            let mut request = CreateUserRequest::employee(args.name, String::new());
            (request.role, request.phone, request.email) =
                (args.role.into(), args.phone, args.email);
            request.password = args.password.read()?;
            with_service(async |service| create(service, &request, args.output).await)
        }
        UserCommand::Deactivate(named) => with_service(async |service| {
            let mut request = UpdateUserRequest::default();
            request.is_active = Some(false);
            let id = find(service, &named).await?.id;
            let user = service
                .update_user(&Admin::operator(), id, &request, &ClientInfo::unknown())
                .await?;
            show_user(&user, named.output)
        }),
        UserCommand::ResetPassword(named) => {
            with_service(async |service| reset_password(service, &named, None).await)
        }
        UserCommand::Unlink(named) => with_service(async |service| {
            let id = find(service, &named).await?.id;
            let user = service
                .unlink_telegram(&Admin::operator(), id, &ClientInfo::unknown())
                .await?;
            show_user(&user, named.output)
        }),
        UserCommand::Sessions(args) => with_service(async |service| sessions(service, &args).await),
    }
}

async fn create(
    service: &AuthService,
    request: &CreateUserRequest,
    format: Output,
) -> Result<(), PeopleError> {
    let created = service
        .create_user(&Admin::operator(), request, &ClientInfo::unknown())
        .await?;
    if format.json {
        return json(&created);
    }
    let CreatedUser {
        user,
        generated_password,
        ..
    } = created;
    show_user(&user, format)?;
    if let Some(password) = generated_password {
        output::line(&password_line(password.expose()));
    }
    Ok(())
}

async fn list(service: &AuthService, args: &List) -> Result<(), PeopleError> {
    let mut request = ListUsersRequest::default();
    request.q.clone_from(&args.query);
    (request.role, request.is_active) = (args.role.map(Role::from), args.inactive.then_some(false));
    let mut users = Vec::new();
    pages(service, request, |page| {
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

/// Hands over all users of a list, page by page.
pub(super) async fn pages(
    service: &AuthService,
    mut request: ListUsersRequest,
    mut each: impl FnMut(Vec<User>) -> Result<(), PeopleError>,
) -> Result<(), PeopleError> {
    request.limit = Some(200);
    loop {
        let page = service.list_users(&Admin::operator(), &request).await?;
        each(page.items)?;
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => return Ok(()),
        }
    }
}

async fn reset_password(
    service: &AuthService,
    named: &Named,
    role: Option<Role>,
) -> Result<(), PeopleError> {
    let user = find(service, named).await?;
    if role.is_some_and(|role| role != user.role) {
        return Err(PeopleError::NotAdmin(named.user.clone()));
    }
    let reset = service
        .reset_password(&Admin::operator(), user.id, &ClientInfo::unknown())
        .await?;
    if named.output.json {
        return json(&reset);
    }
    output::line(&password_line(reset.generated_password.expose()));
    Ok(())
}

async fn sessions(service: &AuthService, args: &Sessions) -> Result<(), PeopleError> {
    let user = find(service, &args.named).await?;
    let sessions = service.sessions_of(&Admin::operator(), user.id).await?;
    if args.end {
        service
            .end_user_sessions(&Admin::operator(), user.id, &ClientInfo::unknown())
            .await?;
    }
    if args.named.output.json {
        return json(&sessions);
    }
    output::table(
        ["SESSION", "AUDIENCE", "SINCE", "ADDRESS", "DEVICE"],
        sessions.iter().map(session_row),
    );
    Ok(())
}

async fn find(service: &AuthService, named: &Named) -> Result<User, PeopleError> {
    match service.find_user(&Admin::operator(), &named.user).await {
        Err(ServiceError::NotFound) => Err(PeopleError::NotFound(named.user.clone())),
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

fn session_row(session: &SessionInfo) -> [String; 5] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        session.id.to_string(),
        session.audience.to_string(),
        session.created_at.format(&Rfc3339).unwrap_or_default(),
        or_dash(session.address.map(|address| address.to_string())),
        or_dash(session.device.clone()),
    ]
}

fn show_user(user: &User, format: Output) -> Result<(), PeopleError> {
    if format.json {
        return json(user);
    }
    output::table(USER_HEADS, [user_row(user)]);
    Ok(())
}

fn password_line(password: &str) -> String {
    format!("Password: {password} (for 72 hours; to be changed at the first sign-in)")
}

fn json(value: &impl Serialize) -> Result<(), PeopleError> {
    output::json(value).map_err(|error| PeopleError::Refused(error.to_string()))
}
