//! The state of the program, and how it begins.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{Model, Node, ServiceId, Span, Time, TopicId};
use crate::scenario::{self, Scenario, Variant};

use super::acting::{Awaited, Tuning};
use super::causes::Asked;
use super::command::{Camera, Command, Export, Selection};
use super::comparing::Comparing;
use super::desk::Desk;
use super::difference::Comparison;
use super::expecting::Expecting;
use super::faults::Planned;
use super::inquiries::{Inquiries, Subject, View};
use super::jump::Jumping;
use super::lanes::Lanes;
use super::live::Living;
use super::made::{Futures, Made, Places, Undo};
use super::metrics::Metrics;
use super::open::{Broken, Source};
use super::palette::Palette;
use super::playback::{Direction, Playback, Window, eased};
use super::run::Run;
use super::settings::Settings;
use super::watch::{Wake, Watch};

/// What the command line says about the window.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file to open, or the name of a scenario of the library; without one, the first scenario of the library.
    pub file: Option<PathBuf>,
    /// The variant to show; without one, the first.
    pub variant: Option<String>,
    /// The seed; without one, the scenario's own.
    pub seed: Option<u64>,
    /// Where what is made is kept while it is not saved; without it, nowhere.
    pub keep_in: Option<PathBuf>,
}

/// A short message that goes away by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// Whether something went wrong.
    pub is_bad: bool,
    /// How many seconds it stays.
    pub seconds: f64,
    /// What can be done about it: what that is called, and the command.
    pub offer: Option<(String, Command)>,
}

/// What lies on top of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The list of keys.
    Help,
    /// The question which file to open.
    AskForFile,
    /// The search.
    Palette,
    /// The question which faults are to be drawn by lot.
    RandomFaults,
    /// The question where to save a picture.
    AskWhereToSave,
    /// The question where to save the session.
    AskForSession,
    /// The question where to save something else that is seen.
    AskWhereToExport(Export),
    /// The question which other file to compare with.
    AskForOther,
}

/// Everything the window shows is a function of this.
pub struct App {
    /// Where the scenario comes from.
    pub source: Source,
    /// The scenario.
    pub scenario: Scenario,
    /// Which of its variants is shown.
    pub variant: usize,
    /// Its run.
    pub run: Run,
    /// The playhead.
    pub playback: Playback,
    /// What the timeline's lower strip looks at.
    pub window: Window,
    /// The jump whose end is still looked for.
    pub jumping: Option<Jumping>,
    /// The search, while it is open.
    pub palette: Palette,
    /// What the lanes show of it.
    pub lanes: Lanes,
    /// The comparison of two branches that was asked for.
    pub comparison: Option<Comparison>,
    /// How the metrics view is looked at.
    pub metrics: Metrics,
    /// The comparison of variants, branches and files.
    pub comparing: Comparing,
    /// What became of what the scenario expects.
    pub expecting: Expecting,
    /// What is selected.
    pub selection: Option<Selection>,
    /// The line of the list of faults that is selected.
    pub chosen_fault: Option<Planned>,
    /// Where the flow view is seen from.
    pub camera: Camera,
    /// How often everything was asked to be seen: each time the view is fitted to where the
    /// nodes stand then.
    pub fits: u64,
    /// What was made of the scenario, and can be taken back.
    pub made: Made,
    /// The way back.
    pub undo: Undo,
    /// What is remembered.
    pub settings: Settings,
    /// What is wrong with the file, while the last good run is shown.
    pub broken: Option<Broken>,
    /// Messages that go away by themselves.
    pub toasts: Vec<Toast>,
    /// What lies on top.
    pub overlay: Option<Overlay>,
    /// Of what the sequence view tells.
    pub subject: Subject,
    /// Whether the program is to end.
    pub quit: bool,
    /// The session: what is open, saved and kept.
    pub desk: Desk,
    /// What a variant has in which nothing was done.
    pub(super) no_futures: Futures,
    /// The live run that is shown, if one is.
    pub(super) live: Option<Living>,
    /// How many runs were shown before this one.
    pub(super) runs_shown: u64,
    /// The step that a control that is held changes.
    pub(super) tuning: Option<Tuning>,
    /// What was done last, until it is known whether it could be done.
    pub(super) awaited: Option<Awaited>,
    /// What is found out about the anomaly that is selected.
    pub(super) asked: Option<Asked>,
    pub(super) inquiries: Inquiries,
    pub(super) seed: Option<u64>,
    pub(super) text: Arc<str>,
    pub(super) steps: i32,
    pub(super) watch: Option<Watch>,
    pub(super) wake: Wake,
}

