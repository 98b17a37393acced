//! A world whose topics are with a broker that is another program, which is made by lots: it is late,
//! delivers again, deletes, and forgets what it was told last. Whatever it does, the run is one like
//! any other: its sums agree, its trace makes it again, and it can be gone on with by itself.

use std::collections::BTreeMap;

use inflight::model::{
    Event, GroupId, InstanceId, MessageId, Model, ServiceId, Time, TopicId, TopicKind,
};
use inflight::scenario;
use inflight::sim::remote::{Errand, Numbered, Seat, Verdict};
use inflight::sim::{Happening, Input, Packed, Source, Trace, World};

use super::inputs::Reality;
use crate::generate::Lots;
use crate::swarm::each_seed;

/// Something that the broker is about to do.
enum Deed {
    Store { topic: TopicId, partition: Option<u32>, message: MessageId, number: Option<Numbered> },
    Deliver { topic: TopicId, entry: u64 },
    Settle { topic: TopicId, entry: u64 },
    Fetch { group: GroupId, partition: u32, epoch: u32, entry: u64 },
    Commit { group: GroupId, partition: u32, epoch: u32, entry: u64 },
    Purge { topic: TopicId },
    Restart,
    Trim,
}

/// An entry of a stream.
struct Entry {
    partition: Option<u32>,
    event: Event,
    is_there: bool,
    deliveries: u16,
}

struct Server {
    lots: Lots,
    /// By topic; an entry's number is its place, from 1.
    streams: Vec<Vec<Entry>>,
    seats: BTreeMap<(GroupId, u32), (TopicId, Seat, u64)>,
    rooms: BTreeMap<(GroupId, InstanceId), (u32, u32)>,
    floors: BTreeMap<(GroupId, u32), u64>,
    consumers: BTreeMap<(TopicId, InstanceId), i64>,
    known: BTreeMap<(TopicId, u32, InstanceId, u32, u16, u32), ()>,
    leases: u32,
    coming: BTreeMap<(Time, u64), Deed>,
    made: u64,
    now: Time,
}

impl Server {
    fn new(model: &Model, seed: u64) -> Self {
        let streams = model.topics.iter().map(|_| Vec::new()).collect();
        let mut server = Self {
            lots: Lots::new(seed ^ 0x5e4),
            streams,
            seats: BTreeMap::new(),
            rooms: BTreeMap::new(),
            floors: BTreeMap::new(),
            consumers: BTreeMap::new(),
            known: BTreeMap::new(),
            leases: 0,
            coming: BTreeMap::new(),
            made: 0,
            now: Time::ZERO,
        };
        for _ in 0..4 {
            server.after(15_000_000, Deed::Restart);
            server.after(15_000_000, Deed::Trim);
        }
        server
    }

    /// Something is done some time within so many microseconds.
    fn after(&mut self, within: u32, deed: Deed) {
        let at = Time(self.now.0 + 1_000 * u64::from(self.lots.within(1, within)));
        self.made += 1;
        self.coming.insert((at, self.made), deed);
    }

    fn entry(&mut self, topic: TopicId, entry: u64) -> Option<&mut Entry> {
        let place = usize::try_from(entry).ok()?.checked_sub(1)?;
        self.streams[topic.index()].get_mut(place).filter(|it| it.is_there)
    }

    fn delete(&mut self, topic: TopicId, entry: u64) {
        if let Some(it) = self.entry(topic, entry) {
            it.is_there = false;
        }
    }

