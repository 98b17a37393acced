//! The tally: what a run has counted so far, to be taken at two instants and subtracted. It is
//! made of the same statistics as the report.

use std::collections::BTreeSet;

use super::histogram::Histogram;
use super::statistics::Statistics;
use super::world::{Broker, World};
use crate::model::{
    AnomalyKind, EventId, FieldKind, GroupId, ServiceId, StoreId, StoreKind, Time, Value,
};

/// What a run has counted up to an instant.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The instant.
    pub at: Time,
    /// By [`ServiceId`].
    pub services: Vec<ServiceTally>,
    /// By [`TopicId`](crate::model::TopicId).
    pub topics: Vec<TopicTally>,
    /// By [`StoreId`]; those that are no projections have counted nothing.
    pub stores: Vec<StoreTally>,
}

/// Of one service, as in [`ServiceReport`](super::report::ServiceReport).
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is explained in `Statistics`")]
pub struct ServiceTally {
    pub arrivals: u64,
    pub completed: u64,
    pub failed: u64,
    pub rejected: u64,
    pub lost: u64,
    pub timed_out: u64,
    pub retries: u64,
    /// The area under the number of busy workers, in ns.
    pub busy_area: u128,
    /// The area under the number of waiting messages, in ns.
    pub queued_area: u128,
    pub waiting: Histogram,
    pub response: Histogram,
}

/// Of one topic, as in [`TopicReport`](super::report::TopicReport).
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "each is explained in `TopicReport`")]
pub struct TopicTally {
    pub published: u64,
    pub delivered: u64,
    pub redelivered: u64,
    pub dead_lettered: u64,
    pub deduplicated: u64,
}

/// What is published to a projection and not applied to it.
#[derive(Clone, Debug, Default)]
pub struct OpenEvents {
    /// Events that may still be applied.
    pub not_yet: u64,
    /// Events that never will be, as far as can be told.
    pub never: u64,
    /// From the publication of each that may still be applied until now.
    pub waited: Histogram,
}

/// Of one projection.
#[derive(Clone, Debug, Default)]
pub struct StoreTally {
    /// From the publication of an event until it was applied for the first time.
    pub window: Histogram,
    /// For how long it did not hold what it should, in ns.
    pub wrong_time: u64,
    /// In the order of [`AnomalyKind::ALL`].
    pub anomalies: [u64; AnomalyKind::ALL.len()],
}

impl ServiceTally {
    /// What was counted since an earlier tally.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            arrivals: self.arrivals - earlier.arrivals,
            completed: self.completed - earlier.completed,
            failed: self.failed - earlier.failed,
            rejected: self.rejected - earlier.rejected,
            lost: self.lost - earlier.lost,
            timed_out: self.timed_out - earlier.timed_out,
            retries: self.retries - earlier.retries,
            busy_area: self.busy_area - earlier.busy_area,
            queued_area: self.queued_area - earlier.queued_area,
            waiting: self.waiting.since(&earlier.waiting),
            response: self.response.since(&earlier.response),
        }
    }
}

impl TopicTally {
    /// What was counted since an earlier tally.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            published: self.published - earlier.published,
            delivered: self.delivered - earlier.delivered,
            redelivered: self.redelivered - earlier.redelivered,
            dead_lettered: self.dead_lettered - earlier.dead_lettered,
            deduplicated: self.deduplicated - earlier.deduplicated,
        }
    }
}

impl StoreTally {
    /// What was counted since an earlier tally.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            window: self.window.since(&earlier.window),
            wrong_time: self.wrong_time - earlier.wrong_time,
            anomalies: std::array::from_fn(|it| self.anomalies[it] - earlier.anomalies[it]),
        }
    }
}

impl Tally {
    /// What was counted since an earlier tally; what was added to the model since counts from
    /// nothing.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        fn each<T: Default>(now: &[T], then: &[T], less: impl Fn(&T, &T) -> T) -> Vec<T> {
            let nothing = T::default();
            let then = then.iter().chain(std::iter::repeat(&nothing));
            now.iter().zip(then).map(|(now, then)| less(now, then)).collect()
        }
        Self {
            at: self.at,
            services: each(&self.services, &earlier.services, ServiceTally::since),
            topics: each(&self.topics, &earlier.topics, TopicTally::since),
            stores: each(&self.stores, &earlier.stores, StoreTally::since),
        }
    }
}

impl World {
    /// What has been counted up to an instant that nothing has happened since.
    #[must_use]
    pub fn tally(&self, at: Time) -> Tally {
        let services = self.services.iter().map(|it| service(&it.statistics, at)).collect();
        let topics = self.topics.iter().map(|it| TopicTally {
            published: it.published,
            delivered: it.delivered,
            redelivered: it.redelivered,
            dead_lettered: it.dead_lettered.iter().sum(),
            deduplicated: it.deduplicated,
        });
        let stores = (0..self.model().stores.len()).map(StoreId::from_index);
        Tally {
            at,
            services,
            topics: topics.collect(),
            stores: stores.map(|it| self.store_tally(it, at)).collect(),
        }
    }

    fn store_tally(&self, store: StoreId, at: Time) -> StoreTally {
        let Some(beliefs) = &self.beliefs else { return StoreTally::default() };
        let Some(anomalies) = beliefs.projections.anomalies(store) else {
            return StoreTally::default();
        };
        let measure = &beliefs.measures[store.index()];
        let window = measure.window.clone();
        StoreTally { window, wrong_time: measure.wrong_time(at), anomalies }
    }

