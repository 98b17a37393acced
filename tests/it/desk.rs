//! Sessions in the window: what is made is never lost, and nothing is overwritten unasked.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use inflight::app::{App, Command, Notice, Options, Overlay, Settings};
use inflight::gui::Shell;
use inflight::history::MAIN;
use inflight::model::{Act, FaultKind, ServiceId, Span, Time};
use inflight::session;

type Window = Harness<'static, Option<Shell>>;

const PATIENCE: usize = 20_000;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("inflight-desk-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn kept(&self) -> PathBuf {
        self.0.join("kept")
    }

    fn options(&self, file: Option<PathBuf>) -> Options {
        Options { file, keep_in: Some(self.kept()), ..Options::default() }
    }

    /// The sessions that are kept.
    fn kept_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.kept()).into_iter().flatten().flatten();
        let files = entries.map(|it| it.path());
        files.filter(|it| it.extension().is_some_and(|it| it == session::ENDING)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(options: Options) -> Window {
    let mut window =
        Harness::builder().with_size(Vec2::new(1280.0, 720.0)).with_step_dt(0.1).build_ui_state(
            move |ui, shell: &mut Option<Shell>| {
                let new = || Shell::new(ui.ctx(), Settings::default(), options.clone(), None);
                shell.get_or_insert_with(new).ui(ui);
            },
            None,
        );
    tell(&mut window, Command::Pause);
    settle(&mut window);
    window
}

fn app(window: &Window) -> &App {
    window.state().as_ref().expect("the first picture is drawn").app()
}

fn tell(window: &mut Window, command: Command) {
    window.state_mut().as_mut().expect("the first picture is drawn").update(command);
    window.run_steps(2);
}

fn until(window: &mut Window, holds: impl Fn(&App) -> bool) {
    for _ in 0..PATIENCE {
        if holds(app(window)) {
            return;
        }
        window.step();
    }
    panic!("it never came to be: {:?}", app(window).toasts);
}

/// Until every branch that is shown is simulated to its end.
fn settle(window: &mut Window) {
    until(window, |app| {
        let scripts = app.tree().branches().map(|it| app.tree().script(it.id));
        let mut scripts = scripts.collect::<Vec<_>>().into_iter();
        scripts.all(|it| app.run.progress_of(&it).0.done) && app.run.serves(app.playback.at)
    });
}

fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(2);
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(2);
}

fn slow(app: &App, factor: f64) -> Command {
    let service = app.model().services.iter().position(|it| it.workload.is_none()).unwrap();
    let kind = FaultKind::Slow { service: ServiceId::from_index(service), factor };
    Command::Act(Act::Break { kind, lasts: Some(Span::SECOND) })
}

/// Something is done at an instant.
fn make(window: &mut Window, seconds: f64, factor: f64) {
    tell(window, Command::SeekTo(Time::from_secs_f64(seconds)));
    settle(window);
    let command = slow(app(window), factor);
    tell(window, command);
    settle(window);
}

fn save_as(window: &mut Window, path: &Path) {
    let command = Command::SaveSessionTo { path: path.to_owned(), over: false };
    tell(window, command);
    until(window, |app| app.desk.file.as_deref() == Some(path) && !app.desk.is_unsaved);
}

/// The program ends without a word.
fn crash(mut window: Window) {
    // Everything is written when the keeper is dropped; nobody said that it was closed.
    drop(window.state_mut().take());
}

fn leave(mut window: Window) {
    window.state_mut().as_mut().unwrap().leave();
}

