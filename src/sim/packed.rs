//! Worlds packed for keeping: the large tables (messages, what is scheduled, histograms) as
//! bytes, the rest as it is, sharing what it can. A fifth of the size, and the same world.

use crate::engine::broker::queue::Ticket;
use crate::model::event::MAX_FIELDS;
use crate::model::{
    Event, EventId, EventTypeId, InstanceId, LinkId, MessageId, Role, ServiceId, Time,
};

use super::agenda::Entry;
use super::histogram::Histogram;
use super::message::{Message, Messages, Token};
use super::scheduled::Scheduled;
use super::world::World;

/// A world that is kept and not run.
pub struct Packed {
    /// The world without its large tables.
    rest: World,
    /// The tables.
    bytes: Box<[u8]>,
    /// What is scheduled and has no form in bytes, in order.
    odd: Box<[Scheduled]>,
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

    /// A row of a table: which columns are other than in the row before, and by how much.
    #[inline]
    pub fn row<const N: usize>(&mut self, row: &[u64; N], before: &mut [u64; N]) {
        let mut changed = 0_u64;
        for column in 0..N {
            changed |= u64::from(row[column] != before[column]) << column;
        }
        self.number(changed);
        while changed != 0 {
            let column = changed.trailing_zeros() as usize;
            changed &= changed - 1;
            let by = row[column].wrapping_sub(before[column]).cast_signed();
            self.number((by << 1 ^ by >> 63).cast_unsigned());
        }
        *before = *row;
    }

    /// A word that is as good as random.
    #[inline]
    pub fn word(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
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

    /// A row of a table; `row` is the one before, and becomes this one.
    #[inline]
    pub fn row<const N: usize>(&mut self, row: &mut [u64; N]) {
        let mut changed = self.number();
        while changed != 0 {
            let column = changed.trailing_zeros() as usize;
            changed &= changed - 1;
            let coded = self.number();
            let by = coded >> 1 ^ (coded & 1).wrapping_neg();
            row[column] = row[column].wrapping_add(by);
        }
    }

    /// A word that is as good as random.
    #[inline]
    pub fn word(&mut self) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.bytes[self.at..self.at + 8]);
        self.at += 8;
        u64::from_le_bytes(word)
    }
}

