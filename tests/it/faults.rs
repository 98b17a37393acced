//! The list of faults: what is on it, what a person changes of it, and faults drawn by lot.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers, Pos2, Vec2};
use egui_kittest::kittest::Queryable;

use inflight::app::{App, Command, Options, Planned, RandomFaults, RandomKind, Settings};
use inflight::history::MAIN;
use inflight::model::{
    Act, CopyRef, Deed, EventId, EventTypeId, FaultId, FaultKind, Intervention, ServiceId, Span,
    Time,
};
use inflight::scenario::library;
use inflight::view::faults::{Extent, State, rows, to_text};

use crate::panels::{self, Window, click, payment, press, shell, tell, until};

fn seconds(at: f64) -> Time {
    Time::from_secs_f64(at)
}

/// The first scenario of the library, simulated to its end, standing still at an instant.
fn app(at: f64) -> App {
    let mut app = App::new(Settings::default(), Options::default(), Arc::new(|| {}));
    app.update(Command::Pause);
    app.update(Command::SeekTo(seconds(at)));
    settle(&mut app);
    app
}

fn settle(app: &mut App) {
    app.update(Command::Tick(0.0));
    while !app.run.progress.done || !app.run.serves(app.playback.at) {
        app.update(Command::Tick(0.0));
        std::thread::yield_now();
    }
}

fn crash(app: &App, name: &str) -> Act {
    let services = &app.run.base.services;
    let service = services.iter().position(|it| it.name == name).unwrap();
    let service = ServiceId::from_index(service);
    let kind = FaultKind::Crash { service, instance: None };
    Act::Break { kind, lasts: Some(Span::from_secs(3)) }
}

fn nothing() -> Act {
    let copy = CopyRef {
        event: EventId(u64::MAX),
        event_type: EventTypeId(0),
        role: inflight::model::Role::Publish,
        link: None,
        attempt: 1,
        number: 0,
    };
    Act::Message { copy, deed: Deed::Delay(Span::SECOND) }
}

fn list(app: &App) -> String {
    to_text(&rows(app))
}

