//! A trail: the moments of a run that are kept, for whoever takes several walks along it, each
//! from where the one before has led.

use std::sync::Arc;

use crate::model::{EventId, Time};

use super::course::Course;
use super::kept::Kept;
use super::moment::Walk;

/// Moments of a run, in their order. A copy shares them.
#[derive(Clone)]
pub struct Trail {
    course: Course,
    kept: Vec<Arc<Kept>>,
}

impl Trail {
    /// Of these moments; the first is before anything has happened.
    #[must_use]
    pub(super) const fn new(course: Course, kept: Vec<Arc<Kept>>) -> Self {
        Self { course, kept }
    }

    /// A walk from the latest moment before an instant, or from the beginning.
    #[must_use]
    pub fn before(&self, at: Time) -> Walk {
        self.last_where(|it| it.now() < at)
    }

    /// A walk from the latest moment at which there is no such event yet.
    #[must_use]
    pub fn before_event(&self, event: EventId) -> Walk {
        self.last_where(|it| it.produced(event.producer()) < event.count())
    }

    /// From the last moment of which something is true that is true until it never is again.
    fn last_where(&self, is_so: impl Fn(&Kept) -> bool) -> Walk {
        let place = self.kept.partition_point(|it| is_so(it)).saturating_sub(1);
        let there = self.kept[..=place].iter().rev().find_map(|it| it.moment());
        Walk::new(there.expect("the first is never put by"), self.course.clone())
    }
}
