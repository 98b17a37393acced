//! The top bar: which scenario, which variant, and what concerns the window as a whole.

use egui::{Align, ComboBox, Layout, RichText, Sense, Ui, Vec2};

use crate::app::{App, Command, Settings, View};

use super::controls::{self, Face, Icon};
use super::theme::Theme;

/// With so much room, in points, the search has a field, and a narrow one.
const WIDE_SEARCH: f32 = 290.0;
const NARROW_SEARCH: f32 = 200.0;
/// The room that the views need beside it.
const VIEWS: f32 = 330.0;
/// The room that undo, redo and the search as a button need beside those.
const WAY_BACK: f32 = 116.0;
/// The room that what is right of the variants needs beside the views, the search as a button.
const BUTTONS: f32 = 330.0;
/// Variants whose names take more than this share of the bar are a list to choose from.
const MOST_OF_VARIANTS: f32 = 0.22;
/// A list to choose from is at least so wide.
const LEAST_LIST: f32 = 84.0;

/// The bar.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    ui.horizontal_centered(|ui| {
        logo(ui, theme);
        ui.add_space(10.0);
        let width = match ui.available_width() {
            wide if wide > 1250.0 => 260.0,
            usual if usual > 850.0 => 200.0,
            _ => 130.0,
        };
        no_wider(ui, width, |ui| super::chooser::ui(ui, app, theme, width, out));
        ui.add_space(10.0);
        let room = ui.available_width() - BUTTONS - VIEWS;
        variants(ui, app, theme, room, out);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            more(ui, app, theme, out);
            let mut button = |ui: &mut Ui, icon, face, command| {
                controls::command_icon(ui, theme, icon, face, command, out);
            };
            button(ui, Icon::Help, Face::Bare, Command::ToggleHelp);
            button(ui, Icon::Look, Face::Bare, Command::ToggleLook);
            let face = if app.settings.inspector { Face::Selected } else { Face::Bare };
            button(ui, Icon::Inspector, face, Command::ToggleInspector);
            expectations(ui, app, theme, out);
            faults(ui, app, theme, out);
            ui.add_space(4.0);
            // In a narrow window the menu has it, and the keys.
            if ui.available_width() > VIEWS + WAY_BACK {
                way_back(ui, app, theme, out);
                ui.add_space(4.0);
            }
            let room = ui.available_width() - VIEWS;
            let width = (room >= WIDE_SEARCH).then_some(260.0);
            let width = width.or((room >= NARROW_SEARCH).then_some(170.0));
            super::palette::opener(ui, theme, width, out);
            ui.add_space(6.0);
            // With large text, or in a narrow window, one of them and a list.
            if ui.available_width() < VIEWS - 12.0 {
                views_to_choose(ui, app, out);
            } else {
                views(ui, app, theme, out);
            }
        });
    });
}

/// What is put in is cut to this width: a list to choose from is else as wide as what is chosen.
fn no_wider(ui: &mut Ui, width: f32, put: impl FnOnce(&mut Ui)) {
    ui.scope(|ui| {
        ui.set_max_width(width);
        put(ui);
    });
}

/// How many faults there are, and the way to their list.
fn faults(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let count = crate::view::faults::rows(app).iter().filter(|it| it.is_on).count();
    let ink = if app.settings.faults { theme.colours.selection } else { theme.colours.text };
    let text = match count {
        0 => "Faults".to_owned(),
        count => format!("Faults  {count}"),
    };
    let button = egui::Button::selectable(app.settings.faults, RichText::new(text).color(ink))
        .min_size(Vec2::new(0.0, theme.sizes.control));
    let response = ui.add(button).on_hover_text(Command::ToggleFaults.tooltip());
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, app.settings.faults, "Faults")
    });
    if response.clicked() {
        out.push(Command::ToggleFaults);
    }
}

