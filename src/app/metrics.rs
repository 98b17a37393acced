//! What the metrics view shows of the run, and of the branch behind it, and how much of it.

use std::sync::Arc;

use crate::history::BranchId;
use crate::measure::compare;
use crate::measure::series::{Asked as Question, Charted, ChartsOf, Extent};
use crate::model::{Script, Span, Time};

use super::inquiries::{Asked, View};
use super::playback::Window;
use super::state::App;

/// How much of the run the series show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    #[default]
    Whole,
    /// What the close-up shows.
    CloseUp,
}

/// In how many buckets a series is measured.
const BUCKETS: std::ops::RangeInclusive<usize> = 48..=240;
/// So many records a bucket: of fewer a figure would be of one or two arrivals, and jump about.
const RECORDS_A_BUCKET: f64 = 400.0;
/// So many buckets of services in all, where there are many services.
const MOST_CELLS: usize = 24_000;

/// The state of the metrics view.
#[derive(Default)]
pub struct Metrics {
    /// How much of the run the series show.
    pub reach: Reach,
    /// Of what the distributions are.
    pub extent: Extent,
    charts: Option<Asked<(Question, Script), Charted, Charted>>,
    behind: Option<Asked<(Question, Script), Charted, Charted>>,
}

impl App {
    /// What is charted of the run, as far as it is known.
    #[must_use]
    pub fn charted(&self) -> Option<&Arc<Charted>> {
        self.metrics.charts.as_ref()?.answer.as_ref()
    }

    /// The same of the branch behind.
    #[must_use]
    pub fn charted_behind(&self) -> Option<&Arc<Charted>> {
        self.metrics.behind.as_ref()?.answer.as_ref()
    }

    /// How much of the charts is worked out, from 0 to 1; `None` if all is.
    #[must_use]
    pub fn charts_progress(&self) -> Option<f32> {
        let charts = &self.metrics.charts;
        let both = charts.iter().chain(&self.metrics.behind).filter(|it| !it.pending.is_settled());
        both.map(|it| it.pending.progress()).min_by(f32::total_cmp)
    }

    /// The branch that is shown behind: the one that this is compared with, else the one that it
    /// was forked from.
    #[must_use]
    pub fn behind(&self) -> Option<BranchId> {
        let shown = self.branch();
        let compared = self.comparison.as_ref().and_then(|it| match shown.id {
            id if id == it.of => Some(it.with),
            id if id == it.with => Some(it.of),
            _ => None,
        });
        compared.or_else(|| shown.parent.map(|it| it.0))
    }

    /// The span of time that the series show.
    #[must_use]
    pub fn charted_window(&self) -> Window {
        match self.metrics.reach {
            Reach::Whole => Window::of(Time::ZERO, self.whole()),
            Reach::CloseUp => self.window,
        }
    }

    /// Takes what was worked out, and asks for what is to be shown now.
    pub(super) fn inquire_charts(&mut self) {
        if self.settings.view != View::Metrics {
            return;
        }
        let script = Arc::clone(&self.run.script);
        let of = std::mem::take(&mut self.metrics.charts);
        self.metrics.charts = Some(self.asked_charts(of, script));
        let behind = self.behind().map(|it| self.tree().script(it));
        let of = std::mem::take(&mut self.metrics.behind);
        self.metrics.behind = behind.map(|it| self.asked_charts(of, it));
    }

    fn asked_charts(
        &self,
        mut asked: Option<Asked<(Question, Script), Charted, Charted>>,
        script: Script,
    ) -> Asked<(Question, Script), Charted, Charted> {
        if let Some(asked) = &mut asked {
            asked.take(|it| it);
        }
        let same = asked.filter(|it| it.about.is(self) && it.question.1 == script);
        let before = same.as_ref().map(|it| it.question.0.end);
        let question = (self.charts_question(&script, before), script);
        match same {
            // One after the other: while time is dragged there is always something to be seen.
            Some(it) if !it.pending.is_over() || it.question == question => it,
            before => {
                let answer = before.and_then(|it| it.answer);
                let buckets = self.buckets(&question.0);
                let inquiry = ChartsOf::new(Arc::clone(&question.1), question.0.clone(), buckets);
                Asked { answer, ..self.asked(inquiry, question) }
            }
        }
    }

    /// In how many buckets: as many as there is enough to be measured in, as far as that can be
    /// told, and no more than can be kept.
    fn buckets(&self, question: &Question) -> usize {
        let seconds = |it: Span| it.as_secs_f64().max(1e-9);
        let progress = &self.run.progress;
        #[expect(clippy::cast_precision_loss, reason = "about how many records there are")]
        let rate = progress.records as f64 / seconds(progress.head.since(Time::ZERO));
        let records = rate * seconds(question.until.since(question.from));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let enough = (records / RECORDS_A_BUCKET).clamp(1.0, 1e6) as usize;
        let most = MOST_CELLS / self.run.base.services.len().max(1);
        enough.clamp(*BUCKETS.start(), *BUCKETS.end()).min(most.max(*BUCKETS.start()))
    }

    /// What is to be known. A run without an end is looked at as far as it was simulated, and
    /// again when it is a quarter longer.
    fn charts_question(&self, script: &Script, before: Option<Time>) -> Question {
        let end = self.run.end().unwrap_or_else(|| {
            let head = self.run.progress.head.max(self.playback.at);
            let is_enough = |it: &Time| head <= *it + Span(it.0 / 4) + Span::from_secs(5);
            before.filter(is_enough).filter(|it| *it >= self.playback.at).unwrap_or(head)
        });
        let Window { from, to } = match self.metrics.reach {
            Reach::Whole => Window { from: Time::ZERO, to: end },
            Reach::CloseUp => self.window,
        };
        let looped = self.made.marks.looped(Some(end)).map(|it| (it.from, it.to));
        let outage = compare::outage(&self.run.base, script, end);
        Question { from: from.min(end), until: to.min(end), end, outage, looped }
    }
}
