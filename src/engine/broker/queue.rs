//! A queue topic: competing consumers, leases, acks, redelivery, dead letters, de-duplication.
//!
//! Behaviour, where brokers differ: a redelivery goes before newer messages and a message that
//! comes back takes up its place by age (RabbitMQ "Consumer Acknowledgements and Publisher
//! Confirms", *requeued messages*; JetStream redelivers before new messages). A lease runs from
//! delivery, not from the start of work. A late ack is accepted and cancels the redelivery
//! (JetStream 2.9). The window of de-duplication runs from the first accepted publish and is
//! not extended by further attempts (JetStream `duplicate_window`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::{
    EventId, InstanceId, MessageId, Overflow, QueueOrder, QueueTopic, Settlement, Span, Time,
};

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

impl Ticket {
    /// The ticket as three words.
    #[must_use]
    pub const fn words(self) -> [u64; 3] {
        [self.slot as u64, self.lease as u64, self.sequence]
    }

    /// The ticket that [`words`](Self::words) made words of.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "they are as wide as they were")]
    pub const fn of_words([slot, lease, sequence]: [u64; 3]) -> Self {
        Self { slot: slot as u32, lease: lease as u32, sequence }
    }
}

impl Ticket {
    /// Which delivery it is of, counted over the queue.
    #[must_use]
    pub fn lease(self) -> u32 {
        self.lease
    }
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
    /// The entry has left the queue and is a dead letter, for this reason.
    Died(MessageId, Settlement),
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

/// An entry as it is kept for a while after its ack, so that the ack can be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The entry.
    pub message: MessageId,
    sequence: u64,
    key: u64,
    deliveries: u16,
    counted: u16,
}

/// Who holds a lease whose consumer is gone.
const NOBODY: InstanceId = InstanceId(u32::MAX);

/// A queue topic.
#[derive(Clone, Debug)]
pub struct Queue {
    settings: QueueTopic,
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// Entries that may be handed out, by age. Entries that came back are the older ones, and so
    /// go first.
    ready: Ready,
    /// With an order to keep: for each key, the entries behind the one that is in flight.
    lines: BTreeMap<u64, Line>,
    /// Entries that a nack put off, until when.
    delayed: BTreeSet<(Time, u64, u32)>,
    waiting: usize,
    /// In the order in which they connected.
    consumers: Vec<Consumer>,
    /// The consumer whose turn it is.
    cursor: usize,
    /// When leases run out. Leases that have ended stay in it until then.
    deadlines: BTreeMap<(Time, u32), Ticket>,
    /// When entries expire, which is the order in which they came.
    expiries: VecDeque<(Time, u32, u64)>,
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
    /// Entries that were delivered at least once.
    begun: u32,
}

/// Entries by age: those never delivered came in order, and only others need a tree.
#[derive(Clone, Debug, Default)]
struct Ready {
    fresh: VecDeque<(u64, u32)>,
    returned: BTreeMap<u64, u32>,
}

impl Ready {
    fn insert(&mut self, sequence: u64, slot: u32) {
        if self.fresh.back().is_none_or(|&(last, _)| last < sequence) {
            self.fresh.push_back((sequence, slot));
        } else {
            self.returned.insert(sequence, slot);
        }
    }

    fn oldest(&self) -> Option<u32> {
        let fresh = self.fresh.front().copied();
        let returned = self.returned.first_key_value().map(|(&sequence, &slot)| (sequence, slot));
        fresh.into_iter().chain(returned).min().map(|(_, slot)| slot)
    }

    fn pop(&mut self) -> Option<u32> {
        let fresh = self.fresh.front().copied();
        match (self.returned.first_key_value(), fresh) {
            (Some((&returned, _)), Some((fresh, _))) if fresh < returned => {
                self.fresh.pop_front().map(|(_, slot)| slot)
            }
            (Some(_), _) => self.returned.pop_first().map(|(_, slot)| slot),
            (None, _) => self.fresh.pop_front().map(|(_, slot)| slot),
        }
    }

