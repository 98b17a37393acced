//! The list of marks, behind the flag in the transport's row, where they are named and removed;
//! and the same for one mark, beside its flag.

use egui::{Popup, PopupCloseBehavior, Response, RichText, TextEdit, Ui};

use crate::app::{App, Command, Mark, MarkCommand, Marks};

use super::controls::{self, Face, Icon};
use super::theme::Theme;

/// The button, and the list behind it.
pub fn button(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let face = if app.made.marks.list().is_empty() { Face::Plain } else { Face::Selected };
    let tooltip = "Marks and the loop: list, name, remove".to_owned();
    let button = controls::icon_button(ui, theme, Icon::Mark, face, "Marks", tooltip);
    let popup = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.show(|ui| {
        ui.set_min_width(300.0);
        list(ui, &app.made.marks, theme, out);
        ui.separator();
        controls::menu_item(ui, Command::Mark(MarkCommand::Toggle), out);
        controls::menu_item(ui, Command::Mark(MarkCommand::LoopFrom), out);
        controls::menu_item(ui, Command::Mark(MarkCommand::LoopTo), out);
        ui.add_enabled_ui(app.made.marks.span.is_some(), |ui| {
            controls::menu_item(ui, Command::Mark(MarkCommand::ClearLoop), out);
        });
    });
}

fn list(ui: &mut Ui, marks: &Marks, theme: &Theme, out: &mut Vec<Command>) {
    controls::caption(ui, theme, "marks");
    if marks.list().is_empty() {
        let text = "None yet: M sets one at the playhead.";
        ui.label(RichText::new(text).color(theme.colours.text_weak));
    }
    egui::ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
        for mark in marks.list() {
            row(ui, mark, theme, out);
        }
    });
    if let Some(span) = marks.span {
        ui.add_space(2.0);
        let text = format!("Loop: {} – {}", span.from, span.to);
        let ink = if marks.is_looping { theme.colours.accent } else { theme.colours.text_weak };
        ui.label(RichText::new(text).font(theme.mono_font(theme.sizes.small)).color(ink));
    }
}

/// A mark: its instant, to go there; its name, to be changed; and the way to remove it.
pub fn row(ui: &mut Ui, mark: &Mark, theme: &Theme, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let instant = RichText::new(mark.at.to_string()).font(theme.mono_font(theme.sizes.small));
        let go = egui::Button::new(instant.color(theme.colours.selection))
            .frame_when_inactive(false)
            .min_size(egui::vec2(86.0, 0.0));
        if ui.add(go).on_hover_text("Go there").clicked() {
            out.push(Command::SeekTo(mark.at));
        }
        let id = ui.scope_id().with(("mark", mark.at.0));
        let mut name = ui.data(|data| data.get_temp(id)).unwrap_or_else(|| mark.name.clone());
        let field = TextEdit::singleline(&mut name)
            .hint_text("Name")
            .align(egui::Align2::LEFT_CENTER)
            .desired_width(150.0);
        let field = ui.add(field);
        let label = format!("Name of the mark at {}", mark.at);
        field.widget_info(|| {
            let mut info = egui::WidgetInfo::text_edit(true, &mark.name, &name, "Name");
            info.label = Some(label.clone());
            info
        });
        if field.lost_focus() {
            ui.data_mut(|data| data.remove::<String>(id));
            if name != mark.name {
                out.push(Command::Mark(MarkCommand::Rename { at: mark.at, name }));
            }
        } else if field.changed() {
            ui.data_mut(|data| data.insert_temp(id, name));
        }
        let label = format!("Remove the mark at {}", mark.at);
        let tooltip = "Remove this mark".to_owned();
        if controls::icon_button(ui, theme, Icon::Close, Face::Bare, &label, tooltip).clicked() {
            out.push(Command::Mark(MarkCommand::Remove(mark.at)));
        }
    });
}

/// A menu for the mark that was pointed at with the other button.
pub fn beside(response: &Response, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let id = response.id.with("mark that is named");
    let ctx = response.ctx.clone();
    let Some(mark) = ctx.data(|data| data.get_temp(id)).and_then(|at| app.made.marks.get(at))
    else {
        return;
    };
    let popup = Popup::context_menu(response);
    popup
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| row(ui, mark, theme, out));
}

/// Says for which mark [`beside`] is, when the other button is pressed.
pub fn point(response: &Response, at: Option<crate::model::Time>) {
    let id = response.id.with("mark that is named");
    response.ctx.data_mut(|data| {
        data.remove::<crate::model::Time>(id);
        if let Some(at) = at {
            data.insert_temp(id, at);
        }
    });
}
