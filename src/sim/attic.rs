//! What is too much for memory: where it is put by, and things that are here or there.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::packed::{Reader, Writer};
use super::world::mix;

/// Where what is too much for memory is put by.
pub trait Attic: Send + Sync {
    /// Puts bytes by; gives where they are, or `None` if there is no room.
    fn put(&self, bytes: &[u8]) -> Option<u64>;

    /// So many bytes that were put by there; `None` if they cannot be had.
    fn get(&self, at: u64, length: usize) -> Option<Vec<u8>>;

    /// Nobody will ask for so many bytes any more that were put by there.
    fn clear(&self, at: u64, length: usize);
}

/// Room in an attic is given in pages of so many bytes, so that what is cleared fits what comes.
const PAGE: usize = 512;

/// So many bytes in whole pages.
#[must_use]
pub const fn in_pages(bytes: usize) -> usize {
    bytes.next_multiple_of(PAGE)
}

/// How much room something takes, or may take, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// In memory.
    pub memory: usize,
    /// In an attic.
    pub disk: usize,
}

impl Room {
    /// So much memory, and nothing else.
    #[must_use]
    pub const fn of_memory(memory: usize) -> Self {
        Self { memory, disk: 0 }
    }

    /// Whether it is no more than another.
    #[must_use]
    pub const fn fits(self, other: Self) -> bool {
        self.memory <= other.memory && self.disk <= other.disk
    }

    /// The part that is left of this if so much is taken.
    #[must_use]
    pub const fn without(self, taken: Self) -> Self {
        Self {
            memory: self.memory.saturating_sub(taken.memory),
            disk: self.disk.saturating_sub(taken.disk),
        }
    }
}

impl Add for Room {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { memory: self.memory + other.memory, disk: self.disk + other.disk }
    }
}

impl AddAssign for Room {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Room {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { memory: self.memory - other.memory, disk: self.disk - other.disk }
    }
}

impl SubAssign for Room {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Room {
    fn sum<I: Iterator<Item = Self>>(rooms: I) -> Self {
        rooms.fold(Self::default(), Add::add)
    }
}

/// What can be written as bytes.
pub trait Form: Sized {
    /// Writes it.
    fn write(&self, out: &mut Writer);

    /// What was written; `None` if that is not what the bytes are.
    fn read(from: &mut Reader) -> Option<Self>;

    /// About how much memory it takes, in bytes.
    fn size_bytes(&self) -> usize;
}

/// Something that is in memory, or in an attic and read back each time it is needed.
pub struct Stored<T>(Mutex<Place<T>>);

enum Place<T> {
    Here(Arc<T>),
    Away(Away),
}

/// Bytes in an attic, until this is dropped.
struct Away {
    attic: Arc<dyn Attic>,
    at: u64,
    length: usize,
    /// What tells that the same was read that was written.
    sum: u64,
}

impl Away {
    /// Puts bytes by; `None` if there is no room for them.
    fn put(attic: &Arc<dyn Attic>, bytes: &[u8]) -> Option<Self> {
        let at = attic.put(bytes)?;
        Some(Self { attic: Arc::clone(attic), at, length: bytes.len(), sum: sum_of(bytes) })
    }

    /// The bytes; `None` if they cannot be had, or are others by now: a disk may say that it has
    /// written what it has no room for.
    fn get(&self) -> Option<Vec<u8>> {
        self.attic.get(self.at, self.length).filter(|it| sum_of(it) == self.sum)
    }
}

/// A number that is another one, as good as certainly, if any of the bytes is.
fn sum_of(bytes: &[u8]) -> u64 {
    const LANES: usize = 4;
    let mut lanes = [1, 2, 3, bytes.len() as u64];
    let mut add = |words: &[[u8; 8]; LANES]| {
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = (*lane ^ u64::from_le_bytes(*word))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(29);
        }
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let (rows, more) = words.as_chunks::<LANES>();
    rows.iter().for_each(&mut add);
    let mut last = [[0; 8]; LANES];
    last[..more.len()].copy_from_slice(more);
    last[LANES - 1][..rest.len()].copy_from_slice(rest);
    add(&last);
    lanes.into_iter().reduce(mix).unwrap_or_default()
}

impl Drop for Away {
    fn drop(&mut self) {
        self.attic.clear(self.at, self.length);
    }
}

impl<T: Form> Stored<T> {
    /// Something that is in memory.
    #[must_use]
    pub fn new(it: T) -> Self {
        Self(Mutex::new(Place::Here(Arc::new(it))))
    }

