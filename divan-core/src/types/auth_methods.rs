use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

named_enum! {
    /// A way in which a user has proved the own identity. The names are those of the claim `amr`
    /// ([RFC 8176](https://www.rfc-editor.org/rfc/rfc8176)), as far as it has them.
    pub enum AuthMethod {
        /// The password.
        Password = "pwd",
        /// A one-time code of an authenticator app.
        OneTimeCode = "otp",
        /// A recovery code, instead of a one-time code.
        RecoveryCode = "recovery",
        /// Init data that Telegram signed.
        Telegram = "telegram",
        /// A passkey that does not leave its device.
        HardwareKey = "hwk",
        /// A passkey that is copied to other devices of the user.
        SoftwareKey = "swk",
        /// The presence of the user at the device of the passkey.
        UserPresence = "user",
        /// Several factors: a passkey verifies its user, in addition to being on a device.
        MultiFactor = "mfa",
    }
}

/// The ways in which the user of a session has proved the own identity.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AuthMethods(u8);

impl AuthMethods {
    /// No method.
    pub const NONE: Self = Self(0);

    /// The password alone.
    pub const PASSWORD: Self = Self::NONE.with(AuthMethod::Password);

    /// Adds a method.
    #[must_use]
    pub const fn with(self, method: AuthMethod) -> Self {
        Self(self.0 | 1 << method as u8)
    }

    /// Returns `true` if the method is among these.
    pub const fn contains(self, method: AuthMethod) -> bool {
        self.0 & 1 << method as u8 != 0
    }

    /// Returns `true` if there is no method.
    #[cfg(feature = "token")]
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature that serde requires"
    )]
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// Adds the methods of others.
    #[must_use]
    pub const fn union(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// The methods of a passkey. `is_synced` is `true` for one that is copied to other devices.
    pub const fn passkey(is_synced: bool) -> Self {
        let key = if is_synced {
            AuthMethod::SoftwareKey
        } else {
            AuthMethod::HardwareKey
        };
        let methods = Self::NONE.with(key).with(AuthMethod::UserPresence);
        methods.with(AuthMethod::MultiFactor)
    }

    /// Returns `true` if a second factor is among these. A passkey is one.
    pub const fn has_second_factor(self) -> bool {
        self.0 & Self::SECOND_FACTORS.0 != 0
    }

    /// Returns the methods without second factors.
    #[must_use]
    pub const fn without_second_factor(self) -> Self {
        Self(self.0 & !Self::SECOND_FACTORS.0)
    }

    const SECOND_FACTORS: Self = Self::NONE
        .with(AuthMethod::OneTimeCode)
        .with(AuthMethod::RecoveryCode)
        .union(Self::passkey(true))
        .union(Self::passkey(false));

    /// Returns the methods.
    pub fn iter(self) -> impl Iterator<Item = AuthMethod> {
        let all = AuthMethod::ALL.iter().copied();
        all.filter(move |method| self.contains(*method))
    }

    /// Reads names that are separated by spaces. Unknown ones are ignored: a newer version may have
    /// written them.
    pub fn from_names(names: &str) -> Self {
        names.split(' ').fold(Self::NONE, Self::with_name)
    }

    fn with_name(self, name: &str) -> Self {
        let mut all = AuthMethod::ALL.iter();
        let method = all.find(|method| method.as_str() == name);
        method.map_or(self, |method| self.with(*method))
    }
}

/// Names, separated by spaces.
impl fmt::Display for AuthMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(AuthMethod::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for AuthMethods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for AuthMethods {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(AuthMethod::as_str))
    }
}

impl<'de> Deserialize<'de> for AuthMethods {
    /// Unknown names are ignored.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let add = |methods: Self, name: &String| methods.with_name(name);
        Ok(names.iter().fold(Self::NONE, add))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_survive_the_database_and_the_token() {
        let methods = AuthMethods::PASSWORD.with(AuthMethod::OneTimeCode);
        assert_eq!(methods.to_string(), "pwd otp");
        assert_eq!(AuthMethods::from_names("otp pwd"), methods);
        assert_eq!(serde_json::to_string(&methods).unwrap(), r#"["pwd","otp"]"#);
        let parsed: AuthMethods = serde_json::from_str(r#"["otp","pwd","otp"]"#).unwrap();
        assert_eq!(parsed, methods);
        assert_eq!(AuthMethods::from_names(""), AuthMethods::NONE);
    }

    #[test]
    fn unknown_methods_are_ignored() {
        assert_eq!(AuthMethods::from_names("fpt pwd"), AuthMethods::PASSWORD);
        let parsed: AuthMethods = serde_json::from_str(r#"["fpt","pwd"]"#).unwrap();
        assert_eq!(parsed, AuthMethods::PASSWORD);
    }

    #[test]
    fn codes_and_passkeys_are_second_factors() {
        for &method in AuthMethod::ALL {
            let is_first = matches!(method, AuthMethod::Password | AuthMethod::Telegram);
            let methods = AuthMethods::NONE.with(method);
            assert_eq!(methods.has_second_factor(), !is_first, "{method:?}");
            let left = AuthMethods::PASSWORD.with(method).without_second_factor();
            let expected = AuthMethods::PASSWORD.with(if is_first {
                method
            } else {
                AuthMethod::Password
            });
            assert_eq!(left, expected, "{method:?}");
        }
    }

    #[test]
    fn a_passkey_has_the_methods_of_rfc_8176() {
        assert_eq!(AuthMethods::passkey(false).to_string(), "hwk user mfa");
        assert_eq!(AuthMethods::passkey(true).to_string(), "swk user mfa");
    }
}
