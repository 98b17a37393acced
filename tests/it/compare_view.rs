//! The comparison in the window: the same text as on the command line, columns of variants,
//! branches and files, intervals, the matrix, and what the scenario expects.

use std::sync::Arc;

use egui_kittest::kittest::Queryable;

use inflight::app::{App, Command, CompareCommand, Options, Settings, View, Which};
use inflight::history::{MAIN, MarkKind};
use inflight::measure::grid::Spot;
use inflight::measure::matrix::Harm;
use inflight::measure::{First, Over};
use inflight::model::{Act, FaultKind, ServiceId, Span, Time};
use inflight::view::comparing::{Standing, comparing, first_in_words, text};
use inflight::view::expectations::{State, expectations};

use crate::panels::{Window, click, payment, shell, tell, until};

fn app(file: &str) -> App {
    let options = Options { file: Some(file.into()), ..Options::default() };
    let mut app = App::new(Settings::default(), options, Arc::new(|| {}));
    app.update(Command::Pause);
    app
}

fn wait(app: &mut App, holds: impl Fn(&App) -> bool) {
    app.update(Command::Tick(0.0));
    while !holds(app) {
        app.update(Command::Tick(0.0));
        std::thread::yield_now();
    }
}

/// The program in the comparison, with everything known.
fn compared(file: &str) -> App {
    let mut app = app(file);
    app.update(Command::ShowView(View::Compare));
    wait(&mut app, is_known);
    app
}

fn is_known(app: &App) -> bool {
    app.comparing.is_done() && app.comparing.first.is_some()
}

#[test]
fn it_says_what_the_command_line_says() {
    // In the second one the fault has another name in each column.
    for file in ["payment", "no_acid"] {
        let app = compared(file);
        let told = app.comparing.compared.as_ref().unwrap().markdown();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_inflight"))
            .args(["compare", file, "--markdown"])
            .output()
            .unwrap();
        assert_eq!(told, String::from_utf8(output.stdout).unwrap());
    }
}

#[test]
fn each_column_has_a_sentence_and_each_figure_its_bar() {
    let mut app = compared("payment");
    app.update(Command::SeekTo(Time::from_secs_f64(24.0)));
    let serves =
        |it: &App| it.comparing.sides.iter().all(|it| it.run.serves(Time::from_secs_f64(24.0)));
    wait(&mut app, serves);
    let view = comparing(&app);
    let names: Vec<&str> = view.columns.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["notify", "call", "poll"]);
    assert!(view.columns.iter().all(|it| it.down.as_deref() == Some("ledger down since 20.0 s")));
    let sentence = view.columns[0].sentence.as_deref().unwrap();
    assert!(sentence.starts_with("While ledger is down, customers do not notice it"), "{sentence}");
    assert!(view.is_fair, "{}", view.caption);
    let row = view.rows.iter().find(|it| it.label.starts_with("Completed during")).unwrap();
    assert_eq!(row.cells[0].text, "100 %");
    assert_eq!(row.cells[1].standing, Standing::Worst);
    assert_eq!(row.cells[0].share, Some(1.0));
    // As text, which is what one would see.
    let text = text(&view);
    assert!(text.contains("notify [ledger down since 20.0 s]: While ledger is down"), "{text}");
    assert!(text.contains("↑ Completed during the fault (customers)"), "{text}");
    // All figures over one span.
    app.update(Command::Compare(CompareCommand::Over(Some(Over::Healthy))));
    let view = comparing(&app);
    assert!(view.rows.iter().all(|it| it.over == Over::Healthy) && view.rows.len() > 8);
}

#[test]
fn columns_first_differ_where_a_user_first_sees_it() {
    let mut app = compared("payment");
    let Some(Some(First { at, text })) = app.comparing.first.clone() else { panic!() };
    // The first customer is free after two ways to checkout, or hears only when all is done.
    assert!(text.starts_with("number 1 of the customers is free again after"), "{text}");
    app.update(Command::Compare(CompareCommand::GoToFirst));
    assert_eq!(app.playback.at, at);
    let (_, words) = first_in_words(&app).unwrap();
    assert!(words.starts_with(&format!("first difference at {at:.3}: ")), "{words}");
}