    /// Anomalies of a projection so far, in the order of [`AnomalyKind::ALL`]; none of another store.
    #[must_use]
    pub fn anomalies_of(&self, store: StoreId) -> [u64; AnomalyKind::ALL.len()] {
        let beliefs = self.beliefs.as_ref();
        beliefs.and_then(|it| it.projections.anomalies(store)).unwrap_or_default()
    }

    /// How much a group is behind: events of a log that it has not committed, messages of a
    /// queue that are not settled.
    #[must_use]
    pub fn lag(&self, group: GroupId) -> u64 {
        let topic = self.model().groups[group.index()].topic;
        if let Some(remote) = &self.topics[topic.index()].remote {
            let (waiting, leased) = remote.counts();
            return waiting + leased;
        }
        match &self.topics[topic.index()].broker {
            Broker::Log(log) => self.groups[group.index()].members.lag(log),
            Broker::Queue(queue) => queue.waiting() as u64 + u64::from(queue.leased()),
        }
    }

    /// The sum of a store's values; of a set or a log, how many.
    #[must_use]
    pub fn total(&self, store: StoreId) -> f64 {
        self.stores.summary(store).total
    }

    /// What that should be, of a projection.
    #[must_use]
    pub fn should_total(&self, store: StoreId) -> Option<f64> {
        let beliefs = self.beliefs.as_ref()?;
        beliefs.projections.anomalies(store)?;
        Some(beliefs.projections.total(store))
    }

    /// What a store holds under a key, as a number; nothing counts as zero.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of entries")]
    pub fn value_held(&self, store: StoreId, key: Option<Value>) -> f64 {
        let bits = self.stores.bits(store, key.map_or(0, Value::to_bits));
        let of = &self.model().stores[store.index()];
        match of.kind {
            StoreKind::Set => f64::from(u8::from(bits != 0)),
            StoreKind::Log => bits as f64,
            _ if of.value == FieldKind::Text => 0.0,
            _ => Value::from_bits(of.value, bits).as_f64(),
        }
    }

    /// Keys under which a projection does not hold what it should.
    #[must_use]
    pub fn wrong_keys(&self, store: StoreId) -> u64 {
        let beliefs = self.beliefs.as_ref();
        beliefs.map_or(0, |it| it.projections.wrong_keys(store).count() as u64)
    }

    /// What is published to a projection and not applied to it, at an instant that nothing has
    /// happened since.
    ///
    /// What it had applied and lost with its memory never will be applied again once nobody is to
    /// send it again: its group has committed what is behind it, or it is settled.
    #[must_use]
    pub fn open_events(&self, store: StoreId, at: Time) -> OpenEvents {
        let mut found = OpenEvents::default();
        let Some(beliefs) = &self.beliefs else { return found };
        let mut comes_again = None;
        for open in beliefs.projections.open_events(store) {
            let mut is_gone = || {
                let again = comes_again.get_or_insert_with(|| self.to_be_sent_again(store));
                again.as_ref().is_some_and(|it| !it.contains(&open.event))
            };
            if open.given_up || (open.forgotten && is_gone()) {
                found.never += 1;
            } else {
                found.not_yet += 1;
                found.waited.record(at.since(open.published));
            }
        }
        found
    }

    /// The events that whoever keeps a projection will be sent (again), as things stand; `None`
    /// where that is for another program to know.
    fn to_be_sent_again(&self, store: StoreId) -> Option<BTreeSet<EventId>> {
        let model = self.model();
        let of = &model.stores[store.index()];
        let topic = of.projection_of?;
        let consumes = &model.services[of.service.index()].consumes;
        let group = consumes.iter().find(|it| it.topic == topic)?.group;
        let state = &self.topics[topic.index()];
        if state.remote.is_some() {
            return None;
        }
        let mut found: BTreeSet<EventId> = self.messages.iter().map(|it| it.1.event.id).collect();
        if let Broker::Log(log) = &state.broker {
            let members = &self.groups[group.index()].members;
            for partition in (0_u32..).take(log.partition_count()) {
                let committed = members.committed(partition, log);
                let offsets = committed..log.end(partition);
                found.extend(offsets.filter_map(|it| log.event(partition, it)).map(|it| it.id));
            }
        }
        Some(found)
    }

    /// Handlers of a service that have come to their end as intended.
    #[must_use]
    pub fn done(&self, service: ServiceId) -> u64 {
        self.services[service.index()].statistics.completed
    }

    /// Instances of a service that run.
    #[must_use]
    pub fn running(&self, service: ServiceId) -> usize {
        let instances = self.model().instances_of(service);
        instances.filter(|it| self.instances[it.index()].up).count()
    }

    /// Messages that wait at a service, and workers of it that are busy.
    #[must_use]
    pub fn waiting_and_busy(&self, service: ServiceId) -> (u32, u32) {
        let statistics = &self.services[service.index()].statistics;
        (statistics.queued(), statistics.busy())
    }
}

fn service(it: &Statistics, at: Time) -> ServiceTally {
    ServiceTally {
        arrivals: it.arrivals,
        completed: it.completed,
        failed: it.failed,
        rejected: it.rejected,
        lost: it.lost,
        timed_out: it.timed_out,
        retries: it.retries,
        busy_area: it.busy_area(at),
        queued_area: it.queued_area(at),
        waiting: it.waiting.clone(),
        response: it.response.clone(),
    }
}
