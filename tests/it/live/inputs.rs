//! A world that waits for reality: it is late, unevenly, and one thing overtakes another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use inflight::model::{Record, Time, Transport};
use inflight::sim::{Attic, By, Happening, Input, Packed, Source, Trace, World};

use crate::attics::Counted;
use crate::generate::Lots;
use crate::swarm::each_seed;

/// A reality made by lots: each thing comes when it is due, and some time after.
pub(super) struct Reality {
    lots: Lots,
    /// When what will come.
    coming: BTreeSet<(Time, u64)>,
    /// On a stream nobody overtakes: when the last will come.
    last: BTreeMap<u32, Time>,
    now: Time,
}

impl Reality {
    pub(super) fn new(seed: u64) -> Self {
        let (coming, last) = (BTreeSet::new(), BTreeMap::new());
        Self { lots: Lots::new(seed), coming, last, now: Time::ZERO }
    }

    pub(super) fn hear(&mut self, world: &mut World) {
        let model = world.model().clone();
        world.take_orders(|order| {
            let late = match self.lots.within(1, 100) {
                1..=60 => self.lots.within(0, 2_000),
                61..=99 => self.lots.within(0, 3_000_000),
                _ => self.lots.within(0, 400_000_000),
            };
            let mut at = Time(order.due.0.max(self.now.0) + u64::from(late));
            if let By::Wire { link, .. } = order.by
                && matches!(model.links[link.index()].quality.transport, Transport::Stream { .. })
            {
                let last = self.last.entry(link.0).or_default();
                at = at.max(*last);
                *last = at;
            }
            self.coming.insert((at, order.number));
        });
    }

    /// When the next thing comes.
    pub(super) fn next(&self) -> Option<Time> {
        self.coming.first().map(|it| it.0)
    }

    /// It has come: its number.
    pub(super) fn release(&mut self) -> Option<u64> {
        let (at, number) = self.coming.pop_first()?;
        self.now = at;
        Some(number)
    }

    /// Tells the world what comes until an instant; gives what was told.
    fn run(&mut self, world: &mut World, until: Time, mut seen: impl FnMut(&World)) -> Trace {
        let mut trace = Trace::default();
        world.step(&mut ());
        self.go_on(world, &mut trace, until, &mut seen);
        trace
    }

    /// The same of a world that has begun.
    pub(super) fn go_on(
        &mut self,
        world: &mut World,
        trace: &mut Trace,
        until: Time,
        seen: &mut impl FnMut(&World),
    ) {
        self.hear(world);
        while let Some(&(at, number)) = self.coming.first().filter(|(at, _)| *at <= until) {
            self.coming.pop_first();
            self.now = at;
            let input = Input { at, what: Happening::Released(number) };
            world.take_in(&input, &mut ());
            assert!(trace.push(input));
            self.hear(world);
            seen(world);
        }
        let end = Input { at: until, what: Happening::Reached };
        world.take_in(&end, &mut ());
        trace.push(end);
    }
}

/// Takes a trace in once more.
fn replay(mut world: World, trace: &Trace, from: usize) -> World {
    for input in trace.iter().skip(from) {
        world.take_in(&input, &mut ());
    }
    world
}

#[test]
fn taking_a_trace_in_once_more_is_the_same_run() {
    each_seed(200, |seed, model| {
        let mut world = World::live(model.clone(), seed, Source::Embedded);
        let mut since = 0;
        let until = Time::from_secs_f64(20.0);
        let trace = Reality::new(seed).run(&mut world, until, |world| {
            since += 1;
            if since % 500 == 0 {
                let audit = world.audit();
                assert!(audit.is_balanced(), "at {}: {audit:?}", world.now());
            }
        });
        assert!(world.audit().is_balanced());

        let mut records = 0;
        let mut again = World::live(model.clone(), seed, Source::Embedded);
        for input in trace.iter() {
            again.take_in(&input, &mut |_: &Record| records += 1);
        }
        assert_eq!(again.digest(), world.digest());
        assert_eq!(again.report(), world.report());
        assert_eq!(records, world.record_count());

        // By way of checkpoints, packed and not, and of what is written in a file.
        let trace = Trace::from_bytes(&trace.to_bytes()).unwrap();
        let middle = trace.len() / 2;
        let mut half = World::live(model.clone(), seed, Source::Embedded);
        for input in trace.iter().take(middle) {
            half.take_in(&input, &mut ());
        }
        let packed = Packed::of(&mut half);
        let unpacked = || packed.world().unwrap();
        assert_eq!(replay(unpacked(), &trace, middle).digest(), world.digest());
        let attic: Arc<dyn Attic> = Counted::whole();
        assert!(packed.put_by(&attic, &world));
        assert_eq!(replay(unpacked(), &trace, middle).digest(), world.digest());
        assert_eq!(replay(half, &trace, middle).digest(), world.digest());

        // Gone on with by virtual time it comes to rest, and nothing is lost on the way.
        let mut simulated = world.clone();
        simulated.go_on_by_itself(world.now());
        simulated.run_until(Time::from_secs_f64(3600.0), &mut ());
        let audit = simulated.audit();
        assert!(audit.is_balanced(), "{audit:?}");
        assert_eq!(audit.alive(), 0, "an hour later: {audit:?}");
    });
}

#[test]
fn nothing_comes_before_it_is_due_or_twice() {
    each_seed(20, |seed, model| {
        let mut world = World::live(model.clone(), seed, Source::Embedded);
        world.step(&mut ());
        assert!(world.next_at().is_none());
        let mut orders = Vec::new();
        world.take_orders(|it| orders.push(it));
        let before = world.digest();
        for order in orders.iter().filter(|it| it.due > Time::ZERO) {
            let at = Time(order.due.0 - 1);
            let what = Happening::Released(order.number);
            assert!(!world.clone().take_in(&Input { at, what }, &mut ()));
        }
        let Some(first) = orders.iter().min_by_key(|it| it.due) else { return };
        let input = Input { at: first.due, what: Happening::Released(first.number) };
        assert!(world.take_in(&input, &mut ()));
        let after = world.digest();
        assert_ne!((before, world.now()), (after, Time::ZERO));
        assert!(!world.take_in(&input, &mut ()), "an entry comes once");
        assert_eq!(world.digest(), after);
    });
}
