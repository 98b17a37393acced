//! A journey in sentences: what happened to an event and its copies, line by line.

use crate::history::{Copy, Journey, Line};
use crate::model::{
    DropReason, EventId, EventTypeId, Model, Node, Outcome, Phase, Role, Settlement, StoreId,
    StoreKind, Time, Value, What,
};

/// An entry of a journey.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// What happened, in a few words.
    pub text: String,
    /// How it is meant.
    pub mood: Mood,
}

/// How something that happened is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It goes on its way.
    #[default]
    Plain,
    /// It is there, or done.
    Good,
    /// Something went wrong.
    Bad,
    /// It happens again.
    Again,
    /// A value is not, or may not be, what it should be.
    Wrong,
}

/// The journey of an event as entries, in order.
#[must_use]
pub fn entries(model: &Model, journey: &Journey) -> Vec<Entry> {
    let lines = journey.of_event();
    lines
        .filter_map(|line| {
            let (text, mood) = sentence(model, line)?;
            Some(Entry { at: line.at, text, mood })
        })
        .collect()
}

/// An event's name as everybody says it: its type and its number.
#[must_use]
pub fn event_name(model: &Model, event: EventId, event_type: EventTypeId) -> String {
    format!("{} {event}", model.event_types[event_type.index()].name)
}

/// Where a copy comes from and goes to, by name.
fn ends<'a>(model: &'a Model, copy: &Copy) -> Option<(&'a str, &'a str)> {
    let link = &model.links[copy.link?.index()];
    Some((model.node_name(link.from), model.node_name(link.to)))
}

/// What a line says, in a few words; `None` for what need not be said.
fn sentence(model: &Model, line: &Line) -> Option<(String, Mood)> {
    let plain = |text: String| Some((text, Mood::Plain));
    let good = |text: String| Some((text, Mood::Good));
    let bad = |text: String| Some((text, Mood::Bad));
    let who = || line.instance.map(|it| model.instance_name(it)).unwrap_or_default();
    let topic = |it: crate::model::TopicId| model.topics[it.index()].name.as_str();
    match line.what {
        What::Arrived { instance, .. } => {
            let (service, _) = model.instances[instance.index()];
            if model.services[service.index()].workload.is_some() {
                plain(format!("arrived at {}", who()))
            } else {
                plain(format!("begun by {}", who()))
            }
        }
        What::Retried { attempt, .. } => {
            Some((format!("{} will try it again · attempt {attempt}", who()), Mood::Again))
        }
        What::Sent { role, attempt, .. } => sent(model, line.copy.as_ref()?, role, attempt),
        What::Rescheduled { due, .. } if due == Time::MAX => bad("held by a cut link".into()),
        What::Rescheduled { .. } => plain("goes on its way".into()),
        What::Blocked { .. } => bad(format!("waits outside {}", who())),
        What::Queued { .. } => plain(format!("waits at {}", who())),
        What::Started { .. } if line.copy?.role == Role::Arrival => None,
        What::Started { .. } => plain(format!("{} begins", who())),
        What::PhaseChanged { phase, .. } => plain(match phase {
            Phase::Working => format!("{} works", who()),
            Phase::Calling => format!("{} waits for an answer", who()),
            Phase::Waiting => format!("{} lets time pass", who()),
        }),
        What::Finished { outcome: Outcome::Done, .. } => good(format!("{} is done", who())),
        What::Finished { outcome: Outcome::Remembered, .. } => {
            good(format!("{} answers from memory", who()))
        }
        What::Finished { outcome, .. } => bad(format!("{}: {}", who(), outcome.name())),
        What::Received { .. } => received(model, line.copy.as_ref()?),
        What::Dropped { reason, .. } => dropped(model, line.copy.as_ref()?, reason),
        What::Appended { topic: it, partition, offset, .. } => {
            good(format!("appended to {} p{partition}@{offset}", topic(it)))
        }
        What::Enqueued { topic: it, .. } => good(format!("waits in {}", topic(it))),
        What::Settled { how, .. } => match how {
            Settlement::Acked => good("acked, and gone from its queue".into()),
            Settlement::Requeued => Some(("not acked: waits again".into(), Mood::Again)),
            _ => bad(format!("dead letter: {}", how.name())),
        },
        What::AckForgotten { topic: it, .. } => {
            Some((format!("{} has forgotten its ack", topic(it)), Mood::Again))
        }
        What::Skipped { why, .. } => good(format!("{} lets it pass: {}", who(), why.name())),
        What::CallRefused { by, .. } => bad(format!("{}: call not made, {}", who(), by.name())),
        What::Outboxed { outbox, .. } => {
            plain(format!("written into the outbox {}", model.outboxes[outbox.index()].name))
        }
        What::Relayed { .. } => good("published by its outbox".into()),
        What::Unconfirmed { why, .. } => bad(format!("{}: confirm {}", who(), why.name())),
        What::Stored { store, key, value } => good(stored(model, store, key, value)),
        What::Anomaly { store, kind, .. } => {
            Some((format!("{}: {}", model.stores[store.index()].name, kind.name()), Mood::Wrong))
        }
        What::Committed { group, .. } => {
            good(format!("committed by {}", model.groups[group.index()].name))
        }
        What::Trimmed { topic: it, .. } => plain(format!("deleted from {}", topic(it))),
        What::Compacted { topic: it, .. } => plain(format!("compacted away in {}", topic(it))),
        What::Truncated { topic: it, .. } => bad(format!("lost with the leader of {}", topic(it))),
        _ => None,
    }
}

