//! In the inspector: what can be done to what is selected.

mod anomaly;
mod event;
mod link;
mod parts;
mod service;
mod strategy;
mod topic;

use egui::Ui;

use crate::app::{App, Command, Selection};

use super::theme::Theme;

/// The controls for what is selected.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    match app.selection {
        Some(selection @ Selection::Event { .. }) => event::ui(ui, app, selection, theme, out),
        Some(Selection::Service(service)) => service::ui(ui, app, service, theme, out),
        Some(Selection::Topic(topic)) => topic::ui(ui, app, topic, theme, out),
        Some(Selection::Link(link)) => link::ui(ui, app, link, theme, out),
        Some(selection @ Selection::Anomaly { .. }) => anomaly::ui(ui, app, selection, theme, out),
        None => {}
    }
}
