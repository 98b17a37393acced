//! The live runs of this program, so that it can end them all before it ends.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::handle::Wish;

static RUNS: Mutex<Vec<(u64, UnboundedSender<Wish>)>> = Mutex::new(Vec::new());
static ENDED: Condvar = Condvar::new();

fn runs() -> MutexGuard<'static, Vec<(u64, UnboundedSender<Wish>)>> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run that goes on, until this is let go.
pub struct Alive(u64);

impl Alive {
    /// A run begins, and hears wishes by this.
    pub fn enter(wishes: UnboundedSender<Wish>) -> Self {
        let mut runs = runs();
        let number = runs.last().map_or(0, |it| it.0 + 1);
        runs.push((number, wishes));
        Self(number)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        runs().retain(|it| it.0 != self.0);
        ENDED.notify_all();
    }
}

/// Ends all live runs at once, and waits until what they have made at brokers is deleted, or for
/// this long at most. For a program that is about to end.
pub fn end_all(at_most: Duration) {
    let runs = runs();
    for (_, wishes) in runs.iter() {
        // Twice, so that it does at once. One that is over takes no notice.
        let _ = wishes.send(Wish::Stop);
        let _ = wishes.send(Wish::Stop);
    }
    drop(ENDED.wait_timeout_while(runs, at_most, |runs| !runs.is_empty()));
}
