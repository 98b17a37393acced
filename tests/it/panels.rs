//! The window without a window: every panel found by its label, clicked, dragged and typed at.

use std::path::Path;

use egui::accesskit::Role;
use egui::{Key, Modifiers, Pos2, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use inflight::app::{Command, Options, Overlay, Settings};
use inflight::gui::Shell;
use inflight::model::Time;

pub type Window = Harness<'static, Option<Shell>>;

/// More pictures than anything that is waited for here takes.
const PATIENCE: usize = 20_000;

pub fn open(options: Options) -> Window {
    open_in(Vec2::new(1440.0, 900.0), options)
}

fn open_in(size: Vec2, options: Options) -> Window {
    Harness::builder().with_size(size).with_step_dt(0.1).build_ui_state(
        move |ui, shell: &mut Option<Shell>| {
            let new = || Shell::new(ui.ctx(), Settings::default(), options.clone(), None);
            shell.get_or_insert_with(new).ui(ui);
        },
        None,
    )
}

/// The window with the payment scenario, simulated to its end, standing still at its beginning.
pub fn payment() -> Window {
    let mut window = open(Options::default());
    until(&mut window, |shell| shell.app().run.progress.done);
    tell(&mut window, Command::Pause);
    tell(&mut window, Command::GoToStart);
    window
}

pub fn shell(window: &Window) -> &Shell {
    window.state().as_ref().expect("the first picture is drawn")
}

pub fn tell(window: &mut Window, command: Command) {
    window.state_mut().as_mut().expect("the first picture is drawn").update(command);
    window.run_steps(2);
}

pub fn until(window: &mut Window, holds: impl Fn(&Shell) -> bool) {
    for _ in 0..PATIENCE {
        if holds(shell(window)) {
            return;
        }
        window.step();
    }
    panic!("it never came to be");
}

pub fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(2);
}

pub fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(2);
}

pub fn at(window: &Window) -> f64 {
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
    let strip = window.get_by_role_and_label(Role::Slider, "Close-up").rect();
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
    // By its name: in a long list it has to be scrolled to.
    window.get_by_role_and_label(Role::Button, &entry.about().0).click_accesskit();
    window.run_steps(2);
    assert_eq!(shell(&window).app().source.to_string(), entry.name);
}

#[test]
fn a_fault_that_is_over_is_no_success() {
    use inflight::model::FaultId;
    use inflight::view::inspector::{Tone, inspect};
    let mut window = payment();
    let said = |window: &Window| {
        let shown = inspect(shell(window).app());
        let rows = shown.sections.into_iter().flat_map(|it| it.rows);
        let row = rows.into_iter().find(|it| it.value.starts_with("ledger is down")).unwrap();
        (row.value, row.tone)
    };
    assert_eq!(said(&window), ("ledger is down".to_owned(), Tone::Plain));
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(24.0)));
    assert_eq!(said(&window), ("ledger is down".to_owned(), Tone::Bad));
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(40.0)));
    assert_eq!(said(&window), ("ledger is down (over)".to_owned(), Tone::Past));
    tell(&mut window, Command::OmitFault(FaultId::from_index(0)));
    assert_eq!(said(&window), ("ledger is down (switched off)".to_owned(), Tone::Past));
}

