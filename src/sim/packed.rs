//! Worlds packed for keeping: the large tables (messages, what is scheduled, histograms) in few
//! bits, the rest as it is, sharing what it can. A fifth of the size, and the same world. The tables
//! can be put by, so that less than that is in memory.

use std::sync::Arc;

use crate::engine::broker::queue::Ticket;
use crate::model::event::MAX_FIELDS;
use crate::model::{
    Event, EventId, EventTypeId, InstanceId, LinkId, MessageId, Role, ServiceId, Time,
};

use super::agenda::Entry;
use super::attic::{Attic, Form, Room, Stored};
use super::histogram::Histogram;
use super::logs::Logs;
use super::message::{Message, Messages, Token};
use super::scheduled::Scheduled;
use super::table::Table;
use super::world::World;

/// A world that is kept and not run.
pub struct Packed {
    /// The world without its large tables, and without the full chunks of its logs.
    rest: World,
    tables: Stored<Tables>,
    /// Those chunks, if there are any. While they are in memory others share them.
    logs: Option<Stored<Logs>>,
    /// What is scheduled and has no form in bytes, in order.
    odd: Box<[Scheduled]>,
}

/// The large tables of a world.
struct Tables {
    messages: PackedMessages,
    scheduled: Table<5>,
    /// The counts of its histograms.
    counts: Box<[u8]>,
}

impl Form for Tables {
    fn write(&self, out: &mut Writer) {
        let Self { messages: PackedMessages { slots, free, alive }, scheduled, counts } = self;
        out.number(*slots as u64);
        free.write(out);
        alive.write(out);
        scheduled.write(out);
        out.bytes(counts);
    }

    fn read(from: &mut Reader) -> Option<Self> {
        let slots = usize::try_from(from.try_number()?).ok()?;
        let messages = PackedMessages { slots, free: Form::read(from)?, alive: Form::read(from)? };
        let scheduled = Table::read(from)?;
        Some(Self { messages, scheduled, counts: from.try_bytes()?.into() })
    }

    fn size_bytes(&self) -> usize {
        let Self { messages, scheduled, counts } = self;
        let messages = messages.free.size_bytes() + messages.alive.size_bytes();
        messages + scheduled.size_bytes() + counts.len()
    }
}

/// Writes numbers so that small ones take little room.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A number: a byte for each seven of its bits.
    #[inline]
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// So many bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// What was written.
    #[must_use]
    pub fn into_bytes(self) -> Box<[u8]> {
        self.bytes.into_boxed_slice()
    }
}

/// Reads what a [`Writer`] wrote, in the same order.
#[derive(Debug)]
pub struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    /// From the beginning.
    #[must_use]
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A number.
    #[inline]
    pub fn number(&mut self) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.bytes[self.at];
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }

    /// A number, unless the bytes are at an end or it is none.
    #[must_use]
    pub fn try_number(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(value);
            }
            shift += 7;
        }
    }

    /// The bytes that were written together, unless these are at an end before.
    #[must_use]
    pub fn try_bytes(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.try_number()?).ok()?;
        let bytes = self.bytes.get(self.at..)?.get(..length)?;
        self.at += length;
        Some(bytes)
    }

    /// Whether everything was read.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// A number of things.
    #[expect(clippy::cast_possible_truncation, reason = "it was the length of something here")]
    pub fn count(&mut self) -> usize {
        self.number() as usize
    }
}

impl Packed {
    /// Packs a world; it is the same afterwards.
    #[must_use]
    pub fn of(world: &mut World) -> Self {
        let messages = std::mem::take(&mut world.messages);
        let heap = world.agenda.take_heap();
        let histograms = each_histogram(world, Histogram::take_counts);
        let logs = Logs::take(world);
        let rest = world.clone();
        logs.clone().put(world);
        let mut counts = Writer::default();
        for it in &histograms {
            write_counts(it, &mut counts);
        }
        let odd = heap.iter().map(|it| it.what).filter(|it| words_of(*it)[0] == ODD);
        let tables = Tables {
            messages: PackedMessages::of(&messages),
            scheduled: Table::of(heap.iter().map(entry_row)),
            counts: counts.into_bytes(),
        };
        let logs = (!logs.is_empty()).then(|| Stored::new(logs));
        let packed = Self { rest, tables: Stored::new(tables), logs, odd: odd.collect() };
        world.messages = messages;
        world.agenda.put_heap(heap);
        let mut histograms = histograms.into_iter();
        each_histogram(world, |it| it.put_counts(histograms.next().unwrap_or_default()));
        packed
    }