#[test]
fn it_is_saved_by_a_key_and_a_name_and_opened_as_it_was() {
    let folder = Folder::new("saved");
    let mut window = open(folder.options(None));
    assert_eq!(app(&window).title(), "Payment: notify, call, poll – inflight");
    make(&mut window, 5.0, 2.0);
    assert!(app(&window).title().starts_with("• "));
    press(&mut window, Modifiers::COMMAND, Key::S);
    assert_eq!(app(&window).overlay, Some(Overlay::AskForSession));
    window.run_steps(3);
    let path = folder.0.join("mine.inflight");
    let field = window.get_by_role(Role::TextInput);
    field.focus();
    window.run_steps(1);
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.run_steps(1);
    window.get_by_role(Role::TextInput).type_text(folder.0.join("mine").to_str().unwrap());
    window.run_steps(2);
    click(&mut window, "Save");
    until(&mut window, |app| app.desk.file.is_some());
    assert_eq!(app(&window).title(), "mine.inflight – Payment: notify, call, poll – inflight");
    // What is saved need not be kept.
    until(&mut window, |_| folder.kept_files().is_empty());
    let saved = app(&window).session();

    let mut again = open(folder.options(Some(path.clone())));
    let opened = app(&again).session();
    assert_eq!(opened.futures, saved.futures);
    assert_eq!(opened.view, saved.view);
    assert_eq!(again.state().as_ref().unwrap().app().playback.at, app(&window).playback.at);
    assert!(app(&again).desk.notices.is_empty(), "the run goes as it did");
    make(&mut again, 8.0, 4.0);
    assert_eq!(app(&again).title(), "• mine.inflight – Payment: notify, call, poll – inflight");
    press(&mut again, Modifiers::COMMAND, Key::Z);
    assert_eq!(app(&again).title(), "mine.inflight – Payment: notify, call, poll – inflight");
}

#[test]
fn after_a_crash_what_was_made_is_offered_and_restored() {
    let folder = Folder::new("crash");
    let mut window = open(folder.options(None));
    make(&mut window, 5.0, 2.0);
    let made = app(&window).session();
    crash(window);
    assert_eq!(folder.kept_files().len(), 1);

    let mut window = open(folder.options(None));
    window.get_by_label_contains("Inflight ended unexpectedly");
    assert_eq!(app(&window).tree().branches().count(), 1);
    // Another program that runs beside it is not offered the same, and takes nothing from it.
    let beside = open(folder.options(None));
    assert!(app(&beside).desk.left.is_empty());
    crash(beside);
    click(&mut window, "Restore");
    settle(&mut window);
    assert_eq!(app(&window).session().futures, made.futures);
    assert!(app(&window).desk.is_unsaved && app(&window).desk.left.is_empty());
    leave(window);

    // Not saved yet: it is offered again, until somebody does not want it.
    let mut window = open(folder.options(None));
    window.get_by_label_contains("was not saved when Inflight was closed");
    click(&mut window, "Discard");
    until(&mut window, |_| folder.kept_files().is_empty());
    leave(window);
    assert!(app(&open(folder.options(None))).desk.left.is_empty());
}

#[test]
fn to_open_something_else_loses_nothing() {
    let folder = Folder::new("aside");
    let mut window = open(folder.options(None));
    make(&mut window, 5.0, 2.0);
    let made = app(&window).session();
    tell(&mut window, Command::OpenLibrary("queueing/mm1".into()));
    tell(&mut window, Command::Pause);
    assert!(!app(&window).desk.is_unsaved);
    window.get_by_label_contains("What you made of “Payment: notify, call, poll” is not saved");
    settle(&mut window);
    make(&mut window, 3.0, 3.0);
    // What is open now is kept in its place.
    click(&mut window, "Restore");
    settle(&mut window);
    assert_eq!(app(&window).session().futures, made.futures);
    assert_eq!(app(&window).desk.left.len(), 1);
    crash(window);
    assert_eq!(folder.kept_files().len(), 2);
}

#[test]
fn that_a_session_could_not_be_saved_is_said_until_it_is_saved_elsewhere() {
    let folder = Folder::new("elsewhere");
    let mut window = open(folder.options(None));
    make(&mut window, 5.0, 2.0);
    let nowhere = folder.0.join("no such folder").join("mine.inflight");
    tell(&mut window, Command::SaveSessionTo { path: nowhere, over: false });
    until(&mut window, |app| !app.desk.notices.is_empty());
    window.run_steps(2);
    window.get_by_label_contains("cannot be saved: there is no folder");
    assert!(window.query_by_label("Overwrite").is_none(), "there is nothing to be overwritten");
    window.get_by_label("Save elsewhere…");
    save_as(&mut window, &folder.0.join("mine.inflight"));
    until(&mut window, |app| !app.desk.is_unsaved);
    assert!(app(&window).desk.notices.is_empty());
}

