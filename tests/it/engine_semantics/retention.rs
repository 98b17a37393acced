//! What logs delete. Source: Apache Kafka 4.0, `TopicConfig`, `UnifiedLog.deletableSegments` and
//! "Design", *Log Compaction*.

use insta::assert_snapshot;

use crate::drawing::draw;

/// A log `l` that is published to at these times, and `r`, who reads it.
fn log(settings: &str, at: &str, consume: &str, steps: &str) -> String {
    format!(
        r#"
        events: {{ "E": Event(size: "100B") }},
        topics: {{ "l": Log({settings}) }},
        workloads: {{ "s": Workload(arrivals: At([{at}]), event: "E", do: [Publish("E", "l")]) }},
        services: {{ "r": Service(consumes: {{ "l": Consume({consume} on: {{ "E": [{steps}] }}) }}) }},
        "#
    )
}

const EACH_SECOND: &str = r#""1s", "2s", "3s", "4s", "5s", "6s", "7s", "8s""#;

#[test]
fn retention_by_size_keeps_no_more_than_its_bytes() {
    let it = log("retention_size: \"250B\",", r#""1s", "2s", "3s", "4s""#, "", "");
    assert_snapshot!(draw(&it, 100, 9000, "keep"), @r#"
         r  ··········a·········b·········c·········d
    3.000  l: p0 begins at 1
    4.000  l: p0 begins at 2
    "#);
}

#[test]
fn a_quiet_log_ages_too_and_who_had_not_read_it_loses_it() {
    let it =
        log("retention: \"2s\",", r#""0s", "0s", "0s", "9s""#, "prefetch: 1,", r#"Work("3s")"#);
    assert_snapshot!(draw(&it, 500, 15000, "keep deliver commit"), @r#"
          r  aaaaaa············dddddd
     0.000  l → r: a
     2.000  l: p0 begins at 3
     3.000  r: p0 committed 1
     3.000  r: p0 2 fell off the log
     9.000  l → r: d
    11.000  l: p0 begins at 4
    12.000  r: p0 committed 4
    "#);
}

/// `segment.bytes`, `retention.bytes`: as long as the rest is large enough without it.
#[test]
fn segments_are_deleted_as_a_whole_and_never_the_active_one() {
    let by_size = log("segment_size: \"300B\", retention_size: \"250B\",", EACH_SECOND, "", "");
    assert_snapshot!(draw(&by_size, 100, 9000, "keep"), @r#"
         r  ··········a·········b·········c·········d·········e·········f·········g·········h
    6.000  l: p0 begins at 3
    "#);
    let by_number = log("segment_events: 2, retention_events: 1,", EACH_SECOND, "", "");
    assert_snapshot!(draw(&by_number, 100, 9000, "keep"), @r#"
         r  ··········a·········b·········c·········d·········e·········f·········g·········h
    3.000  l: p0 begins at 2
    5.000  l: p0 begins at 4
    7.000  l: p0 begins at 6
    "#);
}

/// `retention.ms`: by the newest event of the segment. The active one goes when all of it is too
/// old, and a new one is begun.
#[test]
fn a_segment_is_as_young_as_its_newest_event() {
    let it = log("segment_events: 3, retention: \"1500ms\",", EACH_SECOND, "", "");
    assert_snapshot!(draw(&it, 100, 20000, "keep"), @r#"
         r  ··········a·········b·········c·········d·········e·········f·········g·········h
    4.500  l: p0 begins at 3
    7.500  l: p0 begins at 6
    9.500  l: p0 begins at 8
    "#);
}

/// `segment.ms`, `log.retention.check.interval.ms`.
#[test]
fn segments_are_closed_by_age_and_looked_for_now_and_then() {
    let it = log(
        "segment_age: \"2s\", retention_events: 1, retention_check: \"5s\",",
        EACH_SECOND,
        "",
        "",
    );
    assert_snapshot!(draw(&it, 100, 20000, "keep"), @r#"
          r  ··········a·········b·········c·········d·········e·········f·········g·········h
     5.000  l: p0 begins at 2
    10.000  l: p0 begins at 6
    "#);
}

/// A log of what is known of two keys: `a c d g` of red, `b e f` of blue; `x` says that there is
/// no more of its key.
fn compacted(settings: &str, reader: &str, more: &str) -> String {
    format!(
        r#"
        events: {{
            "E": Event(key: "k", fields: {{ "k": "" }}, size: "100B"),
            "Gone": Event(key: "k", fields: {{ "k": "" }}, tombstone: true, size: "100B"),
        }},
        topics: {{ "l": Log({settings}) }},
        workloads: {{
            "red": Workload(arrivals: At(["1s", "3s", "4s", "7s"]), event: "E",
                do: [Publish(event: "E", to: "l", with: {{ "k": "red" }})]),
            "blue": Workload(arrivals: At(["2s", "5s", "6s"]), event: "E",
                do: [Publish(event: "E", to: "l", with: {{ "k": "blue" }})]),
            {more}
        }},
        services: {{ "r": Service({reader} consumes: {{ "l": Consume(
            on: {{ "E": [Work("500ms")], "Gone": [Work("500ms")] }},
        ) }}) }},
        "#
    )
}

#[test]
fn compaction_keeps_the_last_event_of_each_key_in_its_order() {
    let it = compacted("compaction: Compact(every: \"10s\"),", "", "");
    let replay = r#"faults: [Replay(service: "r", topic: "l", at: "12s", to: Earliest)],"#;
    assert_snapshot!(draw(&(it + replay), 500, 14000, "keep deliver commit"), @r#"
          r  ··a·b·c·d·e·f·g·········dfg
     1.000  l → r: a
     1.500  r: p0 committed 1
     2.000  l → r: b
     2.500  r: p0 committed 2
     3.000  l → r: c
     3.500  r: p0 committed 3
     4.000  l → r: d
     4.500  r: p0 committed 4
     5.000  l → r: e
     5.500  r: p0 committed 5
     6.000  l → r: f
     6.500  r: p0 committed 6
     7.000  l → r: g
     7.500  r: p0 committed 7
    10.000  l: p0 0 compacted away
    10.000  l: p0 1 compacted away
    10.000  l: p0 2 compacted away
    10.000  l: p0 4 compacted away
    12.000  r: p0 committed 0
    12.000  l → r: d again
    12.000  l → r: f again
    12.000  l → r: g again
    12.500  r: p0 committed 4
    13.000  r: p0 committed 6
    13.500  r: p0 committed 7
    "#);
}

#[test]
fn a_reader_that_comes_late_reads_the_state_and_not_the_history() {
    let it = compacted("compaction: Compact(every: \"10s\"),", "starts: Down,", "");
    let late = r#"faults: [Crash(service: "r", at: "0s", for: "11s")],"#;
    assert_snapshot!(draw(&(it + late), 500, 14000, "deliver commit"), @r#"
          r  ······················dfg
    11.000  l → r: d
    11.000  l → r: f
    11.000  l → r: g
    11.500  r: p0 committed 4
    12.000  r: p0 committed 6
    12.500  r: p0 committed 7
    "#);
}

/// `segment.bytes`: what is still being appended to is left alone.
#[test]
fn the_active_segment_is_not_compacted() {
    let it = compacted("segment_events: 4, compaction: Compact(every: \"10s\"),", "", "");
    assert_snapshot!(draw(&it, 500, 25000, "keep"), @r#"
          r  ··a·b·c·d·e·f·g
    10.000  l: p0 0 compacted away
    10.000  l: p0 2 compacted away
    "#);
}

/// `min.cleanable.dirty.ratio`, in bytes: at 20 s two of the four events before the newest are new,
/// which is half of them and not more; at 30 s three of five.
#[test]
fn little_that_is_new_is_not_compacted() {
    let more = r#""more": Workload(arrivals: At(["11s", "12s", "21s"]), event: "E",
        do: [Publish(event: "E", to: "l", with: { "k": "red" })]),"#;
    let it = compacted("compaction: Compact(every: \"10s\", min_dirty: 0.5),", "", more);
    assert_snapshot!(draw(&it, 500, 45000, "keep"), @r#"
          r  ··a·b·c·d·e·f·g·······h·i·················j
    10.000  l: p0 0 compacted away
    10.000  l: p0 1 compacted away
    10.000  l: p0 2 compacted away
    10.000  l: p0 4 compacted away
    30.000  l: p0 3 compacted away
    30.000  l: p0 6 compacted away
    30.000  l: p0 7 compacted away
    "#);
}

/// `delete.retention.ms`, from the first compaction that saw the tombstone (KIP-534).
#[test]
fn a_tombstone_removes_its_key_and_goes_itself_later() {
    let more = r#""none": Workload(arrivals: At(["8s"]), event: "Gone",
        do: [Publish(event: "Gone", to: "l", with: { "k": "red" })]),
        "last": Workload(arrivals: At(["9s"]), event: "E",
        do: [Publish(event: "E", to: "l", with: { "k": "green" })]),"#;
    let it = compacted("compaction: Compact(every: \"10s\", delete_retention: \"15s\"),", "", more);
    let replays = r#"faults: [
        Replay(service: "r", topic: "l", at: "12s", to: Earliest),
        Replay(service: "r", topic: "l", at: "42s", to: Earliest),
    ],"#;
    assert_snapshot!(draw(&(it + replays), 500, 44000, "keep deliver"), @r#"
          r  ··a·b·c·d·e·f·g·h·i·····fhi·························································fi
     1.000  l → r: a
     2.000  l → r: b
     3.000  l → r: c
     4.000  l → r: d
     5.000  l → r: e
     6.000  l → r: f
     7.000  l → r: g
     8.000  l → r: h
     9.000  l → r: i
    10.000  l: p0 0 compacted away
    10.000  l: p0 1 compacted away
    10.000  l: p0 2 compacted away
    10.000  l: p0 3 compacted away
    10.000  l: p0 4 compacted away
    10.000  l: p0 6 compacted away
    12.000  l → r: f again
    12.000  l → r: h again
    12.000  l → r: i again
    30.000  l: p0 7 compacted away
    42.000  l → r: f again
    42.000  l → r: i again
    "#);
}

#[test]
fn compaction_and_retention_go_together() {
    let it =
        compacted("retention: \"20s\", compaction: Compact(every: \"10s\"),", "starts: Down,", "");
    assert_snapshot!(draw(&it, 500, 60000, "keep"), @r#"
    10.000  l: p0 0 compacted away
    10.000  l: p0 1 compacted away
    10.000  l: p0 2 compacted away
    10.000  l: p0 4 compacted away
    24.000  l: p0 begins at 4
    26.000  l: p0 begins at 6
    27.000  l: p0 begins at 7
    "#);
}
