//! The report: exact figures of a run so far.

use crate::engine::projection::Summary;
use crate::model::{
    AnomalyKind, DropReason, GroupId, Guard, Role, ServiceId, Skip, Span, StoreId, Time, TopicKind,
};

use super::statistics::Statistics;
use super::tally::OpenEvents;
use super::world::{Broker, Digest, World};

/// Figures of a run so far. Times are in seconds, levels are averages over the time simulated.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The scenario's title.
    pub title: String,
    /// The variant's name; empty if there is none.
    pub variant: String,
    /// The seed.
    pub seed: u64,
    /// The hash over all records.
    pub digest: Digest,
    /// How much time was simulated.
    pub simulated: Time,
    /// How many records there were.
    pub records: u64,
    /// Messages of the whole run.
    pub messages: MessageReport,
    /// Each service and workload.
    pub services: Vec<ServiceReport>,
    /// Each topic.
    pub topics: Vec<TopicReport>,
    /// Each producer that hears of what becomes of what it publishes.
    pub producers: Vec<ProducerReport>,
    /// Each outbox.
    pub outboxes: Vec<OutboxReport>,
    /// Each store.
    pub stores: Vec<StoreReport>,
}

/// Messages of the whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageReport {
    /// Made, by role, in the order of [`Role::ALL`].
    pub made: [u64; Role::ALL.len()],
    /// Events published to topics.
    pub published: u64,
    /// Deliveries sent by topics.
    pub delivered: u64,
    /// Those of them that were not the first of their message.
    pub redelivered: u64,
    /// Messages of queue topics that were acked.
    pub acked: u64,
    /// Messages that did not do what they were for, by reason, in the order of
    /// [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Messages that went to the dead letters.
    pub dead_lettered: u64,
    /// Messages that are still on a link, in a queue or in hands.
    pub in_flight: u64,
}

/// One service or workload, over all its instances.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceReport {
    /// Its name.
    pub name: String,
    /// Whether it is a workload.
    pub is_workload: bool,
    /// Messages that came to it.
    pub arrivals: u64,
    /// Handlers that came to their end as intended.
    pub completed: u64,
    /// Handlers that failed.
    pub failed: u64,
    /// Messages that found its queue full.
    pub rejected: u64,
    /// Messages that found nobody, or were lost in a crash.
    pub lost: u64,
    /// Calls it made that were not answered in time.
    pub timed_out: u64,
    /// Attempts at calls it made that were not the first.
    pub retries: u64,
    /// Calls it did not make, by what kept it from them, in the order of [`Guard::ALL`].
    pub calls_refused: [u64; Guard::ALL.len()],
    /// Requests that it answered from memory, since it had answered them before.
    pub remembered: u64,
    /// Requests that it refused since the same request was being worked on.
    pub conflicts: u64,
    /// Deliveries that its consumers' strategies let pass, in the order of
    /// [`Skip::ALL`](crate::model::Skip::ALL).
    pub skipped: [u64; Skip::ALL.len()],
    /// Handlers whose changes were void, since another had handled the same meanwhile.
    pub rolled_back: u64,
    /// Events it gave up and published to dead letters of its own.
    pub dead_lettered: u64,
    /// How often its re-ordering buffers did not wait any longer for what was missing.
    pub gaps: u64,
    /// Busy workers over workers, averaged over time; `None` without a number of workers.
    pub utilisation: Option<f64>,
    /// Messages waiting, averaged over time (L_q).
    pub mean_in_queue: f64,
    /// Messages waiting or in hands, averaged over time (L).
    pub mean_in_system: f64,
    /// Time from arrival to the begin of work (W_q), in seconds, averaged over messages.
    pub mean_waiting: f64,
    /// Time from arrival to the end of work (W), in seconds, averaged over messages.
    pub mean_response: f64,
    /// The median of the latter.
    pub response_p50: Span,
    /// Its 90th percentile.
    pub response_p90: Span,
    /// Its 99th percentile.
    pub response_p99: Span,
    /// The longest.
    pub response_max: Span,
    /// Messages waiting or in hands now.
    pub in_system: u64,
    /// The exact area under the number in the system, in ns.
    pub system_area: u128,
    /// The exact sum of the times in the system of all that left it, in ns. Equal to the area
    /// when nobody is left in it (Little's law on the sample path).
    pub system_time: u128,
}

/// One topic.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicReport {
    /// Its name.
    pub name: String,
    /// Whether it is a log.
    pub is_log: bool,
    /// Events published to it.
    pub published: u64,
    /// Deliveries it sent.
    pub delivered: u64,
    /// Those that were not the first.
    pub redelivered: u64,
    /// Messages acked (queues).
    pub acked: u64,
    /// Messages sent to the dead letters (queues).
    pub dead_lettered: u64,
    /// Of these, so many for each of [`Settlement::DEATHS`](crate::model::Settlement::DEATHS).
    pub dead_reasons: [u64; 4],
    /// Publishes of an event that it had accepted before.
    pub deduplicated: u64,
    /// Events that compaction removed (logs).
    pub compacted: u64,
    /// Events that were lost with a leader (logs).
    pub truncated: u64,
    /// Messages waiting (queues), or events kept (logs).
    pub waiting: u64,
    /// Messages in consumers' hands (queues).
    pub leased: u64,
    /// Its groups.
    pub groups: Vec<GroupReport>,
}

