//! The overview: how much happened when, over the whole run, in a bounded number of buckets.

use crate::model::{Span, Time};

/// The most buckets: more than a screen has columns to show them in.
const MOST_BUCKETS: usize = 4096;

/// How much happened when.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// How much time a bucket covers.
    pub bucket: Span,
    /// Records in each bucket, from the begin of the run.
    pub counts: Vec<u32>,
}

impl Default for Overview {
    fn default() -> Self {
        Self { bucket: Span::from_millis(10), counts: Vec::new() }
    }
}

impl Overview {
    /// Counts a record.
    pub fn count(&mut self, at: Time) {
        while at.0 / self.bucket.0 >= MOST_BUCKETS as u64 {
            self.merge();
        }
        #[expect(clippy::cast_possible_truncation, reason = "below MOST_BUCKETS")]
        let place = (at.0 / self.bucket.0) as usize;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] = self.counts[place].saturating_add(1);
    }

    /// Makes one bucket of every two.
    fn merge(&mut self) {
        self.bucket = self.bucket * 2;
        self.counts = self
            .counts
            .chunks(2)
            .map(|pair| pair.iter().fold(0_u32, |sum, it| sum.saturating_add(*it)))
            .collect();
    }
}
