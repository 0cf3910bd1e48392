use super::bot_token::BotToken;
use super::data::Signer;
use super::error::{InitDataError, Malformed};
use super::scheme::LoginWidget;
use super::verifier::Verifier;

impl Verifier<BotToken> {
    /// Verifies user data of the [Login Widget](https://core.telegram.org/widgets/login), as a query
    /// string: `id=…&first_name=…&auth_date=…&hash=…`.
    ///
    /// Its key differs from that of init data, so neither is accepted as the other.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and [`InitDataError::WrongKind`] for data without `id`.
    pub fn verify_login_widget(&self, raw: &str) -> Result<LoginWidgetUser, InitDataError> {
        let data = self.run::<LoginWidget>(raw)?;
        let text = |name: &str| data.field(name).map(str::to_owned);
        Ok(LoginWidgetUser {
            id: parse_id(data.field("id").ok_or(InitDataError::WrongKind)?)?,
            first_name: text("first_name").unwrap_or_default(),
            last_name: text("last_name"),
            username: text("username"),
            photo_url: text("photo_url"),
            auth_date: data.auth_date(),
            signer: data.signer(),
        })
    }
}

/// User who signed in on a web page through the Login Widget, with verified signature and age. Only
/// [`Verifier::verify_login_widget`] creates it.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LoginWidgetUser {
    /// Account id, with up to 52 significant bits.
    pub id: i64,
    /// First name, as the user chose it. Empty if Telegram sends none.
    pub first_name: String,
    /// Last name.
    pub last_name: Option<String>,
    /// Username without `@`. Its owner can change: never identify an account by it.
    pub username: Option<String>,
    /// URL of the profile photo.
    pub photo_url: Option<String>,
    /// Time of the signature, in seconds since the Unix epoch.
    pub auth_date: u64,
    /// Key of the verifier that matched the signature.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub signer: Signer,
}

// The rest is personal data.
redacted_debug!(LoginWidgetUser { id });

/// Parses an id: digits without a leading zero.
fn parse_id(value: &str) -> Result<i64, Malformed> {
    let is_plain = value.bytes().all(|b| b.is_ascii_digit()) && !value.starts_with('0');
    if is_plain {
        value.parse().map_err(|_| Malformed::Number)
    } else {
        Err(Malformed::Number)
    }
}
