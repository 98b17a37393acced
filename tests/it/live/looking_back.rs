//! A live run is looked at anywhere while it goes on, and is gone on with as a simulation.

use std::sync::Arc;

use inflight::history::{Course, Live, Moment, Runs};
use inflight::model::{Act, FaultKind, Intervention, Model, Script, ServiceId, Span, Time};
use inflight::sim::{Source, Trace, World};

use super::inputs::Reality;
use crate::generate::Lots;
use crate::swarm::each_seed;

const fn at(seconds: u64) -> Time {
    Time(seconds * 1_000_000_000)
}

fn slow(at: Time) -> Intervention {
    let kind = FaultKind::Slow { service: ServiceId(0), factor: 3.0 };
    Intervention { at, act: Act::Break { kind, lasts: Some(Span::from_secs(4)) } }
}

/// A live run of sixteen seconds, to which something is done at the eighth; and as far as it had
/// come then.
fn live(model: &Arc<Model>, seed: u64) -> (World, Live, Live) {
    let mut world = World::live(Arc::clone(model), seed, Source::Embedded);
    let (mut reality, mut trace) = (Reality::new(seed), Trace::default());
    world.step(&mut ());
    reality.go_on(&mut world, &mut trace, at(8), &mut |_| {});
    let half = Live { trace: trace.clone(), script: Script::default(), ..Live::default() };
    world.intervene(&slow(at(8)), 0, &mut ());
    reality.go_on(&mut world, &mut trace, at(16), &mut |_| {});
    let script = Script::from([slow(at(8))]);
    (world, half, Live { trace, script, is_over: true, ..Live::default() })
}

#[test]
fn a_live_run_is_the_same_wherever_it_is_looked_at() {
    each_seed(60, |seed, model| {
        let (world, half, whole) = live(&model, seed);
        let mut lots = Lots::new(seed);
        let mut runs = Runs::new(Arc::clone(&model), seed, lots.within(0, 2_000_000) as usize);
        runs.grow(half);
        let none = Script::default();
        let run = runs.get(&none);
        while run.extend(at(16), 512) {}
        assert!(run.scene_at(at(8)).valid_until <= Time(at(8).0 + 1), "nobody knows what comes");
        runs.grow(whole.clone());
        let run = runs.get(&whole.script);
        while run.extend(at(16), 512) {}
        assert_eq!(run.head().digest(), world.digest());
        let course = Course::new(Arc::clone(&whole.script), Some(&whole));
        for _ in 0..12 {
            let when = Time(u64::from(lots.within(0, 16_000)) * 1_000_000);
            let mut plain = Moment::new(World::live(Arc::clone(&model), seed, Source::Embedded));
            plain.advance(&course, when);
            assert_eq!(*run.scene_at(when).scene, plain.scene, "at {when}");
        }
    });
}

#[test]
fn what_is_done_before_anything_has_come_is_done_again() {
    each_seed(40, |seed, model| {
        let mut world = World::live(Arc::clone(&model), seed, Source::Embedded);
        let (mut reality, mut trace) = (Reality::new(seed), Trace::default());
        world.step(&mut ());
        world.intervene(&slow(Time(1)), 0, &mut ());
        reality.go_on(&mut world, &mut trace, at(4), &mut |_| {});
        let mut again = World::live(model, seed, Source::Embedded);
        again.retrace(&trace, &[slow(Time(1))], &mut ());
        assert_eq!(again.digest(), world.digest());
    });
}

#[test]
fn a_what_if_ahead_of_a_live_run_waits_for_it() {
    each_seed(40, |seed, model| {
        let (_, half, whole) = live(&model, seed);
        let script = Script::from([slow(at(12))]);
        let mut runs = Runs::new(Arc::clone(&model), seed, 1 << 20);
        runs.grow(half);
        // What is to come until then is not known yet.
        while runs.get(&script).extend(at(20), 512) {}
        assert!(runs.get(&script).head().now() <= at(8));
        assert!(runs.get(&script).course().is_going_on());
        // Meanwhile something is done to the live run that is not done in the what-if.
        runs.grow(whole.clone());
        while runs.get(&script).extend(at(20), 512) {}
        let mut plain = World::live(Arc::clone(&model), seed, Source::Embedded);
        for input in whole.trace.iter().take_while(|it| it.at <= at(8)) {
            plain.take_in(&input, &mut ());
        }
        plain.go_on_by_itself(at(8));
        plain.run_until(at(12), &mut ());
        plain.intervene(&script[0], 0, &mut ());
        plain.run_until(at(20), &mut ());
        assert_eq!(runs.get(&script).head().digest(), plain.digest());
    });
}

#[test]
fn where_something_else_is_done_a_live_run_goes_on_as_a_simulation() {
    each_seed(60, |seed, model| {
        let (_, _, whole) = live(&model, seed);
        let mut runs = Runs::new(Arc::clone(&model), seed, 1 << 20);
        runs.grow(whole.clone());
        while runs.get(&whole.script).extend(at(16), 4_096) {}
        // One that nothing is done to, one that something is done to earlier.
        for (script, leaves) in
            [(Script::default(), at(8)), (Script::from([slow(at(5)), slow(at(8))]), at(5))]
        {
            let run = runs.get(&script);
            while run.extend(at(20), 4_096) {}
            let mut plain = World::live(Arc::clone(&model), seed, Source::Embedded);
            for input in whole.trace.iter().take_while(|it| it.at <= leaves) {
                plain.take_in(&input, &mut ());
            }
            plain.go_on_by_itself(leaves);
            for (number, it) in (0..).zip(script.iter()) {
                plain.run_until(it.at, &mut ());
                plain.intervene(it, number, &mut ());
            }
            plain.run_until(at(20), &mut ());
            assert_eq!(run.head().digest(), plain.digest());
        }
    });
}
