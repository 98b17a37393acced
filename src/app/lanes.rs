//! The lanes of the timeline: which there are and in which order, and what is known of the
//! messages between them.

use std::sync::Arc;

use crate::history::inquiry::Stretch;
use crate::history::{LanesOf, Pending, Traffic};
use crate::model::{Model, Node, Span, Time};

use super::playback::Window;
use super::settings::NamedLanes;
use super::state::{App, nodes};

/// A stretch with more records than this takes too long to be looked at one by one.
const MOST_RECORDS: u64 = 3_000_000;

/// About how many columns a window has: a column is two or three points wide.
const COLUMNS: u64 = 400;

/// Past this many nodes the lanes' own order is that of the scenario: a better one takes longer
/// than a blink to find.
const MOST_ORDERED: usize = 60;

/// What the lanes show.
#[derive(Default)]
pub struct Lanes {
    newest: Option<Known>,
    pending: Option<(Asked, Pending<Traffic>)>,
    /// The order of the nodes, from the top, if nobody has put them in another.
    own: Option<(Arc<Model>, Vec<Node>)>,
}

/// What was asked.
#[derive(Clone, PartialEq)]
struct Asked {
    base: Base,
    stretch: Stretch,
    column: Span,
}

/// Of which run.
#[derive(Clone)]
struct Base {
    model: Arc<Model>,
    seed: u64,
}

impl PartialEq for Base {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model) && self.seed == other.seed
    }
}

/// The newest answer.
struct Known {
    asked: Asked,
    /// Whether it is all that was asked.
    is_whole: bool,
    traffic: Arc<Traffic>,
}

impl Lanes {
    const HEIGHTS: std::ops::RangeInclusive<f32> = 48.0..=900.0;

    /// A height that is of use.
    #[must_use]
    pub fn bounded_height(height: f32) -> f32 {
        if height.is_finite() {
            height.clamp(*Self::HEIGHTS.start(), *Self::HEIGHTS.end())
        } else {
            *Self::HEIGHTS.start()
        }
    }

    /// The newest that is known, perhaps of another stretch than is looked at, or of the future
    /// that was shown before.
    #[must_use]
    pub fn traffic(&self) -> Option<&Arc<Traffic>> {
        self.newest.as_ref().map(|it| &it.traffic)
    }

    /// Whether something is being found out.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes what was found out; what is known goes on being shown until there is as much of
    /// the window.
    fn take(&mut self, window: Window) {
        let Some((asked, pending)) = &self.pending else { return };
        // Told to be over before the last answer is looked for, so that none is missed.
        let is_over = pending.is_over();
        if let Some(traffic) = pending.take() {
            let before = self.newest.as_ref().filter(|it| it.asked.base == asked.base);
            let before = before.filter(|it| it.asked.stretch.script == asked.stretch.script);
            let covered = |of: &Traffic| {
                let until = of.stretch.until.min(window.to);
                until.since(of.stretch.from.max(window.from))
            };
            let is_more = before.is_none_or(|it| covered(&traffic) >= covered(&it.traffic));
            if is_over || is_more {
                let traffic = Arc::new(traffic);
                self.newest = Some(Known { asked: asked.clone(), is_whole: is_over, traffic });
            }
        }
        if is_over {
            self.pending = None;
        }
    }

    /// Whether what is known, or asked, serves as well as what would be asked.
    fn serves(asked: &Asked, wanted: &Asked, window: Window) -> bool {
        let of = &asked.stretch;
        let until = wanted.stretch.until.min(window.to);
        let is_there = of.from <= window.from && of.until >= until;
        // While the run is simulated the window fills; to look at it all again for each bit of
        // it that is new would make the work grow with its square.
        let length = |it: Time| it.since(window.from).0;
        let is_most = of.from <= window.from
            && wanted.stretch.until < window.to
            && length(wanted.stretch.until) < length(of.until).saturating_mul(3) / 2;
        asked.base == wanted.base
            && of.script == wanted.stretch.script
            && asked.column == wanted.column
            && (is_there || is_most)
    }
}

