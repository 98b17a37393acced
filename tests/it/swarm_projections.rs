//! Once what breaks is mended, the projection of an idempotent consumer holds what it should,
//! whatever came twice, late, in another order or again after a crash; that of a naive one often
//! does not. Held against many scenarios that were made by lots for this.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::Arc;

use inflight::model::{Model, Time};
use inflight::sim::World;

use crate::generate::Lots;
use crate::swarm::each_made;

/// A topic, who publishes to it and loses nothing, and who folds its events into a store while
/// everything breaks, to 12 s.
fn scenario(seed: u64, strategy: &str) -> String {
    let mut lots = Lots::new(seed ^ 0x666f_6c64);
    let is_log = lots.chance(50);
    let topic = if is_log {
        format!("Log(partitions: {})", lots.within(1, 4))
    } else {
        let order = lots.pick(&["", ", order: ByKey", ", keeps_leases: true", ", max_unacked: 3"]);
        format!("Queue(ack_wait: \"{}ms\"{order})", lots.within(60, 900))
    };
    let reading = if is_log {
        format!(
            "start: Earliest, session_timeout: \"{}ms\", commit: {}, assignment: {}, protocol: {},",
            lots.within(300, 2000),
            lots.pick(&["Each", "Every(\"700ms\")"]),
            lots.pick(&["Range", "RoundRobin", "Sticky"]),
            lots.pick(&["Eager", "Cooperative"]),
        )
    } else {
        String::new()
    };
    let (instances, prefetch) = (lots.within(1, 3), lots.within(1, 12));
    let workers = lots.pick(&["1", "2", "5", "Unlimited"]);
    let (loss, doubled, fail) = (lots.within(0, 9), lots.within(0, 9), lots.within(0, 3));
    let rate = lots.within(5, 25);
    let mut text = format!(
        r#"Scenario(format: 1, title: "folded",
events: {{ "E": Event(key: "k", fields: {{ "k": Numbered("k-", 4), "n": Int(1, 9) }}) }},
topics: {{ "t": {topic} }},
workloads: {{ "s": Workload(arrivals: Poisson(per_second: {rate}), event: "E", until: "8s", do: [Publish("E", "t")]) }},
services: {{ "c": Service(instances: {instances}, workers: {workers},
  stores: {{ "sum": Sum(key: Text, projection_of: "t") }},
  consumes: {{ "t": Consume(prefetch: {prefetch}, {reading} on_failure: Retry("40ms"), strategy: {strategy}, on: {{ "E": [
    Work(Exponential("20ms")), Update(store: "sum", key: Field("k"), add: Field("n")), Work("5ms"), Fail(0.{fail}) ] }}) }}) }},
links: Links(default: Link(latency: Exponential("10ms"), duplication: 0.0{doubled}), between: [
  Between("t", "c", Link(loss: 0.0{loss}, duplication: 0.0{doubled}, transport: Datagram)) ]),
faults: [
"#
    );
    for _ in 0..lots.within(0, 6) {
        let (at, lasts) = (lots.within(0, 9000), lots.within(1, 2500));
        let when = format!("at: \"{at}ms\", for: \"{lasts}ms\"");
        let fault = match lots.within(0, 8) {
            0 => format!("Crash(service: \"c\", {when})"),
            1 => format!("Crash(service: \"c\", instance: 1, {when})"),
            2 => format!("Slow(service: \"c\", {when}, factor: 5)"),
            3 => format!("Cut(between: (\"t\", \"c\"), {when}, hold: {})", lots.chance(50)),
            4 => format!(
                "Delay(from: \"t\", to: \"c\", {when}, extra: Exponential(\"300ms\"), reorder: true)"
            ),
            5 => format!("Duplicate(from: \"s\", to: \"t\", {when}, probability: 0.5)"),
            6 => format!("Loss(from: \"c\", to: \"t\", {when}, probability: 0.7)"),
            7 => format!("Outage(topic: \"t\", {when})"),
            _ if is_log => {
                format!("Replay(service: \"c\", topic: \"t\", at: \"{at}ms\", to: Earliest)")
            }
            _ => continue,
        };
        let _ = writeln!(text, "  {fault},");
    }
    text + "])\n"
}

/// Under how many keys the projection is wrong an hour later.
fn wrong_keys(model: Arc<Model>, seed: u64) -> u64 {
    let mut world = World::new(model, seed);
    world.run_until(Time::from_secs_f64(3600.0), &mut ());
    let report = world.report();
    let projection = report.stores[0].projection.as_ref().unwrap();
    assert_eq!(projection.not_yet, 0, "an hour later");
    projection.wrong_keys
}

#[test]
fn an_idempotent_consumers_projection_converges_once_faults_stop() {
    each_made(1000, &|seed| scenario(seed, "Inbox"), |seed, model| {
        assert_eq!(wrong_keys(model, seed), 0);
    });
}

#[test]
fn a_naive_consumers_projection_often_stays_wrong() {
    let (all, wrong) = (Cell::new(0), Cell::new(0));
    each_made(100, &|seed| scenario(seed, "Naive"), |seed, model| {
        all.set(all.get() + 1);
        wrong.set(wrong.get() + u32::from(wrong_keys(model, seed) > 0));
    });
    assert!(all.get() == 1 || wrong.get() * 2 > all.get(), "{} of {}", wrong.get(), all.get());
}
