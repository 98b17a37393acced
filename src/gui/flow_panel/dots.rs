//! Messages in flight.

use std::collections::BTreeMap;

use egui::{Align2, Color32, Mesh, Painter, Pos2, Shape, Stroke, Vec2, vec2};

use crate::gui::theme::Theme;
use crate::model::{EventId, EventTypeId, MessageId, Node};
use crate::view::flow::{Dot, Flow, Shape as DotShape};
use crate::view::layout::Layout;

use super::Lit;
use super::camera::View;
use super::curves::Curve;

/// The radius of a dot, in points of the layout.
const RADIUS: f32 = 7.0;

/// How large a letter must come out to be worth drawing, in points of the screen.
const LEAST_LETTER: f32 = 6.5;

/// More dots than this are a crowd: without tails, letters and rings, in one mesh.
const CROWD: usize = 1_500;

/// Paints all dots; those of the selected event, and of what it came of and led to, are lit.
pub fn paint_dots(
    painter: &Painter,
    view: &View,
    layout: &Layout,
    flow: &Flow,
    lit: Lit<'_>,
    theme: &Theme,
) {
    let mut curves = Curves::default();
    let is_crowd = flow.dots.len() > CROWD;
    if is_crowd {
        paint_crowd(painter, view, layout, flow, &mut curves, lit, theme);
    }
    for dot in &flow.dots {
        if is_crowd && !lit.is_related(dot.event) {
            continue;
        }
        let Some(curve) = curves.of(view, layout, dot) else { continue };
        paint_dot(painter, view, &curve, dot, lit, theme);
    }
}

/// Curves that were worked out: each once for all dots of a direction.
#[derive(Default)]
struct Curves(BTreeMap<(Node, Node), Option<Curve>>);

impl Curves {
    fn of(&mut self, view: &View, layout: &Layout, dot: &Dot) -> Option<Curve> {
        let way = (dot.from, dot.to);
        *self.0.entry(way).or_insert_with(|| Curve::between(view, layout, dot.from, dot.to))
    }
}

/// Paints so many dots that none can be read: where they are, their colours, what is lost.
fn paint_crowd(
    painter: &Painter,
    view: &View,
    layout: &Layout,
    flow: &Flow,
    curves: &mut Curves,
    lit: Lit<'_>,
    theme: &Theme,
) {
    let radius = (RADIUS * view.scale).clamp(1.5, 5.0);
    // As many corners as a dot of this size needs to look round.
    let count: u8 = if radius < 2.5 { 4 } else { 8 };
    let corners: Vec<Vec2> = (0..count)
        .map(|it| Vec2::angled(f32::from(it) / f32::from(count) * std::f32::consts::TAU))
        .collect();
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(flow.dots.len() * corners.len());
    mesh.reserve_triangles(flow.dots.len() * (corners.len() - 2));
    for dot in &flow.dots {
        let is_lost = dot.shape == DotShape::Cross;
        if dot.message.is_none() && !is_lost {
            continue;
        }
        let Some(curve) = curves.of(view, layout, dot) else { continue };
        let at = curve.point(dot.along);
        if !view.screen.contains(at) {
            continue;
        }
        let (radius, colour) = match dot.shape {
            DotShape::Speck => (radius * 0.4, theme.event(dot.colour).gamma_multiply(0.8)),
            DotShape::Cross => (radius, theme.colours.bad.gamma_multiply(dot.strength)),
            DotShape::Square => (radius, theme.colours.bad),
            _ => (radius, theme.event(dot.colour)),
        };
        let colour = colour.gamma_multiply(lit.strength(dot.event));
        let Ok(first) = u32::try_from(mesh.vertices.len()) else { break };
        for corner in &corners {
            mesh.colored_vertex(at + *corner * radius, colour);
        }
        for corner in 2..u32::from(count) {
            mesh.add_triangle(first, first + corner - 1, first + corner);
        }
    }
    painter.add(mesh);
}

