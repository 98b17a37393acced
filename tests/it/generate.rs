//! Scenarios out of a number: every construct of the language and every fault, each switched on
//! or off by lots (swarm testing: A. Groce and others, ISSTA 2012).
//!
//! They are made so that they come to rest: sources stop at 8 s, faults are mended by 12 s, no
//! events go in circles, and nobody waits for ever for what may be lost.

use std::fmt::Write;

/// When the last source stops and the last fault is mended, in seconds.
pub const CALM: u32 = 12;

/// A stream of lots; its own few lines, so that a seed means the same for ever.
pub struct Lots(u64);

impl Lots {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// `SplitMix64`.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub const fn within(&mut self, least: u32, most: u32) -> u32 {
        least + (self.next() % (most as u64 - least as u64 + 1)) as u32
    }

    pub const fn chance(&mut self, percent: u32) -> bool {
        self.within(1, 100) <= percent
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.within(0, choices.len() as u32 - 1) as usize]
    }

    /// A probability up to so many hundredths, as text.
    fn probability(&mut self, most: u32) -> String {
        format!("0.{:02}", self.within(1, most))
    }
}

/// The text of the scenario of this seed.
pub fn scenario(seed: u64) -> String {
    Maker::new(seed).make()
}

struct Maker {
    lots: Lots,
    /// Lots of their own for consumer strategies and projections.
    beliefs: Lots,
    /// Whether anything can be lost on a link.
    lossy: bool,
    /// Whether events have a key.
    keyed: bool,
    /// Each topic, and whether it is a log. Events go from earlier ones to later ones.
    topics: Vec<(String, bool)>,
    /// Which of them have followers.
    replicated: Vec<bool>,
    /// How many services answer; each calls only those behind it.
    servers: u32,
    can: Can,
}

