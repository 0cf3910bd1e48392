//! Shared code of the tests of `divan_core::infra`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use divan_core::infra::probe::{Probe, ProbeError, check_all};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Deadline for a server that responds, on a busy machine.
pub const PATIENT: Duration = Duration::from_mins(1);

/// Deadline for a server that does not respond; enough for a refused connection on loopback.
pub const SHORT: Duration = Duration::from_millis(300);

/// Runs one probe and returns its outcome.
///
/// # Panics
/// Unless there is one report, with the name of the probe.
#[expect(clippy::missing_errors_doc, reason = "the outcome is what is tested")]
pub async fn outcome(probe: impl Probe + 'static, deadline: Duration) -> Result<(), ProbeError> {
    let name = probe.name();
    let probe: Arc<dyn Probe> = Arc::new(probe);
    let mut reports = check_all(&[probe], deadline).await;
    let report = reports
        .pop()
        .filter(|report| report.name == name && reports.is_empty());
    report.map_or_else(
        || unreachable!("one probe, one report"),
        |report| report.outcome,
    )
}

/// Returns all texts of an error and its sources.
pub fn full_text(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources
        .map(|error| format!("{error}\n{error:?}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Starts a proxy to this port. A message on the returned channel stops all traffic of the open
/// connections without closing them, as a firewall that dropped its state does.
///
/// # Errors
/// When no port can be opened.
pub async fn stateful_firewall(to: u16) -> io::Result<(u16, watch::Sender<u32>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let (drop_state, epoch) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut epoch = epoch.clone();
            epoch.mark_unchanged();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
                tokio::select! {
                    copied = tokio::io::copy_bidirectional(&mut client, &mut server) => copied,
                    // Both connections stay open, without traffic.
                    _ = epoch.changed() => std::future::pending().await,
                }
            });
        }
    });
    Ok((port, drop_state))
}
