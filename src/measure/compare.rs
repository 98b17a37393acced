//! Comparison: the same figures of several variants or futures, side by side, with what makes the
//! comparison fair.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{
    Act, AnomalyKind, Arrivals, Deed, Figure, GroupId, Level, Model, Script, ServiceId, Setting,
    Shown, Span, Stat, StoreId, Time, Unit,
};

use super::arrivals::Fate;
use super::figures::Measured;
use super::knowledge::{self, waits};
use super::meter::Part;
use super::survey::{Survey, Surveyed};

/// What is compared.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it is called: a variant, a branch, a file.
    pub name: String,
    /// What runs.
    pub model: Arc<Model>,
    /// What was measured over the whole run.
    pub whole: Measured,
    /// Up to the first fault, and of users those that are [healthy](super::healthy); all of a run
    /// without any.
    pub healthy: Measured,
    /// While the first fault lasts, if there is one.
    pub outage: Option<Measured>,
    /// All arrivals: how many, and a hash over when, what and whose they were.
    pub arrivals: (u64, u64),
    /// What was drawn for arrivals, as far as it was seen.
    pub draws: BTreeMap<u64, u64>,
    /// What became of the first arrivals, if that was asked for.
    pub fates: Arc<[Fate]>,
    /// What breaks in it as the outage begins, in a few words; none if nothing does.
    pub fault: Option<String>,
}

/// Over which span a figure is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The whole run.
    Whole,
    /// Until the first fault; of users, those that were through before it, see
    /// [`healthy`](super::healthy).
    Healthy,
    /// While the first fault lasts.
    Outage,
}

/// In which direction a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Good {
    /// Less is better.
    Low,
    /// More is better.
    High,
    /// In none: it is what it is.
    Neither,
}

/// A figure of all columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// In words.
    pub label: String,
    /// What its numbers count.
    pub unit: Unit,
    /// In which direction it is better.
    pub good: Good,
    /// Over which span.
    pub over: Over,
    /// Column by column; none where it has no meaning.
    pub values: Vec<Option<f64>>,
    /// Of a share, or of a count of what can happen to each: of how many, column by column. Where it
    /// never happened, or always did, it can all the same be as often as [`Spread::rule_of_three`]
    /// says. Empty of other figures.
    ///
    /// [`Spread::rule_of_three`]: super::Spread::rule_of_three
    pub trials: Vec<u64>,
    /// Column by column, whether it is of a part of what should be in it, so that it is not to be
    /// called the best: a consumer that hangs applies nothing wrongly. Empty if of none.
    pub is_partial: Vec<bool>,
    /// Whether it is of interest only where it is not zero.
    pub is_detail: bool,
}

impl Row {
    /// Whether it is worth a line.
    #[must_use]
    pub fn is_of_interest(&self) -> bool {
        !self.is_detail || self.values.iter().flatten().any(|it| *it != 0.0)
    }

    /// Whether it is a part of the figure before it.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.label.starts_with(PART)
    }

    /// The column that is better than every other.
    #[must_use]
    pub fn best(&self) -> Option<usize> {
        self.extreme(self.good).filter(|it| !self.is_partial(*it))
    }

    /// Whether it is of a part of what should be in it, in a column.
    #[must_use]
    pub fn is_partial(&self, column: usize) -> bool {
        self.is_partial.get(column).copied().unwrap_or(false)
    }

    /// The column that is worse than every other.
    #[must_use]
    pub fn worst(&self) -> Option<usize> {
        self.extreme(match self.good {
            Good::Low => Good::High,
            Good::High => Good::Low,
            Good::Neither => Good::Neither,
        })
    }

    fn extreme(&self, good: Good) -> Option<usize> {
        if self.values.len() < 2 || self.values.iter().any(Option::is_none) {
            return None;
        }
        let beats = |one: f64, other: f64| {
            !reads_the_same(one, other)
                && match good {
                    Good::Low => one < other,
                    Good::High => one > other,
                    Good::Neither => false,
                }
        };
        let values: Vec<f64> = self.values.iter().copied().flatten().collect();
        (0..values.len()).find(|it| {
            let others = values.iter().enumerate().filter(|(other, _)| other != it);
            others.into_iter().all(|(_, other)| beats(values[*it], *other))
        })
    }
}

