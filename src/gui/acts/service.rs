//! What can be done to a service: to its processes, its pace, its handlers, its clock, and to how
//! it consumes.

use egui::{DragValue, RichText, Ui};

use crate::app::{App, Command, Selection};
use crate::gui::flow_panel::nodes::fit_ink;
use crate::gui::theme::Theme;
use crate::history::MarkKind;
use crate::model::{Act, FaultKind, ServiceId, Setting, Span};
use crate::view::flow::values_of;
use crate::view::offers::fault_on;

use super::parts::{Knob, act_button, choice, draft, fold, keep, knob, note, row};
use super::strategy;

/// The controls.
pub fn ui(ui: &mut Ui, app: &App, service: ServiceId, theme: &Theme, out: &mut Vec<Command>) {
    holds(ui, app, service, theme, out);
    let it = &app.model().services[service.index()];
    if it.workload.is_some() {
        ui.add_space(6.0);
        return note(ui, theme, "It is the world outside: it does not break.");
    }
    fold(ui, app, theme, ("Stop and start", true), out, |ui, out| {
        processes(ui, app, service, theme, out);
    });
    fold(ui, app, theme, ("Pace and failures", false), out, |ui, out| {
        pace(ui, app, service, theme, out);
    });
    for consume in &it.consumes {
        let topic = &app.model().topics[consume.topic.index()].name;
        let name = format!("Strategy for {topic}");
        fold(ui, app, theme, (&name, true), out, |ui, out| {
            strategy::ui(ui, app, service, consume, theme, out);
        });
    }
}

/// What its stores hold and should hold, and what went wrong with them.
fn holds(ui: &mut Ui, app: &App, service: ServiceId, theme: &Theme, out: &mut Vec<Command>) {
    let Some(answer) = &app.run.answer else { return };
    let values = values_of(app.model(), &answer.scene, service);
    if values.is_empty() {
        return;
    }
    fold(ui, app, theme, ("Holds, and should hold", true), out, |ui, out| {
        let mono = |text: &str| RichText::new(text).font(theme.mono_font(theme.sizes.mono));
        ui.spacing_mut().item_spacing.y = 0.0;
        for value in &values {
            row(ui, theme, &value.label, |ui| {
                ui.label(mono(&value.value).color(fit_ink(value.fit, theme)));
            });
        }
        ui.spacing_mut().item_spacing.y = 6.0;
        let marks = &app.run.overview.marks;
        let until = app.acting_at();
        let ours =
            marks.iter().take_while(|it| it.at <= until).filter_map(|mark| match mark.kind {
                MarkKind::Anomaly { store, event, kind }
                    if app.model().stores[store.index()].service == service =>
                {
                    Some(Selection::Anomaly { at: mark.at, store, event, kind })
                }
                _ => None,
            });
        let ours: Vec<Selection> = ours.collect();
        if ours.is_empty() {
            return note(ui, theme, "No anomaly until now.");
        }
        note(ui, theme, &format!("Anomalies until now: {}. The last:", ours.len()));
        for &selection in ours.iter().rev().take(4) {
            let Selection::Anomaly { at, event, kind, .. } = selection else { continue };
            let text = format!("{at:.3}  {event} {}", kind.name());
            let button = egui::Button::new(mono(&text).color(theme.colours.wrong))
                .frame_when_inactive(false)
                .small();
            if ui.add(button).on_hover_text("Go there, and see why").clicked() {
                out.push(Command::ShowAt { at, selection });
            }
        }
    });
}

