use std::io::{self, Write as _};
use std::net::SocketAddr;

use divan_core::service::BootstrapPolicy;

use crate::config::Config;

/// Prints the addresses of development mode and the next step. Prints nothing in a deployment.
pub(super) fn print(config: &Config, address: SocketAddr, bootstrapped: bool) {
    let Some(development) = &config.development else {
        return;
    };
    let base = format!("http://localhost:{}", address.port());
    let folder = development.folder().display();
    let _ = writeln!(
        io::stdout(),
        "\n\
         Divan, development mode: not for production.\n\
         \n\
         Swagger UI   {base}/docs\n\
         Data         {folder}/ (database, generated secret key and bot token; delete it to start again)\n\
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
        _ => "run `divan-server admin create`, or set DIVAN_BOOTSTRAP_TOKEN to create the first administrator over HTTP."
            .to_owned(),
    };
    // The server works without a reader of its output.
    let _ = writeln!(
        io::stdout(),
        "Next: {next}\n\
         \n\
         To sign in as an employee, sign init data:\n\
         \n\
         divan-server init-data sign --user-id 42\n\
         \n\
         For a deployment set DATABASE_URL, SECRET_KEY and TELEGRAM_BOT_TOKEN.\n"
    );
}
