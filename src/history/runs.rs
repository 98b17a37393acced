//! All futures of one run that somebody looks at: each is simulated from where it parts from one
//! that is there already.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Model, Script, Time};
use crate::sim::Room;

use super::budget::Budget;
use super::course::{Course, Live};
use super::moment::Walk;
use super::run::{Run, common_prefix};

/// How many futures are kept that nobody has asked to keep, in case they are asked for again: by
/// an undo, say.
const SPARE_RUNS: usize = 3;

/// Runs of one model with one seed, by what is done to them.
pub struct Runs {
    model: Arc<Model>,
    seed: u64,
    budget: Budget,
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
    pub fn new(model: Arc<Model>, seed: u64, budget: impl Into<Budget>) -> Self {
        let budget = budget.into();
        Self { model, seed, budget, runs: Vec::new(), wanted: Vec::new(), live: None }
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

    /// How much all runs together may hold.
    pub fn set_budget(&mut self, budget: impl Into<Budget>) {
        self.budget = budget.into();
        for run in &mut self.runs {
            run.set_budget(self.budget.clone());
        }
        self.thin();
    }

    /// About how much memory all runs hold together, in bytes: what they share is counted once.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held().memory
    }

    /// About how much room all runs take together: what they share is counted once.
    #[must_use]
    pub fn held(&self) -> Room {
        self.runs.iter().map(Run::held).sum()
    }

    /// Whether something could not be put by for which the budget had room.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        self.runs.iter().any(Run::is_disk_full)
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
            None => Run::of(Arc::clone(&self.model), self.seed, course, self.budget.clone()),
        }
    }

    /// Forgets what nobody wants and has not been used for longest.
    fn tidy(&mut self) {
        let is_wanted = |run: &Run| self.wanted.iter().any(|it| is_same(it, run.script()));
        let mut spare = self.runs.iter().filter(|run| !is_wanted(run)).count();
        let (mut place, mut orphans) = (0, BTreeSet::new());
        while spare > SPARE_RUNS {
            if is_wanted(&self.runs[place]) {
                place += 1;
            } else {
                let mut run = self.runs.remove(place);
                orphans.append(&mut run.take_orphans());
                orphans.extend(run.lent());
                spare -= 1;
            }
        }
        self.adopt(orphans);
        self.thin();
    }

    /// What runs had made that is gone, or that they have let go, is now of those that share it.
    fn adopt(&mut self, mut orphans: BTreeSet<usize>) {
        for run in &mut self.runs {
            orphans.append(&mut run.take_orphans());
        }
        for run in &mut self.runs {
            if !orphans.is_empty() {
                run.adopt(&mut orphans);
            }
        }
    }

    /// All runs together keep to the budget: when they do not, each shrinks as the others do, so that
    /// what they share goes from all of them.
    fn thin(&mut self) {
        let budget = self.budget.counted();
        self.adopt(BTreeSet::new());
        self.runs.iter_mut().for_each(Run::count_first_own);
        let can = |it: &Run| it.is_filmed() || !it.has_few_checkpoints();
        if !self.held().fits(budget) {
            self.runs.iter_mut().for_each(Run::forget_near);
        }
        while !self.held().fits(budget) && self.runs.iter().any(can) {
            let (held, films) = (self.held(), self.runs.iter().map(Run::film_room).sum::<Room>());
            let is_more = match held.memory > budget.memory {
                true => 2 * films.memory >= held.memory,
                false => 2 * films.disk >= held.disk,
            };
            let is_film = is_more || self.runs.iter().all(Run::has_few_checkpoints);
            for run in &mut self.runs {
                if is_film {
                    run.shrink_film(held.disk < budget.disk);
                } else {
                    run.shrink_checkpoints(held.disk < budget.disk);
                }
            }
            // What one lets go is not gone while another has it.
            self.adopt(BTreeSet::new());
        }
    }
}

/// Whether two scripts are the same; those that are shared are so at a glance.
#[must_use]
pub fn is_same(a: &Script, b: &Script) -> bool {
    Arc::ptr_eq(a, b) || a == b
}
