//! The contract of logs: the same small scenarios keep the same promises, simulated, with the
//! embedded broker, and with NATS.

use std::sync::Arc;

use inflight::model::Model;
use inflight::sim::report::GroupReport;

use super::contract::on_every_engine;
use super::{model, service, topic};

/// Eighty events of four keys go to a log that two groups read.
fn scenario(log: &str, between: &str, consume: &str, faults: &str) -> Arc<Model> {
    model(&text(log, between, consume, faults))
}

fn text(log: &str, between: &str, consume: &str, faults: &str) -> String {
    format!(
        r#"Scenario(format: 1, title: "contract of a log",
            events: {{ "Moved": Event(key: "k", fields: {{ "k": Numbered("k-", 4), "n": Sequence("m-") }}) }},
            topics: {{ "moves": {log} }},
            links: Links(default: Link(latency: "1ms"), between: [{between}]),
            workloads: {{ "boss": Workload(
                arrivals: Bursts(size: 20, every: "100ms", within: "50ms"), until: "400ms",
                event: "Moved", do: [Publish("Moved", "moves")]) }},
            services: {{
                "books": Service(instances: 2,
                    stores: {{ "journal": Log(key: Text, value: Text, projection_of: "moves") }},
                    consumes: {{ "moves": Consume({consume}
                        on: {{ "Moved": [Work(Exponential("1ms")), Update(store: "journal", key: Field("k"), append: Field("n"))] }}) }}),
                "clerk": Service(consumes: {{ "moves": Consume(on: {{ "Moved": [] }}) }}),
            }},
            faults: [{faults}],
        )"#
    )
}

fn group<'r>(report: &'r inflight::sim::Report, name: &str) -> &'r GroupReport {
    topic(report, "moves").groups.iter().find(|it| it.name == name).unwrap()
}

#[test]
fn each_group_is_sent_each_event_once_and_in_order_if_nothing_goes_wrong() {
    let model = scenario("Log(partitions: 3)", "", "", "");
    on_every_engine(&model, "the contract of a log", |engine, report| {
        let moves = topic(report, "moves");
        assert_eq!((moves.published, moves.waiting), (80, 80), "{engine}: what is read stays");
        for name in ["books", "clerk"] {
            assert_eq!(service(report, name).completed, 80, "{engine}");
            let group = group(report, name);
            assert_eq!((group.delivered, group.redelivered, group.lag), (80, 0, 0), "{engine}");
        }
        let journal = report.stores[0].projection.as_ref().unwrap();
        assert_eq!((journal.wrong_keys, journal.never), (0, 0), "{engine}: {journal:?}");
    });
}

