//! How two futures differ, in sentences.

use crate::app::{App, Comparison};
use crate::history::{BranchId, Count, CountDifference, Differences, Happening, Part};
use crate::model::{Model, Node, Role, Time, What};

/// What is shown of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct DifferenceView {
    /// The two futures: the one that is looked at, and the one beside it.
    pub names: [String; 2],
    /// How far they were compared, or that they are the same.
    pub summary: String,
    /// How much of it is done, from 0 to 1, while it is not.
    pub progress: Option<f32>,
    /// The first instant at which they differ.
    pub first: Option<Time>,
    /// The services and topics whose histories differ, the first to differ first.
    pub parts: Vec<PartView>,
}

/// What is shown of one service or topic.
#[derive(Clone, Debug, PartialEq)]
pub struct PartView {
    /// Which.
    pub node: Node,
    /// Its name.
    pub name: String,
    /// The first instant.
    pub at: Time,
    /// How it differs, a sentence each.
    pub lines: Vec<Line>,
}

/// A sentence, and the instant it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When.
    pub at: Time,
    /// The sentence.
    pub text: String,
}

/// What is shown of the comparison that was asked for, if one was.
#[must_use]
pub fn difference(app: &App) -> Option<DifferenceView> {
    let comparison = app.comparison.as_ref()?;
    let Comparison { of, with, found, .. } = comparison;
    let name = |id: BranchId| app.tree().get(id).map_or_else(String::new, |it| it.name.clone());
    let names = [name(*of), name(*with)];
    let progress = comparison.progress();
    let none = Differences::default();
    let view = describe(app.model(), found.as_ref().unwrap_or(&none), &names);
    Some(DifferenceView { summary: summary(found.as_ref(), progress), progress, ..view })
}

fn summary(found: Option<&Differences>, progress: Option<f32>) -> String {
    match (found, progress) {
        (None, _) => "comparing …".into(),
        (Some(it), Some(_)) => format!("compared up to {:.3} …", it.until),
        (Some(Differences { parted: None, .. }), None) => "the same is done in both".into(),
        (Some(it), None) if it.parts.is_empty() => {
            format!("no difference up to {:.3}", it.until)
        }
        (Some(it), None) => format!("compared up to {:.3}", it.until),
    }
}

/// Differences as they are shown; the two futures have these names.
#[must_use]
pub fn describe(model: &Model, found: &Differences, names: &[String; 2]) -> DifferenceView {
    let parts: Vec<_> = found.parts.iter().map(|it| part(model, it, names)).collect();
    DifferenceView {
        names: names.clone(),
        summary: summary(Some(found), None),
        progress: None,
        first: found.parts.first().map(|it| it.at),
        parts,
    }
}

fn part(model: &Model, part: &Part, names: &[String; 2]) -> PartView {
    let only = [(&part.only_a, &names[0]), (&part.only_b, &names[1])];
    let happened = only.into_iter().filter_map(|(it, name)| {
        let text = format!("only in {name}: {}", happened(model, it.as_ref()?));
        Some(Line { at: part.at, text })
    });
    let counted = part.counts.iter().map(|it| counted(model, it, names));
    PartView {
        node: part.node,
        name: model.node_name(part.node).to_owned(),
        at: part.at,
        lines: happened.chain(counted).collect(),
    }
}

/// What came to be counted otherwise.
fn counted(model: &Model, it: &CountDifference, names: &[String; 2]) -> Line {
    let (what, unit) = match it.count {
        Count::Done => ("handlers done since then", ""),
        Count::Failed => ("handlers failed since then", ""),
        Count::Lost => ("messages lost since then", ""),
        Count::Published => ("events published since then", ""),
        Count::Delivered => ("deliveries since then", ""),
        Count::Redelivered => ("redeliveries since then", ""),
        Count::Dead => ("dead letters since then", ""),
        Count::FellOff => ("events deleted unread since then", ""),
        Count::Anomalies => ("anomalies since then", ""),
        Count::Lag => ("not done with", ""),
        Count::Shown(number) => {
            let shown = &model.presentation.shown[number];
            (shown.label.as_str(), shown.unit.as_str())
        }
    };
    let space = if unit.is_empty() { "" } else { " " };
    let value = |it: f64| format!("{}{space}{unit}", number(it));
    let [a, b] = names;
    let text = if (it.a - it.b).abs() > 0.0 {
        format!("{what}: {} in {a}, {} in {b}", value(it.a), value(it.b))
    } else {
        format!("{what}: for a while another; then {} in both", value(it.a))
    };
    Line { at: it.at, text }
}

