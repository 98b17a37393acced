//! Tables of numbers in few bits: each column is as wide as its numbers differ, each row as wide
//! as any other, so that every row can be read by itself.

use std::borrow::Borrow;

use super::attic::Form;
use super::packed::{Reader, Writer};

/// A number of so many bits can be read at once, wherever in a byte it begins.
const WHOLE_BITS: u32 = 57;

/// So many rows are read together where all are, column by column.
const ROWS_AT_ONCE: usize = 16;

/// Rows of so many numbers each.
#[derive(Clone, Debug)]
pub struct Table<const N: usize> {
    /// The least number of each column.
    least: [u64; N],
    /// The columns whose numbers differ, with the bits that a number of it takes, in order.
    columns: Box<[(u8, u8)]>,
    /// The rows, one behind the other, with a word behind the last.
    bits: Vec<u8>,
    row_bits: usize,
    count: usize,
}

/// What has to be known of rows before the first is packed.
#[derive(Clone, Debug)]
pub struct Bounds<const N: usize> {
    least: [u64; N],
    most: [u64; N],
    count: usize,
}

/// A table that is being made.
#[derive(Debug)]
pub struct Packer<const N: usize> {
    table: Table<N>,
    /// Bits that are not in the table yet, and how many.
    word: u64,
    filled: u32,
}

impl<const N: usize> Default for Bounds<N> {
    fn default() -> Self {
        Self { least: [u64::MAX; N], most: [0; N], count: 0 }
    }
}

impl<const N: usize> Bounds<N> {
    /// There will be this row.
    #[inline]
    pub fn widen(&mut self, row: &[u64; N]) {
        let bounds = self.least.iter_mut().zip(&mut self.most);
        for ((least, most), number) in bounds.zip(row) {
            *least = (*least).min(*number);
            *most = (*most).max(*number);
        }
        self.count += 1;
    }

    /// Begins a table of rows within these bounds.
    #[must_use]
    pub fn packer(&self) -> Packer<N> {
        const { assert!(N < 256) }
        let Self { least, most, count } = *self;
        let widths = (0..N).map(|it| 64 - most[it].saturating_sub(least[it]).leading_zeros());
        #[expect(clippy::cast_possible_truncation, reason = "64 at most")]
        let columns = widths.enumerate().map(|(column, width)| (column as u8, width as u8));
        let columns: Box<[(u8, u8)]> = columns.filter(|it| it.1 > 0).collect();
        let row_bits: usize = columns.iter().map(|it| usize::from(it.1)).sum();
        let words = (count * row_bits).div_ceil(64) + 1;
        let bits = Vec::with_capacity(size_class(8 * words));
        Packer { table: Table { least, columns, bits, row_bits, count }, word: 0, filled: 0 }
    }
}

impl<const N: usize> Packer<N> {
    /// The next row.
    #[inline]
    pub fn push(&mut self, row: &[u64; N]) {
        for &(column, width) in &*self.table.columns {
            let (column, width) = (usize::from(column), u32::from(width));
            let number = row[column].wrapping_sub(self.table.least[column]);
            self.word |= number << self.filled;
            self.filled += width;
            if self.filled >= 64 {
                self.table.bits.extend_from_slice(&self.word.to_le_bytes());
                self.filled -= 64;
                self.word = number.checked_shr(width - self.filled).unwrap_or(0);
            }
        }
    }

    /// The table of all rows.
    #[must_use]
    pub fn table(mut self) -> Table<N> {
        if self.filled > 0 {
            self.table.bits.extend_from_slice(&self.word.to_le_bytes());
        }
        self.table.bits.extend_from_slice(&[0; 8]);
        self.table
    }
}

/// As much room as several tables of about the same size take alike, so that one fits where
/// another was: a sixteenth more at most.
const fn size_class(bytes: usize) -> usize {
    let step = 1 << bytes.ilog2().saturating_sub(4);
    bytes.next_multiple_of(step)
}

impl<const N: usize> Table<N> {
    /// Packs rows. They are looked at twice.
    #[must_use]
    pub fn of(rows: impl Iterator<Item = [u64; N]> + Clone) -> Self {
        let mut bounds = Bounds::default();
        rows.clone().for_each(|row| bounds.widen(&row));
        let mut packer = bounds.packer();
        rows.for_each(|row| packer.push(&row));
        packer.table()
    }

    /// How many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All rows, in order.
    #[must_use]
    pub fn rows(&self) -> Rows<&Self, N> {
        Rows::new(self, 0)
    }

    /// The rows from this place on, as many as there is room for.
    fn read_into(&self, first: usize, rows: &mut [[u64; N]]) {
        let from = first * self.row_bits;
        let mut words = [0; ROWS_AT_ONCE];
        // Of each row, which of its bits the words begin with, and where they are at an end.
        let (mut word_begin, mut word_end) = (0, 0);
        let mut begin = 0;
        for &(column, width) in &*self.columns {
            let (column, width) = (usize::from(column), u32::from(width));
            let (least, mask) = (self.least[column], u64::MAX >> (64 - width));
            let end = begin + width as usize;
            if width > WHOLE_BITS {
                let mut bit = from + begin;
                for row in &mut *rows {
                    row[column] = least.wrapping_add(self.number(bit, width));
                    bit += self.row_bits;
                }
            } else {
                if end > word_end {
                    (word_begin, word_end) = (begin, begin + WHOLE_BITS as usize);
                    let mut bit = from + begin;
                    for word in &mut words[..rows.len()] {
                        *word = self.word(bit);
                        bit += self.row_bits;
                    }
                }
                let shift = begin - word_begin;
                for (row, word) in rows.iter_mut().zip(&words) {
                    row[column] = least.wrapping_add(word >> shift & mask);
                }
            }
            begin = end;
        }
    }

