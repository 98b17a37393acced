//! What a world looks up and never changes: the model, its program, and tables made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::program::{Instruction, Position, Program};
use crate::model::event::MAX_FIELDS;
use crate::model::{
    Consume, Distribution, EventTypeId, FaultKind, Handler, HandlerId, InboundOrder, InstanceId,
    Link, LinkId, Model, Node, Service, ServiceId, Span, TopicId, TopicKind, Transport, Trigger,
};

/// For each field of an event, which field of its cause it copies.
pub type Copies = [Option<u8>; MAX_FIELDS];

/// Everything about a model that a world looks up.
#[derive(Debug)]
pub struct Plan {
    /// The model.
    pub model: Arc<Model>,
    /// Its handlers.
    pub program: Program,
    /// Whether a fault takes consumers' connections from them.
    pub loses_connections: bool,
    /// For each instance, whose it is.
    owners: Vec<ServiceId>,
    /// For each link, the link back.
    reverse: Vec<Option<LinkId>>,
    /// For each link, the topic at one of its ends.
    topics: Vec<Option<TopicId>>,
    /// For each node, services before topics, where its links begin among all.
    begins: Vec<u32>,
    /// For each instruction that sends something, the link it is sent by.
    ways: Vec<Option<LinkId>>,
    /// For each link, how it treats messages when nothing is wrong, in short.
    pub manners: Vec<Manner>,
    /// For each service, how it takes up what comes to it, in short.
    habits: Vec<Habit>,
    /// For each handler, whether it only sends.
    only_send: Vec<bool>,
    /// What services answer, one after the other: [`Habit::answers`].
    answers: Vec<(EventTypeId, HandlerId)>,
    /// For each service, for each of its subscriptions: what it does with which events.
    reactions: Vec<Vec<Vec<(EventTypeId, HandlerId)>>>,
    /// For (type handled, type made): which field of the former each field of the latter
    /// copies.
    copies: BTreeMap<(EventTypeId, EventTypeId), Copies>,
    /// For each service: the (type, field) that its handlers wait to be told.
    awaited: Vec<Vec<(EventTypeId, usize)>>,
    /// For each type of event, whether it has fields.
    has_fields: Vec<bool>,
    /// For each topic: how long before an outage acks are forgotten, at most.
    forgets: Vec<Span>,
    /// For each topic: the services that keep projections of it.
    projecting: Vec<Vec<ServiceId>>,
}

/// How a link treats messages when nothing is wrong, in short.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Whether all that it does to a message is to take its time: no bandwidth is shared, and
    /// nothing is lost or doubled.
    pub is_simple: bool,
    /// Whether it takes no time.
    pub is_instant: bool,
    /// Whether nobody leaves it before who entered before.
    pub is_in_order: bool,
    /// The time that it takes.
    pub latency: Distribution,
}

/// How a service takes up what comes to it, in short: what is looked up for each message, together.
#[derive(Clone, Copy, Debug)]
pub struct Habit {
    /// Its first instance.
    pub first_instance: InstanceId,
    /// How many instances it has.
    pub instances: u32,
    /// Workers of each instance; the greatest number if there are as many as there is work.
    pub workers: u32,
    /// How many messages may wait in each instance; the greatest number for no limit.
    pub room: u32,
    /// Who of those that wait is next.
    pub order: InboundOrder,
    /// Whether every subscription is handled as it comes.
    pub is_naive: bool,
    /// Whether it remembers what it answered.
    pub remembers: bool,
    /// The first that it answers, and how.
    answer: Option<(EventTypeId, HandlerId)>,
    /// Where what it answers begins and ends among what all answer.
    answers: (u32, u32),
}

impl Manner {
    fn of(link: &Link) -> Self {
        let quality = &link.quality;
        Self {
            is_simple: quality.bandwidth.is_none()
                && quality.loss <= 0.0
                && quality.duplication <= 0.0,
            is_instant: quality.latency.is_zero(),
            is_in_order: matches!(quality.transport, Transport::Stream { .. }),
            latency: quality.latency,
        }
    }
}

