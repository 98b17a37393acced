//! All that happened in a span of time, as a story: what a sequence diagram of it shows.

use crate::model::{Role, Time, What};

use super::inquiry::{Found, Inquiry, SLICE_RECORDS, Stretch, share_done};
use super::moment::Walk;
use super::runs::Runs;
use super::story::{Line, Scribe};

/// Asks for all that happened in a span of time, up to so many messages.
pub struct SequenceOf {
    stretch: Stretch,
    /// The most messages that are written down.
    most: u64,
    /// Whether acks and the like are left out, and are not counted.
    is_brief: bool,
    began: Time,
    walk: Option<Walk>,
    scribe: Option<Scribe>,
    answer: Sequence,
    slices: u32,
}

/// What happened in a span of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sequence {
    /// All of it, in order.
    pub lines: Vec<Line>,
    /// How many messages were sent of which this tells.
    pub messages: u64,
    /// How many were sent later in the span, of which it does not tell.
    pub left_out: u64,
    /// Up to when it is told.
    pub until: Time,
}

/// Whether a message only keeps others going: an ack, a commit, a fetch, a confirm.
#[must_use]
pub const fn is_housekeeping(role: Role) -> bool {
    matches!(role, Role::Ack | Role::Progress | Role::Commit | Role::Fetch | Role::Confirm)
}

impl SequenceOf {
    /// What happened in a stretch of a run. `is_brief`: acks and the like are left out.
    #[must_use]
    pub fn new(stretch: Stretch, most: u64, is_brief: bool) -> Self {
        Self {
            stretch,
            most,
            is_brief,
            began: Time::ZERO,
            walk: None,
            scribe: None,
            answer: Sequence::default(),
            slices: 0,
        }
    }

    fn take_over(&mut self) {
        let Some(scribe) = &mut self.scribe else { return };
        let answer = &mut self.answer;
        for line in scribe.lines.drain(..) {
            let role = line.copy.map(|it| it.role);
            if self.is_brief && role.is_some_and(is_housekeeping) {
                continue;
            }
            if matches!(line.what, What::Sent { .. }) {
                if answer.messages >= self.most {
                    answer.left_out += 1;
                } else {
                    answer.messages += 1;
                }
            }
            if answer.left_out == 0 {
                answer.until = line.at;
                answer.lines.push(line);
            }
        }
    }
}

impl Inquiry for SequenceOf {
    type Answer = Sequence;

    fn begin(&mut self, runs: &mut Runs) {
        let walk = runs.walk(&self.stretch.script, self.stretch.from);
        self.began = walk.moment().world.now();
        self.walk = Some(walk);
    }

    fn work(&mut self) -> Found<Sequence> {
        let Some(walk) = &mut self.walk else { return Found::All(self.answer.clone()) };
        let last = walk.moment().scene.records + SLICE_RECORDS;
        let Stretch { from, until, .. } = self.stretch;
        // The way to the beginning is not told.
        while self.scribe.is_none() && walk.moment().scene.records < last {
            if walk.next_at().is_none_or(|it| it >= from) {
                self.scribe = Some(Scribe::of_all(walk));
            } else {
                walk.step(until, |_, _| {});
            }
        }
        let Some(scribe) = &mut self.scribe else { return Found::Nothing };
        let mut is_over = false;
        while !is_over && walk.moment().scene.records < last {
            is_over = !scribe.step(walk, until);
        }
        self.take_over();
        if is_over {
            if self.answer.left_out == 0 {
                self.answer.until = until;
            }
            return Found::All(std::mem::take(&mut self.answer));
        }
        self.slices += 1;
        if self.slices == 1 { Found::SoFar(self.answer.clone()) } else { Found::Nothing }
    }

    fn progress(&self) -> f32 {
        self.walk.as_ref().map_or(0.0, |walk| share_done(walk, self.began, self.stretch.until))
    }
}
