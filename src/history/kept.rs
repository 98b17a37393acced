//! Moments packed for keeping: a checkpoint takes a fifth of the room of the moment it is made of.

use std::collections::VecDeque;

use crate::model::{
    DropReason, Event, EventId, EventTypeId, InstanceId, LinkId, Phase, Role, ServiceId, Time,
    TopicId,
};
use crate::sim::{Packed, Reader, Writer};

use super::moment::{Moment, Told, Totals};
use super::scene::{Gone, Place, Scene, SceneMessage};

/// A moment that is kept.
pub struct Kept {
    world: Packed,
    /// The scene without its messages.
    scene: Scene,
    messages: Box<[u8]>,
    previous: Option<Time>,
    totals: Totals,
    told: Told,
}

impl Kept {
    /// Packs a moment; it is the same afterwards.
    #[must_use]
    pub fn of(moment: &mut Moment) -> Self {
        let messages = write_scene(moment);
        let scene = &mut moment.scene;
        let (alive, gone) = (std::mem::take(&mut scene.messages), std::mem::take(&mut scene.gone));
        let rest = scene.clone();
        (scene.messages, scene.gone) = (alive, gone);
        Self {
            world: Packed::of(&mut moment.world),
            scene: rest,
            messages,
            previous: moment.previous,
            totals: moment.totals.clone(),
            told: moment.told(),
        }
    }

    /// The moment.
    #[must_use]
    pub fn moment(&self) -> Moment {
        let world = self.world.world();
        let mut scene = self.scene.clone();
        read_scene(&self.messages, &world.carried(), world.now(), &mut scene);
        Moment::again(world, scene, self.previous, self.totals.clone(), self.told)
    }

    /// The instant it is of.
    #[must_use]
    pub fn now(&self) -> Time {
        self.world.now()
    }

    /// How many records there were until then.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.scene.records
    }

    /// How much it had been told from outside until then.
    #[must_use]
    pub const fn told(&self) -> Told {
        self.told
    }

    /// About how much memory it takes, in bytes, beside what it shares with this earlier one.
    #[must_use]
    pub fn bytes_after(&self, earlier: Option<&Self>) -> usize {
        self.world.apart_bytes(earlier.map(|it| &it.world)) + self.size_bytes()
    }

    /// About how much memory it takes, in bytes; what it shares with others is not counted.
    fn size_bytes(&self) -> usize {
        self.world.size_bytes()
            + self.scene.size_bytes()
            + self.messages.len()
            + 4 * self.totals.passed.len()
            + size_of::<Self>()
    }
}

/// The columns of a message of a scene.
type Row = [u64; 12];

/// A message, as it differs from what the world says of it.
fn row_of(it: &SceneMessage, carried: Option<&Event>, now: Time) -> Row {
    let SceneMessage { event, event_type, role, link, sent, due, attempt, place } = *it;
    let guess =
        carried.map_or((EventId(0), EventTypeId(0), now), |it| (it.id, it.event_type, it.time));
    let [tag, a, b] = match place {
        Place::Link => [0, 0, 0],
        Place::Blocked(it) => [1, it.0.into(), 0],
        Place::Queued(it) => [2, it.0.into(), 0],
        Place::Hands(it, phase) => [3, it.0.into(), phase as u64],
        Place::Waiting(it) => [4, it.0.into(), 0],
        Place::Leased(it) => [5, it.0.into(), 0],
    };
    [
        1,
        u64::from(event.producer().0 ^ guess.0.producer().0),
        event.count().wrapping_sub(guess.0.count()),
        u64::from(event_type.0 ^ guess.1.0),
        role as u64,
        link.map_or(0, |it| 1 + u64::from(it.0)),
        sent.0.wrapping_sub(guess.2.0),
        due.0.wrapping_sub(now.0),
        attempt.into(),
        tag,
        a,
        b,
    ]
}

#[expect(clippy::cast_possible_truncation, reason = "columns are as wide as when they were made")]
fn message_of(row: &Row, carried: Option<&Event>, now: Time) -> Option<SceneMessage> {
    if row[0] == 0 {
        return None;
    }
    let guess =
        carried.map_or((EventId(0), EventTypeId(0), now), |it| (it.id, it.event_type, it.time));
    let producer = ServiceId(row[1] as u16 ^ guess.0.producer().0);
    let instance = InstanceId(row[10] as u32);
    let topic = TopicId(row[10] as u16);
    Some(SceneMessage {
        event: EventId::new(producer, row[2].wrapping_add(guess.0.count())),
        event_type: EventTypeId(row[3] as u16 ^ guess.1.0),
        role: Role::ALL[row[4] as usize],
        link: row[5].checked_sub(1).map(|it| LinkId(it as u32)),
        sent: Time(row[6].wrapping_add(guess.2.0)),
        due: Time(row[7].wrapping_add(now.0)),
        attempt: row[8] as u16,
        place: match row[9] {
            0 => Place::Link,
            1 => Place::Blocked(instance),
            2 => Place::Queued(instance),
            3 => Place::Hands(instance, Phase::ALL[row[11] as usize]),
            4 => Place::Waiting(topic),
            _ => Place::Leased(topic),
        },
    })
}

fn write_scene(moment: &Moment) -> Box<[u8]> {
    let Moment { world, scene, .. } = moment;
    let (now, carried) = (world.now(), world.carried());
    let mut out = Writer::default();
    out.number(scene.messages.len() as u64);
    let mut before = [0; 12];
    for (slot, message) in scene.messages.iter().enumerate() {
        let carried = carried.get(slot).copied().flatten();
        let row = message.as_ref().map_or([0; 12], |it| row_of(it, carried, now));
        // Where nobody is, the columns stay what they were.
        let row = if row[0] == 0 { nobody(before) } else { row };
        out.row(&row, &mut before);
    }
    out.number(scene.gone.len() as u64);
    let mut before = [0; 12];
    let mut when = [0; 2];
    for Gone { message, at, lost } in &scene.gone {
        out.row(&row_of(message, None, now), &mut before);
        let lost = lost.map_or(0, |it| 1 + it as u64);
        out.row(&[now.0.wrapping_sub(at.0), lost], &mut when);
    }
    out.into_bytes()
}

const fn nobody(mut row: Row) -> Row {
    row[0] = 0;
    row
}

fn read_scene(bytes: &[u8], carried: &[Option<&Event>], now: Time, scene: &mut Scene) {
    let mut from = Reader::new(bytes);
    let count = from.count();
    let mut row = [0; 12];
    scene.messages = (0..count)
        .map(|slot| {
            from.row(&mut row);
            message_of(&row, carried.get(slot).copied().flatten(), now)
        })
        .collect();
    let count = from.count();
    let mut row = [0; 12];
    let mut when = [0; 2];
    scene.gone = VecDeque::with_capacity(super::scene::GONE_MESSAGES);
    scene.gone.extend((0..count).filter_map(|_| {
        from.row(&mut row);
        from.row(&mut when);
        let message = message_of(&row, None, now)?;
        let at = Time(now.0.wrapping_sub(when[0]));
        let lost = when[1].checked_sub(1);
        #[expect(clippy::cast_possible_truncation, reason = "a place in a list of eleven")]
        let lost = lost.map(|it| DropReason::ALL[it as usize]);
        Some(Gone { message, at, lost })
    }));
}
