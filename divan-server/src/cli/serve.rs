use std::net::SocketAddr;
use std::process::ExitCode;

use tokio::net::TcpListener;

use super::{Outcome, ServeArgs, banner};
use crate::app::{Server, StartError};
use crate::config::Config;
use crate::logging;

pub(super) fn serve(args: ServeArgs) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(args))
}

async fn run(args: ServeArgs) -> Outcome {
    logging::start();
    let listener = listen(&args.host, args.port).await?;
    let address = listener.local_addr()?;
    let config = Config::from_process(address)?;
    refuse_exposure(&config, address, args.expose_development)?;
    warn_of_gaps(&config);

    let server = Server::new(listener, &config).await?;
    let bootstrapped = server.service().is_bootstrapped().await?;
    banner::print(&config, address, bootstrapped);
    tracing::info!(%address, "listening");
    server.run(stop_signal()).await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, StartError> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    TcpListener::bind((host, port))
        .await
        .map_err(|source| StartError::Listen { address: format!("{host}:{port}"), source })
}

/// The development default has secrets that lie in a folder and lets anybody who reaches it become administrator.
fn refuse_exposure(config: &Config, address: SocketAddr, allowed: bool) -> Result<(), Exposed> {
    let exposed = config.development.is_some() && !address.ip().is_loopback();
    if exposed && !allowed { Err(Exposed(address)) } else { Ok(()) }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the development default would be reachable from other machines on {0}: set DATABASE_URL and SECRET_KEY for a \
     deployment, or pass --expose-development"
)]
struct Exposed(SocketAddr);

fn warn_of_gaps(config: &Config) {
    if config.bot_token.is_none() {
        tracing::warn!("TELEGRAM_BOT_TOKEN is not set: nobody can sign in through Telegram");
    }
    if config.development.is_none() && config.addresses.are_local() {
        tracing::warn!(
            "DIVAN_MINIAPP_URL or DIVAN_ADMIN_URL is an address of this machine: no page elsewhere can call"
        );
    }
}

/// Completes at Ctrl-C, or at the signal that service managers send.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
