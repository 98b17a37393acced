//! Brokers of a live run behind one trait: the world's own, or another program.

use std::future::Future;
use std::pin::Pin;

use crate::model::{Event, GroupId, InstanceId, Model, Time, TopicId};
use crate::sim::remote::Errand;
use crate::sim::{Origin, Traveller};

use super::book::Fetch;
use super::handle::Part;
use super::wire::Parcel;

/// What a broker tells.
#[derive(Debug)]
pub enum Tale {
    /// What was published is stored as this entry, or the broker had it already as that.
    Stored {
        /// Which publish.
        serial: u64,
        /// The broker's number of it.
        entry: u64,
        /// Whether it says that it had it.
        duplicate: bool,
        /// Whether it was asked more than once.
        again: bool,
    },
    /// What was published is not stored: there is no room.
    Refused {
        /// Which publish.
        serial: u64,
    },
    /// An entry was delivered.
    Delivered {
        /// From where.
        topic: TopicId,
        /// To whom.
        to: InstanceId,
        /// Which delivery of the entry, from 1.
        delivery: u16,
        /// Which delivery of the run.
        lease: u32,
        /// The broker's number of it.
        entry: u64,
        /// Where it was published, if in this run.
        origin: Option<Published>,
        /// What it holds.
        event: Box<Event>,
    },
    /// An ack was confirmed.
    Settled {
        /// Where.
        topic: TopicId,
        /// The broker's number of the entry.
        entry: u64,
    },
    /// An entry was delivered too often.
    Died {
        /// Where.
        topic: TopicId,
        /// The broker's number of it.
        entry: u64,
    },
    /// A message has come from another process that shares the run.
    Brought {
        /// When it left that.
        left: Time,
        /// The message.
        traveller: Box<Traveller>,
    },
    /// What a queue had before this entry is deleted.
    Purged {
        /// Where.
        topic: TopicId,
        /// The broker's number of the entry.
        entry: u64,
    },
    /// A log has an entry: told in order by who reads the whole log.
    Entry {
        /// Where.
        topic: TopicId,
        /// In which partition.
        partition: u32,
        /// The broker's number of it.
        entry: u64,
        /// Where it was published, if in this run.
        origin: Option<Published>,
        /// What it holds.
        event: Box<Event>,
    },
    /// A reader of a log was sent an entry.
    Fetched {
        /// From where.
        topic: TopicId,
        /// The entry.
        fetch: Fetch,
    },
    /// A commit was confirmed.
    Committed {
        /// Of which group.
        group: GroupId,
        /// Of which partition.
        partition: u32,
        /// In which epoch of its reading.
        epoch: u32,
        /// The broker's number of the entry.
        entry: u64,
    },
    /// The broker was away, and has kept a group's commits up to this entry.
    Resumed {
        /// Of which group.
        group: GroupId,
        /// Of which partition.
        partition: u32,
        /// In which epoch of its reading.
        epoch: u32,
        /// The broker's number of the entry; 0 for none.
        entry: u64,
    },
    /// What a partition of a log had before this entry is deleted.
    Trimmed {
        /// Where.
        topic: TopicId,
        /// In which partition.
        partition: u32,
        /// The broker's number of the entry.
        entry: u64,
    },
    /// A message has come through the broker's network.
    Came {
        /// What the world knows it by.
        number: u64,
        /// When it was due.
        due: Time,
    },
    /// The connection is there, or is not; in a sentence that says what to do.
    Connection(Result<(), String>),
    /// Something went wrong.
    Trouble(String),
}

/// A publish as the broker is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Which it is.
    pub origin: Origin,
    /// When.
    pub at: Time,
}

impl Tale {
    /// The instant of what this comes of in another process that shares the run.
    pub fn after(&self, part: u16) -> Option<Time> {
        match self {
            Self::Brought { left, .. } => Some(*left),
            Self::Delivered { origin: Some(it), .. } | Self::Entry { origin: Some(it), .. }
                if it.origin.part != part =>
            {
                Some(it.at)
            }
            _ => None,
        }
    }
}

/// What is done when a broker is let go.
pub type Closing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where topics and messages between services are. Nothing here waits: what is asked is
/// done by tasks of the broker's, and what comes of it is told.
pub trait Broker: Send {
    /// How it is called, without secrets.
    fn name(&self) -> String;

    /// Whether topics are with it, and not in the world.
    fn is_remote(&self) -> bool;

    /// Does what the world wants done at an instant, and says which publish it is if it is one.
    fn perform(
        &mut self,
        model: &Model,
        at: Time,
        errand: Errand,
        published: Option<(Published, &Event)>,
    );

    /// If several processes share the run: which part this one has, and by service who runs it.
    fn parts(&self) -> Option<(u16, &[u16])> {
        None
    }

    /// The same, to be shown.
    fn part(&self) -> Option<Part> {
        None
    }

    /// Says whether nothing is under way here; whether nothing is in any process that shares the
    /// run.
    fn rests(&mut self, is_quiet: bool) -> bool {
        is_quiet
    }

    /// What is wrong with the others that share the run, in a sentence.
    fn trouble(&self, _: &Model) -> Option<String> {
        None
    }

    /// Whether nothing is to be expected from it that the world does not know to wait for.
    fn has_told_all(&self) -> bool {
        true
    }

    /// Carries a message between services by its network, if it has one; false if links are to
    /// do that themselves. Then it is due at once.
    fn carry(&mut self, parcel: Parcel) -> bool;

    /// Lets go of all that was made at it for this run.
    fn close(&mut self) -> Closing;
}

/// The world's own brokers: nothing needs to be installed.
pub struct Embedded;

impl Broker for Embedded {
    fn name(&self) -> String {
        "the embedded broker".to_owned()
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn perform(&mut self, _: &Model, _: Time, _: Errand, _: Option<(Published, &Event)>) {}

    fn carry(&mut self, _: Parcel) -> bool {
        false
    }

    fn close(&mut self) -> Closing {
        Box::pin(async {})
    }
}