    /// The world; `None` if what was put by cannot be read back.
    #[must_use]
    pub fn world(&self) -> Option<World> {
        let tables = self.tables.get()?;
        let mut world = self.rest.clone();
        if let Some(logs) = &self.logs {
            Logs::clone(&*logs.get()?).put(&mut world);
        }
        world.messages = tables.messages.unpack();
        let mut odd = self.odd.iter();
        let entries = tables.scheduled.rows().map(|row| entry_of(row, &mut odd));
        world.agenda.put_heap(entries.collect());
        let mut from = Reader::new(&tables.counts);
        each_histogram(&mut world, |it| it.put_counts(read_counts(&mut from)));
        Some(world)
    }

    /// Whether something of it can be put by that the world of a run's head has no use for.
    #[must_use]
    pub fn can_be_put_by(&self, head: &World) -> bool {
        self.tables.is_here() || self.has_logs_alone(head)
    }

    /// Puts its tables by, and what its logs keep unless the world of the run's head keeps most of
    /// that, too: it would be in memory all the same. False if there is no room for them.
    pub fn put_by(&self, attic: &Arc<dyn Attic>, head: &World) -> bool {
        let mut logs = self.logs.iter().filter(|_| self.has_logs_alone(head));
        logs.all(|it| it.put_by(attic)) && self.tables.put_by(attic)
    }

    /// Whether what its logs keep is in memory, and hardly any of it is in another world's logs.
    #[must_use]
    pub fn has_logs_alone(&self, head: &World) -> bool {
        self.has_logs_here() && 2 * self.rest.sealed_shared_bytes(head) < self.log_bytes()
    }

    /// Whether what its logs keep is in memory, if they keep anything.
    fn has_logs_here(&self) -> bool {
        self.logs.as_ref().is_some_and(Stored::is_here)
    }

    /// About how much memory it takes what its logs keep if it shares nothing, in bytes.
    #[must_use]
    pub fn log_bytes(&self) -> usize {
        self.rest.sealed_apart_bytes(None)
    }

    /// The instant it has come to.
    #[must_use]
    pub fn now(&self) -> Time {
        self.rest.now()
    }

    /// How many events a service has made.
    #[must_use]
    pub fn produced(&self, service: ServiceId) -> u64 {
        self.rest.produced(service)
    }

    /// About how much of what it shares with others it does not share with this earlier one, in
    /// bytes.
    #[must_use]
    pub fn apart_bytes(&self, earlier: Option<&Self>) -> usize {
        let sealed = if self.has_logs_here() {
            // What has been put by is shared with nobody any more.
            let earlier = earlier.filter(|it| it.has_logs_here());
            self.rest.sealed_apart_bytes(earlier.map(|it| &it.rest))
        } else {
            0
        };
        sealed + self.rest.apart_bytes(earlier.map(|it| &it.rest))
    }

    /// About how much room it takes; what it shares with others is not counted.
    #[must_use]
    pub fn room(&self) -> Room {
        let rest = self.rest.size_bytes() + size_of_val(&*self.odd);
        // In memory they are shared with others.
        let logs = self.logs.iter().filter(|it| !it.is_here()).map(Stored::room);
        Room::of_memory(rest) + self.tables.room() + logs.sum()
    }
}

/// Does something to each histogram of a world, in order.
fn each_histogram<T>(world: &mut World, mut what: impl FnMut(&mut Histogram) -> T) -> Vec<T> {
    let mut given = Vec::new();
    for service in &mut world.services {
        given.push(what(&mut service.statistics.waiting));
        given.push(what(&mut service.statistics.response));
    }
    if let Some(beliefs) = &mut world.beliefs {
        given.extend(beliefs.measures.iter_mut().map(|it| what(&mut it.window)));
    }
    given
}

