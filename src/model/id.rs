//! Names inside a run: small numbers that index the model's tables.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($int:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            /// The place in the table this id names.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of place `index`; panics past the id's range, which the reader of
            /// scenarios has excluded.
            #[must_use]
            pub fn from_index(index: usize) -> Self {
                Self(<$int>::try_from(index).expect("the reader bounds every table"))
            }
        }
    )*};
}

ids! {
    /// A service or a workload, in [`Model::services`](super::Model::services).
    ServiceId(u16);
    /// One running copy of a service, counted over all services.
    InstanceId(u32);
    /// A topic, in [`Model::topics`](super::Model::topics).
    TopicId(u16);
    /// A consumer group of a topic, in [`Model::groups`](super::Model::groups).
    GroupId(u16);
    /// A type of event, request or reply, in [`Model::event_types`](super::Model::event_types).
    EventTypeId(u16);
    /// A store, in [`Model::stores`](super::Model::stores).
    StoreId(u16);
    /// A directed pair of nodes that talk, in [`Model::links`](super::Model::links).
    LinkId(u32);
    /// A handler, in [`Model::handlers`](super::Model::handlers).
    HandlerId(u16);
    /// A circuit breaker, in [`Model::breakers`](super::Model::breakers).
    BreakerId(u16);
    /// A retry budget, in [`Model::budgets`](super::Model::budgets).
    BudgetId(u16);
    /// A bulkhead, in [`Model::bulkheads`](super::Model::bulkheads).
    BulkheadId(u16);
    /// An outbox, in [`Model::outboxes`](super::Model::outboxes).
    OutboxId(u16);
    /// A scheduled fault, in [`Model::faults`](super::Model::faults).
    FaultId(u16);
    /// A text that values use, in [`Model::texts`](super::Model::texts).
    TextId(u32);
    /// One copy of something travelling or waiting. Unique among the messages alive at an
    /// instant; used again afterwards.
    MessageId(u32);
}

/// What messages travel between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// A service or workload.
    Service(ServiceId),
    /// A topic, on its broker.
    Topic(TopicId),
}

/// The identity of an event: its producer and that producer's own count.
///
/// It is the same in every branch of a run, because neither part depends on what others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

impl EventId {
    const COUNT_BITS: u32 = 48;

    /// The `count`-th event (from 1) of `producer`.
    #[must_use]
    pub const fn new(producer: ServiceId, count: u64) -> Self {
        Self(((producer.0 as u64) << Self::COUNT_BITS) | (count & ((1 << Self::COUNT_BITS) - 1)))
    }

    /// Who produced it.
    #[must_use]
    pub const fn producer(self) -> ServiceId {
        ServiceId((self.0 >> Self::COUNT_BITS) as u16)
    }

    /// The producer's own count, from 1.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.0 & ((1 << Self::COUNT_BITS) - 1)
    }
}

impl fmt::Display for EventId {
    /// `#12`: the producer's count; the producer is named beside it where it matters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.count())
    }
}
