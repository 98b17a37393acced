//! Producers and outboxes: what a service's publishes ask of the broker.

use crate::model::{
    Acks, Backoff, Node as End, Outbox, OutboxId, Producer, Publishes, ServiceId, Span, TopicId,
    TopicKind,
};

use super::convert::Converter;
use super::reader::{Fields, head};
use super::syntax::{Kind, Node};
use super::topics::Profile;

impl Profile {
    /// How a topic of this profile is published to where a scenario says nothing: `None` without
    /// confirms, as RabbitMQ, where they are opt-in.
    fn producer(self) -> Option<Producer> {
        match self {
            Self::Plain | Self::RabbitMqClassic | Self::RabbitMqQuorum => None,
            Self::Kafka | Self::JetStream | Self::SqsFifo => Some(self.confirmed(true)),
        }
    }

    /// How a topic of this profile is published to by who asks for confirms and says no more.
    fn confirmed(self, is_log: bool) -> Producer {
        let plain = Producer {
            acks: Acks::All,
            timeout: Span::from_secs(5),
            retries: Some(0),
            backoff: Backoff::Fixed(Span::from_millis(100)),
            idempotent: false,
            max_in_flight: if is_log { 5 } else { u32::MAX },
            delivery_timeout: None,
            wait: false,
        };
        match self {
            // RabbitMQ's clients do not publish again by themselves; its tutorial "Publisher
            // Confirms" waits for 5 s.
            Self::Plain | Self::RabbitMqClassic | Self::RabbitMqQuorum => plain,
            // Apache Kafka 4.0 `ProducerConfig`: `acks` all, `request.timeout.ms` 30 000,
            // `retries` 2147483647, `retry.backoff.ms` 100 to `retry.backoff.max.ms` 1 000 (its
            // blur of 20 % is left out), `enable.idempotence` true,
            // `max.in.flight.requests.per.connection` 5, `delivery.timeout.ms` 120 000; `send`
            // does not wait.
            Self::Kafka => Producer {
                timeout: Span::from_secs(30),
                retries: None,
                backoff: Backoff::Exponential {
                    first: Span::from_millis(100),
                    factor: 2.0,
                    most: Span::from_secs(1),
                },
                idempotent: true,
                max_in_flight: 5,
                delivery_timeout: Some(Span::from_secs(120)),
                ..plain
            },
            // nats.go: `js.Publish` waits for the `PubAck`, 5 s (`defaultRequestWait`), and tries
            // again by itself only when nobody listens (`DefaultPubRetryAttempts` 2 after
            // `DefaultPubRetryWait` 250 ms; NATS ADR-22), not when the `PubAck` does not come.
            Self::JetStream => Producer {
                backoff: Backoff::Fixed(Span::from_millis(250)),
                max_in_flight: u32::MAX,
                wait: true,
                ..plain
            },
            // `SendMessage` is a call: botocore's `read_timeout` 60 s; retry mode `standard`, 3
            // attempts, the pause doubles up to 20 s (its blur is left out).
            Self::SqsFifo => Producer {
                timeout: Span::from_secs(60),
                retries: Some(2),
                backoff: Backoff::Exponential {
                    first: Span::from_secs(1),
                    factor: 2.0,
                    most: Span::from_secs(20),
                },
                max_in_flight: u32::MAX,
                wait: true,
                ..plain
            },
        }
    }
}

