//! The binding of a bot to its Mini App: what has to be so, whether it is, and how it is made so.

use std::time::SystemTime;

use divan_core::init_data::BotToken;
use url::Url;

use crate::bot_api::{Bot, BotApi, BotApiError, MenuButton, WebAppInfo};
use crate::config::Config;

/// What the button says where nothing else is asked for.
pub(crate) const BUTTON_TEXT: &str = "Open";

/// A bot and the Mini App that it is to open.
#[derive(Debug)]
pub(crate) struct Binding {
    api: BotApi,
    bot_id: i64,
    is_test: bool,
    miniapp: Url,
}

/// How a bot was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) bot: Bot,
    /// What time it was here and there, at the same moment.
    pub(crate) clocks: Option<(SystemTime, SystemTime)>,
    button: MenuButton,
}

/// What became of the menu button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ButtonSet {
    /// It opens the Mini App from now on.
    Now,
    /// It did already.
    Before,
    /// It stays as it is, since bot and Mini App do not fit.
    Not,
}

impl Binding {
    pub(crate) fn new(
        api_url: &Url,
        token: &BotToken,
        is_test: bool,
        miniapp: &Url,
    ) -> Result<Self, BotApiError> {
        let api = BotApi::new(api_url, token.clone(), is_test)?;
        Ok(Self {
            api,
            bot_id: token.bot_id(),
            is_test,
            miniapp: miniapp.clone(),
        })
    }

    /// What the configuration says; `None` where it has no bot. The one of the development default
    /// is made up, and Telegram does not know it.
    pub(crate) fn of(config: &Config) -> Option<Result<Self, BotApiError>> {
        let telegram = &config.infra.telegram;
        let token = telegram.bot_token.as_ref()?;
        Some(Self::new(
            &telegram.api_url,
            token,
            telegram.test_environment,
            &config.addresses.miniapp,
        ))
    }

    /// Looks at the bot, and changes nothing.
    pub(crate) async fn look(&self) -> Result<Found, BotApiError> {
        let ((bot, clocks), button) =
            tokio::try_join!(self.api.get_me(), self.api.chat_menu_button())?;
        Ok(Found {
            bot,
            clocks,
            button,
        })
    }

    /// What has to be put right, and how.
    pub(crate) fn faults(&self, found: &Found) -> Vec<String> {
        let mut faults = self.misfits(&found.bot);
        match &found.button {
            MenuButton::WebApp { web_app, .. } if self.is_miniapp(&web_app.url) => {}
            MenuButton::WebApp { web_app, .. } => faults.push(format!(
                "the menu button opens {} instead of {}: run `divan-server telegram setup`",
                self.api.readable(&web_app.url),
                self.miniapp
            )),
            MenuButton::Another => faults.push(format!(
                "the menu button does not open {}: run `divan-server telegram setup`",
                self.miniapp
            )),
        }
        if !found.bot.has_main_web_app {
            let todo = "has no Main Mini App: the profile's button and t.me links open nothing";
            faults.push(format!("@{} {todo} (see below)", found.bot.username));
        }
        faults
    }

    /// Why this bot cannot open this Mini App, whatever its button does.
    fn misfits(&self, bot: &Bot) -> Vec<String> {
        let mut faults = Vec::new();
        if bot.id != self.bot_id {
            faults.push(format!(
                "the token is of the bot {}, and the Bot API answers for {}: TELEGRAM_API_URL leads elsewhere",
                self.bot_id, bot.id
            ));
        }
        // The test environment takes http, too:
        // https://core.telegram.org/bots/webapps#testing-mini-apps
        if self.miniapp.scheme() != "https" && !self.is_test {
            faults.push(format!(
                "Telegram opens https addresses only, and DIVAN_MINIAPP_URL is {}",
                self.miniapp
            ));
        }
        faults
    }

    /// Has the menu button open the Mini App, where bot and Mini App fit.
    pub(crate) async fn set_button(
        &self,
        found: &mut Found,
        text: &str,
    ) -> Result<ButtonSet, BotApiError> {
        if !self.misfits(&found.bot).is_empty() {
            return Ok(ButtonSet::Not);
        }
        let button = MenuButton::WebApp {
            text: text.to_owned(),
            web_app: WebAppInfo {
                url: self.miniapp.as_str().to_owned(),
            },
        };
        if found.button == button {
            return Ok(ButtonSet::Before);
        }
        self.api.set_chat_menu_button(&button).await?;
        found.button = button;
        Ok(ButtonSet::Now)
    }

