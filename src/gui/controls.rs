//! The controls that every panel uses: buttons that stand for a command, and their icons,
//! drawn as shapes so that no font needs to have them.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo};

use crate::app::Command;

use super::theme::Theme;

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// A bar and a triangle to the left.
    Start,
    /// A thin bar and a small triangle to the left.
    StepBack,
    /// A triangle to the left.
    PlayBack,
    /// A triangle to the right.
    Play,
    /// Two bars.
    Pause,
    /// A small triangle to the right and a thin bar.
    StepForward,
    /// A triangle to the right and a bar.
    End,
    /// A disc, half full.
    Look,
    /// A question mark.
    Help,
    /// Three dots.
    More,
    /// A window with a column at its right.
    Inspector,
    /// A cross.
    Close,
    /// An arrow that turns back to the left.
    Undo,
    /// An arrow that turns to the right again.
    Redo,
    /// A line that parts in two.
    Fork,
    /// A path that goes around.
    Loop,
    /// A line that dips and rises again.
    Slow,
    /// A flag.
    Mark,
    /// A magnifying glass.
    Search,
    /// A small triangle to the left.
    Previous,
    /// A small triangle to the right.
    Next,
    /// Three lines from left to right, and one across.
    Lanes,
    /// An eye.
    Eye,
    /// A tick.
    Check,
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Like the others.
    Plain,
    /// Without a face until it is pointed at.
    Bare,
    /// As what is selected.
    Selected,
    /// As what matters most.
    Accent,
}

/// A square button with an icon; `label` is what a screen reader says.
pub fn icon_button(
    ui: &mut Ui,
    theme: &Theme,
    icon: Icon,
    face: Face,
    label: &str,
    tooltip: String,
) -> Response {
    let size = Vec2::new(theme.sizes.control + 4.0, theme.sizes.control);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    if ui.is_rect_visible(rect) {
        let colours = &theme.colours;
        let visuals = ui.style().interact(&response);
        let (fill, edge, ink) = match face {
            Face::Plain => (visuals.bg_fill, visuals.bg_stroke.color, visuals.fg_stroke.color),
            Face::Bare if response.hovered() || response.has_focus() => {
                (visuals.bg_fill, visuals.bg_stroke.color, visuals.fg_stroke.color)
            }
            Face::Bare => (Color32::TRANSPARENT, Color32::TRANSPARENT, colours.text_weak),
            Face::Selected => (colours.selection_fill, colours.selection, colours.selection),
            Face::Accent => (colours.accent, colours.accent, colours.on_accent),
        };
        let edge = if response.has_focus() { colours.selection } else { edge };
        let kind = egui::StrokeKind::Inside;
        ui.painter().rect(rect, theme.sizes.radius, fill, Stroke::new(1.0, edge), kind);
        paint_icon(ui.painter(), rect.center(), icon, ink);
    }
    if tooltip.is_empty() { response } else { response.on_hover_text(tooltip) }
}

/// A button with an icon that stands for a command of the table.
pub fn command_icon(
    ui: &mut Ui,
    theme: &Theme,
    icon: Icon,
    face: Face,
    command: Command,
    out: &mut Vec<Command>,
) {
    let label = command.action().map_or("", |action| action.label);
    if icon_button(ui, theme, icon, face, label, command.tooltip()).clicked() {
        out.push(command);
    }
}

/// Choices side by side, as one control: what each is called, what it does, and whether it is the
/// one. Gives which was chosen.
pub fn choices(ui: &mut Ui, theme: &Theme, all: &[(&str, &str, bool)]) -> Option<usize> {
    let colours = &theme.colours;
    let frame = egui::Frame::new()
        .fill(colours.control)
        .stroke(Stroke::new(1.0, colours.card_border))
        .corner_radius(theme.sizes.radius)
        .inner_margin(2);
    let mut chosen = None;
    let mut row = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (place, (label, hint, is_on)) in all.iter().enumerate() {
            let ink = if *is_on { colours.selection } else { colours.text };
            let button = egui::Button::selectable(*is_on, egui::RichText::new(*label).color(ink))
                .min_size(Vec2::new(52.0, theme.sizes.control - 8.0));
            if ui.add(button).on_hover_text(*hint).clicked() {
                chosen = Some(place);
            }
        }
    };
    frame.show(ui, |ui| ui.horizontal(&mut row));
    chosen
}

