//! Consuming from a topic: each instance pulls as many messages as it has room for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Subject;
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::Stream;
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Semaphore, watch};
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

/// Where to say what became of deliveries, as long as their entries are there.
#[derive(Default)]
pub struct Leases {
    next: AtomicU32,
    replies: Mutex<Replies>,
}

/// By entry, of each delivery of it.
type Replies = BTreeMap<(TopicId, u64), Vec<(u32, Subject)>>;

impl Leases {
    fn lock(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, topic: TopicId, entry: u64, reply: Subject) -> u32 {
        let lease = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().entry((topic, entry)).or_default().push((lease, reply));
        lease
    }

    /// Where to speak of a delivery.
    pub fn get(&self, topic: TopicId, entry: u64, lease: u32) -> Option<Subject> {
        let replies = self.lock();
        let (_, reply) = replies.get(&(topic, entry))?.iter().find(|it| it.0 == lease)?;
        Some(reply.clone())
    }

    /// The same, for the last time.
    pub fn take(&self, topic: TopicId, entry: u64, lease: u32) -> Option<Subject> {
        let mut replies = self.lock();
        let of_entry = replies.get_mut(&(topic, entry))?;
        let place = of_entry.iter().position(|it| it.0 == lease)?;
        let (_, reply) = of_entry.swap_remove(place);
        if of_entry.is_empty() {
            replies.remove(&(topic, entry));
        }
        Some(reply)
    }

    /// An entry is no more: there is nothing to be said of it.
    pub fn end(&self, topic: TopicId, entry: u64) {
        self.lock().remove(&(topic, entry));
    }

    /// The same of all before one.
    pub fn end_before(&self, topic: TopicId, entry: u64) {
        self.lock().retain(|&(of, it), _| of != topic || it >= entry);
    }
}

/// An instance that consumes from a topic; it stops when it is let go.
pub struct Consumer {
    room: Arc<Semaphore>,
    /// Room that is to be taken away as soon as there is some.
    owed: usize,
    task: JoinHandle<()>,
}

impl Consumer {
    /// Begins to pull, so many at most at a time.
    pub fn start(
        stream: Stream,
        (topic, instance): (TopicId, InstanceId),
        prefetch: u32,
        prefix: String,
        held: watch::Receiver<bool>,
        (leases, teller): (Arc<Leases>, Sender<News>),
    ) -> Self {
        let room = Arc::new(Semaphore::new(prefetch as usize));
        let puller = Puller { stream, topic, instance, prefix, held, leases, teller };
        let task = tokio::spawn(puller.pull(Arc::clone(&room)));
        Self { room, owed: 0, task }
    }

    /// It has room for so many more, or fewer.
    pub fn has_room(&mut self, more: i64) {
        let count = usize::try_from(more.unsigned_abs()).unwrap_or(usize::MAX);
        if more < 0 {
            self.owed += count - self.room.forget_permits(count);
        } else {
            let paid = count.min(self.owed);
            self.owed -= paid;
            self.room.add_permits(count - paid);
        }
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
    /// Whether nothing is taken just now.
    held: watch::Receiver<bool>,
    leases: Arc<Leases>,
    teller: Sender<News>,
}

impl Puller {
    async fn pull(mut self, room: Arc<Semaphore>) {
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
    async fn pull_once(&mut self, consumer: &PullConsumer, room: &Semaphore) -> Option<()> {
        self.is_free().await?;
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
            let Some((event, serial)) = payload::read(&self.prefix, message.headers.as_ref())
            else {
                // Somebody else's: it is none of the scenario.
                let _ = message.ack().await;
                continue;
            };
            // What is under way when an outage begins waits at our edge.
            self.is_free().await?;
            let reply = message.reply.clone()?;
            let lease = self.leases.add(self.topic, entry, reply);
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
                serial,
                event: Box::new(event),
            };
            self.teller.send(News::Told(told)).await.ok()?;
        }
        Some(())
    }
}

impl Puller {
    /// Waits until something may be taken.
    async fn is_free(&mut self) -> Option<()> {
        self.held.wait_for(|held| !held).await.ok().map(drop)
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
