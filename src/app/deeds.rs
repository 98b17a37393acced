//! Which copy of an event a deed is done to, and what can be done at all.

use crate::history::{Place, Scene, SceneMessage, TopicScene};
use crate::model::{
    CopyRef, Deed, EventId, EventTypeId, LinkId, MessageId, Model, Node, Role, Time, TopicId,
    TopicKind,
};

use super::command::Selection;
use super::state::App;

impl App {
    /// The copy of an event that a deed would be done to at the instant that is seen: the one that
    /// was pointed at, or else, of those that carry the event and that it can be done to, the one
    /// that set out last.
    ///
    /// # Errors
    /// In a sentence, if there is none that it can be done to.
    pub fn copy_for(&self, selection: Option<Selection>, deed: Deed) -> Result<CopyRef, String> {
        let Some(Selection::Event { event, event_type, message }) = selection else {
            return Err("Select an event first: click one in flight.".into());
        };
        let Some(answer) = &self.run.answer else { return Err("Nothing is simulated yet.".into()) };
        let (model, scene) = (self.model(), &*answer.scene);
        let is_of_event = |id: &MessageId| scene.message(*id).is_some_and(|it| it.event == event);
        let pointed = message.filter(is_of_event);
        let mut why = None;
        let mut fits = |id: MessageId| {
            let it = scene.message(id)?;
            match fits(model, scene, (id, it), deed) {
                Ok(()) => Some(id),
                Err(reason) => {
                    why.get_or_insert(reason);
                    None
                }
            }
        };
        let found = pointed.and_then(&mut fits).or_else(|| {
            let mut carriers: Vec<_> = scene
                .alive()
                .filter(|(id, it)| it.event == event && is_carrier(it.role) && Some(*id) != pointed)
                .collect();
            // What is on its way is nearer at hand than what lies somewhere.
            carriers.sort_by_key(|(_, it)| {
                std::cmp::Reverse((it.role != Role::Arrival, it.place == Place::Link, it.sent))
            });
            carriers.into_iter().find_map(|(id, _)| fits(id))
        });
        if let Some(copy) = found.and_then(|id| scene.copy_ref(id)) {
            return Ok(copy);
        }
        // One that lies in a log can be published once more.
        if deed == Deed::Duplicate
            && let Some(link) = kept_in_log(model, scene, event)
        {
            let (role, link) = (Role::Publish, Some(link));
            return Ok(CopyRef { event, event_type, role, link, attempt: 1, number: 0 });
        }
        Err(why.map_or_else(
            || {
                format!(
                    "No copy of {} is there at this instant.",
                    event_name(model, event_type, event)
                )
            },
            |why| format!("It cannot be done: {why}."),
        ))
    }
}

/// What an event is called: its type's name and its number.
#[must_use]
pub fn event_name(model: &Model, event_type: EventTypeId, event: EventId) -> String {
    let name = model.event_types.get(event_type.index()).map_or("an event", |it| &it.name);
    format!("{name} {event}")
}

/// Whether a message in this role carries its event, and does not only speak of it.
const fn is_carrier(role: Role) -> bool {
    matches!(
        role,
        Role::Arrival
            | Role::Request
            | Role::Reply
            | Role::Failure
            | Role::OneWay
            | Role::Publish
            | Role::Delivery
    )
}

/// Whether a deed can be done to a message that is alive; if not, why.
fn fits(
    model: &Model,
    scene: &Scene,
    (id, it): (MessageId, &SceneMessage),
    deed: Deed,
) -> Result<(), &'static str> {
    let is_on_link = it.place == Place::Link;
    let is_held = it.due == Time::MAX;
    let when = |holds: bool, why: &'static str| if holds { Ok(()) } else { Err(why) };
    match deed {
        Deed::Duplicate => when(it.role != Role::Arrival, "an arrival does not come by a link"),
        Deed::Delay(_) => {
            when(is_on_link, "it is not on a link now")?;
            when(!is_held, "its link is cut and holds it")
        }
        Deed::Drop => when(is_on_link, "it is not on a link now"),
        Deed::Swap => {
            when(is_on_link, "it is not on a link now")?;
            when(!is_held, "its link is cut and holds it")?;
            let is_next = |other: &SceneMessage| {
                other.place == Place::Link
                    && other.link == it.link
                    && other.due != Time::MAX
                    && other.due >= it.due
            };
            let has_next = scene.alive().any(|(other, message)| other != id && is_next(message));
            when(has_next, "no other is behind it on its link")
        }
        Deed::LoseAnswer => {
            let is_asked = matches!(it.role, Role::Delivery | Role::Request | Role::Publish);
            when(is_asked, "it gets no answer")?;
            let is_entry = matches!(it.place, Place::Waiting(_) | Place::Leased(_));
            when(!is_entry, "its queue has it, and its producer has been told")
        }
        Deed::Bury => {
            let topic = it.link.and_then(|link| topic_at(model, link));
            let is_queue = topic
                .is_some_and(|it| matches!(model.topics[it.index()].kind, TopicKind::Queue(_)));
            when(is_queue, "only a queue has dead letters")?;
            let is_entry = matches!(it.place, Place::Waiting(_) | Place::Leased(_));
            when(it.role == Role::Delivery || is_entry, "its queue does not have it")
        }
        Deed::Edit { field, .. } => {
            let fields = &model.event_types[it.event_type.index()].fields;
            when(usize::from(field) < fields.len(), "it has no such field")
        }
    }
}

/// The topic at one of a link's ends, if there is one.
fn topic_at(model: &Model, link: LinkId) -> Option<TopicId> {
    let link = &model.links[link.index()];
    [link.from, link.to].into_iter().find_map(|it| match it {
        Node::Topic(topic) => Some(topic),
        Node::Service(_) => None,
    })
}

/// The link by which an event came that lies near the end of a log, if there is one.
fn kept_in_log(model: &Model, scene: &Scene, event: EventId) -> Option<LinkId> {
    let place = scene.topics.iter().position(|topic| match topic {
        TopicScene::Log(partitions) => {
            partitions.iter().any(|it| it.tail.iter().any(|it| it.event == event))
        }
        TopicScene::Queue(_) => false,
    })?;
    model.link_between(Node::Service(event.producer()), Node::Topic(TopicId::from_index(place)))
}