    fn place(&self) -> MutexGuard<'_, Place<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored; `None` if it cannot be read back.
    #[must_use]
    pub fn get(&self) -> Option<Arc<T>> {
        let bytes = match &*self.place() {
            Place::Here(it) => return Some(Arc::clone(it)),
            Place::Away(it) => it.get()?,
        };
        T::read(&mut Reader::new(&bytes)).map(Arc::new)
    }

    /// Puts it by, unless it is away already; false if there is no room for it.
    pub fn put_by(&self, attic: &Arc<dyn Attic>) -> bool {
        let mut place = self.place();
        if let Place::Here(it) = &*place {
            let mut out = Writer::default();
            it.write(&mut out);
            let Some(away) = Away::put(attic, &out.into_bytes()) else { return false };
            *place = Place::Away(away);
        }
        true
    }

    /// Whether it is in memory.
    #[must_use]
    pub fn is_here(&self) -> bool {
        matches!(&*self.place(), Place::Here(_))
    }

    /// How much room it takes where it is.
    #[must_use]
    pub fn room(&self) -> Room {
        match &*self.place() {
            Place::Here(it) => Room::of_memory(it.size_bytes()),
            Place::Away(it) => Room { memory: 0, disk: in_pages(it.length) },
        }
    }
}

/// An attic for tests, with room for so many bytes.
#[cfg(test)]
pub struct Small(Mutex<Vec<u8>>, usize);

#[cfg(test)]
impl Small {
    /// With so much room.
    pub fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::default(), bytes))
    }
}

#[cfg(test)]
impl Attic for Small {
    fn put(&self, bytes: &[u8]) -> Option<u64> {
        let mut all = self.0.lock().unwrap();
        let at = all.len();
        (at + bytes.len() <= self.1).then(|| {
            all.extend_from_slice(bytes);
            at as u64
        })
    }

    fn get(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        let at = usize::try_from(at).ok()?;
        Some(self.0.lock().unwrap().get(at..at + length)?.to_vec())
    }

    fn clear(&self, _at: u64, _length: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Table;

    #[test]
    fn what_is_put_by_takes_no_memory_and_is_the_same() {
        let table = Table::of((0..1_000_u64).map(|it| [it, it * it, 7]));
        let rows: Vec<_> = table.rows().collect();
        let stored = Stored::new(table);
        let before = stored.room();
        let attic: Arc<dyn Attic> = Small::new(before.memory);
        assert!(stored.put_by(&attic));
        let Room { memory, disk } = stored.room();
        assert!(memory == 0 && disk > 0 && disk <= in_pages(before.memory));
        assert_eq!(stored.get().unwrap().rows().collect::<Vec<_>>(), rows);
        assert!(stored.put_by(&attic), "it is away already");
    }

    #[test]
    fn what_was_changed_on_the_disk_is_not_read() {
        let attic = Small::new(100_000);
        let stored = Stored::new(Table::of((0..1_000_u64).map(|it| [it, it * it])));
        assert!(stored.put_by(&(attic.clone() as Arc<dyn Attic>)));
        let length = attic.0.lock().unwrap().len();
        for place in [0, 1, length / 2, length - 9, length - 1] {
            attic.0.lock().unwrap()[place] ^= 1;
            assert!(stored.get().is_none(), "{place} of {length}");
            attic.0.lock().unwrap()[place] ^= 1;
        }
        assert!(stored.get().is_some());
        attic.0.lock().unwrap().fill(0);
        assert!(stored.get().is_none());
    }

    #[test]
    fn what_there_is_no_room_for_stays() {
        let stored = Stored::new(Table::of((0..1_000_u64).map(|it| [it])));
        let attic: Arc<dyn Attic> = Small::new(100);
        assert!(!stored.put_by(&attic));
        assert_eq!(stored.room().disk, 0);
        assert_eq!(stored.get().unwrap().len(), 1_000);
    }
}
