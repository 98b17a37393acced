//! Live with a real NATS server: it is killed and comes back, and nothing is left there.

use inflight::live::{self, Phase, Where};
use inflight::model::Span;

use super::{end, model, service, start, topic, wait};
use crate::real_broker::nats::{Client, Server};

const WORK: &str = r#"Scenario(format: 1, title: "nats",
    events: { "Task": Event(fields: { "n": Sequence("t-") }) },
    requests: { "Ask": Request(), "Yes": Request() },
    topics: { "work": Queue(ack_wait: "2s") },
    links: Links(default: Link(latency: "1ms")),
    workloads: { "boss": Workload(arrivals: Poisson(per_second: 200), event: "Task", do: [
        Call(to: "stock", request: "Ask"), Publish("Task", "work")]) },
    services: {
        "stock": Service(answers: { "Ask": [Reply("Yes")] }),
        "worker": Service(workers: 4, consumes: { "work": Consume(prefetch: 8, on: { "Task": [Work("1ms")] }) }),
    },
)"#;

#[test]
fn nothing_is_lost_when_the_server_is_killed_and_comes_back() {
    let Some(mut server) = Server::start_for("a NATS server that is killed") else { return };
    let handle = start(&model(WORK), &Where::Nats(server.url()));
    wait(&handle, "some work", |it| it.inputs > 2_000);
    server.kill_and_restart_there();
    let before = handle.status().inputs;
    wait(&handle, "the connection", |it| it.connected && it.inputs > before + 2_000);
    handle.stop();
    let (world, _) = end(handle);
    let report = world.report();
    let work = topic(&report, "work");
    assert!(work.published > 100);
    assert_eq!(world.audit().alive(), 0, "{work:?}");
    assert!(service(&report, "worker").completed >= work.published, "each at least once");
    assert_eq!((work.acked, work.waiting), (work.published, 0));
}

#[test]
fn a_backlog_at_the_server_is_worked_off() {
    let Some(server) = Server::start_for("a backlog at a NATS server") else { return };
    let model = model(
        r#"Scenario(format: 1, title: "backlog",
            events: { "Task": Event() }, topics: { "work": Queue(ack_wait: "30s") },
            links: Links(default: Link(latency: "0ms")),
            workloads: { "boss": Workload(arrivals: Bursts(size: 20000, every: "1h", within: "0ms"),
                event: "Task", do: [Publish("Task", "work")]) },
            services: { "worker": Service(workers: 8, consumes: {
                "work": Consume(prefetch: 256, on: { "Task": [] }) }) },
        )"#,
    );
    let handle = start(&model, &Where::Nats(server.url()));
    wait(&handle, "the backlog", |it| it.inputs > 20_000);
    handle.stop();
    let (world, _) = end(handle);
    let report = world.report();
    assert_eq!((topic(&report, "work").published, topic(&report, "work").acked), (20_000, 20_000));
}

#[test]
fn nothing_is_left_at_the_server() {
    let Some(server) = Server::start_for("what is left at a NATS server") else { return };
    let handle = start(&model(WORK), &Where::Nats(server.url()));
    wait(&handle, "some work", |it| it.inputs > 500);
    let mut client = Client::connect(server.port);
    let streams = |client: &mut Client| client.ask("$JS.API.STREAM.NAMES", "").number("total");
    assert_eq!(streams(&mut client), Some(1));
    handle.stop();
    end(handle);
    assert_eq!(streams(&mut client), Some(0));
}

#[test]
fn without_a_server_it_says_what_to_do() {
    // A port that somebody else had a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("nats://me:secret@127.0.0.1:{port}");
    let options = live::Options {
        broker: Where::parse(&url).unwrap(),
        grace: Span::from_secs(1),
        ..live::Options::new(1)
    };
    let handle = live::start(model(WORK), &options).unwrap();
    let begin = std::time::Instant::now();
    let status = loop {
        let status = handle.status();
        if status.phase == Phase::Failed {
            break status;
        }
        assert!(begin.elapsed() < super::CAP, "{status:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let said = status.trouble.unwrap();
    assert!(said.contains("nats-server -js") && said.contains(&port.to_string()), "{said}");
    assert!(!said.contains("secret"), "{said}");
    assert!(!options.broker.name().contains("secret"));
}
