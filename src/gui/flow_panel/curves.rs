//! The curves between nodes, along which events move.

use egui::epaint::CubicBezierShape;
use egui::text::LayoutJob;
use egui::{Align, Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};

use crate::gui::theme::Theme;
use crate::model::{Node, Time};
use crate::view::flow::{Flow, Health, Stream};
use crate::view::layout::Layout;
use crate::view::route::Route;

use super::camera::View;
use super::nodes::FAR;

/// How far the two directions of a curve are apart, in points of the layout.
const APART: f32 = 5.0;

/// How far apart the arrows of a stream are, in points of the layout.
const ARROWS: f32 = 26.0;

/// Room beside what a stream says of itself, in points of the screen.
const MARGIN: f32 = 6.0;

/// A curve from one node to another.
#[derive(Clone, Copy)]
pub struct Curve {
    points: [Pos2; 4],
}

impl Curve {
    /// The curve from one node to another, its two directions side by side.
    pub fn between(view: &View, layout: &Layout, from: Node, to: Node) -> Option<Self> {
        let curve = Self::along(view, layout.way(from, to)?);
        let [a, _, _, d] = curve.points;
        let side = (d - a).normalized().rot90() * APART * view.scale;
        Some(Self { points: curve.points.map(|it| it + side) })
    }

    /// The middle line of a way.
    fn along(view: &View, way: Route) -> Self {
        Self { points: way.points.map(|(x, y)| view.to_screen(pos2(x, y))) }
    }

    /// The point a share of the way along.
    pub fn point(&self, along: f32) -> Pos2 {
        let [a, b, c, d] = self.points.map(Pos2::to_vec2);
        let (t, s) = (along, 1.0 - along);
        (a * (s * s * s) + b * (3.0 * s * s * t) + c * (3.0 * s * t * t) + d * (t * t * t))
            .to_pos2()
    }

    /// Which way it goes a share of the way along: a vector of length one, or none where it
    /// stands still.
    pub fn direction(&self, along: f32) -> Vec2 {
        let (before, after) = ((along - 0.01).max(0.0), (along + 0.01).min(1.0));
        (self.point(after) - self.point(before)).normalized()
    }

    /// The share of the way along at which it is nearest to a point, and how far away that is.
    pub fn nearest(&self, to: Pos2) -> (f32, f32) {
        let near = |shares: &mut dyn Iterator<Item = f32>| {
            let all = shares.map(|along| (along, self.point(along).distance(to)));
            all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0.0, f32::INFINITY))
        };
        let (rough, _) = near(&mut (0..=40_u8).map(|it| f32::from(it) / 40.0));
        let around = |it: i8| (rough + f32::from(it) / 800.0).clamp(0.0, 1.0);
        near(&mut (-20..=20_i8).map(around))
    }

    /// The part of it between two shares of the way, as straight lines.
    pub fn part(&self, from: f32, to: f32) -> Vec<Pos2> {
        let along = |it: u8| from + (to - from) * f32::from(it) / 24.0;
        (0..=24_u8).map(|it| self.point(along(it))).collect()
    }

    /// Lights the curve, with an arrow in its middle that says which way it goes.
    pub fn light(&self, painter: &Painter, colour: Color32, width: f32, scale: f32) {
        painter.add(self.shape(Stroke::new(width, colour), scale));
        let (at, on) = (self.point(0.5), self.direction(0.5));
        let size = 7.0 * scale.clamp(0.5, 1.2);
        let (tip, back, across) = (at + on * size, at - on * size * 0.6, on.rot90() * size * 0.8);
        let corners = vec![tip, back + across, back - across];
        painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
    }

    /// How long it is, in points of the screen.
    fn length(&self) -> f32 {
        self.chain(12).windows(2).map(|it| it[0].distance(it[1])).sum()
    }

    /// So many straight lines along it.
    fn chain(&self, lines: u8) -> Vec<Pos2> {
        (0..=lines).map(|it| self.point(f32::from(it) / f32::from(lines))).collect()
    }

    /// From afar a few straight lines are as good as the curve.
    fn shape(&self, stroke: Stroke, scale: f32) -> Shape {
        if scale < FAR {
            return Shape::line(self.chain(6), stroke);
        }
        CubicBezierShape::from_points_stroke(self.points, false, Color32::TRANSPARENT, stroke)
            .into()
    }
}

