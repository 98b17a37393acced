//! Figures as expectations name them, with what they are of.

use crate::model::{
    AnomalyKind, Figure, GroupId, Level, Model, ServiceId, Stat, StoreId, Text, TextId, TopicId,
    Value,
};

use super::expect::Scope;
use super::problem::Problem;
use super::reader::{describe, head};
use super::syntax::{Kind, Node};

/// What a figure's name is followed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Workload,
    Service,
    Topic,
    /// A service and the topic that it consumes.
    Group,
    /// A service and its store.
    Store,
    /// The same, which may be left out.
    AnyStore,
    /// A kind of anomaly, which may be left out.
    AnyKind,
    /// A key, where the store has keys; without one of such a store it is left out.
    Key,
    Stat,
}

use Of::{AnyKind, AnyStore, Group, Key, Service, Stat as Quantile, Store, Topic, Workload};

/// Every figure, and what it is of.
pub(super) const FIGURES: [(&str, &[Of]); 59] = [
    ("Free", &[Workload, Quantile]),
    ("Outcome", &[Workload, Quantile]),
    ("Accepted", &[Workload]),
    ("Available", &[Workload]),
    ("Open", &[Workload]),
    ("Request", &[Service, Service, Quantile]),
    ("Response", &[Service, Quantile]),
    ("Waiting", &[Service, Quantile]),
    ("Arrived", &[Service]),
    ("Completed", &[Service]),
    ("Failed", &[Service]),
    ("Rejected", &[Service]),
    ("Lost", &[Service]),
    ("TimedOut", &[Service]),
    ("RateIn", &[Service]),
    ("RateOut", &[Service]),
    ("Utilisation", &[Service]),
    ("MeanQueue", &[Service]),
    ("MaxQueue", &[Service]),
    ("MeanInSystem", &[Service]),
    ("BlastRadius", &[]),
    ("MaxLag", &[Group]),
    ("MeanLag", &[Group]),
    ("Recovery", &[Group]),
    ("MeanInFlight", &[]),
    ("MaxInFlight", &[]),
    ("Window", &[Store, Quantile]),
    ("WrongShare", &[Store]),
    ("Anomalies", &[AnyStore, AnyKind]),
    ("AnomaliesPerThousand", &[AnyStore, AnyKind]),
    ("NotYet", &[Store]),
    ("NeverApplied", &[Store]),
    ("Published", &[Topic]),
    ("Delivered", &[Topic]),
    ("Redelivered", &[Topic]),
    ("DeadLettered", &[Topic]),
    ("Messages", &[]),
    ("MessagesPerTransaction", &[]),
    ("BytesPerTransaction", &[]),
    ("Polls", &[]),
    ("EmptyPolls", &[]),
    ("Duplicates", &[]),
    ("Retries", &[]),
    ("WastedShare", &[]),
    ("Parts", &[]),
    ("IdempotentHandlers", &[]),
    ("Knows", &[Service]),
    ("KnownBy", &[Service]),
    ("Total", &[Store]),
    ("ShouldTotal", &[Store]),
    ("Held", &[Store, Key]),
    ("WrongKeys", &[Store]),
    ("Lag", &[Group]),
    ("Queue", &[Service]),
    ("Busy", &[Service]),
    ("Up", &[Service]),
    ("Done", &[Service]),
    ("InFlight", &[]),
    ("AnomaliesSoFar", &[AnyStore, AnyKind]),
];

/// What was found behind a figure's name.
#[derive(Default)]
struct Found {
    services: Vec<ServiceId>,
    topic: Option<TopicId>,
    group: Option<GroupId>,
    store: Option<StoreId>,
    kind: Option<AnomalyKind>,
    key: Option<Value>,
    stat: Option<Stat>,
}

