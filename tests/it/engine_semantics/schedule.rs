//! What else is done on the schedule of faults: the same as a person would do it, to the record.

use std::sync::Arc;

use insta::assert_snapshot;

use inflight::history::{Course, Moment};
use inflight::model::{
    Act, CopyRef, Deed, FaultKind, Intervention, Model, Record, Script, Strike, Time, What,
};
use inflight::scenario;
use inflight::sim::World;

use crate::drawing::draw;

/// Three events are on their way to their consumer at the same time.
const BODY: &str = r#"
    events: { "E": Event(fields: { "n": Sequence("e-"), "cents": 10 }) },
    topics: { "q": Queue(ack_wait: "1s", dead_letters: "dead"), "dead": Queue(), "l": Log() },
    workloads: { "c": Workload(arrivals: At(["0s", "53ms", "101ms", "1507ms"]), event: "E",
        do: [Publish("E", "q"), Publish("E", "l")]) },
    services: {
        "s": Service(
            stores: { "last": Last(value: Text, projection_of: "q") },
            consumes: { "q": Consume(prefetch: 5, on: {
                "E": [Update(store: "last", put: Field("n"))],
            }) },
        ),
        "r": Service(consumes: { "l": Consume(on: { "E": [Work("10ms")] }) }),
    },
    links: Links(default: Link(latency: "3ms"), between: [OneWay("q", "s", Link(latency: "200ms"))]),
"#;

