//! The lanes of the timeline as a picture: a lane a service or topic, a line a message from its
//! send to its receipt. Of more messages than can be told apart it is a heat map of the same
//! messages; the one fades into the other.

use std::fmt::Write;

use crate::app::App;
use crate::history::lanes::COLOURS;
use crate::history::moment::place_of;
use crate::history::{Flight, Overview, Totals, Traffic};
use crate::model::{
    Act, DropReason, InstanceId, Intervention, Model, Node, Role, Setting, Span, Time,
};

use super::flow::along;
use super::time_axis::Axis;

/// Up to so many messages only lines are drawn; from so many on only heat.
const CROWD: (f64, f64) = (2_500.0, 7_000.0);

/// How narrow a column of the heat map may be, in points.
const LEAST_COLUMN: f64 = 2.5;

/// How high a row of the heat map is at least, in points: thinner lanes share one.
const LEAST_ROW: f32 = 3.0;

/// How strong a column is in which there is anything at all.
const LEAST_HEAT: f32 = 0.15;

/// How strong the heat is where no message is known one by one, as yet.
const ESTIMATE: f32 = 0.45;

/// Where on the screen the lanes are: time from left to right, lanes from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Where an instant is.
    pub axis: Axis,
    /// The upper edge of the first lane.
    pub top: f32,
    /// The lower edge of the last.
    pub bottom: f32,
}

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// From the top.
    pub lanes: Vec<Lane>,
    /// Messages one by one, those that were sent earlier first; each has something to be seen in
    /// the area.
    pub lines: Vec<Line>,
    /// How strong the lines are, 0 to 1.
    pub lines_strength: f32,
    /// How many messages there are in the window, as far as they are known one by one.
    pub crowd: usize,
    /// How much happens where.
    pub heat: Vec<Cell>,
    /// So many lanes share a row of the heat: 1 where they are far enough from one another.
    pub together: usize,
}

/// The lane of a service or topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Whose.
    pub node: Node,
    /// Its name.
    pub name: String,
    /// Its middle.
    pub y: f32,
    /// When it was down.
    pub down: Vec<Band>,
}

/// A time in which instances of a service were down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Where it begins and ends, inside the area.
    pub x: (f32, f32),
    /// How many of the instances, from 0 to 1.
    pub share: f32,
}

/// How a message is drawn: its purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// An event: published, or delivered.
    Event,
    /// A request.
    Request,
    /// An answer.
    Answer,
    /// "There will be no answer", or "not done".
    Failure,
    /// Ack, commit, fetch.
    Aside,
}

impl Manner {
    /// How a message that is for this is drawn.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        match role {
            Role::Publish | Role::Delivery | Role::OneWay | Role::Arrival => Self::Event,
            Role::Request => Self::Request,
            Role::Reply => Self::Answer,
            Role::Failure | Role::Nack | Role::Refusal => Self::Failure,
            Role::Ack | Role::Progress | Role::Commit | Role::Fetch | Role::Confirm => Self::Aside,
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its place among the flights of the traffic.
    pub flight: usize,
    /// The parts of its way that are in the area.
    pub parts: Vec<Part>,
    /// How it is drawn.
    pub manner: Manner,
    /// Its type's colour.
    pub colour: u8,
    /// Whether it was delivered or asked before.
    pub is_again: bool,
    /// Where it was sent, if that is in the area.
    pub begin: Option<(f32, f32)>,
    /// Where it ended, if that is in the area.
    pub end: Option<End>,
}

/// A straight part of a message's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Where it begins.
    pub from: (f32, f32),
    /// Where it ends.
    pub to: (f32, f32),
    /// Whether a cut link holds the message there.
    pub is_held: bool,
}

/// The end of a message's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct End {
    /// Where.
    pub at: (f32, f32),
    /// Whether it was lost there.
    pub is_lost: bool,
}

/// Some time of a lane in the heat map, or of several that lie close together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Which row, from the top.
    pub row: usize,
    /// Where it begins and ends, inside the area.
    pub x: (f32, f32),
    /// How much happens there, 0 to 1, on a scale of its square root.
    pub strength: f32,
    /// How many messages left or came, if they were counted.
    pub count: Option<u32>,
    /// In which colours, in shares that sum to 1; `None` if that is not known.
    pub mix: Option<[f32; COLOURS]>,
}

