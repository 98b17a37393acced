//! Scrubbing: the scene at an instant is the same by every road to it.

use std::sync::Arc;

use inflight::history::{Budget, Handle, Run, Runs, Scene};
use inflight::live::TempFile;
use inflight::model::{Act, Intervention, Model, Record, Script, ServiceId, Time};
use inflight::scenario::{self, library};
use inflight::sim::{Attic, Packed, Room, World};
use proptest::prelude::*;

use crate::attics::Counted;
use crate::generate::{self, Lots};
use crate::swarm::each_seed;

fn models() -> Vec<Arc<Model>> {
    library::entries()
        .iter()
        .flat_map(|entry| scenario::read(entry.text, entry.path).unwrap().variants)
        .map(|variant| variant.model)
        .collect()
}

/// All records of the first seconds of a run.
fn records(model: &Arc<Model>, seed: u64, until: Time) -> Vec<Record> {
    let mut records = Vec::new();
    World::new(model.clone(), seed).run_until(until, &mut |it: &Record| records.push(*it));
    records
}

/// The scene by folding everything from the begin.
fn fold(model: &Model, records: &[Record], at: Time) -> Scene {
    let mut scene = Scene::new(model);
    for record in records.iter().take_while(|it| it.at <= at) {
        scene.apply(record, model);
    }
    scene
}

