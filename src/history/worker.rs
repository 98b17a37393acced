//! The worker: the one thread that simulates, ahead of the playhead, and answers questions.
//!
//! Nobody ever waits for the other: questions go by a channel without bounds, of which the newest
//! wins; an answer that nobody took is replaced; and whoever looks for news while they are being
//! written finds them the next time, since the worker wakes him when they are there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};

use crate::model::{Model, Script, Span, Time};
use crate::sim::{Room, World};

use super::budget::Budget;
use super::course::Live;
use super::inquiry::{Inquiry, Job, Pending, open};
use super::ladder::Ladder;
use super::overview::Overview;
use super::run::{Answer, Run};
use super::runs::{Runs, is_same};

/// How many records are simulated between two looks at the questions: about a millisecond.
const SLICE_RECORDS: u64 = 4_096;

/// How far ahead of the playhead a run without an end is simulated.
const AHEAD: Span = Span::from_secs(60);

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(60);

/// How far the worker is with one future of the run.
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
    /// Its digest at instants all along it.
    pub ladder: Arc<Ladder>,
    /// What is to be said of a run in which time stands still.
    pub standstill: Option<&'static str>,
    /// About how much room all futures of the run take together.
    pub held: Room,
    /// Whether the disk has less room than the budget: then more is simulated again.
    pub is_disk_full: bool,
    /// What went wrong in the simulator, which is a mistake of this program.
    pub error: Option<String>,
}

/// What is known of one future of the run.
#[derive(Clone)]
struct Known {
    script: Script,
    progress: Progress,
    overview: Arc<Overview>,
    answer: Option<Answer>,
}

/// What is asked of the worker.
enum Question {
    /// These futures are looked at, the one that is shown first.
    LookAt(Vec<Script>),
    /// The scene of one of them at an instant.
    Scene(Script, Time),
    /// Something that takes longer.
    Job(Box<dyn Job>),
    /// To hold at most so much.
    Budget(Budget),
    /// The live run has come so far.
    Live(Box<Live>),
}

/// What the worker has said last of one of the futures that are looked at.
#[derive(Clone)]
pub struct News {
    /// Which.
    pub script: Script,
    /// How far the worker is with it.
    pub progress: Progress,
    /// How much happened in it when, so far.
    pub overview: Arc<Overview>,
}

#[derive(Default)]
struct Shared {
    /// The futures that are looked at.
    known: Mutex<Vec<Known>>,
    error: Mutex<Option<String>>,
}

/// A run and its futures, on a thread of its own. When it is dropped, the worker sees within a
/// millisecond or so that nobody can ask any more, and ends; nobody waits for that.
pub struct Handle {
    questions: Sender<Question>,
    shared: Arc<Shared>,
    end: Option<Time>,
}

