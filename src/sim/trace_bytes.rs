//! A trace as bytes, some five an input, and back.

use std::sync::Arc;

use crate::model::event::MAX_FIELDS;
use crate::model::{
    Event, EventId, EventTypeId, GroupId, InstanceId, LinkId, MessageId, Time, TopicId,
};

use super::crossing::{Origin, Traveller};
use super::input::{Happening, Input, Source};
use super::packed::{Reader, Writer};
use super::trace::Trace;

const SHORT: &str = "the trace breaks off";
const WIDE: &str = "a number of the trace is too large";

/// The first tag that stands for an entry of the agenda; those below say what has happened.
const ENTRIES: u64 = 32;

/// The same, as it first was: in traces whose first number is below [`NOW`].
const ENTRIES_AT_FIRST: u64 = 7;

/// What is added to the first number, which says who the brokers are.
const NOW: u64 = 2;

/// What numbers differ from those before them by, on either side.
#[derive(Default)]
pub(super) struct Before {
    number: u64,
    entry: u64,
}

const fn apart(value: u64, before: u64) -> u64 {
    let by = value.wrapping_sub(before).cast_signed();
    (by << 1 ^ by >> 63).cast_unsigned()
}

const fn joined(coded: u64, before: u64) -> u64 {
    before.wrapping_add(coded >> 1 ^ (coded & 1).wrapping_neg())
}

impl Trace {
    /// The trace as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Box<[u8]> {
        let mut out = Writer::default();
        out.number(match self.source() {
            Source::Embedded => NOW,
            Source::RemoteQueues => NOW + 1,
            Source::Remote => NOW + 2,
            Source::Part => NOW + 3,
        });
        out.number(self.len() as u64);
        out.number(self.lost());
        let (mut at, mut before) = (Time::ZERO, Before::default());
        for input in self.iter() {
            write_input(&mut out, &input, &mut at, &mut before);
        }
        out.into_bytes()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// In words, if the bytes are none of a trace.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut from = Reader::new(bytes);
        let mut number = || from.try_number().ok_or(SHORT);
        let first = number()?;
        let entries = if first < NOW { ENTRIES_AT_FIRST } else { ENTRIES };
        let source = match first {
            0 | 2 => Source::Embedded,
            1 | 3 => Source::RemoteQueues,
            4 => Source::Remote,
            5 => Source::Part,
            _ => return Err("the trace is of brokers that this version does not know"),
        };
        let (count, lost) = (number()?, number()?);
        let mut trace = Self::new(source);
        let (mut at, mut before) = (0_u64, Before::default());
        for _ in 0..count {
            let later = from.try_number().ok_or(SHORT)?;
            at = at.checked_add(later).ok_or("an instant of the trace is past all time")?;
            if at > LATEST {
                return Err("an instant of the trace is later than any run lasts");
            }
            let what = read(&mut from, &mut before, entries)?;
            if !trace.push(Input { at: Time(at), what }) {
                return Err("the trace has more inputs than are ever kept");
            }
        }
        trace.set_lost(lost);
        if from.is_at_end() { Ok(trace) } else { Err("there is more than a trace") }
    }
}

/// Writes an input; `at` is the instant of the one before, and becomes this one's.
pub(super) fn write_input(out: &mut Writer, input: &Input, at: &mut Time, before: &mut Before) {
    out.number(input.at.since(*at).0);
    *at = input.at;
    write(out, &input.what, before);
}

/// Reads what [`write_input`] wrote.
pub(super) fn read_input(
    from: &mut Reader,
    at: &mut Time,
    before: &mut Before,
) -> Result<Input, &'static str> {
    let later: u64 = number(from)?;
    at.0 = at.0.checked_add(later).ok_or("an instant of the trace is past all time")?;
    Ok(Input { at: *at, what: read(from, before, ENTRIES)? })
}

/// Ten years, in ns: longer than any run lasts.
const LATEST: u64 = 10 * 366 * 24 * 3_600 * 1_000_000_000;

