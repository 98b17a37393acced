//! The timeline's two strips: how much happens when, what breaks when, and the playhead. The
//! upper one shows the whole run, the lower one the window that is looked at.

use egui::epaint::Mesh;
use egui::{
    Align2, Color32, CursorIcon, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind,
    Ui, Vec2, WidgetInfo,
};

use crate::app::{App, Command, Window};
use crate::history::Overview;
use crate::model::{Span, Time};
use crate::view::faults::{Extent, rows};
use crate::view::signs::{Sign, SignKind, signs};
use crate::view::time_axis::Axis;

use super::theme::Theme;
use super::{controls, marks_list, signs};

/// What the names of the strips have at their left.
pub(super) const NAMES: f32 = 84.0;
/// How near the pointer must be to an edge to take it.
const REACH: f32 = 5.0;

/// The strip of the whole run.
pub fn whole(ui: &mut Ui, app: &App, theme: &Theme, names: f32, out: &mut Vec<Command>) {
    let (rect, response) = allocate(ui, theme, "Whole run", names, 34.0, 0.0);
    let axis = Axis::whole(app.whole(), rect.left(), rect.right());
    let edges = [app.window.from, app.window.to].map(|at| axis.x(at));
    let signs = signs(app, axis);
    let sign = sign_at(ui, &response, &signs);
    if !signs::drag_loop(ui, &response, app, axis, out) && !click(&response, sign, out) {
        drag_whole(ui, &response, app, axis, edges, out);
    }
    wheel(ui, &response, app, axis, out);
    value(&response, app, "Whole run");

    let painter = ui.painter_at(rect.expand(1.0));
    backdrop(&painter, rect, axis, app, theme);
    let seen = Rect::from_x_y_ranges(edges[0]..=edges[1], rect.y_range());
    let fill = theme.colours.selection.gamma_multiply(0.13);
    painter.rect(seen, 2.0, fill, Stroke::new(1.0, theme.colours.selection), StrokeKind::Inside);
    signs::paint_loop(&painter, rect, axis, app, theme);
    signs::paint(&painter, rect, &signs, theme);
    playhead(&painter, rect, axis.x(app.playback.at), theme);
    marks_list::beside(&response, app, theme, out);
    tooltip(
        response,
        axis,
        sign.map(|it| it.words(app)),
        "Drag to scrub, wheel to zoom; drag an edge of the frame to change what the close-up shows",
    );
}

/// The room that these names need at the left of strips or lanes.
pub fn room_for<'a>(ui: &Ui, theme: &Theme, names: impl Iterator<Item = &'a str>) -> f32 {
    let font = theme.text_font(theme.sizes.small);
    let width = |name: &str| {
        ui.painter().layout_no_wrap(name.to_owned(), font.clone(), theme.colours.text).size().x
    };
    (names.map(width).fold(0.0, f32::max) + 26.0).clamp(NAMES, 170.0)
}

/// A strip for each column of the comparison: how much happens in it when.
pub fn sides(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let colours = &theme.colours;
    let names = room_for(ui, theme, app.comparing.sides.iter().map(|it| it.name.as_str()));
    let longest = app.comparing.sides.iter().map(|it| it.end).max().unwrap_or(Time::ZERO);
    let length = longest.since(Time::ZERO).max(Span::SECOND);
    let last = app.comparing.sides.len().saturating_sub(1);
    for (place, side) in app.comparing.sides.iter().enumerate() {
        let below = if place == last { 18.0 } else { 4.0 };
        let size = Vec2::new(ui.available_width(), 30.0 + below);
        let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
        let rect = Rect::from_min_max(
            Pos2::new(outer.left() + names, outer.top()),
            Pos2::new(outer.right(), outer.bottom() - below),
        );
        let response =
            ui.interact(rect, ui.scope_id().with(("side", place)), Sense::click_and_drag());
        value(&response, app, &format!("Run of {}", side.name));
        let axis = Axis::whole(length, rect.left(), rect.right());
        scrub(&response, axis, out);
        let painter = ui.painter_at(outer);
        let edge = Stroke::new(1.0, colours.panel_edge);
        painter.rect(rect, 3.0, colours.background, edge, StrokeKind::Inside);
        if let Some(outage) = &app.comparing.outage {
            let band = axis.x(outage.from)..=axis.x(outage.until).min(rect.right());
            let band = Rect::from_x_y_ranges(band, rect.y_range());
            painter.rect_filled(band, 0.0, colours.bad.gamma_multiply(0.12));
        }
        let ink = theme.event(crate::view::comparing::ink(place));
        let known = (&*side.run.overview, side.run.progress.head);
        density(&painter, rect, axis, known, ink.gamma_multiply(0.75));
        hatch(&painter, rect, axis.x(side.run.progress.head), colours.grid);
        if place == last {
            ticks(&painter, rect, axis, theme);
        }
        let font = theme.text_font(theme.sizes.small);
        let at = Pos2::new(outer.left(), rect.center().y);
        painter.circle_filled(at + Vec2::new(4.0, 0.0), 3.5, ink);
        let name = controls::cut(&painter, &side.name, font, colours.text, names - 19.0);
        painter.galley(at + Vec2::new(13.0, -name.size().y / 2.0), name, colours.text);
        playhead(&painter, rect, axis.x(app.playback.at), theme);
        tooltip(response, axis, None, "Drag to scrub");
    }
}