/// What was done is taken back, and made again.
fn way_back(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    // They are laid out from the right.
    let both = [
        (Icon::Redo, Command::Redo, app.undo.redo_name()),
        (Icon::Undo, Command::Undo, app.undo.undo_name()),
    ];
    for (icon, command, name) in both {
        let (label, tooltip) = (app.label_of(&command), app.tooltip_of(&command));
        ui.add_enabled_ui(name.is_some(), |ui| {
            let button = controls::icon_button(ui, theme, icon, Face::Bare, &label, tooltip);
            if button.clicked() {
                out.push(command);
            }
        });
    }
}

/// The way to the list of expectations, and how many of them failed as far as that is known.
fn expectations(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    if app.scenario.expect.is_empty() && !app.settings.expectations {
        return;
    }
    let face = if app.settings.expectations { Face::Selected } else { Face::Bare };
    controls::command_icon(ui, theme, Icon::Check, face, Command::ToggleExpectations, out);
}

/// The views as a list, for want of room.
fn views_to_choose(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let name = |view| Command::ShowView(view).action().map_or("", |it| it.label);
    let shown = name(app.settings.view);
    let combo = ComboBox::from_id_salt("view").width(LEAST_LIST).selected_text(shown);
    let combo = combo.show_ui(ui, |ui| {
        for view in View::ALL {
            let label = ui.selectable_label(view == app.settings.view, name(view));
            if label.on_hover_text(Command::ShowView(view).tooltip()).clicked() {
                out.push(Command::ShowView(view));
            }
        }
    });
    let label = format!("View: {shown}");
    combo
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, label.clone()));
}

/// The views side by side, as one control.
fn views(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    // They are laid out from the right.
    for view in View::ALL.into_iter().rev() {
        let command = Command::ShowView(view);
        let is_shown = app.settings.view == view;
        let colours = &theme.colours;
        let label = command.action().map_or("", |it| it.label);
        let (ink, edge) = if is_shown {
            (colours.selection, colours.selection)
        } else {
            (colours.text_weak, egui::Color32::TRANSPARENT)
        };
        let text = RichText::new(label).color(ink);
        let button = egui::Button::selectable(is_shown, text)
            .stroke(egui::Stroke::new(1.0, edge))
            .min_size(Vec2::new(70.0, theme.sizes.control - 2.0));
        if ui.add(button).on_hover_text(command.tooltip()).clicked() {
            out.push(command);
        }
    }
}

/// Three events in flight, and the name.
fn logo(ui: &mut Ui, theme: &Theme) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(30.0, 20.0), Sense::hover());
    let blue = theme.colours.selection;
    for (x, radius, strength) in [(6.0, 4.5, 1.0), (16.5, 3.5, 0.6), (25.0, 2.5, 0.35)] {
        let centre = rect.left_center() + Vec2::new(x, 0.5);
        ui.painter().circle_filled(centre, radius, blue.gamma_multiply(strength));
    }
    let name = RichText::new("inflight").font(theme.strong_font(theme.sizes.body + 3.0));
    ui.label(name);
}

/// The variants side by side, as one control.
fn variants(ui: &mut Ui, app: &App, theme: &Theme, room: f32, out: &mut Vec<Command>) {
    if app.scenario.variants.len() < 2 {
        return;
    }
    let colours = &theme.colours;
    let font = theme.text_font(theme.sizes.body);
    let widths = app.scenario.variants.iter().map(|it| {
        let text = ui.painter().layout_no_wrap(it.name.clone(), font.clone(), colours.text);
        (text.size().x + 18.0).max(66.0)
    });
    let (all, bar) = (widths.sum::<f32>(), ui.ctx().content_rect().width());
    if all > room.min(MOST_OF_VARIANTS * bar) {
        let width = room.min(MOST_OF_VARIANTS * bar).max(LEAST_LIST);
        return no_wider(ui, width, |ui| variants_to_choose(ui, app, width, out));
    }
    let frame = egui::Frame::new()
        .fill(colours.control)
        .stroke(egui::Stroke::new(1.0, colours.card_border))
        .corner_radius(theme.sizes.radius)
        .inner_margin(2);
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (index, variant) in app.scenario.variants.iter().enumerate() {
            let is_shown = index == app.variant;
            let ink = if is_shown { colours.selection } else { colours.text };
            let text = RichText::new(&variant.name).color(ink);
            let button = egui::Button::selectable(is_shown, text)
                .min_size(Vec2::new(64.0, theme.sizes.control - 6.0));
            if ui.add(button).on_hover_text(&variant.sentence).clicked() {
                out.push(Command::SelectVariant(variant.name.clone()));
            }
        }
    });
}

