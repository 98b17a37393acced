//! Handlers: what a service does with a request, an event, a timer or an arrival.

use super::{
    Distribution, EventTypeId, GroupId, OutboxId, ServiceId, Span, StoreId, TopicId, Value,
};

/// What is done, step by step, when something arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Handler {
    /// Whose it is.
    pub service: ServiceId,
    /// What sets it off.
    pub trigger: Trigger,
    /// What it does.
    pub steps: Vec<Step>,
}

/// What sets a handler off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// An arrival of the workload.
    Arrival,
    /// A request (or a one-way message) of this type.
    Request(EventTypeId),
    /// An event of this type, read as a member of this group.
    Event(GroupId, EventTypeId),
    /// Its own clock, every so often, first after one interval.
    Timer(Span),
}

/// One step of a handler.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Keep the worker busy for so long (ns).
    Work(Distribution),
    /// Let time pass (ns) and do nothing; the worker is held all the same.
    Wait(Distribution),
    /// Ask another service and wait for the answer.
    Call(Call),
    /// Ask again and again until the answer is the one that is waited for.
    Poll(Poll),
    /// Send a one-way message to a service's inbound queue.
    Send {
        /// To whom.
        to: ServiceId,
        /// What.
        event: EventTypeId,
        /// Fields that are neither copied nor drawn.
        with: Vec<(usize, Expression)>,
    },
    /// Publish an event to a topic.
    Publish {
        /// Where.
        topic: TopicId,
        /// What.
        event: EventTypeId,
        /// Fields that are neither copied nor drawn.
        with: Vec<(usize, Expression)>,
        /// The outbox it is written into, instead of being sent.
        via: Option<OutboxId>,
        /// What is done if it was waited for and never confirmed; without any, the handler
        /// fails.
        otherwise: Option<Vec<Step>>,
    },
    /// Answer the request; the steps that follow go on after the caller is free.
    Reply {
        /// The type of the answer; `None` for a plain "done".
        event: Option<EventTypeId>,
        /// Fields that are neither copied nor drawn.
        with: Vec<(usize, Expression)>,
    },
    /// Stand still until this service has been told an event of this type whose field equals
    /// the field of what is being handled.
    Await {
        /// The type that is waited for.
        event: EventTypeId,
        /// The pair of fields that must be equal: (of what is handled, of what is waited for).
        same: (usize, usize),
        /// How long at most; `None` for ever.
        timeout: Option<Span>,
        /// What is done if it did not come in time; without any, the handler fails.
        otherwise: Option<Vec<Step>>,
    },
    /// Change a store.
    Update {
        /// Which.
        store: StoreId,
        /// Under which key.
        key: Option<Expression>,
        /// How.
        change: StoreChange,
    },
    /// One way or the other.
    If {
        /// What is asked.
        condition: Condition,
        /// If so.
        then: Vec<Step>,
        /// If not.
        otherwise: Vec<Step>,
    },
    /// Fail with this probability: a request is answered with an error, an event is not acked.
    Fail(f64),
    /// Tell the broker that the message is done, now.
    Ack,
}

/// A call: a request, and a worker that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Whom.
    pub to: ServiceId,
    /// What is asked.
    pub request: EventTypeId,
    /// Fields that are neither copied nor drawn.
    pub with: Vec<(usize, Expression)>,
    /// How long each attempt may take; `None` for ever.
    pub timeout: Option<Span>,
    /// Whether and how it is tried again.
    pub retry: Retry,
    /// The breaker it goes through.
    pub breaker: Option<super::BreakerId>,
    /// The budget that its retries are paid from.
    pub budget: Option<super::BudgetId>,
    /// The bulkhead it must have a place in.
    pub bulkhead: Option<super::BulkheadId>,
    /// What is done if every attempt failed; without any, the handler fails.
    pub otherwise: Option<Vec<Step>>,
}

/// How a failed call is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Attempts in all; 1 is no retry.
    pub attempts: u32,
    /// The pause before the next.
    pub backoff: Backoff,
    /// What the pause is blurred with.
    pub jitter: Jitter,
}

