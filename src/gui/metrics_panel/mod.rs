//! The metrics view: linked charts with the playhead through all of them, and distributions.
//! Point at a chart to read it, click to go there, drag to come closer.

mod bars;
mod chart;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use egui::{Align, CursorIcon, Layout, Rect, ScrollArea, Sense, Ui, pos2, vec2};

use crate::app::{App, Command, Export, Reach, Window};
use crate::measure::Charted;
use crate::model::Time;
use crate::view::metrics::{MetricsView, extent_words, metrics, reach_words};
use crate::view::time_axis::Axis;

use super::theme::Theme;
use super::{controls, strip};

/// The height of the bar over the charts.
const BAR: f32 = 40.0;
/// The width of the distributions.
const ASIDE: f32 = 292.0;
/// The least height of a chart, and the greatest.
const HEIGHTS: (f32, f32) = (74.0, 168.0);
/// What the numbers of the scales have at the left.
const SCALE: f32 = 64.0;
/// What the ticks of time have below the charts.
const TICKS: f32 = 22.0;
/// A drag that is shorter than this, in points, is a click.
const DRAG: f32 = 4.0;

/// The metrics view.
#[derive(Default)]
pub struct MetricsPanel {
    /// Where a drag over the charts began.
    drag: Cell<Option<Time>>,
    /// What was shown last, and what it was made of: the view is worked out when that changes.
    known: RefCell<Option<Known>>,
}

struct Known {
    from: [Option<Arc<Charted>>; 2],
    view: MetricsView,
}

impl MetricsPanel {
    /// Paints the view and says what a person asked for.
    pub fn ui(&self, ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
        let rect = ui.available_rect_before_wrap();
        let bar = Rect::from_min_size(rect.min, vec2(rect.width(), BAR));
        let mut known = self.known.borrow_mut();
        let view = view_of(&mut known, app);
        ui.scope_builder(egui::UiBuilder::new().max_rect(bar.shrink2(vec2(12.0, 4.0))), |ui| {
            header(ui, app, view, theme, out);
        });
        let edge = egui::Stroke::new(1.0, theme.colours.panel_edge);
        ui.painter().hline(rect.x_range(), bar.bottom(), edge);
        let body = Rect::from_min_max(pos2(rect.left(), bar.bottom() + 1.0), rect.max);
        if view.charts.is_empty() {
            let text = if view.progress.is_some() {
                "Measuring …"
            } else {
                "There is nothing to measure yet."
            };
            let font = theme.text_font(theme.sizes.body);
            let align = egui::Align2::CENTER_CENTER;
            ui.painter().text(body.center(), align, text, font, theme.colours.text_weak);
            return;
        }
        let aside = if body.width() > 720.0 { ASIDE } else { 0.0 };
        let (charts, right) = body.split_left_right_at_x(body.right() - aside);
        ui.scope_builder(egui::UiBuilder::new().max_rect(charts), |ui| {
            self.charts(ui, charts, app, view, theme, out);
        });
        if aside > 0.0 {
            ui.painter().vline(right.left(), right.y_range(), edge);
            let inner = right.shrink2(vec2(12.0, 8.0));
            ui.scope_builder(egui::UiBuilder::new().max_rect(inner), |ui| {
                bars::ui(ui, app, view, theme, out);
            });
        }
    }

