//! What a person does to a run: to one copy of an event, or by breaking something.

use std::sync::Arc;

use crate::model::{
    Act, CopyRef, Deed, DropReason, Event, Fault, FaultId, FaultKind, InstanceId, LinkId,
    MessageId, Model, Node, Role, Span, Time, TopicId, TopicKind, What,
};

use super::message::{Message, Token};
use super::network::sending;
use super::plan::Plan;
use super::world::{Broker, Scheduled, World, mix};

/// An answer that will be lost when it is sent: what it answers, and who sends it.
#[derive(Clone, Copy, Debug)]
pub struct DoomedAnswer {
    token: Token,
    from: InstanceId,
    role: Role,
}

impl World {
    /// Does it, and says whether there was anything to do it to.
    pub(super) fn perform_act(&mut self, act: &Act, number: u32) {
        let noted = What::Intervened { number, took: true };
        let took = match act {
            Act::Message { copy, deed } => {
                let plan = Arc::clone(&self.plan);
                let id = self.find_copy(*copy);
                match (id, *deed) {
                    (None, Deed::Duplicate) => self.publish_again(&plan, *copy, noted),
                    (None, _) => false,
                    (Some(id), deed) => self.perform_deed(&plan, id, deed, noted),
                }
            }
            Act::Break { kind, lasts } => self.break_now(kind, *lasts, noted),
            Act::Mend(kind) => self.mend_now(kind, noted),
            Act::Omit { fault } => self.omit_now(*fault, noted),
            Act::Set(_) | Act::Purge { .. } | Act::FailNext { .. } => {
                self.perform_other(act, noted)
            }
        };
        if !took {
            self.note(What::Intervened { number, took });
        }
    }

    /// How the copy that is this message is named.
    #[must_use]
    pub fn copy_ref(&self, id: MessageId) -> CopyRef {
        let it = copy_of(self.messages.get(id));
        let before = self.messages.iter().take_while(|(other, _)| *other != id);
        let same = before.filter(|(_, other)| copy_of(other) == it).count();
        CopyRef { number: u16::try_from(same).unwrap_or(u16::MAX), ..it }
    }

    /// The message that is this copy, if it is alive.
    #[must_use]
    pub fn find_copy(&self, copy: CopyRef) -> Option<MessageId> {
        copy.resolve(self.messages.iter().map(|(id, message)| (id, copy_of(message))))
    }

    /// What a message carries, with what it carries it for.
    #[must_use]
    pub fn event_of(&self, id: MessageId) -> &Event {
        &self.messages.get(id).event
    }

    /// The link a message is on, or came by.
    #[must_use]
    pub fn link_of(&self, id: MessageId) -> LinkId {
        self.messages.get(id).link
    }

    /// What the messages that are alive carry, by their ids.
    #[must_use]
    pub fn carried(&self) -> Vec<Option<&Event>> {
        let mut carried = vec![None; self.messages.slot_count()];
        for (id, message) in self.messages.iter() {
            carried[id.index()] = Some(&message.event);
        }
        carried
    }

    /// How many events a service has made.
    #[must_use]
    pub fn events_made(&self, service: crate::model::ServiceId) -> u64 {
        self.services[service.index()].produced
    }