fn number(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// What happened, in a few words.
#[must_use]
pub fn happened(model: &Model, it: &Happening) -> String {
    let of = match it.copy {
        None => String::new(),
        Some(copy) => {
            let name = &model.event_types[copy.event_type.index()].name;
            let event = format!("{name} {}", copy.event);
            let again = if copy.attempt > 1 {
                format!(" (attempt {})", copy.attempt)
            } else {
                String::new()
            };
            match copy.role {
                Role::Arrival | Role::OneWay | Role::Request | Role::Publish | Role::Delivery => {
                    format!("{event}{again}")
                }
                Role::Fetch | Role::Commit => format!("a {}", copy.role.name()),
                role => format!("the {} of {event}{again}", role.name()),
            }
        }
    };
    let key = |key: u64| if key == 0 { "" } else { " under a key" };
    match it.record.what {
        What::Arrived { .. } => format!("{of} arrives"),
        What::Retried { .. } => format!("{of} will be tried again"),
        What::Sent { link, due, .. } => {
            let to = model.node_name(model.links[link.index()].to);
            match due {
                Time::MAX => format!("{of} is held on its way to {to}"),
                due => format!("{of} sets out for {to}, to be there at {due:.3}"),
            }
        }
        What::Rescheduled { due: Time::MAX, .. } => format!("{of} is held on its way"),
        What::Rescheduled { due, .. } => format!("{of} will be there at {due:.3}"),
        What::Blocked { .. } => format!("{of} stands outside a full queue"),
        What::Queued { .. } => format!("{of} comes in"),
        What::Started { .. } => format!("{of} is taken up"),
        What::PhaseChanged { phase, .. } => {
            format!("who has {of} is {} now", format!("{phase:?}").to_lowercase())
        }
        What::Finished { outcome, .. } => format!("{of} is done with: {}", outcome.name()),
        What::Received { .. } => format!("{of} comes in"),
        What::Dropped { reason, .. } => format!("{of} is lost: {}", reason.name()),
        What::Appended { partition, offset, .. } => {
            format!("{of} is at {offset} of partition {partition}")
        }
        What::Truncated { partition, .. } => format!("partition {partition} loses its newest"),
        What::Trimmed { partition, .. } => format!("the oldest of partition {partition} goes"),
        What::Compacted { partition, .. } => format!("partition {partition} is compacted"),
        What::FellOff { events, .. } => format!("{events} events fall off unread"),
        What::Enqueued { .. } => format!("{of} waits"),
        What::Leased { delivery, .. } => format!("{of} is handed out, delivery {delivery}"),
        What::Settled { how, .. } => format!("{of}: {}", how.name()),
        What::Committed { partition, offset, .. } => {
            format!("partition {partition} is committed up to {offset}")
        }
        What::CommitRefused { partition, .. } => {
            format!("a commit of partition {partition} is refused")
        }
        What::Assigned { partition, instance, .. } => match instance {
            Some(it) => format!("partition {partition} is read by {}", model.instance_name(it)),
            None => format!("partition {partition} is read by nobody"),
        },
        What::Up { instance } => format!("{} starts", model.instance_name(instance)),
        What::Down { instance } => format!("{} is down", model.instance_name(instance)),
        What::Stored { store, key: at, .. } => {
            format!("{} holds another value{}", model.stores[store.index()].name, key(at))
        }
        What::ShouldHold { store, key: at, .. } => {
            format!("{} should hold another value{}", model.stores[store.index()].name, key(at))
        }
        What::Anomaly { store, event, kind } => {
            let store = &model.stores[store.index()].name;
            format!("event {event} is an anomaly of {store}: {}", kind.name())
        }
        What::AckForgotten { .. } => format!("the ack of {of} is forgotten"),
        What::Skipped { why, .. } => format!("{of} is passed over: {}", why.name()),
        What::Unconfirmed { event, .. } => format!("nobody waits for the confirm of {event} now"),
        What::Outboxed { event, .. } => format!("event {event} is in the outbox"),
        What::Relayed { event, .. } => format!("event {event} of the outbox is published"),
        What::Breaker { state, .. } => {
            format!("a breaker is {} now", format!("{state:?}").to_lowercase())
        }
        What::CallRefused { by, .. } => format!("a call is not made: {}", by.name()),
        What::FaultBegan { .. } => "a fault begins".into(),
        What::FaultEnded { .. } => "a fault is mended".into(),
        What::Intervened { .. } => "somebody intervenes".into(),
    }
}
