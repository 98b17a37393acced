//! A moment: the world at an instant with what can be seen of it, and the one way both move on. A
//! walk is a moment that somebody takes along a run to look at its records; a ride has no scene.

use std::sync::Arc;

use crate::model::{Model, Node, Record, Time, What};
use crate::sim::{Observer, World};

use super::course::Course;
use super::scene::Scene;

/// A world and what can be seen of it.
#[derive(Clone)]
pub struct Moment {
    /// The world.
    pub world: World,
    /// What can be seen of it.
    pub scene: Scene,
    /// How much has happened so far.
    pub totals: Totals,
    /// How much it has been told from outside.
    told: Told,
}

/// How much of its course a run has behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How many interventions of the script have been made.
    pub done: usize,
    /// How many inputs of a live run were taken in.
    pub inputs: usize,
    /// When it left the live run that it was, if it did.
    pub left: Option<Time>,
}

/// What comes next to a moment.
enum Next {
    /// What the world does by itself.
    ByItself,
    /// An intervention.
    Act,
    /// What reality has told.
    Input,
    /// It is no more a live run, and goes on by itself.
    Leave,
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
        Self { scene: Scene::new(&model), world, totals, told: Told::default() }
    }

    /// A moment made of its parts.
    pub(super) const fn again(world: World, scene: Scene, totals: Totals, told: Told) -> Self {
        Self { world, scene, totals, told }
    }

    /// The instant of the next thing that happens; `None` if nothing ever will.
    #[must_use]
    pub fn next_at(&self, course: &Course) -> Option<Time> {
        next(&self.world, self.told, course).map(|it| it.0)
    }

    /// How much it has been told from outside.
    #[must_use]
    pub const fn told(&self) -> Told {
        self.told
    }

    /// Performs the next thing: what the world does by itself or reality has told, or, when all
    /// is done that happens so at the instant of an intervention, that. False if there is nothing.
    pub fn step(
        &mut self,
        course: &Course,
        mut seen: impl FnMut(&Record, &Scene, &Totals),
    ) -> bool {
        let model = Arc::clone(self.world.model());
        let Self { world, scene, totals, told } = self;
        let mut observer = |record: &Record| {
            scene.apply(record, &model);
            totals.note(record, &model);
            seen(record, scene, totals);
        };
        go_on(world, told, course, &mut observer)
    }

    /// Performs everything up to and including an instant.
    pub fn advance(&mut self, course: &Course, until: Time) {
        loop {
            self.go_alone(course, until);
            if self.next_at(course).is_none_or(|next| next > until) {
                return;
            }
            self.step(course, |_, _, _| {});
        }
    }

    /// Performs, much at a time, what the world does by itself up to and including an instant or
    /// until it is told something.
    fn go_alone(&mut self, course: &Course, until: Time) {
        let Self { world, scene, totals, told } = self;
        let told_at = course.script().get(told.done).map_or(Time::MAX, |it| it.at);
        let mut goes_on = !world.is_live();
        while goes_on {
            let model = Arc::clone(world.model());
            goes_on = world.perform_some(until.min(told_at), &mut |record: &Record| {
                scene.apply(record, &model);
                totals.note(record, &model);
            });
        }
    }

    /// About how much memory a copy of it takes, in bytes. What copies share is not counted.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.world.size_bytes() + self.scene.size_bytes() + 4 * self.totals.passed.len()
    }
}

impl Totals {
    /// This happened to a world of a model, too.
    #[inline]
    fn note(&mut self, record: &Record, model: &Model) {
        self.records += 1;
        match record.what {
            What::Anomaly { .. } => {
                self.marks += u32::from(self.anomalies < u64::from(MOST_MARKS));
                self.anomalies += 1;
            }
            What::FaultBegan { .. } | What::FaultEnded { .. } | What::Intervened { .. } => {
                self.marks += 1;
            }
            What::Up { .. } | What::Down { .. } if self.lives < MOST_MARKS => self.lives += 1,
            What::Sent { link, .. } => {
                let link = &model.links[link.index()];
                for node in [link.from, link.to] {
                    let passed = &mut self.passed[place_of(model, node)];
                    *passed = passed.saturating_add(1);
                }
            }
            _ => {}
        }
    }
}

