//! Futures: what a person does to a run is part of it, and of nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use inflight::history::{Budget, Course, Moment, Run, Runs, Scene};
use inflight::model::{
    Act, Arrivals, Deed, Distribution, EventId, EventTypeId, FaultId, FaultKind, FieldDraw,
    Intervention, LinkId, Model, Record, Role, Script, ServiceId, Setting, Span, Strike, Time,
    TopicId, TopicKind, Value, What,
};
use inflight::sim::World;

use crate::attics::Counted;
use crate::generate::{self, Lots};
use crate::swarm::each_seed;

const END: Time = Time(generate::CALM as u64 * 1_000_000_000);

/// Something that can be done to a copy that is alive, or to something of the model.
fn act(lots: &mut Lots, model: &Model, moment: &Moment) -> Act {
    if lots.chance(25) {
        return other(lots, model);
    }
    let alive: Vec<_> = moment.scene.alive().map(|(id, _)| id).collect();
    if alive.is_empty() || lots.chance(25) {
        let kind = fault(lots, model);
        if lots.chance(30) {
            return Act::Mend(kind);
        }
        return Act::Break { kind, lasts: Some(Span(u64::from(lots.next() as u32))) };
    }
    let id = alive[lots.within(0, alive.len() as u32 - 1) as usize];
    let copy = moment.scene.copy_ref(id).unwrap();
    Act::Message { copy, deed: deed(lots) }
}

fn deed(lots: &mut Lots) -> Deed {
    match lots.within(0, 6) {
        0 => Deed::Duplicate,
        1 => Deed::Delay(Span(u64::from(lots.within(0, 2_000_000_000)))),
        2 => Deed::Drop,
        3 => Deed::Swap,
        4 => Deed::LoseAnswer,
        5 => Deed::Bury,
        _ => Deed::Edit { field: lots.within(0, 2) as u8, value: Value::Int(7) },
    }
}

/// Something that can be set otherwise, or done to a topic or a service.
fn other(lots: &mut Lots, model: &Model) -> Act {
    let mut of = |count: usize| lots.within(0, count as u32 - 1) as usize;
    let service = ServiceId::from_index(of(model.services.len()));
    let links = vec![LinkId::from_index(of(model.links.len()))];
    let topic = TopicId::from_index(of(model.topics.len().max(1)));
    // Mostly of what is consumed; sometimes of what is not.
    let consumers: Vec<_> = (model.services.iter().enumerate())
        .flat_map(|(it, of)| of.consumes.iter().map(move |consume| (it, consume)))
        .collect();
    let consume = (!consumers.is_empty()).then(|| consumers[of(consumers.len())]);
    // Sometimes one that the schedule does not have.
    let fault = FaultId::from_index(of(model.faults.len() + 2));
    Act::Set(match (of(11), consume) {
        (10, _) => return Act::Omit { fault },
        (9, _) => Setting::Instances { service, instances: of(6) as u32 },
        (0, _) => Setting::Workers { service, workers: [None, Some(0), Some(1), Some(7)][of(4)] },
        (1 | 2, Some((service, consume))) => Setting::Strategy {
            service: ServiceId::from_index(service),
            topic: consume.topic,
            // Another consumer's, or none.
            strategy: match of(2) {
                0 => consumers[of(consumers.len())].1.strategy.clone(),
                _ => inflight::model::Strategy::default(),
            },
        },
        (3, Some((service, consume))) => Setting::Prefetch {
            service: ServiceId::from_index(service),
            topic: consume.topic,
            prefetch: of(9) as u32,
        },
        (4, _) => Setting::AckWait { topic, wait: [None, Some(Span::SECOND)][of(2)] },
        (5, _) => Setting::MaxDeliveries { topic, most: [None, Some(2)][of(2)] },
        (6, _) => Setting::Latency { links, latency: Distribution::Constant(2e7) },
        (7, _) => Setting::Clock { service, ahead: -3_000_000_000 },
        (8, _) if of(2) == 0 => return Act::Purge { topic },
        _ => return Act::FailNext { service, count: of(5) as u32 },
    })
}

