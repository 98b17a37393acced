//! The record: one line of history. Records are all that leaves a run.
//!
//! A record says what *became* so at an instant; a scene is the fold of records. Ids in it
//! index the model's tables.

use super::{
    AnomalyKind, BreakerId, EventId, EventTypeId, FaultId, GroupId, Guard, InstanceId, LinkId,
    MessageId, OutboxId, Skip, StoreId, Time, TopicId,
};

/// One line of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When.
    pub at: Time,
    /// What became so.
    pub what: What,
}

/// What a record can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A new message came to be where it was made: an arrival of a workload, or the tick of a
    /// service's timer. It waits in, or is in the hands of, its own instance.
    Arrived {
        /// The message.
        message: MessageId,
        /// What it carries.
        event: EventId,
        /// Of which type.
        event_type: EventTypeId,
        /// Where.
        instance: InstanceId,
    },
    /// A delivery that failed will be tried again by its consumer, which keeps it, as this message.
    Retried {
        /// The message from now on.
        message: MessageId,
        /// What it carries.
        event: EventId,
        /// Of which type.
        event_type: EventTypeId,
        /// The link it came by.
        link: LinkId,
        /// Who keeps it.
        instance: InstanceId,
        /// Which attempt comes next.
        attempt: u16,
    },
    /// A new message entered a link.
    Sent {
        /// The message.
        message: MessageId,
        /// What it carries (for an ack or a commit: what it is about).
        event: EventId,
        /// Of which type.
        event_type: EventTypeId,
        /// What it is for.
        role: Role,
        /// The link it is on.
        link: LinkId,
        /// When it will leave the link; [`Time::MAX`] while a cut link holds it.
        due: Time,
        /// Which attempt: 1, or more for a retry or a redelivery.
        attempt: u16,
    },
    /// A message on a link will leave it at another time than was said.
    Rescheduled {
        /// The message.
        message: MessageId,
        /// When it will leave the link; [`Time::MAX`] while a cut link holds it.
        due: Time,
    },
    /// A message left its link and stands outside a full inbound queue.
    Blocked {
        /// The message.
        message: MessageId,
        /// Outside whose queue.
        instance: InstanceId,
    },
    /// A message is in an inbound queue.
    Queued {
        /// The message.
        message: MessageId,
        /// In whose queue.
        instance: InstanceId,
    },
    /// A worker took the message up.
    Started {
        /// The message.
        message: MessageId,
        /// Whose worker.
        instance: InstanceId,
    },
    /// The worker that has the message is busy in another way than before.
    PhaseChanged {
        /// The message.
        message: MessageId,
        /// Whose worker.
        instance: InstanceId,
        /// What it does now.
        phase: Phase,
    },
    /// The handler came to its end; its worker is free and the message is no more.
    Finished {
        /// The message.
        message: MessageId,
        /// Whose worker.
        instance: InstanceId,
        /// How it ended.
        outcome: Outcome,
    },
    /// A reply, ack, nack, commit, fetch or confirm left its link and had its effect; it is no more.
    Received {
        /// The message.
        message: MessageId,
    },
    /// A message is no more, and did not do what it was sent for.
    Dropped {
        /// The message.
        message: MessageId,
        /// Why.
        reason: DropReason,
    },
    /// A published message is in a log; as a message it is no more.
    Appended {
        /// The message.
        message: MessageId,
        /// In which topic.
        topic: TopicId,
        /// In which of its partitions.
        partition: u32,
        /// Where in the partition.
        offset: u64,
    },
    /// The newest events of a partition were lost with its leader: its followers did not have
    /// them.
    Truncated {
        /// In which topic.
        topic: TopicId,
        /// In which of its partitions.
        partition: u32,
        /// The offset that the next event gets.
        end: u64,
    },
    /// A producer has stopped waiting for the confirm of an event, which may be in its topic all
    /// the same.
    Unconfirmed {
        /// Whose producer.
        instance: InstanceId,
        /// To where it published.
        topic: TopicId,
        /// What.
        event: EventId,
        /// Of which type.
        event_type: EventTypeId,
        /// Why.
        why: Unconfirmed,
    },
    /// An event was written into an outbox.
    Outboxed {
        /// Which.
        outbox: OutboxId,
        /// What.
        event: EventId,
        /// Of which type.
        event_type: EventTypeId,
    },
    /// The oldest event of an outbox was confirmed by its topic: it is published.
    Relayed {
        /// Which outbox.
        outbox: OutboxId,
        /// What.
        event: EventId,
    },
    /// The oldest events of a partition were deleted.
    Trimmed {
        /// In which topic.
        topic: TopicId,
        /// In which of its partitions.
        partition: u32,
        /// The oldest offset that is left.
        start: u64,
    },
    /// An event of a log was removed because a later one has its key, or because it is a
    /// tombstone whose time is over; its offset is a hole.
    Compacted {
        /// In which topic.
        topic: TopicId,
        /// In which of its partitions.
        partition: u32,
        /// Which offset.
        offset: u64,
    },
    /// A group was so far behind that events it had not read were deleted: they fell off the
    /// log, and it reads on behind them.
    FellOff {
        /// Which group.
        group: GroupId,
        /// In which partition.
        partition: u32,
        /// How many it will never see.
        events: u64,
    },
    /// A published message waits in a queue topic.
    Enqueued {
        /// The message.
        message: MessageId,
        /// In which topic.
        topic: TopicId,
    },
    /// A message of a queue topic was handed to a consumer and is invisible to the others; the
    /// copy that travels follows as [`What::Sent`].
    Leased {
        /// The message that stays in the topic.
        message: MessageId,
        /// The topic.
        topic: TopicId,
        /// To whom.
        instance: InstanceId,
        /// Which delivery of it this is, from 1.
        delivery: u16,
    },
    /// A message of a queue topic that was leased or waiting is so no longer.
    Settled {
        /// The message that was in the topic.
        message: MessageId,
        /// The topic.
        topic: TopicId,
        /// What became of it.
        how: Settlement,
    },
    /// A group of a log has done with everything before this offset.
    Committed {
        /// Which group.
        group: GroupId,
        /// In which partition.
        partition: u32,
        /// The next offset to be read.
        offset: u64,
    },
    /// A member that was no longer one, or not yet again, wanted to commit, and may not (Kafka
    /// `ILLEGAL_GENERATION`): what it has done will be done once more.
    CommitRefused {
        /// Which group.
        group: GroupId,
        /// In which partition.
        partition: u32,
        /// Who.
        instance: InstanceId,
    },
    /// A partition of a log has another reader in this group, or none.
    Assigned {
        /// Which group.
        group: GroupId,
        /// Which partition.
        partition: u32,
        /// Who reads it.
        instance: Option<InstanceId>,
    },
    /// An instance runs.
    Up {
        /// Which.
        instance: InstanceId,
    },
    /// An instance does not run; what it held in memory is gone (each message with a
    /// [`What::Dropped`] of its own, before this).
    Down {
        /// Which.
        instance: InstanceId,
    },
    /// A store holds another value under a key.
    Stored {
        /// Which store.
        store: StoreId,
        /// The key, as [`Value::to_bits`](super::Value::to_bits); 0 where the store has none.
        key: u64,
        /// The new value, likewise; for a set 1 for "is in" and 0 for "is not in".
        value: u64,
    },
    /// A projection should hold another value under a key: an event was published, and this is
    /// the fold of all that were, in order, each once.
    ShouldHold {
        /// Which store.
        store: StoreId,
        /// The key, as in [`What::Stored`].
        key: u64,
        /// The value it should have, likewise.
        value: u64,
    },
    /// A projection and what it should hold part, or may never meet, for this reason.
    Anomaly {
        /// Which store.
        store: StoreId,
        /// The event that it comes of.
        event: EventId,
        /// What went wrong.
        kind: AnomalyKind,
    },
    /// A queue topic has forgotten that a message was acked, and it waits again, as this message.
    AckForgotten {
        /// The message from now on.
        message: MessageId,
        /// What it carries.
        event: EventId,
        /// Of which type.
        event_type: EventTypeId,
        /// The link it came by.
        link: LinkId,
        /// Which attempt it was.
        attempt: u16,
        /// The topic.
        topic: TopicId,
    },
    /// A consumer's strategy let a message pass without handling it: as far as the broker is
    /// told it is done. As a message it is no more.
    Skipped {
        /// The message.
        message: MessageId,
        /// Whose.
        instance: InstanceId,
        /// Why.
        why: Skip,
    },
    /// A circuit breaker of an instance changed its state.
    Breaker {
        /// Which.
        breaker: BreakerId,
        /// Whose.
        instance: InstanceId,
        /// To what.
        state: BreakerState,
    },
    /// A call was not made, or not made again.
    CallRefused {
        /// What the caller handles.
        message: MessageId,
        /// The caller.
        instance: InstanceId,
        /// What kept it from being made.
        by: Guard,
    },
    /// A scheduled fault began.
    FaultBegan {
        /// Which.
        fault: FaultId,
    },
    /// A scheduled fault was mended.
    FaultEnded {
        /// Which.
        fault: FaultId,
    },
    /// A person intervened; what it led to follows.
    Intervened {
        /// Which of the interventions of the run's script, from 0.
        number: u32,
        /// Whether there was something that it could be done to.
        took: bool,
    },
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// An arrival or a tick; it never travels.
    Arrival,
    /// From a caller to a service, to be answered.
    Request,
    /// From a service to its caller: the answer.
    Reply,
    /// From a service to its caller: there will be no answer.
    Failure,
    /// From one service to another, not to be answered.
    OneWay,
    /// From a producer to a topic.
    Publish,
    /// From a topic to a consumer.
    Delivery,
    /// From a consumer to a queue topic: done.
    Ack,
    /// From a consumer to a queue topic: not done.
    Nack,
    /// From a consumer to a log topic: done up to here.
    Commit,
    /// From a consumer to a log topic: ready for more.
    Fetch,
    /// From a consumer to a queue topic: still being worked on.
    Progress,
    /// From a topic to a producer: it is there.
    Confirm,
    /// From a topic to a producer: it is not there.
    Refusal,
}