fn struck(deed: &str) -> String {
    let fault = format!(r#"Message(from: "q", to: "s", event: "E", nth: 2, do: {deed})"#);
    draw(&format!("{BODY} faults: [{fault}],"), 100, 1400, "deliver settle drop store anomaly")
}

#[test]
fn two_that_change_places_leave_the_older_value() {
    assert_snapshot!(struck("Swap"), @r#"
         s  ··ec
         r  df
    0.003  q → s: a
    0.003  l → r: b
    0.056  q → s: c
    0.056  l → r: d
    0.104  q → s: e
    0.104  l → r: f
    0.203  last = e-1
    0.206  q: a acked
    0.256  last = e-3
    0.259  q: e acked
    0.304  last = e-2
    0.304  last: c stale write
    0.307  q: c acked
    "#);
}

#[test]
fn one_that_is_lost_on_its_way_comes_again_and_is_older_then() {
    assert_snapshot!(struck("Drop"), @r#"
         s  ··ae········c
         r  df
    0.003  q → s: a
    0.003  l → r: b
    0.056  q → s: c
    0.056  delivery of c dropped: lost
    0.056  l → r: d
    0.104  q → s: e
    0.104  l → r: f
    0.203  last = e-1
    0.206  q: a acked
    0.304  last = e-3
    0.307  q: e acked
    1.056  q: c waits again
    1.056  q → s: c, delivery 2
    1.256  last = e-2
    1.256  last: c stale write
    1.259  q: c acked
    "#);
}

#[test]
fn one_that_is_buried_is_not_delivered_again() {
    assert_snapshot!(struck("Bury"), @r#"
         s  ··ce
         r  df
    0.003  q → s: a
    0.003  l → r: b
    0.056  q → s: c
    0.056  l → r: d
    0.056  q: c rejected
    0.056  last: c missing
    0.104  q → s: e
    0.104  l → r: f
    0.203  last = e-1
    0.206  q: a acked
    0.256  last = e-2
    0.304  last = e-3
    0.307  q: e acked
    "#);
}

fn model(faults: &str) -> Arc<Model> {
    model_of(BODY, faults)
}

fn model_of(body: &str, faults: &str) -> Arc<Model> {
    let text = format!(r#"Scenario(format: 1, title: "schedule", {body} faults: [{faults}])"#);
    let scenario = scenario::read(&text, "schedule.ron")
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    scenario.variants[0].model.clone()
}

/// What happens, without that something was done.
fn records(model: &Arc<Model>, script: &[Intervention]) -> Vec<Record> {
    let mut moment = Moment::new(World::new(model.clone(), 1));
    let script: Script = script.into();
    let mut records = Vec::new();
    let course = Course::from(script);
    while moment.next_at(&course).is_some_and(|next| next <= Time::from_secs_f64(9.0)) {
        moment.step(&course, |record, _, _| records.push(*record));
    }
    assert!(moment.world.audit().is_balanced());
    let is_done = |it: &Record| {
        let what = it.what;
        matches!(what, What::FaultBegan { .. } | What::FaultEnded { .. } | What::Intervened { .. })
    };
    let done = records.iter().filter(|it| is_done(it));
    assert!(done.clone().count() > 0, "it was done");
    assert!(!done.clone().any(|it| matches!(it.what, What::Intervened { took: false, .. })));
    records.retain(|it| !is_done(it));
    records
}

/// The how-manieth message that sets out on the strike's link, from 0: when, and its name.
fn sent(model: &Arc<Model>, strike: Strike, place: usize) -> (Time, CopyRef) {
    let mut world = World::new(model.clone(), 1);
    let mut sent = Vec::new();
    world.run_until(Time::from_secs_f64(9.0), &mut |record: &Record| {
        if let What::Sent { event, event_type, role, link, attempt, .. } = record.what
            && link == strike.link
            && event_type == strike.event_type
        {
            let link = Some(link);
            sent.push((record.at, CopyRef { event, event_type, role, link, attempt, number: 0 }));
        }
    });
    sent[place]
}

#[test]
fn a_message_is_struck_as_a_person_would() {
    // Nothing else happens at the same instant: a person comes after all that.
    let body = BODY.replace(r#", Publish("E", "l")"#, "");
    let without = model_of(&body, "");
    let deeds = [
        "Duplicate",
        "Delay(\"3s\")",
        "Drop",
        "Swap",
        "LoseAnswer",
        "Bury",
        "Edit(field: \"cents\", value: 5)",
    ];
    for deed in deeds {
        for nth in [1, 2] {
            let text =
                format!(r#"Message(from: "q", to: "s", event: "E", nth: {nth}, do: {deed})"#);
            let with = model_of(&body, &text);
            let FaultKind::Strike(strike) = with.faults[0].kind else { panic!("{deed}") };
            let (mut at, copy) = sent(&without, strike, nth - 1);
            if strike.deed == Deed::Swap {
                at = sent(&without, strike, nth).0;
            }
            let act = Act::Message { copy, deed: strike.deed };
            let by_hand = records(&without, &[Intervention { at, act }]);
            assert_eq!(records(&with, &[]), by_hand, "{deed} of {nth}");
        }
    }
}

/// Everything that is set or done at an instant and is over then.
const LINES: [&str; 13] = [
    r#"Instances(service: "s", at: "31ms", instances: 3)"#,
    r#"Workers(service: "r", at: "31ms", workers: 0)"#,
    r#"Workers(service: "r", at: "31ms", workers: Unlimited)"#,
    r#"Strategy(service: "s", topic: "q", at: "31ms", strategy: [Inbox, VersionChecked(version: "n")])"#,
    r#"Prefetch(service: "s", topic: "q", at: "31ms", prefetch: 1)"#,
    r#"AckWait(topic: "q", at: "31ms", wait: "90ms")"#,
    r#"AckWait(topic: "q", at: "31ms", wait: Never)"#,
    r#"MaxDeliveries(topic: "q", at: "31ms", most: 1)"#,
    r#"Latency(from: "q", to: "s", at: "31ms", latency: "5ms")"#,
    r#"Bandwidth(between: ("q", "s"), at: "31ms", bandwidth: "1KiB")"#,
    r#"Clock(service: "s", at: "31ms", behind: "2s")"#,
    r#"Purge(topic: "l", at: "31ms")"#,
    r#"FailNext(service: "r", at: "31ms", count: 2)"#,
];

#[test]
fn what_is_set_is_set_as_a_person_would() {
    let without = model("");
    for line in LINES {
        let with = model(line);
        let fault = &with.faults[0];
        let by_hand = records(&without, &[Intervention { at: fault.at, act: fault.act() }]);
        assert_eq!(records(&with, &[]), by_hand, "{line}");
        // And however far one goes at a time.
        let mut world = World::new(with.clone(), 1);
        let mut count = 0;
        world.run_until(Time::from_secs_f64(9.0), &mut |_: &Record| count += 1);
        assert_eq!(count, by_hand.len() + 2, "{line}");
    }
}

#[test]
fn what_never_comes_is_not_struck() {
    let with = model(r#"Message(from: "q", to: "s", event: "E", nth: 99, do: Drop)"#);
    let mut seen = Vec::new();
    let mut world = World::new(with, 1);
    world.run_until(Time::from_secs_f64(9.0), &mut |record: &Record| seen.push(record.what));
    assert!(!seen.iter().any(|it| matches!(it, What::FaultBegan { .. })));
}

#[test]
fn sessions_know_it_by_name() {
    let deed =
        r#"Message(from: "q", to: "s", event: "E", nth: 3, do: Edit(field: "n", value: "e-2"))"#;
    for line in LINES.into_iter().chain([deed]) {
        let model = model(line);
        let omit = Act::Omit { fault: inflight::model::FaultId(0) };
        let kind = model.faults[0].kind.clone();
        let moved = Act::Break { kind, lasts: model.faults[0].lasts };
        for act in [omit, moved, model.faults[0].act()] {
            let read = inflight::session::carry_over(&act, &model, &model);
            assert_eq!(read.as_ref(), Some(&act), "{line}");
        }
    }
}
