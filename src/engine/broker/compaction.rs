//! Compaction: of each key a log keeps at least the last event.
//!
//! As in Kafka ("Design", *Log Compaction*): nothing is re-ordered and nobody's offset changes, the
//! removed leave holes; the active segment is left alone; a pass is made when enough of what
//! may be compacted is new (`min.cleanable.dirty.ratio`). A tombstone removes its key, and goes
//! itself `delete.retention.ms` after the first pass that saw it (KIP-534). Here that is seen to
//! even if nothing new has come, where Kafka waits for the next pass. Without segments all but the
//! newest event may be compacted.

use std::collections::BTreeMap;

use crate::model::{Event, Time};

use super::log::{Log, Partition};
use super::retention::next_round;

/// An event that compaction has left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub offset: u64,
    /// When it was appended.
    pub at: Time,
    pub event: Event,
    /// When it may go, if it is a tombstone.
    burial: Option<Time>,
}

impl Log {
    /// When a partition may be compacted next, if nothing is appended until then.
    pub(super) fn compaction_due_at(&self, now: Time, partition: u32) -> Option<Time> {
        let compaction = self.settings.compaction?;
        let it = &self.partitions[partition as usize];
        let dirty_end = it.active_start().min(self.high(partition));
        let is_new = it.end > it.looked_until && dirty_end > it.start.max(it.clean_end);
        let wanted = if is_new { Some(now) } else { it.next_burial };
        wanted.map(|at| next_round(at, compaction.every, now))
    }

    /// Compacts a partition, if there is enough to be compacted: gives the offsets of what was
    /// removed.
    pub fn compact(&mut self, now: Time, partition: u32, removed: &mut Vec<u64>) {
        let Some(compaction) = self.settings.compaction else { return };
        // What the followers do not have is not compacted.
        let high = self.high(partition);
        let types = &self.types;
        let it = &mut self.partitions[partition as usize];
        it.looked_until = high;
        let dirty_start = it.start.max(it.clean_end);
        let dirty_end = it.active_start().min(high);
        let size = |event: &Event| types[event.event_type.index()].size;
        let dirty_bytes: u64 = (dirty_start..dirty_end).map(|at| size(it.entry(at).1)).sum();
        let clean = it.clean.iter().filter(|kept| kept.offset >= it.start);
        let clean_bytes: u64 = clean.clone().map(|kept| size(&kept.event)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let is_dirty =
            dirty_bytes as f64 > compaction.min_dirty * (dirty_bytes + clean_bytes) as f64;
        if !is_dirty && it.next_burial.is_none_or(|at| at > now) {
            return;
        }
        let key = |event: &Event| types[event.event_type.index()].key.map(|key| event.fields[key]);
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        for offset in dirty_start..dirty_end {
            if let Some(key) = key(it.entry(offset).1) {
                last.insert(key, offset);
            }
        }
        let dirty = (dirty_start..dirty_end).map(|offset| {
            let (at, event) = it.entry(offset);
            Kept { offset, at, event: *event, burial: None }
        });
        let mut left = Vec::new();
        let mut gone: Vec<(u64, u64)> = Vec::new();
        let mut next_burial: Option<Time> = None;
        for mut kept in clean.copied().chain(dirty) {
            let is_last =
                key(&kept.event).and_then(|key| last.get(&key)).is_none_or(|&it| it == kept.offset);
            if !is_last || kept.burial.is_some_and(|at| at <= now) {
                gone.push((kept.offset, size(&kept.event)));
                continue;
            }
            if types[kept.event.event_type.index()].is_tombstone {
                let burial = *kept.burial.get_or_insert(now + compaction.delete_retention);
                next_burial = Some(next_burial.map_or(burial, |next| next.min(burial)));
            }
            left.push(kept);
        }
        it.next_burial = next_burial;
        it.clean = left.into();
        it.clean_end = it.clean_end.max(dirty_end);
        it.drop_chunks();
        for (offset, bytes) in gone {
            it.lose(offset, bytes);
            removed.push(offset);
        }
    }
}

impl Partition {
    /// The first offset that may not be compacted yet.
    fn active_start(&self) -> u64 {
        self.segments.back().map_or(self.end.saturating_sub(1), |active| active.start)
    }

