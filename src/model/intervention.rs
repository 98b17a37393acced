//! Interventions: what a person did to a run, as data. Together with the model and the seed they
//! say everything about a run.

use std::sync::Arc;

use super::{EventId, EventTypeId, FaultKind, LinkId, MessageId, Role, Span, Time, Value};

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
