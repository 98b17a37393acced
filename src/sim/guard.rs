//! What stands around calls, in the world: breakers, budgets and bulkheads of the caller's
//! instance, and the callee's memory of what it answered.

use crate::engine::breaker::Breaker;
use crate::engine::budget::Budget;
use crate::engine::bulkhead::{Bulkhead, Entry};
use crate::engine::idempotency::{Known, Memory};
use crate::model::{
    BreakerState, BudgetId, Call, Event, Guard, InstanceId, MessageId, Model, Outcome, Role,
    ServiceId, What,
};

use super::message::Message;
use super::plan::Plan;
use super::task::call_at;
use super::world::{Scheduled, World};

/// The breakers, budgets and bulkheads of an instance, in the order of its service's, and its
/// own memory of answers.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    breakers: Vec<Breaker>,
    budgets: Vec<Budget>,
    /// Those who wait are tasks, and which of their waits it is.
    bulkheads: Vec<Bulkhead<(u32, u32)>>,
    memory: Memory<Answer>,
}

/// What a request was answered with.
pub type Answer = (Role, Event);

impl Guards {
    /// Those of an instance that starts.
    pub fn new(model: &Model, service: ServiceId) -> Self {
        let service = &model.services[service.index()];
        let budgets = service.budgets.iter().map(|it| Budget::new(&model.budgets[it.index()]));
        Self {
            breakers: vec![Breaker::default(); service.breakers.len()],
            budgets: budgets.collect(),
            bulkheads: vec![Bulkhead::default(); service.bulkheads.len()],
            memory: Memory::default(),
        }
    }
}

/// The place of a guard among its service's.
fn place<T: PartialEq>(own: &[T], it: &T) -> usize {
    own.iter().position(|own| own == it).expect("a call names its own service's guards")
}

impl World {
    /// Whether a call gets past its guards: it may be made, or waits for a place, or (`Err`) is
    /// not made.
    pub(super) fn pass_guards(
        &mut self,
        plan: &Plan,
        slot: u32,
        call: &Call,
    ) -> Result<Entry, Guard> {
        let state = self.tasks.slots[slot as usize];
        if !self.is_passable(plan, state.instance, call) {
            return Err(Guard::Breaker);
        }
        let Some(bulkhead) = call.bulkhead else { return Ok(Entry::Inside) };
        let service = &plan.model.services[plan.service_of(state.instance).index()];
        let settings = &plan.model.bulkheads[bulkhead.index()];
        let guards = &mut self.instances[state.instance.index()].guards;
        let entry = guards.bulkheads[place(&service.bulkheads, &bulkhead)]
            .enter(settings, (slot, state.wait));
        self.tasks.slots[slot as usize].placed = entry == Entry::Inside;
        if entry == Entry::Full { Err(Guard::Bulkhead) } else { Ok(entry) }
    }

    fn is_passable(&self, plan: &Plan, instance: InstanceId, call: &Call) -> bool {
        call.breaker.is_none_or(|breaker| {
            let service = &plan.model.services[plan.service_of(instance).index()];
            let guards = &self.instances[instance.index()].guards;
            guards.breakers[place(&service.breakers, &breaker)].is_passable(self.now)
        })
    }

    /// A call that waited for a place in its bulkhead has one.
    pub(super) fn place_free(&mut self, plan: &Plan, slot: u32, wait: u32) {
        if !self.is_waiting(slot, wait) {
            return;
        }
        let state = self.tasks.slots[slot as usize];
        let call = call_at(plan, state.task.position);
        if self.is_passable(plan, state.instance, call) {
            self.ask(plan, slot);
            return;
        }
        self.attempt_over(plan, slot, None);
        self.tasks.slots[slot as usize].wait = wait.wrapping_add(1);
        self.call_refused(plan, slot, Guard::Breaker);
        if !self.attempt_failed(plan, slot, Outcome::CallFailed) {
            self.run_task(plan, slot);
        }
    }

    /// A call that is about to be made goes through its breaker.
    pub(super) fn go_through(&mut self, plan: &Plan, slot: u32, call: &Call) {
        let Some(breaker) = call.breaker else { return };
        let instance = self.tasks.slots[slot as usize].instance;
        let service = &plan.model.services[plan.service_of(instance).index()];
        let settings = &plan.model.breakers[breaker.index()];
        let guards = &mut self.instances[instance.index()].guards;
        let it = &mut guards.breakers[place(&service.breakers, &breaker)];
        let before = it.state();
        self.tasks.slots[slot as usize].pass = it.let_through(self.now, settings);
        let state = it.state();
        if state != before {
            self.note(What::Breaker { breaker, instance, state });
        }
    }

