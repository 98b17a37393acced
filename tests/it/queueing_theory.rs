//! The engine against queueing theory's closed forms, and against the laws that hold exactly.

use inflight::model::Time;
use inflight::scenario::{self, library};
use inflight::sim::World;
use inflight::sim::report::{Report, ServiceReport};

/// The tolerance, and how many times as long the run is: 5 % in the normal tests, 1 % with
/// `INFLIGHT_LONG=1`.
fn effort() -> (f64, f64) {
    if std::env::var_os("INFLIGHT_LONG").is_some() { (0.01, 40.0) } else { (0.05, 1.0) }
}

fn run(name: &str, variant: &str, seconds: f64) -> Report {
    let entry = library::find(name).unwrap();
    let scenario = scenario::read(entry.text, entry.path).unwrap();
    let model = &scenario.variants.iter().find(|it| it.name == variant).unwrap().model;
    let mut world = World::new(model.clone(), model.seed);
    world.run_until(Time::from_secs_f64(seconds), &mut ());
    world.report()
}

fn server<'a>(report: &'a Report, name: &str) -> &'a ServiceReport {
    report.services.iter().find(|it| it.name == name).unwrap()
}

#[track_caller]
fn near(what: &str, measured: f64, expected: f64, tolerance: f64) {
    let error = measured / expected - 1.0;
    assert!(
        error.abs() <= tolerance,
        "{what}: measured {measured}, expected {expected}, off by {:.2} %",
        error * 100.0
    );
}

/// How long a run must be for 5 %, by utilisation.
fn length(rho: f64) -> f64 {
    if rho > 0.85 { 120_000.0 } else { 30_000.0 }
}

const VARIANTS: [(&str, f64); 3] = [("rho 0.5", 0.5), ("rho 0.8", 0.8), ("rho 0.9", 0.9)];

/// L. Kleinrock, "Queueing Systems" I, 3.2: with ρ = λ/μ, L = ρ/(1−ρ), W = 1/(μ−λ), and W is
/// exponentially distributed, so that its 99th percentile is W ln 100.
#[test]
fn one_server_with_random_work() {
    let (tolerance, times) = effort();
    for (variant, rho) in VARIANTS {
        let report = run("mm1", variant, length(rho) * times);
        let it = server(&report, "server");
        let response = 0.1 / (1.0 - rho);
        near("utilisation", it.utilisation.unwrap(), rho, tolerance);
        near("L", it.mean_in_system, rho / (1.0 - rho), tolerance);
        near("Wq", it.mean_waiting, response * rho, tolerance);
        near("W", it.mean_response, response, tolerance);
        near("p99", it.response_p99.as_secs_f64(), response * 100_f64.ln(), tolerance);
    }
}

/// A. K. Erlang's C: Wq = C/(cμ−λ).
#[test]
fn several_servers_behind_one_queue() {
    let (tolerance, times) = effort();
    let servers = 4;
    for (variant, rho) in VARIANTS {
        let report = run("mmc", variant, length(rho) * times);
        let it = server(&report, "server");
        let offered = rho * f64::from(servers);
        let mut term = 1.0;
        let mut sum = 0.0;
        for count in 0..servers {
            sum += term;
            term *= offered / f64::from(count + 1);
        }
        let waits = term / (1.0 - rho);
        let waits = waits / (sum + waits);
        let waiting = waits / (f64::from(servers) * 10.0 * (1.0 - rho));
        near("utilisation", it.utilisation.unwrap(), rho, tolerance);
        near("Wq", it.mean_waiting, waiting, tolerance);
        near("W", it.mean_response, waiting + 0.1, tolerance);
    }
}

/// F. Pollaczek and A. Khinchine: Wq = ρ/(2μ(1−ρ)) for work without variance.
#[test]
fn work_that_always_takes_the_same_time() {
    let (tolerance, times) = effort();
    for (variant, rho) in VARIANTS {
        let report = run("md1", variant, length(rho) * times);
        let it = server(&report, "server");
        near("utilisation", it.utilisation.unwrap(), rho, tolerance);
        near("Wq", it.mean_waiting, 0.1 * rho / (2.0 * (1.0 - rho)), tolerance);
    }
}

/// Kleinrock I, 3.6: the share turned away is (1−ρ)ρᴷ/(1−ρᴷ⁺¹).
#[test]
fn a_queue_with_an_end() {
    let (tolerance, times) = effort();
    let most = 10;
    for (variant, rho) in VARIANTS {
        let report = run("mm1k", variant, length(rho) * times * if rho < 0.6 { 8.0 } else { 1.0 });
        let it = server(&report, "server");
        let chance =
            |count: i32| (1.0 - rho) * f64::powi(rho, count) / (1.0 - f64::powi(rho, most + 1));
        let level: f64 = (0..=most).map(|it| f64::from(it) * chance(it)).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts")]
        let lost = it.rejected as f64 / it.arrivals as f64;
        near("L", it.mean_in_system, level, tolerance);
        near("utilisation", it.utilisation.unwrap(), 1.0 - chance(0), tolerance);
        // Few are turned away at ρ = 0.5: one in two thousand.
        near("loss", lost, chance(most), if rho < 0.6 { tolerance * 2.0 } else { tolerance });
    }
}