#[test]
fn the_list_of_scenarios_is_narrowed_by_what_is_typed() {
    let mut window = payment();
    let label = format!("Scenario: {}", shell(&window).app().scenario.title);
    window.get_by_role_and_label(Role::ComboBox, &label).click();
    window.run_steps(3);
    // Every one can be seen: what is below the window's edge is scrolled to.
    window.get_by_role_and_label(Role::Button, "Tandem");
    window.get_by_role(Role::TextInput).type_text("retries storm");
    window.run_steps(2);
    window.get_by_role_and_label(Role::Button, "A storm of retries");
    assert!(window.query_by_role_and_label(Role::Button, "Tandem").is_none());
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(shell(&window).app().source.to_string(), "consuming/retry_storm");
    // What was typed is forgotten with the list.
    let label = format!("Scenario: {}", shell(&window).app().scenario.title);
    window.get_by_role_and_label(Role::ComboBox, &label).click();
    window.run_steps(3);
    window.get_by_role_and_label(Role::Button, "Tandem");
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
fn in_a_low_window_the_keys_are_whole_and_the_inspector_stands_beside_the_timeline() {
    let mut window = open_in(Vec2::new(1280.0, 720.0), Options::default());
    tell(&mut window, Command::Pause);
    let strip = window.get_by_role_and_label(Role::Slider, "Whole run").rect();
    assert!(strip.right() < 1000.0, "{strip:?}");
    // A clock with many digits takes no room from what is beside it.
    let file = Some("duplicate_publish".into());
    let mut long = open_in(Vec2::new(1280.0, 720.0), Options { file, ..Options::default() });
    tell(&mut long, Command::Pause);
    let found = long.get_by_role_and_label(Role::Slider, "Whole run").rect();
    assert!((found.right() - strip.right()).abs() < 0.5, "{found:?} {strip:?}");
    click(&mut window, "Keys");
    window.run_steps(3);
    let close = window.get_by_role_and_label(Role::Button, "Close").rect();
    assert!(close.top() > 20.0 && close.bottom() < 700.0, "{close:?}");
}

#[test]
fn how_far_a_run_is_simulated_is_not_written_over_the_buttons() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("endless.ron");
    // One without an end, and one whose end is far away.
    for (until, short, long) in
        [("", "simulated to", "simulated to"), ("until: \"1000000000s\",", " %", "simulating")]
    {
        let text = format!(
            r#"Scenario(format: 1, title: "Long", {until} events: {{ "Job": Event() }},
                workloads: {{ "w": Workload(arrivals: Poisson(per_second: 9), event: "Job",
                    do: [Send(to: "s", event: "Job")]) }},
                services: {{ "s": Service(answers: {{ "Job": [Work("10ms")] }}) }})"#
        );
        std::fs::write(&file, text).unwrap();
        for width in [960.0, 1280.0, 1440.0, 1920.0] {
            let options = Options { file: Some(file.clone()), ..Options::default() };
            let mut window = open_in(Vec2::new(width, 720.0), options);
            window.run_steps(3);
            assert!(!shell(&window).app().run.progress.done);
            let lanes = window.get_by_role_and_label(Role::Button, "Lanes").rect();
            for text in window.query_all_by_label_contains(short) {
                assert!(!text.rect().intersects(lanes), "{:?} {lanes:?} at {width}", text.rect());
            }
            let beside = |it: egui::Rect| it.left() > lanes.right() && it.top() < lanes.bottom();
            let mut said = window.query_all_by_label_contains(long);
            assert!(width < 1900.0 || said.any(|it| beside(it.rect())), "{until:?}");
        }
    }
}

