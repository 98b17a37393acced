//! The parts that the controls of the inspector are made of: sections that fold, buttons for what
//! can be done, sliders that act at once.

use egui::{
    Align, Button, Layout, Response, RichText, Sense, Slider, Ui, Vec2, WidgetInfo, WidgetText,
};

use crate::app::{App, Command};
use crate::gui::theme::Theme;
use crate::model::{Act, Span};
use crate::view::offers::Offer;

/// A section that folds; whether it is open is remembered by its name.
pub fn fold(
    ui: &mut Ui,
    app: &App,
    theme: &Theme,
    (name, is_open): (&str, bool),
    out: &mut Vec<Command>,
    body: impl FnOnce(&mut Ui, &mut Vec<Command>),
) {
    let is_open = app.settings.folds.get(name).copied().unwrap_or(is_open);
    ui.add_space(6.0);
    let size = Vec2::new(ui.available_width(), theme.sizes.control - 6.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_open, name));
    let ink = if response.hovered() || response.has_focus() {
        theme.colours.selection
    } else {
        theme.colours.text
    };
    let tip = rect.left_center() + Vec2::new(5.0, 0.0);
    let turned = |x: f32, y: f32| tip + if is_open { Vec2::new(y, x) } else { Vec2::new(x, y) };
    let corners = vec![turned(-3.0, -4.0), turned(3.5, 0.0), turned(-3.0, 4.0)];
    ui.painter().add(egui::Shape::convex_polygon(corners, ink, egui::Stroke::NONE));
    let font = theme.strong_font(theme.sizes.body);
    let at = rect.left_center() + Vec2::new(16.0, 0.0);
    ui.painter().text(at, egui::Align2::LEFT_CENTER, name, font, ink);
    if response.on_hover_text(if is_open { "Fold" } else { "Open" }).clicked() {
        out.push(Command::FoldSection { name: name.to_owned(), is_open: !is_open });
    }
    if is_open {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 6.0;
            body(ui, out);
        });
    }
}

/// Half the width that there is, less half the gap: two buttons beside one another.
pub fn half(ui: &Ui) -> f32 {
    (ui.available_width() - ui.spacing().item_spacing.x) / 2.0
}

/// Adds a button that is exactly so wide, whatever it says.
pub fn of_width(ui: &mut Ui, width: f32, is_enabled: bool, button: Button<'_>) -> Response {
    let size = Vec2::new(width, 26.0);
    ui.add_enabled_ui(is_enabled, |ui| ui.add_sized(size, button)).inner
}

/// A button with its key at the right, as wide as it is told; grey with the reason where it
/// cannot be pressed.
pub fn offer_button(ui: &mut Ui, width: f32, offer: &Offer, out: &mut Vec<Command>) {
    let keys = RichText::new(&offer.keys).small();
    let button = Button::new(offer.label.as_str()).right_text(keys).truncate();
    let response = of_width(ui, width, offer.why_not.is_none(), button);
    let why_not = offer.why_not.clone().unwrap_or_default();
    let hint = match offer.keys.as_str() {
        "" => offer.hint.clone(),
        keys => format!("{}  ({keys})", offer.hint),
    };
    if response.on_hover_text(hint).on_disabled_hover_text(why_not).clicked() {
        out.push(offer.command.clone());
    }
}

/// A button that does something to the run.
pub fn act_button(
    ui: &mut Ui,
    label: impl Into<WidgetText>,
    hint: &str,
    why_not: Option<&str>,
    act: impl FnOnce() -> Act,
    out: &mut Vec<Command>,
) -> Response {
    let response = ui.add_enabled(why_not.is_none(), Button::new(label.into()));
    let response = response.on_hover_text(hint).on_disabled_hover_text(why_not.unwrap_or_default());
    if response.clicked() {
        out.push(Command::Act(act()));
    }
    response
}

/// A name at the left, and what belongs to it at the right.
pub fn row(ui: &mut Ui, theme: &Theme, name: &str, body: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.set_min_height(theme.sizes.control - 4.0);
        ui.label(RichText::new(name).color(theme.colours.text_weak));
        ui.with_layout(Layout::right_to_left(Align::Center), body);
    });
}

