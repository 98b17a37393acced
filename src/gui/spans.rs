//! All that breaks or is done, over a strip of the timeline: bars from when to when, diamonds for
//! what is done at an instant. They are dragged in time, and by their ends.

use egui::{
    Color32, CursorIcon, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo,
};

use crate::app::{App, Command};
use crate::model::{Span, Time};
use crate::view::faults::{Extent, MOST_TRACKS, Row, chosen, tracks};
use crate::view::time_axis::Axis;

use super::faults_panel::{about, owner};
use super::theme::Theme;

/// How high a line of bars is, in points.
const TRACK: f32 = 7.0;
/// How near the pointer must be, in points.
const REACH: f32 = 5.0;

/// What a drag moves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Grip {
    /// All of it; the pointer is so far, in seconds, behind its beginning.
    All(f64),
    /// Its end.
    End,
}

/// The bars over a strip whose line of time is `axis`; nothing if nothing is on the list.
pub fn lane(ui: &mut Ui, app: &App, theme: &Theme, of: &Lane<'_>, out: &mut Vec<Command>) {
    if of.rows.is_empty() {
        return;
    }
    let least = span_of(of.window.length(), 10.0 / f64::from(ui.available_width().max(100.0)));
    let tracks = tracks(of.rows, least);
    // Always as high, so that nothing moves while something is dragged.
    let height = TRACK * MOST_TRACKS as f32 + 2.0;
    let (outer, _) =
        ui.allocate_exact_size(Vec2::new(ui.available_width(), height), Sense::hover());
    let mut rect = outer;
    rect.min.x += of.margin;
    let axis = Axis { window: of.window, left: rect.left(), right: rect.right() };
    let response = ui.interact(rect, ui.scope_id().with(of.name), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Group, true, of.name));

    let boxes: Vec<Rect> =
        of.rows.iter().zip(&tracks).map(|(row, track)| place(rect, axis, row, *track)).collect();
    // A diamond at an edge is whole; a bar that began before ends where the strip does.
    let points = ui.painter_at(rect.expand2(Vec2::new(4.0, 1.0)));
    let bars = ui.painter_at(rect.expand2(Vec2::new(0.0, 1.0)));
    let hit = |at: Pos2| {
        let near = |it: &&Rect| it.expand2(Vec2::new(REACH - 1.0, 1.5)).contains(at);
        // What lies on top is drawn last.
        let place = boxes.iter().rev().position(|it| near(&it))?;
        Some(boxes.len() - 1 - place)
    };
    let hovered = response.hover_pos().filter(|_| !response.dragged()).and_then(hit);
    for (index, (row, bar)) in of.rows.iter().zip(&boxes).enumerate() {
        let is_chosen = app.chosen_fault == Some(row.key);
        let painter = if row.extent == Extent::Point { &points } else { &bars };
        paint(painter, *bar, row, theme, is_chosen, hovered == Some(index));
    }
    let grip_at = |index: usize, at: Pos2| {
        let row = &of.rows[index];
        let end = axis.x(row.end());
        let is_long = boxes[index].width() > 12.0;
        let is_end = row.lasting(None).is_some() && is_long && (at.x - end).abs() <= REACH;
        let behind = axis.time(at.x).as_secs_f64() - row.at.as_secs_f64();
        if is_end { Grip::End } else { Grip::All(behind) }
    };
    if let (Some(index), Some(pointer)) = (hovered, response.hover_pos()) {
        ui.set_cursor_icon(match grip_at(index, pointer) {
            Grip::End => CursorIcon::ResizeHorizontal,
            Grip::All(_) => CursorIcon::Grab,
        });
    }
    let id = response.id.with("grip");
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin());
        let taken = origin.and_then(|at| Some((hit(at)?, at)));
        let grip = taken.map(|(index, at)| grip_at(index, at));
        ui.data_mut(|data| data.insert_temp(id, grip));
        out.push(Command::ChooseFault(taken.map(|(index, _)| of.rows[index].key)));
    } else if response.dragged()
        && let Some(grip) = ui.data(|data| data.get_temp::<Option<Grip>>(id)).flatten()
        && let (Some(row), Some(pointer)) = (chosen(app), response.interact_pointer_pos())
    {
        drag(app, &row, grip, axis, pointer, out);
    }
    if response.drag_stopped() {
        out.push(Command::LetGo);
    }
    if response.clicked()
        && let Some(index) = response.interact_pointer_pos().and_then(hit)
    {
        let row = &of.rows[index];
        out.extend([Command::ChooseFault(Some(row.key)), Command::SeekTo(row.at)]);
        if !app.settings.faults {
            out.push(Command::ToggleFaults);
        }
    }
    if let Some(row) = hovered.map(|index| &of.rows[index]) {
        response.on_hover_ui_at_pointer(|ui| {
            ui.label(&row.name);
            ui.weak(about(row));
            ui.weak("Drag it to another instant, drag its end to have it last longer");
        });
    }
}

