//! The scene: what can be seen of a run at an instant. It is the fold of the records so far,
//! and [`Scene::apply`] is the only function that changes it.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{
    BreakerId, BreakerState, CopyRef, DropReason, EventId, EventTypeId, FaultId, Guard, InstanceId,
    LinkId, MessageId, Model, Outcome, Phase, Record, Role, Settlement, StoreId, StoreKind, Time,
    TopicId, TopicKind, Value, What,
};

/// How many events at a topic's end a scene remembers, per partition or queue.
pub(super) const TAIL_EVENTS: usize = 24;

/// How many messages that have left their links a scene remembers, so that short flights leave
/// a trace and lost ones a cross.
pub(super) const GONE_MESSAGES: usize = 160;

/// What can be seen of a run at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The instant of the last record.
    pub at: Time,
    /// The last instant with a record before that; `None` if there is none.
    pub previous: Option<Time>,
    /// How many records there were.
    pub records: u64,
    /// Messages alive, by [`MessageId`].
    pub messages: Vec<Option<SceneMessage>>,
    /// Instances, by [`InstanceId`].
    pub instances: Vec<InstanceScene>,
    /// Topics, by [`TopicId`].
    pub topics: Vec<TopicScene>,
    /// Groups, by [`GroupId`](crate::model::GroupId): per partition the committed offset and
    /// the reader.
    pub groups: Vec<Vec<ReadingScene>>,
    /// The values that cards show, in the order of the model's presentation, before they are
    /// divided.
    pub shown: Vec<f64>,
    /// Circuit breakers of instances that are not closed.
    pub breakers: BTreeMap<(InstanceId, BreakerId), BreakerState>,
    /// What they should be, where that is known: likewise.
    pub should: Vec<f64>,
    /// By [`StoreId`]: how many anomalies there were.
    pub anomalies: Vec<u64>,
    /// How many events wait in each outbox, by [`OutboxId`](crate::model::OutboxId).
    pub outboxes: Vec<u64>,
    /// Which scheduled faults are on.
    pub faults: Vec<bool>,
    /// Messages that left their links lately, the oldest first.
    pub gone: VecDeque<Gone>,
    /// What the stores that are shown hold.
    cells: BTreeMap<(u16, u64), u64>,
    /// What they should hold.
    should_cells: BTreeMap<(u16, u64), u64>,
}

/// A message that is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SceneMessage {
    /// What it carries, or is about.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// What it is for.
    pub role: Role,
    /// The link it is on, or came by; `None` for an arrival.
    pub link: Option<LinkId>,
    /// When it was sent.
    pub sent: Time,
    /// When it leaves its link; [`Time::MAX`] while it is held.
    pub due: Time,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// Where it is.
    pub place: Place,
}

impl SceneMessage {
    /// How it is named, if it is the first of its kind.
    #[must_use]
    pub const fn copy_ref(&self) -> CopyRef {
        let Self { event, event_type, role, link, attempt, .. } = *self;
        CopyRef { event, event_type, role, link, attempt, number: 0 }
    }
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On its link.
    Link,
    /// Outside a full inbound queue.
    Blocked(InstanceId),
    /// In an inbound queue.
    Queued(InstanceId),
    /// In the hands of a worker.
    Hands(InstanceId, Phase),
    /// Waiting in a queue topic.
    Waiting(TopicId),
    /// Handed out by a queue topic, and not settled.
    Leased(TopicId),
}

/// An instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstanceScene {
    /// Whether it runs.
    pub up: bool,
    /// Since when it runs, or does not.
    pub since: Time,
    /// Workers that work.
    pub working: u32,
    /// Workers that wait for an answer.
    pub calling: u32,
    /// Workers that let time pass, or wait to be told.
    pub waiting: u32,
    /// Messages in its inbound queue.
    pub queued: u32,
    /// Messages outside it.
    pub blocked: u32,
    /// Handlers that came to their end as intended.
    pub done: u64,
    /// Handlers that failed.
    pub failed: u64,
    /// Messages that it refused, or lost.
    pub lost: u64,
    /// Publishes whose confirm it has stopped waiting for.
    pub unconfirmed: u64,
    /// Circuit breakers that are not closed.
    pub open_breakers: u32,
    /// Calls that it did not make, by what kept it from them ([`Guard::ALL`]).
    pub calls_refused: [u64; Guard::ALL.len()],
}

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub enum TopicScene {
    /// A log's partitions.
    Log(Vec<PartitionScene>),
    /// A queue.
    Queue(QueueScene),
}

