//! The metrics view: figures along time as lines of linked charts, and distributions as bars.

use std::fmt::Write;

use crate::app::{App, Reach, Window};
use crate::measure::Measured;
use crate::measure::figures::Histogram;
use crate::measure::judge::short;
use crate::measure::knowledge;
use crate::measure::series::{ChartKind, Charted, Extent};
use crate::model::{Figure, Model, ServiceId, Span, Stat, Time, Unit};

/// The most lines of a chart: more could not be told apart.
pub const MOST_LINES: usize = 6;

/// In how many bars a distribution is drawn.
const BARS: usize = 36;

/// What is shown of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsView {
    /// The span of time that the charts share.
    pub window: Window,
    /// The charts, from the top.
    pub charts: Vec<Chart>,
    /// What would be charted, and is zero all the time.
    pub zero: Vec<&'static str>,
    /// Of what the distributions are.
    pub extent: Extent,
    /// Of what they can be: those that there are.
    pub extents: Vec<Extent>,
    /// The distributions.
    pub distributions: Vec<Distribution>,
    /// What is said where there are none.
    pub without: &'static str,
    /// The branch that is drawn behind in grey.
    pub behind: Option<String>,
    /// How much of it is worked out, from 0 to 1, while not all is.
    pub progress: Option<f32>,
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it is about.
    pub kind: ChartKind,
    /// Its title.
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub about: &'static str,
    /// What its numbers count.
    pub unit: Unit,
    /// The number at its upper edge; its lower edge is zero.
    pub top: f64,
    /// Its lines.
    pub lines: Vec<Line>,
    /// How many lines more there would be.
    pub left_out: usize,
}

/// A line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is of.
    pub name: String,
    /// The number of its colour.
    pub ink: u8,
    /// How it is drawn, by which it is known without its colour.
    pub dash: Dash,
    /// Its values.
    pub values: Values,
    /// The same of the branch behind.
    pub behind: Option<Values>,
}

/// Values of buckets of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Where buckets begin, and where the last one ends.
    pub bounds: Vec<Time>,
    /// By bucket, as far as it is known; none where it has no meaning.
    pub values: Vec<Option<f64>>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// Without a gap.
    Solid,
    /// In dashes.
    Dashed,
    /// In dots.
    Dotted,
}

/// How often which lengths of time were.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Of what.
    pub title: String,
    /// How many lengths there were.
    pub count: u64,
    /// From which length to which, and how many; each bar is so many times as long as the one before.
    pub bars: Vec<(Span, Span, u64)>,
    /// What is told of them.
    pub stats: Vec<(Stat, Span)>,
}

impl Values {
    /// The bucket of an instant.
    #[must_use]
    pub fn bucket(&self, at: Time) -> Option<usize> {
        let after = self.bounds.partition_point(|it| *it <= at);
        let last = self.bounds.len().checked_sub(2)?;
        after.checked_sub(1).map(|it| it.min(last))
    }

    /// The value at an instant.
    #[must_use]
    pub fn at(&self, at: Time) -> Option<f64> {
        *self.values.get(self.bucket(at)?)?
    }

    fn most(&self) -> f64 {
        self.values.iter().flatten().copied().fold(0.0, f64::max)
    }
}

impl Distribution {
    /// Whether all lengths are none.
    fn is_zero(&self) -> bool {
        self.stats.iter().all(|(_, span)| *span == Span::ZERO)
    }
}

impl Chart {
    /// What stands in a legend beside a line, at an instant.
    #[must_use]
    pub fn reading(&self, line: &Line, at: Time) -> String {
        line.values.at(at).map_or_else(|| "–".to_owned(), |it| short(it, self.unit))
    }
}

