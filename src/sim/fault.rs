//! Scheduled faults: they begin, and are mended.

use crate::model::{FaultId, FaultKind, InstanceId, LinkId, Node, TopicId, What};

use super::plan::Plan;
use super::world::{Scheduled, World};

impl World {
    /// A fault begins.
    pub(super) fn fault_begins(&mut self, plan: &Plan, id: FaultId) {
        let fault = &plan.model.faults[id.index()];
        self.note(What::FaultBegan { fault: id });
        if let Some(lasts) = fault.lasts {
            self.agenda.push(self.now + lasts, Scheduled::FaultEnds(id));
        }
        match &fault.kind {
            FaultKind::Crash { .. } => {
                for instance in struck(plan, &fault.kind) {
                    self.crash_instance(plan, instance);
                }
            }
            FaultKind::Slow { service, factor } => {
                self.services[service.index()].slow = Some(*factor);
            }
            FaultKind::Cut { links, hold } => {
                self.cut(links, *hold);
                self.fall_silent(plan, links);
            }
            FaultKind::Loss { links, probability } => {
                for link in links {
                    self.links[link.index()].loss = Some(*probability);
                }
            }
            FaultKind::Delay { links, extra, reorder } => {
                for link in links {
                    self.links[link.index()].extra = Some((*extra, *reorder));
                }
            }
            FaultKind::Duplicate { links, probability } => {
                for link in links {
                    self.links[link.index()].duplication = Some(*probability);
                }
            }
            FaultKind::Replay { group, to } => self.replay(plan, *group, *to),
            FaultKind::Disconnect { .. } => self.cut_off(plan, &fault.kind),
            FaultKind::Outage { topic, forgets } => {
                self.broker_goes(plan, *topic);
                self.forget_acks(*topic, *forgets);
            }
            FaultKind::LeaderLoss { topic } => {
                self.lose_leader(plan, *topic);
                self.broker_goes(plan, *topic);
            }
        }
    }

    /// A fault is mended.
    pub(super) fn fault_ends(&mut self, plan: &Plan, id: FaultId) {
        let fault = &plan.model.faults[id.index()];
        self.note(What::FaultEnded { fault: id });
        match &fault.kind {
            FaultKind::Crash { .. } => {
                for instance in struck(plan, &fault.kind) {
                    self.start_instance(plan, instance);
                }
            }
            FaultKind::Slow { service, .. } => self.services[service.index()].slow = None,
            FaultKind::Cut { links, hold } => self.mend(plan, links, *hold),
            FaultKind::Loss { links, .. } => {
                for link in links {
                    self.links[link.index()].loss = None;
                }
            }
            FaultKind::Delay { links, .. } => {
                for link in links {
                    self.links[link.index()].extra = None;
                }
            }
            FaultKind::Duplicate { links, .. } => {
                for link in links {
                    self.links[link.index()].duplication = None;
                }
            }
            FaultKind::Replay { .. } => {}
            FaultKind::Disconnect { .. } => self.join_again(plan, &fault.kind),
            FaultKind::Outage { topic, .. } | FaultKind::LeaderLoss { topic } => {
                self.topics[topic.index()].down -= 1;
                self.mend(plan, &links_to(plan, *topic), true);
                self.topic_back(plan, *topic);
            }
        }
    }

    /// A topic's broker answers nobody from now on.
    fn broker_goes(&mut self, plan: &Plan, topic: TopicId) {
        self.topics[topic.index()].down += 1;
        self.cut(&links_to(plan, topic), true);
    }

    fn cut(&mut self, links: &[LinkId], hold: bool) {
        for link in links {
            let state = &mut self.links[link.index()];
            if hold {
                state.holding += 1;
            } else {
                state.losing += 1;
            }
        }
    }

    fn mend(&mut self, plan: &Plan, links: &[LinkId], hold: bool) {
        for link in links {
            let state = &mut self.links[link.index()];
            if hold {
                state.holding -= 1;
                self.release(plan, *link);
            } else {
                state.losing -= 1;
            }
        }
        self.can_be_heard(plan, links);
    }
}

/// The instances that a crash strikes.
fn struck(plan: &Plan, kind: &FaultKind) -> Vec<InstanceId> {
    let FaultKind::Crash { service, instance } = kind else { return Vec::new() };
    plan.model
        .instances_of(*service)
        .enumerate()
        .filter(|(number, _)| instance.is_none_or(|it| it as usize == *number))
        .map(|(_, it)| it)
        .collect()
}

/// The links that lead to a topic.
fn links_to(plan: &Plan, topic: TopicId) -> Vec<LinkId> {
    let to_topic = |link: &crate::model::Link| link.to == Node::Topic(topic);
    plan.model
        .links
        .iter()
        .enumerate()
        .filter(|(_, link)| to_topic(link))
        .map(|(index, _)| LinkId::from_index(index))
        .collect()
}
