//! The overview: how much happened when, over the whole run, and what is worth a mark.

use imbl::Vector;

use crate::model::{AnomalyKind, EventId, FaultId, InstanceId, Record, Span, StoreId, Time, What};

use super::moment::Totals;

/// The most buckets: more than a screen has columns to show them in.
const MOST_BUCKETS: u64 = 4096;

/// How much happened when. A copy is cheap: it shares almost everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// How much time a bucket covers.
    pub bucket: Span,
    /// The totals at the end of each bucket that is over. So whatever happened in a span of
    /// buckets, at any zoom, is one subtraction.
    ends: Vector<Totals>,
    /// The totals so far.
    now: Totals,
    /// What is worth a mark, in order; of anomalies the first [`MOST_MARKS`](super::moment::MOST_MARKS).
    pub marks: Vector<Mark>,
    /// When instances went down and came up, in order; the first so many.
    pub lives: Vector<(Time, InstanceId, bool)>,
    /// When the bucket that has begun is over.
    closes_at: Time,
}

/// Something on the timeline that one jumps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Time,
    /// What.
    pub kind: MarkKind,
}

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A fault began.
    FaultBegan(FaultId),
    /// A fault was mended.
    FaultEnded(FaultId),
    /// A projection and what it should hold parted.
    Anomaly {
        /// Which store.
        store: StoreId,
        /// The event that it comes of.
        event: EventId,
        /// What went wrong.
        kind: AnomalyKind,
    },
    /// A person intervened.
    Intervened {
        /// Which of the script's interventions.
        number: u32,
        /// Whether there was something that it could be done to.
        took: bool,
    },
}

impl Default for Overview {
    fn default() -> Self {
        Self {
            bucket: Self::FIRST_BUCKET,
            ends: Vector::new(),
            now: Totals::default(),
            marks: Vector::new(),
            lives: Vector::new(),
            closes_at: Time::ZERO + Self::FIRST_BUCKET,
        }
    }
}

impl Overview {
    const FIRST_BUCKET: Span = Span::from_millis(10);

    /// Time goes on to `at`, of which nothing has happened yet: buckets that are over are closed.
    #[inline]
    pub fn come_to(&mut self, at: Time, totals: &Totals) {
        if at >= self.closes_at {
            self.close(at, totals);
        }
    }

    #[cold]
    fn close(&mut self, at: Time, totals: &Totals) {
        while at.0 / self.bucket.0 >= MOST_BUCKETS {
            self.merge();
        }
        while (self.ends.len() as u64) < at.0 / self.bucket.0 {
            self.ends.push_back(totals.clone());
        }
        self.set_closing();
    }

    fn set_closing(&mut self) {
        self.closes_at = Time(self.bucket.0.saturating_mul(self.ends.len() as u64 + 1));
    }

    /// Takes in what is worth a mark; `totals` are those after it.
    #[inline]
    pub fn note(&mut self, record: &Record, totals: &Totals) {
        if totals.marks as usize > self.marks.len() || totals.lives as usize > self.lives.len() {
            self.mark(record);
        }
    }

    #[cold]
    fn mark(&mut self, record: &Record) {
        let at = record.at;
        let kind = match record.what {
            What::FaultBegan { fault } => MarkKind::FaultBegan(fault),
            What::FaultEnded { fault } => MarkKind::FaultEnded(fault),
            What::Intervened { number, took } => MarkKind::Intervened { number, took },
            What::Anomaly { store, event, kind } => MarkKind::Anomaly { store, event, kind },
            What::Up { instance } | What::Down { instance } => {
                self.lives.push_back((at, instance, matches!(record.what, What::Up { .. })));
                return;
            }
            _ => return,
        };
        self.marks.push_back(Mark { at, kind });
    }

    /// The run has come so far.
    pub fn set_now(&mut self, totals: &Totals) {
        self.now.clone_from(totals);
    }

    /// What happened so far.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.now
    }

    /// How many buckets have begun.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len() + usize::from(self.now.records > 0)
    }

    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The totals at the beginning of a bucket.
    fn before(&self, bucket: usize) -> Option<&Totals> {
        match bucket.checked_sub(1) {
            None => None,
            Some(last) => Some(self.ends.get(last).unwrap_or(&self.now)),
        }
    }

    /// How much of something happened in the buckets from `from` up to, not including, `to`.
    #[must_use]
    pub fn between(&self, from: usize, to: usize, of: impl Fn(&Totals) -> u64) -> u64 {
        let at = |bucket| self.before(bucket).map_or(0, &of);
        at(to.max(from)).saturating_sub(at(from))
    }

    /// The overview of the same run up to a moment: what was after it is forgotten.
    #[must_use]
    pub fn until(&self, at: Time, totals: &Totals) -> Self {
        let mut cut = self.clone();
        let over = usize::try_from(at.0 / self.bucket.0).unwrap_or(usize::MAX);
        cut.ends.truncate(over.min(cut.ends.len()));
        cut.now.clone_from(totals);
        cut.marks.truncate(totals.marks as usize);
        cut.lives.truncate(totals.lives as usize);
        cut.set_closing();
        cut
    }

    /// Makes one bucket of every two.
    fn merge(&mut self) {
        self.bucket = self.bucket * 2;
        self.ends = self.ends.iter().skip(1).step_by(2).cloned().collect();
    }
}
