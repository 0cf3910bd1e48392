use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Rule of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A token bucket (GCRA): at most `size` attempts are available, and one more becomes available
    /// per `period`.
    Bucket {
        /// Maximum number of available attempts.
        size: u32,
        /// Time after which one more attempt is allowed.
        period: Duration,
    },
    /// A wait that doubles with each failure, until a success or a day without an attempt.
    Delay {
        /// Number of failures from which an attempt has to wait.
        from: u32,
        /// Wait after that many failures.
        first: Duration,
        /// Maximum wait.
        max: Duration,
    },
    /// A number of failures in a row, after which no attempt is allowed.
    Limit {
        /// The number.
        max: u32,
    },
}

impl Rule {
    /// Wait after a number of failures.
    pub(super) fn delay(self, failures: u32) -> Duration {
        match self {
            Self::Delay { from, first, max } if failures >= from => {
                let factor = 2_u32.saturating_pow(failures - from);
                first.saturating_mul(factor).min(max)
            }
            _ => Duration::ZERO,
        }
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal, $rule:expr;)*) => {
        /// Kind of a counter: what it counts, and by which [`Rule`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ThrottleKind {
            $($(#[doc = $doc])* $variant,)*
        }

        impl ThrottleKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Name in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Rule of the counters of this kind.
            pub const fn rule(self) -> Rule {
                match self { $(Self::$variant => $rule,)* }
            }
        }

        impl FromStr for ThrottleKind {
            type Err = UnknownKind;

            fn from_str(text: &str) -> Result<Self, UnknownKind> {
                match text { $($name => Ok(Self::$variant),)* _ => Err(UnknownKind) }
            }
        }
    };
}

kinds! {
    /// Untrusted attempts on an account.
    Account = "account", bucket(10, 3600);
    /// Untrusted attempts of a Telegram account.
    Telegram = "telegram", bucket(10, 3600);
    /// Untrusted attempts of an address (IPv6: of a /64).
    Address = "address", bucket(60, 60);
    /// Untrusted attempts of a network: an IPv4 /24 or an IPv6 /48.
    Network = "network", bucket(240, 15);
    /// Failed untrusted attempts on an account from one Telegram account or address.
    UntrustedLane = "untrusted_lane", delay(3, 30, 3600);
    /// Failed untrusted attempts on an account in a row.
    Consecutive = "consecutive", Rule::Limit { max: 100 };
    /// Failed trusted attempts on an account from one Telegram account or device.
    TrustedLane = "trusted_lane", delay(5, 1, 900);
    /// Failed trusted attempts on an account, and wrong current passwords when its user changes the
    /// password, in a row.
    TrustedTotal = "trusted_total", Rule::Limit { max: 100 };
    /// Wrong current passwords when the user of a session changes the password. The tenth ends the
    /// session.
    OwnPassword = "own_password", delay(6, 2, 16);
    /// Auto-logins of a Telegram account.
    AutoLogin = "auto_login", bucket(30, 60);
    /// Refused refresh tokens of an address.
    Refresh = "refresh", bucket(60, 1);
    /// Refused secrets of other services, of an address.
    Service = "service", bucket(60, 1);
    /// Refused secrets of other services, for the id of a credential.
    ServiceId = "service_id", bucket(60, 1);
    /// Bootstrap tokens of an address.
    Bootstrap = "bootstrap", bucket(5, 720);
    /// First untrusted success of an account in a day. Two further attempts of the address and its
    /// network are then no longer counted.
    FirstSuccess = "first_success", bucket(1, 24 * 3600);
    /// Audit events about failed attempts on an account.
    FailureEvent = "failure_event", bucket(1, 3600);
}

impl ThrottleKind {
    /// The kinds whose key is the key of an account.
    pub(crate) const OF_ACCOUNT: [Self; 3] = [Self::Account, Self::Consecutive, Self::TrustedTotal];

    /// Returns `true` for the kinds whose key begins with the key of an account.
    pub(crate) fn is_of_account(self) -> bool {
        Self::OF_ACCOUNT.contains(&self) || matches!(self, Self::UntrustedLane | Self::TrustedLane)
    }
}

const fn bucket(size: u32, seconds: u64) -> Rule {
    let period = Duration::from_secs(seconds);
    Rule::Bucket { size, period }
}

const fn delay(from: u32, first_seconds: u64, max_seconds: u64) -> Rule {
    Rule::Delay {
        from,
        first: Duration::from_secs(first_seconds),
        max: Duration::from_secs(max_seconds),
    }
}

impl fmt::Display for ThrottleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Error for text that is not the name of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of throttle counter")]
pub struct UnknownKind;
