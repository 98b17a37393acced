//! Calls and services. Sources: M. Nygard, "Release It!" (timeouts, circuit breakers, bulkheads);
//! M. Brooker, "Exponential Backoff And Jitter" (2015).

use insta::assert_snapshot;

use crate::drawing::draw;

/// A client `c` that arrives at these times and calls `s`.
fn call(at: &str, call: &str, server: &str, steps: &str) -> String {
    format!(
        r#"
        requests: {{ "Q": Request() }},
        workloads: {{ "c": Workload(arrivals: At([{at}]), event: "Q", do: [Call(to: "s", request: "Q", {call})]) }},
        services: {{ "s": Service({server} answers: {{ "Q": [{steps}] }}) }},
        "#
    )
}

const SHOW: &str = "call drop life breaker";
const THREE: &str = r#""0s", "0s", "0s""#;

#[test]
fn a_call_is_answered_when_the_work_is_done() {
    let it = call("\"0s\"", "", "", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         s  aaa
    0.000  c → s: a
    0.300  s → c: reply
    "#);
}

#[test]
fn a_reply_frees_the_caller_and_the_work_goes_on() {
    let it = call("\"0s\"", "", "", r#"Work("300ms"), Reply, Work("400ms")"#)
        .replace("Reply,", "Reply(\"Q\"),");
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         s  aaaaaaa
    0.000  c → s: a
    0.300  s → c: reply
    "#);
}

#[test]
fn a_caller_holds_its_own_worker_while_it_waits() {
    let it = r#"
        requests: { "Q": Request() },
        workloads: { "c": Workload(arrivals: At(["0s", "0s"]), event: "Q", do: [Call(to: "front", request: "Q")]) },
        services: {
            "front": Service(answers: { "Q": [Call(to: "back", request: "Q")] }),
            "back": Service(workers: 9, answers: { "Q": [Work("300ms")] }),
        },
    "#;
    assert_snapshot!(draw(it, 100, 2000, "none"), @r#"
    front  aaaccc
     back  bbbddd
    "#);
}

#[test]
fn a_timeout_frees_the_caller_but_the_work_is_done_and_its_reply_thrown_away() {
    let it = call("\"0s\"", "timeout: \"200ms\", otherwise: []", "", r#"Work("500ms")"#);
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         s  aaaaa
    0.000  c → s: a
    0.500  s → c: reply
    0.500  reply of a dropped: late
    "#);
}

#[test]
fn a_retry_is_a_new_request_and_its_work_is_done_again() {
    let it = call(
        "\"0s\"",
        "timeout: \"200ms\", retry: Retry(attempts: 3, backoff: Fixed(\"100ms\"), jitter: None), otherwise: []",
        "workers: 3,",
        r#"Work("500ms")"#,
    );
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         s  aaaaa·aaaaa
            ···aaaaa
    0.000  c → s: a
    0.300  c → s: a, attempt 2
    0.500  s → c: reply
    0.500  reply of a dropped: late
    0.600  c → s: a, attempt 3
    0.800  s → c: reply
    0.800  reply of a dropped: late
    1.100  s → c: reply
    1.100  reply of a dropped: late
    "#);
}

#[test]
fn backoff_doubles_up_to_the_most() {
    let it = call(
        "\"0s\"",
        "retry: Retry(attempts: 6, backoff: Exponential(first: \"100ms\", factor: 2, most: \"500ms\"), jitter: None), otherwise: []",
        "",
        "Fail(1)",
    );
    assert_snapshot!(draw(&it, 100, 4000, "call"), @r#"
         s  !!·!···!····!····!
    0.000  c → s: a
    0.000  s → c: failure
    0.100  c → s: a, attempt 2
    0.100  s → c: failure
    0.300  c → s: a, attempt 3
    0.300  s → c: failure
    0.700  c → s: a, attempt 4
    0.700  s → c: failure
    1.200  c → s: a, attempt 5
    1.200  s → c: failure
    1.700  c → s: a, attempt 6
    1.700  s → c: failure
    "#);
}

#[test]
fn a_breaker_opens_lets_one_through_and_closes() {
    let it = r#"
        requests: { "Q": Request() },
        workloads: { "c": Workload(arrivals: Every("200ms"), event: "Q", at_most: 12, do: [Call(to: "front", request: "Q", otherwise: [])]) },
        services: {
            "front": Service(breakers: { "b": Breaker(failures: 2, open_for: "500ms") },
                answers: { "Q": [Call(to: "back", request: "Q", breaker: "b", otherwise: [])] }),
            "back": Service(starts: Down, answers: { "Q": [Work("10ms")] }),
        },
        faults: [Crash(service: "back", at: "0s", for: "1s")],
    "#;
    assert_snapshot!(draw(it, 100, 3000, SHOW), @r#"
     front  ··a·c·e·f·g·i·k·m·o·q·s·u
      back  ··········h·j·l·n·p·r·t·v
    0.200  c → front: a
    0.200  front → back: b
    0.200  request of b dropped: refused
    0.200  back → front: failure
    0.200  front → c: reply
    0.400  c → front: c
    0.400  front → back: d
    0.400  request of d dropped: refused
    0.400  back → front: failure
    0.400  breaker Open
    0.400  front → c: reply
    0.600  c → front: e
    0.600  front → c: reply
    0.800  c → front: f
    0.800  front → c: reply
    1.000  c → front: g
    1.000  breaker HalfOpen
    1.000  front → back: h
    1.010  back → front: reply
    1.010  breaker Closed
    1.010  front → c: reply
    1.200  c → front: i
    1.200  front → back: j
    1.210  back → front: reply
    1.210  front → c: reply
    1.400  c → front: k
    1.400  front → back: l
    1.410  back → front: reply
    1.410  front → c: reply
    1.600  c → front: m
    1.600  front → back: n
    1.610  back → front: reply
    1.610  front → c: reply
    1.800  c → front: o
    1.800  front → back: p
    1.810  back → front: reply
    1.810  front → c: reply
    2.000  c → front: q
    2.000  front → back: r
    2.010  back → front: reply
    2.010  front → c: reply
    2.200  c → front: s
    2.200  front → back: t
    2.210  back → front: reply
    2.210  front → c: reply
    2.400  c → front: u
    2.400  front → back: v
    2.410  back → front: reply
    2.410  front → c: reply
    "#);
}

#[test]
fn a_full_queue_that_rejects_tells_the_caller() {
    let it = call(
        THREE,
        "otherwise: []",
        "queue: Queue(capacity: 1, full: Reject),",
        r#"Work("300ms")"#,
    );
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         s  aaabbb
    0.000  c → s: a
    0.000  c → s: b
    0.000  c → s: c
    0.000  request of c dropped: rejected
    0.000  s → c: failure
    0.300  s → c: reply
    0.600  s → c: reply
    "#);
}

#[test]
fn a_full_queue_that_drops_leaves_the_caller_to_its_timeout() {
    let it = call(
        THREE,
        "timeout: \"1s\", otherwise: []",
        "queue: Queue(capacity: 1, full: Drop),",
        r#"Work("300ms")"#,
    );
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         s  aaabbb
    0.000  c → s: a
    0.000  c → s: b
    0.000  c → s: c
    0.000  request of c dropped: queue full
    0.300  s → c: reply
    0.600  s → c: reply
    "#);
}

#[test]
fn a_full_queue_that_blocks_keeps_them_waiting_outside() {
    let it = call(THREE, "", "queue: Queue(capacity: 1, full: Block),", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         s  aaabbbccc
    0.000  c → s: a
    0.000  c → s: b
    0.000  c → s: c
    0.300  s → c: reply
    0.600  s → c: reply
    0.900  s → c: reply
    "#);
}

#[test]
fn last_come_first_served_answers_some_in_time_where_the_first_come_are_all_late() {
    let late = r#"timeout: "350ms", otherwise: []"#;
    let at = r#""0s", "10ms", "20ms", "30ms", "290ms""#;
    for (order, answered) in [("Fifo", 1), ("Lifo", 2)] {
        let it = call(at, late, &format!("queue: Queue(order: {order}),"), r#"Work("300ms")"#);
        let story = draw(&it, 100, 3000, "drop");
        assert_eq!(5 - story.matches("late").count(), answered, "{order}\n{story}");
    }
    let it = call(at, "otherwise: []", "queue: Queue(order: Lifo),", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, "none"), @r#"
           s  aaaeeedddcccbbb
    "#);
}

#[test]
fn a_crash_takes_the_work_and_the_queue_with_it() {
    let it = call(THREE, "otherwise: []", "", r#"Work("300ms")"#);
    let crash = r#"faults: [Crash(service: "s", at: "400ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 2000, SHOW), @r#"
         s  aaa!#
    0.000  c → s: a
    0.000  c → s: b
    0.000  c → s: c
    0.300  s → c: reply
    0.400  request of b dropped: crashed
    0.400  s → c: failure
    0.400  request of c dropped: crashed
    0.400  s → c: failure
    0.400  s is down
    0.500  s is up
    "#);
}

#[test]
fn who_calls_a_service_that_is_down_is_refused() {
    let it = call("\"0s\"", "otherwise: []", "starts: Down,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
    0.000  c → s: a
    0.000  request of a dropped: refused
    0.000  s → c: failure
    "#);
}

#[test]
fn round_robin_leaves_out_the_instance_that_is_down() {
    let it = call(
        r#""0s", "100ms", "200ms", "300ms""#,
        "otherwise: []",
        "instances: 3,",
        r#"Work("300ms")"#,
    );
    let crash = r#"faults: [Crash(service: "s", instance: 2, at: "0s")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 2000, "none"), @r#"
    s/1  aaaccc
    s/2  ####################
    s/3  ·bbbddd
    "#);
}

#[test]
fn a_slow_service_takes_so_many_times_as_long() {
    let it = call(r#""0s", "1s""#, "", "", r#"Work("100ms")"#);
    let slow = r#"faults: [Slow(service: "s", at: "500ms", for: "2s", factor: 5)],"#;
    assert_snapshot!(draw(&(it + slow), 100, 3000, "none"), @r#"
           s  a·········bbbbb
    "#);
}
