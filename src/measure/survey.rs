//! A survey: one walk along a run that measures spans of it and watches claims, as an inquiry.

use std::collections::BTreeMap;

use crate::history::inquiry::{SLICE_RECORDS, share_done};
use crate::history::{Found, Inquiry, Runs, Walk};
use crate::model::{Figure, Level, Record, Script, Time};

use super::arrivals::Fate;
use super::figures::Measured;
use super::meter::Meter;
use super::watch::{Verdict, Watch};

/// A span to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its first instant.
    pub from: Time,
    /// Its last.
    pub until: Time,
    /// In how many buckets it is measured.
    pub buckets: usize,
}

/// Measures parts of a run, and watches claims about it.
pub struct Survey {
    script: Script,
    end: Time,
    parts: Vec<Part>,
    levels: Vec<Level>,
    has_fates: bool,
    meters: Vec<Meter>,
    watches: Vec<Watch>,
    walk: Option<Walk>,
    fresh: Vec<Record>,
    records: u64,
    slices: u32,
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
    /// What became of the first arrivals in the first part, if that was asked for.
    pub fates: Vec<Fate>,
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
            meters: Vec::new(),
            watches: Vec::new(),
            walk: None,
            fresh: Vec::new(),
            records: 0,
            slices: 0,
        }
    }

    /// Watches these claims too.
    #[must_use]
    pub fn watching(mut self, watches: Vec<Watch>) -> Self {
        self.watches = watches;
        self
    }

    /// Remembers what became of each arrival in the first part, too.
    #[must_use]
    pub const fn with_fates(mut self) -> Self {
        self.has_fates = true;
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

    fn step(&mut self, walk: &mut Walk) -> bool {
        let next = walk.next_at().filter(|it| *it <= self.end);
        let Some(next) = next else { return false };
        for meter in &mut self.meters {
            meter.come_to(next, walk.moment());
        }
        for watch in &mut self.watches {
            watch.come_to(next, walk.moment());
        }
        self.fresh.clear();
        let fresh = &mut self.fresh;
        walk.step(self.end, |record, _| fresh.push(*record));
        self.records += self.fresh.len() as u64;
        for meter in &mut self.meters {
            meter.see(&self.fresh, walk.moment());
        }
        for watch in &mut self.watches {
            watch.see(&self.fresh);
        }
        true
    }

    /// What is known by now: as if the run ended here.
    fn so_far(&self) -> Surveyed {
        let parts = self.walk.as_ref().map_or_else(Vec::new, |walk| {
            let now = walk.moment().scene.at.min(self.end);
            self.meters.iter().map(|it| it.so_far(now, walk.moment())).collect()
        });
        Surveyed { parts, records: self.records, ..Surveyed::default() }
    }

    fn finish(&mut self, walk: &Walk) -> Surveyed {
        let moment = walk.moment();
        let arrivals = self.meters.first().map_or((0, 0), Meter::arrivals);
        let draws = self.meters.first().map_or_else(BTreeMap::new, |it| it.draws().clone());
        let fates = self.meters.first().map_or_else(Vec::new, |it| it.fates().to_vec());
        let meters = std::mem::take(&mut self.meters).into_iter();
        let watches = std::mem::take(&mut self.watches).into_iter();
        Surveyed {
            parts: meters.map(|it| it.finish(self.end, moment)).collect(),
            verdicts: watches.map(|it| it.finish(self.end, moment)).collect(),
            arrivals,
            draws,
            fates,
            records: self.records,
            stands_still: moment.world.stands_still(),
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
        let mut walk = runs.walk(&self.script, Time::ZERO);
        walk.go_to(Time::ZERO);
        let model = walk.moment().world.model();
        let meter = |(place, it): (usize, &Part)| {
            let meter = Meter::new(model, it.from, it.until.min(self.end), it.buckets);
            let meter = meter.with_levels(self.levels.clone());
            if self.has_fates && place == 0 { meter.with_fates() } else { meter }
        };
        self.meters = self.parts.iter().enumerate().map(meter).collect();
        self.walk = Some(walk);
    }

    fn work(&mut self) -> Found<Surveyed> {
        let Some(mut walk) = self.walk.take() else { return Found::All(Surveyed::default()) };
        let stop = walk.moment().scene.records + SLICE_RECORDS;
        while walk.moment().scene.records < stop {
            if !self.step(&mut walk) {
                return Found::All(self.finish(&walk));
            }
        }
        self.walk = Some(walk);
        self.slices += 1;
        // Soon at first, so that there is something to be seen.
        if self.slices.is_multiple_of(TOLD_EVERY) || self.slices == FIRST_TOLD {
            return Found::SoFar(self.so_far());
        }
        Found::Nothing
    }

    fn progress(&self) -> f32 {
        self.walk.as_ref().map_or(0.0, |walk| share_done(walk, Time::ZERO, self.end))
    }
}
