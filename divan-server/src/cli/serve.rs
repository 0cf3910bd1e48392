use std::net::SocketAddr;
use std::process::ExitCode;

use tokio::net::TcpListener;

use super::operator::block_on;
use super::{Outcome, ServeArgs, banner};
use crate::app::{Migrations, Server, StartError};
use crate::config::Config;
use crate::logging;
use crate::serve::raise_limit;

pub(super) fn serve(args: ServeArgs) -> Outcome {
    block_on(run(args))?
}

async fn run(args: ServeArgs) -> Outcome {
    logging::start();
    raise_limit();
    let mut signals = StopSignal::listen()?;
    let server = tokio::select! {
        started = start(args) => started?,
        () = signals.received() => return Ok(ExitCode::SUCCESS),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    tokio::select! {
        () = server.run(stopped) => tracing::info!("stopped"),
        () = async {
            signals.received().await;
            drop(stop);
            signals.received().await;
        } => tracing::warn!("stopped immediately by a second signal"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn start(args: ServeArgs) -> Result<Server, Box<dyn std::error::Error>> {
    let listener = listen(&args.host, args.port).await?;
    let address = listener.local_addr()?;
    // Secrets may be files on a mount that hangs.
    let mut config = tokio::task::spawn_blocking(move || Config::from_process(address)).await??;
    refuse_exposure(&config, address, args.expose_development)?;
    if let Some(development) = config
        .development
        .as_mut()
        .filter(|_| args.expose_development)
    {
        development.expose();
    }
    warn_of_gaps(&config);

    let migrations = if args.no_migrate {
        Migrations::Require
    } else {
        Migrations::Run
    };
    let mut server = Server::new(listener, &config, migrations).await?;
    if let Some(address) = config.infra.http.metrics_listen {
        server = with_metrics(server, address).await;
    }
    let bootstrapped = server.service().is_bootstrapped().await?;
    banner::print(&config, address, bootstrapped);
    tracing::info!(%address, "listening");
    Ok(server)
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, StartError> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    TcpListener::bind((host, port))
        .await
        .map_err(|source| StartError::Listen {
            address: format!("{host}:{port}"),
            source,
        })
}

/// Adds metrics; the server also runs without them, so an error is only logged.
async fn with_metrics(server: Server, address: SocketAddr) -> Server {
    match TcpListener::bind(address).await {
        Ok(listener) => {
            if let Ok(address) = listener.local_addr() {
                tracing::info!(%address, "serving metrics");
            }
            server.metrics(listener)
        }
        Err(error) => {
            tracing::warn!(%address, %error, "cannot serve metrics; set DIVAN_METRICS_LISTEN to another address or to `off`");
            server
        }
    }
}

/// Refuses development mode on an address that other machines reach: its secrets are in a folder,
/// and its configuration is not reviewed.
fn refuse_exposure(
    config: &Config,
    address: SocketAddr,
    allowed: bool,
) -> Result<(), ExposedDevelopment> {
    let exposed = config.development.is_some() && !address.ip().is_loopback();
    if exposed && !allowed {
        Err(ExposedDevelopment(address))
    } else {
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "development mode would be reachable from other machines on {0}: set DATABASE_URL and SECRET_KEY for a \
     deployment, or pass --expose-development"
)]
struct ExposedDevelopment(SocketAddr);

fn warn_of_gaps(config: &Config) {
    if config.bot_token.is_none() {
        tracing::warn!("TELEGRAM_BOT_TOKEN is not set: sign-ins through Telegram are disabled");
    }
    if config.development.is_none() && config.addresses.are_local() {
        tracing::warn!(
            "DIVAN_MINIAPP_URL or DIVAN_ADMIN_URL is an address of this machine: pages elsewhere cannot call the server"
        );
    }
}

/// Ctrl-C and SIGTERM. Created first, because the default action of an early signal would end the
/// process immediately.
struct StopSignal {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignal {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl StopSignal {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    async fn received(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
