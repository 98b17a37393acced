//! What a sequence diagram is made of: participants, arrows, bars of work, notes.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Copy, Line, is_housekeeping};
use crate::model::{
    DropReason, EventId, EventTypeId, InstanceId, MessageId, Model, Node, Outcome, Role, StoreId,
    Time, What,
};
use crate::view::inspector::fault_words;
use crate::view::story::{Mood, event_name, node_kind, stored};

/// A sequence diagram. What happened at one instant is in the order of [`Arrow::order`] and its like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagram {
    /// The columns, in the order of their first appearance.
    pub participants: Vec<Participant>,
    /// The messages, in the order in which they were sent.
    pub arrows: Vec<Arrow>,
    /// Work under way.
    pub bars: Vec<Bar>,
    /// What else happened.
    pub notes: Vec<Note>,
    /// When services were down.
    pub downs: Vec<Down>,
    /// How many messages are not shown because there are too many.
    pub left_out: u64,
    /// Up to when it tells.
    pub until: Time,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Participant {
    /// What it is.
    pub node: Node,
    /// What it is called.
    pub name: String,
    /// `service`, `topic` or `source`.
    pub kind: &'static str,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// From which column.
    pub from: usize,
    /// To which column.
    pub to: usize,
    /// When it was sent.
    pub sent: Time,
    /// What became of it.
    pub fate: Fate,
    /// What it is for.
    pub role: Role,
    /// What stands at it.
    pub label: String,
    /// What it carries, or is about.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// Its message, while it was alive.
    pub message: MessageId,
    /// The colour of its type.
    pub colour: u8,
    /// Whether it was sent before.
    pub is_again: bool,
    /// Its place among all that is shown.
    pub order: usize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived then.
    Arrived(Time),
    /// It was lost then.
    Lost(Time, DropReason),
    /// It is still on its way when the diagram ends.
    Flying,
}

/// How an arrow is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Whole: its sender waits for an answer.
    Full,
    /// Open: its sender goes on.
    Open,
}

/// A handler at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// In which column.
    pub at: usize,
    /// How many others were under way beside it when it began.
    pub level: usize,
    /// When it began.
    pub from: Time,
    /// When it ended; `None` if it is still at work when the diagram ends.
    pub to: Option<Time>,
    /// What it handles.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// The colour of its type.
    pub colour: u8,
    /// Whose it is, and what it does.
    pub label: String,
    /// The place of its beginning among all that is shown.
    pub order: usize,
    /// The place of its end; past everything if it has none.
    pub end: usize,
}

/// Something that happened at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// In which column; `None` for what concerns all.
    pub at: Option<usize>,
    /// When.
    pub time: Time,
    /// What.
    pub text: String,
    /// How it is meant.
    pub mood: Mood,
    /// The event that it has to do with, if with one.
    pub event: Option<(EventId, EventTypeId)>,
    /// Its place among all that is shown.
    pub order: usize,
}

/// A time in which an instance was down.
#[derive(Clone, Debug, PartialEq)]
pub struct Down {
    /// In which column.
    pub at: usize,
    /// Whether all of its service was.
    pub is_all: bool,
    /// Since when.
    pub from: Time,
    /// Until when; `None` if it still is when the diagram ends.
    pub to: Option<Time>,
}

impl Arrow {
    /// When it left its link.
    #[must_use]
    pub const fn end(&self) -> Option<Time> {
        match self.fate {
            Fate::Arrived(at) | Fate::Lost(at, _) => Some(at),
            Fate::Flying => None,
        }
    }

    /// Whether it was lost.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self.fate, Fate::Lost(..))
    }

    /// Whether it answers something: its line is dashed.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        !matches!(
            self.role,
            Role::Request | Role::OneWay | Role::Publish | Role::Delivery | Role::Arrival
        )
    }

    /// Its head.
    #[must_use]
    pub const fn head(&self) -> Head {
        match self.role {
            Role::Request | Role::Reply | Role::Failure => Head::Full,
            _ => Head::Open,
        }
    }
}

impl Diagram {
    /// The diagram of a story. `is_brief`: acks and the like are shown only if they are lost.
    #[must_use]
    pub fn new(model: &Model, lines: &[Line], until: Time, is_brief: bool) -> Self {
        let mut draft = Draft { model, is_brief, ..Draft::new(model) };
        for (order, line) in lines.iter().enumerate() {
            draft.enter(order, line);
        }
        draft.finish(until)
    }

