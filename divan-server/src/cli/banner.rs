use std::io::{self, Write as _};
use std::net::SocketAddr;

use divan_core::service::BootstrapPolicy;

use crate::config::Config;

/// Tells a person what the development default is and what to do next. Says nothing in a
/// deployment.
pub(super) fn print(config: &Config, address: SocketAddr, bootstrapped: bool) {
    let Some(development) = &config.development else {
        return;
    };
    let base = format!("http://localhost:{}", address.port());
    let folder = development.folder().display();
    let _ = writeln!(
        io::stdout(),
        "\n\
         Divan, development default: not for production.\n\
         \n\
         Swagger UI   {base}/docs\n\
         Data         {folder}/ (database, generated secret key and bot token; delete it to start anew)\n\
         Mini App     {}\n\
         Admin panel  {}\n",
        config.addresses.miniapp,
        config.addresses.admin,
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
        BootstrapPolicy::Token(_) => {
            bootstrap(r#" -H "X-Bootstrap-Token: $DIVAN_BOOTSTRAP_TOKEN""#)
        }
        _ => "set DIVAN_BOOTSTRAP_TOKEN, which creating the first administrator asks for here."
            .to_owned(),
    };
    // Nobody may read it: the server serves all the same.
    let _ = writeln!(
        io::stdout(),
        "Next: {next}\n\
         \n\
         For an employee's sign-in, mint signed init data:\n\
         \n\
         divan-server init-data sign --user-id 42\n\
         \n\
         For a deployment set DATABASE_URL, SECRET_KEY and TELEGRAM_BOT_TOKEN.\n"
    );
}
