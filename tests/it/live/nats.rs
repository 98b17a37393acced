//! Live with a real NATS server: it is killed and comes back, and nothing is left there.

use inflight::live::{self, Handle, Phase, Where};
use inflight::model::{Act, ServiceId, Setting, Span, TopicId};
use inflight::sim::{Happening, Input};

use super::{end, model, service, start, topic, wait};
use crate::real_broker::nats::{Came, Client, Server};

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

/// Moves of seven keys in a log, that a group writes down.
const MOVES: &str = r#"Scenario(format: 1, title: "a log at nats",
    events: { "Moved": Event(key: "k", fields: { "k": Numbered("k-", 7), "n": Sequence("m-") }) },
    topics: { "moves": Log(partitions: 3) },
    links: Links(default: Link(latency: "1ms")),
    workloads: { "boss": Workload(arrivals: Poisson(per_second: 200), event: "Moved", do: [Publish("Moved", "moves")]) },
    services: {
        "books": Service(instances: 2,
            stores: { "journal": Log(key: Text, value: Text, projection_of: "moves") },
            consumes: { "moves": Consume(prefetch: 20, commit: Every("100ms"),
                on: { "Moved": [Work("1ms"), Update(store: "journal", key: Field("k"), append: Field("n"))] }) }),
    },
)"#;

#[test]
fn nothing_of_a_log_is_lost_when_the_server_is_killed_and_comes_back() {
    let Some(mut server) = Server::start_for("a log at a NATS server that is killed") else {
        return;
    };
    let handle = start(&model(MOVES), &Where::Nats(server.url()));
    wait(&handle, "some moves", |it| it.inputs > 3_000);
    // What a group has committed is with the server.
    let mut client = Client::connect(server.port);
    let consumer = ask(&mut client, "CONSUMER", ".group-0-0").payload;
    let (_, floor) = consumer.split_once("\"ack_floor\"").unwrap();
    let floor = Came { payload: floor.to_owned(), ..ask(&mut client, "STREAM", "") };
    assert!(floor.number("stream_seq") > Some(0), "{consumer}");
    for _ in 0..2 {
        server.kill_and_restart_there();
        let before = handle.status().inputs;
        wait(&handle, "the connection", |it| it.connected && it.inputs > before + 2_000);
    }
    handle.stop();
    let (world, _) = end(handle);
    let report = world.report();
    let (moves, journal) = (topic(&report, "moves"), report.stores[0].projection.as_ref().unwrap());
    assert_eq!(world.audit().alive(), 0, "{moves:?}");
    assert_eq!(moves.waiting, moves.published, "each is in the log once");
    assert_eq!((journal.not_yet, journal.never), (0, 0), "{journal:?}");
    let books = &moves.groups[0];
    assert_eq!((books.delivered - books.redelivered, books.lag), (moves.published, 0), "{books:?}");
    let completed = service(&report, "books").completed;
    assert!(completed >= moves.published, "each at least once: {completed}, {books:?}");
}

#[test]
fn a_run_over_a_log_at_the_server_is_gone_on_with_by_virtual_time() {
    let Some(server) = Server::start_for("a run over a log that is gone on with") else { return };
    let handle = start(&model(MOVES), &Where::Nats(server.url()));
    wait(&handle, "some moves", |it| it.inputs > 1_000);
    handle.stop();
    handle.stop();
    let (mut world, _) = end(handle);
    let (now, published) = (world.now(), topic(&world.report(), "moves").published);
    world.go_on_by_itself(now);
    world.run_until(now + Span::from_secs(10), &mut ());
    assert!(world.audit().is_balanced(), "{:?}", world.audit());
    let report = world.report();
    let (moves, journal) = (topic(&report, "moves"), report.stores[0].projection.as_ref().unwrap());
    assert!(moves.published > published + 1_000);
    assert!(journal.never == 0 && journal.not_yet < 100, "{journal:?}");
}

/// What a NATS server says of the only stream that there is, or of a consumer of it.
fn ask(client: &mut Client, what: &str, consumer: &str) -> Came {
    let names = client.ask("$JS.API.STREAM.NAMES", "").payload;
    let begin = names.find("inflight-").unwrap();
    let name: String = names[begin..].chars().take_while(|it| *it != '"').collect();
    client.ask(&format!("$JS.API.{what}.INFO.{name}{consumer}"), "")
}

/// The same, by the names of its figures.
fn asks(client: &mut Client, what: &str, consumer: &str) -> impl Fn(&str) -> u64 {
    let answer = ask(client, what, consumer);
    // What is as it always is the server leaves out.
    move |field| answer.number(field).unwrap_or_default()
}

/// Waits until the server says so.
fn at_the_server(handle: &Handle, what: &str, mut is_so: impl FnMut() -> bool) {
    wait(handle, what, |_| is_so());
}

