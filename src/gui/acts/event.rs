//! What can be done to an event: a grid of buttons with their keys, and its fields to be edited.

use egui::{Button, RichText, TextEdit, Ui, Vec2};

use crate::app::{App, Command, Selection};
use crate::gui::theme::Theme;
use crate::model::{Act, Deed, FieldKind, Span, Value};
use crate::view::fields::parse_value;
use crate::view::offers::{DELAYS, deed};

use super::parts::{draft, fold, half, keep, note, of_width, offer_button};

/// The controls.
pub fn ui(ui: &mut Ui, app: &App, selection: Selection, theme: &Theme, out: &mut Vec<Command>) {
    fold(ui, app, theme, ("Do to this event", true), out, |ui, out| {
        buttons(ui, app, selection, out);
    });
    fold(ui, app, theme, ("Edit a field", false), out, |ui, out| {
        fields(ui, app, selection, theme, out);
    });
}

fn buttons(ui: &mut Ui, app: &App, selection: Selection, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing = Vec2::splat(6.0);
    ui.spacing_mut().button_padding.x = 5.0;
    let width = half(ui);
    let offer = |it| deed(app, selection, it);
    ui.horizontal(|ui| {
        offer_button(ui, width, &offer(Deed::Duplicate), out);
        delay(ui, width, app, selection, out);
    });
    for pair in [[Deed::Drop, Deed::Swap], [Deed::LoseAnswer, Deed::Bury]] {
        ui.horizontal(|ui| {
            for it in pair {
                offer_button(ui, width, &offer(it), out);
            }
        });
    }
}

/// The button that asks by how much.
fn delay(ui: &mut Ui, width: f32, app: &App, selection: Selection, out: &mut Vec<Command>) {
    let now = deed(app, selection, Deed::Delay(Span::SECOND));
    let button = Button::new("Delay…").right_text(RichText::new(&now.keys).small());
    let response = of_width(ui, width, now.why_not.is_none(), button)
        .on_hover_text(format!("By how much?  ({} is 1 s)", now.keys))
        .on_disabled_hover_text(now.why_not.unwrap_or_default());
    egui::Popup::menu(&response).show(|ui| {
        ui.set_min_width(150.0);
        for by in DELAYS {
            if ui.button(by.to_string()).clicked() {
                out.push(deed(app, selection, Deed::Delay(by)).command);
                ui.close();
            }
        }
        ui.separator();
        let (id, mut by) = draft(ui, "delay by", || Span::from_millis(400));
        ui.horizontal(|ui| {
            crate::gui::span_field::ui(ui, "Delay by", &mut by, Span::from_secs(36_000));
            if ui.button("Delay").clicked() {
                out.push(deed(app, selection, Deed::Delay(by)).command);
                ui.close();
            }
        });
        keep(ui, id, by);
    });
}

/// Each field with what it says, to be changed.
fn fields(ui: &mut Ui, app: &App, selection: Selection, theme: &Theme, out: &mut Vec<Command>) {
    let Selection::Event { event, event_type, .. } = selection else { return };
    let model = app.model();
    let of_type = &model.event_types[event_type.index()];
    if of_type.fields.is_empty() {
        return note(ui, theme, "It has no fields.");
    }
    let events = app.run.answer.as_ref().and_then(|it| it.events.as_ref());
    let Some(known) = events.and_then(|it| it.iter().find(|it| it.id == event)) else {
        return note(ui, theme, "It is not there at this instant.");
    };
    for (place, field) in of_type.fields.iter().enumerate() {
        let now = Value::from_bits(field.kind, known.fields[place]);
        let Ok(number) = u8::try_from(place) else { break };
        let copy = app.copy_for(Some(selection), Deed::Edit { field: number, value: now });
        let begin = || model.value_text(now);
        let (id, mut text) = draft(ui, ("field", event.0, place), begin);
        let value = parse_value(model, field.kind, &text);
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 60.0) / 2.0;
            let name = RichText::new(&field.name).color(theme.colours.text_weak);
            ui.allocate_ui(Vec2::new(width, 20.0), |ui| {
                ui.set_min_width(width);
                ui.add(egui::Label::new(name).truncate());
            });
            if field.kind == FieldKind::Bool {
                let mut is_true = text == "true";
                ui.checkbox(&mut is_true, "").widget_info(|| {
                    egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_true, &field.name)
                });
                text = is_true.to_string();
            } else {
                let edit = TextEdit::singleline(&mut text)
                    .desired_width(width)
                    .text_color(match value {
                        Ok(_) => theme.colours.text,
                        Err(_) => theme.colours.bad,
                    })
                    .font(theme.mono_font(theme.sizes.mono));
                let response = ui.add(edit);
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::TextInput, true, &field.name)
                });
            }
            let why_not = match (&value, &copy) {
                (Err(why), _) | (_, Err(why)) => Some(why.clone()),
                (Ok(value), _) if *value == now => Some("It says that already.".to_owned()),
                _ => None,
            };
            let set = ui.add_enabled(why_not.is_none(), Button::new("Set").small());
            let set = set
                .on_hover_text("This copy says so from now on")
                .on_disabled_hover_text(why_not.unwrap_or_default());
            if let (true, Ok(value), Ok(copy)) = (set.clicked(), &value, &copy) {
                let deed = Deed::Edit { field: number, value: *value };
                out.push(Command::Act(Act::Message { copy: *copy, deed }));
            }
        });
        keep(ui, id, text);
    }
}
