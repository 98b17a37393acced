//! What is done on the schedule of faults and is none: one message struck as it sets out, settings,
//! a purge, handlers that fail.

use crate::model::{
    Deed, EventTypeId, FaultKind, LinkId, Node as End, ServiceId, Setting, Span, Strike, TopicId,
    TopicKind, Trigger, Value,
};

use super::convert::Converter;
use super::names;
use super::reader::{Fields, Reader, describe, head, parse_bytes};
use super::syntax::{Kind, Node};

const DEEDS: [&str; 7] = ["Duplicate", "Delay", "Drop", "Swap", "LoseAnswer", "Bury", "Edit"];

/// What is done to a message: `Drop`, `Delay("3s")`, `Edit(field: "cents", value: 5)`. `value` reads
/// what a field of the type with this number is to say.
pub(crate) fn deed(
    reader: &Reader,
    node: &Node,
    fields: &[crate::model::Field],
    value: &mut dyn FnMut(&Node, &crate::model::Field) -> Option<Value>,
) -> Option<Deed> {
    let (Kind::Word(name) | Kind::Tuple(Some(name), _) | Kind::Struct(Some(name), _)) = &node.kind
    else {
        let message = format!("{} instead of what is done to the message", describe(node));
        reader.wrong(&node.place, &message, "Duplicate, Delay(\"3s\"), Drop, Swap …");
        return None;
    };
    let is_bare = matches!(node.kind, Kind::Word(_));
    Some(match (name.as_str(), &node.kind) {
        ("Duplicate", _) if is_bare => Deed::Duplicate,
        ("Drop", _) if is_bare => Deed::Drop,
        ("Swap", _) if is_bare => Deed::Swap,
        ("LoseAnswer", _) if is_bare => Deed::LoseAnswer,
        ("Bury", _) if is_bare => Deed::Bury,
        ("Delay", Kind::Tuple(_, items)) if items.len() == 1 => {
            Deed::Delay(reader.span(&items[0])?)
        }
        ("Edit", Kind::Struct(..)) => {
            let inner = reader.fields(node, "Edit")?;
            let (field, to) = (inner.required("field"), inner.required("value"));
            inner.finish();
            let known = fields.iter().map(|it| it.name.as_str());
            let place = names::place(reader, field?, "field of this event", known)?;
            let value = value(to?, &fields[place])?;
            Deed::Edit { field: u8::try_from(place).ok()?, value }
        }
        (name, _) if DEEDS.contains(&name) => {
            let expected = match name {
                "Delay" => "`Delay(\"3s\")`".to_owned(),
                "Edit" => "`Edit(field: \"…\", value: …)`".to_owned(),
                name => format!("`{name}` alone"),
            };
            reader.wrong(&head(node), &format!("`{name}` is not said so"), &expected);
            return None;
        }
        (name, _) => {
            reader.unknown(&head(node), "deed", name, DEEDS);
            return None;
        }
    })
}

