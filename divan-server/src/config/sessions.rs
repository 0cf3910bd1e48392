use std::time::Duration;

use divan_core::infra::{Env, Section, Variable};
use divan_core::service::SessionLife;

/// How long sessions last, and how long they are remembered.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SessionsConfig {
    /// Of the Mini App.
    pub miniapp: SessionLife,
    /// Of the admin panel.
    pub admin: SessionLife,
    /// How long the row of a session that is over is kept.
    pub retention: Duration,
}

/// What a value that is no span of time is told not to be.
const SPAN: &str = "a span of time, as `30m`, `12h` or `90d`";

static MINIAPP_IDLE: Variable = Variable::new(
    "DIVAN_MINIAPP_SESSION_IDLE",
    "when a session of the Mini App ends unless it is refreshed; at least 20 minutes",
    "30d",
)
.form(SPAN)
.when_unset("`30d`");

static MINIAPP_LIFE: Variable = Variable::new(
    "DIVAN_MINIAPP_SESSION_LIFE",
    "when a session of the Mini App ends at the latest",
    "90d",
)
.form(SPAN)
.when_unset("`90d`");

static ADMIN_IDLE: Variable = Variable::new(
    "DIVAN_ADMIN_SESSION_IDLE",
    "the same for the admin panel, unless it is refreshed",
    "30m",
)
.form(SPAN)
.when_unset("`30m`");

static ADMIN_LIFE: Variable = Variable::new(
    "DIVAN_ADMIN_SESSION_LIFE",
    "the same for the admin panel, at the latest",
    "12h",
)
.form(SPAN)
.when_unset("`12h`");

static RETENTION: Variable = Variable::new(
    "DIVAN_SESSION_RETENTION",
    "how long sessions that are over are remembered",
    "30d",
)
.form(SPAN)
.when_unset("`30d`");

pub(super) static SECTION: Section = Section::new(
    "Sessions",
    "",
    &[
        &MINIAPP_IDLE,
        &MINIAPP_LIFE,
        &ADMIN_IDLE,
        &ADMIN_LIFE,
        &RETENTION,
    ],
);

pub(super) fn read(env: &mut Env<'_>) -> SessionsConfig {
    SessionsConfig {
        miniapp: life(env, &MINIAPP_IDLE, &MINIAPP_LIFE, SessionLife::MINI_APP),
        admin: life(env, &ADMIN_IDLE, &ADMIN_LIFE, SessionLife::ADMIN),
        retention: duration(env, &RETENTION, Duration::from_hours(30 * 24)),
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
        env.wrong(idle_of, format!("is longer than {}", life_of.name()));
    }
    // An access token lives a quarter of an hour, and is renewed shortly before.
    if idle < Duration::from_mins(20) {
        env.wrong(idle_of, "is shorter than 20 minutes");
    }
    SessionLife { idle, absolute }
}

fn duration(env: &mut Env<'_>, variable: &Variable, default: Duration) -> Duration {
    env.parsed::<humantime::Duration>(variable, default.into())
        .into()
}
