//! Whether what a command names is there: it may have been drawn before the file was read again.

use crate::model::{
    Act, FaultId, FaultKind, LinkId, Model, Node, ServiceId, Setting, Strategy, Strike, TopicId,
};

use super::command::{Command, Selection};
use super::state::App;

impl App {
    /// Whether the model that is shown has everything that a command names by number.
    pub(super) fn is_there(&self, command: &Command) -> bool {
        let has = Has { model: self.model(), scheduled: self.run.base.faults.len() };
        match command {
            Command::Act(act) | Command::ActBefore { act, .. } | Command::Tune(act) => has.act(act),
            Command::AddStep(it) => has.act(&it.act),
            Command::AlterFault { fault, to } => has.scheduled(*fault) && has.act(&to.act),
            Command::SetStep { step, .. } => has.act(&step.intervention.act),
            Command::Select(selection) | Command::ShowAt { selection, .. } => {
                has.selection(*selection)
            }
            Command::MoveNode { node, to: (x, y) } => {
                has.node(*node) && x.is_finite() && y.is_finite()
            }
            Command::MoveLane { node, .. } | Command::HideLane(node) => has.node(*node),
            Command::OmitFault(fault) | Command::KeepFault(fault) => has.scheduled(*fault),
            _ => true,
        }
    }
}

/// What a model has.
struct Has<'a> {
    model: &'a Model,
    /// How many of its faults are of the scenario's schedule. Those that come after them are what
    /// a branch has broken: they are steps, and nobody names them by number.
    scheduled: usize,
}

impl Has<'_> {
    const fn scheduled(&self, id: FaultId) -> bool {
        id.index() < self.scheduled
    }

    fn service(&self, id: ServiceId) -> bool {
        id.index() < self.model.services.len()
    }

    fn topic(&self, id: TopicId) -> bool {
        id.index() < self.model.topics.len()
    }

    fn links(&self, ids: &[LinkId]) -> bool {
        ids.iter().all(|it| it.index() < self.model.links.len())
    }

    fn node(&self, node: Node) -> bool {
        match node {
            Node::Service(id) => self.service(id),
            Node::Topic(id) => self.topic(id),
        }
    }

    fn selection(&self, selection: Selection) -> bool {
        match selection {
            Selection::Event { event, event_type, .. } => {
                self.service(event.producer()) && event_type.index() < self.model.event_types.len()
            }
            Selection::Service(id) => self.service(id),
            Selection::Topic(id) => self.topic(id),
            Selection::Link(id) => self.links(&[id]),
            Selection::Anomaly { store, event, .. } => {
                self.service(event.producer()) && store.index() < self.model.stores.len()
            }
        }
    }

    fn act(&self, act: &Act) -> bool {
        match act {
            Act::Message { copy, .. } => {
                // An event that nobody has made is looked for in vain, which is said.
                copy.link.is_none_or(|it| self.links(&[it]))
                    && copy.event_type.index() < self.model.event_types.len()
            }
            Act::Break { kind, .. } | Act::Mend(kind) => self.fault(kind),
            Act::Set(setting) => self.setting(setting),
            Act::Purge { topic } => self.topic(*topic),
            Act::FailNext { service, .. } => self.service(*service),
            Act::Omit { fault } => self.scheduled(*fault),
        }
    }

    fn fault(&self, kind: &FaultKind) -> bool {
        match kind {
            FaultKind::Crash { service, .. } | FaultKind::Slow { service, .. } => {
                self.service(*service)
            }
            FaultKind::Cut { links, .. }
            | FaultKind::Loss { links, .. }
            | FaultKind::Delay { links, .. }
            | FaultKind::Duplicate { links, .. } => self.links(links),
            FaultKind::Replay { group, .. } => group.index() < self.model.groups.len(),
            FaultKind::Disconnect { service, topic, .. } => {
                self.service(*service) && self.topic(*topic)
            }
            FaultKind::Outage { topic, .. }
            | FaultKind::LeaderLoss { topic }
            | FaultKind::Purge { topic } => self.topic(*topic),
            FaultKind::Strike(Strike { link, event_type, .. }) => {
                self.links(&[*link]) && event_type.index() < self.model.event_types.len()
            }
            FaultKind::Set(setting) => self.setting(setting),
            FaultKind::FailNext { service, .. } => self.service(*service),
        }
    }

    fn setting(&self, setting: &Setting) -> bool {
        match setting {
            Setting::Instances { service, .. }
            | Setting::Workers { service, .. }
            | Setting::Clock { service, .. } => self.service(*service),
            Setting::Strategy { service, topic, strategy } => {
                self.service(*service) && self.topic(*topic) && self.strategy(strategy)
            }
            Setting::Prefetch { service, topic, .. } => {
                self.service(*service) && self.topic(*topic)
            }
            Setting::AckWait { topic, .. } | Setting::MaxDeliveries { topic, .. } => {
                self.topic(*topic)
            }
            Setting::Latency { links, .. } | Setting::Bandwidth { links, .. } => self.links(links),
        }
    }

    fn strategy(&self, strategy: &Strategy) -> bool {
        let letters = strategy.retries.as_ref().and_then(|it| it.dead_letters);
        letters.is_none_or(|it| self.topic(it))
    }
}
