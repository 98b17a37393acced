//! Runs drawn as text: what an expert reads to judge the semantics.
//!
//! Above, a lane for each worker that had something in hands: a column is a tick, a letter the
//! event that it handles (`a` is the first that was sent, `b` the second …), `!` where handling
//! failed, `#` where the instance is down. Below, what happened, in order.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use inflight::model::{
    EventId, InstanceId, MessageId, Model, Node, Outcome, Record, Role, Span, StoreId, Time,
    TopicKind, Value, What,
};
use inflight::scenario;
use inflight::sim::World;

/// Draws the run of a scenario that is given without its head; links take no time unless it
/// says so. `show` names what is written below the lanes: `publish append confirm outbox deliver
/// settle drop commit assign call store should anomaly skip life breaker guard memory keep`.
pub fn draw(body: &str, tick_ms: u64, until_ms: u64, show: &str) -> String {
    let links =
        if body.contains("links:") { "" } else { "links: Links(default: Link(latency: \"0ms\"))," };
    let text = format!("Scenario(format: 1, title: \"drawn\", {links} {body})");
    let scenario = scenario::read(&text, "drawn.ron")
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let model = scenario.variants[0].model.clone();
    let mut book = Book { model: model.clone(), ..Book::new(&model, tick_ms, show) };
    let mut world = World::new(model, 1);
    let until = Time(until_ms * 1_000_000);
    world.run_until(until, &mut |record: &Record| book.enter(record));
    assert!(world.audit().is_balanced());
    book.finish(until)
}

struct Book {
    model: Arc<Model>,
    tick: Span,
    show: Vec<String>,
    letters: BTreeMap<EventId, char>,
    carried: BTreeMap<MessageId, Carried>,
    /// For each worker: whose, and its lane so far.
    lanes: BTreeMap<(InstanceId, usize), Vec<char>>,
    /// In hands: which worker, since when.
    hands: BTreeMap<MessageId, (InstanceId, usize, Time)>,
    down: BTreeMap<InstanceId, Time>,
    story: String,
}

#[derive(Clone, Copy)]
struct Carried {
    event: EventId,
    role: Option<Role>,
    link: Option<(Node, Node)>,
}

impl Book {
    fn new(model: &Arc<Model>, tick_ms: u64, show: &str) -> Self {
        Self {
            model: model.clone(),
            tick: Span(tick_ms * 1_000_000),
            show: show.split_whitespace().map(str::to_owned).collect(),
            letters: BTreeMap::new(),
            carried: BTreeMap::new(),
            lanes: BTreeMap::new(),
            hands: BTreeMap::new(),
            down: BTreeMap::new(),
            story: String::new(),
        }
    }

    fn letter(&mut self, event: EventId) -> char {
        let next = char::from(b'a' + (self.letters.len() % 26) as u8);
        *self.letters.entry(event).or_insert(next)
    }

    fn name(&mut self, message: MessageId) -> char {
        let event = self.carried[&message].event;
        self.letter(event)
    }

    fn say(&mut self, at: Time, kind: &str, what: &str) {
        if self.show.iter().any(|it| it == kind) {
            let seconds = at.0 as f64 / 1e9;
            let _ = writeln!(self.story, "{seconds:7.3}  {what}");
        }
    }

    fn node(&self, node: Node) -> String {
        self.model.node_name(node).to_owned()
    }

    fn paint(&mut self, lane: (InstanceId, usize), from: Time, to: Time, with: char) {
        let (begin, end) = ((from.0 / self.tick.0) as usize, to.0.div_ceil(self.tick.0) as usize);
        let row = self.lanes.entry(lane).or_default();
        let end = end.max(begin + 1);
        if row.len() < end {
            row.resize(end, '·');
        }
        row[begin..end].fill(with);
    }

