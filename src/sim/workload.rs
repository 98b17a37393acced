//! Workloads and timers: what happens of its own accord.

use crate::engine::dice::Purpose;
use crate::engine::program::Instruction;
use crate::model::{
    Arrivals, Distribution, Event, EventTypeId, HandlerId, InstanceId, LinkId, MessageId, Outcome,
    Role, ServiceId, Span, Time, Trigger, What, Workload,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::task::Handling;
use super::world::{Scheduled, World, mix};

impl World {
    /// A workload's first arrival, or its users' first turns.
    pub(super) fn begin_workload(&mut self, plan: &Plan, service: ServiceId) {
        let Some(workload) = &plan.model.services[service.index()].workload else { return };
        match &workload.arrivals {
            Arrivals::Closed { users, .. } => {
                for _ in 0..*users {
                    self.think(service, workload, workload.from);
                }
            }
            _ => {
                if let Some(at) = self.arrives_at(service, workload, 0, workload.from) {
                    self.agenda.push(at, Scheduled::Arrival(service));
                }
            }
        }
    }

    /// When the next arrival of an open workload will be, `count` having come, the last of them at
    /// `after`; `None` if no more will come.
    #[inline(always)]
    fn arrives_at(
        &self,
        service: ServiceId,
        workload: &Workload,
        count: u64,
        after: Time,
    ) -> Option<Time> {
        if count >= workload.at_most {
            return None;
        }
        let mut dice = self.dice.stream(Purpose::Arrival, u64::from(service.0), count);
        let at = match &workload.arrivals {
            Arrivals::Open(gap) => Some(after + dice.span(gap)),
            Arrivals::Rates(rates) => {
                next_at_rates(rates, after, dice.draw(&Distribution::Exponential { mean: 1.0 }))
            }
            Arrivals::Bursts { size, every, within } => {
                let (burst, place) = (count / u64::from(*size), count % u64::from(*size));
                let gap = if *size > 1 { within.0 / u64::from(*size) } else { 0 };
                Some(workload.from + *every * burst + Span(gap * place))
            }
            #[expect(clippy::cast_possible_truncation, reason = "a place in a list")]
            Arrivals::At(instants) => instants.get(count as usize).copied(),
            Arrivals::Closed { .. } => None,
        };
        let at = at.filter(|it| *it < workload.until)?;
        // Customers do not wait for who is late: in a live run the next one may be overdue.
        Some(if self.is_live() { at } else { at.max(self.now) })
    }

    /// A user thinks, from this instant on; if it is users that the workload has.
    #[inline(always)]
    fn think(&mut self, service: ServiceId, workload: &Workload, from: Time) {
        if let Arrivals::Closed { think, .. } = &workload.arrivals {
            self.think_for(service, workload, think, from);
        }
    }

    /// The same, where it is known for how long.
    fn think_for(
        &mut self,
        service: ServiceId,
        workload: &Workload,
        think: &Distribution,
        from: Time,
    ) {
        let turn = self.services[service.index()].turns;
        self.services[service.index()].turns += 1;
        let span = self.dice.stream(Purpose::Think, u64::from(service.0), turn).span(think);
        let at = from.max(self.now) + span;
        if at < workload.until && turn < workload.at_most {
            self.agenda.push(at, Scheduled::User(service));
        }
    }

    /// An arrival of an open workload.
    #[inline(never)]
    pub(super) fn arrival(&mut self, plan: &Plan, service: ServiceId, due: Time) {
        let Some(workload) = &plan.model.services[service.index()].workload else { return };
        // Drawn first, for a draw takes long: the processor sees to the arrival meanwhile. That
        // counts itself.
        let count = self.services[service.index()].arrivals + 1;
        let next = self.arrives_at(service, workload, count, due);
        self.arrive(plan, service, workload);
        if let Some(at) = next {
            self.agenda.push(at, Scheduled::Arrival(service));
        }
    }

    /// A user of a closed workload has thought enough.
    pub(super) fn user_turn(&mut self, plan: &Plan, service: ServiceId) {
        let Some(workload) = &plan.model.services[service.index()].workload else { return };
        self.arrive(plan, service, workload);
    }

    /// What a workload's arrival set off has come to its end.
    #[inline]
    pub(super) fn journey_ended(&mut self, plan: &Plan, service: ServiceId) {
        if let Some(workload) = &plan.model.services[service.index()].workload {
            self.think(service, workload, self.now);
        }
    }

    #[inline(always)]
    fn arrive(&mut self, plan: &Plan, service: ServiceId, workload: &Workload) {
        let state = &mut self.services[service.index()];
        let count = state.arrivals;
        state.arrivals += 1;
        let instance = plan.habit(service).first_instance;
        if !self.instances[instance.index()].up {
            return;
        }
        let lineage = mix(u64::from(service.0) | 1 << 32, count);
        let since = self.now;
        let carry = |event| of_itself(instance, event, since);
        let (id, Message { event, .. }) =
            self.make_message(plan, service, workload.event, None, lineage, &[], carry);
        self.came_of_itself(id, &event, instance);
        if !plan.only_sends(workload.handler) || !self.failing.is_empty() {
            self.begin_own(plan, instance, id, workload.handler);
            return;
        }
        self.note(What::Started { message: id, instance });
        let by = Handling { message: id, instance, service, asked: 0 };
        let mut at = plan.program.entry(workload.handler);
        while !matches!(plan.program.code[at as usize], Instruction::End) {
            self.send_step(plan, by, at);
            at += 1;
        }
        self.services[service.index()].statistics.passed_at_once();
        self.note(What::Finished { message: id, instance, outcome: Outcome::Done });
        self.end_known_message(id, Role::Arrival);
        self.think(service, workload, self.now);
    }

    /// A timer of an instance ticks.
    pub(super) fn timer_tick(
        &mut self,
        plan: &Plan,
        (instance, handler, incarnation): (InstanceId, HandlerId, u32),
        due: Time,
    ) {
        let state = &self.instances[instance.index()];
        if !state.up || state.incarnation != incarnation {
            return;
        }
        let Trigger::Timer(every) = plan.model.handlers[handler.index()].trigger else { return };
        self.agenda.push(due + every, Scheduled::Timer { instance, handler, incarnation });
        let lineage = mix(u64::from(instance.0) | 1 << 33, self.now.0 ^ u64::from(handler.0) << 48);
        let service = plan.service_of(instance);
        let event = Event {
            id: crate::model::EventId::new(service, 0),
            event_type: EventTypeId(0),
            time: self.now,
            cause: None,
            lineage,
            fields: [0; crate::model::event::MAX_FIELDS],
        };
        let id = self.messages.insert(&of_itself(instance, event, self.now));
        self.came_of_itself(id, &event, instance);
        self.begin_own(plan, instance, id, handler);
    }

    /// An instance begins something of its own accord, with a hand of its own.
    #[inline(never)]
    fn begin_own(&mut self, plan: &Plan, instance: InstanceId, id: MessageId, handler: HandlerId) {
        let service = plan.service_of(instance);
        self.instances[instance.index()].busy += 1;
        let statistics = &mut self.services[service.index()].statistics;
        statistics.arrivals += 1;
        statistics.worker_taken(self.now);
        statistics.waiting.record(Span::ZERO);
        self.note(What::Started { message: id, instance });
        let task = self.begin_task(plan, id, instance, service, handler);
        self.run_task(plan, task);
    }

    /// A message for what happens of its own accord is there.
    #[inline(always)]
    fn came_of_itself(&mut self, message: MessageId, event: &Event, instance: InstanceId) {
        self.counters.made[Role::Arrival as usize] += 1;
        let &Event { id: event, event_type, .. } = event;
        self.note(What::Arrived { message, event, event_type, instance });
    }
}

/// What happens of its own accord is a message where it happens.
#[inline(always)]
fn of_itself(instance: InstanceId, event: Event, since: Time) -> Message {
    Message {
        event,
        role: Role::Arrival,
        attempt: 1,
        link: LinkId(u32::MAX),
        from: instance,
        to: instance,
        token: Token::None,
        since,
    }
}

/// The next arrival of a Poisson stream with changing rate: the instant at which the rate's
/// integral has grown by `amount` (inversion of the cumulative rate; L. Devroye, "Non-Uniform
/// Random Variate Generation", VI.1.3).
fn next_at_rates(rates: &[(Time, f64)], after: Time, mut amount: f64) -> Option<Time> {
    let mut at = after;
    for (place, &(begin, rate)) in rates.iter().enumerate() {
        let end = rates.get(place + 1).map_or(Time::MAX, |&(end, _)| end);
        if end <= at {
            continue;
        }
        at = at.max(begin);
        let room = rate * end.since(at).as_secs_f64();
        if amount <= room && rate > 0.0 {
            return Some(at + Span::from_secs_f64(amount / rate));
        }
        amount -= room;
        at = end;
    }
    None
}
