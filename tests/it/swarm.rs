//! The swarm: what must hold of any scenario, held against many that were made by lots.
//!
//! A failure prints the command that replays it. `INFLIGHT_SWARM=20000 cargo test swarm` tries
//! more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use inflight::model::{
    AckTiming, Commit, EventId, EventTypeId, FaultKind, GroupId, InstanceId, MessageId, Model,
    Node, OnFailure, Outcome, Position, Record, Role, ServiceId, Skip, Time, TopicId, TopicKind,
    Trigger, What,
};
use inflight::scenario;
use inflight::sim::World;

use crate::generate::{self, Lots};

/// Tells how to replay what failed.
struct Replay<'a>(u64, &'a str);

impl Drop for Replay<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(seed, text) = self;
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            eprintln!("{text}\nreplay: INFLIGHT_SWARM_SEED={seed} cargo test {name}");
        }
    }
}

/// The seeds to try, and the scenarios that are made of them: one that is asked for, or so many
/// from 1.
pub fn each_made(count: u64, make: &dyn Fn(u64) -> String, check: impl Fn(u64, Arc<Model>)) {
    let number = |name| std::env::var(name).ok().map(|it: String| it.parse::<u64>().unwrap());
    let (first, last) = match (number("INFLIGHT_SWARM_SEED"), number("INFLIGHT_SWARM")) {
        (Some(seed), _) => (seed, seed),
        (None, more) => (1, more.unwrap_or(count)),
    };
    for seed in first..=last {
        let text = make(seed);
        let _replay = Replay(seed, &text);
        let scenario = scenario::read(&text, "made.ron")
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        check(seed, scenario.variants[0].model.clone());
    }
}

/// The same of scenarios with every construct of the language.
pub fn each_seed(count: u64, check: impl Fn(u64, Arc<Model>)) {
    each_made(count, &generate::scenario, check);
}

#[test]
fn every_message_is_in_one_place_and_in_the_end_in_none() {
    each_seed(1000, |seed, model| {
        let mut lots = Lots::new(seed ^ 1);
        let mut world = World::new(model.clone(), seed);
        for _ in 0..8 {
            let at = world.now().0 + u64::from(lots.within(0, 4_000_000_000));
            world.run_until(Time(at), &mut ());
            let audit = world.audit();
            assert!(audit.is_balanced(), "at {}: {audit:?}", world.now());
            let report = world.report();
            assert_eq!(report.messages.in_flight, audit.alive());
            for service in &report.services {
                assert!(service.utilisation.is_none_or(|it| (0.0..=1.0 + 1e-12).contains(&it)));
            }
        }
        world.run_until(Time::from_secs_f64(3600.0), &mut ());
        let audit = world.audit();
        assert!(audit.is_balanced(), "{audit:?}");
        assert_eq!(audit.alive(), 0, "an hour later: {audit:?}");
    });
}

/// What a run's records say of deliveries.
#[derive(Default)]
struct Book {
    /// What each message alive carries.
    carried: BTreeMap<MessageId, (EventId, EventTypeId, Option<TopicId>)>,
    /// What was appended to each log, and where.
    appended: BTreeMap<(TopicId, EventId), Vec<(u32, u64)>>,
    types: BTreeMap<EventId, EventTypeId>,
    ends: BTreeMap<(TopicId, u32), u64>,
    committed: BTreeMap<(GroupId, u32), u64>,
    /// The offset that an instance began last.
    begun: BTreeMap<(InstanceId, u32), u64>,
    /// The last replay.
    replayed: Option<(Time, GroupId)>,
    /// What each service has finished.
    finished: BTreeSet<(ServiceId, EventId)>,
    done: BTreeSet<(ServiceId, EventId)>,
}

impl Book {
    /// What is committed is not delivered again but by a replay: at most once, for who commits
    /// before work, and for all others no more than again from there.
    fn sent_to_reader(&self, model: &Model, topic: TopicId, service: ServiceId, event: EventId) {
        let Some([(partition, offset)]) = self.appended.get(&(topic, event)).map(Vec::as_slice)
        else {
            return;
        };
        let consumes = &model.services[service.index()].consumes;
        let group = consumes.iter().find(|it| it.topic == topic).unwrap().group;
        let committed = self.committed.get(&(group, *partition)).copied().unwrap_or(0);
        assert!(committed <= *offset, "offset {offset} again, of which {committed} are committed");
    }

