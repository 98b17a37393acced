//! What is done to a run, by names: written, and read.

use crate::model::{
    Act, CopyRef, Deed, EventId, EventTypeId, Fault, FaultId, FaultKind, FieldKind, GroupId,
    LinkId, Model, Position, Role, ServiceId, Span, Strike, Text, TextId, Time, Value,
};
use crate::scenario::deeds::deed;
use crate::scenario::names;
use crate::scenario::reader::{Fields, Reader, describe, head};
use crate::scenario::syntax::{Kind, Node};

use super::{settings, words};

/// An act as a field of a step: `do: …`, `break: …` or `set: …`.
pub(super) fn write(model: &Model, act: &Act) -> String {
    match act {
        Act::Message { copy, deed } => format!("do: {}", write_deed(model, copy, *deed)),
        Act::Break { kind, lasts } => {
            let (name, fields) = write_fault(model, kind);
            format!("break: {name}({fields}{})", write_lasts(*lasts))
        }
        Act::Mend(kind) => {
            let (name, fields) = write_fault(model, kind);
            format!("mend: {name}({fields})")
        }
        Act::Omit { fault } => format!("omit: {}", write_scheduled(model, *fault)),
        Act::Set(setting) => format!("set: {}", settings::write(model, setting)),
        Act::Purge { topic } => format!("do: Purge(topic: {})", words::topic(model, *topic)),
        Act::FailNext { service, count } => {
            format!("do: FailNext(service: {}, count: {count})", words::service(model, *service))
        }
    }
}

fn write_lasts(lasts: Option<Span>) -> String {
    lasts.map_or(String::new(), |it| format!(", for: {}", words::span(it)))
}

/// A fault of the schedule, by all that the schedule says of it; with which of them, if it says
/// so more than once.
fn write_scheduled(model: &Model, id: FaultId) -> String {
    let Some(fault) = model.faults.get(id.index()) else {
        return format!("Crash(service: {}, at: \"0s\")", words::name(None, id.index()));
    };
    let (name, fields) = write_fault(model, &fault.kind);
    let (at, lasts) = (words::time(fault.at), write_lasts(fault.lasts));
    let before = model.faults[..id.index()].iter().filter(|it| *it == fault).count();
    let which = if before > 0 { format!(", which: {before}") } else { String::new() };
    format!("{name}({fields}, at: {at}{lasts}{which})")
}

fn write_deed(model: &Model, copy: &CopyRef, deed: Deed) -> String {
    let of = write_copy(model, copy);
    match deed {
        Deed::Duplicate => format!("Duplicate({of})"),
        Deed::Delay(by) => format!("Delay({of}, by: {})", words::span(by)),
        Deed::Drop => format!("Drop({of})"),
        Deed::Swap => format!("Swap({of})"),
        Deed::LoseAnswer => format!("LoseAnswer({of})"),
        Deed::Bury => format!("Bury({of})"),
        Deed::Edit { field, value } => {
            let event_type = model.event_types.get(copy.event_type.index());
            let name = event_type.and_then(|it| it.fields.get(usize::from(field)));
            let name = words::name(name.map(|it| it.name.as_str()), usize::from(field));
            format!("Edit({of}, field: {name}, value: {})", write_value(model, value))
        }
    }
}

fn write_copy(model: &Model, copy: &CopyRef) -> String {
    let CopyRef { event, event_type, role, link, attempt, number } = *copy;
    let of = model.event_types.get(event_type.index()).map(|it| it.name.as_str());
    let mut out = format!(
        "event: ({}, {}), type: {}, role: {}",
        words::service(model, event.producer()),
        event.count(),
        words::name(of, event_type.index()),
        role_word(role),
    );
    if let Some(link) = link {
        out.push_str(&format!(", link: {}", write_link(model, link)));
    }
    if attempt != 1 {
        out.push_str(&format!(", attempt: {attempt}"));
    }
    if number != 0 {
        out.push_str(&format!(", copy: {number}"));
    }
    out
}

fn write_value(model: &Model, value: Value) -> String {
    match value {
        Value::Int(it) => it.to_string(),
        Value::Float(it) => format!("{it:?}"),
        Value::Bool(it) => it.to_string(),
        Value::Text(Text { text, number }) => {
            let text = words::name(model.texts.get(text.index()).map(String::as_str), text.index());
            if number == 0 { text } else { format!("({text}, {number})") }
        }
    }
}