/// Whether two numbers are the same to three digits or so, as they are read.
#[must_use]
pub fn reads_the_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 5e-4 * one.abs().max(other.abs())
}

/// The first fault that lasts: of the schedule, or done by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it begins.
    pub from: Time,
    /// When it is mended, or the run ends.
    pub until: Time,
    /// What it is, in a few words.
    pub name: String,
}

/// The outage of a run: of the faults that its script lets come, and those that it adds, the
/// first that lasts at all.
#[must_use]
pub fn outage(model: &Model, script: &Script, end: Time) -> Option<Outage> {
    let omitted = |place: usize| {
        let is_it = |it: &Act| matches!(it, Act::Omit { fault } if fault.index() == place);
        script.iter().any(|it| is_it(&it.act))
    };
    let planned = model.faults.iter().enumerate().filter(|(place, _)| !omitted(*place));
    let planned = planned.map(|(_, it)| (it.at, it.lasts, &it.kind));
    let made = script.iter().filter_map(|it| match &it.act {
        Act::Break { kind, lasts } => Some((it.at, *lasts, kind)),
        _ => None,
    });
    let lasting =
        planned.chain(made).filter(|(at, lasts, _)| *lasts != Some(Span::ZERO) && *at < end);
    let (from, lasts, kind) = lasting.min_by_key(|it| it.0)?;
    let until = lasts.map_or(end, |it| from + it).min(end);
    Some(Outage { from, until, name: fault_name(model, kind) })
}

/// The outage of a comparison: of the outages of its runs the one that begins first. All of them
/// are healthy until then.
#[must_use]
pub fn outage_of_all<'a>(
    runs: impl Iterator<Item = (&'a Model, &'a Script, Time)>,
) -> Option<Outage> {
    runs.filter_map(|(model, script, end)| outage(model, script, end)).min_by_key(|it| it.from)
}

/// The survey that a column needs, of a run in a comparison with this outage, also if it does not
/// come there.
#[must_use]
pub fn survey(model: &Model, script: Script, end: Time, outage: Option<&Outage>) -> Survey {
    Survey::new(script, end, parts(end, outage))
        .with_healthy(outage.map(|it| it.from))
        .with_levels(model.presentation.shown.iter().map(shown_level))
}

/// What breaks in one of the runs of a comparison as its outage begins.
fn fault_in(model: &Model, script: &Script, end: Time, of_all: &Outage) -> Option<String> {
    outage(model, script, end).filter(|it| it.from == of_all.from).map(|it| it.name)
}

/// What a value is that a card shows, before it is divided.
const fn shown_level(shown: &Shown) -> Figure {
    Figure::Level(match shown.key {
        Some(_) => Level::Held(shown.store, shown.key),
        None => Level::Total(shown.store),
    })
}

/// The spans of a column: whole, healthy, and the outage if there is one.
#[must_use]
pub fn parts(end: Time, outage: Option<&Outage>) -> Vec<Part> {
    let part = |from, until| Part { from, until, buckets: 1 };
    let calm = outage.map_or(end, |it| Time(it.from.0.saturating_sub(1)).min(end));
    let mut parts = vec![part(Time::ZERO, end), part(Time::ZERO, calm)];
    parts.extend(outage.map(|it| part(it.from.min(end), it.until.min(end))));
    parts
}

/// The column that a [survey] found, or has found so far; `None` while there is nothing.
#[must_use]
pub fn column(
    name: &str,
    model: &Arc<Model>,
    (script, end, outage): (&Script, Time, Option<&Outage>),
    found: &Surveyed,
) -> Option<Column> {
    let mut parts = found.parts.iter().map(|it| it.first().cloned());
    Some(Column {
        name: name.to_owned(),
        model: Arc::clone(model),
        whole: parts.next()??,
        healthy: Measured { users: found.healthy.clone(), ..parts.next()?? },
        outage: parts.next().flatten(),
        arrivals: found.arrivals,
        draws: found.draws.clone(),
        fates: Arc::from(found.fates.as_slice()),
        fault: outage.and_then(|it| fault_in(model, script, end, it)),
    })
}

