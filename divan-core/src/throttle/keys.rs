use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::signature::Signer;
use sha2::Sha256;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{AccountKey, Decision, ThrottleKey, ThrottleKind, ThrottleUpdate};
use crate::ip_prefix;
use crate::secret::Secret;
use crate::token::SecretKey;
use crate::types::{
    Audience, DeviceId, Email, Phone, ServiceId, SessionId, TelegramId, User, UserId,
};

/// Label from which the HMAC key of counter ids is derived, so that it differs from the keys of
/// tokens.
const LABEL: &[u8] = b"divan throttle v1";

/// Unit and maximum of the waits that are reported for untrusted attempts.
const REPORTED_UNIT: Duration = Duration::from_secs(30);
const MAX_REPORTED: Duration = Duration::from_hours(1);

/// Computes the ids of counters: HMAC-SHA256 of the subject under a key derived from `SECRET_KEY`,
/// truncated to 16 bytes. The database therefore contains no phone numbers and addresses of failed
/// attempts. Replacing `SECRET_KEY` clears the counters.
#[derive(Clone)]
pub struct ThrottleKeys(Hmac<Sha256>);

/// Class of an attempt, decided before the password is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptClass {
    /// The linked Telegram account, a phone number that Telegram signed for a user who is not linked
    /// yet, or a known device identifies the user.
    Trusted,
    /// Only the phone number or e-mail address, and the password, identify the user.
    Untrusted,
}

impl AttemptClass {
    /// All classes.
    pub const ALL: [Self; 2] = [Self::Trusted, Self::Untrusted];
}

/// The identity that a lane belongs to, in addition to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LaneSubject {
    /// The Telegram account of verified init data.
    Telegram(TelegramId),
    /// A known device.
    Device(DeviceId),
    /// No identity but the address.
    None,
}

/// An attempt to sign in: its class and its counters.
#[derive(Clone, Debug)]
#[must_use]
pub struct Attempt {
    class: AttemptClass,
    account: AccountKey,
    charged: Vec<ThrottleKey>,
    /// Counters that a success changes in addition.
    settled: Vec<ThrottleKey>,
}

