//! What is with a broker that is another program: which of our publishes it has not answered, and
//! what its tales mean to the world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{MessageId, TopicId};
use crate::sim::{Happening, Origin, World};

use super::book::{Book, Fetch};
use super::broker::{Published, Tale};

/// So many entries that were stored are remembered at least, to know an answer again.
const REMEMBERED: usize = 1 << 18;

/// What is with the broker.
#[derive(Debug, Default)]
pub struct Ledger {
    next: u64,
    /// Publishes that were not answered.
    open: BTreeMap<u64, Open>,
    /// Entries that some publish of ours became.
    stored: BTreeSet<(TopicId, u64)>,
    /// By topic, logs.
    books: BTreeMap<TopicId, Book>,
    /// Which part of the run this process has, of those that share it.
    part: u16,
    /// The topics that other parts consume.
    elsewhere: BTreeSet<TopicId>,
}

/// A publish that was not answered.
#[derive(Clone, Copy, Debug)]
struct Open {
    topic: TopicId,
    /// In a log.
    partition: Option<u32>,
    message: MessageId,
}

impl Ledger {
    /// Of one of the processes that share a run, and the topics that others consume.
    pub fn of_part(part: u16, elsewhere: BTreeSet<TopicId>) -> Self {
        Self { part, elsewhere, ..Self::default() }
    }

    /// The serial of what is published now: where, to which partition of a log.
    pub fn publish(&mut self, topic: TopicId, partition: Option<u32>, message: MessageId) -> u64 {
        let serial = self.next;
        self.next += 1;
        self.open.insert(serial, Open { topic, partition, message });
        if partition.is_some() {
            self.books.entry(topic).or_default().publish(serial);
        }
        serial
    }

    /// A publish was answered, or what became of it was heard of otherwise.
    fn answered(&mut self, serial: u64) -> Option<Open> {
        let of = self.open.remove(&serial)?;
        if let Some(book) = self.books.get_mut(&of.topic) {
            book.answered(serial);
        }
        Some(of)
    }

    /// What was published became this entry.
    fn store(&mut self, of: Open, entry: u64) -> Happening {
        let Open { topic, partition, message } = of;
        self.stored.insert((topic, entry));
        if self.stored.len() > 2 * REMEMBERED {
            self.stored = self.stored.iter().skip(REMEMBERED).copied().collect();
        }
        match partition {
            None if self.elsewhere.contains(&topic) => Happening::Handed { topic, message, entry },
            None => Happening::Stored { topic, message, entry },
            Some(partition) => Happening::Appended { topic, partition, message, entry },
        }
    }

    /// Which of our publishes something comes from, or from which of another process.
    fn whose(&self, origin: Option<Published>) -> (Option<u64>, Option<Origin>) {
        match origin.map(|it| it.origin) {
            Some(it) if it.part == self.part => (Some(it.serial), None),
            it => (None, it),
        }
    }

    /// What may be told of a log now: entries in their turn, and what readers were sent, as far as
    /// they still want it.
    fn goes_on(&mut self, topic: TopicId, world: &World, tell: &mut Vec<Happening>) {
        let Some(book) = self.books.get_mut(&topic) else { return };
        book.advance(tell);
        book.trim_again(topic, tell);
        for Fetch { group, partition, epoch, entry, event, room } in book.due() {
            let fetched = Happening::Fetched { group, partition, epoch, entry };
            if !world.wants_entry(group, partition, epoch, entry) || tell.contains(&fetched) {
                continue;
            }
            room.forget();
            let is_this = |it: &Happening| match *it {
                Happening::Appended { entry: of, .. } | Happening::Found { entry: of, .. } => {
                    of == entry
                }
                _ => false,
            };
            let is_kept = world.keeps_entry(topic, partition, entry) || tell.iter().any(is_this);
            if !is_kept || tell.iter().any(|it| matches!(it, Happening::Trimmed { .. })) {
                tell.push(Happening::Recalled { group, partition, entry, event });
            }
            tell.push(fetched);
        }
    }

    /// What a tale means to the world, in order.
    pub fn hear(&mut self, tale: Tale, world: &World) -> Vec<Happening> {
        let mut all = Vec::with_capacity(2);
        match tale {
            Tale::Stored { serial, entry, duplicate, again } => {
                // Its delivery may have come before its answer.
                let Some(of) = self.answered(serial) else { return all };
                let Open { topic, message, .. } = of;
                // What we sent again for want of an answer may be what the server has.
                let is_own = !duplicate || (again && !self.stored.contains(&(topic, entry)));
                if !is_own {
                    all.push(Happening::Declined { topic, message, duplicate: true });
                } else if of.partition.is_none() {
                    all.push(self.store(of, entry));
                } else {
                    let what = self.store(of, entry);
                    self.books.entry(topic).or_default().hear(entry, what, None);
                }
                self.goes_on(topic, world, &mut all);
            }
            Tale::Refused { serial } => {
                if let Some(Open { topic, message, .. }) = self.answered(serial) {
                    all.push(Happening::Declined { topic, message, duplicate: false });
                    self.goes_on(topic, world, &mut all);
                }
            }
            Tale::Delivered { topic, to, delivery, lease, entry, origin, event } => {
                let (own, other) = self.whose(origin);
                if let Some(of) = own.and_then(|it| self.answered(it)) {
                    all.push(self.store(of, entry));
                } else if let Some(origin) = other.filter(|_| !world.has_entry(topic, entry)) {
                    all.push(Happening::Appeared { topic, entry, origin, event: Arc::new(*event) });
                } else if !world.has_entry(topic, entry) {
                    all.push(Happening::Known { topic, entry, event: Arc::new(*event) });
                }
                all.push(Happening::Delivered { topic, to, delivery, lease, entry });
            }
            Tale::Entry { topic, partition, entry, origin, event } => {
                let (serial, origin) = self.whose(origin);
                let what = match serial.and_then(|it| self.answered(it)) {
                    Some(of) => self.store(of, entry),
                    None => {
                        let event = Arc::new(*event);
                        Happening::Found { topic, partition, entry, origin, event }
                    }
                };
                let next = self.next;
                self.books.entry(topic).or_default().hear(entry, what, Some(next));
                self.goes_on(topic, world, &mut all);
            }
            Tale::Fetched { topic, fetch } => {
                self.books.entry(topic).or_default().put_by(fetch);
                self.goes_on(topic, world, &mut all);
            }
            Tale::Committed { group, partition, epoch, entry } => {
                all.push(Happening::Committed { group, partition, epoch, entry });
            }
            Tale::Resumed { group, partition, epoch, entry } => {
                all.push(Happening::Resumed { group, partition, epoch, entry });
            }
            Tale::Trimmed { topic, partition, entry } => {
                let book = self.books.entry(topic).or_default();
                all.push(book.trimmed(topic, (partition, entry)));
            }
            Tale::Purged { topic, entry } => all.push(Happening::Purged { topic, entry }),
            Tale::Settled { topic, entry } => all.push(Happening::Settled { topic, entry }),
            Tale::Died { topic, entry } => all.push(Happening::Died { topic, entry }),
            Tale::Came { number, .. } => all.push(Happening::Released(number)),
            Tale::Brought { traveller, .. } => all.push(Happening::Brought(traveller)),
            Tale::Connection(_) | Tale::Trouble(_) => {}
        }
        all
    }
}