fn write_counts(counts: &[u64], out: &mut Writer) {
    out.number(counts.len() as u64);
    let mut at = 0;
    while let Some(&count) = counts.get(at) {
        out.number(count);
        at += 1;
        if count == 0 {
            let more = counts[at..].iter().take_while(|it| **it == 0).count();
            out.number(more as u64);
            at += more;
        }
    }
}

fn read_counts(from: &mut Reader) -> Vec<u64> {
    let length = from.count();
    let mut counts = Vec::with_capacity(length);
    while counts.len() < length {
        let count = from.number();
        counts.push(count);
        if count == 0 {
            let more = from.count();
            counts.resize(counts.len() + more, 0);
        }
    }
    counts
}

/// The messages of a world.
struct PackedMessages {
    slots: usize,
    /// The places that are free.
    free: Table<1>,
    /// What is in the others, in order.
    alive: Table<COLUMNS>,
}

impl PackedMessages {
    fn of(messages: &Messages) -> Self {
        let alive: Vec<&Message> = messages.iter().map(|(_, message)| message).collect();
        Self {
            slots: messages.slot_count(),
            free: Table::of(messages.free().iter().map(|slot| [u64::from(*slot)])),
            alive: Table::of(alive.iter().map(|it| row_of(it))),
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "it was a place in a table")]
    fn unpack(&self) -> Messages {
        let free = self.free.rows().map(|[slot]| slot as u32);
        let mut messages = Messages::with_free(self.slots, free.collect());
        messages.fill(self.alive.rows().map(|row| message_of(&row)));
        messages
    }
}

/// The columns of a message.
const COLUMNS: usize = 18 + MAX_FIELDS;

type Row = [u64; COLUMNS];

/// The column of what a message is for.
const ROLE: usize = 8;

/// How many words make a message.
pub(super) const MESSAGE_WORDS: usize = COLUMNS;

/// A message as words.
pub(super) fn message_words(message: &Message) -> [u64; MESSAGE_WORDS] {
    row_of(message)
}

/// What [`message_words`] wrote, unless it is none of that.
pub(super) fn word_message(words: &[u64; MESSAGE_WORDS]) -> Option<Message> {
    let is_role = usize::try_from(words[ROLE]).is_ok_and(|it| it < Role::ALL.len());
    let message = is_role.then(|| message_of(words))?;
    // Words that were too wide for what they stand for are not what they were.
    (row_of(&message) == *words).then_some(message)
}

fn row_of(message: &Message) -> Row {
    let Message { event, role, attempt, link, from, to, token, since } = *message;
    let mut row = [0; COLUMNS];
    row[..14].copy_from_slice(&[
        event.id.producer().0.into(),
        event.id.count(),
        event.event_type.0.into(),
        event.time.0,
        event.cause.is_some().into(),
        event.cause.map_or(0, |it| it.producer().0.into()),
        event.cause.map_or(0, EventId::count),
        event.lineage,
        role as u64,
        attempt.into(),
        link.0.into(),
        from.0.into(),
        to.0.into(),
        since.0,
    ]);
    row[14..18].copy_from_slice(&token_words(token));
    row[18..].copy_from_slice(&event.fields);
    row
}

#[expect(clippy::cast_possible_truncation, reason = "columns are as wide as when they were made")]
fn message_of(row: &Row) -> Message {
    let id = |producer: u64, count| EventId::new(ServiceId(producer as u16), count);
    let mut fields = [0; MAX_FIELDS];
    fields.copy_from_slice(&row[18..]);
    Message {
        event: Event {
            id: id(row[0], row[1]),
            event_type: EventTypeId(row[2] as u16),
            time: Time(row[3]),
            cause: (row[4] != 0).then(|| id(row[5], row[6])),
            lineage: row[7],
            fields,
        },
        role: Role::ALL[row[ROLE] as usize],
        attempt: row[9] as u16,
        link: LinkId(row[10] as u32),
        from: InstanceId(row[11] as u32),
        to: InstanceId(row[12] as u32),
        since: Time(row[13]),
        token: token_of([row[14], row[15], row[16], row[17]]),
    }
}

