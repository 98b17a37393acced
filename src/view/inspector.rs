//! What is known of the selection, as headings and rows; without one, of the scenario.

use crate::app::{App, Planned, Selection};
use crate::history::{Place, Scene, SceneMessage, TopicScene};
use crate::model::{
    Acks, BreakerState, Distribution, EventId, EventTypeId, Fault, FaultKind, Guard, InboundOrder,
    InstanceId, LinkId, Model, Outbox, Producer, ServiceId, Span, Time, TopicId, TopicKind,
    Transport, Value,
};

use super::faults::{State, rows as fault_rows};

/// What the inspector shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspection {
    /// What kind of thing it is.
    pub kind: &'static str,
    /// What it is called.
    pub title: String,
    /// What stands beside the title.
    pub aside: String,
    /// The colour it wears, if it is an event.
    pub colour: Option<u8>,
    /// A sentence or more of text, in which `**strong**` and `code` are marked as in Markdown.
    pub text: String,
    /// What is known.
    pub sections: Vec<Section>,
}

/// Rows that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// What they are about; empty for the first.
    pub title: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A name and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The name.
    pub label: String,
    /// What it is.
    pub value: String,
    /// How it is meant.
    pub tone: Tone,
    /// The colour and the letter of the type of event it is about.
    pub badge: Option<(u8, char)>,
}

/// How a value is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// Well.
    Good,
    /// Not well.
    Bad,
    /// As something that can be gone to.
    Time,
    /// As something that is over.
    Past,
}

impl Section {
    pub(super) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, label: impl Into<String>, value: impl Into<String>) {
        self.toned(label, value, Tone::Plain);
    }

    pub(super) fn toned(&mut self, label: impl Into<String>, value: impl Into<String>, tone: Tone) {
        self.rows.push(Row { label: label.into(), value: value.into(), tone, badge: None });
    }
}

/// What is known at the playhead.
#[must_use]
pub fn inspect(app: &App) -> Inspection {
    let model = app.model();
    let mut inspection = match app.selection {
        None => scenario(app),
        Some(Selection::Service(service)) => service_of(model, service),
        Some(Selection::Topic(topic)) => topic_of(model, topic),
        Some(Selection::Link(link)) => link_of(model, link),
        Some(Selection::Event { event, event_type, .. }) => event_of(app, event, event_type),
        Some(Selection::Anomaly { .. }) => super::anomaly::inspect(app),
    };
    inspection.sections.extend(live(app));
    inspection.sections.retain(|section| !section.rows.is_empty());
    inspection
}

/// What the scene at the playhead says of the selection.
fn live(app: &App) -> Vec<Section> {
    let (model, Some(answer)) = (app.model(), &app.run.answer) else { return Vec::new() };
    let scene = &answer.scene;
    let mut now = Section::new("Now");
    match app.selection {
        Some(Selection::Service(service)) => {
            for id in model.instances_of(service) {
                let it = &scene.instances[id.index()];
                let (state, tone) = if it.up { ("up", Tone::Good) } else { ("DOWN", Tone::Bad) };
                let alone = model.services[service.index()].instances == 1;
                let name = if alone { "state".to_owned() } else { model.instance_name(id) };
                now.toned(name, format!("{state} since {}", it.since), tone);
                let busy = it.working + it.calling + it.waiting;
                now.row("in progress / queued", format!("{busy} / {}", it.queued));
                now.row("done / failed", format!("{} / {}", it.done, it.failed));
                guards_of(model, scene, id, &mut now);
                if it.unconfirmed > 0 {
                    now.toned("publishes not confirmed", it.unconfirmed.to_string(), Tone::Bad);
                }
            }
            projections_of(model, scene, service, &mut now);
            for &outbox in &model.services[service.index()].outboxes {
                let name = &model.outboxes[outbox.index()].name;
                let waiting = scene.outboxes[outbox.index()].to_string();
                now.row(format!("waiting in the outbox {name}"), waiting);
            }
        }
        Some(Selection::Topic(topic)) => match &scene.topics[topic.index()] {
            TopicScene::Log(partitions) => {
                for (number, it) in partitions.iter().enumerate() {
                    now.row(format!("p{number}"), format!("{} – {}", it.start, it.end));
                }
                for group in &model.topics[topic.index()].groups {
                    let readings = scene.groups[group.index()].iter().zip(partitions);
                    let lag: u64 =
                        readings.map(|(it, log)| log.end.saturating_sub(it.committed)).sum();
                    now.row(
                        format!("lag of {}", model.groups[group.index()].name),
                        lag.to_string(),
                    );
                    let lost: u64 = scene.groups[group.index()].iter().map(|it| it.fell_off).sum();
                    if lost > 0 {
                        now.toned("deleted before it read them", lost.to_string(), Tone::Bad);
                    }
                }
            }
            TopicScene::Queue(it) => {
                now.row("waiting", it.waiting.to_string());
                now.row("delivered, not acked", it.leased.to_string());
                now.row("acked", it.acked.to_string());
                let tone = if it.dead > 0 { Tone::Bad } else { Tone::Plain };
                now.toned("dead letters", it.dead.to_string(), tone);
            }
        },
        Some(Selection::Event { event, .. }) => {
            for (_, it) in scene.alive().filter(|(_, it)| it.event == event) {
                now.toned(it.role.name(), place(model, it), Tone::Time);
            }
        }
        Some(Selection::Link(link)) => {
            let on_link = |it: &SceneMessage| it.link == Some(link) && it.place == Place::Link;
            let count = scene.alive().filter(|(_, it)| on_link(it)).count();
            now.row("in flight", count.to_string());
        }
        Some(Selection::Anomaly { .. }) | None => {}
    }
    vec![now]
}

