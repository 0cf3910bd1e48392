use std::sync::Arc;
use std::time::Duration;

use divan_core::clock::{Clock, ManualClock};
use divan_core::init_data::InitDataBuilder;
use divan_core::password::{Argon2idHasher, HashMemory, Password, PasswordHasher};
use divan_core::second_factor::TotpSecret;
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AdminLoginCommand, AuthService, ClientInfo, CompleteAdminLoginCommand, IssuedTokens,
    LoginPhone, SecondFactorProof, ServiceError, TelegramLoginCommand,
};
use divan_core::store::{Account, NewUser, Store};
use divan_core::token::{Audiences, SecretKey};
use divan_core::types::{AuditAction, AuditEvent, AuditId, Role, User, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const START: u64 = 1_780_000_000;
const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const PASSWORD: &str = "umbrella 77 plum";
const WRONG: &str = "a wrong password";

/// The Telegram account of the first employee, and the first one of the attacker.
const OWNER: i64 = 42;
const ATTACKER: i64 = 1_000_000;

/// A service with employees, whose phone numbers are [`phone`], and one administrator.
pub(crate) struct Fixture {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    service: AuthService,
    accounts: std::sync::Mutex<usize>,
    /// The attacker's open sign-in, which waits for a code.
    challenge: std::sync::Mutex<Option<Secret>>,
}

fn phone(n: usize) -> String {
    format!("+770{:08}", 10_000_000 + n)
}

fn email(n: usize) -> String {
    format!("admin{n}@example.com")
}

/// An address in a network of its own.
fn address(n: usize) -> ClientInfo {
    let [_, a, b, c] = u32::try_from(n).unwrap().to_be_bytes();
    ClientInfo::unknown().address([10 + a, b, c, 1].into())
}

fn service(store: Arc<dyn Store>, clock: &Arc<ManualClock>) -> AuthService {
    AuthService::builder(
        store,
        &SecretKey::new([7; 32]).unwrap(),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .telegram(BOT.parse().unwrap())
    .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
    .clock(clock.clone())
    .build()
}

impl Fixture {
    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at_unix(START));
        let service = service(store.clone(), &clock);
        let fixture = Self {
            store,
            clock,
            service,
            accounts: std::sync::Mutex::new(0),
            challenge: std::sync::Mutex::default(),
        };
        fixture.require_accounts(1).await;
        fixture
    }

    /// Creates employees and administrators with the password, up to this number.
    async fn require_accounts(&self, count: usize) {
        let existing = std::mem::replace(&mut *self.accounts.lock().unwrap(), count);
        let hasher = Argon2idHasher::insecure_for_tests();
        let password = Password::new(&PASSWORD.into()).unwrap();
        let hash = hasher
            .hash(&password, &[1; 16], &mut HashMemory::default())
            .unwrap();
        let now = OffsetDateTime::from(self.clock.now());
        let mut new = Vec::new();
        for n in existing..count {
            for role in [Role::Employee, Role::Admin] {
                let id = Uuid::from_u128((n as u128) << 8 | u128::from(role == Role::Admin));
                let mut user = User::new(UserId(id), role, format!("User {n}"), now);
                match role {
                    Role::Admin => user.email = Some(email(n).parse().unwrap()),
                    _ => user.phone = Some(phone(n).parse().unwrap()),
                }
                let event =
                    AuditEvent::new(AuditId(id), now, AuditAction::UserCreated, Some(UserId(id)));
                new.push(NewUser::new(Account::new(user, hash.clone()), event));
            }
        }
        self.store.insert_users(&new).await.unwrap();
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub(crate) fn set_back(&self, time: Duration) {
        self.clock
            .set_unix(self.clock.unix_seconds() - time.as_secs());
    }

    async fn telegram_login(
        &self,
        service: &AuthService,
        account: usize,
        telegram: i64,
        password: &str,
        client: &ClientInfo,
    ) -> Result<IssuedTokens, ServiceError> {
        let data: Secret = InitDataBuilder::new(self.clock.unix_seconds())
            .user(telegram, "First")
            .sign(&BOT.parse().unwrap())
            .into();
        let phone = LoginPhone::Typed(phone(account));
        let command = TelegramLoginCommand::new(phone, password, data);
        service.for_client(client).telegram_login(&command).await
    }

    pub(crate) async fn admin_login(
        &self,
        device: Option<&Secret>,
    ) -> Result<IssuedTokens, ServiceError> {
        let mut command = AdminLoginCommand::new(email(0), PASSWORD);
        command.device_token = device.cloned();
        let client = address(9_999_999);
        self.service.for_client(&client).admin_login(&command).await
    }

    pub(crate) async fn admin_device(&self) -> Secret {
        let tokens = self.admin_login(None).await.unwrap();
        tokens.device_token.unwrap()
    }

    /// Turns the second factor of the first administrator on.
    async fn enrol(&self) {
        let token = self.admin_login(None).await.unwrap().access_token;
        let caller = self.service.authenticate(token.expose()).await.unwrap();
        let client = ClientInfo::unknown();
        let caller = self.service.as_caller(&caller, &client);
        let secret = caller.begin_totp().await.unwrap().secret;
        let secret: TotpSecret = secret.expose().parse().unwrap();
        let code = secret.code(self.clock.unix_seconds() / TotpSecret::STEP_SECONDS);
        caller.confirm_totp(&code.into()).await.unwrap();
    }

    /// Tries a code, after the correct password if no sign-in is open.
    async fn guess_code(&self, client: &ClientInfo) -> bool {
        let service = self.service.for_client(client);
        loop {
            let open = self.challenge.lock().unwrap().clone();
            let outcome = match open {
                None => {
                    let command = AdminLoginCommand::new(email(0), PASSWORD);
                    service.admin_login(&command).await
                }
                Some(challenge) => {
                    let proof = SecondFactorProof::Code("wrong".into());
                    let command = CompleteAdminLoginCommand::new(challenge, proof);
                    service.complete_admin_login(&command).await
                }
            };
            match outcome {
                Err(ServiceError::SecondFactorRequired { challenge, .. }) => {
                    *self.challenge.lock().unwrap() = Some(challenge);
                }
                Err(ServiceError::ChallengeInvalid) => *self.challenge.lock().unwrap() = None,
                Err(ServiceError::SecondFactorInvalid) => return true,
                other => return is_guess(other),
            }
        }
    }

    pub(crate) async fn issue_device_token(&self) -> Secret {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = self.service.as_admin(&operator, &client);
        let user = admin.find_user(&email(0)).await.unwrap();
        admin.issue_device_token(user.id).await.unwrap()
    }

    async fn owner_login(&self) -> Result<IssuedTokens, ServiceError> {
        let client = address(8_888_888);
        self.telegram_login(&self.service, 0, OWNER, PASSWORD, &client)
            .await
    }

    pub(crate) async fn link_owner(&self) {
        self.owner_login().await.unwrap();
    }

    /// Sends attempts to two services at the same time. Returns the number of guesses.
    pub(crate) async fn race(self, each: usize) -> usize {
        let services = [
            self.service.clone(),
            service(self.store.clone(), &self.clock),
        ];
        let fixture = Arc::new(self);
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..2 * each {
            let (fixture, service) = (fixture.clone(), services[n % 2].clone());
            tasks.spawn(async move {
                let telegram = ATTACKER + i64::try_from(n).unwrap();
                let client = address(n);
                let result = fixture
                    .telegram_login(&service, 0, telegram, WRONG, &client)
                    .await;
                is_guess(result)
            });
        }
        let guesses = tasks.join_all().await;
        guesses.into_iter().filter(|&is_guess| is_guess).count()
    }

    /// Signs employees in for the first time, from one address within five minutes. One in five
    /// errs once or twice before. Returns the number of refused attempts.
    pub(crate) async fn office(&self, employees: usize) -> usize {
        self.require_accounts(employees).await;
        let client = address(7_777_777);
        let mut refused = 0;
        for n in 0..employees {
            let errors = if n % 5 == 0 { 1 + n / 5 % 2 } else { 0 };
            let telegram = OWNER + i64::try_from(n).unwrap();
            for attempt in 0..=errors {
                let password = if attempt < errors { WRONG } else { PASSWORD };
                let result = self
                    .telegram_login(&self.service, n, telegram, password, &client)
                    .await;
                refused += usize::from(matches!(result, Err(ServiceError::TooManyAttempts { .. })));
            }
            self.clock.advance(Duration::from_millis(600));
        }
        refused
    }
}

fn is_guess(result: Result<IssuedTokens, ServiceError>) -> bool {
    match result {
        Err(
            ServiceError::InvalidCredentials
            | ServiceError::TelegramAccountMismatch
            | ServiceError::TelegramAccountTaken,
        ) => true,
        Err(ServiceError::TooManyAttempts { .. }) => false,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the attacker signed in"),
    }
}

/// Guesses per day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) first: usize,
    pub(crate) then: usize,
}

