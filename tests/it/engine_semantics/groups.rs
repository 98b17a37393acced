//! Members of a log's group. Source: Apache Kafka 4.0, `ConsumerConfig`, `KafkaConsumer` ("Detecting
//! Consumer Failures"), `GroupCoordinatorConfig`.

use std::sync::Arc;

use inflight::model::Time;
use inflight::scenario;
use inflight::sim::World;
use insta::assert_snapshot;

use crate::drawing::draw;

/// A log `l` of two partitions that is published to at these times, and a group `g` of two, `a` and
/// `b`, who are connected for themselves.
fn two(at: &str, consume: &str, steps: &str, faults: &str) -> String {
    let member = format!(
        r#"Service(consumes: {{ "l": Consume(group: "g", {consume} on: {{ "E": [{steps}] }}) }})"#
    );
    format!(
        r#"
        events: {{ "E": Event() }},
        topics: {{ "l": Log(partitions: 2) }},
        workloads: {{ "s": Workload(arrivals: At([{at}]), event: "E", do: [Publish("E", "l")]) }},
        services: {{ "a": {member}, "b": {member} }},
        faults: [{faults}],
        "#
    )
}

const FOUR: &str = r#""0s", "0s", "0s", "0s""#;
const SHOW: &str = "deliver commit drop life assign";

