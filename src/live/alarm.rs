//! The clock of a live run: how much time has passed, and a task's wait for an instant.
//!
//! Tokio's timer counts whole milliseconds, too coarse for work that takes less; this one is a
//! thread that sleeps until the next instant that anybody waits for, good to some 50 µs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::model::Time;

/// The clock of a run, from when it began.
#[derive(Clone)]
pub struct Clock {
    begin: Instant,
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    sleepers: BinaryHeap<Reverse<Sleeper>>,
    is_over: bool,
}

struct Sleeper {
    at: Time,
    waker: Waker,
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Sleeper {}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock {
    /// A clock that begins now, and the thread that wakes who waits for it.
    ///
    /// # Errors
    ///
    /// If the machine gives no thread.
    #[expect(clippy::disallowed_methods, reason = "a live run is in real time")]
    pub fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared { waiting: Mutex::default(), changed: Condvar::new() });
        let clock = Self { begin: Instant::now(), shared };
        let of_thread = clock.clone();
        std::thread::Builder::new().name("clock".into()).spawn(move || of_thread.wake_all())?;
        Ok(clock)
    }

    /// The time since the run began.
    pub fn now(&self) -> Time {
        Time(u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Comes true at an instant, not before.
    pub const fn until(&self, at: Time) -> Until<'_> {
        Until { clock: self, at, waker: None }
    }

    /// Nobody waits any more; the thread ends.
    pub fn stop(&self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_one();
    }

    fn wake_all(&self) {
        let mut waiting = self.shared.lock();
        while !waiting.is_over {
            let now = self.now();
            let mut due = Vec::new();
            while let Some(Reverse(first)) = waiting.sleepers.peek()
                && first.at <= now
            {
                due.extend(waiting.sleepers.pop().map(|Reverse(it)| it.waker));
            }
            if !due.is_empty() {
                drop(waiting);
                due.into_iter().for_each(Waker::wake);
                waiting = self.shared.lock();
                continue;
            }
            let next = waiting.sleepers.peek().map(|Reverse(it)| it.at.since(now));
            waiting = match next {
                None => self.shared.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(span) => {
                    let wait =
                        self.shared.changed.wait_timeout(waiting, Duration::from_nanos(span.0));
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// A wait for an instant.
pub struct Until<'c> {
    clock: &'c Clock,
    at: Time,
    /// Who is woken then.
    waker: Option<Waker>,
}

impl Until<'_> {
    /// The instant.
    pub const fn at(&self) -> Time {
        self.at
    }
}

impl Future for Until<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.at {
            return Poll::Ready(());
        }
        if self.waker.as_ref().is_none_or(|it| !it.will_wake(context.waker())) {
            let waker = context.waker().clone();
            self.waker = Some(waker.clone());
            let mut waiting = self.clock.shared.lock();
            let is_first = waiting.sleepers.peek().is_none_or(|Reverse(it)| self.at < it.at);
            waiting.sleepers.push(Reverse(Sleeper { at: self.at, waker }));
            drop(waiting);
            if is_first {
                self.clock.shared.changed.notify_one();
            }
        }
        Poll::Pending
    }
}