/// Tags: 0 nothing but time, 1 to 6 and 14 what a broker said of a queue, 7 to 13 of a log, 16 to 22
/// what has to do with other processes of the run, [`ENTRIES`] and on an entry of the agenda.
fn write(out: &mut Writer, what: &Happening, before: &mut Before) {
    let mut of_entry = |out: &mut Writer, tag: u64, topic: TopicId, entry: u64| {
        out.number(tag);
        out.number(topic.0.into());
        out.number(apart(entry, before.entry));
        before.entry = entry;
    };
    let of_reading = |out: &mut Writer, partition: u32, epoch: u32| {
        out.number(partition.into());
        out.number(epoch.into());
    };
    match *what {
        Happening::Reached => out.number(0),
        Happening::Released(number) => {
            // Near the one before, so that this is short.
            let coded = apart(number, before.number);
            out.number(ENTRIES.saturating_add(coded));
            before.number = number;
        }
        Happening::Stored { topic, message, entry } => {
            of_entry(out, 1, topic, entry);
            out.number(message.0.into());
        }
        Happening::Declined { topic, message, duplicate } => {
            of_entry(out, 2, topic, u64::from(duplicate));
            out.number(message.0.into());
        }
        Happening::Known { topic, entry, ref event } => {
            of_entry(out, 3, topic, entry);
            write_event(out, event);
        }
        Happening::Delivered { topic, to, delivery, lease, entry } => {
            of_entry(out, 4, topic, entry);
            for part in [u64::from(to.0), delivery.into(), lease.into()] {
                out.number(part);
            }
        }
        Happening::Settled { topic, entry } => of_entry(out, 5, topic, entry),
        Happening::Died { topic, entry } => of_entry(out, 6, topic, entry),
        Happening::Gone(number) => {
            out.number(16);
            out.number(apart(number, before.number));
            before.number = number;
        }
        Happening::Crossed { number, to } => {
            out.number(17);
            out.number(apart(number, before.number));
            before.number = number;
            out.number(to.0.into());
        }
        Happening::Brought(ref traveller) => {
            out.number(18);
            traveller.to_words().into_iter().for_each(|word| out.number(word));
        }
        Happening::Handed { topic, message, entry } => {
            of_entry(out, 19, topic, entry);
            out.number(message.0.into());
        }
        Happening::Appeared { topic, entry, origin, ref event } => {
            of_entry(out, 20, topic, entry);
            write_origin(out, origin);
            write_event(out, event);
        }
        Happening::Entered { topic, partition, message, entry } => {
            of_entry(out, 21, topic, entry);
            out.number(partition.into());
            out.number(message.0.into());
        }
        Happening::Confirmed { topic, entry } => of_entry(out, 22, topic, entry),
        Happening::Appended { topic, partition, message, entry } => {
            of_entry(out, 7, topic, entry);
            out.number(partition.into());
            out.number(message.0.into());
        }
        Happening::Found { topic, partition, entry, origin, ref event } => {
            of_entry(out, 8, topic, entry);
            out.number(partition.into());
            out.number(origin.is_some().into());
            if let Some(origin) = origin {
                write_origin(out, origin);
            }
            write_event(out, event);
        }
        Happening::Fetched { group, partition, epoch, entry } => {
            of_entry(out, 9, TopicId(group.0), entry);
            of_reading(out, partition, epoch);
        }
        Happening::Recalled { group, partition, entry, ref event } => {
            of_entry(out, 10, TopicId(group.0), entry);
            out.number(partition.into());
            write_event(out, event);
        }
        Happening::Committed { group, partition, epoch, entry } => {
            of_entry(out, 11, TopicId(group.0), entry);
            of_reading(out, partition, epoch);
        }
        Happening::Resumed { group, partition, epoch, entry } => {
            of_entry(out, 12, TopicId(group.0), entry);
            of_reading(out, partition, epoch);
        }
        Happening::Purged { topic, entry } => of_entry(out, 14, topic, entry),
        Happening::Trimmed { topic, partition, entry } => {
            of_entry(out, 13, topic, entry);
            out.number(partition.into());
        }
    }
}

fn write_origin(out: &mut Writer, origin: Origin) {
    for part in [u64::from(origin.part), origin.serial, origin.link.0.into()] {
        out.number(part);
    }
}

