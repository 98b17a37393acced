//! Scheduled faults: they begin, and are mended.

use crate::model::{FaultId, FaultKind, InstanceId, LinkId, Node, TopicId, What};

use super::plan::Plan;
use super::world::{Scheduled, World};

impl World {
    /// A fault comes, and may change what links do to messages.
    pub(super) fn fault_comes(&mut self, plan: &Plan, id: FaultId) {
        self.doubt_links();
        self.fault_begins(plan, id);
        // What it sets otherwise makes another plan.
        let plan = std::sync::Arc::clone(&self.plan);
        self.see_to_links(&plan);
    }

    /// A fault begins.
    fn fault_begins(&mut self, plan: &Plan, id: FaultId) {
        let fault = &plan.model.faults[id.index()];
        let began = What::FaultBegan { fault: id };
        let is_done = match &fault.kind {
            FaultKind::Strike(strike) => return self.aim(id, *strike),
            FaultKind::Set(setting) => Some(self.set(setting, began)),
            FaultKind::Purge { topic } => Some(self.purge(*topic, began)),
            FaultKind::FailNext { service, count } => Some(self.fail_next(*service, *count, began)),
            _ => None,
        };
        if let Some(is_done) = is_done {
            if is_done {
                self.is_over(id);
            }
            return;
        }
        self.note(What::FaultBegan { fault: id });
        if let Some(lasts) = fault.lasts {
            self.agenda.push(self.now + lasts, Scheduled::FaultEnds(id));
        }
        self.faults_on.push(id);
        match &fault.kind {
            FaultKind::Crash { .. } => {
                for instance in struck(plan, &fault.kind) {
                    self.crash_instance(plan, instance);
                }
            }
            FaultKind::Cut { links, hold } => {
                self.cut(links, *hold);
                self.fall_silent(plan, links);
            }
            FaultKind::Slow { .. }
            | FaultKind::Loss { .. }
            | FaultKind::Delay { .. }
            | FaultKind::Duplicate { .. } => self.see_to_faults(plan, &fault.kind),
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
            FaultKind::Strike(_)
            | FaultKind::Set(_)
            | FaultKind::Purge { .. }
            | FaultKind::FailNext { .. } => unreachable!("they were done above"),
        }
    }

    /// What began in this instant is over, too.
    pub(super) fn is_over(&mut self, id: FaultId) {
        self.faults_on.push(id);
        self.agenda.push(self.now, Scheduled::FaultEnds(id));
    }

    /// A fault is mended; what another fault of its kind still does goes on.
    pub(super) fn fault_ends(&mut self, plan: &Plan, id: FaultId) {
        let Some(place) = self.faults_on.iter().position(|it| *it == id) else {
            // A person has mended it before.
            return;
        };
        let fault = &plan.model.faults[id.index()];
        self.note(What::FaultEnded { fault: id });
        self.faults_on.remove(place);
        match &fault.kind {
            FaultKind::Crash { .. } => {
                for instance in struck(plan, &fault.kind) {
                    if !self.is_crashed(plan, instance) {
                        self.start_instance(plan, instance);
                    }
                }
            }
            FaultKind::Cut { links, hold } => self.mend(plan, links, *hold),
            FaultKind::Slow { .. }
            | FaultKind::Loss { .. }
            | FaultKind::Delay { .. }
            | FaultKind::Duplicate { .. } => self.see_to_faults(plan, &fault.kind),
            FaultKind::Replay { .. }
            | FaultKind::Strike(_)
            | FaultKind::Set(_)
            | FaultKind::Purge { .. }
            | FaultKind::FailNext { .. } => {}
            FaultKind::Disconnect { .. } => self.join_again(plan, &fault.kind),
            FaultKind::Outage { topic, .. } | FaultKind::LeaderLoss { topic } => {
                self.topics[topic.index()].down -= 1;
                self.mend(plan, &links_to(plan, *topic), true);
                self.topic_back(plan, *topic);
            }
        }
    }

    /// Whether a fault that is on keeps an instance down.
    pub(super) fn is_crashed(&self, plan: &Plan, instance: InstanceId) -> bool {
        let mut on = self.faults_on.iter().map(|it| &plan.model.faults[it.index()].kind);
        on.any(|kind| struck(plan, kind).contains(&instance))
    }

    /// What a fault of this kind strikes is as the faults that are on have it; the one that began
    /// last counts.
    fn see_to_faults(&mut self, plan: &Plan, kind: &FaultKind) {
        match kind {
            FaultKind::Slow { service, .. } => {
                self.slow.remove(service);
            }
            FaultKind::Loss { links, .. } => {
                links.iter().for_each(|it| self.links[it.index()].loss = None);
            }
            FaultKind::Delay { links, .. } => {
                links.iter().for_each(|it| self.links[it.index()].extra = None);
            }
            FaultKind::Duplicate { links, .. } => {
                links.iter().for_each(|it| self.links[it.index()].duplication = None);
            }
            _ => return,
        }
        for id in self.faults_on.clone() {
            match &plan.model.faults[id.index()].kind {
                FaultKind::Slow { service, factor } => {
                    self.slow.insert(*service, *factor);
                }
                FaultKind::Loss { links, probability } => {
                    links.iter().for_each(|it| self.links[it.index()].loss = Some(*probability));
                }
                FaultKind::Delay { links, extra, reorder } => {
                    let extra = Some((*extra, *reorder));
                    links.iter().for_each(|it| self.links[it.index()].extra = extra);
                }
                FaultKind::Duplicate { links, probability } => {
                    let duplication = Some(*probability);
                    links.iter().for_each(|it| self.links[it.index()].duplication = duplication);
                }
                _ => {}
            }
        }
    }

    /// A topic's broker answers nobody from now on.
    fn broker_goes(&mut self, plan: &Plan, topic: TopicId) {
        self.topics[topic.index()].down += 1;
        self.cut(&links_to(plan, topic), true);
        self.hold_remotely(plan, topic);
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
