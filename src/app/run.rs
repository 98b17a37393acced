//! The run that is shown: the worker behind it, and the newest it has said.

use std::sync::Arc;

use crate::history::{Answer, Handle, Overview, Progress};
use crate::model::{Model, Time};

use super::playback::Direction;
use super::watch::Wake;

/// One run of one variant with one seed, simulated ahead of the playhead by a worker.
pub struct Run {
    /// What runs.
    pub model: Arc<Model>,
    /// With which seed.
    pub seed: u64,
    /// How far the worker is.
    pub progress: Progress,
    /// How much happened when, so far.
    pub overview: Arc<Overview>,
    /// The newest scene; `None` before the first.
    pub answer: Option<Answer>,
    handle: Handle,
    asked: Option<Time>,
}

impl Run {
    /// Starts to simulate.
    #[must_use]
    pub fn new(model: Arc<Model>, seed: u64, wake: Wake) -> Self {
        let handle = Handle::spawn(Arc::clone(&model), seed, move || wake());
        let (progress, overview) = (handle.progress(), handle.overview());
        Self { model, seed, progress, overview, answer: None, handle, asked: None }
    }

    /// Takes what the worker has said, and asks for the scene at the playhead unless what is
    /// known serves. Never waits.
    pub fn follow(&mut self, at: Time) {
        while let Some(answer) = self.handle.poll() {
            self.answer = Some(answer);
            self.asked = None;
        }
        self.progress = self.handle.progress();
        self.overview = self.handle.overview();
        if !self.serves(at) && self.asked != Some(at) {
            self.handle.ask(at);
            self.asked = Some(at);
        }
    }

    /// Whether the newest scene is the scene at this instant.
    #[must_use]
    pub fn serves(&self, at: Time) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.scene.at <= at && at < answer.valid_until)
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
            Direction::Backward => answer.previous,
        }
    }

    /// When the run ends, if it does.
    #[must_use]
    pub fn end(&self) -> Option<Time> {
        self.progress.end.or(self.model.end)
    }
}
