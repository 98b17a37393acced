//! Marks, the loop, jumps and the search, as a person uses them: by key, by button, by name.

use egui::accesskit::Role;
use egui::{Key, Modifiers, Pos2, Vec2};
use egui_kittest::kittest::Queryable;

use inflight::app::{Command, Direction, Landmark, MarkCommand, Options, Overlay, Selection};
use inflight::model::{Span, Time};

use crate::panels::{Window, at, click, open, payment, press, shell, tell, until};

fn seconds(at: f64) -> Time {
    Time::from_secs_f64(at)
}

/// The scenario in which a balance is doubled, standing still at its beginning.
fn doubled() -> Window {
    let file = Some("delivery/lost_ack".into());
    let mut window = open(Options { file, ..Options::default() });
    until(&mut window, |shell| shell.app().run.progress.done);
    tell(&mut window, Command::Pause);
    tell(&mut window, Command::GoToStart);
    window
}

fn go(window: &mut Window, second: f64) {
    tell(window, Command::SeekTo(seconds(second)));
}

/// Jumps, and waits until the end of the jump is known.
fn jump(window: &mut Window, landmark: Landmark, direction: Direction) {
    tell(window, Command::GoTo(landmark, direction));
    until(window, |shell| shell.app().jumping.is_none());
}

#[test]
fn marks_are_set_gone_through_named_and_removed() {
    let mut window = payment();
    for second in [2.0, 5.0] {
        go(&mut window, second);
        press(&mut window, Modifiers::NONE, Key::M);
    }
    press(&mut window, Modifiers::SHIFT, Key::N);
    assert!((at(&window) - 2.0).abs() < 1e-9);
    press(&mut window, Modifiers::NONE, Key::N);
    assert!((at(&window) - 5.0).abs() < 1e-9);
    click(&mut window, "Marks");
    window.run_steps(3);
    window.get_by_label("Name of the mark at 5.000 s").focus();
    window.run_steps(1);
    window.get_by_label("Name of the mark at 5.000 s").type_text("the second receipt");
    window.run_steps(2);
    assert_eq!(shell(&window).app().made.marks.list()[1].name, "", "while it is typed");
    press(&mut window, Modifiers::NONE, Key::Enter);
    window.run_steps(2);
    assert_eq!(shell(&window).app().made.marks.list()[1].name, "the second receipt");
    click(&mut window, "Remove the mark at 2.000 s");
    assert_eq!(shell(&window).app().made.marks.list().len(), 1);
    tell(&mut window, Command::Select(Selection::Service(inflight::model::ServiceId(0))));
    press(&mut window, Modifiers::NONE, Key::Escape);
    window.run_steps(2);
    assert!(window.query_by_label("Name of the mark at 5.000 s").is_none(), "it is closed");
    assert!(shell(&window).app().selection.is_some(), "and nothing else");
}

#[test]
fn keys_that_come_with_one_picture_are_obeyed_in_their_order() {
    let mut window = payment();
    for key in [Key::T, Key::M] {
        window.key_press_modifiers(Modifiers::NONE, key);
    }
    window.run_steps(3);
    let marks = shell(&window).app().made.marks.list().to_vec();
    assert_eq!(marks.len(), 1);
    assert_eq!(marks[0].at, seconds(20.0), "the mark is where the jump went");
}

#[test]
fn a_loop_is_set_by_keys_played_and_let_go() {
    let mut window = payment();
    go(&mut window, 3.0);
    press(&mut window, Modifiers::NONE, Key::OpenBracket);
    go(&mut window, 4.0);
    press(&mut window, Modifiers::NONE, Key::CloseBracket);
    go(&mut window, 3.5);
    tell(&mut window, Command::Play);
    for _ in 0..40 {
        window.step();
        assert!((3.0..=4.0).contains(&at(&window)), "{}", at(&window));
    }
    tell(&mut window, Command::PlayBackwards);
    for _ in 0..40 {
        window.step();
        assert!((3.0..=4.0).contains(&at(&window)), "{}", at(&window));
    }
    tell(&mut window, Command::Pause);
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!shell(&window).app().made.marks.is_looping);
    click(&mut window, "Loop");
    assert!(shell(&window).app().made.marks.is_looping, "it is remembered");
}

