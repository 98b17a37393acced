//! Consumer strategies in the world: what is let pass, and what becomes so in one step.

use crate::engine::store::Transaction;
use crate::model::{
    AckTiming, AnomalyKind, Consume, Event, FieldKind, InstanceId, LinkId, Memory, MessageId, Node,
    Reorder, Retries, Retry, Role, ServiceId, Skip, Span, Time, TopicId, Value, What,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::world::{Scheduled, World};

impl World {
    /// Whether a delivery that a worker would take up is let pass, and why.
    pub(super) fn passes(&mut self, plan: &Plan, id: MessageId) -> Option<Skip> {
        if plan.is_naive(self.messages.get(id).to) {
            return None;
        }
        let (place, consume) = self.consume_of(plan, id)?;
        self.is_known(plan, id, place, consume)
    }

    fn is_known(
        &mut self,
        plan: &Plan,
        id: MessageId,
        place: usize,
        consume: &Consume,
    ) -> Option<Skip> {
        let message = self.messages.get(id);
        let (event, to) = (&message.event, message.to);
        let receiver = &mut self.services[plan.service_of(to).index()].receivers[place];
        let own = self.instances[to.index()].known[place].as_mut();
        if own.or(receiver.known.as_mut()).is_some_and(|it| it.contains(self.now, event.id)) {
            return Some(Skip::Known);
        }
        let version = number(plan, event, &consume.strategy.versions)?;
        let is_stale = receiver.versions.is_stale(key(plan, event), version);
        is_stale.then_some(Skip::Stale)
    }

    /// A consumer lets a message pass: for the broker it is done.
    pub(super) fn skip(&mut self, plan: &Plan, id: MessageId, why: Skip) {
        let &Message { link, to, token, since, .. } = self.messages.get(id);
        let service = plan.service_of(to);
        let topic = Self::topic_of(plan, link);
        let (place, _) = plan.subscription(service, topic).expect("it is a subscriber");
        let state = &mut self.services[service.index()];
        state.statistics.pass(self.now, since);
        state.skipped[why as usize] += 1;
        self.note(What::Skipped { message: id, instance: to, why });
        self.not_applied(plan, id, why == Skip::Stale);
        self.acknowledge(plan, id);
        self.order_over(plan, id, true);
        if matches!(token, Token::Offset { .. }) {
            self.lane_done(plan, id, place);
        }
        self.end_message(id);
    }

    /// A delivery whose turn with the broker it is may have to wait for others all the same.
    /// Gives whether it does; its partition goes on without it.
    pub(super) fn is_put_aside(&mut self, plan: &Plan, id: MessageId) -> bool {
        let Some((place, consume)) = self.consume_of(plan, id) else { return false };
        let Some(Reorder { by, timeout }) = &consume.strategy.reorder else { return false };
        let &Message { to, token, ref event, .. } = self.messages.get(id);
        let Some(number) = number(plan, event, by) else { return false };
        let deadline = timeout.map_or(Time::MAX, |it| self.now + it);
        let line = (key(plan, event), number);
        let service = plan.service_of(to);
        let receiver = &mut self.services[service.index()].receivers[place];
        if receiver.order.come(line, id, to, deadline) {
            return false;
        }
        self.services[service.index()].statistics.queue_grew(self.now);
        self.note(What::Queued { message: id, instance: to });
        self.schedule_order(service, place);
        if let Token::Offset { partition, offset, .. } = token {
            if let Some(lane) = self.lane(to, consume.group, partition) {
                let lane = &mut self.instances[to.index()].lanes[lane];
                lane.aside.insert(offset);
                lane.busy = false;
            }
            // A client that puts in order goes on reading: its buffer is not what it fetches into.
            self.give_room(plan, to, place);
            self.poll_shrank(plan, to, place);
            self.lane_goes_on(plan, to, (place, partition));
        }
        true
    }

    fn schedule_order(&mut self, service: ServiceId, place: usize) {
        let receiver = &mut self.services[service.index()].receivers[place];
        let Some(deadline) = receiver.order.next_deadline() else { return };
        if receiver.tick_at.is_none_or(|at| deadline < at) {
            receiver.tick_at = Some(deadline);
            let place = u16::try_from(place).expect("subscriptions are few");
            self.agenda.push(deadline.max(self.now), Scheduled::OrderTick { service, place });
        }
    }

    /// What waits in a re-ordering buffer may have waited long enough.
    pub(super) fn order_tick(&mut self, plan: &Plan, service: ServiceId, place: usize) {
        let receiver = &mut self.services[service.index()].receivers[place];
        if receiver.tick_at.is_none_or(|at| at > self.now) {
            return;
        }
        receiver.tick_at = None;
        let mut turn = Vec::new();
        receiver.order.tick(self.now, &mut turn);
        self.turn_came(plan, turn);
        self.schedule_order(service, place);
    }

    /// Messages have their turn. What is done at once gives the turn to another: one after the
    /// other, not one inside the other, however many there are.
    fn turn_came(&mut self, plan: &Plan, turn: Vec<MessageId>) {
        self.turns.extend(turn);
        if std::mem::replace(&mut self.is_giving_turns, true) {
            return;
        }
        while let Some(id) = self.turns.pop_front() {
            let service = plan.service_of(self.messages.get(id).to);
            self.services[service.index()].statistics.queue_shrank(self.now);
            self.admit(plan, id);
        }
        self.is_giving_turns = false;
    }

    /// A delivery that had its turn is done with, or will come again.
    pub(super) fn order_over(&mut self, plan: &Plan, id: MessageId, is_done: bool) {
        let Some((place, consume)) = self.consume_of(plan, id) else { return };
        if consume.strategy.reorder.is_none() {
            return;
        }
        let message = self.messages.get(id);
        let (key, service) = (key(plan, &message.event), plan.service_of(message.to));
        self.order_ends(plan, (service, place, key), id, is_done);
    }

    fn order_ends(
        &mut self,
        plan: &Plan,
        (service, place, key): (ServiceId, usize, u64),
        id: MessageId,
        is_done: bool,
    ) {
        let mut turn = Vec::new();
        let receiver = &mut self.services[service.index()].receivers[place];
        receiver.order.end(self.now, key, id, is_done, &mut turn);
        self.turn_came(plan, turn);
        self.schedule_order(service, place);
    }

    /// A delivery is no more; if it had its turn, the next one has.
    pub(super) fn order_interrupted(
        &mut self,
        plan: &Plan,
        id: MessageId,
        link: LinkId,
        to: InstanceId,
        key: u64,
    ) {
        let service = plan.service_of(to);
        let topic = Self::topic_of(plan, link);
        if let Some((place, consume)) = plan.subscription(service, topic)
            && consume.strategy.reorder.is_some()
        {
            // What was counted as done when it was sent does not come again.
            let is_done = consume.ack == AckTiming::Automatic;
            self.order_ends(plan, (service, place, key), id, is_done);
        }
    }

    /// Takes what an instance has in re-ordering buffers out of them.
    pub(super) fn take_all_from_order(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
    ) -> Vec<MessageId> {
        let receivers = &mut self.services[plan.service_of(instance).index()].receivers;
        let of_all = receivers.iter_mut();
        of_all.flat_map(|it| it.order.take_out(|_, holder| holder == instance)).collect()
    }

    /// Takes what came from a partition out of an instance's re-ordering buffer, or from where it
    /// waits for a batch.
    pub(super) fn take_from_order(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        topic: TopicId,
        partition: u32,
    ) -> Vec<MessageId> {
        let service = plan.service_of(instance);
        if plan.is_naive(instance) {
            return Vec::new();
        }
        let Some((place, _)) = plan.subscription(service, topic) else { return Vec::new() };
        let gathering = &mut self.instances[instance.index()].gatherings[place].waiting;
        let (gathered, left): (Vec<MessageId>, Vec<MessageId>) = std::mem::take(gathering)
            .into_iter()
            .partition(|it| self.is_delivery_of(plan, *it, topic, partition));
        self.instances[instance.index()].gatherings[place].waiting = left.into();
        let mut order = std::mem::take(&mut self.services[service.index()].receivers[place].order);
        let mut taken = order.take_out(|id, holder| {
            holder == instance && self.is_delivery_of(plan, id, topic, partition)
        });
        self.services[service.index()].receivers[place].order = order;
        taken.extend(gathered);
        taken
    }

    /// A message that failed is tried again by its consumer if its strategy says so; past the
    /// last attempt its event is published to the strategy's dead letters. Gives whether it is
    /// tried again.
    pub(super) fn retries(
        &mut self,
        plan: &Plan,
        id: MessageId,
        place: usize,
        consume: &Consume,
    ) -> bool {
        let Some(retries) = consume.strategy.retries else { return false };
        let &Message { to, ref event, .. } = self.messages.get(id);
        let event = *event;
        let failed = self.instances[to.index()].failed.entry((place, event.id)).or_default();
        *failed += 1;
        let attempt = *failed;
        if attempt < retries.attempts {
            let Retries { attempts, backoff, jitter, .. } = retries;
            let attempt = u16::try_from(attempt).unwrap_or(u16::MAX);
            let place = u32::try_from(place).expect("subscriptions are few") | 1 << 31;
            let retry = Retry { attempts, backoff, jitter };
            let after = self.pause(retry, attempt, event.lineage, place);
            self.tries_again(plan, id, after);
            return true;
        }
        self.instances[to.index()].failed.remove(&(place, event.id));
        if let Some(topic) = retries.dead_letters {
            self.not_applied(plan, id, false);
            let link = plan.link(Node::Service(plan.service_of(to)), Node::Topic(topic));
            self.topics[topic.index()].published += 1;
            self.published(plan, topic, &event);
            self.services[plan.service_of(to).index()].dead_lettered += 1;
            self.send_new(plan, link, event, Role::Publish, to, to, Token::None, 1);
        }
        false
    }

    /// A message that was tried again was handled after all.
    pub(super) fn no_more_failures(&mut self, plan: &Plan, id: MessageId, place: usize) {
        let message = self.messages.get(id);
        let (to, event) = (message.to, message.event.id);
        debug_assert!(!plan.is_naive(to), "a naive consumer counts nothing");
        self.instances[to.index()].failed.remove(&(place, event));
    }

    /// A message that failed is tried again later.
    pub(super) fn tries_again(&mut self, plan: &Plan, id: MessageId, after: Span) {
        let again = self.try_again_after(id, after);
        let message = self.messages.get(id);
        let key = key(plan, &message.event);
        if !plan.is_naive(message.to)
            && let Some((place, consume)) = self.consume_of(plan, id)
        {
            if consume.strategy.batch.is_some() {
                let to = self.messages.get(id).to;
                self.instances[to.index()].gatherings[place].coming_back += 1;
            }
            let service = plan.service_of(self.messages.get(id).to);
            self.services[service.index()].receivers[place].order.rename(key, id, again);
        }
    }

    /// Whatever a delivery's event has not changed by now it never will.
    pub(super) fn not_applied(&mut self, plan: &Plan, id: MessageId, is_stale: bool) {
        let Some(beliefs) = &mut self.beliefs else { return };
        let message = self.messages.get(id);
        let (event, service) = (message.event.id, plan.service_of(message.to));
        if is_stale {
            beliefs.projections.supersede(service, event);
        }
        let topic = Self::topic_of(plan, message.link);
        self.never_applied(topic, Some(service), event, AnomalyKind::Missing);
    }

    /// What a delivery's consumer is.
    pub(super) fn consume_of<'p>(
        &self,
        plan: &'p Plan,
        id: MessageId,
    ) -> Option<(usize, &'p Consume)> {
        let message = self.messages.get(id);
        plan.subscription(plan.service_of(message.to), Self::topic_of(plan, message.link))
    }

    /// Whether the broker has been told that a message is done that is in hands.
    pub(super) const fn is_acked(consume: &Consume, acked: bool) -> bool {
        acked || matches!(consume.ack, AckTiming::BeforeWork | AckTiming::Automatic)
    }

    /// A crash takes a message out of a worker's hands. If the broker was told that it is done,
    /// it does not come again.
    pub(super) fn interrupted(&mut self, plan: &Plan, id: MessageId, acked: bool) {
        if (self.beliefs.is_some() || !plan.is_naive(self.messages.get(id).to))
            && is_delivery(self.messages.get(id))
            && let Some((_, consume)) = self.consume_of(plan, id)
            && Self::is_acked(consume, acked)
        {
            self.not_applied(plan, id, false);
            // It does not come again: nobody need wait for it.
            self.order_over(plan, id, true);
        }
    }

    /// A delivery is no more. If the broker counted it as done when it sent it, it does not come
    /// again.
    pub(super) fn delivery_lost(&mut self, plan: &Plan, id: MessageId) {
        let is_automatic = |it: &Consume| it.ack == AckTiming::Automatic;
        if self.consume_of(plan, id).is_some_and(|it| is_automatic(it.1)) {
            self.not_applied(plan, id, false);
        }
    }

    /// A task is over, or is no more: what it has not made so is void.
    #[inline]
    pub(super) fn task_over(&mut self, slot: u32) {
        if !self.transactions.is_empty() {
            self.transactions.remove(&slot);
        }
        self.applied_all(slot);
    }

    /// A task begins; what it changes may have to become so in one step.
    pub(super) fn begin_transaction(&mut self, plan: &Plan, id: MessageId, slot: u32) {
        if self.consume_of(plan, id).is_some_and(|it| it.1.strategy.is_transactional()) {
            self.transactions.insert(slot, Transaction::default());
        }
    }

    /// From now on stores are read and changed as a task sees them.
    pub(super) fn see_as(&mut self, slot: u32) {
        if let Some(open) = self.transactions.get_mut(&slot) {
            self.stores.open(std::mem::take(open));
        }
    }

    /// From now on no longer.
    pub(super) fn see_all(&mut self, slot: u32) {
        if let Some(transaction) = self.stores.close() {
            self.transactions.insert(slot, transaction);
        }
    }

    /// A task's handler is done as intended: what it changed becomes so, unless another has
    /// handled the same meanwhile; and it is remembered.
    pub(super) fn handled(&mut self, plan: &Plan, slot: u32, id: MessageId) {
        let to = self.messages.get(id).to;
        let service = plan.service_of(to);
        if plan.is_naive(to) {
            return;
        }
        let Some((place, consume)) = self.consume_of(plan, id) else { return };
        if let Some(transaction) = self.transactions.remove(&slot) {
            if let Some(why) = self.is_known(plan, id, place, consume) {
                self.services[service.index()].rolled_back += 1;
                return self.not_applied(plan, id, why == Skip::Stale);
            }
            for change in transaction.changes {
                self.change_store(plan, (slot, id), change);
            }
            for (outbox, event) in transaction.outboxed {
                self.write_outbox(plan, outbox, &event);
            }
        }
        let event = &self.messages.get(id).event;
        let receiver = &mut self.services[service.index()].receivers[place];
        if let Some(version) = number(plan, event, &consume.strategy.versions) {
            receiver.versions.advance(key(plan, event), version);
        }
        if let Some(idempotence) = consume.strategy.idempotence {
            let own = self.instances[to.index()].known[place].as_mut();
            let known = match idempotence.memory {
                Memory::Volatile => own,
                Memory::Durable | Memory::WithEffects => receiver.known.as_mut(),
            };
            if let Some(known) = known {
                known.insert(self.now, event.id);
            }
        }
    }
}

/// An event's key; those without one have one together.
pub(super) fn key(plan: &Plan, event: &Event) -> u64 {
    let key = plan.model.event_types[event.event_type.index()].key;
    key.map_or(0, |it| event.fields[it])
}

/// The number that an event wears in the field that is given for its type; below zero counts as
/// zero, and of a text the number behind it counts.
pub(super) fn number(
    plan: &Plan,
    event: &Event,
    fields: &[(crate::model::EventTypeId, usize)],
) -> Option<u64> {
    let &(_, field) = fields.iter().find(|it| it.0 == event.event_type)?;
    let kind: FieldKind = plan.model.event_types[event.event_type.index()].fields[field].kind;
    Some(match Value::from_bits(kind, event.fields[field]) {
        Value::Int(value) => u64::try_from(value).unwrap_or(0),
        Value::Text(text) => u64::from(text.number),
        Value::Float(_) | Value::Bool(_) => 0,
    })
}

/// Whether a message is a delivery.
pub(super) const fn is_delivery(message: &Message) -> bool {
    matches!(message.role, Role::Delivery)
}
