//! A log topic: partitions, keys, offsets. What is deleted is in `retention` and `compaction`, who
//! reads it in [`group`](super::group).

use std::collections::VecDeque;
use std::sync::Arc;

use imbl::Vector;

use crate::model::{Event, EventId, EventType, LogTopic, Position, Span, Time};

use super::compaction::Kept;
use super::retention::Segment;

use super::replica::Replica;

/// Events in a sealed chunk. Sealed chunks are shared between copies of a world, so that a
/// checkpoint of a long log is cheap; what is not full yet is copied with each.
const CHUNK_EVENTS: usize = 32;

/// Full chunks of a partition, the oldest first: each event with when it was appended.
pub type Sealed = Vector<Arc<[(Time, Event)]>>;

/// Events as the full chunks that they were.
#[must_use]
pub fn seal(mut events: impl Iterator<Item = (Time, Event)>) -> Sealed {
    let next = || {
        let chunk: Arc<[_]> = events.by_ref().take(CHUNK_EVENTS).collect();
        (!chunk.is_empty()).then_some(chunk)
    };
    std::iter::from_fn(next).collect()
}

/// A log topic.
#[derive(Clone, Debug)]
pub struct Log {
    pub(super) settings: LogTopic,
    /// What the log needs to know of each type of event.
    pub(super) types: Arc<[Traits]>,
    pub(super) partitions: Vec<Partition>,
    /// What the followers have of each partition; empty if there are none.
    replicas: Vec<Replica>,
    /// Where the next event without a key goes.
    next_unkeyed: usize,
}

/// What a log needs to know of a type of event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    pub size: u64,
    pub key: Option<usize>,
    pub is_tombstone: bool,
}

/// One partition. Offsets begin at 0 and are never given twice; compaction leaves holes.
#[derive(Clone, Debug, Default)]
pub(super) struct Partition {
    /// What compaction has left of the offsets before `clean_end`, in order.
    pub clean: Arc<[Kept]>,
    pub clean_end: u64,
    /// Full chunks, the oldest first; the first begins at offset `sealed_start`. They have no
    /// holes; what they hold from before `clean_end` is there no more.
    sealed: Sealed,
    sealed_start: u64,
    tail: Vec<(Time, Event)>,
    /// The oldest offset that is kept.
    pub start: u64,
    pub end: u64,
    /// The size of what is kept.
    pub bytes: u64,
    /// The segments, the oldest first; the last is the active one. Empty where deletion goes by
    /// single events.
    pub segments: VecDeque<Segment>,
    /// The end when it was last looked whether to compact.
    pub looked_until: u64,
    /// When the next tombstone may go.
    pub next_burial: Option<Time>,
}

impl Log {
    /// An empty log, in a world with these types of events.
    #[must_use]
    pub fn new(settings: LogTopic, types: &[EventType]) -> Self {
        let count = settings.partitions as usize;
        let partitions = vec![Partition::default(); count];
        let replicas = settings.replication.map(|delay| vec![Replica::of(delay, 0); count]);
        let replicas = replicas.unwrap_or_default();
        let traits = |it: &EventType| Traits {
            size: u64::from(it.size_bytes),
            key: it.key,
            is_tombstone: it.is_tombstone,
        };
        let types = types.iter().map(traits).collect();
        Self { settings, types, partitions, replicas, next_unkeyed: 0 }
    }

    /// How many partitions.
    #[must_use]
    pub fn partition_count(&self) -> usize {
        self.partitions.len()
    }

    /// The partition an event with this key goes to: `hash(key) mod N`. Without a key the
    /// partitions take turns.
    pub fn partition_for(&mut self, key: Option<u64>) -> u32 {
        let count = self.partitions.len();
        let index = match key {
            #[expect(clippy::cast_possible_truncation, reason = "taken modulo the count")]
            Some(key) => return partition_of(key, count as u32),
            None => {
                self.next_unkeyed = (self.next_unkeyed + 1) % count;
                self.next_unkeyed
            }
        };
        u32::try_from(index).expect("partitions are counted in 32 bits")
    }

    /// Appends an event and gives its offset.
    pub fn append(&mut self, now: Time, partition: u32, event: Event) -> u64 {
        let size = self.types[event.event_type.index()].size;
        let it = &mut self.partitions[partition as usize];
        if self.settings.has_segments() {
            it.enter_segment(now, size, &self.settings);
        }
        if it.tail.len() == CHUNK_EVENTS {
            it.sealed.push_back(Arc::from(it.tail.as_slice()));
            it.tail.clear();
        } else if it.tail.capacity() == 0 {
            it.tail.reserve_exact(CHUNK_EVENTS);
        }
        it.tail.push((now, event));
        it.bytes += size;
        it.end += 1;
        it.end - 1
    }

    /// The oldest offset that is kept.
    #[must_use]
    pub fn start(&self, partition: u32) -> u64 {
        self.partitions[partition as usize].start
    }

