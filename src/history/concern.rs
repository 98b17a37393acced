//! What a record is about: which event, and at which service, topic or link it happens.

use crate::model::{
    EventId, FaultKind, InstanceId, LinkId, MessageId, Model, Node, Record, ServiceId, Setting,
    TopicId, What,
};

use super::scene::{Place, Scene};

/// Something whose records one goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An event: everything that its copies come through.
    Event(EventId),
    /// A service: what happens in its instances and stores, what it sends, and what is delivered
    /// to it.
    Service(ServiceId),
    /// A topic: likewise, with its groups.
    Topic(TopicId),
    /// A link: what enters and leaves it.
    Link(LinkId),
    /// Anomalies of whichever store.
    Anomalies,
}

/// A message as far as it matters here.
#[derive(Clone, Copy, Debug)]
struct Copy {
    event: EventId,
    /// The link it is on, or came by.
    link: Option<LinkId>,
    is_on_link: bool,
}

/// Tells of the records of a walk, one after the other, which are about a subject.
#[derive(Debug)]
pub struct Concern {
    subject: Subject,
    /// By [`MessageId`]. Messages that are no more are not removed: their places are used again.
    copies: Vec<Option<Copy>>,
    /// For whoever walks: the records of a step.
    pub(super) fresh: Vec<Record>,
}

impl Concern {
    /// For a walk that begins with this scene.
    #[must_use]
    pub fn new(subject: Subject, scene: &Scene) -> Self {
        let copies = scene.messages.iter().map(|it| {
            let it = it.as_ref()?;
            let is_on_link = it.place == Place::Link;
            Some(Copy { event: it.event, link: it.link, is_on_link })
        });
        Self { subject, copies: copies.collect(), fresh: Vec::new() }
    }

    /// Takes in the next record, and says whether it is about the subject.
    pub fn holds(&mut self, record: &Record, model: &Model) -> bool {
        let what = &record.what;
        let before = message_of(what).and_then(|it| self.copy(it));
        self.follow(what);
        match self.subject {
            Subject::Anomalies => matches!(what, What::Anomaly { .. }),
            Subject::Event(event) => {
                let made = message_of(what).and_then(|it| self.copy(it));
                event_of(what).or(made.or(before).map(|it| it.event)) == Some(event)
            }
            Subject::Link(link) => match what {
                What::Sent { link: on, .. } => *on == link,
                What::FaultBegan { fault } | What::FaultEnded { fault } => {
                    let kind = model.faults.get(fault.index()).map(|it| &it.kind);
                    kind.is_some_and(|kind| is_of_link(kind, link))
                }
                _ => before.is_some_and(|it| it.is_on_link && it.link == Some(link)),
            },
            Subject::Service(service) => is_at(what, before, Node::Service(service), model),
            Subject::Topic(topic) => is_at(what, before, Node::Topic(topic), model),
        }
    }

    fn copy(&self, id: MessageId) -> Option<Copy> {
        *self.copies.get(id.index())?
    }

    /// Keeps what is known of messages.
    fn follow(&mut self, what: &What) {
        let copy = match *what {
            What::Arrived { event, .. } => Copy { event, link: None, is_on_link: false },
            What::Retried { event, link, .. } | What::AckForgotten { event, link, .. } => {
                Copy { event, link: Some(link), is_on_link: false }
            }
            What::Sent { event, link, .. } => Copy { event, link: Some(link), is_on_link: true },
            What::Rescheduled { .. } => return,
            _ => {
                let Some(id) = message_of(what) else { return };
                if let Some(Some(it)) = self.copies.get_mut(id.index()) {
                    it.is_on_link = false;
                }
                return;
            }
        };
        let Some(id) = message_of(what) else { return };
        if id.index() >= self.copies.len() {
            self.copies.resize(id.index() + 1, None);
        }
        self.copies[id.index()] = Some(copy);
    }
}

/// The message that a record speaks of.
const fn message_of(what: &What) -> Option<MessageId> {
    match *what {
        What::Arrived { message, .. }
        | What::Retried { message, .. }
        | What::Sent { message, .. }
        | What::Rescheduled { message, .. }
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
        | What::AckForgotten { message, .. }
        | What::Skipped { message, .. }
        | What::CallRefused { message, .. } => Some(message),
        _ => None,
    }
}

/// The event that a record names itself.
const fn event_of(what: &What) -> Option<EventId> {
    match *what {
        What::Arrived { event, .. }
        | What::Retried { event, .. }
        | What::Sent { event, .. }
        | What::Unconfirmed { event, .. }
        | What::Outboxed { event, .. }
        | What::Relayed { event, .. }
        | What::Anomaly { event, .. }
        | What::AckForgotten { event, .. } => Some(event),
        _ => None,
    }
}

