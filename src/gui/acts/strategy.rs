//! How a consumer handles what it is delivered: the usual strategies by a click, and every
//! combination that there is.

use egui::{DragValue, Ui};

use crate::app::{App, Command};
use crate::gui::span_field;
use crate::gui::theme::Theme;
use crate::model::{
    AckTiming, Act, Backoff, Batch, Consume, Idempotence, Jitter, Memory, Node, Reorder, Retries,
    ServiceId, Setting, Span, Strategy, TopicId, Window,
};
use crate::view::strategy::{handled, numbers};

use super::parts::{act_button, choice, draft, fold, keep, note, row};

/// The longest span that is asked for here: a month.
const MOST: Span = Span::from_secs(30 * 24 * 3600);

/// The controls for one subscription.
pub fn ui(
    ui: &mut Ui,
    app: &App,
    service: ServiceId,
    consume: &Consume,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let (topic, now) = (consume.topic, &consume.strategy);
    let set = |strategy| Act::Set(Setting::Strategy { service, topic, strategy });
    note(ui, theme, &format!("Now: {}.", now.words()));
    let only = |idempotence| Strategy { idempotence, ..Strategy::default() };
    ui.horizontal_wrapped(|ui| {
        let usual = [
            ("Naive", "It handles everything as it comes", only(None)),
            (
                "Idempotent",
                "Each instance remembers the ids that it has handled; a crash forgets them",
                only(Some(Idempotence::USUAL)),
            ),
            (
                "Inbox",
                "The id is noted in one transaction with what the handler changes",
                only(Some(Idempotence::INBOX)),
            ),
        ];
        for (name, hint, strategy) in usual {
            let why_not = (*now == strategy).then_some("It is so now.");
            act_button(ui, name, hint, why_not, || set(strategy), out);
        }
    });
    let name = format!("Combine, for {}", app.model().topics[topic.index()].name);
    fold(ui, app, theme, (&name, false), out, |ui, out| {
        let (id, mut strategy) = draft(ui, ("strategy", service, topic), || now.clone());
        duplicates(ui, &mut strategy, theme);
        order(ui, app, (service, topic), &mut strategy, theme);
        retries(ui, app, service, consume, &mut strategy, theme);
        batch(ui, consume, &mut strategy, theme);
        let why_not = match &strategy {
            it if *it == *now => Some("It is so now."),
            it if it.batch.is_some() && (it.reorder.is_some() || it.retries.is_some()) => {
                Some("A batch is neither put in order nor tried again event by event.")
            }
            _ => None,
        };
        let hint = "From the playhead on. What the strategy before remembered is forgotten";
        let label = format!("Switch to: {}", strategy.words());
        let kept = strategy.clone();
        act_button(ui, label, hint, why_not, || set(strategy), out);
        keep(ui, id, kept);
    });
}

fn duplicates(ui: &mut Ui, strategy: &mut Strategy, theme: &Theme) {
    row(ui, theme, "what comes again", |ui| {
        let names =
            ["is handled", "is known, in memory", "is known, in a table", "is known, inbox"];
        let now = match strategy.idempotence.map(|it| it.memory) {
            None => 0,
            Some(Memory::Volatile) => 1,
            Some(Memory::Durable) => 2,
            Some(Memory::WithEffects) => 3,
        };
        let chosen = choice(ui, "What comes again", now, &names);
        if chosen != now {
            strategy.idempotence = [
                None,
                Some(Idempotence::USUAL),
                Some(Idempotence::DURABLE),
                Some(Idempotence::INBOX),
            ][chosen];
        }
    });
    let Some(idempotence) = &mut strategy.idempotence else { return };
    row(ui, theme, "it remembers", |ui| {
        let is_age = matches!(idempotence.window, Window::Age(_));
        match &mut idempotence.window {
            Window::Count(count) => {
                number(ui, "How many ids", count, 1..=u32::MAX);
            }
            Window::Age(age) => {
                span_field::ui(ui, "How long ids are remembered", age, MOST);
            }
        }
        let chosen = choice(ui, "How ids are counted", usize::from(is_age), &["ids", "ids for"]);
        match (chosen, is_age) {
            (0, true) => idempotence.window = Idempotence::USUAL.window,
            (1, false) => idempotence.window = Idempotence::INBOX.window,
            _ => {}
        }
    });
}

