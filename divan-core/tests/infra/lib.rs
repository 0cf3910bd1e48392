//! What the tests of `divan_core::infra` share.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use divan_core::infra::probe::{Probe, ProbeError, check_all};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Long enough for whoever answers at all, on a machine that compiles at the same time.
pub const PATIENT: Duration = Duration::from_mins(1);

/// Long enough to be refused on the loopback address, and soon over.
pub const SHORT: Duration = Duration::from_millis(300);

/// What one probe finds within a deadline.
///
/// # Panics
/// When there is not one report, with the name of the probe.
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

/// All that an error says, to operators and to the log.
pub fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources
        .map(|error| format!("{error}\n{error:?}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Passes connections on to this port, until it is told to let those that are there die without a
/// word.
///
/// # Errors
/// When nothing can be listened on.
pub async fn forgetful_firewall(to: u16) -> io::Result<(u16, watch::Sender<u32>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let (forget, epoch) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut epoch = epoch.clone();
            epoch.mark_unchanged();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
                tokio::select! {
                    passed = tokio::io::copy_bidirectional(&mut client, &mut server) => passed,
                    // Both ends stay open, and nothing comes through any more.
                    _ = epoch.changed() => std::future::pending().await,
                }
            });
        }
    });
    Ok((port, forget))
}