#[test]
fn the_list_has_the_schedule_and_what_was_done_in_order() {
    let mut app = app(13.0);
    insta::assert_snapshot!(list(&app), @r"
    [x] 20 – 28 s      crash of ledger                                      to come  scenario
    ");
    let acts = [(12.0, crash(&app, "ledger")), (30.0, crash(&app, "receipts")), (4.0, nothing())];
    for (at, act) in acts {
        app.update(Command::AddStep(Intervention { at: seconds(at), act }));
    }
    settle(&mut app);
    insta::assert_snapshot!(list(&app), @r"
    [x] 4 s            delay of PaymentRequested #281474976710655 by 1 s    done     what-if 1, found nothing to be done to
    [x] 12 – 15 s      crash of ledger                                      on now   what-if 1
    [x] 20 – 28 s      crash of ledger                                      to come  scenario
    [x] 30 – 33 s      crash of receipts                                    to come  what-if 1
    ");
    app.update(Command::SeekTo(seconds(20.0)));
    app.update(Command::Fork);
    app.update(Command::OmitFault(FaultId(0)));
    settle(&mut app);
    insta::assert_snapshot!(list(&app), @r"
    [x] 4 s            delay of PaymentRequested #281474976710655 by 1 s    done     from what-if 1, found nothing to be done to
    [x] 12 – 15 s      crash of ledger                                      over     from what-if 1
    [ ] 20 – 28 s      crash of ledger                                      off      scenario
    ");
}

/// What a branch breaks is a step of it: it is not among what the scenario has scheduled, whose
/// numbers come first.
#[test]
fn what_a_branch_breaks_is_not_on_the_schedule() {
    let source = Some("mm1".into());
    let options = Options { file: source, ..Options::default() };
    let mut app = App::new(Settings::default(), options, Arc::new(|| {}));
    app.update(Command::Pause);
    settle(&mut app);
    assert!(app.model().faults.is_empty());
    let kind = FaultKind::Crash { service: ServiceId(1), instance: None };
    let act = Act::Break { kind, lasts: Some(Span::SECOND) };
    app.update(Command::AddStep(Intervention { at: seconds(1.0), act }));
    app.update(Command::SeekTo(seconds(1.5)));
    settle(&mut app);
    assert_eq!(app.model().faults.len(), 1);
    let before = list(&app);
    let fault = FaultId(0);
    let omit = Intervention { at: seconds(1.2), act: Act::Omit { fault } };
    app.update(Command::AddStep(omit.clone()));
    app.update(Command::AlterFault { fault, to: omit });
    app.update(Command::OmitFault(fault));
    app.update(Command::KeepFault(fault));
    settle(&mut app);
    assert_eq!(list(&app), before);
}

#[test]
fn a_scheduled_fault_is_omitted_and_kept_ended_and_altered_in_a_branch() {
    let mut app = app(0.0);
    let main = app.run.answer.as_ref().unwrap().model.clone();
    let fault = main.faults[0].clone();
    app.update(Command::OmitFault(FaultId(0)));
    assert_ne!(app.branch().id, MAIN);
    settle(&mut app);
    assert_eq!(rows(&app)[0].state, State::Off);
    let began = |app: &App| {
        let marks = app.run.overview.marks.iter();
        marks.filter(|it| matches!(it.kind, inflight::history::MarkKind::FaultBegan(_))).count()
    };
    assert_eq!(began(&app), main.faults.len() - 1);
    app.update(Command::KeepFault(FaultId(0)));
    settle(&mut app);
    assert_eq!(began(&app), main.faults.len());

    // It is moved: another comes instead, and the one that was there does not.
    let at = fault.at + Span::from_secs(2);
    let act = Act::Break { kind: fault.kind.clone(), lasts: fault.lasts };
    app.update(Command::AlterFault { fault: FaultId(0), to: Intervention { at, act } });
    settle(&mut app);
    let moved = rows(&app).into_iter().find(|it| Some(it.key) == app.chosen_fault).unwrap();
    assert_eq!((moved.at, moved.took), (at, Some(true)));
    assert_eq!(began(&app), main.faults.len());
    app.update(Command::Undo);
    app.update(Command::Undo);
    app.update(Command::Undo);
    assert_eq!(app.branch().id, MAIN);
    settle(&mut app);

    // It is ended while it is on.
    let now = fault.at + Span::from_millis(700);
    app.update(Command::SeekTo(now));
    settle(&mut app);
    let row = rows(&app).remove(0);
    app.update(row.ended(now).unwrap());
    settle(&mut app);
    assert_eq!(rows(&app)[0].extent, Extent::Until(now));
    assert!(!app.run.answer.as_ref().unwrap().scene.faults[0]);
}

#[test]
fn a_step_is_dragged_past_others_and_before_the_branch_in_one_change() {
    let mut app = app(0.0);
    for at in [10.0, 15.0] {
        let act = crash(&app, "ledger");
        app.update(Command::AddStep(Intervention { at: seconds(at), act }));
    }
    app.update(Command::SeekTo(seconds(20.0)));
    settle(&mut app);
    app.update(Command::Fork);
    let act = crash(&app, "receipts");
    app.update(Command::AddStep(Intervention { at: seconds(22.0), act }));
    for at in [18.0, 12.0, 16.0, 8.0] {
        let row = inflight::view::faults::chosen(&app).unwrap();
        app.update(row.changed(row.at(seconds(at))));
    }
    app.update(Command::LetGo);
    let places: Vec<f64> = app.run.script.iter().map(|it| it.at.as_secs_f64()).collect();
    assert_eq!(places, [8.0, 10.0, 15.0]);
    assert_eq!(inflight::view::faults::chosen(&app).unwrap().at, seconds(8.0));
    app.update(Command::Undo);
    let last = app.run.script.last().unwrap();
    assert_eq!(last.at, seconds(22.0), "one undo for the whole drag");
}

fn wish(seed: u64) -> RandomFaults {
    RandomFaults {
        seed,
        kinds: RandomKind::ALL.to_vec(),
        per_minute: 20.0,
        from: seconds(5.0),
        to: seconds(60.0),
    }
}

#[test]
fn the_same_seed_draws_the_same_faults_and_every_one_can_be_done() {
    for entry in library::entries() {
        let read = inflight::scenario::read(entry.text, entry.path).unwrap();
        for variant in &read.variants {
            let drawn = wish(7).draw(&variant.model);
            assert!(!drawn.is_empty(), "{}", entry.name);
            assert_eq!(drawn, wish(7).draw(&variant.model));
            assert_ne!(drawn, wish(8).draw(&variant.model));
            let times: Vec<_> = drawn.iter().map(|it| it.at).collect();
            assert!(times.is_sorted());
            assert!(times.iter().all(|it| *it < seconds(60.0)));
            for kind in RandomKind::ALL {
                let one = RandomFaults { kinds: vec![kind], ..wish(7) };
                let again: Vec<_> = one.draw(&variant.model).iter().map(|it| it.at).collect();
                assert!(again.is_empty() || again == times, "instants do not hang on kinds");
            }
        }
    }
    let mut app = app(0.0);
    app.update(Command::RandomFaults(wish(7)));
    settle(&mut app);
    assert_eq!(app.branch().name, "random faults (seed 7)");
    insta::assert_snapshot!(list(&app), @r"
    [x] 6 s            failure of the next 5 of checkout                    to come  random faults (seed 7)
    [x] 10.8 s         failure of the next 1 of checkout                    to come  random faults (seed 7)
    [x] 13.9 – 17.5 s  outage of payments.events                            to come  random faults (seed 7)
    [x] 15.3 – 19.7 s  crash of ledger                                      to come  random faults (seed 7)
    [x] 17.9 – 25.8 s  disorder from ledger and payments.events             to come  random faults (seed 7)
    [x] 20 – 28 s      crash of ledger                                      to come  scenario
    [x] 26.4 s         failure of the next 1 of checkout                    to come  random faults (seed 7)
    [x] 31 – 33.8 s    ledger 3× slower                                     to come  random faults (seed 7)
    [x] 32.4 – 39.2 s  loss of 33 % from receipts and payments.events       to come  random faults (seed 7)
    [x] 33 – 35.1 s    outage of payments.events                            to come  random faults (seed 7)
    [x] 37 – 44 s      duplication of 29 % from payments.events and payments to come  random faults (seed 7)
    [x] 38.4 – 39.7 s  cut between ledger and payments.events               to come  random faults (seed 7)
    [x] 38.6 s         failure of the next 3 of payments                    to come  random faults (seed 7)
    [x] 39.4 s         failure of the next 4 of checkout                    to come  random faults (seed 7)
    [x] 39.4 – 41.5 s  cut between payments.events and payments             to come  random faults (seed 7)
    [x] 43.8 – 49 s    duplication of 35 % from payments and payments.events to come  random faults (seed 7)
    [x] 46.9 – 51.9 s  outage of payments.events                            to come  random faults (seed 7)
    [x] 49 – 54.7 s    crash of receipts                                    to come  random faults (seed 7)
    [x] 55.6 – 58.8 s  loss of 39 % from payments.events and ledger         to come  random faults (seed 7)
    [x] 56.2 – 58.6 s  duplication of 29 % from receipts and payments.events to come  random faults (seed 7)
    [x] 58.6 – 66.4 s  loss of 22 % from ledger and payments.events         to come  random faults (seed 7)
    ");
    app.update(Command::Undo);
    assert_eq!((app.tree().branches().count(), app.branch().id), (1, MAIN));
}

#[test]
fn everything_that_is_offered_can_be_done() {
    let mut app = app(5.0);
    let offers = inflight::app::offers::offers(&app.run.base);
    let acts: Vec<Act> = offers.into_iter().flat_map(|it| it.1).map(|it| it.1).collect();
    assert!(acts.len() > 20);
    for (number, act) in acts.into_iter().enumerate() {
        let at = seconds(1.0 + number as f64 / 10.0);
        app.update(Command::AddStep(Intervention { at, act }));
    }
    settle(&mut app);
    for row in rows(&app) {
        assert_eq!(row.took, Some(true), "{}", row.name);
    }
}

fn faults() -> Window {
    let mut window = payment();
    press(&mut window, Modifiers::NONE, Key::K);
    window
}

fn text(window: &Window) -> String {
    list(shell(window).app())
}

fn steps(window: &Window) -> usize {
    shell(window).app().run.script.len()
}

#[test]
fn a_fault_is_added_edited_switched_off_and_deleted() {
    let mut window = faults();
    tell(&mut window, Command::SeekTo(seconds(5.0)));
    until(&mut window, |shell| shell.app().run.serves(shell.app().playback.at));
    click(&mut window, "Add a fault");
    window.run_steps(2);
    window.get_by_label_contains("Crash").click();
    window.run_steps(3);
    click(&mut window, "ledger");
    let added = "crash of ledger, 5 – 10 s";
    window.get_by_role_and_label(Role::Button, added);
    assert_eq!(steps(&window), 1);

    // The instant is typed; what is no instant is said to be none.
    let type_in = |window: &mut Window, label: &str, text: &str| {
        window.get_by_role_and_label(Role::TextInput, label).focus();
        window.run_steps(2);
        press(window, Modifiers::COMMAND, Key::A);
        window.get_by_role_and_label(Role::TextInput, label).type_text(text);
        window.run_steps(2);
        press(window, Modifiers::NONE, Key::Enter);
        window.run_steps(2);
    };
    type_in(&mut window, "at", "soon");
    window.get_by_label_contains("Not understood");
    assert_eq!(steps(&window), 1);
    type_in(&mut window, "at", "7.5s");
    window.get_by_role_and_label(Role::Button, "crash of ledger, 7.5 – 12.5 s");
    click(&mut window, "More: for");
    window.get_by_role_and_label(Role::Button, "crash of ledger, 7.5 – 13 s");

    let on = "On: crash of ledger, 7.5 – 13 s";
    window.get_by_role_and_label(Role::CheckBox, on).click();
    window.run_steps(2);
    assert_eq!(steps(&window), 0);
    window.get_by_role_and_label(Role::CheckBox, on).click();
    window.run_steps(2);
    assert_eq!(steps(&window), 1);
    click(&mut window, "Duplicate");
    assert_eq!(steps(&window), 2);
    click(&mut window, "Delete");
    click(&mut window, "crash of ledger, 7.5 – 13 s");
    click(&mut window, "Delete");
    assert_eq!(steps(&window), 0);
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(steps(&window), 1);
    assert!(text(&window).contains("crash of ledger"));
    assert_eq!(window.unnamed_widgets(), Vec::<String>::new());
    press(&mut window, Modifiers::NONE, Key::K);
    assert!(!shell(&window).app().settings.faults);
}

#[test]
fn random_faults_are_asked_for_in_a_dialog() {
    let mut window = faults();
    click(&mut window, "Random faults…");
    window.run_steps(2);
    window.get_by_label_contains("faults:");
    assert_eq!(window.unnamed_widgets(), Vec::<String>::new());
    click(&mut window, "Another seed");
    window.run_steps(3);
    click(&mut window, "Make the branch");
    assert_eq!(shell(&window).app().branch().name, "random faults (seed 2)");
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(shell(&window).app().branch().id, MAIN);
}

/// Drags something on the timeline from one instant to another.
fn drag(window: &mut Window, from: f64, to: f64) {
    let lane = window.get_by_label("Faults of the whole run").rect();
    let whole = shell(window).app().whole().as_secs_f64();
    let place = |seconds: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
        let x = lane.left() + lane.width() * (seconds / whole) as f32;
        Pos2::new(x, lane.bottom() - 4.5)
    };
    window.hover_at(place(from));
    window.run_steps(1);
    window.drag_at(place(from));
    window.run_steps(1);
    for part in [0.3, 0.7, 1.0] {
        window.hover_at(place(from + part * (to - from)));
        window.run_steps(1);
    }
    window.drop_at(place(to));
    window.run_steps(2);
}

#[test]
fn bars_on_the_timeline_are_dragged_and_by_their_ends() {
    let mut window = payment();
    let fault = shell(&window).app().run.base.faults[0].clone();
    let begin = fault.at.as_secs_f64();
    let lasts = fault.lasts.unwrap().as_secs_f64();
    drag(&mut window, begin + lasts / 2.0, begin + lasts / 2.0 + 12.0);
    let chosen = inflight::view::faults::chosen(shell(&window).app()).unwrap();
    assert!(matches!(chosen.key, Planned::Step(..)));
    assert!((chosen.at.as_secs_f64() - begin - 12.0).abs() < 0.2, "{chosen:?}");
    let from = chosen.end().as_secs_f64();
    drag(&mut window, from, from + 4.0);
    let chosen = inflight::view::faults::chosen(shell(&window).app()).unwrap();
    assert!((chosen.end().as_secs_f64() - from - 4.0).abs() < 0.2, "{chosen:?}");
    assert!((chosen.at.as_secs_f64() - begin - 12.0).abs() < 0.2, "{chosen:?}");
    press(&mut window, Modifiers::COMMAND, Key::Z);
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(shell(&window).app().branch().id, MAIN, "a drag is one change");

    // A click goes to it and shows it in the list.
    let lane = window.get_by_label("Faults of the whole run").rect();
    let whole = shell(&window).app().whole().as_secs_f64();
    #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
    let share = ((begin + lasts / 2.0) / whole) as f32;
    let place = Pos2::new(lane.left() + lane.width() * share, lane.bottom() - 4.5);
    window.hover_at(place);
    window.run_steps(1);
    window.drag_at(place);
    window.drop_at(place + Vec2::ZERO);
    window.run_steps(3);
    assert_eq!(shell(&window).app().chosen_fault, Some(Planned::Scheduled(FaultId(0))));
    assert_eq!(shell(&window).app().playback.at, fault.at);
    assert!(shell(&window).app().settings.faults);
    let _ = panels::at(&window);
}