impl Converter<'_> {
    /// What a service declares of the topics it publishes to.
    pub(super) fn publishes(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        let reader = self.reader;
        for (name, place, node) in reader.entries(section) {
            let named = Node { place: place.clone(), kind: Kind::Text(name.to_owned()) };
            let Some(topic) = self.topic(&named) else { continue };
            let Some(fields) = reader.fields(node, "Producer") else { continue };
            let producer = self.producer(&fields, topic);
            fields.finish();
            self.producers.insert((service, topic), producer);
        }
    }

    /// A producer; `None` where nothing is confirmed.
    fn producer(&self, fields: &Fields<'_>, topic: TopicId) -> Option<Producer> {
        let reader = self.reader;
        let is_log = self.is_log(topic);
        let usual = self.profiles[topic.index()].confirmed(is_log);
        let words = [("None", None), ("Leader", Some(Acks::Leader)), ("All", Some(Acks::All))];
        let acks_node = fields.optional("acks");
        let acks = acks_node.and_then(|it| reader.choice(it, &words)).unwrap_or(Some(usual.acks));
        if let Some(node) = acks_node
            && acks == Some(Acks::Leader)
            && !is_log
        {
            reader.wrong(&node.place, "a queue has no leader that answers alone", "All or None");
        }
        let positive = |name| fields.optional(name).and_then(|it| reader.some_span(it));
        let timeout = positive("timeout").unwrap_or(usual.timeout);
        let delivery_timeout = match fields.optional("delivery_timeout") {
            Some(Node { kind: Kind::Word(word), .. }) if word == "Never" => None,
            Some(_) => positive("delivery_timeout"),
            None => usual.delivery_timeout.map(|it| Span(it.0.max(timeout.0))),
        };
        let retries = self.limit(fields, "retries", 0, usual.retries);
        let in_flight = Some(usual.max_in_flight).filter(|it| *it < u32::MAX);
        let in_flight = self.limit(fields, "max_in_flight", 1, in_flight).unwrap_or(u32::MAX);
        let backoff = fields.optional("backoff").and_then(|it| self.reader.backoff(it));
        let wait_node = fields.optional("wait");
        let wait = wait_node.and_then(|it| reader.bool(it));
        let idempotent_node = fields.optional("idempotent");
        let idempotent = idempotent_node.and_then(|it| reader.bool(it));
        let can_be_idempotent =
            is_log && acks == Some(Acks::All) && retries != Some(0) && in_flight <= 5;
        if let Some(node) = idempotent_node.filter(|_| idempotent == Some(true)) {
            if !is_log {
                let expected = "a log; a queue's `dedupe_window` knows an event that comes again";
                reader.wrong(&node.place, "a queue knows no sequences of its producers", expected);
            } else if !can_be_idempotent {
                let expected = "acks: All, retries above 0 and at most 5 in flight";
                reader.wrong(
                    &node.place,
                    "this cannot keep a promise of once and in order",
                    expected,
                );
            }
        }
        if let Some(node) = wait_node.filter(|_| wait == Some(true) && acks.is_none()) {
            reader.wrong(
                &node.place,
                "a confirm that never comes",
                "`acks: Leader` or `acks: All`",
            );
        }
        if delivery_timeout.is_some_and(|it| it < timeout) {
            let expected = "`delivery_timeout` at least as long as `timeout`";
            reader.wrong(fields.place(), "it is given up before an attempt can time out", expected);
        }
        Some(Producer {
            acks: acks?,
            timeout,
            retries,
            backoff: backoff.unwrap_or(usual.backoff),
            // Kafka turns it off by itself where other settings forbid it.
            idempotent: idempotent.unwrap_or(usual.idempotent) && can_be_idempotent,
            max_in_flight: in_flight,
            delivery_timeout,
            wait: wait.unwrap_or(usual.wait),
        })
    }

    /// A count from `least` on, or `None` where the word `Unlimited` stands.
    fn limit(
        &self,
        fields: &Fields<'_>,
        name: &'static str,
        least: i64,
        usual: Option<u32>,
    ) -> Option<u32> {
        match fields.optional(name) {
            None => usual,
            Some(Node { kind: Kind::Word(word), .. }) if word == "Unlimited" => None,
            Some(node) => {
                let count = self.reader.int(node, least, i64::from(u32::MAX) - 1);
                count.map_or(usual, |it| u32::try_from(it).ok())
            }
        }
    }

    fn is_log(&self, topic: TopicId) -> bool {
        matches!(self.model.topics[topic.index()].kind, TopicKind::Log(_))
    }

    /// The producer by which a service publishes to a topic, as it declares or as the topic's
    /// profile has it.
    pub(super) fn producer_of(&mut self, service: ServiceId, topic: TopicId) -> Option<Producer> {
        let declared = self.producers.get(&(service, topic));
        let usual = self.profiles[topic.index()].producer();
        let producer = declared.copied().unwrap_or(usual)?;
        self.add_producer(service, topic, producer);
        Some(producer)
    }

    fn add_producer(&mut self, service: ServiceId, topic: TopicId, producer: Producer) {
        let publishes = &mut self.model.services[service.index()].publishes;
        if publishes.iter().all(|it| it.topic != topic) {
            publishes.push(Publishes { topic, producer });
        }
    }

    pub(super) fn outboxes(&mut self, service: ServiceId, section: Option<&Node>) {
        let Some(section) = section else { return };
        let reader = self.reader;
        for (name, _, node) in reader.entries(section) {
            let Some(fields) = reader.fields(node, "Outbox") else { continue };
            let topic_node = fields.required("topic");
            let topic = topic_node.and_then(|it| self.topic(it));
            let every = fields.required("every").and_then(|it| reader.some_span(it));
            let batch =
                fields.optional("batch").and_then(|it| reader.int(it, 1, i64::from(u32::MAX)));
            let batch = batch.and_then(|it| u32::try_from(it).ok()).unwrap_or(100);
            fields.finish();
            let (Some(topic), Some(place)) = (topic, topic_node) else { continue };
            let Some(every) = every else { continue };
            let is_log = self.is_log(topic);
            let usual = self.profiles[topic.index()].confirmed(is_log);
            match self.producers.get(&(service, topic)).copied() {
                Some(Some(producer)) => self.add_producer(service, topic, producer),
                Some(None) => {
                    let expected = "`acks: Leader` or `acks: All` where this topic is published to";
                    reader.wrong(&place.place, "its relay would never hear of a confirm", expected);
                }
                None => {
                    // What else is published to the topic is confirmed too.
                    self.producers.insert((service, topic), Some(usual));
                    self.add_producer(service, topic, usual);
                }
            }
            self.talk(End::Service(service), End::Topic(topic));
            let id = OutboxId::from_index(self.model.outboxes.len());
            let name = name.to_owned();
            self.model.outboxes.push(Outbox { name, service, topic, every, batch });
            self.model.services[service.index()].outboxes.push(id);
        }
    }

    /// The outbox of a service that a step writes what goes to a topic into.
    pub(super) fn outbox(
        &self,
        service: ServiceId,
        topic: TopicId,
        node: &Node,
    ) -> Option<OutboxId> {
        let name = self.reader.text(node)?;
        let outboxes = &self.model.outboxes;
        let own = outboxes.iter().filter(|it| it.service == service);
        let found = outboxes.iter().position(|it| it.service == service && it.name == name);
        let Some(found) = found else {
            let names = own.map(|it| it.name.as_str());
            self.reader.unknown(&node.place, "outbox of this service", name, names);
            return None;
        };
        let goes_to = outboxes[found].topic;
        if goes_to != topic {
            let goes_to = &self.model.topics[goes_to.index()].name;
            let message = format!("what is in this outbox goes to `{goes_to}`");
            self.reader.wrong(&node.place, &message, &format!("`to: \"{goes_to}\"`"));
        }
        Some(OutboxId::from_index(found))
    }

    /// What is done if a publish is not confirmed can only be done by who waits for it.
    pub(super) fn publish_is_waited_for(&self, node: &Node, waits: bool) {
        if !waits {
            let expected = "a producer with `wait: true`, or no `otherwise`";
            self.reader.wrong(&head(node), "nobody waits for what becomes of this", expected);
        }
    }
}
