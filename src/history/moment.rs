//! A moment: the world at an instant with what can be seen of it, and the one way both move on. A
//! walk is a moment that somebody takes along a run to look at its records.

use std::sync::Arc;

use crate::model::{Intervention, Node, Record, Script, Time, What};
use crate::sim::World;

use super::scene::Scene;

/// A world and what can be seen of it.
#[derive(Clone)]
pub struct Moment {
    /// The world.
    pub world: World,
    /// What can be seen of it.
    pub scene: Scene,
    /// The last instant with a record before the scene's.
    pub previous: Option<Time>,
    /// How much has happened so far.
    pub totals: Totals,
    /// How many interventions of the script have been made.
    done: usize,
}

/// How much has happened since the run began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records.
    pub records: u64,
    /// Anomalies.
    pub anomalies: u64,
    /// What is worth a mark; of anomalies the first [`MOST_MARKS`] are.
    pub marks: u32,
    /// Starts and ends of instances, at most [`MOST_MARKS`].
    pub lives: u32,
    /// By node, services before topics: messages that set out from it, and that set out for it.
    pub passed: Vec<u32>,
}

/// The most anomalies, and starts and ends, that are remembered one by one.
pub const MOST_MARKS: u32 = 50_000;

impl Moment {
    /// The moment before anything has happened.
    #[must_use]
    pub fn new(world: World) -> Self {
        let model = Arc::clone(world.model());
        let passed = vec![0; model.services.len() + model.topics.len()];
        let totals = Totals { passed, ..Totals::default() };
        Self { scene: Scene::new(&model), world, previous: None, totals, done: 0 }
    }

    /// A moment made of its parts.
    pub(super) const fn again(
        world: World,
        scene: Scene,
        previous: Option<Time>,
        totals: Totals,
        done: usize,
    ) -> Self {
        Self { world, scene, previous, totals, done }
    }

    /// The instant of the next thing that happens; `None` if nothing ever will.
    #[must_use]
    pub fn next_at(&self, script: &[Intervention]) -> Option<Time> {
        let by_itself = self.world.next_at();
        match script.get(self.done) {
            None => by_itself,
            Some(next) => Some(by_itself.map_or(next.at, |it| it.min(next.at))),
        }
    }

    /// How many interventions of the script have been made.
    #[must_use]
    pub const fn interventions(&self) -> usize {
        self.done
    }

    /// Performs the next thing: what the world does by itself, or, when it has done all that it
    /// does at the instant of an intervention, that. False if there is nothing.
    pub fn step(
        &mut self,
        script: &[Intervention],
        mut seen: impl FnMut(&Record, &Scene, &Totals),
    ) -> bool {
        let model = Arc::clone(self.world.model());
        let Self { world, scene, previous, totals, done } = self;
        let mut observer = |record: &Record| {
            if record.at > scene.at && scene.records > 0 {
                *previous = Some(scene.at);
            }
            scene.apply(record, &model);
            totals.records += 1;
            match record.what {
                What::Anomaly { .. } => {
                    totals.marks += u32::from(totals.anomalies < u64::from(MOST_MARKS));
                    totals.anomalies += 1;
                }
                What::FaultBegan { .. } | What::FaultEnded { .. } | What::Intervened { .. } => {
                    totals.marks += 1;
                }
                What::Up { .. } | What::Down { .. } if totals.lives < MOST_MARKS => {
                    totals.lives += 1;
                }
                What::Sent { link, .. } => {
                    let link = &model.links[link.index()];
                    for node in [link.from, link.to] {
                        let passed = &mut totals.passed[place_of(&model, node)];
                        *passed = passed.saturating_add(1);
                    }
                }
                _ => {}
            }
            seen(record, scene, totals);
        };
        match script.get(*done) {
            Some(next) if world.next_at().is_none_or(|at| at > next.at) => {
                let number = u32::try_from(*done).expect("a script is made by hand");
                world.intervene(next, number, &mut observer);
                *done += 1;
                true
            }
            _ => world.step(&mut observer),
        }
    }

    /// Performs everything up to and including an instant.
    pub fn advance(&mut self, script: &[Intervention], until: Time) {
        while self.next_at(script).is_some_and(|next| next <= until) {
            self.step(script, |_, _, _| {});
        }
    }

    /// About how much memory a copy of it takes, in bytes. What copies share is not counted.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.world.size_bytes() + self.scene.size_bytes() + 4 * self.totals.passed.len()
    }
}

/// The place of a node among all: services before topics.
#[must_use]
pub fn place_of(model: &crate::model::Model, node: Node) -> usize {
    match node {
        Node::Service(it) => it.index(),
        Node::Topic(it) => model.services.len() + it.index(),
    }
}

/// A moment that is taken along a run. It simulates on by itself, also past where anybody has
/// been before.
#[derive(Clone)]
pub struct Walk {
    moment: Moment,
    script: Script,
}

impl Walk {
    /// From this moment on.
    #[must_use]
    pub const fn new(moment: Moment, script: Script) -> Self {
        Self { moment, script }
    }

    /// Where it is: after everything that has been stepped over.
    #[must_use]
    pub const fn moment(&self) -> &Moment {
        &self.moment
    }

    /// The instant of the next step; `None` if there is none.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.moment.next_at(&self.script)
    }

    /// Performs what comes next, unless that is later than `until`; then false. `seen` is told of
    /// each record, with the scene after it. A message that a record of this step speaks of is
    /// still in the world afterwards, unless it also came to its end in this step.
    pub fn step(&mut self, until: Time, mut seen: impl FnMut(&Record, &Scene)) -> bool {
        self.next_at().is_some_and(|next| next <= until)
            && self.moment.step(&self.script, |record, scene, _| seen(record, scene))
    }

    /// Performs everything before an instant.
    pub fn go_to(&mut self, at: Time) {
        while self.next_at().is_some_and(|next| next < at) {
            self.moment.step(&self.script, |_, _, _| {});
        }
    }
}