impl ThrottleKeys {
    /// Derives the HMAC key of counter ids from `key`.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "an HMAC takes a key of any length"
    )]
    pub fn new(key: &SecretKey) -> Self {
        let secret = Zeroizing::new(key.sign(LABEL));
        Self(Hmac::new_from_slice(&secret).expect("an HMAC takes a key of any length"))
    }

    /// Key of an employee's account.
    pub fn phone(&self, phone: &Phone) -> AccountKey {
        self.account(Audience::MiniApp, phone.as_str())
    }

    /// Key of an administrator's account.
    pub fn email(&self, email: &Email) -> AccountKey {
        self.account(Audience::Admin, email.as_str())
    }

    /// Key of a user's account at an audience. A user without the phone number (Mini App) or e-mail
    /// address (admin panel) gets a key of the user's id.
    pub fn of(&self, user: &User, audience: Audience) -> AccountKey {
        match (audience, &user.phone, &user.email) {
            (Audience::MiniApp, Some(phone), _) => self.phone(phone),
            (Audience::Admin, _, Some(email)) => self.email(email),
            _ => self.account(audience, &user.id.to_string()),
        }
    }

    /// Keys of all accounts of a user.
    pub fn all_of(&self, user: &User) -> Vec<AccountKey> {
        let phone = user.phone.iter().map(|phone| self.phone(phone));
        let email = user.email.iter().map(|email| self.email(email));
        phone.chain(email).collect()
    }

    /// Keys of the accounts whose identifier changed, before and after.
    pub fn moved(&self, before: &User, after: &User) -> Vec<(AccountKey, AccountKey)> {
        let phones = before.phone.iter().zip(&after.phone);
        let phones = phones.map(|(before, after)| (self.phone(before), self.phone(after)));
        let emails = before.email.iter().zip(&after.email);
        let emails = emails.map(|(before, after)| (self.email(before), self.email(after)));
        let all = phones.chain(emails);
        all.filter(|(before, after)| before != after).collect()
    }

    fn account(&self, audience: Audience, identifier: &str) -> AccountKey {
        AccountKey(self.digest(audience.as_str(), identifier.as_bytes()))
    }

    /// An attempt of a user whom the lane's subject already identifies.
    pub fn trusted(&self, account: AccountKey, subject: LaneSubject) -> Attempt {
        let lane = self.lane(ThrottleKind::TrustedLane, account, subject, None);
        let total = ThrottleKey::new(ThrottleKind::TrustedTotal, account.0);
        let consecutive = ThrottleKey::new(ThrottleKind::Consecutive, account.0);
        Attempt {
            class: AttemptClass::Trusted,
            account,
            charged: lane.into_iter().chain([total]).collect(),
            settled: vec![consecutive],
        }
    }

    /// An attempt of a client that only claims to be the user. `address` is `None` where addresses
    /// are not known or not to be limited.
    pub fn untrusted(
        &self,
        account: AccountKey,
        subject: LaneSubject,
        address: Option<IpAddr>,
    ) -> Attempt {
        let mut charged = vec![
            ThrottleKey::new(ThrottleKind::Account, account.0),
            ThrottleKey::new(ThrottleKind::Consecutive, account.0),
        ];
        charged.extend(self.lane(ThrottleKind::UntrustedLane, account, subject, address));
        if let LaneSubject::Telegram(telegram) = subject {
            charged.push(self.telegram(ThrottleKind::Telegram, telegram));
        }
        let mut settled = Vec::new();
        if let Some(address) = address {
            charged.push(self.network(address));
            charged.push(self.address(ThrottleKind::Address, address));
            settled.push(ThrottleKey::new(ThrottleKind::FirstSuccess, account.0));
        }
        Attempt {
            class: AttemptClass::Untrusted,
            account,
            charged,
            settled,
        }
    }

    /// A check of the current password in a session. `account` is the key of the user's account.
    pub fn own_password(&self, account: AccountKey, user: UserId, session: SessionId) -> Attempt {
        let subject = [*user.0.as_bytes(), *session.0.as_bytes()].concat();
        let own = self.digest(ThrottleKind::OwnPassword.as_str(), &subject);
        Attempt {
            class: AttemptClass::Trusted,
            account,
            charged: vec![
                ThrottleKey::new(ThrottleKind::OwnPassword, own),
                ThrottleKey::new(ThrottleKind::TrustedTotal, account.0),
            ],
            settled: Vec::new(),
        }
    }

    /// Digest of init data, by which an auto-login finds the session that it replaces.
    pub fn init_data(&self, init_data: &Secret) -> [u8; 16] {
        self.digest("init_data", init_data.expose().as_bytes())
    }

    /// Counter of a Telegram account.
    pub fn telegram(&self, kind: ThrottleKind, telegram: TelegramId) -> ThrottleKey {
        ThrottleKey::new(kind, self.digest("telegram", &telegram.0.to_be_bytes()))
    }

    /// Counter of the id of a service credential, which need not exist.
    pub fn service(&self, id: ServiceId) -> ThrottleKey {
        let id = self.digest("service", id.0.as_bytes());
        ThrottleKey::new(ThrottleKind::ServiceId, id)
    }

    /// Counter of an address: an IPv4 address or an IPv6 /64.
    pub fn address(&self, kind: ThrottleKind, address: IpAddr) -> ThrottleKey {
        let host = ip_prefix::host(address);
        ThrottleKey::new(kind, self.digest("address", &host.octets()))
    }

    /// Counter of a network: an IPv4 /24 or an IPv6 /48.
    pub fn network(&self, address: IpAddr) -> ThrottleKey {
        let network = ip_prefix::network(address);
        let id = self.digest("network", &network.octets());
        ThrottleKey::new(ThrottleKind::Network, id)
    }

    /// Key of the lane of an account; `None` without a subject and without an address.
    fn lane(
        &self,
        kind: ThrottleKind,
        account: AccountKey,
        subject: LaneSubject,
        address: Option<IpAddr>,
    ) -> Option<ThrottleKey> {
        let subject = match (subject, address) {
            (LaneSubject::Telegram(id), _) => digest_of(&self.telegram(kind, id)),
            (LaneSubject::Device(id), _) => self.digest("device", id.0.as_bytes()),
            (LaneSubject::None, Some(address)) => digest_of(&self.address(kind, address)),
            (LaneSubject::None, None) => return None,
        };
        Some(ThrottleKey::new(kind, [account.0, subject].concat()))
    }

    fn digest(&self, label: &str, data: &[u8]) -> [u8; 16] {
        let mac = self.0.clone().chain_update(label).chain_update([0]);
        let full = mac.chain_update(data).finalize().into_bytes();
        let mut digest = [0; 16];
        digest.copy_from_slice(&full[..16]);
        digest
    }
}

