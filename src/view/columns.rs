//! Layers as columns from left to right. Where a long row would come out small, neighbouring
//! layers share a column, one below the other, so that the picture fills the room it has.

use std::collections::BTreeSet;

use super::layout::Placed;
use super::route::Route;

/// The free space between columns, where events fly, and between the nodes of a layer.
pub const GAP: (f32, f32) = (120.0, 44.0);

/// The free space between two layers of one column: events fly there too.
const LAYER_GAP: f32 = 120.0;

/// The room that the flow view of a usual window has, in points of the screen.
const ROOM: (f32, f32) = (1030.0, 560.0);

/// Nothing needs to be drawn larger than this.
const LARGE: f32 = 1.25;

/// Past this many layers or nodes not every way to fold is tried: none is.
const MOST_FOLDED: (usize, usize) = (8, 24);

/// What a picture is worth less, as a factor, for each fold, each way around a node, and each
/// crossing.
const WORSE: (f32, f32, f32) = (0.88, 0.85, 0.93);

/// Layers that share a column, from top to bottom.
type Column = Vec<Vec<usize>>;

/// Gives the nodes of these layers their middles. Each layer is in the order from top to
/// bottom; the first node stands at the left, and none above zero.
pub fn stand(nodes: &mut [Placed], edges: &BTreeSet<(usize, usize)>, layers: &[Vec<usize>]) {
    let is_small = layers.len() <= MOST_FOLDED.0 && nodes.len() <= MOST_FOLDED.1;
    let folds = if is_small { 1_u32 << layers.len().saturating_sub(1) } else { 1 };
    let mut best = f32::MIN;
    let mut tried = nodes.to_vec();
    for folds in 0..folds {
        place(&mut tried, edges, folded(layers, folds));
        let worth = worth(&tried, edges, layers) * WORSE.0.powf(count(folds));
        if worth > best {
            best = worth;
            nodes.clone_from_slice(&tried);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn count(folds: u32) -> f32 {
    folds.count_ones() as f32
}

/// The columns when each layer whose bit is set joins the one before it.
fn folded(layers: &[Vec<usize>], folds: u32) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        match columns.last_mut().filter(|_| index > 0 && folds >> (index - 1) & 1 == 1) {
            Some(column) => column.push(layer.clone()),
            None => columns.push(vec![layer.clone()]),
        }
    }
    columns
}

/// Places columns side by side, each as wide as its widest node and in the middle of the
/// height. A folded column goes down or up, whichever has the shorter ways from the left.
fn place(nodes: &mut [Placed], edges: &BTreeSet<(usize, usize)>, columns: Vec<Column>) {
    let heights: Vec<f32> = columns.iter().map(|column| height(nodes, column)).collect();
    let tallest = heights.iter().copied().fold(0.0, f32::max);
    let mut x = 0.0;
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    for (mut column, height) in columns.into_iter().zip(heights) {
        let members: BTreeSet<usize> = column.iter().flatten().copied().collect();
        let width = members.iter().map(|it| nodes[*it].size.0).fold(0.0, f32::max);
        let top = (tallest - height) / 2.0;
        let way = |nodes: &[Placed]| -> f32 {
            let between = |a: &usize, b: &usize| seen.contains(a) && members.contains(b);
            let these = edges.iter().filter(|(a, b)| between(a, b) || between(b, a));
            these.map(|(a, b)| (nodes[*a].centre.1 - nodes[*b].centre.1).abs()).sum()
        };
        stack(nodes, &column, x + width / 2.0, top);
        if column.len() > 1 {
            let down = way(nodes);
            column.reverse();
            stack(nodes, &column, x + width / 2.0, top);
            if way(nodes) >= down - 1.0 {
                column.reverse();
                stack(nodes, &column, x + width / 2.0, top);
            }
        }
        seen.extend(members);
        x += width + GAP.0;
    }
}

/// Stands the nodes of a column below one another.
fn stack(nodes: &mut [Placed], column: &Column, x: f32, top: f32) {
    let mut y = top;
    for layer in column {
        for &it in layer {
            nodes[it].centre = (x, y + nodes[it].size.1 / 2.0);
            y += nodes[it].size.1 + GAP.1;
        }
        y += LAYER_GAP - GAP.1;
    }
}

fn height(nodes: &[Placed], column: &Column) -> f32 {
    let layer = |layer: &Vec<usize>| -> f32 {
        layer.iter().map(|it| nodes[*it].size.1 + GAP.1).sum::<f32>() - GAP.1
    };
    column.iter().map(|it| layer(it) + LAYER_GAP).sum::<f32>() - LAYER_GAP
}

/// How good a picture these places make: how large it comes out, less for each way that must
/// go around a node and each crossing.
fn worth(nodes: &[Placed], edges: &BTreeSet<(usize, usize)>, layers: &[Vec<usize>]) -> f32 {
    let members = || layers.iter().flatten().map(|it| &nodes[*it]);
    let right = members().map(|it| it.centre.0 + it.size.0 / 2.0).fold(1.0, f32::max);
    let bottom = members().map(|it| it.centre.1 + it.size.1 / 2.0).fold(1.0, f32::max);
    let scale = (ROOM.0 / right).min(ROOM.1 / bottom).min(LARGE);
    let edges: Vec<(usize, usize)> = edges.iter().copied().filter(|(a, b)| a != b).collect();
    let around = edges.iter().filter(|(a, b)| Route::is_around(nodes, *a, *b));
    let crossings = edges.iter().enumerate().flat_map(|(index, one)| {
        edges[..index].iter().filter(move |other| cross(nodes, *one, **other))
    });
    let power = |factor: f32, times: usize| factor.powi(i32::try_from(times).unwrap_or(i32::MAX));
    scale * power(WORSE.1, around.count()) * power(WORSE.2, crossings.count())
}

/// Whether the straight lines of two edges cross; those that share a node do not.
fn cross(nodes: &[Placed], one: (usize, usize), other: (usize, usize)) -> bool {
    if one.0 == other.0 || one.0 == other.1 || one.1 == other.0 || one.1 == other.1 {
        return false;
    }
    let [a, b, c, d] = [one.0, one.1, other.0, other.1].map(|it| nodes[it].centre);
    let side = |from: (f32, f32), to: (f32, f32), at: (f32, f32)| {
        (to.0 - from.0) * (at.1 - from.1) - (to.1 - from.1) * (at.0 - from.0)
    };
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Node, ServiceId};

    /// Where a chain of this many cards stands: their columns, from the left.
    fn chain(count: usize) -> Vec<(i32, i32)> {
        let card = |it| Placed {
            node: Node::Service(ServiceId::from_index(it)),
            centre: (0.0, 0.0),
            size: (180.0, 90.0),
        };
        let mut nodes: Vec<Placed> = (0..count).map(card).collect();
        let layers: Vec<Vec<usize>> = (0..count).map(|it| vec![it]).collect();
        stand(&mut nodes, &(1..count).map(|it| (it - 1, it)).collect(), &layers);
        #[expect(clippy::cast_possible_truncation, reason = "a column and a row")]
        let place = |it: &Placed| ((it.centre.0 / 300.0) as i32, (it.centre.1 / 180.0) as i32);
        nodes.iter().map(place).collect()
    }

    #[test]
    fn a_short_chain_is_a_row_and_a_long_one_a_snake() {
        assert_eq!(chain(3), [(0, 0), (1, 0), (2, 0)]);
        assert_eq!(chain(6), [(0, 0), (0, 1), (1, 1), (1, 0), (2, 0), (2, 1)]);
    }
}