impl App {
    /// Takes what was found out about the window that is looked at, and asks anew when that
    /// does not serve any more. Never waits.
    pub(super) fn follow_lanes(&mut self) {
        let base = Base { model: Arc::clone(&self.run.base), seed: self.run.seed };
        self.lanes.newest.take_if(|it| it.asked.base != base);
        self.lanes.pending.take_if(|(asked, _)| asked.base != base);
        if !self.settings.lanes {
            self.lanes.pending = None;
            return;
        }
        if self.lanes.own.as_ref().is_none_or(|(of, _)| !Arc::ptr_eq(of, &base.model)) {
            self.lanes.own = Some((Arc::clone(&base.model), own_order(&base.model)));
        }
        let window = self.window;
        self.lanes.take(window);
        let Some(wanted) = self.wanted_lanes(base) else { return };
        let newest = self.lanes.newest.as_ref().filter(|it| it.is_whole);
        if newest.is_some_and(|it| Lanes::serves(&it.asked, &wanted, window)) {
            self.lanes.pending = None;
            return;
        }
        // What is under way is let come to its end while some of it will be seen: while a person
        // turns the wheel there is another wish in every picture.
        if let Some((asked, _)) = &self.lanes.pending {
            let of = &asked.stretch;
            let is_seen = of.script == wanted.stretch.script
                && of.from < window.to
                && of.until > window.from
                && asked.column.0 <= wanted.column.0.saturating_mul(8);
            if is_seen {
                return;
            }
        }
        let inquiry = LanesOf::new(wanted.stretch.clone(), wanted.column);
        self.lanes.pending = Some((wanted, self.run.inquire(inquiry)));
    }

    /// What is to be asked: the window with some room at both sides, as far as it is simulated;
    /// `None` if there is nothing yet, or so much that it would take too long.
    fn wanted_lanes(&self, base: Base) -> Option<Asked> {
        let (window, progress) = (self.window, &self.run.progress);
        let column = Span(1 << (window.length().0 / COLUMNS).max(1).ilog2());
        let room = Span(window.length().0 / 4);
        let from = window.from.back(room);
        // Columns begin at round instants, so that they are the same ones for every window.
        let from = Time(from.0 - from.0 % column.0);
        let until = (window.to + room).min(progress.head);
        let overview = &self.run.overview;
        let bucket = |at: Time| usize::try_from(at.0 / overview.bucket.0).unwrap_or(usize::MAX);
        let records = overview.between(bucket(from), bucket(until) + 1, |it| it.records);
        if until <= window.from || records > MOST_RECORDS {
            return None;
        }
        let stretch = Stretch { script: Arc::clone(&self.run.script), from, until };
        Some(Asked { base, stretch, column })
    }

    /// What was done by hand to the lanes of this scenario.
    fn named_lanes(&self) -> Option<&NamedLanes> {
        self.settings.lanes_of.get(&self.places_key())
    }

    fn named_lanes_mut(&mut self) -> &mut NamedLanes {
        let key = self.places_key();
        self.settings.lanes_of.entry(key).or_default()
    }

    /// All nodes in the order of their lanes, from the top, whether they are shown or not.
    fn all_lanes(&self) -> Vec<Node> {
        let mut own = match &self.lanes.own {
            Some((of, order)) if Arc::ptr_eq(of, &self.run.base) => order.clone(),
            _ => nodes(self.model()).map(|(_, node)| node).collect(),
        };
        if let Some(named) = self.named_lanes().filter(|it| !it.order.is_empty()) {
            // One that has no place, because another variant had no such node, comes behind the
            // one that it comes behind by itself.
            let mut last = 0;
            let model = self.model();
            own.sort_by_cached_key(|node| {
                let name = model.node_name(*node);
                last = named.order.iter().position(|it| it == name).unwrap_or(last);
                last
            });
        }
        own
    }

    /// The nodes that have a lane, from the top.
    #[must_use]
    pub fn shown_lanes(&self) -> Vec<Node> {
        let mut all = self.all_lanes();
        if let Some(named) = self.named_lanes() {
            let model = self.model();
            all.retain(|node| named.hidden.iter().all(|it| it != model.node_name(*node)));
        }
        all
    }

    /// How many nodes have no lane, because a person wanted it so.
    #[must_use]
    pub fn hidden_lanes(&self) -> usize {
        nodes(self.model()).count() - self.shown_lanes().len()
    }

