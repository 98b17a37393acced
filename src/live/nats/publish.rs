//! Publishing to a topic: one task sends in order, one hears what the server says of each. What is not
//! answered is sent again.

use std::future::IntoFuture;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::context::{PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver};

use crate::live::broker::{Published, Tale};
use crate::live::runtime::News;
use crate::model::{Event, Model, TopicId, TopicKind};
use crate::sim::Origin;
use crate::sim::remote::Numbered;

use super::connect::connections;
use super::{payload, streams};

/// So many publishes are sent and not answered at most.
pub const MOST_AT_A_TIME: usize = 1_024;

/// After a failure it is tried again this often, until the run ends.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Something to be published.
#[derive(Clone)]
pub struct Job {
    serial: u64,
    subject: String,
    publish: PublishMessage,
}

impl Job {
    /// An event that goes to a queue, as this publish.
    pub fn to_queue(model: &Model, topic: TopicId, prefix: &str, of: (Published, &Event)) -> Self {
        let dedupes = match &model.topics[topic.index()].kind {
            TopicKind::Queue(queue) => queue.dedupe_window.is_some(),
            TopicKind::Log(_) => false,
        };
        let known = dedupes.then(|| format!("{}/{}", of.1.id.producer().0, of.1.id.count()));
        Self::new(model, streams::subject(prefix, topic, None), prefix, of, known)
    }

    /// An event that goes to a partition of a log, as this publish; with a number, if its producer
    /// gives it one that it is known by.
    pub fn to_log(
        model: &Model,
        (topic, partition): (TopicId, u32),
        number: Option<Numbered>,
        prefix: &str,
        of: (Published, &Event),
    ) -> Self {
        let known = number.map(|it| {
            let Numbered { instance, incarnation, epoch, sequence } = it;
            format!("{}.{incarnation}.{epoch}/{partition}/{sequence}", instance.0)
        });
        Self::new(model, streams::subject(prefix, topic, Some(partition)), prefix, of, known)
    }

    fn new(
        model: &Model,
        subject: String,
        prefix: &str,
        (published, event): (Published, &Event),
        known: Option<String>,
    ) -> Self {
        // The id by which the server knows a publish again: what the scenario wants it known by,
        // else one for each, so that what we send again for want of an answer is not stored twice.
        let Origin { part, serial, .. } = published.origin;
        let id = known.unwrap_or_else(|| format!("/{part}/{serial}"));
        let publish = PublishMessage::build()
            .payload(payload::text(model, event).into())
            .headers(payload::headers(prefix, published, event))
            .message_id(format!("{prefix}/{id}"));
        Self { serial, subject, publish }
    }
}

/// Publishes what there is to do, in order, until there is nobody to do it for.
pub async fn publish(
    context: jetstream::Context,
    mut todo: UnboundedReceiver<Job>,
    teller: Sender<News>,
) {
    let (sent, answers) = mpsc::channel(MOST_AT_A_TIME);
    tokio::spawn(hear(context.clone(), answers, teller));
    while let Some(job) = todo.recv().await {
        let answer = send(&context, &job).await;
        if sent.send((job, answer)).await.is_err() {
            return;
        }
    }
}

/// A publish that was sent, and by which connection.
type Answer = (Result<PublishAckFuture, PublishError>, u64);

async fn send(context: &jetstream::Context, job: &Job) -> Answer {
    let connected = connections(&context.client());
    (context.send_publish(job.subject.clone(), job.publish.clone()).await, connected)
}

/// What the server says of a publish; `None` if it said nothing before the connection was lost or
/// its time was over.
async fn answer(
    context: &jetstream::Context,
    (sent, connected): Answer,
) -> Option<Result<PublishAck, PublishError>> {
    let mut answer = match sent {
        Ok(answer) => answer.into_future(),
        Err(error) => return Some(Err(error)),
    };
    let mut look = tokio::time::interval(AGAIN_AFTER);
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return Some(answer),
            _ = look.tick() => {
                if connections(&context.client()) != connected {
                    return None;
                }
            }
        }
    }
}

async fn hear(
    context: jetstream::Context,
    mut answers: Receiver<(Job, Answer)>,
    teller: Sender<News>,
) {
    while let Some((job, mut sent)) = answers.recv().await {
        let mut again = false;
        let told = loop {
            match answer(&context, sent).await {
                Some(Ok(ack)) => {
                    let (serial, entry, duplicate) = (job.serial, ack.sequence, ack.duplicate);
                    break Tale::Stored { serial, entry, duplicate, again };
                }
                Some(Err(error)) if is_full(&error) => break Tale::Refused { serial: job.serial },
                Some(Err(_)) => tokio::time::sleep(AGAIN_AFTER).await,
                None => {}
            }
            if teller.is_closed() {
                return;
            }
            again = true;
            sent = send(&context, &job).await;
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
