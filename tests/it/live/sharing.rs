//! A run that several processes share over a NATS server: each runs some services, and what they
//! record makes one run, in which causes come before effects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use inflight::live::{self, Handle, Phase, Sharing, Where};
use inflight::model::{Model, ServiceId, Span, Time};
use inflight::sim::merging::{Misfit, Part, merge};
use inflight::sim::report::ServiceReport;
use inflight::sim::{Source, Trace, World};

use super::{end, model, service, topic, wait};
use crate::real_broker::nats::{Client, Server};

/// Calls, calls that time out and are tried again, one-way messages by a queue, a crash and a slow link.
const SHOP: &str = r#"Scenario(format: 1, title: "shop",
    events: { "Order": Event(fields: { "n": Sequence("o-") }) },
    requests: { "Buy": Request(), "Take": Request(), "Book": Request(), "Yes": Request() },
    topics: { "orders": Queue(ack_wait: "5s") },
    links: Links(default: Link(latency: Exponential("2ms"))),
    workloads: { "customers": Workload(arrivals: Poisson(per_second: 150), event: "Buy", do: [
        Call(to: "shop", request: "Buy", timeout: "2s")]) },
    services: {
        "shop": Service(workers: 8, answers: { "Buy": [
            Call(to: "stock", request: "Take", timeout: "100ms", retry: Retry(attempts: 3, backoff: Fixed("20ms"))),
            Work(Exponential("2ms")),
            Publish("Order", "orders"), Reply("Yes")] }),
        "stock": Service(workers: 2, answers: { "Take": [Work("1ms"), Reply("Yes")] }),
        "packer": Service(workers: 4, consumes: { "orders": Consume(prefetch: 8, on: { "Order": [
            Call(to: "ledger", request: "Book", timeout: "1s"), Work("1ms")] }) }),
        "ledger": Service(workers: 2, answers: { "Book": [Work(Exponential("2ms")), Reply("Yes")] }),
    },
    faults: [
        Crash(service: "stock", at: "400ms", for: "150ms"),
        Delay(from: "packer", to: "ledger", extra: "10ms", at: "500ms", for: "300ms"),
    ],
)"#;

fn start(model: &Arc<Model>, server: &Server, only: &[&str], lasts: Span) -> Handle {
    let of = |name: &&str| {
        let found = model.services.iter().position(|it| it.name == *name);
        ServiceId::from_index(found.unwrap())
    };
    let only = only.iter().map(of).collect();
    let options = live::Options {
        broker: Where::Nats(server.url()),
        sharing: Some(Sharing { only, meeting: "shop".to_owned() }),
        lasts: Some(lasts),
        grace: Span::from_secs(60),
        ..live::Options::new(model.seed)
    };
    live::start(Arc::clone(model), &options).unwrap()
}

/// What was run, and what each part has recorded, with its world.
type Shared = (Arc<Model>, Vec<(Part, World)>);

/// A run of these parts, to its end.
fn share(parts: &[&[&str]]) -> Option<Shared> {
    share_of(SHOP, Span::from_millis(1_500), parts)
}

fn share_of(text: &str, span: Span, parts: &[&[&str]]) -> Option<Shared> {
    let server = Server::start_for("several processes over a NATS server")?;
    let model = model(text);
    let handles: Vec<Handle> = parts.iter().map(|it| start(&model, &server, it, span)).collect();
    let mut found: Vec<(u16, Part, World)> = Vec::new();
    for (handle, names) in handles.into_iter().zip(parts) {
        let number = wait(&handle, "the end", |it| it.phase == Phase::Over).part.unwrap().number;
        let (world, trace) = end(handle);
        let here = model.services.iter().map(|it| names.contains(&it.name.as_str())).collect();
        found.push((number, Part { trace, here }, world));
    }
    found.sort_by_key(|it| it.0);
    Some((model, found.into_iter().map(|it| (it.1, it.2)).collect()))
}

fn whole(model: &Arc<Model>, trace: &Trace) -> World {
    let mut world = World::live(Arc::clone(model), model.seed, Source::Remote);
    world.retrace(trace, &[], &mut ());
    world
}

