//! Services as cards, topics as strips.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use crate::app::Selection;
use crate::gui::controls;
use crate::gui::theme::Theme;
use crate::view::flow::{Card, CardValue, Fit, Health, Strip, StripRow};
use crate::view::layout::{MOST_ROWS, STRIP_FOOT, STRIP_ROWS};

use super::Lit;

/// How many cells of a topic's end are shown.
const CELLS: usize = 12;

/// A cell's width with the gap to the next, and its height, in points of the layout.
const CELL: (f32, f32) = (18.0, 16.0);

/// Half the width of the marker of a group, in points of the layout.
const MARKER: f32 = 4.5;

/// Below this many points of the screen to a point of the layout nodes are seen from afar.
pub const FAR: f32 = 0.42;

/// The smallest name that is worth drawing, in points of the screen.
const LEAST_NAME: f32 = 7.0;

/// Where the first cell of a row begins.
const CELLS_LEFT: f32 = 36.0;

fn frame(painter: &Painter, rect: Rect, scale: f32, edge: Stroke, theme: &Theme) {
    let radius = f32::from(theme.sizes.card_radius) * scale.min(1.2);
    painter.rect(rect, radius, theme.colours.card, edge, StrokeKind::Inside);
}

/// A text that ends in `…` where there is no more room. Gives where it ends.
fn text(
    painter: &Painter,
    at: Pos2,
    room: f32,
    what: &str,
    font: egui::FontId,
    colour: Color32,
) -> f32 {
    let galley = controls::cut(painter, what, font, colour, room);
    let end = at.x + galley.size().x;
    painter.galley(at, galley, colour);
    end
}

/// A node seen from so far that nothing in it could be read: what it is or how it is by a band
/// of colour, and as much of its name as there is room for.
fn paint_far(
    painter: &Painter,
    rect: Rect,
    scale: f32,
    name: &str,
    edge: Stroke,
    band: Color32,
    theme: &Theme,
) {
    painter.rect(rect, 0.0, theme.colours.card, edge, StrokeKind::Inside);
    let width = (8.0 * scale).max(2.0);
    painter.rect_filled(Rect::from_min_size(rect.min, vec2(width, rect.height())), 0.0, band);
    let size = 26.0 * scale;
    if size >= LEAST_NAME {
        let at = rect.min + vec2(width + 4.0, (rect.height() - size * 1.3) / 2.0);
        let room = rect.right() - at.x - 2.0;
        text(painter, at, room, name, theme.strong_font(size), theme.colours.text);
    }
}

/// Paints a service.
pub fn paint_card(
    painter: &Painter,
    rect: Rect,
    scale: f32,
    card: &Card,
    lit: bool,
    theme: &Theme,
) {
    let colours = &theme.colours;
    let edge = match (lit, card.health) {
        (_, Health::Down) => Stroke::new(2.0, colours.bad),
        (true, _) => Stroke::new(1.5, colours.selection),
        (_, Health::Troubled) => Stroke::new(1.5, colours.warning),
        _ => Stroke::new(1.0, colours.card_border),
    };
    let health = match card.health {
        Health::Up => colours.good,
        Health::Troubled => colours.warning,
        Health::Down => colours.bad,
    };
    if scale < FAR {
        return paint_far(painter, rect, scale, &card.name, edge, health, theme);
    }
    frame(painter, rect, scale, edge, theme);
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * scale;
    let width = rect.width();
    match card.health {
        // By shape as well as by colour.
        Health::Down => {
            let square = Rect::from_center_size(at(18.0, 20.0), vec2(9.0, 9.0) * scale);
            painter.rect_filled(square, 1.0, health);
        }
        _ => {
            painter.circle_filled(at(18.0, 20.0), 5.0 * scale, health);
        }
    }
    let aside = painter.text(
        at(0.0, 20.0) + vec2(width - 12.0 * scale, 0.0),
        Align2::RIGHT_CENTER,
        &card.aside,
        theme.text_font(11.0 * scale),
        colours.text_weak,
    );
    let name_room = aside.left() - at(30.0, 0.0).x - 4.0 * scale;
    text(
        painter,
        at(30.0, 11.0),
        name_room,
        &card.name,
        theme.strong_font(14.5 * scale),
        colours.text,
    );
    let state = if card.health == Health::Down { colours.bad } else { colours.text_weak };
    let room = width - 26.0 * scale;
    text(painter, at(14.0, 35.0), room, &card.state, theme.mono_font(11.0 * scale), state);
    for (row, CardValue { label, value, fit }) in card.values.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
        let y = 54.0 + 17.0 * row as f32;
        text(
            painter,
            at(14.0, y),
            room * 0.6,
            label,
            theme.text_font(11.5 * scale),
            colours.text_weak,
        );
        painter.text(
            at(0.0, y) + vec2(width - 12.0 * scale, 0.0),
            Align2::RIGHT_TOP,
            value,
            theme.mono_font(11.5 * scale),
            fit_ink(*fit, theme),
        );
    }
    let bar = Rect::from_min_max(
        pos2(rect.left() + 14.0 * scale, rect.bottom() - 32.0 * scale),
        pos2(rect.right() - 12.0 * scale, rect.bottom() - 12.0 * scale),
    );
    paint_bar(painter, bar, scale, card, theme);
}

