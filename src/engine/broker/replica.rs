//! What the followers of a log's leader have: the high watermark.

use std::collections::VecDeque;

use crate::model::{Span, Time};

/// The in-sync followers of a partition.
///
/// They are all alike: each has what was appended `delay` later. The set of those in sync does
/// not shrink, and only one of them is elected.
#[derive(Clone, Debug)]
pub struct Replica {
    delay: Span,
    /// The end of what the followers have.
    high: u64,
    /// When they will have more: up to which end.
    behind: VecDeque<(Time, u64)>,
}

impl Replica {
    /// Followers that have a partition up to an end, and an append so long after it.
    #[must_use]
    pub const fn of(delay: Span, high: u64) -> Self {
        Self { delay, high, behind: VecDeque::new() }
    }

    /// The end of what the followers have.
    #[must_use]
    pub const fn high(&self) -> u64 {
        self.high
    }

    /// The leader has appended up to `end`; gives when the followers will have it.
    pub fn appended(&mut self, now: Time, end: u64) -> Time {
        self.behind.push_back((now + self.delay, end));
        now + self.delay
    }

    /// The followers have what they can have by `now`. Gives whether that is more than before.
    pub fn catch_up(&mut self, now: Time) -> bool {
        let before = self.high;
        while let Some(&(at, end)) = self.behind.front()
            && at <= now
        {
            self.behind.pop_front();
            self.high = end;
        }
        self.high > before
    }

    /// A follower is the leader now: the log ends where it ends. Gives that end.
    pub fn lead(&mut self) -> u64 {
        self.behind.clear();
        self.high
    }
}
