use std::net::SocketAddr;

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
    if bootstrapped {
        println!("Next: open the Swagger UI, choose Authorize, and sign in as the administrator.");
    } else {
        println!(
            "Next: create the first administrator.\n\
             \n\
             curl {base}/auth/admin/bootstrap --json \\\n\
             \x20 '{{\"email\": \"admin@example.com\", \"password\": \"at least fifteen characters\"}}'"
        );
    }
    println!(
        "\n\
         For an employee's sign-in, mint signed init data:\n\
         \n\
         divan-server init-data sign --user-id 42\n\
         \n\
         For a deployment set DATABASE_URL, SECRET_KEY and TELEGRAM_BOT_TOKEN.\n"
    );
}
