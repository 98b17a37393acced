//! Consumers of queues and their connections. Sources: RabbitMQ "Consumer Acknowledgements and
//! Publisher Confirms" (*automatic requeueing*; delivery tags are of a channel) and its Java
//! client; NATS `JetStream` 2.9.10 as it was seen to behave; AWS SQS `ChangeMessageVisibility`.

use insta::assert_snapshot;

use inflight::model::Time;
use inflight::scenario;
use inflight::sim::World;

use crate::drawing::draw;

/// A queue `q` that is published to at these times, and `w`, who works on it.
fn queue(settings: &str, at: &str, worker: &str, consume: &str, steps: &str) -> String {
    format!(
        r#"
        events: {{ "E": Event() }},
        topics: {{ "q": Queue({settings}) }},
        workloads: {{ "s": Workload(arrivals: At([{at}]), event: "E", do: [Publish("E", "q")]) }},
        services: {{ "w": Service({worker} consumes: {{ "q": Consume({consume} on: {{ "E": [{steps}] }}) }}) }},
        "#
    )
}

const SHOW: &str = "deliver settle drop life";
const TWO: &str = r#""0s", "0s""#;
const KEEPS: &str = "keeps_leases: true, ack_wait: \"1s\",";

/// `JetStream` 2.9.10: 1.8 s of work under 1 s `AckWait`, no redelivery.
#[test]
fn who_says_that_it_is_in_progress_is_not_taken_for_lost() {
    let settings = "ack_wait: \"1s\",";
    let it =
        queue(settings, "\"0s\"", "instances: 2,", "heartbeat: \"700ms\",", "Work(\"1800ms\")");
    assert_snapshot!(draw(&it, 100, 4000, SHOW), @r#"
       w/1  aaaaaaaaaaaaaaaaaa
    0.000  q → w/1: a
    1.800  q: a acked
    "#);
}

#[test]
fn a_heartbeat_is_of_what_is_in_hands_and_not_of_what_was_fetched_ahead() {
    let settings = "ack_wait: \"1s\",";
    let it = queue(settings, TWO, "", "heartbeat: \"700ms\",", "Work(\"1800ms\")");
    assert_snapshot!(draw(&it, 100, 4000, SHOW), @r#"
         w  aaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbb
    0.000  q → w: a
    0.000  q → w: b
    1.000  q: b waits again
    1.000  q → w: b, delivery 2
    1.800  q: a acked
    2.000  q: b waits again
    2.000  q → w: b, delivery 3
    3.600  q: b acked
    "#);
}

#[test]
fn a_heartbeat_that_comes_too_late_extends_nothing() {
    let settings = "ack_wait: \"500ms\",";
    let it = queue(settings, "\"0s\"", "instances: 2,", "heartbeat: \"700ms\",", "Work(\"600ms\")");
    assert_snapshot!(draw(&it, 100, 4000, SHOW), @r#"
       w/1  aaaaaa
       w/2  ·····aaaaaa
    0.000  q → w/1: a
    0.500  q: a waits again
    0.500  q → w/2: a, delivery 2
    0.600  q: a acked
    "#);
}

/// RabbitMQ: what a connection held waits again when it is lost; acks by another channel are void.
#[test]
fn a_consumer_that_loses_its_connection_works_on_but_its_acks_are_void() {
    let it = queue("", TWO, "instances: 2,", "prefetch: 1,", "Work(\"600ms\")");
    let fault = r#"faults: [Disconnect(service: "w", instance: 1, topic: "q", at: "200ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + fault), 100, 4000, SHOW), @r#"
       w/1  aaaaaaaaaaaa
       w/2  bbbbbb
    0.000  q → w/1: a
    0.000  q → w/2: b
    0.200  q: a waits again
    0.300  q → w/1: a, delivery 2
    0.600  q: b acked
    1.200  q: a acked
    "#);
}

#[test]
fn a_broker_that_keeps_leases_hears_of_the_ack_when_the_client_is_back() {
    let it = queue(KEEPS, "\"0s\"", "instances: 2,", "prefetch: 1,", "Work(\"300ms\")");
    let fault = r#"faults: [Disconnect(service: "w", instance: 1, topic: "q", at: "200ms", for: "500ms")],"#;
    assert_snapshot!(draw(&(it + fault), 100, 4000, SHOW), @r#"
       w/1  aaa
    0.000  q → w/1: a
    0.700  q: a acked
    "#);
}

#[test]
fn without_a_connection_for_longer_than_the_ack_wait_the_work_is_done_twice() {
    let it = queue(KEEPS, "\"0s\"", "instances: 2,", "prefetch: 1,", "Work(\"300ms\")");
    let fault = r#"faults: [Disconnect(service: "w", instance: 1, topic: "q", at: "200ms")],"#;
    assert_snapshot!(draw(&(it + fault), 100, 4000, SHOW), @r#"
       w/1  aaa
       w/2  ··········aaa
    0.000  q → w/1: a
    1.000  q: a waits again
    1.000  q → w/2: a, delivery 2
    1.300  q: a acked
    "#);
}

#[test]
fn what_is_on_its_way_when_the_connection_is_lost_never_arrives() {
    let it = queue("", "\"0s\"", "", "prefetch: 1,", "Work(\"300ms\")");
    let rest = r#"links: Links(default: Link(latency: "200ms")), faults: [Disconnect(service: "w", topic: "q", at: "300ms", for: "700ms")],"#;
    assert_snapshot!(draw(&(it + rest), 100, 4000, SHOW), @r#"
         w  ············aaa
    0.200  q → w: a
    0.300  q: a waits again
    0.400  delivery of a dropped: stale
    1.000  q → w: a, delivery 2
    1.700  q: a acked
    "#);
}

#[test]
fn with_a_single_active_consumer_the_next_one_takes_over_while_the_first_works_on() {
    let it = queue("single_active: true,", TWO, "instances: 2,", "prefetch: 1,", "Work(\"600ms\")");
    let fault = r#"faults: [Disconnect(service: "w", instance: 1, topic: "q", at: "200ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + fault), 100, 4000, SHOW), @r#"
       w/1  aaaaaa
       w/2  ··aaaaaabbbbbb
    0.000  q → w/1: a
    0.200  q: a waits again
    0.200  q → w/2: a, delivery 2
    0.800  q: a acked
    0.800  q → w/2: b
    1.400  q: b acked
    "#);
}

/// RabbitMQ: "Consumers that requeue at once … will create a requeue/redelivery loop". With
/// nothing that takes time in it, time itself would never go on.
#[test]
fn what_goes_round_at_one_instant_is_found_out() {
    let it = queue("", "\"1s\"", "", "on_failure: Retry(\"0s\"),", "Fail(1)");
    let links = r#"Links(default: Link(latency: "0ms"))"#;
    let text = format!("Scenario(format: 1, title: \"round\", links: {links}, {it})");
    let model = scenario::read(&text, "round.ron").unwrap().variants[0].model.clone();
    let mut world = World::new(model, 1);
    world.run_until(Time::from_secs_f64(2.0), &mut ());
    assert!(world.stands_still());
    assert_eq!(world.now(), Time::from_secs_f64(1.0));
    assert_eq!(world.next_at(), None);
    assert!(!world.step(&mut ()));
}
