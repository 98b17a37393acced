//! The world: the simulated truth as one value, and the one way it moves.
//!
//! What is done at each instant is in the files beside this one, by noun: `network` (links),
//! `service` (queues, workers), `task` (handlers), `call`, `guard` (of calls), `publish`, `topic`,
//! `member` (of a log's group), `workload`, `fault`; `remote` and `mirror` for topics whose broker is
//! another program.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::engine::broker::group::{Due, Members};
use crate::engine::broker::log::Log;
use crate::engine::broker::queue::{Effect, Kept, Queue};
use crate::engine::broker::sequences::Sequences;
use crate::engine::dice::Dice;
use crate::engine::idempotency::Memory;
use crate::engine::store::{Stores, Transaction};
use crate::engine::strategy::{KnownIds, Resequencer, Versions};
use crate::model::{
    Consume, DropReason, EventId, EventTypeId, FaultId, GroupId, Idempotence, InstanceId,
    Intervention, MessageId, Model, Record, Role, ServiceId, Skip, Time, TopicId, TopicKind, What,
};

use super::agenda::Agenda;
use super::batch::{BatchRun, Gathering};
use super::guard::{Answer, Guards};
use super::insight::Change;
use super::intervention::DoomedAnswer;
use super::message::{Message, Messages};
use super::mirror::Mirror;
use super::network::LinkState;
use super::plan::Plan;
use super::projection::Beliefs;
use super::publish::{OutboxState, ProducerState};
use super::reading::{Lane, Reading};
use super::remote::{Errand, Remote};
pub use super::scheduled::Scheduled;
use super::statistics::Statistics;
use super::strike::Aimed;
use super::task::Tasks;

/// So many records are handed on together: few enough to be still at hand.
const AT_ONCE: usize = 64;

/// How much of the agenda is performed at one instant before it is taken for endless: ten times
/// the largest burst that a scenario can ask for.
const MOST_AT_AN_INSTANT: u32 = 10_000_000;

/// Whoever is told what happens. `()` is told nothing, and costs nothing.
pub trait Observer {
    /// Whether records are wanted at all.
    const LISTENS: bool = true;
    /// Something happened.
    fn record(&mut self, record: &Record);
    /// All this happened; it is taken away.
    fn take(&mut self, records: &mut Vec<Record>) {
        for record in &*records {
            self.record(record);
        }
        records.clear();
    }
}

impl Observer for () {
    const LISTENS: bool = false;
    fn record(&mut self, _: &Record) {}
}

impl<F: FnMut(&Record)> Observer for F {
    fn record(&mut self, record: &Record) {
        self(record);
    }
}

impl Observer for Vec<Record> {
    fn record(&mut self, record: &Record) {
        self.push(*record);
    }
    fn take(&mut self, records: &mut Vec<Record>) {
        self.append(records);
    }
}

