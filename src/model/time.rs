//! Virtual time: an instant and a length, both in whole nanoseconds.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// An instant of a run, in nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of virtual time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Time {
    /// The instant at which every run begins.
    pub const ZERO: Self = Self(0);
    /// Later than any instant a run reaches.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `seconds` after the beginning; negative and NaN count as the beginning.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self(Span::from_secs_f64(seconds).0)
    }

    /// Seconds since the run began.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        Span(self.0).as_secs_f64()
    }

    /// The time from `earlier` to this instant; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This instant moved back by `span`, not further than the beginning.
    #[must_use]
    pub const fn back(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One millisecond.
    pub const MILLISECOND: Self = Self(1_000_000);
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);

    /// `seconds` rounded to a nanosecond; negative and NaN count as zero.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float-to-int `as` saturates, which is what is wanted at both ends"
    )]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as u64)
    }

    /// `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// `seconds` seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// This length in seconds.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "for people and statistics; 2^53 ns is 104 days"
    )]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<Span> for Time {
    type Output = Self;
    /// Saturates: a run does not outlive 584 years.
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    /// Saturates at zero.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Span {
    type Output = Self;
    fn mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

impl fmt::Display for Span {
    /// As a person would say it: `250 ns`, `1.5 µs`, `20 ms`, `12.431 s`, `2 min`, `3.5 h`. Up to
    /// two hours, minutes that are not whole or half ones (to the millisecond) are seconds
    /// (`400.5 s`), if no decimals are asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_secs_f64();
        let (value, unit) = match self.0 {
            0 => return f.write_str("0 s"),
            1..1_000 => return write!(f, "{} ns", self.0),
            1_000..1_000_000 => (seconds * 1e6, "µs"),
            1_000_000..1_000_000_000 => (seconds * 1e3, "ms"),
            1_000_000_000..120_000_000_000 => (seconds, "s"),
            120_000_000_000..7_200_000_000_000
                if f.precision().is_none()
                    && !((self.0 + 500_000) / 1_000_000).is_multiple_of(30_000) =>
            {
                (seconds, "s")
            }
            120_000_000_000..7_200_000_000_000 => (seconds / 60.0, "min"),
            _ => (seconds / 3600.0, "h"),
        };
        let decimals = f.precision().unwrap_or(3);
        let text = format!("{value:.decimals$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        write!(f, "{text} {unit}")
    }
}

impl fmt::Display for Time {
    /// Seconds with three decimals: `12.431 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(3);
        write!(f, "{:.decimals$} s", self.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn a_span_is_said_as_a_person_would_say_it() {
        let said = |millis: u64| Span(millis * 1_000_000).to_string();
        assert_eq!(said(12_431), "12.431 s");
        assert_eq!(said(400_500), "400.5 s");
        assert_eq!(said(120_000), "2 min");
        assert_eq!(said(150_000), "2.5 min");
        assert_eq!(said(126_000), "126 s");
        assert_eq!(said(7_199_000), "7199 s");
        assert_eq!(Span(120_000_400_000).to_string(), "2 min");
        assert_eq!(said(9_000_000), "2.5 h");
        assert_eq!(format!("{:.1}", Span(400_500_000_000)), "6.7 min");
    }
}