    /// What the Bot API has no method for, with the values to give.
    pub(crate) fn by_hand(&self, bot: &Bot) -> Vec<String> {
        let (name, url) = (&bot.username, &self.miniapp);
        let host = self.miniapp.host_str().unwrap_or_default();
        vec![
            format!("/mybots, @{name}, Bot Settings, Configure Mini App, Enable Mini App: {url}"),
            format!("/setdomain, @{name}: {host} (for the Login Widget alone)"),
        ]
    }

    fn is_miniapp(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| url == self.miniapp)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use serde_json::{Value, json};
    use wiremock::matchers::{any, body_partial_json, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    const TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
    const SECRET: &str = "AAFakeTokenForDivanTestVectorsOnly_0000";
    const MINIAPP: &str = "https://divan.example.com/";

    fn binding(api: &str, is_test: bool, miniapp: &str) -> Binding {
        let url = |text: &str| Url::parse(text).unwrap();
        Binding::new(&url(api), &TOKEN.parse().unwrap(), is_test, &url(miniapp)).unwrap()
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

    async fn answers(server: &MockServer, call: &str, answer: ResponseTemplate) {
        let called = Mock::given(method("POST")).and(path(format!("/bot{TOKEN}/{call}")));
        called.respond_with(answer).mount(server).await;
    }

    async fn always(server: &MockServer, answer: ResponseTemplate) {
        Mock::given(any()).respond_with(answer).mount(server).await;
    }

    /// An error with its causes, and as `Debug` shows it: all that may get to a log.
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
    async fn a_bot_that_is_bound_has_no_faults() {
        let server = MockServer::start().await;
        answers(&server, "getMe", ok(&me(true))).await;
        answers(
            &server,
            "getChatMenuButton",
            ok(&button("https://divan.example.com")),
        )
        .await;
        let binding = binding(&server.uri(), false, MINIAPP);
        let found = binding.look().await.unwrap();
        assert_eq!(
            (found.bot.username.as_str(), binding.faults(&found)),
            ("divan_bot", vec![])
        );
    }

    #[tokio::test]
    async fn each_fault_of_a_binding_is_told() {
        let server = MockServer::start().await;
        let other = json!({"id": 42, "username": "other_bot"});
        answers(&server, "getMe", ok(&other)).await;
        answers(
            &server,
            "getChatMenuButton",
            ok(&json!({"type": "commands"})),
        )
        .await;
        let binding = binding(&server.uri(), false, "http://divan.example.com/");
        let faults = binding.faults(&binding.look().await.unwrap());
        let [id, scheme, button, main] = &faults[..] else {
            panic!("{faults:?}")
        };
        assert!(id.contains("1234567890") && id.contains("42"), "{id}");
        assert!(scheme.contains("https addresses only"), "{scheme}");
        assert!(button.contains("telegram setup"), "{button}");
        assert!(main.contains("Main Mini App"), "{main}");
    }

    #[tokio::test]
    async fn the_button_is_set_where_it_is_another_one() {
        let server = MockServer::start().await;
        answers(&server, "getMe", ok(&me(true))).await;
        answers(
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
            let binding = binding(api, false, miniapp);
            let mut found = binding.look().await.unwrap();
            let set = binding.set_button(&mut found, "Open").await.unwrap();
            assert_eq!(binding.faults(&found).is_empty(), set != ButtonSet::Not);
            set
        };
        assert_eq!(set(&server.uri(), MINIAPP).await, ButtonSet::Now);

        let server = MockServer::start().await;
        answers(&server, "getMe", ok(&me(true))).await;
        answers(&server, "getChatMenuButton", ok(&button(MINIAPP))).await;
        assert_eq!(set(&server.uri(), MINIAPP).await, ButtonSet::Before);
        assert_eq!(
            set(&server.uri(), "http://divan.example.com/").await,
            ButtonSet::Not
        );

        let server = MockServer::start().await;
        answers(
            &server,
            "getMe",
            ok(&json!({"id": 42, "username": "other_bot"})),
        )
        .await;
        answers(
            &server,
            "getChatMenuButton",
            ok(&json!({"type": "commands"})),
        )
        .await;
        assert_eq!(
            set(&server.uri(), MINIAPP).await,
            ButtonSet::Not,
            "of another bot"
        );
    }

    #[tokio::test]
    async fn the_test_environment_has_its_own_addresses() {
        let server = MockServer::start().await;
        answers(&server, "test/getMe", ok(&me(true))).await;
        answers(
            &server,
            "test/getChatMenuButton",
            ok(&button("http://192.0.2.2/")),
        )
        .await;
        let binding = binding(&server.uri(), true, "http://192.0.2.2/");
        let found = binding.look().await.unwrap();
        assert_eq!(
            (found.bot.id, found.clocks.is_some()),
            (1_234_567_890, true)
        );
        assert_eq!(binding.faults(&found), [""; 0], "http is good enough there");
    }

    #[tokio::test]
    async fn what_telegram_refuses_is_told_without_the_token() {
        let cases = [
            (401, "Unauthorized", "does not know this token"),
            (404, "Not Found", "does not know this token"),
            (
                400,
                "Bad Request: no AAFakeTokenForDivanTestVectorsOnly_0000 here",
                "Telegram refuses: Bad Request",
            ),
            (
                500,
                "Internal Server Error",
                "has a fault of its own (500 Internal Server Error): try again",
            ),
        ];
        for (status, description, expected) in cases {
            let server = MockServer::start().await;
            let answer = json!({"ok": false, "error_code": status, "description": description});
            always(&server, ResponseTemplate::new(status).set_body_json(answer)).await;
            let error = binding(&server.uri(), false, MINIAPP)
                .look()
                .await
                .unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!shown(&error).contains(SECRET), "{}", shown(&error));
        }
    }

    #[tokio::test]
    async fn who_is_told_to_wait_waits_and_asks_again() {
        let server = MockServer::start().await;
        let wait = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 1",
                          "parameters": {"retry_after": 1}});
        let told = Mock::given(path(format!("/bot{TOKEN}/getMe")));
        told.respond_with(ResponseTemplate::new(429).set_body_json(wait))
            .up_to_n_times(1)
            .mount(&server)
            .await;
        answers(&server, "getMe", ok(&me(true))).await;
        let asked = std::time::Instant::now();
        binding(&server.uri(), false, MINIAPP)
            .api
            .get_me()
            .await
            .unwrap();
        assert!(asked.elapsed() >= std::time::Duration::from_secs(1));