/// The view of what is charted.
#[must_use]
pub fn metrics(app: &App) -> MetricsView {
    let mut view = MetricsView {
        window: app.charted_window(),
        charts: Vec::new(),
        zero: Vec::new(),
        extent: app.metrics.extent,
        extents: Vec::new(),
        distributions: Vec::new(),
        without: "",
        behind: None,
        progress: app.charts_progress(),
    };
    let Some(charted) = app.charted() else { return view };
    let behind = app.charted_behind();
    let name = app.behind().filter(|_| behind.is_some());
    view.behind = name.and_then(|it| app.tree().get(it)).map(|it| it.name.clone());
    for kind in KINDS {
        let Some(chart) = chart(charted, behind.map(|it| &**it), kind) else { continue };
        if chart.lines.is_empty() {
            view.zero.push(chart.title);
        } else {
            view.charts.push(chart);
        }
    }
    view.extents = charted.spans.iter().map(|it| it.0).collect();
    let extent = app.metrics.extent;
    let measured = charted.spans.iter().find(|it| it.0 == extent).or_else(|| charted.spans.first());
    if let Some((_, measured)) = measured {
        view.distributions = distributions(measured);
        let workloads = (0..measured.model.services.len()).map(ServiceId::from_index);
        view.without = match workloads.into_iter().any(|it| knowledge::waits(&measured.model, it)) {
            true => "Nobody has come to an end in this span.",
            false => {
                "Who comes here waits for nothing, and is through at once: there are no times."
            }
        };
    }
    view
}

const KINDS: [ChartKind; 9] = [
    ChartKind::Response,
    ChartKind::Throughput,
    ChartKind::Work,
    ChartKind::Failures,
    ChartKind::Queue,
    ChartKind::Lag,
    ChartKind::InFlight,
    ChartKind::Window,
    ChartKind::Anomalies,
];

const fn words(kind: ChartKind) -> (&'static str, &'static str) {
    match kind {
        ChartKind::Response => (
            "Response",
            "From an arrival until its caller is free again, of those that arrive in each bucket",
        ),
        ChartKind::Throughput => {
            ("Throughput", "Arrivals, and those that came to their end as intended, a second")
        }
        ChartKind::Work => ("Work done", "What each service handled as intended, a second"),
        ChartKind::Failures => (
            "Failures",
            "Handlers that failed, calls that were not answered in time, messages that were turned \
             away or lost, in each bucket",
        ),
        ChartKind::Queue => ("Queue depth", "The most messages that waited for a worker"),
        ChartKind::Lag => ("Lag", "The most events that a group was behind"),
        ChartKind::InFlight => ("In flight", "Messages on links, on the average"),
        ChartKind::Window => (
            "Consistency window, p99",
            "From the publication of an event until the projection holds it, or so far if it does not",
        ),
        ChartKind::Anomalies => ("Anomalies", "Events that were applied wrongly in each bucket"),
    }
}

/// A chart of one kind; nothing if the model has nothing of that kind.
fn chart(charted: &Charted, behind: Option<&Charted>, kind: ChartKind) -> Option<Chart> {
    let figures = charted.figures.iter().enumerate().filter(|(_, it)| it.0 == kind);
    let places: Vec<(usize, Figure)> = figures.map(|(place, it)| (place, it.1)).collect();
    let unit = places.first()?.1.unit();
    let of = |charted: &Charted, place: usize| Values {
        bounds: charted.bounds.clone(),
        values: charted.values.get(place).cloned().unwrap_or_default(),
    };
    let mut lines: Vec<(f64, usize, Line)> = Vec::new();
    for (order, &(place, figure)) in places.iter().enumerate() {
        let values = of(charted, place);
        let same = behind.and_then(|behind| {
            let place = behind.figures.iter().position(|it| *it == (kind, figure))?;
            Some(of(behind, place))
        });
        let most = values.most().max(same.as_ref().map_or(0.0, Values::most));
        let is_known = values.values.iter().any(Option::is_some);
        // Who is through at once has no response that could be looked at.
        let is_shown = match kind {
            ChartKind::Throughput => true,
            ChartKind::Response => most > 0.0 || !is_known,
            _ => most > 0.0,
        };
        if is_shown {
            let name = line_name(&charted.model, kind, figure);
            let line = Line { name, ink: 0, dash: Dash::Solid, values, behind: same };
            lines.push((most, order, line));
        }
    }
    // Those that come to most, in their own order.
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    let left_out = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    lines.sort_by_key(|it| it.1);
    let top = round_up(lines.iter().map(|it| it.0).fold(0.0, f64::max));
    let lines = lines.into_iter().enumerate().map(|(place, (_, _, line))| {
        let (ink, dash) = look(kind, place);
        Line { ink, dash, ..line }
    });
    let (title, about) = words(kind);
    Some(Chart { kind, title, about, unit, top, lines: lines.collect(), left_out })
}

