//! The figures of all columns, as bars with numbers. What is best and what is worst is said by a
//! sign, not by the colour alone.

use egui::{
    Align2, Painter, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2,
};

use crate::gui::controls;
use crate::gui::theme::Theme;
use crate::measure::Over;
use crate::measure::compare::Good;
use crate::view::comparing::{CellView, CompareView, RowView, Standing};
use crate::view::meanings::meaning;

/// The height of a row.
const ROW: f32 = 25.0;
/// The room of a number beside its bar, for one without and one with an interval.
const NUMBERS: (f32, f32) = (84.0, 150.0);

/// The figures.
pub fn ui(ui: &mut Ui, rect: Rect, view: &CompareView, theme: &Theme) {
    let colours = &theme.colours;
    let radius = f32::from(theme.sizes.card_radius);
    let edge = Stroke::new(1.0, colours.card_border);
    ui.painter().rect(rect, radius, colours.panel, edge, StrokeKind::Inside);
    let inner = rect.shrink2(vec2(14.0, 8.0));
    head(ui.painter(), inner, view, theme);
    let body = Rect::from_min_max(inner.min + vec2(0.0, 44.0), inner.max);
    ui.scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
        ui.set_clip_rect(body.expand2(vec2(4.0, 0.0)));
        ScrollArea::vertical().id_salt("figures").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let first_same = view.rows.iter().position(|it| it.is_same);
            for (place, it) in view.rows.iter().enumerate() {
                if first_same == Some(place) {
                    ui.add_space(8.0);
                    controls::caption(ui, theme, "the same in all columns");
                }
                row(ui, (place, it), view, theme);
            }
            ui.add_space(8.0);
            for sentence in view.fair.iter().chain([&view.measured]) {
                let width = ui.available_width() - 12.0;
                ui.scope(|ui| {
                    ui.set_max_width(width);
                    ui.add(egui::Label::new(controls::weak(theme, sentence.clone())).wrap());
                });
                ui.add_space(2.0);
            }
        });
    });
}

/// Where each column's figures stand.
fn spans(left: f32, right: f32, columns: usize) -> Vec<(f32, f32)> {
    let labels = ((right - left) * 0.26).clamp(190.0, 320.0);
    #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
    let width = (right - left - labels) / columns.max(1) as f32;
    #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
    let span =
        |it: usize| (left + labels + width * it as f32, left + labels + width * (it + 1) as f32);
    (0..columns).map(span).collect()
}

fn head(painter: &Painter, rect: Rect, view: &CompareView, theme: &Theme) {
    let colours = &theme.colours;
    let middle = rect.top() + 8.0;
    let ink = if view.is_fair { colours.text_weak } else { colours.warning };
    let font = theme.strong_font(theme.sizes.small - 0.5);
    let caption = view.caption.to_uppercase();
    let left = pos2(rect.left(), middle);
    let room =
        rect.right() - 16.0 - painter.text(left, Align2::LEFT_CENTER, caption, font, ink).right();
    let font = theme.mono_font(theme.sizes.small);
    let about = controls::cut(painter, &view.about, font, colours.text_weak, room);
    let place = pos2(rect.right() - about.size().x, middle - about.size().y / 2.0);
    painter.galley(place, about, colours.text_weak);
    let middle = rect.top() + 30.0;
    for (it, (left, right)) in
        view.columns.iter().zip(spans(rect.left(), rect.right() - 12.0, view.columns.len()))
    {
        let clipped =
            painter.with_clip_rect(Rect::from_x_y_ranges(left..=right - 8.0, rect.y_range()));
        let swatch = Rect::from_center_size(pos2(left + 4.0, middle), vec2(8.0, 8.0));
        clipped.rect_filled(swatch, 2.0, theme.event(it.ink));
        let font = theme.strong_font(theme.sizes.small + 0.5);
        clipped.text(pos2(left + 14.0, middle), Align2::LEFT_CENTER, &it.name, font, colours.text);
    }
}

