//! An outbox: events that are to be published, the oldest first and one at a time, so that they
//! stay in order whatever is tried again.

use std::collections::VecDeque;

use crate::model::{Event, EventId};

/// An outbox and what its relay is at.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// What waits, the oldest first.
    entries: VecDeque<Entry>,
    /// How many more the relay takes in this round.
    left: u32,
    /// Whether the oldest is being published.
    is_busy: bool,
    /// Events written into it so far.
    pub written: u64,
    /// Events published and marked so.
    pub published: u64,
    /// Times that an event was handed to the producer although it had been before.
    pub again: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    event: Event,
    /// How often it was handed to a producer.
    sent: u16,
}

impl Outbox {
    /// An event is to be published.
    pub fn write(&mut self, event: Event) {
        self.written += 1;
        self.entries.push_back(Entry { event, sent: 0 });
    }

    /// How many events wait, the one that is being published included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.entries.len()
    }

    /// Every event that waits, the oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.entries.iter().map(|it| &it.event)
    }

    /// The relay looks, and takes up to so many of those that wait now; unless it is still at those
    /// it took before.
    pub fn begin_round(&mut self, batch: u32) {
        if !self.is_busy {
            self.left = u32::try_from(self.entries.len()).map_or(batch, |it| it.min(batch));
        }
    }

    /// What is to be published now, if anything, and how often it was before.
    pub fn take(&mut self) -> Option<(Event, u16)> {
        if self.is_busy || self.left == 0 {
            return None;
        }
        let entry = self.entries.front_mut()?;
        let before = entry.sent;
        self.again += u64::from(before > 0);
        entry.sent = before.saturating_add(1);
        self.is_busy = true;
        self.left -= 1;
        Some((entry.event, before))
    }

    /// The oldest was confirmed, and is marked as published; gives which it was.
    pub fn confirmed(&mut self) -> Option<EventId> {
        self.is_busy = false;
        let entry = self.entries.pop_front()?;
        self.published += 1;
        Some(entry.event.id)
    }

    /// The oldest was not confirmed, or the relay is gone: the round is over.
    pub const fn stopped(&mut self) {
        self.is_busy = false;
        self.left = 0;
    }
}
