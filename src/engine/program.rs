//! Handlers as flat programs: nested steps become a list with jumps, so that a task that is
//! interrupted anywhere needs to remember one number.

use crate::model::{
    Call, Condition, Distribution, EventTypeId, Expression, HandlerId, Model, OutboxId, Poll,
    ServiceId, Span, Step, StoreChange, StoreId, TopicId,
};

/// A place in a [`Program`].
pub type Position = u32;

/// All handlers of a model.
#[derive(Clone, Debug)]
pub struct Program {
    /// Every handler's instructions, one after the other.
    pub code: Vec<Instruction>,
    /// Where each handler begins.
    entries: Vec<Position>,
}

/// One instruction. Where nothing else is said, the next one follows.
#[derive(Clone, Debug)]
pub enum Instruction {
    /// Keep the worker busy.
    Work(Distribution),
    /// Let time pass.
    Wait(Distribution),
    /// Call, and go to `on_failure` if every attempt failed (`None`: the handler fails).
    Call {
        /// What is asked of whom, and how.
        call: Box<Call>,
        /// Where to go on when it failed.
        on_failure: Option<Position>,
    },
    /// Begin to count questions.
    PollBegins,
    /// Go back to ask again unless the answer just got is of type `until`.
    PollAgain {
        /// The answer that is waited for.
        until: EventTypeId,
        /// Where the pause before the next question is.
        again: Position,
        /// How many questions at most.
        at_most: u32,
        /// Where to go on when it is given up.
        on_failure: Option<Position>,
    },
    /// Send a one-way message.
    Send {
        /// To whom.
        to: ServiceId,
        /// What.
        event: EventTypeId,
        /// Fields that are given.
        with: Vec<(usize, Expression)>,
    },
    /// Publish.
    Publish {
        /// Where.
        topic: TopicId,
        /// What.
        event: EventTypeId,
        /// Fields that are given.
        with: Vec<(usize, Expression)>,
        /// The outbox it is written into instead.
        via: Option<OutboxId>,
        /// Where to go on when it was waited for and not confirmed.
        on_failure: Option<Position>,
    },
    /// Answer.
    Reply {
        /// The type of the answer.
        event: Option<EventTypeId>,
        /// Fields that are given.
        with: Vec<(usize, Expression)>,
    },
    /// Stand still until told.
    Await {
        /// Told what.
        event: EventTypeId,
        /// Fields (of what is handled, of what is told) that must be equal.
        same: (usize, usize),
        /// How long at most.
        timeout: Option<Span>,
        /// Where to go on when it did not come.
        on_failure: Option<Position>,
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
    /// Go on at `otherwise` unless the condition holds.
    Unless {
        /// What is asked.
        condition: Condition,
        /// Where to go on if not.
        otherwise: Position,
    },
    /// Go on there.
    Jump(Position),
    /// Fail with this probability.
    Fail(f64),
    /// Ack.
    Ack,
    /// The handler is done.
    End,
}

impl Program {
    /// The program of a model's handlers.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let mut code = Vec::new();
        let mut entries = Vec::with_capacity(model.handlers.len());
        for handler in &model.handlers {
            entries.push(here(&code));
            append(&mut code, &handler.steps);
            code.push(Instruction::End);
        }
        Self { code, entries }
    }

    /// Where a handler begins.
    #[must_use]
    pub fn entry(&self, handler: HandlerId) -> Position {
        self.entries[handler.index()]
    }

    /// Where a handler's instructions are.
    #[must_use]
    pub fn range(&self, handler: HandlerId) -> std::ops::Range<usize> {
        let end = self.entries.get(handler.index() + 1).map_or(self.code.len(), |it| *it as usize);
        self.entry(handler) as usize..end
    }
}

fn here(code: &[Instruction]) -> Position {
    Position::try_from(code.len()).expect("the reader bounds the number of steps")
}

fn append(code: &mut Vec<Instruction>, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Work(time) => code.push(Instruction::Work(*time)),
            Step::Wait(time) => code.push(Instruction::Wait(*time)),
            Step::Call(call) => append_call(code, call),
            Step::Poll(poll) => append_poll(code, poll),
            Step::Send { to, event, with } => {
                code.push(Instruction::Send { to: *to, event: *event, with: with.clone() });
            }
            Step::Publish { topic, event, with, via, otherwise } => {
                let at = code.len();
                code.push(Instruction::Publish {
                    topic: *topic,
                    event: *event,
                    with: with.clone(),
                    via: *via,
                    on_failure: None,
                });
                append_otherwise(code, at, otherwise.as_deref());
            }
            Step::Reply { event, with } => {
                code.push(Instruction::Reply { event: *event, with: with.clone() });
            }
            Step::Await { event, same, timeout, otherwise } => {
                let at = code.len();
                code.push(Instruction::Await {
                    event: *event,
                    same: *same,
                    timeout: *timeout,
                    on_failure: None,
                });
                append_otherwise(code, at, otherwise.as_deref());
            }
            Step::Update { store, key, change } => {
                code.push(Instruction::Update {
                    store: *store,
                    key: key.clone(),
                    change: change.clone(),
                });
            }
            Step::If { condition, then, otherwise } => {
                let at = code.len();
                code.push(Instruction::End);
                append(code, then);
                let jump = code.len();
                code.push(Instruction::End);
                code[at] =
                    Instruction::Unless { condition: condition.clone(), otherwise: here(code) };
                append(code, otherwise);
                code[jump] = Instruction::Jump(here(code));
            }
            Step::Fail(chance) => code.push(Instruction::Fail(*chance)),
            Step::Ack => code.push(Instruction::Ack),
        }
    }
}

fn append_call(code: &mut Vec<Instruction>, call: &Call) {
    let at = code.len();
    code.push(Instruction::Call { call: Box::new(call.clone()), on_failure: None });
    append_otherwise(code, at, call.otherwise.as_deref());
}

fn append_poll(code: &mut Vec<Instruction>, poll: &Poll) {
    code.push(Instruction::PollBegins);
    let again = here(code);
    #[expect(clippy::cast_precision_loss, reason = "a pause in ns, below 2^53")]
    code.push(Instruction::Wait(Distribution::Constant(poll.every.0 as f64)));
    append_call(code, &poll.call);
    let at = code.len();
    code.push(Instruction::PollAgain {
        until: poll.until,
        again,
        at_most: poll.at_most,
        on_failure: None,
    });
    append_otherwise(code, at, poll.otherwise.as_deref());
}

/// The steps for when instruction `at` failed, jumped over when it did not.
fn append_otherwise(code: &mut Vec<Instruction>, at: usize, otherwise: Option<&[Step]>) {
    let Some(steps) = otherwise else { return };
    let jump = code.len();
    code.push(Instruction::End);
    let target = here(code);
    match &mut code[at] {
        Instruction::Call { on_failure, .. }
        | Instruction::PollAgain { on_failure, .. }
        | Instruction::Publish { on_failure, .. }
        | Instruction::Await { on_failure, .. } => *on_failure = Some(target),
        _ => unreachable!("only what can fail has steps for when it failed"),
    }
    append(code, steps);
    code[jump] = Instruction::Jump(here(code));
}