    fn hear(&mut self, world: &mut World) {
        let mut errands = Vec::new();
        world.take_errands(|errand| errands.push(errand));
        for errand in errands {
            match errand {
                Errand::Carry(_) => unreachable!("there is one process"),
                Errand::Publish { topic, message } => {
                    self.after(
                        2_000,
                        Deed::Store { topic, partition: None, message, number: None },
                    );
                }
                Errand::Append { topic, partition, message, number } => {
                    let partition = Some(partition);
                    self.after(2_000, Deed::Store { topic, partition, message, number });
                }
                Errand::Settle { topic, entry, verdict, .. } => match verdict {
                    Verdict::Ack => self.after(2_000, Deed::Settle { topic, entry }),
                    Verdict::Nack(_) => self.after(50_000, Deed::Deliver { topic, entry }),
                    Verdict::Reject => self.delete(topic, entry),
                    Verdict::Progress => {}
                },
                Errand::Attach { topic, instance, prefetch } => {
                    self.consumers.insert((topic, instance), prefetch.into());
                }
                Errand::Detach { topic, instance } => {
                    self.consumers.remove(&(topic, instance));
                }
                Errand::Room { topic, instance } => {
                    self.consumers.entry((topic, instance)).and_modify(|it| *it += 1);
                }
                Errand::Prefetch { topic, instance, more } => {
                    self.consumers.entry((topic, instance)).and_modify(|it| *it += more);
                }
                Errand::Delete { topic, entry } => self.delete(topic, entry),
                Errand::Purge { topic } => self.after(5_000, Deed::Purge { topic }),
                Errand::Read { topic, group, partition, seat } => {
                    self.seats.remove(&(group, partition));
                    if let Some(seat) = seat {
                        self.floors.insert((group, partition), seat.after);
                        self.seats.insert((group, partition), (topic, seat, seat.had));
                    }
                }
                Errand::Grant { group, instance, session, more } => {
                    let room = self.rooms.entry((group, instance)).or_insert((session, 0));
                    let before = if room.0 == session { room.1 } else { 0 };
                    *room = (session, before + more);
                }
                Errand::Commit { group, partition, epoch, entry, .. } => {
                    self.after(2_000, Deed::Commit { group, partition, epoch, entry });
                }
                Errand::Tune { .. } | Errand::Hold { .. } => {}
            }
        }
        self.serve();
    }

    /// What readers have room for is sent.
    fn serve(&mut self) {
        let mut fetched = Vec::new();
        for (&(group, partition), (topic, seat, upto)) in &mut self.seats {
            let Some((session, room)) = self.rooms.get_mut(&(group, seat.instance)) else {
                continue;
            };
            if *session != seat.session {
                continue;
            }
            for (entry, it) in (1_u64..).zip(&self.streams[topic.index()]) {
                if entry > *upto && it.partition == Some(partition) && it.is_there && *room > 0 {
                    *room -= 1;
                    *upto = entry;
                    fetched.push((group, partition, seat.epoch, entry));
                }
            }
        }
        // In order: no later than what comes next.
        for (group, partition, epoch, entry) in fetched {
            let last = self.coming.iter().filter_map(|((at, _), it)| match it {
                Deed::Fetch { group: of, partition: from, .. } => {
                    (*of == group && *from == partition).then_some(*at)
                }
                _ => None,
            });
            let at = last.max().unwrap_or(self.now);
            let at = Time(at.0 + 1_000 * u64::from(self.lots.within(1, 800)));
            self.made += 1;
            let fetch = Deed::Fetch { group, partition, epoch, entry };
            self.coming.insert((at, self.made), fetch);
        }
    }

    /// Does what is next, and gives what the world is told of it.
    fn act(&mut self, world: &World) -> Vec<Happening> {
        let Some(((at, _), deed)) = self.coming.pop_first() else { return Vec::new() };
        self.now = at;
        match deed {
            Deed::Store { topic, partition, message, number } => {
                if let (Some(partition), Some(it)) = (partition, number) {
                    let Numbered { instance, incarnation, epoch, sequence } = it;
                    let known = (topic, partition, instance, incarnation, epoch, sequence);
                    if self.known.insert(known, ()).is_some() {
                        return vec![Happening::Declined { topic, message, duplicate: true }];
                    }
                }
                let (event, is_there, deliveries) = (*world.event_of(message), true, 0);
                let stream = &mut self.streams[topic.index()];
                stream.push(Entry { partition, event, is_there, deliveries });
                let entry = stream.len() as u64;
                match partition {
                    Some(partition) => {
                        vec![Happening::Appended { topic, partition, message, entry }]
                    }
                    None => {
                        self.after(3_000, Deed::Deliver { topic, entry });
                        vec![Happening::Stored { topic, message, entry }]
                    }
                }
            }
            Deed::Deliver { topic, entry } => self.deliver(topic, entry),
            Deed::Settle { topic, entry } => {
                let Some(it) = self.entry(topic, entry) else { return Vec::new() };
                it.is_there = false;
                vec![Happening::Settled { topic, entry }]
            }
            Deed::Fetch { group, partition, epoch, entry } => {
                if !world.wants_entry(group, partition, epoch, entry) {
                    if let Some((_, seat, _)) = self.seats.get(&(group, partition))
                        && let Some(room) = self.rooms.get_mut(&(group, seat.instance))
                    {
                        room.1 += 1;
                    }
                    return Vec::new();
                }
                let topic = world.model().groups[group.index()].topic;
                let mut told = Vec::new();
                if !world.keeps_entry(topic, partition, entry) {
                    let place = usize::try_from(entry).unwrap() - 1;
                    let event = self.streams[topic.index()][place].event.into();
                    told.push(Happening::Recalled { group, partition, entry, event });
                }
                told.push(Happening::Fetched { group, partition, epoch, entry });
                told
            }
            Deed::Commit { group, partition, epoch, entry } => {
                let is_present =
                    self.seats.get(&(group, partition)).is_some_and(|it| it.1.epoch == epoch);
                if is_present {
                    let floor = self.floors.entry((group, partition)).or_default();
                    *floor = entry.max(*floor);
                }
                vec![Happening::Committed { group, partition, epoch, entry }]
            }
            Deed::Purge { topic } => {
                let stream = &mut self.streams[topic.index()];
                stream.iter_mut().for_each(|it| it.is_there = false);
                let entry = stream.len() as u64 + 1;
                match &world.model().topics[topic.index()].kind {
                    TopicKind::Queue(_) => vec![Happening::Purged { topic, entry }],
                    TopicKind::Log(log) => (0..log.partitions)
                        .map(|partition| Happening::Trimmed { topic, partition, entry })
                        .collect(),
                }
            }
            Deed::Restart => self.restart(),
            Deed::Trim => {
                let all: Vec<_> = self.seats.values().map(|it| it.0).collect();
                let Some(&topic) = all.first() else { return Vec::new() };
                let stream = &mut self.streams[topic.index()];
                let some = stream.len() / 2;
                stream[..some].iter_mut().for_each(|it| it.is_there = false);
                let TopicKind::Log(log) = &world.model().topics[topic.index()].kind else {
                    return Vec::new();
                };
                let (entry, partitions) = (some as u64 + 1, 0..log.partitions);
                let trimmed = |partition| Happening::Trimmed { topic, partition, entry };
                partitions.map(trimmed).collect()
            }
        }
    }

