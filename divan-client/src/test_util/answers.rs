use divan_core::api::{
    AdminLogin, Audit, AuditPage, AutoLogin, Bootstrap, ChangePassword, CreateUser, CreatedUser,
    EndSession, EndUserSessions, Endpoint, GeneratedPassword, GetUser, Health, HealthStatus,
    JwkSet, Jwks, ListUsers, Live, Logout, Me, ProblemCode, Ready, Refresh, ResetPassword,
    SessionList, TelegramLogin, UnlinkTelegram, UpdateUser, UserPage,
};
use divan_core::secret::Secret;
use divan_core::types::{Audience, AuditAction, AuditEvent, User, UserId};
use wiremock::ResponseTemplate;

use super::server::{Asked, State};
use super::{made_up_id, sessions};

type Answer = Result<ResponseTemplate, ProblemCode>;

impl State {
    /// Does what is asked for.
    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> Answer {
        match asked.operation {
            Live::OPERATION => Ok(asked.reply::<Live>(&Health::new(HealthStatus::Live))),
            Ready::OPERATION => Ok(asked.reply::<Ready>(&Health::new(HealthStatus::Ready))),
            // Its tokens are not signed.
            Jwks::OPERATION => Ok(asked.reply::<Jwks>(&JwkSet::default())),
            // The administrator is there from the start.
            Bootstrap::OPERATION => Err(ProblemCode::AlreadyBootstrapped),
            TelegramLogin::OPERATION => self.telegram_login(asked),
            AutoLogin::OPERATION => self.auto_login(asked),
            AdminLogin::OPERATION => self.admin_login(asked),
            Refresh::OPERATION => self.refresh(asked),
            _ => self.answer_caller(asked, &asked.caller.clone().ok_or(ProblemCode::NotFound)?),
        }
    }

    fn answer_caller(&mut self, asked: &Asked<'_>, caller: &sessions::Live) -> Answer {
        match asked.operation {
            Me::OPERATION => Ok(asked.reply::<Me>(&self.user(caller.user)?)),
            Logout::OPERATION => {
                self.accounts.forget_proof(caller.user);
                self.sessions.end(caller.id, caller.user)?;
                Ok(asked.reply::<Logout>(&()))
            }
            divan_core::api::Sessions::OPERATION => {
                let list = SessionList::new(self.sessions.list(caller));
                Ok(asked.reply::<divan_core::api::Sessions>(&list))
            }
            EndSession::OPERATION => {
                let id = asked.id.parse().map_err(|_| ProblemCode::NotFound)?;
                self.sessions.end(id, caller.user)?;
                Ok(asked.reply::<EndSession>(&()))
            }
            ChangePassword::OPERATION => self.change_password(asked, caller),
            CreateUser::OPERATION => {
                let (user, generated) = self
                    .accounts
                    .create(asked.request::<CreateUser>()?, asked.now)?;
                self.record(asked, caller, AuditAction::UserCreated, user.id);
                Ok(asked.reply::<CreateUser>(&CreatedUser::new(user, generated)))
            }
            ListUsers::OPERATION => self.list_users(asked),
            GetUser::OPERATION => Ok(asked.reply::<GetUser>(&self.user(self.named(asked)?)?)),
            ResetPassword::OPERATION => {
                let id = self.named(asked)?;
                let password = self.accounts.reset_password(id)?;
                self.sessions.end_all_of(id);
                self.record(asked, caller, AuditAction::PasswordReset, id);
                Ok(asked.reply::<ResetPassword>(&GeneratedPassword::new(password)))
            }
            Audit::OPERATION => self.audit(asked),
            UpdateUser::OPERATION => self.update_user(asked, caller),
            UnlinkTelegram::OPERATION => {
                let user = self.accounts.unlink_telegram(self.named(asked)?)?;
                self.sessions.end_all_of(user.id);
                self.record(asked, caller, AuditAction::TelegramUnlinked, user.id);
                Ok(asked.reply::<UnlinkTelegram>(&user))
            }
            EndUserSessions::OPERATION => {
                let id = self.named(asked)?;
                self.accounts.forget_proof(id);
                self.sessions.end_all_of(id);
                self.record(asked, caller, AuditAction::SignedOutEverywhere, id);
                Ok(asked.reply::<EndUserSessions>(&()))
            }
            _ => Err(ProblemCode::NotFound),
        }
    }

    fn telegram_login(&mut self, asked: &Asked<'_>) -> Answer {
        let request = asked.request::<TelegramLogin>()?;
        has_init_data(request.init_data.as_ref())?;
        let user = self
            .accounts
            .telegram_login(request.phone.as_deref(), &request.password)?;
        Ok(asked.reply::<TelegramLogin>(&self.sessions.open(user, Audience::MiniApp, asked.now)))
    }

    fn auto_login(&mut self, asked: &Asked<'_>) -> Answer {
        has_init_data(asked.request::<AutoLogin>()?.init_data.as_ref())?;
        let user = self.accounts.auto_login()?;
        Ok(asked.reply::<AutoLogin>(&self.sessions.open(user, Audience::MiniApp, asked.now)))
    }

