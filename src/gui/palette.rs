//! The search: a field, and what answers to what is typed there.

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align2, Context, Id, Key, Modal, Modifiers, Pos2, Rect, RichText, Role, ScrollArea, Sense,
    Stroke, StrokeKind, TextEdit, Ui, Vec2, WidgetInfo,
};

use crate::app::{App, Command, PaletteCommand};
use crate::view::palette::{Answer, Line, examples, lines};

use super::controls;
use super::theme::Theme;

/// How wide it is, and how high a line.
const WIDTH: f32 = 640.0;
const LINE: f32 = 32.0;
/// By how many lines a page goes.
const PAGE: i32 = 9;

/// The field and the answers, on top of the window.
pub fn ui(ctx: &Context, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let id = Id::unique("palette");
    let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, Vec2::new(0.0, 58.0));
    let frame = egui::Frame::window(&ctx.global_style()).inner_margin(egui::Margin::same(0));
    let modal = Modal::new(id).area(area).frame(frame).show(ctx, |ui| {
        ui.set_width(WIDTH.min(ctx.content_rect().width() - 40.0));
        ui.spacing_mut().item_spacing.y = 0.0;
        let is_moved = keys(ui, app, out);
        field(ui, app, theme, out);
        ui.painter().hline(
            ui.max_rect().x_range(),
            ui.cursor().top(),
            Stroke::new(1.0, theme.colours.card_border),
        );
        let height = (ctx.content_rect().height() - 220.0).clamp(160.0, 520.0);
        let scroll = ScrollArea::vertical().max_height(height).auto_shrink([false, true]);
        scroll.show(ui, |ui| {
            ui.add_space(4.0);
            for line in lines(app) {
                match line {
                    Line::Caption(text, aside) => caption(ui, theme, text, &aside),
                    Line::Answer(answer) => row(ui, app, theme, &answer, is_moved, out),
                    Line::Note { text, is_bad } => note(ui, theme, &text, is_bad),
                }
            }
            ui.add_space(6.0);
        });
        foot(ui, app, theme);
    });
    if modal.should_close() && !out.contains(&Command::Dismiss) {
        out.push(Command::Dismiss);
    }
}

/// Takes the keys that go through the answers, before the field does; true if another answer is
/// chosen by them.
fn keys(ui: &Ui, app: &App, out: &mut Vec<Command>) -> bool {
    let steps =
        [(Key::ArrowDown, 1), (Key::ArrowUp, -1), (Key::PageDown, PAGE), (Key::PageUp, -PAGE)];
    let mut is_moved = false;
    ui.input_mut(|input| {
        for (key, by) in steps {
            for _ in 0..input.count_and_consume_key(Modifiers::NONE, key) {
                out.push(Command::Palette(PaletteCommand::Move(by)));
                is_moved = true;
            }
        }
        if input.consume_key(Modifiers::NONE, Key::Enter) {
            out.extend(app.palette.goal(app.palette.chosen));
        }
    });
    // The answer is chosen when the commands are done: it is scrolled to in the next picture.
    let id = Id::unique("palette moved");
    let before = ui.data(|data| data.get_temp(id)).unwrap_or(false);
    ui.data_mut(|data| data.insert_temp(id, is_moved));
    if is_moved {
        ui.ctx().request_repaint();
    }
    before
}

fn field(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(14, 10));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(22.0), Sense::hover());
            let ink = theme.colours.text_weak;
            controls::paint_icon(ui.painter(), rect.center(), controls::Icon::Search, ink);
            let mut text = app.palette.text.clone();
            let field = TextEdit::singleline(&mut text)
                .id(Id::unique("palette field"))
                .frame(egui::Frame::NONE)
                .align(Align2::LEFT_CENTER)
                .min_size(Vec2::new(0.0, 22.0))
                .hint_text("Find an event, service, command…")
                .font(theme.text_font(theme.sizes.body + 2.5))
                .desired_width(f32::INFINITY);
            let output = field.show(ui);
            let response = output.response.response;
            response.widget_info(|| {
                let hint = "Find an event, service, command";
                let mut info = WidgetInfo::text_edit(true, &app.palette.text, &text, hint);
                info.label = Some("Find".to_owned());
                info
            });
            if response.changed() {
                out.push(Command::Palette(PaletteCommand::Type(text)));
            } else if text_was_replaced(ui, &app.palette.text) {
                // What is asked by choosing an answer is gone on from at its end.
                let mut state = output.state;
                let end = egui::text::CCursor::new(app.palette.text.chars().count());
                state.cursor.set_char_range(Some(egui::text::CCursorRange::one(end)));
                state.store(ui.ctx(), response.id);
            }
            if !response.has_focus() {
                response.request_focus();
            }
        });
    });
}

