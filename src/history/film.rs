//! The film of a run: all its records in blocks, and frames to begin from. Any scene is there by
//! unpacking a frame and folding the records since, without simulating anything. What of it is too
//! much for memory is put by, the oldest first.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Model, Record, Time};
use crate::sim::{Attic, Room};

use super::block::Block;
use super::frame::{Frame, Shot};
use super::kept::{Held, own_room};
use super::moment::Moment;

/// A frame is kept when as many records have gone by as making it costs: one for so many bytes.
const FRAME_BYTES_A_RECORD: u64 = 32;

/// The most records between two frames, unless there is no room for so many: to fold half of them
/// takes a fifth of a millisecond.
const USUAL_SPACING: u64 = 16_384;

/// The most records between two frames: to fold half as many takes some three milliseconds, which is
/// less than it takes to simulate them.
const MOST_SPACING: u64 = 1 << 18;

/// A long film has longer blocks, so that they can be counted by the thousand: as many records as
/// this part of it, at most so many.
const LONG_BLOCK_PART: u64 = 2_048;
const LONG_BLOCK_RECORDS: u64 = 16_384;

/// So many blocks are put by together.
const BLOCKS_AT_ONCE: usize = 8;

/// So small a part of a film are frames that it does not help to have fewer of them.
const FEW_FRAMES: usize = 8;

/// A film that is being made, or was.
pub struct Film {
    /// How many records there were before its first.
    start: u64,
    /// Frames, in order. Those of checkpoints are not among them.
    frames: Vec<Held<Frame>>,
    blocks: Vec<Held<Block>>,
    /// How many of the blocks, the oldest, have been put by, or are to be by the run whose they are.
    away: usize,
    /// The newest records, in no block yet.
    open: Vec<Record>,
    /// What they are records of.
    model: Arc<Model>,
    /// How many records a block has.
    block_records: u64,
    /// How many records lie between two frames, and the newest frame or checkpoint.
    spacing: u64,
    last_frame: u64,
    /// What of it counts as this run's.
    room: Room,
}

fn hold_block(block: &Block) -> Room {
    block.room() + Room::of_memory(size_of::<Held<Block>>())
}

fn hold_frame(frame: &Frame) -> Room {
    frame.room() + Room::of_memory(size_of::<Held<Frame>>())
}

impl Film {
    /// A film that begins at a moment of which there is a frame.
    #[must_use]
    pub fn new(moment: &Moment, block_records: u64) -> Self {
        let start = moment.scene.records;
        Self {
            start,
            frames: Vec::new(),
            blocks: Vec::new(),
            away: 0,
            open: Vec::new(),
            model: Arc::clone(moment.world.model()),
            block_records,
            spacing: block_records,
            last_frame: start,
            room: Room::default(),
        }
    }

    /// A film that begins at a moment.
    #[must_use]
    pub fn beginning_at(moment: &mut Moment, block_records: u64) -> Self {
        let mut film = Self::new(moment, block_records);
        film.keep_frame(moment);
        film
    }

    /// The same film up to a moment on its way, for another run; `None` if that cannot be read back.
    #[must_use]
    pub fn until(&self, moment: &Moment, last_checkpoint: u64) -> Option<Self> {
        let records = moment.scene.records;
        let frames = self.frames.iter().take_while(|it| it.it.records() <= records);
        let frames: Vec<_> = frames.map(Held::shared).collect();
        let whole = self.blocks.partition_point(|it| it.it.end() <= records);
        let blocks: Vec<_> = self.blocks[..whole].iter().map(Held::shared).collect();
        let before = blocks.last().map_or(self.start, |it| it.it.end());
        let count = usize::try_from(records - before).unwrap_or(usize::MAX);
        let open = match self.blocks.get(whole) {
            Some(block) => block.it.records(0)?.take(count).collect(),
            None => self.open.iter().take(count).copied().collect(),
        };
        let last_frame = frames.last().map_or(self.start, |it| it.it.records());
        Some(Self {
            start: self.start,
            last_frame: last_frame.max(last_checkpoint),
            frames,
            away: self.away.min(whole),
            blocks,
            open,
            model: Arc::clone(moment.world.model()),
            block_records: self.block_records,
            spacing: self.spacing,
            room: Room::default(),
        })
    }

