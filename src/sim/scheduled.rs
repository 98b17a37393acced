//! What the agenda holds: each kind of thing that can be scheduled.

use crate::model::{
    FaultId, GroupId, HandlerId, InstanceId, MessageId, OutboxId, ServiceId, TopicId,
};

/// An entry of the agenda.
// With a tag as wide as what follows, an entry is copied by whole words that were stored whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Scheduled {
    /// A message leaves its link.
    Leave(MessageId),
    /// A message that has left its link comes from one process of a shared run to another.
    Land(MessageId),
    /// A message on a datagram link is lost.
    Vanish(MessageId),
    /// The time that a task let pass is over.
    Resume {
        /// The task.
        task: u32,
        /// Which of its waits.
        wait: u32,
    },
    /// The time that a task gave an answer is over.
    TimeOut {
        /// The task.
        task: u32,
        /// Which of its waits.
        wait: u32,
    },
    /// A call that waited outside its bulkhead has a place.
    PlaceFree {
        /// The task.
        task: u32,
        /// Which of its waits.
        wait: u32,
    },
    /// The next arrival of a workload.
    Arrival(ServiceId),
    /// A user of a closed workload has thought enough.
    User(ServiceId),
    /// A timer of an instance ticks.
    Timer {
        /// Whose.
        instance: InstanceId,
        /// Which handler.
        handler: HandlerId,
        /// The instance's incarnation it belongs to.
        incarnation: u32,
    },
    /// A queue topic has something to do.
    TopicTick(TopicId),
    /// A member commits what it has done.
    CommitTick {
        /// Whose.
        instance: InstanceId,
        /// Which of its service's subscriptions.
        place: u16,
        /// The instance's incarnation it belongs to.
        incarnation: u32,
    },
    /// A message of a log that failed is tried again.
    TryAgain(MessageId),
    /// A silent member's session has timed out, if it is still silent.
    SessionEnds {
        /// The group.
        group: GroupId,
        /// The member.
        instance: InstanceId,
        /// Which of its silences.
        silence: u32,
    },
    /// A member that fell silent is heard again.
    HeardAgain {
        /// Who.
        instance: InstanceId,
        /// Which of its service's subscriptions.
        place: u16,
        /// Which of its silences.
        silence: u32,
    },
    /// A member may have been busy too long with what it took at once.
    PollEnds {
        /// Who.
        instance: InstanceId,
        /// Which of its service's subscriptions.
        place: u16,
        /// The instance's incarnation it belongs to.
        incarnation: u32,
    },
    /// A member whose connection broke makes a new one.
    Reconnect {
        /// Who.
        instance: InstanceId,
        /// Which of its service's subscriptions.
        place: u16,
        /// The instance's incarnation whose connection broke.
        incarnation: u32,
    },
    /// What waits for a batch may have waited long enough.
    BatchDue {
        /// Where.
        instance: InstanceId,
        /// Which of its service's subscriptions.
        place: u16,
        /// The instance's incarnation it belongs to.
        incarnation: u32,
    },
    /// What waits in a re-ordering buffer may have waited long enough.
    OrderTick {
        /// Whose.
        service: ServiceId,
        /// Which of its subscriptions.
        place: u16,
    },
    /// A worker that has a delivery of a queue in hands tells the broker that it has.
    Heartbeat {
        /// The task.
        task: u32,
        /// Which delivery of the topic.
        lease: u32,
        /// The topic.
        topic: TopicId,
    },
    /// A rebalance is over.
    Rebalanced(GroupId),
    /// A producer's client may have something to do.
    ProducerTick {
        /// Whose.
        instance: InstanceId,
        /// Which of its service's producers.
        place: u16,
    },
    /// The followers of a log's leader have what was appended a while ago.
    Replicated {
        /// Which log.
        topic: TopicId,
        /// Which of its partitions.
        partition: u32,
    },
    /// The relay of an outbox looks.
    OutboxTick(OutboxId),
    /// A fault begins.
    FaultBegins(FaultId),
    /// A fault is mended.
    FaultEnds(FaultId),
    /// What was aimed at a message is done.
    Strike(FaultId),
}