/// One consumer group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupReport {
    /// Its name.
    pub name: String,
    /// Deliveries to it.
    pub delivered: u64,
    /// Those that were not the first.
    pub redelivered: u64,
    /// How many events it is behind.
    pub lag: u64,
    /// How many were deleted before it had read them.
    pub fell_off: u64,
    /// How many commits were refused, from members that were none any more.
    pub refused: u64,
}

/// What became of what a service published to a topic, over all its instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerReport {
    /// Whose.
    pub service: String,
    /// To where.
    pub topic: String,
    /// Publishes.
    pub published: u64,
    /// Those that were confirmed.
    pub confirmed: u64,
    /// Times that one was sent again.
    pub retried: u64,
    /// Those that were given up; they may be in their topic all the same.
    pub failed: u64,
    /// Those that were pending when their producer crashed.
    pub forgotten: u64,
    /// Those that are pending.
    pub pending: u64,
}

/// One outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxReport {
    /// Whose it is.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Where its events go.
    pub topic: String,
    /// Events written into it.
    pub written: u64,
    /// Events that were published and confirmed.
    pub published: u64,
    /// Times that an event was published although it had been before.
    pub again: u64,
    /// Events that wait.
    pub waiting: u64,
}

/// One store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreReport {
    /// Whose it is.
    pub service: String,
    /// Its name.
    pub name: String,
    /// How many keys it holds.
    pub keys: u64,
    /// The sum of its values; of a set or a log, how many.
    pub total: f64,
    /// How often it was changed.
    pub updates: u64,
    /// What is known of it as a projection, if it is one.
    pub projection: Option<ProjectionReport>,
}

/// How right a projection is, and was.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionReport {
    /// The topic whose events it is to hold the fold of.
    pub topic: String,
    /// What [`StoreReport::total`] should be.
    pub should_total: f64,
    /// Keys under which it does not hold what it should.
    pub wrong_keys: u64,
    /// The share of the time simulated in which it did not hold what it should, from 0 to 1.
    pub wrong_share: f64,
    /// The consistency window: from the publication of an event until it was applied, or until now
    /// if it is not.
    pub window_p50: Span,
    /// Its 99th percentile.
    pub window_p99: Span,
    /// The longest.
    pub window_max: Span,
    /// Events that were published and have not been applied yet.
    pub not_yet: u64,
    /// Events that will not be applied, as far as can be told.
    pub never: u64,
    /// Anomalies, in the order of [`AnomalyKind::ALL`].
    pub anomalies: [u64; AnomalyKind::ALL.len()],
}

