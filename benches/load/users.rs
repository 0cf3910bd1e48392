use std::sync::Arc;
use std::time::Duration;

use divan_core::api::{AutoLoginRequest, TelegramLoginRequest};
use divan_core::clock::{Clock, ManualClock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::password::{Argon2idHasher, HashMemory, Password, PasswordHasher};
use divan_core::store::{Account, AccountUpdate, NewUser, Store, StoredSession};
use divan_core::token::{Audiences, SecretKey, TokenIssuer, TokenSubject};
use divan_core::types::{
    Audience, AuditAction, AuditEvent, AuditId, Role, SessionId, TelegramId, User, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const MINIAPP_URL: &str = "https://divan.example.com";
pub(crate) const MINIAPP_HOST: &str = "divan.example.com";
pub(crate) const ADMIN_URL: &str = "https://sec.example.com";

pub(crate) const BOT_TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";

/// Password of all users.
pub(crate) const PASSWORD: &str = "umbrella 77";

/// Employees with one session each.
pub(crate) struct TestUsers {
    first: User,
    /// Valid access token of each user.
    pub(crate) tokens: Arc<[String]>,
    /// Expired access token of each user.
    pub(crate) expired: Arc<[String]>,
}

impl TestUsers {
    /// Adds `count` users with one session each to a store.
    pub(crate) async fn create(store: &dyn Store, count: usize) -> Self {
        let audiences = Audiences::new(MINIAPP_HOST, "sec.example.com").expect("two hosts");
        let key = SecretKey::new(KEY).expect("a good key");
        let issuer = TokenIssuer::new(&key, ADMIN_URL, audiences);
        let yesterday = ManualClock::at_unix(SystemClock.unix_seconds() - 24 * 3600);
        let yesterdays = issuer.clone().clock(Arc::new(yesterday));
        let now = OffsetDateTime::from_unix_timestamp(SystemClock.unix_seconds().cast_signed())
            .expect("a time");
        let password = Password::new(&PASSWORD.into()).expect("a password");
        let hash = Argon2idHasher::default()
            .hash(&password, &[7; 16], &mut HashMemory::new())
            .expect("enough memory");
        let mut first = None;
        let (mut tokens, mut expired) = (Vec::new(), Vec::new());
        for n in (0..).take(count) {
            let mut user = User::new(
                UserId(uuid(n, 0x7000)),
                Role::Employee,
                format!("First Last {n}"),
                now,
            );
            user.phone = Some(phone(n).parse().expect("a phone number"));
            user.telegram_id = Some(telegram_id(n));
            user.telegram_username = Some(format!("user_{n}"));
            user.last_login_at = Some(now);
            let session = session(user.id, SessionId(uuid(n, 0x7001)), now);
            let subject = TokenSubject::new(
                user.id,
                user.role,
                session.audience,
                session.id,
                session.rotation.current(),
            );
            for (tokens, issuer) in [(&mut tokens, &issuer), (&mut expired, &yesterdays)] {
                tokens.push(
                    issuer
                        .issue(&subject)
                        .expect("randomness")
                        .token
                        .expose()
                        .to_owned(),
                );
            }
            let mut account = Account::new(user, hash.clone());
            account.password_verified_at = Some(now);
            let event = AuditEvent::new(
                AuditId(uuid(n, 0x7002)),
                now,
                AuditAction::UserCreated,
                None,
            );
            let user = account.user.clone();
            store
                .insert_users(&[NewUser::new(account, event)])
                .await
                .expect("a new user");
            let begin = |_: &mut Account| Ok(Some(AccountUpdate::none().begin(session.clone())));
            store
                .update_account(user.id, &begin)
                .await
                .expect("a new session");
            first.get_or_insert(user);
        }
        Self {
            first: first.expect("at least one"),
            tokens: tokens.into(),
            expired: expired.into(),
        }
    }

    /// Returns the user that [`first_token`](Self::first_token) belongs to.
    pub(crate) fn first(&self) -> &User {
        &self.first
    }

    pub(crate) fn first_token(&self) -> &str {
        &self.tokens[0]
    }
}

/// Returns the request that signs user `n` in, in the linked Telegram account.
pub(crate) fn login_request(n: i64) -> TelegramLoginRequest {
    TelegramLoginRequest::new(phone(n), PASSWORD, init_data(n))
}

/// Returns the request that signs user `n` in without a password.
pub(crate) fn auto_login_request(n: i64) -> AutoLoginRequest {
    AutoLoginRequest::new(init_data(n))
}

fn init_data(n: i64) -> String {
    let token: BotToken = BOT_TOKEN.parse().expect("a token");
    InitDataBuilder::new(SystemClock.unix_seconds())
        .user(telegram_id(n).0, "First")
        .sign(&token)
}

fn phone(n: i64) -> String {
    format!("+7701{n:07}")
}

fn telegram_id(n: i64) -> TelegramId {
    TelegramId(5_000_000_000 + n)
}

/// Changes one character of the token's signature.
pub(crate) fn forged(token: &str) -> String {
    let at = token.len() - 10;
    let other = if token.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

/// Creates a session whose access token has been used before.
fn session(user: UserId, id: SessionId, now: OffsetDateTime) -> StoredSession {
    let (expires_at, ends_at) = (now + Duration::from_hours(1), now + Duration::from_hours(2));
    let mut session = StoredSession::new(
        id,
        user,
        Audience::MiniApp,
        [0; 16],
        now,
        expires_at,
        ends_at,
    );
    session.rotation = session.rotation.confirmed();
    session.device = Some("Mozilla/5.0".to_owned());
    session
}

fn uuid(n: i64, version: u16) -> Uuid {
    let milliseconds = 1_780_000_000_000 + u128::from(n.unsigned_abs());
    Uuid::from_u128((milliseconds << 80) | (u128::from(version) << 64) | (0x8000 << 48))
}