#[test]
fn a_file_that_is_not_what_it_was_is_not_overwritten_unasked() {
    let folder = Folder::new("changed");
    let path = folder.0.join("mine.inflight");
    let mut window = open(folder.options(None));
    make(&mut window, 5.0, 2.0);
    save_as(&mut window, &path);
    make(&mut window, 7.0, 2.0);
    // Somebody else's, and what is none at all.
    for other in [std::fs::read_to_string(&path).unwrap() + "\n// mine\n", "my diary".into()] {
        std::fs::write(&path, &other).unwrap();
        tell(&mut window, Command::SaveSession);
        until(&mut window, |app| {
            app.desk.notices.iter().any(|it| matches!(it, Notice::NotSaved { .. }))
        });
        window.run_steps(2);
        window.get_by_label_contains("Nothing is saved");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
        assert!(app(&window).desk.is_unsaved);
    }
    click(&mut window, "Overwrite");
    until(&mut window, |app| !app.desk.is_unsaved);
    assert!(app(&window).desk.notices.is_empty());
    let text = std::fs::read_to_string(&path).unwrap();
    let session = session::read(&text, "mine").unwrap();
    assert_eq!(session.futures, app(&window).session().futures);
}

#[test]
fn a_broken_file_is_shown_with_its_mistakes_and_stays_as_it_is() {
    let folder = Folder::new("broken");
    let path = folder.0.join("mine.inflight");
    let mut window = open(folder.options(None));
    make(&mut window, 5.0, 2.0);
    save_as(&mut window, &path);
    let text = std::fs::read_to_string(&path).unwrap();
    let cut = &text[..text.len() / 2];
    let other = folder.0.join("cut.inflight");
    std::fs::write(&other, cut).unwrap();
    let before = app(&window).session().futures;
    tell(&mut window, Command::OpenFile(other.clone()));
    window.get_by_label_contains("cut.inflight has");
    assert_eq!(app(&window).session().futures, before);
    tell(&mut window, Command::SaveSession);
    tell(&mut window, Command::Dismiss);
    window.run_steps(5);
    assert_eq!(std::fs::read_to_string(&other).unwrap(), cut);
    assert_eq!(app(&window).desk.file.as_deref(), Some(path.as_path()));
}

#[test]
fn a_run_that_goes_another_way_than_the_file_says_is_told_of_where_it_parts() {
    let folder = Folder::new("parted");
    let path = folder.0.join("mine.inflight");
    let mut window = open(folder.options(None));
    make(&mut window, 5.0, 2.0);
    save_as(&mut window, &path);
    let session = app(&window).session();
    let futures = &session.futures[&session.variant];
    assert_eq!(futures.ran.len(), 2);
    let ladder = &futures.ran[&futures.shown].ladder;
    let place = ladder.rungs.len() / 2;
    let [after, by] = [place - 1, place].map(|it| ladder.rungs[it].at);
    // Another version of the program had another digest there.
    let digest = ladder.rungs[place].digest.to_string();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(&digest).count(), 1);
    let text = text.replace(&digest, "0000000000000000");
    let text = text.replace(&format!("program: \"{}\"", session::PROGRAM), "program: \"0.0.7\"");
    let other = folder.0.join("older.inflight");
    std::fs::write(&other, &text).unwrap();

    let mut window = open(folder.options(Some(other.clone())));
    until(&mut window, |app| !app.desk.notices.is_empty());
    window.run_steps(2);
    window.get_by_label_contains(&format!("the two part between {after} and {by}"));
    window.get_by_label_contains("written by inflight 0.0.7");
    assert_eq!(app(&window).desk.notices.len(), 1, "the other branch goes as it did");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), text);
    click(&mut window, "Close notice");
    assert!(app(&window).desk.notices.is_empty());

    // It is said of this session, and not of what is opened after it.
    for next in [Command::OpenFile(path), Command::OpenLibrary("queueing/mm1".into())] {
        tell(&mut window, Command::OpenFile(other.clone()));
        until(&mut window, |app| !app.desk.notices.is_empty());
        tell(&mut window, next);
        settle(&mut window);
        window.run_steps(5);
        assert_eq!(app(&window).desk.notices, []);
    }
}

