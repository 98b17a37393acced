//! Messages between services of different processes: sent until they are known to have come, and
//! taken in once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::{Client, Subscriber};
use futures_util::StreamExt;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::live::Error;
use crate::live::broker::Tale;
use crate::live::runtime::News;
use crate::model::Time;
use crate::sim::Traveller;

/// How often it is looked what is not known to have come.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// It is sent again after so many looks.
const AGAIN_AFTER: u32 = 4;

/// So many that have come are remembered at least.
const REMEMBERED: usize = 1 << 16;

/// A message that is to go to this part, with the instant at which it left.
pub type Job = (u16, Time, Box<Traveller>);

/// The way to the other parts of a run, and from them.
pub struct Crossing {
    jobs: UnboundedSender<Job>,
    /// How many are not known to have come.
    open: Arc<AtomicUsize>,
}

impl Crossing {
    /// Opens the way for this part.
    pub async fn open(
        client: &Client,
        run: &str,
        part: u16,
        teller: Sender<News>,
    ) -> Result<Self, Error> {
        let subscribe = async |subject: String| {
            client.subscribe(subject.clone()).await.map_err(|error| {
                Error::new(format!("the NATS server lets us hear nothing on {subject}: {error}"))
            })
        };
        let coming = subscribe(format!("{run}.to.{part}")).await?;
        let thanks = format!("{run}.came.{part}");
        let thanked = subscribe(thanks.clone()).await?;
        // The server is to know of both before anybody sends.
        let flushed = client.flush().await;
        flushed.map_err(|error| Error::new(format!("the NATS server does not answer: {error}")))?;
        let (jobs, todo) = unbounded_channel();
        let open = Arc::new(AtomicUsize::new(0));
        tokio::spawn(send(
            client.clone(),
            (run.to_owned(), part, thanks),
            (todo, thanked),
            Arc::clone(&open),
        ));
        tokio::spawn(receive(client.clone(), coming, teller));
        Ok(Self { jobs, open })
    }

    /// Sends a message.
    pub fn carry(&self, job: Job) {
        self.open.fetch_add(1, Ordering::SeqCst);
        // The task ends with the run.
        let _ = self.jobs.send(job);
    }

    /// Whether all that was sent has come.
    pub fn is_quiet(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }
}

async fn send(
    client: Client,
    (run, part, thanks): (String, u16, String),
    (mut todo, mut thanked): (UnboundedReceiver<Job>, Subscriber),
    open: Arc<AtomicUsize>,
) {
    let mut out: BTreeMap<u64, (u16, Vec<u8>, u32)> = BTreeMap::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let publish = async |to: u16, bytes: Vec<u8>| {
        let subject = format!("{run}.to.{to}");
        // What does not get there is sent again.
        let _ = client.publish_with_reply(subject, thanks.clone(), bytes.into()).await;
    };
    loop {
        tokio::select! {
            job = todo.recv() => {
                let Some((to, at, traveller)) = job else { return };
                let number = traveller.number;
                let words = traveller.of_part(part).to_words();
                let words = words.into_iter().chain([at.0]);
                let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
                publish(to, bytes.clone()).await;
                out.insert(number, (to, bytes, 0));
            }
            message = thanked.next() => {
                let Some(message) = message else { return };
                let number = message.payload.as_ref().try_into().map(u64::from_le_bytes);
                if number.is_ok_and(|it| out.remove(&it).is_some()) {
                    open.fetch_sub(1, Ordering::SeqCst);
                }
            }
            _ = look.tick() => {
                for (to, bytes, looks) in out.values_mut() {
                    *looks += 1;
                    if looks.is_multiple_of(AGAIN_AFTER) {
                        publish(*to, bytes.clone()).await;
                    }
                }
            }
        }
    }
}

async fn receive(client: Client, mut coming: Subscriber, teller: Sender<News>) {
    let mut all: BTreeMap<u16, BTreeSet<u64>> = BTreeMap::new();
    while let Some(message) = coming.next().await {
        let Some((traveller, left)) = read(&message.payload) else { continue };
        let number = traveller.number;
        let came = all.entry(traveller.part).or_default();
        if came.insert(number) {
            let told = Tale::Brought { left, traveller: Box::new(traveller) };
            if teller.send(News::Told(told)).await.is_err() {
                return;
            }
            if came.len() > 2 * REMEMBERED {
                *came = came.iter().skip(REMEMBERED).copied().collect();
            }
        }
        if let Some(thanks) = message.reply {
            // If that is lost it is sent again, and known.
            let _ = client.publish(thanks, number.to_le_bytes().to_vec().into()).await;
        }
    }
}

fn read(payload: &[u8]) -> Option<(Traveller, Time)> {
    let (words, at) = payload.split_at_checked(Traveller::WORDS * 8)?;
    let word = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
    let mut of_traveller = [0; Traveller::WORDS];
    for (place, bytes) in of_traveller.iter_mut().zip(words.chunks_exact(8)) {
        *place = word(bytes)?;
    }
    Some((Traveller::from_words(&of_traveller)?, Time(word(at)?)))
}