#[test]
fn what_each_process_records_makes_one_run() {
    let names: [&[&str]; 3] = [&["customers", "shop"], &["stock", "packer"], &["ledger"]];
    let Some((model, parts)) = share(&names) else { return };
    let traces: Vec<Part> = parts.iter().map(|it| it.0.clone()).collect();
    let trace = merge(&model, model.seed, &traces).unwrap();
    let world = whole(&model, &trace);
    let audit = world.audit();
    assert!(audit.is_balanced() && audit.alive() == 0, "{audit:?}");
    let report = world.report();
    let orders = topic(&report, "orders");
    assert!(orders.published > 50, "{orders:?}");
    assert_eq!((orders.acked, orders.waiting), (orders.published, 0), "{orders:?}");
    assert!(service(&report, "packer").completed >= orders.published, "each at least once");
    // What a process saw of its services is what there is to see of them.
    for (part, own) in &parts {
        let own = own.report();
        for (index, _) in part.here.iter().enumerate().filter(|it| *it.1) {
            // A part that was over sooner has its means over less time.
            let all = |it: &ServiceReport| ServiceReport {
                utilisation: None,
                mean_in_queue: 0.0,
                mean_in_system: 0.0,
                ..it.clone()
            };
            assert_eq!(all(&own.services[index]), all(&report.services[index]));
            assert!(own.services[index].arrivals > 0);
        }
    }
}

#[test]
fn instances_that_are_called_from_several_processes_are_the_same_in_the_run_they_make() {
    for balance in ["RoundRobin", "LeastLoaded", "Random"] {
        // The packer calls the stock in its own process, the shop from another; and sometimes all
        // instances are down.
        let text = SHOP
            .replace(
                "\"stock\": Service(workers: 2,",
                &format!("\"stock\": Service(instances: 3, workers: 1, balance: {balance},"),
            )
            .replace(
                "Call(to: \"ledger\", request: \"Book\", timeout: \"1s\"),",
                "Call(to: \"stock\", request: \"Take\", timeout: \"100ms\", retry: Retry(attempts: 9)),
                 Call(to: \"ledger\", request: \"Book\", timeout: \"1s\"),",
            );
        let names: [&[&str]; 3] = [&["customers", "shop"], &["stock", "packer"], &["ledger"]];
        let Some((model, parts)) = share_of(&text, Span::from_secs(1), &names) else { return };
        let traces: Vec<Part> = parts.iter().map(|it| it.0.clone()).collect();
        let trace = merge(&model, model.seed, &traces).expect(balance);
        let report = whole(&model, &trace).report();
        for (part, own) in &parts {
            let own = own.report();
            for (index, _) in part.here.iter().enumerate().filter(|it| *it.1) {
                let completed = |it: &ServiceReport| (it.arrivals, it.completed);
                assert_eq!(completed(&own.services[index]), completed(&report.services[index]));
            }
        }
    }
}

/// Two groups read a log in two processes, neither of which publishes all of it.
const LOGS: &str = r#"Scenario(format: 1, title: "logs",
    events: { "Told": Event(key: "k", fields: { "k": Int(1, 9) }) },
    topics: { "news": Log(partitions: 3) },
    links: Links(default: Link(latency: Exponential("2ms"))),
    workloads: {
        "here": Workload(arrivals: Poisson(per_second: 120), event: "Told", do: [Publish("Told", "news")]),
        "there": Workload(arrivals: Poisson(per_second: 80), event: "Told", do: [Publish("Told", "news")]),
    },
    services: {
        "books": Service(instances: 2, consumes: { "news": Consume(session_timeout: "200ms", on: { "Told": [Work("1ms")] }) }),
        "mails": Service(consumes: { "news": Consume(on: { "Told": [Work(Exponential("2ms"))] }) }),
    },
    faults: [Crash(service: "books", instance: 1, at: "500ms", for: "300ms")],
)"#;

