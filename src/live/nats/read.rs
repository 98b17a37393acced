//! Reading a partition of a log for a group: a durable consumer whose ack floor is what the group
//! has committed.
//!
//! The consumer is made anew for each reading, behind what is committed then; what its reader has
//! had is passed over. When the connection was lost, the server is asked for the floor that it has
//! kept, and the group reads on from there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Subject;
use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::context::ConsumerInfoErrorKind;
use async_nats::jetstream::stream::Stream;
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Semaphore, watch};

use crate::live::book::Fetch;
use crate::live::broker::Tale;
use crate::live::runtime::News;
use crate::model::{GroupId, TopicId};
use crate::sim::remote::Seat;

use super::connect::connections;
use super::{payload, streams};

/// How long a pull waits for messages; then it is made again.
const PULL: Duration = Duration::from_secs(1);

/// So many entries are pulled at a time at most.
const AT_A_TIME: usize = 256;

/// After a failure it is tried again so soon.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// So often it is looked whether the connection was lost.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A partition of a log, as a group reads it.
#[derive(Clone)]
pub struct Shelf {
    pub client: async_nats::Client,
    pub stream: Stream,
    pub topic: TopicId,
    pub group: GroupId,
    pub partition: u32,
    pub prefix: String,
    pub teller: Sender<News>,
}

/// Who reads it, and the reader's room.
type Place = Option<(Seat, Arc<Semaphore>)>;

/// The task that reads a partition for whoever is asked for. It ends when this is let go.
pub struct Reader {
    shelf: Shelf,
    asked: watch::Sender<Place>,
    replies: Arc<Replies>,
}

/// Where to ack what the present consumer has delivered.
#[derive(Default)]
struct Replies(Mutex<Delivered>);

#[derive(Default)]
struct Delivered {
    epoch: u32,
    replies: BTreeMap<u64, Subject>,
    /// What is to be acked as soon as it is delivered.
    upto: u64,
}

impl Replies {
    fn lock(&self) -> MutexGuard<'_, Delivered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Nobody reads yet.
    pub fn new(shelf: Shelf) -> Self {
        let (asked, hears) = watch::channel(None);
        let replies = Arc::new(Replies::default());
        tokio::spawn(shelf.clone().serve(Arc::clone(&replies), hears));
        Self { shelf, asked, replies }
    }

    /// From now on this is who reads, if anybody.
    pub fn seat(&self, place: Place) {
        self.asked.send_replace(place);
    }

    /// What there is up to an entry is done, as far as this reading is the present one.
    pub fn commit(&self, epoch: u32, entry: u64) {
        let mut delivered = self.replies.lock();
        if delivered.epoch != epoch {
            return;
        }
        match delivered.replies.get(&entry).cloned() {
            Some(reply) => {
                let later = delivered.replies.split_off(&(entry + 1));
                delivered.replies = later;
                drop(delivered);
                tokio::spawn(self.shelf.clone().ack(reply, epoch, entry));
            }
            // It was delivered by a consumer before, and will be again.
            None => delivered.upto = delivered.upto.max(entry),
        }
    }
}

impl Shelf {
    async fn serve(self, replies: Arc<Replies>, mut asked: watch::Receiver<Place>) {
        loop {
            let place = asked.borrow_and_update().clone();
            if let Some((seat, room)) = place {
                tokio::select! {
                    biased;
                    changed = asked.changed() => match changed {
                        Ok(()) => {
                            asked.mark_changed();
                        }
                        Err(_) => return,
                    },
                    () = self.read(seat, room, &replies) => {}
                }
            }
            if asked.changed().await.is_err() || self.teller.is_closed() {
                return;
            }
        }
    }

