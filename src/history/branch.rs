//! Branches: the futures of a run that a person made, as a tree. A value: to take something back
//! is to have the tree as it was.

use std::sync::Arc;

use crate::model::{Intervention, Script, Time};

/// Names a branch, for as long as it is in its tree and after: a number is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId(pub u32);

/// The first branch: what happens when nobody does anything. It cannot be deleted.
pub const MAIN: BranchId = BranchId(0);

/// One future of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Its own number.
    pub id: BranchId,
    /// What it is called.
    pub name: String,
    /// The branch it was forked from, and at which instant; `None` for the first one.
    pub parent: Option<(BranchId, Time)>,
    /// What is done in it and not in its parent, in the order of its instants, all of them not
    /// before it was forked.
    pub own: Vec<Step>,
}

/// An intervention as a person lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done.
    pub intervention: Intervention,
    /// Whether it is done: one that is switched off stays on the list.
    pub is_on: bool,
}

/// All branches of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// In the order in which they were made; parents come before their children.
    branches: Vec<Arc<Branch>>,
    next: u32,
}

impl Default for Tree {
    fn default() -> Self {
        let main = Branch { id: MAIN, name: "main".into(), parent: None, own: Vec::new() };
        Self { branches: vec![Arc::new(main)], next: 1 }
    }
}

impl Tree {
    /// The tree of these branches, as a file has them.
    ///
    /// # Errors
    /// In a sentence, if they are no tree: the first is not [`MAIN`], a parent is not before its
    /// child, a number is given twice, a step is before its branch was forked.
    pub fn from_branches(branches: Vec<Branch>) -> Result<Self, String> {
        let Some(first) = branches.first() else { return Err("there is no branch".into()) };
        if first.id != MAIN || first.parent.is_some() {
            return Err("the first branch is the main one, and has no parent".into());
        }
        for (place, branch) in branches.iter().enumerate() {
            let before = &branches[..place];
            if before.iter().any(|it| it.id == branch.id) {
                return Err(format!("two branches have the number {}", branch.id.0));
            }
            let forked = match branch.parent {
                None if place > 0 => return Err(format!("{:?} has no parent", branch.name)),
                None => Time::ZERO,
                Some((parent, _)) if !before.iter().any(|it| it.id == parent) => {
                    return Err(format!("the parent of {:?} is not before it", branch.name));
                }
                Some((_, at)) => at,
            };
            let times = branch.own.iter().map(|it| it.intervention.at);
            if !times.clone().is_sorted() || times.clone().any(|at| at < forked) {
                return Err(format!(
                    "the interventions of {:?} are not in order after it was forked",
                    branch.name
                ));
            }
        }
        let next = branches.iter().map(|it| it.id.0).max().map_or(1, |it| it + 1);
        Ok(Self { branches: branches.into_iter().map(Arc::new).collect(), next })
    }

    /// All branches; parents come before their children.
    pub fn branches(&self) -> impl Iterator<Item = &Branch> {
        self.branches.iter().map(|it| &**it)
    }

    /// A branch, if it is there.
    #[must_use]
    pub fn get(&self, id: BranchId) -> Option<&Branch> {
        self.branches().find(|it| it.id == id)
    }

    fn get_mut(&mut self, id: BranchId) -> Option<&mut Branch> {
        self.branches.iter_mut().find(|it| it.id == id).map(Arc::make_mut)
    }

    /// Everything that is done in a branch, what it has from its parents included, with the branch
    /// that it is listed in and its place there; in the order in which it is done.
    #[must_use]
    pub fn steps(&self, id: BranchId) -> Vec<(BranchId, usize, &Step)> {
        let mut parts = Vec::new();
        let mut until = Time::MAX;
        let mut at = self.get(id);
        while let Some(branch) = at {
            let own = branch.own.iter().enumerate();
            let own = own.filter(|(_, step)| step.intervention.at <= until);
            parts.push(own.map(|(place, step)| (branch.id, place, step)).collect::<Vec<_>>());
            at = branch.parent.and_then(|(parent, forked)| {
                until = until.min(forked);
                self.get(parent)
            });
        }
        parts.into_iter().rev().flatten().collect()
    }

