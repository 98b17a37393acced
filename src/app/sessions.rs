//! Sessions in the window: what is open as one value, saved, opened, restored, put aside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::Script;
use crate::scenario::Problems;
use crate::session::{self, ENDING, Kept, Looped, Origin, PROGRAM, Ran, Session, View, file};

use super::command::{Camera, Command};
use super::desk::{Left, Notice, RanOf};
use super::keeper::Over;
use super::made::{Futures, Made, Places};
use super::marks::{Mark, Marks};
use super::open::{Broken, Source};
use super::playback::{Playback, Window};
use super::slot::Slot;
use super::state::{App, Overlay, nodes};

impl App {
    pub(super) fn session_to_keep(&self, closed: bool) -> Session {
        let (file, mark) = (self.desk.file.clone(), self.desk.mark);
        Session { kept: Some(Kept { file, mark, closed }), ..self.session() }
    }

    /// The session as it is now.
    #[must_use]
    pub fn session(&self) -> Session {
        let Window { from, to } = self.window;
        let marks = &self.made.marks;
        Session {
            program: PROGRAM.to_owned(),
            origin: match &self.source {
                Source::Library(name) => Origin::Library(name.clone()),
                Source::File(path) => Origin::File(path.clone()),
            },
            text: Arc::clone(&self.text),
            scenario: Arc::new(self.scenario.clone()),
            variant: self.shown().name.clone(),
            seed: self.seed,
            view: View {
                at: self.playback.at,
                speed: self.playback.speed,
                window: (from, to),
                offset: self.camera.offset,
                zoom: self.camera.zoom,
            },
            layout: self.layout(),
            marks: marks.list().iter().map(|it| (it.at, it.name.clone())).collect(),
            looped: marks.span.map(|it| Looped {
                from: it.from,
                to: it.to,
                is_on: marks.is_looping,
            }),
            futures: self
                .made
                .futures
                .iter()
                .map(|(variant, it)| (variant.clone(), self.futures_to_save(variant, it)))
                .collect(),
            live: self
                .desk
                .live
                .as_ref()
                .map(|it| session::Live { futures: self.futures_of_live(), ..it.clone() }),
            kept: None,
        }
    }

    /// Where nodes stand, by their names.
    pub(super) fn layout(&self) -> BTreeMap<String, (f32, f32)> {
        let mut layout = self.desk.layout.clone();
        for (name, node) in nodes(&self.run.base) {
            match self.made.places.get(&node) {
                Some(at) => drop(layout.insert(name.to_owned(), *at)),
                None => drop(layout.remove(name)),
            }
        }
        layout
    }

    /// Another variant of the session is about to be shown: where nodes stand is remembered.
    pub(super) fn keep_layout(&mut self) {
        self.desk.layout = self.layout();
    }

    /// The places of the nodes of the variant that is shown.
    pub(super) fn places_of_session(&self) -> Places {
        let named = &self.desk.layout;
        nodes(&self.shown().model)
            .filter_map(|(name, node)| Some((node, *named.get(name)?)))
            .collect()
    }

    fn futures_to_save(&self, variant: &str, it: &Futures) -> session::Futures {
        let ran = it
            .tree
            .branches()
            .filter_map(|branch| Some((branch.id, self.ran(variant, &it.tree.script(branch.id))?)));
        session::Futures { ran: ran.collect(), shown: it.shown, tree: it.tree.clone() }
    }

    /// How a run goes: as it goes now, once it is simulated; before, as is known of it.
    fn ran(&self, variant: &str, script: &Script) -> Option<Ran> {
        let seed = self.seed_of(variant)?;
        let mut now = None;
        if self.desk.run_of.as_deref() == Some(variant) && self.run.seed == seed {
            let (progress, _) = self.run.progress_of(script);
            let ran = Ran { program: PROGRAM.to_owned(), ladder: progress.ladder };
            if progress.done {
                return Some(ran);
            }
            now = Some(ran).filter(|it| !it.ladder.is_empty());
        }
        let known = self.desk.ran.iter().find(|it| it.is_of(variant, seed, script));
        known.map(|it| it.ran.clone()).or(now)
    }

