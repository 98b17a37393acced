//! The window without a window: every panel found by its label, clicked, dragged and typed at.

use std::path::Path;

use egui::accesskit::Role;
use egui::{Key, Modifiers, Pos2, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use inflight::app::{Command, Options, Overlay, Settings};
use inflight::gui::Shell;
use inflight::model::Time;

type Window = Harness<'static, Option<Shell>>;

/// More pictures than anything that is waited for here takes.
const PATIENCE: usize = 20_000;

fn open(options: Options) -> Window {
    Harness::builder().with_size(Vec2::new(1440.0, 900.0)).with_step_dt(0.1).build_ui_state(
        move |ui, shell: &mut Option<Shell>| {
            let new = || Shell::new(ui.ctx(), Settings::default(), options.clone(), None);
            shell.get_or_insert_with(new).ui(ui);
        },
        None,
    )
}

/// The window with the payment scenario, simulated to its end, standing still at its beginning.
fn payment() -> Window {
    let mut window = open(Options::default());
    until(&mut window, |shell| shell.app().run.progress.done);
    tell(&mut window, Command::Pause);
    tell(&mut window, Command::GoToStart);
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

fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(2);
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(2);
}

fn at(window: &Window) -> f64 {
    shell(window).app().playback.at.as_secs_f64()
}

#[test]
fn the_first_scenario_plays_by_itself() {
    let mut window = open(Options::default());
    assert!(shell(&window).app().playback.playing);
    until(&mut window, |shell| shell.app().playback.at > Time::from_secs_f64(0.5));
}

#[test]
fn button_and_space_play_and_pause() {
    let mut window = payment();
    click(&mut window, "Play");
    assert!(shell(&window).app().playback.playing);
    click(&mut window, "Pause");
    assert!(!shell(&window).app().playback.playing);
    press(&mut window, Modifiers::NONE, Key::Space);
    assert!(shell(&window).app().playback.playing);
    press(&mut window, Modifiers::NONE, Key::Space);
    assert!(!shell(&window).app().playback.playing);
}

#[test]
fn keys_move_the_playhead() {
    let mut window = payment();
    press(&mut window, Modifiers::SHIFT, Key::ArrowRight);
    press(&mut window, Modifiers::SHIFT, Key::ArrowRight);
    assert!((at(&window) - 2.0).abs() < 1e-9);
    press(&mut window, Modifiers::SHIFT, Key::ArrowLeft);
    assert!((at(&window) - 1.0).abs() < 1e-9);
    press(&mut window, Modifiers::NONE, Key::End);
    assert_eq!(Some(shell(&window).app().playback.at), shell(&window).app().run.end());
    press(&mut window, Modifiers::NONE, Key::Home);
    assert!(at(&window).abs() < 1e-9);
}

#[test]
fn steps_go_to_records_and_back() {
    let mut window = payment();
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(3.0)));
    let mut seen = vec![shell(&window).app().playback.at];
    for _ in 0..5 {
        let before = shell(&window).app().playback.at;
        press(&mut window, Modifiers::NONE, Key::ArrowRight);
        until(&mut window, |shell| shell.app().playback.at > before);
        seen.push(shell(&window).app().playback.at);
    }
    seen.pop();
    for expected in seen.iter().skip(1).rev() {
        let before = shell(&window).app().playback.at;
        click(&mut window, "Step back");
        until(&mut window, |shell| shell.app().playback.at < before);
        assert_eq!(shell(&window).app().playback.at, *expected);
    }
}

#[test]
fn the_slider_sets_the_speed() {
    let mut window = payment();
    window.get_by_role_and_label(Role::Slider, "Speed").set_value_accesskit(50.0);
    window.run_steps(2);
    assert!((shell(&window).app().playback.speed - 50.0).abs() < 1.0);
    window.get_by_label("50×");
    press(&mut window, Modifiers::NONE, Key::Num1);
    assert!((shell(&window).app().playback.speed - 1.0).abs() < 1e-9);
}