    /// An event of this size was removed.
    fn lose(&mut self, offset: u64, bytes: u64) {
        self.bytes -= bytes;
        let behind = self.segments.partition_point(|it| it.start <= offset);
        if let Some(segment) = behind.checked_sub(1).and_then(|it| self.segments.get_mut(it)) {
            segment.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::event::MAX_FIELDS;
    use crate::model::{
        Compaction, EventId, EventType, EventTypeId, LogTopic, Position, ServiceId, Span,
    };

    fn event_type(is_tombstone: bool) -> EventType {
        EventType {
            name: String::new(),
            is_request: false,
            fields: Vec::new(),
            key: Some(0),
            is_tombstone,
            size_bytes: 10,
            colour: 0,
            letter: 'E',
        }
    }

    fn event(number: u64, key: u64, is_tombstone: bool) -> Event {
        let mut fields = [0; MAX_FIELDS];
        fields[0] = key;
        let event_type = EventTypeId(u16::from(is_tombstone));
        let id = EventId::new(ServiceId(0), number);
        Event { id, event_type, time: Time::ZERO, cause: None, lineage: 0, fields }
    }

    proptest! {
        /// Whatever is appended, compacted and trimmed when: what is there is in order, counted
        /// right, and found by offset; of each key the last event is there, unless it was too old
        /// or a tombstone.
        #[test]
        fn each_keys_last_event_is_kept(
            steps in prop::collection::vec((0_u64..8, 0_u64..9, prop::bool::weighted(0.2)), 0..700),
            retention in prop::option::of(50_u64..400),
            segment_events in prop::option::of(1_u64..40),
            min_dirty in prop::sample::select(vec![0.0, 0.5]),
        ) {
            let every = Span(1);
            let compaction = Compaction { every, min_dirty, delete_retention: Span(30) };
            let settings = LogTopic {
                partitions: 1,
                retention: retention.map(Span),
                segment_events,
                compaction: Some(compaction),
                ..LogTopic::default()
            };
            let mut log = Log::new(settings, &[event_type(false), event_type(true)]);
            let mut all: Vec<(u64, u64, bool)> = Vec::new();
            for (now, (key, what, is_tombstone)) in (0_u64..).zip(steps) {
                if what == 0 {
                    let mut removed = Vec::new();
                    log.compact(Time(now), 0, &mut removed);
                    prop_assert!(removed.is_sorted());
                    prop_assert!(removed.iter().all(|&it| log.event(0, it).is_none()));
                    log.trim(Time(now), 0, |_, _| {});
                } else {
                    log.append(Time(now), 0, event(all.len() as u64, key, is_tombstone));
                    all.push((now, key, is_tombstone));
                }
                let (start, end) = (log.start(0), log.end(0));
                prop_assert_eq!(end, all.len() as u64);
                let there: Vec<u64> = (start..end).filter(|&it| log.event(0, it).is_some()).collect();
                prop_assert_eq!(log.kept(0), there.len() as u64);
                prop_assert_eq!(log.partitions[0].bytes, 10 * there.len() as u64);
                let last: Vec<u64> =
                    log.last_events(0, 1000).iter().map(|it| it.id.count()).collect();
                prop_assert_eq!(&last, &there);
                for (offset, &(at, key, is_tombstone)) in (0_u64..).zip(&all) {
                    let later = &all[usize::try_from(offset).unwrap() + 1..];
                    let is_last = later.iter().all(|it| it.1 != key);
                    if offset >= start && is_last && !is_tombstone {
                        prop_assert!(there.contains(&offset), "{offset} is the last of its key");
                    }
                    let next = there.iter().copied().find(|it| *it >= offset).unwrap_or(end);
                    prop_assert_eq!(log.next_kept(0, offset), next);
                    let since = there.iter().find(|&&it| all[usize::try_from(it).unwrap()].0 >= at);
                    let found = log.next_kept(0, log.offset_of(0, Position::Time(Time(at))));
                    prop_assert_eq!(found, since.copied().unwrap_or(end));
                }
            }
        }
    }
}
