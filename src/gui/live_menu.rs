//! Where the run comes from: simulated, or live; and how a live one is going.

use egui::{Popup, PopupCloseBehavior, RichText, TextEdit, Ui};

use crate::app::{App, Command, Living};
use crate::live::{Phase, Where};
use crate::model::Span;

use super::controls;
use super::theme::Theme;

/// A live run that is so late says so.
const LATE: Span = Span::from_millis(50);

/// The menu, as a button.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let live = app.live();
    let ink = match live {
        Some(it) if it.status.trouble.is_some() || it.status.late >= LATE => theme.colours.bad,
        Some(it) if it.is_going_on() => theme.colours.good,
        _ => theme.colours.text_weak,
    };
    let text = live.map_or_else(|| "simulated".to_owned(), title);
    let text = RichText::new(text).font(theme.mono_font(theme.sizes.small - 0.5)).color(ink);
    let button = ui.add(egui::Button::new(text).frame_when_inactive(false).small());
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Source"));
    let hint = match live {
        None => "Where the run comes from: it is simulated; click to run it live".to_owned(),
        Some(it) => how_it_goes(it),
    };
    let button = button.on_hover_text(hint);
    let menu = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    menu.show(|ui| choices(ui, app, theme, out));
}

fn choices(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    ui.set_min_width(300.0);
    let live = app.live();
    let mut choose = |ui: &mut Ui, is_so: bool, command: Command, label: &str, hint: &str| {
        if ui.selectable_label(is_so, label).on_hover_text(hint).clicked() {
            out.push(command);
            ui.close();
        }
    };
    let hint = "By virtual time: the same run every time, as fast as the machine goes";
    choose(ui, live.is_none(), Command::Simulate, "Simulated", hint);
    let is_embedded = live.is_some_and(|it| it.is_embedded() && it.is_going_on());
    let embedded = Command::GoLive(Where::Embedded);
    let hint = embedded.tooltip();
    choose(ui, is_embedded, embedded, "Live, with the embedded broker", &hint);
    if app.has_recording() {
        let is_shown = live.is_some_and(|it| !it.is_going_on());
        let hint = Command::ShowRecording.tooltip();
        choose(ui, is_shown, Command::ShowRecording, "The live run, as recorded", &hint);
    }
    ui.separator();
    controls::caption(ui, theme, "live on NATS JetStream");
    // What is being typed is nobody's business until it is asked for.
    let id = ui.scope_id().with("url");
    let usual = || app.settings.nats.clone();
    let mut url = ui.data_mut(|data| data.get_temp_mut_or_insert_with(id, usual).clone());
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut url).hint_text("nats://host:4222");
        let field = field.align(egui::Align2::LEFT_CENTER).margin(egui::Margin::symmetric(6, 4));
        let field = ui.add_sized([200.0, theme.sizes.control], field);
        field.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, "URL of the NATS server")
        });
        let entered = field.lost_focus() && ui.input(|it| it.key_pressed(egui::Key::Enter));
        let place = Where::parse(&url);
        let is_good = place.is_ok();
        let button = ui.add_enabled(is_good, egui::Button::new("Run there"));
        let hint = "Topics and calls go through the server; a server is begun with \
                        nats-server -js";
        let clicked = button.on_hover_text(hint).clicked();
        match place {
            Ok(place) if clicked || entered => {
                out.push(Command::GoLive(place));
                ui.close();
            }
            Err(why) => {
                ui.label(RichText::new("?").color(theme.colours.bad)).on_hover_text(why);
            }
            Ok(_) => {}
        }
    });
    ui.data_mut(|data| data.insert_temp(id, url));
    let Some(live) = live else { return };
    ui.separator();
    for line in how_it_goes(live).lines() {
        ui.label(RichText::new(line).color(theme.colours.text_weak));
    }
    if live.is_going_on() {
        ui.horizontal(|ui| {
            for command in [Command::FollowLive, Command::StopLive] {
                let label = command.action().map_or("", |it| it.label);
                if ui.button(label).on_hover_text(command.tooltip()).clicked() {
                    out.push(command);
                }
            }
        });
    }
}

/// A live run in a few words.
fn title(it: &Living) -> String {
    let what = match it.status.phase {
        Phase::Begins => "live: connecting",
        Phase::Runs => "live",
        Phase::Drains => "live: ending",
        Phase::Over => "was live",
        Phase::Failed => "not live",
    };
    let place = if it.is_embedded() {
        "embedded"
    } else if it.is_part() {
        "NATS, one part"
    } else {
        "NATS"
    };
    // What the machine cannot keep up with is not the scenario's doing.
    let late = match it.status.late {
        late if it.is_going_on() && late >= LATE => format!(" · {} late", rounded(late)),
        _ => String::new(),
    };
    format!("{what} · {place}{late}")
}

/// How a live run is going, a figure a line.
fn how_it_goes(it: &Living) -> String {
    let status = &it.status;
    let mut text = format!(
        "{}\n{} inputs, {:.0} a second\nlate by {}, at most by {}",
        it.place,
        status.inputs,
        status.per_second,
        rounded(status.late),
        rounded(status.latest),
    );
    if !status.connected {
        text += "\nThe broker cannot be reached.";
    }
    if status.lost > 0 {
        text += &format!("\n{} inputs were not kept: the recording is full", status.lost);
    }
    if let Some(trouble) = &status.trouble {
        text += &format!("\n{trouble}");
    }
    text
}

/// To microseconds.
const fn rounded(span: Span) -> Span {
    Span(span.0 / 1_000 * 1_000)
}
