//! Queue topics whose broker is another program: what the world hands to it, and what it says (for
//! logs: `mirror`).
//!
//! The world decides nothing here. What is published is handed over, and is in the queue when
//! the broker says so; who gets a message, how often and when, is what the broker does; an ack
//! that reaches the topic is handed over, and counts when the broker has confirmed it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::broker::log::Log;
use crate::engine::broker::queue::{Queue, Ticket};
use crate::model::{
    AckTiming, AnomalyKind, DropReason, Event, GroupId, InstanceId, LinkId, MessageId, Node,
    OnFailure, Role, Settlement, Span, TopicId, TopicKind, What,
};

use super::crossing::Traveller;
use super::input::Happening;
use super::message::{Message, Token};
use super::mirror::Mirror;
use super::plan::Plan;
use super::world::{Broker, World};

/// A topic whose broker is another program.
#[derive(Clone, Debug, Default)]
pub struct Remote {
    /// What is in the queue, by the broker's number of it.
    entries: BTreeMap<u64, Entry>,
    /// What was handed over and is not heard of.
    pub(super) publishing: BTreeSet<MessageId>,
    /// Deliveries that take up a consumer's room.
    held: BTreeMap<u32, InstanceId>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    message: MessageId,
    /// Whether somebody has it.
    leased: bool,
    /// Its first delivery, if there was one. What is said of an earlier one of the same number is
    /// about an entry that the broker has lost.
    first: Option<u32>,
}

impl Entry {
    const fn new(message: MessageId) -> Self {
        Self { message, leased: false, first: None }
    }
}

/// What is to be done at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Publish what this message carries.
    Publish {
        /// Where.
        topic: TopicId,
        /// The message.
        message: MessageId,
    },
    /// Say what became of a delivery.
    Settle {
        /// Where.
        topic: TopicId,
        /// The entry.
        entry: u64,
        /// Which delivery.
        lease: u32,
        /// What.
        verdict: Verdict,
    },
    /// A consumer comes.
    Attach {
        /// Where.
        topic: TopicId,
        /// Who.
        instance: InstanceId,
        /// How many deliveries it has room for.
        prefetch: u32,
    },
    /// A consumer is gone.
    Detach {
        /// Where.
        topic: TopicId,
        /// Who.
        instance: InstanceId,
    },
    /// A consumer has room for one delivery more.
    Room {
        /// Where.
        topic: TopicId,
        /// Who.
        instance: InstanceId,
    },
    /// An entry is to be no more, since it was made a dead letter here.
    Delete {
        /// Where.
        topic: TopicId,
        /// The entry.
        entry: u64,
    },
    /// A message goes to another process that shares the run.
    Carry(Box<Traveller>),
    /// A consumer has room for more deliveries, or for fewer.
    Prefetch {
        /// Where.
        topic: TopicId,
        /// Who.
        instance: InstanceId,
        /// By how many.
        more: i64,
    },
    /// A topic is set otherwise, as the model has it now.
    Tune {
        /// Which.
        topic: TopicId,
    },
    /// All that a topic holds is to be deleted.
    Purge {
        /// Which.
        topic: TopicId,
    },
    /// Nothing of a topic is taken from now on, or it is again.
    Hold {
        /// Which.
        topic: TopicId,
        /// Whether nothing is.
        hold: bool,
    },
    /// Append to a log what this message carries.
    Append {
        /// Where.
        topic: TopicId,
        /// To which of its partitions.
        partition: u32,
        /// The message.
        message: MessageId,
        /// What it is known again by, if its producer wants that.
        number: Option<Numbered>,
    },
    /// A partition of a log is read from now on, or is not any more.
    Read {
        /// Where.
        topic: TopicId,
        /// By which group.
        group: GroupId,
        /// Which partition.
        partition: u32,
        /// By whom, and from where on.
        seat: Option<Seat>,
    },
    /// A reader of logs has room for so many entries more, by this connection.
    Grant {
        /// Of which group.
        group: GroupId,
        /// Who.
        instance: InstanceId,
        /// By which of its connections; a new one has none before.
        session: u32,
        /// How many.
        more: u32,
    },
    /// A group has done what a partition has up to an entry.
    Commit {
        /// Where.
        topic: TopicId,
        /// Which group.
        group: GroupId,
        /// Which partition.
        partition: u32,
        /// In which epoch of its reading.
        epoch: u32,
        /// The entry.
        entry: u64,
    },
}

