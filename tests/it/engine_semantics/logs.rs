//! Log topics. Source: Apache Kafka 4.0, "Design" and `ConsumerConfig`.

use insta::assert_snapshot;

use crate::drawing::draw;

/// A log `l` that is published to at these times (one key), and `r`, who reads it.
fn log(settings: &str, at: &str, reader: &str, consume: &str, steps: &str) -> String {
    format!(
        r#"
        events: {{ "E": Event() }},
        topics: {{ "l": Log({settings}) }},
        workloads: {{ "s": Workload(arrivals: At([{at}]), event: "E", do: [Publish("E", "l")]) }},
        services: {{ "r": Service({reader} consumes: {{ "l": Consume({consume} on: {{ "E": [{steps}] }}) }}) }},
        "#
    )
}

const SHOW: &str = "deliver commit drop life assign";
const QUIET: &str = "commit drop life assign";
const THREE: &str = r#""0s", "0s", "0s""#;
const SIX: &str = r#""0s", "0s", "0s", "0s", "0s", "0s""#;

#[test]
fn a_partition_is_read_in_order_one_at_a_time() {
    let it = log("", THREE, "workers: 3,", "", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 2000, SHOW), @r#"
         r  aaabbbccc
    0.000  r: p0 → r
    0.000  l → r: a
    0.000  l → r: b
    0.000  l → r: c
    0.300  r: p0 committed 1
    0.600  r: p0 committed 2
    0.900  r: p0 committed 3
    "#);
}

