//! What can be done to a topic and its groups: outages, purges, replays, settings of the broker
//! and of its consumers.

use egui::{DragValue, Ui};

use crate::app::{App, Command};
use crate::gui::span_field;
use crate::gui::theme::Theme;
use crate::model::{
    Act, FaultKind, GroupId, LogTopic, Position, QueueTopic, ServiceId, Setting, Span, Time,
    TopicId, TopicKind,
};
use crate::view::offers::fault_on;

use super::parts::{Knob, act_button, choice, draft, fold, keep, knob, row};

/// The longest span that is asked for here.
const MOST: Span = Span::from_secs(36_000);

/// The controls.
pub fn ui(ui: &mut Ui, app: &App, topic: TopicId, theme: &Theme, out: &mut Vec<Command>) {
    let it = &app.model().topics[topic.index()];
    fold(ui, app, theme, ("Break the broker", true), out, |ui, out| {
        broker(ui, app, topic, theme, out);
        if let TopicKind::Log(log) = &it.kind {
            leader(ui, log, topic, out);
        }
    });
    match &it.kind {
        TopicKind::Log(_) => {
            for &group in &it.groups {
                let name = format!("Replay for {}", app.model().groups[group.index()].name);
                fold(ui, app, theme, (&name, true), out, |ui, out| {
                    replay(ui, app, group, theme, out);
                });
            }
        }
        TopicKind::Queue(queue) => {
            fold(ui, app, theme, ("Deliveries", true), out, |ui, out| {
                deliveries(ui, app, topic, queue, theme, out);
            });
        }
    }
    fold(ui, app, theme, ("Consumers", false), out, |ui, out| {
        consumers(ui, app, topic, theme, out);
    });
}

fn broker(ui: &mut Ui, app: &App, topic: TopicId, theme: &Theme, out: &mut Vec<Command>) {
    let begin = || (Span::from_secs(5), Span::ZERO);
    let (id, (mut span, mut forgets)) = draft(ui, "outage", begin);
    let outage = FaultKind::Outage { topic, forgets };
    let is_out = fault_on(app, &outage).is_some();
    ui.horizontal(|ui| {
        let hint = "It answers nobody: what is sent to it waits, and it delivers nothing";
        let kind = outage.clone();
        let act = || Act::Break { kind, lasts: Some(span) };
        act_button(ui, "Outage for", hint, is_out.then_some("It is away."), act, out);
        span_field::ui(ui, "Length of the outage", &mut span, MOST);
        let why_not = (!is_out).then_some("The broker is there.");
        act_button(ui, "End it", "It is there again", why_not, || Act::Mend(outage), out);
    });
    row(ui, theme, "forgets acks of the last", |ui| {
        span_field::ui(ui, "Acks that are forgotten", &mut forgets, MOST);
    });
    ui.horizontal(|ui| {
        let hint = "Everything that it holds is deleted, read or not";
        act_button(ui, "Purge", hint, None, || Act::Purge { topic }, out);
    });
    keep(ui, id, (span, forgets));
}

fn leader(ui: &mut Ui, log: &LogTopic, topic: TopicId, out: &mut Vec<Command>) {
    let (id, mut span) = draft(ui, "election", || Span::from_secs(2));
    ui.horizontal(|ui| {
        let hint = "What no follower had yet is gone, and nobody is answered until another leads";
        let is_alone = log.replication.is_none();
        let why_not = is_alone.then_some("It has no followers: it is not replicated.");
        let kind = FaultKind::LeaderLoss { topic };
        let act = || Act::Break { kind, lasts: Some(span) };
        act_button(ui, "Lose the leader for", hint, why_not, act, out);
        span_field::ui(ui, "Length of the election", &mut span, MOST);
    });
    keep(ui, id, span);
}

fn replay(ui: &mut Ui, app: &App, group: GroupId, theme: &Theme, out: &mut Vec<Command>) {
    let begin = || (Span::from_secs(10), 0_u64);
    let (id, (mut ago, mut offset)) = draft(ui, ("replay", group), begin);
    let to = |to| {
        move || {
            let kind = FaultKind::Replay { group, to };
            Act::Break { kind, lasts: Some(Span::ZERO) }
        }
    };
    let now = app.acting_at();
    ui.horizontal_wrapped(|ui| {
        let hint = "It reads everything that is kept again";
        act_button(ui, "From the start", hint, None, to(Position::Earliest), out);
        let hint = "It reads on at what was appended at the playhead, or after";
        act_button(ui, "From here", hint, None, to(Position::Time(now)), out);
        let hint = "It leaves out what it has not read";
        act_button(ui, "From the end", hint, None, to(Position::Latest), out);
    });
    row(ui, theme, "from so long ago", |ui| {
        let at = now.back(ago);
        let hint = format!("It reads again what was appended since {at:.3}");
        act_button(ui, "Replay", &hint, None, to(Position::Time(at)), out);
        span_field::ui(ui, "How long ago", &mut ago, now.since(Time::ZERO));
    });
    row(ui, theme, "from an offset", |ui| {
        let hint = "In each partition, or the nearest that there is";
        act_button(ui, "Replay ", hint, None, to(Position::Offset(offset)), out);
        let field = ui.add(DragValue::new(&mut offset));
        field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Offset"));
    });
    keep(ui, id, (ago, offset));
}

