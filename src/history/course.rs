//! The course of a run: all that comes to it from outside. What a person does to it, and, if it is
//! live or once was, what reality has told it.

use std::sync::Arc;

use crate::model::{Model, Script, Time};
use crate::sim::{Input, Source, Trace, World};

use super::run::common_prefix;

/// What a run is told from outside. With model and seed it says everything that happens.
#[derive(Clone, Debug, Default)]
pub struct Course {
    script: Script,
    live: Option<Part>,
}

/// A live run, as far as it has come.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// What reality has told.
    pub trace: Trace,
    /// What was done to it while it ran.
    pub script: Script,
    /// Until when nothing more will come than the trace has.
    pub until: Time,
    /// Whether nothing more will come.
    pub is_over: bool,
}

/// The part of a live run that a run is.
#[derive(Clone, Debug)]
struct Part {
    live: Live,
    /// From which instant on it is no more the live run, but goes on by itself, as a simulation;
    /// [`Time::MAX`] if it is the live run.
    leaves: Time,
}

impl Part {
    /// How far the live run has come.
    fn come_to(&self) -> Time {
        self.live.until.max(self.live.trace.end())
    }
}

impl From<Script> for Course {
    fn from(script: Script) -> Self {
        Self { script, live: None }
    }
}

impl Course {
    /// The course of a run to which this is done: of the live run, as far as the same was done to
    /// that, if there is one.
    #[must_use]
    pub fn new(script: Script, live: Option<&Live>) -> Self {
        let part = live.map(|live| {
            let common = common_prefix(&live.script, &script);
            let of = |it: &Script| it.get(common).map_or(Time::MAX, |it| it.at);
            Part { live: live.clone(), leaves: of(&live.script).min(of(&script)) }
        });
        Self { script, live: part }
    }

    /// What a person does.
    #[must_use]
    pub const fn script(&self) -> &Script {
        &self.script
    }

    /// The world that takes it, before anything has happened.
    #[must_use]
    pub fn world(&self, model: Arc<Model>, seed: u64) -> World {
        match &self.live {
            None => World::new(model, seed),
            Some(part) => World::live(model, seed, part.live.trace.source()),
        }
    }

    /// From which instant on it goes on by itself: the first one if it was never live.
    #[must_use]
    pub fn leaves(&self) -> Time {
        self.live.as_ref().map_or(Time::ZERO, |it| it.leaves)
    }

    /// The input of this number, if the run is told of it.
    pub(super) fn input(&self, number: usize) -> Option<Input> {
        let part = self.live.as_ref()?;
        part.live.trace.get(number).filter(|it| it.at <= part.leaves)
    }

    /// Whether everything is known that reality tells until an instant.
    pub(super) fn is_known_until(&self, at: Time) -> bool {
        self.live.as_ref().is_none_or(|it| it.live.is_over || at <= it.come_to())
    }

    /// How far the live run has come that this is, if it is one, still or for good.
    #[must_use]
    pub fn live_until(&self) -> Option<Time> {
        let part = self.live.as_ref()?;
        let is_live = part.leaves == Time::MAX || !self.is_known_until(part.leaves);
        is_live.then(|| part.come_to())
    }

    /// Whether it is a live run that is still going on, so that nobody knows what comes next.
    #[must_use]
    pub fn is_going_on(&self) -> bool {
        self.live.as_ref().is_some_and(|it| !it.live.is_over) && self.live_until().is_some()
    }

    /// The brokers of the live run that it is or was.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        self.live.as_ref().map(|it| it.live.trace.source())
    }
}
