//! A queue topic: competing consumers, leases, acks, redelivery, dead letters, de-duplication.
//!
//! Behaviour, where brokers differ: a redelivery goes before newer messages and a message that
//! comes back takes up its place by age (RabbitMQ "Consumer Acknowledgements and Publisher
//! Confirms", *requeued messages*; JetStream redelivers before new messages). A lease runs from
//! delivery, not from the start of work. A late ack is accepted and cancels the redelivery
//! (JetStream 2.9). The window of de-duplication runs from the first accepted publish and is
//! not extended by further attempts (JetStream `duplicate_window`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::{EventId, InstanceId, MessageId, QueueTopic, Span, Time};

/// Which delivery of which entry an ack or nack is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The entry's place in the queue's table.
    slot: u32,
    /// Which delivery, counted over the queue.
    lease: u32,
    /// The entry's age: the how-manieth it was to be accepted.
    sequence: u64,
}

/// What the queue wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a copy of this entry to a consumer.
    Deliver {
        /// The entry.
        entry: MessageId,
        /// To whom.
        consumer: InstanceId,
        /// What its ack will refer to.
        ticket: Ticket,
        /// Which delivery of it this is, from 1.
        delivery: u16,
    },
    /// The entry was acked and is gone.
    Acked(MessageId),
    /// The entry waits again.
    Requeued(MessageId),
    /// The entry was delivered too often, or was rejected, and has left the queue.
    DeadLettered(MessageId),
}

/// What became of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The entry is in the queue.
    Yes,
    /// The same event was accepted before, within the window.
    Duplicate,
    /// There is no room.
    Full,
}

/// A queue topic.
#[derive(Clone, Debug)]
pub struct Queue {
    settings: QueueTopic,
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// Entries that were never delivered, oldest first.
    fresh: VecDeque<u32>,
    /// Entries that came back, by age; they go first.
    returned: BTreeMap<u64, u32>,
    /// Entries that a nack put off, until when.
    delayed: BTreeSet<(Time, u64, u32)>,
    consumers: Vec<Consumer>,
    /// The consumer that was served last.
    cursor: usize,
    /// Leases in the order in which they run out, which is the order they were given.
    deadlines: VecDeque<(Time, Ticket)>,
    /// Leases that ran out while the consumer had the message in its hands; they still take up
    /// its prefetch.
    overdue: BTreeMap<u32, InstanceId>,
    /// Leases that run on although the consumer has let the message go and said nothing.
    abandoned: BTreeSet<u32>,
    recent: VecDeque<(Time, EventId)>,
    recent_ids: BTreeSet<EventId>,
    next_sequence: u64,
    next_lease: u32,
    leased: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    message: MessageId,
    sequence: u64,
    deliveries: u16,
    /// The lease that is out, and who holds it.
    lease: Option<(u32, InstanceId)>,
    used: bool,
}

#[derive(Clone, Copy, Debug)]
struct Consumer {
    instance: InstanceId,
    prefetch: u32,
    /// Deliveries that it has not acked and that are leased to it or in its hands.
    held: u32,
    connected: bool,
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(settings: QueueTopic) -> Self {
        Self {
            settings,
            entries: Vec::new(),
            free: Vec::new(),
            fresh: VecDeque::new(),
            returned: BTreeMap::new(),
            delayed: BTreeSet::new(),
            consumers: Vec::new(),
            cursor: 0,
            deadlines: VecDeque::new(),
            overdue: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            recent: VecDeque::new(),
            recent_ids: BTreeSet::new(),
            next_sequence: 0,
            next_lease: 0,
            leased: 0,
        }
    }