/// A button with the label of a command of the table.
pub fn command_button(ui: &mut Ui, theme: &Theme, command: Command, out: &mut Vec<Command>) {
    let label = command.action().map_or("", |action| action.label);
    let size = Vec2::new(0.0, theme.sizes.control - 4.0);
    let button = ui.add(egui::Button::new(label).min_size(size));
    if button.on_hover_text(command.tooltip()).clicked() {
        out.push(command);
    }
}

/// Small text that is to be read second.
pub fn weak(theme: &Theme, text: impl Into<String>) -> egui::RichText {
    let text = egui::RichText::new(text).font(theme.text_font(theme.sizes.small));
    text.color(theme.colours.text_weak)
}

/// Text in which `**strong**` and code between backticks stand out; other asterisks are left out.
#[must_use]
pub fn marked(theme: &Theme, text: &str) -> LayoutJob {
    let mut job = LayoutJob::default();
    let size = theme.sizes.body;
    for (place, part) in text.split("**").enumerate() {
        let is_strong = place % 2 == 1;
        for (place, part) in part.split('`').enumerate() {
            let (font, ink) = match (is_strong, place % 2 == 1) {
                (_, true) => (theme.mono_font(theme.sizes.mono), theme.colours.text),
                (true, _) => (theme.strong_font(size), theme.colours.text),
                _ => (theme.text_font(size), theme.colours.text_weak),
            };
            job.append(&part.replace('*', ""), 0.0, TextFormat::simple(font, ink));
        }
    }
    job
}

/// A line of text that ends in `…` where there is no more room.
#[must_use]
pub fn cut(
    painter: &egui::Painter,
    text: impl Into<String>,
    font: egui::FontId,
    ink: Color32,
    room: f32,
) -> Arc<egui::Galley> {
    let mut job = LayoutJob::simple_singleline(text.into(), font, ink);
    job.wrap = TextWrapping::truncate_at_width(room.max(0.0));
    painter.layout_job(job)
}

