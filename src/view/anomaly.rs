//! An anomaly: what went wrong, when, why, and which strategy would have held.

use crate::app::{App, Selection};
use crate::history::moment::MOST_MARKS;
use crate::history::{Facts, MarkKind};
use crate::model::{
    AnomalyKind, Deed, DropReason, Idempotence, Memory, Model, Retries, Role, ServiceId, Strategy,
    Time, TopicId, TopicKind,
};
use crate::model::{Backoff, Jitter, Reorder, Span};

use super::inspector::{Inspection, Section, Tone};
use super::strategy::{handled, numbers};

/// A strategy that would have held.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// What it is called.
    pub name: String,
    /// Why it holds, and on which condition.
    pub why: String,
    /// Who would have to have it.
    pub consumer: (ServiceId, TopicId),
    /// The strategy.
    pub strategy: Strategy,
    /// The latest instant at which it still helps against this anomaly.
    pub before: Time,
}

/// What is known of the anomaly that is selected.
#[must_use]
pub fn inspect(app: &App) -> Inspection {
    let Some(selection @ Selection::Anomaly { at, store, kind, .. }) = app.selection else {
        return Inspection::default();
    };
    let model = app.model();
    let mut section = Section::default();
    section.toned("at", at.to_string(), Tone::Time);
    let store = &model.stores[store.index()];
    section.row("store", store.name.clone());
    let service = &model.services[store.service.index()];
    section.row("of", service.name.clone());
    if let Some(topic) = store.projection_of {
        section.row("projection of", model.topics[topic.index()].name.clone());
        let consume = service.consumes.iter().find(|it| it.topic == topic);
        section.row("strategy", consume.map_or_else(String::new, |it| it.strategy.words()));
    }
    let name = kind.name();
    if !happens(app) {
        let text = "In this future it does not happen.".to_owned();
        let (kind, title) = ("anomaly", name[..1].to_uppercase() + &name[1..]);
        return Inspection { kind, title, text, sections: vec![section], ..Inspection::default() };
    }
    let title = name[..1].to_uppercase() + &name[1..];
    let text = app
        .anomaly_sentence(selection)
        .map_or_else(String::new, |it| format!("{it}{}", consequence(kind)));
    Inspection { kind: "anomaly", title, text, sections: vec![section], ..Inspection::default() }
}

const fn consequence(kind: AnomalyKind) -> &'static str {
    match kind {
        AnomalyKind::AppliedTwice => ": what it holds counts the event two times.",
        AnomalyKind::OutOfOrder => {
            ": an event that was published later had been applied before, and the order matters."
        }
        AnomalyKind::StaleWrite => ": what it holds is older than what it has seen.",
        AnomalyKind::Missing => ": its topic had it, and it is done with or deleted.",
        AnomalyKind::Lost => ": its producer published it, and it is not there.",
    }
}

/// Whether the anomaly that is selected happens in the future that is shown, as far as that is
/// known.
#[must_use]
pub fn happens(app: &App) -> bool {
    let Some(Selection::Anomaly { at, store, event, kind }) = app.selection else { return false };
    let (marks, progress) = (&app.run.overview.marks, &app.run.progress);
    // Of many anomalies not all are marked.
    if progress.head < at || marks.len() >= MOST_MARKS as usize {
        return true;
    }
    let is_it = MarkKind::Anomaly { store, event, kind };
    marks.iter().any(|mark| mark.at == at && mark.kind == is_it)
}

