//! Tasks: handlers under way, the steps they take, and what those do to the world.

use crate::engine::breaker::Pass;
use crate::engine::dice::Purpose;
use crate::engine::handler::{Environment, Given, Stop, Task, evaluate_all};
use crate::engine::program::{Instruction, Position};
use crate::engine::store::{Change, Stores};
use crate::model::{
    Distribution, Event, EventTypeId, Expression, HandlerId, InstanceId, MessageId, OutboxId,
    Outcome, Phase, Role, ServiceId, Span, StoreId, TopicId, What,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::world::{Scheduled, World, mix};

/// Tasks: handlers under way, in a table whose places are used again.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    pub(super) slots: Vec<TaskState>,
    pub(super) free: Vec<u32>,
}

/// A handler under way.
#[derive(Clone, Copy, Debug)]
pub struct TaskState {
    /// Where it is.
    pub task: Task,
    /// What it handles.
    pub message: MessageId,
    /// Whose worker.
    pub instance: InstanceId,
    /// Whose instance.
    pub service: ServiceId,
    /// Counted up whenever it begins to wait, so that what comes too late is known.
    pub wait: u32,
    /// Whether its wait is a pause before a call is tried again.
    pub retrying: bool,
    /// Whether it has answered its request.
    pub replied: bool,
    /// Whether the message was acked.
    pub acked: bool,
    /// Whether its call has a place in its bulkhead.
    pub placed: bool,
    /// How its call went through its breaker.
    pub pass: Option<Pass>,
    /// How its worker is busy.
    pub phase: Phase,
    /// The producer's count of the request that is being asked, to ask the same again.
    pub request: u64,
    /// Whether it fails at once.
    pub doomed: bool,
    /// Whether it is under way.
    pub used: bool,
}

impl TaskState {
    /// A handler that begins. In a place that is used again waits are counted on, so that nothing of
    /// the task before can reach this one.
    #[inline(always)]
    pub(super) const fn new(
        task: Task,
        message: MessageId,
        instance: InstanceId,
        service: ServiceId,
        wait: u32,
    ) -> Self {
        Self {
            task,
            message,
            instance,
            service,
            wait,
            retrying: false,
            replied: false,
            acked: false,
            placed: false,
            pass: None,
            phase: Phase::Working,
            request: 0,
            doomed: false,
            used: true,
        }
    }
}

impl World {
    /// Begins a handler for a message that is in a worker's hands; its task is to be run.
    #[inline(always)]
    pub(super) fn begin_task(
        &mut self,
        plan: &Plan,
        id: MessageId,
        instance: InstanceId,
        service: ServiceId,
        handler: HandlerId,
    ) -> u32 {
        let doomed = !self.failing.is_empty() && self.fails_by_hand(service);
        let task = Task::new(plan.program.entry(handler));
        let state =
            |wait| TaskState { doomed, ..TaskState::new(task, id, instance, service, wait) };
        if let Some(slot) = self.tasks.free.pop() {
            let place = &mut self.tasks.slots[slot as usize];
            *place = state(place.wait.wrapping_add(1));
            return slot;
        }
        self.tasks.slots.push(state(0));
        u32::try_from(self.tasks.slots.len() - 1).expect("fewer than 2^32 tasks are under way")
    }

    /// Runs a task until it must wait, and sees to what it waits for. When it comes to its end,
    /// its worker takes up what is next: one after the other, not one inside the other, however
    /// many there are that take no time.
    pub(super) fn run_task(&mut self, plan: &Plan, slot: u32) {
        let mut next = Some(slot);
        while let Some(slot) = next {
            next = self.take_step(plan, slot);
        }
    }