fn fault(lots: &mut Lots, model: &Model) -> FaultKind {
    if lots.chance(25) {
        let mut of = |count: usize| lots.within(0, count as u32 - 1) as usize;
        let link = LinkId::from_index(of(model.links.len()));
        let event_type = EventTypeId::from_index(of(model.event_types.len()));
        let nth = of(4) as u32 + 1;
        return FaultKind::Strike(Strike { link, event_type, nth, deed: deed(lots) });
    }
    let mut of = |count: usize| lots.within(0, count as u32 - 1) as usize;
    let service = ServiceId::from_index(of(model.services.len()));
    let links = vec![LinkId::from_index(of(model.links.len()))];
    let topic = (!model.topics.is_empty()).then(|| TopicId::from_index(of(model.topics.len())));
    match (of(8), topic) {
        (0, _) => FaultKind::Crash { service, instance: None },
        (1, _) => FaultKind::Slow { service, factor: 3.0 },
        (2, _) => FaultKind::Cut { links, hold: true },
        (3, _) => FaultKind::Cut { links, hold: false },
        (4, Some(topic)) => FaultKind::Outage { topic, forgets: Span::ZERO },
        (5, _) => FaultKind::Loss { links, probability: 0.5 },
        (6, Some(topic)) if matches!(model.topics[topic.index()].kind, TopicKind::Log(_)) => {
            FaultKind::LeaderLoss { topic }
        }
        (7, _) => FaultKind::Duplicate { links, probability: 0.5 },
        _ => FaultKind::Delay { links, extra: Distribution::Constant(5e7), reorder: true },
    }
}

/// A few things that are done to a run while it goes on.
pub fn script(lots: &mut Lots, model: &Arc<Model>, seed: u64, most: u32) -> Script {
    let mut script: Vec<Intervention> = Vec::new();
    let mut moment = Moment::new(World::new(model.clone(), seed));
    let mut at = 0;
    for _ in 0..lots.within(1, most) {
        // Some are done at one instant, and some at the first.
        if lots.within(0, 5) > 0 {
            at += u64::from(lots.within(0, 3_000_000_000));
        }
        moment.advance(&Script::from(script.as_slice()).into(), Time(at));
        let act = act(lots, model, &moment);
        script.push(Intervention { at: Time(at), act });
    }
    script.into()
}

/// Tells what was done when something fails.
struct Told<'a>(&'a Script);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:#?}", self.0);
        }
    }
}

/// A run by the plainest road: step by step, all records kept.
fn plain(model: &Arc<Model>, seed: u64, script: &Script) -> (Vec<Record>, Moment) {
    let mut moment = Moment::new(World::new(model.clone(), seed));
    let course = Course::from(Script::clone(script));
    let mut records = Vec::new();
    while moment.next_at(&course).is_some_and(|next| next <= END) {
        moment.step(&course, |record, _, _| records.push(*record));
    }
    (records, moment)
}

#[test]
fn whatever_is_done_every_message_is_in_one_place() {
    each_seed(400, |seed, model| {
        let mut lots = Lots::new(seed ^ 0xf0);
        let script = script(&mut lots, &model, seed, 12);
        let _told = Told(&script);
        let course = Course::from(Script::clone(&script));
        let mut moment = Moment::new(World::new(model.clone(), seed));
        while moment.next_at(&course).is_some_and(|next| next <= END) {
            let before = moment.told().done;
            moment.step(&course, |_, _, _| {});
            if moment.told().done != before {
                let audit = moment.world.audit();
                assert!(audit.is_balanced(), "{audit:?} after {:?}", script[before]);
            }
        }
        let audit = moment.world.audit();
        assert!(audit.is_balanced(), "{audit:?}");
    });
}

#[test]
fn a_copy_is_found_again_by_its_name() {
    each_seed(100, |seed, model| {
        let mut lots = Lots::new(seed ^ 0xf1);
        let script = script(&mut lots, &model, seed, 4);
        let mut moment = Moment::new(World::new(model.clone(), seed));
        for second in 1..8 {
            moment.advance(&Script::clone(&script).into(), Time(second * 1_500_000_000));
            for (id, message) in moment.scene.alive() {
                let copy = moment.scene.copy_ref(id).unwrap();
                assert_eq!(moment.world.find_copy(copy), Some(id), "{message:?}");
                assert_eq!(moment.world.copy_ref(id), copy);
            }
        }
    });
}

