//! Topics in the world: what reaches a broker, what it sends, and what consumers tell it.

use crate::engine::broker::group::{Due, Part};
use crate::engine::broker::queue::{Accepted, Effect, Ticket};
use crate::model::{
    AckTiming, AnomalyKind, Commit, DropReason, Event, GroupId, InstanceId, MessageId, Node,
    OnFailure, Role, ServiceId, Settlement, Span, Time, TopicId, TopicKind, What,
};

use super::connection::keeps_leases;
use super::message::{Message, Token};
use super::plan::Plan;
use super::world::{Broker, Scheduled, World};

impl World {
    /// A message comes to its topic.
    pub(super) fn reach_topic(&mut self, plan: &Plan, id: MessageId) {
        let &Message { link, role, from, token, since, .. } = self.messages.get(id);
        let topic = Self::topic_of(plan, link);
        if self.is_remote(topic) {
            return self.reach_remote(plan, topic, id);
        }
        if role == Role::Publish {
            return self.publish_reached(plan, topic, id);
        }
        self.received(id);
        match (role, token) {
            (Role::Ack | Role::Nack, Token::Ticket(ticket)) => {
                self.settlement_came(plan, topic, from, role, ticket);
            }
            (Role::Progress, Token::Ticket(ticket)) => {
                self.progress_came(plan, topic, from, ticket)
            }
            (Role::Commit, Token::Offset { partition, offset, epoch }) => {
                self.commit_came(plan, topic, (from, epoch, since), (partition, offset));
            }
            (_, Token::Room { session, upto }) => {
                let group = group_of(plan, plan.service_of(from), topic);
                if !self.groups[group.index()].members.has(from) {
                    return self.is_told_off(plan, from, topic);
                }
                let lanes = self.instances[from.index()].lanes.iter();
                // The member reads on from what it has, which is what it sent the fetch with:
                // whatever came since by its former connection it did not take.
                let positions =
                    lanes.filter(|it| it.group == group).map(|it| (it.partition, it.next));
                let members = &mut self.groups[group.index()].members;
                members.fetch(from, session, upto, positions);
                let (place, _) = plan.subscription(plan.service_of(from), topic).expect("as above");
                let state = &mut self.instances[from.index()];
                if state.reading[place].session == session && state.reading[place].connecting {
                    state.reading[place].connecting = false;
                    for lane in state.lanes.iter_mut().filter(|it| it.group == group) {
                        lane.epoch = Some(members.epoch(lane.partition));
                        // What the former connection would have passed over counts from here.
                        lane.gaps.clear();
                    }
                }
                self.hand_out_group(plan, group);
            }
            _ => unreachable!("acks, commits and fetches say what they are about"),
        }
    }

    /// A publish comes to its topic.
    pub(super) fn publish_reached(&mut self, plan: &Plan, topic: TopicId, id: MessageId) {
        if self.topics[topic.index()].mirror.is_some() {
            return self.hand_over_to_log(plan, topic, id);
        }
        match self.messages.get(id).token {
            Token::None => self.publish_came(plan, topic, id),
            _ => self.confirmable_came(plan, topic, id),
        }
    }

    fn publish_came(&mut self, plan: &Plan, topic: TopicId, id: MessageId) {
        match &mut self.topics[topic.index()].broker {
            Broker::Log(log) => {
                let event = &self.messages.get(id).event;
                let key = plan.model.event_types[event.event_type.index()].key;
                let partition = log.partition_for(key.map(|key| event.fields[key]));
                self.append(plan, topic, partition, id);
            }
            Broker::Queue(_) => {
                self.enqueue(plan, topic, id);
            }
        }
    }

    /// A message that is with the broker is appended to a log; gives its offset.
    pub(super) fn append(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        partition: u32,
        id: MessageId,
    ) -> u64 {
        let event = self.messages.get(id).event;
        let now = self.now;
        let Broker::Log(log) = &mut self.topics[topic.index()].broker else {
            unreachable!("only logs are appended to")
        };
        let offset = log.append(now, partition, event);
        let mut deleted = Vec::new();
        let is_of_interest = !plan.projecting(topic).is_empty();
        let trimmed = log.trim_at_once(now, partition, |offset, event| {
            if is_of_interest {
                deleted.push((offset, event));
            }
        });
        let due = log.due_at(now, partition);
        let replicated_at = log.replicate(now, partition);
        self.note(What::Appended { message: id, topic, partition, offset });
        self.accepted(plan, topic, event.id);
        self.end_message(id);
        if let Some(start) = trimmed {
            self.note(What::Trimmed { topic, partition, start });
            self.deleted_unread(plan, topic, partition, &deleted);
        }
        if let Some(due) = due {
            self.tick_at(topic, due);
        }
        match replicated_at {
            Some(at) => self.agenda.push(at, Scheduled::Replicated { topic, partition }),
            None => self.hand_out_partition(plan, topic, partition),
        }
        offset
    }

