//! What is done to a topic at the server by hand: it is purged, set otherwise, an entry of it is
//! deleted.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::stream::{DeleteMessageErrorKind, Stream};
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;

use crate::live::broker::Tale;
use crate::live::runtime::News;
use crate::model::{Model, TopicId, TopicKind};

use super::consume::Leases;
use super::streams;

/// After a failure it is tried again so soon.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A topic that something is done to.
pub struct Tender {
    pub stream: Stream,
    pub topic: TopicId,
    pub teller: Sender<News>,
}

impl Tender {
    async fn tell(&self, tale: Tale) {
        // If nobody listens the run is over.
        let _ = self.teller.send(News::Told(tale)).await;
    }

    /// Deletes an entry.
    pub async fn delete(self, entry: u64) {
        while !self.teller.is_closed() {
            match self.stream.delete_message(entry).await {
                Ok(_) => return,
                // It is not there any more.
                Err(error) if matches!(error.kind(), DeleteMessageErrorKind::JetStream(_)) => {
                    return;
                }
                Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    }

    /// Deletes all that there is by now.
    pub async fn purge(self, partitions: Option<u32>, leases: Arc<Leases>) {
        while !self.teller.is_closed() {
            if let Ok(info) = self.stream.get_info().await {
                // What comes meanwhile stays.
                let entry = info.state.last_sequence + 1;
                if self.stream.purge().sequence(entry).await.is_ok() {
                    return self.purged(partitions, entry, &leases).await;
                }
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn purged(&self, partitions: Option<u32>, entry: u64, leases: &Leases) {
        let topic = self.topic;
        let Some(partitions) = partitions else {
            leases.end_before(topic, entry);
            return self.tell(Tale::Purged { topic, entry }).await;
        };
        for partition in 0..partitions {
            self.tell(Tale::Trimmed { topic, partition, entry }).await;
        }
    }

    /// Sets the consumer of a queue as it is wanted last, whenever that changes.
    pub async fn keep_tuned(self, mut wanted: watch::Receiver<Option<Arc<Model>>>) {
        while wanted.changed().await.is_ok() {
            let model = wanted.borrow_and_update().clone();
            if let Some(model) = model {
                self.tune(&model).await;
            }
        }
    }

    /// Sets the consumer of a queue as a model has it; says so if the server does not.
    async fn tune(&self, model: &Model) {
        let wanted = streams::consumer(model, self.topic);
        let name = &model.topics[self.topic.index()].name;
        let made: Result<PullConsumer, _> = self.stream.create_consumer(wanted.clone()).await;
        let why = match made {
            Err(error) => error.to_string(),
            Ok(consumer) => {
                // An old server passes over in silence what it does not know.
                let has = &consumer.cached_info().config;
                let is_set = has.ack_wait == wanted.ack_wait
                    && has.max_deliver == wanted.max_deliver
                    && has.backoff == wanted.backoff;
                if is_set {
                    return;
                }
                "it keeps what it had".to_owned()
            }
        };
        let said = format!("the NATS server does not take the new settings of `{name}`: {why}");
        self.tell(Tale::Trouble(said)).await;
    }
}

/// How many partitions a topic has; none if it is a queue.
pub fn partitions(model: &Model, topic: TopicId) -> Option<u32> {
    match &model.topics[topic.index()].kind {
        TopicKind::Queue(_) => None,
        TopicKind::Log(log) => Some(log.partitions),
    }
}
