//! Projections: beside what a store holds, what it should hold, and why the two differ.
//!
//! What it should hold is the fold of its topic's events in the order of their publication, each
//! once: the handlers of the service that keeps it are run over each event as it is published,
//! at once and without failing, on stores of their own. What other handlers do to a store is
//! done to both.

use std::collections::BTreeSet;

use imbl::OrdMap;

use crate::model::{
    AnomalyKind, Event, EventId, EventTypeId, FieldKind, Model, OutboxId, ServiceId, StoreId,
    StoreKind, Time, TopicId, Value,
};

use super::dice::{Dice, Purpose};
use super::handler::{Environment, Given, Stop, Task};
use super::program::{Instruction, Position, Program};
use super::store::{Change, Stores};

/// All projections of a run.
#[derive(Clone, Debug)]
pub struct Projections {
    /// What the stores should hold, of the services that keep projections.
    should: Stores,
    /// By [`StoreId`]: what is known of it, if it is a projection.
    tracked: Vec<Option<Tracked>>,
}

/// A projection.
// The tables grow with the run; they share what they have in common with their copies, so that
// a checkpoint is cheap.
#[derive(Clone, Debug)]
struct Tracked {
    topic: TopicId,
    service: ServiceId,
    kind: StoreKind,
    value: FieldKind,
    /// Events that change it, by id.
    fates: OrdMap<EventId, Fate>,
    published: u64,
    /// For each key, the latest publication that was applied.
    newest: OrdMap<u64, u64>,
    /// Keys under which it does not hold what it should.
    wrong: BTreeSet<u64>,
    anomalies: [u64; AnomalyKind::ALL.len()],
}

/// What has become of an event, as far as a projection is concerned.
#[derive(Clone, Copy, Debug)]
struct Fate {
    /// The how-manieth it was to be published.
    sequence: u64,
    published: Time,
    /// Whether it was applied.
    applied: bool,
    /// Whether it is harmless that it was not: something newer is there.
    superseded: bool,
    /// Whether its topic has it.
    accepted: bool,
    /// Whether it was said that it never will be applied.
    given_up: bool,
    /// Whether it was applied and the store has lost it since, with all that was in it.
    forgotten: bool,
}

/// An event that a projection has not applied, though it should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenEvent {
    /// Which.
    pub event: EventId,
    /// When it was published.
    pub published: Time,
    /// Whether it was said that it never will be applied.
    pub given_up: bool,
    /// Whether it was applied and the store has lost it since.
    pub forgotten: bool,
}

/// What a projection is told when an event is applied to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// When it was published, if this is the first time.
    pub published: Option<Time>,
    /// What is wrong with that.
    pub anomaly: Option<AnomalyKind>,
}

/// A projection, summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its topic.
    pub topic: TopicId,
    /// Keys under which it does not hold what it should.
    pub wrong_keys: u64,
    /// Anomalies so far, in the order of [`AnomalyKind::ALL`].
    pub anomalies: [u64; AnomalyKind::ALL.len()],
}

impl Projections {
    /// About how much memory it has in common with copies of it, in bytes, but not with an earlier
    /// one.
    #[must_use]
    pub fn apart_bytes(&self, earlier: Option<&Self>) -> usize {
        let published = |it: &Self| it.tracked.iter().flatten().map(|it| it.published).sum::<u64>();
        let since = published(self) - earlier.map_or(0, published).min(published(self));
        // In each of its tables, with some of the nodes above.
        usize::try_from(since).unwrap_or(usize::MAX) * 3 * size_of::<(EventId, Fate)>()
    }

    /// The projections of a model; `None` if it has none.
    #[must_use]
    pub fn new(model: &Model) -> Option<Self> {
        let tracked: Vec<Option<Tracked>> = model
            .stores
            .iter()
            .map(|store| {
                Some(Tracked {
                    topic: store.projection_of?,
                    service: store.service,
                    kind: store.kind,
                    value: store.value,
                    fates: OrdMap::new(),
                    published: 0,
                    newest: OrdMap::new(),
                    wrong: BTreeSet::new(),
                    anomalies: [0; AnomalyKind::ALL.len()],
                })
            })
            .collect();
        tracked.iter().any(Option::is_some).then(|| Self { should: Stores::new(model), tracked })
    }