    /// How many records there were up to its last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.blocks.last().map_or(self.start, |it| it.it.end()) + self.open.len() as u64
    }

    /// The instant of its last record; `None` if it has none.
    #[must_use]
    pub fn last_at(&self) -> Option<Time> {
        let closed = self.blocks.last().map(|it| it.it.until());
        self.open.last().map(|it| it.at).or(closed)
    }

    /// How much room of it counts as this run's.
    #[must_use]
    pub const fn room(&self) -> Room {
        self.room
    }

    /// Takes the next record in.
    #[inline]
    pub fn note(&mut self, record: &Record) {
        self.open.push(*record);
    }

    /// A step is over that has led to this moment. True if more is kept now.
    #[inline]
    pub fn come_to(&mut self, moment: &mut Moment) -> bool {
        let is_same = Arc::ptr_eq(&self.model, moment.world.model());
        let is_over = self.open.len() as u64 >= self.block_records || !is_same;
        if is_over {
            self.close(moment);
            if moment.scene.records >= self.last_frame + self.spacing {
                self.keep_frame(moment);
            }
        }
        is_over
    }

    /// There is a checkpoint after so many records.
    pub const fn pass_checkpoint(&mut self, records: u64) {
        self.last_frame = records;
    }

    /// Packs the newest records. What comes is of the model of this moment.
    #[cold]
    fn close(&mut self, moment: &Moment) {
        let model = std::mem::replace(&mut self.model, Arc::clone(moment.world.model()));
        if !self.open.is_empty() {
            let before = self.end() - self.open.len() as u64;
            let block = Block::of(&self.open, before, model);
            let room = hold_block(&block);
            self.room += room;
            self.block_records =
                self.block_records.max((block.end() / LONG_BLOCK_PART).min(LONG_BLOCK_RECORDS));
            self.blocks.push(Held::new(block, room));
            self.open.clear();
        }
    }

    #[cold]
    fn keep_frame(&mut self, moment: &mut Moment) {
        let frame = Frame::of(moment);
        let room = hold_frame(&frame);
        let usual = (room.memory as u64 / FRAME_BYTES_A_RECORD).min(USUAL_SPACING);
        self.spacing = self.spacing.max(usual);
        self.last_frame = frame.records();
        self.room += room;
        self.frames.push(Held::new(frame, room));
    }

    /// Takes over the frame of a checkpoint that is let go, unless there are others near it.
    pub fn take_over(&mut self, it: Arc<Frame>, is_own: bool) {
        let place = self.frames.partition_point(|other| other.it.records() < it.records());
        let before = place.checked_sub(1).map_or(self.start, |it| self.frames[it].it.records());
        let after = self.frames.get(place).map_or(u64::MAX, |it| it.it.records());
        let is_near = it.records() - before < self.spacing / 2 || after - before <= self.spacing;
        if !is_near {
            let room = hold_frame(&it);
            let frame = Held { it, room, is_own };
            self.room += frame.own_room();
            self.frames.insert(place, frame);
        }
    }

    /// Whether all of its own blocks have been put by.
    #[must_use]
    pub fn is_away(&self) -> bool {
        !self.blocks[self.away..].iter().any(Held::is_own_here)
    }

    /// Puts the oldest by of what is its own and in memory; false if there is nothing, or no room for
    /// it.
    pub fn put_by(&mut self, attic: &Arc<dyn Attic>) -> bool {
        let here = self.blocks[self.away..].iter_mut().filter(|it| it.is_own_here());
        let mut is_done = false;
        for block in here.take(BLOCKS_AT_ONCE) {
            is_done = block.it.put_by(attic);
            if !is_done {
                break;
            }
            block.room = hold_block(&block.it);
        }
        let here = self.blocks[self.away..].iter().position(Held::is_own_here);
        self.away = here.map_or(self.blocks.len(), |it| self.away + it);
        let end = self.away.checked_sub(1).map_or(0, |it| self.blocks[it].it.end());
        let old = self.frames.partition_point(|it| it.it.records() <= end);
        for frame in self.frames[..old].iter_mut().filter(|it| it.is_own_here()) {
            is_done = is_done && frame.it.put_by(attic);
            frame.room = hold_frame(&frame.it);
        }
        self.count_own();
        is_done
    }

    /// Lets go every other frame, if that would help; else false. What others have of that becomes an
    /// orphan.
    pub fn thin(&mut self, orphans: &mut BTreeSet<usize>) -> bool {
        let size = |it: Room| it.memory + it.disk;
        let frames = own_room(&self.frames);
        if self.spacing >= MOST_SPACING || size(frames) < size(self.room) / FEW_FRAMES {
            return false;
        }
        self.spacing = (self.spacing * 2).min(MOST_SPACING);
        let mut next = 0;
        self.frames.retain(|it| {
            let is_far = it.it.records() >= next;
            if is_far {
                next = it.it.records() + self.spacing;
            } else if it.is_lent() {
                orphans.insert(it.key());
            }
            is_far
        });
        self.count_own();
        true
    }

    /// Whether some of its frames have been put by.
    #[must_use]
    pub fn has_frames_away(&self) -> bool {
        self.frames.iter().any(|it| it.own_room().disk > 0)
    }

    /// Those of its parts that count as this run's and that others have too.
    pub fn lent(&self) -> impl Iterator<Item = usize> {
        let frames = self.frames.iter().filter(|it| it.is_lent()).map(Held::key);
        frames.chain(self.blocks.iter().filter(|it| it.is_lent()).map(Held::key))
    }

    /// Those of these parts that it has count as this run's from now on, and are not among them
    /// any more.
    pub fn adopt(&mut self, orphans: &mut BTreeSet<usize>) {
        for frame in &mut self.frames {
            frame.adopt(orphans, hold_frame);
        }
        for (place, block) in self.blocks.iter_mut().enumerate() {
            if block.adopt(orphans, hold_block) {
                self.away = self.away.min(place);
            }
        }
        self.count_own();
    }

    fn count_own(&mut self) {
        self.room = own_room(&self.frames) + own_room(&self.blocks);
    }

    /// The latest of its frames of those not after an instant.
    #[must_use]
    pub fn frame_before(&self, at: Time) -> Option<&Frame> {
        let place = self.frames.partition_point(|it| it.it.now() <= at);
        Some(&*self.frames[place.checked_sub(1)?].it)
    }

    /// Whether it shows the scene at an instant and what comes next, beginning at one after so many
    /// records.
    #[must_use]
    pub fn shows(&self, at: Time, from: u64) -> bool {
        self.last_at().is_some_and(|last| at < last) && (self.start..=self.end()).contains(&from)
    }

    /// Takes a scene that it [shows](Self::shows) on to an instant, and gives the instant of the first
    /// record after that; `None` if the film is over before it is known, or cannot be read back.
    pub fn play(&self, shot: &mut Shot, at: Time) -> Option<Time> {
        let from = shot.scene.records;
        let skip = |before: u64| usize::try_from(from.saturating_sub(before)).unwrap_or(usize::MAX);
        let first = self.blocks.partition_point(|it| it.it.end() <= from);
        for block in &self.blocks[first..] {
            let records = block.it.records(skip(block.it.before()))?;
            if let Some(next) = fold(records, block.it.model(), shot, at) {
                return Some(next);
            }
        }
        let open = self.open.iter().skip(skip(self.end() - self.open.len() as u64));
        fold(open.copied(), &self.model, shot, at)
    }
}

/// Folds the records of a model up to an instant into a scene, and gives the instant of the first
/// after that.
fn fold(
    mut records: impl Iterator<Item = Record>,
    model: &Arc<Model>,
    shot: &mut Shot,
    at: Time,
) -> Option<Time> {
    let mut next = records.next()?;
    shot.model.clone_from(model);
    if next.at > at {
        return Some(next.at);
    }
    // Whoever was shown it before may look at it still.
    let scene = Arc::make_mut(&mut shot.scene);
    while next.at <= at {
        scene.apply(&next, model);
        next = records.next()?;
    }
    Some(next.at)
}
