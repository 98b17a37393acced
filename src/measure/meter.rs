//! The meter: folds the records of a run into what is measured of spans of it, each whole or in
//! buckets. A series is the same figures of many short spans.
//!
//! Where any of the spans or their buckets begins or ends the run is cut into segments. A record is
//! looked at once, for the segment that it is in; a bucket is put together of its segments.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::model::{
    DropReason, FaultKind, GroupId, Level, LinkId, MessageId, Model, Node, Outcome, Record, Role,
    ServiceId, Span, StoreId, Time, TopicId, What,
};
use crate::sim::{Tally, World};

use super::arrivals::{Cohort, Fate, Follower};
use super::by_message::ByMessage;
use super::figures::{Measured, Slot, Stretched};
use super::healthy::{self, healthy};
use super::knowledge::Polls;
use super::levels::{self, Sight};

/// A span to be measured.
///
/// A bucket has what happens after its first instant up to its last, and the first bucket its
/// first instant too. Arrivals count where they arrive, and are followed to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its first instant.
    pub from: Time,
    /// Its last.
    pub until: Time,
    /// In how many buckets of one length it is measured, at least one.
    pub buckets: usize,
}

/// Measures spans of a run, which it sees from the beginning.
pub struct Meter {
    /// Where segments end but for the last, in order.
    bounds: Vec<Bound>,
    /// The segment that time is in.
    segment: usize,
    /// By segment, by service: what became of the arrivals.
    cohorts: Vec<Vec<Cohort>>,
    /// What is gathered in this segment, but for arrivals and for what changes in steps.
    slot: Slot,
    spans: Vec<Measuring>,
    /// When the fault begins, if healthy arrivals are wanted.
    fault: Option<Time>,
    levels: Vec<Level>,
    follower: Follower,
    polls: Polls,
    on_link: ByMessage<LinkId>,
    in_flight: Watched,
    lags: Vec<Watched>,
    /// By group: the most it was behind in segments that are over.
    most_behind: Vec<u64>,
    /// Groups whose lag is to be looked at again, each once.
    touched: Vec<GroupId>,
    is_touched: Vec<bool>,
}

/// Where a segment ends: before or after all that happens at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bound {
    at: Time,
    is_after: bool,
}

impl Bound {
    /// Whether it is behind whoever comes to an instant at which nothing has happened yet.
    fn is_behind(self, next: Time) -> bool {
        if self.is_after { next > self.at } else { next >= self.at }
    }
}

/// A span that is being measured.
struct Measuring {
    from: Time,
    until: Time,
    /// At which bound it begins.
    begins: usize,
    /// At which bound each bucket ends.
    ends: Vec<usize>,
    /// How many buckets are over.
    over: usize,
    /// What was counted when the bucket began that time is in.
    tally: Arc<Tally>,
    /// What was gathered of that bucket in segments that are over.
    slot: Slot,
    /// What was measured of buckets that are over and nobody has taken, but for arrivals.
    done: Vec<Measured>,
    /// By group: the most it was behind before the span.
    lag_before: Vec<u64>,
    recovery: Vec<Option<Span>>,
}

impl Measuring {
    fn is_over(&self) -> bool {
        self.over == self.ends.len()
    }

    /// The segments of a bucket; none of one without length that is not the first.
    fn segments(&self, bucket: usize) -> RangeInclusive<usize> {
        let begins = bucket.checked_sub(1).map_or(self.begins, |it| self.ends[it]);
        begins + 1..=self.ends[bucket]
    }
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
        std::mem::replace(&mut self.so_far, Stretched::at(self.value))
    }
}