fn read_origin(from: &mut Reader) -> Result<Origin, &'static str> {
    let (part, serial, link) = (number(from)?, number(from)?, LinkId(number(from)?));
    Ok(Origin { part, serial, link })
}

fn write_event(out: &mut Writer, event: &Event) {
    let Event { id, event_type, time, cause, lineage, fields } = event;
    for part in [id.0, event_type.0.into(), time.0, cause.map_or(0, |it| it.0 + 1), *lineage] {
        out.number(part);
    }
    for field in fields {
        out.number(*field);
    }
}

/// A number of the trace, which is to fit.
fn number<T: TryFrom<u64>>(from: &mut Reader) -> Result<T, &'static str> {
    let number = from.try_number().ok_or(SHORT)?;
    T::try_from(number).map_err(|_| WIDE)
}

fn read_event(from: &mut Reader) -> Result<Arc<Event>, &'static str> {
    let (id, event_type, time) = (number(from)?, number(from)?, number(from)?);
    let cause: u64 = number(from)?;
    let lineage = number(from)?;
    let mut fields = [0; MAX_FIELDS];
    for field in &mut fields {
        *field = number(from)?;
    }
    Ok(Arc::new(Event {
        id: EventId(id),
        event_type: EventTypeId(event_type),
        time: Time(time),
        cause: cause.checked_sub(1).map(EventId),
        lineage,
        fields,
    }))
}

