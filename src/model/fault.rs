//! Faults on a schedule: what breaks, when, and for how long; and what else is done on the same
//! schedule.

use super::{
    Act, Deed, Distribution, EventTypeId, GroupId, LinkId, Position, ServiceId, Setting, Span,
    Time, TopicId,
};

/// Something that breaks at an instant, and is mended some time later or never.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When it begins.
    pub at: Time,
    /// How long it lasts; `None` until the end of the run.
    pub lasts: Option<Span>,
    /// What breaks.
    pub kind: FaultKind,
}

/// What can break.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// A service, or one instance of it, crashes: what it held in memory is gone. Mended, it
    /// starts again, empty.
    Crash {
        /// Whose.
        service: ServiceId,
        /// Which instance, from 0; `None` for all.
        instance: Option<u32>,
    },
    /// A service works this many times as slowly (work that begins while the fault lasts).
    Slow {
        /// Whose.
        service: ServiceId,
        /// The factor; above 1 is slower.
        factor: f64,
    },
    /// Nothing passes these links.
    Cut {
        /// Which.
        links: Vec<LinkId>,
        /// Whether what is in flight and what is sent waits until it is mended, or is lost.
        hold: bool,
    },
    /// Messages on these links are lost with this probability (a stream retransmits).
    Loss {
        /// Which.
        links: Vec<LinkId>,
        /// Instead of the link's own.
        probability: f64,
    },
    /// Messages on these links take this much longer (ns).
    Delay {
        /// Which.
        links: Vec<LinkId>,
        /// How much.
        extra: Distribution,
        /// Whether each message is delayed for itself, so that they overtake one another even
        /// on a stream.
        reorder: bool,
    },
    /// Messages on these links arrive twice with this probability.
    Duplicate {
        /// Which.
        links: Vec<LinkId>,
        /// Instead of the link's own.
        probability: f64,
    },
    /// A group of a log is set back (or forward) to another position, and reads on from there:
    /// a replay. Not a fault, but done on the same schedule; it is over at once.
    Replay {
        /// Which group.
        group: GroupId,
        /// To where, in each partition.
        to: Position,
    },
    /// The connection of a service (or of one of its instances) to the broker of a queue is
    /// lost, and the service works on. Mended, its client connects again.
    Disconnect {
        /// Whose.
        service: ServiceId,
        /// Which instance, from 0; `None` for all.
        instance: Option<u32>,
        /// The queue.
        topic: TopicId,
    },
    /// The broker of this topic answers nobody: what is sent to it waits on its links, and it
    /// delivers nothing. What it holds is durable.
    Outage {
        /// Which.
        topic: TopicId,
        /// Acks of a queue that came so shortly before are forgotten, as by a process that is
        /// killed before it has written them down: a `nats-server` 2.9.10 that was killed 50 ms
        /// after an ack had forgotten it, and 300 ms after had not.
        forgets: Span,
    },
    /// The leader of a log is lost, and with it what its followers did not have yet; until one
    /// of them is elected nobody is answered.
    LeaderLoss {
        /// Of which log.
        topic: TopicId,
    },
    /// Something is done to one message as it sets out. It is over then.
    Strike(Strike),
    /// Something is set otherwise from then on; as everything that follows, it is no fault, but is
    /// done on the same schedule, and is over at once.
    Set(Setting),
    /// Everything that a topic holds is deleted, as by [`Act::Purge`].
    Purge {
        /// Which.
        topic: TopicId,
    },
    /// The next handlers that a service begins fail at once, as by [`Act::FailNext`].
    FailNext {
        /// Whose.
        service: ServiceId,
        /// How many.
        count: u32,
    },
}

/// What is done to one message, and to which: of those that carry an event of a type and set out on
/// a link from an instant on, the so-manieth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strike {
    /// On which link.
    pub link: LinkId,
    /// Of which type the event is.
    pub event_type: EventTypeId,
    /// The how-manieth, from 1.
    pub nth: u32,
    /// What is done. A swap is made when the next message sets out on the link, if this one is
    /// still on it.
    pub deed: Deed,
}

impl Fault {
    /// The same as a person would do it.
    #[must_use]
    pub fn act(&self) -> Act {
        match &self.kind {
            FaultKind::Set(setting) => Act::Set(setting.clone()),
            FaultKind::Purge { topic } => Act::Purge { topic: *topic },
            FaultKind::FailNext { service, count } => {
                Act::FailNext { service: *service, count: *count }
            }
            kind => Act::Break { kind: kind.clone(), lasts: self.lasts },
        }
    }
}

impl FaultKind {
    /// Whether it is done at an instant, and over then.
    #[must_use]
    pub const fn is_momentary(&self) -> bool {
        matches!(
            self,
            Self::Replay { .. }
                | Self::Strike(_)
                | Self::Set(_)
                | Self::Purge { .. }
                | Self::FailNext { .. }
        )
    }

    /// Whether it breaks what another breaks in the same way, however hard: what is mended is every
    /// fault like the one that is named. Of links one in common is enough; a fault of one instance
    /// is like one that names none.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let meet = |one: &[LinkId], two: &[LinkId]| one.iter().any(|it| two.contains(it));
        match (self, other) {
            (Self::Crash { service, instance }, Self::Crash { service: of, instance: number }) => {
                service == of && (number.is_none() || instance == number)
            }
            (Self::Slow { service, .. }, Self::Slow { service: of, .. }) => service == of,
            (Self::Cut { links, .. }, Self::Cut { links: of, .. })
            | (Self::Loss { links, .. }, Self::Loss { links: of, .. })
            | (Self::Delay { links, .. }, Self::Delay { links: of, .. })
            | (Self::Duplicate { links, .. }, Self::Duplicate { links: of, .. }) => meet(links, of),
            (Self::Replay { group, .. }, Self::Replay { group: of, .. }) => group == of,
            (
                Self::Disconnect { service, instance, topic },
                Self::Disconnect { service: of, instance: number, topic: from },
            ) => (service, topic) == (of, from) && (number.is_none() || instance == number),
            (Self::Outage { topic, .. }, Self::Outage { topic: of, .. })
            | (Self::LeaderLoss { topic }, Self::LeaderLoss { topic: of }) => topic == of,
            _ => false,
        }
    }
}
