//! The mistakes by which an expert knows a wrong picture of a broker, each held off by a test
//! that fails when it is made. They have the order and the numbers of a checklist; those that are
//! about words are checks of what a person reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inflight::engine::broker::queue::{Accepted, Effect, Queue, Ticket};
use inflight::model::{
    EventId, EventTypeId, InstanceId, MessageId, Model, QueueTopic, Record, Role, ServiceId, Span,
    Time, What,
};
use inflight::scenario::{self, library};
use inflight::sim::World;
use inflight::sim::report::{Report, ServiceReport, TopicReport};

/// A scenario out of its sections, without time on the links unless they say so.
fn model(body: &str) -> Arc<Model> {
    let links =
        if body.contains("links:") { "" } else { "links: Links(default: Link(latency: \"0ms\"))," };
    let text = format!("Scenario(format: 1, title: \"mistake\", {links} {body})");
    let scenario = scenario::read(&text, "mistake.ron")
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    scenario.variants[0].model.clone()
}

/// What happened in so many seconds, and the figures.
fn watch(model: &Arc<Model>, seconds: f64) -> (Vec<Record>, Report) {
    let mut records = Vec::new();
    let mut world = World::new(model.clone(), 1);
    world.run_until(Time::from_secs_f64(seconds), &mut |it: &Record| records.push(*it));
    (records, world.report())
}

pub fn run(body: &str, seconds: f64) -> Report {
    watch(&model(body), seconds).1
}

fn service<'a>(report: &'a Report, name: &str) -> &'a ServiceReport {
    report.services.iter().find(|it| it.name == name).unwrap()
}

fn topic<'a>(report: &'a Report, name: &str) -> &'a TopicReport {
    report.topics.iter().find(|it| it.name == name).unwrap()
}

fn total(report: &Report, name: &str) -> f64 {
    report.stores.iter().find(|it| it.name == name).unwrap().total
}

/// What a scenario is answered that is not good.
fn refusal(body: &str) -> String {
    let text = format!("Scenario(format: 1, title: \"mistake\", {body})");
    scenario::read(&text, "mistake.ron").map(|_| ()).unwrap_err().render(false)
}

/// A world of one topic `t`, published to by `s` and consumed by `w`.
fn world(topic: &str, arrivals: &str, worker: &str, consume: &str, steps: &str) -> String {
    format!(
        r#"events: {{ "E": Event(key: "k", fields: {{ "k": Numbered("k-", 5), "id": Sequence("e-") }}) }},
        topics: {{ "t": {topic}, "dead": Queue() }},
        workloads: {{ "s": Workload(arrivals: {arrivals}, event: "E", do: [Publish("E", "t")]) }},
        services: {{ "w": Service({worker} consumes: {{ "t": Consume({consume} on: {{ "E": [{steps}] }}) }}) }},"#
    )
}

/// A queue in the hand, and one consumer.
struct Bench {
    queue: Queue,
    out: Vec<Effect>,
}

const fn ms(span: u64) -> Span {
    Span::from_millis(span)
}

const fn at(instant: u64) -> Time {
    Time(instant * 1_000_000)
}

impl Bench {
    fn new(settings: QueueTopic, prefetch: u32) -> Self {
        let mut queue = Queue::new(settings);
        queue.connect(InstanceId(0), prefetch);
        Self { queue, out: Vec::new() }
    }

    fn publish(&mut self, now: u64, event: u64, key: u64) -> Accepted {
        let message = MessageId(u32::try_from(now * 100 + event).unwrap());
        let event = EventId::new(ServiceId(0), event);
        self.queue.publish(at(now), message, event, key, &mut self.out)
    }