/// Paints an icon around a point.
pub fn paint_icon(painter: &egui::Painter, centre: Pos2, icon: Icon, ink: Color32) {
    let at = |x: f32, y: f32| centre + Vec2::new(x, y);
    let triangle = |tip: f32, base: f32, half: f32| {
        let points = vec![at(base, -half), at(tip, 0.0), at(base, half)];
        painter.add(Shape::convex_polygon(points, ink, Stroke::NONE));
    };
    let bar = |x: f32, width: f32, half: f32| {
        let rect = Rect::from_center_size(at(x, 0.0), Vec2::new(width, 2.0 * half));
        painter.rect_filled(rect, 0.5, ink);
    };
    match icon {
        Icon::Start => {
            bar(-5.5, 2.5, 5.5);
            triangle(-4.0, 5.5, 5.5);
        }
        Icon::End => {
            bar(5.5, 2.5, 5.5);
            triangle(4.0, -5.5, 5.5);
        }
        Icon::StepBack => {
            bar(4.5, 2.0, 5.0);
            triangle(-5.5, 1.5, 5.0);
        }
        Icon::StepForward => {
            bar(-4.5, 2.0, 5.0);
            triangle(5.5, -1.5, 5.0);
        }
        Icon::PlayBack => triangle(-5.5, 4.0, 6.0),
        Icon::Play => triangle(6.5, -4.5, 7.0),
        Icon::Pause => {
            bar(-3.5, 3.5, 6.5);
            bar(3.5, 3.5, 6.5);
        }
        Icon::Look => {
            painter.circle_stroke(centre, 6.5, Stroke::new(1.3, ink));
            let right = (0..=16).map(|n| {
                let angle = std::f32::consts::PI * (n as f32 / 16.0 - 0.5);
                at(6.0 * angle.cos(), 6.0 * angle.sin())
            });
            painter.add(Shape::convex_polygon(right.collect(), ink, Stroke::NONE));
        }
        Icon::Help => {
            let font = egui::FontId::proportional(15.0);
            painter.text(centre, egui::Align2::CENTER_CENTER, "?", font, ink);
        }
        Icon::More => {
            for x in [-5.0, 0.0, 5.0] {
                painter.circle_filled(at(x, 0.0), 1.5, ink);
            }
        }
        Icon::Inspector => {
            let rect = Rect::from_center_size(centre, Vec2::new(14.0, 11.0));
            let stroke = Stroke::new(1.3, ink);
            painter.rect_stroke(rect, 1.5, stroke, egui::StrokeKind::Middle);
            painter.vline(centre.x + 2.5, rect.y_range(), stroke);
        }
        Icon::Fork => {
            let stroke = Stroke::new(1.5, ink);
            painter.line_segment([at(-3.0, -5.0), at(-3.0, 5.0)], stroke);
            let branch = vec![at(-3.0, 2.5), at(3.0, -1.5), at(3.0, -5.0)];
            painter.add(Shape::line(branch, stroke));
            for end in [at(-3.0, -5.0), at(-3.0, 5.0), at(3.0, -5.0)] {
                painter.circle_filled(end, 1.8, ink);
            }
        }
        Icon::Previous => triangle(-3.0, 2.5, 3.8),
        Icon::Next => triangle(3.0, -2.5, 3.8),
        Icon::Mark => super::signs::flag(painter, centre, ink),
        Icon::Loop | Icon::Slow | Icon::Search | Icon::Undo | Icon::Redo | Icon::Check => {
            paint_path(painter, centre, icon, ink)
        }
        Icon::Lanes => {
            for y in [-5.0, 0.0, 5.0] {
                painter.hline(centre.x - 7.0..=centre.x + 7.0, centre.y + y, Stroke::new(1.2, ink));
            }
            for (from, to) in [(at(-4.0, -5.0), at(-1.0, 0.0)), (at(-1.0, 0.0), at(4.0, 5.0))] {
                painter.line_segment([from, to], Stroke::new(1.7, ink));
            }
        }
        Icon::Eye => {
            let lid = |up: f32| {
                (0..=12).map(move |n| {
                    let x = n as f32 / 6.0 - 1.0;
                    at(6.0 * x, up * 3.6 * (1.0 - x * x))
                })
            };
            let outline: Vec<Pos2> =
                lid(-1.0).chain(lid(1.0).collect::<Vec<_>>().into_iter().rev()).collect();
            painter.add(Shape::closed_line(outline, Stroke::new(1.1, ink)));
            painter.circle_filled(centre, 1.8, ink);
        }
        Icon::Close => {
            for end in [at(4.0, 4.0), at(4.0, -4.0)] {
                let start = centre - (end - centre);
                painter.line_segment([start, end], Stroke::new(1.5, ink));
            }
        }
    }
}

