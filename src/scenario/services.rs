//! Services and workloads: hands, queues, stores, subscriptions, timers, arrivals.

use crate::model::{
    AckTiming, Arrivals, Balance, Commit, Consume, Distribution, EventTypeId, FieldKind, Full,
    Handler, HandlerId, InboundOrder, Node as End, OnFailure, Service, ServiceId, Span, Step,
    Store, StoreId, StoreKind, Time, TopicKind, Trigger, Workload,
};

use super::convert::Converter;
use super::reader::{Fields, describe, head, nanos};
use super::steps::Scope;
use super::syntax::{Kind, Node};

const KINDS: [(&str, FieldKind); 4] = [
    ("Int", FieldKind::Int),
    ("Float", FieldKind::Float),
    ("Text", FieldKind::Text),
    ("Bool", FieldKind::Bool),
];

impl Converter<'_> {
    pub(super) fn services(&mut self, workloads: Option<&Node>, services: Option<&Node>) {
        let reader = self.reader;
        let mut nodes = Vec::new();
        for (section, is_workload) in [(workloads, true), (services, false)] {
            let Some(section) = section else { continue };
            for (name, place, node) in reader.entries(section) {
                let taken = self.model.services.iter().any(|it| it.name == name)
                    || self.model.topics.iter().any(|it| it.name == name);
                if taken {
                    reader.wrong(place, &format!("`{name}` is there twice"), "a name of its own");
                    continue;
                }
                if self.model.services.len() >= 60_000 {
                    reader.wrong(place, "too many services", "at most 60 000");
                    return;
                }
                let id = ServiceId::from_index(self.model.services.len());
                self.model.services.push(blank(name));
                nodes.push((id, node, is_workload));
            }
        }
        let mut open = Vec::new();
        for (id, node, is_workload) in nodes {
            let what = if is_workload { "Workload" } else { "Service" };
            let Some(fields) = reader.fields(node, what) else { continue };
            self.stores(id, fields.optional("stores"));
            self.guards(id, &fields);
            self.publishes(id, fields.optional("publishes"));
            self.outboxes(id, fields.optional("outboxes"));
            if is_workload {
                self.model.services[id.index()].first_instance =
                    self.add_instances(id, 1, fields.place());
            } else {
                self.hands(id, &fields);
            }
            open.push((id, fields, is_workload));
        }
        // Who answers what must be known before anybody calls.
        for (id, fields, _) in &open {
            if let Some(answers) = fields.optional("answers") {
                for (name, place, _) in reader.entries(answers) {
                    let named = Node { place: place.clone(), kind: Kind::Text(name.to_owned()) };
                    if let Some(event) = self.event_type_of(&named) {
                        self.handler(*id, Trigger::Request(event), Vec::new());
                    }
                }
            }
        }
        for (id, fields, is_workload) in open {
            self.answers(id, fields.optional("answers"));
            self.consumes(id, fields.optional("consumes"));
            if is_workload {
                self.workload(id, &fields);
            } else {
                self.timers(id, fields.optional("timers"));
            }
            fields.finish();
        }
    }

    fn handler(&mut self, service: ServiceId, trigger: Trigger, steps: Vec<Step>) -> HandlerId {
        let id = HandlerId::from_index(self.model.handlers.len());
        self.model.handlers.push(Handler { service, trigger, steps });
        self.model.services[service.index()].handlers.push(id);
        id
    }

    fn hands(&mut self, id: ServiceId, fields: &Fields<'_>) {
        let reader = self.reader;
        let most = i64::from(u32::MAX);
        let instances = fields.optional("instances").and_then(|it| reader.int(it, 1, 10_000));
        let instances = instances.and_then(|it| u32::try_from(it).ok()).unwrap_or(1);
        let workers = match fields.optional("workers") {
            None => Some(1),
            Some(Node { kind: Kind::Word(word), .. }) if word == "Unlimited" => None,
            Some(node) => reader.int(node, 1, most).and_then(|it| u32::try_from(it).ok()),
        };
        let mut queue_capacity = None;
        let mut full = Full::Block;
        let mut queue_order = InboundOrder::Fifo;
        if let Some(queue) = fields.optional("queue")
            && let Some(inner) = reader.fields(queue, "Queue")
        {
            queue_capacity = inner
                .optional("capacity")
                .and_then(|it| reader.int(it, 0, most))
                .and_then(|it| u32::try_from(it).ok());
            let words = [("Block", Full::Block), ("Reject", Full::Reject), ("Drop", Full::Drop)];
            if let Some(choice) = inner.optional("full").and_then(|it| reader.choice(it, &words)) {
                full = choice;
            }
            let words = [("Fifo", InboundOrder::Fifo), ("Lifo", InboundOrder::Lifo)];
            if let Some(it) = inner.optional("order").and_then(|it| reader.choice(it, &words)) {
                queue_order = it;
            }
            inner.finish();
        }
        let words = [
            ("RoundRobin", Balance::RoundRobin),
            ("LeastLoaded", Balance::LeastLoaded),
            ("Random", Balance::Random),
        ];
        let balance = fields.optional("balance").and_then(|it| reader.choice(it, &words));
        let starts = fields
            .optional("starts")
            .and_then(|it| reader.choice(it, &[("Up", true), ("Down", false)]));
        let idempotency = fields.optional("idempotency").and_then(|it| self.idempotency(it));
        let first_instance = self.add_instances(id, instances, fields.place());
        let service = &mut self.model.services[id.index()];
        service.instances = instances;
        service.first_instance = first_instance;
        service.workers = workers;
        service.queue_capacity = queue_capacity;
        service.full = full;
        service.queue_order = queue_order;
        service.balance = balance.unwrap_or(Balance::RoundRobin);
        service.starts_up = starts.unwrap_or(true);
        service.idempotency = idempotency;
    }

    fn stores(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        for (name, _, node) in self.reader.entries(section) {
            let words = [
                ("Counter", StoreKind::Counter),
                ("Sum", StoreKind::Sum),
                ("Last", StoreKind::Last),
                ("LastVersion", StoreKind::LastVersion),
                ("Set", StoreKind::Set),
                ("Log", StoreKind::Log),
            ];
            let (Kind::Struct(Some(word), _) | Kind::Tuple(Some(word), _)) = &node.kind else {
                let message = format!("{} instead of a store", describe(node));
                self.reader.wrong(
                    &node.place,
                    &message,
                    "Counter(…), Sum(…), Last(…), LastVersion(…), Set(…) or Log(…)",
                );
                continue;
            };
            let Some(&(what, kind)) = words.iter().find(|(it, _)| it == word) else {
                self.reader.unknown(&head(node), "kind of store", word, words.map(|it| it.0));
                continue;
            };
            let Some(fields) = self.reader.fields(node, what) else { continue };
            let mut key = fields.optional("key").and_then(|it| self.reader.choice(it, &KINDS));
            let value = fields.optional("value").and_then(|it| self.reader.choice(it, &KINDS));
            let durable = fields.optional("durable").and_then(|it| self.reader.bool(it));
            let projection_of = fields.optional("projection_of");
            let topic = projection_of.and_then(|it| self.topic(it));
            fields.finish();
            if kind == StoreKind::Set && key.is_none() {
                key = Some(FieldKind::Text);
            }
            let id = StoreId::from_index(self.model.stores.len());
            self.model.stores.push(Store {
                name: name.to_owned(),
                service,
                kind,
                key,
                value: value.unwrap_or(FieldKind::Int),
                durable: durable.unwrap_or(true),
                projection_of: topic,
            });
            if let Some(node) = projection_of {
                self.projections.push((id, node.place.clone()));
            }
            self.model.services[service.index()].stores.push(id);
        }
    }

    fn answers(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        for (name, _, node) in self.reader.entries(section) {
            let Some(event) = self.model.event_types.iter().position(|it| it.name == name) else {
                continue;
            };
            let event = EventTypeId::from_index(event);
            let scope = Scope { service, handled: Some(event), can_reply: true, can_ack: false };
            let steps = self.steps(&scope, node);
            self.certain(service, event, &steps, node);
            let trigger = Trigger::Request(event);
            let handlers = &mut self.model.handlers;
            let known =
                handlers.iter_mut().find(|it| it.service == service && it.trigger == trigger);
            if let Some(known) = known {
                known.steps = steps;
            }
        }
    }

    /// The calls that a handler makes whatever happens, before it answers.
    fn certain(&mut self, service: ServiceId, event: EventTypeId, steps: &[Step], node: &Node) {
        for (index, step) in steps.iter().enumerate() {
            match step {
                Step::Reply { .. } => return,
                Step::Call(call) if call.otherwise.is_none() => {
                    let place = match &node.kind {
                        Kind::List(items) => items.get(index).map_or_else(|| head(node), head),
                        _ => head(node),
                    };
                    self.certain_calls.push(((service, event), place, (call.to, call.request)));
                }
                _ => {}
            }
        }
    }

    fn consumes(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        let reader = self.reader;
        for (name, place, node) in reader.entries(section) {
            let named = Node { place: place.clone(), kind: Kind::Text(name.to_owned()) };
            let Some(topic) = self.topic(&named) else { continue };
            let Some(fields) = reader.fields(node, "Consume") else { continue };
            let is_log = matches!(self.model.topics[topic.index()].kind, TopicKind::Log(_));
            // What only a log's readers have is an unknown field of a queue's consumer.
            let group = if is_log {
                let own = self.model.services[service.index()].name.clone();
                let name = fields.optional("group").and_then(|it| reader.text(it));
                let group = self.group(topic, name.unwrap_or(&own));
                self.group_settings(group.index(), &fields);
                group
            } else {
                self.group(topic, "consumers")
            };
            self.talk(End::Service(service), End::Topic(topic));
            let consume = self.consume(&fields, topic, group);
            let subscription = self.model.services[service.index()].consumes.len();
            self.model.services[service.index()].consumes.push(consume);
            let mut handled = Vec::new();
            if let Some(reactions) = fields.optional("on") {
                for (event_name, event_place, steps) in reader.entries(reactions) {
                    let named = Node {
                        place: event_place.clone(),
                        kind: Kind::Text(event_name.to_owned()),
                    };
                    let Some(event) = self.event_type_of(&named) else { continue };
                    let scope =
                        Scope { service, handled: Some(event), can_reply: false, can_ack: !is_log };
                    let steps = self.steps(&scope, steps);
                    self.handler(service, Trigger::Event(group, event), steps);
                    handled.push(event);
                }
            }
            if let Some(node) = fields.optional("strategy") {
                let strategy = self.strategy(service, &handled, node);
                self.goes_together(service, subscription, &strategy, node);
                self.model.services[service.index()].consumes[subscription].strategy = strategy;
            }
            fields.finish();
        }
    }

    fn consume(
        &self,
        fields: &Fields<'_>,
        topic: crate::model::TopicId,
        group: crate::model::GroupId,
    ) -> Consume {
        let reader = self.reader;
        let is_queue = matches!(self.model.topics[topic.index()].kind, TopicKind::Queue(_));
        let prefetch = fields
            .optional("prefetch")
            .and_then(|it| reader.int(it, 1, i64::from(u32::MAX)))
            .and_then(|it| u32::try_from(it).ok());
        let words = [
            ("AfterWork", AckTiming::AfterWork),
            ("BeforeWork", AckTiming::BeforeWork),
            ("ByHandler", AckTiming::ByHandler),
            ("Automatic", AckTiming::Automatic),
        ];
        // Of a log a position is committed, and no single event acked.
        let words = if is_queue { &words[..] } else { &words[..2] };
        let ack = fields.optional("ack").and_then(|it| reader.choice(it, words));
        let every = |node: &Node, what| match &node.kind {
            Kind::Tuple(Some(name), items) if name == what && items.len() == 1 => {
                reader.span(&items[0])
            }
            _ => None,
        };
        let commit = if is_queue { None } else { fields.optional("commit") };
        let commit = commit.and_then(|node| match &node.kind {
            Kind::Word(word) if word == "Each" => Some(Commit::Each),
            _ => match every(node, "Every") {
                Some(span) if span > Span::ZERO => Some(Commit::Every(span)),
                _ => {
                    reader.wrong(&node.place, "not a way to commit", "Each or Every(\"5s\")");
                    None
                }
            },
        });
        let on_failure = fields.optional("on_failure").and_then(|node| match &node.kind {
            Kind::Word(word) if word == "GiveUp" => Some(OnFailure::GiveUp),
            Kind::Word(word) if word == "LetExpire" && is_queue => Some(OnFailure::LetExpire),
            _ => {
                let retry = every(node, "Retry").map(OnFailure::Retry);
                if retry.is_none() {
                    let expected = if is_queue {
                        "Retry(\"1s\"), GiveUp or LetExpire"
                    } else {
                        "Retry(\"1s\") or GiveUp"
                    };
                    reader.wrong(&node.place, "not a way to deal with failure", expected);
                }
                retry
            }
        });
        let heartbeat = if is_queue { fields.optional("heartbeat") } else { None };
        let heartbeat = heartbeat.and_then(|it| match reader.span(it)? {
            Span::ZERO => {
                reader.wrong(&it.place, "a heartbeat without a pause", "more than zero");
                None
            }
            span => Some(span),
        });
        let usual = self.profiles[topic.index()].consumer();
        Consume {
            group,
            topic,
            prefetch: prefetch.unwrap_or(usual.prefetch),
            ack: ack.unwrap_or(usual.ack),
            commit: commit.unwrap_or(usual.commit),
            on_failure: on_failure.unwrap_or(usual.on_failure),
            strategy: crate::model::Strategy::default(),
            heartbeat,
        }
    }

    fn timers(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        for node in self.reader.list(section) {
            let Kind::Tuple(Some(name), items) = &node.kind else {
                self.reader.wrong(&node.place, "not a timer", "Every(\"5s\", [ … ])");
                continue;
            };
            if name != "Every" || items.len() != 2 {
                self.reader.wrong(&head(node), "not a timer", "Every(\"5s\", [ … ])");
                continue;
            }
            let span = self.reader.span(&items[0]);
            if span == Some(Span::ZERO) {
                self.reader.wrong(&items[0].place, "a timer without a pause", "more than zero");
            }
            let scope = Scope { service, handled: None, can_reply: false, can_ack: false };
            let steps = self.steps(&scope, &items[1]);
            if let Some(span) = span.filter(|it| *it > Span::ZERO) {
                self.handler(service, Trigger::Timer(span), steps);
            }
        }
    }

    fn workload(&mut self, id: ServiceId, fields: &Fields<'_>) {
        let reader = self.reader;
        let event = fields.required("event").and_then(|it| self.event_type_of(it));
        let arrivals = fields.required("arrivals").and_then(|it| self.arrivals(it));
        let time = |name| fields.optional(name).and_then(|it| reader.span(it));
        let (from, until) = (time("from"), time("until"));
        let at_most = fields.optional("at_most").and_then(|it| reader.int(it, 1, i64::MAX));
        let steps = fields.required("do");
        let scope = Scope { service: id, handled: event, can_reply: false, can_ack: false };
        let steps = steps.map_or_else(Vec::new, |it| self.steps(&scope, it));
        let handler = self.handler(id, Trigger::Arrival, steps);
        if let (Some(event), Some(arrivals)) = (event, arrivals) {
            self.model.services[id.index()].workload = Some(Workload {
                arrivals,
                event,
                handler,
                from: Time::ZERO + from.unwrap_or(Span::ZERO),
                until: until.map_or(Time::MAX, |it| Time::ZERO + it),
                at_most: at_most.map_or(u64::MAX, i64::cast_unsigned),
            });
        } else {
            // Reported above; without a workload the trigger would have nothing to go by.
            self.model.services[id.index()].handlers.retain(|it| *it != handler);
        }
    }

    fn arrivals(&self, node: &Node) -> Option<Arrivals> {
        let reader = self.reader;
        let known = ["Poisson", "Every", "Open", "Rates", "Bursts", "At", "Closed"];
        let (Kind::Tuple(Some(name), _) | Kind::Struct(Some(name), _)) = &node.kind else {
            let message = format!("{} instead of arrivals", describe(node));
            reader.wrong(
                &node.place,
                &message,
                "Poisson(per_second: 8), Every(\"125ms\"), Closed(users: 5, think: \"1s\") …",
            );
            return None;
        };
        let Some(&what) = known.iter().find(|it| *it == name) else {
            reader.unknown(&head(node), "kind of arrivals", name, known);
            return None;
        };
        if let Kind::Tuple(_, items) = &node.kind {
            return match (what, items.as_slice()) {
                ("Every", [gap]) => {
                    let span = reader.span(gap)?;
                    if span == Span::ZERO {
                        reader.wrong(&gap.place, "arrivals without a gap", "more than zero");
                        return None;
                    }
                    Some(Arrivals::Open(Distribution::Constant(nanos(span))))
                }
                ("Rates", [list]) => self.rates(list),
                ("At", [list]) => {
                    let spans: Option<Vec<_>> =
                        reader.list(list).iter().map(|it| reader.span(it)).collect();
                    let mut instants: Vec<_> =
                        spans?.into_iter().map(|it| Time::ZERO + it).collect();
                    instants.sort_unstable();
                    Some(Arrivals::At(instants))
                }
                _ => {
                    reader.wrong(
                        &head(node),
                        &format!("{what} needs its fields by name"),
                        "such as Poisson(per_second: 8)",
                    );
                    None
                }
            };
        }
        let fields = reader.fields(node, what)?;
        let arrivals = match what {
            "Poisson" => fields
                .required("per_second")
                .and_then(|it| reader.positive(it))
                .map(|rate| Arrivals::Open(Distribution::Exponential { mean: 1e9 / rate })),
            "Open" => fields.required("gap").and_then(|gap| {
                let gap_drawn = reader.distribution(gap, false)?;
                if gap_drawn.mean() > 0.0 {
                    return Some(Arrivals::Open(gap_drawn));
                }
                reader.wrong(&gap.place, "arrivals without a gap", "a mean above zero");
                None
            }),
            "Bursts" => {
                let size = fields.required("size").and_then(|it| reader.int(it, 1, 1_000_000));
                let every = fields.required("every").and_then(|it| reader.span(it));
                let within = fields.optional("within").and_then(|it| reader.span(it));
                (|| {
                    let (size, every) = (u32::try_from(size?).ok()?, every?);
                    let within = within.unwrap_or(Span::ZERO);
                    if every == Span::ZERO || within > every {
                        reader.wrong(
                            &head(node),
                            "bursts that overlap",
                            "`every` above zero and `within` at most `every`",
                        );
                        return None;
                    }
                    Some(Arrivals::Bursts { size, every, within })
                })()
            }
            "Closed" => {
                let users = fields.required("users").and_then(|it| reader.int(it, 1, 10_000_000));
                let think = fields.required("think").and_then(|it| reader.distribution(it, false));
                (|| Some(Arrivals::Closed { users: u32::try_from(users?).ok()?, think: think? }))()
            }
            _ => {
                reader.wrong(
                    &head(node),
                    &format!("{what} takes a list"),
                    "Rates([(\"0s\", 8.0)]) or At([\"1s\"])",
                );
                None
            }
        };
        fields.finish();
        arrivals
    }

    fn rates(&self, list: &Node) -> Option<Arrivals> {
        let mut rates: Vec<(Time, f64)> = Vec::new();
        for item in self.reader.list(list) {
            let Kind::Tuple(None, pair) = &item.kind else {
                self.reader.wrong(&item.place, "not a rate", "(\"20s\", 80.0)");
                return None;
            };
            let [at, rate] = pair.as_slice() else {
                self.reader.wrong(&item.place, "not a rate", "(\"20s\", 80.0)");
                return None;
            };
            let (begin, value) = (self.reader.span(at)?, self.reader.number(rate)?);
            if value < 0.0 || rates.last().is_some_and(|(last, _)| Time::ZERO + begin <= *last) {
                self.reader.wrong(
                    &item.place,
                    "rates must be zero or more, in order of time",
                    "the earlier first",
                );
                return None;
            }
            rates.push((Time::ZERO + begin, value));
        }
        if rates.iter().all(|(_, rate)| *rate == 0.0) {
            self.reader.wrong(&list.place, "nobody ever arrives", "a rate above zero");
            return None;
        }
        Some(Arrivals::Rates(rates))
    }
}

fn blank(name: &str) -> Service {
    Service {
        name: name.to_owned(),
        workload: None,
        instances: 1,
        first_instance: crate::model::InstanceId(0),
        added: Vec::new(),
        workers: None,
        queue_capacity: None,
        full: Full::Block,
        queue_order: InboundOrder::Fifo,
        balance: Balance::RoundRobin,
        starts_up: true,
        handlers: Vec::new(),
        consumes: Vec::new(),
        publishes: Vec::new(),
        stores: Vec::new(),
        outboxes: Vec::new(),
        breakers: Vec::new(),
        budgets: Vec::new(),
        bulkheads: Vec::new(),
        idempotency: None,
    }
}