    /// Does something to a message, if it can be done; `took` is noted then, before what comes of
    /// it.
    pub(super) fn perform_deed(
        &mut self,
        plan: &Plan,
        id: MessageId,
        deed: Deed,
        took: What,
    ) -> bool {
        let message = *self.messages.get(id);
        match deed {
            Deed::Duplicate if message.role == Role::Arrival => false,
            Deed::Duplicate => {
                self.note(took);
                self.counters.made[message.role as usize] += 1;
                let key = mix(mix(message.event.lineage, sending(&message)), self.now.0);
                let double = self.messages.insert(&message);
                self.enter(plan, double, &message, key);
                true
            }
            Deed::Delay(by) => {
                let Some((due, entry)) = self.agenda.take(|it| is_on_its_way(it, id)) else {
                    return false;
                };
                self.note(took);
                self.leave_at(due + by, entry, id);
                true
            }
            Deed::Drop => {
                let is_held = self.take_held(id, message.link);
                if !is_held && self.agenda.take(|it| is_on_its_way(it, id)).is_none() {
                    return false;
                }
                self.note(took);
                self.drop_message(id, DropReason::Lost);
                true
            }
            Deed::Swap => self.swap_with_next(id, message.link, took),
            Deed::LoseAnswer => {
                let Some(doomed) = answer_to(&message) else { return false };
                self.note(took);
                self.doomed_answers.push(doomed);
                self.doubt_links();
                true
            }
            Deed::Bury => self.bury(plan, id, &message, took),
            Deed::Edit { field, value } => {
                let fields = &plan.model.event_types[message.event.event_type.index()].fields;
                let field = usize::from(field);
                if fields.get(field).is_none_or(|it| it.kind != value.kind()) {
                    return false;
                }
                self.note(took);
                self.messages.get_mut(id).event.fields[field] = value.to_bits();
                true
            }
        }
    }

    /// A message on a link will leave it at another time.
    fn leave_at(&mut self, due: Time, entry: Scheduled, id: MessageId) {
        self.note(What::Rescheduled { message: id, due });
        self.agenda.push(due, entry);
    }

    /// Takes a message from those that a cut link holds.
    fn take_held(&mut self, id: MessageId, link: LinkId) -> bool {
        let Some(state) = self.links.get_mut(link.index()) else { return false };
        let place = state.held.iter().position(|it| *it == id);
        place.inspect(|&place| {
            state.held.remove(place);
        });
        place.is_some()
    }

    /// A message on a link and the one that leaves the link next after it change places.
    pub(super) fn swap_with_next(&mut self, id: MessageId, link: LinkId, took: What) -> bool {
        let Some((due, entry)) = self.agenda.take(|it| is_on_its_way(it, id)) else {
            return false;
        };
        // Of those that leave at the same instant, which one does not matter for the picture,
        // but must be the same whenever it is asked: the one with the least id.
        let next = self
            .agenda
            .entries()
            .filter_map(|(at, it)| Some((at, on_its_way(it)?)))
            .filter(|&(at, it)| at >= due && self.messages.get(it).link == link)
            .min();
        let Some((next_due, next)) = next else {
            self.agenda.push(due, entry);
            return false;
        };
        let found = self.agenda.take(|it| is_on_its_way(it, next));
        let (_, next_entry) = found.expect("it was just seen there");
        self.note(took);
        self.leave_at(due, next_entry, next);
        self.leave_at(next_due.max(due), entry, id);
        true
    }

    /// A queue topic takes a message for a dead letter: the entry itself, or the entry that a
    /// delivery is a copy of.
    fn bury(&mut self, plan: &Plan, id: MessageId, message: &Message, took: What) -> bool {
        let Some(topic) = topic_at(plan, message.link) else { return false };
        if self.is_remote(topic) {
            return self.bury_remotely(plan, topic, id, took);
        }
        let Broker::Queue(queue) = &mut self.topics[topic.index()].broker else { return false };
        let entry = match (message.role, message.token) {
            (Role::Delivery, Token::Ticket(ticket)) => queue.message_of(ticket),
            (Role::Publish, _) => Some(id),
            _ => None,
        };
        let mut effects = self.spare_effects.pop().unwrap_or_default();
        if !entry.is_some_and(|entry| queue.bury(entry, &mut effects)) {
            self.spare_effects.push(effects);
            return false;
        }
        self.note(took);
        self.perform_effects(plan, topic, effects);
        self.hand_out_queue(plan, topic);
        true
    }

