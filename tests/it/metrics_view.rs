//! The metrics view: that its figures are those of the report and of comparisons, and that the
//! charts can be read, clicked, dragged and taken along.

use std::sync::Arc;

use egui::Pos2;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use inflight::app::{App, Command, Options, Reach, Settings, View};
use inflight::export::csv;
use inflight::history::{Runs, work_out};
use inflight::measure::compare;
use inflight::measure::series::{Asked, ChartKind, Charted, ChartsOf, Extent};
use inflight::model::{Act, FaultKind, Figure, Model, Script, ServiceId, Span, Stat, Time};
use inflight::scenario::{self, library};
use inflight::sim::World;
use inflight::view::metrics;

use crate::measuring::column;
use crate::panels::{Window, click, payment, shell, tell, until};

fn model(text: &str) -> Arc<Model> {
    match scenario::read(text, "charted.ron") {
        Ok(scenario) => scenario.variants[0].model.clone(),
        Err(problems) => panic!("{problems}"),
    }
}

fn charted(model: &Arc<Model>, buckets: usize) -> Charted {
    let end = model.end.unwrap();
    let outage = compare::outage(model, &Script::default(), end);
    let asked = Asked { from: Time::ZERO, until: end, end, outage, looped: None };
    let inquiry = ChartsOf::new(Script::default(), asked, buckets);
    work_out(inquiry, &mut Runs::new(model.clone(), model.seed, 0))
}

#[test]
fn figures_are_those_of_the_report_and_of_the_comparison() {
    let payment = library::find("payment").unwrap();
    for variant in scenario::read(payment.text, payment.path).unwrap().variants {
        let model = &variant.model;
        let end = model.end.unwrap();
        let charted = charted(model, 60);
        let whole = &charted.spans.iter().find(|it| it.0 == Extent::Whole).unwrap().1;
        let column = column(&variant.name, model, end);
        let mut world = World::new(model.clone(), model.seed);
        world.run_until(end, &mut ());
        let report = world.report();
        for (place, reported) in report.services.iter().enumerate() {
            let it = ServiceId::from_index(place);
            let same = [
                (Figure::Completed(it), reported.completed as f64),
                (Figure::Arrived(it), reported.arrivals as f64),
                (Figure::Failed(it), reported.failed as f64),
            ];
            for (figure, reported) in same {
                assert_eq!(whole.figure(figure), Some(reported), "{figure:?}");
                assert_eq!(column.whole.figure(figure), Some(reported), "{figure:?}");
            }
        }
        let outage = &charted.spans.iter().find(|it| it.0 == Extent::Outage).unwrap().1;
        for (_, figure) in &charted.figures {
            assert_eq!(whole.figure(*figure), column.whole.figure(*figure), "{figure:?}");
            let during = column.outage.as_ref().unwrap();
            assert_eq!(outage.figure(*figure), during.figure(*figure), "{figure:?}");
        }
        // The series are the whole, cut in pieces.
        for ((kind, figure), values) in charted.figures.iter().zip(&charted.values) {
            assert_eq!(values.len(), 60);
            let known = values.iter().flatten();
            match (kind, figure) {
                (ChartKind::Throughput | ChartKind::Work | ChartKind::InFlight, _) => {
                    let mean = known.sum::<f64>() / 60.0;
                    let whole = whole.figure(*figure).unwrap();
                    assert!((mean - whole).abs() < 1e-6 * whole.max(1.0), "{figure:?}");
                }
                (ChartKind::Lag | ChartKind::Queue, _) => {
                    let most = known.copied().fold(0.0, f64::max);
                    assert_eq!(Some(most), whole.figure(*figure), "{figure:?}");
                }
                (ChartKind::Anomalies | ChartKind::Failures, _) => {
                    assert_eq!(Some(known.sum()), whole.figure(*figure), "{figure:?}");
                }
                _ => {}
            }
        }
    }
}

/// Users ask, one a second; the server is away for those who come at 4 and 5 s.
const USERS: &str = r#"Scenario(format: 1, title: "users", until: "10s",
    events: { "Job": Event() }, requests: { "Ask": Request() },
    links: Links(default: Link(latency: "100ms")),
    faults: [Crash(service: "server", at: "3500ms", for: "2s")],
    services: { "server": Service(workers: 2, answers: { "Ask": [Work("200ms")] }) },
    workloads: { "users": Workload(arrivals: Every("1s"), event: "Job",
        do: [Call(to: "server", request: "Ask", timeout: "1s")]) })"#;

