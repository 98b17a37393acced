//! Faults that are drawn by lot, for demonstrations.

use crate::engine::dice::{Dice, Purpose, Stream};
use crate::model::{
    Act, Distribution, FaultKind, Intervention, LinkId, Model, Node, Setting, Span, Time, TopicId,
};

use super::offers::{both_ways, services};

/// A kind of fault that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RandomKind {
    /// Services crash and start again.
    Crash,
    /// Services are slow for a while.
    Slow,
    /// Nothing passes between two nodes for a while.
    Cut,
    /// Messages are lost.
    Loss,
    /// Messages are late, and overtake one another.
    Disorder,
    /// Messages come twice.
    Duplicate,
    /// Brokers are away for a while.
    Outage,
    /// Handlers fail.
    Fail,
    /// Clocks go wrong.
    Clock,
}

impl RandomKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Crash,
        Self::Slow,
        Self::Cut,
        Self::Loss,
        Self::Disorder,
        Self::Duplicate,
        Self::Outage,
        Self::Fail,
        Self::Clock,
    ];

    /// What it is called in a list.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "Crash and restart",
            Self::Slow => "Slow service",
            Self::Cut => "Partition",
            Self::Loss => "Message loss",
            Self::Disorder => "Delay and disorder",
            Self::Duplicate => "Duplication",
            Self::Outage => "Broker outage",
            Self::Fail => "Failing handlers",
            Self::Clock => "Clock skew",
        }
    }
}

/// Which faults are to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomFaults {
    /// The same seed draws the same faults, whatever the run's own is.
    pub seed: u64,
    /// Of which kinds.
    pub kinds: Vec<RandomKind>,
    /// How many a minute, on the average.
    pub per_minute: f64,
    /// Not before this.
    pub from: Time,
    /// Before this.
    pub to: Time,
}

impl RandomFaults {
    /// The most that are drawn.
    pub const MOST: usize = 500;

    /// The faults, in the order of their instants. Which kind, of what, and for how long is drawn
    /// for each fault for itself, so that a kind more or less changes nothing about the others'
    /// instants.
    #[must_use]
    pub fn draw(&self, model: &Model) -> Vec<Intervention> {
        let dice = Dice::new(self.seed);
        let mut kinds = self.kinds.clone();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.retain(|kind| has_target(model, *kind));
        let mut drawn = Vec::new();
        if kinds.is_empty() || self.per_minute.is_nan() || self.per_minute <= 0.0 {
            return drawn;
        }
        let gap = Distribution::Exponential { mean: 60e9 / self.per_minute };
        let mut at = self.from;
        for number in 0..Self::MOST as u64 {
            at += dice.stream(Purpose::Arrival, number, 0).span(&gap).max(Span(1));
            if at >= self.to {
                break;
            }
            let mut lots = dice.stream(Purpose::Fault, number, 1);
            let kind = kinds[below(&mut lots, kinds.len())];
            if let Some(act) = draw_one(model, kind, &mut lots) {
                drawn.push(Intervention { at: rounded(at), act });
            }
        }
        drawn
    }
}

/// To a tenth of a second: a list of round instants is read more easily.
fn rounded(at: Time) -> Time {
    const TENTH: u64 = 100_000_000;
    Time(at.0 / TENTH * TENTH)
}

fn below(lots: &mut Stream, count: usize) -> usize {
    usize::try_from(lots.below(count as u64)).unwrap_or(0)
}

/// The links that can be cut: not those of the world outside.
fn links(model: &Model) -> Vec<LinkId> {
    let is_inside = |node: Node| match node {
        Node::Service(it) => model.services[it.index()].workload.is_none(),
        Node::Topic(_) => true,
    };
    let all = model.links.iter().enumerate();
    let inside = all.filter(|(_, it)| is_inside(it.from) && is_inside(it.to));
    inside.map(|(index, _)| LinkId::from_index(index)).collect()
}

fn has_target(model: &Model, kind: RandomKind) -> bool {
    match kind {
        RandomKind::Crash | RandomKind::Slow | RandomKind::Fail | RandomKind::Clock => {
            !services(model).is_empty()
        }
        RandomKind::Cut | RandomKind::Loss | RandomKind::Disorder | RandomKind::Duplicate => {
            !links(model).is_empty()
        }
        RandomKind::Outage => !model.topics.is_empty(),
    }
}

fn draw_one(model: &Model, kind: RandomKind, lots: &mut Stream) -> Option<Act> {
    let mut seconds = |low: f64, high: f64| {
        let tenths = (10.0 * (low + (high - low) * lots.fraction())).round();
        Span::from_secs_f64(tenths / 10.0)
    };
    let lasts = seconds(1.0, 8.0);
    let percent = |lots: &mut Stream| (5.0 + 35.0 * lots.fraction()).round() / 100.0;
    let all = services(model);
    let service = |lots: &mut Stream| all.get(below(lots, all.len().max(1))).copied();
    let ways = links(model);
    let way = |lots: &mut Stream| {
        let first = *ways.get(below(lots, ways.len().max(1)))?;
        Some(both_ways(model, first))
    };
    let kind = match kind {
        RandomKind::Crash => {
            let service = service(lots)?;
            let count = model.services[service.index()].instances;
            let instance = (count > 1).then(|| lots.below(u64::from(count)));
            let instance = instance.and_then(|it| u32::try_from(it).ok());
            FaultKind::Crash { service, instance }
        }
        RandomKind::Slow => {
            let service = service(lots)?;
            FaultKind::Slow { service, factor: 2.0 + below(lots, 9) as f64 }
        }
        RandomKind::Cut => FaultKind::Cut { links: way(lots)?, hold: lots.chance(0.5) },
        RandomKind::Loss => FaultKind::Loss { links: way(lots)?, probability: percent(lots) },
        RandomKind::Duplicate => {
            FaultKind::Duplicate { links: way(lots)?, probability: percent(lots) }
        }
        RandomKind::Disorder => {
            let links = way(lots)?;
            let mean = 1e8 * (1 + below(lots, 10)) as f64;
            FaultKind::Delay { links, extra: Distribution::Exponential { mean }, reorder: true }
        }
        RandomKind::Outage => {
            let topic = TopicId::from_index(below(lots, model.topics.len()));
            FaultKind::Outage { topic, forgets: Span::ZERO }
        }
        RandomKind::Fail => {
            let service = service(lots)?;
            let count = 1 + u32::try_from(below(lots, 5)).unwrap_or(0);
            return Some(Act::FailNext { service, count });
        }
        RandomKind::Clock => {
            let service = service(lots)?;
            let ahead = (i64::try_from(below(lots, 21)).unwrap_or(0) - 10) * 500_000_000;
            return Some(Act::Set(Setting::Clock { service, ahead }));
        }
    };
    Some(Act::Break { kind, lasts: Some(lasts) })
}