#[test]
fn what_is_done_to_a_queue_by_hand_is_done_at_the_server() {
    let Some(server) = Server::start_for("what is done by hand to a NATS server") else { return };
    let model = model(
        r#"Scenario(format: 1, title: "by hand",
            events: { "Task": Event() }, topics: { "work": Queue(ack_wait: "1h") },
            links: Links(default: Link(latency: "1ms")),
            workloads: { "boss": Workload(arrivals: Bursts(size: 100, every: "1h", within: "0ms"),
                event: "Task", do: [Publish("Task", "work")]) },
            services: { "worker": Service(consumes: { "work": Consume(prefetch: 4, on: { "Task": [Work("1h")] }) }) },
        )"#,
    );
    let handle = start(&model, &Where::Nats(server.url()));
    let mut client = Client::connect(server.port);
    let worker = model.services.iter().position(|it| it.name == "worker").unwrap();
    let (topic_id, worker) = (TopicId(0), ServiceId::from_index(worker));
    wait(&handle, "its begin", |it| it.phase == Phase::Runs);
    let pending = |client: &mut Client| asks(client, "CONSUMER", ".workers")("num_ack_pending");
    at_the_server(&handle, "the backlog", || {
        asks(&mut client, "STREAM", "")("messages") == 100 && pending(&mut client) == 4
    });

    let prefetch = |prefetch| Setting::Prefetch { service: worker, topic: topic_id, prefetch };
    handle.act(Act::Set(prefetch(9)));
    at_the_server(&handle, "more room", || pending(&mut client) == 9);
    handle.act(Act::Set(Setting::AckWait { topic: topic_id, wait: Some(Span::from_secs(900)) }));
    handle.act(Act::Set(Setting::MaxDeliveries { topic: topic_id, most: Some(5) }));
    at_the_server(&handle, "other settings", || {
        let is = asks(&mut client, "CONSUMER", ".workers");
        is("ack_wait") == 900_000_000_000 && is("max_deliver") == 5
    });
    handle.act(Act::Purge { topic: topic_id });
    at_the_server(&handle, "an empty stream", || asks(&mut client, "STREAM", "")("messages") == 0);
    let is_purge = |it: Input| matches!(it.what, Happening::Purged { .. });
    wait(&handle, "what was purged", |_| handle.trace().iter().any(is_purge));
    assert_eq!(handle.status().trouble, None);
    handle.stop();
    handle.stop();
    let (world, _) = end(handle);
    let work = world.report();
    let work = topic(&work, "work");
    assert_eq!((work.published, work.waiting, work.leased, work.acked), (100, 0, 0, 0), "{work:?}");
}

#[test]
fn what_a_run_left_that_died_a_later_one_deletes_but_not_that_of_one_that_lives() {
    let Some(server) = Server::start_for("what is left at a NATS server") else { return };
    let living = start(&model(MOVES), &Where::Nats(server.url()));
    wait(&living, "its begin", |it| it.inputs > 100);
    let mut client = Client::connect(server.port);
    // As a run makes them that was killed; and one of somebody else.
    for (name, said) in [("inflight-dead-0", "of a run of inflight"), ("inflight-other-0", "mine")]
    {
        client.ask(
            &format!("$JS.API.STREAM.CREATE.{name}"),
            &format!(r#"{{"name":"{name}","subjects":["{name}"],"description":"{said}"}}"#),
        );
    }
    let options = live::Options {
        broker: Where::Nats(server.url()),
        grace: Span::from_secs(60),
        leftovers_after: Span::ZERO,
        ..live::Options::new(1)
    };
    let later = live::start(model(MOVES), &options).unwrap();
    let mut names = || client.ask("$JS.API.STREAM.NAMES", "").payload;
    wait(&later, "what is left is deleted", |_| !names().contains("inflight-dead"));
    let left = names();
    assert!(left.contains("inflight-other"), "{left}");
    assert_eq!(left.matches("inflight-").count(), 3, "both runs have theirs: {left}");
    let inputs = living.status().inputs;
    wait(&living, "that it goes on", |it| it.inputs > inputs + 100);
    for handle in [living, later] {
        handle.stop();
        end(handle);
    }
}

#[test]
fn a_log_of_which_jetstream_lacks_something_is_refused_with_a_sentence() {
    for (log, faults, says) in [
        (r#"Log(compaction: Compact(every: "1s"))"#, "", "is compacted"),
        (r#"Log(replication: "5ms")"#, "", "has followers"),
        (r#"Log(retention_size: "1KiB")"#, "", "so many bytes"),
        (r#"Log(retention_events: 5, segment_events: 5)"#, "", "whole segments"),
        (
            r#"Log(replication: "5ms")"#,
            r#"LeaderLoss(topic: "moves", at: "1s", for: "1s")"#,
            "has followers",
        ),
    ] {
        let text = MOVES
            .replace("Log(partitions: 3)", log)
            .replace("    services: {", &format!("    faults: [{faults}],\n    services: {{"));
        let options = live::Options {
            // Nobody needs to be there for it.
            broker: Where::parse("nats://127.0.0.1:1").unwrap(),
            ..live::Options::new(1)
        };
        let handle = live::start(model(&text), &options).unwrap();
        let begin = std::time::Instant::now();
        while handle.status().phase != Phase::Failed {
            assert!(begin.elapsed() < super::CAP, "{log}: {:?}", handle.status());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let said = handle.status().trouble.unwrap();
        assert!(said.contains("`moves`") && said.contains(says), "{log}: {said}");
        assert!(said.contains("--broker embedded"), "{said}");
    }
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

#[test]
fn what_is_secret_in_a_url_is_never_shown() {
    for (text, shown) in [
        ("nats://me:se,cret@one:1", "NATS at one:1"),
        ("nats://me:se,cret@one:1, nats://you:secret@two:2", "NATS at one:1, two:2"),
        ("tls://secret@one:1/,nats://two:2", "NATS at one:1, two:2"),
    ] {
        assert_eq!(Where::parse(text).unwrap().name(), shown);
    }
    let mistyped = Where::parse("natss://me:secret@one:1").unwrap_err();
    assert!(mistyped.contains("one:1") && !mistyped.contains("secret"), "{mistyped}");
}
