//! What a person has made of a scenario, as one value, and the way back: undo and redo.

use std::collections::BTreeMap;

use crate::history::{BranchId, MAIN, Tree};
use crate::model::Node;

use super::marks::Marks;

/// The places of the nodes that were moved by hand.
pub type Places = BTreeMap<Node, (f32, f32)>;

/// What a person has made. Everything in it can be taken back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// The variant that is shown, by its name.
    pub variant: String,
    /// By variant, the futures of its run.
    pub futures: BTreeMap<String, Futures>,
    /// The futures of the live run that is shown instead, if one is.
    pub live: Option<Futures>,
    /// Where nodes were put by hand.
    pub places: Places,
    /// The marks on the timeline, and the loop.
    pub marks: Marks,
}

/// The futures of a run, and which of them is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Futures {
    /// All of them.
    pub tree: Tree,
    /// The one that is shown; it is in the tree.
    pub shown: BranchId,
}

impl Default for Futures {
    fn default() -> Self {
        Self { tree: Tree::default(), shown: MAIN }
    }
}

impl Made {
    /// The futures of the run that is shown, to be changed.
    pub fn futures_mut(&mut self) -> &mut Futures {
        let Self { live, futures, variant, .. } = self;
        live.as_mut().unwrap_or_else(|| futures.entry(variant.clone()).or_default())
    }

    /// The futures of the run that is shown, if anything was made of them.
    #[must_use]
    pub fn shown_futures(&self) -> Option<&Futures> {
        self.live.as_ref().or_else(|| self.futures.get(&self.variant))
    }
}

/// Something that goes on while a control is held: what it changes is one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A node is dragged.
    Node(Node),
    /// An end of the loop is dragged.
    Loop,
    /// A step of a branch is set to something else.
    Step(BranchId, usize),
    /// Something is done by a control that acts at once.
    Act,
}

/// The way back, and forth again.
#[derive(Clone, Debug, Default)]
pub struct Undo {
    before: Vec<Edit>,
    after: Vec<Edit>,
    held: Option<Held>,
}

/// A change that was made.
#[derive(Clone, Debug)]
struct Edit {
    /// What was done, as a person would say it: "move of ledger".
    name: String,
    /// Everything as it was before it; in the way forth, after it.
    made: Made,
}

impl Undo {
    /// The most changes that can be taken back.
    const MOST: usize = 1_000;

    /// What would be taken back.
    #[must_use]
    pub fn undo_name(&self) -> Option<&str> {
        self.before.last().map(|it| it.name.as_str())
    }

    /// What would be done again.
    #[must_use]
    pub fn redo_name(&self) -> Option<&str> {
        self.after.last().map(|it| it.name.as_str())
    }

    /// Changes what was made. Changes that are made while one control is held are one. False if
    /// nothing is another than before.
    pub fn edit(
        &mut self,
        made: &mut Made,
        name: String,
        held: Option<Held>,
        change: impl FnOnce(&mut Made),
    ) -> bool {
        let before = made.clone();
        change(made);
        if before == *made {
            return false;
        }
        self.after.clear();
        if held.is_none() || self.held != held {
            self.before.push(Edit { name, made: before });
            if self.before.len() > Self::MOST {
                self.before.remove(0);
            }
        } else if let Some(last) = self.before.last_mut() {
            last.name = name;
        }
        self.held = held;
        true
    }

    /// Which control is held.
    #[must_use]
    pub const fn holds(&self) -> Option<Held> {
        self.held
    }

    /// What is held has another name since the last change.
    pub(super) const fn rename_held(&mut self, held: Held) {
        if self.held.is_some() {
            self.held = Some(held);
        }
    }

    /// This is held from now on: what it changes belongs to the last change.
    pub(super) const fn holds_now(&mut self, held: Held) {
        self.held = Some(held);
    }

    /// The control is let go.
    pub const fn let_go(&mut self) {
        self.held = None;
    }

    /// Everything as it was and will be is something else: the scenario has changed.
    pub fn change_all(&mut self, change: impl Fn(&Made) -> Made) {
        for edit in self.before.iter_mut().chain(&mut self.after) {
            edit.made = change(&edit.made);
        }
        self.held = None;
    }

    /// Takes the last change back; gives its name.
    pub fn undo(&mut self, made: &mut Made) -> Option<String> {
        let Edit { name, made: before } = self.before.pop()?;
        self.held = None;
        let after = std::mem::replace(made, before);
        self.after.push(Edit { name: name.clone(), made: after });
        Some(name)
    }

    /// Makes the last change that was taken back again; gives its name.
    pub fn redo(&mut self, made: &mut Made) -> Option<String> {
        let Edit { name, made: after } = self.after.pop()?;
        self.held = None;
        let before = std::mem::replace(made, after);
        self.before.push(Edit { name: name.clone(), made: before });
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceId;

    const NODE: Node = Node::Service(ServiceId(3));

    fn move_to(undo: &mut Undo, made: &mut Made, x: f32) {
        undo.edit(made, "move of it".into(), Some(Held::Node(NODE)), |made| {
            made.places.insert(NODE, (x, 0.0));
        });
    }

    #[test]
    fn a_drag_is_one_change_to_take_back() {
        let (mut undo, mut made) = (Undo::default(), Made::default());
        for x in [1.0, 2.0, 3.0] {
            move_to(&mut undo, &mut made, x);
        }
        undo.let_go();
        move_to(&mut undo, &mut made, 9.0);
        assert_eq!(undo.undo(&mut made).as_deref(), Some("move of it"));
        assert_eq!(made.places[&NODE], (3.0, 0.0));
        undo.undo(&mut made);
        assert!(made.places.is_empty() && undo.undo_name().is_none());
        undo.redo(&mut made);
        assert_eq!(made.places[&NODE], (3.0, 0.0));
    }

    #[test]
    fn what_changes_nothing_is_no_change() {
        let (mut undo, mut made) = (Undo::default(), Made::default());
        undo.edit(&mut made, "nothing".into(), None, |_| {});
        assert!(undo.undo_name().is_none());
    }

    #[test]
    fn a_new_change_forgets_what_was_taken_back() {
        let (mut undo, mut made) = (Undo::default(), Made::default());
        move_to(&mut undo, &mut made, 1.0);
        undo.undo(&mut made);
        move_to(&mut undo, &mut made, 2.0);
        assert!(undo.redo_name().is_none());
    }
}
