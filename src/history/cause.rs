//! The cause of an anomaly: what became of its event, as far as the consumer that went wrong is
//! concerned.

use std::collections::BTreeMap;

use crate::model::{
    Act, Deed, DropReason, EventId, EventTypeId, FaultKind, InstanceId, MessageId, Model, Node,
    Outcome, Record, Role, Script, ServiceId, Settlement, Time, TopicId, What,
};

use super::inquiry::{Found, Inquiry, SLICE_RECORDS, share_done};
use super::moment::Walk;
use super::runs::Runs;

/// The question what led to an anomaly.
pub struct Cause {
    script: Script,
    event: EventId,
    /// Who went wrong, and with what it consumes from where.
    consumer: (ServiceId, TopicId),
    at: Time,
    walk: Option<Walk>,
    ours: BTreeMap<MessageId, Role>,
    facts: Facts,
}

/// What became of an event up to an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Of which type it is.
    pub event_type: Option<EventTypeId>,
    /// When it is heard of first.
    pub began: Option<Time>,
    /// When it set out for its topic, each time.
    pub published: Vec<Time>,
    /// When its topic took it, each time.
    pub accepted: Vec<Time>,
    /// When it set out for the consumer, and as the how-manieth attempt.
    pub delivered: Vec<(Time, u16)>,
    /// When the consumer began with it, and which instance.
    pub started: Vec<(Time, InstanceId)>,
    /// When the consumer was done with it as intended.
    pub done: Vec<Time>,
    /// When the consumer failed with it.
    pub failed: Vec<Time>,
    /// When an ack, nack or commit of it was lost, and why.
    pub answer_lost: Option<(Time, Role, DropReason)>,
    /// When its broker forgot an ack of it.
    pub forgotten: Option<Time>,
    /// When an instance went down that had it in hands, or had just been done with it.
    pub down: Option<(Time, InstanceId)>,
    /// When a copy that carried it was dropped, and why.
    pub dropped: Option<(Time, DropReason)>,
    /// When it became a dead letter.
    pub buried: Option<(Time, Settlement)>,
    /// When its group was set back to read again.
    pub replayed: Option<Time>,
    /// What a person did to it last.
    pub by_hand: Option<(Time, Deed)>,
}

impl Cause {
    /// The question what led to an anomaly that comes of this event at this instant.
    #[must_use]
    pub fn new(script: Script, event: EventId, consumer: (ServiceId, TopicId), at: Time) -> Self {
        let (walk, ours, facts) = (None, BTreeMap::new(), Facts::default());
        Self { script, event, consumer, at, walk, ours, facts }
    }
}

impl Inquiry for Cause {
    type Answer = Facts;

    fn begin(&mut self, runs: &mut Runs) {
        self.walk = Some(runs.walk(&self.script, Time::ZERO));
    }

    fn work(&mut self) -> Found<Facts> {
        let Some(mut walk) = self.walk.take() else { return Found::All(self.facts.clone()) };
        let mut left = SLICE_RECORDS;
        while left > 0 {
            let model = std::sync::Arc::clone(walk.moment().world.model());
            let more = walk.step(self.at, |record, _| {
                left = left.saturating_sub(1);
                self.note(record, &model);
            });
            if !more {
                return Found::All(self.facts.clone());
            }
            left = left.saturating_sub(1);
        }
        self.walk = Some(walk);
        Found::Nothing
    }

    fn progress(&self) -> f32 {
        self.walk.as_ref().map_or(0.0, |walk| share_done(walk, Time::ZERO, self.at))
    }
}

impl Cause {
    /// Takes in a record.
    fn note(&mut self, record: &Record, model: &Model) {
        let at = record.at;
        match record.what {
            What::Sent { message, event, event_type, role, link, attempt, .. } => {
                if event != self.event {
                    self.ours.remove(&message);
                    return;
                }
                self.ours.insert(message, role);
                self.facts.event_type = Some(event_type);
                self.facts.began.get_or_insert(at);
                let link = &model.links[link.index()];
                let (service, topic) = self.consumer;
                match role {
                    Role::Publish if link.to == Node::Topic(topic) => self.facts.published.push(at),
                    Role::Delivery if link.to == Node::Service(service) => {
                        self.facts.delivered.push((at, attempt));
                    }
                    _ => {}
                }
            }
            What::Arrived { message, event, .. } | What::Retried { message, event, .. } => {
                self.ours.remove(&message);
                if event == self.event {
                    let is_delivery = matches!(record.what, What::Retried { .. });
                    let role = if is_delivery { Role::Delivery } else { Role::Arrival };
                    self.ours.insert(message, role);
                    self.facts.began.get_or_insert(at);
                }
            }
            What::AckForgotten { message, event, .. } => {
                self.ours.remove(&message);
                if event == self.event {
                    self.ours.insert(message, Role::Publish);
                    self.facts.forgotten = Some(at);
                }
            }
            What::Down { instance } => {
                let had_it = self.facts.started.iter().any(|(_, it)| *it == instance);
                if had_it {
                    self.facts.down = Some((at, instance));
                }
            }
            What::FaultBegan { fault } => {
                if let Some(FaultKind::Replay { group, .. }) =
                    model.faults.get(fault.index()).map(|it| &it.kind)
                    && model.groups[group.index()].topic == self.consumer.1
                    && self.facts.began.is_some()
                {
                    self.facts.replayed = Some(at);
                }
            }
            What::Intervened { number, took: true } => {
                if let Some(Act::Message { copy, deed }) =
                    self.script.get(number as usize).map(|it| &it.act)
                    && copy.event == self.event
                {
                    self.facts.by_hand = Some((at, *deed));
                }
            }
            _ => self.note_of_message(record, model),
        }
    }

    /// Takes in what happened to a copy of the event.
    fn note_of_message(&mut self, record: &Record, model: &Model) {
        let at = record.at;
        let facts = &mut self.facts;
        let (service, topic) = self.consumer;
        let of_consumer = |instance: InstanceId| model.instances[instance.index()].0 == service;
        match record.what {
            What::Appended { message, topic: of, .. } | What::Enqueued { message, topic: of }
                if of == topic && self.ours.contains_key(&message) =>
            {
                facts.accepted.push(at);
            }
            What::Started { message, instance }
                if of_consumer(instance) && self.ours.contains_key(&message) =>
            {
                facts.started.push((at, instance));
            }
            What::Finished { message, instance, outcome } if self.ours.contains_key(&message) => {
                self.ours.remove(&message);
                if of_consumer(instance) && outcome == Outcome::Done {
                    facts.done.push(at);
                } else if of_consumer(instance) {
                    facts.failed.push(at);
                }
            }
            What::Settled { message, how, .. }
                if how.is_death() && self.ours.contains_key(&message) =>
            {
                facts.buried = Some((at, how));
            }
            What::Dropped { message, reason } => match self.ours.remove(&message) {
                Some(role @ (Role::Ack | Role::Nack | Role::Commit)) => {
                    facts.answer_lost = Some((at, role, reason));
                }
                Some(Role::Publish | Role::Delivery) => facts.dropped = Some((at, reason)),
                _ => {}
            },
            What::Received { message } => {
                self.ours.remove(&message);
            }
            _ => {}
        }
    }
}