/// What the lanes are drawn from.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// What runs.
    pub model: &'a Model,
    /// The nodes that have a lane, from the top.
    pub lanes: &'a [Node],
    /// Message by message, of a stretch that may be another than the area's.
    pub traffic: Option<&'a Traffic>,
    /// Roughly, of everything that is simulated.
    pub overview: &'a Overview,
    /// What is done to the run.
    pub script: &'a [Intervention],
    /// Up to where it is simulated.
    pub head: Time,
}

/// The lanes as they are to be drawn now.
#[must_use]
pub fn picture(app: &App, area: Area) -> Picture {
    let lanes = app.shown_lanes();
    Picture::new(
        Known {
            model: app.model(),
            lanes: &lanes,
            traffic: app.lanes.traffic().map(|it| &**it),
            overview: &app.run.overview,
            script: &app.run.script,
            head: app.run.progress.head,
        },
        area,
    )
}

impl Picture {
    /// Draws what is known into an area.
    #[must_use]
    pub fn new(known: Known<'_>, area: Area) -> Self {
        let Known { model, lanes, .. } = known;
        let mut heights = vec![None; model.services.len() + model.topics.len()];
        for (number, node) in lanes.iter().enumerate() {
            heights[place_of(model, *node)] = Some(area.lane(number, lanes.len()));
        }
        let down = downs(known, area);
        let lane = |node: &Node| {
            let place = place_of(model, *node);
            Lane {
                node: *node,
                name: model.node_name(*node).to_owned(),
                y: heights[place].unwrap_or(area.top),
                down: down.get(place).cloned().unwrap_or_default(),
            }
        };
        let mut picture = Self {
            lanes: lanes.iter().map(lane).collect(),
            together: area.together(lanes.len()),
            ..Self::default()
        };
        let crowd = crowd(known, area);
        picture.lines_strength = 1.0 - crowd;
        if crowd < 1.0
            && let Some(flights) = known.traffic.and_then(|it| it.flights.as_ref())
        {
            let lines = flights.iter().enumerate();
            picture.lines = lines
                .filter_map(|(place, flight)| line(model, area, &heights, place, flight))
                .collect();
        }
        picture.crowd = picture.lines.len();
        picture.heat = heat(known, area, crowd, picture.together);
        picture
    }

    /// The lanes that share a row of the heat.
    #[must_use]
    pub fn row(&self, row: usize) -> &[Lane] {
        self.lanes.chunks(self.together.max(1)).nth(row).unwrap_or_default()
    }

    /// The middle of a row of the heat; `None` if there is no such row.
    #[must_use]
    pub fn row_y(&self, row: usize) -> Option<f32> {
        let lanes = self.row(row);
        Some(f32::midpoint(lanes.first()?.y, lanes.last()?.y))
    }

    /// What there is in the heat at a place: the lanes that share the row, and how many messages
    /// left or came, if they were counted.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float-to-int `as` saturates; above the first lane is in its row"
    )]
    pub fn counted_at(&self, area: Area, (x, y): (f32, f32)) -> Option<(&[Lane], u32)> {
        let lane = ((y - area.top) / area.pitch(self.lanes.len())) as usize;
        let row = lane / self.together.max(1);
        let cell = self.heat.iter().find(|it| it.row == row && it.x.0 <= x && x < it.x.1)?;
        Some((self.row(row), cell.count?))
    }
}

