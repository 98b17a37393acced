//! The ways between nodes, in points of the layout: worked out once, not for every picture.

use super::layout::Placed;

/// How far apart two nodes must be sideways for the way between them to go sideways.
const SIDEWAYS: f32 = 8.0;

/// How high above what it goes around a way passes.
const CLEARANCE: f32 = 26.0;

/// A way from one node to another: a cubic Bézier curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Route {
    /// Where it begins, its two handles, and where it ends.
    pub points: [(f32, f32); 4],
}

impl Route {
    /// The way between two of these nodes: straight on; over the others where it would pass
    /// behind them; a loop where a node talks to itself.
    #[must_use]
    pub fn between(nodes: &[Placed], from: usize, to: usize) -> Self {
        let (one, other) = (&nodes[from], &nodes[to]);
        if from == to {
            let top = one.top();
            let at = |x: f32, y: f32| (one.centre.0 + x, y);
            return Self {
                points: [
                    at(-24.0, top),
                    at(-60.0, top - 60.0),
                    at(60.0, top - 60.0),
                    at(24.0, top),
                ],
            };
        }
        let direct = Self::direct(one, other);
        let in_the_way = direct.met(nodes, from, to).map(Placed::top);
        let Some(top) = in_the_way.min_by(f32::total_cmp) else {
            return direct;
        };
        let (a, d) = ((one.centre.0, one.top()), (other.centre.0, other.top()));
        // A cubic comes three quarters of the way to its handles.
        let over = top.min(a.1).min(d.1) - CLEARANCE;
        let handle = |it: (f32, f32)| (it.0, it.1 + (over - it.1) / 0.75);
        Self { points: [a, handle(a), handle(d), d] }
    }

    /// Whether the way between two of these nodes must go around others.
    #[must_use]
    pub fn is_around(nodes: &[Placed], from: usize, to: usize) -> bool {
        from != to && Self::direct(&nodes[from], &nodes[to]).met(nodes, from, to).next().is_some()
    }

    /// The nodes that this way between two of them would pass behind.
    fn met(self, nodes: &[Placed], from: usize, to: usize) -> impl Iterator<Item = &Placed> {
        let others = nodes.iter().enumerate().filter(move |(it, _)| *it != from && *it != to);
        others
            .map(|(_, node)| node)
            .filter(move |node| self.may_meet(node))
            .filter(move |node| (1..20_u8).any(|it| node.covers(self.point(f32::from(it) / 20.0))))
    }

    /// Sideways if they stand side by side, up or down if one is above the other.
    fn direct(from: &Placed, to: &Placed) -> Self {
        let half = |it: &Placed| (it.size.0 / 2.0, it.size.1 / 2.0);
        let (one, other) = (half(from), half(to));
        let (dx, dy) = (to.centre.0 - from.centre.0, to.centre.1 - from.centre.1);
        if dx.abs() - one.0 - other.0 > SIDEWAYS {
            let side = dx.signum();
            let a = (from.centre.0 + one.0 * side, from.centre.1);
            let d = (to.centre.0 - other.0 * side, to.centre.1);
            let pull = (d.0 - a.0) * 0.5;
            return Self { points: [a, (a.0 + pull, a.1), (d.0 - pull, d.1), d] };
        }
        let side = if dy > 0.0 { 1.0 } else { -1.0 };
        let a = (from.centre.0, from.centre.1 + one.1 * side);
        let d = (to.centre.0, to.centre.1 - other.1 * side);
        let pull = (d.1 - a.1) * 0.5;
        Self { points: [a, (a.0, a.1 + pull), (d.0, d.1 - pull), d] }
    }

    /// The same way in the other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        let [a, b, c, d] = self.points;
        Self { points: [d, c, b, a] }
    }

    /// The point a share of the way along.
    #[must_use]
    pub fn point(&self, along: f32) -> (f32, f32) {
        let (t, s) = (along, 1.0 - along);
        let shares = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
        let sum = |of: fn(&(f32, f32)) -> f32| -> f32 {
            self.points.iter().zip(shares).map(|(it, share)| of(it) * share).sum()
        };
        (sum(|it| it.0), sum(|it| it.1))
    }

    /// Whether a node is inside the box around the curve's points, which the curve never leaves.
    fn may_meet(&self, node: &Placed) -> bool {
        let span = |of: fn(&(f32, f32)) -> f32| {
            let all = self.points.iter().map(of);
            all.fold((f32::MAX, f32::MIN), |it, value| (it.0.min(value), it.1.max(value)))
        };
        let (x, y) = (span(|it| it.0), span(|it| it.1));
        let (half_x, half_y) = (node.size.0 / 2.0, node.size.1 / 2.0);
        node.centre.0 + half_x >= x.0
            && node.centre.0 - half_x <= x.1
            && node.centre.1 + half_y >= y.0
            && node.centre.1 - half_y <= y.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Node, ServiceId};

    fn row(places: &[(f32, f32)]) -> Vec<Placed> {
        let node = |it: usize| Node::Service(ServiceId::from_index(it));
        let placed = |(it, centre): (usize, &(f32, f32))| Placed {
            node: node(it),
            centre: *centre,
            size: (100.0, 60.0),
        };
        places.iter().enumerate().map(placed).collect()
    }

    #[test]
    fn a_way_goes_straight_on_and_over_what_is_in_between() {
        let nodes = row(&[(0.0, 0.0), (200.0, 0.0), (400.0, 0.0)]);
        let near = Route::between(&nodes, 0, 1);
        assert_eq!((near.point(0.0), near.point(1.0)), ((50.0, 0.0), (150.0, 0.0)));
        let far = Route::between(&nodes, 0, 2);
        assert!((far.point(0.5).1 - (-30.0 - CLEARANCE)).abs() < 1e-3, "{far:?}");
    }

    #[test]
    fn there_and_back_is_the_same_way() {
        let nodes = row(&[(0.0, 0.0), (200.0, 90.0), (0.0, 300.0)]);
        for (from, to) in [(0, 1), (0, 2), (1, 2)] {
            let (there, back) =
                (Route::between(&nodes, from, to), Route::between(&nodes, to, from));
            assert_eq!(there.reversed(), back);
        }
    }
}
