//! How a sequence diagram is painted, and what is where.

use std::collections::BTreeSet;

use egui::{Align2, Color32, Painter, Pos2, Rangef, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use crate::gui::controls;
use crate::gui::theme::Theme;
use crate::model::{EventId, Time};
use crate::view::sequence::picture::{BAR, PlacedArrow};
use crate::view::sequence::{Arrow, Bar, Diagram, Head, Note, Picture};
use crate::view::story::Mood;

/// What a diagram is painted on.
pub struct Canvas<'a> {
    /// The painter, cut to what is seen.
    pub painter: Painter,
    /// Where the picture's corner is, on the screen.
    pub origin: Pos2,
    /// How many times as large.
    pub zoom: f32,
    /// What is painted.
    pub diagram: &'a Diagram,
    /// Where it stands.
    pub picture: &'a Picture,
    /// The look.
    pub theme: &'a Theme,
    /// What can be seen, in points of the screen from the corner.
    pub seen: Rangef,
    /// From one column to the next, in points of the picture.
    pub column: f32,
}

impl Canvas<'_> {
    fn at(&self, (x, y): (f32, f32)) -> Pos2 {
        self.origin + vec2(x, y) * self.zoom
    }

    fn is_seen(&self, top: f32, bottom: f32) -> bool {
        let (top, bottom) = (top.min(bottom) * self.zoom, top.max(bottom) * self.zoom);
        bottom >= self.seen.min - 30.0 && top <= self.seen.max + 30.0
    }

    /// The right edge of the times, on the screen.
    pub fn times(&self) -> f32 {
        let first = self.picture.columns.first().copied().unwrap_or(self.picture.width);
        self.at((first - self.column / 2.0, 0.0)).x
    }

    /// Where an instant is, on the screen.
    pub fn y(&self, at: Time) -> f32 {
        self.at((0.0, self.picture.y(at))).y
    }

    /// The instant at a place of the screen.
    pub fn time(&self, y: f32) -> Time {
        self.picture.time((y - self.origin.y) / self.zoom)
    }

    fn stroke(&self, width: f32, colour: Color32) -> Stroke {
        Stroke::new((width * self.zoom).max(0.8), colour)
    }

    /// The heads of the columns; gives where they are.
    pub fn heads(&self, band: Rect) -> Vec<Rect> {
        let colours = &self.theme.colours;
        self.painter.rect_filled(band, 0.0, colours.background);
        self.painter.hline(band.x_range(), band.bottom(), Stroke::new(1.0, colours.panel_edge));
        let mut heads = Vec::new();
        for (it, x) in self.diagram.participants.iter().zip(&self.picture.columns) {
            let width = self.column - 14.0;
            let rect = Rect::from_min_size(
                self.at((x - width / 2.0, 4.0)),
                vec2(width, band.height() / self.zoom - 8.0) * self.zoom,
            );
            let edge = if it.kind == "topic" { colours.accent } else { colours.card_border };
            let stroke = Stroke::new(1.0, edge);
            self.painter.rect(rect, 6.0 * self.zoom, colours.card, stroke, StrokeKind::Inside);
            let middle = rect.center_top();
            let name = self.theme.strong_font(12.5 * self.zoom);
            let kind = self.theme.text_font(9.5 * self.zoom);
            let room = rect.width() - 10.0 * self.zoom;
            self.fitted(
                middle + vec2(0.0, 11.5) * self.zoom,
                Align2::CENTER_CENTER,
                &it.name,
                name,
                colours.text,
                room,
            );
            self.painter.text(
                middle + vec2(0.0, 25.0) * self.zoom,
                Align2::CENTER_CENTER,
                it.kind,
                kind,
                colours.text_weak,
            );
            heads.push(rect);
        }
        heads
    }

    /// A text in so much room, shortened if it is longer; gives where it is.
    fn fitted(
        &self,
        at: Pos2,
        align: Align2,
        text: &str,
        font: egui::FontId,
        colour: Color32,
        room: f32,
    ) -> Rect {
        let galley = self.galley(text, font, colour, room);
        let rect = align.anchor_size(at, galley.size());
        self.painter.galley(rect.min, galley, colour);
        rect
    }

    fn galley(
        &self,
        text: &str,
        font: egui::FontId,
        colour: Color32,
        room: f32,
    ) -> std::sync::Arc<egui::Galley> {
        controls::cut(&self.painter, text, font, colour, room.max(8.0))
    }

    /// What lies behind the messages: lifelines, down-times, silences and times.
    pub fn behind(&self, now: Time) {
        let colours = &self.theme.colours;
        let top = self.origin.y + self.seen.min - 8.0;
        let bottom =
            (self.origin.y + self.seen.max + 8.0).min(self.at((0.0, self.picture.height)).y);
        // A dash is where it is however far one has scrolled.
        let dash = 6.0 * self.zoom;
        let first = self.origin.y + ((top - self.origin.y) / dash).floor() * dash;
        for x in &self.picture.columns {
            let x = self.at((*x, 0.0)).x;
            let line = [pos2(x, first), pos2(x, bottom)];
            let stroke = self.stroke(1.0, colours.link);
            self.painter.extend(Shape::dashed_line(&line, stroke, dash / 2.0, dash / 2.0));
        }
        for (down, it) in self.diagram.downs.iter().zip(&self.picture.downs) {
            let half = if down.is_all { 15.0 } else { 8.0 };
            let rect = Rect::from_min_max(
                self.at((it.x - half, it.top)),
                self.at((it.x + half, it.bottom)),
            );
            let fill = colours.bad_fill;
            let stroke = self.stroke(1.0, colours.bad.gamma_multiply(0.7));
            self.painter.rect(rect, 3.0 * self.zoom, fill, stroke, StrokeKind::Inside);
        }
        let mono = self.theme.mono_font(10.5 * self.zoom);
        let right = self.times() - 10.0 * self.zoom;
        let end = self.at((self.picture.width - 12.0, 0.0)).x;
        for (y, span) in self.picture.gaps.iter().filter(|(y, _)| self.is_seen(*y, *y)) {
            let y = self.at((0.0, *y)).y;
            let line = [pos2(right + 8.0 * self.zoom, y), pos2(end, y)];
            let stroke = self.stroke(1.0, colours.link);
            let (dot, gap) = (1.5 * self.zoom, 5.0 * self.zoom);
            self.painter.extend(Shape::dashed_line(&line, stroke, dot, gap));
            let text = format!("{span:.1} ⋮");
            let at = pos2(right, y);
            let ink = colours.text_weak;
            self.painter.text(at, Align2::RIGHT_CENTER, text, mono.clone(), ink);
        }
        for (y, at) in self.picture.times.iter().filter(|(y, _)| self.is_seen(*y, *y)) {
            let place = pos2(right, self.at((0.0, *y)).y);
            // The playhead's own stands there.
            if (place.y - self.y(now)).abs() < 16.0 * self.zoom {
                continue;
            }
            let ink = colours.text_weak;
            self.painter.text(place, Align2::RIGHT_CENTER, at.to_string(), mono.clone(), ink);
        }
    }

    /// Work.
    pub fn bars(&self, selected: Option<EventId>) {
        let colours = &self.theme.colours;
        for (place, bar) in self.diagram.bars.iter().enumerate() {
            let it = &self.picture.bars[place];
            if !self.is_seen(it.top, it.bottom) {
                continue;
            }
            let colour = self.theme.event(bar.colour);
            let is_selected = selected == Some(bar.event);
            let edge = if is_selected { colours.selection } else { colour };
            let rect = self.bar_rect(place);
            let face = colours.card.lerp_to_gamma(colour, 0.3);
            let stroke = self.stroke(if is_selected { 1.8 } else { 1.0 }, edge);
            self.painter.rect(rect, 2.0 * self.zoom, face, stroke, StrokeKind::Inside);
        }
    }

    fn bar_rect(&self, place: usize) -> Rect {
        let it = &self.picture.bars[place];
        let half = BAR.0 / 2.0;
        Rect::from_min_max(self.at((it.x - half, it.top)), self.at((it.x + half, it.bottom)))
    }

    /// How strongly something of an event is painted: what has nothing to do with the selected one
    /// stands back.
    fn strength(event: EventId, related: Option<&BTreeSet<EventId>>) -> f32 {
        if related.is_none_or(|it| it.contains(&event)) { 1.0 } else { 0.38 }
    }

    /// The messages, without their labels.
    pub fn arrows(
        &self,
        selected: Option<EventId>,
        related: Option<&BTreeSet<EventId>>,
        under: Option<usize>,
    ) {
        for (place, arrow) in self.diagram.arrows.iter().enumerate() {
            let it = &self.picture.arrows[place];
            if !self.is_seen(it.from.1, it.to.1) {
                continue;
            }
            let is_selected = selected == Some(arrow.event);
            let width = if is_selected || under == Some(place) { 2.2 } else { 1.3 };
            let colour = self.theme.event(arrow.colour);
            let colour = colour.gamma_multiply(Self::strength(arrow.event, related));
            self.arrow(arrow, it, self.stroke(width, colour));
        }
    }

    fn arrow(&self, arrow: &Arrow, it: &PlacedArrow, stroke: Stroke) {
        let points = self.points(it);
        if arrow.is_answer() {
            let (dash, gap) = (5.0 * self.zoom, 4.0 * self.zoom);
            self.painter.extend(Shape::dashed_line(&points, stroke, dash, gap));
        } else {
            self.painter.line(points.clone(), stroke);
        }
        let [.., before, tip] = points[..] else { return };
        let along = (tip - before).normalized();
        let aside = along.rot90();
        let at = |back: f32, by: f32| tip - (along * back - aside * by) * self.zoom;
        if arrow.is_lost() {
            let cross = self.stroke(2.0, self.theme.colours.bad);
            self.painter.line_segment([at(-4.0, -4.0), at(4.0, 4.0)], cross);
            self.painter.line_segment([at(-4.0, 4.0), at(4.0, -4.0)], cross);
        } else if arrow.end().is_some() {
            let corners = vec![at(8.5, -4.0), tip, at(8.5, 4.0)];
            match arrow.head() {
                Head::Full => {
                    self.painter.add(Shape::convex_polygon(corners, stroke.color, Stroke::NONE));
                }
                Head::Open => {
                    self.painter.line(corners, stroke);
                }
            }
        }
    }

    fn points(&self, it: &PlacedArrow) -> Vec<Pos2> {
        if it.is_loop {
            let aside = it.from.0 + 26.0;
            let corners = [it.from, (aside, it.from.1), (aside, it.to.1), it.to];
            corners.map(|it| self.at(it)).to_vec()
        } else {
            vec![self.at(it.from), self.at(it.to)]
        }
    }

    /// The labels of the messages; gives where they are.
    pub fn labels(
        &self,
        selected: Option<EventId>,
        related: Option<&BTreeSet<EventId>>,
        under: Option<usize>,
    ) -> Vec<(usize, Rect)> {
        let colours = &self.theme.colours;
        let mut labels = Vec::new();
        for (place, arrow) in self.diagram.arrows.iter().enumerate() {
            let it = &self.picture.arrows[place];
            if !self.is_seen(it.label.1 - 14.0, it.label.1) {
                continue;
            }
            let is_selected = selected == Some(arrow.event);
            let ink = match arrow {
                it if it.is_lost() => colours.bad,
                it if it.is_again => colours.warning,
                it if it.is_answer() => colours.text_weak,
                _ => colours.text,
            };
            let ink = ink.gamma_multiply(Self::strength(arrow.event, related));
            let size = 11.0 * self.zoom;
            let font = if is_selected || under == Some(place) {
                self.theme.strong_font(size)
            } else {
                self.theme.text_font(size)
            };
            let galley = self.galley(&arrow.label, font, ink, it.room * self.zoom);
            let align = if it.is_left { Align2::RIGHT_BOTTOM } else { Align2::LEFT_BOTTOM };
            let rect = align.anchor_size(self.at(it.label) + vec2(0.0, 2.0), galley.size());
            // Lines that pass behind it do not touch it.
            let ground = colours.background.gamma_multiply(0.85);
            self.painter.rect_filled(rect.expand2(vec2(2.0, -1.0)), 2.0, ground);
            self.painter.galley(rect.min, galley, ink);
            labels.push((place, rect));
        }
        labels
    }

    /// What else happened.
    pub fn notes(&self) {
        let colours = &self.theme.colours;
        for (place, note) in self.diagram.notes.iter().enumerate() {
            let it = &self.picture.notes[place];
            if !self.is_seen(it.y - 10.0, it.y + 10.0) {
                continue;
            }
            let ink = self.mood(note.mood);
            let (rect, galley) = self.note(place, note);
            let stroke = self.stroke(1.0, ink.gamma_multiply(0.6));
            if note.at.is_none() {
                let end = self.at((self.picture.width, it.y));
                self.painter.hline(rect.right()..=end.x, end.y, stroke);
            }
            let radius = 4.0 * self.zoom;
            self.painter.rect(rect, radius, colours.card, stroke, StrokeKind::Inside);
            let corner = rect.left_center() + vec2(7.0 * self.zoom, -galley.size().y / 2.0);
            self.painter.galley(corner, galley, ink);
        }
    }

    /// Where a note is on the screen, and its text.
    fn note(&self, place: usize, note: &Note) -> (Rect, std::sync::Arc<egui::Galley>) {
        let it = &self.picture.notes[place];
        let font = self.theme.text_font(10.5 * self.zoom);
        let room = (it.room - 14.0) * self.zoom;
        let galley = self.galley(&note.text, font, self.mood(note.mood), room);
        let width = galley.size().x + 14.0 * self.zoom;
        let corner = self.at((it.left, it.y - 9.0));
        (Rect::from_min_size(corner, vec2(width, 18.0 * self.zoom)), galley)
    }

    fn mood(&self, mood: Mood) -> Color32 {
        let colours = &self.theme.colours;
        match mood {
            Mood::Plain => colours.text_weak,
            Mood::Good => colours.good,
            Mood::Again => colours.warning,
            Mood::Bad => colours.bad,
            Mood::Wrong => colours.wrong,
        }
    }

    /// The instant that is shown, as a line across; what is later is fainter.
    pub fn playhead(&self, now: Time) {
        let Some((first, last)) = self.picture.span() else { return };
        if now < first || now > last {
            return;
        }
        let colours = &self.theme.colours;
        let y = self.y(now);
        let edge = self.at((self.picture.width, self.picture.height));
        let later = Rect::from_min_max(pos2(self.times(), y), edge);
        self.painter.rect_filled(later, 0.0, colours.background.gamma_multiply(0.42));
        let left = self.at((0.0, 0.0)).x;
        let right = edge.x.max(self.painter.clip_rect().right());
        self.painter.hline(left..=right, y, self.stroke(1.5, colours.accent));
        let font = self.theme.mono_font(10.5 * self.zoom);
        let place = pos2(self.times() - 10.0 * self.zoom, y);
        let text = self.painter.layout_no_wrap(now.to_string(), font, colours.on_accent);
        let rect = Align2::RIGHT_CENTER.anchor_size(place, text.size());
        self.painter.rect_filled(rect.expand2(vec2(5.0, 2.0) * self.zoom), 3.0, colours.accent);
        self.painter.galley(rect.min, text, colours.on_accent);
    }

    /// The message at a place of the screen, within reach.
    pub fn arrow_at(&self, at: Pos2, reach: f32) -> Option<usize> {
        let distance = |it: &PlacedArrow| {
            self.points(it)
                .windows(2)
                .map(|it| to_segment(at, it[0], it[1]))
                .fold(f32::INFINITY, f32::min)
        };
        self.picture
            .arrows
            .iter()
            .enumerate()
            .filter(|(_, it)| self.is_seen(it.from.1, it.to.1))
            .map(|(place, it)| (distance(it), place))
            .filter(|(distance, _)| *distance <= reach)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, place)| place)
    }

    /// The work at a place of the screen.
    pub fn bar_at(&self, at: Pos2) -> Option<&Bar> {
        let found = (0..self.diagram.bars.len()).rfind(|it| self.bar_rect(*it).contains(at))?;
        self.diagram.bars.get(found)
    }

    /// The note at a place of the screen.
    pub fn note_at(&self, at: Pos2) -> Option<&Note> {
        self.diagram
            .notes
            .iter()
            .enumerate()
            .filter(|(place, _)| {
                let y = self.picture.notes[*place].y;
                self.is_seen(y - 10.0, y + 10.0)
            })
            .find(|(place, note)| self.note(*place, note).0.contains(at))
            .map(|(_, note)| note)
    }
}

/// How far a point is from a piece of a line.
fn to_segment(at: Pos2, from: Pos2, to: Pos2) -> f32 {
    let along = to - from;
    let share = ((at - from).dot(along) / along.length_sq().max(1e-6)).clamp(0.0, 1.0);
    at.distance(from + along * share)
}
