//! The lanes in the window without a window: found by label, clicked, dragged, and remembered.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers, Pos2, Vec2};
use egui_kittest::kittest::Queryable;

use inflight::app::{App, Command, Options, Selection};
use inflight::model::{Node, Time};
use inflight::view::lanes::{Area, Manner, Picture, picture};
use inflight::view::time_axis::Axis;

use crate::panels::{Window, click, payment, press, shell, tell, until};

fn names(app: &App) -> Vec<&str> {
    app.shown_lanes().iter().map(|it| app.model().node_name(*it)).collect()
}

/// The lanes of payment around an instant, with every message known.
fn lanes_at(seconds: f64, length: f64) -> Window {
    let mut window = payment();
    let (from, to) = (Time::from_secs_f64(seconds), Time::from_secs_f64(seconds + length));
    tell(&mut window, Command::LookAt(inflight::app::Window { from, to }));
    until(&mut window, |shell| {
        let traffic = shell.app().lanes.traffic();
        traffic.is_some_and(|it| it.stretch.from <= from && it.stretch.until >= to)
    });
    window.run_steps(2);
    window
}

fn drawn(window: &Window) -> Picture {
    let rect = window.get_by_role_and_label(Role::Slider, "Close-up").rect();
    let app = shell(window).app();
    let axis = Axis { window: app.window, left: rect.left(), right: rect.right() };
    picture(app, Area { axis, top: rect.top(), bottom: rect.bottom() })
}

#[test]
fn a_click_on_a_line_selects_its_event_and_on_the_ground_takes_the_playhead_there() {
    let mut window = lanes_at(3.0, 0.5);
    let picture = drawn(&window);
    let line = picture.lines.iter().find(|it| it.manner == Manner::Event).unwrap();
    let flight = {
        let traffic = shell(&window).app().lanes.traffic().unwrap();
        traffic.flights.as_ref().unwrap()[line.flight]
    };
    let part = line.parts[0];
    let middle = Pos2::new((part.from.0 + part.to.0) / 2.0, (part.from.1 + part.to.1) / 2.0);
    click_at(&mut window, middle);
    let selection = shell(&window).app().selection;
    assert!(matches!(selection, Some(Selection::Event { .. })), "{selection:?} for {flight:?}");
    assert_eq!(shell(&window).app().playback.at, Time::ZERO, "the playhead stays");

    let rect = window.get_by_role_and_label(Role::Slider, "Close-up").rect();
    // Above the first lane there is nothing but ground.
    click_at(&mut window, rect.left_top() + Vec2::new(rect.width() * 0.5, 2.0));
    let at = shell(&window).app().playback.at.as_secs_f64();
    assert!((at - 3.25).abs() < 0.01, "{at}");
}

fn click_at(window: &mut Window, at: Pos2) {
    window.hover_at(at);
    window.run_steps(1);
    window.drag_at(at);
    window.drop_at(at);
    window.run_steps(2);
}

#[test]
fn lanes_are_hidden_by_the_eye_and_shown_again() {
    let mut window = lanes_at(3.0, 0.5);
    let before = drawn(&window).lines.len();
    click(&mut window, "Hide ledger lane");
    assert!(!names(shell(&window).app()).contains(&"ledger"));
    assert!(drawn(&window).lines.len() < before, "messages from and to it are not drawn");
    let kept = shell(&window).app().settings_to_keep();
    let again = App::new(kept, Options::default(), Arc::new(|| {}));
    assert_eq!(again.hidden_lanes(), 1);
    click(&mut window, "1 hidden · show");
    assert!(names(shell(&window).app()).contains(&"ledger"));
    assert!(shell(&window).app().settings_to_keep().lanes_of.is_empty());
}

#[test]
fn a_lane_that_is_dragged_stays_where_it_was_put_in_every_variant() {
    let mut window = lanes_at(3.0, 0.5);
    let before: Vec<String> = names(shell(&window).app()).into_iter().map(str::to_owned).collect();
    let (from, to) = (before.len() - 1, 0);
    let label = |name: &str| format!("{name} lane");
    let begin = window.get_by_label(&label(&before[from])).rect().center();
    let end = window.get_by_label(&label(&before[to])).rect().center();
    window.hover_at(begin);
    window.run_steps(1);
    window.drag_at(begin);
    window.run_steps(1);
    for share in [0.3_f32, 0.7, 1.0] {
        window.hover_at(begin.lerp(end, share));
        window.run_steps(2);
    }
    window.drop_at(end);
    window.run_steps(2);
    let mut expected = before.clone();
    expected.rotate_right(1);
    assert_eq!(names(shell(&window).app()), expected);
    tell(&mut window, Command::SelectVariant("call".to_owned()));
    assert_eq!(names(shell(&window).app())[0], expected[0], "also where there is no topic");
    tell(&mut window, Command::SelectVariant("notify".to_owned()));
    assert_eq!(names(shell(&window).app()), expected);
    tell(&mut window, Command::ResetLanes);
    assert_eq!(names(shell(&window).app()), before);
}

#[test]
fn a_click_on_a_name_selects_whose_lane_it_is() {
    let mut window = lanes_at(3.0, 0.5);
    click(&mut window, "ledger lane");
    let Some(Selection::Service(it)) = shell(&window).app().selection else { panic!() };
    assert_eq!(shell(&window).app().model().node_name(Node::Service(it)), "ledger");
    click(&mut window, "payments.events lane");
    assert!(matches!(shell(&window).app().selection, Some(Selection::Topic(_))));
}

#[test]
fn lanes_are_folded_and_made_higher_and_both_are_remembered() {
    let mut window = payment();
    let height =
        |window: &Window| window.get_by_role_and_label(Role::Slider, "Close-up").rect().height();
    let before = height(&window);
    let grip = window.get_by_label("Height of the lanes").rect().center();
    window.hover_at(grip);
    window.run_steps(1);
    window.drag_at(grip);
    window.run_steps(1);
    window.hover_at(grip - Vec2::new(0.0, 60.0));
    window.run_steps(2);
    window.drop_at(grip - Vec2::new(0.0, 60.0));
    window.run_steps(2);
    assert!((height(&window) - before - 60.0).abs() < 2.0, "{before} {}", height(&window));
    press(&mut window, Modifiers::NONE, Key::H);
    assert!(height(&window) < 50.0, "the strip is in their place");
    let kept = shell(&window).app().settings_to_keep();
    assert!(!kept.lanes && (kept.lanes_height - before - 60.0).abs() < 2.0);
    click(&mut window, "Lanes");
    assert!((height(&window) - before - 60.0).abs() < 2.0);
}

#[test]
fn a_window_that_moves_is_looked_at_anew_and_shows_what_it_knows_until_then() {
    let mut window = lanes_at(3.0, 2.0);
    let known = drawn(&window).lines.len();
    let to = Time::from_secs_f64(6.0);
    tell(
        &mut window,
        Command::LookAt(inflight::app::Window { from: Time::from_secs_f64(4.0), to }),
    );
    let some = drawn(&window).lines.len();
    assert!(some > 0 && known > 0, "what is known of the part that both have");
    until(&mut window, |shell| {
        shell.app().lanes.traffic().is_some_and(|it| it.stretch.until >= to)
    });
    until(&mut window, |shell| !shell.app().lanes.is_asking());
    tell(&mut window, Command::SelectVariant("call".to_owned()));
    let model = Arc::clone(&shell(&window).app().run.base);
    until(&mut window, |shell| {
        shell.app().lanes.traffic().is_some_and(|it| it.heat.len() == model.services.len())
    });
}