fn order(
    ui: &mut Ui,
    app: &App,
    consumer: (ServiceId, TopicId),
    strategy: &mut Strategy,
    theme: &Theme,
) {
    let fields = numbers(app.model(), &handled(app.model(), consumer));
    if fields.is_empty() {
        return note(ui, theme, "No field numbers its events: it cannot put them in order.");
    }
    let pick = |ui: &mut Ui, name: &str, none: &str, by: &str, now: Option<usize>| {
        let mut names = vec![none.to_owned()];
        names.extend(fields.iter().map(|(field, _)| format!("{by} {field}")));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let chosen = choice(ui, name, now.map_or(0, |it| it + 1), &names);
        chosen.checked_sub(1)
    };
    row(ui, theme, "what is older", |ui| {
        let now = fields.iter().position(|(_, by)| *by == strategy.versions);
        let now = now.filter(|_| !strategy.versions.is_empty());
        let chosen = pick(ui, "What is older", "is handled", "is passed over, by", now);
        if chosen != now {
            strategy.versions = chosen.map_or_else(Vec::new, |it| fields[it].1.clone());
        }
    });
    row(ui, theme, "what is too early", |ui| {
        let now = strategy.reorder.as_ref();
        let now = now.and_then(|it| fields.iter().position(|(_, by)| *by == it.by));
        let chosen = pick(ui, "What is too early", "is handled", "waits, by", now);
        if chosen != now {
            let timeout = Some(Span::from_secs(5));
            strategy.reorder = chosen.map(|it| Reorder { by: fields[it].1.clone(), timeout });
        }
    });
    if let Some(reorder) = &mut strategy.reorder {
        row(ui, theme, "it waits", |ui| {
            let is_long = reorder.timeout.is_none();
            if let Some(timeout) = &mut reorder.timeout {
                span_field::ui(ui, "How long it waits", timeout, MOST);
            }
            let chosen = choice(ui, "Waits", usize::from(is_long), &["at most", "for ever"]);
            if (chosen == 1) != is_long {
                reorder.timeout = (chosen == 0).then_some(Span::from_secs(5));
            }
        });
    }
}

fn retries(
    ui: &mut Ui,
    app: &App,
    service: ServiceId,
    consume: &Consume,
    strategy: &mut Strategy,
    theme: &Theme,
) {
    let can = consume.ack == AckTiming::AfterWork;
    row(ui, theme, "what failed", |ui| {
        let (mut is_tried, was) = (strategy.retries.is_some(), strategy.retries.is_some());
        let response = ui.add_enabled(can, egui::Checkbox::new(&mut is_tried, "is tried again"));
        response.on_disabled_hover_text("What was acked before it failed is not tried again.");
        if is_tried != was {
            strategy.retries = is_tried.then_some(Retries {
                attempts: 5,
                backoff: Backoff::Fixed(Span::from_millis(100)),
                jitter: Jitter::None,
                dead_letters: None,
            });
        }
    });
    let Some(retries) = &mut strategy.retries else { return };
    row(ui, theme, "attempts in all", |ui| {
        number(ui, "Attempts", &mut retries.attempts, 1..=10_000)
    });
    row(ui, theme, "pause before the next", |ui| match &mut retries.backoff {
        Backoff::Fixed(pause) => {
            span_field::ui(ui, "Pause", pause, MOST);
        }
        other => {
            let mut pause = other.pause(1);
            if span_field::ui(ui, "Pause", &mut pause, MOST).changed() {
                *other = Backoff::Fixed(pause);
            }
        }
    });
    row(ui, theme, "jitter", |ui| {
        let all = [Jitter::None, Jitter::Equal, Jitter::Full];
        let now = all.iter().position(|it| *it == retries.jitter).unwrap_or(0);
        retries.jitter = all[choice(ui, "Jitter", now, &["none", "half", "full"])];
    });
    let model = app.model();
    let others: Vec<TopicId> = (0..model.topics.len())
        .map(TopicId::from_index)
        .filter(|it| *it != consume.topic)
        .filter(|it| model.link_between(Node::Service(service), Node::Topic(*it)).is_some())
        .collect();
    if !others.is_empty() {
        row(ui, theme, "then to", |ui| {
            let mut names = vec!["the dead letters"];
            names.extend(others.iter().map(|it| model.topics[it.index()].name.as_str()));
            let now = retries.dead_letters.and_then(|it| others.iter().position(|of| *of == it));
            let chosen = choice(ui, "Then to", now.map_or(0, |it| it + 1), &names);
            retries.dead_letters = chosen.checked_sub(1).map(|it| others[it]);
        });
    }
}

fn batch(ui: &mut Ui, consume: &Consume, strategy: &mut Strategy, theme: &Theme) {
    let can = consume.heartbeat.is_none();
    row(ui, theme, "several at a time", |ui| {
        let (mut is_on, was) = (strategy.batch.is_some(), strategy.batch.is_some());
        let response = ui.add_enabled(can, egui::Checkbox::new(&mut is_on, "in batches"));
        response.on_disabled_hover_text("Of a batch nobody says that it is in progress.");
        if is_on != was {
            strategy.batch = is_on.then_some(Batch { size: 10, within: Span::from_millis(200) });
        }
    });
    let Some(batch) = &mut strategy.batch else { return };
    row(ui, theme, "at most", |ui| number(ui, "Size of a batch", &mut batch.size, 1..=1_000_000));
    row(ui, theme, "the first waits", |ui| {
        span_field::ui(ui, "How long a batch waits", &mut batch.within, MOST);
    });
}

/// A field for a whole number; `name` is what a screen reader says.
fn number(ui: &mut Ui, name: &str, value: &mut u32, range: std::ops::RangeInclusive<u32>) {
    let response = ui.add(DragValue::new(value).range(range));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, name));
}