        // What stands in front of Telegram may answer in words of its own.
        let server = MockServer::start().await;
        let wait = ResponseTemplate::new(429)
            .insert_header("retry-after", "1")
            .set_body_string("<html>");
        Mock::given(any())
            .respond_with(wait)
            .up_to_n_times(1)
            .mount(&server)
            .await;
        answers(&server, "getMe", ok(&me(true))).await;
        binding(&server.uri(), false, MINIAPP)
            .api
            .get_me()
            .await
            .unwrap();

        // Nobody sits before a command for an hour.
        let server = MockServer::start().await;
        let wait = json!({"ok": false, "error_code": 429, "parameters": {"retry_after": 3600}});
        answers(
            &server,
            "getMe",
            ResponseTemplate::new(429).set_body_json(wait),
        )
        .await;
        let error = binding(&server.uri(), false, MINIAPP)
            .api
            .get_me()
            .await
            .unwrap_err();
        assert!(error.to_string().contains("3600 s"), "{error}");
    }

    #[tokio::test]
    async fn a_bot_api_that_is_down_or_something_else_is_told_without_the_token() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let nobody = format!("http://{nobody}");
        let down = binding(&nobody, false, MINIAPP).look().await.unwrap_err();
        assert!(matches!(down, BotApiError::Unreachable(_)), "{down}");
        assert!(!shown(&down).contains(SECRET), "{}", shown(&down));

        let server = MockServer::start().await;
        always(
            &server,
            ResponseTemplate::new(200).set_body_string("<html>"),
        )
        .await;
        let other = binding(&server.uri(), false, MINIAPP)
            .look()
            .await
            .unwrap_err();
        assert!(matches!(other, BotApiError::NotTheBotApi), "{other}");
    }

    #[tokio::test]
    async fn a_bad_gateway_is_no_fault_of_the_address() {
        let server = MockServer::start().await;
        always(
            &server,
            ResponseTemplate::new(502).set_body_string("<html>"),
        )
        .await;
        let broken = binding(&server.uri(), false, MINIAPP)
            .look()
            .await
            .unwrap_err();
        assert!(matches!(broken, BotApiError::Broken(_)), "{broken}");
    }

    #[test]
    fn what_is_left_to_do_by_hand_has_its_values() {
        let bot = Bot {
            id: 1,
            username: "divan_bot".to_owned(),
            has_main_web_app: false,
        };
        let steps = binding("https://api.telegram.org", false, MINIAPP).by_hand(&bot);
        assert!(
            steps[0].contains("@divan_bot") && steps[0].ends_with(MINIAPP),
            "{}",
            steps[0]
        );
        assert!(steps[1].contains("divan.example.com"), "{}", steps[1]);
    }
}
