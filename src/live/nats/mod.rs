//! NATS: topics are streams of JetStream, messages between services go through the server's core.
//!
//! Streams and consumers are made from the scenario under a prefix of this run and deleted
//! after it. `connect` reads the usual options, `streams` says what a topic is there, `publish`
//! and `consume` are the tasks of a queue, `publish`, `follow` and `read` those of a log,
//! `tend` is what is done to a topic by hand, `backlog` is what is left in queues, `leftovers`
//! deletes what runs have left that died. If several processes share a run they find one
//! another in a `meeting`, and what goes from one to another is a `crossing`.

mod backlog;
mod connect;
mod consume;
mod crossing;
mod follow;
mod leftovers;
mod meeting;
mod payload;
mod publish;
mod read;
mod streams;
mod tend;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::AckKind;
use async_nats::jetstream::stream::Stream;
use futures_util::future::join_all;
use tokio::sync::mpsc::{Sender, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, watch};

use crate::model::{
    Event, Fault, FaultKind, GroupId, InstanceId, Model, Service, ServiceId, Span, Time, TopicId,
    TopicKind,
};
use crate::sim::remote::{Errand, Seat, Verdict};

use super::broker::{Broker, Closing, Published, Tale};
use super::runtime::News;
use super::wire::Parcel;
use super::{Error, Part, Sharing};

use backlog::Backlog;
use consume::{Consumer, Leases};
use crossing::Crossing;
use follow::{Follower, Progress};
use meeting::{Agreed, Meeting};
use publish::Job;
use read::{Reader, Shelf};
use tend::Tender;

pub use connect::{is_url, safe_name, servers};

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
    /// How far logs were followed that delete something.
    trimmed: Vec<Arc<Progress>>,
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
    /// Queues that services of this part consume, until it is asked what is left in them.
    queues: Vec<Stream>,
    /// Logs, with how far they were followed; likewise.
    logs: Vec<(Stream, Arc<Progress>)>,
    /// What is left in them, from when the run is to end.
    backlog: Option<Backlog>,
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
        if let Some(place) = model.faults.iter().position(is_of_topic) {
            return Err(Error::new(format!(
                "what the scenario does to topics and settings on a schedule one process only can do, such as fault {} \
                 in its list, at {}; run it without --only",
                place + 1,
                model.faults[place].at
            )));
        }
        Ok(())
    }
}