    fn enter(&mut self, record: &Record) {
        let at = record.at;
        match record.what {
            What::Arrived { message, event, .. } => {
                self.carried.insert(message, Carried { event, role: None, link: None });
            }
            What::Retried { message, event, .. } => {
                let role = Some(Role::Delivery);
                self.carried.insert(message, Carried { event, role, link: None });
            }
            What::Sent { message, event, role, link, attempt, .. } => {
                let link = &self.model.links[link.index()];
                let (from, to) = (link.from, link.to);
                self.carried
                    .insert(message, Carried { event, role: Some(role), link: Some((from, to)) });
                let (from, to) = (self.node(from), self.node(to));
                let again =
                    if attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
                match role {
                    Role::Publish => {
                        let name = self.letter(event);
                        self.say(at, "publish", &format!("{from} → {to}: {name}{again}"));
                    }
                    Role::Request | Role::OneWay => {
                        let name = self.letter(event);
                        self.say(at, "call", &format!("{from} → {to}: {name}{again}"));
                    }
                    Role::Confirm | Role::Refusal => {
                        let name = self.letter(event);
                        self.say(at, "confirm", &format!("{from} → {to}: {name} {}", role.name()));
                    }
                    Role::Reply | Role::Failure => {
                        self.say(at, "call", &format!("{from} → {to}: {}", role.name()));
                    }
                    _ => {}
                }
                if role == Role::Delivery && self.is_log(link_topic(&self.carried[&message])) {
                    let name = self.letter(event);
                    let again = if attempt > 1 { " again" } else { "" };
                    self.say(at, "deliver", &format!("{from} → {to}: {name}{again}"));
                }
            }
            What::Leased { message, topic, instance, delivery } => {
                let name = self.name(message);
                let to = self.model.instance_name(instance);
                let topic = self.node(Node::Topic(topic));
                let count =
                    if delivery > 1 { format!(", delivery {delivery}") } else { String::new() };
                self.say(at, "deliver", &format!("{topic} → {to}: {name}{count}"));
            }
            What::Settled { message, topic, how } => {
                let name = self.name(message);
                let topic = self.node(Node::Topic(topic));
                self.say(at, "settle", &format!("{topic}: {name} {}", how.name()));
            }
            What::Dropped { message, reason } => self.dropped(at, message, reason.name()),
            What::Appended { .. }
            | What::Truncated { .. }
            | What::Unconfirmed { .. }
            | What::Outboxed { .. }
            | What::Relayed { .. } => self.published(at, record.what),
            What::Stored { store, key, value } => {
                let text = self.cell(store, key, value);
                self.say(at, "store", &text);
            }
            What::Up { instance } => {
                if let Some(since) = self.down.remove(&instance) {
                    self.paint((instance, 0), since, at, '#');
                    let name = self.model.instance_name(instance);
                    self.say(at, "life", &format!("{name} is up"));
                }
            }
            What::Down { instance } => {
                self.down.insert(instance, at);
                let name = self.model.instance_name(instance);
                self.say(at, "life", &format!("{name} is down"));
            }
            What::Breaker { state, .. } => {
                self.say(at, "breaker", &format!("breaker {state:?}"));
            }
            What::CallRefused { message, instance, by } => {
                let name = self.name(message);
                let who = self.model.instance_name(instance);
                self.say(at, "guard", &format!("{who}: call for {name} not made: {}", by.name()));
            }
            What::Started { message, instance } => {
                let busy: Vec<usize> =
                    self.hands.values().filter(|it| it.0 == instance).map(|it| it.1).collect();
                let worker = (0..).find(|it| !busy.contains(it)).unwrap();
                self.hands.insert(message, (instance, worker, at));
            }
            What::Finished { message, outcome, .. } => {
                if matches!(outcome, Outcome::Remembered | Outcome::Conflict) {
                    let name = self.name(message);
                    self.say(at, "memory", &format!("{name}: {}", outcome.name()));
                }
                self.lane_ends(message, at, matches!(outcome, Outcome::Done | Outcome::Remembered));
            }
            _ => self.enter_log(record),
        }
    }

    /// What happened to a log or a group of it.
    fn enter_log(&mut self, record: &Record) {
        let at = record.at;
        match record.what {
            What::Committed { group, partition, offset } => {
                let name = self.model.groups[group.index()].name.clone();
                self.say(at, "commit", &format!("{name}: p{partition} committed {offset}"));
            }
            What::CommitRefused { group, partition, instance } => {
                let group = self.model.groups[group.index()].name.clone();
                let name = self.model.instance_name(instance);
                self.say(at, "commit", &format!("{group}: p{partition} commit of {name} refused"));
            }
            What::FellOff { group, partition, events } => {
                let name = self.model.groups[group.index()].name.clone();
                self.say(at, "commit", &format!("{name}: p{partition} {events} fell off the log"));
            }
            What::Trimmed { topic, partition, start } => {
                let topic = self.node(Node::Topic(topic));
                self.say(at, "keep", &format!("{topic}: p{partition} begins at {start}"));
            }
            What::Compacted { topic, partition, offset } => {
                let topic = self.node(Node::Topic(topic));
                self.say(at, "keep", &format!("{topic}: p{partition} {offset} compacted away"));
            }
            What::Assigned { group, partition, instance } => {
                let name = self.model.groups[group.index()].name.clone();
                let to = instance.map_or("nobody".to_owned(), |it| self.model.instance_name(it));
                self.say(at, "assign", &format!("{name}: p{partition} → {to}"));
            }
            what => self.enter_belief(at, what),
        }
    }

