//! Consumers of queues and their connections: heartbeats, and connections that are lost while the
//! consumer lives.

use crate::engine::broker::queue::Ticket;
use crate::model::{
    AckTiming, FaultKind, InstanceId, MessageId, Role, ServiceId, Span, TopicId, TopicKind,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::world::{Broker, Scheduled, World};

impl World {
    /// A worker begins to tell the broker of a queue that it has a delivery in hands.
    pub(super) fn begin_heartbeat(
        &mut self,
        id: MessageId,
        task: u32,
        topic: TopicId,
        every: Span,
    ) {
        if let Token::Ticket(ticket) = self.messages.get(id).token {
            let beat = Scheduled::Heartbeat { task, lease: ticket.lease(), topic };
            self.agenda.push(self.now + every, beat);
        }
    }

    /// It is time to tell it again, if the worker still has it and has not said that it is done.
    pub(super) fn heartbeat(&mut self, plan: &Plan, task: u32, lease: u32, topic: TopicId) {
        let state = self.tasks.slots[task as usize];
        if !state.used || state.acked {
            return;
        }
        let &Message { role, token, link, to, .. } = self.messages.get(state.message);
        let Token::Ticket(ticket) = token else { return };
        let is_same = role == Role::Delivery && ticket.lease() == lease;
        if !is_same || Self::topic_of(plan, link) != topic {
            return;
        }
        let (_, consume) =
            plan.subscription(plan.service_of(to), topic).expect("it is a subscriber");
        let Some(every) = consume.heartbeat else { return };
        if matches!(consume.ack, AckTiming::BeforeWork | AckTiming::Automatic) {
            return;
        }
        self.settle(plan, state.message, Role::Progress);
        self.agenda.push(self.now + every, Scheduled::Heartbeat { task, lease, topic });
    }

    /// The connections of a service (or of one of its instances) to a queue are lost.
    pub(super) fn cut_off(&mut self, plan: &Plan, of: &FaultKind) {
        let FaultKind::Disconnect { service, instance, topic } = *of else { return };
        for it in struck(plan, service, instance) {
            let (place, _) = plan.subscription(service, topic).expect("the reader has seen to it");
            let reading = &mut self.instances[it.index()].reading[place];
            reading.cut_off += 1;
            self.attach_remotely(topic, it, None);
            let reading = &mut self.instances[it.index()].reading[place];
            let Broker::Queue(queue) = &mut self.topics[topic.index()].broker else { return };
            reading.severed = queue.next_lease();
            let mut effects = Vec::new();
            queue.sever(self.now, it, &mut effects);
            self.perform_effects(plan, topic, effects);
        }
        self.hand_out_queue(plan, topic);
    }

    /// The clients make new connections.
    pub(super) fn join_again(&mut self, plan: &Plan, of: &FaultKind) {
        let FaultKind::Disconnect { service, instance, topic } = *of else { return };
        for it in struck(plan, service, instance) {
            let (place, consume) =
                plan.subscription(service, topic).expect("the reader has seen to it");
            let state = &mut self.instances[it.index()];
            state.reading[place].cut_off -= 1;
            if state.reading[place].cut_off > 0 || !state.up {
                continue;
            }
            if let Broker::Queue(queue) = &mut self.topics[topic.index()].broker {
                queue.rejoin(it, consume.prefetch);
            }
            self.attach_remotely(topic, it, Some(consume.prefetch));
            for message in std::mem::take(&mut self.instances[it.index()].unsaid) {
                if Self::topic_of(plan, message.link) == topic {
                    self.send(plan, &message);
                } else {
                    self.instances[it.index()].unsaid.push(message);
                }
            }
        }
        self.hand_out_queue(plan, topic);
    }

    /// A new instance has no connection where faults that are on keep its service from one.
    pub(super) fn shares_disconnects(&mut self, plan: &Plan, id: InstanceId) {
        for fault in &self.faults_on {
            let FaultKind::Disconnect { service, instance, topic } =
                plan.model.faults[fault.index()].kind
            else {
                continue;
            };
            if struck(plan, service, instance).any(|it| it == id)
                && let Some((place, _)) = plan.subscription(service, topic)
            {
                self.instances[id.index()].reading[place].cut_off += 1;
            }
        }
    }

    /// Whether a delivery, or what is said of it, came by a connection that is no more.
    pub(super) fn is_severed(&self, to: InstanceId, place: usize, ticket: Ticket) -> bool {
        let reading = &self.instances[to.index()].reading[place];
        reading.cut_off > 0 || ticket.lease() < reading.severed
    }

    /// Whether a consumer can say now what it has to say of a delivery. Of a connection that is
    /// no more there is nothing to be said: RabbitMQ's clients drop acks whose delivery tag is of
    /// a channel before the present one. A broker that keeps leases hears of it when there is a
    /// new connection, up to which NATS clients keep what they are to send.
    pub(super) fn can_say(&mut self, plan: &Plan, topic: TopicId, said: &Message) -> bool {
        let Token::Ticket(ticket) = said.token else { return true };
        let service = plan.service_of(said.to);
        let (place, _) = plan.subscription(service, topic).expect("it is a subscriber");
        if !self.is_severed(said.to, place, ticket) {
            return true;
        }
        if !keeps_leases(plan, topic) {
            return false;
        }
        let state = &mut self.instances[said.to.index()];
        if state.reading[place].cut_off == 0 {
            return true;
        }
        state.unsaid.push(*said);
        false
    }
}

/// Whether a queue keeps its leases whatever becomes of connections.
pub(super) fn keeps_leases(plan: &Plan, topic: TopicId) -> bool {
    match &plan.model.topics[topic.index()].kind {
        TopicKind::Queue(queue) => queue.leases_outlive_connections(),
        TopicKind::Log(_) => false,
    }
}

fn struck(
    plan: &Plan,
    service: ServiceId,
    instance: Option<u32>,
) -> impl Iterator<Item = InstanceId> + use<> {
    let all = plan.model.instances_of(service).enumerate();
    all.filter(move |(number, _)| instance.is_none_or(|it| it as usize == *number))
        .map(|(_, it)| it)
}
