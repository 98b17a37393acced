//! The contract: the same small scenarios keep the same promises, simulated, with the embedded
//! broker, and with NATS.

use std::sync::Arc;

use inflight::live::Where;
use inflight::model::{Fault, Model, Time};
use inflight::sim::{Report, World};

use super::{end, model, service, start, topic, wait};
use crate::real_broker::nats::Server;

/// Runs a scenario until it is at rest, simulated and live with the embedded broker, and with
/// NATS if there is one.
pub(super) fn on_every_engine(model: &Arc<Model>, what: &str, check: impl Fn(&str, &Report)) {
    let mut world = World::new(model.clone(), model.seed);
    world.run_until(Time::from_secs_f64(600.0), &mut ());
    check("simulated", &world.report());
    check("embedded", &live(model, &Where::Embedded));
    if let Some(server) = Server::start_for(what) {
        check("NATS", &live(model, &Where::Nats(server.url())));
    }
}

/// Runs it live until nothing is under way any more.
fn live(model: &Arc<Model>, broker: &Where) -> Report {
    let handle = start(model, broker);
    let sources_end = model.services.iter().filter_map(|it| it.workload.as_ref());
    let fault_end = |it: &Fault| it.at + it.lasts.unwrap_or_default();
    let last = sources_end.map(|it| it.until).chain(model.faults.iter().map(fault_end)).max();
    wait(&handle, "the last arrival, and the end of the last fault", |it| it.now > last.unwrap());
    handle.stop();
    end(handle).0.report()
}

fn scenario(topic: &str, links: &str, consume: &str, instances: u32) -> Arc<Model> {
    broken("", topic, links, consume, instances)
}

/// The same with something that breaks.
fn broken(faults: &str, topic: &str, links: &str, consume: &str, instances: u32) -> Arc<Model> {
    model(&format!(
        r#"Scenario(format: 1, title: "contract",
            events: {{ "Task": Event(key: "k", fields: {{ "k": Numbered("k-", 4), "n": Sequence("t-") }}) }},
            topics: {{ "work": {topic}, "dead": Queue() }},
            links: Links(default: Link(latency: "1ms"){links}),
            workloads: {{ "boss": Workload(
                arrivals: Bursts(size: 20, every: "100ms", within: "50ms"), until: "400ms",
                event: "Task", do: [Publish("Task", "work")]) }},
            services: {{ "worker": Service(instances: {instances}, workers: 2,
                consumes: {{ "work": Consume({consume}) }}),
                "undertaker": Service(consumes: {{ "dead": Consume(on: {{ "Task": [] }}) }}) }},
            faults: [{faults}],
        )"#
    ))
}

#[test]
fn every_event_is_handled_and_acked_once_if_nothing_goes_wrong() {
    let model = scenario(
        "Queue(ack_wait: \"30s\")",
        "",
        r#"on: { "Task": [Work(Exponential("2ms"))] }"#,
        2,
    );
    on_every_engine(&model, "the contract of a queue", |engine, report| {
        let work = topic(report, "work");
        assert_eq!((work.published, work.acked), (80, 80), "{engine}");
        assert_eq!(service(report, "worker").completed, 80, "{engine}");
        assert_eq!((work.redelivered, work.dead_lettered, work.waiting), (0, 0, 0), "{engine}");
    });
}

#[test]
fn what_is_handed_back_is_delivered_again() {
    let model = scenario(
        "Queue(ack_wait: \"30s\")",
        "",
        r#"on_failure: Retry("20ms"), on: { "Task": [Work("1ms"), Fail(0.3)] }"#,
        1,
    );
    on_every_engine(&model, "redelivery after a nack", |engine, report| {
        let (work, worker) = (topic(report, "work"), service(report, "worker"));
        assert_eq!((work.published, work.acked), (80, 80), "{engine}");
        assert_eq!(worker.completed, 80, "{engine}");
        assert!(worker.failed > 0 && work.redelivered == worker.failed, "{engine}: {work:?}");
    });
}

