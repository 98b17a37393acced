//! The flow view in little, without anything to be touched: a column of the comparison.

use egui::{Color32, Painter, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};

use crate::app::Camera;
use crate::gui::controls;
use crate::gui::theme::Theme;
use crate::history::Scene;
use crate::model::{Model, Node, Span, Time};
use crate::view::flow::{self, Card, Health, Strip};
use crate::view::layout::Layout;

use super::camera::View;
use super::{Lit, curves, dots, nodes};

/// From so many points of the screen to a point of the layout on, nodes look as in the large view.
const LARGE: f32 = 0.72;

/// Paints a scene, fitted into a rectangle. `trace` is how long, in the run's time, a message that
/// has left leaves a trace.
pub fn paint(
    painter: &Painter,
    rect: Rect,
    layout: &Layout,
    (model, scene): (&Model, &Scene),
    (now, trace): (Time, Span),
    theme: &Theme,
) {
    let painter = painter.with_clip_rect(rect);
    let view = View::within(rect, layout.bounds(), Camera::FIT, 0.0, 8.0);
    let flow = flow::flow(model, scene, now, trace);
    let lit = Lit { selected: None, found: None };
    curves::paint_links(&painter, &view, layout, &flow, now, theme);
    for placed in &layout.nodes {
        let rect = view.rect(placed);
        let is_large = view.scale >= LARGE;
        match placed.node {
            Node::Service(it) => match flow.cards.get(it.index()) {
                Some(card) if is_large => {
                    nodes::paint_card(&painter, rect, view.scale, card, false, theme);
                }
                Some(card) => paint_card(&painter, rect, card, theme),
                None => {}
            },
            Node::Topic(it) => match flow.strips.get(it.index()) {
                Some(strip) if is_large => {
                    nodes::paint_strip(&painter, rect, view.scale, strip, false, lit, theme);
                }
                Some(strip) => paint_strip(&painter, rect, strip, theme),
                None => {}
            },
        }
    }
    dots::paint_dots(&painter, &view, layout, &flow, lit, theme);
}

/// A text from its left middle, that ends in `…` where there is no more room.
fn text(painter: &Painter, at: Pos2, room: f32, what: &str, font: egui::FontId, ink: Color32) {
    let galley = controls::cut(painter, what, font, ink, room);
    painter.galley(at - vec2(0.0, galley.size().y / 2.0), galley, ink);
}

/// How large the letters of a node are that has so much room: as large as can be, and no larger
/// than anybody needs.
fn size(rect: Rect, lines: f32) -> f32 {
    (rect.height() / (lines * 1.45)).min(rect.width() / 7.5).clamp(6.0, 12.5)
}

fn paint_card(painter: &Painter, rect: Rect, card: &Card, theme: &Theme) {
    let colours = &theme.colours;
    let (ink, edge) = match card.health {
        Health::Down => (colours.bad, Stroke::new(2.0, colours.bad)),
        Health::Troubled => (colours.warning, Stroke::new(1.5, colours.warning)),
        Health::Up => (colours.good, Stroke::new(1.0, colours.card_border)),
    };
    painter.rect(rect, 5.0, colours.card, edge, StrokeKind::Inside);
    #[expect(clippy::cast_precision_loss, reason = "a handful of letters")]
    let letters = card.name.chars().count() as f32;
    let (left, room) = (rect.left() + 6.0, rect.width() - 10.0);
    let size = size(rect, 3.0).min(room / (1.0 + letters * 0.58)).max(7.0);
    if rect.height() < 30.0 {
        // There is room for the name alone.
        let at = pos2(left, rect.center().y);
        let ink = if card.health == Health::Down { colours.bad } else { colours.text };
        return text(painter, at, room, &card.name, theme.strong_font(size + 1.0), ink);
    }
    let row = |it: f32| rect.top() + rect.height() * it;
    let dot = pos2(left + size * 0.3, row(0.25));
    if card.health == Health::Down {
        painter.rect_filled(Rect::from_center_size(dot, vec2(size, size) * 0.6), 1.0, ink);
    } else {
        painter.circle_filled(dot, size * 0.32, ink);
    }
    let beside = size * 0.95;
    let font = theme.strong_font(size);
    text(painter, pos2(left + beside, row(0.25)), room - beside, &card.name, font, colours.text);
    // How many wait comes first: there is little room.
    let waits = if card.queued > 0 { format!("{} wait · ", card.queued) } else { String::new() };
    let state = match card.health {
        // Since when stands over the column.
        Health::Down => "down",
        _ if card.below.is_empty() => &card.state,
        _ => &card.below,
    };
    let ink = if card.health == Health::Down { colours.bad } else { colours.text_weak };
    let font = theme.text_font(size * 0.88);
    text(painter, pos2(left, row(0.55)), room, &format!("{waits}{state}"), font, ink);
    let (busy, Some(hands)) = card.busy else { return };
    let segments = hands.clamp(1, 8);
    let filled = (busy * segments).div_ceil(hands.max(1)).min(segments);
    #[expect(clippy::cast_precision_loss, reason = "at most eight")]
    let width = ((room - 2.0) / segments as f32).min(12.0);
    for segment in 0..segments {
        #[expect(clippy::cast_precision_loss, reason = "at most eight")]
        let x = left + width * segment as f32;
        let cell = Rect::from_min_size(pos2(x, row(0.8) - 2.0), vec2(width - 2.0, 4.0));
        let ink = if segment < filled { colours.selection } else { colours.cell };
        painter.rect_filled(cell, 1.5, ink);
    }
}

/// A topic: its name, and who is how far behind.
fn paint_strip(painter: &Painter, rect: Rect, strip: &Strip, theme: &Theme) {
    let colours = &theme.colours;
    let edge = Stroke::new(1.0, colours.card_border);
    painter.rect(rect, 5.0, colours.card, edge, StrokeKind::Inside);
    let band = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
    painter.rect_filled(band, 1.5, colours.accent);
    let (left, room) = (rect.left() + 9.0, rect.width() - 13.0);
    let mut behind: Vec<&(String, u64)> = strip.groups.iter().filter(|it| it.1 > 0).collect();
    behind.sort_by_key(|it| std::cmp::Reverse(it.1));
    let mut lines: Vec<(String, bool)> =
        behind.iter().map(|it| (format!("{} {} behind", it.0, it.1), it.1 > 20)).collect();
    if !strip.counts.is_empty() {
        lines.insert(0, (strip.counts.clone(), false));
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of letters")]
    let letters = strip.name.chars().count() as f32;
    let size = size(rect, 3.0).min(room / (letters * 0.6)).max(6.0);
    let step = size * 1.35;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a handful of lines"
    )]
    let fit = ((rect.height() - 8.0) / step).floor().max(1.0) as usize;
    lines.truncate(fit.saturating_sub(1));
    let mut y = rect.top() + 4.0 + step / 2.0;
    text(painter, pos2(left, y), room, &strip.name, theme.strong_font(size), colours.text);
    for (line, is_far) in lines {
        y += step;
        let ink = if is_far { colours.bad } else { colours.text_weak };
        text(painter, pos2(left, y), room, &line, theme.text_font(size * 0.88), ink);
    }
}
