use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::SocketAddr;

use divan_core::service::BootstrapPolicy;

use crate::config::Config;
use crate::state::Pages;

/// Prints the addresses of development mode and the next step. Prints nothing in a deployment.
pub(super) fn print(config: &Config, address: SocketAddr, bootstrapped: bool) {
    let Some(development) = &config.development else {
        return;
    };
    let base = format!("http://localhost:{}", address.port());
    let folder = development.folder().display();
    let (miniapp, admin) = (&config.addresses.miniapp, &config.addresses.admin);
    let pages = if has_pages(config) {
        format!(
            "Start page   {base}/\n\
             Mini App     {miniapp}\n\
             Admin panel  {admin}\n"
        )
    } else {
        String::new()
    };
    let docs = if has_docs(config) {
        format!("Swagger UI   {base}/docs\n")
    } else {
        String::new()
    };
    let by_cargo = std::env::var_os("CARGO_MANIFEST_DIR").is_some();
    let program = started_as(by_cargo, std::env::args_os().next());
    let next = next_step(config, &base, &program, bootstrapped);
    // The server works without a reader of its output.
    let _ = writeln!(
        io::stdout(),
        "\n\
         Divan, development mode: not for production.\n\
         \n\
         {pages}{docs}\
         Data         {folder}/ (database, generated secret key and bot token; delete it to start again)\n\
         \n\
         Next: {next}\n\
         \n\
         Without a browser, sign init data for an employee, in this folder:\n\
         \n\
         {program} init-data sign --user-id 42\n\
         \n\
         For a deployment set DATABASE_URL, SECRET_KEY and TELEGRAM_BOT_TOKEN.\n"
    );
}

fn has_pages(config: &Config) -> bool {
    cfg!(feature = "pages") && config.pages == Pages::All
}

fn has_docs(config: &Config) -> bool {
    cfg!(feature = "docs") && config.docs
}

fn next_step(config: &Config, base: &str, program: &str, bootstrapped: bool) -> String {
    let has_token = matches!(config.bootstrap, BootstrapPolicy::Token(_));
    match config.bootstrap {
        _ if bootstrapped && has_pages(config) => {
            "sign in to the admin panel, create an employee, and open the Mini App.".to_owned()
        }
        _ if bootstrapped && has_docs(config) => {
            "open the Swagger UI, choose Authorize, and sign in as the administrator.".to_owned()
        }
        _ if bootstrapped => {
            format!("sign in as the administrator with POST {base}/auth/admin/login.")
        }
        BootstrapPolicy::OpenToAnyone | BootstrapPolicy::Token(_) if has_pages(config) => {
            "open the admin panel and create the first administrator.".to_owned()
        }
        BootstrapPolicy::OpenToAnyone | BootstrapPolicy::Token(_) => {
            let header = if has_token {
                r#" -H "X-Bootstrap-Token: $DIVAN_BOOTSTRAP_TOKEN""#
            } else {
                ""
            };
            format!(
                "create the first administrator.\n\
                 \n\
                 curl {base}/auth/admin/bootstrap{header} --json \\\n\
                 \x20 '{{\"email\": \"admin@example.com\", \"password\": \"tram under the plum\"}}'"
            )
        }
        _ => format!(
            "run `{program} admin create`, or set DIVAN_BOOTSTRAP_TOKEN to create the first administrator over HTTP."
        ),
    }
}

/// Returns the command that starts this program again.
fn started_as(by_cargo: bool, program: Option<OsString>) -> String {
    let program = program.map(|program| program.to_string_lossy().into_owned());
    match program {
        // Cargo sets its variables for the programs that it runs.
        _ if by_cargo => "cargo run -q -p divan-server --".to_owned(),
        Some(program) if !program.is_empty() => program,
        _ => "divan-server".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_program_as_it_was_started() {
        let program = || Some("target/debug/divan-server".into());
        assert_eq!(
            started_as(true, program()),
            "cargo run -q -p divan-server --"
        );
        assert_eq!(started_as(false, program()), "target/debug/divan-server");
        assert_eq!(started_as(false, None), "divan-server");
    }
}
