//! Log topics whose broker is another program: what is known here of the log, and what is asked of
//! the broker.
//!
//! The world decides nothing that the broker decides. What is published is handed over, and is in
//! the log when the broker says so, in the order in which it does; a commit that reaches the topic
//! is handed over, and counts when the broker has confirmed it; what a reader is sent, and from
//! where on it reads after the broker was away, is what the broker says. Who of a group reads which
//! partition is settled here: a group is one service, and the broker knows positions only.
//!
//! The world's own log is a mirror of the broker's: offsets count a partition's entries in the
//! broker's order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::Vector;

use crate::engine::broker::group::Committed;
use crate::engine::broker::sequences::Session;
use crate::model::{
    Event, GroupId, InstanceId, LogTopic, MessageId, Role, ServiceId, Time, TopicId, TopicKind,
    What,
};

use super::crossing::Origin;
use super::message::{Message, Token};
use super::plan::Plan;
use super::remote::{Errand, Numbered, Seat};
use super::world::{Broker, World};

/// A log whose broker is another program.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// For each partition the broker's numbers of its entries, by offset. Those of deleted ones
    /// stay, so that an entry that a reader has long had is known.
    entries: Vec<Vector<u64>>,
    /// What was handed over and is not heard of.
    publishing: BTreeSet<MessageId>,
    /// Who reads what, as the broker was asked for.
    seats: BTreeMap<(GroupId, u32), Seated>,
    /// By which connection each reader has room for how many in all, as the broker was told.
    rooms: BTreeMap<(GroupId, InstanceId), (u32, u32)>,
    /// Commits that were handed over and are not confirmed: up to which offset.
    committing: BTreeMap<(GroupId, u32), u64>,
    /// What an entry holds that the log does not any more, and that is about to be fetched.
    recalled: Option<(GroupId, u32, u64, Event)>,
}

/// Who reads a partition: which instance, by which of its connections, in which epoch.
type Seated = (InstanceId, u32, u32);

impl Mirror {
    /// Of a log of so many partitions.
    pub fn new(partitions: u32) -> Self {
        Self {
            entries: vec![Vector::new(); partitions as usize],
            publishing: BTreeSet::new(),
            seats: BTreeMap::new(),
            rooms: BTreeMap::new(),
            committing: BTreeMap::new(),
            recalled: None,
        }
    }

    /// The log that mirrors the broker's: it deletes nothing by itself.
    pub fn log(settings: &LogTopic) -> LogTopic {
        LogTopic { partitions: settings.partitions, ..LogTopic::default() }
    }

    /// What was handed over and is not heard of.
    pub fn messages(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.publishing.iter().copied()
    }

    /// What was handed over is heard of; false if it was before.
    pub fn answered(&mut self, message: MessageId) -> bool {
        self.publishing.remove(&message)
    }

    /// About how much memory a copy of it takes, in bytes; the numbers of entries are shared.
    pub fn size_bytes(&self) -> usize {
        self.publishing.len() * 16 + (self.seats.len() + self.committing.len()) * 40
    }

    /// How many entries of a partition the broker has numbered below this.
    fn before(&self, partition: u32, entry: u64) -> Option<u64> {
        let entries = self.entries.get(partition as usize)?;
        let place = entries.binary_search(&entry).unwrap_or_else(|place| place);
        Some(place as u64)
    }

    /// The offset of an entry.
    fn offset(&self, partition: u32, entry: u64) -> Option<u64> {
        let place = self.entries.get(partition as usize)?.binary_search(&entry).ok()?;
        Some(place as u64)
    }

    /// The broker's number of the entry before an offset; 0 if there is none.
    fn entry_before(&self, partition: u32, offset: u64) -> u64 {
        let place = usize::try_from(offset).ok().and_then(|it| it.checked_sub(1));
        let entries = &self.entries[partition as usize];
        // What is past the end is behind the last.
        place.and_then(|it| entries.get(it).or(entries.last())).copied().unwrap_or(0)
    }
}

impl World {
    /// The mirror of a log that another program keeps.
    fn mirror(&mut self, topic: TopicId) -> Option<&mut Mirror> {
        self.topics.get_mut(topic.index())?.mirror.as_deref_mut()
    }

    /// Whether the log of a broker that is another program is known to hold an entry, and holds it
    /// still.
    #[must_use]
    pub fn keeps_entry(&self, topic: TopicId, partition: u32, entry: u64) -> bool {
        let Some(state) = self.topics.get(topic.index()) else { return false };
        let offset = state.mirror.as_ref().and_then(|it| it.offset(partition, entry));
        state.log().zip(offset).is_some_and(|(log, it)| log.event(partition, it).is_some())
    }