/// What an idempotent producer numbers what it publishes to a partition by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Whose producer.
    pub instance: InstanceId,
    /// Which of its lives.
    pub incarnation: u32,
    /// The epoch that the sequence counts in.
    pub epoch: u16,
    /// The place among what it publishes to the partition.
    pub sequence: u32,
}

/// Who reads a partition of a log, and from where on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub instance: InstanceId,
    /// By which of its connections.
    pub session: u32,
    /// What the reading is called by: another one has another.
    pub epoch: u32,
    /// The last entry that the group has committed; 0 for none.
    pub after: u64,
    /// The last entry that the reader has had; 0 for none. It is sent what comes after.
    pub had: u64,
}

/// What a consumer says of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Ack,
    /// It is to be delivered again, after this time.
    Nack(Span),
    /// It is not to be delivered again.
    Reject,
    /// It is being worked on: the lease begins anew.
    Progress,
}

impl Remote {
    /// Messages that wait, and that somebody has.
    pub fn counts(&self) -> (u64, u64) {
        let leased = self.entries.values().filter(|it| it.leased).count() as u64;
        ((self.entries.len() + self.publishing.len()) as u64 - leased, leased)
    }

    /// Every message that the topic has.
    pub fn messages(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.entries.values().map(|it| it.message).chain(self.publishing.iter().copied())
    }

    /// Whether a delivery was of another entry, that had the number before.
    fn is_of_another(&self, ticket: Ticket) -> bool {
        let now = self.entries.get(&entry_of(ticket));
        now.is_some_and(|it| it.first.is_none_or(|first| ticket.lease() < first))
    }

    /// About how much memory it takes, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.entries.len() * 40 + self.publishing.len() * 16 + self.held.len() * 24
    }
}

/// What a delivery's ack is to refer to. Its place in a table is none of a queue of ours.
const fn ticket(entry: u64, lease: u32) -> Ticket {
    Ticket::of_words([u32::MAX as u64, lease as u64, entry])
}

const fn entry_of(ticket: Ticket) -> u64 {
    ticket.words()[2]
}

impl World {
    /// From before it begins: its queue topics, and its logs if they are too, are with a broker
    /// that is another program.
    pub(super) fn with_remote_topics(&mut self, are_logs: bool) {
        let model = &self.plan.model;
        for (state, topic) in self.topics.iter_mut().zip(&model.topics) {
            match &topic.kind {
                TopicKind::Queue(_) => state.remote = Some(Box::default()),
                TopicKind::Log(settings) if are_logs => {
                    let log = Log::new(Mirror::log(settings), &model.event_types);
                    state.broker = Broker::Log(Box::new(log));
                    state.mirror = Some(Box::new(Mirror::new(settings.partitions)));
                }
                TopicKind::Log(_) => {}
            }
        }
    }

    /// Tells of what is to be done at the broker since this was last asked, or since the last
    /// input.
    pub fn take_errands(&mut self, tell: impl FnMut(Errand)) {
        self.errands.drain(..).for_each(tell);
    }

    /// Whether this message was handed to the broker of a topic, and is not heard of.
    #[must_use]
    pub fn is_publishing(&self, topic: TopicId, message: MessageId) -> bool {
        let state = self.topics.get(topic.index()).and_then(|it| it.remote.as_ref());
        state.is_some_and(|it| it.publishing.contains(&message))
    }

    /// Whether a broker that is another program has an entry that is not settled here.
    #[must_use]
    pub fn has_entry(&self, topic: TopicId, entry: u64) -> bool {
        let state = self.topics.get(topic.index()).and_then(|it| it.remote.as_ref());
        state.is_some_and(|it| it.entries.contains_key(&entry))
    }

    pub(super) fn is_remote(&self, topic: TopicId) -> bool {
        self.topics[topic.index()].remote.is_some()
    }