impl Scope<'_> {
    /// The figure with a name that is known.
    pub(super) fn figure(&mut self, node: &Node, name: &str, items: &[Node]) -> Option<Figure> {
        let (_, wanted) = FIGURES.iter().find(|it| it.0 == name)?;
        let found = self.what_it_is_of(node, name, wanted, items)?;
        let service = || found.services.first().copied();
        Some(match name {
            "Free" => Figure::Free(service()?, found.stat?),
            "Outcome" => Figure::Outcome(service()?, found.stat?),
            "Accepted" => Figure::Accepted(service()?),
            "Available" => Figure::Available(service()?),
            "Open" => Figure::Open(service()?),
            "Request" => Figure::Request(service()?, *found.services.get(1)?, found.stat?),
            "Response" => Figure::Response(service()?, found.stat?),
            "Waiting" => Figure::Waiting(service()?, found.stat?),
            "Arrived" => Figure::Arrived(service()?),
            "Completed" => Figure::Completed(service()?),
            "Failed" => Figure::Failed(service()?),
            "Rejected" => Figure::Rejected(service()?),
            "Lost" => Figure::Lost(service()?),
            "TimedOut" => Figure::TimedOut(service()?),
            "RateIn" => Figure::RateIn(service()?),
            "RateOut" => Figure::RateOut(service()?),
            "Utilisation" => Figure::Utilisation(service()?),
            "MeanQueue" => Figure::MeanQueue(service()?),
            "MaxQueue" => Figure::MaxQueue(service()?),
            "MeanInSystem" => Figure::MeanInSystem(service()?),
            "BlastRadius" => Figure::BlastRadius,
            "MaxLag" => Figure::MaxLag(found.group?),
            "MeanLag" => Figure::MeanLag(found.group?),
            "Recovery" => Figure::Recovery(found.group?),
            "MeanInFlight" => Figure::MeanInFlight,
            "MaxInFlight" => Figure::MaxInFlight,
            "Window" => Figure::Window(found.store?, found.stat?),
            "WrongShare" => Figure::WrongShare(found.store?),
            "Anomalies" => Figure::Anomalies(found.store, found.kind),
            "AnomaliesPerThousand" => Figure::AnomaliesPerThousand(found.store, found.kind),
            "NotYet" => Figure::NotYet(found.store?),
            "NeverApplied" => Figure::Never(found.store?),
            "Published" => Figure::Published(found.topic?),
            "Delivered" => Figure::Delivered(found.topic?),
            "Redelivered" => Figure::Redelivered(found.topic?),
            "DeadLettered" => Figure::DeadLettered(found.topic?),
            "Messages" => Figure::Messages,
            "MessagesPerTransaction" => Figure::MessagesPerTransaction,
            "BytesPerTransaction" => Figure::BytesPerTransaction,
            "Polls" => Figure::Polls,
            "EmptyPolls" => Figure::EmptyPolls,
            "Duplicates" => Figure::Duplicates,
            "Retries" => Figure::Retries,
            "WastedShare" => Figure::WastedShare,
            "Parts" => Figure::Parts,
            "IdempotentHandlers" => Figure::IdempotentHandlers,
            "Knows" => Figure::Knows(service()?),
            "KnownBy" => Figure::KnownBy(service()?),
            _ => Figure::Level(level(name, &found)?),
        })
    }

    fn what_it_is_of(
        &mut self,
        node: &Node,
        name: &str,
        wanted: &[Of],
        items: &[Node],
    ) -> Option<Found> {
        let mut rest = items;
        let mut found = Found::default();
        let expected = signature(name, wanted);
        for of in wanted {
            let needed = match of {
                Group | Store => 2,
                AnyStore if !matches!(rest, [Node { kind: Kind::Text(_), .. }, ..]) => 0,
                AnyStore => 2,
                AnyKind | Key => rest.len().min(1),
                Workload | Service | Topic | Quantile => 1,
            };
            let Some((these, others)) = rest.split_at_checked(needed) else {
                let message = format!("`{name}` does not say all that it is of");
                self.reader.wrong(&head(node), &message, &expected);
                return None;
            };
            rest = others;
            match of {
                Workload | Service => {
                    found.services.push(self.service(&these[0], *of == Workload)?);
                }
                Topic => found.topic = Some(self.topic(&these[0])?),
                Group => found.group = Some(self.group(&these[0], &these[1])?),
                Store | AnyStore => {
                    if let [service, store] = these {
                        found.store = Some(self.store(service, store)?);
                    }
                }
                AnyKind => {
                    if let [kind] = these {
                        found.kind = Some(self.kind(kind)?);
                    }
                }
                Key => found.key = self.key(found.store?, these.first(), node)?,
                Quantile => found.stat = Some(self.stat(&these[0])?),
            }
        }
        if let Some(more) = rest.first() {
            self.reader.wrong(&more.place, "nothing can stand here", &expected);
            return None;
        }
        Some(found)
    }

    fn model(&self) -> &Model {
        &self.models[self.current]
    }

    /// What a variant lacks is said together with its name.
    fn missing<'n>(
        &self,
        node: &Node,
        what: &str,
        name: &str,
        names: impl Iterator<Item = &'n str>,
    ) {
        let variant = &self.names[self.current];
        if variant.is_empty() {
            self.reader.unknown(&node.place, what, name, names);
        } else {
            let message = format!("there is no {what} `{name}` in the variant `{variant}`");
            let help = super::problem::nearest(name, names).unwrap_or_else(|| {
                "`variants: […]` says which variants an expectation is about".to_owned()
            });
            self.reader.report(Problem::new(node.place.clone(), &message).help(Some(help)));
        }
    }

    fn service(&self, node: &Node, is_workload: bool) -> Option<ServiceId> {
        let name = self.reader.text(node)?;
        let services = &self.model().services;
        let found = services.iter().position(|it| it.name == name);
        let Some(found) = found else {
            let what = if is_workload { "workload" } else { "service" };
            let those = services.iter().filter(|it| !is_workload || it.workload.is_some());
            self.missing(node, what, name, those.map(|it| it.name.as_str()));
            return None;
        };
        if is_workload && services[found].workload.is_none() {
            let message = format!("`{name}` is a service, and nobody arrives there");
            self.reader.wrong(&node.place, &message, "a workload");
            return None;
        }
        Some(ServiceId::from_index(found))
    }

    fn topic(&self, node: &Node) -> Option<TopicId> {
        let name = self.reader.text(node)?;
        let topics = &self.model().topics;
        let found = topics.iter().position(|it| it.name == name);
        if found.is_none() {
            self.missing(node, "topic", name, topics.iter().map(|it| it.name.as_str()));
        }
        found.map(TopicId::from_index)
    }

    fn group(&self, service: &Node, topic: &Node) -> Option<GroupId> {
        let (id, topic_id) = (self.service(service, false)?, self.topic(topic)?);
        let of = &self.model().services[id.index()];
        let consume = of.consumes.iter().find(|it| it.topic == topic_id);
        if consume.is_none() {
            let message = format!("`{}` does not consume this", of.name);
            self.reader.wrong(&topic.place, &message, "a topic that the service consumes");
        }
        consume.map(|it| it.group)
    }

    fn store(&self, service: &Node, store: &Node) -> Option<StoreId> {
        let id = self.service(service, false)?;
        let name = self.reader.text(store)?;
        let stores = &self.model().stores;
        let found = stores.iter().position(|it| it.service == id && it.name == name);
        if found.is_none() {
            let names = stores.iter().filter(|it| it.service == id).map(|it| it.name.as_str());
            self.missing(store, "store of this service", name, names);
        }
        found.map(StoreId::from_index)
    }

    fn kind(&self, node: &Node) -> Option<AnomalyKind> {
        self.reader.choice(
            node,
            &[
                ("AppliedTwice", AnomalyKind::AppliedTwice),
                ("OutOfOrder", AnomalyKind::OutOfOrder),
                ("StaleWrite", AnomalyKind::StaleWrite),
                ("Missing", AnomalyKind::Missing),
                ("Lost", AnomalyKind::Lost),
            ],
        )
    }

    fn stat(&self, node: &Node) -> Option<Stat> {
        let words = [
            ("Mean", Stat::Mean),
            ("P50", Stat::P50),
            ("P90", Stat::P90),
            ("P99", Stat::P99),
            ("Max", Stat::Max),
        ];
        self.reader.choice(node, &words)
    }

    fn key(&mut self, store: StoreId, key: Option<&Node>, whole: &Node) -> Option<Option<Value>> {
        let of = &self.models[self.current].stores[store.index()];
        let Some(kind) = of.key else {
            if let Some(key) = key {
                self.reader.wrong(&key.place, "this store has no keys", "no key here");
                return None;
            }
            return Some(None);
        };
        let Some(key) = key else {
            let expected = "a key, or `Total` for all of them together";
            self.reader.wrong(&head(whole), "this store is kept by key", expected);
            return None;
        };
        let value = match &key.kind {
            Kind::Int(value) => Value::Int(*value),
            Kind::Float(value) => Value::Float(*value),
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Text(text) => Value::Text(self.text_value(text)),
            _ => {
                let message = format!("{} instead of a key", describe(key));
                self.reader.wrong(&key.place, &message, "a number, a text, true or false");
                return None;
            }
        };
        if value.kind() != kind {
            let message = "this store has keys of another kind";
            self.reader.wrong(&key.place, message, &format!("a key of kind {kind:?}"));
            return None;
        }
        Some(Some(value))
    }

    /// A text as values hold it: "c-7" as the beginning "c-" and the number 7.
    fn text_value(&mut self, text: &str) -> Text {
        let texts = &mut self.models[self.current].texts;
        let mut intern = |text: &str| {
            let known = texts.iter().position(|it| it == text);
            TextId::from_index(known.unwrap_or_else(|| {
                texts.push(text.to_owned());
                texts.len() - 1
            }))
        };
        match super::events::split_number(text) {
            Some((prefix, number)) => Text { text: intern(prefix), number },
            None => Text { text: intern(text), number: 0 },
        }
    }
}

