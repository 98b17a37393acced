//! Breaking it by hand, through the window: what is clicked is what was drawn; each deed makes the
//! naive consumer's balance wrong by what it must; the right strategy holds.

use egui::accesskit::Role;
use egui::{Key, Modifiers, Pos2, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use inflight::app::{Command, Options, Selection, Settings, View};
use inflight::gui::Shell;
use inflight::history::{Answer, MarkKind, Place, SceneMessage};
use inflight::model::{AnomalyKind, MessageId, Node, Role as Carried, Time, Value};

type Window = Harness<'static, Option<Shell>>;

/// More pictures than anything that is waited for here takes.
const PATIENCE: usize = 20_000;

/// A section of a scenario, which nothing is left of.
fn without(text: &str, section: &str) -> String {
    let Some((before, rest)) = text.split_once(&format!("    {section}: [")) else {
        return text.to_owned();
    };
    let (_, after) = rest.split_once("    ],\n").unwrap();
    format!("{before}{after}")
}

/// The scenario of the doubled balance in which nothing breaks by itself, standing still at an
/// instant. `name` keeps apart the files of tests that run at the same time.
fn calm(name: &str, at: f64) -> Window {
    calm_of("delivery/lost_ack", name, at)
}

/// The same of any scenario of the library.
fn calm_of(scenario: &str, name: &str, at: f64) -> Window {
    let entry = inflight::scenario::library::find(scenario).unwrap();
    // What the file expects is of its faults.
    let text = without(&without(entry.text, "faults"), "expect");
    let folder = std::env::temp_dir().join(format!("inflight-breaking-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{name}.ron"));
    std::fs::write(&file, text).unwrap();
    let options = Options { file: Some(file), ..Options::default() };
    let mut window = Harness::builder()
        .with_size(Vec2::new(1440.0, 900.0))
        .with_step_dt(1.0 / 60.0)
        .build_ui_state(
            move |ui, shell: &mut Option<Shell>| {
                // Without lanes everything that can be done stands in view.
                let settings = Settings { lanes: false, ..Settings::default() };
                let new = || Shell::new(ui.ctx(), settings, options.clone(), None);
                shell.get_or_insert_with(new).ui(ui);
            },
            None,
        );
    tell(&mut window, Command::Pause);
    go_to(&mut window, Time::from_secs_f64(at));
    window
}

fn shell(window: &Window) -> &Shell {
    window.state().as_ref().expect("the first picture is drawn")
}

fn tell(window: &mut Window, command: Command) {
    window.state_mut().as_mut().expect("the first picture is drawn").update(command);
    window.run_steps(2);
}

fn until(window: &mut Window, holds: impl Fn(&Shell) -> bool) {
    for _ in 0..PATIENCE {
        if holds(shell(window)) {
            return;
        }
        window.step();
    }
    panic!("it never came to be");
}

fn settle(window: &mut Window) {
    until(window, |shell| {
        let run = &shell.app().run;
        run.progress.done && run.serves(shell.app().playback.at)
    });
    window.run_steps(2);
}

fn go_to(window: &mut Window, at: Time) {
    tell(window, Command::SeekTo(at));
    settle(window);
}

/// The first message in this role that is on its link now or later, with the playhead on it.
fn fly(window: &mut Window, role: Carried) -> (MessageId, SceneMessage) {
    for _ in 0..400 {
        let app = shell(window).app();
        let scene = &app.run.answer.as_ref().unwrap().scene;
        // In the middle of its way: far from both cards.
        let now = app.playback.at;
        let found = scene.alive().find(|(_, it)| {
            let along = inflight::view::flow::along(it.sent, it.due, now);
            it.role == role && it.place == Place::Link && (0.3..0.8).contains(&along)
        });
        if let Some((id, it)) = found {
            return (id, *it);
        }
        let next = now + inflight::model::Span::from_millis(10);
        go_to(window, next);
    }
    panic!("nothing of the kind flies");
}

/// Where a message is on the screen, worked out from the cards at both ends of its link.
fn place(window: &Window, it: &SceneMessage) -> Pos2 {
    let app = shell(window).app();
    let link = &app.model().links[it.link.unwrap().index()];
    let rect = |node: Node| {
        let kind = if matches!(node, Node::Service(_)) { "service" } else { "topic" };
        window.get_by_label(&format!("{} {kind}", app.model().node_name(node))).rect()
    };
    let (from, to) = (rect(link.from), rect(link.to));
    let (a, d) = if from.center().x < to.center().x {
        (from.right_center(), to.left_center())
    } else {
        (from.left_center(), to.right_center())
    };
    let pull = Vec2::new((d.x - a.x) * 0.5, 0.0);
    let t = inflight::view::flow::along(it.sent, it.due, app.playback.at);
    let s = 1.0 - t;
    let all =
        [(a, s * s * s), (a + pull, 3.0 * s * s * t), (d - pull, 3.0 * s * t * t), (d, t * t * t)];
    all.iter().fold(Pos2::ZERO, |sum, (at, share)| sum + at.to_vec2() * *share)
}

fn press_and_release(window: &mut Window, at: Pos2) {
    window.hover_at(at);
    window.run_steps(1);
    window.drag_at(at);
    window.run_steps(1);
    window.drop_at(at);
    window.run_steps(2);
}

fn key(window: &mut Window, key: Key) {
    window.key_press_modifiers(Modifiers::NONE, key);
    window.run_steps(2);
}

fn click(window: &mut Window, label: &str) {
    // By its name: it may have to be scrolled to.
    window.get_by_role_and_label(Role::Button, label).click_accesskit();
    window.run_steps(3);
}

/// What an event pays, in cents.
fn cents(window: &mut Window, it: &SceneMessage) -> f64 {
    let told = |answer: &Answer| {
        answer.events.iter().flat_map(|all| all.iter()).find(|event| event.id == it.event).copied()
    };
    until(window, |shell| shell.app().run.answer.as_ref().and_then(told).is_some());
    let app = shell(window).app();
    let event = app.run.answer.as_ref().and_then(told).unwrap();
    let fields = &app.model().event_types[event.event_type.index()].fields;
    let place = fields.iter().position(|field| field.name == "cents").unwrap();
    Value::from_bits(fields[place].kind, event.fields[place]).as_f64()
}

/// By how much all balances are wrong at the end of the run, in cents, and the anomalies.
fn at_the_end(window: &mut Window) -> (f64, Vec<(Time, AnomalyKind)>) {
    let end = shell(window).app().run.end().unwrap();
    go_to(window, end);
    let app = shell(window).app();
    let scene = &app.run.answer.as_ref().unwrap().scene;
    let anomalies = app.run.overview.marks.iter().filter_map(|mark| match mark.kind {
        MarkKind::Anomaly { kind, .. } => Some((mark.at, kind)),
        _ => None,
    });
    let last = scene.shown.len() - 1;
    (scene.shown[last] - scene.should[last], anomalies.collect())
}

/// By how much the store is wrong at an instant, in cents.
fn off_at(window: &mut Window, at: Time) -> f64 {
    go_to(window, at);
    let scene = &shell(window).app().run.answer.as_ref().unwrap().scene;
    let last = scene.shown.len() - 1;
    scene.shown[last] - scene.should[last]
}

/// Selects the first anomaly, switches to the best strategy from before it, and sees it hold.
fn the_best_holds(window: &mut Window) {
    let marks = &shell(window).app().run.overview.marks;
    let selection = marks.iter().find_map(|mark| match mark.kind {
        MarkKind::Anomaly { store, event, kind } => {
            Some((mark.at, Selection::Anomaly { at: mark.at, store, event, kind }))
        }
        _ => None,
    });
    let (at, selection) = selection.expect("something went wrong");
    tell(window, Command::ShowAt { at, selection });
    until(window, |shell| shell.app().facts().is_some());
    window.run_steps(3);
    let button = window.get_all_by_role(Role::Button);
    let mut switch = button.filter(|it| {
        it.accesskit_node().label().is_some_and(|label| label.starts_with("Switch from"))
    });
    switch.next().expect("one is offered").click();
    drop(switch);
    window.run_steps(3);
    settle(window);
    let (off, anomalies) = at_the_end(window);
    assert!(off.abs() < 0.5 && anomalies.is_empty(), "the strategy: {off} cents, {anomalies:?}");
}

#[test]
fn what_is_clicked_is_what_was_drawn_also_while_it_moves() {
    let mut window = calm("moving", 5.0);
    let (_, it) = fly(&mut window, Carried::Delivery);
    tell(&mut window, Command::SetSpeed(0.2));
    tell(&mut window, Command::Play);
    let at = place(&window, &it);
    press_and_release(&mut window, at);
    let app = shell(&window).app();
    assert!(
        matches!(app.selection, Some(Selection::Event { event, .. }) if event == it.event),
        "{:?}",
        app.selection
    );
    assert!(app.playback.playing, "time goes on when the pointer is up");
}

#[test]
fn a_duplicate_is_booked_twice_and_an_inbox_holds() {
    let mut window = calm("duplicate", 5.0);
    let (_, it) = fly(&mut window, Carried::Delivery);
    let (at, pays) = (place(&window, &it), cents(&mut window, &it));
    press_and_release(&mut window, at);
    key(&mut window, Key::D);
    window.get_by_label_contains("Duplicated PaymentCompleted");
    let acted = shell(&window).app().playback.at;
    let (off, anomalies) = at_the_end(&mut window);
    assert!((off - pays).abs() < 0.5, "off by {off}, not by {pays}");
    assert_eq!(anomalies.len(), 1);
    let (when, kind) = anomalies[0];
    assert_eq!(kind, AnomalyKind::AppliedTwice);
    // The way, the work before the booking: a few hundred milliseconds.
    assert!(when > acted && when < acted + inflight::model::Span::from_secs(2), "{when}");
    the_best_holds(&mut window);
}

#[test]
fn what_is_delayed_past_its_ack_wait_is_booked_twice() {
    let mut window = calm("delay", 5.0);
    let (_, it) = fly(&mut window, Carried::Delivery);
    let (at, pays) = (place(&window, &it), cents(&mut window, &it));
    press_and_release(&mut window, at);
    key(&mut window, Key::L);
    let (off, anomalies) = at_the_end(&mut window);
    assert!((off - pays).abs() < 0.5, "off by {off}, not by {pays}");
    assert!(matches!(anomalies[..], [(_, AnomalyKind::AppliedTwice)]), "{anomalies:?}");
    the_best_holds(&mut window);
}

#[test]
fn a_lost_ack_is_booked_twice() {
    let mut window = calm("answer", 5.0);
    let (_, it) = fly(&mut window, Carried::Delivery);
    let (at, pays) = (place(&window, &it), cents(&mut window, &it));
    press_and_release(&mut window, at);
    key(&mut window, Key::A);
    let (off, anomalies) = at_the_end(&mut window);
    assert!((off - pays).abs() < 0.5, "off by {off}, not by {pays}");
    assert!(matches!(anomalies[..], [(_, AnomalyKind::AppliedTwice)]), "{anomalies:?}");
    the_best_holds(&mut window);
}

#[test]
fn of_two_prices_that_are_swapped_the_old_one_stays_and_a_look_at_the_version_holds() {
    let mut window = calm_of("delivery/old_price", "swap", 5.0);
    let (id, first) = fly(&mut window, Carried::Delivery);
    let scene = &shell(&window).app().run.answer.as_ref().unwrap().scene;
    let mut behind = scene.alive().filter(|(other, it)| {
        *other != id && it.link == first.link && it.place == Place::Link && it.due > first.due
    });
    let next = *behind.next().expect("the price that puts it right is behind it").1;
    drop(behind);
    let wrong_by = cents(&mut window, &first) - cents(&mut window, &next);
    assert!(wrong_by.abs() > 1.0);
    let at = place(&window, &first);
    press_and_release(&mut window, at);
    click(&mut window, "Swap with next S");
    window.get_by_label_contains("Swapped PriceSet");
    let (_, anomalies) = at_the_end(&mut window);
    // It comes when the next one would have, and is handled in 20 ms.
    let when = next.due + inflight::model::Span::from_millis(20);
    assert_eq!(anomalies, [(when, AnomalyKind::StaleWrite)]);
    assert!(off_at(&mut window, Time(when.0 - 1)).abs() < 0.5, "until then it is right");
    let off = off_at(&mut window, when);
    assert!((off - wrong_by).abs() < 0.5, "off by {off}, not by {wrong_by}");
    the_best_holds(&mut window);
    assert!(off_at(&mut window, when).abs() < 0.5);
}

#[test]
fn a_publish_that_is_dropped_is_missing_from_the_balance() {
    let mut window = calm("drop", 5.0);
    let (_, it) = fly(&mut window, Carried::Publish);
    let (at, pays) = (place(&window, &it), cents(&mut window, &it));
    press_and_release(&mut window, at);
    key(&mut window, Key::X);
    let (off, anomalies) = at_the_end(&mut window);
    assert!((off + pays).abs() < 0.5, "off by {off}, not by -{pays}");
    assert!(matches!(anomalies[..], [(_, AnomalyKind::Lost)]), "{anomalies:?}");
}

#[test]
fn a_crash_between_booking_and_ack_books_twice() {
    let mut window = calm("crash", 5.0);
    // Stand where the first booking after five seconds was just made.
    let store = |window: &Window| {
        shell(window).app().run.answer.as_ref().map(|it| it.scene.shown[1]).unwrap()
    };
    let before = store(&window);
    while (store(&window) - before).abs() < 0.5 {
        let next = shell(&window).app().playback.at + inflight::model::Span::from_millis(10);
        go_to(&mut window, next);
    }
    click(&mut window, "ledger service");
    click(&mut window, "Crash and restart after");
    let (off, anomalies) = at_the_end(&mut window);
    assert!(off > 499.0, "off by {off}");
    assert!(anomalies.iter().all(|(_, kind)| *kind == AnomalyKind::AppliedTwice), "{anomalies:?}");
    assert!(!anomalies.is_empty());
    the_best_holds(&mut window);
}

#[test]
fn an_event_is_dragged_back_along_its_link_and_escape_lets_go() {
    let mut window = calm("drag", 5.0);
    let (_, it) = fly(&mut window, Carried::Delivery);
    let at = place(&window, &it);
    let back = at - Vec2::new(40.0, 0.0);
    for escape in [true, false] {
        window.hover_at(at);
        window.run_steps(1);
        window.drag_at(at);
        window.run_steps(1);
        for share in [0.5, 1.0] {
            window.hover_at(at.lerp(back, share));
            window.run_steps(1);
        }
        if escape {
            key(&mut window, Key::Escape);
        }
        window.drop_at(back);
        window.run_steps(2);
        let acts = shell(&window).app().run.script.len();
        assert_eq!(acts, usize::from(!escape));
    }
    window.get_by_label_contains("Delayed PaymentCompleted");
    settle(&mut window);
    let app = shell(&window).app();
    let scene = &app.run.answer.as_ref().unwrap().scene;
    let late = scene.alive().find(|(_, other)| other.event == it.event && other.due > it.due);
    assert!(late.is_some(), "it is on its way for longer");
    click(&mut window, "Undo");
    assert!(shell(&window).app().run.script.is_empty());
}

#[test]
fn a_link_is_clicked_and_its_slider_is_one_step() {
    let mut window = calm("link", 5.0);
    let topic = window.get_by_label("payments.completed topic").rect();
    let ledger = window.get_by_label("ledger service").rect();
    let middle = topic.right_center().lerp(ledger.left_center(), 0.5);
    press_and_release(&mut window, middle + Vec2::new(0.0, 5.0));
    assert!(matches!(shell(&window).app().selection, Some(Selection::Link(_))));
    for value in [0.2, 0.5] {
        window.get_by_role_and_label(Role::Slider, "loss").set_value_accesskit(value);
        window.run_steps(2);
    }
    settle(&mut window);
    assert!(!shell(&window).app().run.script.is_empty());
    while shell(&window).app().undo.undo_name().is_some() {
        tell(&mut window, Command::Undo);
    }
    assert!(shell(&window).app().run.script.is_empty());
}

#[test]
fn a_right_click_offers_what_can_be_done() {
    let mut window = calm("menu", 5.0);
    let card = window.get_by_label("ledger service").rect().center();
    window.hover_at(card);
    window.run_steps(1);
    for pressed in [true, false] {
        let button = egui::PointerButton::Secondary;
        let modifiers = Modifiers::NONE;
        window.event(egui::Event::PointerButton { pos: card, button, pressed, modifiers });
        window.run_steps(2);
    }
    click(&mut window, "Stop");
    settle(&mut window);
    assert_eq!(shell(&window).app().run.script.len(), 1);
    window.get_by_label_contains("Crash of ledger");
}

#[test]
fn what_can_be_taken_back_is_named_wherever_it_is_offered() {
    let mut window = calm("named", 5.0);
    let (_, it) = fly(&mut window, Carried::Delivery);
    let at = place(&window, &it);
    press_and_release(&mut window, at);
    key(&mut window, Key::D);
    let done = format!("duplicate of PaymentCompleted {}", it.event);
    let undo = format!("Undo {done}");
    // The button in the bar says it itself, and its tooltip with the key.
    let button = window.get_by_role_and_label(Role::Button, &undo).rect().center();
    window.hover_at(button);
    window.run_steps(60);
    window.get_by_label(&format!("{undo}  (Ctrl Z)"));
    click(&mut window, "More");
    let both = window.get_all_by_label_contains(&undo).count();
    assert!(both >= 2, "the menu and the button say it: {both}");
    key(&mut window, Key::Escape);
    click(&mut window, &undo);
    assert!(shell(&window).app().run.script.is_empty());
    click(&mut window, &format!("Redo {done}"));
    assert_eq!(shell(&window).app().run.script.len(), 1);
}

#[test]
fn an_anomaly_that_is_played_past_is_shown_on_request() {
    let mut window = calm("show-me", 5.0);
    let (_, it) = fly(&mut window, Carried::Delivery);
    let at = place(&window, &it);
    press_and_release(&mut window, at);
    key(&mut window, Key::D);
    key(&mut window, Key::Escape);
    settle(&mut window);
    tell(&mut window, Command::Play);
    let is_said =
        |shell: &Shell| shell.app().toasts.iter().any(|it| it.text.starts_with("Anomaly"));
    until(&mut window, is_said);
    // Time goes on meanwhile.
    window.run_steps(10);
    window.get_by_label_contains(&format!("ledger applied PaymentCompleted {} twice", it.event));
    click(&mut window, "Show me");
    let app = shell(&window).app();
    let Some(Selection::Anomaly { at, event, kind, .. }) = app.selection else {
        panic!("{:?}", app.selection)
    };
    assert_eq!((event, kind), (it.event, AnomalyKind::AppliedTwice));
    assert_eq!(app.playback.at, at);
    assert!(!app.playback.playing);
    assert!(!app.toasts.iter().any(|it| it.text.starts_with("Anomaly")), "it is seen");
    // Over the figures, which count it, nothing is said.
    for view in [View::Metrics, View::Compare] {
        tell(&mut window, Command::ShowView(view));
        tell(&mut window, Command::SeekTo(Time(at.0 - 1)));
        tell(&mut window, Command::Play);
        until(&mut window, |shell| shell.app().playback.at > at);
        tell(&mut window, Command::Pause);
        assert!(!is_said(shell(&window)), "{view:?}");
    }
}

#[test]
fn what_was_repaired_does_not_happen_any_more_and_that_is_said() {
    use inflight::model::{Act, Setting};
    use inflight::view::{anomaly, inspector};
    let file = Some("delivery/lost_ack".into());
    let mut window = crate::panels::open(Options { file, ..Options::default() });
    until(&mut window, |shell| shell.app().run.progress.done);
    let marks = shell(&window).app().run.overview.marks.clone();
    let found = marks.iter().find_map(|mark| match mark.kind {
        MarkKind::Anomaly { store, event, kind } => {
            Some((mark.at, Selection::Anomaly { at: mark.at, store, event, kind }))
        }
        _ => None,
    });
    let (at, selection) = found.unwrap();
    tell(&mut window, Command::ShowAt { at, selection });
    until(&mut window, |shell| shell.app().facts().is_some());
    let app = shell(&window).app();
    assert!(anomaly::happens(app));
    let (remedies, _) = anomaly::remedies(app, app.facts().unwrap());
    let it = remedies.iter().find(|it| it.name == "Inbox").unwrap().clone();
    let (service, topic) = it.consumer;
    let act = Act::Set(Setting::Strategy { service, topic, strategy: it.strategy });
    tell(&mut window, Command::ActBefore { at: it.before, act });
    until(&mut window, |shell| shell.app().run.progress.done);
    let app = shell(&window).app();
    assert_eq!(app.selection, Some(selection));
    assert!(!anomaly::happens(app));
    assert_eq!(inspector::inspect(app).text, "In this future it does not happen.");
}
