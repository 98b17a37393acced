//! What each guarantee and each strategy costs the simulator, per event:
//! `cargo bench --bench guarantees`.
//!
//! The same load by the same service into the same topic, and what is named added; the first of
//! each block is the plainest. Medians of interleaved runs on one thread, without an observer.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use inflight::model::{Model, Time};
use inflight::scenario;
use inflight::sim::World;

const RUNS: usize = 7;

/// How long each run is, in simulated seconds; 1 000 events a second.
const SECONDS: f64 = 100.0;

/// A producer, a topic, and a consumer who folds its events into a store.
struct Case<'a> {
    name: &'a str,
    topic: &'a str,
    /// What the producing service has beside its handler.
    producer: &'a str,
    publish: &'a str,
    store: &'a str,
    consume: &'a str,
}

fn model(case: &Case) -> Arc<Model> {
    let Case { topic, producer, publish, store, consume, .. } = case;
    let text = format!(
        r#"Scenario(format: 1, title: "guarantees",
        events: {{ "E": Event(key: "k", fields: {{ "k": Numbered("k-", 50), "v": Sequence("v-"), "n": Int(1, 9) }}) }},
        topics: {{ "t": {topic} }},
        workloads: {{ "w": Workload(arrivals: Poisson(per_second: 1000), event: "E", do: [Send(to: "p", event: "E")]) }},
        services: {{
            "p": Service(workers: Unlimited, {producer} answers: {{ "E": [{publish}] }}),
            "c": Service(workers: 8, stores: {{ "sum": Sum(key: Text{store}) }},
                consumes: {{ "t": Consume(prefetch: 50, {consume} on: {{ "E": [
                    Work("2ms"), Update(store: "sum", key: Field("k"), add: Field("n"))] }}) }}),
        }})"#
    );
    match scenario::read(&text, "guarantees.ron") {
        Ok(scenario) => scenario.variants[0].model.clone(),
        Err(problems) => panic!("{problems}"),
    }
}

/// Nanoseconds of wall time for each event that was published.
fn run(model: &Arc<Model>) -> f64 {
    let mut world = World::new(model.clone(), 1);
    world.step(&mut ());
    let begin = Instant::now();
    world.run_until(Time::from_secs_f64(SECONDS), &mut ());
    let wall = begin.elapsed().as_secs_f64();
    let published = world.report().topics[0].published;
    black_box(world);
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let events = published as f64;
    wall * 1e9 / events
}

const QUEUE: Case = Case {
    name: "queue, fire and forget, automatic ack",
    topic: "Queue()",
    producer: "",
    publish: "Publish(\"E\", \"t\")",
    store: "",
    consume: "ack: Automatic,",
};

const LOG: Case = Case {
    name: "log, fire and forget, commit now and then",
    topic: "Log(partitions: 16)",
    consume: "start: Earliest, commit: Every(\"1s\"),",
    ..QUEUE
};

/// The plainest of each block, and what is added to it.
fn blocks() -> Vec<Vec<Case<'static>>> {
    let acked = Case { consume: "", ..QUEUE };
    let outbox = r#"outboxes: { "out": Outbox(topic: "t", every: "100ms") },"#;
    let through = "Publish(event: \"E\", to: \"t\", via: \"out\")";
    vec![
        vec![
            QUEUE,
            Case { name: "acked after work", ..acked },
            Case { name: "… under an ack wait", topic: "Queue(ack_wait: \"30s\")", ..acked },
            Case {
                name: "… with a dedupe window",
                topic: "Queue(dedupe_window: \"10s\")",
                ..acked
            },
            Case { name: "… in order by key", topic: "Queue(order: ByKey)", ..acked },
            Case {
                name: "… with publisher confirms",
                producer: r#"publishes: { "t": Producer() },"#,
                ..acked
            },
            Case { name: "… by an outbox", producer: outbox, publish: through, ..acked },
            Case { name: "… idempotent consumer", consume: "strategy: Idempotent,", ..acked },
            Case {
                name: "… idempotent, durable",
                consume: "strategy: Idempotent(durable: true),",
                ..acked
            },
            Case { name: "… inbox", consume: "strategy: Inbox,", ..acked },
            Case {
                name: "… version-checked",
                consume: "strategy: VersionChecked(version: \"v\"),",
                ..acked
            },
            Case {
                name: "… retry, then dead letter",
                consume: "strategy: RetryThenDeadLetter(attempts: 3, backoff: Fixed(\"50ms\")),",
                ..acked
            },
            Case { name: "… batches of 20", consume: "strategy: Batch(size: 20),", ..acked },
            Case { name: "… a projection", store: ", projection_of: \"t\"", ..acked },
        ],
        vec![
            LOG,
            Case { name: "commit after each", consume: "start: Earliest,", ..LOG },
            Case { name: "with confirms", producer: r#"publishes: { "t": Producer() },"#, ..LOG },
            Case {
                name: "idempotent producer",
                producer: r#"publishes: { "t": Producer(idempotent: true, retries: 9) },"#,
                ..LOG
            },
            Case {
                name: "compacted",
                topic: "Log(partitions: 16, compaction: Compact(every: \"5s\"))",
                ..LOG
            },
            Case {
                name: "inbox",
                consume: "start: Earliest, commit: Every(\"1s\"), strategy: Inbox,",
                ..LOG
            },
            Case { name: "a projection", store: ", projection_of: \"t\"", ..LOG },
        ],
    ]
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    for block in blocks() {
        let models: Vec<Arc<Model>> = block.iter().map(model).collect();
        let mut times = vec![Vec::new(); models.len()];
        for _ in 0..RUNS {
            for (times, model) in times.iter_mut().zip(&models) {
                times.push(run(model));
            }
        }
        println!("{:<44} {:>9} {:>6}", "", "ns/event", "ratio");
        let plainest = median(&mut times[0]);
        for (case, times) in block.iter().zip(&mut times) {
            let it = median(times);
            println!("{:<44} {it:>9.0} {:>6.2}", case.name, it / plainest);
        }
        println!();
    }
}
