//! The bar over the diagram: of what it tells, what it leaves out, and how to take it along.

use egui::{Align, Button, Layout, RichText, Ui, Vec2};

use crate::app::{App, Command, MOST_MESSAGES, Subject};

use super::super::theme::Theme;
use super::weak;

/// The bar.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    ui.horizontal_centered(|ui| {
        subjects(ui, app, theme, out);
        ui.add_space(4.0);
        let mut with_acks = !app.settings.brief_sequence;
        let (label, hint) = action(&Command::ToggleAcks);
        if ui.checkbox(&mut with_acks, label).on_hover_text(hint).changed() {
            out.push(Command::ToggleAcks);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for command in [Command::AskWhereToSave, Command::CopySequence] {
                let (label, _) = action(&command);
                let size = Vec2::new(0.0, theme.sizes.control - 4.0);
                let button = ui.add(Button::new(label).min_size(size));
                if button.on_hover_text(command.tooltip()).clicked() {
                    out.push(command);
                }
            }
            ui.add_space(6.0);
            state(ui, app, theme);
        });
    });
}

fn action(command: &Command) -> (&'static str, &'static str) {
    command.action().map_or(("", ""), |it| (it.label, it.hint))
}

/// Of what the diagram tells, as one control.
fn subjects(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let colours = &theme.colours;
    let frame = egui::Frame::new()
        .fill(colours.control)
        .stroke(egui::Stroke::new(1.0, colours.card_border))
        .corner_radius(theme.sizes.radius)
        .inner_margin(2);
    let choices = [
        (
            Subject::Event,
            "Selected event",
            "All that began with what the selected event began with, from the first arrival on",
        ),
        (Subject::Span, "Close-up", "All that happened in the span that the close-up shows"),
    ];
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        for (subject, label, hint) in choices {
            let is_shown = app.subject == subject;
            let ink = if is_shown { colours.selection } else { colours.text };
            let button = Button::selectable(is_shown, RichText::new(label).color(ink))
                .min_size(Vec2::new(64.0, theme.sizes.control - 8.0));
            if ui.add(button).on_hover_text(hint).clicked() {
                out.push(Command::ShowSequenceOf(subject));
            }
        }
    });
}

/// How far it is found out, and what is left out.
fn state(ui: &mut Ui, app: &App, theme: &Theme) {
    let progress = match app.subject {
        Subject::Event => app.journey_progress(),
        Subject::Span => app.span_progress(),
    };
    if let Some(progress) = progress {
        ui.label(weak(&format!("finding out … {:.0} %", 100.0 * progress), theme));
        return;
    }
    let left_out = match app.subject {
        Subject::Event => app.found().map_or(0, |it| it.journey.left_out),
        Subject::Span => app.found_in_span().map_or(0, |it| it.left_out),
    };
    if left_out > 0 {
        let text = format!("{left_out} more");
        let hint = match app.subject {
            Subject::Event => "The story is longer than can be read here".to_owned(),
            Subject::Span => format!(
                "The first {MOST_MESSAGES} messages are shown. To see the others, show less time in the close-up: turn the wheel over the timeline, or {}",
                key(&Command::NarrowWindow)
            ),
        };
        let text = RichText::new(text).font(theme.text_font(theme.sizes.small));
        ui.label(text.color(theme.colours.warning)).on_hover_text(hint);
    }
}

fn key(command: &Command) -> String {
    let key = command.action().and_then(|action| action.keys.first());
    key.map(ToString::to_string).unwrap_or_default()
}
