//! What a world looks up and never changes: the model, its program, and tables made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::program::{Instruction, Program};
use crate::model::event::MAX_FIELDS;
use crate::model::{
    Consume, EventTypeId, HandlerId, InstanceId, LinkId, Model, Node, ServiceId, TopicId,
    TopicKind, Trigger,
};

/// Marks a field that is not copied.
const NOT_COPIED: u8 = u8::MAX;

/// Everything about a model that a world looks up.
#[derive(Debug)]
pub struct Plan {
    /// The model.
    pub model: Arc<Model>,
    /// Its handlers.
    pub program: Program,
    /// For each link, the link back.
    reverse: Vec<Option<LinkId>>,
    /// For each service: what it answers.
    answers: Vec<Vec<(EventTypeId, HandlerId)>>,
    /// For each service, for each of its subscriptions: what it does with which events.
    reactions: Vec<Vec<Vec<(EventTypeId, HandlerId)>>>,
    /// For (type handled, type made): which field of the former each field of the latter
    /// copies.
    copies: BTreeMap<(EventTypeId, EventTypeId), [u8; MAX_FIELDS]>,
    /// For each service: the (type, field) that its handlers wait to be told.
    awaited: Vec<Vec<(EventTypeId, usize)>>,
}

impl Plan {
    /// The plan of a model.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        let program = Program::new(&model);
        let mut answers = vec![Vec::new(); model.services.len()];
        let mut reactions: Vec<Vec<Vec<_>>> =
            model.services.iter().map(|it| vec![Vec::new(); it.consumes.len()]).collect();
        for (index, service) in model.services.iter().enumerate() {
            for &handler in &service.handlers {
                match model.handlers[handler.index()].trigger {
                    Trigger::Request(event) => answers[index].push((event, handler)),
                    Trigger::Event(group, event) => {
                        for (place, consume) in service.consumes.iter().enumerate() {
                            if consume.group == group {
                                reactions[index][place].push((event, handler));
                            }
                        }
                    }
                    Trigger::Arrival | Trigger::Timer(_) => {}
                }
            }
        }
        let reverse =
            model.links.iter().map(|link| model.link_between(link.to, link.from)).collect();
        let copies = copies(&model);
        let awaited = awaited(&model, &program);
        Self { model, program, reverse, answers, reactions, copies, awaited }
    }

    /// The link back from where a link leads.
    pub fn reverse(&self, link: LinkId) -> LinkId {
        self.reverse[link.index()].expect("the reader gives every link its way back")
    }

    /// The link from one node to another.
    pub fn link(&self, from: Node, to: Node) -> LinkId {
        self.model
            .link_between(from, to)
            .expect("the reader makes a link for every pair that talks")
    }

    /// Whose an instance is.
    pub fn service_of(&self, instance: InstanceId) -> ServiceId {
        self.model.instances[instance.index()].0
    }

    /// What a service does with a request or a one-way message.
    pub fn answer(&self, service: ServiceId, event: EventTypeId) -> Option<HandlerId> {
        find(&self.answers[service.index()], event)
    }

    /// What a service does with an event of a subscription.
    pub fn reaction(
        &self,
        service: ServiceId,
        place: usize,
        event: EventTypeId,
    ) -> Option<HandlerId> {
        find(&self.reactions[service.index()][place], event)
    }

    /// A service's subscription to a topic.
    pub fn subscription(&self, service: ServiceId, topic: TopicId) -> Option<(usize, &Consume)> {
        let consumes = &self.model.services[service.index()].consumes;
        consumes.iter().enumerate().find(|(_, consume)| consume.topic == topic)
    }

    /// What (type, field) a service's handlers wait to be told.
    pub fn awaited(&self, service: ServiceId) -> &[(EventTypeId, usize)] {
        &self.awaited[service.index()]
    }

    /// Which field of an event of type `of` the field of an event made in answer copies.
    pub fn copied(&self, of: EventTypeId, made: EventTypeId, field: usize) -> Option<usize> {
        let from = self.copies.get(&(of, made))?[field];
        (from != NOT_COPIED).then_some(usize::from(from))
    }

    /// Whether a topic is a log.
    pub fn is_log(&self, topic: TopicId) -> bool {
        matches!(self.model.topics[topic.index()].kind, TopicKind::Log(_))
    }
}

fn find(table: &[(EventTypeId, HandlerId)], event: EventTypeId) -> Option<HandlerId> {
    table.iter().find(|(of, _)| *of == event).map(|(_, handler)| *handler)
}

/// Fields of the same name and kind are copied, for every pair of types that can meet. A
/// sequence that a type of event numbers itself by is copied too: it is how facts about one
/// thing are told apart.
fn copies(model: &Model) -> BTreeMap<(EventTypeId, EventTypeId), [u8; MAX_FIELDS]> {
    let mut table = BTreeMap::new();
    let mut pair = |of: EventTypeId, made: EventTypeId| {
        table.entry((of, made)).or_insert_with(|| {
            let mut from = [NOT_COPIED; MAX_FIELDS];
            let of = &model.event_types[of.index()].fields;
            for (place, field) in model.event_types[made.index()].fields.iter().enumerate() {
                let same = of.iter().position(|it| it.name == field.name && it.kind == field.kind);
                from[place] = same.map_or(NOT_COPIED, |it| {
                    u8::try_from(it).expect("an event has at most MAX_FIELDS fields")
                });
            }
            from
        });
    };
    for handler in &model.handlers {
        let of = match handler.trigger {
            Trigger::Request(event) | Trigger::Event(_, event) => event,
            Trigger::Arrival => {
                let workload = model.services[handler.service.index()].workload.as_ref();
                workload.expect("only workloads have arrivals").event
            }
            Trigger::Timer(_) => continue,
        };
        crate::model::handler::walk_steps(&handler.steps, &mut |step| {
            use crate::model::Step;
            match step {
                Step::Call(call) => pair(of, call.request),
                Step::Poll(poll) => pair(of, poll.call.request),
                Step::Send { event, .. } | Step::Publish { event, .. } => pair(of, *event),
                Step::Reply { event, .. } => pair(of, event.unwrap_or(of)),
                _ => {}
            }
        });
    }
    table
}

fn awaited(model: &Model, program: &Program) -> Vec<Vec<(EventTypeId, usize)>> {
    let mut table = vec![Vec::new(); model.services.len()];
    for (index, handler) in model.handlers.iter().enumerate() {
        let begin = program.entry(HandlerId::from_index(index)) as usize;
        let end = model.handlers.get(index + 1).map_or(program.code.len(), |_| {
            program.entry(HandlerId::from_index(index + 1)) as usize
        });
        for instruction in &program.code[begin..end] {
            if let Instruction::Await { event, same, .. } = instruction {
                table[handler.service.index()].push((*event, same.1));
            }
        }
    }
    table
}
