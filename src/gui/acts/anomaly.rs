//! An anomaly: why it came to it, and the strategies that would have held, to be switched on.

use egui::{RichText, Ui};

use crate::app::{App, Command, Selection};
use crate::gui::theme::Theme;
use crate::model::{Act, Setting, Time};
use crate::view::anomaly::{Remedy, happens, remedies, why};

use super::parts::{fold, note};

/// The controls.
pub fn ui(ui: &mut Ui, app: &App, selection: Selection, theme: &Theme, out: &mut Vec<Command>) {
    let Selection::Anomaly { at, event, kind, .. } = selection else { return };
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        let told = app.facts().and_then(|it| it.event_type);
        if let Some(event_type) = told.or_else(|| app.type_of(event)) {
            let name = crate::app::deeds::event_name(app.model(), event_type, event);
            let button = ui.button(name).on_hover_text("What is known of the event");
            if button.clicked() {
                out.push(Command::Select(Selection::Event { event, event_type, message: None }));
            }
        }
        if app.playback.at != at {
            let hint = "The instant at which it happened";
            if ui.button(format!("Go to {at:.3}")).on_hover_text(hint).clicked() {
                out.push(Command::ShowAt { at, selection });
            }
        }
    });
    if !happens(app) {
        return;
    }
    let Some(facts) = app.facts() else {
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            ui.spinner();
            note(ui, theme, "Looking for the cause…");
        });
        return;
    };
    fold(ui, app, theme, ("Why", true), out, |ui, _| {
        let text = RichText::new(why(app.model(), kind, facts)).color(theme.colours.text);
        ui.add(egui::Label::new(text).wrap().selectable(true));
    });
    fold(ui, app, theme, ("What would have held", true), out, |ui, out| {
        let (remedies, sentence) = remedies(app, facts);
        if !sentence.is_empty() {
            note(ui, theme, sentence);
        }
        for remedy in &remedies {
            remedy_ui(ui, remedy, theme, out);
        }
    });
}

fn remedy_ui(ui: &mut Ui, remedy: &Remedy, theme: &Theme, out: &mut Vec<Command>) {
    let Remedy { name, why, consumer: (service, topic), strategy, before } = remedy;
    let frame = egui::Frame::new()
        .fill(theme.colours.card)
        .stroke(egui::Stroke::new(1.0, theme.colours.card_border))
        .corner_radius(theme.sizes.radius)
        .inner_margin(egui::Margin::symmetric(10, 8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.label(RichText::new(name).font(theme.strong_font(theme.sizes.body)));
        note(ui, theme, why);
        let act = || {
            let (service, topic, strategy) = (*service, *topic, strategy.clone());
            Act::Set(Setting::Strategy { service, topic, strategy })
        };
        ui.horizontal_wrapped(|ui| {
            let hint = "In a new branch that keeps everything you did: the same run, the other \
                        strategy";
            let label = if *before == Time::ZERO {
                "Switch from the start".to_owned()
            } else {
                format!("Switch from {before:.3}")
            };
            if ui.button(label).on_hover_text(hint).clicked() {
                out.push(Command::ActBefore { at: *before, act: act() });
            }
            let hint = "From the playhead on: what was handled before, it does not remember";
            if ui.button("From here on").on_hover_text(hint).clicked() {
                out.push(Command::Act(act()));
            }
        });
    });
}