#[test]
fn an_end_of_the_loop_is_dragged() {
    let mut window = payment();
    let span = inflight::app::Window { from: seconds(2.0), to: seconds(4.0) };
    tell(&mut window, Command::Mark(MarkCommand::SetLoop(span)));
    let strip = window.get_by_role_and_label(Role::Slider, "Close-up").rect();
    let shown = shell(&window).app().window;
    let place = |second: f64| {
        let share = (second - shown.from.as_secs_f64()) / shown.length().as_secs_f64();
        #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
        let x = strip.lerp_inside(Vec2::new(share as f32, 0.5)).x;
        Pos2::new(x, strip.bottom() - 3.0)
    };
    for (from, to) in [(4.0, 6.0), (2.0, 3.0)] {
        window.hover_at(place(from));
        window.run_steps(1);
        window.drag_at(place(from));
        window.run_steps(1);
        window.hover_at(place(to));
        window.run_steps(1);
        window.drop_at(place(to));
        window.run_steps(2);
    }
    let span = shell(&window).app().made.marks.span.unwrap();
    let off = |at: Time, from: f64| (at.as_secs_f64() - from).abs();
    assert!(off(span.from, 3.0) < 0.05 && off(span.to, 6.0) < 0.05, "{span:?}");
    assert!(at(&window).abs() < 1e-9, "the playhead stays");
}

#[test]
fn jumps_go_to_faults_and_anomalies_and_say_if_there_is_none() {
    let mut window = payment();
    click(&mut window, "Next fault");
    assert!((at(&window) - 20.0).abs() < 1e-9);
    press(&mut window, Modifiers::NONE, Key::T);
    assert!((at(&window) - 28.0).abs() < 1e-9);
    press(&mut window, Modifiers::NONE, Key::T);
    window.get_by_label("No fault begins or ends after 28.000 s.");
    press(&mut window, Modifiers::SHIFT, Key::T);
    assert!((at(&window) - 20.0).abs() < 1e-9);

    let mut window = doubled();
    let overview = shell(&window).app().run.overview.clone();
    let is_anomaly = |it: &&inflight::history::Mark| {
        matches!(it.kind, inflight::history::MarkKind::Anomaly { .. })
    };
    let first = overview.marks.iter().find(is_anomaly).unwrap().at;
    click(&mut window, "Next anomaly");
    assert_eq!(shell(&window).app().playback.at, first);
    press(&mut window, Modifiers::SHIFT, Key::W);
    assert_eq!(shell(&window).app().playback.at, first);
    window.get_by_label_contains("There is no anomaly before");
}

#[test]
fn jumps_follow_the_selection_there_and_back() {
    let mut window = payment();
    go(&mut window, 10.0);
    tell(&mut window, Command::Select(Selection::Service(inflight::model::ServiceId(0))));
    let mut seen = vec![];
    for _ in 0..4 {
        jump(&mut window, Landmark::Selection, Direction::Forward);
        seen.push(shell(&window).app().playback.at);
    }
    assert!(seen.is_sorted() && seen[0] > seconds(10.0) && seen[3] < seconds(12.0), "{seen:?}");
    for expected in seen.iter().rev().skip(1) {
        jump(&mut window, Landmark::Selection, Direction::Backward);
        assert_eq!(shell(&window).app().playback.at, *expected);
    }
    tell(&mut window, Command::GoToEnd);
    jump(&mut window, Landmark::Selection, Direction::Forward);
    window.get_by_label_contains("Nothing happens to the selected service after");
}

#[test]
fn it_slows_down_where_something_happens() {
    let mut window = doubled();
    jump(&mut window, Landmark::Anomaly, Direction::Forward);
    let mark = shell(&window).app().playback.at;
    press(&mut window, Modifiers::NONE, Key::V);
    assert!(shell(&window).app().settings_to_keep().slows);
    tell(&mut window, Command::SeekTo(mark.back(Span::from_millis(150))));
    tell(&mut window, Command::Play);
    // A tenth of a second at full speed would be past it after two pictures.
    window.run_steps(2);
    assert!(shell(&window).app().playback.at < mark);
    assert!(shell(&window).app().speed_now() < 0.6);
}

#[test]
fn the_speed_goes_from_one_end_to_the_other_by_keys_and_plays_there() {
    let mut window = payment();
    let speed = |window: &Window| shell(window).app().playback.speed;
    window.get_by_role_and_label(Role::Slider, "Speed").focus();
    window.run_steps(1);
    press(&mut window, Modifiers::NONE, Key::ArrowRight);
    assert!((speed(&window) - 2.0).abs() < 1e-9, "it does not stick to 1: {}", speed(&window));
    for _ in 0..16 {
        press(&mut window, Modifiers::NONE, Key::ArrowRight);
    }
    assert!((speed(&window) - 10_000.0).abs() < 1e-6, "{}", speed(&window));
    tell(&mut window, Command::Play);
    window.run_steps(2);
    assert_eq!(Some(shell(&window).app().playback.at), shell(&window).app().run.end());
    tell(&mut window, Command::PlayBackwards);
    window.run_steps(2);
    assert!(at(&window).abs() < 1e-9 && !shell(&window).app().playback.playing);
    for _ in 0..30 {
        press(&mut window, Modifiers::NONE, Key::ArrowLeft);
    }
    assert!((speed(&window) - 0.001).abs() < 1e-9, "{}", speed(&window));
    go(&mut window, 5.0);
    tell(&mut window, Command::Play);
    let before = at(&window);
    window.run_steps(10);
    let passed = at(&window) - before;
    assert!((passed - 0.001).abs() < 1e-6, "ten pictures of 0.1 s: {passed}");
}

