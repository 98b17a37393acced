//! What whoever looks on may ask of a world after a step, beyond its records: who has changed
//! which store, what was written into an outbox, how many events there are.

use crate::model::{Event, EventId, InstanceId, MessageId, OutboxId, ServiceId};

use super::world::World;

/// Who has changed a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which of the last step's records says so, from 0.
    pub record: u32,
    /// The event whose handler did it.
    pub event: EventId,
    /// Whose worker that had.
    pub instance: InstanceId,
}

impl World {
    /// The record that was noted last says that the handler of a message has changed a store.
    pub(super) fn note_change(&mut self, message: MessageId) {
        let message = self.messages.get(message);
        let (event, instance) = (message.event.id, message.to);
        let record = u32::try_from(self.fresh.len().saturating_sub(1)).unwrap_or(u32::MAX);
        self.changes.push(Change { record, event, instance });
    }

    /// Who has changed stores in the last step, in the order of its records. A crash, which empties
    /// them, is nobody.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// How many events a service has made: those up to [`EventId::count`] there are.
    #[must_use]
    pub fn produced(&self, service: ServiceId) -> u64 {
        self.services.get(service.index()).map_or(0, |it| it.produced)
    }

    /// An event that waits in an outbox; the newest are found first.
    #[must_use]
    pub fn outboxed(&self, outbox: OutboxId, event: EventId) -> Option<&Event> {
        self.outboxes[outbox.index()].entries.events().rev().find(|it| it.id == event)
    }
}
