use std::time::Duration;

use divan_core::infra::{Env, Variable, section};
use divan_core::service::SessionLife;

/// Lifetimes of sessions, and retention of ended ones and of audit events.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SessionsConfig {
    /// Lifetime of Mini App sessions.
    pub miniapp: SessionLife,
    /// Lifetime of admin panel sessions.
    pub admin: SessionLife,
    /// Time that ended sessions are kept.
    pub retention: Duration,
    /// Time that audit events are kept.
    pub audit_retention: Duration,
}

pub(super) const DURATION: &str = "a duration such as `30m`, `12h` or `90d`, of at most `36500d`";

/// Longest duration. Times far in the future cannot be represented.
const MAX_DURATION: Duration = Duration::from_hours(36_500 * 24);

section! {
    pub(super) static SECTION = "Sessions and audit", "";

    MINIAPP_IDLE = (
        "DIVAN_MINIAPP_SESSION_IDLE",
        "idle lifetime of Mini App sessions, at least 20 minutes; each refresh restarts it",
        "30d",
    ).when_unset("`30d`");

    MINIAPP_LIFE = (
        "DIVAN_MINIAPP_SESSION_LIFE",
        "maximum lifetime of Mini App sessions, counted from sign-in",
        "90d",
    ).when_unset("`90d`");

    ADMIN_IDLE = (
        "DIVAN_ADMIN_SESSION_IDLE",
        "idle lifetime of admin panel sessions, at least 20 minutes; each refresh restarts it",
        "30m",
    ).when_unset("`30m`");

    ADMIN_LIFE = (
        "DIVAN_ADMIN_SESSION_LIFE",
        "maximum lifetime of admin panel sessions, counted from sign-in",
        "12h",
    ).when_unset("`12h`");

    RETENTION = ("DIVAN_SESSION_RETENTION", "time that ended sessions are kept", "30d")
        .when_unset("`30d`");

    AUDIT_RETENTION = ("DIVAN_AUDIT_RETENTION", "time that audit events are kept", "730d")
        .when_unset("`730d`");
}

pub(super) fn read(env: &mut Env<'_>) -> SessionsConfig {
    SessionsConfig {
        miniapp: life(env, &MINIAPP_IDLE, &MINIAPP_LIFE, SessionLife::MINI_APP),
        admin: life(env, &ADMIN_IDLE, &ADMIN_LIFE, SessionLife::ADMIN),
        retention: duration(env, &RETENTION, Duration::from_hours(30 * 24)),
        audit_retention: duration(env, &AUDIT_RETENTION, Duration::from_hours(730 * 24)),
    }
}

fn life(
    env: &mut Env<'_>,
    idle_of: &Variable,
    life_of: &Variable,
    default: SessionLife,
) -> SessionLife {
    let idle = duration(env, idle_of, default.idle);
    let absolute = duration(env, life_of, default.absolute);
    if idle > absolute {
        env.error(
            idle_of,
            format!("must not be longer than {}", life_of.name()),
        );
    }
    // An access token lives 15 minutes, and clients refresh it shortly before it expires.
    if idle < Duration::from_mins(20) {
        env.error(idle_of, "must be at least 20 minutes");
    }
    SessionLife::new(idle, absolute)
}

pub(super) fn duration(env: &mut Env<'_>, variable: &Variable, default: Duration) -> Duration {
    let read = |text: &str| {
        let duration = text.parse::<humantime::Duration>().map(Duration::from);
        let duration = duration.ok().filter(|duration| *duration <= MAX_DURATION);
        duration.ok_or_else(|| format!("must be {DURATION}"))
    };
    env.checked(variable, read).unwrap_or(default)
}