#[test]
fn logs_are_read_by_groups_in_several_processes() {
    let names: [&[&str]; 3] = [&["here", "books"], &["mails"], &["there"]];
    let Some((model, parts)) = share_of(LOGS, Span::from_millis(1_500), &names) else { return };
    let traces: Vec<Part> = parts.iter().map(|it| it.0.clone()).collect();
    let trace = merge(&model, model.seed, &traces).unwrap();
    let world = whole(&model, &trace);
    let audit = world.audit();
    assert!(audit.is_balanced() && audit.alive() == 0, "{audit:?}");
    let report = world.report();
    let news = topic(&report, "news");
    assert!(news.published > 100, "{news:?}");
    for (name, least) in [("books", news.published), ("mails", news.published)] {
        assert!(service(&report, name).completed >= least, "{name}: each at least once");
    }
    for (part, own) in &parts {
        let own = own.report();
        for (index, _) in part.here.iter().enumerate().filter(|it| *it.1) {
            assert_eq!(own.services[index].completed, report.services[index].completed);
        }
    }
}

#[test]
fn causes_come_before_effects_in_the_run_that_parts_make() {
    use std::collections::BTreeMap;

    use inflight::model::{Record, What};
    let Some((model, parts)) = share(&[&["shop", "ledger"], &["customers", "stock", "packer"]])
    else {
        return;
    };
    let traces: Vec<Part> = parts.into_iter().map(|it| it.0).collect();
    let trace = merge(&model, model.seed, &traces).unwrap();
    let mut world = World::live(Arc::clone(&model), model.seed, Source::Remote);
    let mut sent = BTreeMap::new();
    let mut last = Time::ZERO;
    let (mut arrived, mut known) = (0, 0);
    world.retrace(&trace, &[], &mut |record: &Record| {
        assert!(record.at >= last);
        last = record.at;
        match record.what {
            What::Sent { message, .. } => drop(sent.insert(message, record.at)),
            What::Queued { message, .. } | What::Received { message } => {
                arrived += 1;
                known += u64::from(sent.get(&message).is_some_and(|it| *it <= record.at));
            }
            _ => {}
        }
    });
    assert!(arrived > 500, "{arrived}");
    // An arrival of the workload is queued where it is made.
    let own = service(&world.report(), "customers").arrivals;
    assert!(arrived - known <= own, "{arrived} {known} {own}");
}

#[test]
fn a_part_alone_is_not_the_run() {
    let Some((model, parts)) = share(&[&["customers", "shop", "ledger"], &["stock", "packer"]])
    else {
        return;
    };
    let mut traces: Vec<Part> = parts.into_iter().map(|it| it.0).collect();
    let other = merge(&model, model.seed + 1, &traces);
    assert!(matches!(other, Err(Misfit::Apart { .. })), "{other:?}");
    traces[0].trace = Trace::new(Source::Part);
    let alone = merge(&model, model.seed, &traces);
    assert!(matches!(alone, Err(Misfit::Missing { .. })), "{alone:?}");
}

#[test]
fn a_service_is_run_by_one_process() {
    let Some(server) = Server::start_for("two processes that run the same") else { return };
    let model = model(SHOP);
    let span = Span::from_secs(3600);
    let first = start(&model, &server, &["customers", "shop"], span);
    wait_in_the_beginning(&first, "`stock`, `packer`, `ledger`");
    let second = start(&model, &server, &["shop", "stock"], span);
    let said = failure(&second);
    assert!(said.contains("`shop`") && said.contains("--only"), "{said}");
    first.stop();
    let said = failure(&first);
    assert!(said.contains("stopped"), "{said}");
}

#[test]
fn whatever_is_sent_to_a_part_it_does_not_break_down() {
    use inflight::sim::{Happening, Input, Traveller};
    let Some((model, parts)) = share(&[&["customers", "stock"], &["shop", "packer", "ledger"]])
    else {
        return;
    };
    let mut forged = 0;
    for (part, _) in &parts {
        let inputs: Vec<Input> = part.trace.iter().collect();
        let begin = inputs.len() / 2;
        let mut half = World::live(Arc::clone(&model), model.seed, Source::Part);
        half.step(&mut ());
        for input in &inputs[..begin] {
            half.take_in(input, &mut ());
        }
        let brought = inputs[begin..].iter().filter_map(|it| match &it.what {
            Happening::Brought(traveller) => Some((it.at, traveller.to_words())),
            _ => None,
        });
        for (at, words) in brought.take(8) {
            for place in 0..Traveller::WORDS {
                for value in [0, 1, 2, 3, words[place] ^ 1, words[place] + 1, u64::MAX] {
                    let mut words = words;
                    words[place] = value;
                    let Some(traveller) = Traveller::from_words(&words) else { continue };
                    let mut world = half.clone();
                    let what = Happening::Brought(Box::new(traveller));
                    world.take_in(&Input { at, what }, &mut ());
                    assert!(world.audit().is_balanced(), "{words:?}: {:?}", world.audit());
                    forged += 1;
                }
            }
        }
    }
    assert!(forged > 500, "{forged}");
}

