//! What is done to the list of faults: steps at any instant, the scenario's schedule as a branch
//! has it otherwise, and a branch of faults that were drawn by lot.

use crate::history::{BranchId, MAIN, Step};
use crate::model::{Act, FaultId, Intervention, Span, Time};

use super::futures::{act_name, fault_name};
use super::lots::RandomFaults;
use super::made::{Futures, Held, Made};
use super::state::App;

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Planned {
    /// A fault of the scenario's schedule.
    Scheduled(FaultId),
    /// A step of a branch: the branch that it is listed in, and its place there.
    Step(BranchId, usize),
}

impl App {
    /// The step of the branch that is shown which keeps a scheduled fault from coming or ends it:
    /// where it is listed.
    #[must_use]
    pub fn mending(&self, fault: FaultId) -> Option<(BranchId, usize, &Step)> {
        let mut steps = self.tree().steps(self.branch().id).into_iter();
        let mends = |step: &Step| step.is_on && step.intervention.act == Act::Omit { fault };
        steps.find(|(_, _, step)| mends(step))
    }

    /// Does something in the branch that is shown, and selects it in the list.
    pub(super) fn add_step(&mut self, intervention: Intervention) {
        let name = act_name(self.model(), &intervention.act);
        let mut chosen = None;
        self.edit(name, None, |made| {
            let branch = branch_from(made, intervention.at);
            chosen = Some(add(made, branch, intervention));
        });
        self.chosen_fault = chosen;
    }

    /// A fault of the schedule does not come in the branch that is shown; `to` comes instead.
    pub(super) fn alter_fault(&mut self, fault: FaultId, to: Option<Intervention>) {
        let Some(scheduled) = self.run.base.faults.get(fault.index()) else { return };
        let name = fault_name(&self.run.base, &scheduled.kind);
        // Just before it comes, so that the past is shared. One at the very beginning has come
        // when it can be mended.
        let at = scheduled.at.back(Span(1));
        let what = if to.is_some() { "change" } else { "end" };
        let earliest = to.as_ref().map_or(at, |it| it.at.min(at));
        let is_omitted = self.mending(fault).is_some_and(|(_, _, it)| it.intervention.at <= at);
        let mut chosen = Some(Planned::Scheduled(fault));
        self.edit(format!("{what} of the {name}"), None, |made| {
            let branch = branch_from(made, earliest);
            if !is_omitted {
                add(made, branch, Intervention { at, act: Act::Omit { fault } });
            }
            if let Some(to) = to {
                chosen = Some(add(made, branch, to));
            }
        });
        if let Some(Planned::Step(branch, place)) = chosen {
            // A drag goes on with the step that it has made.
            self.undo.holds_now(Held::Step(branch, place));
        }
        self.chosen_fault = chosen;
    }

    /// A fault of the schedule comes after all.
    pub(super) fn keep_fault(&mut self, fault: FaultId) {
        let Some(scheduled) = self.run.base.faults.get(fault.index()) else { return };
        let name = fault_name(&self.run.base, &scheduled.kind);
        let Some((branch, place, _)) = self.mending(fault) else { return };
        self.edit(format!("return of the {name}"), None, |made| {
            made.futures_mut().tree.remove(branch, place);
        });
        self.chosen_fault = Some(Planned::Scheduled(fault));
    }

    /// Makes a branch with faults drawn by lot, and shows it.
    pub(super) fn random_faults(&mut self, wish: &RandomFaults) {
        self.overlay = None;
        let drawn = wish.draw(&self.run.base);
        if drawn.is_empty() {
            let text = "No fault was drawn: choose more kinds, a longer time, or more a minute.";
            return self.say(text.into(), true);
        }
        let name = format!("random faults (seed {})", wish.seed);
        let count = drawn.len();
        self.edit(name.clone(), None, |made| {
            let Futures { tree, shown } = made.futures_mut();
            let branch = tree.fork(MAIN, wish.from);
            tree.rename(branch, &name);
            for intervention in drawn {
                tree.add(branch, intervention);
            }
            *shown = branch;
        });
        self.settings.faults = true;
        self.say(format!("{count} faults in a new branch: {name}"), false);
    }
}

/// The branch that is shown, which begins no later than this; the first one is forked.
fn branch_from(made: &mut Made, at: Time) -> BranchId {
    let Futures { tree, shown } = made.futures_mut();
    if tree.get(*shown).is_none_or(|it| it.parent.is_none()) {
        *shown = tree.fork(*shown, at);
    }
    tree.reach_back(*shown, at);
    *shown
}

/// Adds a step; where it is listed.
fn add(made: &mut Made, branch: BranchId, intervention: Intervention) -> Planned {
    let tree = &mut made.futures_mut().tree;
    let at = intervention.at;
    tree.add(branch, intervention);
    let own = tree.get(branch).map_or(&[][..], |it| &it.own);
    Planned::Step(branch, own.partition_point(|it| it.intervention.at <= at) - 1)
}