/// What a lane of bars is over.
#[derive(Clone, Copy, Debug)]
pub struct Lane<'a> {
    /// What is on the list.
    pub rows: &'a [Row],
    /// What the strip shows.
    pub window: crate::app::Window,
    /// How much room is left at its left, in points.
    pub margin: f32,
    /// What it is called, by a screen reader.
    pub name: &'static str,
}

fn drag(app: &App, row: &Row, grip: Grip, axis: Axis, pointer: Pos2, out: &mut Vec<Command>) {
    let width = f64::from((axis.right - axis.left).max(1.0));
    // Round instants, as fine as the strip shows them.
    let step = 10_f64.powf((axis.window.length().as_secs_f64() / width).log10().ceil());
    let rounded = |seconds: f64| Time::from_secs_f64((seconds / step).round().max(0.0) * step);
    let at = axis.time(pointer.x);
    let to = match grip {
        Grip::All(behind) => {
            let last = Time::ZERO + app.whole();
            row.at(rounded(at.as_secs_f64() - behind).min(last))
        }
        Grip::End => {
            let end = rounded(at.as_secs_f64()).max(row.at + Span::from_secs_f64(step));
            let Some(to) = row.lasting(Some(end.since(row.at))) else { return };
            to
        }
    };
    if to != row.intervention() {
        out.push(row.changed(to));
    }
}

fn span_of(whole: Span, share: f64) -> Span {
    Span::from_secs_f64(whole.as_secs_f64() * share)
}

/// Where a row is drawn: a bar, or the square around a diamond.
fn place(rect: Rect, axis: Axis, row: &Row, track: usize) -> Rect {
    let from = axis.x(row.at);
    let y = rect.bottom() - 1.0 - TRACK * (track as f32 + 0.5);
    if row.extent == Extent::Point {
        return Rect::from_center_size(Pos2::new(from, y), Vec2::splat(TRACK));
    }
    let to = axis.x(row.end()).max(from + 3.0);
    let (from, to) = (from.max(rect.left() - 6.0), to.min(rect.right() + 6.0));
    Rect::from_x_y_ranges(from..=to.max(from), y - TRACK / 2.0 + 1.5..=y + TRACK / 2.0 - 1.5)
}

/// What took no effect is hollow, what is switched off is faint.
fn paint(painter: &Painter, at: Rect, row: &Row, theme: &Theme, chosen: bool, hovered: bool) {
    let colour = owner(theme, row);
    let strength = match () {
        () if !row.is_on => 0.3,
        () if hovered || chosen => 1.0,
        () => 0.75,
    };
    let colour = colour.gamma_multiply(strength);
    let is_hollow = !row.is_on || row.took == Some(false);
    let fill = if is_hollow { Color32::TRANSPARENT } else { colour };
    let edge = if chosen { theme.colours.text } else { colour };
    let stroke = Stroke::new(if chosen { 1.5 } else { 1.0 }, edge);
    if row.extent == Extent::Point {
        let (centre, half) = (at.center(), TRACK / 2.0 - 0.5);
        let points = [(0.0, -half), (half, 0.0), (0.0, half), (-half, 0.0)];
        let points = points.map(|(x, y)| centre + Vec2::new(x, y)).to_vec();
        painter.add(Shape::convex_polygon(points, fill, stroke));
    } else {
        let at = if chosen || hovered { at.expand2(Vec2::new(0.0, 0.5)) } else { at };
        painter.rect(at, 2.0, fill, stroke, StrokeKind::Inside);
    }
}