impl Role {
    /// Every role, in the order of their numbers.
    pub const ALL: [Self; 14] = [
        Self::Arrival,
        Self::Request,
        Self::Reply,
        Self::Failure,
        Self::OneWay,
        Self::Publish,
        Self::Delivery,
        Self::Ack,
        Self::Nack,
        Self::Commit,
        Self::Fetch,
        Self::Progress,
        Self::Confirm,
        Self::Refusal,
    ];

    /// In a word, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Failure => "failure",
            Self::OneWay => "one-way",
            Self::Publish => "publish",
            Self::Delivery => "delivery",
            Self::Ack => "ack",
            Self::Nack => "nack",
            Self::Progress => "in progress",
            Self::Commit => "commit",
            Self::Fetch => "fetch",
            Self::Confirm => "confirm",
            Self::Refusal => "refusal",
        }
    }
}

/// How a worker is busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// It works.
    Working,
    /// It waits for an answer.
    Calling,
    /// It lets time pass, or waits to be told something.
    Waiting,
}

impl Phase {
    /// Every phase, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Working, Self::Calling, Self::Waiting];
}

/// How a handler came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// As intended.
    Done,
    /// By a step `Fail`.
    Failed,
    /// A call it made was answered with a failure, or was refused by its breaker.
    CallFailed,
    /// A call it made was not answered in time.
    TimedOut,
    /// What it waited to be told did not come in time, or a poll was given up.
    NeverTold,
    /// No handler ran: the request had been answered before, and was answered from memory.
    Remembered,
    /// No handler ran: the same request was being worked on.
    Conflict,
    /// What it published was not confirmed.
    Unconfirmed,
}

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::CallFailed,
        Self::TimedOut,
        Self::NeverTold,
        Self::Remembered,
        Self::Conflict,
        Self::Unconfirmed,
    ];

    /// In a few words, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::CallFailed => "call failed",
            Self::TimedOut => "timed out",
            Self::NeverTold => "never told",
            Self::Remembered => "answered from memory",
            Self::Conflict => "conflict",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// Why a message is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DropReason {
    /// Its datagram was lost.
    Lost,
    /// Its link was cut.
    LinkCut,
    /// The queue it came to was full, and drops.
    QueueFull,
    /// The queue it came to was full, and its sender was told.
    Rejected,
    /// Nobody was there to take it.
    Refused,
    /// Whoever held it crashed.
    Crashed,
    /// It answers a question that nobody asks any more.
    Late,
    /// Its topic had accepted the same event already.
    Duplicate,
    /// Whoever got it has no handler for it.
    Unhandled,
    /// It belonged to a connection or an assignment that is no more.
    Stale,
    /// What its producer sent before it is not there yet.
    OutOfOrder,
    /// Its topic was purged.
    Purged,
}

