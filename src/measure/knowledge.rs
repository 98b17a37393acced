//! What can be told of a model without running it: who names whom, what there is to run, which
//! questions are asked again and again.

use std::collections::BTreeSet;

use crate::model::handler::walk_steps;
use crate::model::{Call, EventTypeId, Handler, Model, Node, ServiceId, Step, Trigger};

/// Who names whom: (who, whom). Who calls or sends names the callee; who publishes or consumes
/// names the topic, and not whoever is behind it. A workload is a user's program, and counts.
#[must_use]
pub fn names(model: &Model) -> BTreeSet<(Node, Node)> {
    let mut found = BTreeSet::new();
    for handler in &model.handlers {
        let from = Node::Service(handler.service);
        walk_steps(&handler.steps, &mut |step| {
            let to = match step {
                Step::Call(Call { to, .. }) | Step::Send { to, .. } => Node::Service(*to),
                Step::Poll(poll) => Node::Service(poll.call.to),
                Step::Publish { topic, .. } => Node::Topic(*topic),
                _ => return,
            };
            found.insert((from, to));
        });
    }
    for (index, service) in model.services.iter().enumerate() {
        let from = Node::Service(ServiceId::from_index(index));
        found.extend(service.consumes.iter().map(|it| (from, Node::Topic(it.topic))));
    }
    found
}

/// What somebody must run and watch: each service (not the workloads), one broker if there is any
/// topic, and one relay for each outbox.
#[must_use]
pub fn parts(model: &Model) -> usize {
    let services = model.services.iter().filter(|it| it.workload.is_none()).count();
    services + usize::from(!model.topics.is_empty()) + model.outboxes.len()
}

/// Handlers that had to be made idempotent: those of events consumed with a memory of what was
/// handled or a look at versions, and those of requests where answers are remembered.
#[must_use]
pub fn idempotent_handlers(model: &Model) -> usize {
    let is_one = |handler: &&Handler| {
        let service = &model.services[handler.service.index()];
        match handler.trigger {
            Trigger::Event(group, _) => service.consumes.iter().any(|it| {
                it.group == group
                    && (it.strategy.idempotence.is_some() || !it.strategy.versions.is_empty())
            }),
            Trigger::Request(_) => service.idempotency.is_some(),
            Trigger::Arrival | Trigger::Timer(_) => false,
        }
    };
    model.handlers.iter().filter(is_one).count()
}

/// The questions of polls, and the answers that are not what they wait for.
#[derive(Clone, Debug, Default)]
pub struct Polls {
    /// (who asks, who is asked, what).
    questions: BTreeSet<(ServiceId, ServiceId, EventTypeId)>,
    /// (who is asked, who asks, which answer).
    empty: BTreeSet<(ServiceId, ServiceId, EventTypeId)>,
}

impl Polls {
    /// Those of a model.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        let mut polls = Self::default();
        for handler in &model.handlers {
            let from = handler.service;
            walk_steps(&handler.steps, &mut |step| {
                let Step::Poll(poll) = step else { return };
                let (to, request) = (poll.call.to, poll.call.request);
                polls.questions.insert((from, to, request));
                let trigger = Trigger::Request(request);
                let answering = model.handlers.iter();
                for it in answering.filter(|it| it.service == to && it.trigger == trigger) {
                    walk_steps(&it.steps, &mut |step| {
                        if let Step::Reply { event: Some(answer), .. } = step
                            && *answer != poll.until
                        {
                            polls.empty.insert((to, from, *answer));
                        }
                    });
                }
            });
        }
        polls
    }

    /// Whether such a request is the question of a poll.
    #[must_use]
    pub fn is_question(&self, from: ServiceId, to: ServiceId, request: EventTypeId) -> bool {
        self.questions.contains(&(from, to, request))
    }

    /// Whether such an answer tells a poll only that it has to ask again.
    #[must_use]
    pub fn is_empty_answer(&self, from: ServiceId, to: ServiceId, answer: EventTypeId) -> bool {
        self.empty.contains(&(from, to, answer))
    }
}

/// Whether the users of a workload wait for anything at all. Those who only publish or send are
/// through at the instant at which they come: that is no time to be measured.
#[must_use]
pub fn waits(model: &Model, workload: ServiceId) -> bool {
    let service = &model.services[workload.index()];
    let Some(of) = &service.workload else { return false };
    let mut found = false;
    walk_steps(&model.handlers[of.handler.index()].steps, &mut |step| {
        found |= match step {
            Step::Call(_) | Step::Poll(_) | Step::Await { .. } | Step::Work(_) | Step::Wait(_) => {
                true
            }
            Step::Publish { topic, .. } => {
                service.publishes.iter().any(|it| it.topic == *topic && it.producer.wait)
            }
            _ => false,
        };
    });
    found
}

/// Whether the first that a workload's arrival waits for is the answer to a call, so that its
/// caller is not free before.
#[must_use]
pub fn calls_first(handler: &Handler) -> bool {
    let mut first = None;
    walk_steps(&handler.steps, &mut |step| {
        if first.is_none() {
            first = match step {
                Step::Call(_) => Some(true),
                Step::Await { .. } | Step::Poll(_) => Some(false),
                _ => None,
            };
        }
    });
    first.unwrap_or(false)
}

/// Whether a workload's arrival waits to be told, or asks again and again, before anything else
/// that it waits for: then its caller is free when that begins.
#[must_use]
pub fn lets_go_first(handler: &Handler) -> bool {
    let mut first = None;
    walk_steps(&handler.steps, &mut |step| {
        if first.is_none() {
            first = match step {
                Step::Call(_) | Step::Wait(_) | Step::Work(_) => Some(false),
                Step::Await { .. } | Step::Poll(_) => Some(true),
                _ => None,
            };
        }
    });
    first.unwrap_or(false)
}
