//! The journey of the selected event in the inspector: what happened to it, what it came of and
//! what it led to.

use egui::{Color32, Rect, RichText, Sense, Stroke, Ui, Vec2, pos2, vec2};

use crate::app::Command;
use crate::view::journey::{Relative, Told};
use crate::view::story::{Entry, Mood};

use super::theme::Theme;

/// The width of the times.
const TIMES: f32 = 62.0;
/// Where the line of dots is, from the left.
const DOTS: f32 = TIMES + 12.0;
/// Where the sentences begin.
const WORDS: f32 = DOTS + 14.0;

/// All that is found out.
pub fn ui(ui: &mut Ui, told: &Told, theme: &Theme, out: &mut Vec<Command>) {
    title(ui, "Journey", theme);
    if let Some(progress) = told.progress {
        let text = format!("finding out … {:.0} %", 100.0 * progress);
        ui.add(egui::ProgressBar::new(progress).desired_height(3.0))
            .on_hover_text("The run is gone through from where this event began");
        weak(ui, &text, theme);
    } else if told.is_missing {
        weak(ui, "There is no such event in this future of the run.", theme);
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    more(ui, told.others.0, "before", theme);
    for (place, entry) in told.entries.iter().enumerate() {
        self::entry(ui, told, place, entry, theme, out);
    }
    more(ui, told.others.1, "after", theme);
    ui.spacing_mut().item_spacing.y = 4.0;
    if !told.causes.is_empty() {
        title(ui, "Cause", theme);
        for cause in &told.causes {
            relative(ui, cause, 0, "the cause", theme, out);
        }
    }
    if !told.effects.is_empty() {
        title(ui, "Led to", theme);
        for (depth, effect) in &told.effects {
            relative(ui, effect, depth - 1, "an effect", theme, out);
        }
        if told.more_effects > 0 {
            weak(ui, &format!("and {} more", told.more_effects), theme);
        }
    }
    ui.spacing_mut().item_spacing.y = theme.sizes.gap;
}

fn title(ui: &mut Ui, text: &str, theme: &Theme) {
    ui.add_space(8.0);
    ui.label(RichText::new(text).font(theme.strong_font(theme.sizes.body)));
}

fn weak(ui: &mut Ui, text: &str, theme: &Theme) {
    let text = RichText::new(text).font(theme.text_font(theme.sizes.small));
    ui.label(text.color(theme.colours.text_weak));
}

fn more(ui: &mut Ui, count: usize, side: &str, theme: &Theme) {
    if count > 0 {
        weak(ui, &format!("{count} more {side}"), theme);
    }
}

/// A line of the journey.
fn entry(
    ui: &mut Ui,
    told: &Told,
    place: usize,
    entry: &Entry,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let colours = &theme.colours;
    let is_now = told.now == Some(place);
    let is_later = told.now.is_none_or(|now| place > now);
    let fade = |colour: Color32| if is_later { colour.gamma_multiply(0.55) } else { colour };
    let width = ui.available_width();
    let font = theme.text_font(theme.sizes.small + 1.0);
    let ink = if is_now { colours.accent } else { fade(colours.text) };
    let text = if is_now { format!("{}  ◀ now", entry.text) } else { entry.text.clone() };
    let galley = ui.painter().layout(text, font, ink, width - WORDS);
    let height = galley.size().y.max(14.0) + 5.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    let name = format!("{}: {}", entry.at, entry.text);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name.clone()));
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect.expand2(vec2(4.0, 0.0)), 3.0, colours.control_hover);
    }
    let x = rect.left() + DOTS;
    let line = Stroke::new(1.0, colours.card_border);
    let middle = rect.top() + 9.0;
    if place > 0 {
        painter.vline(x, rect.top()..=middle, line);
    }
    if place + 1 < told.entries.len() {
        painter.vline(x, middle..=rect.bottom(), line);
    }
    let dot = match entry.mood {
        _ if is_now => colours.accent,
        Mood::Plain => colours.selection,
        Mood::Good => colours.good,
        Mood::Bad => colours.bad,
        Mood::Again => colours.warning,
        Mood::Wrong => colours.wrong,
    };
    painter.circle_filled(pos2(x, middle), 4.0, colours.panel);
    // What is still to come is a ring, so that it is not known by its colour alone.
    if is_later {
        painter.circle_stroke(pos2(x, middle), 3.0, Stroke::new(1.2, fade(dot)));
    } else {
        painter.circle_filled(pos2(x, middle), 3.5, dot);
    }
    let is_same = place > 0 && told.entries[place - 1].at == entry.at;
    if !is_same {
        let time = entry.at.to_string();
        let time = time.trim_end_matches(" s");
        let font = theme.mono_font(theme.sizes.small);
        let at = pos2(rect.left() + TIMES - 4.0, middle);
        let ink = if is_now { colours.accent } else { fade(colours.text_weak) };
        painter.text(at, egui::Align2::RIGHT_CENTER, time, font, ink);
    }
    painter.galley(pos2(rect.left() + WORDS, rect.top() + 1.5), galley, ink);
    if response.clicked() {
        out.push(Command::SeekTo(entry.at));
    }
    response.on_hover_text(format!("{}: click to go there", entry.at));
}

