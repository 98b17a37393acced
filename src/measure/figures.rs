//! Figures: what was measured in a span, and how each figure is worked out of it. This is the one
//! place that says so; the report counts with the same statistics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{AnomalyKind, Figure, Level, Model, Node, ServiceId, Span, Stat, StoreId, Time};
pub use crate::sim::histogram::Histogram;
use crate::sim::{OpenEvents, Tally};

use super::arrivals::Cohort;
use super::{knowledge, levels};

/// What is gathered while a span, or a bucket of one, goes by.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    /// By service: what became of the arrivals, if it is a workload.
    pub cohorts: Vec<Cohort>,
    /// By (caller, callee): the time from when a request was first sent until its answer came.
    pub requests: BTreeMap<(ServiceId, ServiceId), Histogram>,
    /// Messages that entered a link.
    pub sent: u64,
    /// The bytes of those that carry an event, a request or an answer; acks, commits, confirms and the
    /// like count as messages, and not here.
    pub bytes: u64,
    /// Questions of polls.
    pub polls: u64,
    /// Answers to them that are not what is waited for.
    pub empty_polls: u64,
    /// Requests and publishes that were sent again.
    pub retries: u64,
    /// By service: the most messages that waited there.
    pub max_queue: Vec<u32>,
    /// By group: how much it was behind.
    pub lags: Vec<Stretched>,
    /// Messages on links.
    pub in_flight: Stretched,
    /// Services that showed errors.
    pub troubled: BTreeSet<ServiceId>,
    /// When and where a message was first turned away.
    pub turned_away: Option<(Time, ServiceId)>,
}

impl Slot {
    /// Takes in what was gathered in another stretch of the same span; arrivals are left out.
    pub(super) fn absorb(&mut self, other: &Self) {
        for (pair, times) in &other.requests {
            self.requests.entry(*pair).or_default().add(times);
        }
        self.sent += other.sent;
        self.bytes += other.bytes;
        self.polls += other.polls;
        self.empty_polls += other.empty_polls;
        self.retries += other.retries;
        for (most, other) in self.max_queue.iter_mut().zip(&other.max_queue) {
            *most = (*most).max(*other);
        }
        for (lag, other) in self.lags.iter_mut().zip(&other.lags) {
            lag.absorb(*other);
        }
        self.in_flight.absorb(other.in_flight);
        self.troubled.extend(&other.troubled);
        let turned_away = [self.turned_away, other.turned_away];
        self.turned_away = turned_away.into_iter().flatten().min();
    }
}

impl Stretched {
    /// Of a level that has that value, before any time has gone by.
    pub(super) const fn at(value: u64) -> Self {
        Self { area: 0, most: value }
    }

    fn absorb(&mut self, other: Self) {
        self.area += other.area;
        self.most = self.most.max(other.most);
    }
}

/// A level over a span: the area under it, in ns, and the most it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretched {
    /// The area.
    pub area: u128,
    /// The most.
    pub most: u64,
}

/// What was measured in a span. It is all that is needed to work out any figure of it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The first instant of the span.
    pub from: Time,
    /// The last.
    pub until: Time,
    /// What it was measured in, as it was at the end.
    pub model: Arc<Model>,
    /// What was counted in the span.
    pub tally: Tally,
    /// What was gathered beside that.
    pub slot: Slot,
    /// By service: those of the arrivals that figures of users are about, if not all of the span
    /// are; see [`healthy`](super::healthy).
    pub users: Option<Vec<Cohort>>,
    /// Services and workloads that showed errors, or stopped: in the span none of their handlers
    /// came to its end as intended, one had before, and something waited or was in hands at its
    /// end. Services that a fault strikes themselves are left out.
    pub blast: Vec<ServiceId>,
    /// By group: from the end of the span until it was no further behind than it was, at the
    /// most, before the span; none if that was not seen.
    pub recovery: Vec<Option<Span>>,
    /// By store: events not applied at the end of the span.
    pub not_applied: Vec<OpenEvents>,
    /// Levels at its end, those that were asked for.
    pub levels: Vec<(Level, Option<f64>)>,
}