/// An attacker with accounts to attack, and sources to attack from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attack {
    accounts: usize,
    sources: usize,
    target: Target,
    password: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    /// A source is a Telegram account with an address of its own.
    Employees,
    /// A source is an address.
    Administrators,
    /// Codes of the first administrator, whose password is known. A source is an address.
    Codes,
}

/// Guesses of each day.
#[derive(Clone, Debug)]
pub(crate) struct Guesses(pub(crate) Vec<usize>);

impl Guesses {
    pub(crate) fn total(&self) -> usize {
        self.0.iter().sum()
    }

    pub(crate) fn assert_at_most(&self, bound: Rate) {
        assert!(self.0[0] <= bound.first, "{self:?}");
        assert!(self.0[1..].iter().all(|&n| n <= bound.then), "{self:?}");
    }
}

impl Attack {
    pub(crate) fn employees(accounts: usize, sources: usize) -> Self {
        Self {
            accounts,
            sources,
            target: Target::Employees,
            password: WRONG,
        }
    }

    pub(crate) fn administrators(accounts: usize, sources: usize) -> Self {
        Self {
            target: Target::Administrators,
            ..Self::employees(accounts, sources)
        }
    }

    pub(crate) fn codes(sources: usize) -> Self {
        Self {
            target: Target::Codes,
            ..Self::employees(1, sources)
        }
    }

