//! A server that logs everything, and requests to its endpoints.

use std::collections::BTreeMap;
use std::path::Path;

use axum::http::Method;
use divan_core::api::ENDPOINTS;
use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use serde_json::{Value, json};

use super::{ADMIN, ADMIN_PASSWORD, BOT, HASH, NAME, PHONE, configured, require_none};
use crate::operations::free_address;
use crate::process::{Running, no_tls, start, wait_for};

/// Members of responses that are secret.
const SECRETS: [&str; 6] = [
    "access_token",
    "refresh_token",
    "device_token",
    "generated_password",
    "challenge",
    "secret",
];

pub(super) struct Journey {
    pub(super) server: Running,
    pub(super) http: reqwest::Client,
    metrics: String,
    /// Secrets that the server or the test generated.
    pub(super) secrets: Vec<String>,
    /// Operations: true if one has succeeded, and true if it has failed.
    outcomes: BTreeMap<&'static str, (bool, bool)>,
}

/// A request to an endpoint.
pub(super) struct Call<'c> {
    operation: &'static str,
    id: &'c str,
    secret_id: &'c str,
    pub(super) authorization: Option<String>,
    body: Option<String>,
    query: &'c str,
    headers: &'c [(&'static str, &'static str)],
}

pub(super) fn call(operation: &'static str) -> Call<'static> {
    Call {
        operation,
        id: "canary-id",
        secret_id: "canary-id",
        authorization: None,
        body: None,
        query: "",
        headers: &[],
    }
}

impl<'c> Call<'c> {
    pub(super) fn file(self, list: &str) -> Self {
        let body = Some(list.to_owned());
        Self { body, ..self }
    }

    pub(super) fn of(self, id: &'c str) -> Self {
        Self { id, ..self }
    }

    pub(super) fn secret(self, secret_id: &'c str) -> Self {
        Self { secret_id, ..self }
    }

    pub(super) fn with(self, token: &str) -> Self {
        let authorization = Some(format!("Bearer {token}"));
        Self {
            authorization,
            ..self
        }
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    pub(super) fn text(self, body: &str) -> Self {
        let body = Some(body.to_owned());
        Self { body, ..self }
    }

    pub(super) fn query(self, query: &'c str) -> Self {
        Self { query, ..self }
    }

    pub(super) fn headers(self, headers: &'c [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }
}

impl Journey {
    pub(super) fn start(database: &str, folder: &Path) -> Self {
        let metrics = free_address();
        let mut command = configured(database, folder);
        let server = start(command.env("DIVAN_METRICS_LISTEN", &metrics));
        wait_for(&server.log, "serving metrics", || true);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(no_tls())
            .build()
            .unwrap();
        Self {
            server,
            http,
            metrics,
            secrets: vec![HASH.to_owned()],
            outcomes: BTreeMap::new(),
        }
    }

    /// Sends a request that must have this status, and returns the body.
    pub(super) async fn expect(&mut self, status: u16, call: Call<'_>) -> Value {
        let endpoint = ENDPOINTS
            .iter()
            .find(|endpoint| endpoint.operation == call.operation);
        let endpoint = endpoint.unwrap();
        let path = endpoint.path.replace("{id}", call.id);
        let path = path.replace("{secret_id}", call.secret_id) + call.query;
        let method: Method = endpoint.method.as_str().parse().unwrap();
        let mut request = self.http.request(method, self.server.url(&path));
        if let Some(authorization) = call.authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(body) = call.body {
            request = request
                .header("content-type", endpoint.request_type.as_str())
                .body(body);
        }
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        let request = request
            .header("user-agent", "canary browser")
            .header("cookie", "canary=1")
            .header("x-request-id", "canary-request");
        let response = request.send().await.unwrap();
        let found = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_eq!(found, status, "{} {text}", call.operation);
        let (succeeded, failed) = self.outcomes.entry(endpoint.operation).or_default();
        *succeeded |= status < 400;
        *failed |= status >= 400;
        self.keep_secrets(&body);
        self.keep_generated(&text);
        body
    }

    pub(super) fn keep_secrets(&mut self, response: &Value) {
        let secrets = SECRETS.iter().filter_map(|name| response[name].as_str());
        self.secrets.extend(secrets.map(str::to_owned));
        self.secrets.extend(strings(&response["recovery_codes"]));
        if response["token"].is_object() {
            self.keep_secrets(&response["token"]);
        }
    }

    /// Keeps the passwords in the lines of an import.
    fn keep_generated(&mut self, text: &str) {
        let lines = text.lines().map(serde_json::from_str::<Value>);
        for line in lines.filter_map(Result::ok) {
            let generated = line["passwords"].as_array().into_iter().flatten();
            let secrets = generated.map(|one| one["password"].as_str().unwrap().to_owned());
            self.secrets.extend(secrets);
        }
    }

    /// Signs init data, whose hash must not be logged.
    pub(super) fn init_data(&mut self, telegram_id: i64) -> String {
        let signed = InitDataBuilder::new(SystemClock.unix_seconds())
            .user_named(telegram_id, NAME, "canary_user")
            .sign(&BOT.parse::<BotToken>().unwrap());
        let (_, hash) = signed.split_once("hash=").unwrap();
        self.secrets.push(hash[..64].to_owned());
        signed
    }

    /// Returns the phone number of the employee as Telegram's `requestContact` signs it.
    pub(super) fn contact(&mut self, telegram_id: i64) -> String {
        let signed = InitDataBuilder::new(SystemClock.unix_seconds())
            .contact(telegram_id, &PHONE[1..], NAME)
            .sign(&BOT.parse::<BotToken>().unwrap());
        let (_, hash) = signed.split_once("hash=").unwrap();
        self.secrets.push(hash[..64].to_owned());
        signed
    }

    async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.metrics);
        let response = self.http.get(url).send().await.unwrap();
        response.text().await.unwrap()
    }

    pub(super) async fn admin_login(&mut self) -> Value {
        let login = json!({"email": ADMIN, "password": ADMIN_PASSWORD});
        self.expect(200, call("admin_login").json(&login)).await
    }

    /// Requires that every endpoint has succeeded and failed, and that no line has a canary.
    pub(super) async fn finish(self) {
        for endpoint in ENDPOINTS {
            let (succeeded, failed) = self
                .outcomes
                .get(endpoint.operation)
                .copied()
                .unwrap_or_default();
            let can_fail = ![
                "live",
                "jwks",
                "authorization_server_metadata",
                "openid_configuration",
                "telegram_config",
                "get_bootstrap",
                "begin_passkey_login",
            ]
            .contains(&endpoint.operation);
            let name = endpoint.operation;
            assert!(
                succeeded && (failed || !can_fail),
                "{name}: {succeeded} {failed}"
            );
        }
        require_none(&self.metrics().await, &self.secrets);
        let log = self.server.log();
        for target in ["divan_core::store", "sqlx::query"] {
            let is_logged = log.contains(&format!("DEBUG {target}:"));
            assert!(is_logged, "no line of {target}: {log}");
        }
        require_none(&log, &self.secrets);
    }
}

/// Returns the texts of an array.
pub(super) fn strings(value: &Value) -> impl Iterator<Item = String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned))
}
