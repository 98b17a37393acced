//! NATS: topics are streams of JetStream, messages between services go through the server's core.
//!
//! Streams and consumers are made from the scenario under a prefix of this run and deleted
//! after it. `connect` reads the usual options, `streams` says what a topic is there, `publish` and
//! `consume` are the tasks of a queue, `publish`, `follow` and `read` those of a log. If several
//! processes share a run they find one another in a `meeting`, and what goes from one to another is
//! a `crossing`.

mod connect;
mod consume;
mod crossing;
mod follow;
mod meeting;
mod payload;
mod publish;
mod read;
mod streams;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::AckKind;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{Sender, UnboundedSender, unbounded_channel};

use crate::model::{
    Event, Fault, FaultKind, GroupId, InstanceId, Model, Service, ServiceId, Time, TopicId,
    TopicKind,
};
use crate::sim::remote::{Errand, Seat, Verdict};

use super::broker::{Broker, Closing, Published, Tale};
use super::runtime::News;
use super::wire::Parcel;
use super::{Error, Part, Sharing};

use consume::{Consumer, Leases};
use crossing::Crossing;
use follow::Follower;
use meeting::{Agreed, Meeting};
use publish::Job;
use read::{Reader, Shelf};

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
    readers: BTreeMap<(GroupId, u32), Reader>,
    /// How much room readers of logs have, by which of their connections.
    rooms: Rooms,
    /// Messages between services that were sent and have not come.
    carried: UnboundedSender<Parcel>,
    /// The others that share the run.
    others: Option<Others>,
}

/// The others that share a run.
struct Others {
    meeting: Arc<Meeting>,
    crossing: Crossing,
    agreed: Agreed,
}

/// How long the others are waited for at the end.
const FAREWELL: Duration = Duration::from_millis(1_500);

/// The services that consume from a topic.
fn consumers(model: &Model, topic: TopicId) -> impl Iterator<Item = ServiceId> {
    let consumes = move |it: &Service| {
        it.consumes.iter().any(|it| model.groups[it.group.index()].topic == topic)
    };
    let services = model.services.iter().enumerate();
    services.filter(move |it| consumes(it.1)).map(|it| ServiceId::from_index(it.0))
}

/// Makes what a run needs; if that fails, nothing of it is left.
async fn make(
    context: &jetstream::Context,
    model: &Model,
    prefix: &str,
    server: &str,
) -> Result<(), Error> {
    let mut made = Vec::new();
    let all = async {
        for (topic, config) in streams::of(model, prefix) {
            made.push(config.name.clone());
            let stream = context.create_stream(config).await;
            let stream = stream.map_err(|error| streams::refused(server, &error))?;
            if matches!(model.topics[topic.index()].kind, TopicKind::Log(_)) {
                continue;
            }
            let consumer = streams::consumer(model, topic);
            stream.create_consumer(consumer).await.map_err(|error| {
                Error::new(format!("the NATS server at {server} makes no consumer: {error}"))
            })?;
        }
        Ok(())
    };
    let outcome = all.await;
    if outcome.is_err() {
        for name in made {
            // What cannot be deleted now the server deletes by its age.
            let _ = context.delete_stream(name).await;
        }
    }
    outcome
}

