//! Finding: what a search finds, and where a jump goes, is what reading every record would give.

use std::collections::BTreeMap;
use std::sync::Arc;

use inflight::app::palette::query;
use inflight::history::{
    Condition, Hits, Jump, MOST_HITS, Runs, Scene, Search, Stretch, Subject, work_out,
};
use inflight::model::{
    Event, EventId, EventTypeId, LinkId, Model, Node, Record, Script, ServiceId, Span, Time,
    TopicId, Value, What,
};
use inflight::scenario::{self, library};
use inflight::sim::World;

use crate::generate::{self, Lots};
use crate::swarm::each_seed;

/// A run in full: every record with the scene before it, and what each event carries.
struct Whole {
    records: Vec<Record>,
    events: BTreeMap<EventId, Event>,
    /// When a record first tells of an event.
    first: Vec<(EventId, EventTypeId, Time)>,
}

fn whole(model: &Arc<Model>, seed: u64, until: Time) -> Whole {
    let mut world = World::new(model.clone(), seed);
    let mut whole = Whole { records: Vec::new(), events: BTreeMap::new(), first: Vec::new() };
    while world.next_at().is_some_and(|next| next <= until) {
        let before = whole.records.len();
        world.step(&mut |it: &Record| whole.records.push(*it));
        for record in &whole.records[before..] {
            let (event, event_type, message) = match record.what {
                What::Arrived { event, event_type, message, .. }
                | What::Sent { event, event_type, message, .. } => {
                    (event, event_type, Some(message))
                }
                What::Outboxed { event, event_type, .. } => (event, event_type, None),
                _ => continue,
            };
            if event.count() == 0 {
                continue;
            }
            if whole.first.iter().all(|it| it.0 != event) {
                whole.first.push((event, event_type, record.at));
            }
            if let Some(message) = message {
                whole.events.entry(event).or_insert(*world.event_of(message));
            }
        }
    }
    whole
}

fn found(model: &Arc<Model>, seed: u64, until: Time, conditions: Vec<Condition>) -> Hits {
    let mut runs = Runs::new(model.clone(), seed, 1 << 20);
    let stretch = Stretch { script: Script::default(), from: Time::ZERO, until };
    work_out(Search::new(conditions, stretch), &mut runs)
}

/// Questions that an event of the run is an answer to, in words.
fn questions(model: &Model, event: &Event, lots: &mut Lots) -> Vec<String> {
    let of_type = &model.event_types[event.event_type.index()];
    let producer = &model.services[event.id.producer().index()].name;
    let mut questions = vec![
        format!("{producer}/{}", event.id.count()),
        event.id.to_string(),
        format!("type={}", of_type.name),
        of_type.name.to_lowercase(),
        format!("producer={producer} type~{}", &of_type.name[..1]),
    ];
    if !of_type.fields.is_empty() {
        let place = lots.within(0, u32::try_from(of_type.fields.len()).unwrap() - 1) as usize;
        let field = &of_type.fields[place];
        let value = Value::from_bits(field.kind, event.fields[place]);
        let text = model.value_text(value);
        match value {
            Value::Int(_) | Value::Float(_) => {
                questions.push(format!("{}>={}", field.name, value.as_f64()));
                questions.push(format!("{} < {}", field.name, value.as_f64() + 1.0));
            }
            Value::Bool(_) => questions.push(format!("{}={text}", field.name)),
            Value::Text(_) => {
                questions.push(format!("{}={text}", field.name));
                questions.push(format!("{}~\"{text}\"", field.name));
                questions.push(text);
            }
        }
    }
    questions
}

#[test]
fn a_search_finds_what_reading_every_record_would() {
    let until = Time::from_secs_f64(f64::from(generate::CALM));
    let answered = std::cell::Cell::new(0);
    each_seed(60, |seed, model| {
        let whole = whole(&model, seed, until);
        let mut lots = Lots::new(seed ^ 0x5ea);
        let Some(place) = whole.events.len().checked_sub(1) else { return };
        let place = lots.within(0, u32::try_from(place).unwrap()) as usize;
        let event = *whole.events.values().nth(place).unwrap();
        for question in questions(&model, &event, &mut lots) {
            let query = query::read(&question, &model);
            let Some(conditions) = query.conditions else {
                assert!(question.len() < 2, "{question}: {:?}", query.problem);
                continue;
            };
            let hits = found(&model, seed, until, conditions.clone());
            let needs_no_contents =
                |it: &Condition| !matches!(it, Condition::Field(_) | Condition::Word(_));
            let answers = |id: EventId, of: EventTypeId| match whole.events.get(&id) {
                Some(event) => conditions.iter().all(|it| it.holds(event, &model)),
                // It never left its outbox: nobody has seen what it carries.
                None => conditions.iter().all(|it| needs_no_contents(it) && it.may_hold(id, of)),
            };
            let expected = whole.first.iter().filter(|(id, of, _)| answers(*id, *of));
            let mut expected: Vec<_> = expected.map(|(id, _, at)| (*id, *at)).collect();
            let is_cut = expected.len() > MOST_HITS;
            assert_eq!(hits.is_cut, is_cut, "{question} in {seed}");
            let mut list: Vec<_> = hits.list.iter().map(|it| (it.id, it.at)).collect();
            if is_cut {
                list.retain(|it| !expected.contains(it));
                assert!(list.is_empty(), "{question} in {seed}");
            } else {
                list.sort_unstable();
                expected.sort_unstable();
                assert_eq!(list, expected, "{question} in {seed}");
            }
            answered.set(answered.get() + 1);
        }
    });
    assert!(answered.get() > 100);
}

