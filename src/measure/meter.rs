//! The meter: folds the records of a walk into what is measured of a span, whole or in buckets.
//! A series is the same figures of many short spans.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::history::Moment;
use crate::model::{
    DropReason, FaultKind, GroupId, LinkId, MessageId, Model, Node, Outcome, Record, Role,
    ServiceId, Span, Time, TopicId, What,
};
use crate::sim::Tally;

use super::arrivals::{Cohort, Fate, Follower};
use super::figures::{Measured, Slot, Stretched};
use super::knowledge::Polls;
use super::levels;
use crate::model::Level;

/// Measures a span of a run in a number of buckets of one length.
///
/// A bucket has what happens after its first instant up to its last, and the first bucket its
/// first instant too. Arrivals count where they arrive, and are followed to their end.
#[derive(Clone)]
pub struct Meter {
    from: Time,
    until: Time,
    /// The last instants of the buckets.
    ends: Vec<Time>,
    /// The bucket that time is in; none before the span.
    current: Option<usize>,
    slots: Vec<Slot>,
    done: Vec<Measured>,
    tally: Tally,
    before: Tally,
    levels: Vec<Level>,
    follower: Follower,
    polls: Polls,
    in_flight: Watched,
    on_link: Vec<Option<LinkId>>,
    lags: Vec<Watched>,
    /// Groups whose lag is to be looked at again.
    dirty: BTreeSet<GroupId>,
    /// By group, the most it was behind for as long before the span as the span is.
    lag_before: Vec<u64>,
    recovery: Vec<Option<Span>>,
    has_begun: bool,
}

/// A level that changes in steps.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    value: u64,
    since: Time,
    so_far: Stretched,
}

impl Watched {
    fn set(&mut self, at: Time, value: u64) {
        self.so_far.area += u128::from(self.value) * u128::from(at.since(self.since).0);
        self.since = at;
        self.value = value;
        self.so_far.most = self.so_far.most.max(value);
    }

    /// What it was up to an instant, from which it is measured anew.
    fn cut(&mut self, at: Time) -> Stretched {
        self.set(at, self.value);
        std::mem::replace(&mut self.so_far, Stretched { area: 0, most: self.value })
    }
}

impl Meter {
    /// Of a span, whole (one bucket) or in more.
    #[must_use]
    pub fn new(model: &Model, from: Time, until: Time, buckets: usize) -> Self {
        let until = until.max(from);
        let buckets = buckets.max(1);
        let length = u128::from(until.since(from).0);
        let end = |place: usize| {
            let part = length * (place as u128 + 1) / buckets as u128;
            from + Span(u64::try_from(part).unwrap_or(u64::MAX))
        };
        let slot = || Slot {
            cohorts: vec![Cohort::default(); model.services.len()],
            max_queue: vec![0; model.services.len()],
            ..Slot::default()
        };
        Self {
            from,
            until,
            ends: (0..buckets).map(end).collect(),
            current: None,
            slots: (0..buckets).map(|_| slot()).collect(),
            done: Vec::new(),
            tally: Tally::default(),
            before: Tally::default(),
            levels: Vec::new(),
            follower: Follower::new(model),
            polls: Polls::of(model),
            in_flight: Watched::default(),
            on_link: Vec::new(),
            lags: vec![Watched::default(); model.groups.len()],
            dirty: BTreeSet::new(),
            lag_before: vec![0; model.groups.len()],
            recovery: vec![None; model.groups.len()],
            has_begun: false,
        }
    }

    /// Takes down these levels too, at the end of each bucket.
    #[must_use]
    pub fn with_levels(mut self, levels: Vec<Level>) -> Self {
        self.levels = levels;
        self
    }

    /// From when on it must see every record: so long before the span as the span is.
    #[must_use]
    pub fn wants_from(&self) -> Time {
        self.from.back(self.until.since(self.from))
    }