/// What comes next to a world that was told so much of its course, and when.
fn next(world: &World, told: Told, course: &Course) -> Option<(Time, Next)> {
    let act = course.script().get(told.done).map(|it| (it.at, Next::Act));
    // What happens by itself at an instant, or is told of it, is before what is done at it.
    let sooner = |a: Option<(Time, Next)>, b: Option<(Time, Next)>| match (a, b) {
        (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
        (a, b) => a.or(b),
    };
    let by_itself = world.next_at().map(|at| (at, Next::ByItself));
    if by_itself.is_some() || !world.is_live() {
        return sooner(by_itself, act);
    }
    let input = course.input(told.inputs).map(|it| (it.at, Next::Input));
    let leave = Some((course.leaves(), Next::Leave)).filter(|it| it.0 < Time::MAX);
    // Before it is known what comes until then, neither is next.
    let then = sooner(leave, act).filter(|it| course.is_known_until(it.0));
    sooner(input, then)
}

/// Performs the next thing; false if there is nothing.
fn go_on<O: Observer>(
    world: &mut World,
    told: &mut Told,
    course: &Course,
    observer: &mut O,
) -> bool {
    // Most runs, most of the time, are told nothing any more.
    let is_alone = told.done >= course.script().len() && !world.is_live();
    let next =
        if is_alone { Some((Time::MAX, Next::ByItself)) } else { next(world, *told, course) };
    let Some((at, next)) = next else { return false };
    match next {
        Next::ByItself => return world.step(observer),
        Next::Act => {
            let number = u32::try_from(told.done).expect("a script is made by hand");
            world.intervene(&course.script()[told.done], number, observer);
            told.done += 1;
        }
        Next::Input => {
            if let Some(input) = course.input(told.inputs) {
                world.take_in(&input, observer);
            }
            told.inputs += 1;
        }
        Next::Leave => {
            world.go_on_by_itself(at);
            told.left = Some(at);
        }
    }
    true
}

/// The place of a node among all: services before topics.
#[must_use]
pub fn place_of(model: &Model, node: Node) -> usize {
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
    course: Course,
}

impl Walk {
    /// From this moment on.
    #[must_use]
    pub const fn new(moment: Moment, course: Course) -> Self {
        Self { moment, course }
    }

    /// Where it is: after everything that has been stepped over.
    #[must_use]
    pub const fn moment(&self) -> &Moment {
        &self.moment
    }

    /// The instant of the next step; `None` if there is none.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.moment.next_at(&self.course)
    }

    /// Performs what comes next, unless that is later than `until`; then false. `seen` is told of
    /// each record, with the scene after it. A message that a record of this step speaks of is
    /// still in the world afterwards, unless it also came to its end in this step.
    pub fn step(&mut self, until: Time, mut seen: impl FnMut(&Record, &Scene)) -> bool {
        self.next_at().is_some_and(|next| next <= until)
            && self.moment.step(&self.course, |record, scene, _| seen(record, scene))
    }

    /// Performs everything before an instant.
    pub fn go_to(&mut self, at: Time) {
        if let Some(before) = at.0.checked_sub(1) {
            self.moment.advance(&self.course, Time(before));
        }
    }
}

/// A world that is taken along a run by whoever wants its records, and needs no scene: that is
/// half the work.
pub struct Ride {
    world: World,
    told: Told,
    course: Course,
}

impl Ride {
    /// The world, after everything that has happened so far.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// The instant of the next step; `None` if there is none.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        next(&self.world, self.told, &self.course).map(|it| it.0)
    }

    /// Performs what comes next, and puts its records in the place of those that are there; false
    /// if there is nothing. A message that one of them speaks of is still in the world afterwards,
    /// unless it also came to its end in this step.
    pub fn step(&mut self, records: &mut Vec<Record>) -> bool {
        records.clear();
        go_on(&mut self.world, &mut self.told, &self.course, records)
    }
}

impl From<Walk> for Ride {
    /// Goes on from where a walk has come to.
    fn from(walk: Walk) -> Self {
        let Walk { moment: Moment { world, told, .. }, course } = walk;
        Self { world, told, course }
    }
}
