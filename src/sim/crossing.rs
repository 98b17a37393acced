//! A run that several processes share: each has a world of its own in which only some services are
//! at work, and what goes between services of different processes crosses from one world to the
//! other.
//!
//! A message that comes to the end of its link leaves the world of who sent it, and comes to be in
//! the world of who receives it. What is published is in the queue of the process that consumes it.
//! [`merge`](super::merging::merge) makes one run of the recordings of all.

use crate::model::{
    GroupId, InstanceId, LinkId, MessageId, Model, Node, Phase, Role, Service, ServiceId, Time,
    TopicId, What,
};

use super::message::{Message, Token};
use super::packed::{MESSAGE_WORDS, message_words, word_message};
use super::plan::Plan;
use super::remote::Errand;
use super::scheduled::Scheduled;
use super::world::World;

/// A message that goes from one process to another, with all that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traveller {
    /// Which process it comes from, of those that share the run.
    pub part: u16,
    /// By which number that process's world let it go.
    pub number: u64,
    /// The message.
    words: [u64; MESSAGE_WORDS],
}

impl Traveller {
    /// How many words [`to_words`](Self::to_words) gives.
    pub const WORDS: usize = MESSAGE_WORDS + 2;

    fn new(part: u16, number: u64, message: &Message) -> Self {
        Self { part, number, words: message_words(message) }
    }

    /// The same, as it leaves this process.
    #[must_use]
    pub const fn of_part(mut self, part: u16) -> Self {
        self.part = part;
        self
    }

    /// To whom it goes, if it is a message of this model.
    #[must_use]
    pub fn to(&self, model: &Model) -> Option<ServiceId> {
        let message = self.message(model)?;
        match model.links[message.link.index()].to {
            Node::Service(service) => Some(service),
            Node::Topic(_) => None,
        }
    }

    /// To which instance, as whoever sent it has chosen.
    #[must_use]
    pub fn instance(&self, model: &Model) -> Option<InstanceId> {
        self.message(model).map(|it| it.to)
    }

    /// All of it as words.
    #[must_use]
    pub fn to_words(&self) -> [u64; Self::WORDS] {
        let mut words = [0; Self::WORDS];
        (words[0], words[1]) = (self.part.into(), self.number);
        words[2..].copy_from_slice(&self.words);
        words
    }

    /// Reads what [`to_words`](Self::to_words) wrote; `None` if it is none of that.
    #[must_use]
    pub fn from_words(words: &[u64; Self::WORDS]) -> Option<Self> {
        let mut message = [0; MESSAGE_WORDS];
        message.copy_from_slice(&words[2..]);
        Some(Self { part: u16::try_from(words[0]).ok()?, number: words[1], words: message })
    }

    /// The message, if it goes between services of this model.
    fn message(&self, model: &Model) -> Option<Message> {
        let message = word_message(&self.words)?;
        let Message { event, role, link, from, to, token, .. } = message;
        let way = model.links.get(link.index())?;
        let of = |it: InstanceId| model.instances.get(it.index()).map(|it| Node::Service(it.0));
        let is_told_whom = match (role, token) {
            (Role::Request | Role::Reply | Role::Failure, Token::Caller { .. }) => true,
            (Role::OneWay, token) => token == Token::None,
            _ => false,
        };
        let is_right = is_told_whom
            && event.event_type.index() < model.event_types.len()
            && event.id.producer().index() < model.services.len()
            && of(from) == Some(way.from)
            && of(to) == Some(way.to);
        is_right.then_some(message)
    }
}

impl World {
    /// What the entry of this number stands for has come, for somebody in another process.
    pub(super) fn go(&mut self, plan: &Plan, number: u64, at: Time) -> bool {
        let Some((due, entry)) = self.agenda.release(number, at) else { return false };
        let Scheduled::Leave(id) = entry else {
            self.perform_late(plan, at, due, entry);
            return true;
        };
        self.now = at;
        if self.passes_link(id) {
            let traveller = Traveller::new(0, number, self.messages.get(id));
            self.errands.push(Errand::Carry(Box::new(traveller)));
            self.received(id);
        }
        true
    }

