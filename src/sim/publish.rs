//! Producers in the world: publishes that are confirmed, tried again, given up; what a broker
//! answers them; outboxes and their relays.

use crate::engine::broker::client::{Asker, Client, Effect, Sending};
use crate::engine::broker::log::partition_of;
use crate::engine::broker::outbox::Outbox;
use crate::engine::broker::queue::Accepted;
use crate::engine::broker::sequences::{Session, Verdict};
use crate::model::{
    Acks, DropReason, Event, EventId, InstanceId, MessageId, Model, Node, OutboxId, Outcome, Phase,
    Role, ServiceId, Time, TopicId, TopicKind, Unconfirmed, What,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::world::{Broker, Scheduled, World};

/// A producer of an instance.
#[derive(Clone, Debug)]
pub struct ProducerState {
    pub client: Client,
    /// The tick that is scheduled.
    pub tick_at: Option<Time>,
    pub counts: PublishCounts,
}

/// What became of what a producer published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublishCounts {
    /// Publishes.
    pub published: u64,
    /// Those that were confirmed.
    pub confirmed: u64,
    /// Times that one was sent again.
    pub retried: u64,
    /// Those that were given up.
    pub failed: u64,
    /// Those that a crash made forget.
    pub forgotten: u64,
}

/// An outbox.
#[derive(Clone, Debug, Default)]
pub struct OutboxState {
    pub entries: Outbox,
    /// Whether the relay is going to look.
    pub is_scheduled: bool,
}

impl ProducerState {
    /// The producers of an instance of a service.
    pub(super) fn of(model: &Model, service: ServiceId) -> Vec<Self> {
        let producers = model.services[service.index()].publishes.iter();
        producers
            .map(|it| {
                let topic = &model.topics[it.topic.index()];
                let is_log = matches!(topic.kind, TopicKind::Log(_));
                let (tick_at, counts) = (None, PublishCounts::default());
                Self { client: Client::new(it.producer, is_log), tick_at, counts }
            })
            .collect()
    }
}

impl World {
    /// A task publishes by one of its service's producers. Gives whether it waits.
    pub(super) fn publish_by(
        &mut self,
        plan: &Plan,
        slot: u32,
        place: usize,
        event: &Event,
    ) -> bool {
        let instance = self.tasks.slots[slot as usize].instance;
        let service = plan.service_of(instance);
        let waits = plan.model.services[service.index()].publishes[place].producer.wait;
        let mut asker = Asker::Nobody;
        if waits {
            let state = &mut self.tasks.slots[slot as usize];
            state.wait = state.wait.wrapping_add(1);
            asker = Asker::Task { task: slot, wait: state.wait };
            self.set_phase(slot, Phase::Calling);
        }
        let topic = plan.model.services[service.index()].publishes[place].topic;
        self.published(plan, topic, event);
        self.produce(plan, instance, place, (event, 0), asker);
        waits
    }

    /// An instance publishes by one of its producers what was published so often before.
    fn produce(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        place: usize,
        (event, before): (&Event, u16),
        asker: Asker,
    ) {
        let service = plan.service_of(instance);
        let topic = plan.model.services[service.index()].publishes[place].topic;
        let state = &mut self.instances[instance.index()].producers[place];
        let partition = match &plan.model.topics[topic.index()].kind {
            TopicKind::Queue(_) => 0,
            TopicKind::Log(log) => {
                let key = plan.model.event_types[event.event_type.index()].key;
                match key {
                    Some(key) => partition_of(event.fields[key], log.partitions),
                    None => state.client.take_turn(log.partitions),
                }
            }
        };
        state.counts.published += 1;
        let mut effects = Vec::new();
        self.topics[topic.index()].published += u64::from(before == 0);
        state.client.publish(self.now, (*event, before), partition, asker, &mut effects);
        self.perform_producing(plan, instance, place, effects);
    }

    /// Does what a producer's client wants done.
    fn perform_producing(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        place: usize,
        effects: Vec<Effect>,
    ) {
        for effect in effects {
            let counts = &mut self.instances[instance.index()].producers[place].counts;
            match effect {
                Effect::Send(sending) => {
                    counts.retried += u64::from(sending.attempt > 1);
                    self.send_publish(plan, instance, place, &sending);
                }
                Effect::Confirmed(asker) => {
                    counts.confirmed += 1;
                    self.tell_asker(plan, instance, asker, true);
                }
                Effect::GaveUp(event, asker) => {
                    counts.failed += 1;
                    self.note_unconfirmed(plan, instance, place, &event, Unconfirmed::GaveUp);
                    self.tell_asker(plan, instance, asker, false);
                }
            }
        }
        let state = &mut self.instances[instance.index()].producers[place];
        let Some(deadline) = state.client.next_deadline() else { return };
        if state.tick_at.is_none_or(|at| deadline < at) {
            state.tick_at = Some(deadline);
            let place = u16::try_from(place).expect("producers are few");
            self.agenda.push(deadline, Scheduled::ProducerTick { instance, place });
        }
    }