    fn charts(
        &self,
        ui: &mut Ui,
        rect: Rect,
        app: &App,
        view: &MetricsView,
        theme: &Theme,
        out: &mut Vec<Command>,
    ) {
        #[expect(clippy::cast_precision_loss, reason = "a handful of charts")]
        let count = view.charts.len() as f32;
        let note = if view.zero.is_empty() { 0.0 } else { 20.0 };
        let room = rect.height() - TICKS - note - 10.0;
        let height = (room / count).clamp(HEIGHTS.0, HEIGHTS.1).floor();
        ScrollArea::vertical().id_salt("charts").auto_shrink(false).show(ui, |ui| {
            let size = vec2(ui.available_width(), height * count + TICKS + note + 8.0);
            let (whole, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
            let at = app.playback.at.as_secs_f64();
            response.widget_info(|| egui::WidgetInfo::slider(true, at, "Charts"));
            let plots = Rect::from_min_max(
                whole.min + vec2(SCALE, 4.0),
                pos2(whole.right() - 14.0, whole.bottom() - TICKS - note),
            );
            let axis = Axis { window: view.window, left: plots.left(), right: plots.right() };
            let pointed = response.hover_pos().map(|it| axis.time(it.x));
            let read_at = pointed.unwrap_or(app.playback.at);
            let painter = ui.painter().clone();
            let bottom = Rect::from_min_max(
                pos2(plots.left(), plots.top()),
                pos2(plots.right(), plots.top() + height * count - 6.0),
            );
            strip::ticks(&painter, bottom, axis, theme);
            for (place, it) in view.charts.iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "a handful of charts")]
                let top = plots.top() + height * place as f32;
                let rect =
                    Rect::from_min_size(pos2(plots.left(), top), vec2(plots.width(), height - 6.0));
                let found = chart::paint(&painter, rect, axis, it, read_at, app, theme);
                let id = ui.scope_id().with(("chart", it.title));
                let title = ui.interact(found, id, Sense::hover());
                title.widget_info(|| {
                    egui::WidgetInfo::labeled(
                        egui::Role::Label,
                        true,
                        format!("{} chart", it.title),
                    )
                });
                title.on_hover_text(it.about);
            }
            if !view.zero.is_empty() {
                let text = format!("Zero all the time: {}", view.zero.join(", "));
                let font = theme.text_font(theme.sizes.small);
                let at = pos2(plots.left(), whole.bottom() - 2.0);
                painter.text(at, egui::Align2::LEFT_BOTTOM, text, font, theme.colours.text_weak);
            }
            self.touch(ui, &response, app, axis, bottom, theme, out);
            // Through all charts, and not through what is written over them.
            let lines = |x: f32, stroke: egui::Stroke| {
                for place in 0..view.charts.len() {
                    #[expect(clippy::cast_precision_loss, reason = "a handful of charts")]
                    let top = plots.top() + height * place as f32;
                    painter.vline(x, top + chart::HEAD..=top + height - 6.0, stroke);
                }
            };
            let pointer = pointed.filter(|_| !response.dragged());
            if let Some(at) = pointer {
                let x = axis.x(at);
                let line = egui::Stroke::new(1.0, theme.colours.text_weak);
                lines(x, line);
                let font = theme.mono_font(theme.sizes.small);
                let galley = painter.layout_no_wrap(format!("{at:.3}"), font, theme.colours.text);
                let left = (x + 6.0).min(bottom.right() - galley.size().x - 4.0);
                let place = Rect::from_min_size(pos2(left, bottom.bottom() + 3.0), galley.size());
                painter.rect_filled(place.expand2(vec2(3.0, 1.0)), 3.0, theme.colours.card);
                painter.galley(place.min, galley, theme.colours.text);
            }
            if view.window.contains(app.playback.at) {
                let x = axis.x(app.playback.at);
                lines(x, egui::Stroke::new(2.0, theme.colours.accent));
            }
        });
    }

    /// A click goes there; a drag comes closer; twice shows all.
    #[expect(clippy::too_many_arguments, reason = "what a panel is handed, and what it found")]
    fn touch(
        &self,
        ui: &Ui,
        response: &egui::Response,
        app: &App,
        axis: Axis,
        plots: Rect,
        theme: &Theme,
        out: &mut Vec<Command>,
    ) {
        if response.hovered() {
            ui.set_cursor_icon(CursorIcon::Crosshair);
            zoom(ui, response, app, axis, out);
        }
        if response.drag_started() {
            let origin = ui.input(|input| input.pointer.press_origin());
            self.drag.set(origin.map(|it| axis.time(it.x)));
        }
        let pointer = response.interact_pointer_pos();
        if response.double_clicked() {
            out.push(Command::ChartOver(Reach::Whole));
        } else if response.clicked()
            && let Some(at) = pointer
        {
            out.push(Command::SeekTo(axis.time(at.x)));
        }
        if let (Some(from), Some(at)) = (self.drag.get(), pointer) {
            let xs = [axis.x(from), at.x.clamp(plots.left(), plots.right())];
            let [left, right] = [xs[0].min(xs[1]), xs[0].max(xs[1])];
            if response.dragged() && right - left > DRAG {
                let band = Rect::from_x_y_ranges(left..=right, plots.y_range());
                let colour = theme.colours.selection;
                ui.painter().rect_filled(band, 0.0, colour.gamma_multiply(0.15));
                for x in [left, right] {
                    ui.painter().vline(x, plots.y_range(), egui::Stroke::new(1.0, colour));
                }
            }
            if response.drag_stopped() && right - left > DRAG {
                out.push(Command::LookAt(Window { from: axis.time(left), to: axis.time(right) }));
                out.push(Command::ChartOver(Reach::CloseUp));
            }
        }
        if !response.dragged() {
            self.drag.set(None);
        }
    }
}

