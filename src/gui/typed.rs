//! A value that is typed, or stepped up and down: with its name, its unit, and what is wrong with
//! what was typed.

use egui::{Id, Role, Sense, Ui, Vec2, WidgetInfo};

use crate::view::parameters::{Parameter, Unit};

use super::theme::Theme;

/// How much room the names have.
const NAMES: f32 = 104.0;

/// What is being typed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
struct Typed {
    text: String,
    wrong: Option<String>,
    /// What the value was when it was wrong, so that a change from elsewhere clears it.
    of: String,
}

/// A line with the value; the new one when a person has set it.
pub fn value(ui: &mut Ui, theme: &Theme, id: Id, parameter: &Parameter) -> Option<f64> {
    let mut set = None;
    let mut wrong = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let label = egui::RichText::new(&parameter.name)
            .font(theme.text_font(theme.sizes.small))
            .color(theme.colours.text_weak);
        let (rect, _) = ui.allocate_exact_size(Vec2::new(NAMES, 24.0), Sense::hover());
        let layout = egui::Layout::left_to_right(egui::Align::Center);
        let mut beside = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
        let label = beside.add(egui::Label::new(label).truncate());
        if parameter.unit == Unit::Switch {
            let is_on = parameter.value > 0.5;
            if switch(ui, theme, is_on, &parameter.name).clicked() {
                set = Some(f64::from(u8::from(!is_on)));
            }
            return;
        }
        if step(ui, theme, "−", &format!("Less: {}", parameter.name)) {
            set = Some(parameter.stepped(false));
        }
        let width = (ui.available_width() - 30.0).clamp(60.0, 84.0);
        let (typed, bad) = field(ui, theme, id, parameter, width, label.id);
        set = set.or(typed);
        wrong = bad;
        if step(ui, theme, "+", &format!("More: {}", parameter.name)) {
            set = Some(parameter.stepped(true));
        }
    });
    if let Some(wrong) = wrong {
        let text = egui::RichText::new(format!("Not understood: {wrong} is expected."))
            .font(theme.text_font(theme.sizes.small))
            .color(theme.colours.bad);
        ui.add(egui::Label::new(text).wrap());
    }
    set.filter(|it| (it - parameter.value).abs() > 1e-12 || it.is_infinite())
        .filter(|it| it.is_finite() || parameter.value.is_finite())
}

fn field(
    ui: &mut Ui,
    theme: &Theme,
    id: Id,
    parameter: &Parameter,
    width: f32,
    label: Id,
) -> (Option<f64>, Option<String>) {
    let mut typed = ui.data(|data| data.get_temp::<Typed>(id)).unwrap_or_default();
    let has_focus = ui.memory(|memory| memory.has_focus(id));
    let is_kept = has_focus || (typed.wrong.is_some() && typed.of == parameter.text());
    if !is_kept {
        typed = Typed { text: parameter.text(), wrong: None, of: parameter.text() };
    }
    let ink = if typed.wrong.is_some() { theme.colours.bad } else { theme.colours.text };
    let edit = egui::TextEdit::singleline(&mut typed.text)
        .id(id)
        .font(theme.mono_font(theme.sizes.mono))
        .text_color(ink)
        .align(egui::Align2::CENTER_CENTER)
        .desired_width(width);
    let response = ui.add(edit).labelled_by(label);
    let mut set = None;
    if response.lost_focus() {
        match parameter.parse(&typed.text) {
            Ok(value) => {
                typed.wrong = None;
                set = Some(value);
            }
            Err(wrong) => typed.wrong = Some(wrong),
        }
    } else if response.changed() {
        typed.wrong = None;
    }
    let wrong = typed.wrong.clone();
    ui.data_mut(|data| data.insert_temp(id, typed));
    (set, wrong)
}

fn step(ui: &mut Ui, theme: &Theme, sign: &str, label: &str) -> bool {
    let text = egui::RichText::new(sign).font(theme.strong_font(theme.sizes.body));
    let button = egui::Button::new(text).min_size(Vec2::new(24.0, 24.0));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    response.clicked()
}

/// A switch: on or off.
pub fn switch(ui: &mut Ui, theme: &Theme, is_on: bool, label: &str) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(30.0, 24.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, is_on, label));
    let colours = &theme.colours;
    let slot = egui::Rect::from_center_size(rect.center(), Vec2::new(26.0, 14.0));
    let fill = if is_on { colours.selection } else { colours.cell };
    let is_near = response.hovered() || response.has_focus();
    let edge = if is_near { colours.selection } else { colours.card_border };
    let stroke = egui::Stroke::new(1.0, edge);
    ui.painter().rect(slot, 7.0, fill, stroke, egui::StrokeKind::Inside);
    let x = if is_on { slot.right() - 7.0 } else { slot.left() + 7.0 };
    let knob = if is_on { colours.panel } else { colours.text_weak };
    ui.painter().circle_filled(egui::Pos2::new(x, slot.center().y), 4.5, knob);
    response
}