/// Why it came to it, in sentences.
#[must_use]
pub fn why(model: &Model, kind: AnomalyKind, facts: &Facts) -> String {
    let by_hand = facts.by_hand.map(|(at, deed)| {
        let did = match deed {
            Deed::Duplicate => "duplicated it",
            Deed::Delay(_) => "delayed it",
            Deed::Drop => "dropped it",
            Deed::Swap => "swapped it with the next",
            Deed::LoseAnswer => "had its answer lost",
            Deed::Bury => "put it to the dead letters",
            Deed::Edit { .. } => "changed what it says",
        };
        format!("You {did} at {at:.3}.")
    });
    let found = match kind {
        AnomalyKind::AppliedTwice => why_twice(model, facts),
        AnomalyKind::OutOfOrder | AnomalyKind::StaleWrite => {
            match facts.delivered.iter().find(|(_, attempt)| *attempt > 1) {
                Some((at, attempt)) => format!(
                    "It came late: {}it was delivered again at {at:.3} (attempt {attempt}).",
                    lost_answer(facts).map_or_else(String::new, |it| format!("{it} ")),
                ),
                None if facts.failed.is_empty() => "It was overtaken: on its way, or by another \
                    worker or instance that was quicker with a later one."
                    .into(),
                None => "It failed at first, and what came after it was applied meanwhile.".into(),
            }
        }
        AnomalyKind::Missing => match (facts.buried, facts.dropped) {
            (Some((at, how)), _) => format!("It became a dead letter at {at:.3}: {}.", how.name()),
            (_, Some((at, DropReason::Crashed))) => format!(
                "Whoever held it crashed at {at:.3}, and its broker had been told before that it \
                 was done."
            ),
            (_, Some((at, reason))) => format!("It was dropped at {at:.3}: {}.", reason.name()),
            _ if !facts.failed.is_empty() => {
                format!("Its handler failed at {:.3}, and went past it.", facts.failed[0])
            }
            _ => "It was deleted, or passed over, before it was read.".into(),
        },
        AnomalyKind::Lost => match facts.dropped {
            Some((at, reason)) => format!(
                "It was dropped on its way at {at:.3} ({}), and its producer did not send it again.",
                reason.name()
            ),
            None => "Its producer stopped trying before its topic had it.".into(),
        },
    };
    [by_hand.unwrap_or_default(), found].join(" ").trim().to_owned()
}

fn lost_answer(facts: &Facts) -> Option<String> {
    let (at, role, reason) = facts.answer_lost?;
    let what = match role {
        Role::Nack => "nack",
        Role::Commit => "commit",
        _ => "ack",
    };
    Some(format!("Its {what} was lost at {at:.3} ({}),", reason.name()))
}

fn why_twice(model: &Model, facts: &Facts) -> String {
    let again = facts.delivered.iter().rev().find(|(_, attempt)| *attempt > 1);
    let and_again = again.map_or_else(String::new, |(at, attempt)| {
        format!(" It was delivered again at {at:.3} (attempt {attempt}) and applied once more.")
    });
    if matches!(facts.by_hand, Some((_, Deed::Duplicate))) {
        return "The second copy was applied like the first.".into();
    }
    if let Some((at, instance)) = facts.down
        && facts.started.iter().any(|(begun, it)| *it == instance && *begun <= at)
        && facts.answer_lost.is_none()
    {
        let name = model.instance_name(instance);
        return format!(
            "{name} went down at {at:.3}: it had applied the event, and its broker had not heard \
             of it.{and_again}"
        );
    }
    if let Some(lost) = lost_answer(facts) {
        return format!("{lost} so its broker took it for not done.{and_again}");
    }
    if let Some(at) = facts.forgotten {
        return format!("Its broker forgot the ack at {at:.3}.{and_again}");
    }
    if let Some(at) = facts.replayed {
        return format!("Its group was set back at {at:.3} and read it again.");
    }
    if facts.accepted.len() > 1 {
        return format!("Its topic took it {} times.", facts.accepted.len());
    }
    if let (Some((at, _)), Some(done)) = (again, facts.done.first())
        && at < done
    {
        return format!(
            "Its first delivery was not done with when the ack wait was over.{and_again}"
        );
    }
    match again {
        Some(_) => format!("Its broker did not hear in time that it was done.{and_again}"),
        None => format!("It set out {} times for its consumer.", facts.delivered.len().max(2)),
    }
}

