//! Checks and configures the bot's menu button.

use std::time::SystemTime;

use divan_core::infra::TelegramConfig;
use divan_core::init_data::BotToken;
use url::Url;

use crate::bot_api::{Bot, BotApi, BotApiError, MenuButton, WebAppInfo};
use crate::config::Config;

/// Default text of the button.
pub(crate) const BUTTON_TEXT: &str = "Open";

/// A bot and the Mini App that its menu button must open.
#[derive(Debug)]
pub(crate) struct MenuButtonSetup {
    api: BotApi,
    bot_id: i64,
    /// The configured username.
    username: Option<String>,
    is_test: bool,
    miniapp: Url,
}

/// Status of a bot.
#[derive(Debug)]
pub(crate) struct BotStatus {
    pub(crate) bot: Bot,
    /// This machine's and Telegram's time at the same moment.
    pub(crate) clocks: Option<(SystemTime, SystemTime)>,
    button: MenuButton,
}

/// Result of setting the menu button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ButtonSet {
    /// The button was changed.
    Changed,
    /// The button already opens the Mini App.
    Unchanged,
    /// The bot cannot open this Mini App, so the button was not changed.
    Refused,
}

impl MenuButtonSetup {
    pub(crate) fn new(
        telegram: &TelegramConfig,
        (variable, token): (&'static str, &BotToken),
        miniapp: &Url,
    ) -> Result<Self, BotApiError> {
        let is_test = telegram.test_environment;
        let (url, proxy) = (&telegram.api_url, telegram.proxy.as_ref());
        let main = telegram.bot_token.as_ref().map(BotToken::bot_id);
        let username = telegram.bot_username.clone();
        Ok(Self {
            api: BotApi::new(url, proxy, (variable, token.clone()), is_test)?,
            bot_id: token.bot_id(),
            username: username.filter(|_| main == Some(token.bot_id())),
            is_test,
            miniapp: miniapp.clone(),
        })
    }

    /// Creates the set-ups of the configured bots. The bot of development mode does not exist at Telegram,
    /// so it does not count.
    pub(crate) fn from_config(config: &Config) -> Result<Vec<Self>, BotApiError> {
        let telegram = &config.infra.telegram;
        let setup = |token| Self::new(telegram, token, &config.addresses.miniapp);
        telegram.current_tokens().map(setup).collect()
    }

    /// Reads the status of the bot and changes nothing.
    pub(crate) async fn inspect(&self) -> Result<BotStatus, BotApiError> {
        let ((bot, clocks), button) =
            tokio::try_join!(self.api.get_me(), self.api.chat_menu_button())?;
        Ok(BotStatus {
            bot,
            clocks,
            button,
        })
    }

    /// Returns the bot of the token, for errors before Telegram has returned its username.
    pub(crate) fn bot(&self) -> String {
        format!("bot {}", self.bot_id)
    }

    /// Lists what must be corrected, and how.
    pub(crate) fn problems(&self, status: &BotStatus) -> Vec<String> {
        let name = status.bot.to_string();
        let problems = self.problems_of_bot(status).into_iter();
        problems
            .map(|problem| format!("{name}: {problem}"))
            .collect()
    }

    fn problems_of_bot(&self, status: &BotStatus) -> Vec<String> {
        let mut problems = self.mismatches(&status.bot);
        match &status.button {
            MenuButton::WebApp { web_app, .. } if self.is_miniapp(&web_app.url) => {}
            MenuButton::WebApp { web_app, .. } => problems.push(format!(
                "the menu button opens {} instead of {}: run `divan-server telegram setup`",
                self.api.readable(&web_app.url),
                self.miniapp
            )),
            MenuButton::Other => problems.push(format!(
                "the menu button does not open {}: run `divan-server telegram setup`",
                self.miniapp
            )),
        }
        let other = |name: &&String| !name.eq_ignore_ascii_case(&status.bot.username);
        if let Some(configured) = self.username.as_ref().filter(other) {
            problems.push(format!(
                "TELEGRAM_BOT_USERNAME is {configured}, but the bot is @{}: the Mini App's page links to another bot",
                status.bot.username
            ));
        }
        if !status.bot.has_main_web_app {
            problems.push(
                "no Main Mini App: the profile's button and t.me links open nothing".to_owned(),
            );
        }
        problems
    }

    /// Lists the reasons why this bot cannot open this Mini App with any button.
    fn mismatches(&self, bot: &Bot) -> Vec<String> {
        let mut problems = Vec::new();
        if bot.id != self.bot_id {
            problems.push(format!(
                "the token belongs to bot {}, but the Bot API responds as bot {}: check TELEGRAM_API_URL",
                self.bot_id, bot.id
            ));
        }
        // The test environment also accepts http:
        // https://core.telegram.org/bots/webapps#testing-mini-apps
        if self.miniapp.scheme() != "https" && !self.is_test {
            problems.push(format!(
                "Telegram opens https addresses only, but DIVAN_MINIAPP_URL is {}",
                self.miniapp
            ));
        }
        problems
    }

    /// Makes the menu button open the Mini App, unless bot and Mini App do not match. Without a `text`, the
    /// button keeps the one that a person gave it.
    pub(crate) async fn set_button(
        &self,
        status: &mut BotStatus,
        text: Option<&str>,
    ) -> Result<ButtonSet, BotApiError> {
        if !self.mismatches(&status.bot).is_empty() {
            return Ok(ButtonSet::Refused);
        }
        let (current_text, current_url) = match &status.button {
            MenuButton::WebApp { text, web_app } => (Some(text.as_str()), web_app.url.as_str()),
            MenuButton::Other => (None, ""),
        };
        let text = text.or(current_text).unwrap_or(BUTTON_TEXT);
        let is_set = self.is_miniapp(current_url) && current_text == Some(text);
        let button = MenuButton::WebApp {
            text: text.to_owned(),
            web_app: WebAppInfo {
                url: self.miniapp.as_str().to_owned(),
            },
        };
        if is_set {
            return Ok(ButtonSet::Unchanged);
        }
        self.api.set_chat_menu_button(&button).await?;
        status.button = button;
        Ok(ButtonSet::Changed)
    }

    /// Lists the open steps that the Bot API has no method for, with the values to enter.
    pub(crate) fn manual_steps(&self, bot: &Bot) -> Vec<String> {
        if bot.has_main_web_app {
            return Vec::new();
        }
        let (name, url) = (&bot.username, &self.miniapp);
        let step = "Bot Settings, Configure Mini App, Enable Mini App";
        vec![format!("/mybots, @{name}, {step}: {url}")]
    }

    fn is_miniapp(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| url == self.miniapp)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use divan_core::infra::Env;
    use serde_json::{Value, json};
    use wiremock::matchers::{any, body_partial_json, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    const TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
    const SECRET: &str = "AAFakeTokenForDivanTestVectorsOnly_0000";
    const MINIAPP: &str = "https://divan.example.com/";

    fn setup(api: &str, is_test: bool, miniapp: &str) -> MenuButtonSetup {
        setup_through(None, api, is_test, miniapp)
    }

    fn setup_through(
        proxy: Option<&str>,
        api: &str,
        is_test: bool,
        miniapp: &str,
    ) -> MenuButtonSetup {
        let environment = if is_test { "on" } else { "off" };
        let variables = |name: &str| match name {
            "TELEGRAM_API_URL" => Some(api.to_owned()),
            "TELEGRAM_PROXY" => proxy.map(str::to_owned),
            "TELEGRAM_TEST_ENVIRONMENT" => Some(environment.to_owned()),
            _ => None,
        };
        let mut env = Env::new(&variables);
        let telegram = TelegramConfig::read(&mut env);
        env.finish().unwrap();
        let token = TOKEN.parse().unwrap();
        let token = ("TELEGRAM_BOT_TOKEN", &token);
        MenuButtonSetup::new(&telegram, token, &miniapp.parse().unwrap()).unwrap()
    }

    fn ok(result: &Value) -> ResponseTemplate {
        ResponseTemplate::new(200).set_body_json(json!({"ok": true, "result": result}))
    }

    fn me(has_main_web_app: bool) -> Value {
        json!({"id": 1_234_567_890, "is_bot": true, "first_name": "Divan", "username": "divan_bot",
               "has_main_web_app": has_main_web_app})
    }

    fn button(url: &str) -> Value {
        json!({"type": "web_app", "text": "Open", "web_app": {"url": url}})
    }

    async fn on_call(server: &MockServer, call: &str, answer: ResponseTemplate) {
        let called = Mock::given(method("POST")).and(path(format!("/bot{TOKEN}/{call}")));
        called.respond_with(answer).mount(server).await;
    }

    async fn always(server: &MockServer, answer: ResponseTemplate) {
        Mock::given(any()).respond_with(answer).mount(server).await;
    }

    /// `Display` and `Debug` of an error and its causes: everything that may get into a log.
    fn shown(error: &BotApiError) -> String {
        let mut text = format!("{error:?} {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text} {cause} {cause:?}");
            source = cause.source();
        }
        text
    }

    #[tokio::test]
    async fn a_configured_bot_has_no_problems() {
        let server = MockServer::start().await;
        on_call(&server, "getMe", ok(&me(true))).await;
        on_call(
            &server,
            "getChatMenuButton",
            ok(&button("https://divan.example.com")),
        )
        .await;
        let setup = setup(&server.uri(), false, MINIAPP);
        let status = setup.inspect().await.unwrap();
        assert_eq!(
            (status.bot.username.as_str(), setup.problems(&status)),
            ("divan_bot", vec![])
        );
    }

    #[tokio::test]
    async fn each_problem_of_a_bot_is_reported() {
        let server = MockServer::start().await;
        let other = json!({"id": 42, "username": "other_bot"});
        on_call(&server, "getMe", ok(&other)).await;
        on_call(
            &server,
            "getChatMenuButton",
            ok(&json!({"type": "commands"})),
        )
        .await;
        let setup = setup(&server.uri(), false, "http://divan.example.com/");
        let problems = setup.problems(&setup.inspect().await.unwrap());
        let [id, scheme, button, main] = &problems[..] else {
            panic!("{problems:?}")
        };
        assert!(id.contains("1234567890") && id.contains("42"), "{id}");
        assert!(scheme.contains("https addresses only"), "{scheme}");
        assert!(button.contains("telegram setup"), "{button}");
        assert!(main.contains("Main Mini App"), "{main}");
        let names_the_bot = |problem: &String| problem.starts_with("@other_bot (42): ");
        assert!(problems.iter().all(names_the_bot), "{problems:?}");
    }

    #[tokio::test]
    async fn a_configured_username_of_another_bot_is_a_problem() {
        let server = MockServer::start().await;
        on_call(&server, "getMe", ok(&me(true))).await;
        on_call(&server, "getChatMenuButton", ok(&button(MINIAPP))).await;
        for (username, problems) in [("divan_bot", 0), ("Divan_Bot", 0), ("other_bot", 1)] {
            let mut setup = setup(&server.uri(), false, MINIAPP);
            setup.username = Some(username.to_owned());
            let found = setup.problems(&setup.inspect().await.unwrap());
            assert_eq!(found.len(), problems, "{found:?}");
            assert!(found.iter().all(|problem| {
                problem.contains("TELEGRAM_BOT_USERNAME is other_bot, but the bot is @divan_bot")
            }));
        }
    }

    #[tokio::test]
    async fn setup_changes_only_a_different_button() {
        let server = MockServer::start().await;
        on_call(&server, "getMe", ok(&me(true))).await;
        on_call(
            &server,
            "getChatMenuButton",
            ok(&button("https://old.example.com/")),
        )
        .await;
        let wanted = json!({"menu_button": button(MINIAPP)});
        let set = Mock::given(path(format!("/bot{TOKEN}/setChatMenuButton")))
            .and(body_partial_json(wanted));
        set.respond_with(ok(&json!(true)))
            .expect(1)
            .mount(&server)
            .await;
        let set = async |api: &str, miniapp: &str| {
            let setup = setup(api, false, miniapp);
            let mut status = setup.inspect().await.unwrap();
            let set = setup.set_button(&mut status, None).await.unwrap();
            assert_eq!(
                setup.problems(&status).is_empty(),
                set != ButtonSet::Refused
            );
            set
        };
        assert_eq!(set(&server.uri(), MINIAPP).await, ButtonSet::Changed);

        let server = MockServer::start().await;
        on_call(&server, "getMe", ok(&me(true))).await;
        on_call(&server, "getChatMenuButton", ok(&button(MINIAPP))).await;
        assert_eq!(set(&server.uri(), MINIAPP).await, ButtonSet::Unchanged);
        assert_eq!(
            set(&server.uri(), "http://divan.example.com/").await,
            ButtonSet::Refused
        );

        let server = MockServer::start().await;
        on_call(
            &server,
            "getMe",
            ok(&json!({"id": 42, "username": "other_bot"})),
        )
        .await;
        on_call(
            &server,
            "getChatMenuButton",
            ok(&json!({"type": "commands"})),
        )
        .await;
        assert_eq!(
            set(&server.uri(), MINIAPP).await,
            ButtonSet::Refused,
            "another bot"
        );
    }

    #[tokio::test]
    async fn the_test_environment_has_its_own_urls() {
        let server = MockServer::start().await;
        on_call(&server, "test/getMe", ok(&me(true))).await;
        on_call(
            &server,
            "test/getChatMenuButton",
            ok(&button("http://192.0.2.2/")),
        )
        .await;
        let setup = setup(&server.uri(), true, "http://192.0.2.2/");
        let status = setup.inspect().await.unwrap();
        assert_eq!(
            (status.bot.id, status.clocks.is_some()),
            (1_234_567_890, true)
        );
        assert_eq!(setup.problems(&status), [""; 0], "http is allowed there");
    }

    #[tokio::test]
    async fn a_refusal_by_telegram_is_reported_without_the_token() {
        let cases = [
            (401, "Unauthorized", "does not accept this token"),
            (404, "Not Found", "does not accept this token"),
            (
                400,
                "Bad Request: no AAFakeTokenForDivanTestVectorsOnly_0000 here",
                "Telegram refused the request: Bad Request",
            ),
            (
                500,
                "Internal Server Error",
                "returned 500 Internal Server Error: try again",
            ),
        ];
        for (status, description, expected) in cases {
            let server = MockServer::start().await;
            let answer = json!({"ok": false, "error_code": status, "description": description});
            always(&server, ResponseTemplate::new(status).set_body_json(answer)).await;
            let error = setup(&server.uri(), false, MINIAPP)
                .inspect()
                .await
                .unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!shown(&error).contains(SECRET), "{}", shown(&error));
        }
    }

