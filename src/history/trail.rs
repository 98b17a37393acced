//! A trail: the moments of a run that are kept, for whoever takes several walks along it, each
//! from where the one before has led.

use std::sync::Arc;

use crate::model::{EventId, Script, Time};

use super::moment::{Moment, Walk};

/// Moments of a run, in their order. A copy shares them.
#[derive(Clone)]
pub struct Trail {
    script: Script,
    moments: Vec<Arc<Moment>>,
}

impl Trail {
    /// Of these moments; the first is before anything has happened.
    #[must_use]
    pub(super) const fn new(script: Script, moments: Vec<Arc<Moment>>) -> Self {
        Self { script, moments }
    }

    /// A walk from the latest moment before an instant, or from the beginning.
    #[must_use]
    pub fn before(&self, at: Time) -> Walk {
        self.last_where(|it| it.world.now() < at)
    }

    /// A walk from the latest moment at which there is no such event yet.
    #[must_use]
    pub fn before_event(&self, event: EventId) -> Walk {
        self.last_where(|it| it.world.produced(event.producer()) < event.count())
    }

    /// From the last moment of which something is true that is true until it never is again.
    fn last_where(&self, is_so: impl Fn(&Moment) -> bool) -> Walk {
        let place = self.moments.partition_point(|it| is_so(it)).saturating_sub(1);
        Walk::new((*self.moments[place]).clone(), Arc::clone(&self.script))
    }
}
