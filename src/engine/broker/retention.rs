//! What a log deletes at its old end: by age, by size, by number; single events, or segments.
//!
//! Kafka deletes whole segments, and looks for them now and then (`log.retention.check.interval.ms`,
//! 5 min): those whose newest event is too old, and the oldest as long as `retention.bytes` are
//! left without them. The active segment is never deleted for its size; for its age only when
//! everything in it is too old, and then a new one is begun first (`deletableSegments` in
//! `UnifiedLog`). Without segments the rule is exact and at once.

use crate::model::{EventId, LogTopic, Span, Time};

use super::log::{Log, Partition};

/// A run of events of a partition that is deleted as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub start: u64,
    pub bytes: u64,
    /// When its first and its newest event were appended.
    first: Time,
    newest: Time,
}

/// What is deleted at once: a segment, or an event.
struct Unit {
    /// The offset behind it.
    end: u64,
    bytes: u64,
    events: u64,
    newest: Time,
    /// Whether something may still be appended to it, or it is the newest event.
    is_active: bool,
}

impl Log {
    /// Something was appended: deletes what is not kept any more, if that is done at once. Gives
    /// the new start if it moved.
    pub fn trim_at_once(
        &mut self,
        now: Time,
        partition: u32,
        deleted: impl FnMut(u64, EventId),
    ) -> Option<u64> {
        if self.settings.retention_check.is_some() {
            return None;
        }
        self.trim(now, partition, deleted)
    }

    /// Deletes what is not kept any more; gives the new start if it moved. `deleted` is told each
    /// offset and the event that was there.
    pub fn trim(
        &mut self,
        now: Time,
        partition: u32,
        mut deleted: impl FnMut(u64, EventId),
    ) -> Option<u64> {
        if !self.settings.is_trimmed() {
            return None;
        }
        let before = self.start(partition);
        while let Some(unit) = self.oldest(partition) {
            let is_old = self.settings.retention.is_some_and(|age| unit.newest + age <= now);
            // What the followers do not have is not deleted.
            if (!is_old && !self.is_over(partition, &unit)) || unit.end > self.high(partition) {
                break;
            }
            let it = &mut self.partitions[partition as usize];
            let mut offset = it.next_kept(it.start);
            while offset < unit.end {
                deleted(offset, it.entry(offset).1.id);
                offset = it.next_kept(offset + 1);
            }
            it.start = unit.end;
            it.bytes -= unit.bytes;
            it.segments.pop_front();
        }
        let it = &mut self.partitions[partition as usize];
        it.drop_chunks();
        (it.start > before).then_some(it.start)
    }

    /// Deletes everything that a partition holds and its followers have; `deleted` is told of each
    /// event. Gives the new beginning, if there is one.
    pub fn purge(&mut self, partition: u32, deleted: impl FnMut(u64, EventId)) -> Option<u64> {
        self.cut(partition, self.high(partition), deleted)
    }

    /// Deletes what a partition holds before an offset; `deleted` is told of each event. Gives the
    /// new beginning, if there is one.
    pub fn cut(
        &mut self,
        partition: u32,
        end: u64,
        mut deleted: impl FnMut(u64, EventId),
    ) -> Option<u64> {
        let it = &mut self.partitions[partition as usize];
        let (before, end) = (it.start, end.min(it.end));
        let mut offset = it.next_kept(it.start);
        while offset < end {
            let (_, event) = it.entry(offset);
            let size = self.types[event.event_type.index()].size;
            deleted(offset, event.id);
            it.bytes -= size;
            offset = it.next_kept(offset + 1);
        }
        it.start = end.max(before);
        while it.segments.len() > 1 && it.segments[1].start <= it.start {
            it.segments.pop_front();
        }
        let behind: u64 = it.segments.iter().skip(1).map(|it| it.bytes).sum();
        if let Some(first) = it.segments.front_mut() {
            first.bytes = it.bytes - behind;
        }
        it.drop_chunks();
        (it.start > before).then_some(it.start)
    }

