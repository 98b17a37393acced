//! The branches of a run, as lines along time: which begins where, off which other, and what is
//! done in it when.

use crate::app::App;
use crate::history::{BranchId, MAIN, Tree};
use crate::model::Time;

/// One branch.
#[derive(Clone, Debug, PartialEq)]
pub struct BranchRow {
    /// Which.
    pub id: BranchId,
    /// What it is called.
    pub name: String,
    /// The row of the branch that it was forked from.
    pub parent: Option<usize>,
    /// When it was forked; for the first one, the beginning.
    pub from: Time,
    /// Whether it is the one that is shown.
    pub is_shown: bool,
    /// When something is done in it, and whether that is switched on.
    pub acts: Vec<(Time, bool)>,
    /// How far it is simulated.
    pub head: Time,
    /// The digest of its run, once that is simulated to its end.
    pub digest: Option<String>,
}

/// The branches, each below the one that it was forked from.
#[must_use]
pub fn rows(app: &App) -> Vec<BranchRow> {
    let tree = app.tree();
    let mut rows: Vec<BranchRow> = Vec::new();
    for id in order(tree) {
        let Some(branch) = tree.get(id) else { continue };
        let parent = branch.parent.and_then(|(of, _)| rows.iter().position(|it| it.id == of));
        let is_shown = app.branch().id == id;
        let progress = if is_shown {
            app.run.progress.clone()
        } else {
            app.run.progress_of(&tree.script(id)).0
        };
        rows.push(BranchRow {
            id,
            name: branch.name.clone(),
            parent,
            from: branch.parent.map_or(Time::ZERO, |(_, at)| at),
            is_shown,
            acts: branch.own.iter().map(|it| (it.intervention.at, it.is_on)).collect(),
            head: progress.head,
            digest: progress.digest,
        });
    }
    rows
}

/// Children stand below their parents, the older ones first.
fn order(tree: &Tree) -> Vec<BranchId> {
    let mut out = Vec::new();
    let mut open = vec![MAIN];
    while let Some(id) = open.pop() {
        out.push(id);
        let of = |it: &&crate::history::Branch| it.parent.is_some_and(|(of, _)| of == id);
        let mut children: Vec<_> = tree.branches().filter(of).map(|it| it.id).collect();
        children.reverse();
        open.append(&mut children);
    }
    out
}

/// The way from the first branch to one, as a line of text: `main ─ what-if 1 at 11.2 s`.
#[must_use]
pub fn path(tree: &Tree, id: BranchId) -> String {
    let Some(branch) = tree.get(id) else { return String::new() };
    match branch.parent {
        None => branch.name.clone(),
        Some((of, at)) => format!("{} ─ {} at {at:.1}", path(tree, of), branch.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_stand_below_their_parents() {
        let mut tree = Tree::default();
        let at = Time::from_secs_f64(1.25);
        let first = tree.fork(MAIN, at);
        let second = tree.fork(MAIN, at);
        let of_first = tree.fork(first, at);
        assert_eq!(order(&tree), [MAIN, first, of_first, second]);
        assert_eq!(path(&tree, of_first), "main ─ what-if 1 at 1.2 s ─ what-if 3 at 1.2 s");
    }
}
