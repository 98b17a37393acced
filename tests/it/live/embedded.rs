//! Live with the embedded broker: nothing needs to be installed.

use std::collections::BTreeMap;
use std::sync::Arc;

use inflight::live::{self, Phase, Where};
use inflight::model::{Act, FaultKind, InstanceId, Model, Record, Span, Time, What};
use inflight::sim::World;

use super::{end, model, service, start, topic, wait};

const SHOP: &str = r#"Scenario(format: 1, title: "live",
    events: { "Sold": Event(key: "item", fields: { "item": Numbered("i-", 7), "n": Sequence("s-") }) },
    requests: { "Ask": Request(), "Yes": Request() },
    topics: { "sales": Log(partitions: 3), "tasks": Queue(ack_wait: "5s") },
    links: Links(default: Link(latency: Exponential("1ms"))),
    workloads: { "shop": Workload(arrivals: Poisson(per_second: 300), event: "Sold", do: [
        Call(to: "stock", request: "Ask", timeout: "2s"),
        Publish("Sold", "sales"), Publish("Sold", "tasks"),
    ]) },
    services: {
        "stock": Service(workers: 4, answers: { "Ask": [Work(Exponential("1ms")), Reply("Yes")] }),
        "books": Service(instances: 2, consumes: { "sales": Consume(on: { "Sold": [Work("100us")] }) }),
        "clerk": Service(instances: 2, workers: 2, consumes: { "tasks": Consume(on: { "Sold": [Work("1ms")] }) }),
    },
)"#;

#[test]
fn a_live_run_is_a_run_and_its_trace_makes_it_again() {
    let model = model(SHOP);
    let handle = start(&model, &Where::Embedded);
    wait(&handle, "a thousand sales", |it| it.inputs > 20_000);
    handle.stop();
    let (world, trace) = end(handle);
    let report = world.report();
    assert_eq!(world.audit().alive(), 0, "what was under way has come to its end");
    let sold = topic(&report, "tasks").published;
    assert!(sold > 100);
    assert_eq!(topic(&report, "sales").published, sold);
    assert_eq!(service(&report, "clerk").completed, sold);
    assert_eq!(service(&report, "books").completed, sold);

    // In a log what has one key keeps its order, although all is done side by side: each instance
    // begins the events of a partition as they were appended.
    let (mut carried, mut offsets) = (BTreeMap::new(), BTreeMap::new());
    let mut last: BTreeMap<(InstanceId, u32), u64> = BTreeMap::new();
    let mut again = World::live(model.clone(), model.seed, trace.source());
    again.retrace(&trace, &[], &mut |record: &Record| match record.what {
        What::Sent { message, event, .. } => drop(carried.insert(message, event)),
        What::Appended { message, partition, offset, .. } => {
            offsets.insert(carried[&message], (partition, offset));
        }
        What::Started { message, instance } if books(&model, instance) => {
            let (partition, offset) = offsets[&carried[&message]];
            let before = last.insert((instance, partition), offset);
            assert!(before.is_none_or(|it| it < offset), "{before:?}, then {offset}");
        }
        _ => {}
    });
    assert_eq!(last.len(), 3, "each partition has a reader");
}

fn books(model: &Model, instance: InstanceId) -> bool {
    let (service, _) = model.instances[instance.index()];
    model.services[service.index()].name == "books"
}

#[test]
fn what_a_person_does_to_it_is_done_and_kept() {
    let model = model(SHOP);
    let handle = start(&model, &Where::Embedded);
    wait(&handle, "some sales", |it| it.inputs > 2_000);
    let named = |name: &str| {
        let place = model.services.iter().position(|it| it.name == name).unwrap();
        inflight::model::ServiceId::from_index(place)
    };
    let kind = FaultKind::Crash { service: named("clerk"), instance: None };
    handle.act(Act::Break { kind, lasts: Some(Span::from_millis(200)) });
    wait(&handle, "the crash", |it| it.records > 0 && !handle.script().is_empty());
    let script = handle.script();
    let mended = script[0].at + Span::from_millis(200);
    wait(&handle, "its end", |it| it.now > mended);
    handle.stop();
    let (world, _) = end(handle);
    let report = world.report();
    let tasks = topic(&report, "tasks");
    assert_eq!((tasks.published, tasks.waiting, tasks.leased), (tasks.acked, 0, 0));
    assert_eq!(world.audit().alive(), 0);
}

#[test]
fn a_backlog_of_a_hundred_thousand_is_worked_off() {
    let model = model(
        r#"Scenario(format: 1, title: "backlog",
            events: { "Task": Event() }, topics: { "work": Queue() },
            links: Links(default: Link(latency: "0ms")),
            workloads: { "boss": Workload(arrivals: Bursts(size: 100000, every: "1h", within: "0ms"),
                event: "Task", do: [Publish("Task", "work")]) },
            services: { "worker": Service(workers: 8, consumes: {
                "work": Consume(prefetch: 64, on: { "Task": [] }) }) },
        )"#,
    );
    let handle = start(&model, &Where::Embedded);
    wait(&handle, "the backlog", |it| it.inputs > 100_000);
    handle.stop();
    let (world, _) = end(handle);
    let report = world.report();
    assert_eq!(topic(&report, "work").published, 100_000);
    assert_eq!(topic(&report, "work").acked, 100_000);
    assert_eq!(service(&report, "worker").completed, 100_000);
}

#[test]
fn it_is_gone_on_with_by_virtual_time() {
    let model = model(SHOP);
    let handle = start(&model, &Where::Embedded);
    wait(&handle, "some sales", |it| it.inputs > 1_000);
    handle.stop();
    handle.stop();
    let (mut world, _) = end(handle);
    let (now, records) = (world.now(), world.record_count());
    world.go_on_by_itself(world.now());
    world.run_until(Time(now.0 + 10_000_000_000), &mut ());
    assert!(world.record_count() > records + 1_000);
    assert!(world.audit().is_balanced());
}

#[test]
fn who_lets_go_of_it_ends_it() {
    let model = model(SHOP);
    let handle = start(&model, &Where::Embedded);
    wait(&handle, "its begin", |it| it.phase == Phase::Runs);
    drop(handle);
}

#[test]
fn a_run_that_nobody_wants_recorded_keeps_nothing_of_it() {
    let model = model(
        r#"Scenario(format: 1, title: "unrecorded", events: { "Job": Event() }, topics: { "jobs": Queue() },
        workloads: { "boss": Workload(arrivals: Every("5ms"), event: "Job", do: [Publish("Job", "jobs")]) },
        services: { "worker": Service(consumes: { "jobs": Consume(on: { "Job": [Work("1ms")] }) }) })"#,
    );
    let options = live::Options {
        lasts: Some(Span(250_000_000)),
        is_recorded: false,
        ..live::Options::new(model.seed)
    };
    let handle = live::start(Arc::clone(&model), &options).unwrap();
    let status = wait(&handle, "the end", |it| it.phase == Phase::Over);
    assert!(handle.trace().is_empty() && status.inputs > 0 && status.lost == 0, "{status:?}");
    let world = handle.join().unwrap();
    let audit = world.audit();
    assert!(audit.is_balanced(), "{audit:?}");
    let report = world.report();
    let jobs = topic(&report, "jobs");
    assert!(jobs.published > 0);
    assert_eq!(jobs.acked, jobs.published);
}