    /// Whether something is still to be heard of logs that another program keeps, by one of these
    /// services: entries that a reader has not been sent, what it has not committed, commits that are
    /// not confirmed.
    #[must_use]
    pub fn awaits_logs(&self, is_here: impl Fn(ServiceId) -> bool) -> bool {
        let is_here = |group| self.reader_of(group).is_none_or(&is_here);
        self.topics.iter().any(|state| {
            let (Some(mirror), Some(log)) = (&state.mirror, state.log()) else { return false };
            let is_behind = |&(group, partition): &(GroupId, u32)| {
                let members = &self.groups[group.index()].members;
                let position = members.position(partition);
                log.next_kept(partition, position) < log.end(partition)
                    || members.committed(partition, log) < position
            };
            let committing = mirror.committing.keys().any(|it| is_here(it.0));
            committing || mirror.seats.keys().any(|it| is_here(it.0) && is_behind(it))
        })
    }

    /// What was published to a log is given to the broker.
    pub(super) fn hand_over_to_log(&mut self, plan: &Plan, topic: TopicId, id: MessageId) {
        let &Message { from, token, ref event, .. } = self.messages.get(id);
        let key = plan.model.event_types[event.event_type.index()].key;
        let key = key.map(|key| event.fields[key]);
        let state = &mut self.topics[topic.index()];
        let (Broker::Log(log), Some(mirror)) = (&mut state.broker, &mut state.mirror) else {
            return;
        };
        let (partition, number) = match token {
            Token::Publish { incarnation, sequence, partition, epoch, .. } => {
                let number = Numbered { instance: from, incarnation, epoch, sequence };
                let is_known = is_idempotent(plan, from, topic);
                (u32::from(partition), is_known.then_some(number))
            }
            _ => (log.partition_for(key), None),
        };
        mirror.publishing.insert(id);
        self.errands.push(Errand::Append { topic, partition, message: id, number });
    }

    /// Whether this is a log whose broker is another program.
    pub(super) fn is_mirrored(&self, topic: TopicId) -> bool {
        self.topics.get(topic.index()).is_some_and(|it| it.mirror.is_some())
    }

    /// Whether the log of a broker that is another program is known to have had an entry.
    #[must_use]
    pub fn has_had_entry(&self, topic: TopicId, partition: u32, entry: u64) -> bool {
        let mirror = self.topics.get(topic.index()).and_then(|it| it.mirror.as_ref());
        mirror.is_some_and(|it| it.offset(partition, entry).is_some())
    }

    /// The broker has appended what was handed over.
    pub(super) fn appended(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        place: (u32, u64),
        id: MessageId,
    ) -> bool {
        let Some(publish) = self.append_unanswered(plan, topic, place, id) else { return false };
        self.answer_publish(plan, &publish, Role::Confirm, false);
        true
    }

    /// What was handed over is in the log; gives what was published, whose producer has not heard
    /// of that yet.
    pub(super) fn append_unanswered(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        (partition, entry): (u32, u64),
        id: MessageId,
    ) -> Option<Message> {
        let mirror = self.mirror(topic)?;
        let entries = mirror.entries.get_mut(partition as usize)?;
        if entries.last().is_some_and(|last| *last >= entry) || !mirror.publishing.remove(&id) {
            return None;
        }
        entries.push_back(entry);
        let message = *self.messages.get(id);
        let offset = self.append(plan, topic, partition, id);
        if let Token::Publish { incarnation, sequence, epoch, .. } = message.token
            && is_idempotent(plan, message.from, topic)
        {
            // Should the log be taken over, the producer is known.
            let session = Session { instance: message.from, incarnation, partition };
            let sequences = &mut self.topics[topic.index()].sequences;
            sequences.append(session, epoch, sequence, offset);
        }
        Some(message)
    }

    /// The broker's log has an entry that nobody here has published.
    pub(super) fn found(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        (partition, entry): (u32, u64),
        origin: Option<Origin>,
        event: &Event,
    ) -> bool {
        let Some(mirror) = self.mirror(topic) else { return false };
        let entries = mirror.entries.get(partition as usize);
        if entries.is_none_or(|it| it.last().is_some_and(|last| *last >= entry)) {
            return false;
        }
        let is_of_model = |it: &Origin| it.link.index() < plan.model.links.len();
        let message = match origin.filter(is_of_model) {
            Some(origin) => self.publish_on(origin.link, event),
            None => self.publish_of(topic, event),
        };
        let Some(message) = message else { return false };
        let Message { role, link, attempt, .. } = message;
        let Event { id: event, event_type, .. } = message.event;
        self.counters.made[role as usize] += 1;
        let id = self.messages.insert(&message);
        let due = self.now;
        self.note(What::Sent { message: id, event, event_type, role, link, due, attempt });
        let Some(mirror) = self.mirror(topic) else { return false };
        mirror.publishing.insert(id);
        self.appended(plan, topic, (partition, entry), id)
    }

