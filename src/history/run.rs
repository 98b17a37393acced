//! A run that can be looked at anywhere: checkpoints of its world and scene, between which it
//! is simulated again.
//!
//! Records are not kept: the world is deterministic, and simulating a span again is faster than
//! reading it back would be. Checkpoints are thinned to a budget of memory; that changes how
//! long a question takes, and no answer.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{Event, Intervention, Model, Script, Time};
use crate::sim::World;

use super::kept::Kept;
use super::ladder::{Growing, Ladder};
use super::moment::{Moment, Walk};
use super::overview::Overview;
use super::scene::{Scene, TAIL_EVENTS};
use super::trail::Trail;

/// How many records lie between two checkpoints at least: some fifth of a millisecond of
/// simulation.
const LEAST_SPACING: u64 = 2_048;

/// A checkpoint is made when as many records have gone by as copying it costs: one for so many
/// bytes.
const BYTES_A_RECORD: u64 = 64;

/// Where the playhead is, checkpoints are kept beside the others, at most so many, and in so
/// small a part of the budget.
const NEAR_CHECKPOINTS: usize = 256;
const NEAR_PART: usize = 4;

/// A run, simulated up to its head.
pub struct Run {
    script: Script,
    checkpoints: Vec<Checkpoint>,
    /// The records that lie between two of them now.
    spacing: u64,
    /// The records that lie between two of `near`.
    near_spacing: u64,
    /// What those of them take in memory that are not another run's.
    held_bytes: usize,
    budget_bytes: usize,
    head: Moment,
    /// Where the last question was answered: the next one is likely to be near.
    cursor: Option<Moment>,
    /// Checkpoints passed on the way to the last questions, in the order they were made.
    near: VecDeque<Near>,
    near_bytes: usize,
    /// After which checkpoint the last question was.
    asked_after: usize,
    overview: Overview,
    ladder: Growing,
}

/// A moment that is kept.
#[derive(Clone)]
struct Checkpoint {
    kept: Arc<Kept>,
    bytes: usize,
    /// Whether it counts as this run's: of runs that share it, one's.
    is_own: bool,
}

impl Checkpoint {
    /// A moment of a run whose last checkpoint is this.
    fn of(moment: &mut Moment, last: Option<&Self>) -> Self {
        let kept = Kept::of(moment);
        let bytes = kept.bytes_after(last.map(|it| &*it.kept));
        Self { bytes, kept: Arc::new(kept), is_own: true }
    }

    fn own_bytes(&self) -> usize {
        if self.is_own { self.bytes } else { 0 }
    }
}

/// A moment near the playhead, ready to go on from.
struct Near {
    moment: Moment,
    bytes: usize,
}

impl Near {
    fn of(moment: &Moment) -> Self {
        Self { bytes: moment.size_bytes(), moment: moment.clone() }
    }
}

/// A moment to go on from.
enum From<'r> {
    Kept(&'r Kept),
    Moment(&'r Moment),
}

impl From<'_> {
    const fn records(&self) -> u64 {
        match self {
            Self::Kept(it) => it.records(),
            Self::Moment(it) => it.scene.records,
        }
    }

    fn moment(&self) -> Moment {
        match self {
            Self::Kept(it) => it.moment(),
            Self::Moment(it) => (*it).clone(),
        }
    }
}

/// A scene, and for how long it is the scene.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Of which future of the run.
    pub script: Script,
    /// What the world is a world of at that instant: its model with whatever was changed in it
    /// until then.
    pub model: Arc<Model>,
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

impl Run {
    /// How much memory a run may hold unless it is told otherwise, in bytes.
    pub const BUDGET_BYTES: usize = 512 << 20;

    /// A run of which nothing is simulated yet.
    #[must_use]
    pub fn new(model: Arc<Model>, seed: u64) -> Self {
        Self::with_script(model, seed, Script::default(), Self::BUDGET_BYTES)
    }

    /// A run to which this is done, and which may hold so much memory.
    #[must_use]
    pub fn with_script(model: Arc<Model>, seed: u64, script: Script, budget_bytes: usize) -> Self {
        let mut head = Moment::new(World::new(model, seed));
        let first = Checkpoint::of(&mut head, None);
        Self {
            script,
            held_bytes: first.bytes,
            checkpoints: vec![first],
            spacing: LEAST_SPACING,
            near_spacing: LEAST_SPACING,
            budget_bytes,
            head,
            cursor: None,
            near: VecDeque::new(),
            near_bytes: 0,
            asked_after: 0,
            overview: Overview::default(),
            ladder: Growing::default(),
        }
    }