    fn send_publish(&mut self, plan: &Plan, instance: InstanceId, place: usize, sending: &Sending) {
        let service = plan.service_of(instance);
        let topic = plan.model.services[service.index()].publishes[place].topic;
        let link = plan.link(Node::Service(service), Node::Topic(topic));
        let &Sending { event, attempt, serial, partition, epoch, sequence } = sending;
        let token = Token::Publish {
            incarnation: self.instances[instance.index()].incarnation,
            serial,
            sequence,
            partition: u16::try_from(partition).expect("the reader bounds partitions"),
            epoch,
        };
        self.send_new(plan, link, event, Role::Publish, instance, instance, token, attempt);
    }

    fn note_unconfirmed(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        place: usize,
        event: &Event,
        why: Unconfirmed,
    ) {
        let service = plan.service_of(instance);
        let topic = plan.model.services[service.index()].publishes[place].topic;
        let &Event { id: event, event_type, .. } = event;
        self.note(What::Unconfirmed { instance, topic, event, event_type, why });
        self.publish_lost(topic, event);
    }

    /// Whether a producer is still at an event that goes to a topic, or an outbox has it.
    pub(super) fn is_tried(&self, topic: TopicId, event: EventId) -> bool {
        let model = self.model();
        let service = &model.services[event.producer().index()];
        let place = service.publishes.iter().position(|it| it.topic == topic);
        let is_pending = |place: usize| {
            let mut instances = model.instances_of(event.producer());
            instances.any(|it| self.instances[it.index()].producers[place].client.has(event))
        };
        let is_written = |outbox: &OutboxId| {
            let mut events = self.outboxes[outbox.index()].entries.events();
            model.outboxes[outbox.index()].topic == topic && events.any(|it| it.id == event)
        };
        place.is_some_and(is_pending) || service.outboxes.iter().any(is_written)
    }

    /// Whoever asked for a publish goes on.
    fn tell_asker(&mut self, plan: &Plan, instance: InstanceId, asker: Asker, went_well: bool) {
        match asker {
            Asker::Nobody => {}
            Asker::Task { task: slot, wait } => {
                if !self.is_waiting(slot, wait) {
                    return;
                }
                let state = &mut self.tasks.slots[slot as usize];
                state.wait = state.wait.wrapping_add(1);
                if went_well {
                    state.task.succeed(None);
                } else if !state.task.fail(&plan.program) {
                    return self.finish(plan, slot, Outcome::Unconfirmed);
                }
                self.run_task(plan, slot);
            }
            Asker::Relay(outbox) if went_well => {
                if let Some(event) = self.outboxes[outbox.index()].entries.confirmed() {
                    self.note(What::Relayed { outbox, event });
                }
                self.relay(plan, outbox, instance);
            }
            Asker::Relay(outbox) => self.outboxes[outbox.index()].entries.stopped(),
        }
    }

    /// A producer's client may have something to do.
    pub(super) fn producer_tick(&mut self, plan: &Plan, instance: InstanceId, place: u16) {
        let place = usize::from(place);
        let state = &mut self.instances[instance.index()].producers[place];
        if state.tick_at.is_none_or(|at| at > self.now) {
            return;
        }
        state.tick_at = None;
        let mut effects = Vec::new();
        state.client.tick(self.now, &mut effects);
        self.perform_producing(plan, instance, place, effects);
    }

    /// The producers of an instance that crashed: what they had not heard of is forgotten.
    pub(super) fn forget_publishes(&mut self, plan: &Plan, instance: InstanceId) {
        for place in 0..self.instances[instance.index()].producers.len() {
            let state = &mut self.instances[instance.index()].producers[place];
            state.tick_at = None;
            let forgotten = state.client.forget();
            state.counts.forgotten += forgotten.len() as u64;
            for (event, asker) in forgotten {
                match asker {
                    // It is still in the outbox.
                    Asker::Relay(outbox) => self.outboxes[outbox.index()].entries.stopped(),
                    _ => {
                        self.note_unconfirmed(plan, instance, place, &event, Unconfirmed::Forgotten)
                    }
                }
            }
        }
    }