impl Packed {
    /// Packs a world; it is the same afterwards.
    #[must_use]
    pub fn of(world: &mut World) -> Self {
        let mut out = Writer { bytes: Vec::with_capacity(64 * world.messages.slot_count() + 1024) };
        let mut odd = Vec::new();
        let messages = std::mem::take(&mut world.messages);
        let heap = world.agenda.take_heap();
        let counts = each_histogram(world, Histogram::take_counts);
        let rest = world.clone();
        write_messages(&messages, world.now(), &mut out);
        write_heap(&heap, world.now(), &mut out, &mut odd);
        for counts in &counts {
            write_counts(counts, &mut out);
        }
        world.messages = messages;
        world.agenda.put_heap(heap);
        let mut counts = counts.into_iter();
        each_histogram(world, |it| it.put_counts(counts.next().unwrap_or_default()));
        Self { rest, bytes: out.into_bytes(), odd: odd.into() }
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> World {
        let mut world = self.rest.clone();
        let mut from = Reader::new(&self.bytes);
        world.messages = read_messages(&mut from, world.now());
        world.agenda.put_heap(read_heap(&mut from, world.now(), &self.odd));
        each_histogram(&mut world, |it| it.put_counts(read_counts(&mut from)));
        world
    }

    /// The instant it has come to.
    #[must_use]
    pub fn now(&self) -> Time {
        self.rest.now()
    }

    /// About how much of what it shares with others it does not share with this earlier one, in
    /// bytes.
    #[must_use]
    pub fn apart_bytes(&self, earlier: Option<&Self>) -> usize {
        self.rest.apart_bytes(earlier.map(|it| &it.rest))
    }

    /// About how much memory it takes, in bytes; what it shares with others is not counted.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.rest.size_bytes() + self.bytes.len() + size_of_val(&*self.odd)
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

/// The columns of a message, without its lineage.
type Row = [u64; 17 + MAX_FIELDS];

/// How many words make a message.
pub(super) const MESSAGE_WORDS: usize = 18 + MAX_FIELDS;

/// A message as words.
pub(super) fn message_words(message: &Message) -> [u64; MESSAGE_WORDS] {
    let mut words = [0; MESSAGE_WORDS];
    words[0] = message.event.lineage;
    words[1..].copy_from_slice(&row_of(message, Time::ZERO));
    words
}

/// What [`message_words`] wrote, unless it is none of that.
pub(super) fn word_message(words: &[u64; MESSAGE_WORDS]) -> Option<Message> {
    let mut row: Row = [0; 17 + MAX_FIELDS];
    row.copy_from_slice(&words[1..]);
    let is_role = usize::try_from(row[7]).is_ok_and(|it| it < Role::ALL.len());
    let message = is_role.then(|| message_of(&row, words[0], Time::ZERO))?;
    // Words that were too wide for what they stand for are not what they were.
    (message_words(&message) == *words).then_some(message)
}

fn row_of(message: &Message, now: Time) -> Row {
    let Message { event, role, attempt, link, from, to, token, since } = *message;
    let mut row = [0; 17 + MAX_FIELDS];
    row[..17].copy_from_slice(&[
        event.id.producer().0.into(),
        event.id.count(),
        event.event_type.0.into(),
        now.0.wrapping_sub(event.time.0),
        event.cause.is_some().into(),
        event.cause.map_or(0, |it| it.producer().0.into()),
        event.cause.map_or(0, EventId::count),
        role as u64,
        attempt.into(),
        link.0.into(),
        from.0.into(),
        to.0.into(),
        now.0.wrapping_sub(since.0),
        0,
        0,
        0,
        0,
    ]);
    row[13..17].copy_from_slice(&token_words(token));
    row[17..].copy_from_slice(&event.fields);
    row
}

#[expect(clippy::cast_possible_truncation, reason = "columns are as wide as when they were made")]
fn message_of(row: &Row, lineage: u64, now: Time) -> Message {
    let id = |producer: u64, count| EventId::new(ServiceId(producer as u16), count);
    let mut fields = [0; MAX_FIELDS];
    fields.copy_from_slice(&row[17..]);
    Message {
        event: Event {
            id: id(row[0], row[1]),
            event_type: EventTypeId(row[2] as u16),
            time: Time(now.0.wrapping_sub(row[3])),
            cause: (row[4] != 0).then(|| id(row[5], row[6])),
            lineage,
            fields,
        },
        role: Role::ALL[row[7] as usize],
        attempt: row[8] as u16,
        link: LinkId(row[9] as u32),
        from: InstanceId(row[10] as u32),
        to: InstanceId(row[11] as u32),
        since: Time(now.0.wrapping_sub(row[12])),
        token: token_of([row[13], row[14], row[15], row[16]]),
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

fn write_messages(messages: &Messages, now: Time, out: &mut Writer) {
    out.number(messages.slot_count() as u64);
    let free = messages.free();
    out.number(free.len() as u64);
    let mut before = [0];
    for slot in free {
        out.row(&[u64::from(*slot)], &mut before);
    }
    let mut before = [0; 17 + MAX_FIELDS];
    for (_, message) in messages.iter() {
        out.row(&row_of(message, now), &mut before);
        out.word(message.event.lineage);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it was a place in a table")]
fn read_messages(from: &mut Reader, now: Time) -> Messages {
    let (slots, free) = (from.count(), from.count());
    let mut slot = [0];
    let free = (0..free).map(|_| {
        from.row(&mut slot);
        slot[0] as u32
    });
    let mut messages = Messages::with_free(slots, free.collect());
    let mut row = [0; 17 + MAX_FIELDS];
    let alive: Vec<MessageId> = messages.iter().map(|(id, _)| id).collect();
    for id in alive {
        from.row(&mut row);
        *messages.get_mut(id) = message_of(&row, from.word(), now);
    }
    messages
}

fn write_heap(heap: &[Entry<Scheduled>], now: Time, out: &mut Writer, odd: &mut Vec<Scheduled>) {
    out.number(heap.len() as u64);
    let mut before = [0; 5];
    for entry in heap {
        let [tag, a, b] = match entry.what {
            Scheduled::Leave(it) => [0, it.0.into(), 0],
            Scheduled::Resume { task, wait } => [1, task.into(), wait.into()],
            Scheduled::TimeOut { task, wait } => [2, task.into(), wait.into()],
            Scheduled::Vanish(it) => [3, it.0.into(), 0],
            what => {
                odd.push(what);
                [4, 0, 0]
            }
        };
        out.row(&[entry.at.wrapping_sub(now.0), entry.sequence, tag, a, b], &mut before);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "words are as wide as when they were made")]
fn read_heap(from: &mut Reader, now: Time, odd: &[Scheduled]) -> Vec<Entry<Scheduled>> {
    let mut odd = odd.iter();
    let mut row = [0; 5];
    (0..from.count())
        .map(|_| {
            from.row(&mut row);
            let [at, sequence, tag, a, b] = row;
            let what = match tag {
                0 => Scheduled::Leave(MessageId(a as u32)),
                1 => Scheduled::Resume { task: a as u32, wait: b as u32 },
                2 => Scheduled::TimeOut { task: a as u32, wait: b as u32 },
                3 => Scheduled::Vanish(MessageId(a as u32)),
                _ => *odd.next().expect("as many as were put there"),
            };
            Entry { at: at.wrapping_add(now.0), sequence, what }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_and_numbers_are_read_as_they_were_written(
            rows in prop::collection::vec(prop::array::uniform5(any::<u64>()), 0..40),
            counts in prop::collection::vec(prop_oneof![Just(0), any::<u64>()], 0..60),
        ) {
            let mut out = Writer::default();
            let mut before = [0; 5];
            for row in &rows {
                out.row(row, &mut before);
                out.word(row[0]);
            }
            write_counts(&counts, &mut out);
            let bytes = out.into_bytes();
            let mut from = Reader::new(&bytes);
            let mut row = [0; 5];
            for expected in &rows {
                from.row(&mut row);
                prop_assert_eq!(&row, expected);
                prop_assert_eq!(from.word(), expected[0]);
            }
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
