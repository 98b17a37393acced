//! Circuit breakers, retry budgets, bulkheads. Sources: M. Nygard, "Release It!"; `resilience4j`
//! (`CircuitBreaker`, `Bulkhead`); gRPC A6 "Client Retries" (throttling); Hystrix (a test call
//! every sleep window).

use insta::assert_snapshot;

use crate::drawing::draw;

const SHOW: &str = "call breaker guard life";

/// Clients that ask `front` at these times, which asks `back` through the guards it has.
fn through(at: &str, guards: &str, call: &str, back: &str) -> String {
    format!(
        r#"
        requests: {{ "Q": Request() }},
        workloads: {{ "c": Workload(arrivals: At([{at}]), event: "Q", do: [Send(to: "front", event: "Q")]) }},
        services: {{
            "front": Service(workers: 9, {guards} answers: {{ "Q": [Call(to: "back", request: "Q", {call} otherwise: [])] }}),
            "back": Service({back}),
        }},
        "#
    )
}

const SIX: &str = r#""0s", "100ms", "200ms", "300ms", "400ms", "500ms""#;
const FAILS: &str = r#"answers: { "Q": [Fail(1)] }"#;
/// Fails until 550 ms, and is well from then on.
const HEALS: &str = r#"answers: { "Q": [If(condition: Has("well", 1), then: [], otherwise: [Fail(1)])] }, stores: { "well": Set(key: Int) }, timers: [Every("550ms", [Update(store: "well", key: 1, insert: true)])]"#;

