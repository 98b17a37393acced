//! The menu of what can be done to something.

use egui::{Button, RichText, Ui};

use crate::app::{App, Command, Selection};
use crate::view::offers::{Entry, Offer, offers};

use super::theme::Theme;

/// The menu: what it is about, and everything that can be done to it.
pub fn ui(ui: &mut Ui, app: &App, selection: Selection, theme: &Theme, out: &mut Vec<Command>) {
    ui.set_min_width(210.0);
    let name = RichText::new(title(app, selection)).font(theme.strong_font(theme.sizes.body));
    ui.label(name);
    ui.separator();
    for entry in offers(app, selection) {
        match entry {
            Entry::Do(offer) => item(ui, &offer, out),
            Entry::More(name, offers) => {
                ui.menu_button(name, |ui| {
                    ui.set_min_width(150.0);
                    for offer in &offers {
                        item(ui, offer, out);
                    }
                });
            }
            Entry::Line => {
                ui.separator();
            }
        }
    }
}

/// A line of the menu. What cannot be done is grey, and says why.
fn item(ui: &mut Ui, offer: &Offer, out: &mut Vec<Command>) {
    let button = Button::new(&offer.label).frame_when_inactive(false);
    let button =
        if offer.keys.is_empty() { button } else { button.shortcut_text(offer.keys.as_str()) };
    let response = ui.add_enabled(offer.why_not.is_none(), button);
    let why_not = offer.why_not.clone().unwrap_or_default();
    if response.on_hover_text(&offer.hint).on_disabled_hover_text(why_not).clicked() {
        out.push(offer.command.clone());
        ui.close();
    }
}

/// What something is called.
#[must_use]
pub fn title(app: &App, selection: Selection) -> String {
    let model = app.model();
    match selection {
        Selection::Event { event, event_type, .. } => {
            crate::app::deeds::event_name(model, event_type, event)
        }
        Selection::Service(it) => model.services[it.index()].name.clone(),
        Selection::Topic(it) => model.topics[it.index()].name.clone(),
        Selection::Link(it) => {
            let link = &model.links[it.index()];
            format!("{} → {}", model.node_name(link.from), model.node_name(link.to))
        }
        Selection::Anomaly { kind, .. } => kind.name().to_owned(),
    }
}
