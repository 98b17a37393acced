//! Figures, each on a case that is small enough to be worked out by hand; and that they are those
//! of the report.

use std::sync::Arc;

use inflight::history::{Runs, work_out};
use inflight::measure::Part;
use inflight::measure::judge::short;
use inflight::measure::{Column, Compared, Measured, Over, Survey, Surveyed, compare};
use inflight::model::{
    AnomalyKind, Figure, GroupId, Model, Script, ServiceId, Span, Stat, StoreId, Time, Unit,
};
use inflight::scenario::{self, library};
use inflight::sim::World;
use inflight::view::flow::{Fit, values_of};

fn model(text: &str) -> Arc<Model> {
    let text = format!("Scenario(format: 1, title: \"measured\", {text})");
    match scenario::read(&text, "measured.ron") {
        Ok(scenario) => scenario.variants[0].model.clone(),
        Err(problems) => panic!("{problems}"),
    }
}

fn seconds(at: f64) -> Time {
    Time::from_secs_f64(at)
}

fn survey(model: &Arc<Model>, end: f64, parts: &[(f64, f64, usize)]) -> Surveyed {
    let parts = parts.iter().map(|&(from, until, buckets)| Part {
        from: seconds(from),
        until: seconds(until),
        buckets,
    });
    let survey = Survey::new(Script::default(), seconds(end), parts.collect());
    work_out(survey, &mut Runs::new(model.clone(), model.seed, 0))
}

fn measure(model: &Arc<Model>, end: f64, from: f64, until: f64) -> Measured {
    survey(model, end, &[(from, until, 1)]).parts.remove(0).remove(0)
}

fn service(model: &Model, name: &str) -> ServiceId {
    ServiceId::from_index(model.services.iter().position(|it| it.name == name).unwrap())
}

/// A column of its own comparison.
pub fn column(name: &str, model: &Arc<Model>, end: Time) -> Column {
    let script = Script::default();
    let outage = compare::outage(model, &script, end);
    let survey = compare::survey(model, script.clone(), end, outage.as_ref());
    let found = work_out(survey, &mut Runs::new(model.clone(), model.seed, 0));
    compare::column(name, model, (&script, end, outage.as_ref()), &found).unwrap()
}

#[track_caller]
fn is(measured: &Measured, figure: Figure, wanted: f64) {
    let found = measured.figure(figure).unwrap_or(f64::NAN);
    // Quantiles are right to the width of a histogram's bucket.
    assert!((found - wanted).abs() <= 0.008 * wanted.abs(), "{figure:?}: {found}, not {wanted}");
}

/// Four users ask, one a second, and each is answered after 100 ms there, 200 ms of work and
/// 100 ms back.
const FOUR_USERS: &str = r#"
    events: { "Job": Event() }, requests: { "Ask": Request() },
    links: Links(default: Link(latency: "100ms")),
    services: { "server": Service(workers: 2, answers: { "Ask": [Work("200ms")] }) },
    workloads: { "users": Workload(arrivals: At(["1s", "2s", "3s", "4s"]), event: "Job",
        do: [Call(to: "server", request: "Ask")]) }"#;

#[test]
fn times_rates_and_levels_of_four_users() {
    let model = model(FOUR_USERS);
    let (users, server) = (service(&model, "users"), service(&model, "server"));
    let all = measure(&model, 10.0, 0.0, 10.0);
    for stat in Stat::ALL {
        is(&all, Figure::Free(users, stat), 0.4);
        is(&all, Figure::Outcome(users, stat), 0.4);
        is(&all, Figure::Request(users, server, stat), 0.4);
        is(&all, Figure::Response(server, stat), 0.2);
    }
    is(&all, Figure::Waiting(server, Stat::Max), 0.0);
    is(&all, Figure::Accepted(users), 1.0);
    is(&all, Figure::Available(users), 1.0);
    is(&all, Figure::Arrived(users), 4.0);
    is(&all, Figure::Completed(server), 4.0);
    is(&all, Figure::RateIn(server), 0.4);
    is(&all, Figure::RateOut(server), 0.4);
    // 4 · 200 ms of work, by 2 workers in 10 s; 4 · 200 ms on links.
    is(&all, Figure::Utilisation(server), 0.04);
    is(&all, Figure::MeanInSystem(server), 0.08);
    is(&all, Figure::MeanInFlight, 0.08);
    is(&all, Figure::MaxInFlight, 1.0);
    // A request and an answer each.
    is(&all, Figure::Messages, 8.0);
    is(&all, Figure::MessagesPerTransaction, 2.0);
    let bytes = model.event_types.iter().find(|it| it.name == "Ask").unwrap().size_bytes;
    is(&all, Figure::BytesPerTransaction, 2.0 * f64::from(bytes));
    is(&all, Figure::WastedShare, 0.0);
    is(&all, Figure::Parts, 1.0);
    // The users name the server, and it names nobody.
    is(&all, Figure::Knows(users), 1.0);
    is(&all, Figure::Knows(server), 0.0);
    is(&all, Figure::KnownBy(server), 1.0);

    // Arrivals count where they arrive, and are followed to their end: the one at 2 s is answered
    // at 2.4 s, after the span.
    let span = measure(&model, 10.0, 1.05, 2.2);
    is(&span, Figure::Arrived(users), 1.0);
    is(&span, Figure::Outcome(users, Stat::Max), 0.4);
    // The server worked from 1.1 to 1.3 s and from 2.1 s on.
    is(&span, Figure::Utilisation(server), 0.3 / 1.15 / 2.0);
    // Of those that arrive in the last 200 ms of a run nobody knows the end.
    let cut = measure(&model, 4.2, 3.5, 4.2);
    is(&cut, Figure::Open(users), 1.0);
    assert_eq!(cut.figure(Figure::Available(users)), None);
}

