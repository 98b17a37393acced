//! Determinism: a run is a function of scenario and seed.

use inflight::model::{Record, Time};
use inflight::scenario::{self, library};
use inflight::sim::World;
use proptest::prelude::*;

use crate::generate::{self, Lots};
use crate::swarm::each_seed;

#[test]
fn a_made_scenario_goes_the_same_way_by_every_road() {
    each_seed(150, |seed, model| {
        let end = Time::from_secs_f64(f64::from(generate::CALM));
        let world = || World::new(model.clone(), seed);
        let mut plain = world();
        plain.run_until(end, &mut ());

        let mut count = 0;
        let mut observed = world();
        observed.run_until(end, &mut |_: &Record| count += 1);
        assert_eq!((observed.digest(), count), (plain.digest(), plain.record_count()));

        let mut stepped = world();
        while stepped.next_at().is_some_and(|next| next <= end) {
            stepped.step(&mut ());
        }
        assert_eq!(stepped.digest(), plain.digest());

        let mut lots = Lots::new(seed ^ 2);
        let mut restored = world();
        while restored.now() < end {
            let next = restored.now().0 + u64::from(lots.within(1, 4_000_000_000));
            restored.run_until(Time(next.min(end.0)), &mut ());
            // Whatever becomes of one future, the other begins where it was taken.
            let checkpoint = restored.clone();
            restored.run_until(end, &mut ());
            assert_eq!(restored.digest(), plain.digest());
            restored = checkpoint;
        }
        assert_eq!(restored.digest(), plain.digest());
        assert_eq!(restored.report(), plain.report());
    });
}

