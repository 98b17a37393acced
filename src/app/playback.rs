//! The playhead: where it is, how it moves, and the span of time the timeline looks at.

use crate::model::{Span, Time};

/// Which way time runs on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As it does.
    Forward,
    /// Back.
    Backward,
}

/// The playhead and its movement.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// The instant that is shown.
    pub at: Time,
    /// Whether time passes.
    pub playing: bool,
    /// Which way.
    pub direction: Direction,
    /// How many simulated seconds pass in one.
    pub speed: f64,
}

impl Playback {
    /// The slowest speed.
    pub const SLOWEST: f64 = 0.001;
    /// The fastest speed.
    pub const FASTEST: f64 = 10_000.0;

    /// At the beginning, standing still.
    #[must_use]
    pub fn new(speed: f64) -> Self {
        Self {
            at: Time::ZERO,
            playing: false,
            direction: Direction::Forward,
            speed: Self::bounded_speed(speed),
        }
    }

    /// A speed inside the bounds.
    #[must_use]
    pub fn bounded_speed(speed: f64) -> f64 {
        if speed.is_finite() { speed.clamp(Self::SLOWEST, Self::FASTEST) } else { 1.0 }
    }

    /// Starts to play. From the end, forwards begins anew; from the beginning, backwards has
    /// nowhere to go.
    pub fn play(&mut self, direction: Direction, end: Option<Time>) {
        if direction == Direction::Forward && end.is_some_and(|end| self.at >= end) {
            self.at = Time::ZERO;
        }
        self.direction = direction;
        self.playing = direction == Direction::Forward || self.at > Time::ZERO;
    }

    /// Plays on the way it played last; from the beginning, the only way there is.
    pub fn resume(&mut self, end: Option<Time>) {
        let back = self.direction == Direction::Backward && self.at > Time::ZERO;
        self.play(if back { Direction::Backward } else { Direction::Forward }, end);
    }

    /// Lets `seconds` of real time pass: the playhead goes on, not past what is simulated; at
    /// the end of the run, or back at its beginning, it stands still.
    pub fn advance(&mut self, seconds: f64, head: Time, end: Option<Time>) {
        if !self.playing || seconds.is_nan() || seconds <= 0.0 {
            return;
        }
        let span = Span::from_secs_f64(seconds * self.speed);
        match self.direction {
            Direction::Forward => {
                // Before the run has come as far as the playhead was, the playhead waits.
                self.at = (self.at + span).min(head.max(self.at));
                if let Some(end) = end
                    && self.at >= end
                {
                    self.at = end;
                    self.playing = false;
                }
            }
            Direction::Backward => {
                self.at = self.at.back(span);
                self.playing = self.at > Time::ZERO;
            }
        }
    }

    /// The simulated time of one picture at this speed, at sixty a second.
    #[must_use]
    pub fn frame(&self) -> Span {
        Span::from_secs_f64(self.speed / 60.0).max(Span(1))
    }

    /// The next speed up or down of 1, 2, 5, 10, ….
    #[must_use]
    pub fn next_speed(&self, direction: Direction) -> f64 {
        let mut steps =
            (-3..=4).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
        let near = self.speed * 1e-6;
        let next = match direction {
            Direction::Forward => steps.find(|step| *step > self.speed + near),
            Direction::Backward => steps.rfind(|step| *step < self.speed - near),
        };
        Self::bounded_speed(next.unwrap_or(self.speed))
    }
}

/// A span of time that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from: Time,
    /// Its end, later than its beginning.
    pub to: Time,
}

impl Window {
    /// The shortest: below a microsecond nothing can be told apart.
    const SHORTEST: Span = Span(1_000);

    /// How long it is.
    #[must_use]
    pub const fn length(self) -> Span {
        self.to.since(self.from)
    }

    /// Whether the instant is in it.
    #[must_use]
    pub fn contains(self, at: Time) -> bool {
        self.from <= at && at <= self.to
    }

    /// This window `factor` times as long, with `around` where it was; inside the whole run.
    #[must_use]
    pub fn scaled(self, factor: f64, around: Time, whole: Span) -> Self {
        let old = self.length().as_secs_f64();
        let longest = whole.as_secs_f64().max(Self::SHORTEST.as_secs_f64());
        let new = (old * factor).clamp(Self::SHORTEST.as_secs_f64(), longest);
        let share = (around.since(self.from).as_secs_f64() / old).clamp(0.0, 1.0);
        let from = around.as_secs_f64() - share * new;
        Self::of(Time::from_secs_f64(from), Span::from_secs_f64(new)).inside(whole)
    }