fn write_link(model: &Model, link: LinkId) -> String {
    match model.links.get(link.index()) {
        Some(it) => format!("({}, {})", words::end(model, it.from), words::end(model, it.to)),
        None => format!("(\"#{0}\", \"#{0}\")", link.index()),
    }
}

/// Links as scenarios have them, one way or both; or one by one.
pub(super) fn write_links(model: &Model, links: &[LinkId]) -> String {
    let ends = |link: &LinkId| model.links.get(link.index()).map(|it| (it.from, it.to));
    let name = |it| words::end(model, it);
    match links.iter().map(ends).collect::<Option<Vec<_>>>().as_deref() {
        Some([(from, to)]) => format!("from: {}, to: {}", name(*from), name(*to)),
        Some([(from, to), back]) if *back == (*to, *from) => {
            format!("between: ({}, {})", name(*from), name(*to))
        }
        _ => {
            let links: Vec<_> = links.iter().map(|it| write_link(model, *it)).collect();
            format!("links: [{}]", links.join(", "))
        }
    }
}

/// A fault's name and its fields.
fn write_fault(model: &Model, kind: &FaultKind) -> (String, String) {
    if let FaultKind::Set(setting) = kind {
        let text = settings::write(model, setting);
        let (name, fields) = text.split_once('(').unwrap_or((&text, ""));
        return (name.to_owned(), fields.strip_suffix(')').unwrap_or(fields).to_owned());
    }
    let (name, fields) = write_named(model, kind);
    (name.to_owned(), fields)
}

fn write_named(model: &Model, kind: &FaultKind) -> (&'static str, String) {
    let one = |service: ServiceId, instance: Option<u32>| {
        let instance =
            instance.map_or(String::new(), |it| format!(", instance: {}", u64::from(it) + 1));
        format!("service: {}{instance}", words::service(model, service))
    };
    let links = |links: &[LinkId]| write_links(model, links);
    match kind {
        FaultKind::Crash { service, instance } => ("Crash", one(*service, *instance)),
        FaultKind::Slow { service, factor } => {
            ("Slow", format!("{}, factor: {factor:?}", one(*service, None)))
        }
        FaultKind::Cut { links: of, hold } => ("Cut", format!("{}, hold: {hold}", links(of))),
        FaultKind::Loss { links: of, probability } => {
            ("Loss", format!("{}, probability: {probability:?}", links(of)))
        }
        FaultKind::Delay { links: of, extra, reorder } => {
            let extra = words::distribution(extra);
            ("Delay", format!("{}, extra: {extra}, reorder: {reorder}", links(of)))
        }
        FaultKind::Duplicate { links: of, probability } => {
            ("Duplicate", format!("{}, probability: {probability:?}", links(of)))
        }
        FaultKind::Replay { group, to } => {
            let found = model.groups.get(group.index());
            let name = words::name(found.map(|it| it.name.as_str()), group.index());
            let topic = found.map_or_else(|| name.clone(), |it| words::topic(model, it.topic));
            let to = match to {
                Position::Earliest => "Earliest".to_owned(),
                Position::Latest => "Latest".to_owned(),
                Position::Time(at) => format!("Time({})", words::time(*at)),
                Position::Offset(offset) => format!("Offset({offset})"),
            };
            ("Replay", format!("group: {name}, topic: {topic}, to: {to}"))
        }
        FaultKind::Disconnect { service, instance, topic } => {
            let topic = words::topic(model, *topic);
            ("Disconnect", format!("{}, topic: {topic}", one(*service, *instance)))
        }
        FaultKind::Outage { topic, forgets } => {
            let forgets = match *forgets {
                Span::ZERO => String::new(),
                span => format!(", forgets: {}", words::span(span)),
            };
            ("Outage", format!("topic: {}{forgets}", words::topic(model, *topic)))
        }
        FaultKind::LeaderLoss { topic } => {
            ("LeaderLoss", format!("topic: {}", words::topic(model, *topic)))
        }
        FaultKind::Strike(Strike { link, event_type, nth, deed }) => {
            let ends = write_links(model, &[*link]);
            let found = model.event_types.get(event_type.index());
            let name = words::name(found.map(|it| it.name.as_str()), event_type.index());
            let deed = write_bare_deed(model, *event_type, *deed);
            ("Message", format!("{ends}, event: {name}, nth: {nth}, do: {deed}"))
        }
        FaultKind::Purge { topic } => ("Purge", format!("topic: {}", words::topic(model, *topic))),
        FaultKind::FailNext { service, count } => {
            ("FailNext", format!("{}, count: {count}", one(*service, None)))
        }
        FaultKind::Set(_) => unreachable!("a setting is written by its own name"),
    }
}

