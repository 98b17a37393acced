//! What is with a broker that is another program: which of our publishes it has not answered, and
//! what its tales mean to the world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{MessageId, TopicId};
use crate::sim::{Happening, World};

use super::broker::Tale;

/// So many entries that were stored are remembered at least, to know an answer again.
const REMEMBERED: usize = 1 << 18;

/// What is with the broker.
#[derive(Debug, Default)]
pub struct Ledger {
    next: u64,
    /// Publishes that were not answered.
    open: BTreeMap<u64, (TopicId, MessageId)>,
    /// Entries that some publish of ours became.
    stored: BTreeSet<(TopicId, u64)>,
    /// Which part of the run this process has, of those that share it.
    part: u16,
    /// The topics that other parts consume.
    elsewhere: BTreeSet<TopicId>,
}

impl Ledger {
    /// Of one of the processes that share a run, and the topics that others consume.
    pub fn of_part(part: u16, elsewhere: BTreeSet<TopicId>) -> Self {
        Self { part, elsewhere, ..Self::default() }
    }

    /// The serial of what is published now.
    pub fn publish(&mut self, topic: TopicId, message: MessageId) -> u64 {
        let serial = self.next;
        self.next += 1;
        self.open.insert(serial, (topic, message));
        serial
    }

    fn store(&mut self, topic: TopicId, message: MessageId, entry: u64) -> Happening {
        self.stored.insert((topic, entry));
        if self.stored.len() > 2 * REMEMBERED {
            self.stored = self.stored.iter().skip(REMEMBERED).copied().collect();
        }
        if self.elsewhere.contains(&topic) {
            return Happening::Handed { topic, message, entry };
        }
        Happening::Stored { topic, message, entry }
    }

    /// What a tale means to the world, in order.
    pub fn hear(&mut self, tale: Tale, world: &World) -> Vec<Happening> {
        match tale {
            Tale::Stored { serial, entry, duplicate, again } => {
                // Its delivery may have come before its answer.
                let Some((topic, message)) = self.open.remove(&serial) else { return Vec::new() };
                // What we sent again for want of an answer may be what the server has.
                let is_own = !duplicate || (again && !self.stored.contains(&(topic, entry)));
                vec![if is_own {
                    self.store(topic, message, entry)
                } else {
                    Happening::Declined { topic, message, duplicate: true }
                }]
            }
            Tale::Refused { serial } => {
                let declined =
                    |(topic, message)| Happening::Declined { topic, message, duplicate: false };
                self.open.remove(&serial).map(declined).into_iter().collect()
            }
            Tale::Delivered { topic, to, delivery, lease, entry, origin, event } => {
                let mut all = Vec::with_capacity(2);
                let origin = origin.map(|it| it.origin);
                let (own, other) = match origin {
                    Some(it) if it.part == self.part => (Some(it.serial), None),
                    it => (None, it),
                };
                if let Some((of, message)) = own.and_then(|it| self.open.remove(&it)) {
                    all.push(self.store(of, message, entry));
                } else if let Some(origin) = other.filter(|_| !world.has_entry(topic, entry)) {
                    all.push(Happening::Appeared { topic, entry, origin, event: Arc::new(*event) });
                } else if !world.has_entry(topic, entry) {
                    all.push(Happening::Known { topic, entry, event: Arc::new(*event) });
                }
                all.push(Happening::Delivered { topic, to, delivery, lease, entry });
                all
            }
            Tale::Settled { topic, entry } => vec![Happening::Settled { topic, entry }],
            Tale::Died { topic, entry } => vec![Happening::Died { topic, entry }],
            Tale::Came { number, .. } => vec![Happening::Released(number)],
            Tale::Brought { traveller, .. } => vec![Happening::Brought(traveller)],
            Tale::Connection(_) | Tale::Trouble(_) => Vec::new(),
        }
    }
}
