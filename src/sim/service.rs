//! Services: messages come to an instance, wait for a worker, are worked on, and leave.

use crate::engine::dice::Purpose;
use crate::engine::handler::Task;
use crate::engine::program::Instruction;
use crate::model::{
    AckTiming, DropReason, Event, Full, InboundOrder, InstanceId, MessageId, OnFailure, Outcome,
    Role, ServiceId, Trigger, What,
};

use super::message::{Message, Token};
use super::plan::Plan;
use super::task::{TaskState, key_of};
use super::world::{Instance, Scheduled, World};

impl World {
    /// A message comes to the instance it is for.
    #[inline(always)]
    pub(super) fn reach_instance(&mut self, plan: &Plan, id: MessageId) {
        let &Message { to, role, ref event, .. } = self.messages.get(id);
        let event_type = event.event_type;
        let service = plan.service_of(to);
        if !self.instances[to.index()].up {
            if role == Role::Delivery {
                self.drop_message(id, DropReason::Stale);
            } else {
                self.services[service.index()].statistics.lost += 1;
                self.refuse(plan, id, DropReason::Refused);
            }
            return;
        }
        self.messages.get_mut(id).since = self.now;
        if role == Role::Delivery {
            self.reach_consumer(plan, id);
        } else if plan.answer(service, event_type).is_none() {
            self.drop_message(id, DropReason::Unhandled);
        } else {
            self.admit_to(plan, id, to, service);
        }
    }

    /// A message is to be worked on by its instance: at once, or after those before it.
    pub(super) fn admit(&mut self, plan: &Plan, id: MessageId) {
        let instance = self.messages.get(id).to;
        self.admit_to(plan, id, instance, plan.service_of(instance));
    }

    /// The same, where it is known which instance that is, and whose.
    #[inline(never)]
    fn admit_to(&mut self, plan: &Plan, id: MessageId, instance: InstanceId, service: ServiceId) {
        let habit = plan.habit(service);
        let state = &mut self.instances[instance.index()];
        let statistics = &mut self.services[service.index()].statistics;
        statistics.arrivals += 1;
        if state.busy < habit.workers {
            return self.start_at_once(plan, id, service);
        }
        if state.queue.len() < habit.room as usize {
            state.queue.push_back(id);
            statistics.queue_grew(self.now);
            self.note(What::Queued { message: id, instance });
            return;
        }
        self.find_no_room(plan, id, instance, service);
    }

    /// A message finds a worker free.
    #[inline(never)]
    fn start_at_once(&mut self, plan: &Plan, id: MessageId, service: ServiceId) {
        if let Some(task) = self.start(plan, id, service) {
            self.run_task(plan, task);
        }
    }

    /// A message finds the queue full.
    #[inline(never)]
    fn find_no_room(
        &mut self,
        plan: &Plan,
        id: MessageId,
        instance: InstanceId,
        service: ServiceId,
    ) {
        let statistics = &mut self.services[service.index()].statistics;
        let is_delivery = self.messages.get(id).role == Role::Delivery;
        match plan.model.services[service.index()].full {
            // The broker sent no more than the consumer asked for: it waits outside.
            _ if is_delivery => self.block(id, instance, service),
            Full::Block => self.block(id, instance, service),
            Full::Reject => {
                statistics.rejected += 1;
                self.refuse(plan, id, DropReason::Rejected);
            }
            Full::Drop => {
                statistics.rejected += 1;
                self.drop_message(id, DropReason::QueueFull);
            }
        }
    }

    fn block(&mut self, id: MessageId, instance: InstanceId, service: ServiceId) {
        self.instances[instance.index()].blocked.push_back(id);
        self.services[service.index()].statistics.queue_grew(self.now);
        self.note(What::Blocked { message: id, instance });
    }

    /// A message is dropped; if it was a request, its sender is told.
    pub(super) fn refuse(&mut self, plan: &Plan, id: MessageId, reason: DropReason) {
        let request = *self.messages.get(id);
        self.drop_message(id, reason);
        if request.role == Role::Request {
            self.answer(plan, &request, Role::Failure, request.event);
        }
    }

