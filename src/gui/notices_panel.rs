//! What is said over the window until somebody has read it: what was made earlier and is not
//! saved, that something cannot be kept or saved, that a run goes another way than a file says.

use egui::{Label, RichText, Sides, Ui};

use crate::app::{App, Command, Notice};

use super::theme::Theme;

/// Whether there is anything to say.
#[must_use]
pub fn is_shown(app: &App) -> bool {
    !app.desk.left.is_empty() || !app.desk.notices.is_empty()
}

/// The bar: of each kind the first.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    if let Some(notice) = app.desk.notices.first() {
        let more = app.desk.notices.len() - 1;
        notice_row(ui, theme, notice, more, out);
    }
    if let Some(left) = app.desk.left.first() {
        let more = app.desk.left.len() - 1;
        let text =
            if more > 0 { format!("{} ({more} more)", left.text) } else { left.text.clone() };
        row(ui, theme, theme.colours.selection, &text, "", |ui| {
            // From right to left.
            let hint = "Delete it; what is open now stays as it is";
            if ui.button("Discard").on_hover_text(hint).clicked() {
                out.push(Command::Discard);
            }
            let hint = "Open it where you left it; what is open now is kept";
            if ui.button("Restore").on_hover_text(hint).clicked() {
                out.push(Command::Restore);
            }
        });
    }
}

fn notice_row(ui: &mut Ui, theme: &Theme, notice: &Notice, more: usize, out: &mut Vec<Command>) {
    let others = if more > 0 { format!(" ({more} more)") } else { String::new() };
    match notice {
        Notice::Text { text, more } | Notice::Parted { text, more } => {
            row(ui, theme, theme.colours.warning, &format!("{text}{others}"), more, |ui| {
                close(ui, out);
            });
        }
        Notice::NotSaved { there, text } => {
            row(ui, theme, theme.colours.bad, &format!("{text}{others}"), "", |ui| {
                close(ui, out);
                let hint = "Put what you made in its place";
                if let Some(path) = there
                    && ui.button("Overwrite").on_hover_text(hint).clicked()
                {
                    out.push(Command::SaveSessionTo { path: path.clone(), over: true });
                }
                let hint = Command::SaveSessionAs.tooltip();
                if ui.button("Save elsewhere…").on_hover_text(hint).clicked() {
                    out.push(Command::SaveSessionAs);
                }
            });
        }
    }
}

fn close(ui: &mut Ui, out: &mut Vec<Command>) {
    if ui.button("Close notice").on_hover_text("It is read").clicked() {
        out.push(Command::CloseNotice);
    }
}

/// A dot, a text that takes as many lines as it needs, and buttons at the right, which are put
/// there from right to left.
fn row(
    ui: &mut Ui,
    theme: &Theme,
    colour: egui::Color32,
    text: &str,
    more: &str,
    buttons: impl FnOnce(&mut Ui),
) {
    let sides = Sides::new().height(theme.sizes.control).shrink_left().wrap();
    let left = |ui: &mut Ui| {
        let (dot, _) = ui.allocate_exact_size(egui::Vec2::splat(10.0), egui::Sense::hover());
        ui.painter().circle_filled(dot.center(), 4.5, colour);
        let label = ui.add(Label::new(text).wrap());
        if !more.is_empty() {
            label.on_hover_text(RichText::new(more).font(theme.mono_font(theme.sizes.mono)));
        }
    };
    sides.show(ui, left, buttons);
}
