//! Records in a form in which those of two futures can be compared. Messages are named by places
//! in a table, and events are counted; both shift as soon as there is one more. What an event
//! comes of ([`Event::lineage`](crate::model::Event::lineage)) does not.

use std::collections::BTreeMap;

use crate::model::{
    EventId, EventTypeId, LinkId, MessageId, Model, Node, Record, Role, ServiceId, TopicId, What,
};
use crate::sim::World;

use super::moment::place_of;
use super::scene::Scene;

/// Of how many published events of a producer it is remembered what they come of, for what is
/// said of them without a message.
const MOST_PUBLISHED: usize = 8_192;

/// A message, as it can be told from others in any future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// What it carries, or is about: its name in this future.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// What it is for.
    pub role: Role,
    /// The link it is on, or came by.
    pub link: Option<LinkId>,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// The same in every future in which it is the same event.
    identity: u64,
    /// Where it is, or is under way to.
    at: Node,
}

/// A record in a form that can be compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Normal {
    /// Whose history it is part of: services before topics.
    pub place: usize,
    /// The same for the same record in whichever future.
    pub hash: u64,
    /// The record.
    pub record: Record,
    /// The message that it speaks of.
    pub copy: Option<Copy>,
}

/// Follows one future, and puts its records in that form.
pub(super) struct Names {
    /// By [`MessageId`].
    copies: Vec<Option<Copy>>,
    /// By service: how many events it had made when the futures parted. Those have the same name
    /// in both.
    common: Vec<u64>,
    /// By service: what those that it published since come of, by their count.
    published: Vec<BTreeMap<u64, u64>>,
}

impl Names {
    /// From where two futures part.
    pub fn new(world: &World, scene: &Scene) -> Self {
        let model = world.model();
        let services = (0..model.services.len()).map(ServiceId::from_index);
        let mut names = Self {
            copies: Vec::new(),
            common: services.map(|it| world.events_made(it)).collect(),
            published: vec![BTreeMap::new(); model.services.len()],
        };
        for (id, it) in scene.alive() {
            let (event, link) = (it.event, it.link);
            // An arrival is where it was made.
            let at = link.map_or(Node::Service(event.producer()), |it| model.links[it.index()].to);
            let (role, attempt, event_type) = (it.role, it.attempt, it.event_type);
            let identity = event.0;
            names.put(id, Copy { event, event_type, role, link, attempt, identity, at });
        }
        names
    }

    fn put(&mut self, id: MessageId, copy: Copy) {
        if id.index() >= self.copies.len() {
            self.copies.resize(id.index() + 1, None);
        }
        self.copies[id.index()] = Some(copy);
    }

    /// What is the same of an event in every future; `carried` is the event of the message it
    /// was found in.
    fn identity(&self, event: EventId, carried: Option<&crate::model::Event>) -> u64 {
        let producer = event.producer().index();
        if self.common.get(producer).is_none_or(|common| event.count() <= *common) {
            return event.0;
        }
        let by_message = carried.filter(|it| it.id == event).map(|it| it.lineage);
        let of = || self.published[producer].get(&event.count()).copied();
        // Where nothing is known, nothing is told apart.
        by_message.or_else(of).unwrap_or(0)
    }

    /// Takes in a record of a step after which the world is this one.
    pub fn normal(&mut self, record: &Record, world: &World) -> Option<Normal> {
        self.come_to_be(record, world);
        let model = world.model();
        let mut what = record.what;
        let mut copy = None;
        let named = {
            let (message, event) = named(&mut what);
            let id = message.map(|it| std::mem::replace(it, MessageId(0)));
            copy.clone_from(&id.and_then(|id| *self.copies.get(id.index())?));
            if let Some(event) = event {
                *event =
                    EventId(copy.map_or_else(|| self.identity(*event, None), |it| it.identity));
            }
            id
        };
        let node = node_of(record.what, copy, model)?;
        let mut hash = 0x9e37_79b9_7f4a_7c15;
        for word in what.words() {
            hash = scramble(hash ^ word);
        }
        if let Some(Copy { identity, event_type, role, link, attempt, .. }) = copy
            && named.is_some()
        {
            hash = scramble(hash ^ identity);
            let link = link.map_or(u64::from(u32::MAX), |it| u64::from(it.0));
            hash = scramble(hash ^ link << 32 ^ u64::from(attempt));
            hash = scramble(hash ^ (role as u64) << 16 ^ u64::from(event_type.0));
        }
        Some(Normal { place: place_of(model, node), hash, record: *record, copy })
    }

