//! The right part of the transport's row: jumps to anomalies, faults and what happens to the
//! selection, the loop, the marks; and the sign that a jump's end is still looked for.

use egui::{
    Align2, Area, Color32, Context, Id, Order, Role, Sense, Stroke, StrokeKind, Ui, Vec2,
    WidgetInfo,
};

use crate::app::{App, Command, Direction, Landmark, MarkCommand};

use super::controls::{self, Face, Icon};
use super::theme::Theme;

/// How much room the names of the jumps need, and the jumps without their names.
const ROOM_FOR_NAMES: f32 = 490.0;
const ROOM_FOR_JUMPS: f32 = 335.0;

/// The jumps, as well as they fit beside what else is in the row.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let room = ui.available_width();
    ui.spacing_mut().item_spacing.x = 6.0;
    if room < ROOM_FOR_JUMPS {
        menu(ui, app, theme, out);
    } else {
        for landmark in [Landmark::Anomaly, Landmark::Fault, Landmark::Selection] {
            pair(ui, app, theme, landmark, room >= ROOM_FOR_NAMES, out);
        }
    }
}

/// The loop and the marks.
pub fn places(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let (has_loop, label) = (app.made.marks.is_looping, "Loop");
    let face = if has_loop { Face::Selected } else { Face::Plain };
    let command = Command::Mark(MarkCommand::ToggleLoop);
    let tooltip = format!(
        "{}\n{} and {} set its ends at the playhead, which can be dragged too",
        command.tooltip(),
        key(MarkCommand::LoopFrom),
        key(MarkCommand::LoopTo)
    );
    if controls::icon_button(ui, theme, Icon::Loop, face, label, tooltip).clicked() {
        out.push(command);
    }
    super::marks_list::button(ui, app, theme, out);
}

fn key(command: MarkCommand) -> String {
    let command = Command::Mark(command);
    let key = command.action().and_then(|action| action.keys.first());
    key.map(ToString::to_string).unwrap_or_default()
}

fn colour(landmark: Landmark, theme: &Theme) -> Color32 {
    match landmark {
        Landmark::Anomaly => theme.colours.wrong,
        Landmark::Fault => theme.colours.bad,
        Landmark::Selection | Landmark::Mark => theme.colours.selection,
    }
}

/// Whether there may be somewhere to jump to.
fn has_any(app: &App, landmark: Landmark) -> bool {
    match landmark {
        Landmark::Anomaly => app.model().stores.iter().any(|it| it.projection_of.is_some()),
        Landmark::Fault => !app.model().faults.is_empty(),
        Landmark::Selection => app.selection.is_some(),
        Landmark::Mark => !app.made.marks.list().is_empty() || !app.run.script.is_empty(),
    }
}

/// The previous one, its name or its sign, the next one.
fn pair(
    ui: &mut Ui,
    app: &App,
    theme: &Theme,
    landmark: Landmark,
    is_named: bool,
    out: &mut Vec<Command>,
) {
    let enabled = has_any(app, landmark);
    let word = match landmark {
        Landmark::Selection => format!("selected {}", app.selected_word().unwrap_or("event")),
        other => other.name().to_owned(),
    };
    let ink = if enabled {
        colour(landmark, theme)
    } else {
        theme.colours.text_weak.gamma_multiply(0.55)
    };
    let font = theme.text_font(theme.sizes.small + 0.5);
    let text = ui.painter().layout_no_wrap(word.clone(), font, ink);
    let middle = if is_named { text.size().x } else { 13.0 };
    let (arrow, height) = (24.0, theme.sizes.control);
    let size = Vec2::new(2.0 * arrow + middle, height);
    let (rect, whole) = ui.allocate_exact_size(size, Sense::hover());
    let colours = &theme.colours;
    let edge = Stroke::new(1.0, colours.card_border);
    ui.painter().rect(rect, theme.sizes.radius, colours.control, edge, StrokeKind::Inside);
    for (direction, icon) in
        [(Direction::Backward, Icon::Previous), (Direction::Forward, Icon::Next)]
    {
        let mut part = rect;
        if direction == Direction::Backward {
            part.max.x = rect.left() + arrow;
        } else {
            part.min.x = rect.right() - arrow;
        }
        let command = Command::GoTo(landmark, direction);
        let label = command.action().map_or("", |it| it.label);
        let id = whole.id.with(label);
        let sense = if enabled { Sense::click() } else { Sense::hover() };
        let response = ui.interact(part, id, sense);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
        if enabled && (response.hovered() || response.has_focus()) {
            let stroke = if response.has_focus() { colours.selection } else { colours.text_weak };
            let (fill, stroke) = (colours.control_hover, Stroke::new(1.0, stroke));
            ui.painter().rect(part, theme.sizes.radius, fill, stroke, StrokeKind::Inside);
        }
        controls::paint_icon(ui.painter(), part.center(), icon, ink);
        let tooltip = if enabled { command.tooltip() } else { nothing(landmark).to_owned() };
        if response.on_hover_text(tooltip).clicked() {
            out.push(command);
        }
    }
    if is_named {
        ui.painter().galley(rect.center() - text.size() / 2.0, text, ink);
    } else {
        sign(ui.painter(), rect.center(), landmark, ink);
        whole.on_hover_text(word);
    }
}