#[test]
fn an_outage_fails_who_asks_while_it_lasts() {
    // Down from 2.5 s to 3.5 s: the request of 3 s comes at 3.1 s, is refused, and its user knows
    // at 3.2 s. That of 2 s was answered before.
    let fault = r#", faults: [Crash(service: "server", at: "2500ms", for: "1s")]"#;
    let model = model(&format!("{FOUR_USERS}{fault}"));
    let users = service(&model, "users");
    let all = measure(&model, 10.0, 0.0, 10.0);
    is(&all, Figure::Available(users), 0.75);
    is(&all, Figure::Accepted(users), 0.75);
    is(&all, Figure::Free(users, Stat::P50), 0.4);
    let outage = measure(&model, 10.0, 2.5, 3.5);
    is(&outage, Figure::Available(users), 0.0);
    // Free again, and not served: who is refused is not quicker than who gets an answer.
    is(&outage, Figure::Free(users, Stat::Mean), 0.2);
    assert_eq!(outage.figure(Figure::Outcome(users, Stat::Mean)), None);
    is(&all, Figure::Outcome(users, Stat::Mean), 0.4);
    // The users; the server itself was struck.
    is(&outage, Figure::BlastRadius, 1.0);
    assert_eq!(outage.blast, [users]);
    is(&measure(&model, 10.0, 3.6, 10.0), Figure::BlastRadius, 0.0);
}

#[test]
fn who_asks_again_and_again_is_free_at_once_and_knows_late() {
    // Links take no time. A job takes 1 s, and is asked for after 0.3, 0.6, 0.9 and 1.2 s.
    let model = model(
        r#"events: { "Job": Event(fields: { "id": Sequence("j-") }) },
        requests: { "Ask": Request(fields: { "id": Sequence("j-") }), "Yes": Request(), "No": Request() },
        links: Links(default: Link(latency: "0ms")),
        services: { "server": Service(workers: Unlimited, stores: { "done": Set(key: Text) }, answers: {
            "Job": [Work("1s"), Update(store: "done", key: Field("id"), insert: true)],
            "Ask": [If(condition: Has("done", Field("id")), then: [Reply("Yes")], otherwise: [Reply("No")])],
        }) },
        workloads: { "users": Workload(arrivals: At(["1s", "5s"]), event: "Job", do: [
            Send(to: "server", event: "Job"),
            Poll(to: "server", request: "Ask", every: "300ms", until: "Yes", at_most: 9),
        ]) }"#,
    );
    let users = service(&model, "users");
    let all = measure(&model, 10.0, 0.0, 10.0);
    is(&all, Figure::Free(users, Stat::Max), 0.0);
    is(&all, Figure::Outcome(users, Stat::Mean), 1.2);
    is(&all, Figure::Polls, 8.0);
    is(&all, Figure::EmptyPolls, 6.0);
    // The job, four questions and four answers for each.
    is(&all, Figure::MessagesPerTransaction, 9.0);
    is(&all, Figure::WastedShare, 6.0 / 18.0);
}

