//! The list of scenarios to choose from, narrowed by what is typed.

use egui::{ComboBox, Id, Key, Modifiers, PopupCloseBehavior, ScrollArea, TextEdit, Ui};

use crate::app::{App, Command};
use crate::view::scenarios::{Folder, folders};

use super::controls;
use super::theme::Theme;

/// How high the list is at most, and what is left of the window around it, in points.
const MOST: f32 = 540.0;
const AROUND: f32 = 200.0;

/// The scenario that is open, and the list that it is chosen from.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, width: f32, out: &mut Vec<Command>) {
    let combo = ComboBox::from_id_salt("scenario")
        .width(width)
        // The list scrolls, and what is typed stays above it.
        .height(MOST + AROUND)
        .truncate()
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .selected_text(app.scenario.title.clone())
        .show_ui(ui, |ui| {
            ui.set_min_width(width.max(280.0));
            let typed = field(ui);
            let found = folders(app, &typed);
            // The first one is what Enter opens.
            let first = found.first().and_then(|it| it.choices.first()).map(|it| &it.command);
            let enter =
                |input: &mut egui::InputState| input.consume_key(Modifiers::NONE, Key::Enter);
            if let (Some(command), false) = (first, typed.trim().is_empty())
                && ui.input_mut(enter)
            {
                choose(ui, command.clone(), out);
            }
            list(ui, &found, theme, out);
            ui.separator();
            controls::menu_item(ui, Command::AskForFile, out);
        });
    if combo.inner.is_none() {
        // What was typed is of the list that was open.
        ui.data_mut(|data| data.remove::<String>(typed_id()));
    }
    let label = format!("Scenario: {}", app.scenario.title);
    combo
        .response
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, label.clone()));
    let about = format!("{}\n\n{}", app.source, app.scenario.sentence);
    combo.response.on_hover_text(about.trim_end());
}

fn typed_id() -> Id {
    Id::unique("scenario typed")
}

/// The field that narrows the list: it has the keys as long as the list is open. Gives what is
/// typed.
fn field(ui: &mut Ui) -> String {
    let known = ui.data(|data| data.get_temp::<String>(typed_id()));
    let is_new = known.is_none();
    let mut typed = known.unwrap_or_default();
    let field = TextEdit::singleline(&mut typed)
        .hint_text("Type to find a scenario")
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(8, 5));
    let response = ui.add(field);
    if is_new {
        response.request_focus();
    }
    ui.data_mut(|data| data.insert_temp(typed_id(), typed.clone()));
    typed
}

fn list(ui: &mut Ui, found: &[Folder], theme: &Theme, out: &mut Vec<Command>) {
    let room = ui.ctx().content_rect().height() - AROUND;
    let area =
        ScrollArea::vertical().max_height(room.clamp(120.0, MOST)).auto_shrink([false, true]);
    controls::scrolling(ui, area, |ui| {
        if found.is_empty() {
            ui.label(controls::weak(theme, "No scenario has all these words."));
        }
        for folder in found {
            ui.add_space(4.0);
            controls::caption(ui, theme, &folder.name);
            for it in &folder.choices {
                let label = ui.selectable_label(it.is_open, &it.title);
                if label.on_hover_text(&it.hint).clicked() {
                    choose(ui, it.command.clone(), out);
                }
            }
        }
    });
}

fn choose(ui: &Ui, command: Command, out: &mut Vec<Command>) {
    out.push(command);
    ui.close();
}