/// Why a jump cannot be made.
const fn nothing(landmark: Landmark) -> &'static str {
    match landmark {
        Landmark::Anomaly => "This scenario has no projection that anything can go wrong with",
        Landmark::Fault => "Nothing breaks in this run",
        Landmark::Selection => "Select an event, a service, a topic or a link first",
        Landmark::Mark => "There is no mark",
    }
}

fn sign(painter: &egui::Painter, centre: egui::Pos2, landmark: Landmark, ink: Color32) {
    match landmark {
        Landmark::Anomaly => {
            painter.circle_filled(centre, 4.5, ink);
        }
        Landmark::Fault => {
            let at = |x: f32, y: f32| centre + Vec2::new(x, y);
            let points = vec![at(0.0, -5.0), at(5.5, 4.5), at(-5.5, 4.5)];
            painter.add(egui::Shape::convex_polygon(points, ink, Stroke::NONE));
        }
        Landmark::Selection => {
            painter.circle_stroke(centre, 5.0, Stroke::new(1.5, ink));
            painter.circle_filled(centre, 2.0, ink);
        }
        Landmark::Mark => super::signs::flag(painter, centre, ink),
    }
}

/// All jumps, where there is no room for them.
fn menu(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let tooltip = "Jump to anomalies, faults, marks, and what happens to the selection".to_owned();
    let button = controls::icon_button(ui, theme, Icon::More, Face::Plain, "Jump", tooltip);
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(230.0);
        for landmark in Landmark::ALL {
            ui.add_enabled_ui(has_any(app, landmark), |ui| {
                controls::menu_item(ui, Command::GoTo(landmark, Direction::Backward), out);
                controls::menu_item(ui, Command::GoTo(landmark, Direction::Forward), out);
            });
        }
    });
}

/// It is not said that something is looked for if it is found so soon, in seconds.
const SOON: f64 = 0.25;

/// The sign that a jump's end is still looked for, with the way to give it up.
pub fn looking(ctx: &Context, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let Some(jumping) = app.jumping.as_ref().filter(|it| it.seconds >= SOON) else { return };
    let area = Area::new(Id::unique("looking"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, Vec2::new(0.0, -240.0));
    area.show(ctx, |ui| {
        let frame = egui::Frame::new()
            .fill(theme.colours.card)
            .stroke(Stroke::new(1.0, theme.colours.selection))
            .corner_radius(theme.sizes.radius)
            .shadow(ui.visuals().popup_shadow)
            .inner_margin(egui::Margin::symmetric(14, 8));
        frame.show(ui, |ui| {
            ui.horizontal(|ui| {
                let side = match jumping.direction {
                    Direction::Forward => "next",
                    Direction::Backward => "previous",
                };
                let what = match jumping.to {
                    Landmark::Selection => "record of the selection",
                    other => other.name(),
                };
                let share = if app.run.end().is_some() {
                    format!(" {:.0} %", jumping.progress() * 100.0)
                } else {
                    String::new()
                };
                ui.spinner();
                ui.label(format!("Looking for the {side} {what} …{share}"));
                ui.add_space(6.0);
                if ui.button("Give up").on_hover_text(Command::Dismiss.tooltip()).clicked() {
                    out.push(Command::Dismiss);
                }
            });
        });
    });
}
