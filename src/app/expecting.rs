//! What the scenario expects of its runs, held to what is shown: of each variant the branch that
//! is shown of it.

use std::sync::Arc;

use crate::history::{Pending, Runs, Teller, errand};
use crate::measure::{Judged, Surveyed, judge};
use crate::model::{Expectation, Model, Script, Span, Time};

use super::state::App;

/// How long a run without an end is judged.
const ENDLESS: Span = Span::from_secs(60);

/// The state of the expectations.
#[derive(Default)]
pub struct Expecting {
    /// What became of each, by its place in the scenario; none while that is not known.
    pub judged: Vec<Option<Judged>>,
    of: Option<Of>,
    pending: Option<Pending<Vec<Judged>>>,
}

/// A variant as it is judged.
type Judgeable = (Arc<Model>, Script, Time);

/// What is judged.
#[derive(Clone, PartialEq)]
struct Of {
    expectations: Vec<Expectation>,
    variants: Vec<Judgeable>,
    seed: u64,
}

impl Expecting {
    /// How much of it is done, from 0 to 1; `None` if all is.
    #[must_use]
    pub fn progress(&self) -> Option<f32> {
        self.pending.as_ref().map(Pending::progress)
    }
}

impl App {
    /// Has the expectations judged while they are looked at.
    pub(super) fn follow_expectations(&mut self) {
        if !self.settings.expectations {
            return;
        }
        let is_known = self.expecting.of.as_ref().is_some_and(|it| self.is_judged(it));
        if !is_known {
            let of = self.to_be_judged();
            self.expecting.judged = vec![None; of.expectations.len()];
            self.expecting.of = Some(of.clone());
            let wake = Arc::clone(&self.wake);
            let work = move |teller: &Teller<Vec<Judged>>| judge_all(&of, teller);
            self.expecting.pending = Some(errand(wake, work));
        }
        let expecting = &mut self.expecting;
        let is_over = expecting.pending.as_ref().is_some_and(Pending::is_over);
        if let Some(judged) = expecting.pending.as_ref().and_then(Pending::take) {
            for it in judged {
                if let Some(place) = expecting.judged.get_mut(it.expectation) {
                    *place = Some(it);
                }
            }
        }
        if is_over {
            expecting.pending = None;
        }
    }

    /// Whether this is what is to be judged; without comparing models.
    fn is_judged(&self, of: &Of) -> bool {
        of.seed == self.run.seed
            && of.expectations.len() == self.scenario.expect.len()
            && of.variants.len() == self.scenario.variants.len()
            && (of.variants.iter().zip(&self.scenario.variants))
                .all(|((model, ..), it)| Arc::ptr_eq(model, &it.model))
            && (of.variants.iter().zip(&self.scenario.variants))
                .all(|((_, script, _), it)| *script == self.script_of(&it.name))
    }

    fn script_of(&self, variant: &str) -> Script {
        let futures = self.made.futures.get(variant);
        futures.map(|it| it.tree.script(it.shown)).unwrap_or_default()
    }

    fn to_be_judged(&self) -> Of {
        let variants = self.scenario.variants.iter().map(|it| {
            let end = it.model.end.unwrap_or(Time::ZERO + ENDLESS);
            (Arc::clone(&it.model), self.script_of(&it.name), end)
        });
        let expectations = self.scenario.expect.clone();
        Of { expectations, variants: variants.collect(), seed: self.run.seed }
    }
}

/// Runs the variants one after the other, and tells what can be judged by then.
fn judge_all(of: &Of, teller: &Teller<Vec<Judged>>) {
    let variants: Vec<(Arc<Model>, Time)> =
        of.variants.iter().map(|(model, _, end)| (Arc::clone(model), *end)).collect();
    let mut surveyed: Vec<Option<Surveyed>> = vec![None; variants.len()];
    #[expect(clippy::cast_precision_loss, reason = "a handful of variants")]
    let share = |done: usize| done as f32 / variants.len().max(1) as f32;
    for (place, (model, script, end)) in of.variants.iter().enumerate() {
        let script = Arc::clone(script);
        let survey = judge::survey(&of.expectations, place, model, script, *end);
        if let Some(survey) = survey {
            let mut runs = Runs::new(Arc::clone(model), of.seed, 0);
            let part = (share(place), share(place + 1));
            let Some(found) = teller.work_out(survey, &mut runs, part) else { return };
            surveyed[place] = Some(found);
        }
        let mut judged = judge::judge(&of.expectations, &variants, &surveyed);
        // What needs a variant that has not been run is not known.
        judged
            .retain(|it| of.expectations[it.expectation].variants().iter().all(|it| *it <= place));
        teller.tell(judged);
    }
}
