//! What a person sets otherwise while a run goes on: workers, strategies, settings of topics and
//! links, clocks; and what else is done to a topic or a service at an instant.

use std::sync::Arc;

use crate::engine::strategy::KnownIds;
use crate::model::{
    Act, DropReason, GroupId, InstanceId, Model, Node, ServiceId, Setting, Strategy, TopicId,
    TopicKind, What,
};

use super::plan::Plan;
use super::remote::Errand;
use super::world::{Broker, Instance, World, known, receiver};

/// The most instances that a service can be given by hand.
const MOST_INSTANCES: u32 = 1_000;

impl World {
    /// Sets something otherwise; false if there is nothing that it could be set of.
    /// `took` is what is noted if there is.
    pub(super) fn set(&mut self, setting: &Setting, took: What) -> bool {
        if !is_possible(&self.plan.model, setting) {
            return false;
        }
        self.note(took);
        match setting {
            Setting::Instances { service, instances } => self.set_instances(*service, *instances),
            Setting::Workers { service, workers } => {
                self.amend(|model| model.services[service.index()].workers = *workers);
                self.take_up_what_waits(*service);
            }
            Setting::Strategy { service, topic, strategy } => {
                self.set_strategy(*service, *topic, strategy);
            }
            Setting::Prefetch { service, topic, prefetch } => {
                self.set_prefetch(*service, *topic, *prefetch);
            }
            Setting::AckWait { topic, .. } | Setting::MaxDeliveries { topic, .. } => {
                self.amend(|model| {
                    if let TopicKind::Queue(queue) = &mut model.topics[topic.index()].kind {
                        match setting {
                            Setting::AckWait { wait, .. } => queue.ack_wait = *wait,
                            Setting::MaxDeliveries { most, .. } => queue.max_deliveries = *most,
                            _ => {}
                        }
                    }
                });
                let plan = Arc::clone(&self.plan);
                let TopicKind::Queue(settings) = &plan.model.topics[topic.index()].kind else {
                    return true;
                };
                if let Broker::Queue(queue) = &mut self.topics[topic.index()].broker {
                    queue.set(settings.clone());
                }
                if self.is_remote(*topic) {
                    self.errands.push(Errand::Tune { topic: *topic });
                }
                self.hand_out_queue(&plan, *topic);
            }
            Setting::Latency { links, latency } => {
                self.amend(|model| {
                    for link in links {
                        model.links[link.index()].quality.latency = *latency;
                    }
                });
            }
            Setting::Bandwidth { links, bandwidth } => {
                self.amend(|model| {
                    for link in links {
                        model.links[link.index()].quality.bandwidth = *bandwidth;
                    }
                });
            }
            Setting::Clock { service, ahead } => {
                self.clocks.insert(*service, *ahead);
            }
        }
        true
    }

    /// The world is one of another model from now on, that differs in what can be set.
    fn amend(&mut self, change: impl FnOnce(&mut Model)) {
        let mut model = (*self.plan.model).clone();
        change(&mut model);
        self.plan = Arc::new(Plan::new(Arc::new(model)));
        let plan = Arc::clone(&self.plan);
        self.see_to_links(&plan);
    }

    /// A service has so many instances from now on.
    fn set_instances(&mut self, service: ServiceId, count: u32) {
        let before = self.plan.model.services[service.index()].instances;
        for number in before..count {
            let id = InstanceId::from_index(self.instances.len());
            self.instances.push(Instance::new(&self.plan.model, service));
            self.amend(|model| {
                model.instances.push((service, number));
                let service = &mut model.services[service.index()];
                service.added.push(id);
                service.instances += 1;
            });
            let plan = Arc::clone(&self.plan);
            self.shares_disconnects(&plan, id);
            if !self.is_crashed(&plan, id) {
                self.start_instance(&plan, id);
            }
        }
        for _ in count..before {
            let plan = Arc::clone(&self.plan);
            let Some(last) = plan.model.instances_of(service).last() else { return };
            self.crash_instance(&plan, last);
            self.leave_groups(&plan, last);
            self.amend(|model| {
                let service = &mut model.services[service.index()];
                service.added.pop();
                service.instances -= 1;
            });
        }
    }

    /// The instances of a service take up what they have a free worker for.
    fn take_up_what_waits(&mut self, service: ServiceId) {
        let plan = Arc::clone(&self.plan);
        for instance in plan.model.instances_of(service) {
            while self.instances[instance.index()].up
                && let Some(task) = self.next_message(&plan, instance, service)
            {
                self.run_task(&plan, task);
            }
        }
    }

    /// A service handles what it consumes otherwise from now on. What waits by the strategy
    /// before (for its turn, for a batch) is handled as it came; what the strategy before has
    /// remembered is forgotten, as with a consumer that is deployed anew.
    fn set_strategy(&mut self, service: ServiceId, topic: TopicId, strategy: &Strategy) {
        let before = Arc::clone(&self.plan);
        let Some((place, _)) = before.subscription(service, topic) else { return };
        let order = &mut self.services[service.index()].receivers[place].order;
        let mut waiting = order.take_out(|_, _| true);
        for instance in before.model.instances_of(service) {
            let gathering = &mut self.instances[instance.index()].gatherings[place];
            waiting.extend(gathering.waiting.drain(..));
        }
        self.amend(|model| {
            model.services[service.index()].consumes[place].strategy = strategy.clone();
        });
        let plan = Arc::clone(&self.plan);
        let consume = &plan.model.services[service.index()].consumes[place];
        self.services[service.index()].receivers[place] = receiver(consume);
        for instance in plan.model.instances_of(service) {
            let own: Option<KnownIds> = known(consume, true);
            self.instances[instance.index()].known[place] = own;
        }
        for id in waiting {
            self.services[service.index()].statistics.queue_shrank(self.now);
            self.admit(&plan, id);
        }
    }

