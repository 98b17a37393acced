//! Members of a log's groups in the world: connections, lanes, commits, and who reads what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::event::MAX_FIELDS;
use crate::model::{
    Commit, DropReason, Event, EventId, EventTypeId, GroupId, InstanceId, MessageId, Node,
    Position, Role, Span, TopicId, What,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::reading::{Lane, Reading};
use super::world::{Broker, Scheduled, World, mix};

/// How long after its connection broke a client makes a new one: Kafka's
/// `reconnect.backoff.max.ms`, 1 s.
const RECONNECT: Span = Span::from_millis(1000);

impl World {
    /// The lane of a partition.
    pub(super) fn lane(
        &self,
        instance: InstanceId,
        group: GroupId,
        partition: u32,
    ) -> Option<usize> {
        let mut lanes = self.instances[instance.index()].lanes.iter();
        lanes.position(|it| it.group == group && it.partition == partition)
    }

    /// A member begins to read a partition.
    pub(super) fn open_lane(&mut self, instance: InstanceId, group: GroupId, partition: u32) {
        let members = &self.groups[group.index()].members;
        let (next, epoch) = (members.position(partition), members.epoch(partition));
        let lane = Lane {
            group,
            partition,
            busy: false,
            waiting: VecDeque::new(),
            epoch: Some(epoch),
            since: epoch,
            current: next,
            draining: false,
            aside: BTreeSet::new(),
            reached: next,
            next,
            gaps: VecDeque::new(),
            early: BTreeMap::new(),
            done: next,
            committed: next,
        };
        match self.lane(instance, group, partition) {
            // It had the partition before, and has its last message still in hands.
            Some(known) => {
                let lanes = &mut self.instances[instance.index()].lanes;
                let Lane { busy, current, .. } = lanes[known];
                lanes[known] = Lane { busy, current, ..lane };
            }
            None => self.instances[instance.index()].lanes.push(lane),
        }
    }

    /// A lane's message is done: the next one's turn.
    pub(super) fn lane_done(&mut self, plan: &Plan, id: MessageId, place: usize) {
        let &Message { token, to: instance, .. } = self.messages.get(id);
        let Token::Offset { partition, offset, .. } = token else { return };
        let service = plan.service_of(instance);
        let consume = &plan.model.services[service.index()].consumes[place];
        let group = consume.group;
        let is_current = |world: &Self, lane: usize| {
            world.instances[instance.index()].lanes[lane].current == offset
        };
        let lane = self.lane(instance, group, partition);
        let was_aside = lane.is_some_and(|it| !is_current(self, it));
        // A re-ordering buffer gave it when it took the message in.
        if !was_aside || consume.strategy.reorder.is_none() {
            self.give_room(plan, instance, place);
        }
        if let Some(lane) = self.lane(instance, group, partition)
            && is_current(self, lane)
        {
            self.instances[instance.index()].lanes[lane].busy = false;
        }
        if !was_aside {
            self.poll_shrank(plan, instance, place);
        }
        if let Some(lane) = self.lane(instance, group, partition)
            && is_current(self, lane)
        {
            self.lane_goes_on(plan, instance, (place, partition));
        }
    }

    /// Nothing of a lane is in work: what waits is taken up, until something is again.
    pub(super) fn lane_goes_on(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        (place, partition): (usize, u32),
    ) {
        let service = plan.service_of(instance);
        let group = plan.model.services[service.index()].consumes[place].group;
        let mut is_outermost = true;
        while let Some(lane) = self.lane(instance, group, partition) {
            let lane = &mut self.instances[instance.index()].lanes[lane];
            // What is taken up may be done at once, which comes back here.
            if is_outermost {
                lane.busy = false;
                lane.current = u64::MAX;
                if std::mem::replace(&mut lane.draining, true) {
                    return;
                }
                is_outermost = false;
            }
            if lane.busy {
                break;
            }
            let Some(next) = lane.waiting.pop_front() else { break };
            lane.busy = true;
            let &Message { token, ref event, .. } = self.messages.get(next);
            if let Token::Offset { offset, .. } = token {
                lane.current = offset;
            }
            let handled = plan.reaction(service, place, event.event_type).is_some();
            self.services[service.index()].statistics.queue_shrank(self.now);
            self.take_up(plan, next, handled);
        }
        if let Some(lane) = self.lane(instance, group, partition) {
            self.instances[instance.index()].lanes[lane].draining = false;
        }
    }

    /// A member of a log's group has room for one more; the broker is told when half of what
    /// it may hold is free, as a client that polls in batches does.
    pub(super) fn give_room(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let service = plan.service_of(instance);
        let consume = &plan.model.services[service.index()].consumes[place];
        let reading = &mut self.instances[instance.index()].reading[place];
        reading.room += 1;
        if reading.room * 2 < consume.prefetch {
            return;
        }
        reading.upto += std::mem::take(&mut reading.room);
        self.fetch(plan, instance, place);
    }

    /// Asks the broker for as much as there is room for.
    fn fetch(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let service = plan.service_of(instance);
        let consume = &plan.model.services[service.index()].consumes[place];
        let Reading { session, upto, .. } = self.instances[instance.index()].reading[place];
        let link = plan.link(Node::Service(service), Node::Topic(consume.topic));
        let event = self.about_no_event(plan, instance);
        let token = Token::Room { session, upto };
        self.send_new(plan, link, event, Role::Fetch, instance, instance, token, 1);
    }

    /// What a message carries that is about no event: it wears the first type only to have one.
    fn about_no_event(&self, plan: &Plan, instance: InstanceId) -> Event {
        Event {
            id: EventId::new(plan.service_of(instance), 0),
            event_type: EventTypeId(0),
            time: self.now,
            cause: None,
            lineage: mix(self.now.0, u64::from(instance.0)),
            fields: [0; MAX_FIELDS],
        }
    }

    /// Something that an instance reads a log by was lost: its connection is broken, and it
    /// makes a new one.
    pub(super) fn connection_broke(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        topic: TopicId,
        role: Role,
        token: Token,
    ) {
        let service = plan.service_of(instance);
        let (place, consume) = plan.subscription(service, topic).expect("it is a subscriber");
        let is_present = match token {
            Token::Offset { epoch: session, .. } if role == Role::Commit => {
                self.instances[instance.index()].reading[place].session == session
            }
            Token::Offset { epoch, .. } => {
                let members = &self.groups[consume.group.index()].members;
                !self.instances[instance.index()].reading[place].connecting
                    && members.is_of_present_connection(instance, epoch)
            }
            Token::Room { session, .. } => {
                self.instances[instance.index()].reading[place].session == session
            }
            _ => false,
        };
        let state = &mut self.instances[instance.index()];
        let incarnation = state.incarnation;
        let reading = &mut state.reading[place];
        if !state.up || reading.broken || !is_present {
            return;
        }
        reading.broken = true;
        let place = u16::try_from(place).expect("subscriptions are few");
        let entry = Scheduled::Reconnect { instance, place, incarnation };
        self.agenda.push(self.now + RECONNECT, entry);
    }

    /// A member makes a new connection, by which it reads on from what it has.
    pub(super) fn reconnect(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        place: u16,
        incarnation: u32,
    ) {
        let place = usize::from(place);
        let service = plan.service_of(instance);
        let consume = &plan.model.services[service.index()].consumes[place];
        let state = &mut self.instances[instance.index()];
        if !state.up || state.incarnation != incarnation || !state.reading[place].broken {
            return;
        }
        let lanes = state.lanes.iter_mut().filter(|it| it.group == consume.group);
        let (mut held, mut early) = (0, Vec::new());
        for lane in lanes {
            // What a re-ordering buffer holds takes up no room.
            let gathered = if consume.strategy.reorder.is_none() { lane.aside.len() } else { 0 };
            let kept = lane.waiting.len() + gathered;
            held += u32::from(lane.busy) + u32::try_from(kept).unwrap_or(u32::MAX);
            early.extend(std::mem::take(&mut lane.early).into_values());
            lane.epoch = None;
            // What it said by the connection that broke may be lost.
            lane.committed = 0;
        }
        let reading = &mut state.reading[place];
        let session = reading.session + 1;
        let upto = consume.prefetch.saturating_sub(held);
        *reading = Reading { session, upto, room: 0, broken: false, connecting: true, ..*reading };
        for id in early {
            let since = self.messages.get(id).since;
            let statistics = &mut self.services[service.index()].statistics;
            statistics.queue_shrank(self.now);
            statistics.pass(self.now, since);
            self.drop_message(id, DropReason::Stale);
        }
        self.fetch(plan, instance, place);
        if consume.commit == Commit::Each {
            self.commit_lanes(plan, instance, place);
        }
    }

    /// It is time for a member to commit what it has done. It does so when it polls (Kafka:
    /// `maybeAutoCommitOffsetsAsync`), which it does all the time unless it is busy with what it
    /// took last: so nothing is committed that is not done.
    pub(super) fn commit_tick(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        place: u16,
        incarnation: u32,
    ) {
        let state = &self.instances[instance.index()];
        if !state.up || state.incarnation != incarnation {
            return;
        }
        let service = plan.service_of(instance);
        let consume = &plan.model.services[service.index()].consumes[usize::from(place)];
        let place = usize::from(place);
        if state.reading[place].taken > 0 {
            self.instances[instance.index()].reading[place].commit_due = true;
            return;
        }
        self.commit_lanes(plan, instance, place);
        self.schedule_commit(instance, place, consume.commit);
    }

    /// The next commit of a member that commits now and then.
    pub(super) fn schedule_commit(&mut self, instance: InstanceId, place: usize, commit: Commit) {
        let Commit::Every(every) = commit else { return };
        let incarnation = self.instances[instance.index()].incarnation;
        let place = u16::try_from(place).expect("subscriptions are few");
        self.agenda.push(self.now + every, Scheduled::CommitTick { instance, place, incarnation });
    }

    /// A member commits what it has done and has not committed.
    pub(super) fn commit_lanes(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let service = plan.service_of(instance);
        let consume = &plan.model.services[service.index()].consumes[place];
        let link = plan.link(Node::Service(service), Node::Topic(consume.topic));
        for lane in 0..self.instances[instance.index()].lanes.len() {
            let lane = &mut self.instances[instance.index()].lanes[lane];
            if lane.group != consume.group || lane.committed == lane.done {
                continue;
            }
            lane.committed = lane.done;
            let (partition, offset) = (lane.partition, lane.done);
            let epoch = self.instances[instance.index()].reading[place].session;
            let Broker::Log(log) = &self.topics[consume.topic.index()].broker else { return };
            let about = log.event(partition, offset.saturating_sub(1));
            let event = about.unwrap_or_else(|| self.about_no_event(plan, instance));
            let token = Token::Offset { partition, offset, epoch };
            self.send_new(plan, link, event, Role::Commit, instance, instance, token, 1);
        }
    }

    /// A message failed: its consumer tries it again later; if it is of a log, its partition
    /// waits for it. Gives the message that it is from now on.
    pub(super) fn try_again_after(&mut self, id: MessageId, after: Span) -> MessageId {
        let message = self.messages.get(id);
        let copy = Message { attempt: message.attempt.saturating_add(1), ..*message };
        self.counters.made[Role::Delivery as usize] += 1;
        let id = self.messages.insert(&copy);
        self.note(What::Retried {
            message: id,
            event: copy.event.id,
            event_type: copy.event.event_type,
            link: copy.link,
            instance: copy.to,
            attempt: copy.attempt,
        });
        self.note(What::Queued { message: id, instance: copy.to });
        // A retry at once would never let time go on.
        let after = after.max(Span::MILLISECOND);
        self.agenda.push(self.now + after, Scheduled::TryAgain(id));
        id
    }

    /// The time before a failed message is tried again is over.
    pub(super) fn try_again(&mut self, plan: &Plan, id: MessageId) {
        let message = *self.messages.get(id);
        let service = plan.service_of(message.to);
        let topic = Self::topic_of(plan, message.link);
        let (place, _) = plan.subscription(service, topic).expect("it is a subscriber");
        let state = &self.instances[message.to.index()];
        if !state.up || message.since < state.started {
            return self.drop_message(id, DropReason::Crashed);
        }
        let gathering = &mut self.instances[message.to.index()].gatherings[place];
        gathering.coming_back = gathering.coming_back.saturating_sub(1);
        if !self.still_counts(plan, id) {
            self.drop_message(id, DropReason::Stale);
            self.give_room(plan, message.to, place);
            if let Some(task) = self.next_batch(plan, message.to, service) {
                self.run_task(plan, task);
            }
            return;
        }
        self.messages.get_mut(id).since = self.now;
        if plan.is_naive(message.to) || !self.gathers(plan, id, true) {
            self.admit(plan, id);
        }
    }

    /// Whether a delivery, if it is of a log, is from a partition that its reader has had ever
    /// since.
    pub(super) fn still_counts(&self, plan: &Plan, id: MessageId) -> bool {
        let &Message { to, link, token, .. } = self.messages.get(id);
        let Token::Offset { partition, epoch, .. } = token else { return true };
        let topic = Self::topic_of(plan, link);
        let (_, consume) =
            plan.subscription(plan.service_of(to), topic).expect("it is a subscriber");
        let lane = self.lane(to, consume.group, partition);
        lane.is_some_and(|it| epoch >= self.instances[to.index()].lanes[it].since)
    }

    /// Whether a message is a delivery from this partition.
    pub(super) fn is_delivery_of(
        &self,
        plan: &Plan,
        id: MessageId,
        topic: TopicId,
        partition: u32,
    ) -> bool {
        let &Message { role, token, link, .. } = self.messages.get(id);
        role == Role::Delivery
            && matches!(token, Token::Offset { partition: it, .. } if it == partition)
            && Self::topic_of(plan, link) == topic
    }

    /// Takes what came from a partition, and no worker has begun, out of an instance's queue.
    fn take_from_queue(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        topic: TopicId,
        partition: u32,
    ) -> Vec<MessageId> {
        let state = &self.instances[instance.index()];
        let queued = state.queue.iter().chain(&state.blocked).copied();
        let taken: Vec<MessageId> =
            queued.filter(|&it| self.is_delivery_of(plan, it, topic, partition)).collect();
        let state = &mut self.instances[instance.index()];
        state.queue.retain(|it| !taken.contains(it));
        state.blocked.retain(|it| !taken.contains(it));
        taken
    }

    /// A group's partitions are shared out anew.
    pub(super) fn rebalance(&mut self, plan: &Plan, group: GroupId, pause: Span) {
        let topic = plan.model.groups[group.index()].topic;
        self.commit_what_moves(plan, group);
        let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
        let resume_at = self.now + pause;
        let moved = self.groups[group.index()].members.rebalance(self.now, log, resume_at);
        for &(partition, reader) in &moved {
            self.note(What::Assigned { group, partition, instance: reader });
            self.revoke(plan, group, partition, reader);
            if let Some(reader) = reader
                && self.instances[reader.index()].up
            {
                self.open_lane(reader, group, partition);
            }
        }
        if pause > Span::ZERO {
            self.agenda.push(resume_at, Scheduled::Rebalanced(group));
            self.ask_to_read(plan, group);
        } else {
            self.hand_out_group(plan, group);
        }
    }

    /// Members that lose a partition commit first what they have done of it (Kafka's consumer
    /// does so when it gives up its partitions to join again); what they have in hands is done
    /// once more by the next reader. That the commit takes its time is in the rebalance's pause.
    fn commit_what_moves(&mut self, plan: &Plan, group: GroupId) {
        let topic = plan.model.groups[group.index()].topic;
        if self.topics[topic.index()].down > 0 {
            return;
        }
        let shares = self.groups[group.index()].members.shares();
        for (partition, reader) in (0..).zip(shares) {
            let members = &self.groups[group.index()].members;
            let Some(old) = members.reader(partition).filter(|it| Some(*it) != reader) else {
                continue;
            };
            let Some(lane) = self.lane(old, group, partition) else { continue };
            let lane = &self.instances[old.index()].lanes[lane];
            let offset = lane.done;
            let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
            if lane.epoch == Some(members.epoch(partition))
                && offset > members.committed(partition, log)
                && self.instances[old.index()].up
                && self.member_commits(plan, group, old, partition, offset)
            {
                self.note(What::Committed { group, partition, offset });
            }
        }
    }

    /// A group is set to another position: what its members were sent and have not begun is
    /// void, and what they have in hands no longer counts.
    pub(super) fn replay(&mut self, plan: &Plan, group: GroupId, to: Position) {
        let topic = plan.model.groups[group.index()].topic;
        let partitions = match &self.topics[topic.index()].broker {
            Broker::Log(log) => u32::try_from(log.partition_count()).unwrap_or(u32::MAX),
            Broker::Queue(_) => return,
        };
        for partition in 0..partitions {
            let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
            let offset = log.offset_of(partition, to);
            self.read_from(plan, group, partition, offset);
        }
        self.hand_out_group(plan, group);
    }

    /// A group reads a partition from an offset on, which is committed.
    pub(super) fn read_from(&mut self, plan: &Plan, group: GroupId, partition: u32, offset: u64) {
        self.groups[group.index()].members.seek(self.now, partition, offset);
        self.note(What::Committed { group, partition, offset });
        let reader = self.groups[group.index()].members.reader(partition);
        self.revoke(plan, group, partition, None);
        if let Some(reader) = reader.filter(|it| self.instances[it.index()].up) {
            self.open_lane(reader, group, partition);
        }
    }

    /// Whoever held a partition and is not its reader any more lets go of what it had not
    /// begun.
    fn revoke(&mut self, plan: &Plan, group: GroupId, partition: u32, reader: Option<InstanceId>) {
        for index in 0..self.instances.len() {
            let instance = InstanceId::from_index(index);
            let lanes = &mut self.instances[index].lanes;
            let Some(place) =
                lanes.iter().position(|it| it.group == group && it.partition == partition)
            else {
                continue;
            };
            if !self.groups[group.index()].members.has(instance) {
                // It is not a member any more, and does not know yet.
                continue;
            }
            let let_go = self.let_go_lane(plan, instance, place);
            let service = plan.service_of(instance);
            let topic = plan.model.groups[group.index()].topic;
            let Some((subscription, _)) = plan.subscription(service, topic) else { continue };
            if Some(instance) != reader {
                for _ in 0..let_go {
                    self.give_room(plan, instance, subscription);
                }
            }
            self.poll_was_cut(plan, instance, subscription);
        }
    }

    /// An instance lets go of what it has of a partition and has not begun, and of the partition
    /// unless it has a message of it in hands. Gives how many messages those were.
    pub(super) fn let_go_lane(&mut self, plan: &Plan, instance: InstanceId, place: usize) -> usize {
        let lane = &mut self.instances[instance.index()].lanes[place];
        let (group, partition) = (lane.group, lane.partition);
        let mut waiting = std::mem::take(&mut lane.waiting);
        waiting.extend(std::mem::take(&mut lane.early).into_values());
        let aside = lane.aside.clone();
        let service = plan.service_of(instance);
        let topic = plan.model.groups[group.index()].topic;
        waiting.extend(self.take_from_order(plan, instance, topic, partition));
        let admitted = self.take_from_queue(plan, instance, topic, partition);
        // What is tried again later finds that its time is over.
        let tasks = self.tasks.slots.iter().filter(|it| it.used && it.instance == instance);
        let in_hands = tasks.map(|it| it.message);
        let in_hands = in_hands.filter(|&it| self.is_delivery_of(plan, it, topic, partition));
        let offsets = in_hands.filter_map(|it| match self.messages.get(it).token {
            Token::Offset { offset, .. } => Some(offset),
            _ => None,
        });
        let last_in_hands = offsets.max();
        let lanes = &mut self.instances[instance.index()].lanes;
        match last_in_hands {
            Some(offset) => {
                (lanes[place].busy, lanes[place].current) = (true, offset);
                lanes[place].aside.clear();
            }
            None => {
                lanes.remove(place);
            }
        }
        let reorders = plan
            .subscription(service, topic)
            .is_some_and(|(_, consume)| consume.strategy.reorder.is_some());
        let has_room = |it: &&MessageId| match self.messages.get(**it).token {
            Token::Offset { offset, .. } => reorders && aside.contains(&offset),
            _ => false,
        };
        let all = waiting.iter().chain(&admitted);
        let count = all.clone().count() - all.filter(has_room).count();
        let passed = waiting.into_iter().map(|it| (it, false));
        for (id, was_admitted) in passed.chain(admitted.into_iter().map(|it| (it, true))) {
            let since = self.messages.get(id).since;
            let statistics = &mut self.services[service.index()].statistics;
            statistics.queue_shrank(self.now);
            if was_admitted {
                statistics.lose(self.now, since);
            } else {
                statistics.pass(self.now, since);
            }
            self.drop_message(id, DropReason::Stale);
        }
        count
    }
}