    /// A log's groups are sent what they have room for, of one partition.
    pub(super) fn hand_out_partition(&mut self, plan: &Plan, topic: TopicId, partition: u32) {
        for &group in &plan.model.topics[topic.index()].groups {
            self.hand_out_log(plan, group, Some(partition));
        }
    }

    /// A message that is with the broker enters a queue topic.
    pub(super) fn enqueue(&mut self, plan: &Plan, topic: TopicId, id: MessageId) -> Accepted {
        if self.is_remote(topic) {
            self.hand_over(topic, id);
            return Accepted::Yes;
        }
        let now = self.now;
        let event = &self.messages.get(id).event;
        let key = plan.model.event_types[event.event_type.index()].key;
        let key = key.map_or(0, |key| event.fields[key]);
        let event = event.id;
        let state = &mut self.topics[topic.index()];
        let Broker::Queue(queue) = &mut state.broker else {
            unreachable!("the reader lets only queues be entered so")
        };
        let mut effects = self.spare_effects.pop().unwrap_or_default();
        let accepted = queue.publish(now, id, event, key, &mut effects);
        match accepted {
            Accepted::Yes => {
                self.perform_effects(plan, topic, effects);
                self.note(What::Enqueued { message: id, topic });
                self.accepted(plan, topic, event);
                self.hand_out_queue(plan, topic);
            }
            Accepted::Duplicate => {
                self.spare_effects.push(effects);
                state.deduplicated += 1;
                self.drop_message(id, DropReason::Duplicate);
            }
            Accepted::Full => {
                self.spare_effects.push(effects);
                state.refused += 1;
                self.drop_message(id, DropReason::QueueFull);
            }
        }
        accepted
    }

    /// A queue topic hands out what it can, and sees to what follows.
    pub(super) fn hand_out_queue(&mut self, plan: &Plan, topic: TopicId) {
        let state = &mut self.topics[topic.index()];
        let Broker::Queue(queue) = &mut state.broker else { return };
        if state.down > 0 {
            return;
        }
        let mut effects = self.spare_effects.pop().unwrap_or_default();
        queue.hand_out(self.now, &mut effects);
        self.perform_effects(plan, topic, effects);
    }

