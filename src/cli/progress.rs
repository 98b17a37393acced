//! Runs with a progress bar, and stops when it is told to.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::live;
use crate::model::{Span, Time};
use crate::sim::World;

/// How a run went.
pub(super) struct Ran {
    /// How long it took.
    pub wall: Duration,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
    /// Whether it was live, and not simulated.
    pub is_live: bool,
}

/// How long a program that is told to end waits for its live runs to clean up.
pub(super) const FAREWELL: Duration = Duration::from_secs(3);

/// A flag that an interruption (Ctrl C) sets. One that comes when it is set ends the program, once
/// its live runs have cleaned up.
pub(super) fn interruption() -> Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let flag = FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let set = Arc::clone(&flag);
        let handler = move || {
            if set.swap(true, Ordering::SeqCst) {
                live::end_all(FAREWELL);
                std::process::exit(130);
            }
        };
        if ctrlc::set_handler(handler).is_err() {
            eprintln!("note: an interruption will not print what there is so far");
        }
        flag
    });
    Arc::clone(flag)
}

/// Runs a world to an instant; a bar appears if that takes long and somebody looks.
pub(super) fn run(world: &mut World, until: Time, stop: &AtomicBool) -> Ran {
    run_to(until, stop, |to| {
        world.run_until(to, &mut ());
        !world.stands_still()
    })
}

/// Runs something to an instant, bit by bit; `advance` says whether time goes on.
pub(super) fn run_to(until: Time, stop: &AtomicBool, mut advance: impl FnMut(Time) -> bool) -> Ran {
    let begin = clock();
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(1000);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {msg}") {
            bar.set_style(style);
        }
        bar
    });
    // Half a per mille at a time: often enough for a bar, too seldom to cost anything.
    let slice = Span((until.0 / 2000).max(1));
    let (mut now, mut goes_on) = (Time::ZERO, true);
    while now < until && goes_on && !stop.load(Ordering::SeqCst) {
        let to = (now + slice).min(until);
        goes_on = advance(to);
        now = to;
        if let Some(bar) = bar.as_ref().filter(|_| begin.elapsed() > Duration::from_millis(500)) {
            bar.set_position(
                u64::try_from(u128::from(now.0) * 1000 / u128::from(until.0)).unwrap_or(1000),
            );
            bar.set_message(format!("{now:.0} of {until:.0}"));
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ran { wall: begin.elapsed(), interrupted: now < until || !goes_on, is_live: false }
}

#[expect(clippy::disallowed_methods, reason = "people like to know how long it took")]
pub(super) fn clock() -> Instant {
    Instant::now()
}

/// A bar for a number of things that are done side by side. It appears if that takes long and
/// somebody looks.
pub(super) struct Bar {
    bar: Option<ProgressBar>,
    begin: Instant,
}

impl Bar {
    pub fn new(count: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::hidden();
            bar.set_length(count as u64);
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} runs") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, begin: clock() }
    }

    /// Some time has gone by.
    pub fn tick(&self) {
        if let Some(bar) = &self.bar
            && bar.is_hidden()
            && self.begin.elapsed() > Duration::from_millis(500)
        {
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
    }

    pub fn one_more(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