/// Every instant at which a record is about the subject, read off the scene before each.
fn instants(model: &Arc<Model>, records: &[Record], subject: Subject) -> Vec<Time> {
    let mut scene = Scene::new(model);
    let mut found = Vec::new();
    let instance = |it: inflight::model::InstanceId| Node::Service(model.instances[it.index()].0);
    for record in records {
        let told = format!("{:?}", record.what);
        let message = number(&told, "message: MessageId(").map(|it| {
            let before = scene.messages.get(it as usize).copied().flatten();
            scene.apply(record, model);
            let after = scene.messages.get(it as usize).copied().flatten();
            let is_new = matches!(
                record.what,
                What::Arrived { .. }
                    | What::Retried { .. }
                    | What::Sent { .. }
                    | What::AckForgotten { .. }
            );
            (if is_new { after } else { before }, before)
        });
        if message.is_none() {
            scene.apply(record, model);
        }
        let (it, before) = message.unwrap_or((None, None));
        let holds = match subject {
            Subject::Anomalies => told.starts_with("Anomaly"),
            Subject::Event(id) => {
                number(&told, "event: EventId(").or(it.map(|it| it.event.0)) == Some(id.0)
            }
            Subject::Link(link) => match record.what {
                What::Sent { link: on, .. } => on == link,
                What::FaultBegan { fault } | What::FaultEnded { fault } => {
                    let kind = format!("{:?}", model.faults[fault.index()].kind);
                    kind.contains(&format!("{link:?}"))
                }
                _ => before.is_some_and(|it| {
                    it.link == Some(link) && it.place == inflight::history::Place::Link
                }),
            },
            Subject::Service(_) | Subject::Topic(_) => {
                let node = match subject {
                    Subject::Service(it) => Node::Service(it),
                    Subject::Topic(it) => Node::Topic(it),
                    _ => unreachable!(),
                };
                nodes(model, record, &told, before.and_then(|it| it.link), &instance)
                    .contains(&node)
            }
        };
        if holds && found.last() != Some(&record.at) {
            found.push(record.at);
        }
    }
    found
}

/// The number behind a word in what a record says.
fn number(told: &str, word: &str) -> Option<u64> {
    let rest = &told[told.find(word)? + word.len()..];
    rest[..rest.find(')')?].parse().ok()
}

/// The nodes at which a record happens.
fn nodes(
    model: &Model,
    record: &Record,
    told: &str,
    came_by: Option<LinkId>,
    instance: &dyn Fn(inflight::model::InstanceId) -> Node,
) -> Vec<Node> {
    let mut nodes = Vec::new();
    let is_lease = told.starts_with("Leased");
    if let Some(it) = number(told, "InstanceId(").filter(|_| !is_lease) {
        nodes.push(instance(inflight::model::InstanceId(u32::try_from(it).unwrap())));
    }
    let topic = |it: u64| Node::Topic(TopicId(u16::try_from(it).unwrap()));
    nodes.extend(number(told, "topic: TopicId(").map(topic));
    if let Some(it) = number(told, "group: GroupId(") {
        nodes.push(Node::Topic(model.groups[usize::try_from(it).unwrap()].topic));
    }
    if let Some(it) = number(told, "outbox: OutboxId(") {
        nodes.push(Node::Service(model.outboxes[usize::try_from(it).unwrap()].service));
    }
    match record.what {
        What::Sent { link, .. } => nodes.push(model.links[link.index()].from),
        What::Received { .. } | What::Dropped { .. } => {
            nodes.extend(came_by.map(|it| model.links[it.index()].to));
        }
        What::Stored { store, .. } | What::Anomaly { store, .. } => {
            nodes.push(Node::Service(model.stores[store.index()].service));
        }
        What::FaultBegan { fault } | What::FaultEnded { fault } => {
            let kind = format!("{:?}", model.faults[fault.index()].kind);
            let service = number(&kind, "service: ServiceId(");
            nodes.extend(service.map(|it| Node::Service(ServiceId(u16::try_from(it).unwrap()))));
            nodes.extend(number(&kind, "topic: TopicId(").map(topic));
            if let Some(it) = number(&kind, "group: GroupId(") {
                nodes.push(Node::Topic(model.groups[usize::try_from(it).unwrap()].topic));
            }
        }
        _ => {}
    }
    nodes
}

