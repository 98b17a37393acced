//! Batches: a consumer takes up several deliveries with one worker, one after the other; the
//! time of `Work` is spent once, on the first, and the broker is told of all in the end. If one
//! fails, all have failed, whatever those before it have done.

use std::collections::BTreeMap;

use std::collections::VecDeque;

use crate::model::{
    AckTiming, Batch, Consume, DropReason, InstanceId, MessageId, Outcome, ServiceId, Span, What,
};

use super::message::Token;
use super::plan::Plan;
use super::task::TaskState;
use super::world::{Scheduled, World};

/// What an instance has of a subscription that it handles in batches.
#[derive(Clone, Debug, Default)]
pub struct Gathering {
    /// What waits for a batch.
    pub waiting: VecDeque<MessageId>,
    /// Whether a batch is in work after which the next one must wait: those of a log would get
    /// out of order.
    pub is_busy: bool,
    /// How many of a log's batch that failed are about to be tried again: those behind them wait.
    pub coming_back: u32,
}

impl Gathering {
    /// Forgets what a crash takes, but for what waits.
    pub fn crash(&mut self) {
        (self.is_busy, self.coming_back) = (false, 0);
    }
}

/// A batch in work, beside the message that its task has in hands.
#[derive(Clone, Debug)]
pub struct BatchRun {
    place: usize,
    /// Handled, and whether the broker has been told.
    done: Vec<(MessageId, bool)>,
    rest: VecDeque<MessageId>,
}

impl BatchRun {
    /// The messages beside the one in hands.
    pub fn others(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.done.iter().map(|it| it.0).chain(self.rest.iter().copied())
    }
}

impl World {
    /// A delivery that is handled in a batch waits for it. Gives whether it is one.
    pub(super) fn gathers(&mut self, plan: &Plan, id: MessageId, comes_back: bool) -> bool {
        let Some((place, consume)) = self.consume_of(plan, id) else { return false };
        let Some(batch) = consume.strategy.batch else { return false };
        let (to, token) = (self.messages.get(id).to, self.messages.get(id).token);
        let service = plan.service_of(to);
        let statistics = &mut self.services[service.index()].statistics;
        statistics.arrivals += 1;
        statistics.queue_grew(self.now);
        self.note(What::Queued { message: id, instance: to });
        let waiting = &self.instances[to.index()].gatherings[place].waiting;
        // Of a partition, the one that comes back goes before those that came after it.
        let is_behind = |other: &MessageId| match (token, self.messages.get(*other).token) {
            (
                Token::Offset { partition, offset, .. },
                Token::Offset { partition: other, offset: behind, .. },
            ) => partition == other && offset < behind,
            _ => false,
        };
        let place_of = |_: ()| waiting.iter().position(is_behind);
        let at = comes_back.then_some(()).and_then(place_of).unwrap_or(waiting.len());
        self.instances[to.index()].gatherings[place].waiting.insert(at, id);
        self.schedule_batch(to, place, batch.within);
        if let Token::Offset { partition, offset, .. } = token
            && let Some(lane) = self.lane(to, consume.group, partition)
        {
            let lane = &mut self.instances[to.index()].lanes[lane];
            lane.aside.insert(offset);
            if lane.current == offset {
                // To gather is to poll on.
                lane.busy = false;
                self.poll_shrank(plan, to, place);
                self.lane_goes_on(plan, to, (place, partition));
            }
        }
        if let Some(task) = self.next_batch(plan, to, service) {
            self.run_task(plan, task);
        }
        true
    }

    fn schedule_batch(&mut self, instance: InstanceId, place: usize, within: Span) {
        let state = &self.instances[instance.index()];
        let incarnation = state.incarnation;
        if let Some(&first) = state.gatherings[place].waiting.front() {
            let at = (self.messages.get(first).since + within).max(self.now);
            let place = u16::try_from(place).expect("subscriptions are few");
            self.agenda.push(at, Scheduled::BatchDue { instance, place, incarnation });
        }
    }

    /// What waits for a batch may have waited long enough.
    pub(super) fn batch_due(&mut self, plan: &Plan, instance: InstanceId, incarnation: u32) {
        let state = &self.instances[instance.index()];
        if state.up
            && state.incarnation == incarnation
            && let Some(task) = self.next_batch(plan, instance, plan.service_of(instance))
        {
            self.run_task(plan, task);
        }
    }

    /// An instance with a free worker takes up a batch, if one is full or has waited long enough.
    /// Gives the task that is to be run.
    pub(super) fn next_batch(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        service: ServiceId,
    ) -> Option<u32> {
        let settings = &plan.model.services[service.index()];
        for (place, consume) in settings.consumes.iter().enumerate() {
            let Some(batch) = consume.strategy.batch else { continue };
            let state = &self.instances[instance.index()];
            if settings.workers.is_some_and(|workers| state.busy >= workers) {
                return None;
            }
            if let Some(task) = self.begin_batch(plan, instance, (place, consume), batch) {
                return Some(task);
            }
        }
        None
    }