impl Column {
    /// What was measured over a span.
    #[must_use]
    pub const fn measured(&self, over: Over) -> Option<&Measured> {
        match over {
            Over::Whole => Some(&self.whole),
            Over::Healthy => Some(&self.healthy),
            Over::Outage => self.outage.as_ref(),
        }
    }

    /// The workload with a name.
    #[must_use]
    pub fn workload(&self, name: &str) -> Option<ServiceId> {
        let services = &self.model.services;
        let found = services.iter().position(|it| it.name == name && it.workload.is_some());
        found.map(ServiceId::from_index)
    }

    /// The greatest of a figure over things of the model.
    fn greatest(&self, over: Over, of: impl Iterator<Item = Figure>) -> Option<f64> {
        let measured = self.measured(over)?;
        of.filter_map(|it| measured.figure(it)).max_by(f64::total_cmp)
    }

    fn groups(&self) -> impl Iterator<Item = GroupId> {
        (0..self.model.groups.len()).map(GroupId::from_index)
    }

    /// Services that are no workloads.
    fn parts(&self) -> impl Iterator<Item = ServiceId> + '_ {
        let services = self.model.services.iter().enumerate();
        services.filter(|(_, it)| it.workload.is_none()).map(|(it, _)| ServiceId::from_index(it))
    }

    /// Stores that are projections.
    pub(super) fn projections(&self) -> impl Iterator<Item = StoreId> + '_ {
        let stores = self.model.stores.iter().enumerate();
        stores.filter(|(_, it)| it.projection_of.is_some()).map(|(it, _)| StoreId::from_index(it))
    }

    /// A figure of each projection, in all.
    pub(super) fn sum(&self, over: Over, figure: fn(StoreId) -> Figure) -> f64 {
        let measured = self.measured(over).into_iter();
        measured.flat_map(|of| self.projections().filter_map(|it| of.figure(figure(it)))).sum()
    }

    /// Whether so many events are many of all that were published. A few are always on their way.
    pub(super) fn are_many(&self, over: Over, events: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a number of events")]
        let all = self.measured(over).map_or(0.0, |it| it.published_to(None) as f64);
        events > 1.0 && events >= MANY * all
    }

    /// Whether many events are not applied.
    pub(super) fn is_partial(&self, over: Over) -> bool {
        self.are_many(over, self.sum(over, Figure::NotYet) + self.sum(over, Figure::Never))
    }
}

/// Such a share of all events is worth a word if it is not applied at the end.
const MANY: f64 = 0.05;

/// What labels of figures begin with that are a part of the one before.
const PART: char = '·';

/// Rows as they are put together.
struct Rows<'a> {
    columns: &'a [Column],
    rows: Vec<Row>,
}

