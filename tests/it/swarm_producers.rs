//! What must hold of producers and outboxes in any made scenario.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use inflight::model::{
    Acks, EventId, MessageId, Model, Node, Producer, Record, Role, ServiceId, Time, TopicId, What,
};
use inflight::sim::{Report, World};

use crate::swarm::each_seed;

/// What a run's records say of what was published to logs.
#[derive(Default)]
struct Book {
    carried: BTreeMap<MessageId, (EventId, Role, Node)>,
    /// What each partition holds.
    logs: BTreeMap<(TopicId, u32), Vec<EventId>>,
    /// What was confirmed to its producer.
    confirmed: BTreeSet<(TopicId, EventId)>,
    /// Whose producers crashed, or gave something up: they may have begun anew.
    begun_anew: BTreeSet<ServiceId>,
    waiting: i64,
}

impl Book {
    fn enter(&mut self, record: &Record, model: &Model) {
        match record.what {
            What::Sent { message, event, role, link, .. } => {
                let from = model.links[link.index()].from;
                self.carried.insert(message, (event, role, from));
            }
            What::Received { message } => {
                if let Some(&(event, Role::Confirm, Node::Topic(topic))) =
                    self.carried.get(&message)
                {
                    self.confirmed.insert((topic, event));
                }
            }
            What::Appended { message, topic, partition, offset } => {
                let log = self.logs.entry((topic, partition)).or_default();
                assert_eq!(offset, log.len() as u64);
                log.push(self.carried[&message].0);
            }
            What::Truncated { topic, partition, end } => {
                let log = self.logs.entry((topic, partition)).or_default();
                assert!(end < log.len() as u64, "nothing was lost");
                log.truncate(end as usize);
            }
            What::Unconfirmed { instance, .. } | What::Down { instance } => {
                self.begun_anew.insert(model.instances[instance.index()].0);
            }
            What::Outboxed { .. } => self.waiting += 1,
            What::Relayed { .. } => self.waiting -= 1,
            _ => {}
        }
    }
}

fn producer(model: &Model, service: ServiceId, topic: TopicId) -> Option<Producer> {
    let publishes = &model.services[service.index()].publishes;
    publishes.iter().find(|it| it.topic == topic).map(|it| it.producer)
}

#[test]
fn what_producers_were_promised_holds() {
    let met = RefCell::new(BTreeMap::new());
    let tried = Cell::new(0);
    each_seed(1000, |seed, model| {
        tried.set(tried.get() + 1);
        let mut book = Book::default();
        let mut world = World::new(model.clone(), seed);
        world.run_until(Time::from_secs_f64(3600.0), &mut |it: &Record| book.enter(it, &model));
        let report = world.report();
        meet(&report, &mut met.borrow_mut());
        for it in &report.producers {
            assert_eq!(it.pending, 0, "{} → {}: {it:?}", it.service, it.topic);
        }
        // Every relay comes to its end.
        assert_eq!(book.waiting, 0);
        for it in &report.outboxes {
            assert_eq!((it.waiting, it.published), (0, it.written), "{it:?}");
        }
        let mut places: BTreeMap<(TopicId, EventId), u32> = BTreeMap::new();
        for (&(topic, _), log) in &book.logs {
            for &event in log {
                *places.entry((topic, event)).or_default() += 1;
            }
        }
        // What all replicas have confirmed is there, whatever became of the leader.
        for &(topic, event) in &book.confirmed {
            let is_log = book.logs.keys().any(|it| it.0 == topic);
            let producer = producer(&model, event.producer(), topic);
            if is_log && producer.is_some_and(|it| it.acks == Acks::All) {
                assert!(places.contains_key(&(topic, event)), "{event:?} is lost");
            }
        }
        // What an idempotent producer sends, however often, is there once and in order.
        for (&(topic, partition), log) in &book.logs {
            let is_idempotent = |event: &EventId| {
                producer(&model, event.producer(), topic).is_some_and(|it| it.idempotent)
                    && !book.begun_anew.contains(&event.producer())
            };
            for event in log.iter().filter(|it| is_idempotent(it)) {
                assert_eq!(places[&(topic, *event)], 1, "{event:?} is there twice");
            }
            for (index, service) in model.services.iter().enumerate() {
                let id = ServiceId::from_index(index);
                // What goes through an outbox is published later than it was made.
                if service.instances > 1 || !service.outboxes.is_empty() {
                    continue;
                }
                let of_one: Vec<EventId> = log
                    .iter()
                    .copied()
                    .filter(|it| it.producer() == id && is_idempotent(it))
                    .collect();
                assert!(of_one.is_sorted(), "{}: p{partition} {of_one:?}", service.name);
            }
        }
    }); // A thousand of them have met everything.
    let met = met.into_inner();
    assert!(tried.get() < 1000 || met.values().all(|it| *it), "{met:?}");
}

/// What can become of producers, and whether it was met.
fn meet(report: &Report, met: &mut BTreeMap<&'static str, bool>) {
    let mut see = |what, is_so: bool| *met.entry(what).or_default() |= is_so;
    see("retried", report.producers.iter().any(|it| it.retried > 0));
    see("failed", report.producers.iter().any(|it| it.failed > 0));
    see("forgotten", report.producers.iter().any(|it| it.forgotten > 0));
    see("published again", report.outboxes.iter().any(|it| it.again > 0));
    see("truncated", report.topics.iter().any(|it| it.truncated > 0));
    see("appended once", report.topics.iter().any(|it| it.is_log && it.deduplicated > 0));
}
