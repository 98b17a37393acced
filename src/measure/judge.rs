//! The judge: which surveys of which variants a scenario's expectations need, and what comes of
//! them.

use std::sync::Arc;

use crate::model::{Claim, Expectation, Figure, Mode, Model, Relation, Script, Term, Time, Unit};

use super::meter::Part;
use super::survey::{Survey, Surveyed};
use super::watch::{Verdict, Watch};

/// An expectation's verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The place of the expectation in the scenario.
    pub expectation: usize,
    /// How it was met.
    pub verdict: Verdict,
}

/// The survey that expectations need of a variant; `None` if they need none.
#[must_use]
pub fn survey(
    expectations: &[Expectation],
    variant: usize,
    model: &Arc<Model>,
    script: Script,
    end: Time,
) -> Option<Survey> {
    let parts = parts(expectations, variant, model, end);
    let watches: Vec<Watch> = watched(expectations, variant)
        .filter_map(|it| Watch::new(&expectations[it], &model.faults, end))
        .collect();
    if parts.is_empty() && watches.is_empty() {
        return None;
    }
    let mut figures = Vec::new();
    for expectation in expectations.iter().filter(|it| it.mode == Mode::Measured) {
        let mut see = |of, figure| {
            if of == variant {
                figures.push(figure);
            }
        };
        expectation.claim.left.visit(&mut see);
        expectation.claim.right.visit(&mut see);
    }
    Some(Survey::new(script, end, parts).watching(watches).with_levels(figures))
}

/// The parts of a variant's run that are measured, in the order of the survey.
fn parts(expectations: &[Expectation], variant: usize, model: &Model, end: Time) -> Vec<Part> {
    let mut parts = Vec::new();
    let measured = expectations.iter().filter(|it| it.mode == Mode::Measured);
    for expectation in measured.filter(|it| it.variants().contains(&variant)) {
        let part = part(expectation, model, end);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

fn part(expectation: &Expectation, model: &Model, end: Time) -> Part {
    let (from, until) = expectation.during.span(&model.faults, end);
    Part { from, until, buckets: 1 }
}

/// The expectations that are watched in a variant's run, in the order of the survey.
fn watched(expectations: &[Expectation], variant: usize) -> impl Iterator<Item = usize> {
    let all = expectations.iter().enumerate();
    let those = all.filter(move |(_, it)| it.variant == variant && it.mode != Mode::Measured);
    those.map(|(place, _)| place)
}

/// What became of the expectations, given what was found of each variant that they need.
#[must_use]
pub fn judge(
    expectations: &[Expectation],
    variants: &[(Arc<Model>, Time)],
    surveyed: &[Option<Surveyed>],
) -> Vec<Judged> {
    let mut judged = Vec::new();
    for (variant, found) in surveyed.iter().enumerate() {
        let Some(found) = found else { continue };
        for (verdict, expectation) in found.verdicts.iter().zip(watched(expectations, variant)) {
            judged.push(Judged { expectation, verdict: verdict.clone() });
        }
    }
    for (place, expectation) in expectations.iter().enumerate() {
        if expectation.mode != Mode::Measured {
            continue;
        }
        let mut of = |variant: usize, figure: Figure| {
            let (model, end) = &variants[variant];
            let wanted = part(expectation, model, *end);
            let parts = parts(expectations, variant, model, *end);
            let place = parts.iter().position(|it| *it == wanted)?;
            surveyed[variant].as_ref()?.parts[place].first()?.figure(figure)
        };
        let Claim { left, relation, right } = &expectation.claim;
        let (left, right) = (left.value(&mut of), right.value(&mut of));
        let passed = match (left, right) {
            (Some(left), Some(right)) => relation.holds(left, right),
            _ => false,
        };
        let (model, end) = &variants[expectation.variant];
        let at = part(expectation, model, *end).until;
        judged.push(Judged { expectation: place, verdict: Verdict { passed, at, left, right } });
    }
    judged.sort_by_key(|it| it.expectation);
    judged
}

/// What was found, in words: `0.984 s is not below 0.5 s, at 28.000 s`.
#[must_use]
pub fn words(expectation: &Expectation, verdict: &Verdict) -> String {
    let Verdict { passed, at, left, right } = verdict;
    let unit = unit(&expectation.claim);
    let (Some(left), Some(right)) = (left, right) else {
        return format!("there is nothing to measure, up to {at}");
    };
    let holds = expectation.claim.relation.holds(*left, *right);
    let not = if holds { "is" } else { "is not" };
    let relation = match expectation.claim.relation {
        Relation::Below => "below",
        Relation::Above => "above",
        Relation::AtMost => "at most",
        Relation::AtLeast => "at least",
        Relation::Equal => "equal to",
        Relation::Unequal => "other than",
        Relation::Near(share) => {
            let share = share * 100.0;
            return format!(
                "{} {not} within {share} % of {}, at {at}",
                number(*left, unit),
                number(*right, unit)
            );
        }
    };
    let instant = match expectation.mode {
        Mode::Always | Mode::Never if *passed => "up to",
        _ => "at",
    };
    format!("{} {not} {relation} {}, {instant} {at}", number(*left, unit), number(*right, unit))
}

/// The unit of both sides of a claim, as far as it is one.
pub(super) fn unit(claim: &Claim) -> Unit {
    let mut units = Vec::new();
    let mut has_ratio = false;
    for side in [&claim.left, &claim.right] {
        has_ratio |= matches!(side, Term::Over(..));
        side.visit(&mut |_, figure| units.push(figure.unit()));
    }
    match units.first() {
        Some(first) if !has_ratio && units.iter().all(|it| it == first) => *first,
        _ => Unit::Count,
    }
}

/// A number as a person reads it.
#[must_use]
pub fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value >= 0.0 => crate::model::Span::from_secs_f64(value).to_string(),
        Unit::Seconds => format!("-{}", crate::model::Span::from_secs_f64(-value)),
        Unit::Share => format!("{} %", plain(value * 100.0)),
        Unit::PerSecond => format!("{} /s", plain(value)),
        Unit::Bytes => format!("{} B", plain(value)),
        Unit::Count => plain(value),
    }
}

/// A number to three digits or so, where it is read at a glance; what is before the point stays.
#[must_use]
pub fn short(value: f64, unit: Unit) -> String {
    // Things are counted one by one.
    if unit == Unit::Count && value.fract() == 0.0 {
        return number(value, unit);
    }
    if unit != Unit::Seconds || value <= 0.0 {
        let rounded = if value.abs() < 1e-12 {
            0.0
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "a power of ten")]
            let power = 10f64.powi((2 - value.abs().log10().floor() as i32).max(0));
            (value * power).round() / power
        };
        return number(rounded, unit);
    }
    let (value, name) = match value {
        it if it >= 1.0 => (it, "s"),
        it if it >= 1e-3 => (it * 1e3, "ms"),
        it if it >= 1e-6 => (it * 1e6, "µs"),
        it => (it * 1e9, "ns"),
    };
    let decimals = match value {
        it if it >= 99.5 => 0,
        it if it >= 9.95 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text} {name}")
}

/// With as many decimals as say something.
fn plain(value: f64) -> String {
    let decimals = match value.abs() {
        it if it >= 1000.0 => 0,
        it if it >= 10.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
