use std::net::SocketAddr;

use divan_core::service::BootstrapPolicy;

use crate::config::Config;

/// Tells a person what the development default is and what to do next. Says nothing in a deployment.
#[expect(clippy::print_stdout, reason = "what a person who starts the server reads first")]
pub(super) fn print(config: &Config, address: SocketAddr, bootstrapped: bool) {
    let Some(development) = &config.development else { return };
    let base = format!("http://localhost:{}", address.port());
    let folder = development.folder().display();
    println!(
        "\n\
         Divan, development default: not for production.\n\
         \n\
         Swagger UI   {base}/docs\n\
         Data         {folder}/ (database, generated secret key and bot token; delete it to start anew)\n\
         Mini App     {}\n\
         Admin panel  {}\n",
        config.addresses.miniapp, config.addresses.admin,
    );
    let bootstrap = |header: &str| {
        format!(
            "create the first administrator.\n\
             \n\
             curl {base}/auth/admin/bootstrap{header} --json \\\n\
             \x20 '{{\"email\": \"admin@example.com\", \"password\": \"at least fifteen characters\"}}'"
        )
    };
    let next = match config.bootstrap {
        _ if bootstrapped => {
            "open the Swagger UI, choose Authorize, and sign in as the administrator.".to_owned()
        }
        BootstrapPolicy::OpenToAnyone => bootstrap(""),
        BootstrapPolicy::Token(_) => bootstrap(r#" -H "X-Bootstrap-Token: $DIVAN_BOOTSTRAP_TOKEN""#),
        _ => "set DIVAN_BOOTSTRAP_TOKEN, which creating the first administrator asks for here.".to_owned(),
    };
    println!("Next: {next}");
    println!(
        "\n\
         For an employee's sign-in, mint signed init data:\n\
         \n\
         divan-server init-data sign --user-id 42\n\
         \n\
         For a deployment set DATABASE_URL, SECRET_KEY and TELEGRAM_BOT_TOKEN.\n"
    );
}