/// The colour of a value: pink where it is wrong, as what waits has where it is only behind.
pub const fn fit_ink(fit: Fit, theme: &Theme) -> Color32 {
    match fit {
        Fit::Right => theme.colours.text,
        Fit::NotYet => theme.colours.accent,
        Fit::Wrong => theme.colours.wrong,
    }
}

/// Hands as segments, and beside them how many messages wait.
fn paint_bar(painter: &Painter, bar: Rect, scale: f32, card: &Card, theme: &Theme) {
    let colours = &theme.colours;
    let (busy, hands) = card.busy;
    let waiting = match (card.queued, card.capacity) {
        (0, _) => String::new(),
        (queued, Some(most)) => format!("{queued}/{most} wait"),
        (queued, None) => format!("{queued} wait"),
    };
    let label = painter.text(
        bar.right_center(),
        Align2::RIGHT_CENTER,
        &waiting,
        theme.mono_font(10.5 * scale),
        if card.queued > 0 { colours.accent } else { colours.text_weak },
    );
    let right = if waiting.is_empty() { bar.right() } else { label.left() - 6.0 * scale };
    let Some(hands) = hands else {
        let font = theme.mono_font(11.0 * scale);
        text(painter, bar.left_top(), right - bar.left(), &card.below, font, colours.text_weak);
        return;
    };
    let segments = hands.clamp(1, 16);
    let filled = (busy * segments).div_ceil(hands.max(1)).min(segments);
    let gap = 3.0 * scale;
    #[expect(clippy::cast_precision_loss, reason = "at most 16")]
    let count = segments as f32;
    let width = ((right - bar.left() - gap * (count - 1.0)) / count).clamp(1.0, 20.0 * scale);
    for segment in 0..segments {
        #[expect(clippy::cast_precision_loss, reason = "at most 16")]
        let x = bar.left() + (width + gap) * segment as f32;
        let cell =
            Rect::from_min_size(pos2(x, bar.center().y - 3.5 * scale), vec2(width, 7.0 * scale));
        let colour = if segment < filled { colours.selection } else { colours.cell };
        painter.rect_filled(cell, 2.0 * scale, colour);
    }
}

