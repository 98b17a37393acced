//! The trace of a live run: its inputs in order, packed by the thousand, the oldest on disk when
//! there are more than memory should hold.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use imbl::Vector;

use crate::model::Time;

use super::attic::Attic;
use super::input::{Input, Source};
use super::packed::{Reader, Writer};
use super::trace_bytes::{Before, read_input, write_input};

/// So many inputs are packed together.
const CHUNK: usize = 4_096;

/// So much is held in memory, in bytes, if there is somewhere else for the rest.
const IN_MEMORY: usize = 128 << 20;

/// So much is held in all if there is nowhere else, in bytes.
const IN_ALL: usize = 512 << 20;

/// So much fits into a session file, in bytes.
const IN_A_FILE: usize = 320 << 20;

/// The inputs of a live run so far, in order. A clone shares them, and costs nothing.
#[derive(Clone, Default)]
pub struct Trace {
    source: Source,
    /// All but the last, packed.
    chunks: Vector<Chunk>,
    /// What has come since.
    open: Vector<Input>,
    end: Time,
    lost: u64,
    /// How much the chunks in memory are, in bytes.
    here_bytes: usize,
    attic: Option<Arc<dyn Attic>>,
    unpacked: Unpacked,
}

#[derive(Clone)]
enum Chunk {
    /// In memory.
    Here(Arc<[u8]>),
    /// In the attic.
    Away { at: u64, length: usize },
}

/// The chunk that was looked into last: who reads on finds the next input there. A clone looks for
/// itself.
#[derive(Default)]
struct Unpacked(Mutex<Option<(usize, Arc<[Input]>)>>);

impl Clone for Unpacked {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Trace");
        out.field("source", &self.source).field("len", &self.len()).field("lost", &self.lost);
        out.finish()
    }
}

impl PartialEq for Trace {
    fn eq(&self, other: &Self) -> bool {
        (self.source, self.lost, self.len()) == (other.source, other.lost, other.len())
            && self.iter().eq(other.iter())
    }
}

impl Eq for Trace {}

impl Trace {
    /// An empty trace of a run with these brokers.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source, ..Self::default() }
    }

    /// The same, with somewhere to put by what is too much for memory.
    #[must_use]
    pub fn with_attic(mut self, attic: Arc<dyn Attic>) -> Self {
        self.attic = Some(attic);
        self
    }

    /// Who the brokers of the run are.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// How many inputs are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.len() * CHUNK + self.open.len()
    }

    /// Whether nothing has come yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.open.is_empty()
    }

    /// How many inputs were not kept, since there was no room. The run that is kept ends before
    /// the first of them.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// The input of this number, from 0; `None` past the last, and if it cannot be read back.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<Input> {
        let place = number / CHUNK;
        if place >= self.chunks.len() {
            return self.open.get(number - self.chunks.len() * CHUNK).cloned();
        }
        let mut unpacked = self.unpacked.0.lock().unwrap_or_else(PoisonError::into_inner);
        if unpacked.as_ref().is_none_or(|it| it.0 != place) {
            *unpacked = Some((place, self.unpack(place)?));
        }
        unpacked.as_ref().and_then(|it| it.1.get(number % CHUNK)).cloned()
    }

    /// All that is kept, in order.
    pub fn iter(&self) -> impl Iterator<Item = Input> + '_ {
        (0..self.len()).map_while(|number| self.get(number))
    }

    /// The instant of the last input that is kept.
    #[must_use]
    pub const fn end(&self) -> Time {
        self.end
    }

    pub(super) const fn set_lost(&mut self, lost: u64) {
        self.lost = lost;
    }

    /// Keeps what has come; its instant is never before that of the last. False if there is no
    /// room.
    pub fn push(&mut self, mut input: Input) -> bool {
        if self.lost > 0 || (self.open.len() == CHUNK && !self.pack()) {
            self.lost += 1;
            return false;
        }
        input.at = input.at.max(self.end);
        self.end = input.at;
        self.open.push_back(input);
        true
    }

    /// As much of it as fits into a session file; what does not counts as lost.
    #[must_use]
    pub fn fitting(&self) -> Self {
        let mut bytes = 0;
        let fits = self.chunks.iter().take_while(|chunk| {
            bytes += match chunk {
                Chunk::Here(it) => it.len(),
                Chunk::Away { length, .. } => *length,
            };
            bytes <= IN_A_FILE
        });
        let fits = fits.count();
        let mut fitting = self.clone();
        if fits < self.chunks.len() {
            let left_out = (self.len() - fits * CHUNK) as u64;
            fitting.lost += left_out;
            fitting.open.clear();
            fitting.chunks.truncate(fits);
            let last = fitting.len().checked_sub(1).and_then(|it| fitting.get(it));
            fitting.end = last.map_or(Time::ZERO, |it| it.at);
        }
        fitting
    }

    /// What has come since the last chunk becomes one; false if there is no room.
    fn pack(&mut self) -> bool {
        let mut out = Writer::default();
        let (mut at, mut before) = (Time::ZERO, Before::default());
        for input in &self.open {
            write_input(&mut out, input, &mut at, &mut before);
        }
        let bytes = out.into_bytes();
        let is_much = self.here_bytes + bytes.len() > IN_MEMORY;
        let chunk = match self.attic.as_ref().filter(|_| is_much) {
            Some(attic) => {
                let Some(at) = attic.put(&bytes) else { return false };
                Chunk::Away { at, length: bytes.len() }
            }
            None if self.here_bytes + bytes.len() > IN_ALL => return false,
            None => {
                self.here_bytes += bytes.len();
                Chunk::Here(bytes.into())
            }
        };
        self.chunks.push_back(chunk);
        self.open.clear();
        true
    }

    fn unpack(&self, place: usize) -> Option<Arc<[Input]>> {
        let bytes = match self.chunks.get(place)? {
            Chunk::Here(bytes) => Arc::clone(bytes),
            Chunk::Away { at, length } => self.attic.as_ref()?.get(*at, *length)?.into(),
        };
        let mut from = Reader::new(&bytes);
        let (mut at, mut before) = (Time::ZERO, Before::default());
        let inputs = (0..CHUNK).map(|_| read_input(&mut from, &mut at, &mut before).ok());
        inputs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Happening;
    use crate::sim::attic::Small;

    fn input(number: u64) -> Input {
        // Ten bytes and more each.
        let what = Happening::Released(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2);
        Input { at: Time(number * 1_000_003), what }
    }

    #[test]
    fn what_is_too_much_for_memory_is_put_by_and_read_back() {
        let room = IN_MEMORY / 8;
        let mut trace = Trace::new(Source::Remote).with_attic(Small::new(room));
        let mut count = 0;
        while trace.push(input(count)) {
            count += 1;
        }
        assert_eq!((trace.len() as u64, trace.lost()), (count, 1));
        assert!(trace.here_bytes <= IN_MEMORY && trace.here_bytes > IN_MEMORY - (1 << 17));
        assert!(trace.chunks.iter().any(|it| matches!(it, Chunk::Away { .. })));
        for number in [0, CHUNK - 1, CHUNK, trace.len() / 2, trace.len() - 1] {
            assert_eq!(trace.get(number), Some(input(number as u64)));
        }
        assert_eq!(trace.get(trace.len()), None);
        assert_eq!(trace.iter().count(), trace.len());
        assert_eq!(trace.end(), input(count - 1).at);
        assert_eq!(trace.fitting(), trace);
    }
}