    /// An event that a log keeps is published once more, as by a producer that has not heard
    /// that it is there.
    fn publish_again(&mut self, plan: &Plan, copy: CopyRef, took: What) -> bool {
        let Some(link) = copy.link.filter(|it| it.index() < plan.model.links.len()) else {
            return false;
        };
        let (Node::Service(service), Node::Topic(topic)) =
            (plan.model.links[link.index()].from, plan.model.links[link.index()].to)
        else {
            return false;
        };
        let Broker::Log(log) = &self.topics[topic.index()].broker else { return false };
        let Some(event) = log.find(copy.event) else { return false };
        let Some(from) = plan.model.instances_of(service).next() else { return false };
        let again = Message {
            event,
            role: Role::Publish,
            attempt: copy.attempt,
            link,
            from,
            to: from,
            token: Token::None,
            since: self.now,
        };
        self.note(took);
        self.counters.made[Role::Publish as usize] += 1;
        let id = self.messages.insert(&again);
        self.enter(plan, id, &again, mix(mix(event.lineage, sending(&again)), self.now.0));
        true
    }

    /// Whether a message that enters a link is an answer that a person has had lost.
    pub(super) fn is_doomed(&mut self, plan: &Plan, message: &Message) -> bool {
        let place = self.doomed_answers.iter().position(|it| it.is(message));
        if let Some(place) = place {
            self.doomed_answers.swap_remove(place);
            if self.doomed_answers.is_empty() {
                self.see_to_links(plan);
            }
        }
        place.is_some()
    }

    /// Every fault that is on and like this one is mended before its time.
    fn mend_now(&mut self, kind: &FaultKind, took: What) -> bool {
        let plan = Arc::clone(&self.plan);
        let is_like = |id: &&FaultId| plan.model.faults[id.index()].kind.is_like(kind);
        let on: Vec<FaultId> = self.faults_on.iter().filter(is_like).copied().collect();
        if on.is_empty() {
            return false;
        }
        self.note(took);
        self.doubt_links();
        for id in on {
            self.fault_ends(&plan, id);
        }
        self.see_to_links(&plan);
        true
    }

    /// Something breaks that was on no schedule: from now on it is.
    fn break_now(&mut self, kind: &FaultKind, lasts: Option<Span>, took: What) -> bool {
        if !is_possible(&self.plan.model, kind) || self.is_up_to_another(kind) {
            return false;
        }
        let mut model = (*self.plan.model).clone();
        let id = FaultId::from_index(model.faults.len());
        model.faults.push(Fault { at: self.now, lasts, kind: kind.clone() });
        self.plan = Arc::new(Plan::new(Arc::new(model)));
        let plan = Arc::clone(&self.plan);
        self.note(took);
        self.fault_comes(&plan, id);
        true
    }

    /// Whether only a broker that is another program could break so.
    fn is_up_to_another(&self, kind: &FaultKind) -> bool {
        match kind {
            FaultKind::LeaderLoss { topic } => self.topics[topic.index()].mirror.is_some(),
            FaultKind::Outage { topic, forgets } => *forgets > Span::ZERO && self.is_remote(*topic),
            _ => false,
        }
    }

    /// A fault that has not come will not; one that is on is mended.
    fn omit_now(&mut self, fault: FaultId, took: What) -> bool {
        let is_to_come = self.agenda.take(|it| *it == Scheduled::FaultBegins(fault)).is_some()
            || self.lower(fault);
        let is_on = self.faults_on.contains(&fault);
        if !is_to_come && !is_on {
            return false;
        }
        self.note(took);
        if is_on {
            let plan = Arc::clone(&self.plan);
            self.agenda.take(|it| *it == Scheduled::FaultEnds(fault));
            self.doubt_links();
            self.fault_ends(&plan, fault);
            self.see_to_links(&plan);
        }
        true
    }
}

impl DoomedAnswer {
    /// Whether a message is the answer.
    fn is(&self, message: &Message) -> bool {
        let says_so = match (self.role, message.role) {
            (Role::Delivery, Role::Ack | Role::Nack)
            | (Role::Request, Role::Reply | Role::Failure) => message.token == self.token,
            (Role::Delivery, Role::Commit) => match (self.token, message.token) {
                (
                    Token::Offset { partition, offset, .. },
                    Token::Offset { partition: of, offset: next, .. },
                ) => partition == of && next > offset,
                _ => false,
            },
            (Role::Publish, Role::Confirm | Role::Refusal) => match (self.token, message.token) {
                (
                    Token::Publish { incarnation, serial, .. },
                    Token::Answer { incarnation: life, serial: of, .. },
                ) => incarnation == life && serial == of,
                _ => false,
            },
            _ => false,
        };
        let sender = if self.role == Role::Publish { message.to } else { message.from };
        says_so && sender == self.from
    }
}

