//! The list of all that breaks or is done: switched on and off, edited in place, added to.

use egui::{
    Align, Id, Layout, Popup, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind,
    TextStyle, TextWrapMode, Ui, Vec2, WidgetInfo, WidgetText,
};

use crate::app::offers::offers;
use crate::app::{App, Command, Planned};
use crate::model::{Act, Intervention, Span, Time};
use crate::view::faults::{Extent, Row, State, rows};
use crate::view::parameters::{Parameter, Unit, parameters, with};

use super::controls::{self, Face, Icon};
use super::theme::Theme;
use super::typed;

/// How high a line of the list is, in points.
const LINE: f32 = 46.0;
/// How much room its switch has.
const SWITCH: f32 = 40.0;

/// The panel.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        controls::caption(ui, theme, "Faults");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let tooltip = Command::ToggleFaults.tooltip();
            let label = "Close the list of faults";
            if controls::icon_button(ui, theme, Icon::Close, Face::Bare, label, tooltip).clicked() {
                out.push(Command::ToggleFaults);
            }
        });
    });
    ui.horizontal(|ui| {
        add_menu(ui, app, out);
        let command = Command::AskForRandomFaults;
        let random = ui.button("Random faults…").on_hover_text(command.tooltip());
        if random.clicked() {
            out.push(command);
        }
    });
    ui.add_space(4.0);
    let rows = rows(app);
    if rows.is_empty() {
        let text = "Nothing breaks in this run. Add something at the playhead, or have faults \
                    drawn by lot.";
        ui.add(egui::Label::new(RichText::new(text).color(theme.colours.text_weak)).wrap());
        return;
    }
    let chosen_moved = came_to_be_chosen(ui, app.chosen_fault);
    let area = ScrollArea::vertical().auto_shrink(false);
    controls::scrolling(ui, area, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        for row in &rows {
            let is_chosen = app.chosen_fault == Some(row.key);
            let shown = line(ui, theme, row, is_chosen, out);
            if is_chosen {
                editor(ui, app, theme, row, out);
                if chosen_moved {
                    ui.scroll_to_rect(shown.expand2(Vec2::new(0.0, 60.0)), None);
                }
            }
        }
    });
}

/// Whether another line is selected than in the last picture.
fn came_to_be_chosen(ui: &Ui, chosen: Option<Planned>) -> bool {
    let id = Id::unique("chosen fault");
    let before = ui.data(|data| data.get_temp::<Option<Planned>>(id)).flatten();
    ui.data_mut(|data| data.insert_temp(id, chosen));
    before != chosen
}

/// Everything that can be done at the playhead, by what it is called.
fn add_menu(ui: &mut Ui, app: &App, out: &mut Vec<Command>) {
    let hint = "Have something break, or set something, at the playhead";
    let button = ui.button("Add…").on_hover_text(hint);
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Add a fault"));
    Popup::menu(&button).show(|ui| {
        ui.set_min_width(150.0);
        for (name, targets) in offers(&app.run.base) {
            ui.menu_button(name, |ui| {
                ScrollArea::vertical().max_height(420.0).show(ui, |ui| {
                    for (target, act) in targets {
                        let button = egui::Button::new(target).frame_when_inactive(false);
                        if ui.add(button).clicked() {
                            let at = app.acting_at();
                            out.push(Command::AddStep(Intervention { at, act }));
                            ui.close();
                        }
                    }
                });
            });
        }
    });
}

