//! Whatever a person asks for, in whatever order and state: the program stays whole, and
//! everything that was done can be taken back.

use std::path::PathBuf;
use std::sync::Arc;

use inflight::app::{ACTIONS, App, Camera, Command, Look, Options, Selection, Settings, Window};
use inflight::history::{BranchId, MAIN, Place};
use inflight::model::{
    Act, Deed, FaultKind, LinkId, Node, ServiceId, Setting, Span, Strategy, Time, TopicId,
};

use crate::generate::Lots;

/// How many commands in the usual run; more with `INFLIGHT_WALK`.
const STEPS: u32 = 10_000;

fn app() -> App {
    let options = Options { file: Some(PathBuf::from("delivery/lost_ack")), ..Options::default() };
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

fn selection(lots: &mut Lots, app: &App) -> Selection {
    let model = app.model();
    let mut of = |count: usize| lots.within(0, count.max(1) as u32 - 1) as usize;
    let alive: Vec<_> = (app.run.answer.iter())
        .flat_map(|it| it.scene.alive().map(|(id, it)| (id, *it)).collect::<Vec<_>>())
        .collect();
    let marks: Vec<_> = app.run.overview.marks.iter().copied().take(200).collect();
    match of(6) {
        0 => Selection::Service(ServiceId::from_index(of(model.services.len()))),
        1 => Selection::Topic(TopicId::from_index(of(model.topics.len()))),
        2 => Selection::Link(LinkId::from_index(of(model.links.len()))),
        3 if !marks.is_empty() => {
            let mark = marks[of(marks.len())];
            match mark.kind {
                inflight::history::MarkKind::Anomaly { store, event, kind } => {
                    Selection::Anomaly { at: mark.at, store, event, kind }
                }
                _ => Selection::Link(LinkId(0)),
            }
        }
        _ if !alive.is_empty() => {
            let (id, it) = alive[of(alive.len())];
            let (event, event_type) = (it.event, it.event_type);
            // Of some the copy that was pointed at, of some not, of some one that is another's.
            let message = [Some(id), None, Some(alive[of(alive.len())].0)][of(3)];
            Selection::Event { event, event_type, message }
        }
        _ => Selection::Service(ServiceId(0)),
    }
}

fn deed(lots: &mut Lots) -> Deed {
    match lots.within(0, 6) {
        0 => Deed::Duplicate,
        1 => Deed::Delay(Span(u64::from(lots.next() as u32))),
        2 => Deed::Drop,
        3 => Deed::Swap,
        4 => Deed::LoseAnswer,
        5 => Deed::Bury,
        _ => Deed::Edit { field: lots.within(0, 9) as u8, value: inflight::model::Value::Int(5) },
    }
}

fn act(lots: &mut Lots, app: &App) -> Act {
    let model = app.model();
    let service = ServiceId(lots.within(0, model.services.len() as u32 - 1) as u16);
    let topic = TopicId::from_index(0);
    let links = vec![LinkId::from_index(lots.within(0, model.links.len() as u32 - 1) as usize)];
    let lasts = [None, Some(Span::SECOND), Some(Span::ZERO)][lots.within(0, 2) as usize];
    let instance = [None, Some(0), Some(7)][lots.within(0, 2) as usize];
    let crash = FaultKind::Crash { service, instance };
    match lots.within(0, 9) {
        0 => Act::Break { kind: crash, lasts },
        1 => Act::Mend(crash),
        2 => Act::Break { kind: FaultKind::Loss { links, probability: 0.4 }, lasts },
        3 => Act::Break { kind: FaultKind::Cut { links, hold: lots.chance(50) }, lasts },
        4 => Act::Mend(FaultKind::Cut { links, hold: true }),
        5 => Act::Set(Setting::Workers {
            service,
            workers: [None, Some(0), Some(3)][lots.within(0, 2) as usize],
        }),
        6 => Act::Set(Setting::Strategy { service, topic, strategy: Strategy::default() }),
        7 => Act::Purge { topic },
        8 => Act::FailNext { service, count: lots.within(0, 5) },
        _ => {
            let alive = app.run.answer.iter().flat_map(|it| {
                it.scene.alive().filter_map(|(id, _)| it.scene.copy_ref(id)).collect::<Vec<_>>()
            });
            let copies: Vec<_> = alive.collect();
            match copies.is_empty() {
                true => Act::Purge { topic },
                false => {
                    let copy = copies[lots.within(0, copies.len() as u32 - 1) as usize];
                    Act::Message { copy, deed: deed(lots) }
                }
            }
        }
    }
}

fn command(lots: &mut Lots, app: &App) -> Command {
    let time = Time(u64::from(lots.next() as u32) * 20);
    let branches: Vec<BranchId> = app.tree().branches().map(|it| it.id).collect();
    let branch = branches[lots.within(0, branches.len() as u32 - 1) as usize];
    let steps = app.tree().get(branch).map_or(0, |it| it.own.len());
    let place = lots.within(0, steps as u32) as usize;
    let number = f64::from(lots.within(0, 1_000)) / 100.0;
    match lots.within(0, 27) {
        0..=4 => {
            let action = &ACTIONS[lots.within(0, ACTIONS.len() as u32 - 1) as usize];
            action.command.clone()
        }
        5 => Command::SeekTo(time),
        6 => Command::Tick(number / 10.0),
        7 => Command::SetSpeed([0.0, f64::NAN, number, 1e9][lots.within(0, 3) as usize]),
        8..=10 => Command::Select(selection(lots, app)),
        11 | 12 => Command::Act(act(lots, app)),
        13 | 14 => Command::Do(deed(lots)),
        15 => Command::ActBefore { at: time, act: act(lots, app) },
        16 | 17 => Command::Tune(act(lots, app)),
        18 => Command::LetGo,
        19 => Command::ShowAt { at: time, selection: selection(lots, app) },
        20 => Command::SwitchBranch([branch, BranchId(99)][lots.within(0, 1) as usize]),
        21 => match lots.within(0, 2) {
            0 => Command::RenameBranch { id: branch, name: "other".into() },
            1 => Command::RenameBranch { id: branch, name: String::new() },
            _ => Command::DeleteBranch(branch),
        },
        22 => match app.tree().get(branch).and_then(|it| it.own.get(place)) {
            Some(step) => {
                let mut step = step.clone();
                step.is_on = lots.chance(50);
                step.intervention.at = time;
                Command::SetStep { branch, place, step }
            }
            None => Command::RemoveStep { branch, place },
        },
        23 => Command::MoveNode {
            node: Node::Service(ServiceId(0)),
            to: (number as f32, -number as f32),
        },
        24 => Command::SetCamera(Camera { offset: (number as f32, 3.0), zoom: number as f32 }),
        25 => Command::LookAt(Window::of(time, Span(u64::from(lots.next() as u32)))),
        26 => match lots.within(0, 3) {
            0 => Command::SelectVariant(
                ["naive", "idempotent", "inbox", "no such one"][lots.within(0, 3) as usize].into(),
            ),
            1 => Command::SetLook([Look::Dark, Look::Light][lots.within(0, 1) as usize]),
            2 => Command::FoldSection { name: "Why".into(), is_open: lots.chance(50) },
            _ => Command::SetInspectorWidth(number as f32 * 40.0),
        },
        _ => [Command::Undo, Command::Redo][lots.within(0, 1) as usize].clone(),
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
}

#[test]
fn whatever_is_asked_for_can_be_taken_back() {
    let steps = std::env::var("INFLIGHT_WALK").ok().and_then(|it| it.parse().ok());
    let mut app = app();
    let mut lots = Lots::new(0x5eed);
    for number in 0..steps.unwrap_or(STEPS) {
        let command = command(&mut lots, &app);
        if matches!(command, Command::Quit | Command::Reload) {
            continue;
        }
        app.update(command.clone());
        if number % 8 == 0 {
            app.update(Command::Tick(0.01));
        }
        check(&app, &command);
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
            if !matches!(command, Command::Quit | Command::Reload) {
                app.update(command.clone());
                check(&app, &command);
            }
        }
        app.update(Command::Pause);
        app.update(Command::Simulate);
        while app.undo.undo_name().is_some() {
            app.update(Command::Undo);
        }
        // Which variant and which branch are shown is not taken back.
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