/// What names a run: a hash over all its records so far. Two runs with the same digest went
/// the same way, record for record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The simulated world at an instant. A clone is a checkpoint, and a fork.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) plan: Arc<Plan>,
    pub(super) dice: Dice,
    pub(super) now: Time,
    /// How much was performed at this instant.
    crowd: u32,
    pub(super) begun: bool,
    pub(super) agenda: Agenda<Scheduled>,
    pub(super) messages: Messages,
    pub(super) tasks: Tasks,
    pub(super) instances: Vec<Instance>,
    pub(super) services: Vec<ServiceState>,
    pub(super) links: Vec<LinkState>,
    pub(super) topics: Vec<TopicState>,
    pub(super) groups: Vec<GroupState>,
    pub(super) outboxes: Vec<OutboxState>,
    pub(super) stores: Stores,
    /// What stores should hold; `None` where nothing is a projection.
    pub(super) beliefs: Option<Box<Beliefs>>,
    /// What tasks have changed in one step that is not over, by the task's place.
    pub(super) transactions: BTreeMap<u32, Transaction>,
    /// Messages whose turn has come in re-ordering buffers and that are about to be taken up.
    pub(super) turns: VecDeque<MessageId>,
    pub(super) is_giving_turns: bool,
    /// What tasks have in hands beside their message, by the task's place.
    pub(super) batches: BTreeMap<u32, BatchRun>,
    /// How many handlers of a service are about to fail at once, where any are.
    pub(super) failing: BTreeMap<ServiceId, u32>,
    /// How many times as slowly services work, where they do.
    pub(super) slow: BTreeMap<ServiceId, f64>,
    /// How far clocks are off, in ns, where they are.
    pub(super) clocks: BTreeMap<ServiceId, i64>,
    /// The faults that are on, in the order in which they began.
    pub(super) faults_on: Vec<FaultId>,
    /// Answers that a person has had lost, and that are not sent yet.
    pub(super) doomed_answers: Vec<DoomedAnswer>,
    /// What the schedule will do to messages that have not set out yet.
    pub(super) aimed: Vec<Aimed>,
    pub(super) counters: Counters,
    seed: u64,
    digest: u64,
    record_count: u64,
    pub(super) observed: bool,
    /// What is to be done at brokers that are other programs.
    pub(super) errands: Vec<Errand>,
    /// What brokers have stored, and who has published it has not heard so yet: in a run that was
    /// merged.
    pub(super) unanswered: BTreeMap<(TopicId, u64), Message>,
    /// Records on their way to the observer.
    pub(super) fresh: Vec<Record>,
    /// Who has changed stores since the last step began, while somebody looks on.
    pub(super) changes: Vec<Change>,
    /// Empty lists that were used before: what a broker wants done is listed in one.
    pub(super) spare_effects: Vec<Vec<Effect>>,
    /// The same for what the reader of a log is to get.
    pub(super) spare_deliveries: Vec<Vec<Due>>,
}

/// One instance of a service.
// As it stands here, with what every message needs in front: in a world of many services what costs
// is to fetch it.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Instance {
    pub up: bool,
    /// Workers that are busy.
    pub busy: u32,
    pub queue: VecDeque<MessageId>,
    /// Messages outside the full queue.
    pub blocked: VecDeque<MessageId>,
    /// When it started last.
    pub started: Time,
    /// Counted up at each start.
    pub incarnation: u32,
    pub guards: Guards,
    pub lanes: Vec<Lane>,
    /// For each subscription of its service, how it reads (logs only).
    pub reading: Vec<Reading>,
    /// For each subscription of its service, what it has in memory of what it has handled.
    pub known: Vec<Option<KnownIds>>,
    /// For each subscription of its service, what waits for a batch.
    pub gatherings: Vec<Gathering>,
    /// How often what it tries again has failed, by subscription.
    pub failed: BTreeMap<(usize, EventId), u32>,
    /// What it has to say to brokers that it is cut off from, if they will hear of it.
    pub unsaid: Vec<Message>,
    /// For each producer of its service, its client.
    pub producers: Vec<ProducerState>,
}

/// A service over all its instances.
// In this order, as an instance is.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct ServiceState {
    /// Events it has made.
    pub produced: u64,
    /// Arrivals (of a workload) so far.
    pub arrivals: u64,
    pub statistics: Statistics,
    /// Per event type, events it has made of it: what sequences count.
    pub sequences: Vec<(EventTypeId, u64)>,
    /// Turns that users of a closed workload have begun to think about.
    pub turns: u64,
    /// Tasks that wait to be told something.
    pub awaiting: Vec<Awaiting>,
    /// For each of its subscriptions, what its instances know together of what was handled.
    pub receivers: Vec<Receiver>,
    /// Messages that a strategy let pass, by [`Skip`](crate::model::Skip).
    pub skipped: [u64; Skip::ALL.len()],
    /// Events that it gave up and published to dead letters of its own.
    pub dead_lettered: u64,
    /// Handlers whose changes were void, since another had handled the same meanwhile.
    pub rolled_back: u64,
    /// What it was told before anybody waited for it.
    pub told: BTreeSet<(EventTypeId, usize, u64)>,
    /// What it answered, if that is durable.
    pub memory: Memory<Answer>,
}

