//! What is set otherwise while a run goes on, by names: written, and read.

use crate::model::{
    Backoff, Batch, EventTypeId, Idempotence, Jitter, Memory, Reorder, Retries, Setting, Span,
    Strategy, Window,
};
use crate::scenario::names;
use crate::scenario::reader::Fields;
use crate::scenario::syntax::{Kind, Node};

use super::acts::{Names, write_links};
use super::words;

use crate::model::Model;

/// A setting: `Workers(service: "ledger", workers: 2)`.
pub(super) fn write(model: &Model, setting: &Setting) -> String {
    let service = |it| words::service(model, it);
    let topic = |it| words::topic(model, it);
    // Without the field there is no limit.
    let limit = |name: &str, value: Option<String>| {
        value.map_or(String::new(), |it| format!(", {name}: {it}"))
    };
    match setting {
        Setting::Instances { service: it, instances } => {
            format!("Instances(service: {}, instances: {instances})", service(*it))
        }
        Setting::Workers { service: it, workers } => {
            let workers = limit("workers", workers.map(|it| it.to_string()));
            format!("Workers(service: {}{workers})", service(*it))
        }
        Setting::Strategy { service: it, topic: of, strategy } => {
            let strategy = write_strategy(model, strategy);
            format!(
                "Strategy(service: {}, topic: {}, strategy: {strategy})",
                service(*it),
                topic(*of)
            )
        }
        Setting::Prefetch { service: it, topic: of, prefetch } => {
            format!(
                "Prefetch(service: {}, topic: {}, prefetch: {prefetch})",
                service(*it),
                topic(*of)
            )
        }
        Setting::AckWait { topic: it, wait } => {
            format!("AckWait(topic: {}{})", topic(*it), limit("wait", wait.map(words::span)))
        }
        Setting::MaxDeliveries { topic: it, most } => {
            let most = limit("most", most.map(|it| it.to_string()));
            format!("MaxDeliveries(topic: {}{most})", topic(*it))
        }
        Setting::Latency { links, latency } => {
            let latency = words::distribution(latency);
            format!("Latency({}, latency: {latency})", write_links(model, links))
        }
        Setting::Bandwidth { links, bandwidth } => {
            let rate = limit("bytes_per_second", bandwidth.map(|it| format!("{it:?}")));
            format!("Bandwidth({}{rate})", write_links(model, links))
        }
        Setting::Clock { service: it, ahead } => {
            let way = if *ahead < 0 { "behind" } else { "ahead" };
            let by = words::span(Span(ahead.unsigned_abs()));
            format!("Clock(service: {}, {way}: {by})", service(*it))
        }
    }
}

fn write_strategy(model: &Model, strategy: &Strategy) -> String {
    let Strategy { idempotence, versions, reorder, retries, batch } = strategy;
    let numbers = |of: &[(EventTypeId, usize)]| {
        let entries = of.iter().map(|(event_type, field)| {
            let found = model.event_types.get(event_type.index());
            let name = words::name(found.map(|it| it.name.as_str()), event_type.index());
            let field_of = found.and_then(|it| it.fields.get(*field));
            format!("{name}: {}", words::name(field_of.map(|it| it.name.as_str()), *field))
        });
        format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
    };
    let mut parts = Vec::new();
    if let Some(Idempotence { window, memory }) = idempotence {
        let window = match window {
            Window::Count(count) => count.to_string(),
            Window::Age(age) => words::span(*age),
        };
        parts.push(match memory {
            Memory::Volatile => format!("Idempotent(window: {window})"),
            Memory::Durable => format!("Idempotent(window: {window}, durable: true)"),
            Memory::WithEffects => format!("Inbox(window: {window})"),
        });
    }
    if !versions.is_empty() {
        parts.push(format!("VersionChecked(version: {})", numbers(versions)));
    }
    if let Some(Reorder { by, timeout }) = reorder {
        let timeout = timeout.map_or(String::new(), |it| format!(", timeout: {}", words::span(it)));
        parts.push(format!("Reorder(by: {}{timeout})", numbers(by)));
    }
    if let Some(Retries { attempts, backoff, jitter, dead_letters }) = retries {
        let backoff = match backoff {
            Backoff::Fixed(span) => format!("Fixed({})", words::span(*span)),
            Backoff::Exponential { first, factor, most } => format!(
                "Exponential(first: {}, factor: {factor:?}, most: {})",
                words::span(*first),
                words::span(*most)
            ),
        };
        let jitter = match jitter {
            Jitter::None => "None",
            Jitter::Equal => "Equal",
            Jitter::Full => "Full",
        };
        let letters = dead_letters
            .map_or(String::new(), |it| format!(", dead_letters: {}", words::topic(model, it)));
        parts.push(format!(
            "RetryThenDeadLetter(attempts: {attempts}, backoff: {backoff}, jitter: {jitter}{letters})"
        ));
    }
    if let Some(Batch { size, within }) = batch {
        parts.push(format!("Batch(size: {size}, within: {})", words::span(*within)));
    }
    format!("[{}]", parts.join(", "))
}