struct Topic {
    stream: Stream,
    jobs: UnboundedSender<Job>,
    /// Whether nothing of it is taken just now.
    held: watch::Sender<bool>,
    /// How it is to be set, if otherwise than it was made.
    tuned: watch::Sender<Option<Arc<Model>>>,
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
        (sharing, leftovers_after): (Option<&Sharing>, Span),
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
        let mut prefix = format!("{}{unique}", leftovers::OURS);
        if let Some(sharing) = sharing {
            let meeting = Meeting::join(client.clone(), sharing, unique.to_owned()).await?;
            let make = async |run: String| make(&context, model, &run, &name).await;
            let agreed = meeting.agree(model, waits, make).await?;
            let part = agreed.part;
            let parts = agreed.parts.iter().max().map_or(0, |it| usize::from(*it) + 1);
            let crossing = Crossing::open(
                &client,
                &agreed.run,
                (part, parts),
                Arc::clone(&meeting),
                teller.clone(),
            );
            let crossing = crossing.await?;
            prefix.clone_from(&agreed.run);
            let (queues, logs, backlog) = (Vec::new(), Vec::new(), None);
            others = Some(Others { meeting, crossing, agreed, queues, logs, backlog });
        } else {
            make(&context, model, &prefix, &name).await?;
        }
        leftovers::answer(&client, &prefix).await?;
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
            trimmed: Vec::new(),
            carried,
            others,
        };
        let ready = nats.open(model).await;
        if let Err(error) = ready {
            nats.close().await;
            return Err(error);
        }
        if let Some(Others { meeting, agreed, .. }) = &nats.others {
            let begun = meeting.begin(model, &agreed.run, agreed.part).await;
            if let Err(error) = begun {
                nats.close().await;
                return Err(error);
            }
        }
        nats.delete_leftovers(Duration::from_nanos(leftovers_after.0));
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
            let held = watch::Sender::new(false);
            let tuned = watch::Sender::new(None);
            let wanted = tuned.subscribe();
            self.topics.insert(topic, Topic { stream: stream.clone(), jobs, held, tuned });
            self.tend(topic, |tender| tender.keep_tuned(wanted));
            tokio::spawn(publish::publish(self.context.clone(), todo, self.teller.clone()));
            match &model.topics[topic.index()].kind {
                // What is too often delivered is made a dead letter by who consumes it.
                TopicKind::Queue(_) if self.is_elsewhere(model, topic) => {}
                TopicKind::Queue(_) => {
                    let name = streams::name(&self.prefix, topic);
                    let teller = self.teller.clone();
                    consume::watch_deaths(&self.client, &name, topic, teller).await?;
                    if let Some(others) = &mut self.others {
                        others.queues.push(stream);
                    }
                }
                TopicKind::Log(log) => {
                    let follower = self.follower(topic, &stream);
                    if let Some(others) = &mut self.others {
                        others.logs.push((stream, Arc::clone(&follower.progress)));
                    }
                    if log.is_trimmed() {
                        self.trimmed.push(Arc::clone(&follower.progress));
                        tokio::spawn(follower.clone().watch(log.partitions));
                    }
                    tokio::spawn(follower.follow());
                }
            }
        }
        Ok(())
    }

    fn follower(&self, topic: TopicId, stream: &Stream) -> Follower {
        Follower {
            client: self.client.clone(),
            stream: stream.clone(),
            topic,
            prefix: self.prefix.clone(),
            teller: self.teller.clone(),
            progress: Arc::default(),
        }
    }

    /// Meanwhile deletes what runs have left that died, by the time of the server.
    fn delete_leftovers(&self, after: Duration) {
        let Some(own) = self.topics.values().next() else { return };
        let now = own.stream.cached_info().created.unix_timestamp();
        let (context, prefix) = (self.context.clone(), self.prefix.clone());
        tokio::spawn(leftovers::delete_all(context, now, prefix, after));
    }

    /// A consumer has room for so many more, or fewer.
    fn has_room(&mut self, topic: TopicId, instance: InstanceId, more: i64) {
        if let Some(consumer) = self.consumers.get_mut(&(topic, instance)) {
            consumer.has_room(more);
        }
    }

    /// Something is done to a topic, by a task of its own.
    fn tend<F: Future<Output = ()> + Send + 'static>(
        &self,
        topic: TopicId,
        what: impl FnOnce(Tender) -> F,
    ) {
        let Some(at) = self.topics.get(&topic) else { return };
        let (stream, teller) = (at.stream.clone(), self.teller.clone());
        tokio::spawn(what(Tender { stream, topic, teller }));
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
            Verdict::Progress => self.leases.get(topic, entry, lease),
            _ => self.leases.take(topic, entry, lease),
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
        let leases = Arc::clone(&self.leases);
        tokio::spawn(async move {
            if verdict != Verdict::Ack {
                // If it does not get there the lease runs out.
                let _ = client.publish(reply, kind.into()).await;
                return;
            }
            // An ack that is not confirmed may not have been heard: the broker will deliver
            // again what it has not heard of.
            if client.request(reply, kind.into()).await.is_ok() {
                leases.end(topic, entry);
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
        let Some(others) = &mut self.others else { return is_quiet };
        let Others { meeting, crossing, queues, logs, backlog, .. } = others;
        let all = || Backlog::of(std::mem::take(queues), std::mem::take(logs));
        let backlog = backlog.get_or_insert_with(all);
        meeting.rests(is_quiet && crossing.is_quiet() && backlog.is_empty())
    }

    fn trouble(&self, model: &Model) -> Option<String> {
        let Others { meeting, crossing, .. } = self.others.as_ref()?;
        let said =
            format!("the process that runs {} is not heard of any more", meeting.lost(model)?);
        Some(match crossing.lost() {
            0 => said,
            count => format!("{said}; messages to it that are lost unless it comes back: {count}"),
        })
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
                    at.held.subscribe(),
                    (Arc::clone(&self.leases), self.teller.clone()),
                );
                self.consumers.insert((topic, instance), consumer);
            }
            Errand::Detach { topic, instance } => drop(self.consumers.remove(&(topic, instance))),
            Errand::Room { topic, instance } => self.has_room(topic, instance, 1),
            Errand::Prefetch { topic, instance, more } => self.has_room(topic, instance, more),
            Errand::Delete { topic, entry } => {
                self.leases.end(topic, entry);
                self.tend(topic, |tender| tender.delete(entry));
            }
            Errand::Purge { topic } => {
                let (partitions, leases) = (tend::partitions(model, topic), self.leases.clone());
                self.tend(topic, |tender| tender.purge(partitions, leases));
            }
            Errand::Tune { topic } => {
                let model = Arc::new(model.clone());
                if let Some(at) = self.topics.get(&topic) {
                    at.tuned.send_replace(Some(model));
                }
            }
            Errand::Hold { topic, hold } => {
                if let Some(at) = self.topics.get(&topic) {
                    at.held.send_replace(hold);
                }
            }
        }
    }

    fn has_told_all(&self) -> bool {
        self.trimmed.iter().all(|it| it.is_known())
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
            if let Some(Others { meeting, .. }) = others
                && tokio::time::timeout(FAREWELL, meeting.part()).await.is_err()
            {
                // Others may still need them; whoever is last deletes them, or a later run.
                let _ = client.flush().await;
                return;
            }
            let names: Vec<String> =
                topics.values().map(|it| it.stream.cached_info().config.name.clone()).collect();
            // What cannot be deleted now a later run deletes.
            join_all(names.iter().map(|it| context.delete_stream(it))).await;
            let _ = client.flush().await;
        })
    }
}