    /// The offset that the next event will get.
    #[must_use]
    pub fn end(&self, partition: u32) -> u64 {
        self.partitions[partition as usize].end
    }

    /// How many events of a partition are kept.
    #[must_use]
    pub fn kept(&self, partition: u32) -> u64 {
        self.partitions[partition as usize].kept()
    }

    /// The first offset from this one on that there is an event at; the end if there is none.
    #[must_use]
    pub fn next_kept(&self, partition: u32, offset: u64) -> u64 {
        self.partitions[partition as usize].next_kept(offset)
    }

    /// Behind what may be read: the end of what the followers have too.
    #[must_use]
    pub fn high(&self, partition: u32) -> u64 {
        self.replicas
            .get(partition as usize)
            .map_or_else(|| self.end(partition), |replica| replica.high())
    }

    /// After an append: when the followers will have it, if there are any.
    pub fn replicate(&mut self, now: Time, partition: u32) -> Option<Time> {
        let end = self.end(partition);
        self.replicas.get_mut(partition as usize).map(|replica| replica.appended(now, end))
    }

    /// The followers have what they can have by `now`. Gives whether more may be read.
    pub fn catch_up(&mut self, now: Time, partition: u32) -> bool {
        self.replicas.get_mut(partition as usize).is_some_and(|replica| replica.catch_up(now))
    }

    /// Followers have from now on what is appended so long after it, and all that is there.
    pub(super) fn follow(&mut self, delay: Option<Span>) {
        let all = |delay| self.partitions.iter().map(move |it| Replica::of(delay, it.end));
        self.replicas = delay.map_or_else(Vec::new, |delay| all(delay).collect());
    }

    /// The leader is lost, and a follower leads: what it does not have is gone. Gives the
    /// events that are lost, the newest first.
    pub fn lose_leader(&mut self, partition: u32) -> Vec<EventId> {
        let Some(replica) = self.replicas.get_mut(partition as usize) else { return Vec::new() };
        let end = replica.lead();
        let it = &mut self.partitions[partition as usize];
        (end..it.end).filter_map(|_| it.forget_newest(&self.types)).collect()
    }

