//! The journey of an event: what it came of, what became of it and its copies, and what it led
//! to, from the arrival that began it all to the end of the run.

use std::collections::BTreeMap;

use crate::model::{EventId, Record, Script, Time};

use super::inquiry::{Found, Inquiry, SLICE_RECORDS, share_done};
use super::moment::Walk;
use super::runs::Runs;
use super::story::{Fact, Line, Scribe, fact_in};
use super::trail::Trail;

/// More lines than this are not written down, but those about the event itself.
const MOST_LINES: usize = 20_000;

/// Asks for the journey of an event.
pub struct JourneyOf {
    script: Script,
    event: EventId,
    until: Time,
    trail: Option<Trail>,
    stage: Stage,
    /// What was found out on the way back to the beginning.
    chain: BTreeMap<EventId, Fact>,
    left_out: u64,
    slices: u32,
    /// How many lines were told last.
    told: usize,
}

enum Stage {
    NotBegun,
    /// Looks for when this event was made.
    Search {
        event: EventId,
        walk: Box<Walk>,
    },
    /// Tells what happened since then.
    Tell {
        from: Time,
        walk: Box<Walk>,
        scribe: Scribe,
    },
    Over,
}

/// The journey of an event, with the story that it is a part of.
#[derive(Clone, Debug, PartialEq)]
pub struct Journey {
    /// Of which event.
    pub event: EventId,
    /// What is known of it, of what it came of and of all that this led to.
    pub facts: BTreeMap<EventId, Fact>,
    /// All that happened to these events, in order; and to services, links and faults meanwhile.
    pub lines: Vec<Line>,
    /// How many more lines there are than were written down.
    pub left_out: u64,
    /// Up to when it is told.
    pub until: Time,
}

impl JourneyOf {
    /// The journey of an event in this future of the run, up to an instant.
    #[must_use]
    pub const fn new(script: Script, event: EventId, until: Time) -> Self {
        Self {
            script,
            event,
            until,
            trail: None,
            stage: Stage::NotBegun,
            chain: BTreeMap::new(),
            left_out: 0,
            slices: 0,
            told: 0,
        }
    }

    /// Looks for when an event was made. Once that is known, either there is a cause to look for
    /// or the story can be told.
    fn search(&mut self, event: EventId, mut walk: Box<Walk>) -> Found<Journey> {
        let last = walk.moment().scene.records + SLICE_RECORDS;
        let mut records: Vec<Record> = Vec::new();
        while walk.moment().scene.records < last {
            records.clear();
            if !walk.step(self.until, |record, _| records.push(*record)) {
                // It was not made; or its cause cannot be told, and the story begins with it.
                self.begin_to_tell();
                return if self.chain.is_empty() {
                    self.stage = Stage::Over;
                    Found::All(self.answer(Vec::new(), BTreeMap::new(), self.until))
                } else {
                    Found::Nothing
                };
            }
            let world = &walk.moment().world;
            if let Some(fact) = records.iter().find_map(|it| fact_in(it, event, world)) {
                self.chain.insert(event, fact);
                let cause = fact.cause.filter(|it| !self.chain.contains_key(it));
                match (cause, &self.trail) {
                    (Some(event), Some(trail)) => {
                        let walk = Box::new(trail.before_event(event));
                        self.stage = Stage::Search { event, walk };
                    }
                    _ => self.begin_to_tell(),
                }
                return Found::Nothing;
            }
        }
        self.stage = Stage::Search { event, walk };
        Found::Nothing
    }

    fn begin_to_tell(&mut self) {
        let from = self.chain.values().map(|it| it.at).min().unwrap_or(Time::ZERO);
        let Some(trail) = &self.trail else { return };
        let walk = Box::new(trail.before(from));
        let scribe = Scribe::of(self.chain.clone());
        self.stage = Stage::Tell { from, walk, scribe };
    }