#[test]
fn a_bucket_has_what_arrives_in_it_and_what_becomes_of_that() {
    let model = model(USERS);
    let charted = charted(&model, 10);
    let users =
        ServiceId::from_index(model.services.iter().position(|it| it.name == "users").unwrap());
    let of = |figure: Figure| {
        let place = charted.figures.iter().position(|it| it.1 == figure).unwrap();
        charted.values[place].clone()
    };
    // One arrival a bucket, at its end: free again after two ways of 100 ms and 200 ms of work, or
    // after the two ways when nobody is there.
    let free: Vec<Option<f64>> = of(Figure::Free(users, Stat::P50));
    let near = |found: Option<f64>, wanted: f64| (found.unwrap() - wanted).abs() < 0.008;
    for (bucket, found) in free.iter().enumerate().take(9) {
        let wanted = if matches!(bucket, 3 | 4) { 0.2 } else { 0.4 };
        assert!(near(*found, wanted), "bucket {bucket}: {found:?}");
    }
    // Those two are not served.
    let failed: Vec<f64> = of(Figure::Failed(users)).into_iter().flatten().collect();
    assert_eq!(failed, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let arrivals: f64 = of(Figure::RateIn(users)).iter().flatten().sum();
    assert!((arrivals - 10.0).abs() < 1e-9, "{arrivals}");
    // As a table: a line a bucket, and as many fields in each.
    let table = csv::series(&charted);
    let lines: Vec<&str> = table.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "from_s,to_s,response p50 [s],response p99 [s],throughput in [1/s],throughput out [1/s],\
         work done server [1/s],\
         failures users failed,failures users timed out,failures users turned away,failures users lost,\
         failures server failed,failures server timed out,failures server turned away,failures server lost,\
         queue depth server,in flight messages"
    );
    assert_eq!(lines.len(), 12);
    assert!(lines[1].starts_with("0,1,0.39"), "{}", lines[1]);
    assert!(lines[1..11].iter().all(|it| it.matches(',').count() == 16));
}

/// The program with a scenario's text in a file, in the metrics view, all of it known.
fn charts_of(app: &mut App) {
    app.update(Command::Pause);
    app.update(Command::ShowView(View::Metrics));
    app.update(Command::Tick(0.0));
    while !app.run.progress.done || app.charts_progress().is_some() || app.charted().is_none() {
        app.update(Command::Tick(0.0));
        std::thread::yield_now();
    }
}

fn app_of(text: &str, name: &str) -> (App, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let options = Options { file: Some(path), ..Options::default() };
    (App::new(Settings::default(), options, Arc::new(|| {})), folder)
}

#[test]
fn the_charts_as_text() {
    let (mut app, _folder) = app_of(USERS, "users.ron");
    charts_of(&mut app);
    let text = metrics::text(&metrics::metrics(&app));
    insta::assert_snapshot!(text, @r"
    Response, up to 400 ms
      p50                  █    █    █    ▄   ▄    █    █    █    █
      p99                  █    █    █    ▅   ▅    █    █    █    █
    Throughput, up to 5 /s
      in               ▁▁▁▁█▁▁▁▁█▁▁▁▁█▁▁▁▁█▁▁▁█▁▁▁▁█▁▁▁▁█▁▁▁▁█▁▁▁▁█▁▁▁█
      out              ▁▁▁▁▁▁█▁▁▁▁█▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁▁█▁▁▁▁█▁▁▁▁█▁▁
    Work done, up to 5 /s
      server           ▁▁▁▁▁▁█▁▁▁▁█▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁▁█▁▁▁█▁▁▁▁█▁▁▁
    Failures, up to 1
      users failed     ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
      server lost      ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
    In flight, up to 1
      messages         ▁▁▁▁▂▃▄▁▁▄▁▄▁▁▄▂▃▁▁▇▂▁▁▁█▁▁▁▂▃▄▁▁▄▁▄▁▁▄▂▃▁▁▄▃▁▁▁
    always zero: Queue depth
    Free again (users), 9 times: p50 399 ms, p90 400 ms, p99 400 ms, max 400 ms
      ▃                                  █
    Served after (users), 7 times: p50 400 ms, p90 400 ms, p99 400 ms, max 400 ms
                        █
    ");
}

#[test]
fn who_waits_for_nothing_has_no_response() {
    let of = |file: &str| {
        let options = Options { file: Some(file.into()), ..Options::default() };
        let mut app = App::new(Settings::default(), options, Arc::new(|| {}));
        charts_of(&mut app);
        metrics::metrics(&app)
    };
    let kinds =
        |view: &metrics::MetricsView| view.charts.iter().map(|it| it.kind).collect::<Vec<_>>();
    // Payments are published, and that is all.
    let view = of("lost_ack");
    assert!(!kinds(&view).contains(&ChartKind::Response) && view.distributions.is_empty());
    assert!(view.without.contains("waits for nothing"), "{}", view.without);
    // What comes in is a burst of three times the orders; what is done about it is not more than 100.
    let view = of("load_levelling");
    let lines = |kind: ChartKind| &view.charts.iter().find(|it| it.kind == kind).unwrap().lines;
    let names: Vec<&str> = lines(ChartKind::Throughput).iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["in"]);
    let done = lines(ChartKind::Work)[0].values.values.iter().flatten();
    let most = done.copied().fold(0.0, f64::max);
    assert!((95.0..=101.0).contains(&most), "{most}");
    // Writers wait, but are free at once.
    let view = of("read_your_write");
    assert!(!kinds(&view).contains(&ChartKind::Response) && view.zero.contains(&"Response"));
    let titles: Vec<_> = view.distributions.iter().map(|it| it.title.as_str()).collect();
    assert_eq!(titles, ["Served after (writers)"]);
}

