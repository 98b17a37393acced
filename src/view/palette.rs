//! What the search shows: the answers under captions, and what is to be said of them.

use crate::app::palette::{Kind, Name, query};
use crate::app::{App, Palette};
use crate::history::{Hit, MOST_HITS};
use crate::model::{Model, Value};

/// A line of the search.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A caption over answers, and what is said at its right end.
    Caption(&'static str, String),
    /// An answer.
    Answer(Answer),
    /// Something to be said.
    Note {
        /// In a sentence or two.
        text: String,
        /// Whether something is wrong with what was typed.
        is_bad: bool,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its place among all answers.
    pub place: usize,
    /// What it is called.
    pub label: String,
    /// Which of its characters were typed.
    pub spots: Vec<usize>,
    /// What is said of it.
    pub detail: String,
    /// At its right end: its key, or its instant.
    pub aside: String,
    /// The colour and the letter it wears.
    pub badge: Option<(u8, char)>,
    /// What it is called by a screen reader.
    pub spoken: String,
}

/// The lines under the field.
#[must_use]
pub fn lines(app: &App) -> Vec<Line> {
    let palette = &app.palette;
    let mut lines = Vec::new();
    let mut kind = None;
    for (place, name) in palette.names.iter().enumerate() {
        if kind != Some(name.kind) {
            kind = Some(name.kind);
            lines.push(Line::Caption(name.kind.plural(), String::new()));
        }
        lines.push(Line::Answer(of_name(place, name)));
    }
    events(app, &mut lines);
    lines
}

/// What can be asked of events, in a line.
#[must_use]
pub fn examples(app: &App) -> String {
    format!("Events:  {}", query::examples(app.model()).join("    "))
}

fn of_name(place: usize, name: &Name) -> Answer {
    Answer {
        place,
        label: name.label.clone(),
        spots: name.spots.clone(),
        detail: name.detail.clone(),
        aside: if name.kind == Kind::EventType {
            "events ▸".to_owned()
        } else {
            name.key.clone()
        },
        badge: name.badge,
        spoken: format!("{}, {}", name.label, name.kind.singular()),
    }
}

fn events(app: &App, lines: &mut Vec<Line>) {
    let palette = &app.palette;
    if palette.asks_events {
        lines.push(Line::Caption("Events", how_many(palette, app.run.end().is_some())));
        let model = app.model();
        for (number, hit) in palette.hits.list.iter().enumerate() {
            let place = palette.names.len() + number;
            lines.push(Line::Answer(of_hit(place, hit, model)));
        }
    }
    let nothing = "Nothing is called so, and no event answers.";
    let text = match &palette.problem {
        Some(problem) => problem.clone(),
        None if !palette.is_empty() || palette.is_searching() => return,
        None if palette.asks_events => nothing.to_owned(),
        None => "Nothing is called so.".to_owned(),
    };
    lines.push(Line::Note { text, is_bad: palette.problem.is_some() });
}

/// How many events were found, and how much of the run was looked through.
fn how_many(palette: &Palette, has_end: bool) -> String {
    let count = match palette.hits.list.len() {
        _ if palette.hits.is_cut => format!("the first {MOST_HITS}"),
        0 => "none".to_owned(),
        count => count.to_string(),
    };
    match palette.progress() {
        None if has_end || palette.hits.is_cut => count,
        None => format!("{count} so far as it is simulated"),
        Some(share) if palette.hits.list.is_empty() => {
            format!("searching … {:.0} %", share * 100.0)
        }
        Some(share) => format!("{count} · searching … {:.0} %", share * 100.0),
    }
}

fn of_hit(place: usize, hit: &Hit, model: &Model) -> Answer {
    let event_type = &model.event_types[hit.event_type.index()];
    let producer = &model.services[hit.id.producer().index()].name;
    let mut detail = format!("{producer}/{}", hit.id.count());
    if let Some(event) = &hit.event {
        for (field, bits) in event_type.fields.iter().zip(event.fields) {
            let value = model.value_text(Value::from_bits(field.kind, bits));
            detail += &format!("   {} {value}", field.name);
        }
    }
    Answer {
        place,
        label: event_type.name.clone(),
        spots: Vec::new(),
        detail,
        aside: hit.at.to_string(),
        badge: Some((event_type.colour, event_type.letter)),
        spoken: format!("{} {producer}/{}, event", event_type.name, hit.id.count()),
    }
}
