use std::cell::RefCell;
use std::sync::{Mutex, mpsc};
use std::thread::ThreadId;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::password::{HashError, HashMemory};

const UNTRUSTED: HashClass = HashClass::Untrusted { address: None };
const TRUSTED: HashClass = HashClass::Trusted { user: None };

/// Hasher whose computations report their thread and then block until the test releases them.
#[derive(Debug)]
struct Gated {
    started: UnboundedSender<ThreadId>,
    release: Mutex<mpsc::Receiver<()>>,
}

impl Gated {
    fn pass(&self) {
        let _ = self.started.send(std::thread::current().id());
        // Without a test that could release it, the computation ends.
        let _ = self.release.lock().unwrap().recv();
    }
}

impl PasswordHasher for Gated {
    fn hash(
        &self,
        _: &Password,
        _: &[u8; 16],
        _: &mut HashMemory,
    ) -> Result<PasswordHash, HashError> {
        self.pass();
        Ok(PasswordHash::from_stored("hashed"))
    }

    fn verify(&self, _: &Password, _: Option<&PasswordHash>, _: &mut HashMemory) -> Verification {
        self.pass();
        Verification::Mismatch
    }
}

struct Gate {
    queue: HashQueue,
    started: UnboundedReceiver<ThreadId>,
    release: mpsc::Sender<()>,
}

/// A queue with this number of permits, whose computations block.
fn gate(permits: usize) -> Gate {
    let (started, receiver) = unbounded_channel();
    let (release, gate) = mpsc::channel();
    let hasher = Gated {
        started,
        release: Mutex::new(gate),
    };
    Gate {
        queue: queue(hasher, permits),
        started: receiver,
        release,
    }
}

fn queue(hasher: impl PasswordHasher + 'static, permits: usize) -> HashQueue {
    HashQueue::new(Arc::new(hasher)).permits(NonZeroUsize::new(permits).unwrap())
}

fn password() -> Password {
    Password::new(&"password".into()).unwrap()
}

impl HashQueue {
    /// Acquires a permit in a task of its own, and returns once the task waits for it.
    async fn wait_in_task<T: Send + 'static>(
        &self,
        class: HashClass,
        then: impl FnOnce(Result<HashPermit, HashQueueError>) -> T + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        let waiting = |load: HashQueueLoad| {
            load.trusted.waiting + load.untrusted.waiting + load.background.waiting
        };
        let before = waiting(self.load());
        let queue = self.clone();
        let task = tokio::spawn(async move { then(queue.acquire(class).await) });
        while waiting(self.load()) == before {
            tokio::task::yield_now().await;
        }
        task
    }
}

#[tokio::test]
async fn a_caller_that_waits_too_long_is_refused() {
    let queue = gate(1).queue.max_wait(Duration::ZERO);
    let _permit = queue.acquire(TRUSTED).await.unwrap();
    for class in [TRUSTED, UNTRUSTED] {
        let refused = queue.acquire(class).await;
        assert_eq!(refused.unwrap_err(), HashQueueError::Overloaded);
    }
    let load = queue.load();
    assert_eq!((load.trusted.running, load.trusted.waiting), (1, 0));
    assert_eq!((load.trusted.refused, load.untrusted.refused), (1, 1));
}

#[tokio::test]
async fn background_hashes_wait_without_a_limit() {
    let queue = gate(1).queue.max_wait(Duration::ZERO);
    let permit = queue.acquire(TRUSTED).await.unwrap();
    let waits = queue
        .wait_in_task(HashClass::Background, |permit| permit.is_ok())
        .await;
    drop(permit);
    assert!(waits.await.unwrap());
}

#[tokio::test]
async fn trusted_callers_go_first() {
    let queue = gate(1).queue;
    let permit = queue.acquire(TRUSTED).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for class in [HashClass::Background, UNTRUSTED, TRUSTED] {
        let order = Arc::clone(&order);
        let waits = queue.wait_in_task(class, move |permit| {
            order.lock().unwrap().push(class);
            drop(permit.unwrap());
        });
        tasks.push(waits.await);
    }
    drop(permit);
    for task in tasks {
        task.await.unwrap();
    }
    let expected = [TRUSTED, UNTRUSTED, HashClass::Background];
    assert_eq!(*order.lock().unwrap(), expected);
}

