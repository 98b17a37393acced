//! The first difference: two futures are walked side by side from where they part, and it is
//! found out where they first differ in what can be observed, and from when on each service and
//! each topic has another history.

use std::sync::Arc;

use crate::model::{
    Intervention, Model, Node, Outcome, Record, Role, Script, Settlement, Time, TopicId, What,
};

use super::inquiry::{Found, Inquiry, SLICE_RECORDS, share_done};
use super::moment::{Moment, Walk};
use super::normal::{Copy, Names, Normal, node_at};
use super::run::common_prefix;
use super::runs::Runs;
use super::scene::{Scene, TopicScene};

/// Where two futures first differ.
pub struct DifferenceOf {
    /// One future.
    pub a: Script,
    /// The other.
    pub b: Script,
    /// Up to and including which instant.
    pub until: Time,
    state: Option<State>,
}

/// What is known of how two futures differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// From when on they may differ: the first thing that is done in one of them only; `None` if
    /// the same is done in both.
    pub parted: Option<Time>,
    /// Everything up to and including this instant was compared.
    pub until: Time,
    /// The services and topics whose histories differ, the first to differ first.
    pub parts: Vec<Part>,
}

/// How the histories of one service or topic differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Whose.
    pub node: Node,
    /// The first instant.
    pub at: Time,
    /// What happened then in the first future, and not in the second.
    pub only_a: Option<Happening>,
    /// What happened then in the second future, and not in the first.
    pub only_b: Option<Happening>,
    /// What is counted, where it came to differ.
    pub counts: Vec<CountDifference>,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Happening {
    /// The record.
    pub record: Record,
    /// The message that it speaks of, if it does.
    pub copy: Option<Copy>,
}

/// Something that is counted, and differs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountDifference {
    /// What.
    pub count: Count,
    /// The first instant at which it differed.
    pub at: Time,
    /// How much it came to in the first future.
    pub a: f64,
    /// How much it came to in the second.
    pub b: f64,
}

/// What is counted of services and topics, since the futures parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// Handlers that came to their end as intended.
    Done,
    /// Handlers that failed.
    Failed,
    /// Messages on their way to it, or there, that were lost.
    Lost,
    /// Events that came to a topic.
    Published,
    /// Deliveries of a topic that set out.
    Delivered,
    /// Those of them that were not the first attempt.
    Redelivered,
    /// Dead letters.
    Dead,
    /// Events deleted before they were read.
    FellOff,
    /// Anomalies of its projections.
    Anomalies,
    /// Events of a log that its groups have not committed, messages of a queue that are not acked,
    /// at this instant.
    Lag,
    /// The value that a card shows, by its place in
    /// [`Presentation::shown`](crate::model::Presentation::shown), at this instant.
    Shown(usize),
}

/// Those that go up with records.
const TALLIES: [Count; 9] = [
    Count::Done,
    Count::Failed,
    Count::Lost,
    Count::Published,
    Count::Delivered,
    Count::Redelivered,
    Count::Dead,
    Count::FellOff,
    Count::Anomalies,
];

/// One of the two futures.
struct Side {
    walk: Walk,
    names: Names,
    /// The records of the instant that is looked at.
    fresh: Vec<Normal>,
    /// Room for the records of a step.
    records: Vec<Record>,
    /// By place: what was counted.
    tallies: Vec<[u64; TALLIES.len()]>,
}

struct State {
    model: Arc<Model>,
    from: Time,
    sides: [Walk; 2],
    /// The two futures, once they have come to where they part.
    parted: Option<[Side; 2]>,
    found: Differences,
    /// By place, whether it is in `found`, and where.
    parts: Vec<Option<usize>>,
    touched: Vec<usize>,
    /// The whole that is known was not told yet.
    is_news: bool,
}

impl DifferenceOf {
    /// Where two futures first differ, up to and including an instant.
    #[must_use]
    pub const fn new(a: Script, b: Script, until: Time) -> Self {
        Self { a, b, until, state: None }
    }
}

/// The first instant at which something is done in one of two futures and not in the other.
#[must_use]
pub fn parted_at(a: &[Intervention], b: &[Intervention]) -> Option<Time> {
    let common = common_prefix(a, b);
    [a, b].into_iter().filter_map(|it| Some(it.get(common)?.at)).min()
}

impl Inquiry for DifferenceOf {
    type Answer = Differences;