#[test]
fn branches_and_files_are_columns_too() {
    let mut app = compared("payment");
    app.update(Command::SeekTo(Time::from_secs_f64(5.0)));
    wait(&mut app, |it| it.run.serves(it.playback.at));
    let receipts = app.model().services.iter().position(|it| it.name == "receipts").unwrap();
    let kind = FaultKind::Crash { service: ServiceId::from_index(receipts), instance: None };
    app.update(Command::Act(Act::Break { kind, lasts: Some(Span::SECOND) }));
    let branch = app.branch().id;
    let which = Which::Branch { variant: "notify".into(), branch };
    assert!(app.comparable().iter().any(|it| it.0 == which && it.1 == "notify · what-if 1"));
    for _ in 0..2 {
        app.update(Command::Compare(CompareCommand::Remove(1)));
    }
    app.update(Command::Compare(CompareCommand::Add(which)));
    wait(&mut app, is_known);
    let names: Vec<&str> = app.comparing.sides.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["notify", "notify · what-if 1"]);
    // The outage is now what was done, which comes first.
    let outage = app.comparing.outage.as_ref().unwrap();
    assert_eq!((outage.from, outage.name.as_str()), (Time::from_secs_f64(5.0), "receipts is down"));
    // A file that cannot be read is said; another is a column.
    let before = app.toasts.len();
    app.update(Command::Compare(CompareCommand::AddFile("no/such.ron".into())));
    assert_eq!(app.toasts.len(), before + 1);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/delivery/lost_ack.ron");
    app.update(Command::Compare(CompareCommand::AddFile(path.into())));
    wait(&mut app, is_known);
    assert_eq!(app.comparing.sides.len(), 3);
    assert!(!comparing(&app).is_fair, "it is another world, and that is said");
    app.update(Command::Compare(CompareCommand::Reset));
    let which = |it: &Which| matches!(it, Which::Branch { branch, .. } if *branch == MAIN);
    assert!(
        app.comparing.sides.iter().all(|it| which(&it.which)) && app.comparing.sides.len() == 3
    );
    // A branch that is gone is no column any more.
    app.update(Command::Undo);
    app.update(Command::Tick(0.0));
    assert_eq!(app.comparing.sides.len(), 3);
}

#[test]
fn intervals_are_of_twenty_seeds_and_can_be_given_up() {
    let mut app = compared("lost_ack");
    let toggle = || Command::Compare(CompareCommand::ToggleIntervals);
    app.update(toggle());
    assert!(app.comparing.intervals_progress().is_some());
    app.update(toggle());
    assert!(app.comparing.intervals_progress().is_none() && app.comparing.intervals.is_none());
    app.update(toggle());
    wait(&mut app, |it| it.comparing.intervals_progress().is_none());
    let told = app.comparing.intervals.clone().unwrap();
    assert_eq!(told.seeds.len(), 20);
    let view = comparing(&app);
    let row = view.rows.iter().find(|it| it.label.starts_with("Anomalies")).unwrap();
    assert!(row.cells[0].text.contains('±') && row.cells[0].half.is_some(), "{row:?}");
    let sentence = view.columns[0].sentence.as_deref().unwrap();
    assert!(sentence.starts_with("Of seed 7: in the whole run"), "{sentence}");
    assert!(view.about.starts_with("20 seeds") && view.about.ends_with("(the first of 2)"));
    // All figures over one span are of one seed.
    app.update(Command::Compare(CompareCommand::Over(Some(Over::Whole))));
    assert!(comparing(&app).about.starts_with("seed 7"), "{}", comparing(&app).about);
    app.update(Command::Compare(CompareCommand::Over(None)));
    app.update(toggle());
    assert!(app.comparing.intervals.is_none());
}

fn matrix_of(file: &str) -> App {
    let mut app = app(file);
    app.update(Command::Compare(CompareCommand::ToggleMatrix));
    assert_eq!(app.settings.view, View::Compare);
    wait(&mut app, |it| it.comparing.grids.is_some() && it.comparing.matrix_progress().is_none());
    app
}

#[test]
fn the_matrix_fills_in_and_is_the_command_lines() {
    for file in ["lost_ack", "old_price"] {
        let app = matrix_of(file);
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_inflight"))
            .args(["matrix", file, "--json"])
            .output()
            .unwrap();
        let mut told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for it in told.as_array_mut().unwrap() {
            it.as_object_mut().unwrap().remove("in_the_field");
        }
        let grids = app.comparing.grids.as_ref().unwrap();
        assert_eq!(serde_json::to_value(grids).unwrap(), told, "{file}");
        assert!(
            grids.iter().flat_map(|it| &it.rows).all(|it| it.cells.iter().all(Option::is_some))
        );
    }
}

/// The place of a cell in the first matrix.
fn spot(app: &App, strategy: &str, harm: Harm) -> Spot {
    let rows = &app.comparing.grids.as_ref().unwrap()[0].rows;
    let row = rows.iter().position(|it| it.strategy == strategy).unwrap();
    let column = Harm::ALL.iter().position(|it| *it == harm).unwrap();
    Spot { grid: 0, row, column }
}

#[test]
fn a_cell_says_what_it_counts_and_its_run_can_be_looked_into() {
    for (strategy, harm, said) in [
        (
            "naive",
            Harm::LostAck,
            "where what ledger said of 12 deliveries was lost: ledger counts 12 applied twice;",
        ),
        (
            "inbox",
            Harm::Duplicate,
            "where one delivery in five came twice through half of the run: nothing was applied wrongly;",
        ),
    ] {
        let mut app = matrix_of("lost_ack");
        let at = spot(&app, strategy, harm);
        let grid = app.comparing.grids.as_ref().unwrap()[0].clone();
        let cell = grid.rows[at.row].cells[at.column].clone().unwrap();
        let sentence = cell.sentence(&grid, harm);
        assert!(
            sentence.starts_with(&format!("Of {} events of payments.completed, ", cell.events)),
            "{sentence}"
        );
        assert!(sentence.contains(said), "{sentence}");
        app.update(Command::Compare(CompareCommand::OpenCell(at)));
        assert_eq!(app.settings.view, View::Flow);
        assert_eq!(app.branch().name, format!("{strategy} × {}", harm.name()));
        wait(&mut app, |it| it.run.progress.done);
        let marks = app.run.overview.marks.iter();
        let anomalies = marks.filter(|it| matches!(it.kind, MarkKind::Anomaly { .. })).count();
        assert_eq!(anomalies as u64, cell.total(), "{strategy}");
        // It is one deed, and taken back as one.
        app.update(Command::Undo);
        assert_eq!(app.tree().branches().count(), 1);
    }
}

