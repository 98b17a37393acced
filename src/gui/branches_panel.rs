//! The branches of the run as lines along time, above the whole run: click to switch, and more by
//! the menu of each.

use egui::{
    Align2, CursorIcon, Id, Painter, Popup, Pos2, Rect, Response, ScrollArea, Sense, Shape, Stroke,
    TextEdit, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::app::{App, Command};
use crate::history::{BranchId, MAIN};
use crate::view::branches::{self, BranchRow};
use crate::view::time_axis::Axis;

use super::controls::{Icon, paint_icon};
use super::theme::Theme;

/// How high a branch's line is.
const ROW: f32 = 20.0;

const FIRST_DIFFERENCE: &str =
    "Go to where it and the branch that is shown first differ; of that one, it and its parent";

/// So many branches are seen at once; to the others one scrolls.
const ROWS: usize = 4;

/// The lines; nothing while there is only one future.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, names: f32, out: &mut Vec<Command>) {
    let rows = branches::rows(app);
    if rows.len() < 2 {
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few rows")]
    let height = ROW * rows.len().min(ROWS) as f32;
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("branches").max_height(height).show(ui, |ui| {
        let (area, _) = {
            #[expect(clippy::cast_precision_loss, reason = "a few rows")]
            let size = vec2(ui.available_width(), ROW * rows.len() as f32);
            ui.allocate_exact_size(size, Sense::hover())
        };
        let axis = Axis::whole(app.whole(), area.left() + names, area.right());
        let middle = |place: usize| {
            #[expect(clippy::cast_precision_loss, reason = "a few rows")]
            let y = area.top() + ROW * (place as f32 + 0.5);
            y
        };
        let painter = ui.painter().clone();
        for (place, row) in rows.iter().enumerate() {
            let rect = Rect::from_min_size(
                pos2(area.left(), middle(place) - ROW / 2.0),
                vec2(area.width(), ROW),
            );
            let response = ui.interact(rect, ui.scope_id().with(row.id), Sense::click());
            response.widget_info(|| {
                WidgetInfo::selected(
                    egui::Role::Button,
                    true,
                    row.is_shown,
                    format!("Branch {}", row.name),
                )
            });
            let parent = row.parent.map(middle);
            paint(&painter, rect, axis, row, parent, response.hovered(), theme);
            act(ui, response, app, axis, row, theme, out);
        }
    });
    ui.add_space(4.0);
}

/// A line from where the branch begins to where its run ends, off the line of its parent.
fn paint(
    painter: &Painter,
    rect: Rect,
    axis: Axis,
    row: &BranchRow,
    parent: Option<f32>,
    is_hovered: bool,
    theme: &Theme,
) {
    let colours = &theme.colours;
    if row.is_shown || is_hovered {
        let fill = if row.is_shown { colours.selection_fill } else { colours.control_hover };
        painter.rect_filled(rect.shrink2(vec2(0.0, 1.0)), 3.0, fill);
    }
    let ink = if row.is_shown { colours.selection } else { colours.text_weak };
    let y = rect.center().y;
    let (from, end) = (axis.x(row.from), axis.right);
    let head = axis.x(row.head).clamp(from, end);
    if let Some(parent) = parent {
        let corner = 5.0;
        let points =
            vec![pos2(from - corner, parent), pos2(from - corner, y - corner), pos2(from, y)];
        painter.add(Shape::line(points, Stroke::new(1.5, ink.gamma_multiply(0.7))));
        painter.circle_filled(pos2(from - corner, parent), 2.0, ink);
    }
    painter.hline(from..=head, y, Stroke::new(if row.is_shown { 2.5 } else { 1.5 }, ink));
    // What is not simulated yet is fainter.
    painter.hline(head..=end, y, Stroke::new(1.0, ink.gamma_multiply(0.3)));
    for &(at, is_on) in &row.acts {
        let centre = pos2(axis.x(at), y);
        let fill = if is_on { colours.accent } else { colours.panel };
        painter.add(Shape::convex_polygon(diamond(centre, 5.0), fill, Stroke::new(1.0, ink)));
    }
    let icon = pos2(rect.left() + 6.0, y);
    if row.parent.is_some() {
        paint_icon(painter, icon, Icon::Fork, ink);
    } else {
        painter.circle_filled(icon, 3.0, ink);
    }
    let font = if row.is_shown {
        theme.strong_font(theme.sizes.small)
    } else {
        theme.text_font(theme.sizes.small)
    };
    let name = pos2(rect.left() + 16.0, y);
    let room = Rect::from_min_max(rect.min, pos2(axis.left - 8.0, rect.bottom()));
    let ink = if row.is_shown { colours.selection } else { colours.text };
    painter.with_clip_rect(room).text(name, Align2::LEFT_CENTER, &row.name, font, ink);
}

fn diamond(at: Pos2, radius: f32) -> Vec<Pos2> {
    [(0.0, -radius), (radius, 0.0), (0.0, radius), (-radius, 0.0)]
        .map(|(x, y)| at + Vec2::new(x, y))
        .into()
}

/// What a click, a double click and the menu of a branch do.
fn act(
    ui: &Ui,
    response: Response,
    app: &App,
    axis: Axis,
    row: &BranchRow,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let rename = Id::unique("rename").with(row.id);
    if response.hovered() {
        ui.set_cursor_icon(CursorIcon::PointingHand);
    }
    if response.clicked() {
        if !row.is_shown {
            out.push(Command::SwitchBranch(row.id));
        }
        // A click on the line itself also goes there.
        if let Some(at) = response.interact_pointer_pos().filter(|at| at.x > axis.left) {
            out.push(Command::SeekTo(axis.time(at.x)));
        }
    }
    if response.double_clicked() {
        ui.data_mut(|data| data.insert_temp(rename, row.name.clone()));
    }
    response.context_menu(|ui| {
        ui.set_min_width(180.0);
        if ui.button("Rename…").clicked() {
            ui.data_mut(|data| data.insert_temp(rename, row.name.clone()));
            ui.close();
        }
        if ui.button("First difference").on_hover_text(FIRST_DIFFERENCE).clicked() {
            out.push(match row.is_shown {
                true => Command::FirstDifferenceFromParent,
                false => Command::FirstDifference(row.id),
            });
            ui.close();
        }
        let can_delete = row.id != MAIN;
        let delete = ui.add_enabled(can_delete, egui::Button::new("Delete"));
        let delete = delete.on_hover_text("With all that was forked from it; Ctrl Z takes it back");
        let delete =
            delete.on_disabled_hover_text("The first branch is what happens when nobody acts");
        if delete.clicked() {
            out.push(Command::DeleteBranch(row.id));
            ui.close();
        }
    });
    let text: Option<String> = ui.data(|data| data.get_temp(rename));
    if let Some(text) = text {
        rename_popup(ui, &response, rename, row.id, text, theme, out);
    } else {
        let digest = match &row.digest {
            Some(digest) => format!("\ndigest {digest}"),
            None => format!("\nsimulated to {}", row.head),
        };
        let path = branches::path(app.tree(), row.id);
        let hint = "\n\nClick to show it, double click to rename it";
        response.on_hover_text_at_pointer(format!("{path}{digest}{hint}"));
    }
}

fn rename_popup(
    ui: &Ui,
    response: &Response,
    key: Id,
    branch: BranchId,
    mut text: String,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let mut is_open = true;
    Popup::from_response(response).id(key.with("popup")).open_bool(&mut is_open).show(|ui| {
        let label =
            ui.label(egui::RichText::new("Name of the branch").color(theme.colours.text_weak));
        let field = TextEdit::singleline(&mut text).desired_width(200.0);
        let field = ui.add(field).labelled_by(label.id);
        if !field.has_focus() && !field.lost_focus() {
            field.request_focus();
        }
        if field.lost_focus() {
            if ui.input(|input| input.key_pressed(egui::Key::Enter)) {
                out.push(Command::RenameBranch { id: branch, name: text.clone() });
            }
            ui.data_mut(|data| data.remove::<String>(key));
        } else {
            ui.data_mut(|data| data.insert_temp(key, text.clone()));
        }
    });
    if !is_open {
        ui.data_mut(|data| data.remove::<String>(key));
    }
}
