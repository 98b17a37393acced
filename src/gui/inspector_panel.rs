//! The inspector: what is known of the selection, as `view::inspector` says it.

use egui::{Align, Layout, RichText, ScrollArea, Sense, Ui, Vec2};

use crate::app::{App, Command};
use crate::view::inspector::{Inspection, Row, Section, Tone, inspect};
use crate::view::journey;

use super::acts;
use super::controls::{self, Face, Icon};
use super::journey_panel;
use super::theme::Theme;

/// The panel.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let inspection = inspect(app);
    ui.horizontal(|ui| {
        controls::caption(ui, theme, inspection.kind);
        if app.selection.is_some() {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let tooltip = "Select nothing  (Escape)".to_owned();
                let label = "Clear selection";
                let close =
                    controls::icon_button(ui, theme, Icon::Close, Face::Bare, label, tooltip);
                if close.clicked() {
                    out.push(Command::ClearSelection);
                }
            });
        }
    });
    let area = ScrollArea::vertical().auto_shrink(false);
    controls::scrolling(ui, area, |ui| {
        title(ui, theme, &inspection);
        if !inspection.text.is_empty() {
            let text = controls::marked(theme, &inspection.text);
            ui.add(egui::Label::new(text).wrap().selectable(true));
        }
        for part in &inspection.sections {
            section(ui, theme, part);
        }
        acts::ui(ui, app, theme, out);
        if let Some(told) = journey::told(app) {
            journey_panel::ui(ui, &told, theme, out);
        }
        if app.selection.is_none() {
            ui.add_space(10.0);
            let hint = "Click an event, a service, a topic or a link to see what is known of it and what can be done to it.";
            let hint = RichText::new(hint).font(theme.text_font(theme.sizes.small));
            ui.label(hint.color(theme.colours.text_weak));
        }
    });
}

fn title(ui: &mut Ui, theme: &Theme, inspection: &Inspection) {
    ui.horizontal(|ui| {
        if let Some(colour) = inspection.colour {
            let (dot, _) = ui.allocate_exact_size(Vec2::splat(14.0), Sense::hover());
            ui.painter().circle_filled(dot.center(), 6.0, theme.event(colour));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !inspection.aside.is_empty() {
                let aside = RichText::new(&inspection.aside);
                let aside = aside.font(theme.mono_font(theme.sizes.body));
                ui.label(aside.color(theme.colours.text_weak));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = RichText::new(&inspection.title);
                let title = title.font(theme.strong_font(theme.sizes.heading - 1.0));
                ui.add(egui::Label::new(title).wrap());
            });
        });
    });
}

fn section(ui: &mut Ui, theme: &Theme, section: &Section) {
    ui.add_space(8.0);
    if !section.title.is_empty() {
        let title = RichText::new(&section.title).font(theme.strong_font(theme.sizes.body));
        ui.label(title);
    }
    ui.spacing_mut().item_spacing.y = 5.0;
    ui.spacing_mut().interact_size.y = 18.0;
    let is_names = |row: &&Row| row.badge.is_some() && row.value.is_empty();
    if section.rows.iter().any(|row| is_names(&row)) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = Vec2::new(12.0, 5.0);
            for row in section.rows.iter().filter(is_names) {
                name(ui, theme, row);
            }
        });
    }
    for row in section.rows.iter().filter(|row| !is_names(row)) {
        self::row(ui, theme, row);
    }
    ui.spacing_mut().item_spacing.y = theme.sizes.gap;
}

/// A type of event: names stand beside one another, as many as fit a line.
fn name(ui: &mut Ui, theme: &Theme, row: &Row) {
    let Some((colour, letter)) = row.badge else { return };
    let text = RichText::new(&row.label).color(theme.colours.text_weak);
    // A badge does not stand at the end of a line with its name on the next.
    let font = theme.text_font(theme.sizes.body);
    let galley = ui.painter().layout_no_wrap(row.label.clone(), font, theme.colours.text_weak);
    let size = Vec2::new(16.0 + 5.0 + galley.size().x, 18.0);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        badge(ui, theme, colour, letter);
        ui.label(text);
    });
}

/// The name at the left, what it is at the right; on two lines where one is too short.
fn row(ui: &mut Ui, theme: &Theme, row: &Row) {
    let colours = &theme.colours;
    let colour = match row.tone {
        Tone::Plain => colours.text,
        Tone::Good => colours.good,
        Tone::Bad => colours.bad,
        Tone::Time => colours.accent,
        Tone::Past => colours.text_weak,
    };
    let width = ui.available_width() - if row.badge.is_some() { 24.0 } else { 0.0 };
    let label = RichText::new(&row.label).color(colours.text_weak);
    let value = RichText::new(&row.value).font(theme.mono_font(theme.sizes.mono)).color(colour);
    let value = egui::Label::new(value).selectable(true);
    let text_width = |text: &str, font: egui::FontId| {
        ui.painter().layout_no_wrap(text.to_owned(), font, colour).size().x
    };
    let needed = text_width(&row.label, theme.text_font(theme.sizes.body))
        + text_width(&row.value, theme.mono_font(theme.sizes.mono))
        + 16.0;
    if needed <= width {
        ui.horizontal(|ui| {
            if let Some((colour, letter)) = row.badge {
                badge(ui, theme, colour, letter);
            }
            ui.label(label);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.add(value));
        });
    } else {
        ui.label(label);
        ui.add(value.wrap());
    }
}

/// The disc with a letter that a type of event is known by.
fn badge(ui: &mut Ui, theme: &Theme, colour: u8, letter: char) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(16.0), Sense::hover());
    let centre = rect.center();
    ui.painter().circle_filled(centre, 8.0, theme.event(colour));
    let font = theme.strong_font(theme.sizes.small - 1.0);
    let ink = theme.colours.on_event;
    ui.painter().text(centre, egui::Align2::CENTER_CENTER, letter, font, ink);
}
