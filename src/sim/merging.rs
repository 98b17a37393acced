//! One run made of the recordings of the processes that shared it.
//!
//! Each process has stamped what it was told by a hybrid logical clock: never earlier than the
//! stamps of what came to it from others (Kulkarni et al., *Logical Physical Clocks*, OPODIS
//! 2014). So in the order of stamps each cause is before its effects. Taken in by one world in that order the
//! inputs make the whole run: only the numbers by which a world knows its entries and messages have to
//! be told anew, and each process's own world, run along, tells which is which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::model::{InstanceId, MessageId, Model, ServiceId, Time, TopicId};

use super::crossing::Origin;
use super::input::{Happening, Input, Order, Source};
use super::remote::Errand;
use super::trace::Trace;
use super::world::World;

/// What one process has recorded.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it was told.
    pub trace: Trace,
    /// For each service, whether it was at work there.
    pub here: Vec<bool>,
}

/// Why recordings do not make one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// This part has something from a part that has nothing of it.
    Missing {
        /// Which, by its place.
        part: usize,
        /// When.
        at: Time,
    },
    /// This part did not go so with this model, seed and version of the program.
    Apart {
        /// Which, by its place.
        part: usize,
        /// When.
        at: Time,
    },
    /// There is more than a recording can have.
    TooMuch,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { part, at } => write!(
                f,
                "what came to part {} at {at} from another part is in no other recording: one is not \
                 whole",
                part + 1
            ),
            Self::Apart { part, at } => write!(
                f,
                "part {} went another way at {at} than its recording says: it was made by \
                 another version of the program, or of another scenario",
                part + 1
            ),
            Self::TooMuch => f.write_str("together they are more than a recording can have"),
        }
    }
}

impl std::error::Error for Misfit {}

/// The run that the parts make, as one recording: parts are named by their places.
///
/// # Errors
///
/// If they do not fit.
pub fn merge(model: &Arc<Model>, seed: u64, parts: &[Part]) -> Result<Trace, Misfit> {
    let mut merging = Merging::new(model, seed, parts);
    let mut next = vec![0_usize; parts.len()];
    loop {
        // At one instant what is done on a schedule comes first, as it did in each part.
        let first = (0..parts.len())
            .filter_map(|part| {
                let input = parts[part].trace.get(next[part])?;
                Some((input.at, !merging.is_scheduled(part, &input.what), part))
            })
            .min();
        let Some((_, _, part)) = first else { break };
        let input = parts[part].trace.get(next[part]).expect("it was just looked at");
        next[part] += 1;
        merging.take_in(part, &input)?;
    }
    let end = parts.iter().map(|it| it.trace.end()).max().unwrap_or_default();
    merging.tell(0, Input { at: end, what: Happening::Reached })?;
    Ok(merging.trace)
}

struct Merging<'p> {
    whole: World,
    parts: Vec<OfPart<'p>>,
    trace: Trace,
    /// Messages that have left a part: which entry of the whole their coming is.
    crossing: BTreeMap<(u16, u64), u64>,
    /// What is done on a schedule, by the whole's number of it: what came of that.
    scheduled: BTreeMap<u64, Vec<Order>>,
    /// Entries whose publishers have not heard of them.
    unanswered: BTreeSet<(TopicId, u64)>,
    /// By topic and partition: before which entry all is deleted, as each part was told.
    starts: BTreeMap<(TopicId, u32), BTreeMap<usize, u64>>,
    /// What the whole was told of that.
    trimmed: BTreeSet<(TopicId, u32, u64)>,
}

struct OfPart<'p> {
    here: &'p [bool],
    world: World,
    /// By its own numbers, those of the whole.
    entries: BTreeMap<u64, u64>,
    /// By its own numbers, what is done on a schedule.
    scheduled: BTreeSet<u64>,
    /// What it has published, in order: the whole's name of the message.
    publishes: Vec<(TopicId, MessageId)>,
    /// What it has published and not heard of, by its own name: which publish it is.
    open: BTreeMap<(TopicId, MessageId), usize>,
}

impl OfPart<'_> {
    fn is_here(&self, of: Option<ServiceId>) -> bool {
        of.is_none_or(|it| self.here.get(it.index()).copied().unwrap_or(false))
    }
}

/// What an input has set going.
struct Outcome {
    orders: Vec<Order>,
    published: Vec<(TopicId, MessageId)>,
    /// To whom a message goes that has left.
    carried: Option<InstanceId>,
}

fn outcome(world: &mut World) -> Outcome {
    let (mut orders, mut published, mut carried) = (Vec::new(), Vec::new(), None);
    world.take_orders(|order| orders.push(order));
    let model = Arc::clone(world.model());
    world.take_errands(|errand| match errand {
        Errand::Publish { topic, message } | Errand::Append { topic, message, .. } => {
            published.push((topic, message));
        }
        Errand::Carry(traveller) => carried = traveller.instance(&model),
        _ => {}
    });
    Outcome { orders, published, carried }
}