impl World {
    /// The figures of the run so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let model = self.model();
        let topics: Vec<_> = (0..model.topics.len()).map(|it| self.topic_report(it)).collect();
        let sum = |of: fn(&TopicReport) -> u64| topics.iter().map(of).sum();
        Report {
            title: model.title.clone(),
            variant: model.variant.clone(),
            seed: self.seed(),
            digest: self.digest(),
            simulated: self.now(),
            records: self.record_count(),
            messages: MessageReport {
                made: self.counters.made,
                published: sum(|it| it.published),
                delivered: sum(|it| it.delivered),
                redelivered: sum(|it| it.redelivered),
                acked: sum(|it| it.acked),
                dropped: self.counters.dropped,
                dead_lettered: sum(|it| it.dead_lettered),
                in_flight: self.messages.len() as u64,
            },
            services: (0..model.services.len())
                .map(|it| self.service_report(ServiceId::from_index(it)))
                .collect(),
            topics,
            producers: self.producer_reports(),
            outboxes: self.outbox_reports(),
            stores: (0..model.stores.len())
                .map(|it| self.store_report(StoreId::from_index(it)))
                .collect(),
        }
    }

    fn service_report(&self, id: ServiceId) -> ServiceReport {
        let service = &self.model().services[id.index()];
        let state = &self.services[id.index()];
        let statistics = &state.statistics;
        let now = self.now();
        let (busy, queued) = (statistics.busy_area(now), statistics.queued_area(now));
        let response = &statistics.response;
        ServiceReport {
            name: service.name.clone(),
            is_workload: service.workload.is_some(),
            arrivals: statistics.arrivals,
            completed: statistics.completed,
            failed: statistics.failed,
            rejected: statistics.rejected,
            lost: statistics.lost,
            timed_out: statistics.timed_out,
            retries: statistics.retries,
            calls_refused: statistics.calls_refused,
            remembered: statistics.remembered,
            conflicts: statistics.conflicts,
            skipped: state.skipped,
            rolled_back: state.rolled_back,
            dead_lettered: state.dead_lettered,
            gaps: state.receivers.iter().map(|it| it.order.gaps()).sum(),
            utilisation: service.workers.map(|workers| {
                Statistics::average(busy, now) / (f64::from(workers) * f64::from(service.instances))
            }),
            mean_in_queue: Statistics::average(queued, now),
            mean_in_system: Statistics::average(busy + queued, now),
            mean_waiting: statistics.waiting.mean_seconds(),
            mean_response: response.mean_seconds(),
            response_p50: response.quantile(0.5),
            response_p90: response.quantile(0.9),
            response_p99: response.quantile(0.99),
            response_max: response.max(),
            in_system: u64::from(statistics.busy()) + u64::from(statistics.queued()),
            system_area: busy + queued,
            system_time: response.sum() + statistics.lost_time,
        }
    }

    fn topic_report(&self, index: usize) -> TopicReport {
        let topic = &self.model().topics[index];
        let state = &self.topics[index];
        let (waiting, leased) = match &state.broker {
            Broker::Queue(_) if state.remote.is_some() => {
                state.remote.as_ref().map_or((0, 0), |it| it.counts())
            }
            Broker::Queue(queue) => (queue.waiting() as u64, u64::from(queue.leased())),
            Broker::Log(log) => {
                let partitions = u32::try_from(log.partition_count()).unwrap_or(u32::MAX);
                ((0..partitions).map(|it| log.kept(it)).sum(), 0)
            }
        };
        let is_log = matches!(topic.kind, TopicKind::Log(_));
        TopicReport {
            name: topic.name.clone(),
            is_log,
            published: state.published,
            delivered: state.delivered,
            redelivered: state.redelivered,
            acked: state.acked,
            dead_lettered: state.dead_lettered.iter().sum(),
            dead_reasons: state.dead_lettered,
            deduplicated: state.deduplicated,
            compacted: state.compacted,
            truncated: state.truncated,
            waiting,
            leased,
            groups: topic.groups.iter().filter_map(|&it| self.group_report(it, state)).collect(),
        }
    }

    fn group_report(&self, id: GroupId, topic: &super::world::TopicState) -> Option<GroupReport> {
        let Broker::Log(log) = &topic.broker else { return None };
        let state = &self.groups[id.index()];
        Some(GroupReport {
            name: self.model().groups[id.index()].name.clone(),
            delivered: state.delivered,
            redelivered: state.redelivered,
            lag: state.members.lag(log),
            fell_off: state.fell_off,
            refused: state.refused,
        })
    }

    fn producer_reports(&self) -> Vec<ProducerReport> {
        let model = self.model();
        let mut reports = Vec::new();
        for (index, service) in model.services.iter().enumerate() {
            for (place, publishes) in service.publishes.iter().enumerate() {
                let mut report = ProducerReport {
                    service: service.name.clone(),
                    topic: model.topics[publishes.topic.index()].name.clone(),
                    published: 0,
                    confirmed: 0,
                    retried: 0,
                    failed: 0,
                    forgotten: 0,
                    pending: 0,
                };
                for instance in model.instances_of(ServiceId::from_index(index)) {
                    let state = &self.instances[instance.index()].producers[place];
                    let counts = state.counts;
                    report.published += counts.published;
                    report.confirmed += counts.confirmed;
                    report.retried += counts.retried;
                    report.failed += counts.failed;
                    report.forgotten += counts.forgotten;
                    report.pending += state.client.pending() as u64;
                }
                reports.push(report);
            }
        }
        reports
    }

    fn outbox_reports(&self) -> Vec<OutboxReport> {
        let model = self.model();
        let outboxes = model.outboxes.iter().zip(&self.outboxes);
        outboxes
            .map(|(outbox, state)| OutboxReport {
                service: model.services[outbox.service.index()].name.clone(),
                name: outbox.name.clone(),
                topic: model.topics[outbox.topic.index()].name.clone(),
                written: state.entries.written,
                published: state.entries.published,
                again: state.entries.again,
                waiting: state.entries.waiting() as u64,
            })
            .collect()
    }

    fn store_report(&self, id: StoreId) -> StoreReport {
        let store = &self.model().stores[id.index()];
        let summary = self.stores.summary(id);
        StoreReport {
            service: self.model().services[store.service.index()].name.clone(),
            name: store.name.clone(),
            keys: summary.keys,
            total: summary.total,
            updates: summary.updates,
            projection: self.projection_report(id),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    fn projection_report(&self, id: StoreId) -> Option<ProjectionReport> {
        let beliefs = self.beliefs.as_ref()?;
        let Summary { topic, wrong_keys, anomalies } = beliefs.projections.summary(id)?;
        let measure = &beliefs.measures[id.index()];
        let now = self.now();
        let OpenEvents { not_yet, never, waited } = self.open_events(id, now);
        let mut window = measure.window.clone();
        window.add(&waited);
        Some(ProjectionReport {
            topic: self.model().topics[topic.index()].name.clone(),
            should_total: beliefs.projections.total(id),
            wrong_keys,
            wrong_share: measure.wrong_time(now) as f64 / now.0.max(1) as f64,
            window_p50: window.quantile(0.5),
            window_p99: window.quantile(0.99),
            window_max: window.max(),
            not_yet,
            never,
            anomalies,
        })
    }
}
