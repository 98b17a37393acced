//! What others hold of a live run: they look without waiting, act, and stop it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc::UnboundedSender;

use crate::model::{Act, Intervention, Model, Span, Time};
use crate::sim::{Source, Trace, World};

use super::attic::TempFile;

/// A live run.
pub struct Handle {
    model: Arc<Model>,
    seed: u64,
    shared: Arc<Shared>,
    wishes: UnboundedSender<Wish>,
    thread: Option<JoinHandle<World>>,
}

/// What is wanted of a run that goes on.
#[derive(Debug)]
pub enum Wish {
    /// Something is done to it now.
    Act(Act),
    /// Sources stop, and what is under way comes to its end.
    Stop,
}

/// What a run shows of itself.
#[derive(Debug, Default)]
pub struct Shared {
    seen: Mutex<Seen>,
}

/// What can be seen of a run.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub trace: Trace,
    pub script: Vec<Intervention>,
    pub status: Status,
}

impl Shared {
    /// Of a run with these brokers.
    pub fn new(source: Source) -> Self {
        let trace = Trace::new(source).with_attic(Arc::new(TempFile::default()));
        Self { seen: Mutex::new(Seen { trace, ..Seen::default() }) }
    }
}

/// How a live run is going.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Where it is in its life.
    pub phase: Phase,
    /// How long it has been going on.
    pub now: Time,
    /// Records so far.
    pub records: u64,
    /// Inputs so far.
    pub inputs: u64,
    /// Inputs in the last second.
    pub per_second: f64,
    /// By how much the last input was taken in after it was due.
    pub late: Span,
    /// By how much one was at most, in all.
    pub latest: Span,
    /// Inputs that could not be kept, since the recording is full.
    pub lost: u64,
    /// Where topics are, without secrets.
    pub broker: String,
    /// If several processes share the run: which part of it this is.
    pub part: Option<Part>,
    /// Whether that can be reached.
    pub connected: bool,
    /// What is wrong, or went wrong last, in a sentence that says what to do.
    pub trouble: Option<String>,
}

/// Which part of a run that several processes share a process has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How the run is called at the server.
    pub run: String,
    /// Which part, from 0.
    pub number: u16,
}

/// Where a live run is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun.
    #[default]
    Begins,
    /// It goes on.
    Runs,
    /// Sources have stopped; what is under way comes to its end.
    Drains,
    /// It is over.
    Over,
    /// It did not begin; [`Status::trouble`] says why.
    Failed,
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handle {
    pub(super) fn new(
        (model, seed): (Arc<Model>, u64),
        shared: Arc<Shared>,
        wishes: UnboundedSender<Wish>,
        thread: JoinHandle<World>,
    ) -> Self {
        Self { model, seed, shared, wishes, thread: Some(thread) }
    }

    /// What is run.
    #[must_use]
    pub const fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The seed of its lots.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// How it is going. Never waits for the run.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.lock().status.clone()
    }

    /// What has come in so far: with the model, the seed and the script it is the run.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.shared.lock().trace.clone()
    }

    /// What was done to it so far, and when.
    #[must_use]
    pub fn script(&self) -> Vec<Intervention> {
        self.shared.lock().script.clone()
    }

    /// All three as of one moment: what has come in, what was done, how it is going.
    #[must_use]
    pub fn so_far(&self) -> (Trace, Vec<Intervention>, Status) {
        let seen = self.shared.lock();
        (seen.trace.clone(), seen.script.clone(), seen.status.clone())
    }

    /// Does something to it now.
    pub fn act(&self, act: Act) {
        // A run that is over takes no notice.
        let _ = self.wishes.send(Wish::Act(act));
    }

    /// Stops sources; the run is over when what is under way has come to its end, or was given
    /// its time. Asked twice it is over at once.
    pub fn stop(&self) {
        let _ = self.wishes.send(Wish::Stop);
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until it is over; gives its world as it is then, or `None` if the run has panicked.
    #[must_use]
    pub fn join(mut self) -> Option<World> {
        self.thread.take()?.join().ok()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Who lets go of a run wants it to end; twice, so that it does at once.
        self.stop();
        self.stop();
    }
}
