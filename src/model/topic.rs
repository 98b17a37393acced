//! Topics: logs (as in Kafka) and queues (as in RabbitMQ, SQS, JetStream work queues), and the
//! groups that consume them.

use super::{GroupId, Span, TopicId};

/// A named place that events are published to.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its name, `payments.events`.
    pub name: String,
    /// Which of the two kinds it is, with its settings.
    pub kind: TopicKind,
    /// Its groups. A queue has exactly one, which all its consumers share.
    pub groups: Vec<GroupId>,
}

/// The two kinds of topic the field has.
#[derive(Clone, Debug, PartialEq)]
pub enum TopicKind {
    /// Partitions, offsets, groups that read at their own pace.
    Log(LogTopic),
    /// Competing consumers, acks, redelivery.
    Queue(QueueTopic),
}

/// A log: what is read stays.
#[derive(Clone, Debug, PartialEq)]
pub struct LogTopic {
    /// How many partitions; at least 1.
    pub partitions: u32,
    /// Events older than this are deleted; `None` keeps them.
    pub retention: Option<Span>,
    /// A partition longer than this loses its oldest events; `None` keeps them.
    pub retention_events: Option<u64>,
}

/// A queue: what is acked is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueTopic {
    /// How long a delivery may stay unacked before it is made again; `None` waits for ever,
    /// as RabbitMQ does while the connection lives.
    pub ack_wait: Option<Span>,
    /// How many times a message is delivered before it is dead-lettered; `None` for no limit.
    pub max_deliveries: Option<u32>,
    /// Where dead letters go, or `None` to keep them aside, counted.
    pub dead_letters: Option<TopicId>,
    /// For how long after an event was accepted a second publish of its id is dropped; `None`
    /// takes every copy.
    pub dedupe_window: Option<Span>,
    /// The most messages that wait; a further one is refused. `None` for no limit.
    pub capacity: Option<u32>,
}

/// Consumers that share a topic's events between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The topic it consumes.
    pub topic: TopicId,
    /// Where a group without committed offsets begins (logs only).
    pub start_at: StartAt,
    /// How long a member may be silent before its partitions are given to others (logs only).
    pub session_timeout: Span,
    /// Whether a member that comes back is known again and takes its partitions up at once
    /// (Kafka's `group.instance.id`; logs only).
    pub static_members: bool,
    /// How long the whole group stands still while partitions are handed out (logs only).
    pub rebalance_pause: Span,
}

/// Where a group that has never committed begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At the oldest event that is kept.
    Earliest,
    /// At what is published from now on.
    Latest,
}

/// When a consumer tells the broker that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckTiming {
    /// When the handler has finished: at least once.
    AfterWork,
    /// As soon as the message is taken up: at most once.
    BeforeWork,
    /// Only where the handler says so, with the step `Ack`.
    ByHandler,
    /// Never; the broker counts the message as done when it is sent (RabbitMQ's auto-ack).
    Automatic,
}

/// How often a member of a log's group commits its offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// After each event.
    Each,
    /// Every so often (Kafka's auto-commit: 5 s).
    Every(Span),
}
