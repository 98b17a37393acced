//! Projections in the world: what stores should hold, for how long they do not, and why.

use crate::engine::projection::{Applied, Projections};
use crate::engine::store::Change;
use crate::model::{
    AnomalyKind, Event, EventId, MessageId, Model, Role, ServiceId, StoreId, Time, TopicId, What,
};

use super::histogram::Histogram;
use super::plan::Plan;
use super::world::{Broker, World, mix};

/// The projections of a run, and what is measured of them.
#[derive(Clone, Debug)]
pub struct Beliefs {
    pub projections: Projections,
    /// By [`StoreId`].
    pub measures: Vec<Measure>,
    /// What tasks under way have changed.
    applying: Vec<(u32, StoreId)>,
}

/// What is measured of a projection.
#[derive(Clone, Debug, Default)]
pub struct Measure {
    /// Since when it does not hold what it should.
    wrong_since: Option<Time>,
    /// For how long it did not before, in ns.
    wrong_time: u64,
    /// From the publication of an event until it was applied for the first time.
    pub window: Histogram,
}

impl Measure {
    /// For how long it did not hold what it should, in ns.
    pub fn wrong_time(&self, now: Time) -> u64 {
        self.wrong_time + self.wrong_since.map_or(0, |it| now.since(it).0)
    }
}

impl Beliefs {
    /// Those of a model; `None` if nothing in it is a projection.
    pub fn new(model: &Model) -> Option<Box<Self>> {
        let projections = Projections::new(model)?;
        let measures = vec![Measure::default(); model.stores.len()];
        Some(Box::new(Self { projections, measures, applying: Vec::new() }))
    }
}

impl World {
    /// An event is published: projections of its topic should hold more.
    pub(super) fn published(&mut self, plan: &Plan, topic: TopicId, event: &Event) {
        let Some(beliefs) = &mut self.beliefs else { return };
        let mut should = Vec::new();
        for &service in plan.projecting(topic) {
            let Some((place, _)) = plan.subscription(service, topic) else { continue };
            let Some(handler) = plan.reaction(service, place, event.event_type) else { continue };
            let what = (&*plan.model, &plan.program);
            let by = (service, plan.program.entry(handler));
            // The dice of the first attempt at it.
            let dice = (&self.dice, mix(event.lineage, 1 << 32));
            should.extend(beliefs.projections.publish(self.now, event, topic, what, by, dice));
        }
        for (store, key, value) in should {
            self.note(What::ShouldHold { store, key, value });
            self.compare(store, key);
        }
    }

    /// A topic has an event.
    pub(super) fn accepted(&mut self, plan: &Plan, topic: TopicId, event: EventId) {
        if plan.projecting(topic).is_empty() {
            return;
        }
        if let Some(beliefs) = &mut self.beliefs {
            beliefs.projections.accepted(event, topic);
        }
    }

    /// A handler changes a store. What it handles is `message`; `task` is its task.
    pub(super) fn change_store(
        &mut self,
        plan: &Plan,
        (task, message): (u32, MessageId),
        (store, key, change): (StoreId, u64, Change),
    ) {
        let value = self.stores.change(store, key, change);
        if value.is_none() && self.stores.is_open() {
            return;
        }
        if let Some(value) = value {
            self.note(What::Stored { store, key, value });
            if self.observed {
                self.note_change(message);
            }
        }
        let Some(beliefs) = &mut self.beliefs else { return };
        let message = self.messages.get(message);
        let (event, service) = (message.event.id, plan.service_of(message.to));
        let topic = (message.role == Role::Delivery)
            .then(|| Self::topic_of(plan, message.link))
            .filter(|it| plan.projecting(*it).contains(&service));
        let projections = &mut beliefs.projections;
        if topic.is_none_or(|it| !projections.is_folded(store, it)) {
            if let Some(value) = projections.mirror(store, key, change) {
                self.note(What::ShouldHold { store, key, value });
            }
        } else if topic.is_some_and(|it| projections.is_of(store, it)) {
            let is_first = !beliefs.applying.contains(&(task, store));
            if is_first {
                beliefs.applying.push((task, store));
            }
            let how = (is_first, value.is_some());
            let Applied { published, anomaly } = projections.apply(store, key, event, how);
            if let Some(published) = published {
                beliefs.measures[store.index()].window.record(self.now.since(published));
            }
            if let Some(kind) = anomaly {
                self.note(What::Anomaly { store, event, kind });
            }
        }
        self.compare(store, key);
    }