    /// Takes the next step of a task, or several that take no time. Gives the task that its worker
    /// goes on with at once: this one, or the next.
    // It only says which way it goes, and each way is a function of its own: together they would
    // begin with loading all that any of them may need.
    #[inline(never)]
    fn take_step(&mut self, plan: &Plan, slot: u32) -> Option<u32> {
        let state = &self.tasks.slots[slot as usize];
        match &plan.program.code[state.task.position as usize] {
            _ if state.doomed => self.over(plan, slot, Outcome::Failed),
            Instruction::Work(time) => self.spend(slot, Purpose::Work, time),
            Instruction::End => self.over(plan, slot, Outcome::Done),
            // What happens most often has a way of its own, where no task sees stores of its own.
            Instruction::Send { .. } if self.transactions.is_empty() => self.send_on(plan, slot),
            _ => self.run_steps(plan, slot),
        }
    }

    /// A task sends one way and goes on, or comes to its end.
    #[inline(never)]
    fn send_on(&mut self, plan: &Plan, slot: u32) -> Option<u32> {
        let &TaskState { message, instance, service, task, .. } = &self.tasks.slots[slot as usize];
        let by = Handling { message, instance, service, asked: task.asked };
        self.send_step(plan, by, task.position);
        match &plan.program.code[task.position as usize + 1] {
            Instruction::End => self.over(plan, slot, Outcome::Done),
            _ => {
                self.tasks.slots[slot as usize].task.proceed();
                Some(slot)
            }
        }
    }

    /// A task lets the time of a step pass. Gives the task if it takes none.
    #[inline(never)]
    fn spend(&mut self, slot: u32, purpose: Purpose, time: &Distribution) -> Option<u32> {
        let TaskState { message, task, .. } = &self.tasks.slots[slot as usize];
        let key = key_of(self.messages.get(*message), task.asked);
        let span = self.draw(purpose, key, task.position, time);
        self.let_pass(slot, purpose, span)
    }

    /// A length of time from a distribution, for what a task with such dice does at this position.
    #[inline(never)]
    pub(super) fn draw(
        &self,
        purpose: Purpose,
        key: u64,
        at: Position,
        time: &Distribution,
    ) -> Span {
        self.dice.stream(purpose, key, u64::from(at)).span(time)
    }

    /// A task lets this much time pass, longer if its service is slow. Gives the task if that is
    /// none.
    #[inline(always)]
    pub(super) fn let_pass(&mut self, slot: u32, purpose: Purpose, mut span: Span) -> Option<u32> {
        let state = &mut self.tasks.slots[slot as usize];
        let &mut TaskState { service, wait, .. } = state;
        if purpose == Purpose::Work {
            if let Some(factor) = self.slow.get(&service) {
                span = Span::from_secs_f64(span.as_secs_f64() * factor);
            }
            if Self::is_further_of_batch(&self.batches, slot) {
                span = Span::ZERO;
            }
        }
        if span == Span::ZERO {
            state.task.proceed();
            return Some(slot);
        }
        let phase = if purpose == Purpose::Work { Phase::Working } else { Phase::Waiting };
        self.set_phase(slot, phase);
        self.agenda.push(self.now + span, Scheduled::Resume { task: slot, wait });
        None
    }

    /// Runs the steps of a task until it stops, and sees to what it waits for. Gives the task that
    /// its worker goes on with at once: this one, or the next.
    #[inline(never)]
    fn run_steps(&mut self, plan: &Plan, slot: u32) -> Option<u32> {
        let TaskState { mut task, message, instance, service, .. } =
            self.tasks.slots[slot as usize];
        if let Instruction::Wait(time) = &plan.program.code[task.position as usize] {
            return self.spend(slot, Purpose::Wait, time);
        }
        let asked = task.asked;
        let is_apart = !self.transactions.is_empty();
        if is_apart {
            self.see_as(slot);
        }
        let by = Handling { message, instance, service, asked };
        let mut hands = Hands { world: self, plan, slot, by };
        let stop = task.run(&plan.program, &plan.model, &mut hands);
        if is_apart {
            self.see_all(slot);
        }
        self.tasks.slots[slot as usize].task = task;
        let waits = match stop {
            Stop::Work | Stop::Wait | Stop::Ended => false,
            Stop::Call => self.attempt_call(plan, slot),
            Stop::Await => self.await_told(plan, slot),
            Stop::Publish => true,
            Stop::Failed => return self.over(plan, slot, Outcome::Failed),
            Stop::GaveUp => return self.over(plan, slot, Outcome::NeverTold),
        };
        (!waits).then_some(slot)
    }

