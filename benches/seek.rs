//! How long it takes to look anywhere into a run, and how much memory that takes:
//! `cargo bench --bench seek` (words after `--` choose cases by name; `--most 1e7` leaves out
//! longer runs, `--disk 0` what is put by on disk: so many MiB).
//!
//! Each case is a process of its own, so that what the system says of its memory is the case's.
//! Nothing is measured beside anything else: figures of one table are comparable.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::sync::Arc;
use std::time::Instant;

use inflight::history::{Budget, DifferenceOf, Found, Handle, Inquiry, Run, Runs};
use inflight::live::TempFile;
use inflight::model::{Act, FaultKind, Intervention, Model, Script, ServiceId, Span, Time};
use inflight::scenario;

/// Customers who send events over slow links to services who send them on, so many in a second.
fn links(rate: f64) -> String {
    let pairs = 20;
    let rate = rate / f64::from(pairs);
    let parts = |it: u32| {
        (
            format!(
                "\"w{it}\": Workload(arrivals: Poisson(per_second: {rate}), event: \"Job\",
                 do: [Send(to: \"s{it}\", event: \"Job\")]),"
            ),
            format!(
                "\"s{it}\": Service(workers: 20, answers: {{ \"Job\": [Work(\"1ms\"),
                 Send(to: \"end\", event: \"Job\")] }}),"
            ),
        )
    };
    let (workloads, services): (String, String) = (0..pairs).map(parts).unzip();
    format!(
        "Scenario(format: 1, title: \"links\",
         events: {{ \"Job\": Event(key: \"customer\", fields: {{
            \"customer\": Numbered(\"c-\", 50), \"order\": Sequence(\"o-\"), \"cents\": Int(1, 9999) }}) }},
         links: Links(default: Link(latency: Uniform(\"500ms\", \"1500ms\"))),
         workloads: {{ {workloads} }},
         services: {{ {services} \"end\": Service(workers: Unlimited, answers: {{ \"Job\": [] }}) }})"
    )
}

/// Customers, producers, a log, and a projection of it; so many events in a second.
fn log(rate: f64, settings: &str) -> String {
    format!(
        "Scenario(format: 1, title: \"log\",
         events: {{ \"Job\": Event(key: \"customer\", fields: {{
            \"customer\": Numbered(\"c-\", 50), \"order\": Sequence(\"o-\"), \"cents\": Int(1, 9999) }}) }},
         topics: {{ \"t\": Log(partitions: 8 {settings}) }},
         links: Links(default: Link(latency: Uniform(\"500ms\", \"1500ms\"))),
         workloads: {{ \"w\": Workload(arrivals: Poisson(per_second: {rate}), event: \"Job\",
            do: [Send(to: \"p\", event: \"Job\")]) }},
         services: {{
            \"p\": Service(workers: Unlimited, answers: {{ \"Job\": [Publish(\"Job\", \"t\")] }}),
            \"c\": Service(instances: 4, workers: 20, stores: {{ \"sum\": Sum(key: Text, value: Int) }},
                consumes: {{ \"t\": Consume(start: Earliest, commit: Every(\"1s\"), prefetch: 20000,
                    on: {{ \"Job\": [Work(\"100us\"),
                        Update(store: \"sum\", key: Field(\"customer\"), add: Field(\"cents\"))] }}) }}),
         }})"
    )
}

struct Case {
    name: String,
    /// How many events come in a second.
    rate: f64,
    text: fn(f64) -> String,
    /// The most records that its world does not outgrow the machine by.
    most: u64,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for in_flight in [1_300, 10_000] {
        let mut case = |name: &str, seconds: f64, text: fn(f64) -> String, most| {
            let (name, rate) = (format!("{name} {in_flight}"), f64::from(in_flight) / seconds);
            cases.push(Case { name, rate, text, most });
        };
        // Those of a link keep their order, so that each takes longer than it would alone.
        case("links", 2.9, links, 100_000_000);
        case("log, retention 20 s", 4.5, |rate| log(rate, ", retention: \"20s\""), 100_000_000);
        case("log, all kept", 4.5, |rate| log(rate, ""), 10_000_000);
    }
    cases
}

impl Case {
    /// A run that is over before as many are under way as in the long run has them come faster.
    fn text(&self, records: u64) -> String {
        let is_short = (records as f64) < 100.0 * self.rate;
        (self.text)(if is_short { 3.0 * self.rate } else { self.rate })
    }
}

/// Lots, the same each time.
struct Lots(u64);

impl Lots {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((u128::from(self.0 ^ self.0 >> 29) * u128::from(bound)) >> 64) as u64
    }
}

/// The memory that the system says this process has, in MiB.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|it| it.parse::<f64>().ok());
    pages.unwrap_or(f64::NAN) * 4096.0 / f64::from(1 << 20)
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn timed(mut what: impl FnMut()) -> f64 {
    let begin = Instant::now();
    what();
    begin.elapsed().as_secs_f64() * 1e3
}

/// The median, the 99th of a hundred and the worst, in ms.
fn figures(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    format!("{:>7.2}/{:>6.2}/{:>6.1}", at(50), at(99), at(100))
}

/// From nothing to the first scene, through the worker.
fn first_scene(model: &Arc<Model>) -> f64 {
    let script = Script::default();
    timed(|| {
        let handle = Handle::spawn(model.clone(), 1, || {});
        handle.ask(&script, Time::ZERO);
        while handle.poll(&script).is_none() {
            std::thread::yield_now();
        }
        std::mem::forget(handle);
    })
}

/// Somebody slows a service down at an instant.
fn something_at(model: &Model, at: Time) -> Script {
    // One that works: to slow a workload down changes nothing.
    let works = |it: &inflight::model::Service| it.workload.is_none() && it.workers.is_some();
    let service = ServiceId::from_index(model.services.iter().position(works).unwrap());
    let kind = FaultKind::Slow { service, factor: 3.0 };
    Script::from([Intervention { at, act: Act::Break { kind, lasts: Some(Span::SECOND) } }])
}

/// How often the same is asked of a run that nobody has looked at: of each question the fastest
/// counts, since others use the machine too.
const PASSES: usize = 3;

/// What each question took, in ms.
struct Pass {
    random: Vec<f64>,
    forwards: Vec<f64>,
    backwards: Vec<f64>,
    whole: Vec<f64>,
}

fn pass(run: &mut Run, end: Time) -> Pass {
    let mut lots = Lots(7);
    let seek = |run: &mut Run, at: Time| timed(|| drop(std::hint::black_box(run.scene_at(at))));
    let random = (0..500).map(|_| seek(run, Time(lots.below(end.0)))).collect();
    // As a finger goes over the close-up of ten seconds: a point is eight milliseconds.
    let (mut forwards, mut backwards) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let from = lots.below(end.0 * 9 / 10);
        let _there = seek(run, Time(from));
        forwards.extend((1..100_u64).map(|it| seek(run, Time(from + it * 8_000_000))));
        let from = end.0 / 10 + lots.below(end.0 * 9 / 10);
        let _there = seek(run, Time(from));
        let back = |it: u64| Time(from.saturating_sub(it * 8_000_000));
        backwards.extend((1..100_u64).map(|it| seek(run, back(it))));
    }
    // As a finger goes over the whole run.
    let point = end.0 / 1_200;
    let whole = (1..200).rev().map(|it| seek(run, Time(500 * point + it * point))).collect();
    Pass { random, forwards, backwards, whole }
}

fn measure(case: &Case, records: u64, disk: usize) {
    let model = match scenario::read(&case.text(records), "seek.ron") {
        Ok(scenario) => scenario.variants[0].model.clone(),
        Err(problems) => panic!("{problems}"),
    };
    let before = resident();
    let attic = Arc::new(TempFile::default());
    let budget = Budget::from(Run::BUDGET_BYTES).with_attic(attic, disk << 20);
    let mut runs = Runs::new(model.clone(), 1, budget);
    let none = Script::default();
    runs.keep(vec![none.clone()]);
    let made = timed(|| {
        while runs.get(&none).head().record_count() < records {
            runs.get(&none).extend(Time::MAX, 4_096);
        }
    });
    let (held, in_memory) = (runs.held(), resident() - before);
    let end = runs.get(&none).head().now();
    let mut passes: Vec<Pass> = Vec::new();
    for number in 0..PASSES {
        let run = runs.get(&none);
        // A run that nobody has looked at yet, of the same checkpoints; the last one stays.
        if number + 1 < PASSES {
            passes.push(pass(&mut run.fork(none.clone().into()), end));
        } else {
            passes.push(pass(run, end));
        }
    }
    let least = |of: fn(&Pass) -> &Vec<f64>| {
        let mut times = of(&passes[0]).clone();
        for pass in &passes[1..] {
            times.iter_mut().zip(of(pass)).for_each(|(it, other)| *it = it.min(*other));
        }
        figures(times)
    };
    let scene = runs.get(&none).scene_at(Time(end.0 / 2)).scene;
    let (flying, slots) = (scene.in_flight(), scene.messages.len());
    let (held_after, in_memory_after) = (runs.held(), resident() - before);
    let mut lots = Lots(8);
    let forks: Vec<f64> = (0..60)
        .map(|_| {
            let at = Time(lots.below(end.0));
            let script = something_at(&model, at);
            timed(|| {
                let run = runs.get(&script);
                while run.head().now() < at && run.extend(at, 4_096) {}
                assert_eq!(run.scene_at(at).script, script);
            })
        })
        .collect();
    // From the question to the first difference: what was simulated so far is all that is known.
    let mut lots = Lots(9);
    let firsts: Vec<f64> = (0..20)
        .map(|_| {
            let at = Time(lots.below(end.0 * 9 / 10));
            let script = something_at(&model, at);
            let run = runs.get(&script);
            while run.head().now() < at && run.extend(at, 4_096) {}
            timed(|| {
                let mut inquiry = DifferenceOf::new(none.clone(), script.clone(), end);
                inquiry.begin(&mut runs);
                loop {
                    inquiry.go_on(&mut runs);
                    match inquiry.work() {
                        Found::SoFar(it) if it.parts.is_empty() => {}
                        Found::SoFar(_) | Found::All(_) => break,
                        Found::Nothing => {}
                    }
                }
            })
        })
        .collect();
    println!(
        "{:<26} {:>6.0e} {flying:>6} {slots:>6} {:>5.1} |{} |{} |{} |{} |{} |{} | {:>5.0} {:>5.0}  {:>5.0} {:>5.0} | {:>5.0} | {:>5.2}",
        case.name,
        records as f64,
        records as f64 / made / 1e3,
        least(|it| &it.random),
        least(|it| &it.forwards),
        least(|it| &it.backwards),
        least(|it| &it.whole),
        figures(forks),
        figures(firsts),
        mib(held.memory),
        in_memory,
        mib(held_after.memory),
        in_memory_after,
        mib(held_after.disk),
        first_scene(&model),
    );
}

fn main() {
    let mut words: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let mut option = |name: &str| {
        let place = words.iter().position(|it| it == name)?;
        words.remove(place);
        Some(words.remove(place))
    };
    let only = option("--only");
    let disk = option("--disk").unwrap_or("2048".into());
    let most: f64 = option("--most").map_or(1e8, |it| it.parse().unwrap());
    if let Some(which) = only {
        let (name, records) = which.split_once('/').unwrap();
        let case = cases().into_iter().find(|it| it.name == name).unwrap();
        return measure(&case, records.parse().unwrap(), disk.parse().unwrap());
    }
    println!(
        "{:<26} {:>6} {:>6} {:>6} {:>5} |{:^22} |{:^22} |{:^22} |{:^22} |{:^22} |{:^22} | {:^11}  {:^11} | {:>5} | {:>5}",
        "ms: median/99 of 100/worst",
        "records",
        "flying",
        "slots",
        "M/s",
        "random seek",
        "forwards",
        "backwards",
        "whole, backwards",
        "fork",
        "first difference",
        "MiB held,RSS",
        "after seeks",
        "disk",
        "first"
    );
    for case in cases() {
        for records in [100_000_u64, 1_000_000, 10_000_000, 100_000_000] {
            let is_wanted = words.is_empty() || words.iter().any(|it| case.name.contains(it));
            if is_wanted && records <= case.most && records as f64 <= most {
                let which = format!("{}/{records}", case.name);
                let program = std::env::current_exe().unwrap();
                let words = ["--only", &which, "--disk", &disk];
                std::process::Command::new(program).args(words).status().unwrap();
            }
        }
    }
}
