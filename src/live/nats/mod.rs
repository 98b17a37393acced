//! NATS: queue topics are work-queue streams of JetStream, messages between services go through
//! the server's core.
//!
//! Streams and consumers are made from the scenario under a prefix of this run and deleted
//! after it. `connect` reads the usual options, `streams` says what a topic is there, `publish`
//! and `consume` are the tasks of a topic.

mod connect;
mod consume;
mod payload;
mod publish;
mod streams;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_nats::jetstream;
use async_nats::jetstream::AckKind;
use tokio::sync::mpsc::{Sender, UnboundedSender, unbounded_channel};

use crate::model::{Event, InstanceId, Model, TopicId};
use crate::sim::remote::{Errand, Verdict};

use super::Error;
use super::broker::{Broker, Closing, Tale};
use super::runtime::News;
use super::wire::Parcel;

use consume::{Consumer, Leases};
use publish::Job;

pub use connect::safe_name;

/// A connection to a NATS server, and what is at it for a run.
pub struct Nats {
    url: String,
    client: async_nats::Client,
    context: jetstream::Context,
    prefix: String,
    teller: Sender<News>,
    topics: BTreeMap<TopicId, Topic>,
    consumers: BTreeMap<(TopicId, InstanceId), Consumer>,
    leases: Arc<Leases>,
    /// Messages between services that were sent and have not come.
    carried: UnboundedSender<Parcel>,
}

struct Topic {
    stream: jetstream::stream::Stream,
    jobs: UnboundedSender<Job>,
}

impl Nats {
    /// Connects, and makes what the scenario needs.
    ///
    /// # Errors
    ///
    /// If there is no server, it lacks JetStream, or cannot do what the scenario wants.
    pub async fn start(url: &str, model: &Model, teller: Sender<News>) -> Result<Self, Error> {
        streams::check(model)?;
        let client = connect::connect(url, teller.clone()).await?;
        let context = jetstream::context::ContextBuilder::new()
            .timeout(connect::PATIENCE)
            .ack_timeout(connect::PATIENCE)
            .max_ack_inflight(publish::MOST_AT_A_TIME)
            .backpressure_on_inflight(true)
            .build(client.clone());
        let name = safe_name(url);
        // As good as unique, as every inbox is.
        let inbox = client.new_inbox();
        let unique = inbox.rsplit('.').next().unwrap_or_default();
        let prefix = format!("inflight-{unique}");
        let leases = Arc::new(Leases::default());
        let carried = connect::carry(&client, &prefix, teller.clone()).await?;
        let mut nats = Self {
            url: name,
            client,
            context,
            prefix,
            teller,
            topics: BTreeMap::new(),
            consumers: BTreeMap::new(),
            leases,
            carried,
        };
        let made = nats.make(model).await;
        if let Err(error) = made {
            nats.close().await;
            return Err(error);
        }
        Ok(nats)
    }

    async fn make(&mut self, model: &Model) -> Result<(), Error> {
        for (topic, config) in streams::of(model, &self.prefix) {
            let subject = config.subjects[0].clone();
            let stream = self.context.create_stream(config).await;
            let stream = stream.map_err(|error| streams::refused(&self.url, &error))?;
            let (jobs, todo) = unbounded_channel();
            let stream_name = stream.cached_info().config.name.clone();
            // First of all, so that it is deleted whatever comes.
            self.topics.insert(topic, Topic { stream: stream.clone(), jobs });
            let consumer = streams::consumer(model, topic);
            stream.create_consumer(consumer).await.map_err(|error| {
                Error::new(format!("the NATS server at {} makes no consumer: {error}", self.url))
            })?;
            tokio::spawn(publish::publish(
                self.context.clone(),
                subject,
                todo,
                self.teller.clone(),
            ));
            consume::watch_deaths(&self.client, &stream_name, topic, self.teller.clone()).await?;
        }
        Ok(())
    }

    fn settle(&self, topic: TopicId, entry: u64, lease: u32, verdict: Verdict) {
        let reply = match verdict {
            Verdict::Progress => self.leases.get(lease),
            _ => self.leases.take(lease),
        };
        // What was said of it before cannot be taken back.
        let Some(reply) = reply else { return };
        let kind = match verdict {
            Verdict::Ack => AckKind::Ack,
            Verdict::Nack(after) => {
                let after = std::time::Duration::from_nanos(after.0);
                AckKind::Nak((!after.is_zero()).then_some(after))
            }
            Verdict::Reject => AckKind::Term,
            Verdict::Progress => AckKind::Progress,
        };
        let (client, teller) = (self.client.clone(), self.teller.clone());
        tokio::spawn(async move {
            if verdict != Verdict::Ack {
                // If it does not get there the lease runs out.
                let _ = client.publish(reply, kind.into()).await;
                return;
            }
            // An ack that is not confirmed may not have been heard: the broker will deliver
            // again what it has not heard of.
            if client.request(reply, kind.into()).await.is_ok() {
                let _ = teller.send(News::Told(Tale::Settled { topic, entry })).await;
            }
        });
    }
}

impl Broker for Nats {
    fn name(&self) -> String {
        format!("NATS at {}", self.url)
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn perform(&mut self, model: &Model, errand: Errand, published: Option<(u64, &Event)>) {
        match errand {
            Errand::Publish { topic, .. } => {
                let Some((serial, event)) = published else { return };
                let Some(at) = self.topics.get(&topic) else { return };
                let job = Job::new(model, topic, &self.prefix, serial, event);
                // The task ends with the run.
                let _ = at.jobs.send(job);
            }
            Errand::Settle { topic, entry, lease, verdict } => {
                self.settle(topic, entry, lease, verdict);
            }
            Errand::Attach { topic, instance, prefetch } => {
                let Some(at) = self.topics.get(&topic) else { return };
                let consumer = Consumer::start(
                    at.stream.clone(),
                    (topic, instance),
                    prefetch,
                    self.prefix.clone(),
                    (Arc::clone(&self.leases), self.teller.clone()),
                );
                self.consumers.insert((topic, instance), consumer);
            }
            Errand::Detach { topic, instance } => drop(self.consumers.remove(&(topic, instance))),
            Errand::Room { topic, instance } => {
                if let Some(consumer) = self.consumers.get(&(topic, instance)) {
                    consumer.has_room();
                }
            }
            Errand::Delete { topic, entry } => {
                let Some(at) = self.topics.get(&topic) else { return };
                let stream = at.stream.clone();
                // It is only kept from being in the way.
                tokio::spawn(async move { drop(stream.delete_message(entry).await) });
            }
        }
    }

    fn carry(&mut self, parcel: Parcel) -> bool {
        self.carried.send(parcel).is_ok()
    }

    fn close(&mut self) -> Closing {
        self.consumers.clear();
        let topics = std::mem::take(&mut self.topics);
        let (context, client) = (self.context.clone(), self.client.clone());
        Box::pin(async move {
            for topic in topics.into_values() {
                // What cannot be deleted now the server deletes by its age.
                let _ = context.delete_stream(&topic.stream.cached_info().config.name).await;
            }
            let _ = client.flush().await;
        })
    }
}
