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
    // While something is dragged it is that which Escape lets go.
    let is_dragged = ctx.input(|input| input.pointer.any_down());
    let has_popup = egui::Popup::is_any_open(ctx) && !is_dragged;
    let mut keys: Vec<(Shortcut, &Command)> = ACTIONS
        .iter()
        .flat_map(|action| action.keys.iter().map(move |key| (*key, &action.command)))
        .filter(|(shortcut, _)| {
            let of_focus = matches!(shortcut.key, "Space" | "Left" | "Right" | "Up" | "Down");
            // An open menu is what Escape closes.
            if has_popup && shortcut.key == "Escape" {
                return false;
            }
            shortcut.ctrl || !(typing && shortcut.key != "Escape" || focused && of_focus)
        })
        .collect();
    // A key with more modifiers first: egui lets `→` match `Shift →` too.
    keys.sort_by_key(|(shortcut, _)| (!shortcut.ctrl, !shortcut.shift));
    ctx.input_mut(|input| {
        let pressed = input.events.iter().filter_map(|event| match event {
            egui::Event::Key { key, pressed: true, .. } => Some(*key),
            _ => None,
        });
        let pressed: Vec<Key> = pressed.collect();
        let mut found = Vec::new();
        for (shortcut, command) in keys {
            let Some(key) = Key::from_name(shortcut.key) else { continue };
            if input.consume_key(modifiers(shortcut), key) {
                found.push((pressed.iter().position(|it| *it == key), command.clone()));
            }
        }
        // Keys that come with one picture are obeyed in the order in which they were pressed.
        found.sort_by_key(|(place, _)| *place);
        out.extend(found.into_iter().map(|(_, command)| command));
    });
}

/// What the mouse does, and where.
const MOUSE: &[(&str, &str)] = &[
    ("View", "drag a card to move it, drag beside it to move the view, turn the wheel to zoom"),
    ("Whole run, Close-up", "drag to scrub, turn the wheel to zoom, Shift and wheel to move on"),
    (
        "Lanes",
        "click a line to select its event, drag a name to move its lane, the upper edge for more room",
    ),
    ("Frame in Whole run", "drag an edge to change what the Close-up shows"),
    ("Window", "drop the file of a scenario or a session on it to open it"),
];

/// The list of every key, on top of the window.
pub fn help(ctx: &egui::Context, theme: &Theme, out: &mut Vec<Command>) {
    let modal = egui::Modal::new(egui::Id::unique("help"));
    let modal = modal.frame(controls::modal_frame(ctx)).show(ctx, |ui| {
        ui.set_width(820.0);
        ui.horizontal(|ui| {
            ui.heading("Keys");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let (icon, face) = (controls::Icon::Close, controls::Face::Bare);
                controls::command_icon(ui, theme, icon, face, Command::Dismiss, out);
            });
        });
        ui.add_space(4.0);
        // In a low window something of it is seen around the list, which scrolls.
        let room = (ctx.content_rect().height() - 150.0).max(120.0);
        let list = egui::ScrollArea::vertical().max_height(room).min_scrolled_height(room);
        list.show(ui, |ui| lists(ui, theme));
    });
    if modal.should_close() && !out.contains(&Command::Dismiss) {
        out.push(Command::Dismiss);
    }
}

/// The keys by groups, and what the mouse does.
fn lists(ui: &mut Ui, theme: &Theme) {
    let lists = [
        &[Group::Playback, Group::File][..],
        &[Group::View, Group::Event],
        &[Group::Places, Group::General],
    ];
    ui.columns(lists.len(), |columns| {
        for (column, groups) in columns.iter_mut().zip(lists) {
            for group in groups {
                list(column, theme, *group);
            }
        }
    });
    ui.add_space(4.0);
    for (place, what) in MOUSE {
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = 15.0;
            ui.label(egui::RichText::new(*place).font(theme.strong_font(theme.sizes.small)));
            ui.label(egui::RichText::new(*what).small().color(theme.colours.text_weak));
        });
    }
}

fn list(ui: &mut Ui, theme: &Theme, group: Group) {
    controls::caption(ui, theme, group.name());
    ui.spacing_mut().interact_size.y = 17.0;
    let grid = egui::Grid::new(group.name()).num_columns(2).spacing([14.0, 5.0]);
    grid.min_col_width(96.0).show(ui, |ui| {
        for action in ACTIONS.iter().filter(|action| action.group == group) {
            let Some(key) = action.keys.first() else { continue };
            key_cap(ui, theme, &key.to_string());
            ui.label(action.label).on_hover_text(action.hint);
            ui.end_row();
        }
    });
    ui.add_space(8.0);
}

/// A key, drawn as one.
fn key_cap(ui: &mut Ui, theme: &Theme, key: &str) {
    let colours = &theme.colours;
    let cap = egui::Frame::new()
        .fill(colours.control)
        .stroke(egui::Stroke::new(1.0, colours.card_border))
        .corner_radius(4.0)
        .inner_margin(egui::Margin::symmetric(6, 0));
    ui.horizontal(|ui| {
        cap.show(ui, |ui| {
            ui.label(egui::RichText::new(key).font(theme.mono_font(theme.sizes.mono)));
        });
    });
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