    fn begin(&mut self, runs: &mut Runs) {
        let parted = parted_at(&self.a, &self.b).filter(|at| *at <= self.until);
        let Some(from) = parted else { return };
        let sides = [runs.walk(&self.a, from), runs.walk(&self.b, from)];
        let model = Arc::clone(sides[0].moment().world.model());
        self.state = Some(State {
            from,
            sides,
            parted: None,
            found: Differences { parted, until: from, parts: Vec::new() },
            parts: vec![None; model.services.len() + model.topics.len()],
            model,
            touched: Vec::new(),
            is_news: false,
        });
    }

    fn work(&mut self) -> Found<Differences> {
        let until = self.until;
        let Some(state) = &mut self.state else {
            return Found::All(Differences { until, ..Differences::default() });
        };
        let mut left = i64::try_from(SLICE_RECORDS).expect("a few thousand");
        if state.parted.is_none() {
            if !state.come(&mut left) {
                return Found::Nothing;
            }
            state.part();
        }
        while left > 0 {
            let next = state.next_at();
            let Some(at) = next.filter(|it| *it <= until) else {
                state.found.until = until;
                return Found::All(state.told());
            };
            left -= state.step(at);
            state.found.until = Time(at.0.saturating_sub(1)).max(state.from);
        }
        if state.is_news { Found::SoFar(state.told()) } else { Found::Nothing }
    }

    fn progress(&self) -> f32 {
        let Some(state) = &self.state else { return 1.0 };
        match &state.parted {
            None => 0.0,
            Some([a, b]) => {
                let share = |it: &Side| share_done(&it.walk, state.from, self.until);
                share(a).min(share(b))
            }
        }
    }
}

impl State {
    /// Comes nearer to where the futures part; true when it is there.
    fn come(&mut self, left: &mut i64) -> bool {
        for walk in &mut self.sides {
            let before = |walk: &Walk, from| walk.next_at().is_some_and(|next| next < from);
            while before(walk, self.from) {
                walk.step(self.from, |_, _| *left -= 1);
                if *left <= 0 {
                    return false;
                }
            }
        }
        true
    }

    fn part(&mut self) {
        let places = self.parts.len();
        self.parted = Some(self.sides.each_mut().map(|walk| {
            let Moment { world, scene, .. } = walk.moment();
            let names = Names::new(world, scene);
            let tallies = vec![[0; TALLIES.len()]; places];
            Side { walk: walk.clone(), names, fresh: Vec::new(), records: Vec::new(), tallies }
        }));
    }

    fn sides(&self) -> &[Side; 2] {
        self.parted.as_ref().expect("it has come to where they part")
    }