/// Whether the text is another than in the picture before, and was not typed.
fn text_was_replaced(ui: &Ui, text: &str) -> bool {
    let id = Id::unique("palette text");
    let before: Option<String> = ui.data(|data| data.get_temp(id));
    ui.data_mut(|data| data.insert_temp(id, text.to_owned()));
    before.is_some_and(|it| it != text && text.len() > it.len() + 1)
}

fn caption(ui: &mut Ui, theme: &Theme, text: &str, aside: &str) {
    let size = Vec2::new(ui.available_width(), 24.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let spoken = if aside.is_empty() { text.to_owned() } else { format!("{text}: {aside}") };
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    let (font, ink) = (theme.strong_font(theme.sizes.small - 0.5), theme.colours.text_weak);
    let inner = rect.shrink2(Vec2::new(16.0, 3.0));
    ui.painter().text(inner.left_bottom(), Align2::LEFT_BOTTOM, text.to_uppercase(), font, ink);
    let font = theme.text_font(theme.sizes.small);
    ui.painter().text(inner.right_bottom(), Align2::RIGHT_BOTTOM, aside, font, ink);
}

fn note(ui: &mut Ui, theme: &Theme, text: &str, is_bad: bool) {
    let frame = egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 8));
    let ink = if is_bad { theme.colours.warning } else { theme.colours.text_weak };
    frame.show(ui, |ui| ui.label(RichText::new(text).color(ink)));
}

/// An answer: its name with what was typed in it, what is said of it, and its key or instant.
fn row(
    ui: &mut Ui,
    app: &App,
    theme: &Theme,
    answer: &Answer,
    is_moved: bool,
    out: &mut Vec<Command>,
) {
    let size = Vec2::new(ui.available_width(), LINE);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &answer.spoken));
    let is_chosen = app.palette.chosen == answer.place;
    if is_chosen && is_moved {
        response.scroll_to_me(None);
    }
    if response.clicked() {
        out.extend(app.palette.goal(answer.place));
    }
    if !ui.is_rect_visible(rect) {
        return;
    }
    let colours = &theme.colours;
    let face = rect.shrink2(Vec2::new(6.0, 1.0));
    if is_chosen {
        let edge = Stroke::new(1.0, colours.selection);
        let fill = colours.selection_fill;
        ui.painter().rect(face, theme.sizes.radius, fill, edge, StrokeKind::Inside);
    } else if response.hovered() {
        ui.painter().rect_filled(face, theme.sizes.radius, colours.control_hover);
    }
    let mut left = rect.left() + 16.0;
    if let Some((colour, letter)) = answer.badge {
        let centre = Pos2::new(left + 8.0, rect.center().y);
        ui.painter().circle_filled(centre, 8.0, theme.event(colour));
        let font = theme.strong_font(theme.sizes.small - 1.0);
        let ink = colours.on_event;
        ui.painter().text(centre, Align2::CENTER_CENTER, letter, font, ink);
        left += 24.0;
    }
    let font = theme.mono_font(theme.sizes.small + 0.5);
    let aside = Pos2::new(rect.right() - 18.0, rect.center().y);
    let ink = colours.text_weak;
    let aside = ui.painter().text(aside, Align2::RIGHT_CENTER, &answer.aside, font, ink);
    let label = ui.painter().layout_job(label(theme, answer, aside.left() - left - 12.0));
    let place = Pos2::new(left, rect.center().y - label.size().y / 2.0);
    left += label.size().x + 12.0;
    ui.painter().galley(place, label, colours.text);
    let room = aside.left() - left - 14.0;
    if room > 40.0 {
        let font = theme.text_font(theme.sizes.small + 0.5);
        let detail = controls::cut(ui.painter(), &answer.detail, font, ink, room);
        let clip = Rect::from_min_max(Pos2::new(left, rect.top()), rect.max);
        let place = Pos2::new(left, rect.center().y - detail.size().y / 2.0 + 0.5);
        ui.painter().with_clip_rect(clip.intersect(ui.clip_rect())).galley(place, detail, ink);
    }
}

