//! What the logs of a world keep, to be packed with it: a long log is much more than all else, and
//! has little in common with what it is a minute later.

use crate::engine::broker::log::{Sealed, seal};
use crate::model::event::MAX_FIELDS;
use crate::model::{Event, EventId, EventTypeId, ServiceId, Time};

use super::attic::Form;
use super::packed::{Reader, Writer};
use super::table::Table;
use super::world::{Broker, World};

/// The full chunks of each partition of each log, in order.
#[derive(Clone)]
pub struct Logs(Vec<Sealed>);

/// The columns of an event in a log.
const COLUMNS: usize = 9 + MAX_FIELDS;

type Row = [u64; COLUMNS];

impl Logs {
    /// Takes them out of a world, to be [put](Self::put) back.
    pub fn take(world: &mut World) -> Self {
        let mut all = Vec::new();
        for topic in &mut world.topics {
            if let Broker::Log(log) = &mut topic.broker {
                all.extend(log.take_sealed());
            }
        }
        Self(all)
    }

    /// Puts them where they were.
    pub fn put(self, world: &mut World) {
        let mut all = self.0.into_iter();
        for topic in &mut world.topics {
            if let Broker::Log(log) = &mut topic.broker {
                log.put_sealed(&mut all);
            }
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Sealed::is_empty)
    }
}

fn row_of((at, event): &(Time, Event)) -> Row {
    let Event { id, event_type, time, cause, lineage, fields } = event;
    let mut row = [0; COLUMNS];
    row[..9].copy_from_slice(&[
        at.0,
        id.producer().0.into(),
        id.count(),
        event_type.0.into(),
        // Most events are appended soon after they were made.
        at.0.wrapping_sub(time.0),
        cause.is_some().into(),
        cause.map_or(0, |it| it.producer().0.into()),
        cause.map_or(0, EventId::count),
        *lineage,
    ]);
    row[9..].copy_from_slice(fields);
    row
}

#[expect(clippy::cast_possible_truncation, reason = "columns are as wide as when they were made")]
fn event_of(row: &Row) -> (Time, Event) {
    let id = |producer: u64, count| EventId::new(ServiceId(producer as u16), count);
    let mut fields = [0; MAX_FIELDS];
    fields.copy_from_slice(&row[9..]);
    let event = Event {
        id: id(row[1], row[2]),
        event_type: EventTypeId(row[3] as u16),
        time: Time(row[0].wrapping_sub(row[4])),
        cause: (row[5] != 0).then(|| id(row[6], row[7])),
        lineage: row[8],
        fields,
    };
    (Time(row[0]), event)
}

impl Form for Logs {
    fn write(&self, out: &mut Writer) {
        out.number(self.0.len() as u64);
        for sealed in &self.0 {
            Table::of(sealed.iter().flat_map(|it| it.iter()).map(row_of)).write(out);
        }
    }

    fn read(from: &mut Reader) -> Option<Self> {
        let count = from.try_number()?;
        let sealed = (0..count).map(|_| {
            let table: Table<COLUMNS> = Table::read(from)?;
            Some(seal(table.rows().map(|row| event_of(&row))))
        });
        sealed.collect::<Option<_>>().map(Self)
    }

    fn size_bytes(&self) -> usize {
        let events: usize = self.0.iter().flat_map(|it| it.iter()).map(|it| it.len()).sum();
        events * size_of::<(Time, Event)>()
    }
}