    pub(super) fn seed_of(&self, variant: &str) -> Option<u64> {
        let found = self.scenario.variants.iter().find(|it| it.name == variant)?;
        Some(self.seed.unwrap_or(found.model.seed))
    }

    /// The commands that concern sessions.
    pub(super) fn do_session(&mut self, command: Command) {
        if matches!(command, Command::SaveSession | Command::SaveSessionTo { .. }) {
            self.record_so_far();
        }
        match command {
            Command::SaveSession => match self.desk.file.clone() {
                Some(path) => self.save(&path, Over::Known(self.desk.mark)),
                None => self.overlay = Some(Overlay::AskForSession),
            },
            Command::SaveSessionAs => self.overlay = Some(Overlay::AskForSession),
            Command::SaveSessionTo { path, over } => {
                self.overlay = None;
                let path = absolute(&with_ending(path));
                let known =
                    if self.desk.file.as_ref() == Some(&path) { self.desk.mark } else { None };
                self.save(&path, if over { Over::Anything } else { Over::Known(known) });
            }
            Command::Restore => self.restore(),
            Command::Discard if !self.desk.left.is_empty() => {
                let left = self.desk.left.remove(0);
                self.keeper().forget_left(&left.slot.path);
            }
            Command::CloseNotice if !self.desk.notices.is_empty() => {
                self.desk.notices.remove(0);
            }
            _ => {}
        }
    }

    fn save(&mut self, path: &Path, over: Over) {
        self.desk.notices.retain(|it| !matches!(it, Notice::NotSaved { .. }));
        self.desk.saving.push_back(self.work());
        let session = self.session();
        self.keeper().save(path, session, over);
    }

    fn restore(&mut self) {
        if self.desk.left.is_empty() {
            return;
        }
        let Left { mut session, slot, .. } = self.desk.left.remove(0);
        self.keep_places();
        self.put_aside();
        let Kept { file, mark, .. } = session.kept.take().unwrap_or_default();
        if let Some(own) = self.desk.slot.replace(slot) {
            self.keeper().forget(&own.path);
        }
        self.show_session(*session, file, mark);
        self.desk.saved = None;
    }

    /// Something else is about to be opened: what was made and is not saved is kept, and offered.
    pub(super) fn put_aside(&mut self) {
        // A live run that goes on ends here, and is of what is put aside.
        self.record_so_far();
        // What was said of it is not so of what is opened.
        self.desk.notices.retain(|it| matches!(it, Notice::Text { .. }));
        if self.desk.is_unsaved
            && let Some(slot) = self.desk.slot.take()
        {
            let session = self.session_to_keep(true);
            self.keeper().keep_now(&slot.path, session.clone());
            let text =
                format!("What you made of “{}” is not saved. It is kept.", self.scenario.title);
            self.desk.left.insert(0, Left { text, session: Box::new(session), slot });
            match self.desk.folder.as_deref().map(Slot::claim) {
                Some(Ok((slot, _))) => self.desk.slot = Some(slot),
                Some(Err(error)) => self.say_not_kept(&error.to_string()),
                None => {}
            }
        }
        self.desk.ran.clear();
        self.desk.checks.clear();
        self.desk.parted.clear();
        self.desk.run_of = None;
        self.desk.file = None;
        self.desk.mark = None;
        self.desk.saving.clear();
        self.desk.layout.clear();
        self.desk.live = None;
        self.stop_showing_live();
        self.desk.kept = None;
        self.desk.is_unsaved = false;
    }

    /// What is open is as it is saved.
    pub(super) fn is_saved_now(&mut self) {
        self.desk.saved = Some(self.work());
        self.desk.is_unsaved = false;
    }