    /// The same, where both are in this world: it has left its link, and is on its way from one
    /// process to the other.
    pub(super) fn cross(&mut self, plan: &Plan, number: u64, to: InstanceId, at: Time) -> bool {
        let Some((due, entry)) = self.agenda.release(number, at) else { return false };
        let Scheduled::Leave(id) = entry else {
            self.perform_late(plan, at, due, entry);
            return true;
        };
        self.now = at;
        if self.passes_link(id) {
            // Whoever sent it knew less of how busy they are.
            if plan.model.instances.get(to.index()).map(|it| it.0)
                == Some(plan.service_of(self.messages.get(id).to))
            {
                self.messages.get_mut(id).to = to;
            }
            self.agenda.push(at, Scheduled::Land(id));
        }
        true
    }

    /// A message has come from another process.
    pub(super) fn brought(&mut self, plan: &Plan, traveller: &Traveller) -> bool {
        let Some(mut message) = traveller.message(&plan.model) else { return false };
        if let (Token::Caller { task, wait }, Role::Reply | Role::Failure) =
            (message.token, message.role)
        {
            // An answer to nobody, or to somebody who does not wait for one.
            let Some(state) = self.tasks.slots.get(task as usize) else { return false };
            let is_awaited =
                state.used && state.instance == message.to && state.phase == Phase::Calling;
            if state.wait == wait && !is_awaited {
                return false;
            }
        }
        message.since = self.now;
        let Message { role, link, attempt, .. } = message;
        let (event, event_type) = (message.event.id, message.event.event_type);
        self.counters.made[role as usize] += 1;
        let id = self.messages.insert(&message);
        let due = self.now;
        self.note(What::Sent { message: id, event, event_type, role, link, due, attempt });
        self.come_out(plan, id);
        true
    }

    /// Who has to do with an entry of the agenda; `None` for what is done on a schedule, and for
    /// what a broker of the world's own does.
    pub(super) fn whose(&self, entry: Scheduled) -> Option<ServiceId> {
        let plan = &self.plan;
        let of_task = |task: u32| self.tasks.slots[task as usize].service;
        match entry {
            Scheduled::Leave(id) | Scheduled::Vanish(id) => {
                let link = &plan.model.links[self.messages.get(id).link.index()];
                match (link.from, link.to) {
                    (Node::Service(service), _) | (_, Node::Service(service)) => Some(service),
                    _ => None,
                }
            }
            Scheduled::Land(id) => Some(plan.service_of(self.messages.get(id).to)),
            Scheduled::Resume { task, .. }
            | Scheduled::TimeOut { task, .. }
            | Scheduled::PlaceFree { task, .. }
            | Scheduled::Heartbeat { task, .. } => Some(of_task(task)),
            Scheduled::Arrival(service)
            | Scheduled::User(service)
            | Scheduled::OrderTick { service, .. } => Some(service),
            Scheduled::Timer { instance, .. }
            | Scheduled::CommitTick { instance, .. }
            | Scheduled::SessionEnds { instance, .. }
            | Scheduled::HeardAgain { instance, .. }
            | Scheduled::PollEnds { instance, .. }
            | Scheduled::Reconnect { instance, .. }
            | Scheduled::BatchDue { instance, .. }
            | Scheduled::ProducerTick { instance, .. } => Some(plan.service_of(instance)),
            Scheduled::TryAgain(id) => Some(plan.service_of(self.messages.get(id).to)),
            Scheduled::Rebalanced(group) => self.reader_of(group),
            Scheduled::OutboxTick(outbox) => Some(plan.model.outboxes[outbox.index()].service),
            Scheduled::TopicTick(_)
            | Scheduled::Replicated { .. }
            | Scheduled::FaultBegins(_)
            | Scheduled::FaultEnds(_)
            | Scheduled::Strike(_) => None,
        }
    }

    /// Whose group it is.
    #[must_use]
    pub fn reader_of(&self, group: GroupId) -> Option<ServiceId> {
        let reads = |it: &Service| it.consumes.iter().any(|consume| consume.group == group);
        let place = self.plan.model.services.iter().position(reads);
        place.map(ServiceId::from_index)
    }

    /// What is published is consumed in another process, and is the broker's from now on.
    pub(super) fn handed(&mut self, plan: &Plan, topic: TopicId, id: MessageId) -> bool {
        let Some(remote) = self.remote(topic) else { return false };
        if !remote.publishing.remove(&id) {
            return false;
        }
        let message = *self.messages.get(id);
        self.received(id);
        self.answer_stored(plan, topic, &message);
        true
    }
}

/// Where something was published: by which process, and which of its publishes it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which process, of those that share the run.
    pub part: u16,
    /// Which of its publishes, from 0.
    pub serial: u64,
    /// The link it came to its topic by.
    pub link: LinkId,
}
