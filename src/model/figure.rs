//! Figures: what can be measured of a run, as data. How each is worked out is said, and done, in
//! `measure`.

use super::{AnomalyKind, GroupId, ServiceId, StoreId, TopicId, Value};

/// What is told of many lengths of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stat {
    /// Their mean.
    Mean,
    /// The one that half of them do not exceed.
    P50,
    /// The one that nine in ten do not exceed.
    P90,
    /// The one that 99 in 100 do not exceed.
    P99,
    /// The longest.
    Max,
}

impl Stat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Mean, Self::P50, Self::P90, Self::P99, Self::Max];

    /// As it is written: `p99`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P99 => "p99",
            Self::Max => "max",
        }
    }
}

/// What a figure's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A share, from 0 to 1.
    Share,
    /// So many a second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// A number of something.
    Count,
}

/// A figure of a run over a span of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// What a level is at the end of the span.
    Level(Level),
    /// Of the arrivals of a workload in the span: the time from an arrival until the caller is
    /// free again, s.
    Free(ServiceId, Stat),
    /// Of the arrivals of a workload in the span that came to their end as intended: the time from
    /// an arrival until its user knows so, s. Who is turned away at once would be the quickest:
    /// those are told of by [`Figure::Available`].
    Outcome(ServiceId, Stat),
    /// Of the arrivals of a workload in the span whose end is known: the share that was accepted.
    Accepted(ServiceId),
    /// Of the arrivals of a workload in the span whose end is known: the share that came to its
    /// end as intended.
    Available(ServiceId),
    /// Arrivals of a workload in the span whose end is not known when the run ends.
    Open(ServiceId),
    /// The time from when a request of one service to another is first sent until its answer is
    /// received, of those answered in the span, s.
    Request(ServiceId, ServiceId, Stat),
    /// Of messages that left a service in the span: the time from when they came, s.
    Response(ServiceId, Stat),
    /// Of messages that a worker of a service took up in the span: the time from when they came, s.
    Waiting(ServiceId, Stat),
    /// Messages that came to a service.
    Arrived(ServiceId),
    /// Handlers of a service that came to their end as intended.
    Completed(ServiceId),
    /// Handlers of a service that failed.
    Failed(ServiceId),
    /// Messages that found a service's queue full.
    Rejected(ServiceId),
    /// Messages that found nobody at a service, or were lost in its crash.
    Lost(ServiceId),
    /// Calls of a service that were not answered in time.
    TimedOut(ServiceId),
    /// Messages a second that came to a service.
    RateIn(ServiceId),
    /// Handlers a second of a service that came to their end as intended.
    RateOut(ServiceId),
    /// Busy workers over workers, averaged over time.
    Utilisation(ServiceId),
    /// Messages that wait for a worker of a service, averaged over time.
    MeanQueue(ServiceId),
    /// The most messages that waited for a worker of a service.
    MaxQueue(ServiceId),
    /// Messages that wait or are in hands at a service, averaged over time.
    MeanInSystem(ServiceId),
    /// Services and workloads that show errors or stop within the span.
    BlastRadius,
    /// The most that a group was behind.
    MaxLag(GroupId),
    /// How much a group is behind, averaged over time.
    MeanLag(GroupId),
    /// The time from the end of the span until a group is no further behind than it was before
    /// the span, s.
    Recovery(GroupId),
    /// Messages on links, averaged over time.
    MeanInFlight,
    /// The most messages on links.
    MaxInFlight,
    /// The consistency window: from the publication of an event until a projection has applied
    /// it, of those applied in the span; and of those not yet applied at its end (a hung consumer
    /// has applied all that it has applied quickly) how long they have waited so far, s.
    Window(StoreId, Stat),
    /// The share of the span in which a projection did not hold what it should.
    WrongShare(StoreId),
    /// Anomalies of a projection (of all of them), of one kind or of any.
    Anomalies(Option<StoreId>, Option<AnomalyKind>),
    /// The same per thousand events published to its topic (to any).
    AnomaliesPerThousand(Option<StoreId>, Option<AnomalyKind>),
    /// Events that were published to a projection's topic and are not applied yet, at the end.
    NotYet(StoreId),
    /// Events that were published to a projection's topic and never will be applied, as far as
    /// can be told at the end.
    Never(StoreId),
    /// Events published to a topic.
    Published(TopicId),
    /// Deliveries that a topic sent.
    Delivered(TopicId),
    /// Those of them that were not the first of their message.
    Redelivered(TopicId),
    /// Messages that a topic sent to the dead letters.
    DeadLettered(TopicId),
    /// Messages that entered a link.
    Messages,
    /// The same per arrival of a workload (of any): per business transaction.
    MessagesPerTransaction,
    /// Bytes of the events, requests and answers that entered a link, per arrival of a workload.
    BytesPerTransaction,
    /// Questions of polls.
    Polls,
    /// Answers to polls that are not what is waited for.
    EmptyPolls,
    /// Copies beyond the first: deliveries that were not the first of their message, and
    /// publishes of what the topic had.
    Duplicates,
    /// Requests and publishes that were sent again.
    Retries,
    /// The three before this, of all messages.
    WastedShare,
    /// What somebody must run and watch: services, the broker if there is one, outbox relays.
    Parts,
    /// Handlers that had to be made idempotent.
    IdempotentHandlers,
    /// How many others a service names: it cannot do without knowing them.
    Knows(ServiceId),
    /// How many others name a service.
    KnownBy(ServiceId),
}

/// What is so at an instant of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// The sum of a store's values; of a set or a log, how many.
    Total(StoreId),
    /// What that should be, of a projection.
    ShouldTotal(StoreId),
    /// What a store holds under a key, as a number.
    Held(StoreId, Option<Value>),
    /// Keys under which a projection does not hold what it should.
    WrongKeys(StoreId),
    /// How much a group is behind: events of a log that it has not committed, messages of a
    /// queue that are not settled.
    Lag(GroupId),
    /// Messages that wait for a worker of a service.
    Queue(ServiceId),
    /// Workers of a service that have something in hands.
    Busy(ServiceId),
    /// Instances of a service that run.
    Up(ServiceId),
    /// Messages on links.
    InFlight,
    /// Handlers of a service that have come to their end as intended, so far.
    Done(ServiceId),
    /// Anomalies of a projection (of all) so far, of one kind or of any.
    AnomaliesSoFar(Option<StoreId>, Option<AnomalyKind>),
}

impl Figure {
    /// What its number counts.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Free(..)
            | Self::Outcome(..)
            | Self::Request(..)
            | Self::Response(..)
            | Self::Waiting(..)
            | Self::Recovery(_)
            | Self::Window(..) => Unit::Seconds,
            Self::Accepted(_)
            | Self::Available(_)
            | Self::Utilisation(_)
            | Self::WrongShare(_)
            | Self::WastedShare => Unit::Share,
            Self::RateIn(_) | Self::RateOut(_) => Unit::PerSecond,
            Self::BytesPerTransaction => Unit::Bytes,
            _ => Unit::Count,
        }
    }
}
