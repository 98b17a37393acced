//! Topics: logs and queues, and what they are like where a file says no more than the name of a
//! broker.

use crate::model::{
    AckTiming, Assignment, Commit, Group, GroupId, LogTopic, OnFailure, Overflow, Position,
    Protocol, QueueOrder, QueueTopic, Span, Topic, TopicId, TopicKind,
};

use super::convert::Converter;
use super::reader::Fields;
use super::syntax::{Kind, Node};

/// A delivery profile: whose defaults a topic and its consumers have.
///
/// The values are those of the systems' own documentation: Apache Kafka 4.0 `ConsumerConfig` and
/// `TopicConfig`; RabbitMQ 4.x "Classic Queues", "Quorum Queues", "Consumer Acknowledgements";
/// NATS "`JetStream` Consumers" and "Streams"; AWS SQS "FIFO queues".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// No broker's in particular: little happens that the file does not say.
    Plain,
    Kafka,
    RabbitMqClassic,
    RabbitMqQuorum,
    JetStream,
    SqsFifo,
}

const LOGS: [(&str, Profile); 1] = [("Kafka", Profile::Kafka)];
const QUEUES: [(&str, Profile); 4] = [
    ("RabbitMqClassic", Profile::RabbitMqClassic),
    ("RabbitMqQuorum", Profile::RabbitMqQuorum),
    ("JetStream", Profile::JetStream),
    ("SqsFifo", Profile::SqsFifo),
];

/// How a consumer reads where its scenario says nothing else.
pub(super) struct ConsumerDefaults {
    pub prefetch: u32,
    pub ack: AckTiming,
    pub commit: Commit,
    pub on_failure: OnFailure,
}

impl Profile {
    fn queue(self) -> QueueTopic {
        let minute = Span::from_secs(60);
        match self {
            Self::Plain | Self::Kafka => QueueTopic::default(),
            // `overflow` drop-head.
            Self::RabbitMqClassic => {
                QueueTopic { overflow: Overflow::DropOldest, ..QueueTopic::default() }
            }
            // `delivery-limit` 20 since 4.0, which is of returns and so allows one delivery more;
            // `consumer_timeout` 30 min; since 4.3 a nack does not count towards the limit.
            Self::RabbitMqQuorum => QueueTopic {
                ack_wait: Some(Span(minute.0 * 30)),
                max_deliveries: Some(21),
                nacks_are_free: true,
                overflow: Overflow::DropOldest,
                ..QueueTopic::default()
            },
            // `AckWait` 30 s, `MaxDeliver` -1, `MaxAckPending` 1000, `duplicate_window` 2 min,
            // `discard` old: seen at nats-server 2.9.10.
            Self::JetStream => QueueTopic {
                ack_wait: Some(Span::from_secs(30)),
                dedupe_window: Some(Span(minute.0 * 2)),
                max_unacked: Some(1000),
                keeps_leases: true,
                overflow: Overflow::DropOldest,
                ..QueueTopic::default()
            },
            // Visibility timeout 30 s, de-duplication 5 min, retention 4 days.
            Self::SqsFifo => QueueTopic {
                ack_wait: Some(Span::from_secs(30)),
                dedupe_window: Some(Span(minute.0 * 5)),
                order: QueueOrder::ByKey,
                keeps_leases: true,
                expires: Some(Span(minute.0 * 60 * 24 * 4)),
                ..QueueTopic::default()
            },
        }
    }

    fn group(self) -> Group {
        let plain = Group {
            name: String::new(),
            topic: TopicId(0),
            start_at: Position::Earliest,
            session_timeout: Span::from_secs(45),
            static_members: false,
            heartbeat: Span::ZERO,
            max_poll_interval: None,
            initial_rebalance_delay: Span::ZERO,
            rebalance_pause: Span::ZERO,
            assignment: Assignment::Range,
            protocol: Protocol::Eager,
        };
        match self {
            // `auto.offset.reset` latest, `session.timeout.ms` 45 000, `heartbeat.interval.ms` 3 000,
            // `max.poll.interval.ms` 300 000, `group.initial.rebalance.delay.ms` 3 000,
            // `partition.assignment.strategy` [Range, CooperativeSticky]. A rebalance lasts until
            // all members have heard of it, at their next heartbeats.
            Self::Kafka => Group {
                start_at: Position::Latest,
                heartbeat: Span::from_secs(3),
                max_poll_interval: Some(Span::from_secs(300)),
                initial_rebalance_delay: Span::from_secs(3),
                rebalance_pause: Span::from_secs(3),
                ..plain
            },
            _ => plain,
        }
    }

    pub(super) fn consumer(self) -> ConsumerDefaults {
        let plain = ConsumerDefaults {
            prefetch: 10,
            ack: AckTiming::AfterWork,
            commit: Commit::Each,
            on_failure: OnFailure::Retry(Span::ZERO),
        };
        match self {
            Self::Plain => plain,
            // `max.poll.records` 500, `auto.commit.interval.ms` 5 000.
            Self::Kafka => ConsumerDefaults {
                prefetch: 500,
                commit: Commit::Every(Span::from_secs(5)),
                ..plain
            },
            // `basic.qos` 0: no limit.
            Self::RabbitMqClassic | Self::RabbitMqQuorum => {
                ConsumerDefaults { prefetch: u32::MAX, ..plain }
            }
            // A pull consumer's batch in the clients.
            Self::JetStream => ConsumerDefaults { prefetch: 200, ..plain },
            // A batch is at most 10; who fails says nothing, and the visibility timeout runs out.
            Self::SqsFifo => ConsumerDefaults { on_failure: OnFailure::LetExpire, ..plain },
        }
    }
}