    /// Sends the answer to a request.
    pub(super) fn answer(&mut self, plan: &Plan, request: &Message, role: Role, event: Event) {
        let link = plan.reverse(request.link);
        let answer = Message { event, role, link, from: request.to, to: request.from, ..*request };
        self.send(plan, &answer);
    }

    /// A worker takes a message up: its task begins, and is to be run; unless it is a request that
    /// is answered already.
    #[inline(always)]
    fn start(&mut self, plan: &Plan, id: MessageId, service: ServiceId) -> Option<u32> {
        let &Message { to, role, link, since, ref event, .. } = self.messages.get(id);
        let event_type = event.event_type;
        if role == Role::Delivery
            && let Some(why) = self.passes(plan, id)
        {
            self.skip(plan, id, why);
            return None;
        }
        if role == Role::Request && plan.habit(service).remembers && !self.is_to_be_done(plan, id) {
            return None;
        }
        self.instances[to.index()].busy += 1;
        let statistics = &mut self.services[service.index()].statistics;
        statistics.worker_taken(self.now);
        statistics.waiting.record(self.now.since(since));
        self.note(What::Started { message: id, instance: to });
        let mut heartbeat = None;
        let handler = match role {
            Role::Delivery => {
                let topic = Self::topic_of(plan, link);
                let (place, consume) =
                    plan.subscription(service, topic).expect("only subscribers get deliveries");
                if consume.ack == AckTiming::BeforeWork {
                    self.acknowledge(plan, id);
                }
                heartbeat = consume.heartbeat.map(|every| (topic, every));
                plan.reaction(service, place, event_type)
            }
            _ => plan.answer(service, event_type),
        };
        let handler = handler.expect("what has no handler is not admitted");
        let slot = self.begin_task(plan, id, to, service, handler);
        if role == Role::Delivery && !plan.is_naive(to) {
            self.begin_transaction(plan, id, slot);
        }
        if let Some((topic, every)) = heartbeat {
            self.begin_heartbeat(id, slot, topic, every);
        }
        Some(slot)
    }

    /// A handler came to its end, and its worker takes up what is next.
    pub(super) fn finish(&mut self, plan: &Plan, slot: u32, outcome: Outcome) {
        if let Some(next) = self.over(plan, slot, outcome) {
            self.run_task(plan, next);
        }
    }

    /// A handler came to its end. Gives the task that its worker goes on with: one of the same
    /// batch, or of what waits.
    #[inline(never)]
    pub(super) fn over(&mut self, plan: &Plan, slot: u32, outcome: Outcome) -> Option<u32> {
        let state = self.tasks.slots[slot as usize];
        if let Some(next) = self.next_in_line(plan, &state) {
            return self.turn_to(plan, slot, &state, outcome, next);
        }
        self.end_and_look(plan, slot, outcome)
    }

    /// The same where it has to be looked for what comes next when the end is over.
    #[inline(never)]
    fn end_and_look(&mut self, plan: &Plan, slot: u32, outcome: Outcome) -> Option<u32> {
        let state = self.tasks.slots[slot as usize];
        if !self.batches.is_empty()
            && let Some(run) = self.batches.remove(&slot)
        {
            let next = self.batched_ended(plan, slot, run, outcome);
            if next.is_some() {
                return next;
            }
        } else {
            self.end_task(plan, slot, state, outcome);
        }
        self.next_message(plan, state.instance, state.service)
    }

    /// The message that the worker of a task takes up when the task is over, where nothing can come
    /// between: neither is a delivery (whose end may let others in, and which may be skipped or one of
    /// a batch) or a request to a service that remembers what it answered, nobody stands outside the
    /// queue, and the instance does not have more workers busy than it is to have.
    #[inline(always)]
    fn next_in_line(&self, plan: &Plan, state: &TaskState) -> Option<MessageId> {
        let habit = plan.habit(state.service);
        let Instance { busy, queue, blocked, .. } = &self.instances[state.instance.index()];
        let next = match habit.order {
            InboundOrder::Fifo => queue.front(),
            InboundOrder::Lifo => queue.back(),
        };
        let next = *next?;
        let is_plain = |id| match self.messages.get(id).role {
            Role::Delivery => false,
            Role::Request => !habit.remembers,
            _ => true,
        };
        (blocked.is_empty() && *busy <= habit.workers && is_plain(state.message) && is_plain(next))
            .then_some(next)
    }