/// What the instances of a service know together of what they have handled of a subscription.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    /// Ids that are remembered where all can see them.
    pub known: Option<KnownIds>,
    pub versions: Versions,
    pub order: Resequencer,
    /// The tick of `order` that is scheduled.
    pub tick_at: Option<Time>,
}

impl Instance {
    /// An instance of a service that has not started.
    pub fn new(model: &Model, service: ServiceId) -> Self {
        let consumes = &model.services[service.index()].consumes;
        Self {
            guards: Guards::new(model, service),
            reading: vec![Reading::default(); consumes.len()],
            known: consumes.iter().map(|it| known(it, true)).collect(),
            producers: ProducerState::of(model, service),
            gatherings: vec![Gathering::default(); consumes.len()],
            ..Self::default()
        }
    }
}

impl Receiver {
    /// Forgets what was noted in one transaction with effects that a crash has emptied.
    pub fn forget_effects(&mut self, consume: &Consume) {
        self.versions = Versions::default();
        let memory = consume.strategy.idempotence.map(|it| it.memory);
        if memory == Some(crate::model::Memory::WithEffects)
            && let Some(known) = &mut self.known
        {
            known.clear();
        }
    }
}

/// A task that waits to be told something.
#[derive(Clone, Copy, Debug)]
pub struct Awaiting {
    pub task: u32,
    pub wait: u32,
    pub event: EventTypeId,
    pub field: usize,
    pub value: u64,
}

/// A topic.
#[derive(Clone, Debug)]
pub struct TopicState {
    pub broker: Broker,
    /// How many faults keep its broker from answering anybody.
    pub down: u32,
    /// The tick that is scheduled.
    pub tick_at: Option<Time>,
    /// What was acked lately, and when, where a fault will forget it.
    pub lately: VecDeque<(Time, Kept, Message)>,
    pub published: u64,
    pub delivered: u64,
    pub redelivered: u64,
    pub acked: u64,
    /// Dead letters, by reason ([`Settlement::DEATHS`](crate::model::Settlement::DEATHS)).
    pub dead_lettered: [u64; 4],
    pub deduplicated: u64,
    /// Events of a log that compaction removed.
    pub compacted: u64,
    pub refused: u64,
    /// What it remembers of idempotent producers (logs only).
    pub sequences: Sequences,
    /// Confirms that wait until the followers have the event: at which offset.
    pub unreplicated: Vec<(u32, u64, Message)>,
    /// Events that were lost with a leader (logs only).
    pub truncated: u64,
    /// What it is here, if it is a queue and its broker another program.
    pub remote: Option<Box<Remote>>,
    /// The same of a log.
    pub mirror: Option<Box<Mirror>>,
}

impl TopicState {
    /// The log, if it is one.
    pub fn log(&self) -> Option<&Log> {
        match &self.broker {
            Broker::Log(log) => Some(log),
            Broker::Queue(_) => None,
        }
    }
}

/// The two kinds of topic.
#[derive(Clone, Debug)]
pub enum Broker {
    Log(Box<Log>),
    Queue(Box<Queue>),
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct GroupState {
    /// The members and positions; unused for a queue's.
    pub members: Members,
    pub delivered: u64,
    pub redelivered: u64,
    pub fell_off: u64,
    /// Commits that were refused.
    pub refused: u64,
    /// For each partition, what was deleted before it could be sent, when that last happened.
    pub passed_over: Vec<(u64, u64)>,
    /// For each partition, the next offset that was never delivered.
    pub frontier: Vec<u64>,
}

/// Counts over the whole run.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Messages made, by role.
    pub made: [u64; Role::ALL.len()],
    /// Messages that did what they were for, by role.
    pub ended: [u64; Role::ALL.len()],
    /// Messages that did not, by reason.
    pub dropped: [u64; DropReason::ALL.len()],
    /// Entries that went to the dead letters and no further.
    pub buried: u64,
    /// Messages dropped, by role.
    pub dropped_roles: [u64; Role::ALL.len()],
}

