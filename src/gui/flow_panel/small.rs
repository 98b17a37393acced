//! The flow view in little, without anything to be touched: a column of the comparison.

use egui::{Painter, Rect};

use crate::app::Camera;
use crate::gui::theme::Theme;
use crate::history::Scene;
use crate::model::{Model, Node, Span, Time};
use crate::view::flow;
use crate::view::layout::Layout;

use super::camera::View;
use super::{Lit, curves, dots, nodes};

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
        match placed.node {
            Node::Service(it) => {
                if let Some(card) = flow.cards.get(it.index()) {
                    nodes::paint_card(&painter, rect, view.scale, card, false, theme);
                }
            }
            Node::Topic(it) => {
                if let Some(strip) = flow.strips.get(it.index()) {
                    nodes::paint_strip(&painter, rect, view.scale, strip, false, lit, theme);
                }
            }
        }
    }
    dots::paint_dots(&painter, &view, layout, &flow, lit, theme);
}
