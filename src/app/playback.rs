//! The playhead: where it is, how it moves, and the span of time the timeline looks at.

use imbl::Vector;

use crate::history::Mark;
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
    /// nowhere to go. Outside the loop it begins where the loop does.
    pub fn play(&mut self, direction: Direction, end: Option<Time>, looped: Option<Window>) {
        self.direction = direction;
        let is_forward = direction == Direction::Forward;
        if let Some(span) = looped {
            if !span.contains(self.at) {
                self.at = if is_forward { span.from } else { span.to };
            }
            self.playing = true;
            return;
        }
        if is_forward && end.is_some_and(|end| self.at >= end) {
            self.at = Time::ZERO;
        }
        self.playing = is_forward || self.at > Time::ZERO;
    }

    /// Plays on the way it played last; from the beginning, the only way there is.
    pub fn resume(&mut self, end: Option<Time>, looped: Option<Window>) {
        let has_way = self.at > Time::ZERO || looped.is_some();
        let back = self.direction == Direction::Backward && has_way;
        let direction = if back { Direction::Backward } else { Direction::Forward };
        self.play(direction, end, looped);
    }

    /// Lets `seconds` of real time pass: the playhead goes on, not past what is simulated; at
    /// the end of the run, or back at its beginning, it stands still. Where it comes to an end
    /// of the loop from inside, it goes on at the other end.
    pub fn advance(&mut self, seconds: f64, on: &Road<'_>) {
        if !self.playing || seconds.is_nan() || seconds <= 0.0 {
            return;
        }
        let Some(marks) = on.slows_for.filter(|_| self.speed > SLOW) else {
            return self.pass(Span::from_secs_f64(seconds * self.speed), on);
        };
        // The speed changes on the way: in steps that are short against the change.
        let mut left = seconds;
        while left > 0.0 && self.playing {
            let step = left.min(EASE_STEP);
            let speed = eased(self.at, self.speed, marks);
            self.pass(Span::from_secs_f64(step * speed), on);
            left -= step;
        }
    }

    /// Lets simulated time pass.
    fn pass(&mut self, span: Span, on: &Road<'_>) {
        match self.direction {
            Direction::Forward => {
                let mut to = self.at + span;
                if let Some(Window { from, to: last }) = on.looped
                    && self.at <= last
                    && to > last
                    && on.head >= last
                {
                    to = from + Span(to.since(last).0 % last.since(from).0.max(1));
                }
                // Before the run has come as far as the playhead was, the playhead waits.
                self.at = to.min(on.head.max(self.at));
                if let Some(end) = on.end
                    && self.at >= end
                {
                    self.at = end;
                    self.playing = on.looped.is_some_and(|it| it.to >= end);
                }
            }
            Direction::Backward => {
                let over = match on.looped {
                    Some(Window { from, .. }) if self.at >= from => {
                        span.0.checked_sub(self.at.since(from).0).filter(|over| *over > 0)
                    }
                    _ => None,
                };
                if let (Some(over), Some(Window { from, to })) = (over, on.looped) {
                    let to = to.min(on.head).max(from);
                    self.at = to.back(Span(over % to.since(from).0.max(1)));
                } else {
                    self.at = self.at.back(span);
                    let loops_there = on.looped.is_some_and(|it| it.from == Time::ZERO);
                    self.playing = self.at > Time::ZERO || loops_there;
                }
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

/// What there is to play.
#[derive(Clone, Copy, Debug)]
pub struct Road<'a> {
    /// How far the run is simulated.
    pub head: Time,
    /// When it ends, if it does.
    pub end: Option<Time>,
    /// The span that is played again and again.
    pub looped: Option<Window>,
    /// What it is slowed down for, if it is.
    pub slows_for: Option<&'a Vector<Mark>>,
}

/// How slowly time passes when something happens: simulated seconds in one.
const SLOW: f64 = 0.1;
/// How long, in seconds of real time, it takes until it does, and until it no longer does.
const EASE: f64 = 0.7;
/// For so long, in seconds of real time, the speed is taken to be the same.
const EASE_STEP: f64 = 0.002;

/// The speed at an instant when it is slowed down for what happens: `speed`, and near to a mark
/// less, down to a tenth of real time. It falls with the distance to the mark, so that it takes
/// the same 0.7 s whatever the speed, and rises again in the same way.
#[must_use]
pub fn eased(at: Time, speed: f64, marks: &Vector<Mark>) -> f64 {
    if speed <= SLOW {
        return speed;
    }
    let after = first_after(marks, at);
    let next = marks.get(after).map(|it| it.at.since(at));
    let last = after.checked_sub(1).and_then(|it| marks.get(it)).map(|it| at.since(it.at));
    let near = [next, last].into_iter().flatten().min();
    // Time passes at a speed in proportion to a distance: the distance falls exponentially.
    let steepness = (speed / SLOW).ln() / EASE;
    near.map_or(speed, |near| (SLOW + steepness * near.as_secs_f64()).min(speed))
}

/// The place of the first mark later than an instant.
pub(super) fn first_after(marks: &Vector<Mark>, at: Time) -> usize {
    let (mut low, mut high) = (0, marks.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if marks[middle].at <= at {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
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
    use crate::history::MarkKind;
    use crate::model::FaultId;

    const END: Option<Time> = Some(Time(60_000_000_000));

    fn at(seconds: f64) -> Time {
        Time::from_secs_f64(seconds)
    }

    fn road(head: f64) -> Road<'static> {
        Road { head: at(head), end: END, looped: None, slows_for: None }
    }

    fn playing(from: f64, speed: f64) -> Playback {
        Playback { at: at(from), playing: true, direction: Direction::Forward, speed }
    }

    #[test]
    fn time_passes_at_the_speed_that_is_set() {
        let mut playback = playing(1.0, 10.0);
        playback.advance(0.5, &road(60.0));
        assert_eq!(playback.at, at(6.0));
    }

    #[test]
    fn the_playhead_does_not_pass_what_is_simulated() {
        let mut playback = playing(1.0, 10.0);
        playback.advance(0.5, &road(2.0));
        assert_eq!((playback.at, playback.playing), (at(2.0), true));
        playback.advance(0.5, &road(1.5));
        assert_eq!(playback.at, at(2.0), "a new run that is behind does not pull it back");
    }

    #[test]
    fn at_the_end_it_stands_still_and_play_begins_anew() {
        let mut playback = playing(59.0, 1000.0);
        playback.advance(1.0, &road(60.0));
        assert_eq!((playback.at, playback.playing), (at(60.0), false));
        playback.play(Direction::Forward, END, None);
        assert_eq!((playback.at, playback.playing), (Time::ZERO, true));
    }

    #[test]
    fn backwards_it_stops_at_the_beginning() {
        let mut playback = playing(1.0, 1.0);
        playback.play(Direction::Backward, END, None);
        playback.advance(0.25, &road(60.0));
        assert_eq!((playback.at, playback.playing), (at(0.75), true));
        playback.advance(5.0, &road(60.0));
        assert_eq!((playback.at, playback.playing), (Time::ZERO, false));
        playback.play(Direction::Backward, END, None);
        assert!(!playback.playing);
    }

    fn looping(from: f64, to: f64) -> Road<'static> {
        Road { looped: Some(Window { from: at(from), to: at(to) }), ..road(60.0) }
    }

    #[test]
    fn a_loop_is_played_again_and_again_both_ways() {
        let mut playback = playing(14.0, 1.0);
        playback.advance(1.5, &looping(10.0, 15.0));
        assert_eq!(playback.at, at(10.5));
        playback.speed = 10_000.0;
        playback.advance(1.0, &looping(10.0, 15.0));
        assert_eq!((playback.at, playback.playing), (at(10.5), true), "2000 times around");
        playback.speed = 1.0;
        playback.play(Direction::Backward, END, looping(10.0, 15.0).looped);
        playback.advance(1.5, &looping(10.0, 15.0));
        assert_eq!(playback.at, at(14.0));
    }

    #[test]
    fn a_loop_over_the_whole_run_stops_at_neither_end() {
        let whole = looping(0.0, 60.0);
        let mut playback = playing(59.5, 1.0);
        for _ in 0..4 {
            playback.advance(0.25, &whole);
        }
        assert_eq!((playback.at, playback.playing), (at(0.5), true));
        playback.play(Direction::Backward, END, whole.looped);
        for _ in 0..4 {
            playback.advance(0.25, &whole);
        }
        assert_eq!((playback.at, playback.playing), (at(59.5), true));
    }

    #[test]
    fn a_loop_waits_for_what_is_not_simulated_and_is_begun_from_outside() {
        let mut playback = playing(11.0, 1.0);
        let the_road = Road { head: at(12.0), ..looping(10.0, 15.0) };
        playback.advance(5.0, &the_road);
        assert_eq!(playback.at, at(12.0));
        playback.at = at(40.0);
        playback.play(Direction::Forward, END, the_road.looped);
        assert_eq!(playback.at, at(10.0));
        // Whoever goes past it while it plays is let go on.
        playback.at = at(40.0);
        playback.advance(1.0, &looping(10.0, 15.0));
        assert_eq!(playback.at, at(41.0));
    }

    fn marks(seconds: &[f64]) -> Vector<Mark> {
        let kind = MarkKind::FaultBegan(FaultId(0));
        seconds.iter().map(|it| Mark { at: at(*it), kind }).collect()
    }

    /// How long it takes from one instant to another in pictures of a sixtieth, and how far two
    /// of them are apart there where they are nearest.
    fn passage(mut playback: Playback, marks: &Vector<Mark>, to: f64) -> (f64, f64) {
        let the_road = Road { slows_for: Some(marks), ..road(60.0) };
        let forward = playback.direction == Direction::Forward;
        let (mut seconds, mut least) = (0.0, f64::MAX);
        while if forward { playback.at < at(to) } else { playback.at > at(to) } {
            let before = playback.at.as_secs_f64();
            playback.advance(1.0 / 60.0, &the_road);
            seconds += 1.0 / 60.0;
            least = least.min((playback.at.as_secs_f64() - before).abs() * 60.0);
            assert!(seconds < 100.0);
        }
        (seconds, least)
    }

    #[test]
    fn it_slows_down_in_the_same_time_at_every_speed() {
        let marks = marks(&[30.0]);
        for speed in [0.2, 1.0, 10.0, 100.0, 10_000.0] {
            let mut playback = playing(0.0, speed);
            // Where it begins to slow down.
            let begins = (speed - SLOW) * EASE / (speed / SLOW).ln();
            playback.at = at((30.0 - begins).max(0.0));
            let (seconds, least) = passage(playback, &marks, 30.0);
            assert!((0.1..=0.8).contains(&seconds), "{seconds} s at {speed}");
            assert!((SLOW..0.2).contains(&least), "{least} at {speed}");
        }
    }

    #[test]
    fn it_is_as_fast_as_before_once_it_has_passed() {
        let marks = marks(&[30.0]);
        for direction in [Direction::Forward, Direction::Backward] {
            let from = if direction == Direction::Forward { 28.0 } else { 32.0 };
            let playback = Playback { direction, ..playing(from, 1.0) };
            let (seconds, _) = passage(playback, &marks, 60.0 - from);
            // Some 0.27 s on each side take 0.7 s.
            assert!((4.7..5.1).contains(&seconds), "{seconds} s");
        }
        assert!((eased(at(29.0), 1.0, &marks) - 1.0).abs() < 1e-12);
        assert!((eased(at(30.0), 1.0, &marks) - SLOW).abs() < 1e-12);
        assert!((eased(at(30.0), 0.02, &marks) - 0.02).abs() < 1e-12, "slower than slow");
        assert!((eased(at(30.0), 5.0, &Vector::new()) - 5.0).abs() < 1e-12);
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
