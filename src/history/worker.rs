//! The worker: the one thread that simulates, ahead of the playhead, and answers questions.
//!
//! Channels are bounded and nobody ever waits for the other: the newest question wins, and an
//! answer that nobody took is replaced.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::model::{Model, Span, Time};
use crate::sim::World;

use super::overview::Overview;
use super::run::{Answer, Run};

/// How many records are simulated between two looks at the questions: about a millisecond.
const SLICE_RECORDS: u64 = 4_096;

/// How far ahead of the playhead a run without an end is simulated.
const AHEAD: Span = Span::from_secs(60);

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(60);

/// How far the worker is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Everything up to here is simulated.
    pub head: Time,
    /// When the run ends, if it does.
    pub end: Option<Time>,
    /// Records so far.
    pub records: u64,
    /// Whether the run is simulated to its end.
    pub done: bool,
    /// How fast it was simulated.
    pub records_per_second: f64,
    /// The run's digest, once it is done.
    pub digest: Option<String>,
    /// What is to be said of a run in which time stands still.
    pub standstill: Option<&'static str>,
    /// What went wrong in the simulator, which is a mistake of this program.
    pub error: Option<String>,
}

#[derive(Default)]
struct Shared {
    progress: Progress,
    overview: Arc<Overview>,
}

/// A run on a thread of its own.
pub struct Handle {
    questions: Option<Sender<Time>>,
    /// The other end of `questions`, to take back one that nobody has read.
    unread: Receiver<Time>,
    answers: Receiver<Answer>,
    shared: Arc<Mutex<Shared>>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    /// Begins to simulate; `wake` is called when there is something new to show.
    #[must_use]
    pub fn spawn(model: Arc<Model>, seed: u64, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(wake);
        let (ask, questions) = bounded(1);
        let (tell, answers) = bounded(1);
        let shared = Arc::new(Mutex::new(Shared::default()));
        lock(&shared).progress.end = model.end;
        let worker = Worker {
            questions: questions.clone(),
            tell,
            untaken: answers.clone(),
            shared: Arc::clone(&shared),
            wake: Arc::clone(&wake),
            end: model.end,
            playhead: Time::ZERO,
            spent: Duration::ZERO,
        };
        let failed = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("simulator".into()).spawn(move || {
            // A mistake in the simulator must not take what the person has made with it.
            if let Err(panic) =
                catch_unwind(AssertUnwindSafe(|| worker.work(Run::new(model, seed))))
            {
                let why = panic.downcast_ref::<String>().map(String::as_str);
                let why = why.or_else(|| panic.downcast_ref::<&str>().copied());
                lock(&failed).progress.error = Some(why.unwrap_or("it did not say why").to_owned());
                wake();
            }
        });
        if let Err(error) = &thread {
            lock(&shared).progress.error =
                Some(format!("there is no thread to simulate on: {error}"));
        }
        Self { questions: Some(ask), unread: questions, answers, shared, thread: thread.ok() }
    }

    /// Asks for the scene at an instant. An older question that was not answered is forgotten.
    pub fn ask(&self, at: Time) {
        let Some(questions) = &self.questions else { return };
        if questions.try_send(at).is_err() {
            let _forgotten = self.unread.try_recv();
            let _sent = questions.try_send(at);
        }
    }

    /// The newest answer, if there is one that was not taken.
    #[must_use]
    pub fn poll(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }

    /// How far the worker is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        lock(&self.shared).progress.clone()
    }

    /// How much happened when, so far.
    #[must_use]
    pub fn overview(&self) -> Arc<Overview> {
        Arc::clone(&lock(&self.shared).overview)
    }
}

impl Drop for Handle {
    /// The worker looks at its questions every millisecond or so, sees that nobody asks any
    /// more, and ends.
    fn drop(&mut self) {
        let (closed, _) = bounded(0);
        self.unread = crossbeam_channel::never();
        self.answers = crossbeam_channel::never();
        drop(self.questions.replace(closed));
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

struct Worker {
    questions: Receiver<Time>,
    tell: Sender<Answer>,
    /// The other end of `tell`, to take back an answer that nobody took.
    untaken: Receiver<Answer>,
    shared: Arc<Mutex<Shared>>,
    wake: Arc<dyn Fn() + Send + Sync>,
    end: Option<Time>,
    playhead: Time,
    spent: Duration,
}

impl Worker {
    fn work(mut self, mut run: Run) {
        let mut told = clock();
        let mut unanswered: Option<Time> = None;
        loop {
            match self.questions.try_recv() {
                Ok(at) => {
                    self.playhead = at;
                    unanswered = Some(at);
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
            }
            if let Some(at) = unanswered
                && (at <= run.head().now() || self.is_done(&run))
            {
                self.answer(run.scene_at(at));
                unanswered = None;
                continue;
            }
            let until = self.end.unwrap_or(self.playhead + AHEAD);
            let begin = clock();
            let more = run.extend(until, SLICE_RECORDS);
            self.spent += begin.elapsed();
            if !more || told.elapsed() > PROGRESS_EVERY {
                self.publish(&run, !more);
                told = clock();
            }
            if more {
                continue;
            }
            if let Some(at) = unanswered.take() {
                self.answer(run.scene_at(at));
            }
            // Nothing to do until the next question.
            match self.questions.recv() {
                Ok(at) => {
                    self.playhead = at;
                    unanswered = Some(at);
                }
                Err(_) => return,
            }
        }
    }

    fn is_done(&self, run: &Run) -> bool {
        self.end.is_some_and(|end| run.head().next_at().is_none_or(|next| next > end))
    }

    fn answer(&self, answer: Answer) {
        let _replaced = self.untaken.try_recv();
        let _sent = self.tell.try_send(answer);
        (self.wake)();
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    fn publish(&self, run: &Run, idle: bool) {
        let done = idle && self.end.is_some();
        let head = if idle { self.end.unwrap_or(self.playhead + AHEAD) } else { run.head().now() };
        let mut shared = lock(&self.shared);
        let records = run.head().record_count();
        shared.progress = Progress {
            head,
            end: self.end,
            records,
            done,
            records_per_second: records as f64 / self.spent.as_secs_f64().max(1e-6),
            digest: done.then(|| run.head().digest().to_string()),
            standstill: run.head().stands_still().then_some(World::STANDSTILL),
            error: None,
        };
        shared.overview = Arc::new(run.overview().clone());
        drop(shared);
        (self.wake)();
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "how fast it simulates is a figure people like")]
fn clock() -> Instant {
    Instant::now()
}
