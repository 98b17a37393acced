//! A histogram of lengths of time with a bounded relative error.
//!
//! After G. Tene's `HdrHistogram`: each octave is split into equal parts. It is our own because
//! worlds are cloned at every checkpoint: it holds only the range that was seen, and it
//! interpolates, so that a quantile is right to a fraction of a part.

use crate::model::Span;

/// log₂ of the parts of an octave: 128 parts are 0.8 % wide at most.
const PART_BITS: u32 = 7;

/// A histogram of lengths of time.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Which bucket the first of `counts` is.
    first: usize,
    counts: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

impl Histogram {
    /// Takes a length in.
    #[inline]
    pub fn record(&mut self, span: Span) {
        let bucket = bucket_of(span.0);
        match self.counts.get_mut(bucket.wrapping_sub(self.first)) {
            Some(count) => *count += 1,
            None => self.widen(bucket, 1),
        }
        self.count += 1;
        self.sum += u128::from(span.0);
        self.max = self.max.max(span.0);
    }

    /// Counts the first of a bucket outside the range seen so far.
    #[cold]
    #[inline(never)]
    fn widen(&mut self, bucket: usize, count: u64) {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let more = self.first - bucket;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = bucket;
        }
        let place = bucket - self.first;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += count;
    }

    /// Takes its counts out, to be put back as they are.
    pub(super) fn take_counts(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.counts)
    }

    /// Puts counts in that were taken out.
    pub(super) fn put_counts(&mut self, counts: Vec<u64>) {
        self.counts = counts;
    }

    /// How much memory its counts take, in bytes.
    #[must_use]
    pub const fn size_bytes(&self) -> usize {
        self.counts.len() * size_of::<u64>()
    }

    /// How many lengths were taken in.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The lengths that were taken in since an earlier state of it. The longest of them is exact
    /// if it is the longest of all, and else right to the width of a bucket (0.8 %).
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.counts.clone();
        for (place, count) in earlier.counts.iter().enumerate() {
            // What was seen before is inside the range seen now.
            counts[earlier.first + place - self.first] -= count;
        }
        let last = counts.iter().rposition(|it| *it > 0);
        let highest = last.map_or(0, |it| bounds(self.first + it).1 - 1);
        Self {
            first: self.first,
            counts,
            count: self.count - earlier.count,
            sum: self.sum - earlier.sum,
            max: highest.min(self.max),
        }
    }

    /// Takes in all that another one took in.
    pub fn add(&mut self, other: &Self) {
        for (place, count) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let bucket = other.first + place;
            match self.counts.get_mut(bucket.wrapping_sub(self.first)) {
                Some(it) => *it += count,
                None => self.widen(bucket, *count),
            }
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// Every bucket with something in it: the least length that it holds, the least that it does
    /// not, and how many it holds.
    pub fn buckets(&self) -> impl Iterator<Item = (Span, Span, u64)> + '_ {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(place, count)| {
            let (low, high) = bounds(self.first + place);
            (Span(low), Span(high), *count)
        })
    }

    /// The exact sum of the lengths, in ns.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The exact mean in seconds; 0 of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    pub fn mean_seconds(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 / 1e9 }
    }

    /// The longest.
    #[must_use]
    pub const fn max(&self) -> Span {
        Span(self.max)
    }

    /// The length that a share `q` of all do not exceed, interpolated within its bucket.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "interpolation inside a bucket"
    )]
    pub fn quantile(&self, q: f64) -> Span {
        let wanted = q.clamp(0.0, 1.0) * self.count as f64;
        let mut before = 0.0;
        for (place, &count) in self.counts.iter().enumerate() {
            let count = count as f64;
            if count > 0.0 && before + count >= wanted {
                let (low, high) = bounds(self.first + place);
                let share = (wanted - before) / count;
                let value = low as f64 + (high - low) as f64 * share;
                return Span((value as u64).min(self.max));
            }
            before += count;
        }
        Span(self.max)
    }
}

fn bucket_of(value: u64) -> usize {
    // What is shorter than an octave of parts is in the first.
    let octave = (value | (1 << PART_BITS)).ilog2() - PART_BITS;
    #[expect(clippy::cast_possible_truncation, reason = "below 2^(PART_BITS + 1)")]
    let part = (value >> octave) as usize;
    ((octave as usize) << PART_BITS) + part
}

/// The least value of a bucket, and that of the next.
const fn bounds(bucket: usize) -> (u64, u64) {
    let octave = (bucket >> PART_BITS).saturating_sub(1);
    let part = bucket - (octave << PART_BITS);
    ((part as u64) << octave, ((part as u64) + 1) << octave)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_is_inside_its_bucket_and_buckets_are_narrow(value in 0..u64::MAX / 4) {
            let (low, high) = bounds(bucket_of(value));
            prop_assert!(low <= value && value < high);
            prop_assert!(high - low == 1 || (high - low) * 128 <= low);
        }
    }

    proptest! {
        #[test]
        fn two_together_are_one_that_took_in_what_both_did(
            one in prop::collection::vec(0..u64::MAX / 4, 0..20),
            other in prop::collection::vec(0..u64::MAX / 4, 0..20),
        ) {
            let of = |values: &[u64]| {
                let mut histogram = Histogram::default();
                values.iter().for_each(|it| histogram.record(Span(*it)));
                histogram
            };
            let mut added = of(&one);
            added.add(&of(&other));
            let all = of(&[one, other].concat());
            prop_assert!(added.buckets().eq(all.buckets()));
            prop_assert_eq!((added.count(), added.sum(), added.max()), (all.count(), all.sum(), all.max()));
        }
    }

    #[test]
    fn quantiles_of_a_thousand_even_steps() {
        let mut histogram = Histogram::default();
        for milli in 1..=1000 {
            histogram.record(Span::from_millis(milli));
        }
        for (q, seconds) in [(0.5, 0.5), (0.9, 0.9), (0.99, 0.99)] {
            let measured = histogram.quantile(q).as_secs_f64();
            assert!((measured / seconds - 1.0).abs() < 0.005, "{q}: {measured}");
        }
        assert!((histogram.mean_seconds() - 0.5005).abs() < 1e-12);
        assert_eq!(histogram.quantile(1.0), Span::SECOND);
    }
}