    /// What has to do with strategies and projections.
    fn enter_belief(&mut self, at: Time, what: What) {
        match what {
            What::AckForgotten { message, event, topic, .. } => {
                self.carried
                    .insert(message, Carried { event, role: Some(Role::Publish), link: None });
                let name = self.letter(event);
                let topic = self.node(Node::Topic(topic));
                self.say(at, "settle", &format!("{topic}: the ack of {name} is forgotten"));
            }
            What::ShouldHold { store, key, value } => {
                let text = format!("{}, as it should be", self.cell(store, key, value));
                self.say(at, "should", &text);
            }
            What::Anomaly { store, event, kind } => {
                let event = self.letter(event);
                let store = &self.model.stores[store.index()].name;
                let text = format!("{store}: {event} {}", kind.name());
                self.say(at, "anomaly", &text);
            }
            What::Skipped { message, instance, why } => {
                let name = self.name(message);
                let text = format!(
                    "{} lets {name} pass: {}",
                    self.model.instance_name(instance),
                    why.name()
                );
                self.say(at, "skip", &text);
            }
            _ => {}
        }
    }

    fn cell(&self, store: StoreId, key: u64, value: u64) -> String {
        let it = &self.model.stores[store.index()];
        let key = it.key.map_or(String::new(), |kind| {
            format!("[{}]", self.model.value_text(Value::from_bits(kind, key)))
        });
        let value = self.model.value_text(Value::from_bits(it.value, value));
        format!("{}{key} = {value}", it.name)
    }

    fn published(&mut self, at: Time, what: What) {
        match what {
            What::Appended { message, topic, partition, offset } => {
                let name = self.name(message);
                let topic = self.node(Node::Topic(topic));
                self.say(at, "append", &format!("{topic}: p{partition} {offset} is {name}"));
            }
            What::Truncated { topic, partition, end } => {
                let topic = self.node(Node::Topic(topic));
                self.say(at, "append", &format!("{topic}: p{partition} ends at {end} again"));
            }
            What::Unconfirmed { instance, event, why, .. } => {
                let name = self.letter(event);
                let of = self.model.instance_name(instance);
                self.say(at, "confirm", &format!("{of}: {name} {}", why.name()));
            }
            What::Outboxed { outbox, event, .. } => {
                let name = self.letter(event);
                let outbox = self.model.outboxes[outbox.index()].name.clone();
                self.say(at, "outbox", &format!("{outbox}: {name} is written"));
            }
            What::Relayed { outbox, event } => {
                let name = self.letter(event);
                let outbox = self.model.outboxes[outbox.index()].name.clone();
                self.say(at, "outbox", &format!("{outbox}: {name} is published"));
            }
            _ => {}
        }
    }

    fn is_log(&self, node: Option<Node>) -> bool {
        matches!(node, Some(Node::Topic(it)) if matches!(self.model.topics[it.index()].kind, TopicKind::Log(_)))
    }

    fn dropped(&mut self, at: Time, message: MessageId, reason: &str) {
        self.lane_ends(message, at, false);
        let Carried { role, event, .. } = self.carried[&message];
        if let Some(role) = role {
            let name = self.letter(event);
            self.say(at, "drop", &format!("{} of {name} dropped: {reason}", role.name()));
        }
    }

    fn lane_ends(&mut self, message: MessageId, at: Time, well: bool) {
        let Some((instance, worker, since)) = self.hands.remove(&message) else { return };
        let Carried { role, event, .. } = self.carried[&message];
        // Arrivals of workloads are nobody's work.
        let Some(_) = role else { return };
        let letter = self.letter(event);
        self.paint((instance, worker), since, at, letter);
        if !well {
            let from = Time(at.0.saturating_sub(1).max(since.0));
            self.paint((instance, worker), from, at, '!');
        }
    }

    fn finish(mut self, until: Time) -> String {
        let open: Vec<MessageId> = self.hands.keys().copied().collect();
        for message in open {
            self.lane_ends(message, until, true);
        }
        for (instance, since) in self.down.clone() {
            self.paint((instance, 0), since, until, '#');
        }
        let mut out = String::new();
        for (&(instance, worker), lane) in &self.lanes {
            let mut name = self.model.instance_name(instance);
            if worker > 0 {
                name.clear();
            }
            let lane: String = lane.iter().collect();
            let _ = writeln!(out, "{name:>8}  {}", lane.trim_end_matches('·'));
        }
        out + &self.story
    }
}

fn link_topic(carried: &Carried) -> Option<Node> {
    carried.link.map(|(from, _)| from)
}
