use std::time::Duration;

use divan_core::service::SessionLife;

use super::env::Env;

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

pub(super) fn read(env: &mut Env<'_>) -> SessionsConfig {
    SessionsConfig {
        miniapp: life(env, "DIVAN_MINIAPP_SESSION", SessionLife::MINI_APP),
        admin: life(env, "DIVAN_ADMIN_SESSION", SessionLife::ADMIN),
        retention: duration(env, "DIVAN_SESSION_RETENTION", Duration::from_hours(30 * 24), "30d"),
    }
}

fn life(env: &mut Env<'_>, prefix: &str, default: SessionLife) -> SessionLife {
    let idle = duration(env, &format!("{prefix}_IDLE"), default.idle, "30m");
    let absolute = duration(env, &format!("{prefix}_LIFE"), default.absolute, "12h");
    if idle > absolute {
        env.wrong(&format!("{prefix}_IDLE"), format!("is longer than {prefix}_LIFE"), "30m");
    }
    // An access token lives a quarter of an hour, and is renewed shortly before.
    if idle < Duration::from_mins(20) {
        env.wrong(&format!("{prefix}_IDLE"), "is shorter than 20 minutes", "30m");
    }
    SessionLife { idle, absolute }
}

fn duration(env: &mut Env<'_>, name: &str, default: Duration, example: &str) -> Duration {
    env.parsed::<humantime::Duration>(name, default.into(), example).into()
}