    fn of(&self, store: StoreId) -> Option<&Tracked> {
        self.tracked[store.index()].as_ref()
    }

    /// Whether a store is a projection of this topic.
    #[must_use]
    pub fn is_of(&self, store: StoreId, topic: TopicId) -> bool {
        self.of(store).is_some_and(|it| it.topic == topic)
    }

    /// Whether what a handler of this topic's events does to a store was done to what it should
    /// hold when the event was published. Else it must be [`mirror`](Self::mirror)ed.
    #[must_use]
    pub fn is_folded(&self, store: StoreId, topic: TopicId) -> bool {
        self.of(store).is_none_or(|it| it.topic == topic)
    }

    /// What a store should hold under a key.
    #[must_use]
    pub fn bits(&self, store: StoreId, key: u64) -> u64 {
        self.should.bits(store, key)
    }

    /// What a store should hold, as a sum.
    #[must_use]
    pub fn total(&self, store: StoreId) -> f64 {
        self.should.summary(store).total
    }

    /// An event was published: the stores of a service that handles it so should hold more.
    /// `key` is what the dice of its handling are keyed by. Gives which store should hold what
    /// under which key.
    pub fn publish(
        &mut self,
        now: Time,
        event: &Event,
        topic: TopicId,
        (model, program): (&Model, &Program),
        (service, entry): (ServiceId, Position),
        (dice, key): (&Dice, u64),
    ) -> Vec<(StoreId, u64, u64)> {
        let is_known = |it: &Tracked| {
            it.topic == topic && it.service == service && it.fates.contains_key(&event.id)
        };
        if self.tracked.iter().flatten().any(is_known) {
            return Vec::new();
        }
        let mut shadow = Shadow {
            event,
            dice,
            key,
            program,
            topic,
            should: &mut self.should,
            tracked: &self.tracked,
            touched: Vec::new(),
        };
        run_through(entry, program, model, &mut shadow);
        let touched = shadow.touched;
        for &(store, ..) in &touched {
            let Some(tracked) = &mut self.tracked[store.index()] else { continue };
            if !tracked.fates.contains_key(&event.id) {
                tracked.published += 1;
                let fate = Fate {
                    sequence: tracked.published,
                    published: now,
                    applied: false,
                    superseded: false,
                    accepted: false,
                    given_up: false,
                    forgotten: false,
                };
                tracked.fates.insert(event.id, fate);
            }
        }
        touched.into_iter().filter(|it| self.of(it.0).is_some()).collect()
    }

    /// A handler that has nothing to do with a projected topic changed a store, and so what it
    /// should hold. Gives the value it should have now.
    pub fn mirror(&mut self, store: StoreId, key: u64, change: Change) -> Option<u64> {
        self.should.change(store, key, change).filter(|_| self.of(store).is_some())
    }

    /// An event's topic has it.
    pub fn accepted(&mut self, event: EventId, topic: TopicId) {
        for tracked in self.tracked.iter_mut().flatten().filter(|it| it.topic == topic) {
            if let Some(fate) = tracked.fates.get_mut(&event) {
                fate.accepted = true;
            }
        }
    }

    /// An event's topic has lost it.
    pub fn withdrawn(&mut self, event: EventId, topic: TopicId) {
        for tracked in self.tracked.iter_mut().flatten().filter(|it| it.topic == topic) {
            if let Some(fate) = tracked.fates.get_mut(&event) {
                fate.accepted = false;
            }
        }
    }

