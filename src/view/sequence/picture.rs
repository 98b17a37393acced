//! Where everything of a sequence diagram stands. Time runs down, and is stretched: what happens
//! at one instant is pulled apart, and time in which nothing happens takes no more room than it
//! takes to say so.

use crate::model::{Span, Time};

use super::diagram::{Arrow, Diagram, Fate};

/// The measures of a picture, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// From one column to the next.
    pub column: f32,
    /// The width of the times at the left.
    pub times: f32,
    /// The height of a message with its label, or of a note.
    pub row: f32,
    /// The least between two instants.
    pub step: f32,
    /// The most that time without anything adds to that.
    pub stretch: f32,
}

impl Default for Measures {
    fn default() -> Self {
        Self { column: 176.0, times: 92.0, row: 25.0, step: 11.0, stretch: 30.0 }
    }
}

/// How many times the usual time between two things a silence must last to be marked.
const SILENCE: f64 = 12.0;

/// A sequence diagram with the place of everything; the heads of columns stand above it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The whole width.
    pub width: f32,
    /// The whole height.
    pub height: f32,
    /// Where the lifelines are.
    pub columns: Vec<f32>,
    /// In the order of the diagram's arrows.
    pub arrows: Vec<PlacedArrow>,
    /// In the order of the diagram's bars: middle, top, bottom.
    pub bars: Vec<Upright>,
    /// In the order of the diagram's notes.
    pub notes: Vec<PlacedNote>,
    /// In the order of the diagram's down-times.
    pub downs: Vec<Upright>,
    /// Silences: where, and how long.
    pub gaps: Vec<(f32, Span)>,
    /// Times that are written at the left: where, and when.
    pub times: Vec<(f32, Time)>,
    instants: Vec<Instant>,
}

/// Where an arrow stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlacedArrow {
    /// Where it begins.
    pub from: (f32, f32),
    /// Where it ends.
    pub to: (f32, f32),
    /// Where its label begins, or ends if it goes to the left: on its base line.
    pub label: (f32, f32),
    /// How wide its label may be.
    pub room: f32,
    /// Whether it goes to the left.
    pub is_left: bool,
    /// Whether it comes back to where it began.
    pub is_loop: bool,
}

/// Something that stands upright.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Upright {
    /// Its middle.
    pub x: f32,
    /// Where it begins.
    pub top: f32,
    /// Where it ends.
    pub bottom: f32,
}

/// Where a note stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlacedNote {
    /// Its left edge.
    pub left: f32,
    /// Its middle, from top to bottom.
    pub y: f32,
    /// How wide it may be.
    pub room: f32,
}

/// An instant at which something happens.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Instant {
    at: Time,
    top: f32,
    bottom: f32,
}

/// What takes a place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Arrive(usize),
    Begin(usize),
    Send(usize),
    Note(usize),
    Finish(usize),
    Down(usize),
    Up(usize),
}

/// The width of a bar, and how far those beside one another are apart.
pub const BAR: (f32, f32) = (9.0, 6.0);
/// More bars beside one another than this lie upon one another.
const MOST_BARS: usize = 7;

impl Picture {
    /// The picture of a diagram.
    #[must_use]
    pub fn new(diagram: &Diagram, measures: &Measures) -> Self {
        let Measures { column, times, .. } = *measures;
        #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
        let x = |column_number: usize| times + column * (column_number as f32 + 0.5);
        let count = diagram.participants.len();
        let mut picture = Self {
            #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
            width: times + column * count as f32,
            columns: (0..count).map(x).collect(),
            arrows: vec![PlacedArrow::default(); diagram.arrows.len()],
            bars: vec![Upright::default(); diagram.bars.len()],
            notes: vec![PlacedNote::default(); diagram.notes.len()],
            downs: vec![Upright::default(); diagram.downs.len()],
            ..Self::default()
        };
        picture.place_in_time(diagram, measures);
        picture.place_across(diagram, measures);
        picture
    }