/// The name, with the letters that were typed standing out.
fn label(theme: &Theme, answer: &Answer, room: f32) -> LayoutJob {
    let mut job = LayoutJob::default();
    let size = theme.sizes.body;
    for (place, letter) in answer.label.chars().enumerate() {
        let is_typed = answer.spots.binary_search(&place).is_ok();
        let (font, ink) = if is_typed {
            (theme.strong_font(size), theme.colours.selection)
        } else {
            (theme.text_font(size), theme.colours.text)
        };
        job.append(&letter.to_string(), 0.0, TextFormat::simple(font, ink));
    }
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(20.0));
    job
}

/// What can be typed.
fn foot(ui: &mut Ui, app: &App, theme: &Theme) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 28.0), Sense::hover());
    let colours = &theme.colours;
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, colours.card_border));
    let inner = rect.shrink2(Vec2::new(16.0, 0.0));
    let font = theme.text_font(theme.sizes.small);
    let ink = colours.text_weak;
    let text = "↑ ↓ choose   Enter take   Esc close";
    let place = inner.right_center();
    let keys = ui.painter().text(place, Align2::RIGHT_CENTER, text, font.clone(), ink);
    let room = keys.left() - inner.left() - 16.0;
    let text = controls::cut(ui.painter(), examples(app), font, ink, room);
    let place = inner.left_center() - Vec2::new(0.0, text.size().y / 2.0);
    ui.painter().galley(place, text, ink);
}

/// The field in the top bar that opens the search; where there is little room, its icon.
pub fn opener(ui: &mut Ui, theme: &Theme, width: Option<f32>, out: &mut Vec<Command>) {
    let command = Command::TogglePalette;
    let Some(width) = width else {
        let (icon, face) = (controls::Icon::Search, controls::Face::Bare);
        return controls::command_icon(ui, theme, icon, face, command, out);
    };
    let size = Vec2::new(width, theme.sizes.control);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let label = command.action().map_or("", |it| it.label);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    let colours = &theme.colours;
    let is_hot = response.hovered() || response.has_focus();
    let edge = if is_hot { colours.selection } else { colours.card_border };
    let stroke = Stroke::new(1.0, edge);
    ui.painter().rect(rect, theme.sizes.radius, colours.background, stroke, StrokeKind::Inside);
    let ink = colours.text_weak;
    let icon = rect.left_center() + Vec2::new(16.0, 0.0);
    controls::paint_icon(ui.painter(), icon, controls::Icon::Search, ink);
    let keys = command.action().and_then(|it| it.keys.first()).map(ToString::to_string);
    let font = theme.mono_font(theme.sizes.small - 0.5);
    let place = rect.right_center() - Vec2::new(10.0, 0.0);
    let keys = keys.unwrap_or_default();
    let keys = ui.painter().text(place, Align2::RIGHT_CENTER, keys, font, ink);
    let font = theme.text_font(theme.sizes.small + 0.5);
    let text = "Find an event, service, command…";
    let text = controls::cut(ui.painter(), text, font, ink, keys.left() - icon.x - 20.0);
    let place = Pos2::new(icon.x + 12.0, rect.center().y - text.size().y / 2.0);
    ui.painter().galley(place, text, ink);
    if response.on_hover_text(command.tooltip()).clicked() {
        out.push(command);
    }
}