    fn come_to_be(&mut self, record: &Record, world: &World) {
        let model = world.model();
        let (message, event, event_type, role, link, attempt, at) = match record.what {
            What::Arrived { message, event, event_type, instance } => {
                let at = Node::Service(model.instances[instance.index()].0);
                (message, event, event_type, Role::Arrival, None, 1, at)
            }
            What::Sent { message, event, event_type, role, link, attempt, .. } => {
                let at = model.links[link.index()].to;
                (message, event, event_type, role, Some(link), attempt, at)
            }
            What::Retried { message, event, event_type, link, instance, attempt } => {
                let at = Node::Service(model.instances[instance.index()].0);
                (message, event, event_type, Role::Delivery, Some(link), attempt, at)
            }
            What::AckForgotten { message, event, event_type, link, attempt, topic } => {
                (message, event, event_type, Role::Publish, Some(link), attempt, Node::Topic(topic))
            }
            _ => return,
        };
        let identity = self.identity(event, Some(world.event_of(message)));
        if role == Role::Publish && identity != event.0 && identity != 0 {
            let published = &mut self.published[event.producer().index()];
            published.insert(event.count(), identity);
            if published.len() > MOST_PUBLISHED {
                published.pop_first();
            }
        }
        self.put(message, Copy { event, event_type, role, link, attempt, identity, at });
    }
}

/// The message and the event that a record names.
const fn named(what: &mut What) -> (Option<&mut MessageId>, Option<&mut EventId>) {
    match what {
        What::Arrived { message, event, .. }
        | What::Retried { message, event, .. }
        | What::Sent { message, event, .. }
        | What::AckForgotten { message, event, .. } => (Some(message), Some(event)),
        What::Rescheduled { message, .. }
        | What::Blocked { message, .. }
        | What::Queued { message, .. }
        | What::Started { message, .. }
        | What::PhaseChanged { message, .. }
        | What::Finished { message, .. }
        | What::Received { message }
        | What::Dropped { message, .. }
        | What::Appended { message, .. }
        | What::Enqueued { message, .. }
        | What::Leased { message, .. }
        | What::Settled { message, .. }
        | What::Skipped { message, .. }
        | What::CallRefused { message, .. } => (Some(message), None),
        What::Unconfirmed { event, .. }
        | What::Outboxed { event, .. }
        | What::Relayed { event, .. }
        | What::Anomaly { event, .. } => (None, Some(event)),
        What::Truncated { .. }
        | What::Trimmed { .. }
        | What::Compacted { .. }
        | What::FellOff { .. }
        | What::Committed { .. }
        | What::CommitRefused { .. }
        | What::Assigned { .. }
        | What::Up { .. }
        | What::Down { .. }
        | What::Stored { .. }
        | What::ShouldHold { .. }
        | What::Breaker { .. }
        | What::FaultBegan { .. }
        | What::FaultEnded { .. }
        | What::Intervened { .. } => (None, None),
    }
}

/// Whose history a record is part of. Faults and interventions are causes, and nobody's.
fn node_of(what: What, copy: Option<Copy>, model: &Model) -> Option<Node> {
    Some(match what {
        What::Arrived { instance, .. }
        | What::Retried { instance, .. }
        | What::Blocked { instance, .. }
        | What::Queued { instance, .. }
        | What::Started { instance, .. }
        | What::PhaseChanged { instance, .. }
        | What::Finished { instance, .. }
        | What::Unconfirmed { instance, .. }
        | What::Up { instance }
        | What::Down { instance }
        | What::Skipped { instance, .. }
        | What::Breaker { instance, .. }
        | What::CallRefused { instance, .. } => Node::Service(model.instances[instance.index()].0),
        What::Sent { link, .. } => model.links[link.index()].from,
        What::Rescheduled { .. } => model.links[copy?.link?.index()].from,
        What::Received { .. } | What::Dropped { .. } => copy?.at,
        What::Appended { topic, .. }
        | What::Truncated { topic, .. }
        | What::Trimmed { topic, .. }
        | What::Compacted { topic, .. }
        | What::Enqueued { topic, .. }
        | What::Leased { topic, .. }
        | What::Settled { topic, .. }
        | What::AckForgotten { topic, .. } => Node::Topic(topic),
        What::FellOff { group, .. }
        | What::Committed { group, .. }
        | What::CommitRefused { group, .. }
        | What::Assigned { group, .. } => Node::Topic(model.groups[group.index()].topic),
        What::Outboxed { outbox, .. } | What::Relayed { outbox, .. } => {
            let of = |it: &crate::model::Service| it.outboxes.contains(&outbox);
            Node::Service(ServiceId::from_index(model.services.iter().position(of)?))
        }
        What::Stored { store, .. }
        | What::ShouldHold { store, .. }
        | What::Anomaly { store, .. } => Node::Service(model.stores[store.index()].service),
        What::FaultBegan { .. } | What::FaultEnded { .. } | What::Intervened { .. } => return None,
    })
}

/// Which node has this place among all: services before topics.
pub(super) fn node_at(model: &Model, place: usize) -> Node {
    match place.checked_sub(model.services.len()) {
        None => Node::Service(ServiceId::from_index(place)),
        Some(topic) => Node::Topic(TopicId::from_index(topic)),
    }
}

const fn scramble(it: u64) -> u64 {
    let product = (it as u128).wrapping_mul(0xd1b5_4a32_d192_ed03_9e37_79b9_7f4a_7c15);
    #[expect(clippy::cast_possible_truncation, reason = "two parts of it")]
    {
        (product >> 64) as u64 ^ (product as u64).rotate_left(32)
    }
}