    /// A worker is done with one message and turns to the next: what [`end_task`](Self::end_task) and
    /// [`next_message`](Self::next_message) do one after the other, up to the first step, in one. The
    /// worker and the place of the task would be freed and taken again at the same instant, and are
    /// kept. Gives the task if it is to go on at once.
    #[inline(always)]
    fn turn_to(
        &mut self,
        plan: &Plan,
        slot: u32,
        &TaskState { message: id, instance, service, replied, .. }: &TaskState,
        outcome: Outcome,
        next: MessageId,
    ) -> Option<u32> {
        let &Message { role, since, .. } = self.messages.get(id);
        let message = self.messages.get(next);
        let (event_type, next_since) = (message.event.event_type, message.since);
        let handler =
            plan.answer(service, event_type).expect("what has no handler is not admitted");
        let entry = plan.program.entry(handler);
        // Drawn first, for a draw takes long: the processor sees to the rest meanwhile.
        let work = match &plan.program.code[entry as usize] {
            Instruction::Work(time) => {
                Some(self.draw(Purpose::Work, key_of(message, 0), entry, time))
            }
            _ => None,
        };
        self.task_over(slot);
        match plan.habit(service).order {
            InboundOrder::Fifo => self.instances[instance.index()].queue.pop_front(),
            InboundOrder::Lifo => self.instances[instance.index()].queue.pop_back(),
        };
        let done = outcome == Outcome::Done;
        let statistics = &mut self.services[service.index()].statistics;
        statistics.departed(self.now, since, done);
        statistics.queue_shrank(self.now);
        statistics.waiting.record(self.now.since(next_since));
        self.note(What::Finished { message: id, instance, outcome });
        if role == Role::Request && !replied {
            self.answer_at_the_end(plan, id, done);
        }
        // No user goes on: what came of itself here is the tick of a timer, for nothing ever waits for
        // a hand at a workload.
        self.end_known_message(id, role);
        self.note(What::Started { message: next, instance });
        let place = &mut self.tasks.slots[slot as usize];
        let wait = place.wait.wrapping_add(1);
        *place = TaskState::new(Task::new(entry), next, instance, service, wait);
        if !self.failing.is_empty() {
            // If it does not fail, the draw is made once more when it takes its step, and is the same.
            self.tasks.slots[slot as usize].doomed = self.fails_by_hand(service);
            return Some(slot);
        }
        match work {
            Some(span) => self.let_pass(slot, Purpose::Work, span),
            None => Some(slot),
        }
    }

    /// A request is answered when its handler has come to its end.
    #[inline(never)]
    fn answer_at_the_end(&mut self, plan: &Plan, id: MessageId, done: bool) {
        let request = *self.messages.get(id);
        let role = if done { Role::Reply } else { Role::Failure };
        self.answer_for_good(plan, &request, role, request.event);
    }

    /// A handler that had one message in hands came to its end.
    #[inline(always)]
    fn end_task(&mut self, plan: &Plan, slot: u32, state: TaskState, outcome: Outcome) {
        let TaskState { message: id, instance, service, replied, acked, .. } = state;
        let &Message { role, since, .. } = self.messages.get(id);
        if role == Role::Delivery && outcome == Outcome::Done && !plan.is_naive(instance) {
            self.handled(plan, slot, id);
        }
        self.task_over(slot);
        self.tasks.slots[slot as usize].used = false;
        self.tasks.free.push(slot);
        let done = outcome == Outcome::Done;
        let statistics = &mut self.services[service.index()].statistics;
        statistics.departed(self.now, since, done);
        statistics.worker_freed(self.now);
        self.instances[instance.index()].busy -= 1;
        self.note(What::Finished { message: id, instance, outcome });
        match role {
            Role::Request if !replied => self.answer_at_the_end(plan, id, done),
            Role::Delivery => self.finish_delivery(plan, id, acked, done),
            _ => {}
        }
        self.end_known_message(id, role);
        if role == Role::Arrival {
            self.journey_ended(plan, service);
        }
    }

