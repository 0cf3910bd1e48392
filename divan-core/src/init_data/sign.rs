use hmac::Mac;

use super::bot_token::BotToken;

/// Mints init data as Telegram would, for tests and development.
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
    /// Init data signed at `auth_date`, in seconds since the Unix epoch, with no other field.
    pub fn new(auth_date: u64) -> Self {
        Self { fields: vec![("auth_date".to_owned(), auth_date.to_string())] }
    }

    /// Adds the `user` field with an id and a first name.
    pub fn user(self, id: i64, first_name: &str) -> Self {
        self.field("user", &serde_json::json!({ "id": id, "first_name": first_name }).to_string())
    }

    /// Adds the `user` field with a user name as well.
    pub fn user_named(self, id: i64, first_name: &str, username: &str) -> Self {
        let user = serde_json::json!({ "id": id, "first_name": first_name, "username": username });
        self.field("user", &user.to_string())
    }

    /// Adds any field. Nothing is checked: a test may want to sign nonsense.
    pub fn field(mut self, key: &str, value: &str) -> Self {
        self.fields.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Signs the fields with the bot's token and encodes them, `hash` last.
    pub fn sign(mut self, token: &BotToken) -> String {
        let in_order = self.fields.clone();
        self.fields.sort_by(|a, b| a.0.cmp(&b.0));
        let lines: Vec<String> = self.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let hash = token.mac().chain_update(lines.join("\n")).finalize().into_bytes();

        let mut raw = String::new();
        for (key, value) in in_order {
            raw.push_str(&key);
            raw.push('=');
            encode_into(&value, &mut raw);
            raw.push('&');
        }
        raw.push_str("hash=");
        for byte in hash {
            push_hex(byte, &mut raw, b"0123456789abcdef");
        }
        raw
    }
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