#[test]
fn what_was_sent_to_a_process_that_died_is_lost_and_not_waited_for() {
    let Some(server) = Server::start_for("a process that dies in a run that two share") else {
        return;
    };
    let listener = {
        let mut client = Client::connect(server.port);
        client.say("SUB *.to.* 7\r\n");
        client
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.ron"), SHOP).unwrap();
    let said = folder.path().join("said.json");
    let run = |only: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_inflight"));
        command.current_dir(folder.path()).args(["live", "shop.ron", "--json", "--for", "5s"]);
        command.args(["--grace", "1h", "--broker", &server.url(), "--only", only]);
        command
    };
    let null = std::process::Stdio::null;
    let mut dies = run("stock,packer,ledger").stdout(null()).stderr(null()).spawn().unwrap();
    let mut lives = run("customers,shop");
    lives.stdout(std::fs::File::create(&said).unwrap()).stderr(null());
    let mut lives = lives.spawn().unwrap();
    let begun = listener.until(Instant::now() + super::CAP, |it| it.subscription == "7");
    dies.kill().unwrap();
    dies.wait().unwrap();
    assert!(begun.is_some(), "something goes from one to the other");
    let begin = Instant::now();
    while lives.try_wait().unwrap().is_none() {
        if begin.elapsed() > super::CAP {
            lives.kill().unwrap();
            panic!("it waits for what cannot come");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let document: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&said).unwrap()).unwrap();
    let trouble = document["live"]["trouble"].as_str().unwrap();
    let (whom, lost) = trouble.rsplit_once(": ").unwrap();
    assert!(whom.contains("`stock`") && whom.contains("lost unless it comes back"), "{trouble}");
    assert!(lost.parse::<u64>().unwrap() > 0, "{trouble}");
}

#[test]
fn what_is_left_at_a_server_that_comes_back_is_waited_for() {
    // All is done at once, so that the clerk has nothing in hands when the server is killed. What comes
    // meanwhile is published when it is back, and hardly anything comes after that.
    let text = r#"Scenario(format: 1, title: "left", events: { "Task": Event() },
        topics: { "work": Queue(ack_wait: "2s") }, links: Links(default: Link(latency: "1ms")),
        workloads: { "boss": Workload(arrivals: Every("5ms"), event: "Task", do: [Publish("Task", "work")]) },
        services: { "clerk": Service(workers: 2, consumes: { "work": Consume(prefetch: 8, on: { "Task": [Work("1ms")] }) }) })"#;
    let Some(mut server) = Server::start_for("a server that is killed as a shared run ends") else {
        return;
    };
    let model = model(text);
    let span = Span::from_millis(2_000);
    let [boss, clerk] = [&["boss"][..], &["clerk"]].map(|it| start(&model, &server, it, span));
    wait(&boss, "some of the work", |it| it.now > Time::from_secs_f64(0.5));
    server.kill();
    wait(&boss, "most of the work", |it| it.now > Time::from_secs_f64(1.5));
    server.restart_there();
    let ended = [boss, clerk].map(|handle| {
        wait(&handle, "the end", |it| it.phase == Phase::Over);
        end(handle).0.report()
    });
    let published = topic(&ended[0], "work").published;
    let done = service(&ended[1], "clerk").completed;
    assert!(published > 200 && done >= published, "{done} of {published}");
}

/// Waits until a run says that it waits for these.
fn wait_in_the_beginning(handle: &Handle, whom: &str) {
    let is_so = |handle: &Handle| handle.status().trouble.is_some_and(|it| it.contains(whom));
    until(|| is_so(handle), "it waits for others");
}

fn failure(handle: &Handle) -> String {
    until(|| handle.status().phase == Phase::Failed, "it fails");
    handle.status().trouble.unwrap_or_default()
}

fn until(mut is_so: impl FnMut() -> bool, what: &str) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < super::CAP, "{what}: never");
        std::thread::sleep(Duration::from_millis(5));
    }
}