/// A line: its switch, what it is, when it is, and how it stands. Where it is.
fn line(ui: &mut Ui, theme: &Theme, row: &Row, chosen: bool, out: &mut Vec<Command>) -> Rect {
    let colours = &theme.colours;
    let (rect, response) =
        ui.allocate_exact_size(Vec2::new(ui.available_width(), LINE), Sense::click());
    let label = format!("{}, {}", row.name, row.times());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &label));
    let fill = match () {
        () if chosen => colours.selection_fill,
        () if response.hovered() => colours.control_hover,
        () => colours.card,
    };
    let edge = if chosen { colours.selection } else { colours.card_border };
    let radius = theme.sizes.radius;
    ui.painter().rect(rect, radius, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    // At the left edge, whose it is; in full while it is on.
    let owner = owner(theme, row);
    let strength = match row.state {
        State::OnNow => 1.0,
        State::ToCome | State::Over => 0.55,
        State::Off => 0.15,
    };
    let bar = Rect::from_min_size(rect.min + Vec2::new(1.0, 5.0), Vec2::new(3.0, LINE - 10.0));
    ui.painter().rect_filled(bar, 1.5, owner.gamma_multiply(strength));

    let slot = Rect::from_min_size(rect.min + Vec2::new(4.0, 0.0), Vec2::new(SWITCH, LINE));
    let layout = Layout::left_to_right(Align::Center).with_main_align(Align::Center);
    let mut beside = ui.new_child(egui::UiBuilder::new().max_rect(slot).layout(layout));
    let label = format!("On: {}, {}", row.name, row.times());
    let hint = if row.is_on { "Switch it off" } else { "Switch it on" };
    if typed::switch(&mut beside, theme, row.is_on, &label).on_hover_text(hint).clicked() {
        out.extend([row.switched(), Command::LetGo]);
    }

    let ink = if row.is_on { colours.text } else { colours.text_weak };
    let left = rect.left() + SWITCH + 6.0;
    let right = rect.right() - 8.0;
    let text = |text: RichText, width: f32| {
        WidgetText::from(text).into_galley(
            ui,
            Some(TextWrapMode::Truncate),
            width.max(10.0),
            TextStyle::Body,
        )
    };
    let name = RichText::new(&row.name).font(theme.strong_font(theme.sizes.body));
    let name = if row.is_on { name } else { name.strikethrough() };
    let name = text(name, right - left);
    ui.painter().galley(egui::Pos2::new(left, rect.top() + 5.0), name, ink);
    let y = rect.top() + 25.0;
    let (state, colour) = state(theme, row);
    let state = RichText::new(state).font(theme.text_font(theme.sizes.small));
    let state = text(state, 130.0);
    let at = right - state.size().x;
    ui.painter().galley(egui::Pos2::new(at, y), state, colour);
    let times = RichText::new(row.times()).font(theme.mono_font(theme.sizes.small));
    let times = text(times, at - left - 6.0);
    let after = left + times.size().x;
    ui.painter().galley(egui::Pos2::new(left, y), times, colours.text_weak);
    let origin = RichText::new(format!("· {}", row.origin));
    let origin = text(origin.font(theme.text_font(theme.sizes.small)), at - after - 12.0);
    // What is done in the branch that is shown needs no word.
    if at - after > 40.0 && (row.is_inherited || matches!(row.key, Planned::Scheduled(_))) {
        ui.painter().galley(egui::Pos2::new(after + 6.0, y), origin, owner);
    }
    if response.clicked() {
        out.extend([Command::ChooseFault(Some(row.key)), Command::SeekTo(row.at)]);
    }
    response.on_hover_ui(|ui| {
        ui.label(&row.name);
        ui.weak(about(row));
    });
    rect
}

/// The colour of whose it is: the scenario's, or a person's.
pub fn owner(theme: &Theme, row: &Row) -> egui::Color32 {
    match row.key {
        Planned::Scheduled(_) => theme.colours.bad,
        Planned::Step(..) => theme.colours.selection,
    }
}

fn state(theme: &Theme, row: &Row) -> (&'static str, egui::Color32) {
    let colours = &theme.colours;
    match row.state {
        State::Off => ("off", colours.text_weak),
        _ if row.took == Some(false) => ("found nothing", colours.warning),
        State::OnNow => ("on now", colours.bad),
        _ => (row.state.words(row.extent), colours.text_weak),
    }
}

