//! The ladder of a run: its digest at instants all along it, so that where two runs part can be
//! told without having both.

use crate::model::{Script, Span, Time};
use crate::sim::{Digest, World};

use super::inquiry::{Found, Inquiry, SLICE_RECORDS, share_done};
use super::moment::Walk;
use super::runs::Runs;

/// The most rungs of a ladder that grows with its run.
const MOST_RUNGS: usize = 64;

/// A run at an instant, in two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    /// The instant.
    pub at: Time,
    /// How many records there are until then.
    pub records: u64,
    /// What names them.
    pub digest: Digest,
}

impl Rung {
    fn of(at: Time, world: &World) -> Self {
        Self { at, records: world.record_count(), digest: world.digest() }
    }
}

/// Digests all along a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    /// In order; each is of everything before its instant.
    pub rungs: Vec<Rung>,
    /// Of everything up to and including its instant, where that is known: the end.
    pub end: Option<Rung>,
}

impl Ladder {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rungs.is_empty() && self.end.is_none()
    }

    /// How far up it reaches.
    #[must_use]
    pub fn until(&self) -> Time {
        let last = self.rungs.last().map_or(Time::ZERO, |it| it.at);
        self.end.map_or(last, |it| it.at.max(last))
    }
}

/// The ladder of a run that is simulated on: the distance of its rungs doubles whenever there
/// are too many, so that every run of the same length has the same instants.
#[derive(Clone, Debug)]
pub(super) struct Growing {
    rungs: Vec<Rung>,
    spacing: Span,
    next: Time,
}

impl Default for Growing {
    fn default() -> Self {
        Self { rungs: Vec::new(), spacing: Self::FIRST, next: Time::ZERO + Self::FIRST }
    }
}

impl Growing {
    const FIRST: Span = Span::from_millis(10);

    /// Time goes on to `at`, of which nothing has happened yet.
    #[inline]
    pub(super) fn come_to(&mut self, at: Time, world: &World) {
        if at >= self.next {
            self.climb(at, world);
        }
    }

    #[cold]
    fn climb(&mut self, at: Time, world: &World) {
        while at >= self.next {
            if self.rungs.len() == MOST_RUNGS {
                self.spacing = self.spacing * 2;
                self.rungs = self.rungs.iter().skip(1).step_by(2).copied().collect();
            } else {
                self.rungs.push(Rung::of(self.next, world));
            }
            let number = self.rungs.len() as u64 + 1;
            self.next = Time(self.spacing.0.saturating_mul(number));
        }
    }

    /// The rungs of what is before a moment, and at it.
    pub(super) fn until(&self, at: Time) -> Self {
        let rungs: Vec<_> = self.rungs.iter().take_while(|it| it.at <= at).copied().collect();
        let next = Time(self.spacing.0.saturating_mul(rungs.len() as u64 + 1));
        Self { rungs, spacing: self.spacing, next }
    }

    /// The ladder so far; with its end, where everything up to and including that is simulated.
    pub(super) fn ladder(&self, until: Option<Time>, world: &World) -> Ladder {
        Ladder { rungs: self.rungs.clone(), end: until.map(|at| Rung::of(at, world)) }
    }
}

/// What a run says of a ladder that another program, or another version of this one, wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It goes the same way, record for record.
    Same,
    /// It parts from it.
    Parted {
        /// Up to here both are the same.
        after: Time,
        /// Here they are not.
        by: Time,
    },
}

/// Whether a run goes the way that a ladder says.
pub struct LadderCheck {
    script: Script,
    ladder: Ladder,
    walk: Option<Walk>,
    climbed: usize,
    same_until: Time,
}

impl LadderCheck {
    /// Of the future to which this is done with a ladder.
    #[must_use]
    pub const fn new(script: Script, ladder: Ladder) -> Self {
        Self { script, ladder, walk: None, climbed: 0, same_until: Time::ZERO }
    }

    fn parted(&self, by: Time) -> Found<Compared> {
        Found::All(Compared::Parted { after: self.same_until, by })
    }
}

impl Inquiry for LadderCheck {
    type Answer = Compared;

    fn begin(&mut self, runs: &mut Runs) {
        self.walk = Some(runs.walk(&self.script, Time::ZERO));
    }

    fn work(&mut self) -> Found<Compared> {
        let Some(mut walk) = self.walk.take() else { return Found::Nothing };
        let stop = walk.moment().world.record_count() + SLICE_RECORDS;
        loop {
            let (rung, last) = match (self.ladder.rungs.get(self.climbed), self.ladder.end) {
                (Some(rung), _) => (*rung, Time(rung.at.0.saturating_sub(1))),
                (None, Some(end)) if self.climbed == self.ladder.rungs.len() => (end, end.at),
                _ => return Found::All(Compared::Same),
            };
            while walk.step(last, |_, _| {}) {
                if walk.moment().world.record_count() > rung.records {
                    return self.parted(rung.at);
                }
                if walk.moment().world.record_count() >= stop {
                    self.walk = Some(walk);
                    return Found::Nothing;
                }
            }
            if Rung::of(rung.at, &walk.moment().world) != rung {
                return self.parted(rung.at);
            }
            self.same_until = rung.at;
            self.climbed += 1;
        }
    }

    fn progress(&self) -> f32 {
        self.walk.as_ref().map_or(1.0, |it| share_done(it, Time::ZERO, self.ladder.until()))
    }
}