/// Ctrl and wheel come closer around the pointer; Shift and wheel move on.
fn zoom(ui: &Ui, response: &egui::Response, app: &App, axis: Axis, out: &mut Vec<Command>) {
    let Some(pointer) = response.hover_pos() else { return };
    let (factor, sideways) = ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta().x));
    let window = axis.window;
    if (factor - 1.0).abs() > 1e-4 {
        let scaled = window.scaled(f64::from(1.0 / factor), axis.time(pointer.x), app.whole());
        out.push(Command::LookAt(scaled));
        out.push(Command::ChartOver(Reach::CloseUp));
    } else if sideways.abs() > 0.1 && app.metrics.reach == Reach::CloseUp {
        let share = f64::from(sideways / (axis.right - axis.left).max(1.0));
        let from = window.from.as_secs_f64() - share * window.length().as_secs_f64();
        out.push(Command::LookAt(Window::of(Time::from_secs_f64(from), window.length())));
    }
}

/// The view, worked out anew only when what it is made of has changed.
fn view_of<'a>(known: &'a mut Option<Known>, app: &App) -> &'a MetricsView {
    let from = [app.charted().cloned(), app.charted_behind().cloned()];
    let is_it = |it: &Known| {
        let same = |a: &Option<Arc<Charted>>, b: &Option<Arc<Charted>>| match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        it.from.iter().zip(&from).all(|(a, b)| same(a, b))
            && it.view.window == app.charted_window()
            && it.view.extent == app.metrics.extent
            && it.view.progress == app.charts_progress()
    };
    match known.take().filter(is_it) {
        Some(before) => &known.insert(before).view,
        None => &known.insert(Known { from, view: metrics(app) }).view,
    }
}

/// The bar over the charts.
fn header(ui: &mut Ui, app: &App, view: &MetricsView, theme: &Theme, out: &mut Vec<Command>) {
    ui.horizontal_centered(|ui| {
        let all = [Reach::Whole, Reach::CloseUp].map(|it| {
            let (label, hint) = reach_words(it);
            (label, hint, app.metrics.reach == it)
        });
        if let Some(place) = controls::choices(ui, theme, &all) {
            out.push(Command::ChartOver([Reach::Whole, Reach::CloseUp][place]));
        }
        ui.add_space(6.0);
        if let Some(behind) = &view.behind {
            let text = controls::weak(theme, format!("in grey: {behind}"));
            ui.label(text)
                .on_hover_text("The branch that this one is compared with, or was forked from");
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for what in [Export::Picture, Export::Series] {
                controls::command_button(ui, theme, Command::AskWhereToExport(what), out);
            }
            ui.add_space(6.0);
            if let Some(progress) = view.progress {
                ui.label(controls::weak(theme, format!("measuring … {:.0} %", 100.0 * progress)));
            }
        });
    });
}

/// Of what the distributions are, to be chosen.
fn extents(ui: &mut Ui, app: &App, view: &MetricsView, theme: &Theme, out: &mut Vec<Command>) {
    let all = view.extents.iter().map(|it| {
        let (label, hint) = extent_words(*it);
        (label, hint, app.metrics.extent == *it)
    });
    let all: Vec<_> = all.collect();
    if all.len() > 1
        && let Some(place) = controls::choices(ui, theme, &all)
    {
        out.push(Command::DistributionOver(view.extents[place]));
    }
}