    /// What is delivered at an instant.
    fn deliver(&mut self, now: u64) -> Vec<(MessageId, u16, Ticket)> {
        self.queue.tick(at(now), &mut self.out);
        self.queue.hand_out(at(now), &mut self.out);
        let deliveries = self.out.drain(..).filter_map(|effect| match effect {
            Effect::Deliver { entry, ticket, delivery, .. } => Some((entry, delivery, ticket)),
            _ => None,
        });
        deliveries.collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path.extension().is_some_and(|it| endings.iter().any(|end| *end == it)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every line that a person may read: scenarios, their pages, the front page, the assets, and of
/// the sources the texts between quotes.
fn words() -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut add = |path: &Path, quoted: bool| {
        for (number, line) in std::fs::read_to_string(path).unwrap().lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            if !quoted {
                lines.push((place, line.to_lowercase()));
                continue;
            }
            let is_comment = line.trim_start().starts_with("//");
            for text in line.split('"').skip(1).step_by(2).filter(|_| !is_comment) {
                lines.push((place.clone(), text.to_lowercase()));
            }
        }
    };
    files(&root().join("src"), &["rs"]).iter().for_each(|it| add(it, true));
    files(&root().join("scenarios"), &["ron", "md"]).iter().for_each(|it| add(it, false));
    files(&root().join("assets"), &["ron"]).iter().for_each(|it| add(it, false));
    add(&root().join("README.md"), false);
    assert!(lines.len() > 1000, "there are words to look at");
    lines
}

/// The lines that say one of these without one of those words that put it right.
fn said(what: &[&str], put_right_by: &[&str]) -> Vec<String> {
    let has = |line: &str, words: &[&str]| words.iter().any(|it| line.contains(it));
    let lines = words().into_iter();
    let wrong = lines.filter(|(_, line)| has(line, what) && !has(line, put_right_by));
    wrong.map(|(place, line)| format!("{place}: {}", line.trim())).collect()
}

/// Mistake 1: At-least-once delivery and an idempotent effect are effectively once; a broker that
/// delivers exactly once there is not.
#[test]
fn nowhere_is_delivery_exactly_once_promised() {
    let what = ["exactly once", "exactly-once", "exactlyonce"];
    let found = said(&what, &["effect", "illusion", "no such", "really", "not ", "never"]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Mistake 2: Into its old place, not behind all that wait.
#[test]
fn a_redelivery_goes_to_the_head_and_not_to_the_tail() {
    let mut bench = Bench::new(QueueTopic { ack_wait: Some(ms(100)), ..QueueTopic::default() }, 1);
    for event in 1..=3 {
        assert_eq!(bench.publish(0, event, 0), Accepted::Yes);
    }
    let (first, _, ticket) = bench.deliver(0)[0];
    bench.queue.nack(at(10), ticket, None, &mut bench.out);
    let (again, count, ticket) = bench.deliver(10)[0];
    assert_eq!((again, count), (first, 2));
    // Nor when its lease runs out.
    bench.queue.tick(at(110), &mut bench.out);
    bench.queue.let_go(ticket);
    let (again, count, _) = bench.deliver(110)[0];
    assert_eq!((again, count), (first, 3));
}

/// Mistake 3: Two messages of 700 ms each, prefetched together under an ack wait of 1 s: neither takes
/// longer than the wait, and the second expires all the same.
#[test]
fn a_lease_starts_at_delivery_and_not_when_processing_starts() {
    let two = r#"At(["0s", "0s"])"#;
    let it = world("Queue(ack_wait: \"1s\")", two, "", "prefetch: 2,", "Work(\"700ms\")");
    let report = run(&it, 10.0);
    assert_eq!((topic(&report, "t").delivered, topic(&report, "t").redelivered), (3, 1));
    assert_eq!(service(&report, "w").completed, 3);
}

/// Mistake 4: It is accepted, and no redelivery follows; but the effect was there twice.
#[test]
fn a_late_ack_is_accepted_and_the_effect_has_happened_twice() {
    let it = world(
        "Queue(ack_wait: \"500ms\", max_deliveries: 3)",
        "At([\"0s\"])",
        "instances: 2, stores: { \"effects\": Counter() },",
        "prefetch: 1,",
        "Work(\"800ms\"), Update(store: \"effects\", increment: true)",
    );
    let report = run(&it, 60.0);
    let queue = topic(&report, "t");
    assert_eq!((queue.delivered, queue.acked, queue.dead_lettered), (2, 1, 0));
    assert!((total(&report, "effects") - 2.0).abs() < 1e-9);
}

/// Mistake 5: It is of publishes, by id alone; it does not look at what is inside, and it does nothing
/// against a second delivery.
#[test]
fn deduplication_is_of_publishes_by_id_and_not_of_deliveries() {
    let settings = QueueTopic {
        dedupe_window: Some(ms(60_000)),
        ack_wait: Some(ms(100)),
        ..QueueTopic::default()
    };
    let mut bench = Bench::new(settings, 9);
    assert_eq!(bench.publish(0, 1, 0), Accepted::Yes);
    assert_eq!(bench.publish(1, 1, 7), Accepted::Duplicate, "under another key");
    assert_eq!(bench.publish(2, 2, 0), Accepted::Yes, "another id, all else the same");
    assert_eq!(bench.deliver(2).len(), 2);
    assert_eq!(bench.deliver(102).len(), 2, "both again, window or not");
}

/// Mistake 6: The first that was accepted begins it, and it ends so long after, whatever was tried in
/// between.
#[test]
fn a_dedupe_window_is_not_extended_by_the_attempts_within_it() {
    let settings = QueueTopic { dedupe_window: Some(ms(2000)), ..QueueTopic::default() };
    let mut bench = Bench::new(settings, 9);
    assert_eq!(bench.publish(0, 1, 0), Accepted::Yes);
    for now in (100..2000).step_by(100) {
        assert_eq!(bench.publish(now, 1, 0), Accepted::Duplicate, "at {now} ms");
    }
    assert_eq!(bench.publish(1999, 1, 0), Accepted::Duplicate);
    assert_eq!(bench.publish(2000, 1, 0), Accepted::Yes);
    assert_eq!(bench.publish(2001, 1, 0), Accepted::Duplicate, "a window of its own");
}

/// Mistake 8: A commit is a position: what is before it counts as done, one by one nothing can be.
/// At a broker that is killed 50 ms after it heard an ack; not one that was killed later.
#[test]
fn an_ack_is_not_durable_at_once() {
    let acked_before_the_kill = |at: &str| {
        let it = world("Queue(profile: JetStream)", r#"At(["0s"])"#, "", "", r#"Work("50ms")"#);
        let kill =
            format!(r#"faults: [Outage(topic: "t", at: "{at}", for: "1s", forgets: "50ms")],"#);
        let report = run(&(it + &kill), 10.0);
        let it = topic(&report, "t");
        (it.delivered, it.acked, it.leased + it.waiting)
    };
    assert_eq!(acked_before_the_kill("90ms"), (2, 1, 0), "forgotten, and delivered again");
    assert_eq!(acked_before_the_kill("350ms"), (1, 1, 0), "written down by then");
}

/// Nor what was confirmed, where the followers do not have it yet.
#[test]
fn what_was_confirmed_can_be_lost() {
    let lost = |acks: &str| {
        let report = run(
            &format!(
                r#"events: {{ "E": Event() }},
                topics: {{ "t": Log(replication: "20ms") }},
                workloads: {{ "s": Workload(arrivals: Every("5ms"), event: "E", until: "1s",
                    publishes: {{ "t": Producer(acks: {acks}, timeout: "200ms", retries: 9) }},
                    do: [Publish("E", "t")]) }},
                services: {{ "w": Service(workers: Unlimited, consumes: {{ "t": Consume(on: {{ "E": [] }}) }}) }},
                faults: [LeaderLoss(topic: "t", at: "500ms", for: "100ms")],"#
            ),
            20.0,
        );
        let done = service(&report, "w").completed;
        topic(&report, "t").published.saturating_sub(done)
    };
    assert!(lost("Leader") > 0, "what only the leader had is gone");
    assert_eq!(lost("All"), 0, "its producer tries again what was not confirmed");
}

#[test]
fn a_log_knows_no_ack_of_a_single_message() {
    let log = |consume: &str, steps: &str| {
        world("Log(partitions: 1)", "At([\"0s\", \"0s\", \"0s\"])", "", consume, steps)
    };
    for consume in ["ack: ByHandler,", "ack: Automatic,"] {
        let text = refusal(&log(consume, "Work(\"1ms\")"));
        assert!(text.contains("expected AfterWork, BeforeWork"), "{text}");
    }
    let text = refusal(&log("", "Ack"));
    assert!(text.contains("nothing to ack"), "{text}");
    // The first is given up, the third is done: the commit is past all three.
    let steps = "Work(\"10ms\"), If(condition: Compare(Field(\"id\"), Equal, \"e-1\"), then: [Fail(1)], otherwise: [])";
    let model = model(&log("start: Earliest, on_failure: GiveUp,", steps));
    let (records, report) = watch(&model, 10.0);
    let commits = records.iter().filter_map(|it| match it.what {
        What::Committed { offset, .. } => Some(offset),
        _ => None,
    });
    assert_eq!(commits.collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((topic(&report, "t").acked, topic(&report, "t").groups[0].lag), (0, 0));
}

/// Mistake 9: Twice as much is asked as can be done: as much is done as by a call, and the rest waits.
#[test]
fn a_queue_moves_waiting_and_makes_nothing_faster() {
    let steps = "Work(Exponential(\"100ms\"))";
    let queued =
        run(&world("Queue()", "Poisson(per_second: 20)", "", "prefetch: 1,", steps), 600.0);
    let called = run(
        &format!(
            r#"requests: {{ "Q": Request() }},
            workloads: {{ "s": Workload(arrivals: Poisson(per_second: 20), event: "Q", do: [Call(to: "w", request: "Q")]) }},
            services: {{ "w": Service(answers: {{ "Q": [{steps}] }}) }},"#
        ),
        600.0,
    );
    let done = |report: &Report| {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let done = service(report, "w").completed as f64;
        done / 600.0
    };
    for rate in [done(&queued), done(&called)] {
        assert!((9.5..10.5).contains(&rate), "{rate} a second");
    }
    assert!(topic(&queued, "t").waiting > 5000);
}

/// Mistake 10: C consumers of one queue, each as slow as chance has it: of what is completed, (c−1)/c
/// has overtaken something older. In a log's partition nothing does.
#[test]
fn order_exists_per_partition_and_not_among_competing_consumers() {
    let overtaking = |topic: &str, worker: &str, consume: &str| {
        let body = world(topic, "Every(\"1ms\")", worker, consume, "Work(Exponential(\"100ms\"))");
        let (records, _) = watch(&model(&body), 600.0);
        let mut carried = BTreeMap::new();
        let mut open: BTreeMap<u32, BTreeSet<EventId>> = BTreeMap::new();
        let mut partitions = BTreeMap::new();
        let (mut done, mut overtook) = (0_u32, 0_u32);
        for record in records {
            match record.what {
                What::Arrived { message, .. } | What::Retried { message, .. } => {
                    carried.remove(&message);
                }
                What::Sent { message, event, .. } => drop(carried.insert(message, event)),
                What::Appended { message, partition, .. } => {
                    partitions.insert(carried[&message], partition);
                    open.entry(partition).or_default().insert(carried[&message]);
                }
                What::Enqueued { message, .. } => {
                    open.entry(0).or_default().insert(carried[&message]);
                }
                What::Finished { message, .. } if carried.contains_key(&message) => {
                    let event = carried[&message];
                    let partition = partitions.get(&event).copied().unwrap_or(0);
                    let open = open.get_mut(&partition).unwrap();
                    done += 1;
                    overtook += u32::from(open.first().is_some_and(|it| *it < event));
                    open.remove(&event);
                }
                _ => {}
            }
        }
        assert!(done > 5000, "{done}");
        f64::from(overtook) / f64::from(done)
    };
    for count in [2_u32, 4] {
        let worker = format!("instances: {count},");
        let share = overtaking("Queue()", &worker, "prefetch: 1,");
        let expected = f64::from(count - 1) / f64::from(count);
        assert!((share / expected - 1.0).abs() < 0.03, "of {count}: {share}, not {expected}");
    }
    let share = overtaking("Log(partitions: 2)", "instances: 2,", "start: Earliest,");
    assert!(share == 0.0, "{share}");
}

/// Mistake 11: What was made first and came to the broker last is read last.
#[test]
fn order_is_the_brokers_and_not_that_of_clocks() {
    let body = r#"
        events: { "E": Event() },
        topics: { "t": Log() },
        links: Links(default: Link(latency: "1ms"), between: [OneWay("far", "t", Link(latency: "300ms"))]),
        workloads: {
            "far": Workload(arrivals: At(["0s"]), event: "E", do: [Publish("E", "t")]),
            "near": Workload(arrivals: At(["100ms"]), event: "E", do: [Publish("E", "t")]),
        },
        services: { "w": Service(consumes: { "t": Consume(start: Earliest, on: { "E": [Work("1ms")] }) }) },
    "#;
    let model = model(body);
    let (records, _) = watch(&model, 10.0);
    let sent = |wanted: Role| {
        let of_role = records.iter().filter_map(move |it| match it.what {
            What::Sent { event, role, .. } if role == wanted => Some(event.producer()),
            _ => None,
        });
        of_role.map(|it| model.services[it.index()].name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(sent(Role::Publish), ["far", "near"]);
    assert_eq!(sent(Role::Delivery), ["near", "far"]);
}

/// Mistake 12: A partition has one reader in a group.
#[test]
fn a_member_without_a_partition_does_nothing() {
    let body = world(
        "Log(partitions: 2)",
        "Every(\"10ms\")",
        "instances: 3,",
        "start: Earliest,",
        "Work(\"1ms\")",
    );
    let model = model(&body);
    let (records, _) = watch(&model, 10.0);
    let busy: BTreeSet<String> = records
        .iter()
        .filter_map(|it| match it.what {
            What::Started { instance, .. } => Some(model.instance_name(instance)),
            _ => None,
        })
        .filter(|it| it.starts_with('w'))
        .collect();
    assert_eq!(busy.into_iter().collect::<Vec<_>>(), ["w/1", "w/2"]);
}

/// Mistake 13: With Kafka's defaults a member that is back after 100 ms is another member: the session
/// of the one before must time out (45 s), and then the group is put together anew (3 s).
#[test]
fn a_members_restart_is_not_free() {
    let body = world("Log(profile: Kafka)", "Every(\"100ms\")", "", "", "Work(\"1ms\")");
    let crash = r#"faults: [Crash(service: "w", at: "30s", for: "100ms")],"#;
    let model = model(&(body + crash));
    let (records, _) = watch(&model, 200.0);
    let by_w = |it: &&Record| match it.what {
        What::Started { instance, .. } => model.instance_name(instance) == "w",
        _ => false,
    };
    let begun: Vec<Time> = records.iter().filter(by_w).map(|it| it.at).collect();
    let longest = begun.windows(2).map(|it| it[1].since(it[0])).max().unwrap();
    assert!(longest >= Span::from_secs(48), "nothing was read for {longest}");
    assert!(longest < Span::from_secs(49), "nothing was read for {longest}");
}

/// Mistake 14: What is a dead letter is missing where it should be, what came after it went on without
/// it, and it stays away until somebody sends it again: a place where order and completeness are
/// given up, and no word makes more of it.
#[test]
fn dead_letters_are_where_order_and_completeness_end() {
    let it = world(
        "Queue(max_deliveries: 2, dead_letters: \"dead\")",
        "At([\"0s\", \"1s\", \"2s\"])",
        "stores: { \"seen\": Set(key: Text) },",
        "on_failure: Retry(\"10ms\"),",
        "If(condition: Compare(Field(\"id\"), Equal, \"e-1\"), then: [Fail(1)], otherwise: [Update(store: \"seen\", key: Field(\"id\"), insert: true)])",
    );
    let report = run(&it, 3600.0);
    let queue = topic(&report, "t");
    assert_eq!((queue.acked, queue.dead_lettered, queue.waiting), (2, 1, 0));
    assert!((total(&report, "seen") - 2.0).abs() < 1e-9, "one of three is missing");
    assert_eq!(topic(&report, "dead").waiting, 1, "and waits for somebody");
    let wrong: Vec<(String, String)> = words()
        .into_iter()
        .filter(|(_, line)| line.contains("dead letter") || line.contains("dead-letter"))
        .filter(|(_, line)| ["solve", "safe", "fixed", "repair"].iter().any(|it| line.contains(it)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// When each of 200 clients, which are all refused at 1 s, tries again: the most within 10 ms,
/// and how many within 5 s of the 10 that are the pause.
fn second_attempts(jitter: &str) -> (u64, u64) {
    let body = format!(
        r#"requests: {{ "Q": Request() }},
        workloads: {{ "s": Workload(arrivals: Bursts(size: 200, every: "1h", within: "0s"), from: "1s", event: "Q", do: [
            Call(to: "w", request: "Q", otherwise: [], retry: Retry(attempts: 2, backoff: Fixed("10s"), jitter: {jitter})),
        ]) }},
        services: {{ "w": Service(workers: Unlimited, answers: {{ "Q": [Fail(1)] }}) }},"#
    );
    let (records, _) = watch(&model(&body), 60.0);
    let mut ticks: BTreeMap<u64, u64> = BTreeMap::new();
    for record in records {
        if matches!(record.what, What::Sent { role: Role::Request, attempt: 2, .. }) {
            *ticks.entry(record.at.0 / 10_000_000).or_default() += 1;
        }
    }
    let early = ticks.range(..600).map(|it| it.1).sum();
    (ticks.into_values().max().unwrap(), early)
}

/// Mistake 15: Nothing is tried again unless somebody says so, and then with an end and a cap; with
/// jitter 200 that were refused together come back one by one, and each layer that tries again
/// multiplies what is asked.
#[test]
fn retries_have_an_end_a_cap_and_jitter_and_are_not_for_every_layer() {
    let call = |retry: &str| {
        format!(
            r#"requests: {{ "Q": Request() }},
            workloads: {{ "s": Workload(arrivals: At(["0s"]), event: "Q", do: [Call(to: "a", request: "Q", otherwise: [] {retry})]) }},
            services: {{
                "a": Service(answers: {{ "Q": [Call(to: "b", request: "Q" {retry})] }}),
                "b": Service(answers: {{ "Q": [Call(to: "c", request: "Q" {retry})] }}),
                "c": Service(answers: {{ "Q": [Fail(1)] }}),
            }},"#
        )
    };
    let asked = |retry: &str, seconds: f64| service(&run(&call(retry), seconds), "c").arrivals;
    assert_eq!(asked("", 60.0), 1);
    assert!(refusal(&call(", retry: Retry(backoff: Fixed(\"1s\"))")).contains("attempts"));
    assert_eq!(asked(", retry: Retry(attempts: 4, backoff: Fixed(\"10ms\"))", 60.0), 64);
    // 40 attempts at doubling pauses would take centuries; no pause is longer than a minute.
    let doubling = ", retry: Retry(attempts: 40, backoff: Exponential(first: \"100ms\"))";
    let one_layer = call("").replacen("otherwise: [] ", &format!("otherwise: [] {doubling}"), 1);
    assert_eq!(service(&run(&one_layer, 3600.0), "c").arrivals, 40);
    assert_eq!(second_attempts("None"), (200, 0));
    let (most, early) = second_attempts("Full");
    assert!(most <= 5 && (80..=120).contains(&early), "{most} within 10 ms, {early} within 5 s");
    let (most, early) = second_attempts("Equal");
    assert!(most <= 8 && early == 0, "{most} within 10 ms, {early} within 5 s");
}

/// The forms of the names of facts: past participles.
fn is_past_tense(name: &str) -> bool {
    const IRREGULAR: [&str; 22] = [
        "Paid", "Sent", "Told", "Sold", "Bought", "Done", "Gone", "Lost", "Found", "Made", "Taken",
        "Given", "Written", "Read", "Begun", "Shut", "Set", "Put", "Met", "Kept", "Left", "Held",
    ];
    let is_form = |it: &str| name.ends_with(it);
    is_form("ed") || IRREGULAR.into_iter().any(is_form)
}

/// Of every scenario that ships and every example, the types that are published to logs.
fn published_to_logs(model: &Model) -> BTreeSet<String> {
    let (records, mut names) = (watch(&Arc::new(model.clone()), 30.0).0, BTreeSet::new());
    let mut types: BTreeMap<MessageId, EventTypeId> = BTreeMap::new();
    for record in records {
        match record.what {
            What::Sent { message, event_type, .. } => drop(types.insert(message, event_type)),
            What::Appended { message, .. } => {
                names.insert(model.event_types[types[&message].index()].name.clone());
            }
            _ => {}
        }
    }
    names
}

/// Mistake 16: What is published to a log happened, and says so: `PaymentCompleted`. What shall be done
/// is asked of one service, or waits in a queue for one.
#[test]
fn published_events_are_facts_in_the_past_tense_and_not_commands() {
    let mut seen = 0;
    for entry in library::entries() {
        for variant in scenario::read(entry.text, entry.path).unwrap().variants {
            for name in published_to_logs(&variant.model) {
                assert!(is_past_tense(&name), "{}: {name} is no fact", entry.path);
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
    assert!(is_past_tense("PaymentCompleted") && !is_past_tense("ProcessPayment"));
}

/// Mistake 17: A store in memory is not the truth: after a crash it is made again of the log, to the last
/// event. And who is read to again does again what it does to others.
#[test]
fn a_replay_restores_what_is_believed_and_repeats_what_was_done_to_others() {
    let body = r#"
        events: { "E": Event(fields: { "n": Int(1, 9) }), "Mail": Event() },
        topics: { "t": Log() },
        workloads: { "s": Workload(arrivals: Every("100ms"), at_most: 100, event: "E", do: [Publish("E", "t")]) },
        services: {
            "w": Service(stores: { "sum": Sum(durable: false), "all": Sum() },
                consumes: { "t": Consume(start: Earliest, session_timeout: "1s", on: { "E": [
                    Update(store: "sum", add: Field("n")), Update(store: "all", add: Field("n")), Send(to: "mailer", event: "Mail"),
                ] }) }),
            "mailer": Service(answers: { "Mail": [Work("1ms")] }),
        },
        faults: [
            Crash(service: "w", at: "15s", for: "1s"),
            Replay(service: "w", topic: "t", at: "20s", to: Earliest),
        ],
    "#;
    let before = run(body, 14.0);
    assert!(total(&before, "sum") > 100.0);
    assert_eq!(service(&before, "mailer").arrivals, 100);
    assert!(total(&run(body, 19.0), "sum").abs() < 1e-9, "the crash took it");
    let after = run(body, 60.0);
    assert!((total(&after, "sum") - total(&before, "sum")).abs() < 1e-9, "the fold of the log");
    assert!((total(&after, "all") - 2.0 * total(&before, "all")).abs() < 1e-9, "counted twice");
    assert_eq!(service(&after, "mailer").arrivals, 200, "each customer has two mails");
}

/// Mistake 18: Beside a mean stand the median, the tail and the longest; and what comes in bursts waits
/// as bursts do, not as an M/M/1 of the same load does.
#[test]
fn no_mean_without_its_tail_and_bursts_wait_longer() {
    let table = std::fs::read_to_string(root().join("src/cli/table.rs")).unwrap();
    let json = std::fs::read_to_string(root().join("src/cli/json.rs")).unwrap();
    for tail in ["p50", "p90", "p99", "max"] {
        assert!(table.contains(&format!("\"{tail}\"")), "the table has no {tail}");
        assert!(json.contains(&format!("response_{tail}")), "the document has no {tail}");
    }
    let waiting = |arrivals: &str| {
        let body = format!(
            r#"events: {{ "E": Event() }},
            workloads: {{ "s": Workload(arrivals: {arrivals}, event: "E", do: [Send(to: "w", event: "E")]) }},
            services: {{ "w": Service(answers: {{ "E": [Work(Exponential("10ms"))] }}) }},"#
        );
        let report = run(&body, 2000.0);
        let it = service(&report, "w");
        assert!((it.utilisation.unwrap() - 0.5).abs() < 0.03);
        assert!(it.response_p99.as_secs_f64() > 2.0 * it.mean_response);
        it.mean_waiting
    };
    // An M/M/1 at ρ = 0.5 waits 10 ms; of a burst of 20 the last waits for 19 before it.
    let (smooth, bursty) = (
        waiting("Poisson(per_second: 50)"),
        waiting("Bursts(size: 20, every: \"400ms\", within: \"0s\")"),
    );
    assert!((smooth / 0.01 - 1.0).abs() < 0.1, "{smooth}");
    assert!(bursty / smooth > 9.0, "{bursty} against {smooth}");
}

/// Mistake 19: While its consumer is down a topic takes everything, and nothing is done: two figures, and
/// no word that makes one of them.
#[test]
fn what_is_accepted_and_what_is_completed_are_two_figures() {
    let body = world("Queue()", "Every(\"100ms\")", "starts: Down,", "", "Work(\"1ms\")");
    let report = run(&body, 60.0);
    assert!(topic(&report, "t").published >= 599);
    assert_eq!((topic(&report, "t").acked, service(&report, "w").completed), (0, 0));
    let table = std::fs::read_to_string(root().join("src/cli/table.rs")).unwrap();
    for column in ["\"published\"", "\"acked\"", "\"arrived\"", "\"done\""] {
        assert!(table.contains(column), "the table has no {column}");
    }
    // `Available` is a figure of its own, beside `Accepted`.
    let found = said(&["availability", "uptime"], &["unavailability"]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Mistake 20: An event keeps its id however often it is delivered, and each delivery is a message of its
/// own; what is made of it has an id of its own and names it as its cause. The words are those of
/// CloudEvents and nobody calls one by the name of another.
#[test]
fn an_id_a_cause_and_a_message_are_three_things() {
    let body = r#"
        events: { "Asked": Event(), "Answered": Event() },
        topics: { "asked": Queue(ack_wait: "100ms"), "answered": Log() },
        workloads: { "s": Workload(arrivals: At(["0s"]), event: "Asked", do: [Publish("Asked", "asked")]) },
        services: {
            "w": Service(workers: 2, consumes: { "asked": Consume(on: { "Asked": [Work("150ms"), Publish("Answered", "answered")] }) }),
            "r": Service(consumes: { "answered": Consume(start: Earliest, on: { "Answered": [Work("10s")] }) }),
        },
    "#;
    let model = model(body);
    let (records, _) = watch(&model, 5.0);
    let sent = |wanted: Role, from: &str| -> Vec<(MessageId, EventId)> {
        let of = records.iter().filter_map(|it| match it.what {
            What::Sent { message, event, role, link, .. }
                if role == wanted && model.node_name(model.links[link.index()].from) == from =>
            {
                Some((message, event))
            }
            _ => None,
        });
        of.collect()
    };
    let asked = sent(Role::Delivery, "asked");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].1, asked[1].1, "one event");
    assert_ne!(asked[0].0, asked[1].0, "two messages");
    let published = sent(Role::Publish, "w");
    assert_eq!(published.len(), 2);
    assert_ne!(published[0].1, published[1].1, "made twice: two events");
    let mut world = World::new(model.clone(), 1);
    world.run_until(Time::from_secs_f64(5.0), &mut ());
    let causes: Vec<Option<EventId>> = world
        .events_in_sight(100, 100)
        .into_iter()
        .filter(|it| published.iter().any(|(_, id)| *id == it.id))
        .map(|it| it.cause)
        .collect();
    assert!(!causes.is_empty() && causes.iter().all(|it| *it == Some(asked[0].1)), "{causes:?}");
    let found = said(&["correlation id", "correlationid", "causation id", "causationid"], &[]);
    assert!(found.is_empty(), "only where they are exported: {}", found.join("\n"));
    let inspector = std::fs::read_to_string(root().join("src/view/inspector.rs")).unwrap();
    for word in ["\"id\"", "\"source\"", "\"time\""] {
        assert!(inspector.contains(word), "the inspector names no {word}");
    }
    let journey = std::fs::read_to_string(root().join("src/gui/journey_panel.rs")).unwrap();
    assert!(journey.contains("\"Cause\""), "the journey names no cause");
}

/// Mistake 21: When an event happened, was published, was appended, was delivered and was worked on.
#[test]
fn five_instants_of_an_event_are_five_numbers() {
    let body = r#"
        events: { "E": Event() },
        topics: { "t": Log() },
        links: Links(default: Link(latency: "10ms")),
        workloads: { "s": Workload(arrivals: At(["0s", "0s"]), event: "E", do: [Wait("5ms"), Publish("E", "t")]) },
        services: { "w": Service(consumes: { "t": Consume(start: Earliest, on: { "E": [Work("100ms")] }) }) },
    "#;
    let model = model(body);
    let (records, _) = watch(&model, 5.0);
    let mut carried = BTreeMap::new();
    let (mut made, mut instants): (Option<Time>, Vec<(EventId, Time)>) = (None, Vec::new());
    for record in &records {
        match record.what {
            What::Arrived { .. } => made = Some(record.at),
            What::Sent { message, event, role, due, .. } => {
                carried.insert(message, event);
                match role {
                    Role::Publish => instants.push((event, record.at)),
                    Role::Delivery => instants.push((event, due)),
                    _ => {}
                }
            }
            What::Appended { message, .. } => instants.push((carried[&message], record.at)),
            What::Started { message, instance } if model.instance_name(instance) == "w" => {
                instants.push((carried[&message], record.at));
            }
            _ => {}
        }
    }
    // The second one waits behind the first.
    let last = instants.last().unwrap().0;
    let of_last = instants.iter().filter(|(event, _)| *event == last).map(|(_, at)| *at);
    let five: Vec<Time> = made.into_iter().chain(of_last).collect();
    assert_eq!(five.len(), 5, "{five:?}");
    assert!(five.windows(2).all(|it| it[0] < it[1]), "{five:?}");
}

/// Mistake 22: words that promise more than a broker can keep.
#[test]
fn nowhere_is_it_promised_that_nothing_is_lost() {
    let what = ["never lose", "never lost", "no data loss", "zero loss", "guarantee"];
    let found = said(&what, &["not guarantee", "no guarantee"]);
    assert!(found.is_empty(), "{}", found.join("\n"));
}