fn deliveries(
    ui: &mut Ui,
    app: &App,
    topic: TopicId,
    queue: &QueueTopic,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let TopicKind::Queue(base) = &app.run.base.topics[topic.index()].kind else { return };
    let wait = |wait| Act::Set(Setting::AckWait { topic, wait });
    let most = |most| Act::Set(Setting::MaxDeliveries { topic, most });
    let span = |it: f64| (it < 600.0).then(|| Span::from_secs_f64((it * 1e3).round() / 1e3));
    let words = |it: f64| span(it).map_or("for ever".to_owned(), |it| it.to_string());
    let it = Knob {
        name: "ack wait",
        hint: "How long it waits for an ack before it delivers again; at the right end for ever",
        value: queue.ack_wait.map_or(600.0, Span::as_secs_f64),
        range: 0.001..=600.0,
        is_log: true,
        words: &words,
        back: (queue.ack_wait != base.ack_wait).then(|| wait(base.ack_wait)),
    };
    knob(ui, theme, it, |it| wait(span(it)), out);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 21")]
    let count = |it: f64| (it < 20.5).then_some(it.round() as u32);
    let words = |it: f64| count(it).map_or("no limit".to_owned(), |it| it.to_string());
    let it = Knob {
        name: "deliveries at most",
        hint: "How often a message is delivered before it is a dead letter",
        value: queue.max_deliveries.map_or(21.0, f64::from),
        range: 1.0..=21.0,
        is_log: false,
        words: &words,
        back: (queue.max_deliveries != base.max_deliveries).then(|| most(base.max_deliveries)),
    };
    knob(ui, theme, it, |it| most(count(it)), out);
}

/// Who consumes from it: how much ahead, paused or not, connected or not.
fn consumers(ui: &mut Ui, app: &App, topic: TopicId, theme: &Theme, out: &mut Vec<Command>) {
    let model = app.model();
    let is_queue = matches!(model.topics[topic.index()].kind, TopicKind::Queue(_));
    for (place, service) in model.services.iter().enumerate() {
        let Some(of_topic) = service.consumes.iter().position(|it| it.topic == topic) else {
            continue;
        };
        let id = ServiceId::from_index(place);
        let prefetch = service.consumes[of_topic].prefetch;
        let base = app.run.base.services[place].consumes[of_topic].prefetch;
        let set = |prefetch| Act::Set(Setting::Prefetch { service: id, topic, prefetch });
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 1000")]
        let count = |it: f64| (it.round() as u32).max(1);
        let words = |it: f64| count(it).to_string();
        let name = format!("{} prefetches", service.name);
        let it = Knob {
            name: &name,
            hint: "How many messages each instance holds that it has not finished",
            value: f64::from(prefetch),
            range: 1.0..=1_000.0,
            is_log: true,
            words: &words,
            back: (prefetch != base).then(|| set(base)),
        };
        knob(ui, theme, it, |it| set(count(it)), out);
        ui.horizontal_wrapped(|ui| {
            let is_paused = service.workers == Some(0);
            let before = app.run.base.services[place].workers.filter(|it| *it > 0);
            let workers = if is_paused { before } else { Some(0) };
            let label = if is_paused { "Resume" } else { "Pause" };
            let act = || Act::Set(Setting::Workers { service: id, workers });
            act_button(
                ui,
                format!("{label} {}", service.name),
                "It lives, and takes nothing up",
                None,
                act,
                out,
            );
            if is_queue {
                connection(ui, app, (id, topic), service, out);
            }
        });
    }
}

fn connection(
    ui: &mut Ui,
    app: &App,
    (id, topic): (ServiceId, TopicId),
    service: &crate::model::Service,
    out: &mut Vec<Command>,
) {
    let (key, mut which) = draft(ui, ("connection", id), || 0_usize);
    let instance = which.checked_sub(1).and_then(|it| u32::try_from(it).ok());
    let kind = FaultKind::Disconnect { service: id, instance, topic };
    let is_off = fault_on(app, &kind).is_some();
    if is_off {
        let act = || Act::Mend(kind);
        act_button(ui, "Connect", "Its client connects again", None, act, out);
    } else {
        let hint = "Its connection to the broker is lost for 5 s, and it works on";
        let act = || Act::Break { kind, lasts: Some(Span::from_secs(5)) };
        act_button(ui, "Disconnect", hint, None, act, out);
    }
    if service.instances > 1 {
        let mut names = vec!["all".to_owned()];
        names.extend((1..=service.instances).map(|it| it.to_string()));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let name = format!("Which connection of {}", service.name);
        which = choice(ui, &name, which.min(names.len() - 1), &names);
    }
    keep(ui, key, which);
}
