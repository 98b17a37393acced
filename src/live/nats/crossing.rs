//! Messages between services of different processes: sent until they are known to have come, and
//! taken in once. Nothing is sent to a part that is gone, unless it is heard of again.

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

use super::meeting::Meeting;

/// How often it is looked what is not known to have come.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// It is sent again after so many looks.
const AGAIN_AFTER: u32 = 4;

/// A message that is to go to this part, with the instant at which it left.
pub type Job = (u16, Time, Box<Traveller>);

/// The way to the other parts of a run, and from them.
pub struct Crossing {
    jobs: UnboundedSender<Job>,
    /// By part, how many are not known to have come.
    open: Arc<[AtomicUsize]>,
    meeting: Arc<Meeting>,
}

impl Crossing {
    /// Opens the way for this part, of so many.
    pub async fn open(
        client: &Client,
        run: &str,
        (part, parts): (u16, usize),
        meeting: Arc<Meeting>,
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
        let open: Arc<[AtomicUsize]> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
        tokio::spawn(send(
            client.clone(),
            (run.to_owned(), part, thanks),
            (todo, thanked),
            (Arc::clone(&open), Arc::clone(&meeting)),
        ));
        tokio::spawn(receive(client.clone(), part, coming, teller));
        Ok(Self { jobs, open, meeting })
    }

    /// Sends a message.
    pub fn carry(&self, job: Job) {
        if let Some(open) = self.open.get(usize::from(job.0)) {
            open.fetch_add(1, Ordering::SeqCst);
        }
        // The task ends with the run.
        let _ = self.jobs.send(job);
    }

    /// Whether all that was sent has come, but for what can come no more.
    pub fn is_quiet(&self) -> bool {
        self.parts().all(|(is_gone, open)| is_gone || open == 0)
    }

    /// How many messages have not come to parts that are gone.
    pub fn lost(&self) -> usize {
        self.parts().filter(|it| it.0).map(|it| it.1).sum()
    }

    /// Of each part, whether it is gone, and how much is not known to have come to it.
    fn parts(&self) -> impl Iterator<Item = (bool, usize)> {
        let open = (0..).zip(&*self.open);
        open.map(|(part, it)| (self.meeting.is_gone(part), it.load(Ordering::SeqCst)))
    }
}

async fn send(
    client: Client,
    (run, part, thanks): (String, u16, String),
    (mut todo, mut thanked): (UnboundedReceiver<Job>, Subscriber),
    (open, meeting): (Arc<[AtomicUsize]>, Arc<Meeting>),
) {
    // By part and the serial there, with how often it was looked for.
    let mut out: BTreeMap<(u16, u64), (Vec<u8>, u32)> = BTreeMap::new();
    let mut serials: BTreeMap<u16, u64> = BTreeMap::new();
    let mut look = tokio::time::interval(LOOK_EVERY);
    let publish = async |to: u16, bytes: Vec<u8>| {
        if meeting.is_gone(to) {
            return;
        }
        let subject = format!("{run}.to.{to}");
        // What does not get there is sent again.
        let _ = client.publish_with_reply(subject, thanks.clone(), bytes.into()).await;
    };
    loop {
        tokio::select! {
            job = todo.recv() => {
                let Some((to, at, traveller)) = job else { return };
                let next = serials.entry(to).or_default();
                let serial = *next;
                *next += 1;
                let words = traveller.of_part(part).to_words();
                let words = words.into_iter().chain([at.0, serial]);
                let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
                publish(to, bytes.clone()).await;
                out.insert((to, serial), (bytes, 0));
            }
            message = thanked.next() => {
                let Some(message) = message else { return };
                let Some(whose) = read_thanks(&message.payload) else { continue };
                if out.remove(&whose).is_some()
                    && let Some(open) = open.get(usize::from(whose.0))
                {
                    open.fetch_sub(1, Ordering::SeqCst);
                }
            }
            _ = look.tick() => {
                for ((to, _), (bytes, looks)) in &mut out {
                    *looks += 1;
                    if looks.is_multiple_of(AGAIN_AFTER) {
                        publish(*to, bytes.clone()).await;
                    }
                }
            }
        }
    }
}

/// What one part has sent, as far as it has come. Its serials have no gaps, so that little is to be
/// remembered.
#[derive(Default)]
struct Came {
    /// All before this one have come.
    next: u64,
    /// Those that have come before their turn.
    early: BTreeSet<u64>,
}

impl Came {
    /// Whether this has not come before.
    fn is_new(&mut self, serial: u64) -> bool {
        if serial < self.next || !self.early.insert(serial) {
            return false;
        }
        while self.early.remove(&self.next) {
            self.next += 1;
        }
        true
    }
}

async fn receive(client: Client, part: u16, mut coming: Subscriber, teller: Sender<News>) {
    let mut all: BTreeMap<u16, Came> = BTreeMap::new();
    while let Some(message) = coming.next().await {
        let Some((traveller, left, serial)) = read(&message.payload) else { continue };
        if all.entry(traveller.part).or_default().is_new(serial) {
            let told = Tale::Brought { left, traveller: Box::new(traveller) };
            if teller.send(News::Told(told)).await.is_err() {
                return;
            }
        }
        if let Some(thanks) = message.reply {
            // If that is lost it is sent again, and known.
            let words = [part.into(), serial].map(u64::to_le_bytes);
            let _ = client.publish(thanks, words.concat().into()).await;
        }
    }
}

fn word(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().map(u64::from_le_bytes).ok()
}

/// To which part something has come, and which of what was sent there.
fn read_thanks(payload: &[u8]) -> Option<(u16, u64)> {
    let (part, serial) = payload.split_at_checked(8)?;
    Some((u16::try_from(word(part)?).ok()?, word(serial)?))
}

/// A message, when it left, and which it is of those that its part has sent to this one.
fn read(payload: &[u8]) -> Option<(Traveller, Time, u64)> {
    let (words, rest) = payload.split_at_checked(Traveller::WORDS * 8)?;
    let (at, serial) = rest.split_at_checked(8)?;
    let mut of_traveller = [0; Traveller::WORDS];
    for (place, bytes) in of_traveller.iter_mut().zip(words.chunks_exact(8)) {
        *place = word(bytes)?;
    }
    Some((Traveller::from_words(&of_traveller)?, Time(word(at)?), word(serial)?))
}

#[cfg(test)]
mod tests {
    use super::Came;

    #[test]
    fn what_has_come_is_known_however_much_comes_after_it_and_takes_no_room() {
        let mut came = Came::default();
        // The first one is long on its way.
        assert!((1..200_000).all(|it| came.is_new(it)));
        assert!(came.is_new(0) && !came.is_new(0) && !came.is_new(7));
        assert_eq!((came.next, came.early.len()), (200_000, 0));
        assert!(came.is_new(200_001) && !came.is_new(200_001) && came.is_new(200_000));
    }
}
