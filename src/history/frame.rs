//! Frames: scenes packed for keeping. A scene takes a quarter of its room as a frame, and is there
//! again in some ten nanoseconds a message.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{
    DropReason, EventId, EventTypeId, InstanceId, LinkId, Model, Phase, Role, ServiceId, Time,
    TopicId,
};
use crate::sim::{Attic, Form, Reader, Room, Stored, Table, Writer};

use super::moment::Moment;
use super::scene::{GONE_MESSAGES, Gone, Place, Scene, SceneMessage};

/// A scene that is kept.
pub struct Frame {
    /// The instant of the world that it is seen of.
    now: Time,
    model: Arc<Model>,
    /// The scene without its messages.
    rest: Scene,
    messages: Stored<Messages>,
}

/// The messages of a scene, and those that are gone.
struct Messages {
    slots: usize,
    /// A bit for each slot: whether a message is there.
    taken: Box<[u64]>,
    there: Table<COLUMNS>,
    gone: Table<GONE_COLUMNS>,
}

/// A scene, and what it is a scene of.
#[derive(Clone)]
pub struct Shot {
    /// The scene.
    pub scene: Arc<Scene>,
    /// The model.
    pub model: Arc<Model>,
}

impl Frame {
    /// Packs the scene of a moment, which is the same afterwards.
    #[must_use]
    pub fn of(moment: &mut Moment) -> Self {
        let Moment { world, scene, .. } = moment;
        let messages = std::mem::take(&mut scene.messages);
        let gone = std::mem::take(&mut scene.gone);
        let rest = scene.clone();
        let taken = messages.chunks(64).map(|chunk| {
            let bits = chunk.iter().enumerate().map(|(bit, it)| u64::from(it.is_some()) << bit);
            bits.sum()
        });
        let packed = Messages {
            slots: messages.len(),
            taken: taken.collect(),
            there: Table::of(messages.iter().flatten().map(row_of)),
            gone: Table::of(gone.iter().map(gone_row)),
        };
        let frame = Self {
            now: world.now(),
            model: Arc::clone(world.model()),
            rest,
            messages: Stored::new(packed),
        };
        (scene.messages, scene.gone) = (messages, gone);
        frame
    }

    /// The scene; `None` if its messages were put by and cannot be read back.
    #[must_use]
    pub fn scene(&self) -> Option<Scene> {
        let Messages { slots, taken, there, gone } = &*self.messages.get()?;
        let mut scene = self.rest.clone();
        let mut rows = there.rows();
        scene.messages = Vec::with_capacity(*slots);
        scene.messages.extend((0..*slots).map(|slot| {
            let is_taken = taken.get(slot / 64).is_some_and(|it| it >> (slot % 64) & 1 != 0);
            if is_taken { rows.next().map(|row| message_of(&row)) } else { None }
        }));
        scene.gone = VecDeque::with_capacity(GONE_MESSAGES);
        scene.gone.extend(gone.rows().map(|row| gone_of(&row)));
        Some(scene)
    }

    /// The scene with what is known of it; `None` if it cannot be read back.
    #[must_use]
    pub fn shot(&self) -> Option<Shot> {
        Some(Shot { scene: Arc::new(self.scene()?), model: Arc::clone(&self.model) })
    }

    /// Puts its messages by; false if there is no room for them.
    pub fn put_by(&self, attic: &Arc<dyn Attic>) -> bool {
        self.messages.put_by(attic)
    }

    /// The instant it is of.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// How many records there were until then.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.rest.records
    }

    /// About how much room it takes.
    #[must_use]
    pub fn room(&self) -> Room {
        Room::of_memory(size_of::<Self>() + self.rest.size_bytes()) + self.messages.room()
    }
}

impl Form for Messages {
    fn write(&self, out: &mut Writer) {
        out.number(self.slots as u64);
        out.number(self.taken.len() as u64);
        self.taken.iter().for_each(|it| out.number(*it));
        self.there.write(out);
        self.gone.write(out);
    }

    fn read(from: &mut Reader) -> Option<Self> {
        let slots = usize::try_from(from.try_number()?).ok()?;
        let taken = (0..from.try_number()?).map(|_| from.try_number());
        let taken: Box<[u64]> = taken.collect::<Option<_>>()?;
        let is_whole = slots.div_ceil(64) == taken.len();
        let (there, gone) = (Table::read(from)?, Table::read(from)?);
        is_whole.then_some(Self { slots, taken, there, gone })
    }

    fn size_bytes(&self) -> usize {
        size_of_val(&*self.taken) + self.there.size_bytes() + self.gone.size_bytes()
    }
}

/// The columns of a message.
const COLUMNS: usize = 12;

type Row = [u64; COLUMNS];

fn row_of(it: &SceneMessage) -> Row {
    let SceneMessage { event, event_type, role, link, sent, due, attempt, place } = *it;
    let [tag, a, b] = match place {
        Place::Link => [0, 0, 0],
        Place::Blocked(it) => [1, it.0.into(), 0],
        Place::Queued(it) => [2, it.0.into(), 0],
        Place::Hands(it, phase) => [3, it.0.into(), phase as u64],
        Place::Waiting(it) => [4, it.0.into(), 0],
        Place::Leased(it) => [5, it.0.into(), 0],
    };
    // One that is held would make the column as wide as time is long.
    let is_held = due == Time::MAX;
    [
        event.producer().0.into(),
        event.count(),
        event_type.0.into(),
        role as u64,
        link.map_or(0, |it| 1 + u64::from(it.0)),
        sent.0,
        is_held.into(),
        if is_held { 0 } else { due.0 },
        attempt.into(),
        tag,
        a,
        b,
    ]
}

#[expect(clippy::cast_possible_truncation, reason = "columns are as wide as when they were made")]
fn message_of(row: &Row) -> SceneMessage {
    let instance = InstanceId(row[10] as u32);
    let topic = TopicId(row[10] as u16);
    SceneMessage {
        event: EventId::new(ServiceId(row[0] as u16), row[1]),
        event_type: EventTypeId(row[2] as u16),
        role: Role::ALL[row[3] as usize],
        link: row[4].checked_sub(1).map(|it| LinkId(it as u32)),
        sent: Time(row[5]),
        due: if row[6] != 0 { Time::MAX } else { Time(row[7]) },
        attempt: row[8] as u16,
        place: match row[9] {
            0 => Place::Link,
            1 => Place::Blocked(instance),
            2 => Place::Queued(instance),
            3 => Place::Hands(instance, Phase::ALL[row[11] as usize]),
            4 => Place::Waiting(topic),
            _ => Place::Leased(topic),
        },
    }
}

/// The columns of a message that is gone: when it left, why it was lost, and the message.
const GONE_COLUMNS: usize = 2 + COLUMNS;

fn gone_row(it: &Gone) -> [u64; GONE_COLUMNS] {
    let mut row = [0; GONE_COLUMNS];
    row[0] = it.at.0;
    row[1] = it.lost.map_or(0, |it| 1 + it as u64);
    row[2..].copy_from_slice(&row_of(&it.message));
    row
}

fn gone_of(row: &[u64; GONE_COLUMNS]) -> Gone {
    let mut message = [0; COLUMNS];
    message.copy_from_slice(&row[2..]);
    #[expect(clippy::cast_possible_truncation, reason = "a place in a list of twelve")]
    let lost = row[1].checked_sub(1).map(|it| DropReason::ALL[it as usize]);
    Gone { message: message_of(&message), at: Time(row[0]), lost }
}
