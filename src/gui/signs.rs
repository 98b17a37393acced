//! Signs on the strips of the timeline, and the loop: how they are drawn, pointed at and dragged.

use egui::{Color32, CursorIcon, Painter, Pos2, Rangef, Rect, Response, Shape, Stroke, Ui, Vec2};

use crate::app::{App, Command, MarkCommand, Window};
use crate::model::Span;
use crate::view::signs::{Sign, SignKind, WIDTH};
use crate::view::time_axis::Axis;

use super::theme::Theme;

/// How much of a strip's top the signs take.
const HEIGHT: f32 = 13.0;
/// How much of a strip's bottom the loop takes.
const LOOP_HEIGHT: f32 = 5.0;
/// How near the pointer must be to an end of the loop.
const REACH: f32 = 6.0;

/// Draws the signs.
pub fn paint(painter: &Painter, rect: Rect, signs: &[Sign], theme: &Theme) {
    let colours = &theme.colours;
    for sign in signs {
        let (x, top) = (sign.x, rect.top() + 2.0);
        let at = |dx: f32, dy: f32| Pos2::new(x + dx, top + dy);
        let edge = Stroke::new(1.0, colours.background);
        match sign.kind {
            SignKind::Fault => {
                let points = vec![at(0.0, 0.5), at(4.8, 9.0), at(-4.8, 9.0)];
                painter.add(Shape::convex_polygon(points, colours.bad, edge));
            }
            SignKind::Mended => {
                let points = vec![at(0.0, 1.5), at(4.0, 8.5), at(-4.0, 8.5)];
                let stroke = Stroke::new(1.3, colours.bad);
                painter.add(Shape::convex_polygon(points, colours.background, stroke));
            }
            SignKind::Anomaly => {
                let radius = if sign.count > 1 { 4.2 } else { 3.4 };
                painter.circle(at(0.0, 5.5), radius, colours.wrong, edge);
            }
            SignKind::Intervention => {
                let points = vec![at(0.0, 0.5), at(4.5, 5.0), at(0.0, 9.5), at(-4.5, 5.0)];
                painter.add(Shape::convex_polygon(points, colours.accent, edge));
            }
            SignKind::Mark => {
                let stroke = Stroke::new(1.2, colours.selection);
                painter.vline(x, rect.y_range(), stroke);
                let points = vec![at(0.0, -1.0), at(8.0, 2.5), at(0.0, 6.0)];
                painter.add(Shape::convex_polygon(points, colours.selection, Stroke::NONE));
            }
        }
    }
}

/// The names of marks, beside their flags, as far as there is room up to the next one.
pub fn names(painter: &Painter, rect: Rect, signs: &[Sign], app: &App, theme: &Theme) {
    let mut marks: Vec<&Sign> = signs.iter().filter(|it| it.kind == SignKind::Mark).collect();
    marks.sort_by(|a, b| a.x.total_cmp(&b.x));
    for (place, sign) in marks.iter().enumerate() {
        let Some(mark) = app.made.marks.get(sign.at).filter(|it| !it.name.is_empty()) else {
            continue;
        };
        let next = marks.get(place + 1).map_or(rect.right(), |it| it.x);
        let font = theme.text_font(theme.sizes.small - 0.5);
        let text = painter.layout_no_wrap(mark.name.clone(), font, theme.colours.selection);
        if sign.x + 11.0 + text.size().x <= next {
            let place = Pos2::new(sign.x + 11.0, rect.top() - 0.5);
            let back = Rect::from_min_size(place, text.size()).expand(1.0);
            let fill = theme.colours.background.gamma_multiply(0.8);
            painter.rect_filled(back, 2.0, fill);
            painter.galley(place, text, theme.colours.selection);
        }
    }
}

/// The sign that is pointed at.
pub fn pointed(signs: &[Sign], rect: Rect, pointer: Pos2) -> Option<&Sign> {
    if pointer.y > rect.top() + HEIGHT {
        return None;
    }
    // What is drawn last lies on top.
    let near = |it: &&Sign| (it.x - pointer.x).abs() <= WIDTH / 2.0 + 1.5;
    signs.iter().rev().find(near)
}