#[test]
fn the_loop_is_set_by_keys_that_every_keyboard_has() {
    let mut window = payment();
    for (at, key) in [(3.0, Key::O), (7.0, Key::P)] {
        tell(&mut window, Command::SeekTo(Time::from_secs_f64(at)));
        press(&mut window, Modifiers::NONE, key);
    }
    let marks = |window: &Window| shell(window).app().made.marks.clone();
    let span = marks(&window).span.unwrap();
    assert_eq!([span.from, span.to], [3.0, 7.0].map(Time::from_secs_f64));
    let was_on = marks(&window).is_looping;
    press(&mut window, Modifiers::NONE, Key::C);
    assert_ne!(marks(&window).is_looping, was_on);
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

#[test]
fn pictures_are_gone_through_one_by_one() {
    let mut window = payment();
    press(&mut window, Modifiers::NONE, Key::Period);
    press(&mut window, Modifiers::NONE, Key::Period);
    assert!((at(&window) - 2.0 / 60.0).abs() < 1e-6, "{}", at(&window));
    press(&mut window, Modifiers::NONE, Key::Comma);
    assert!((at(&window) - 1.0 / 60.0).abs() < 1e-6, "{}", at(&window));
}

#[test]
fn text_grows_and_shrinks_by_keys() {
    let mut window = payment();
    let scale = |window: &Window| shell(window).app().settings.scale;
    press(&mut window, Modifiers::COMMAND, Key::Plus);
    assert!((scale(&window) - 1.1).abs() < 1e-3);
    assert!((window.ctx.zoom_factor() - 1.1).abs() < 1e-3);
    press(&mut window, Modifiers::COMMAND, Key::Minus);
    press(&mut window, Modifiers::COMMAND, Key::Minus);
    assert!(scale(&window) < 0.95);
    press(&mut window, Modifiers::COMMAND, Key::Num0);
    assert!((scale(&window) - 1.0).abs() < 1e-6);
}

#[test]
fn a_scrub_ends_where_the_pointer_is_let_go() {
    let mut window = payment();
    let whole = shell(&window).app().whole().as_secs_f64();
    let strip = window.get_by_role_and_label(Role::Slider, "Whole run").rect();
    let place =
        |share: f32| Pos2::new(strip.lerp_inside(Vec2::new(share, 0.5)).x, strip.center().y);
    window.hover_at(place(0.3));
    window.drag_at(place(0.3));
    window.run_steps(1);
    window.hover_at(place(0.5));
    window.run_steps(1);
    // A hand that is quick: the last move and the release come with the same picture.
    window.hover_at(place(0.7));
    window.drop_at(place(0.7));
    window.run_steps(2);
    assert!((at(&window) - 0.7 * whole).abs() < whole / f64::from(strip.width()));
}

#[test]
fn an_edge_of_the_frame_changes_what_the_close_up_shows() {
    let mut window = payment();
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(5.0)));
    let whole = shell(&window).app().whole().as_secs_f64();
    let strip = window.get_by_role_and_label(Role::Slider, "Whole run").rect();
    let place = |seconds: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
        let share = (seconds / whole) as f32;
        Pos2::new(strip.lerp_inside(Vec2::new(share, 0.5)).x, strip.center().y)
    };
    let before = shell(&window).app().window;
    window.hover_at(place(before.to.as_secs_f64()));
    window.run_steps(1);
    window.drag_at(place(before.to.as_secs_f64()));
    window.run_steps(1);
    window.hover_at(place(30.0));
    window.run_steps(1);
    window.drop_at(place(30.0));
    window.run_steps(2);
    let after = shell(&window).app().window;
    assert_eq!(after.from, before.from);
    assert!((after.to.as_secs_f64() - 30.0).abs() < 0.1, "{after:?}");
    assert!((at(&window) - 5.0).abs() < 1e-9, "the playhead stays");
}

#[test]
fn the_view_is_zoomed_moved_and_fitted() {
    let mut window = payment();
    let camera = |window: &Window| shell(window).app().camera;
    let view = window.get_by_label("Flow view").rect();
    // Beside every card: where the legend is not, near the lower edge.
    let beside = view.right_bottom() - Vec2::new(300.0, 12.0);
    window.hover_at(beside);
    window.event(egui::Event::MouseWheel {
        source: egui::MouseWheelSource::Wheel,
        unit: egui::MouseWheelUnit::Point,
        delta: Vec2::new(0.0, 120.0),
        phase: egui::TouchPhase::Move,
        modifiers: Modifiers::NONE,
    });
    window.run_steps(20);
    assert!(camera(&window).zoom > 1.3);
    let before = camera(&window).offset;
    window.drag_at(beside);
    window.run_steps(1);
    window.hover_at(beside - Vec2::new(100.0, 40.0));
    window.run_steps(1);
    window.drop_at(beside - Vec2::new(100.0, 40.0));
    window.run_steps(1);
    assert!(camera(&window).offset.0 > before.0 + 20.0, "{:?}", camera(&window));
    press(&mut window, Modifiers::NONE, Key::F);
    assert_eq!(camera(&window), inflight::app::Camera::FIT);
}

