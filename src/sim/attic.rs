//! What is too much for memory: where it is put by, and things that are here or there.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::packed::{Reader, Writer};

/// Where what is too much for memory is put by.
pub trait Attic: Send + Sync {
    /// Puts bytes by; gives where they are, or `None` if there is no room.
    fn put(&self, bytes: &[u8]) -> Option<u64>;

    /// So many bytes that were put by there; `None` if they cannot be had.
    fn get(&self, at: u64, length: usize) -> Option<Vec<u8>>;

    /// Nobody will ask for so many bytes any more that were put by there.
    fn clear(&self, at: u64, length: usize);
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
            Place::Away(Away { attic, at, length }) => attic.get(*at, *length)?,
        };
        T::read(&mut Reader::new(&bytes)).map(Arc::new)
    }

    /// Puts it by, unless it is away already; false if there is no room for it.
    pub fn put_by(&self, attic: &Arc<dyn Attic>) -> bool {
        let mut place = self.place();
        if let Place::Here(it) = &*place {
            let mut out = Writer::default();
            it.write(&mut out);
            let bytes = out.into_bytes();
            let Some(at) = attic.put(&bytes) else { return false };
            let attic = Arc::clone(attic);
            *place = Place::Away(Away { attic, at, length: bytes.len() });
        }
        true
    }

    /// How much room it takes where it is.
    #[must_use]
    pub fn room(&self) -> Room {
        match &*self.place() {
            Place::Here(it) => Room::of_memory(it.size_bytes()),
            Place::Away(it) => Room { memory: 0, disk: it.length },
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
        assert!(memory == 0 && disk > 0 && disk <= before.memory);
        assert_eq!(stored.get().unwrap().rows().collect::<Vec<_>>(), rows);
        assert!(stored.put_by(&attic), "it is away already");
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