impl Rows<'_> {
    /// A row, unless it means nothing in any column.
    fn add(
        &mut self,
        label: impl Into<String>,
        (unit, good, over): (Unit, Good, Over),
        value: impl Fn(&Column) -> Option<f64>,
    ) -> Option<&mut Row> {
        let values = self.columns.iter().map(value).collect();
        self.add_values(label.into(), (unit, good, over), values)
    }

    fn add_values(
        &mut self,
        label: String,
        (unit, good, over): (Unit, Good, Over),
        values: Vec<Option<f64>>,
    ) -> Option<&mut Row> {
        values.iter().any(Option::is_some).then_some(())?;
        self.rows.push(Row {
            label,
            unit,
            good,
            over,
            values,
            trials: Vec::new(),
            is_partial: Vec::new(),
            is_detail: false,
        });
        self.rows.last_mut()
    }

    /// The same, of what can happen to each of so many.
    fn add_of(
        &mut self,
        label: impl Into<String>,
        (unit, good, over): (Unit, Good, Over),
        value: impl Fn(&Column) -> Option<f64>,
        trials: impl Fn(&Measured) -> u64,
    ) -> Option<&mut Row> {
        let columns = self.columns;
        let of = |it: &Column| it.measured(over).map_or(0, &trials);
        let row = self.add(label, (unit, good, over), value)?;
        row.trials = columns.iter().map(of).collect();
        Some(row)
    }

    /// A figure of the whole run.
    fn whole(&mut self, label: &str, figure: Figure) {
        self.add(label, (figure.unit(), Good::Low, Over::Whole), |it| it.whole.figure(figure));
    }

    /// Whether a figure tells nothing of a workload whose users wait for nothing in any column: they
    /// are through at once, so there are no times, and unless some are not accepted, all are.
    fn is_idle(&self, who: &str, figure: Figure) -> bool {
        let of = |it: &Column| it.workload(who);
        let waits = |it: &Column| of(it).is_some_and(|of| waits(&it.model, of));
        let is_through = |it: &Column| {
            let share = of(it).and_then(|of| it.whole.figure(Figure::Available(of)));
            share.is_none_or(|it| it >= 1.0)
        };
        let is_time = figure.unit() == Unit::Seconds;
        !self.columns.iter().any(waits) && (is_time || self.columns.iter().all(is_through))
    }

    /// What became of a workload's arrivals.
    fn of_workload(&mut self, who: &str) {
        use Good::{High, Low};
        let has_outage = self.columns.iter().any(|it| it.outage.is_some());
        let mut of = |label: &str, good, over, figure: &dyn Fn(ServiceId) -> Figure| {
            if self.is_idle(who, figure(ServiceId(0))) {
                return;
            }
            let what = (figure(ServiceId(0)).unit(), good, over);
            let value = |it: &Column| it.measured(over)?.figure(figure(it.workload(who)?));
            let columns = self.columns;
            let Some(row) = self.add(format!("{label} ({who})"), what, value) else { return };
            if row.unit == Unit::Share {
                let ended = |it: &Column| {
                    let cohort = it.measured(over)?.cohort(it.workload(who)?)?;
                    Some(cohort.completed + cohort.failed)
                };
                row.trials = columns.iter().map(|it| ended(it).unwrap_or(0)).collect();
            }
        };
        // Where nothing breaks nobody is healthier than others.
        let (p50, p99, over) = match has_outage {
            true => ("Free again, p50, healthy", "Free again, p99, healthy", Over::Healthy),
            false => ("Free again, p50", "Free again, p99", Over::Whole),
        };
        of(p50, Low, over, &|it| Figure::Free(it, Stat::P50));
        of(p99, Low, over, &|it| Figure::Free(it, Stat::P99));
        of("Free again, p99, during the fault", Low, Over::Outage, &|it| {
            Figure::Free(it, Stat::P99)
        });
        of("Free again, longest", Low, Over::Whole, &|it| Figure::Free(it, Stat::Max));
        of("Accepted during the fault", High, Over::Outage, &Figure::Accepted);
        of("Completed during the fault", High, Over::Outage, &Figure::Available);
        of("Completed", High, Over::Whole, &Figure::Available);
        of("Served after, p50", Low, Over::Whole, &|it| Figure::Outcome(it, Stat::P50));
        of("Served after, p99", Low, Over::Whole, &|it| Figure::Outcome(it, Stat::P99));
        of("Completed a second", High, Over::Whole, &Figure::RateOut);
    }

    /// What parts of the system do with what comes: how much of it they turn away, how many wait, for
    /// how long.
    fn of_parts(&mut self) {
        let over = |unit| (unit, Good::Low, Over::Whole);
        let sum = |it: &Column, figures: &[fn(ServiceId) -> Figure]| -> Option<f64> {
            let each = it.parts().flat_map(|of| figures.iter().map(move |figure| figure(of)));
            it.parts().next().map(|_| each.filter_map(|figure| it.whole.figure(figure)).sum())
        };
        let mut detail = |label: &str, what, value: &dyn Fn(&Column) -> Option<f64>| {
            if let Some(row) = self.add(label, what, value) {
                row.is_detail = true;
            }
        };
        let count = over(Unit::Count);
        detail("Messages turned away or lost", count, &|it| {
            sum(it, &[Figure::Rejected, Figure::Lost])
        });
        detail("Handlers that failed", count, &|it| sum(it, &[Figure::Failed]));
        detail("Longest queue", count, &|it| {
            it.greatest(Over::Whole, it.parts().map(Figure::MaxQueue))
        });
        // A quantile would tell most of whatever is asked most often, such as "is it complete?".
        detail("Time at the slowest part, longest", over(Unit::Seconds), &|it| {
            it.greatest(Over::Whole, it.parts().map(|it| Figure::Response(it, Stat::Max)))
        });
    }

    /// What cards show at the end, of values that every column shows.
    fn of_shown(&mut self) {
        for it in shown(self.columns) {
            let unit = if it.unit.is_empty() { String::new() } else { format!(", {}", it.unit) };
            let label = format!("{} at the end ({}{unit})", it.label, it.service);
            let values = it.values.iter().map(|it| it.1).collect();
            self.add_values(label, (Unit::Count, Good::Neither, Over::Whole), values);
        }
    }

    /// How long it takes until every projection has an event.
    fn add_window(&mut self, over: Over) {
        let columns = self.columns;
        let what = (Unit::Seconds, Good::Low, over);
        let row = self.add("Every projection agrees, p99", what, |it| {
            it.greatest(over, it.projections().map(|it| Figure::Window(it, Stat::P99)))
        });
        if let Some(row) = row {
            row.is_partial = columns.iter().map(|it| it.is_partial(over)).collect();
        }
    }

    /// What went wrong with projections: in all, by kind where it did, and what is not there yet
    /// beside what never will be.
    fn of_projections(&mut self) {
        let what = (Unit::Count, Good::Low, Over::Whole);
        let events = |it: &Measured| it.published_to(None);
        let is_partial: Vec<bool> =
            self.columns.iter().map(|it| it.is_partial(Over::Whole)).collect();
        let all = Figure::AnomaliesPerThousand(None, None);
        let row =
            self.add_of("Anomalies per thousand events", what, |it| it.whole.figure(all), events);
        if let Some(row) = row {
            row.is_partial.clone_from(&is_partial);
        }
        let mut detail = |label: String, value: &dyn Fn(&Column) -> Option<f64>| {
            if let Some(row) = self.add_of(label, what, value, events) {
                row.is_detail = true;
                row.is_partial.clone_from(&is_partial);
            }
        };
        for kind in AnomalyKind::ALL {
            let figure = Figure::Anomalies(None, Some(kind));
            let label = format!("{PART} {} ({})", kind.name(), kind.name_in_the_field());
            detail(label, &|it| it.whole.figure(figure));
        }
        let sum = |it: &Column, figure: fn(StoreId) -> Figure| -> Option<f64> {
            it.projections().next().map(|_| it.sum(Over::Whole, figure))
        };
        detail("Events not applied yet".to_owned(), &|it| sum(it, Figure::NotYet));
        detail("Events that never will be".to_owned(), &|it| sum(it, Figure::Never));
    }
}

