//! A span of time along a line: where an instant is, and where the ticks stand.

use crate::app::Window;
use crate::model::{Span, Time};

/// A window of time laid along a line of the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// What is shown.
    pub window: Window,
    /// Where it begins, in points.
    pub left: f32,
    /// Where it ends, in points.
    pub right: f32,
}

/// A tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where, in points.
    pub x: f32,
    /// What stands beside it; empty for a tick between two that are labelled.
    pub label: String,
}

impl Axis {
    /// The whole of a run along a line.
    #[must_use]
    pub fn whole(length: Span, left: f32, right: f32) -> Self {
        Self { window: Window::of(Time::ZERO, length), left, right }
    }

    /// Where an instant is; outside the line for one outside the window.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a place on the screen")]
    pub fn x(&self, at: Time) -> f32 {
        let from = self.window.from.as_secs_f64();
        let share = (at.as_secs_f64() - from) / self.window.length().as_secs_f64();
        let width = f64::from(self.right - self.left);
        (f64::from(self.left) + (share * width).clamp(-1e6, 1e6)) as f32
    }

    /// The instant at a place; the nearest of the window for one outside the line.
    #[must_use]
    pub fn time(&self, x: f32) -> Time {
        let width = f64::from(self.right - self.left).max(1.0);
        let share = (f64::from(x - self.left) / width).clamp(0.0, 1.0);
        self.window.from + Span::from_secs_f64(share * self.window.length().as_secs_f64())
    }

    /// Ticks at round instants, the labelled ones at least `gap` points apart.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "fewer than ten decimals")]
    #[expect(clippy::cast_sign_loss, reason = "clamped to zero and more")]
    pub fn ticks(&self, gap: f32) -> Vec<Tick> {
        let seconds = self.window.length().as_secs_f64();
        let labels = (f64::from(self.right - self.left) / f64::from(gap)).max(1.0);
        let step = round_up(seconds / labels);
        let decimals = (-step.log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
        let fine = step / 5.0;
        let from = self.window.from.as_secs_f64();
        let first = (from / fine - 1e-6).ceil();
        (0..)
            .map(|n| first + f64::from(n))
            .take_while(|n| n * fine <= from + seconds * (1.0 + 1e-9))
            .map(|n| {
                let at = n * fine;
                let label = if n.rem_euclid(5.0) == 0.0 {
                    format!("{at:.decimals$} s")
                } else {
                    String::new()
                };
                Tick { x: self.x(Time::from_secs_f64(at)), label }
            })
            .collect()
    }
}

/// The least of 1, 2, 5, 10, … that is not less.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * power >= value * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(from: f64, to: f64) -> Axis {
        let window = Window { from: Time::from_secs_f64(from), to: Time::from_secs_f64(to) };
        Axis { window, left: 100.0, right: 1100.0 }
    }

    #[test]
    fn places_and_instants_answer_one_another() {
        let axis = axis(10.0, 20.0);
        assert!((axis.x(Time::from_secs_f64(12.5)) - 350.0).abs() < 1e-3);
        assert_eq!(axis.time(350.0), Time::from_secs_f64(12.5));
        assert_eq!(axis.time(-5.0), axis.window.from);
        assert_eq!(axis.time(5000.0), axis.window.to);
    }

    #[test]
    fn labels_are_round_and_apart() {
        for (from, to) in [(0.0, 60.0), (11.2, 14.9), (3.000_1, 3.000_2), (0.0, 86_400.0)] {
            let ticks = axis(from, to).ticks(80.0);
            let labelled: Vec<_> = ticks.iter().filter(|tick| !tick.label.is_empty()).collect();
            assert!((2..=13).contains(&labelled.len()), "{from} {to}: {labelled:?}");
            for pair in labelled.windows(2) {
                assert!(pair[1].x - pair[0].x >= 79.0);
                assert_ne!(pair[0].label, pair[1].label);
            }
        }
        let labels = axis(11.0, 14.0).ticks(100.0);
        assert!(labels.iter().any(|tick| tick.label == "12.5 s"), "{labels:?}");
    }
}