    #[tokio::test]
    async fn a_429_is_retried_after_its_wait() {
        let server = MockServer::start().await;
        let wait = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 1",
                          "parameters": {"retry_after": 1}});
        let limited = Mock::given(path(format!("/bot{TOKEN}/getMe")));
        limited
            .respond_with(ResponseTemplate::new(429).set_body_json(wait))
            .up_to_n_times(1)
            .mount(&server)
            .await;
        on_call(&server, "getMe", ok(&me(true))).await;
        let started = std::time::Instant::now();
        setup(&server.uri(), false, MINIAPP)
            .api
            .get_me()
            .await
            .unwrap();
        assert!(started.elapsed() >= std::time::Duration::from_secs(1));

        // A proxy may respond with a body of its own.
        let server = MockServer::start().await;
        let wait = ResponseTemplate::new(429)
            .insert_header("retry-after", "1")
            .set_body_string("<html>");
        Mock::given(any())
            .respond_with(wait)
            .up_to_n_times(1)
            .mount(&server)
            .await;
        on_call(&server, "getMe", ok(&me(true))).await;
        setup(&server.uri(), false, MINIAPP)
            .api
            .get_me()
            .await
            .unwrap();

        // A wait of an hour is an error.
        let server = MockServer::start().await;
        let wait = json!({"ok": false, "error_code": 429, "parameters": {"retry_after": 3600}});
        on_call(
            &server,
            "getMe",
            ResponseTemplate::new(429).set_body_json(wait),
        )
        .await;
        let error = setup(&server.uri(), false, MINIAPP)
            .api
            .get_me()
            .await
            .unwrap_err();
        assert!(error.to_string().contains("3600 s"), "{error}");
    }

    #[tokio::test]
    async fn an_unreachable_or_invalid_bot_api_is_reported_without_the_token() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let closed = format!("http://{closed}");
        let down = setup(&closed, false, MINIAPP).inspect().await.unwrap_err();
        assert!(matches!(down, BotApiError::Unreachable(_)), "{down}");
        assert!(!shown(&down).contains(SECRET), "{}", shown(&down));

        let server = MockServer::start().await;
        always(
            &server,
            ResponseTemplate::new(200).set_body_string("<html>"),
        )
        .await;
        let other = setup(&server.uri(), false, MINIAPP)
            .inspect()
            .await
            .unwrap_err();
        assert!(matches!(other, BotApiError::NotTheBotApi), "{other}");
    }

    #[tokio::test]
    async fn a_bad_gateway_is_reported_as_temporary() {
        let server = MockServer::start().await;
        always(
            &server,
            ResponseTemplate::new(502).set_body_string("<html>"),
        )
        .await;
        let broken = setup(&server.uri(), false, MINIAPP)
            .inspect()
            .await
            .unwrap_err();
        assert!(matches!(broken, BotApiError::Broken(_)), "{broken}");
    }

    #[test]
    fn manual_steps_contain_their_values() {
        let bot = Bot {
            id: 1,
            username: "divan_bot".to_owned(),
            has_main_web_app: false,
        };
        let steps = setup("https://api.telegram.org", false, MINIAPP).manual_steps(&bot);
        assert!(
            steps[0].contains("@divan_bot") && steps[0].ends_with(MINIAPP),
            "{}",
            steps[0]
        );
        assert_eq!(steps.len(), 1, "nothing else is open: {steps:?}");
        let bot = Bot {
            has_main_web_app: true,
            ..bot
        };
        let steps = setup("https://api.telegram.org", false, MINIAPP).manual_steps(&bot);
        assert_eq!(steps, [""; 0]);
    }

    #[tokio::test]
    async fn a_button_keeps_the_text_that_a_person_gave_it() {
        for (url, text, expected) in [
            (MINIAPP, None, None),
            ("https://divan.example.com", None, None),
            ("https://old.example.com/", None, Some("Sign in")),
            (MINIAPP, Some("Open"), Some("Open")),
        ] {
            let server = MockServer::start().await;
            on_call(&server, "getMe", ok(&me(true))).await;
            let named = json!({"type": "web_app", "text": "Sign in", "web_app": {"url": url}});
            on_call(&server, "getChatMenuButton", ok(&named)).await;
            let wanted = json!({"menu_button": {"text": expected.unwrap_or_default()}});
            let set = Mock::given(path(format!("/bot{TOKEN}/setChatMenuButton")))
                .and(body_partial_json(wanted));
            set.respond_with(ok(&json!(true)))
                .expect(u64::from(expected.is_some()))
                .mount(&server)
                .await;
            let setup = setup(&server.uri(), false, MINIAPP);
            let mut status = setup.inspect().await.unwrap();
            let set = setup.set_button(&mut status, text).await.unwrap();
            assert_eq!(set == ButtonSet::Changed, expected.is_some(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_button_with_the_query_of_the_url_is_current() {
        let server = MockServer::start().await;
        on_call(&server, "getMe", ok(&me(true))).await;
        let url = "https://divan.example.com/?v=2";
        on_call(&server, "getChatMenuButton", ok(&button(url))).await;
        let current = setup(&server.uri(), false, url);
        let status = current.inspect().await.unwrap();
        assert_eq!(current.problems(&status), [""; 0]);
        let other = setup(&server.uri(), false, MINIAPP);
        assert_eq!(other.problems(&status).len(), 1, "another query");
    }

    #[tokio::test]
    async fn requests_go_through_a_proxy() {
        let proxy = MockServer::start().await;
        let absolute = Mock::given(method("POST")).and(path(format!("/bot{TOKEN}/getMe")));
        absolute
            .respond_with(ok(&me(true)))
            .expect(1)
            .mount(&proxy)
            .await;
        let through =
            |proxy: &str| setup_through(Some(proxy), "http://api.invalid", false, MINIAPP);
        through(&proxy.uri()).api.get_me().await.unwrap();

        let socks = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("socks5h://user:hidden@{}", socks.local_addr().unwrap());
        let greeted = tokio::spawn(async move {
            let (mut client, _) = socks.accept().await.unwrap();
            let mut version = [0];
            tokio::io::AsyncReadExt::read_exact(&mut client, &mut version)
                .await
                .unwrap();
            version[0]
        });
        let error = through(&url).api.get_me().await.unwrap_err();
        assert_eq!(greeted.await.unwrap(), 5, "the version of SOCKS");
        assert!(!shown(&error).contains("hidden"), "{}", shown(&error));
    }
}
