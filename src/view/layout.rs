//! Where nodes stand: layered from left to right with few crossings, or where a person or the
//! scenario put them.

use std::collections::{BTreeMap, BTreeSet};

use rust_sugiyama::configure::Config;

use super::columns;
use super::route::Route;
use crate::model::{Model, Node, ServiceId, TopicId, TopicKind};

/// The size of a service's card, in points of the layout.
pub const CARD: (f32, f32) = (186.0, 96.0);

/// The width of a topic's strip, in points of the layout.
const STRIP_WIDTH: f32 = 284.0;

/// Where the first row of a strip begins, and how high a row is, in points of the layout.
pub const STRIP_ROWS: (f32, f32) = (40.0, 28.0);

/// The most rows of a strip; what a topic has beyond them is not shown.
pub const MOST_ROWS: u32 = 8;

/// The height of a line at a strip's foot, and how many groups share it.
pub const STRIP_FOOT: (f32, usize) = (17.0, 2);

/// Past this many nodes the layered layout takes longer than a blink; a grid is used.
const MOST_LAYERED: usize = 150;

/// Nodes with their places and sizes, and the pairs of them that talk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The nodes, in the order of their ids.
    pub nodes: Vec<Placed>,
    /// Pairs of places in `nodes` that talk, the one on the left first where it can be told.
    pub edges: Vec<(usize, usize)>,
    /// For each edge, the way along it.
    pub routes: Vec<Route>,
}

/// A node and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Which.
    pub node: Node,
    /// Its middle.
    pub centre: (f32, f32),
    /// Its width and height.
    pub size: (f32, f32),
}

impl Placed {
    /// Its upper edge.
    #[must_use]
    pub fn top(&self) -> f32 {
        self.centre.1 - self.size.1 / 2.0
    }

    /// Whether a point is inside it.
    #[must_use]
    pub fn covers(&self, (x, y): (f32, f32)) -> bool {
        (x - self.centre.0).abs() <= self.size.0 / 2.0
            && (y - self.centre.1).abs() <= self.size.1 / 2.0
    }
}

impl Layout {
    /// The layout of a model; `moved` are the nodes that a person has moved.
    #[must_use]
    pub fn new(model: &Model, moved: &BTreeMap<Node, (f32, f32)>) -> Self {
        let mut places: BTreeMap<Node, (f32, f32)> =
            model.presentation.positions.iter().copied().collect();
        places.extend(moved);
        Self::automatic(model).with(&places)
    }

    /// This layout with some nodes elsewhere.
    #[must_use]
    pub fn with(&self, places: &BTreeMap<Node, (f32, f32)>) -> Self {
        let mut layout = self.clone();
        for placed in &mut layout.nodes {
            if let Some(place) = places.get(&placed.node) {
                placed.centre = *place;
            }
        }
        layout.route();
        layout
    }

    fn route(&mut self) {
        let way = |&(from, to): &(usize, usize)| Route::between(&self.nodes, from, to);
        self.routes = self.edges.iter().map(way).collect();
    }

    /// The layout without anybody's hand in it.
    #[must_use]
    pub fn automatic(model: &Model) -> Self {
        let nodes: Vec<Node> = (0..model.services.len())
            .map(|it| Node::Service(ServiceId::from_index(it)))
            .chain((0..model.topics.len()).map(|it| Node::Topic(TopicId::from_index(it))))
            .collect();
        let place_of = |node: Node| match node {
            Node::Service(it) => it.index(),
            Node::Topic(it) => model.services.len() + it.index(),
        };
        let flow: Vec<(usize, usize)> =
            flow_edges(model).iter().map(|&(from, to)| (place_of(from), place_of(to))).collect();
        let depths = depths(model, nodes.len(), &flow);
        let mut edges = BTreeSet::new();
        for (from, to) in flow {
            // Work begins on the left: what leads back is drawn, but moves nobody.
            let (from, to) = if depths[from] <= depths[to] { (from, to) } else { (to, from) };
            if !edges.contains(&(to, from)) {
                edges.insert((from, to));
            }
        }
        let mut nodes: Vec<Placed> = nodes
            .into_iter()
            .map(|node| Placed { node, centre: (0.0, 0.0), size: size(model, node) })
            .collect();
        if nodes.len() > MOST_LAYERED {
            grid(&mut nodes);
        } else {
            layered(&mut nodes, &edges);
        }
        let mut layout = Self { nodes, edges: edges.into_iter().collect(), routes: Vec::new() };
        layout.route();
        layout
    }