    fn begin_batch(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        (place, consume): (usize, &Consume),
        Batch { size, within }: Batch,
    ) -> Option<u32> {
        let gathering = &mut self.instances[instance.index()].gatherings[place];
        let size = size as usize;
        let first = *gathering.waiting.front()?;
        let is_due = self.messages.get(first).since + within <= self.now;
        if gathering.is_busy
            || gathering.coming_back > 0
            || gathering.waiting.len() < size && !is_due
        {
            return None;
        }
        let count = gathering.waiting.len().min(size);
        let rest: VecDeque<MessageId> = gathering.waiting.drain(..count).collect();
        gathering.is_busy = plan.is_log(consume.topic);
        self.schedule_batch(instance, place, within);
        let service = plan.service_of(instance);
        self.instances[instance.index()].busy += 1;
        self.services[service.index()].statistics.worker_taken(self.now);
        if consume.ack == AckTiming::BeforeWork {
            for &id in &rest {
                self.acknowledge(plan, id);
            }
        }
        let run = BatchRun { place, done: Vec::new(), rest };
        self.batch_goes_on(plan, instance, service, run)
    }

    /// A batch's worker takes up the next of it, or is done with it. Gives the task that is to
    /// be run.
    fn batch_goes_on(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        service: ServiceId,
        mut run: BatchRun,
    ) -> Option<u32> {
        while let Some(id) = run.rest.pop_front() {
            if !self.still_counts(plan, id) {
                // Its partition has gone to another reader meanwhile, or back for a replay.
                let since = self.messages.get(id).since;
                let statistics = &mut self.services[service.index()].statistics;
                statistics.queue_shrank(self.now);
                statistics.lose(self.now, since);
                self.drop_message(id, DropReason::Stale);
                self.give_room(plan, instance, run.place);
                continue;
            }
            if let Some(why) = self.passes(plan, id) {
                self.services[service.index()].statistics.queue_shrank(self.now);
                self.skip(plan, id, why);
                continue;
            }
            if run.done.is_empty() {
                // It counts as the one in the worker's hands; the others wait until all is over.
                let since = self.messages.get(id).since;
                let statistics = &mut self.services[service.index()].statistics;
                statistics.queue_shrank(self.now);
                statistics.waiting.record(self.now.since(since));
            }
            let event_type = self.messages.get(id).event.event_type;
            let handler = plan.reaction(service, run.place, event_type);
            let handler = handler.expect("what has no handler is not gathered");
            self.note(What::Started { message: id, instance });
            let slot = self.begin_task(plan, id, instance, service, handler);
            self.begin_transaction(plan, id, slot);
            self.batches.insert(slot, run);
            return Some(slot);
        }
        self.end_batch(plan, instance, service, run, Outcome::Done);
        None
    }

    /// Whether the time of `Work` of a task was spent by another one of its batch.
    #[inline]
    pub(super) fn is_further_of_batch(batches: &BTreeMap<u32, BatchRun>, slot: u32) -> bool {
        batches.get(&slot).is_some_and(|it| !it.done.is_empty())
    }

    /// The handler of one of a batch came to its end. Gives the task that is to be run next.
    pub(super) fn batched_ended(
        &mut self,
        plan: &Plan,
        slot: u32,
        mut run: BatchRun,
        outcome: Outcome,
    ) -> Option<u32> {
        let TaskState { message: id, instance, service, acked, .. } =
            self.tasks.slots[slot as usize];
        if outcome == Outcome::Done {
            self.handled(plan, slot, id);
        }
        self.task_over(slot);
        self.tasks.slots[slot as usize].used = false;
        self.tasks.free.push(slot);
        run.done.push((id, acked));
        if outcome == Outcome::Done {
            return self.batch_goes_on(plan, instance, service, run);
        }
        self.end_batch(plan, instance, service, run, outcome);
        None
    }

    fn end_batch(
        &mut self,
        plan: &Plan,
        instance: InstanceId,
        service: ServiceId,
        run: BatchRun,
        outcome: Outcome,
    ) {
        self.instances[instance.index()].busy -= 1;
        self.instances[instance.index()].gatherings[run.place].is_busy = false;
        self.services[service.index()].statistics.worker_freed(self.now);
        let rest = run.rest.into_iter().map(|it| (it, false));
        for (number, (id, acked)) in run.done.into_iter().chain(rest).enumerate() {
            let since = self.messages.get(id).since;
            let statistics = &mut self.services[service.index()].statistics;
            if number > 0 {
                statistics.queue_shrank(self.now);
                statistics.waiting.record(self.now.since(since));
            }
            statistics.departed(self.now, since, outcome == Outcome::Done);
            self.note(What::Finished { message: id, instance, outcome });
            self.finish_delivery(plan, id, acked, outcome == Outcome::Done);
            self.end_message(id);
        }
    }
}
