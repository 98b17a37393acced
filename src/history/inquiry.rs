//! Inquiries: questions about a run that take longer than a picture may, worked on in slices
//! between everything else, and given up as soon as nobody waits for the answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Script, Time};

use super::moment::Walk;
use super::runs::Runs;

/// A question about a run's history, with what has been found out so far.
pub trait Inquiry: Send + 'static {
    /// What is found out.
    type Answer: Send + 'static;

    /// Takes the walks that it needs.
    fn begin(&mut self, runs: &mut Runs);

    /// Takes another walk, if by now it needs one; before each look.
    fn go_on(&mut self, _runs: &mut Runs) {}

    /// Looks on for about a millisecond.
    fn work(&mut self) -> Found<Self::Answer>;

    /// How much of it is done, from 0 to 1, as far as that can be known.
    fn progress(&self) -> f32;
}

/// How far an inquiry has come.
pub enum Found<T> {
    /// Nothing new yet.
    Nothing,
    /// This, and there may be more: it replaces what was told before.
    SoFar(T),
    /// This, and it is all.
    All(T),
}

/// An inquiry that was made, for whoever waits for its answer. To drop it is to give it up.
pub struct Pending<T> {
    shared: Arc<Shared<T>>,
}

pub(super) struct Shared<T> {
    answer: Mutex<Option<T>>,
    /// In thousandths; past all of them when it is over.
    pub(super) progress: AtomicU32,
}

pub(super) const OVER: u32 = u32::MAX;

impl<T> Shared<T> {
    pub(super) const fn new() -> Self {
        Self { answer: Mutex::new(None), progress: AtomicU32::new(0) }
    }

    /// Puts an answer in the place of the last one.
    pub(super) fn put(&self, answer: T) {
        let mut told_last = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let old = told_last.replace(answer);
        // What is large is not let go while others may look.
        drop(told_last);
        drop(old);
    }
}

/// A share in thousandths.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
pub(super) const fn thousandths(share: f32) -> u32 {
    (share.clamp(0.0, 1.0) * 1000.0) as u32
}

impl<T> Pending<T> {
    pub(super) const fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// The newest answer, if there is one that was not taken yet.
    #[must_use]
    pub fn take(&self) -> Option<T> {
        self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether nothing more will be found out than what [`take`](Self::take) gives.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.shared.progress.load(Ordering::Acquire) == OVER
    }

    /// Whether it is over, and all that was found out was taken.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.is_over()
            && self.shared.answer.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// How much of it is done, from 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    pub fn progress(&self) -> f32 {
        self.shared.progress.load(Ordering::Relaxed).min(1000) as f32 / 1000.0
    }
}

/// An inquiry as the worker has it.
pub(super) trait Job: Send {
    /// Looks on; false when it is over, or nobody waits any more. `told` is set if there is
    /// something new.
    fn work(&mut self, runs: &mut Runs, told: &mut bool) -> bool;
}

struct Open<I: Inquiry> {
    inquiry: I,
    has_begun: bool,
    shared: Arc<Shared<I::Answer>>,
}

impl<I: Inquiry> Job for Open<I> {
    fn work(&mut self, runs: &mut Runs, told: &mut bool) -> bool {
        if Arc::strong_count(&self.shared) == 1 {
            return false;
        }
        if !self.has_begun {
            self.inquiry.begin(runs);
            self.has_begun = true;
        }
        self.inquiry.go_on(runs);
        let (answer, is_over) = match self.inquiry.work() {
            Found::Nothing => (None, false),
            Found::SoFar(answer) => (Some(answer), false),
            Found::All(answer) => (Some(answer), true),
        };
        if let Some(answer) = answer {
            self.shared.put(answer);
            *told = true;
        }
        let thousandths = thousandths(self.inquiry.progress());
        self.shared.progress.store(if is_over { OVER } else { thousandths }, Ordering::Release);
        !is_over
    }
}

/// An inquiry for the worker, and its other end for whoever waits.
pub(super) fn open<I: Inquiry>(inquiry: I) -> (Box<dyn Job>, Pending<I::Answer>) {
    let shared = Arc::new(Shared::new());
    let job = Open { inquiry, has_begun: false, shared: Arc::clone(&shared) };
    (Box::new(job), Pending { shared })
}

/// Works an inquiry to its end, where nothing else waits: without a window.
pub fn work_out<I: Inquiry>(mut inquiry: I, runs: &mut Runs) -> I::Answer {
    inquiry.begin(runs);
    loop {
        inquiry.go_on(runs);
        if let Found::All(answer) = inquiry.work() {
            return answer;
        }
    }
}

/// How many records are looked at in a slice: about a millisecond.
pub const SLICE_RECORDS: u64 = 4_096;

/// How much of a walk from one instant to another is done.
#[must_use]
pub fn share_done(walk: &Walk, from: Time, until: Time) -> f32 {
    share_behind(walk.next_at(), from, until)
}

/// The same of whatever does its next step then, if there is one.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a share, for people")]
pub fn share_behind(next: Option<Time>, from: Time, until: Time) -> f32 {
    let at = next.unwrap_or(Time::MAX).min(until);
    let whole = until.since(from).as_secs_f64().max(1e-9);
    (at.since(from).as_secs_f64() / whole) as f32
}

/// Which future of a run is asked about, and from when to when.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The future.
    pub script: Script,
    /// The first instant.
    pub from: Time,
    /// The last instant, included.
    pub until: Time,
}