#[test]
fn who_is_slower_than_the_ack_wait_does_it_twice() {
    let model = scenario(
        "Queue(ack_wait: \"300ms\")",
        "",
        r#"prefetch: 1, on: { "Task": [If(condition: Chance(0.2), then: [Work("900ms")])] }"#,
        3,
    );
    on_every_engine(&model, "redelivery after the ack wait", |engine, report| {
        let (work, worker) = (topic(report, "work"), service(report, "worker"));
        assert_eq!((work.published, work.acked), (80, 80), "{engine}");
        assert!(work.redelivered > 0, "{engine}: {work:?}");
        assert!(worker.completed > 80, "{engine}: an event was handled twice");
    });
}

#[test]
fn what_fails_too_often_is_a_dead_letter() {
    let model = scenario(
        r#"Queue(ack_wait: "300ms", max_deliveries: 3, dead_letters: "dead")"#,
        "",
        r#"on_failure: Retry("10ms"), on: { "Task": [Fail(1.0)] }"#,
        1,
    );
    on_every_engine(&model, "dead letters", |engine, report| {
        let (work, dead) = (topic(report, "work"), topic(report, "dead"));
        assert_eq!((work.published, work.acked, work.dead_lettered), (80, 0, 80), "{engine}");
        assert_eq!((dead.published, dead.acked), (80, 80), "{engine}");
        assert_eq!(service(report, "worker").failed, 240, "{engine}");
    });
}

#[test]
fn a_second_publish_of_an_event_within_the_window_is_dropped() {
    let model = scenario(
        r#"Queue(dedupe_window: "2min")"#,
        r#", between: [OneWay("boss", "work", Link(latency: "1ms", duplication: 1.0))]"#,
        r#"on: { "Task": [] }"#,
        1,
    );
    on_every_engine(&model, "de-duplication", |engine, report| {
        let work = topic(report, "work");
        assert_eq!((work.published, work.deduplicated), (80, 80), "{engine}");
        assert_eq!((work.acked, service(report, "worker").completed), (80, 80), "{engine}");
    });
}

#[test]
fn nothing_is_lost_when_the_consumer_crashes_and_is_cut_off() {
    let model = broken(
        r#"Cut(between: ("worker", "work"), at: "30ms", for: "150ms", hold: false),
           Crash(service: "worker", at: "310ms", for: "200ms")"#,
        "Queue(ack_wait: \"400ms\", keeps_leases: true)",
        "",
        r#"on: { "Task": [Work(Exponential("4ms"))] }"#,
        2,
    );
    on_every_engine(&model, "a consumer that crashes and is cut off", |engine, report| {
        let work = topic(report, "work");
        assert_eq!((work.published, work.acked), (80, 80), "{engine}");
        assert!(work.redelivered > 0, "{engine}: {work:?}");
        assert!(service(report, "worker").completed >= 80, "{engine}: each at least once");
    });
}

#[test]
fn what_is_buried_by_hand_is_a_dead_letter_and_no_other_is() {
    let model = broken(
        r#"Message(from: "work", to: "worker", event: "Task", nth: 7, do: Bury)"#,
        r#"Queue(ack_wait: "30s", dead_letters: "dead")"#,
        "",
        r#"on: { "Task": [Work("1ms")] }"#,
        1,
    );
    on_every_engine(&model, "a message that is buried by hand", |engine, report| {
        let (work, dead) = (topic(report, "work"), topic(report, "dead"));
        assert_eq!((work.published, work.dead_lettered), (80, 1), "{engine}: {work:?}");
        assert_eq!((work.acked, dead.acked), (79, 1), "{engine}");
    });
}

#[test]
fn a_topic_that_is_out_for_a_while_loses_nothing() {
    let model = broken(
        r#"Outage(topic: "work", at: "60ms", for: "150ms")"#,
        "Queue(ack_wait: \"30s\")",
        "",
        r#"on: { "Task": [Work("1ms")] }"#,
        2,
    );
    on_every_engine(&model, "a topic that is out for a while", |engine, report| {
        let work = topic(report, "work");
        assert_eq!((work.published, work.acked), (80, 80), "{engine}: {work:?}");
        assert_eq!(service(report, "worker").completed, work.delivered, "{engine}");
    });
}