    /// Reads on, until the connection is lost and the server was asked from where to go on.
    async fn read(&self, seat: Seat, room: Arc<Semaphore>, replies: &Arc<Replies>) {
        let connected = connections(&self.client);
        let consumer = self.consumer(&seat).await;
        *replies.lock() = Delivered { epoch: seat.epoch, ..Delivered::default() };
        let mut ahead: VecDeque<Fetched> = VecDeque::new();
        let mut pull: Option<pull::Batch> = None;
        let (mut delivered, mut look) = (0, tokio::time::interval(LOOK_EVERY));
        while connections(&self.client) == connected {
            // As many as the reader has room for: whatever else it reads may take it up first.
            let room_for = room.available_permits().min(AT_A_TIME).saturating_sub(ahead.len());
            if pull.is_none() && room_for > 0 {
                match consumer.batch().max_messages(room_for).expires(PULL).messages().await {
                    Ok(batch) => pull = Some(batch),
                    Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
                }
            }
            let (is_pulled, waits_for_room) = (pull.is_some(), pull.is_none() || !ahead.is_empty());
            tokio::select! {
                biased;
                permit = Arc::clone(&room).acquire_owned(), if waits_for_room => {
                    let Ok(room) = permit else { return };
                    // With nothing at hand it is pulled for.
                    let Some(Fetched { entry, event }) = ahead.pop_front() else { continue };
                    let (group, partition, epoch) = (self.group, self.partition, seat.epoch);
                    let fetch = Fetch { group, partition, epoch, entry, event, room };
                    let told = Tale::Fetched { topic: self.topic, fetch };
                    if self.teller.send(News::Told(told)).await.is_err() {
                        return;
                    }
                }
                message = next(&mut pull), if is_pulled => {
                    let Some(Ok(message)) = message else {
                        pull = None;
                        continue;
                    };
                    let Ok(info) = message.info() else { continue };
                    delivered += 1;
                    if info.consumer_sequence != delivered {
                        // Something was delivered that has not come.
                        break;
                    }
                    let entry = info.stream_sequence;
                    self.delivered(entry, &message, seat.epoch, replies);
                    let event = payload::read(&self.prefix, message.headers.as_ref());
                    if let Some((event, _)) = event.filter(|_| entry > seat.had) {
                        ahead.push_back(Fetched { entry, event: Arc::new(event) });
                    }
                }
                _ = look.tick() => {}
            }
        }
        self.resume(&seat).await;
    }

    /// An entry was delivered: it is acked if it is known to be done, or can be later.
    fn delivered(
        &self,
        entry: u64,
        message: &async_nats::jetstream::Message,
        epoch: u32,
        replies: &Replies,
    ) {
        let Some(reply) = message.reply.clone() else { return };
        let mut delivered = replies.lock();
        if entry > delivered.upto {
            delivered.replies.insert(entry, reply);
        } else if entry == delivered.upto {
            tokio::spawn(self.clone().ack(reply, epoch, entry));
        }
    }

    /// The consumer that a reading begins with.
    async fn consumer(&self, seat: &Seat) -> PullConsumer {
        let config = streams::reader(&self.prefix, self.topic, (self.group, self.partition), seat);
        loop {
            // There is one of a reading before, or there is not.
            let _ = self
                .stream
                .delete_consumer(&streams::reader_name(self.group, self.partition))
                .await;
            match self.stream.create_consumer(config.clone()).await {
                Ok(consumer) => return consumer,
                Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
            }
        }
    }

    /// The connection was lost: tells what the server has kept of the group's commits.
    async fn resume(&self, seat: &Seat) {
        let name = streams::reader_name(self.group, self.partition);
        let entry = loop {
            match self.stream.consumer_info(&name).await {
                Ok(info) => break info.ack_floor.stream_sequence,
                Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => break seat.after,
                Err(_) => tokio::time::sleep(AGAIN_AFTER).await,
            }
        };
        let (group, partition, epoch) = (self.group, self.partition, seat.epoch);
        let told = Tale::Resumed { group, partition, epoch, entry };
        // If nobody listens the run is over.
        let _ = self.teller.send(News::Told(told)).await;
    }

    /// All up to an entry is done; told when the server has confirmed it. If the connection is lost
    /// the server may not have heard it, and is asked then.
    async fn ack(self, reply: Subject, epoch: u32, entry: u64) {
        let connected = connections(&self.client);
        while self.client.request(reply.clone(), AckKind::Ack.into()).await.is_err() {
            if connections(&self.client) != connected || self.teller.is_closed() {
                return;
            }
        }
        let (group, partition) = (self.group, self.partition);
        let told = Tale::Committed { group, partition, epoch, entry };
        let _ = self.teller.send(News::Told(told)).await;
    }
}

/// An entry that waits for the reader's room.
struct Fetched {
    entry: u64,
    event: Arc<crate::model::Event>,
}

async fn next(
    pull: &mut Option<pull::Batch>,
) -> Option<Result<async_nats::jetstream::Message, async_nats::Error>> {
    match pull {
        Some(pull) => pull.next().await,
        None => None,
    }
}