    /// A message has come to its topic.
    pub(super) fn reach_remote(&mut self, plan: &Plan, topic: TopicId, id: MessageId) {
        let &Message { role, from, token, .. } = self.messages.get(id);
        if role == Role::Publish {
            return self.hand_over(topic, id);
        }
        self.received(id);
        let Token::Ticket(ticket) = token else { return };
        let consume = plan.subscription(plan.service_of(from), topic);
        let Some((_, consume)) = consume else { return };
        let verdict = match (role, consume.in_the_end()) {
            (Role::Ack, _) => Verdict::Ack,
            (Role::Progress, _) => Verdict::Progress,
            (_, OnFailure::GiveUp | OnFailure::LetExpire) => Verdict::Reject,
            (_, OnFailure::Retry(after)) => Verdict::Nack(after),
        };
        self.settle_remotely(plan, topic, ticket, verdict);
    }

    fn settle_remotely(&mut self, plan: &Plan, topic: TopicId, ticket: Ticket, verdict: Verdict) {
        let (entry, lease) = (entry_of(ticket), ticket.lease());
        if self.remote(topic).is_some_and(|it| it.is_of_another(ticket)) {
            return self.let_go_remotely(topic, ticket);
        }
        self.errands.push(Errand::Settle { topic, entry, lease, verdict });
        if verdict != Verdict::Progress {
            self.let_go_remotely(topic, ticket);
        }
        let Some(remote) = &mut self.topics[topic.index()].remote else { return };
        match verdict {
            Verdict::Reject => {
                if let Some(Entry { message, .. }) = remote.entries.remove(&entry) {
                    self.dead_letter(plan, topic, message, Settlement::Rejected);
                }
            }
            Verdict::Nack(_) => {
                if let Some(it) = remote.entries.get_mut(&entry).filter(|it| it.leased) {
                    it.leased = false;
                    let message = it.message;
                    self.note(What::Settled { message, topic, how: Settlement::Requeued });
                }
            }
            Verdict::Ack | Verdict::Progress => {}
        }
    }

    /// A message is given to the broker to be published.
    pub(super) fn hand_over(&mut self, topic: TopicId, message: MessageId) {
        if let Some(remote) = &mut self.topics[topic.index()].remote {
            remote.publishing.insert(message);
            self.errands.push(Errand::Publish { topic, message });
        }
    }

    /// A delivery takes up its consumer's room no more.
    pub(super) fn let_go_remotely(&mut self, topic: TopicId, ticket: Ticket) {
        if let Some(remote) = &mut self.topics[topic.index()].remote
            && let Some(instance) = remote.held.remove(&ticket.lease())
        {
            self.errands.push(Errand::Room { topic, instance });
        }
    }

    /// A consumer comes to a topic, or is gone.
    pub(super) fn attach_remotely(
        &mut self,
        topic: TopicId,
        instance: InstanceId,
        prefetch: Option<u32>,
    ) {
        let Some(remote) = &mut self.topics[topic.index()].remote else { return };
        self.errands.push(match prefetch {
            Some(prefetch) => Errand::Attach { topic, instance, prefetch },
            None => Errand::Detach { topic, instance },
        });
        if prefetch.is_none() {
            remote.held.retain(|_, holder| *holder != instance);
        }
    }