    /// The first offset whose event was appended at an instant or later; the end if none was
    /// (Kafka `offsetsForTimes`).
    fn offset_at(&self, partition: u32, at: Time) -> u64 {
        let it = &self.partitions[partition as usize];
        let place = it.clean.partition_point(|kept| kept.offset < it.start || kept.at < at);
        if let Some(kept) = it.clean.get(place) {
            return kept.offset;
        }
        let (mut low, mut high) = (it.start.max(it.clean_end), it.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if it.entry(middle).0 < at {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The offset at a position, as far as may be read.
    #[must_use]
    pub fn offset_of(&self, partition: u32, position: Position) -> u64 {
        let (start, high) = (self.start(partition), self.high(partition));
        match position {
            Position::Earliest => start,
            Position::Latest => high,
            Position::Time(at) => self.offset_at(partition, at).min(high),
            Position::Offset(offset) => offset.clamp(start, high),
        }
    }

    /// The event at an offset, if it is kept.
    #[must_use]
    pub fn event(&self, partition: u32, offset: u64) -> Option<Event> {
        let it = &self.partitions[partition as usize];
        let is_kept = it.next_kept(offset) == offset && offset < it.end;
        is_kept.then(|| *it.entry(offset).1)
    }

    /// About how much memory a copy of it takes, in bytes; what copies share is not counted.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let one = |it: &Partition| size_of_val(it) + it.tail.len() * size_of::<(Time, Event)>();
        self.partitions.iter().map(one).sum()
    }

    /// About how much memory it has in common with copies of it, in bytes, but not with an earlier
    /// one: without its full chunks.
    #[must_use]
    pub fn apart_bytes(&self, earlier: Option<&Self>) -> usize {
        let one = |(number, it): (usize, &Partition)| {
            let before = earlier.and_then(|it| it.partitions.get(number));
            let is_clean_shared = before.is_some_and(|other| Arc::ptr_eq(&other.clean, &it.clean));
            if is_clean_shared { 0 } else { size_of_val(&*it.clean) }
        };
        self.partitions.iter().enumerate().map(one).sum()
    }

    /// The same of its full chunks.
    #[must_use]
    pub fn sealed_apart_bytes(&self, earlier: Option<&Self>) -> usize {
        let one = |(number, it): (usize, &Partition)| {
            let before = earlier.and_then(|it| it.partitions.get(number));
            let since = before.map_or(0, |it| it.end);
            let events = it.end.saturating_sub(since.max(it.start).max(it.clean_end));
            usize::try_from(events).unwrap_or(usize::MAX) * size_of::<(Time, Event)>()
        };
        self.partitions.iter().enumerate().map(one).sum()
    }

    /// About how much of that a later one has, too.
    #[must_use]
    pub fn sealed_shared_bytes(&self, later: &Self) -> usize {
        let one = |(it, later): (&Partition, &Partition)| {
            let begin = it.start.max(it.clean_end).max(later.start.max(later.clean_end));
            let events = it.end.min(later.end).saturating_sub(begin);
            usize::try_from(events).unwrap_or(usize::MAX) * size_of::<(Time, Event)>()
        };
        self.partitions.iter().zip(&later.partitions).map(one).sum()
    }

    /// Takes the full chunks of each partition out, to be put back as they are.
    pub fn take_sealed(&mut self) -> impl Iterator<Item = Sealed> {
        self.partitions.iter_mut().map(|it| std::mem::take(&mut it.sealed))
    }

    /// Puts those of each partition back.
    pub fn put_sealed(&mut self, mut sealed: impl Iterator<Item = Sealed>) {
        for it in &mut self.partitions {
            it.sealed = sealed.next().unwrap_or_default();
        }
    }

    /// Whether an event is kept.
    #[must_use]
    pub fn has(&self, event: EventId) -> bool {
        self.find(event).is_some()
    }

    /// An event that is kept. It looks at all of them: this is for what happens rarely.
    #[must_use]
    pub fn find(&self, event: EventId) -> Option<Event> {
        let mut partitions = (0_u32..).take(self.partition_count());
        partitions
            .find_map(|it| self.last_events(it, usize::MAX).into_iter().find(|it| it.id == event))
    }

    /// The last events of a partition, at most so many, the oldest first.
    #[must_use]
    pub fn last_events(&self, partition: u32, most: usize) -> Vec<Event> {
        let it = &self.partitions[partition as usize];
        let dense = (it.start.max(it.clean_end)..it.end).rev();
        let clean = it.clean.iter().rev().map(|it| it.offset).filter(|&at| at >= it.start);
        let mut events: Vec<Event> =
            dense.chain(clean).take(most).map(|at| *it.entry(at).1).collect();
        events.reverse();
        events
    }
}

impl Partition {
    /// Forgets the newest event, which is not compacted yet; gives which it was.
    fn forget_newest(&mut self, types: &[Traits]) -> Option<EventId> {
        if self.tail.is_empty()
            && let Some(last) = self.sealed.pop_back()
        {
            self.tail.extend_from_slice(&last);
        }
        let (_, event) = self.tail.pop()?;
        let size = types[event.event_type.index()].size;
        self.end -= 1;
        self.bytes -= size;
        self.looked_until = self.looked_until.min(self.end);
        let is_any_left = self.end > self.start.max(self.clean_end);
        let newest = is_any_left.then(|| self.entry(self.end - 1).0);
        self.leave_segment(size, newest);
        Some(event.id)
    }

    /// What is at an offset that is kept, and when it was appended.
    #[expect(clippy::cast_possible_truncation, reason = "positions in memory")]
    pub fn entry(&self, offset: u64) -> (Time, &Event) {
        if offset < self.clean_end {
            let place = self.clean.partition_point(|it| it.offset < offset);
            return (self.clean[place].at, &self.clean[place].event);
        }
        let position = (offset - self.sealed_start) as usize;
        let chunk = position / CHUNK_EVENTS;
        let (at, event) = match self.sealed.get(chunk) {
            Some(sealed) => &sealed[position % CHUNK_EVENTS],
            None => &self.tail[position - self.sealed.len() * CHUNK_EVENTS],
        };
        (*at, event)
    }

    /// The first offset from this one on that there is an event at; the end if there is none.
    pub fn next_kept(&self, offset: u64) -> u64 {
        let offset = offset.max(self.start);
        if offset >= self.clean_end {
            return offset.min(self.end);
        }
        let place = self.clean.partition_point(|it| it.offset < offset);
        self.clean.get(place).map_or(self.clean_end, |it| it.offset)
    }

    /// How many events are kept.
    pub fn kept(&self) -> u64 {
        self.kept_before(self.end)
    }

    /// How many events are kept before an offset.
    pub fn kept_before(&self, offset: u64) -> u64 {
        let clean = if self.clean.is_empty() {
            0
        } else {
            let before = |at: u64| self.clean.partition_point(|it| it.offset < at);
            before(offset).saturating_sub(before(self.start)) as u64
        };
        clean + offset.saturating_sub(self.start.max(self.clean_end))
    }

    /// Lets go of chunks of which nothing is read any more.
    pub fn drop_chunks(&mut self) {
        let from = self.start.max(self.clean_end);
        while let Some(chunk) = self.sealed.front()
            && self.sealed_start + chunk.len() as u64 <= from
        {
            self.sealed_start += chunk.len() as u64;
            self.sealed.pop_front();
        }
    }
}

/// The partition of so many that an event with this key goes to.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "below the count")]
pub fn partition_of(key: u64, partitions: u32) -> u32 {
    (spread(key) % u64::from(partitions)) as u32
}

/// Mixes the bits of a key (`SplitMix64`'s finaliser), so that neighbouring keys are spread. The
/// brokers use murmur2 and others; which partition a key falls into carries no meaning.
const fn spread(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}
