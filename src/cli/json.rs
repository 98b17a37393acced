//! `inflight run --json`: a stable document, format 1.
//!
//! Times are in seconds, levels are averages over the time simulated. Fields may be added;
//! what is here keeps its name and meaning while `format` is 1.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::live::Status;
use crate::model::{AnomalyKind, DropReason, Guard, Skip};
use crate::sim::Report;
use crate::sim::report::{
    GroupReport, OutboxReport, ProducerReport, ProjectionReport, ServiceReport, StoreReport,
    TopicReport,
};

use super::progress::Ran;

/// The document of one run.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    /// The version of this document: 1.
    format: u32,
    scenario: String,
    variant: String,
    /// Of a session: which of its branches.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// Of a session: whether the run goes the way it went when it was saved; left out where the
    /// file does not say how that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    goes_as_saved: Option<bool>,
    seed: u64,
    /// 16 hexadecimal digits over all records.
    digest: String,
    simulated_seconds: f64,
    wall_seconds: f64,
    /// Whether it was stopped before its end.
    interrupted: bool,
    records: u64,
    messages: Messages,
    services: Vec<Service>,
    topics: Vec<Topic>,
    /// Services that hear of what becomes of what they publish, per topic.
    producers: Vec<Producer>,
    outboxes: Vec<Outbox>,
    stores: Vec<Store>,
    /// Of a live run: how it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Live>,
}

#[derive(Debug, Serialize)]
struct Live {
    /// What came in: messages at the ends of links, work done, timers.
    inputs: u64,
    /// By how much an input was taken in after it was due, at most.
    latest_seconds: f64,
    /// Inputs that could not be recorded.
    lost: u64,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

#[derive(Debug, Serialize)]
struct Messages {
    published: u64,
    delivered: u64,
    redelivered: u64,
    acked: u64,
    /// By reason; reasons that did not occur are left out.
    dropped: BTreeMap<&'static str, u64>,
    dead_lettered: u64,
    in_flight: u64,
}

#[derive(Debug, Serialize)]
struct Service {
    name: String,
    workload: bool,
    arrivals: u64,
    completed: u64,
    failed: u64,
    rejected: u64,
    lost: u64,
    timed_out: u64,
    retries: u64,
    /// Calls not made, by what kept the service from them; guards that never did are left out.
    calls_refused: BTreeMap<&'static str, u64>,
    answered_from_memory: u64,
    conflicts: u64,
    /// Deliveries that consumers' strategies let pass, by reason; others are left out.
    skipped: BTreeMap<&'static str, u64>,
    /// Handlers whose changes were void, since another had handled the same meanwhile.
    rolled_back: u64,
    /// Events that consumers gave up and published to dead letters of their own.
    dead_lettered: u64,
    /// How often a re-ordering buffer did not wait any longer for what was missing.
    gaps: u64,
    /// Null where the number of workers is not limited.
    utilisation: Option<f64>,
    mean_in_queue: f64,
    mean_in_system: f64,
    mean_waiting_seconds: f64,
    mean_response_seconds: f64,
    p50_response_seconds: f64,
    p90_response_seconds: f64,
    p99_response_seconds: f64,
    max_response_seconds: f64,
}

#[derive(Debug, Serialize)]
struct Topic {
    name: String,
    /// `log` or `queue`.
    kind: &'static str,
    published: u64,
    delivered: u64,
    redelivered: u64,
    acked: u64,
    dead_lettered: u64,
    deduplicated: u64,
    /// Events that compaction removed.
    compacted: u64,
    /// Events that were lost with a leader.
    truncated: u64,
    waiting: u64,
    leased: u64,
    groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Group {
    name: String,
    delivered: u64,
    redelivered: u64,
    lag: u64,
    fell_off: u64,
    /// Commits of members that were none any more.
    refused: u64,
}

#[derive(Debug, Serialize)]
struct Producer {
    service: String,
    topic: String,
    published: u64,
    confirmed: u64,
    /// Attempts after the first.
    retried: u64,
    /// Given up without a confirm.
    failed: u64,
    /// Pending when the producer crashed.
    forgotten: u64,
    pending: u64,
}

#[derive(Debug, Serialize)]
struct Outbox {
    service: String,
    name: String,
    topic: String,
    written: u64,
    published: u64,
    /// Times that an event was published although it had been before.
    again: u64,
    waiting: u64,
}

#[derive(Debug, Serialize)]
struct Store {
    service: String,
    name: String,
    keys: u64,
    total: f64,
    updates: u64,
    /// Null where the store is not a projection.
    projection: Option<Projection>,
}

#[derive(Debug, Serialize)]
struct Projection {
    topic: String,
    should_total: f64,
    wrong_keys: u64,
    /// Of the time simulated, from 0 to 1.
    wrong_share: f64,
    /// From publication to application.
    p50_window_seconds: f64,
    p99_window_seconds: f64,
    max_window_seconds: f64,
    /// Published and not applied: it may be on its way still.
    not_yet: u64,
    /// Published, and it will not be applied as far as can be told.
    never: u64,
    /// By kind; kinds that did not occur are left out.
    anomalies: BTreeMap<&'static str, u64>,
}

impl Document {
    pub(super) fn new(scenario: &str, report: &Report, ran: &Ran) -> Self {
        let it = &report.messages;
        Self {
            format: 1,
            scenario: scenario.to_owned(),
            variant: report.variant.clone(),
            branch: None,
            goes_as_saved: None,
            seed: report.seed,
            digest: report.digest.to_string(),
            simulated_seconds: report.simulated.as_secs_f64(),
            wall_seconds: ran.wall.as_secs_f64(),
            interrupted: ran.interrupted,
            records: report.records,
            messages: Messages {
                published: it.published,
                delivered: it.delivered,
                redelivered: it.redelivered,
                acked: it.acked,
                dropped: named(DropReason::ALL.map(DropReason::name), it.dropped),
                dead_lettered: it.dead_lettered,
                in_flight: it.in_flight,
            },
            services: report.services.iter().map(Service::from).collect(),
            topics: report.topics.iter().map(Topic::from).collect(),
            producers: report.producers.iter().map(Producer::from).collect(),
            outboxes: report.outboxes.iter().map(Outbox::from).collect(),
            stores: report.stores.iter().map(Store::from).collect(),
            live: None,
        }
    }