/// The strategies that would have held, the best first; and what else would have, in a sentence,
/// where no strategy of the consumer can.
#[must_use]
pub fn remedies(app: &App, facts: &Facts) -> (Vec<Remedy>, &'static str) {
    let Some(selection @ Selection::Anomaly { kind, at, .. }) = app.selection else {
        return (Vec::new(), "");
    };
    if !happens(app) {
        return (Vec::new(), "");
    }
    let Some(consumer) = app.consumer_of(selection) else { return (Vec::new(), "") };
    let model = app.model();
    let (service, topic) = consumer;
    let consume = model.services[service.index()].consumes.iter().find(|it| it.topic == topic);
    let Some(consume) = consume else { return (Vec::new(), "") };
    let now = &consume.strategy;
    // What came before a strategy is on it does not know: it must be there before the event is.
    let before = Time(facts.began.unwrap_or(at).0.saturating_sub(1));
    let remedy = |name: &str, why: &str, strategy: Strategy| Remedy {
        name: name.into(),
        why: why.into(),
        consumer,
        strategy,
        before,
    };
    let numbered = numbers(model, &handled(model, consumer)).into_iter().next();
    match kind {
        AnomalyKind::AppliedTwice => {
            let one = model.services[service.index()].instances == 1;
            against_twice(now, one, facts, remedy)
        }
        AnomalyKind::StaleWrite | AnomalyKind::OutOfOrder => {
            let Some((field, by)) = numbered else {
                return (
                    Vec::new(),
                    "No field of its events numbers them, so that no strategy can tell which is \
                     the newer.",
                );
            };
            let reorder = remedy(
                &format!("Reordering buffer by {field}"),
                &format!(
                    "It handles the events of a key in the order of {field}, and waits up to 5 s \
                     for one that is not there: it holds if {field} counts the events of each key \
                     from 1."
                ),
                Strategy {
                    reorder: Some(Reorder { by: by.clone(), timeout: Some(Span::from_secs(5)) }),
                    batch: None,
                    ..now.clone()
                },
            );
            let versions = remedy(
                &format!("Version-checked by {field}"),
                &format!(
                    "It passes over what is not newer by {field} than what it handled last under \
                     the key: it holds where only the newest counts."
                ),
                Strategy { versions: by, ..now.clone() },
            );
            match kind {
                AnomalyKind::StaleWrite => (vec![versions, reorder], ""),
                _ => (vec![reorder], ""),
            }
        }
        AnomalyKind::Missing if !facts.failed.is_empty() && now.retries.is_none() => {
            let retries = Retries {
                attempts: 5,
                backoff: Backoff::Fixed(Span::from_millis(100)),
                jitter: Jitter::None,
                dead_letters: None,
            };
            let strategy = Strategy { retries: Some(retries), batch: None, ..now.clone() };
            let why = "It tries again what failed, five times in all: it holds if one of them \
                       succeeds.";
            (vec![remedy("Retries", why, strategy)], "")
        }
        AnomalyKind::Missing => {
            let is_queue = matches!(model.topics[topic.index()].kind, TopicKind::Queue(_));
            let why = if is_queue {
                "No strategy of the consumer brings it back. What would hold: an ack after the \
                 work, more deliveries before a dead letter, a replay of the dead letters."
            } else {
                "No strategy of the consumer brings it back. What would hold: a longer retention, \
                 and a commit after the work."
            };
            (Vec::new(), why)
        }
        AnomalyKind::Lost => (
            Vec::new(),
            "No strategy of the consumer can help: it never came. What would hold: a producer \
             that waits for the confirm and publishes again, or an outbox.",
        ),
    }
}

/// What holds against what comes again; `one`: whether the consumer has one instance only.
fn against_twice(
    now: &Strategy,
    one: bool,
    facts: &Facts,
    remedy: impl Fn(&str, &str, Strategy) -> Remedy,
) -> (Vec<Remedy>, &'static str) {
    let mut found = vec![remedy(
        "Inbox",
        "It notes the event's id in one transaction with what it changes: whatever comes \
         again, also after a crash, is known.",
        Strategy { idempotence: Some(Idempotence::INBOX), ..now.clone() },
    )];
    if facts.down.is_none() {
        let (name, which, why) = if one {
            (
                "Idempotent",
                Idempotence::USUAL,
                "It remembers the ids that it has handled, and passes over what comes \
                 again. A crash would make it forget.",
            )
        } else {
            (
                "Idempotent, durable",
                Idempotence::DURABLE,
                "Its instances share a table of the ids that were handled. A crash \
                 between the change and the note would slip through.",
            )
        };
        found.push(remedy(name, why, Strategy { idempotence: Some(which), ..now.clone() }));
    }
    found.retain(|it| it.strategy != *now);
    if now.idempotence.is_some_and(|it| it.memory == Memory::WithEffects) {
        (found, "It has an inbox, and its window was too small for this one.")
    } else {
        (found, "")
    }
}
