//! Stories: the records of a walk that have to do with one another, each with the copy of an
//! event that it is about. A scribe writes them down, of some events or of all.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::event::MAX_FIELDS;
use crate::model::{
    Event, EventId, EventTypeId, GroupId, InstanceId, LinkId, MessageId, Record, Role, Time,
    TopicId, What,
};
use crate::sim::{Change, World};

use super::moment::Walk;
use super::scene::SceneMessage;

/// A line of a story.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When.
    pub at: Time,
    /// What became so.
    pub what: What,
    /// The event that it has to do with; `None` for what concerns a service or a link as a whole.
    pub about: Option<EventId>,
    /// The copy of it, if it is about one.
    pub copy: Option<Copy>,
    /// At which instance, if at one.
    pub instance: Option<InstanceId>,
}

/// A copy of an event, as it is on a link or waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Which copy of the story, in the order in which they came to be: unlike the places of
    /// messages, no number is given twice.
    pub number: u32,
    /// The place of its message among those that were alive with it.
    pub message: MessageId,
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
    /// When it was said that it will leave its link.
    pub due: Time,
    /// Which attempt, from 1.
    pub attempt: u16,
}

/// What is known of an event, apart from what happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Which.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// When it was made.
    pub at: Time,
    /// What it was made in answer to.
    pub cause: Option<EventId>,
    /// The values of its type's fields, as [`Event::fields`].
    pub fields: [u64; MAX_FIELDS],
}

impl Fact {
    fn of(event: &Event) -> Self {
        let Event { id, event_type, time, cause, fields, .. } = *event;
        Self { event: id, event_type, at: time, cause, fields }
    }
}

/// An event's place in a log.
struct Placement {
    event: EventId,
    topic: TopicId,
    partition: u32,
    offset: u64,
    /// The groups that have done with it.
    done: BTreeSet<GroupId>,
}

/// Writes a story down along a walk.
pub(super) struct Scribe {
    /// The lines so far.
    pub lines: Vec<Line>,
    /// The events of the story, if it is not one of all events; what these lead to is added.
    pub facts: Option<BTreeMap<EventId, Fact>>,
    /// By place: the copies of the story that are, or were, alive.
    copies: Vec<Option<Copy>>,
    placements: Vec<Placement>,
    records: Vec<Record>,
    next: u32,
}

impl Scribe {
    /// A story of these events and all that they lead to.
    pub const fn of(facts: BTreeMap<EventId, Fact>) -> Self {
        Self {
            lines: Vec::new(),
            facts: Some(facts),
            copies: Vec::new(),
            placements: Vec::new(),
            records: Vec::new(),
            next: 0,
        }
    }

    /// A story of all events, from where a walk has come to.
    pub fn of_all(walk: &Walk) -> Self {
        let mut scribe = Self { facts: None, ..Self::of(BTreeMap::new()) };
        for (message, it) in walk.moment().scene.alive() {
            let SceneMessage { event, event_type, role, link, sent, due, attempt, .. } = *it;
            let number = scribe.next;
            scribe.put(
                message,
                Some(Copy { number, message, event, event_type, role, link, sent, due, attempt }),
            );
        }
        scribe
    }

    /// Takes the next step of a walk, unless it is later than `until`; then false.
    pub fn step(&mut self, walk: &mut Walk, until: Time) -> bool {
        self.records.clear();
        let records = &mut self.records;
        if !walk.step(until, |record, _| records.push(*record)) {
            return false;
        }
        let world = &walk.moment().world;
        let mut changes = world.changes().iter().peekable();
        let records = std::mem::take(&mut self.records);
        for (place, record) in records.iter().enumerate() {
            let change = changes.next_if(|it| it.record as usize == place);
            self.enter(record, change, world);
        }
        self.records = records;
        true
    }

    fn is_ours(&self, event: EventId) -> bool {
        self.facts.as_ref().is_none_or(|it| it.contains_key(&event))
    }

    /// Whether an event is of the story; one that an event of the story has led to is from now on.
    fn belongs(&mut self, event: EventId, known: Option<&Event>) -> bool {
        let Some(facts) = &mut self.facts else { return true };
        if facts.contains_key(&event) {
            return true;
        }
        let Some(known) = known.filter(|it| it.id == event) else { return false };
        let is_effect = known.cause.is_some_and(|cause| facts.contains_key(&cause));
        if is_effect {
            facts.insert(event, Fact::of(known));
        }
        is_effect
    }

    fn put(&mut self, message: MessageId, copy: Option<Copy>) {
        if message.index() >= self.copies.len() {
            self.copies.resize(message.index() + 1, None);
        }
        self.copies[message.index()] = copy;
        self.next += u32::from(copy.is_some());
    }

    fn copy(&self, message: MessageId) -> Option<Copy> {
        self.copies.get(message.index()).copied().flatten()
    }