/// A value that every column's cards show.
pub(super) struct OfAllShown<'a> {
    pub label: &'a str,
    pub service: &'a str,
    pub unit: &'a str,
    /// Column by column: the level, and what is shown of it at the end.
    pub values: Vec<(Figure, Option<f64>)>,
}

/// What cards show at the end, of values that every column shows.
pub(super) fn shown(columns: &[Column]) -> Vec<OfAllShown<'_>> {
    let Some(first) = columns.first() else { return Vec::new() };
    let each = first.model.presentation.shown.iter().filter_map(|it| {
        let service = first.model.services[it.service.index()].name.as_str();
        let values = columns.iter().map(|column| {
            let name = |it: &Shown| column.model.services[it.service.index()].name.as_str();
            let mut shown = column.model.presentation.shown.iter();
            let same = shown.find(|of| of.label == it.label && name(of) == service)?;
            let level = shown_level(same);
            Some((level, column.whole.figure(level).map(|it| it / same.divisor)))
        });
        let values: Vec<_> = values.collect::<Option<_>>()?;
        Some(OfAllShown { label: &it.label, service, unit: &it.unit, values })
    });
    each.collect()
}

/// The figures of all columns that are worth a line.
#[must_use]
pub fn rows(columns: &[Column]) -> Vec<Row> {
    all_rows(columns).into_iter().filter(Row::is_of_interest).collect()
}