const SETTINGS: [&str; 9] = [
    "Instances",
    "Workers",
    "Strategy",
    "Prefetch",
    "AckWait",
    "MaxDeliveries",
    "Latency",
    "Bandwidth",
    "Clock",
];

const STRATEGIES: [&str; 6] =
    ["Idempotent", "Inbox", "VersionChecked", "Reorder", "RetryThenDeadLetter", "Batch"];

/// Reads what [`write`] writes.
pub(super) fn read(names: &Names<'_>, node: &Node) -> Option<Setting> {
    let name = names.named(node, "setting", &SETTINGS)?;
    let fields = names.reader.fields(node, name)?;
    let setting = setting(names, name, &fields);
    fields.finish();
    setting
}

pub(super) fn setting(names: &Names<'_>, name: &str, fields: &Fields<'_>) -> Option<Setting> {
    let reader = names.reader;
    Some(match name {
        "Instances" => {
            let (service, instances) = (names.service(fields), names.count(fields, "instances", 0));
            Setting::Instances { service: service?, instances: instances? }
        }
        "Workers" => {
            let (service, workers) = (names.service(fields), limit(names, fields, "workers", 0));
            Setting::Workers { service: service?, workers: workers? }
        }
        "Strategy" => {
            let (service, topic) = (names.service(fields), names.topic(fields));
            let strategy = fields.required("strategy").and_then(|it| strategy(names, it));
            Setting::Strategy { service: service?, topic: topic?, strategy: strategy? }
        }
        "Prefetch" => {
            let (service, topic) = (names.service(fields), names.topic(fields));
            let prefetch = names.count(fields, "prefetch", 0);
            Setting::Prefetch { service: service?, topic: topic?, prefetch: prefetch? }
        }
        "AckWait" => {
            let topic = names.topic(fields);
            let wait = maybe(fields.optional("wait"), |it| reader.span(it));
            Setting::AckWait { topic: topic?, wait: wait? }
        }
        "MaxDeliveries" => {
            let (topic, most) = (names.topic(fields), limit(names, fields, "most", 0));
            Setting::MaxDeliveries { topic: topic?, most: most? }
        }
        "Latency" => {
            let latency = fields.required("latency");
            let latency = latency.and_then(|it| words::read_distribution(reader, it));
            Setting::Latency { links: names.links(fields)?, latency: latency? }
        }
        "Bandwidth" => {
            let rate = maybe(fields.optional("bytes_per_second"), |it| reader.positive(it));
            Setting::Bandwidth { links: names.links(fields)?, bandwidth: rate? }
        }
        _ => {
            let service = names.service(fields);
            let [ahead, behind] = ["ahead", "behind"].map(|it| fields.optional(it));
            let (node, sign) = match (ahead, behind) {
                (Some(node), None) => (node, 1),
                (None, Some(node)) => (node, -1),
                _ => {
                    let expected = "one of `ahead: \"3s\"`, `behind: \"3s\"`";
                    reader.wrong(fields.place(), "how far is the clock off?", expected);
                    return None;
                }
            };
            let off = i64::try_from(reader.span(node)?.0).ok()?;
            Setting::Clock { service: service?, ahead: sign * off }
        }
    })
}

