//! A run that can be looked at anywhere: checkpoints of its world and scene, between which it
//! is simulated again.
//!
//! Records are not kept: the world is deterministic, and simulating a span again is faster than
//! reading it back would be.

use std::sync::Arc;

use crate::model::{Event, Model, Record, Time};
use crate::sim::World;

use super::overview::Overview;
use super::scene::{Scene, TAIL_EVENTS};

/// How many records lie between two checkpoints at first: some half a millisecond of
/// simulation.
const FIRST_SPACING: u64 = 4_096;

/// The most checkpoints; when there are more, every other one is dropped and the spacing
/// doubles.
const MOST_CHECKPOINTS: usize = 512;

/// A run, simulated up to its head.
pub struct Run {
    checkpoints: Vec<Moment>,
    head: Moment,
    /// Where the last question was answered: the next one is likely to be near.
    cursor: Option<Moment>,
    spacing: u64,
    most_checkpoints: usize,
    overview: Overview,
}

/// A world and what can be seen of it.
#[derive(Clone)]
struct Moment {
    world: World,
    scene: Scene,
    /// The last instant with a record before the scene's.
    previous: Option<Time>,
}

/// A scene, and for how long it is the scene.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The scene at the instant that was asked for.
    pub scene: Arc<Scene>,
    /// The first instant at which it may be another; [`Time::MAX`] if there is none.
    pub valid_until: Time,
    /// The last instant with a record before the scene's, if it is known.
    pub previous: Option<Time>,
    /// What the events carry that can be pointed at in this scene.
    pub events: Arc<[Event]>,
}

/// Of how many messages in flight an answer tells what they carry: more than can be told apart.
const MOST_EVENTS: usize = 2_048;

impl Moment {
    /// Simulates one entry of the agenda.
    fn step(&mut self, mut seen: impl FnMut(&Record)) -> bool {
        let model = Arc::clone(self.world.model());
        let (scene, previous) = (&mut self.scene, &mut self.previous);
        self.world.step(&mut |record: &Record| {
            if record.at > scene.at && scene.records > 0 {
                *previous = Some(scene.at);
            }
            scene.apply(record, &model);
            seen(record);
        })
    }

    /// Simulates everything up to and including an instant.
    fn advance(&mut self, at: Time) {
        while self.world.next_at().is_some_and(|next| next <= at) {
            self.step(|_| {});
        }
    }
}

impl Run {
    /// A run of which nothing is simulated yet.
    #[must_use]
    pub fn new(model: Arc<Model>, seed: u64) -> Self {
        Self::with_checkpoints(model, seed, FIRST_SPACING, MOST_CHECKPOINTS)
    }

    /// The same with another spacing of checkpoints, which changes no answer.
    #[must_use]
    pub fn with_checkpoints(model: Arc<Model>, seed: u64, spacing: u64, most: usize) -> Self {
        let scene = Scene::new(&model);
        let head = Moment { world: World::new(model, seed), scene, previous: None };
        Self {
            checkpoints: vec![head.clone()],
            head,
            cursor: None,
            spacing: spacing.max(1),
            most_checkpoints: most.max(2),
            overview: Overview::default(),
        }
    }

    /// The world at the head.
    #[must_use]
    pub fn head(&self) -> &World {
        &self.head.world
    }

    /// How much happened when, up to the head.
    #[must_use]
    pub fn overview(&self) -> &Overview {
        &self.overview
    }

    /// Simulates on, for so many records or up to and including an instant. False if nothing
    /// is left to be simulated until then.
    pub fn extend(&mut self, until: Time, records: u64) -> bool {
        let stop = self.head.scene.records + records;
        while self.head.scene.records < stop {
            if self.head.world.next_at().is_none_or(|next| next > until) {
                return false;
            }
            let overview = &mut self.overview;
            self.head.step(|record| overview.count(record.at));
            let last = self.checkpoints.last().map_or(0, |it| it.scene.records);
            if self.head.scene.records >= last + self.spacing {
                self.checkpoints.push(self.head.clone());
                self.thin();
            }
        }
        true
    }

    fn thin(&mut self) {
        if self.checkpoints.len() <= self.most_checkpoints {
            return;
        }
        let mut number = 0;
        self.checkpoints.retain(|_| {
            number += 1;
            number % 2 == 1
        });
        self.spacing *= 2;
    }

    /// The scene at an instant: all records up to and including it. Past the head it is the
    /// scene at the head.
    pub fn scene_at(&mut self, at: Time) -> Answer {
        let mut after = self.checkpoints.partition_point(|it| it.world.now() <= at).max(1);
        let begin = &self.checkpoints[after - 1];
        let near = self
            .cursor
            .take()
            .filter(|it| it.world.now() <= at && it.scene.records >= begin.scene.records);
        let mut moment = near.unwrap_or_else(|| begin.clone());
        let head = self.head.world.now();
        moment.advance(at.min(head));
        while moment.previous.is_none() && after > 1 {
            // The record before lies before the checkpoint.
            after -= 1;
            moment = self.checkpoints[after - 1].clone();
            moment.advance(at.min(head));
        }
        let valid_until = moment.world.next_at().unwrap_or(Time::MAX);
        let answer = Answer {
            scene: Arc::new(moment.scene.clone()),
            valid_until,
            previous: moment.previous,
            events: moment.world.events_in_sight(MOST_EVENTS, TAIL_EVENTS).into(),
        };
        self.cursor = Some(moment);
        answer
    }
}