    fn deliver(&mut self, topic: TopicId, entry: u64) -> Vec<Happening> {
        if self.entry(topic, entry).is_none() {
            return Vec::new();
        }
        let mut free = self.consumers.iter_mut().filter(|(it, room)| it.0 == topic && **room > 0);
        let Some((&(_, to), room)) = free.next() else {
            self.after(20_000, Deed::Deliver { topic, entry });
            return Vec::new();
        };
        *room -= 1;
        let (lease, it) = (self.leases, self.entry(topic, entry).unwrap());
        it.deliveries += 1;
        let delivery = it.deliveries;
        self.leases += 1;
        // Its lease runs out.
        self.after(9_000_000, Deed::Deliver { topic, entry });
        vec![Happening::Delivered { topic, to, delivery, lease, entry }]
    }

    /// It was killed, and has forgotten some commits; what was under way to readers is lost.
    fn restart(&mut self) -> Vec<Happening> {
        self.coming.retain(|_, it| !matches!(it, Deed::Fetch { .. } | Deed::Commit { .. }));
        let seats: Vec<_> = self.seats.iter().map(|(key, it)| (*key, it.1)).collect();
        let resumed = seats.into_iter().map(|((group, partition), seat)| {
            let floor = self.floors.get(&(group, partition)).copied().unwrap_or(0);
            let entry = if self.lots.within(0, 1) == 0 { floor } else { floor.min(seat.after) };
            Happening::Resumed { group, partition, epoch: seat.epoch, entry }
        });
        resumed.collect()
    }
}