#[test]
fn the_branch_that_was_forked_from_is_drawn_behind() {
    let (mut app, _folder) = app_of(USERS, "users.ron");
    charts_of(&mut app);
    assert_eq!(metrics::metrics(&app).behind, None);
    app.update(Command::SeekTo(Time::from_secs_f64(7.5)));
    while !app.run.serves(app.playback.at) {
        app.update(Command::Tick(0.0));
        std::thread::yield_now();
    }
    let server = app.model().services.iter().position(|it| it.name == "server").unwrap();
    let kind = FaultKind::Crash { service: ServiceId::from_index(server), instance: None };
    app.update(Command::Act(Act::Break { kind, lasts: Some(Span::SECOND) }));
    charts_of(&mut app);
    let view = metrics::metrics(&app);
    assert_eq!(view.behind.as_deref(), Some("main"));
    let response = &view.charts[0].lines[0];
    let behind = response.behind.as_ref().unwrap();
    let at = Time::from_secs_f64(8.0);
    assert!(response.values.at(at).unwrap() < 0.21, "nobody is there now");
    assert!((behind.at(at).unwrap() - 0.4).abs() < 0.01, "it did not before");
    let earlier = Time::from_secs_f64(3.0);
    assert!(response.values.at(earlier).is_some());
    assert_eq!(response.values.at(earlier), behind.at(earlier));
}

/// The window in the metrics view, with everything known.
fn window() -> Window {
    let mut window = payment();
    click(&mut window, "Metrics");
    until(&mut window, |shell| {
        shell.app().charted().is_some() && shell.app().charts_progress().is_none()
    });
    window.run_steps(2);
    window
}

#[test]
fn a_click_on_a_chart_goes_there_and_a_drag_comes_closer() {
    let mut window = window();
    let charts = window.get_by_role_and_label(Role::Slider, "Charts").rect();
    window.get_by_label("Response chart");
    window.get_by_label("Lag chart");
    let whole = shell(&window).app().whole().as_secs_f64();
    let place = |share: f32| {
        Pos2::new(charts.left() + 64.0 + (charts.width() - 78.0) * share, charts.top() + 60.0)
    };
    window.hover_at(place(0.5));
    window.run_steps(1);
    window.drag_at(place(0.5));
    window.drop_at(place(0.5));
    window.run_steps(2);
    let at = shell(&window).app().playback.at.as_secs_f64();
    assert!((at - whole / 2.0).abs() < 0.2, "{at}");
    window.hover_at(place(0.25));
    window.run_steps(1);
    window.drag_at(place(0.25));
    window.run_steps(1);
    window.hover_at(place(0.4));
    window.run_steps(1);
    window.hover_at(place(0.5));
    window.run_steps(1);
    window.drop_at(place(0.5));
    window.run_steps(2);
    let app = shell(&window).app();
    assert_eq!(app.metrics.reach, Reach::CloseUp);
    assert!((app.window.from.as_secs_f64() - whole * 0.25).abs() < 0.2, "{:?}", app.window);
    assert!((app.window.to.as_secs_f64() - whole * 0.5).abs() < 0.2, "{:?}", app.window);
    until(&mut window, |shell| shell.app().charts_progress().is_none());
    let charted = shell(&window).app().charted().cloned().unwrap();
    assert_eq!(charted.asked.from, shell(&window).app().window.from);
    click(&mut window, "Whole run");
    assert_eq!(shell(&window).app().metrics.reach, Reach::Whole);
}

#[test]
fn distributions_are_of_the_span_that_is_chosen() {
    let mut window = window();
    let count = |window: &Window| metrics::metrics(shell(window).app()).distributions[0].count;
    let whole = count(&window);
    click(&mut window, "The fault");
    assert_eq!(shell(&window).app().metrics.extent, Extent::Outage);
    // Six a second for eight seconds.
    let during = count(&window);
    assert!((30..=66).contains(&during) && during < whole, "{during} of {whole}");
    let bars: u64 = {
        let view = metrics::metrics(shell(&window).app());
        view.distributions[0].bars.iter().map(|it| it.2).sum()
    };
    assert_eq!(bars, during, "each is in one bar");
}

#[test]
fn the_series_are_saved_as_a_table() {
    let mut window = window();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("series");
    click(&mut window, "Save as CSV…");
    tell(&mut window, Command::Dismiss);
    let what = inflight::app::Export::Series;
    window.state_mut().as_mut().unwrap().save_as(what, &path);
    window.run_steps(2);
    let text = std::fs::read_to_string(path.with_extension("csv")).unwrap();
    assert!(text.starts_with("from_s,to_s,response p50 [s],"), "{text}");
    let buckets = shell(&window).app().charted().unwrap().bounds.len() - 1;
    assert_eq!(text.lines().count(), buckets + 1);
}