impl Meter {
    /// Of these spans of a run. If a fault begins in it whose healthy arrivals are wanted, it is
    /// told when.
    #[must_use]
    pub fn new(model: &Model, parts: &[Part], fault: Option<Time>) -> Self {
        let ends = parts.iter().map(ends).collect::<Vec<_>>();
        let begins = |it: &Part| Bound { at: it.from, is_after: false };
        let mut bounds: Vec<Bound> = parts.iter().map(begins).collect();
        bounds.extend(ends.iter().flatten());
        let healthy = fault.map(healthy::ends).unwrap_or_default().into_iter();
        bounds.extend(healthy.map(|at| Bound { at, is_after: true }));
        bounds.sort_unstable();
        bounds.dedup();
        let place = |it: Bound| bounds.binary_search(&it).unwrap_or(0);
        let groups = model.groups.len();
        let spans = parts.iter().zip(ends).map(|(part, ends)| Measuring {
            from: part.from,
            until: part.until.max(part.from),
            begins: place(begins(part)),
            ends: ends.into_iter().map(place).collect(),
            over: 0,
            tally: Arc::default(),
            slot: Slot::default(),
            done: Vec::new(),
            lag_before: vec![0; groups],
            recovery: vec![None; groups],
        });
        let spans: Vec<Measuring> = spans.collect();
        let services = model.services.len();
        Self {
            cohorts: vec![vec![Cohort::default(); services]; bounds.len() + 1],
            slot: blank(services),
            bounds,
            fault,
            segment: 0,
            spans,
            levels: Vec::new(),
            follower: Follower::new(model),
            polls: Polls::of(model),
            on_link: ByMessage::default(),
            in_flight: Watched::default(),
            lags: vec![Watched::default(); groups],
            most_behind: vec![0; groups],
            touched: Vec::new(),
            is_touched: vec![false; groups],
        }
    }

