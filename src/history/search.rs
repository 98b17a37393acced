//! An inquiry that looks for events through a whole run, from its beginning.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{
    Event, EventId, EventTypeId, FieldKind, Model, Record, ServiceId, Time, Value, What,
};

use super::inquiry::{Found, Inquiry, SLICE_RECORDS, Stretch, share_done};
use super::moment::Walk;
use super::runs::Runs;

/// The most events that are found.
pub const MOST_HITS: usize = 200;

/// What is said of an event. All conditions of a search must hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// It is its producer's event of this number.
    Count(u64),
    /// This service made it.
    Producer(ServiceId),
    /// It is of one of these types.
    Type(Vec<EventTypeId>),
    /// One of these fields (its type, and its place there) passes its test.
    Field(Vec<(EventTypeId, usize, Test)>),
    /// Its type's name, or one of the texts it carries, contains this, whatever the case.
    Word(String),
}

/// What is asked of the value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// As a number it stands in this relation to this one.
    Number(Relation, f64),
    /// It reads like this, whatever the case (true), or does not (false).
    Is(bool, String),
    /// It contains this, whatever the case.
    Contains(String),
}

/// How two numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// As large.
    Equal,
    /// Not as large.
    Unequal,
    /// Smaller.
    Less,
    /// Not larger.
    AtMost,
    /// Larger.
    Greater,
    /// Not smaller.
    AtLeast,
}

impl Relation {
    #[expect(clippy::float_cmp, reason = "what a person wrote, against what was written")]
    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Unequal => a != b,
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::Greater => a > b,
            Self::AtLeast => a >= b,
        }
    }
}

impl Test {
    fn holds(&self, value: Value, model: &Model) -> bool {
        match self {
            Self::Number(relation, than) => {
                matches!(value, Value::Int(_) | Value::Float(_))
                    && relation.holds(value.as_f64(), *than)
            }
            Self::Is(is, text) => {
                (model.value_text(value).to_lowercase() == text.to_lowercase()) == *is
            }
            Self::Contains(text) => contains(&model.value_text(value), text),
        }
    }
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

impl Condition {
    /// Whether it holds, as far as that can be said without what the event carries.
    #[must_use]
    pub fn may_hold(&self, id: EventId, event_type: EventTypeId) -> bool {
        match self {
            Self::Count(count) => id.count() == *count,
            Self::Producer(service) => id.producer() == *service,
            Self::Type(types) => types.contains(&event_type),
            Self::Field(fields) => fields.iter().any(|(of, ..)| *of == event_type),
            Self::Word(_) => true,
        }
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, event: &Event, model: &Model) -> bool {
        let of_type = &model.event_types[event.event_type.index()];
        let value =
            |place: usize| Value::from_bits(of_type.fields[place].kind, event.fields[place]);
        match self {
            Self::Field(fields) => fields.iter().any(|(of, place, test)| {
                *of == event.event_type && test.holds(value(*place), model)
            }),
            Self::Word(word) => {
                let texts = of_type.fields.iter().enumerate();
                let mut texts = texts.filter(|(_, field)| field.kind == FieldKind::Text);
                contains(&of_type.name, word)
                    || texts.any(|(place, _)| contains(&model.value_text(value(place)), word))
            }
            _ => self.may_hold(event.id, event.event_type),
        }
    }

    /// Whether what the event carries must be known.
    const fn is_of_contents(&self) -> bool {
        matches!(self, Self::Field(_) | Self::Word(_))
    }
}

/// An event that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// When a record first tells of it.
    pub at: Time,
    /// Which.
    pub id: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// What it carries, if that was needed to find it or could be seen when it was.
    pub event: Option<Event>,
}

/// What was found so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// The events, in the order in which they were found.
    pub list: Vec<Hit>,
    /// Whether there are more, which are not listed: [`MOST_HITS`] are.
    pub is_cut: bool,
}

/// Looks for events through a stretch.
pub struct Search {
    conditions: Arc<[Condition]>,
    stretch: Stretch,
    walk: Option<Walk>,
    hits: Hits,
    /// By event, its place in the list.
    places: BTreeMap<EventId, usize>,
    /// Events that wait in an outbox and have not been seen yet, and since when.
    outboxed: BTreeMap<EventId, Time>,
    needs_contents: bool,
    fresh: Vec<Record>,
}

impl Search {
    /// For these events in this stretch.
    #[must_use]
    pub fn new(conditions: Vec<Condition>, stretch: Stretch) -> Self {
        Self {
            needs_contents: conditions.iter().any(Condition::is_of_contents),
            conditions: conditions.into(),
            stretch,
            walk: None,
            hits: Hits::default(),
            places: BTreeMap::new(),
            outboxed: BTreeMap::new(),
            fresh: Vec::new(),
        }
    }

    /// Looks at a record, and says whether something new is known; `walk` has made its step.
    fn look(&mut self, record: &Record, walk: &Walk) -> bool {
        let (id, event_type, message) = match record.what {
            What::Arrived { message, event, event_type, .. }
            | What::Sent { message, event, event_type, .. } => (event, event_type, Some(message)),
            What::Outboxed { event, event_type, .. } => (event, event_type, None),
            _ => return false,
        };
        let world = &walk.moment().world;
        // A message that came to its end in this step may have left its place to another.
        let event = message.map(|it| world.event_of(it)).filter(|it| it.id == id);
        if let Some(place) = self.places.get(&id) {
            let known = &mut self.hits.list[*place].event;
            let is_news = known.is_none() && event.is_some();
            *known = known.or(event.copied());
            return is_news;
        }
        if id.count() == 0 || !self.conditions.iter().all(|it| it.may_hold(id, event_type)) {
            return false;
        }
        if self.needs_contents {
            let Some(event) = event else {
                if message.is_none() {
                    self.outboxed.entry(id).or_insert(record.at);
                }
                return false;
            };
            let model = world.model();
            if !self.conditions.iter().all(|it| it.holds(event, model)) {
                self.outboxed.remove(&id);
                return false;
            }
        }
        if self.hits.list.len() >= MOST_HITS {
            self.hits.is_cut = true;
            return true;
        }
        let at = self.outboxed.remove(&id).unwrap_or(record.at);
        self.places.insert(id, self.hits.list.len());
        self.hits.list.push(Hit { at, id, event_type, event: event.copied() });
        true
    }
}

impl Inquiry for Search {
    type Answer = Hits;

    fn begin(&mut self, runs: &mut Runs) {
        self.walk = Some(runs.walk(&self.stretch.script, self.stretch.from));
    }

    fn work(&mut self) -> Found<Hits> {
        let Some(mut walk) = self.walk.take() else { return Found::All(self.hits.clone()) };
        let stop = walk.moment().scene.records + SLICE_RECORDS;
        let mut is_news = false;
        while walk.moment().scene.records < stop {
            let mut fresh = std::mem::take(&mut self.fresh);
            fresh.clear();
            let more = walk.step(self.stretch.until, |record, _| fresh.push(*record));
            for record in &fresh {
                is_news |= record.at >= self.stretch.from && self.look(record, &walk);
            }
            self.fresh = fresh;
            if !more || self.hits.is_cut {
                return Found::All(self.hits.clone());
            }
        }
        self.walk = Some(walk);
        if is_news { Found::SoFar(self.hits.clone()) } else { Found::Nothing }
    }

    fn progress(&self) -> f32 {
        let Stretch { from, until, .. } = self.stretch;
        self.walk.as_ref().map_or(0.0, |walk| share_done(walk, from, until))
    }
}