impl DropReason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Lost,
        Self::LinkCut,
        Self::QueueFull,
        Self::Rejected,
        Self::Refused,
        Self::Crashed,
        Self::Late,
        Self::Duplicate,
        Self::Unhandled,
        Self::Stale,
        Self::OutOfOrder,
        Self::Purged,
    ];

    /// In a few words, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::LinkCut => "link cut",
            Self::QueueFull => "queue full",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Crashed => "crashed",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
            Self::Unhandled => "unhandled",
            Self::Stale => "stale",
            Self::OutOfOrder => "out of order",
            Self::Purged => "purged",
        }
    }
}

/// Why a producer has stopped waiting for a confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Unconfirmed {
    /// It was tried as often, or for as long, as it may be.
    GaveUp,
    /// The producer crashed.
    Forgotten,
}

impl Unconfirmed {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::GaveUp, Self::Forgotten];

    /// In a few words, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GaveUp => "given up",
            Self::Forgotten => "forgotten",
        }
    }
}

/// What became of a message in a queue topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Settlement {
    /// Acked: it is gone.
    Acked,
    /// It waits again, in front of those that were published later.
    Requeued,
    /// A dead letter: a consumer rejected it.
    Rejected,
    /// A dead letter: it was delivered as often as it may be.
    TooOften,
    /// A dead letter: it waited too long.
    Expired,
    /// A dead letter: the queue was full, and it was the oldest.
    Overflowed,
}

impl Settlement {
    /// Every way, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Acked,
        Self::Requeued,
        Self::Rejected,
        Self::TooOften,
        Self::Expired,
        Self::Overflowed,
    ];

    /// Every way to become a dead letter.
    pub const DEATHS: [Self; 4] = [Self::Rejected, Self::TooOften, Self::Expired, Self::Overflowed];

    /// Whether it makes a dead letter.
    #[must_use]
    pub const fn is_death(self) -> bool {
        !matches!(self, Self::Acked | Self::Requeued)
    }

    /// In a few words, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acked => "acked",
            Self::Requeued => "waits again",
            Self::Rejected => "rejected",
            Self::TooOften => "delivered too often",
            Self::Expired => "expired",
            Self::Overflowed => "queue overflowed",
        }
    }
}

/// The states of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls fail at once.
    Open,
    /// One call is under way to see whether it can be closed.
    HalfOpen,
}

impl BreakerState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];
}
