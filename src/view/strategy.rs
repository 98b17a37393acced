//! Which strategies a consumer can have: the types of events it handles, and what numbers them.

use crate::model::{EventTypeId, FieldKind, Model, ServiceId, TopicId, Trigger};

/// The types of events that a consumer handles of a topic.
#[must_use]
pub fn handled(model: &Model, (service, topic): (ServiceId, TopicId)) -> Vec<EventTypeId> {
    let of_topic = |trigger| match trigger {
        Trigger::Event(group, event) if model.groups[group.index()].topic == topic => Some(event),
        _ => None,
    };
    let handlers = model.services[service.index()].handlers.iter();
    handlers.filter_map(|it| of_topic(model.handlers[it.index()].trigger)).collect()
}

/// The fields that all of these types have and that can number them, by name; those that say so
/// by their name first.
#[must_use]
pub fn numbers(model: &Model, types: &[EventTypeId]) -> Vec<(String, Vec<(EventTypeId, usize)>)> {
    let Some(first) = types.first() else { return Vec::new() };
    let of_first = &model.event_types[first.index()];
    let mut found: Vec<_> = of_first
        .fields
        .iter()
        .filter_map(|field| {
            let places = types.iter().map(|id| {
                let fields = &model.event_types[id.index()].fields;
                let numbers = |it: &crate::model::Field| {
                    it.name == field.name && matches!(it.kind, FieldKind::Int | FieldKind::Text)
                };
                Some((*id, fields.iter().position(numbers)?))
            });
            Some((field.name.clone(), places.collect::<Option<Vec<_>>>()?))
        })
        .collect();
    let says_so = |name: &str| {
        ["version", "sequence", "number", "revision", "seq"].iter().any(|it| name.contains(it))
    };
    let key = of_first.key.map(|it| of_first.fields[it].name.clone());
    found.retain(|(name, _)| Some(name) != key.as_ref());
    found.sort_by_key(|(name, _)| !says_so(name));
    found
}