    fn set_prefetch(&mut self, service: ServiceId, topic: TopicId, prefetch: u32) {
        let Some((place, consume)) = self.plan.subscription(service, topic) else { return };
        let more = i64::from(prefetch) - i64::from(consume.prefetch);
        self.amend(|model| {
            model.services[service.index()].consumes[place].prefetch = prefetch;
        });
        let plan = Arc::clone(&self.plan);
        if self.is_remote(topic) {
            let instances = plan.model.instances_of(service);
            let prefetches = instances.map(|instance| Errand::Prefetch { topic, instance, more });
            self.errands.extend(prefetches);
        }
        if let Broker::Queue(queue) = &mut self.topics[topic.index()].broker {
            for instance in plan.model.instances_of(service) {
                queue.set_prefetch(instance, prefetch);
            }
            self.hand_out_queue(&plan, topic);
        }
    }

    /// Everything that a topic holds is deleted.
    pub(super) fn purge(&mut self, topic: TopicId, took: What) -> bool {
        let Some(state) = self.topics.get(topic.index()) else { return false };
        let is_elsewhere = state.remote.is_some() || state.mirror.is_some();
        self.note(took);
        if is_elsewhere {
            self.errands.push(Errand::Purge { topic });
            return true;
        }
        let plan = Arc::clone(&self.plan);
        match &mut self.topics[topic.index()].broker {
            Broker::Queue(queue) => {
                for message in queue.purge() {
                    let event = self.messages.get(message).event.id;
                    if self.beliefs.is_some() {
                        let kind = crate::model::AnomalyKind::Missing;
                        self.never_applied(topic, None, event, kind);
                    }
                    self.drop_message(message, DropReason::Purged);
                }
            }
            Broker::Log(log) => {
                for partition in (0_u32..).take(log.partition_count()) {
                    let Broker::Log(log) = &mut self.topics[topic.index()].broker else { break };
                    let mut deleted = Vec::new();
                    let start = log.purge(partition, |offset, event| deleted.push((offset, event)));
                    if let Some(start) = start {
                        self.note(What::Trimmed { topic, partition, start });
                        self.deleted_unread(&plan, topic, partition, &deleted);
                    }
                }
                let groups: Vec<GroupId> = plan.model.topics[topic.index()].groups.clone();
                for group in groups {
                    self.hand_out_group(&plan, group);
                }
            }
        }
        true
    }

    /// The next handlers that a service begins fail at once.
    pub(super) fn fail_next(&mut self, service: ServiceId, count: u32, took: What) -> bool {
        let is_there = self.plan.model.services.get(service.index());
        if is_there.is_none_or(|it| it.workload.is_some()) {
            return false;
        }
        self.note(took);
        self.failing.insert(service, count);
        if count == 0 {
            self.failing.remove(&service);
        }
        true
    }

    /// Whether a handler that begins now is one of those that fail.
    #[cold]
    pub(super) fn fails_by_hand(&mut self, service: ServiceId) -> bool {
        let Some(left) = self.failing.get_mut(&service) else { return false };
        *left -= 1;
        if *left == 0 {
            self.failing.remove(&service);
        }
        true
    }

    /// What an act does that is none of a message or a fault.
    pub(super) fn perform_other(&mut self, act: &Act, took: What) -> bool {
        match act {
            Act::Set(setting) => self.set(setting, took),
            Act::Purge { topic } => self.purge(*topic, took),
            Act::FailNext { service, count } => self.fail_next(*service, *count, took),
            Act::Message { .. } | Act::Break { .. } | Act::Mend(_) | Act::Omit { .. } => false,
        }
    }
}

/// Whether a model has what would be set.
pub(super) fn is_possible(model: &Model, setting: &Setting) -> bool {
    let is_service =
        |it: ServiceId| model.services.get(it.index()).is_some_and(|it| it.workload.is_none());
    let consumes = |service: ServiceId, topic: TopicId| {
        is_service(service)
            && model.services[service.index()].consumes.iter().any(|it| it.topic == topic)
    };
    let is_queue = |topic: TopicId| {
        let topic = model.topics.get(topic.index());
        topic.is_some_and(|it| matches!(it.kind, TopicKind::Queue(_)))
    };
    let are_links =
        |links: &[crate::model::LinkId]| links.iter().all(|it| it.index() < model.links.len());
    match setting {
        Setting::Instances { service, instances } => {
            is_service(*service) && (1..=MOST_INSTANCES).contains(instances)
        }
        Setting::Workers { service, .. } | Setting::Clock { service, .. } => is_service(*service),
        Setting::Strategy { service, topic, strategy } => {
            let dead_letters = strategy.retries.as_ref().and_then(|it| it.dead_letters);
            let has_way = |it: TopicId| {
                model.link_between(Node::Service(*service), Node::Topic(it)).is_some()
            };
            consumes(*service, *topic) && dead_letters.is_none_or(has_way)
        }
        Setting::Prefetch { service, topic, prefetch } => {
            consumes(*service, *topic) && *prefetch > 0
        }
        Setting::AckWait { topic, wait } => {
            is_queue(*topic) && wait.is_none_or(|it| it > crate::model::Span::ZERO)
        }
        Setting::MaxDeliveries { topic, most } => is_queue(*topic) && most.is_none_or(|it| it > 0),
        Setting::Latency { links, .. } => are_links(links),
        Setting::Bandwidth { links, bandwidth } => {
            are_links(links) && bandwidth.is_none_or(|it| it > 0.0)
        }
    }
}
