//! The search, which is the palette of commands too: what is typed, what answers to it among
//! names and among the run's events, and what is done when an answer is chosen.

pub mod names;
pub mod query;
pub mod rank;

use std::sync::Arc;

use crate::history::{Hit, Hits, Pending, Search, Stretch};
use crate::model::Time;

use super::command::{Command, Selection};
use super::state::{App, Overlay};

pub use names::{Goal, Kind, Name};

/// The state of the search.
#[derive(Default)]
pub struct Palette {
    /// What is typed.
    pub text: String,
    /// Which of the answers is chosen: first the names, then the events.
    pub chosen: usize,
    /// The names that answer, by kind, the best kind first.
    pub names: Vec<Name>,
    /// The events that answer, so far.
    pub hits: Hits,
    /// Whether events were asked for.
    pub asks_events: bool,
    /// Why what is typed cannot be asked of events.
    pub problem: Option<String>,
    /// Every name there is.
    all: Vec<Name>,
    search: Option<Pending<Hits>>,
}

/// What can be done in the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaletteCommand {
    /// This is typed now.
    Type(String),
    /// So many answers on, or back; past the last one is the first.
    Move(i32),
}

impl Palette {
    /// How many answers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len() + self.hits.list.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether events are still looked for.
    #[must_use]
    pub const fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// How much of the run has been looked through, from 0 to 1.
    #[must_use]
    pub fn progress(&self) -> Option<f32> {
        self.search.as_ref().map(Pending::progress)
    }

    /// What is to be done when this answer is taken.
    #[must_use]
    pub fn goal(&self, place: usize) -> Vec<Command> {
        if let Some(name) = self.names.get(place) {
            return match &name.goal {
                Goal::Do(command) => vec![Command::Dismiss, command.clone()],
                Goal::Ask(text) => vec![Command::Palette(PaletteCommand::Type(text.clone()))],
                Goal::Visit(at) => vec![Command::Dismiss, Command::SeekTo(*at)],
            };
        }
        let hit = place.checked_sub(self.names.len()).and_then(|it| self.hits.list.get(it));
        let Some(Hit { at, id, event_type, .. }) = hit else { return Vec::new() };
        let selection = Selection::Event { event: *id, event_type: *event_type, message: None };
        vec![Command::Dismiss, Command::Pause, Command::SeekTo(*at), Command::Select(selection)]
    }
}

impl App {
    pub(super) fn toggle_palette(&mut self) {
        if self.overlay == Some(Overlay::Palette) {
            self.overlay = None;
            return;
        }
        self.overlay = Some(Overlay::Palette);
        self.palette = Palette { all: names::all(self), ..Palette::default() };
        self.ask(String::new());
    }

    pub(super) fn update_palette(&mut self, command: PaletteCommand) {
        match command {
            PaletteCommand::Type(text) => self.ask(text),
            PaletteCommand::Move(by) => {
                let count = i64::try_from(self.palette.len()).unwrap_or(i64::MAX).max(1);
                let chosen = i64::try_from(self.palette.chosen).unwrap_or(0) + i64::from(by);
                let chosen = match by {
                    // A page stops at the end; a step goes around.
                    -1 | 1 => chosen.rem_euclid(count),
                    _ => chosen.clamp(0, count - 1),
                };
                self.palette.chosen = usize::try_from(chosen).unwrap_or(0);
            }
        }
    }

    /// Asks what is typed of names and of events.
    fn ask(&mut self, text: String) {
        let query = query::read(&text, &self.run.base);
        let palette = &mut self.palette;
        palette.names = if query.is_name { names::ranked(&palette.all, &text) } else { Vec::new() };
        palette.chosen = 0;
        palette.hits = Hits::default();
        palette.problem = query.problem;
        palette.asks_events = query.conditions.is_some();
        let until = self.run.end().unwrap_or(self.run.progress.head);
        // The search that was is given up.
        palette.search = query.conditions.map(|conditions| {
            let script = Arc::clone(&self.run.script);
            let stretch = Stretch { script, from: Time::ZERO, until };
            self.run.inquire(Search::new(conditions, stretch))
        });
        palette.text = text;
    }

    /// Takes the events that were found.
    pub(super) fn take_hits(&mut self) {
        if self.overlay != Some(Overlay::Palette) {
            self.palette.search = None;
        }
        let Some(search) = &self.palette.search else { return };
        let is_over = search.is_over();
        if let Some(hits) = search.take() {
            self.palette.hits = hits;
        }
        if is_over {
            self.palette.search = None;
        }
    }
}
