//! Threads that compute hashes.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::password::{HashError, HashMemory};

/// One computation.
pub(super) type Job = Box<dyn FnOnce(&mut HashMemory) + Send>;

/// Time without work after which a thread releases its memory.
const KEEP_MEMORY: Duration = Duration::from_secs(10);

/// Difference to the priority of the threads that serve requests.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Starts a thread, which ends when the sender is dropped.
pub(super) fn spawn() -> Result<Sender<Job>, HashError> {
    let (sender, jobs) = channel();
    std::thread::Builder::new()
        .name("divan-hash".to_owned())
        .spawn(move || {
            lower_priority();
            work(|max_wait| receive(&jobs, max_wait));
        })
        .map_err(|_| HashError)?;
    Ok(sender)
}

/// Computes what `next` returns, until it returns `Disconnected`. Between two computations the
/// memory is kept; `next` reports a `Timeout` when it is to be released.
fn work(mut next: impl FnMut(Option<Duration>) -> Result<Job, RecvTimeoutError>) {
    let mut memory = HashMemory::new();
    loop {
        let keep = (!memory.is_empty()).then_some(KEEP_MEMORY);
        match next(keep) {
            Ok(job) => job(&mut memory),
            Err(RecvTimeoutError::Timeout) => memory.release(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn receive(jobs: &Receiver<Job>, max_wait: Option<Duration>) -> Result<Job, RecvTimeoutError> {
    match max_wait {
        Some(max_wait) => jobs.recv_timeout(max_wait),
        None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

/// Lowers the priority of the calling thread, so that requests without a hash stay fast. On Linux
/// alone: elsewhere `nice` changes the whole process.
#[cfg(target_os = "linux")]
fn lower_priority() {
    // Without permission, the hashes compete with requests at equal priority.
    let _ = rustix::process::nice(NICE);
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn memory_is_reused_and_released_after_ten_seconds_without_work() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let job = || -> Result<Job, RecvTimeoutError> {
            let seen = Arc::clone(&seen);
            Ok(Box::new(move |memory| {
                seen.lock().unwrap().push(memory.is_empty());
                memory.blocks(8).unwrap();
            }))
        };
        let timeout = || Err(RecvTimeoutError::Timeout);
        let mut script = vec![job(), job(), timeout(), job()].into_iter();
        let mut waits = Vec::new();
        work(|max_wait| {
            waits.push(max_wait);
            script.next().unwrap_or(Err(RecvTimeoutError::Disconnected))
        });
        assert_eq!(*seen.lock().unwrap(), [true, false, true]);
        let keep = Some(Duration::from_secs(10));
        assert_eq!(waits, [None, keep, keep, None, keep]);
    }

    #[test]
    fn a_thread_ends_when_its_sender_is_dropped() {
        thread_local!(static ALIVE: RefCell<Option<Sender<()>>> = const { RefCell::new(None) });
        let (alive, ended) = channel();
        let worker = spawn().unwrap();
        worker
            .send(Box::new(move |_| ALIVE.set(Some(alive))))
            .unwrap();
        drop(worker);
        assert!(ended.recv().is_err(), "the end of the thread drops `alive`");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_thread_alone_has_a_lower_priority() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let (measured, of_worker) = channel();
        let own = priority();
        let worker = spawn().unwrap();
        worker
            .send(Box::new(move |_| measured.send(priority()).unwrap()))
            .unwrap();
        assert_eq!(of_worker.recv().unwrap(), (own + NICE).min(19));
        assert_eq!(priority(), own);
    }
}