impl Converter<'_> {
    pub(super) fn topics(&mut self, section: Option<&Node>) {
        let Some(section) = section else { return };
        let entries = self.reader.entries(section);
        for (name, _, _) in &entries {
            let kind = TopicKind::Log(LogTopic { partitions: 1, ..LogTopic::default() });
            self.model.topics.push(Topic { name: (*name).to_owned(), kind, groups: Vec::new() });
            self.profiles.push(Profile::Plain);
        }
        let mut dead_letters = Vec::new();
        for (index, (_, _, node)) in entries.into_iter().enumerate() {
            if let Kind::Struct(_, fields) = &node.kind
                && let Some(field) = fields.iter().find(|it| it.name == "dead_letters")
            {
                dead_letters.push((TopicId::from_index(index), field.value.place.clone()));
            }
            let is_queue = matches!(&node.kind, Kind::Struct(Some(it), _) | Kind::Tuple(Some(it), _) if it == "Queue");
            let read = if is_queue { self.queue_topic(node) } else { self.log_topic(node) };
            if let Some((kind, profile)) = read {
                self.model.topics[index].kind = kind;
                self.profiles[index] = profile;
            }
        }
        for index in 0..self.model.topics.len() {
            if matches!(self.model.topics[index].kind, TopicKind::Queue(_)) {
                self.group(TopicId::from_index(index), "consumers");
            }
        }
        self.dead_letter_cycles(&dead_letters);
    }

    fn log_topic(&self, node: &Node) -> Option<(TopicKind, Profile)> {
        let fields = self.reader.fields(node, "Log")?;
        let reader = self.reader;
        let profile = fields.optional("profile").and_then(|it| reader.choice(it, &LOGS));
        let profile = profile.unwrap_or(Profile::Plain);
        let partitions =
            fields.optional("partitions").map_or(Some(1), |it| reader.int(it, 1, 10_000));
        let kept = self.kept(&fields, profile);
        fields.finish();
        let partitions = u32::try_from(partitions?).unwrap_or(1);
        let topic = LogTopic { partitions, ..kept };
        Some((TopicKind::Log(topic), profile))
    }

    fn queue_topic(&self, node: &Node) -> Option<(TopicKind, Profile)> {
        let fields = self.reader.fields(node, "Queue")?;
        let reader = self.reader;
        let profile = fields.optional("profile").and_then(|it| reader.choice(it, &QUEUES));
        let profile = profile.unwrap_or(Profile::Plain);
        let usual = profile.queue();
        let overflow = [("Refuse", Overflow::Refuse), ("DropOldest", Overflow::DropOldest)];
        let order = [("AsSent", QueueOrder::AsSent), ("ByKey", QueueOrder::ByKey)];
        let choice = |name| fields.optional(name).and_then(|it| reader.bool(it));
        let backoff = fields.optional("backoff").map(|it| reader.list(it));
        let backoff = backoff.map(|it| it.iter().filter_map(|it| reader.span(it)).collect());
        let queue = QueueTopic {
            ack_wait: self.span_or(&fields, "ack_wait", usual.ack_wait),
            backoff: backoff.unwrap_or(usual.backoff),
            max_deliveries: self.count_or(&fields, "max_deliveries", usual.max_deliveries),
            dead_letters: fields.optional("dead_letters").and_then(|it| self.topic(it)),
            dedupe_window: self.span_or(&fields, "dedupe_window", usual.dedupe_window),
            capacity: self.count_or(&fields, "capacity", usual.capacity),
            overflow: fields
                .optional("overflow")
                .and_then(|it| reader.choice(it, &overflow))
                .unwrap_or(usual.overflow),
            expires: self.span_or(&fields, "expires", usual.expires),
            max_unacked: self.count_or(&fields, "max_unacked", usual.max_unacked),
            order: fields
                .optional("order")
                .and_then(|it| reader.choice(it, &order))
                .unwrap_or(usual.order),
            single_active: choice("single_active").unwrap_or(usual.single_active),
            nacks_are_free: choice("nacks_are_free").unwrap_or(usual.nacks_are_free),
            keeps_leases: choice("keeps_leases").unwrap_or(usual.keeps_leases),
        };
        fields.finish();
        Some((TopicKind::Queue(queue), profile))
    }

    /// A time, or `None` where the word `Never` stands; what is usual where nothing stands.
    pub(super) fn span_or(
        &self,
        fields: &Fields<'_>,
        name: &'static str,
        usual: Option<Span>,
    ) -> Option<Span> {
        match fields.optional(name) {
            None => usual,
            Some(Node { kind: Kind::Word(word), .. }) if word == "Never" => None,
            Some(node) => self.reader.span(node),
        }
    }

    /// A count, or `None` where the word `Unlimited` stands; what is usual where nothing stands.
    fn count_or(&self, fields: &Fields<'_>, name: &'static str, usual: Option<u32>) -> Option<u32> {
        match fields.optional(name) {
            None => usual,
            Some(Node { kind: Kind::Word(word), .. }) if word == "Unlimited" => None,
            Some(node) => {
                let count = self.reader.int(node, 1, i64::from(u32::MAX));
                count.and_then(|it| u32::try_from(it).ok())
            }
        }
    }

    /// The group with this name, made if it is new.
    pub(super) fn group(&mut self, topic: TopicId, name: &str) -> GroupId {
        let known = self.model.groups.iter().position(|it| it.topic == topic && it.name == name);
        if let Some(known) = known {
            return GroupId::from_index(known);
        }
        let id = GroupId::from_index(self.model.groups.len());
        let usual = self.profiles[topic.index()].group();
        self.model.groups.push(Group { name: name.to_owned(), topic, ..usual });
        self.model.topics[topic.index()].groups.push(id);
        id
    }
}
