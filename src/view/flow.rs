//! The flow view at an instant: cards, strips, curves, and dots at their true positions.
//!
//! A dot's place on its curve is a pure function of (sent, due, now): the view can be asked for
//! any instant, in any order, at any speed.

use crate::history::{Gone, Place, Scene, SceneMessage, TopicScene};
use crate::model::{
    Arrivals, Distribution, EventId, EventTypeId, LinkId, MessageId, Model, Node, Role, ServiceId,
    Shown, Span, Time, TopicId,
};

/// More dots than this on a link cannot be told apart: it becomes a stream.
const MOST_DOTS: usize = 40;

/// How many messages of a queue are shown.
const MOST_CELLS: usize = 12;

/// The flow view at an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// The services and workloads.
    pub cards: Vec<Card>,
    /// The topics.
    pub strips: Vec<Strip>,
    /// What is on links.
    pub dots: Vec<Dot>,
    /// Links with more on them than can be told apart.
    pub streams: Vec<Stream>,
}

/// A service.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Which.
    pub service: ServiceId,
    /// Its name.
    pub name: String,
    /// What stands beside the name: `source`, `×4`.
    pub aside: String,
    /// What it is doing, in a line.
    pub state: String,
    /// What a workload has under way, in a line; empty for a service, whose hands show it.
    pub below: String,
    /// How it is.
    pub health: Health,
    /// Values that the scenario wants shown.
    pub values: Vec<CardValue>,
    /// How many hands are busy, and how many there are (`None`: as many as are needed).
    pub busy: (u32, Option<u32>),
    /// How many messages wait.
    pub queued: u32,
    /// How many may wait, if that is limited.
    pub capacity: Option<u32>,
}

/// A value on a card.
#[derive(Clone, Debug, PartialEq)]
pub struct CardValue {
    /// What it is called.
    pub label: String,
    /// What it is.
    pub value: String,
    /// Whether it is what it should be.
    pub fit: Fit,
}

/// How a value of a projection compares with what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is that, or nothing is known that it should be.
    Right,
    /// It is not that yet: nothing has gone wrong, and what is missing may be on its way.
    NotYet,
    /// It is not that, and something was applied wrongly, or never will be.
    Wrong,
}

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It runs.
    Up,
    /// Some of its instances run, or a breaker is open.
    Troubled,
    /// It does not run.
    Down,
}

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// Which.
    pub topic: TopicId,
    /// Its name.
    pub name: String,
    /// What kind it is.
    pub aside: String,
    /// Its rows: partitions, or the one queue.
    pub rows: Vec<StripRow>,
    /// What is written below: of a queue, its counts.
    pub counts: String,
    /// Its groups, with how many events each is behind.
    pub groups: Vec<(String, u64)>,
}

/// A row of a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct StripRow {
    /// `p0`.
    pub label: String,
    /// The last events.
    pub cells: Vec<Cell>,
    /// Where each group's committed offset stands: (group's place, cells before it).
    pub markers: Vec<(usize, usize)>,
}

/// An event in a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Which.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// Its type's colour.
    pub colour: u8,
    /// Its type's letter.
    pub letter: char,
    /// Its offset in a log.
    pub offset: u64,
    /// Whether every group is done with it; of a queue, whether it is handed out.
    pub is_done: bool,
    /// Whether it stands right behind a hole: what was there before it was compacted away.
    pub is_behind_hole: bool,
}

/// A message on a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Which, while it is alive.
    pub message: Option<MessageId>,
    /// What it carries.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// Where it comes from.
    pub from: Node,
    /// Where it goes.
    pub to: Node,
    /// How far along it is, 0 to 1.
    pub along: f32,
    /// How long its tail is, as a share of the way.
    pub tail: f32,
    /// What it is drawn as.
    pub shape: Shape,
    /// Its type's colour.
    pub colour: u8,
    /// Its type's letter.
    pub letter: char,
    /// Whether it was delivered or asked before.
    pub is_again: bool,
    /// Whether a cut link holds it.
    pub is_held: bool,
    /// How much of it is there still: 1, or less while a trace or a cross fades.
    pub strength: f32,
}

/// What a message is drawn as: its purpose, by shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An event: published, or delivered.
    Circle,
    /// A request.
    Diamond,
    /// An answer.
    HollowDiamond,
    /// "There will be no answer", or "not done".
    Square,
    /// Ack, commit, fetch.
    Speck,
    /// Lost.
    Cross,
}

/// A link with more on it than can be told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stream {
    /// Where from.
    pub from: Node,
    /// Where to.
    pub to: Node,
    /// How many messages are on it.
    pub count: usize,
    /// How many a second leave it, if it can be told.
    pub per_second: f32,
    /// How long each is on it, on the average.
    pub flight: Span,
}