    /// From now on it keeps what these settings say; what it holds its followers have, and is one
    /// segment.
    pub fn keep(&mut self, settings: LogTopic) {
        for it in &mut self.partitions {
            it.segments.clear();
            if settings.has_segments() && it.kept() > 0 {
                let (first, newest) = (it.entry(it.next_kept(it.start)).0, it.entry(it.end - 1).0);
                let (start, bytes) = (it.start, it.bytes);
                it.segments.push_back(Segment { start, bytes, first, newest });
            }
        }
        self.follow(settings.replication);
        self.settings = settings;
    }

    /// When a partition wants to be looked after next, if nothing is appended until then: to
    /// delete, or to compact.
    #[must_use]
    pub fn due_at(&self, now: Time, partition: u32) -> Option<Time> {
        if !self.settings.is_tended() {
            return None;
        }
        let check = self.settings.retention_check;
        let on_time = |at: Time| check.map_or(at, |check| next_round(at, check, now));
        let may_go = |it: &Unit| self.settings.is_trimmed() && it.end <= self.high(partition);
        let trim = self.oldest(partition).filter(may_go).and_then(|unit| {
            let is_over = check.is_some() && self.is_over(partition, &unit);
            let old_at = self.settings.retention.map(|age| unit.newest + age);
            let at = if is_over { Some(now) } else { old_at };
            at.map(on_time)
        });
        trim.into_iter().chain(self.compaction_due_at(now, partition)).min()
    }

    /// Whether a partition is large enough for its oldest unit to go.
    fn is_over(&self, partition: u32, unit: &Unit) -> bool {
        let LogTopic { retention_size, retention_events, .. } = self.settings;
        let it = &self.partitions[partition as usize];
        let is_above = |size: u64, unit: u64, limit: Option<u64>| match limit {
            None => false,
            Some(limit) if self.settings.has_segments() => size - unit >= limit,
            Some(limit) => size > limit,
        };
        !unit.is_active
            && (is_above(it.bytes, unit.bytes, retention_size)
                || is_above(it.kept(), unit.events, retention_events))
    }

    /// What would be deleted first.
    fn oldest(&self, partition: u32) -> Option<Unit> {
        let it = &self.partitions[partition as usize];
        if self.settings.has_segments() {
            let segment = it.segments.front()?;
            let next = it.segments.get(1);
            let end = next.map_or(it.end, |next| next.start);
            return Some(Unit {
                end,
                bytes: segment.bytes,
                events: it.kept_before(end),
                newest: segment.newest,
                is_active: next.is_none(),
            });
        }
        let offset = it.next_kept(it.start);
        if offset == it.end {
            return None;
        }
        let (newest, event) = it.entry(offset);
        let bytes = self.types[event.event_type.index()].size;
        let end = offset + 1;
        Some(Unit { end, bytes, events: 1, newest, is_active: end == it.end })
    }
}

impl Partition {
    /// An event of this size is about to be appended: to the active segment, or a new one.
    pub fn enter_segment(&mut self, now: Time, size: u64, settings: &LogTopic) {
        let LogTopic { segment_size, segment_events, segment_age, .. } = settings;
        let is_full = self.segments.back().is_none_or(|it| {
            segment_size.is_some_and(|most| it.bytes + size > most)
                || segment_events.is_some_and(|most| self.end - it.start >= most)
                || segment_age.is_some_and(|most| it.first + most <= now)
        });
        if is_full {
            self.segments.push_back(Segment { start: self.end, bytes: 0, first: now, newest: now });
        }
        if let Some(active) = self.segments.back_mut() {
            active.bytes += size;
            active.newest = now;
        }
    }
}

impl Partition {
    /// The newest event, of this size, is gone; before it something was appended at `newest`.
    pub fn leave_segment(&mut self, size: u64, newest: Option<Time>) {
        let Some(active) = self.segments.back_mut() else { return };
        active.bytes -= size;
        if active.start == self.end {
            self.segments.pop_back();
        } else if let Some(newest) = newest {
            active.newest = newest;
        }
    }
}

/// The first round after now, and not before an instant, of what is done every so often.
pub(super) fn next_round(at: Time, every: Span, now: Time) -> Time {
    Time(at.0.max(now.0 + 1).div_ceil(every.0).saturating_mul(every.0))
}
