//! A link: a task with a bounded channel, through which each message really goes, and in which it
//! is held for as long as the link takes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tokio::sync::mpsc::{Receiver, Sender};

use crate::model::{MessageId, Time};

use super::alarm::Clock;
use super::runtime::News;

/// So many messages are on their way into a link before who sends has to wait.
pub const ROOM: usize = 256;

/// A message on its way: of those that leave at one instant, who entered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parcel {
    /// When it leaves at the earliest.
    pub due: Time,
    /// What the world knows its coming by.
    pub number: u64,
    /// The message.
    pub message: MessageId,
    /// Whether it goes on through a broker's network.
    pub goes_on: bool,
}

/// Carries what comes in, until nobody sends or receives any more. On a stream what came first is
/// due first and leaves first; what a person has put off lets others overtake.
pub async fn carry(clock: Clock, mut incoming: Receiver<Parcel>, outgoing: Sender<News>) {
    let mut inside: BinaryHeap<Reverse<Parcel>> = BinaryHeap::new();
    let mut wait = None;
    loop {
        let next = inside.peek().map(|Reverse(it)| it.due);
        if wait.as_ref().map(super::alarm::Until::at) != next {
            wait = next.map(|due| clock.until(due));
        }
        let parcel = match &mut wait {
            None => incoming.recv().await,
            Some(wait) => tokio::select! {
                biased;
                () = wait => {
                    while let Some(Reverse(parcel)) = inside.peek()
                        && parcel.due <= clock.now()
                    {
                        let news = if parcel.goes_on {
                            News::Out(*parcel)
                        } else {
                            News::Came(parcel.number, parcel.due)
                        };
                        if outgoing.send(news).await.is_err() {
                            return;
                        }
                        inside.pop();
                    }
                    continue;
                }
                parcel = incoming.recv() => parcel,
            },
        };
        match parcel {
            Some(parcel) => inside.push(Reverse(parcel)),
            None => return,
        }
    }
}
