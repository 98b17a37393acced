//! The curves between nodes, along which events move.

use egui::epaint::CubicBezierShape;
use egui::{Align2, Color32, Painter, Pos2, Shape, Stroke, pos2, vec2};

use crate::gui::theme::Theme;
use crate::model::Node;
use crate::view::flow::{Flow, Health};
use crate::view::layout::Layout;
use crate::view::route::Route;

use super::camera::View;
use super::nodes::FAR;

/// How far the two directions of a curve are apart, in points of the layout.
const APART: f32 = 5.0;

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
pub fn paint_links(painter: &Painter, view: &View, layout: &Layout, flow: &Flow, theme: &Theme) {
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
        let Some(curve) = Curve::between(view, layout, stream.from, stream.to) else { continue };
        let width = (3.0 + (stream.count as f32).log10() * 2.0) * view.scale.max(0.6);
        let stroke = Stroke::new(width, theme.colours.selection.gamma_multiply(0.5));
        painter.add(curve.shape(stroke, view.scale));
        if view.scale < FAR {
            continue;
        }
        painter.text(
            curve.point(0.5) - vec2(0.0, 8.0),
            Align2::CENTER_BOTTOM,
            format!("{} in flight · {:.0} /s", stream.count, stream.per_second),
            theme.mono_font(theme.sizes.small),
            theme.colours.text,
        );
    }
}