impl Sharing {
    /// Whether a scenario can be shared so.
    fn check(&self, model: &Model) -> Result<(), Error> {
        for (index, topic) in model.topics.iter().enumerate() {
            let id = TopicId::from_index(index);
            // Who reads a log is in nobody's way.
            if matches!(topic.kind, TopicKind::Log(_)) {
                continue;
            }
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                consumers(model, id).partition(|it| self.only.contains(it));
            if let (Some(one), Some(other)) = (here.first(), elsewhere.first()) {
                let name = |it: &ServiceId| &model.services[it.index()].name;
                return Err(Error::new(format!(
                    "`{}` and `{}` consume the same topic `{}`; let the same process run both, by --only",
                    name(one),
                    name(other),
                    topic.name
                )));
            }
        }
        let is_of_topic = |it: &Fault| {
            matches!(
                it.kind,
                FaultKind::Outage { .. }
                    | FaultKind::LeaderLoss { .. }
                    | FaultKind::Purge { .. }
                    | FaultKind::Set(_)
            )
        };
        if model.faults.iter().any(is_of_topic) {
            return Err(Error::new(
                "what the scenario does to topics and settings on a schedule one process only can do; \
                 run it without --only"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

struct Topic {
    stream: jetstream::stream::Stream,
    jobs: UnboundedSender<Job>,
}

impl Nats {
    /// Connects, and makes what the scenario needs. If other processes share the run it waits for
    /// them; `waits` is told for whom.
    ///
    /// # Errors
    ///
    /// If there is no server, it lacks JetStream, or cannot do what the scenario wants; if others
    /// run the same services.
    pub async fn start(
        url: &str,
        model: &Model,
        sharing: Option<&Sharing>,
        waits: impl Fn(Option<String>),
        teller: Sender<News>,
    ) -> Result<Self, Error> {
        streams::check(model)?;
        if let Some(sharing) = sharing {
            sharing.check(model)?;
        }
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
        let leases = Arc::new(Leases::default());
        let mut others = None;
        let mut prefix = format!("inflight-{unique}");
        if let Some(sharing) = sharing {
            let meeting = Meeting::join(client.clone(), sharing, unique.to_owned()).await?;
            let make = async |run: String| make(&context, model, &run, &name).await;
            let agreed = meeting.agree(model, waits, make).await?;
            let part = agreed.part;
            let crossing = Crossing::open(&client, &agreed.run, part, teller.clone()).await?;
            prefix.clone_from(&agreed.run);
            others = Some(Others { meeting, crossing, agreed });
        } else {
            make(&context, model, &prefix, &name).await?;
        }
        let part = others.as_ref().map_or(0, |it| it.agreed.part);
        let own = format!("{prefix}.{part}");
        let carried = connect::carry(&client, &own, teller.clone()).await?;
        let mut nats = Self {
            url: name,
            client,
            context,
            prefix,
            teller,
            topics: BTreeMap::new(),
            consumers: BTreeMap::new(),
            leases,
            readers: BTreeMap::new(),
            rooms: BTreeMap::new(),
            carried,
            others,
        };
        let ready = nats.open(model).await;
        if let Err(error) = ready {
            nats.close().await;
            return Err(error);
        }
        if let Some(Others { meeting, agreed, .. }) = &nats.others {
            meeting.begin(&agreed.run, agreed.part).await;
        }
        Ok(nats)
    }

    /// Whether what this topic holds is consumed in another process.
    fn is_elsewhere(&self, model: &Model, topic: TopicId) -> bool {
        let Some(Others { agreed, .. }) = &self.others else { return false };
        let mut consumers = consumers(model, topic);
        consumers.next().is_some_and(|it| agreed.parts[it.index()] != agreed.part)
    }

    async fn open(&mut self, model: &Model) -> Result<(), Error> {
        for (topic, config) in streams::of(model, &self.prefix) {
            let stream = self.context.get_stream(&config.name).await.map_err(|error| {
                Error::new(format!("the NATS server at {} has no stream: {error}", self.url))
            })?;
            let (jobs, todo) = unbounded_channel();
            self.topics.insert(topic, Topic { stream: stream.clone(), jobs });
            tokio::spawn(publish::publish(self.context.clone(), todo, self.teller.clone()));
            match &model.topics[topic.index()].kind {
                // What is too often delivered is made a dead letter by who consumes it.
                TopicKind::Queue(_) if self.is_elsewhere(model, topic) => {}
                TopicKind::Queue(_) => {
                    let name = streams::name(&self.prefix, topic);
                    let teller = self.teller.clone();
                    consume::watch_deaths(&self.client, &name, topic, teller).await?;
                }
                TopicKind::Log(log) => {
                    tokio::spawn(self.follower(topic, &stream).follow());
                    tokio::spawn(self.follower(topic, &stream).watch(log.partitions));
                }
            }
        }
        Ok(())
    }

    fn follower(&self, topic: TopicId, stream: &jetstream::stream::Stream) -> Follower {
        Follower {
            client: self.client.clone(),
            stream: stream.clone(),
            topic,
            prefix: self.prefix.clone(),
            teller: self.teller.clone(),
        }
    }

    /// A partition of a log is read from now on, or is not any more.
    fn seat(&mut self, topic: TopicId, (group, partition): (GroupId, u32), seat: Option<Seat>) {
        let Some(at) = self.topics.get(&topic) else { return };
        let place = seat.map(|seat| {
            let (_, room) = room(&mut self.rooms, (group, seat.instance), seat.session);
            (seat, Arc::clone(room))
        });
        let reader = self.readers.entry((group, partition)).or_insert_with(|| {
            Reader::new(Shelf {
                client: self.client.clone(),
                stream: at.stream.clone(),
                topic,
                group,
                partition,
                prefix: self.prefix.clone(),
                teller: self.teller.clone(),
            })
        });
        reader.seat(place);
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
                let after = Duration::from_nanos(after.0);
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

type Rooms = BTreeMap<(GroupId, InstanceId), (u32, Arc<Semaphore>)>;

/// The room of a reader by a connection; a new one has none.
fn room(
    rooms: &mut Rooms,
    whose: (GroupId, InstanceId),
    session: u32,
) -> &mut (u32, Arc<Semaphore>) {
    let none = || (session, Arc::new(Semaphore::new(0)));
    let room = rooms.entry(whose).or_insert_with(none);
    if room.0 != session {
        *room = none();
    }
    room
}

impl Broker for Nats {
    fn name(&self) -> String {
        format!("NATS at {}", self.url)
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn parts(&self) -> Option<(u16, &[u16])> {
        self.others.as_ref().map(|it| (it.agreed.part, it.agreed.parts.as_slice()))
    }

    fn part(&self) -> Option<Part> {
        let Others { agreed, .. } = self.others.as_ref()?;
        Some(Part { run: agreed.run.clone(), number: agreed.part })
    }

    fn rests(&mut self, is_quiet: bool) -> bool {
        let Some(Others { meeting, crossing, .. }) = &self.others else { return is_quiet };
        meeting.rests(is_quiet && crossing.is_quiet())
    }

    fn trouble(&self, model: &Model) -> Option<String> {
        let lost = self.others.as_ref()?.meeting.lost(model)?;
        Some(format!("the process that runs {lost} is not heard of any more"))
    }

    fn perform(
        &mut self,
        model: &Model,
        now: Time,
        errand: Errand,
        published: Option<(Published, &Event)>,
    ) {
        match errand {
            Errand::Carry(traveller) => {
                let Some(Others { crossing, agreed, .. }) = &self.others else { return };
                if let Some(to) = traveller.to(model) {
                    crossing.carry((agreed.parts[to.index()], now, traveller));
                }
            }
            Errand::Publish { topic, .. } => {
                let Some(of) = published else { return };
                let Some(at) = self.topics.get(&topic) else { return };
                // The task ends with the run.
                let _ = at.jobs.send(Job::to_queue(model, topic, &self.prefix, of));
            }
            Errand::Append { topic, partition, number, .. } => {
                let Some(of) = published else { return };
                let Some(at) = self.topics.get(&topic) else { return };
                let job = Job::to_log(model, (topic, partition), number, &self.prefix, of);
                let _ = at.jobs.send(job);
            }
            Errand::Read { topic, group, partition, seat } => {
                self.seat(topic, (group, partition), seat);
            }
            Errand::Grant { group, instance, session, more } => {
                let (_, room) = room(&mut self.rooms, (group, instance), session);
                room.add_permits(more as usize);
            }
            Errand::Commit { group, partition, epoch, entry, .. } => {
                if let Some(reader) = self.readers.get(&(group, partition)) {
                    reader.commit(epoch, entry);
                }
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
        self.readers.clear();
        let topics = std::mem::take(&mut self.topics);
        let (context, client) = (self.context.clone(), self.client.clone());
        let others = self.others.take();
        Box::pin(async move {
            if let Some(Others { meeting, .. }) = others {
                // Whoever is last finds nobody who still needs them.
                let _ = tokio::time::timeout(FAREWELL, meeting.part()).await;
            }
            for topic in topics.into_values() {
                // What cannot be deleted now the server deletes by its age.
                let _ = context.delete_stream(&topic.stream.cached_info().config.name).await;
            }
            let _ = client.flush().await;
        })
    }
}