/// What has gone wrong with the projections of a service.
fn projections_of(model: &Model, scene: &Scene, service: ServiceId, now: &mut Section) {
    for &id in &model.services[service.index()].stores {
        let store = &model.stores[id.index()];
        if let Some(topic) = store.projection_of {
            let topic = &model.topics[topic.index()].name;
            let (text, tone) = match scene.anomalies[id.index()] {
                0 => ("no anomaly".to_owned(), Tone::Good),
                1 => ("1 anomaly".to_owned(), Tone::Bad),
                count => (format!("{count} anomalies"), Tone::Bad),
            };
            now.toned(format!("{} of {topic}", store.name), text, tone);
        }
    }
}

/// What stands around the calls of an instance, where there is something to be said of it.
fn guards_of(model: &Model, scene: &Scene, id: InstanceId, now: &mut Section) {
    for (&(_, breaker), state) in scene.breakers.iter().filter(|((of, _), _)| *of == id) {
        let (state, tone) = match state {
            BreakerState::Closed => continue,
            BreakerState::Open => ("OPEN", Tone::Bad),
            BreakerState::HalfOpen => ("half-open", Tone::Plain),
        };
        now.toned(format!("breaker {}", model.breakers[breaker.index()].name), state, tone);
    }
    let refused = scene.instances[id.index()].calls_refused;
    for (guard, count) in Guard::ALL.iter().zip(refused).filter(|(_, count)| *count > 0) {
        now.toned(format!("calls not made: {}", guard.name()), count.to_string(), Tone::Bad);
    }
}

/// Where a message is, in a few words.
fn place(model: &Model, message: &SceneMessage) -> String {
    match message.place {
        Place::Link => message.link.map_or_else(String::new, |link| {
            format!("in flight to {}", model.node_name(model.links[link.index()].to))
        }),
        Place::Blocked(instance) => format!("outside {}", model.instance_name(instance)),
        Place::Queued(instance) => format!("queued at {}", model.instance_name(instance)),
        Place::Hands(instance, _) => format!("handled by {}", model.instance_name(instance)),
        Place::Waiting(topic) => format!("waits in {}", model.topics[topic.index()].name),
        Place::Leased(topic) => format!("delivered by {}", model.topics[topic.index()].name),
    }
}

fn scenario(app: &App) -> Inspection {
    let model = app.model();
    let mut text = app.scenario.sentence.clone();
    for more in [&app.shown().sentence, &app.scenario.notes] {
        if !more.is_empty() && *more != text {
            text = format!("{text}\n\n{more}");
        }
    }
    let mut faults = Section::new("What breaks");
    let scheduled = fault_rows(app).into_iter().filter_map(|row| match row.key {
        Planned::Scheduled(fault) => Some((&app.run.base.faults[fault.index()], row.state)),
        Planned::Step(..) => None,
    });
    for (fault, state) in scheduled {
        let (what, when) = fault_words(model, fault);
        let (what, tone) = match state {
            State::Off => (format!("{what} (switched off)"), Tone::Past),
            State::ToCome => (what, Tone::Plain),
            State::OnNow => (what, Tone::Bad),
            State::Over => (format!("{what} (over)"), Tone::Past),
        };
        faults.toned(when, what, tone);
    }
    let (mut events, mut requests) = (Section::new("Events"), Section::new("Requests and replies"));
    for id in crate::view::flow::used_types(model) {
        let event_type = &model.event_types[id.index()];
        let section = if event_type.is_request { &mut requests } else { &mut events };
        section.row(event_type.name.clone(), String::new());
        if let Some(row) = section.rows.last_mut() {
            row.badge = Some((event_type.colour, event_type.letter));
        }
    }
    Inspection {
        kind: "scenario",
        title: app.scenario.title.clone(),
        aside: if model.variant.is_empty() { String::new() } else { model.variant.clone() },
        text,
        sections: vec![faults, events, requests],
        ..Inspection::default()
    }
}

