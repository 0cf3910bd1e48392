//! Other libraries on crates.io that verify Telegram's `initData` by its HMAC, each called as its
//! documentation describes. None of them can keep the key derived from the token between calls.

use std::hint::black_box;
use std::time::Duration;

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;

use crate::init_data_inputs::{Input, TOKEN};

/// Maximum age that is never reached. It is compared as in real use, because some peers always do.
const MAX_AGE: Duration = Duration::from_hours(100 * 365 * 24);

/// Library under test; its calls take the raw init data and the bot token.
pub(crate) struct Peer {
    /// Crate name on crates.io.
    pub(crate) name: &'static str,
    /// Verifies the data with the cheapest call of the library.
    pub(crate) verify: fn(&str, &str) -> bool,
    /// Verifies the data and returns the user id, if the library parses the user.
    pub(crate) verify_and_parse: Option<fn(&str, &str) -> Option<i64>>,
}

/// All peers, sorted by name.
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

/// Returns the names of all benchmarks of peers.
pub(crate) fn names() -> Vec<String> {
    let names = |peer: &Peer| {
        let user = peer.verify_and_parse.map(|_| "verify_and_user");
        ["verify"]
            .into_iter()
            .chain(user)
            .map(|call| format!("{}/{call}", peer.name))
            .collect::<Vec<_>>()
    };
    PEERS.iter().flat_map(names).collect()
}

/// Measures all peers on the inputs of the group.
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

/// Also parses the user; there is no call that only verifies.
fn foukoapi_verify(init_data: &str, token: &str) -> bool {
    foukoapi::webapp::validate_init_data(init_data, token, MAX_AGE).is_ok()
}

/// Makes the same call as [`foukoapi_verify`].
fn foukoapi_user(init_data: &str, token: &str) -> Option<i64> {
    let data = foukoapi::webapp::validate_init_data(init_data, token, MAX_AGE).ok()?;
    data.user.map(|user| user.id)
}

/// Also parses all fields; there is no call that only verifies.
fn init_data_rs_verify(init_data: &str, token: &str) -> bool {
    init_data_rs::validate(init_data, token, Some(MAX_AGE.as_secs())).is_ok()
}

/// Makes the same call as [`init_data_rs_verify`].
fn init_data_rs_user(init_data: &str, token: &str) -> Option<i64> {
    let data = init_data_rs::validate(init_data, token, Some(MAX_AGE.as_secs())).ok()?;
    data.user.map(|user| user.id)
}

/// Returns the fields as text without parsing their JSON.
fn tele_verify(init_data: &str, token: &str) -> bool {
    tele::verify_web_app_init_data(token, init_data, Some(MAX_AGE)).is_ok()
}

/// Copies the accepted data for later parsing.
fn telepass_verify(init_data: &str, token: &str) -> bool {
    telepass::init_data::InitData::validate(init_data, token, MAX_AGE).is_ok()
}

/// Verifies, then parses the returned data.
fn telepass_user(init_data: &str, token: &str) -> Option<i64> {
    let raw = telepass::init_data::InitData::validate(init_data, token, MAX_AGE).ok()?;
    let data = telepass::init_data::InitData::parse(&raw).ok()?;
    data.user.map(|user| user.id)
}

/// Verifies without parsing.
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