    /// A handler of an event changes a store under a key: for the first time of this handling
    /// (`is_first`), or once more. `held` says whether the store took the change.
    pub fn apply(
        &mut self,
        store: StoreId,
        key: u64,
        event: EventId,
        (is_first, held): (bool, bool),
    ) -> Applied {
        let nothing = Applied { published: None, anomaly: None };
        let Some(tracked) = &mut self.tracked[store.index()] else { return nothing };
        let Some(fate) = tracked.fates.get_mut(&event) else { return nothing };
        if !held {
            fate.superseded = true;
            return nothing;
        }
        let newest = tracked.newest.get(&key).copied().unwrap_or(0);
        let anomaly = if fate.applied && is_first {
            Some(AnomalyKind::AppliedTwice)
        } else if fate.sequence < newest {
            match tracked.kind {
                // It is the same in whichever order it is added up, or goes by its own version.
                StoreKind::Counter | StoreKind::Sum | StoreKind::LastVersion => None,
                StoreKind::Last => Some(AnomalyKind::StaleWrite),
                StoreKind::Set | StoreKind::Log => Some(AnomalyKind::OutOfOrder),
            }
        } else {
            None
        };
        let published = (!fate.applied).then_some(fate.published);
        fate.applied = true;
        if fate.sequence > newest {
            tracked.newest.insert(key, fate.sequence);
        }
        if let Some(kind) = anomaly {
            tracked.anomalies[kind as usize] += 1;
        }
        Applied { published, anomaly }
    }

    /// A store is empty: whatever was applied to it may be applied again.
    pub fn emptied(&mut self, store: StoreId) {
        if let Some(tracked) = &mut self.tracked[store.index()]
            && !tracked.newest.is_empty()
        {
            tracked.newest = OrdMap::new();
            let lost = |it: &Fate| {
                let forgotten = it.forgotten || it.applied;
                Fate { applied: false, forgotten, ..*it }
            };
            tracked.fates = tracked.fates.iter().map(|(&id, it)| (id, lost(it))).collect();
        }
    }

    /// Something newer than this event was applied: where only the last one counts, it need not
    /// be.
    pub fn supersede(&mut self, service: ServiceId, event: EventId) {
        let is_last =
            |it: &&mut Tracked| matches!(it.kind, StoreKind::Last | StoreKind::LastVersion);
        let of_service = self.tracked.iter_mut().flatten().filter(|it| it.service == service);
        for tracked in of_service.filter(is_last) {
            if let Some(fate) = tracked.fates.get_mut(&event) {
                fate.superseded = true;
            }
        }
    }

    /// An event will not be applied to the projections of its topic (of one service, if one is
    /// given) that have not applied it. Gives those for which that is new and does harm.
    pub fn never(
        &mut self,
        topic: TopicId,
        service: Option<ServiceId>,
        event: EventId,
        kind: AnomalyKind,
    ) -> Vec<StoreId> {
        let mut stores = Vec::new();
        for (index, tracked) in self.tracked.iter_mut().enumerate() {
            let Some(tracked) = tracked else { continue };
            if tracked.topic != topic || service.is_some_and(|it| it != tracked.service) {
                continue;
            }
            let Some(fate) = tracked.fates.get_mut(&event) else { continue };
            let is_lost_after_all = kind == AnomalyKind::Lost && fate.accepted;
            if fate.applied || fate.superseded || fate.given_up || is_lost_after_all {
                continue;
            }
            fate.given_up = true;
            tracked.anomalies[kind as usize] += 1;
            stores.push(StoreId::from_index(index));
        }
        stores
    }

    /// Looks whether a store holds what it should under a key. Gives whether all of it is as it
    /// should be: before, and now.
    pub fn compare(&mut self, store: StoreId, key: u64, holds: u64) -> (bool, bool) {
        let should = self.should.bits(store, key);
        let Some(tracked) = &mut self.tracked[store.index()] else { return (true, true) };
        let before = tracked.wrong.is_empty();
        if is_same(tracked.value, holds, should) {
            tracked.wrong.remove(&key);
        } else {
            tracked.wrong.insert(key);
        }
        (before, tracked.wrong.is_empty())
    }

    /// A projection, summed up.
    #[must_use]
    pub fn summary(&self, store: StoreId) -> Option<Summary> {
        let tracked = self.of(store)?;
        Some(Summary {
            topic: tracked.topic,
            wrong_keys: tracked.wrong.len() as u64,
            anomalies: tracked.anomalies,
        })
    }