fn sent(model: &Model, copy: &Copy, role: Role, attempt: u16) -> Option<(String, Mood)> {
    let (from, to) = ends(model, copy)?;
    let (text, mood) = match role {
        Role::Publish => (format!("published by {from}"), Mood::Plain),
        Role::Delivery => (format!("on its way to {to}"), Mood::Plain),
        Role::Request => (format!("{from} asks {to}"), Mood::Plain),
        Role::OneWay => (format!("{from} tells {to}"), Mood::Plain),
        Role::Reply => (format!("{from} answers {to}"), Mood::Plain),
        Role::Failure => (format!("{from} gives {to} no answer"), Mood::Bad),
        Role::Ack => (format!("{from} acks it"), Mood::Plain),
        Role::Nack => (format!("{from} gives it back"), Mood::Bad),
        Role::Refusal => (format!("{from} refuses it"), Mood::Bad),
        Role::Confirm => (format!("confirmed by {from}"), Mood::Plain),
        Role::Arrival | Role::Progress | Role::Commit | Role::Fetch => return None,
    };
    // What comes again is told apart from what is new.
    let counts = matches!(role, Role::Publish | Role::Delivery | Role::Request | Role::OneWay);
    Some(match (counts, attempt) {
        (true, 2..) => (format!("{text} · attempt {attempt}"), Mood::Again),
        (true, _) if role == Role::Delivery => (format!("{text} · attempt 1"), mood),
        _ => (text, mood),
    })
}

fn received(model: &Model, copy: &Copy) -> Option<(String, Mood)> {
    let (_, to) = ends(model, copy)?;
    match copy.role {
        Role::Delivery => Some((format!("noticed by {to}"), Mood::Plain)),
        Role::Reply => Some((format!("{to} has its answer"), Mood::Good)),
        Role::Failure => Some((format!("{to} is told so"), Mood::Bad)),
        _ => None,
    }
}

fn dropped(model: &Model, copy: &Copy, reason: DropReason) -> Option<(String, Mood)> {
    let to = ends(model, copy).map_or("", |it| it.1);
    let what = match copy.role {
        Role::Fetch | Role::Progress => return None,
        Role::Publish | Role::Delivery | Role::Request | Role::OneWay | Role::Arrival => "",
        role => role.name(),
    };
    let text = match (what, reason) {
        ("", DropReason::Lost) => format!("lost on the way to {to}"),
        ("", DropReason::Crashed) => format!("lost in the crash of {to}"),
        ("", _) => format!("dropped at {to}: {}", reason.name()),
        (what, DropReason::Lost) => format!("{what} lost on the way back"),
        (what, _) => format!("{what} dropped: {}", reason.name()),
    };
    Some((text, Mood::Bad))
}

/// A store's new value, as a person reads it.
#[must_use]
pub fn stored(model: &Model, id: StoreId, key: u64, value: u64) -> String {
    let store = &model.stores[id.index()];
    let name = &store.name;
    let key = store.key.map(|kind| model.value_text(Value::from_bits(kind, key)));
    if store.kind == StoreKind::Set {
        let change = if value == 0 { "without" } else { "with" };
        return format!("{name} {change} {}", key.unwrap_or_default());
    }
    let value = Value::from_bits(store.value, value);
    let shown = model.presentation.shown.iter().find(|it| it.store == id);
    let value = match shown {
        Some(shown) if shown.divisor > 1.0 => {
            format!("{:.2} {}", value.as_f64() / shown.divisor, shown.unit)
        }
        Some(shown) => format!("{} {}", model.value_text(value), shown.unit),
        None => model.value_text(value),
    };
    let key = key.map(|key| format!(" {key}")).unwrap_or_default();
    format!("{name}{key} = {}", value.trim_end())
}

/// A service or a topic in a word.
#[must_use]
pub fn node_kind(model: &Model, node: Node) -> &'static str {
    match node {
        Node::Topic(_) => "topic",
        Node::Service(it) if model.services[it.index()].workload.is_some() => "source",
        Node::Service(_) => "service",
    }
}
