//! The audit: where every message is.

use crate::model::{Event, MessageId};

use super::publish::PublishCounts;
use super::world::{Broker, Scheduled, World};

/// Where the messages alive at an instant are. Each is in exactly one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// On a link, those that a cut link holds included.
    pub on_links: u64,
    /// In the inbound queue of an instance, or outside it.
    pub waiting: u64,
    /// In the hands of a worker.
    pub in_hands: u64,
    /// In a queue topic, waiting or leased, or handed to a log whose broker is another program.
    pub in_queues: u64,
    /// Failed messages of a log that will be tried again.
    pub to_try_again: u64,
    /// Publishes that their producers have not heard of; a copy may be anywhere.
    pub unconfirmed: u64,
    /// Events that wait in outboxes.
    pub in_outboxes: u64,
    /// Messages that are in no place, or in several, and publishes that are neither pending nor
    /// anything else: none, if the program is right.
    pub misplaced: u64,
    /// Messages made since the run began.
    pub made: u64,
    /// Messages that did what they were for.
    pub ended: u64,
    /// Messages that did not.
    pub dropped: u64,
}

impl Audit {
    /// Messages alive.
    #[must_use]
    pub const fn alive(&self) -> u64 {
        self.on_links + self.waiting + self.in_hands + self.in_queues + self.to_try_again
    }

    /// Whether every message is in exactly one place and the sums agree.
    #[must_use]
    pub const fn is_balanced(&self) -> bool {
        self.misplaced == 0 && self.made == self.ended + self.dropped + self.alive()
    }
}

impl World {
    /// Goes through every place where a message can be, and counts.
    #[must_use]
    pub fn audit(&self) -> Audit {
        let mut found = vec![0_u32; self.messages.slot_count()];
        let mut audit = Audit::default();
        let mut see = |id: MessageId, place: &mut u64| {
            found[id.index()] += 1;
            *place += 1;
        };
        for entry in self.agenda.iter() {
            match *entry {
                Scheduled::Leave(id) | Scheduled::Vanish(id) | Scheduled::Land(id) => {
                    see(id, &mut audit.on_links);
                }
                Scheduled::TryAgain(id) => see(id, &mut audit.to_try_again),
                _ => {}
            }
        }
        for link in &self.links {
            for &id in &link.held {
                see(id, &mut audit.on_links);
            }
        }
        for instance in &self.instances {
            let lanes = instance.lanes.iter();
            let lanes = lanes.flat_map(|lane| lane.waiting.iter().chain(lane.early.values()));
            let gathered = instance.gatherings.iter().flat_map(|it| &it.waiting);
            let queued = instance.queue.iter().chain(&instance.blocked);
            for &id in queued.chain(lanes).chain(gathered) {
                see(id, &mut audit.waiting);
            }
        }
        for run in self.batches.values() {
            for id in run.others() {
                see(id, &mut audit.in_hands);
            }
        }
        for receiver in self.services.iter().flat_map(|it| &it.receivers) {
            for id in receiver.order.waiting() {
                see(id, &mut audit.waiting);
            }
        }
        for task in self.tasks.slots.iter().filter(|task| task.used) {
            see(task.message, &mut audit.in_hands);
        }
        for topic in &self.topics {
            for id in topic.remote.iter().flat_map(|it| it.messages()) {
                see(id, &mut audit.in_queues);
            }
            for id in topic.mirror.iter().flat_map(|it| it.messages()) {
                see(id, &mut audit.in_queues);
            }
            if let Broker::Queue(queue) = &topic.broker {
                for id in queue.messages() {
                    see(id, &mut audit.in_queues);
                }
            }
        }
        let alive: Vec<MessageId> = self.messages.iter().map(|(id, _)| id).collect();
        let seen_once = alive.iter().filter(|id| found[id.index()] == 1).count() as u64;
        let seen: u64 = found.iter().map(|&times| u64::from(times)).sum();
        audit.misplaced = (alive.len() as u64 - seen_once) + (seen - seen_once);
        for state in self.instances.iter().flat_map(|it| &it.producers) {
            let PublishCounts { published, confirmed, failed, forgotten, .. } = state.counts;
            let pending = state.client.pending() as u64;
            audit.unconfirmed += pending;
            audit.misplaced += published.abs_diff(confirmed + failed + forgotten + pending);
        }
        for outbox in &self.outboxes {
            let waiting = outbox.entries.waiting() as u64;
            audit.in_outboxes += waiting;
            audit.misplaced += outbox.entries.written.abs_diff(outbox.entries.published + waiting);
        }
        audit.made = self.counters.made.iter().sum();
        audit.ended = self.counters.ended.iter().sum();
        audit.dropped = self.counters.dropped.iter().sum();
        audit
    }

    /// The events that a person can point at: those of messages alive (at most `most`), and the
    /// last `tail` of each partition.
    #[must_use]
    pub fn events_in_sight(&self, most: usize, tail: usize) -> Vec<Event> {
        let alive = self.messages.iter().map(|(_, message)| message.event);
        let mut events: Vec<Event> = alive.take(most).collect();
        for outbox in &self.outboxes {
            events.extend(outbox.entries.events().take(most));
        }
        for topic in &self.topics {
            let Broker::Log(log) = &topic.broker else { continue };
            for partition in (0_u32..).take(log.partition_count()) {
                events.extend(log.last_events(partition, tail));
            }
        }
        events
    }
}