    /// What a consumer tells the broker when its handler is done.
    pub(super) fn finish_delivery(&mut self, plan: &Plan, id: MessageId, acked: bool, done: bool) {
        let &Message { link, to, .. } = self.messages.get(id);
        let topic = Self::topic_of(plan, link);
        let service = plan.service_of(to);
        let (place, consume) =
            plan.subscription(service, topic).expect("only subscribers get deliveries");
        let is_log = plan.is_log(topic);
        if done && consume.ack != AckTiming::ByHandler || !done && Self::is_acked(consume, acked) {
            self.not_applied(plan, id, false);
        }
        let is_open = !done && !acked && consume.ack == AckTiming::AfterWork;
        if done && !plan.is_naive(to) {
            self.no_more_failures(plan, id, place);
        }
        if is_open && self.retries(plan, id, place, consume) {
            return;
        }
        let is_dead =
            is_open && consume.strategy.retries.is_some_and(|it| it.dead_letters.is_some());
        if is_dead {
            self.acknowledge(plan, id);
        } else if is_open {
            match consume.in_the_end() {
                OnFailure::Retry(after) if is_log && self.still_counts(plan, id) => {
                    self.tries_again(plan, id, after);
                    return;
                }
                OnFailure::Retry(_) if is_log => {}
                OnFailure::GiveUp | OnFailure::LetExpire if is_log => {
                    // Another reader has it otherwise.
                    if self.still_counts(plan, id) {
                        self.not_applied(plan, id, false);
                    }
                    self.acknowledge(plan, id);
                }
                OnFailure::LetExpire => {
                    if let Token::Ticket(ticket) = self.messages.get(id).token {
                        self.let_go(topic, ticket);
                    }
                }
                OnFailure::Retry(_) | OnFailure::GiveUp => {
                    self.settle(plan, id, Role::Nack);
                }
            }
        } else if !acked && consume.ack == AckTiming::AfterWork {
            self.acknowledge(plan, id);
        } else if !acked
            && consume.ack == AckTiming::ByHandler
            && let Token::Ticket(ticket) = self.messages.get(id).token
        {
            self.let_go(topic, ticket);
        }
        if !plan.is_naive(to) {
            let is_given_up = match consume.in_the_end() {
                OnFailure::GiveUp => true,
                OnFailure::LetExpire => is_log,
                OnFailure::Retry(_) => false,
            };
            let comes_again = is_open && !is_given_up && !is_dead;
            self.order_over(plan, id, !comes_again);
        }
        if is_log {
            self.lane_done(plan, id, place);
        }
    }

    /// While a worker is free and a message waits, the worker takes it up. Gives the task that
    /// is to be run; there is never more than one, for nothing waits while a worker is free.
    #[inline(always)]
    pub(super) fn next_message(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        service: ServiceId,
    ) -> Option<u32> {
        loop {
            let state = &mut self.instances[instance.index()];
            let habit = plan.habit(service);
            if state.queue.is_empty() && state.blocked.is_empty() {
                let is_naive = habit.is_naive;
                return if is_naive { None } else { self.next_batch(plan, instance, service) };
            }
            if state.busy >= habit.workers {
                return None;
            }
            let next = match habit.order {
                InboundOrder::Fifo => state.queue.pop_front(),
                InboundOrder::Lifo => state.queue.pop_back(),
            };
            let id = next.or_else(|| state.blocked.pop_front())?;
            // One that stood outside comes in.
            let outside = state.blocked.pop_front();
            self.services[service.index()].statistics.queue_shrank(self.now);
            if let Some(outside) = outside {
                self.instances[instance.index()].queue.push_back(outside);
                self.note(What::Queued { message: outside, instance });
            }
            let task = self.start(plan, id, service);
            if task.is_some() {
                return task;
            }
        }
    }

