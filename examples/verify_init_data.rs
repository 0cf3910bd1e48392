//! `cargo run --example verify_init_data`: verifies `initData` in three calls.

use std::error::Error;
use std::time::Duration;

use divan_core::clock::{Clock, SystemClock};
use divan_core::init_data::{BotToken, InitDataBuilder, Verifier};

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    let raw = init_data_of_the_mini_app()?;

    let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
    let verifier = Verifier::new(token, Duration::from_hours(1));
    let data = verifier.verify(&raw)?;

    let user = data.user()?.ok_or("init data without a user")?;
    println!(
        "Telegram account {} ({}) signed at {}.",
        user.id,
        user.first_name,
        data.auth_date()
    );
    for (name, value) in data.fields() {
        println!("  {name} = {value}");
    }

    let tampered = raw.replace("%22id%22%3A42", "%22id%22%3A43");
    println!(
        "With another id in it: {}.",
        verifier.verify(&tampered).err().ok_or("it must not pass")?
    );
    Ok(())
}

/// Init data, signed by the feature `test-util` instead of Telegram.
fn init_data_of_the_mini_app() -> Result<String, Box<dyn Error>> {
    let token: BotToken = "1234567890:AAFakeTokenForDivanTestVectorsOnly_0000".parse()?;
    let data = InitDataBuilder::new(SystemClock.unix_seconds())
        .user(42, "First")
        .field("start_param", "ref_7");
    Ok(data.sign(&token))
}
