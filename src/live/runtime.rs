//! The one task that owns the world of a live run: it takes in what comes, and sets going what the
//! world waits for.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender, UnboundedReceiver};

use crate::model::{Intervention, LinkId, Model, Node, ServiceId, Span, Time};
use crate::sim::remote::Errand;
use crate::sim::{By, Happening, Input, Order, Origin, Source, Traveller, World};

use super::alarm::Clock;
use super::alive::Alive;
use super::broker::{Broker, Embedded, Published, Tale};
use super::handle::{Handle, Phase, Shared, Wish};
use super::ledger::Ledger;
use super::nats::Nats;
use super::wire::{self, Parcel};
use super::{Error, Options, Where, Work, worker};

/// So much can have come before who brings more has to wait.
const ROOM: usize = 4_096;

/// So much is taken in before others are shown how it goes.
const AT_ONCE: u32 = 256;

/// How often it is looked whether all has come to its end.
const LOOK_EVERY: Span = Span(20_000_000);

/// No clock of those that share a run is so far ahead of another.
const FAR_AHEAD: Span = Span(60_000_000_000);

/// How long a broker may take to be let go.
const GOODBYE: Duration = Duration::from_secs(3);

/// What the tasks around the world tell it.
#[derive(Debug)]
pub enum News {
    /// What the entry of this number stands for has come, which was due at this instant.
    Came(u64, Time),
    /// A message has come out of a link and goes on through the broker's network.
    Out(Parcel),
    /// The broker has told something.
    Told(Tale),
}