/// The strip of the window, which to the user is a close-up of the run, with its ticks.
pub fn window(ui: &mut Ui, app: &App, theme: &Theme, names: f32, out: &mut Vec<Command>) {
    let (rect, response) = allocate(ui, theme, "Close-up", names, 46.0, 18.0);
    let axis = Axis { window: app.window, left: rect.left(), right: rect.right() };
    let signs = signs(app, axis);
    let (sign, is_taken) = take_signs(ui, &response, app, axis, &signs, out);
    if !is_taken {
        scrub(&response, axis, out);
    }
    wheel(ui, &response, app, axis, out);
    value(&response, app, "Close-up");

    let painter = ui.painter().clone();
    backdrop(&painter.with_clip_rect(rect), rect, axis, app, theme);
    ticks(&painter, rect, axis, theme);
    over(&painter, rect, axis, &signs, app, theme);
    marks_list::beside(&response, app, theme, out);
    tooltip(response, axis, sign.map(|it| it.words(app)), HINT);
}

/// What a close-up's ground is for.
pub(super) const HINT: &str = "Drag to scrub, wheel to zoom, Shift and wheel to move";

/// The sign under the pointer, and whether what a person does is done to it, or to the loop.
pub(super) fn take_signs<'a>(
    ui: &Ui,
    response: &Response,
    app: &App,
    axis: Axis,
    signs: &'a [Sign],
    out: &mut Vec<Command>,
) -> (Option<&'a Sign>, bool) {
    let sign = sign_at(ui, response, signs);
    (sign, signs::drag_loop(ui, response, app, axis, out) || click(response, sign, out))
}

/// What lies on top of a close-up: the loop, the signs and the playhead.
pub(super) fn over(
    painter: &Painter,
    rect: Rect,
    axis: Axis,
    signs: &[Sign],
    app: &App,
    theme: &Theme,
) {
    let clipped = painter.with_clip_rect(rect.expand2(Vec2::new(6.0, 1.0)));
    signs::paint_loop(&clipped.with_clip_rect(rect), rect, axis, app, theme);
    signs::paint(&clipped, rect, signs, theme);
    signs::names(&clipped, rect, signs, app, theme);
    if app.window.contains(app.playback.at) {
        playhead(&clipped, rect, axis.x(app.playback.at), theme);
    }
}

/// A click or a drag on the ground of a close-up takes the playhead there.
pub(super) fn scrub(response: &Response, axis: Axis, out: &mut Vec<Command>) {
    if (response.dragged() || response.drag_stopped() || response.clicked())
        && let Some(pointer) = response.interact_pointer_pos()
    {
        out.push(Command::SeekTo(axis.time(pointer.x)));
    }
}

/// The ticks of time, their labels below.
pub(super) fn ticks(painter: &Painter, rect: Rect, axis: Axis, theme: &Theme) {
    for tick in axis.ticks(90.0) {
        let is_labelled = !tick.label.is_empty();
        let colour = theme.colours.link.gamma_multiply(if is_labelled { 0.9 } else { 0.45 });
        let bottom = rect.bottom();
        let top = if is_labelled { rect.top() } else { bottom - 4.0 };
        painter.vline(tick.x, top..=bottom, Stroke::new(1.0, colour.gamma_multiply(0.6)));
        if is_labelled {
            let font = theme.mono_font(theme.sizes.small - 0.5);
            let place = Pos2::new(tick.x, bottom + 4.0);
            // At the edges a label would be cut or leave the strip: it moves inside.
            let galley = painter.layout_no_wrap(tick.label, font, theme.colours.text_weak);
            let half = galley.size().x / 2.0;
            let x = place.x.clamp(rect.left() + half, rect.right() - half) - half;
            painter.galley(Pos2::new(x, place.y), galley, theme.colours.text_weak);
        }
    }
}