/// A partition of a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionScene {
    /// The oldest offset that is kept.
    pub start: u64,
    /// The offset of the next event.
    pub end: u64,
    /// The last events that are there, the oldest first.
    pub tail: VecDeque<TailEvent>,
}

/// An event near the end of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TailEvent {
    /// Where in the partition.
    pub offset: u64,
    /// Which.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
}

/// A queue topic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueScene {
    /// Messages that wait.
    pub waiting: u32,
    /// Messages handed out and not settled.
    pub leased: u32,
    /// Messages acked so far.
    pub acked: u64,
    /// Messages sent to the dead letters so far.
    pub dead: u64,
}

/// A partition as a group reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadingScene {
    /// The next offset to be read, as committed.
    pub committed: u64,
    /// How many events were deleted before they could be read.
    pub fell_off: u64,
    /// How many commits were refused.
    pub refused: u64,
    /// Who reads it.
    pub reader: Option<InstanceId>,
}

/// A message that has left its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// What it was.
    pub message: SceneMessage,
    /// When it left.
    pub at: Time,
    /// Why it was lost, if it was.
    pub lost: Option<DropReason>,
}

impl Scene {
    /// The scene before the first record.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let topics = model
            .topics
            .iter()
            .map(|topic| match &topic.kind {
                TopicKind::Log(log) => {
                    TopicScene::Log(vec![PartitionScene::default(); log.partitions as usize])
                }
                TopicKind::Queue(_) => TopicScene::Queue(QueueScene::default()),
            })
            .collect();
        let groups = model
            .groups
            .iter()
            .map(|group| match &model.topics[group.topic.index()].kind {
                TopicKind::Log(log) => vec![ReadingScene::default(); log.partitions as usize],
                TopicKind::Queue(_) => Vec::new(),
            })
            .collect();
        Self {
            at: Time::ZERO,
            previous: None,
            records: 0,
            messages: Vec::new(),
            instances: vec![InstanceScene::default(); model.instances.len()],
            topics,
            groups,
            shown: vec![0.0; model.presentation.shown.len()],
            breakers: BTreeMap::new(),
            should: vec![0.0; model.presentation.shown.len()],
            anomalies: vec![0; model.stores.len()],
            outboxes: vec![0; model.outboxes.len()],
            faults: vec![false; model.faults.len()],
            gone: VecDeque::with_capacity(GONE_MESSAGES),
            cells: BTreeMap::new(),
            should_cells: BTreeMap::new(),
        }
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let tails: usize = self
            .topics
            .iter()
            .map(|topic| match topic {
                TopicScene::Log(partitions) => {
                    partitions.len()
                        * (size_of::<PartitionScene>() + TAIL_EVENTS * size_of::<TailEvent>())
                }
                TopicScene::Queue(_) => 0,
            })
            .sum();
        let readings: usize = self.groups.iter().map(|it| size_of_val(it.as_slice())).sum();
        size_of::<Self>()
            + size_of_val(self.messages.as_slice())
            + size_of_val(self.instances.as_slice())
            + self.gone.capacity() * size_of::<Gone>()
            + (self.cells.len() + self.should_cells.len()) * 40
            + tails
            + readings
    }

    /// A message that is alive.
    #[must_use]
    pub fn message(&self, id: MessageId) -> Option<&SceneMessage> {
        self.messages.get(id.index())?.as_ref()
    }

    /// The messages alive, with their ids.
    pub fn alive(&self) -> impl Iterator<Item = (MessageId, &SceneMessage)> {
        self.messages
            .iter()
            .enumerate()
            .filter_map(|(index, it)| Some((MessageId::from_index(index), it.as_ref()?)))
    }

    /// How a message that is alive is named as a copy of its event.
    #[must_use]
    pub fn copy_ref(&self, id: MessageId) -> Option<CopyRef> {
        let it = self.message(id)?.copy_ref();
        let before = self.alive().take_while(|(other, _)| *other != id);
        let same = before.filter(|(_, other)| other.copy_ref() == it).count();
        Some(CopyRef { number: u16::try_from(same).unwrap_or(u16::MAX), ..it })
    }

    /// How many messages are on links.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.alive().filter(|(_, it)| it.place == Place::Link).count()
    }

    /// Takes the next record in.
    pub fn apply(&mut self, record: &Record, model: &Model) {
        let at = record.at;
        if at > self.at && self.records > 0 {
            self.previous = Some(self.at);
        }
        self.at = at;
        self.records += 1;
        match record.what {
            What::Arrived { .. }
            | What::Retried { .. }
            | What::Sent { .. }
            | What::AckForgotten { .. } => self.come_to_be(record),
            What::Rescheduled { message, due } => {
                if let Some(Some(it)) = self.messages.get_mut(message.index()) {
                    if it.due == Time::MAX {
                        it.sent = at;
                    }
                    it.due = due;
                }
            }
            What::Blocked { message, instance } => {
                self.move_to(message, Place::Blocked(instance), at);
            }
            What::Queued { message, instance } => {
                self.move_to(message, Place::Queued(instance), at);
            }
            What::Started { message, instance } => {
                self.move_to(message, Place::Hands(instance, Phase::Working), at);
            }
            What::PhaseChanged { message, instance, phase } => {
                self.move_to(message, Place::Hands(instance, phase), at);
            }
            What::Finished { message, instance, outcome } => {
                let state = &mut self.instances[instance.index()];
                if matches!(outcome, Outcome::Done | Outcome::Remembered) {
                    state.done += 1;
                } else {
                    state.failed += 1;
                }
                self.end(message, at, None);
            }
            What::Received { message } => self.end(message, at, None),
            What::Dropped { message, reason } => self.lose(message, at, reason),
            What::Appended { .. }
            | What::Trimmed { .. }
            | What::Truncated { .. }
            | What::Compacted { .. }
            | What::FellOff { .. }
            | What::Committed { .. }
            | What::CommitRefused { .. }
            | What::Assigned { .. } => self.apply_to_log(record),
            What::Unconfirmed { .. } | What::Outboxed { .. } | What::Relayed { .. } => {
                self.apply_to_producer(record.what);
            }
            What::Enqueued { message, topic } => self.move_to(message, Place::Waiting(topic), at),
            What::Leased { message, topic, .. } => {
                self.move_to(message, Place::Leased(topic), at);
            }
            What::Settled { message, topic, how } => self.settle(message, topic, how, at, model),
            What::Up { instance } | What::Down { instance } => {
                // One that was added while the run went on is behind the others.
                if instance.index() >= self.instances.len() {
                    self.instances.resize(instance.index() + 1, InstanceScene::default());
                }
                let state = &mut self.instances[instance.index()];
                state.up = matches!(record.what, What::Up { .. });
                state.since = at;
            }
            What::Stored { store, key, value } => self.store(store, key, value, model),
            What::ShouldHold { store, key, value } => self.should_hold(store, key, value, model),
            What::Anomaly { store, .. } => self.anomalies[store.index()] += 1,
            What::Skipped { message, .. } => self.end(message, at, None),
            What::Breaker { breaker, instance, state } => self.breaker(instance, breaker, state),
            What::CallRefused { instance, by, .. } => {
                self.instances[instance.index()].calls_refused[by as usize] += 1;
            }
            What::FaultBegan { fault } => self.fault(fault, true),
            What::FaultEnded { fault } => self.fault(fault, false),
            What::Intervened { .. } => {}
        }
    }

    /// Takes in a message that was not there before.
    fn come_to_be(&mut self, record: &Record) {
        let at = record.at;
        match record.what {
            What::Arrived { message, event, event_type, instance } => {
                self.put(
                    message,
                    SceneMessage {
                        event,
                        event_type,
                        role: Role::Arrival,
                        link: None,
                        sent: at,
                        due: at,
                        attempt: 1,
                        place: Place::Queued(instance),
                    },
                );
                self.instances[instance.index()].queued += 1;
            }
            What::Retried { message, event, event_type, link, instance, attempt } => {
                let (role, link, place) = (Role::Delivery, Some(link), Place::Queued(instance));
                let (sent, due) = (at, at);
                self.put(
                    message,
                    SceneMessage { event, event_type, role, link, sent, due, attempt, place },
                );
                self.count(place, 1);
            }
            What::Sent { message, event, event_type, role, link, due, attempt } => self.put(
                message,
                SceneMessage {
                    event,
                    event_type,
                    role,
                    link: Some(link),
                    sent: at,
                    due,
                    attempt,
                    place: Place::Link,
                },
            ),
            What::AckForgotten { message, event, event_type, link, attempt, topic } => {
                let (role, place) = (Role::Publish, Place::Waiting(topic));
                let (sent, due, link) = (at, at, Some(link));
                self.put(
                    message,
                    SceneMessage { event, event_type, role, link, sent, due, attempt, place },
                );
                self.count(place, 1);
                if let TopicScene::Queue(queue) = &mut self.topics[topic.index()] {
                    queue.acked = queue.acked.saturating_sub(1);
                }
            }
            _ => {}
        }
    }

    /// Takes in what happened to a log or its groups.
    fn apply_to_log(&mut self, record: &Record) {
        match record.what {
            What::Appended { message, topic, partition, offset } => {
                self.append(message, topic, partition, offset);
                self.end(message, record.at, None);
            }
            What::Trimmed { topic, partition, start } => {
                if let Some(it) = self.partition(topic, partition) {
                    it.start = start;
                    it.tail.retain(|it| it.offset >= start);
                }
            }
            What::Truncated { topic, partition, end } => {
                if let Some(it) = self.partition(topic, partition) {
                    it.end = end;
                    it.tail.retain(|it| it.offset < end);
                }
            }
            What::Compacted { topic, partition, offset } => {
                if let Some(it) = self.partition(topic, partition) {
                    it.tail.retain(|it| it.offset != offset);
                }
            }
            What::FellOff { group, partition, events } => {
                self.groups[group.index()][partition as usize].fell_off += events;
            }
            What::Committed { group, partition, offset } => {
                self.groups[group.index()][partition as usize].committed = offset;
            }
            What::CommitRefused { group, partition, .. } => {
                self.groups[group.index()][partition as usize].refused += 1;
            }
            What::Assigned { group, partition, instance } => {
                self.groups[group.index()][partition as usize].reader = instance;
            }
            _ => {}
        }
    }

    /// A fault came or went; those that a person brought about are behind the scheduled ones.
    fn fault(&mut self, fault: FaultId, is_on: bool) {
        if fault.index() >= self.faults.len() {
            self.faults.resize(fault.index() + 1, false);
        }
        self.faults[fault.index()] = is_on;
    }

    fn breaker(&mut self, instance: InstanceId, breaker: BreakerId, state: BreakerState) {
        let was_open = self.breakers.remove(&(instance, breaker)).is_some();
        let is_open = state != BreakerState::Closed;
        if is_open {
            self.breakers.insert((instance, breaker), state);
        }
        let open = &mut self.instances[instance.index()].open_breakers;
        *open = *open + u32::from(is_open) - u32::from(was_open);
    }

    /// Takes in what happened to what is published, apart from its messages.
    fn apply_to_producer(&mut self, what: What) {
        match what {
            What::Unconfirmed { instance, .. } => {
                self.instances[instance.index()].unconfirmed += 1;
            }
            What::Outboxed { outbox, .. } => self.outboxes[outbox.index()] += 1,
            What::Relayed { outbox, .. } => self.outboxes[outbox.index()] -= 1,
            _ => {}
        }
    }

    fn lose(&mut self, id: MessageId, at: Time, reason: DropReason) {
        if let Some(Some(it)) = self.messages.get(id.index())
            && let Some(instance) = it.place.instance()
        {
            self.instances[instance.index()].lost += 1;
        }
        self.end(id, at, Some(reason));
    }

    fn put(&mut self, id: MessageId, message: SceneMessage) {
        if id.index() >= self.messages.len() {
            self.messages.resize(id.index() + 1, None);
        }
        self.messages[id.index()] = Some(message);
    }

    /// Counts a place up or down.
    fn count(&mut self, place: Place, by: i32) {
        let add = |level: &mut u32| *level = level.saturating_add_signed(by);
        match place {
            Place::Link => {}
            Place::Blocked(it) => add(&mut self.instances[it.index()].blocked),
            Place::Queued(it) => add(&mut self.instances[it.index()].queued),
            Place::Hands(it, phase) => {
                let state = &mut self.instances[it.index()];
                add(match phase {
                    Phase::Working => &mut state.working,
                    Phase::Calling => &mut state.calling,
                    Phase::Waiting => &mut state.waiting,
                });
            }
            Place::Waiting(topic) | Place::Leased(topic) => {
                if let TopicScene::Queue(queue) = &mut self.topics[topic.index()] {
                    let is_waiting = matches!(place, Place::Waiting(_));
                    add(if is_waiting { &mut queue.waiting } else { &mut queue.leased });
                }
            }
        }
    }

    fn move_to(&mut self, id: MessageId, place: Place, at: Time) {
        let Some(Some(message)) = self.messages.get_mut(id.index()) else { return };
        let before = *message;
        message.place = place;
        if before.place == Place::Link {
            self.leave(before, at, None);
        }
        self.count(before.place, -1);
        self.count(place, 1);
    }

    fn end(&mut self, id: MessageId, at: Time, lost: Option<DropReason>) {
        let Some(message) = self.messages.get_mut(id.index()).and_then(Option::take) else {
            return;
        };
        if message.place == Place::Link {
            self.leave(message, at, lost);
        }
        self.count(message.place, -1);
    }

    fn leave(&mut self, message: SceneMessage, at: Time, lost: Option<DropReason>) {
        if self.gone.len() == GONE_MESSAGES {
            self.gone.pop_front();
        }
        self.gone.push_back(Gone { message, at, lost });
    }

    fn partition(&mut self, topic: TopicId, partition: u32) -> Option<&mut PartitionScene> {
        match &mut self.topics[topic.index()] {
            TopicScene::Log(partitions) => partitions.get_mut(partition as usize),
            TopicScene::Queue(_) => None,
        }
    }

    fn append(&mut self, message: MessageId, topic: TopicId, partition: u32, offset: u64) {
        let Some(&it) = self.message(message) else { return };
        let Some(partition) = self.partition(topic, partition) else { return };
        partition.end = offset + 1;
        if partition.tail.len() == TAIL_EVENTS {
            partition.tail.pop_front();
        }
        let SceneMessage { event, event_type, .. } = it;
        partition.tail.push_back(TailEvent { offset, event, event_type });
    }

    fn settle(&mut self, id: MessageId, topic: TopicId, how: Settlement, at: Time, model: &Model) {
        if how == Settlement::Requeued {
            self.move_to(id, Place::Waiting(topic), at);
            return;
        }
        let goes_on = matches!(
            &model.topics[topic.index()].kind,
            TopicKind::Queue(queue) if queue.dead_letters.is_some()
        );
        if let TopicScene::Queue(queue) = &mut self.topics[topic.index()] {
            match how {
                Settlement::Acked => queue.acked += 1,
                _ => queue.dead += 1,
            }
        }
        // A dead letter that has a queue to go to enters it with the next record.
        if how == Settlement::Acked || !goes_on {
            self.end(id, at, None);
        }
    }

    fn store(&mut self, store: StoreId, key: u64, value: u64, model: &Model) {
        show(&mut self.shown, &mut self.cells, (store, key, value), model);
    }

    fn should_hold(&mut self, store: StoreId, key: u64, value: u64, model: &Model) {
        show(&mut self.should, &mut self.should_cells, (store, key, value), model);
    }
}