    /// What a task has changed is of no more interest.
    pub(super) fn applied_all(&mut self, task: u32) {
        if let Some(beliefs) = &mut self.beliefs {
            beliefs.applying.retain(|it| it.0 != task);
        }
    }

    /// An event that was published to a topic will not be applied to the projections (of one
    /// service, or of all) that have not applied it.
    pub(super) fn never_applied(
        &mut self,
        topic: TopicId,
        service: Option<ServiceId>,
        event: EventId,
        kind: AnomalyKind,
    ) {
        let Some(beliefs) = &mut self.beliefs else { return };
        for store in beliefs.projections.never(topic, service, event, kind) {
            self.note(What::Anomaly { store, event, kind });
        }
    }

    /// Events of a log were deleted; those that a group was not sent yet it will never apply.
    pub(super) fn deleted_unread(
        &mut self,
        plan: &Plan,
        topic: TopicId,
        partition: u32,
        deleted: &[(u64, EventId)],
    ) {
        for &service in plan.projecting(topic) {
            let Some((_, consume)) = plan.subscription(service, topic) else { continue };
            let position = self.groups[consume.group.index()].members.position(partition);
            for &(_, event) in deleted.iter().filter(|it| it.0 >= position) {
                self.never_applied(topic, Some(service), event, AnomalyKind::Missing);
            }
        }
    }

    /// A message that published an event is no more, and never came to its topic. Unless a copy
    /// of it is still on its way, or its producer tries again, the event is lost.
    pub(super) fn publish_lost(&mut self, topic: TopicId, event: EventId) {
        if self.beliefs.is_none() || self.plan.projecting(topic).is_empty() {
            return;
        }
        let is_other = |it: &super::message::Message| {
            it.role == Role::Publish
                && it.event.id == event
                && Self::topic_of(&self.plan, it.link) == topic
        };
        if !self.messages.iter().any(|(_, it)| is_other(it)) && !self.is_tried(topic, event) {
            self.never_applied(topic, None, event, AnomalyKind::Lost);
        }
    }

    /// A log has lost an event that it had.
    pub(super) fn withdrawn(&mut self, topic: TopicId, event: EventId) {
        let Some(beliefs) = &mut self.beliefs else { return };
        let is_there =
            matches!(&self.topics[topic.index()].broker, Broker::Log(log) if log.has(event));
        if !is_there {
            beliefs.projections.withdrawn(event, topic);
            self.publish_lost(topic, event);
        }
    }

    /// A crash has emptied a store under a key: what was applied there may be applied again.
    pub(super) fn emptied(&mut self, store: StoreId, key: u64) {
        if let Some(beliefs) = &mut self.beliefs {
            beliefs.projections.emptied(store);
        }
        self.compare(store, key);
    }

    /// Looks whether a store holds what it should under a key.
    pub(super) fn compare(&mut self, store: StoreId, key: u64) {
        let Some(beliefs) = &mut self.beliefs else { return };
        let holds = self.stores.bits(store, key);
        let measure = &mut beliefs.measures[store.index()];
        match beliefs.projections.compare(store, key, holds) {
            (true, false) => measure.wrong_since = Some(self.now),
            (false, true) => {
                if let Some(since) = measure.wrong_since.take() {
                    measure.wrong_time += self.now.since(since).0;
                }
            }
            _ => {}
        }
    }
}