fn processes(ui: &mut Ui, app: &App, service: ServiceId, theme: &Theme, out: &mut Vec<Command>) {
    let it = &app.model().services[service.index()];
    let (id, (mut which, mut after)) = draft(ui, "processes", || (0_usize, Span::from_secs(2)));
    if it.instances > 1 {
        row(ui, theme, "which", |ui| {
            let mut names = vec!["all".to_owned()];
            names.extend((1..=it.instances).map(|number| format!("{}/{number}", it.name)));
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            which = choice(ui, "Which instance", which.min(names.len() - 1), &names);
        });
    } else {
        which = 0;
    }
    let instance = which.checked_sub(1).and_then(|it| u32::try_from(it).ok());
    let crash = FaultKind::Crash { service, instance };
    let is_down = fault_on(app, &crash).is_some();
    ui.horizontal_wrapped(|ui| {
        let hint = "The process is gone, with what it had in memory, until it is started";
        let kind = crash.clone();
        let why_not = is_down.then_some("It is down.");
        act_button(ui, "Stop", hint, why_not, || Act::Break { kind, lasts: None }, out);
        let (kind, why_not) = (crash.clone(), (!is_down).then_some("It is not stopped."));
        act_button(ui, "Start again", "It starts, empty", why_not, || Act::Mend(kind), out);
        if it.workers == Some(0) {
            let before = app.run.base.services[service.index()].workers.filter(|it| *it > 0);
            let act = || Act::Set(Setting::Workers { service, workers: before });
            act_button(ui, "Resume", "It takes up work again", None, act, out);
        } else {
            let act = || Act::Set(Setting::Workers { service, workers: Some(0) });
            act_button(ui, "Pause", "It lives, and takes nothing up", None, act, out);
        }
    });
    ui.horizontal(|ui| {
        let hint = "It crashes now, and starts again, empty, after that";
        let why_not = is_down.then_some("It is down.");
        let kind = crash.clone();
        let act = || Act::Break { kind, lasts: Some(after) };
        act_button(ui, "Crash and restart after", hint, why_not, act, out);
        crate::gui::span_field::ui(ui, "Restart after", &mut after, Span::from_secs(36_000));
    });
    keep(ui, id, (which, after));
}

fn pace(ui: &mut Ui, app: &App, service: ServiceId, theme: &Theme, out: &mut Vec<Command>) {
    let it = &app.model().services[service.index()];
    let slow = |factor| FaultKind::Slow { service, factor };
    let on = fault_on(app, &slow(1.0)).map(|it| &it.kind);
    let value = if let Some(FaultKind::Slow { factor, .. }) = on { *factor } else { 1.0 };
    let words = |it: f64| format!("{it:.1}×");
    let back = on.map(|it| Act::Mend(it.clone()));
    let (name, hint) = ("slower", "What it begins from now on takes so many times as long");
    let one = Knob { name, hint, value, range: 0.1..=100.0, is_log: true, words: &words, back };
    knob(ui, theme, one, |factor| Act::Break { kind: slow(factor), lasts: None }, out);
    let before = app.run.base.services[service.index()].workers;
    let workers = |workers| Act::Set(Setting::Workers { service, workers });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 65")]
    let count = |value: f64| (value < 64.5).then_some(value.round() as u32);
    let words = |it: f64| count(it).map_or("no limit".to_owned(), |it| it.to_string());
    let one = Knob {
        name: "workers of each",
        hint: "How many messages an instance works on at a time; at the right end no limit",
        value: it.workers.map_or(65.0, f64::from),
        range: 0.0..=65.0,
        is_log: false,
        words: &words,
        back: (it.workers != before).then(|| workers(before)),
    };
    knob(ui, theme, one, |value| workers(count(value)), out);
    let skew = skew(app, service);
    let words = |it: f64| match it {
        it if it.abs() < 5e-4 => "right".to_owned(),
        it => format!("{it:+.2} s"),
    };
    #[expect(clippy::cast_possible_truncation, reason = "a minute in nanoseconds")]
    let ahead = |seconds: f64| (seconds * 1e9) as i64;
    let clock = |ahead| Act::Set(Setting::Clock { service, ahead });
    #[expect(clippy::cast_precision_loss, reason = "for a slider")]
    let value = skew as f64 / 1e9;
    let one = Knob {
        name: "clock ahead",
        hint: "How far its clock is off: the time that its events say they were made at",
        value,
        range: -60.0..=60.0,
        is_log: false,
        words: &words,
        back: (skew != 0).then(|| clock(0)),
    };
    knob(ui, theme, one, |seconds| clock(ahead(seconds)), out);
    let (id, mut count) = draft(ui, "fail next", || 3_u32);
    ui.horizontal(|ui| {
        let hint = "The handlers that it begins next fail at once";
        let act = || Act::FailNext { service, count };
        act_button(ui, "Fail the next", hint, None, act, out);
        let field = ui.add(DragValue::new(&mut count).range(1..=10_000));
        field.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "How many handlers")
        });
        ui.label(RichText::new("handlers").color(theme.colours.text_weak));
    });
    keep(ui, id, count);
}

/// How far a service's clock is off at the instant that is seen, in ns.
fn skew(app: &App, service: ServiceId) -> i64 {
    let now = app.acting_at();
    let done = app.run.script.iter().take_while(|it| it.at <= now);
    let set = done.filter_map(|it| match it.act {
        Act::Set(Setting::Clock { service: of, ahead }) if of == service => Some(ahead),
        _ => None,
    });
    set.last().unwrap_or(0)
}