impl Converter<'_> {
    /// What is done at an instant and over then: nothing if it is none of that, and in that nothing
    /// if there is a mistake in it.
    #[expect(clippy::option_option, reason = "none of these, a mistake, or one")]
    pub(super) fn done_at_once(
        &mut self,
        what: &str,
        fields: &Fields<'_>,
    ) -> Option<Option<FaultKind>> {
        Some(match what {
            "Message" => self.strike(fields).map(FaultKind::Strike),
            "Strategy" => self.set_strategy(fields).map(FaultKind::Set),
            "Purge" => {
                let topic = fields.required("topic").and_then(|it| self.topic(it));
                topic.map(|topic| FaultKind::Purge { topic })
            }
            "FailNext" => {
                let (service, count) = (self.worker(fields), self.at_least(fields, "count", 1));
                service.zip(count).map(|(service, count)| FaultKind::FailNext { service, count })
            }
            "Instances" | "Workers" | "Prefetch" | "AckWait" | "MaxDeliveries" | "Latency"
            | "Bandwidth" | "Clock" => self.setting(what, fields).map(FaultKind::Set),
            _ => return None,
        })
    }

    fn strike(&mut self, fields: &Fields<'_>) -> Option<Strike> {
        let reader = self.reader;
        let ends = (fields.required("from"), fields.required("to"));
        let link = ends.0.zip(ends.1).and_then(|(from, to)| self.way(from, to));
        let event = fields.required("event").and_then(|it| self.event_type_of(it));
        let nth = match fields.optional("nth") {
            None => Some(1),
            Some(_) => self.at_least(fields, "nth", 1),
        };
        let node = fields.required("do")?;
        let event_type = event?;
        let of = self.model.event_types[event_type.index()].fields.clone();
        let deed = deed(reader, node, &of, &mut |node, field| {
            let value = self.constant(node)?;
            if value.kind() != field.kind {
                let message = format!("{} does not fit in `{}`", describe(node), field.name);
                let expected = format!("what `{}` holds", field.name);
                reader.wrong(&node.place, &message, &expected);
                return None;
            }
            Some(value)
        })?;
        let link = link?;
        self.fits(link, deed, node)?;
        Some(Strike { link, event_type, nth: nth?, deed })
    }

    /// Whether a deed can be done to what travels on a link.
    fn fits(&self, link: LinkId, deed: Deed, node: &Node) -> Option<()> {
        let End::Topic(topic) = self.model.links[link.index()].from else {
            if deed == Deed::Bury {
                let expected = "a link from a queue to who consumes it";
                self.reader.wrong(&node.place, "no queue has this message yet", expected);
                return None;
            }
            return Some(());
        };
        let topic = &self.model.topics[topic.index()];
        let is_log = matches!(topic.kind, TopicKind::Log(_));
        if is_log && deed == Deed::Bury {
            let message = format!("`{}` is a log, which has no dead letters", topic.name);
            self.reader.wrong(&node.place, &message, "a link from a queue");
            return None;
        }
        Some(())
    }

    /// The link from one node to another.
    fn way(&self, from: &Node, to: &Node) -> Option<LinkId> {
        let (a, b) = (self.end(from), self.end(to));
        let (a, b) = (a?, b?);
        let found = self.model.link_between(a, b);
        if found.is_none() {
            let name = |end: End| self.model.node_name(end);
            let message = format!("nothing passes from `{}` to `{}`", name(a), name(b));
            self.reader.wrong(&from.place, &message, "two that talk to each other");
        }
        found
    }

    /// A service that works, and is not the world outside.
    fn worker(&self, fields: &Fields<'_>) -> Option<ServiceId> {
        let node = fields.required("service")?;
        let service = self.service(node)?;
        if self.model.services[service.index()].workload.is_some() {
            let message = "a workload is the world outside, of which nothing can be set";
            self.reader.wrong(&node.place, message, "a service");
            return None;
        }
        Some(service)
    }

    fn queue(&self, fields: &Fields<'_>) -> Option<TopicId> {
        let node = fields.required("topic")?;
        let topic = self.topic(node)?;
        let of = &self.model.topics[topic.index()];
        if matches!(of.kind, TopicKind::Log(_)) {
            let message = format!("`{}` is a log, which knows nothing of this", of.name);
            self.reader.wrong(&node.place, &message, "a queue");
            return None;
        }
        Some(topic)
    }

    /// A service and a topic that it consumes.
    fn consumer(&self, fields: &Fields<'_>) -> Option<(ServiceId, TopicId)> {
        let service = self.worker(fields);
        let node = fields.required("topic");
        let topic = node.and_then(|it| self.topic(it));
        let (service, node, topic) = (service?, node?, topic?);
        let of = &self.model.services[service.index()];
        if !of.consumes.iter().any(|it| it.topic == topic) {
            let message = format!("`{}` does not consume this", of.name);
            self.reader.wrong(&node.place, &message, "a topic that the service consumes");
            return None;
        }
        Some((service, topic))
    }

    fn at_least(&self, fields: &Fields<'_>, name: &'static str, least: i64) -> Option<u32> {
        let node = fields.required(name)?;
        let count = self.reader.int(node, least, i64::from(u32::MAX))?;
        u32::try_from(count).ok()
    }

    /// A number, or this word for no limit.
    #[expect(clippy::option_option, reason = "a mistake, no limit, or one")]
    fn bound(&self, fields: &Fields<'_>, name: &'static str, least: i64) -> Option<Option<u32>> {
        match fields.required(name)? {
            Node { kind: Kind::Word(word), .. } if word == "Unlimited" => Some(None),
            _ => self.at_least(fields, name, least).map(Some),
        }
    }

    fn setting(&self, what: &str, fields: &Fields<'_>) -> Option<Setting> {
        let reader = self.reader;
        Some(match what {
            "Instances" => {
                let node = fields.required("instances");
                let instances = node.and_then(|it| reader.int(it, 1, MOST_INSTANCES));
                let service = self.worker(fields)?;
                Setting::Instances { service, instances: u32::try_from(instances?).ok()? }
            }
            "Workers" => {
                let (service, workers) = (self.worker(fields), self.bound(fields, "workers", 0));
                Setting::Workers { service: service?, workers: workers? }
            }
            "Prefetch" => {
                let (of, prefetch) = (self.consumer(fields), self.at_least(fields, "prefetch", 1));
                let (service, topic) = of?;
                Setting::Prefetch { service, topic, prefetch: prefetch? }
            }
            "AckWait" => {
                let topic = self.queue(fields);
                let wait = match fields.required("wait")? {
                    Node { kind: Kind::Word(word), .. } if word == "Never" => None,
                    node => Some(reader.some_span(node)?),
                };
                Setting::AckWait { topic: topic?, wait }
            }
            "MaxDeliveries" => {
                let (topic, most) = (self.queue(fields), self.bound(fields, "most", 1));
                Setting::MaxDeliveries { topic: topic?, most: most? }
            }
            "Latency" => {
                let links = self.struck_links(fields);
                let latency = fields.required("latency");
                let latency = latency.and_then(|it| reader.distribution(it, false));
                Setting::Latency { links: links?, latency: latency? }
            }
            "Bandwidth" => {
                let links = self.struck_links(fields);
                let bandwidth = match fields.required("bandwidth")? {
                    Node { kind: Kind::Word(word), .. } if word == "Unlimited" => None,
                    node => Some(self.bandwidth(node)?),
                };
                Setting::Bandwidth { links: links?, bandwidth }
            }
            _ => {
                let service = self.worker(fields);
                let [ahead, behind] = ["ahead", "behind"].map(|it| fields.optional(it));
                let (node, sign) = match (ahead, behind) {
                    (Some(node), None) => (node, 1),
                    (None, Some(node)) => (node, -1),
                    _ => {
                        let expected = "one of `ahead: \"3s\"`, `behind: \"3s\"`";
                        reader.wrong(fields.place(), "how far is the clock off?", expected);
                        return None;
                    }
                };
                let Span(off) = reader.span(node)?;
                Setting::Clock { service: service?, ahead: sign * i64::try_from(off).ok()? }
            }
        })
    }

    /// Bytes a second, above zero.
    pub(super) fn bandwidth(&self, node: &Node) -> Option<f64> {
        let text = self.reader.text(node)?;
        let found = parse_bytes(text.trim_end_matches("/s")).filter(|it| *it > 0.0);
        if found.is_none() {
            let message = format!("`{text}` is not a bandwidth");
            self.reader.wrong(&node.place, &message, "bytes per second, such as \"1MiB\"");
        }
        found
    }

    fn set_strategy(&mut self, fields: &Fields<'_>) -> Option<Setting> {
        let consumer = self.consumer(fields);
        let node = fields.required("strategy");
        let ((service, topic), node) = (consumer?, node?);
        let consumes = &self.model.services[service.index()].consumes;
        let place = consumes.iter().position(|it| it.topic == topic)?;
        let handled = self.handled(service, topic);
        let strategy = self.strategy(service, &handled, node);
        self.goes_together(service, place, &strategy, node);
        let letters = strategy.retries.as_ref().and_then(|it| it.dead_letters);
        let has_way = |it| self.model.link_between(End::Service(service), End::Topic(it)).is_some();
        if let Some(topic) = letters.filter(|it| !has_way(*it)) {
            let name = &self.model.topics[topic.index()].name;
            let message = format!("nothing has passed from this service to `{name}` before");
            self.reader.wrong(&node.place, &message, "a topic that the service publishes to");
            return None;
        }
        Some(Setting::Strategy { service, topic, strategy })
    }

    /// The types of events that a service handles of a topic.
    fn handled(&self, service: ServiceId, topic: TopicId) -> Vec<EventTypeId> {
        let handlers = self.model.services[service.index()].handlers.iter();
        let of_topic = |it: &crate::model::HandlerId| match self.model.handlers[it.index()].trigger
        {
            Trigger::Event(group, event) if self.model.groups[group.index()].topic == topic => {
                Some(event)
            }
            _ => None,
        };
        handlers.filter_map(of_topic).collect()
    }
}

/// The most instances that a service can be given while a run goes on.
const MOST_INSTANCES: i64 = 1_000;