#[test]
fn a_group_catches_up_after_an_outage() {
    // An event every 100 ms, handled in 10 ms. Down from 2.05 to 3.05 s: ten wait. Then one less
    // every 10 ms, and one more at 3.1 s, is down to one, as before, at 3.15 s.
    let model = model(
        r#"events: { "Job": Event() }, topics: { "jobs": Queue(ack_wait: "10s") },
        links: Links(default: Link(latency: "0ms")),
        services: { "worker": Service(consumes: { "jobs": Consume(prefetch: 100, on: { "Job": [Work("10ms")] }) }) },
        workloads: { "boss": Workload(arrivals: Every("100ms"), event: "Job", do: [Publish("Job", "jobs")]) },
        faults: [Crash(service: "worker", at: "2050ms", for: "1s")]"#,
    );
    let group = GroupId(0);
    let outage = measure(&model, 6.0, 2.05, 3.05);
    is(&outage, Figure::MaxLag(group), 10.0);
    // 0.95 + 0.85 + … + 0.05 s.
    is(&outage, Figure::MeanLag(group), 5.0);
    is(&outage, Figure::Recovery(group), 0.1);
    let calm = measure(&model, 6.0, 1.0, 2.0);
    is(&calm, Figure::MaxLag(group), 1.0);
    is(&calm, Figure::MeanLag(group), 0.1);
    // The publish and the delivery carry the event, the ack carries none.
    let bytes = f64::from(model.event_types[0].size_bytes);
    is(&calm, Figure::BytesPerTransaction, 2.0 * bytes);
    is(&calm, Figure::Recovery(group), 0.0);
}

