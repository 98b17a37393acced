//! Levels: what is so at an instant, and which records may change it.

use crate::model::{AnomalyKind, Level, Role, StoreId, What};
use crate::sim::{Tally, World};

/// What levels are read off.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// The world.
    pub world: &'a World,
    /// Messages on links, which it does not count.
    pub in_flight: u64,
}

/// What a level is; `None` where there is no such thing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn level(level: Level, sight: Sight) -> Option<f64> {
    let world = sight.world;
    Some(match level {
        Level::Total(store) => world.total(store),
        Level::ShouldTotal(store) => world.should_total(store)?,
        Level::Held(store, key) => world.value_held(store, key),
        Level::WrongKeys(store) => world.wrong_keys(store) as f64,
        Level::Lag(group) => world.lag(group) as f64,
        Level::Queue(service) => f64::from(world.waiting_and_busy(service).0),
        Level::Busy(service) => f64::from(world.waiting_and_busy(service).1),
        Level::Up(service) => world.running(service) as f64,
        Level::InFlight => sight.in_flight as f64,
        Level::Done(service) => world.done(service) as f64,
        Level::AnomaliesSoFar(store, kind) => {
            let all = (0..world.model().stores.len()).map(StoreId::from_index);
            let those = all.filter(|it| store.is_none_or(|store| store == *it));
            those.map(|it| of_kind(&world.anomalies_of(it), kind)).sum::<u64>() as f64
        }
    })
}

/// How many anomalies a tally counts: of one projection or of all, of one kind or of any.
#[must_use]
pub fn anomalies(tally: &Tally, store: Option<StoreId>, kind: Option<AnomalyKind>) -> u64 {
    let stores = tally.stores.iter().enumerate();
    let stores = stores.filter(|(it, _)| store.is_none_or(|store| store.index() == *it));
    stores.map(|(_, it)| of_kind(&it.anomalies, kind)).sum()
}

fn of_kind(counts: &[u64; AnomalyKind::ALL.len()], kind: Option<AnomalyKind>) -> u64 {
    kind.map_or_else(|| counts.iter().sum(), |kind| counts[kind as usize])
}

/// What the field calls an anomaly, where it has a name for it: that of Jepsen's `total-queue`
/// checker (K. Kingsbury, `jepsen.checker`) or of its Kafka workload.
#[must_use]
pub const fn field_name(kind: AnomalyKind) -> Option<&'static str> {
    match kind {
        // More came out than went in.
        AnomalyKind::AppliedTwice => Some("duplicated"),
        // It was taken in, and never came out.
        AnomalyKind::Missing => Some("lost"),
        // An order of offsets that goes back.
        AnomalyKind::OutOfOrder => Some("nonmonotonic"),
        // It was never taken in, which Jepsen does not count as lost; and what Elle calls a lost
        // update (P4) is of transactions that read first.
        AnomalyKind::Lost | AnomalyKind::StaleWrite => None,
    }
}

/// Whether a record may change a level.
#[must_use]
pub const fn may_change(level: Level, what: &What) -> bool {
    match level {
        Level::Total(of) | Level::Held(of, _) => {
            matches!(what, What::Stored { store, .. } if store.0 == of.0)
        }
        Level::ShouldTotal(of) => {
            matches!(what, What::ShouldHold { store, .. } if store.0 == of.0)
        }
        Level::WrongKeys(of) => matches!(
            what,
            What::Stored { store, .. } | What::ShouldHold { store, .. } if store.0 == of.0
        ),
        Level::Lag(_) => matches!(
            what,
            What::Appended { .. }
                | What::Truncated { .. }
                | What::Trimmed { .. }
                | What::Committed { .. }
                | What::FellOff { .. }
                | What::Assigned { .. }
                | What::Enqueued { .. }
                | What::Settled { .. }
                | What::AckForgotten { .. }
                | What::Dropped { .. }
                | What::Intervened { .. }
        ),
        Level::Queue(_) | Level::Busy(_) | Level::Done(_) => matches!(
            what,
            What::Arrived { .. }
                | What::Queued { .. }
                | What::Blocked { .. }
                | What::Started { .. }
                | What::Finished { .. }
                | What::Dropped { .. }
                | What::Skipped { .. }
                | What::Received { .. }
                | What::Down { .. }
        ),
        Level::Up(_) => matches!(what, What::Up { .. } | What::Down { .. }),
        Level::InFlight => !matches!(
            what,
            What::PhaseChanged { .. }
                | What::Sent { role: Role::Arrival, .. }
                | What::Stored { .. }
                | What::ShouldHold { .. }
        ),
        Level::AnomaliesSoFar(..) => matches!(what, What::Anomaly { .. }),
    }
}