    /// The window of this length that begins here.
    #[must_use]
    pub fn of(from: Time, length: Span) -> Self {
        Self { from, to: from + length.max(Self::SHORTEST) }
    }

    /// This window moved so that it lies inside the whole run, and cut if it is longer.
    #[must_use]
    pub fn inside(self, whole: Span) -> Self {
        let length = self.length().min(whole.max(Self::SHORTEST));
        let latest = Time::ZERO + (whole - length);
        Self::of(self.from.min(latest), length)
    }

    /// This window, or the page of the same length in which the instant is.
    #[must_use]
    pub fn following(self, at: Time, whole: Span) -> Self {
        if self.contains(at) {
            return self;
        }
        let length = self.length();
        let lead = Span(length.0 / 10);
        let from = if at > self.to { at.back(lead) } else { at.back(length - lead) };
        Self::of(from, length).inside(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Option<Time> = Some(Time(60_000_000_000));

    fn at(seconds: f64) -> Time {
        Time::from_secs_f64(seconds)
    }

    fn playing(from: f64, speed: f64) -> Playback {
        Playback { at: at(from), playing: true, direction: Direction::Forward, speed }
    }

    #[test]
    fn time_passes_at_the_speed_that_is_set() {
        let mut playback = playing(1.0, 10.0);
        playback.advance(0.5, at(60.0), END);
        assert_eq!(playback.at, at(6.0));
    }

    #[test]
    fn the_playhead_does_not_pass_what_is_simulated() {
        let mut playback = playing(1.0, 10.0);
        playback.advance(0.5, at(2.0), END);
        assert_eq!((playback.at, playback.playing), (at(2.0), true));
        playback.advance(0.5, at(1.5), END);
        assert_eq!(playback.at, at(2.0), "a new run that is behind does not pull it back");
    }

    #[test]
    fn at_the_end_it_stands_still_and_play_begins_anew() {
        let mut playback = playing(59.0, 1000.0);
        playback.advance(1.0, at(60.0), END);
        assert_eq!((playback.at, playback.playing), (at(60.0), false));
        playback.play(Direction::Forward, END);
        assert_eq!((playback.at, playback.playing), (Time::ZERO, true));
    }

    #[test]
    fn backwards_it_stops_at_the_beginning() {
        let mut playback = playing(1.0, 1.0);
        playback.play(Direction::Backward, END);
        playback.advance(0.25, at(60.0), END);
        assert_eq!((playback.at, playback.playing), (at(0.75), true));
        playback.advance(5.0, at(60.0), END);
        assert_eq!((playback.at, playback.playing), (Time::ZERO, false));
        playback.play(Direction::Backward, END);
        assert!(!playback.playing);
    }

    #[test]
    fn speeds_go_in_steps_and_stay_in_bounds() {
        let mut playback = playing(0.0, 1.0);
        assert!((playback.next_speed(Direction::Forward) - 2.0).abs() < 1e-12);
        assert!((playback.next_speed(Direction::Backward) - 0.5).abs() < 1e-12);
        playback.speed = Playback::FASTEST;
        assert!((playback.next_speed(Direction::Forward) - Playback::FASTEST).abs() < 1e-12);
        assert!((Playback::bounded_speed(f64::NAN) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_window_scales_around_the_instant_pointed_at() {
        let window = Window { from: at(10.0), to: at(20.0) };
        let half = window.scaled(0.5, at(12.0), Span::from_secs(60));
        assert_eq!(half, Window { from: at(11.0), to: at(16.0) });
        let wide = window.scaled(100.0, at(12.0), Span::from_secs(60));
        assert_eq!(wide, Window { from: at(0.0), to: at(60.0) });
    }

    #[test]
    fn a_window_follows_the_playhead_by_pages() {
        let window = Window { from: at(10.0), to: at(20.0) };
        let whole = Span::from_secs(60);
        assert_eq!(window.following(at(15.0), whole), window);
        assert_eq!(window.following(at(21.0), whole), Window { from: at(20.0), to: at(30.0) });
        assert!(window.following(at(59.9), whole).contains(at(59.9)));
        assert!(window.following(at(2.0), whole).contains(at(2.0)));
    }
}
