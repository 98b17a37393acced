//! Errands: work on other runs than the one that is shown, each on a thread of its own, given up
//! when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::inquiry::{Found, Inquiry, OVER, Pending, Shared, thousandths};
use super::runs::Runs;

/// Where an errand tells what it has found out.
pub struct Teller<T> {
    shared: Arc<Shared<T>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl<T> Teller<T> {
    /// Whether anybody still waits.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    /// Tells what is known by now, instead of what was told before.
    pub fn tell(&self, answer: T) {
        self.shared.put(answer);
        (self.wake)();
    }

    /// Says how much is done, from 0 to 1.
    pub fn set_progress(&self, share: f32) {
        self.shared.progress.store(thousandths(share), Ordering::Release);
    }

    /// Works an inquiry to its end; `None` if nobody waits any more. The share of the errand that
    /// is done goes from `from` to `to` meanwhile.
    pub fn work_out<I: Inquiry>(
        &self,
        mut inquiry: I,
        runs: &mut Runs,
        (from, to): (f32, f32),
    ) -> Option<I::Answer> {
        inquiry.begin(runs);
        loop {
            if !self.is_wanted() {
                return None;
            }
            inquiry.go_on(runs);
            if let Found::All(answer) = inquiry.work() {
                return Some(answer);
            }
            self.set_progress(from + (to - from) * inquiry.progress().clamp(0.0, 1.0));
        }
    }
}

impl<T> Drop for Teller<T> {
    /// However it ended, nothing more comes.
    fn drop(&mut self) {
        self.shared.progress.store(OVER, Ordering::Release);
        (self.wake)();
    }
}

/// Does some work on a thread of its own. Where there is none to be had, it is over at once.
#[must_use]
pub fn errand<T: Send + 'static>(
    wake: Arc<dyn Fn() + Send + Sync>,
    work: impl FnOnce(&Teller<T>) + Send + 'static,
) -> Pending<T> {
    let shared = Arc::new(Shared::new());
    let teller = Teller { shared: Arc::clone(&shared), wake };
    let thread = std::thread::Builder::new().name("errand".into());
    // A thread that cannot be had has dropped its teller, which says that it is over.
    let _spawned = thread.spawn(move || work(&teller));
    Pending::new(shared)
}
