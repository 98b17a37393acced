//! What topics of a scenario are at the server: a queue is a work-queue stream and a pull consumer; a
//! log is a stream with limits, a subject for each partition and a consumer for each group's reading
//! of one.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::context::{CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use crate::live::Error;
use crate::model::{
    FaultKind, GroupId, LogTopic, Model, Overflow, QueueOrder, QueueTopic, Span, Topic, TopicId,
    TopicKind,
};
use crate::sim::remote::Seat;

use super::leftovers;

/// What every topic's consumer is called: those that compete for a topic share it.
pub const CONSUMER: &str = "workers";

/// What is left of a run that was killed the server deletes after this time.
const MOST_AGE: Duration = Duration::from_secs(24 * 3600);

/// For how long the server knows a publish again, if the scenario does not say.
const WINDOW: Duration = Duration::from_secs(120);

/// A lease that does not run out, as long as a run may last.
const FOR_EVER: Duration = MOST_AGE;

/// The shortest time after which the server deletes by age.
const LEAST_AGE: Span = Span::from_millis(100);

/// The name of a topic's stream.
pub fn name(prefix: &str, topic: TopicId) -> String {
    format!("{prefix}-{}", topic.index())
}

/// The subject of a queue, or of a partition of a log.
pub fn subject(prefix: &str, topic: TopicId, partition: Option<u32>) -> String {
    let of_topic = format!("{prefix}.topic.{}", topic.index());
    partition.map_or_else(|| of_topic.clone(), |it| format!("{of_topic}.{it}"))
}

/// Whether JetStream does what the topics of a scenario want.
pub fn check(model: &Model) -> Result<(), Error> {
    for Topic { name, kind, .. } in &model.topics {
        let lacks = match kind {
            TopicKind::Queue(queue) => lacks_of_queue(queue),
            TopicKind::Log(log) => lacks_of_log(log),
        };
        if let Some(lacks) = lacks {
            return Err(Error::new(format!(
                "the topic `{name}` {lacks}, which JetStream does not; run it with --broker embedded"
            )));
        }
    }
    for fault in &model.faults {
        let (topic, what) = match &fault.kind {
            FaultKind::LeaderLoss { topic } => (topic, "loses its leader"),
            FaultKind::Outage { topic, forgets } if *forgets > Span::ZERO => {
                (topic, "forgets what was acked last")
            }
            _ => continue,
        };
        let topic = &model.topics[topic.index()].name;
        return Err(Error::new(format!(
            "at {} the topic `{topic}` {what}, which a NATS server does only when it is really \
             killed; run it with --broker embedded",
            fault.at
        )));
    }
    Ok(())
}

/// What a queue does that JetStream does not.
fn lacks_of_queue(queue: &QueueTopic) -> Option<&'static str> {
    if queue.order == QueueOrder::ByKey {
        Some("keeps the order of each key")
    } else if queue.single_active {
        Some("serves one consumer at a time")
    } else if queue.nacks_are_free {
        Some("does not count deliveries that were nacked")
    } else if queue.expires.is_some() {
        Some("makes dead letters of messages that wait too long")
    } else if queue.capacity.is_some() && queue.overflow == Overflow::DropOldest {
        Some("makes dead letters of the oldest messages when it is full")
    } else {
        None
    }
}

/// What a log does that JetStream does not. How it deletes matters only if anything is deleted
/// within a day, as long as a run lasts.
fn lacks_of_log(log: &LogTopic) -> Option<&'static str> {
    let is_aged = log.retention.is_some_and(|age| duration(age) < MOST_AGE);
    let is_trimmed = is_aged || log.retention_events.is_some();
    if log.compaction.is_some() {
        Some("is compacted now and then (the server would keep the last event of each key only)")
    } else if log.replication.is_some() {
        Some("has followers that its readers wait for")
    } else if log.retention_size.is_some() {
        Some("keeps so many bytes of a partition (the server counts those of all, as it has them)")
    } else if is_trimmed && log.has_segments() {
        Some("deletes whole segments")
    } else if is_trimmed && log.retention_check.is_some() {
        Some("looks only now and then what is to be deleted")
    } else if log.retention.is_some_and(|age| age < LEAST_AGE) {
        Some("keeps its events for less than 100 ms")
    } else {
        None
    }
}

