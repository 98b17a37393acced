//! Producers and outboxes. Sources: Apache Kafka 4.0 `ProducerConfig`, "Design" (4.6, 4.7) and
//! `ProducerStateManager`; RabbitMQ "Consumer Acknowledgements and Publisher Confirms"; NATS
//! ADR-22; C. Richardson, "Microservices Patterns" (3.3.7).

use insta::assert_snapshot;

use crate::drawing::draw;

/// `s` tells `p` at these times, and `p` publishes to `t`, 50 ms away.
fn world(topic: &str, producer: &str, at: &str, steps: &str) -> String {
    format!(
        r#"
        events: {{ "E": Event() }},
        topics: {{ "t": {topic} }},
        links: Links(default: Link(latency: "0ms"), between: [Between("p", "t", Link(latency: "50ms"))]),
        workloads: {{ "s": Workload(arrivals: At([{at}]), event: "E", do: [Send(to: "p", event: "E")]) }},
        services: {{ "p": Service(publishes: {{ "t": Producer({producer}) }}, answers: {{ "E": [{steps}] }}) }},
        "#
    )
}

/// The same, with an outbox.
fn outbox(settings: &str, producer: &str, at: &str, steps: &str) -> String {
    world("Log()", producer, at, steps).replace(
        "Service(",
        &format!(
            r#"Service(stores: {{ "orders": Counter() }}, outboxes: {{ "out": Outbox(topic: "t", {settings}) }}, "#
        ),
    )
}

const SHOW: &str = "publish append confirm drop life";
const QUEUE: &str = "publish deliver settle confirm drop life";
const OUTBOX: &str = "publish append confirm outbox store drop life";
const LOG: &str = "Log()";
const PUBLISH: &str = r#"Publish("E", "t")"#;
const ONE: &str = r#""0s""#;
const THREE: &str = r#""0s", "0s", "0s""#;
/// What comes back from the topic is lost for a while.
const DEAF: &str = r#"faults: [Cut(from: "t", to: "p", at: "0s", for: "200ms", hold: false)],"#;
/// What goes to the topic is lost for a moment: the first of three.
const MUTE: &str = r#"faults: [Cut(from: "p", to: "t", at: "45ms", for: "10ms", hold: false)],"#;
const STAGGERED: &str = r#""0s", "20ms", "40ms""#;