/// The variants as a list, for want of room.
fn variants_to_choose(ui: &mut Ui, app: &App, width: f32, out: &mut Vec<Command>) {
    let shown = app.shown();
    let combo = ComboBox::from_id_salt("variant")
        .width(width.min(190.0))
        .truncate()
        .selected_text(shown.name.clone())
        .show_ui(ui, |ui| {
            for variant in &app.scenario.variants {
                let label = ui.selectable_label(variant.name == shown.name, &variant.name);
                if label.on_hover_text(&variant.sentence).clicked() {
                    out.push(Command::SelectVariant(variant.name.clone()));
                }
            }
        });
    let label = format!("Variant: {}", shown.name);
    combo
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, label.clone()));
    combo.response.on_hover_text(&shown.sentence);
}

/// How much memory and disk a run may hold, to be chosen.
fn budgets(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let Settings { budget, disk, .. } = app.settings;
    let hint = "With more memory it is faster to go anywhere in a long run; nothing else changes";
    budget_menu(ui, "Memory", (budget, &Settings::BUDGETS), hint, Command::SetBudget, out);
    let hint =
        "What is too much for memory is put by in a temporary file, which is gone with the run";
    budget_menu(ui, "Disk", (disk, &Settings::DISKS), hint, Command::SetDisk, out);
}

fn budget_menu(
    ui: &mut Ui,
    of: &str,
    (chosen, choices): (u32, &[u32]),
    hint: &str,
    command: fn(u32) -> Command,
    out: &mut Vec<Command>,
) {
    let menu = ui.menu_button(format!("{of} for the timeline: {chosen} MiB"), |ui| {
        for budget in choices {
            if ui.selectable_label(*budget == chosen, format!("{budget} MiB")).clicked() {
                out.push(command(*budget));
                ui.close();
            }
        }
    });
    menu.response.on_hover_text(hint);
}

fn more(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let tooltip = "More: files, view, text size".to_owned();
    let button = controls::icon_button(ui, theme, Icon::More, Face::Bare, "More", tooltip);
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(230.0);
        item(ui, Command::AskForFile, true, out);
        item(ui, Command::SaveSession, true, out);
        item(ui, Command::SaveSessionAs, true, out);
        let has_file = app.desk.file.is_some() || app.source.file().is_some();
        item(ui, Command::Reload, has_file, out);
        ui.separator();
        item(ui, Command::Fit, true, out);
        item(ui, Command::ZoomIn, true, out);
        item(ui, Command::ZoomOut, true, out);
        item(ui, Command::ResetLayout, !app.made.places.is_empty(), out);
        ui.separator();
        for (command, name) in
            [(Command::Undo, app.undo.undo_name()), (Command::Redo, app.undo.redo_name())]
        {
            let label = app.label_of(&command);
            ui.add_enabled_ui(name.is_some(), |ui| {
                controls::named_item(ui, command, &label, out);
            });
        }
        ui.separator();
        item(ui, Command::LargerText, true, out);
        item(ui, Command::SmallerText, true, out);
        item(ui, Command::NormalText, true, out);
        ui.separator();
        budgets(ui, app, out);
        ui.separator();
        item(ui, Command::ToggleHelp, true, out);
        item(ui, Command::Quit, true, out);
    });
}

/// A line of the menu.
fn item(ui: &mut Ui, command: Command, enabled: bool, out: &mut Vec<Command>) {
    ui.add_enabled_ui(enabled, |ui| controls::menu_item(ui, command, out));
}