/// Jumps from many places both ways, and compares.
fn jumps_agree(model: &Arc<Model>, seed: u64, until: Time, lots: &mut Lots) {
    let Whole { records, events, .. } = whole(model, seed, until);
    if records.is_empty() {
        return;
    }
    let among = |lots: &mut Lots, count: usize| {
        lots.within(0, u32::try_from(count).unwrap().saturating_sub(1)) as usize
    };
    let mut subjects = vec![Subject::Anomalies];
    if !events.is_empty() {
        let place = among(lots, events.len());
        subjects.push(Subject::Event(*events.keys().nth(place).unwrap()));
    }
    subjects.push(Subject::Service(ServiceId::from_index(among(lots, model.services.len()))));
    if !model.topics.is_empty() {
        subjects.push(Subject::Topic(TopicId::from_index(among(lots, model.topics.len()))));
    }
    if !model.links.is_empty() {
        subjects.push(Subject::Link(LinkId::from_index(among(lots, model.links.len()))));
    }
    let mut runs = Runs::new(model.clone(), seed, 1 << 20);
    // So that there are moments to begin at.
    while runs.get(&Script::default()).extend(until, 1000) {}
    for subject in subjects {
        let instants = instants(model, &records, subject);
        for _ in 0..4 {
            let at = records[among(lots, records.len())].at;
            let stretch = |from, until| Stretch { script: Script::default(), from, until };
            let next = instants.iter().find(|it| **it > at).copied();
            let on = Jump::forwards(subject, stretch(at + Span(1), until));
            assert_eq!(work_out(on, &mut runs), next, "{subject:?} after {at:?} in {seed}");
            if at > Time::ZERO {
                let last = instants.iter().rfind(|it| **it < at).copied();
                let back = Jump::backwards(subject, stretch(Time::ZERO, at.back(Span(1))));
                assert_eq!(work_out(back, &mut runs), last, "{subject:?} before {at:?} in {seed}");
            }
        }
    }
}

#[test]
fn a_jump_goes_where_reading_every_record_would() {
    let until = Time::from_secs_f64(f64::from(generate::CALM));
    each_seed(60, |seed, model| {
        jumps_agree(&model, seed, until, &mut Lots::new(seed ^ 0x0a11));
    });
    for entry in library::entries() {
        for variant in scenario::read(entry.text, entry.path).unwrap().variants {
            let until = Time::from_secs_f64(30.0);
            jumps_agree(&variant.model, 7, until, &mut Lots::new(7));
        }
    }
}

/// What is said of what was typed about the scenario of the doubled balance.
fn said(text: &str) -> String {
    let entry = library::find("lost_ack").unwrap();
    let scenario = scenario::read(entry.text, entry.path).unwrap();
    let query = query::read(text, &scenario.variants[0].model);
    match (query.problem, query.conditions) {
        (Some(problem), _) => problem,
        (None, None) => "asks nothing".to_owned(),
        (None, Some(conditions)) => {
            let count = conditions.len();
            format!("{count} condition{}", if count == 1 { "" } else { "s" })
        }
    }
}

#[test]
fn what_cannot_be_asked_is_told_why() {
    let texts = [
        "",
        "p",
        "#12",
        "payments/12",
        "customer=c-7 type~payment",
        "\"two words\" more",
        "cents > 5000",
        "key=c-7",
        "#twelve",
        "payment/12",
        "delivery/lost_ack",
        "cent>50",
        "cents>",
        ">50",
        "cents>fifty",
        "customer<c-7",
        "type=PaymentCompletd",
        "type>PaymentCompleted",
        "producer=nobody",
    ];
    let told: Vec<_> = texts.iter().map(|it| format!("{it:<28}{}", said(it))).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
                                asks nothing
    p                           asks nothing
    #12                         1 condition
    payments/12                 2 conditions
    customer=c-7 type~payment   2 conditions
    "two words" more            2 conditions
    cents > 5000                1 condition
    key=c-7                     1 condition
    #twelve                     The number of an event belongs behind #, as in #12.
    payment/12                  No service is named payment. Is it payments?
    delivery/lost_ack           1 condition
    cent>50                     No event has a field named cent. Is it cents?
    cents>                      Nothing stands behind cents>: what should it be?
    >50                         The name of a field belongs before >.
    cents>fifty                 cents is a number, and fifty is none.
    customer<c-7                customer is no number: it can be asked with =, != or ~, not <.
    type=PaymentCompletd        No type of event is named PaymentCompletd. Is it PaymentCompleted?
    type>PaymentCompleted       A type can be asked with =, != or ~.
    producer=nobody             No service is named nobody.
    "#);
}