    /// A publish that is to be confirmed comes to its topic.
    pub(super) fn confirmable_came(&mut self, plan: &Plan, topic: TopicId, id: MessageId) {
        let message = *self.messages.get(id);
        let Token::Publish { incarnation, sequence, partition, epoch, .. } = message.token else {
            unreachable!("others are not confirmed")
        };
        if !plan.is_log(topic) {
            return match self.enqueue(plan, topic, id) {
                Accepted::Yes | Accepted::Duplicate => {
                    self.answer_publish(plan, &message, Role::Confirm, false);
                }
                Accepted::Full => self.answer_publish(plan, &message, Role::Refusal, false),
            };
        }
        let publishes = &plan.model.services[plan.service_of(message.from).index()].publishes;
        let producer = publishes.iter().find(|it| it.topic == topic).map(|it| it.producer);
        let producer = producer.expect("only producers want to be answered");
        let partition = u32::from(partition);
        let session = Session { instance: message.from, incarnation, partition };
        let verdict = if producer.idempotent {
            self.topics[topic.index()].sequences.check(session, epoch, sequence)
        } else {
            Verdict::Next
        };
        let offset = match verdict {
            Verdict::Next => {
                let offset = self.append(plan, topic, partition, id);
                if producer.idempotent {
                    let sequences = &mut self.topics[topic.index()].sequences;
                    sequences.append(session, epoch, sequence, offset);
                }
                offset
            }
            Verdict::Duplicate(offset) => {
                self.topics[topic.index()].deduplicated += 1;
                self.drop_message(id, DropReason::Duplicate);
                offset
            }
            Verdict::OutOfOrder => {
                self.drop_message(id, DropReason::OutOfOrder);
                return self.answer_publish(plan, &message, Role::Refusal, true);
            }
        };
        let state = &mut self.topics[topic.index()];
        let Broker::Log(log) = &state.broker else { return };
        if producer.acks == Acks::Leader || offset < log.high(partition) {
            self.answer_publish(plan, &message, Role::Confirm, false);
        } else {
            state.unreplicated.push((partition, offset, message));
        }
    }

    /// A broker answers a publish.
    pub(super) fn answer_publish(
        &mut self,
        plan: &Plan,
        publish: &Message,
        role: Role,
        is_out_of_order: bool,
    ) {
        let Token::Publish { incarnation, serial, .. } = publish.token else { return };
        let token = Token::Answer { incarnation, serial, is_out_of_order };
        let link = plan.reverse(publish.link);
        let answer = Message { role, link, token, since: self.now, ..*publish };
        self.send(plan, &answer);
    }

    /// A broker's answer comes to its producer.
    pub(super) fn confirm_came(&mut self, plan: &Plan, id: MessageId) {
        let &Message { role, token, to: instance, attempt, link, .. } = self.messages.get(id);
        let Token::Answer { incarnation, serial, is_out_of_order } = token else {
            unreachable!("an answer says which publish it is about")
        };
        let topic = Self::topic_of(plan, link);
        let publishes = &plan.model.services[plan.service_of(instance).index()].publishes;
        let place = publishes.iter().position(|it| it.topic == topic);
        let place = place.expect("only producers are answered");
        let state = &mut self.instances[instance.index()];
        if !state.up || state.incarnation != incarnation {
            return self.drop_message(id, DropReason::Stale);
        }
        let client = &mut state.producers[place].client;
        let mut effects = Vec::new();
        let was_awaited = if role == Role::Confirm {
            client.confirm(self.now, serial, attempt, &mut effects)
        } else {
            client.refuse(self.now, serial, attempt, is_out_of_order, &mut effects)
        };
        if !was_awaited {
            return self.drop_message(id, DropReason::Late);
        }
        self.received(id);
        self.perform_producing(plan, instance, place, effects);
    }

    /// The followers of a log's leader have what was appended a while ago: it may be read, and
    /// is confirmed.
    pub(super) fn replicated(&mut self, plan: &Plan, topic: TopicId, partition: u32) {
        let Broker::Log(log) = &mut self.topics[topic.index()].broker else { return };
        if log.catch_up(self.now, partition) {
            // What may be deleted or compacted now could not be before.
            if let Some(due) = log.due_at(self.now, partition) {
                self.tick_at(topic, due);
            }
            self.confirm_replicated(plan, topic);
            self.hand_out_partition(plan, topic, partition);
        }
    }