/// A deed as scenarios have it, without what it is done to.
fn write_bare_deed(model: &Model, event_type: EventTypeId, deed: Deed) -> String {
    match deed {
        Deed::Duplicate => "Duplicate".to_owned(),
        Deed::Delay(by) => format!("Delay({})", words::span(by)),
        Deed::Drop => "Drop".to_owned(),
        Deed::Swap => "Swap".to_owned(),
        Deed::LoseAnswer => "LoseAnswer".to_owned(),
        Deed::Bury => "Bury".to_owned(),
        Deed::Edit { field, value } => {
            let of = model.event_types.get(event_type.index());
            let name = of.and_then(|it| it.fields.get(usize::from(field)));
            let name = words::name(name.map(|it| it.name.as_str()), usize::from(field));
            format!("Edit(field: {name}, value: {})", write_value(model, value))
        }
    }
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Arrival => "Arrival",
        Role::Request => "Request",
        Role::Reply => "Reply",
        Role::Failure => "Failure",
        Role::OneWay => "OneWay",
        Role::Publish => "Publish",
        Role::Delivery => "Delivery",
        Role::Ack => "Ack",
        Role::Nack => "Nack",
        Role::Commit => "Commit",
        Role::Fetch => "Fetch",
        Role::Progress => "Progress",
        Role::Confirm => "Confirm",
        Role::Refusal => "Refusal",
    }
}

const DEEDS: [&str; 9] =
    ["Duplicate", "Delay", "Drop", "Swap", "LoseAnswer", "Bury", "Edit", "Purge", "FailNext"];

const FAULTS: [&str; 22] = [
    "Crash",
    "Slow",
    "Cut",
    "Loss",
    "Delay",
    "Duplicate",
    "Outage",
    "LeaderLoss",
    "Replay",
    "Disconnect",
    "Message",
    "Purge",
    "FailNext",
    "Instances",
    "Workers",
    "Strategy",
    "Prefetch",
    "AckWait",
    "MaxDeliveries",
    "Latency",
    "Bandwidth",
    "Clock",
];

/// Reads acts: a text's names are those of a model.
pub(super) struct Names<'a> {
    pub reader: &'a Reader,
    pub model: &'a Model,
}