    /// The events that a projection has not applied, and that matter; none of another store.
    pub fn open_events(&self, store: StoreId) -> impl Iterator<Item = OpenEvent> + '_ {
        let fates = self.of(store).into_iter().flat_map(|it| it.fates.iter());
        let open = fates.filter(|(_, it)| !it.applied && !it.superseded);
        open.map(|(&event, it)| {
            let Fate { published, given_up, forgotten, .. } = *it;
            OpenEvent { event, published, given_up, forgotten }
        })
    }

    /// Anomalies of a projection so far, in the order of [`AnomalyKind::ALL`]; `None` if the store
    /// is none.
    #[must_use]
    pub fn anomalies(&self, store: StoreId) -> Option<[u64; AnomalyKind::ALL.len()]> {
        self.of(store).map(|it| it.anomalies)
    }

    /// Keys under which a projection does not hold what it should.
    pub fn wrong_keys(&self, store: StoreId) -> impl Iterator<Item = u64> + '_ {
        self.of(store).into_iter().flat_map(|it| it.wrong.iter().copied())
    }
}

/// Whether two values are the same. Fractions that were added up in another order are, but for
/// rounding.
fn is_same(kind: FieldKind, one: u64, other: u64) -> bool {
    let (one_value, other_value) =
        (Value::from_bits(kind, one).as_f64(), Value::from_bits(kind, other).as_f64());
    let largest = one_value.abs().max(other_value.abs());
    one == other || (kind == FieldKind::Float && (one_value - other_value).abs() <= largest * 1e-9)
}

/// Runs a handler to its end: nothing takes time, every call is answered as is hoped, nothing
/// fails.
fn run_through(entry: Position, program: &Program, model: &Model, shadow: &mut Shadow<'_>) {
    let mut task = Task::new(entry);
    loop {
        match task.run(program, model, shadow) {
            Stop::Work | Stop::Wait => task.proceed(),
            Stop::Call => {
                let answer = hoped_for(program, task.position);
                task.succeed(answer);
            }
            Stop::Await | Stop::Publish => task.succeed(None),
            Stop::Ended | Stop::Failed | Stop::GaveUp => return,
        }
    }
}

/// The answer that a poll whose question is at this position waits for.
fn hoped_for(program: &Program, question: Position) -> Option<EventTypeId> {
    program.code[question as usize..].iter().find_map(|it| match it {
        Instruction::PollAgain { until, again, .. } if *again <= question => Some(*until),
        _ => None,
    })
}

/// The world of a handler that is run only for what it does to stores.
struct Shadow<'a> {
    event: &'a Event,
    dice: &'a Dice,
    key: u64,
    program: &'a Program,
    topic: TopicId,
    should: &'a mut Stores,
    tracked: &'a [Option<Tracked>],
    /// What was changed, and to what.
    touched: Vec<(StoreId, u64, u64)>,
}

impl Environment for Shadow<'_> {
    fn handled(&self) -> &Event {
        self.event
    }

    fn stores(&self) -> &Stores {
        self.should
    }

    fn change(&mut self, store: StoreId, key: u64, change: Change) {
        let is_folded =
            self.tracked[store.index()].as_ref().is_none_or(|it| it.topic == self.topic);
        if is_folded {
            let changed = self.should.change(store, key, change);
            let value = changed.unwrap_or_else(|| self.should.bits(store, key));
            self.touched.push((store, key, value));
        }
    }

    fn chance(&mut self, at: Position, probability: f64) -> bool {
        let is_failure = matches!(self.program.code[at as usize], Instruction::Fail(_));
        !is_failure
            && self.dice.stream(Purpose::Chance, self.key, u64::from(at)).chance(probability)
    }

    fn publish(
        &mut self,
        _: Position,
        _: TopicId,
        _: EventTypeId,
        _: &[Given],
        _: Option<OutboxId>,
    ) -> bool {
        false
    }

    fn send(&mut self, _: Position, _: ServiceId, _: EventTypeId, _: &[Given]) {}

    fn reply(&mut self, _: Position, _: Option<EventTypeId>, _: &[Given]) {}

    fn ack(&mut self) {}
}