/// The colour and the manner of a chart's lines. Neighbours differ in both.
fn look(kind: ChartKind, place: usize) -> (u8, Dash) {
    const INKS: [u8; MOST_LINES] = [4, 1, 2, 3, 6, 5];
    const DASHES: [Dash; 3] = [Dash::Solid, Dash::Dashed, Dash::Dotted];
    let shift = if kind == ChartKind::Anomalies { 3 } else { 0 };
    (INKS[(place + shift) % INKS.len()], DASHES[place % DASHES.len()])
}

/// What a figure's line is called in its chart.
#[must_use]
pub fn line_name(model: &Model, kind: ChartKind, figure: Figure) -> String {
    let service = |it: ServiceId| model.services[it.index()].name.as_str();
    let workloads = model.services.iter().filter(|it| it.workload.is_some()).count();
    let of = |what: &str, it: ServiceId| match workloads {
        1 => what.to_owned(),
        _ => format!("{} {what}", service(it)),
    };
    match figure {
        Figure::Free(it, stat) => of(stat.name(), it),
        Figure::RateIn(it) => of("in", it),
        Figure::RateOut(it) if kind == ChartKind::Work => service(it).to_owned(),
        Figure::RateOut(it) => of("out", it),
        Figure::Failed(it) => format!("{} failed", service(it)),
        Figure::TimedOut(it) => format!("{} timed out", service(it)),
        Figure::Rejected(it) => format!("{} turned away", service(it)),
        Figure::Lost(it) => format!("{} lost", service(it)),
        Figure::MaxQueue(it) => service(it).to_owned(),
        Figure::MaxLag(it) => {
            let group = &model.groups[it.index()];
            let is_alone = model.groups.iter().filter(|it| it.name == group.name).count() == 1;
            let topic = &model.topics[group.topic.index()].name;
            if is_alone { group.name.clone() } else { format!("{} of {topic}", group.name) }
        }
        Figure::MeanInFlight => "messages".to_owned(),
        Figure::Window(it, _) | Figure::Anomalies(Some(it), _) => {
            let store = &model.stores[it.index()];
            format!("{} {}", service(store.service), store.name)
        }
        _ => "other".to_owned(),
    }
}

/// The least of 1, 2, 5, 10, … that is not less.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let digits = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0];
    let digit = digits.into_iter().find(|digit| digit * power >= value * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * power
}

/// How long users waited, and until when they knew; of those who wait for anything.
fn distributions(measured: &Measured) -> Vec<Distribution> {
    let services = measured.model.services.iter().enumerate();
    let workloads = services
        .filter(|(place, _)| knowledge::waits(&measured.model, ServiceId::from_index(*place)));
    let each = workloads.flat_map(|(place, it)| {
        let cohort = measured.cohort(ServiceId::from_index(place));
        let of = |what: &str, histogram: &Histogram| {
            distribution(format!("{what} ({})", it.name), histogram)
        };
        let free = cohort.map(|it| of("Free again", &it.free));
        let outcome = cohort.filter(|it| !is_same(&it.free, &it.outcome));
        [free, outcome.map(|it| of("Served after", &it.outcome))]
    });
    each.flatten().filter(|it| it.count > 0 && !it.is_zero()).collect()
}

fn is_same(one: &Histogram, other: &Histogram) -> bool {
    one.count() == other.count() && one.sum() == other.sum()
}