/// Paints a topic.
pub fn paint_strip(
    painter: &Painter,
    rect: Rect,
    scale: f32,
    strip: &Strip,
    lit: bool,
    related: Lit<'_>,
    theme: &Theme,
) {
    let colours = &theme.colours;
    let edge = if lit { colours.selection } else { colours.card_border };
    if scale < FAR {
        let edge = Stroke::new(1.0, edge);
        return paint_far(painter, rect, scale, &strip.name, edge, colours.accent, theme);
    }
    frame(painter, rect, scale, Stroke::new(1.0, edge), theme);
    let band = Rect::from_min_size(rect.min, vec2(4.0 * scale, rect.height()));
    painter.rect_filled(band, 2.0 * scale, colours.accent);
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * scale;
    let aside = painter.text(
        at(0.0, 18.0) + vec2(rect.width() - 12.0 * scale, 0.0),
        Align2::RIGHT_CENTER,
        &strip.aside,
        theme.text_font(11.0 * scale),
        colours.text_weak,
    );
    let room = aside.left() - at(14.0, 0.0).x - 6.0 * scale;
    text(painter, at(14.0, 10.0), room, &strip.name, theme.strong_font(13.5 * scale), colours.text);
    for (number, row) in strip.rows.iter().take(MOST_ROWS as usize).enumerate() {
        paint_row(painter, rect, scale, number, row, related, theme);
    }
    if strip.counts.is_empty() {
        paint_groups(painter, rect, scale, strip, theme);
    } else {
        let room = rect.width() - 26.0 * scale;
        let font = theme.mono_font(10.0 * scale);
        let top = rect.bottom() - 24.0 * scale;
        let place = pos2(at(14.0, 0.0).x, top);
        text(painter, place, room, &strip.counts, font, colours.text_weak);
    }
}

/// A row of a topic: its end, and below it where each group has come to.
fn paint_row(
    painter: &Painter,
    rect: Rect,
    scale: f32,
    number: usize,
    row: &StripRow,
    related: Lit<'_>,
    theme: &Theme,
) {
    let colours = &theme.colours;
    let label = cell_rect(rect, scale, number, 0).left_center() - vec2(22.0, 0.0) * scale;
    let font = theme.mono_font(10.5 * scale);
    painter.text(label, Align2::LEFT_CENTER, &row.label, font, colours.text_weak);
    let skip = row.cells.len().saturating_sub(CELLS);
    for place in 0..CELLS {
        let cell_rect = cell_rect(rect, scale, number, place);
        let Some(cell) = row.cells.get(skip + place) else {
            painter.rect_filled(cell_rect, 3.0 * scale, colours.cell);
            continue;
        };
        let colour = theme.event(cell.colour);
        let faded = if cell.is_done { colour.gamma_multiply(0.35) } else { colour };
        let faded = faded.gamma_multiply(related.strength(cell.event).max(0.6));
        painter.rect_filled(cell_rect, 3.0 * scale, faded);
        if related.is_related(cell.event) {
            let width = if related.selected == Some(cell.event) { 2.2 } else { 1.2 };
            let halo = Stroke::new((width * scale).max(1.0), colours.selection);
            let edge = StrokeKind::Outside;
            painter.rect_stroke(cell_rect, 3.0 * scale, halo, edge);
        }
        if cell.is_behind_hole {
            let edge = cell_rect.left() - 1.5 * scale;
            painter.vline(edge, cell_rect.y_range(), Stroke::new(scale, colours.text_weak));
        }
        if scale > 0.7 {
            let ink = if cell.is_done { colours.text_weak } else { colours.on_event };
            let font = theme.strong_font(9.5 * scale);
            painter.text(cell_rect.center(), Align2::CENTER_CENTER, cell.letter, font, ink);
        }
    }
    // A marker stands at the left edge of the next event to be read; several that would stand
    // at the same place stand side by side.
    let place_of = |cells: usize| cells.saturating_sub(skip).min(CELLS);
    for (index, &(group, cells)) in row.markers.iter().enumerate() {
        let place = place_of(cells);
        let here = |markers: &[(usize, usize)]| {
            markers.iter().filter(|(_, cells)| place_of(*cells) == place).count()
        };
        #[expect(clippy::cast_precision_loss, reason = "a handful of cells and groups")]
        let (place, before, all) =
            (place as f32, here(&row.markers[..index]) as f32, here(&row.markers) as f32);
        let aside = (before - (all - 1.0) / 2.0) * MARKER * 1.9;
        let below = cell_rect(rect, scale, number, 0).left_bottom();
        let at = below + vec2(CELL.0 * place - 1.5 + aside, MARKER + 1.5) * scale;
        paint_marker(painter, at, MARKER * scale, group, theme);
    }
}