fn search(window: &mut Window, text: &str) {
    if shell(window).app().overlay != Some(Overlay::Palette) {
        press(window, Modifiers::COMMAND, Key::K);
        window.run_steps(2);
    }
    window.get_by_label("Find").type_text(text);
    window.run_steps(2);
    until(window, |shell| !shell.app().palette.is_searching());
    window.run_steps(2);
}

#[test]
fn the_search_finds_a_service_and_a_command_by_a_part_of_their_names() {
    let mut window = payment();
    search(&mut window, "ledg");
    window.get_by_role_and_label(Role::Button, "ledger, service");
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(shell(&window).app().overlay, None);
    assert!(matches!(shell(&window).app().selection, Some(Selection::Service(_))));

    click(&mut window, "Find…");
    window.run_steps(2);
    search(&mut window, "go to end");
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(Some(shell(&window).app().playback.at), shell(&window).app().run.end());

    let before = window.ctx.theme();
    search(&mut window, "light or");
    click(&mut window, "Light or dark, command");
    assert_ne!(window.ctx.theme(), before, "what only the window knows is asked of it");
}

#[test]
fn the_search_finds_an_event_and_goes_to_where_it_first_appears() {
    let mut window = payment();
    search(&mut window, "customers/12");
    assert_eq!(shell(&window).app().palette.hits.list.len(), 1);
    let hit = shell(&window).app().palette.hits.list[0].clone();
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(shell(&window).app().playback.at, hit.at);
    let selection = shell(&window).app().selection;
    assert!(matches!(selection, Some(Selection::Event { event, .. }) if event == hit.id));
}

#[test]
fn the_search_says_what_cannot_be_asked_and_escape_closes_it() {
    let mut window = payment();
    search(&mut window, "custmer=c-7");
    window.get_by_label("No event has a field named custmer. Is it customer?");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(shell(&window).app().overlay, None);
    search(&mut window, "zzzzz");
    window.get_by_label("Nothing is called so, and no event answers.");
    assert_eq!(window.unnamed_widgets(), Vec::<String>::new());
}

#[test]
fn the_answers_are_gone_through_by_the_arrows() {
    let mut window = payment();
    search(&mut window, "payment");
    let chosen = |window: &Window| shell(window).app().palette.chosen;
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    assert_eq!(chosen(&window), 2);
    for _ in 0..3 {
        press(&mut window, Modifiers::NONE, Key::ArrowUp);
    }
    assert_eq!(chosen(&window), shell(&window).app().palette.len() - 1, "around to the last");
    assert!(shell(&window).app().palette.hits.is_cut, "there are more than are listed");
    window.get_by_label_contains("the first 200");
}

#[test]
fn a_type_of_event_asks_for_its_events() {
    let mut window = payment();
    search(&mut window, "PaymentCompleted");
    click(&mut window, "PaymentCompleted, type of event");
    until(&mut window, |shell| !shell.app().palette.is_searching());
    assert_eq!(shell(&window).app().palette.text, "type=PaymentCompleted");
    assert!(!shell(&window).app().palette.hits.list.is_empty());
}

#[test]
fn the_row_fits_into_a_small_window() {
    for (width, height) in [(1440.0, 900.0), (1280.0, 720.0), (960.0, 600.0)] {
        let mut window = payment();
        window.set_size(Vec2::new(width, height));
        window.run_steps(3);
        for label in ["Go to start", "Slow down", "Loop", "Marks"] {
            let rect = window.get_by_role_and_label(Role::Button, label).rect();
            assert!(rect.right() <= width && rect.left() >= 0.0, "{label} at {width}: {rect:?}");
        }
        // In a low window the inspector stands beside it.
        let jumps = if height < 800.0 { "Jump" } else { "Next of selection" };
        let rect = window.get_by_role_and_label(Role::Button, jumps).rect();
        assert!(rect.right() <= width, "{jumps} at {width}: {rect:?}");
        let rect = window.get_by_role_and_label(Role::Button, "Find…").rect();
        assert!(rect.left() > 300.0 && rect.right() <= width, "{rect:?}");
    }
}
