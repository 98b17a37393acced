//! The model: one variant of a scenario, checked, with every name turned into an id.

use super::{
    Breaker, Budget, Bulkhead, EventType, Fault, Group, Handler, InstanceId, Link, LinkId, Node,
    Outbox, Service, ServiceId, Store, StoreId, Text, Time, Topic, Value,
};

/// One variant of a scenario, ready to run. Its tables are indexed by the ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What the scenario is called in a title.
    pub title: String,
    /// The variant's name; empty if the scenario has none.
    pub variant: String,
    /// What it shows, in a sentence.
    pub sentence: String,
    /// The seed, if nobody says otherwise.
    pub seed: u64,
    /// When the run ends; `None` if it does not.
    pub end: Option<Time>,
    /// Texts that values use.
    pub texts: Vec<String>,
    /// Types of events, requests and replies.
    pub event_types: Vec<EventType>,
    /// Services and workloads.
    pub services: Vec<Service>,
    /// Every instance: whose, and which of its (from 0).
    pub instances: Vec<(ServiceId, u32)>,
    /// Topics.
    pub topics: Vec<Topic>,
    /// Consumer groups.
    pub groups: Vec<Group>,
    /// Stores.
    pub stores: Vec<Store>,
    /// Outboxes.
    pub outboxes: Vec<Outbox>,
    /// Handlers.
    pub handlers: Vec<Handler>,
    /// Circuit breakers.
    pub breakers: Vec<Breaker>,
    /// Retry budgets.
    pub budgets: Vec<Budget>,
    /// Bulkheads.
    pub bulkheads: Vec<Bulkhead>,
    /// Every directed pair of nodes that a message can pass, in order of (from, to).
    pub links: Vec<Link>,
    /// Scheduled faults, in order of their beginning.
    pub faults: Vec<Fault>,
    /// How it wants to be shown.
    pub presentation: Presentation,
}

/// How a scenario wants to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Presentation {
    /// Where nodes stand, in points, for those whose place is given.
    pub positions: Vec<(Node, (f32, f32))>,
    /// What the services' cards show of their stores.
    pub shown: Vec<Shown>,
}

/// A value that a service's card shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// On whose card.
    pub service: ServiceId,
    /// What it is called there.
    pub label: String,
    /// Of which store.
    pub store: StoreId,
    /// Under which key; `None` for the total (of a set or a log: how many).
    pub key: Option<Value>,
    /// What is written behind the number, such as `€`.
    pub unit: String,
    /// What the number is divided by before it is shown (100 for cents shown as euros).
    pub divisor: f64,
}

impl Model {
    /// The name of a service or topic.
    #[must_use]
    pub fn node_name(&self, node: Node) -> &str {
        match node {
            Node::Service(service) => &self.services[service.index()].name,
            Node::Topic(topic) => &self.topics[topic.index()].name,
        }
    }

    /// The link from one node to another, if messages can pass it.
    #[must_use]
    pub fn link_between(&self, from: Node, to: Node) -> Option<LinkId> {
        self.links
            .binary_search_by_key(&(from, to), |link| (link.from, link.to))
            .ok()
            .map(LinkId::from_index)
    }

    /// The instances of a service.
    pub fn instances_of(&self, service: ServiceId) -> impl Iterator<Item = InstanceId> + use<> {
        let Service { first_instance, instances, added, .. } = &self.services[service.index()];
        let from_the_start = instances - u32::try_from(added.len()).unwrap_or(*instances);
        let range = first_instance.0..first_instance.0 + from_the_start;
        range.map(InstanceId).chain(added.clone())
    }

    /// The name of an instance: its service's, with its number where there are several.
    #[must_use]
    pub fn instance_name(&self, instance: InstanceId) -> String {
        let Some(&(service, number)) = self.instances.get(instance.index()) else {
            return format!("instance {}", instance.0);
        };
        let Service { name, instances, .. } = &self.services[service.index()];
        if *instances == 1 { name.clone() } else { format!("{name}/{}", number + 1) }
    }

    /// A text; one that came from elsewhere and is none of the scenario's is a question mark.
    fn text(&self, id: super::TextId) -> &str {
        self.texts.get(id.index()).map_or("?", String::as_str)
    }

    /// A value as a person reads it.
    #[must_use]
    pub fn value_text(&self, value: Value) -> String {
        match value {
            Value::Int(value) => value.to_string(),
            Value::Float(value) => format!("{value:.3}"),
            Value::Text(Text { text, number: 0 }) => self.text(text).to_owned(),
            Value::Text(Text { text, number }) => format!("{}{number}", self.text(text)),
            Value::Bool(value) => value.to_string(),
        }
    }
}