    /// Takes down these levels too, at the end of each bucket.
    #[must_use]
    pub fn with_levels(mut self, levels: Vec<Level>) -> Self {
        self.levels = levels;
        self
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

    /// What levels are read off now.
    #[must_use]
    pub const fn sight<'a>(&self, world: &'a World) -> Sight<'a> {
        Sight { world, in_flight: self.in_flight.value }
    }

    /// What is known of a span when time has come to `now`: what was measured of the buckets that
    /// are over and were not taken, and of the one that time is in as if it ended now. Of arrivals
    /// it has what is known.
    #[must_use]
    pub fn so_far(&self, span: usize, now: Time, world: &World) -> Vec<Measured> {
        let it = &self.spans[span];
        let taken = it.over - it.done.len();
        let mut measured = it.done.clone();
        if self.segment > it.begins && !it.is_over() {
            let mut slot = it.slot.clone();
            slot.absorb(&Slot {
                in_flight: { self.in_flight }.cut(now),
                lags: self.lags.iter().map(|it| { *it }.cut(now)).collect(),
                ..self.slot.clone()
            });
            measured.push(self.measure(it, slot, now, &world.tally(now), world));
        }
        for (place, it) in measured.iter_mut().enumerate() {
            it.slot.cohorts = self.cohorts(span, taken + place);
        }
        if let Some(last) = measured.last_mut().filter(|_| it.is_over()) {
            last.recovery.clone_from(&it.recovery);
        }
        measured
    }

    /// The run has come to its end, or nobody looks any further: what was measured, span by span,
    /// bucket by bucket. `end` is where it ends, and nothing happens any more up to then.
    #[must_use]
    pub fn finish(mut self, end: Time, world: &World) -> Vec<Vec<Measured>> {
        // What happens at the last instant has happened.
        self.come_to(end + Span(1), world);
        (0..self.spans.len()).map(|it| self.so_far(it, end, world)).collect()
    }

    /// Takes what was measured of the buckets of a span that are over and were not taken before.
    /// Their arrivals are followed on, and not in it.
    pub fn take_over(&mut self, span: usize) -> Vec<Measured> {
        std::mem::take(&mut self.spans[span].done)
    }

    /// By service: what is known of the arrivals in a bucket of a span.
    #[must_use]
    pub fn cohorts(&self, span: usize, bucket: usize) -> Vec<Cohort> {
        let mut segments = self.spans[span].segments(bucket);
        let Some(first) = segments.next() else {
            return vec![Cohort::default(); self.cohorts[0].len()];
        };
        let mut all = self.cohorts[first].clone();
        for cohorts in segments.map(|it| &self.cohorts[it]) {
            for (it, other) in all.iter_mut().zip(cohorts) {
                it.absorb(other);
            }
        }
        all
    }

    /// By service: what is known of the arrivals that are healthy, if that is
    /// wanted.
    #[must_use]
    pub fn healthy(&self) -> Option<Vec<Cohort>> {
        let fault = self.fault?;
        let of = |service: usize| {
            let segments = self.bounds.iter().zip(&self.cohorts);
            let before = segments.take_while(|(it, _)| it.at < fault);
            healthy(fault, before.map(|(it, cohorts)| (it.at, &cohorts[service])))
        };
        Some((0..self.cohorts[0].len()).map(of).collect())
    }

    /// From when to when each bucket of a span goes.
    #[must_use]
    pub fn bucket_bounds(&self, span: usize) -> Vec<Time> {
        let it = &self.spans[span];
        std::iter::once(it.from).chain(it.ends.iter().map(|it| self.bounds[*it].at)).collect()
    }

    /// Time goes on to `next`; nothing has happened yet that happens then.
    #[inline]
    pub fn come_to(&mut self, next: Time, world: &World) {
        while self.bounds.get(self.segment).is_some_and(|it| it.is_behind(next)) {
            self.end_segment(world);
        }
    }

    fn end_segment(&mut self, world: &World) {
        let (place, at) = (self.segment, self.bounds[self.segment].at);
        let mut slot = std::mem::replace(&mut self.slot, blank(self.cohorts[place].len()));
        slot.in_flight = self.in_flight.cut(at);
        slot.lags = self.lags.iter_mut().map(|it| it.cut(at)).collect();
        for (most, lag) in self.most_behind.iter_mut().zip(&slot.lags) {
            *most = lag.most.max(*most);
        }
        let mut spans = std::mem::take(&mut self.spans);
        let is_edge = |it: &Measuring| it.begins == place || it.ends.contains(&place);
        let is_needed = spans.iter().any(is_edge);
        let tally = Arc::new(if is_needed { world.tally(at) } else { Tally::default() });
        for span in &mut spans {
            if span.begins < place && !span.is_over() {
                span.slot.absorb(&slot);
            }
            if span.begins == place {
                span.lag_before.clone_from(&self.most_behind);
                self.begin_bucket(span, &tally, world);
            }
            while span.begins <= place && span.ends.get(span.over) == Some(&place) {
                let slot = std::mem::take(&mut span.slot);
                let measured = self.measure(span, slot, at, &tally, world);
                span.done.push(measured);
                span.over += 1;
                self.begin_bucket(span, &tally, world);
            }
            if span.is_over() {
                (0..self.lags.len()).for_each(|it| self.look_whether_recovered(span, it, at));
            }
        }
        self.spans = spans;
        self.segment += 1;
    }

    /// The next bucket of a span begins, if there is one.
    fn begin_bucket(&self, span: &mut Measuring, tally: &Arc<Tally>, world: &World) {
        let services = (0..self.slot.max_queue.len()).map(ServiceId::from_index);
        span.tally = Arc::clone(tally);
        span.slot = Slot {
            max_queue: services.map(|it| world.waiting_and_busy(it).0).collect(),
            lags: self.lags.iter().map(|it| Stretched::at(it.value)).collect(),
            in_flight: Stretched::at(self.in_flight.value),
            ..Slot::default()
        };
    }

    /// What is measured of the bucket of a span that time is in, if it ends at `until`; but for
    /// arrivals.
    fn measure(
        &self,
        span: &Measuring,
        slot: Slot,
        until: Time,
        tally: &Tally,
        world: &World,
    ) -> Measured {
        let model = world.model();
        let counted = tally.since(&span.tally);
        let stores = (0..model.stores.len()).map(StoreId::from_index);
        let sight = self.sight(world);
        Measured {
            from: span.over.checked_sub(1).map_or(span.from, |it| self.bounds[span.ends[it]].at),
            until,
            blast: blast(span, &slot, &counted, world),
            tally: counted,
            slot,
            recovery: vec![None; self.lags.len()],
            not_applied: stores.map(|it| world.open_events(it, until)).collect(),
            levels: self.levels.iter().map(|it| (*it, levels::level(*it, sight))).collect(),
            model: Arc::clone(model),
            users: None,
        }
    }

    fn look_whether_recovered(&self, span: &mut Measuring, group: usize, at: Time) {
        let recovery = &mut span.recovery[group];
        if recovery.is_none() && self.lags[group].value <= span.lag_before[group] {
            *recovery = Some(at.since(span.until));
        }
    }

    /// Takes in the records of a step, which has been made.
    pub fn see(&mut self, records: &[Record], world: &World) {
        self.follower.begin_step();
        for record in records {
            self.take_in(record, world);
        }
        if let (Some(first), false) = (records.first(), self.touched.is_empty()) {
            self.look_at_lags(first.at, world);
        }
    }

    fn look_at_lags(&mut self, at: Time, world: &World) {
        let mut spans = std::mem::take(&mut self.spans);
        while let Some(group) = self.touched.pop() {
            self.is_touched[group.index()] = false;
            self.lags[group.index()].set(at, world.lag(group));
            for span in spans.iter_mut().filter(|it| it.is_over()) {
                self.look_whether_recovered(span, group.index(), at);
            }
        }
        self.spans = spans;
    }

    #[inline]
    fn take_in(&mut self, record: &Record, world: &World) {
        let model = world.model();
        let at = record.at;
        match record.what {
            What::Arrived { message, event, event_type, instance } => {
                let (workload, _) = model.instances[instance.index()];
                let what = (message, event, event_type);
                let to = (self.segment, &mut self.cohorts[..]);
                self.follower.arrived(at, what, workload, to, world);
            }
            What::Sent { .. } => self.sent(record, world),
            What::PhaseChanged { message, phase, .. } => {
                self.follower.phase_changed(at, message, phase, &mut self.cohorts);
            }
            What::Queued { message, instance } | What::Blocked { message, instance } => {
                self.leave(at, message);
                let (service, _) = model.instances[instance.index()];
                let waiting = world.waiting_and_busy(service).0;
                let most = &mut self.slot.max_queue[service.index()];
                *most = waiting.max(*most);
            }
            What::Started { message, .. }
            | What::Leased { message, .. }
            | What::Skipped { message, .. } => {
                self.leave(at, message);
            }
            What::Finished { message, instance, outcome } => {
                self.leave(at, message);
                let is_done = matches!(outcome, Outcome::Done | Outcome::Remembered);
                self.follower.ended(at, message, is_done, &mut self.cohorts);
                if !is_done {
                    self.slot.troubled.insert(model.instances[instance.index()].0);
                }
            }
            What::Received { message } => {
                self.leave(at, message);
                if let Some((pair, took)) = self.follower.received(at, message) {
                    self.slot.requests.entry(pair).or_default().record(took);
                }
            }
            What::Dropped { message, reason } => {
                if let Some(link) = self.leave(at, message) {
                    self.refused(at, reason, link, model);
                }
                self.follower.dropped(at, message, &mut self.cohorts);
                if reason == DropReason::Purged {
                    self.touch_all();
                }
            }
            What::Appended { message, topic, .. }
            | What::Enqueued { message, topic }
            | What::Settled { message, topic, .. } => {
                self.leave(at, message);
                self.touch_topic(topic, model);
            }
            What::Truncated { topic, .. }
            | What::Trimmed { topic, .. }
            | What::AckForgotten { topic, .. } => self.touch_topic(topic, model),
            What::Committed { group, .. } | What::FellOff { group, .. } => self.touch(group),
            What::Intervened { .. } => self.touch_all(),
            _ => {}
        }
    }

    fn sent(&mut self, record: &Record, world: &World) {
        let What::Sent { message, event, event_type, role, link, attempt, .. } = record.what else {
            return;
        };
        let (at, model) = (record.at, world.model());
        self.on_link.insert(message, link);
        self.in_flight.set(at, self.in_flight.value + 1);
        self.slot.sent += 1;
        if carries_something(role) {
            self.slot.bytes += u64::from(model.event_types[event_type.index()].size_bytes);
        }
        let again = attempt > 1 && matches!(role, Role::Request | Role::Publish);
        self.slot.retries += u64::from(again);
        let ends = || {
            let link = &model.links[link.index()];
            match (link.from, link.to) {
                (Node::Service(from), Node::Service(to)) => Some((from, to)),
                _ => None,
            }
        };
        match role {
            Role::Request => {
                self.follower.asks(at, (message, event), attempt);
                let is_poll = |(from, to)| self.polls.is_question(from, to, event_type);
                self.slot.polls += u64::from(ends().is_some_and(is_poll));
            }
            Role::Reply => {
                let Some((from, to)) = ends() else { return };
                self.follower.answers((message, event), (from, to), world);
                let is_empty = self.polls.is_empty_answer(from, to, event_type);
                self.slot.empty_polls += u64::from(is_empty);
            }
            _ => {}
        }
    }

    /// A message is no longer on a link; on which it was, if it was on one.
    #[inline]
    fn leave(&mut self, at: Time, message: MessageId) -> Option<LinkId> {
        let link = self.on_link.remove(message)?;
        self.in_flight.set(at, self.in_flight.value - 1);
        Some(link)
    }

    fn touch(&mut self, group: GroupId) {
        if !std::mem::replace(&mut self.is_touched[group.index()], true) {
            self.touched.push(group);
        }
    }

    fn touch_topic(&mut self, topic: TopicId, model: &Model) {
        for group in &model.topics[topic.index()].groups {
            self.touch(*group);
        }
    }

    fn touch_all(&mut self) {
        (0..self.lags.len()).for_each(|it| self.touch(GroupId::from_index(it)));
    }

    /// A message was turned away where its link leads to.
    fn refused(&mut self, at: Time, reason: DropReason, link: LinkId, model: &Model) {
        let is_trouble =
            matches!(reason, DropReason::Rejected | DropReason::QueueFull | DropReason::Refused);
        if is_trouble && let Node::Service(service) = model.links[link.index()].to {
            self.slot.troubled.insert(service);
            self.slot.turned_away.get_or_insert((at, service));
        }
    }
}

