//! The list of what the scenario expects of its runs: passed, failed or not yet at the playhead,
//! what was measured, and the way to the instant that decides it.

use egui::{
    Align, Layout, Painter, Pos2, ProgressBar, RichText, ScrollArea, Shape, Stroke, Ui, vec2,
};

use crate::app::{App, Command};
use crate::view::expectations::{Line, State, expectations};

use super::controls::{self, Face, Icon};
use super::theme::Theme;

/// The panel.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let view = expectations(app);
    ui.horizontal(|ui| {
        controls::caption(ui, theme, "Expectations");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let tooltip = Command::ToggleExpectations.tooltip();
            let label = "Close the list of expectations";
            if controls::icon_button(ui, theme, Icon::Close, Face::Bare, label, tooltip).clicked() {
                out.push(Command::ToggleExpectations);
            }
        });
    });
    if view.lines.is_empty() {
        let text = "This scenario expects nothing of its runs. A file says so in `expect: […]`, \
                    and `inflight check` holds it to that.";
        ui.add(egui::Label::new(RichText::new(text).color(theme.colours.text_weak)).wrap());
        return;
    }
    ui.label(controls::weak(theme, view.summary.clone()));
    if let Some(progress) = view.progress {
        ui.add(ProgressBar::new(progress).desired_height(4.0));
    }
    ui.add_space(4.0);
    let area = ScrollArea::vertical().id_salt("expectations").auto_shrink(false);
    controls::scrolling(ui, area, |ui| {
        for (place, it) in view.lines.iter().enumerate() {
            line(ui, app, place, it, theme, out);
        }
    });
}

fn line(ui: &mut Ui, app: &App, place: usize, it: &Line, theme: &Theme, out: &mut Vec<Command>) {
    let colours = &theme.colours;
    let edge = match it.state {
        State::Failed => colours.bad,
        _ => colours.card_border,
    };
    let frame = egui::Frame::new()
        .fill(colours.card)
        .stroke(Stroke::new(1.0, edge))
        .corner_radius(theme.sizes.radius)
        .inner_margin(egui::Margin::symmetric(8, 6));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), egui::Sense::hover());
            sign(ui.painter(), rect.center(), it.state, theme);
            let ink = match it.state {
                State::Passed => colours.good,
                State::Failed => colours.bad,
                _ => colours.text_weak,
            };
            let font = theme.strong_font(theme.sizes.small);
            ui.label(RichText::new(it.state.words()).font(font).color(ink));
            if !it.variant.is_empty() {
                ui.label(controls::weak(theme, it.variant.clone()));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let Some(at) = it.at else { return };
                let text = RichText::new(format!("{at:.3}"));
                let text = text.font(theme.mono_font(theme.sizes.small)).color(colours.accent);
                let button = ui.add(egui::Button::new(text).frame_when_inactive(false).small());
                let label = format!("Go to expectation {}", place + 1);
                button.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::Button, true, label.clone())
                });
                if button.on_hover_text("Go to the instant that decides it").clicked() {
                    if app.shown().name != it.variant {
                        out.push(Command::SelectVariant(it.variant.clone()));
                    }
                    out.push(Command::Pause);
                    out.push(Command::SeekTo(at));
                }
            });
        });
        let as_written = RichText::new(&it.text).font(theme.mono_font(theme.sizes.small));
        ui.add(egui::Label::new(&it.sentence).wrap()).on_hover_text(as_written);
        if !it.found.is_empty() {
            ui.add(egui::Label::new(controls::weak(theme, it.found.clone())).wrap());
        }
        if !it.because.is_empty() {
            let because = controls::weak(theme, format!("because {}", it.because)).italics();
            ui.add(egui::Label::new(because).wrap());
        }
    });
    ui.add_space(2.0);
}

/// How it stands, by shape as well as by colour.
fn sign(painter: &Painter, at: Pos2, state: State, theme: &Theme) {
    let colours = &theme.colours;
    match state {
        State::Passed => {
            let points = vec![at + vec2(-5.0, 0.0), at + vec2(-1.5, 4.0), at + vec2(5.5, -4.5)];
            painter.add(Shape::line(points, Stroke::new(2.0, colours.good)));
        }
        State::Failed => {
            let stroke = Stroke::new(2.0, colours.bad);
            painter.line_segment([at + vec2(-4.0, -4.0), at + vec2(4.0, 4.0)], stroke);
            painter.line_segment([at + vec2(-4.0, 4.0), at + vec2(4.0, -4.0)], stroke);
        }
        State::NotYet(passes) => {
            // What is not decided is no success yet.
            let colour = if passes { colours.text_weak } else { colours.bad };
            painter.circle_stroke(at, 4.5, Stroke::new(1.5, colour));
        }
        State::Unknown => {
            for x in [-4.0, 0.0, 4.0] {
                painter.circle_filled(at + vec2(x, 0.0), 1.3, colours.text_weak);
            }
        }
    }
}
