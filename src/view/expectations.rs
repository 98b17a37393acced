//! What the scenario expects of its runs, and whether it is so at the playhead.

use std::fmt::Write;

use crate::app::App;
use crate::measure::{judge, words};
use crate::model::{Model, Time};

/// The list.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectationsView {
    /// The lines, in the order of the file.
    pub lines: Vec<Line>,
    /// How they stand, in a line.
    pub summary: String,
    /// How much of it is found out, from 0 to 1, while not all is.
    pub progress: Option<f32>,
}

/// An expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Of which variant it is; empty for the only one.
    pub variant: String,
    /// What is expected, in a sentence.
    pub sentence: String,
    /// The same as the file has it.
    pub text: String,
    /// Why, in the words of whoever wrote it.
    pub because: String,
    /// How it stands.
    pub state: State,
    /// What was measured; empty while that is not known.
    pub found: String,
    /// The instant that decides it.
    pub at: Option<Time>,
}

/// How an expectation stands at the playhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is being found out.
    Unknown,
    /// It is met.
    Passed,
    /// It is not met.
    Failed,
    /// It is decided later than the playhead; in the end it is met, or not.
    NotYet(bool),
}

impl State {
    /// In a word or two.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unknown => "measuring",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotYet(true) => "not yet; passes",
            Self::NotYet(false) => "not yet; fails",
        }
    }
}

/// The expectations at the playhead.
#[must_use]
pub fn expectations(app: &App) -> ExpectationsView {
    let now = app.playback.at;
    let variants = app.scenario.variants.iter().map(|it| (it.name.as_str(), &*it.model));
    let variants: Vec<(&str, &Model)> = variants.collect();
    let all = app.scenario.expect.iter().enumerate();
    let lines: Vec<Line> = all
        .map(|(place, it)| {
            let judged = app.expecting.judged.get(place).and_then(Option::as_ref);
            let verdict = judged.map(|it| &it.verdict);
            let state = verdict.map_or(State::Unknown, |it| match (it.passed, it.at > now) {
                (passed, true) => State::NotYet(passed),
                (true, false) => State::Passed,
                (false, false) => State::Failed,
            });
            Line {
                variant: app
                    .scenario
                    .variants
                    .get(it.variant)
                    .map(|it| it.name.clone())
                    .unwrap_or_default(),
                sentence: words::expectation(it, &variants),
                text: it.text.clone(),
                because: it.because.clone(),
                state,
                found: verdict.map(|found| judge::words(it, found)).unwrap_or_default(),
                at: verdict.map(|it| it.at),
            }
        })
        .collect();
    let count = |state: &dyn Fn(State) -> bool| lines.iter().filter(|it| state(it.state)).count();
    let passed = count(&|it| it == State::Passed);
    let failed = count(&|it| it == State::Failed);
    let not_yet = count(&|it| matches!(it, State::NotYet(_)));
    let unknown = count(&|it| it == State::Unknown);
    let so_far = if unknown > 0 { "So far " } else { "" };
    let mut summary = format!("{so_far}{passed} passed, {failed} failed at {now:.3}");
    if not_yet > 0 {
        let _ = write!(summary, ", {not_yet} decided later");
    }
    if unknown > 0 {
        let _ = write!(summary, ", {unknown} being measured");
    }
    ExpectationsView { lines, summary, progress: app.expecting.progress() }
}

/// The same as text.
#[must_use]
pub fn text(view: &ExpectationsView) -> String {
    let mut out = format!("{}\n", view.summary);
    for it in &view.lines {
        let sign = match it.state {
            State::Unknown => '…',
            State::Passed => '+',
            State::Failed => '-',
            State::NotYet(_) => 'o',
        };
        let _ = writeln!(out, "{sign} {:<8} {}\n    {}", it.variant, it.sentence, it.found);
    }
    out
}
