//! Anomalies on the cards, as they happen: how many, in a badge that pops when one more comes.

use egui::{Align2, Painter, Rect, pos2, vec2};

use crate::app::{App, Selection};
use crate::gui::theme::Theme;
use crate::history::{MarkKind, Scene};
use crate::model::{ServiceId, Time};

use super::camera::View;

/// How long a badge takes to settle, in real time.
const POP_SECONDS: f64 = 0.5;

/// How many marks before the playhead are searched for the last anomaly.
const MOST_SEARCHED: usize = 512;

/// Paints the badge of a service at the corner of its card; gives where it is and what it stands
/// for: the last anomaly.
pub fn paint_badge(
    painter: &Painter,
    view: &View,
    card: Rect,
    app: &App,
    (scene, now): (&Scene, Time),
    service: ServiceId,
    theme: &Theme,
) -> Option<(Rect, Selection)> {
    let model = app.model();
    let count: u64 =
        model.services[service.index()].stores.iter().map(|it| scene.anomalies[it.index()]).sum();
    if count == 0 {
        return None;
    }
    let last = last_anomaly(app, now, service);
    let age = last.map_or(f64::INFINITY, |(at, _)| {
        now.since(at).as_secs_f64() / app.playback.speed.max(1e-9)
    });
    #[expect(clippy::cast_possible_truncation, reason = "a share")]
    let pop = (1.0 - age / POP_SECONDS).clamp(0.0, 1.0) as f32;
    let scale = view.scale.clamp(0.6, 1.3);
    let font = theme.strong_font((11.0 + 3.0 * pop) * scale);
    let text = if count > 999 { "999+".to_owned() } else { count.to_string() };
    let galley = painter.layout_no_wrap(text, font, theme.colours.on_accent);
    let height = (19.0 + 6.0 * pop) * scale;
    let width = (galley.size().x + 12.0 * scale).max(height);
    let centre = pos2(card.right() - 6.0 * scale, card.top() + scale);
    let place = Rect::from_center_size(centre, vec2(width, height));
    if pop > 0.0 {
        let ring = place.expand(12.0 * (1.0 - pop) * scale);
        let stroke = egui::Stroke::new(2.0, theme.colours.wrong.gamma_multiply(pop));
        painter.rect_stroke(ring, ring.height() / 2.0, stroke, egui::StrokeKind::Middle);
    }
    painter.rect_filled(place, height / 2.0, theme.colours.wrong);
    let (font, ink) = (galley.job.sections[0].format.font_id.clone(), theme.colours.background);
    painter.text(place.center(), Align2::CENTER_CENTER, galley.text(), font, ink);
    let (_, selection) = last?;
    Some((place.expand(4.0), selection))
}

/// The last anomaly of a service at or before an instant.
fn last_anomaly(app: &App, now: Time, service: ServiceId) -> Option<(Time, Selection)> {
    let marks = &app.run.overview.marks;
    let (mut low, mut high) = (0, marks.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if marks[middle].at <= now {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (low.saturating_sub(MOST_SEARCHED)..low).rev().find_map(|place| {
        let mark = marks[place];
        match mark.kind {
            MarkKind::Anomaly { store, event, kind }
                if app.model().stores[store.index()].service == service =>
            {
                Some((mark.at, Selection::Anomaly { at: mark.at, store, event, kind }))
            }
            _ => None,
        }
    })
}
