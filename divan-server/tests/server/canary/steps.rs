//! The steps of the journey: successful and refused requests.

use std::path::Path;

use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder};
use divan_core::passkey::SoftwareAuthenticator;
use divan_core::second_factor::TotpSecret;
use divan_core::types::{PasskeyCredential, PasskeyOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::journey::{Journey, call, strings};
use super::{
    ADMIN, ADMIN_ORIGIN, ADMIN_PASSWORD, BOOTSTRAP, BOT, NAME, PASSWORD, PHONE, SECOND_ADMIN,
    THIRD_ADMIN, configured, require_none,
};
use crate::process::{start, wait_for};

impl Journey {
    pub(super) async fn bootstrap(&mut self) {
        let body = json!({"email": ADMIN, "password": ADMIN_PASSWORD, "full_name": NAME});
        let right = &[("x-bootstrap-token", BOOTSTRAP)];
        let wrong = &[("x-bootstrap-token", "canary wrong token")];
        self.expect(403, call("bootstrap").json(&body)).await;
        self.expect(403, call("bootstrap").json(&body).headers(wrong))
            .await;
        let weak = json!({"email": ADMIN, "password": "canary"});
        self.expect(422, call("bootstrap").json(&weak).headers(right))
            .await;
        self.expect(201, call("bootstrap").json(&body).headers(right))
            .await;
        self.expect(409, call("bootstrap").json(&body).headers(right))
            .await;
    }

    /// Signs in as the administrator, and returns an access token.
    pub(super) async fn administrator(&mut self) -> String {
        for (status, body) in [
            (
                401,
                json!({"email": ADMIN, "password": "canary wrong password"}),
            ),
            (
                401,
                json!({"email": "canary-unknown@example.com", "password": "canary"}),
            ),
            (
                422,
                json!({"email": "canary", "password": "canary".repeat(40)}),
            ),
            (
                422,
                json!({"email": ADMIN, "password": ADMIN_PASSWORD, "canary": "canary"}),
            ),
            (
                401,
                json!({"email": ADMIN, "password": "canary", "device_token": "dvd1.canary"}),
            ),
        ] {
            self.expect(status, call("admin_login").json(&body)).await;
        }
        for malformed in [
            "{\"email\": \"canary",
            "canary",
            "{\"email\": \"canary\" canary",
        ] {
            self.expect(400, call("admin_login").text(malformed)).await;
        }
        self.token_endpoint().await;
        let first = self.admin_login().await;
        let known = json!({
            "email": ADMIN, "password": ADMIN_PASSWORD, "device_token": first["device_token"]
        });
        let session = self.expect(200, call("admin_login").json(&known)).await;
        string(&session["access_token"])
    }

    /// Signs in with the form of standard OAuth2 clients.
    pub(super) async fn token_endpoint(&mut self) {
        let name = ADMIN.replace('@', "%40");
        let password = ADMIN_PASSWORD.replace(' ', "+");
        for (is_accepted, form) in [
            (
                true,
                format!("grant_type=password&username={name}&password={password}"),
            ),
            (
                false,
                "grant_type=refresh_token&refresh_token=canary".to_owned(),
            ),
            (false, "grant_type=canary&username=canary".to_owned()),
        ] {
            let request = self.http.post(self.server.url("/auth/token"));
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let response = request.body(form).send().await.unwrap();
            assert_eq!(response.status().is_success(), is_accepted, "{response:?}");
            self.keep_secrets(&response.json().await.unwrap());
        }
    }

    /// Creates users, and returns the id of the employee with [`PHONE`] and [`PASSWORD`].
    pub(super) async fn users(&mut self, admin: &str) -> String {
        let employee = json!({"full_name": NAME, "phone": PHONE, "password": PASSWORD});
        let create = |body: &Value| call("create_user").with(admin).json(body);
        let created = self.expect(201, create(&employee)).await;
        self.expect(409, create(&employee)).await;
        let weak = json!({"full_name": NAME, "phone": "+77010099009", "password": "canary"});
        self.expect(422, create(&weak)).await;
        let invalid = json!({"full_name": "canary\0", "phone": "canary", "role": "canary"});
        self.expect(422, create(&invalid)).await;
        let other = json!({"full_name": NAME, "phone": "+77010099002", "email": "canary-2@example.com",
                   "external_id": "canary-1", "metadata": {"canary": "canary"}});
        let other = string(&self.expect(201, create(&other)).await["user"]["id"]);
        let id = string(&created["user"]["id"]);

        for (status, query) in [
            (200, "?q=canary"),
            (200, "?q=%2B7701009900"),
            (422, "?cursor=canary"),
            (422, "?q=%00"),
            (422, "?canary=canary"),
        ] {
            let list = call("list_users").with(admin).query(query);
            self.expect(status, list).await;
        }
        for (status, filter) in [(200, "q"), (422, "cursor")] {
            let search = call("search_users").with(admin);
            let filters = json!({filter: "canary"});
            self.expect(status, search.json(&filters)).await;
        }
        self.expect(200, call("get_user").with(admin).of(&id)).await;
        self.expect(404, call("get_user").with(admin)).await;
        let update = |body: &Value| call("update_user").with(admin).json(body);
        let (renamed, taken) = (
            json!({"full_name": "Canary Other"}),
            json!({"phone": PHONE}),
        );
        self.expect(200, update(&renamed).of(&other)).await;
        self.expect(409, update(&taken).of(&other)).await;
        let promote = |body: &Value| call("promote_user").with(admin).json(body);
        let taken = json!({"email": ADMIN});
        self.expect(409, promote(&taken).of(&other)).await;
        let email = json!({"email": SECOND_ADMIN});
        self.expect(200, promote(&email).of(&other)).await;
        self.expect(200, call("reset_password").with(admin).of(&other))
            .await;
        self.expect(404, call("reset_password").with(admin)).await;
        for (operation, status) in [
            ("get_failed_sign_ins", 200),
            ("unlock_user", 204),
            ("user_sessions", 200),
            ("end_user_sessions", 204),
        ] {
            self.expect(status, call(operation).with(admin).of(&other))
                .await;
            self.expect(404, call(operation).with(admin)).await;
        }
        let list = format!("phone,name\n+77010099004,{NAME}\n");
        for operation in ["preview_import", "import_users"] {
            let file = |list: &str| call(operation).with(admin).file(list);
            self.expect(200, file(&list)).await;
            self.expect(422, file("").query("?canary=canary")).await;
        }
        let import = call("import_users").with(admin);
        self.expect(422, import.file("canary\n")).await;
        self.expect(200, call("export_users").with(admin)).await;
        self.expect(401, call("export_users").with("canary.canary.canary"))
            .await;
        let delete = || call("delete_user").with(admin);
        self.expect(204, delete().of(&other)).await;
        self.expect(404, delete().of(&other)).await;
        id
    }

    /// Signs the employee in, and returns the tokens.
    pub(super) async fn employee(&mut self) -> Value {
        let (own, other) = (self.init_data(42), self.init_data(43));
        let forged = own.replace("hash=", "hash=00");
        let stale = InitDataBuilder::new(1_700_000_000)
            .user_named(42, NAME, "canary_user")
            .sign(&BOT.parse::<BotToken>().unwrap());
        let login = |password: &str, data: &str| {
            let body = json!({"phone": PHONE, "password": password, "init_data": data});
            call("telegram_login").json(&body)
        };
        self.expect(401, login("canary wrong", &own)).await;
        self.expect(200, login(PASSWORD, &own)).await;
        self.expect(403, login(PASSWORD, &other)).await;
        for invalid in [forged.as_str(), &stale, "canary", "canary=%zz&hash=canary"] {
            self.expect(401, login(PASSWORD, invalid)).await;
            let auto = json!({"init_data": invalid});
            self.expect(401, call("auto_login").json(&auto)).await;
        }
        let contact = self.contact(42);
        let body = json!({"contact": contact, "password": PASSWORD, "init_data": own});
        self.expect(200, call("telegram_login").json(&body)).await;
        let mut header =
            call("telegram_login").json(&json!({"phone": PHONE, "password": PASSWORD}));
        header.authorization = Some(format!("tma {own}"));
        self.expect(200, header).await;
        let auto = json!({"init_data": own});
        self.expect(200, call("auto_login").json(&auto)).await
    }

    /// Refreshes, presents a replaced token, and changes the password.
    pub(super) async fn sessions(&mut self, tokens: Value) {
        let refresh = |token: &Value| call("refresh").json(&json!({"refresh_token": token}));
        self.expect(401, refresh(&json!("dvr1.canary"))).await;
        let mut next = tokens.clone();
        for _ in 0..2 {
            next = self.expect(200, refresh(&next["refresh_token"])).await;
        }
        self.expect(401, refresh(&tokens["refresh_token"])).await;
        self.expect(401, call("me").with(&string(&next["access_token"])))
            .await;

        let own = self.init_data(42);
        let body = json!({"phone": PHONE, "password": PASSWORD, "init_data": own});
        let session = self.expect(200, call("telegram_login").json(&body)).await;
        let token = string(&session["access_token"]);
        self.expect(200, call("me").with(&token)).await;
        let change = |current: &str, new: &str| {
            let body = json!({"current_password": current, "new_password": new});
            call("change_password").with(&token).json(&body)
        };
        self.expect(401, change("canary wrong", "goldfinch 78 plum"))
            .await;
        self.expect(422, change(PASSWORD, "canary")).await;
        let changed = self
            .expect(200, change(PASSWORD, "goldfinch 78 plum"))
            .await;
        let token = string(&changed["access_token"]);
        self.expect(204, call("logout").with(&token)).await;
        self.expect(401, call("logout").with(&token)).await;
    }

    pub(super) async fn own_sessions(&mut self, admin: &str) {
        for (list, remove) in [("devices", "remove_device"), ("sessions", "end_session")] {
            self.expect(401, call(list).with("canary.canary.canary"))
                .await;
            let items = self.expect(200, call(list).with(admin)).await;
            let items = items["items"].as_array().unwrap();
            let other = items.iter().find(|item| item["is_current"] != true);
            let id = string(&other.unwrap()["id"]);
            self.expect(204, call(remove).with(admin).of(&id)).await;
            self.expect(404, call(remove).with(admin)).await;
        }
        self.expect(401, call("me").with(&format!("{admin}canary")))
            .await;
    }

    /// Turns the second factor on, signs in with it, and turns it off.
    pub(super) async fn second_factor(&mut self, admin: &str) {
        let begin = || call("begin_second_factor");
        let confirm = |body: &Value| call("confirm_second_factor").with(admin).json(body);
        self.expect(401, begin()).await;
        self.expect(401, call("get_second_factor")).await;
        let wrong = json!({"code": "canary"});
        self.expect(404, confirm(&wrong)).await;
        let secret = self.expect(200, begin().with(admin)).await;
        self.expect(401, confirm(&wrong)).await;
        let code = json!({"code": code(&secret["secret"])});
        let enabled = self.expect(200, confirm(&code)).await;
        self.expect(200, call("get_second_factor").with(admin))
            .await;

        let login = json!({"email": ADMIN, "password": ADMIN_PASSWORD});
        let challenged = self.expect(401, call("admin_login").json(&login)).await;
        for (status, member, value) in [
            (401, "code", "canary".to_owned()),
            (
                200,
                "recovery_code",
                strings(&enabled["recovery_codes"]).next().unwrap(),
            ),
        ] {
            let mut body = json!({"challenge": challenged["challenge"]});
            body[member] = value.into();
            self.expect(status, call("complete_admin_login").json(&body))
                .await;
        }

        let step_up = |body: &Value| call("step_up").with(admin).json(body);
        self.expect(401, step_up(&wrong)).await;
        let proof = strings(&enabled["recovery_codes"]).nth(1).unwrap();
        let proof = json!({ "recovery_code": proof });
        let fresh = self.expect(200, step_up(&proof)).await;
        let fresh = string(&fresh["access_token"]);
        self.other_second_factor(&fresh).await;
        for (operation, status, after) in [
            ("replace_recovery_codes", 200, 200),
            ("disable_second_factor", 200, 404),
            ("replace_recovery_codes", 404, 404),
        ] {
            let request = || call(operation).with(&fresh);
            self.expect(status, request()).await;
            self.expect(after, request()).await;
        }
    }

    /// Resets the second factor of another administrator.
    pub(super) async fn passkeys(&mut self, admin: &str) {
        for operation in ["passkeys", "begin_passkey"] {
            self.expect(401, call(operation)).await;
        }
        self.expect(404, call("begin_step_up").with(admin)).await;
        let mut authenticator = SoftwareAuthenticator::new(ADMIN_ORIGIN, "canary");
        let begun = self.expect(200, call("begin_passkey").with(admin)).await;
        let created = authenticator.create(&options(&begun));
        let created = self.keep_credential(&created);
        let add = json!({"name": NAME, "credential": created});
        let add = || call("add_passkey").with(admin).json(&add);
        let added = self.expect(201, add()).await;
        self.expect(401, add()).await;
        let token = string(&added["token"]["access_token"]);
        let id = string(&added["passkey"]["id"]);
        let name = json!({"name": NAME});
        let rename = || call("rename_passkey").with(&token).json(&name);
        self.expect(200, rename().of(&id)).await;
        self.expect(404, rename()).await;
        self.expect(200, call("passkeys").with(&token)).await;
        self.expect(200, call("begin_step_up").with(&token)).await;

        let begun = self.expect(200, call("begin_passkey_login")).await;
        let signed = authenticator.get(&options(&begun));
        let signed = self.keep_credential(&signed);
        let login = json!({ "passkey": signed });
        for status in [200, 401] {
            let login = call("passkey_login").json(&login);
            self.expect(status, login).await;
        }
        for status in [200, 404] {
            let remove = call("remove_passkey").of(&id).with(&token);
            self.expect(status, remove).await;
        }
    }

    /// Keeps the parts of a credential that complete a ceremony.
    fn keep_credential(&mut self, credential: &PasskeyCredential) -> Value {
        let json = credential.as_json().clone();
        for member in ["clientDataJSON", "attestationObject", "signature"] {
            let secret = json["response"][member].as_str();
            self.secrets.extend(secret.map(str::to_owned));
        }
        json
    }

    async fn other_second_factor(&mut self, admin: &str) {
        let other = json!({"role": "admin", "full_name": NAME, "email": THIRD_ADMIN});
        let created = self
            .expect(201, call("create_user").with(admin).json(&other))
            .await;
        let generated = &created["generated_password"];
        let login = json!({"email": THIRD_ADMIN, "password": generated});
        let token = self.expect(200, call("admin_login").json(&login)).await;
        let change = json!({"current_password": generated, "new_password": ADMIN_PASSWORD});
        let change = call("change_password")
            .with(token["access_token"].as_str().unwrap())
            .json(&change);
        let token = string(&self.expect(200, change).await["access_token"]);
        let secret = self
            .expect(200, call("begin_second_factor").with(&token))
            .await;
        let code = json!({"code": code(&secret["secret"])});
        let confirm = call("confirm_second_factor").with(&token).json(&code);
        self.expect(200, confirm).await;

        let id = string(&created["user"]["id"]);
        for (operation, status, after) in [
            ("get_user_second_factor", 200, 200),
            ("reset_second_factor", 204, 404),
        ] {
            let request = || call(operation).with(admin).of(&id);
            self.expect(status, request()).await;
            self.expect(after, request()).await;
            self.expect(404, call(operation).with(admin)).await;
        }
    }

    /// Creates, changes and deletes a service credential.
    pub(super) async fn services(&mut self) {
        let admin = string(&self.admin_login().await["access_token"]);
        let new = json!({
            "name": NAME,
            "scopes": ["users:read"],
            "allowed_addresses": ["192.0.2.1"]
        });
        self.expect(401, call("list_services")).await;
        let wrong = json!({"name": NAME, "scopes": ["canary"], "allowed_addresses": ["canary"]});
        let create = || call("create_service").with(&admin);
        self.expect(422, create().json(&wrong)).await;
        let created = self.expect(201, create().json(&new)).await;
        let id = string(&created["service"]["id"]);
        self.expect(200, call("list_services").with(&admin)).await;
        let rotate = || call("rotate_service_secret").with(&admin);
        let rotate = || rotate().json(&json!({}));
        let rotated = self.expect(201, rotate().of(&id)).await;
        self.expect(404, rotate()).await;
        let old = string(&rotated["service"]["secrets"][0]["id"]);
        let remove = || call("remove_service_secret").with(&admin).of(&id);
        self.expect(204, remove().secret(&old)).await;
        self.expect(404, remove()).await;
        let update = || call("update_service").with(&admin);
        let update = || update().json(&json!({ "name": format!("{NAME} 2") }));
        for (operation, status) in [("get_service", 200), ("delete_service", 204)] {
            self.expect(200, update().of(&id)).await;
            self.expect(status, call(operation).with(&admin).of(&id))
                .await;
            self.expect(404, call(operation).with(&admin)).await;
        }
        self.expect(404, update().of(&id)).await;
    }

    /// Requests, declines and approves promotions, on a server that requires an approval.
    pub(super) async fn promotions(&mut self, database: &str, folder: &Path) {
        let mut approving = configured(database, folder);
        let approving = start(approving.env("DIVAN_ADMIN_APPROVAL", "on"));
        let other = std::mem::replace(&mut self.server, approving);

        let admin = string(&self.admin_login().await["access_token"]);
        let login = json!({"email": THIRD_ADMIN, "password": ADMIN_PASSWORD});
        let third = self.expect(200, call("admin_login").json(&login)).await;
        let third = string(&third["access_token"]);
        let new = json!({"full_name": NAME, "phone": "+77010099077"});
        let new = self.expect(201, call("create_user").with(&admin).json(&new));
        let new = string(&new.await["user"]["id"]);
        let email = json!({"email": "canary-4@example.com"});
        let promote = || call("promote_user").with(&third).json(&email);
        let list = || call("list_promotions");
        self.expect(401, list()).await;
        let declined = self.expect(202, promote().of(&new)).await;
        let declined = string(&declined["promotion"]["id"]);
        let decline = || call("decline_promotion").with(&admin);
        self.expect(204, decline().of(&declined)).await;
        self.expect(404, decline().of(&declined)).await;
        let approved = self.expect(202, promote().of(&new)).await;
        let approved = string(&approved["promotion"]["id"]);
        self.expect(200, list().with(&admin)).await;
        let approve = || call("approve_promotion").of(&approved);
        self.expect(409, approve().with(&third)).await;
        self.expect(200, approve().with(&admin)).await;

        let approving = std::mem::replace(&mut self.server, other);
        require_none(&approving.log(), &self.secrets);
    }

    /// Creates, changes, tests and deletes a webhook. Its URL may contain a secret of the receiver.
    pub(super) async fn webhooks(&mut self) {
        let admin = string(&self.admin_login().await["access_token"]);
        let url = "https://receiver.invalid/canary?token=canary";
        let new = json!({"url": url, "description": "canary"});
        let create = || call("create_webhook").with(&admin);
        let refused = json!({"url": "http://canary:canary@127.0.0.1/canary"});
        self.expect(422, create().json(&refused)).await;
        let created = self.expect(201, create().json(&new)).await;
        let id = string(&created["webhook"]["id"]);
        self.expect(200, call("list_webhooks").with(&admin)).await;
        self.expect(401, call("list_webhooks")).await;
        let edit = json!({"description": "canary", "state": "enabled"});
        let since = json!({"since": "2026-01-01T00:00:00Z"});
        for (status, id) in [(200, id.as_str()), (404, "canary")] {
            let of = |operation| call(operation).with(&admin).of(id);
            self.expect(status, of("get_webhook")).await;
            self.expect(status, of("update_webhook").json(&edit)).await;
            self.expect(status, of("rotate_webhook_secret")).await;
            self.expect(status, of("test_webhook")).await;
            let replayed = if status == 200 { 204 } else { status };
            self.expect(replayed, of("replay_webhook").json(&since))
                .await;
            self.expect(replayed, of("delete_webhook")).await;
        }
    }

    pub(super) async fn other_requests(&mut self) {
        for operation in [
            "live",
            "ready",
            "jwks",
            "authorization_server_metadata",
            "openid_configuration",
            "telegram_config",
            "get_bootstrap",
        ] {
            self.expect(200, call(operation)).await;
        }
        for path in ["/canary", "/docs/canary", "/auth/canary?canary=canary"] {
            let response = self.http.get(self.server.url(path)).send().await.unwrap();
            assert_eq!(response.status(), 404);
        }
        for head in [
            "GET /health/live HTTP/1.1\r\nhost: canary.example.com\r\nx-forwarded-for: canary\r\n",
            "POST /auth/admin/login HTTP/1.1\r\nhost: a\r\norigin: https://canary.example.com\r\n",
            "GET /canary canary\r\ncanary\r\n",
            "GET /health/live HTTP/1.1\r\nhost: a\r\nbad canary: canary\r\n",
            "GET /health/live HTTP/1.1\r\nhost: canary\r\nhost: canary\r\n",
            "CANARY /health/live HTTP/1.1\r\nhost: a\r\ncontent-length: canary\r\n",
        ] {
            let address = ("127.0.0.1", self.server.port);
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let request = format!("{head}connection: close\r\n\r\ncanary");
            stream.write_all(request.as_bytes()).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }

    /// Sends requests to a server without the table of users.
    pub(super) async fn without_users(&mut self, admin: &str) {
        let login = json!({"email": ADMIN, "password": ADMIN_PASSWORD});
        self.expect(500, call("admin_login").json(&login)).await;
        let own = self.init_data(42);
        let body = json!({"phone": PHONE, "password": PASSWORD, "init_data": own});
        self.expect(500, call("telegram_login").json(&body)).await;
        let list = call("list_users").with(admin).query("?q=canary");
        self.expect(500, list).await;
        let employee = json!({"full_name": NAME, "phone": "+77010099003", "password": PASSWORD});
        self.expect(500, call("create_user").with(admin).json(&employee))
            .await;
    }

    /// Waits until the server notices that its database cannot be used.
    pub(super) async fn not_ready(&mut self) {
        wait_for(&self.server.log, "dependency is down", || true);
        self.expect(503, call("ready")).await;
    }
}

fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Returns the current code of an authenticator app.
fn code(secret: &Value) -> String {
    let secret: TotpSecret = secret.as_str().unwrap().parse().unwrap();
    secret.code(SystemClock.unix_seconds() / TotpSecret::STEP_SECONDS)
}

fn options(begun: &Value) -> PasskeyOptions {
    PasskeyOptions::new(begun["public_key"].clone())
}