    /// What is done in a branch, as the run takes it.
    #[must_use]
    pub fn script(&self, id: BranchId) -> Script {
        let steps = self.steps(id).into_iter().filter(|(_, _, step)| step.is_on);
        steps.map(|(_, _, step)| step.intervention.clone()).collect()
    }

    /// Makes a branch of another at an instant: it has everything that was done there up to and
    /// including that instant. The name is the first of its kind that is free.
    pub fn fork(&mut self, of: BranchId, at: Time) -> BranchId {
        let name = (1..)
            .map(|number| format!("what-if {number}"))
            .find(|name| self.branches().all(|it| it.name != *name))
            .expect("there are more numbers than branches");
        let id = BranchId(self.next);
        self.next += 1;
        self.branches.push(Arc::new(Branch { id, name, parent: Some((of, at)), own: Vec::new() }));
        id
    }

    /// Does something more in a branch, after everything that is done there at the same instant.
    pub fn add(&mut self, id: BranchId, intervention: Intervention) {
        self.add_step(id, Step { intervention, is_on: true });
    }

    /// The same with a step that may be switched off.
    pub fn add_step(&mut self, id: BranchId, step: Step) {
        if let Some(branch) = self.get_mut(id) {
            let at = step.intervention.at;
            let place = branch.own.partition_point(|it| it.intervention.at <= at);
            branch.own.insert(place, step);
        }
    }

    /// Replaces a step of a branch, and puts it where its instant belongs, which is not before the
    /// branch was forked. Gives its new place.
    pub fn replace(&mut self, id: BranchId, place: usize, mut step: Step) -> Option<usize> {
        let branch = self.get_mut(id).filter(|it| place < it.own.len())?;
        if let Some((_, forked)) = branch.parent {
            step.intervention.at = step.intervention.at.max(forked);
        }
        branch.own.remove(place);
        let at = step.intervention.at;
        let to = branch.own.partition_point(|it| it.intervention.at <= at);
        branch.own.insert(to, step);
        Some(to)
    }

    /// A branch begins as early as this, if it does not yet, with all that was done in it: what it
    /// had from its parents since is its own now. Says how many steps that are. The first branch
    /// stays as it is.
    pub fn reach_back(&mut self, id: BranchId, to: Time) -> usize {
        let forked = self.get(id).and_then(|it| it.parent);
        let Some((mut parent, forked)) = forked.filter(|(_, forked)| *forked > to) else {
            return 0;
        };
        let steps = self.steps(id).into_iter();
        let inherited = steps.filter(|(of, _, step)| *of != id && step.intervention.at > to);
        let more: Vec<Step> = inherited.map(|(_, _, step)| step.clone()).collect();
        debug_assert!(more.iter().all(|it| it.intervention.at <= forked), "it had them");
        while let Some((grand, at)) = self.get(parent).and_then(|it| it.parent)
            && at > to
        {
            parent = grand;
        }
        let count = more.len();
        if let Some(branch) = self.get_mut(id) {
            branch.parent = Some((parent, to));
            branch.own.splice(0..0, more);
        }
        count
    }

    /// What is done in a branch is this, in the order of its instants.
    pub fn set_own(&mut self, id: BranchId, steps: Vec<Step>) {
        if let Some(branch) = self.get_mut(id) {
            branch.own = steps;
        }
    }

    /// Takes a step out of a branch.
    pub fn remove(&mut self, id: BranchId, place: usize) -> Option<Step> {
        let branch = self.get_mut(id).filter(|it| place < it.own.len())?;
        Some(branch.own.remove(place))
    }

    /// Calls a branch something else; what is empty is no name, and neither is another's.
    pub fn rename(&mut self, id: BranchId, name: &str) {
        let name = name.trim();
        let is_free = !name.is_empty() && self.branches().all(|it| it.id == id || it.name != name);
        if let Some(branch) = self.get_mut(id).filter(|_| is_free) {
            branch.name = name.to_owned();
        }
    }