    /// The broker is asked for what the members of a group are to read now, if that is not what it
    /// was asked for before.
    pub(super) fn ask_to_read(&mut self, plan: &Plan, group: GroupId) {
        let topic = plan.model.groups[group.index()].topic;
        let state = &mut self.topics[topic.index()];
        let (Broker::Log(log), Some(mirror)) = (&state.broker, &mut state.mirror) else { return };
        let members = &self.groups[group.index()].members;
        for (instance, session, upto, sent) in members.rooms() {
            let before = mirror.rooms.insert((group, instance), (session, upto));
            let known = before.filter(|it| it.0 == session).map_or(sent, |it| it.1);
            if upto > known || before.is_none_or(|it| it.0 != session) {
                let more = upto.saturating_sub(known);
                self.errands.push(Errand::Grant { group, instance, session, more });
            }
        }
        for partition in (0_u32..).take(log.partition_count()) {
            let place = (group, partition);
            let reads = members.reading(self.now, partition).filter(|_| state.down == 0);
            if mirror.seats.get(&place).copied() == reads {
                continue;
            }
            mirror.committing.remove(&place);
            let committed = members.committed(partition, log);
            let position = members.position(partition);
            let seat = reads.map(|(instance, session, epoch)| {
                mirror.seats.insert(place, (instance, session, epoch));
                let after = mirror.entry_before(partition, committed.min(position));
                let had = mirror.entry_before(partition, position);
                Seat { instance, session, epoch, after, had }
            });
            if seat.is_none() {
                mirror.seats.remove(&place);
            }
            self.errands.push(Errand::Read { topic, group, partition, seat });
        }
    }

    /// Whether a reader is to be sent an entry: it reads on, and has not had it.
    #[must_use]
    pub fn wants_entry(&self, group: GroupId, partition: u32, epoch: u32, entry: u64) -> bool {
        let Some(topic) = self.topic_read(&self.plan, group, partition, epoch) else {
            return false;
        };
        let position = self.groups[group.index()].members.position(partition);
        let mirror = self.topics[topic.index()].mirror.as_ref();
        mirror.is_some_and(|it| it.entry_before(partition, position) < entry)
    }

    /// The broker has sent an entry to a partition's reader.
    pub(super) fn fetched(
        &mut self,
        plan: &Plan,
        (group, partition, epoch): (GroupId, u32, u32),
        entry: u64,
    ) -> bool {
        let Some(topic) = self.topic_read(plan, group, partition, epoch) else { return false };
        let Some(mirror) = self.mirror(topic) else { return false };
        let recalled = mirror.recalled.take();
        let recalled = recalled.filter(|it| (it.0, it.1, it.2) == (group, partition, entry));
        let Some(offset) = mirror.offset(partition, entry) else { return false };
        let log = self.topics[topic.index()].log();
        let held = log.and_then(|it| it.event(partition, offset));
        let Some(event) = held.or(recalled.map(|it| it.3)) else { return false };
        let members = &mut self.groups[group.index()].members;
        let Some(reader) = members.reader(partition) else { return false };
        let Some(from) = members.sent(partition, offset) else { return false };
        if offset > from {
            self.fell_off(group, partition, from, offset);
            self.pass_over(reader, group, partition, (from, offset));
        }
        self.deliver(plan, group, (reader, partition), (offset, epoch), event);
        true
    }

    /// What is about to be fetched, which the log does not hold any more.
    pub(super) fn recalled(
        &mut self,
        plan: &Plan,
        (group, partition): (GroupId, u32),
        entry: u64,
        event: &Event,
    ) -> bool {
        let Some(topic) = plan.model.groups.get(group.index()).map(|it| it.topic) else {
            return false;
        };
        let is_known = plan.model.event_types.len() > event.event_type.index();
        let Some(mirror) = self.mirror(topic).filter(|_| is_known) else { return false };
        mirror.recalled = Some((group, partition, entry, *event));
        true
    }

    /// A commit that counts has reached a log that another program keeps.
    pub(super) fn hand_over_commit(
        &mut self,
        topic: TopicId,
        group: GroupId,
        partition: u32,
        offset: u64,
    ) {
        let epoch = self.groups[group.index()].members.epoch(partition);
        let Some(mirror) = self.mirror(topic) else { return };
        let upto = mirror.committing.entry((group, partition)).or_default();
        *upto = offset.max(*upto);
        let entry = mirror.entry_before(partition, offset);
        self.errands.push(Errand::Commit { topic, group, partition, epoch, entry });
    }