/// The icons that are a line.
fn paint_path(painter: &egui::Painter, centre: Pos2, icon: Icon, ink: Color32) {
    let at = |x: f32, y: f32| centre + Vec2::new(x, y);
    let stroke = Stroke::new(1.5, ink);
    let arc = |middle: Pos2, radius: f32, from: f32, to: f32| {
        let points = (0..=16).map(|n| {
            let angle = std::f32::consts::PI * (from + (to - from) * n as f32 / 16.0);
            middle + radius * Vec2::angled(angle)
        });
        painter.add(Shape::line(points.collect(), stroke));
    };
    match icon {
        Icon::Loop => {
            // Along a flat ring, with the arrow's head in the gap at the top.
            arc(at(-3.2, 1.2), 4.0, 0.5, 1.5);
            arc(at(3.2, 1.2), 4.0, -0.5, 0.5);
            painter.line_segment([at(-3.3, 5.2), at(3.3, 5.2)], stroke);
            painter.line_segment([at(-3.3, -2.8), at(-1.5, -2.8)], stroke);
            let head = vec![at(-1.6, -6.4), at(3.4, -2.8), at(-1.6, 0.8)];
            painter.add(Shape::convex_polygon(head, ink, Stroke::NONE));
        }
        Icon::Slow => {
            let points = (0..=24).map(|n| {
                let x = n as f32 / 12.0 - 1.0;
                at(x * 7.5, 8.0 * (-x * x * 5.5).exp() - 4.0)
            });
            painter.add(Shape::line(points.collect(), stroke));
        }
        Icon::Undo | Icon::Redo => {
            // Out at the bottom, round, and back to the tip.
            let side = if icon == Icon::Undo { 1.0 } else { -1.0 };
            let from_top = (0..=16).map(|n| {
                let angle = std::f32::consts::PI * (n as f32 / 16.0 - 0.5);
                at(side * (1.8 + 4.0 * angle.cos()), 0.8 + 4.0 * angle.sin())
            });
            let mut points = vec![at(side * -3.0, -3.2)];
            points.extend(from_top);
            points.push(at(side * -2.5, 4.8));
            painter.add(Shape::line(points, stroke));
            let head = [(-6.6, -3.2), (-2.2, -6.6), (-2.2, 0.2)];
            let head = head.map(|(x, y)| at(side * x, y));
            painter.add(Shape::convex_polygon(head.to_vec(), ink, Stroke::NONE));
        }
        Icon::Check => {
            painter.circle_stroke(centre, 7.0, Stroke::new(1.2, ink));
            let tick = vec![at(-3.2, 0.2), at(-0.8, 2.8), at(3.6, -2.6)];
            painter.add(Shape::line(tick, stroke));
        }
        Icon::Search => {
            painter.circle_stroke(at(-1.2, -1.2), 4.4, stroke);
            painter.line_segment([at(2.0, 2.0), at(5.6, 5.6)], Stroke::new(1.8, ink));
        }
        _ => {}
    }
}

/// A button with its label that stands for a command of the table.
pub fn menu_item(ui: &mut Ui, command: Command, out: &mut Vec<Command>) {
    let label = command.action().map_or("", |it| it.label);
    named_item(ui, command, label, out);
}

/// The same with another label.
pub fn named_item(ui: &mut Ui, command: Command, label: &str, out: &mut Vec<Command>) {
    let Some(action) = command.action() else { return };
    let keys = action.keys.first().map(ToString::to_string).unwrap_or_default();
    let button = egui::Button::new(label).shortcut_text(keys).frame_when_inactive(false);
    if ui.add(button).on_hover_text(action.hint).clicked() {
        out.push(command);
        ui.close();
    }
}

/// What a list leaves free at its right, for the bar that it is scrolled by.
const GUTTER: f32 = 12.0;

/// A list as high as there is room, which scrolls, with nothing under its bar.
pub fn scrolling(ui: &mut Ui, area: egui::ScrollArea, contents: impl FnOnce(&mut Ui)) {
    area.show(ui, |ui| {
        let width = (ui.available_width() - GUTTER).max(0.0);
        ui.vertical(|ui| {
            ui.set_max_width(width);
            contents(ui);
        });
    });
}

/// A label in small capitals over a part of a panel.
pub fn caption(ui: &mut Ui, theme: &Theme, text: &str) {
    let text = egui::RichText::new(text.to_uppercase())
        .font(theme.strong_font(theme.sizes.small - 0.5))
        .color(theme.colours.text_weak);
    ui.label(text);
}

/// The frame of a bar or panel.
pub fn panel_frame(theme: &Theme, vertical: i8) -> egui::Frame {
    #[expect(clippy::cast_possible_truncation, reason = "a margin of a few points")]
    let margin = egui::Margin::symmetric(theme.sizes.margin as i8, vertical);
    egui::Frame::new().fill(theme.colours.panel).inner_margin(margin)
}

/// The frame of what lies on top of the window.
pub fn modal_frame(ctx: &egui::Context) -> egui::Frame {
    egui::Frame::window(&ctx.global_style()).inner_margin(egui::Margin::symmetric(24, 20))
}
