//! An inquiry that looks for the nearest instant, after or before another, at which something
//! happens: forwards by walking on, backwards in stretches that grow.

use crate::model::{Span, Time};

use super::concern::{Concern, Subject};
use super::inquiry::{Found, Inquiry, SLICE_RECORDS, Stretch, share_done};
use super::moment::Walk;
use super::runs::Runs;

/// The first stretch backwards is this part of what lies before; each following one is
/// [`GROWTH`] times as long.
const FIRST_PART: u64 = 512;
const GROWTH: u64 = 4;

/// Looks for the nearest instant at which something happens. The answer is `None` if there is
/// none.
pub struct Jump {
    subject: Subject,
    /// Where it may be; backwards the end is where it is looked for first.
    stretch: Stretch,
    is_back: bool,
    /// The stretch that is walked.
    walk: Option<(Walk, Concern)>,
    /// How long the stretch is, backwards.
    length: Span,
    /// What begins at this instant or before is still to be looked at, backwards.
    last: Time,
    /// The last instant that was found in this stretch, backwards.
    found: Option<Time>,
    /// The instant at which the walk began.
    begun_at: Time,
    /// Whether the walk began with the run.
    is_first: bool,
}

impl Jump {
    /// The first instant of a stretch at which it happens.
    #[must_use]
    pub const fn forwards(subject: Subject, stretch: Stretch) -> Self {
        Self::new(subject, stretch, false)
    }

    /// The last instant of a stretch at which it happens.
    #[must_use]
    pub const fn backwards(subject: Subject, stretch: Stretch) -> Self {
        Self::new(subject, stretch, true)
    }

    const fn new(subject: Subject, stretch: Stretch, is_back: bool) -> Self {
        let last = stretch.until;
        let whole = last.since(stretch.from).0;
        let first = if whole < FIRST_PART { 1 } else { whole / FIRST_PART };
        Self {
            subject,
            stretch,
            is_back,
            walk: None,
            length: Span(first),
            last,
            found: None,
            begun_at: Time::ZERO,
            is_first: false,
        }
    }

    fn set_out(&mut self, runs: &mut Runs, from: Time) {
        let walk = runs.walk(&self.stretch.script, from);
        let concern = Concern::new(self.subject, &walk.moment().scene);
        self.begun_at = walk.moment().world.now();
        self.is_first = walk.moment().scene.records == 0;
        self.walk = Some((walk, concern));
    }

    /// Takes an earlier stretch: all of it is before what was walked.
    fn set_back(&mut self, runs: &mut Runs) {
        let from = self.last.back(self.length).max(self.stretch.from);
        self.set_out(runs, from);
        self.length = self.length * GROWTH;
    }

    /// Performs what comes next, unless it is later than `until`; then `None`. Else the last
    /// instant at which something happened that is looked for, if there is one.
    fn step(walk: &mut Walk, concern: &mut Concern, until: Time) -> Option<Option<Time>> {
        let mut fresh = std::mem::take(&mut concern.fresh);
        fresh.clear();
        let more = walk.step(until, |record, _| fresh.push(*record));
        // The model after the step: it knows of a fault that a person has brought about in it.
        let model = walk.moment().world.model();
        let found = fresh.iter().filter(|it| concern.holds(it, model)).map(|it| it.at).last();
        concern.fresh = fresh;
        more.then_some(found)
    }

    fn work_back(&mut self) -> Found<Option<Time>> {
        let Some((walk, concern)) = &mut self.walk else { return Found::Nothing };
        let stop = walk.moment().scene.records + SLICE_RECORDS;
        while walk.moment().scene.records < stop {
            let Some(found) = Self::step(walk, concern, self.last) else {
                if self.found.is_some() || self.begun_at < self.stretch.from || self.is_first {
                    return Found::All(self.found);
                }
                // Of what happened at the instant at which the walk began, a part was before it.
                self.last = self.begun_at;
                self.walk = None;
                break;
            };
            self.found = found.filter(|at| *at >= self.stretch.from).or(self.found);
        }
        Found::Nothing
    }

    fn work_on(&mut self) -> Found<Option<Time>> {
        let Some((walk, concern)) = &mut self.walk else { return Found::Nothing };
        let Stretch { from, until, .. } = self.stretch;
        let stop = walk.moment().scene.records + SLICE_RECORDS;
        while walk.moment().scene.records < stop {
            match Self::step(walk, concern, until) {
                None => return Found::All(None),
                Some(Some(at)) if at >= from => return Found::All(Some(at)),
                Some(_) => {}
            }
        }
        Found::Nothing
    }
}

impl Inquiry for Jump {
    type Answer = Option<Time>;

    fn begin(&mut self, runs: &mut Runs) {
        if self.is_back {
            self.set_back(runs);
        } else {
            self.set_out(runs, self.stretch.from);
        }
    }

    fn go_on(&mut self, runs: &mut Runs) {
        if self.is_back && self.walk.is_none() {
            self.set_back(runs);
        }
    }

    fn work(&mut self) -> Found<Self::Answer> {
        if self.is_back { self.work_back() } else { self.work_on() }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a share, for people")]
    fn progress(&self) -> f32 {
        let Stretch { from, until, .. } = self.stretch;
        match &self.walk {
            Some((walk, _)) if !self.is_back => share_done(walk, from, until),
            _ => {
                let whole = until.since(from).as_secs_f64().max(1e-9);
                (until.since(self.last).as_secs_f64() / whole) as f32
            }
        }
    }
}