fn allocate(
    ui: &mut Ui,
    theme: &Theme,
    name: &str,
    names: f32,
    height: f32,
    below: f32,
) -> (Rect, Response) {
    let size = Vec2::new(ui.available_width(), height + below);
    let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
    let mut rect = outer;
    rect.min.x += names;
    rect.max.y -= below;
    let id = ui.scope_id().with(name);
    let response = ui.interact(rect, id, Sense::click_and_drag());
    let font = theme.text_font(theme.sizes.small);
    let place = Pos2::new(outer.left(), rect.center().y);
    ui.painter().text(place, Align2::LEFT_CENTER, name, font, theme.colours.text_weak);
    (rect, response)
}

pub(super) fn value(response: &Response, app: &App, name: &str) {
    let at = app.playback.at.as_secs_f64();
    response.widget_info(|| WidgetInfo::slider(true, at, name));
}

/// What a drag that began at an edge of the window moves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grip {
    Playhead,
    From,
    To,
}

fn drag_whole(
    ui: &Ui,
    response: &Response,
    app: &App,
    axis: Axis,
    edges: [f32; 2],
    out: &mut Vec<Command>,
) {
    let grip_at = |x: f32| {
        let near = |edge: f32| (x - edge).abs() <= REACH;
        // Where an edge lies under the playhead, the playhead is what is meant.
        if near(axis.x(app.playback.at)) {
            Grip::Playhead
        } else if near(edges[1]) {
            Grip::To
        } else if near(edges[0]) {
            Grip::From
        } else {
            Grip::Playhead
        }
    };
    let id = response.id.with("grip");
    if let Some(pointer) = response.hover_pos()
        && !response.dragged()
        && grip_at(pointer.x) != Grip::Playhead
    {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if response.drag_started()
        && let Some(origin) = ui.input(|input| input.pointer.press_origin())
    {
        ui.data_mut(|data| data.insert_temp(id, grip_at(origin.x)));
    }
    let Some(pointer) = response.interact_pointer_pos() else { return };
    let at = axis.time(pointer.x);
    if response.clicked() {
        out.push(Command::SeekTo(at));
    } else if response.dragged() || response.drag_stopped() {
        let least = Span((app.whole().0 / 500).max(1));
        match ui.data(|data| data.get_temp(id)).unwrap_or(Grip::Playhead) {
            Grip::Playhead => out.push(Command::SeekTo(at)),
            Grip::From => {
                let from = at.min(app.window.to.back(least));
                out.push(Command::LookAt(Window { from, to: app.window.to }));
            }
            Grip::To => {
                let to = at.max(app.window.from + least);
                out.push(Command::LookAt(Window { from: app.window.from, to }));
            }
        }
    }
}

/// The wheel zooms around the pointer; sideways, or with Shift, it moves the window.
pub(super) fn wheel(ui: &Ui, response: &Response, app: &App, axis: Axis, out: &mut Vec<Command>) {
    let Some(pointer) = response.hover_pos() else { return };
    let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
    let factor = f64::from((-scroll.y / 240.0).exp() / pinch);
    if (factor - 1.0).abs() > 1e-4 {
        let window = app.window.scaled(factor, axis.time(pointer.x), app.whole());
        out.push(Command::LookAt(window));
    }
    if scroll.x.abs() > 0.1 {
        let length = app.window.length().as_secs_f64();
        let share = f64::from(scroll.x / (axis.right - axis.left).max(1.0));
        let from = Time::from_secs_f64(app.window.from.as_secs_f64() - share * length);
        out.push(Command::LookAt(Window::of(from, app.window.length())));
    }
}

fn backdrop(painter: &Painter, rect: Rect, axis: Axis, app: &App, theme: &Theme) {
    let colours = &theme.colours;
    let edge = Stroke::new(1.0, colours.panel_edge);
    painter.rect(rect, 3.0, colours.background, edge, StrokeKind::Inside);
    fault_bands(painter, rect, axis, app, theme);
    density(painter, rect, axis, (&app.run.overview, app.run.progress.head), colours.density);
    hatch(painter, rect, axis.x(app.run.progress.head), colours.grid);
}

/// When something is broken.
pub(super) fn fault_bands(painter: &Painter, rect: Rect, axis: Axis, app: &App, theme: &Theme) {
    for fault in rows(app).iter().filter(|it| it.is_on && it.extent != Extent::Point) {
        let from = axis.x(fault.at).clamp(rect.left(), rect.right());
        let to = axis.x(fault.end());
        if to > rect.left() && from < rect.right() {
            let band = Rect::from_x_y_ranges(from..=to.min(rect.right()), rect.y_range());
            painter.rect_filled(band, 0.0, theme.colours.bad.gamma_multiply(0.10));
        }
    }
}

/// How much happens when, a bucket a column, on a scale of its square root so that a burst
/// does not flatten the rest.
fn density(
    painter: &Painter,
    rect: Rect,
    axis: Axis,
    (overview, head): (&Overview, Time),
    colour: Color32,
) {
    if overview.is_empty() {
        return;
    }
    let bucket = |at: Time| usize::try_from(at.0 / overview.bucket.0).unwrap_or(usize::MAX);
    // Records a bucket, on the average of the buckets that a column covers.
    let rate = |from: Time, to: Time| {
        let (from, to) = (bucket(from), bucket(to).min(overview.len() - 1) + 1);
        #[expect(clippy::cast_precision_loss, reason = "a number of records, to be drawn")]
        let mean = overview.between(from, to, |it| it.records) as f64
            / to.saturating_sub(from).max(1) as f64;
        mean
    };
    let column = |x: f32| rate(axis.time(x), axis.time(x + 2.0));
    let columns = std::iter::successors(Some(rect.left()), |x| Some(x + 2.0));
    let most = columns.take_while(|x| *x <= rect.right()).map(column).fold(0.0, f64::max);
    if most <= 0.0 {
        return;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a height on the screen")]
    let height = |x: f32| (column(x) / most).sqrt() as f32 * (rect.height() - 6.0);
    let head = axis.x(head).min(rect.right());
    let mut mesh = Mesh::default();
    let mut outline = Vec::new();
    let mut x = rect.left();
    while x <= head {
        let top = Pos2::new(x, rect.bottom() - 1.0 - height(x));
        mesh.colored_vertex(top, colour.gamma_multiply(0.85));
        mesh.colored_vertex(Pos2::new(x, rect.bottom() - 1.0), colour.gamma_multiply(0.35));
        outline.push(top);
        let last = u32::try_from(mesh.vertices.len()).unwrap_or(0);
        if last >= 4 {
            mesh.add_triangle(last - 4, last - 3, last - 2);
            mesh.add_triangle(last - 3, last - 2, last - 1);
        }
        x += 2.0;
    }
    painter.add(Shape::mesh(mesh));
    painter.add(Shape::line(outline, Stroke::new(1.2, colour)));
}

/// What is not simulated yet is hatched.
pub(super) fn hatch(painter: &Painter, rect: Rect, head: f32, colour: Color32) {
    if head >= rect.right() - 0.5 {
        return;
    }
    let future = Rect::from_x_y_ranges(head.max(rect.left())..=rect.right(), rect.y_range());
    let painter = painter.with_clip_rect(future.intersect(painter.clip_rect()));
    let mut x = future.left() - rect.height();
    while x < future.right() {
        let ends = [Pos2::new(x, rect.bottom()), Pos2::new(x + rect.height(), rect.top())];
        painter.line_segment(ends, Stroke::new(1.5, colour));
        x += 7.0;
    }
}

fn playhead(painter: &Painter, rect: Rect, x: f32, theme: &Theme) {
    let accent = theme.colours.accent;
    painter.vline(x, rect.y_range(), Stroke::new(2.0, accent));
    let top = rect.top();
    let points = vec![Pos2::new(x - 5.5, top), Pos2::new(x + 5.5, top), Pos2::new(x, top + 8.0)];
    painter.add(Shape::convex_polygon(points, accent, Stroke::NONE));
}

/// The sign that is pointed at; the other button means the mark there, or none.
fn sign_at<'a>(ui: &Ui, response: &Response, signs: &'a [Sign]) -> Option<&'a Sign> {
    let pointer = response.hover_pos().filter(|_| !response.dragged());
    let sign = pointer.and_then(|it| signs::pointed(signs, response.rect, it));
    if sign.is_some() {
        ui.set_cursor_icon(CursorIcon::PointingHand);
    }
    if response.secondary_clicked() {
        let mark = sign.filter(|it| it.kind == SignKind::Mark);
        marks_list::point(response, mark.map(|it| it.at));
    }
    sign
}

/// A click on a sign goes to its own instant, not to that of the pointer.
fn click(response: &Response, sign: Option<&Sign>, out: &mut Vec<Command>) -> bool {
    let asked = sign.filter(|_| response.clicked()).map(Sign::command);
    let is_one = asked.is_some();
    out.extend(asked);
    is_one
}

pub(super) fn tooltip(response: Response, axis: Axis, sign: Option<String>, hint: &str) {
    if response.dragged() {
        return;
    }
    let time = response.hover_pos().map(|pointer| axis.time(pointer.x));
    response.on_hover_ui_at_pointer(|ui| {
        if let Some(time) = time {
            ui.monospace(time.to_string());
        }
        match sign {
            Some(words) => ui.label(words),
            None => ui.weak(hint),
        };
    });
}