    /// The column of a node.
    #[must_use]
    pub fn column(&self, node: Node) -> Option<usize> {
        self.participants.iter().position(|it| it.node == node)
    }
}

/// A diagram while it is being made.
struct Draft<'a> {
    model: &'a Model,
    is_brief: bool,
    made: Diagram,
    /// By copy: the arrow that is on its way.
    flying: BTreeMap<u32, usize>,
    /// By copy: the bar of whoever handles it.
    working: BTreeMap<u32, usize>,
    /// What is down, and since when; with the place of what is said of it.
    down: BTreeMap<InstanceId, (Time, usize)>,
    /// What is told only of services that partake: (order, instance, when, what, mood).
    meanwhile: Vec<(usize, InstanceId, Time, String, Mood)>,
    downs: Vec<(InstanceId, Time, Option<Time>)>,
    types: BTreeMap<EventId, EventTypeId>,
    /// What was asked of somebody.
    asked: BTreeSet<EventId>,
}

impl<'a> Draft<'a> {
    fn new(model: &'a Model) -> Self {
        Self {
            model,
            is_brief: false,
            made: Diagram::default(),
            flying: BTreeMap::new(),
            working: BTreeMap::new(),
            down: BTreeMap::new(),
            meanwhile: Vec::new(),
            downs: Vec::new(),
            types: BTreeMap::new(),
            asked: BTreeSet::new(),
        }
    }

    fn column(&mut self, node: Node) -> usize {
        self.made.column(node).unwrap_or_else(|| {
            let name = self.model.node_name(node).to_owned();
            let kind = node_kind(self.model, node);
            self.made.participants.push(Participant { node, name, kind });
            self.made.participants.len() - 1
        })
    }

    fn column_of(&mut self, instance: InstanceId) -> usize {
        self.column(Node::Service(self.model.instances[instance.index()].0))
    }

    fn column_of_store(&mut self, store: StoreId) -> usize {
        self.column(Node::Service(self.model.stores[store.index()].service))
    }

    fn note(&mut self, order: usize, line: &Line, at: Option<usize>, text: String, mood: Mood) {
        let event = line.about.and_then(|it| Some((it, *self.types.get(&it)?)));
        self.made.notes.push(Note { at, time: line.at, text, mood, event, order });
    }

    fn enter(&mut self, order: usize, line: &Line) {
        if let Some(copy) = &line.copy {
            self.types.insert(copy.event, copy.event_type);
            self.follow(order, line, copy);
        }
        let model = self.model;
        match line.what {
            What::Stored { store, key, value } => {
                let is_shown = model.presentation.shown.iter().any(|it| it.store == store);
                let at = self.column_of_store(store);
                if is_shown {
                    let text = stored(model, store, key, value);
                    self.note(order, line, Some(at), text, Mood::Good);
                }
            }
            What::Anomaly { store, kind, .. } => {
                let at = self.column_of_store(store);
                let text = format!("{}: {}", model.stores[store.index()].name, kind.name());
                self.note(order, line, Some(at), text, Mood::Wrong);
            }
            What::Outboxed { outbox, event, event_type } => {
                self.types.insert(event, event_type);
                let outbox = &model.outboxes[outbox.index()];
                let at = self.column(Node::Service(outbox.service));
                let text = format!("{} into {}", event_name(model, event, event_type), outbox.name);
                self.note(order, line, Some(at), text, Mood::Plain);
            }
            What::Unconfirmed { instance, why, event, event_type, .. } => {
                self.types.insert(event, event_type);
                let at = self.column_of(instance);
                self.note(order, line, Some(at), format!("confirm {}", why.name()), Mood::Bad);
            }
            What::Truncated { topic, .. } => {
                let at = self.column(Node::Topic(topic));
                self.note(order, line, Some(at), "lost with its leader".to_owned(), Mood::Bad);
            }
            What::Down { instance } => {
                self.down.insert(instance, (line.at, order));
                let text = format!("{} crashes", model.instance_name(instance));
                self.meanwhile.push((order, instance, line.at, text, Mood::Bad));
            }
            What::Up { instance } => {
                // What starts at the beginning has not been down.
                if let Some((since, _)) = self.down.remove(&instance) {
                    self.downs.push((instance, since, Some(line.at)));
                    let text = format!("{} is up again", model.instance_name(instance));
                    self.meanwhile.push((order, instance, line.at, text, Mood::Good));
                }
            }
            What::Breaker { breaker, instance, state } => {
                use crate::model::BreakerState as State;
                let (state, mood) = match state {
                    State::Closed => ("closes", Mood::Good),
                    State::Open => ("opens", Mood::Bad),
                    State::HalfOpen => ("is half-open", Mood::Plain),
                };
                let text = format!("breaker {} {state}", model.breakers[breaker.index()].name);
                self.meanwhile.push((order, instance, line.at, text, mood));
            }
            What::FaultBegan { fault } => {
                // A crash is told by what it does.
                if let Some(it) = model.faults.get(fault.index())
                    && !matches!(it.kind, crate::model::FaultKind::Crash { .. })
                {
                    let text = fault_words(model, it).0;
                    self.note(order, line, None, text, Mood::Bad);
                }
            }
            What::Intervened { took: true, .. } => {
                self.note(order, line, None, "intervention".to_owned(), Mood::Again);
            }
            _ => {}
        }
    }

