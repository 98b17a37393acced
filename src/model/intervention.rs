//! Interventions: what a person did to a run, as data. Together with the model and the seed they
//! say everything about a run.

use std::sync::Arc;

use super::{
    Distribution, EventId, EventTypeId, FaultId, FaultKind, LinkId, MessageId, Role, ServiceId,
    Span, Strategy, Time, TopicId, Value,
};

/// Something a person did to a run at an instant, after all that happened then by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervention {
    /// When.
    pub at: Time,
    /// What.
    pub act: Act,
}

/// All that was done to a run, in the order of its instants: what makes one future another.
/// Shared, since everybody who speaks of a future names it.
pub type Script = Arc<[Intervention]>;

/// What a person can do to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Something to one copy of an event.
    Message {
        /// Which copy.
        copy: CopyRef,
        /// What.
        deed: Deed,
    },
    /// Something breaks, as if it had been on the schedule of faults.
    Break {
        /// What.
        kind: FaultKind,
        /// For how long; `None` until the end of the run.
        lasts: Option<Span>,
    },
    /// What is broken is mended: every fault that is on and is like this one
    /// ([`FaultKind::is_like`]), whoever broke it.
    Mend(FaultKind),
    /// Something is set otherwise from now on.
    Set(Setting),
    /// Everything that a topic holds is deleted, unread or not; what is delivered is not called
    /// back.
    Purge {
        /// Which.
        topic: TopicId,
    },
    /// The next handlers that a service begins fail at once.
    FailNext {
        /// Whose.
        service: ServiceId,
        /// How many.
        count: u32,
    },
    /// A fault of the schedule does not come; one that is on is mended now.
    Omit {
        /// Which.
        fault: FaultId,
    },
}

/// What can be set otherwise while a run goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// How many instances a service has. New ones start at once; those that are too many are
    /// killed, the newest first, and leave their groups at once.
    Instances {
        /// Whose.
        service: ServiceId,
        /// How many, at least one.
        instances: u32,
    },
    /// How many workers each instance of a service has; `None` for no limit. With none it takes
    /// nothing up, as a process that is stopped and not dead.
    Workers {
        /// Whose.
        service: ServiceId,
        /// How many.
        workers: Option<u32>,
    },
    /// How a service handles what it consumes from a topic.
    Strategy {
        /// Who.
        service: ServiceId,
        /// From where.
        topic: TopicId,
        /// How.
        strategy: Strategy,
    },
    /// How many messages of a topic a consumer may have at a time without an ack (of a log: read
    /// ahead).
    Prefetch {
        /// Who.
        service: ServiceId,
        /// Of which topic.
        topic: TopicId,
        /// How many, at least one.
        prefetch: u32,
    },
    /// How long a queue waits for an ack; `None` for ever. Leases that run go on as they were.
    AckWait {
        /// Which.
        topic: TopicId,
        /// How long.
        wait: Option<Span>,
    },
    /// How often a queue delivers a message before it is a dead letter; `None` for no limit.
    MaxDeliveries {
        /// Which.
        topic: TopicId,
        /// How often, at least once.
        most: Option<u32>,
    },
    /// How long messages take on links (ns).
    Latency {
        /// Which.
        links: Vec<LinkId>,
        /// How long.
        latency: Distribution,
    },
    /// How many bytes a second links take; `None` for no limit.
    Bandwidth {
        /// Which.
        links: Vec<LinkId>,
        /// How many.
        bandwidth: Option<f64>,
    },
    /// How far a service's clock is off: the time that its events say they were made at.
    Clock {
        /// Whose.
        service: ServiceId,
        /// By how much it is ahead, in ns; below zero it is behind.
        ahead: i64,
    },
}

/// What can be done to one copy of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// Another copy of it enters its link now. One that waits in a queue topic is published a
    /// second time.
    Duplicate,
    /// It leaves its link so much later; others may overtake it.
    Delay(Span),
    /// It is lost on its link.
    Drop,
    /// It and the next one on its link change places.
    Swap,
    /// The next thing that its receiver says of it (ack, nack, commit, reply, confirm) is lost.
    LoseAnswer,
    /// A queue topic takes it for a dead letter.
    Bury,
    /// This copy says something else from now on.
    Edit {
        /// In which field of its type.
        field: u8,
        /// What.
        value: Value,
    },
}

/// Names one copy of an event in a way that does not depend on what happened to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CopyRef {
    /// What it carries, or is about.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// What it is for.
    pub role: Role,
    /// The link it is on, or came by; `None` for an arrival.
    pub link: Option<LinkId>,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// Which of those of whom all this is true, by the places they have in the run's table
    /// ([`MessageId`]), from 0.
    pub number: u16,
}

impl CopyRef {
    /// The copy's message among those alive, given as (id, this reference with whatever number),
    /// in the order of their ids.
    pub fn resolve(self, alive: impl Iterator<Item = (MessageId, Self)>) -> Option<MessageId> {
        alive
            .filter(|&(_, it)| Self { number: self.number, ..it } == self)
            .nth(usize::from(self.number))
            .map(|(id, _)| id)
    }
}
