//! The other libraries on crates.io that check Telegram's `initData` by its HMAC, each called the
//! way its documentation tells its users to. None of them can keep the key derived from the token
//! between calls.

use std::hint::black_box;
use std::time::Duration;

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;

use crate::init_data_inputs::{Input, TOKEN};

/// Never reached, yet the age is compared as it would be in use: not every peer can leave that out.
const MAX_AGE: Duration = Duration::from_hours(100 * 365 * 24);

/// One library; its calls take the raw init data and the bot token.
pub(crate) struct Peer {
    /// The crate, as crates.io spells it.
    pub(crate) name: &'static str,
    /// Whether the library accepts the data, by the least work it offers for that answer.
    pub(crate) verify: fn(&str, &str) -> bool,
    /// The id of the user in accepted data, where the library has a type for the user.
    pub(crate) verify_and_parse: Option<fn(&str, &str) -> Option<i64>>,
}

/// Every peer, by name.
pub(crate) const PEERS: &[Peer] = &[
    Peer {
        name: "foukoapi",
        verify: foukoapi_verify,
        verify_and_parse: Some(foukoapi_user),
    },
    Peer {
        name: "init-data-rs",
        verify: init_data_rs_verify,
        verify_and_parse: Some(init_data_rs_user),
    },
    Peer {
        name: "tele",
        verify: tele_verify,
        verify_and_parse: None,
    },
    Peer {
        name: "telepass",
        verify: telepass_verify,
        verify_and_parse: Some(telepass_user),
    },
    Peer {
        name: "tma-init-data",
        verify: tma_init_data_verify,
        verify_and_parse: Some(tma_init_data_user),
    },
];

/// Times every peer on the inputs of the group.
pub(crate) fn bench(group: &mut BenchmarkGroup<'_, WallTime>, inputs: &[Input]) {
    for peer in PEERS {
        crate::bench(group, &format!("{}/verify", peer.name), inputs, |input| {
            assert!((peer.verify)(black_box(&input.raw), TOKEN));
        });
        if let Some(verify_and_parse) = peer.verify_and_parse {
            crate::bench(
                group,
                &format!("{}/verify_and_user", peer.name),
                inputs,
                |input| {
                    assert!(verify_and_parse(black_box(&input.raw), TOKEN).is_some());
                },
            );
        }
    }
}

/// Reads the user too: there is no call that only checks.
fn foukoapi_verify(init_data: &str, token: &str) -> bool {
    foukoapi::webapp::validate_init_data(init_data, token, MAX_AGE).is_ok()
}

/// The same call as [`foukoapi_verify`].
fn foukoapi_user(init_data: &str, token: &str) -> Option<i64> {
    let data = foukoapi::webapp::validate_init_data(init_data, token, MAX_AGE).ok()?;
    data.user.map(|user| user.id)
}

/// Reads every field too: there is no call that only checks.
fn init_data_rs_verify(init_data: &str, token: &str) -> bool {
    init_data_rs::validate(init_data, token, Some(MAX_AGE.as_secs())).is_ok()
}

/// The same call as [`init_data_rs_verify`].
fn init_data_rs_user(init_data: &str, token: &str) -> Option<i64> {
    let data = init_data_rs::validate(init_data, token, Some(MAX_AGE.as_secs())).ok()?;
    data.user.map(|user| user.id)
}

/// Returns the fields as text and leaves the JSON inside them to its user.
fn tele_verify(init_data: &str, token: &str) -> bool {
    tele::verify_web_app_init_data(token, init_data, Some(MAX_AGE)).is_ok()
}

/// Copies the data it accepts, for the reading that follows.
fn telepass_verify(init_data: &str, token: &str) -> bool {
    telepass::init_data::InitData::validate(init_data, token, MAX_AGE).is_ok()
}

/// The check, then the reading of what it returned.
fn telepass_user(init_data: &str, token: &str) -> Option<i64> {
    let raw = telepass::init_data::InitData::validate(init_data, token, MAX_AGE).ok()?;
    let data = telepass::init_data::InitData::parse(&raw).ok()?;
    data.user.map(|user| user.id)
}

/// Checks and reads nothing.
fn tma_init_data_verify(init_data: &str, token: &str) -> bool {
    matches!(tma_init_data::validate(init_data, token, MAX_AGE), Ok(true))
}

/// The check, then the reading, which parses the text a second time.
fn tma_init_data_user(init_data: &str, token: &str) -> Option<i64> {
    if !tma_init_data_verify(init_data, token) {
        return None;
    }
    let data = tma_init_data::parse(init_data).ok()?;
    data.user.map(|user| user.id)
}
