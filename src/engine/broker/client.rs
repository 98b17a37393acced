//! A producer's client: what was published and is not confirmed, what is sent again, and in
//! which order.
//!
//! After Kafka's `Sender`, `RecordAccumulator` and `TransactionManager` (4.0), with every event
//! a batch of its own. Within a partition nothing overtakes what rests before it is sent again
//! (`RecordAccumulator.drainBatchesForOneNode`), but what was on its way already may arrive
//! first. An idempotent producer numbers what it sends to a partition; what has a number is sent
//! again only when it is the first that is unconfirmed (`shouldStopDrainBatchesForPartition`).
//! When one that had a number was given up, nothing new is sent until the rest of them is
//! settled; then, unless the confirms show that it arrived, the producer begins a new epoch,
//! which counts from 0 (`maybeResolveSequences`).
//!
//! On a queue nothing waits for anything else: each publish is tried again for itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Event, EventId, OutboxId, Producer, Time};

/// Who is to be told how a publish went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Nobody.
    Nobody,
    /// A task that waits, and which of its waits it is.
    Task {
        /// The task.
        task: u32,
        /// The wait.
        wait: u32,
    },
    /// The relay of an outbox.
    Relay(OutboxId),
}

/// An attempt that is to be put on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// What.
    pub event: Event,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// The client's own number of the publish.
    pub serial: u32,
    /// To which partition.
    pub partition: u32,
    /// The epoch that the sequence counts in.
    pub epoch: u16,
    /// Its place among what this producer sends to the partition; 0 if it is not idempotent.
    pub sequence: u32,
}

/// What the client wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// This is sent.
    Send(Sending),
    /// A publish was confirmed.
    Confirmed(Asker),
    /// A publish was given up; it may be in its topic all the same.
    GaveUp(Event, Asker),
}

/// A producer's client.
#[derive(Clone, Debug)]
pub struct Client {
    settings: Producer,
    /// Whether a partition's events keep their order as far as can be: those of logs.
    is_ordered: bool,
    pending: BTreeMap<u32, Pending>,
    lanes: BTreeMap<u32, Lane>,
    /// When which publish must be looked at.
    wakes: BTreeSet<(Time, u32)>,
    /// The publishes that are sent as soon as there is room.
    ready: BTreeSet<u32>,
    in_flight: u32,
    next_serial: u32,
    unkeyed: u32,
}

/// A publish that is neither confirmed nor given up.
#[derive(Clone, Copy, Debug)]
struct Pending {
    event: Event,
    asker: Asker,
    partition: u32,
    sequence: Option<u32>,
    /// Whether nothing before it was pending when it was sent.
    was_first: bool,
    /// How often its asker had it published before.
    before: u16,
    /// How often it was sent.
    attempt: u16,
    state: State,
    /// When it is given up.
    until: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It can be sent.
    Queued,
    /// It is sent again not before this.
    Resting(Time),
    /// It is on its way, and its confirm is waited for until this.
    InFlight(Time),
}

/// What is pending for a partition; on a queue, all that is pending.
#[derive(Clone, Debug, Default)]
struct Lane {
    /// All that is pending, the oldest first.
    line: BTreeSet<u32>,
    /// Those of them that are not on their way; on a queue, those that can be sent.
    idle: BTreeSet<u32>,
    /// The one that is among the ready.
    offered: Option<u32>,
    epoch: u16,
    next_sequence: u32,
    /// One more than the last sequence that was confirmed.
    confirmed: u32,
    /// Whether one that had a sequence was given up, and it is not known whether it arrived.
    is_unresolved: bool,
}

impl Client {
    /// A client that has published nothing.
    #[must_use]
    pub const fn new(settings: Producer, is_ordered: bool) -> Self {
        Self {
            settings,
            is_ordered,
            pending: BTreeMap::new(),
            lanes: BTreeMap::new(),
            wakes: BTreeSet::new(),
            ready: BTreeSet::new(),
            in_flight: 0,
            next_serial: 0,
            unkeyed: 0,
        }
    }

    /// How many publishes are neither confirmed nor given up.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether an event is pending.
    #[must_use]
    pub fn has(&self, event: EventId) -> bool {
        self.pending.values().any(|it| it.event.id == event)
    }

    /// Whose turn it is of so many partitions, for an event without a key.
    pub const fn take_turn(&mut self, partitions: u32) -> u32 {
        self.unkeyed = (self.unkeyed + 1) % partitions;
        self.unkeyed
    }

