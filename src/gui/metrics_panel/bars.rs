//! Distributions: how often which lengths of time were, on a scale on which each bar is so many
//! times as long as the one before.

use egui::{Align2, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::app::{App, Command};
use crate::gui::controls;
use crate::gui::theme::Theme;
use crate::measure::judge::short;
use crate::model::{Span, Stat, Unit};
use crate::view::metrics::{Distribution, MetricsView, stat_words};

use super::extents;

/// The height of the bars.
const HEIGHT: f32 = 92.0;

/// All of them, under the choice of what they are of.
pub fn ui(ui: &mut Ui, app: &App, view: &MetricsView, theme: &Theme, out: &mut Vec<Command>) {
    controls::caption(ui, theme, "distributions");
    extents(ui, app, view, theme, out);
    ui.add_space(4.0);
    if view.distributions.is_empty() {
        ui.add(egui::Label::new(controls::weak(theme, view.without)).wrap());
    }
    let area = ScrollArea::vertical().id_salt("distributions").auto_shrink(false);
    controls::scrolling(ui, area, |ui| {
        for it in &view.distributions {
            distribution(ui, it, theme);
            ui.add_space(10.0);
        }
    });
}

fn distribution(ui: &mut Ui, it: &Distribution, theme: &Theme) {
    let colours = &theme.colours;
    let title = egui::RichText::new(&it.title).font(theme.strong_font(theme.sizes.small + 0.5));
    ui.label(title);
    let size = vec2(ui.available_width(), HEIGHT + 16.0);
    let (outer, response) = ui.allocate_exact_size(size, Sense::hover());
    let label = format!("Distribution of {}", it.title);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &label));
    let plot = Rect::from_min_size(outer.min, vec2(outer.width(), HEIGHT));
    let painter = ui.painter();
    let edge = Stroke::new(1.0, colours.panel_edge);
    painter.rect(plot, 3.0, colours.card.gamma_multiply(0.5), edge, StrokeKind::Inside);
    let most = it.bars.iter().map(|it| it.2).max().unwrap_or(1).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
    let width = plot.width() / it.bars.len().max(1) as f32;
    let pointer = response.hover_pos();
    for (place, &(_, _, count)) in it.bars.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
        let left = plot.left() + width * place as f32;
        if count == 0 {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts, to be drawn")]
        let share = count as f32 / most as f32;
        // What is there at all is seen.
        let height = (share * (HEIGHT - 18.0)).max(1.5);
        let bar = Rect::from_x_y_ranges(
            left + 0.5..=left + width - 0.5,
            plot.bottom() - 1.0 - height..=plot.bottom() - 1.0,
        );
        let is_pointed = pointer.is_some_and(|at| at.x >= left && at.x < left + width);
        let fill = if is_pointed { colours.accent } else { colours.density };
        painter.rect_filled(bar, 1.0, fill);
    }
    let (low, high) = (it.bars.first().map(|it| it.0), it.bars.last().map(|it| it.1));
    if let (Some(low), Some(high)) = (low, high) {
        marks(painter, plot, it, (low, high), theme);
        let font = theme.mono_font(theme.sizes.small - 1.5);
        let below = plot.bottom() + 3.0;
        for (x, align, span) in
            [(plot.left(), Align2::LEFT_TOP, low), (plot.right(), Align2::RIGHT_TOP, high)]
        {
            let text = short(span.as_secs_f64(), Unit::Seconds);
            painter.text(pos2(x, below), align, text, font.clone(), colours.text_weak);
        }
    }
    let stats = it.stats.iter().map(stat_words);
    let stats: Vec<String> = stats.collect();
    let text = egui::RichText::new(stats.join("  ")).font(theme.mono_font(theme.sizes.small - 0.5));
    ui.add(egui::Label::new(text).wrap());
    ui.label(controls::weak(theme, format!("{} times", it.count)));
    if let Some(at) = pointer {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place among the bars"
        )]
        let place = ((at.x - plot.left()) / width).max(0.0) as usize;
        if let Some((from, to, count)) = it.bars.get(place) {
            response.on_hover_text_at_pointer(format!("{from} to {to}: {count}"));
        }
    }
}

/// Where p50 and p99 are.
fn marks(
    painter: &egui::Painter,
    plot: Rect,
    it: &Distribution,
    (low, high): (Span, Span),
    theme: &Theme,
) {
    let (low, high) = (low.as_secs_f64().max(1e-9), high.as_secs_f64());
    let mut last = f32::NEG_INFINITY;
    for (stat, span) in it.stats.iter().filter(|it| matches!(it.0, Stat::P50 | Stat::P99)) {
        #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
        let share = ((span.as_secs_f64().max(low) / low).ln() / (high / low).ln()) as f32;
        let x = plot.left() + share.clamp(0.0, 1.0) * plot.width();
        let colour = theme.colours.text_weak;
        painter.vline(x, plot.y_range(), Stroke::new(1.0, colour));
        let font = theme.mono_font(theme.sizes.small - 1.5);
        let is_left = *stat == Stat::P50 || x < plot.left() + 30.0;
        let (at, align) = if is_left && x < plot.right() - 28.0 {
            (x + 3.0, Align2::LEFT_TOP)
        } else {
            (x - 3.0, Align2::RIGHT_TOP)
        };
        let top = if x - last < 56.0 { 13.0 } else { 2.0 };
        last = x;
        painter.text(pos2(at, plot.top() + top), align, stat.name(), font, colour);
    }
}
