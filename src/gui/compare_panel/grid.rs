//! Consumer strategies against what can happen to messages, as a table that fills in.

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use crate::app::{App, Command, CompareCommand};
use crate::gui::controls;
use crate::gui::theme::Theme;
use crate::measure::grid::{Cell, EXPLAINED, Grid, Spot};
use crate::measure::matrix::Harm;

const ROW: f32 = 46.0;
const HEAD: f32 = 26.0;
const NAMES: f32 = 170.0;

/// The tables of all consumers.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let it = &app.comparing;
    ui.add_space(4.0);
    let Some(grids) = &it.grids else {
        ui.label(controls::weak(theme, "Measuring …"));
        return;
    };
    if grids.is_empty() {
        let text = "No consumer here has a projection of what it consumes, so nothing can be told to be wrong. \
                    A store says `projection_of: \"topic\"`.";
        ui.label(text);
        return;
    }
    ui.horizontal(|ui| {
        let variant = &app.shown().name;
        let of = if variant.is_empty() { String::new() } else { format!(" · variant {variant}") };
        controls::caption(
            ui,
            theme,
            &format!("anomalies, by what is done to messages{of} · seed {}", app.run.seed),
        );
        if let Some(progress) = it.matrix_progress() {
            ui.add(egui::ProgressBar::new(progress).desired_width(160.0).desired_height(6.0));
            let give_up =
                ui.button("Give up").on_hover_text("Stop measuring, and show the columns again");
            if give_up.clicked() {
                out.push(Command::Compare(CompareCommand::ToggleMatrix));
            }
        }
    });
    ScrollArea::vertical().id_salt("matrix").auto_shrink(false).show(ui, |ui| {
        for (place, grid) in grids.iter().enumerate() {
            ui.add_space(6.0);
            let title = format!("What {} makes of {}", grid.consumer, grid.topic);
            ui.label(egui::RichText::new(title).font(theme.strong_font(theme.sizes.body + 1.0)));
            table(ui, (place, grid), theme, out);
            if let Some(remark) = &grid.remark {
                ui.add_space(4.0);
                ui.add(egui::Label::new(controls::weak(theme, remark)).wrap());
            }
        }
        ui.add_space(6.0);
        ui.add(egui::Label::new(controls::weak(theme, EXPLAINED)).wrap());
    });
}

fn table(ui: &mut Ui, (place, grid): (usize, &Grid), theme: &Theme, out: &mut Vec<Command>) {
    let colours = &theme.colours;
    let width = ui.available_width() - 14.0;
    #[expect(clippy::cast_precision_loss, reason = "a handful of cells")]
    let (rows, columns) = (grid.rows.len() as f32, Harm::ALL.len() as f32);
    let (rect, _) = ui.allocate_exact_size(vec2(width, HEAD + ROW * rows), Sense::hover());
    let cell_width = (width - NAMES) / columns;
    let painter = ui.painter().clone();
    let x = |column: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a handful of cells")]
        let x = rect.left() + NAMES + cell_width * column as f32;
        x
    };
    for (column, harm) in Harm::ALL.iter().enumerate() {
        let at = pos2(x(column) + 8.0, rect.top() + HEAD / 2.0);
        let font = theme.strong_font(theme.sizes.small);
        painter.text(at, Align2::LEFT_CENTER, harm.name(), font, colours.text_weak);
    }
    for (number, row) in grid.rows.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a handful of cells")]
        let top = rect.top() + HEAD + ROW * number as f32;
        let at = pos2(rect.left() + 2.0, top + ROW / 2.0);
        let font = theme.text_font(theme.sizes.body);
        painter.text(at, Align2::LEFT_CENTER, row.strategy, font, colours.text);
        for (column, cell) in row.cells.iter().enumerate() {
            let room = Rect::from_min_size(pos2(x(column), top), vec2(cell_width, ROW)).shrink(2.0);
            let Some(cell) = cell else {
                painter.rect_filled(room, 4.0, colours.grid);
                continue;
            };
            let at = Spot { grid: place, row: number, column };
            if paint_cell(ui, room, (grid, at), cell, theme) {
                out.push(Command::Compare(CompareCommand::OpenCell(at)));
            }
        }
    }
}

/// A cell; whether it was clicked.
fn paint_cell(ui: &Ui, rect: Rect, (grid, at): (&Grid, Spot), cell: &Cell, theme: &Theme) -> bool {
    let colours = &theme.colours;
    let painter = ui.painter().with_clip_rect(rect);
    let harm = Harm::ALL[at.column];
    let about = format!("{} against {}", grid.rows[at.row].strategy, harm.name());
    let id = ui.scope_id().with((at.grid, at.row, at.column));
    let response = ui.interact(rect, id, Sense::click());
    let words = cell.in_words();
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{about}: {words}"))
    });
    let is_good = cell.total() == 0;
    let (fill, edge) =
        if is_good { (colours.card, colours.card_border) } else { (colours.bad_fill, colours.bad) };
    let kind = egui::StrokeKind::Inside;
    let edge = if response.hovered() { colours.selection } else { edge };
    painter.rect(rect, 4.0, fill, Stroke::new(1.0, edge), kind);
    let number = if is_good { colours.good } else { colours.bad };
    let font = theme.strong_font(theme.sizes.body + 1.5);
    let at = rect.left_top() + vec2(8.0, 5.0);
    painter.text(at, Align2::LEFT_TOP, cell.total(), font, number);
    let kinds = cell.anomalies.iter().map(|(kind, count)| match cell.anomalies.len() {
        1 => (*kind).to_owned(),
        _ => format!("{count} {kind}"),
    });
    let mut small: Vec<String> = kinds.collect();
    if cell.not_yet > 0 {
        small.push(format!("{} not yet", cell.not_yet));
    }
    let font = theme.text_font(theme.sizes.small - 1.0);
    let at = rect.left_bottom() + vec2(8.0, -4.0);
    painter.text(at, Align2::LEFT_BOTTOM, small.join(", "), font, colours.text_weak);
    let is_clicked = response.clicked();
    response.on_hover_ui_at_pointer(|ui| {
        ui.set_max_width(380.0);
        ui.strong(&about);
        ui.label(cell.sentence(grid, harm));
        ui.weak("Click to look into that run, as a branch");
    });
    is_clicked
}