#[test]
fn a_consumer_that_hangs_is_not_the_best() {
    // An event every 100 ms, up to 10 s; the one at 2 s can never be handled, and a log is read in
    // order. Or it can.
    let text = |fails: &str| {
        model(&format!(
            r#"until: "10s", events: {{ "Job": Event(fields: {{ "id": Sequence("j-") }}) }}, topics: {{ "jobs": Log() }},
            links: Links(default: Link(latency: "0ms")),
            services: {{ "worker": Service(stores: {{ "done": Counter(projection_of: "jobs") }}, consumes: {{
                "jobs": Consume(prefetch: 5, on_failure: Retry("1s"), on: {{ "Job": [{fails}, Update(store: "done", increment: true)] }})
            }}) }},
            workloads: {{ "boss": Workload(arrivals: Every("100ms"), event: "Job", do: [Publish("Job", "jobs")]) }}"#
        ))
    };
    let is_bad = r#"If(condition: Compare(Field("id"), Equal, "j-20"), then: [Fail(1.0)])"#;
    let (hangs, works) = (text(is_bad), text(r#"Work("1ms")"#));
    let columns = [column("hangs", &hangs, seconds(10.0)), column("works", &works, seconds(10.0))];
    let (store, whole) = (StoreId(0), &columns[0].whole);
    // 100 came, 19 are applied, at once; the one at 2 s and those behind it wait since then.
    is(whole, Figure::NotYet(store), 81.0);
    is(whole, Figure::Window(store, Stat::P50), 3.0);
    is(whole, Figure::Window(store, Stat::Max), 8.0);
    is(&columns[1].whole, Figure::Window(store, Stat::Max), 0.001);
    for over in [Over::Whole, Over::Healthy] {
        let rows = compare::rows_over(&columns, over);
        let row = rows.iter().find(|it| it.label == "Anomalies per thousand events").unwrap();
        assert!(row.is_partial(0) && !row.is_partial(1), "{over:?}");
    }
    let rows = compare::rows(&columns);
    let best = |label: &str| rows.iter().find(|it| it.label == label).unwrap().best();
    assert_eq!(best("Every projection agrees, p99"), Some(1));
    assert_eq!(best("Anomalies per thousand events"), None);
}

#[test]
fn what_is_forgotten_and_not_sent_again_never_will_be_applied() {
    // Ten events are applied and committed, the eleventh is at work; then all is forgotten.
    let forgotten = |fault: &str| {
        let model = model(&format!(
            r#"until: "10s", events: {{ "Job": Event() }}, topics: {{ "jobs": Log() }},
            links: Links(default: Link(latency: "1ms")),
            services: {{ "worker": Service(stores: {{ "done": Counter(projection_of: "jobs", durable: false) }}, consumes: {{
                "jobs": Consume(commit: Each, static_members: true, on: {{ "Job": [Work("50ms"), Update(store: "done", increment: true)] }})
            }}) }},
            workloads: {{ "boss": Workload(arrivals: Every("100ms"), until: "1150ms", event: "Job", do: [Publish("Job", "jobs")]) }},
            faults: [Crash(service: "worker", at: "1120ms", for: "1s"){fault}]"#
        ));
        let all = measure(&model, 10.0, 0.0, 10.0);
        let mut world = World::new(model.clone(), model.seed);
        world.run_until(seconds(10.0), &mut ());
        let report = world.report();
        let projection = report.stores[0].projection.as_ref().unwrap();
        let counts = [Figure::NotYet(StoreId(0)), Figure::Never(StoreId(0))];
        let counts = counts.map(|it| all.figure(it).unwrap());
        assert_eq!(counts, [projection.not_yet as f64, projection.never as f64]);
        let p99 = all.figure(Figure::Window(StoreId(0), Stat::P99));
        assert_eq!(p99, Some(projection.window_p99.as_secs_f64()));
        counts
    };
    assert_eq!(forgotten(""), [0.0, 10.0]);
    let again = r#", Replay(service: "worker", topic: "jobs", at: "5s", to: Earliest)"#;
    assert_eq!(forgotten(again), [0.0, 0.0]);
}

#[test]
fn each_column_has_its_own_fault() {
    let with = |fault: &str| {
        let users = FOUR_USERS;
        model(&format!(r#"until: "10s", {users}, faults: [{fault}]"#))
    };
    let late = r#"Slow(service: "server", at: "8s", for: "1s", factor: 2)"#;
    let down = r#"Crash(service: "server", at: "2500ms", for: "1s")"#;
    let cut = r#"Cut(from: "users", to: "server", at: "2500ms", for: "1s")"#;
    // Not in the order in which they come.
    let models = [
        ("down", with(&format!("{late}, {down}"))),
        ("calm", with("")),
        ("cut", with(cut)),
        ("late", with(late)),
    ];
    let (script, end) = (Script::default(), seconds(10.0));
    let outage = compare::outage_of_all(models.iter().map(|it| (&*it.1, &script, end)));
    let columns = models.iter().map(|(name, model)| {
        let survey = compare::survey(model, script.clone(), end, outage.as_ref());
        let found = work_out(survey, &mut Runs::new(model.clone(), model.seed, 0));
        compare::column(name, model, (&script, end, outage.as_ref()), &found).unwrap()
    });
    let columns: Vec<Column> = columns.collect();
    let names = models.iter().map(|it| it.0.to_owned()).collect();
    let told = Compared::new("faults", names, &[(1, columns)]);
    assert_eq!(
        told.outage_in_words(),
        " · the fault: server is down in down, users – server is cut in cut, 2.500 s to 3.500 s (the first of 2)"
    );
    assert!(told.sentences[0].starts_with("while server is down"), "{:?}", told.sentences);
    assert!(!told.sentences[1].contains("while"), "{:?}", told.sentences);
    assert!(told.sentences[2].starts_with("while users – server is cut"), "{:?}", told.sentences);
    assert!(!told.sentences[3].contains("while"), "{:?}", told.sentences);
}

#[test]
fn healthy_users_are_those_who_were_through_before_the_fault() {
    // One a second from 1 s on, each free after 400 ms: who comes at 6 s is asking when the server goes
    // away at 6.25 s, and fails then or a second later. Who comes at 5 s was through at 5.4 s.
    let model = model(
        r#"until: "10s", events: { "Job": Event() }, requests: { "Ask": Request() },
        links: Links(default: Link(latency: "100ms")),
        services: { "server": Service(workers: 2, answers: { "Ask": [Work("200ms")] }) },
        faults: [Crash(service: "server", at: "6250ms", for: "2s")],
        workloads: { "users": Workload(arrivals: Every("1s"), event: "Job",
            do: [Call(to: "server", request: "Ask", timeout: "1s")]) }"#,
    );
    let users = service(&model, "users");
    let column = column("", &model, seconds(10.0));
    is(&column.healthy, Figure::Free(users, Stat::Max), 0.4);
    is(&column.healthy, Figure::Available(users), 1.0);
    assert_eq!(column.healthy.cohort(users).unwrap().arrived, 5);
    // The span itself has six, one of whom is not served.
    let before = measure(&model, 10.0, 0.0, 6.249);
    assert_eq!(before.cohort(users).unwrap().arrived, 6);
    is(&before, Figure::Available(users), 5.0 / 6.0);
    // Messages are those up to the fault, over all who came until then.
    let per = Figure::MessagesPerTransaction;
    assert_eq!(column.healthy.figure(per), before.figure(per));
}

#[test]
fn what_is_only_behind_is_not_wrong() {
    let entry = library::find("lost_ack").unwrap();
    let model = scenario::read(entry.text, entry.path).unwrap().variants[0].model.clone();
    let ledger = service(&model, "ledger");
    let mut walk = Runs::new(model.clone(), model.seed, 0).walk(&Script::default(), Time::ZERO);
    let (mut behind, mut wrong) = (0, 0);
    while walk.step(model.end.unwrap(), |_, _| {}) {
        let scene = &walk.moment().scene;
        let has_erred = scene.anomalies.iter().any(|it| *it > 0);
        for pair in values_of(&model, scene, ledger).chunks(2) {
            let [value, should] = pair else { panic!("each with what it should be") };
            match value.fit {
                Fit::Right => assert_eq!(value.value, should.value),
                Fit::NotYet => {
                    assert!(!has_erred && value.value != should.value);
                    assert_eq!(should.label, "will be");
                    behind += 1;
                }
                Fit::Wrong => {
                    assert!(has_erred && value.value != should.value);
                    assert_eq!(should.label, "should be");
                    wrong += 1;
                }
            }
        }
    }
    assert!(behind > 0 && wrong > 0, "{behind} {wrong}");
}

#[test]
fn who_waits_for_nothing_has_no_times() {
    let text = |step: &str| {
        format!(
            r#"until: "10s", events: {{ "Job": Event() }}, topics: {{ "jobs": Queue() }},
            workloads: {{ "users": Workload(arrivals: Every("1s"), event: "Job", do: [{step}]) }}"#
        )
    };
    let labels = |step: &str| {
        let model = model(&text(step));
        let column = column("", &model, seconds(10.0));
        compare::all_rows(&[column]).into_iter().map(|it| it.label).collect::<Vec<_>>()
    };
    let is_time = |it: &String| it.starts_with("Free again") || it.starts_with("Served");
    assert!(!labels(r#"Publish("Job", "jobs")"#).iter().any(is_time));
    assert!(labels(r#"Publish("Job", "jobs"), Wait("1s")"#).iter().any(is_time));
}

#[test]
fn a_lost_ack_is_a_duplicate_effect_and_is_named() {
    // Every ack is lost from 0.5 s to 1.5 s: the events of 1 s (one of three) is applied at 1.1 s
    // and, after an ack wait of 2 s, again.
    let model = model(
        r#"events: { "Paid": Event(fields: { "cents": Int(5, 5) }) },
        topics: { "paid": Queue(ack_wait: "2s") },
        links: Links(default: Link(latency: "0ms"),
            between: [OneWay("ledger", "paid", Link(latency: "0ms", transport: Datagram))]),
        services: { "ledger": Service(stores: { "sum": Sum(projection_of: "paid") }, consumes: { "paid": Consume(
            on: { "Paid": [Work("100ms"), Update(store: "sum", add: Field("cents"))] }) }) },
        workloads: { "shop": Workload(arrivals: At(["1s", "4s", "5s"]), event: "Paid", do: [Publish("Paid", "paid")]) },
        faults: [Loss(from: "ledger", to: "paid", at: "500ms", for: "1s", probability: 1)]"#,
    );
    let store = StoreId(0);
    let all = measure(&model, 10.0, 0.0, 10.0);
    let twice = Some(AnomalyKind::AppliedTwice);
    is(&all, Figure::Anomalies(Some(store), twice), 1.0);
    is(&all, Figure::Anomalies(None, None), 1.0);
    is(&all, Figure::AnomaliesPerThousand(Some(store), twice), 1000.0 / 3.0);
    is(&all, Figure::Anomalies(None, Some(AnomalyKind::Missing)), 0.0);
    is(&all, Figure::Duplicates, 1.0);
    is(&all, Figure::Redelivered(inflight::model::TopicId(0)), 1.0);
    is(&all, Figure::Window(store, Stat::Max), 0.1);
    is(&all, Figure::NotYet(store), 0.0);
    // Behind for 100 ms after each of three events, and wrong for good from 3.1 s on; but
    // 5 cents behind and 5 ahead is right for a while: 4 s to 4.1 s, and 5 s to 5.1 s.
    is(&all, Figure::WrongShare(store), (0.1 + 6.9 - 0.2) / 10.0);
    let words = inflight::measure::levels::field_name(AnomalyKind::AppliedTwice);
    assert_eq!(words, Some("duplicated"));
}

/// What the report says of a whole run is what is measured of it, of every shipped scenario.
#[test]
fn figures_are_those_of_the_report() {
    for entry in library::entries() {
        for variant in &scenario::read(entry.text, entry.path).unwrap().variants {
            let model = &variant.model;
            let end = model.end.unwrap().min(Time::ZERO + Span::from_secs(300));
            let mut world = World::new(model.clone(), model.seed);
            world.run_until(end, &mut ());
            let report = world.report();
            let whole = (0.0, end.as_secs_f64());
            let mut parts = survey(model, whole.1, &[(0.0, whole.1, 1), (0.0, whole.1, 7)]).parts;
            let (buckets, all) = (parts.pop().unwrap(), parts.pop().unwrap().remove(0));
            for (index, it) in report.services.iter().enumerate() {
                let id = ServiceId::from_index(index);
                #[expect(clippy::cast_precision_loss, reason = "counts")]
                let pairs = [
                    (Figure::Arrived(id), it.arrivals as f64),
                    (Figure::Completed(id), it.completed as f64),
                    (Figure::Failed(id), it.failed as f64),
                    (Figure::Rejected(id), it.rejected as f64),
                    (Figure::Lost(id), it.lost as f64),
                    (Figure::TimedOut(id), it.timed_out as f64),
                    (Figure::MeanQueue(id), it.mean_in_queue),
                    (Figure::MeanInSystem(id), it.mean_in_system),
                ];
                for (figure, wanted) in pairs {
                    assert_eq!(all.figure(figure), Some(wanted), "{} {figure:?}", entry.name);
                    let sum: f64 = buckets.iter().filter_map(|it| it.figure(figure)).sum();
                    let sum = match figure {
                        Figure::MeanQueue(_) | Figure::MeanInSystem(_) => sum / 7.0,
                        _ => sum,
                    };
                    assert!((sum - wanted).abs() < 1e-6 * wanted.max(1.0), "{figure:?}");
                }
                assert_eq!(all.figure(Figure::Utilisation(id)), it.utilisation);
                if it.completed + it.failed > 0 {
                    let p99 = all.figure(Figure::Response(id, Stat::P99));
                    assert_eq!(p99, Some(it.response_p99.as_secs_f64()));
                    let max = all.figure(Figure::Response(id, Stat::Max));
                    assert_eq!(max, Some(it.response_max.as_secs_f64()));
                }
                if let Some(cohort) = all.cohort(id).filter(|_| it.is_workload) {
                    assert_eq!(cohort.arrived, it.arrivals, "{}", entry.name);
                    assert_eq!(cohort.completed, it.completed, "{}", entry.name);
                    let (mean, failed) = (cohort.outcome.mean_seconds(), it.failed);
                    assert!(failed > 0 || (mean - it.mean_response).abs() < 1e-9);
                }
            }
            for (it, store) in report.stores.iter().zip(0..) {
                let Some(it) = &it.projection else { continue };
                let id = StoreId(store);
                let p99 = all.figure(Figure::Window(id, Stat::P99));
                assert_eq!(p99, Some(it.window_p99.as_secs_f64()));
                #[expect(clippy::cast_precision_loss, reason = "counts")]
                let anomalies = it.anomalies.iter().sum::<u64>() as f64;
                assert_eq!(all.figure(Figure::Anomalies(Some(id), None)), Some(anomalies));
                assert_eq!(all.figure(Figure::WrongShare(id)), Some(it.wrong_share));
            }
            let made: u64 = report.messages.made.iter().sum::<u64>() - report.messages.made[0];
            // What waits again after a failure, or after a forgotten ack, is made without being sent.
            assert!(all.slot.sent <= made, "{}", entry.name);
            let lags = report.topics.iter().flat_map(|it| &it.groups);
            for group in lags {
                let place = model.groups.iter().position(|it| it.name == group.name).unwrap();
                assert_eq!(world.lag(GroupId::from_index(place)), group.lag, "{}", group.name);
            }
        }
    }
}

#[test]
fn what_is_read_at_a_glance_keeps_what_is_before_the_point() {
    let count = |it: f64| short(it, Unit::Count);
    assert_eq!([14_372.03, 2_042.4, 1_435.0].map(count), ["14372", "2042", "1435"]);
    assert_eq!([13.327, 0.004_24].map(count), ["13.3", "0.0042"]);
    assert_eq!(short(2_042.4, Unit::Bytes), "2042 B");
    assert_eq!(short(0.508_771, Unit::Share), "50.9 %");
}
