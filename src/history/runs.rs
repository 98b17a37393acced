//! All futures of one run that somebody looks at: each is simulated from where it parts from one
//! that is there already.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Model, Script};

use super::course::{Course, Live};
use super::moment::Walk;
use super::run::{Run, common_prefix, counted};
use crate::model::Time;

/// How many futures are kept that nobody has asked to keep, in case they are asked for again: by
/// an undo, say.
const SPARE_RUNS: usize = 3;

/// Runs of one model with one seed, by what is done to them.
pub struct Runs {
    model: Arc<Model>,
    seed: u64,
    budget_bytes: usize,
    /// The one that was used last is the last.
    runs: Vec<Run>,
    /// Which to keep.
    wanted: Vec<Script>,
    /// The live run that one of them is, and of which the others are futures.
    live: Option<Live>,
}

impl Runs {
    /// Memory for runs that are only walked along: enough for a few checkpoints.
    pub const SMALL_BYTES: usize = 16 << 20;

    /// No run yet.
    #[must_use]
    pub const fn new(model: Arc<Model>, seed: u64, budget_bytes: usize) -> Self {
        Self { model, seed, budget_bytes, runs: Vec::new(), wanted: Vec::new(), live: None }
    }

    /// The live run has come so far; before anything else is said of it, it is one.
    pub fn grow(&mut self, live: Live) {
        if self.live.is_none() {
            self.runs.clear();
        }
        for run in &mut self.runs {
            run.grow(&live);
        }
        self.live = Some(live);
    }

    /// The live run, as far as it has come, if one of them is one.
    #[must_use]
    pub const fn live(&self) -> Option<&Live> {
        self.live.as_ref()
    }

    /// The futures that are to be kept; others may be forgotten.
    pub fn keep(&mut self, wanted: Vec<Script>) {
        self.wanted = wanted;
        self.tidy();
    }

    /// The futures that are to be kept.
    #[must_use]
    pub fn wanted(&self) -> &[Script] {
        &self.wanted
    }

    /// How much memory all runs together may hold, in bytes.
    pub fn set_budget(&mut self, bytes: usize) {
        self.budget_bytes = bytes;
        for run in &mut self.runs {
            run.set_budget(bytes);
        }
        self.thin();
    }

    /// About how much memory all runs hold together, in bytes: what they share is counted once.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.runs.iter().map(Run::held_bytes).sum()
    }

    /// The run to which this is done, as far as it has been simulated.
    pub fn get(&mut self, script: &Script) -> &mut Run {
        let found = self.runs.iter().position(|run| is_same(run.script(), script));
        let run = match found {
            Some(place) => self.runs.remove(place),
            None => self.fork(script),
        };
        self.runs.push(run);
        if found.is_none() {
            self.tidy();
        } else {
            self.thin();
        }
        self.runs.last_mut().expect("it was just put there")
    }

    /// A walk along a run, from the latest moment that is kept before an instant.
    pub fn walk(&mut self, script: &Script, from: Time) -> Walk {
        self.get(script).walk(from)
    }

    /// The run that has most in common with a script goes on by that script.
    fn fork(&self, script: &Script) -> Run {
        let shared_until = |run: &Run| {
            let common = common_prefix(run.script(), script);
            let part = |it: &Script| it.get(common).map_or(Time::MAX, |it| it.at);
            part(run.script()).min(part(script)).min(run.head().now())
        };
        let course = Course::new(Arc::clone(script), self.live.as_ref());
        match self.runs.iter().max_by_key(|run| shared_until(run)) {
            Some(nearest) => nearest.fork(course),
            None => Run::of(Arc::clone(&self.model), self.seed, course, self.budget_bytes),
        }
    }

    /// Forgets what nobody wants and has not been used for longest.
    fn tidy(&mut self) {
        let is_wanted = |run: &Run| self.wanted.iter().any(|it| is_same(it, run.script()));
        let mut spare = self.runs.iter().filter(|run| !is_wanted(run)).count();
        let mut place = 0;
        while spare > SPARE_RUNS {
            if is_wanted(&self.runs[place]) {
                place += 1;
            } else {
                self.runs.remove(place);
                spare -= 1;
            }
        }
        // What a run had made that is gone is now of those that share it.
        let mut owned = BTreeSet::new();
        for run in &mut self.runs {
            run.share(|it, is_own| {
                if *is_own {
                    owned.insert(it);
                }
            });
        }
        for run in &mut self.runs {
            run.share(|it, is_own| *is_own |= owned.insert(it));
        }
        self.thin();
    }

    /// All runs together keep to the budget: when they do not, each is thinned as the others are,
    /// so that what they share goes from all of them.
    fn thin(&mut self) {
        let can = |it: &Run| it.is_filmed() || !it.has_few_checkpoints();
        while self.held_bytes() > counted(self.budget_bytes) && self.runs.iter().any(can) {
            let films: usize = self.runs.iter().map(Run::film_bytes).sum();
            let are_few = self.runs.iter().all(Run::has_few_checkpoints);
            let is_film = are_few || 2 * films >= self.held_bytes();
            for run in &mut self.runs {
                run.forget_near();
                if is_film {
                    run.thin_film();
                } else {
                    run.thin_checkpoints();
                }
            }
        }
    }
}

/// Whether two scripts are the same; those that are shared are so at a glance.
#[must_use]
pub fn is_same(a: &Script, b: &Script) -> bool {
    Arc::ptr_eq(a, b) || a == b
}
