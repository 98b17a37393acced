//! The handler interpreter: runs a task until it must wait for something.
//!
//! What the handler wants of the world outside goes through [`Environment`]; what it must wait
//! for is given back as [`Stop`]. It knows no time.

use crate::model::Event;
use crate::model::event::MAX_FIELDS;
use crate::model::{
    Comparison, Condition, EventTypeId, Expression, Model, OutboxId, ServiceId, Span, StoreChange,
    StoreId, StoreKind, TopicId, Value,
};

use super::program::{Instruction, Position, Program};
use super::store::{Change, Stores};

/// Where a handler is, and what it must remember.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The instruction that is next, or that is being waited for.
    pub position: Position,
    /// How often the present poll has asked.
    pub asked: u32,
    /// Which attempt of the present call it is, from 1.
    pub attempt: u16,
    /// The type of the last answer.
    pub answer: Option<EventTypeId>,
}

/// Why a task does not go on at once. `Work`, `Wait`: [`Task::proceed`] when the time is over that
/// the instruction at the task's position says. `Call`, `Await`, `Publish`: [`Task::succeed`] or [`Task::fail`] when it is known.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// The worker works for a time to be drawn.
    Work,
    /// A time to be drawn passes.
    Wait,
    /// The instruction at the task's position is a call to be made.
    Call,
    /// The instruction at the task's position is an `Await`.
    Await,
    /// What the instruction at the task's position published is to be confirmed.
    Publish,
    /// The handler came to its end.
    Ended,
    /// The handler failed by itself.
    Failed,
    /// A poll was given up.
    GaveUp,
}

/// The world as a handler sees it.
pub trait Environment {
    /// What is being handled.
    fn handled(&self) -> &Event;
    /// The stores.
    fn stores(&self) -> &Stores;
    /// Changes a store.
    fn change(&mut self, store: StoreId, key: u64, change: Change);
    /// Draws lots at this position of the program.
    fn chance(&mut self, at: Position, probability: f64) -> bool;
    /// Publishes, or writes into an outbox. Gives whether the task waits for the confirm.
    fn publish(
        &mut self,
        at: Position,
        topic: TopicId,
        event: EventTypeId,
        given: &[Given],
        via: Option<OutboxId>,
    ) -> bool;
    /// Sends one way.
    fn send(&mut self, at: Position, to: ServiceId, event: EventTypeId, given: &[Given]);
    /// Answers.
    fn reply(&mut self, at: Position, event: Option<EventTypeId>, given: &[Given]);
    /// Acks.
    fn ack(&mut self);
}

/// A field (by its place) and its value.
pub type Given = (usize, Value);

impl Task {
    /// A task at the begin of a handler.
    #[must_use]
    pub const fn new(entry: Position) -> Self {
        Self { position: entry, asked: 0, attempt: 0, answer: None }
    }

    /// The time the task waited for is over.
    pub fn proceed(&mut self) {
        self.position += 1;
    }

    /// What the task waited for came; for a call, with an answer of this type.
    pub fn succeed(&mut self, answer: Option<EventTypeId>) {
        self.answer = answer;
        self.attempt = 0;
        self.position += 1;
    }

    /// What the task waited for did not come. Gives whether the handler goes on all the same.
    pub fn fail(&mut self, program: &Program) -> bool {
        self.attempt = 0;
        let (Instruction::Call { on_failure, .. }
        | Instruction::Await { on_failure, .. }
        | Instruction::Publish { on_failure, .. }
        | Instruction::PollAgain { on_failure, .. }) = program.code[self.position as usize]
        else {
            unreachable!("only what can fail is told that it failed");
        };
        match on_failure {
            Some(position) => {
                self.position = position;
                true
            }
            None => false,
        }
    }

    /// Runs until something must be waited for.
    #[inline]
    pub fn run(
        &mut self,
        program: &Program,
        model: &Model,
        environment: &mut impl Environment,
    ) -> Stop {
        loop {
            let at = self.position;
            match &program.code[at as usize] {
                Instruction::Work(_) => return Stop::Work,
                Instruction::Wait(_) => return Stop::Wait,
                Instruction::Call { .. } => return Stop::Call,
                Instruction::Await { .. } => return Stop::Await,
                Instruction::PollBegins => self.asked = 0,
                Instruction::PollAgain { until, again, at_most, .. } => {
                    self.asked += 1;
                    if self.answer != Some(*until) {
                        if self.asked < *at_most {
                            self.position = *again;
                            continue;
                        }
                        if !self.fail(program) {
                            return Stop::GaveUp;
                        }
                        continue;
                    }
                }
                Instruction::Send { to, event, with } => {
                    let given =
                        evaluate_all(with, model, environment.handled(), environment.stores());
                    environment.send(at, *to, *event, &given);
                }
                Instruction::Publish { topic, event, with, via, .. } => {
                    let given =
                        evaluate_all(with, model, environment.handled(), environment.stores());
                    if environment.publish(at, *topic, *event, &given, *via) {
                        return Stop::Publish;
                    }
                }
                Instruction::Reply { event, with } => {
                    let given =
                        evaluate_all(with, model, environment.handled(), environment.stores());
                    environment.reply(at, *event, &given);
                }
                Instruction::Update { store, key, change } => {
                    update(*store, key.as_ref(), change, model, environment);
                }
                Instruction::Unless { condition, otherwise } => {
                    if !holds(condition, at, model, environment) {
                        self.position = *otherwise;
                        continue;
                    }
                }
                Instruction::Jump(position) => {
                    self.position = *position;
                    continue;
                }
                Instruction::Fail(probability) => {
                    if environment.chance(at, *probability) {
                        return Stop::Failed;
                    }
                }
                Instruction::Ack => environment.ack(),
                Instruction::End => return Stop::Ended,
            }
            self.position += 1;
        }
    }
}