/// Pinned, as below: a hash over the digests of many made scenarios.
#[test]
fn the_digest_of_many_made_scenarios_is_this() {
    if std::env::var_os("INFLIGHT_SWARM").is_some()
        || std::env::var_os("INFLIGHT_SWARM_SEED").is_some()
    {
        return;
    }
    let all = std::cell::Cell::new(0_u64);
    each_seed(100, |seed, model| {
        let mut world = World::new(model, seed);
        world.run_until(Time::from_secs_f64(f64::from(generate::CALM)), &mut ());
        let mixed = (all.get() ^ world.digest().0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        all.set(mixed.rotate_left(29));
    });
    insta::assert_snapshot!(format!("{:016x}", all.get()), @r#"
    d8106ae9d2447c3d
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_digest_is_the_same_by_every_road(
        which in 0..library::entries().len(),
        seed in any::<u64>(),
        stops in prop::collection::vec(0.0..20.0f64, 0..6),
    ) {
        let entry = &library::entries()[which];
        let end = Time::from_secs_f64(20.0);
        for variant in scenario::read(entry.text, entry.path).unwrap().variants {
            let world = || World::new(variant.model.clone(), seed);
            let mut plain = world();
            plain.run_until(end, &mut ());

            let mut observed = world();
            let mut count = 0;
            observed.run_until(end, &mut |_: &Record| count += 1);
            prop_assert_eq!(observed.digest(), plain.digest());
            prop_assert_eq!(count, plain.record_count());

            let mut stepped = world();
            while stepped.next_at().is_some_and(|next| next <= end) {
                stepped.step(&mut ());
            }
            prop_assert_eq!(stepped.digest(), plain.digest());

            let mut restored = world();
            let mut stops = stops.clone();
            stops.sort_by(f64::total_cmp);
            for stop in stops {
                restored.run_until(Time::from_secs_f64(stop), &mut ());
                let checkpoint = restored.clone();
                restored.run_until(end, &mut ());
                prop_assert_eq!(restored.digest(), plain.digest());
                prop_assert!(checkpoint.audit().is_balanced());
                restored = checkpoint;
            }
            restored.run_until(end, &mut ());
            prop_assert_eq!(restored.digest(), plain.digest());
            prop_assert_eq!(restored.report(), plain.report());
        }
    }
}

/// What only sends is done without a task of its own. Steps that take no time, and draw nothing, ask
/// for a task, and must make no difference: neither in the records nor in what is counted.
#[test]
fn what_only_sends_goes_as_if_it_had_a_task() {
    let model = |more: &str, arrivals: &str| {
        let text = format!(
            "Scenario(format: 1, title: \"sends\", events: {{ \"Job\": Event() }},
             links: Links(default: Link(latency: \"3ms\")),
             workloads: {{ \"w\": Workload(arrivals: {arrivals}, event: \"Job\", do: [
                Send(to: \"a\", event: \"Job\"), Send(to: \"b\", event: \"Job\"){more}]) }},
             services: {{
                \"a\": Service(workers: 1, answers: {{ \"Job\": [
                    Work(\"20ms\"), Send(to: \"b\", event: \"Job\"){more}] }}),
                \"b\": Service(workers: 2, answers: {{ \"Job\": [Work(\"10ms\")] }}) }})"
        );
        scenario::read(&text, "sends.ron").unwrap().variants.swap_remove(0).model
    };
    let open = "Poisson(per_second: 40)";
    let closed = "Closed(users: 3, think: Exponential(\"50ms\"))";
    for arrivals in [open, closed] {
        let run = |more| {
            let mut world = World::new(model(more, arrivals), 7);
            world.run_until(Time::from_secs_f64(60.0), &mut ());
            let report = world.report();
            let services = report.services.into_iter();
            let counted = services.map(|it| format!("{it:?}"));
            (world.digest(), world.record_count(), counted.collect::<Vec<_>>())
        };
        let plain = run("");
        assert!(plain.1 > 10_000, "{} records", plain.1);
        assert_eq!(run(", Wait(\"0ms\")"), plain);
    }
}

/// A worker that is done with one request turns to the next in one step, but for a service that
/// remembers what it answered: it may have nothing to do for the next. If nobody asks twice that
/// must make no difference, neither in the records nor in what is counted.
#[test]
fn who_turns_to_the_next_at_once_goes_as_if_it_had_looked_for_it() {
    let run = |settings: &str, steps: &str| {
        let text = format!(
            "Scenario(format: 1, title: \"asks\", events: {{ \"Job\": Event() }},
             links: Links(default: Link(latency: \"3ms\")),
             workloads: {{ \"w\": Workload(arrivals: Poisson(per_second: 45), event: \"Job\", do: [
                Call(to: \"a\", request: \"Job\")]) }},
             services: {{ \"a\": Service({settings} workers: 2, answers: {{ \"Job\": [{steps}] }}) }})"
        );
        let read = scenario::read(&text, "asks.ron");
        let model = read.unwrap().variants.swap_remove(0).model;
        let mut world = World::new(model, 7);
        world.run_until(Time::from_secs_f64(60.0), &mut ());
        let services = world.report().services.into_iter().map(|it| format!("{it:?}"));
        (world.digest(), world.record_count(), services.collect::<Vec<_>>())
    };
    let remembers = "idempotency: Idempotency(window: \"1h\"),";
    let work = "Work(Exponential(\"40ms\"))";
    for queue in ["", "queue: Queue(order: Lifo),"] {
        for steps in [
            work.to_owned(),
            format!("{work}, Fail(0.2), Reply(), {work}"),
            format!("Wait(Exponential(\"1ms\")), {work}"),
            format!("If(condition: Chance(0.5), then: [{work}])"),
        ] {
            let plain = run(queue, &steps);
            assert!(plain.1 > 15_000, "{} records", plain.1);
            assert_eq!(run(&format!("{queue} {remembers}"), &steps), plain, "{queue} {steps}");
        }
    }
}

#[test]
fn another_seed_is_another_run() {
    let entry = &library::entries()[0];
    let model = scenario::read(entry.text, entry.path).unwrap().variants.swap_remove(0).model;
    let digest = |seed| {
        let mut world = World::new(model.clone(), seed);
        world.run_until(Time::from_secs_f64(5.0), &mut ());
        world.digest()
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

/// Pinned: debug and release, this machine and others, must agree on it. It changes only when
/// the semantics or the scenario change, and then on purpose.
#[test]
fn the_digest_of_the_first_scenario_is_this() {
    let entry = &library::entries()[0];
    let digests: Vec<String> = scenario::read(entry.text, entry.path)
        .unwrap()
        .variants
        .into_iter()
        .map(|variant| {
            let mut world = World::new(variant.model.clone(), 42);
            world.run_until(Time::from_secs_f64(60.0), &mut ());
            format!("{} {} {}", variant.name, world.digest(), world.record_count())
        })
        .collect();
    insta::assert_snapshot!(digests.join("\n"), @r#"
    notify 7eed82b2574fd6e3 22431
    call 383d54509021945f 10570
    poll 24d70c4413d8758c 18310
    "#);
}
