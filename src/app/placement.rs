//! Where a person put the nodes, with undo and redo.

use std::collections::BTreeMap;

use crate::model::Node;

/// The places of the nodes that were moved by hand.
pub type Places = BTreeMap<Node, (f32, f32)>;

/// The nodes' places, and the way back.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    places: Places,
    before: Vec<Places>,
    after: Vec<Places>,
    moving: Option<Node>,
}

impl Placement {
    /// These places, with no way back.
    #[must_use]
    pub fn new(places: Places) -> Self {
        Self { places, ..Self::default() }
    }

    /// The places of the nodes that were moved by hand.
    #[must_use]
    pub const fn places(&self) -> &Places {
        &self.places
    }

    /// Whether there is a move to take back.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.before.is_empty()
    }

    /// Whether a move was taken back.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.after.is_empty()
    }

    /// Puts a node somewhere; one drag is one move.
    pub fn move_to(&mut self, node: Node, to: (f32, f32)) {
        if self.moving != Some(node) {
            self.remember();
            self.moving = Some(node);
        }
        self.places.insert(node, to);
    }

    /// The node was let go.
    pub fn end_move(&mut self) {
        self.moving = None;
    }

    /// Forgets every place.
    pub fn reset(&mut self) {
        if !self.places.is_empty() {
            self.remember();
            self.places.clear();
        }
    }

    /// Takes the last move back.
    pub fn undo(&mut self) {
        if let Some(places) = self.before.pop() {
            self.after.push(std::mem::replace(&mut self.places, places));
            self.moving = None;
        }
    }

    /// Makes the last move that was taken back again.
    pub fn redo(&mut self) {
        if let Some(places) = self.after.pop() {
            self.before.push(std::mem::replace(&mut self.places, places));
            self.moving = None;
        }
    }

    fn remember(&mut self) {
        self.before.push(self.places.clone());
        self.after.clear();
        self.moving = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceId;

    const NODE: Node = Node::Service(ServiceId(3));

    #[test]
    fn a_drag_is_one_move_to_take_back() {
        let mut placement = Placement::default();
        for x in [1.0, 2.0, 3.0] {
            placement.move_to(NODE, (x, 0.0));
        }
        placement.end_move();
        placement.move_to(NODE, (9.0, 9.0));
        placement.undo();
        assert_eq!(placement.places()[&NODE], (3.0, 0.0));
        placement.undo();
        assert!(placement.places().is_empty() && !placement.can_undo());
        placement.redo();
        assert_eq!(placement.places()[&NODE], (3.0, 0.0));
    }

    #[test]
    fn a_reset_can_be_taken_back() {
        let mut placement = Placement::new([(NODE, (1.0, 1.0))].into());
        placement.reset();
        assert!(placement.places().is_empty());
        placement.undo();
        assert_eq!(placement.places()[&NODE], (1.0, 1.0));
    }
}
