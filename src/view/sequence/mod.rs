//! A stretch of a run as the sequence diagram everyone knows: what it is made of (`diagram`),
//! where everything stands (`picture`), and as text (`text`).

pub mod diagram;
pub mod picture;
pub mod text;

pub use diagram::{Arrow, Bar, Diagram, Down, Fate, Head, Note, Participant};
pub use picture::{Measures, Picture};

use crate::app::{App, Subject};

/// What the sequence view shows, and what it is called; `None` while nothing is known, or where
/// nothing is selected.
#[must_use]
pub fn shown(app: &App) -> Option<(Diagram, String)> {
    let is_brief = app.settings.brief_sequence;
    let model = app.model();
    let about = match (model.variant.as_str(), app.scenario.title.as_str()) {
        ("", title) => title.to_owned(),
        (variant, title) => format!("{title} ({variant})"),
    };
    match app.subject {
        Subject::Event => {
            let journey = &app.found()?.journey;
            let fact = journey.fact()?;
            let mut diagram = Diagram::new(model, &journey.lines, journey.until, is_brief);
            diagram.left_out = journey.left_out;
            let name = super::story::event_name(model, fact.event, fact.event_type);
            Some((diagram, format!("{about}: {name}")))
        }
        Subject::Span => {
            let sequence = app.found_in_span()?;
            let mut diagram = Diagram::new(model, &sequence.lines, sequence.until, is_brief);
            diagram.left_out = sequence.left_out;
            let (from, to) = (app.window.from, app.window.to);
            Some((diagram, format!("{about}: {from} – {to}")))
        }
    }
}