/// Where what is too much for memory may be put by: a file, or one of those that tell of mistakes,
/// with so much room.
fn attic(which: u8, room: usize) -> Arc<dyn Attic> {
    match which {
        0 => Arc::new(TempFile::default()),
        1 => Counted::whole(),
        2 => Counted::with_room(room),
        _ => Counted::lost(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_scene_is_the_same_by_every_road(
        which in 0..models().len(),
        seed in 0..1000_u64,
        spacing in 1..800_u64,
        budget in 0..4_000_000_usize,
        disk in prop_oneof![Just(0), 0..4_000_000_usize, Just(usize::MAX)],
        (kind, room) in (0..4_u8, 0..200_000_usize),
        instants in prop::collection::vec((0.0..31.0f64, any::<bool>()), 1..24),
    ) {
        let model = models().swap_remove(which);
        let end = Time::from_secs_f64(30.0);
        let records = records(&model, seed, end);
        // What does not fit is let go; there is always room for the first and the last checkpoint.
        let most = Room { memory: budget.max(3_000_000), disk: disk.max(500_000) };
        let attic = attic(kind, room);
        let of = |memory: usize| Budget::from(memory).with_attic(attic.clone(), disk);
        let mut run =
            Run::with_script(model.clone(), seed, Script::default(), of(budget)).spaced(spacing);
        while run.extend(end, 97) {
            prop_assert!(run.held().fits(most), "{:?} of {budget}, {disk} bytes", run.held());
        }
        prop_assert_eq!(run.head().record_count(), records.len() as u64);
        let budgets = [budget, usize::MAX, budget / 4, 0];
        for (number, (seconds, on_a_record)) in instants.into_iter().enumerate() {
            run.set_budget(of(budgets[number / 6]));
            let mut at = Time::from_secs_f64(seconds);
            if on_a_record {
                let place = records.partition_point(|it| it.at < at).min(records.len() - 1);
                at = records[place].at;
            }
            let at = at.min(records[records.len() - 1].at);
            let answer = run.scene_at(at);
            prop_assert_eq!(&*answer.scene, &fold(&model, &records, at));
            prop_assert!(answer.valid_until > at);
            let before = records.iter().rev().find(|it| it.at < answer.scene.at).map(|it| it.at);
            prop_assert_eq!(answer.scene.previous, before);
            if number % 8 == 0 {
                let mut world = World::new(model.clone(), seed);
                world.run_until(at, &mut ());
                prop_assert_eq!(&run.events_at(at)[..], world.events_in_sight(2_048, 24));
            }
        }
    }
}

#[test]
fn a_scene_of_a_made_scenario_is_the_same_by_every_road() {
    each_seed(100, |seed, model| {
        let end = Time::from_secs_f64(f64::from(generate::CALM));
        let records = records(&model, seed, end);
        if records.is_empty() {
            return;
        }
        let mut lots = Lots::new(seed ^ 3);
        let spacing = u64::from(lots.within(20, 800));
        let budget = lots.within(0, 2_000_000) as usize;
        let mut run =
            Run::with_script(model.clone(), seed, Script::default(), budget).spaced(spacing);
        while run.extend(end, 97) {}
        assert_eq!(run.head().record_count(), records.len() as u64);
        for _ in 0..12 {
            let record = &records[lots.within(0, records.len() as u32 - 1) as usize];
            // At a record, just before, and between.
            let off = lots.pick(&[0, 0, 1, 1_000_000]);
            for at in [record.at.0.saturating_sub(off), record.at.0 + off] {
                let at = Time(at.min(end.0));
                assert_eq!(*run.scene_at(at).scene, fold(&model, &records, at), "at {at:.9}");
            }
        }
    });
}

#[test]
fn a_run_that_is_too_much_for_memory_stays_on_film_and_takes_what_it_says() {
    each_seed(20, |seed, model| {
        let end = Time::from_secs_f64(f64::from(generate::CALM));
        let records = records(&model, seed, end);
        if records.len() < 4_000 {
            return;
        }
        let attic = Counted::whole();
        let budget = Budget::from(0).with_attic(attic.clone(), 1 << 30);
        let mut run = Run::with_script(model.clone(), seed, Script::default(), 1 << 30).spaced(64);
        while run.extend(end, 4_096) {}
        assert_eq!((run.held().disk, attic.bytes()), (0, 0));
        let all = run.held_bytes();
        // What is kept of a thing that was put by takes memory, too.
        run.set_budget(Budget::from(all).with_attic(attic.clone(), 1 << 30));
        assert!(attic.bytes() > 0 && run.held_bytes() <= all - all / 6, "{:?}", run.held());
        assert_eq!(run.held().disk, attic.bytes());
        let mut lots = Lots::new(seed ^ 7);
        for _ in 0..12 {
            let at = records[lots.within(0, records.len() as u32 - 1) as usize].at;
            let answer = run.scene_at(at);
            assert_eq!(*answer.scene, fold(&model, &records, at), "at {at:.9}");
            let is_last = at == records[records.len() - 1].at;
            assert!(is_last || answer.events.is_none(), "it is on film, and nothing is simulated");
        }
        assert!(!run.is_disk_full());
        run.set_budget(budget);
        assert_eq!(run.held().disk, attic.bytes());
        drop(run);
        assert_eq!(attic.bytes(), 0);
    });
}

/// What a log keeps is read when a consumer comes to it: long after it was put by, perhaps.
#[test]
fn a_world_that_was_put_by_goes_on_as_it_would() {
    let mut kept = 0;
    for model in models() {
        let end = model.end.unwrap_or(Time::from_secs_f64(60.0));
        let at = |share: f64| Time::from_secs_f64(end.as_secs_f64() * share);
        let mut world = World::new(model.clone(), 5);
        world.run_until(at(0.4), &mut ());
        let attic: Arc<dyn Attic> = Counted::whole();
        let packed = Packed::of(&mut world);
        let before = packed.apart_bytes(None);
        assert!(packed.put_by(&attic, &world));
        assert_eq!(packed.apart_bytes(None), before, "the world at the head has it, too");
        // Another one that keeps nothing has not.
        assert!(packed.put_by(&attic, &World::new(model.clone(), 5)));
        kept += before - packed.apart_bytes(None);
        let mut again = packed.world().unwrap();
        for share in [0.7, 1.0] {
            world.run_until(at(share), &mut ());
            again.run_until(at(share), &mut ());
            assert_eq!(again.digest(), world.digest());
            assert_eq!(again.events_in_sight(2_048, 24), world.events_in_sight(2_048, 24));
        }
        assert_eq!(again.report(), world.report());
    }
    assert!(kept > 100_000, "logs kept {kept} bytes");
}

#[test]
fn a_disk_that_is_full_is_told_of() {
    let model = models().swap_remove(0);
    let end = Time::from_secs_f64(30.0);
    let script = Script::default();
    let runs = |budget: Budget| {
        let mut runs = Runs::new(model.clone(), 42, budget);
        while runs.get(&script).extend(end, 512) {}
        runs
    };
    let all = runs(Run::BUDGET_BYTES.into()).held_bytes();
    for (attic, is_full) in [(Counted::whole(), false), (Counted::with_room(1_000), true)] {
        let runs = runs(Budget::from(all).with_attic(attic.clone(), 1 << 30));
        assert_eq!(runs.is_disk_full(), is_full, "{all}, {:?}", runs.held());
        assert_eq!(attic.bytes() > 1_000, !is_full);
    }
}

#[test]
fn every_record_and_every_gap_of_the_first_run_backwards() {
    let model = models().swap_remove(0);
    let end = Time::from_secs_f64(4.0);
    let records = records(&model, 42, end);
    let mut run = Run::new(model.clone(), 42).spaced(50);
    while run.extend(end, 10) {}
    for record in records.iter().rev().step_by(3) {
        for at in [record.at, Time(record.at.0 + 1)] {
            assert_eq!(*run.scene_at(at).scene, fold(&model, &records, at), "at {at:.9}");
        }
    }
}

#[test]
fn to_and_fro_is_the_same_with_a_film_and_without() {
    each_seed(30, |seed, model| {
        let end = Time::from_secs_f64(f64::from(generate::CALM));
        let records = records(&model, seed, end);
        let [Some(first), Some(last)] = [records.first(), records.last()] else { return };
        let mut lots = Lots::new(seed ^ 5);
        for budget in [Run::BUDGET_BYTES, 40_000] {
            let spacing = u64::from(lots.within(20, 200));
            let mut run =
                Run::with_script(model.clone(), seed, Script::default(), budget).spaced(spacing);
            while run.extend(end, 97) {}
            let mut at = first.at;
            for _ in 0..30 {
                let step = u64::from(lots.within(1, 300)) * 1_000_000;
                let is_back = lots.within(0, 2) == 0;
                at = if is_back { Time(at.0.saturating_sub(step)) } else { Time(at.0 + step) };
                at = at.min(last.at);
                assert_eq!(*run.scene_at(at).scene, fold(&model, &records, at), "at {at:.9}");
            }
        }
    });
}

#[test]
fn the_worker_answers_the_newest_question_and_simulates_to_the_end() {
    let model = models().swap_remove(0);
    let (wake, woken) = crossbeam_channel::unbounded();
    let handle = Handle::spawn(model.clone(), 42, move || {
        let _ = wake.send(());
    });
    let at = Time::from_secs_f64(21.5);
    let script = Script::default();
    for second in 0..20 {
        handle.ask(&script, Time::from_secs_f64(f64::from(second)));
    }
    handle.ask(&script, at);
    let mut answer = None;
    let progress = || handle.progress(&script).0;
    while !progress().done || answer.is_none() {
        woken.recv().expect("the worker tells whenever there is something new");
        if let Some(new) = handle.poll(&script)
            && new.scene.at <= at
            && at < new.valid_until
        {
            answer = Some(new);
        }
    }
    let end = model.end.unwrap();
    let records = records(&model, 42, end);
    assert_eq!(*answer.unwrap().scene, fold(&model, &records, at));
    let mut world = World::new(model, 42);
    world.run_until(end, &mut ());
    assert_eq!(progress().digest, Some(world.digest().to_string()));
    assert_eq!(progress().records, records.len() as u64);
}

/// The script of a run to which something is done at a second.
fn something_at(second: u32) -> Script {
    let act = Act::FailNext { service: ServiceId::from_index(0), count: 1 };
    Script::from([Intervention { at: Time::from_secs_f64(f64::from(second)), act }])
}

#[test]
fn what_futures_have_put_by_is_counted_whoever_has_it() {
    let model = models().swap_remove(0);
    let seconds = |it: u32| Time::from_secs_f64(f64::from(it));
    let attic = Counted::whole();
    let budget = |memory| Budget::from(memory).with_attic(attic.clone(), 1 << 30);
    let mut runs = Runs::new(model, 42, budget(2_000_000));
    let is_counted = |runs: &Runs| assert_eq!(runs.held().disk, attic.bytes());
    let first = Script::default();
    let go_on = |runs: &mut Runs, script: &Script, until: u32| {
        let run = runs.get(script);
        while run.extend(seconds(until), 512) {}
        // What it has let go meanwhile, and others have, is of those now.
        runs.get(script);
    };
    go_on(&mut runs, &first, 200);
    // One that is shared becomes too much for memory by itself: by what is its own, not the other's.
    let second = something_at(190);
    go_on(&mut runs, &second, 3_000);
    assert!(attic.bytes() > 0);
    is_counted(&runs);
    go_on(&mut runs, &first, 3_000);
    is_counted(&runs);
    // What is put by of the first is the others' when that is forgotten.
    let others: Vec<Script> = (0..5).map(|it| something_at(2_900 + it)).collect();
    for other in &others {
        go_on(&mut runs, other, 3_000);
        is_counted(&runs);
    }
    runs.keep(others);
    is_counted(&runs);
    runs.set_budget(budget(0));
    is_counted(&runs);
}