impl World {
    /// The world of a model before anything has happened.
    #[must_use]
    pub fn new(model: Arc<Model>, seed: u64) -> Self {
        let plan = Arc::new(Plan::new(model));
        let model = &plan.model;
        let instances =
            model.instances.iter().map(|&(service, _)| Instance::new(model, service)).collect();
        let topics = model
            .topics
            .iter()
            .map(|topic| TopicState {
                broker: match &topic.kind {
                    TopicKind::Log(settings) => {
                        Broker::Log(Box::new(Log::new(settings.clone(), &model.event_types)))
                    }
                    TopicKind::Queue(settings) => {
                        Broker::Queue(Box::new(Queue::new(settings.clone())))
                    }
                },
                down: 0,
                tick_at: None,
                lately: VecDeque::new(),
                published: 0,
                delivered: 0,
                redelivered: 0,
                acked: 0,
                dead_lettered: [0; 4],
                deduplicated: 0,
                compacted: 0,
                refused: 0,
                sequences: Sequences::default(),
                unreplicated: Vec::new(),
                truncated: 0,
                remote: None,
                mirror: None,
            })
            .collect();
        let groups = model
            .groups
            .iter()
            .map(|group| {
                let partitions = match &model.topics[group.topic.index()].kind {
                    TopicKind::Log(log) => log.partitions as usize,
                    TopicKind::Queue(_) => 0,
                };
                GroupState {
                    members: Members::new(group, partitions),
                    delivered: 0,
                    redelivered: 0,
                    fell_off: 0,
                    refused: 0,
                    passed_over: vec![(0, 0); partitions],
                    frontier: vec![0; partitions],
                }
            })
            .collect();
        Self {
            dice: Dice::new(seed),
            now: Time::ZERO,
            crowd: 0,
            begun: false,
            agenda: Agenda::new(),
            messages: Messages::default(),
            tasks: Tasks::default(),
            instances,
            services: model
                .services
                .iter()
                .map(|it| ServiceState {
                    receivers: it.consumes.iter().map(receiver).collect(),
                    ..ServiceState::default()
                })
                .collect(),
            links: plan.manners.iter().map(|it| LinkState::new(*it)).collect(),
            topics,
            groups,
            outboxes: vec![OutboxState::default(); model.outboxes.len()],
            stores: Stores::new(model),
            beliefs: Beliefs::new(model),
            transactions: BTreeMap::new(),
            turns: VecDeque::new(),
            is_giving_turns: false,
            batches: BTreeMap::new(),
            failing: BTreeMap::new(),
            slow: BTreeMap::new(),
            clocks: BTreeMap::new(),
            faults_on: Vec::new(),
            doomed_answers: Vec::new(),
            aimed: Vec::new(),
            counters: Counters::default(),
            seed,
            digest: 0x243f_6a88_85a3_08d3 ^ seed,
            record_count: 0,
            observed: false,
            errands: Vec::new(),
            unanswered: BTreeMap::new(),
            fresh: Vec::new(),
            changes: Vec::new(),
            spare_effects: Vec::new(),
            spare_deliveries: Vec::new(),
            plan,
        }
    }

    /// What it is a world of.
    #[must_use]
    pub fn model(&self) -> &Arc<Model> {
        &self.plan.model
    }