/// What is switched on.
struct Can {
    fail: bool,
    retry: bool,
    stores: bool,
    branch: bool,
    tell: bool,
    poll: bool,
    bounded: bool,
    guard: bool,
    confirm: bool,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut lots = Lots::new(seed);
        let beliefs = Lots::new(seed ^ 0x6265_6c69_6566);
        let mut on = || lots.chance(50);
        let can = Can {
            fail: on(),
            retry: on(),
            stores: on(),
            branch: on(),
            tell: on(),
            poll: on(),
            bounded: on(),
            guard: on(),
            confirm: on(),
        };
        let lossy = on();
        let topics = (0..lots.within(0, 3))
            .map(|it| (format!("t{it}"), lots.chance(50)))
            .collect::<Vec<_>>();
        let servers = lots.within(u32::from(topics.is_empty()), 3);
        let keyed = lots.chance(70);
        let replicated = topics.iter().map(|(_, is_log)| *is_log && lots.chance(40)).collect();
        Self { lots, beliefs, lossy, keyed, topics, replicated, servers, can }
    }

    fn make(mut self) -> String {
        let mut text = String::from("Scenario(format: 1, title: \"made by lots\",\n");
        let key = if self.keyed { "key: \"k\", " } else { "" };
        let tombstone = if self.keyed && self.lots.chance(30) { "tombstone: true, " } else { "" };
        let fields =
            "fields: { \"k\": Numbered(\"k-\", 5), \"n\": Int(1, 9), \"id\": Sequence(\"e-\") }";
        let _ = writeln!(
            text,
            "events: {{ \"E\": Event({key}{fields}), \"F\": Event({key}{tombstone}{fields}) }},"
        );
        let _ = writeln!(
            text,
            "requests: {{ \"Q\": Request({fields}), \"Ask\": Request(), \"Yes\": Request(), \"No\": Request() }},"
        );
        let topics: String = (0..self.topics.len()).map(|it| self.topic(it)).collect();
        let _ = writeln!(text, "topics: {{ {topics} \"dead\": Queue(ack_wait: \"1s\") }},");
        let links = self.links();
        let _ = writeln!(text, "links: Links(default: {links}),");
        let servers: String = (0..self.servers).map(|it| self.server(it)).collect();
        let consumers: String = (0..self.topics.len()).map(|it| self.consumers(it)).collect();
        let _ = writeln!(
            text,
            "services: {{\n{servers}{consumers}  \"undertaker\": Service(consumes: {{ \"dead\": \
             Consume(on: {{ \"E\": [Work(\"1ms\")] }}) }}),\n}},"
        );
        let sources: String = (0..self.lots.within(1, 2)).map(|it| self.source(it)).collect();
        let _ = writeln!(text, "workloads: {{\n{sources}}},");
        let faults = self.faults();
        let _ = writeln!(text, "faults: [\n{faults}],\n)");
        text
    }

    fn topic(&mut self, it: usize) -> String {
        let (name, is_log) = self.topics[it].clone();
        let lots = &mut self.lots;
        if is_log {
            let partitions = lots.within(1, 4);
            let mut settings = vec![format!("partitions: {partitions}")];
            if lots.chance(25) {
                let kept = [
                    "retention: \"3s\"",
                    "retention_events: 30",
                    "retention_size: \"9kB\"",
                    "retention: \"2s\", retention_check: \"1s\"",
                ];
                settings.push(lots.pick(&kept).to_owned());
            }
            if lots.chance(25) {
                let segments =
                    ["segment_events: 7", "segment_size: \"3kB\"", "segment_age: \"900ms\""];
                settings.push(lots.pick(&segments).to_owned());
            }
            if self.keyed && lots.chance(35) {
                let (every, dirty) = (lots.within(100, 3000), lots.pick(&["0", "0.5", "0.9"]));
                settings.push(format!(
                    "compaction: Compact(every: \"{every}ms\", min_dirty: {dirty}, delete_retention: \"{every}ms\")"
                ));
            }
            if self.replicated[it] {
                settings.push(format!("replication: \"{}ms\"", lots.within(0, 80)));
            }
            return format!("\"{name}\": Log({}), ", settings.join(", "));
        }
        let mut settings = Vec::new();
        // Without an ack wait a lost ack leaves the message leased for ever.
        if self.lossy || lots.chance(70) {
            settings.push(format!("ack_wait: \"{}ms\"", lots.within(60, 1500)));
        }
        if lots.chance(50) {
            settings.push(format!("max_deliveries: {}", lots.within(1, 5)));
            if lots.chance(70) {
                settings.push("dead_letters: \"dead\"".to_owned());
            }
        }
        if lots.chance(40) {
            settings.push(format!("dedupe_window: \"{}s\"", lots.within(1, 5)));
        }
        if lots.chance(30) {
            settings.push(format!("capacity: {}", lots.within(3, 60)));
            settings.push(format!("overflow: {}", lots.pick(&["Refuse", "DropOldest"])));
        }
        if lots.chance(20) {
            settings.push(format!("expires: \"{}ms\"", lots.within(100, 3000)));
        }
        if lots.chance(20) {
            settings.push(format!("max_unacked: {}", lots.within(1, 9)));
        }
        if lots.chance(30) {
            settings.push("order: ByKey".to_owned());
        }
        if lots.chance(20) {
            settings.push("single_active: true".to_owned());
        }
        if lots.chance(20) {
            settings.push("nacks_are_free: true, keeps_leases: true".to_owned());
        }
        if lots.chance(20) {
            settings.push("backoff: [\"100ms\", \"300ms\", \"900ms\"]".to_owned());
        }
        format!("\"{name}\": Queue({}), ", settings.join(", "))
    }

    fn links(&mut self) -> String {
        let latency = self.time(20);
        let lots = &mut self.lots;
        let mut settings = vec![format!("latency: {latency}")];
        if self.lossy {
            if lots.chance(60) {
                settings.push(format!("loss: {}", lots.probability(20)));
            }
            if lots.chance(40) {
                settings.push(format!("duplication: {}", lots.probability(10)));
            }
            if lots.chance(50) {
                settings.push("transport: Datagram".to_owned());
            } else {
                settings.push("transport: Stream(retransmit: \"40ms\")".to_owned());
            }
        }
        if lots.chance(20) {
            settings.push(format!("bandwidth: \"{}kB\"", lots.within(20, 500)));
        }
        format!("Link({})", settings.join(", "))
    }

    /// A time, or a way to draw one, of so many ms in the mean.
    fn time(&mut self, mean: u32) -> String {
        let half = mean.div_ceil(2);
        match self.lots.within(0, 4) {
            0 => format!("\"{mean}ms\""),
            1 => format!("Exponential(\"{mean}ms\")"),
            2 => format!("Uniform(\"{half}ms\", \"{}ms\")", mean + half),
            3 => format!("Gamma(0.7, \"{mean}ms\")"),
            _ => "\"0ms\"".to_owned(),
        }
    }

    fn size(&mut self) -> String {
        let lots = &mut self.lots;
        let mut settings = vec![
            format!("instances: {}", lots.within(1, 3)),
            format!("workers: {}", lots.pick(&["1", "2", "5", "Unlimited"])),
        ];
        if self.can.bounded {
            let full = lots.pick(&["Block", "Reject", "Drop"]);
            let order = lots.pick(&["Fifo", "Lifo"]);
            let capacity = lots.within(1, 9);
            settings
                .push(format!("queue: Queue(capacity: {capacity}, full: {full}, order: {order})"));
        }
        settings.push(format!("balance: {}", lots.pick(&["RoundRobin", "LeastLoaded", "Random"])));
        if self.can.stores {
            let durable = lots.chance(50);
            settings.push(format!(
                "stores: {{ \"sum\": Sum(key: Text, durable: {durable}), \"seen\": Set(key: Text) }}"
            ));
        }
        if self.can.guard {
            settings.push(self.guards());
        }
        settings.join(", ")
    }

    /// What the calls of a service may go through.
    fn guards(&mut self) -> String {
        let lots = &mut self.lots;
        let trip = match lots.within(0, 1) {
            0 => format!("failures: {}", lots.within(1, 4)),
            _ => format!("rate: 0.{}, of: {}, at_least: 2", lots.within(1, 9), lots.within(2, 9)),
        };
        format!(
            "breakers: {{ \"b\": Breaker({trip}, open_for: \"{}ms\", trial: {}) }}, budgets: {{ \"b\": \
             Budget(tokens: {}, ratio: 0.{}) }}, bulkheads: {{ \"b\": Bulkhead(at_most: {}, waiting: {}) }}",
            lots.within(20, 900),
            lots.within(1, 3),
            lots.within(1, 9),
            lots.within(1, 9),
            lots.within(1, 3),
            lots.within(0, 3),
        )
    }

    fn server(&mut self, it: u32) -> String {
        let mut size = self.size();
        if self.can.guard && self.lots.chance(60) {
            let (durable, keeps) = (self.lots.chance(50), self.lots.chance(50));
            let window = self.lots.within(200, 9000);
            let _ = write!(
                size,
                ", idempotency: Idempotency(window: \"{window}ms\", durable: {durable}, keeps_failures: {keeps})"
            );
        }
        let steps = self.steps(Place::Server(it), 3);
        format!(
            "  \"s{it}\": Service({size}, answers: {{ \"Q\": [{steps}], \"E\": [Work(\"2ms\")], \"Ask\": \
             [Work(\"3ms\"), If(condition: Chance(0.4), then: [Reply(\"Yes\")], otherwise: [Reply(\"No\")])] }}),\n"
        )
    }

    fn consumers(&mut self, topic: usize) -> String {
        let mut text = String::new();
        for group in 0..self.lots.within(1, 2) {
            // A queue's consumers are one group, whatever they are called.
            let size = self.size();
            let publishes = self.publishes(topic + 1);
            let consume = self.consume(topic);
            let (name, _) = &self.topics[topic];
            let grows = consume.contains("store: \"sum\"") && self.beliefs.chance(60);
            let size = match grows {
                true => size.replace("Sum(", &format!("Sum(projection_of: \"{name}\", ")),
                false => size,
            };
            let _ = writeln!(
                text,
                "  \"c{topic}{group}\": Service({size}, {publishes}consumes: {{ \"{name}\": {consume} }}),"
            );
        }
        text
    }

    fn consume(&mut self, topic: usize) -> String {
        let is_log = self.topics[topic].1;
        let lots = &mut self.lots;
        let mut settings = vec![format!("prefetch: {}", lots.within(1, 12))];
        let mut last = "";
        if is_log {
            settings.push(format!("ack: {}", lots.pick(&["AfterWork", "AfterWork", "BeforeWork"])));
            settings.push(format!(
                "start: {}",
                lots.pick(&["Earliest", "Earliest", "Latest", "Time(\"2s\")", "Offset(9)"])
            ));
            settings.push(format!("session_timeout: \"{}ms\"", lots.within(300, 3000)));
            settings.push(format!("static_members: {}", lots.chance(30)));
            if lots.chance(30) {
                settings.push(format!("heartbeat: \"{}ms\"", lots.within(20, 250)));
            }
            if lots.chance(30) {
                settings.push(format!("initial_rebalance_delay: \"{}ms\"", lots.within(50, 900)));
            }
            // Long enough for a batch that calls to come to its end one day.
            if lots.chance(30) {
                settings.push(format!("max_poll_interval: \"{}s\"", lots.within(100, 300)));
            }
            if lots.chance(40) {
                settings.push(format!("commit: Every(\"{}ms\")", lots.within(200, 2000)));
            }
            if lots.chance(60) {
                let assignment = lots.pick(&["Range", "RoundRobin", "Sticky"]);
                let protocol = lots.pick(&["Eager", "Cooperative"]);
                settings.push(format!("assignment: {assignment}, protocol: {protocol}"));
            }
            if lots.chance(40) {
                settings.push(format!("rebalance_pause: \"{}ms\"", lots.within(50, 900)));
            }
        } else {
            let ack =
                lots.pick(&["AfterWork", "AfterWork", "BeforeWork", "ByHandler", "Automatic"]);
            // What only the handler acks is not acked when it fails before.
            if ack == "ByHandler" && !self.can.fail {
                last = "Ack, Work(\"1ms\")";
            }
            settings.push(format!(
                "ack: {}",
                if last.is_empty() && ack == "ByHandler" { "AfterWork" } else { ack }
            ));
        }
        if lots.chance(30) {
            settings.push("on_failure: GiveUp".to_owned());
        } else {
            settings.push(format!("on_failure: Retry(\"{}ms\")", lots.within(0, 300)));
        }
        if !is_log && lots.chance(25) {
            settings.push(format!("heartbeat: \"{}ms\"", lots.within(10, 500)));
        }
        let steps = self.steps(Place::Consumer(topic), 3);
        let acks_late =
            !settings.iter().any(|it| it.contains("ack: ") && !it.contains("AfterWork"));
        let beats = settings.iter().any(|it| it.contains("heartbeat"));
        settings.extend(self.strategy(acks_late, beats));
        format!("Consume({}, on: {{ \"E\": [{steps}{last}] }})", settings.join(", "))
    }

    fn strategy(&mut self, acks_late: bool, beats: bool) -> Option<String> {
        let lots = &mut self.beliefs;
        if lots.chance(50) {
            return None;
        }
        let mut all = Vec::new();
        if lots.chance(50) {
            all.push(lots.pick(&[
                "Idempotent",
                "Idempotent(window: 3)",
                "Idempotent(window: \"1s\", durable: true)",
                "Inbox",
                "Inbox",
            ]));
        }
        if lots.chance(20) {
            all.push("VersionChecked(version: \"id\")");
        }
        if lots.chance(20) && !beats {
            let batch = lots.pick(&[
                "Batch(size: 3, within: \"50ms\")",
                "Batch(size: 2)",
                "Batch(size: 9)",
            ]);
            all.push(batch);
            return Some(format!("strategy: [{}]", all.join(", ")));
        }
        if lots.chance(30) {
            all.push("Reorder(by: \"id\", timeout: \"200ms\")");
        }
        if lots.chance(30) && acks_late {
            all.push(lots.pick(&[
                "RetryThenDeadLetter(attempts: 3, backoff: Fixed(\"50ms\"))",
                "RetryThenDeadLetter(attempts: 2, jitter: Full, dead_letters: \"dead\")",
            ]));
        }
        Some(format!("strategy: [{}]", all.join(", ")))
    }

    fn source(&mut self, it: u32) -> String {
        let listens = self.can.tell && it == 0 && matches!(self.topics.first(), Some((_, true)));
        let publishes = self.publishes(0);
        let steps = self.steps(Place::Source { listens }, 4);
        let guards = if self.can.guard { format!(", {}", self.guards()) } else { String::new() };
        let lots = &mut self.lots;
        let rate = lots.within(3, 25);
        let arrivals = match lots.within(0, 4) {
            0 => format!("Every(\"{}ms\")", 1000 / rate),
            1 => format!(
                "Bursts(size: {rate}, every: \"2s\", within: \"{}ms\")",
                lots.within(0, 900)
            ),
            2 => format!("Closed(users: {}, think: Exponential(\"500ms\"))", lots.within(1, 9)),
            3 => format!("Rates([(\"0s\", {rate}.0), (\"3s\", {}.0)])", lots.within(1, 30)),
            _ => format!("Poisson(per_second: {rate})"),
        };
        let listens = if listens { ", consumes: { \"t0\": Consume() }" } else { "" };
        format!(
            "  \"w{it}\": Workload(arrivals: {arrivals}, event: \"E\", until: \"8s\"{listens}{guards}, {publishes}do: [{steps}]),\n"
        )
    }

    /// Up to so many steps, each with a comma behind it.
    fn steps(&mut self, place: Place, most: u32) -> String {
        let mut text = String::new();
        for _ in 0..self.lots.within(0, most) {
            let step = self.step(place, most);
            if !step.is_empty() {
                let _ = write!(text, "{step}, ");
            }
        }
        text
    }

    fn step(&mut self, place: Place, most: u32) -> String {
        match self.lots.within(0, 9) {
            0 | 1 => format!("Work({})", self.time(20)),
            2 => format!("Wait({})", self.time(10)),
            3 if self.can.fail => format!("Fail({})", self.lots.probability(40)),
            4 if self.can.stores && !matches!(place, Place::Source { .. }) => {
                self.lots.pick(&[
                    "Update(store: \"sum\", key: Field(\"k\"), add: Field(\"n\"))",
                    "Update(store: \"seen\", key: Field(\"id\"), insert: true)",
                    "If(condition: Has(\"seen\", Field(\"id\")), then: [Work(\"1ms\")], otherwise: [])",
                ]).to_owned()
            }
            5 if self.can.branch && most > 1 => {
                let chance = self.lots.probability(99);
                let (then, otherwise) = (self.steps(place, most - 2), self.steps(place, most - 2));
                format!("If(condition: Chance({chance}), then: [{then}], otherwise: [{otherwise}])")
            }
            6 | 7 => self.publish(place),
            8 if self.can.poll => self.poll(place),
            8 if self.can.tell => self.await_told(place),
            _ => self.call(place),
        }
    }

    fn publish(&mut self, place: Place) -> String {
        // A server publishes nothing: a consumer could hear of its own doing.
        let first = match place {
            Place::Source { .. } => 0,
            Place::Consumer(topic) => topic + 1,
            Place::Server(_) => self.topics.len(),
        };
        if first >= self.topics.len() {
            return String::new();
        }
        let last = self.topics.len() - 1;
        let to = self.lots.within(first as u32, last as u32) as usize;
        let event = if self.lots.chance(85) { "E" } else { "F" };
        // The outbox, if there is one, is for what goes to the last topic.
        if self.can.confirm && to == last && self.lots.chance(40) {
            return format!("Publish(event: \"{event}\", to: \"t{to}\", via: \"out\")");
        }
        format!("Publish(\"{event}\", \"t{to}\")")
    }

    /// How a source or a consumer publishes to the topics from this one on.
    fn publishes(&mut self, first: usize) -> String {
        if !self.can.confirm || first >= self.topics.len() {
            return String::new();
        }
        let last = self.topics.len() - 1;
        let mut entries = String::new();
        for topic in first..=last {
            let has_outbox = topic == last;
            if self.lots.chance(70) {
                let producer = self.producer(topic, has_outbox);
                let _ = write!(entries, "\"t{topic}\": {producer}, ");
            }
        }
        let (every, batch) = (self.lots.within(20, 400), self.lots.within(1, 20));
        format!(
            "publishes: {{ {entries} }}, outboxes: {{ \"out\": Outbox(topic: \"t{last}\", every: \"{every}ms\", batch: {batch}) }}, "
        )
    }

    fn producer(&mut self, topic: usize, has_outbox: bool) -> String {
        let is_log = self.topics[topic].1;
        let lots = &mut self.lots;
        if !has_outbox && lots.chance(15) {
            return "Producer(acks: None)".to_owned();
        }
        // Whoever sends again too soon what a slow link has not brought yet never gets through.
        let timeout = lots.within(400, 1500);
        let mut settings = vec![
            format!("timeout: \"{timeout}ms\""),
            "backoff: Exponential(first: \"100ms\", factor: 2, most: \"2s\")".to_owned(),
            format!("max_in_flight: {}", lots.within(1, 5)),
        ];
        if is_log && lots.chance(50) {
            settings.push("idempotent: true, retries: Unlimited".to_owned());
        } else {
            settings.push(format!("retries: {}", lots.pick(&["0", "1", "5", "Unlimited"])));
            if is_log && lots.chance(40) {
                settings.push("acks: Leader".to_owned());
            }
        }
        if lots.chance(30) {
            settings.push(format!("delivery_timeout: \"{}ms\"", lots.within(timeout, 4000)));
        }
        if lots.chance(30) {
            settings.push("wait: true".to_owned());
        }
        format!("Producer({})", settings.join(", "))
    }

    fn target(&mut self, place: Place) -> Option<u32> {
        let first = match place {
            Place::Server(it) => it + 1,
            Place::Source { .. } | Place::Consumer(_) => 0,
        };
        (first < self.servers).then(|| self.lots.within(first, self.servers - 1))
    }

    fn call(&mut self, place: Place) -> String {
        let Some(to) = self.target(place) else { return String::new() };
        if self.lots.chance(25) {
            return format!("Send(to: \"s{to}\", event: \"E\")");
        }
        let mut settings = vec![format!("to: \"s{to}\", request: \"Q\"")];
        if self.lossy || self.can.bounded || self.lots.chance(60) {
            settings.push(format!("timeout: \"{}ms\"", self.lots.within(30, 900)));
        }
        if self.can.retry && self.lots.chance(70) {
            let backoff = self.lots.pick(&[
                "Fixed(\"20ms\")",
                "Exponential(first: \"10ms\", factor: 2, most: \"200ms\")",
            ]);
            let jitter = self.lots.pick(&["None", "Equal", "Full"]);
            let attempts = self.lots.within(1, 4);
            settings.push(format!(
                "retry: Retry(attempts: {attempts}, backoff: {backoff}, jitter: {jitter})"
            ));
        }
        if self.can.guard {
            for guard in ["breaker", "budget", "bulkhead"] {
                if self.lots.chance(50) {
                    settings.push(format!("{guard}: \"b\""));
                }
            }
        }
        // A call that can never be answered in time would be tried again for ever.
        if matches!(place, Place::Consumer(_)) || self.lots.chance(60) {
            settings.push("otherwise: []".to_owned());
        }
        format!("Call({})", settings.join(", "))
    }

    fn poll(&mut self, place: Place) -> String {
        let Some(to) = self.target(place) else { return String::new() };
        let (every, at_most) = (self.lots.within(20, 200), self.lots.within(1, 4));
        format!(
            "Poll(to: \"s{to}\", request: \"Ask\", every: \"{every}ms\", until: \"Yes\", at_most: {at_most}, timeout: \"300ms\", otherwise: [])"
        )
    }

    fn await_told(&mut self, place: Place) -> String {
        if !matches!(place, Place::Source { listens: true }) {
            return String::new();
        }
        let timeout = self.lots.within(50, 2000);
        format!("Await(event: \"E\", same: \"k\", timeout: \"{timeout}ms\", otherwise: [])")
    }

    fn faults(&mut self) -> String {
        let mut text = String::new();
        let mut services: Vec<String> = (0..self.servers).map(|it| format!("s{it}")).collect();
        services.extend((0..self.topics.len()).map(|it| format!("c{it}0")));
        for kind in 0..11 {
            for _ in 0..self.lots.pick(&[0, 0, 1, 2]) {
                let at = self.lots.within(0, 8000);
                let lasts = self.lots.within(1, CALM * 1000 - at).min(4000);
                let when = format!("at: \"{at}ms\", for: \"{lasts}ms\"");
                if let Some(fault) = self.fault(kind, &when, &services) {
                    let _ = writeln!(text, "  {fault},");
                }
            }
        }
        text
    }

    fn fault(&mut self, kind: u32, when: &str, services: &[String]) -> Option<String> {
        let lots = &mut self.lots;
        let service = if services.is_empty() {
            return None;
        } else {
            lots.within(0, services.len() as u32 - 1) as usize
        };
        let service = &services[service];
        let topic = (!self.topics.is_empty())
            .then(|| lots.within(0, self.topics.len() as u32 - 1) as usize);
        // A pair that talks for certain: a topic and its consumer.
        let pair = || topic.map(|it| format!("between: (\"{}\", \"c{it}0\")", self.topics[it].0));
        Some(match kind {
            0 => format!("Crash(service: \"{service}\", {when})"),
            1 => format!("Crash(service: \"{service}\", instance: 1, {when})"),
            2 => format!("Slow(service: \"{service}\", {when}, factor: {})", lots.within(2, 9)),
            3 => {
                let hold = !self.lossy || lots.chance(50);
                format!("Cut({}, {when}, hold: {hold})", pair()?)
            }
            4 if self.lossy => format!("Loss({}, {when}, probability: 0.5)", pair()?),
            5 => {
                let (extra, reorder) = (lots.within(5, 300), lots.chance(50));
                format!(
                    "Delay({}, {when}, extra: Exponential(\"{extra}ms\"), reorder: {reorder})",
                    pair()?
                )
            }
            6 => format!("Duplicate({}, {when}, probability: 0.5)", pair()?),
            7 => format!("Outage(topic: \"{}\", {when})", self.topics[topic?].0),
            8 => {
                let (topic, at) = (topic?, lots.within(0, 9000));
                let (name, true) = &self.topics[topic] else { return None };
                let to = lots.pick(&["Earliest", "Latest", "Time(\"2s\")", "Offset(7)"]);
                format!(
                    "Replay(service: \"c{topic}0\", topic: \"{name}\", at: \"{at}ms\", to: {to})"
                )
            }
            9 => {
                let topic = topic?;
                let (name, false) = &self.topics[topic] else { return None };
                format!("Disconnect(service: \"c{topic}0\", topic: \"{name}\", {when})")
            }
            10 => {
                let topic = topic?;
                if !self.replicated[topic] {
                    return None;
                }
                format!("LeaderLoss(topic: \"{}\", {when})", self.topics[topic].0)
            }
            _ => return None,
        })
    }
}

/// Whose handler a step is for.
#[derive(Clone, Copy)]
enum Place {
    Source { listens: bool },
    Server(u32),
    Consumer(usize),
}
