//! From the tree to the model: sections in an order in which every name is known when it is
//! used.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::handler::walk_steps;
use crate::model::{
    Distribution, EventTypeId, InstanceId, Link, LinkQuality, Model, Node as End, Presentation,
    Producer, ServiceId, Shown, Span, Step, StoreId, Time, TopicId, TopicKind, Transport, Trigger,
};

use super::names;
use super::reader::{Fields, Reader, describe};
use super::syntax::{Kind, Node, Place};
use super::topics::Profile;

/// The format this program reads.
const FORMAT: i64 = 1;

/// What is answered: whose, and which request.
pub(super) type Answered = (ServiceId, EventTypeId);

/// A call that is made whatever happens: by which answer, where in the text, and what it asks.
pub(super) type CertainCall = (Answered, Place, Answered);

/// What a conversion works on.
pub(super) struct Converter<'a> {
    pub reader: &'a Reader,
    pub model: Model,
    /// For each topic, whose defaults it has.
    pub profiles: Vec<Profile>,
    /// How services say that they publish to which topics; `None` without confirms.
    pub producers: BTreeMap<(ServiceId, TopicId), Option<Producer>>,
    /// Pairs of nodes that talk, both ways of each.
    pub pairs: BTreeSet<(End, End)>,
    /// Calls that are made whatever happens, before an answer.
    pub certain_calls: Vec<CertainCall>,
    /// Answers that polls wait for: where in the text, what is asked, the type waited for.
    pub awaited_answers: Vec<(Place, Answered, EventTypeId)>,
    /// Projections, and where in the text it is said that they are.
    pub projections: Vec<(StoreId, Place)>,
    /// How many choices all `Numbered` fields have together.
    pub choices: i64,
}

/// The most instances of all services together.
const MOST_INSTANCES: usize = 100_000;

/// The model a scenario's tree describes, as far as it can be read.
pub(super) fn model(reader: &Reader, root: &Node, variant: &str, sentence: &str) -> Option<Model> {
    let fields = reader.fields(root, "Scenario")?;
    let mut converter = Converter {
        reader,
        model: empty(),
        profiles: Vec::new(),
        producers: BTreeMap::new(),
        pairs: BTreeSet::new(),
        certain_calls: Vec::new(),
        awaited_answers: Vec::new(),
        projections: Vec::new(),
        choices: 0,
    };
    converter.header(&fields);
    if !variant.is_empty() {
        converter.model.variant = variant.to_owned();
        if !sentence.is_empty() {
            converter.model.sentence = sentence.to_owned();
        }
    }
    converter.event_types(fields.optional("events"), false);
    converter.event_types(fields.optional("requests"), true);
    converter.topics(fields.optional("topics"));
    converter.services(fields.optional("workloads"), fields.optional("services"));
    converter.call_cycles();
    converter.polls_end();
    converter.projections_grow();
    converter.links(fields.optional("links"));
    converter.faults(fields.optional("faults"));
    converter.show(fields.optional("show"));
    fields.finish();
    if converter.model.services.is_empty() {
        reader.wrong(
            &super::reader::head(root),
            "a scenario without services",
            "`services: {…}` with at least one",
        );
    }
    Some(converter.model)
}

fn empty() -> Model {
    Model {
        title: String::new(),
        variant: String::new(),
        sentence: String::new(),
        seed: 1,
        end: None,
        texts: Vec::new(),
        event_types: Vec::new(),
        services: Vec::new(),
        instances: Vec::new(),
        topics: Vec::new(),
        groups: Vec::new(),
        stores: Vec::new(),
        outboxes: Vec::new(),
        handlers: Vec::new(),
        breakers: Vec::new(),
        budgets: Vec::new(),
        bulkheads: Vec::new(),
        links: Vec::new(),
        faults: Vec::new(),
        presentation: Presentation::default(),
    }
}

