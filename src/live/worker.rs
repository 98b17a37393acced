//! A busy worker: a task that takes as long as the work does.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;

use crate::model::{Span, Time};

use super::alarm::Clock;
use super::runtime::News;

/// Sleeps until the work is done, and says so.
pub async fn sleep(clock: Clock, number: u64, due: Time, outgoing: Sender<News>) {
    clock.until(due).await;
    // If nobody listens any more the run is over.
    let _ = outgoing.send(News::Came(number, due)).await;
}

/// Computes for as long as the work takes, and says so.
pub async fn compute(clock: Clock, number: u64, due: Time, outgoing: Sender<News>) {
    let span = due.since(clock.now());
    // If the task was stopped the run is over.
    let _ = tokio::task::spawn_blocking(move || burn(span)).await;
    clock.until(due).await;
    let _ = outgoing.send(News::Came(number, due)).await;
}

/// Keeps a core busy for a time.
#[expect(clippy::disallowed_methods, reason = "a live run is in real time")]
fn burn(span: Span) {
    let begin = Instant::now();
    let mut sum = 1_u64;
    while begin.elapsed() < Duration::from_nanos(span.0) {
        for step in 0..1_000 {
            sum = std::hint::black_box(sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ step);
        }
    }
}