fn row(ui: &mut Ui, (place, it): (usize, &RowView), view: &CompareView, theme: &Theme) {
    let colours = &theme.colours;
    let size = vec2(ui.available_width() - 12.0, ROW);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let names = view.columns.iter().map(|it| it.name.as_str());
    let spoken: Vec<String> =
        names.zip(&it.cells).map(|(name, cell)| format!("{name} {}", cell.text)).collect();
    let spoken = format!("{}: {}", it.label, spoken.join(", "));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let painter = ui.painter();
    if place > 0 {
        painter.hline(rect.x_range(), rect.top(), Stroke::new(1.0, colours.grid));
    }
    let middle = rect.center().y;
    arrow(painter, pos2(rect.left() + 5.0, middle), it.good, theme);
    let font = theme.text_font(theme.sizes.body - 0.5);
    let spans = spans(rect.left(), rect.right(), it.cells.len());
    let label = pos2(rect.left() + 16.0, middle);
    let end = spans.first().map_or(rect.right(), |it| it.0 - 6.0);
    let galley = controls::cut(painter, &it.label, font, colours.text, end - label.x);
    painter.galley(label - vec2(0.0, galley.size().y / 2.0), galley, colours.text);
    let has_intervals = it.cells.iter().any(|it| it.half.is_some());
    let numbers = if has_intervals { NUMBERS.1 } else { NUMBERS.0 };
    for (cell, (left, right)) in it.cells.iter().zip(spans) {
        let bar = Rect::from_center_size(
            pos2(f32::midpoint(left, right - numbers - 16.0), middle),
            vec2((right - numbers - 16.0 - left).max(8.0), 8.0),
        );
        paint_cell(painter, bar, right, (cell, it.is_same || !view.is_final), theme);
    }
    let over = match it.over {
        Over::Whole => "over the whole run",
        Over::Healthy => "until the first fault; of users, those who were through before it",
        Over::Outage => "of what begins while the fault lasts",
    };
    let good = match it.good {
        Good::Low => "less is better",
        Good::High => "more is better",
        Good::Neither => "neither more nor less is better",
    };
    let names = view.columns.iter().map(|it| it.name.as_str());
    let exact: Vec<String> =
        names.zip(&it.cells).map(|(name, cell)| format!("{name} {}", cell.exact)).collect();
    let exact = exact.join(" · ");
    let meaning = meaning(&it.label);
    response.on_hover_text_at_pointer(format!("{}\n{meaning}\n{exact}\n{over}; {good}", it.label));
}

fn paint_cell(
    painter: &Painter,
    bar: Rect,
    right: f32,
    (cell, is_grey): (&CellView, bool),
    theme: &Theme,
) {
    let colours = &theme.colours;
    let ink = match cell.standing {
        _ if is_grey => colours.text_weak,
        Standing::Best => colours.good,
        Standing::Worst => colours.bad,
        Standing::Between => colours.selection,
    };
    painter.rect_filled(bar, 4.0, colours.cell);
    if let Some(share) = cell.share {
        let length = (bar.width() * share).max(3.0);
        let filled = Rect::from_min_size(bar.min, vec2(length, bar.height()));
        painter.rect_filled(filled, 4.0, ink);
        if let Some(half) = cell.half {
            let reach = (bar.width() * half).max(1.0);
            let x = bar.left() + bar.width() * share;
            let whisker = Stroke::new(1.5, colours.text);
            let from = (x - reach).max(bar.left());
            let to = (x + reach).min(bar.right() + 8.0);
            painter.hline(from..=to, bar.center().y, whisker);
            for x in [from, to] {
                painter.vline(x, bar.top() - 1.0..=bar.bottom() + 1.0, whisker);
            }
        }
    }
    let x = bar.right() + 10.0;
    sign(painter, pos2(x + 4.0, bar.center().y), cell.standing, theme);
    let text = if cell.share.is_some() { colours.text } else { colours.text_weak };
    let clipped = painter
        .with_clip_rect(Rect::from_x_y_ranges(x..=right, bar.y_range()).expand2(vec2(0.0, 9.0)));
    let font = theme.mono_font(theme.sizes.small + 0.5);
    clipped.text(pos2(x + 14.0, bar.center().y), Align2::LEFT_CENTER, &cell.text, font, text);
}

/// An arrow that says which way is better.
fn arrow(painter: &Painter, at: Pos2, good: Good, theme: &Theme) {
    let up = match good {
        Good::High => 1.0,
        Good::Low => -1.0,
        Good::Neither => return,
    };
    let tip = at - vec2(0.0, 4.5 * up);
    let stroke = Stroke::new(1.4, theme.colours.text_weak);
    painter.line_segment([at + vec2(0.0, 4.5 * up), tip], stroke);
    painter.line_segment([tip, tip + vec2(-3.0, 3.5 * up)], stroke);
    painter.line_segment([tip, tip + vec2(3.0, 3.5 * up)], stroke);
}

/// What is best has a full star of sorts, what is worst a cross.
fn sign(painter: &Painter, at: Pos2, standing: Standing, theme: &Theme) {
    match standing {
        Standing::Between => {}
        Standing::Best => {
            let points = vec![at + vec2(-4.0, 0.0), at + vec2(-1.2, 3.2), at + vec2(4.5, -3.8)];
            painter.add(Shape::line(points, Stroke::new(1.8, theme.colours.good)));
        }
        Standing::Worst => {
            let stroke = Stroke::new(1.6, theme.colours.bad);
            painter.line_segment([at + vec2(-3.0, -3.0), at + vec2(3.0, 3.0)], stroke);
            painter.line_segment([at + vec2(-3.0, 3.0), at + vec2(3.0, -3.0)], stroke);
        }
    }
}
