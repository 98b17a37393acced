//! A circuit breaker: closed, open, half-open.
//!
//! A call that was let through in one state and ends in another says nothing about the latter:
//! each is given a [`Pass`], and only those of the present period count. A half-open breaker
//! whose trials do not come back lets others through after another `open_for`, as Hystrix did
//! (`HystrixCircuitBreaker.allowSingleTest` compares with the time of the last test); else one
//! lost call would leave it half-open for ever.

use std::collections::VecDeque;

use crate::model::{Breaker as Settings, BreakerState, Time, Trip};

/// In which period of the breaker a call was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass(u32);

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    state: BreakerState,
    /// Counted up whenever the state changes.
    period: u32,
    /// When an open one lets calls through, or a half-open one more of them.
    until: Time,
    /// How many more calls a half-open one lets through.
    trials: u32,
    /// Results of the present period that count, failures as true: the last ones, or the trials.
    results: VecDeque<bool>,
    /// How many of them are failures.
    failures: u32,
    /// How many failures there were since the last success.
    in_a_row: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: BreakerState::Closed,
            period: 0,
            until: Time::ZERO,
            trials: 0,
            results: VecDeque::new(),
            failures: 0,
            in_a_row: 0,
        }
    }
}

impl Breaker {
    /// The state it is in.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether a call would be let through now.
    #[must_use]
    pub fn is_passable(&self, now: Time) -> bool {
        match self.state {
            BreakerState::Closed => true,
            BreakerState::Open => now >= self.until,
            BreakerState::HalfOpen => self.trials > 0 || now >= self.until,
        }
    }

    /// Lets a call through, if it can.
    pub fn let_through(&mut self, now: Time, settings: &Settings) -> Option<Pass> {
        if !self.is_passable(now) {
            return None;
        }
        if self.state == BreakerState::Open {
            self.change(BreakerState::HalfOpen);
        }
        if self.state == BreakerState::HalfOpen {
            if self.trials == 0 {
                self.trials = settings.trial;
                self.until = now + settings.open_for;
            }
            self.trials -= 1;
        }
        Some(Pass(self.period))
    }

    /// Learns how a call that it let through went.
    pub fn report(&mut self, now: Time, settings: &Settings, pass: Pass, went_well: bool) {
        if pass.0 != self.period || self.state == BreakerState::Open {
            return;
        }
        self.in_a_row = if went_well { 0 } else { self.in_a_row.saturating_add(1) };
        let is_trial = self.state == BreakerState::HalfOpen;
        let (share, of, at_least) = match settings.trip {
            Trip::InARow(_) if is_trial && !went_well => return self.open(now, settings),
            Trip::InARow(_) if is_trial => (1.0, settings.trial, settings.trial),
            Trip::InARow(most) => {
                if self.in_a_row >= most {
                    self.open(now, settings);
                }
                return;
            }
            Trip::Rate { share, at_least, .. } if is_trial => {
                (share, settings.trial, at_least.min(settings.trial))
            }
            Trip::Rate { share, of, at_least } => (share, of, at_least),
        };
        self.results.push_back(!went_well);
        self.failures += u32::from(!went_well);
        if self.results.len() > of as usize {
            self.failures -= u32::from(self.results.pop_front() == Some(true));
        }
        let count = u32::try_from(self.results.len()).unwrap_or(u32::MAX);
        if count < at_least {
            return;
        }
        if f64::from(self.failures) >= share * f64::from(count) {
            self.open(now, settings);
        } else if is_trial {
            self.change(BreakerState::Closed);
        }
    }

    fn open(&mut self, now: Time, settings: &Settings) {
        self.change(BreakerState::Open);
        self.until = now + settings.open_for;
    }

