//! Inflight's engine beside other simulators, in one interleaved run on one thread:
//! `cargo run --release --manifest-path benches/peers/Cargo.toml`.
//!
//! The models are a row of M/M/1 queues at ρ = 0.9, of one stage and of five. Inflight runs
//! them from a scenario text with statistics, accounting and digest on; the others do what is
//! written here and no more. All but `SimPy` draw from the same dice.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

mod desque_row;
mod nexosim_row;

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use inflight::engine::dice::{Dice, Purpose};
use inflight::model::{Distribution, Model, Record, Time};
use inflight::sim::World;

const RUNS: usize = 5;
/// Customers a second, and seconds a customer is served.
const RATE: f64 = 9.0;
const SERVICE: f64 = 0.1;

/// The next draw of a source (stage 0) or of a stage, in ns.
fn draw(stage: usize, count: u64) -> u64 {
    let mean = if stage == 0 { 1e9 / RATE } else { SERVICE * 1e9 };
    let dice = const { Dice::new(1) };
    dice.stream(Purpose::Work, stage as u64, count).span(&Distribution::Exponential { mean }).0
}

fn scenario(stages: usize) -> Arc<Model> {
    let stage = |it: usize| {
        let on = format!(", Send(to: \"s{}\", event: \"Job\")", it + 1);
        let on = if it < stages { on } else { String::new() };
        format!("\"s{it}\": Service(answers: {{ \"Job\": [Work(Exponential(\"100ms\")){on}] }}),")
    };
    let services: String = (1..=stages).map(stage).collect();
    let text = format!(
        "Scenario(format: 1, title: \"row\", events: {{ \"Job\": Event() }},
         links: Links(default: Link(latency: \"0ms\")),
         workloads: {{ \"w\": Workload(arrivals: Poisson(per_second: {RATE}), event: \"Job\",
            do: [Send(to: \"s1\", event: \"Job\")]) }},
         services: {{ {services} }})"
    );
    match inflight::scenario::read(&text, "row.ron") {
        Ok(scenario) => scenario.variants[0].model.clone(),
        Err(problems) => panic!("{problems}"),
    }
}

fn ours(model: &Arc<Model>, customers: u64, observed: bool) {
    let mut world = World::new(model.clone(), 1);
    #[expect(clippy::cast_precision_loss, reason = "a length of time")]
    let end = Time::from_secs_f64(customers as f64 / RATE);
    if observed {
        let mut kept: Vec<Record> = Vec::with_capacity(65_536);
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
    black_box(world.digest());
}

/// Seconds that `SimPy` takes for so many customers, if it is there.
fn simpy(stages: usize, customers: u64) -> Option<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/simpy_row.py");
    let output = Command::new("python3")
        .args([script, &stages.to_string(), &customers.to_string()])
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn main() {
    println!("{RUNS} interleaved runs, medians; ns per model event");
    for (title, stages, customers) in [("M/M/1", 1, 500_000_u64), ("tandem of 5", 5, 100_000)] {
        let model = scenario(stages);
        // An arrival, and a departure from each stage.
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let events = (customers * (1 + stages as u64)) as f64;
        let few = customers / 20;
        let mut rows = [
            ("inflight, silent", vec![]),
            ("inflight, recorded", vec![]),
            ("desque 0.4", vec![]),
            ("NexoSim 1.0", vec![]),
            ("SimPy", vec![]),
        ];
        for _ in 0..RUNS {
            rows[0].1.push(timed(|| ours(&model, customers, false)) / events);
            rows[1].1.push(timed(|| ours(&model, customers, true)) / events);
            rows[2].1.push(timed(|| desque_row::run(stages, customers)) / events);
            rows[3].1.push(timed(|| nexosim_row::run(stages, customers)) / events);
            if let Some(seconds) = simpy(stages, few) {
                rows[4].1.push(seconds * 20.0 / events);
            }
        }
        println!("\n{title:<22} ns/event   × recorded   × silent");
        let silent = median(&rows[0].1);
        let recorded = median(&rows[1].1);
        for (name, times) in &rows {
            if times.is_empty() {
                println!("{name:<22} not on this machine (pip install simpy)");
                continue;
            }
            let time = median(times);
            println!(
                "{name:<22} {:>8.1} {:>12.2} {:>10.2}",
                time * 1e9,
                time / recorded,
                time / silent
            );
        }
    }
}