/// P. Burke: what leaves an M/M/1 is a Poisson stream again.
#[test]
fn servers_in_a_row() {
    let (tolerance, times) = effort();
    for (variant, rho) in VARIANTS {
        let report = run("tandem", variant, length(rho) * times);
        for name in ["first", "second", "third"] {
            near(name, server(&report, name).mean_response, 0.1 / (1.0 - rho), tolerance);
        }
    }
}

/// J. Little's law on the sample path, from empty to empty: the area under the number in the
/// system is the sum of the times in the system, to the nanosecond; and what came has left.
#[test]
fn littles_law_holds_to_the_nanosecond() {
    let entry = library::find("tandem").unwrap();
    let text = entry.text.replace(
        "event: \"Job\",\n            do",
        "event: \"Job\",\n            at_most: 5000,\n            do",
    );
    assert_ne!(text, entry.text);
    let scenario = scenario::read(&text, entry.path).unwrap();
    for variant in &scenario.variants {
        let mut world = World::new(variant.model.clone(), 3);
        while world.step(&mut ()) {}
        let report = world.report();
        for it in &report.services {
            assert_eq!(it.in_system, 0, "{}", it.name);
            assert_eq!(it.arrivals, 5000, "{}", it.name);
            assert_eq!(it.arrivals, it.completed, "{}", it.name);
            assert_eq!(it.system_area, it.system_time, "{}", it.name);
        }
    }
}

/// A world of one server, and of workloads that send it jobs.
fn jobs(workloads: &str, server: &str, seconds: f64) -> Report {
    let text = format!(
        r#"Scenario(format: 1, title: "jobs", seed: 5, events: {{ "Job": Event() }},
            links: Links(default: Link(latency: "0ms")),
            workloads: {{ {workloads} }}, services: {{ "server": Service({server}) }})"#
    );
    let scenario =
        scenario::read(&text, "jobs.ron").unwrap_or_else(|it| panic!("{}", it.render(false)));
    let mut world = World::new(scenario.variants[0].model.clone(), 5);
    world.run_until(Time::from_secs_f64(seconds), &mut ());
    world.report()
}

fn poisson(per_second: f64) -> String {
    format!(
        r#""customers": Workload(arrivals: Poisson(per_second: {per_second}), event: "Job", do: [Send(to: "server", event: "Job")])"#
    )
}

/// Pollaczek–Khinchine: Wq = ρ/(1−ρ) · (1+c²)/2 · 1/μ with c² the squared coefficient of
/// variation of the work.
#[test]
fn one_server_with_work_of_any_kind() {
    let (tolerance, times) = effort();
    for (work, variation) in [
        ("Erlang(3, \"10ms\")", 1.0 / 3.0),
        ("Uniform(\"0ms\", \"20ms\")", 1.0 / 3.0),
        ("Gamma(0.5, \"10ms\")", 2.0),
    ] {
        let rho = 0.8;
        let server_text = format!("answers: {{ \"Job\": [Work({work})] }}");
        let report = jobs(&poisson(rho * 100.0), &server_text, 8000.0 * times);
        let it = server(&report, "server");
        let waiting = rho / (1.0 - rho) * (1.0 + variation) / 2.0 * 0.01;
        near(work, it.mean_waiting, waiting, tolerance);
        near("utilisation", it.utilisation.unwrap(), rho, tolerance);
    }
}

/// Erlang's C: the probability of having to wait is C = B/(1−ρ(1−B)), with Erlang's B by its
/// recursion B(k) = aB(k−1)/(k+aB(k−1)); Wq = C/(cμ−λ).
#[test]
fn from_two_servers_to_many() {
    let (tolerance, times) = effort();
    for (count, seconds) in [(2_u32, 6000.0), (8, 4000.0), (64, 3000.0)] {
        let rho = 0.9;
        let servers = f64::from(count);
        let offered = rho * servers;
        let blocked = (1..=count).fold(1.0, |b, k| offered * b / (f64::from(k) + offered * b));
        let waits = blocked / (1.0 - rho * (1.0 - blocked));
        let waiting = waits / (servers * 10.0 * (1.0 - rho));
        let text =
            format!("workers: {count}, answers: {{ \"Job\": [Work(Exponential(\"100ms\"))] }}");
        let report = jobs(&poisson(offered * 10.0), &text, seconds * times);
        let it = server(&report, "server");
        near("utilisation", it.utilisation.unwrap(), rho, tolerance);
        // The waiting of many servers is rare and long: twice the tolerance.
        near(&format!("Wq of {count}"), it.mean_waiting, waiting, tolerance * 2.0);
    }
}

