//! Topics in the world: what reaches a broker, what it sends, and what consumers tell it.

use crate::engine::broker::group::Delivery;
use crate::engine::broker::queue::{Accepted, Effect, Ticket};
use crate::model::{
    AckTiming, Commit, DropReason, GroupId, InstanceId, MessageId, Node, OnFailure, Role,
    ServiceId, Settlement, Span, Time, TopicId, TopicKind, What,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::world::{Broker, Lane, Scheduled, World};

impl World {
    /// A message comes to its topic.
    pub(super) fn reach_topic(&mut self, plan: &Plan, id: MessageId) {
        let &Message { link, role, from, token, .. } = self.messages.get(id);
        let topic = Self::topic_of(plan, link);
        if role == Role::Publish {
            return self.publish_came(plan, topic, id);
        }
        self.received(id);
        match (role, token) {
            (Role::Ack | Role::Nack, Token::Ticket(ticket)) => {
                self.settlement_came(plan, topic, from, role, ticket);
            }
            (Role::Commit, Token::Offset { partition, offset }) => {
                let group = group_of(plan, plan.service_of(from), topic);
                if self.groups[group.index()].members.commit(from, partition, offset) {
                    self.note(What::Committed { group, partition, offset });
                }
            }
            (_, Token::Credit(count)) => {
                let group = group_of(plan, plan.service_of(from), topic);
                self.groups[group.index()].members.add_credit(from, count);
                self.hand_out_group(plan, group);
            }
            _ => unreachable!("acks, commits and fetches say what they are about"),
        }
    }

    fn publish_came(&mut self, plan: &Plan, topic: TopicId, id: MessageId) {
        let event = self.messages.get(id).event;
        let now = self.now;
        match &mut self.topics[topic.index()].broker {
            Broker::Log(log) => {
                let key = plan.model.event_types[event.event_type.index()].key;
                let partition = log.partition_for(key.map(|key| event.fields[key]));
                let offset = log.append(now, partition, event);
                let trimmed = log.trim(now, partition);
                self.note(What::Appended { message: id, topic, partition, offset });
                self.end_message(id);
                if let Some(start) = trimmed {
                    self.note(What::Trimmed { topic, partition, start });
                }
                for &group in &plan.model.topics[topic.index()].groups {
                    self.hand_out_log(plan, group, Some(partition));
                }
            }
            Broker::Queue(_) => self.enqueue(plan, topic, id),
        }
    }

    /// A message that is with the broker enters a queue topic.
    fn enqueue(&mut self, plan: &Plan, topic: TopicId, id: MessageId) {
        let now = self.now;
        let event = self.messages.get(id).event.id;
        let state = &mut self.topics[topic.index()];
        let Broker::Queue(queue) = &mut state.broker else {
            unreachable!("the reader lets only queues be entered so")
        };
        match queue.publish(now, id, event) {
            Accepted::Yes => {
                self.note(What::Enqueued { message: id, topic });
                self.hand_out_queue(plan, topic);
            }
            Accepted::Duplicate => {
                state.deduplicated += 1;
                self.drop_message(id, DropReason::Duplicate);
            }
            Accepted::Full => {
                state.refused += 1;
                self.drop_message(id, DropReason::QueueFull);
            }
        }
    }

    /// A queue topic hands out what it can, and sees to what follows.
    pub(super) fn hand_out_queue(&mut self, plan: &Plan, topic: TopicId) {
        let state = &mut self.topics[topic.index()];
        let Broker::Queue(queue) = &mut state.broker else { return };
        if state.down {
            return;
        }
        let mut effects = Vec::new();
        queue.hand_out(self.now, &mut effects);
        self.perform_effects(plan, topic, effects);
    }

    fn perform_effects(&mut self, plan: &Plan, topic: TopicId, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Deliver { entry, consumer, ticket, delivery } => {
                    let instance = consumer;
                    self.note(What::Leased { message: entry, topic, instance, delivery });
                    self.topics[topic.index()].delivered += 1;
                    self.topics[topic.index()].redelivered += u64::from(delivery > 1);
                    let event = self.messages.get(entry).event;
                    let service = plan.service_of(consumer);
                    let link = plan.link(Node::Topic(topic), Node::Service(service));
                    let token = Token::Ticket(ticket);
                    self.send_new(
                        plan,
                        link,
                        event,
                        Role::Delivery,
                        consumer,
                        consumer,
                        token,
                        delivery,
                    );
                    let (_, consume) =
                        plan.subscription(service, topic).expect("it is a subscriber");
                    if consume.ack == AckTiming::Automatic {
                        let mut done = Vec::new();
                        if let Broker::Queue(queue) = &mut self.topics[topic.index()].broker {
                            queue.ack(ticket, &mut done);
                        }
                        self.perform_effects(plan, topic, done);
                        self.hand_out_queue(plan, topic);
                    }
                }
                Effect::Acked(message) => {
                    self.topics[topic.index()].acked += 1;
                    self.note(What::Settled { message, topic, how: Settlement::Acked });
                    self.end_message(message);
                }
                Effect::Requeued(message) => {
                    self.note(What::Settled { message, topic, how: Settlement::Requeued });
                }
                Effect::DeadLettered(message) => self.dead_letter(plan, topic, message),
            }
        }
        self.schedule_tick(topic);
    }

    fn dead_letter(&mut self, plan: &Plan, topic: TopicId, message: MessageId) {
        self.topics[topic.index()].dead_lettered += 1;
        self.note(What::Settled { message, topic, how: Settlement::DeadLettered });
        let TopicKind::Queue(settings) = &plan.model.topics[topic.index()].kind else { return };
        match settings.dead_letters {
            Some(dead_letters) => {
                self.topics[dead_letters.index()].published += 1;
                self.enqueue(plan, dead_letters, message);
            }
            None => {
                self.counters.buried += 1;
                self.end_message(message);
            }
        }
    }

    fn schedule_tick(&mut self, topic: TopicId) {
        let state = &mut self.topics[topic.index()];
        let Broker::Queue(queue) = &state.broker else { return };
        let Some(deadline) = queue.next_deadline() else { return };
        if state.tick_at.is_none_or(|at| deadline < at) {
            state.tick_at = Some(deadline);
            self.agenda.push(deadline.max(self.now), Scheduled::TopicTick(topic));
        }
    }

    /// Leases of a queue topic may have run out.
    pub(super) fn topic_tick(&mut self, plan: &Plan, topic: TopicId) {
        let now = self.now;
        let state = &mut self.topics[topic.index()];
        if state.tick_at.is_none_or(|at| at > now) {
            return;
        }
        state.tick_at = None;
        if state.down {
            // It looks again when its broker is back.
            return;
        }
        let Broker::Queue(queue) = &mut state.broker else { return };
        let mut effects = Vec::new();
        queue.tick(now, &mut effects);
        self.perform_effects(plan, topic, effects);
        self.hand_out_queue(plan, topic);
        self.schedule_tick(topic);
    }

    /// A topic's broker is back.
    pub(super) fn topic_back(&mut self, plan: &Plan, topic: TopicId) {
        self.topics[topic.index()].tick_at = Some(self.now);
        self.topic_tick(plan, topic);
        for &group in &plan.model.topics[topic.index()].groups {
            self.hand_out_group(plan, group);
        }
    }

    fn settlement_came(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        from: InstanceId,
        role: Role,
        ticket: Ticket,
    ) {
        let (_, consume) =
            plan.subscription(plan.service_of(from), topic).expect("only subscribers ack");
        let now = self.now;
        let mut effects = Vec::new();
        if let Broker::Queue(queue) = &mut self.topics[topic.index()].broker {
            match (role, consume.on_failure) {
                (Role::Ack, _) => queue.ack(ticket, &mut effects),
                (_, OnFailure::GiveUp) => queue.reject(ticket, &mut effects),
                (_, OnFailure::Retry(after)) => {
                    let until = (after > Span::ZERO).then_some(now + after);
                    queue.nack(ticket, until, &mut effects);
                }
            }
        }
        self.perform_effects(plan, topic, effects);
        self.hand_out_queue(plan, topic);
        self.schedule_tick(topic);
    }

    /// A group's topic sends what its members have room for.
    pub(super) fn hand_out_group(&mut self, plan: &Plan, group: GroupId) {
        let topic = plan.model.groups[group.index()].topic;
        if plan.is_log(topic) {
            self.hand_out_log(plan, group, None);
        } else {
            self.hand_out_queue(plan, topic);
        }
    }

    fn hand_out_log(&mut self, plan: &Plan, group: GroupId, partition: Option<u32>) {
        let topic = plan.model.groups[group.index()].topic;
        let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
        if self.topics[topic.index()].down {
            return;
        }
        let mut deliveries = Vec::new();
        let members = &mut self.groups[group.index()].members;
        match partition {
            Some(partition) => {
                members.hand_out_partition(self.now, log, partition, &mut deliveries);
            }
            None => members.hand_out(self.now, log, &mut deliveries),
        }
        for Delivery { reader, partition, offset } in deliveries {
            let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
            let event = log.event(partition, offset);
            let state = &mut self.groups[group.index()];
            let frontier = &mut state.frontier[partition as usize];
            let again = offset < *frontier;
            *frontier = (*frontier).max(offset + 1);
            state.delivered += 1;
            state.redelivered += u64::from(again);
            self.topics[topic.index()].delivered += 1;
            self.topics[topic.index()].redelivered += u64::from(again);
            let link = plan.link(Node::Topic(topic), Node::Service(plan.service_of(reader)));
            let token = Token::Offset { partition, offset };
            // A log knows no redelivery count; the ring on the screen says "again", not more.
            let attempt = 1 + u16::from(again);
            self.send_new(plan, link, event, Role::Delivery, reader, reader, token, attempt);
        }
    }

    /// A delivery comes to its consumer.
    pub(super) fn reach_consumer(&mut self, plan: &Plan, id: MessageId) {
        let &Message { link, to, token, ref event, .. } = self.messages.get(id);
        let service = plan.service_of(to);
        let topic = Self::topic_of(plan, link);
        let (place, consume) =
            plan.subscription(service, topic).expect("only subscribers get deliveries");
        let handled = plan.reaction(service, place, event.event_type).is_some();
        if let Token::Offset { partition, offset } = token {
            let group = consume.group;
            if self.groups[group.index()].members.reader(partition) != Some(to) {
                self.drop_message(id, DropReason::Stale);
                self.give_room(plan, to, place);
                return;
            }
            let lane = self.lane(to, group, partition, offset);
            if self.instances[to.index()].lanes[lane].busy {
                self.instances[to.index()].lanes[lane].waiting.push_back(id);
                self.services[service.index()].statistics.queue_grew(self.now);
                self.note(What::Queued { message: id, instance: to });
                return;
            }
            self.instances[to.index()].lanes[lane].busy = true;
        }
        self.take_up(plan, id, handled);
    }

    /// A delivery whose turn it is: it is worked on, or only noticed.
    fn take_up(&mut self, plan: &Plan, id: MessageId, handled: bool) {
        let &Message { link, to, token, since, .. } = self.messages.get(id);
        let service = plan.service_of(to);
        self.tell(plan, service, id);
        if handled {
            self.admit(plan, id);
            return;
        }
        self.services[service.index()].statistics.pass(self.now, since);
        let topic = Self::topic_of(plan, link);
        let (place, consume) = plan.subscription(service, topic).expect("it is a subscriber");
        self.note(What::Received { message: id });
        if matches!(token, Token::Offset { .. }) {
            self.acknowledge(plan, id);
            self.lane_done(plan, id, place);
        } else if consume.ack != AckTiming::Automatic {
            self.acknowledge(plan, id);
        }
        self.end_message(id);
    }

    /// The lane of a partition; a new one begins at this offset.
    fn lane(&mut self, instance: InstanceId, group: GroupId, partition: u32, offset: u64) -> usize {
        let lanes = &mut self.instances[instance.index()].lanes;
        let known = lanes.iter().position(|it| it.group == group && it.partition == partition);
        known.unwrap_or_else(|| {
            lanes.push(Lane {
                group,
                partition,
                busy: false,
                waiting: std::collections::VecDeque::new(),
                done: offset,
                committed: offset,
            });
            lanes.len() - 1
        })
    }

    /// A lane's message is done: the next one's turn.
    pub(super) fn lane_done(&mut self, plan: &Plan, id: MessageId, place: usize) {
        let &Message { token, to: instance, .. } = self.messages.get(id);
        let Token::Offset { partition, .. } = token else { return };
        let service = plan.service_of(instance);
        let group = plan.model.services[service.index()].consumes[place].group;
        self.give_room(plan, instance, place);
        let Some(lane) = self.instances[instance.index()]
            .lanes
            .iter()
            .position(|it| it.group == group && it.partition == partition)
        else {
            return;
        };
        self.instances[instance.index()].lanes[lane].busy = false;
        if let Some(next) = self.instances[instance.index()].lanes[lane].waiting.pop_front() {
            self.services[service.index()].statistics.queue_shrank(self.now);
            self.instances[instance.index()].lanes[lane].busy = true;
            let event_type = self.messages.get(next).event.event_type;
            let handled = plan.reaction(service, place, event_type).is_some();
            self.take_up(plan, next, handled);
        }
    }

    /// A member of a log's group has room for one more; the broker is told when half of what
    /// it may hold is free, as a client that polls in batches does.
    fn give_room(&mut self, plan: &Plan, instance: InstanceId, place: usize) {
        let service = plan.service_of(instance);
        let consume = &plan.model.services[service.index()].consumes[place];
        let room = &mut self.instances[instance.index()].room[place];
        *room += 1;
        if *room * 2 < consume.prefetch {
            return;
        }
        let count = std::mem::take(room);
        let link = plan.link(Node::Service(service), Node::Topic(consume.topic));
        // A fetch is about no event; it wears the topic's first type only to have one.
        let event = crate::model::Event {
            id: crate::model::EventId::new(service, 0),
            event_type: crate::model::EventTypeId(0),
            time: self.now,
            cause: None,
            lineage: super::world::mix(self.now.0, u64::from(instance.0)),
            fields: [0; crate::model::event::MAX_FIELDS],
        };
        let token = Token::Credit(count);
        self.send_new(plan, link, event, Role::Fetch, instance, instance, token, 1);
    }

    /// A consumer says that a message is done.
    pub(super) fn acknowledge(&mut self, plan: &Plan, id: MessageId) {
        let &Message { link, to, token, .. } = self.messages.get(id);
        let service = plan.service_of(to);
        let topic = Self::topic_of(plan, link);
        let (_, consume) = plan.subscription(service, topic).expect("it is a subscriber");
        let Token::Offset { partition, offset } = token else {
            if consume.ack != AckTiming::Automatic {
                self.settle(plan, id, Role::Ack);
            }
            return;
        };
        let group = consume.group;
        let lane = self.lane(to, group, partition, offset);
        let lane = &mut self.instances[to.index()].lanes[lane];
        lane.done = lane.done.max(offset + 1);
        if consume.commit == Commit::Each {
            lane.committed = lane.done;
            let token = Token::Offset { partition, offset: lane.done };
            self.say(plan, id, Role::Commit, token);
        }
    }

    /// Sends what a consumer has to say of a delivery.
    pub(super) fn settle(&mut self, plan: &Plan, id: MessageId, role: Role) {
        let token = self.messages.get(id).token;
        self.say(plan, id, role, token);
    }

    fn say(&mut self, plan: &Plan, id: MessageId, role: Role, token: Token) {
        let about = self.messages.get(id);
        let link = plan.reverse(about.link);
        let back = Message { role, link, token, from: about.to, since: self.now, ..*about };
        self.send(plan, &back);
    }

    /// A member commits what it has done since it last did.
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
        let Commit::Every(every) = consume.commit else { return };
        let link = plan.link(Node::Service(service), Node::Topic(consume.topic));
        for lane in 0..self.instances[instance.index()].lanes.len() {
            let lane = &mut self.instances[instance.index()].lanes[lane];
            if lane.group != consume.group || lane.committed == lane.done {
                continue;
            }
            lane.committed = lane.done;
            let (partition, offset) = (lane.partition, lane.done);
            let Broker::Log(log) = &self.topics[consume.topic.index()].broker else { return };
            let about = offset.saturating_sub(1).max(log.start(partition));
            let event = log.event(partition, about);
            let token = Token::Offset { partition, offset };
            self.send_new(plan, link, event, Role::Commit, instance, instance, token, 1);
        }
        self.agenda.push(self.now + every, Scheduled::CommitTick { instance, place, incarnation });
    }

    /// A message of a log failed: it is tried again later, and its partition waits for it.
    pub(super) fn try_again_after(&mut self, id: MessageId, after: Span) {
        let message = self.messages.get(id);
        let copy = Message { attempt: message.attempt.saturating_add(1), ..*message };
        self.counters.made[Role::Delivery as usize] += 1;
        let id = self.messages.insert(copy);
        self.note(What::Arrived {
            message: id,
            event: copy.event.id,
            event_type: copy.event.event_type,
            instance: copy.to,
        });
        self.note(What::Queued { message: id, instance: copy.to });
        // A retry at once would never let time go on.
        let after = after.max(Span::MILLISECOND);
        self.agenda.push(self.now + after, Scheduled::TryAgain(id));
    }

    /// The time before a failed message of a log is tried again is over.
    pub(super) fn try_again(&mut self, plan: &Plan, id: MessageId) {
        let message = *self.messages.get(id);
        let Token::Offset { partition, .. } = message.token else { return };
        let service = plan.service_of(message.to);
        let topic = Self::topic_of(plan, message.link);
        let (_, consume) = plan.subscription(service, topic).expect("it is a subscriber");
        let state = &self.instances[message.to.index()];
        let is_held = state.up
            && state.lanes.iter().any(|lane| {
                lane.group == consume.group && lane.partition == partition && lane.busy
            });
        if !is_held || message.since < self.started_at(message.to) {
            self.drop_message(id, DropReason::Crashed);
            return;
        }
        self.messages.get_mut(id).since = self.now;
        self.admit(plan, id);
    }

    /// When an instance started last.
    fn started_at(&self, instance: InstanceId) -> Time {
        self.instances[instance.index()].started
    }

    /// The subscriptions of an instance that starts.
    pub(super) fn connect_consumers(&mut self, plan: &Plan, instance: InstanceId) {
        let service = plan.service_of(instance);
        self.instances[instance.index()].started = self.now;
        let incarnation = self.instances[instance.index()].incarnation;
        for (place, consume) in plan.model.services[service.index()].consumes.iter().enumerate() {
            let group = consume.group;
            match &mut self.topics[consume.topic.index()].broker {
                Broker::Queue(queue) => {
                    queue.connect(instance, consume.prefetch);
                    self.hand_out_queue(plan, consume.topic);
                }
                Broker::Log(log) => {
                    let settings = &plan.model.groups[group.index()];
                    let members = &mut self.groups[group.index()].members;
                    if !members.is_silent(instance) {
                        members.join(instance, consume.prefetch);
                        if self.now > Time::ZERO {
                            self.rebalance(plan, group, settings.rebalance_pause);
                        }
                    } else if settings.static_members {
                        members.resume(instance, consume.prefetch, log);
                        self.hand_out_group(plan, group);
                    }
                    // Otherwise it must wait until its former self's session has timed out.
                }
            }
            if let Commit::Every(every) = consume.commit
                && plan.is_log(consume.topic)
            {
                let tick = Scheduled::CommitTick {
                    instance,
                    place: u16::try_from(place).expect("subscriptions are few"),
                    incarnation,
                };
                self.agenda.push(self.now + every, tick);
            }
        }
    }

    /// The subscriptions of an instance that crashed.
    pub(super) fn disconnect_consumers(&mut self, plan: &Plan, instance: InstanceId) {
        let service = plan.service_of(instance);
        for consume in &plan.model.services[service.index()].consumes {
            match &mut self.topics[consume.topic.index()].broker {
                Broker::Queue(queue) => {
                    let mut effects = Vec::new();
                    queue.disconnect(instance, &mut effects);
                    self.perform_effects(plan, consume.topic, effects);
                    self.hand_out_queue(plan, consume.topic);
                }
                Broker::Log(_) => {
                    let group = consume.group;
                    self.groups[group.index()].members.silence(instance);
                    let ends = Scheduled::SessionEnds {
                        group,
                        instance,
                        incarnation: self.instances[instance.index()].incarnation,
                    };
                    let timeout = plan.model.groups[group.index()].session_timeout;
                    self.agenda.push(self.now + timeout, ends);
                }
            }
        }
    }

    /// A member that was silent for a session's length is expelled; if its process is back, it
    /// joins anew.
    pub(super) fn session_ends(
        &mut self,
        plan: &Plan,
        group: GroupId,
        instance: InstanceId,
        incarnation: u32,
    ) {
        let members = &mut self.groups[group.index()].members;
        let state = &self.instances[instance.index()];
        let fell_silent_since = !state.up && state.incarnation != incarnation;
        if !members.is_silent(instance) || fell_silent_since {
            return;
        }
        members.expel(instance);
        if state.up {
            let topic = plan.model.groups[group.index()].topic;
            let service = plan.service_of(instance);
            let (_, consume) = plan.subscription(service, topic).expect("it is a member");
            members.join(instance, consume.prefetch);
        }
        self.rebalance(plan, group, plan.model.groups[group.index()].rebalance_pause);
    }

    /// A group's partitions are shared out anew.
    pub(super) fn rebalance(&mut self, plan: &Plan, group: GroupId, pause: Span) {
        let topic = plan.model.groups[group.index()].topic;
        let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
        let resume_at = self.now + pause;
        let moved = self.groups[group.index()].members.rebalance(log, resume_at);
        for &(partition, reader) in &moved {
            self.note(What::Assigned { group, partition, instance: reader });
            self.revoke(plan, group, partition, reader);
        }
        if pause > Span::ZERO {
            self.agenda.push(resume_at, Scheduled::Rebalanced(group));
        } else {
            self.hand_out_group(plan, group);
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
            let waiting = std::mem::take(&mut lanes[place].waiting);
            if !lanes[place].busy {
                lanes.remove(place);
            }
            let service = plan.service_of(instance);
            let topic = plan.model.groups[group.index()].topic;
            for id in waiting {
                let since = self.messages.get(id).since;
                let statistics = &mut self.services[service.index()].statistics;
                statistics.queue_shrank(self.now);
                statistics.pass(self.now, since);
                self.drop_message(id, DropReason::Stale);
                if Some(instance) != reader
                    && let Some((subscription, _)) = plan.subscription(service, topic)
                {
                    self.give_room(plan, instance, subscription);
                }
            }
        }
    }
}

/// The group a service consumes a topic as.
fn group_of(plan: &Plan, service: ServiceId, topic: TopicId) -> GroupId {
    plan.subscription(service, topic).expect("only subscribers have something to say").1.group
}