/// A member that is cut off is given up alive: it works on at what it has, somebody else does the
/// same again, and its commits are refused. When it is heard again it joins anew.
#[test]
fn who_is_cut_off_works_on_and_may_not_commit() {
    let cut = r#"Cut(between: ("a", "l"), at: "200ms", for: "2500ms", hold: true)"#;
    let it = two(FOUR, "session_timeout: \"1s\",", r#"Work("500ms")"#, cut);
    assert_snapshot!(draw(&it, 100, 5000, SHOW), @r#"
         a  bbbbbddddd
         b  aaaaaccccc··bbbbbddddd
    0.000  g: p0 → a
    0.000  g: p1 → b
    0.000  l → b: a
    0.000  l → a: b
    0.000  l → b: c
    0.000  l → a: d
    0.500  g: p1 committed 1
    1.000  g: p1 committed 2
    1.200  g: p0 → b
    1.200  l → b: b again
    1.200  l → b: d again
    1.700  g: p0 committed 1
    2.200  g: p0 committed 2
    2.700  g: p0 → a
    2.700  g: p0 commit of a refused
    2.700  g: p0 commit of a refused
    "#);
}

#[test]
fn a_short_cut_costs_nobody_its_membership() {
    let cut = r#"Cut(between: ("a", "l"), at: "200ms", for: "900ms", hold: true)"#;
    let it = two(FOUR, "session_timeout: \"1s\",", r#"Work("500ms")"#, cut);
    assert_snapshot!(draw(&it, 100, 5000, "commit assign"), @r#"
         a  bbbbbddddd
         b  aaaaaccccc
    0.000  g: p0 → a
    0.000  g: p1 → b
    0.500  g: p1 committed 1
    1.000  g: p1 committed 2
    1.100  g: p0 committed 1
    1.100  g: p0 committed 2
    "#);
}

/// `heartbeat.interval.ms`: who is cut off at 4 s was heard last at 3 s, and is heard again at the
/// first heartbeat after.
#[test]
fn a_session_runs_from_the_last_heartbeat() {
    let consume = "session_timeout: \"10s\", heartbeat: \"3s\",";
    let cut = r#"Cut(between: ("a", "l"), at: "4s", for: "12500ms", hold: true)"#;
    let it = two("", consume, "", cut);
    assert_snapshot!(draw(&it, 100, 30000, "assign"), @r#"
     0.000  g: p0 → a
     0.000  g: p1 → b
    13.000  g: p0 → b
    18.000  g: p0 → a
    "#);
    let crash = r#"Crash(service: "a", at: "4s", for: "1s")"#;
    let it = two("", consume, "", crash);
    assert_snapshot!(draw(&it, 1000, 30000, "life assign"), @r#"
          a  ····#
     0.000  g: p0 → a
     0.000  g: p1 → b
     4.000  a is down
     5.000  a is up
    13.000  g: p0 → a
    "#);
}

/// Nobody is given up by a broker that is away itself.
#[test]
fn while_the_broker_is_away_nobody_is_given_up() {
    let faults = r#"
        Outage(topic: "l", at: "1s", for: "5s"),
        Crash(service: "a", at: "2s"),
    "#;
    let it = two("", "session_timeout: \"3s\",", "", faults);
    assert_snapshot!(draw(&it, 100, 15000, "life assign"), @r#"
         a  ····················##################################################################################################################################
    0.000  g: p0 → a
    0.000  g: p1 → b
    2.000  a is down
    9.000  g: p0 → b
    "#);
}

/// `max.poll.interval.ms`: a member that is too slow leaves, its work is done again elsewhere, and
/// it joins anew at its next poll.
#[test]
fn who_is_too_slow_between_two_polls_leaves() {
    let slow = r#"Slow(service: "a", at: "0s", for: "1s", factor: 5)"#;
    let at = r#""0s", "0s", "0s", "0s", "4s", "4s""#;
    let it = two(at, "max_poll_interval: \"1s\",", r#"Work("400ms")"#, slow);
    assert_snapshot!(draw(&it, 100, 8000, SHOW), @r#"
         a  bbbbbbbbbbbbbbbbbbbb····················ffff
         b  aaaacccc··bbbbdddd······················eeee
    0.000  g: p0 → a
    0.000  g: p1 → b
    0.000  l → b: a
    0.000  l → a: b
    0.000  l → b: c
    0.000  l → a: d
    0.400  g: p1 committed 1
    0.800  g: p1 committed 2
    1.000  g: p0 → b
    1.000  l → b: b again
    1.000  l → b: d again
    1.400  g: p0 committed 1
    1.800  g: p0 committed 2
    2.000  delivery of d dropped: stale
    2.000  g: p0 → a
    2.000  g: p0 commit of a refused
    4.000  l → b: e
    4.000  l → a: f
    4.400  g: p1 committed 3
    4.400  g: p0 committed 3
    "#);
}

/// All that has come is taken at once: four events of 400 ms are too much for a second and a half,
/// although each is quick.
#[test]
fn a_batch_that_is_too_large_is_too_slow_as_well() {
    let it = |prefetch: u32| {
        let consume = format!("max_poll_interval: \"1500ms\", prefetch: {prefetch},");
        let at = r#""0s", "0s", "0s", "0s", "0s", "0s", "0s", "0s", "0s", "0s", "0s", "0s""#;
        let it = two(at, &consume, r#"Work("400ms")"#, r#"Crash(service: "b", at: "0s")"#);
        draw(&it.replace("partitions: 2", "partitions: 1"), 100, 5200, "commit assign")
    };
    assert_snapshot!(it(2), @r#"
         a  aaaabbbbccccddddeeeeffffgggghhhhiiiijjjjkkkkllll
         b  ####################################################
    0.000  g: p0 → a
    0.400  g: p0 committed 1
    0.800  g: p0 committed 2
    1.200  g: p0 committed 3
    1.600  g: p0 committed 4
    2.000  g: p0 committed 5
    2.400  g: p0 committed 6
    2.800  g: p0 committed 7
    3.200  g: p0 committed 8
    3.600  g: p0 committed 9
    4.000  g: p0 committed 10
    4.400  g: p0 committed 11
    4.800  g: p0 committed 12
    "#);
    assert_snapshot!(it(6), @r#"
         a  aaaabbbbccccddddeeeeffffeeeeffffgggghhhhiiiijjjjiiiij
         b  ####################################################
    0.000  g: p0 → a
    0.400  g: p0 committed 1
    0.800  g: p0 committed 2
    1.200  g: p0 committed 3
    1.600  g: p0 committed 4
    1.900  g: p0 → b
    2.000  g: p0 commit of a refused
    2.400  g: p0 → a
    2.400  g: p0 commit of a refused
    2.800  g: p0 committed 5
    3.200  g: p0 committed 6
    3.600  g: p0 committed 7
    4.000  g: p0 committed 8
    4.300  g: p0 → b
    4.400  g: p0 commit of a refused
    4.800  g: p0 → a
    4.800  g: p0 commit of a refused
    5.200  g: p0 committed 9
    "#);
}

/// `enable.auto.commit`: at the first poll after the interval, and so of what is done.
#[test]
fn auto_commit_waits_for_the_poll() {
    let it = two(FOUR, "commit: Every(\"500ms\"),", r#"Work("400ms")"#, "");
    assert_snapshot!(draw(&it, 100, 3000, "commit"), @r#"
         a  bbbbdddd
         b  aaaacccc
    0.800  g: p1 committed 2
    0.800  g: p0 committed 2
    "#);
}

/// λT/2: at 100 events a second and a commit every 5 s, a crash repeats 250 in the mean.
#[test]
fn a_crash_repeats_half_of_what_comes_between_two_commits() {
    let repeated = |crash_ms: u32| {
        let text = format!(
            r#"Scenario(format: 1, title: "crash",
            events: {{ "E": Event() }},
            topics: {{ "l": Log() }},
            workloads: {{ "s": Workload(arrivals: Every("10ms"), event: "E", do: [Publish("E", "l")]) }},
            services: {{ "r": Service(consumes: {{ "l": Consume(session_timeout: "100ms",
                commit: Every("5s"), prefetch: 500, on: {{ "E": [Work("1ms")] }}) }}) }},
            faults: [Crash(service: "r", at: "{crash_ms}ms", for: "1ms")])"#
        );
        let scenario = scenario::read(&text, "crash.ron").unwrap();
        let mut world = World::new(Arc::clone(&scenario.variants[0].model), 1);
        world.run_until(Time(u64::from(crash_ms + 4000) * 1_000_000), &mut ());
        world.report().topics[0].groups[0].redelivered
    };
    let all: Vec<u64> = (0..20).map(|it| repeated(20_125 + 250 * it)).collect();
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let mean = all.iter().sum::<u64>() as f64 / all.len() as f64;
    assert!((mean - 250.0).abs() < 3.0, "{mean} of {all:?}");
    let (least, most) = (all.iter().min().unwrap(), all.iter().max().unwrap());
    assert!((10..16).contains(least) && (484..490).contains(most), "{all:?}");
}

/// `group.initial.rebalance.delay.ms`: even a reader that is alone does not begin at once.
#[test]
fn the_first_member_waits_for_others() {
    let consume = "initial_rebalance_delay: \"1s\", session_timeout: \"500ms\",";
    let it = two(
        FOUR,
        consume,
        r#"Work("200ms")"#,
        r#"
        Crash(service: "a", at: "0s"),
        Crash(service: "b", at: "1300ms", for: "100ms"),
    "#,
    );
    assert_snapshot!(draw(&it, 100, 5000, "commit life assign"), @r#"
         a  ##################################################
         b  ··········bb!#··············ddaacc
    0.000  g: p0 → a
    0.000  g: p1 → b
    0.000  a is down
    0.500  g: p0 → b
    1.200  g: p0 committed 1
    1.300  b is down
    1.400  b is up
    1.800  g: p0 → b
    1.800  g: p1 → b
    3.000  g: p0 committed 2
    3.200  g: p1 committed 1
    3.400  g: p1 committed 2
    "#);
}

#[test]
fn a_new_group_begins_where_it_is_told_to() {
    let it = |start: &str| {
        let at = r#""0s", "100ms", "200ms", "2s""#;
        let faults = r#"Crash(service: "b", at: "0s"), Crash(service: "a", at: "0s", for: "1s")"#;
        let consume = format!("session_timeout: \"10ms\", start: {start},");
        let it = two(at, &consume, r#"Work("100ms")"#, faults);
        let it = it.replace("partitions: 2", "partitions: 1");
        // At the first instant nobody is there to begin.
        draw(&it.replace("Service(", "Service(starts: Down, "), 100, 3000, "deliver")
    };
    assert_snapshot!(it("Time(\"100ms\")"), @r#"
         a  ··········bc········d
    1.000  l → a: b
    1.000  l → a: c
    2.000  l → a: d
    "#);
    assert_snapshot!(it("Time(\"9s\")"), @r#"
         a  ····················d
    2.000  l → a: d
    "#);
    assert_snapshot!(it("Offset(2)"), @r#"
         a  ··········c·········d
    1.000  l → a: c
    2.000  l → a: d
    "#);
}

/// The session that a member had before ends without it: what was about to end it is void.
#[test]
fn who_joined_anew_is_not_given_up_for_its_former_silence() {
    let faults = r#"
        Outage(topic: "l", at: "500ms", for: "1s"),
        Cut(between: ("a", "l"), at: "800ms", for: "1100ms", hold: true),
    "#;
    let it = two(FOUR, "session_timeout: \"1s\",", r#"Work("100ms")"#, faults);
    assert_snapshot!(draw(&it, 100, 5000, "assign"), @r#"
         a  bd
         b  ac
    0.000  g: p0 → a
    0.000  g: p1 → b
    1.800  g: p0 → b
    1.900  g: p0 → a
    "#);
}
