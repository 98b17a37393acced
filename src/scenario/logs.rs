//! Logs: what they keep, and how a group of consumers reads them.

use crate::model::{
    Assignment, Compaction, EventTypeId, LogTopic, Position, Protocol, Span, Time, TopicId,
    TopicKind,
};

use super::convert::Converter;
use super::reader::{Fields, Reader, describe, head};
use super::syntax::{Kind, Node};
use super::topics::Profile;

const WEEK: Span = Span::from_secs(7 * 24 * 3600);

impl Converter<'_> {
    /// What a log keeps.
    pub(super) fn kept(&self, fields: &Fields<'_>, profile: Profile) -> LogTopic {
        let reader = self.reader;
        let bytes = |name| fields.optional(name).and_then(|it| reader.bytes(it));
        let count = |name| {
            let count = fields.optional(name).and_then(|it| reader.int(it, 1, i64::MAX));
            count.map(i64::cast_unsigned)
        };
        let compaction = fields.optional("compaction").and_then(|it| self.compaction(it));
        let usual = match profile {
            // `retention.ms` 7 days where `cleanup.policy` is delete, `log.retention.check.interval.ms`
            // 5 min, `segment.bytes` 1 GiB, `segment.ms` 7 days.
            Profile::Kafka => LogTopic {
                retention: compaction.is_none().then_some(WEEK),
                retention_check: Some(Span::from_secs(300)),
                segment_size: Some(1 << 30),
                segment_age: Some(WEEK),
                ..LogTopic::default()
            },
            _ => LogTopic::default(),
        };
        LogTopic {
            partitions: 1,
            retention: self.some_span_or(fields, "retention", usual.retention),
            retention_size: bytes("retention_size"),
            retention_events: count("retention_events"),
            retention_check: self.some_span_or(fields, "retention_check", usual.retention_check),
            segment_size: bytes("segment_size").or(usual.segment_size),
            segment_events: count("segment_events"),
            segment_age: self.some_span_or(fields, "segment_age", usual.segment_age),
            compaction,
            replication: fields.optional("replication").and_then(|it| reader.span(it)),
        }
    }

    /// A time above zero, or `None` where the word `Never` stands; what is usual where nothing
    /// stands.
    fn some_span_or(
        &self,
        fields: &Fields<'_>,
        name: &'static str,
        usual: Option<Span>,
    ) -> Option<Span> {
        match fields.optional(name) {
            None => usual,
            Some(Node { kind: Kind::Word(word), .. }) if word == "Never" => None,
            Some(node) => self.reader.some_span(node),
        }
    }

    fn compaction(&self, node: &Node) -> Option<Compaction> {
        let reader = self.reader;
        let fields = reader.fields(node, "Compact")?;
        let every = fields.optional("every").and_then(|it| reader.some_span(it));
        let min_dirty = fields.optional("min_dirty").and_then(|it| reader.probability(it));
        let delete_retention = fields.optional("delete_retention").and_then(|it| reader.span(it));
        fields.finish();
        // `log.cleaner.backoff.ms` 15 s, `min.cleanable.dirty.ratio` 0.5, `delete.retention.ms` 24 h.
        Some(Compaction {
            every: every.unwrap_or(Span::from_secs(15)),
            min_dirty: min_dirty.unwrap_or(0.5),
            delete_retention: delete_retention.unwrap_or(Span::from_secs(24 * 3600)),
        })
    }

    /// What is published to a compacted log must have a key (Kafka refuses what has none).
    pub(super) fn keyed_if_compacted(&self, node: &Node, event: EventTypeId, topic: TopicId) {
        let topic = &self.model.topics[topic.index()];
        let event = &self.model.event_types[event.index()];
        let is_compacted = matches!(&topic.kind, TopicKind::Log(log) if log.compaction.is_some());
        if is_compacted && event.key.is_none() {
            let message = format!(
                "`{}` has no key, and `{}` keeps the last event of each key",
                event.name, topic.name
            );
            self.reader.wrong(&head(node), &message, "an event with a `key`");
        }
    }

    /// How a group reads its log.
    pub(super) fn group_settings(&mut self, group: usize, fields: &Fields<'_>) {
        let reader = self.reader;
        let start_at = fields.optional("start").and_then(|it| self.reader.position(it));
        let group = &mut self.model.groups[group];
        if let Some(it) = start_at {
            group.start_at = it;
        }
        if let Some(it) = fields.optional("session_timeout").and_then(|it| reader.span(it)) {
            group.session_timeout = it;
        }
        let heartbeat = fields.optional("heartbeat");
        if let Some(it) = heartbeat.and_then(|it| reader.span(it)) {
            group.heartbeat = it;
        } else {
            // A client has to be heard several times in a session: its documentation advises a third.
            group.heartbeat = Span(group.heartbeat.0.min(group.session_timeout.0 / 3));
        }
        if let Some(node) = heartbeat
            && group.heartbeat >= group.session_timeout
        {
            let expected = format!("less than the session_timeout, {}", group.session_timeout);
            reader.wrong(
                &node.place,
                "a member that would be given up between two heartbeats",
                &expected,
            );
        }
        let poll = fields.optional("max_poll_interval");
        let is_never = |it: &&Node| matches!(&it.kind, Kind::Word(word) if word == "Never");
        if poll.filter(is_never).is_some() {
            group.max_poll_interval = None;
        } else if let Some(it) = poll.and_then(|it| reader.some_span(it)) {
            group.max_poll_interval = Some(it);
        }
        if let Some(it) = fields.optional("initial_rebalance_delay").and_then(|it| reader.span(it))
        {
            group.initial_rebalance_delay = it;
        }
        if let Some(it) = fields.optional("static_members").and_then(|it| reader.bool(it)) {
            group.static_members = it;
        }
        if let Some(it) = fields.optional("rebalance_pause").and_then(|it| reader.span(it)) {
            group.rebalance_pause = it;
        }
        let words = [
            ("Range", Assignment::Range),
            ("RoundRobin", Assignment::RoundRobin),
            ("Sticky", Assignment::Sticky),
        ];
        if let Some(it) = fields.optional("assignment").and_then(|it| reader.choice(it, &words)) {
            group.assignment = it;
        }
        let words = [("Eager", Protocol::Eager), ("Cooperative", Protocol::Cooperative)];
        if let Some(it) = fields.optional("protocol").and_then(|it| reader.choice(it, &words)) {
            group.protocol = it;
        }
    }
}

impl Reader {
    /// A place in each partition of a log.
    pub(crate) fn position(&self, node: &Node) -> Option<Position> {
        let reader = self;
        match &node.kind {
            Kind::Word(word) if word == "Earliest" => Some(Position::Earliest),
            Kind::Word(word) if word == "Latest" => Some(Position::Latest),
            Kind::Tuple(Some(name), items) if name == "Time" && items.len() == 1 => {
                reader.span(&items[0]).map(|it| Position::Time(Time::ZERO + it))
            }
            Kind::Tuple(Some(name), items) if name == "Offset" && items.len() == 1 => {
                let offset = reader.int(&items[0], 0, i64::MAX)?;
                Some(Position::Offset(offset.cast_unsigned()))
            }
            _ => {
                let message = format!("{} instead of a position", describe(node));
                let expected = "Earliest, Latest, Time(\"5s\") or Offset(12)";
                reader.wrong(&node.place, &message, expected);
                None
            }
        }
    }
}