/// What a fault does, and when.
pub(super) fn fault_words(model: &Model, fault: &Fault) -> (String, String) {
    let service = |id: ServiceId| model.services[id.index()].name.as_str();
    let links = |links: &[LinkId]| match links {
        [link, ..] => {
            let link = &model.links[link.index()];
            format!("{} → {}", model.node_name(link.from), model.node_name(link.to))
        }
        [] => String::new(),
    };
    let what = match &fault.kind {
        FaultKind::Crash { service: of, instance: None } => format!("{} is down", service(*of)),
        FaultKind::Crash { service: of, instance: Some(instance) } => {
            format!("{}/{} is down", service(*of), instance + 1)
        }
        FaultKind::Slow { service: of, factor } => format!("{} is {factor}× slower", service(*of)),
        FaultKind::Cut { links: which, .. } => format!("{} is cut", links(which)),
        FaultKind::Loss { links: which, probability } => {
            format!("{} loses {:.0} %", links(which), probability * 100.0)
        }
        FaultKind::Delay { links: which, .. } => format!("{} is late", links(which)),
        FaultKind::Duplicate { links: which, .. } => format!("{} duplicates", links(which)),
        FaultKind::Replay { group, .. } => {
            let group = &model.groups[group.index()];
            format!("{} reads {} again", group.name, model.topics[group.topic.index()].name)
        }
        FaultKind::Disconnect { service: of, instance, topic } => {
            let number = instance.map_or_else(String::new, |it| format!("/{}", it + 1));
            let topic = &model.topics[topic.index()].name;
            format!("{}{number} has no connection to {topic}", service(*of))
        }
        FaultKind::LeaderLoss { topic } => {
            format!("{} loses its leader", model.topics[topic.index()].name)
        }
        FaultKind::Outage { topic, .. } => {
            format!("{} is away", model.topics[topic.index()].name)
        }
        kind @ (FaultKind::Strike(_)
        | FaultKind::Set(_)
        | FaultKind::Purge { .. }
        | FaultKind::FailNext { .. }) => crate::app::futures::fault_name(model, kind),
    };
    let from = fault.at.since(Time::ZERO);
    let when = match fault.lasts {
        Some(Span::ZERO) => format!("at {from}"),
        Some(lasts) => format!("{from} – {}", from + lasts),
        None => format!("from {from}"),
    };
    (what, when)
}

fn service_of(model: &Model, id: ServiceId) -> Inspection {
    let service = &model.services[id.index()];
    let mut section = Section::default();
    section.row("instances", service.instances.to_string());
    let unlimited = || "no limit".to_owned();
    let workers = service.workers.map_or_else(unlimited, |workers| workers.to_string());
    let capacity = service.queue_capacity.map_or_else(unlimited, |most| most.to_string());
    if service.workload.is_none() {
        section.row("workers of each", workers);
        let order = match service.queue_order {
            InboundOrder::Fifo => "",
            InboundOrder::Lifo => ", last come first served",
        };
        section.row("queue of each", format!("{capacity}{order}"));
        if let Some(it) = service.idempotency {
            let whose = if it.durable { "" } else { ", each instance for itself" };
            section.row("remembers answers", format!("for {}{whose}", it.window));
        }
    }
    let mut consumes = Section::new("Consumes");
    for consume in &service.consumes {
        let group = &model.groups[consume.group.index()];
        let topic = &model.topics[consume.topic.index()];
        consumes.row(topic.name.clone(), format!("as {}", group.name));
        consumes.row("strategy", consume.strategy.words());
        if let Some(every) = consume.heartbeat {
            consumes.row("says it is in progress", format!("every {every}"));
        }
    }
    let mut publishes = Section::new("Publishes");
    for it in &service.publishes {
        publishes.row(model.topics[it.topic.index()].name.clone(), producer_words(&it.producer));
    }
    for &outbox in &service.outboxes {
        let Outbox { name, topic, every, .. } = &model.outboxes[outbox.index()];
        let topic = &model.topics[topic.index()].name;
        publishes.row(format!("outbox {name}"), format!("to {topic}, every {every}"));
    }
    Inspection {
        kind: if service.workload.is_some() { "workload" } else { "service" },
        title: service.name.clone(),
        aside: if service.instances > 1 {
            format!("×{}", service.instances)
        } else {
            String::new()
        },
        sections: vec![section, consumes, publishes],
        ..Inspection::default()
    }
}

