//! Public endpoints for the pages: the configuration of the Mini App.

use serde_json::{Value, json};

use crate::process::{no_tls, program, start};

fn http() -> reqwest::Client {
    let http = reqwest::Client::builder().tls_backend_preconfigured(no_tls());
    http.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_of_the_mini_app_is_that_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let config = async |variables: &[(&str, &str)]| {
        let server = start(program(folder.path()).envs(variables.iter().copied()));
        let response = http().get(server.url("/auth/telegram/config")).send();
        let response = response.await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["cache-control"], "public, max-age=60");
        response.json::<Value>().await.unwrap()
    };
    let unset = config(&[]).await;
    assert_eq!(unset["bot_username"], Value::Null);
    assert_eq!(unset["phone_example"], "+7 771 000 9998");
    assert_eq!(unset["languages"], json!(["ru", "kk", "en"]));
    let set = config(&[
        ("TELEGRAM_BOT_USERNAME", "acme_bot"),
        ("DIVAN_PHONE_REGION", "UZ"),
    ]);
    let set = set.await;
    assert_eq!(set["bot_username"], "acme_bot");
    let example = set["phone_example"].as_str().unwrap();
    assert!(example.starts_with("+998 "), "{example}");
}
