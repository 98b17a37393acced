//! What is found out about an anomaly that is selected.

use crate::history::{Cause, Facts, Pending};
use crate::model::{Script, ServiceId, TopicId};

use super::command::Selection;
use super::state::App;

/// The question after the cause of an anomaly, and what was found.
pub struct Asked {
    of: Selection,
    script: Script,
    pending: Option<Pending<Facts>>,
    facts: Option<Facts>,
}

impl App {
    /// What became of the event of the anomaly that is selected; `None` until it is found out.
    #[must_use]
    pub fn facts(&self) -> Option<&Facts> {
        let asked = self.asked.as_ref().filter(|it| Some(it.of) == self.selection)?;
        asked.facts.as_ref()
    }

    /// Whether the cause of the selected anomaly is still looked for.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.asked.as_ref().is_some_and(|it| it.facts.is_none())
    }

    /// The consumer that went wrong with an anomaly.
    #[must_use]
    pub fn consumer_of(&self, anomaly: Selection) -> Option<(ServiceId, TopicId)> {
        let Selection::Anomaly { store, .. } = anomaly else { return None };
        let store = self.run.base.stores.get(store.index())?;
        Some((store.service, store.projection_of?))
    }

    /// Each tick: asks after the cause of what is selected, and takes the answer.
    pub(super) fn ask_for_cause(&mut self) {
        let Some(of @ Selection::Anomaly { at, event, .. }) = self.selection else {
            self.asked = None;
            return;
        };
        let is_asked =
            self.asked.as_ref().is_some_and(|it| it.of == of && it.script == self.run.script);
        if !is_asked {
            let Some(consumer) = self.consumer_of(of) else { return };
            let script = self.run.script.clone();
            let cause = Cause::new(script.clone(), event, consumer, at);
            let pending = Some(self.run.inquire(cause));
            self.asked = Some(Asked { of, script, pending, facts: None });
        }
        if let Some(asked) = &mut self.asked
            && let Some(facts) = asked.pending.as_ref().and_then(Pending::take)
        {
            asked.facts = Some(facts);
            asked.pending = None;
        }
    }
}