    fn tell(&mut self, from: Time, mut walk: Box<Walk>, mut scribe: Scribe) -> Found<Journey> {
        let last = walk.moment().scene.records + SLICE_RECORDS;
        while walk.moment().scene.records < last {
            let before = scribe.lines.len();
            if !scribe.step(&mut walk, self.until) {
                let lines = scribe.lines;
                let facts = scribe.facts.unwrap_or_default();
                return Found::All(self.answer(lines, facts, self.until));
            }
            if walk.moment().world.now() < from {
                scribe.lines.truncate(before);
            } else if before > MOST_LINES {
                let kept = scribe.lines.len();
                let mut place = 0;
                scribe.lines.retain(|it| {
                    place += 1;
                    place <= before || it.about == Some(self.event)
                });
                self.left_out += (kept - scribe.lines.len()) as u64;
            }
        }
        self.slices += 1;
        // What is new is told soon at first, and then ever more seldom: it is all told again.
        let is_time = self.slices.is_power_of_two() || self.slices.is_multiple_of(64);
        let found = if is_time && scribe.lines.len() > self.told {
            self.told = scribe.lines.len();
            let facts = scribe.facts.clone().unwrap_or_default();
            Found::SoFar(self.answer(scribe.lines.clone(), facts, walk.moment().world.now()))
        } else {
            Found::Nothing
        };
        self.stage = Stage::Tell { from, walk, scribe };
        found
    }

    fn answer(&self, mut lines: Vec<Line>, facts: BTreeMap<EventId, Fact>, until: Time) -> Journey {
        // What happens to services when the story is over is of no more interest.
        let end = lines.iter().rposition(|it| it.about.is_some()).map_or(0, |it| it + 1);
        lines.truncate(end);
        Journey { event: self.event, facts, lines, left_out: self.left_out, until }
    }
}

impl Inquiry for JourneyOf {
    type Answer = Journey;

    fn begin(&mut self, runs: &mut Runs) {
        let trail = runs.get(&self.script).trail();
        let walk = Box::new(trail.before_event(self.event));
        self.stage = Stage::Search { event: self.event, walk };
        self.trail = Some(trail);
    }

    fn work(&mut self) -> Found<Journey> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Search { event, walk } => self.search(event, walk),
            Stage::Tell { from, walk, scribe } => self.tell(from, walk, scribe),
            Stage::NotBegun | Stage::Over => {
                Found::All(self.answer(Vec::new(), BTreeMap::new(), self.until))
            }
        }
    }

    fn progress(&self) -> f32 {
        /// As far as anybody can tell, looking for the beginning is so much of it.
        const SEARCH: f32 = 0.1;
        match &self.stage {
            Stage::NotBegun => 0.0,
            Stage::Search { .. } => SEARCH / 2.0,
            Stage::Tell { from, walk, .. } => {
                SEARCH + (1.0 - SEARCH) * share_done(walk, *from, self.until)
            }
            Stage::Over => 1.0,
        }
    }
}

impl Journey {
    /// What is known of the event itself; `None` if there is no such event in this future.
    #[must_use]
    pub fn fact(&self) -> Option<&Fact> {
        self.facts.get(&self.event)
    }

    /// What it came of, the beginning first.
    #[must_use]
    pub fn causes(&self) -> Vec<Fact> {
        let mut causes = Vec::new();
        let mut next = self.fact().and_then(|it| it.cause);
        while let Some(fact) = next.and_then(|it| self.facts.get(&it)) {
            causes.push(*fact);
            next = fact.cause;
        }
        causes.reverse();
        causes
    }

    /// All that it led to, as a tree: each with how deep it is (1 for what it led to itself),
    /// before what it led to in its turn; in the order in which they were made.
    #[must_use]
    pub fn effects(&self) -> Vec<(usize, Fact)> {
        let mut of: BTreeMap<EventId, Vec<Fact>> = BTreeMap::new();
        for fact in self.facts.values() {
            if let Some(cause) = fact.cause {
                of.entry(cause).or_default().push(*fact);
            }
        }
        for effects in of.values_mut() {
            effects.sort_by_key(|it| (it.at, it.event));
        }
        let mut effects = Vec::new();
        let mut open = vec![(0, self.event)];
        while let Some((depth, event)) = open.pop() {
            if depth > 0 {
                effects.push((depth, self.facts[&event]));
            }
            for effect in of.get(&event).into_iter().flatten().rev() {
                open.push((depth + 1, effect.event));
            }
        }
        effects
    }

    /// What happened to the event itself and its copies.
    pub fn of_event(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|it| it.about == Some(self.event))
    }
}