/// Takes the new value under a key of a store into what is shown.
fn show(
    sums: &mut [f64],
    cells: &mut BTreeMap<(u16, u64), u64>,
    (store, key, value): (StoreId, u64, u64),
    model: &Model,
) {
    let shown = &model.presentation.shown;
    if !shown.iter().any(|it| it.store == store) {
        return;
    }
    let kind = model.stores[store.index()].value;
    #[expect(clippy::cast_precision_loss, reason = "a number for people")]
    let number = |bits: u64| match model.stores[store.index()].kind {
        StoreKind::Set => f64::from(u8::from(bits != 0)),
        // Of a log it is told how long it is.
        StoreKind::Log => bits as f64,
        _ => Value::from_bits(kind, bits).as_f64(),
    };
    let before = cells.insert((store.0, key), value).map_or(0.0, number);
    let change = number(value) - before;
    for (sum, it) in sums.iter_mut().zip(shown) {
        if it.store == store && it.key.is_none_or(|it| it.to_bits() == key) {
            *sum += change;
        }
    }
}

impl Place {
    /// The instance it is at, if it is at one.
    #[must_use]
    pub const fn instance(self) -> Option<InstanceId> {
        match self {
            Self::Blocked(it) | Self::Queued(it) | Self::Hands(it, _) => Some(it),
            Self::Link | Self::Waiting(_) | Self::Leased(_) => None,
        }
    }
}