    /// It is of a live run.
    pub(super) fn set_live(&mut self, status: &Status) {
        self.live = Some(Live {
            inputs: status.inputs,
            latest_seconds: status.latest.as_secs_f64(),
            lost: status.lost,
            trouble: status.trouble.clone(),
        });
    }

    /// It is the run of a branch of a session.
    pub(super) fn set_branch(&mut self, name: &str, goes_as_saved: Option<bool>) {
        self.branch = Some(name.to_owned());
        self.goes_as_saved = goes_as_saved;
    }
}

impl From<&ServiceReport> for Service {
    fn from(it: &ServiceReport) -> Self {
        Self {
            name: it.name.clone(),
            workload: it.is_workload,
            arrivals: it.arrivals,
            completed: it.completed,
            failed: it.failed,
            rejected: it.rejected,
            lost: it.lost,
            timed_out: it.timed_out,
            retries: it.retries,
            calls_refused: Guard::ALL
                .iter()
                .zip(it.calls_refused)
                .filter(|(_, count)| *count > 0)
                .map(|(guard, count)| (guard.name(), count))
                .collect(),
            answered_from_memory: it.remembered,
            conflicts: it.conflicts,
            skipped: named(Skip::ALL.map(Skip::name), it.skipped),
            rolled_back: it.rolled_back,
            dead_lettered: it.dead_lettered,
            gaps: it.gaps,
            utilisation: it.utilisation,
            mean_in_queue: it.mean_in_queue,
            mean_in_system: it.mean_in_system,
            mean_waiting_seconds: it.mean_waiting,
            mean_response_seconds: it.mean_response,
            p50_response_seconds: it.response_p50.as_secs_f64(),
            p90_response_seconds: it.response_p90.as_secs_f64(),
            p99_response_seconds: it.response_p99.as_secs_f64(),
            max_response_seconds: it.response_max.as_secs_f64(),
        }
    }
}

impl From<&TopicReport> for Topic {
    fn from(it: &TopicReport) -> Self {
        Self {
            name: it.name.clone(),
            kind: if it.is_log { "log" } else { "queue" },
            published: it.published,
            delivered: it.delivered,
            redelivered: it.redelivered,
            acked: it.acked,
            dead_lettered: it.dead_lettered,
            deduplicated: it.deduplicated,
            compacted: it.compacted,
            truncated: it.truncated,
            waiting: it.waiting,
            leased: it.leased,
            groups: it.groups.iter().map(Group::from).collect(),
        }
    }
}

impl From<&GroupReport> for Group {
    fn from(it: &GroupReport) -> Self {
        Self {
            name: it.name.clone(),
            delivered: it.delivered,
            redelivered: it.redelivered,
            lag: it.lag,
            fell_off: it.fell_off,
            refused: it.refused,
        }
    }
}

impl From<&ProducerReport> for Producer {
    fn from(it: &ProducerReport) -> Self {
        Self {
            service: it.service.clone(),
            topic: it.topic.clone(),
            published: it.published,
            confirmed: it.confirmed,
            retried: it.retried,
            failed: it.failed,
            forgotten: it.forgotten,
            pending: it.pending,
        }
    }
}

impl From<&OutboxReport> for Outbox {
    fn from(it: &OutboxReport) -> Self {
        Self {
            service: it.service.clone(),
            name: it.name.clone(),
            topic: it.topic.clone(),
            written: it.written,
            published: it.published,
            again: it.again,
            waiting: it.waiting,
        }
    }
}

impl From<&StoreReport> for Store {
    fn from(it: &StoreReport) -> Self {
        Self {
            service: it.service.clone(),
            name: it.name.clone(),
            keys: it.keys,
            total: it.total,
            updates: it.updates,
            projection: it.projection.as_ref().map(Projection::from),
        }
    }
}

impl From<&ProjectionReport> for Projection {
    fn from(it: &ProjectionReport) -> Self {
        Self {
            topic: it.topic.clone(),
            should_total: it.should_total,
            wrong_keys: it.wrong_keys,
            wrong_share: it.wrong_share,
            p50_window_seconds: it.window_p50.as_secs_f64(),
            p99_window_seconds: it.window_p99.as_secs_f64(),
            max_window_seconds: it.window_max.as_secs_f64(),
            not_yet: it.not_yet,
            never: it.never,
            anomalies: named(AnomalyKind::ALL.map(AnomalyKind::name), it.anomalies),
        }
    }
}

/// Counts by name, without those of nothing.
fn named<const N: usize>(
    names: [&'static str; N],
    counts: [u64; N],
) -> BTreeMap<&'static str, u64> {
    names.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect()
}