#[test]
fn the_playhead_stays_under_the_pointer() {
    let mut window = payment();
    let strip = window.get_by_role_and_label(Role::Slider, "Whole run").rect();
    let whole = shell(&window).app().whole().as_secs_f64();
    let place =
        |share: f32| Pos2::new(strip.lerp_inside(Vec2::new(share, 0.5)).x, strip.center().y);
    window.drag_at(place(0.4));
    window.run_steps(1);
    for share in [0.5_f32, 0.75, 0.9, 0.3] {
        window.hover_at(place(share));
        window.run_steps(1);
        let off = at(&window) - f64::from(share) * whole;
        assert!(off.abs() < whole / f64::from(strip.width()), "off by {off} s at {share}");
    }
    window.drop_at(place(0.3));
    window.run_steps(1);
    assert!((at(&window) - 0.3 * whole).abs() < 0.1);
}

#[test]
fn the_wheel_zooms_around_the_pointer() {
    let mut window = payment();
    let strip = window.get_by_role_and_label(Role::Slider, "Window").rect();
    let before = shell(&window).app().window;
    let pointer = strip.center();
    window.hover_at(pointer);
    window.event(egui::Event::MouseWheel {
        source: egui::MouseWheelSource::Wheel,
        unit: egui::MouseWheelUnit::Point,
        delta: Vec2::new(0.0, 240.0),
        phase: egui::TouchPhase::Move,
        modifiers: Modifiers::NONE,
    });
    window.run_steps(20);
    let after = shell(&window).app().window;
    assert!(after.length() < before.length());
    let middle = |w: inflight::app::Window| (w.from.as_secs_f64() + w.to.as_secs_f64()) / 2.0;
    assert!((middle(after) - middle(before)).abs() < 0.05);
}

#[test]
fn another_variant_keeps_the_playhead() {
    let mut window = payment();
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(7.0)));
    let names: Vec<_> =
        shell(&window).app().scenario.variants.iter().map(|it| it.name.clone()).collect();
    for name in names.iter().rev() {
        click(&mut window, name);
        assert_eq!(&shell(&window).app().shown().name, name);
        assert!((at(&window) - 7.0).abs() < 1e-9);
    }
}

#[test]
fn the_switcher_opens_another_scenario() {
    let mut window = payment();
    let label = format!("Scenario: {}", shell(&window).app().scenario.title);
    window.get_by_role_and_label(Role::ComboBox, &label).click();
    window.run_steps(3);
    let entries = inflight::scenario::library::entries();
    let entry = entries.last().expect("the library is not empty");
    let name = entry.name.rsplit('/').next().expect("a split has a last part");
    click(&mut window, name);
    assert_eq!(shell(&window).app().source.to_string(), entry.name);
}

#[test]
fn light_and_dark_change_places() {
    let mut window = payment();
    let before = window.ctx.theme();
    click(&mut window, "Light or dark");
    assert_ne!(window.ctx.theme(), before);
    click(&mut window, "Light or dark");
    assert_eq!(window.ctx.theme(), before);
}

#[test]
fn help_lists_the_keys_and_escape_closes_it() {
    let mut window = payment();
    click(&mut window, "Keys");
    window.run_steps(3);
    window.get_by_label("Real time").rect();
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(shell(&window).app().overlay, None);
    press(&mut window, Modifiers::SHIFT, Key::Questionmark);
    assert_eq!(shell(&window).app().overlay, Some(Overlay::Help));
}

#[test]
fn the_menu_offers_what_can_be_done() {
    let mut window = payment();
    click(&mut window, "More");
    window.run_steps(3);
    window.get_by_label_contains("Larger text").click();
    window.run_steps(3);
    assert!(shell(&window).app().settings.scale > 1.05);
}

#[test]
fn a_path_can_be_typed() {
    let mut window = payment();
    press(&mut window, Modifiers::COMMAND, Key::O);
    window.run_steps(3);
    window.get_by_role(Role::TextInput).type_text("no/such/file.ron");
    window.run_steps(3);
    click(&mut window, "Open");
    window.run_steps(3);
    window.get_by_label_contains("cannot be read");
}

#[test]
fn a_click_on_the_seed_runs_the_next_one() {
    let mut window = payment();
    let seed = shell(&window).app().run.seed;
    click(&mut window, &format!("seed {seed}"));
    assert_eq!(shell(&window).app().run.seed, seed + 1);
}

