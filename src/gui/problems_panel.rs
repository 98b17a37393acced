//! What is wrong with the file that is open, in the words the command line has for it.

use egui::{RichText, ScrollArea, Ui};

use crate::app::{App, Broken, Command};
use crate::view::scenarios::file_name;

use super::theme::Theme;

/// About so much of the window's height the bars and the timeline take, in points.
const TIMELINE: f32 = 300.0;

/// The panel; shown while a file is broken.
pub fn ui(ui: &mut Ui, app: &App, broken: &Broken, theme: &Theme, out: &mut Vec<Command>) {
    let name = file_name(&broken.path);
    ui.horizontal(|ui| {
        let (dot, _) = ui.allocate_exact_size(egui::Vec2::splat(10.0), egui::Sense::hover());
        ui.painter().circle_filled(dot.center(), 4.5, theme.colours.bad);
        let count = match broken.count {
            1 => format!("{name} has a mistake"),
            count => format!("{name} has {count} mistakes"),
        };
        let font = theme.strong_font(theme.sizes.body + 1.0);
        ui.label(RichText::new(count).font(font));
        let open = app.desk.file.as_deref().or_else(|| app.source.file());
        let is_open = open == Some(broken.path.as_path());
        let stays = if is_open {
            "The last good version is shown. Save the file when it is mended."
        } else {
            "It is read again when it is saved."
        };
        ui.label(RichText::new(stays).color(theme.colours.text_weak));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let tooltip = Command::Reload.tooltip();
            if !is_open && ui.button("Close").on_hover_text("Leave the file alone").clicked() {
                out.push(Command::Dismiss);
            }
            if ui.button("Reload").on_hover_text(tooltip).clicked() {
                out.push(Command::Reload);
            }
        });
    });
    let frame = egui::Frame::new()
        .fill(theme.colours.background)
        .corner_radius(theme.sizes.radius)
        .inner_margin(10);
    frame.show(ui, |ui| {
        // As high as the text, up to a third of the window, or less where the timeline leaves the
        // view hardly more; then it scrolls.
        let font = theme.mono_font(theme.sizes.mono);
        let line = ui.ctx().fonts_mut(|fonts| fonts.row_height(&font));
        let lines = broken.text.trim_end().lines().count();
        let window = ui.ctx().content_rect().height();
        let most = (window / 3.0).min((window - TIMELINE) / 4.0).max(4.0 * line);
        #[expect(clippy::cast_precision_loss, reason = "a count of lines")]
        let height = (line * lines as f32 + 4.0).min(most);
        let area = ScrollArea::both().auto_shrink([false, true]);
        area.max_height(height).min_scrolled_height(height).show(ui, |ui| {
            let text = RichText::new(broken.text.trim_end()).font(font).color(theme.colours.text);
            ui.add(egui::Label::new(text).extend().selectable(true));
        });
    });
}
