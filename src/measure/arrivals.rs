//! Arrivals: what a workload's users asked for in a span, followed to its end.

use std::collections::BTreeMap;

use crate::model::{
    Event, EventId, EventTypeId, MessageId, Model, Phase, ServiceId, Span, Time, Value,
};
use crate::sim::World;
use crate::sim::histogram::Histogram;

use super::by_message::ByMessage;
use super::knowledge;

/// What became of the arrivals of a workload in a span.
#[derive(Clone, Debug, Default)]
pub struct Cohort {
    /// Arrivals in the span.
    pub arrived: u64,
    /// Those whose first call was answered; or that called nobody, and came to where they let go
    /// or to their end as intended.
    pub accepted: u64,
    /// Those that came to their end as intended.
    pub completed: u64,
    /// Those that failed.
    pub failed: u64,
    /// From the arrival until the caller was free again: its first call was answered (calls made
    /// one right after the other count as one), it let go, or it came to its end, well or not.
    pub free: Histogram,
    /// From the arrival until its end, of those that came to it as intended.
    pub outcome: Histogram,
    /// The longest time from an arrival to its end, well or not; none of no end.
    pub longest: Option<Span>,
    /// Those whose end is not known, and that are accepted.
    pub open_accepted: u64,
}

impl Cohort {
    /// Those whose end is not known.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.arrived - self.completed - self.failed
    }

    /// Takes in others of the same workload.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.accepted += other.accepted;
        self.completed += other.completed;
        self.failed += other.failed;
        self.free.add(&other.free);
        self.outcome.add(&other.outcome);
        self.longest = self.longest.max(other.longest);
        self.open_accepted += other.open_accepted;
    }
}

/// What became of an arrival, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Whose arrival it was.
    pub workload: ServiceId,
    /// A hash over the names of its workload and its type: the same in every variant.
    pub who: u64,
    /// The how-manieth of those it was, from 1.
    pub ordinal: u64,
    /// When it arrived.
    pub at: Time,
    /// When its caller was free again, if that was seen.
    pub free: Option<Time>,
    /// When it came to its end, if it did, and whether that was as intended.
    pub end: Option<(Time, bool)>,
}

/// Of how many arrivals it is remembered what became of them.
pub const MOST_FATES: usize = 100_000;

/// An arrival that has not come to its end.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// In which segment it arrived.
    segment: usize,
    /// Its place among the fates, if it has one.
    fate: Option<usize>,
    workload: ServiceId,
    at: Time,
    phase: Phase,
    /// Its caller is free, and it is accepted.
    is_free: bool,
}

/// How a workload's arrivals come to be free.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// When their first call is answered.
    Call,
    /// When they begin to wait to be told, or to ask.
    LetGo,
    /// At their end.
    End,
}

/// Arrivals of one workload that carry one type of event.
#[derive(Clone, Copy, Debug)]
struct Kind {
    /// A hash over the names of both, which are the same in every variant as ids need not be.
    who: u64,
    /// How many there were.
    count: u64,
}

/// By segment of a run, by service: what became of arrivals in it.
pub type Cohorts = [Vec<Cohort>];

/// Follows arrivals, and requests.
#[derive(Clone, Debug)]
pub struct Follower {
    /// By service: how its arrivals come to be free, if it is a workload.
    manners: Vec<Option<Manner>>,
    open: ByMessage<Open>,
    /// Requests that are not answered: when they were first sent.
    asked: BTreeMap<EventId, Time>,
    /// Answers on their way: the request that each answers, and between whom.
    answers: ByMessage<(EventId, (ServiceId, ServiceId))>,
    /// Whether an answer (not a failure) was received in this step.
    answered: bool,
    /// How many arrivals there were, and a hash over when, what and whose they were.
    pub count: u64,
    /// See `count`.
    pub hash: u64,
    kinds: BTreeMap<(ServiceId, EventTypeId), Kind>,
    /// A hash over what each of the first arrivals carries, where it could be seen; by a hash over
    /// whose and the how-manieth it is.
    pub draws: BTreeMap<u64, u64>,
    /// What became of the first arrivals, if that is to be remembered.
    pub fates: Option<Vec<Fate>>,
}

/// Of how many arrivals it is remembered what they carry.
const MOST_DRAWS: usize = 4_096;

/// What hashes begin with, and go on by: G. Fowler, L. Noll and P. Vo's FNV-1a.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;

const fn mixed(hash: u64, word: u64) -> u64 {
    (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17)
}

fn hash(hash: u64, text: &str) -> u64 {
    text.bytes().fold(hash, |hash, it| mixed(hash, u64::from(it)))
}