/// At the foot of the strip: which marker is whose, and how far each group is behind.
fn paint_groups(painter: &Painter, rect: Rect, scale: f32, strip: &Strip, theme: &Theme) {
    let (height, columns) = STRIP_FOOT;
    let lines = strip.groups.len().div_ceil(columns);
    #[expect(clippy::cast_precision_loss, reason = "a handful of groups")]
    let width = (rect.width() / scale - 26.0) / columns as f32;
    for (group, (name, lag)) in strip.groups.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a handful of groups")]
        let (column, line) = ((group % columns) as f32, (lines - group / columns) as f32);
        let left = pos2(rect.left(), rect.bottom())
            + vec2(14.0 + width * column, -6.0 - height * (line - 0.5)) * scale;
        paint_marker(painter, left + vec2(MARKER * scale, 0.0), MARKER * scale, group, theme);
        let what = if *lag == 0 { name.clone() } else { format!("{name} {lag} behind") };
        let ink = if *lag > 20 { theme.colours.bad } else { theme.colours.text_weak };
        let font = theme.text_font(10.5 * scale);
        let place = left + vec2(MARKER * 2.0 + 6.0, -7.0) * scale;
        text(painter, place, (width - 18.0) * scale, &what, font, ink);
    }
}

/// The marker of a group, known by its shape as well as by its colour.
fn paint_marker(painter: &Painter, at: Pos2, size: f32, group: usize, theme: &Theme) {
    #[expect(clippy::cast_possible_truncation, reason = "eight colours")]
    let colour = theme.event(marker_colour((group % 8) as u8));
    let shape = |corners: &[(f32, f32)]| {
        let corners = corners.iter().map(|(x, y)| at + vec2(*x, *y) * size).collect();
        if group % 8 < 4 {
            Shape::convex_polygon(corners, colour, Stroke::NONE)
        } else {
            Shape::closed_line(corners, Stroke::new(size * 0.35, colour))
        }
    };
    let round: Vec<(f32, f32)> =
        (0..12_u8).map(|it| (f32::from(it) * std::f32::consts::TAU / 12.0).sin_cos()).collect();
    painter.add(match group % 4 {
        0 => shape(&[(0.0, -1.0), (1.0, 0.9), (-1.0, 0.9)]),
        1 => shape(&[(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]),
        2 => shape(&[(0.0, -1.1), (1.0, 0.0), (0.0, 1.1), (-1.0, 0.0)]),
        _ => shape(&round),
    });
}

/// Groups wear the event colours from the other end, so as not to be taken for events.
const fn marker_colour(group: u8) -> u8 {
    7 - group % 8
}

fn cell_rect(strip: Rect, scale: f32, row: usize, place: usize) -> Rect {
    #[expect(clippy::cast_precision_loss, reason = "a handful of cells")]
    let corner = vec2(CELLS_LEFT + CELL.0 * place as f32, STRIP_ROWS.0 + STRIP_ROWS.1 * row as f32);
    Rect::from_min_size(strip.min + corner * scale, vec2(CELL.0 - 3.0, CELL.1) * scale)
}

/// The cells of a strip that are seen: where each is, with a little around it, and its event.
pub fn cells(rect: Rect, scale: f32, strip: &Strip) -> Vec<(Rect, Selection)> {
    if scale < FAR {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, row) in strip.rows.iter().take(MOST_ROWS as usize).enumerate() {
        let skip = row.cells.len().saturating_sub(CELLS);
        for (place, cell) in row.cells.iter().skip(skip).enumerate() {
            let place = cell_rect(rect, scale, number, place).expand2(vec2(1.5, 4.0) * scale);
            let (event, event_type) = (cell.event, cell.event_type);
            found.push((place, Selection::Event { event, event_type, message: None }));
        }
    }
    found
}