/// How a producer publishes, in a few words.
fn producer_words(producer: &Producer) -> String {
    let acks = match producer.acks {
        Acks::Leader => "confirmed by the leader",
        Acks::All => "confirmed",
    };
    let idempotent = if producer.idempotent { ", idempotent" } else { "" };
    let wait = if producer.wait { ", waits" } else { "" };
    format!("{acks}{idempotent}{wait}")
}

fn topic_of(model: &Model, id: TopicId) -> Inspection {
    let topic = &model.topics[id.index()];
    let mut section = Section::default();
    let kind = match &topic.kind {
        TopicKind::Log(log) => {
            section.row("partitions", log.partitions.to_string());
            if let Some(retention) = log.retention {
                section.row("keeps", retention.to_string());
            }
            if let Some(size) = log.retention_size {
                section.row("keeps of each partition", format!("{size} bytes"));
            }
            if let Some(events) = log.retention_events {
                section.row("keeps of each partition", format!("{events} events"));
            }
            if let Some(compaction) = log.compaction {
                section.row("keeps", "the last event of each key");
                section.row("is compacted every", compaction.every.to_string());
            }
            if let Some(delay) = log.replication {
                section.row("replicated after", delay.to_string());
            }
            "log topic"
        }
        TopicKind::Queue(queue) => {
            let ack_wait = queue.ack_wait.map_or("for ever".to_owned(), |wait| wait.to_string());
            section.row("waits for an ack", ack_wait);
            if let Some(most) = queue.max_deliveries {
                section.row("deliveries at most", most.to_string());
            }
            if let Some(window) = queue.dedupe_window {
                section.row("drops duplicates within", window.to_string());
            }
            if let Some(letters) = queue.dead_letters {
                section.row("dead letters to", model.topics[letters.index()].name.clone());
            }
            "queue topic"
        }
    };
    Inspection { kind, title: topic.name.clone(), sections: vec![section], ..Inspection::default() }
}

fn link_of(model: &Model, id: LinkId) -> Inspection {
    let link = &model.links[id.index()];
    let quality = &link.quality;
    let mut section = Section::default();
    section.row("latency", duration(&quality.latency));
    if let Some(bandwidth) = quality.bandwidth {
        section.row("bandwidth", format!("{bandwidth:.0} bytes/s"));
    }
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    if quality.loss > 0.0 {
        section.row("loss", percent(quality.loss));
    }
    if quality.duplication > 0.0 {
        section.row("duplication", percent(quality.duplication));
    }
    let transport = match quality.transport {
        Transport::Stream { retransmit } => format!("stream, sends again after {retransmit}"),
        Transport::Datagram => "datagrams".to_owned(),
    };
    section.row("transport", transport);
    Inspection {
        kind: "link",
        title: format!("{} → {}", model.node_name(link.from), model.node_name(link.to)),
        sections: vec![section],
        ..Inspection::default()
    }
}

/// A distribution of durations in a few words.
fn duration(distribution: &Distribution) -> String {
    let span = |nanos: f64| Span::from_secs_f64(nanos / 1e9).to_string();
    match *distribution {
        Distribution::Constant(value) => span(value),
        Distribution::Uniform { low, high } => format!("{} – {}", span(low), span(high)),
        ref other => format!("{} on average", span(other.mean())),
    }
}

fn event_of(app: &App, id: EventId, event_type: EventTypeId) -> Inspection {
    let model = app.model();
    let event_type = &model.event_types[event_type.index()];
    let producer = &model.services[id.producer().index()].name;
    let mut section = Section::default();
    section.row("id", format!("{producer}/{}", id.count()));
    section.row("source", format!("/{producer}"));
    section.row("size", format!("{} bytes", event_type.size_bytes));
    // What is in sight is known at once; the rest when its journey is found out.
    let events = app.run.answer.as_ref().and_then(|it| it.events.as_ref());
    let in_sight = events.and_then(|it| it.iter().find(|it| it.id == id));
    let found = app.found().and_then(|it| it.journey.fact());
    let known = in_sight.map(|it| (it.time, it.fields)).or(found.map(|it| (it.at, it.fields)));
    let mut data = Section::new("Data");
    if let Some((time, fields)) = known {
        section.toned("time", time.to_string(), Tone::Time);
        for (field, bits) in event_type.fields.iter().zip(fields) {
            let value = model.value_text(Value::from_bits(field.kind, bits));
            data.row(field.name.clone(), value);
        }
    }
    Inspection {
        kind: if event_type.is_request { "request" } else { "event" },
        title: event_type.name.clone(),
        aside: id.to_string(),
        colour: Some(event_type.colour),
        sections: vec![section, data],
        ..Inspection::default()
    }
}
