//! The vocabulary: ids, time, events, topics, services, faults, and the record.
//!
//! Plain data and the arithmetic on it. It names nothing else of ours, reads nothing, decides
//! nothing: what a run *does* is in `engine` and `sim`.

pub mod distribution;
pub mod event;
pub mod expectation;
pub mod fault;
pub mod figure;
pub mod guard;
pub mod handler;
pub mod id;
pub mod intervention;
pub mod link;
pub mod producer;
pub mod projection;
pub mod record;
pub mod scenario;
pub mod service;
pub mod strategy;
pub mod time;
pub mod topic;
mod words;

pub use distribution::Distribution;
pub use event::{Event, EventType, Field, FieldDraw, FieldKind, Text, Value};
pub use expectation::{Claim, During, Expectation, Mode, Moment, Relation, Term};
pub use fault::{Fault, FaultKind, Strike};
pub use figure::{Figure, Level, Stat, Unit};
pub use guard::{Breaker, Budget, Bulkhead, Guard, Idempotency, Trip};
pub use handler::{
    Backoff, Call, Comparison, Condition, Expression, Handler, Jitter, Poll, Retry, Step,
    StoreChange, Trigger,
};
pub use id::{
    BreakerId, BudgetId, BulkheadId, EventId, EventTypeId, FaultId, GroupId, HandlerId, InstanceId,
    LinkId, MessageId, Node, OutboxId, ServiceId, StoreId, TextId, TopicId,
};
pub use intervention::{Act, CopyRef, Deed, Intervention, Script, Setting};
pub use link::{Link, LinkQuality, Transport};
pub use producer::{Acks, Outbox, Producer, Publishes};
pub use projection::AnomalyKind;
pub use record::{
    BreakerState, DropReason, Outcome, Phase, Record, Role, Settlement, Unconfirmed, What,
};
pub use scenario::{Model, Presentation, Shown};
pub use service::{
    Arrivals, Balance, Consume, Full, InboundOrder, OnFailure, Service, Store, StoreKind, Workload,
};
pub use strategy::{Batch, Idempotence, Memory, Reorder, Retries, Skip, Strategy, Window};
pub use time::{Span, Time};
pub use topic::{
    AckTiming, Assignment, Commit, Compaction, Group, LogTopic, Overflow, Position, Protocol,
    QueueOrder, QueueTopic, Topic, TopicKind,
};
