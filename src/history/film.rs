//! The film of a run: all its records in blocks, and frames to begin from. Any scene is there by
//! unpacking a frame and folding the records since, without simulating anything.

use std::sync::Arc;

use crate::model::{Model, Record, Time};

use super::block::Block;
use super::frame::{Frame, Shot};
use super::kept::{Held, own_bytes};
use super::moment::Moment;

/// A frame is kept when as many records have gone by as making it costs: one for so many bytes.
const FRAME_BYTES_A_RECORD: u64 = 32;

/// The most records between two frames: to fold half as many takes a fifth of a millisecond.
const MOST_SPACING: u64 = 16_384;

/// So small a part of a film are frames that it does not help to have fewer of them.
const FEW_FRAMES: usize = 8;

/// A film that is being made, or was.
pub struct Film {
    /// How many records there were before its first.
    start: u64,
    /// Frames, in order. Those of checkpoints are not among them.
    frames: Vec<Held<Frame>>,
    blocks: Vec<Held<Block>>,
    /// The newest records, in no block yet.
    open: Vec<Record>,
    /// What they are records of.
    model: Arc<Model>,
    /// How many records a block has.
    block_records: u64,
    /// How many records lie between two frames, and the newest frame or checkpoint.
    spacing: u64,
    last_frame: u64,
    /// What of it counts as this run's, in bytes.
    bytes: usize,
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
            open: Vec::new(),
            model: Arc::clone(moment.world.model()),
            block_records,
            spacing: block_records,
            last_frame: start,
            bytes: 0,
        }
    }

    /// A film that begins at a moment.
    #[must_use]
    pub fn beginning_at(moment: &mut Moment, block_records: u64) -> Self {
        let mut film = Self::new(moment, block_records);
        film.keep_frame(moment);
        film
    }

    /// The same film up to a moment on its way, for another run.
    #[must_use]
    pub fn until(&self, moment: &Moment, last_checkpoint: u64) -> Self {
        let records = moment.scene.records;
        let frames = self.frames.iter().take_while(|it| it.it.records() <= records);
        let frames: Vec<_> = frames.map(Held::shared).collect();
        let whole = self.blocks.partition_point(|it| it.it.end() <= records);
        let blocks: Vec<_> = self.blocks[..whole].iter().map(Held::shared).collect();
        let before = blocks.last().map_or(self.start, |it| it.it.end());
        let count = usize::try_from(records - before).unwrap_or(usize::MAX);
        let open = match self.blocks.get(whole) {
            Some(block) => block.it.records(0).take(count).collect(),
            None => self.open.iter().take(count).copied().collect(),
        };
        let last_frame = frames.last().map_or(self.start, |it| it.it.records());
        Self {
            start: self.start,
            last_frame: last_frame.max(last_checkpoint),
            frames,
            blocks,
            open,
            model: Arc::clone(moment.world.model()),
            block_records: self.block_records,
            spacing: self.spacing,
            bytes: 0,
        }
    }

    /// How many records there were up to its last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.blocks.last().map_or(self.start, |it| it.it.end()) + self.open.len() as u64
    }

    /// How much memory of it counts as this run's, in bytes.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.bytes
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

    /// There is a checkpoint at this moment.
    pub fn pass_checkpoint(&mut self, moment: &Moment) {
        self.close(moment);
        self.last_frame = moment.scene.records;
    }

    /// Packs the newest records. What comes is of the model of this moment.
    #[cold]
    fn close(&mut self, moment: &Moment) {
        let model = std::mem::replace(&mut self.model, Arc::clone(moment.world.model()));
        if !self.open.is_empty() {
            let before = self.end() - self.open.len() as u64;
            let block = Block::of(&self.open, before, model);
            let bytes = block.size_bytes() + size_of::<Held<Block>>();
            self.bytes += bytes;
            self.blocks.push(Held::new(block, bytes));
            self.open.clear();
        }
    }

    #[cold]
    fn keep_frame(&mut self, moment: &mut Moment) {
        let frame = Frame::of(moment);
        let bytes = frame.size_bytes() + size_of::<Held<Frame>>();
        self.spacing = self.spacing.max(bytes as u64 / FRAME_BYTES_A_RECORD).min(MOST_SPACING);
        self.last_frame = frame.records();
        self.bytes += bytes;
        self.frames.push(Held::new(frame, bytes));
    }

    /// Takes over the frame of a checkpoint that is let go.
    pub fn take_over(&mut self, it: Arc<Frame>, is_own: bool) {
        let place = self.frames.partition_point(|other| other.it.records() < it.records());
        let bytes = it.size_bytes() + size_of::<Held<Frame>>();
        let frame = Held { it, bytes, is_own };
        self.bytes += frame.own_bytes();
        self.frames.insert(place, frame);
    }

    /// Lets go every other frame, if that would help; else false.
    pub fn thin(&mut self) -> bool {
        let frames = own_bytes(&self.frames);
        if self.spacing >= MOST_SPACING || frames < self.bytes / FEW_FRAMES {
            return false;
        }
        let mut number = 0;
        self.frames.retain(|_| {
            number += 1;
            number % 2 == 0
        });
        self.spacing = (self.spacing * 2).min(MOST_SPACING);
        self.count_own();
        true
    }

    /// Tells of each part, and whether it counts as this run's; that may be changed.
    pub fn share(&mut self, of: &mut impl FnMut(*const (), &mut bool)) {
        self.frames.iter_mut().for_each(|it| it.share(of));
        self.blocks.iter_mut().for_each(|it| it.share(of));
        self.count_own();
    }

    fn count_own(&mut self) {
        self.bytes = own_bytes(&self.frames) + own_bytes(&self.blocks);
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
        let closed = self.blocks.last().map(|it| it.it.until());
        let until = self.open.last().map(|it| it.at).or(closed);
        until.is_some_and(|until| at < until) && (self.start..=self.end()).contains(&from)
    }

    /// Takes a scene that it [shows](Self::shows) on to an instant, and gives the instant of the first
    /// record after that; `None` if the film is over before it is known.
    pub fn play(&self, shot: &mut Shot, at: Time) -> Option<Time> {
        let from = shot.scene.records;
        let skip = |before: u64| usize::try_from(from.saturating_sub(before)).unwrap_or(usize::MAX);
        let first = self.blocks.partition_point(|it| it.it.end() <= from);
        for block in &self.blocks[first..] {
            let records = block.it.records(skip(block.it.before()));
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
    records: impl Iterator<Item = Record>,
    model: &Arc<Model>,
    shot: &mut Shot,
    at: Time,
) -> Option<Time> {
    let mut records = records.peekable();
    let first = records.peek()?.at;
    shot.model.clone_from(model);
    if first > at {
        return Some(first);
    }
    // Whoever was shown it before may look at it still.
    let scene = Arc::make_mut(&mut shot.scene);
    for record in records {
        if record.at > at {
            return Some(record.at);
        }
        scene.apply(&record, model);
    }
    None
}