    /// Follows a copy: on its link, in hands, to its end.
    fn follow(&mut self, order: usize, line: &Line, copy: &Copy) {
        let model = self.model;
        match line.what {
            What::Sent { .. } => return self.sent(order, copy),
            What::Rescheduled { .. } | What::PhaseChanged { .. } | What::Leased { .. } => return,
            _ => {}
        }
        let flew = self.flying.remove(&copy.number);
        if let Some(arrow) = flew {
            self.made.arrows[arrow].fate = match line.what {
                What::Dropped { reason, .. } => Fate::Lost(line.at, reason),
                _ => Fate::Arrived(line.at),
            };
        }
        match line.what {
            What::Arrived { instance, .. } => {
                let at = self.column_of(instance);
                let (service, _) = model.instances[instance.index()];
                if model.services[service.index()].workload.is_some() {
                    let text = event_name(model, copy.event, copy.event_type);
                    self.note(order, line, Some(at), text, Mood::Plain);
                }
            }
            What::Started { instance, .. } => self.begin_work(order, line, copy, instance),
            What::Finished { instance, outcome, .. } => {
                self.end_work(order, line, copy);
                if !matches!(outcome, Outcome::Done) {
                    let mood = if outcome == Outcome::Remembered { Mood::Good } else { Mood::Bad };
                    let at = self.column_of(instance);
                    self.note(order, line, Some(at), outcome.name().to_owned(), mood);
                }
            }
            What::Dropped { reason, .. } => {
                self.end_work(order, line, copy);
                let is_hidden = is_housekeeping(copy.role) && self.is_brief;
                if flew.is_none()
                    && !is_hidden
                    && let Some(link) = copy.link
                {
                    let at = self.column(model.links[link.index()].to);
                    let text = format!("{} {}", copy.event, reason.name());
                    self.note(order, line, Some(at), text, Mood::Bad);
                }
            }
            What::Skipped { instance, why, .. } => {
                let at = self.column_of(instance);
                self.note(order, line, Some(at), why.name().to_owned(), Mood::Good);
            }
            What::CallRefused { instance, by, .. } => {
                let at = self.column_of(instance);
                self.note(order, line, Some(at), format!("no call: {}", by.name()), Mood::Bad);
            }
            What::Settled { topic, how, .. } if how.is_death() => {
                let at = self.column(Node::Topic(topic));
                let text = format!("dead letter: {}", how.name());
                self.note(order, line, Some(at), text, Mood::Bad);
            }
            What::Retried { instance, attempt, .. } => {
                let at = self.column_of(instance);
                let text = format!("{} again, {}", copy.event, times(attempt));
                self.note(order, line, Some(at), text, Mood::Again);
            }
            What::AckForgotten { topic, .. } => {
                let at = self.column(Node::Topic(topic));
                let text = format!("ack of {} forgotten", copy.event);
                self.note(order, line, Some(at), text, Mood::Bad);
            }
            _ => {}
        }
    }

