//! Consumer strategies and projections: what each holds against, and what it does not.

use insta::assert_snapshot;

use crate::drawing::draw;

/// Events with an amount and a number, published at these times to a queue whose acks get lost
/// as `faults` say; the consumer adds the amounts up.
fn ledger(topic: &str, at: &str, strategy: &str, more: &str, steps: &str) -> String {
    format!(
        r#"
        events: {{ "E": Event(fields: {{ "n": Sequence("e-"), "cents": 10 }}) }},
        topics: {{ "q": {topic}, "dead": Queue() }},
        workloads: {{ "c": Workload(arrivals: At([{at}]), event: "E", do: [Publish("E", "q")]) }},
        services: {{ "s": Service(
            stores: {{ "sum": Sum(projection_of: "q") }},
            consumes: {{ "q": Consume({strategy} {more} on: {{ "E": [{steps}, Update(store: "sum", add: Field("cents"))] }}) }},
        ) }},
        "#
    )
}

/// The ack of the first delivery is lost.
const LOST_ACK: &str = r#"
    links: Links(default: Link(latency: "0ms"), between: [OneWay("s", "q", Link(transport: Datagram))]),
    faults: [Loss(from: "s", to: "q", at: "0s", for: "150ms", probability: 1)],
"#;

fn lost_ack(strategy: &str) -> String {
    let it = ledger(r#"Queue(ack_wait: "500ms")"#, r#""0s""#, strategy, "", r#"Work("100ms")"#);
    draw(&(it + LOST_ACK), 100, 2000, "store should anomaly skip deliver settle drop")
}

#[test]
fn a_naive_consumer_applies_a_second_delivery_a_second_time() {
    assert_snapshot!(lost_ack("strategy: Naive,"), @r#"
         s  a····a
    0.000  sum = 10, as it should be
    0.000  q → s: a
    0.100  sum = 10
    0.100  ack of a dropped: lost
    0.500  q: a waits again
    0.500  q → s: a, delivery 2
    0.600  sum = 20
    0.600  sum: a applied twice
    0.600  q: a acked
    "#);
}

#[test]
fn an_idempotent_consumer_knows_what_it_has_handled() {
    assert_snapshot!(lost_ack("strategy: Idempotent,"), @r#"
         s  a
    0.000  sum = 10, as it should be
    0.000  q → s: a
    0.100  sum = 10
    0.100  ack of a dropped: lost
    0.500  q: a waits again
    0.500  q → s: a, delivery 2
    0.500  s lets a pass: known already
    0.500  q: a acked
    "#);
}

/// A crash right behind the effect and before the ack.
fn crash_after_effect(strategy: &str) -> String {
    let it = ledger("Queue()", r#""0s""#, strategy, "", r#"Work("100ms")"#);
    let it = it.replace(r#"add: Field("cents"))"#, r#"add: Field("cents")), Work("100ms")"#);
    let crash = r#"faults: [Crash(service: "s", at: "150ms", for: "100ms")],"#;
    draw(&(it + crash), 50, 2000, "store anomaly skip deliver life")
}

#[test]
fn a_memory_that_a_crash_empties_does_not_help_against_it() {
    assert_snapshot!(crash_after_effect("strategy: Idempotent,"), @r#"
         s  aa!##aaaa
    0.000  q → s: a
    0.100  sum = 10
    0.150  s is down
    0.250  s is up
    0.250  q → s: a, delivery 2
    0.350  sum = 20
    0.350  sum: a applied twice
    "#);
}

#[test]
fn a_table_of_ids_that_is_written_after_the_effect_does_not_either() {
    assert_snapshot!(crash_after_effect("strategy: Idempotent(durable: true),"), @r#"
         s  aa!##aaaa
    0.000  q → s: a
    0.100  sum = 10
    0.150  s is down
    0.250  s is up
    0.250  q → s: a, delivery 2
    0.350  sum = 20
    0.350  sum: a applied twice
    "#);
}

#[test]
fn an_inbox_makes_effect_and_id_one_step() {
    assert_snapshot!(crash_after_effect("strategy: Inbox,"), @r#"
         s  aa!##aaaa
    0.000  q → s: a
    0.150  s is down
    0.250  s is up
    0.250  q → s: a, delivery 2
    0.450  sum = 10
    "#);
}

#[test]
fn what_the_window_has_forgotten_is_applied_again() {
    let it = ledger(
        r#"Queue(ack_wait: "500ms")"#,
        r#""0s", "100ms""#,
        "strategy: Idempotent(window: 1),",
        "",
        r#"Work("10ms")"#,
    );
    assert_snapshot!(draw(&(it + LOST_ACK), 100, 2000, "store anomaly skip deliver"), @r#"
         s  ab···ab
    0.000  q → s: a
    0.010  sum = 10
    0.100  q → s: b
    0.110  sum = 20
    0.500  q → s: a, delivery 2
    0.510  sum = 30
    0.510  sum: a applied twice
    0.600  q → s: b, delivery 2
    0.610  sum = 40
    0.610  sum: b applied twice
    "#);
}

/// Two facts about one order, the second of which overtakes the first.
fn overtaken(store: &str, strategy: &str, update: &str) -> String {
    let it = format!(
        r#"
        events: {{ "E": Event(key: "order", fields: {{ "order": "o-1", "version": 0, "state": 0 }}) }},
        topics: {{ "q": Queue() }},
        workloads: {{
            "old": Workload(arrivals: At(["0s"]), event: "E", do: [Publish(event: "E", to: "q", with: {{ "version": 1, "state": 1 }})]),
            "new": Workload(arrivals: At(["100ms"]), event: "E", do: [Publish(event: "E", to: "q", with: {{ "version": 2, "state": 2 }})]),
        }},
        links: Links(default: Link(latency: "0ms"), between: [Between("old", "q", Link(latency: "300ms"))]),
        services: {{ "s": Service(
            stores: {{ "it": {store} }},
            consumes: {{ "q": Consume({strategy} on: {{ "E": [Work("50ms"), {update}] }}) }},
        ) }},
        "#
    );
    draw(&it, 50, 3000, "store should anomaly skip deliver")
}

const LAST: &str = r#"Last(key: Text, projection_of: "q")"#;
const PUT: &str = r#"Update(store: "it", key: Field("order"), put: Field("state"))"#;

#[test]
fn the_last_to_come_overwrites_the_last_to_be_said() {
    assert_snapshot!(overtaken(LAST, "", PUT), @r#"
         s  ··b···a
    0.000  it[o-1] = 1, as it should be
    0.100  it[o-1] = 2, as it should be
    0.100  q → s: b
    0.150  it[o-1] = 2
    0.300  q → s: a
    0.350  it[o-1] = 1
    0.350  it: a stale write
    "#);
}

#[test]
fn a_version_check_lets_what_is_stale_pass() {
    assert_snapshot!(overtaken(LAST, r#"strategy: VersionChecked(version: "version"),"#, PUT), @r#"
         s  ··b
    0.000  it[o-1] = 1, as it should be
    0.100  it[o-1] = 2, as it should be
    0.100  q → s: b
    0.150  it[o-1] = 2
    0.300  q → s: a
    0.300  s lets a pass: stale
    "#);
}

/// What is passed over is missing where every event counts.
#[test]
fn a_version_check_loses_what_had_to_be_added() {
    let sum = r#"Sum(key: Text, projection_of: "q")"#;
    let add = r#"Update(store: "it", key: Field("order"), add: Field("state"))"#;
    let strategy = r#"strategy: VersionChecked(version: "version"),"#;
    assert_snapshot!(overtaken(sum, strategy, add), @r#"
         s  ··b
    0.000  it[o-1] = 1, as it should be
    0.100  it[o-1] = 3, as it should be
    0.100  q → s: b
    0.150  it[o-1] = 2
    0.300  q → s: a
    0.300  s lets a pass: stale
    0.300  it: a missing
    "#);
}

#[test]
fn a_reordering_buffer_waits_for_the_one_before() {
    assert_snapshot!(overtaken(LAST, r#"strategy: Reorder(by: "version", timeout: "1s"),"#, PUT), @r#"
         s  ······ab
    0.000  it[o-1] = 1, as it should be
    0.100  it[o-1] = 2, as it should be
    0.100  q → s: b
    0.300  q → s: a
    0.350  it[o-1] = 1
    0.400  it[o-1] = 2
    "#);
}

#[test]
fn a_reordering_buffer_does_not_wait_for_ever() {
    assert_snapshot!(overtaken(LAST, r#"strategy: Reorder(by: "version", timeout: "100ms"),"#, PUT), @r#"
         s  ····b·a
    0.000  it[o-1] = 1, as it should be
    0.100  it[o-1] = 2, as it should be
    0.100  q → s: b
    0.250  it[o-1] = 2
    0.300  q → s: a
    0.350  it[o-1] = 1
    0.350  it: a stale write
    "#);
}

#[test]
fn a_reordering_buffer_and_a_version_check_go_together() {
    let both = r#"strategy: [Reorder(by: "version", timeout: "100ms"), VersionChecked(version: "version")],"#;
    assert_snapshot!(overtaken(LAST, both, PUT), @r#"
         s  ····b
    0.000  it[o-1] = 1, as it should be
    0.100  it[o-1] = 2, as it should be
    0.100  q → s: b
    0.250  it[o-1] = 2
    0.300  q → s: a
    0.300  s lets a pass: stale
    "#);
}

#[test]
fn what_fails_is_tried_again_and_then_a_dead_letter() {
    let it = ledger(
        "Queue()",
        r#""0s""#,
        r#"strategy: RetryThenDeadLetter(attempts: 3, backoff: Fixed("200ms"), dead_letters: "dead"),"#,
        "",
        r#"Work("100ms"), Fail(1)"#,
    );
    assert_snapshot!(draw(&it, 100, 2000, "store should anomaly deliver settle publish"), @r#"
         s  !··!··!
    0.000  sum = 10, as it should be
    0.000  c → q: a
    0.000  q → s: a
    0.700  sum: a missing
    0.700  s → dead: a
    0.700  q: a acked
    "#);
}

/// The partition waits while its event is tried again; then it goes on.
#[test]
fn on_a_log_the_partition_waits_for_the_retries() {
    let it = ledger(
        "Log()",
        r#""0s", "50ms""#,
        r#"strategy: RetryThenDeadLetter(attempts: 2, backoff: Fixed("200ms"), dead_letters: "dead"),"#,
        "",
        r#"Work("100ms"), If(condition: Compare(Field("n"), Equal, "e-1"), then: [Fail(1)])"#,
    );
    assert_snapshot!(draw(&it, 100, 2000, "store anomaly deliver publish commit"), @r#"
         s  !··!b
    0.000  c → q: a
    0.000  q → s: a
    0.050  c → q: b
    0.050  q → s: b
    0.400  sum: a missing
    0.400  s → dead: a
    0.400  s: p0 committed 1
    0.500  sum = 10
    0.500  s: p0 committed 2
    "#);
}

#[test]
fn an_event_that_never_reaches_its_topic_is_lost() {
    let it = ledger("Queue()", r#""0s", "1s""#, "", "", r#"Work("100ms")"#);
    let cut = r#"faults: [Cut(from: "c", to: "q", at: "0s", for: "500ms", hold: false)],"#;
    let it = it.replace("arrivals: At([\"0s\", \"1s\"])", "arrivals: At([\"100ms\", \"1s\"])");
    assert_snapshot!(draw(&(it + cut), 100, 2000, "store should anomaly publish drop"), @r#"
         s  ··········b
    0.100  sum = 10, as it should be
    0.100  c → q: a
    0.100  publish of a dropped: link cut
    0.100  sum: a lost
    1.000  sum = 20, as it should be
    1.000  c → q: b
    1.100  sum = 10
    "#);
}

#[test]
fn what_was_acked_before_work_and_crashed_is_missing() {
    let it = ledger("Queue()", r#""0s", "1s""#, "", "ack: BeforeWork,", r#"Work("100ms")"#);
    let crash = r#"faults: [Crash(service: "s", at: "50ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 50, 2000, "store should anomaly life"), @r#"
         s  !##·················bb
    0.000  sum = 10, as it should be
    0.050  sum: a missing
    0.050  s is down
    0.150  s is up
    1.000  sum = 20, as it should be
    1.100  sum = 10
    "#);
}

#[test]
fn a_replay_into_a_projection_that_is_not_emptied_counts_twice() {
    let it = ledger("Log()", r#""0s", "100ms""#, "", "", r#"Work("10ms")"#);
    let replay = r#"faults: [Replay(service: "s", topic: "q", at: "1s", to: Earliest)],"#;
    assert_snapshot!(draw(&(it + replay), 100, 2000, "store anomaly commit"), @r#"
         s  ab········b
    0.010  sum = 10
    0.010  s: p0 committed 1
    0.110  sum = 20
    0.110  s: p0 committed 2
    1.000  s: p0 committed 0
    1.010  sum = 30
    1.010  sum: a applied twice
    1.010  s: p0 committed 1
    1.020  sum = 40
    1.020  sum: b applied twice
    1.020  s: p0 committed 2
    "#);
}

#[test]
fn a_replay_past_an_inbox_changes_nothing() {
    let it = ledger("Log()", r#""0s", "100ms""#, "strategy: Inbox,", "", r#"Work("10ms")"#);
    let replay = r#"faults: [Replay(service: "s", topic: "q", at: "1s", to: Earliest)],"#;
    assert_snapshot!(draw(&(it + replay), 100, 2000, "store anomaly skip commit"), @r#"
         s  ab
    0.010  sum = 10
    0.010  s: p0 committed 1
    0.110  sum = 20
    0.110  s: p0 committed 2
    1.000  s: p0 committed 0
    1.000  s lets a pass: known already
    1.000  s lets b pass: known already
    1.000  s: p0 committed 1
    1.000  s: p0 committed 2
    "#);
}

fn batches(topic: &str, at: &str, strategy: &str, steps: &str) -> String {
    ledger(topic, at, strategy, "prefetch: 10,", steps)
}

const FOUR: &str = r#""0s", "10ms", "20ms", "30ms""#;

#[test]
fn a_batch_takes_its_time_once_and_is_acked_as_a_whole() {
    let strategy = r#"strategy: Batch(size: 3, within: "200ms"),"#;
    let it = batches("Queue()", FOUR, strategy, r#"Work("100ms")"#);
    assert_snapshot!(draw(&it, 50, 2000, "store settle"), @r#"
         s  aaa·ddd
            ··b
            ··c
    0.120  sum = 10
    0.120  sum = 20
    0.120  sum = 30
    0.120  q: a acked
    0.120  q: b acked
    0.120  q: c acked
    0.330  sum = 40
    0.330  q: d acked
    "#);
}

/// What had been done before the failure is done again.
#[test]
fn if_one_of_a_batch_fails_all_have_failed() {
    let strategy = r#"strategy: Batch(size: 2, within: "200ms"),"#;
    let fails =
        r#"Work("100ms"), If(condition: Compare(Field("n"), Equal, "e-2"), then: [Fail(1)])"#;
    let it = batches(r#"Queue(max_deliveries: 2)"#, r#""0s", "10ms""#, strategy, fails);
    assert_snapshot!(draw(&it, 50, 2000, "store anomaly settle"), @r#"
         s  aaaa!
            ··!·!
    0.110  sum = 10
    0.110  q: a waits again
    0.110  q: b waits again
    0.210  sum = 20
    0.210  sum: a applied twice
    0.210  q: a delivered too often
    0.210  q: b delivered too often
    0.210  sum: b missing
    "#);
}

#[test]
fn a_crash_in_a_batch_repeats_all_of_it() {
    let strategy = r#"strategy: Batch(size: 4),"#;
    let it = batches("Log()", FOUR, strategy, r#"Work("100ms"), Wait("20ms")"#);
    let crash = r#"faults: [Crash(service: "s", at: "270ms", for: "50ms")],"#;
    let it = it.replace("strategy:", r#"session_timeout: "100ms", strategy:"#);
    assert_snapshot!(draw(&(it + crash), 20, 3000, "store anomaly commit life"), @r#"
         s  aaaaaabbbbbbb###··bbbbbbcccccccc
            ············c!················dd
            ·············!
    0.120  sum = 10
    0.120  s: p0 committed 1
    0.240  sum = 20
    0.260  sum = 30
    0.270  s is down
    0.320  s is up
    0.490  sum = 40
    0.490  sum: b applied twice
    0.490  s: p0 committed 2
    0.610  sum = 50
    0.610  sum: c applied twice
    0.630  sum = 60
    0.630  s: p0 committed 3
    0.630  s: p0 committed 4
    "#);
}

#[test]
fn what_is_deleted_before_it_is_read_is_missing() {
    let it = ledger("Log(retention_events: 2)", FOUR, "", "prefetch: 1,", r#"Work("100ms")"#);
    assert_snapshot!(draw(&it, 50, 2000, "store anomaly commit"), @r#"
         s  aaccdd
    0.030  sum: b missing
    0.100  sum = 10
    0.100  s: p0 committed 1
    0.100  s: p0 1 fell off the log
    0.200  sum = 20
    0.200  s: p0 committed 3
    0.300  sum = 30
    0.300  s: p0 committed 4
    "#);
}

/// What had not been begun was acked with the batch, and is not done.
#[test]
fn a_batch_acked_before_work_loses_what_is_behind_a_failure() {
    let strategy = r#"ack: BeforeWork, strategy: Batch(size: 3, within: "200ms"),"#;
    let fails =
        r#"Work("100ms"), If(condition: Compare(Field("n"), Equal, "e-1"), then: [Fail(1)])"#;
    let it = batches("Queue()", FOUR, strategy, fails);
    assert_snapshot!(draw(&it, 50, 2000, "store anomaly settle"), @r#"
         s  aa!·ddd
    0.020  q: a acked
    0.020  q: b acked
    0.020  q: c acked
    0.120  sum: a missing
    0.120  sum: b missing
    0.120  sum: c missing
    0.230  q: d acked
    0.330  sum = 10
    "#);
}

#[test]
fn without_dead_letters_of_its_own_it_leaves_them_to_the_broker() {
    let strategy = r#"strategy: RetryThenDeadLetter(attempts: 2, backoff: Fixed("100ms")),"#;
    let it = ledger("Queue()", r#""0s""#, strategy, "", r#"Work("100ms"), Fail(1)"#);
    assert_snapshot!(draw(&it, 100, 2000, "store anomaly deliver settle"), @r#"
         s  !·!
    0.000  q → s: a
    0.300  q: a rejected
    0.300  sum: a missing
    "#);
}

/// The buffer is not what a reader fetches into: it reads on until what is missing comes.
#[test]
fn a_reordering_buffer_of_a_log_holds_more_than_is_fetched_at_a_time() {
    let it = r#"
        events: { "E": Event(fields: { "n": 0 }) },
        topics: { "t": Log() },
        workloads: {
            "late": Workload(arrivals: At(["300ms"]), event: "E", do: [Publish(event: "E", to: "t", with: { "n": 1 })]),
            "b": Workload(arrivals: At(["0s"]), event: "E", do: [Publish(event: "E", to: "t", with: { "n": 2 })]),
            "c": Workload(arrivals: At(["10ms"]), event: "E", do: [Publish(event: "E", to: "t", with: { "n": 3 })]),
            "d": Workload(arrivals: At(["20ms"]), event: "E", do: [Publish(event: "E", to: "t", with: { "n": 4 })]),
        },
        services: { "s": Service(consumes: { "t": Consume(prefetch: 1, strategy: Reorder(by: "n"), on: { "E": [Work("50ms")] }) }) },
    "#;
    assert_snapshot!(draw(it, 50, 2000, "deliver commit"), @r#"
         s  ······dabc
    0.000  t → s: a
    0.010  t → s: b
    0.020  t → s: c
    0.300  t → s: d
    0.400  s: p0 committed 1
    0.450  s: p0 committed 2
    0.500  s: p0 committed 4
    "#);
}

/// What a strategy gave up is published like anything else, and can get lost like anything else.
#[test]
fn a_dead_letter_that_gets_lost_is_lost() {
    let strategy = r#"strategy: RetryThenDeadLetter(attempts: 1, dead_letters: "dead"),"#;
    let it = ledger("Queue()", r#""0s""#, strategy, "", r#"Work("100ms"), Fail(1)"#);
    let it = it.replace(
        "services: {",
        r#"services: { "undertaker": Service(
            stores: { "dead": Counter(projection_of: "dead") },
            consumes: { "dead": Consume(on: { "E": [Update(store: "dead", increment: true)] }) },
        ),"#,
    );
    let cut = r#"faults: [Cut(from: "s", to: "dead", at: "0s", for: "1s", hold: false)],"#;
    assert_snapshot!(draw(&(it + cut), 100, 2000, "anomaly should settle drop"), @r#"
         s  !
    0.000  sum = 10, as it should be
    0.100  sum: a missing
    0.100  dead = 1, as it should be
    0.100  publish of a dropped: link cut
    0.100  dead: a lost
    0.100  q: a acked
    "#);
}
