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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::MessageId;

    const TOPIC: TopicId = TopicId(0);

    /// What a server has stored: whose it is, and whether it is still there.
    struct Stored {
        serial: Option<u64>,
        is_there: bool,
    }

    fn appended(entry: u64, serial: u64) -> Happening {
        let message = MessageId(u32::try_from(serial).unwrap());
        Happening::Appended { topic: TOPIC, partition: 0, message, entry }
    }

    fn number(it: &Happening) -> (u64, bool) {
        match *it {
            Happening::Appended { entry, .. } => (entry, true),
            Happening::Trimmed { entry, .. } => (entry, false),
            _ => panic!("{it:?}"),
        }
    }

    proptest! {
        /// However answers and reading are mixed, and whatever is deleted before it is read: each
        /// entry of ours is told, once, in the server's order; of others' those that were read.
        #[test]
        fn each_entry_is_told_once_and_in_order(
            steps in prop::collection::vec((0_u8..6, any::<prop::sample::Index>()), 0..300)
        ) {
            let (mut book, mut told) = (Book::default(), Vec::new());
            let (mut next, mut under_way, mut unanswered) = (0, Vec::new(), Vec::new());
            let (mut stored, mut read): (Vec<Stored>, usize) = (Vec::new(), 0);
            let mut others = BTreeSet::new();
            // In the end all is stored, answered and read.
            let end = [(1, 0); 300].into_iter().chain([(3, 0); 300]).chain([(4, 0); 600]);
            let steps = steps.into_iter().map(|(what, which)| (what, Some(which)));
            for (what, which) in steps.chain(end.map(|(what, _)| (what, None))) {
                let pick = |count: usize| which.map_or(0, |it| it.index(count));
                match what {
                    0 => {
                        book.publish(next);
                        under_way.push(next);
                        next += 1;
                    }
                    1 if !under_way.is_empty() => {
                        let serial = under_way.remove(pick(under_way.len()));
                        stored.push(Stored { serial: Some(serial), is_there: true });
                        unanswered.push((serial, stored.len() as u64));
                    }
                    2 => stored.push(Stored { serial: None, is_there: true }),
                    3 if !unanswered.is_empty() => {
                        let (serial, entry) = unanswered.remove(pick(unanswered.len()));
                        if book.open.contains(&serial) {
                            book.answered(serial);
                            book.hear(entry, appended(entry, serial), None);
                        }
                    }
                    4 => {
                        let at = (read..stored.len()).find(|it| stored[*it].is_there);
                        let Some(at) = at else { continue };
                        read = at + 1;
                        let entry = at as u64 + 1;
                        let what = match stored[at].serial {
                            Some(serial) => {
                                book.answered(serial);
                                appended(entry, serial)
                            }
                            None => {
                                others.insert(entry);
                                Happening::Trimmed { topic: TOPIC, partition: 0, entry }
                            }
                        };
                        book.hear(entry, what, Some(next));
                    }
                    5 if !stored.is_empty() => {
                        let at = pick(stored.len());
                        stored[at].is_there = false;
                    }
                    _ => {}
                }
                book.advance(&mut told);
            }
            let told: Vec<(u64, bool)> = told.iter().map(number).collect();
            prop_assert!(told.is_sorted_by(|a, b| a.0 < b.0), "{told:?}");
            let ours: BTreeSet<u64> = told.iter().filter(|it| it.1).map(|it| it.0).collect();
            let theirs: BTreeSet<u64> = told.iter().filter(|it| !it.1).map(|it| it.0).collect();
            let of_ours = stored.iter().zip(1..).filter(|(it, _)| it.serial.is_some());
            let expected: BTreeSet<u64> = of_ours.map(|(_, entry)| entry).collect();
            // What is behind all that is read, and deleted, may wait for ever for what is before.
            let last = told.last().map_or(0, |it| it.0);
            let expected: BTreeSet<u64> = expected.into_iter().filter(|it| *it <= last).collect();
            prop_assert_eq!(ours, expected);
            prop_assert_eq!(theirs, others);
        }
    }
}