    pub(super) fn perform_effects(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        mut effects: Vec<Effect>,
    ) {
        for effect in effects.drain(..) {
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
                        let mut done = self.spare_effects.pop().unwrap_or_default();
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
                Effect::Died(message, why) => self.dead_letter(plan, topic, message, why),
            }
        }
        self.spare_effects.push(effects);
        self.schedule_tick(topic);
    }

    pub(super) fn dead_letter(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        message: MessageId,
        why: Settlement,
    ) {
        let dead = &mut self.topics[topic.index()].dead_lettered;
        for (count, reason) in dead.iter_mut().zip(Settlement::DEATHS) {
            *count += u64::from(reason == why);
        }
        self.note(What::Settled { message, topic, how: why });
        if self.beliefs.is_some() {
            let event = self.messages.get(message).event.id;
            self.never_applied(topic, None, event, AnomalyKind::Missing);
        }
        let TopicKind::Queue(settings) = &plan.model.topics[topic.index()].kind else { return };
        match settings.dead_letters {
            Some(dead_letters) => {
                self.topics[dead_letters.index()].published += 1;
                if !plan.projecting(dead_letters).is_empty() {
                    let event = self.messages.get(message).event;
                    self.published(plan, dead_letters, &event);
                }
                self.enqueue(plan, dead_letters, message);
            }
            None => {
                self.counters.buried += 1;
                self.end_message(message);
            }
        }
    }

    /// A delivery of a queue topic is in nobody's hands any more.
    pub(super) fn let_go(&mut self, topic: TopicId, ticket: Ticket) {
        let state = &mut self.topics[topic.index()];
        if state.remote.is_some() {
            return self.let_go_remotely(topic, ticket);
        }
        if let Broker::Queue(queue) = &mut state.broker
            && queue.let_go(ticket)
        {
            state.tick_at = Some(self.now);
            self.agenda.push(self.now, Scheduled::TopicTick(topic));
        }
    }

    fn schedule_tick(&mut self, topic: TopicId) {
        let state = &mut self.topics[topic.index()];
        let Broker::Queue(queue) = &state.broker else { return };
        if let Some(deadline) = queue.next_deadline() {
            self.tick_at(topic, deadline);
        }
    }

    /// A topic is to be looked after at an instant, at the latest.
    pub(super) fn tick_at(&mut self, topic: TopicId, at: Time) {
        let state = &mut self.topics[topic.index()];
        if state.tick_at.is_none_or(|before| at < before) {
            state.tick_at = Some(at);
            self.agenda.push(at.max(self.now), Scheduled::TopicTick(topic));
        }
    }

    /// Leases of a queue topic may have run out; a log may have to delete something.
    pub(super) fn topic_tick(&mut self, plan: &Plan, topic: TopicId) {
        let now = self.now;
        let state = &mut self.topics[topic.index()];
        if state.tick_at.is_none_or(|at| at > now) {
            return;
        }
        state.tick_at = None;
        if state.down > 0 {
            // It looks again when its broker is back.
            return;
        }
        let Broker::Queue(queue) = &mut state.broker else {
            return self.tend_log(plan, topic);
        };
        let mut effects = self.spare_effects.pop().unwrap_or_default();
        queue.tick(now, &mut effects);
        self.perform_effects(plan, topic, effects);
        self.hand_out_queue(plan, topic);
        self.schedule_tick(topic);
    }

    /// A log deletes what it keeps no longer, and compacts.
    fn tend_log(&mut self, plan: &Plan, topic: TopicId) {
        let now = self.now;
        let mut removed = Vec::new();
        for partition in 0.. {
            let state = &mut self.topics[topic.index()];
            let Broker::Log(log) = &mut state.broker else { return };
            if partition as usize == log.partition_count() {
                return;
            }
            let mut deleted = Vec::new();
            let is_of_interest = !plan.projecting(topic).is_empty();
            let trimmed = log.trim(now, partition, |offset, event| {
                if is_of_interest {
                    deleted.push((offset, event));
                }
            });
            log.compact(now, partition, &mut removed);
            let due = log.due_at(now, partition);
            state.compacted += removed.len() as u64;
            if let Some(start) = trimmed {
                self.note(What::Trimmed { topic, partition, start });
                self.deleted_unread(plan, topic, partition, &deleted);
            }
            for offset in removed.drain(..) {
                self.note(What::Compacted { topic, partition, offset });
            }
            if let Some(due) = due {
                self.tick_at(topic, due);
            }
            // Who waits at the end learns that what it has not read is gone.
            for &group in
                plan.model.topics[topic.index()].groups.iter().filter(|_| trimmed.is_some())
            {
                self.hand_out_log(plan, group, Some(partition));
            }
        }
    }

    /// A topic's broker is back.
    pub(super) fn topic_back(&mut self, plan: &Plan, topic: TopicId) {
        if self.topics[topic.index()].down > 0 {
            return;
        }
        self.hold_remotely(plan, topic);
        self.topics[topic.index()].tick_at = Some(self.now);
        self.topic_tick(plan, topic);
        self.confirm_replicated(plan, topic);
        self.sessions_begin_anew(plan, topic);
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
        let (place, consume) =
            plan.subscription(plan.service_of(from), topic).expect("only subscribers ack");
        if plan.loses_connections
            && !keeps_leases(plan, topic)
            && self.is_severed(from, place, ticket)
        {
            return;
        }
        let now = self.now;
        let mut effects = self.spare_effects.pop().unwrap_or_default();
        if role == Role::Ack && plan.forgets(topic) > Span::ZERO {
            self.keep_for_a_while(plan, topic, ticket);
        }
        if let Broker::Queue(queue) = &mut self.topics[topic.index()].broker {
            match (role, consume.in_the_end()) {
                (Role::Ack, _) => queue.ack(ticket, &mut effects),
                (_, OnFailure::GiveUp | OnFailure::LetExpire) => queue.reject(ticket, &mut effects),
                (_, OnFailure::Retry(after)) => {
                    let until = (after > Span::ZERO).then_some(now + after);
                    queue.nack(now, ticket, until, &mut effects);
                }
            }
        }
        self.perform_effects(plan, topic, effects);
        self.hand_out_queue(plan, topic);
        self.schedule_tick(topic);
    }

    /// An ack is about to be heard that may be forgotten again.
    fn keep_for_a_while(&mut self, plan: &Plan, topic: TopicId, ticket: Ticket) {
        let now = self.now;
        let state = &mut self.topics[topic.index()];
        let Broker::Queue(queue) = &state.broker else { return };
        let Some(kept) = queue.kept(ticket) else { return };
        let forgets = plan.forgets(topic);
        while state.lately.front().is_some_and(|it| it.0 + forgets < now) {
            state.lately.pop_front();
        }
        state.lately.push_back((now, kept, *self.messages.get(kept.message)));
    }

    /// A broker was killed and has forgotten the acks of the last moments: what they were about
    /// waits again.
    pub(super) fn forget_acks(&mut self, topic: TopicId, forgets: Span) {
        let lately = std::mem::take(&mut self.topics[topic.index()].lately);
        let now = self.now;
        for (_, kept, message) in lately.into_iter().filter(|it| it.0 + forgets >= now) {
            self.counters.made[message.role as usize] += 1;
            let id = self.messages.insert(&message);
            let Event { id: event, event_type, .. } = message.event;
            let Message { link, attempt, .. } = message;
            self.note(What::AckForgotten { message: id, event, event_type, link, attempt, topic });
            let state = &mut self.topics[topic.index()];
            state.acked -= 1;
            if let Broker::Queue(queue) = &mut state.broker {
                queue.put_back(kept, id);
            }
        }
    }

    fn progress_came(&mut self, plan: &Plan, topic: TopicId, from: InstanceId, ticket: Ticket) {
        let (place, _) =
            plan.subscription(plan.service_of(from), topic).expect("only subscribers say so");
        let is_void = !keeps_leases(plan, topic) && self.is_severed(from, place, ticket);
        if let Broker::Queue(queue) = &mut self.topics[topic.index()].broker
            && !is_void
        {
            queue.extend(self.now, ticket);
            self.schedule_tick(topic);
        }
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
        if self.topics[topic.index()].mirror.is_some() {
            // What was appended its broker sends by itself.
            return if partition.is_none() {
                self.ask_to_read(plan, group)
            };
        }
        let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
        if self.topics[topic.index()].down > 0 {
            return;
        }
        let mut deliveries = self.spare_deliveries.pop().unwrap_or_default();
        let members = &mut self.groups[group.index()].members;
        match partition {
            Some(partition) => {
                members.hand_out_partition(self.now, log, partition, &mut deliveries);
            }
            None => members.hand_out(self.now, log, &mut deliveries),
        }
        for Due { reader, partition, what } in deliveries.drain(..) {
            let (offset, epoch) = match what {
                Part::Event { offset, epoch } => (offset, epoch),
                Part::Hole { from, to, kept_from } => {
                    self.fell_off(group, partition, from, kept_from);
                    self.pass_over(reader, group, partition, (from, to));
                    continue;
                }
            };
            let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
            let event = log.event(partition, offset).expect("it was found just now");
            self.deliver(plan, group, (reader, partition), (offset, epoch), event);
        }
        self.spare_deliveries.push(deliveries);
    }

    /// An event of a log is sent to the reader of its partition.
    pub(super) fn deliver(
        &mut self,
        plan: &Plan,
        group: GroupId,
        (reader, partition): (InstanceId, u32),
        (offset, epoch): (u64, u32),
        event: Event,
    ) {
        let topic = plan.model.groups[group.index()].topic;
        let state = &mut self.groups[group.index()];
        let frontier = &mut state.frontier[partition as usize];
        let again = offset < *frontier;
        *frontier = (*frontier).max(offset + 1);
        state.delivered += 1;
        state.redelivered += u64::from(again);
        self.topics[topic.index()].delivered += 1;
        self.topics[topic.index()].redelivered += u64::from(again);
        let link = plan.link(Node::Topic(topic), Node::Service(plan.service_of(reader)));
        let token = Token::Offset { partition, offset, epoch };
        // A log knows no redelivery count; the ring on the screen says "again", not more.
        let attempt = 1 + u16::from(again);
        self.send_new(plan, link, event, Role::Delivery, reader, reader, token, attempt);
    }

    /// A reader does not wait for what it cannot be sent: from this offset up to that.
    pub(super) fn pass_over(
        &mut self,
        reader: InstanceId,
        group: GroupId,
        partition: u32,
        gap: (u64, u64),
    ) {
        if let Some(lane) = self.lane(reader, group, partition) {
            let lane = &mut self.instances[reader.index()].lanes[lane];
            lane.gaps.push_back(gap);
            lane.pass_gaps();
        }
    }

    /// A group passes over events that were deleted before they could be sent to it. After a
    /// new connection it may come to the same ones again; they are counted once.
    pub(super) fn fell_off(&mut self, group: GroupId, partition: u32, from: u64, to: u64) {
        if from == to {
            return;
        }
        let state = &mut self.groups[group.index()];
        let (begin, end) = state.passed_over[partition as usize];
        state.passed_over[partition as usize] = (from, to);
        let events = to - from - end.min(to).saturating_sub(begin.max(from));
        if events > 0 {
            state.fell_off += events;
            self.note(What::FellOff { group, partition, events });
        }
    }

    /// A delivery comes to its consumer.
    pub(super) fn reach_consumer(&mut self, plan: &Plan, id: MessageId) {
        let &Message { link, to, token, ref event, .. } = self.messages.get(id);
        let service = plan.service_of(to);
        let topic = Self::topic_of(plan, link);
        let (place, consume) =
            plan.subscription(service, topic).expect("only subscribers get deliveries");
        let event_type = event.event_type;
        if plan.loses_connections
            && let Token::Ticket(ticket) = token
            && self.is_severed(to, place, ticket)
        {
            return self.drop_message(id, DropReason::Stale);
        }
        let Token::Offset { partition, offset, epoch } = token else {
            let handled = plan.reaction(service, place, event_type).is_some();
            return self.take_up(plan, id, handled);
        };
        let members = &self.groups[consume.group.index()].members;
        let is_reader = members.reader(partition) == Some(to);
        let lane = self.lane(to, consume.group, partition).filter(|&lane| {
            is_reader && self.instances[to.index()].lanes[lane].epoch == Some(epoch)
        });
        let Some(lane) = lane else {
            let takes_room = !self.instances[to.index()].reading[place].connecting
                && members.is_of_present_connection(to, epoch);
            self.drop_message(id, DropReason::Stale);
            if takes_room {
                self.give_room(plan, to, place);
            }
            return;
        };
        let lane = &mut self.instances[to.index()].lanes[lane];
        if offset < lane.next || lane.early.contains_key(&offset) {
            // A connection gives each byte once.
            return self.drop_message(id, DropReason::Duplicate);
        }
        let is_early = offset > lane.next;
        let is_taken_up = !is_early && !lane.busy;
        if is_early {
            lane.early.insert(offset, id);
        } else {
            if lane.busy {
                lane.waiting.push_back(id);
            } else {
                lane.current = offset;
            }
            lane.busy = true;
            lane.came();
        }
        if self.is_polling(plan, consume) && self.instances[to.index()].reading[place].taken == 0 {
            self.poll_takes(plan, to, place);
        }
        if !is_taken_up {
            self.services[service.index()].statistics.queue_grew(self.now);
            self.note(What::Queued { message: id, instance: to });
            return;
        }
        let handled = plan.reaction(service, place, event_type).is_some();
        self.take_up(plan, id, handled);
    }

    /// A delivery whose turn it is: it is worked on, or only noticed.
    pub(super) fn take_up(&mut self, plan: &Plan, id: MessageId, handled: bool) {
        let &Message { link, to, token, since, .. } = self.messages.get(id);
        let service = plan.service_of(to);
        self.tell(plan, service, id);
        if handled {
            if plan.is_naive(to) || !(self.gathers(plan, id, false) || self.is_put_aside(plan, id))
            {
                self.admit(plan, id);
            }
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

    /// A consumer says that a message is done.
    pub(super) fn acknowledge(&mut self, plan: &Plan, id: MessageId) {
        let &Message { link, to, token, .. } = self.messages.get(id);
        let service = plan.service_of(to);
        let topic = Self::topic_of(plan, link);
        let (place, consume) = plan.subscription(service, topic).expect("it is a subscriber");
        let Token::Offset { partition, offset, epoch } = token else {
            if consume.ack != AckTiming::Automatic {
                self.settle(plan, id, Role::Ack);
            }
            return;
        };
        let group = consume.group;
        let Some(lane) = self.lane(to, group, partition) else { return };
        let lane = &mut self.instances[to.index()].lanes[lane];
        if epoch < lane.since {
            // It is from before the partition went away and came back, perhaps past what is
            // still to be done.
            return;
        }
        lane.reached = lane.reached.max(offset + 1);
        lane.aside.remove(&offset);
        lane.done = lane.done.max(lane.aside.first().copied().unwrap_or(lane.reached));
        if consume.commit == Commit::Each && lane.committed != lane.done {
            lane.committed = lane.done;
            let offset = lane.done;
            let epoch = self.instances[to.index()].reading[place].session;
            let token = Token::Offset { partition, offset, epoch };
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
        if plan.loses_connections && !self.can_say(plan, Self::topic_of(plan, link), &back) {
            return;
        }
        self.send(plan, &back);
    }
}

/// The group a service consumes a topic as.
fn group_of(plan: &Plan, service: ServiceId, topic: TopicId) -> GroupId {
    plan.subscription(service, topic).expect("only subscribers have something to say").1.group
}
