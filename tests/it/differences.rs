//! The first difference: where two futures part in what can be observed, and nothing said of what
//! is the same in both.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use inflight::history::difference::{DifferenceOf, parted_at};
use inflight::history::{Course, Differences, Moment, Runs, SceneMessage, work_out};
use inflight::model::{
    Act, Deed, Intervention, Model, Node, Record, Role, Script, ServiceId, Time, What,
};
use inflight::scenario::{self, library};
use inflight::sim::World;
use inflight::view::difference::describe;

use crate::futures::script;
use crate::generate::{self, Lots};
use crate::swarm::each_seed;

const END: Time = Time(generate::CALM as u64 * 1_000_000_000);

fn compare(model: &Arc<Model>, seed: u64, a: &Script, b: &Script, until: Time) -> Differences {
    let mut runs = Runs::new(model.clone(), seed, 4 << 20);
    work_out(DifferenceOf::new(a.clone(), b.clone(), until), &mut runs)
}

/// What happened to each node at each instant, as sorted lines without the names that shift.
type History = BTreeMap<(String, Time), Vec<String>>;

fn history(model: &Arc<Model>, seed: u64, script: &Script) -> History {
    let mut history = History::new();
    let mut moment = Moment::new(World::new(model.clone(), seed));
    let mut copies: BTreeMap<u32, (u64, SceneMessage)> = BTreeMap::new();
    let mut lineages: BTreeMap<inflight::model::EventId, u64> = BTreeMap::new();
    let course = Course::from(Script::clone(script));
    while moment.next_at(&course).is_some_and(|next| next <= END) {
        let mut records: Vec<(Record, Option<SceneMessage>)> = Vec::new();
        moment.step(&course, |record, scene, _| {
            let born = match record.what {
                What::Arrived { message, .. }
                | What::Sent { message, .. }
                | What::Retried { message, .. }
                | What::AckForgotten { message, .. } => scene.message(message).copied(),
                _ => None,
            };
            records.push((*record, born));
        });
        for (record, born) in records {
            let text = format!("{:?}", record.what);
            let id = number_after(&text, "message: MessageId(").map(|it| it as u32);
            if let (Some(born), Some(id)) = (born, id) {
                let event = moment.world.event_of(inflight::model::MessageId(id));
                let is_it = event.id == born.event;
                // One that ended at once has left its place to another. What is about no event
                // has no name to remember it by.
                let known = lineages.get(&born.event).copied().unwrap_or(0);
                let lineage = match born.role {
                    Role::Fetch => 0,
                    _ if is_it => event.lineage,
                    _ => known,
                };
                if is_it && event.id.count() > 0 {
                    lineages.insert(event.id, lineage);
                }
                copies.insert(id, (lineage, born));
            }
            let copy = id.and_then(|id| copies.get(&id));
            let of = Arc::clone(moment.world.model());
            let Some(node) = whose(&of, record.what, copy.map(|it| &it.1)) else { continue };
            let mut line = without(&without(&text, "message: MessageId("), "event: EventId(");
            if let Some((lineage, it)) = copy {
                let SceneMessage { event_type, role, link, attempt, .. } = it;
                write!(line, " {lineage:x} {event_type:?} {role:?} {link:?} {attempt}").unwrap();
            }
            history.entry((node, record.at)).or_default().push(line);
        }
    }
    for lines in history.values_mut() {
        lines.sort();
    }
    history
}

fn number_after(text: &str, name: &str) -> Option<u64> {
    let from = text.find(name)? + name.len();
    text[from..].split(')').next()?.parse().ok()
}

fn without(text: &str, name: &str) -> String {
    let Some(from) = text.find(name) else { return text.to_owned() };
    let upto = from + text[from..].find(')').unwrap() + 1;
    format!("{}{}", &text[..from], &text[upto..])
}

/// Whose history a record is part of, from how it is written.
fn whose(model: &Model, what: What, copy: Option<&SceneMessage>) -> Option<String> {
    let text = format!("{what:?}");
    let number = |name: &str| number_after(&text, name).map(|it| it as usize);
    let node = |it: Node| Some(model.node_name(it).to_owned());
    match what {
        What::FaultBegan { .. } | What::FaultEnded { .. } | What::Intervened { .. } => None,
        What::Sent { link, .. } => node(model.links[link.index()].from),
        What::Rescheduled { .. } => node(model.links[copy?.link?.index()].from),
        What::Received { .. } | What::Dropped { .. } => match copy?.link {
            Some(link) => node(model.links[link.index()].to),
            None => node(Node::Service(copy?.event.producer())),
        },
        _ => {
            if let Some(it) = number("topic: TopicId(") {
                return Some(model.topics[it].name.clone());
            }
            if let Some(it) = number("group: GroupId(") {
                return node(Node::Topic(model.groups[it].topic));
            }
            if let Some(it) = number("store: StoreId(") {
                return node(Node::Service(model.stores[it].service));
            }
            if let Some(it) = number("outbox: OutboxId(") {
                let of = |service: &inflight::model::Service| {
                    service.outboxes.iter().any(|outbox| outbox.index() == it)
                };
                let service = model.services.iter().position(of)?;
                return node(Node::Service(ServiceId::from_index(service)));
            }
            let instance = number("instance: InstanceId(")?;
            node(Node::Service(model.instances[instance].0))
        }
    }
}