/// The streams of a scenario.
pub fn of(model: &Model, prefix: &str) -> Vec<(TopicId, Config)> {
    let config = |(index, topic): (usize, &Topic)| {
        let id = TopicId::from_index(index);
        let usual = Config {
            name: name(prefix, id),
            description: Some(leftovers::MARK.to_owned()),
            storage: StorageType::File,
            max_messages: -1,
            max_bytes: -1,
            max_messages_per_subject: -1,
            max_consumers: -1,
            max_age: MOST_AGE,
            num_replicas: 1,
            ..Config::default()
        };
        let config = match &topic.kind {
            TopicKind::Queue(queue) => Config {
                subjects: vec![subject(prefix, id, None)],
                retention: RetentionPolicy::WorkQueue,
                discard: DiscardPolicy::New,
                max_messages: queue.capacity.map_or(-1, i64::from),
                // Without a window every publish has an id of its own, so that it does no harm.
                duplicate_window: queue.dedupe_window.map_or(WINDOW, duration),
                ..usual
            },
            TopicKind::Log(log) => {
                let most = log.retention_events.and_then(|it| i64::try_from(it).ok());
                let age = log.retention.map_or(MOST_AGE, duration).min(MOST_AGE);
                Config {
                    subjects: vec![format!("{}.*", subject(prefix, id, None))],
                    retention: RetentionPolicy::Limits,
                    discard: DiscardPolicy::Old,
                    max_messages_per_subject: most.unwrap_or(-1),
                    max_age: age,
                    // The server takes no longer one.
                    duplicate_window: WINDOW.min(age),
                    ..usual
                }
            }
        };
        (id, config)
    };
    model.topics.iter().enumerate().map(config).collect()
}

/// The name of the consumer by which a group reads a partition.
pub fn reader_name(group: GroupId, partition: u32) -> String {
    format!("group-{}-{partition}", group.index())
}

/// The consumer of a reading: its ack floor is what the group has committed.
pub fn reader(
    prefix: &str,
    topic: TopicId,
    (group, partition): (GroupId, u32),
    seat: &Seat,
) -> pull::Config {
    pull::Config {
        durable_name: Some(reader_name(group, partition)),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: seat.after + 1 },
        filter_subject: subject(prefix, topic, Some(partition)),
        ack_policy: AckPolicy::All,
        // A log knows no leases: who reads it again is made another consumer.
        ack_wait: FOR_EVER,
        max_deliver: -1,
        max_ack_pending: -1,
        ..pull::Config::default()
    }
}

/// The consumer of who follows a log from an entry on.
pub fn follower(from: u64) -> pull::Config {
    pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from },
        ack_policy: AckPolicy::None,
        inactive_threshold: Duration::from_secs(30),
        memory_storage: true,
        ..pull::Config::default()
    }
}

/// The consumer of a queue.
pub fn consumer(model: &Model, topic: TopicId) -> pull::Config {
    let TopicKind::Queue(queue) = &model.topics[topic.index()].kind else {
        return pull::Config::default();
    };
    let backoff: Vec<Duration> = queue.backoff.iter().copied().map(duration).collect();
    pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: queue.ack_wait.map_or(FOR_EVER, duration),
        max_deliver: queue.max_deliveries.map_or(-1, i64::from),
        max_ack_pending: queue.max_unacked.map_or(-1, i64::from),
        max_waiting: 4_096,
        backoff,
        ..pull::Config::default()
    }
}

const fn duration(span: Span) -> Duration {
    Duration::from_nanos(span.0)
}

/// Why a stream could not be made.
pub fn refused(server: &str, error: &CreateStreamError) -> Error {
    Error::new(match error.kind() {
        CreateStreamErrorKind::JetStreamUnavailable | CreateStreamErrorKind::TimedOut => {
            format!("the NATS server at {server} has no JetStream; start it with `nats-server -js`")
        }
        _ => format!("the NATS server at {server} makes no stream: {error}"),
    })
}
