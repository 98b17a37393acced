//! The matrix: what consumer strategies are good for. The same run again and again, each time with
//! another strategy and another thing done to the messages; each cell is what was then measured.

use std::sync::Arc;

use crate::history::{Place, Runs, Walk};
use crate::model::{
    Act, Deed, Distribution, EventTypeId, FaultKind, FieldDraw, FieldKind, Idempotence,
    Intervention, LinkId, Memory, Model, Node, Reorder, Role, Script, ServiceId, Setting, Span,
    StoreId, Strategy, Time, TopicId, Window,
};

use super::meter::Part;
use super::survey::Survey;

/// A consumer whose projections a matrix is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// Who consumes.
    pub service: ServiceId,
    /// From where.
    pub topic: TopicId,
    /// Its projections of that topic.
    pub stores: Vec<StoreId>,
}

/// The consumers of a model that have a projection of what they consume.
#[must_use]
pub fn consumers(model: &Model) -> Vec<Consumer> {
    let mut found = Vec::new();
    for (index, service) in model.services.iter().enumerate() {
        for consume in &service.consumes {
            let own = service.stores.iter().copied();
            let is_of =
                |it: &StoreId| model.stores[it.index()].projection_of == Some(consume.topic);
            let stores: Vec<StoreId> = own.filter(is_of).collect();
            if !stores.is_empty() {
                let service = ServiceId::from_index(index);
                found.push(Consumer { service, topic: consume.topic, stores });
            }
        }
    }
    found
}

/// A row: a strategy, and what it is called.
pub type Way = (&'static str, Strategy);

/// The strategies that a consumer can be given: those that need a number in each event (versions,
/// order) only where each type that it handles has a `Sequence`.
#[must_use]
pub fn ways(model: &Model, consumer: &Consumer) -> Vec<Way> {
    let memory =
        |memory| Some(Idempotence { window: Window::Age(Span::from_secs(7 * 24 * 3600)), memory });
    let with = |it| Strategy { idempotence: memory(it), ..Strategy::default() };
    let mut ways = vec![
        ("naive", Strategy::default()),
        ("idempotent, in memory", with(Memory::Volatile)),
        ("idempotent, durable", with(Memory::Durable)),
        ("inbox", with(Memory::WithEffects)),
    ];
    if let Some(numbers) = numbers(model, consumer) {
        // A number counts all that one producer makes: it is of each key only where there is none.
        let versions = Strategy { versions: numbers.clone(), ..Strategy::default() };
        ways.push(("version-checked", versions));
        let has_keys = numbers.iter().any(|it| model.event_types[it.0.index()].key.is_some());
        let is_alone = model.services.iter().filter(|it| publishes(model, it, consumer.topic));
        if !has_keys && is_alone.count() == 1 {
            let timeout = Some(Span::from_secs(2));
            let reorder = Some(Reorder { by: numbers, timeout });
            ways.push(("reorder, inbox", Strategy { reorder, ..with(Memory::WithEffects) }));
        }
    }
    ways
}

fn publishes(model: &Model, service: &crate::model::Service, topic: TopicId) -> bool {
    let mut found = false;
    for handler in &service.handlers {
        crate::model::handler::walk_steps(&model.handlers[handler.index()].steps, &mut |step| {
            found |= matches!(step, crate::model::Step::Publish { topic: to, .. } if *to == topic);
        });
    }
    found
}

/// For each type of event that a consumer handles, the field that numbers it.
fn numbers(model: &Model, consumer: &Consumer) -> Option<Vec<(EventTypeId, usize)>> {
    let consumes = &model.services[consumer.service.index()].consumes;
    let group = consumes.iter().find(|it| it.topic == consumer.topic)?.group;
    let mut numbers = Vec::new();
    for handler in &model.handlers {
        let crate::model::Trigger::Event(of, event) = handler.trigger else { continue };
        if of != group || handler.service != consumer.service {
            continue;
        }
        let fields = model.event_types[event.index()].fields.iter();
        let place = fields.clone().position(|it| {
            matches!(it.draw, FieldDraw::Sequence(_)) && it.kind == FieldKind::Text
        })?;
        numbers.push((event, place));
    }
    (!numbers.is_empty()).then_some(numbers)
}

/// What is done to the messages of a consumer: a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// Nothing.
    None,
    /// One delivery in five comes twice.
    Duplicate,
    /// Deliveries take half a second longer, in their order.
    Delay,
    /// Each delivery takes up to a second longer, so that they overtake one another.
    Reorder,
    /// Deliveries are lost on the link, one at a time.
    Drop,
    /// What the consumer says of deliveries is lost, one at a time.
    LostAck,
    /// The consumer crashes, and starts again a second later.
    Crash,
}

