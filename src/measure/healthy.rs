//! Healthy: what users get while nothing is broken.
//!
//! Who comes just before a fault may still wait for an answer when it begins, and get it late or
//! never. Healthy are those of whose kind that had happened to nobody yet: the time up to the fault
//! is cut into 64 equal parts, and of each workload the arrivals of the first parts count, up to the
//! part in which the first one came that reached its end only after the fault had begun. Whoever
//! never reached an end does not bound them: it is counted nowhere as healthy.
//!
//! All other figures of the healthy span (messages, lag, anomalies) are of what happened up to the
//! fault, which nothing that comes later changes.

use crate::model::Time;

use super::arrivals::Cohort;

/// Into how many parts the time before a fault is cut.
const PARTS: u64 = 64;

/// The last instants of the parts of the time before a fault; the fault itself is in none.
#[must_use]
pub fn ends(fault: Time) -> Vec<Time> {
    let last = u128::from(fault.0.saturating_sub(1));
    let end = |part: u64| last * u128::from(part + 1) / u128::from(PARTS);
    let ends = (0..PARTS).map(|it| Time(u64::try_from(end(it)).unwrap_or(u64::MAX)));
    let mut ends: Vec<Time> = ends.collect();
    ends.dedup();
    ends
}

/// What became of the arrivals of a workload that are healthy: of parts of the time before a fault,
/// each with its last instant, those that count.
#[must_use]
pub fn healthy<'a>(fault: Time, parts: impl Iterator<Item = (Time, &'a Cohort)>) -> Cohort {
    let is_before =
        |until: Time, it: &Cohort| it.longest.is_none_or(|longest| until + longest <= fault);
    let mut all = Cohort::default();
    for (_, it) in parts.take_while(|(until, it)| is_before(*until, it)) {
        all.absorb(it);
    }
    all
}