/// The figures of all columns; those that mean nothing in any of them are left out.
#[must_use]
pub fn all_rows(columns: &[Column]) -> Vec<Row> {
    let mut rows = Rows { columns, rows: Vec::new() };
    for name in common_workloads(columns) {
        rows.of_workload(&name);
    }
    let count = (Unit::Count, Good::Low);
    let over = |over| (count.0, count.1, over);
    rows.add("Parts that show errors or stop", over(Over::Outage), |it| {
        it.outage.as_ref()?.figure(Figure::BlastRadius)
    });
    rows.add("Furthest behind (events)", over(Over::Whole), |it| {
        it.greatest(Over::Whole, it.groups().map(Figure::MaxLag))
    });
    let seconds = |over| (Unit::Seconds, Good::Low, over);
    rows.add("Caught up after the repair", seconds(Over::Outage), |it| {
        // One that never caught up has no such time, and then neither have all together.
        let outage = it.outage.as_ref()?;
        let all = it.groups().map(|it| outage.figure(Figure::Recovery(it)));
        let all: Option<Vec<f64>> = all.collect();
        all?.into_iter().max_by(f64::total_cmp)
    });
    rows.add_window(Over::Whole);
    rows.of_projections();
    rows.of_parts();
    rows.of_shown();
    rows.whole("Messages per transaction", Figure::MessagesPerTransaction);
    rows.whole("Bytes per transaction", Figure::BytesPerTransaction);
    let share = (Unit::Share, Good::Low, Over::Whole);
    let wasted = |it: &Column| it.whole.figure(Figure::WastedShare);
    rows.add_of("Messages wasted", share, wasted, |it| it.slot.sent);
    rows.whole("Messages in flight", Figure::MeanInFlight);
    rows.whole("Parts to run and watch", Figure::Parts);
    rows.whole("Handlers made idempotent", Figure::IdempotentHandlers);
    rows.add("Names that parts must know", over(Over::Whole), |it| {
        #[expect(clippy::cast_precision_loss, reason = "a number of names")]
        Some(knowledge::names(&it.model).len() as f64)
    });
    rows.rows
}

/// All figures over one span; those that mean nothing in any column are left out.
#[must_use]
pub fn rows_over(columns: &[Column], over: Over) -> Vec<Row> {
    use Good::{High, Low};
    let mut rows = Rows { columns, rows: Vec::new() };
    for who in &common_workloads(columns) {
        let mut of = |label: &str, good, figure: &dyn Fn(ServiceId) -> Figure| {
            if rows.is_idle(who, figure(ServiceId(0))) {
                return;
            }
            let what = (figure(ServiceId(0)).unit(), good, over);
            rows.add(format!("{label} ({who})"), what, |it| {
                it.measured(over)?.figure(figure(it.workload(who)?))
            });
        };
        of("Free again, p50", Low, &|it| Figure::Free(it, Stat::P50));
        of("Free again, p99", Low, &|it| Figure::Free(it, Stat::P99));
        of("Free again, longest", Low, &|it| Figure::Free(it, Stat::Max));
        of("Accepted", High, &Figure::Accepted);
        of("Completed", High, &Figure::Available);
        of("Served after, p50", Low, &|it| Figure::Outcome(it, Stat::P50));
        of("Served after, p99", Low, &|it| Figure::Outcome(it, Stat::P99));
        of("Completed a second", High, &Figure::RateOut);
    }
    let mut of = |label: &str, figure: Figure| {
        let row =
            rows.add(label, (figure.unit(), Low, over), |it| it.measured(over)?.figure(figure));
        if let (Some(row), Figure::AnomaliesPerThousand(..)) = (row, figure) {
            row.is_partial = columns.iter().map(|it| it.is_partial(over)).collect();
        }
    };
    if over == Over::Outage {
        of("Parts that show errors or stop", Figure::BlastRadius);
    }
    of("Anomalies per thousand events", Figure::AnomaliesPerThousand(None, None));
    of("Messages per transaction", Figure::MessagesPerTransaction);
    of("Bytes per transaction", Figure::BytesPerTransaction);
    of("Messages wasted", Figure::WastedShare);
    of("Messages in flight", Figure::MeanInFlight);
    of("Most messages in flight", Figure::MaxInFlight);
    rows.add("Furthest behind (events)", (Unit::Count, Low, over), |it| {
        it.greatest(over, it.groups().map(Figure::MaxLag))
    });
    rows.add_window(over);
    rows.rows
}

