//! Signed data of Telegram.

use crate::comparison;
use crate::reference::{
    Moment, login_widget_key, public_key, web_app_key, with_hash, with_signature,
};

const TOKEN: &str = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000";
const BOT_ID: i64 = 1_234_567_890;
const SECRET_KEY: [u8; 32] = [7; 32];

/// Time that the vectors were generated for, and a maximum age that accepts most of them.
const MOMENT: Moment = Moment {
    now: 1_795_305_600,
    max_age: 315_360_000,
};

/// Fuzzes init data, verified with the bot's token.
pub fn init_data(bytes: &[u8]) {
    let Ok(raw) = str::from_utf8(bytes) else {
        return;
    };
    for raw in [raw, &with_hash(raw, &web_app_key(TOKEN))] {
        let _ = comparison::init_data(raw, TOKEN, MOMENT);
    }
}

/// Fuzzes init data, verified with a public key.
pub fn signature(bytes: &[u8]) {
    let Ok(raw) = str::from_utf8(bytes) else {
        return;
    };
    for raw in [raw, &with_signature(raw, BOT_ID, &SECRET_KEY)] {
        let _ =
            comparison::init_data_for_third_party(raw, BOT_ID, &public_key(&SECRET_KEY), MOMENT);
    }
}

/// Fuzzes responses of `requestContact`.
pub fn contact(bytes: &[u8]) {
    let Ok(raw) = str::from_utf8(bytes) else {
        return;
    };
    for raw in [raw, &with_hash(raw, &web_app_key(TOKEN))] {
        let _ = comparison::contact(raw, TOKEN, MOMENT);
    }
}

/// Fuzzes user data of the Login Widget.
pub fn login_widget(bytes: &[u8]) {
    let Ok(raw) = str::from_utf8(bytes) else {
        return;
    };
    for raw in [raw, &with_hash(raw, &login_widget_key(TOKEN))] {
        let _ = comparison::login_widget(raw, TOKEN, MOMENT);
    }
}
