//! The entries of a log that another program keeps, told in that program's order.
//!
//! That something is stored is heard twice: as the answer to its publish, and from one who reads the
//! whole log. It is told once, in its turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::model::{Event, GroupId, TopicId};
use crate::sim::Happening;

/// What is known of a log.
#[derive(Debug, Default)]
pub struct Book {
    /// The last entry that was told.
    told: u64,
    /// Serials of publishes of ours that were not answered.
    open: BTreeSet<u64>,
    /// Entries that were heard of before those before them, by number.
    ahead: BTreeMap<u64, Ahead>,
    /// What readers were sent before it was told.
    early: BTreeMap<u64, Vec<Fetch>>,
    /// By partition, before which entry all is deleted.
    starts: BTreeMap<u32, u64>,
}

/// An entry that waits for its turn.
#[derive(Debug)]
struct Ahead {
    what: Happening,
    /// If it was read: publishes from this serial on were not made then. What was not read before
    /// it was deleted already; it is heard of only if it is ours and was published earlier.
    read_before: Option<u64>,
}

/// An entry that a reader was sent.
#[derive(Debug)]
pub struct Fetch {
    /// Of which group.
    pub group: GroupId,
    /// From which partition.
    pub partition: u32,
    /// In which epoch of its reading.
    pub epoch: u32,
    /// The broker's number of it.
    pub entry: u64,
    /// What it holds.
    pub event: Arc<Event>,
    /// The reader's room that it takes up; given back if nobody takes the entry.
    pub room: OwnedSemaphorePermit,
}

impl Book {
    /// Something is published.
    pub fn publish(&mut self, serial: u64) {
        self.open.insert(serial);
    }

    /// A publish was answered, or what became of it was read.
    pub fn answered(&mut self, serial: u64) {
        self.open.remove(&serial);
    }

    /// An entry was heard of: by the answer to its publish, or by who reads the whole log, when
    /// `read_before` is the serial of the next publish.
    pub fn hear(&mut self, entry: u64, what: Happening, read_before: Option<u64>) {
        if entry > self.told {
            let ahead = self.ahead.entry(entry).or_insert(Ahead { what, read_before });
            ahead.read_before = ahead.read_before.or(read_before);
        }
    }

    /// Tells the entries whose turn it is.
    pub fn advance(&mut self, tell: &mut Vec<Happening>) {
        while let Some(next) = self.ahead.first_entry() {
            let entry = *next.key();
            if entry > self.told + 1 {
                // Whether what is missing will not be heard of.
                let oldest = self.open.first().copied();
                let is_gone = |upto: u64| oldest.is_none_or(|it| it >= upto);
                let read = self.ahead.values().find_map(|it| it.read_before);
                if !read.is_some_and(is_gone) {
                    return;
                }
            }
            self.told = entry;
            tell.extend(self.ahead.remove(&entry).map(|it| it.what));
        }
    }

    /// What a partition had before this entry is deleted: told at once, and again when what is
    /// deleted has only then been told.
    pub fn trimmed(&mut self, topic: TopicId, (partition, entry): (u32, u64)) -> Happening {
        self.starts.insert(partition, entry);
        Happening::Trimmed { topic, partition, entry }
    }

    /// Of what is told, tells what is deleted already.
    pub fn trim_again(&self, topic: TopicId, tell: &mut Vec<Happening>) {
        let late = |it: &Happening| match *it {
            Happening::Appended { partition, entry, .. }
            | Happening::Found { partition, entry, .. } => {
                let start = self.starts.get(&partition).copied();
                start.filter(|start| entry < *start).map(|entry| (partition, entry))
            }
            _ => None,
        };
        let late: BTreeMap<u32, u64> = tell.iter().filter_map(late).collect();
        let trimmed = |(partition, entry)| Happening::Trimmed { topic, partition, entry };
        tell.extend(late.into_iter().map(trimmed));
    }

    /// A reader was sent an entry that was not told yet: it is put by.
    pub fn put_by(&mut self, fetch: Fetch) {
        self.early.entry(fetch.entry).or_default().push(fetch);
    }

    /// What readers were sent and may be told of now.
    pub fn due(&mut self) -> Vec<Fetch> {
        if self.early.first_key_value().is_none_or(|(entry, _)| *entry > self.told) {
            return Vec::new();
        }
        let later = self.early.split_off(&(self.told + 1));
        std::mem::replace(&mut self.early, later).into_values().flatten().collect()
    }
}
