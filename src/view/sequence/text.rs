//! A sequence diagram as text: a line for each message and note, times at the left, and at the
//! right how long a message was on its way.

use std::fmt::Write;

use crate::model::{DropReason, Time};
use crate::view::story::Mood;

use super::diagram::{Arrow, Bar, Diagram, Fate, Head, Note};

/// The width of the times, in characters.
const TIMES: usize = 11;
/// The least and the greatest width of a column.
const COLUMN: std::ops::RangeInclusive<usize> = 16..=36;

/// What makes a line, or changes what lifelines look like.
#[derive(Clone, Copy)]
enum Item<'a> {
    Begin(&'a Bar),
    Send(&'a Arrow),
    Note(&'a Note),
    Finish(&'a Bar),
}

/// The diagram as text.
#[must_use]
pub fn text(diagram: &Diagram) -> String {
    let longest = diagram
        .arrows
        .iter()
        .filter(|it| it.from.abs_diff(it.to) == 1)
        .map(|it| it.label.chars().count() + 5)
        .chain(diagram.participants.iter().map(|it| it.name.chars().count() + 2))
        .max();
    let width = longest.unwrap_or(0).clamp(*COLUMN.start(), *COLUMN.end());
    let mut text = " ".repeat(TIMES);
    for it in &diagram.participants {
        let name = shortened(&it.name, width - 1);
        let _ = write!(text, "{name:width$}");
    }
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    let mut busy = vec![0_usize; diagram.participants.len()];
    let mut last = None;
    for item in items(diagram) {
        match item {
            Item::Begin(bar) => busy[bar.at] += 1,
            Item::Finish(bar) => busy[bar.at] -= 1,
            Item::Send(arrow) => {
                let mut line = lifelines(&busy, width);
                draw(arrow, width, &mut line);
                let way = match arrow.fate {
                    Fate::Arrived(at) => format!("  {}", at.since(arrow.sent)),
                    Fate::Lost(..) => String::new(),
                    Fate::Flying => "  on its way".to_owned(),
                };
                put(&mut text, &mut last, arrow.sent, &line, &way);
            }
            Item::Note(note) => {
                let mut line = lifelines(&busy, width);
                let mark = match note.mood {
                    Mood::Plain => '•',
                    Mood::Good => '+',
                    Mood::Again => '~',
                    Mood::Bad => '✕',
                    Mood::Wrong => '!',
                };
                let place = note.at.map_or(0, |it| it * width);
                let words: Vec<char> = format!("{mark} {}", note.text).chars().collect();
                let end = place + 2 + words.len();
                line.resize(line.len().max(end), ' ');
                line[place + 2..end].copy_from_slice(&words);
                put(&mut text, &mut last, note.time, &line, "");
            }
        }
    }
    if diagram.left_out > 0 {
        let _ = writeln!(text, "… and {} messages more", diagram.left_out);
    }
    text
}

fn put(text: &mut String, last: &mut Option<Time>, at: Time, line: &[char], aside: &str) {
    let time = if *last == Some(at) { String::new() } else { at.to_string() };
    *last = Some(at);
    let line: String = line.iter().collect();
    let line = format!("{time:>9}  {}{aside}", line.trim_end());
    let _ = writeln!(text, "{}", line.trim_end());
}

fn lifelines(busy: &[usize], width: usize) -> Vec<char> {
    let mut line = vec![' '; busy.len() * width];
    for (column, busy) in busy.iter().enumerate() {
        line[column * width] = if *busy > 0 { '┃' } else { '│' };
    }
    line
}

fn draw(arrow: &Arrow, width: usize, line: &mut Vec<char>) {
    let (from, to) = (arrow.from * width, arrow.to * width);
    let label: Vec<char> = arrow.label.chars().collect();
    if from == to {
        let end = from + 4 + label.len();
        line.resize(line.len().max(end), ' ');
        line[from + 1] = '↺';
        line[from + 4..end].copy_from_slice(&label);
        return;
    }
    let dash = if arrow.is_answer() { '┄' } else { '─' };
    let is_left = to < from;
    let (mut left, mut right) = (from.min(to) + 1, from.max(to));
    // What is lost on its way does not come to its end.
    if let Fate::Lost(_, DropReason::Lost | DropReason::LinkCut) = arrow.fate {
        let short = (right - left) / 4;
        if is_left { left += short } else { right -= short }
    }
    for place in &mut line[left..right] {
        *place = dash;
    }
    let head = match (arrow.fate, arrow.head(), is_left) {
        (Fate::Lost(..), ..) => '✕',
        (Fate::Flying, ..) => '…',
        (_, Head::Full, false) => '▶',
        (_, Head::Full, true) => '◀',
        (_, Head::Open, false) => '>',
        (_, Head::Open, true) => '<',
    };
    line[if is_left { left } else { right - 1 }] = head;
    let room = right - left - 3;
    let label: Vec<char> = shortened(&arrow.label, room).chars().collect();
    let begin = if is_left { right - 1 - label.len() } else { left + 1 };
    line[begin..begin + label.len()].copy_from_slice(&label);
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut text: String = text.chars().take(most.saturating_sub(1)).collect();
    text.push('…');
    text
}

fn items(diagram: &Diagram) -> Vec<Item<'_>> {
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
    items.into_iter().map(|it| it.2).collect()
}