impl Area {
    /// The middle of a lane, one of so many.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    pub fn lane(&self, number: usize, of: usize) -> f32 {
        self.top + self.pitch(of) * (number as f32 + 0.5)
    }

    /// How far one of so many lanes is from the next.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    pub fn pitch(&self, lanes: usize) -> f32 {
        (self.bottom - self.top) / lanes.max(1) as f32
    }

    /// How many of so many lanes share a row of the heat.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float-to-int `as` saturates"
    )]
    fn together(&self, lanes: usize) -> usize {
        ((LEAST_ROW / self.pitch(lanes)).ceil() as usize).clamp(1, lanes.max(1))
    }

    /// Where two instants are, both taken into the area; `None` if it has nothing of the time
    /// between them.
    fn span(&self, from: Time, until: Time) -> Option<(f32, f32)> {
        let window = self.axis.window;
        (from < window.to && until > window.from)
            .then(|| (self.axis.x(from.max(window.from)), self.axis.x(until.min(window.to))))
    }

    /// The part of a straight way that is in the area.
    #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
    fn part(&self, from: (Time, f32), to: (Time, f32), is_held: bool) -> Option<Part> {
        let window = self.axis.window;
        if to.0 < window.from || from.0 > window.to {
            return None;
        }
        // Cut in time, not on the screen: seen from near, its ends are millions of points away.
        let height = |at: Time| {
            let share =
                at.since(from.0).as_secs_f64() / to.0.since(from.0).as_secs_f64().max(1e-12);
            from.1 + (to.1 - from.1) * share.clamp(0.0, 1.0) as f32
        };
        let begin = if from.0 < window.from { (window.from, height(window.from)) } else { from };
        let end = if to.0 > window.to { (window.to, height(window.to)) } else { to };
        let place = |(at, y): (Time, f32)| (self.axis.x(at), y);
        Some(Part { from: place(begin), to: place(end), is_held })
    }
}

/// How far too many messages there are to draw each: 0 for few, 1 for far too many.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a share")]
fn crowd(known: Known<'_>, area: Area) -> f32 {
    let window = area.axis.window;
    let Some(traffic) = known.traffic else { return 0.0 };
    let (from, until) =
        (traffic.stretch.from.max(window.from), traffic.stretch.until.min(window.to));
    if until <= from {
        return 0.0;
    }
    let Some(count) = traffic.count_between(from, until) else { return 1.0 };
    // What is known of a part of the window is taken for the whole.
    let whole = window.to.min(known.head.max(until)).since(window.from);
    let count = count as f64 * whole.as_secs_f64() / until.since(from).as_secs_f64();
    let share = (count.max(1.0) / CROWD.0).ln() / (CROWD.1 / CROWD.0).ln();
    let share = share.clamp(0.0, 1.0) as f32;
    share * share * (3.0 - 2.0 * share)
}

/// Where on its way a message was lost: what reaches its end and vanishes there was lost before,
/// and nobody can say where.
fn lost_along(flight: &Flight, at: Time, reason: DropReason) -> f32 {
    let along = along(flight.sent, flight.due, at);
    if matches!(reason, DropReason::Lost | DropReason::LinkCut) {
        along.clamp(0.15, 0.7)
    } else {
        along
    }
}

fn line(
    model: &Model,
    area: Area,
    heights: &[Option<f32>],
    place: usize,
    flight: &Flight,
) -> Option<Line> {
    let window = area.axis.window;
    if flight.sent > window.to || flight.left.is_some_and(|left| left < window.from) {
        return None;
    }
    let link = &model.links[flight.link.index()];
    let from = heights[place_of(model, link.from)]?;
    let to = heights[place_of(model, link.to)]?;
    let between = |share: f32| from + (to - from) * share;
    let mut at = (flight.sent, from);
    let mut parts = Vec::new();
    let mut go = |next: (Time, f32), is_held| {
        parts.extend(area.part(at, next, is_held));
        at = next;
    };
    if let Some((since, until)) = flight.held {
        go((since, between(0.5)), true);
        go((until.or(flight.left).unwrap_or(window.to.max(since)), between(0.5)), true);
    }
    let still_held = flight.held.is_some_and(|(_, until)| until.is_none());
    let end = match (flight.left, flight.lost) {
        (Some(left), Some(_)) if flight.held.is_some() => {
            // On what is left of its way, if it was let go.
            Some((left, between(if still_held { 0.5 } else { 0.8 })))
        }
        (Some(left), Some(reason)) => {
            // A line that is lost is cut where the cross is, in height and in time alike.
            let share = lost_along(flight, left, reason);
            let whole = flight.due.since(flight.sent).as_secs_f64();
            let is_cut = flight.due < Time::MAX && share < along(flight.sent, flight.due, left);
            let until = flight.sent + Span::from_secs_f64(whole * f64::from(share));
            Some((if is_cut { until } else { left }, between(share)))
        }
        _ => None,
    };
    let end = match end {
        Some((until, y)) => {
            go((until, y), still_held);
            Some(((until, y), true))
        }
        None if still_held => None,
        None => {
            let until = flight.left.unwrap_or(flight.due);
            go((until, to), false);
            flight.left.map(|left| ((left, to), false))
        }
    };
    if parts.is_empty() {
        return None;
    }
    let inside = |it: Time| window.from <= it && it <= window.to;
    let event_type = &model.event_types[flight.event_type.index()];
    Some(Line {
        flight: place,
        parts,
        manner: Manner::of(flight.role),
        colour: event_type.colour,
        is_again: flight.attempt > 1,
        begin: inside(flight.sent).then(|| (area.axis.x(flight.sent), from)),
        end: end
            .filter(|((at, _), _)| inside(*at))
            .map(|((at, y), is_lost)| End { at: (area.axis.x(at), y), is_lost }),
    })
}

