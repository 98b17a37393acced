//! Producers and outboxes: what a service does so that what it publishes arrives.

use super::{Backoff, ServiceId, Span, TopicId};

/// How a service publishes to a topic and hears of what becomes of it. Without one it sends and
/// forgets (Kafka `acks=0`; RabbitMQ without confirms).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Producer {
    /// When the broker confirms.
    pub acks: Acks,
    /// How long an attempt waits for its confirm, from when it was sent (Kafka
    /// `request.timeout.ms`).
    pub timeout: Span,
    /// How often it is tried again; `None` as often as it takes.
    pub retries: Option<u32>,
    /// The pause before the next attempt (Kafka `retry.backoff.ms`).
    pub backoff: Backoff,
    /// Whether what is sent again is appended once and in order (logs only; Kafka
    /// `enable.idempotence`).
    pub idempotent: bool,
    /// How many may be on their way and unconfirmed, of each instance; what is published beyond
    /// waits in the client (Kafka `max.in.flight.requests.per.connection`).
    pub max_in_flight: u32,
    /// How long it is tried at all, from the publish; `None` for no limit (Kafka
    /// `delivery.timeout.ms`).
    pub delivery_timeout: Option<Span>,
    /// Whether the worker is held until it is known how it went.
    pub wait: bool,
}

/// When a broker confirms what was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// When the leader of a log has it (Kafka `acks=1`).
    Leader,
    /// When it is replicated (Kafka `acks=all`); when a queue has taken it (RabbitMQ publisher
    /// confirms, `JetStream` `PubAck`).
    All,
}

/// A service's producer of a topic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Publishes {
    /// To where.
    pub topic: TopicId,
    /// How.
    pub producer: Producer,
}

/// Events that a service has decided to publish, kept as durably as its stores, until a relay
/// has published them (C. Richardson, "Microservices Patterns", 3.3.7: transactional outbox,
/// polling publisher).
#[derive(Clone, Debug, PartialEq)]
pub struct Outbox {
    /// Its name, unique in its service.
    pub name: String,
    /// Whose it is.
    pub service: ServiceId,
    /// Where its events go.
    pub topic: TopicId,
    /// How often the relay looks.
    pub every: Span,
    /// How many it takes each time at most.
    pub batch: u32,
}
