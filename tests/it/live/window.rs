//! The window over a live run: it is followed, scrubbed, acted on, gone on with as a simulation,
//! stopped and kept.

use std::sync::Arc;

use egui::{Key, Modifiers};

use inflight::app::{Command, Options};
use inflight::history::MAIN;
use inflight::live::{Phase, Where};
use inflight::model::{Act, FaultKind, ServiceId, Span, Time};
use inflight::sim::World;

use crate::panels::{Window, open, payment, press, shell, tell, until};

fn crash() -> Act {
    let kind = FaultKind::Crash { service: ServiceId(1), instance: None };
    Act::Break { kind, lasts: Some(Span::from_millis(200)) }
}

fn head(window: &Window) -> Time {
    shell(window).app().run.progress.head
}

#[test]
fn a_live_run_is_followed_scrubbed_acted_on_and_kept() {
    let mut window = payment();
    let simulated = shell(&window).app().run.progress.digest.clone();
    press(&mut window, Modifiers::SHIFT, Key::R);
    until(&mut window, |shell| shell.app().run.progress.head > Time::from_secs_f64(1.2));
    let app = shell(&window).app();
    assert!(app.live().unwrap().is_embedded());
    assert!(app.run.progress.head.since(app.playback.at) < Span::SECOND, "it is followed");
    assert!(app.run.end().is_none(), "nobody knows when it ends");

    // What is done now is really done, and is the live run's.
    tell(&mut window, Command::Act(crash()));
    until(&mut window, |shell| !shell.app().branch().own.is_empty());
    let app = shell(&window).app();
    assert_eq!((app.branch().id, app.tree().branches().count()), (MAIN, 1));
    let acted = app.branch().own[0].intervention.at;
    until(&mut window, move |shell| shell.app().run.progress.head > acted + Span::from_millis(400));

    // What is saved while it goes on has it as far as it has come.
    assert_eq!(shell(&window).app().session().live, None);
    let folder = tempfile::tempdir().unwrap();
    let early = folder.path().join("early.inflight");
    tell(&mut window, Command::SaveSessionTo { path: early, over: false });
    assert_eq!(shell(&window).app().session().live.unwrap().script.len(), 1);
    assert!(shell(&window).app().live().unwrap().is_going_on());

    // It goes on while an earlier instant is looked at.
    let half = Time::from_secs_f64(0.5);
    tell(&mut window, Command::Pause);
    tell(&mut window, Command::SeekTo(half));
    until(&mut window, move |shell| shell.app().run.serves(half));
    let before = head(&window);
    until(&mut window, move |shell| shell.app().run.progress.head > before);
    assert_eq!(shell(&window).app().playback.at, half);

    // What is done there is a simulated future, which has an end.
    tell(&mut window, Command::Act(crash()));
    assert_eq!(shell(&window).app().tree().branches().count(), 2);
    until(&mut window, |shell| shell.app().run.progress.done);
    assert!(shell(&window).app().live().unwrap().is_going_on());
    let what_if = shell(&window).app().branch().id;
    let of_what_if = shell(&window).app().run.progress.digest.clone();

    // What was really done stays.
    tell(&mut window, Command::SwitchBranch(MAIN));
    tell(&mut window, Command::RemoveStep { branch: MAIN, place: 0 });
    // What is undone is the what-if.
    tell(&mut window, Command::Undo);
    assert_eq!(shell(&window).app().branch().own.len(), 1);
    assert_eq!(shell(&window).app().tree().branches().count(), 1);
    tell(&mut window, Command::Redo);
    tell(&mut window, Command::SwitchBranch(MAIN));

    // Stopped, it is a run like any other: taken in once more it is the same.
    tell(&mut window, Command::StopLive);
    tell(&mut window, Command::StopLive);
    until(&mut window, |shell| {
        shell.app().live().unwrap().status.phase == Phase::Over && shell.app().run.progress.done
    });
    let app = shell(&window).app();
    let live = app.live().unwrap().so_far();
    let (model, seed) = (Arc::clone(&app.run.base), app.run.seed);
    let mut again = World::live(model, seed, live.trace.source());
    again.retrace(&live.trace, &live.script, &mut ());
    assert_eq!(app.run.progress.digest, Some(again.digest().to_string()));
    assert_eq!(app.run.progress.records, again.record_count());

    // It can be saved, and is there again.
    let digest = app.run.progress.digest.clone();
    let path = folder.path().join("live.inflight");
    tell(&mut window, Command::SaveSessionTo { path: path.clone(), over: false });
    let file = path.clone();
    until(&mut window, move |shell| shell.app().desk.file.as_ref() == Some(&file));
    let mut again = open(Options { file: Some(path), ..Options::default() });
    until(&mut again, |shell| shell.app().run.progress.done);
    let app = shell(&again).app();
    assert!(app.live().is_some_and(|it| !it.is_going_on()), "it is the recording that is shown");
    assert_eq!((app.branch().own.len(), app.branch().own[0].intervention.at), (1, acted));
    assert_eq!(app.run.progress.digest, digest);
    // Its what-if is, too, and is what it was.
    assert!(!shell(&again).app().desk.is_unsaved);
    tell(&mut again, Command::SwitchBranch(what_if));
    until(&mut again, move |shell| {
        let progress = &shell.app().run.progress;
        progress.done && progress.digest == of_what_if
    });
    tell(&mut again, Command::SwitchBranch(MAIN));
    tell(&mut again, Command::Simulate);
    until(&mut again, |shell| shell.app().run.progress.done);
    assert_eq!(shell(&again).app().run.progress.digest, simulated);
    assert_eq!(shell(&again).app().tree().branches().count(), 1);
    tell(&mut again, Command::ShowRecording);
    until(&mut again, |shell| shell.app().run.progress.done);
    assert_eq!(shell(&again).app().run.progress.digest, digest);
    assert_eq!(shell(&again).app().tree().branches().count(), 2);

    tell(&mut window, Command::Simulate);
    assert!(shell(&window).app().live().is_none());
    until(&mut window, |shell| shell.app().run.progress.done);
    assert_eq!(shell(&window).app().run.progress.digest, simulated);
}

