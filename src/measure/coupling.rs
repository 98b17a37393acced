//! Throughput coupling: by how much one service's rate falls when another slows down, found by
//! running the same arrivals twice.

use crate::model::{Act, FaultKind, Figure, Intervention, Script, ServiceId, Time};

use super::figures::Measured;
use super::meter::Part;
use super::survey::Survey;

/// One service is watched while another is slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowdown {
    /// Whose rate is watched.
    pub watched: ServiceId,
    /// Who slows down.
    pub slowed: ServiceId,
    /// How many times as long its work takes, above 1.
    pub factor: f64,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

impl Slowdown {
    /// The two surveys that are needed: of the future as it is, and of the one in which the
    /// service slows down.
    #[must_use]
    pub fn surveys(&self, script: &Script, end: Time) -> [Survey; 2] {
        let part = || vec![Part { from: self.from, until: self.until, buckets: 1 }];
        let kind = FaultKind::Slow { service: self.slowed, factor: self.factor };
        let lasts = Some(self.until.since(self.from));
        let slow = Intervention { at: self.from, act: Act::Break { kind, lasts } };
        let before = script.iter().filter(|it| it.at <= self.from).cloned();
        let after = script.iter().filter(|it| it.at > self.from).cloned();
        let slowed: Script = before.chain([slow]).chain(after).collect();
        [Survey::new(script.clone(), end, part()), Survey::new(slowed, end, part())]
    }

    /// The elasticity e = (ΔX / X) / (Δμ / μ): X is the rate at which the watched service gets
    /// done, μ the rate at which the slowed one can work. 0 is decoupled, 1 slows in step.
    /// `None` if nothing got done.
    #[must_use]
    pub fn elasticity(&self, healthy: &Measured, slowed: &Measured) -> Option<f64> {
        let rate = Figure::RateOut(self.watched);
        let (before, after) = (healthy.figure(rate)?, slowed.figure(rate)?);
        (before > 0.0).then(|| (after / before - 1.0) / (1.0 / self.factor - 1.0))
    }
}