/// The instance that a record is about. A lease is made by its topic.
const fn instance_of(what: &What) -> Option<InstanceId> {
    match *what {
        What::Arrived { instance, .. }
        | What::Retried { instance, .. }
        | What::Blocked { instance, .. }
        | What::Queued { instance, .. }
        | What::Started { instance, .. }
        | What::PhaseChanged { instance, .. }
        | What::Finished { instance, .. }
        | What::Unconfirmed { instance, .. }
        | What::CommitRefused { instance, .. }
        | What::Up { instance }
        | What::Down { instance }
        | What::Skipped { instance, .. }
        | What::Breaker { instance, .. }
        | What::CallRefused { instance, .. } => Some(instance),
        What::Assigned { instance, .. } => instance,
        _ => None,
    }
}

/// Whether a record is about what happens at a node.
fn is_at(what: &What, before: Option<Copy>, node: Node, model: &Model) -> bool {
    let service_of = |it: InstanceId| Node::Service(model.instances[it.index()].0);
    if instance_of(what).is_some_and(|it| service_of(it) == node) {
        return true;
    }
    match *what {
        What::Sent { link, .. } => model.links[link.index()].from == node,
        What::Received { .. } | What::Dropped { .. } => {
            let link = before.and_then(|it| it.link);
            link.is_some_and(|it| model.links[it.index()].to == node)
        }
        What::Appended { topic, .. }
        | What::Truncated { topic, .. }
        | What::Trimmed { topic, .. }
        | What::Compacted { topic, .. }
        | What::Enqueued { topic, .. }
        | What::Leased { topic, .. }
        | What::Settled { topic, .. }
        | What::Unconfirmed { topic, .. }
        | What::AckForgotten { topic, .. } => Node::Topic(topic) == node,
        What::FellOff { group, .. }
        | What::Committed { group, .. }
        | What::CommitRefused { group, .. }
        | What::Assigned { group, .. } => Node::Topic(model.groups[group.index()].topic) == node,
        What::Outboxed { outbox, .. } | What::Relayed { outbox, .. } => {
            Node::Service(model.outboxes[outbox.index()].service) == node
        }
        What::Stored { store, .. } | What::Anomaly { store, .. } => {
            Node::Service(model.stores[store.index()].service) == node
        }
        What::FaultBegan { fault } | What::FaultEnded { fault } => {
            let kind = model.faults.get(fault.index()).map(|it| &it.kind);
            kind.is_some_and(|kind| is_of_node(kind, node, model))
        }
        _ => false,
    }
}

fn is_of_link(kind: &FaultKind, link: LinkId) -> bool {
    match kind {
        FaultKind::Cut { links, .. }
        | FaultKind::Loss { links, .. }
        | FaultKind::Delay { links, .. }
        | FaultKind::Duplicate { links, .. }
        | FaultKind::Set(Setting::Latency { links, .. } | Setting::Bandwidth { links, .. }) => {
            links.contains(&link)
        }
        FaultKind::Strike(strike) => strike.link == link,
        _ => false,
    }
}

fn is_of_node(kind: &FaultKind, node: Node, model: &Model) -> bool {
    match *kind {
        FaultKind::Crash { service, .. } | FaultKind::Slow { service, .. } => {
            Node::Service(service) == node
        }
        FaultKind::Disconnect { service, topic, .. } => {
            Node::Service(service) == node || Node::Topic(topic) == node
        }
        FaultKind::Replay { group, .. } => Node::Topic(model.groups[group.index()].topic) == node,
        FaultKind::Outage { topic, .. } | FaultKind::LeaderLoss { topic } => {
            Node::Topic(topic) == node
        }
        FaultKind::Purge { topic } => Node::Topic(topic) == node,
        FaultKind::FailNext { service, .. } => Node::Service(service) == node,
        FaultKind::Set(ref setting) => is_set_of(setting, node),
        FaultKind::Cut { .. }
        | FaultKind::Loss { .. }
        | FaultKind::Delay { .. }
        | FaultKind::Duplicate { .. }
        | FaultKind::Strike(_) => false,
    }
}

fn is_set_of(setting: &Setting, node: Node) -> bool {
    match *setting {
        Setting::Instances { service, .. }
        | Setting::Workers { service, .. }
        | Setting::Clock { service, .. } => Node::Service(service) == node,
        Setting::Strategy { service, topic, .. } | Setting::Prefetch { service, topic, .. } => {
            Node::Service(service) == node || Node::Topic(topic) == node
        }
        Setting::AckWait { topic, .. } | Setting::MaxDeliveries { topic, .. } => {
            Node::Topic(topic) == node
        }
        Setting::Latency { .. } | Setting::Bandwidth { .. } => false,
    }
}