/// The fields that a step gives, worked out. They are kept in place: nothing is allocated.
#[derive(Clone, Copy, Debug)]
pub struct GivenFields {
    count: usize,
    /// The first `count` are given; none at all if the step gives none.
    list: Option<[Given; MAX_FIELDS]>,
}

impl std::ops::Deref for GivenFields {
    type Target = [Given];

    #[inline]
    fn deref(&self) -> &[Given] {
        self.list.as_ref().map_or(&[], |list| &list[..self.count])
    }
}

/// Works out the fields that a step gives.
#[must_use]
#[inline]
pub fn evaluate_all(
    with: &[(usize, Expression)],
    model: &Model,
    handled: &Event,
    stores: &Stores,
) -> GivenFields {
    let mut given = GivenFields { count: with.len(), list: None };
    if !with.is_empty() {
        let list = given.list.insert([(0, Value::Bool(false)); MAX_FIELDS]);
        for (place, (field, expression)) in list.iter_mut().zip(with) {
            *place = (*field, evaluate(expression, model, handled, stores));
        }
    }
    given
}

fn evaluate(expression: &Expression, model: &Model, handled: &Event, stores: &Stores) -> Value {
    match expression {
        Expression::Constant(value) => *value,
        Expression::Field(field) => field_of(model, handled, *field),
        Expression::Stored(store, key) => {
            let key = key_bits(key.as_deref(), model, handled, stores);
            let kind = model.stores[store.index()].kind;
            if matches!(kind, StoreKind::Set) {
                Value::Bool(stores.has(*store, key))
            } else {
                stores.get(*store, key)
            }
        }
    }
}

/// The value of an event's field.
#[must_use]
pub fn field_of(model: &Model, event: &Event, field: usize) -> Value {
    let kind = model.event_types[event.event_type.index()].fields[field].kind;
    Value::from_bits(kind, event.fields[field])
}

fn key_bits(key: Option<&Expression>, model: &Model, handled: &Event, stores: &Stores) -> u64 {
    key.map_or(0, |key| evaluate(key, model, handled, stores).to_bits())
}

fn update(
    store: StoreId,
    key: Option<&Expression>,
    change: &StoreChange,
    model: &Model,
    environment: &mut impl Environment,
) {
    let (handled, stores) = (environment.handled(), environment.stores());
    let key = key_bits(key, model, handled, stores);
    let value = |expression| {
        let value = evaluate(expression, model, handled, stores);
        as_kind(value, model.stores[store.index()].value)
    };
    let change = match change {
        StoreChange::Increment => Change::Increment,
        StoreChange::Add(amount) => Change::Add(evaluate(amount, model, handled, stores)),
        StoreChange::Put(put) => Change::Put(value(put)),
        StoreChange::PutVersion(put, version) => {
            Change::PutVersion(value(put), evaluate(version, model, handled, stores).as_f64())
        }
        StoreChange::Insert => Change::Insert,
        StoreChange::Remove => Change::Remove,
        StoreChange::Append(append) => Change::Append(value(append)),
    };
    environment.change(store, key, change);
}

/// A whole number where a fractional one is kept is that number.
fn as_kind(value: Value, kind: crate::model::FieldKind) -> Value {
    match (value, kind) {
        (Value::Int(_), crate::model::FieldKind::Float) => Value::Float(value.as_f64()),
        _ => value,
    }
}

fn holds(
    condition: &Condition,
    at: Position,
    model: &Model,
    environment: &mut impl Environment,
) -> bool {
    match condition {
        Condition::Chance(probability) => environment.chance(at, *probability),
        Condition::Has(store, key) => {
            let (handled, stores) = (environment.handled(), environment.stores());
            stores.has(*store, key_bits(key.as_ref(), model, handled, stores))
        }
        Condition::Compare(left, comparison, right) => {
            let (handled, stores) = (environment.handled(), environment.stores());
            let left = evaluate(left, model, handled, stores);
            let right = evaluate(right, model, handled, stores);
            match comparison {
                Comparison::Below => left.as_f64() < right.as_f64(),
                Comparison::Above => left.as_f64() > right.as_f64(),
                Comparison::Equal => match (left, right) {
                    (Value::Text(left), Value::Text(right)) => left == right,
                    (Value::Text(_), _) | (_, Value::Text(_)) => false,
                    #[expect(clippy::float_cmp, reason = "the author asked for the same number")]
                    _ => left.as_f64() == right.as_f64(),
                },
            }
        }
        Condition::Not(inner) => !holds(inner, at, model, environment),
        Condition::All(all) => all.iter().all(|it| holds(it, at, model, environment)),
        Condition::Any(any) => any.iter().any(|it| holds(it, at, model, environment)),
    }
}

/// The longest time an `Await` or call at this position may take, if any.
#[must_use]
pub fn time_limit(program: &Program, at: Position) -> Option<Span> {
    match &program.code[at as usize] {
        Instruction::Call { call, .. } => call.timeout,
        Instruction::Await { timeout, .. } => *timeout,
        _ => None,
    }
}
