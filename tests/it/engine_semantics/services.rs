//! Stores, crashes and the network: what is kept, what is lost, and what keeps its order.

use insta::assert_snapshot;

use crate::drawing::draw;

/// One event each at these times, sent to `s`, which has these stores.
fn sent(at: &str, server: &str, steps: &str) -> String {
    format!(
        r#"
        events: {{ "E": Event(fields: {{ "n": 5 }}) }},
        workloads: {{ "c": Workload(arrivals: At([{at}]), event: "E", do: [Send(to: "s", event: "E")]) }},
        services: {{ "s": Service({server} answers: {{ "E": [{steps}] }}) }},
        "#
    )
}

#[test]
fn a_crash_empties_what_is_in_memory_and_keeps_what_is_durable() {
    let it = sent(
        r#""0s", "1s""#,
        "stores: { \"memory\": Counter(durable: false), \"disk\": Counter() },",
        r#"Update(store: "memory", increment: true), Update(store: "disk", increment: true)"#,
    );
    let crash = r#"faults: [Crash(service: "s", at: "500ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 2000, "store life"), @r#"
         s  a····#····b
    0.000  memory = 1
    0.000  disk = 1
    0.500  s is down
    0.500  memory = 0
    0.600  s is up
    1.000  memory = 1
    1.000  disk = 2
    "#);
}