#[test]
fn the_first_difference_is_what_comparing_all_of_both_finds() {
    each_seed(60, |seed, model| {
        let mut lots = Lots::new(seed ^ 0xd1);
        let first = script(&mut lots, &model, seed, 3);
        let second = script(&mut lots, &model, seed, 3);
        for (a, b) in [(&first, &Script::default()), (&first, &second)] {
            let found = compare(&model, seed, a, b, END);
            let [before, after] = [a, b].map(|it| history(&model, seed, it));
            let mut expected: BTreeMap<String, Time> = BTreeMap::new();
            for (key, lines) in before.iter().chain(&after) {
                if before.get(key) != after.get(key) && !lines.is_empty() {
                    let at = expected.entry(key.0.clone()).or_insert(key.1);
                    *at = (*at).min(key.1);
                }
            }
            assert!(found.parts.iter().all(|it| found.parted.is_some_and(|at| at <= it.at)));
            assert!(found.parts.is_sorted_by_key(|it| it.at));
            for part in &found.parts {
                // Of what is said without a message, the plain comparison leaves the event out.
                let is_of_event = [&part.only_a, &part.only_b].into_iter().flatten().any(|it| {
                    matches!(
                        it.record.what,
                        What::Unconfirmed { .. }
                            | What::Outboxed { .. }
                            | What::Relayed { .. }
                            | What::Anomaly { .. }
                    )
                });
                let name = model.node_name(part.node);
                if !is_of_event {
                    assert_eq!(Some(&part.at), expected.get(name), "{name}: {part:?}");
                }
                expected.remove(name);
            }
            assert_eq!(expected, BTreeMap::new(), "not found");
        }
    });
}

#[test]
fn equal_futures_do_not_differ() {
    each_seed(60, |seed, model| {
        let mut lots = Lots::new(seed ^ 0xd2);
        let one = script(&mut lots, &model, seed, 3);
        let found = compare(&model, seed, &one, &one.to_vec().into(), END);
        assert_eq!((found.parted, found.parts.len()), (None, 0));
        assert_eq!(found.until, END);
        // Something is done to what is not there: the same happens.
        let mut more = one.to_vec();
        let copy = inflight::model::CopyRef {
            event: inflight::model::EventId(u64::MAX),
            event_type: inflight::model::EventTypeId(0),
            role: Role::Ack,
            link: None,
            attempt: 9,
            number: 0,
        };
        more.push(Intervention { at: END, act: Act::Message { copy, deed: Deed::Drop } });
        let more: Script = more.into();
        let found = compare(&model, seed, &one, &more, END);
        assert_eq!(found.parted, parted_at(&one, &more));
        assert_eq!(found.parts, Vec::new());
    });
}

#[test]
fn a_duplicate_and_what_comes_of_it() {
    let entry = library::find("delivery/lost_ack").unwrap();
    let scenario = scenario::read(entry.text, entry.path).unwrap();
    let model = scenario.variants[0].model.clone();
    let mut moment = Moment::new(World::new(model.clone(), model.seed));
    let none = Script::default();
    let copy = loop {
        assert!(moment.step(&none.clone().into(), |_, _, _| {}));
        let mut alive = moment.scene.alive();
        let found = alive.find(|(_, it)| it.role == Role::Delivery);
        if let Some((id, _)) = found {
            break moment.scene.copy_ref(id).unwrap();
        }
    };
    let act = Act::Message { copy, deed: Deed::Duplicate };
    let twice: Script = Script::from([Intervention { at: moment.world.now(), act }]);
    let found = compare(&model, model.seed, &twice, &none, model.end.unwrap());
    let view = describe(&model, &found, &["what-if 1".to_owned(), "main".to_owned()]);
    let mut drawing = format!("{} and {}: {}\n", view.names[0], view.names[1], view.summary);
    for part in &view.parts {
        writeln!(drawing, "{:.3} {}", part.at, part.name).unwrap();
        for line in &part.lines {
            writeln!(drawing, "    {:.3} {}", line.at, line.text).unwrap();
        }
    }
    insta::assert_snapshot!(drawing, @"
    what-if 1 and main: compared up to 60.000 s
    0.104 s payments.completed
        0.104 s only in what-if 1: PaymentCompleted #2 sets out for ledger, to be there at 0.174 s
        0.104 s deliveries since then: 271 in what-if 1, 270 in main
    0.174 s ledger
        0.174 s only in what-if 1: PaymentCompleted #2 is taken up
        0.297 s anomalies since then: 22 in what-if 1, 21 in main
        0.297 s all balances: 14433.46 € in what-if 1, 14372.03 € in main
        0.497 s handlers done since then: 268 in what-if 1, 267 in main
    ");
}
