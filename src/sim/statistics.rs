//! Exact statistics of a service: areas under step functions, in whole numbers.

use super::histogram::Histogram;
use crate::model::{Guard, Span, Time};

/// What is counted and measured of one service, over all its instances.
///
/// Time averages are areas (level × ns) over the time measured; they are exact, so that Little's
/// law holds to the last digit on a run from empty to empty.
// In this order: what every message needs comes first.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Statistics {
    /// Messages that came to an instance.
    pub arrivals: u64,
    /// Handlers that came to their end as intended.
    pub completed: u64,
    busy: Level,
    queued: Level,
    /// Time from arrival to the begin of work.
    pub waiting: Histogram,
    /// Time from arrival to the end of work.
    pub response: Histogram,
    /// Handlers that failed, in whatever way.
    pub failed: u64,
    /// Messages that found the queue full (rejected or dropped).
    pub rejected: u64,
    /// Messages that found nobody, or were lost in a crash.
    pub lost: u64,
    /// Calls made by it that were not answered in time.
    pub timed_out: u64,
    /// Attempts at calls made by it that were not the first.
    pub retries: u64,
    /// Calls of it that were not made, by what kept them from it ([`Guard::ALL`]).
    pub calls_refused: [u64; Guard::ALL.len()],
    /// Requests that it answered from memory.
    pub remembered: u64,
    /// Requests that it refused since the same was being worked on.
    pub conflicts: u64,
    /// The sum of the times that messages had been in the system that were lost, or that left
    /// it without being worked on, in ns.
    pub lost_time: u128,
}

/// A level that changes in steps, and the area under it.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    value: u32,
    since: Time,
    area: u128,
}

impl Level {
    fn set(&mut self, now: Time, value: u32) {
        self.area = self.area_at(now);
        self.value = value;
        self.since = now;
    }

    fn area_at(&self, now: Time) -> u128 {
        self.area + u128::from(self.value) * u128::from(now.since(self.since).0)
    }
}

impl Statistics {
    /// How much memory it takes beside its own, in bytes.
    pub const fn size_bytes(&self) -> usize {
        self.waiting.size_bytes() + self.response.size_bytes()
    }

    /// One more worker is busy.
    pub fn worker_taken(&mut self, now: Time) {
        self.busy.set(now, self.busy.value + 1);
    }

    /// One worker less is busy.
    pub fn worker_freed(&mut self, now: Time) {
        self.busy.set(now, self.busy.value - 1);
    }

    /// One more message waits.
    pub fn queue_grew(&mut self, now: Time) {
        self.queued.set(now, self.queued.value + 1);
    }

    /// One message less waits.
    pub fn queue_shrank(&mut self, now: Time) {
        self.queued.set(now, self.queued.value - 1);
    }

    /// A message that came at `since` is lost.
    pub fn lose(&mut self, now: Time, since: Time) {
        self.lost += 1;
        self.pass(now, since);
    }

    /// A message that came at `since` leaves without being worked on.
    pub fn pass(&mut self, now: Time, since: Time) {
        self.lost_time += u128::from(now.since(since).0);
    }

    /// How many workers are busy now.
    pub fn busy(&self) -> u32 {
        self.busy.value
    }

    /// How many messages wait now.
    pub fn queued(&self) -> u32 {
        self.queued.value
    }

    /// The area under the number of busy workers, in ns.
    pub fn busy_area(&self, now: Time) -> u128 {
        self.busy.area_at(now)
    }

    /// The area under the number of waiting messages, in ns.
    pub fn queued_area(&self, now: Time) -> u128 {
        self.queued.area_at(now)
    }

    /// The average over time of a level with this area.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn average(area: u128, now: Time) -> f64 {
        if now == Time::ZERO { 0.0 } else { area as f64 / now.0 as f64 }
    }

    /// A message came, and its handler was done with it, at one instant: no worker was busy for
    /// any time.
    pub fn passed_at_once(&mut self) {
        self.arrivals += 1;
        self.completed += 1;
        self.waiting.record(Span::ZERO);
        self.response.record(Span::ZERO);
    }

    /// A handler that began work at `started` on a message that came at `since` is done.
    pub fn departed(&mut self, now: Time, since: Time, completed: bool) {
        if completed {
            self.completed += 1;
        } else {
            self.failed += 1;
        }
        self.response.record(Span(now.since(since).0));
    }
}