impl Converter<'_> {
    fn header(&mut self, fields: &Fields<'_>) {
        let reader = self.reader;
        if let Some(format) = fields.required("format")
            && format.kind != Kind::Int(FORMAT)
        {
            let message = format!("{} is not a format this version reads", describe(format));
            reader.wrong(&format.place, &message, &format!("`format: {FORMAT}`"));
        }
        for name in ["notes", "variants", "expect"] {
            fields.allow(name);
        }
        if let Some(notes) = fields.optional("notes") {
            reader.text(notes);
        }
        let text = |name| fields.optional(name).and_then(|it| reader.text(it)).map(str::to_owned);
        if let Some(title) = fields.required("title").and_then(|it| reader.text(it)) {
            self.model.title = title.to_owned();
        }
        self.model.sentence = text("sentence").unwrap_or_default();
        if let Some(seed) = fields.optional("seed") {
            self.model.seed = reader.int(seed, 0, i64::MAX).map_or(1, i64::cast_unsigned);
        }
        if let Some(until) = fields.optional("until")
            && let Some(span) = reader.span(until)
        {
            if span == Span::ZERO {
                reader.wrong(&until.place, "a run that ends when it begins", "a time above zero");
            }
            self.model.end = Some(Time::ZERO + span);
        }
    }

    pub(super) fn topic(&self, node: &Node) -> Option<TopicId> {
        names::topic(self.reader, &self.model, node)
    }

    pub(super) fn service(&self, node: &Node) -> Option<ServiceId> {
        names::service(self.reader, &self.model, node)
    }

    pub(super) fn end(&self, node: &Node) -> Option<End> {
        names::end(self.reader, &self.model, node)
    }

    pub(super) fn event_type_of(&self, node: &Node) -> Option<EventTypeId> {
        names::event_type(self.reader, &self.model, node)
    }

    pub(super) fn store_of(&self, service: ServiceId, node: &Node) -> Option<StoreId> {
        let name = self.reader.text(node)?;
        let stores = &self.model.stores;
        let own = |it: &&crate::model::Store| it.service == service;
        let found = stores.iter().position(|it| it.service == service && it.name == name);
        if found.is_none() {
            let names = stores.iter().filter(own).map(|it| it.name.as_str());
            self.reader.unknown(&node.place, "store of this service", name, names);
        }
        found.map(StoreId::from_index)
    }

    /// Two nodes talk, whoever begins.
    pub(super) fn talk(&mut self, one: End, other: End) {
        self.pairs.insert((one, other));
        self.pairs.insert((other, one));
    }

    /// Calls made whatever happens before there is an answer must not lead back to where they
    /// came from: such a call can never be answered.
    fn call_cycles(&self) {
        let mut called_by: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (caller, _, called) in &self.certain_calls {
            called_by.entry(*caller).or_default().push(*called);
        }
        for (from, place, to) in &self.certain_calls {
            let mut reached = BTreeSet::from([*to]);
            let mut open = vec![*to];
            while let Some(at) = open.pop() {
                for called in called_by.get(&at).into_iter().flatten() {
                    if reached.insert(*called) {
                        open.push(*called);
                    }
                }
            }
            if reached.contains(from) {
                let service = &self.model.services[from.0.index()].name;
                let request = &self.model.event_types[from.1.index()].name;
                let message = format!(
                    "this call can never be answered: it leads back to `{request}` of `{service}`, which waits for it"
                );
                self.reader.wrong(
                    place,
                    &message,
                    "a call chain that ends, or a `Reply` before the call",
                );
            }
        }
    }

    /// A poll must wait for an answer that whoever it asks can give.
    fn polls_end(&self) {
        for (place, (service, request), until) in &self.awaited_answers {
            let trigger = Trigger::Request(*request);
            let mut answers = BTreeSet::new();
            let handlers = self.model.handlers.iter();
            for handler in handlers.filter(|it| it.service == *service && it.trigger == trigger) {
                walk_steps(&handler.steps, &mut |step| {
                    if let Step::Reply { event: Some(event), .. } = step {
                        answers.insert(*event);
                    }
                });
            }
            if answers.contains(until) {
                continue;
            }
            let name = |it: &EventTypeId| self.model.event_types[it.index()].name.as_str();
            let service = &self.model.services[service.index()].name;
            let message = format!(
                "this poll never ends: `{service}` never answers `{}` with `{}`",
                name(request),
                name(until)
            );
            let names: Vec<&str> = answers.iter().map(name).collect();
            let expected = if names.is_empty() {
                format!("a type that `{service}` answers with; it names none")
            } else {
                format!("one of {}", names.join(", "))
            };
            self.reader.wrong(place, &message, &expected);
        }
    }

    /// Something that a service does with the events of a projection's topic must change it.
    fn projections_grow(&self) {
        for (id, place) in &self.projections {
            let store = &self.model.stores[id.index()];
            let Some(topic) = store.projection_of else { continue };
            let consumes = &self.model.services[store.service.index()].consumes;
            let groups: Vec<_> =
                consumes.iter().filter(|it| it.topic == topic).map(|it| it.group).collect();
            let mut grows = false;
            for handler in self.model.handlers.iter().filter(|it| it.service == store.service) {
                if !matches!(handler.trigger, Trigger::Event(group, _) if groups.contains(&group)) {
                    continue;
                }
                walk_steps(&handler.steps, &mut |step| {
                    grows |= matches!(step, Step::Update { store, .. } if store == id);
                });
            }
            if !grows {
                let topic = &self.model.topics[topic.index()].name;
                let message = format!("no event of `{topic}` changes this projection");
                let expected = format!("an `Update` of it in what `{topic}` is consumed for");
                self.reader.wrong(place, &message, &expected);
            }
        }
    }

    /// Dead letters must end somewhere.
    pub(super) fn dead_letter_cycles(&self, places: &[(TopicId, Place)]) {
        let next = |topic: TopicId| match &self.model.topics[topic.index()].kind {
            TopicKind::Queue(queue) => queue.dead_letters,
            TopicKind::Log(_) => None,
        };
        for (from, place) in places {
            let mut at = next(*from);
            for _ in 0..self.model.topics.len() {
                if at == Some(*from) {
                    let name = &self.model.topics[from.index()].name;
                    let message = format!("the dead letters of `{name}` come back to it");
                    self.reader.wrong(place, &message, "another topic");
                    break;
                }
                at = at.and_then(next);
            }
        }
    }

    fn links(&mut self, section: Option<&Node>) {
        let mut default = LinkQuality {
            latency: Distribution::Constant(1e6),
            bandwidth: None,
            loss: 0.0,
            duplication: 0.0,
            transport: Transport::Stream { retransmit: Span::from_millis(200) },
        };
        let mut special: Vec<(End, End, bool, LinkQuality)> = Vec::new();
        if let Some(section) = section
            && let Some(fields) = self.reader.fields(section, "Links")
        {
            if let Some(node) = fields.optional("default") {
                default = self.link_quality(node, &default);
            }
            if let Some(between) = fields.optional("between") {
                for node in self.reader.list(between) {
                    special.extend(self.link_between(node, &default));
                }
            }
            fields.finish();
        }
        for &(from, to) in &self.pairs {
            let quality = special
                .iter()
                .rev()
                .find(|(a, b, both, _)| (*a, *b) == (from, to) || (*both && (*b, *a) == (from, to)))
                .map_or(&default, |(_, _, _, quality)| quality);
            self.model.links.push(Link { from, to, quality: quality.clone() });
        }
    }

    fn link_between(
        &self,
        node: &Node,
        default: &LinkQuality,
    ) -> Option<(End, End, bool, LinkQuality)> {
        let (both, items) = match &node.kind {
            Kind::Tuple(Some(name), items) if name == "Between" && items.len() == 3 => {
                (true, items)
            }
            Kind::Tuple(Some(name), items) if name == "OneWay" && items.len() == 3 => {
                (false, items)
            }
            _ => {
                let message = format!("{} instead of a link", describe(node));
                self.reader.wrong(
                    &node.place,
                    &message,
                    "Between(\"a\", \"b\", Link(…)) or OneWay(\"a\", \"b\", Link(…))",
                );
                return None;
            }
        };
        let (from, to) = (self.end(&items[0])?, self.end(&items[1])?);
        if !self.pairs.contains(&(from, to)) {
            self.reader.wrong(
                &node.place,
                "nothing passes between these two",
                "two that talk to each other",
            );
            return None;
        }
        Some((from, to, both, self.link_quality(&items[2], default)))
    }

    fn link_quality(&self, node: &Node, base: &LinkQuality) -> LinkQuality {
        let reader = self.reader;
        let mut quality = base.clone();
        let Some(fields) = reader.fields(node, "Link") else { return quality };
        if let Some(it) = fields.optional("latency").and_then(|it| reader.distribution(it, false)) {
            quality.latency = it;
        }
        if let Some(node) = fields.optional("bandwidth") {
            quality.bandwidth = self.bandwidth(node);
        }
        if let Some(it) = fields.optional("loss").and_then(|it| reader.probability(it)) {
            quality.loss = it;
        }
        if let Some(it) = fields.optional("duplication").and_then(|it| reader.probability(it)) {
            quality.duplication = it;
        }
        if let Some(node) = fields.optional("transport") {
            match &node.kind {
                Kind::Word(word) if word == "Datagram" => quality.transport = Transport::Datagram,
                _ => {
                    if let Some(inner) = reader.fields(node, "Stream") {
                        let retransmit =
                            inner.optional("retransmit").and_then(|it| reader.span(it));
                        quality.transport = Transport::Stream {
                            retransmit: retransmit.unwrap_or(Span::from_millis(200)),
                        };
                        inner.finish();
                    }
                }
            }
        }
        fields.finish();
        quality
    }

    fn show(&mut self, section: Option<&Node>) {
        let Some(section) = section else { return };
        let Some(fields) = self.reader.fields(section, "Show") else { return };
        if let Some(positions) = fields.optional("positions") {
            for (name, place, node) in self.reader.entries(positions) {
                let named = Node { place: place.clone(), kind: Kind::Text(name.to_owned()) };
                let end = self.end(&named);
                let Kind::Tuple(None, items) = &node.kind else {
                    self.reader.wrong(&node.place, "not a position", "(x, y)");
                    continue;
                };
                if items.len() != 2 {
                    self.reader.wrong(&node.place, "not a position", "(x, y)");
                }
                if let [x, y] = items.as_slice()
                    && let (Some(end), Some(x), Some(y)) =
                        (end, self.reader.number(x), self.reader.number(y))
                {
                    #[expect(clippy::cast_possible_truncation, reason = "points on a screen")]
                    self.model.presentation.positions.push((end, (x as f32, y as f32)));
                }
            }
        }
        if let Some(values) = fields.optional("values") {
            for (name, place, node) in self.reader.entries(values) {
                let named = Node { place: place.clone(), kind: Kind::Text(name.to_owned()) };
                let Some(service) = self.service(&named) else { continue };
                for value in self.reader.list(node) {
                    if let Some(shown) = self.shown(service, value) {
                        self.model.presentation.shown.push(shown);
                    }
                }
            }
        }
        fields.finish();
    }

    fn shown(&mut self, service: ServiceId, node: &Node) -> Option<Shown> {
        let fields = self.reader.fields(node, "Value")?;
        let reader = self.reader;
        let store = fields.required("store").and_then(|it| self.store_of(service, it));
        let key = match fields.optional("key") {
            Some(key) => Some(self.constant(key)?),
            None => None,
        };
        let text = |name| fields.optional(name).and_then(|it| reader.text(it)).map(str::to_owned);
        let (label, unit) = (text("label"), text("unit"));
        let divisor = fields.optional("divide_by").and_then(|it| reader.positive(it));
        fields.finish();
        let store = store?;
        Some(Shown {
            service,
            label: label.unwrap_or_else(|| self.model.stores[store.index()].name.clone()),
            store,
            key,
            unit: unit.unwrap_or_default(),
            divisor: divisor.unwrap_or(1.0),
        })
    }

    /// New instances of a service, which is at `place`.
    pub(super) fn add_instances(
        &mut self,
        service: ServiceId,
        count: u32,
        place: &Place,
    ) -> InstanceId {
        let first = InstanceId::from_index(self.model.instances.len());
        if first.index() + count as usize > MOST_INSTANCES {
            self.reader.wrong(place, "too many instances", "at most 100 000 in a scenario");
            return first;
        }
        self.model.instances.extend((0..count).map(|number| (service, number)));
        first
    }
}