/// The answer that a message will get, if it gets one.
fn answer_to(message: &Message) -> Option<DoomedAnswer> {
    let &Message { token, role, .. } = message;
    let from = match (role, token) {
        (Role::Delivery, Token::Ticket(_) | Token::Offset { .. })
        | (Role::Request, Token::Caller { .. }) => message.to,
        (Role::Publish, Token::Publish { .. }) => message.from,
        _ => return None,
    };
    Some(DoomedAnswer { token, from, role })
}

fn on_its_way(entry: &Scheduled) -> Option<MessageId> {
    match *entry {
        Scheduled::Leave(id) | Scheduled::Vanish(id) => Some(id),
        _ => None,
    }
}

fn is_on_its_way(entry: &Scheduled, id: MessageId) -> bool {
    on_its_way(entry) == Some(id)
}

/// How a message is named, if it is the first of its kind.
fn copy_of(message: &Message) -> CopyRef {
    let &Message { role, link, attempt, .. } = message;
    let (link, attempt) = if role == Role::Arrival { (None, 1) } else { (Some(link), attempt) };
    let Event { id: event, event_type, .. } = message.event;
    CopyRef { event, event_type, role, link, attempt, number: 0 }
}

/// The topic at one of a link's ends, if there is one.
fn topic_at(plan: &Plan, link: LinkId) -> Option<TopicId> {
    let link = plan.model.links.get(link.index())?;
    [link.from, link.to].into_iter().find_map(|it| match it {
        Node::Topic(topic) => Some(topic),
        Node::Service(_) => None,
    })
}

/// Whether a world of this model has what would break, so that a script made for another model
/// breaks nothing.
fn is_possible(model: &Model, kind: &FaultKind) -> bool {
    let is_queue = |topic: TopicId| {
        model.topics.get(topic.index()).map(|it| matches!(it.kind, TopicKind::Queue(_)))
    };
    let has = |service: crate::model::ServiceId, instance: Option<u32>| {
        let service = model.services.get(service.index());
        // A workload is the world outside: it does not break.
        service.is_some_and(|it| {
            it.workload.is_none() && instance.is_none_or(|number| number < it.instances)
        })
    };
    match kind {
        FaultKind::Crash { service, instance } => has(*service, *instance),
        FaultKind::Slow { service, factor } => has(*service, None) && *factor > 0.0,
        FaultKind::Cut { links, .. }
        | FaultKind::Loss { links, .. }
        | FaultKind::Delay { links, .. }
        | FaultKind::Duplicate { links, .. } => {
            links.iter().all(|it| it.index() < model.links.len())
        }
        FaultKind::Replay { group, .. } => model
            .groups
            .get(group.index())
            .is_some_and(|group| is_queue(group.topic) == Some(false)),
        FaultKind::Disconnect { service, instance, topic } => {
            has(*service, *instance)
                && is_queue(*topic) == Some(true)
                && model.services[service.index()].consumes.iter().any(|it| it.topic == *topic)
        }
        FaultKind::Outage { topic, .. } => is_queue(*topic).is_some(),
        FaultKind::LeaderLoss { topic } => is_queue(*topic) == Some(false),
        FaultKind::Strike(strike) => {
            strike.link.index() < model.links.len()
                && strike.event_type.index() < model.event_types.len()
        }
        FaultKind::Set(setting) => super::setting::is_possible(model, setting),
        FaultKind::Purge { topic } => is_queue(*topic).is_some(),
        FaultKind::FailNext { service, .. } => has(*service, None),
    }
}