#[test]
fn a_future_is_the_same_by_every_road() {
    each_seed(60, |seed, model| {
        let mut lots = Lots::new(seed ^ 0xf2);
        let first = script(&mut lots, &model, seed, 4);
        let second: Script = {
            let common = lots.within(0, first.len() as u32) as usize;
            let mut acts = first[..common].to_vec();
            let after = acts.last().map_or(Time::ZERO, |it| it.at);
            let more = script(&mut lots, &model, seed, 4);
            acts.extend(more.iter().filter(|it| it.at >= after).cloned());
            acts.into()
        };
        let none = Script::default();
        let attic = match lots.within(0, 2) {
            0 => Counted::whole(),
            1 => Counted::with_room(lots.within(0, 300_000) as usize),
            _ => Counted::lost(),
        };
        let mut of = |most| lots.within(0, most) as usize;
        let budget = Budget::from(of(3_000_000)).with_attic(attic.clone(), of(6_000_000));
        let mut runs = Runs::new(model.clone(), seed, budget);
        // Whichever is simulated first, as far as it comes: the others are forked off it.
        for _ in 0..8 {
            let script = [&first, &second, &none][lots.within(0, 2) as usize];
            let until = Time(u64::from(lots.within(0, generate::CALM)) * 1_000_000_000);
            let run = runs.get(script);
            while run.extend(until, 97) {}
        }
        for script in [&first, &second, &none] {
            let (records, moment) = plain(&model, seed, script);
            let run = runs.get(script);
            while run.extend(END, 1000) {}
            assert_eq!(run.head().digest(), moment.world.digest());
            assert_eq!(run.head().record_count(), records.len() as u64);
            assert_eq!(run.overview().totals(), &moment.totals);
            let fresh = {
                let mut run = Run::with_script(model.clone(), seed, script.clone(), 1 << 20);
                while run.extend(END, 1000) {}
                run.overview()
            };
            assert_eq!(run.overview(), fresh, "the overview of a fork");
            for _ in 0..6 {
                let at = records[lots.within(0, records.len() as u32 - 1) as usize].at;
                let mut scene = Scene::new(&model);
                for record in records.iter().take_while(|it| it.at <= at) {
                    scene.apply(record, &model);
                }
                assert_eq!(*run.scene_at(at).scene, scene, "at {at:.9}");
            }
        }
        drop(runs);
        assert_eq!(attic.bytes(), 0);
    });
}

/// Everything that is drawn of what nobody causes, by what it is drawn by: who arrives when, and
/// with what.
fn arrivals(model: &Arc<Model>, seed: u64, script: &Script) -> BTreeMap<u64, (Time, [u64; 8])> {
    let mut arrivals = BTreeMap::new();
    let mut moment = Moment::new(World::new(model.clone(), seed));
    let course = Course::from(Script::clone(script));
    while moment.next_at(&course).is_some_and(|next| next <= END) {
        let mut came = Vec::new();
        moment.step(&course, |record, _, _| {
            if let What::Arrived { message, event, .. } = record.what {
                came.push((message, event));
            }
        });
        for (message, event) in came {
            let it = moment.world.event_of(message);
            let is_open = model.services[event.producer().index()]
                .workload
                .as_ref()
                .is_some_and(|it| !matches!(it.arrivals, Arrivals::Closed { .. }));
            // One that ended at once has left its place to another.
            if is_open && it.id == event {
                let mut fields = it.fields;
                // What is counted is not drawn: it says how many there were before.
                let of = &model.event_types[it.event_type.index()].fields;
                for (value, field) in fields.iter_mut().zip(of) {
                    if matches!(field.draw, FieldDraw::Sequence(_)) {
                        *value = 0;
                    }
                }
                arrivals.insert(it.lineage, (it.time, fields));
            }
        }
    }
    arrivals
}

#[test]
fn what_is_done_to_one_event_changes_nothing_that_it_does_not_cause() {
    each_seed(200, |seed, model| {
        let mut lots = Lots::new(seed ^ 0xf3);
        let script = script(&mut lots, &model, seed, 3);
        let touched =
            |it: &Intervention| matches!(it.act, Act::Message { deed: Deed::Edit { .. }, .. });
        if script.iter().any(touched) {
            return;
        }
        let without = arrivals(&model, seed, &Script::default());
        let with = arrivals(&model, seed, &script);
        for (lineage, (at, fields)) in &with {
            if let Some(before) = without.get(lineage) {
                assert_eq!(before, &(*at, *fields), "{lineage:x}");
            }
        }
        assert!(with.len().abs_diff(without.len()) <= with.len() / 2 + 60);
    });
}

#[test]
fn what_finds_nothing_to_be_done_to_says_so_and_changes_nothing_else() {
    each_seed(50, |seed, model| {
        let copy = inflight::model::CopyRef {
            event: EventId(u64::MAX),
            event_type: EventTypeId(0),
            role: Role::Publish,
            link: None,
            attempt: 1,
            number: 0,
        };
        let act = Act::Message { copy, deed: Deed::Drop };
        let script: Script = vec![Intervention { at: Time(2_000_000_000), act }].into();
        let (mut with, _) = plain(&model, seed, &script);
        let (without, _) = plain(&model, seed, &Script::default());
        let place = with.iter().position(|it| matches!(it.what, What::Intervened { .. })).unwrap();
        assert_eq!(with.remove(place).what, What::Intervened { number: 0, took: false });
        assert_eq!(with, without);
    });
}
