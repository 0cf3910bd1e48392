use std::fmt;

use super::bot_token::BotToken;
use super::data::Signer;
use super::error::{InitDataError, Malformed};
use super::scheme::LoginWidget;
use super::verifier::Verifier;

impl Verifier<BotToken> {
    /// Checks what the [Login Widget](https://core.telegram.org/widgets/login) hands to a web page,
    /// as a query string: `id=…&first_name=…&auth_date=…&hash=…`.
    ///
    /// Its key is not that of init data, so neither passes as the other.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`InitDataError::WrongKind`] for what has no `id` or no
    /// `first_name`.
    pub fn verify_login_widget(&self, raw: &str) -> Result<LoginWidgetUser, InitDataError> {
        let data = self.run::<LoginWidget>(raw)?;
        let text = |name: &str| data.field(name).map(str::to_owned);
        Ok(LoginWidgetUser {
            id: parse_id(data.field("id").ok_or(InitDataError::WrongKind)?)?,
            first_name: text("first_name").ok_or(InitDataError::WrongKind)?,
            last_name: text("last_name"),
            username: text("username"),
            photo_url: text("photo_url"),
            auth_date: data.auth_date(),
            signer: data.signer(),
        })
    }
}

/// A person who signed in on a web page by the Login Widget, signature and age checked. Only
/// [`Verifier::verify_login_widget`] makes it.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginWidgetUser {
    id: i64,
    first_name: String,
    last_name: Option<String>,
    username: Option<String>,
    photo_url: Option<String>,
    auth_date: u64,
    signer: Signer,
}

impl LoginWidgetUser {
    /// The account's id: up to 52 significant bits.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The first name, as the person chose it.
    pub fn first_name(&self) -> &str {
        &self.first_name
    }

    /// The last name.
    pub fn last_name(&self) -> Option<&str> {
        self.last_name.as_deref()
    }

    /// The user name, without `@`. It can change hands: never identify an account by it.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// The address of the profile photo.
    pub fn photo_url(&self) -> Option<&str> {
        self.photo_url.as_deref()
    }

    /// When Telegram signed the data, in seconds since the Unix epoch.
    pub fn auth_date(&self) -> u64 {
        self.auth_date
    }

    /// Which of the verifier's keys the signature was made with.
    pub fn signer(&self) -> Signer {
        self.signer
    }
}

/// Shows the id alone; the rest is personal data.
impl fmt::Debug for LoginWidgetUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginWidgetUser")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Reads an id: digits without a zero in front.
fn parse_id(value: &str) -> Result<i64, Malformed> {
    let is_plain = value.bytes().all(|b| b.is_ascii_digit()) && !value.starts_with('0');
    if is_plain {
        value.parse().map_err(|_| Malformed::Number)
    } else {
        Err(Malformed::Number)
    }
}