#[test]
fn a_live_run_that_cannot_begin_says_why_and_takes_nothing_away() {
    let mut window = payment();
    let digest = shell(&window).app().run.progress.digest.clone();
    // Nobody listens at the port of a listener that is gone.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    tell(&mut window, Command::GoLive(Where::Nats(format!("nats://127.0.0.1:{port}"))));
    until(&mut window, |shell| shell.app().live().is_none());
    let said = &shell(&window).app().toasts;
    assert!(said.iter().any(|it| it.is_bad && it.text.contains("nats-server")), "{said:?}");
    until(&mut window, |shell| shell.app().run.progress.done);
    assert_eq!(shell(&window).app().run.progress.digest, digest);
}

#[test]
fn a_live_run_that_is_let_go_is_recorded() {
    let mut window = payment();
    tell(&mut window, Command::GoLive(Where::Embedded));
    until(&mut window, |shell| shell.app().run.progress.head > Time::from_secs_f64(0.8));
    assert!(!shell(&window).app().has_recording());
    tell(&mut window, Command::SelectVariant("call".into()));
    assert!(shell(&window).app().live().is_none() && shell(&window).app().has_recording());
    tell(&mut window, Command::ShowRecording);
    until(&mut window, |shell| shell.app().run.progress.done);
    let app = shell(&window).app();
    let recorded = app.session().live.unwrap();
    assert_eq!((recorded.variant.as_str(), app.shown().name.as_str()), ("notify", "notify"));
    assert_eq!(app.run.progress.digest, Some(recorded.end.digest.to_string()));
}