    /// From top to bottom.
    fn place_in_time(&mut self, diagram: &Diagram, measures: &Measures) {
        let items = items(diagram);
        let usual = usual_span(&items);
        let mut bottom = 8.0;
        let mut last: Option<Time> = None;
        let mut last_label = f32::MIN;
        for all in items.chunk_by(|a, b| a.0 == b.0) {
            let at = all[0].0;
            let speaks = all.iter().any(|it| matches!(it.2, Item::Send(_) | Item::Note(_)));
            let mut top = bottom + if speaks { measures.row } else { measures.step };
            if let Some(last) = last {
                let span = at.since(last);
                let silence = span.as_secs_f64() / usual;
                #[expect(clippy::cast_possible_truncation, reason = "points")]
                let stretch = (silence.log2().max(0.0) / SILENCE.log2()) as f32;
                top += measures.stretch * stretch.min(1.0);
                if silence >= SILENCE {
                    // The mark has a place of its own.
                    top += measures.row * 0.5;
                    let middle = f32::midpoint(bottom, top - measures.row * 0.5);
                    self.gaps.push((middle, span));
                    last_label = last_label.max(middle);
                }
            }
            bottom = self.place_instant(diagram, all, top, measures);
            self.instants.push(Instant { at, top, bottom });
            if speaks && top - last_label >= 15.0 {
                self.times.push((top, at));
                last_label = top;
            }
            last = Some(at);
        }
        self.height = bottom + measures.row;
        for (placed, arrow) in self.arrows.iter_mut().zip(&diagram.arrows) {
            if arrow.fate == Fate::Flying {
                placed.to.1 = self.height - 4.0;
            }
        }
        for (placed, bar) in self.bars.iter_mut().zip(&diagram.bars) {
            if bar.to.is_none() {
                placed.bottom = self.height;
            }
            placed.bottom = placed.bottom.max(placed.top + 7.0);
        }
        for (placed, down) in self.downs.iter_mut().zip(&diagram.downs) {
            if down.to.is_none() {
                placed.bottom = self.height;
            }
        }
    }

    /// Places what happens at one instant, from `top` on; gives where it ends.
    fn place_instant(
        &mut self,
        diagram: &Diagram,
        all: &[(Time, usize, Item)],
        top: f32,
        measures: &Measures,
    ) -> f32 {
        let at = all[0].0;
        let arrives = all.iter().any(|it| matches!(it.2, Item::Arrive(_)));
        let mut y = top;
        let mut is_taken = false;
        let mut slot = |y: &mut f32, is_note: bool| {
            if is_taken || (is_note && arrives) {
                *y += measures.row;
            }
            is_taken = true;
            *y
        };
        for (_, _, item) in fanned(diagram, all) {
            match item {
                Item::Send(it) => self.arrows[it].from.1 = slot(&mut y, false),
                Item::Note(it) => self.notes[it].y = slot(&mut y, true),
                Item::Begin(it) => self.bars[it].top = y,
                Item::Down(it) => self.downs[it].top = y,
                Item::Up(it) => self.downs[it].bottom = y,
                Item::Arrive(_) | Item::Finish(_) => {}
            }
        }
        for &(_, _, item) in all {
            match item {
                Item::Arrive(it) => {
                    let is_instant = diagram.arrows[it].sent == at;
                    self.arrows[it].to.1 = if is_instant { self.arrows[it].from.1 } else { top };
                }
                Item::Finish(it) => self.bars[it].bottom = y,
                _ => {}
            }
        }
        y
    }

    /// From left to right.
    fn place_across(&mut self, diagram: &Diagram, measures: &Measures) {
        for (placed, arrow) in self.arrows.iter_mut().zip(&diagram.arrows) {
            let (from, to) = (self.columns[arrow.from], self.columns[arrow.to]);
            placed.is_left = to < from;
            placed.is_loop = from == to;
            let side = if placed.is_left { -1.0 } else { 1.0 };
            let edge = BAR.0 / 2.0 + 0.5;
            placed.from.0 = from + side * edge;
            placed.to.0 = to - side * edge;
            if placed.is_loop {
                placed.to.0 = from + edge;
                placed.to.1 = placed.to.1.max(placed.from.1 + 9.0);
            }
            placed.room = (to - from).abs().max(measures.column) - 2.0 * edge - 10.0;
            placed.label = (placed.from.0 + side * 6.0, placed.from.1 - 4.0);
            let share = share_of_way(arrow);
            placed.to.0 = placed.from.0 + (placed.to.0 - placed.from.0) * share;
        }
        for (placed, bar) in self.bars.iter_mut().zip(&diagram.bars) {
            #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
            let aside = bar.level.min(MOST_BARS) as f32 * BAR.1;
            placed.x = self.columns[bar.at] + aside;
        }
        for (placed, note) in self.notes.iter_mut().zip(&diagram.notes) {
            (placed.left, placed.room) = match note.at {
                Some(at) => (self.columns[at] + 12.0, measures.column - 22.0),
                None => (measures.times + 8.0, self.width - measures.times - 16.0),
            };
        }
        // The notes of the last column stand further to the right than it ends.
        let right = self.notes.iter().map(|it| it.left + it.room).fold(self.width, f32::max);
        self.width = right;
        for (placed, down) in self.downs.iter_mut().zip(&diagram.downs) {
            placed.x = self.columns[down.at];
        }
    }