impl Handle {
    /// Begins to simulate the run to which nothing is done; `wake` is called when there is
    /// something new to show.
    #[must_use]
    pub fn spawn(model: Arc<Model>, seed: u64, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(wake);
        let (sender, questions) = unbounded();
        let shared = Arc::new(Shared::default());
        let end = model.end;
        let worker = Worker {
            questions,
            shared: Arc::clone(&shared),
            wake: Arc::clone(&wake),
            end,
            shown: Script::default(),
            playhead: Time::ZERO,
            spent: Duration::ZERO,
            simulated: 0,
        };
        let failed = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("simulator".into()).spawn(move || {
            let runs = Runs::new(model, seed, Run::BUDGET_BYTES);
            // A mistake in the simulator must not take what the person has made with it.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| worker.work(runs))) {
                let why = panic.downcast_ref::<String>().map(String::as_str);
                let why = why.or_else(|| panic.downcast_ref::<&str>().copied());
                *lock(&failed.error) = Some(why.unwrap_or("it did not say why").to_owned());
                wake();
            }
        });
        if let Err(error) = &thread {
            *lock(&shared.error) = Some(format!("there is no thread to simulate on: {error}"));
        }
        let handle = Self { questions: sender, shared, end };
        handle.look_at(vec![Script::default()]);
        handle
    }

    /// These futures of the run are looked at; the first is the one that is shown, and simulated
    /// first.
    pub fn look_at(&self, futures: Vec<Script>) {
        self.send(Question::LookAt(futures));
    }

    /// Asks for the scene at an instant of a future that is looked at. An older question about
    /// the same future that was not answered is forgotten.
    pub fn ask(&self, script: &Script, at: Time) {
        self.send(Question::Scene(Arc::clone(script), at));
    }

    /// Makes an inquiry. It goes on until it is over, or what is given back is dropped.
    #[must_use]
    pub fn inquire<I: Inquiry>(&self, inquiry: I) -> Pending<I::Answer> {
        let (job, pending) = open(inquiry);
        self.send(Question::Job(job));
        pending
    }

    /// The run is live, and has come so far. Futures to which something else is done are
    /// simulated from there on.
    pub fn grow(&self, live: Live) {
        self.send(Question::Live(Box::new(live)));
    }

    /// How much the run and its futures may hold.
    pub fn set_budget(&self, budget: Budget) {
        self.send(Question::Budget(budget));
    }

    /// The newest answer about a future, if there is one that was not taken, and what is new of
    /// all futures that are looked at. Never waits: `None` while the worker is writing it, who
    /// wakes whoever looks when it is written.
    #[must_use]
    pub fn news(&self, script: &Script) -> Option<(Option<Answer>, Vec<News>)> {
        let mut known = self.shared.known.try_lock().ok()?;
        let found = known.iter_mut().find(|it| is_same(&it.script, script));
        let answer = found.and_then(|it| it.answer.take());
        let error = self.shared.error.try_lock().ok()?.clone();
        let news = known.iter().map(|it| News {
            script: Arc::clone(&it.script),
            progress: Progress { error: error.clone(), ..it.progress.clone() },
            overview: Arc::clone(&it.overview),
        });
        Some((answer, news.collect()))
    }

    /// The newest answer about a future, if there is one that was not taken.
    #[must_use]
    pub fn poll(&self, script: &Script) -> Option<Answer> {
        let mut known = lock(&self.shared.known);
        known.iter_mut().find(|it| is_same(&it.script, script))?.answer.take()
    }

    /// How far the worker is with a future, and how much happened in it when, so far.
    #[must_use]
    pub fn progress(&self, script: &Script) -> (Progress, Arc<Overview>) {
        let known = lock(&self.shared.known);
        let found = known.iter().find(|it| is_same(&it.script, script));
        let (mut progress, overview) = match found {
            Some(it) => (it.progress.clone(), Arc::clone(&it.overview)),
            None => (Progress { end: self.end, ..Progress::default() }, Arc::default()),
        };
        drop(known);
        progress.error.clone_from(&lock(&self.shared.error));
        (progress, overview)
    }

    fn send(&self, question: Question) {
        // A worker that is no more has said why.
        let _sent = self.questions.send(question);
    }
}

struct Worker {
    questions: Receiver<Question>,
    shared: Arc<Shared>,
    wake: Arc<dyn Fn() + Send + Sync>,
    end: Option<Time>,
    shown: Script,
    playhead: Time,
    /// What was simulated in all, and how long that took.
    spent: Duration,
    simulated: u64,
}

