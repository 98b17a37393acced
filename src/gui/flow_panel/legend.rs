//! The legend: what colours, letters and shapes mean.

use std::sync::Arc;

use egui::{Align2, Galley, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use crate::gui::theme::Theme;
use crate::model::Model;
use crate::view::flow::used_types;

/// Between the legend and the edges of the view.
const MARGIN: f32 = 12.0;

/// Inside its frame.
const INSIDE: Vec2 = vec2(12.0, 8.0);

/// The height of a row.
const ROW: f32 = 20.0;

/// A view lower than this, in points, has room for one row.
const LOW: f32 = 400.0;

/// Between a sign and its name, and between a name and the next sign.
const APART: (f32, f32) = (13.0, 16.0);

/// What a message is drawn as, in the order of the lower row.
const SIGNS: [&str; 8] =
    ["event", "request", "reply", "failure", "ack", "delivered again", "held", "lost"];

/// A legend that is laid out.
pub struct Legend {
    /// Where it lies.
    pub rect: Rect,
    types: Vec<Entry>,
    signs: Vec<Entry>,
}

/// A sign and its name.
struct Entry {
    /// The colour and the letter of a type of event.
    badge: Option<(u8, char)>,
    /// Where its sign begins, from the left.
    x: f32,
    name: Arc<Galley>,
}

impl Entry {
    fn end(&self) -> f32 {
        self.x + 7.0 + APART.0 + self.name.size().x
    }
}

impl Legend {
    /// The legend in the lower left corner of a view: as many types of events as there is room
    /// for, and below them the shapes.
    pub fn new(painter: &Painter, view: Rect, model: &Model, theme: &Theme) -> Self {
        let font = theme.text_font(theme.sizes.small);
        let name = |text: &str| {
            painter.layout_no_wrap(text.to_owned(), font.clone(), theme.colours.text_weak)
        };
        let room = view.width() - 2.0 * (MARGIN + INSIDE.x);
        let used = used_types(model);
        let mut types: Vec<Entry> = Vec::new();
        let next = |row: &[Entry]| row.last().map_or(0.0, |it| it.end() + APART.1);
        for (index, id) in used.iter().enumerate() {
            let event_type = &model.event_types[id.index()];
            let badge = Some((event_type.colour, event_type.letter));
            let entry = Entry { badge, x: next(&types), name: name(&event_type.name) };
            if entry.end() > room - 70.0 && index + 1 < used.len() {
                let rest = name(&format!("and {} more", used.len() - index));
                types.push(Entry { badge: None, name: rest, ..entry });
                break;
            }
            types.push(entry);
        }
        let mut signs: Vec<Entry> = Vec::new();
        // In a low view the shapes are left out, so that there is room for what wears them.
        let is_low = view.height() < LOW;
        for sign in SIGNS.into_iter().filter(|_| !is_low) {
            signs.push(Entry { badge: None, x: next(&signs), name: name(sign) });
        }
        let width = types.iter().chain(&signs).map(Entry::end).fold(0.0, f32::max);
        let rows = if is_low { 1.0 } else { 2.0 };
        let size = vec2(width, rows * ROW) + 2.0 * INSIDE;
        let corner = pos2(view.left() + MARGIN, view.bottom() - MARGIN - size.y);
        Self { rect: Rect::from_min_size(corner, size), types, signs }
    }

    /// Paints it.
    pub fn paint(&self, painter: &Painter, theme: &Theme) {
        let colours = &theme.colours;
        let edge = Stroke::new(1.0, colours.panel_edge);
        let face = colours.panel.gamma_multiply(0.9);
        painter.rect(self.rect, theme.sizes.card_radius, face, edge, StrokeKind::Inside);
        let place = |x: f32, row: f32| self.rect.min + INSIDE + vec2(x + 7.0, ROW * (row + 0.5));
        let name = |at: Pos2, entry: &Entry| {
            let at = at + vec2(APART.0, -entry.name.size().y / 2.0);
            painter.galley(at, Arc::clone(&entry.name), colours.text_weak);
        };
        for entry in &self.types {
            let at = place(entry.x, 0.0);
            if let Some((colour, letter)) = entry.badge {
                painter.circle_filled(at, 7.5, theme.event(colour));
                let font = theme.strong_font(9.5);
                painter.text(at, Align2::CENTER_CENTER, letter, font, colours.on_event);
            }
            name(at, entry);
        }
        for (index, entry) in self.signs.iter().enumerate() {
            let at = place(entry.x, 1.0);
            paint_sign(painter, at, index, theme);
            name(at, entry);
        }
    }
}

/// One of [`SIGNS`].
fn paint_sign(painter: &Painter, at: Pos2, index: usize, theme: &Theme) {
    let colours = &theme.colours;
    let weak = colours.text_weak;
    let diamond = || [(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)].map(|it| at + it.into());
    match index {
        0 => drop(painter.circle_filled(at, 4.5, weak)),
        1 => drop(painter.add(Shape::convex_polygon(diamond().into(), weak, Stroke::NONE))),
        2 => drop(painter.add(Shape::closed_line(diamond().into(), Stroke::new(1.5, weak)))),
        3 => {
            let square = Rect::from_center_size(at, vec2(8.0, 8.0));
            painter.rect_filled(square, 1.0, colours.bad);
        }
        4 => drop(painter.circle_filled(at, 2.0, weak)),
        5 => drop(painter.circle_stroke(at, 5.0, Stroke::new(1.5, colours.warning))),
        6 => {
            let stroke = Stroke::new(1.5, colours.accent);
            painter.circle_stroke(at, 5.0, stroke);
            painter.line_segment([at, at - vec2(0.0, 3.5)], stroke);
            painter.line_segment([at, at + vec2(3.0, 0.0)], stroke);
        }
        _ => {
            let stroke = Stroke::new(1.5, colours.bad);
            painter.line_segment([at - vec2(4.0, 4.0), at + vec2(4.0, 4.0)], stroke);
            painter.line_segment([at + vec2(-4.0, 4.0), at + vec2(4.0, -4.0)], stroke);
        }
    }
}
