//! What can be done to the parts of a model, with settings that do something in most scenarios.

use crate::model::{
    Act, Distribution, FaultKind, GroupId, LinkId, Model, Position, ServiceId, Setting, Span,
    TopicId, TopicKind,
};

/// Everything that can be done to something, by what it is called: to what, and how.
pub type Offers = Vec<(&'static str, Vec<(String, Act)>)>;

/// Everything that can be done to something of the model.
#[must_use]
pub fn offers(model: &Model) -> Offers {
    let mut offers = to_services(model);
    offers.extend(to_links(model));
    offers.extend(to_topics(model));
    offers.extend(to_consumers(model));
    offers.retain(|(_, of)| !of.is_empty());
    offers
}

/// The services that can break: those with a workload are the world outside.
pub(super) fn services(model: &Model) -> Vec<ServiceId> {
    let has_workload = |it: &ServiceId| model.services[it.index()].workload.is_some();
    let all = (0..model.services.len()).map(ServiceId::from_index);
    all.filter(|it| !has_workload(it)).collect()
}

/// A link and the one that leads back.
#[must_use]
pub fn both_ways(model: &Model, link: LinkId) -> Vec<LinkId> {
    let of = &model.links[link.index()];
    let back = model.link_between(of.to, of.from);
    std::iter::once(link).chain(back.filter(|it| *it != link)).collect()
}

fn broken(kind: FaultKind, seconds: u64) -> Act {
    Act::Break { kind, lasts: Some(Span::from_secs(seconds)) }
}

fn name(model: &Model, service: ServiceId) -> String {
    model.services[service.index()].name.clone()
}

fn to_services(model: &Model) -> Offers {
    let of = |act: &dyn Fn(ServiceId) -> Act| {
        services(model).into_iter().map(|it| (name(model, it), act(it))).collect::<Vec<_>>()
    };
    vec![
        ("Crash", of(&|service| broken(FaultKind::Crash { service, instance: None }, 5))),
        ("Slow", of(&|service| broken(FaultKind::Slow { service, factor: 5.0 }, 10))),
        ("Fail the next", of(&|service| Act::FailNext { service, count: 3 })),
        (
            "Set instances",
            of(&|service| {
                let instances = model.services[service.index()].instances + 1;
                Act::Set(Setting::Instances { service, instances })
            }),
        ),
        (
            "Set workers",
            of(&|service| {
                let workers = model.services[service.index()].workers;
                Act::Set(Setting::Workers { service, workers })
            }),
        ),
        ("Set clock", of(&|service| Act::Set(Setting::Clock { service, ahead: 5_000_000_000 }))),
    ]
}

fn to_links(model: &Model) -> Offers {
    let of = |act: &dyn Fn(Vec<LinkId>) -> Act| {
        let mut offers: Vec<(String, Act)> = Vec::new();
        for link in (0..model.links.len()).map(LinkId::from_index) {
            let links = both_ways(model, link);
            if links.iter().any(|it| *it < link) {
                continue;
            }
            let of = &model.links[link.index()];
            let (from, to) = (model.node_name(of.from), model.node_name(of.to));
            let way = if links.len() > 1 { "↔" } else { "→" };
            offers.push((format!("{from} {way} {to}"), act(links)));
        }
        offers
    };
    let delayed = |links: Vec<LinkId>, extra: Distribution, reorder: bool| {
        broken(FaultKind::Delay { links, extra, reorder }, 10)
    };
    let constant = Distribution::Constant;
    let scattered = Distribution::Exponential { mean: 3e8 };
    vec![
        ("Cut", of(&|links| broken(FaultKind::Cut { links, hold: true }, 5))),
        ("Lose messages", of(&|links| broken(FaultKind::Loss { links, probability: 0.2 }, 10))),
        ("Delay messages", of(&|links| delayed(links, constant(5e8), false))),
        ("Disorder", of(&|links| delayed(links, scattered, true))),
        (
            "Double messages",
            of(&|links| broken(FaultKind::Duplicate { links, probability: 0.2 }, 10)),
        ),
        ("Set latency", of(&|links| Act::Set(Setting::Latency { links, latency: constant(1e8) }))),
        (
            "Set bandwidth",
            of(&|links| Act::Set(Setting::Bandwidth { links, bandwidth: Some(100_000.0) })),
        ),
    ]
}

fn is_queue(kind: &TopicKind) -> bool {
    matches!(kind, TopicKind::Queue(_))
}

fn to_topics(model: &Model) -> Offers {
    let of = |is_meant: &dyn Fn(&TopicKind) -> bool, act: &dyn Fn(TopicId) -> Act| {
        let topics = (0..model.topics.len()).map(TopicId::from_index);
        let topics = topics.filter(|it| is_meant(&model.topics[it.index()].kind));
        topics.map(|it| (model.topics[it.index()].name.clone(), act(it))).collect::<Vec<_>>()
    };
    let is_replicated =
        |kind: &TopicKind| matches!(kind, TopicKind::Log(log) if log.replication.is_some());
    let wait = Some(Span::from_secs(5));
    let most = Some(3);
    vec![
        (
            "Broker outage",
            of(&|_| true, &|topic| broken(FaultKind::Outage { topic, forgets: Span::ZERO }, 5)),
        ),
        ("Leader loss", of(&is_replicated, &|topic| broken(FaultKind::LeaderLoss { topic }, 5))),
        ("Purge", of(&|_| true, &|topic| Act::Purge { topic })),
        ("Set ack wait", of(&is_queue, &|topic| Act::Set(Setting::AckWait { topic, wait }))),
        (
            "Set deliveries",
            of(&is_queue, &|topic| Act::Set(Setting::MaxDeliveries { topic, most })),
        ),
    ]
}

fn to_consumers(model: &Model) -> Offers {
    let mut disconnects = Vec::new();
    let mut prefetches = Vec::new();
    for service in services(model) {
        for consume in &model.services[service.index()].consumes {
            let topic = consume.topic;
            let of = &model.topics[topic.index()];
            let label = format!("{} from {}", name(model, service), of.name);
            if is_queue(&of.kind) {
                let kind = FaultKind::Disconnect { service, instance: None, topic };
                disconnects.push((label.clone(), broken(kind, 5)));
            }
            prefetches.push((label, Act::Set(Setting::Prefetch { service, topic, prefetch: 1 })));
        }
    }
    let groups = (0..model.groups.len()).map(GroupId::from_index);
    let of_logs = groups.filter(|it| {
        let topic = model.groups[it.index()].topic;
        !is_queue(&model.topics[topic.index()].kind)
    });
    let replays = of_logs.map(|group| {
        let act = broken(FaultKind::Replay { group, to: Position::Earliest }, 0);
        (model.groups[group.index()].name.clone(), act)
    });
    vec![
        ("Connection loss", disconnects),
        ("Replay", replays.collect()),
        ("Set prefetch", prefetches),
    ]
}