impl App {
    /// The program as it starts: the first scenario of the library, or the file that was
    /// asked for, playing.
    #[must_use]
    pub fn new(settings: Settings, options: Options, wake: Wake) -> Self {
        let first = &scenario::library::entries()[0];
        let scenario = scenario::read(first.text, first.path)
            .expect("the library is part of the program and read by a test");
        let model = Arc::clone(&scenario.variants[0].model);
        let mut app = Self {
            source: Source::Library(first.name.to_owned()),
            variant: 0,
            run: Run::new(Arc::clone(&model), model.seed, Arc::clone(&wake)),
            playback: Playback::new(settings.speed),
            window: first_window(&model),
            jumping: None,
            palette: Palette::default(),
            lanes: Lanes::default(),
            comparison: None,
            metrics: Metrics::default(),
            comparing: Comparing::default(),
            expecting: Expecting::default(),
            selection: None,
            chosen_fault: None,
            camera: Camera::FIT,
            fits: 0,
            made: Made { variant: scenario.variants[0].name.clone(), ..Made::default() },
            undo: Undo::default(),
            desk: Desk::default(),
            no_futures: Futures::default(),
            settings,
            broken: None,
            toasts: Vec::new(),
            overlay: None,
            subject: Subject::default(),
            quit: false,
            live: None,
            runs_shown: 0,
            tuning: None,
            awaited: None,
            asked: None,
            inquiries: Inquiries::default(),
            seed: None,
            text: first.text.into(),
            scenario,
            steps: 0,
            watch: None,
            wake,
        };
        app.run.set_budget(app.settings.room());
        app.made.places = app.places_from_settings();
        app.desk.run_of = Some(app.made.variant.clone());
        app.is_saved_now();
        if let Some(folder) = options.keep_in {
            app.keep_in(folder);
        }
        if let Some(file) = options.file {
            let in_library = scenario::library::find(&file.to_string_lossy());
            app.update(match in_library {
                Some(entry) if !file.is_file() => Command::OpenLibrary(entry.name.to_owned()),
                _ => Command::OpenFile(file),
            });
        }
        if let Some(seed) = options.seed {
            app.update(Command::SetSeed(seed));
        }
        if let Some(variant) = options.variant {
            app.update(Command::SelectVariant(variant));
        }
        // A session stands where it was left.
        if app.desk.file.is_none() {
            app.update(Command::Play);
        }
        app
    }

    /// The variant that is shown.
    #[must_use]
    pub fn shown(&self) -> &Variant {
        &self.scenario.variants[self.variant]
    }

    /// Its model.
    #[must_use]
    pub fn model(&self) -> &Arc<Model> {
        &self.run.model
    }

    /// How much time the whole-run strip shows: the run, or what there is of it so far.
    #[must_use]
    pub fn whole(&self) -> Span {
        let mut so_far = self.run.progress.head.max(self.playback.at);
        if self.live.is_some() {
            // The beginning of a live run is not stretched over the whole strip.
            so_far = so_far.max(Time::from_secs_f64(10.0));
        }
        self.run.end().unwrap_or(so_far).since(Time::ZERO).max(Span::SECOND)
    }

