//! What a queue topic of a scenario is at the server: a work-queue stream and a pull consumer.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::context::{CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use crate::live::Error;
use crate::model::{Model, Overflow, QueueOrder, QueueTopic, Span, TopicId, TopicKind};

/// What every topic's consumer is called: those that compete for a topic share it.
pub const CONSUMER: &str = "workers";

/// What is left of a run that was killed the server deletes after this time.
const MOST_AGE: Duration = Duration::from_secs(24 * 3600);

/// A lease that does not run out, as long as a run may last.
const FOR_EVER: Duration = MOST_AGE;

fn queues(model: &Model) -> impl Iterator<Item = (TopicId, &str, &QueueTopic)> {
    model.topics.iter().enumerate().filter_map(|(index, topic)| match &topic.kind {
        TopicKind::Queue(queue) => Some((TopicId::from_index(index), topic.name.as_str(), queue)),
        TopicKind::Log(_) => None,
    })
}

/// Whether JetStream does what the topics of a scenario want.
pub fn check(model: &Model) -> Result<(), Error> {
    for (_, name, queue) in queues(model) {
        let lacks = if queue.order == QueueOrder::ByKey {
            "keeps the order of each key"
        } else if queue.single_active {
            "serves one consumer at a time"
        } else if queue.nacks_are_free {
            "does not count deliveries that were nacked"
        } else if queue.expires.is_some() {
            "makes dead letters of messages that wait too long"
        } else if queue.capacity.is_some() && queue.overflow == Overflow::DropOldest {
            "makes dead letters of the oldest messages when it is full"
        } else {
            continue;
        };
        return Err(Error::new(format!(
            "the topic `{name}` {lacks}, which JetStream does not; run it with --broker embedded"
        )));
    }
    Ok(())
}

/// The streams of a scenario, each on a subject of its own.
pub fn of(model: &Model, prefix: &str) -> Vec<(TopicId, Config)> {
    let config = |(topic, _, queue): (TopicId, &str, &QueueTopic)| {
        let name = format!("{prefix}-{}", topic.index());
        let config = Config {
            subjects: vec![format!("{prefix}.topic.{}", topic.index())],
            retention: RetentionPolicy::WorkQueue,
            storage: StorageType::File,
            discard: DiscardPolicy::New,
            max_messages: queue.capacity.map_or(-1, i64::from),
            max_bytes: -1,
            max_messages_per_subject: -1,
            max_consumers: -1,
            max_age: MOST_AGE,
            // Without a window every publish has an id of its own, so that it does no harm.
            duplicate_window: queue.dedupe_window.map_or(Duration::from_secs(120), duration),
            num_replicas: 1,
            name,
            ..Config::default()
        };
        (topic, config)
    };
    queues(model).map(config).collect()
}

/// The consumer of a topic.
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
