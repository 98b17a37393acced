//! What is kept of a run: moments, packed, a checkpoint takes a fifth of the room of the moment it
//! is made of; and in whose account the room is that several runs share.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{ServiceId, Time};
use crate::sim::{Attic, Packed, Room, World};

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

    /// The moment; `None` if what was put by cannot be read back.
    #[must_use]
    pub fn moment(&self) -> Option<Moment> {
        let (world, scene) = (self.world.world()?, self.frame.scene()?);
        Some(Moment::again(world, scene, self.totals.clone(), self.told))
    }

    /// Whether something of it can be put by, in a run with this head.
    #[must_use]
    pub fn can_be_put_by(&self, head: &World) -> bool {
        self.world.can_be_put_by(head)
    }

    /// Puts by what is large of it and the head does not have; false if there is no room for that.
    pub fn put_by(&self, attic: &Arc<dyn Attic>, head: &World) -> bool {
        self.world.put_by(attic, head) && self.frame.put_by(attic)
    }

    /// How much of it will be put by of what its logs keep, in bytes of memory.
    #[must_use]
    pub fn logs_alone(&self, head: &World) -> usize {
        if self.world.has_logs_alone(head) { self.world.log_bytes() } else { 0 }
    }

    /// About how much memory what is packed of it takes, in bytes.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        (self.world.room() + self.frame.room()).memory
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

    /// About how much room it takes beside what it shares with this earlier one.
    #[must_use]
    pub fn room_after(&self, earlier: Option<&Self>) -> Room {
        let apart = self.world.apart_bytes(earlier.map(|it| &it.world));
        let own = apart + 4 * self.totals.passed.len() + size_of::<Self>();
        Room::of_memory(own) + self.world.room() + self.frame.room()
    }
}

/// Something that is kept, perhaps by several runs.
pub struct Held<T> {
    /// What.
    pub it: Arc<T>,
    /// How much room it takes.
    pub room: Room,
    /// Whether it counts as this run's: of runs that share it, one's.
    pub is_own: bool,
}

impl<T> Held<T> {
    /// Something new.
    pub fn new(it: T, room: Room) -> Self {
        Self { it: Arc::new(it), room, is_own: true }
    }

    /// The same for another run, as whose it does not count.
    pub fn shared(&self) -> Self {
        Self { it: Arc::clone(&self.it), room: self.room, is_own: false }
    }

    /// How much room of it counts as this run's.
    #[must_use]
    pub fn own_room(&self) -> Room {
        if self.is_own { self.room } else { Room::default() }
    }

    /// Whether it counts as this run's, and has not been put by.
    #[must_use]
    pub const fn is_own_here(&self) -> bool {
        self.is_own && self.room.disk == 0
    }

    /// Whether it counts as this run's, and others have it too.
    #[must_use]
    pub fn is_lent(&self) -> bool {
        self.is_own && Arc::strong_count(&self.it) > 1
    }

    /// Counts as this run's from now on, if it is among these things, and is not among them any
    /// more. Since it was shared it may have been put by: it takes this room. False if it is not.
    pub fn adopt(&mut self, orphans: &mut BTreeSet<usize>, room: impl Fn(&T) -> Room) -> bool {
        let is_orphan = orphans.remove(&self.key());
        if is_orphan {
            (self.is_own, self.room) = (true, room(&self.it));
        }
        is_orphan
    }

    /// What tells it from others that are there at the same time.
    #[must_use]
    pub fn key(&self) -> usize {
        Arc::as_ptr(&self.it).addr()
    }
}

/// How much room things take that count as this run's.
pub fn own_room<T>(held: &[Held<T>]) -> Room {
    held.iter().map(Held::own_room).sum()
}