#[tokio::test]
async fn an_untrusted_caller_is_refused_when_too_many_wait() {
    let queue = gate(1).queue;
    let permit = queue.acquire(UNTRUSTED).await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..64 {
        let waits = queue.wait_in_task(UNTRUSTED, |permit| permit.map(drop));
        waiting.push(waits.await);
    }
    let refused = queue.acquire(UNTRUSTED).await;
    assert_eq!(refused.unwrap_err(), HashQueueError::Overloaded);
    drop(permit);
    for task in waiting {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn a_trusted_legacy_hash_runs_in_the_untrusted_half() {
    let Gate { queue, .. } = gate(2);
    let legacy =
        PasswordHash::from_stored("$2b$12$9ZygbyRCIgzs1F1TBImtJOuGjxEt614z.FW9SMo85Ocu5b.k909C2");
    let _untrusted = queue.acquire(UNTRUSTED).await.unwrap();
    let impatient = queue.clone().max_wait(Duration::ZERO);
    let refused = impatient.acquire_for(TRUSTED, Some(&legacy)).await;
    assert_eq!(refused.unwrap_err(), HashQueueError::Overloaded);
    assert!(impatient.acquire(TRUSTED).await.is_ok());
}

#[tokio::test]
async fn a_permit_dropped_unused_starts_no_thread() {
    let queue = gate(1).queue;
    drop(queue.acquire(UNTRUSTED).await.unwrap());
    drop(queue.acquire(UNTRUSTED).await.unwrap());
    assert_eq!(queue.shared.idle_threads(), 0);
    let load = queue.load().untrusted;
    assert_eq!((load.running, load.started), (0, 0));
}

#[tokio::test]
async fn a_permit_serves_several_hashes_on_one_thread() {
    let Gate {
        queue,
        mut started,
        release,
    } = gate(2);
    release.send(()).unwrap();
    release.send(()).unwrap();
    let mut permit = queue.acquire(UNTRUSTED).await.unwrap();
    let verified = permit.verify(password(), None).await;
    assert_eq!(verified, Ok(Verification::Mismatch));
    let hashed = permit.hash(password()).await.unwrap();
    assert_eq!(hashed.expose(), "hashed");
    assert_eq!(started.recv().await, started.recv().await);
    assert_eq!(queue.load().untrusted.running, 1);
    drop(permit);
    let load = queue.load().untrusted;
    assert_eq!((load.running, load.started), (0, 2));
}

#[tokio::test]
async fn a_cancelled_caller_keeps_its_permit_until_the_hash_ends() {
    let Gate {
        queue,
        mut started,
        release,
    } = gate(1);
    let running = tokio::spawn({
        let queue = queue.clone();
        async move { queue.verify(TRUSTED, password(), None).await }
    });
    started.recv().await.unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(queue.load().trusted.running, 1);

    let waits = queue.wait_in_task(TRUSTED, |permit| permit.map(drop)).await;
    release.send(()).unwrap();
    assert_eq!(waits.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_cancelled_caller_leaves_the_queue() {
    let queue = gate(1).queue;
    let permit = queue.acquire(UNTRUSTED).await.unwrap();
    let waits = queue.wait_in_task(UNTRUSTED, drop).await;
    waits.abort();
    assert!(waits.await.unwrap_err().is_cancelled());
    assert_eq!(queue.load().untrusted.waiting, 0);
    drop(permit);
    assert_eq!(queue.load().untrusted.running, 0);
}

#[tokio::test]
async fn a_hash_that_panics_is_an_error_and_passes_the_turn_on() {
    #[derive(Debug)]
    struct Panicking;
    impl PasswordHasher for Panicking {
        fn hash(
            &self,
            _: &Password,
            _: &[u8; 16],
            _: &mut HashMemory,
        ) -> Result<PasswordHash, HashError> {
            Err(HashError)
        }

        fn verify(
            &self,
            _: &Password,
            _: Option<&PasswordHash>,
            _: &mut HashMemory,
        ) -> Verification {
            panic!("expected by this test")
        }
    }
    let queue = queue(Panicking, 1);
    let failed = Err(HashQueueError::Hash(HashError));
    for _ in 0..2 {
        let mut permit = queue.acquire(UNTRUSTED).await.unwrap();
        assert_eq!(permit.verify(password(), None).await, failed);
        assert_eq!(permit.verify(password(), None).await, failed, "used up");
    }
    let hashed = queue.hash(UNTRUSTED, password()).await;
    assert_eq!(hashed, Err(HashQueueError::Hash(HashError)));
}

#[tokio::test]
async fn a_dropped_queue_ends_its_threads() {
    thread_local!(static ALIVE: RefCell<Option<mpsc::Sender<()>>> = const { RefCell::new(None) });

    #[derive(Debug)]
    struct Marking(Mutex<Option<mpsc::Sender<()>>>);
    impl PasswordHasher for Marking {
        fn hash(
            &self,
            _: &Password,
            _: &[u8; 16],
            _: &mut HashMemory,
        ) -> Result<PasswordHash, HashError> {
            Err(HashError)
        }

        fn verify(
            &self,
            _: &Password,
            _: Option<&PasswordHash>,
            _: &mut HashMemory,
        ) -> Verification {
            ALIVE.set(self.0.lock().unwrap().take());
            Verification::Mismatch
        }
    }
    let (alive, ended) = mpsc::channel();
    let queue = queue(Marking(Mutex::new(Some(alive))), 1);
    let verified = queue.verify(UNTRUSTED, password(), None).await;
    assert_eq!(verified, Ok(Verification::Mismatch));
    drop(queue);
    assert!(ended.recv().is_err(), "the end of the thread drops `alive`");
}

#[test]
fn large_hashes_run_one_at_a_time() {
    #[derive(Debug)]
    struct Large;
    impl PasswordHasher for Large {
        fn hash(
            &self,
            _: &Password,
            _: &[u8; 16],
            _: &mut HashMemory,
        ) -> Result<PasswordHash, HashError> {
            Err(HashError)
        }

        fn verify(
            &self,
            _: &Password,
            _: Option<&PasswordHash>,
            _: &mut HashMemory,
        ) -> Verification {
            Verification::Mismatch
        }

        fn memory(&self) -> usize {
            HashQueue::MEMORY_BUDGET
        }
    }
    assert_eq!(HashQueue::new(Arc::new(Large)).concurrency(), 1);
}