    fn sent(&mut self, order: usize, copy: &Copy) {
        let Some(link) = copy.link else { return };
        let link = &self.model.links[link.index()];
        let (from, to) = if self.is_brief && is_housekeeping(copy.role) {
            // It has no column of its own to bring about.
            match (self.made.column(link.from), self.made.column(link.to)) {
                (Some(from), Some(to)) => (from, to),
                _ => return,
            }
        } else {
            (self.column(link.from), self.column(link.to))
        };
        let event_type = &self.model.event_types[copy.event_type.index()];
        let label = match copy.role {
            // An answer that says nothing of its own carries what it answers.
            Role::Reply if self.asked.contains(&copy.event) => {
                format!("reply to {}", event_name(self.model, copy.event, copy.event_type))
            }
            Role::Request | Role::OneWay | Role::Publish | Role::Delivery | Role::Reply => {
                event_name(self.model, copy.event, copy.event_type)
            }
            Role::Fetch => "fetch".to_owned(),
            role => format!("{} {}", role.name(), copy.event),
        };
        if copy.role == Role::Request {
            self.asked.insert(copy.event);
        }
        let counts =
            matches!(copy.role, Role::Publish | Role::Delivery | Role::Request | Role::OneWay);
        let is_again = counts && copy.attempt > 1;
        let label = if is_again { format!("{label} · {}", times(copy.attempt)) } else { label };
        self.flying.insert(copy.number, self.made.arrows.len());
        self.made.arrows.push(Arrow {
            from,
            to,
            sent: copy.sent,
            fate: Fate::Flying,
            role: copy.role,
            label,
            event: copy.event,
            event_type: copy.event_type,
            message: copy.message,
            colour: event_type.colour,
            is_again,
            order,
        });
    }

    fn begin_work(&mut self, order: usize, line: &Line, copy: &Copy, instance: InstanceId) {
        let at = self.column_of(instance);
        let mut taken: Vec<usize> = self
            .working
            .values()
            .map(|it| &self.made.bars[*it])
            .filter(|it| it.at == at)
            .map(|it| it.level)
            .collect();
        taken.sort_unstable();
        let level = taken.iter().enumerate().take_while(|(place, level)| place == *level).count();
        let name = event_name(self.model, copy.event, copy.event_type);
        let label = format!("{} handles {name}", self.model.instance_name(instance));
        self.working.insert(copy.number, self.made.bars.len());
        self.made.bars.push(Bar {
            at,
            level,
            from: line.at,
            to: None,
            event: copy.event,
            event_type: copy.event_type,
            colour: self.model.event_types[copy.event_type.index()].colour,
            label,
            order,
            end: usize::MAX,
        });
    }

    fn end_work(&mut self, order: usize, line: &Line, copy: &Copy) {
        if let Some(bar) = self.working.remove(&copy.number) {
            let bar = &mut self.made.bars[bar];
            (bar.to, bar.end) = (Some(line.at), order);
        }
    }

    fn finish(mut self, until: Time) -> Diagram {
        self.made.until = until;
        if self.is_brief {
            self.made.arrows.retain(|it| !is_housekeeping(it.role) || it.is_lost());
        }
        for arrow in &mut self.made.arrows {
            if let Fate::Lost(_, reason) = arrow.fate {
                arrow.label = format!("{} · {}", arrow.label, reason.name());
            }
        }
        // What a handler says as its last word it says while it is at work.
        let Diagram { arrows, bars, .. } = &mut self.made;
        for bar in bars.iter_mut().filter(|it| it.to.is_some()) {
            let first = arrows.partition_point(|it| it.order < bar.end);
            let last_words = arrows[first..]
                .iter()
                .take_while(|it| Some(it.sent) == bar.to)
                .filter(|it| it.from == bar.at && it.event == bar.event);
            bar.end = last_words.map(|it| it.order).max().unwrap_or(bar.end);
        }
        let still = self.down.iter().map(|(instance, (since, _))| (*instance, *since, None));
        self.downs.extend(still);
        let model = self.model;
        for (order, instance, time, text, mood) in self.meanwhile {
            let node = Node::Service(model.instances[instance.index()].0);
            if let Some(at) = self.made.column(node) {
                let at = Some(at);
                self.made.notes.push(Note { at, time, text, mood, event: None, order });
            }
        }
        for (instance, from, to) in self.downs {
            let service = model.instances[instance.index()].0;
            if let Some(at) = self.made.column(Node::Service(service)) {
                let is_all = model.services[service.index()].instances == 1;
                self.made.downs.push(Down { at, is_all, from, to });
            }
        }
        self.made.notes.sort_by_key(|it| it.order);
        self.made
    }
}

/// `2nd time`, `3rd time`, `11th time`.
#[must_use]
pub fn times(count: u16) -> String {
    let ending = match (count % 10, count % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{count}{ending} time")
}