    /// What a command is called: of those that take something back or make it again, with what
    /// that is. "Undo duplicate of PaymentCompleted #12".
    #[must_use]
    pub fn label_of(&self, command: &Command) -> String {
        let label = command.action().map_or("", |it| it.label);
        let what = match command {
            Command::Undo => self.undo.undo_name(),
            Command::Redo => self.undo.redo_name(),
            _ => None,
        };
        what.map_or_else(|| label.to_owned(), |what| format!("{label} {what}"))
    }

    /// What a tooltip says of a command: what it does, or what it takes back; and its key.
    #[must_use]
    pub fn tooltip_of(&self, command: &Command) -> String {
        let label = self.label_of(command);
        match command.action() {
            Some(action) if label != action.label => {
                let key = action.keys.first().map_or_else(String::new, |it| format!("  ({it})"));
                label + &key
            }
            _ => command.tooltip(),
        }
    }

    /// Whether pictures must follow one another: something moves by itself.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.playback.playing
    }

    /// Whether something goes on that the window is to hear of: a live run.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.live.as_ref().is_some_and(Living::is_going_on)
    }

    /// Whether something is looked for: pictures are wanted now and then, to show how far it is.
    #[must_use]
    pub fn is_looking(&self) -> bool {
        self.jumping.is_some() || self.palette.is_searching() || self.is_working_out()
    }

    /// Whether something that is seen is being worked out, and its progress is shown.
    fn is_working_out(&self) -> bool {
        let view = match self.settings.view {
            View::Metrics => self.charts_progress().is_some(),
            View::Compare => {
                let comparing = &self.comparing;
                comparing.sides.iter().any(|it| it.progress().is_some())
                    || comparing.intervals_progress().is_some()
                    || comparing.matrix_progress().is_some()
            }
            View::Flow | View::Sequence => false,
        };
        view || (self.settings.expectations && self.expecting.progress().is_some())
    }

    /// The speed at the playhead: the one that is set, or less while it is slowed down.
    #[must_use]
    pub fn speed_now(&self) -> f64 {
        let Playback { at, speed, playing, .. } = self.playback;
        if self.settings.slows && playing {
            eased(at, speed, &self.run.overview.marks)
        } else {
            speed
        }
    }

    /// Whether time runs this way now.
    #[must_use]
    pub fn plays(&self, direction: Direction) -> bool {
        self.playback.playing && self.playback.direction == direction
    }

    /// Under which name the places of this scenario's nodes are remembered.
    pub(super) fn places_key(&self) -> String {
        self.source.to_string()
    }

    pub(super) fn places_from_settings(&self) -> Places {
        let Some(named) = self.settings.places.get(&self.places_key()) else {
            return Places::new();
        };
        nodes(self.model()).filter_map(|(name, node)| Some((node, *named.get(name)?))).collect()
    }

    /// The settings as they are to be written down now.
    #[must_use]
    pub fn settings_to_keep(&self) -> Settings {
        let mut settings = self.settings.clone();
        settings.speed = self.playback.speed;
        if self.desk.file.is_some() {
            // Its places are the session's.
            return settings;
        }
        let places: BTreeMap<_, _> = nodes(self.model())
            .filter_map(|(name, node)| Some((name.to_owned(), *self.made.places.get(&node)?)))
            .collect();
        if places.is_empty() {
            settings.places.remove(&self.places_key());
        } else {
            settings.places.insert(self.places_key(), places);
        }
        settings
    }
}

pub(super) fn nodes(model: &Model) -> impl Iterator<Item = (&str, Node)> {
    let services = (0..model.services.len()).map(|n| Node::Service(ServiceId::from_index(n)));
    let topics = (0..model.topics.len()).map(|n| Node::Topic(TopicId::from_index(n)));
    services.chain(topics).map(|node| (model.node_name(node), node))
}

/// The lower strip begins with as much as can be told apart.
pub(super) fn first_window(model: &Model) -> Window {
    let whole = model.end.map_or(Span::from_secs(10), |end| end.since(Time::ZERO));
    Window::of(Time::ZERO, whole.min(Span::from_secs(10)))
}
