//! Accounting: every message is in exactly one place, at every instant.

use inflight::model::{Record, Role, Time, What};
use inflight::scenario::{self, library};
use inflight::sim::World;
use proptest::prelude::*;

/// A scenario with everything that can go wrong in it: both kinds of topic, lossy links,
/// crashes, cuts, failures, full queues.
fn stormy(loss: f64, fail: f64, rate: f64, ack_wait: u32, workers: u32) -> String {
    format!(
        r#"Scenario(format: 1, title: "storm", until: "30s",
    events: {{ "E": Event(key: "k", fields: {{ "k": Numbered("k-", 9), "n": Int(1, 5) }}) }},
    requests: {{ "Q": Request(fields: {{ "k": Numbered("k-", 9) }}) }},
    topics: {{
        "log": Log(partitions: 3, retention_events: 40),
        "work": Queue(ack_wait: "{ack_wait}ms", max_deliveries: 3, dead_letters: "dead", dedupe_window: "5s", capacity: 200),
        "dead": Queue(),
    }},
    workloads: {{
        "source": Workload(arrivals: Poisson(per_second: {rate}), event: "E", do: [
            Publish("E", "log"), Publish("E", "work"), Send(to: "front", event: "Q"),
            Call(to: "front", request: "Q", timeout: "300ms", otherwise: []),
        ]),
    }},
    services: {{
        "front": Service(instances: 2, workers: {workers}, queue: Queue(capacity: 5, full: Reject),
            answers: {{ "Q": [Work(Exponential("30ms")), Fail({fail})] }}),
        "reader": Service(instances: 2, workers: {workers},
            stores: {{ "sum": Sum(key: Text, durable: false) }},
            consumes: {{ "log": Consume(session_timeout: "2s", commit: Every("700ms"), on_failure: Retry("50ms"), on: {{
                "E": [Work(Exponential("20ms")), Fail({fail}), Update(store: "sum", key: Field("k"), add: Field("n"))] }}) }}),
        "worker": Service(instances: 3, workers: {workers}, queue: Queue(capacity: 2, full: Block),
            consumes: {{ "work": Consume(prefetch: 4, on_failure: Retry("100ms"), on: {{
                "E": [Work(Exponential("60ms")), Fail({fail})] }}) }}),
    }},
    links: Links(default: Link(latency: Exponential("15ms"), loss: {loss}, duplication: 0.02, transport: Datagram)),
    faults: [
        Crash(service: "reader", instance: 1, at: "5s", for: "3s"),
        Crash(service: "worker", at: "9s", for: "2s"),
        Crash(service: "front", at: "12s", for: "1s"),
        Cut(between: ("source", "log"), at: "14s", for: "2s", hold: true),
        Cut(between: ("work", "worker"), at: "17s", for: "1s", hold: false),
        Outage(topic: "work", at: "20s", for: "2s"),
        Delay(between: ("work", "worker"), at: "23s", for: "2s", extra: "200ms", reorder: true),
        Slow(service: "worker", at: "25s", for: "2s", factor: 5),
    ])"#
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_message_is_in_one_place_whatever_goes_wrong(
        seed in any::<u64>(),
        loss in 0.0..0.3f64,
        fail in 0.0..0.4f64,
        rate in 1.0..60.0f64,
        ack_wait in 40..900_u32,
        workers in 1..5_u32,
        instants in prop::collection::vec(0.0..30.0f64, 1..8),
    ) {
        let text = stormy(loss, fail, rate, ack_wait, workers);
        let scenario = match scenario::read(&text, "storm.ron") {
            Ok(scenario) => scenario,
            Err(problems) => return Err(TestCaseError::fail(problems.render(false))),
        };
        let model = scenario.variants[0].model.clone();
        let mut world = World::new(model.clone(), seed);
        let mut instants = instants;
        instants.sort_by(f64::total_cmp);
        let mut seen = [0_u64; Role::ALL.len()];
        let mut last = Time::ZERO;
        let mut observer = |record: &Record| {
            assert!(record.at >= last, "time went back");
            last = record.at;
            match record.what {
                What::Sent { role, .. } => seen[role as usize] += 1,
                What::Arrived { .. } => seen[Role::Arrival as usize] += 1,
                What::Retried { .. } => seen[Role::Delivery as usize] += 1,
                _ => {}
            }
        };
        for instant in instants {
            world.run_until(Time::from_secs_f64(instant), &mut observer);
            let audit = world.audit();
            prop_assert!(audit.is_balanced(), "at {instant}: {audit:?}");
            let report = world.report();
            prop_assert_eq!(report.messages.in_flight, audit.alive());
            for service in &report.services {
                prop_assert!(service.utilisation.is_none_or(|it| (0.0..=1.0 + 1e-12).contains(&it)));
            }
        }
        let digest = world.digest();
        let mut again = World::new(model, seed);
        again.run_until(world.now(), &mut ());
        prop_assert_eq!(again.digest(), digest);
    }
}

#[test]
fn a_scenario_that_stops_ends_empty() {
    let entry = library::find("payment").unwrap();
    let text = entry.text.replace(
        "event: \"PaymentRequested\",\n            do: []",
        "event: \"PaymentRequested\",\n            at_most: 50,\n            do: []",
    );
    assert_ne!(text, entry.text);
    for variant in scenario::read(&text, entry.path).unwrap().variants {
        let mut world = World::new(variant.model.clone(), 5);
        world.run_until(Time::from_secs_f64(600.0), &mut ());
        let audit = world.audit();
        assert!(audit.is_balanced(), "{}: {audit:?}", variant.name);
        assert_eq!(audit.alive(), 0, "{}: {audit:?}", variant.name);
        let report = world.report();
        for service in &report.services {
            assert_eq!(service.in_system, 0, "{}: {}", variant.name, service.name);
            assert_eq!(
                service.system_area, service.system_time,
                "{}: {}",
                variant.name, service.name
            );
        }
    }
}

/// However many wait behind one that takes long, they are worked off one after the other and not
/// one inside the other: a stack would not hold so many.
#[test]
fn a_long_backlog_that_takes_no_time_is_worked_off() {
    for strategy in ["Inbox", "[Inbox, Reorder(by: \"n\")]"] {
        worked_off(strategy);
    }
}

fn worked_off(strategy: &str) {
    let text = r#"Scenario(
        format: 1,
        title: "backlog",
        events: { "E": Event(fields: { "n": Sequence("e-") }), "F": Event() },
        topics: { "t": Log() },
        services: { "s": Service(consumes: { "t": Consume(prefetch: 400000, strategy: Inbox, on: {
            "E": [If(condition: Compare(Field("n"), Equal, "e-1"), then: [Work("10s")])],
        }) }) },
        workloads: { "w": Workload(
            arrivals: Bursts(size: 100000, every: "1h", within: "1s"),
            event: "E",
            do: [Publish("E", "t"), Publish("F", "t")],
        ) },
        faults: [Replay(service: "s", topic: "t", at: "20s", to: Earliest)],
    )"#;
    let text = text.replace("Inbox", strategy);
    let scenario = scenario::read(&text, "backlog.ron").unwrap();
    let mut world = World::new(scenario.variants[0].model.clone(), 1);
    world.run_until(Time::from_secs_f64(30.0), &mut ());
    let report = world.report();
    let reader = report.services.iter().find(|it| it.name == "s").unwrap();
    assert_eq!((reader.completed, reader.skipped), (100_000, [100_000, 0]));
    assert_eq!(report.topics[0].groups[0].lag, 0);
}
