//! A watch: a claim about levels that must hold at certain instants, looked at whenever all that
//! happens at an instant has happened.

use crate::model::{Claim, Expectation, Figure, Mode, Record, Span, Term, Time};

use super::levels::{self, Sight};

/// How an expectation was met.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether it was.
    pub passed: bool,
    /// The instant that decided it: where it broke, or was met; of figures, the end of the span.
    pub at: Time,
    /// The two sides of the claim then; none where one has no meaning.
    pub left: Option<f64>,
    /// See `left`.
    pub right: Option<f64>,
}

/// A claim that is being watched.
pub struct Watch {
    mode: Mode,
    from: Time,
    /// The last instant that counts.
    until: Time,
    claim: Claim,
    variant: usize,
    /// Whether something has happened since it was looked at.
    dirty: bool,
    has_begun: bool,
    verdict: Option<Verdict>,
}

impl Watch {
    /// Of an expectation, in a run with these faults that ends then; `None` if it is about figures
    /// of the whole span.
    #[must_use]
    pub fn new(
        expectation: &Expectation,
        faults: &[crate::model::Fault],
        end: Time,
    ) -> Option<Self> {
        let (mut from, mut until) = expectation.during.span(faults, end);
        match expectation.mode {
            Mode::Measured => return None,
            Mode::By(at) => until = until.min(at),
            Mode::Within(limit, moment) => {
                use crate::model::Moment::{At, Broken, Mended};
                let fault = |place: usize| faults.get(place);
                let after = match moment {
                    At(at) => at,
                    Broken(it) => fault(it).map_or(end, |it| it.at),
                    Mended(it) => {
                        fault(it).and_then(|it| it.lasts.map(|lasts| it.at + lasts)).unwrap_or(end)
                    }
                };
                from = from.max(after.min(end));
                until = until.min(after + limit);
            }
            Mode::Always | Mode::Never | Mode::Eventually => {}
        }
        Some(Self {
            mode: expectation.mode,
            from,
            until,
            claim: expectation.claim.clone(),
            variant: expectation.variant,
            dirty: true,
            has_begun: false,
            verdict: None,
        })
    }

    /// Whether nothing that comes can change the verdict.
    #[must_use]
    pub const fn is_decided(&self) -> bool {
        self.verdict.is_some()
    }

    /// Time goes on to `next`, and all that happens before has happened.
    pub fn come_to(&mut self, next: Time, sight: Sight) {
        if self.verdict.is_some() || next <= self.from {
            return;
        }
        // What was so at the instant before is so up to the next.
        let at = sight.world.now().max(self.from);
        if at <= self.until && (self.dirty || !self.has_begun) {
            self.look(at, sight);
        }
        self.has_begun = true;
        self.dirty = false;
        if next > self.until && self.verdict.is_none() {
            self.decide(sight);
        }
    }

    fn sides(&self, sight: Sight) -> (Option<f64>, Option<f64>) {
        let mut of = |variant: usize, figure: Figure| match figure {
            Figure::Level(it) if variant == self.variant => levels::level(it, sight),
            _ => None,
        };
        (self.claim.left.value(&mut of), self.claim.right.value(&mut of))
    }

    fn look(&mut self, at: Time, sight: Sight) {
        let (left, right) = self.sides(sight);
        let holds = match (left, right) {
            (Some(left), Some(right)) => self.claim.relation.holds(left, right),
            _ => false,
        };
        let decided = match self.mode {
            Mode::Always => (!holds).then_some(false),
            Mode::Never => holds.then_some(false),
            _ => holds.then_some(true),
        };
        self.verdict = decided.map(|passed| Verdict { passed, at, left, right });
    }

    /// No instant is left at which it could be decided otherwise.
    fn decide(&mut self, sight: Sight) {
        let (left, right) = self.sides(sight);
        let passed = matches!(self.mode, Mode::Always | Mode::Never);
        self.verdict = Some(Verdict { passed, at: self.until, left, right });
    }

    /// Takes in the records of a step.
    pub fn see(&mut self, records: &[Record]) {
        if self.dirty || self.verdict.is_some() {
            return;
        }
        let mut touches = false;
        let mut look = |term: &Term| {
            term.visit(&mut |_, figure| {
                if let Figure::Level(level) = figure {
                    touches |= records.iter().any(|it| levels::may_change(level, &it.what));
                }
            });
        };
        look(&self.claim.left);
        look(&self.claim.right);
        self.dirty = touches;
    }

    /// The run has come to its end.
    #[must_use]
    pub fn finish(mut self, end: Time, sight: Sight) -> Verdict {
        self.come_to(end + Span(1), sight);
        if self.verdict.is_none() {
            self.decide(sight);
        }
        self.verdict.expect("it was just decided")
    }
}
