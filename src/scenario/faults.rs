//! The fault schedule.

use crate::model::{Fault, FaultKind, LinkId, Node as End, ServiceId, Span, Time, TopicKind};

use super::convert::Converter;
use super::reader::{Fields, describe, head};
use super::syntax::{Kind, Node};

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
    // What is done on the same schedule: `deeds`.
    "Message",
    "Instances",
    "Workers",
    "Strategy",
    "Prefetch",
    "AckWait",
    "MaxDeliveries",
    "Latency",
    "Bandwidth",
    "Clock",
    "Purge",
    "FailNext",
];

impl Converter<'_> {
    pub(super) fn faults(&mut self, section: Option<&Node>) {
        let Some(section) = section else { return };
        for node in self.reader.list(section) {
            if let Some(fault) = self.fault(node) {
                self.model.faults.push(fault);
            }
        }
        self.model.faults.sort_by_key(|it| it.at);
    }

    fn fault(&mut self, node: &Node) -> Option<Fault> {
        let reader = self.reader;
        let Kind::Struct(Some(name), _) = &node.kind else {
            let message = format!("{} instead of a fault", describe(node));
            reader.wrong(
                &node.place,
                &message,
                "Crash(service: \"…\", at: \"10s\", for: \"5s\") …",
            );
            return None;
        };
        let Some(&what) = FAULTS.iter().find(|it| *it == name) else {
            reader.unknown(&head(node), "kind of fault", name, FAULTS);
            return None;
        };
        let fields = reader.fields(node, what)?;
        if let Some(kind) = self.done_at_once(what, &fields) {
            // It is over at once; `for` would be a field that says nothing.
            let at = match what {
                "Message" => fields.optional("at").map_or(Some(Span::ZERO), |it| reader.span(it)),
                _ => fields.required("at").and_then(|it| reader.span(it)),
            };
            fields.finish();
            return Some(Fault { at: Time::ZERO + at?, lasts: Some(Span::ZERO), kind: kind? });
        }
        let at = fields.required("at").and_then(|it| reader.span(it));
        // So is a replay.
        let lasts = match what {
            "Replay" => Some(Span::ZERO),
            _ => fields.optional("for").and_then(|it| reader.span(it)),
        };
        let kind = self.fault_kind(what, &fields);
        fields.finish();
        if lasts == Some(Span::ZERO) && what != "Replay" {
            reader.wrong(&head(node), "a fault that is mended when it begins", "`for` above zero");
        }
        let kind = kind?;
        let lasts = lasts.or_else(|| self.reconnects_after(&kind));
        Some(Fault { at: Time::ZERO + at?, lasts, kind })
    }

    fn fault_kind(&self, what: &str, fields: &Fields<'_>) -> Option<FaultKind> {
        let reader = self.reader;
        let service = || fields.required("service").and_then(|it| self.service(it));
        let probability = || fields.required("probability").and_then(|it| reader.probability(it));
        Some(match what {
            "Crash" => {
                let service = service();
                let instance = fields.optional("instance");
                let service = service?;
                FaultKind::Crash { service, instance: self.instance_of(service, instance)? }
            }
            "Disconnect" => {
                let (service, instance) = (service(), fields.optional("instance"));
                let node = fields.required("topic");
                let topic = node.and_then(|it| self.topic(it));
                let (service, node, topic) = (service?, node?, topic?);
                let instance = self.instance_of(service, instance)?;
                let service_of = &self.model.services[service.index()];
                let is_queue = matches!(self.model.topics[topic.index()].kind, TopicKind::Queue(_));
                if !is_queue || !service_of.consumes.iter().any(|it| it.topic == topic) {
                    let message = format!("`{}` does not consume this as a queue", service_of.name);
                    reader.wrong(&node.place, &message, "a queue that the service consumes");
                    return None;
                }
                FaultKind::Disconnect { service, instance, topic }
            }
            "Slow" => {
                let service = service();
                let factor = fields.required("factor").and_then(|it| reader.positive(it));
                FaultKind::Slow { service: service?, factor: factor? }
            }
            "Cut" => {
                let links = self.struck_links(fields);
                let hold = fields.optional("hold").and_then(|it| reader.bool(it));
                FaultKind::Cut { links: links?, hold: hold.unwrap_or(true) }
            }
            "Loss" => {
                let (links, probability) = (self.struck_links(fields), probability());
                FaultKind::Loss { links: links?, probability: probability? }
            }
            "Duplicate" => {
                let (links, probability) = (self.struck_links(fields), probability());
                FaultKind::Duplicate { links: links?, probability: probability? }
            }
            "Delay" => {
                let links = self.struck_links(fields);
                let extra = fields.required("extra").and_then(|it| reader.distribution(it, false));
                let reorder = fields.optional("reorder").and_then(|it| reader.bool(it));
                FaultKind::Delay { links: links?, extra: extra?, reorder: reorder.unwrap_or(false) }
            }
            "LeaderLoss" => {
                let node = fields.required("topic")?;
                let topic = self.topic(node)?;
                let kind = &self.model.topics[topic.index()].kind;
                if !matches!(kind, TopicKind::Log(log) if log.replication.is_some()) {
                    let expected = "a log with `replication: \"5ms\"`";
                    reader.wrong(&node.place, "this has no leader that could be lost", expected);
                }
                FaultKind::LeaderLoss { topic }
            }
            "Replay" => {
                let (service, topic) = (
                    service(),
                    fields.required("topic").and_then(|it| (Some(it)).zip(self.topic(it))),
                );
                let to = fields.required("to").and_then(|it| self.reader.position(it));
                let (service, (place, topic)) = (service?, topic?);
                let consumes = &self.model.services[service.index()].consumes;
                let group = consumes.iter().find(|it| it.topic == topic).map(|it| it.group);
                let is_log = matches!(self.model.topics[topic.index()].kind, TopicKind::Log(_));
                let Some(group) = group.filter(|_| is_log) else {
                    let name = &self.model.services[service.index()].name;
                    let message = format!("`{name}` does not read this as a log");
                    reader.wrong(&place.place, &message, "a log that the service consumes");
                    return None;
                };
                FaultKind::Replay { group, to: to? }
            }
            _ => {
                let topic = fields.required("topic").and_then(|it| self.topic(it));
                let forgets = fields.optional("forgets");
                let span = forgets.and_then(|it| self.reader.span(it)).unwrap_or(Span::ZERO);
                let topic = topic?;
                let is_log = matches!(self.model.topics[topic.index()].kind, TopicKind::Log(_));
                if let Some(node) = forgets.filter(|_| is_log) {
                    self.reader.wrong(
                        &node.place,
                        "a log has no acks to forget; its followers keep its commits",
                        "`forgets` where a queue is away",
                    );
                }
                FaultKind::Outage { topic, forgets: span }
            }
        })
    }

    /// How long a client without a connection waits before it makes a new one: RabbitMQ's Java
    /// client 5 s (`networkRecoveryInterval`), those of NATS, whose broker keeps leases, 2 s
    /// (`ReconnectWait`).
    fn reconnects_after(&self, kind: &FaultKind) -> Option<Span> {
        let FaultKind::Disconnect { topic, .. } = kind else { return None };
        match &self.model.topics[topic.index()].kind {
            TopicKind::Queue(queue) if queue.keeps_leases => Some(Span::from_secs(2)),
            _ => Some(Span::from_secs(5)),
        }
    }

    /// One of a service's instances, counted from 1 in the file.
    fn instance_of(&self, service: ServiceId, node: Option<&Node>) -> Option<Option<u32>> {
        let count = i64::from(self.model.services[service.index()].instances);
        let Some(node) = node else { return Some(None) };
        let number = self.reader.int(node, 1, count)?;
        Some(u32::try_from(number - 1).ok())
    }

    /// The links `between` two nodes (both ways), or `from` one `to` the other.
    pub(super) fn struck_links(&self, fields: &Fields<'_>) -> Option<Vec<LinkId>> {
        let reader = self.reader;
        let between = fields.optional("between");
        let one_way = (fields.optional("from"), fields.optional("to"));
        let (from, to, both) = match (between, one_way) {
            (Some(Node { kind: Kind::Tuple(None, pair), .. }), _) if pair.len() == 2 => {
                (&pair[0], &pair[1], true)
            }
            (None, (Some(from), Some(to))) => (from, to, false),
            _ => {
                reader.wrong(
                    fields.place(),
                    "which link?",
                    "`between: (\"a\", \"b\")`, or `from: \"a\", to: \"b\"`",
                );
                return None;
            }
        };
        let (a, b) = (self.end(from)?, self.end(to)?);
        let mut links: Vec<LinkId> = self.model.link_between(a, b).into_iter().collect();
        if both {
            links.extend(self.model.link_between(b, a));
        }
        if links.is_empty() {
            let name = |end: End| self.model.node_name(end).to_owned();
            let message = format!("nothing passes between `{}` and `{}`", name(a), name(b));
            reader.wrong(fields.place(), &message, "two that talk to each other");
            return None;
        }
        Some(links)
    }
}
