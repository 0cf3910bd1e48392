//! Init data of test users, so that development mode can be tried without Telegram.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{MethodRouter, post};
use divan_core::api::{Auth, Endpoint, MemberError, MemberErrorCode, Method, ProblemCode};
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use serde::{Deserialize, Serialize};

use super::{ApiResponse, ApiResult};
use crate::extract::JsonBody;
use crate::extract::rejections::invalid;
use crate::middleware::is_forwarded;
use crate::problem::Problem;
use crate::state::AppState;

/// The greatest id of a Telegram user.
const MAX_TELEGRAM_ID: i64 = (1 << 52) - 1;

/// The endpoint. It is not part of the contract, because only development mode has it.
#[derive(Debug)]
pub(crate) enum TestInitData {}

impl Endpoint for TestInitData {
    const OPERATION: &'static str = "test_init_data";
    const METHOD: Method = Method::Post;
    const PATH: &'static str = "/auth/telegram/test-init-data";
    const AUTH: Auth = Auth::None;
    const STATUS: u16 = 200;
    const PROBLEMS: &'static [ProblemCode] = &[ProblemCode::NotFound];
    type Request = TestUser;
    type Response = Signed;
}

/// A user of Telegram that does not exist.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestUser {
    telegram_id: i64,
    first_name: Option<String>,
    username: Option<String>,
    language_code: Option<String>,
}

/// The member `user` of init data.
#[derive(Serialize)]
struct WebAppUser {
    id: i64,
    first_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language_code: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct Signed {
    init_data: String,
}

pub(crate) fn route() -> MethodRouter<AppState> {
    post(test_init_data)
}

/// The generated bot. A request through a proxy or a tunnel may come from anywhere, so it is answered as
/// if there were no such route.
struct TestBot(BotToken);

impl FromRequestParts<AppState> for TestBot {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let bot = state.http().test_bot.clone();
        bot.filter(|_| !is_forwarded(&parts.headers))
            .map(Self)
            .ok_or(Problem::new(ProblemCode::NotFound))
    }
}

/// Signs init data of a test user.
async fn test_init_data(
    TestBot(bot): TestBot,
    JsonBody(user): JsonBody<TestInitData>,
) -> ApiResult<TestInitData> {
    if !(1..=MAX_TELEGRAM_ID).contains(&user.telegram_id) {
        let detail = format!("must be from 1 to {MAX_TELEGRAM_ID}");
        let error = MemberError::new("/telegram_id", MemberErrorCode::OutOfRange, detail);
        return Err(invalid(error.with_min(1).with_max(MAX_TELEGRAM_ID)));
    }
    let user = WebAppUser {
        id: user.telegram_id,
        first_name: user.first_name.unwrap_or_else(|| "Test".to_owned()),
        username: user.username,
        language_code: user.language_code,
    };
    let user = serde_json::to_string(&user)
        .map_err(|error| Problem::new(ProblemCode::Internal).with_cause(error))?;
    let init_data = InitDataBuilder::new(SystemClock.unix_seconds())
        .field("user", &user)
        .sign(&bot);
    Ok(ApiResponse(Signed { init_data }))
}