/// The pause before attempt n + 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Backoff {
    /// Always this.
    Fixed(Span),
    /// `first` × `factor`ⁿ⁻¹, at most `most`.
    Exponential {
        /// The first pause.
        first: Span,
        /// What each further one is multiplied by.
        factor: f64,
        /// The longest.
        most: Span,
    },
}

impl Backoff {
    /// The pause after this attempt (from 1), before it is blurred.
    #[must_use]
    pub fn pause(self, attempt: u16) -> Span {
        match self {
            Self::Fixed(span) => span,
            Self::Exponential { first, factor, most } => {
                let times = factor.powi(i32::from(attempt) - 1);
                Span::from_secs_f64(first.as_secs_f64() * times).min(most)
            }
        }
    }
}

/// How a pause is blurred, after "Exponential Backoff And Jitter" (M. Brooker, 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Half of it fixed, half of it drawn: uniform in [p/2, p].
    Equal,
    /// All of it drawn: uniform in [0, p].
    Full,
}

/// A call that is repeated until the answer is the one that is waited for.
#[derive(Clone, Debug, PartialEq)]
pub struct Poll {
    /// The question.
    pub call: Call,
    /// The pause from an answer to the next question; also before the first one.
    pub every: Span,
    /// The type of the answer that ends it.
    pub until: EventTypeId,
    /// How often it asks at most.
    pub at_most: u32,
    /// What is done if it was never answered so; without any, the handler fails.
    pub otherwise: Option<Vec<Step>>,
}

/// A value to be worked out when the step is reached.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// This.
    Constant(Value),
    /// The value of this field of what is being handled.
    Field(usize),
    /// What this store holds under this key (nothing held counts as zero).
    Stored(StoreId, Option<Box<Expression>>),
}

/// How a store is changed.
#[derive(Clone, Debug, PartialEq)]
pub enum StoreChange {
    /// Count one more.
    Increment,
    /// Add this much.
    Add(Expression),
    /// Put this in its place.
    Put(Expression),
    /// Put this in its place unless what is there has a higher or equal version.
    PutVersion(Expression, Expression),
    /// Put the key in.
    Insert,
    /// Take the key out, with what is under it.
    Remove,
    /// Append this.
    Append(Expression),
}

/// A question with a yes or no.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Yes with this probability.
    Chance(f64),
    /// Whether the store holds anything under this key.
    Has(StoreId, Option<Expression>),
    /// How two values compare.
    Compare(Expression, Comparison, Expression),
    /// The opposite.
    Not(Box<Condition>),
    /// All of them.
    All(Vec<Condition>),
    /// At least one.
    Any(Vec<Condition>),
}

/// How two values may compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The first is less.
    Below,
    /// The first is greater.
    Above,
    /// They are the same.
    Equal,
}

/// Every handler of the given steps, however deep: the steps themselves and those inside them.
pub fn walk_steps<'a>(steps: &'a [Step], visit: &mut impl FnMut(&'a Step)) {
    for step in steps {
        visit(step);
        match step {
            Step::If { then, otherwise, .. } => {
                walk_steps(then, visit);
                walk_steps(otherwise, visit);
            }
            Step::Call(call) => walk_steps(call.otherwise.as_deref().unwrap_or(&[]), visit),
            Step::Poll(poll) => {
                walk_steps(poll.call.otherwise.as_deref().unwrap_or(&[]), visit);
                walk_steps(poll.otherwise.as_deref().unwrap_or(&[]), visit);
            }
            Step::Await { otherwise, .. } | Step::Publish { otherwise, .. } => {
                walk_steps(otherwise.as_deref().unwrap_or(&[]), visit);
            }
            Step::Work(_)
            | Step::Wait(_)
            | Step::Send { .. }
            | Step::Reply { .. }
            | Step::Update { .. }
            | Step::Fail(_)
            | Step::Ack => {}
        }
    }
}
