//! Consumer strategies by their names.

use crate::model::{
    AckTiming, Backoff, Batch, EventTypeId, FieldKind, Idempotence, Jitter, Memory, Node as End,
    Reorder, Retries, ServiceId, Span, Strategy, Window,
};

use super::convert::Converter;
use super::reader::{describe, head};
use super::syntax::{Kind, Node};

const NAMES: [&str; 7] =
    ["Naive", "Idempotent", "Inbox", "VersionChecked", "Reorder", "RetryThenDeadLetter", "Batch"];

impl Converter<'_> {
    /// One strategy, or a list of several that go together. `handled` are the types of events
    /// that the consumer handles.
    pub(super) fn strategy(
        &mut self,
        service: ServiceId,
        handled: &[EventTypeId],
        node: &Node,
    ) -> Strategy {
        let mut strategy = Strategy::default();
        let one = std::slice::from_ref(node);
        let nodes = if let Kind::List(items) = &node.kind { items.as_slice() } else { one };
        for node in nodes {
            self.one_strategy(service, handled, node, &mut strategy);
        }
        if strategy.batch.is_some() && (strategy.reorder.is_some() || strategy.retries.is_some()) {
            self.reader.wrong(
                &node.place,
                "a batch is neither put in order nor tried again event by event",
                "`Batch` without `Reorder` and `RetryThenDeadLetter`",
            );
        }
        strategy
    }

    /// Whether a strategy goes together with how its consumer acks and keeps its leases.
    pub(super) fn goes_together(
        &self,
        service: ServiceId,
        subscription: usize,
        strategy: &Strategy,
        node: &Node,
    ) {
        let consume = &self.model.services[service.index()].consumes[subscription];
        if strategy.retries.is_some() && consume.ack != AckTiming::AfterWork {
            self.reader.wrong(
                &node.place,
                "what was acked before it failed is not tried again",
                "`RetryThenDeadLetter` with `ack: AfterWork`",
            );
        }
        if strategy.batch.is_some() && consume.heartbeat.is_some() {
            self.reader.wrong(
                &node.place,
                "of a batch nobody says that it is in progress",
                "`Batch` without `heartbeat`",
            );
        }
    }

    fn one_strategy(
        &mut self,
        service: ServiceId,
        handled: &[EventTypeId],
        node: &Node,
        strategy: &mut Strategy,
    ) {
        let reader = self.reader;
        let (Kind::Word(name) | Kind::Tuple(Some(name), _) | Kind::Struct(Some(name), _)) =
            &node.kind
        else {
            let message = format!("{} instead of a strategy", describe(node));
            return reader.wrong(&node.place, &message, &NAMES.join(", "));
        };
        let twice = match name.as_str() {
            "Naive" => false,
            "Idempotent" | "Inbox" => strategy.idempotence.is_some(),
            "VersionChecked" => !strategy.versions.is_empty(),
            "Reorder" => strategy.reorder.is_some(),
            "RetryThenDeadLetter" => strategy.retries.is_some(),
            "Batch" => strategy.batch.is_some(),
            _ => return reader.unknown(&head(node), "strategy", name, NAMES),
        };
        if twice {
            reader.wrong(&head(node), "the same strategy twice", "each kind once");
        }
        match name.as_str() {
            "Idempotent" => strategy.idempotence = self.idempotent(node),
            "Inbox" => strategy.idempotence = self.inbox(node),
            "VersionChecked" => {
                let Some(fields) = reader.fields(node, "VersionChecked") else { return };
                if let Some(version) = fields.required("version") {
                    strategy.versions = self.numbers(handled, version);
                }
                fields.finish();
            }
            "Reorder" => {
                let Some(fields) = reader.fields(node, "Reorder") else { return };
                let by = fields.required("by").map(|it| self.numbers(handled, it));
                let timeout = fields.optional("timeout").and_then(|it| reader.span(it));
                fields.finish();
                strategy.reorder = by.map(|by| Reorder { by, timeout });
            }
            "RetryThenDeadLetter" => strategy.retries = self.retries(service, node),
            "Batch" => {
                let Some(fields) = reader.fields(node, "Batch") else { return };
                let size = fields.required("size").and_then(|it| reader.int(it, 1, 1_000_000));
                let within = fields.optional("within").and_then(|it| reader.span(it));
                fields.finish();
                strategy.batch = size
                    .and_then(|it| u32::try_from(it).ok())
                    .map(|size| Batch { size, within: within.unwrap_or(Span::ZERO) });
            }
            _ => {}
        }
    }

    fn idempotent(&self, node: &Node) -> Option<Idempotence> {
        if matches!(node.kind, Kind::Word(_)) {
            return Some(Idempotence::USUAL);
        }
        let fields = self.reader.fields(node, "Idempotent")?;
        let window = fields.optional("window").and_then(|it| self.window(it));
        let durable = fields.optional("durable").and_then(|it| self.reader.bool(it));
        fields.finish();
        let memory = if durable == Some(true) { Memory::Durable } else { Memory::Volatile };
        Some(Idempotence { window: window.unwrap_or(Idempotence::USUAL.window), memory })
    }

    fn inbox(&self, node: &Node) -> Option<Idempotence> {
        if matches!(node.kind, Kind::Word(_)) {
            return Some(Idempotence::INBOX);
        }
        let fields = self.reader.fields(node, "Inbox")?;
        let window = fields.optional("window").and_then(|it| self.window(it));
        fields.finish();
        Some(Idempotence {
            window: window.unwrap_or(Idempotence::INBOX.window),
            ..Idempotence::INBOX
        })
    }

    fn window(&self, node: &Node) -> Option<Window> {
        if let Kind::Int(_) = node.kind {
            let count = self.reader.int(node, 1, i64::from(u32::MAX))?;
            return Some(Window::Count(u32::try_from(count).ok()?));
        }
        Some(Window::Age(self.reader.span(node)?))
    }

    /// Of each type that is handled, the field of this name, which must number it.
    fn numbers(&self, handled: &[EventTypeId], node: &Node) -> Vec<(EventTypeId, usize)> {
        let Some(name) = self.reader.text(node) else { return Vec::new() };
        if handled.is_empty() {
            self.reader.wrong(&node.place, "nothing is handled here", "a consumer with `on`");
        }
        let mut found = Vec::new();
        for &event in handled {
            let event_type = &self.model.event_types[event.index()];
            let Some(place) = event_type.fields.iter().position(|it| it.name == name) else {
                let of = format!("field of {}", event_type.name);
                let names = event_type.fields.iter().map(|it| it.name.as_str());
                self.reader.unknown(&node.place, &of, name, names);
                continue;
            };
            if !matches!(event_type.fields[place].kind, FieldKind::Int | FieldKind::Text) {
                let message = format!("`{name}` of {} does not number it", event_type.name);
                self.reader.wrong(&node.place, &message, "a whole number, or a Sequence");
            }
            found.push((event, place));
        }
        found
    }

    fn retries(&mut self, service: ServiceId, node: &Node) -> Option<Retries> {
        let reader = self.reader;
        let fields = reader.fields(node, "RetryThenDeadLetter")?;
        let attempts = fields.required("attempts").and_then(|it| reader.int(it, 1, 10_000));
        let backoff = fields.optional("backoff").and_then(|it| self.reader.backoff(it));
        let words = [("None", Jitter::None), ("Equal", Jitter::Equal), ("Full", Jitter::Full)];
        let jitter = fields.optional("jitter").and_then(|it| reader.choice(it, &words));
        let dead_letters = fields.optional("dead_letters").and_then(|it| self.topic(it));
        fields.finish();
        if let Some(topic) = dead_letters {
            self.talk(End::Service(service), End::Topic(topic));
        }
        Some(Retries {
            attempts: u32::try_from(attempts?).ok()?,
            backoff: backoff.unwrap_or(Backoff::Fixed(Span::from_millis(100))),
            jitter: jitter.unwrap_or(Jitter::None),
            dead_letters,
        })
    }
}
