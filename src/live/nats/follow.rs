//! Following a log: one reader of the whole stream tells of each entry in the server's order, and it
//! is looked what the server has deleted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;

use crate::live::broker::Tale;
use crate::live::runtime::News;
use crate::model::TopicId;

use super::connect::connections;
use super::{payload, streams};

/// How long a pull waits for messages; then it is made again.
const PULL: Duration = Duration::from_secs(1);

/// So many are pulled at a time.
const AT_A_TIME: usize = 256;

/// After a failure it is tried again so soon.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// So often it is looked whether the connection was lost, and what was deleted.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A log, as it is followed.
#[derive(Clone)]
pub struct Follower {
    pub client: async_nats::Client,
    pub stream: Stream,
    pub topic: TopicId,
    pub prefix: String,
    pub teller: Sender<News>,
    pub progress: Arc<Progress>,
}

/// How far a log was followed.
#[derive(Debug, Default)]
pub struct Progress {
    /// Up to which entry it was read.
    read: AtomicU64,
    /// Up to which entry it was looked what is deleted.
    looked: AtomicU64,
}

impl Progress {
    /// Up to which entry it was read.
    pub fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// Whether it is known what was deleted for the sake of what was read.
    pub fn is_known(&self) -> bool {
        self.looked.load(Relaxed) >= self.read.load(Relaxed)
    }
}

impl Follower {
    /// Tells of each entry, as long as somebody listens.
    pub async fn follow(self) {
        let mut next = 1;
        while !self.teller.is_closed() {
            let connected = connections(&self.client);
            match self.stream.create_consumer(streams::follower(next)).await {
                Ok(consumer) => self.read(&consumer, connected, &mut next).await,
                Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    }

    /// The same by one consumer, until something was missed. `next` is what comes next.
    async fn read(&self, consumer: &PullConsumer, connected: u64, next: &mut u64) {
        let (mut delivered, mut look) = (0, tokio::time::interval(LOOK_EVERY));
        loop {
            let batch = consumer.batch().max_messages(AT_A_TIME).expires(PULL);
            let Ok(mut messages) = batch.messages().await else { return };
            loop {
                let message = tokio::select! {
                    biased;
                    message = messages.next() => message,
                    _ = look.tick() => {
                        if connections(&self.client) != connected || self.teller.is_closed() {
                            return;
                        }
                        continue;
                    }
                };
                let Some(Ok(message)) = message else { break };
                let Ok(info) = message.info() else { continue };
                delivered += 1;
                if info.consumer_sequence != delivered {
                    return;
                }
                let entry = info.stream_sequence;
                *next = entry + 1;
                self.progress.read.store(entry, Relaxed);
                let event = payload::read(&self.prefix, message.headers.as_ref());
                let partition = message.subject.rsplit('.').next().and_then(|it| it.parse().ok());
                // Somebody else's is none of the scenario.
                let (Some((event, origin)), Some(partition)) = (event, partition) else { continue };
                let (topic, event) = (self.topic, Box::new(event));
                let told = Tale::Entry { topic, partition, entry, origin, event };
                if self.teller.send(News::Told(told)).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Tells what the server deletes of so many partitions, as long as somebody listens.
    pub async fn watch(self, partitions: u32) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let (mut before, mut starts) = ((0, 0), vec![0; partitions as usize]);
        while !self.teller.is_closed() {
            look.tick().await;
            let Ok(info) = self.stream.get_info().await else { continue };
            let (first, last) = (info.state.first_sequence, info.state.last_sequence);
            let gone = (first, (last + 1).saturating_sub(info.state.messages));
            if gone == before {
                self.progress.looked.store(last, Relaxed);
                continue;
            }
            let mut is_whole = true;
            for (partition, start) in (0_u32..).zip(&mut starts) {
                let subject = streams::subject(&self.prefix, self.topic, Some(partition));
                let oldest = self.stream.get_first_raw_message_by_subject(subject, first).await;
                let entry = match oldest {
                    Ok(message) => message.sequence,
                    Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => last + 1,
                    Err(_) => {
                        is_whole = false;
                        continue;
                    }
                };
                if entry > *start {
                    *start = entry;
                    let told = Tale::Trimmed { topic: self.topic, partition, entry };
                    if self.teller.send(News::Told(told)).await.is_err() {
                        return;
                    }
                }
            }
            if is_whole {
                before = gone;
                self.progress.looked.store(last, Relaxed);
            }
        }
    }
}