#[test]
fn who_waits_for_a_confirm_is_held_until_it_comes() {
    let it = world(LOG, "wait: true,", r#""0s", "0s""#, PUBLISH);
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  aaaaaaaaaacccccccccc
    0.000  p → t: b
    0.050  t: p0 0 is b
    0.050  t → p: b confirm
    0.100  p → t: d
    0.150  t: p0 1 is d
    0.150  t → p: d confirm
    "#);
}

#[test]
fn who_does_not_wait_publishes_on_up_to_what_may_be_in_flight() {
    let it = world(LOG, "max_in_flight: 2,", THREE, PUBLISH);
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  e
    0.000  p → t: b
    0.000  p → t: d
    0.050  t: p0 0 is b
    0.050  t → p: b confirm
    0.050  t: p0 1 is d
    0.050  t → p: d confirm
    0.100  p → t: f
    0.150  t: p0 2 is f
    0.150  t → p: f confirm
    "#);
}

#[test]
fn without_confirms_a_lost_publish_is_lost() {
    let it = world(LOG, "acks: None,", STAGGERED, PUBLISH) + MUTE;
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  a·c·e
    0.000  p → t: b
    0.020  p → t: d
    0.040  p → t: f
    0.050  publish of b dropped: link cut
    0.070  t: p0 0 is d
    0.090  t: p0 1 is f
    "#);
}

#[test]
fn a_lost_confirm_and_a_retry_append_twice() {
    let it = world(LOG, r#"timeout: "200ms", retries: 2,"#, ONE, PUBLISH) + DEAF;
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  a
    0.000  p → t: b
    0.050  t: p0 0 is b
    0.050  t → p: b confirm
    0.050  confirm of b dropped: link cut
    0.300  p → t: b, attempt 2
    0.350  t: p0 1 is b
    0.350  t → p: b confirm
    "#);
}

#[test]
fn what_an_idempotent_producer_sends_again_is_appended_once() {
    let idempotent = r#"timeout: "200ms", retries: 2, idempotent: true,"#;
    let it = world(LOG, idempotent, ONE, PUBLISH) + DEAF;
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  a
    0.000  p → t: b
    0.050  t: p0 0 is b
    0.050  t → p: b confirm
    0.050  confirm of b dropped: link cut
    0.300  p → t: b, attempt 2
    0.350  publish of b dropped: duplicate
    0.350  t → p: b confirm
    "#);
}

#[test]
fn with_several_in_flight_a_retry_comes_after_what_was_published_later() {
    let it = world(LOG, r#"timeout: "200ms", retries: 2,"#, STAGGERED, PUBLISH) + MUTE;
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  a·c·e
    0.000  p → t: b
    0.020  p → t: d
    0.040  p → t: f
    0.050  publish of b dropped: link cut
    0.070  t: p0 0 is d
    0.070  t → p: d confirm
    0.090  t: p0 1 is f
    0.090  t → p: f confirm
    0.300  p → t: b, attempt 2
    0.350  t: p0 2 is b
    0.350  t → p: b confirm
    "#);
}

#[test]
fn with_one_in_flight_a_retry_keeps_its_place() {
    let one = r#"timeout: "200ms", retries: 2, max_in_flight: 1,"#;
    let it = world(LOG, one, STAGGERED, PUBLISH) + MUTE;
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  a·c·d
    0.000  p → t: b
    0.050  publish of b dropped: link cut
    0.300  p → t: b, attempt 2
    0.350  t: p0 0 is b
    0.350  t → p: b confirm
    0.400  p → t: e
    0.450  t: p0 1 is e
    0.450  t → p: e confirm
    0.500  p → t: f
    0.550  t: p0 2 is f
    0.550  t → p: f confirm
    "#);
}

#[test]
fn an_idempotent_producer_keeps_its_order_with_several_in_flight() {
    let idempotent = r#"timeout: "200ms", retries: Unlimited, idempotent: true,"#;
    let it = world(LOG, idempotent, STAGGERED, PUBLISH) + MUTE;
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  a·c·e
    0.000  p → t: b
    0.020  p → t: d
    0.040  p → t: f
    0.050  publish of b dropped: link cut
    0.070  publish of d dropped: out of order
    0.070  t → p: d refusal
    0.090  publish of f dropped: out of order
    0.090  t → p: f refusal
    0.300  p → t: b, attempt 2
    0.350  t: p0 0 is b
    0.350  t → p: b confirm
    0.400  p → t: d, attempt 2
    0.450  t: p0 1 is d
    0.450  t → p: d confirm
    0.500  p → t: f, attempt 2
    0.550  t: p0 2 is f
    0.550  t → p: f confirm
    "#);
}

/// `b` is lost twice and given up; that it did not arrive is seen by what becomes of `d`.
#[test]
fn an_idempotent_producer_that_gave_one_up_goes_on_in_another_epoch() {
    let idempotent =
        r#"timeout: "300ms", delivery_timeout: "600ms", retries: Unlimited, idempotent: true,"#;
    let twice = r#"faults: [
        Cut(from: "p", to: "t", at: "45ms", for: "10ms", hold: false),
        Cut(from: "p", to: "t", at: "445ms", for: "10ms", hold: false),
    ],"#;
    let it = world(LOG, idempotent, r#""0s", "420ms""#, PUBLISH) + twice;
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  a·········································c
    0.000  p → t: b
    0.050  publish of b dropped: link cut
    0.400  p → t: b, attempt 2
    0.420  p → t: d
    0.450  publish of b dropped: link cut
    0.470  publish of d dropped: out of order
    0.470  t → p: d refusal
    0.600  p: b given up
    0.620  p → t: d, attempt 2
    0.670  publish of d dropped: out of order
    0.670  t → p: d refusal
    0.820  p → t: d, attempt 3
    0.870  t: p0 0 is d
    0.870  t → p: d confirm
    "#);
}

#[test]
fn a_queue_takes_what_is_sent_again_a_second_time() {
    let it = world("Queue()", r#"timeout: "200ms", retries: 2,"#, ONE, PUBLISH).replace(
        "services: {",
        r#"services: { "w": Service(consumes: { "t": Consume(on: { "E": [] }) }),"#,
    ) + DEAF;
    assert_snapshot!(draw(&it, 10, 2000, QUEUE), @r#"
         w  ·····b·····························b
         p  a
    0.000  p → t: b
    0.050  t → w: b
    0.050  t → p: b confirm
    0.050  confirm of b dropped: link cut
    0.050  t: b acked
    0.300  p → t: b, attempt 2
    0.350  t → w: b
    0.350  t → p: b confirm
    0.350  t: b acked
    "#);
}

#[test]
fn a_queue_that_knows_what_it_took_confirms_it_again() {
    let queue = r#"Queue(dedupe_window: "2min")"#;
    let it = world(queue, r#"timeout: "200ms", retries: 2,"#, ONE, PUBLISH) + DEAF;
    assert_snapshot!(draw(&it, 10, 2000, QUEUE), @r#"
         p  a
    0.000  p → t: b
    0.050  t → p: b confirm
    0.050  confirm of b dropped: link cut
    0.300  p → t: b, attempt 2
    0.350  publish of b dropped: duplicate
    0.350  t → p: b confirm
    "#);
}

#[test]
fn a_full_queue_refuses_and_the_producer_tries_again_until_there_is_room() {
    let full = r#"retries: Unlimited, backoff: Fixed("200ms"),"#;
    let it = world("Queue(capacity: 1)", full, r#""0s", "0s""#, PUBLISH).replace(
        "services: {",
        r#"services: { "w": Service(starts: Down, consumes: { "t": Consume(on: { "E": [] }) }),"#,
    ) + r#"faults: [Crash(service: "w", at: "200ms", for: "100ms")],"#;
    assert_snapshot!(draw(&it, 10, 2000, QUEUE), @r#"
         w  ······························b····d
         p  c
    0.000  p → t: b
    0.000  p → t: d
    0.050  t → p: b confirm
    0.050  publish of d dropped: queue full
    0.050  t → p: d refusal
    0.300  p → t: d, attempt 2
    0.300  t → w: b
    0.300  t: b acked
    0.350  t → w: d
    0.350  t → p: d confirm
    0.350  t: d acked
    "#);
}

#[test]
fn a_publish_is_given_up_after_its_retries_and_what_waits_for_it_fails() {
    let it = world(LOG, r#"timeout: "100ms", retries: 1, wait: true,"#, ONE, PUBLISH)
        + r#"faults: [Outage(topic: "t", at: "0s", for: "1s")],"#;
    assert_snapshot!(draw(&it, 20, 2000, SHOW), @r#"
         p  aaaaaaaaaaaaaa!
    0.000  p → t: b
    0.200  p → t: b, attempt 2
    0.300  p: b given up
    1.050  t: p0 0 is b
    1.050  t → p: b confirm
    1.050  t: p0 1 is b
    1.050  t → p: b confirm
    1.100  confirm of b dropped: late
    1.100  confirm of b dropped: late
    "#);
}

#[test]
fn what_is_done_instead_of_an_unconfirmed_publish() {
    let instead = r#"Publish(event: "E", to: "t", otherwise: [Work("100ms")])"#;
    let it = world(LOG, r#"timeout: "100ms", wait: true,"#, ONE, instead)
        + r#"faults: [Outage(topic: "t", at: "0s", for: "1s")],"#;
    assert_snapshot!(draw(&it, 20, 2000, SHOW), @r#"
         p  aaaaaaaaaa
    0.000  p → t: b
    0.100  p: b given up
    1.050  t: p0 0 is b
    1.050  t → p: b confirm
    1.100  confirm of b dropped: late
    "#);
}

#[test]
fn what_waits_in_the_client_is_given_up_in_time_too() {
    let short =
        r#"timeout: "200ms", retries: Unlimited, max_in_flight: 1, delivery_timeout: "500ms","#;
    let it = world(LOG, short, r#""0s", "100ms""#, PUBLISH)
        + r#"faults: [Outage(topic: "t", at: "0s", for: "1s")],"#;
    assert_snapshot!(draw(&it, 20, 2000, SHOW), @r#"
         p  a····c
    0.000  p → t: b
    0.300  p → t: b, attempt 2
    0.500  p: b given up
    0.500  p → t: d
    0.600  p: d given up
    1.050  t: p0 0 is b
    1.050  t → p: b confirm
    1.050  t: p0 1 is b
    1.050  t → p: b confirm
    1.050  t: p0 2 is d
    1.050  t → p: d confirm
    1.100  confirm of b dropped: late
    1.100  confirm of b dropped: late
    1.100  confirm of d dropped: late
    "#);
}

#[test]
fn a_crash_forgets_what_was_not_sent_yet() {
    let it = world(LOG, "max_in_flight: 1,", THREE, PUBLISH)
        + r#"faults: [Crash(service: "p", at: "20ms", for: "100ms")],"#;
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  d·##########
    0.000  p → t: b
    0.020  p: b forgotten
    0.020  p: e forgotten
    0.020  p: f forgotten
    0.020  p is down
    0.050  t: p0 0 is b
    0.050  t → p: b confirm
    0.100  confirm of b dropped: stale
    0.120  p is up
    "#);
}

#[test]
fn a_crash_between_two_writes_loses_the_second() {
    let steps = r#"Update(store: "orders", increment: true), Work("20ms"), Publish("E", "t")"#;
    let it = outbox(r#"every: "100ms""#, "", ONE, steps)
        + r#"faults: [Crash(service: "p", at: "10ms", for: "100ms")],"#;
    assert_snapshot!(draw(&it, 10, 2000, OUTBOX), @r#"
         p  !##########
    0.000  orders = 1
    0.010  one-way of a dropped: crashed
    0.010  p is down
    0.110  p is up
    "#);
}

#[test]
fn what_is_in_the_outbox_is_published_after_the_crash() {
    let steps = r#"Update(store: "orders", increment: true), Publish(event: "E", to: "t", via: "out"), Work("20ms")"#;
    let it = outbox(r#"every: "100ms""#, "", ONE, steps)
        + r#"faults: [Crash(service: "p", at: "10ms", for: "100ms")],"#;
    assert_snapshot!(draw(&it, 10, 2000, OUTBOX), @r#"
         p  !##########
    0.000  orders = 1
    0.000  out: b is written
    0.010  one-way of a dropped: crashed
    0.010  p is down
    0.110  p is up
    0.200  p → t: b
    0.250  t: p0 0 is b
    0.250  t → p: b confirm
    0.300  out: b is published
    "#);
}

/// Though the producer is idempotent: who starts again is another producer.
#[test]
fn a_crash_between_publishing_and_marking_publishes_again() {
    let steps = r#"Publish(event: "E", to: "t", via: "out")"#;
    let idempotent = "retries: Unlimited, idempotent: true,";
    let it = outbox(r#"every: "100ms""#, idempotent, r#""0s", "0s""#, steps)
        + r#"faults: [Crash(service: "p", at: "170ms", for: "100ms")],"#;
    assert_snapshot!(draw(&it, 10, 2000, OUTBOX), @r#"
         p  c················##########
    0.000  out: b is written
    0.000  out: d is written
    0.100  p → t: b
    0.150  t: p0 0 is b
    0.150  t → p: b confirm
    0.170  p is down
    0.200  confirm of b dropped: stale
    0.270  p is up
    0.300  p → t: b, attempt 2
    0.350  t: p0 1 is b
    0.350  t → p: b confirm
    0.400  out: b is published
    0.400  p → t: d
    0.450  t: p0 2 is d
    0.450  t → p: d confirm
    0.500  out: d is published
    "#);
}

/// The write is part of the inbox's transaction: a crash before its end voids it.
#[test]
fn what_an_inbox_does_not_finish_is_not_in_the_outbox() {
    let it = r#"
        events: { "E": Event() },
        topics: { "q": Queue(), "t": Log() },
        workloads: { "s": Workload(arrivals: At(["0s"]), event: "E", do: [Publish("E", "q")]) },
        services: { "p": Service(
            outboxes: { "out": Outbox(topic: "t", every: "100ms") },
            consumes: { "q": Consume(strategy: [Inbox], on: { "E": [Publish(event: "E", to: "t", via: "out"), Work("30ms")] }) },
        ) },
        faults: [Crash(service: "p", at: "20ms", for: "30ms")],
    "#;
    assert_snapshot!(draw(it, 10, 2000, "deliver append outbox life"), @r#"
         p  a!###aaa
    0.000  q → p: a
    0.020  p is down
    0.050  p is up
    0.050  q → p: a, delivery 2
    0.080  out: b is written
    0.100  t: p0 0 is b
    0.100  out: b is published
    "#);
}

#[test]
fn a_relay_publishes_in_order_and_a_batch_each_time() {
    let steps = r#"Publish(event: "E", to: "t", via: "out")"#;
    let it = outbox(r#"every: "500ms", batch: 2"#, "", THREE, steps);
    assert_snapshot!(draw(&it, 10, 2000, OUTBOX), @r#"
         p  e
    0.000  out: b is written
    0.000  out: d is written
    0.000  out: f is written
    0.500  p → t: b
    0.550  t: p0 0 is b
    0.550  t → p: b confirm
    0.600  out: b is published
    0.600  p → t: d
    0.650  t: p0 1 is d
    0.650  t → p: d confirm
    0.700  out: d is published
    1.000  p → t: f
    1.050  t: p0 2 is f
    1.050  t → p: f confirm
    1.100  out: f is published
    "#);
}

#[test]
fn what_is_written_while_a_relay_publishes_waits_until_it_looks_again() {
    let steps = r#"Publish(event: "E", to: "t", via: "out")"#;
    let it = outbox(r#"every: "500ms""#, "", r#""0s", "530ms""#, steps);
    let drawn = draw(&it, 10, 2000, OUTBOX);
    assert!(drawn.contains("0.600  out: b is published"), "{drawn}");
    assert!(drawn.contains("1.000  p → t: d"), "{drawn}");
}

#[test]
fn the_relay_is_the_first_instance_that_is_up() {
    let steps = r#"Publish(event: "E", to: "t", via: "out")"#;
    let it = outbox(r#"every: "100ms""#, "", r#""0s", "200ms""#, steps)
        .replace("Service(", "Service(instances: 2, ")
        + r#"faults: [Crash(service: "p", instance: 1, at: "120ms", for: "500ms")],"#;
    assert_snapshot!(draw(&it, 10, 2000, OUTBOX), @r#"
       p/1  a···········##################################################
       p/2  ····················c
    0.000  out: b is written
    0.100  p → t: b
    0.120  p/1 is down
    0.150  t: p0 0 is b
    0.150  t → p: b confirm
    0.200  p → t: b, attempt 2
    0.200  confirm of b dropped: stale
    0.200  out: d is written
    0.250  t: p0 1 is b
    0.250  t → p: b confirm
    0.300  out: b is published
    0.400  p → t: d
    0.450  t: p0 2 is d
    0.450  t → p: d confirm
    0.500  out: d is published
    0.620  p/1 is up
    "#);
}

/// A log whose followers are 30 ms behind, and `r`, who reads it.
fn replicated(producer: &str, more: &str) -> String {
    world(r#"Log(replication: "30ms")"#, producer, r#""0s", "20ms""#, PUBLISH).replace(
        "services: {",
        r#"services: { "r": Service(consumes: { "t": Consume(on: { "E": [] }) }),"#,
    ) + more
}

const READ: &str = "publish append confirm deliver drop";
/// When `a` is replicated and `b` is not.
const LOSS: &str = r#"faults: [LeaderLoss(topic: "t", at: "85ms", for: "100ms")],"#;

#[test]
fn what_the_followers_do_not_have_is_neither_read_nor_confirmed() {
    assert_snapshot!(draw(&replicated("", ""), 10, 2000, READ), @r#"
         r  ········b·d
         p  a·c
    0.000  p → t: b
    0.020  p → t: d
    0.050  t: p0 0 is b
    0.070  t: p0 1 is d
    0.080  t → p: b confirm
    0.080  t → r: b
    0.100  t → p: d confirm
    0.100  t → r: d
    "#);
}

#[test]
fn a_leader_that_confirms_alone_loses_what_it_confirmed() {
    assert_snapshot!(draw(&replicated("acks: Leader,", LOSS), 10, 2000, READ), @r#"
         r  ········b
         p  a·c
    0.000  p → t: b
    0.020  p → t: d
    0.050  t: p0 0 is b
    0.050  t → p: b confirm
    0.070  t: p0 1 is d
    0.070  t → p: d confirm
    0.080  t → r: b
    0.085  t: p0 ends at 1 again
    "#);
}

#[test]
fn what_all_in_sync_replicas_confirmed_outlives_the_leader() {
    let all = "retries: Unlimited, idempotent: true,";
    assert_snapshot!(draw(&replicated(all, LOSS), 10, 2000, READ), @r#"
         r  ········b······················d
         p  a·c
    0.000  p → t: b
    0.020  p → t: d
    0.050  t: p0 0 is b
    0.070  t: p0 1 is d
    0.080  t → p: b confirm
    0.080  t → r: b
    0.085  t: p0 ends at 1 again
    0.085  t → p: d refusal
    0.235  p → t: d, attempt 2
    0.285  t: p0 1 is d
    0.315  t → p: d confirm
    0.315  t → r: d
    "#);
}

/// A topic with a profile, and who publishes to it without saying how.
fn profiled(topic: &str) -> String {
    world(topic, "", ONE, PUBLISH).replace(r#"publishes: { "t": Producer() },"#, "")
}

#[test]
fn a_kafka_producer_sends_and_goes_on() {
    let it = profiled("Log(profile: Kafka)");
    assert_snapshot!(draw(&it, 10, 2000, SHOW), @r#"
         p  a
    0.000  p → t: b
    0.050  t: p0 0 is b
    0.050  t → p: b confirm
    "#);
}

#[test]
fn a_rabbitmq_publisher_hears_nothing_unless_it_asks() {
    let it = profiled("Queue(profile: RabbitMqQuorum)");
    assert_snapshot!(draw(&it, 10, 2000, QUEUE), @r#"
         p  a
    0.000  p → t: b
    "#);
}

#[test]
fn a_jetstream_publisher_waits_five_seconds_for_its_ack_and_does_not_try_again() {
    let it = profiled("Queue(profile: JetStream)") + &DEAF.replace("200ms", "9s");
    assert_snapshot!(draw(&it, 500, 20000, QUEUE), @r#"
         p  aaaaaaaaa!
    0.000  p → t: b
    0.050  t → p: b confirm
    0.050  confirm of b dropped: link cut
    5.000  p: b given up
    "#);
}