/// A field that may be left out: `None` if there is a mistake in it.
#[expect(clippy::option_option, reason = "a mistake, none, or one")]
fn maybe<T>(node: Option<&Node>, read: impl Fn(&Node) -> Option<T>) -> Option<Option<T>> {
    match node {
        None => Some(None),
        Some(node) => read(node).map(Some),
    }
}

#[expect(clippy::option_option, reason = "a mistake, none, or one")]
fn limit(
    names: &Names<'_>,
    fields: &Fields<'_>,
    name: &'static str,
    least: i64,
) -> Option<Option<u32>> {
    maybe(fields.optional(name), |it| {
        names.reader.int(it, least, i64::from(u32::MAX)).and_then(|it| u32::try_from(it).ok())
    })
}

fn strategy(names: &Names<'_>, node: &Node) -> Option<Strategy> {
    let mut strategy = Strategy::default();
    let mut is_good = true;
    for node in names.reader.list(node) {
        is_good &= part(names, node, &mut strategy).is_some();
    }
    is_good.then_some(strategy)
}

/// One of the things that a strategy is made of.
fn part(names: &Names<'_>, node: &Node, strategy: &mut Strategy) -> Option<()> {
    let reader = names.reader;
    let name = names.named(node, "strategy", &STRATEGIES)?;
    let fields = reader.fields(node, name)?;
    match name {
        "Idempotent" | "Inbox" => {
            let window = fields.required("window").and_then(|it| window(names, it));
            let durable = fields.optional("durable").filter(|_| name == "Idempotent");
            let durable = durable.and_then(|it| reader.bool(it)) == Some(true);
            let memory = match (name, durable) {
                ("Inbox", _) => Memory::WithEffects,
                (_, true) => Memory::Durable,
                (_, false) => Memory::Volatile,
            };
            strategy.idempotence = Some(Idempotence { window: window?, memory });
        }
        "VersionChecked" => {
            strategy.versions = fields.required("version").and_then(|it| numbers(names, it))?;
        }
        "Reorder" => {
            let by = fields.required("by").and_then(|it| numbers(names, it));
            let timeout = maybe(fields.optional("timeout"), |it| reader.span(it));
            strategy.reorder = Some(Reorder { by: by?, timeout: timeout? });
        }
        "RetryThenDeadLetter" => {
            let attempts = names.count(&fields, "attempts", 1);
            let backoff = fields.required("backoff").and_then(|it| reader.backoff(it));
            let words = [("None", Jitter::None), ("Equal", Jitter::Equal), ("Full", Jitter::Full)];
            let jitter = fields.required("jitter").and_then(|it| reader.choice(it, &words));
            let letters =
                maybe(fields.optional("dead_letters"), |it| names::topic(reader, names.model, it));
            strategy.retries = Some(Retries {
                attempts: attempts?,
                backoff: backoff?,
                jitter: jitter?,
                dead_letters: letters?,
            });
        }
        _ => {
            let (size, within) = (names.count(&fields, "size", 1), names.span(&fields, "within"));
            strategy.batch = Some(Batch { size: size?, within: within? });
        }
    }
    fields.finish();
    Some(())
}

fn window(names: &Names<'_>, node: &Node) -> Option<Window> {
    if let Kind::Int(_) = node.kind {
        let count = names.reader.int(node, 1, i64::from(u32::MAX))?;
        return Some(Window::Count(u32::try_from(count).ok()?));
    }
    Some(Window::Age(names.reader.span(node)?))
}

/// Of types of events, the fields that number them: `{ "Order": "version" }`.
fn numbers(names: &Names<'_>, node: &Node) -> Option<Vec<(EventTypeId, usize)>> {
    let Kind::Map(entries) = &node.kind else {
        names.reader.wrong(&node.place, "not a map", "`{ \"event type\": \"field\" }`");
        return None;
    };
    let of = |(key, value): &(Node, Node)| {
        let id = names::event_type(names.reader, names.model, key)?;
        let event_type = &names.model.event_types[id.index()];
        let fields = event_type.fields.iter().map(|it| it.name.as_str());
        let what = format!("field of {}", event_type.name);
        Some((id, names::place(names.reader, value, &what, fields)?))
    };
    entries.iter().map(of).collect()
}
