//! Idempotency keys: a callee that remembers what it answered. Source: Stripe API, "Idempotent
//! requests" (the first answer is kept, failures too, for 24 hours; 409 while it is being made).

use insta::assert_snapshot;

use crate::drawing::draw;

const SHOW: &str = "call drop life memory store";

/// A client `c` that asks `s` once, and again after 200 ms without an answer, and so on. What is
/// done is counted.
fn asked(server: &str, steps: &str, faults: &str) -> String {
    format!(
        r#"
        requests: {{ "Q": Request() }},
        workloads: {{ "c": Workload(arrivals: At(["0s"]), event: "Q", do: [
            Call(to: "s", request: "Q", timeout: "200ms", retry: Retry(attempts: 4, backoff: Fixed("100ms")), otherwise: []),
        ]) }},
        services: {{ "s": Service(stores: {{ "done": Counter() }}, {server} answers: {{ "Q": [{steps}] }}) }},
        faults: [{faults}],
        "#
    )
}

const WORK: &str = r#"Work("500ms"), Update(store: "done", increment: true)"#;

#[test]
fn without_a_memory_a_retry_does_the_work_again() {
    assert_snapshot!(draw(&asked("workers: 4,", WORK, ""), 100, 3000, "store"), @r#"
         s  aaaaa·aaaaa
            ···aaaaa·aaaaa
    0.500  done = 1
    0.800  done = 2
    1.100  done = 3
    1.400  done = 4
    "#);
}

#[test]
fn while_it_is_worked_on_the_same_request_is_a_conflict_and_then_answered_from_memory() {
    let it = asked("workers: 4, idempotency: Idempotency(),", WORK, "");
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         s  aaaaaa
            ···!!
    0.000  c → s: a
    0.300  c → s: a, attempt 2
    0.300  a: conflict
    0.300  s → c: failure
    0.400  c → s: a, attempt 3
    0.400  a: conflict
    0.400  s → c: failure
    0.500  done = 1
    0.500  s → c: reply
    0.500  c → s: a, attempt 4
    0.500  reply of a dropped: late
    0.500  a: answered from memory
    0.500  s → c: reply
    "#);
}

#[test]
fn a_retry_that_waits_in_the_queue_is_answered_from_memory_when_its_turn_comes() {
    let it = asked("idempotency: Idempotency(),", WORK, "");
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         s  aaaaaaa
    0.000  c → s: a
    0.300  c → s: a, attempt 2
    0.500  done = 1
    0.500  s → c: reply
    0.500  a: answered from memory
    0.500  s → c: reply
    0.500  reply of a dropped: late
    0.500  reply of a dropped: late
    0.600  c → s: a, attempt 3
    0.600  a: answered from memory
    0.600  s → c: reply
    "#);
}

#[test]
fn instances_share_a_memory_that_is_durable() {
    let it = asked("instances: 2, idempotency: Idempotency(),", WORK, "");
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
       s/1  aaaaaa
       s/2  ···!
    0.000  c → s: a
    0.300  c → s: a, attempt 2
    0.300  a: conflict
    0.300  s → c: failure
    0.400  c → s: a, attempt 3
    0.500  done = 1
    0.500  s → c: reply
    0.500  a: answered from memory
    0.500  s → c: reply
    0.500  reply of a dropped: late
    "#);
}

#[test]
fn each_instance_has_its_own_memory_if_it_is_not() {
    let it = asked("instances: 2, idempotency: Idempotency(durable: false),", WORK, "");
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
       s/1  aaaaa·a
       s/2  ···aaaaa
    0.000  c → s: a
    0.300  c → s: a, attempt 2
    0.500  done = 1
    0.500  s → c: reply
    0.500  reply of a dropped: late
    0.600  c → s: a, attempt 3
    0.600  a: answered from memory
    0.600  s → c: reply
    0.800  done = 2
    0.800  s → c: reply
    0.800  reply of a dropped: late
    "#);
}

#[test]
fn work_that_a_crash_broke_off_has_no_answer_and_is_done_anew() {
    let crash = r#"Crash(service: "s", at: "100ms", for: "50ms")"#;
    let it = asked(
        "workers: 4, idempotency: Idempotency(),",
        r#"Work("150ms"), Update(store: "done", increment: true)"#,
        crash,
    );
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
         s  a!#·aaa
    0.000  c → s: a
    0.100  request of a dropped: crashed
    0.100  s → c: failure
    0.100  s is down
    0.150  s is up
    0.200  c → s: a, attempt 2
    0.350  done = 1
    0.350  s → c: reply
    "#);
}

/// The answer to the first attempt is lost with the link, and the service crashes before the
/// second.
const LOST: &str = r#"Cut(between: ("c", "s"), at: "90ms", for: "60ms", hold: false)"#;
const CRASH: &str = r#"Crash(service: "s", at: "200ms", for: "50ms")"#;
const SHORT: &str = r#"Work("100ms"), Update(store: "done", increment: true)"#;

#[test]
fn a_durable_memory_outlives_a_crash() {
    let it = asked("idempotency: Idempotency(),", SHORT, &format!("{LOST}, {CRASH}"));
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
         s  aa··#·a
    0.000  c → s: a
    0.100  done = 1
    0.100  s → c: reply
    0.100  reply of a dropped: link cut
    0.200  s is down
    0.250  s is up
    0.300  c → s: a, attempt 2
    0.300  a: answered from memory
    0.300  s → c: reply
    "#);
}

#[test]
fn a_memory_that_is_not_durable_is_lost_in_a_crash() {
    let it = asked("idempotency: Idempotency(durable: false),", SHORT, &format!("{LOST}, {CRASH}"));
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
         s  aa··#·aa
    0.000  c → s: a
    0.100  done = 1
    0.100  s → c: reply
    0.100  reply of a dropped: link cut
    0.200  s is down
    0.250  s is up
    0.300  c → s: a, attempt 2
    0.400  done = 2
    0.400  s → c: reply
    "#);
}

#[test]
fn a_failure_is_an_answer_too() {
    let it = asked("idempotency: Idempotency(),", r#"Work("50ms"), Fail(1)"#, "");
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
         s  !··a·a·a
    0.000  c → s: a
    0.050  s → c: failure
    0.150  c → s: a, attempt 2
    0.150  a: answered from memory
    0.150  s → c: failure
    0.250  c → s: a, attempt 3
    0.250  a: answered from memory
    0.250  s → c: failure
    0.350  c → s: a, attempt 4
    0.350  a: answered from memory
    0.350  s → c: failure
    "#);
}

#[test]
fn a_failure_that_is_not_kept_is_tried_again_in_earnest() {
    let steps = r#"Work("50ms"), If(condition: Has("failed", 1), then: [], otherwise: [Update(store: "failed", key: 1, insert: true), Fail(1)])"#;
    let server = "idempotency: Idempotency(keeps_failures: false),";
    let it =
        asked(server, steps, "").replace("Counter() }", "Counter(), \"failed\": Set(key: Int) }");
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
         s  !··a
    0.000  c → s: a
    0.050  failed[1] = 1
    0.050  s → c: failure
    0.150  c → s: a, attempt 2
    0.200  s → c: reply
    "#);
}

#[test]
fn a_key_is_forgotten_when_its_window_is_over() {
    let it = asked("idempotency: Idempotency(window: \"250ms\"),", SHORT, LOST);
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
         s  aa····aa
    0.000  c → s: a
    0.100  done = 1
    0.100  s → c: reply
    0.100  reply of a dropped: link cut
    0.300  c → s: a, attempt 2
    0.400  done = 2
    0.400  s → c: reply
    "#);
}

/// What is answered early is done all the same; the answer is the one that was given.
#[test]
fn an_answer_is_remembered_when_it_is_given() {
    let steps = r#"Reply("Q"), Work("300ms"), Fail(1)"#;
    let cut = r#"Cut(from: "s", to: "c", at: "0s", for: "50ms", hold: false)"#;
    let it = asked("workers: 2, idempotency: Idempotency(),", steps, cut);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
         s  aa!a
    0.000  c → s: a
    0.000  s → c: reply
    0.000  reply of b dropped: link cut
    0.300  c → s: a, attempt 2
    0.300  a: answered from memory
    0.300  s → c: reply
    "#);
}

#[test]
fn another_call_has_another_key() {
    let it = asked("idempotency: Idempotency(),", SHORT, "")
        .replace(r#"At(["0s"])"#, r#"At(["0s", "1s"])"#);
    assert_snapshot!(draw(&it, 100, 3000, "store memory"), @r#"
         s  a·········b
    0.100  done = 1
    1.100  done = 2
    "#);
}
