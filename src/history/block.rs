//! Blocks: records packed for keeping, some eight bytes each. Each kind of record is a table of its
//! own, and beside them stands in which order they came, and when.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::model::{Model, Record, Time, What};
use crate::sim::{Attic, Bounds, Form, Packer, Reader, Room, Rows, Stored, Table, Writer};

/// Records that follow each other.
pub struct Block {
    /// How many records there were before the first.
    before: u64,
    /// The instants of the first and the last.
    begin: Time,
    until: Time,
    count: usize,
    /// What they are records of.
    model: Arc<Model>,
    tables: Stored<Tables>,
}

/// Records that follow each other, without what is known of them together.
struct Tables {
    /// For each record, which of the kinds it is, and how long after the one before.
    order: Table<2>,
    kinds: Box<[Kind]>,
}

/// All records of a block that are of one kind.
struct Kind {
    /// The first byte of their words.
    tag: u8,
    rows: Table<COLUMNS>,
}

/// The columns of a record: its words without the tag, in parts.
const COLUMNS: usize = 9;

type Row = [u64; COLUMNS];

/// Of a kind of which there is no record.
const NOWHERE: usize = usize::MAX;

/// The bits of an event's count in its id.
const COUNT_BITS: u32 = 48;

#[inline]
fn row_of(what: &What) -> (u8, Row) {
    let [a, b, c, d] = what.words();
    let row = [
        a >> 8 & 0xffff,
        a >> 24 & 0xff,
        a >> 32 & 0xffff,
        a >> 48,
        b >> 32,
        b & 0xffff_ffff,
        c >> COUNT_BITS,
        c & ((1 << COUNT_BITS) - 1),
        d,
    ];
    (a as u8, row)
}

#[inline]
fn what_of(tag: u8, row: Row) -> Option<What> {
    let [a, b, c, d, message, other, producer, count, word] = row;
    What::of_words([
        u64::from(tag) | a << 8 | b << 24 | c << 32 | d << 48,
        message << 32 | other,
        producer << COUNT_BITS | count,
        word,
    ])
}

impl Block {
    /// Packs records of a model, before which there were so many.
    #[must_use]
    pub fn of(records: &[Record], before: u64, model: Arc<Model>) -> Self {
        let begin = records.first().map_or(Time::ZERO, |it| it.at);
        let mut kinds: Vec<(u8, Bounds<COLUMNS>)> = Vec::new();
        let mut places = [NOWHERE; 256];
        let mut order = Vec::with_capacity(records.len());
        let mut last = begin;
        for record in records {
            let (tag, row) = row_of(&record.what);
            let place = &mut places[usize::from(tag)];
            if *place == NOWHERE {
                *place = kinds.len();
                kinds.push((tag, Bounds::default()));
            }
            kinds[*place].1.widen(&row);
            order.push([*place as u64, record.at.0.wrapping_sub(last.0)]);
            last = record.at;
        }
        let mut packers: Vec<(u8, Packer<COLUMNS>)> =
            kinds.iter().map(|(tag, bounds)| (*tag, bounds.packer())).collect();
        for record in records {
            let (tag, row) = row_of(&record.what);
            packers[places[usize::from(tag)]].1.push(&row);
        }
        let kinds = packers.into_iter().map(|(tag, rows)| Kind { tag, rows: rows.table() });
        let order = Table::of(order.iter().copied());
        let tables = Stored::new(Tables { kinds: kinds.collect(), order });
        Self { before, begin, until: last, count: records.len(), model, tables }
    }

    /// How many records there were before its first.
    #[must_use]
    pub const fn before(&self) -> u64 {
        self.before
    }

    /// How many records there were up to its last.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.before + self.count as u64
    }

    /// The instant of its last.
    #[must_use]
    pub const fn until(&self) -> Time {
        self.until
    }

    /// What its records are of.
    #[must_use]
    pub const fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Its records but the first so many; `None` if they were put by and cannot be read back.
    #[must_use]
    pub fn records(&self, skip: usize) -> Option<Records> {
        Some(Records::new(&self.tables.get()?, self.begin, skip))
    }

    /// Puts its records by; false if there is no room for them.
    pub fn put_by(&self, attic: &Arc<dyn Attic>) -> bool {
        self.tables.put_by(attic)
    }

    /// About how much room it takes.
    #[must_use]
    pub fn room(&self) -> Room {
        Room::of_memory(size_of::<Self>()) + self.tables.room()
    }
}

/// The records of a block from some place on.
pub struct Records {
    order: Rows<Order, 2>,
    kinds: Box<[(u8, Rows<OfKind, COLUMNS>)]>,
    /// The instant of the last one.
    at: Time,
}

/// In which order the records of a block came.
struct Order(Arc<Tables>);

/// The records of a block that are of the kind of this place.
struct OfKind(Arc<Tables>, usize);

impl Borrow<Table<2>> for Order {
    fn borrow(&self) -> &Table<2> {
        &self.0.order
    }
}

impl Borrow<Table<COLUMNS>> for OfKind {
    fn borrow(&self) -> &Table<COLUMNS> {
        &self.0.kinds[self.1].rows
    }
}

impl Records {
    /// Those of a block that begins at an instant, but the first so many.
    fn new(tables: &Arc<Tables>, begin: Time, skip: usize) -> Self {
        let mut at = begin;
        let mut read = [0_usize; 256];
        let mut order = Rows::new(Order(Arc::clone(tables)), 0);
        for [kind, later] in order.by_ref().take(skip) {
            read[kind as usize & 0xff] += 1;
            at.0 = at.0.wrapping_add(later);
        }
        let kinds = tables.kinds.iter().enumerate().map(|(place, kind)| {
            (kind.tag, Rows::new(OfKind(Arc::clone(tables), place), read[place & 0xff]))
        });
        Self { order, kinds: kinds.collect(), at }
    }
}

impl Iterator for Records {
    type Item = Record;

    #[inline]
    fn next(&mut self) -> Option<Record> {
        let [kind, later] = self.order.next()?;
        let (tag, rows) = self.kinds.get_mut(kind as usize)?;
        self.at.0 = self.at.0.wrapping_add(later);
        Some(Record { at: self.at, what: what_of(*tag, rows.next()?)? })
    }
}

impl Form for Tables {
    fn write(&self, out: &mut Writer) {
        self.order.write(out);
        out.number(self.kinds.len() as u64);
        for Kind { tag, rows } in &*self.kinds {
            out.number((*tag).into());
            rows.write(out);
        }
    }

    fn read(from: &mut Reader) -> Option<Self> {
        let order = Table::read(from)?;
        let kinds = (0..from.try_number()?).map(|_| {
            let tag = u8::try_from(from.try_number()?).ok()?;
            Some(Kind { tag, rows: Table::read(from)? })
        });
        Some(Self { kinds: kinds.collect::<Option<_>>()?, order })
    }

    fn size_bytes(&self) -> usize {
        let kinds: usize = self.kinds.iter().map(|it| it.rows.size_bytes() + 8).sum();
        self.order.size_bytes() + kinds
    }
}