fn read(from: &mut Reader, before: &mut Before, entries: u64) -> Result<Happening, &'static str> {
    let tag: u64 = number(from)?;
    if tag == 0 {
        return Ok(Happening::Reached);
    }
    if tag >= entries {
        before.number = joined(tag - entries, before.number);
        return Ok(Happening::Released(before.number));
    }
    if tag == 16 || tag == 17 {
        before.number = joined(number(from)?, before.number);
        if tag == 16 {
            return Ok(Happening::Gone(before.number));
        }
        let to = InstanceId(number(from)?);
        return Ok(Happening::Crossed { number: before.number, to });
    }
    if tag == 18 {
        let mut words = [0; Traveller::WORDS];
        for word in &mut words {
            *word = number(from)?;
        }
        let traveller = Traveller::from_words(&words).ok_or(WIDE)?;
        return Ok(Happening::Brought(Box::new(traveller)));
    }
    let place: u16 = number(from)?;
    let (topic, group) = (TopicId(place), GroupId(place));
    before.entry = joined(number(from)?, before.entry);
    let entry = before.entry;
    Ok(match tag {
        1 => Happening::Stored { topic, message: MessageId(number(from)?), entry },
        2 => {
            let (message, duplicate) = (MessageId(number(from)?), entry != 0);
            Happening::Declined { topic, message, duplicate }
        }
        3 => Happening::Known { topic, entry, event: read_event(from)? },
        4 => Happening::Delivered {
            topic,
            to: InstanceId(number(from)?),
            delivery: number(from)?,
            lease: number(from)?,
            entry,
        },
        5 => Happening::Settled { topic, entry },
        6 => Happening::Died { topic, entry },
        7 => {
            let (partition, message) = (number(from)?, MessageId(number(from)?));
            Happening::Appended { topic, partition, message, entry }
        }
        8 => {
            let partition = number(from)?;
            let origin = match number::<u64>(from)? {
                0 => None,
                _ => Some(read_origin(from)?),
            };
            Happening::Found { topic, partition, entry, origin, event: read_event(from)? }
        }
        10 => {
            let partition = number(from)?;
            Happening::Recalled { group, partition, entry, event: read_event(from)? }
        }
        9 | 11 | 12 => {
            let (partition, epoch) = (number(from)?, number(from)?);
            match tag {
                9 => Happening::Fetched { group, partition, epoch, entry },
                11 => Happening::Committed { group, partition, epoch, entry },
                _ => Happening::Resumed { group, partition, epoch, entry },
            }
        }
        13 => Happening::Trimmed { topic, partition: number(from)?, entry },
        14 => Happening::Purged { topic, entry },
        19 => Happening::Handed { topic, message: MessageId(number(from)?), entry },
        20 => {
            let origin = read_origin(from)?;
            Happening::Appeared { topic, entry, origin, event: read_event(from)? }
        }
        21 => {
            let (partition, message) = (number(from)?, MessageId(number(from)?));
            Happening::Entered { topic, partition, message, entry }
        }
        22 => Happening::Confirmed { topic, entry },
        _ => return Err("the trace has something that this version does not know"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::ServiceId;

    fn event(a: u32, b: u32, c: u32) -> Event {
        Event {
            id: EventId::new(ServiceId(a as u16), b.into()),
            event_type: EventTypeId(b as u16),
            time: Time(c.into()),
            cause: (a > c).then(|| EventId::new(ServiceId(c as u16), a.into())),
            lineage: u64::from(a) << 32,
            fields: [b.into(); MAX_FIELDS],
        }
    }

    #[test]
    fn a_trace_of_the_first_kind_is_read() {
        // Source, count, lost; an instant and a tag each.
        let trace = Trace::from_bytes(&[0, 2, 0, 5, 7 + 2, 1, 0]).unwrap();
        let inputs: Vec<_> = trace.iter().collect();
        let released = Input { at: Time(5), what: Happening::Released(1) };
        assert_eq!(inputs, [released, Input { at: Time(6), what: Happening::Reached }]);
    }

    proptest! {
        #[test]
        fn a_trace_is_read_as_it_was_written(
            inputs in prop::collection::vec((0_u64..1 << 40, 0..23, any::<[u32; 3]>()), 0..80),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut trace = Trace::new(Source::Remote);
            for (at, kind, [a, b, c]) in inputs {
                let (topic, entry, message) = (TopicId(a as u16), u64::from(b), MessageId(c));
                let what = match kind {
                    0 => Happening::Reached,
                    1 => Happening::Stored { topic, message, entry },
                    2 => Happening::Declined { topic, message, duplicate: a > b },
                    3 => Happening::Known { topic, entry, event: Arc::new(event(a, b, c)) },
                    4 => Happening::Delivered {
                        topic, to: InstanceId(c), delivery: b as u16, lease: a, entry
                    },
                    5 => Happening::Settled { topic, entry },
                    6 => Happening::Died { topic, entry },
                    7 => Happening::Appended { topic, partition: c, message, entry },
                    8 => Happening::Found {
                        topic, partition: c, entry,
                        origin: (a > b).then_some(Origin {
                            part: a as u16, serial: b.into(), link: LinkId(c)
                        }),
                        event: Arc::new(event(a, b, c))
                    },
                    9 => Happening::Fetched {
                        group: GroupId(a as u16), partition: c, epoch: b, entry
                    },
                    10 => Happening::Recalled {
                        group: GroupId(b as u16), partition: a, entry, event: Arc::new(event(a, b, c))
                    },
                    11 => Happening::Committed {
                        group: GroupId(b as u16), partition: a, epoch: c, entry
                    },
                    12 => Happening::Resumed {
                        group: GroupId(c as u16), partition: b, epoch: a, entry
                    },
                    13 => Happening::Trimmed { topic, partition: b, entry },
                    14 => Happening::Purged { topic, entry },
                    15 => Happening::Gone(entry),
                    16 => Happening::Crossed { number: entry, to: InstanceId(c) },
                    17 => {
                        let words: [u64; Traveller::WORDS] =
                            std::array::from_fn(|it| if it == 0 { 3 } else { u64::from(b) << it });
                        Happening::Brought(Box::new(Traveller::from_words(&words).unwrap()))
                    }
                    18 => Happening::Handed { topic, message, entry },
                    19 => {
                        let origin = Origin { part: a as u16, serial: b.into(), link: LinkId(c) };
                        let event = Arc::new(event(a, b, c));
                        Happening::Appeared { topic, entry, origin, event }
                    }
                    20 => Happening::Entered { topic, partition: a, message, entry },
                    21 => Happening::Confirmed { topic, entry },
                    _ => Happening::Released(u64::from(a) << 20),
                };
                let is_kept = trace.push(Input { at: Time(at), what });
                prop_assert!(is_kept);
            }
            let bytes = trace.to_bytes();
            prop_assert_eq!(Trace::from_bytes(&bytes), Ok(trace));
            prop_assert!(Trace::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
        }
    }
}