/// D. Gross and C. Harris, "Fundamentals of Queueing Theory", 3.1: batches of b, L =
/// ρ(1+b)/(2(1−ρ)).
#[test]
fn arrivals_in_batches() {
    let (tolerance, times) = effort();
    for batch in [2_u32, 5] {
        let rho = 0.7;
        let rate = rho * 100.0 / f64::from(batch);
        let sends = r#"Send(to: "server", event: "Job"), "#.repeat(batch as usize);
        let workload = format!(
            r#""customers": Workload(arrivals: Poisson(per_second: {rate}), event: "Job", do: [{sends}])"#
        );
        let server_text = "answers: { \"Job\": [Work(Exponential(\"10ms\"))] }";
        let report = jobs(&workload, server_text, 8000.0 * times);
        let level = rho * (1.0 + f64::from(batch)) / (2.0 * (1.0 - rho));
        near("L", server(&report, "server").mean_in_system, level, tolerance);
    }
}

/// The machine repair model (Gross and Harris, 2.7): N machines that run for 1/λ and are mended
/// for 1/μ by one hand: p(n) ~ N!/(N−n)! (λ/μ)ⁿ.
#[test]
fn machines_and_one_who_mends_them() {
    let (tolerance, times) = effort();
    let (machines, ratio) = (6_u32, 0.2);
    let workload = format!(
        r#""machines": Workload(arrivals: Closed(users: {machines}, think: Exponential("500ms")), event: "Job", do: [Call(to: "server", request: "Job")])"#
    );
    let server_text = "answers: { \"Job\": [Work(Exponential(\"100ms\"))] }";
    let report = jobs(&workload, server_text, 4000.0 * times);
    let weights: Vec<f64> = (0..=machines)
        .scan(1.0, |weight, broken| {
            let now = *weight;
            *weight *= f64::from(machines - broken) * ratio;
            Some(now)
        })
        .collect();
    let sum: f64 = weights.iter().sum();
    let broken: f64 = (0..).zip(&weights).map(|(n, it)| f64::from(n) * it / sum).sum();
    let it = server(&report, "server");
    near("utilisation", it.utilisation.unwrap(), 1.0 - weights[0] / sum, tolerance);
    near("machines that are broken", it.mean_in_system, broken, tolerance);
}

/// With a probability p to fail, n attempts at most make (1−pⁿ)/(1−p) requests of one; and
/// retries at each of three layers multiply: nᵏ.
#[test]
fn retries_multiply_what_is_asked() {
    let (tolerance, times) = effort();
    let (p, attempts) = (0.6_f64, 4);
    let workload = format!(
        r#""customers": Workload(arrivals: Poisson(per_second: 20), event: "Job", do: [
            Call(to: "server", request: "Job", otherwise: [], retry: Retry(attempts: {attempts}, backoff: Fixed("50ms"), jitter: Full))])"#
    );
    let server_text = format!("workers: Unlimited, answers: {{ \"Job\": [Fail({p})] }}");
    let report = jobs(&workload, &server_text, 1000.0 * times);
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    let each =
        server(&report, "server").arrivals as f64 / server(&report, "customers").arrivals as f64;
    near("requests", each, (1.0 - p.powi(attempts)) / (1.0 - p), tolerance);

    let layers = r#"Scenario(format: 1, title: "layers", requests: { "Q": Request() },
        workloads: { "users": Workload(arrivals: Every("100s"), at_most: 3, event: "Q", do: [Call(to: "a", request: "Q", otherwise: [], retry: Retry(attempts: 4, backoff: Fixed("10ms"), jitter: None))]) },
        services: {
            "a": Service(answers: { "Q": [Call(to: "b", request: "Q", retry: Retry(attempts: 4, backoff: Fixed("10ms"), jitter: None))] }),
            "b": Service(answers: { "Q": [Call(to: "c", request: "Q", retry: Retry(attempts: 4, backoff: Fixed("10ms"), jitter: None))] }),
            "c": Service(answers: { "Q": [Fail(1)] }),
        })"#;
    let scenario = scenario::read(layers, "layers.ron").unwrap();
    let mut world = World::new(scenario.variants[0].model.clone(), 1);
    world.run_until(Time::from_secs_f64(1000.0), &mut ());
    assert_eq!(server(&world.report(), "c").arrivals, 3 * 4 * 4 * 4);
}