    /// When something happens next in either of them.
    fn next_at(&self) -> Option<Time> {
        let [a, b] = self.sides();
        match (a.walk.next_at(), b.walk.next_at()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// Takes in all that happens at an instant. Gives how many records there were.
    fn step(&mut self, at: Time) -> i64 {
        let sides = self.parted.as_mut().expect("it has come to where they part");
        let mut records = 1;
        self.touched.clear();
        for side in sides.iter_mut() {
            side.take_in(at);
            records += i64::try_from(side.fresh.len()).unwrap_or(i64::MAX / 4);
            self.touched.extend(side.fresh.iter().map(|it| it.place));
        }
        self.touched.sort_unstable();
        self.touched.dedup();
        for index in 0..self.touched.len() {
            self.compare(self.touched[index], at);
        }
        records
    }

    /// Compares what happened to one node at an instant, and what is counted of it.
    fn compare(&mut self, place: usize, at: Time) {
        let sides = self.parted.as_ref().expect("it has come to where they part");
        let [a, b] = sides;
        let hashes = [a, b].map(|it| it.hash_of(place));
        if hashes[0] != hashes[1] && self.parts[place].is_none() {
            self.parts[place] = Some(self.found.parts.len());
            self.found.parts.push(Part {
                node: node_at(&self.model, place),
                at,
                only_a: a.first_without(b, place),
                only_b: b.first_without(a, place),
                counts: Vec::new(),
            });
            self.is_news = true;
        }
        // Nothing that is counted can differ before what happens does.
        let Some(part) = self.parts[place] else { return };
        let part = &mut self.found.parts[part];
        for_counts(&self.model, place, sides, |count, a, b| {
            if is_other(a, b) && !part.counts.iter().any(|it| it.count == count) {
                part.counts.push(CountDifference { count, at, a, b });
                self.is_news = true;
            }
        });
    }

    /// What is known, with what the counts have come to.
    fn told(&mut self) -> Differences {
        self.is_news = false;
        let mut found = self.found.clone();
        for (place, part) in self.parts.iter().enumerate() {
            let Some(part) = part else { continue };
            let counts = &mut found.parts[*part].counts;
            for_counts(&self.model, place, self.sides(), |count, a, b| {
                if let Some(it) = counts.iter_mut().find(|it| it.count == count) {
                    (it.a, it.b) = (a, b);
                }
            });
        }
        found
    }
}

/// Whether two values that are counted differ, apart from how they were rounded.
fn is_other(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-9 * a.abs().max(b.abs())
}

/// Tells of everything that is counted of a node, how much it is in both futures.
#[expect(clippy::cast_precision_loss, reason = "counts, to be compared and shown")]
fn for_counts(model: &Model, place: usize, sides: &[Side; 2], mut of: impl FnMut(Count, f64, f64)) {
    for (number, count) in TALLIES.into_iter().enumerate() {
        let [a, b] = sides.each_ref().map(|it| it.tallies[place][number] as f64);
        of(count, a, b);
    }
    let scenes = sides.each_ref().map(|it| &it.walk.moment().scene);
    match node_at(model, place) {
        Node::Topic(topic) => {
            let [a, b] = scenes.map(|it| lag(model, it, topic) as f64);
            of(Count::Lag, a, b);
        }
        Node::Service(service) => {
            for (number, shown) in model.presentation.shown.iter().enumerate() {
                if shown.service == service {
                    let [a, b] = scenes.map(|it| it.shown[number] / shown.divisor);
                    of(Count::Shown(number), a, b);
                }
            }
        }
    }
}

/// How much of a topic is not done with.
fn lag(model: &Model, scene: &Scene, topic: TopicId) -> u64 {
    match &scene.topics[topic.index()] {
        TopicScene::Queue(queue) => u64::from(queue.waiting) + u64::from(queue.leased),
        TopicScene::Log(partitions) => {
            let groups = model.groups.iter().zip(&scene.groups).filter(|(it, _)| it.topic == topic);
            let behind = groups.flat_map(|(_, readings)| partitions.iter().zip(readings));
            behind.map(|(partition, it)| partition.end.saturating_sub(it.committed)).sum()
        }
    }
}

impl Side {
    /// Performs all that happens at an instant.
    fn take_in(&mut self, at: Time) {
        let Self { walk, names, fresh, records, tallies } = self;
        fresh.clear();
        while walk.next_at().is_some_and(|next| next <= at) {
            records.clear();
            walk.step(at, |record, _| records.push(*record));
            let world = &walk.moment().world;
            fresh.extend(records.iter().filter_map(|it| names.normal(it, world)));
        }
        for it in fresh {
            tally(&mut tallies[it.place], it.record.what);
        }
    }

    /// One number for all that happened to a node at this instant, in whichever order.
    fn hash_of(&self, place: usize) -> u64 {
        let of = self.fresh.iter().filter(|it| it.place == place);
        of.fold(0, |sum, it| sum.wrapping_add(it.hash))
    }

    /// The first that happened to a node at this instant, and did not happen there.
    fn first_without(&self, other: &Self, place: usize) -> Option<Happening> {
        let mut there: Vec<u64> =
            other.fresh.iter().filter(|it| it.place == place).map(|it| it.hash).collect();
        let mut here = self.fresh.iter().filter(|it| it.place == place);
        let found = here.find(|it| match there.iter().position(|hash| *hash == it.hash) {
            Some(position) => {
                there.swap_remove(position);
                false
            }
            None => true,
        })?;
        Some(Happening { record: found.record, copy: found.copy })
    }
}

fn tally(tallies: &mut [u64; TALLIES.len()], what: What) {
    let mut add = |count: Count, by: u64| {
        if let Some(place) = TALLIES.iter().position(|it| *it == count) {
            tallies[place] += by;
        }
    };
    match what {
        What::Finished { outcome: Outcome::Done | Outcome::Remembered, .. } => add(Count::Done, 1),
        What::Finished { .. } => add(Count::Failed, 1),
        What::Dropped { .. } => add(Count::Lost, 1),
        What::Appended { .. } | What::Enqueued { .. } => add(Count::Published, 1),
        What::Sent { role: Role::Delivery, attempt, .. } => {
            add(Count::Delivered, 1);
            add(Count::Redelivered, u64::from(attempt > 1));
        }
        What::Settled { how, .. } if Settlement::is_death(how) => add(Count::Dead, 1),
        What::FellOff { events, .. } => add(Count::FellOff, events),
        What::Anomaly { .. } => add(Count::Anomalies, 1),
        _ => {}
    }
}