#[test]
fn a_breaker_of_a_rate_opens_when_half_of_the_last_calls_failed() {
    let breaker = r#"breakers: { "b": Breaker(rate: 0.5, of: 4, at_least: 2, open_for: "5s") },"#;
    let back = r#"answers: { "Q": [If(condition: Has("two", 2), then: [Fail(1)], otherwise: [If(condition: Has("two", 1), then: [Update(store: "two", key: 2, insert: true)], otherwise: [Update(store: "two", key: 1, insert: true)])])] }, stores: { "two": Set(key: Int) }"#;
    let it = through(SIX, breaker, r#"breaker: "b","#, back);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
     front  acegij
      back  bd!!
    0.000  c → front: a
    0.000  front → back: b
    0.000  back → front: reply
    0.100  c → front: c
    0.100  front → back: d
    0.100  back → front: reply
    0.200  c → front: e
    0.200  front → back: f
    0.200  back → front: failure
    0.300  c → front: g
    0.300  front → back: h
    0.300  back → front: failure
    0.300  breaker Open
    0.400  c → front: i
    0.400  front: call for i not made: breaker open
    0.500  c → front: j
    0.500  front: call for j not made: breaker open
    "#);
}

#[test]
fn a_half_open_breaker_lets_so_many_through_and_waits_for_their_results() {
    let breaker = r#"breakers: { "b": Breaker(failures: 1, open_for: "1s", trial: 2) },"#;
    let at = r#""0s", "1s", "1050ms", "1060ms", "1200ms""#;
    let back = HEALS.replace("then: []", r#"then: [Work("100ms")]"#);
    let it = through(at, breaker, r#"breaker: "b","#, &format!("workers: 9, {back}"));
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
     front  a···················cc··hh
            ·····················ee
            ·····················g
      back  !···················dd··ii
            ·····················ff
    0.000  c → front: a
    0.000  front → back: b
    0.000  back → front: failure
    0.000  breaker Open
    1.000  c → front: c
    1.000  breaker HalfOpen
    1.000  front → back: d
    1.050  c → front: e
    1.050  front → back: f
    1.060  c → front: g
    1.060  front: call for g not made: breaker open
    1.100  back → front: reply
    1.150  back → front: reply
    1.150  breaker Closed
    1.200  c → front: h
    1.200  front → back: i
    1.300  back → front: reply
    "#);
}

#[test]
fn a_result_that_comes_late_says_nothing_to_a_breaker_that_has_changed_since() {
    let breaker = r#"breakers: { "b": Breaker(failures: 1, open_for: "1s") },"#;
    let at = r#""0s", "100ms", "700ms""#;
    let back = r#"workers: 9, answers: { "Q": [If(condition: Has("slow", 1), then: [Fail(1)], otherwise: [Update(store: "slow", key: 1, insert: true), Work("500ms")])] }, stores: { "slow": Set(key: Int) }"#;
    let it = through(at, breaker, r#"breaker: "b","#, back);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
     front  aaaaa··e
            ·c
      back  bbbbb
            ·!
    0.000  c → front: a
    0.000  front → back: b
    0.100  c → front: c
    0.100  front → back: d
    0.100  back → front: failure
    0.100  breaker Open
    0.500  back → front: reply
    0.700  c → front: e
    0.700  front: call for e not made: breaker open
    "#);
}

#[test]
fn a_trial_that_is_lost_does_not_keep_a_breaker_half_open_for_ever() {
    let breaker = r#"breakers: { "b": Breaker(failures: 1, open_for: "500ms") },"#;
    let at = r#""0s", "600ms", "700ms", "1200ms", "1300ms""#;
    let cut =
        r#"faults: [Cut(from: "front", to: "back", at: "560ms", for: "100ms", hold: false)],"#;
    let it = through(at, breaker, r#"breaker: "b","#, HEALS) + cut;
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
     front  a·····cccccccccccccccccccccccc
            ·······e····fh
      back  !···········gi
    0.000  c → front: a
    0.000  front → back: b
    0.000  back → front: failure
    0.000  breaker Open
    0.600  c → front: c
    0.600  breaker HalfOpen
    0.600  front → back: d
    0.700  c → front: e
    0.700  front: call for e not made: breaker open
    1.200  c → front: f
    1.200  front → back: g
    1.200  back → front: reply
    1.200  breaker Closed
    1.300  c → front: h
    1.300  front → back: i
    1.300  back → front: reply
    "#);
}

#[test]
fn a_crash_forgets_the_breaker_with_everything_else_in_memory() {
    let breaker = r#"breakers: { "b": Breaker(failures: 1, open_for: "500ms") },"#;
    let at = r#""0s", "600ms", "800ms", "900ms""#;
    let back = HEALS.replace("then: []", r#"then: [Work("150ms")]"#);
    let crash = r#"faults: [Crash(service: "front", at: "650ms", for: "100ms")],"#;
    let it = through(at, breaker, r#"breaker: "b","#, &format!("workers: 9, {back}")) + crash;
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
     front  a···········!##·eee
            ··················ggg
      back  !···········ddd·fff
            ··················hhh
    0.000  c → front: a
    0.000  front → back: b
    0.000  back → front: failure
    0.000  breaker Open
    0.600  c → front: c
    0.600  breaker HalfOpen
    0.600  front → back: d
    0.650  breaker Closed
    0.650  front is down
    0.750  back → front: reply
    0.750  front is up
    0.800  c → front: e
    0.800  front → back: f
    0.900  c → front: g
    0.900  front → back: h
    0.950  back → front: reply
    1.050  back → front: reply
    "#);
}

#[test]
fn a_call_whose_first_attempt_the_breaker_refused_has_an_identity_of_its_own() {
    let breaker = r#"breakers: { "b": Breaker(failures: 1, open_for: "300ms") },"#;
    let call = r#"breaker: "b", retry: Retry(attempts: 2, backoff: Fixed("600ms")),"#;
    let it = through(r#""0s", "200ms", "250ms""#, breaker, call, HEALS);
    assert_snapshot!(draw(&it, 50, 3000, "call guard"), @r#"
     front  aaaaaaaaaaaa
            ····cccccccccccc
            ·····dddddddddddd
      back  !···········b···ef
    0.000  c → front: a
    0.000  front → back: b
    0.000  back → front: failure
    0.200  c → front: c
    0.200  front: call for c not made: breaker open
    0.250  c → front: d
    0.250  front: call for d not made: breaker open
    0.600  front → back: b, attempt 2
    0.600  back → front: reply
    0.800  front → back: e, attempt 2
    0.800  back → front: reply
    0.850  front → back: f, attempt 2
    0.850  back → front: reply
    "#);
}

#[test]
fn a_spent_budget_makes_the_first_failure_final() {
    let budget = r#"budgets: { "b": Budget(tokens: 4, ratio: 0.5) },"#;
    let call = r#"budget: "b", retry: Retry(attempts: 9, backoff: Fixed("50ms")),"#;
    let it = through(r#""0s", "500ms""#, budget, call, FAILS);
    assert_snapshot!(draw(&it, 50, 3000, SHOW), @r#"
     front  a·········c
      back  !!········!
    0.000  c → front: a
    0.000  front → back: b
    0.000  back → front: failure
    0.050  front → back: b, attempt 2
    0.050  back → front: failure
    0.050  front: call for a not made: retry budget spent
    0.500  c → front: c
    0.500  front → back: d
    0.500  back → front: failure
    0.500  front: call for c not made: retry budget spent
    "#);
}

#[test]
fn successes_fill_a_budget_again() {
    let budget = r#"budgets: { "b": Budget(tokens: 3, ratio: 1) },"#;
    let call = r#"budget: "b", retry: Retry(attempts: 2, backoff: Fixed("50ms")),"#;
    let at = r#""0s", "200ms", "600ms", "700ms", "800ms", "900ms""#;
    let ill = r#"Every("850ms", [Update(store: "well", key: 1, remove: true)])"#;
    let back = HEALS.replace("timers: [", &format!("timers: [{ill}, "));
    let it = through(at, budget, call, &back);
    assert_snapshot!(draw(&it, 50, 1000, "guard"), @r#"
     front  a···c·······e·g·i·k
      back  !!··!·······f·h·j·!!
    0.200  front: call for c not made: retry budget spent
    "#);
}

#[test]
fn a_bulkhead_lets_so_many_in_so_many_wait_and_turns_the_rest_away() {
    let bulkhead = r#"bulkheads: { "b": Bulkhead(at_most: 1, waiting: 1) },"#;
    let back = r#"workers: 9, answers: { "Q": [Work("300ms")] }"#;
    let it = through(r#""0s", "100ms", "200ms""#, bulkhead, r#"bulkhead: "b","#, back);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
     front  aaa
            ·ccccc
            ··d
      back  bbbeee
    0.000  c → front: a
    0.000  front → back: b
    0.100  c → front: c
    0.200  c → front: d
    0.200  front: call for d not made: bulkhead full
    0.300  back → front: reply
    0.300  front → back: e
    0.600  back → front: reply
    "#);
}

/// Without the bulkhead both workers would wait for the slow one, and `other` for a worker.
#[test]
fn a_bulkhead_keeps_workers_for_those_who_ask_nothing_of_the_slow_one() {
    let it = r#"
        requests: { "Q": Request(), "R": Request() },
        workloads: {
            "slow": Workload(arrivals: Every("100ms"), event: "Q", at_most: 3, do: [Send(to: "front", event: "Q")]),
            "other": Workload(arrivals: At(["400ms"]), event: "R", do: [Send(to: "front", event: "R")]),
        },
        services: {
            "front": Service(workers: 2, bulkheads: { "b": Bulkhead(at_most: 1) }, answers: {
                "Q": [Call(to: "back", request: "Q", bulkhead: "b", otherwise: [])],
                "R": [Work("100ms")],
            }),
            "back": Service(answers: { "Q": [Work("1s")] }),
        },
    "#;
    assert_snapshot!(draw(it, 100, 3000, "guard"), @r#"
     front  ·aaaaaaaaaa
            ··cde
      back  ·bbbbbbbbbb
    0.200  front: call for c not made: bulkhead full
    0.300  front: call for d not made: bulkhead full
    "#);
}

#[test]
fn who_waits_too_long_outside_a_bulkhead_times_out_and_never_asks() {
    let bulkhead = r#"bulkheads: { "b": Bulkhead(at_most: 1, waiting: 2) },"#;
    let back = r#"workers: 9, answers: { "Q": [Work("300ms")] }"#;
    let call = r#"bulkhead: "b", timeout: "250ms","#;
    let it = through(r#""0s", "0s", "200ms""#, bulkhead, call, back);
    assert_snapshot!(draw(&it, 50, 3000, "call drop"), @r#"
     front  aaaaa
            ccccc
            ····ddddd
      back  bbbbbb
            ·····eeeeee
    0.000  c → front: a
    0.000  front → back: b
    0.000  c → front: c
    0.200  c → front: d
    0.250  front → back: e
    0.300  back → front: reply
    0.300  reply of b dropped: late
    0.550  back → front: reply
    0.550  reply of e dropped: late
    "#);
}

#[test]
fn who_has_waited_for_a_place_still_meets_the_breaker() {
    let guards = r#"breakers: { "b": Breaker(failures: 1, open_for: "5s") }, bulkheads: { "b": Bulkhead(at_most: 1, waiting: 2) },"#;
    let back = r#"workers: 9, answers: { "Q": [Work("300ms"), Fail(1)] }"#;
    let it = through(r#""0s", "0s", "0s""#, guards, r#"bulkhead: "b", breaker: "b","#, back);
    assert_snapshot!(draw(&it, 100, 3000, SHOW), @r#"
     front  aaa
            ccc
            ddd
      back  bb!
    0.000  c → front: a
    0.000  front → back: b
    0.000  c → front: c
    0.000  c → front: d
    0.300  back → front: failure
    0.300  breaker Open
    0.300  front: call for c not made: breaker open
    0.300  front: call for d not made: breaker open
    "#);
}
