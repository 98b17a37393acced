//! Topics: logs (as in Kafka) and queues (as in RabbitMQ, SQS, JetStream work queues), and the
//! groups that consume them.

use super::{GroupId, Span, Time, TopicId};

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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogTopic {
    /// How many partitions; at least 1.
    pub partitions: u32,
    /// Events as old as this are deleted (Kafka `retention.ms`); `None` keeps them.
    pub retention: Option<Span>,
    /// A partition of more bytes than this loses its oldest events (Kafka `retention.bytes`);
    /// `None` keeps them.
    pub retention_size: Option<u64>,
    /// A partition longer than this loses its oldest events; `None` keeps them.
    pub retention_events: Option<u64>,
    /// How often it is looked what is to be deleted (Kafka `log.retention.check.interval.ms`);
    /// `None` deletes at once.
    pub retention_check: Option<Span>,
    /// A segment of a partition has at most so many bytes (Kafka `segment.bytes`). Where any of
    /// the three limits of segments is set, whole segments are deleted, never the active one, so
    /// that at least `retention_size` or `retention_events` are left.
    pub segment_size: Option<u64>,
    /// A segment has at most so many events.
    pub segment_events: Option<u64>,
    /// Nothing is appended to a segment as old as this (Kafka `segment.ms`).
    pub segment_age: Option<Span>,
    /// How the last event of each key is kept when others go; `None` does not.
    pub compaction: Option<Compaction>,
    /// How long after an append the in-sync followers have it too. Readers are sent only what
    /// they have (Kafka's high watermark). `None`: a broker that is never lost.
    pub replication: Option<Span>,
}

/// How a log is compacted (Kafka `cleanup.policy` compact).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compaction {
    /// How often it is looked whether there is enough to be compacted (Kafka
    /// `log.cleaner.backoff.ms`).
    pub every: Span,
    /// Only if more than this share of what may be compacted, in bytes, is new (Kafka
    /// `min.cleanable.dirty.ratio`).
    pub min_dirty: f64,
    /// How long after its first compaction a tombstone stays (Kafka `delete.retention.ms`).
    pub delete_retention: Span,
}

impl LogTopic {
    /// Whether what is deleted goes by whole segments.
    #[must_use]
    pub const fn has_segments(&self) -> bool {
        self.segment_size.is_some() || self.segment_events.is_some() || self.segment_age.is_some()
    }

    /// Whether anything is deleted at the old end.
    #[must_use]
    pub const fn is_trimmed(&self) -> bool {
        self.retention.is_some() || self.retention_size.is_some() || self.retention_events.is_some()
    }

    /// Whether anything is done to it that is not done when something is appended.
    #[must_use]
    pub const fn is_tended(&self) -> bool {
        self.retention.is_some()
            || self.compaction.is_some()
            || (self.retention_check.is_some() && self.is_trimmed())
    }
}

/// A queue: what is acked is gone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueTopic {
    /// How long a delivery may stay unacked before it is made again, counted from the delivery;
    /// `None` waits for ever, as RabbitMQ does while the connection lives.
    pub ack_wait: Option<Span>,
    /// Instead of `ack_wait`, for the first delivery, the second, and so on; the last one holds
    /// for all that follow (JetStream `BackOff`). Empty: always `ack_wait`.
    pub backoff: Vec<Span>,
    /// How many times a message is delivered before it is dead-lettered; `None` for no limit.
    pub max_deliveries: Option<u32>,
    /// Where dead letters go, or `None` to keep them aside, counted.
    pub dead_letters: Option<TopicId>,
    /// For how long after an event was accepted a second publish of its id is dropped; `None`
    /// takes every copy.
    pub dedupe_window: Option<Span>,
    /// The most messages that wait; `None` for no limit.
    pub capacity: Option<u32>,
    /// What happens to one message more.
    pub overflow: Overflow,
    /// How long a message may wait before it is a dead letter (RabbitMQ `x-message-ttl`).
    pub expires: Option<Span>,
    /// The most messages that were delivered and are not settled, over all consumers (JetStream
    /// `MaxAckPending`). 1 keeps the order whatever is delivered again.
    pub max_unacked: Option<u32>,
    /// Within what messages keep their order, even when they are delivered again.
    pub order: QueueOrder,
    /// Whether only one consumer is served while it is connected (RabbitMQ `Single Active
    /// Consumer`).
    pub single_active: bool,
    /// Whether a delivery that was nacked does not count towards `max_deliveries` (RabbitMQ
    /// quorum queues since 4.3: `basic.nack` does not, `basic.reject` and lost connections do).
    pub nacks_are_free: bool,
    /// Whether what a lost consumer held waits for its ack wait all the same, since the broker
    /// knows nothing of connections (JetStream, SQS); else it waits again at once (RabbitMQ).
    pub keeps_leases: bool,
}