    /// Confirms what waited for the followers and need not wait any longer.
    pub(super) fn confirm_replicated(&mut self, plan: &Plan, topic: TopicId) {
        let state = &mut self.topics[topic.index()];
        let Broker::Log(log) = &state.broker else { return };
        if state.down > 0 || state.unreplicated.is_empty() {
            return;
        }
        let mut confirmed = Vec::new();
        state.unreplicated.retain(|(partition, offset, publish)| {
            let waits = *offset >= log.high(*partition);
            if !waits {
                confirmed.push(*publish);
            }
            waits
        });
        for publish in confirmed {
            self.answer_publish(plan, &publish, Role::Confirm, false);
        }
    }

    /// A log's leader is lost, and with it what its followers do not have. Whoever waits for
    /// the confirm of it is refused (Kafka `NOT_LEADER_OR_FOLLOWER`, or a closed connection).
    pub(super) fn lose_leader(&mut self, plan: &Plan, topic: TopicId) {
        let Broker::Log(log) = &self.topics[topic.index()].broker else { return };
        for partition in 0..u32::try_from(log.partition_count()).unwrap_or(u32::MAX) {
            let state = &mut self.topics[topic.index()];
            let Broker::Log(log) = &mut state.broker else { return };
            let lost = log.lose_leader(partition);
            if !lost.is_empty() {
                let end = log.end(partition);
                state.truncated += lost.len() as u64;
                state.sequences.truncate(partition, end);
                self.note(What::Truncated { topic, partition, end });
            }
            for event in lost {
                self.withdrawn(topic, event);
            }
        }
        let state = &mut self.topics[topic.index()];
        let Broker::Log(log) = &state.broker else { return };
        let waiting = std::mem::take(&mut state.unreplicated);
        let (kept, refused): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(partition, offset, _)| *offset < log.high(*partition));
        state.unreplicated = kept;
        for (_, _, publish) in refused {
            self.answer_publish(plan, &publish, Role::Refusal, false);
        }
    }

    /// An event is written into an outbox: at once, or when the handler's transaction becomes so.
    pub(super) fn write_outbox(&mut self, plan: &Plan, outbox: OutboxId, event: &Event) {
        if self.stores.outbox(outbox, event) {
            return;
        }
        let &Event { id, event_type, .. } = event;
        self.published(plan, plan.model.outboxes[outbox.index()].topic, event);
        self.outboxes[outbox.index()].entries.write(*event);
        self.note(What::Outboxed { outbox, event: id, event_type });
        self.schedule_relay(plan, outbox);
    }

    /// The relay looks at fixed instants; while nothing waits there is nothing to see.
    fn schedule_relay(&mut self, plan: &Plan, outbox: OutboxId) {
        let state = &mut self.outboxes[outbox.index()];
        if state.is_scheduled {
            return;
        }
        state.is_scheduled = true;
        let every = plan.model.outboxes[outbox.index()].every;
        let at = Time(self.now.0 / every.0 * every.0) + every;
        self.agenda.push(at, Scheduled::OutboxTick(outbox));
    }

    /// The relay of an outbox looks: the first of its service's instances that is up.
    pub(super) fn outbox_tick(&mut self, plan: &Plan, outbox: OutboxId) {
        let settings = &plan.model.outboxes[outbox.index()];
        let state = &mut self.outboxes[outbox.index()];
        state.is_scheduled = false;
        if state.entries.waiting() == 0 {
            return;
        }
        self.schedule_relay(plan, outbox);
        let mut instances = plan.model.instances_of(settings.service);
        if let Some(instance) = instances.find(|it| self.instances[it.index()].up) {
            self.outboxes[outbox.index()].entries.begin_round(settings.batch);
            self.relay(plan, outbox, instance);
        }
    }

    /// The relay publishes the oldest event of its outbox, if it is time.
    fn relay(&mut self, plan: &Plan, outbox: OutboxId, instance: InstanceId) {
        let settings = &plan.model.outboxes[outbox.index()];
        let Some((event, before)) = self.outboxes[outbox.index()].entries.take() else { return };
        let publishes = &plan.model.services[settings.service.index()].publishes;
        let place = publishes.iter().position(|it| it.topic == settings.topic);
        let place = place.expect("the reader gives every outbox a producer");
        self.produce(plan, instance, place, (&event, before), Asker::Relay(outbox));
    }
}
