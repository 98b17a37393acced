//! A survey: one walk along a run that measures spans of it and watches claims, as an inquiry.

use std::collections::BTreeMap;

use crate::history::inquiry::{SLICE_RECORDS, share_behind};
use crate::history::{Found, Inquiry, Ride, Runs};
use crate::model::{Figure, Level, Record, Script, Time};

use super::arrivals::{Cohort, Fate};
use super::figures::Measured;
use super::meter::{Meter, Part};
use super::watch::{Verdict, Watch};

/// Measures parts of a run, and watches claims about it.
pub struct Survey {
    script: Script,
    end: Time,
    parts: Vec<Part>,
    levels: Vec<Level>,
    has_fates: bool,
    fault: Option<Time>,
    watches: Vec<Watch>,
    under_way: Option<UnderWay>,
    slices: u32,
}

/// A survey that has begun.
struct UnderWay {
    ride: Ride,
    meter: Meter,
    watches: Vec<Watch>,
    fresh: Vec<Record>,
}

/// What a survey found.
#[derive(Clone, Debug, Default)]
pub struct Surveyed {
    /// Part by part, bucket by bucket.
    pub parts: Vec<Vec<Measured>>,
    /// How each of the claims was met.
    pub verdicts: Vec<Verdict>,
    /// Of all arrivals: how many, and a hash over when and whose they were.
    pub arrivals: (u64, u64),
    /// What was drawn for the first arrivals, as a hash over each.
    pub draws: BTreeMap<u64, u64>,
    /// What became of the first arrivals, if that was asked for.
    pub fates: Vec<Fate>,
    /// By service: what became of the healthy ones, if that was asked for.
    pub healthy: Option<Vec<Cohort>>,
    /// How many records were looked at.
    pub records: u64,
    /// Whether time stood still, so that the run did not come to its end.
    pub stands_still: bool,
}

impl Survey {
    /// Of a run that ends then.
    #[must_use]
    pub fn new(script: Script, end: Time, parts: Vec<Part>) -> Self {
        Self {
            script,
            end,
            parts,
            levels: Vec::new(),
            has_fates: false,
            fault: None,
            watches: Vec::new(),
            under_way: None,
            slices: 0,
        }
    }

    /// Watches these claims too.
    #[must_use]
    pub fn watching(mut self, watches: Vec<Watch>) -> Self {
        self.watches = watches;
        self
    }

    /// Remembers what became of each arrival, too.
    #[must_use]
    pub const fn with_fates(mut self) -> Self {
        self.has_fates = true;
        self
    }

    /// Tells apart those arrivals that are [healthy](super::healthy) in a run in which a fault begins
    /// then.
    #[must_use]
    pub const fn with_healthy(mut self, fault: Option<Time>) -> Self {
        self.fault = fault;
        self
    }

    /// Takes down these levels too, at the end of each part.
    #[must_use]
    pub fn with_levels(mut self, figures: impl IntoIterator<Item = Figure>) -> Self {
        for figure in figures {
            if let Figure::Level(level) = figure
                && !self.levels.contains(&level)
            {
                self.levels.push(level);
            }
        }
        self
    }
}

impl UnderWay {
    /// Takes in the next step up to an instant; false if there is none.
    fn step(&mut self, end: Time) -> bool {
        let Self { ride, meter, watches, fresh } = self;
        let Some(next) = ride.next_at().filter(|it| *it <= end) else { return false };
        meter.come_to(next, ride.world());
        for watch in &mut *watches {
            watch.come_to(next, meter.sight(ride.world()));
        }
        ride.step(fresh);
        meter.see(fresh, ride.world());
        for watch in watches {
            watch.see(fresh);
        }
        true
    }

    /// What is known by now: as if the run ended here.
    fn so_far(&self, parts: usize, end: Time) -> Surveyed {
        let world = self.ride.world();
        let now = world.now().min(end);
        Surveyed {
            parts: (0..parts).map(|it| self.meter.so_far(it, now, world)).collect(),
            healthy: self.meter.healthy(),
            records: world.record_count(),
            ..Surveyed::default()
        }
    }

    fn finish(self, end: Time) -> Surveyed {
        let Self { ride, meter, watches, .. } = self;
        let world = ride.world();
        let sight = meter.sight(world);
        Surveyed {
            verdicts: watches.into_iter().map(|it| it.finish(end, sight)).collect(),
            arrivals: meter.arrivals(),
            draws: meter.draws().clone(),
            fates: meter.fates().to_vec(),
            healthy: meter.healthy(),
            records: world.record_count(),
            stands_still: world.stands_still(),
            parts: meter.finish(end, world),
        }
    }
}

/// After how many slices what is known so far is told.
const TOLD_EVERY: u32 = 64;
const FIRST_TOLD: u32 = 4;

impl Inquiry for Survey {
    type Answer = Surveyed;

    fn begin(&mut self, runs: &mut Runs) {
        // Arrivals are counted, and claims watched, from the beginning.
        let ride = Ride::from(runs.walk(&self.script, Time::ZERO));
        let end = self.end;
        let part = |it: &Part| Part { from: it.from.min(end), until: it.until.min(end), ..*it };
        let parts: Vec<Part> = self.parts.iter().map(part).collect();
        let meter = Meter::new(ride.world().model(), &parts, self.fault);
        let meter = meter.with_levels(self.levels.clone());
        let meter = if self.has_fates { meter.with_fates() } else { meter };
        let watches = std::mem::take(&mut self.watches);
        self.under_way = Some(UnderWay { ride, meter, watches, fresh: Vec::new() });
    }

    fn work(&mut self) -> Found<Surveyed> {
        let Some(mut it) = self.under_way.take() else { return Found::All(Surveyed::default()) };
        let stop = it.ride.world().record_count() + SLICE_RECORDS;
        while it.ride.world().record_count() < stop {
            if !it.step(self.end) {
                return Found::All(it.finish(self.end));
            }
        }
        let it = self.under_way.insert(it);
        self.slices += 1;
        // Soon at first, so that there is something to be seen.
        if self.slices.is_multiple_of(TOLD_EVERY) || self.slices == FIRST_TOLD {
            return Found::SoFar(it.so_far(self.parts.len(), self.end));
        }
        Found::Nothing
    }

    fn progress(&self) -> f32 {
        let next = |it: &UnderWay| share_behind(it.ride.next_at(), Time::ZERO, self.end);
        self.under_way.as_ref().map_or(0.0, next)
    }
}
