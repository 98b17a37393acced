//! Series: figures of many short spans along a run, and of the spans that people ask about. They
//! are those of the report and of comparisons: one meter measures all of them.

use std::sync::Arc;

use crate::history::inquiry::{SLICE_RECORDS, share_behind};
use crate::history::{Found, Inquiry, Ride, Runs};
use crate::model::{Figure, GroupId, Model, Record, Script, ServiceId, Stat, StoreId, Time};

use super::arrivals::Cohort;
use super::compare::Outage;
use super::figures::{self, Measured};
use super::knowledge;
use super::meter::{Meter, Part};

/// What a chart is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChartKind {
    /// From an arrival until its caller is free again.
    Response,
    /// Arrivals and completions of users a second; of those who wait for nothing, arrivals.
    Throughput,
    /// What each service gets done a second.
    Work,
    /// Handlers that failed, calls that were not answered in time, messages that were turned away or
    /// lost.
    Failures,
    /// The most that waited at each service.
    Queue,
    /// The most that each group was behind.
    Lag,
    /// Messages on links.
    InFlight,
    /// From the publication of an event until a projection holds it.
    Window,
    /// Anomalies.
    Anomalies,
}

/// The figures of all charts of a model.
#[must_use]
pub fn figures(model: &Model) -> Vec<(ChartKind, Figure)> {
    let services = || (0..model.services.len()).map(ServiceId::from_index);
    let is_workload = |it: &ServiceId| model.services[it.index()].workload.is_some();
    let mut all = Vec::new();
    for it in services().filter(is_workload) {
        if knowledge::waits(model, it) {
            all.push((ChartKind::Response, Figure::Free(it, Stat::P50)));
            all.push((ChartKind::Response, Figure::Free(it, Stat::P99)));
        }
        all.push((ChartKind::Throughput, Figure::RateIn(it)));
        if knowledge::waits(model, it) {
            all.push((ChartKind::Throughput, Figure::RateOut(it)));
        }
    }
    let parts = || services().filter(|it| !is_workload(it));
    all.extend(parts().map(|it| (ChartKind::Work, Figure::RateOut(it))));
    for it in services() {
        let kinds = [Figure::Failed, Figure::TimedOut, Figure::Rejected, Figure::Lost];
        all.extend(kinds.map(|of| (ChartKind::Failures, of(it))));
    }
    all.extend(parts().map(|it| (ChartKind::Queue, Figure::MaxQueue(it))));
    let groups = (0..model.groups.len()).map(GroupId::from_index);
    all.extend(groups.map(|it| (ChartKind::Lag, Figure::MaxLag(it))));
    all.push((ChartKind::InFlight, Figure::MeanInFlight));
    let stores = model.stores.iter().enumerate().filter(|(_, it)| it.projection_of.is_some());
    for it in stores.map(|(it, _)| StoreId::from_index(it)) {
        all.push((ChartKind::Window, Figure::Window(it, Stat::P99)));
        all.push((ChartKind::Anomalies, Figure::Anomalies(Some(it), None)));
    }
    all
}

/// Which of the spans that distributions are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// The whole run.
    #[default]
    Whole,
    /// The first fault that lasts.
    Outage,
    /// The loop that is marked.
    Loop,
}

/// What charts are asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The first instant of the series.
    pub from: Time,
    /// Their last.
    pub until: Time,
    /// The last instant that is looked at.
    pub end: Time,
    /// The fault, if there is one.
    pub outage: Option<Outage>,
    /// The loop, if one is marked.
    pub looped: Option<(Time, Time)>,
}

/// What was found out for charts.
#[derive(Clone, Debug)]
pub struct Charted {
    /// What it was found out for.
    pub asked: Asked,
    /// What ran.
    pub model: Arc<Model>,
    /// Where buckets begin, and where the last one ends.
    pub bounds: Vec<Time>,
    /// The figures.
    pub figures: Vec<(ChartKind, Figure)>,
    /// By figure, bucket by bucket, as far as it is known; none where it has no meaning.
    pub values: Vec<Vec<Option<f64>>>,
    /// What was measured of the spans, as far as it is known.
    pub spans: Vec<(Extent, Measured)>,
}

/// Works out charts of a run.
pub struct ChartsOf {
    script: Script,
    asked: Asked,
    buckets: usize,
    state: Option<State>,
    slices: u32,
}