impl<'p> Merging<'p> {
    fn new(model: &Arc<Model>, seed: u64, parts: &'p [Part]) -> Self {
        let mut whole = World::live(Arc::clone(model), seed, Source::Remote);
        whole.step(&mut ());
        let begun = outcome(&mut whole);
        let of_part = |part: &'p Part| {
            let mut world = World::live(Arc::clone(model), seed, Source::Part);
            world.step(&mut ());
            let mut of_part = OfPart {
                here: &part.here,
                world,
                entries: BTreeMap::new(),
                scheduled: BTreeSet::new(),
                publishes: Vec::new(),
                open: BTreeMap::new(),
            };
            // All begin alike.
            let outcome = outcome(&mut of_part.world);
            for (own, whole) in outcome.orders.iter().zip(&begun.orders) {
                of_part.entries.insert(own.number, whole.number);
                if own.of.is_none() {
                    of_part.scheduled.insert(own.number);
                }
            }
            of_part
        };
        Self {
            parts: parts.iter().map(of_part).collect(),
            whole,
            trace: Trace::new(Source::Remote),
            crossing: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            unanswered: BTreeSet::new(),
            starts: BTreeMap::new(),
            trimmed: BTreeSet::new(),
        }
    }

    fn is_scheduled(&self, part: usize, what: &Happening) -> bool {
        matches!(what, Happening::Released(number) if self.parts[part].scheduled.contains(number))
    }

    /// Takes in what a part was told.
    fn take_in(&mut self, part: usize, input: &Input) -> Result<(), Misfit> {
        let at = input.at;
        let apart = Misfit::Apart { part, at };
        if input.what == Happening::Reached {
            return Ok(());
        }
        if !self.parts[part].world.take_in(input, &mut ()) {
            return Err(apart);
        }
        let own = outcome(&mut self.parts[part].world);
        let entry = |merging: &Self, number: &u64| {
            merging.parts[part].entries.get(number).copied().ok_or(apart)
        };
        let what = match &input.what {
            Happening::Released(number) => {
                let whole = entry(self, number)?;
                self.parts[part].entries.remove(number);
                if self.parts[part].scheduled.remove(number) {
                    return self.keep_schedule(part, whole, at, &own);
                }
                Some(Happening::Released(whole))
            }
            Happening::Gone(number) => {
                let whole = entry(self, number)?;
                self.parts[part].entries.remove(number);
                let to = own.carried.unwrap_or(InstanceId(u32::MAX));
                let what = Happening::Crossed { number: whole, to };
                let came = self.tell(part, Input { at, what })?;
                return self.let_cross(part, *number, at, &own, came);
            }
            Happening::Brought(traveller) => {
                let land = self.crossing.remove(&(traveller.part, traveller.number));
                let missing = Misfit::Missing { part, at };
                Some(Happening::Released(land.ok_or(missing)?))
            }
            Happening::Stored { topic, message, entry }
            | Happening::Handed { topic, message, entry } => {
                let publish = self.parts[part].open.remove(&(*topic, *message)).ok_or(apart)?;
                if self.unanswered.remove(&(*topic, *entry)) {
                    Some(Happening::Confirmed { topic: *topic, entry: *entry })
                } else {
                    let (topic, message) = self.parts[part].publishes[publish];
                    Some(Happening::Stored { topic, message, entry: *entry })
                }
            }
            Happening::Appended { topic, partition, message, entry } => {
                let publish = self.parts[part].open.remove(&(*topic, *message)).ok_or(apart)?;
                if self.unanswered.remove(&(*topic, *entry)) {
                    Some(Happening::Confirmed { topic: *topic, entry: *entry })
                } else {
                    let (topic, message) = self.parts[part].publishes[publish];
                    let (partition, entry) = (*partition, *entry);
                    Some(Happening::Appended { topic, partition, message, entry })
                }
            }
            Happening::Found { topic, partition, entry, origin, .. } => {
                let (topic, partition, entry) = (*topic, *partition, *entry);
                if self.whole.has_had_entry(topic, partition, entry) {
                    None
                } else if let Some(origin) = origin {
                    let message = self.published(origin).ok_or(Misfit::Missing { part, at })?.1;
                    self.unanswered.insert((topic, entry));
                    Some(Happening::Entered { topic, partition, message, entry })
                } else {
                    Some(input.what.clone())
                }
            }
            Happening::Trimmed { topic, partition, entry } => {
                // Whoever is told of it last may still be sent what is deleted.
                let starts = self.starts.entry((*topic, *partition)).or_default();
                starts.insert(part, *entry);
                let start = starts.values().min().copied().unwrap_or_default();
                let (topic, partition, entry) = (*topic, *partition, start);
                let is_news = starts.len() == self.parts.len()
                    && self.trimmed.insert((topic, partition, entry));
                is_news.then_some(Happening::Trimmed { topic, partition, entry })
            }
            Happening::Declined { topic, message, duplicate } => {
                let publish = self.parts[part].open.remove(&(*topic, *message)).ok_or(apart)?;
                let (topic, message) = self.parts[part].publishes[publish];
                Some(Happening::Declined { topic, message, duplicate: *duplicate })
            }
            Happening::Appeared { topic, entry, origin, event } => {
                let (topic, entry) = (*topic, *entry);
                if self.whole.has_entry(topic, entry) {
                    None
                } else {
                    let published = self.published(origin);
                    let (topic, message) = published.ok_or(Misfit::Missing { part, at })?;
                    let own_event = self.whole.event_of(message);
                    if self.whole.is_publishing(topic, message) && own_event.id == event.id {
                        self.unanswered.insert((topic, entry));
                        Some(Happening::Entered { topic, partition: 0, message, entry })
                    } else {
                        // It was stored and acked, and the broker has forgotten that.
                        Some(Happening::Known { topic, entry, event: Arc::clone(event) })
                    }
                }
            }
            what => Some(what.clone()),
        };
        let Some(what) = what else { return Ok(()) };
        let came = self.tell(part, Input { at, what })?;
        self.pair(part, at, &own, &came)
    }

    /// What was published there, by the whole's name of it.
    fn published(&self, origin: &Origin) -> Option<(TopicId, MessageId)> {
        let place = usize::try_from(origin.serial).ok()?;
        self.parts.get(usize::from(origin.part))?.publishes.get(place).copied()
    }

    /// Tells the whole, and writes down that it was told.
    fn tell(&mut self, part: usize, input: Input) -> Result<Outcome, Misfit> {
        if !self.whole.take_in(&input, &mut ()) {
            return Err(Misfit::Apart { part, at: input.at });
        }
        let came = outcome(&mut self.whole);
        if self.trace.push(input) { Ok(came) } else { Err(Misfit::TooMuch) }
    }

    /// What is done on a schedule is done in each part at the same instant, and once in the whole.
    fn keep_schedule(
        &mut self,
        part: usize,
        whole: u64,
        at: Time,
        own: &Outcome,
    ) -> Result<(), Misfit> {
        if !self.scheduled.contains_key(&whole) {
            let came = self.tell(part, Input { at, what: Happening::Released(whole) })?;
            self.scheduled.insert(whole, came.orders);
        }
        let orders = self.scheduled[&whole].clone();
        self.pair(part, at, own, &Outcome { orders, published: Vec::new(), carried: None })
    }

    /// A message has left a part: in the whole it is on its way, unless something keeps it.
    fn let_cross(
        &mut self,
        part: usize,
        number: u64,
        at: Time,
        own: &Outcome,
        mut came: Outcome,
    ) -> Result<(), Misfit> {
        let is_of_part = |it: &Order| self.parts[part].is_here(it.of);
        let others = came.orders.iter().position(|it| !is_of_part(it));
        if let Some(place) = others {
            let land = came.orders.remove(place);
            let name = u16::try_from(part).unwrap_or(u16::MAX);
            self.crossing.insert((name, number), land.number);
        }
        self.pair(part, at, own, &came)
    }

    /// What a part has set going is the same as what the whole has, as far as it is here.
    fn pair(
        &mut self,
        part: usize,
        at: Time,
        own: &Outcome,
        whole: &Outcome,
    ) -> Result<(), Misfit> {
        let apart = Err(Misfit::Apart { part, at });
        let of_part = &mut self.parts[part];
        let is_here = |it: &&Order| of_part.is_here(it.of);
        let pairs: Vec<(Order, Option<Order>)> = {
            let mut whole = whole.orders.iter().filter(is_here);
            let own = own.orders.iter().filter(is_here);
            let pairs = own.map(|own| (*own, whole.next().copied())).collect();
            if whole.next().is_some() {
                return apart;
            }
            pairs
        };
        for (own, whole) in pairs {
            let Some(whole) = whole else { return apart };
            if own.due != whole.due || own.of != whole.of {
                return apart;
            }
            of_part.entries.insert(own.number, whole.number);
            if own.of.is_none() {
                of_part.scheduled.insert(own.number);
            }
        }
        if own.published.len() != whole.published.len() {
            return apart;
        }
        for (own, whole) in own.published.iter().zip(&whole.published) {
            of_part.open.insert(*own, of_part.publishes.len());
            of_part.publishes.push(*whole);
        }
        Ok(())
    }
}