#[test]
fn what_is_said_of_an_entry_that_was_lost_is_not_said_of_the_one_that_has_its_number() {
    let scenario = scenario::read(
        r#"Scenario(format: 1, title: "again", until: "10s", events: { "Job": Event() },
            topics: { "jobs": Queue() },
            workloads: { "users": Workload(arrivals: At(["0s", "100ms"]), event: "Job", do: [Publish("Job", "jobs")]) },
            services: { "worker": Service(workers: 4, consumes: {
                "jobs": Consume(prefetch: 4, on: { "Job": [Work("1s")] }) }) })"#,
        "again.ron",
    );
    let model = scenario.unwrap().variants[0].model.clone();
    let mut world = World::live(model.clone(), 1, Source::Remote);
    let mut reality = Reality::new(1);
    world.step(&mut ());
    let worker = (0..model.services.len()).find(|it| model.services[*it].name == "worker").unwrap();
    let to = model.instances_of(ServiceId::from_index(worker)).next().unwrap();
    let (topic, entry) = (TopicId(0), 5);
    let (mut stored, mut rooms, mut settled) = (0, 0, Vec::new());
    loop {
        let mut errands = Vec::new();
        reality.hear(&mut world);
        world.take_errands(|it| errands.push(it));
        let at = world.now();
        for errand in errands {
            match errand {
                // Each gets the same number: the server was killed, and has lost the first.
                Errand::Publish { message, .. } => {
                    stored += 1;
                    let what = Happening::Stored { topic, message, entry };
                    assert!(world.take_in(&Input { at, what }, &mut ()));
                    if stored == 1 {
                        let what = Happening::Delivered { topic, to, delivery: 1, lease: 7, entry };
                        assert!(world.take_in(&Input { at, what }, &mut ()));
                    }
                }
                Errand::Room { .. } => rooms += 1,
                Errand::Settle { entry, lease, .. } => settled.push((entry, lease)),
                _ => {}
            }
        }
        reality.hear(&mut world);
        let Some(at) = reality.next() else { break };
        let what = Happening::Released(reality.release().unwrap());
        world.take_in(&Input { at, what }, &mut ());
    }
    // The first was worked on and acked, of which nobody is told; its room is free again.
    assert_eq!((stored, rooms, settled), (2, 1, Vec::new()));
    assert!(world.audit().is_balanced() && world.has_entry(topic, entry), "{:?}", world.audit());
    let mut said = |lease| {
        let at = world.now();
        let what = Happening::Delivered { topic, to, delivery: 1, lease, entry };
        assert!(world.take_in(&Input { at, what }, &mut ()));
        let mut settled = Vec::new();
        loop {
            reality.hear(&mut world);
            world.take_errands(|it| {
                if let Errand::Settle { entry, lease, .. } = it {
                    settled.push((entry, lease));
                }
            });
            let Some(at) = reality.next() else { break settled };
            let what = Happening::Released(reality.release().unwrap());
            world.take_in(&Input { at, what }, &mut ());
        }
    };
    assert_eq!(said(8), [(entry, 8)]);
}

#[test]
fn whatever_a_broker_elsewhere_does_the_run_is_one_like_any_other() {
    each_seed(120, |seed, model| {
        let mut world = World::live(model.clone(), seed, Source::Remote);
        let (mut reality, mut server) = (Reality::new(seed), Server::new(&model, seed));
        let mut trace = Trace::new(Source::Remote);
        let until = Time::from_secs_f64(20.0);
        world.step(&mut ());
        reality.hear(&mut world);
        server.hear(&mut world);
        let mut steps = 0;
        loop {
            let next = server.coming.first_key_value().map(|(it, _)| it.0);
            let released = reality.next();
            let Some(at) = [next, released].into_iter().flatten().min() else { break };
            if at > until || trace.len() > 100_000 {
                break;
            }
            let is_told = next == Some(at);
            let told = if is_told {
                server.act(&world)
            } else {
                vec![Happening::Released(reality.release().unwrap())]
            };
            server.now = at;
            for what in told {
                let input = Input { at, what };
                if world.take_in(&input, &mut ()) {
                    assert!(trace.push(input));
                }
                reality.hear(&mut world);
                server.hear(&mut world);
            }
            steps += 1;
            if steps % 500 == 0 {
                let audit = world.audit();
                assert!(audit.is_balanced(), "at {}: {audit:?}", world.now());
            }
        }
        let end = Input { at: until, what: Happening::Reached };
        world.take_in(&end, &mut ());
        trace.push(end);
        assert!(world.audit().is_balanced(), "{:?}", world.audit());

        let trace = Trace::from_bytes(&trace.to_bytes()).unwrap();
        let mut again = World::live(model.clone(), seed, Source::Remote);
        again.retrace(&trace, &[], &mut ());
        assert_eq!(again.digest(), world.digest());
        assert_eq!(again.report(), world.report());
        let middle = trace.len() / 2;
        let mut half = World::live(model.clone(), seed, Source::Remote);
        for input in trace.iter().take(middle) {
            half.take_in(&input, &mut ());
        }
        let mut half = Packed::of(&mut half).world().unwrap();
        for input in trace.iter().skip(middle) {
            half.take_in(&input, &mut ());
        }
        assert_eq!(half.digest(), world.digest());

        world.go_on_by_itself(world.now());
        world.run_until(Time::from_secs_f64(3600.0), &mut ());
        let audit = world.audit();
        assert!(audit.is_balanced(), "{audit:?}");
        assert_eq!(audit.alive(), 0, "an hour later: {audit:?}");
    });
}
