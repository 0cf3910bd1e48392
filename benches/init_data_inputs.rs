//! Realistic inputs: the samples of `init_data_inputs.json` with varied text.

use std::time::Duration;

use divan_core::init_data::{BotToken, InitDataBuilder, Verifier};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Map, Value};

pub(crate) const AUTH_DATE: u64 = 1_780_000_000;
pub(crate) const BOT_ID: i64 = 1_234_567_890;
pub(crate) const TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
pub(crate) const SECRET_KEY: [u8; 32] = [7; 32];

/// Sample that an input is derived from.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Common init data: a user with a photo, opened by a link.
    Typical,
    /// All fields, with long Cyrillic names: 2 KB.
    Large,
}

/// Signed data, and the messages that its signatures cover.
pub(crate) struct Input {
    pub(crate) raw: String,
    pub(crate) check_string: String,
    pub(crate) third_party_message: String,
    pub(crate) signature: [u8; 64],
}

impl Input {
    /// Creates an input like the sample of this shape, with text of other content and length chosen by
    /// `n`.
    pub(crate) fn new(shape: Shape, n: u32) -> Self {
        let samples: Value =
            serde_json::from_str(include_str!("init_data_inputs.json")).expect("JSON");
        let name = match shape {
            Shape::Typical => "typical",
            Shape::Large => "large",
        };
        let sample = samples["inputs"][name]["dcs"]
            .as_str()
            .expect("a check string");
        let mut random = Random(u64::from(n) + 1);
        let fields: Vec<(&str, String)> = sample
            .split('\n')
            .filter_map(|line| line.split_once('='))
            .filter(|(key, _)| !matches!(*key, "auth_date" | "signature"))
            .map(|(key, value)| (key, random.vary(key, value)))
            .collect();
        Self::signed(&fields)
    }

    fn signed(fields: &[(&str, String)]) -> Self {
        let token: BotToken = TOKEN.parse().expect("a token");
        let all = fields
            .iter()
            .fold(InitDataBuilder::new(AUTH_DATE), |all, (key, value)| {
                all.field(key, value)
            });
        let raw = all.third_party_signature(BOT_ID, &SECRET_KEY).sign(&token);

        let verifier = Verifier::new(token, Duration::MAX);
        let data = verifier.verify(&raw).expect("good data");
        let lines = |fields: &mut dyn Iterator<Item = (&str, &str)>| -> String {
            fields
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let check_string = lines(&mut data.fields());
        let unsigned = lines(&mut data.fields().filter(|(key, _)| *key != "signature"));
        let third_party_message = format!("{BOT_ID}:WebAppData\n{unsigned}");
        let signature = SigningKey::from_bytes(&SECRET_KEY)
            .sign(third_party_message.as_bytes())
            .to_bytes();
        Self {
            raw,
            check_string,
            third_party_message,
            signature,
        }
    }
}

/// Small deterministic random number generator (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    /// Varies a field: other letters and digits, and words up to four characters longer or shorter.
    fn vary(&mut self, key: &str, value: &str) -> String {
        if key == "chat_type" {
            return value.to_owned();
        }
        if !matches!(key, "user" | "receiver" | "chat") {
            // The first digit stays, so that the number fits into 64 bits, as some peers require.
            return value
                .char_indices()
                .map(|(at, c)| if at < 2 { c } else { self.similar(c) })
                .collect();
        }
        let mut object: Map<String, Value> = serde_json::from_str(value).expect("an object");
        for (name, member) in &mut object {
            match member {
                Value::String(text) if !matches!(name.as_str(), "type" | "language_code") => {
                    *text = self.other_words(text);
                }
                Value::Number(id) => {
                    *id =
                        (id.as_i64().expect("an id") / 2 + self.next(1 << 20).cast_signed()).into();
                }
                _ => {}
            }
        }
        // Telegram escapes slashes.
        Value::Object(object).to_string().replace('/', "\\/")
    }

    fn other_words(&mut self, text: &str) -> String {
        let (head, name) = text.rsplit_once('/').map_or(("", text), |(_, name)| {
            text.split_at(text.len() - name.len())
        });
        let mut name: Vec<char> = name.chars().map(|c| self.similar(c)).collect();
        let last = name.last().copied().unwrap_or('x');
        let length = (name.len() as u64 + self.next(9)).saturating_sub(4).max(1);
        name.resize(usize::try_from(length).expect("a length"), last);
        format!("{head}{}", name.into_iter().collect::<String>())
    }

    fn similar(&mut self, c: char) -> char {
        let shift = u8::try_from(self.next(10)).expect("a digit");
        match c {
            '1'..='9' => char::from(b'1' + (c as u8 - b'1' + shift) % 9),
            'a'..='z' => char::from(b'a' + (c as u8 - b'a' + shift) % 26),
            'A'..='Z' => char::from(b'A' + (c as u8 - b'A' + shift) % 26),
            'а'..='я' => char::from_u32(
                u32::from('а') + (u32::from(c) - u32::from('а') + u32::from(shift)) % 32,
            )
            .expect("a letter"),
            other => other,
        }
    }
}
