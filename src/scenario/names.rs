//! Names that a text says, looked up in a model.

use crate::model::{EventTypeId, Model, Node as End, ServiceId, TopicId};

use super::reader::Reader;
use super::syntax::Node;

/// The topic of this name.
pub(crate) fn topic(reader: &Reader, model: &Model, node: &Node) -> Option<TopicId> {
    let names = model.topics.iter().map(|it| it.name.as_str());
    place(reader, node, "topic", names).map(TopicId::from_index)
}

/// The service or workload of this name.
pub(crate) fn service(reader: &Reader, model: &Model, node: &Node) -> Option<ServiceId> {
    let names = model.services.iter().map(|it| it.name.as_str());
    place(reader, node, "service", names).map(ServiceId::from_index)
}

/// The type of event or request of this name.
pub(crate) fn event_type(reader: &Reader, model: &Model, node: &Node) -> Option<EventTypeId> {
    let names = model.event_types.iter().map(|it| it.name.as_str());
    place(reader, node, "event or request", names).map(EventTypeId::from_index)
}

/// The service, workload or topic of this name.
pub(crate) fn end(reader: &Reader, model: &Model, node: &Node) -> Option<End> {
    let name = reader.text(node)?;
    let found = find_end(model, name);
    if found.is_none() {
        let services = model.services.iter().map(|it| it.name.as_str());
        let names = services.chain(model.topics.iter().map(|it| it.name.as_str()));
        reader.unknown(&node.place, "service or topic", name, names);
    }
    found
}

/// The service, workload or topic of this name, if there is one.
pub(crate) fn find_end(model: &Model, name: &str) -> Option<End> {
    let service = model.services.iter().position(|it| it.name == name);
    let service = service.map(|it| End::Service(ServiceId::from_index(it)));
    let topic = || model.topics.iter().position(|it| it.name == name);
    service.or_else(|| topic().map(|it| End::Topic(TopicId::from_index(it))))
}

/// The place of a name among others; a name that is none of them is a mistake.
pub(crate) fn place<'a>(
    reader: &Reader,
    node: &Node,
    what: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Option<usize> {
    let name = reader.text(node)?;
    let found = names.clone().position(|it| it == name);
    if found.is_none() {
        reader.unknown(&node.place, what, name, names);
    }
    found
}