/// How far along a message is: a pure function of when it was sent, when it is due, and now.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a share")]
pub fn along(sent: Time, due: Time, now: Time) -> f32 {
    if due == Time::MAX {
        return 0.5;
    }
    let whole = due.since(sent).0;
    if whole == 0 {
        return 1.0;
    }
    (now.since(sent).as_secs_f64() / Span(whole).as_secs_f64()).clamp(0.0, 1.0) as f32
}

/// The view of a scene at an instant at or after it. `trace` is how long, in the run's time, a
/// message that has left leaves a trace: more the faster time is played.
#[must_use]
pub fn flow(model: &Model, scene: &Scene, now: Time, trace: Span) -> Flow {
    let mut flow = Flow {
        cards: (0..model.services.len())
            .map(|it| card(model, scene, now, ServiceId::from_index(it)))
            .collect(),
        strips: (0..model.topics.len())
            .map(|it| strip(model, scene, TopicId::from_index(it)))
            .collect(),
        ..Flow::default()
    };
    let mut on_link = vec![0_usize; model.links.len()];
    let mut time_on_link = vec![0.0_f64; model.links.len()];
    for (_, message) in scene.alive() {
        if let Place::Waiting(topic) | Place::Leased(topic) = message.place {
            keep(model, &mut flow.strips[topic.index()], message);
        } else if message.place == Place::Link
            && let Some(link) = message.link
        {
            on_link[link.index()] += 1;
            if message.due != Time::MAX {
                time_on_link[link.index()] += message.due.since(message.sent).as_secs_f64();
            }
        }
    }
    for (id, message) in scene.alive() {
        let Some(link) = message.link else { continue };
        if message.place == Place::Link && on_link[link.index()] <= MOST_DOTS {
            flow.dots.push(Dot { message: Some(id), ..dot(model, message, link, now) });
        }
    }
    for (index, &count) in on_link.iter().enumerate() {
        if count > MOST_DOTS {
            let link = &model.links[index];
            // Little's law: what is on the link, over the time each is on it.
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "a rate to be read"
            )]
            let rate = (count as f64 * count as f64 / time_on_link[index].max(1e-9)) as f32;
            #[expect(clippy::cast_precision_loss, reason = "a mean to be seen")]
            let flight = Span::from_secs_f64(time_on_link[index] / count as f64);
            let (from, to) = (link.from, link.to);
            flow.streams.push(Stream { from, to, count, per_second: rate, flight });
        }
    }
    for gone in &scene.gone {
        flow.dots.extend(trace_of(model, gone, now, trace));
    }
    flow
}

/// Shows a message that a queue keeps among its oldest, those that are handed out first.
fn keep(model: &Model, strip: &mut Strip, message: &SceneMessage) {
    let Some(row) = strip.rows.first_mut() else { return };
    let is_done = matches!(message.place, Place::Leased(_));
    let handed_out = row.cells.iter().take_while(|it| it.is_done).count();
    if is_done && handed_out < MOST_CELLS {
        row.cells.truncate(MOST_CELLS - 1);
        row.cells.insert(handed_out, cell(model, message.event, message.event_type, true));
    } else if row.cells.len() < MOST_CELLS {
        row.cells.push(cell(model, message.event, message.event_type, false));
    }
}

fn cell(model: &Model, event: EventId, id: EventTypeId, is_done: bool) -> Cell {
    let event_type = &model.event_types[id.index()];
    let (colour, letter) = (event_type.colour, event_type.letter);
    Cell { event, event_type: id, colour, letter, offset: 0, is_done, is_behind_hole: false }
}

fn dot(model: &Model, message: &SceneMessage, link: LinkId, now: Time) -> Dot {
    let event_type = &model.event_types[message.event_type.index()];
    let shape = match message.role {
        Role::Publish | Role::Delivery | Role::OneWay | Role::Arrival => Shape::Circle,
        Role::Request => Shape::Diamond,
        Role::Reply => Shape::HollowDiamond,
        Role::Failure | Role::Nack | Role::Refusal => Shape::Square,
        Role::Ack | Role::Progress | Role::Commit | Role::Fetch | Role::Confirm => Shape::Speck,
    };
    let link = &model.links[link.index()];
    Dot {
        message: None,
        event: message.event,
        event_type: message.event_type,
        from: link.from,
        to: link.to,
        along: along(message.sent, message.due, now),
        tail: if message.due == Time::MAX { 0.0 } else { 0.1 },
        shape,
        colour: event_type.colour,
        letter: event_type.letter,
        is_again: message.attempt > 1,
        is_held: message.due == Time::MAX,
        strength: 1.0,
    }
}