    /// The number of up to [`WHOLE_BITS`] that begins at a bit, and what comes behind it.
    #[inline(always)]
    fn word(&self, bit: usize) -> u64 {
        let bytes = self.bits.get(bit / 8..).and_then(|it| it.first_chunk());
        bytes.map_or(0, |it| u64::from_le_bytes(*it) >> (bit % 8))
    }

    /// The number of this width, from 1 to 64 bits, that begins at a bit.
    #[inline]
    fn number(&self, bit: usize, width: u32) -> u64 {
        let (byte, shift) = (bit / 8, (bit % 8) as u32);
        let Some(bytes) = self.bits.get(byte..).and_then(|it| it.first_chunk()) else { return 0 };
        let mut number = u64::from_le_bytes(*bytes) >> shift;
        if shift + width > 64 {
            let next = self.bits.get(byte + 8).copied().unwrap_or(0);
            number |= u64::from(next) << (64 - shift);
        }
        number & (u64::MAX >> (64 - width))
    }
}

/// The rows of a table from some place on.
#[derive(Clone, Debug)]
pub struct Rows<T, const N: usize> {
    table: T,
    /// The place of the next that is not read.
    place: usize,
    /// Those that are read, and how many of them were given.
    read: [[u64; N]; ROWS_AT_ONCE],
    count: usize,
    given: usize,
}

impl<T: Borrow<Table<N>>, const N: usize> Rows<T, N> {
    /// Those of a table from a place on.
    #[must_use]
    pub fn new(table: T, place: usize) -> Self {
        // Columns whose numbers are all the same are not written again.
        let read = [table.borrow().least; ROWS_AT_ONCE];
        Self { table, place, read, count: 0, given: 0 }
    }

    /// Reads the next ones; none at the end.
    #[inline(never)]
    fn read_on(&mut self) {
        let table = self.table.borrow();
        self.count = ROWS_AT_ONCE.min(table.count.saturating_sub(self.place));
        table.read_into(self.place, &mut self.read[..self.count]);
        self.place += self.count;
        self.given = 0;
    }
}

impl<T: Borrow<Table<N>>, const N: usize> Iterator for Rows<T, N> {
    type Item = [u64; N];

    #[inline(always)]
    fn next(&mut self) -> Option<[u64; N]> {
        if self.given == self.count {
            self.read_on();
        }
        let row = self.read[..self.count].get(self.given)?;
        self.given += 1;
        Some(*row)
    }
}

impl<const N: usize> Form for Table<N> {
    fn write(&self, out: &mut Writer) {
        out.number(self.count as u64);
        self.least.iter().for_each(|it| out.number(*it));
        out.number(self.columns.len() as u64);
        for &(column, width) in &*self.columns {
            out.number(column.into());
            out.number(width.into());
        }
        out.bytes(&self.bits);
    }

    fn read(from: &mut Reader) -> Option<Self> {
        let count = usize::try_from(from.try_number()?).ok()?;
        let mut least = [0; N];
        for it in &mut least {
            *it = from.try_number()?;
        }
        let columns = (0..from.try_number()?).map(|_| {
            let column = u8::try_from(from.try_number()?).ok()?;
            let width = u8::try_from(from.try_number()?).ok()?;
            (usize::from(column) < N && (1..=64).contains(&width)).then_some((column, width))
        });
        let columns: Box<[(u8, u8)]> = columns.collect::<Option<_>>()?;
        let row_bits = columns.iter().map(|it| usize::from(it.1)).sum();
        Some(Self { least, columns, bits: from.try_bytes()?.to_vec(), row_bits, count })
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.bits.capacity() + 2 * self.columns.len() + 32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_read_as_they_were_written(
            rows in prop::collection::vec(
                (any::<u64>(), 0..9_u64, 7..8_u64, 1_u64 << 40..1 << 60, prop_oneof![Just(0), Just(u64::MAX)]),
                0..60,
            ),
            // Short rows, and long ones.
            mask in prop_oneof![Just(u64::MAX), Just(0xff_ffff), Just(0xfff)],
        ) {
            let row = |(a, b, c, d, e)| [a, b, c, d, e].map(|it: u64| it & mask);
            let rows: Vec<[u64; 5]> = rows.into_iter().map(row).collect();
            let table = Table::of(rows.iter().copied());
            prop_assert_eq!(table.len(), rows.len());
            prop_assert_eq!(table.rows().collect::<Vec<_>>(), rows.clone());
            let mut out = Writer::default();
            table.write(&mut out);
            let bytes = out.into_bytes();
            let read = Table::<5>::read(&mut Reader::new(&bytes)).unwrap();
            prop_assert_eq!(read.rows().collect::<Vec<_>>(), rows);
            for length in 0..bytes.len() {
                prop_assert!(Table::<5>::read(&mut Reader::new(&bytes[..length])).is_none());
            }
        }
    }
}