#[test]
fn a_card_that_is_dragged_stays_under_the_pointer_and_is_there_next_time() {
    let mut window = payment();
    let card = window.get_by_label("receipts service").rect();
    let to = card.center() + Vec2::new(-60.0, 250.0);
    window.hover_at(card.center());
    window.run_steps(1);
    window.drag_at(card.center());
    window.run_steps(1);
    for part in [0.3_f32, 0.6, 1.0] {
        let pointer = card.center().lerp(to, part);
        window.hover_at(pointer);
        window.run_steps(2);
        let off = window.get_by_label("receipts service").rect().center() - pointer;
        assert!(off.length() < 1.0, "{off:?} off");
    }
    window.drop_at(to);
    window.run_steps(2);
    let kept = shell(&window).app().settings_to_keep();
    assert_eq!(kept.places["payment/payment"].len(), 1);

    let mut again =
        Harness::builder().with_size(Vec2::new(1440.0, 900.0)).with_step_dt(0.1).build_ui_state(
            move |ui, shell: &mut Option<Shell>| {
                let new = || Shell::new(ui.ctx(), kept.clone(), Options::default(), None);
                shell.get_or_insert_with(new).ui(ui);
            },
            None,
        );
    until(&mut again, |shell| shell.app().run.answer.is_some());
    again.run_steps(2);
    let center = |window: &Window, name: &str| window.get_by_label(name).rect().center();
    for window in [&mut window, &mut again] {
        tell(window, Command::Fit);
    }
    let [there, here] = [&window, &again].map(|it| center(it, "receipts service"));
    assert!((there - here).length() < 1.0, "{there:?} {here:?}");
    let [there, here] = [&window, &again].map(|it| center(it, "ledger service"));
    assert!((there - here).length() < 1.0, "{there:?} {here:?}");
}

#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn a_file_that_is_dropped_is_opened_and_listed_as_recent() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/queueing");
    let mut window = payment();
    for name in ["mm1.ron", "tandem.ron"] {
        window.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(folder.join(name))));
        window.run_steps(3);
        assert_eq!(shell(&window).app().source.file(), Some(folder.join(name).as_path()));
    }
    let label = format!("Scenario: {}", shell(&window).app().scenario.title);
    window.get_by_role_and_label(Role::ComboBox, &label).click();
    window.run_steps(3);
    window.get_by_role_and_label(Role::Button, "mm1.ron").click_accesskit();
    window.run_steps(2);
    assert_eq!(shell(&window).app().source.file(), Some(folder.join("mm1.ron").as_path()));
}

#[test]
fn every_control_says_what_it_does_and_its_key() {
    let mut window = payment();
    let buttons = [
        "Go to start",
        "Step back",
        "Play backwards",
        "Play",
        "Step forward",
        "Go to end",
        "Inspector",
        "Light or dark",
        "Keys",
    ];
    for label in buttons {
        let action = inflight::app::ACTIONS.iter().find(|it| it.label == label).unwrap();
        let command = if label == "Play" { &Command::TogglePlay } else { &action.command };
        let place = window.get_by_role_and_label(Role::Button, label).rect().center();
        window.hover_at(place);
        window.run_steps(12);
        assert!(command.tooltip().ends_with(')'), "{label} has no key");
        window.get_by_label(&command.tooltip());
    }
}

/// Clicks the first cell of the topic's first row, by its place on the strip, five seconds on.
fn click_first_event(window: &mut Window) {
    tell(window, Command::SeekTo(Time::from_secs_f64(5.0)));
    until(window, |shell| shell.app().run.serves(shell.app().playback.at));
    window.run_steps(2);
    let strip = window.get_by_label("payments.events topic").rect();
    let cell = strip.min + Vec2::new(0.16, 0.2) * strip.size();
    window.hover_at(cell);
    window.run_steps(1);
    window.drag_at(cell);
    window.drop_at(cell);
    window.run_steps(3);
}

