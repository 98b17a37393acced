//! What is kept of a run: moments, packed, a checkpoint takes a fifth of the room of the moment it
//! is made of; and in whose account the memory is that several runs share.

use std::sync::Arc;

use crate::model::{ServiceId, Time};
use crate::sim::Packed;

use super::frame::Frame;
use super::moment::{Moment, Told, Totals};

/// A moment that is kept.
pub struct Kept {
    world: Packed,
    frame: Arc<Frame>,
    totals: Totals,
    told: Told,
}

impl Kept {
    /// Packs a moment; it is the same afterwards.
    #[must_use]
    pub fn of(moment: &mut Moment) -> Self {
        Self {
            frame: Arc::new(Frame::of(moment)),
            world: Packed::of(&mut moment.world),
            totals: moment.totals.clone(),
            told: moment.told(),
        }
    }

    /// The moment.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment::again(self.world.world(), self.frame.scene(), self.totals.clone(), self.told)
    }

    /// Its scene.
    #[must_use]
    pub const fn frame(&self) -> &Arc<Frame> {
        &self.frame
    }

    /// The instant it is of.
    #[must_use]
    pub fn now(&self) -> Time {
        self.world.now()
    }

    /// How many records there were until then.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.frame.records()
    }

    /// How many events a service had made until then.
    #[must_use]
    pub fn produced(&self, service: ServiceId) -> u64 {
        self.world.produced(service)
    }

    /// How much it had been told from outside until then.
    #[must_use]
    pub const fn told(&self) -> Told {
        self.told
    }

    /// About how much memory it takes, in bytes, beside what it shares with this earlier one.
    #[must_use]
    pub fn bytes_after(&self, earlier: Option<&Self>) -> usize {
        self.world.apart_bytes(earlier.map(|it| &it.world))
            + self.world.size_bytes()
            + self.frame.size_bytes()
            + 4 * self.totals.passed.len()
            + size_of::<Self>()
    }
}

/// Something that is kept, perhaps by several runs.
pub struct Held<T> {
    /// What.
    pub it: Arc<T>,
    /// How much memory it takes, in bytes.
    pub bytes: usize,
    /// Whether it counts as this run's: of runs that share it, one's.
    pub is_own: bool,
}

impl<T> Held<T> {
    /// Something new.
    pub fn new(it: T, bytes: usize) -> Self {
        Self { it: Arc::new(it), bytes, is_own: true }
    }

    /// The same for another run, as whose it does not count.
    pub fn shared(&self) -> Self {
        Self { it: Arc::clone(&self.it), bytes: self.bytes, is_own: false }
    }

    /// How much memory of it counts as this run's, in bytes.
    #[must_use]
    pub const fn own_bytes(&self) -> usize {
        if self.is_own { self.bytes } else { 0 }
    }

    /// Tells of it, and whether it counts as this run's, which may be changed.
    pub fn share(&mut self, of: &mut impl FnMut(*const (), &mut bool)) {
        of(Arc::as_ptr(&self.it).cast(), &mut self.is_own);
    }
}

/// How much memory things take that count as this run's, in bytes.
pub fn own_bytes<T>(held: &[Held<T>]) -> usize {
    held.iter().map(Held::own_bytes).sum()
}