    /// An attempt at a call is over; its guards learn how it went, if it was made.
    pub(super) fn attempt_over(&mut self, plan: &Plan, slot: u32, went_well: Option<bool>) {
        let state = self.tasks.slots[slot as usize];
        let call = call_at(plan, state.task.position);
        if call.breaker.is_none() && call.budget.is_none() && call.bulkhead.is_none() {
            return;
        }
        let instance = state.instance;
        let service = &plan.model.services[plan.service_of(instance).index()];
        let guards = &mut self.instances[instance.index()].guards;
        if let (Some(budget), Some(went_well)) = (call.budget, went_well) {
            let settings = &plan.model.budgets[budget.index()];
            guards.budgets[place(&service.budgets, &budget)].report(settings, went_well);
        }
        if let Some(bulkhead) = call.bulkhead {
            let it = &mut guards.bulkheads[place(&service.bulkheads, &bulkhead)];
            if !state.placed {
                it.give_up(&(slot, state.wait));
            } else if let Some((task, wait)) = it.leave() {
                self.tasks.slots[task as usize].placed = true;
                self.agenda.push(self.now, Scheduled::PlaceFree { task, wait });
            }
        }
        let state = &mut self.tasks.slots[slot as usize];
        state.placed = false;
        if let (Some(breaker), Some(pass), Some(went_well)) =
            (call.breaker, state.pass.take(), went_well)
        {
            let settings = &plan.model.breakers[breaker.index()];
            let guards = &mut self.instances[instance.index()].guards;
            let it = &mut guards.breakers[place(&service.breakers, &breaker)];
            let before = it.state();
            it.report(self.now, settings, pass, went_well);
            let state = it.state();
            if state != before {
                self.note(What::Breaker { breaker, instance, state });
            }
        }
    }

    /// Whether a call that failed may be tried again, as far as its budget goes.
    pub(super) fn budget_allows(
        &self,
        plan: &Plan,
        instance: InstanceId,
        budget: Option<BudgetId>,
    ) -> bool {
        budget.is_none_or(|budget| {
            let service = &plan.model.services[plan.service_of(instance).index()];
            let guards = &self.instances[instance.index()].guards;
            let settings = &plan.model.budgets[budget.index()];
            guards.budgets[place(&service.budgets, &budget)].allows_retry(settings)
        })
    }

    /// A guard kept a call from being made.
    pub(super) fn call_refused(&mut self, plan: &Plan, slot: u32, by: Guard) {
        let state = self.tasks.slots[slot as usize];
        let service = plan.service_of(state.instance);
        self.services[service.index()].statistics.calls_refused[by as usize] += 1;
        let (message, instance) = (state.message, state.instance);
        self.note(What::CallRefused { message, instance, by });
    }

    /// What an instance that crashed knew of its calls, and remembered of its answers, is gone;
    /// what it worked on is not done.
    pub(super) fn forget_guards(&mut self, plan: &Plan, instance: InstanceId) {
        let service = plan.service_of(instance);
        let settings = &plan.model.services[service.index()];
        for (place, &breaker) in settings.breakers.iter().enumerate() {
            if self.instances[instance.index()].guards.breakers[place].state()
                != BreakerState::Closed
            {
                self.note(What::Breaker { breaker, instance, state: BreakerState::Closed });
            }
        }
        self.instances[instance.index()].guards = Guards::new(&plan.model, service);
        if settings.idempotency.is_some_and(|it| it.durable) {
            self.services[service.index()].memory.give_up_all_of(instance);
        }
    }

    /// A worker takes up a request. Gives whether it is to be done; if not, it was answered:
    /// from memory, or, while another request with the same key is being worked on, with a
    /// failure (HTTP 409).
    pub(super) fn is_to_be_done(&mut self, plan: &Plan, id: MessageId) -> bool {
        let request = *self.messages.get(id);
        let (instance, service) = (request.to, plan.service_of(request.to));
        let Some(settings) = &plan.model.services[service.index()].idempotency else { return true };
        let memory = if settings.durable {
            &mut self.services[service.index()].memory
        } else {
            &mut self.instances[instance.index()].guards.memory
        };
        let (outcome, (role, event)) =
            match memory.take_up(self.now, settings, request.event.id, instance) {
                Known::New => return true,
                Known::InProgress => (Outcome::Conflict, (Role::Failure, request.event)),
                Known::Answered(answer) => (Outcome::Remembered, answer),
            };
        let statistics = &mut self.services[service.index()].statistics;
        statistics.remembered += u64::from(outcome == Outcome::Remembered);
        statistics.conflicts += u64::from(outcome == Outcome::Conflict);
        statistics.waiting.record(self.now.since(request.since));
        statistics.departed(self.now, request.since, role == Role::Reply);
        self.note(What::Started { message: id, instance });
        self.note(What::Finished { message: id, instance, outcome });
        self.answer(plan, &request, role, event);
        self.end_message(id);
        false
    }

    /// Answers a request that was worked on, and remembers the answer.
    pub(super) fn answer_for_good(
        &mut self,
        plan: &Plan,
        request: &Message,
        role: Role,
        event: Event,
    ) {
        let (instance, service) = (request.to, plan.service_of(request.to));
        if let Some(settings) = &plan.model.services[service.index()].idempotency {
            let memory = if settings.durable {
                &mut self.services[service.index()].memory
            } else {
                &mut self.instances[instance.index()].guards.memory
            };
            if role == Role::Reply || settings.keeps_failures {
                memory.answer(request.event.id, (role, event));
            } else {
                memory.give_up(request.event.id);
            }
        }
        self.answer(plan, request, role, event);
    }
}