/// When instances of each service were down.
fn downs(known: Known<'_>, area: Area) -> Vec<Vec<Band>> {
    let Known { overview, traffic, .. } = known;
    // The overview knows of every one, unless there are very many.
    let is_all = overview.lives.len() < crate::history::moment::MOST_MARKS as usize;
    match traffic.filter(|_| !is_all) {
        Some(traffic) => bands(known, area, traffic.lives.iter().copied()),
        None => bands(known, area, overview.lives.iter().copied()),
    }
}

fn bands(
    Known { model, script, head, .. }: Known<'_>,
    area: Area,
    lives: impl Iterator<Item = (Time, InstanceId, bool)>,
) -> Vec<Vec<Band>> {
    // An instance that a person has taken away is not down.
    let is_taken_away = |at: Time, of: usize| {
        script.iter().any(|it| {
            let Act::Set(Setting::Instances { service, .. }) = &it.act else { return false };
            it.at == at && service.index() == of
        })
    };
    let mut bands = vec![Vec::new(); model.services.len()];
    let mut is_down = vec![false; model.instances.len()];
    // Of each service: how many are down, and since when just so many.
    let mut now = vec![(0_u32, Time::ZERO); model.services.len()];
    let mut close = |service: usize, (count, since): (u32, Time), until: Time| {
        let Some(x) = area.span(since, until).filter(|_| count > 0) else { return };
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let share = count as f32 / model.services[service].instances.max(1) as f32;
        bands[service].push(Band { x, share });
    };
    for (at, instance, is_up) in lives {
        // One that is added later than the instant that is shown is not of its model.
        let Some((service, _)) = model.instances.get(instance.index()) else { continue };
        let service = service.index();
        if is_down[instance.index()] == is_up && (is_up || !is_taken_away(at, service)) {
            let before = now[service];
            close(service, before, at);
            let count = if is_up { before.0.saturating_sub(1) } else { before.0 + 1 };
            now[service] = (count, at);
            is_down[instance.index()] = !is_up;
        }
    }
    for (service, last) in now.into_iter().enumerate() {
        close(service, last, head);
    }
    bands
}

/// A cell before its strength is known.
struct Raw {
    row: usize,
    x: (f32, f32),
    /// Messages in a second.
    rate: f64,
    count: Option<u32>,
    mix: Option<[f32; COLOURS]>,
    /// How strong it is beside the lines.
    presence: f32,
}

/// The heat map: counted where that is known, guessed from the overview where it is not.
fn heat(known: Known<'_>, area: Area, crowd: f32, together: usize) -> Vec<Cell> {
    let window = area.axis.window;
    let mut raw = Vec::new();
    let mut exact = None;
    if let Some(traffic) = known.traffic {
        let (from, until) = (traffic.stretch.from, traffic.stretch.until);
        if from < window.to && until > window.from {
            exact = Some((from, until));
            if crowd > 0.0 {
                counted(known, area, traffic, (together, crowd), &mut raw);
            }
        }
    }
    let presence = crowd.max(ESTIMATE);
    // What lies at either side of what is known.
    let (left, right) = exact.unwrap_or((window.to, window.to));
    for (from, until) in [(window.from, left.min(window.to)), (right, window.to)] {
        let until = until.min(known.head);
        if from < until {
            let stretch = (from.max(window.from), until);
            guessed(known, area, stretch, (together, presence), &mut raw);
        }
    }
    let mut rates: Vec<f64> = raw.iter().map(|it| it.rate).filter(|it| *it > 0.0).collect();
    rates.sort_unstable_by(f64::total_cmp);
    // A few columns with very much in them must not leave the others in the dark.
    let Some(&most) = rates.get(rates.len().saturating_sub(1 + rates.len() / 50)) else {
        return Vec::new();
    };
    #[expect(clippy::cast_possible_truncation, reason = "a share")]
    let strength = |it: &Raw| {
        (LEAST_HEAT + (1.0 - LEAST_HEAT) * (it.rate / most).min(1.0).sqrt() as f32) * it.presence
    };
    raw.into_iter()
        .filter(|it| it.rate > 0.0)
        .map(|it| Cell {
            row: it.row,
            x: it.x,
            strength: strength(&it),
            count: it.count,
            mix: it.mix,
        })
        .collect()
}