    /// What becomes of a commit that has come to its topic.
    pub(super) fn commit(
        &mut self,
        topic: TopicId,
        group: GroupId,
        (sent, from, session): (Time, InstanceId, u32),
        (partition, offset): (u32, u64),
    ) -> Committed {
        let members = &mut self.groups[group.index()].members;
        if self.topics[topic.index()].mirror.is_none() {
            return members.commit(sent, (from, session), partition, offset);
        }
        match members.judge(sent, (from, session), partition, offset) {
            Committed::Moved => {
                self.hand_over_commit(topic, group, partition, offset);
                // It has not moved yet.
                Committed::Known
            }
            other => other,
        }
    }

    /// The broker has confirmed a commit.
    pub(super) fn committed(
        &mut self,
        plan: &Plan,
        (group, partition, epoch): (GroupId, u32, u32),
        entry: u64,
    ) -> bool {
        let Some(topic) = self.topic_read(plan, group, partition, epoch) else { return false };
        let Some(mirror) = self.mirror(topic) else { return false };
        let Some(offset) = mirror.offset(partition, entry).map(|it| it + 1) else { return false };
        if mirror.committing.get(&(group, partition)).is_some_and(|upto| *upto <= offset) {
            mirror.committing.remove(&(group, partition));
        }
        if self.groups[group.index()].members.confirm(partition, offset) {
            self.note(What::Committed { group, partition, offset });
        }
        true
    }

    /// The broker was away: a group reads a partition on from what it has kept as committed, which
    /// is up to this entry.
    pub(super) fn resumed(
        &mut self,
        plan: &Plan,
        (group, partition, epoch): (GroupId, u32, u32),
        entry: u64,
    ) -> bool {
        let Some(topic) = self.topic_read(plan, group, partition, epoch) else { return false };
        let Some(mirror) = self.mirror(topic) else { return false };
        let upto = mirror.before(partition, entry.saturating_add(1));
        let Some(offset) = upto else { return false };
        self.read_from(plan, group, partition, offset);
        self.ask_to_read(plan, group);
        true
    }

    /// The topic of a group that reads a partition in this epoch, as the broker was asked for.
    fn topic_read(
        &self,
        plan: &Plan,
        group: GroupId,
        partition: u32,
        epoch: u32,
    ) -> Option<TopicId> {
        let topic = plan.model.groups.get(group.index())?.topic;
        let seats = &self.topics[topic.index()].mirror.as_ref()?.seats;
        let (_, _, present) = seats.get(&(group, partition))?;
        (*present == epoch).then_some(topic)
    }

    /// The broker has deleted what a partition had before this entry.
    pub(super) fn trimmed(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        partition: u32,
        entry: u64,
    ) -> bool {
        let Some(mirror) = self.mirror(topic) else { return false };
        let Some(end) = mirror.before(partition, entry) else { return false };
        let Broker::Log(log) = &mut self.topics[topic.index()].broker else { return false };
        let mut deleted = Vec::new();
        let start = log.cut(partition, end, |offset, event| deleted.push((offset, event)));
        let Some(start) = start else { return false };
        self.note(What::Trimmed { topic, partition, start });
        self.deleted_unread(plan, topic, partition, &deleted);
        true
    }

    /// The logs that were with another program are the world's own from now on.
    pub(super) fn take_over_logs(&mut self) {
        let plan = &*Arc::clone(&self.plan);
        for index in 0..self.topics.len() {
            let topic = TopicId::from_index(index);
            let Some(mirror) = self.topics[index].mirror.take() else { continue };
            let TopicKind::Log(settings) = &plan.model.topics[index].kind else { continue };
            if let Broker::Log(log) = &mut self.topics[index].broker {
                log.keep(settings.clone());
            }
            for (&(group, partition), &offset) in &mirror.committing {
                if self.groups[group.index()].members.confirm(partition, offset) {
                    self.note(What::Committed { group, partition, offset });
                }
            }
            for message in mirror.publishing {
                self.publish_reached(plan, topic, message);
            }
            self.tick_at(topic, self.now);
            for &group in &plan.model.topics[index].groups {
                self.hand_out_group(plan, group);
            }
        }
    }
}

/// Whether what an instance publishes to a topic is known again.
fn is_idempotent(plan: &Plan, instance: InstanceId, topic: TopicId) -> bool {
    let publishes = &plan.model.services[plan.service_of(instance).index()].publishes;
    publishes.iter().any(|it| it.topic == topic && it.producer.idempotent)
}