    fn change(&mut self, state: BreakerState) {
        *self = Self { state, period: self.period.wrapping_add(1), ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ServiceId, Span};

    fn settings(trip: Trip, trial: u32) -> Settings {
        let (name, service, open_for) = (String::new(), ServiceId(0), Span::SECOND);
        Settings { name, service, trip, open_for, trial }
    }

    fn at(seconds: f64) -> Time {
        Time::from_secs_f64(seconds)
    }

    /// Lets calls through and reports their results at once.
    fn calls(breaker: &mut Breaker, settings: &Settings, now: Time, results: &[bool]) {
        for &went_well in results {
            let pass = breaker.let_through(now, settings).unwrap();
            breaker.report(now, settings, pass, went_well);
        }
    }

    #[test]
    fn a_success_between_starts_the_row_of_failures_anew() {
        let (it, mut breaker) = (settings(Trip::InARow(2), 1), Breaker::default());
        calls(&mut breaker, &it, at(0.0), &[false, true, false]);
        assert_eq!(breaker.state(), BreakerState::Closed);
        calls(&mut breaker, &it, at(0.0), &[false]);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert!(breaker.let_through(at(0.9), &it).is_none());
        assert!(breaker.let_through(at(1.0), &it).is_some());
    }

    #[test]
    fn a_rate_is_of_the_last_calls_and_of_no_fewer_than_the_least() {
        let trip = Trip::Rate { share: 0.5, of: 4, at_least: 3 };
        let (it, mut breaker) = (settings(trip, 1), Breaker::default());
        calls(&mut breaker, &it, at(0.0), &[false, false]);
        assert_eq!(breaker.state(), BreakerState::Closed, "two calls are too few to judge by");
        let mut breaker = Breaker::default();
        calls(&mut breaker, &it, at(0.0), &[true, true, true, true, false]);
        assert_eq!(breaker.state(), BreakerState::Closed, "one of the last four");
        calls(&mut breaker, &it, at(0.0), &[false]);
        assert_eq!(breaker.state(), BreakerState::Open, "two of the last four");
    }

    #[test]
    fn what_was_let_through_in_an_earlier_period_says_nothing() {
        let (it, mut breaker) = (settings(Trip::InARow(1), 1), Breaker::default());
        let early = breaker.let_through(at(0.0), &it).unwrap();
        calls(&mut breaker, &it, at(0.0), &[false]);
        breaker.report(at(0.5), &it, early, true);
        assert_eq!(breaker.state(), BreakerState::Open, "a late success closes nothing");
        breaker.report(at(0.5), &it, early, false);
        assert!(breaker.is_passable(at(1.0)), "a late failure does not keep it open for longer");
        let trial = breaker.let_through(at(1.0), &it).unwrap();
        breaker.report(at(1.1), &it, early, false);
        assert_eq!(breaker.state(), BreakerState::HalfOpen, "nor does it fail a trial");
        breaker.report(at(1.2), &it, trial, true);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_half_open_one_lets_so_many_through_and_waits_for_all() {
        let (it, mut breaker) = (settings(Trip::InARow(1), 2), Breaker::default());
        calls(&mut breaker, &it, at(0.0), &[false]);
        let first = breaker.let_through(at(1.0), &it).unwrap();
        let second = breaker.let_through(at(1.0), &it).unwrap();
        assert!(breaker.let_through(at(1.0), &it).is_none());
        breaker.report(at(1.1), &it, first, true);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.report(at(1.1), &it, second, true);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn trials_are_judged_by_the_rate_where_a_rate_is_set() {
        let trip = Trip::Rate { share: 0.5, of: 10, at_least: 3 };
        let (it, mut breaker) = (settings(trip, 3), Breaker::default());
        calls(&mut breaker, &it, at(0.0), &[false, false, false]);
        calls(&mut breaker, &it, at(1.0), &[false, true, true]);
        assert_eq!(breaker.state(), BreakerState::Closed, "one of three is below a half");
        calls(&mut breaker, &it, at(1.0), &[true, false, false]);
        assert_eq!(breaker.state(), BreakerState::Open, "counted from its closing");
    }

    #[test]
    fn a_trial_that_never_comes_back_does_not_keep_it_half_open_for_ever() {
        let (it, mut breaker) = (settings(Trip::InARow(1), 1), Breaker::default());
        calls(&mut breaker, &it, at(0.0), &[false]);
        assert!(breaker.let_through(at(1.0), &it).is_some());
        assert!(breaker.let_through(at(1.9), &it).is_none());
        calls(&mut breaker, &it, at(2.0), &[true]);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
