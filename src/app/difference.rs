//! The comparison of two futures: asked for once, and done again when one of them changes.

use crate::history::difference::DifferenceOf;
use crate::history::{BranchId, Differences, MAIN, Pending};
use crate::model::{Script, Time};

use super::state::App;

/// A comparison of two branches.
pub struct Comparison {
    /// The branch that was shown when it was asked for.
    pub of: BranchId,
    /// The branch it is compared with.
    pub with: BranchId,
    /// What was found out so far.
    pub found: Option<Differences>,
    scripts: [Script; 2],
    pending: Option<Pending<Differences>>,
    /// The playhead goes to the first difference as soon as it is known.
    goes_there: bool,
}

impl Comparison {
    /// How much of it is done, from 0 to 1; `None` when all of it is.
    #[must_use]
    pub fn progress(&self) -> Option<f32> {
        self.pending.as_ref().map(Pending::progress)
    }
}

impl App {
    /// Compares the branch that is shown with another, from where they part, and goes to where
    /// they first differ.
    pub(super) fn first_difference(&mut self, with: BranchId) {
        let of = self.branch().id;
        if of == with || self.tree().get(with).is_none() {
            let text = "There is no other branch to compare with: fork one, or do something.";
            return self.say(text.into(), true);
        }
        self.comparison = Some(self.compare(of, with, true));
    }

    /// Compares the branch that is shown with the one it was forked from; the first one with the
    /// one after it.
    pub(super) fn first_difference_from_parent(&mut self) {
        let shown = self.branch();
        let second = || self.tree().branches().nth(1).map_or(MAIN, |it| it.id);
        let with = shown.parent.map_or_else(second, |(parent, _)| parent);
        self.first_difference(with);
    }

    fn compare(&self, of: BranchId, with: BranchId, goes_there: bool) -> Comparison {
        let scripts = [of, with].map(|it| self.tree().script(it));
        let [a, b] = scripts.clone();
        // A run without an end is compared as far as anybody has looked.
        let until = self.run.end().unwrap_or(Time::ZERO + self.whole());
        let pending = Some(self.run.inquire(DifferenceOf::new(a, b, until)));
        Comparison { of, with, found: None, scripts, pending, goes_there }
    }

    /// Takes what was found out. When something else is done in one of the two it is all done again;
    /// when one of them is gone there is nothing to compare.
    pub(super) fn follow_comparison(&mut self) {
        let Some(comparison) = &mut self.comparison else { return };
        if let Some(found) = comparison.pending.as_ref().and_then(Pending::take) {
            comparison.found = Some(found);
        }
        comparison.pending.take_if(|it| it.is_settled());
        // What was over before may have been told between the two.
        let first = comparison.found.as_ref().and_then(|it| it.parts.first()).map(|it| it.at);
        let goes_there = std::mem::take(&mut comparison.goes_there);
        match first {
            Some(at) if goes_there => self.jump_to(at),
            None if comparison.pending.is_some() => comparison.goes_there = goes_there,
            _ => {}
        }
        self.renew_comparison();
    }

    fn renew_comparison(&mut self) {
        let Some(Comparison { of, with, scripts, .. }) = &self.comparison else { return };
        let (of, with) = (*of, *with);
        if [of, with].iter().any(|it| self.tree().get(*it).is_none()) {
            self.comparison = None;
        } else if *scripts != [of, with].map(|it| self.tree().script(it)) {
            let found = self.comparison.take().and_then(|it| it.found);
            self.comparison = Some(Comparison { found, ..self.compare(of, with, false) });
        }
    }
}