    fn remove(&mut self, sequence: u64) -> bool {
        if self.returned.remove(&sequence).is_some() {
            return true;
        }
        match self.fresh.binary_search_by_key(&sequence, |&(it, _)| it) {
            Ok(place) => self.fresh.remove(place).is_some(),
            Err(_) => false,
        }
    }
}

/// The entries of one key that wait for one before them.
#[derive(Clone, Debug, Default)]
struct Line {
    /// Whether one of them is ready, in flight, or put off.
    busy: bool,
    behind: BTreeMap<u64, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    message: MessageId,
    sequence: u64,
    key: u64,
    deliveries: u16,
    /// Deliveries that count towards the limit.
    counted: u16,
    /// When it expires.
    expires: Time,
    /// The lease that is out, and who holds it.
    lease: Option<(u32, InstanceId)>,
    /// When that lease runs out.
    ends: Time,
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
            ready: Ready::default(),
            lines: BTreeMap::new(),
            delayed: BTreeSet::new(),
            waiting: 0,
            consumers: Vec::new(),
            cursor: 0,
            deadlines: BTreeMap::new(),
            expiries: VecDeque::new(),
            overdue: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            recent: VecDeque::new(),
            recent_ids: BTreeSet::new(),
            next_sequence: 0,
            next_lease: 0,
            leased: 0,
            begun: 0,
        }
    }

    /// Messages that wait, those put off included.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
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
        let lease = self.deadlines.first_key_value().map(|(&(at, _), _)| at);
        let delayed = self.delayed.first().map(|&(at, _, _)| at);
        let expiry = self.expiries.front().map(|&(at, _, _)| at);
        [lease, delayed, expiry].into_iter().flatten().min()
    }

    /// A publish arrived. A message that is not accepted stays the caller's. `key` decides whom
    /// it keeps its order with.
    pub fn publish(
        &mut self,
        now: Time,
        message: MessageId,
        event: EventId,
        key: u64,
        out: &mut Vec<Effect>,
    ) -> Accepted {
        if let Some(window) = self.settings.dedupe_window {
            self.forget(now, window);
            if self.recent_ids.contains(&event) {
                return Accepted::Duplicate;
            }
        }
        if let Some(capacity) = self.settings.capacity
            && self.waiting >= capacity as usize
        {
            match self.settings.overflow {
                Overflow::Refuse => return Accepted::Full,
                Overflow::DropOldest => self.drop_oldest(out),
            }
        }
        if self.settings.dedupe_window.is_some() {
            self.recent_ids.insert(event);
            self.recent.push_back((now, event));
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let expires = self.settings.expires.map_or(Time::MAX, |it| now + it);
        let (deliveries, counted, lease, ends, used) = (0, 0, None, Time::MAX, true);
        let entry =
            Entry { message, sequence, key, deliveries, counted, expires, lease, ends, used };
        let slot = self.place(entry);
        if expires < Time::MAX {
            self.expiries.push_back((expires, slot, sequence));
        }
        self.waiting += 1;
        self.wait(slot);
        Accepted::Yes
    }

    /// The entry that an ack is about, while it is there.
    #[must_use]
    pub fn kept(&self, ticket: Ticket) -> Option<Kept> {
        let Entry { message, sequence, key, deliveries, counted, .. } =
            self.entries[self.entry_of(ticket)?];
        Some(Kept { message, sequence, key, deliveries, counted })
    }

    /// The ack of an entry is forgotten: it waits again in its place, as this message.
    pub fn put_back(&mut self, kept: Kept, message: MessageId) {
        let Kept { sequence, key, deliveries, counted, .. } = kept;
        let (expires, ends, lease, used) = (Time::MAX, Time::MAX, None, true);
        let entry =
            Entry { message, sequence, key, deliveries, counted, expires, lease, ends, used };
        let slot = self.place(entry);
        self.begun += u32::from(deliveries > 0);
        self.waiting += 1;
        self.wait(slot);
    }

    fn place(&mut self, entry: Entry) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.entries[slot as usize] = entry;
            return slot;
        }
        self.entries.push(entry);
        u32::try_from(self.entries.len() - 1).expect("messages are numbered in 32 bits")
    }

    fn forget(&mut self, now: Time, window: Span) {
        while let Some(&(accepted, event)) = self.recent.front()
            && accepted + window <= now
        {
            self.recent.pop_front();
            self.recent_ids.remove(&event);
        }
    }

    /// The line that an entry stands in, if there is an order to keep.
    fn line(&mut self, key: u64) -> Option<&mut Line> {
        match self.settings.order {
            QueueOrder::AsSent => None,
            QueueOrder::ByKey => Some(self.lines.entry(key).or_default()),
        }
    }

    /// An entry that came new is ready, or stands behind one that keeps its line busy.
    fn wait(&mut self, slot: u32) {
        let Entry { sequence, key, .. } = self.entries[slot as usize];
        if let Some(line) = self.line(key) {
            if line.busy {
                line.behind.insert(sequence, slot);
                return;
            }
            line.busy = true;
        }
        self.ready.insert(sequence, slot);
    }

    /// The entry that kept a line busy is gone: the next one's turn.
    fn advance(&mut self, key: u64) {
        let Some(line) = self.line(key) else { return };
        match line.behind.pop_first() {
            Some((sequence, slot)) => self.ready.insert(sequence, slot),
            None => {
                self.lines.remove(&key);
            }
        }
    }

    /// Lets go of the oldest entry that waits.
    fn drop_oldest(&mut self, out: &mut Vec<Effect>) {
        let oldest = if self.settings.order == QueueOrder::AsSent && self.delayed.is_empty() {
            self.ready.oldest().map(|slot| slot as usize)
        } else {
            let entries = self.entries.iter().enumerate();
            let waiting = entries.filter(|(_, it)| it.used && it.lease.is_none());
            waiting.min_by_key(|(_, it)| it.sequence).map(|(index, _)| index)
        };
        if let Some(index) = oldest {
            self.take_out(index);
            out.push(Effect::Died(self.entries[index].message, Settlement::Overflowed));
            self.remove(index);
        }
    }

    /// Takes a waiting entry from where it waits.
    fn take_out(&mut self, index: usize) {
        let Entry { sequence, key, .. } = self.entries[index];
        self.waiting -= 1;
        if self.line(key).is_some_and(|line| line.behind.remove(&sequence).is_some()) {
            return;
        }
        if !self.ready.remove(sequence) {
            self.delayed.retain(|&(_, it, _)| it != sequence);
        }
        self.advance(key);
    }

    /// A consumer connected.
    pub fn connect(&mut self, instance: InstanceId, prefetch: u32) {
        self.consumers.retain(|it| it.instance != instance);
        self.consumers.push(Consumer { instance, prefetch, held: 0, connected: true });
    }

    /// A consumer's connection was lost: all that it held waits again, at once or when its lease
    /// is over.
    pub fn disconnect(&mut self, now: Time, instance: InstanceId, out: &mut Vec<Effect>) {
        for consumer in &mut self.consumers {
            if consumer.instance == instance {
                consumer.connected = false;
            }
        }
        self.overdue.retain(|_, holder| *holder != instance);
        for index in 0..self.entries.len() {
            let entry = self.entries[index];
            let Some((lease, holder)) = entry.lease.filter(|_| entry.used) else { continue };
            if holder == instance && self.settings.leases_outlive_connections() {
                self.entries[index].lease = Some((lease, NOBODY));
            } else if holder == instance {
                self.give_back(now, index, None, out);
            }
        }
    }

    /// A consumer's connection was lost, but the consumer lives: what it held waits again at
    /// once, unless the broker knows nothing of connections.
    pub fn sever(&mut self, now: Time, instance: InstanceId, out: &mut Vec<Effect>) {
        if !self.settings.leases_outlive_connections() {
            return self.disconnect(now, instance, out);
        }
        for consumer in self.consumers.iter_mut().filter(|it| it.instance == instance) {
            consumer.connected = false;
        }
    }

    /// A consumer that lived on without its connection has one again. Where leases outlive
    /// connections it still holds what it held.
    pub fn rejoin(&mut self, instance: InstanceId, prefetch: u32) {
        self.connect(instance, prefetch);
        let leased = self.entries.iter().filter(|it| it.used).filter_map(|it| it.lease);
        let held = leased.map(|(_, holder)| holder).chain(self.overdue.values().copied());
        let held = held.filter(|it| *it == instance).count();
        if let Some(consumer) = self.consumers.last_mut() {
            consumer.held = u32::try_from(held).unwrap_or(u32::MAX);
        }
    }

    /// How many deliveries there were, which is what the next [`Ticket`] will be numbered.
    #[must_use]
    pub fn next_lease(&self) -> u32 {
        self.next_lease
    }

    /// Hands waiting messages to consumers that have room, in turn.
    pub fn hand_out(&mut self, now: Time, out: &mut Vec<Effect>) {
        while !(self.ready.fresh.is_empty() && self.ready.returned.is_empty()) {
            let Some(index) = self.next_consumer() else { return };
            // What was delivered once and is not settled keeps its place among those, even while
            // it is put off (JetStream counts it as pending).
            let is_new =
                self.ready.oldest().is_some_and(|it| self.entries[it as usize].deliveries == 0);
            if is_new && self.settings.max_unacked.is_some_and(|most| self.begun >= most) {
                return;
            }
            self.begun += u32::from(is_new);
            let slot = self.ready.pop().expect("there is one that is ready");
            self.cursor = index + 1;
            self.waiting -= 1;
            let consumer = &mut self.consumers[index];
            consumer.held += 1;
            let lease = self.next_lease;
            self.next_lease = self.next_lease.wrapping_add(1);
            let entry = &mut self.entries[slot as usize];
            entry.deliveries = entry.deliveries.saturating_add(1);
            entry.counted = entry.counted.saturating_add(1);
            entry.lease = Some((lease, consumer.instance));
            self.leased += 1;
            let ticket = Ticket { slot, lease, sequence: entry.sequence };
            let (consumer, message, delivery) =
                (consumer.instance, entry.message, entry.deliveries);
            if let Some(wait) = self.ack_wait(delivery) {
                self.entries[slot as usize].ends = now + wait;
                self.deadlines.insert((now + wait, lease), ticket);
            }
            out.push(Effect::Deliver { entry: message, consumer, ticket, delivery });
        }
    }

    /// How long a lease of this delivery (from 1) lasts.
    fn ack_wait(&self, delivery: u16) -> Option<Span> {
        let backoff = &self.settings.backoff;
        let place = usize::from(delivery).min(backoff.len());
        place.checked_sub(1).map(|it| backoff[it]).or(self.settings.ack_wait)
    }

    fn next_consumer(&self) -> Option<usize> {
        let count = self.consumers.len();
        let has_room = |it: &Consumer| it.held < it.prefetch;
        if self.settings.single_active {
            let active = self.consumers.iter().position(|it| it.connected)?;
            return has_room(&self.consumers[active]).then_some(active);
        }
        (0..count).map(|step| (self.cursor + step) % count).find(|&index| {
            let consumer = &self.consumers[index];
            consumer.connected && has_room(consumer)
        })
    }

    /// The entry a ticket is about, if it is still in the queue.
    fn entry_of(&self, ticket: Ticket) -> Option<usize> {
        let entry = self.entries.get(ticket.slot as usize)?;
        (entry.used && entry.sequence == ticket.sequence).then_some(ticket.slot as usize)
    }

    /// The entry a ticket is about, if the lease it names is the one that is out.
    fn leased_by(&self, ticket: Ticket) -> Option<usize> {
        self.entry_of(ticket).filter(|&index| {
            self.entries[index].lease.is_some_and(|(lease, _)| lease == ticket.lease)
        })
    }

    /// An ack arrived. Whichever delivery it is for, the message is done; if it was gone
    /// already nothing happens.
    pub fn ack(&mut self, ticket: Ticket, out: &mut Vec<Effect>) {
        if let Some(message) = self.settle(ticket) {
            out.push(Effect::Acked(message));
        }
    }

    /// A nack arrived: the message waits again, at once or at `until`, whichever delivery it is
    /// for (seen at `JetStream`).
    pub fn nack(&mut self, now: Time, ticket: Ticket, until: Option<Time>, out: &mut Vec<Effect>) {
        self.let_go(ticket);
        let Some(index) = self.entry_of(ticket) else { return };
        let Entry { lease, sequence, .. } = self.entries[index];
        if lease.is_some() {
            if self.settings.nacks_are_free {
                self.entries[index].counted -= 1;
            }
            if self.leased_by(ticket).is_none() {
                self.keep_in_hands(index);
            }
            self.give_back(now, index, until, out);
        } else if let Some(&put_off) = self.delayed.iter().find(|it| it.1 == sequence) {
            self.delayed.remove(&put_off);
            self.delayed.insert((until.unwrap_or(now), sequence, ticket.slot));
        }
    }

    /// A rejection arrived: the message goes to the dead letters, whichever delivery it is for.
    pub fn reject(&mut self, ticket: Ticket, out: &mut Vec<Effect>) {
        if let Some(message) = self.settle(ticket) {
            out.push(Effect::Died(message, Settlement::Rejected));
        }
    }

    /// Goes by other settings from now on. Leases that run go on as they were.
    pub fn set(&mut self, settings: QueueTopic) {
        self.settings = settings;
    }

    /// A consumer may hold so many from now on.
    pub fn set_prefetch(&mut self, instance: InstanceId, prefetch: u32) {
        if let Some(consumer) = self.consumers.iter_mut().find(|it| it.instance == instance) {
            consumer.prefetch = prefetch;
        }
    }

    /// Deletes every entry, waiting or leased; gives them. Consumers that have one in their hands
    /// have room for another when they let it go.
    pub fn purge(&mut self) -> Vec<MessageId> {
        let mut gone = Vec::new();
        for index in 0..self.entries.len() {
            let Entry { message, lease, key, used, .. } = self.entries[index];
            if !used {
                continue;
            }
            if lease.is_some() {
                self.keep_in_hands(index);
                self.end_lease(index);
                self.advance(key);
            } else {
                self.take_out(index);
            }
            self.remove(index);
            gone.push(message);
        }
        gone
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let by_entry = self.entries.len() * size_of::<Entry>() + self.waiting * 32;
        let kept = self.expiries.len() * 24 + self.deadlines.len() * 56;
        by_entry + kept + self.recent.len() * 40
    }

    /// An entry is made a dead letter by hand, wherever it is; false if there is no such entry. A
    /// consumer that has it in its hands has room for another only when it lets it go.
    pub fn bury(&mut self, message: MessageId, out: &mut Vec<Effect>) -> bool {
        let found = self.entries.iter().position(|it| it.used && it.message == message);
        let Some(index) = found else { return false };
        let Entry { lease, key, .. } = self.entries[index];
        if lease.is_some() {
            self.keep_in_hands(index);
            self.end_lease(index);
            self.advance(key);
        } else {
            self.take_out(index);
        }
        self.remove(index);
        out.push(Effect::Died(message, Settlement::Rejected));
        true
    }

    /// The message that a ticket is about, if it is still in the queue.
    #[must_use]
    pub fn message_of(&self, ticket: Ticket) -> Option<MessageId> {
        self.entry_of(ticket).map(|index| self.entries[index].message)
    }

    /// A consumer still works on a message: its lease runs anew from now, whichever delivery it
    /// says it of.
    pub fn extend(&mut self, now: Time, ticket: Ticket) {
        let Some(index) = self.entry_of(ticket) else { return };
        let Entry { lease, deliveries, .. } = self.entries[index];
        if let (Some((lease, _)), Some(wait)) = (lease, self.ack_wait(deliveries)) {
            self.entries[index].ends = now + wait;
            self.deadlines.insert((now + wait, lease), Ticket { lease, ..ticket });
        }
    }

    /// Takes out the entry that a ticket is about.
    fn settle(&mut self, ticket: Ticket) -> Option<MessageId> {
        self.let_go(ticket);
        let index = self.entry_of(ticket)?;
        let Entry { message, lease, key, .. } = self.entries[index];
        if lease.is_some() {
            if self.leased_by(ticket).is_none() {
                self.keep_in_hands(index);
            }
            self.end_lease(index);
            self.advance(key);
        } else {
            self.take_out(index);
        }
        self.remove(index);
        Some(message)
    }

    /// Who was handed an entry whose lease is over by no doing of its own has room again only
    /// when it lets the message go.
    fn keep_in_hands(&mut self, index: usize) {
        if let Some((lease, holder)) = self.entries[index].lease
            && holder != NOBODY
            && !self.abandoned.contains(&lease)
        {
            self.overdue.insert(lease, holder);
            self.take_room(holder);
        }
    }

    /// A delivery is in nobody's hands any more, whether or not it was acked: its consumer has
    /// room for another as soon as its lease is over too. Gives whether it has room by this.
    pub fn let_go(&mut self, ticket: Ticket) -> bool {
        if let Some(holder) = self.overdue.remove(&ticket.lease) {
            self.give_room(holder);
            return true;
        }
        if self.leased_by(ticket).is_some() {
            self.abandoned.insert(ticket.lease);
        }
        false
    }

    /// Leases that have run out by `now` end, what was put off until `now` waits again, and what
    /// has waited too long dies.
    pub fn tick(&mut self, now: Time, out: &mut Vec<Effect>) {
        while let Some((&(at, _), &ticket)) = self.deadlines.first_key_value() {
            match self.leased_by(ticket) {
                Some(_) if at > now => break,
                Some(index) if self.entries[index].ends > at => {}
                Some(index) => {
                    self.keep_in_hands(index);
                    self.give_back(now, index, None, out);
                }
                None => {}
            }
            self.deadlines.pop_first();
        }
        while let Some(&(at, sequence, slot)) = self.delayed.first()
            && at <= now
        {
            self.delayed.pop_first();
            if self.is_worn_out(slot as usize) {
                self.waiting -= 1;
                self.die(slot as usize, Settlement::TooOften, out);
            } else {
                self.ready.insert(sequence, slot);
            }
        }
        while let Some(&(at, slot, sequence)) = self.expiries.front()
            && at <= now
        {
            self.expiries.pop_front();
            let entry = self.entries[slot as usize];
            // One that is in flight is looked at when it comes back.
            if entry.used && entry.sequence == sequence && entry.lease.is_none() {
                let index = slot as usize;
                self.take_out(index);
                out.push(Effect::Died(entry.message, Settlement::Expired));
                self.remove(index);
            }
        }
    }

    /// Ends an entry's lease; it waits again, or is a dead letter if it was delivered as often
    /// as it may be.
    fn give_back(&mut self, now: Time, index: usize, until: Option<Time>, out: &mut Vec<Effect>) {
        self.end_lease(index);
        let entry = self.entries[index];
        // One that is put off is given up only when that time is over (seen at JetStream).
        if until.is_none() && self.is_worn_out(index) {
            return self.die(index, Settlement::TooOften, out);
        }
        if entry.expires <= now {
            return self.die(index, Settlement::Expired, out);
        }
        let slot = u32::try_from(index).expect("slots are numbered in 32 bits");
        self.waiting += 1;
        // It keeps its line busy: those behind it go on waiting.
        match until {
            Some(until) => {
                self.delayed.insert((until, entry.sequence, slot));
            }
            None => self.ready.insert(entry.sequence, slot),
        }
        out.push(Effect::Requeued(entry.message));
    }

    /// Whether an entry was delivered as often as it may be.
    fn is_worn_out(&self, index: usize) -> bool {
        let counted = u32::from(self.entries[index].counted);
        self.settings.max_deliveries.is_some_and(|most| counted >= most)
    }

    /// An entry whose lease is over is a dead letter.
    fn die(&mut self, index: usize, why: Settlement, out: &mut Vec<Effect>) {
        let Entry { message, key, .. } = self.entries[index];
        out.push(Effect::Died(message, why));
        self.remove(index);
        self.advance(key);
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
        self.begun -= u32::from(self.entries[index].deliveries > 0);
        self.entries[index].used = false;
        self.free.push(u32::try_from(index).expect("slots are numbered in 32 bits"));
    }
}
