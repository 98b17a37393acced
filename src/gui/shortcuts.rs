//! Keys: from the table of actions to commands, and the list of them that help shows.

use egui::{Key, Modifiers, Ui};

use crate::app::{ACTIONS, Command, Group, Shortcut};

use super::controls;
use super::theme::Theme;

fn modifiers(shortcut: Shortcut) -> Modifiers {
    let mut modifiers = Modifiers::NONE;
    if shortcut.ctrl {
        modifiers |= Modifiers::COMMAND;
    }
    if shortcut.shift {
        modifiers |= Modifiers::SHIFT;
    }
    modifiers
}

/// Takes the keys that ask for something. What has the focus keeps its own: a text field all
/// without Ctrl, a slider the arrows, a button Space.
pub fn take(ctx: &egui::Context, out: &mut Vec<Command>) {
    let typing = ctx.text_edit_focused();
    let focused = ctx.memory(|memory| memory.focused().is_some());
    let mut keys: Vec<(Shortcut, &Command)> = ACTIONS
        .iter()
        .flat_map(|action| action.keys.iter().map(move |key| (*key, &action.command)))
        .filter(|(shortcut, _)| {
            let of_focus = matches!(shortcut.key, "Space" | "Left" | "Right" | "Up" | "Down");
            shortcut.ctrl || !(typing && shortcut.key != "Escape" || focused && of_focus)
        })
        .collect();
    // A key with more modifiers first: egui lets `→` match `Shift →` too.
    keys.sort_by_key(|(shortcut, _)| (!shortcut.ctrl, !shortcut.shift));
    ctx.input_mut(|input| {
        for (shortcut, command) in keys {
            let Some(key) = Key::from_name(shortcut.key) else { continue };
            if input.consume_key(modifiers(shortcut), key) {
                out.push(command.clone());
            }
        }
    });
}

/// The list of every key, on top of the window.
pub fn help(ctx: &egui::Context, theme: &Theme, out: &mut Vec<Command>) {
    let modal = egui::Modal::new(egui::Id::unique("help"));
    let modal = modal.frame(controls::modal_frame(ctx)).show(ctx, |ui| {
        ui.set_width(600.0);
        ui.horizontal(|ui| {
            ui.heading("Keys");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let (icon, face) = (controls::Icon::Close, controls::Face::Bare);
                controls::command_icon(ui, theme, icon, face, Command::Dismiss, out);
            });
        });
        ui.add_space(4.0);
        ui.columns(2, |columns| {
            for (column, groups) in columns
                .iter_mut()
                .zip([&[Group::Playback][..], &[Group::View, Group::File, Group::General][..]])
            {
                for group in groups {
                    list(column, theme, *group);
                }
            }
        });
        ui.add_space(4.0);
        let hint = "In the timeline: drag to scrub, turn the wheel to zoom. A file dropped on \
                    the window is opened.";
        ui.weak(hint);
    });
    if modal.should_close() && !out.contains(&Command::Dismiss) {
        out.push(Command::Dismiss);
    }
}

fn list(ui: &mut Ui, theme: &Theme, group: Group) {
    controls::caption(ui, theme, group.name());
    ui.spacing_mut().interact_size.y = 17.0;
    let grid = egui::Grid::new(group.name()).num_columns(2).spacing([14.0, 5.0]);
    grid.min_col_width(90.0).show(ui, |ui| {
        for action in ACTIONS.iter().filter(|action| action.group == group) {
            let Some(key) = action.keys.first() else { continue };
            let key = egui::RichText::new(key.to_string())
                .font(theme.mono_font(theme.sizes.small))
                .color(theme.colours.selection);
            ui.label(key);
            ui.label(action.label).on_hover_text(action.hint);
            ui.end_row();
        }
    });
    ui.add_space(8.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_on_a_keyboard() {
        for action in ACTIONS {
            for shortcut in action.keys {
                assert!(Key::from_name(shortcut.key).is_some(), "{}", shortcut.key);
            }
        }
    }
}