#[test]
fn where_nothing_can_be_kept_that_is_said_once_and_what_to_do() {
    let folder = Folder::new("nowhere");
    // A file where the folder should be: nobody, not even root, writes into that.
    std::fs::write(folder.kept(), "no folder").unwrap();
    let mut window = open(folder.options(None));
    window.run_steps(2);
    window.get_by_label_contains("Save it elsewhere with Ctrl Shift S");
    click(&mut window, "Close notice");
    make(&mut window, 5.0, 2.0);
    make(&mut window, 6.0, 2.0);
    assert!(app(&window).desk.notices.is_empty(), "it is said once");
    let path = folder.0.join("mine.inflight");
    save_as(&mut window, &path);
    // And a folder that is not there is no place to save in.
    let nowhere = folder.0.join("no/such/folder/x.inflight");
    tell(&mut window, Command::SaveSessionTo { path: nowhere, over: false });
    until(&mut window, |app| !app.desk.notices.is_empty());
    window.run_steps(2);
    window.get_by_label_contains("Nothing there was changed");
    assert_eq!(app(&window).desk.file.as_deref(), Some(path.as_path()));
}

#[test]
fn what_was_made_follows_a_scenario_that_is_edited_by_names() {
    let folder = Folder::new("edited");
    let file = folder.0.join("mine.ron");
    let good = inflight::scenario::library::entries()[0].text;
    std::fs::write(&file, good).unwrap();
    let mut window = open(folder.options(Some(file.clone())));
    make(&mut window, 5.0, 2.0);
    let ledger = |app: &App| app.model().services.iter().position(|it| it.name == "ledger");
    let before = ledger(app(&window)).unwrap();
    let service = ServiceId::from_index(before);
    let kind = FaultKind::Slow { service, factor: 5.0 };
    tell(&mut window, Command::Act(Act::Break { kind, lasts: None }));
    let steps = app(&window).branch().own.len();

    // A service more, whose name comes before: all numbers shift.
    let more = good.replacen("    services: {", "    services: {\n        \"aaa\": Service(),", 1);
    assert_ne!(more, good);
    std::fs::write(&file, &more).unwrap();
    until(&mut window, |app| app.model().services.iter().any(|it| it.name == "aaa"));
    settle(&mut window);
    let after = ledger(app(&window)).unwrap();
    assert_ne!(before, after);
    let branch = app(&window).branch();
    assert_eq!(branch.own.len(), steps);
    let last = &branch.own.last().unwrap().intervention.act;
    let Act::Break { kind: FaultKind::Slow { service, .. }, .. } = last else { panic!("{last:?}") };
    assert_eq!(service.index(), after);
    tell(&mut window, Command::Undo);
    assert_eq!(app(&window).branch().own.len(), steps - 1);
    tell(&mut window, Command::Redo);
    let branch = app(&window).branch();
    assert!(branch.parent.is_some() && branch.id != MAIN && branch.own.len() == steps);

    // And one that is gone takes what was done to it with it, which is said.
    std::fs::write(&file, more.replace("\"ledger\"", "\"book\"")).unwrap();
    until(&mut window, |app| ledger(app).is_none() || app.broken.is_some());
    assert!(app(&window).broken.is_none(), "{}", app(&window).broken.as_ref().unwrap().text);
    assert_eq!(app(&window).branch().own.len(), steps - 1);
    assert!(app(&window).toasts.iter().any(|it| it.text.contains("ledger")));
}