    /// The broker has said something. False if it is about nothing that is here.
    pub(super) fn hear_of(&mut self, plan: &Plan, what: &Happening) -> bool {
        match *what {
            Happening::Stored { topic, message, entry } => self.stored(plan, topic, message, entry),
            Happening::Declined { topic, message, duplicate } => {
                self.declined(plan, topic, message, duplicate)
            }
            Happening::Known { topic, entry, ref event } => self.known(topic, entry, event),
            Happening::Handed { topic, message, .. } => self.handed(plan, topic, message),
            Happening::Appeared { topic, entry, origin, ref event } => {
                self.appeared(plan, topic, entry, origin.link, event)
            }
            Happening::Entered { topic, partition, message, entry } => {
                let publish = if self.is_mirrored(topic) {
                    self.append_unanswered(plan, topic, (partition, entry), message)
                } else {
                    let is_new = self.entered(plan, topic, message, entry);
                    is_new.then(|| *self.messages.get(message))
                };
                let Some(publish) = publish else { return false };
                self.unanswered.insert((topic, entry), publish);
                true
            }
            Happening::Confirmed { topic, entry } => {
                let publish = self.unanswered.remove(&(topic, entry));
                let Some(publish) = publish else { return false };
                self.answer_stored(plan, topic, &publish);
                true
            }
            Happening::Delivered { topic, to, delivery, lease, entry } => {
                self.delivered(plan, topic, to, delivery, (entry, lease))
            }
            Happening::Settled { topic, entry } => {
                let Some(it) = self.take_entry(topic, entry) else { return false };
                self.topics[topic.index()].acked += 1;
                let message = it.message;
                self.note(What::Settled { message, topic, how: Settlement::Acked });
                self.end_message(message);
                true
            }
            Happening::Died { topic, entry } => {
                let Some(it) = self.take_entry(topic, entry) else { return false };
                self.errands.push(Errand::Delete { topic, entry });
                self.dead_letter(plan, topic, it.message, Settlement::TooOften);
                true
            }
            Happening::Purged { topic, entry } => self.purged(topic, entry),
            Happening::Appended { topic, partition, message, entry } => {
                self.appended(plan, topic, (partition, entry), message)
            }
            Happening::Found { topic, partition, entry, origin, ref event } => {
                self.found(plan, topic, (partition, entry), origin, event)
            }
            Happening::Fetched { group, partition, epoch, entry } => {
                self.fetched(plan, (group, partition, epoch), entry)
            }
            Happening::Recalled { group, partition, entry, ref event } => {
                self.recalled(plan, (group, partition), entry, event)
            }
            Happening::Committed { group, partition, epoch, entry } => {
                self.committed(plan, (group, partition, epoch), entry)
            }
            Happening::Resumed { group, partition, epoch, entry } => {
                self.resumed(plan, (group, partition, epoch), entry)
            }
            Happening::Trimmed { topic, partition, entry } => {
                self.trimmed(plan, topic, partition, entry)
            }
            Happening::Released(_)
            | Happening::Reached
            | Happening::Gone(_)
            | Happening::Crossed { .. }
            | Happening::Brought(_) => false,
        }
    }

    pub(super) fn remote(&mut self, topic: TopicId) -> Option<&mut Remote> {
        self.topics.get_mut(topic.index())?.remote.as_deref_mut()
    }

    fn take_entry(&mut self, topic: TopicId, entry: u64) -> Option<Entry> {
        self.remote(topic)?.entries.remove(&entry)
    }

    fn stored(&mut self, plan: &Plan, topic: TopicId, id: MessageId, entry: u64) -> bool {
        let is_new = self.entered(plan, topic, id, entry);
        if is_new {
            let message = *self.messages.get(id);
            self.answer_stored(plan, topic, &message);
        }
        is_new
    }

    /// What was handed over is in the queue.
    fn entered(&mut self, plan: &Plan, topic: TopicId, id: MessageId, entry: u64) -> bool {
        let Some(remote) = self.remote(topic) else { return false };
        if !remote.publishing.remove(&id) {
            return false;
        }
        let before = remote.entries.insert(entry, Entry::new(id));
        if let Some(lost) = before {
            // A server that was killed has lost what it had stored last, and numbers anew.
            self.drop_message(lost.message, DropReason::Crashed);
        }
        self.note(What::Enqueued { message: id, topic });
        let event = self.messages.get(id).event.id;
        self.accepted(plan, topic, event);
        true
    }

    /// Who has published something to a topic hears that it is stored.
    pub(super) fn answer_stored(&mut self, plan: &Plan, topic: TopicId, publish: &Message) {
        if publish.role == Role::Publish && Self::topic_of(plan, publish.link) == topic {
            self.answer_publish(plan, publish, Role::Confirm, false);
        }
    }

    fn declined(&mut self, plan: &Plan, topic: TopicId, id: MessageId, duplicate: bool) -> bool {
        let Some(state) = self.topics.get_mut(topic.index()) else { return false };
        let is_of_queue = state.remote.as_mut().is_some_and(|it| it.publishing.remove(&id));
        let is_of_log = state.mirror.as_mut().is_some_and(|it| it.answered(id));
        if !is_of_queue && !is_of_log {
            return false;
        }
        let message = *self.messages.get(id);
        let state = &mut self.topics[topic.index()];
        let (reason, role) = if duplicate {
            state.deduplicated += 1;
            (DropReason::Duplicate, Role::Confirm)
        } else {
            state.refused += 1;
            (DropReason::QueueFull, Role::Refusal)
        };
        self.drop_message(id, reason);
        if Self::topic_of(plan, message.link) == topic {
            self.answer_publish(plan, &message, role, false);
        }
        true
    }

