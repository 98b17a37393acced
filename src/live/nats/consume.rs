//! Consuming from a topic: each instance pulls as many messages as it has room for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Subject;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::Stream;
use futures_util::StreamExt;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use crate::live::Error;
use crate::live::broker::Tale;
use crate::live::runtime::News;
use crate::model::{InstanceId, TopicId};

use super::{payload, streams};

/// How long a pull waits for messages; then it is made again.
const PULL: Duration = Duration::from_secs(1);

/// After a failure it is tried again so soon.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Where to say what became of deliveries.
#[derive(Default)]
pub struct Leases {
    next: AtomicU32,
    replies: Mutex<BTreeMap<u32, Subject>>,
}

impl Leases {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Subject>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, reply: Subject) -> u32 {
        let lease = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(lease, reply);
        lease
    }

    /// Where to speak of a delivery.
    pub fn get(&self, lease: u32) -> Option<Subject> {
        self.lock().get(&lease).cloned()
    }

    /// The same, for the last time.
    pub fn take(&self, lease: u32) -> Option<Subject> {
        self.lock().remove(&lease)
    }
}

/// An instance that consumes from a topic; it stops when it is let go.
pub struct Consumer {
    room: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl Consumer {
    /// Begins to pull, so many at most at a time.
    pub fn start(
        stream: Stream,
        (topic, instance): (TopicId, InstanceId),
        prefetch: u32,
        prefix: String,
        (leases, teller): (Arc<Leases>, Sender<News>),
    ) -> Self {
        let room = Arc::new(Semaphore::new(prefetch as usize));
        let puller = Puller { stream, topic, instance, prefix, leases, teller };
        let task = tokio::spawn(puller.pull(Arc::clone(&room)));
        Self { room, task }
    }

    /// It has room for one more.
    pub fn has_room(&self) {
        self.room.add_permits(1);
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Puller {
    stream: Stream,
    topic: TopicId,
    instance: InstanceId,
    prefix: String,
    leases: Arc<Leases>,
    teller: Sender<News>,
}

impl Puller {
    async fn pull(self, room: Arc<Semaphore>) {
        loop {
            let consumer: PullConsumer = match self.stream.get_consumer(streams::CONSUMER).await {
                Ok(consumer) => consumer,
                Err(_) if self.teller.is_closed() => return,
                Err(_) => {
                    tokio::time::sleep(AGAIN_AFTER).await;
                    continue;
                }
            };
            while self.pull_once(&consumer, &room).await.is_some() {}
            if self.teller.is_closed() {
                return;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    /// One pull for as many as there is room for; `None` if it failed.
    async fn pull_once(&self, consumer: &PullConsumer, room: &Semaphore) -> Option<()> {
        let first = room.acquire().await.ok()?;
        let more = u32::try_from(room.available_permits()).unwrap_or(u32::MAX);
        let mut permits = match room.try_acquire_many(more) {
            Ok(mut all) => {
                all.merge(first);
                all
            }
            Err(_) => first,
        };
        let batch = consumer.batch().max_messages(permits.num_permits()).expires(PULL);
        let mut messages = batch.messages().await.ok()?;
        while let Some(message) = messages.next().await {
            let message = message.ok()?;
            let info = message.info().ok()?;
            let (entry, delivered) = (info.stream_sequence, info.delivered);
            let Some((event, origin)) = payload::read(&self.prefix, message.headers.as_ref())
            else {
                // Somebody else's: it is none of the scenario.
                let _ = message.ack().await;
                continue;
            };
            let reply = message.reply.clone()?;
            let lease = self.leases.add(reply);
            if let Some(one) = permits.split(1) {
                // It is given back when the world has room again.
                one.forget();
            }
            let told = Tale::Delivered {
                topic: self.topic,
                to: self.instance,
                delivery: u16::try_from(delivered).unwrap_or(u16::MAX),
                lease,
                entry,
                origin,
                event: Box::new(event),
            };
            self.teller.send(News::Told(told)).await.ok()?;
        }
        Some(())
    }
}

/// Hears of entries that were delivered too often.
pub async fn watch_deaths(
    client: &async_nats::Client,
    stream: &str,
    topic: TopicId,
    teller: Sender<News>,
) -> Result<(), Error> {
    let subject = format!("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{stream}.>");
    let mut advisories = client.subscribe(subject).await.map_err(|error| {
        Error::new(format!("the NATS server lets us hear no advisories: {error}"))
    })?;
    tokio::spawn(async move {
        while let Some(advisory) = advisories.next().await {
            let value: Option<serde_json::Value> = serde_json::from_slice(&advisory.payload).ok();
            let entry = value.and_then(|it| it.get("stream_seq")?.as_u64());
            if let Some(entry) = entry
                && teller.send(News::Told(Tale::Died { topic, entry })).await.is_err()
            {
                return;
            }
        }
    });
    Ok(())
}