    /// Where an instant is.
    #[must_use]
    pub fn y(&self, at: Time) -> f32 {
        let after = self.instants.partition_point(|it| it.at <= at);
        let Some(before) = after.checked_sub(1).map(|it| self.instants[it]) else { return 0.0 };
        let Some(next) = self.instants.get(after) else { return self.height };
        let whole = next.at.since(before.at).as_secs_f64();
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let share = (at.since(before.at).as_secs_f64() / whole) as f32;
        before.bottom + (next.top - before.bottom) * share
    }

    /// The instant at a place.
    #[must_use]
    pub fn time(&self, y: f32) -> Time {
        let after = self.instants.partition_point(|it| it.top <= y);
        let Some(before) = after.checked_sub(1).map(|it| self.instants[it]) else {
            return self.instants.first().map_or(Time::ZERO, |it| it.at);
        };
        let Some(next) = self.instants.get(after) else { return before.at };
        if y <= before.bottom {
            return before.at;
        }
        let share = f64::from((y - before.bottom) / (next.top - before.bottom));
        before.at + Span::from_secs_f64(next.at.since(before.at).as_secs_f64() * share)
    }

    /// The first and the last instant that it tells of.
    #[must_use]
    pub fn span(&self) -> Option<(Time, Time)> {
        Some((self.instants.first()?.at, self.instants.last()?.at))
    }
}

/// How much of its way an arrow is drawn: one that is lost does not come to its end.
const fn share_of_way(arrow: &Arrow) -> f32 {
    use crate::model::DropReason as Why;
    match arrow.fate {
        Fate::Arrived(_) => 1.0,
        Fate::Lost(_, Why::Lost | Why::LinkCut) => 0.7,
        Fate::Lost(..) => 0.94,
        Fate::Flying => 0.5,
    }
}

/// Everything that takes a place, by instant and then in the order in which it happened.
fn items(diagram: &Diagram) -> Vec<(Time, usize, Item)> {
    let mut items = Vec::new();
    for (place, it) in diagram.arrows.iter().enumerate() {
        items.push((it.sent, it.order, Item::Send(place)));
        if let Some(end) = it.end() {
            items.push((end, 0, Item::Arrive(place)));
        }
    }
    for (place, it) in diagram.bars.iter().enumerate() {
        items.push((it.from, it.order, Item::Begin(place)));
        if let Some(to) = it.to {
            items.push((to, it.end, Item::Finish(place)));
        }
    }
    for (place, it) in diagram.notes.iter().enumerate() {
        items.push((it.time, it.order, Item::Note(place)));
    }
    // What was down before or is so after what is told makes no instant of its own.
    let first = items.iter().map(|it| it.0).min();
    let last = items.iter().map(|it| it.0).max();
    for (place, it) in diagram.downs.iter().enumerate() {
        items.push((it.from.max(first.unwrap_or(it.from)), usize::MAX, Item::Down(place)));
        if let Some(to) = it.to {
            items.push((to.min(last.unwrap_or(to)), usize::MAX, Item::Up(place)));
        }
    }
    items.sort_unstable();
    items
}

/// The time that usually lies between two instants, in seconds.
fn usual_span(items: &[(Time, usize, Item)]) -> f64 {
    let mut spans: Vec<Span> =
        items.windows(2).map(|it| it[1].0.since(it[0].0)).filter(|it| *it > Span::ZERO).collect();
    spans.sort_unstable();
    spans.get(spans.len() / 2).map_or(1.0, |it| it.as_secs_f64())
}

/// The items of an instant, so that what one sends to many does not cross itself: what goes far
/// before what goes near.
fn fanned(diagram: &Diagram, all: &[(Time, usize, Item)]) -> Vec<(Time, usize, Item)> {
    let sender = |it: &(Time, usize, Item)| match it.2 {
        Item::Send(it) => Some(diagram.arrows[it].from),
        _ => None,
    };
    let mut items: Vec<_> =
        all.iter().copied().filter(|it| !matches!(it.2, Item::Arrive(_))).collect();
    for run in items.chunk_by_mut(|a, b| sender(a).is_some() && sender(a) == sender(b)) {
        run.sort_by_key(|it| match it.2 {
            Item::Send(it) => {
                let Arrow { from, to, .. } = diagram.arrows[it];
                std::cmp::Reverse(from.abs_diff(to))
            }
            _ => std::cmp::Reverse(0),
        });
    }
    items
}
