use hmac::Mac;

use super::bot_token::{BotToken, HmacSha256};

/// Creates data signed as Telegram signs it, for tests and development.
///
/// ```
/// use divan_core::init_data::{BotToken, InitDataBuilder};
///
/// let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
/// let raw = InitDataBuilder::new(1_780_000_000).user(42, "First").field("start_param", "ref").sign(&token);
/// assert!(raw.starts_with("auth_date=1780000000&user=%7B"));
/// # Ok::<(), divan_core::init_data::InvalidBotToken>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct InitDataBuilder {
    fields: Vec<(String, String)>,
}

impl InitDataBuilder {
    /// Starts with the field `auth_date` alone, in seconds since the Unix epoch.
    pub fn new(auth_date: u64) -> Self {
        Self {
            fields: vec![("auth_date".to_owned(), auth_date.to_string())],
        }
    }

    /// Adds the `user` field with an id and a first name.
    pub fn user(self, id: i64, first_name: &str) -> Self {
        self.field(
            "user",
            &format!(r#"{{"id":{id},"first_name":{}}}"#, json_string(first_name)),
        )
    }

    /// Adds the `user` field with an id, a first name and a username.
    pub fn user_named(self, id: i64, first_name: &str, username: &str) -> Self {
        let (first_name, username) = (json_string(first_name), json_string(username));
        self.field(
            "user",
            &format!(r#"{{"id":{id},"first_name":{first_name},"username":{username}}}"#),
        )
    }

    /// Adds the `contact` field, which makes this a response of `requestContact`.
    pub fn contact(self, user_id: i64, phone_number: &str, first_name: &str) -> Self {
        let (phone, first_name) = (json_string(phone_number), json_string(first_name));
        self.field(
            "contact",
            &format!(r#"{{"user_id":{user_id},"phone_number":{phone},"first_name":{first_name}}}"#),
        )
    }

    /// Adds any field, unchecked, so that tests can sign invalid data.
    pub fn field(mut self, key: &str, value: &str) -> Self {
        self.fields.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Adds the field `signature`, as Telegram's signature for third parties, made with your own
    /// key over the fields added so far, for the bot with this id. Call [`sign`](Self::sign)
    /// afterwards, which covers it as Telegram does, or [`encode`](Self::encode).
    #[cfg(feature = "ed25519")]
    pub fn third_party_signature(self, bot_id: i64, secret_key: &[u8; 32]) -> Self {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        use ed25519_dalek::{Signer, SigningKey};

        let message = format!("{bot_id}:WebAppData\n{}", self.check_string());
        let signature = SigningKey::from_bytes(secret_key).sign(message.as_bytes());
        self.field("signature", &URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    /// Signs the fields with the bot's token, as init data or a shared contact, and encodes them with
    /// `hash` last.
    pub fn sign(self, token: &BotToken) -> String {
        self.sign_with(token.web_app_mac())
    }

    /// Signs the fields with the bot's token as the Login Widget does, and encodes them with `hash`
    /// last.
    pub fn sign_login_widget(self, token: &BotToken) -> String {
        self.sign_with(token.login_widget_mac())
    }

    /// Encodes the fields without a `hash`.
    pub fn encode(&self) -> String {
        let mut raw = String::new();
        for (key, value) in &self.fields {
            if !raw.is_empty() {
                raw.push('&');
            }
            raw.push_str(key);
            raw.push('=');
            encode_into(value, &mut raw);
        }
        raw
    }

    fn sign_with(self, mac: HmacSha256) -> String {
        let hash = mac
            .chain_update(self.check_string())
            .finalize()
            .into_bytes();
        let mut digits = String::new();
        for byte in hash {
            push_hex(byte, &mut digits, b"0123456789abcdef");
        }
        self.field("hash", &digits).encode()
    }

    fn check_string(&self) -> String {
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        let lines: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        lines.join("\n")
    }
}

/// Encodes a text as a JSON string.
fn json_string(text: &str) -> String {
    let mut json = String::from('"');
    for next in text.chars() {
        match next {
            '"' | '\\' | '/' => json.extend(['\\', next]),
            '\0'..='\x1F' => {
                json.push_str("\\u00");
                push_hex(next as u8, &mut json, b"0123456789abcdef");
            }
            plain => json.push(plain),
        }
    }
    json.push('"');
    json
}

/// Percent-encodes as `encodeURIComponent` does.
fn encode_into(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            push_hex(byte, out, b"0123456789ABCDEF");
        }
    }
}

fn push_hex(byte: u8, out: &mut String, digits: &[u8; 16]) {
    out.push(char::from(digits[usize::from(byte >> 4)]));
    out.push(char::from(digits[usize::from(byte & 15)]));
}