fn level(name: &str, found: &Found) -> Option<Level> {
    let service = || found.services.first().copied();
    Some(match name {
        "Total" => Level::Total(found.store?),
        "ShouldTotal" => Level::ShouldTotal(found.store?),
        "Held" => Level::Held(found.store?, found.key),
        "WrongKeys" => Level::WrongKeys(found.store?),
        "Lag" => Level::Lag(found.group?),
        "Queue" => Level::Queue(service()?),
        "Busy" => Level::Busy(service()?),
        "Up" => Level::Up(service()?),
        "Done" => Level::Done(service()?),
        "AnomaliesSoFar" => Level::AnomaliesSoFar(found.store, found.kind),
        _ => Level::InFlight,
    })
}

/// How a figure is written.
fn signature(name: &str, wanted: &[Of]) -> String {
    let parts: Vec<&str> = wanted
        .iter()
        .map(|it| match it {
            Workload => "\"workload\"",
            Service => "\"service\"",
            Topic => "\"topic\"",
            Group => "\"service\", \"topic\"",
            Store | AnyStore => "\"service\", \"store\"",
            AnyKind => "AppliedTwice",
            Key => "\"key\"",
            Quantile => "P99",
        })
        .collect();
    if parts.is_empty() { name.to_owned() } else { format!("{name}({})", parts.join(", ")) }
}