/// Where the buckets of a span end.
fn ends(part: &Part) -> Vec<Bound> {
    let (from, buckets) = (part.from, part.buckets.max(1));
    let length = u128::from(part.until.max(from).since(from).0);
    let end = |place: usize| {
        let so_long = length * (place as u128 + 1) / buckets as u128;
        let at = from + Span(u64::try_from(so_long).unwrap_or(u64::MAX));
        Bound { at, is_after: true }
    };
    (0..buckets).map(end).collect()
}

/// Nothing gathered yet, in a model with so many services.
fn blank(services: usize) -> Slot {
    Slot { max_queue: vec![0; services], ..Slot::default() }
}

/// Services that showed errors or stopped in a bucket, but for those that a fault strikes.
fn blast(span: &Measuring, slot: &Slot, counted: &Tally, world: &World) -> Vec<ServiceId> {
    let model = world.model();
    let struck: BTreeSet<ServiceId> = model
        .faults
        .iter()
        .filter(|it| it.at <= span.until && it.lasts.is_none_or(|lasts| it.at + lasts > span.from))
        .filter_map(|it| match it.kind {
            FaultKind::Crash { service, .. }
            | FaultKind::Slow { service, .. }
            | FaultKind::Disconnect { service, .. } => Some(service),
            _ => None,
        })
        .collect();
    let services = (0..model.services.len()).map(ServiceId::from_index);
    let has_stopped = |it: ServiceId| {
        let before = span.tally.services.get(it.index()).map_or(0, |it| it.completed);
        let (waiting, busy) = world.waiting_and_busy(it);
        counted.services[it.index()].completed == 0 && before > 0 && waiting + busy > 0
    };
    services
        .filter(|it| !struck.contains(it))
        .filter(|it| slot.troubled.contains(it) || has_stopped(*it))
        .collect()
}

/// Whether a message carries an event, a request or an answer; what is said about one (that it is
/// done, that there is room for more) is small beside it, and wears its type only to be told by.
const fn carries_something(role: Role) -> bool {
    matches!(role, Role::Request | Role::Reply | Role::OneWay | Role::Publish | Role::Delivery)
}