impl Attempt {
    /// Class of the attempt.
    pub fn class(&self) -> AttemptClass {
        self.class
    }

    /// Key of the account.
    pub fn account(&self) -> AccountKey {
        self.account
    }

    /// Counters of the attempt.
    pub fn keys(&self) -> &[ThrottleKey] {
        &self.charged
    }

    /// Replaces new counters by shared ones. Called when the table has too many rows.
    #[cfg(feature = "service")]
    pub(crate) fn share(&mut self, is_new: impl Fn(&ThrottleKey) -> bool) {
        for key in self.charged.iter_mut().filter(|key| is_new(key)) {
            *key = key.shared();
        }
    }

    /// Adds the attempt to its counters.
    pub fn charge(&self, now: OffsetDateTime) -> ThrottleUpdate {
        ThrottleUpdate::charge(self.charged.clone(), now)
    }

    /// Removes the attempt, which a fault of the database ended, from its counters.
    #[cfg(feature = "service")]
    pub(crate) fn withdraw(&self, now: OffsetDateTime) -> ThrottleUpdate {
        ThrottleUpdate::withdraw(self.charged.clone(), now)
    }

    /// Removes the attempt, which was the successful second step of a sign-in, from its counters, and
    /// the first step from those that it was added to.
    pub fn settle_with(&self, first: &Self, now: OffsetDateTime) -> ThrottleUpdate {
        let keys = [&self.charged, &self.settled, &first.charged, &first.settled];
        ThrottleUpdate::settle(keys.into_iter().flatten().cloned().collect(), now)
    }

    /// Removes the attempt, which was successful, from its counters.
    pub fn settle(&self, now: OffsetDateTime) -> ThrottleUpdate {
        let keys = self.charged.iter().chain(&self.settled).cloned().collect();
        ThrottleUpdate::settle(keys, now)
    }
}

impl AttemptClass {
    /// Time after which to try again, as reported to the client; `None` if the attempt is allowed.
    /// Rounded up to a second for trusted attempts and to half a minute for untrusted ones. At most
    /// an hour, even for [`Decision::Closed`], which does not end by itself.
    pub fn retry_after(self, decision: Decision) -> Option<Duration> {
        let wait = match decision {
            Decision::Allowed => return None,
            Decision::Wait(wait) => wait,
            Decision::Closed => MAX_REPORTED,
        };
        let unit = match self {
            Self::Trusted => 1,
            Self::Untrusted => REPORTED_UNIT.as_secs(),
        };
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let rounded = Duration::from_secs(seconds.div_ceil(unit) * unit);
        Some(rounded.min(MAX_REPORTED))
    }

    /// Name in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
        }
    }
}

/// Returns the digest of a key that contains exactly one.
fn digest_of(key: &ThrottleKey) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&key.id);
    digest
}

redacted_debug!(ThrottleKeys);
