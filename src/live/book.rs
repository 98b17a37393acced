//! The entries of a log that another program keeps, told in that program's order.
//!
//! That something is stored is heard twice: as the answer to its publish, and from one who reads the
//! whole log. Whichever comes first is told, each entry in its turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::model::{Event, GroupId, MessageId, TopicId};
use crate::sim::Happening;

/// What is known of a log.
#[derive(Debug, Default)]
pub struct Book {
    /// The last entry that was told.
    told: u64,
    /// Entries of our own that were confirmed before those before them were heard of: in which
    /// partition, what was published.
    ahead: BTreeMap<u64, (u32, MessageId)>,
    /// What readers were sent before it was told.
    early: BTreeMap<u64, Vec<Fetch>>,
    /// By partition, before which entry all is deleted.
    starts: BTreeMap<u32, u64>,
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
    /// A publish of ours was confirmed as this entry.
    pub fn confirmed(
        &mut self,
        topic: TopicId,
        (partition, entry): (u32, u64),
        message: MessageId,
        tell: &mut Vec<Happening>,
    ) {
        self.ahead.insert(entry, (partition, message));
        while let Some((partition, message)) = self.ahead.remove(&(self.told + 1)) {
            self.told += 1;
            tell.push(Happening::Appended { topic, partition, message, entry: self.told });
        }
    }

    /// Whoever reads the whole log has come to this entry: what was before it is told, and then
    /// it is, as one of ours if it was confirmed, or else as `what` says. Nothing if it was told.
    pub fn read(
        &mut self,
        topic: TopicId,
        entry: u64,
        what: impl FnOnce() -> Happening,
        tell: &mut Vec<Happening>,
    ) {
        if entry <= self.told {
            return;
        }
        self.told = entry;
        // Those in between that were not ours were deleted before anybody could read them.
        let later = self.ahead.split_off(&(entry + 1));
        let mut ours = std::mem::replace(&mut self.ahead, later);
        let this = ours.remove(&entry);
        let appended =
            |entry, (partition, message)| Happening::Appended { topic, partition, message, entry };
        tell.extend(ours.into_iter().map(|(entry, it)| appended(entry, it)));
        tell.push(this.map_or_else(what, |it| appended(entry, it)));
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