/// What is left to be seen of a message that has left its link.
fn trace_of(model: &Model, gone: &Gone, now: Time, trace: Span) -> Option<Dot> {
    let link = gone.message.link?;
    let age = now.since(gone.at);
    // A cross is to be seen twice as long: it is what one looks for.
    let lasts = if gone.lost.is_some() { trace * 4 } else { trace };
    if age >= lasts || lasts == Span::ZERO {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a share")]
    let strength = 1.0 - (age.as_secs_f64() / lasts.as_secs_f64()) as f32;
    let mut dot = dot(model, &gone.message, link, gone.at);
    dot.strength = strength;
    if gone.lost.is_some() {
        dot.shape = Shape::Cross;
        dot.tail = 0.0;
        return Some(dot);
    }
    if dot.shape == Shape::Speck {
        return None;
    }
    // It has arrived: only its tail is still to be seen, longer for a short flight.
    let flight = gone.at.since(gone.message.sent);
    dot.tail = if flight * 4 < trace { 1.0 } else { 0.1 };
    dot.along = 1.0;
    dot.is_again = false;
    Some(dot)
}

fn card(model: &Model, scene: &Scene, now: Time, id: ServiceId) -> Card {
    let service = &model.services[id.index()];
    let instances: Vec<_> = model.instances_of(id).map(|it| &scene.instances[it.index()]).collect();
    let sum = |of: fn(&crate::history::InstanceScene) -> u32| -> u32 {
        instances.iter().map(|it| of(it)).sum()
    };
    let up = instances.iter().filter(|it| it.up).count();
    let (working, calling, waiting) =
        (sum(|it| it.working), sum(|it| it.calling), sum(|it| it.waiting));
    let queued = sum(|it| it.queued) + sum(|it| it.blocked);
    let health = if up == 0 {
        Health::Down
    } else if up < instances.len() || sum(|it| it.open_breakers) > 0 {
        Health::Troubled
    } else {
        Health::Up
    };
    let mut parts = Vec::new();
    if health == Health::Down {
        let since = instances.iter().map(|it| it.since).max().unwrap_or(Time::ZERO);
        parts.push(format!("DOWN since {since:.1}"));
    } else {
        if up < instances.len() {
            parts.push(format!("{up} of {} up", instances.len()));
        }
        let kinds = [(working, "work"), (calling, "call"), (waiting, "wait")];
        // There is room for two long words, or for three short ones.
        let long = kinds.iter().filter(|(count, _)| *count > 0).count() < 3;
        for (count, what) in kinds.into_iter().filter(|(count, _)| *count > 0) {
            parts.push(format!("{count} {what}{}", if long { "ing" } else { "" }));
        }
        if parts.is_empty() && service.workload.is_none() {
            parts.push("idle".into());
        }
    }
    let mut state = parts.join(" · ");
    let mut below = String::new();
    if let Some(workload) = &service.workload
        && health == Health::Up
    {
        below = std::mem::replace(&mut state, rate_text(&workload.arrivals, now));
    }
    let values = values_of(model, scene, id);
    let anomalies: u64 = service.stores.iter().map(|it| scene.anomalies[it.index()]).sum();
    if anomalies > 0 {
        let plural = if anomalies == 1 { "anomaly" } else { "anomalies" };
        state = format!("{state} · {anomalies} {plural}");
    }
    let instance_count = service.instances;
    Card {
        service: id,
        name: service.name.clone(),
        aside: if service.workload.is_some() {
            "source".into()
        } else if instance_count > 1 {
            format!("×{instance_count}")
        } else {
            String::new()
        },
        state,
        below,
        health,
        values,
        busy: (working + calling + waiting, service.workers.map(|it| it * instance_count)),
        queued,
        capacity: service.queue_capacity.map(|it| it * instance_count),
    }
}

/// The values of a service that the scenario wants shown.
#[must_use]
pub fn values_of(model: &Model, scene: &Scene, service: ServiceId) -> Vec<CardValue> {
    let shown = model.presentation.shown.iter().zip(&scene.shown).zip(&scene.should);
    let ours = shown.filter(|((it, _), _)| it.service == service);
    ours.flat_map(|((it, value), should)| {
        let has_erred = scene.anomalies[it.store.index()] > 0;
        shown_value(model, it, (*value, *should), has_erred)
    })
    .collect()
}

/// A value that a card shows; of a projection also what it should be, or will be when it has caught up.
fn shown_value(
    model: &Model,
    shown: &Shown,
    (value, should): (f64, f64),
    has_erred: bool,
) -> Vec<CardValue> {
    let text = |value: f64| number_text(value / shown.divisor, shown.divisor, &shown.unit);
    let is_projection = model.stores[shown.store.index()].projection_of.is_some();
    let fit = match text(value) == text(should) {
        _ if !is_projection => Fit::Right,
        true => Fit::Right,
        false if has_erred => Fit::Wrong,
        false => Fit::NotYet,
    };
    let mut rows = vec![CardValue { label: shown.label.clone(), value: text(value), fit }];
    if is_projection {
        let label = if fit == Fit::NotYet { "will be" } else { "should be" }.to_owned();
        rows.push(CardValue { label, value: text(should), fit: Fit::Right });
    }
    rows
}

fn number_text(value: f64, divisor: f64, unit: &str) -> String {
    let decimals = if divisor > 1.0 { 2 } else { usize::from(value.fract() != 0.0) };
    let text = format!("{value:.decimals$}");
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

/// When work arrives, in a few words.
/// How often users come, at an instant.
fn rate_text(arrivals: &Arrivals, now: Time) -> String {
    match arrivals {
        Arrivals::Open(Distribution::Exponential { mean }) => {
            format!("Poisson {} /s", short(1e9 / mean))
        }
        Arrivals::Open(gap) => format!("{} /s", short(1e9 / gap.mean())),
        Arrivals::Rates(all) => {
            let begun = all.partition_point(|&(begin, _)| begin <= now);
            let rate = begun.checked_sub(1).map_or(0.0, |it| all[it].1);
            format!("Poisson {} /s now", short(rate))
        }
        Arrivals::Bursts { size, every, .. } => format!("bursts of {size} every {every}"),
        Arrivals::At(instants) if instants.len() == 1 => "one arrival".to_owned(),
        Arrivals::At(instants) => format!("{} arrivals", instants.len()),
        Arrivals::Closed { users, .. } => format!("{users} users"),
    }
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn strip(model: &Model, scene: &Scene, id: TopicId) -> Strip {
    let topic = &model.topics[id.index()];
    let mut strip = Strip {
        topic: id,
        name: topic.name.clone(),
        aside: String::new(),
        rows: Vec::new(),
        counts: String::new(),
        groups: Vec::new(),
    };
    match &scene.topics[id.index()] {
        TopicScene::Queue(queue) => {
            strip.aside = "queue".into();
            let (waiting, out, done) = (queue.waiting, queue.leased, queue.acked);
            strip.counts = format!("{waiting} waiting · {out} out · {done} done");
            if queue.dead > 0 {
                strip.counts += &format!(" · {} dead", queue.dead);
            }
            // Its cells are found with the messages.
            strip.rows.push(StripRow {
                label: String::new(),
                cells: Vec::new(),
                markers: Vec::new(),
            });
        }
        TopicScene::Log(partitions) => {
            let count = partitions.len();
            strip.aside =
                if count == 1 { "topic".into() } else { format!("topic · {count} partitions") };
            for &group in &topic.groups {
                let lag = partitions
                    .iter()
                    .zip(&scene.groups[group.index()])
                    .map(|(it, reading)| it.end.saturating_sub(reading.committed.max(it.start)));
                strip.groups.push((model.groups[group.index()].name.clone(), lag.sum()));
            }
            for (number, partition) in partitions.iter().enumerate() {
                let committed: Vec<u64> = topic
                    .groups
                    .iter()
                    .map(|group| scene.groups[group.index()][number].committed)
                    .collect();
                let slowest = committed.iter().copied().min().unwrap_or(u64::MAX);
                let mut next = partition.tail.front().map_or(0, |it| it.offset);
                let cells = partition.tail.iter().map(|it| {
                    let is_behind_hole = it.offset > next;
                    next = it.offset + 1;
                    let is_done = it.offset < slowest;
                    let cell = cell(model, it.event, it.event_type, is_done);
                    Cell { offset: it.offset, is_behind_hole, ..cell }
                });
                let cells: Vec<Cell> = cells.collect();
                let before = |at: u64| cells.partition_point(|it| it.offset < at);
                let markers = committed.iter().map(|&it| before(it)).enumerate().collect();
                strip.rows.push(StripRow { label: format!("p{number}"), cells, markers });
            }
        }
    }
    strip
}

/// The types of events, requests and replies that can occur in this variant, in their order.
#[must_use]
pub fn used_types(model: &Model) -> Vec<EventTypeId> {
    use crate::model::{Step, Trigger};
    let mut used = std::collections::BTreeSet::new();
    for handler in &model.handlers {
        if let Trigger::Request(event) | Trigger::Event(_, event) = handler.trigger {
            used.insert(event);
        }
        crate::model::handler::walk_steps(&handler.steps, &mut |step| match step {
            Step::Call(call) => {
                used.insert(call.request);
            }
            Step::Poll(poll) => {
                used.insert(poll.call.request);
                used.insert(poll.until);
            }
            Step::Send { event, .. }
            | Step::Publish { event, .. }
            | Step::Reply { event: Some(event), .. } => {
                used.insert(*event);
            }
            _ => {}
        });
    }
    used.into_iter().collect()
}