    /// Whether nothing that comes can change what is measured: the span is over, its arrivals have
    /// come to their ends, and every group has caught up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.done.len() == self.slots.len()
            && self.follower.open() == 0
            && self.recovery.iter().all(Option::is_some)
    }

    /// A hash over all arrivals seen, and how many they were: two runs with the same one had the
    /// same arrivals.
    #[must_use]
    pub const fn arrivals(&self) -> (u64, u64) {
        (self.follower.count, self.follower.hash)
    }

    /// What was drawn for the first arrivals, as a hash over each.
    #[must_use]
    pub const fn draws(&self) -> &BTreeMap<u64, u64> {
        &self.follower.draws
    }

    /// What is known when time has come to `now`: what was measured of the buckets that are over,
    /// and of the one that time is in as if it ended now. Of arrivals it has what is known.
    #[must_use]
    pub fn so_far(&self, now: Time, moment: &Moment) -> Vec<Measured> {
        let mut meter = self.clone();
        if let Some(current) = meter.current
            && current < meter.ends.len()
        {
            meter.ends.truncate(current + 1);
            meter.slots.truncate(current + 1);
            meter.ends[current] = now.min(meter.ends[current]);
        }
        meter.finish(now, moment)
    }

    /// How many buckets are over.
    #[must_use]
    pub fn over(&self) -> usize {
        self.done.len()
    }

    /// What was measured of a bucket that is over; of its arrivals what is known.
    #[must_use]
    pub fn bucket(&self, place: usize) -> Option<Measured> {
        let mut measured = self.done.get(place)?.clone();
        measured.slot = self.slots[place].clone();
        Some(measured)
    }

    /// Forgets of a bucket that is over all but what is known of its arrivals, which are still
    /// followed: a series of many buckets would hold much.
    pub fn forget(&mut self, place: usize) {
        if let (Some(done), Some(slot)) = (self.done.get_mut(place), self.slots.get_mut(place)) {
            done.tally = Tally::default();
            let cohorts = std::mem::take(&mut slot.cohorts);
            *slot = Slot { cohorts, ..Slot::default() };
        }
    }

    /// What is known of the arrivals of a workload in a bucket.
    #[must_use]
    pub fn cohort(&self, place: usize, workload: ServiceId) -> Option<&Cohort> {
        self.slots.get(place)?.cohorts.get(workload.index())
    }

    /// From when to when each bucket goes.
    #[must_use]
    pub fn bounds(&self) -> Vec<Time> {
        std::iter::once(self.from).chain(self.ends.iter().copied()).collect()
    }

    /// Remembers of each arrival what became of it, see [`Fate`].
    #[must_use]
    pub fn with_fates(mut self) -> Self {
        self.follower.fates = Some(Vec::new());
        self
    }

    /// What became of the first arrivals, if that is remembered.
    #[must_use]
    pub fn fates(&self) -> &[Fate] {
        self.follower.fates.as_deref().unwrap_or_default()
    }

    /// Time goes on to `next`; nothing has happened yet that happens then.
    pub fn come_to(&mut self, next: Time, moment: &Moment) {
        if !self.has_begun {
            self.begin(moment);
        }
        while self.current.is_none_or(|it| self.ends.get(it).is_some_and(|end| next > *end)) {
            match self.current {
                None if next < self.from => return,
                None => self.enter(moment),
                Some(slot) => self.close(slot, moment),
            }
        }
    }

    /// The state of things when it begins to look.
    fn begin(&mut self, moment: &Moment) {
        self.has_begun = true;
        let at = moment.scene.at;
        for (id, message) in moment.scene.alive() {
            if let (crate::history::Place::Link, Some(link)) = (message.place, message.link) {
                self.put_on_link(id, link);
                self.in_flight.value += 1;
            }
        }
        self.in_flight.since = at;
        for (index, lag) in self.lags.iter_mut().enumerate() {
            *lag = Watched { since: at, ..Watched::default() };
            lag.set(at, moment.world.lag(GroupId::from_index(index)));
        }
    }

    fn enter(&mut self, moment: &Moment) {
        self.current = Some(0);
        self.tally = moment.world.tally(self.from);
        self.before = self.tally.clone();
        self.in_flight.cut(self.from);
        let from = self.from;
        self.lag_before = self.lags.iter_mut().map(|it| it.cut(from).most).collect();
        for (index, most) in self.slots[0].max_queue.iter_mut().enumerate() {
            *most = moment.world.waiting_and_busy(ServiceId::from_index(index)).0;
        }
    }

    /// A bucket is over.
    fn close(&mut self, slot: usize, moment: &Moment) {
        let end = self.ends[slot];
        let model = Arc::clone(moment.world.model());
        let tally = moment.world.tally(end);
        self.slots[slot].in_flight = self.in_flight.cut(end);
        self.slots[slot].lags = self.lags.iter_mut().map(|it| it.cut(end)).collect();
        let counted = tally.since(&self.tally);
        let from = slot.checked_sub(1).map_or(self.from, |it| self.ends[it]);
        let stores = (0..model.stores.len()).map(crate::model::StoreId::from_index);
        self.done.push(Measured {
            from,
            until: end,
            blast: self.blast(slot, &model, &counted, moment),
            tally: counted,
            slot: Slot::default(),
            recovery: vec![None; self.lags.len()],
            not_applied: stores.map(|it| moment.world.open_events(it)).collect(),
            levels: self.levels.iter().map(|it| (*it, levels::level(*it, moment))).collect(),
            model,
        });
        self.tally = tally;
        self.current = Some(slot + 1);
        if let Some(next) = self.slots.get_mut(slot + 1) {
            for (index, most) in next.max_queue.iter_mut().enumerate() {
                *most = moment.world.waiting_and_busy(ServiceId::from_index(index)).0;
            }
        } else {
            for group in 0..self.lags.len() {
                self.look_whether_recovered(group, end);
            }
        }
    }

    fn look_whether_recovered(&mut self, group: usize, at: Time) {
        let is_over = self.current.is_some_and(|it| it >= self.ends.len());
        if is_over
            && self.recovery[group].is_none()
            && self.lags[group].value <= self.lag_before[group]
        {
            self.recovery[group] = Some(at.since(self.until));
        }
    }

    /// Services that showed errors or stopped, but for those that a fault strikes.
    fn blast(
        &self,
        slot: usize,
        model: &Model,
        counted: &Tally,
        moment: &Moment,
    ) -> Vec<ServiceId> {
        let (from, until) = (self.from, self.until);
        let struck: BTreeSet<ServiceId> = model
            .faults
            .iter()
            .filter(|it| it.at <= until && it.lasts.is_none_or(|lasts| it.at + lasts > from))
            .filter_map(|it| match it.kind {
                FaultKind::Crash { service, .. }
                | FaultKind::Slow { service, .. }
                | FaultKind::Disconnect { service, .. } => Some(service),
                _ => None,
            })
            .collect();
        let services = (0..model.services.len()).map(ServiceId::from_index);
        let has_stopped = |it: ServiceId| {
            let before = self.tally.services.get(it.index()).map_or(0, |it| it.completed);
            let (waiting, busy) = moment.world.waiting_and_busy(it);
            counted.services[it.index()].completed == 0 && before > 0 && waiting + busy > 0
        };
        services
            .filter(|it| !struck.contains(it))
            .filter(|it| self.slots[slot].troubled.contains(it) || has_stopped(*it))
            .collect()
    }

    /// Takes in the records of a step, which has been made.
    pub fn see(&mut self, records: &[Record], moment: &Moment) {
        let Some(first) = records.first() else { return };
        let model = moment.world.model();
        self.follower.begin_step();
        let slot = self.current.filter(|it| *it < self.slots.len());
        for record in records {
            self.follower.see(record, model, slot, &mut self.slots, &moment.world);
            self.follow(record, model);
            if let Some(slot) = slot {
                self.count(record, slot, model, moment);
            }
        }
        for group in std::mem::take(&mut self.dirty) {
            let lag = moment.world.lag(group);
            self.lags[group.index()].set(first.at, lag);
            self.look_whether_recovered(group.index(), first.at);
        }
    }

    fn put_on_link(&mut self, id: MessageId, link: LinkId) {
        if id.index() >= self.on_link.len() {
            self.on_link.resize(id.index() + 1, None);
        }
        self.on_link[id.index()] = Some(link);
    }

    /// What is followed before the span too: messages on links, and how far groups are behind.
    fn follow(&mut self, record: &Record, model: &Model) {
        match record.what {
            What::Sent { message, link, .. } => {
                self.put_on_link(message, link);
                self.in_flight.set(record.at, self.in_flight.value + 1);
            }
            What::Blocked { message, .. }
            | What::Queued { message, .. }
            | What::Started { message, .. }
            | What::Finished { message, .. }
            | What::Received { message }
            | What::Dropped { message, .. }
            | What::Appended { message, .. }
            | What::Enqueued { message, .. }
            | What::Settled { message, .. }
            | What::Leased { message, .. }
            | What::Skipped { message, .. } => {
                let left = self.on_link.get_mut(message.index()).and_then(Option::take);
                if let Some(link) = left {
                    self.in_flight.set(record.at, self.in_flight.value - 1);
                    if let What::Dropped { reason, .. } = record.what {
                        self.refused(reason, link, model);
                    }
                }
            }
            _ => {}
        }
        let mut of_topic = |topic: TopicId| {
            self.dirty.extend(model.topics[topic.index()].groups.iter().copied());
        };
        match record.what {
            What::Appended { topic, .. }
            | What::Truncated { topic, .. }
            | What::Trimmed { topic, .. }
            | What::Enqueued { topic, .. }
            | What::Settled { topic, .. }
            | What::AckForgotten { topic, .. } => of_topic(topic),
            What::Committed { group, .. } | What::FellOff { group, .. } => {
                self.dirty.insert(group);
            }
            What::Dropped { reason: DropReason::Purged, .. } | What::Intervened { .. } => {
                self.dirty.extend((0..self.lags.len()).map(GroupId::from_index));
            }
            _ => {}
        }
    }

    /// A message was turned away where its link leads to.
    fn refused(&mut self, reason: DropReason, link: LinkId, model: &Model) {
        let is_trouble =
            matches!(reason, DropReason::Rejected | DropReason::QueueFull | DropReason::Refused);
        if is_trouble
            && let Some(slot) = self.current
            && let Some(slot) = self.slots.get_mut(slot)
            && let Node::Service(service) = model.links[link.index()].to
        {
            slot.troubled.insert(service);
        }
    }

    fn count(&mut self, record: &Record, slot: usize, model: &Model, moment: &Moment) {
        let slot = &mut self.slots[slot];
        match record.what {
            What::Sent { event_type, role, link, attempt, .. } => {
                slot.sent += 1;
                if carries_something(role) {
                    slot.bytes += u64::from(model.event_types[event_type.index()].size_bytes);
                }
                let again = attempt > 1 && matches!(role, Role::Request | Role::Publish);
                slot.retries += u64::from(again);
                let link = &model.links[link.index()];
                if let (Node::Service(from), Node::Service(to)) = (link.from, link.to) {
                    slot.polls += u64::from(
                        role == Role::Request && self.polls.is_question(from, to, event_type),
                    );
                    slot.empty_polls += u64::from(
                        role == Role::Reply && self.polls.is_empty_answer(from, to, event_type),
                    );
                }
            }
            What::Queued { instance, .. } | What::Blocked { instance, .. } => {
                let (service, _) = model.instances[instance.index()];
                let waiting = moment.world.waiting_and_busy(service).0;
                let most = &mut slot.max_queue[service.index()];
                *most = waiting.max(*most);
            }
            What::Finished { instance, outcome, .. } => {
                let (service, _) = model.instances[instance.index()];
                if !matches!(outcome, Outcome::Done | Outcome::Remembered) {
                    slot.troubled.insert(service);
                }
            }
            _ => {}
        }
    }

    /// The run has come to its end, or nobody looks any further: what was measured, bucket by
    /// bucket. `end` is where it ends, and nothing happens any more up to then.
    #[must_use]
    pub fn finish(mut self, end: Time, moment: &Moment) -> Vec<Measured> {
        self.come_to(end, moment);
        // What happens at the last instant has happened.
        self.come_to(end + Span(1), moment);
        let mut slots = std::mem::take(&mut self.slots);
        self.follower.finish(&mut slots);
        let mut done = std::mem::take(&mut self.done);
        let is_whole = done.len() == slots.len();
        for (it, slot) in done.iter_mut().zip(slots) {
            it.slot = slot;
        }
        if is_whole && let Some(last) = done.last_mut() {
            last.recovery = self.recovery;
        }
        done
    }
}

/// Whether a message carries an event, a request or an answer; what is said about one (that it is
/// done, that there is room for more) is small beside it, and wears its type only to be told by.
const fn carries_something(role: Role) -> bool {
    matches!(role, Role::Request | Role::Reply | Role::OneWay | Role::Publish | Role::Delivery)
}
