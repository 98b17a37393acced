//! Services and workloads: who does the work, with how many hands, and what they believe.

use super::{
    AckTiming, BreakerId, BudgetId, BulkheadId, Commit, Distribution, EventTypeId, FieldKind,
    GroupId, HandlerId, Idempotency, InstanceId, OutboxId, Publishes, ServiceId, Span, StoreId,
    Strategy, Time, TopicId,
};

/// A service; or a workload, which is a service that starts its own work.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// How its work starts, if it is a workload. A workload has one instance and as many
    /// workers as it has work.
    pub workload: Option<Workload>,
    /// How many instances; at least 1.
    pub instances: u32,
    /// The id of its first instance; the others follow, but for those in `added`.
    pub first_instance: InstanceId,
    /// The last of its instances, if they were added while the run went on.
    pub added: Vec<InstanceId>,
    /// Workers of each instance; `None` for as many as there is work.
    pub workers: Option<u32>,
    /// How many messages may wait for a worker, in each instance; `None` for no limit.
    pub queue_capacity: Option<u32>,
    /// What becomes of a message that finds the queue full.
    pub full: Full,
    /// Who of those that wait is next.
    pub queue_order: InboundOrder,
    /// How calls are spread over the instances.
    pub balance: Balance,
    /// Whether its instances run from the start.
    pub starts_up: bool,
    /// Everything it handles: arrivals, requests, events, timers.
    pub handlers: Vec<HandlerId>,
    /// What it consumes.
    pub consumes: Vec<Consume>,
    /// The topics it publishes to and hears of what becomes of it.
    pub publishes: Vec<Publishes>,
    /// What it believes.
    pub stores: Vec<StoreId>,
    /// What it is going to publish.
    pub outboxes: Vec<OutboxId>,
    /// The circuit breakers its calls share.
    pub breakers: Vec<BreakerId>,
    /// The retry budgets its calls share.
    pub budgets: Vec<BudgetId>,
    /// The bulkheads its calls share.
    pub bulkheads: Vec<BulkheadId>,
    /// Whether and how it remembers what it answered.
    pub idempotency: Option<Idempotency>,
}

/// What becomes of a message that finds an inbound queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// It waits outside, unanswered, until there is room.
    Block,
    /// Its sender is told at once.
    Reject,
    /// It is dropped, and nobody is told.
    Drop,
}

/// Who of those that wait in an inbound queue is next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InboundOrder {
    /// The one that came first.
    #[default]
    Fifo,
    /// The one that came last: under overload some are answered in time, where first come first
    /// served answers all of them late (B. Maurer, "Fail at Scale", ACM Queue 2015: adaptive
    /// LIFO).
    Lifo,
}

/// How requests are spread over instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// In turn, leaving out those that are down. Each service that calls has turns of its own, as a
    /// client that balances by itself (gRPC's `round_robin`).
    RoundRobin,
    /// To the one with the least in progress and waiting; the first of equals.
    LeastLoaded,
    /// By drawing lots.
    Random,
}

/// How a workload starts work.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// When work arrives.
    pub arrivals: Arrivals,
    /// The event that each arrival is made of.
    pub event: EventTypeId,
    /// What each arrival does.
    pub handler: HandlerId,
    /// No arrival before this.
    pub from: Time,
    /// No arrival from this instant on.
    pub until: Time,
    /// At most this many arrivals.
    pub at_most: u64,
}

/// When work arrives.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Independently of what becomes of it, with these gaps in ns. Exponential gaps are a
    /// Poisson stream.
    Open(Distribution),
    /// A Poisson stream whose rate (per second) changes at these instants.
    Rates(Vec<(Time, f64)>),
    /// `size` arrivals, spread evenly over `within`, once every `every`.
    Bursts {
        /// How many in a burst.
        size: u32,
        /// From one burst's begin to the next.
        every: Span,
        /// How long a burst lasts.
        within: Span,
    },
    /// At these instants, in order.
    At(Vec<Time>),
    /// So many users, each of which thinks (ns) and then waits for what it asked for.
    Closed {
        /// How many users.
        users: u32,
        /// The time a user thinks before each piece of work.
        think: Distribution,
    },
}

/// A service's subscription to a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Consume {
    /// The group it consumes as.
    pub group: GroupId,
    /// The group's topic.
    pub topic: TopicId,
    /// How many messages each instance holds that it has not finished: RabbitMQ's prefetch,
    /// JetStream's max ack pending of one client, Kafka's read-ahead.
    pub prefetch: u32,
    /// When it says that a message is done.
    pub ack: AckTiming,
    /// When it commits (logs only).
    pub commit: Commit,
    /// Whether a handler that failed hands the message back (after so long) or gives it up
    /// to the dead letters (queues only).
    pub on_failure: OnFailure,
    /// What it does against duplicates, disorder and failures.
    pub strategy: Strategy,
    /// How often it tells the broker of what a worker has in hands that it is still being worked
    /// on, so that its lease runs anew (JetStream `+WPI`, SQS `ChangeMessageVisibility`); `None`
    /// for never (queues only).
    pub heartbeat: Option<Span>,
}

impl Consume {
    /// What is done with a message whose handler failed for the last time.
    #[must_use]
    pub const fn in_the_end(&self) -> OnFailure {
        if self.strategy.retries.is_some() { OnFailure::GiveUp } else { self.on_failure }
    }
}

/// What a consumer does with a message whose handler failed. On a log there is no negative
/// ack: the consumer can only try again or go past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Queue: nack, to be delivered again after this long. Log: try again after this long.
    Retry(Span),
    /// Queue: reject, to the dead letters. Log: go past it.
    GiveUp,
    /// Queue: say nothing; it is delivered again when its ack wait is over (as SQS consumers
    /// do). Not for logs.
    LetExpire,
}

/// What a service keeps, and each of its instances shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Store {
    /// Its name, unique in its service.
    pub name: String,
    /// Whose it is.
    pub service: ServiceId,
    /// What it keeps.
    pub kind: StoreKind,
    /// What its keys are, if it is kept per key.
    pub key: Option<FieldKind>,
    /// What its values are.
    pub value: FieldKind,
    /// Whether it outlives a crash of the whole service.
    pub durable: bool,
    /// The topic whose events it is a projection of, if it is one: it should hold the fold of
    /// them in the order of their publication, each once.
    pub projection_of: Option<TopicId>,
}

/// The shapes of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// How often (per key).
    Counter,
    /// How much (per key).
    Sum,
    /// The last value (per key).
    Last,
    /// The last value (per key) that came with the highest version; a lower one is stale.
    LastVersion,
    /// Which keys there are.
    Set,
    /// Everything that was appended; how many there are is its value.
    Log,
}