/// An event that it has to do with: click selects it.
fn relative(
    ui: &mut Ui,
    it: &Relative,
    depth: usize,
    what: &str,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let colours = &theme.colours;
    #[expect(clippy::cast_precision_loss, reason = "a handful of levels")]
    let indent = depth.min(8) as f32 * 14.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
    let name = format!("{} by {}, {what}", it.name, it.producer);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, true, name.clone()));
    let painter = ui.painter().with_clip_rect(rect.expand(4.0));
    let is_lit = response.hovered() || response.has_focus();
    if is_lit {
        painter.rect_filled(rect.expand2(vec2(4.0, 0.0)), 3.0, colours.control_hover);
    }
    let fade = |colour: Color32| if it.is_made { colour } else { colour.gamma_multiply(0.6) };
    let left = rect.left() + indent;
    if depth > 0 {
        let line = Stroke::new(1.0, colours.card_border);
        let x = left - 6.0;
        painter.vline(x, rect.top()..=rect.center().y, line);
        painter.hline(x..=left, rect.center().y, line);
    }
    let badge = Rect::from_min_size(pos2(left, rect.center().y - 7.0), Vec2::splat(14.0));
    painter.circle_filled(badge.center(), 7.0, fade(theme.event(it.colour)));
    let font = theme.strong_font(9.5);
    let centre = egui::Align2::CENTER_CENTER;
    painter.text(badge.center(), centre, it.letter, font, colours.on_event);
    let font = theme.text_font(theme.sizes.small + 1.0);
    let ink = fade(if is_lit { colours.selection } else { colours.text });
    let at = pos2(badge.right() + 6.0, rect.center().y);
    let time = it.at.to_string();
    let mono = theme.mono_font(theme.sizes.small);
    let aside = painter.layout_no_wrap(time, mono, fade(colours.text_weak));
    let right = rect.right() - aside.size().x;
    painter.galley(pos2(right, rect.center().y - aside.size().y / 2.0), aside, ink);
    let mut job = egui::text::LayoutJob::simple_singleline(it.name.clone(), font.clone(), ink);
    let producer = format!("  {}", it.producer);
    let weak = egui::TextFormat::simple(font, fade(colours.text_weak));
    job.append(&producer, 0.0, weak);
    job.wrap = egui::text::TextWrapping::truncate_at_width((right - 8.0 - at.x).max(20.0));
    let galley = painter.layout_job(job);
    painter.galley(at - vec2(0.0, galley.size().y / 2.0), galley, ink);
    if response.clicked() {
        out.push(Command::Select(it.selection));
    }
    let text = format!("{} by {}, made at {}: click to select it", it.name, it.producer, it.at);
    response.on_hover_text(text);
}