#[test]
fn what_can_be_done_to_an_event_stands_in_two_columns_however_narrow() {
    let mut window = open_in(Vec2::new(1280.0, 720.0), Options::default());
    until(&mut window, |shell| shell.app().run.progress.done);
    tell(&mut window, Command::Pause);
    click_first_event(&mut window);
    let all: Vec<_> = window
        .query_all_by_role(Role::Button)
        .map(|it| (it.accesskit_node().label().unwrap_or_default(), it.rect()))
        .collect();
    let buttons = |said: [&str; 3]| {
        said.map(|it| all.iter().find(|(label, _)| label.starts_with(it)).expect(it).1)
    };
    let left = buttons(["Duplicate", "Drop", "Lose its answer"]);
    let right = buttons(["Delay", "Swap with", "To dead letters"]);
    for column in [left, right] {
        for it in &column {
            assert!((it.left() - column[0].left()).abs() < 0.5, "{column:?}");
            assert!((it.right() - column[0].right()).abs() < 0.5, "{column:?}");
        }
    }
}

#[test]
fn an_event_is_selected_by_a_click_and_told_of() {
    let mut window = payment();
    click_first_event(&mut window);
    let selection = shell(&window).app().selection;
    assert!(matches!(selection, Some(inflight::app::Selection::Event { .. })), "{selection:?}");
    window.get_by_label("Data");
    window.get_by_label("customer");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(shell(&window).app().selection, None);
}

#[test]
fn where_the_run_has_not_come_to_the_view_shows_what_it_knows() {
    let mut window = payment();
    let run = &shell(&window).app().run;
    let (begin, valid) = {
        let answer = run.answer.as_ref().unwrap();
        (answer.scene.at, answer.valid_until)
    };
    assert_eq!(run.shown_at(begin), begin);
    assert!(run.shown_at(Time::MAX) < valid);
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(20.0)));
    until(&mut window, |shell| shell.app().run.serves(shell.app().playback.at));
    let run = &shell(&window).app().run;
    assert_eq!(run.shown_at(Time::from_secs_f64(20.0)), Time::from_secs_f64(20.0));
    assert!(run.shown_at(Time::ZERO) > Time::from_secs_f64(19.0));
}

#[test]
fn futures_are_forked_switched_renamed_and_deleted() {
    let mut window = payment();
    tell(&mut window, Command::SeekTo(Time::from_secs_f64(5.0)));
    click(&mut window, "Fork here");
    // The timeline takes a picture or two to make room for the branches.
    window.run_steps(3);
    let branch = |window: &Window| shell(window).app().branch().name.clone();
    assert_eq!(branch(&window), "what-if 1");
    click(&mut window, "Branch main");
    assert_eq!(branch(&window), "main");
    press(&mut window, Modifiers::SHIFT, Key::B);
    assert_eq!(branch(&window), "what-if 1");
    window.get_by_role_and_label(Role::Button, "Branch what-if 1").click_secondary();
    window.run_steps(2);
    window.get_by_label("Rename…").click();
    window.run_steps(3);
    let field = window.get_by_role(Role::TextInput);
    field.type_text(" late");
    window.run_steps(2);
    window.key_press(Key::Enter);
    window.run_steps(3);
    assert_eq!(branch(&window), "what-if 1 late");
    window.get_by_role_and_label(Role::Button, "Branch what-if 1 late").click_secondary();
    window.run_steps(2);
    window.get_by_label("Delete").click();
    window.run_steps(2);
    assert_eq!(shell(&window).app().tree().branches().count(), 1);
    press(&mut window, Modifiers::COMMAND, Key::Z);
    assert_eq!(shell(&window).app().tree().branches().count(), 2);
}
