//! Publishing to a topic: one task sends in order, one hears what the server says of each.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::context::{PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver};

use crate::live::broker::{Published, Tale};
use crate::live::runtime::News;
use crate::model::{Event, Model, TopicId, TopicKind};
use crate::sim::Origin;

use super::payload;

/// So many publishes are sent and not answered at most.
pub const MOST_AT_A_TIME: usize = 1_024;

/// After a failure it is tried again this often, until the run ends.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Something to be published.
#[derive(Clone)]
pub struct Job {
    serial: u64,
    publish: PublishMessage,
}

impl Job {
    /// An event that goes to a topic, as this serial.
    pub fn new(
        model: &Model,
        topic: TopicId,
        prefix: &str,
        published: Published,
        event: &Event,
    ) -> Self {
        let Origin { part, serial, .. } = published.origin;
        let dedupes = match &model.topics[topic.index()].kind {
            TopicKind::Queue(queue) => queue.dedupe_window.is_some(),
            TopicKind::Log(_) => false,
        };
        // The id by which the server knows a publish again: the event's where the scenario wants
        // that, else one for each, so that what we send again for want of an answer is not
        // stored twice.
        let id = if dedupes {
            format!("{prefix}/{}/{}", event.id.producer().0, event.id.count())
        } else {
            format!("{prefix}//{part}/{serial}")
        };
        let publish = PublishMessage::build()
            .payload(payload::text(model, event).into())
            .headers(payload::headers(prefix, published, event))
            .message_id(id);
        Self { serial, publish }
    }
}

/// Publishes what there is to do, in order, until there is nobody to do it for.
pub async fn publish(
    context: jetstream::Context,
    subject: String,
    mut todo: UnboundedReceiver<Job>,
    teller: Sender<News>,
) {
    let (sent, answers) = mpsc::channel(MOST_AT_A_TIME);
    tokio::spawn(hear(context.clone(), subject.clone(), answers, teller));
    while let Some(job) = todo.recv().await {
        let answer = context.send_publish(subject.clone(), job.publish.clone()).await;
        if sent.send((job, answer)).await.is_err() {
            return;
        }
    }
}

type Sent = (Job, Result<PublishAckFuture, PublishError>);

async fn hear(
    context: jetstream::Context,
    subject: String,
    mut answers: Receiver<Sent>,
    teller: Sender<News>,
) {
    while let Some((job, mut answer)) = answers.recv().await {
        let mut again = false;
        let told = loop {
            let heard = match answer {
                Ok(future) => future.await,
                Err(error) => Err(error),
            };
            match heard {
                Ok(ack) => {
                    let (serial, entry, duplicate) = (job.serial, ack.sequence, ack.duplicate);
                    break Tale::Stored { serial, entry, duplicate, again };
                }
                Err(error) if is_full(&error) => break Tale::Refused { serial: job.serial },
                Err(_) => {}
            }
            if teller.is_closed() {
                return;
            }
            again = true;
            tokio::time::sleep(AGAIN_AFTER).await;
            answer = context.send_publish(subject.clone(), job.publish.clone()).await;
        };
        if teller.send(News::Told(told)).await.is_err() {
            return;
        }
    }
}

/// Whether the server has no room.
fn is_full(error: &PublishError) -> bool {
    error.to_string().contains("maximum messages exceeded")
}
