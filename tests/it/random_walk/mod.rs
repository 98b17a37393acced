//! Whatever a person asks for, in whatever order and state: the program stays whole, and
//! everything that was done can be taken back.

mod commands;

use std::path::PathBuf;
use std::sync::Arc;

use inflight::app::{App, Command, Options, Settings};
use inflight::history::{MAIN, Place};
use inflight::model::Time;
use inflight::view;

use crate::generate::Lots;
use commands::{command, folder, opens, write_files};

/// How many commands in the usual run; more with `INFLIGHT_WALK`.
const STEPS: u32 = 10_000;

fn app() -> App {
    write_files(&folder());
    let file = Some(PathBuf::from("delivery/lost_ack"));
    let keep_in = Some(folder().join("kept"));
    let options = Options { file, keep_in, ..Options::default() };
    let mut app = App::new(Settings::default(), options, Arc::new(|| {}));
    app.update(Command::Pause);
    settle(&mut app);
    app
}

/// Waits until the run is simulated to its end and seen at the playhead.
fn settle(app: &mut App) {
    app.update(Command::Tick(0.0));
    while !app.run.progress.done || !app.run.serves(app.playback.at) {
        app.update(Command::Tick(0.0));
        std::thread::yield_now();
    }
}

/// What holds in every state.
fn check(app: &App, last: &Command) {
    let tree = app.tree();
    let shown = app.branch().id;
    assert!(tree.get(shown).is_some() && tree.get(MAIN).is_some(), "after {last:?}");
    // What was really done to a live run is of the first branch.
    let is_live = app.live().is_some();
    assert!(tree.get(MAIN).is_some_and(|it| is_live || it.own.is_empty()), "after {last:?}");
    assert_eq!(tree.script(shown), app.run.script, "after {last:?}");
    assert!(app.playback.at <= Time::ZERO + app.whole(), "after {last:?}");
    assert!(app.playback.speed.is_finite() && app.playback.speed > 0.0, "after {last:?}");
    assert!(app.window.from < app.window.to, "after {last:?}");
    assert_eq!(app.shown().name, app.made.variant, "after {last:?}");
    assert!(app.run.progress.error.is_none(), "after {last:?}: {:?}", app.run.progress.error);
    let settings = &app.settings;
    let (x, y) = app.camera.offset;
    let sizes = [settings.inspector_width, settings.faults_width, settings.lanes_height, x, y];
    assert!(sizes.iter().all(|it| it.is_finite()), "after {last:?}: {sizes:?}");
    assert!(app.camera.zoom.is_finite() && app.camera.zoom > 0.0, "after {last:?}");
    let mut places = app.made.places.values();
    assert!(places.all(|(x, y)| x.is_finite() && y.is_finite()), "after {last:?}");
}

/// What the panels would show can be worked out.
fn look(app: &App) {
    let rows = view::faults::rows(app);
    assert_eq!(view::faults::to_text(&rows).lines().count(), rows.len());
    for row in &rows {
        let _ = view::parameters::parameters(app.model(), &row.act);
    }
    let _ = (view::inspector::inspect(app), view::branches::rows(app), view::journey::told(app));
    let _ = (view::difference::difference(app), view::palette::lines(app));
    let _ = view::sequence::shown(app);
    if let Some(selection) = app.selection {
        let _ = view::offers::offers(app, selection);
    }
}

#[test]
fn whatever_is_asked_for_can_be_taken_back() {
    let steps = std::env::var("INFLIGHT_WALK").ok().and_then(|it| it.parse().ok());
    let mut app = app();
    let mut lots = Lots::new(0x5eed);
    for number in 0..steps.unwrap_or(STEPS) {
        let command = command(&mut lots, &app);
        app.update(command.clone());
        if number % 8 == 0 {
            app.update(Command::Tick(0.01));
        }
        check(&app, &command);
        look(&app);
    }
    app.update(Command::LetGo);
    while app.undo.undo_name().is_some() {
        app.update(Command::Undo);
        check(&app, &Command::Undo);
    }
}

#[test]
fn a_walk_that_is_short_enough_ends_where_it_began() {
    for seed in 1..=4 {
        let mut app = app();
        let before = (app.made.clone(), app.run.progress.digest.clone());
        let mut lots = Lots::new(seed);
        for _ in 0..700 {
            let command = command(&mut lots, &app);
            if !opens(&command) {
                app.update(command.clone());
                check(&app, &command);
            }
        }
        app.update(Command::Pause);
        app.update(Command::Simulate);
        while app.undo.undo_name().is_some() {
            app.update(Command::Undo);
        }
        // Which seed, which variant and which branch are shown is not taken back.
        app.update(Command::SetSeed(7));
        app.update(Command::SelectVariant("naive".into()));
        app.update(Command::SwitchBranch(MAIN));
        assert_eq!(*app.tree(), inflight::history::Tree::default());
        assert_eq!(app.made.places, before.0.places);
        settle(&mut app);
        assert_eq!(app.run.progress.digest, before.1);
        let scene = &app.run.answer.as_ref().unwrap().scene;
        assert!(scene.alive().all(|(_, it)| it.place != Place::Link || it.link.is_some()));
    }
}