    /// An instance starts, empty.
    pub(super) fn start_instance(&mut self, plan: &Plan, instance: InstanceId) {
        let state = &mut self.instances[instance.index()];
        if state.up {
            return;
        }
        state.up = true;
        state.incarnation += 1;
        let incarnation = state.incarnation;
        self.note(What::Up { instance });
        let service = plan.service_of(instance);
        for &handler in &plan.model.services[service.index()].handlers {
            if let Trigger::Timer(every) = plan.model.handlers[handler.index()].trigger {
                let timer = Scheduled::Timer { instance, handler, incarnation };
                self.agenda.push(self.now + every, timer);
            }
        }
        self.connect_consumers(plan, instance);
    }

    /// An instance crashes: what it held in memory is gone.
    pub(super) fn crash_instance(&mut self, plan: &Plan, instance: InstanceId) {
        if !self.instances[instance.index()].up {
            return;
        }
        let service = plan.service_of(instance);
        let now = self.now;
        // First, so that nothing of what waits for its turn gets it from what ends below.
        let (mut gone, mut queued) = (Vec::new(), self.take_all_from_order(plan, instance));
        for slot in 0..self.tasks.slots.len() {
            let state = &mut self.tasks.slots[slot];
            if state.used && state.instance == instance {
                state.used = false;
                state.wait = state.wait.wrapping_add(1);
                let (message, acked) = (state.message, state.acked);
                gone.push(message);
                let slot = u32::try_from(slot).expect("tasks are numbered in 32 bits");
                self.tasks.free.push(slot);
                self.task_over(slot);
                self.services[service.index()].statistics.worker_freed(now);
                self.interrupted(plan, message, acked);
                if let Some(run) = self.batches.remove(&slot) {
                    queued.extend(run.others());
                }
            }
        }
        let state = &mut self.instances[instance.index()];
        state.up = false;
        state.busy = 0;
        state.failed.clear();
        for known in state.known.iter_mut().flatten() {
            known.clear();
        }
        state.unsaid.clear();
        queued.extend(state.queue.drain(..).chain(state.blocked.drain(..)));
        for gathering in &mut state.gatherings {
            gathering.crash();
            queued.extend(gathering.waiting.drain(..));
        }
        let lanes = state.lanes.drain(..);
        queued.extend(
            lanes.flat_map(|lane| lane.waiting.into_iter().chain(lane.early.into_values())),
        );
        for _ in 0..queued.len() {
            self.services[service.index()].statistics.queue_shrank(now);
        }
        gone.extend(queued);
        for id in gone {
            let since = self.messages.get(id).since;
            self.services[service.index()].statistics.lose(now, since);
            self.refuse(plan, id, DropReason::Crashed);
        }
        self.forget_guards(plan, instance);
        self.forget_publishes(plan, instance);
        self.note(What::Down { instance });
        let all_down = plan.model.instances_of(service).all(|it| !self.instances[it.index()].up);
        if all_down {
            let mut cleared = Vec::new();
            self.stores.crash(service, |store, key| cleared.push((store, key)));
            for (store, key) in cleared {
                self.note(What::Stored { store, key, value: 0 });
                self.emptied(store, key);
            }
            let mut stores = plan.model.stores.iter().filter(|it| it.service == service);
            let loses_effects = stores.any(|it| !it.durable);
            let state = &mut self.services[service.index()];
            if loses_effects {
                // What is noted together with the effects is lost together with them.
                let consumes = &plan.model.services[service.index()].consumes;
                for (receiver, consume) in state.receivers.iter_mut().zip(consumes) {
                    receiver.forget_effects(consume);
                }
            }
            state.told.clear();
            state.awaiting.clear();
        }
        self.disconnect_consumers(plan, instance);
    }
}