#[test]
fn what_was_not_committed_is_read_again() {
    let text = text(
        "Log(partitions: 2)",
        "",
        r#"commit: Every("5s"), session_timeout: "100ms","#,
        r#"Crash(service: "books", at: "1200ms", for: "150ms")"#,
    );
    let model = model(&text.replace(r#"until: "400ms""#, r#"until: "1500ms""#));
    on_every_engine(&model, "what a log's reader has not committed", |engine, report| {
        let (moves, books) = (topic(report, "moves"), group(report, "books"));
        assert_eq!(moves.waiting, moves.published, "{engine}");
        assert!(books.redelivered > 0, "{engine}: {books:?}");
        let completed = service(report, "books").completed;
        assert!(completed >= moves.published, "{engine}: {completed}, each at least once");
        let clerk = group(report, "clerk");
        let clerk = (clerk.delivered, clerk.redelivered);
        assert_eq!(clerk, (moves.published, 0), "{engine}: the other reads on");
        let journal = report.stores[0].projection.as_ref().unwrap();
        assert_eq!((journal.not_yet, journal.never), (0, 0), "{engine}: {journal:?}");
    });
}

#[test]
fn a_replay_sends_all_of_it_again() {
    let model = scenario(
        "Log(partitions: 3)",
        "",
        "",
        r#"Replay(service: "clerk", topic: "moves", to: Earliest, at: "700ms")"#,
    );
    on_every_engine(&model, "the replay of a log", |engine, report| {
        let (books, clerk) = (group(report, "books"), group(report, "clerk"));
        assert_eq!((books.delivered, books.lag), (80, 0), "{engine}");
        // Live, on a busy machine, some had not come yet.
        assert!(clerk.redelivered > 0, "{engine}: {clerk:?}");
        assert_eq!((clerk.delivered - clerk.redelivered, clerk.lag), (80, 0), "{engine}");
        assert_eq!(service(report, "clerk").completed, clerk.delivered, "{engine}");
    });
}

#[test]
fn what_an_idempotent_producer_sends_again_is_appended_once() {
    let text = |idempotent| {
        format!(
            r#"Scenario(format: 1, title: "contract of a producer",
                events: {{ "Moved": Event(key: "k", fields: {{ "k": Numbered("k-", 4) }}) }},
                topics: {{ "moves": Log(partitions: 2) }},
                links: Links(default: Link(latency: "1ms"),
                    between: [OneWay("moves", "boss", Link(latency: "1ms", loss: 0.3, transport: Datagram))]),
                workloads: {{ "boss": Workload(
                    arrivals: Bursts(size: 20, every: "100ms", within: "50ms"), until: "400ms",
                    event: "Moved", do: [Publish("Moved", "moves")],
                    publishes: {{ "moves": Producer(idempotent: {idempotent}, timeout: "40ms", retries: Unlimited, backoff: Fixed("5ms")) }}) }},
                services: {{ "clerk": Service(consumes: {{ "moves": Consume(on: {{ "Moved": [] }}) }}) }},
            )"#
        )
    };
    for idempotent in [true, false] {
        let model = model(&text(idempotent));
        on_every_engine(&model, "an idempotent producer", |engine, report| {
            let (moves, clerk) = (topic(report, "moves"), group(report, "clerk"));
            let again = clerk.delivered - 80;
            assert_eq!(moves.deduplicated > 0, idempotent, "{engine}: {moves:?}");
            assert_eq!(again > 0, !idempotent, "{engine}: {clerk:?}");
            assert_eq!(moves.waiting, clerk.delivered, "{engine}");
        });
    }
}

#[test]
fn what_is_kept_is_bounded_and_who_is_behind_misses_some() {
    let model = model(
        r#"Scenario(format: 1, title: "retention",
            events: { "Moved": Event(key: "k", fields: { "k": Numbered("k-", 4) }) },
            topics: { "moves": Log(partitions: 2, retention_events: 5) },
            links: Links(default: Link(latency: "1ms")),
            workloads: { "boss": Workload(
                arrivals: Bursts(size: 20, every: "100ms", within: "50ms"), until: "400ms",
                event: "Moved", do: [Publish("Moved", "moves")]) },
            services: {
                "books": Service(consumes: { "moves": Consume(prefetch: 1, on: { "Moved": [Work("20ms")] }) }),
                "clerk": Service(consumes: { "moves": Consume(on: { "Moved": [] }) }),
            },
        )"#,
    );
    on_every_engine(&model, "the retention of a log", |engine, report| {
        let moves = topic(report, "moves");
        assert_eq!((moves.published, moves.waiting), (80, 10), "{engine}: {moves:?}");
        for name in ["books", "clerk"] {
            let it = group(report, name);
            assert_eq!((it.delivered + it.fell_off, it.redelivered), (80, 0), "{engine}: {it:?}");
        }
        assert!(group(report, "books").fell_off > 0, "{engine}: {:?}", group(report, "books"));
    });
}

#[test]
fn partitions_move_to_who_is_there() {
    for protocol in ["Eager", "Cooperative"] {
        let model = scenario(
            "Log(partitions: 4)",
            "",
            &format!(r#"session_timeout: "40ms", rebalance_pause: "20ms", protocol: {protocol},"#),
            r#"Crash(service: "books", instance: 1, at: "120ms", for: "100ms"),
               Cut(between: ("books", "moves"), at: "280ms", for: "30ms", hold: false)"#,
        );
        on_every_engine(&model, "a group whose members come and go", |engine, report| {
            let books = group(report, "books");
            assert!(books.delivered >= 80 && books.lag == 0, "{engine}: {books:?}");
            let journal = report.stores[0].projection.as_ref().unwrap();
            assert_eq!((journal.not_yet, journal.never), (0, 0), "{engine}: {journal:?}");
        });
    }
}

#[test]
fn a_log_that_is_out_for_a_while_loses_nothing() {
    let model = scenario(
        "Log(partitions: 3)",
        "",
        "",
        r#"Outage(topic: "moves", at: "60ms", for: "150ms")"#,
    );
    on_every_engine(&model, "a log that is out for a while", |engine, report| {
        for name in ["books", "clerk"] {
            let it = group(report, name);
            assert_eq!((it.delivered - it.redelivered, it.lag), (80, 0), "{engine}: {it:?}");
        }
        let journal = report.stores[0].projection.as_ref().unwrap();
        assert_eq!((journal.not_yet, journal.never), (0, 0), "{engine}: {journal:?}");
    });
}

#[test]
fn what_is_purged_is_gone_and_what_comes_after_is_read() {
    let model = scenario(
        "Log(partitions: 3)",
        "",
        r#"prefetch: 1,"#,
        r#"Purge(topic: "moves", at: "250ms")"#,
    );
    on_every_engine(&model, "a log that is purged", |engine, report| {
        let moves = topic(report, "moves");
        assert!(moves.waiting > 0 && moves.waiting < 80, "{engine}: {moves:?}");
        for name in ["books", "clerk"] {
            let it = group(report, name);
            assert_eq!((it.delivered + it.fell_off, it.lag), (80, 0), "{engine}: {it:?}");
        }
    });
}
