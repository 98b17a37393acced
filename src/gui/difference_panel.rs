//! Where two futures first differ, and from when on each service and topic does, as
//! `view::difference` says it. Each instant can be gone to.

use egui::{Align, Layout, ProgressBar, RichText, ScrollArea, Ui};

use crate::app::{App, Command, Selection};
use crate::model::{Node, Time};
use crate::view::difference::{DifferenceView, PartView, difference};

use super::controls::{self, Face, Icon};
use super::theme::Theme;

/// The panel; nothing if nothing is compared.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let Some(view) = difference(app) else { return };
    header(ui, theme, &view, out);
    let area = ScrollArea::vertical().id_salt("differences").auto_shrink(false);
    controls::scrolling(ui, area, |ui| {
        for it in &view.parts {
            part(ui, theme, it, out);
        }
    });
}

fn header(ui: &mut Ui, theme: &Theme, view: &DifferenceView, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        controls::caption(ui, theme, "first difference");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let label = "Close the comparison";
            let tooltip = "Compare no longer".to_owned();
            let close = controls::icon_button(ui, theme, Icon::Close, Face::Bare, label, tooltip);
            if close.clicked() {
                out.push(Command::CloseDifference);
            }
        });
    });
    let [of, with] = &view.names;
    let names = RichText::new(format!("{of} and {with}"));
    ui.add(egui::Label::new(names.font(theme.strong_font(theme.sizes.body + 1.0))).wrap());
    ui.horizontal(|ui| {
        let summary = RichText::new(&view.summary).font(theme.text_font(theme.sizes.small));
        ui.label(summary.color(theme.colours.text_weak));
        if let Some(first) = view.first {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                instant(ui, theme, first, "Go to the first difference", out);
            });
        }
    });
    if let Some(progress) = view.progress {
        ui.add(ProgressBar::new(progress).desired_height(4.0));
    }
}

/// A service or topic, and how it differs.
fn part(ui: &mut Ui, theme: &Theme, part: &PartView, out: &mut Vec<Command>) {
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let name = RichText::new(&part.name).font(theme.strong_font(theme.sizes.body));
        let button = egui::Button::new(name).frame_when_inactive(false).small();
        if ui.add(button).on_hover_text("Select it").clicked() {
            out.push(Command::Select(match part.node {
                Node::Service(it) => Selection::Service(it),
                Node::Topic(it) => Selection::Topic(it),
            }));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let hint = format!("Go to the first difference of {}", part.name);
            instant(ui, theme, part.at, &hint, out);
        });
    });
    for line in &part.lines {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                if line.at != part.at {
                    instant(ui, theme, line.at, &format!("Go there: {}", line.text), out);
                }
                ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                    let text = RichText::new(&line.text).color(theme.colours.text_weak);
                    ui.add(egui::Label::new(text).wrap());
                });
            });
        });
    }
}

/// An instant that can be gone to.
fn instant(ui: &mut Ui, theme: &Theme, at: Time, hint: &str, out: &mut Vec<Command>) {
    let text = RichText::new(format!("{at:.3}"));
    let text = text.font(theme.mono_font(theme.sizes.small)).color(theme.colours.accent);
    let button = ui.add(egui::Button::new(text).frame_when_inactive(false).small());
    let label = format!("{hint}, at {at:.3}");
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    if button.on_hover_text(hint).clicked() {
        out.push(Command::SeekTo(at));
    }
}