    /// When [`tick`](Self::tick) has something to do, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        self.wakes.first().map(|&(at, _)| at)
    }

    /// An event is to be published, that its asker had published so often before.
    pub fn publish(
        &mut self,
        now: Time,
        (event, before): (Event, u16),
        partition: u32,
        asker: Asker,
        out: &mut Vec<Effect>,
    ) {
        let serial = self.next_serial;
        self.next_serial = self.next_serial.wrapping_add(1);
        let until = self.settings.delivery_timeout.map_or(Time::MAX, |it| now + it);
        let pending = Pending {
            event,
            asker,
            partition,
            sequence: None,
            was_first: false,
            before,
            attempt: 0,
            state: State::Queued,
            until,
        };
        self.pending.insert(serial, pending);
        self.wake(serial);
        let lane = self.lanes.entry(partition).or_default();
        lane.line.insert(serial);
        lane.idle.insert(serial);
        self.offer(partition);
        self.drain(now, out);
    }

    /// A confirm came for this attempt. Gives whether it was waited for.
    pub fn confirm(&mut self, now: Time, serial: u32, attempt: u16, out: &mut Vec<Effect>) -> bool {
        if !self.awaits(serial, attempt) {
            return false;
        }
        let pending = self.remove(serial);
        if let (Some(sequence), Some(lane)) =
            (pending.sequence, self.lanes.get_mut(&pending.partition))
        {
            lane.confirmed = lane.confirmed.max(sequence + 1);
        }
        out.push(Effect::Confirmed(pending.asker));
        self.settle(pending.partition);
        self.drain(now, out);
        true
    }

    /// A refusal came for this attempt; `is_out_of_order` if for its sequence. Gives whether an
    /// answer was waited for.
    pub fn refuse(
        &mut self,
        now: Time,
        serial: u32,
        attempt: u16,
        is_out_of_order: bool,
        out: &mut Vec<Effect>,
    ) -> bool {
        if !self.awaits(serial, attempt) {
            return false;
        }
        let Pending { partition, was_first, .. } = self.pending[&serial];
        if is_out_of_order && was_first {
            // Nothing is left that could come before it and make its sequence the right one.
            self.begin_epoch(partition);
        }
        self.try_again(now, serial, out);
        self.drain(now, out);
        true
    }

    /// What is due by `now`: confirms that did not come, rests that are over, publishes that are
    /// given up.
    pub fn tick(&mut self, now: Time, out: &mut Vec<Effect>) {
        while let Some(&(at, serial)) = self.wakes.first()
            && at <= now
        {
            let pending = self.pending[&serial];
            match pending.state {
                _ if pending.until <= now => self.give_up(serial, out),
                State::InFlight(_) => self.try_again(now, serial, out),
                State::Queued | State::Resting(_) => {
                    self.set(serial, State::Queued);
                    self.lanes.entry(pending.partition).or_default().idle.insert(serial);
                    self.offer(pending.partition);
                }
            }
        }
        self.drain(now, out);
    }

    /// The client is gone; gives what it had not heard of yet.
    pub fn forget(&mut self) -> Vec<(Event, Asker)> {
        let pending = std::mem::take(&mut self.pending);
        *self = Self::new(self.settings, self.is_ordered);
        pending.into_values().map(|it| (it.event, it.asker)).collect()
    }

    fn awaits(&self, serial: u32, attempt: u16) -> bool {
        let pending = self.pending.get(&serial);
        pending.is_some_and(|it| {
            it.before.saturating_add(it.attempt) == attempt
                && matches!(it.state, State::InFlight(_))
        })
    }

    /// Sends what can be sent, the oldest first, while there is room.
    fn drain(&mut self, now: Time, out: &mut Vec<Effect>) {
        while self.in_flight < self.settings.max_in_flight
            && let Some(&serial) = self.ready.first()
        {
            self.set(serial, State::InFlight(now + self.settings.timeout));
            self.in_flight += 1;
            let Some(pending) = self.pending.get_mut(&serial) else { return };
            let partition = pending.partition;
            let lane = self.lanes.entry(partition).or_default();
            lane.idle.remove(&serial);
            let epoch = lane.epoch;
            pending.attempt = pending.attempt.saturating_add(1);
            pending.was_first = lane.line.first() == Some(&serial);
            if self.settings.idempotent && pending.sequence.is_none() {
                pending.sequence = Some(lane.next_sequence);
                lane.next_sequence += 1;
            }
            out.push(Effect::Send(Sending {
                event: pending.event,
                attempt: pending.before.saturating_add(pending.attempt),
                serial,
                partition,
                epoch,
                sequence: pending.sequence.unwrap_or(0),
            }));
            self.offer(partition);
        }
    }

    /// Sees which of a lane's publishes can be sent next, if any.
    fn offer(&mut self, partition: u32) {
        let Some(lane) = self.lanes.get_mut(&partition) else { return };
        if let Some(before) = lane.offered.take() {
            self.ready.remove(&before);
        }
        let Some(&head) = lane.idle.first() else { return };
        let Pending { state, sequence, .. } = self.pending[&head];
        // Answers come in order by a connection, so that whoever waits for one has no more than
        // the window behind it. Without that the broker would not remember it when it is sent
        // again.
        let first = lane.line.first().and_then(|it| self.pending[it].sequence);
        let oldest = first.unwrap_or(lane.next_sequence);
        let is_its_turn = match sequence {
            Some(_) => lane.line.first() == Some(&head),
            None => {
                !lane.is_unresolved && lane.next_sequence < oldest + self.settings.max_in_flight
            }
        };
        if state == State::Queued && is_its_turn {
            lane.offered = Some(head);
            self.ready.insert(head);
        }
    }

    /// An attempt failed.
    fn try_again(&mut self, now: Time, serial: u32, out: &mut Vec<Effect>) {
        let Pending { attempt, until, partition, .. } = self.pending[&serial];
        let is_last = self.settings.retries.is_some_and(|most| u32::from(attempt) > most);
        if is_last || attempt == u16::MAX || until <= now {
            return self.give_up(serial, out);
        }
        self.set(serial, State::Resting(now + self.settings.backoff.pause(attempt)));
        self.in_flight -= 1;
        if self.is_ordered {
            self.lanes.entry(partition).or_default().idle.insert(serial);
        }
        self.offer(partition);
    }

    fn give_up(&mut self, serial: u32, out: &mut Vec<Effect>) {
        let pending = self.remove(serial);
        if let Some(lane) = self.lanes.get_mut(&pending.partition) {
            lane.is_unresolved |= pending.sequence.is_some();
        }
        out.push(Effect::GaveUp(pending.event, pending.asker));
        self.settle(pending.partition);
    }

    /// Forgets a publish that is pending.
    fn remove(&mut self, serial: u32) -> Pending {
        let pending = self.pending[&serial];
        self.wakes.remove(&(pending.wakes(), serial));
        self.pending.remove(&serial);
        self.in_flight -= u32::from(matches!(pending.state, State::InFlight(_)));
        self.ready.remove(&serial);
        if let Some(lane) = self.lanes.get_mut(&pending.partition) {
            lane.line.remove(&serial);
            lane.idle.remove(&serial);
        }
        pending
    }

    /// One of a lane's publishes is no more.
    fn settle(&mut self, partition: u32) {
        let Some(lane) = self.lanes.get_mut(&partition) else { return };
        let is_settled = lane.line.first().is_none_or(|it| self.pending[it].sequence.is_none());
        if lane.is_unresolved && is_settled {
            if lane.confirmed == lane.next_sequence {
                lane.is_unresolved = false;
            } else {
                self.begin_epoch(partition);
            }
        }
        self.offer(partition);
    }

    /// Counts a lane's sequences from 0 again, in another epoch.
    fn begin_epoch(&mut self, partition: u32) {
        let Some(lane) = self.lanes.get_mut(&partition) else { return };
        lane.epoch = lane.epoch.wrapping_add(1);
        (lane.next_sequence, lane.confirmed, lane.is_unresolved) = (0, 0, false);
        for serial in &lane.line {
            if let Some(Pending { sequence: Some(sequence), .. }) = self.pending.get_mut(serial) {
                *sequence = lane.next_sequence;
                lane.next_sequence += 1;
            }
        }
    }

    fn set(&mut self, serial: u32, state: State) {
        let Some(pending) = self.pending.get_mut(&serial) else { return };
        self.wakes.remove(&(pending.wakes(), serial));
        pending.state = state;
        self.wake(serial);
    }

    fn wake(&mut self, serial: u32) {
        let at = self.pending[&serial].wakes();
        if at < Time::MAX {
            self.wakes.insert((at, serial));
        }
    }
}

impl Pending {
    /// When it must be looked at.
    fn wakes(&self) -> Time {
        match self.state {
            State::Queued => self.until,
            State::Resting(at) | State::InFlight(at) => at.min(self.until),
        }
    }
}
