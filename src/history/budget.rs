//! What a run may take of the machine, and where it puts by what is too much for memory.

use std::sync::Arc;

use crate::sim::{Attic, Room};

/// So small a part of the memory is left to the allocator, which keeps more than it is asked for,
/// and to the program itself.
const SPARE_PART: usize = 6;

/// How much room a run with its futures may take.
#[derive(Clone, Default)]
pub struct Budget {
    room: Room,
    attic: Option<Arc<dyn Attic>>,
}

impl From<usize> for Budget {
    /// So many bytes of memory, and nothing else.
    fn from(memory: usize) -> Self {
        Self { room: Room::of_memory(memory), attic: None }
    }
}

impl Budget {
    /// The same, and so many bytes in an attic.
    #[must_use]
    pub fn with_attic(mut self, attic: Arc<dyn Attic>, bytes: usize) -> Self {
        self.room.disk = bytes;
        self.attic = Some(attic);
        self
    }

    /// Where to put by what is too much for memory, if there is somewhere.
    #[must_use]
    pub const fn attic(&self) -> Option<&Arc<dyn Attic>> {
        self.attic.as_ref()
    }

    /// How much of it may be taken by what is counted.
    #[must_use]
    pub const fn counted(&self) -> Room {
        let Room { memory, disk } = self.room;
        Room { memory: memory - memory / SPARE_PART, disk }
    }
}