fn counted(
    known: Known<'_>,
    area: Area,
    traffic: &Traffic,
    (together, presence): (usize, f32),
    raw: &mut Vec<Raw>,
) {
    let window = area.axis.window;
    let width = f64::from(area.axis.right - area.axis.left);
    let of_column = traffic.column.as_secs_f64() / window.length().as_secs_f64() * width;
    // As many columns together as are wide enough to be seen, always the same ones.
    let mut group = 1_u64;
    while of_column * group_f64(group) < LEAST_COLUMN && group < 1 << 40 {
        group *= 2;
    }
    let first = traffic.stretch.from.0 / traffic.column.0;
    let span = traffic.column * group;
    // Only those in the window: what is known may be much more.
    let seen = window.from.0 / span.0..=window.to.0.min(traffic.stretch.until.0) / span.0;
    let column =
        |number: u64| usize::try_from((number * group).saturating_sub(first)).unwrap_or(usize::MAX);
    let (begin, end) = (column(*seen.start()), column(*seen.end() + 1));
    let mut sums: [Vec<u32>; COLOURS] = [const { Vec::new() }; COLOURS];
    for (row, nodes) in known.lanes.chunks(together).enumerate() {
        sums.iter_mut().for_each(Vec::clear);
        for node in nodes {
            let Some(heat) = traffic.heat.get(place_of(known.model, *node)) else { continue };
            for (sums, counts) in sums.iter_mut().zip(heat.columns()) {
                let counts = counts.get(begin..end.min(counts.len())).unwrap_or_default();
                sums.resize(sums.len().max(counts.len()), 0);
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        }
        for number in seen.clone() {
            let (from, until) = (column(number) - begin, column(number + 1) - begin);
            let counts = sums.each_ref().map(|sums| {
                let columns = sums.get(from..until.min(sums.len())).unwrap_or_default();
                columns.iter().sum::<u32>()
            });
            let count: u32 = counts.iter().sum();
            let begin = Time((number * group).max(first).saturating_mul(traffic.column.0));
            let end = Time::ZERO + span * (number + 1);
            let Some(x) = area.span(begin, end.min(traffic.stretch.until)) else { continue };
            raw.push(Raw {
                row,
                x,
                rate: f64::from(count) / span.as_secs_f64(),
                count: Some(count),
                mix: mix(counts),
                presence,
            });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a power of two")]
const fn group_f64(group: u64) -> f64 {
    group as f64
}

/// How much of a count has each colour; `None` of nothing.
fn mix(counts: [u32; COLOURS]) -> Option<[f32; COLOURS]> {
    let sum: u32 = counts.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "shares")]
    let share = |it: u32| it as f32 / sum as f32;
    (sum > 0).then(|| counts.map(share))
}

fn guessed(
    known: Known<'_>,
    area: Area,
    (from, until): (Time, Time),
    (together, presence): (usize, f32),
    raw: &mut Vec<Raw>,
) {
    let Known { model, lanes, overview, traffic, .. } = known;
    if overview.is_empty() {
        return;
    }
    let window = area.axis.window;
    let columns = f64::from(area.axis.right - area.axis.left) / LEAST_COLUMN;
    let least = window.length().as_secs_f64() / columns.max(1.0);
    let mut group = 1_u64;
    while overview.bucket.as_secs_f64() * group_f64(group) < least && group < 1 << 40 {
        group *= 2;
    }
    let span = overview.bucket * group;
    let last = until.0.saturating_sub(1) / span.0;
    for (row, nodes) in lanes.chunks(together).enumerate() {
        let places = || nodes.iter().map(|node| place_of(model, *node));
        let passed = |it: &Totals| {
            places().map(|place| it.passed.get(place).copied().map_or(0, u64::from)).sum()
        };
        // A node's messages have at one time about the colours that they have at another.
        let known_mix = traffic.and_then(|it| {
            let mut sums = [0; COLOURS];
            for heat in places().filter_map(|place| it.heat.get(place)) {
                sums.iter_mut().zip(heat.sums()).for_each(|(sum, count)| *sum += count);
            }
            mix(sums)
        });
        for number in from.0 / span.0..=last {
            let bucket = usize::try_from(number * group).unwrap_or(usize::MAX);
            let many = usize::try_from(group).unwrap_or(usize::MAX);
            let count = overview.between(bucket, bucket.saturating_add(many), passed);
            let begin = Time(number * span.0);
            let Some(x) = area.span(begin.max(from), (begin + span).min(until)) else { continue };
            #[expect(clippy::cast_precision_loss, reason = "a rate, to be drawn")]
            let rate = count as f64 / span.as_secs_f64();
            raw.push(Raw { row, x, rate, count: None, mix: known_mix, presence });
        }
    }
}

/// The picture as text, a column a point and a row a point: what a test expects. A letter is a
/// message's begin, `o` its end and `x` where it was lost; `2` ends what was delivered before; `:`
/// is what a cut link holds, `·` an ack, `#` a lane that is down.
#[must_use]
pub fn text(model: &Model, traffic: &Traffic, picture: &Picture, size: (usize, usize)) -> String {
    let mut rows = vec![vec![' '; size.0]; size.1];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let mut put = |(x, y): (f32, f32), with: char| {
        let (x, y) = (x.floor().max(0.0) as usize, y.floor().max(0.0) as usize);
        let x = x.min(size.0.saturating_sub(1));
        if let Some(cell) = rows.get_mut(y).and_then(|row| row.get_mut(x)) {
            *cell = with;
        }
    };
    let across = |from: f32, to: f32| {
        std::iter::successors(Some(from), |x| Some(x + 1.0)).take_while(move |x| *x < to)
    };
    #[expect(clippy::cast_precision_loss, reason = "a width")]
    let width = size.0 as f32;
    for lane in &picture.lanes {
        across(0.0, width).for_each(|x| put((x, lane.y), '─'));
        for band in &lane.down {
            across(band.x.0, band.x.1).for_each(|x| put((x, lane.y), '#'));
        }
    }
    let aside = |it: &&Line| it.manner == Manner::Aside;
    let asides = picture.lines.iter().filter(aside);
    for line in asides.chain(picture.lines.iter().filter(|it| !aside(it))) {
        for part in &line.parts {
            let (dx, dy) = (part.to.0 - part.from.0, part.to.1 - part.from.1);
            let with = if line.manner == Manner::Aside {
                '·'
            } else if part.is_held {
                ':'
            } else if dx.abs() < 1.0 {
                '│'
            } else if dy > 0.0 {
                '\\'
            } else {
                '/'
            };
            let steps = dx.abs().max(dy.abs()).ceil().max(1.0);
            across(0.0, steps).for_each(|step| {
                let share = step / steps;
                put((part.from.0 + dx * share, part.from.1 + dy * share), with);
            });
        }
        if line.manner == Manner::Aside && line.end.is_none_or(|it| !it.is_lost) {
            continue;
        }
        if let Some(end) = line.end {
            put(
                end.at,
                if end.is_lost {
                    'x'
                } else if line.is_again {
                    '2'
                } else {
                    'o'
                },
            );
        }
    }
    for line in picture.lines.iter().filter(|it| !aside(it)) {
        let flight = traffic.flights.as_ref().and_then(|all| all.get(line.flight));
        if let Some((begin, flight)) = line.begin.zip(flight) {
            put(begin, model.event_types[flight.event_type.index()].letter);
        }
    }
    let names = picture.lanes.iter().map(|it| it.name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (number, row) in rows.into_iter().enumerate() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row")]
        let lane = picture.lanes.iter().find(|it| it.y.floor() as usize == number);
        let name = lane.map_or("", |it| it.name.as_str());
        let row: String = row.into_iter().collect();
        let _ = writeln!(text, "{}", format!("{name:names$} {row}").trim_end());
    }
    text
}