/// Paints all curves, and streams where there is too much to be told apart.
pub fn paint_links(
    painter: &Painter,
    view: &View,
    layout: &Layout,
    flow: &Flow,
    now: Time,
    theme: &Theme,
) {
    let is_down = |node: Node| match node {
        Node::Service(it) => {
            flow.cards.get(it.index()).is_some_and(|card| card.health == Health::Down)
        }
        Node::Topic(_) => false,
    };
    for (&(from, to), &way) in layout.edges.iter().zip(&layout.routes) {
        let (one, other) = (&layout.nodes[from], &layout.nodes[to]);
        let curve = Curve::along(view, way);
        if is_down(one.node) || is_down(other.node) {
            let stroke = Stroke::new(1.5, theme.colours.bad);
            painter.extend(Shape::dashed_line(&curve.chain(48), stroke, 5.0, 5.0));
        } else {
            painter.add(curve.shape(Stroke::new(1.5, theme.colours.link), view.scale));
        }
    }
    for stream in &flow.streams {
        if let Some(curve) = Curve::between(view, layout, stream.from, stream.to) {
            paint_stream(painter, &curve, view.scale, stream, now, theme);
        }
    }
}

/// Paints a stream: a band as wide as it carries much, arrows that go as fast as what they
/// stand for, and how much that is.
fn paint_stream(
    painter: &Painter,
    curve: &Curve,
    scale: f32,
    stream: &Stream,
    now: Time,
    theme: &Theme,
) {
    let colour = theme.colours.selection;
    let width = (4.0 + (stream.count as f32).log10() * 3.0) * scale.max(0.6);
    painter.add(curve.shape(Stroke::new(width, colour.gamma_multiply(0.28)), scale));
    if scale < FAR {
        return;
    }
    let length = curve.length();
    let arrows = (length / (ARROWS * scale)).floor().max(1.0);
    let flights = now.as_secs_f64() / stream.flight.as_secs_f64().max(1e-9);
    let phase = (flights * f64::from(arrows)).fract() as f32;
    let size = width * 0.42;
    let mut arrow = phase;
    while arrow < arrows {
        let along = arrow / arrows;
        let (at, on) = (curve.point(along), curve.direction(along));
        let (back, across) = (at - on * size, on.rot90() * size);
        let corners = vec![back + across, at, back - across];
        painter.add(Shape::line(corners, Stroke::new(1.5 * scale, colour)));
        arrow += 1.0;
    }
    let (count, rate) = (stream.count, rate(stream.per_second));
    let font = theme.mono_font((10.5 * scale).clamp(9.0, 14.0));
    let lay = |text| {
        let mut job = LayoutJob::simple(text, font.clone(), theme.colours.text, f32::INFINITY);
        job.halign = Align::Center;
        painter.layout_job(job)
    };
    let mut galley = lay(format!("{count} in flight · {rate} /s"));
    if galley.size().x + 2.0 * MARGIN > length {
        // The cards at its ends would hide some of it.
        galley = lay(format!("{count} in flight\n{rate} /s"));
    }
    let middle = curve.point(0.5) - vec2(0.0, width / 2.0 + 6.0 + galley.size().y / 2.0);
    let place = Rect::from_center_size(middle, galley.size());
    let face = theme.colours.panel.gamma_multiply(0.9);
    painter.rect_filled(place.expand2(vec2(MARGIN, 2.0)), 4.0, face);
    painter.galley(place.center_top(), galley, theme.colours.text);
}

/// Digits that can be read while they change: three that count.
fn rate(per_second: f32) -> String {
    match per_second {
        it if it >= 1e6 => format!("{:.1} M", it / 1e6),
        it if it >= 1e4 => format!("{:.0} k", it / 1e3),
        it => format!("{it:.0}"),
    }
}