    /// Messages that wait, those put off included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.fresh.len() + self.returned.len() + self.delayed.len()
    }

    /// Messages that a consumer holds.
    #[must_use]
    pub fn leased(&self) -> u32 {
        self.leased
    }

    /// Every message in the queue, waiting or leased.
    pub fn messages(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.entries.iter().filter(|entry| entry.used).map(|entry| entry.message)
    }

    /// When [`tick`](Self::tick) has something to do, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        let lease = self.deadlines.front().map(|&(at, _)| at);
        let delayed = self.delayed.first().map(|&(at, _, _)| at);
        match (lease, delayed) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// A publish arrived. A message that is not accepted stays the caller's.
    pub fn publish(&mut self, now: Time, message: MessageId, event: EventId) -> Accepted {
        if let Some(window) = self.settings.dedupe_window {
            self.forget(now, window);
            if self.recent_ids.contains(&event) {
                return Accepted::Duplicate;
            }
        }
        if let Some(capacity) = self.settings.capacity
            && self.waiting() >= capacity as usize
        {
            return Accepted::Full;
        }
        if self.settings.dedupe_window.is_some() {
            self.recent_ids.insert(event);
            self.recent.push_back((now, event));
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let entry = Entry { message, sequence, deliveries: 0, lease: None, used: true };
        let slot = if let Some(slot) = self.free.pop() {
            self.entries[slot as usize] = entry;
            slot
        } else {
            self.entries.push(entry);
            u32::try_from(self.entries.len() - 1).expect("messages are numbered in 32 bits")
        };
        self.fresh.push_back(slot);
        Accepted::Yes
    }

    fn forget(&mut self, now: Time, window: Span) {
        while let Some(&(accepted, event)) = self.recent.front()
            && accepted + window <= now
        {
            self.recent.pop_front();
            self.recent_ids.remove(&event);
        }
    }

    /// A consumer connected.
    pub fn connect(&mut self, instance: InstanceId, prefetch: u32) {
        let consumer = Consumer { instance, prefetch, held: 0, connected: true };
        if let Some(known) = self.consumers.iter_mut().find(|it| it.instance == instance) {
            *known = consumer;
        } else {
            self.consumers.push(consumer);
        }
    }

    /// A consumer's connection was lost: all that it held waits again.
    pub fn disconnect(&mut self, instance: InstanceId, out: &mut Vec<Effect>) {
        for consumer in &mut self.consumers {
            if consumer.instance == instance {
                consumer.connected = false;
            }
        }
        self.overdue.retain(|_, holder| *holder != instance);
        for index in 0..self.entries.len() {
            let entry = self.entries[index];
            if entry.used && entry.lease.is_some_and(|(_, holder)| holder == instance) {
                self.give_back(index, None, out);
            }
        }
    }

    /// Hands waiting messages to consumers that have room, in turn.
    pub fn hand_out(&mut self, now: Time, out: &mut Vec<Effect>) {
        while !(self.fresh.is_empty() && self.returned.is_empty()) {
            let Some(index) = self.next_consumer() else { return };
            let slot = match self.returned.pop_first() {
                Some((_, slot)) => slot,
                None => self.fresh.pop_front().expect("one of the two is not empty"),
            };
            self.cursor = index;
            let consumer = &mut self.consumers[index];
            consumer.held += 1;
            let lease = self.next_lease;
            self.next_lease = self.next_lease.wrapping_add(1);
            let entry = &mut self.entries[slot as usize];
            entry.deliveries = entry.deliveries.saturating_add(1);
            entry.lease = Some((lease, consumer.instance));
            self.leased += 1;
            let ticket = Ticket { slot, lease, sequence: entry.sequence };
            if let Some(wait) = self.settings.ack_wait {
                self.deadlines.push_back((now + wait, ticket));
            }
            out.push(Effect::Deliver {
                entry: entry.message,
                consumer: consumer.instance,
                ticket,
                delivery: entry.deliveries,
            });
        }
    }

    fn next_consumer(&self) -> Option<usize> {
        let count = self.consumers.len();
        (1..=count).map(|step| (self.cursor + step) % count).find(|&index| {
            let consumer = &self.consumers[index];
            consumer.connected && consumer.held < consumer.prefetch
        })
    }

    /// The entry a ticket is about, if it is still in the queue.
    fn entry_of(&self, ticket: Ticket) -> Option<usize> {
        let entry = self.entries.get(ticket.slot as usize)?;
        (entry.used && entry.sequence == ticket.sequence).then_some(ticket.slot as usize)
    }

    /// An ack arrived. Whichever delivery it is for, the message is done; if it was gone
    /// already nothing happens.
    pub fn ack(&mut self, ticket: Ticket, out: &mut Vec<Effect>) {
        self.let_go(ticket);
        let Some(index) = self.entry_of(ticket) else { return };
        let entry = self.entries[index];
        if entry.lease.is_some() {
            self.end_lease(index);
        } else {
            self.returned.remove(&entry.sequence);
            self.delayed.retain(|&(_, sequence, _)| sequence != entry.sequence);
        }
        self.remove(index);
        out.push(Effect::Acked(entry.message));
    }

    /// A nack arrived: the message waits again, at once or at `until`. One that is not for the
    /// delivery that is out does nothing.
    pub fn nack(&mut self, ticket: Ticket, until: Option<Time>, out: &mut Vec<Effect>) {
        self.let_go(ticket);
        if let Some(index) = self.entry_of(ticket)
            && self.entries[index].lease.is_some_and(|(lease, _)| lease == ticket.lease)
        {
            self.give_back(index, until, out);
        }
    }

    /// A rejection arrived: the message goes to the dead letters.
    pub fn reject(&mut self, ticket: Ticket, out: &mut Vec<Effect>) {
        self.let_go(ticket);
        if let Some(index) = self.entry_of(ticket)
            && self.entries[index].lease.is_some_and(|(lease, _)| lease == ticket.lease)
        {
            self.end_lease(index);
            out.push(Effect::DeadLettered(self.entries[index].message));
            self.remove(index);
        }
    }

    /// A delivery is in nobody's hands any more, whether or not it was acked: its consumer has
    /// room for another as soon as its lease is over too. Gives whether it has room by this.
    pub fn let_go(&mut self, ticket: Ticket) -> bool {
        if let Some(holder) = self.overdue.remove(&ticket.lease) {
            self.give_room(holder);
            return true;
        }
        if let Some(index) = self.entry_of(ticket)
            && self.entries[index].lease.is_some_and(|(lease, _)| lease == ticket.lease)
        {
            self.abandoned.insert(ticket.lease);
        }
        false
    }

    /// Leases that have run out by `now` end, and what was put off until `now` waits again.
    pub fn tick(&mut self, now: Time, out: &mut Vec<Effect>) {
        while let Some(&(at, ticket)) = self.deadlines.front() {
            let open = self.entry_of(ticket).filter(|&index| {
                self.entries[index].lease.is_some_and(|(lease, _)| lease == ticket.lease)
            });
            match open {
                Some(_) if at > now => break,
                Some(index) => {
                    let lease = self.entries[index].lease;
                    if let Some((lease, holder)) = lease
                        && !self.abandoned.contains(&lease)
                    {
                        // It has room again only when it lets the message go.
                        self.overdue.insert(lease, holder);
                        self.take_room(holder);
                    }
                    self.give_back(index, None, out);
                }
                None => {}
            }
            self.deadlines.pop_front();
        }
        while let Some(&(at, sequence, slot)) = self.delayed.first()
            && at <= now
        {
            self.delayed.pop_first();
            self.returned.insert(sequence, slot);
        }
    }

    /// Ends an entry's lease; it waits again, or is a dead letter if it was delivered as often
    /// as it may be.
    fn give_back(&mut self, index: usize, until: Option<Time>, out: &mut Vec<Effect>) {
        self.end_lease(index);
        let entry = self.entries[index];
        if self.settings.max_deliveries.is_some_and(|most| u32::from(entry.deliveries) >= most) {
            out.push(Effect::DeadLettered(entry.message));
            self.remove(index);
            return;
        }
        let slot = u32::try_from(index).expect("slots are numbered in 32 bits");
        match until {
            Some(until) => {
                self.delayed.insert((until, entry.sequence, slot));
            }
            None => {
                self.returned.insert(entry.sequence, slot);
            }
        }
        out.push(Effect::Requeued(entry.message));
    }

    fn end_lease(&mut self, index: usize) {
        if let Some((lease, holder)) = self.entries[index].lease.take() {
            self.leased -= 1;
            self.abandoned.remove(&lease);
            self.give_room(holder);
        }
    }

    fn give_room(&mut self, holder: InstanceId) {
        if let Some(consumer) = self.consumers.iter_mut().find(|it| it.instance == holder) {
            consumer.held = consumer.held.saturating_sub(1);
        }
    }

    fn take_room(&mut self, holder: InstanceId) {
        if let Some(consumer) = self.consumers.iter_mut().find(|it| it.instance == holder) {
            consumer.held += 1;
        }
    }

    fn remove(&mut self, index: usize) {
        self.entries[index].used = false;
        self.free.push(u32::try_from(index).expect("slots are numbered in 32 bits"));
    }
}
