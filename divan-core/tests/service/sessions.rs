//! The rules of staying signed in, held against the service on every store.

use crate::support::{Refusal, refusal};
use std::sync::Arc;
use std::time::Duration;

use divan_core::api::{
    BootstrapRequest, ChangePasswordRequest, CreateUserRequest, TokenResponse, UpdateUserRequest,
};
use divan_core::clock::{Clock, ManualClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::password::Argon2idHasher;
use divan_core::secret::Secret;
use divan_core::service::{
    Admin, AuthService, BootstrapPolicy, Caller, ClientInfo, ServiceError, SignInPhone,
};
use divan_core::session::{
    AccessCheck, EndReason, MAX_LIVE_SESSIONS, RefreshOutcome, RotationState,
};
use divan_core::store::{Account, AccountUpdate, SessionAdvance, Store};
use divan_core::token::{Audiences, RefreshToken, SecretKey};
use divan_core::types::{Role, SessionId, UserId};

use crate::random::Random;

const NOW: u64 = 1_780_000_000;
const BOT: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const ADMIN_EMAIL: &str = "admin@example.com";
const ADMIN_PASSWORD: &str = "tram under the plum";
const PHONE: &str = "+77011234567";
const PASSWORD: &str = "umbrella 77";
const DAY: Duration = Duration::from_hours(24);

on_every_store!(
    a_refresh_gives_the_next_pair_and_the_pair_before_is_over,
    fifty_refreshes_at_once_give_one_generation_and_fifty_answers,
    an_answer_that_is_lost_signs_nobody_out,
    whoever_shows_a_successor_that_was_given_up_ends_the_session,
    a_patient_thief_ends_the_session,
    tokens_that_are_none_of_this_session_are_refused,
    a_deactivated_user_cannot_refresh,
    what_ends_a_session_is_seen_at_once,
    what_another_process_ends_is_seen_within_a_second,
    a_session_of_somebody_else_is_not_found,
    the_oldest_of_too_many_sessions_ends,
    idle_and_absolute_life,
    a_clock_that_is_set_back_and_forth_signs_nobody_out,
    auto_login_follows_a_password_for_thirty_days,
    auto_login_is_over_with_everything_that_signs_out,
    a_new_password_ends_all_sessions_but_its_own,
    who_has_to_change_the_password_can_do_little_else,
    who_was_signed_out_meanwhile_goes_no_further,
    an_administrator_who_is_one_no_longer_goes_no_further,
    the_end_of_a_session_that_has_ended_changes_nothing,
    histories_go_as_the_pure_function_says,
);

struct Fixture {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    service: AuthService,
    employee: UserId,
}

fn service(store: &Arc<dyn Store>, clock: &Arc<ManualClock>) -> AuthService {
    AuthService::builder(
        store.clone(),
        &SecretKey::new([7; 32]).unwrap(),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .telegram(BOT.parse().unwrap())
    .bootstrap(BootstrapPolicy::OpenToAnyone)
    .hasher(Arc::new(Argon2idHasher::insecure_for_tests()))
    .clock(clock.clone())
    .build()
}

impl Fixture {
    async fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let service = service(&store, &clock);
        service
            .bootstrap(
                None,
                &BootstrapRequest::new(ADMIN_EMAIL, ADMIN_PASSWORD),
                &ClientInfo::unknown(),
            )
            .await
            .unwrap();
        let mut f = Self {
            store,
            clock,
            service,
            employee: UserId(uuid::Uuid::nil()),
        };
        let employee = CreateUserRequest::employee("First Last", PHONE).password(PASSWORD);
        f.employee = f
            .service
            .create_user(&f.admin().await, &employee, &ClientInfo::unknown())
            .await
            .unwrap()
            .user
            .id;
        f
    }

    /// Another process on the same database.
    fn another_server(&self) -> AuthService {
        service(&self.store, &self.clock)
    }

    async fn admin(&self) -> Admin {
        let client = ClientInfo::unknown();
        let session = self
            .service
            .admin_login(ADMIN_EMAIL, &ADMIN_PASSWORD.into(), &client)
            .await
            .unwrap();
        let caller = self
            .service
            .authenticate(session.access_token.expose())
            .await
            .unwrap();
        caller.into_admin().unwrap()
    }

    fn init_data(&self, age: Duration) -> Secret {
        let token: BotToken = BOT.parse().unwrap();
        let signed_at = self.clock.unix_seconds() - age.as_secs();
        InitDataBuilder::new(signed_at)
            .user(42, "First")
            .sign(&token)
            .into()
    }

    async fn login(&self) -> TokenResponse {
        self.login_with(PASSWORD).await.unwrap()
    }

    async fn login_with(&self, password: &str) -> Result<TokenResponse, ServiceError> {
        let init_data = self.init_data(Duration::ZERO);
        let client = ClientInfo::unknown()
            .device("Browser")
            .address("203.0.113.7".parse().unwrap());
        self.service
            .telegram_login(
                SignInPhone::Typed(PHONE),
                &password.into(),
                &init_data,
                &client,
            )
            .await
    }

    async fn auto_login(&self) -> Result<TokenResponse, ServiceError> {
        self.service
            .auto_login(&self.init_data(Duration::ZERO), &ClientInfo::unknown())
            .await
    }

    async fn access(&self, session: &TokenResponse) -> Result<Caller, ServiceError> {
        self.service
            .authenticate(session.access_token.expose())
            .await
    }

    async fn refresh(&self, session: &TokenResponse) -> Result<TokenResponse, ServiceError> {
        self.service
            .refresh(&session.refresh_token, &ClientInfo::unknown())
            .await
    }

    async fn end_reason(&self, session: &TokenResponse) -> Option<EndReason> {
        let (stored, _) = self.store.session(id_of(session)).await.unwrap().unwrap();
        stored.end.map(|end| end.reason)
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    async fn assert_signed_out(&self, session: &TokenResponse) {
        assert_eq!(refusal(self.access(session).await), Refusal::TokenInvalid);
        assert_eq!(
            refusal(self.refresh(session).await),
            Refusal::RefreshTokenInvalid
        );
    }
}

fn token_of(session: &TokenResponse) -> RefreshToken {
    session.refresh_token.expose().parse().unwrap()
}

fn id_of(session: &TokenResponse) -> SessionId {
    token_of(session).session()
}

async fn a_refresh_gives_the_next_pair_and_the_pair_before_is_over(f: Fixture) {
    let first = f.login().await;
    f.pass(Duration::from_mins(10));
    let second = f.refresh(&first).await.unwrap();
    assert_eq!(
        (id_of(&first), token_of(&second).generation()),
        (id_of(&second), 2)
    );
    assert_eq!(second.user.id, f.employee);
    f.access(&second).await.unwrap();
    f.access(&first).await.unwrap();
    let again = f.refresh(&first).await.unwrap();
    assert_eq!(again.refresh_token.expose(), second.refresh_token.expose());
    f.pass(Duration::from_mins(10));
    assert_eq!(refusal(f.access(&first).await), Refusal::TokenExpired);
    assert_eq!(
        refusal(f.refresh(&first).await),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(f.end_reason(&first).await, Some(EndReason::TokenReuse));
    f.assert_signed_out(&second).await;
}

async fn fifty_refreshes_at_once_give_one_generation_and_fifty_answers(f: Fixture) {
    let first = f.login().await;
    let other = f.another_server();
    let tasks = (0..50).map(|n| {
        let service = if n % 2 == 0 {
            f.service.clone()
        } else {
            other.clone()
        };
        let token = first.refresh_token.clone();
        tokio::spawn(async move {
            service
                .refresh(&token, &ClientInfo::unknown())
                .await
                .unwrap()
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        let answer = task.await.unwrap();
        assert_eq!(token_of(&answer).generation(), 2);
        f.access(&answer).await.unwrap();
    }
    let (stored, _) = f.store.session(id_of(&first)).await.unwrap().unwrap();
    assert_eq!(stored.rotation.current(), 2);
}

async fn an_answer_that_is_lost_signs_nobody_out(f: Fixture) {
    let mut kept = f.login().await;
    for lost_for in [0, 1, 29, 31, 3_600, 100_000] {
        let _lost = f.refresh(&kept).await.unwrap();
        f.pass(Duration::from_secs(lost_for));
        kept = f.refresh(&kept).await.unwrap();
        f.access(&kept).await.unwrap();
        f.pass(Duration::from_mins(5));
    }
}

async fn whoever_shows_a_successor_that_was_given_up_ends_the_session(f: Fixture) {
    for by_access in [true, false] {
        let stolen = f.login().await;
        let thief = f.refresh(&stolen).await.unwrap();
        f.pass(Duration::from_mins(1));
        let owner = f.refresh(&stolen).await.unwrap();
        assert_ne!(token_of(&thief).generation(), token_of(&owner).generation());
        f.access(&owner).await.unwrap();
        if by_access {
            f.pass(Duration::from_secs(1));
            let fresh = f.another_server();
            let refused = fresh.authenticate(thief.access_token.expose()).await;
            assert_eq!(refusal(refused), Refusal::TokenInvalid);
        } else {
            assert_eq!(
                refusal(f.refresh(&thief).await),
                Refusal::RefreshTokenInvalid
            );
        }
        assert_eq!(f.end_reason(&owner).await, Some(EndReason::TokenReuse));
        assert_eq!(
            refusal(f.refresh(&owner).await),
            Refusal::RefreshTokenInvalid
        );
        assert_eq!(refusal(f.auto_login().await), Refusal::PasswordRequired);
    }
}

async fn a_patient_thief_ends_the_session(f: Fixture) {
    let stolen = f.login().await;
    let thief = f.refresh(&stolen).await.unwrap();
    f.pass(Duration::from_secs(31));
    let mut owner = f.refresh(&stolen).await.unwrap();
    for _ in 0..20 {
        f.access(&owner).await.unwrap();
        f.pass(DAY);
        owner = f.refresh(&owner).await.unwrap();
    }
    assert_eq!(
        refusal(f.refresh(&thief).await),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(f.end_reason(&owner).await, Some(EndReason::TokenReuse));
}

async fn tokens_that_are_none_of_this_session_are_refused(f: Fixture) {
    let session = f.login().await;
    let good = session.refresh_token.expose();
    let other = f.login().await;
    let mut spliced = good.to_owned();
    spliced.replace_range(..40, &other.refresh_token.expose()[..40]);
    for bad in [
        "",
        "dvr1.",
        "garbage",
        &good[..good.len() - 1],
        &spliced,
        session.access_token.expose(),
    ] {
        assert_eq!(
            refusal(f.service.refresh(&bad.into(), &ClientInfo::unknown()).await),
            Refusal::RefreshTokenInvalid,
            "{bad}"
        );
    }
    assert_eq!(
        refusal(f.service.authenticate(good).await),
        Refusal::TokenInvalid
    );
    let foreign = AuthService::builder(
        f.store.clone(),
        &SecretKey::new([8; 32]).unwrap(),
        "https://sec.example.com",
        Audiences::new("divan.example.com", "sec.example.com").unwrap(),
    )
    .build();
    assert_eq!(
        refusal(
            foreign
                .refresh(&session.refresh_token, &ClientInfo::unknown())
                .await
        ),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(f.end_reason(&session).await, None, "none of it is a theft");
    f.refresh(&session).await.unwrap();
}

async fn a_deactivated_user_cannot_refresh(f: Fixture) {
    let session = f.login().await;
    let mut deactivate = UpdateUserRequest::default();
    deactivate.is_active = Some(false);
    f.service
        .update_user(
            &f.admin().await,
            f.employee,
            &deactivate,
            &ClientInfo::unknown(),
        )
        .await
        .unwrap();
    f.assert_signed_out(&session).await;
    assert_eq!(f.end_reason(&session).await, Some(EndReason::Deactivated));

    // Also when something else than this service has deactivated.
    let mut activate = UpdateUserRequest::default();
    activate.is_active = Some(true);
    f.service
        .update_user(
            &f.admin().await,
            f.employee,
            &activate,
            &ClientInfo::unknown(),
        )
        .await
        .unwrap();
    let session = f.login().await;
    let behind_its_back = |account: &mut Account| {
        account.user.is_active = false;
        Ok(Some(AccountUpdate::none()))
    };
    f.store
        .update_account(f.employee, &behind_its_back)
        .await
        .unwrap();
    f.assert_signed_out(&session).await;
}

async fn what_ends_a_session_is_seen_at_once(f: Fixture) {
    let admin = f.admin().await;
    for n in 0..5 {
        let session = f.login().await;
        let caller = f.access(&session).await.unwrap();
        match n {
            0 => f
                .service
                .logout(&caller, &ClientInfo::unknown())
                .await
                .unwrap(),
            1 => f
                .service
                .end_session(&caller, caller.session(), &ClientInfo::unknown())
                .await
                .unwrap(),
            2 => f
                .service
                .end_user_sessions(&admin, f.employee, &ClientInfo::unknown())
                .await
                .unwrap(),
            3 => {
                _ = f
                    .service
                    .unlink_telegram(&admin, f.employee, &ClientInfo::unknown())
                    .await
                    .unwrap()
            }
            _ => {
                let mut deactivate = UpdateUserRequest::default();
                deactivate.is_active = Some(false);
                f.service
                    .update_user(&admin, f.employee, &deactivate, &ClientInfo::unknown())
                    .await
                    .unwrap();
            }
        }
        f.assert_signed_out(&session).await;
        assert_eq!(
            refusal(f.auto_login().await),
            Refusal::PasswordRequired,
            "{n}"
        );
    }
}

async fn what_another_process_ends_is_seen_within_a_second(f: Fixture) {
    let other = f.another_server();
    let session = f.login().await;
    let token = session.access_token.expose();
    let caller = f.access(&session).await.unwrap();
    other.authenticate(token).await.unwrap();
    f.service
        .logout(&caller, &ClientInfo::unknown())
        .await
        .unwrap();
    assert_eq!(
        refusal(f.service.authenticate(token).await),
        Refusal::TokenInvalid
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        refusal(other.authenticate(token).await),
        Refusal::TokenInvalid
    );
}

async fn a_session_of_somebody_else_is_not_found(f: Fixture) {
    let session = f.login().await;
    let admins = f.admin().await;
    let caller = f.access(&session).await.unwrap();
    let own = f.service.sessions(&caller).await.unwrap();
    assert_eq!(
        (own.len(), own[0].is_current, own[0].device.as_deref()),
        (1, true, Some("Browser"))
    );
    assert_eq!(own[0].address, Some("203.0.113.7".parse().unwrap()));
    let theirs = f
        .store
        .sessions_of(admins.id().unwrap(), own[0].created_at)
        .await
        .unwrap()[0]
        .id;
    assert_eq!(
        refusal(
            f.service
                .end_session(&caller, theirs, &ClientInfo::unknown())
                .await
        ),
        Refusal::NotFound
    );
    let nobodys = SessionId(uuid::Uuid::from_u128(1));
    assert_eq!(
        refusal(
            f.service
                .end_session(&caller, nobodys, &ClientInfo::unknown())
                .await
        ),
        Refusal::NotFound
    );

    let elsewhere = f.login().await;
    f.service
        .end_session(&caller, id_of(&elsewhere), &ClientInfo::unknown())
        .await
        .unwrap();
    f.service
        .end_session(&caller, id_of(&elsewhere), &ClientInfo::unknown())
        .await
        .unwrap();
    f.assert_signed_out(&elsewhere).await;
    f.access(&session).await.unwrap();
}

async fn the_oldest_of_too_many_sessions_ends(f: Fixture) {
    let first = f.login().await;
    f.access(&first).await.unwrap();
    for _ in 0..MAX_LIVE_SESSIONS {
        f.pass(Duration::from_secs(1));
        f.login().await;
    }
    f.assert_signed_out(&first).await;
    assert_eq!(f.end_reason(&first).await, Some(EndReason::Limit));
    f.auto_login().await.unwrap();
}

async fn idle_and_absolute_life(f: Fixture) {
    let idle = f.login().await;
    f.pass(30 * DAY);
    assert_eq!(
        refusal(f.refresh(&idle).await),
        Refusal::RefreshTokenInvalid
    );
    let mut busy = f.login().await;
    for _ in 0..4 {
        f.pass(22 * DAY);
        busy = f.refresh(&busy).await.unwrap();
    }
    f.pass(2 * DAY);
    assert_eq!(
        refusal(f.refresh(&busy).await),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(f.end_reason(&busy).await, None, "no alarm");
}

async fn a_clock_that_is_set_back_and_forth_signs_nobody_out(f: Fixture) {
    f.clock.set_unix(NOW + 10_000);
    let first = f.login().await;
    let second = f.refresh(&first).await.unwrap();
    f.access(&second).await.unwrap();
    f.clock.set_unix(NOW + 10_000 - 3_600);
    // A tab that asks with the pair before, and an access token from the future.
    assert_eq!(token_of(&f.refresh(&first).await.unwrap()).generation(), 2);
    assert_eq!(refusal(f.access(&second).await), Refusal::TokenExpired);
    let third = f.refresh(&second).await.unwrap();
    f.access(&third).await.unwrap();
    f.clock.set_unix(NOW + 10_000);
    let fourth = f.refresh(&third).await.unwrap();
    f.access(&fourth).await.unwrap();
}

async fn auto_login_follows_a_password_for_thirty_days(f: Fixture) {
    assert_eq!(
        refusal(f.auto_login().await),
        Refusal::PasswordRequired,
        "nobody is bound"
    );
    f.login().await;
    f.pass(20 * DAY);
    let session = f.auto_login().await.unwrap();
    f.access(&session).await.unwrap();
    let client = ClientInfo::unknown();
    f.service
        .auto_login(&f.init_data(Duration::from_mins(59)), &client)
        .await
        .unwrap();
    let old = f
        .service
        .auto_login(&f.init_data(Duration::from_mins(61)), &client)
        .await;
    assert_eq!(refusal(old), Refusal::InitDataExpired);

    // It lasts as long as the proof, however it is refreshed, and does not renew the proof.
    f.pass(9 * DAY);
    let session = f.refresh(&session).await.unwrap();
    f.pass(Duration::from_secs(24 * 3600 - 1));
    let last = f.auto_login().await.unwrap();
    f.access(&last).await.unwrap();
    f.pass(Duration::from_secs(1));
    assert_eq!(
        refusal(f.refresh(&session).await),
        Refusal::RefreshTokenInvalid
    );
    assert_eq!(refusal(f.auto_login().await), Refusal::PasswordRequired);
}

async fn auto_login_is_over_with_everything_that_signs_out(f: Fixture) {
    for case in 0..4 {
        let session = f.login().await;
        let change = |account: &mut Account| {
            match case {
                0 => account.user.is_active = false,
                1 => account.user.password_change_required = true,
                2 => account.user.telegram_id = None,
                _ => account.password_verified_at = None,
            }
            Ok(Some(AccountUpdate::none()))
        };
        f.store.update_account(f.employee, &change).await.unwrap();
        assert_eq!(
            refusal(f.auto_login().await),
            Refusal::PasswordRequired,
            "{case}"
        );
        let restore = |account: &mut Account| {
            account.user.is_active = true;
            account.user.password_change_required = false;
            Ok(Some(AccountUpdate::none()))
        };
        f.store.update_account(f.employee, &restore).await.unwrap();
        drop(session);
    }
}

async fn a_new_password_ends_all_sessions_but_its_own(f: Fixture) {
    let (here, there) = (f.login().await, f.login().await);
    f.access(&there).await.unwrap();
    let caller = f.access(&here).await.unwrap();
    let client = ClientInfo::unknown();
    let change = async |current: &str, new: &str| {
        f.service
            .change_password(&caller, &ChangePasswordRequest::new(current, new), &client)
            .await
    };
    assert_eq!(
        refusal(change("wrong password", "plum 4 the tram").await),
        Refusal::InvalidCredentials
    );
    assert_eq!(
        refusal(change(PASSWORD, PASSWORD).await),
        Refusal::WeakPassword
    );
    assert_eq!(
        refusal(change(PASSWORD, "short").await),
        Refusal::WeakPassword
    );
    f.access(&there).await.unwrap();

    let session = change(PASSWORD, "plum 4 the tram").await.unwrap();
    f.access(&session).await.unwrap();
    f.assert_signed_out(&here).await;
    f.assert_signed_out(&there).await;
    assert_eq!(refusal(f.auto_login().await), Refusal::PasswordRequired);
    assert_eq!(
        refusal(f.login_with(PASSWORD).await),
        Refusal::InvalidCredentials
    );
    f.login_with("plum 4 the tram").await.unwrap();
}

async fn who_has_to_change_the_password_can_do_little_else(f: Fixture) {
    let require = |account: &mut Account| {
        account.user.password_change_required = true;
        Ok(Some(AccountUpdate::none()))
    };
    f.store.update_account(f.employee, &require).await.unwrap();
    let session = f.login().await;
    assert_eq!(
        refusal(f.access(&session).await),
        Refusal::PasswordChangeRequired
    );
    let token = session.access_token.expose();
    let caller = f.service.authenticate_any_scope(token).await.unwrap();
    assert_eq!(
        refusal(caller.clone().into_admin()),
        Refusal::PasswordChangeRequired
    );
    let refreshed = f.refresh(&session).await.unwrap();
    assert_eq!(
        refusal(f.access(&refreshed).await),
        Refusal::PasswordChangeRequired
    );

    let request = ChangePasswordRequest::new(PASSWORD, "plum 4 the tram");
    let free = f
        .service
        .change_password(&caller, &request, &ClientInfo::unknown())
        .await
        .unwrap();
    assert!(!free.user.password_change_required);
    f.access(&free).await.unwrap();
}

/// The token was good when the request began, and its body took its time.
async fn who_was_signed_out_meanwhile_goes_no_further(f: Fixture) {
    let caller = f.access(&f.login().await).await.unwrap();
    f.service
        .end_user_sessions(&f.admin().await, f.employee, &ClientInfo::unknown())
        .await
        .unwrap();
    let request = ChangePasswordRequest::new(PASSWORD, "plum 4 the tram");
    let changed = f
        .service
        .change_password(&caller, &request, &ClientInfo::unknown())
        .await;
    assert_eq!(refusal(changed), Refusal::TokenInvalid);
    f.login_with(PASSWORD).await.unwrap();
}

async fn an_administrator_who_is_one_no_longer_goes_no_further(f: Fixture) {
    const EMAIL: &str = "second@example.com";
    let first = f.admin().await;
    let request = CreateUserRequest::admin("Second", EMAIL).password(ADMIN_PASSWORD);
    let id = f
        .service
        .create_user(&first, &request, &ClientInfo::unknown())
        .await
        .unwrap()
        .user
        .id;
    let (mut deactivate, mut demote, mut activate) =
        <(UpdateUserRequest, UpdateUserRequest, UpdateUserRequest)>::default();
    deactivate.is_active = Some(false);
    demote.role = Some(Role::Employee);
    demote.phone = Some(Some("+77010000009".to_owned()));
    activate.is_active = Some(true);
    activate.role = Some(Role::Admin);
    for end in [deactivate, demote] {
        f.service
            .update_user(&first, id, &activate, &ClientInfo::unknown())
            .await
            .unwrap();
        let unlock = |account: &mut Account| {
            account.user.password_change_required = false;
            Ok(Some(AccountUpdate::none()))
        };
        f.store.update_account(id, &unlock).await.unwrap();
        let session = f
            .service
            .admin_login(EMAIL, &ADMIN_PASSWORD.into(), &ClientInfo::unknown())
            .await
            .unwrap();
        let second = f.access(&session).await.unwrap().into_admin().unwrap();
        f.service
            .update_user(&first, id, &end, &ClientInfo::unknown())
            .await
            .unwrap();

        let another =
            CreateUserRequest::admin("Third", "third@example.com").password(ADMIN_PASSWORD);
        assert_eq!(
            refusal(
                f.service
                    .create_user(&second, &another, &ClientInfo::unknown())
                    .await
            ),
            Refusal::TokenInvalid
        );
        assert_eq!(
            refusal(
                f.service
                    .update_user(&second, id, &activate, &ClientInfo::unknown())
                    .await
            ),
            Refusal::TokenInvalid
        );
        assert_eq!(
            refusal(
                f.service
                    .unlink_telegram(&second, f.employee, &ClientInfo::unknown())
                    .await
            ),
            Refusal::TokenInvalid
        );
        assert_eq!(
            refusal(
                f.service
                    .end_user_sessions(&second, f.employee, &ClientInfo::unknown())
                    .await
            ),
            Refusal::TokenInvalid
        );
    }
}

async fn the_end_of_a_session_that_has_ended_changes_nothing(f: Fixture) {
    let (first, second) = (f.login().await, f.login().await);
    let (ended, caller) = (
        f.access(&first).await.unwrap(),
        f.access(&second).await.unwrap(),
    );
    f.service
        .logout(&ended, &ClientInfo::unknown())
        .await
        .unwrap();
    f.login().await;
    f.service
        .end_session(&caller, id_of(&first), &ClientInfo::unknown())
        .await
        .unwrap();
    f.service
        .logout(&ended, &ClientInfo::unknown())
        .await
        .unwrap();
    f.auto_login().await.unwrap();
}

/// Tokens of any age, shown by anybody to one of two servers, which are restarted and whose
/// database is restored: the answers and the stored row are those of `RotationState`, whose own
/// histories are in `session_model.rs`.
///
/// `DIVAN_MODEL_STORE_HISTORIES` says how many are played on each store; some dozens by default.
async fn histories_go_as_the_pure_function_says(f: Fixture) {
    let histories =
        std::env::var("DIVAN_MODEL_STORE_HISTORIES").map_or(40, |count| count.parse().unwrap());
    let mut thefts = 0;
    for seed in 0..histories {
        let mut random = Random(seed);
        f.clock.set_unix(NOW + seed * 1_000_000);
        let mut history = History::begin(&f).await;
        for _ in 0..30 {
            history.step(&f, &mut random).await;
        }
        thefts += u64::from(history.is_ended);
    }
    assert!(
        thefts > histories / 10,
        "the histories are about thieves: {thefts}"
    );
}

struct History {
    session: SessionId,
    model: RotationState,
    backup: RotationState,
    is_ended: bool,
    /// Every pair that was handed out, with the time, in seconds.
    pairs: Vec<(TokenResponse, u64)>,
    servers: [AuthService; 2],
}

impl History {
    async fn begin(f: &Fixture) -> Self {
        let first = f.login().await;
        let model = RotationState::first(f.clock.now().into());
        Self {
            session: id_of(&first),
            model,
            backup: model,
            is_ended: false,
            pairs: vec![(first, f.clock.unix_seconds())],
            servers: [f.another_server(), f.another_server()],
        }
    }

    async fn step(&mut self, f: &Fixture, random: &mut Random) {
        let now = f.clock.unix_seconds();
        match random.below(5) {
            0 => f.clock.set_unix(now + random.below(7_000)),
            1 => f.clock.set_unix(now - random.below(60)),
            2 => f.clock.set_unix(now + random.below(40)),
            _ => {}
        }
        let server = usize::try_from(random.below(2)).unwrap();
        // The newest pairs more often than the older ones.
        let age = random.below(self.pairs.len() as u64).min(random.below(3));
        let index = self.pairs.len() - 1 - usize::try_from(age).unwrap();
        let (pair, issued_at) = self.pairs[index].clone();
        match random.below(12) {
            0 => self.servers[server] = f.another_server(),
            1 => self.backup = self.model,
            2 if random.below(3) == 0 && !self.is_ended => self.restore(f).await,
            3 => self.access(f, None, &pair, issued_at).await,
            4..=6 => self.access(f, Some(server), &pair, issued_at).await,
            _ => self.refresh(f, server, &pair).await,
        }
        let (stored, _) = f.store.session(self.session).await.unwrap().unwrap();
        let end = self.is_ended.then_some(EndReason::TokenReuse);
        assert_eq!(
            (stored.rotation, stored.end.map(|end| end.reason)),
            (self.model, end)
        );
    }

    async fn refresh(&mut self, f: &Fixture, server: usize, pair: &TokenResponse) {
        let expected = match self
            .model
            .refresh(token_of(pair).generation(), f.clock.now().into())
        {
            _ if self.is_ended => None,
            RefreshOutcome::Rotated(next) | RefreshOutcome::Replayed(next) => {
                self.model = next;
                Some(next.current())
            }
            RefreshOutcome::ReuseDetected => {
                self.is_ended = true;
                None
            }
            RefreshOutcome::Unknown => None,
        };
        let answer = self.servers[server]
            .refresh(&pair.refresh_token, &ClientInfo::unknown())
            .await;
        let generation = answer
            .as_ref()
            .ok()
            .map(|session| token_of(session).generation());
        assert_eq!(generation, expected);
        if let Ok(session) = answer {
            self.pairs.push((session, f.clock.unix_seconds()));
        }
    }

    /// At a server that may have seen the session within the last second, or has not.
    async fn access(
        &mut self,
        f: &Fixture,
        known: Option<usize>,
        pair: &TokenResponse,
        issued_at: u64,
    ) {
        let server = known.map_or_else(|| f.another_server(), |known| self.servers[known].clone());
        let answer = server.authenticate(pair.access_token.expose()).await;
        let now = f.clock.unix_seconds();
        if issued_at > now + 30 || now >= issued_at + 900 + 30 {
            assert_eq!(refusal(answer), Refusal::TokenExpired);
            return;
        }
        let expected = match self.model.check_access(token_of(pair).generation()) {
            // Within that second the end may not have come round.
            _ if self.is_ended && known.is_some() => return,
            _ if self.is_ended => false,
            AccessCheck::Valid => true,
            AccessCheck::Confirmed(next) => {
                self.model = next;
                true
            }
            AccessCheck::ReuseDetected => {
                self.is_ended = true;
                false
            }
            AccessCheck::Unknown => false,
        };
        assert_eq!(answer.is_ok(), expected);
    }

    async fn restore(&mut self, f: &Fixture) {
        let (stored, _) = f.store.session(self.session).await.unwrap().unwrap();
        let restore = SessionAdvance {
            session: self.session,
            seen: self.model,
            next: self.backup,
            expires_at: stored.expires_at,
        };
        assert!(f.store.advance_session(&restore).await.unwrap());
        self.model = self.backup;
        for server in &mut self.servers {
            *server = f.another_server();
        }
    }
}