struct State {
    ride: Ride,
    /// Its first span is that of the series.
    meter: Meter,
    /// What the others are.
    spans: Vec<Extent>,
    figures: Vec<(ChartKind, Figure)>,
    /// By figure: of the buckets that are over. Figures of arrivals are worked out at the end.
    values: Vec<Vec<Option<f64>>>,
    fresh: Vec<Record>,
}

/// After how many slices what is known so far is told.
const TOLD_EVERY: u32 = 32;

impl ChartsOf {
    /// Of a future of a run, in so many buckets.
    #[must_use]
    pub const fn new(script: Script, asked: Asked, buckets: usize) -> Self {
        Self { script, asked, buckets, state: None, slices: 0 }
    }
}

impl State {
    fn step(&mut self, end: Time) -> bool {
        let Some(next) = self.ride.next_at().filter(|it| *it <= end) else { return false };
        self.come_to(next);
        self.ride.step(&mut self.fresh);
        self.meter.see(&self.fresh, self.ride.world());
        true
    }

    fn come_to(&mut self, next: Time) {
        self.meter.come_to(next, self.ride.world());
        for measured in self.meter.take_over(0) {
            for ((_, figure), values) in self.figures.iter().zip(&mut self.values) {
                values.push(measured.figure(*figure));
            }
        }
    }

    fn charted(&self, asked: &Asked, now: Time) -> Charted {
        let mut values = self.values.clone();
        // Arrivals are followed past the end of their bucket.
        let over = values.first().map_or(0, Vec::len);
        let cohorts: Vec<Vec<Cohort>> = (0..over).map(|it| self.meter.cohorts(0, it)).collect();
        for ((_, figure), values) in self.figures.iter().zip(&mut values) {
            let Figure::Free(workload, stat) = *figure else { continue };
            for (value, cohorts) in values.iter_mut().zip(&cohorts) {
                let cohort = cohorts.get(workload.index());
                *value = cohort.and_then(|it| figures::of(&it.free, stat));
            }
        }
        let world = self.ride.world();
        let span = |(place, extent): (usize, &Extent)| {
            let measured = self.meter.so_far(place + 1, now, world).into_iter().next()?;
            Some((*extent, measured))
        };
        Charted {
            asked: asked.clone(),
            model: Arc::clone(world.model()),
            bounds: self.meter.bucket_bounds(0),
            figures: self.figures.clone(),
            values,
            spans: self.spans.iter().enumerate().filter_map(span).collect(),
        }
    }
}

impl Inquiry for ChartsOf {
    type Answer = Charted;

    fn begin(&mut self, runs: &mut Runs) {
        // Arrivals are followed from the beginning.
        let ride = Ride::from(runs.walk(&self.script, Time::ZERO));
        let model = ride.world().model();
        let Asked { from, until, end, ref outage, looped } = self.asked;
        let outage = outage.as_ref().map(|it| (Extent::Outage, it.from, it.until));
        let looped = looped.map(|(from, until)| (Extent::Loop, from, until));
        let whole = Some((Extent::Whole, Time::ZERO, end));
        let part = |from: Time, until: Time, buckets| Part {
            from: from.min(end),
            until: until.min(end),
            buckets,
        };
        let spans: Vec<_> = [whole, outage, looped].into_iter().flatten().collect();
        let parts = spans.iter().map(|(_, from, until)| part(*from, *until, 1));
        let parts: Vec<Part> = [part(from, until, self.buckets)].into_iter().chain(parts).collect();
        let figures = figures(model);
        self.state = Some(State {
            meter: Meter::new(model, &parts, None),
            spans: spans.iter().map(|it| it.0).collect(),
            values: vec![Vec::new(); figures.len()],
            figures,
            fresh: Vec::new(),
            ride,
        });
    }

    fn work(&mut self) -> Found<Charted> {
        let end = self.asked.end;
        let Some(state) = &mut self.state else { return Found::Nothing };
        let stop = state.ride.world().record_count() + SLICE_RECORDS;
        while state.ride.world().record_count() < stop {
            if !state.step(end) {
                // What happens at the last instant has happened.
                state.come_to(end + crate::model::Span(1));
                return Found::All(state.charted(&self.asked, end));
            }
        }
        self.slices += 1;
        if self.slices.is_multiple_of(TOLD_EVERY) || self.slices == 4 {
            let now = state.ride.world().now();
            return Found::SoFar(state.charted(&self.asked, now));
        }
        Found::Nothing
    }

    fn progress(&self) -> f32 {
        let ride = self.state.as_ref().map(|it| &it.ride);
        ride.map_or(0.0, |it| share_behind(it.next_at(), Time::ZERO, self.asked.end))
    }
}