/// The workloads that every column has.
#[must_use]
pub fn common_workloads(columns: &[Column]) -> Vec<String> {
    let Some(first) = columns.first() else { return Vec::new() };
    let names = first.model.services.iter().filter(|it| it.workload.is_some());
    let names = names.map(|it| it.name.clone());
    names.filter(|name| columns.iter().all(|it| it.workload(name).is_some())).collect()
}

/// What makes a comparison fair, or not: each is looked up, and not taken for granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fairness {
    /// What was found to be the same in every column.
    pub same: Vec<String>,
    /// What is not.
    pub different: Vec<String>,
    /// What is assumed, and cannot be measured.
    pub assumed: Vec<String>,
}

/// Looks whether the columns are of the same world.
#[must_use]
pub fn fairness(columns: &[Column]) -> Fairness {
    let mut fairness = Fairness {
        same: Vec::new(),
        different: Vec::new(),
        assumed: vec![
            "times of work, of links and of repairs are the scenario's".to_owned(),
            "what is drawn depends on seed and arrival alone, and not on what else goes on"
                .to_owned(),
        ],
    };
    let Some((first, others)) = columns.split_first() else { return fairness };
    let mut say = |what: String, is_same: bool| {
        let list = if is_same { &mut fairness.same } else { &mut fairness.different };
        list.push(what);
    };
    let count = first.arrivals.0;
    let same = others.iter().all(|it| it.arrivals == first.arrivals);
    say(
        if same {
            format!("{count} arrivals at the same instants")
        } else {
            let is_closed = columns.iter().any(|it| it.model.services.iter().any(is_closed));
            let why = if is_closed { ": users who wait for an answer come later" } else { "" };
            format!("arrivals{why}")
        },
        same,
    );
    let same = others.iter().all(|it| {
        let both = it.draws.iter().filter_map(|(id, it)| Some((first.draws.get(id)?, it)));
        both.into_iter().all(|(one, other)| one == other)
    });
    say("what is drawn for each arrival".to_owned(), same);
    let same = others.iter().all(|it| faults(&it.model) == faults(&first.model));
    say("faults and when they happen".to_owned(), same);
    let capacity = |it: &Column| {
        let services = it.model.services.iter().filter(|it| it.workload.is_none());
        services.map(|it| (it.name.clone(), (it.workers, it.instances))).collect::<BTreeMap<_, _>>()
    };
    let same = others.iter().all(|it| capacity(it) == capacity(first));
    say("services, with their instances and workers".to_owned(), same);
    fairness
}

fn is_closed(service: &crate::model::Service) -> bool {
    let workload = service.workload.as_ref();
    workload.is_some_and(|it| matches!(it.arrivals, Arrivals::Closed { .. }))
}

/// When each fault of a model begins and ends, and of what kind it is, with names for ids, which
/// may differ between variants.
fn faults(model: &Model) -> Vec<(Time, Option<Span>, String)> {
    let each = model.faults.iter().map(|it| (it.at, it.lasts, fault_name(model, &it.kind)));
    each.collect()
}

