//! What is found out of the selected event, as the inspector shows it: its journey, what it came
//! of, and what it led to.

use crate::app::{App, Selection, selection_of};
use crate::history::Fact;
use crate::model::{Model, Time};

use super::story::{Entry, entries, event_name};

/// More entries than this are not shown at once: those around the playhead are.
const MOST_ENTRIES: usize = 120;
/// More effects than this are not shown.
const MOST_EFFECTS: usize = 200;

/// What is found out of the selected event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// What happened to it, in order.
    pub entries: Vec<Entry>,
    /// The last of them that has happened at the playhead.
    pub now: Option<usize>,
    /// How many entries there are before and after those.
    pub others: (usize, usize),
    /// What it came of, the beginning first.
    pub causes: Vec<Relative>,
    /// What it led to, each with how deep it is, from 1.
    pub effects: Vec<(usize, Relative)>,
    /// How many more effects there are.
    pub more_effects: usize,
    /// How much is found out, from 0 to 1; `None` if all is.
    pub progress: Option<f32>,
    /// Whether it is known that there is no such event in this future of the run.
    pub is_missing: bool,
}

/// An event that the selected one has to do with.
#[derive(Clone, Debug, PartialEq)]
pub struct Relative {
    /// What selects it.
    pub selection: Selection,
    /// Its type and number.
    pub name: String,
    /// Who made it.
    pub producer: String,
    /// When it was made.
    pub at: Time,
    /// The colour of its type.
    pub colour: u8,
    /// The letter of its type.
    pub letter: char,
    /// Whether it has been made at the playhead.
    pub is_made: bool,
}

/// What is found out of the selected event; `None` if none is selected.
#[must_use]
pub fn told(app: &App) -> Option<Told> {
    app.selected_event()?;
    let progress = app.journey_progress();
    let Some(found) = app.found() else {
        return Some(Told { progress: progress.or(Some(0.0)), ..Told::default() });
    };
    let (model, journey, now) = (app.model(), &found.journey, app.playback.at);
    if journey.fact().is_none() {
        return Some(Told { progress, is_missing: progress.is_none(), ..Told::default() });
    }
    let all = entries(model, journey);
    let happened = all.partition_point(|it| it.at <= now);
    let first =
        happened.saturating_sub(MOST_ENTRIES * 2 / 3).min(all.len().saturating_sub(MOST_ENTRIES));
    let shown: Vec<Entry> = all.iter().skip(first).take(MOST_ENTRIES).cloned().collect();
    let effects = journey.effects();
    let relative = |it: &Fact| relative(model, it, now);
    Some(Told {
        now: happened.checked_sub(1).and_then(|it| it.checked_sub(first)),
        others: (first, all.len() - first - shown.len()),
        entries: shown,
        causes: journey.causes().iter().map(relative).collect(),
        more_effects: effects.len().saturating_sub(MOST_EFFECTS),
        effects: effects
            .iter()
            .take(MOST_EFFECTS)
            .map(|(depth, it)| (*depth, relative(it)))
            .collect(),
        progress,
        is_missing: false,
    })
}

fn relative(model: &Model, fact: &Fact, now: Time) -> Relative {
    let event_type = &model.event_types[fact.event_type.index()];
    Relative {
        selection: selection_of(fact),
        name: event_name(model, fact.event, fact.event_type),
        producer: model.services[fact.event.producer().index()].name.clone(),
        at: fact.at,
        colour: event_type.colour,
        letter: event_type.letter,
        is_made: fact.at <= now,
    }
}