    /// The message by which an event came to a topic that is not known here; `None` if no service
    /// of this world could have published it.
    pub(super) fn publish_of(&self, topic: TopicId, event: &Event) -> Option<Message> {
        let model = &self.plan.model;
        let producer = event.id.producer();
        let link = model.link_between(Node::Service(producer), Node::Topic(topic))?;
        self.publish_on(link, event)
    }

    /// The same, by the link it came by.
    pub(super) fn publish_on(&self, link: LinkId, event: &Event) -> Option<Message> {
        let model = &self.plan.model;
        let way = model.links.get(link.index())?;
        let is_publish =
            way.from == Node::Service(event.id.producer()) && matches!(way.to, Node::Topic(_));
        let from = model.instances_of(event.id.producer()).next().filter(|_| is_publish)?;
        model.event_types.get(event.event_type.index())?;
        let (role, token, since) = (Role::Publish, Token::None, self.now);
        Some(Message { event: *event, role, attempt: 1, link, from, to: from, token, since })
    }

    /// The broker has an entry that is not known here (any more): it has forgotten an ack.
    fn known(&mut self, topic: TopicId, entry: u64, event: &Event) -> bool {
        if self.remote(topic).is_none_or(|it| it.entries.contains_key(&entry)) {
            return false;
        }
        let Some(message) = self.publish_of(topic, event) else { return false };
        let Message { link, attempt, .. } = message;
        let id = self.insert_entry(topic, entry, &message);
        let Event { id: event, event_type, .. } = message.event;
        self.note(What::AckForgotten { message: id, event, event_type, link, attempt, topic });
        let state = &mut self.topics[topic.index()];
        state.acked = state.acked.saturating_sub(1);
        true
    }

    /// The broker has an entry that another process has published.
    fn appeared(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        entry: u64,
        link: LinkId,
        event: &Event,
    ) -> bool {
        if self.remote(topic).is_none_or(|it| it.entries.contains_key(&entry))
            || link.index() >= plan.model.links.len()
        {
            return false;
        }
        let Some(message) = self.publish_on(link, event) else { return false };
        let Message { role, attempt, .. } = message;
        let id = self.insert_entry(topic, entry, &message);
        let due = self.now;
        let Event { id: event, event_type, .. } = *event;
        self.note(What::Sent { message: id, event, event_type, role, link, due, attempt });
        self.note(What::Enqueued { message: id, topic });
        true
    }

    /// A message that the broker has is in the queue here.
    fn insert_entry(&mut self, topic: TopicId, entry: u64, message: &Message) -> MessageId {
        self.counters.made[message.role as usize] += 1;
        let id = self.messages.insert(message);
        if let Some(remote) = self.remote(topic) {
            remote.entries.insert(entry, Entry::new(id));
        }
        id
    }

    fn delivered(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        to: InstanceId,
        delivery: u16,
        (entry, lease): (u64, u32),
    ) -> bool {
        if to.index() >= self.instances.len() {
            return false;
        }
        let service = plan.service_of(to);
        let Some((_, consume)) = plan.subscription(service, topic) else { return false };
        let Some(remote) = self.remote(topic) else { return false };
        let Some(it) = remote.entries.get_mut(&entry) else { return false };
        let was_leased = std::mem::replace(&mut it.leased, true);
        it.first.get_or_insert(lease);
        let message = it.message;
        remote.held.insert(lease, to);
        if was_leased {
            // Its lease has run out.
            self.note(What::Settled { message, topic, how: Settlement::Requeued });
        }
        self.note(What::Leased { message, topic, instance: to, delivery });
        let state = &mut self.topics[topic.index()];
        state.delivered += 1;
        state.redelivered += u64::from(delivery > 1);
        let event = self.messages.get(message).event;
        let link = plan.link(Node::Topic(topic), Node::Service(service));
        let ticket = ticket(entry, lease);
        let token = Token::Ticket(ticket);
        self.send_new(plan, link, event, Role::Delivery, to, to, token, delivery);
        if consume.ack == AckTiming::Automatic {
            self.settle_remotely(plan, topic, ticket, Verdict::Ack);
        }
        true
    }

