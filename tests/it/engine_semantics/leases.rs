//! Queue topics, where a message and its lease, its consumer or its broker part. Source: NATS
//! `JetStream` 2.9.10 as it was seen to behave.

use insta::assert_snapshot;

use super::queues::queue;
use crate::drawing::draw;

const SHOW: &str = "deliver settle drop life";

/// `JetStream` 2.9.10: a NAK of a delivery that has run out takes the message from whoever was
/// handed it meanwhile.
#[test]
fn a_late_nack_makes_a_delivery_that_nobody_needed() {
    let steps = r#"If(condition: Has("seen", 1), then: [Work("600ms")], otherwise: [Update(store: "seen", key: 1, insert: true), Work("700ms"), Fail(1)])"#;
    let worker = "instances: 2, stores: { \"seen\": Set(key: Int) },";
    let consume = "prefetch: 1, on_failure: Retry(\"0s\"),";
    let it = queue("ack_wait: \"500ms\",", "\"0s\"", worker, consume, steps);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
       w/1  aaaaaa!aaaaaa
       w/2  ·····aaaaaa
    0.000  q → w/1: a
    0.500  q: a waits again
    0.500  q → w/2: a, delivery 2
    0.700  q: a waits again
    0.700  q → w/1: a, delivery 3
    1.100  q: a acked
    "#);
}

/// `JetStream` and SQS know nothing of connections: what a lost consumer held waits for its time.
#[test]
fn where_leases_outlive_their_consumer_a_crash_is_noticed_by_the_ack_wait_only() {
    let it = queue(
        "profile: JetStream, ack_wait: \"1s\",",
        r#""0s", "0s""#,
        "instances: 2,",
        "prefetch: 1,",
        r#"Work("300ms")"#,
    );
    let crash = r#"faults: [Crash(service: "w", instance: 1, at: "200ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 2000, SHOW), @r#"
       w/1  a!##################
       w/2  bbb·······aaa
    0.000  q → w/1: a
    0.000  q → w/2: b
    0.200  delivery of a dropped: crashed
    0.200  w/1 is down
    0.300  q: b acked
    1.000  q: a waits again
    1.000  q → w/2: a, delivery 2
    1.300  q: a acked
    "#);
}

/// `JetStream` 2.9.10: after a restart a duplicate is still known.
#[test]
fn an_outage_forgets_no_id() {
    let it = queue("dedupe_window: \"9s\",", "\"0s\"", "", "", r#"Work("100ms")"#);
    let late = r#"
        links: Links(default: Link(latency: "0ms"), between: [OneWay("s", "q", Link(latency: Uniform("0ms", "2s"), duplication: 1, transport: Datagram))]),
        faults: [Outage(topic: "q", at: "800ms", for: "300ms")],
    "#;
    assert_snapshot!(draw(&(it + late), 100, 3000, "publish deliver settle drop"), @r#"
         w  ······aa
    0.000  s → q: a
    0.000  s → q: a
    0.669  q → w: a
    0.769  q: a acked
    1.451  publish of a dropped: duplicate
    "#);
}