    /// Takes in a record, if it is of the story.
    fn enter(&mut self, record: &Record, change: Option<&Change>, world: &World) {
        match record.what {
            What::Arrived { .. }
            | What::Retried { .. }
            | What::Sent { .. }
            | What::AckForgotten { .. } => self.begin(record, world),
            What::Rescheduled { message, due } => {
                if let Some(Some(copy)) = self.copies.get_mut(message.index()) {
                    copy.due = due;
                }
                self.of_copy(record, message, None);
            }
            What::Appended { message, topic, partition, offset } => {
                self.of_copy(record, message, None);
                if let Some(copy) = self.copy(message)
                    && self.facts.is_some()
                {
                    let (event, done) = (copy.event, BTreeSet::new());
                    self.placements.push(Placement { event, topic, partition, offset, done });
                }
            }
            What::Blocked { message, instance }
            | What::Queued { message, instance }
            | What::Started { message, instance }
            | What::PhaseChanged { message, instance, .. }
            | What::Finished { message, instance, .. }
            | What::Leased { message, instance, .. }
            | What::Skipped { message, instance, .. }
            | What::CallRefused { message, instance, .. } => {
                self.of_copy(record, message, Some(instance));
            }
            What::Received { message }
            | What::Dropped { message, .. }
            | What::Enqueued { message, .. }
            | What::Settled { message, .. } => self.of_copy(record, message, None),
            What::Outboxed { outbox, event, .. } => {
                if self.belongs(event, world.outboxed(outbox, event)) {
                    self.write(record, Some(event), None, None);
                }
            }
            What::Relayed { event, .. } | What::Anomaly { event, .. } if self.is_ours(event) => {
                self.write(record, Some(event), None, None);
            }
            What::Unconfirmed { event, instance, .. } if self.is_ours(event) => {
                self.write(record, Some(event), None, Some(instance));
            }
            What::Stored { .. } => match change {
                Some(it) if self.is_ours(it.event) => {
                    self.write(record, Some(it.event), None, Some(it.instance));
                }
                _ => {}
            },
            What::Up { instance } | What::Down { instance } | What::Breaker { instance, .. } => {
                self.write(record, None, None, Some(instance));
            }
            What::FaultBegan { .. } | What::FaultEnded { .. } | What::Intervened { .. } => {
                self.write(record, None, None, None);
            }
            What::Trimmed { .. }
            | What::Truncated { .. }
            | What::Compacted { .. }
            | What::Committed { .. } => self.of_placements(record, world),
            What::Relayed { .. }
            | What::Anomaly { .. }
            | What::Unconfirmed { .. }
            | What::FellOff { .. }
            | What::CommitRefused { .. }
            | What::Assigned { .. }
            | What::ShouldHold { .. } => {}
        }
    }

    /// A copy came to be.
    fn begin(&mut self, record: &Record, world: &World) {
        let at = record.at;
        let (message, event, event_type, role, link, due, attempt, instance) = match record.what {
            What::Arrived { message, event, event_type, instance } => {
                (message, event, event_type, Role::Arrival, None, at, 1, Some(instance))
            }
            What::Retried { message, event, event_type, link, instance, attempt } => {
                let (role, link) = (Role::Delivery, Some(link));
                (message, event, event_type, role, link, at, attempt, Some(instance))
            }
            What::Sent { message, event, event_type, role, link, due, attempt } => {
                (message, event, event_type, role, Some(link), due, attempt, None)
            }
            What::AckForgotten { message, event, event_type, link, attempt, .. } => {
                (message, event, event_type, Role::Publish, Some(link), at, attempt, None)
            }
            _ => return,
        };
        // Unless its place was taken by another in the same step; then it is known by a later copy.
        let belongs = self.belongs(event, Some(world.event_of(message)));
        let (number, sent) = (self.next, at);
        let copy = Copy { number, message, event, event_type, role, link, sent, due, attempt };
        self.put(message, belongs.then_some(copy));
        if belongs {
            self.write(record, Some(event), Some(copy), instance);
        }
    }

    fn of_copy(&mut self, record: &Record, message: MessageId, instance: Option<InstanceId>) {
        if let Some(copy) = self.copy(message) {
            self.write(record, Some(copy.event), Some(copy), instance);
        }
    }

    /// Takes in what happened to the events of a partition.
    fn of_placements(&mut self, record: &Record, world: &World) {
        if self.placements.is_empty() {
            return;
        }
        let mut placements = std::mem::take(&mut self.placements);
        placements.retain_mut(|it| {
            let here =
                |topic: TopicId, partition: u32| (topic, partition) == (it.topic, it.partition);
            let is_gone = match record.what {
                What::Trimmed { topic, partition, start } => {
                    here(topic, partition) && it.offset < start
                }
                What::Truncated { topic, partition, end } => {
                    here(topic, partition) && it.offset >= end
                }
                What::Compacted { topic, partition, offset } => {
                    here(topic, partition) && it.offset == offset
                }
                _ => false,
            };
            let is_done = match record.what {
                What::Committed { group, partition, offset } => {
                    let topic = world.model().groups[group.index()].topic;
                    here(topic, partition) && it.offset < offset && it.done.insert(group)
                }
                _ => false,
            };
            if is_gone || is_done {
                self.write(record, Some(it.event), None, None);
            }
            !is_gone
        });
        self.placements = placements;
    }

    fn write(
        &mut self,
        record: &Record,
        about: Option<EventId>,
        copy: Option<Copy>,
        instance: Option<InstanceId>,
    ) {
        let Record { at, what } = *record;
        self.lines.push(Line { at, what, about, copy, instance });
    }
}

/// What a record says of an event that it names, as far as the world knows it after the step.
pub(super) fn fact_in(record: &Record, event: EventId, world: &World) -> Option<Fact> {
    let (message, event_type) = match record.what {
        What::Arrived { message, event: it, event_type, .. }
        | What::Sent { message, event: it, event_type, .. }
            if it == event =>
        {
            (message, event_type)
        }
        What::Outboxed { outbox, event: it, .. } if it == event => {
            return world.outboxed(outbox, event).map(Fact::of);
        }
        _ => return None,
    };
    let known = world.event_of(message);
    let unknown = Fact { event, event_type, at: record.at, cause: None, fields: [0; MAX_FIELDS] };
    Some(if known.id == event { Fact::of(known) } else { unknown })
}