/// A histogram as bars of which each is so many times as long as the one before.
#[must_use]
pub fn distribution(title: String, histogram: &Histogram) -> Distribution {
    let stats = [(Stat::P50, 0.5), (Stat::P90, 0.9), (Stat::P99, 0.99)];
    let stats = stats.into_iter().map(|(stat, q)| (stat, histogram.quantile(q)));
    let stats = stats.chain([(Stat::Max, histogram.max())]).collect();
    let mut buckets = histogram.buckets().peekable();
    let low = buckets.peek().map_or(Span(1), |it| it.0).max(Span(1_000)).as_secs_f64();
    let all: Vec<(Span, Span, u64)> = buckets.collect();
    let high = all.last().map_or(low, |it| it.1.as_secs_f64()).max(low);
    // Where all are about the same they stand in the middle.
    let (low, high) = if high < low * 1.1 { (low * 0.8, high * 1.25) } else { (low, high) };
    #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
    let bound =
        |place: usize| Span::from_secs_f64(low * (high / low).powf(place as f64 / BARS as f64));
    let mut bars: Vec<(Span, Span, u64)> =
        (0..BARS).map(|it| (bound(it), bound(it + 1), 0)).collect();
    for (from, to, count) in all {
        let middle = f64::midpoint(from.as_secs_f64(), to.as_secs_f64()).max(low);
        #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
        let share = (middle / low).ln() / (high / low).ln() * BARS as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "below the number of bars"
        )]
        let place = (share.max(0.0) as usize).min(BARS - 1);
        bars[place].2 += count;
    }
    Distribution { title, count: histogram.count(), bars, stats }
}

/// The same as text: a line of eight heights for each line, eighty columns wide at most.
#[must_use]
pub fn text(view: &MetricsView) -> String {
    const WIDTH: usize = 60;
    let mut out = String::new();
    let heights = |values: &mut dyn Iterator<Item = Option<f64>>, top: f64| -> String {
        values
            .map(|it| match it {
                None => ' ',
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "0 to 7"
                )]
                Some(it) => {
                    ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][((it / top * 8.0) as usize).min(7)]
                }
            })
            .collect()
    };
    for chart in &view.charts {
        let _ = writeln!(out, "{}, up to {}", chart.title, short(chart.top, chart.unit));
        for line in &chart.lines {
            let all = &line.values.values;
            let columns = all.len().clamp(1, WIDTH);
            let most = |column: usize| {
                let part = all.len() * column / columns..all.len() * (column + 1) / columns;
                all[part].iter().flatten().copied().reduce(f64::max)
            };
            let drawn = heights(&mut (0..columns).map(most), chart.top);
            let _ = writeln!(out, "  {:<16} {}", line.name, drawn.trim_end());
        }
    }
    if !view.zero.is_empty() {
        let _ = writeln!(out, "always zero: {}", view.zero.join(", "));
    }
    for it in &view.distributions {
        #[expect(clippy::cast_precision_loss, reason = "counts, to be drawn")]
        let most = it.bars.iter().map(|it| it.2).max().unwrap_or(1) as f64;
        #[expect(clippy::cast_precision_loss, reason = "counts, to be drawn")]
        let drawn = heights(&mut it.bars.iter().map(|it| (it.2 > 0).then_some(it.2 as f64)), most);
        let stats = it.stats.iter().map(stat_words);
        let stats: Vec<String> = stats.collect();
        let _ = writeln!(out, "{}, {} times: {}\n  {drawn}", it.title, it.count, stats.join(", "));
    }
    out
}

/// `p99 1.5 s`.
#[must_use]
pub fn stat_words((stat, span): &(Stat, Span)) -> String {
    format!("{} {}", stat.name(), short(span.as_secs_f64(), Unit::Seconds))
}

/// What the charts show, in words.
#[must_use]
pub const fn reach_words(reach: Reach) -> (&'static str, &'static str) {
    match reach {
        Reach::Whole => ("Whole run", "Series of the whole run"),
        Reach::CloseUp => {
            ("Close-up", "Series of the span that the close-up shows, in finer buckets")
        }
    }
}

/// Of what distributions are, in words.
#[must_use]
pub const fn extent_words(extent: Extent) -> (&'static str, &'static str) {
    match extent {
        Extent::Whole => ("All", "Of all arrivals of the run"),
        Extent::Outage => ("The fault", "Of those that arrive while the first fault lasts"),
        Extent::Loop => ("Loop", "Of those that arrive in the loop that is marked"),
    }
}
