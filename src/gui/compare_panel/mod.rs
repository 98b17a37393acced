//! The comparison: two to four runs side by side at the playhead, and under them their figures.

mod column;
mod figures;
mod grid;

use std::cell::RefCell;
use std::sync::Arc;

use egui::{Align, Layout, Rect, Ui, pos2, vec2};

use crate::app::{App, Command, CompareCommand, Export, MOST_COLUMNS};
use crate::model::Model;
use crate::view::comparing::{CompareView, OVERS, comparing};
use crate::view::layout::Layout as Places;

use super::controls;
use super::theme::Theme;

/// The height of a line of the bar over the columns.
const BAR: f32 = 40.0;
/// Where there is less width than this, in points, the bar takes two lines.
const ONE_LINE: f32 = 1040.0;
/// Between the columns, and around them.
const GAP: f32 = 8.0;

/// The comparison, with the layouts of its columns.
#[derive(Default)]
pub struct ComparePanel {
    known: RefCell<Vec<(Arc<Model>, Arc<Places>)>>,
}

impl ComparePanel {
    /// Paints the view and says what a person asked for.
    pub fn ui(&self, ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
        let rect = ui.available_rect_before_wrap();
        let line = Rect::from_min_size(rect.min, vec2(rect.width(), BAR));
        let is_one = rect.width() >= ONE_LINE || app.comparing.is_matrix;
        let next = if is_one { line } else { line.translate(vec2(0.0, BAR - 6.0)) };
        let bar = line.union(next);
        let inside = |it: Rect| egui::UiBuilder::new().max_rect(it.shrink2(vec2(12.0, 4.0)));
        ui.scope_builder(inside(line), |ui| {
            ui.horizontal_centered(|ui| choose(ui, app, theme, out))
        });
        let from_right = Layout::right_to_left(Align::Center);
        ui.scope_builder(inside(next).layout(from_right), |ui| take_along(ui, app, theme, out));
        let body = Rect::from_min_max(pos2(rect.left(), bar.bottom()), rect.max);
        let body = body.shrink2(vec2(12.0, 0.0));
        if app.comparing.is_matrix {
            ui.scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
                grid::ui(ui, app, theme, out);
            });
            return;
        }
        let view = comparing(app);
        let height = (body.height() * 0.48).clamp(212.0, 350.0).min(body.height() * 0.6);
        let (top, bottom) = body.split_top_bottom_at_y(body.top() + height);
        self.columns(ui, app, &view, top, theme, out);
        let figures = Rect::from_min_max(bottom.min + vec2(0.0, GAP), bottom.max - vec2(0.0, GAP));
        figures::ui(ui, figures, &view, theme);
    }

    fn columns(
        &self,
        ui: &mut Ui,
        app: &App,
        view: &CompareView,
        rect: Rect,
        theme: &Theme,
        out: &mut Vec<Command>,
    ) {
        #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
        let count = view.columns.len().max(1) as f32;
        let width = (rect.width() - GAP * (count - 1.0)) / count;
        for (place, it) in view.columns.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
            let left = rect.left() + (width + GAP) * place as f32;
            let card = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
            let layout = self.layout(&app.comparing.sides[place].run.base, place);
            column::ui(ui, app, (place, it), card, &layout, theme, out);
        }
    }

    /// The layout of a column's model, worked out once.
    fn layout(&self, model: &Arc<Model>, place: usize) -> Arc<Places> {
        let mut known = self.known.borrow_mut();
        known.truncate(MOST_COLUMNS);
        if let Some((of, layout)) = known.get(place)
            && Arc::ptr_eq(of, model)
        {
            return Arc::clone(layout);
        }
        let layout = Arc::new(Places::new(model, &std::collections::BTreeMap::new()));
        known.truncate(place);
        known.push((Arc::clone(model), Arc::clone(&layout)));
        layout
    }
}

/// At the left of the bar over the columns: what is shown.
fn choose(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let it = &app.comparing;
    let matrix = Command::Compare(CompareCommand::ToggleMatrix);
    let all = [
        ("Columns", "Variants, branches or files side by side", !it.is_matrix),
        (
            "Strategies × faults",
            "Consumer strategies against what can happen to messages",
            it.is_matrix,
        ),
    ];
    if let Some(place) = controls::choices(ui, theme, &all)
        && (place == 1) != it.is_matrix
    {
        out.push(matrix);
    }
    if !it.is_matrix {
        let has_outage = it.outage.is_some();
        let overs = OVERS.iter().filter(|(over, ..)| {
            has_outage || over.is_none_or(|it| it == crate::measure::Over::Whole)
        });
        let overs: Vec<_> = overs.collect();
        let all: Vec<_> =
            overs.iter().map(|(over, label, hint)| (*label, *hint, it.over == *over)).collect();
        if let Some(place) = controls::choices(ui, theme, &all) {
            out.push(Command::Compare(CompareCommand::Over(overs[place].0)));
        }
        add(ui, app, theme, out);
    }
}

/// At its right: how to take it along, and from how many seeds. From right to left.
fn take_along(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.x = 6.0;
    controls::command_button(ui, theme, Command::AskWhereToExport(Export::Picture), out);
    if !app.comparing.is_matrix {
        controls::command_button(ui, theme, Command::CopyComparison, out);
        intervals(ui, app, theme, out);
    }
}

/// Intervals over seeds: asked for, being worked out, or shown.
fn intervals(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let it = &app.comparing;
    let command = Command::Compare(CompareCommand::ToggleIntervals);
    let label = match (it.intervals_progress(), &it.intervals) {
        (Some(progress), _) => format!("Give up  {:.0} % of 20 seeds", 100.0 * progress),
        (None, Some(_)) => "One seed again".to_owned(),
        (None, None) => "± from 20 seeds".to_owned(),
    };
    let is_on = it.intervals.is_some() || it.intervals_progress().is_some();
    let ink = if is_on { theme.colours.selection } else { theme.colours.text };
    let text = egui::RichText::new(&label).color(ink);
    let size = vec2(0.0, theme.sizes.control - 4.0);
    let edge = if is_on { theme.colours.selection } else { theme.colours.card_border };
    let button = egui::Button::new(text).min_size(size).stroke(egui::Stroke::new(1.0, edge));
    let button = ui.add_enabled(it.is_done(), button);
    let name = command.action().map_or("", |it| it.label);
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    if button.on_hover_text(command.tooltip()).clicked() {
        out.push(command);
    }
}

/// Another column.
fn add(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let is_full = app.comparing.sides.len() >= MOST_COLUMNS;
    ui.add_enabled_ui(!is_full, |ui| {
        let text = egui::RichText::new("Add column").color(theme.colours.text);
        let menu = ui.menu_button(text, |ui| {
            ui.set_min_width(220.0);
            for (which, name) in app.comparable() {
                if ui.button(name).clicked() {
                    out.push(Command::Compare(CompareCommand::Add(which)));
                    ui.close();
                }
            }
            ui.separator();
            controls::menu_item(ui, Command::AskForOther, out);
            if ui
                .button("The usual columns")
                .on_hover_text("The columns that it has by itself")
                .clicked()
            {
                out.push(Command::Compare(CompareCommand::Reset));
                ui.close();
            }
        });
        let hint = if is_full {
            "Four columns are the most"
        } else {
            "A variant, a branch, or another file"
        };
        menu.response
            .on_hover_text(hint)
            .on_disabled_hover_text("Four columns are the most: close one first");
    });
}