impl Harm {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Duplicate,
        Self::Delay,
        Self::Reorder,
        Self::Drop,
        Self::LostAck,
        Self::Crash,
    ];

    /// In a word or two.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Duplicate => "duplicate",
            Self::Delay => "delay",
            Self::Reorder => "re-order",
            Self::Drop => "drop",
            Self::LostAck => "lost ack",
            Self::Crash => "crash",
        }
    }

    /// What was done while a consumer worked, so many times, to be said after "where".
    #[must_use]
    pub fn in_words(self, consumer: &str, times: usize) -> String {
        let s = if times == 1 { "" } else { "s" };
        let half = "through half of the run";
        match self {
            Self::None => "nothing was done to them".to_owned(),
            Self::Duplicate => format!("one delivery in five came twice {half}"),
            Self::Delay => format!("deliveries took half a second longer {half}"),
            Self::Reorder => format!("each delivery took up to a second longer {half}"),
            Self::Drop if times == 1 => "one delivery was lost".to_owned(),
            Self::Drop => format!("{times} deliveries were lost"),
            Self::LostAck if times == 1 => {
                format!("what {consumer} said of one delivery was lost")
            }
            Self::LostAck => format!("what {consumer} said of {times} deliveries was lost"),
            Self::Crash => format!("{consumer} crashed {times} time{s}"),
        }
    }
}

/// How often something is done to a single message, or a crash happens.
pub const TIMES: u64 = 12;

/// How often a consumer crashes.
const CRASHES: u64 = 3;

/// The script of a cell. It is done in the second and third quarter of the run; single messages
/// are looked for in the run itself, in which all that was done before is done already.
#[must_use]
pub fn script(
    runs: &mut Runs,
    model: &Model,
    end: Time,
    consumer: &Consumer,
    strategy: &Strategy,
    harm: Harm,
) -> Script {
    let (service, topic) = (consumer.service, consumer.topic);
    let strategy = strategy.clone();
    let set = Act::Set(Setting::Strategy { service, topic, strategy });
    let mut script = vec![Intervention { at: Time::ZERO, act: set }];
    let quarter = Span(end.0 / 4);
    let from = Time::ZERO + quarter;
    let links: Vec<LinkId> =
        model.link_between(Node::Topic(topic), Node::Service(service)).into_iter().collect();
    let lasts = Some(quarter * 2);
    let kind = match harm {
        Harm::None => return script.into(),
        Harm::Duplicate => FaultKind::Duplicate { links, probability: 0.2 },
        Harm::Delay => {
            FaultKind::Delay { links, extra: Distribution::Constant(5e8), reorder: false }
        }
        Harm::Reorder => {
            let extra = Distribution::Uniform { low: 0.0, high: 1e9 };
            FaultKind::Delay { links, extra, reorder: true }
        }
        Harm::Crash => {
            for time in 0..CRASHES {
                let at = from + Span(quarter.0 * 2 / CRASHES * time);
                let kind = FaultKind::Crash { service, instance: None };
                let act = Act::Break { kind, lasts: Some(Span::SECOND) };
                script.push(Intervention { at, act });
            }
            return script.into();
        }
        Harm::Drop | Harm::LostAck => {
            let deed = if harm == Harm::Drop { Deed::Drop } else { Deed::LoseAnswer };
            for time in 0..TIMES {
                let at = from + Span(quarter.0 * 2 / TIMES * time);
                script.extend(to_a_delivery(runs, &script, at, end, links.first().copied(), deed));
            }
            return script.into();
        }
    };
    script.push(Intervention { at: from, act: Act::Break { kind, lasts } });
    script.into()
}

/// Does something to the first delivery that is on this link at an instant or after it.
fn to_a_delivery(
    runs: &mut Runs,
    script: &[Intervention],
    at: Time,
    end: Time,
    link: Option<LinkId>,
    deed: Deed,
) -> Option<Intervention> {
    let so_far: Script = script.into();
    let mut walk: Walk = runs.walk(&so_far, at);
    walk.go_to(at);
    loop {
        let scene = &walk.moment().scene;
        let is_it = |it: &crate::history::SceneMessage| {
            it.role == Role::Delivery && it.link == link && it.place == Place::Link
        };
        if let Some((id, _)) = scene.alive().find(|(_, it)| is_it(it)) {
            let copy = scene.copy_ref(id)?;
            let at = scene.at.max(at);
            let is_last = script.last().is_none_or(|it| it.at <= at);
            return is_last.then_some(Intervention { at, act: Act::Message { copy, deed } });
        }
        // All that happens at an instant happens before what is done then.
        let next = walk.next_at().filter(|it| *it <= end)?;
        while walk.next_at() == Some(next) && walk.step(end, |_, _| {}) {}
    }
}

/// The survey of a cell.
#[must_use]
pub fn survey(script: Script, end: Time) -> Survey {
    Survey::new(script, end, vec![Part { from: Time::ZERO, until: end, buckets: 1 }])
}

/// A model for a matrix: its own faults are left out, so that what is done is all that is done.
#[must_use]
pub fn without_faults(model: &Model) -> Arc<Model> {
    let mut model = model.clone();
    model.faults.clear();
    Arc::new(model)
}
