//! The response to an import, line by line.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use divan_core::api::{ImportEvent, ImportedPassword, ProblemCode};
use divan_core::service::{CheckedImport, ImportedCount, PreparedImport, ServiceError};
use futures_util::stream::{Stream, unfold};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{ImportTurn, invalid_lines, may_be_committed};
use crate::error_chain::error_chain;
use crate::extract::AsAdmin;
use crate::problem::Problem;
use crate::state::AppState;
use crate::users_csv::UserList;

/// The interval of lines with the progress. They also keep proxies from closing the connection.
const PROGRESS_EVERY: Duration = Duration::from_millis(500);

/// Time limit for the client to read the passwords.
const READ_LIMIT: Duration = Duration::from_mins(1);

/// The greatest part of a line that is sent at once, so that little of it waits in buffers.
const PART_BYTES: usize = 16 * 1024;

/// An import whose file was checked.
pub(crate) struct Run {
    pub(crate) admin: AsAdmin,
    /// The columns of the file, for errors of its lines.
    pub(crate) columns: UserList,
    pub(crate) state: AppState,
    pub(crate) turn: ImportTurn,
    /// For the problem of a failure.
    pub(crate) request_id: String,
}

/// The end of an import that is not completed.
enum Failure {
    /// The client closed the connection, or did not read. Nothing is stored.
    ClientClosed,
    /// The server stops. Nothing is stored.
    Stopping,
    Service(ServiceError),
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

/// Returns the sender of lines, and the body that consists of them.
pub(crate) fn lines() -> (
    Sender<Bytes>,
    impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
) {
    let (sender, receiver) = channel(1);
    let body = unfold(receiver, async |mut lines: Receiver<Bytes>| {
        let line = lines.recv().await?;
        Some((Ok(line), lines))
    });
    (sender, body)
}

impl Run {
    /// Runs the import, and sends its lines. Without a last line, the client does not know whether the
    /// users were stored.
    pub(crate) async fn run(self, import: CheckedImport, lines: Sender<Bytes>) {
        let last = match self.stages(import, &lines).await {
            Ok(completed) => Some(completed),
            Err(failure) => self.failed(failure),
        };
        drop(self.turn);
        if let Some(last) = last.as_ref().and_then(line) {
            // A client that has gone does not need it.
            let _ = timeout(READ_LIMIT, lines.send(last)).await;
        }
    }

    async fn stages(
        &self,
        import: CheckedImport,
        lines: &Sender<Bytes>,
    ) -> Result<ImportEvent, Failure> {
        let unchanged = import.unchanged();
        let prepared = self.prepare(import, lines).await?;
        let passwords = line(&passwords(&prepared)).ok_or(Failure::ClientClosed)?;
        let sent = timeout(READ_LIMIT, send(lines, passwords)).await;
        sent.map_err(|_| Failure::ClientClosed)??;
        // From here on the client has the passwords, so the import no longer depends on it.
        let ImportedCount { added, changed, .. } =
            self.admin.service().complete_import(prepared).await?;
        tracing::info!(added, changed, "import completed");
        Ok(ImportEvent::Completed {
            added,
            changed,
            unchanged,
        })
    }

    /// Hashes the passwords, and sends the progress.
    async fn prepare(
        &self,
        import: CheckedImport,
        lines: &Sender<Bytes>,
    ) -> Result<PreparedImport, Failure> {
        let (done, total) = (AtomicUsize::new(0), import.without_hash());
        let progress = |hashed| done.store(hashed, Ordering::Relaxed);
        let prepared = self.admin.service().prepare_import(import, &progress);
        let mut prepared = std::pin::pin!(prepared);
        let mut ticks = interval(PROGRESS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = lines.closed() => return Err(Failure::ClientClosed),
                _ = ticks.tick() => {
                    if self.state.draining().has_started() {
                        return Err(Failure::Stopping);
                    }
                    let done = done.load(Ordering::Relaxed);
                    // A client that reads slowly misses some of them.
                    if let (Some(line), Ok(place)) =
                        (line(&ImportEvent::Progress { done, total }), lines.try_reserve())
                    {
                        place.send(line);
                    }
                }
                prepared = &mut prepared => return Ok(prepared?),
            }
        }
    }

    /// Logs a failure. Returns the last line if nothing was stored.
    fn failed(&self, failure: Failure) -> Option<ImportEvent> {
        let problem = match failure {
            Failure::ClientClosed => {
                tracing::info!("import ended, because the client closed the connection");
                return None;
            }
            Failure::Stopping => Problem::new(ProblemCode::Unavailable)
                .with_detail("The server is stopping. Nothing was imported."),
            Failure::Service(error) if may_be_committed(&error) => {
                let cause = error_chain(&error);
                tracing::error!(cause, "import failed, and may have been stored");
                return None;
            }
            Failure::Service(ServiceError::ImportConflict(conflicts)) => {
                let lines = conflicts.len();
                tracing::warn!(
                    lines,
                    "import failed, because other users have its values by now"
                );
                invalid_lines(self.columns.errors(&conflicts))
            }
            Failure::Service(error) => {
                tracing::warn!(cause = error_chain(&error), "import failed");
                Problem::from(error)
            }
        };
        let problem = problem.with_request_id(&self.request_id);
        Some(ImportEvent::Failed {
            problem: Box::new(problem.body().clone()),
        })
    }
}

/// Sends a line in parts. It returns when the connection has taken all of them.
async fn send(lines: &Sender<Bytes>, mut line: Bytes) -> Result<(), Failure> {
    while !line.is_empty() {
        let part = line.split_to(PART_BYTES.min(line.len()));
        lines.send(part).await.map_err(|_| Failure::ClientClosed)?;
    }
    let taken = lines.reserve().await;
    taken.map(drop).map_err(|_| Failure::ClientClosed)
}

fn line(event: &ImportEvent) -> Option<Bytes> {
    let mut line = serde_json::to_vec(event).ok()?;
    line.push(b'\n');
    Some(line.into())
}

fn passwords(prepared: &PreparedImport) -> ImportEvent {
    let expires_at = prepared.passwords_expire_at();
    let passwords = prepared
        .generated()
        .map(|new| ImportedPassword::new(new.line, new.user, new.password.clone(), expires_at));
    ImportEvent::Passwords {
        passwords: passwords.collect(),
    }
}
