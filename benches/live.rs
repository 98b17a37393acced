//! How fast a live run is: `cargo bench --bench live`. A backlog through the embedded broker and
//! through NATS, beside a bare publisher and consumer of `async-nats` at the same server; how long
//! an event takes from whoever publishes it to the effect, with the run recorded and not; and
//! waiting in a live M/M/1 beside what the simulator says of as long a time.
//!
//! Without `nats-server` the rows that need one are left out, with a word.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures_util::StreamExt;
use inflight::live::{self, Where};
use inflight::model::{Model, Span, Time};
use inflight::scenario;
use inflight::sim::{Report, World};

/// Messages of the backlog, and how often each case is run; the median counts.
const BACKLOG: u32 = 50_000;
const ROUNDS: usize = 5;

/// How long each run lasts in which it is measured how long an event takes, in seconds.
const LATENCY_SECONDS: u64 = 3;

/// How long the live M/M/1 runs, in seconds.
const MM1_SECONDS: u64 = 60;

fn model(text: &str) -> Arc<Model> {
    scenario::read(text, "bench.ron").unwrap().variants[0].model.clone()
}

fn backlog() -> Arc<Model> {
    model(&format!(
        "Scenario(format: 1, title: \"backlog\",
         events: {{ \"Task\": Event() }}, topics: {{ \"work\": Queue(ack_wait: \"60s\") }},
         links: Links(default: Link(latency: \"0ms\")),
         workloads: {{ \"boss\": Workload(arrivals: Bursts(size: {BACKLOG}, every: \"10h\", within: \"0ms\"),
            event: \"Task\", do: [Publish(\"Task\", \"work\")]) }},
         services: {{ \"worker\": Service(workers: 8, consumes: {{
            \"work\": Consume(prefetch: 256, on: {{ \"Task\": [] }}) }}) }})"
    ))
}

fn run(
    model: &Arc<Model>,
    broker: &Where,
    lasts: Option<Span>,
    is_recorded: bool,
) -> (World, live::Status) {
    let (grace, broker) = (Span::from_secs(300), broker.clone());
    let options =
        live::Options { broker, lasts, grace, is_recorded, ..live::Options::new(model.seed) };
    let handle = live::start(Arc::clone(model), &options).unwrap();
    if lasts.is_none() {
        while handle.status().inputs < u64::from(BACKLOG) {
            std::thread::sleep(Duration::from_millis(1));
        }
        handle.stop();
    }
    while !handle.is_over() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let status = handle.status();
    (handle.join().unwrap(), status)
}

/// Messages a second, published, delivered and acked, and inputs a second.
fn through(broker: &Where, is_recorded: bool) -> (f64, f64) {
    let (world, status) = run(&backlog(), broker, None, is_recorded);
    let seconds = world.now().as_secs_f64();
    assert_eq!(world.report().topics[0].acked, u64::from(BACKLOG));
    (f64::from(BACKLOG) / seconds, status.inputs as f64 / seconds)
}

/// A queue at the server, by the client alone, and who consumes from it.
async fn bare_queue(
    url: &str,
) -> (async_nats::Client, jetstream::Context, jetstream::consumer::PullConsumer) {
    let client = async_nats::connect(url).await.unwrap();
    let context = jetstream::new(client.clone());
    let stream = context
        .create_stream(jetstream::stream::Config {
            name: "bare".to_owned(),
            subjects: vec!["bare".to_owned()],
            retention: jetstream::stream::RetentionPolicy::WorkQueue,
            ..jetstream::stream::Config::default()
        })
        .await
        .unwrap();
    let consumer = stream
        .create_consumer(jetstream::consumer::pull::Config {
            durable_name: Some("bare".to_owned()),
            max_ack_pending: -1,
            ..jetstream::consumer::pull::Config::default()
        })
        .await
        .unwrap();
    (client, context, consumer)
}

/// The same by the client alone, with as many acks that are confirmed.
fn bare(url: &str) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, context, consumer) = bare_queue(url).await;
        let begin = Instant::now();
        let publisher = tokio::spawn(async move {
            let (sent, mut answers) = tokio::sync::mpsc::channel(1_024);
            let hears = tokio::spawn(async move {
                while let Some(answer) = answers.recv().await {
                    let answer: jetstream::context::PublishAckFuture = answer;
                    answer.await.unwrap();
                }
            });
            for _ in 0..BACKLOG {
                let text =
                    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/boss\",\"type\":\"Task\"}";
                sent.send(context.publish("bare", text.into()).await.unwrap()).await.unwrap();
            }
            drop(sent);
            hears.await.unwrap();
        });
        let mut left = BACKLOG;
        let mut acks = tokio::task::JoinSet::new();
        while left > 0 {
            let mut batch =
                consumer.batch().max_messages(left.min(256) as usize).messages().await.unwrap();
            while let Some(message) = batch.next().await {
                let (client, reply) = (client.clone(), message.unwrap().reply.clone().unwrap());
                acks.spawn(async move { client.request(reply, "+ACK".into()).await.unwrap() });
                left -= 1;
            }
        }
        while acks.join_next().await.is_some() {}
        publisher.await.unwrap();
        let seconds = begin.elapsed().as_secs_f64();
        jetstream::new(client).delete_stream("bare").await.unwrap();
        f64::from(BACKLOG) / seconds
    })
}

/// From the publication of an event until its effect, p50 and p99 in microseconds, at so many
/// events a second.
fn latency(broker: &Where, per_second: u32, is_recorded: bool) -> [f64; 2] {
    let gap = 1_000_000 / per_second;
    let model = model(&format!(
        "Scenario(format: 1, title: \"latency\",
         events: {{ \"Task\": Event() }}, topics: {{ \"work\": Queue(ack_wait: \"60s\") }},
         links: Links(default: Link(latency: \"0ms\")),
         workloads: {{ \"boss\": Workload(arrivals: Every(\"{gap}us\"), event: \"Task\", do: [Publish(\"Task\", \"work\")]) }},
         services: {{ \"worker\": Service(workers: 8, stores: {{ \"done\": Counter(projection_of: \"work\") }}, consumes: {{
            \"work\": Consume(prefetch: 256, on: {{ \"Task\": [Update(store: \"done\", increment: true)] }}) }}) }})"
    ));
    let (world, _) = run(&model, broker, Some(Span::from_secs(LATENCY_SECONDS)), is_recorded);
    let report = world.report();
    let it = report.stores[0].projection.as_ref().unwrap();
    assert_eq!((it.not_yet, it.never), (0, 0));
    [it.window_p50, it.window_p99].map(|it| it.as_secs_f64() * 1e6)
}

/// The same by the client alone: from the publication of a message until it is received.
fn bare_latency(url: &str, per_second: u32) -> [f64; 2] {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let count = per_second as usize * usize::try_from(LATENCY_SECONDS).unwrap();
    let mut took = runtime.block_on(async {
        let (client, context, consumer) = bare_queue(url).await;
        let mut messages = consumer.messages().await.unwrap();
        let begin = Instant::now();
        let gap = Duration::from_micros(1_000_000 / u64::from(per_second));
        let publisher = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(gap);
            for _ in 0..count {
                ticks.tick().await;
                let sent = begin.elapsed().as_nanos().to_string();
                context.publish("bare", sent.into()).await.unwrap();
            }
        });
        let mut took = Vec::new();
        while took.len() < count {
            let message = messages.next().await.unwrap().unwrap();
            let sent: u64 = std::str::from_utf8(&message.payload).unwrap().parse().unwrap();
            took.push((begin.elapsed().as_nanos() as f64 - sent as f64) / 1e3);
            message.ack().await.unwrap();
        }
        publisher.await.unwrap();
        jetstream::new(client).delete_stream("bare").await.unwrap();
        took
    });
    took.sort_by(f64::total_cmp);
    [took[count / 2], took[count * 99 / 100]]
}

/// What recording adds: to the time from an event to its effect, and to the throughput of a backlog.
fn recording(url: Option<&str>) {
    println!(
        "\nfrom an event to its effect, µs, p50 / p99; median of {ROUNDS} runs of {LATENCY_SECONDS} s in turn"
    );
    let both = |case: &dyn Fn(bool) -> [f64; 2]| {
        let (mut without, mut with) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            without.push(case(false));
            with.push(case(true));
        }
        let of = |all: &[[f64; 2]], place: usize| median(all.iter().map(|it| it[place]).collect());
        [of(&without, 0), of(&without, 1), of(&with, 0), of(&with, 1)]
    };
    let tell = |what: &str, per_second: u32, [p50, p99, with_p50, with_p99]: [f64; 4]| {
        println!(
            "  {what:<10} {per_second:>5}/s   not recorded {p50:>6.0} / {p99:>6.0}   recorded {with_p50:>6.0} / {with_p99:>6.0}   added {:>+6.0} / {:>+6.0}",
            with_p50 - p50,
            with_p99 - p99
        );
    };
    for per_second in [1_000, 10_000] {
        let found = both(&|is_recorded| latency(&Where::Embedded, per_second, is_recorded));
        tell("embedded", per_second, found);
    }
    let Some(url) = url else { return };
    for per_second in [1_000, 5_000] {
        let at = Where::Nats(url.to_owned());
        tell("NATS", per_second, both(&|is_recorded| latency(&at, per_second, is_recorded)));
        let alone: Vec<[f64; 2]> = (0..ROUNDS).map(|_| bare_latency(url, per_second)).collect();
        let of = |place: usize| median(alone.iter().map(|it| it[place]).collect());
        println!("  bare async-nats {per_second}/s: {:.0} / {:.0}", of(0), of(1));
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn server(folder: &Path) -> Option<(Child, String)> {
    let child = Command::new("nats-server")
        .args(["-a", "127.0.0.1", "-p", "-1", "-js", "-sd"])
        .arg(folder)
        .arg("--ports_file_dir")
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let ports = folder.join(format!("nats-server_{}.ports", child.id()));
    loop {
        let text = std::fs::read_to_string(&ports).unwrap_or_default();
        if let Some(url) = text.split('"').find(|it| it.starts_with("nats://")) {
            return Some((child, url.to_owned()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn waiting(report: &Report) -> f64 {
    report.services.iter().find(|it| it.name == "server").unwrap().mean_waiting
}

/// Mean waiting in a live M/M/1 at ρ = 0.7, beside the mean and the spread of as long a time in
/// simulated runs of many seeds.
fn mm1() {
    let model = model(
        "Scenario(format: 1, title: \"M/M/1\", seed: 7, events: { \"Job\": Event() },
         links: Links(default: Link(latency: \"0ms\")),
         workloads: { \"customers\": Workload(arrivals: Poisson(per_second: 70), event: \"Job\",
            do: [Send(to: \"server\", event: \"Job\")]) },
         services: { \"server\": Service(workers: 1, answers: { \"Job\": [Work(Exponential(\"10ms\"))] }) })",
    );
    let end = Time::ZERO + Span::from_secs(MM1_SECONDS);
    let mut simulated: Vec<f64> = (0..400)
        .map(|seed| {
            let mut world = World::new(Arc::clone(&model), seed);
            world.run_until(end, &mut ());
            waiting(&world.report())
        })
        .collect();
    simulated.sort_by(f64::total_cmp);
    let mut same = World::new(Arc::clone(&model), model.seed);
    same.run_until(end, &mut ());
    let lasts = Some(Span::from_secs(MM1_SECONDS));
    let (world, status) = run(&model, &Where::Embedded, lasts, true);
    let ms = |it: f64| format!("{:.2} ms", it * 1e3);
    println!("\nM/M/1, ρ = 0.7, {MM1_SECONDS} s: mean waiting (theory, for ever: 23.33 ms)");
    println!("  live, embedded             {}", ms(waiting(&world.report())));
    println!("  simulated, the same seed   {}", ms(waiting(&same.report())));
    println!(
        "  simulated, 400 seeds       95 of 100 between {} and {}",
        ms(simulated[10]),
        ms(simulated[389])
    );
    println!("  live, latest input         {} after it was due", status.latest);
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let at = server(folder.path());
    let (mut embedded, mut inputs, mut nats, mut alone) = (vec![], vec![], vec![], vec![]);
    let (mut unrecorded, mut nats_unrecorded) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let (messages, per_second) = through(&Where::Embedded, true);
        embedded.push(messages);
        inputs.push(per_second);
        unrecorded.push(through(&Where::Embedded, false).0);
        if let Some((_, url)) = &at {
            let at = Where::Nats(url.clone());
            nats.push(through(&at, true).0);
            nats_unrecorded.push(through(&at, false).0);
            alone.push(bare(url));
        }
    }
    println!("{BACKLOG} messages published, delivered and acked; median of {ROUNDS}");
    println!("  embedded                   {:>9.0} messages/s", median(embedded));
    println!("  … not recorded             {:>9.0} messages/s", median(unrecorded));
    println!("  embedded                   {:>9.0} inputs/s", median(inputs));
    match at {
        Some((mut child, url)) => {
            println!("  NATS                       {:>9.0} messages/s", median(nats));
            println!("  … not recorded             {:>9.0} messages/s", median(nats_unrecorded));
            println!("  bare async-nats            {:>9.0} messages/s", median(alone));
            recording(Some(&url));
            let _ = child.kill();
            let _ = child.wait();
        }
        None => {
            println!("  NATS                       left out: nats-server is not installed");
            recording(None);
        }
    }
    mm1();
}
