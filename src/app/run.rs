//! The run that is shown: the worker behind it, and the newest it has said.

use std::sync::Arc;

use crate::history::{Answer, Budget, Handle, Inquiry, Live, News, Overview, Pending, Progress};
use crate::live::TempFile;
use crate::model::{Model, Script, Time};
use crate::sim::Room;

use super::playback::Direction;
use super::watch::Wake;

/// One run of one variant with one seed, and its futures, simulated ahead of the playhead by a
/// worker.
pub struct Run {
    /// What runs, before anything is done to it.
    pub base: Arc<Model>,
    /// What runs, at the instant of the newest scene.
    pub model: Arc<Model>,
    /// With which seed.
    pub seed: u64,
    /// What is done to it: which of its futures is shown.
    pub script: Script,
    /// How far the worker is.
    pub progress: Progress,
    /// How much happened when, so far.
    pub overview: Arc<Overview>,
    /// The newest scene; `None` before the first.
    pub answer: Option<Answer>,
    handle: Handle,
    /// Where the worker puts by what is too much for memory.
    attic: Arc<TempFile>,
    /// What the worker has said last of each future that is kept simulated.
    news: Vec<News>,
    asked: Option<Time>,
    /// The newest scene is one of another future, shown until there is one of this.
    is_of_another: bool,
    /// Whether it is or was live.
    is_live: bool,
}

impl Run {
    /// Starts to simulate.
    #[must_use]
    pub fn new(model: Arc<Model>, seed: u64, wake: Wake) -> Self {
        let handle = Handle::spawn(Arc::clone(&model), seed, move || wake());
        let script = Script::default();
        let (progress, overview) = handle.progress(&script);
        Self {
            base: Arc::clone(&model),
            model,
            seed,
            script,
            progress,
            overview,
            answer: None,
            handle,
            attic: Arc::default(),
            news: Vec::new(),
            asked: None,
            is_of_another: false,
            is_live: false,
        }
    }

    /// Shows a live run, as far as it has come.
    #[must_use]
    pub fn live(model: Arc<Model>, seed: u64, live: Live, wake: Wake) -> Self {
        let mut run = Self::new(model, seed, wake);
        run.is_live = true;
        run.progress.end = None;
        run.grow(live);
        run
    }

    /// The live run has come further.
    pub fn grow(&mut self, live: Live) {
        self.handle.grow(live);
        // What comes next may be known now.
        self.asked = None;
    }

    /// Shows the future to which this is done, and keeps `others` simulated beside it. What was
    /// shown goes on being shown until there is something else.
    pub fn show(&mut self, script: &Script, others: &[Script]) {
        let mut futures = vec![Arc::clone(script)];
        futures.extend(others.iter().filter(|it| *it != script).cloned());
        self.handle.look_at(futures);
        if self.script != *script {
            self.script = Arc::clone(script);
            self.asked = None;
            self.is_of_another = true;
            // What is known of the one before is not of this one.
            (self.progress, self.overview) = self.progress_of(script);
        }
    }

    /// Takes what the worker has said, and asks for the scene at the playhead unless what is
    /// known serves. Never waits.
    pub fn follow(&mut self, at: Time) {
        if let Some((answer, news)) = self.handle.news(&self.script) {
            self.news = news;
            if let Some(mut answer) = answer {
                self.model = Arc::clone(&answer.model);
                // Until it is known what events carry, most carry what they did.
                if answer.events.is_none() {
                    answer.events = self.answer.take().and_then(|it| it.events);
                }
                self.answer = Some(answer);
                self.asked = None;
                self.is_of_another = false;
            }
        }
        (self.progress, self.overview) = self.progress_of(&self.script);
        if !self.serves(at) && self.asked != Some(at) {
            self.handle.ask(&self.script, at);
            self.asked = Some(at);
        }
    }

    /// How far the worker is with another future that is kept simulated, and how much happened
    /// in it when.
    #[must_use]
    pub fn progress_of(&self, script: &Script) -> (Progress, Arc<Overview>) {
        match self.news.iter().find(|it| it.script == *script) {
            Some(it) => (it.progress.clone(), Arc::clone(&it.overview)),
            None => (Progress { end: self.usual_end(), ..Progress::default() }, Arc::default()),
        }
    }

    /// Asks something of the run that takes longer than a picture may.
    #[must_use]
    pub fn inquire<I: Inquiry>(&self, inquiry: I) -> Pending<I::Answer> {
        self.handle.inquire(inquiry)
    }

    /// How much room the run and its futures may take.
    pub fn set_budget(&self, room: Room) {
        let attic = Arc::clone(&self.attic);
        self.handle.set_budget(Budget::from(room.memory).with_attic(attic, room.disk));
    }

    /// Whether the newest scene is the scene at this instant.
    #[must_use]
    pub fn serves(&self, at: Time) -> bool {
        !self.is_of_another
            && self
                .answer
                .as_ref()
                .is_some_and(|answer| answer.scene.at <= at && at < answer.valid_until)
    }

    /// The instant that can be shown for this one: itself, or the nearest that the newest scene
    /// is good for, until a newer one comes.
    #[must_use]
    pub fn shown_at(&self, at: Time) -> Time {
        self.answer.as_ref().map_or(at, |it| {
            let last = Time(it.valid_until.0.saturating_sub(1)).max(it.scene.at);
            at.clamp(it.scene.at, last)
        })
    }

    /// The instant of the next record, or of the one before, as seen from `at`; `None` while
    /// that is not known, or where there is none.
    #[must_use]
    pub fn neighbour(&self, at: Time, direction: Direction) -> Option<Time> {
        let answer = self.answer.as_ref().filter(|_| self.serves(at))?;
        match direction {
            Direction::Forward => Some(answer.valid_until).filter(|next| *next < Time::MAX),
            Direction::Backward if answer.scene.at < at => Some(answer.scene.at),
            Direction::Backward => answer.scene.previous,
        }
    }

    /// When the run ends, if it does.
    #[must_use]
    pub fn end(&self) -> Option<Time> {
        self.progress.end.or(self.usual_end())
    }

    /// When it ends as far as the scenario says; of a live run that says nothing.
    fn usual_end(&self) -> Option<Time> {
        self.base.end.filter(|_| !self.is_live)
    }
}
