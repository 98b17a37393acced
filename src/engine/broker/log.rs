//! A log topic: partitions, keys, offsets, retention. Who reads it is in [`group`](super::group).

use std::sync::Arc;

use crate::model::{Event, LogTopic, Time};

/// Events in a sealed chunk. Sealed chunks are shared between copies of a world, so that a
/// checkpoint of a long log is cheap; 256 events are some 30 KiB.
const CHUNK_EVENTS: usize = 256;

/// A log topic.
#[derive(Clone, Debug)]
pub struct Log {
    settings: LogTopic,
    partitions: Vec<Partition>,
    /// Where the next event without a key goes.
    next_unkeyed: usize,
}

/// One partition. Offsets begin at 0 and have no gaps.
#[derive(Clone, Debug, Default)]
struct Partition {
    /// Full chunks, the oldest first; the first begins at offset `sealed_start`.
    sealed: std::collections::VecDeque<Arc<[(Time, Event)]>>,
    sealed_start: u64,
    tail: Vec<(Time, Event)>,
    /// The oldest offset that is kept.
    start: u64,
    end: u64,
}

impl Log {
    /// An empty log.
    #[must_use]
    pub fn new(settings: LogTopic) -> Self {
        let partitions = vec![Partition::default(); settings.partitions as usize];
        Self { settings, partitions, next_unkeyed: 0 }
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
            Some(key) => (spread(key) % count as u64) as usize,
            None => {
                self.next_unkeyed = (self.next_unkeyed + 1) % count;
                self.next_unkeyed
            }
        };
        u32::try_from(index).expect("partitions are counted in 32 bits")
    }

    /// Appends an event and gives its offset.
    pub fn append(&mut self, now: Time, partition: u32, event: Event) -> u64 {
        let it = &mut self.partitions[partition as usize];
        if it.tail.len() == CHUNK_EVENTS {
            it.sealed.push_back(Arc::from(it.tail.as_slice()));
            it.tail.clear();
        } else if it.tail.capacity() == 0 {
            it.tail.reserve_exact(CHUNK_EVENTS);
        }
        it.tail.push((now, event));
        it.end += 1;
        it.end - 1
    }

    /// Deletes what retention no longer keeps; gives the new start if it moved.
    pub fn trim(&mut self, now: Time, partition: u32) -> Option<u64> {
        let LogTopic { retention, retention_events, .. } = self.settings;
        let it = &mut self.partitions[partition as usize];
        let before = it.start;
        if let Some(most) = retention_events {
            it.start = it.start.max(it.end.saturating_sub(most));
        }
        if let Some(age) = retention {
            while it.start < it.end && it.entry(it.start).0 + age < now {
                it.start += 1;
            }
        }
        while let Some(chunk) = it.sealed.front()
            && it.sealed_start + chunk.len() as u64 <= it.start
        {
            it.sealed_start += chunk.len() as u64;
            it.sealed.pop_front();
        }
        (it.start > before).then_some(it.start)
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

    /// The first offset whose event was appended at an instant or later; the end if none was
    /// (Kafka `offsetsForTimes`).
    #[must_use]
    pub fn offset_at(&self, partition: u32, at: Time) -> u64 {
        let it = &self.partitions[partition as usize];
        let (mut low, mut high) = (it.start, it.end);
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

    /// The event at an offset that is kept.
    #[must_use]
    pub fn event(&self, partition: u32, offset: u64) -> Event {
        self.partitions[partition as usize].entry(offset).1
    }
}

impl Partition {
    #[expect(clippy::cast_possible_truncation, reason = "positions in memory")]
    fn entry(&self, offset: u64) -> &(Time, Event) {
        let position = (offset - self.sealed_start) as usize;
        let chunk = position / CHUNK_EVENTS;
        match self.sealed.get(chunk) {
            Some(sealed) => &sealed[position % CHUNK_EVENTS],
            None => &self.tail[position - self.sealed.len() * CHUNK_EVENTS],
        }
    }
}

/// Mixes the bits of a key (`SplitMix64`'s finaliser), so that neighbouring keys are spread. The
/// brokers use murmur2 and others; which partition a key falls into carries no meaning.
const fn spread(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}