/// A small line that explains.
pub fn note(ui: &mut Ui, theme: &Theme, text: &str) {
    let text = RichText::new(text).font(theme.text_font(theme.sizes.small));
    ui.add(egui::Label::new(text.color(theme.colours.text_weak)).wrap());
}

/// What a slider is of.
pub struct Knob<'a> {
    /// What a person sets.
    pub name: &'a str,
    /// What it means, in a sentence.
    pub hint: &'a str,
    /// What it is now.
    pub value: f64,
    /// From where to where it goes.
    pub range: std::ops::RangeInclusive<f64>,
    /// Whether its steps are ratios.
    pub is_log: bool,
    /// How a value is written.
    pub words: &'a dyn Fn(f64) -> String,
    /// What puts it back, if it is not as it was made.
    pub back: Option<Act>,
}

/// A slider that acts at once: the first change makes a step, and those that follow while it is
/// held change that step.
pub fn knob(
    ui: &mut Ui,
    theme: &Theme,
    knob: Knob<'_>,
    act: impl FnOnce(f64) -> Act,
    out: &mut Vec<Command>,
) {
    let Knob { name, hint, mut value, range, is_log, words, back } = knob;
    // Sliders of one column, however long their names are, as far as there is room.
    let slider_width = (ui.available_width() * 0.36).clamp(60.0, 150.0);
    row(ui, theme, name, |ui| {
        match back {
            Some(back) => {
                let label = format!("Reset {name}");
                let button = ui.add(Button::new("×").frame_when_inactive(false).small());
                button.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &label));
                if button.on_hover_text("As it was made").clicked() {
                    out.push(Command::Act(back));
                }
            }
            None => ui.add_space(17.0),
        }
        ui.add_sized(
            [62.0, 18.0],
            egui::Label::new(RichText::new(words(value)).font(theme.mono_font(theme.sizes.mono)))
                .halign(Align::RIGHT),
        );
        ui.spacing_mut().slider_width = slider_width.min(ui.available_width() - 4.0).max(30.0);
        let slider = Slider::new(&mut value, range)
            .show_value(false)
            .logarithmic(is_log)
            .smallest_positive(1e-3);
        let response = ui.add(slider);
        response.widget_info(|| WidgetInfo::slider(true, value, name));
        if response.changed() {
            out.push(Command::Tune(act(value)));
        }
        if response.drag_stopped() || (response.changed() && !response.dragged()) {
            out.push(Command::LetGo);
        }
        response.on_hover_text(hint);
    });
}

/// A choice between a few, as a drop-down; gives the place that is chosen.
pub fn choice(ui: &mut Ui, name: &str, chosen: usize, names: &[&str]) -> usize {
    let mut now = chosen;
    let response = egui::ComboBox::from_id_salt(name)
        .selected_text(names.get(chosen).copied().unwrap_or_default())
        .show_index(ui, &mut now, names.len(), |it| names[it]);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::ComboBox, true, name));
    now
}

/// What a person has begun to say and not done: kept from picture to picture, not for ever.
pub fn draft<T: Clone + Send + Sync + 'static>(
    ui: &Ui,
    key: impl std::hash::Hash + std::fmt::Debug,
    begin: impl FnOnce() -> T,
) -> (egui::Id, T) {
    let id = ui.scope_id().with(key);
    let known = ui.data(|data| data.get_temp::<T>(id));
    (id, known.unwrap_or_else(begin))
}

/// Keeps it.
pub fn keep<T: Clone + Send + Sync + 'static>(ui: &Ui, id: egui::Id, value: T) {
    ui.data_mut(|data| data.insert_temp(id, value));
}

/// How long something is to last: for good, or for so long. Kept by name.
pub fn lasting(ui: &mut Ui, theme: &Theme, name: &str) -> Option<Span> {
    let (id, (mut is_for_good, mut span)) = draft(ui, name, || (true, Span::from_secs(10)));
    row(ui, theme, "lasts", |ui| {
        if !is_for_good {
            crate::gui::span_field::ui(ui, "For how long", &mut span, Span::from_secs(36_000));
        }
        let chosen = choice(ui, "Lasts", usize::from(!is_for_good), &["for good", "for"]);
        is_for_good = chosen == 0;
    });
    keep(ui, id, (is_for_good, span));
    (!is_for_good).then_some(span)
}
