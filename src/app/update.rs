//! What each command does. Nothing else changes the state.

use std::path::Path;
use std::sync::Arc;

use crate::model::Time;
use crate::scenario::Scenario;

use super::carry::carry_over;
use super::command::{Camera, Command, Selection};
use super::jump::Landmark;
use super::lanes::Lanes;
use super::live::Living;
use super::made::{Held, Made};
use super::open::{Broken, Failure, Opened, Source, open};
use super::playback::{Direction, Playback, Road};
use super::run::Run;
use super::sessions::is_session;
use super::settings::{Look, Settings};
use super::state::{App, Overlay, Toast, first_window};
use super::watch::Watch;

impl App {
    /// Does what was asked.
    pub fn update(&mut self, command: Command) {
        let is_tick = matches!(command, Command::Tick(_));
        if !self.is_there(&command) {
            return;
        }
        match command {
            Command::SaveSession
            | Command::SaveSessionAs
            | Command::SaveSessionTo { .. }
            | Command::Restore
            | Command::Discard
            | Command::CloseNotice => self.do_session(command),
            command => self.perform(command),
        }
        if !is_tick {
            self.keep_work();
        }
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::OpenLibrary(name) => self.open(Source::Library(name)),
            Command::OpenFile(path) if is_session(&path) => self.open_session(&path),
            Command::OpenFile(path) => self.open(Source::File(path)),
            Command::AskForFile => self.overlay = Some(Overlay::AskForFile),
            Command::Reload => self.reload(),
            Command::SelectVariant(name) => self.select_variant(&name),
            Command::SetSeed(seed) => {
                self.seed = Some(seed);
                self.restart();
            }
            Command::LookAt(window) => self.window = window.inside(self.whole()),
            Command::WidenWindow => self.scale_window(2.0),
            Command::NarrowWindow => self.scale_window(0.5),
            Command::Select(selection) => self.select(Some(selection)),
            Command::ClearSelection => self.select(None),
            Command::Mark(command) => {
                let (at, window, end) = (self.playback.at, self.window, self.run.end());
                let (name, held) = (command.name().to_owned(), command.held());
                self.edit(name, held, |made| made.marks.update(command, at, window, end));
            }
            Command::GoTo(landmark, direction) => self.go_to(landmark, direction),
            Command::ToggleSlowing => self.settings.slows = !self.settings.slows,
            Command::TogglePalette => self.toggle_palette(),
            Command::Palette(command) => self.update_palette(command),
            Command::ToggleLanes => self.settings.lanes = !self.settings.lanes,
            Command::SetLanesHeight(height) => {
                self.settings.lanes_height = Lanes::bounded_height(height);
            }
            Command::MoveLane { node, to } => self.move_lane(node, to),
            Command::HideLane(node) => self.hide_lane(node),
            Command::ShowAllLanes => self.show_all_lanes(),
            Command::ResetLanes => self.reset_lanes(),
            Command::Fit => self.fit(),
            Command::ZoomIn => self.zoom(1.25),
            Command::ZoomOut => self.zoom(0.8),
            Command::SetCamera(camera) => self.camera = camera.bounded(),
            Command::MoveNode { node, to } => {
                let name = format!("move of {}", self.model().node_name(node));
                self.edit(name, Some(Held::Node(node)), |made| {
                    made.places.insert(node, to);
                });
            }
            Command::LetGo => self.let_go(),
            Command::ResetLayout => {
                self.edit("reset of the layout".into(), None, |made| made.places.clear());
                self.fit();
            }
            Command::Undo => self.undo(),
            Command::Redo => self.redo(),
            Command::SetLook(look) => self.settings.look = look,
            // Which of the two is on the screen when the desktop decides only `gui` knows; it
            // sends `SetLook`. Without a screen, the first toggle is to light.
            Command::ToggleLook => {
                let light = self.settings.look == Look::Light;
                self.settings.look = if light { Look::Dark } else { Look::Light };
            }
            Command::LargerText => self.settings.scale_by(1.1),
            Command::SmallerText => self.settings.scale_by(1.0 / 1.1),
            Command::NormalText => self.settings.scale = 1.0,
            Command::ToggleInspector => self.settings.inspector = !self.settings.inspector,
            Command::SetInspectorWidth(width) if width.is_finite() => {
                self.settings.inspector_width = width;
            }
            Command::SetInspectorWidth(_) => {}
            Command::ShowView(view) => self.show_view(view),
            Command::ShowSequenceOf(subject) => self.subject = subject,
            Command::ToggleAcks => self.settings.brief_sequence = !self.settings.brief_sequence,
            Command::AskWhereToSave => self.overlay = Some(Overlay::AskWhereToSave),
            Command::ChartOver(reach) => self.metrics.reach = reach,
            Command::DistributionOver(extent) => self.metrics.extent = extent,
            Command::Compare(command) => self.compare_columns(command),
            Command::AskForOther => self.overlay = Some(Overlay::AskForOther),
            Command::AskWhereToExport(what) => {
                self.overlay = Some(Overlay::AskWhereToExport(what));
            }
            Command::ToggleExpectations => {
                self.settings.expectations = !self.settings.expectations;
            }
            Command::Say { text, is_bad } => self.say(text, is_bad),
            // What is to be copied or saved only `gui` knows; it tells how that went.
            Command::CopySequence | Command::CopyComparison => {}
            Command::SaveSequence(_) | Command::SaveExport(..) => self.overlay = None,
            Command::ToggleHelp => self.toggle_help(),
            Command::Dismiss => {
                let open = self.desk.file.as_deref().or_else(|| self.source.file());
                let of_another = |broken: &mut Broken| open != Some(&broken.path);
                if self.overlay.take().is_none()
                    && self.jumping.take().is_none()
                    && self.broken.take_if(of_another).is_none()
                {
                    match self.selection {
                        Some(_) => self.select(None),
                        None => self.made.marks.is_looping = false,
                    }
                }
            }
            Command::Quit => self.quit = true,
            Command::Tick(seconds) => self.tick(seconds),
            other => self.update_what_if(other),
        }
    }

    fn select(&mut self, selection: Option<Selection>) {
        self.selection = selection;
        self.jumping.take_if(|it| it.to == Landmark::Selection);
    }

    fn toggle_help(&mut self) {
        let is_open = self.overlay == Some(Overlay::Help);
        self.overlay = (!is_open).then_some(Overlay::Help);
    }

    /// Has everything seen, wherever it stands now.
    fn fit(&mut self) {
        self.camera = Camera::FIT;
        self.fits += 1;
    }

    /// The commands that concern the futures of the run.
    fn update_what_if(&mut self, command: Command) {
        match command {
            Command::Fork => self.fork(),
            Command::SwitchBranch(id) => self.switch_branch(id),
            Command::NextBranch => self.switch_by(1),
            Command::PreviousBranch => self.switch_by(-1),
            Command::RenameBranch { id, name } => self.rename_branch(id, &name),
            Command::DeleteBranch(id) => self.delete_branch(id),
            Command::Act(act) => self.act(act),
            Command::ActBefore { at, act } => self.act_before(at, act),
            Command::Tune(act) => self.tune(act),
            Command::ShowAt { at, selection } => self.show_at(at, selection),
            Command::FoldSection { name, is_open } => {
                self.settings.folds.insert(name, is_open);
            }
            Command::Do(deed) => self.do_to_selection(deed),
            Command::SetStep { branch, place, step } => self.set_step(branch, place, step),
            Command::RemoveStep { branch, place } => self.remove_step(branch, place),
            Command::AddStep(intervention) => self.add_step(intervention),
            Command::AlterFault { fault, to } => self.alter_fault(fault, Some(to)),
            Command::OmitFault(fault) => self.alter_fault(fault, None),
            Command::KeepFault(fault) => self.keep_fault(fault),
            Command::ChooseFault(chosen) => self.chosen_fault = chosen,
            Command::RandomFaults(wish) => self.random_faults(&wish),
            Command::ToggleFaults => self.settings.faults = !self.settings.faults,
            Command::SetFaultsWidth(width) if width.is_finite() => {
                self.settings.faults_width = width;
            }
            Command::SetFaultsWidth(_) => {}
            Command::AskForRandomFaults => self.overlay = Some(Overlay::RandomFaults),
            Command::FirstDifference(with) => self.first_difference(with),
            Command::FirstDifferenceFromParent => self.first_difference_from_parent(),
            Command::CloseDifference => self.comparison = None,
            Command::SetBudget(mebibytes) => {
                self.settings.budget = Settings::bounded(mebibytes, &Settings::BUDGETS);
                self.run.set_budget(self.settings.room());
            }
            Command::SetDisk(mebibytes) => {
                self.settings.disk = Settings::bounded(mebibytes, &Settings::DISKS);
                self.run.set_budget(self.settings.room());
            }
            Command::GoLive(place) => self.go_live(place),
            Command::FollowLive => self.follow_now(),
            Command::StopLive => self.stop_live(),
            Command::ShowRecording => self.show_recording(),
            Command::Simulate => {
                if self.live.is_some() {
                    self.restart();
                }
            }
            playback => self.move_playhead(&playback),
        }
    }

    /// The commands that concern the playhead alone.
    fn move_playhead(&mut self, command: &Command) {
        match command {
            Command::GoToEnd if self.live.as_ref().is_some_and(Living::is_going_on) => {
                return self.follow_now();
            }
            // Whoever only plays on, or looks more closely, stays with what happens now.
            Command::Play | Command::NormalSpeed => {}
            _ => self.leave_live_edge(),
        }
        let (end, head, at) = (self.run.end(), self.run.progress.head, self.playback.at);
        let looped = self.made.marks.looped(end);
        let playback = &mut self.playback;
        if matches!(command, Command::Play | Command::PlayBackwards | Command::TogglePlay) {
            self.jumping = None;
        }
        match *command {
            Command::Play => playback.play(Direction::Forward, end, looped),
            Command::PlayBackwards => playback.play(Direction::Backward, end, looped),
            Command::TogglePlay if !playback.playing => playback.resume(end, looped),
            Command::TogglePlay | Command::Pause => playback.playing = false,
            Command::StepForward => self.step(1),
            Command::StepBack => self.step(-1),
            Command::FrameForward => self.jump_to(at + self.playback.frame()),
            Command::FrameBack => self.jump_to(at.back(self.playback.frame())),
            Command::JumpForward(span) => self.seek(at + span),
            Command::JumpBack(span) => self.seek(at.back(span)),
            Command::SeekTo(to) => self.seek(to),
            Command::GoToStart => self.seek(Time::ZERO),
            Command::GoToEnd => self.seek(end.unwrap_or(head)),
            Command::SetSpeed(speed) => playback.speed = Playback::bounded_speed(speed),
            Command::Faster => playback.speed = playback.next_speed(Direction::Forward),
            Command::Slower => playback.speed = playback.next_speed(Direction::Backward),
            Command::NormalSpeed => playback.speed = 1.0,
            _ => unreachable!("`update` handles every other command itself"),
        }
    }

    /// Takes what the worker has said of the run that is shown. Where that ends before the playhead,
    /// as a live run may of which nobody knew where it would, the playhead goes to its end.
    pub(super) fn follow_run(&mut self) {
        self.run.follow(self.playback.at);
        if let Some(end) = self.run.end().filter(|end| *end < self.playback.at) {
            self.playback.at = end;
            self.run.follow(end);
        }
    }

    /// Goes to an instant of the run.
    pub(super) fn seek(&mut self, to: Time) {
        self.leave_live_edge();
        self.jumping = None;
        self.steps = 0;
        self.playback.at = to.min(Time::ZERO + self.whole());
        self.window = self.window.following(self.playback.at, self.whole());
        self.follow_run();
    }

    /// Goes to an instant, and stands still there.
    pub(super) fn jump_to(&mut self, to: Time) {
        self.playback.playing = false;
        self.seek(to);
    }

    /// Steps are taken when the scene at the playhead is known, so that many quick ones are
    /// none too few.
    fn step(&mut self, by: i32) {
        self.playback.playing = false;
        self.steps = if self.steps.signum() == -by { by } else { self.steps + by };
        self.take_steps();
    }

    fn take_steps(&mut self) {
        while self.steps != 0 {
            let direction = if self.steps > 0 { Direction::Forward } else { Direction::Backward };
            if !self.run.serves(self.playback.at) {
                return;
            }
            let left = self.steps - self.steps.signum();
            let Some(to) = self.run.neighbour(self.playback.at, direction) else {
                self.steps = 0;
                return;
            };
            self.seek(to);
            self.steps = left;
        }
    }

    fn tick(&mut self, seconds: f64) {
        self.see_to_desk();
        self.hear_of_live();
        // While a session is written it is no news that its file changes.
        if !self.is_saving() && self.watch.as_ref().is_some_and(Watch::changed) {
            self.file_changed();
        }
        let end = self.run.end();
        let (was_playing, before) = (self.playback.playing, self.playback.at);
        let looped = self.made.marks.looped(end);
        let slows_for = self.settings.slows.then_some(&self.run.overview.marks);
        let road = Road { head: self.run.progress.head, end, looped, slows_for };
        self.playback.advance(seconds, &road);
        self.stay_with_live();
        let after = self.playback.at;
        self.take_jump(seconds);
        self.take_hits();
        self.follow_run();
        self.take_steps();
        self.inquire();
        self.follow_comparison();
        self.follow_columns();
        self.follow_expectations();
        if was_playing {
            self.window = self.window.following(self.playback.at, self.whole());
        }
        self.follow_lanes();
        self.look_after(before, after, was_playing);
        self.toasts.retain_mut(|toast| {
            toast.seconds -= seconds;
            toast.seconds > 0.0
        });
    }

    fn undo(&mut self) {
        if let Some(name) = self.undo.undo(&mut self.made) {
            self.take_back(&format!("Undone: {name}"));
        }
    }

    fn redo(&mut self) {
        if let Some(name) = self.undo.redo(&mut self.made) {
            self.take_back(&format!("Done again: {name}"));
        }
    }

    /// What was made is something else now.
    fn take_back(&mut self, said: &str) {
        self.offer_no_undo();
        if self.made.variant != self.shown().name {
            let variants = &self.scenario.variants;
            let of_made = variants.iter().position(|it| it.name == self.made.variant);
            self.variant = of_made.unwrap_or(self.variant);
            self.restart();
        }
        self.show_made();
        self.say(said.to_owned(), false);
    }

    fn zoom(&mut self, factor: f32) {
        self.camera = Camera { zoom: self.camera.zoom * factor, ..self.camera }.bounded();
    }

    fn scale_window(&mut self, factor: f64) {
        self.window = self.window.scaled(factor, self.playback.at, self.whole());
    }

    /// Says something for a while.
    pub(super) fn say(&mut self, text: String, is_bad: bool) {
        self.toasts.retain(|toast| toast.text != text);
        let seconds = if is_bad { 8.0 } else { 4.0 };
        self.toasts.push(Toast { text, is_bad, seconds, offer: None });
    }

    fn open(&mut self, source: Source) {
        self.overlay = None;
        match open(&source) {
            Ok(opened) => {
                self.keep_places();
                self.put_aside();
                self.watch_file(&source);
                if let Some(path) = source.file() {
                    self.settings.remember_file(path);
                }
                self.source = source;
                self.broken = None;
                self.text = opened.text;
                self.scenario = opened.scenario;
                self.forget_columns();
                self.variant = 0;
                self.made = Made { variant: self.shown().name.clone(), ..Made::default() };
                self.undo = super::Undo::default();
                self.seed = None;
                self.playback.at = Time::ZERO;
                self.camera = Camera::FIT;
                self.restart();
                self.window = first_window(self.model());
                self.made.places = self.places_from_settings();
                self.is_saved_now();
                self.playback.play(Direction::Forward, self.run.end(), None);
            }
            Err(Failure::Sentence(text)) => self.say(text, true),
            Err(Failure::Broken(broken)) => {
                self.watch_file(&source);
                self.broken = Some(broken);
            }
        }
    }

    /// Reads the file that is open, or that could not be opened, again. What is good replaces
    /// the run and keeps the playhead; what is not leaves the run as it is.
    fn reload(&mut self) {
        let session = match &self.broken {
            Some(broken) => is_session(&broken.path).then(|| broken.path.clone()),
            None => self.desk.file.clone(),
        };
        if let Some(path) = session {
            return self.open_session(&path);
        }
        let source = match &self.broken {
            Some(broken) => Source::File(broken.path.clone()),
            None => self.source.clone(),
        };
        if source != self.source {
            return self.open(source);
        }
        match open(&source) {
            Ok(Opened { scenario, text }) => {
                let mended = self.broken.take().is_some();
                if text == self.text && !mended {
                    return;
                }
                let name = self.shown().name.clone();
                // What was live is of the scenario as it was: it is put aside with it.
                let changes = |name: &str| {
                    let model = |of: &Scenario| {
                        let found = of.variants.iter().find(|variant| variant.name == name);
                        found.map(|variant| Arc::clone(&variant.model))
                    };
                    model(&scenario) != model(&self.scenario)
                };
                let recorded = self.desk.live.as_ref().is_some_and(|it| changes(&it.variant));
                if recorded || self.live.is_some() && changes(&name) {
                    self.put_aside();
                }
                self.text = text;
                let before = std::mem::replace(&mut self.scenario, scenario);
                let variants = &self.scenario.variants;
                self.variant = variants.iter().position(|it| it.name == name).unwrap_or(0);
                let lost = self.carry_over(&before);
                if *self.shown().model != *self.run.base {
                    self.desk.run_of = None;
                    self.restart();
                } else {
                    self.show_made();
                }
                self.say(format!("{source} was read again."), false);
                if !lost.is_empty() {
                    let text = format!("Gone, since {source} has no such thing any more: {lost}.");
                    self.say(text, true);
                }
            }
            Err(Failure::Sentence(text)) => self.say(text, true),
            Err(Failure::Broken(broken)) => self.broken = Some(broken),
        }
    }

    /// The file that is watched was changed by somebody.
    fn file_changed(&mut self) {
        let is_session = self.broken.is_none() && self.desk.file.is_some();
        if is_session && !self.session_changed() {
            return;
        }
        if is_session && self.desk.is_unsaved {
            let text = "The session was changed on the disk by somebody else. Reload (Ctrl R) \
                        shows it; what you made is kept then.";
            return self.say(text.into(), true);
        }
        self.reload();
    }

    /// Carries what was made over from the scenario as it was; says what cannot be.
    fn carry_over(&mut self, before: &Scenario) -> String {
        let (made, lost) = carry_over(&self.made, before, &self.scenario);
        self.made = made;
        let scenario = &self.scenario;
        self.undo.change_all(|made| carry_over(made, before, scenario).0);
        const MOST: usize = 6;
        let more = lost.len().saturating_sub(MOST);
        let lost = lost[..lost.len().min(MOST)].join(", ");
        if more > 0 { format!("{lost} and {more} more") } else { lost }
    }

    fn watch_file(&mut self, source: &Source) {
        self.watch = None;
        if let Some(path) = source.file() {
            self.watch_path(path);
        }
    }

    pub(super) fn watch_path(&mut self, path: &Path) {
        self.watch = None;
        match Watch::new(path, Arc::clone(&self.wake)) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => {
                let text = format!("{} cannot be watched for changes: {error}.", path.display());
                self.say(text, true);
            }
        }
    }

    pub(super) fn keep_places(&mut self) {
        self.settings = self.settings_to_keep();
    }

    fn select_variant(&mut self, name: &str) {
        let found = self.scenario.variants.iter().position(|variant| variant.name == name);
        match found {
            Some(variant) if variant == self.variant => {}
            Some(variant) => {
                self.keep_places();
                self.keep_layout();
                self.variant = variant;
                self.made.variant = name.to_owned();
                self.restart();
                self.made.places = match self.desk.file {
                    Some(_) => self.places_of_session(),
                    None => self.places_from_settings(),
                };
            }
            None => self.say(format!("{} has no variant named {name}.", self.source), true),
        }
    }

    /// Runs the shown variant from its beginning; the playhead stays where it is.
    pub(super) fn restart(&mut self) {
        self.remember_ladders();
        self.record_so_far();
        self.stop_showing_live();
        let model = Arc::clone(&self.shown().model);
        let seed = self.seed.unwrap_or(model.seed);
        let run = Run::new(model, seed, Arc::clone(&self.wake));
        self.desk.run_of = Some(self.shown().name.clone());
        self.show_run(run);
        self.compare_ladders();
    }

    /// Another run is shown from now on; the playhead stays where it is, if that is in it.
    pub(super) fn show_run(&mut self, run: Run) {
        self.selection = None;
        self.jumping = None;
        self.chosen_fault = None;
        self.comparison = None;
        self.steps = 0;
        self.run = run;
        self.runs_shown += 1;
        self.run.set_budget(self.settings.room());
        self.show_made();
        if let Some(end) = self.run.end() {
            self.playback.at = self.playback.at.min(end);
        }
        self.window = self.window.inside(self.whole());
        self.window = self.window.following(self.playback.at, self.whole());
        self.follow_run();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Camera, Options};
    use crate::model::{Node, ServiceId, Span};

    /// The first scenario of the library, simulated to its end, standing still at its beginning.
    fn app() -> App {
        let mut app = App::new(Settings::default(), Options::default(), Arc::new(|| {}));
        app.update(Command::Pause);
        while !app.run.progress.done {
            app.update(Command::Tick(0.0));
            std::thread::yield_now();
        }
        app.update(Command::GoToStart);
        app
    }

    fn seconds(at: f64) -> Time {
        Time::from_secs_f64(at)
    }

    #[test]
    fn it_starts_by_playing() {
        let app = App::new(Settings::default(), Options::default(), Arc::new(|| {}));
        assert!(app.playback.playing);
    }

    #[test]
    fn time_passes_only_while_it_plays() {
        let mut app = app();
        app.update(Command::Tick(1.0));
        assert_eq!(app.playback.at, Time::ZERO);
        app.update(Command::TogglePlay);
        app.update(Command::SetSpeed(4.0));
        app.update(Command::Tick(0.5));
        assert_eq!(app.playback.at, seconds(2.0));
    }

    #[test]
    fn the_window_comes_along_with_the_playhead() {
        let mut app = app();
        app.update(Command::SeekTo(seconds(35.0)));
        assert!(app.window.contains(app.playback.at));
        app.update(Command::GoToEnd);
        assert!(app.window.contains(app.playback.at));
    }

    #[test]
    fn nobody_gets_past_either_end() {
        let mut app = app();
        app.update(Command::JumpBack(Span::SECOND));
        assert_eq!(app.playback.at, Time::ZERO);
        app.update(Command::SeekTo(Time::MAX));
        assert_eq!(Some(app.playback.at), app.run.end());
        app.update(Command::JumpForward(Span::SECOND));
        assert_eq!(Some(app.playback.at), app.run.end());
    }

    #[test]
    fn another_variant_or_seed_is_another_run_at_the_same_instant() {
        let mut app = app();
        app.update(Command::SeekTo(seconds(5.0)));
        let last = app.scenario.variants.last().map(|variant| variant.name.clone());
        app.update(Command::SelectVariant(last.clone().expect("there is one")));
        assert_eq!(Some(&app.shown().name), last.as_ref());
        app.update(Command::SetSeed(7));
        assert_eq!((app.run.seed, app.playback.at), (7, seconds(5.0)));
        assert_eq!(Some(&app.shown().name), last.as_ref());
    }

    #[test]
    fn what_cannot_be_opened_is_said_and_changes_nothing() {
        let mut app = app();
        let before = app.source.clone();
        app.update(Command::OpenFile("there/is/no/such/file.ron".into()));
        app.update(Command::OpenLibrary("nor such an entry".to_owned()));
        app.update(Command::SelectVariant("nor such a variant".to_owned()));
        assert_eq!(app.toasts.len(), 3);
        assert_eq!(app.source, before);
        app.update(Command::Tick(100.0));
        assert!(app.toasts.is_empty());
    }

    #[test]
    fn escape_closes_what_is_on_top_before_it_clears_the_selection() {
        let mut app = app();
        app.update(Command::Select(Selection::Service(ServiceId(0))));
        app.update(Command::ToggleHelp);
        app.update(Command::Dismiss);
        assert!(app.overlay.is_none() && app.selection.is_some());
        app.update(Command::Dismiss);
        assert!(app.selection.is_none());
    }

    #[test]
    fn a_place_is_remembered_for_its_scenario() {
        let mut app = app();
        let node = Node::Service(ServiceId(0));
        app.update(Command::MoveNode { node, to: (5.0, 6.0) });
        let again = App::new(app.settings_to_keep(), Options::default(), Arc::new(|| {}));
        assert_eq!(again.made.places[&node], (5.0, 6.0));
        app.update(Command::Undo);
        assert!(app.settings_to_keep().places.is_empty());
    }

    #[test]
    fn fit_sees_everything_again() {
        let mut app = app();
        app.update(Command::ZoomIn);
        assert_ne!(app.camera, Camera::FIT);
        app.update(Command::Fit);
        assert_eq!(app.camera, Camera::FIT);
    }
}
