//! The curves between nodes, along which events move.

use egui::epaint::CubicBezierShape;
use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, vec2};

use crate::gui::theme::Theme;
use crate::model::Node;
use crate::view::flow::{Flow, Health};
use crate::view::layout::{Layout, Placed};

use super::camera::View;

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
        let curve = Self::middle(view, layout, layout.of(from)?, layout.of(to)?);
        let [a, _, _, d] = curve.points;
        let side = (d - a).normalized().rot90() * APART * view.scale;
        Some(Self { points: curve.points.map(|it| it + side) })
    }

    /// The middle line between two nodes; over the others where it would pass behind them.
    fn middle(view: &View, layout: &Layout, from: &Placed, to: &Placed) -> Self {
        let (one, other) = (view.rect(from), view.rect(to));
        let direct = Self::of(one, other);
        let in_the_way = layout
            .nodes
            .iter()
            .filter(|it| it.node != from.node && it.node != to.node)
            .map(|it| view.rect(it))
            .filter(|rect| (1..20_u8).any(|it| rect.contains(direct.point(f32::from(it) / 20.0))));
        let Some(top) = in_the_way.map(|it| it.top()).min_by(f32::total_cmp) else {
            return direct;
        };
        let (a, d) = (one.center_top(), other.center_top());
        // A cubic comes three quarters of the way to its handles.
        let over = top.min(a.y).min(d.y) - 26.0 * view.scale;
        let handle = |it: Pos2| Pos2::new(it.x, it.y + (over - it.y) / 0.75);
        Self { points: [a, handle(a), handle(d), d] }
    }

    /// The middle line from one rectangle to another: sideways if they are side by side, up or
    /// down if one is above the other.
    fn of(from: Rect, to: Rect) -> Self {
        let apart_x = (to.left() - from.right()).max(from.left() - to.right());
        let (a, d, pull): (Pos2, Pos2, Vec2) = if apart_x > 8.0 {
            if from.center().x < to.center().x {
                let (a, d) = (from.right_center(), to.left_center());
                (a, d, vec2((d.x - a.x) * 0.5, 0.0))
            } else {
                let (a, d) = (from.left_center(), to.right_center());
                (a, d, vec2((d.x - a.x) * 0.5, 0.0))
            }
        } else if from.center().y < to.center().y {
            let (a, d) = (from.center_bottom(), to.center_top());
            (a, d, vec2(0.0, (d.y - a.y) * 0.5))
        } else {
            let (a, d) = (from.center_top(), to.center_bottom());
            (a, d, vec2(0.0, (d.y - a.y) * 0.5))
        };
        Self { points: [a, a + pull, d - pull, d] }
    }

    /// The point a share of the way along.
    pub fn point(&self, along: f32) -> Pos2 {
        let [a, b, c, d] = self.points.map(Pos2::to_vec2);
        let (t, s) = (along, 1.0 - along);
        (a * (s * s * s) + b * (3.0 * s * s * t) + c * (3.0 * s * t * t) + d * (t * t * t))
            .to_pos2()
    }

    fn shape(&self, stroke: Stroke) -> Shape {
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
    for &(from, to) in &layout.edges {
        let (one, other) = (&layout.nodes[from], &layout.nodes[to]);
        let curve = Curve::middle(view, layout, one, other);
        if is_down(one.node) || is_down(other.node) {
            let stroke = Stroke::new(1.5, theme.colours.bad);
            let points: Vec<Pos2> =
                (0..=48_u8).map(|it| curve.point(f32::from(it) / 48.0)).collect();
            painter.extend(Shape::dashed_line(&points, stroke, 5.0, 5.0));
        } else {
            painter.add(curve.shape(Stroke::new(1.5, theme.colours.link)));
        }
    }
    for stream in &flow.streams {
        let Some(curve) = Curve::between(view, layout, stream.from, stream.to) else { continue };
        let width = (3.0 + (stream.count as f32).log10() * 2.0) * view.scale.max(0.6);
        painter.add(curve.shape(Stroke::new(width, theme.colours.selection.gamma_multiply(0.5))));
        painter.text(
            curve.point(0.5) - vec2(0.0, 8.0),
            Align2::CENTER_BOTTOM,
            format!("{} in flight · {:.0} /s", stream.count, stream.per_second),
            theme.mono_font(theme.sizes.small),
            theme.colours.text,
        );
    }
}
