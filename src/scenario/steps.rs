//! Steps of handlers, with their expressions and conditions.

use crate::model::{
    Backoff, Call, Comparison, Condition, EventTypeId, Expression, FieldKind, Jitter, Node as End,
    Poll, Retry, ServiceId, Span, Step, StoreChange, StoreId, StoreKind, Trigger,
};

use super::convert::Converter;
use super::reader::{Fields, Reader, describe, head};
use super::syntax::{Kind, Node};

/// Where steps stand.
pub(super) struct Scope {
    /// Whose handler.
    pub service: ServiceId,
    /// The type of what is handled; a timer handles nothing.
    pub handled: Option<EventTypeId>,
    /// Whether there is anybody to answer.
    pub can_reply: bool,
    /// Whether there is anything to ack.
    pub can_ack: bool,
}

const STEPS: [&str; 14] = [
    "Work", "Wait", "Call", "Poll", "Send", "Publish", "Reply", "Await", "Update", "If", "Fail",
    "Ack", "Constant", "Absent",
];

type With = Vec<(usize, Expression)>;

impl Converter<'_> {
    pub(super) fn steps(&mut self, scope: &Scope, node: &Node) -> Vec<Step> {
        let items = self.reader.list(node);
        items.iter().filter_map(|it| self.step(scope, it)).collect()
    }

    fn step(&mut self, scope: &Scope, node: &Node) -> Option<Step> {
        let reader = self.reader;
        let (name, items): (&str, &[Node]) = match &node.kind {
            Kind::Word(word) => (word, &[]),
            Kind::Tuple(Some(name), items) => (name, items),
            Kind::Struct(Some(name), _) => (name, &[]),
            _ => {
                let message = format!("{} instead of a step", describe(node));
                reader.wrong(&node.place, &message, "a step such as Work(\"20ms\") or Publish(…)");
                return None;
            }
        };
        match name {
            "Work" | "Wait" if items.len() == 1 => {
                let time = reader.distribution(&items[0], false)?;
                Some(if name == "Work" { Step::Work(time) } else { Step::Wait(time) })
            }
            "Fail" if items.len() == 1 => Some(Step::Fail(reader.probability(&items[0])?)),
            "Ack" => {
                if !scope.can_ack {
                    reader.wrong(
                        &node.place,
                        "there is nothing to ack here",
                        "`Ack` in what a service consumes of a queue",
                    );
                }
                Some(Step::Ack)
            }
            "Call" => {
                let fields = reader.fields(node, "Call")?;
                let call = self.call(scope, &fields);
                fields.finish();
                Some(Step::Call(call?))
            }
            "Poll" => self.poll(scope, node),
            "Send" => self.send(scope, node),
            "Publish" => self.publish(scope, node, items),
            "Reply" => self.reply(scope, node, items),
            "Await" => self.await_step(scope, node),
            "Update" => self.update(scope, node),
            "If" => self.condition_step(scope, node),
            "Work" | "Wait" | "Fail" => {
                reader.wrong(
                    &head(node),
                    &format!("{name} takes one value"),
                    &format!("{name}(…)"),
                );
                None
            }
            _ => {
                reader.unknown(&head(node), "step", name, STEPS[..12].iter().copied());
                None
            }
        }
    }

    fn call(&mut self, scope: &Scope, fields: &Fields<'_>) -> Option<Call> {
        let reader = self.reader;
        let to = fields.required("to");
        let service = to.and_then(|it| self.service(it));
        let request_node = fields.required("request");
        let request = request_node.and_then(|it| self.event_type_of(it));
        let with = self.with(scope, request, fields.optional("with"));
        let timeout = fields.optional("timeout").and_then(|it| reader.span(it));
        let retry = fields.optional("retry").and_then(|it| self.retry(it));
        let own = scope.service;
        let breaker = fields.optional("breaker").and_then(|it| self.breaker(own, it));
        let budget = fields.optional("budget").and_then(|it| self.budget(own, it));
        let bulkhead = fields.optional("bulkhead").and_then(|it| self.bulkhead(own, it));
        let otherwise = fields.optional("otherwise").map(|it| self.steps(scope, it));
        let (service, request) = (service?, request?);
        if !self.answers_to(service, request)
            && let Some(node) = request_node
        {
            let name = &self.model.services[service.index()].name;
            let message = format!("`{name}` does not answer this");
            let answered: Vec<String> = self
                .model
                .handlers
                .iter()
                .filter(|it| it.service == service)
                .filter_map(|it| match it.trigger {
                    Trigger::Request(event) => {
                        Some(self.model.event_types[event.index()].name.clone())
                    }
                    _ => None,
                })
                .collect();
            let expected = if answered.is_empty() {
                format!("a service that `answers` it; `{name}` answers nothing")
            } else {
                format!("one of {}", answered.join(", "))
            };
            reader.wrong(&node.place, &message, &expected);
        }
        self.talk(End::Service(scope.service), End::Service(service));
        Some(Call {
            to: service,
            request,
            with,
            timeout,
            retry: retry.unwrap_or(Retry {
                attempts: 1,
                backoff: Backoff::Fixed(Span::ZERO),
                jitter: Jitter::None,
            }),
            breaker,
            budget,
            bulkhead,
            otherwise,
        })
    }

    fn answers_to(&self, service: ServiceId, request: EventTypeId) -> bool {
        let trigger = Trigger::Request(request);
        self.model.handlers.iter().any(|it| it.service == service && it.trigger == trigger)
    }

    fn retry(&self, node: &Node) -> Option<Retry> {
        let reader = self.reader;
        let fields = reader.fields(node, "Retry")?;
        let attempts = fields.required("attempts").and_then(|it| reader.int(it, 1, 10_000));
        let backoff = fields.optional("backoff").and_then(|it| self.reader.backoff(it));
        let words = [("None", Jitter::None), ("Equal", Jitter::Equal), ("Full", Jitter::Full)];
        let jitter = fields.optional("jitter").and_then(|it| reader.choice(it, &words));
        fields.finish();
        Some(Retry {
            attempts: u32::try_from(attempts?).ok()?,
            backoff: backoff.unwrap_or(Backoff::Fixed(Span::from_millis(100))),
            jitter: jitter.unwrap_or(Jitter::None),
        })
    }

    fn poll(&mut self, scope: &Scope, node: &Node) -> Option<Step> {
        let reader = self.reader;
        let fields = reader.fields(node, "Poll")?;
        let every = fields.required("every").and_then(|it| reader.span(it));
        let until_node = fields.required("until");
        let until = until_node.and_then(|it| self.event_type_of(it));
        let at_most =
            fields.optional("at_most").and_then(|it| reader.int(it, 1, i64::from(u32::MAX)));
        let call = self.call(scope, &fields);
        fields.finish();
        let mut call = call?;
        if let (Some(node), Some(until)) = (until_node, until) {
            let asked = (call.to, call.request);
            self.awaited_answers.push((node.place.clone(), asked, until));
        }
        // What is to be done instead belongs to the poll as a whole; an answer that does not
        // come is as good as one that says "not yet".
        let otherwise = call.otherwise.take();
        call.otherwise = Some(Vec::new());
        if every == Some(Span::ZERO) && call.timeout.is_none() {
            reader.wrong(&head(node), "a poll without a pause", "`every` above zero");
        }
        Some(Step::Poll(Poll {
            call,
            every: every?,
            until: until?,
            at_most: at_most.and_then(|it| u32::try_from(it).ok()).unwrap_or(u32::MAX),
            otherwise,
        }))
    }

    fn send(&mut self, scope: &Scope, node: &Node) -> Option<Step> {
        let reader = self.reader;
        let fields = reader.fields(node, "Send")?;
        let to = fields.required("to").and_then(|it| self.service(it));
        let event_node = fields.required("event");
        let event = event_node.and_then(|it| self.event_type_of(it));
        let with = self.with(scope, event, fields.optional("with"));
        fields.finish();
        let (to, event) = (to?, event?);
        if !self.answers_to(to, event)
            && let Some(node) = event_node
        {
            let name = &self.model.services[to.index()].name;
            reader.wrong(
                &node.place,
                &format!("`{name}` does nothing with this"),
                &format!("something that `{name}` answers"),
            );
        }
        self.talk(End::Service(scope.service), End::Service(to));
        Some(Step::Send { to, event, with })
    }

    fn publish(&mut self, scope: &Scope, node: &Node, items: &[Node]) -> Option<Step> {
        let reader = self.reader;
        let (mut via, mut otherwise) = (None, None);
        let (event, topic, with) = if let [event, topic] = items {
            (self.event_type_of(event)?, self.topic(topic)?, Vec::new())
        } else {
            let fields = reader.fields(node, "Publish")?;
            let event = fields.required("event").and_then(|it| self.event_type_of(it));
            let topic = fields.required("to").and_then(|it| self.topic(it));
            let with = self.with(scope, event, fields.optional("with"));
            if let (Some(node), Some(topic)) = (fields.optional("via"), topic) {
                via = Some(self.outbox(scope.service, topic, node)?);
            }
            otherwise = fields.optional("otherwise").map(|it| self.steps(scope, it));
            fields.finish();
            (event?, topic?, with)
        };
        self.keyed_if_compacted(node, event, topic);
        let producer = self.producer_of(scope.service, topic);
        if otherwise.is_some() {
            let waits = via.is_none() && producer.is_some_and(|it| it.wait);
            self.publish_is_waited_for(node, waits);
        }
        self.talk(End::Service(scope.service), End::Topic(topic));
        Some(Step::Publish { topic, event, with, via, otherwise })
    }

    fn reply(&mut self, scope: &Scope, node: &Node, items: &[Node]) -> Option<Step> {
        let reader = self.reader;
        if !scope.can_reply {
            reader.wrong(
                &head(node),
                "there is nobody to answer here",
                "`Reply` in what a service `answers`",
            );
        }
        match (&node.kind, items) {
            (Kind::Word(_), _) => Some(Step::Reply { event: None, with: Vec::new() }),
            (_, [event]) => {
                Some(Step::Reply { event: Some(self.event_type_of(event)?), with: Vec::new() })
            }
            _ => {
                let fields = reader.fields(node, "Reply")?;
                let event = fields.optional("event").and_then(|it| self.event_type_of(it));
                let with = self.with(scope, event, fields.optional("with"));
                fields.finish();
                Some(Step::Reply { event, with })
            }
        }
    }

    fn await_step(&mut self, scope: &Scope, node: &Node) -> Option<Step> {
        let reader = self.reader;
        let fields = reader.fields(node, "Await")?;
        let event = fields.required("event").and_then(|it| self.event_type_of(it));
        let same = fields.required("same");
        let timeout = fields.optional("timeout").and_then(|it| reader.span(it));
        let otherwise = fields.optional("otherwise").map(|it| self.steps(scope, it));
        fields.finish();
        let (event, same) = (event?, same?);
        let (mine, theirs) = match &same.kind {
            Kind::Tuple(None, pair) if pair.len() == 2 => (&pair[0], &pair[1]),
            _ => (same, same),
        };
        let mine = self.field(scope.handled, mine)?;
        let theirs = self.field(Some(event), theirs)?;
        Some(Step::Await { event, same: (mine.0, theirs.0), timeout, otherwise })
    }

    fn field(&self, event: Option<EventTypeId>, node: &Node) -> Option<(usize, FieldKind)> {
        let name = self.reader.text(node)?;
        let Some(event) = event else {
            self.reader.wrong(&node.place, "a timer handles nothing that has fields", "a constant");
            return None;
        };
        let fields = &self.model.event_types[event.index()].fields;
        let found = fields.iter().position(|it| it.name == name);
        if found.is_none() {
            let of = format!("field of {}", self.model.event_types[event.index()].name);
            self.reader.unknown(&node.place, &of, name, fields.iter().map(|it| it.name.as_str()));
        }
        found.map(|it| (it, fields[it].kind))
    }

    fn with(&mut self, scope: &Scope, made: Option<EventTypeId>, node: Option<&Node>) -> With {
        let (Some(made), Some(node)) = (made, node) else { return Vec::new() };
        let mut with = Vec::new();
        for (name, place, value) in self.reader.entries(node) {
            let named = Node { place: place.clone(), kind: Kind::Text(name.to_owned()) };
            let field = self.field(Some(made), &named);
            let value_of = self.expression(scope, value);
            if let (Some((field, kind)), Some((expression, found))) = (field, value_of) {
                self.same_kind(value, found, kind);
                with.push((field, expression));
            }
        }
        with
    }

    fn same_kind(&self, node: &Node, found: FieldKind, wanted: FieldKind) {
        let fits = found == wanted || (found == FieldKind::Int && wanted == FieldKind::Float);
        if !fits {
            let message = format!("a value of kind {found:?} where {wanted:?} is kept");
            self.reader.wrong(&node.place, &message, &format!("a value of kind {wanted:?}"));
        }
    }

    /// An expression and the kind of its value.
    fn expression(&mut self, scope: &Scope, node: &Node) -> Option<(Expression, FieldKind)> {
        match &node.kind {
            Kind::Tuple(Some(name), items) if name == "Field" && items.len() == 1 => {
                let (field, kind) = self.field(scope.handled, &items[0])?;
                Some((Expression::Field(field), kind))
            }
            Kind::Tuple(Some(name), items) if name == "Stored" && matches!(items.len(), 1 | 2) => {
                let store = self.store_of(scope.service, &items[0])?;
                let key = self.key(scope, store, items.get(1), node)?;
                let it = &self.model.stores[store.index()];
                let kind = if it.kind == StoreKind::Set { FieldKind::Bool } else { it.value };
                Some((Expression::Stored(store, key.map(Box::new)), kind))
            }
            Kind::Tuple(Some(name), _) | Kind::Struct(Some(name), _) => {
                self.reader.unknown(&head(node), "expression", name, ["Field", "Stored"]);
                None
            }
            _ => {
                let value = self.constant(node)?;
                Some((Expression::Constant(value), value.kind()))
            }
        }
    }

    /// The key of a store, which must be there if and only if the store has keys.
    #[expect(clippy::option_option, reason = "a mistake, no key, a key")]
    fn key(
        &mut self,
        scope: &Scope,
        store: StoreId,
        key: Option<&Node>,
        whole: &Node,
    ) -> Option<Option<Expression>> {
        let wanted = self.model.stores[store.index()].key;
        match (wanted, key) {
            (None, None) => Some(None),
            (None, Some(key)) => {
                self.reader.wrong(
                    &key.place,
                    "this store has no keys",
                    "no key here, or `key: Text` where the store is declared",
                );
                None
            }
            (Some(_), None) => {
                self.reader.wrong(&head(whole), "this store is kept by key", "`key: Field(\"…\")`");
                None
            }
            (Some(wanted), Some(key)) => {
                // A bare text is the name of a field more often than not; say what is meant.
                let (expression, kind) = self.expression(scope, key)?;
                self.same_kind(key, kind, wanted);
                Some(Some(expression))
            }
        }
    }

    fn update(&mut self, scope: &Scope, node: &Node) -> Option<Step> {
        let reader = self.reader;
        let (Kind::Struct(_, _) | Kind::Tuple(_, _)) = &node.kind else {
            reader.wrong(&node.place, "what is to be updated?", "Update(store: \"balance\", …)");
            return None;
        };
        let fields = reader.fields(node, "Update")?;
        let store = fields.required("store").and_then(|it| self.store_of(scope.service, it));
        let key_node = fields.optional("key");
        let changes = ["increment", "add", "put", "insert", "remove", "append"];
        let given: Vec<(&str, &Node)> =
            changes.iter().filter_map(|it| Some((*it, fields.optional(it)?))).collect();
        let version = fields.optional("version");
        let place = fields.place().clone();
        fields.finish();
        let store = store?;
        let key = self.key(scope, store, key_node, node)?;
        let [(what, value)] = given[..] else {
            reader.wrong(
                &place,
                "an update does one thing",
                "one of increment, add, put, insert, remove, append",
            );
            return None;
        };
        let (kind, wanted) =
            (self.model.stores[store.index()].kind, self.model.stores[store.index()].value);
        let fits = match what {
            "increment" => matches!(kind, StoreKind::Counter | StoreKind::Sum),
            "add" => kind == StoreKind::Sum,
            "put" => matches!(kind, StoreKind::Last | StoreKind::LastVersion),
            "insert" => kind == StoreKind::Set,
            "append" => kind == StoreKind::Log,
            _ => true,
        };
        if !fits {
            let message = format!("`{what}` does not fit a store of kind {kind:?}");
            reader.wrong(
                &place,
                &message,
                "increment for Counter, add for Sum, put for Last, insert for Set, append for Log",
            );
            return None;
        }
        let change = match what {
            "increment" => StoreChange::Increment,
            "insert" => StoreChange::Insert,
            "remove" => StoreChange::Remove,
            _ => {
                let (expression, found) = self.expression(scope, value)?;
                self.same_kind(value, found, wanted);
                match (what, version) {
                    ("add", _) => StoreChange::Add(expression),
                    ("append", _) => StoreChange::Append(expression),
                    (_, Some(version)) => {
                        let (version, _) = self.expression(scope, version)?;
                        StoreChange::PutVersion(expression, version)
                    }
                    _ if kind == StoreKind::LastVersion => {
                        reader.wrong(
                            &place,
                            "a versioned store needs a version",
                            "`version: Field(\"…\")`",
                        );
                        return None;
                    }
                    _ => StoreChange::Put(expression),
                }
            }
        };
        Some(Step::Update { store, key, change })
    }

    fn condition_step(&mut self, scope: &Scope, node: &Node) -> Option<Step> {
        let fields = self.reader.fields(node, "If")?;
        let condition = fields.required("condition").and_then(|it| self.condition(scope, it));
        let then = fields.optional("then").map(|it| self.steps(scope, it));
        let otherwise = fields.optional("otherwise").map(|it| self.steps(scope, it));
        fields.finish();
        Some(Step::If {
            condition: condition?,
            then: then.unwrap_or_default(),
            otherwise: otherwise.unwrap_or_default(),
        })
    }

    fn condition(&mut self, scope: &Scope, node: &Node) -> Option<Condition> {
        let Kind::Tuple(Some(name), items) = &node.kind else {
            let message = format!("{} instead of a condition", describe(node));
            self.reader.wrong(&node.place, &message, "Chance(0.5), Has(\"store\", key), Compare(a, Above, b), Not(…), All([…]) or Any([…])");
            return None;
        };
        match (name.as_str(), items.as_slice()) {
            ("Chance", [probability]) => {
                Some(Condition::Chance(self.reader.probability(probability)?))
            }
            ("Has", [store, rest @ ..]) if rest.len() <= 1 => {
                let store = self.store_of(scope.service, store)?;
                Some(Condition::Has(store, self.key(scope, store, rest.first(), node)?))
            }
            ("Compare", [left, how, right]) => {
                let words = [
                    ("Below", Comparison::Below),
                    ("Above", Comparison::Above),
                    ("Equal", Comparison::Equal),
                ];
                let (left, _) = self.expression(scope, left)?;
                let how = self.reader.choice(how, &words)?;
                let (right, _) = self.expression(scope, right)?;
                Some(Condition::Compare(left, how, right))
            }
            ("Not", [inner]) => Some(Condition::Not(Box::new(self.condition(scope, inner)?))),
            ("All" | "Any", [list]) => {
                let items = self.reader.list(list);
                let inner: Option<Vec<_>> =
                    items.iter().map(|it| self.condition(scope, it)).collect();
                Some(if name == "All" { Condition::All(inner?) } else { Condition::Any(inner?) })
            }
            _ => {
                let known = ["Chance", "Has", "Compare", "Not", "All", "Any"];
                self.reader.unknown(&head(node), "condition of this shape", name, known);
                None
            }
        }
    }
}

impl Reader {
    /// The pause before what failed is tried again.
    pub(crate) fn backoff(&self, node: &Node) -> Option<Backoff> {
        let reader = self;
        match &node.kind {
            Kind::Tuple(Some(name), items) if name == "Fixed" && items.len() == 1 => {
                Some(Backoff::Fixed(reader.span(&items[0])?))
            }
            _ => {
                let fields = reader.fields(node, "Exponential")?;
                let first = fields.required("first").and_then(|it| reader.span(it));
                let factor = fields.optional("factor").and_then(|it| reader.positive(it));
                let most = fields.optional("most").and_then(|it| reader.span(it));
                fields.finish();
                Some(Backoff::Exponential {
                    first: first?,
                    factor: factor.unwrap_or(2.0),
                    most: most.unwrap_or(Span::from_secs(60)),
                })
            }
        }
    }
}