    /// Deletes a branch with all that were forked from it; the first one stays.
    pub fn delete(&mut self, id: BranchId) {
        if id == MAIN {
            return;
        }
        let mut gone = vec![id];
        self.branches.retain(|branch| {
            let goes = gone.contains(&branch.id)
                || branch.parent.is_some_and(|(parent, _)| gone.contains(&parent));
            if goes {
                gone.push(branch.id);
            }
            !goes
        });
    }

    /// How deep in the tree a branch is: 0 for the first one.
    #[must_use]
    pub fn depth(&self, id: BranchId) -> usize {
        let parent = self.get(id).and_then(|it| it.parent);
        parent.map_or(0, |(parent, _)| 1 + self.depth(parent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Act, CopyRef, Deed, EventId, EventTypeId, Role};

    fn drop_at(seconds: u64) -> Intervention {
        let copy = CopyRef {
            event: EventId(seconds),
            event_type: EventTypeId(0),
            role: Role::Publish,
            link: None,
            attempt: 1,
            number: 0,
        };
        Intervention { at: at(seconds), act: Act::Message { copy, deed: Deed::Drop } }
    }

    fn at(seconds: u64) -> Time {
        Time(seconds * 1_000_000_000)
    }

    fn instants(tree: &Tree, id: BranchId) -> Vec<u64> {
        tree.script(id).iter().map(|it| it.at.0 / 1_000_000_000).collect()
    }

    #[test]
    fn a_branch_has_what_its_parents_did_before_it_was_forked() {
        let mut tree = Tree::default();
        let first = tree.fork(MAIN, at(1));
        tree.add(first, drop_at(5));
        tree.add(first, drop_at(2));
        let second = tree.fork(first, at(3));
        tree.add(second, drop_at(4));
        assert!(instants(&tree, MAIN).is_empty());
        assert_eq!(instants(&tree, first), [2, 5]);
        assert_eq!(instants(&tree, second), [2, 4]);
        let step = Step { is_on: false, ..tree.get(first).unwrap().own[0].clone() };
        tree.replace(first, 0, step);
        assert_eq!(instants(&tree, second), [4]);
        tree.delete(first);
        assert_eq!(tree.branches().count(), 1);
    }

    #[test]
    fn a_branch_that_begins_earlier_has_all_that_it_had() {
        let mut tree = Tree::default();
        let first = tree.fork(MAIN, at(1));
        for second in [2, 3, 9] {
            tree.add(first, drop_at(second));
        }
        let second = tree.fork(first, at(4));
        tree.add(second, drop_at(5));
        assert_eq!(tree.reach_back(second, at(2)), 1);
        assert_eq!(instants(&tree, second), [2, 3, 5]);
        assert_eq!(tree.get(second).unwrap().parent, Some((first, at(2))));
        assert_eq!(tree.reach_back(second, at(0)), 1);
        assert_eq!(instants(&tree, second), [2, 3, 5]);
        assert_eq!(tree.get(second).unwrap().parent, Some((MAIN, at(0))));
        assert_eq!(instants(&tree, first), [2, 3, 9]);
        assert_eq!(tree.reach_back(MAIN, at(0)), 0);
    }

    #[test]
    fn a_step_that_is_moved_goes_where_its_instant_belongs() {
        let mut tree = Tree::default();
        let branch = tree.fork(MAIN, at(2));
        for second in [3, 5] {
            tree.add(branch, drop_at(second));
        }
        let mut step = tree.get(branch).unwrap().own[0].clone();
        step.intervention.at = at(7);
        assert_eq!(tree.replace(branch, 0, step.clone()), Some(1));
        assert_eq!(instants(&tree, branch), [5, 7]);
        step.intervention.at = at(1);
        assert_eq!(tree.replace(branch, 1, step), Some(0));
        assert_eq!(instants(&tree, branch), [2, 5]);
    }
}