    /// A time that a task let pass is over.
    #[inline]
    pub(super) fn resume(&mut self, plan: &Plan, slot: u32, wait: u32) {
        let state = &mut self.tasks.slots[slot as usize];
        if !state.used || state.wait != wait {
            return;
        }
        state.wait = state.wait.wrapping_add(1);
        if state.retrying {
            state.retrying = false;
        } else {
            state.task.proceed();
        }
        self.run_task(plan, slot);
    }

    /// A handler sends one way.
    // Inlined, so that what is known of the message is not read back.
    #[inline(always)]
    fn send_by(
        &mut self,
        plan: &Plan,
        by: Handling,
        at: Position,
        (to, event): (ServiceId, EventTypeId),
        given: &[Given],
    ) {
        let cause = self.messages.get(by.message);
        let lineage = lineage_at(key_of(cause, by.asked), at);
        let cause = Some((by.message, cause.event.id));
        let (link, from, since) = (plan.way(at), by.instance, self.now);
        let to = self.choose_instance(plan, link, to, lineage);
        let (role, token) = (Role::OneWay, Token::None);
        let carry = |event| Message { event, role, attempt: 1, link, from, to, token, since };
        let (id, message) =
            self.make_message(plan, by.service, event, cause, lineage, given, carry);
        self.set_out(plan, id, &message);
    }

    /// A handler makes an event.
    #[inline(always)]
    fn make_by(
        &mut self,
        plan: &Plan,
        by: Handling,
        at: Position,
        event: EventTypeId,
        given: &[Given],
    ) -> Event {
        let key = key_of(self.messages.get(by.message), by.asked);
        let lineage = lineage_at(key, at);
        self.make_event(plan, by.service, event, Some(by.message), lineage, given)
    }

    /// Sends what a handler sends one way by this instruction, which is such a one.
    #[inline(never)]
    pub(super) fn send_step(&mut self, plan: &Plan, by: Handling, at: Position) {
        let Instruction::Send { to, event, with } = &plan.program.code[at as usize] else {
            unreachable!("only a step that sends is taken here")
        };
        if with.is_empty() {
            self.send_by(plan, by, at, (*to, *event), &[]);
        } else {
            self.send_given(plan, by, at, (*to, *event), with);
        }
    }

    /// The same with fields that are given.
    #[inline(never)]
    fn send_given(
        &mut self,
        plan: &Plan,
        by: Handling,
        at: Position,
        what: (ServiceId, EventTypeId),
        with: &[(usize, Expression)],
    ) {
        let handled = &self.messages.get(by.message).event;
        let given = evaluate_all(with, &plan.model, handled, &self.stores);
        self.send_by(plan, by, at, what, &given);
    }

    /// What a task's dice are keyed by: the lineage of what it handles, which attempt at it
    /// this is, and how often a poll has asked.
    pub(super) fn task_key(&self, slot: u32) -> u64 {
        let TaskState { task: Task { asked, .. }, message, .. } = self.tasks.slots[slot as usize];
        key_of(self.messages.get(message), asked)
    }

    /// From now on a task's worker is busy in this way.
    #[inline(always)]
    pub(super) fn set_phase(&mut self, slot: u32, phase: Phase) {
        let state = &mut self.tasks.slots[slot as usize];
        if state.phase != phase {
            state.phase = phase;
            let (message, instance) = (state.message, state.instance);
            self.note(What::PhaseChanged { message, instance, phase });
        }
    }

    /// Whether a task is still in the wait that is meant.
    #[inline]
    pub(super) fn is_waiting(&self, slot: u32, wait: u32) -> bool {
        let state = &self.tasks.slots[slot as usize];
        state.used && state.wait == wait
    }
}

