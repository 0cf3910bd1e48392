use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// One part of the compact form (RFC 7515 §7.1).
#[expect(clippy::expect_used, reason = "structs of strings and numbers")]
pub(super) fn encode_part(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD
        .encode(serde_json::to_vec(part).expect("structs of strings and numbers serialise"))
}