    /// A node's place.
    #[must_use]
    pub fn of(&self, node: Node) -> Option<&Placed> {
        self.nodes.get(self.place_of(node)?)
    }

    /// Where in `nodes` a node is: services stand first, each in the order of its id.
    fn place_of(&self, node: Node) -> Option<usize> {
        self.nodes.binary_search_by_key(&node, |it| it.node).ok()
    }

    /// The way from one node to another that it talks to.
    #[must_use]
    pub fn way(&self, from: Node, to: Node) -> Option<Route> {
        let (from, to) = (self.place_of(from)?, self.place_of(to)?);
        if let Ok(there) = self.edges.binary_search(&(from, to)) {
            return Some(self.routes[there]);
        }
        let back = self.edges.binary_search(&(to, from)).ok()?;
        Some(self.routes[back].reversed())
    }

    /// The corners of what all nodes cover: (least, greatest).
    #[must_use]
    pub fn bounds(&self) -> ((f32, f32), (f32, f32)) {
        let mut least = (f32::MAX, f32::MAX);
        let mut most = (f32::MIN, f32::MIN);
        for Placed { centre, size, .. } in &self.nodes {
            least.0 = least.0.min(centre.0 - size.0 / 2.0);
            least.1 = least.1.min(centre.1 - size.1 / 2.0);
            most.0 = most.0.max(centre.0 + size.0 / 2.0);
            most.1 = most.1.max(centre.1 + size.1 / 2.0);
        }
        if self.nodes.is_empty() { ((0.0, 0.0), (1.0, 1.0)) } else { (least, most) }
    }
}

/// How large a node is drawn.
fn size(model: &Model, node: Node) -> (f32, f32) {
    match node {
        Node::Service(service) => {
            let shown = model.presentation.shown.iter().filter(|it| it.service == service);
            // Of a projection there is also what it should be.
            let rows = |it: &crate::model::Shown| {
                1 + usize::from(model.stores[it.store.index()].projection_of.is_some())
            };
            #[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
            let rows = shown.map(rows).sum::<usize>() as f32;
            (CARD.0, CARD.1 + 17.0 * rows)
        }
        Node::Topic(topic) => match &model.topics[topic.index()].kind {
            TopicKind::Log(log) => {
                #[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
                let rows = log.partitions.min(MOST_ROWS) as f32;
                let groups = model.topics[topic.index()].groups.len();
                #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
                let lines = groups.div_ceil(STRIP_FOOT.1) as f32;
                let (top, row) = STRIP_ROWS;
                (STRIP_WIDTH, top + row * rows + STRIP_FOOT.0 * lines + 8.0)
            }
            TopicKind::Queue(_) => (STRIP_WIDTH, STRIP_ROWS.0 + STRIP_ROWS.1 + 22.0),
        },
    }
}

/// The pairs along which work flows: from who begins to whom it concerns.
fn flow_edges(model: &Model) -> Vec<(Node, Node)> {
    use crate::model::Step;
    let mut edges = Vec::new();
    for handler in &model.handlers {
        let from = Node::Service(handler.service);
        crate::model::handler::walk_steps(&handler.steps, &mut |step| match step {
            Step::Call(call) => edges.push((from, Node::Service(call.to))),
            Step::Poll(poll) => edges.push((from, Node::Service(poll.call.to))),
            Step::Send { to, .. } => edges.push((from, Node::Service(*to))),
            Step::Publish { topic, .. } => edges.push((from, Node::Topic(*topic))),
            _ => {}
        });
    }
    for (index, topic) in model.topics.iter().enumerate() {
        if let TopicKind::Queue(queue) = &topic.kind
            && let Some(letters) = queue.dead_letters
        {
            edges.push((Node::Topic(TopicId::from_index(index)), Node::Topic(letters)));
        }
    }
    // Consumers last: where a service both publishes to a topic and consumes it, what it
    // publishes says on which side of the topic it stands.
    for (index, service) in model.services.iter().enumerate() {
        let to = Node::Service(ServiceId::from_index(index));
        edges.extend(service.consumes.iter().map(|it| (Node::Topic(it.topic), to)));
    }
    edges
}