    fn enter(&mut self, record: &Record, model: &Model) {
        match record.what {
            What::Sent { message, event, event_type, role, link, .. } => {
                let topic = match (role, model.links[link.index()].from) {
                    (Role::Delivery, Node::Topic(topic)) => Some(topic),
                    _ => None,
                };
                self.carried.insert(message, (event, event_type, topic));
                if let (Some(topic), Node::Service(service)) = (topic, model.links[link.index()].to)
                {
                    self.sent_to_reader(model, topic, service, event);
                }
            }
            What::Arrived { message, event, event_type, .. } => {
                self.carried.insert(message, (event, event_type, None));
            }
            What::Retried { message, event, event_type, instance, .. } => {
                let (service, _) = model.instances[instance.index()];
                let consumes = model.services[service.index()].consumes.first();
                // What is tried again was read from the one topic that its service reads.
                let topic = consumes
                    .map(|it| it.topic)
                    .filter(|_| model.services[service.index()].workload.is_none());
                self.carried.insert(message, (event, event_type, topic));
            }
            What::Appended { message, topic, partition, offset } => {
                let (event, event_type, _) = self.carried[&message];
                self.appended.entry((topic, event)).or_default().push((partition, offset));
                self.types.insert(event, event_type);
                let end = self.ends.entry((topic, partition)).or_default();
                assert_eq!(offset, *end, "offsets have no gaps");
                *end += 1;
            }
            What::Truncated { topic, partition, end } => {
                for (_, places) in self.appended.iter_mut().filter(|(it, _)| it.0 == topic) {
                    places.retain(|&(it, offset)| it != partition || offset < end);
                }
                self.appended.retain(|_, places| !places.is_empty());
                self.ends.insert((topic, partition), end);
            }
            What::FaultBegan { fault } => {
                if let FaultKind::Replay { group, .. } = model.faults[fault.index()].kind {
                    self.replayed = Some((record.at, group));
                }
            }
            What::Committed { group, partition, offset }
                if self.replayed == Some((record.at, group)) =>
            {
                self.committed.insert((group, partition), offset);
                self.begun.retain(|(_, it), _| *it != partition);
            }
            What::Committed { group, partition, offset } => {
                let topic = model.groups[group.index()].topic;
                let end = self.ends.get(&(topic, partition)).copied().unwrap_or(0);
                assert!(offset <= end, "committed what is not there");
                let before = self.committed.insert((group, partition), offset);
                assert!(before.is_none_or(|it| it < offset), "a commit went back");
            }
            What::Assigned { partition, .. } => {
                self.begun.retain(|(_, it), _| *it != partition);
            }
            What::Down { instance } => self.begun.retain(|(it, _), _| *it != instance),
            What::Started { message, instance } => {
                let (event, _, topic) = self.carried[&message];
                let Some(topic) = topic else { return };
                let (service, _) = model.instances[instance.index()];
                let consumes = &model.services[service.index()].consumes;
                if consumes.iter().any(|it| it.topic == topic && it.strategy.reorder.is_some()) {
                    return;
                }
                let Some([(partition, offset)]) =
                    self.appended.get(&(topic, event)).map(Vec::as_slice)
                else {
                    return;
                };
                let before = self.begun.insert((instance, *partition), *offset);
                assert!(
                    before.is_none_or(|it| it <= *offset),
                    "{} began offset {offset} of p{partition} after {before:?}",
                    model.instance_name(instance)
                );
            }
            // It was handled before, in a batch that failed perhaps.
            What::Skipped { message, instance, why: Skip::Known } => {
                let (service, _) = model.instances[instance.index()];
                self.done.insert((service, self.carried[&message].0));
            }
            What::Finished { message, instance, outcome } => {
                let (event, _, topic) = self.carried[&message];
                if topic.is_some() {
                    let (service, _) = model.instances[instance.index()];
                    self.finished.insert((service, event));
                    // A batch that failed is begun again from its first.
                    if outcome != Outcome::Done
                        && let Some(topic) = topic
                        && let Some([(partition, offset)]) =
                            self.appended.get(&(topic, event)).map(Vec::as_slice)
                        && let Some(begun) = self.begun.get_mut(&(instance, *partition))
                    {
                        *begun = (*begun).min(*offset);
                    }
                    if outcome == Outcome::Done {
                        self.done.insert((service, event));
                    }
                }
            }
            _ => {}
        }
    }
}

#[test]
fn partitions_are_read_in_order_and_nothing_is_passed_over() {
    each_seed(1000, |seed, model| {
        let mut book = Book::default();
        let mut world = World::new(model.clone(), seed);
        world.run_until(Time::from_secs_f64(3600.0), &mut |it: &Record| book.enter(it, &model));
        let kept: BTreeSet<EventId> =
            world.events_in_sight(0, usize::MAX).iter().map(|it| it.id).collect();
        for (index, service) in model.services.iter().enumerate() {
            let id = ServiceId::from_index(index);
            for consume in &service.consumes {
                let TopicKind::Log(log) = &model.topics[consume.topic.index()].kind else {
                    continue;
                };
                let is_replayed = model.faults.iter().any(|fault| {
                    matches!(fault.kind, FaultKind::Replay { group, .. } if group == consume.group)
                });
                let reads_all = !is_replayed
                    && !log.is_trimmed()
                    && model.groups[consume.group.index()].start_at == Position::Earliest
                    && consume.ack == AckTiming::AfterWork
                    && consume.strategy.versions.is_empty();
                if !reads_all {
                    continue;
                }
                for (topic, event) in book.appended.keys() {
                    let is_handled = service.handlers.iter().any(|it| {
                        model.handlers[it.index()].trigger
                            == Trigger::Event(consume.group, book.types[event])
                    });
                    if *topic != consume.topic || !is_handled {
                        continue;
                    }
                    // Of a compacted log what is there in the end must have been read.
                    if log.compaction.is_some() && !kept.contains(event) {
                        continue;
                    }
                    let set = match consume.on_failure {
                        OnFailure::Retry(_) if consume.strategy.retries.is_none() => &book.done,
                        OnFailure::Retry(_) => &book.finished,
                        OnFailure::GiveUp | OnFailure::LetExpire => &book.finished,
                    };
                    assert!(
                        set.contains(&(id, *event)),
                        "{} never handled {event:?}, which is in its log",
                        service.name
                    );
                }
                if consume.commit == Commit::Each {
                    let lag: u64 = (0..log.partitions)
                        .map(|it| {
                            let end = book.ends.get(&(consume.topic, it)).copied().unwrap_or(0);
                            end - book.committed.get(&(consume.group, it)).copied().unwrap_or(0)
                        })
                        .sum();
                    assert_eq!(lag, 0, "{} lags behind", service.name);
                }
            }
        }
    });
}
