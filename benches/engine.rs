//! How fast the engine runs, from scenario texts: `cargo bench --bench engine`
//! (words after `--` choose cases by name).
//!
//! Prints a table: medians of interleaved runs on one thread, with and without an observer that
//! keeps every record, beside a bare loop over a binary heap that does nothing else (the floor);
//! and how often the second half of a run asked the system for memory.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::alloc::System;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use inflight::engine::dice::{Dice, Purpose};
use inflight::model::{
    Distribution, HandlerId, InstanceId, Model, Node, Record, ServiceId, Step, Time,
};
use inflight::scenario::{self, library};
use inflight::sim::World;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

/// The system's allocator, which counts. Where nothing is asked of it, it costs nothing.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RUNS: usize = 5;

struct Case {
    name: &'static str,
    model: Arc<Model>,
    seconds: f64,
    /// How many things happened for each arrival, by the field's count: two for a customer of an
    /// M/M/1, one for a hop of a hold model. `None`: only records are counted.
    events: Option<u64>,
}

fn model(text: &str, variant: usize) -> Arc<Model> {
    match scenario::read(text, "benchmark.ron") {
        Ok(scenario) => scenario.variants[variant].model.clone(),
        Err(problems) => panic!("{problems}"),
    }
}

fn tandem() -> String {
    let stage = |it: usize| {
        let on = format!(", Send(to: \"s{}\", event: \"Job\")", it + 1);
        let on = if it < 5 { on } else { String::new() };
        format!("\"s{it}\": Service(answers: {{ \"Job\": [Work(Exponential(\"100ms\")){on}] }}),")
    };
    let stages: String = (1..=5).map(stage).collect();
    format!(
        "Scenario(format: 1, title: \"tandem\", events: {{ \"Job\": Event() }},
         links: Links(default: Link(latency: \"0ms\")),
         workloads: {{ \"w\": Workload(arrivals: Poisson(per_second: 9), event: \"Job\",
            do: [Send(to: \"s1\", event: \"Job\")]) }},
         services: {{ {stages} }})"
    )
}

fn hold(pending: u32) -> String {
    format!(
        "Scenario(format: 1, title: \"hold\", events: {{ \"Hop\": Event() }},
         workloads: {{ \"users\": Workload(event: \"Hop\", do: [],
            arrivals: Closed(users: {pending}, think: Exponential(\"1s\"))) }})"
    )
}

/// So many services, every other one a workload of its neighbour's; 1 000 customers a second
/// over all. A text of so many would be longer than the reader takes: one pair is read, and
/// repeated.
fn many(services: usize) -> Arc<Model> {
    let pairs = services / 2;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = 1_000.0 / pairs as f64;
    let pair = model(
        &format!(
            "Scenario(format: 1, title: \"many\", events: {{ \"Job\": Event() }},
             workloads: {{ \"w\": Workload(arrivals: Poisson(per_second: {rate}), event: \"Job\",
                do: [Send(to: \"s\", event: \"Job\")]) }},
             services: {{ \"s\": Service(answers: {{ \"Job\": [Work(\"500us\")] }}) }})"
        ),
        0,
    );
    let mut all = Model::clone(&pair);
    for more in (1..pairs).map(|it| it * 2) {
        let service = |it: ServiceId| ServiceId::from_index(it.index() + more);
        let handler = |it: HandlerId| HandlerId::from_index(it.index() + more);
        let node = |it: Node| match it {
            Node::Service(it) => Node::Service(service(it)),
            Node::Topic(_) => it,
        };
        for mut it in pair.services.iter().cloned() {
            it.first_instance = InstanceId::from_index(it.first_instance.index() + more);
            it.handlers.iter_mut().for_each(|it| *it = handler(*it));
            if let Some(workload) = &mut it.workload {
                workload.handler = handler(workload.handler);
            }
            all.services.push(it);
        }
        for mut it in pair.handlers.iter().cloned() {
            it.service = service(it.service);
            if let Some(Step::Send { to, .. }) = it.steps.first_mut() {
                *to = service(*to);
            }
            all.handlers.push(it);
        }
        all.instances.extend(pair.instances.iter().map(|&(it, number)| (service(it), number)));
        for mut it in pair.links.iter().cloned() {
            (it.from, it.to) = (node(it.from), node(it.to));
            all.links.push(it);
        }
    }
    Arc::new(all)
}

/// As many messages under way as there are sent in a second and a half.
fn in_flight(messages: u32) -> String {
    let rate = f64::from(messages) / 1.5;
    format!(
        "Scenario(format: 1, title: \"in flight\", events: {{ \"Job\": Event() }},
         links: Links(default: Link(latency: \"1500ms\")),
         workloads: {{ \"w\": Workload(arrivals: Poisson(per_second: {rate}), event: \"Job\",
            do: [Send(to: \"s\", event: \"Job\")]) }},
         services: {{ \"s\": Service(answers: {{ \"Job\": [] }}) }})"
    )
}

fn run(case: &Case, observed: bool) -> (f64, World) {
    let mut world = World::new(case.model.clone(), 1);
    // The agenda is full before the clock starts.
    world.step(&mut ());
    let mut kept: Vec<Record> = Vec::with_capacity(65_536);
    let end = Time::from_secs_f64(case.seconds);
    let begin = Instant::now();
    if observed {
        world.run_until(end, &mut |record: &Record| {
            if kept.len() == kept.capacity() {
                black_box(&kept);
                kept.clear();
            }
            kept.push(*record);
        });
    } else {
        world.run_until(end, &mut ());
    }
    let wall = begin.elapsed().as_secs_f64();
    black_box(&kept);
    (wall, world)
}

/// How often memory was asked for in the second half of a run, a million records.
fn steady(case: &Case) -> f64 {
    let mut world = World::new(case.model.clone(), 1);
    world.run_until(Time::from_secs_f64(case.seconds / 2.0), &mut ());
    let before = world.record_count();
    let region = Region::new(ALLOCATOR);
    world.run_until(Time::from_secs_f64(case.seconds), &mut ());
    let change = region.change();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (asked, records) = (
        (change.allocations + change.reallocations) as f64,
        (world.record_count() - before) as f64,
    );
    asked * 1e6 / records
}

/// A row of M/M/1 queues as bare as can be: a heap, queues, draws. Gives seconds a customer.
fn bare(stages: usize, customers: u32) -> f64 {
    let dice = Dice::new(1);
    let draw = |purpose, part, mean| {
        dice.stream(purpose, part, 0).span(&Distribution::Exponential { mean }).0
    };
    let begin = Instant::now();
    let mut heap: BinaryHeap<Reverse<(u64, u64, usize)>> = BinaryHeap::new();
    let mut queues: Vec<VecDeque<u64>> = vec![VecDeque::new(); stages];
    let mut busy = vec![false; stages];
    let (mut sequence, mut arrived, mut total) = (0, 0, 0_u64);
    heap.push(Reverse((0, 0, 0)));
    while let Some(Reverse((now, _, what))) = heap.pop() {
        let mut enter = None;
        if what == 0 {
            arrived += 1;
            enter = Some(0);
            if arrived < customers {
                sequence += 1;
                let gap = draw(Purpose::Arrival, sequence, 1e9 / 9.0);
                heap.push(Reverse((now + gap, sequence, 0)));
            }
        } else {
            let stage = what - 1;
            busy[stage] = false;
            if let Some(since) = queues[stage].pop_front() {
                total += now - since;
                busy[stage] = true;
                sequence += 1;
                heap.push(Reverse((now + draw(Purpose::Work, sequence, 1e8), sequence, what)));
            }
            enter = (stage + 1 < stages).then_some(stage + 1).or(enter);
        }
        if let Some(stage) = enter {
            if busy[stage] {
                queues[stage].push_back(now);
            } else {
                busy[stage] = true;
                sequence += 1;
                heap.push(Reverse((now + draw(Purpose::Work, sequence, 1e8), sequence, stage + 1)));
            }
        }
    }
    black_box(total);
    begin.elapsed().as_secs_f64() / f64::from(customers)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mm1 = library::find("mm1").unwrap().text;
    let payment = library::find("payment").unwrap().text;
    let case = |name, model, seconds, events| Case { name, model, seconds, events };
    let cases = [
        case("M/M/1, rho 0.9", model(mm1, 2), 60_000.0, Some(2)),
        case("tandem of 5", model(&tandem(), 0), 20_000.0, Some(6)),
        case("hold, 1 k pending", model(&hold(1_000), 0), 1_000.0, Some(1)),
        case("hold, 100 k pending", model(&hold(100_000), 0), 10.0, Some(1)),
        case("hold, 1 M pending", model(&hold(1_000_000), 0), 1.5, Some(1)),
        case("10 services", many(10), 300.0, None),
        case("1 000 services", many(1_000), 300.0, None),
        case("10 000 services", many(10_000), 300.0, None),
        case("payment, notify", model(payment, 0), 3_000.0, None),
        case("payment, call", model(payment, 1), 3_000.0, None),
        case("payment, poll", model(payment, 2), 3_000.0, None),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let is_wanted =
        |case: &Case| wanted.is_empty() || wanted.iter().any(|it| case.name.contains(it.as_str()));
    let cases: Vec<Case> = cases.into_iter().filter(is_wanted).collect();
    let mut silent = vec![Vec::new(); cases.len()];
    let mut recorded = vec![Vec::new(); cases.len()];
    let mut floors = [Vec::new(), Vec::new()];
    let mut counts = vec![(0, 0); cases.len()];
    for _ in 0..RUNS {
        for (place, case) in cases.iter().enumerate() {
            let (seconds, world) = run(case, false);
            silent[place].push(seconds);
            recorded[place].push(run(case, true).0);
            let arrivals = world.report().services[0].arrivals;
            counts[place] = (world.record_count(), arrivals * case.events.unwrap_or(0));
        }
        floors[0].push(bare(1, 540_000));
        floors[1].push(bare(5, 180_000));
    }
    println!(
        "{:<20} {:>10} {:>10} | {:>9} {:>9} | {:>10} {:>10} | {:>6} | {:>12}",
        "",
        "records",
        "events",
        "ns/event",
        "recorded",
        "M rec./s",
        "recorded",
        "ratio",
        "allocs/M rec."
    );
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let float = |it: u64| it as f64;
    for (place, case) in cases.iter().enumerate() {
        let (quiet, loud) = (median(silent[place].clone()), median(recorded[place].clone()));
        let (records, events) = counts[place];
        let each = |seconds: f64| match events {
            0 => "–".to_owned(),
            _ => format!("{:.1}", seconds * 1e9 / float(events)),
        };
        println!(
            "{:<20} {records:>10} {events:>10} | {:>9} {:>9} | {:>10.2} {:>10.2} | {:>6.2} | {:>12.1}",
            case.name,
            each(quiet),
            each(loud),
            float(records) / quiet / 1e6,
            float(records) / loud / 1e6,
            loud / quiet,
            steady(case),
        );
    }
    for (name, place, per_customer) in [("M/M/1", 0, 2.0), ("tandem", 1, 6.0)] {
        if cases.get(place).is_none_or(|it| !it.name.contains(name)) {
            continue;
        }
        let floor = median(floors[place].clone()) * 1e9;
        let ours = median(silent[place].clone()) * 1e9 / float(counts[place].1) * per_customer;
        let ratio = ours / floor;
        println!(
            "{:<20} ns a customer: bare loop {floor:.0}, ours {ours:.0}, ratio {ratio:.2}",
            cases[place].name
        );
    }
    let mut world = World::new(model(&in_flight(10_000), 0), 1);
    world.run_until(Time::from_secs_f64(5.0), &mut ());
    let messages = world.audit().on_links;
    let begin = Instant::now();
    for _ in 0..100 {
        black_box(world.clone());
    }
    let micros = begin.elapsed().as_secs_f64() * 1e4;
    println!("a clone of a world with {messages} messages in flight: {micros:.1} µs");
}