    fn admin_login(&mut self, asked: &Asked<'_>) -> Answer {
        let request = asked.request::<AdminLogin>()?;
        let user = self
            .accounts
            .admin_login(&request.email, &request.password)?;
        Ok(asked.reply::<AdminLogin>(&self.sessions.open(user, Audience::Admin, asked.now)))
    }

    fn refresh(&mut self, asked: &Asked<'_>) -> Answer {
        let request = asked.request::<Refresh>()?;
        let session = self
            .sessions
            .refresh(request.refresh_token.expose(), asked.now)?;
        let user = self.user(session.user)?;
        Ok(asked.reply::<Refresh>(&self.sessions.tokens(&session, user, asked.now)))
    }

    fn change_password(&mut self, asked: &Asked<'_>, caller: &sessions::Live) -> Answer {
        let request = asked.request::<ChangePassword>()?;
        let user = self.accounts.change_password(
            caller.user,
            &request.current_password,
            request.new_password,
        )?;
        self.sessions.end_all_of(user.id);
        Ok(asked.reply::<ChangePassword>(&self.sessions.open(user, caller.audience, asked.now)))
    }

    fn update_user(&mut self, asked: &Asked<'_>, caller: &sessions::Live) -> Answer {
        let before = self.user(self.named(asked)?)?;
        let user = self
            .accounts
            .update(before.id, asked.request::<UpdateUser>()?)?;
        if !user.is_active || user.role != before.role {
            self.sessions.end_all_of(user.id);
        }
        self.record(asked, caller, AuditAction::UserUpdated, user.id);
        Ok(asked.reply::<UpdateUser>(&user))
    }

    fn list_users(&self, asked: &Asked<'_>) -> Answer {
        let request = asked.parameters::<ListUsers>()?;
        let found = self.accounts.found_by(&request);
        let (items, next_cursor) = page(found, request.limit, request.cursor.as_deref())?;
        Ok(asked.reply::<ListUsers>(&UserPage::new(items, next_cursor)))
    }

    /// What administrators have changed.
    fn audit(&self, asked: &Asked<'_>) -> Answer {
        let request = asked.parameters::<Audit>()?;
        let is_asked_for = |record: &&AuditEvent| {
            request
                .user
                .is_none_or(|user| record.subject_id == Some(user))
                && request
                    .actor
                    .is_none_or(|actor| record.actor_id == Some(actor))
                && request.action.is_none_or(|action| record.action == action)
        };
        let found = self
            .audit
            .iter()
            .rev()
            .filter(is_asked_for)
            .cloned()
            .collect();
        let (items, next_cursor) = page(found, request.limit, request.cursor.as_deref())?;
        Ok(asked.reply::<Audit>(&AuditPage::new(items, next_cursor)))
    }

    fn record(
        &mut self,
        asked: &Asked<'_>,
        caller: &sessions::Live,
        action: AuditAction,
        subject: UserId,
    ) {
        let id = made_up_id(4, self.audit.len());
        let mut record = AuditEvent::new(id, asked.now.into(), action, Some(subject));
        record.actor_id = Some(caller.user);
        self.audit.push(record);
    }

    fn named(&self, asked: &Asked<'_>) -> Result<UserId, ProblemCode> {
        let id = asked.id.parse().map_err(|_| ProblemCode::NotFound)?;
        self.user(id).map(|user| user.id)
    }

    fn user(&self, id: UserId) -> Result<User, ProblemCode> {
        self.accounts.user(id).ok_or(ProblemCode::NotFound)
    }
}

impl Asked<'_> {
    fn request<E: Endpoint>(&self) -> Result<E::Request, ProblemCode> {
        serde_json::from_slice(self.body).map_err(|_| ProblemCode::ValidationFailed)
    }

    fn parameters<E: Endpoint>(&self) -> Result<E::Request, ProblemCode> {
        serde_urlencoded::from_str(self.query).map_err(|_| ProblemCode::ValidationFailed)
    }

    fn reply<E: Endpoint>(&self, answer: &E::Response) -> ResponseTemplate {
        let reply = ResponseTemplate::new(self.status);
        if size_of::<E::Response>() == 0 {
            reply
        } else {
            reply.set_body_json(answer)
        }
    }
}

/// A page of what was found; the cursor is its place.
fn page<T>(
    found: Vec<T>,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<(Vec<T>, Option<String>), ProblemCode> {
    let start: usize = cursor
        .unwrap_or("0")
        .parse()
        .map_err(|_| ProblemCode::ValidationFailed)?;
    let end = start + limit.unwrap_or(50) as usize;
    let next_cursor = (end < found.len()).then(|| end.to_string());
    Ok((
        found.into_iter().skip(start).take(end - start).collect(),
        next_cursor,
    ))
}

fn has_init_data(init_data: Option<&Secret>) -> Result<(), ProblemCode> {
    match init_data {
        Some(text) if !text.expose().is_empty() => Ok(()),
        _ => Err(ProblemCode::InitDataMissing),
    }
}
