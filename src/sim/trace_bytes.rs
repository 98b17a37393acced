//! A trace as bytes, some five an input, and back.

use std::sync::Arc;

use crate::model::event::MAX_FIELDS;
use crate::model::{Event, EventId, EventTypeId, InstanceId, LinkId, MessageId, Time, TopicId};

use super::crossing::{Origin, Traveller};
use super::input::{Happening, Input, Source, Trace};
use super::packed::{Reader, Writer};

const SHORT: &str = "the trace breaks off";

/// The first tag that stands for an entry of the agenda; those below say what has happened.
const ENTRIES: u64 = 32;

/// The same, as it first was: in traces whose first number is below [`NOW`].
const ENTRIES_AT_FIRST: u64 = 7;

/// What is added to the first number, which says who the brokers are.
const NOW: u64 = 2;

/// What numbers differ from those before them by, on either side.
#[derive(Default)]
struct Before {
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
            Source::Remote => NOW + 1,
            Source::Part => NOW + 2,
        });
        out.number(self.len() as u64);
        out.number(self.lost());
        let (mut at, mut before) = (0, Before::default());
        for input in self.iter() {
            out.number(input.at.0 - at);
            at = input.at.0;
            write(&mut out, &input.what, &mut before);
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
            1 | 3 => Source::Remote,
            4 => Source::Part,
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

/// Ten years, in ns: longer than any run lasts.
const LATEST: u64 = 10 * 366 * 24 * 3_600 * 1_000_000_000;

/// Tags: 0 nothing but time, 1 to 6 what a broker said, 16 and on what has to do with other
/// processes of the run, [`ENTRIES`] and on an entry of the agenda.
fn write(out: &mut Writer, what: &Happening, before: &mut Before) {
    let mut of_entry = |out: &mut Writer, tag: u64, topic: TopicId, entry: u64| {
        out.number(tag);
        out.number(topic.0.into());
        out.number(apart(entry, before.entry));
        before.entry = entry;
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
        Happening::Gone(number) | Happening::Crossed(number) => {
            out.number(if matches!(what, Happening::Gone(_)) { 16 } else { 17 });
            out.number(apart(number, before.number));
            before.number = number;
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
            for part in [u64::from(origin.part), origin.serial, origin.link.0.into()] {
                out.number(part);
            }
            write_event(out, event);
        }
        Happening::Entered { topic, message, entry } => {
            of_entry(out, 21, topic, entry);
            out.number(message.0.into());
        }
        Happening::Confirmed { topic, entry } => of_entry(out, 22, topic, entry),
    }
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

fn read(from: &mut Reader, before: &mut Before, entries: u64) -> Result<Happening, &'static str> {
    const WIDE: &str = "a number of the trace is too large";
    let mut number = || from.try_number().ok_or(SHORT);
    let tag = number()?;
    if tag == 0 {
        return Ok(Happening::Reached);
    }
    if tag >= entries {
        before.number = joined(tag - entries, before.number);
        return Ok(Happening::Released(before.number));
    }
    if tag == 16 || tag == 17 {
        before.number = joined(number()?, before.number);
        let is_gone = tag == 16;
        return Ok(if is_gone {
            Happening::Gone(before.number)
        } else {
            Happening::Crossed(before.number)
        });
    }
    if tag == 18 {
        let mut words = [0; Traveller::WORDS];
        for word in &mut words {
            *word = number()?;
        }
        let traveller = Traveller::from_words(&words).ok_or(WIDE)?;
        return Ok(Happening::Brought(Box::new(traveller)));
    }
    let topic = TopicId(u16::try_from(number()?).map_err(|_| WIDE)?);
    before.entry = joined(number()?, before.entry);
    let entry = before.entry;
    Ok(match tag {
        1 | 2 | 19 | 21 => {
            let message = MessageId(u32::try_from(number()?).map_err(|_| WIDE)?);
            match tag {
                1 => Happening::Stored { topic, message, entry },
                2 => Happening::Declined { topic, message, duplicate: entry != 0 },
                19 => Happening::Handed { topic, message, entry },
                _ => Happening::Entered { topic, message, entry },
            }
        }
        3 | 20 => {
            let origin = if tag == 20 {
                let (part, serial, link) = (number()?, number()?, number()?);
                let part = u16::try_from(part).map_err(|_| WIDE)?;
                let link = LinkId(u32::try_from(link).map_err(|_| WIDE)?);
                Some(Origin { part, serial, link })
            } else {
                None
            };
            let (id, event_type, time, cause, lineage) =
                (number()?, number()?, number()?, number()?, number()?);
            let mut fields = [0; MAX_FIELDS];
            for field in &mut fields {
                *field = number()?;
            }
            let event_type = EventTypeId(u16::try_from(event_type).map_err(|_| WIDE)?);
            let cause = cause.checked_sub(1).map(EventId);
            let event =
                Event { id: EventId(id), event_type, time: Time(time), cause, lineage, fields };
            let event = Arc::new(event);
            match origin {
                Some(origin) => Happening::Appeared { topic, entry, origin, event },
                None => Happening::Known { topic, entry, event },
            }
        }
        4 => Happening::Delivered {
            topic,
            to: InstanceId(u32::try_from(number()?).map_err(|_| WIDE)?),
            delivery: u16::try_from(number()?).map_err(|_| WIDE)?,
            lease: u32::try_from(number()?).map_err(|_| WIDE)?,
            entry,
        },
        5 => Happening::Settled { topic, entry },
        6 => Happening::Died { topic, entry },
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
        let inputs: Vec<_> = trace.iter().cloned().collect();
        let released = Input { at: Time(5), what: Happening::Released(1) };
        assert_eq!(inputs, [released, Input { at: Time(6), what: Happening::Reached }]);
    }

    proptest! {
        #[test]
        fn a_trace_is_read_as_it_was_written(
            inputs in prop::collection::vec((0_u64..1 << 40, 0..15, any::<[u32; 3]>()), 0..80),
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
                    7 => Happening::Gone(entry),
                    8 => Happening::Crossed(entry),
                    9 => {
                        let words: [u64; Traveller::WORDS] =
                            std::array::from_fn(|it| if it == 0 { 3 } else { u64::from(b) << it });
                        Happening::Brought(Box::new(Traveller::from_words(&words).unwrap()))
                    }
                    10 => Happening::Handed { topic, message, entry },
                    11 => {
                        let origin = Origin { part: a as u16, serial: b.into(), link: LinkId(c) };
                        let event = Arc::new(event(a, b, c));
                        Happening::Appeared { topic, entry, origin, event }
                    }
                    12 => Happening::Entered { topic, message, entry },
                    13 => Happening::Confirmed { topic, entry },
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