/// A fault in a few words: `ledger is down`.
#[must_use]
pub fn fault_name(model: &Model, kind: &crate::model::FaultKind) -> String {
    use crate::model::FaultKind as Kind;
    let service = |it: ServiceId| model.services[it.index()].name.as_str();
    let topic = |it: crate::model::TopicId| model.topics[it.index()].name.as_str();
    let links = |links: &[crate::model::LinkId]| {
        links.first().map_or(String::new(), |it| {
            let link = &model.links[it.index()];
            format!("{} – {}", model.node_name(link.from), model.node_name(link.to))
        })
    };
    match kind {
        Kind::Crash { service: it, .. } => format!("{} is down", service(*it)),
        Kind::Slow { service: it, factor } => format!("{} is {factor} times as slow", service(*it)),
        Kind::Cut { links: it, .. } => format!("{} is cut", links(it)),
        Kind::Loss { links: it, probability } => {
            format!("{} loses {} %", links(it), probability * 100.0)
        }
        Kind::Delay { links: it, .. } => format!("{} is delayed", links(it)),
        Kind::Duplicate { links: it, probability } => {
            format!("{} duplicates {} %", links(it), probability * 100.0)
        }
        Kind::Replay { group, .. } => {
            format!("{} reads again", model.groups[group.index()].name)
        }
        Kind::Disconnect { service: it, topic: from, .. } => {
            format!("{} is disconnected from {}", service(*it), topic(*from))
        }
        Kind::Outage { topic: it, .. } => format!("the broker of {} is away", topic(*it)),
        Kind::LeaderLoss { topic: it } => format!("{} has lost its leader", topic(*it)),
        Kind::Strike(strike) => {
            let event = &model.event_types[strike.event_type.index()].name;
            let what = match strike.deed {
                Deed::Duplicate => "comes twice",
                Deed::Delay(_) => "is late",
                Deed::Drop => "is lost",
                Deed::Swap => "is overtaken",
                Deed::LoseAnswer => "is not answered",
                Deed::Bury => "is a dead letter",
                Deed::Edit { .. } => "says something else",
            };
            format!("{event} no. {} on {} {what}", strike.nth, links(&[strike.link]))
        }
        Kind::Set(setting) => setting_name(model, setting),
        Kind::Purge { topic: it } => format!("{} is purged", topic(*it)),
        Kind::FailNext { service: it, count } => {
            format!("the next {count} handlers of {} fail", service(*it))
        }
    }
}

/// What is set, in a few words: `ledger has 2 workers`.
fn setting_name(model: &Model, setting: &Setting) -> String {
    let service = |it: ServiceId| model.services[it.index()].name.as_str();
    let topic = |it: crate::model::TopicId| model.topics[it.index()].name.as_str();
    let links = |links: &[crate::model::LinkId]| {
        links.first().map_or(String::new(), |it| {
            let link = &model.links[it.index()];
            format!("{} – {}", model.node_name(link.from), model.node_name(link.to))
        })
    };
    let count = |it: Option<u32>| it.map_or_else(|| "any number of".into(), |it| it.to_string());
    match setting {
        Setting::Instances { service: it, instances } => {
            format!("{} has {instances} instances", service(*it))
        }
        Setting::Workers { service: it, workers } => {
            format!("{} has {} workers", service(*it), count(*workers))
        }
        Setting::Strategy { service: it, topic: of, strategy } => {
            format!("{} handles {} {}", service(*it), topic(*of), strategy.words())
        }
        Setting::Prefetch { service: it, prefetch, .. } => {
            format!("{} holds {prefetch} at a time", service(*it))
        }
        Setting::AckWait { topic: it, wait } => match wait {
            Some(wait) => format!("{} waits {wait} for acks", topic(*it)),
            None => format!("{} waits for acks", topic(*it)),
        },
        Setting::MaxDeliveries { topic: it, most } => {
            format!("{} makes {} deliveries", topic(*it), count(*most))
        }
        Setting::Latency { links: it, .. } => format!("{} takes another time", links(it)),
        Setting::Bandwidth { links: it, .. } => format!("{} has another bandwidth", links(it)),
        Setting::Clock { service: it, .. } => format!("the clock of {} is off", service(*it)),
    }
}