    pub(super) fn move_lane(&mut self, node: Node, to: usize) {
        let mut shown = self.shown_lanes();
        let Some(from) = shown.iter().position(|it| *it == node) else { return };
        let to = to.min(shown.len() - 1);
        if from == to {
            return;
        }
        // Those that are not shown stay behind the one that they are behind.
        let mut all = self.all_lanes();
        let beside = shown[to];
        shown.clear();
        all.retain(|it| *it != node);
        let place = all.iter().position(|it| *it == beside).unwrap_or(all.len());
        all.insert(if from < to { place + 1 } else { place }, node);
        let model = Arc::clone(self.model());
        let mut order: Vec<String> = all.iter().map(|it| model.node_name(*it).to_owned()).collect();
        let named = self.named_lanes_mut();
        let others = named.order.iter().filter(|it| !order.contains(it)).cloned();
        let others: Vec<_> = others.collect();
        order.extend(others);
        named.order = order;
    }

    pub(super) fn hide_lane(&mut self, node: Node) {
        let name = self.model().node_name(node).to_owned();
        let named = self.named_lanes_mut();
        if !named.hidden.contains(&name) {
            named.hidden.push(name);
        }
    }

    pub(super) fn show_all_lanes(&mut self) {
        self.named_lanes_mut().hidden.clear();
        self.tidy_lanes();
    }

    pub(super) fn reset_lanes(&mut self) {
        self.named_lanes_mut().order.clear();
        self.tidy_lanes();
    }

    fn tidy_lanes(&mut self) {
        let key = self.places_key();
        if self.settings.lanes_of.get(&key) == Some(&NamedLanes::default()) {
            self.settings.lanes_of.remove(&key);
        }
    }
}

/// An order in which those that talk are near each other, and work comes from above.
fn own_order(model: &Model) -> Vec<Node> {
    let nodes: Vec<Node> = nodes(model).map(|(_, node)| node).collect();
    if nodes.len() > MOST_ORDERED {
        return nodes;
    }
    let place_of = |node: Node| nodes.iter().position(|it| *it == node).unwrap_or(0);
    let ends = model.links.iter().map(|it| (place_of(it.from), place_of(it.to)));
    let mut pairs: Vec<_> =
        ends.map(|(a, b)| (a.min(b), a.max(b))).filter(|(a, b)| a != b).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let sources: Vec<bool> = nodes
        .iter()
        .map(|it| matches!(it, Node::Service(it) if model.services[it.index()].workload.is_some()))
        .collect();
    let mut order = from_sources(nodes.len(), &pairs, &sources);
    // Lanes are moved one by one for as long as that makes the ways shorter.
    let mut best = ways(&order, &pairs, &sources);
    let mut goes_on = true;
    while goes_on {
        goes_on = false;
        for from in 0..order.len() {
            for to in 0..order.len() {
                let mut tried = order.clone();
                let moved = tried.remove(from);
                tried.insert(to, moved);
                let now = ways(&tried, &pairs, &sources);
                if now < best {
                    (order, best, goes_on) = (tried, now, true);
                }
            }
        }
    }
    order.into_iter().map(|it| nodes[it]).collect()
}

/// Those that work comes from, then those that talk with them, and so on.
fn from_sources(count: usize, pairs: &[(usize, usize)], sources: &[bool]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).filter(|it| sources[*it]).collect();
    let mut next = 0;
    while order.len() < count {
        let near = order.get(next).copied();
        next += 1;
        let beside =
            |it: &usize| near.is_none_or(|near| pairs.contains(&(near.min(*it), near.max(*it))));
        let more: Vec<usize> = (0..count).filter(|it| !order.contains(it)).filter(beside).collect();
        order.extend(if near.is_some() { more } else { more.into_iter().take(1).collect() });
    }
    order
}

/// How long the ways of messages are, from lane to lane, and how far down work begins.
fn ways(order: &[usize], pairs: &[(usize, usize)], sources: &[bool]) -> usize {
    let mut lane = vec![0; order.len()];
    for (at, node) in order.iter().enumerate() {
        lane[*node] = at;
    }
    let between: usize = pairs.iter().map(|&(a, b)| lane[a].abs_diff(lane[b])).sum();
    let above: usize = lane.iter().zip(sources).filter(|(_, is)| **is).map(|(at, _)| *at).sum();
    2 * between + 3 * above
}