impl Names<'_> {
    /// What a step does.
    pub(super) fn act(&self, fields: &Fields<'_>) -> Option<Act> {
        let kinds = ["do", "break", "mend", "omit", "set"].map(|it| fields.optional(it));
        match kinds {
            [Some(node), None, None, None, None] => self.deed(node),
            [None, Some(node), None, None, None] => self.fault(node),
            [None, None, Some(node), None, None] => self.mend(node),
            [None, None, None, Some(node), None] => self.omit(node),
            [None, None, None, None, Some(node)] => settings::read(self, node).map(Act::Set),
            _ => {
                let expected = "one of `do: …`, `break: …`, `mend: …`, `omit: …`, `set: …`";
                self.reader.wrong(fields.place(), "what does this step do?", expected);
                None
            }
        }
    }

    /// The name of a struct, which must be one of these.
    pub(super) fn named(
        &self,
        node: &Node,
        what: &str,
        known: &[&'static str],
    ) -> Option<&'static str> {
        let (Kind::Struct(Some(name), _) | Kind::Tuple(Some(name), _)) = &node.kind else {
            let message = format!("{} instead of {what}", describe(node));
            self.reader.wrong(&node.place, &message, &known.join(", "));
            return None;
        };
        let found = known.iter().find(|it| *it == name);
        if found.is_none() {
            self.reader.unknown(&head(node), what, name, known.iter().copied());
        }
        found.copied()
    }

    fn deed(&self, node: &Node) -> Option<Act> {
        let name = self.named(node, "deed", &DEEDS)?;
        let fields = self.reader.fields(node, name)?;
        let act = self.deed_of(name, &fields);
        fields.finish();
        act
    }

    fn deed_of(&self, name: &str, fields: &Fields<'_>) -> Option<Act> {
        match name {
            "Purge" => return Some(Act::Purge { topic: self.topic(fields)? }),
            "FailNext" => {
                let (service, count) = (self.service(fields), self.count(fields, "count", 0));
                return Some(Act::FailNext { service: service?, count: count? });
            }
            _ => {}
        }
        let copy = self.copy(fields);
        let deed = match name {
            "Duplicate" => Deed::Duplicate,
            "Delay" => Deed::Delay(self.span(fields, "by")?),
            "Drop" => Deed::Drop,
            "Swap" => Deed::Swap,
            "LoseAnswer" => Deed::LoseAnswer,
            "Bury" => Deed::Bury,
            _ => {
                let (field, value) = (fields.required("field"), fields.required("value"));
                let copy = copy?;
                let of = &self.model.event_types[copy.event_type.index()];
                let names = of.fields.iter().map(|it| it.name.as_str());
                let what = format!("field of {}", of.name);
                let place = names::place(self.reader, field?, &what, names)?;
                let value = self.value(value?, of.fields[place].kind)?;
                let deed = Deed::Edit { field: u8::try_from(place).ok()?, value };
                return Some(Act::Message { copy, deed });
            }
        };
        Some(Act::Message { copy: copy?, deed })
    }

    fn copy(&self, fields: &Fields<'_>) -> Option<CopyRef> {
        let reader = self.reader;
        let event = fields.required("event").and_then(|it| self.event(it));
        let event_type = fields.required("type");
        let event_type = event_type.and_then(|it| names::event_type(reader, self.model, it));
        let roles = Role::ALL.map(|it| (role_word(it), it));
        let role = fields.required("role").and_then(|it| reader.choice(it, &roles));
        let link = match fields.optional("link") {
            None => Some(None),
            Some(node) => self.link(node).map(Some),
        };
        let small = |name: &'static str, least: i64, usual: u16| match fields.optional(name) {
            None => Some(usual),
            Some(node) => {
                reader.int(node, least, i64::from(u16::MAX)).and_then(|it| u16::try_from(it).ok())
            }
        };
        let (attempt, number) = (small("attempt", 0, 1), small("copy", 0, 0));
        Some(CopyRef {
            event: event?,
            event_type: event_type?,
            role: role?,
            link: link?,
            attempt: attempt?,
            number: number?,
        })
    }

    /// `("checkout", 12)`: who made it, and the how-manieth it is of theirs.
    fn event(&self, node: &Node) -> Option<EventId> {
        let Some([producer, count]) = pair(node) else {
            let message = format!("{} instead of an event", describe(node));
            let expected = "who made it and the how-manieth it is, as in (\"checkout\", 12)";
            self.reader.wrong(&node.place, &message, expected);
            return None;
        };
        let producer = names::service(self.reader, self.model, producer);
        let count = self.reader.int(count, 0, (1 << 48) - 1);
        Some(EventId::new(producer?, count?.cast_unsigned()))
    }

    fn value(&self, node: &Node, kind: FieldKind) -> Option<Value> {
        match &node.kind {
            Kind::Int(it) => Some(Value::Int(*it)),
            Kind::Float(it) => Some(Value::Float(*it)),
            Kind::Bool(it) => Some(Value::Bool(*it)),
            Kind::Text(_) => self.text(node).map(|text| Value::Text(Text { text, number: 0 })),
            _ => {
                let Some([text, number]) = pair(node) else {
                    let expected = match kind {
                        FieldKind::Int => "a whole number",
                        FieldKind::Float => "a number with a fraction",
                        FieldKind::Text => "a text, or (\"customer-\", 3) for a numbered one",
                        FieldKind::Bool => "`true` or `false`",
                    };
                    let message = format!("{} instead of a value", describe(node));
                    self.reader.wrong(&node.place, &message, expected);
                    return None;
                };
                let number = self.reader.int(number, 1, i64::from(u32::MAX));
                let text = self.text(text)?;
                Some(Value::Text(Text { text, number: u32::try_from(number?).ok()? }))
            }
        }
    }

    fn text(&self, node: &Node) -> Option<TextId> {
        let texts = self.model.texts.iter().map(String::as_str);
        names::place(self.reader, node, "text in the scenario", texts).map(TextId::from_index)
    }

    fn link(&self, node: &Node) -> Option<LinkId> {
        let Some([from, to]) = pair(node) else {
            let message = format!("{} instead of a link", describe(node));
            self.reader.wrong(&node.place, &message, "from where and to where: (\"a\", \"b\")");
            return None;
        };
        self.link_between(from, to, node)
    }

    fn link_between(&self, from: &Node, to: &Node, node: &Node) -> Option<LinkId> {
        let end = |it| names::end(self.reader, self.model, it);
        let (from, to) = (end(from), end(to));
        let (from, to) = (from?, to?);
        let found = self.model.link_between(from, to);
        if found.is_none() {
            let name = |it| self.model.node_name(it);
            let message = format!("nothing passes from `{}` to `{}`", name(from), name(to));
            self.reader.wrong(&node.place, &message, "two that talk to each other");
        }
        found
    }

    /// What [`write_links`] writes.
    pub(super) fn links(&self, fields: &Fields<'_>) -> Option<Vec<LinkId>> {
        let named = ["from", "to", "between", "links"].map(|it| fields.optional(it));
        match named {
            [Some(from), Some(to), None, None] => {
                self.link_between(from, to, from).map(|it| vec![it])
            }
            [None, None, Some(node), None] if pair(node).is_some() => {
                let [one, other] = pair(node)?;
                let there = self.link_between(one, other, node)?;
                Some(vec![there, self.link_between(other, one, node)?])
            }
            [None, None, None, Some(node)] => {
                self.reader.list(node).iter().map(|it| self.link(it)).collect()
            }
            _ => {
                let expected =
                    "`between: (\"a\", \"b\")`, or `from: \"a\", to: \"b\"`, or `links: […]`";
                self.reader.wrong(fields.place(), "which link?", expected);
                None
            }
        }
    }

    fn fault(&self, node: &Node) -> Option<Act> {
        let name = self.named(node, "kind of fault", &FAULTS)?;
        let fields = self.reader.fields(node, name)?;
        let (lasts, kind) = (self.lasts(&fields), self.fault_kind(name, &fields));
        fields.finish();
        Some(Act::Break { kind: kind?, lasts: lasts? })
    }

    fn mend(&self, node: &Node) -> Option<Act> {
        let name = self.named(node, "kind of fault", &FAULTS)?;
        let fields = self.reader.fields(node, name)?;
        let kind = self.fault_kind(name, &fields);
        fields.finish();
        Some(Act::Mend(kind?))
    }

    /// What [`write_scheduled`] writes.
    fn omit(&self, node: &Node) -> Option<Act> {
        let reader = self.reader;
        let name = self.named(node, "kind of fault", &FAULTS)?;
        let fields = reader.fields(node, name)?;
        let at = fields.required("at").and_then(|it| time(reader, it));
        let (lasts, kind) = (self.lasts(&fields), self.fault_kind(name, &fields));
        let which = match fields.optional("which") {
            None => Some(0),
            Some(node) => reader.int(node, 0, i64::from(u16::MAX)),
        };
        fields.finish();
        let fault = Fault { at: at?, lasts: lasts?, kind: kind? };
        let same = self.model.faults.iter().enumerate().filter(|(_, it)| **it == fault);
        let found = usize::try_from(which?).ok().and_then(|it| same.map(|it| it.0).nth(it));
        if found.is_none() {
            let expected = "a fault as the scenario's schedule has it";
            reader.wrong(&head(node), "the scenario has no such fault", expected);
        }
        found.map(|it| Act::Omit { fault: FaultId::from_index(it) })
    }

    #[expect(clippy::option_option, reason = "a mistake, none, or one")]
    fn lasts(&self, fields: &Fields<'_>) -> Option<Option<Span>> {
        match fields.optional("for") {
            None => Some(None),
            Some(node) => self.reader.span(node).map(Some),
        }
    }

    fn fault_kind(&self, name: &str, fields: &Fields<'_>) -> Option<FaultKind> {
        let reader = self.reader;
        let probability = || fields.required("probability").and_then(|it| reader.probability(it));
        let flag = |name| fields.required(name).and_then(|it| reader.bool(it));
        Some(match name {
            "Crash" => {
                let (service, instance) = (self.service(fields), self.instance(fields));
                FaultKind::Crash { service: service?, instance: instance? }
            }
            "Slow" => {
                let factor = fields.required("factor").and_then(|it| reader.positive(it));
                FaultKind::Slow { service: self.service(fields)?, factor: factor? }
            }
            "Cut" => {
                let (links, hold) = (self.links(fields), flag("hold"));
                FaultKind::Cut { links: links?, hold: hold? }
            }
            "Loss" => {
                let (links, probability) = (self.links(fields), probability());
                FaultKind::Loss { links: links?, probability: probability? }
            }
            "Delay" => {
                let (links, reorder) = (self.links(fields), flag("reorder"));
                let extra = fields.required("extra");
                let extra = extra.and_then(|it| words::read_distribution(reader, it));
                FaultKind::Delay { links: links?, extra: extra?, reorder: reorder? }
            }
            "Duplicate" => {
                let (links, probability) = (self.links(fields), probability());
                FaultKind::Duplicate { links: links?, probability: probability? }
            }
            "Replay" => {
                let to = fields.required("to").and_then(|it| reader.position(it));
                FaultKind::Replay { group: self.group(fields)?, to: to? }
            }
            "Disconnect" => {
                let (service, instance) = (self.service(fields), self.instance(fields));
                let topic = self.topic(fields);
                FaultKind::Disconnect { service: service?, instance: instance?, topic: topic? }
            }
            "Outage" => {
                let forgets = match fields.optional("forgets") {
                    None => Some(Span::ZERO),
                    Some(node) => reader.span(node),
                };
                FaultKind::Outage { topic: self.topic(fields)?, forgets: forgets? }
            }
            "LeaderLoss" => FaultKind::LeaderLoss { topic: self.topic(fields)? },
            "Message" => FaultKind::Strike(self.strike(fields)?),
            "Purge" => FaultKind::Purge { topic: self.topic(fields)? },
            "FailNext" => {
                let (service, count) = (self.service(fields), self.count(fields, "count", 0));
                FaultKind::FailNext { service: service?, count: count? }
            }
            name => FaultKind::Set(settings::setting(self, name, fields)?),
        })
    }

    fn strike(&self, fields: &Fields<'_>) -> Option<Strike> {
        let reader = self.reader;
        let links = self.links(fields);
        let event_type = fields.required("event");
        let event_type = event_type.and_then(|it| names::event_type(reader, self.model, it));
        let (nth, node) = (self.count(fields, "nth", 1), fields.required("do"));
        let event_type = event_type?;
        let of = &self.model.event_types[event_type.index()].fields;
        let deed = deed(reader, node?, of, &mut |node, field| self.value(node, field.kind))?;
        let link = links?.first().copied()?;
        Some(Strike { link, event_type, nth: nth?, deed })
    }

    fn group(&self, fields: &Fields<'_>) -> Option<GroupId> {
        let (group, topic) = (fields.required("group"), self.topic(fields));
        let (node, topic) = (group?, topic?);
        let of_topic = || self.model.groups.iter().enumerate().filter(|(_, it)| it.topic == topic);
        let names = of_topic().map(|(_, it)| it.name.as_str());
        let what = format!("group of {}", self.model.topics[topic.index()].name);
        let place = names::place(self.reader, node, &what, names.clone())?;
        of_topic().nth(place).map(|(index, _)| GroupId::from_index(index))
    }

    /// One of a service's instances, counted from 1 in the file; none is all of them.
    #[expect(clippy::option_option, reason = "a mistake, none, or one")]
    fn instance(&self, fields: &Fields<'_>) -> Option<Option<u32>> {
        let Some(node) = fields.optional("instance") else { return Some(None) };
        let number = self.reader.int(node, 1, 1 << 32)?;
        Some(u32::try_from(number - 1).ok())
    }

    pub(super) fn service(&self, fields: &Fields<'_>) -> Option<ServiceId> {
        let node = fields.required("service")?;
        names::service(self.reader, self.model, node)
    }

    pub(super) fn topic(&self, fields: &Fields<'_>) -> Option<crate::model::TopicId> {
        let node = fields.required("topic")?;
        names::topic(self.reader, self.model, node)
    }

    pub(super) fn span(&self, fields: &Fields<'_>, name: &'static str) -> Option<Span> {
        fields.required(name).and_then(|it| self.reader.span(it))
    }

    pub(super) fn count(&self, fields: &Fields<'_>, name: &'static str, least: i64) -> Option<u32> {
        let node = fields.required(name)?;
        let count = self.reader.int(node, least, i64::from(u32::MAX))?;
        u32::try_from(count).ok()
    }
}

/// The two of `(a, b)`.
pub(super) fn pair(node: &Node) -> Option<[&Node; 2]> {
    match &node.kind {
        Kind::Tuple(None, items) if items.len() == 2 => Some([&items[0], &items[1]]),
        _ => None,
    }
}

/// An instant, as the time since the beginning.
pub(super) fn time(reader: &Reader, node: &Node) -> Option<Time> {
    reader.span(node).map(|it| Time::ZERO + it)
}
