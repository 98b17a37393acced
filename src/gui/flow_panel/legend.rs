//! The legend: what colours, letters and shapes mean.

use egui::{Align2, Painter, Rect, Shape, Stroke, pos2, vec2};

use crate::gui::theme::Theme;
use crate::model::Model;
use crate::view::flow::used_types;

/// Paints the legend along the lower edge: the types of events, and below them the shapes.
pub fn paint_legend(painter: &Painter, view: Rect, model: &Model, theme: &Theme) {
    let font = theme.text_font(theme.sizes.small);
    let left = view.left() + 16.0;
    let right = view.right() - 16.0;
    let mut x = left;
    let y = view.bottom() - 38.0;
    let used = used_types(model);
    for (index, id) in used.iter().enumerate() {
        let event_type = &model.event_types[id.index()];
        let galley =
            painter.layout_no_wrap(event_type.name.clone(), font.clone(), theme.colours.text_weak);
        let width = 20.0 + galley.size().x + 16.0;
        if x + width > right - 60.0 && index + 1 < used.len() {
            let rest = format!("and {} more", used.len() - index);
            painter.text(
                pos2(x, y),
                Align2::LEFT_CENTER,
                rest,
                font.clone(),
                theme.colours.text_weak,
            );
            break;
        }
        let at = pos2(x + 7.0, y);
        painter.circle_filled(at, 7.0, theme.event(event_type.colour));
        let letter = theme.strong_font(9.0);
        painter.text(at, Align2::CENTER_CENTER, event_type.letter, letter, theme.colours.on_event);
        painter.galley(at + vec2(13.0, -galley.size().y / 2.0), galley, theme.colours.text_weak);
        x += width;
    }
    let mut x = left;
    let y = view.bottom() - 16.0;
    let weak = theme.colours.text_weak;
    let diamond =
        |x: f32| vec![pos2(x, y - 5.0), pos2(x + 5.0, y), pos2(x, y + 5.0), pos2(x - 5.0, y)];
    for (index, what) in ["event", "request", "answer", "failure", "ack", "again", "held", "lost"]
        .into_iter()
        .enumerate()
    {
        let at = pos2(x + 7.0, y);
        let line = Stroke::new(1.5, weak);
        match index {
            0 => drop(painter.circle_filled(at, 4.5, weak)),
            1 => drop(painter.add(Shape::convex_polygon(diamond(at.x), weak, Stroke::NONE))),
            2 => drop(painter.add(Shape::closed_line(diamond(at.x), line))),
            3 => drop(painter.rect_filled(
                Rect::from_center_size(at, vec2(8.0, 8.0)),
                1.0,
                theme.colours.bad,
            )),
            4 => drop(painter.circle_filled(at, 2.0, weak)),
            5 => drop(painter.circle_stroke(at, 5.0, Stroke::new(1.5, theme.colours.warning))),
            6 => {
                let stroke = Stroke::new(1.5, theme.colours.accent);
                painter.circle_stroke(at, 5.0, stroke);
                painter.line_segment([at, at - vec2(0.0, 3.5)], stroke);
                painter.line_segment([at, at + vec2(3.0, 0.0)], stroke);
            }
            _ => {
                let stroke = Stroke::new(1.5, theme.colours.bad);
                painter.line_segment([at - vec2(4.0, 4.0), at + vec2(4.0, 4.0)], stroke);
                painter.line_segment([at + vec2(-4.0, 4.0), at + vec2(4.0, -4.0)], stroke);
            }
        }
        let rect =
            painter.text(at + vec2(11.0, 0.0), Align2::LEFT_CENTER, what, font.clone(), weak);
        x = rect.right() + 14.0;
    }
}