/// The world in the hands of a handler.
struct Hands<'a> {
    world: &'a mut World,
    plan: &'a Plan,
    slot: u32,
    by: Handling,
}

/// What is handled, and by whom.
#[derive(Clone, Copy)]
pub(super) struct Handling {
    pub message: MessageId,
    /// Whose worker is at it.
    pub instance: InstanceId,
    /// Whose instance that is.
    pub service: ServiceId,
    /// How often its poll had asked when it began to run.
    pub asked: u32,
}

impl Hands<'_> {
    #[inline(always)]
    fn make(&mut self, at: Position, event: EventTypeId, given: &[Given]) -> Event {
        self.world.make_by(self.plan, self.by, at, event, given)
    }
}

impl Environment for Hands<'_> {
    fn handled(&self) -> &Event {
        &self.world.messages.get(self.by.message).event
    }

    fn stores(&self) -> &Stores {
        &self.world.stores
    }

    fn change(&mut self, store: StoreId, key: u64, change: Change) {
        self.world.change_store(self.plan, (self.slot, self.by.message), (store, key, change));
    }

    fn chance(&mut self, at: Position, probability: f64) -> bool {
        let key = key_of(self.world.messages.get(self.by.message), self.by.asked);
        self.world.dice.stream(Purpose::Chance, key, u64::from(at)).chance(probability)
    }

    fn publish(
        &mut self,
        at: Position,
        topic: TopicId,
        event: EventTypeId,
        given: &[Given],
        via: Option<OutboxId>,
    ) -> bool {
        let event = self.make(at, event, given);
        if let Some(outbox) = via {
            self.world.write_outbox(self.plan, outbox, &event);
            return false;
        }
        let from = self.by.instance;
        let publishes = &self.plan.model.services[self.by.service.index()].publishes;
        if let Some(place) = publishes.iter().position(|it| it.topic == topic) {
            return self.world.publish_by(self.plan, self.slot, place, &event);
        }
        let link = self.plan.way(at);
        self.world.topics[topic.index()].published += 1;
        self.world.published(self.plan, topic, &event);
        self.world.send_new(self.plan, link, event, Role::Publish, from, from, Token::None, 1);
        false
    }

    fn send(&mut self, at: Position, to: ServiceId, event: EventTypeId, given: &[Given]) {
        self.world.send_by(self.plan, self.by, at, (to, event), given);
    }

    fn reply(&mut self, at: Position, event: Option<EventTypeId>, given: &[Given]) {
        let request = *self.world.messages.get(self.by.message);
        if request.role != Role::Request || self.world.tasks.slots[self.slot as usize].replied {
            return;
        }
        self.world.tasks.slots[self.slot as usize].replied = true;
        let event = match event {
            Some(event) => self.make(at, event, given),
            None => request.event,
        };
        self.world.answer_for_good(self.plan, &request, Role::Reply, event);
    }

    fn ack(&mut self) {
        let is_delivery = self.world.messages.get(self.by.message).role == Role::Delivery;
        let state = &mut self.world.tasks.slots[self.slot as usize];
        if is_delivery && !state.acked {
            state.acked = true;
            self.world.acknowledge(self.plan, self.by.message);
        }
    }
}

/// What a task's dice are keyed by that handles this message.
#[inline]
pub(super) const fn key_of(message: &Message, asked: u32) -> u64 {
    mix(message.event.lineage, (message.attempt as u64) << 32 | asked as u64)
}

/// The lineage of what a task with such dice makes at this position.
#[inline]
pub(super) const fn lineage_at(key: u64, at: Position) -> u64 {
    mix(key, at as u64 | 1 << 40)
}

/// What the code of a call at this position says.
pub(super) fn call_at(plan: &Plan, at: Position) -> &crate::model::Call {
    match &plan.program.code[at as usize] {
        Instruction::Call { call, .. } => call,
        _ => unreachable!("the task stands at a call"),
    }
}