impl Measured {
    /// How long the span is, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.until.since(self.from).as_secs_f64()
    }

    /// A figure; `None` where it has no meaning (the mean of nothing, a share of nothing).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        let service = |it: ServiceId| self.tally.services.get(it.index());
        let count = |it: Option<u64>| it.map(|it| it as f64);
        Some(match figure {
            Figure::Level(level) => {
                return self.levels.iter().find(|it| it.0 == level).and_then(|it| it.1);
            }
            // (answered or given up) − arrival, of each arrival in the span.
            Figure::Free(it, stat) => return of(&self.cohort(it)?.free, stat),
            // end − arrival, of each arrival in the span that came to its end as intended.
            Figure::Outcome(it, stat) => return of(&self.cohort(it)?.outcome, stat),
            // accepted / (arrived − those of which it is not known).
            Figure::Accepted(it) => {
                let cohort = self.cohort(it)?;
                share(cohort.accepted, cohort.arrived - (cohort.open() - cohort.open_accepted))?
            }
            // completed / (completed + failed).
            Figure::Available(it) => {
                let cohort = self.cohort(it)?;
                share(cohort.completed, cohort.completed + cohort.failed)?
            }
            Figure::Open(it) => self.cohort(it)?.open() as f64,
            // answer received − first sent.
            Figure::Request(from, to, stat) => {
                return of(self.slot.requests.get(&(from, to))?, stat);
            }
            // left − came.
            Figure::Response(it, stat) => return of(&service(it)?.response, stat),
            // taken up − came.
            Figure::Waiting(it, stat) => return of(&service(it)?.waiting, stat),
            Figure::Arrived(it) => return count(service(it).map(|it| it.arrivals)),
            Figure::Completed(it) => return count(service(it).map(|it| it.completed)),
            Figure::Failed(it) => return count(service(it).map(|it| it.failed)),
            Figure::Rejected(it) => return count(service(it).map(|it| it.rejected)),
            Figure::Lost(it) => return count(service(it).map(|it| it.lost)),
            Figure::TimedOut(it) => return count(service(it).map(|it| it.timed_out)),
            Figure::RateIn(it) => self.per_second(service(it)?.arrivals as f64)?,
            Figure::RateOut(it) => self.per_second(service(it)?.completed as f64)?,
            // ∫ busy dt / (workers · instances · span).
            Figure::Utilisation(it) => {
                let of = &self.model.services[it.index()];
                let hands = f64::from(of.workers?) * f64::from(of.instances);
                self.average(service(it)?.busy_area)? / hands
            }
            Figure::MeanQueue(it) => self.average(service(it)?.queued_area)?,
            Figure::MaxQueue(it) => f64::from(*self.slot.max_queue.get(it.index())?),
            Figure::MeanInSystem(it) => {
                let it = service(it)?;
                self.average(it.busy_area + it.queued_area)?
            }
            Figure::BlastRadius => self.blast.len() as f64,
            Figure::MaxLag(it) => self.slot.lags.get(it.index())?.most as f64,
            Figure::MeanLag(it) => self.average(self.slot.lags.get(it.index())?.area)?,
            Figure::Recovery(it) => (*self.recovery.get(it.index())?)?.as_secs_f64(),
            Figure::MeanInFlight => self.average(self.slot.in_flight.area)?,
            Figure::MaxInFlight => self.slot.in_flight.most as f64,
            // applied for the first time − published; end of the span − published of those not yet applied.
            Figure::Window(it, stat) => {
                let mut window = self.tally.stores.get(it.index())?.window.clone();
                window.add(&self.not_applied.get(it.index())?.waited);
                return of(&window, stat);
            }
            Figure::WrongShare(it) => {
                self.average(u128::from(self.tally.stores.get(it.index())?.wrong_time))?
            }
            Figure::Anomalies(store, kind) => self.anomalies(store, kind) as f64,
            // 1000 · anomalies / events published.
            Figure::AnomaliesPerThousand(store, kind) => {
                share(self.anomalies(store, kind), self.published_to(store))? * 1000.0
            }
            Figure::NotYet(it) => self.not_applied.get(it.index())?.not_yet as f64,
            Figure::Never(it) => self.not_applied.get(it.index())?.never as f64,
            Figure::Published(it) => self.tally.topics.get(it.index())?.published as f64,
            Figure::Delivered(it) => self.tally.topics.get(it.index())?.delivered as f64,
            Figure::Redelivered(it) => self.tally.topics.get(it.index())?.redelivered as f64,
            Figure::DeadLettered(it) => self.tally.topics.get(it.index())?.dead_lettered as f64,
            Figure::Messages => self.slot.sent as f64,
            Figure::MessagesPerTransaction => share(self.slot.sent, self.transactions())?,
            Figure::BytesPerTransaction => share(self.slot.bytes, self.transactions())?,
            Figure::Polls => self.slot.polls as f64,
            Figure::EmptyPolls => self.slot.empty_polls as f64,
            Figure::Duplicates => self.duplicates() as f64,
            Figure::Retries => self.slot.retries as f64,
            Figure::WastedShare => {
                let wasted = self.slot.empty_polls + self.duplicates() + self.slot.retries;
                share(wasted, self.slot.sent)?
            }
            Figure::Parts => knowledge::parts(&self.model) as f64,
            Figure::IdempotentHandlers => knowledge::idempotent_handlers(&self.model) as f64,
            Figure::Knows(it) => {
                let names = knowledge::names(&self.model);
                names.iter().filter(|(from, _)| *from == Node::Service(it)).count() as f64
            }
            Figure::KnownBy(it) => {
                let names = knowledge::names(&self.model);
                names.iter().filter(|(_, to)| *to == Node::Service(it)).count() as f64
            }
        })
    }

    /// What became of the arrivals of a workload.
    #[must_use]
    pub fn cohort(&self, workload: ServiceId) -> Option<&Cohort> {
        self.users.as_ref().unwrap_or(&self.slot.cohorts).get(workload.index())
    }

    /// Business transactions: arrivals of all workloads in the span.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.slot.cohorts.iter().map(|it| it.arrived).sum()
    }

    /// Copies beyond the first, see [`Figure::Duplicates`].
    fn duplicates(&self) -> u64 {
        self.tally.topics.iter().map(|it| it.redelivered + it.deduplicated).sum()
    }

    fn anomalies(&self, store: Option<StoreId>, kind: Option<AnomalyKind>) -> u64 {
        levels::anomalies(&self.tally, store, kind)
    }

    /// Events published to the topic of a projection, or to the topics of all.
    #[must_use]
    pub fn published_to(&self, store: Option<StoreId>) -> u64 {
        let stores = self.model.stores.iter().enumerate();
        let stores = stores.filter(|(it, _)| store.is_none_or(|store| store.index() == *it));
        let topics: BTreeSet<_> = stores.filter_map(|(_, it)| it.projection_of).collect();
        topics.iter().map(|it| self.tally.topics[it.index()].published).sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn average(&self, area: u128) -> Option<f64> {
        let span = self.until.since(self.from);
        (span > Span::ZERO).then(|| area as f64 / span.0 as f64)
    }

    fn per_second(&self, count: f64) -> Option<f64> {
        let seconds = self.seconds();
        (seconds > 0.0).then(|| count / seconds)
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// What is told of lengths of time, in seconds; nothing of none.
#[must_use]
pub fn of(histogram: &Histogram, stat: Stat) -> Option<f64> {
    (histogram.count() > 0).then(|| match stat {
        Stat::Mean => histogram.mean_seconds(),
        Stat::P50 => histogram.quantile(0.5).as_secs_f64(),
        Stat::P90 => histogram.quantile(0.9).as_secs_f64(),
        Stat::P99 => histogram.quantile(0.99).as_secs_f64(),
        Stat::Max => histogram.max().as_secs_f64(),
    })
}