fn paint_dot(
    painter: &Painter,
    view: &View,
    curve: &Curve,
    dot: &Dot,
    lit: Lit<'_>,
    theme: &Theme,
) {
    let at = curve.point(dot.along);
    let radius = (RADIUS * view.scale).clamp(2.5, 11.0);
    let strength = lit.strength(dot.event);
    let colour = theme.event(dot.colour).gamma_multiply(strength);
    if dot.tail > 0.0 {
        paint_tail(painter, curve, dot, radius, colour);
    }
    // What has arrived has left only its tail.
    if dot.message.is_none() && dot.shape != DotShape::Cross {
        return;
    }
    if lit.selected == Some(dot.event) {
        painter.circle_stroke(at, radius * 1.9, Stroke::new(2.4, theme.colours.selection));
    } else if lit.is_related(dot.event) {
        painter.circle_stroke(at, radius * 1.8, Stroke::new(1.2, theme.colours.selection));
    }
    let diamond = |radius: f32| {
        vec![
            at - vec2(0.0, radius),
            at + vec2(radius, 0.0),
            at + vec2(0.0, radius),
            at - vec2(radius, 0.0),
        ]
    };
    match dot.shape {
        DotShape::Circle => {
            painter.circle_filled(at, radius, colour);
        }
        DotShape::Diamond => {
            painter.add(Shape::convex_polygon(diamond(radius * 1.15), colour, Stroke::NONE));
        }
        DotShape::HollowDiamond => {
            let stroke = Stroke::new((radius * 0.2).max(1.0), colour);
            painter.add(Shape::convex_polygon(
                diamond(radius * 1.25),
                theme.colours.background,
                stroke,
            ));
        }
        DotShape::Square => {
            let square = egui::Rect::from_center_size(at, vec2(radius, radius) * 1.7);
            painter.rect_filled(square, 1.0, theme.colours.bad.gamma_multiply(strength));
        }
        DotShape::Speck => {
            painter.circle_filled(at, radius * 0.38, colour.gamma_multiply(0.8));
        }
        DotShape::Cross => {
            let stroke =
                Stroke::new(2.0, theme.colours.bad.gamma_multiply(dot.strength * strength));
            let arm = radius * 0.9;
            painter.line_segment([at - vec2(arm, arm), at + vec2(arm, arm)], stroke);
            painter.line_segment([at + vec2(-arm, arm), at + vec2(arm, -arm)], stroke);
            return;
        }
    }
    let letter = match dot.shape {
        DotShape::Circle | DotShape::Diamond => Some((1.25, theme.colours.on_event)),
        DotShape::HollowDiamond => Some((1.05, colour)),
        _ => None,
    };
    if let Some((size, ink)) = letter.filter(|(size, _)| radius * size >= LEAST_LETTER) {
        let font = theme.strong_font(radius * size);
        painter.text(at, Align2::CENTER_CENTER, dot.letter, font, ink);
    }
    if dot.is_again {
        painter.circle_stroke(at, radius * 1.5, Stroke::new(1.5, theme.colours.warning));
    }
    if dot.is_held {
        let stroke = Stroke::new(1.5, theme.colours.accent);
        painter.circle_stroke(at, radius * 1.5, stroke);
        painter.line_segment([at, at - vec2(0.0, radius)], stroke);
        painter.line_segment([at, at + vec2(radius * 0.8, 0.0)], stroke);
    }
}

/// The tail of a message: where it has just been, thinner and fainter the longer ago.
fn paint_tail(painter: &Painter, curve: &Curve, dot: &Dot, radius: f32, colour: Color32) {
    let parts: u8 = if dot.tail > 0.5 { 24 } else { 7 };
    let begin = (dot.along - dot.tail).max(0.0);
    let half = if dot.shape == DotShape::Speck { radius * 0.2 } else { radius * 0.6 };
    let mut mesh = Mesh::default();
    for part in 0..=parts {
        let share = f32::from(part) / f32::from(parts);
        let place = begin + (dot.along - begin) * share;
        let (at, across) = (curve.point(place), curve.direction(place).rot90());
        let faded = colour.gamma_multiply(share * 0.55 * dot.strength);
        let Ok(first) = u32::try_from(mesh.vertices.len()) else { return };
        mesh.colored_vertex(at + across * half * share, faded);
        mesh.colored_vertex(at - across * half * share, faded);
        if part > 0 {
            mesh.add_triangle(first - 2, first - 1, first);
            mesh.add_triangle(first - 1, first, first + 1);
        }
    }
    painter.add(mesh);
}

/// An event that was painted, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// Where on the screen.
    pub at: Pos2,
    /// The message, unless it has left its link.
    pub message: Option<MessageId>,
    /// What it carries.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// From where to where it goes.
    pub way: (Node, Node),
    /// How far along it is.
    pub along: f32,
}

/// Everything that can be pointed at among the dots, and where it is.
pub fn spots(view: &View, layout: &Layout, flow: &Flow) -> Vec<Spot> {
    let mut curves = Curves::default();
    let can_be_seen = |dot: &&Dot| dot.message.is_some() || dot.shape == DotShape::Cross;
    let dots = flow.dots.iter().filter(can_be_seen);
    dots.filter_map(|dot| {
        let at = curves.of(view, layout, dot)?.point(dot.along);
        let &Dot { message, event, event_type, from, to, along, .. } = dot;
        let spot = Spot { at, message, event, event_type, way: (from, to), along };
        view.screen.contains(at).then_some(spot)
    })
    .collect()
}

/// Lights the selected event: a halo around each of its dots, and its name beside the first.
pub fn paint_selected(
    painter: &Painter,
    view: &View,
    spots: &[Spot],
    (event, name): (EventId, &str),
    theme: &Theme,
) {
    let radius = (RADIUS * view.scale).clamp(4.0, 11.0);
    let mut is_named = false;
    for spot in spots.iter().filter(|it| it.event == event) {
        let colour = theme.colours.selection;
        painter.circle_filled(spot.at, radius * 2.6, colour.gamma_multiply(0.10));
        painter.circle_stroke(spot.at, radius * 2.6, Stroke::new(1.0, colour.gamma_multiply(0.35)));
        if std::mem::replace(&mut is_named, true) {
            continue;
        }
        let font = theme.strong_font((11.5 * view.scale).clamp(10.5, 14.0));
        let galley = painter.layout_no_wrap(name.to_owned(), font, theme.colours.text);
        let size = galley.size();
        // Above the dot: beside it are the cards that it comes from and goes to.
        let mut corner = spot.at - vec2(size.x / 2.0, radius * 2.6 + 8.0 + size.y);
        corner.x = corner.x.min(view.screen.right() - size.x - 8.0).max(view.screen.left() + 8.0);
        let place = egui::Rect::from_min_size(corner, size);
        let edge = Stroke::new(1.0, theme.colours.card_border);
        let face = theme.colours.panel.gamma_multiply(0.92);
        let kind = egui::StrokeKind::Inside;
        painter.rect(place.expand2(vec2(6.0, 3.0)), 4.0, face, edge, kind);
        painter.galley(corner, galley, theme.colours.text);
    }
}
