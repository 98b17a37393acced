//! Calls: a request, and a worker that waits for its answer; retries; and waiting to be told.

use crate::engine::bulkhead::Entry;
use crate::engine::dice::Purpose;
use crate::engine::handler::time_limit;
use crate::engine::program::Instruction;
use crate::model::{
    Balance, DropReason, Event, EventId, Guard, InstanceId, Jitter, LinkId, MessageId, Node,
    Outcome, Phase, Retry, Role, ServiceId, Span,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::task::{call_at, lineage_at};
use super::world::{Awaiting, Scheduled, World};

impl World {
    /// Puts a new message on a link.
    // Inlined, so that the message is made in its place.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "each is a field of the message")]
    pub(super) fn send_new(
        &mut self,
        plan: &Plan,
        link: LinkId,
        event: Event,
        role: Role,
        from: InstanceId,
        to: InstanceId,
        token: Token,
        attempt: u16,
    ) -> MessageId {
        let (id, since) = (self.messages.take(), self.now);
        *self.messages.get_mut(id) = Message { event, role, attempt, link, from, to, token, since };
        self.send_off(plan, id);
        id
    }

    /// Which instance of a service a message goes to by a link. If all are down, the first in turn: it
    /// will be refused there.
    #[inline(always)]
    pub(super) fn choose_instance(
        &mut self,
        plan: &Plan,
        link: LinkId,
        service: ServiceId,
        lineage: u64,
    ) -> InstanceId {
        let habit = plan.habit(service);
        if habit.instances == 1 {
            return habit.first_instance;
        }
        self.balance(plan, link, service, lineage)
    }

    fn balance(
        &mut self,
        plan: &Plan,
        link: LinkId,
        service: ServiceId,
        lineage: u64,
    ) -> InstanceId {
        let settings = &plan.model.services[service.index()];
        let (first, count) = (settings.first_instance.0, settings.instances);
        let turn = self.links[link.index()].turn;
        let from_the_start = count - u32::try_from(settings.added.len()).unwrap_or(count);
        let at = |place: u32| match place.checked_sub(from_the_start) {
            None => InstanceId(first + place),
            Some(later) => settings.added[later as usize],
        };
        let in_turn = |step: u32| at((turn + step) % count);
        let up = |world: &Self, it: InstanceId| world.instances[it.index()].up;
        let chosen = match settings.balance {
            Balance::RoundRobin => (0..count).map(in_turn).find(|&it| up(self, it)),
            Balance::LeastLoaded => {
                plan.model.instances_of(service).filter(|&it| up(self, it)).min_by_key(|it| {
                    let state = &self.instances[it.index()];
                    state.busy as usize + state.queue.len() + state.blocked.len()
                })
            }
            Balance::Random => {
                let standing: Vec<_> =
                    plan.model.instances_of(service).filter(|&it| up(self, it)).collect();
                #[expect(clippy::cast_possible_truncation, reason = "below the count")]
                let lot = self
                    .dice
                    .stream(Purpose::Balance, lineage, u64::from(service.0))
                    .below(standing.len().max(1) as u64) as usize;
                standing.get(lot).copied()
            }
        };
        let chosen = chosen.unwrap_or_else(|| in_turn(0));
        let place = (0..count).find(|place| at(*place) == chosen).unwrap_or(0);
        self.links[link.index()].turn = place + 1;
        chosen
    }

    /// Begins an attempt at the call a task stands at, or fails it at once. Gives whether the
    /// task waits.
    pub(super) fn attempt_call(&mut self, plan: &Plan, slot: u32) -> bool {
        let state = &mut self.tasks.slots[slot as usize];
        state.task.attempt += 1;
        state.wait = state.wait.wrapping_add(1);
        let (attempt, wait) = (state.task.attempt, state.wait);
        let call = call_at(plan, state.task.position);
        let service = &mut self.services[plan.service_of(state.instance).index()];
        if attempt == 1 {
            service.produced += 1;
            state.request = service.produced;
        } else {
            service.statistics.retries += 1;
        }
        match self.pass_guards(plan, slot, call) {
            Ok(Entry::Inside) => self.ask(plan, slot),
            Ok(_) => self.set_phase(slot, Phase::Waiting),
            Err(guard) => {
                self.call_refused(plan, slot, guard);
                return self.attempt_failed(plan, slot, Outcome::CallFailed);
            }
        }
        if let Some(timeout) = call.timeout {
            self.agenda.push(self.now + timeout, Scheduled::TimeOut { task: slot, wait });
        }
        true
    }

    /// Sends the request of a call.
    pub(super) fn ask(&mut self, plan: &Plan, slot: u32) {
        let state = self.tasks.slots[slot as usize];
        let service = plan.service_of(state.instance);
        let call = call_at(plan, state.task.position);
        self.go_through(plan, slot, call);
        let id = EventId::new(service, state.request);
        let lineage = lineage_at(self.task_key(slot), state.task.position);
        self.see_as(slot);
        let given = crate::engine::handler::evaluate_all(
            &call.with,
            &plan.model,
            &self.messages.get(state.message).event,
            &self.stores,
        );
        self.see_all(slot);
        let event = self.fill_event(plan, id, call.request, Some(state.message), lineage, &given);
        let link = plan.link(Node::Service(service), Node::Service(call.to));
        let target = self.choose_instance(plan, link, call.to, lineage);
        self.set_phase(slot, Phase::Calling);
        let token = Token::Caller { task: slot, wait: state.wait };
        let attempt = state.task.attempt;
        self.send_new(plan, link, event, Role::Request, state.instance, target, token, attempt);
    }

    /// An answer comes back.
    pub(super) fn answer_came(&mut self, plan: &Plan, id: MessageId) {
        let &Message { role, token, ref event, .. } = self.messages.get(id);
        let answer = event.event_type;
        let Token::Caller { task: slot, wait } = token else {
            unreachable!("every request says who waits for it")
        };
        if !self.is_waiting(slot, wait) {
            self.drop_message(id, DropReason::Late);
            return;
        }
        self.received(id);
        let state = &mut self.tasks.slots[slot as usize];
        state.wait = state.wait.wrapping_add(1);
        self.attempt_over(plan, slot, Some(role == Role::Reply));
        if role == Role::Reply {
            self.tasks.slots[slot as usize].task.succeed(Some(answer));
            self.run_task(plan, slot);
        } else if !self.attempt_failed(plan, slot, Outcome::CallFailed) {
            self.run_task(plan, slot);
        }
    }

    /// A call was not answered, or a task not told, in time.
    pub(super) fn time_out(&mut self, plan: &Plan, slot: u32, wait: u32) {
        if !self.is_waiting(slot, wait) {
            return;
        }
        let state = self.tasks.slots[slot as usize];
        let service = plan.service_of(state.instance);
        let is_call =
            matches!(plan.program.code[state.task.position as usize], Instruction::Call { .. });
        if is_call {
            self.services[service.index()].statistics.timed_out += 1;
            // One that waits outside its bulkhead was never made.
            let was_made = state.phase == Phase::Calling;
            self.attempt_over(plan, slot, was_made.then_some(false));
        }
        self.tasks.slots[slot as usize].wait = wait.wrapping_add(1);
        if is_call {
            if !self.attempt_failed(plan, slot, Outcome::TimedOut) {
                self.run_task(plan, slot);
            }
            return;
        }
        self.services[service.index()].awaiting.retain(|it| it.task != slot || it.wait != wait);
        if self.tasks.slots[slot as usize].task.fail(&plan.program) {
            self.run_task(plan, slot);
        } else {
            self.finish(plan, slot, Outcome::NeverTold);
        }
    }

    /// An attempt at a call failed. Gives whether the task waits (or is no more); if not, it
    /// goes on with what is to be done instead.
    pub(super) fn attempt_failed(&mut self, plan: &Plan, slot: u32, outcome: Outcome) -> bool {
        let state = self.tasks.slots[slot as usize];
        let call = call_at(plan, state.task.position);
        let may_retry = u32::from(state.task.attempt) < call.retry.attempts;
        let can_retry = may_retry && self.budget_allows(plan, state.instance, call.budget);
        if may_retry && !can_retry {
            self.call_refused(plan, slot, Guard::Budget);
        }
        if can_retry {
            let key = self.task_key(slot);
            let pause = self.pause(call.retry, state.task.attempt, key, state.task.position);
            self.tasks.slots[slot as usize].retrying = true;
            self.set_phase(slot, Phase::Waiting);
            let wait = self.tasks.slots[slot as usize].wait;
            self.agenda.push(self.now + pause, Scheduled::Resume { task: slot, wait });
            return true;
        }
        if self.tasks.slots[slot as usize].task.fail(&plan.program) {
            return false;
        }
        self.finish(plan, slot, outcome);
        true
    }

    /// The pause before the next attempt.
    pub(super) fn pause(&self, retry: Retry, attempt: u16, key: u64, position: u32) -> Span {
        let full = retry.backoff.pause(attempt);
        let place = u64::from(position) | u64::from(attempt) << 32;
        let lot = || self.dice.stream(Purpose::Jitter, key, place).fraction();
        let share = match retry.jitter {
            Jitter::None => return full,
            Jitter::Equal => 0.5 + 0.5 * lot(),
            Jitter::Full => lot(),
        };
        Span::from_secs_f64(full.as_secs_f64() * share)
    }

    /// A task stands still until it is told. Gives whether it waits.
    pub(super) fn await_told(&mut self, plan: &Plan, slot: u32) -> bool {
        let state = self.tasks.slots[slot as usize];
        let Instruction::Await { event, same, .. } =
            plan.program.code[state.task.position as usize]
        else {
            unreachable!("the task stands at an await")
        };
        let value = self.messages.get(state.message).event.fields[same.0];
        let service = plan.service_of(state.instance);
        if self.services[service.index()].told.remove(&(event, same.1, value)) {
            self.tasks.slots[slot as usize].task.succeed(None);
            return false;
        }
        let state = &mut self.tasks.slots[slot as usize];
        state.wait = state.wait.wrapping_add(1);
        let wait = state.wait;
        self.set_phase(slot, Phase::Waiting);
        let waiting = Awaiting { task: slot, wait, event, field: same.1, value };
        self.services[service.index()].awaiting.push(waiting);
        if let Some(timeout) =
            time_limit(&plan.program, self.tasks.slots[slot as usize].task.position)
        {
            self.agenda.push(self.now + timeout, Scheduled::TimeOut { task: slot, wait });
        }
        true
    }

    /// A service is told an event: whoever waits for it goes on; if nobody does yet, it is
    /// remembered.
    pub(super) fn tell(&mut self, plan: &Plan, service: ServiceId, told: MessageId) {
        for &(event_type, field) in plan.awaited(service) {
            let event = &self.messages.get(told).event;
            if event_type != event.event_type {
                continue;
            }
            let value = event.fields[field];
            let state = &mut self.services[service.index()];
            let found = state
                .awaiting
                .iter()
                .position(|it| it.event == event_type && it.field == field && it.value == value);
            let Some(place) = found else {
                state.told.insert((event_type, field, value));
                continue;
            };
            let Awaiting { task: slot, wait, .. } = state.awaiting.remove(place);
            if self.is_waiting(slot, wait) {
                let state = &mut self.tasks.slots[slot as usize];
                state.wait = state.wait.wrapping_add(1);
                state.task.succeed(None);
                self.run_task(plan, slot);
            }
        }
    }
}
