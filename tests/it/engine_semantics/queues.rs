//! Queue topics. Sources: NATS `JetStream` 2.9.10 as it was seen to behave; RabbitMQ "Consumer
//! Acknowledgements and Publisher Confirms", "Queues", "Dead Letter Exchanges", "Quorum Queues";
//! AWS SQS "FIFO queues".

use insta::assert_snapshot;

use crate::drawing::draw;

/// A queue `q` that is published to at these times, and `w`, who works on it.
pub fn queue(settings: &str, at: &str, worker: &str, consume: &str, steps: &str) -> String {
    format!(
        r#"
        events: {{ "E": Event() }},
        topics: {{ "q": Queue({settings}), "dead": Queue() }},
        workloads: {{ "s": Workload(arrivals: At([{at}]), event: "E", do: [Publish("E", "q")]) }},
        services: {{ "w": Service({worker} consumes: {{ "q": Consume({consume} on: {{ "E": [{steps}] }}) }}) }},
        "#
    )
}

const SHOW: &str = "deliver settle drop life";
const TWO: &str = r#""0s", "0s""#;
const THREE: &str = r#""0s", "0s", "0s""#;
const FIVE: &str = r#""0s", "0s", "0s", "0s", "0s""#;

#[test]
fn a_message_goes_to_one_of_the_competing_consumers() {
    let it = queue("", FIVE, "instances: 2,", "prefetch: 1,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
       w/1  aaaccceee
       w/2  bbbddd
    0.000  q → w/1: a
    0.000  q → w/2: b
    0.300  q: a acked
    0.300  q → w/1: c
    0.300  q: b acked
    0.300  q → w/2: d
    0.600  q: c acked
    0.600  q → w/1: e
    0.600  q: d acked
    0.900  q: e acked
    "#);
}

#[test]
fn prefetch_is_how_much_a_consumer_holds_unacked() {
    let it = queue("", FIVE, "", "prefetch: 2,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         w  aaabbbcccdddeee
    0.000  q → w: a
    0.000  q → w: b
    0.300  q: a acked
    0.300  q → w: c
    0.600  q: b acked
    0.600  q → w: d
    0.900  q: c acked
    0.900  q → w: e
    1.200  q: d acked
    1.500  q: e acked
    "#);
}

#[test]
fn a_large_prefetch_leaves_nothing_for_a_consumer_that_comes_later() {
    let it = queue("", FIVE, "instances: 2,", "prefetch: 100,", r#"Work("300ms")"#);
    let late = r#"faults: [Crash(service: "w", instance: 2, at: "0s", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + late), 100, 2000, SHOW), @r#"
       w/1  aaabbbcccdddeee
       w/2  #
    0.000  w/2 is down
    0.000  q → w/1: a
    0.000  q → w/1: b
    0.000  q → w/1: c
    0.000  q → w/1: d
    0.000  q → w/1: e
    0.100  w/2 is up
    0.300  q: a acked
    0.600  q: b acked
    0.900  q: c acked
    1.200  q: d acked
    1.500  q: e acked
    "#);
}

#[test]
fn a_lease_begins_at_delivery_not_when_work_begins() {
    let it = queue("ack_wait: \"1s\",", TWO, "", "prefetch: 2,", r#"Work("700ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  aaaaaaabbbbbbbbbbbbbb
    0.000  q → w: a
    0.000  q → w: b
    0.700  q: a acked
    1.000  q: b waits again
    1.000  q → w: b, delivery 2
    1.400  q: b acked
    "#);
}

/// `JetStream` 2.9.10: batch 5, 300 ms each, `AckWait` 1 s, two workers: the fourth and the fifth
/// are handled twice, seven executions in three of three runs.
#[test]
fn prefetched_messages_expire_and_are_handled_twice() {
    let it = queue("ack_wait: \"1s\",", FIVE, "instances: 2,", "prefetch: 5,", r#"Work("300ms")"#);
    let late = r#"faults: [Crash(service: "w", instance: 2, at: "0s", for: "10ms")],"#;
    assert_snapshot!(draw(&(it + late), 100, 3000, SHOW), @r#"
       w/1  aaabbbcccdddeeeeee
       w/2  #·········ddd
    0.000  w/2 is down
    0.000  q → w/1: a
    0.000  q → w/1: b
    0.000  q → w/1: c
    0.000  q → w/1: d
    0.000  q → w/1: e
    0.010  w/2 is up
    0.300  q: a acked
    0.600  q: b acked
    0.900  q: c acked
    1.000  q: d waits again
    1.000  q: e waits again
    1.000  q → w/2: d, delivery 2
    1.000  q → w/1: e, delivery 2
    1.200  q: d acked
    1.500  q: e acked
    "#);
}

#[test]
fn a_consumer_slower_than_the_ack_wait_works_twice_though_nothing_is_broken() {
    let it =
        queue("ack_wait: \"1s\",", "\"0s\"", "instances: 2,", "prefetch: 1,", r#"Work("1500ms")"#);
    assert_snapshot!(draw(&it, 100, 4000, SHOW), @r#"
       w/1  aaaaaaaaaaaaaaa
       w/2  ··········aaaaaaaaaaaaaaa
    0.000  q → w/1: a
    1.000  q: a waits again
    1.000  q → w/2: a, delivery 2
    1.500  q: a acked
    "#);
}

/// `JetStream` 2.9.10: accepted, and clears what is pending; the effect ran twice all the same.
#[test]
fn a_late_ack_is_accepted_and_cancels_the_redelivery() {
    let it = queue("ack_wait: \"500ms\",", TWO, "", "prefetch: 1,", r#"Work("800ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  aaaaaaaabbbbbbbb
    0.000  q → w: a
    0.500  q: a waits again
    0.800  q: a acked
    0.800  q → w: b
    1.300  q: b waits again
    1.600  q: b acked
    "#);
}

#[test]
fn what_is_delivered_again_goes_before_what_is_newer() {
    let it =
        queue("ack_wait: \"500ms\",", THREE, "instances: 2,", "prefetch: 1,", r#"Work("600ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
       w/1  aaaaaabbbbbbcccccc
       w/2  bbbbbbcccccc
    0.000  q → w/1: a
    0.000  q → w/2: b
    0.500  q: a waits again
    0.500  q: b waits again
    0.600  q: a acked
    0.600  q → w/1: b, delivery 2
    0.600  q: b acked
    0.600  q → w/2: c
    1.100  q: c waits again
    1.200  q → w/1: c, delivery 2
    1.200  q: c acked
    "#);
}

/// RabbitMQ: a requeued message is placed to its original position in its queue, if possible.
#[test]
fn a_nacked_message_takes_up_its_place_again() {
    let steps = r#"If(condition: Has("seen", 1), then: [], otherwise: [Update(store: "seen", key: 1, insert: true), Work("200ms"), Fail(1)]), Work("200ms")"#;
    let worker = "stores: { \"seen\": Set(key: Int) },";
    let it = queue("", THREE, worker, "prefetch: 1, on_failure: Retry(\"0s\"),", steps);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  a!aabbcc
    0.000  q → w: a
    0.200  q: a waits again
    0.200  q → w: a, delivery 2
    0.400  q: a acked
    0.400  q → w: b
    0.600  q: b acked
    0.600  q → w: c
    0.800  q: c acked
    "#);
}

/// `JetStream` 2.9.10: NAK with a delay of 300 ms: delivered again at 301.6 ms.
#[test]
fn a_nack_with_delay_lets_newer_messages_pass() {
    let steps = r#"If(condition: Has("seen", 1), then: [], otherwise: [Update(store: "seen", key: 1, insert: true), Fail(1)]), Work("200ms")"#;
    let worker = "stores: { \"seen\": Set(key: Int) },";
    let it = queue("", THREE, worker, "prefetch: 1, on_failure: Retry(\"300ms\"),", steps);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  bbccaa
    0.000  q → w: a
    0.000  q: a waits again
    0.000  q → w: b
    0.200  q: b acked
    0.200  q → w: c
    0.400  q: c acked
    0.400  q → w: a, delivery 2
    0.600  q: a acked
    "#);
}

/// `JetStream` 2.9.10: no fourth delivery; it stays aside.
#[test]
fn after_the_last_delivery_a_message_is_a_dead_letter_with_its_reason() {
    let it = queue(
        "max_deliveries: 3,",
        "\"0s\"",
        "",
        "on_failure: Retry(\"0s\"),",
        r#"Work("200ms"), Fail(1)"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  a!a!a!
    0.000  q → w: a
    0.200  q: a waits again
    0.200  q → w: a, delivery 2
    0.400  q: a waits again
    0.400  q → w: a, delivery 3
    0.600  q: a delivered too often
    "#);
}

#[test]
fn dead_letters_go_to_their_own_queue() {
    let it = queue(
        "max_deliveries: 1, dead_letters: \"dead\",",
        TWO,
        "",
        "on_failure: Retry(\"0s\"),",
        r#"Work("200ms"), Fail(1)"#,
    );
    let it = it.replace(
        "services: {",
        r#"services: { "u": Service(consumes: { "dead": Consume(on: { "E": [Work("100ms")] }) }),"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         u  ··a·b
         w  a!b!
    0.000  q → w: a
    0.000  q → w: b
    0.200  q: a delivered too often
    0.200  dead → u: a
    0.300  dead: a acked
    0.400  q: b delivered too often
    0.400  dead → u: b
    0.500  dead: b acked
    "#);
}

#[test]
fn a_rejected_message_is_a_dead_letter_at_once() {
    let it = queue(
        "max_deliveries: 9,",
        "\"0s\"",
        "",
        "on_failure: GiveUp,",
        r#"Work("200ms"), Fail(1)"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  a!
    0.000  q → w: a
    0.200  q: a rejected
    "#);
}

#[test]
fn a_lost_connection_gives_back_all_that_was_unacked() {
    let it = queue("", THREE, "instances: 2,", "prefetch: 3,", r#"Work("500ms")"#);
    let crash = r#"faults: [Crash(service: "w", instance: 1, at: "200ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, SHOW), @r#"
       w/1  a!############################
       w/2  bbbbbaaaaaccccc
    0.000  q → w/1: a
    0.000  q → w/2: b
    0.000  q → w/1: c
    0.200  delivery of a dropped: crashed
    0.200  delivery of c dropped: crashed
    0.200  w/1 is down
    0.200  q: a waits again
    0.200  q: c waits again
    0.200  q → w/2: a, delivery 2
    0.200  q → w/2: c, delivery 2
    0.500  q: b acked
    1.000  q: a acked
    1.500  q: c acked
    "#);
}

/// `JetStream` 2.9.10: `BackOff` [200, 400, 800 ms], `MaxDeliver` 5: deliveries at 0, 202, 603,
/// 1404 and 2206 ms; `AckWait` is ignored, the last value repeats.
#[test]
fn backoff_says_when_each_delivery_is_made_again() {
    let it = queue(
        r#"ack_wait: "9s", backoff: ["200ms", "400ms", "800ms"], max_deliveries: 5,"#,
        "\"0s\"",
        "workers: Unlimited,",
        "ack: ByHandler,",
        r#"Work("10ms")"#,
    );
    assert_snapshot!(draw(&it, 100, 4000, SHOW), @r#"
         w  a·a···a·······a·······a
    0.000  q → w: a
    0.200  q: a waits again
    0.200  q → w: a, delivery 2
    0.600  q: a waits again
    0.600  q → w: a, delivery 3
    1.400  q: a waits again
    1.400  q → w: a, delivery 4
    2.200  q: a waits again
    2.200  q → w: a, delivery 5
    3.000  q: a delivered too often
    "#);
}

/// `JetStream` 2.9.10: `MaxAckPending` 1 keeps the order even with redelivery and two workers.
#[test]
fn one_in_flight_keeps_the_order_whatever_is_delivered_again() {
    let steps = r#"If(condition: Has("seen", 1), then: [], otherwise: [Update(store: "seen", key: 1, insert: true), Work("200ms"), Fail(1)]), Work("200ms")"#;
    let worker = "instances: 2, stores: { \"seen\": Set(key: Int) },";
    let it = queue(
        "max_unacked: 1,",
        THREE,
        worker,
        "prefetch: 5, on_failure: Retry(\"300ms\"),",
        steps,
    );
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
       w/1  a!·····bb
       w/2  ·····aa··cc
    0.000  q → w/1: a
    0.200  q: a waits again
    0.500  q → w/2: a, delivery 2
    0.700  q: a acked
    0.700  q → w/1: b
    0.900  q: b acked
    0.900  q → w/2: c
    1.100  q: c acked
    "#);
}

#[test]
fn several_consumers_and_a_redelivery_break_the_order() {
    let steps = r#"If(condition: Has("seen", 1), then: [], otherwise: [Update(store: "seen", key: 1, insert: true), Work("200ms"), Fail(1)]), Work("200ms")"#;
    let worker = "instances: 2, stores: { \"seen\": Set(key: Int) },";
    let it = queue("", THREE, worker, "prefetch: 1, on_failure: Retry(\"0s\"),", steps);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
       w/1  a!aa
       w/2  bbcc
    0.000  q → w/1: a
    0.000  q → w/2: b
    0.200  q: a waits again
    0.200  q → w/1: a, delivery 2
    0.200  q: b acked
    0.200  q → w/2: c
    0.400  q: a acked
    0.400  q: c acked
    "#);
}

#[test]
fn no_more_than_max_unacked_are_out_however_large_the_prefetch() {
    let it = queue("max_unacked: 2,", FIVE, "instances: 4,", "prefetch: 9,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
       w/1  aaa···eee
       w/2  bbb
       w/3  ···ccc
       w/4  ···ddd
    0.000  q → w/1: a
    0.000  q → w/2: b
    0.300  q: a acked
    0.300  q → w/3: c
    0.300  q: b acked
    0.300  q → w/4: d
    0.600  q: c acked
    0.600  q → w/1: e
    0.600  q: d acked
    0.900  q: e acked
    "#);
}

#[test]
fn a_second_publish_of_an_id_is_dropped_before_it_is_delivered() {
    let it = queue("dedupe_window: \"1s\",", TWO, "", "", r#"Work("200ms")"#);
    let twice = r#"faults: [Duplicate(from: "s", to: "q", at: "0s", probability: 1)],"#;
    assert_snapshot!(draw(&(it + twice), 100, 3000, SHOW), @r#"
         w  aabb
    0.000  q → w: a
    0.000  publish of a dropped: duplicate
    0.000  q → w: b
    0.000  publish of b dropped: duplicate
    0.200  q: a acked
    0.400  q: b acked
    "#);
}

#[test]
fn without_a_window_every_copy_is_a_message() {
    let it = queue("", "\"1ms\"", "", "", r#"Work("200ms")"#);
    let twice = r#"faults: [Duplicate(from: "s", to: "q", at: "0s", probability: 1)],"#;
    assert_snapshot!(draw(&(it + twice), 100, 3000, SHOW), @r#"
         w  aaaaa
    0.001  q → w: a
    0.001  q → w: a
    0.201  q: a acked
    0.401  q: a acked
    "#);
}

/// De-duplication is of publishes; a delivery that comes twice is handled twice.
#[test]
fn a_window_does_not_help_against_a_second_delivery() {
    let it = queue(
        "dedupe_window: \"9s\", ack_wait: \"300ms\",",
        "\"1ms\"",
        "workers: 2,",
        "",
        r#"Work("500ms")"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  aaaaaa
            ···aaaaaa
    0.001  q → w: a
    0.301  q: a waits again
    0.301  q → w: a, delivery 2
    0.501  q: a acked
    "#);
}

/// RabbitMQ `reject-publish`, `JetStream` discard new.
#[test]
fn a_full_queue_refuses_what_is_published() {
    let it = queue("capacity: 1,", THREE, "", "prefetch: 1,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  aaabbb
    0.000  q → w: a
    0.000  publish of c dropped: queue full
    0.300  q: a acked
    0.300  q → w: b
    0.600  q: b acked
    "#);
}

/// RabbitMQ `drop-head`, `JetStream` discard old.
#[test]
fn a_full_queue_lets_go_of_the_oldest() {
    let it =
        queue("capacity: 1, overflow: DropOldest,", THREE, "", "prefetch: 1,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  aaaccc
    0.000  q → w: a
    0.000  q: b queue overflowed
    0.300  q: a acked
    0.300  q → w: c
    0.600  q: c acked
    "#);
}

#[test]
fn what_waits_too_long_expires_but_not_in_a_consumers_hands() {
    let it = queue("expires: \"500ms\",", TWO, "", "prefetch: 1,", r#"Work("800ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  aaaaaaaa
    0.000  q → w: a
    0.500  q: b expired
    0.800  q: a acked
    "#);
}

#[test]
fn with_a_single_active_consumer_the_other_waits_until_it_is_lost() {
    let it =
        queue("single_active: true,", FIVE, "instances: 2,", "prefetch: 1,", r#"Work("300ms")"#);
    let crash = r#"faults: [Crash(service: "w", instance: 1, at: "700ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, SHOW), @r#"
       w/1  aaabbb!#
       w/2  ·······cccdddeee
    0.000  q → w/1: a
    0.300  q: a acked
    0.300  q → w/1: b
    0.600  q: b acked
    0.600  q → w/1: c
    0.700  delivery of c dropped: crashed
    0.700  w/1 is down
    0.700  q: c waits again
    0.700  q → w/2: c, delivery 2
    0.800  w/1 is up
    1.000  q: c acked
    1.000  q → w/2: d
    1.300  q: d acked
    1.300  q → w/2: e
    1.600  q: e acked
    "#);
}

/// Two keys, each its own workload: `a`, `b` … alternate between them.
fn grouped(settings: &str, worker: &str, consume: &str, steps: &str) -> String {
    format!(
        r#"
        events: {{ "E": Event(key: "k", fields: {{ "k": "" }}) }},
        topics: {{ "q": Queue({settings}) }},
        workloads: {{
            "s": Workload(arrivals: At(["0s", "0s", "0s"]), event: "E", do: [
                Publish(event: "E", to: "q", with: {{ "k": "red" }}), Publish(event: "E", to: "q", with: {{ "k": "blue" }}),
            ]),
        }},
        services: {{ "w": Service({worker} consumes: {{ "q": Consume({consume} on: {{ "E": [{steps}] }}) }}) }},
        "#
    )
}

/// SQS FIFO: a message group is blocked while one of its messages is in flight.
#[test]
fn of_a_message_group_one_is_in_flight_at_a_time() {
    let it = grouped("order: ByKey,", "instances: 3,", "prefetch: 1,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
       w/1  aaaddd
       w/2  bbb···eee
       w/3  ···cccfff
    0.000  q → w/1: a
    0.000  q → w/2: b
    0.300  q: a acked
    0.300  q → w/3: c
    0.300  q: b acked
    0.300  q → w/1: d
    0.600  q: c acked
    0.600  q → w/2: e
    0.600  q: d acked
    0.600  q → w/3: f
    0.900  q: e acked
    0.900  q: f acked
    "#);
}

#[test]
fn a_failure_holds_up_its_own_message_group_only() {
    let steps = r#"If(condition: Has("seen", 1), then: [], otherwise: [Update(store: "seen", key: 1, insert: true), Work("200ms"), Fail(1)]), Work("200ms")"#;
    let worker = "workers: 2, stores: { \"seen\": Set(key: Int) },";
    let it = grouped("order: ByKey,", worker, "on_failure: Retry(\"500ms\"),", steps);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  a!ddff·aaccee
            bb
    0.000  q → w: a
    0.000  q → w: b
    0.200  q: a waits again
    0.200  q: b acked
    0.200  q → w: d
    0.400  q: d acked
    0.400  q → w: f
    0.600  q: f acked
    0.700  q → w: a, delivery 2
    0.900  q: a acked
    0.900  q → w: c
    1.100  q: c acked
    1.100  q → w: e
    1.300  q: e acked
    "#);
}

/// RabbitMQ's automatic acknowledgement: done when it is sent.
#[test]
fn automatic_ack_is_at_most_once() {
    let it = queue("", THREE, "", "ack: Automatic,", r#"Work("300ms")"#);
    let crash = r#"faults: [Crash(service: "w", at: "400ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, SHOW), @r#"
         w  aaa!#
    0.000  q → w: a
    0.000  q: a acked
    0.000  q → w: b
    0.000  q: b acked
    0.000  q → w: c
    0.000  q: c acked
    0.400  delivery of b dropped: crashed
    0.400  delivery of c dropped: crashed
    0.400  w is down
    0.500  w is up
    "#);
}

#[test]
fn an_ack_before_work_loses_what_a_crash_interrupts() {
    let it = queue("", TWO, "", "ack: BeforeWork, prefetch: 1,", r#"Work("300ms")"#);
    let crash = r#"faults: [Crash(service: "w", at: "200ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, SHOW), @r#"
         w  a!#bbb
    0.000  q → w: a
    0.000  q: a acked
    0.000  q → w: b
    0.200  delivery of a dropped: crashed
    0.200  delivery of b dropped: crashed
    0.200  w is down
    0.200  q: b waits again
    0.300  w is up
    0.300  q → w: b, delivery 2
    0.300  q: b acked
    "#);
}

#[test]
fn an_ack_after_work_repeats_what_a_crash_interrupts() {
    let it = queue("", TWO, "", "ack: AfterWork, prefetch: 1,", r#"Work("300ms")"#);
    let crash = r#"faults: [Crash(service: "w", at: "200ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, SHOW), @r#"
         w  a!#aaabbb
    0.000  q → w: a
    0.200  delivery of a dropped: crashed
    0.200  w is down
    0.200  q: a waits again
    0.300  w is up
    0.300  q → w: a, delivery 2
    0.600  q: a acked
    0.600  q → w: b
    0.900  q: b acked
    "#);
}

#[test]
fn an_ack_that_is_lost_makes_a_duplicate_of_work_that_was_done() {
    let it = queue("ack_wait: \"500ms\",", "\"0s\"", "", "", r#"Work("200ms")"#);
    let cut = r#"faults: [Cut(from: "w", to: "q", at: "100ms", for: "200ms", hold: false)],"#;
    assert_snapshot!(draw(&(it + cut), 100, 3000, SHOW), @r#"
         w  aa···aa
    0.000  q → w: a
    0.200  ack of a dropped: link cut
    0.500  q: a waits again
    0.500  q → w: a, delivery 2
    0.700  q: a acked
    "#);
}

/// The step `Ack` stands where the author put it: here before the work that fails.
#[test]
fn an_ack_in_the_middle_is_final() {
    let it = queue(
        "ack_wait: \"500ms\",",
        "\"0s\"",
        "",
        "ack: ByHandler,",
        r#"Work("100ms"), Ack, Work("200ms"), Fail(1)"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  aa!
    0.000  q → w: a
    0.100  q: a acked
    "#);
}

#[test]
fn who_never_acks_gets_it_again_and_again() {
    let it = queue("ack_wait: \"500ms\",", "\"0s\"", "", "ack: ByHandler,", r#"Work("100ms")"#);
    assert_snapshot!(draw(&it, 100, 1800, SHOW), @r#"
         w  a····a····a····a
    0.000  q → w: a
    0.500  q: a waits again
    0.500  q → w: a, delivery 2
    1.000  q: a waits again
    1.000  q → w: a, delivery 3
    1.500  q: a waits again
    1.500  q → w: a, delivery 4
    "#);
}

#[test]
fn a_broker_that_is_away_delivers_nothing_and_loses_nothing() {
    let it = queue("", r#""0s", "500ms""#, "", "", r#"Work("100ms")"#);
    let away = r#"faults: [Outage(topic: "q", at: "300ms", for: "1s")],"#;
    assert_snapshot!(draw(&(it + away), 100, 3000, "publish deliver settle drop"), @r#"
         w  a············b
    0.000  s → q: a
    0.000  q → w: a
    0.100  q: a acked
    0.500  s → q: b
    1.300  q → w: b
    1.400  q: b acked
    "#);
}

/// RabbitMQ quorum queues since 4.3: `basic.nack` does not count towards the delivery limit.
#[test]
fn in_a_quorum_queue_a_nack_is_not_counted_and_a_lost_connection_is() {
    let it = queue(
        "profile: RabbitMqQuorum, max_deliveries: 2,",
        "\"0s\"",
        "",
        "on_failure: Retry(\"100ms\"),",
        r#"Work("200ms"), Fail(1)"#,
    );
    let crash = r#"faults: [
        Crash(service: "w", at: "1s", for: "100ms"), Crash(service: "w", at: "1500ms", for: "100ms"),
    ],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, SHOW), @r#"
         w  a!·a!·a!·!#a!·!#
    0.000  q → w: a
    0.200  q: a waits again
    0.300  q → w: a, delivery 2
    0.500  q: a waits again
    0.600  q → w: a, delivery 3
    0.800  q: a waits again
    0.900  q → w: a, delivery 4
    1.000  delivery of a dropped: crashed
    1.000  w is down
    1.000  q: a waits again
    1.100  w is up
    1.100  q → w: a, delivery 5
    1.300  q: a waits again
    1.400  q → w: a, delivery 6
    1.500  delivery of a dropped: crashed
    1.500  w is down
    1.500  q: a delivered too often
    1.600  w is up
    "#);
}

/// An SQS consumer that fails says nothing, and the visibility timeout runs out.
#[test]
fn who_fails_silently_waits_for_the_visibility_timeout() {
    let it = queue(
        "profile: SqsFifo, ack_wait: \"1s\", max_deliveries: 2,",
        "\"0s\"",
        "",
        "",
        r#"Work("200ms"), Fail(1)"#,
    );
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         w  a!········a!
    0.000  q → w: a
    1.000  q: a waits again
    1.000  q → w: a, delivery 2
    2.000  q: a delivered too often
    "#);
}

/// A queue moves waiting from the caller to itself; what is done per second is what the
/// workers can do.
#[test]
fn a_queue_makes_nothing_faster() {
    let it = queue("", FIVE, "", "prefetch: 1,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 1100, "settle"), @r#"
         w  aaabbbcccdd
    0.300  q: a acked
    0.600  q: b acked
    0.900  q: c acked
    "#);
}

/// Seen at nats-server 2.9.10: killed 50 ms after an ack it had forgotten it, 300 ms after not.
#[test]
fn a_broker_that_is_killed_forgets_the_acks_of_the_last_moments() {
    let it = r#"
        events: { "E": Event() },
        topics: { "q": Queue(profile: JetStream) },
        workloads: { "c": Workload(arrivals: At(["0s", "250ms"]), event: "E", do: [Publish("E", "q")]) },
        services: { "s": Service(consumes: { "q": Consume(on: { "E": [Work("50ms")] }) }) },
        faults: [Outage(topic: "q", at: "350ms", for: "150ms", forgets: "100ms")],
    "#;
    assert_snapshot!(draw(it, 50, 2000, "deliver settle"), @r#"
         s  a····b····b
    0.000  q → s: a
    0.050  q: a acked
    0.250  q → s: b
    0.300  q: b acked
    0.350  q: the ack of b is forgotten
    0.500  q → s: b, delivery 2
    0.550  q: b acked
    "#);
}