/// What a line says in full.
#[must_use]
pub fn about(row: &Row) -> String {
    let origin = match row.key {
        Planned::Scheduled(_) => "On the scenario's schedule.".to_owned(),
        Planned::Step(..) if row.is_inherited => {
            format!("Done in {}; a change of it is one of both futures.", row.origin)
        }
        Planned::Step(..) => format!("Done in {}.", row.origin),
    };
    let missed = match row.took {
        Some(false) => " It found nothing that it could be done to.",
        _ => "",
    };
    let state = row.state.words(row.extent);
    format!("{}, {state}. {origin}{missed}", row.times())
}

/// What can be set of the selected line, below it.
fn editor(ui: &mut Ui, app: &App, theme: &Theme, row: &Row, out: &mut Vec<Command>) {
    let frame = egui::Frame::new()
        .fill(theme.colours.background)
        .stroke(Stroke::new(1.0, theme.colours.panel_edge))
        .corner_radius(theme.sizes.radius)
        .inner_margin(egui::Margin::symmetric(10, 8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 5.0;
        let mut change = |to: Intervention| out.extend([row.changed(to), Command::LetGo]);
        let id = Id::unique(("fault", row.key));
        let at = time("at", row.at.as_secs_f64(), 0.0);
        if let Some(at) = typed::value(ui, theme, id.with("at"), &at) {
            change(row.at(Time::from_secs_f64(at)));
        }
        if let (Extent::Until(_) | Extent::ToTheEnd, Act::Break { .. }) = (row.extent, &row.act) {
            let lasts = match row.extent {
                Extent::Until(end) => end.since(row.at).as_secs_f64(),
                _ => f64::INFINITY,
            };
            let wish = Parameter { may_be_endless: true, ..time("for", lasts, 0.000_001) };
            if let Some(lasts) = typed::value(ui, theme, id.with("for"), &wish) {
                let lasts = lasts.is_finite().then(|| Span::from_secs_f64(lasts));
                row.lasting(lasts).into_iter().for_each(&mut change);
            }
        }
        for (place, parameter) in parameters(&app.run.base, &row.act).iter().enumerate() {
            if let Some(value) = typed::value(ui, theme, id.with(place), parameter) {
                let act = with(&app.run.base, &row.act, place, value);
                change(Intervention { at: row.at, act });
            }
        }
        if matches!(row.key, Planned::Scheduled(_)) {
            let text = "On the scenario's schedule: a change is made in a branch.";
            weak(ui, theme, text);
        } else if row.is_inherited {
            weak(ui, theme, &about(row));
        } else if row.took == Some(false) {
            weak(ui, theme, "It found nothing that it could be done to at this instant.");
        }
        ui.add_space(2.0);
        ui.horizontal(|ui| {
            if ui.button("Duplicate").on_hover_text("The same once more, after it").clicked() {
                let after = match row.extent {
                    Extent::Until(end) => end,
                    _ => row.at + Span::SECOND,
                };
                out.push(Command::AddStep(row.at(after)));
            }
            if let Some(end) = row.ended(app.playback.at)
                && ui.button("End now").on_hover_text("It is mended at the playhead").clicked()
            {
                out.extend([end, Command::LetGo]);
            }
            let is_scheduled = matches!(row.key, Planned::Scheduled(_));
            if !is_scheduled && ui.button("Delete").on_hover_text("Take it off the list").clicked()
            {
                out.extend([Command::ChooseFault(None), row.removed()]);
            }
        });
    });
}

fn time(name: &str, value: f64, least: f64) -> Parameter {
    Parameter {
        name: name.to_owned(),
        unit: Unit::Time,
        value,
        least,
        most: 1e9,
        may_be_endless: false,
    }
}

fn weak(ui: &mut Ui, theme: &Theme, text: &str) {
    let text =
        RichText::new(text).font(theme.text_font(theme.sizes.small)).color(theme.colours.text_weak);
    ui.add(egui::Label::new(text).wrap());
}