#[test]
fn a_cell_of_another_variant_is_not_looked_into() {
    let mut app = matrix_of("lost_ack");
    let at = spot(&app, "naive", Harm::LostAck);
    app.update(Command::ShowView(View::Flow));
    app.update(Command::SelectVariant("inbox".into()));
    app.update(Command::Compare(CompareCommand::OpenCell(at)));
    assert_eq!(app.tree().branches().count(), 1);
    app.update(Command::Compare(CompareCommand::OpenCell(Spot { grid: 9, ..at })));
    assert_eq!(app.tree().branches().count(), 1);
}

#[test]
fn nobody_has_won_while_it_is_measured() {
    let mut app = app("payment");
    app.update(Command::ShowView(View::Compare));
    wait(&mut app, |it| it.comparing.is_done());
    assert!(!comparing(&app).columns[0].sentence.as_ref().unwrap().starts_with("So far"));
    // As it was a moment before.
    app.comparing.sides[2].is_done = false;
    let view = comparing(&app);
    assert!(!view.is_final);
    let cells = view.rows.iter().flat_map(|it| &it.cells);
    assert!(cells.into_iter().all(|it| it.standing == Standing::Between));
    assert!(view.columns.iter().all(|it| it.sentence.as_ref().unwrap().starts_with("So far: ")));
}

#[test]
fn where_users_see_no_difference_anomalies_are_looked_at() {
    let app = compared("lost_ack");
    let Some(Some(First { at, text })) = app.comparing.first.clone() else { panic!() };
    assert_eq!(text, "there is an anomaly in naive");
    // The first that only the naive one has.
    let marks = |name: &str| {
        let side = app.comparing.sides.iter().find(|it| it.name == name).unwrap();
        side.run.overview.marks.iter().map(|it| it.at).collect::<Vec<_>>()
    };
    assert!(marks("naive").contains(&at) && !marks("inbox").contains(&at));
}

/// The window in the comparison, with everything known.
fn window() -> Window {
    let mut window = payment();
    click(&mut window, "Compare");
    until(&mut window, |shell| is_known(shell.app()));
    window.run_steps(2);
    window
}

#[test]
fn columns_figures_and_strips_are_found_by_their_labels() {
    let mut window = window();
    for name in ["notify", "call", "poll"] {
        window.get_by_label(&format!("Column {name}"));
        window.get_by_label(&format!("Run of {name}"));
    }
    window.get_by_label_contains("Completed during the fault (customers): notify 100 %");
    click(&mut window, "Healthy");
    assert_eq!(shell(&window).app().comparing.over, Some(Over::Healthy));
    click(&mut window, "Close column poll");
    assert_eq!(shell(&window).app().comparing.sides.len(), 2);
    until(&mut window, |shell| is_known(shell.app()));
    click(&mut window, "Copy as Markdown");
    // A click on a column looks inside.
    click(&mut window, "Column call");
    let app = shell(&window).app();
    assert_eq!((app.settings.view, app.shown().name.as_str()), (View::Flow, "call"));
}

#[test]
fn expectations_are_not_yet_passed_or_failed_at_the_playhead() {
    let mut window = payment();
    click(&mut window, "Expectations");
    until(&mut window, |shell| {
        let expecting = &shell.app().expecting;
        expecting.progress().is_none() && expecting.judged.iter().all(Option::is_some)
    });
    let view = expectations(shell(&window).app());
    assert_eq!(view.lines.len(), shell(&window).app().scenario.expect.len());
    assert!(view.lines.iter().all(|it| it.state == State::NotYet(true)), "{view:#?}");
    // The first is decided when the ledger is up again.
    click(&mut window, "Go to expectation 1");
    assert_eq!(shell(&window).app().playback.at, Time::from_secs_f64(28.0));
    let view = expectations(shell(&window).app());
    assert_eq!(view.lines[0].state, State::Passed);
    tell(&mut window, Command::GoToEnd);
    let view = expectations(shell(&window).app());
    assert!(view.lines.iter().all(|it| it.state == State::Passed));
    // Another future is held to them too: without its crash the calls do not fail.
    let fault = inflight::model::FaultId::from_index(0);
    tell(&mut window, Command::SelectVariant("call".into()));
    tell(&mut window, Command::OmitFault(fault));
    until(&mut window, |shell| {
        let expecting = &shell.app().expecting;
        expecting.progress().is_none() && expecting.judged.iter().all(Option::is_some)
    });
    let view = expectations(shell(&window).app());
    assert!(view.lines.iter().any(|it| it.variant == "call" && it.state == State::Failed));
}