    /// The broker has deleted what it had before this entry.
    fn purged(&mut self, topic: TopicId, entry: u64) -> bool {
        let Some(remote) = self.remote(topic) else { return false };
        let left = remote.entries.split_off(&entry);
        let gone = std::mem::replace(&mut remote.entries, left);
        let is_any = !gone.is_empty();
        for Entry { message, .. } in gone.into_values() {
            let event = self.messages.get(message).event.id;
            self.never_applied(topic, None, event, AnomalyKind::Missing);
            self.drop_message(message, DropReason::Purged);
        }
        is_any
    }

    /// What is taken of a topic from a broker that is another program waits, while its outage lasts.
    pub(super) fn hold_remotely(&mut self, plan: &Plan, topic: TopicId) {
        let state = &self.topics[topic.index()];
        if state.remote.is_some() {
            self.errands.push(Errand::Hold { topic, hold: state.down > 0 });
        }
        for &group in &plan.model.topics[topic.index()].groups {
            self.ask_to_read(plan, group);
        }
    }

    /// A message that a broker has that is another program is made a dead letter by hand: the entry
    /// itself, or the one that a delivery is of.
    pub(super) fn bury_remotely(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        id: MessageId,
        took: What,
    ) -> bool {
        let &Message { role, token, .. } = self.messages.get(id);
        let Some(remote) = self.remote(topic) else { return false };
        let entry = match (role, token) {
            (Role::Delivery, Token::Ticket(ticket)) => {
                (!remote.is_of_another(ticket)).then(|| entry_of(ticket))
            }
            (Role::Publish, _) => {
                remote.entries.iter().find(|(_, it)| it.message == id).map(|(entry, _)| *entry)
            }
            _ => None,
        };
        let Some((entry, it)) = entry.and_then(|it| remote.entries.remove_entry(&it)) else {
            return false;
        };
        self.note(took);
        self.errands.push(Errand::Delete { topic, entry });
        self.dead_letter(plan, topic, it.message, Settlement::Rejected);
        true
    }

    /// What was with another program is taken over by the world's own brokers: all waits again.
    pub(super) fn take_over_queues(&mut self) {
        let plan = &*Arc::clone(&self.plan);
        for index in 0..self.topics.len() {
            let topic = TopicId::from_index(index);
            let Some(remote) = self.topics[index].remote.take() else { continue };
            let TopicKind::Queue(settings) = &plan.model.topics[index].kind else { continue };
            let mut queue = Queue::new(settings.clone());
            for (instance, state) in self.instances.iter().enumerate() {
                let instance = InstanceId::from_index(instance);
                let consume = plan.subscription(plan.service_of(instance), topic);
                if let Some((_, consume)) = consume.filter(|_| state.up) {
                    queue.connect(instance, consume.prefetch);
                }
            }
            self.topics[index].broker = Broker::Queue(Box::new(queue));
            for Entry { message, leased, .. } in remote.entries.into_values() {
                if leased {
                    self.note(What::Settled { message, topic, how: Settlement::Requeued });
                }
                self.take_back(plan, topic, message);
            }
            for message in remote.publishing {
                self.enqueue(plan, topic, message);
            }
            self.hand_out_queue(plan, topic);
        }
    }

    /// An entry is in our queue from now on.
    fn take_back(&mut self, plan: &Plan, topic: TopicId, id: MessageId) {
        let now = self.now;
        let event = self.messages.get(id).event;
        let key = plan.model.event_types[event.event_type.index()].key;
        let key = key.map_or(0, |key| event.fields[key]);
        let Broker::Queue(queue) = &mut self.topics[topic.index()].broker else { return };
        let mut effects = Vec::new();
        let accepted = queue.publish(now, id, event.id, key, &mut effects);
        self.perform_effects(plan, topic, effects);
        if accepted != crate::engine::broker::queue::Accepted::Yes {
            self.drop_message(id, DropReason::Duplicate);
        }
    }
}