/// A durable write and an ack are two things, and a crash can fall between them.
#[test]
fn a_crash_between_the_write_and_the_ack_counts_twice() {
    let it = r#"
        events: { "E": Event() },
        topics: { "q": Queue() },
        workloads: { "c": Workload(arrivals: At(["0s"]), event: "E", do: [Publish("E", "q")]) },
        services: { "s": Service(stores: { "total": Counter() }, consumes: { "q": Consume(on: { "E": [
            Work("100ms"), Update(store: "total", increment: true), Work("200ms"),
        ] }) }) },
        faults: [Crash(service: "s", at: "200ms", for: "100ms")],
    "#;
    assert_snapshot!(draw(it, 100, 2000, "store deliver settle life"), @r#"
         s  a!#aaa
    0.000  q → s: a
    0.100  total = 1
    0.200  s is down
    0.200  q: a waits again
    0.300  s is up
    0.300  q → s: a, delivery 2
    0.400  total = 2
    0.600  q: a acked
    "#);
}

#[test]
fn a_set_of_ids_makes_a_second_delivery_harmless() {
    let it = r#"
        events: { "E": Event(fields: { "id": Sequence("e-") }) },
        topics: { "q": Queue() },
        workloads: { "c": Workload(arrivals: At(["0s"]), event: "E", do: [Publish("E", "q")]) },
        services: { "s": Service(stores: { "seen": Set(key: Text), "total": Counter() }, consumes: { "q": Consume(on: { "E": [
            Work("100ms"),
            If(condition: Has("seen", Field("id")), then: [], otherwise: [
                Update(store: "seen", key: Field("id"), insert: true), Update(store: "total", increment: true),
            ]),
            Work("200ms"),
        ] }) }) },
        faults: [Crash(service: "s", at: "200ms", for: "100ms")],
    "#;
    assert_snapshot!(draw(it, 100, 2000, "store deliver settle life"), @r#"
         s  a!#aaa
    0.000  q → s: a
    0.100  seen[e-1] = 1
    0.100  total = 1
    0.200  s is down
    0.200  q: a waits again
    0.300  s is up
    0.300  q → s: a, delivery 2
    0.600  q: a acked
    "#);
}

#[test]
fn a_store_of_versions_keeps_out_what_is_stale() {
    let it = r#"
        events: { "E": Event(fields: { "v": 0 }) },
        workloads: {
            "new": Workload(arrivals: At(["0s"]), event: "E", do: [Send(to: "s", event: "E", with: { "v": 2 })]),
            "old": Workload(arrivals: At(["1s"]), event: "E", do: [Send(to: "s", event: "E", with: { "v": 1 })]),
        },
        services: { "s": Service(stores: { "last": Last(), "newest": LastVersion() }, answers: { "E": [
            Update(store: "last", put: Field("v")), Update(store: "newest", put: Field("v"), version: Field("v")),
        ] }) },
    "#;
    assert_snapshot!(draw(it, 100, 2000, "store"), @r#"
         s  a·········b
    0.000  last = 2
    0.000  newest = 2
    1.000  last = 1
    "#);
}

fn over(link: &str, faults: &str) -> String {
    let it = sent(r#""0s", "0s", "0s", "0s""#, "workers: Unlimited,", "Work(\"100ms\")");
    format!("{it} links: Links(default: {link}), faults: [{faults}],")
}

#[test]
fn a_stream_keeps_the_order_of_what_is_sent() {
    let it = over(r#"Link(latency: Uniform("0ms", "900ms"))"#, "");
    assert_snapshot!(draw(&it, 100, 3000, "drop"), @r#"
    s  ·······aa
       ·······bb
       ·······cc
       ·······dd
    "#);
}

#[test]
fn datagrams_overtake_one_another() {
    let it = over(r#"Link(latency: Uniform("0ms", "900ms"), transport: Datagram)"#, "");
    assert_snapshot!(draw(&it, 100, 3000, "drop"), @r#"
    s  ····ddbaa
       ····cc
    "#);
}

#[test]
fn a_loss_on_a_stream_is_a_delay() {
    let it =
        over(r#"Link(latency: "10ms", loss: 0.5, transport: Stream(retransmit: "300ms"))"#, "");
    assert_snapshot!(draw(&it, 100, 5000, "drop"), @r#"
    s  ···aa
       ···bb
       ···cc
       ···dd
    "#);
}

#[test]
fn a_loss_of_a_datagram_is_a_loss() {
    let it = over(r#"Link(latency: "10ms", loss: 0.5, transport: Datagram)"#, "");
    assert_snapshot!(draw(&it, 100, 5000, "drop"), @r#"
         s  bb
            cc
    0.010  one-way of a dropped: lost
    0.010  one-way of d dropped: lost
    "#);
}

#[test]
fn a_cut_that_holds_delivers_late_and_in_order() {
    let it = over(
        r#"Link(latency: "10ms")"#,
        r#"Cut(between: ("c", "s"), at: "5ms", for: "1s", hold: true)"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, "drop"), @r#"
    s  ··········aa
       ··········bb
       ··········cc
       ··········dd
    "#);
}

#[test]
fn a_cut_that_does_not_hold_loses() {
    let it = over(
        r#"Link(latency: "10ms")"#,
        r#"Cut(between: ("c", "s"), at: "5ms", for: "1s", hold: false)"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, "drop"), @r#"
    0.010  one-way of a dropped: link cut
    0.010  one-way of b dropped: link cut
    0.010  one-way of c dropped: link cut
    0.010  one-way of d dropped: link cut
    "#);
}

#[test]
fn bandwidth_is_a_queue_before_the_link() {
    let it = over(r#"Link(latency: "10ms", bandwidth: "1kB")"#, "")
        .replace("Event(", "Event(size: \"200B\", ");
    assert_snapshot!(draw(&it, 100, 3000, "drop"), @r#"
           s  ··aabbccdd
    "#);
}

#[test]
fn a_fault_can_reorder_a_stream() {
    let it = over(
        r#"Link(latency: "10ms")"#,
        r#"Delay(from: "c", to: "s", at: "0s", extra: Uniform("0ms", "900ms"), reorder: true)"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, "drop"), @r#"
    s  ··aa·cc
       ···ddbb
    "#);
}

/// They are taken up in a row, not one inside the other: twenty thousand are no deeper than two.
#[test]
fn however_many_wait_that_take_no_time_they_are_done_one_after_the_other() {
    let it = r#"
        events: { "E": Event() },
        workloads: { "c": Workload(arrivals: Every("1ms"), until: "20s", event: "E", do: [Send(to: "s", event: "E")]) },
        services: { "s": Service(workers: 1, stores: { "n": Counter() }, answers: { "E": [
            Update(store: "n", increment: true),
            If(condition: Compare(Stored("n"), Below, 2), then: [Work("20s")], otherwise: []),
        ] }) },
    "#;
    assert_snapshot!(draw(it, 5000, 30_000, "life"), @"       s  aaaae");
}