/// Draws the loop.
pub fn paint_loop(painter: &Painter, rect: Rect, axis: Axis, app: &App, theme: &Theme) {
    let Some(span) = app.made.marks.span else { return };
    let x = [axis.x(span.from), axis.x(span.to)];
    let colour =
        if app.made.marks.is_looping { theme.colours.accent } else { theme.colours.text_weak };
    let seen = |from: f32, to: f32, y: Rangef| {
        let from = from.max(rect.left());
        Rect::from_x_y_ranges(from..=to.min(rect.right()).max(from), y)
    };
    if x[1] >= rect.left() && x[0] <= rect.right() {
        let band = seen(x[0], x[1], Rangef::new(rect.bottom() - LOOP_HEIGHT, rect.bottom()));
        painter.rect_filled(band, 1.0, colour.gamma_multiply(0.55));
        if app.made.marks.is_looping {
            let shade = theme.colours.background.gamma_multiply(0.45);
            painter.rect_filled(seen(rect.left(), x[0], rect.y_range()), 0.0, shade);
            painter.rect_filled(seen(x[1], rect.right(), rect.y_range()), 0.0, shade);
        }
    }
    for (x, inwards) in [(x[0], 1.0), (x[1], -1.0)] {
        end(painter, rect, x, inwards, colour);
    }
}

/// An end of the loop: a bracket that can be taken hold of.
fn end(painter: &Painter, rect: Rect, x: f32, inwards: f32, colour: Color32) {
    if x < rect.left() - 1.0 || x > rect.right() + 1.0 {
        return;
    }
    let stroke = Stroke::new(1.6, colour);
    painter.vline(x, rect.y_range(), Stroke::new(1.0, colour.gamma_multiply(0.6)));
    let grip = Rect::from_two_pos(
        Pos2::new(x, rect.bottom() - 9.0),
        Pos2::new(x + inwards * 4.0, rect.bottom()),
    );
    painter.rect_filled(grip, 1.0, colour);
    painter.hline(grip.x_range(), rect.bottom(), stroke);
}

/// Which end of the loop is meant: its beginning, or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    From,
    To,
}

/// Lets the ends of the loop be dragged; true if the drag is one of these.
pub fn drag_loop(
    ui: &Ui,
    response: &Response,
    app: &App,
    axis: Axis,
    out: &mut Vec<Command>,
) -> bool {
    let Some(span) = app.made.marks.span else { return false };
    let rect = response.rect;
    let end_at = |pointer: Pos2| {
        let near = |x: f32| (x - pointer.x).abs() <= REACH;
        if pointer.y < rect.bottom() - 10.0 {
            None
        } else if near(axis.x(span.to)) {
            Some(End::To)
        } else if near(axis.x(span.from)) {
            Some(End::From)
        } else {
            None
        }
    };
    let id = response.id.with("loop");
    if response.hover_pos().and_then(end_at).is_some() && !response.dragged() {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if response.drag_started()
        && let Some(origin) = ui.input(|input| input.pointer.press_origin())
    {
        ui.data_mut(|data| data.insert_temp(id, end_at(origin)));
    }
    if !response.dragged() && !response.drag_stopped() {
        return false;
    }
    let held: Option<End> = ui.data(|data| data.get_temp(id)).flatten();
    let (Some(held), Some(pointer)) = (held, response.interact_pointer_pos()) else {
        return false;
    };
    ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    let at = axis.time(pointer.x);
    let least = Span((axis.window.length().0 / 1000).max(1));
    let span = match held {
        End::From => Window { from: at.min(span.to.back(least)), to: span.to },
        End::To => Window { from: span.from, to: at.max(span.from + least) },
    };
    out.push(Command::Mark(MarkCommand::SetLoop(span)));
    if response.drag_stopped() {
        out.push(Command::LetGo);
    }
    true
}

/// A flag: the icon of marks.
pub fn flag(painter: &Painter, centre: Pos2, ink: Color32) {
    let at = |x: f32, y: f32| centre + Vec2::new(x, y);
    painter.line_segment([at(-4.0, -6.0), at(-4.0, 6.5)], Stroke::new(1.4, ink));
    let points = vec![at(-4.0, -6.0), at(5.5, -2.5), at(-4.0, 1.0)];
    painter.add(Shape::convex_polygon(points, ink, Stroke::NONE));
}