/// Begins a run on threads of its own.
pub fn start(model: Arc<Model>, options: &Options) -> Result<Handle, Error> {
    let no_threads = |error| Error(format!("the machine gives no threads for a live run: {error}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("live")
        .enable_all()
        .build()
        .map_err(no_threads)?;
    let source = match options.broker {
        Where::Embedded => Source::Embedded,
        Where::Nats(_) if options.sharing.is_some() => Source::Part,
        Where::Nats(_) => Source::Remote,
    };
    let shared = Arc::new(Shared::new(source));
    let (wishes, wished) = mpsc::unbounded_channel();
    let (of_thread, of_model, options) = (Arc::clone(&shared), Arc::clone(&model), options.clone());
    let seed = options.seed;
    let alive = Alive::enter(wishes.clone());
    let thread = std::thread::Builder::new().name("live".into()).spawn(move || {
        let world = World::live(of_model, seed, source);
        let world = runtime.block_on(live(world, options, of_thread, wished));
        // What is still on its way nobody waits for.
        runtime.shutdown_background();
        drop(alive);
        world
    });
    Ok(Handle::new((model, seed), shared, wishes, thread.map_err(no_threads)?))
}

/// The run, from making all ready to its end.
async fn live(
    world: World,
    options: Options,
    shared: Arc<Shared>,
    mut wished: UnboundedReceiver<Wish>,
) -> World {
    let (teller, news) = mpsc::channel(ROOM);
    let sharing = options.sharing.as_ref();
    let waits = |whom: Option<String>| {
        shared.lock().status.trouble =
            whom.map(|it| format!("waiting for who runs {it} of the same file, variant and seed"));
    };
    let ready = async {
        let broker: Box<dyn Broker> = match &options.broker {
            Where::Embedded => Box::new(Embedded),
            Where::Nats(url) => {
                let (model, teller) = (world.model(), teller.clone());
                let how = (sharing, options.leftovers_after);
                Box::new(Nats::start(url, model, how, waits, teller).await?)
            }
        };
        // Here time begins.
        let clock = Clock::start()
            .map_err(|error| Error(format!("the machine gives no threads for a clock: {error}")))?;
        Ok::<_, Error>((broker, clock))
    };
    let made = if sharing.is_some() {
        // Others may never come. Nothing is done to a run that has not begun.
        let stopped = async { while !matches!(wished.recv().await, None | Some(Wish::Stop)) {} };
        tokio::select! {
            made = ready => made,
            () = stopped => Err(Error("it was stopped before all who share the run had come".into())),
        }
    } else {
        ready.await
    };
    shared.lock().status.trouble = None;
    match made {
        Ok((broker, clock)) => {
            let mut driver =
                Driver::new(world, (clock, broker), options, shared, (wished, teller, news));
            driver.run().await;
            driver.world
        }
        Err(error) => {
            let mut seen = shared.lock();
            seen.status.trouble = Some(error.to_string());
            seen.status.phase = Phase::Failed;
            drop(seen);
            world
        }
    }
}

/// What is published is heard of here, and what others consume is theirs.
fn ledger(model: &Model, broker: &dyn Broker) -> Ledger {
    let Some((part, parts)) = broker.parts() else { return Ledger::default() };
    let mut elsewhere = BTreeSet::new();
    for (service, of) in model.services.iter().zip(parts) {
        let topics = service.consumes.iter().map(|it| model.groups[it.group.index()].topic);
        if *of != part {
            elsewhere.extend(topics);
        }
    }
    Ledger::of_part(part, elsewhere)
}

/// Whether what is to be done at the broker is of a consumer that runs in this process.
fn is_ours(world: &World, broker: &dyn Broker, errand: &Errand) -> bool {
    let service = match errand {
        Errand::Attach { instance, .. } | Errand::Detach { instance, .. } => {
            Some(world.model().instances[instance.index()].0)
        }
        Errand::Read { group, .. } | Errand::Grant { group, .. } | Errand::Commit { group, .. } => {
            world.reader_of(*group)
        }
        _ => None,
    };
    let (Some(service), Some((part, parts))) = (service, broker.parts()) else { return true };
    parts[service.index()] == part
}

struct Driver {
    world: World,
    clock: Clock,
    broker: Box<dyn Broker>,
    ledger: Ledger,
    options: Options,
    shared: Arc<Shared>,
    wished: UnboundedReceiver<Wish>,
    news: Receiver<News>,
    /// What tasks tell by.
    teller: Sender<News>,
    wires: Vec<Sender<Parcel>>,
    /// What has come and is not taken in.
    pending: VecDeque<News>,
    /// What comes by time alone, and whether it is a source.
    timers: BinaryHeap<Reverse<(Time, u64, bool)>>,
    /// In a run that several processes share: what is done on a schedule, in all of them at the
    /// very instant it is due.
    schedule: BinaryHeap<Reverse<(Time, u64)>>,
    /// What leaves for another process when it has come.
    leaving: BTreeSet<u64>,
    /// What is wrong with those, as it was last said.
    others_trouble: Option<String>,
    /// Messages that belong to other processes.
    not_ours: u64,
    /// What is to be set going.
    orders: Vec<Order>,
    /// Inputs that others have not been shown.
    fresh: Vec<Input>,
    script: Vec<Intervention>,
    /// No input is before this instant.
    floor: Time,
    phase: Phase,
    /// Sources stop after this instant: what was due before still comes.
    stops_at: Option<Time>,
    looks_at: Time,
    meter: Meter,
}

/// How it goes, in figures.
#[derive(Default)]
struct Meter {
    inputs: u64,
    late: Span,
    latest: Span,
    /// When the second that is being counted began, and with how many inputs.
    second: (Time, u64),
    per_second: f64,
}

impl Meter {
    fn count(&mut self, at: Time, due: Time) {
        self.inputs += 1;
        self.late = at.since(due);
        self.latest = self.latest.max(self.late);
    }

    fn look(&mut self, now: Time) {
        let (begin, before) = self.second;
        let span = now.since(begin);
        if span >= Span::SECOND {
            #[expect(clippy::cast_precision_loss, reason = "a figure to be looked at")]
            let count = (self.inputs - before) as f64;
            self.per_second = count / span.as_secs_f64();
            self.second = (now, self.inputs);
        }
    }
}

impl Driver {
    fn new(
        world: World,
        (clock, broker): (Clock, Box<dyn Broker>),
        options: Options,
        shared: Arc<Shared>,
        (wished, teller, news): (UnboundedReceiver<Wish>, Sender<News>, Receiver<News>),
    ) -> Self {
        let mut seen = shared.lock();
        (seen.status.connected, seen.status.broker) = (true, broker.name());
        seen.status.part = broker.part();
        drop(seen);
        let ledger = ledger(world.model(), &*broker);
        let wires = world.model().links.iter().map(|_| {
            let (enter, inside) = mpsc::channel(wire::ROOM);
            tokio::spawn(wire::carry(clock.clone(), inside, teller.clone()));
            enter
        });
        let wires = wires.collect();
        Self {
            world,
            clock,
            broker,
            ledger,
            options,
            shared,
            wished,
            news,
            teller,
            wires,
            pending: VecDeque::new(),
            timers: BinaryHeap::new(),
            schedule: BinaryHeap::new(),
            leaving: BTreeSet::new(),
            others_trouble: None,
            not_ours: 0,
            orders: Vec::new(),
            fresh: Vec::new(),
            script: Vec::new(),
            floor: Time::ZERO,
            phase: Phase::Runs,
            stops_at: None,
            looks_at: Time::ZERO,
            meter: Meter::default(),
        }
    }

    async fn run(&mut self) {
        self.world.step(&mut ());
        self.set_going().await;
        let clock = self.clock.clone();
        let mut since_shown = 0;
        while self.phase != Phase::Over {
            self.ring();
            if self.schedule.peek().is_some_and(|Reverse((due, _))| *due <= clock.now()) {
                self.instant().await;
            }
            if let Some(news) = self.pending.pop_front() {
                self.hear(news).await;
            } else if let Ok(news) = self.news.try_recv() {
                self.hear(news).await;
            } else {
                if since_shown > 0 {
                    self.show();
                }
                let timer = self.timers.peek().map_or(Time::MAX, |Reverse((at, ..))| *at);
                let scheduled = self.schedule.peek().map_or(Time::MAX, |Reverse((at, _))| *at);
                let wait = clock.until(timer.min(scheduled).min(self.looks_at));
                tokio::select! {
                    biased;
                    wish = self.wished.recv() => self.fulfil(wish.unwrap_or(Wish::Stop)).await,
                    news = self.news.recv() => {
                        self.pending.extend(news);
                    }
                    () = wait => {}
                }
                since_shown = AT_ONCE;
            }
            since_shown += 1;
            if since_shown > AT_ONCE {
                since_shown = 0;
                self.show();
                self.look();
                while let Ok(wish) = self.wished.try_recv() {
                    self.fulfil(wish).await;
                }
                // Tasks on this thread are to have their turn.
                tokio::task::yield_now().await;
            }
        }
        let at = self.instant().await;
        self.note(Input { at, what: Happening::Reached });
        self.show();
        // Not longer than the grace that all else is given.
        let closing = self.broker.close();
        let _ = tokio::time::timeout(GOODBYE, closing).await;
        self.clock.stop();
    }

    /// The present instant: never before one that was, and after all that a person did. What is
    /// on the schedule until then is done first.
    async fn instant(&mut self) -> Time {
        self.instant_after(Time::ZERO).await
    }

    /// The same, not before another instant.
    async fn instant_after(&mut self, earliest: Time) -> Time {
        let now = self.floor.max(self.clock.now()).max(earliest);
        while let Some(&Reverse((due, number))) = self.schedule.peek()
            && due <= now
        {
            self.schedule.pop();
            self.floor = self.floor.max(due);
            self.note(Input { at: self.floor, what: Happening::Released(number) });
            self.set_going().await;
        }
        self.floor = now;
        now
    }

    /// Timers that have run down have come.
    fn ring(&mut self) {
        let Some(Reverse((first, ..))) = self.timers.peek() else { return };
        let now = self.clock.now();
        if *first > now {
            return;
        }
        while let Some(&Reverse((due, number, is_source))) = self.timers.peek()
            && due <= now
        {
            self.timers.pop();
            if !is_source || self.stops_at.is_none_or(|it| due <= it) {
                self.pending.push_back(News::Came(number, due));
            }
        }
    }

    /// Something is told.
    async fn hear(&mut self, news: News) {
        match news {
            News::Came(number, due) | News::Told(Tale::Came { number, due }) => {
                let at = self.instant().await;
                self.meter.count(at, due);
                let is_leaving = self.leaving.remove(&number);
                self.note(Input {
                    at,
                    what: if is_leaving {
                        Happening::Gone(number)
                    } else {
                        Happening::Released(number)
                    },
                });
                self.set_going().await;
            }
            News::Out(parcel) => {
                if !self.broker.carry(parcel) {
                    self.pending.push_back(News::Came(parcel.number, parcel.due));
                }
            }
            News::Told(Tale::Connection(state)) => {
                let mut seen = self.shared.lock();
                seen.status.connected = state.is_ok();
                seen.status.trouble = state.err();
            }
            News::Told(Tale::Trouble(text)) => self.shared.lock().status.trouble = Some(text),
            News::Told(Tale::Brought { traveller, .. }) if !self.is_for_us(&traveller) => {
                let said = "something was sent to this run that is none of its messages";
                self.shared.lock().status.trouble = Some(said.to_owned());
            }
            News::Told(tale) => {
                let part = self.broker.parts().map_or(0, |it| it.0);
                // A hybrid logical clock: later than its cause, whatever the clock shows.
                // One that shows the far future is wrong.
                let latest = self.clock.now() + FAR_AHEAD;
                let cause = tale.after(part).filter(|it| *it < latest);
                let cause = cause.map_or(Time::ZERO, |it| it + Span(1));
                let at = self.instant_after(cause).await;
                for what in self.ledger.hear(tale, &self.world) {
                    self.meter.count(at, at);
                    self.note(Input { at, what });
                    self.set_going().await;
                }
            }
        }
    }

    fn note(&mut self, input: Input) {
        if self.world.take_in(&input, &mut ()) && self.options.is_recorded {
            self.fresh.push(input);
        }
    }

    /// Sets going what the world has begun to wait for.
    async fn set_going(&mut self) {
        let mut orders = std::mem::take(&mut self.orders);
        self.world.take_orders(|order| orders.push(order));
        for Order { number, due, by, of } in orders.drain(..) {
            if !self.is_here(of) {
                self.not_ours += u64::from(matches!(by, By::Wire { .. }));
                continue;
            }
            if of.is_none() && self.broker.parts().is_some() {
                self.schedule.push(Reverse((due, number)));
                continue;
            }
            match by {
                By::Wire { message, link } => {
                    let leaves = self.leads_elsewhere(link);
                    if leaves {
                        self.leaving.insert(number);
                    }
                    let goes_on =
                        !leaves && self.broker.is_remote() && self.is_between_services(link);
                    self.send(link.index(), Parcel { due, number, message, goes_on }).await;
                }
                By::Worker { works, .. } => {
                    let (clock, teller) = (self.clock.clone(), self.teller.clone());
                    if works && self.options.work == Work::Compute {
                        tokio::spawn(worker::compute(clock, number, due, teller));
                    } else {
                        tokio::spawn(worker::sleep(clock, number, due, teller));
                    }
                }
                By::Source(_) => self.timers.push(Reverse((due, number, true))),
                By::Clock => self.timers.push(Reverse((due, number, false))),
            }
        }
        self.orders = orders;
        self.run_errands();
    }

    /// Whether a message comes from another part of the run, to somebody in this one.
    fn is_for_us(&self, traveller: &Traveller) -> bool {
        let Some((part, parts)) = self.broker.parts() else { return false };
        let to = traveller.to(self.world.model());
        traveller.part != part
            && parts.contains(&traveller.part)
            && to.is_some_and(|it| self.is_here(Some(it)))
    }

    /// Whether what a service has to do with is done in this process.
    fn is_here(&self, of: Option<ServiceId>) -> bool {
        let (Some(service), Some((part, parts))) = (of, self.broker.parts()) else { return true };
        parts[service.index()] == part
    }

    fn leads_elsewhere(&self, link: LinkId) -> bool {
        match self.world.model().links[link.index()].to {
            Node::Service(service) => !self.is_here(Some(service)),
            Node::Topic(_) => false,
        }
    }

    fn is_between_services(&self, link: LinkId) -> bool {
        let link = &self.world.model().links[link.index()];
        matches!((link.from, link.to), (Node::Service(_), Node::Service(_)))
    }

    /// Does at the broker what the world wants done there.
    fn run_errands(&mut self) {
        let Self { world, broker, ledger, floor, .. } = self;
        let mut errands = Vec::new();
        world.take_errands(|errand| errands.push(errand));
        let part = broker.parts().map_or(0, |it| it.0);
        for errand in errands {
            let published = match errand {
                Errand::Publish { topic, message } => Some((topic, None, message)),
                Errand::Append { topic, partition, message, .. } => {
                    Some((topic, Some(partition), message))
                }
                _ if !is_ours(world, &**broker, &errand) => continue,
                _ => None,
            };
            let published = published.map(|(topic, partition, message)| {
                let serial = ledger.publish(topic, partition, message);
                let origin = Origin { part, serial, link: world.link_of(message) };
                (Published { origin, at: *floor }, world.event_of(message))
            });
            broker.perform(world.model(), *floor, errand, published);
        }
    }

    /// Puts a message on its link. While that is full, what comes is put aside: who sends here
    /// may be waiting to be heard there.
    async fn send(&mut self, link: usize, parcel: Parcel) {
        if self.wires[link].try_send(parcel).is_ok() {
            return;
        }
        loop {
            tokio::select! {
                biased;
                place = self.wires[link].reserve() => {
                    // A link that is no more is one of a run that is over.
                    if let Ok(place) = place {
                        place.send(parcel);
                    }
                    return;
                }
                Some(news) = self.news.recv() => self.pending.push_back(news),
            }
        }
    }

    async fn fulfil(&mut self, wish: Wish) {
        match (wish, self.phase) {
            (_, Phase::Over) => {}
            (Wish::Act(act), _) => {
                let at = self.instant().await;
                let intervention = Intervention { at, act };
                let number = u32::try_from(self.script.len()).unwrap_or(u32::MAX);
                self.world.intervene(&intervention, number, &mut ());
                self.script.push(intervention);
                self.floor = at + Span(1);
                self.set_going().await;
            }
            (Wish::Stop, Phase::Drains) => self.phase = Phase::Over,
            (Wish::Stop, _) => self.drain(self.clock.now()),
        }
    }

    /// From now on what is under way comes to its end.
    fn drain(&mut self, stops_at: Time) {
        self.phase = Phase::Drains;
        self.stops_at = Some(stops_at);
    }

    /// Whether nothing is under way.
    fn is_quiet(&self, now: Time) -> bool {
        let is_due = self.timers.peek().is_some_and(|Reverse((at, ..))| *at <= now);
        if is_due || !self.pending.is_empty() {
            return false;
        }
        let audit = self.world.audit();
        audit.alive() <= self.not_ours
            && audit.unconfirmed == 0
            && audit.in_outboxes == 0
            && !self.world.awaits_logs(|service| self.is_here(Some(service)))
            && self.broker.has_told_all()
    }

    /// Looks, now and then, whether the run is to end.
    fn look(&mut self) {
        let now = self.clock.now();
        if now < self.looks_at {
            return;
        }
        self.looks_at = now + LOOK_EVERY;
        self.meter.look(now);
        let trouble = self.broker.trouble(self.world.model());
        if trouble != self.others_trouble {
            self.shared.lock().status.trouble.clone_from(&trouble);
            self.others_trouble = trouble;
        }
        if self.world.stands_still() {
            self.shared.lock().status.trouble = Some(World::STANDSTILL.to_owned());
            self.phase = Phase::Over;
        }
        match self.phase {
            Phase::Runs => {
                if let Some(end) = self.options.lasts.map(|it| Time::ZERO + it)
                    && now >= end
                {
                    self.drain(end);
                }
            }
            Phase::Drains => {
                let ends = self.stops_at.unwrap_or(now) + self.options.grace;
                let is_quiet = self.is_quiet(now);
                if self.broker.rests(is_quiet) || now >= ends {
                    self.phase = Phase::Over;
                }
            }
            Phase::Begins | Phase::Over | Phase::Failed => {}
        }
    }

    /// Shows others how it goes.
    fn show(&mut self) {
        let mut seen = self.shared.lock();
        for input in self.fresh.drain(..) {
            seen.trace.push(input);
        }
        if seen.script.len() < self.script.len() {
            seen.script.clone_from(&self.script);
        }
        let Meter { inputs, late, latest, per_second, .. } = self.meter;
        let lost = seen.trace.lost();
        let status = &mut seen.status;
        (status.phase, status.now) = (self.phase, self.floor.max(self.clock.now()));
        (status.records, status.inputs) = (self.world.record_count(), inputs);
        (status.per_second, status.late, status.latest) = (per_second, late, latest);
        status.lost = lost;
    }
}
