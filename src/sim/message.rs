//! Messages: the copies that travel and wait, in a table whose places are used again.

use crate::engine::broker::queue::Ticket;
use crate::model::event::MAX_FIELDS;
use crate::model::{Event, EventId, EventTypeId, InstanceId, LinkId, MessageId, Role, Time};

/// One copy of something travelling or waiting.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// What it carries, or is about.
    pub event: Event,
    /// What it is for.
    pub role: Role,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// The link it is on, or came by; meaningless for arrivals.
    pub link: LinkId,
    /// The instance that sent it; for a delivery the one it goes to.
    pub from: InstanceId,
    /// The instance it goes to; for what goes to a topic the one that sent it.
    pub to: InstanceId,
    /// What its receiver needs to know of it.
    pub token: Token,
    /// When it came to the instance where it waits or is worked on.
    pub since: Time,
}

/// What the receiver of a message needs to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Nothing.
    None,
    /// A request or its answer: the task that waits, and which of its waits it is.
    Caller {
        /// The task.
        task: u32,
        /// The wait.
        wait: u32,
    },
    /// A delivery of a queue, or its ack: which.
    Ticket(Ticket),
    /// A delivery of a log, or a commit: where.
    Offset {
        /// The partition.
        partition: u32,
        /// The offset delivered, or the next one to be read.
        offset: u64,
        /// The epoch of the reading (see [`Members`](crate::engine::broker::group::Members));
        /// for a commit, the connection it is sent by.
        epoch: u32,
    },
    /// A publish that is to be confirmed.
    Publish {
        /// Which life of the producer sent it.
        incarnation: u32,
        /// The client's number of it.
        serial: u32,
        /// Its place among what the producer sends to the partition.
        sequence: u32,
        /// To which partition; 0 on a queue.
        partition: u16,
        /// The epoch that the sequence counts in.
        epoch: u16,
    },
    /// A confirm or a refusal of a publish: which.
    Answer {
        /// Which life of the producer sent it.
        incarnation: u32,
        /// The client's number of it.
        serial: u32,
        /// Whether it was refused for its sequence.
        is_out_of_order: bool,
    },
    /// A fetch: by this connection, room for so many in all.
    Room {
        /// The reader's connection.
        session: u32,
        /// So many.
        upto: u32,
    },
}

/// All messages that are alive.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    slots: Vec<Message>,
    free: Vec<u32>,
}

/// What a place holds before it is first filled.
const BLANK: Message = Message {
    event: Event {
        id: EventId(0),
        event_type: EventTypeId(0),
        time: Time::ZERO,
        cause: None,
        lineage: 0,
        fields: [0; MAX_FIELDS],
    },
    role: Role::Arrival,
    attempt: 1,
    link: LinkId(u32::MAX),
    from: InstanceId(0),
    to: InstanceId(0),
    token: Token::None,
    since: Time::ZERO,
};

impl Messages {
    /// So many places of which these are free, in this order; what is in the others is to be
    /// [filled in](Self::fill).
    pub(super) fn with_free(slots: usize, free: Vec<u32>) -> Self {
        Self { slots: vec![BLANK; slots], free }
    }

    /// Fills the places that are not free, in order.
    pub(super) fn fill(&mut self, messages: impl Iterator<Item = Message>) {
        let alive = self.places();
        let places = self.slots.iter_mut().zip(alive).filter(|(_, is_alive)| *is_alive);
        places.zip(messages).for_each(|((place, _), message)| *place = message);
    }

    /// For each place, whether it is taken.
    fn places(&self) -> Vec<bool> {
        let mut alive = vec![true; self.slots.len()];
        for &slot in &self.free {
            alive[slot as usize] = false;
        }
        alive
    }

    /// The places that are free, in the order in which they are not taken.
    pub(super) fn free(&self) -> &[u32] {
        &self.free
    }

    /// Takes a message in.
    #[inline]
    pub fn insert(&mut self, message: &Message) -> MessageId {
        let id = self.take();
        *self.get_mut(id) = *message;
        id
    }

    /// Takes a place for a message, to be filled there: it is not copied on its way.
    #[inline]
    pub fn take(&mut self) -> MessageId {
        match self.free.pop() {
            Some(slot) => MessageId(slot),
            None => self.grow(),
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> MessageId {
        let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 messages are alive");
        self.slots.push(BLANK);
        MessageId(slot)
    }

    /// Forgets a message; its id will name another.
    #[inline]
    pub fn remove(&mut self, id: MessageId) {
        self.free.push(id.0);
    }

    /// A message that is alive.
    #[inline]
    pub fn get(&self, id: MessageId) -> &Message {
        &self.slots[id.index()]
    }

    /// A message that is alive.
    #[inline]
    pub fn get_mut(&mut self, id: MessageId) -> &mut Message {
        &mut self.slots[id.index()]
    }

    /// Whether a place holds a message that is alive, perhaps another than it once did.
    pub fn is_alive(&self, id: MessageId) -> bool {
        id.index() < self.slots.len() && !self.free.contains(&id.0)
    }

    /// How many are alive.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many there were at most at a time.
    pub fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// Those that are alive.
    pub fn iter(&self) -> impl Iterator<Item = (MessageId, &Message)> {
        let alive = self.places();
        self.slots
            .iter()
            .enumerate()
            .filter(move |&(slot, _)| alive[slot])
            .map(|(slot, message)| (MessageId::from_index(slot), message))
    }
}