impl Habit {
    /// Of a service whose answers are the last of these, from this one on.
    fn of(service: &Service, answers: &[(EventTypeId, HandlerId)], first: usize) -> Self {
        let place = |it| u32::try_from(it).expect("handlers are numbered in 32 bits");
        Self {
            first_instance: service.first_instance,
            instances: service.instances,
            workers: service.workers.unwrap_or(u32::MAX),
            room: service.queue_capacity.unwrap_or(u32::MAX),
            order: service.queue_order,
            is_naive: service.consumes.iter().all(|it| it.strategy.is_naive()),
            remembers: service.idempotency.is_some(),
            answer: answers.get(first).copied(),
            answers: (place(first), place(answers.len())),
        }
    }
}

impl Plan {
    /// The plan of a model.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        let program = Program::new(&model);
        let (mut habits, mut answers) = (Vec::with_capacity(model.services.len()), Vec::new());
        let mut reactions: Vec<Vec<Vec<_>>> =
            model.services.iter().map(|it| vec![Vec::new(); it.consumes.len()]).collect();
        for (index, service) in model.services.iter().enumerate() {
            let first_answer = answers.len();
            for &handler in &service.handlers {
                match model.handlers[handler.index()].trigger {
                    Trigger::Request(event) => answers.push((event, handler)),
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
            habits.push(Habit::of(service, &answers, first_answer));
        }
        let reverse =
            model.links.iter().map(|link| model.link_between(link.to, link.from)).collect();
        let copies = copies(&model);
        let awaited = awaited(&model, &program);
        let owners = model.instances.iter().map(|&(service, _)| service).collect();
        let ways = ways(&model, &program);
        let only_send = only_send(&model, &program, &habits);
        let topics = model.links.iter().map(topic_at_an_end).collect();
        let begins = begins(&model);
        let manners = model.links.iter().map(Manner::of).collect();
        let mut forgets = vec![Span::ZERO; model.topics.len()];
        for fault in &model.faults {
            if let FaultKind::Outage { topic, forgets: span } = fault.kind {
                forgets[topic.index()] = forgets[topic.index()].max(span);
            }
        }
        let projecting = projecting(&model);
        let has_fields = model.event_types.iter().map(|it| !it.fields.is_empty()).collect();
        let loses_connections =
            model.faults.iter().any(|it| matches!(it.kind, FaultKind::Disconnect { .. }));
        Self {
            model,
            program,
            loses_connections,
            owners,
            reverse,
            topics,
            begins,
            ways,
            manners,
            habits,
            only_send,
            answers,
            reactions,
            copies,
            awaited,
            has_fields,
            forgets,
            projecting,
        }
    }

    /// The link back from where a link leads.
    pub fn reverse(&self, link: LinkId) -> LinkId {
        self.reverse[link.index()].expect("the reader gives every link its way back")
    }

    /// The link from one node to another.
    pub fn link(&self, from: Node, to: Node) -> LinkId {
        let place = place_of(&self.model, from);
        let begin = self.begins[place] as usize;
        let links = &self.model.links[begin..self.begins[place + 1] as usize];
        let found = links.iter().position(|link| link.to == to);
        LinkId::from_index(
            begin + found.expect("the reader makes a link for every pair that talks"),
        )
    }

    /// The topic at one of the ends of a link.
    pub fn topic_of(&self, link: LinkId) -> TopicId {
        self.topics[link.index()].expect("one end of the link of a topic's message is the topic")
    }

    /// The link by which the instruction at this position sends.
    pub fn way(&self, at: Position) -> LinkId {
        self.ways[at as usize].expect("the reader makes a link for every pair that talks")
    }

    /// How a link treats messages when nothing is wrong, in short.
    #[inline]
    pub fn manner(&self, link: LinkId) -> &Manner {
        &self.manners[link.index()]
    }

    /// Whether a handler does nothing but send one way, and its service gathers nothing: it takes
    /// no time, and its end lets nothing else begin.
    #[inline]
    pub fn only_sends(&self, handler: HandlerId) -> bool {
        self.only_send[handler.index()]
    }

    /// How a service takes up what comes to it, in short.
    #[inline]
    pub fn habit(&self, service: ServiceId) -> &Habit {
        &self.habits[service.index()]
    }

    /// Whose an instance is.
    pub fn service_of(&self, instance: InstanceId) -> ServiceId {
        self.owners[instance.index()]
    }

    /// What a service does with a request or a one-way message.
    pub fn answer(&self, service: ServiceId, event: EventTypeId) -> Option<HandlerId> {
        let habit = self.habit(service);
        match habit.answer {
            Some((of, handler)) if of == event => Some(handler),
            _ => self.other_answer(habit, event),
        }
    }

    fn other_answer(&self, habit: &Habit, event: EventTypeId) -> Option<HandlerId> {
        let (begin, end) = habit.answers;
        find(&self.answers[begin as usize..end as usize], event)
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

    /// Whether an instance's service handles all that it is delivered as it comes.
    pub fn is_naive(&self, instance: InstanceId) -> bool {
        self.habit(self.service_of(instance)).is_naive
    }

    /// How long before an outage acks of a topic are forgotten, at most.
    pub fn forgets(&self, topic: TopicId) -> Span {
        self.forgets[topic.index()]
    }

    /// The services that keep projections of a topic.
    pub fn projecting(&self, topic: TopicId) -> &[ServiceId] {
        &self.projecting[topic.index()]
    }

    /// Which field of an event of type `of` each field of an event made in answer copies.
    pub fn copies(&self, of: EventTypeId, made: EventTypeId) -> Option<&Copies> {
        self.copies.get(&(of, made))
    }

    /// Whether events of a type have fields.
    #[inline]
    pub fn has_fields(&self, event_type: EventTypeId) -> bool {
        self.has_fields[event_type.index()]
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
fn copies(model: &Model) -> BTreeMap<(EventTypeId, EventTypeId), Copies> {
    let mut table = BTreeMap::new();
    let mut pair = |of: EventTypeId, made: EventTypeId| {
        table.entry((of, made)).or_insert_with(|| {
            let mut from = [None; MAX_FIELDS];
            let of = &model.event_types[of.index()].fields;
            for (place, field) in model.event_types[made.index()].fields.iter().enumerate() {
                let same = of.iter().position(|it| it.name == field.name && it.kind == field.kind);
                from[place] = same
                    .map(|it| u8::try_from(it).expect("an event has at most MAX_FIELDS fields"));
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

fn topic_at_an_end(link: &Link) -> Option<TopicId> {
    match (link.to, link.from) {
        (Node::Topic(topic), _) | (_, Node::Topic(topic)) => Some(topic),
        _ => None,
    }
}

/// Where a node is among all, services before topics: in the order of the links.
fn place_of(model: &Model, node: Node) -> usize {
    match node {
        Node::Service(service) => service.index(),
        Node::Topic(topic) => model.services.len() + topic.index(),
    }
}

fn begins(model: &Model) -> Vec<u32> {
    let mut begins = vec![0; model.services.len() + model.topics.len() + 1];
    for link in &model.links {
        begins[place_of(model, link.from) + 1] += 1;
    }
    for place in 1..begins.len() {
        begins[place] += begins[place - 1];
    }
    begins
}

fn ways(model: &Model, program: &Program) -> Vec<Option<LinkId>> {
    let mut table = vec![None; program.code.len()];
    for (index, handler) in model.handlers.iter().enumerate() {
        let handler_code = program.range(HandlerId::from_index(index));
        for at in handler_code {
            let to = match &program.code[at] {
                Instruction::Send { to, .. } => Node::Service(*to),
                Instruction::Call { call, .. } => Node::Service(call.to),
                Instruction::Publish { topic, .. } => Node::Topic(*topic),
                _ => continue,
            };
            table[at] = model.link_between(Node::Service(handler.service), to);
        }
    }
    table
}

fn only_send(model: &Model, program: &Program, habits: &[Habit]) -> Vec<bool> {
    let only_sends = |(index, handler): (usize, &Handler)| {
        let code = &program.code[program.range(HandlerId::from_index(index))];
        habits[handler.service.index()].is_naive
            && code.iter().all(|it| matches!(it, Instruction::Send { .. } | Instruction::End))
    };
    model.handlers.iter().enumerate().map(only_sends).collect()
}

fn projecting(model: &Model) -> Vec<Vec<ServiceId>> {
    let mut table = vec![Vec::new(); model.topics.len()];
    for store in &model.stores {
        if let Some(topic) = store.projection_of
            && !table[topic.index()].contains(&store.service)
        {
            table[topic.index()].push(store.service);
        }
    }
    table
}

fn awaited(model: &Model, program: &Program) -> Vec<Vec<(EventTypeId, usize)>> {
    let mut table = vec![Vec::new(); model.services.len()];
    for (index, handler) in model.handlers.iter().enumerate() {
        for instruction in &program.code[program.range(HandlerId::from_index(index))] {
            if let Instruction::Await { event, same, .. } = instruction {
                table[handler.service.index()].push((*event, same.1));
            }
        }
    }
    table
}