impl Worker {
    fn work(mut self, mut runs: Runs) {
        let mut told = clock();
        let mut was_behind = true;
        let mut scenes: Vec<(Script, Time)> = Vec::new();
        let mut untold: Vec<(Answer, Time)> = Vec::new();
        let mut jobs: Vec<Box<dyn Job>> = Vec::new();
        loop {
            match self.questions.try_recv() {
                Ok(question) => {
                    self.take_questions(question, &mut runs, &mut scenes, &mut jobs);
                    was_behind = true;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
            }
            let is_behind = self.extend(&mut runs);
            self.answer_scenes(&mut runs, &mut scenes, &mut untold);
            if self.questions.is_empty() {
                self.tell_events(&mut runs, &mut untold);
            }
            let mut is_news = false;
            jobs.retain_mut(|job| job.work(&mut runs, &mut is_news));
            if (was_behind && !is_behind) || told.elapsed() > PROGRESS_EVERY {
                self.publish(&mut runs);
                told = clock();
            } else if is_news {
                (self.wake)();
            }
            was_behind = is_behind;
            if is_behind || !jobs.is_empty() || !untold.is_empty() {
                continue;
            }
            // Nothing to do until the next question.
            match self.questions.recv() {
                Ok(question) => {
                    self.take_questions(question, &mut runs, &mut scenes, &mut jobs);
                    was_behind = true;
                }
                Err(_) => return,
            }
        }
    }

    /// Takes up a question and all that are there behind it.
    fn take_questions(
        &mut self,
        first: Question,
        runs: &mut Runs,
        scenes: &mut Vec<(Script, Time)>,
        jobs: &mut Vec<Box<dyn Job>>,
    ) {
        let more = self.questions.clone();
        for question in std::iter::once(first).chain(more.try_iter()) {
            match question {
                Question::Budget(budget) => runs.set_budget(budget),
                Question::Live(live) => runs.grow(*live),
                Question::LookAt(futures) => {
                    self.shown = futures.first().cloned().unwrap_or_default();
                    runs.keep(futures);
                    scenes.retain(|(script, _)| runs.wanted().iter().any(|it| is_same(it, script)));
                }
                Question::Scene(script, at) => {
                    if is_same(&script, &self.shown) {
                        self.playhead = at;
                    }
                    scenes.retain(|(it, _)| !is_same(it, &script));
                    scenes.push((script, at));
                }
                Question::Job(job) => jobs.push(job),
            }
        }
    }

    /// Until when a run is to be there: as far as it has come if it is live, else to its end or
    /// as far ahead as anybody looks.
    fn until(&self, run: &Run) -> Time {
        let course = run.course();
        course.live_until().unwrap_or_else(|| self.end_of(run).unwrap_or(self.playhead + AHEAD))
    }

    /// When a run ends, if it does.
    fn end_of(&self, run: &Run) -> Option<Time> {
        let course = run.course();
        match course.live_until() {
            Some(until) => (!course.is_going_on()).then_some(until),
            // It ends no sooner than it was live.
            None if course.source().is_some() => {
                self.end.map(|end| end.max(course.leaves() + AHEAD))
            }
            None => self.end,
        }
    }

    /// Simulates the first future on that is not done, the one that is shown before the others.
    /// False if there is none.
    fn extend(&mut self, runs: &mut Runs) -> bool {
        let futures = runs.wanted().to_vec();
        for script in &futures {
            let run = runs.get(script);
            let until = self.until(run);
            let before = run.head().record_count();
            let begin = clock();
            let more = run.extend(until, SLICE_RECORDS);
            self.spent += begin.elapsed();
            self.simulated += run.head().record_count() - before;
            if more {
                return true;
            }
        }
        false
    }

    /// Answers those questions that can be answered; `untold` become those of which it takes longer
    /// to tell what events carry.
    fn answer_scenes(
        &self,
        runs: &mut Runs,
        scenes: &mut Vec<(Script, Time)>,
        untold: &mut Vec<(Answer, Time)>,
    ) {
        scenes.retain(|(script, at)| {
            let run = runs.get(script);
            let until = self.until(run);
            let is_done = run.next_at().is_none_or(|next| next > until);
            if *at > run.head().now() && !is_done {
                return true;
            }
            let answer = run.scene_at(*at);
            untold.retain(|(it, _)| !is_same(&it.script, script));
            if answer.events.is_none() {
                untold.push((answer.clone(), *at));
            }
            self.tell(answer);
            false
        });
    }

    /// Tells what the events of scenes carry that were answered.
    fn tell_events(&self, runs: &mut Runs, untold: &mut Vec<(Answer, Time)>) {
        for (answer, at) in untold.drain(..) {
            if runs.wanted().iter().any(|it| is_same(it, &answer.script)) {
                let events = runs.get(&answer.script).events_at(at);
                self.tell(Answer { events: Some(events), ..answer });
            }
        }
    }

    fn tell(&self, answer: Answer) {
        let mut known = lock(&self.shared.known);
        let script = Arc::clone(&answer.script);
        let old = find(&mut known, &script, self.end).answer.replace(answer);
        // What is large is not let go while others may look.
        drop(known);
        drop(old);
        (self.wake)();
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    fn publish(&self, runs: &mut Runs) {
        let (held, is_disk_full) = (runs.held(), runs.is_disk_full());
        let futures = runs.wanted().to_vec();
        lock(&self.shared.known).retain(|it| futures.iter().any(|of| is_same(of, &it.script)));
        for script in &futures {
            let run = runs.get(script);
            let (until, end) = (self.until(run), self.end_of(run));
            let is_idle = run.next_at().is_none_or(|next| next > until);
            let done = is_idle && end.is_some();
            let head = if is_idle { until } else { run.head().now() };
            let progress = Progress {
                head,
                end,
                records: run.head().record_count(),
                done,
                records_per_second: self.simulated as f64 / self.spent.as_secs_f64().max(1e-6),
                digest: done.then(|| run.head().digest().to_string()),
                ladder: Arc::new(run.ladder(until)),
                standstill: run.head().stands_still().then_some(World::STANDSTILL),
                held,
                is_disk_full,
                error: None,
            };
            let overview = Arc::new(run.overview());
            let mut known = lock(&self.shared.known);
            let it = find(&mut known, script, self.end);
            it.progress = progress;
            it.overview = overview;
        }
        (self.wake)();
    }
}

/// What is known of a future; nothing at first.
fn find<'a>(known: &'a mut Vec<Known>, script: &Script, end: Option<Time>) -> &'a mut Known {
    let place = known.iter().position(|it| is_same(&it.script, script)).unwrap_or_else(|| {
        known.push(Known {
            script: Arc::clone(script),
            progress: Progress { end, ..Progress::default() },
            overview: Arc::default(),
            answer: None,
        });
        known.len() - 1
    });
    &mut known[place]
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "how fast it simulates is a figure people like")]
fn clock() -> Instant {
    Instant::now()
}
