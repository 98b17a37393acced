//! A chart: its title and legend, faults as bands, the lines, and the branch behind in grey.

use std::sync::Arc;

use egui::{Align2, Galley, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use crate::app::App;
use crate::gui::strip;
use crate::gui::theme::Theme;
use crate::measure::judge::short;
use crate::measure::series::ChartKind;
use crate::model::{Time, Unit};
use crate::view::metrics::{Chart, Dash, Line, Values};
use crate::view::time_axis::Axis;

/// The height of the title's line.
pub const HEAD: f32 = 19.0;

/// Paints a chart, its legend with the values at an instant. Gives where its title stands.
pub fn paint(
    painter: &Painter,
    rect: Rect,
    axis: Axis,
    chart: &Chart,
    read_at: Time,
    app: &App,
    theme: &Theme,
) -> Rect {
    let colours = &theme.colours;
    let plot = Rect::from_min_max(pos2(rect.left(), rect.top() + HEAD), rect.max);
    painter.rect(
        plot,
        3.0,
        colours.card.gamma_multiply(0.5),
        Stroke::new(1.0, colours.panel_edge),
        StrokeKind::Inside,
    );
    strip::fault_bands(painter, plot, axis, app, theme);
    let clipped = painter.with_clip_rect(plot);
    // Half way up, so that heights can be read.
    clipped.hline(plot.x_range(), plot.center().y, Stroke::new(1.0, colours.grid));
    let height = Height { plot: plot.shrink2(vec2(0.0, 3.0)), top: chart.top };
    let grey = colours.text_weak.gamma_multiply(0.55);
    for line in &chart.lines {
        if let Some(behind) = &line.behind {
            paint_values(
                &clipped,
                behind,
                axis,
                height,
                Stroke::new(2.4, grey),
                Dash::Solid,
                false,
            );
        }
    }
    for line in &chart.lines {
        let is_bars = chart.kind == ChartKind::Anomalies;
        let stroke = Stroke::new(1.6, theme.event(line.ink));
        paint_values(&clipped, &line.values, axis, height, stroke, line.dash, is_bars);
    }
    scale(painter, plot, chart, theme);
    legend(painter, rect, chart, read_at, theme)
}

/// How high a value is.
#[derive(Clone, Copy)]
struct Height {
    plot: Rect,
    top: f64,
}

impl Height {
    #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
    fn y(self, value: f64) -> f32 {
        let share = (value / self.top).clamp(0.0, 1.05) as f32;
        self.plot.bottom() - share * self.plot.height()
    }
}

fn paint_values(
    painter: &Painter,
    values: &Values,
    axis: Axis,
    height: Height,
    stroke: Stroke,
    dash: Dash,
    is_bars: bool,
) {
    let mut run: Vec<Pos2> = Vec::new();
    let finish = |run: &mut Vec<Pos2>| {
        let points = std::mem::take(run);
        if !points.is_empty() {
            painter.extend(dashed(points, stroke, dash));
        }
    };
    for (place, span) in values.bounds.windows(2).enumerate() {
        let [from, to] = [axis.x(span[0]), axis.x(span[1])];
        let value = values.values.get(place).copied().flatten();
        // One more at each side, so that lines go on to the edge.
        let near = to - from;
        let is_seen = to >= axis.left - near && from <= axis.right + near;
        let Some(value) = value.filter(|_| is_seen) else {
            finish(&mut run);
            continue;
        };
        let y = height.y(value);
        if is_bars {
            if value > 0.0 {
                let right = (to - 0.5).max(from + 1.5);
                let bar = Rect::from_x_y_ranges(from..=right, y..=height.plot.bottom());
                painter.rect_filled(bar, 0.0, stroke.color);
            }
            continue;
        }
        // A bucket's value is so from its first instant to its last, and not before.
        run.extend([pos2(from, y), pos2(to, y)]);
    }
    finish(&mut run);
}

fn dashed(points: Vec<Pos2>, stroke: Stroke, dash: Dash) -> Vec<Shape> {
    match dash {
        Dash::Solid => vec![Shape::line(points, stroke)],
        Dash::Dashed => Shape::dashed_line(&points, stroke, 7.0, 4.0),
        Dash::Dotted => Shape::dashed_line(&points, stroke, 2.0, 3.0),
    }
}

/// What the upper edge, the half and the lower edge stand for.
fn scale(painter: &Painter, plot: Rect, chart: &Chart, theme: &Theme) {
    let font = theme.mono_font(theme.sizes.small - 1.5);
    for (value, y, align) in [
        (chart.top, plot.top() - 1.0, Align2::RIGHT_TOP),
        (chart.top / 2.0, plot.center().y, Align2::RIGHT_CENTER),
        (0.0, plot.bottom() + 1.0, Align2::RIGHT_BOTTOM),
    ] {
        let text = if value == 0.0 { "0".to_owned() } else { short(value, chart.unit) };
        let at = pos2(plot.left() - 6.0, y);
        painter.text(at, align, text, font.clone(), theme.colours.text_weak);
    }
}

/// The title at the left, and at the right each line's look, name and value.
fn legend(painter: &Painter, rect: Rect, chart: &Chart, read_at: Time, theme: &Theme) -> Rect {
    let colours = &theme.colours;
    let middle = rect.top() + HEAD / 2.0 - 1.0;
    let title = painter.text(
        pos2(rect.left(), middle),
        Align2::LEFT_CENTER,
        chart.title,
        theme.strong_font(theme.sizes.small),
        colours.text,
    );
    let mut right = rect.right();
    if chart.left_out > 0 {
        let text = format!("and {} more", chart.left_out);
        let font = theme.text_font(theme.sizes.small);
        let at = pos2(right, middle);
        let drawn = painter.text(at, Align2::RIGHT_CENTER, text, font, colours.text_weak);
        right = drawn.left() - 14.0;
    }
    for line in chart.lines.iter().rev() {
        let entry = Entry::new(painter, chart, line, read_at, theme);
        // What there is no room for is said where one points.
        if right - entry.width < title.right() + 10.0 {
            break;
        }
        entry.paint(painter, pos2(right, middle), line, theme);
        right -= entry.width + 16.0;
    }
    title
}

/// An entry of the legend: how the line looks, its name, its value, and that of the branch behind.
struct Entry {
    name: Arc<Galley>,
    value: Arc<Galley>,
    behind: Arc<Galley>,
    /// The room of the value: as much as the widest needs, so that nothing jumps.
    room: f32,
    width: f32,
}

/// How long the sample of a line is.
const SAMPLE: f32 = 18.0;

impl Entry {
    fn new(painter: &Painter, chart: &Chart, line: &Line, read_at: Time, theme: &Theme) -> Self {
        let mono = theme.mono_font(theme.sizes.small);
        let ink = theme.colours.text_weak;
        let text = |text: String, ink| painter.layout_no_wrap(text, mono.clone(), ink);
        let before = line.behind.as_ref().and_then(|it| it.at(read_at));
        let before = before.map(|it| format!(" ({})", short(it, chart.unit))).unwrap_or_default();
        let behind = text(before, ink);
        let value = text(chart.reading(line, read_at), theme.colours.text);
        let widest = match chart.unit {
            Unit::Seconds => "00.0 ms",
            Unit::PerSecond => "00.0 /s",
            _ => "000",
        };
        let room = text(widest.to_owned(), ink).size().x.max(value.size().x);
        let font = theme.text_font(theme.sizes.small);
        let name = painter.layout_no_wrap(line.name.clone(), font, ink);
        let width = SAMPLE + 5.0 + name.size().x + 6.0 + room + behind.size().x;
        Self { name, value, behind, room, width }
    }

    fn paint(&self, painter: &Painter, right: Pos2, line: &Line, theme: &Theme) {
        let colours = &theme.colours;
        let mut x = right.x - self.width;
        let sample = vec![pos2(x, right.y), pos2(x + SAMPLE, right.y)];
        painter.extend(dashed(sample, Stroke::new(2.2, theme.event(line.ink)), line.dash));
        x += SAMPLE + 5.0;
        for (galley, room, ink) in [
            (&self.name, self.name.size().x + 6.0, colours.text_weak),
            (&self.value, self.room, colours.text),
            (&self.behind, 0.0, colours.text_weak),
        ] {
            let at = pos2(x, right.y - galley.size().y / 2.0);
            painter.galley(at, Arc::clone(galley), ink);
            x += room;
        }
    }
}