    /// The seed of its dice.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The instant it has come to.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The instant of the next thing that will happen; `None` if nothing ever will.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        if self.stands_still() {
            return None;
        }
        if self.begun { self.agenda.next_at() } else { Some(Time::ZERO) }
    }

    /// What is to be said of a world that [stands still](Self::stands_still).
    pub const STANDSTILL: &str = "time stands still: something goes round and round at one instant, \
         by links, steps and retries that take no time; give one of them a time";

    /// Whether so much happens at one instant that time seems never to go on: something goes
    /// round and round by links and steps that take no time. Nothing happens any more.
    #[must_use]
    pub fn stands_still(&self) -> bool {
        self.crowd >= MOST_AT_AN_INSTANT
    }

    /// The hash over all records so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(self.digest)
    }

    /// How many records there were so far.
    #[must_use]
    pub fn record_count(&self) -> u64 {
        self.record_count
    }

    /// Performs the next entry of the agenda; false if there is none.
    pub fn step<O: Observer>(&mut self, observer: &mut O) -> bool {
        let plan = Arc::clone(&self.plan);
        self.prepare::<O>();
        let moved = if self.stands_still() {
            false
        } else if self.begun {
            let next = self.agenda.pop_until(Time::MAX);
            next.inspect(|&(at, entry)| self.perform(&plan, at, at, entry)).is_some()
        } else {
            self.begin(&plan);
            true
        };
        self.deliver_records(observer);
        moved
    }

    /// Does what a person does at an instant, after all that happens then by itself (which is the
    /// caller's to see to). `number` is its place in the run's script.
    pub fn intervene<O: Observer>(
        &mut self,
        intervention: &Intervention,
        number: u32,
        observer: &mut O,
    ) {
        self.prepare::<O>();
        if self.now < intervention.at {
            (self.now, self.crowd) = (intervention.at, 0);
        }
        self.perform_act(&intervention.act, number);
        self.deliver_records(observer);
    }

    /// Performs everything up to and including this instant, and comes to it.
    pub fn run_until<O: Observer>(&mut self, until: Time, observer: &mut O) {
        while self.perform_some(until, observer) {}
        if !self.stands_still() {
            self.now = self.now.max(until);
        }
    }

    /// Performs some of what there is to do up to and including this instant, all of it by one plan;
    /// false if that is all. The world stays at the instant of the last.
    pub fn perform_some<O: Observer>(&mut self, until: Time, observer: &mut O) -> bool {
        self.prepare::<O>();
        let plan = Arc::clone(&self.plan);
        if !self.begun {
            self.begin(&plan);
        }
        let is_more = self.advance(&plan, until);
        self.deliver_records(observer);
        is_more
    }

    /// Before anything is done that somebody may look on at.
    pub(super) fn prepare<O: Observer>(&mut self) {
        self.observed = O::LISTENS;
        self.changes.clear();
        self.agenda.forget_fresh();
        self.errands.clear();
    }

    pub(super) fn deliver_records<O: Observer>(&mut self, observer: &mut O) {
        if O::LISTENS {
            observer.take(&mut self.fresh);
        }
    }

    /// Performs what there is to do up to and including this instant, or until there are so many
    /// records that they had better be handed on, or another plan holds: then true.
    // Not one step a call, and not in the observer's crate: here the loop is one function.
    fn advance(&mut self, plan: &Plan, until: Time) -> bool {
        while self.crowd < MOST_AT_AN_INSTANT
            && let Some((at, entry)) = self.agenda.pop_until(until)
        {
            self.perform(plan, at, at, entry);
            if self.fresh.len() >= AT_ONCE || !std::ptr::eq(plan, Arc::as_ptr(&self.plan)) {
                return true;
            }
        }
        false
    }

    /// What was due at an instant is performed at another, not before.
    pub(super) fn perform_late(&mut self, plan: &Plan, at: Time, due: Time, entry: Scheduled) {
        self.perform(plan, at, due, entry);
    }

    // Inlined into the loop, with what happens most often. What repeats itself goes by when it
    // was due: who is late does not come less often.
    #[inline(always)]
    fn perform(&mut self, plan: &Plan, at: Time, due: Time, entry: Scheduled) {
        self.crowd = if at == self.now { self.crowd + 1 } else { 0 };
        self.now = at;
        match entry {
            Scheduled::Leave(message) => self.leave_link(plan, message),
            Scheduled::Vanish(message) => self.drop_message(message, DropReason::Lost),
            Scheduled::Land(message) => self.come_out(plan, message),
            Scheduled::Resume { task, wait } => self.resume(plan, task, wait),
            Scheduled::TimeOut { task, wait } => self.time_out(plan, task, wait),
            Scheduled::PlaceFree { task, wait } => self.place_free(plan, task, wait),
            Scheduled::Arrival(service) => self.arrival(plan, service, due),
            Scheduled::User(service) => self.user_turn(plan, service),
            Scheduled::Timer { instance, handler, incarnation } => {
                self.timer_tick(plan, (instance, handler, incarnation), due);
            }
            Scheduled::TopicTick(topic) => self.topic_tick(plan, topic),
            Scheduled::CommitTick { instance, place, incarnation } => {
                self.commit_tick(plan, instance, place, incarnation);
            }
            Scheduled::TryAgain(message) => self.try_again(plan, message),
            Scheduled::SessionEnds { group, instance, silence } => {
                self.session_ends(plan, group, instance, silence);
            }
            Scheduled::HeardAgain { instance, place, silence } => {
                self.is_heard_again(plan, instance, usize::from(place), silence);
            }
            Scheduled::PollEnds { instance, place, incarnation } => {
                self.poll_ends(plan, instance, usize::from(place), incarnation);
            }
            Scheduled::Reconnect { instance, place, incarnation } => {
                self.reconnect(plan, instance, place, incarnation);
            }
            Scheduled::BatchDue { instance, incarnation, .. } => {
                self.batch_due(plan, instance, incarnation);
            }
            Scheduled::OrderTick { service, place } => {
                self.order_tick(plan, service, usize::from(place));
            }
            Scheduled::Heartbeat { task, lease, topic } => {
                self.heartbeat(plan, task, lease, topic);
            }
            Scheduled::Rebalanced(group) => self.hand_out_group(plan, group),
            Scheduled::FaultBegins(fault) => self.fault_comes(plan, fault),
            Scheduled::Strike(fault) => self.strike(plan, fault),
            Scheduled::FaultEnds(fault) => {
                self.doubt_links();
                self.fault_ends(plan, fault);
                self.see_to_links(plan);
            }
            Scheduled::ProducerTick { instance, place } => {
                self.producer_tick(plan, instance, place);
            }
            Scheduled::Replicated { topic, partition } => self.replicated(plan, topic, partition),
            Scheduled::OutboxTick(outbox) => self.outbox_tick(plan, outbox),
        }
    }

    /// What there is at the first instant.
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.begun = true;
        for (index, fault) in plan.model.faults.iter().enumerate() {
            self.agenda.push(fault.at, Scheduled::FaultBegins(FaultId::from_index(index)));
        }
        for (index, &(service, _)) in plan.model.instances.iter().enumerate() {
            if plan.model.services[service.index()].starts_up {
                self.start_instance(plan, InstanceId::from_index(index));
            }
        }
        for index in 0..plan.model.groups.len() {
            let pause = plan.model.groups[index].initial_rebalance_delay;
            self.rebalance(plan, GroupId::from_index(index), pause);
        }
        for index in 0..plan.model.services.len() {
            self.begin_workload(plan, ServiceId::from_index(index));
        }
    }

    /// Puts a record on the books.
    // Inlined, so that where it is known what happened little is left to be worked out.
    #[inline(always)]
    pub(super) fn note(&mut self, what: What) {
        let [a, b, c, d] = what.words();
        let time = self.now.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.digest = fold(self.digest ^ a ^ time, b ^ 0xa076_1d64_78bd_642f)
            ^ fold(c ^ self.digest.rotate_left(29), d ^ 0xe703_7ed1_a0b4_28db);
        self.record_count += 1;
        if self.observed {
            self.fresh.push(Record { at: self.now, what });
        }
    }
}

/// What is remembered of a subscription: by each instance, or by all together.
pub(super) fn known(consume: &Consume, is_own: bool) -> Option<KnownIds> {
    let Idempotence { window, memory } = consume.strategy.idempotence?;
    ((memory == crate::model::Memory::Volatile) == is_own).then(|| KnownIds::new(window))
}

pub(super) fn receiver(consume: &Consume) -> Receiver {
    Receiver { known: known(consume, false), ..Receiver::default() }
}

/// Both halves of a 128-bit product, folded (as in wyhash): each bit of the result depends on
/// all bits of both.
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    {
        (product as u64) ^ ((product >> 64) as u64)
    }
}

/// Two keys made into one that says as much as both.
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    fold(a ^ 0x9e37_79b9_7f4a_7c15, b ^ 0xd1b5_4a32_d192_ed03).wrapping_add(a.rotate_left(17))
}
