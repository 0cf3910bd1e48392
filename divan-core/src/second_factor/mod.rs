//! The second factor of administrators: one-time codes of an authenticator app (TOTP,
//! [RFC 6238](https://www.rfc-editor.org/rfc/rfc6238)) and recovery codes, without I/O.
//!
//! ```
//! use divan_core::entropy::OsEntropy;
//! use divan_core::second_factor::{RecoveryCode, SecondFactorKeys, TotpSecret};
//! use divan_core::token::SecretKey;
//! use divan_core::types::UserId;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = SecondFactorKeys::new(&SecretKey::new("at least thirty-two bytes of randomness")?);
//! let user: UserId = "0199d0f0-0000-7000-8000-000000000001".parse()?;
//!
//! let secret = TotpSecret::generate(&OsEntropy)?;
//! let stored = keys.seal(&secret, user, &OsEntropy)?;
//! println!("{}", secret.uri("sec.example.com", "admin@example.com").expose());
//!
//! let (now, last_step) = (1_780_000_000, 0);
//! let code = secret.code(now / TotpSecret::STEP_SECONDS);
//! let step = keys.open(&stored, user)?.accepted_step(&code, now, last_step).ok_or("wrong")?;
//! assert_eq!(keys.open(&stored, user)?.accepted_step(&code, now, step), None, "used");
//!
//! let recovery_code = RecoveryCode::generate(&OsEntropy)?;
//! let stored = keys.digest(&recovery_code, user);
//! let typed = RecoveryCode::parse(&recovery_code.text().expose().to_uppercase()).ok_or("invalid")?;
//! assert!(keys.is_digest_of(&stored, &typed, user));
//! # Ok(())
//! # }
//! ```

mod keys;
mod qr_code;
mod recovery_code;
pub(crate) mod sealed;
mod totp;
mod uri;

pub use keys::{SecondFactorKeys, UnreadableSecret};
pub use qr_code::QrCode;
pub use recovery_code::RecoveryCode;
pub use totp::{InvalidTotpSecret, TotpSecret};