impl Follower {
    /// Of a model.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let manner = |index: usize| {
            let workload = model.services[index].workload.as_ref()?;
            let handler = &model.handlers[workload.handler.index()];
            Some(if knowledge::calls_first(handler) {
                Manner::Call
            } else if knowledge::lets_go_first(handler) {
                Manner::LetGo
            } else {
                Manner::End
            })
        };
        Self {
            manners: (0..model.services.len()).map(manner).collect(),
            open: ByMessage::default(),
            asked: BTreeMap::new(),
            answers: ByMessage::default(),
            answered: false,
            count: 0,
            hash: SEED,
            kinds: BTreeMap::new(),
            draws: BTreeMap::new(),
            fates: None,
        }
    }

    /// The next step begins.
    pub const fn begin_step(&mut self) {
        self.answered = false;
    }

    /// Something arrived at a workload: which message with which event, of which type. `world` is
    /// that after the step.
    pub fn arrived(
        &mut self,
        at: Time,
        (message, event, event_type): (MessageId, EventId, EventTypeId),
        workload: ServiceId,
        (segment, cohorts): (usize, &mut Cohorts),
        world: &World,
    ) {
        if self.manners.get(workload.index()).copied().flatten().is_none() {
            return;
        }
        self.count += 1;
        let model = world.model();
        let of_type = &model.event_types[event_type.index()];
        let kind = self.kinds.entry((workload, event_type)).or_insert_with(|| Kind {
            who: hash(hash(SEED, &model.services[workload.index()].name), &of_type.name),
            count: 0,
        });
        // Which it is of its workload's: events are counted with what else it makes.
        kind.count += 1;
        let Kind { who, count: ordinal } = *kind;
        for word in [at.0, who, ordinal] {
            self.hash = mixed(self.hash, word);
        }
        if self.draws.len() < MOST_DRAWS
            && let Some(carried) = carried(world, message, event)
        {
            let fields = of_type.fields.iter().zip(carried.fields);
            let drawn = fields.fold(SEED, |so_far, (field, bits)| {
                let text = model.value_text(Value::from_bits(field.kind, bits));
                hash(so_far, &text)
            });
            self.draws.insert(mixed(who, ordinal), drawn);
        }
        cohorts[segment][workload.index()].arrived += 1;
        let fate = self.begin_fate(Fate { workload, who, ordinal, at, free: None, end: None });
        let (phase, is_free) = (Phase::Working, false);
        self.open.insert(message, Open { segment, fate, workload, at, phase, is_free });
    }

    /// Whoever handles a message is busy in another way.
    pub fn phase_changed(
        &mut self,
        at: Time,
        message: MessageId,
        phase: Phase,
        cohorts: &mut Cohorts,
    ) {
        let Some(open) = self.open.get_mut(message) else { return };
        let before = std::mem::replace(&mut open.phase, phase);
        let lets_go = match self.manners[open.workload.index()] {
            Some(Manner::Call) => before == Phase::Calling && self.answered,
            Some(Manner::LetGo) => phase == Phase::Waiting,
            _ => false,
        };
        if lets_go && !open.is_free {
            open.is_free = true;
            let cohort = &mut cohorts[open.segment][open.workload.index()];
            cohort.accepted += 1;
            cohort.open_accepted += 1;
            cohort.free.record(at.since(open.at));
            if let (Some(fates), Some(fate)) = (&mut self.fates, open.fate) {
                fates[fate].free = Some(at);
            }
        }
    }

    /// A request was sent, for the so-manieth time.
    pub fn asks(&mut self, at: Time, (message, event): (MessageId, EventId), attempt: u16) {
        self.answers.remove(message);
        if attempt == 1 {
            self.asked.insert(event, at);
        }
    }

    /// An answer was sent, from whom it was asked of to who asked. `world` is that after the step.
    pub fn answers(
        &mut self,
        (message, event): (MessageId, EventId),
        (from, to): (ServiceId, ServiceId),
        world: &World,
    ) {
        // A plain "done" carries the request itself.
        let is_plain = self.asked.contains_key(&event);
        let cause = || carried(world, message, event).and_then(|it| it.cause).unwrap_or(event);
        let request = if is_plain { event } else { cause() };
        self.answers.insert(message, (request, (to, from)));
    }

    /// A message was received: if it is the answer to a request, between whom, and how long after
    /// that was first sent.
    pub fn received(
        &mut self,
        at: Time,
        message: MessageId,
    ) -> Option<((ServiceId, ServiceId), Span)> {
        let (request, pair) = self.answers.remove(message)?;
        self.answered = true;
        let asked = self.asked.remove(&request)?;
        Some((pair, at.since(asked)))
    }

    /// A message is no more, and did not do what it was for.
    pub fn dropped(&mut self, at: Time, message: MessageId, cohorts: &mut Cohorts) {
        self.answers.remove(message);
        self.ended(at, message, false, cohorts);
    }

    fn begin_fate(&mut self, fate: Fate) -> Option<usize> {
        let fates = self.fates.as_mut().filter(|it| it.len() < MOST_FATES)?;
        fates.push(fate);
        Some(fates.len() - 1)
    }

    /// A message came to its end; if it is an arrival, so did that, as intended or not.
    pub fn ended(&mut self, at: Time, id: MessageId, done: bool, cohorts: &mut Cohorts) {
        let Some(open) = self.open.remove(id) else { return };
        if let (Some(fates), Some(fate)) = (&mut self.fates, open.fate) {
            fates[fate].free.get_or_insert(at);
            fates[fate].end = Some((at, done));
        }
        let cohort = &mut cohorts[open.segment][open.workload.index()];
        let took: Span = at.since(open.at);
        cohort.longest = cohort.longest.max(Some(took));
        if open.is_free {
            cohort.open_accepted -= 1;
        } else {
            cohort.free.record(took);
            cohort.accepted += u64::from(done);
        }
        if done {
            cohort.completed += 1;
            cohort.outcome.record(took);
        } else {
            cohort.failed += 1;
        }
    }
}

/// What a message carries, unless it came to its end in this step and left its place to another.
fn carried(world: &World, message: MessageId, event: EventId) -> Option<&Event> {
    Some(world.event_of(message)).filter(|it| it.id == event)
}