    /// The same run with checkpoints at least this many records apart, which changes no answer.
    #[must_use]
    pub fn spaced(mut self, records: u64) -> Self {
        (self.spacing, self.near_spacing) = (records.max(1), records.max(1));
        self
    }

    /// What is done to it.
    #[must_use]
    pub const fn script(&self) -> &Script {
        &self.script
    }

    /// The world at the head.
    #[must_use]
    pub const fn head(&self) -> &World {
        &self.head.world
    }

    /// The instant of the next thing after the head; `None` if there is nothing.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.head.next_at(&self.script)
    }

    /// How much happened when, up to the head.
    #[must_use]
    pub fn overview(&self) -> Overview {
        let mut overview = self.overview.clone();
        overview.set_now(&self.head.totals);
        overview
    }

    /// Its digest at instants all along it, up to the head; with its end, if nothing is left to be
    /// simulated up to and including that.
    #[must_use]
    pub fn ladder(&self, until: Time) -> Ladder {
        let is_there = self.next_at().is_none_or(|next| next > until);
        self.ladder.ladder(is_there.then_some(until), &self.head.world)
    }

    /// About how much memory it holds, in bytes.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.held_bytes + self.near_bytes
    }

    /// Gives it another budget, in bytes.
    pub fn set_budget(&mut self, budget_bytes: usize) {
        self.budget_bytes = budget_bytes;
        self.thin();
    }

    /// The same run with something else done to it: what both have in common is shared, and the
    /// head stands where they part.
    #[must_use]
    pub fn fork(&self, script: Script) -> Self {
        let common = common_prefix(&self.script, &script);
        // The first thing that is done in one of them only: from that instant on they may differ.
        let of = |script: &[Intervention]| script.get(common).map_or(Time::MAX, |it| it.at);
        let part = of(&self.script).min(of(&script));
        let shared = |done: usize, now: Time| done <= common && now <= part;
        let is_shared = |it: &Kept| shared(it.interventions(), it.now());
        let kept = self.checkpoints.iter().take_while(|it| is_shared(&it.kept));
        let checkpoints: Vec<_> =
            kept.map(|it| Checkpoint { is_own: false, ..it.clone() }).collect();
        // Where the playhead is, a future most often begins.
        let near = self.near.iter().map(|it| &it.moment).chain(&self.cursor).chain([&self.head]);
        let near = near.filter(|it| shared(it.interventions(), it.world.now())).map(From::Moment);
        let last = checkpoints.last().expect("the first checkpoint is before anything was done");
        let last = near.chain([From::Kept(&last.kept)]).max_by_key(From::records);
        let head = last.expect("there is one at least").moment();
        let overview = self.overview.until(head.world.now(), &head.totals);
        let ladder = self.ladder.until(head.world.now());
        Self {
            script,
            checkpoints,
            spacing: self.spacing,
            near_spacing: self.near_spacing,
            held_bytes: 0,
            budget_bytes: self.budget_bytes,
            head,
            cursor: None,
            near: VecDeque::new(),
            near_bytes: 0,
            asked_after: 0,
            overview,
            ladder,
        }
    }

    /// Simulates on, for so many records or up to and including an instant. False if nothing
    /// is left to be simulated until then.
    pub fn extend(&mut self, until: Time, records: u64) -> bool {
        let stop = self.head.scene.records + records;
        while self.head.scene.records < stop {
            let Some(next) = self.next_at().filter(|next| *next <= until) else { return false };
            let Self { overview, ladder, head, script, .. } = self;
            overview.come_to(next, &head.totals);
            ladder.come_to(next, &head.world);
            head.step(script, |record, _, totals| overview.note(record, totals));
            let last = self.checkpoints.last().map_or(0, |it| it.kept.records());
            if self.head.scene.records >= last + self.spacing {
                self.keep();
            }
        }
        true
    }

    /// Makes a checkpoint at the head.
    fn keep(&mut self) {
        let checkpoint = Checkpoint::of(&mut self.head, self.checkpoints.last());
        self.spacing = self.spacing.max(checkpoint.bytes as u64 / BYTES_A_RECORD);
        self.held_bytes += checkpoint.bytes;
        self.checkpoints.push(checkpoint);
        self.thin();
    }

    /// Lets every other checkpoint go until they keep to the budget.
    fn thin(&mut self) {
        let most = self.budget_bytes - self.budget_bytes / NEAR_PART;
        while self.held_bytes > most && self.checkpoints.len() > 2 {
            self.halve();
        }
        while self.near_bytes > self.budget_bytes / NEAR_PART || self.near.len() > NEAR_CHECKPOINTS
        {
            let Some(oldest) = self.near.pop_front() else { break };
            self.near_bytes -= oldest.bytes;
        }
    }

    /// How many checkpoints there are.
    pub(super) fn checkpoint_count(&self) -> usize {
        self.checkpoints.len()
    }

    /// Lets go what is kept near the playhead.
    pub(super) fn forget_near(&mut self) {
        self.near.clear();
        self.near_bytes = 0;
    }

    /// Lets every other checkpoint go. Runs that share some let the same ones go.
    pub(super) fn halve(&mut self) {
        let mut number = 0;
        self.checkpoints.retain(|_| {
            number += 1;
            number % 2 == 1
        });
        // What was shared with one that is gone is held by the next alone.
        for place in 1..self.checkpoints.len() {
            let earlier = &self.checkpoints[place - 1].kept;
            self.checkpoints[place].bytes = self.checkpoints[place].kept.bytes_after(Some(earlier));
        }
        self.count_own();
        self.spacing *= 2;
    }

    fn count_own(&mut self) {
        self.held_bytes = self.checkpoints.iter().map(Checkpoint::own_bytes).sum();
    }

    /// Tells of each checkpoint, and whether it counts as this run's; that may be changed.
    pub(super) fn share(&mut self, mut of: impl FnMut(*const (), &mut bool)) {
        for it in &mut self.checkpoints {
            of(Arc::as_ptr(&it.kept).cast(), &mut it.is_own);
        }
        self.count_own();
    }

    /// The place of the latest checkpoint of those not after an instant.
    fn checkpoint_before(&self, at: Time) -> usize {
        self.checkpoints.partition_point(|it| it.kept.now() <= at).saturating_sub(1)
    }

    /// The latest moment that is kept of those not after an instant.
    fn kept_before(&self, at: Time) -> From<'_> {
        let far = From::Kept(&self.checkpoints[self.checkpoint_before(at)].kept);
        let near = self.near.iter().map(|it| &it.moment).chain(&self.cursor);
        let near = near.filter(|it| it.world.now() <= at).map(From::Moment);
        near.chain([far]).max_by_key(From::records).expect("there is one at least")
    }

    /// A walk along the run that begins at the latest moment that is kept of those before an
    /// instant, or at the beginning.
    #[must_use]
    pub fn walk(&self, from: Time) -> Walk {
        let begin = match from.0.checked_sub(1) {
            None => From::Kept(&self.checkpoints[0].kept),
            Some(before) => self.kept_before(Time(before)),
        };
        Walk::new(begin.moment(), Arc::clone(&self.script))
    }

    /// The moments that are kept, for several walks.
    #[must_use]
    pub fn trail(&self) -> Trail {
        let kept = self.checkpoints.iter().map(|it| Arc::clone(&it.kept)).collect();
        Trail::new(Arc::clone(&self.script), kept)
    }

    /// The scene at an instant: all records up to and including it. Past the head it is the
    /// scene at the head.
    pub fn scene_at(&mut self, at: Time) -> Answer {
        if at >= self.head.world.now() {
            return self.answer(&self.head);
        }
        let cursor = self.cursor.take().filter(|it| it.world.now() <= at);
        let kept = self.kept_before(at);
        let near = cursor.filter(|it| it.scene.records >= kept.records());
        let mut moment = near.unwrap_or_else(|| kept.moment());
        // Whoever looks here twice will look nearby again, and back; whoever jumps about will not.
        let before = self.checkpoint_before(at);
        let stays = before.abs_diff(std::mem::replace(&mut self.asked_after, before)) <= 1;
        if stays {
            self.advance(&mut moment, at);
        } else {
            moment.advance(&self.script, at);
        }
        let answer = self.answer(&moment);
        self.cursor = Some(moment);
        answer
    }

    fn answer(&self, moment: &Moment) -> Answer {
        Answer {
            script: Arc::clone(&self.script),
            model: Arc::clone(moment.world.model()),
            scene: Arc::new(moment.scene.clone()),
            valid_until: moment.next_at(&self.script).unwrap_or(Time::MAX),
            previous: moment.previous,
            events: moment.world.events_in_sight(MOST_EVENTS, TAIL_EVENTS).into(),
        }
    }

    /// Takes a moment on to an instant, and keeps checkpoints on the way.
    fn advance(&mut self, moment: &mut Moment, at: Time) {
        let mut next = moment.scene.records + self.near_spacing;
        while moment.next_at(&self.script).is_some_and(|next| next <= at) {
            moment.step(&self.script, |_, _, _| {});
            if moment.scene.records >= next {
                next = moment.scene.records + self.near_spacing;
                let near = Near::of(moment);
                self.near_bytes += near.bytes;
                self.near.push_back(near);
                self.thin();
            }
        }
    }
}

/// How many interventions two scripts begin with alike.
#[must_use]
pub fn common_prefix(a: &[Intervention], b: &[Intervention]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