    /// Opens a session.
    pub(super) fn open_session(&mut self, path: &Path) {
        let path = &absolute(path);
        self.overlay = None;
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                return self.say(format!("{} cannot be read: {error}.", path.display()), true);
            }
        };
        match session::read(&text, &path.display().to_string()) {
            Ok(session) => {
                self.keep_places();
                self.put_aside();
                let mark = file::mark_of(text.as_bytes());
                self.show_session(session, Some(path.to_owned()), Some(mark));
                self.is_saved_now();
            }
            Err(problems) => self.is_broken(path, &problems),
        }
    }

    fn is_broken(&mut self, path: &Path, problems: &Problems) {
        self.watch_path(path);
        self.broken = Some(Broken::of(path, problems));
    }

    /// Whether the session's file is another than it was when it was read or written.
    pub(super) fn session_changed(&self) -> bool {
        let Some(path) = &self.desk.file else { return false };
        let there = std::fs::read(path).ok().map(|it| file::mark_of(&it));
        there.is_some() && there != self.desk.mark
    }

    /// Whether a session is being written.
    pub(super) fn is_saving(&self) -> bool {
        !self.desk.saving.is_empty()
    }

    fn show_session(&mut self, session: Session, file: Option<PathBuf>, mark: Option<u64>) {
        if let Some(path) = &file {
            self.settings.remember_file(path);
        }
        let Session { origin, text, scenario, variant, seed, view, layout, futures, .. } = session;
        let (marks, looped) = (session.marks, session.looped);
        self.source = match origin {
            Origin::Library(name) => Source::Library(name),
            Origin::File(path) => Source::File(path),
        };
        self.text = text;
        self.broken = None;
        self.scenario = Arc::unwrap_or_clone(scenario);
        self.forget_columns();
        let variants = &self.scenario.variants;
        self.variant = variants.iter().position(|it| it.name == variant).unwrap_or(0);
        self.seed = seed;
        self.made = Made { variant: self.shown().name.clone(), ..Made::default() };
        for (variant, session::Futures { tree, shown, ran }) in futures {
            let seed = self.seed_of(&variant).unwrap_or_default();
            for (id, ran) in ran {
                let (variant, script) = (variant.clone(), tree.script(id));
                self.desk.ran.push(RanOf { variant, seed, script, ran, is_checked: false });
            }
            self.made.futures.insert(variant, Futures { tree, shown });
        }
        let list = marks.into_iter().map(|(at, name)| Mark { at, name }).collect();
        let span = looped.map(|it| Window { from: it.from, to: it.to });
        self.made.marks = Marks::new(list, span, looped.is_some_and(|it| it.is_on));
        self.desk.layout = layout;
        self.desk.live = session.live;
        self.made.places = self.places_of_session();
        self.undo = super::Undo::default();
        self.selection = None;
        self.playback.playing = false;
        self.playback.at = view.at;
        self.playback.speed = Playback::bounded_speed(view.speed);
        self.camera = Camera { offset: view.offset, zoom: view.zoom }.bounded();
        self.restart();
        self.window =
            Window::of(view.window.0, view.window.1.since(view.window.0)).inside(self.whole());
        // Of a session of a live run that is what one wants to see.
        if self.desk.live.as_ref().is_some_and(|it| it.variant == self.shown().name) {
            self.show_recording();
            self.playback.at = view.at;
        }
        match &file {
            Some(path) => self.watch_path(path),
            None => self.watch = None,
        }
        self.desk.file = file;
        self.desk.mark = mark;
    }
}

/// Whether a file is a session, by its name.
#[must_use]
pub fn is_session(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == ENDING)
}

/// A path that means the same wherever the program is started next.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A session's file has its ending, whatever a person types.
fn with_ending(path: PathBuf) -> PathBuf {
    if is_session(&path) {
        return path;
    }
    let mut name = path.into_os_string();
    name.push(".");
    name.push(ENDING);
    name.into()
}