#[test]
fn nothing_is_without_a_name() {
    let mut window = payment();
    assert_eq!(window.unnamed_widgets(), Vec::<String>::new());
    click(&mut window, "Keys");
    assert_eq!(window.unnamed_widgets(), Vec::<String>::new());
}

#[test]
fn standing_still_it_asks_for_no_more_pictures() {
    let mut window = payment();
    assert!(window.run() < 50);
}

#[test]
fn a_mistake_in_the_file_is_shown_and_the_last_good_run_stays() {
    let folder = std::env::temp_dir().join(format!("inflight-panels-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("mended.ron");
    let good = inflight::scenario::library::entries()[0].text;
    write(&file, good);
    watched(&file, good);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn write(file: &Path, text: &str) {
    std::fs::write(file, text).expect("the folder for temporary files can be written to");
}

fn watched(file: &Path, good: &str) {
    let mut window = open(Options { file: Some(file.to_owned()), ..Options::default() });
    tell(&mut window, Command::Pause);
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(2.0)));
    let title = shell(&window).app().scenario.title.clone();

    write(file, &good.replacen("events", "evnets", 1));
    until(&mut window, |shell| shell.app().broken.is_some());
    window.run_steps(2);
    window.get_by_label_contains("mended.ron has");
    assert_eq!(shell(&window).app().scenario.title, title);
    assert!((at(&window) - 2.0).abs() < 1e-9);

    write(file, good);
    until(&mut window, |shell| shell.app().broken.is_none());
    assert!((at(&window) - 2.0).abs() < 1e-9, "mended, the playhead is where it was");
}

#[test]
fn the_inspector_tells_of_the_selection_and_lets_it_go() {
    let mut window = payment();
    let service = inflight::model::ServiceId(0);
    let name = shell(&window).app().model().services[0].name.clone();
    tell(&mut window, Command::Select(inflight::app::Selection::Service(service)));
    window.get_by_label(&name);
    click(&mut window, "Clear selection");
    assert_eq!(shell(&window).app().selection, None);
    click(&mut window, "Inspector");
    assert!(!shell(&window).app().settings.inspector);
}

#[test]
fn cards_and_strips_are_found_by_name_selected_and_moved() {
    use inflight::app::Selection;
    let mut window = payment();
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(21.0)));
    until(&mut window, |shell| shell.app().run.serves(shell.app().playback.at));
    click(&mut window, "ledger service");
    assert!(matches!(shell(&window).app().selection, Some(Selection::Service(_))));
    click(&mut window, "payments.events topic");
    let selection = shell(&window).app().selection;
    assert!(matches!(selection, Some(Selection::Topic(_) | Selection::Event { .. })));

    let card = window.get_by_label("ledger service").rect();
    window.drag_at(card.center());
    window.run_steps(1);
    window.hover_at(card.center() + Vec2::new(0.0, 60.0));
    window.run_steps(1);
    window.drop_at(card.center() + Vec2::new(0.0, 60.0));
    window.run_steps(2);
    let moved = window.get_by_label("ledger service").rect();
    assert!(moved.center().y > card.center().y + 10.0, "{card:?} {moved:?}");
    press(&mut window, Modifiers::COMMAND, Key::Z);
    let back = window.get_by_label("ledger service").rect();
    assert!((back.center() - card.center()).length() < 1.0);
}

#[test]
fn the_inspector_keeps_the_width_it_is_given() {
    let mut window = payment();
    let width = |window: &Window| shell(window).app().settings.inspector_width;
    assert!((width(&window) - Settings::default().inspector_width).abs() < 1.0);
    // Its left edge: the window's right edge less its width.
    let edge = Pos2::new(1440.0 - width(&window), 300.0);
    window.hover_at(edge);
    window.run_steps(2);
    window.drag_at(edge);
    window.run_steps(2);
    window.hover_at(edge - Vec2::new(80.0, 0.0));
    window.run_steps(2);
    window.drop_at(edge - Vec2::new(80.0, 0.0));
    window.run_steps(3);
    let grown = width(&window) - Settings::default().inspector_width;
    // Less the few points beside the edge at which it can be taken hold of.
    assert!((60.0..=85.0).contains(&grown), "it grew by {grown}");
}
