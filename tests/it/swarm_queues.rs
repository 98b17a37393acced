//! What a queue promises, held against many scenarios that were made by lots: its limits, that
//! nothing accepted is lost, and that what it counts as done is not delivered again.

use std::collections::{BTreeMap, BTreeSet};

use inflight::model::{
    AckTiming, Consume, EventId, EventTypeId, InstanceId, MessageId, Model, Node, Outcome,
    QueueTopic, Record, Role, ServiceId, Settlement, Skip, Time, TopicId, TopicKind, Trigger, What,
};
use inflight::sim::World;

use crate::swarm::each_seed;

/// A message in a queue.
#[derive(Clone, Copy)]
struct Held {
    event: EventId,
    since: Time,
    deliveries: u16,
    lease: Option<InstanceId>,
}

/// What a run's records say of its queues.
struct Book<'a> {
    model: &'a Model,
    /// What each message carries, and for a delivery from which topic.
    carried: BTreeMap<MessageId, (EventId, EventTypeId, Option<TopicId>)>,
    held: BTreeMap<(TopicId, MessageId), Held>,
    /// When an id was accepted last.
    accepted: BTreeMap<(TopicId, EventId), Time>,
    /// What was handled to a good end, or by its consumer's strategy given up or passed over as
    /// stale.
    done: BTreeSet<(TopicId, EventId)>,
    acked: u64,
}

impl Book<'_> {
    fn settings(&self, topic: TopicId) -> &QueueTopic {
        match &self.model.topics[topic.index()].kind {
            TopicKind::Queue(settings) => settings,
            TopicKind::Log(_) => panic!("a log holds no leases"),
        }
    }

    fn consumers(&self, topic: TopicId) -> impl Iterator<Item = (ServiceId, &Consume)> {
        self.model.services.iter().enumerate().filter_map(move |(index, service)| {
            let consume = service.consumes.iter().find(|it| it.topic == topic)?;
            Some((ServiceId::from_index(index), consume))
        })
    }

    fn enter(&mut self, record: &Record) {
        let now = record.at;
        match record.what {
            What::Sent { message, event, event_type, role, link, .. } => {
                let topic = match (role, self.model.links[link.index()].from) {
                    (Role::Delivery, Node::Topic(topic)) => Some(topic),
                    _ => None,
                };
                self.carried.insert(message, (event, event_type, topic));
            }
            What::Arrived { message, event, event_type, .. }
            | What::Retried { message, event, event_type, .. } => {
                self.carried.insert(message, (event, event_type, None));
            }
            What::Enqueued { message, topic } => {
                let (event, _, _) = self.carried[&message];
                let before = self.accepted.insert((topic, event), now);
                if let Some(window) = self.settings(topic).dedupe_window {
                    let is_new = before.is_none_or(|it| it + window <= now);
                    assert!(is_new, "{event:?} was accepted at {before:?} and at {now}");
                }
                let held = Held { event, since: now, deliveries: 0, lease: None };
                assert!(self.held.insert((topic, message), held).is_none());
            }
            What::Leased { message, topic, instance, delivery } => {
                self.leased(now, (topic, message), instance, delivery);
            }
            What::Down { instance } => {
                for held in self.held.values_mut().filter(|it| it.lease == Some(instance)) {
                    // It waits again at once, or its lease is nobody's until it runs out.
                    held.lease = Some(InstanceId(u32::MAX));
                }
            }
            What::Settled { message, topic, how } => self.settled((topic, message), how),
            What::Finished { message, outcome, .. } => {
                if let (event, _, Some(topic)) = self.carried[&message] {
                    let gives_up =
                        self.consumers(topic).any(|(_, it)| it.strategy.retries.is_some());
                    if outcome == Outcome::Done || gives_up {
                        self.done.insert((topic, event));
                    }
                }
            }
            What::Skipped { message, why: Skip::Stale, .. } => {
                if let (event, _, Some(topic)) = self.carried[&message] {
                    self.done.insert((topic, event));
                }
            }
            _ => {}
        }
    }

    fn leased(&mut self, now: Time, it: (TopicId, MessageId), to: InstanceId, delivery: u16) {
        let (topic, _) = it;
        let settings = self.settings(topic).clone();
        let held = self.held.get_mut(&it).expect("what is settled for good is not delivered again");
        assert!(held.lease.is_none(), "one consumer at a time has it");
        assert_eq!(delivery, held.deliveries + 1, "deliveries are counted");
        (held.deliveries, held.lease) = (delivery, Some(to));
        if let Some(expires) = settings.expires {
            assert!(now < held.since + expires, "delivered after it expired");
        }
        if let Some(most) = settings.max_deliveries.filter(|_| !settings.nacks_are_free) {
            assert!(u32::from(delivery) <= most, "delivery {delivery} of at most {most}");
        }
        let of_topic = || self.held.iter().filter(|((of, _), _)| *of == topic).map(|(_, it)| it);
        if let Some(most) = settings.max_unacked {
            let begun = of_topic().filter(|it| it.deliveries > 0).count();
            assert!(begun <= most as usize, "{begun} delivered and not settled, of at most {most}");
        }
        let (service, _) = self.model.instances[to.index()];
        let consumes = &self.model.services[service.index()].consumes;
        let consume = consumes.iter().find(|it| it.topic == topic).unwrap();
        let leased = of_topic().filter(|it| it.lease == Some(to)).count();
        assert!(leased <= consume.prefetch as usize, "{leased} leased to one that may hold less");
        if self.consumers(topic).all(|(_, it)| it.ack == AckTiming::Automatic) {
            assert_eq!(delivery, 1, "at most once");
        }
    }

    fn settled(&mut self, it: (TopicId, MessageId), how: Settlement) {
        let (topic, message) = it;
        if how == Settlement::Requeued {
            self.held.get_mut(&it).expect("it is in the queue").lease = None;
            return;
        }
        let held = self.held.remove(&it).expect("what is settled was in the queue, once");
        let (_, event_type, _) = self.carried[&message];
        let says_so_when_done = self.consumers(topic).all(|(service, consume)| {
            let trigger = Trigger::Event(consume.group, event_type);
            let handlers = &self.model.services[service.index()].handlers;
            consume.ack == AckTiming::AfterWork
                && handlers.iter().any(|it| self.model.handlers[it.index()].trigger == trigger)
        });
        if how == Settlement::Acked && says_so_when_done {
            assert!(self.done.contains(&(topic, held.event)), "acked, and nobody has done it");
            self.acked += 1;
        }
    }
}

#[test]
fn a_queue_keeps_its_limits_and_loses_nothing_that_it_accepted() {
    let acked = std::cell::Cell::new(0);
    each_seed(1000, |seed, model| {
        let mut book = Book {
            model: &model,
            carried: BTreeMap::new(),
            held: BTreeMap::new(),
            accepted: BTreeMap::new(),
            done: BTreeSet::new(),
            acked: 0,
        };
        let mut world = World::new(model.clone(), seed);
        world.run_until(Time::from_secs_f64(3600.0), &mut |it: &Record| book.enter(it));
        assert_eq!(book.held.len(), 0, "an hour later it is neither acked nor a dead letter");
        acked.set(acked.get() + book.acked);
    });
    assert!(acked.get() > 0, "acks were looked at");
}
