//! A sequence diagram in Mermaid's language.
//!
//! Mermaid draws every message level, where it was sent; work is drawn from when it began to when
//! it ended. Silences are told in notes.

use std::fmt::Write;

use crate::model::{Span, Time};
use crate::view::sequence::{Arrow, Bar, Diagram, Fate, Head, Note, Participant};

/// What makes a line.
#[derive(Clone, Copy)]
enum Item<'a> {
    Begin(&'a Bar),
    Send(&'a Arrow),
    Note(&'a Note),
    Finish(&'a Bar),
}

/// The diagram, under a title.
#[must_use]
pub fn mermaid(diagram: &Diagram, title: &str) -> String {
    let mut text = format!("---\ntitle: {}\n---\nsequenceDiagram\n", quoted(title));
    for (place, it) in diagram.participants.iter().enumerate() {
        let Participant { name, .. } = it;
        let _ = writeln!(text, "    participant p{place} as {}", escaped(name));
    }
    let mut open: Vec<usize> = vec![0; diagram.participants.len()];
    let mut last: Option<Time> = None;
    let silence = silence(diagram);
    for (at, item) in items(diagram) {
        let speaks = matches!(item, Item::Send(_) | Item::Note(_));
        if let Some(last) = last
            && speaks
            && at.since(last) >= silence
            && let Some(end) = diagram.participants.len().checked_sub(1)
        {
            let over = if end == 0 { "p0".to_owned() } else { format!("p0,p{end}") };
            let _ = writeln!(text, "    Note over {over}: {:.0} later", at.since(last));
        }
        if speaks {
            last = Some(at);
        }
        match item {
            Item::Begin(bar) => {
                open[bar.at] += 1;
                let _ = writeln!(text, "    activate p{}", bar.at);
            }
            Item::Finish(bar) => {
                open[bar.at] -= 1;
                let _ = writeln!(text, "    deactivate p{}", bar.at);
            }
            Item::Send(it) => {
                let (from, to) = (it.from, it.to);
                let _ = writeln!(text, "    p{from}{}p{to}: {}", arrow(it), escaped(&it.label));
            }
            Item::Note(note) => put_note(&mut text, diagram, note),
        }
    }
    // What is still at work when the diagram ends.
    for (place, count) in open.iter().enumerate() {
        for _ in 0..*count {
            let _ = writeln!(text, "    deactivate p{place}");
        }
    }
    if diagram.left_out > 0 && !diagram.participants.is_empty() {
        let _ = writeln!(text, "    Note right of p0: and {} messages more", diagram.left_out);
    }
    text
}

fn put_note(text: &mut String, diagram: &Diagram, note: &Note) {
    let words = escaped(&note.text);
    let _ = match (note.at, diagram.participants.len()) {
        (_, 0) => Ok(()),
        (Some(at), _) => writeln!(text, "    Note right of p{at}: {words}"),
        (None, 1) => writeln!(text, "    Note over p0: {words}"),
        (None, count) => writeln!(text, "    Note over p0,p{}: {words}", count - 1),
    };
}

/// Solid for what asks or tells, dashed for what answers; open if its sender goes on; a cross if
/// it is lost.
const fn arrow(arrow: &Arrow) -> &'static str {
    match (arrow.is_answer(), arrow.fate, arrow.head()) {
        (false, Fate::Lost(..), _) => "-x",
        (true, Fate::Lost(..), _) => "--x",
        (false, _, Head::Full) => "->>",
        (true, _, Head::Full) => "-->>",
        (false, _, Head::Open) => "-)",
        (true, _, Head::Open) => "--)",
    }
}

/// How long nothing must be said for that to be told.
fn silence(diagram: &Diagram) -> Span {
    let mut times: Vec<Time> = diagram.arrows.iter().map(|it| it.sent).collect();
    times.extend(diagram.notes.iter().map(|it| it.time));
    times.sort_unstable();
    let mut spans: Vec<Span> =
        times.windows(2).map(|it| it[1].since(it[0])).filter(|it| *it > Span::ZERO).collect();
    spans.sort_unstable();
    let usual = spans.get(spans.len() / 2).copied().unwrap_or(Span::SECOND);
    Span(usual.0.saturating_mul(12))
}

fn items(diagram: &Diagram) -> Vec<(Time, Item<'_>)> {
    let mut items = Vec::new();
    items.extend(diagram.arrows.iter().map(|it| (it.sent, it.order, Item::Send(it))));
    items.extend(diagram.notes.iter().map(|it| (it.time, it.order, Item::Note(it))));
    for bar in &diagram.bars {
        items.push((bar.from, bar.order, Item::Begin(bar)));
        if let Some(to) = bar.to {
            items.push((to, bar.end, Item::Finish(bar)));
        }
    }
    items.sort_by_key(|it| (it.0, it.1));
    items.into_iter().map(|it| (it.0, it.2)).collect()
}

/// A text as it may stand in a diagram: what Mermaid would take for its own is written by number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for it in text.chars() {
        match it {
            '#' | ';' | ':' | '<' | '>' | '%' => {
                let _ = write!(escaped, "#{};", u32::from(it));
            }
            it if it.is_control() => escaped.push(' '),
            it => escaped.push(it),
        }
    }
    let escaped = escaped.trim().to_owned();
    if escaped.is_empty() {
        return "#160;".to_owned();
    }
    // On its own this word would end a block.
    if escaped.eq_ignore_ascii_case("end") { format!("#101;{}", &escaped[1..]) } else { escaped }
}

/// A title as YAML has it.
fn quoted(text: &str) -> String {
    let text: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