const fn pair(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

fn token_words(token: Token) -> [u64; 4] {
    match token {
        Token::None => [0; 4],
        Token::Caller { task, wait } => [1, task.into(), wait.into(), 0],
        Token::Ticket(ticket) => {
            let [slot, lease, sequence] = ticket.words();
            [2, slot, lease, sequence]
        }
        Token::Offset { partition, offset, epoch } => [3, partition.into(), offset, epoch.into()],
        Token::Publish { incarnation, serial, sequence, partition, epoch } => {
            let row = u64::from(partition) << 16 | u64::from(epoch);
            [4, pair(incarnation, serial), sequence.into(), row]
        }
        Token::Answer { incarnation, serial, is_out_of_order } => {
            [5, incarnation.into(), serial.into(), is_out_of_order.into()]
        }
        Token::Room { session, upto } => [6, session.into(), upto.into(), 0],
    }
}

#[expect(clippy::cast_possible_truncation, reason = "words are as wide as when they were made")]
fn token_of([tag, a, b, c]: [u64; 4]) -> Token {
    match tag {
        1 => Token::Caller { task: a as u32, wait: b as u32 },
        2 => Token::Ticket(Ticket::of_words([a, b, c])),
        3 => Token::Offset { partition: a as u32, offset: b, epoch: c as u32 },
        4 => Token::Publish {
            incarnation: (a >> 32) as u32,
            serial: a as u32,
            sequence: b as u32,
            partition: (c >> 16) as u16,
            epoch: c as u16,
        },
        5 => Token::Answer { incarnation: a as u32, serial: b as u32, is_out_of_order: c != 0 },
        6 => Token::Room { session: a as u32, upto: b as u32 },
        _ => Token::None,
    }
}

/// What stands for what has no form in words.
const ODD: u64 = 4;

/// What is scheduled, in words.
fn words_of(what: Scheduled) -> [u64; 3] {
    match what {
        Scheduled::Leave(it) => [0, it.0.into(), 0],
        Scheduled::Resume { task, wait } => [1, task.into(), wait.into()],
        Scheduled::TimeOut { task, wait } => [2, task.into(), wait.into()],
        Scheduled::Vanish(it) => [3, it.0.into(), 0],
        _ => [ODD, 0, 0],
    }
}

fn entry_row(entry: &Entry<Scheduled>) -> [u64; 5] {
    let [tag, a, b] = words_of(entry.what);
    [entry.at, entry.sequence, tag, a, b]
}

#[expect(clippy::cast_possible_truncation, reason = "words are as wide as when they were made")]
fn entry_of<'o>(
    [at, sequence, tag, a, b]: [u64; 5],
    odd: &mut impl Iterator<Item = &'o Scheduled>,
) -> Entry<Scheduled> {
    let what = match tag {
        0 => Scheduled::Leave(MessageId(a as u32)),
        1 => Scheduled::Resume { task: a as u32, wait: b as u32 },
        2 => Scheduled::TimeOut { task: a as u32, wait: b as u32 },
        3 => Scheduled::Vanish(MessageId(a as u32)),
        _ => *odd.next().expect("as many as were put there"),
    };
    Entry { at, sequence, what }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_read_as_they_were_written(
            counts in prop::collection::vec(prop_oneof![Just(0), any::<u64>()], 0..60),
        ) {
            let mut out = Writer::default();
            write_counts(&counts, &mut out);
            let bytes = out.into_bytes();
            let mut from = Reader::new(&bytes);
            prop_assert_eq!(read_counts(&mut from), counts);
            prop_assert_eq!(from.at, bytes.len());
        }

        #[test]
        fn a_token_is_what_it_was(
            words in prop::array::uniform3(0..u64::from(u32::MAX)), tag in 0..7_u64
        ) {
            let token = token_of([tag, words[0], words[1], words[2]]);
            prop_assert_eq!(token_of(token_words(token)), token);
        }
    }
}
