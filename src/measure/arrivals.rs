//! Arrivals: what a workload's users asked for in a span, followed to its end.

use std::collections::BTreeMap;

use crate::model::{
    EventId, MessageId, Model, Node, Outcome, Phase, Record, Role, ServiceId, Span, Time, Value,
    What,
};
use crate::sim::World;
use crate::sim::histogram::Histogram;

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
    /// From the arrival until the user knew the outcome: its end, well or not.
    pub outcome: Histogram,
    /// Those of which nothing more is known, and that are accepted.
    pub open_accepted: u64,
}

impl Cohort {
    /// Those whose end is not known.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.arrived - self.completed - self.failed
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
    slot: usize,
    /// Its place among the fates, if it has one.
    fate: Option<usize>,
    workload: ServiceId,
    at: Time,
    phase: Phase,
    is_free: bool,
    accepted: bool,
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

/// Follows arrivals of slots, and requests.
#[derive(Clone, Debug)]
pub struct Follower {
    /// By service: how its arrivals come to be free, if it is a workload.
    manners: Vec<Option<Manner>>,
    open: BTreeMap<MessageId, Open>,
    /// Requests that are not answered: when they were first sent.
    asked: BTreeMap<EventId, Time>,
    /// Answers on their way: the request that each answers, and between whom.
    answers: BTreeMap<MessageId, (EventId, (ServiceId, ServiceId))>,
    /// Whether an answer (not a failure) was received in this step.
    answered: bool,
    /// How many arrivals there were, and a hash over when, what and whose they were.
    pub count: u64,
    /// See `count`.
    pub hash: u64,
    /// By a hash over whose they are: how many arrivals there were.
    ordinals: BTreeMap<u64, u64>,
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
            open: BTreeMap::new(),
            asked: BTreeMap::new(),
            answers: BTreeMap::new(),
            answered: false,
            count: 0,
            hash: SEED,
            ordinals: BTreeMap::new(),
            draws: BTreeMap::new(),
            fates: None,
        }
    }

    /// How many arrivals are being followed.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// The next step begins.
    pub const fn begin_step(&mut self) {
        self.answered = false;
    }

    /// Takes a record in. `slot` is that of its instant, if it is in the span; `world` is that
    /// after the step.
    pub fn see(
        &mut self,
        record: &Record,
        model: &Model,
        slot: Option<usize>,
        slots: &mut [super::figures::Slot],
        world: &World,
    ) {
        // What came to its end in this step may have left its place to another.
        let carried = |message, event| Some(world.event_of(message)).filter(|it| it.id == event);
        let at = record.at;
        match record.what {
            What::Arrived { message, event, event_type, instance } => {
                let (workload, _) = model.instances[instance.index()];
                if self.manners.get(workload.index()).copied().flatten().is_none() {
                    return;
                }
                self.count += 1;
                // By names: ids may differ between variants.
                let of_type = &model.event_types[event_type.index()];
                let who = hash(hash(SEED, &model.services[workload.index()].name), &of_type.name);
                // Which it is of its workload's: events are counted with what else it makes.
                let ordinal = self.ordinals.entry(who).or_insert(0);
                *ordinal += 1;
                let which = *ordinal;
                for word in [at.0, who, which] {
                    self.hash = mixed(self.hash, word);
                }
                if self.draws.len() < MOST_DRAWS
                    && let Some(carried) = carried(message, event)
                {
                    let fields = of_type.fields.iter().zip(carried.fields);
                    let drawn = fields.fold(SEED, |so_far, (field, bits)| {
                        let text = model.value_text(Value::from_bits(field.kind, bits));
                        hash(so_far, &text)
                    });
                    self.draws.insert(mixed(who, which), drawn);
                }
                let Some(slot) = slot else { return };
                slots[slot].cohorts[workload.index()].arrived += 1;
                let (phase, is_free, accepted) = (Phase::Working, false, false);
                let fate = Fate { workload, who, ordinal: which, at, free: None, end: None };
                let fate = self.begin_fate(fate);
                let open = Open { slot, fate, workload, at, phase, is_free, accepted };
                self.open.insert(message, open);
            }
            What::PhaseChanged { message, phase, .. } => {
                let Some(open) = self.open.get_mut(&message) else { return };
                let before = std::mem::replace(&mut open.phase, phase);
                let lets_go = match self.manners[open.workload.index()] {
                    Some(Manner::Call) => before == Phase::Calling && self.answered,
                    Some(Manner::LetGo) => phase == Phase::Waiting,
                    _ => false,
                };
                if lets_go && !open.is_free {
                    (open.is_free, open.accepted) = (true, true);
                    let cohort = &mut slots[open.slot].cohorts[open.workload.index()];
                    cohort.accepted += 1;
                    cohort.free.record(at.since(open.at));
                    if let (Some(fates), Some(fate)) = (&mut self.fates, open.fate) {
                        fates[fate].free = Some(at);
                    }
                }
            }
            What::Finished { message, outcome, .. } => {
                let is_done = matches!(outcome, Outcome::Done | Outcome::Remembered);
                self.end(message, at, is_done, slots);
            }
            What::Dropped { message, .. } => {
                self.answers.remove(&message);
                self.end(message, at, false, slots);
            }
            What::Sent { message, event, role: Role::Request, attempt, .. } => {
                self.answers.remove(&message);
                if attempt == 1 {
                    self.asked.insert(event, at);
                }
            }
            What::Sent { message, event, role: Role::Reply, link, .. } => {
                let link = &model.links[link.index()];
                if let (Node::Service(from), Node::Service(to)) = (link.from, link.to) {
                    // A plain "done" carries the request itself.
                    let cause = carried(message, event).and_then(|it| it.cause);
                    let is_plain = self.asked.contains_key(&event);
                    let request = if is_plain { event } else { cause.unwrap_or(event) };
                    self.answers.insert(message, (request, (to, from)));
                }
            }
            What::Received { message } => {
                let Some((request, pair)) = self.answers.remove(&message) else { return };
                self.answered = true;
                if let (Some(asked), Some(slot)) = (self.asked.remove(&request), slot) {
                    slots[slot].requests.entry(pair).or_default().record(at.since(asked));
                }
            }
            _ => {}
        }
    }

    fn begin_fate(&mut self, fate: Fate) -> Option<usize> {
        let fates = self.fates.as_mut().filter(|it| it.len() < MOST_FATES)?;
        fates.push(fate);
        Some(fates.len() - 1)
    }

    fn end(&mut self, id: MessageId, at: Time, done: bool, slots: &mut [super::figures::Slot]) {
        let Some(open) = self.open.remove(&id) else { return };
        if let (Some(fates), Some(fate)) = (&mut self.fates, open.fate) {
            fates[fate].free.get_or_insert(at);
            fates[fate].end = Some((at, done));
        }
        let cohort = &mut slots[open.slot].cohorts[open.workload.index()];
        let took: Span = at.since(open.at);
        cohort.outcome.record(took);
        if !open.is_free {
            cohort.free.record(took);
            cohort.accepted += u64::from(done);
        }
        if done {
            cohort.completed += 1;
        } else {
            cohort.failed += 1;
        }
    }

    /// The run has come to its end: what is known of those that are still open.
    pub fn finish(&mut self, slots: &mut [super::figures::Slot]) {
        for open in std::mem::take(&mut self.open).into_values() {
            let cohort = &mut slots[open.slot].cohorts[open.workload.index()];
            cohort.open_accepted += u64::from(open.accepted);
        }
    }
}