impl QueueTopic {
    /// Whether what a consumer without a connection holds waits for the end of its lease: leases
    /// are kept, and they end.
    #[must_use]
    pub fn leases_outlive_connections(&self) -> bool {
        self.keeps_leases && (self.ack_wait.is_some() || !self.backoff.is_empty())
    }
}

/// What a full queue does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Refuses what is published (RabbitMQ `reject-publish`, JetStream `discard new`).
    #[default]
    Refuse,
    /// Lets go of the oldest message that waits, to the dead letters (RabbitMQ `drop-head`, its
    /// default; JetStream `discard old`).
    DropOldest,
}

/// Within what the messages of a queue keep their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueOrder {
    /// They are handed out in order; redelivery and several consumers break it.
    #[default]
    AsSent,
    /// One message of a key is in flight at a time, and those behind it wait until it is settled
    /// (SQS FIFO message groups). Messages without a key are one group.
    ByKey,
}

/// Consumers that share a topic's events between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The topic it consumes.
    pub topic: TopicId,
    /// Where a group without committed offsets begins (logs only).
    pub start_at: Position,
    /// How long a member may be silent before its partitions are given to others (logs only).
    pub session_timeout: Span,
    /// How often a member is heard of (Kafka `heartbeat.interval.ms`); zero: all the time (logs
    /// only). Heartbeats are not sent one by one, but whoever falls silent was heard last at a
    /// multiple of this after it joined, and is heard again at one; they take no time on the way.
    pub heartbeat: Span,
    /// How long a member may be busy with what it took at once before it leaves its group (Kafka
    /// `max.poll.interval.ms`); `None` for as long as it takes (logs only). At once it takes all
    /// that has come, which is at most its prefetch.
    pub max_poll_interval: Option<Span>,
    /// How long a group waits for more members when the first one joins (Kafka
    /// `group.initial.rebalance.delay.ms`; logs only).
    pub initial_rebalance_delay: Span,
    /// Whether a member that comes back is known again and takes its partitions up at once
    /// (Kafka's `group.instance.id`; logs only).
    pub static_members: bool,
    /// How long a rebalance takes (logs only).
    pub rebalance_pause: Span,
    /// Who gets which partitions (logs only).
    pub assignment: Assignment,
    /// What stands still during a rebalance (logs only).
    pub protocol: Protocol,
}

/// How partitions are shared out between the members of a group, after Kafka's assignors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Assignment {
    /// In runs: the first members get one more (`RangeAssignor`, the default).
    #[default]
    Range,
    /// In turn (`RoundRobinAssignor`).
    RoundRobin,
    /// Evenly, and each member keeps what it has as far as that goes (`StickyAssignor`).
    Sticky,
}

/// What stands still while partitions are shared out anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// The whole group (Kafka's classic eager protocol).
    #[default]
    Eager,
    /// The partitions that move, and no other (KIP-429).
    Cooperative,
}

/// A place in each partition of a log: where a group that has never committed begins to read, or
/// where a replay begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// At the oldest event that is kept.
    Earliest,
    /// Behind the newest: at what is published from now on.
    Latest,
    /// At the first event that was appended at this instant or later.
    Time(Time),
    /// At this offset, or the nearest that there is.
    Offset(u64),
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