    pub(crate) fn with_the_correct_password(self) -> Self {
        Self {
            password: PASSWORD,
            ..self
        }
    }

    /// Attacks for some days. The attacker knows the rules: each attempt is made where it may be
    /// allowed, and repeated when the response says so.
    pub(crate) async fn run(self, f: &Fixture, days: usize) -> Guesses {
        if matches!(self.target, Target::Employees) && self.password == PASSWORD {
            f.link_owner().await;
        }
        if matches!(self.target, Target::Codes) {
            f.enrol().await;
        }
        f.require_accounts(self.accounts).await;
        let mut guesses = vec![0; days];
        for day in &mut guesses {
            let mut passed = Duration::ZERO;
            while passed < DAY {
                *day += self.guesses_now(f).await;
                f.clock.advance(self.step());
                passed += self.step();
            }
        }
        Guesses(guesses)
    }

    /// Time between rounds. In an hour each account and each source gets one more attempt; shorter
    /// steps use up the lanes, too.
    fn step(self) -> Duration {
        if self.accounts * self.sources <= 1000 {
            Duration::from_mins(5)
        } else {
            HOUR
        }
    }

    /// As [`run`](Self::run). The owner signs in each hour. Returns the number of refusals of the
    /// owner.
    pub(crate) async fn run_beside_owner(self, f: &Fixture, days: usize) -> usize {
        let mut refused = 0;
        for _ in 0..24 * days {
            let _ = self.guesses_now(f).await;
            refused += usize::from(f.owner_login().await.is_err());
            f.clock.advance(HOUR);
        }
        refused
    }

    /// Makes all attempts that are allowed now: each source tries the accounts until it is refused
    /// for all of them.
    pub(crate) async fn guesses_now(self, f: &Fixture) -> usize {
        let mut guesses = 0;
        let mut exhausted = vec![false; self.accounts];
        for source in 0..self.sources {
            let mut refusals = 0;
            for account in (0..self.accounts).map(|n| (n + source * 13) % self.accounts) {
                if exhausted[account] {
                    continue;
                }
                let mut lane = 0;
                while self.guess(f, account, source).await {
                    guesses += 1;
                    lane += 1;
                    refusals = 0;
                }
                if lane == 0 {
                    refusals += 1;
                    exhausted[account] = self.sources > 1 && self.is_exhausted(f, account).await;
                }
                // The source itself is exhausted when some accounts in a row refuse it.
                if refusals >= 12 {
                    break;
                }
            }
        }
        guesses
    }

    /// Returns `true` if the account refuses every untrusted source.
    async fn is_exhausted(self, f: &Fixture, account: usize) -> bool {
        let (operator, client) = (Admin::operator(), ClientInfo::unknown());
        let admin = f.service.as_admin(&operator, &client);
        let user = match self.target {
            Target::Employees => admin.find_user(&phone(account)).await,
            Target::Administrators | Target::Codes => admin.find_user(&email(account)).await,
        };
        let failed = admin.failed_sign_ins(user.unwrap().id).await.unwrap();
        failed.is_untrusted_refused
    }

    async fn guess(self, f: &Fixture, account: usize, source: usize) -> bool {
        let client = address(source);
        let result = match self.target {
            Target::Codes => return f.guess_code(&client).await,
            Target::Employees => {
                let telegram = ATTACKER + i64::try_from(source).unwrap();
                f.telegram_login(&f.service, account, telegram, self.password, &client)
                    .await
            }
            Target::Administrators => {
                let command = AdminLoginCommand::new(email(account), self.password);
                f.service.for_client(&client).admin_login(&command).await
            }
        };
        is_guess(result)
    }
}