#[test]
fn what_is_read_stays_and_each_group_reads_all() {
    let it = log("", THREE, "", "", r#"Work("300ms")"#).replace(
        "services: {",
        r#"services: { "x": Service(consumes: { "l": Consume(on: { "E": [Work("100ms")] }) }),"#,
    );
    assert_snapshot!(draw(&it, 100, 2000, "commit"), @r#"
         x  abc
         r  aaabbbccc
    0.100  x: p0 committed 1
    0.200  x: p0 committed 2
    0.300  r: p0 committed 1
    0.300  x: p0 committed 3
    0.600  r: p0 committed 2
    0.900  r: p0 committed 3
    "#);
}

#[test]
fn partitions_are_shared_and_a_member_too_many_is_idle() {
    let it = log("partitions: 2,", SIX, "instances: 3,", "", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 2000, QUIET), @r#"
       r/1  bbbdddfff
       r/2  aaaccceee
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.300  r: p1 committed 1
    0.300  r: p0 committed 1
    0.600  r: p1 committed 2
    0.600  r: p0 committed 2
    0.900  r: p1 committed 3
    0.900  r: p0 committed 3
    "#);
}

/// Two keys, `a c e` red and `b d f` blue: each in order, and no order between them.
#[test]
fn order_holds_within_a_partition_and_nowhere_else() {
    let it = r#"
        events: { "E": Event(key: "k", fields: { "k": "" }) },
        topics: { "l": Log(partitions: 2) },
        workloads: { "s": Workload(arrivals: At(["0s", "0s", "0s"]), event: "E", do: [
            Publish(event: "E", to: "l", with: { "k": "red" }), Publish(event: "E", to: "l", with: { "k": "yellow" }),
        ]) },
        services: { "r": Service(instances: 2, consumes: { "l": Consume(on: { "E": [
            If(condition: Compare(Field("k"), Equal, "red"), then: [Work("500ms")], otherwise: [Work("200ms")]),
        ] }) }) },
    "#;
    assert_snapshot!(draw(it, 100, 2000, QUIET), @r#"
       r/1  bbddff
       r/2  aaaaaccccceeeee
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.200  r: p0 committed 1
    0.400  r: p0 committed 2
    0.500  r: p1 committed 1
    0.600  r: p0 committed 3
    1.000  r: p1 committed 2
    1.500  r: p1 committed 3
    "#);
}

#[test]
fn after_a_crash_it_reads_again_from_what_was_committed() {
    let it = log("", THREE, "", "session_timeout: \"500ms\",", r#"Work("300ms")"#);
    let crash = r#"faults: [Crash(service: "r", at: "400ms", for: "200ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, SHOW), @r#"
         r  aaa!##···bbbccc
    0.000  r: p0 → r
    0.000  l → r: a
    0.000  l → r: b
    0.000  l → r: c
    0.300  r: p0 committed 1
    0.400  delivery of b dropped: crashed
    0.400  delivery of c dropped: crashed
    0.400  r is down
    0.600  r is up
    0.900  r: p0 → r
    0.900  l → r: b again
    0.900  l → r: c again
    1.200  r: p0 committed 2
    1.500  r: p0 committed 3
    "#);
}

/// `enable.auto.commit`: what was handled since the last commit is handled again.
#[test]
fn committing_now_and_then_repeats_what_came_since() {
    let it =
        log("", SIX, "", "session_timeout: \"500ms\", commit: Every(\"1s\"),", r#"Work("200ms")"#);
    let crash = r#"faults: [Crash(service: "r", at: "900ms", for: "200ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 4000, QUIET), @r#"
         r  aabbccdd!##···aabbccddeeff
    0.000  r: p0 → r
    0.900  delivery of e dropped: crashed
    0.900  delivery of f dropped: crashed
    0.900  r is down
    1.100  r is up
    1.400  r: p0 → r
    2.600  r: p0 committed 6
    "#);
}

#[test]
fn committing_before_work_loses_what_a_crash_interrupts() {
    let it = log("", THREE, "", "session_timeout: \"500ms\", ack: BeforeWork,", r#"Work("300ms")"#);
    let crash = r#"faults: [Crash(service: "r", at: "400ms", for: "200ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, QUIET), @r#"
         r  aaa!##···ccc
    0.000  r: p0 → r
    0.000  r: p0 committed 1
    0.300  r: p0 committed 2
    0.400  delivery of b dropped: crashed
    0.400  delivery of c dropped: crashed
    0.400  r is down
    0.600  r is up
    0.900  r: p0 → r
    0.900  r: p0 committed 3
    "#);
}

/// There is no ack of a single message: an event that fails is tried again, and its partition
/// waits for it.
#[test]
fn an_event_that_fails_holds_up_its_partition() {
    let steps = r#"If(condition: Has("seen", 1), then: [], otherwise: [Update(store: "seen", key: 1, insert: true), Work("200ms"), Fail(1)]), Work("200ms")"#;
    let it = log(
        "",
        THREE,
        "stores: { \"seen\": Set(key: Int) },",
        "on_failure: Retry(\"300ms\"),",
        steps,
    );
    assert_snapshot!(draw(&it, 100, 2000, QUIET), @r#"
         r  a!···aabbcc
    0.000  r: p0 → r
    0.700  r: p0 committed 1
    0.900  r: p0 committed 2
    1.100  r: p0 committed 3
    "#);
}

#[test]
fn giving_up_on_an_event_is_going_past_it() {
    let steps = r#"If(condition: Has("seen", 1), then: [], otherwise: [Update(store: "seen", key: 1, insert: true), Work("200ms"), Fail(1)]), Work("200ms")"#;
    let it = log("", THREE, "stores: { \"seen\": Set(key: Int) },", "on_failure: GiveUp,", steps);
    assert_snapshot!(draw(&it, 100, 2000, QUIET), @r#"
         r  a!bbcc
    0.000  r: p0 → r
    0.200  r: p0 committed 1
    0.400  r: p0 committed 2
    0.600  r: p0 committed 3
    "#);
}

/// `session.timeout.ms`: until then nobody reads the dead member's partition.
#[test]
fn a_dead_members_partition_waits_for_the_session_timeout() {
    let it =
        log("partitions: 2,", SIX, "instances: 2,", "session_timeout: \"1s\",", r#"Work("200ms")"#);
    let crash = r#"faults: [Crash(service: "r", instance: 1, at: "300ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, QUIET), @r#"
       r/1  bb!###########################
       r/2  aaccee·······ddff
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.200  r: p1 committed 1
    0.200  r: p0 committed 1
    0.300  delivery of d dropped: crashed
    0.300  delivery of f dropped: crashed
    0.300  r/1 is down
    0.400  r: p1 committed 2
    0.600  r: p1 committed 3
    1.300  r: p0 → r/2
    1.500  r: p0 committed 2
    1.700  r: p0 committed 3
    "#);
}

/// A member that restarts before its session has timed out is not known again: its partitions
/// wait for the timeout, then it joins.
#[test]
fn a_quick_restart_is_not_free() {
    let it =
        log("partitions: 2,", SIX, "instances: 2,", "session_timeout: \"1s\",", r#"Work("200ms")"#);
    let crash = r#"faults: [Crash(service: "r", instance: 1, at: "300ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, QUIET), @r#"
       r/1  bb!#·········ddff
       r/2  aaccee
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.200  r: p1 committed 1
    0.200  r: p0 committed 1
    0.300  delivery of d dropped: crashed
    0.300  delivery of f dropped: crashed
    0.300  r/1 is down
    0.400  r/1 is up
    0.400  r: p1 committed 2
    0.600  r: p1 committed 3
    1.300  r: p0 → r/1
    1.500  r: p0 committed 2
    1.700  r: p0 committed 3
    "#);
}

/// `group.instance.id`.
#[test]
fn a_static_member_takes_its_partitions_up_at_once() {
    let it = log(
        "partitions: 2,",
        SIX,
        "instances: 2,",
        "session_timeout: \"1s\", static_members: true,",
        r#"Work("200ms")"#,
    );
    let crash = r#"faults: [Crash(service: "r", instance: 1, at: "300ms", for: "100ms")],"#;
    assert_snapshot!(draw(&(it + crash), 100, 3000, QUIET), @r#"
       r/1  bb!#ddff
       r/2  aaccee
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.200  r: p1 committed 1
    0.200  r: p0 committed 1
    0.300  delivery of d dropped: crashed
    0.300  delivery of f dropped: crashed
    0.300  r/1 is down
    0.400  r/1 is up
    0.400  r: p1 committed 2
    0.600  r: p1 committed 3
    0.600  r: p0 committed 2
    0.800  r: p0 committed 3
    "#);
}

#[test]
fn an_eager_rebalance_stops_the_whole_group() {
    let it = log(
        "partitions: 3,",
        SIX,
        "instances: 3,",
        "prefetch: 1, session_timeout: \"400ms\", rebalance_pause: \"500ms\", assignment: Sticky,",
        r#"Work("200ms")"#,
    );
    let crash = r#"faults: [Crash(service: "r", instance: 1, at: "50ms")],"#;
    let more = it
        .replace(SIX, r#""0s", "0s", "0s", "500ms", "500ms", "500ms", "500ms", "500ms", "500ms""#);
    assert_snapshot!(draw(&(more + crash), 100, 3000, QUIET), @r#"
       r/1  ##############################
       r/2  aa·······ccffiiddggg
       r/3  bb·······eehhh
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.000  r: p2 → r/3
    0.050  delivery of c dropped: crashed
    0.050  r/1 is down
    0.200  r: p1 committed 1
    0.200  r: p2 committed 1
    0.450  r: p0 → r/2
    1.150  r: p0 committed 1
    1.150  r: p2 committed 2
    1.350  r: p0 committed 2
    1.350  r: p2 committed 3
    1.550  r: p0 committed 3
    1.750  r: p1 committed 2
    1.950  r: p1 committed 3
    "#);
}

/// KIP-429.
#[test]
fn a_cooperative_rebalance_stops_only_what_moves() {
    let it = log(
        "partitions: 3,",
        SIX,
        "instances: 3,",
        "prefetch: 1, session_timeout: \"400ms\", rebalance_pause: \"500ms\", assignment: Sticky, protocol: Cooperative,",
        r#"Work("200ms")"#,
    );
    let crash = r#"faults: [Crash(service: "r", instance: 1, at: "50ms")],"#;
    let more = it
        .replace(SIX, r#""0s", "0s", "0s", "500ms", "500ms", "500ms", "500ms", "500ms", "500ms""#);
    assert_snapshot!(draw(&(more + crash), 100, 3000, QUIET), @r#"
       r/1  ##############################
       r/2  aa···ddggccffiii
       r/3  bb···eehh
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.000  r: p2 → r/3
    0.050  delivery of c dropped: crashed
    0.050  r/1 is down
    0.200  r: p1 committed 1
    0.200  r: p2 committed 1
    0.450  r: p0 → r/2
    0.700  r: p1 committed 2
    0.700  r: p2 committed 2
    0.900  r: p1 committed 3
    0.900  r: p2 committed 3
    1.150  r: p0 committed 1
    1.350  r: p0 committed 2
    1.550  r: p0 committed 3
    "#);
}

#[test]
fn range_gives_runs_round_robin_gives_turns_sticky_moves_least() {
    let one = |assignment: &str| {
        let consume = format!("session_timeout: \"100ms\", assignment: {assignment},");
        let it = log("partitions: 6,", "", "instances: 3,", &consume, "");
        draw(
            &(it + r#"faults: [Crash(service: "r", instance: 1, at: "1s")],"#),
            100,
            3000,
            "assign",
        )
    };
    assert_snapshot!(one("Range"), @r#"
       r/1  ··········####################
    0.000  r: p0 → r/1
    0.000  r: p1 → r/1
    0.000  r: p2 → r/2
    0.000  r: p3 → r/2
    0.000  r: p4 → r/3
    0.000  r: p5 → r/3
    1.100  r: p0 → r/2
    1.100  r: p1 → r/2
    1.100  r: p3 → r/3
    "#);
    assert_snapshot!(one("RoundRobin"), @r#"
       r/1  ··········####################
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.000  r: p2 → r/3
    0.000  r: p3 → r/1
    0.000  r: p4 → r/2
    0.000  r: p5 → r/3
    1.100  r: p0 → r/2
    1.100  r: p1 → r/3
    1.100  r: p2 → r/2
    1.100  r: p3 → r/3
    "#);
    assert_snapshot!(one("Sticky"), @r#"
       r/1  ··········####################
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.000  r: p2 → r/3
    0.000  r: p3 → r/1
    0.000  r: p4 → r/2
    0.000  r: p5 → r/3
    1.100  r: p0 → r/2
    1.100  r: p3 → r/3
    "#);
}

/// A living member commits what it has done before it gives a partition up; what it has in
/// hands is handled once more.
#[test]
fn what_is_in_hands_when_a_partition_moves_is_handled_twice() {
    let consume = "session_timeout: \"10ms\", commit: Every(\"9s\"),";
    let it = log(
        "partitions: 2,",
        r#""0s", "0s", "0s", "0s""#,
        "instances: 2, workers: 2,",
        consume,
        r#"Work("300ms")"#,
    );
    let late = r#"faults: [Crash(service: "r", instance: 1, at: "0s", for: "400ms")],"#;
    assert_snapshot!(draw(&(it + late), 100, 3000, QUIET), @r#"
       r/1  ####ddd
       r/2  aaaccc
            bbbdddd
    0.000  r: p0 → r/1
    0.000  r: p1 → r/2
    0.000  r/1 is down
    0.010  r: p0 → r/2
    0.400  r/1 is up
    0.400  r: p0 committed 1
    0.400  r: p0 → r/1
    "#);
}

/// `auto.offset.reset`.
#[test]
fn a_new_group_that_starts_at_latest_does_not_see_history() {
    let it = |start| {
        let consume = format!("start: {start},");
        let it = log("", r#""0s", "2s""#, "starts: Down,", &consume, r#"Work("300ms")"#);
        draw(&(it + r#"faults: [Crash(service: "r", at: "0s", for: "1s")],"#), 100, 3000, QUIET)
    };
    assert_snapshot!(it("Earliest"), @r#"
         r  ··········aaa·······bbb
    1.000  r: p0 → r
    1.300  r: p0 committed 1
    2.300  r: p0 committed 2
    "#);
    assert_snapshot!(it("Latest"), @r#"
         r  ····················bbb
    1.000  r: p0 → r
    2.300  r: p0 committed 2
    "#);
}

#[test]
fn a_group_that_falls_behind_retention_loses_events() {
    let it = log("retention_events: 2,", SIX, "", "prefetch: 1,", r#"Work("300ms")"#);
    assert_snapshot!(draw(&it, 100, 3000, QUIET), @r#"
         r  aaaeeefff
    0.000  r: p0 → r
    0.300  r: p0 committed 1
    0.300  r: p0 3 fell off the log
    0.600  r: p0 committed 5
    0.900  r: p0 committed 6
    "#);
}

#[test]
fn retention_by_age_deletes_what_is_too_old() {
    let it = log(
        "retention: \"1s\",",
        r#""0s", "0s", "0s", "1500ms""#,
        "",
        "prefetch: 1,",
        r#"Work("1s")"#,
    );
    assert_snapshot!(draw(&it, 100, 6000, QUIET), @r#"
         r  aaaaaaaaaa·····dddddddddd
    0.000  r: p0 → r
    1.000  r: p0 committed 1
    1.000  r: p0 2 fell off the log
    2.500  r: p0 committed 4
    "#);
}

#[test]
fn a_replay_is_a_position_set_back() {
    let to = |to: &str| {
        let it = log("", r#""0s", "100ms", "200ms", "300ms""#, "", "", r#"Work("100ms")"#);
        let replay = format!(r#"faults: [Replay(service: "r", topic: "l", at: "1s", to: {to})],"#);
        draw(&(it + &replay), 100, 3000, QUIET)
    };
    assert_snapshot!(to("Earliest"), @r#"
         r  abcd······abcd
    0.000  r: p0 → r
    0.100  r: p0 committed 1
    0.200  r: p0 committed 2
    0.300  r: p0 committed 3
    0.400  r: p0 committed 4
    1.000  r: p0 committed 0
    1.100  r: p0 committed 1
    1.200  r: p0 committed 2
    1.300  r: p0 committed 3
    1.400  r: p0 committed 4
    "#);
    assert_snapshot!(to("Time(\"200ms\")"), @r#"
         r  abcd······cd
    0.000  r: p0 → r
    0.100  r: p0 committed 1
    0.200  r: p0 committed 2
    0.300  r: p0 committed 3
    0.400  r: p0 committed 4
    1.000  r: p0 committed 2
    1.100  r: p0 committed 3
    1.200  r: p0 committed 4
    "#);
    assert_snapshot!(to("Offset(3)"), @r#"
         r  abcd······d
    0.000  r: p0 → r
    0.100  r: p0 committed 1
    0.200  r: p0 committed 2
    0.300  r: p0 committed 3
    0.400  r: p0 committed 4
    1.000  r: p0 committed 3
    1.100  r: p0 committed 4
    "#);
    assert_snapshot!(to("Latest"), @r#"
         r  abcd
    0.000  r: p0 → r
    0.100  r: p0 committed 1
    0.200  r: p0 committed 2
    0.300  r: p0 committed 3
    0.400  r: p0 committed 4
    1.000  r: p0 committed 4
    "#);
}

/// Kafka resets the offsets of a group without members only, and commits of former ones are
/// refused.
#[test]
fn a_commit_on_its_way_does_not_undo_a_replay() {
    let it = log("", r#""0s", "100ms", "200ms", "300ms""#, "", "", r#"Work("100ms")"#);
    let replay = r#"
        links: Links(default: Link(latency: "0ms"), between: [OneWay("r", "l", Link(latency: "200ms"))]),
        faults: [Replay(service: "r", topic: "l", at: "450ms", to: Earliest)],
    "#;
    assert_snapshot!(draw(&(it + replay), 100, 3000, QUIET), @r#"
         r  abcdabcdd
    0.000  r: p0 → r
    0.300  r: p0 committed 1
    0.400  r: p0 committed 2
    0.450  r: p0 committed 0
    0.500  r: p0 commit of r refused
    0.600  r: p0 commit of r refused
    0.750  r: p0 committed 1
    0.850  r: p0 committed 2
    0.950  r: p0 committed 3
    1.050  r: p0 committed 4
    "#);
}

#[test]
fn a_commit_that_is_lost_is_a_step_that_is_repeated() {
    let it = log("", THREE, "", "session_timeout: \"200ms\",", r#"Work("200ms")"#);
    let faults = r#"faults: [
        Cut(from: "r", to: "l", at: "300ms", for: "200ms", hold: false),
        Crash(service: "r", at: "450ms", for: "300ms"),
    ],"#;
    assert_snapshot!(draw(&(it + faults), 100, 3000, QUIET), @r#"
         r  aabb###bbccc
    0.000  r: p0 → r
    0.200  r: p0 committed 1
    0.400  commit of b dropped: link cut
    0.450  delivery of c dropped: crashed
    0.450  r is down
    0.500  r: p0 → nobody
    0.750  r is up
    0.750  r: p0 → r
    0.950  r: p0 committed 2
    1.150  r: p0 committed 3
    "#);
}

#[test]
fn a_connection_that_breaks_is_made_again_and_nothing_is_passed_over() {
    let it = log("", r#""0s", "200ms", "400ms", "600ms""#, "", "", r#"Work("100ms")"#);
    let cut = r#"faults: [Cut(from: "l", to: "r", at: "150ms", for: "400ms", hold: false)],"#;
    assert_snapshot!(draw(&(it + cut), 100, 3000, SHOW), @r#"
         r  a···········bcd
    0.000  r: p0 → r
    0.000  l → r: a
    0.100  r: p0 committed 1
    0.200  l → r: b
    0.200  delivery of b dropped: link cut
    0.400  l → r: c
    0.400  delivery of c dropped: link cut
    0.600  l → r: d
    1.200  delivery of d dropped: stale
    1.200  l → r: b again
    1.200  l → r: c again
    1.200  l → r: d again
    1.300  r: p0 committed 2
    1.400  r: p0 committed 3
    1.500  r: p0 committed 4
    "#);
}

#[test]
fn delay_on_the_way_does_not_reorder_a_partition() {
    let it = log("", SIX, "", "", r#"Work("100ms")"#);
    let late = r#"faults: [Delay(from: "l", to: "r", at: "0s", for: "9s", extra: Uniform("0ms", "500ms"), reorder: true)],"#;
    assert_snapshot!(draw(&(it + late), 100, 3000, QUIET), @r#"
         r  aa··bcdeff
    0.000  r: p0 → r
    0.188  r: p0 committed 1
    0.589  r: p0 committed 2
    0.689  r: p0 committed 3
    0.789  r: p0 committed 4
    0.889  r: p0 committed 5
    0.989  r: p0 committed 6
    "#);
}

/// A connection gives each byte once. Duplicates come of producers that send again, and of
/// reading again.
#[test]
fn a_copy_on_the_way_to_a_reader_is_not_handled() {
    let it = log("", r#""1ms", "1ms""#, "", "", r#"Work("100ms")"#);
    let twice = r#"faults: [Duplicate(from: "l", to: "r", at: "0s", probability: 1)],"#;
    assert_snapshot!(draw(&(it + twice), 100, 3000, SHOW), @r#"
         r  abb
    0.000  r: p0 → r
    0.001  l → r: a
    0.001  l → r: a
    0.001  delivery of a dropped: duplicate
    0.001  l → r: b
    0.001  l → r: b
    0.001  delivery of b dropped: duplicate
    0.101  r: p0 committed 1
    0.201  r: p0 committed 2
    "#);
}

/// Without an idempotent producer a send that is made twice is appended twice.
#[test]
fn a_copy_on_the_way_to_the_log_is_appended_and_handled() {
    let it = log("", r#""1ms", "1ms""#, "", "", r#"Work("100ms")"#);
    let twice = r#"faults: [Duplicate(from: "s", to: "l", at: "0s", probability: 1)],"#;
    assert_snapshot!(draw(&(it + twice), 100, 3000, SHOW), @r#"
         r  aabbb
    0.000  r: p0 → r
    0.001  l → r: a
    0.001  l → r: a
    0.001  l → r: b
    0.001  l → r: b
    0.101  r: p0 committed 1
    0.201  r: p0 committed 2
    0.301  r: p0 committed 3
    0.401  r: p0 committed 4
    "#);
}

#[test]
fn partitions_are_read_in_turn_so_that_none_keeps_the_others_waiting() {
    // Three events in each of two partitions, and room for two: one of each is sent, and both are
    // worked on side by side.
    let at = [r#""100ms""#; 6].join(", ");
    let consume = "prefetch: 2, static_members: true,";
    let it = log("partitions: 2,", &at, "workers: 2,", consume, r#"Work("100ms")"#)
        + r#"faults: [Crash(service: "r", at: "50ms", for: "950ms")],"#;
    let drawn = draw(&it, 100, 2000, "commit");
    for (place, at) in ["1.100", "1.200", "1.300"].iter().enumerate() {
        for partition in 0..2 {
            let line = format!("{at}  r: p{partition} committed {}", place + 1);
            assert!(drawn.contains(&line), "{line}\n{drawn}");
        }
    }
}