/// How many steps each node is from where work begins: the workloads, or if there are none
/// whoever nobody leads to.
fn depths(model: &Model, count: usize, flow: &[(usize, usize)]) -> Vec<usize> {
    let mut depths = vec![usize::MAX; count];
    let mut queue = std::collections::VecDeque::new();
    let workloads = (0..model.services.len()).filter(|it| model.services[*it].workload.is_some());
    let unled = (0..count).filter(|it| flow.iter().all(|(_, to)| to != it));
    for begin in workloads.chain(unled).chain(0..count) {
        if depths[begin] != usize::MAX {
            continue;
        }
        depths[begin] = 0;
        queue.push_back(begin);
        // Workloads and the unled all begin at once; what is left begins when those are done.
        while let Some(at) = queue.pop_front() {
            for &(_, to) in flow.iter().filter(|(from, _)| *from == at) {
                if depths[to] > depths[at] + 1 {
                    depths[to] = depths[at] + 1;
                    queue.push_back(to);
                }
            }
        }
    }
    depths
}

/// Finds the layers and the order in each, and has them stand in columns; parts without a
/// connection stand below one another.
fn layered(nodes: &mut [Placed], edges: &BTreeSet<(usize, usize)>) {
    // The library lays out from top to bottom: our height is its width.
    let id = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    let size = |it: &Placed| {
        (f64::from(it.size.1 + columns::GAP.1), f64::from(it.size.0 + columns::GAP.0))
    };
    let vertices: Vec<(u32, (f64, f64))> =
        nodes.iter().enumerate().map(|(index, it)| (id(index), size(it))).collect();
    let others = edges.iter().filter(|(from, to)| from != to);
    let pairs: Vec<(u32, u32)> = others.map(|&(from, to)| (id(from), id(to))).collect();
    let config = Config { vertex_spacing: 10.0, ..Config::default() };
    let mut parts = rust_sugiyama::from_vertices_and_edges(&vertices, &pairs, &config);
    for (places, _, _) in &mut parts {
        places.sort_by_key(|(id, _)| *id);
    }
    parts.sort_by_key(|(places, _, _)| places.first().map(|(id, _)| *id));
    let mut top = 0.0;
    for (places, _, _) in &parts {
        let members: Vec<usize> = places.iter().map(|(id, _)| *id).collect();
        let local = |it: usize| members.binary_search(&it).ok();
        let edges = edges.iter().filter_map(|&(from, to)| Some((local(from)?, local(to)?)));
        let mut layers: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (index, (_, (_, along))) in places.iter().enumerate() {
            #[expect(clippy::cast_possible_truncation, reason = "points of a layout")]
            layers.entry(along.round() as i64).or_default().push(index);
        }
        let mut layers: Vec<Vec<usize>> = layers.into_values().collect();
        for layer in &mut layers {
            let across = |it: usize| places[it].1.0;
            layer.sort_by(|a, b| across(*a).total_cmp(&across(*b)).then(a.cmp(b)));
        }
        let mut part: Vec<Placed> = members.iter().map(|it| nodes[*it]).collect();
        columns::stand(&mut part, &edges.collect(), &layers);
        let mut bottom = top;
        for (index, mut placed) in members.into_iter().zip(part) {
            placed.centre.1 += top;
            bottom = f32::max(bottom, placed.centre.1 + placed.size.1 / 2.0 + columns::GAP.1);
            nodes[index] = placed;
        }
        top = bottom;
    }
}

/// Rows and columns, for graphs too large to be laid out in a blink.
fn grid(nodes: &mut [Placed]) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a small number"
    )]
    let columns = (nodes.len() as f32).sqrt().ceil().max(1.0) as usize;
    let most = |most: (f32, f32), it: &Placed| (most.0.max(it.size.0), most.1.max(it.size.1));
    let cell = nodes.iter().fold((0.0_f32, 0.0_f32), most);
    for (index, placed) in nodes.iter_mut().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let (column, row) = ((index % columns) as f32, (index / columns) as f32);
        let gap = columns::GAP;
        placed.centre = (column * (cell.0 + gap.0), row * (cell.1 + gap.1));
    }
}
