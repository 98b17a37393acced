//! One true sentence for a column. Each clause comes with the claims that make it true, so that a
//! test (or a doubter) can hold it to the figures.

use crate::model::{AnomalyKind, Figure, Relation, ServiceId, Stat, Unit};

use super::compare::{Column, Over, Row, common_workloads};
use super::judge::number;

/// A clause, and what must hold for it to be true.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// In words, without a full stop.
    pub text: String,
    /// The claims: a figure of the column's, over a span, and how it stands to a number.
    pub claims: Vec<(Over, Figure, Relation, f64)>,
}

impl Clause {
    /// Whether all of its claims hold of a column.
    #[must_use]
    pub fn holds(&self, column: &Column) -> bool {
        self.claims.iter().all(|(over, figure, relation, number)| {
            let value = column.measured(*over).and_then(|it| it.figure(*figure));
            value.is_some_and(|it| relation.holds(it, *number))
        })
    }
}

/// What is worth saying of a column: about a workload under the fault, about waste and
/// wrong values; and, of a comparison without a fault, at what it is best and worst.
#[must_use]
pub fn clauses(columns: &[Column], rows: &[Row], column: usize) -> Vec<Clause> {
    let it = &columns[column];
    let mut clauses = Vec::new();
    let told_of = most_different(columns);
    let told_of = told_of.as_ref().and_then(|name| Some((name, it.workload(name)?)));
    if let (Some((who, workload)), Some(fault)) = (told_of, it.fault.clone()) {
        clauses.extend(under_fault(it, who, workload, &fault));
    }
    clauses.extend(waste(it));
    clauses.extend(wrong_values(it));
    if it.outage.is_none() {
        clauses.extend(best_and_worst(rows, column));
    }
    clauses
}

/// The workload of which the columns serve the most different shares during the outage; the first
/// of several.
fn most_different(columns: &[Column]) -> Option<String> {
    let spread = |name: &str| {
        let served = columns
            .iter()
            .filter_map(|it| it.outage.as_ref()?.figure(Figure::Available(it.workload(name)?)));
        let (least, most) =
            served.fold((1.0, 0.0), |(least, most): (f64, f64), it| (least.min(it), most.max(it)));
        most - least
    };
    let mut found: Option<(String, f64)> = None;
    for name in common_workloads(columns) {
        let spread = spread(&name);
        if found.as_ref().is_none_or(|it| spread > it.1) {
            found = Some((name, spread));
        }
    }
    found.map(|it| it.0)
}

/// The sentence made of clauses.
#[must_use]
pub fn sentence(clauses: &[Clause]) -> String {
    if clauses.is_empty() {
        return String::new();
    }
    let texts: Vec<&str> = clauses.iter().map(|it| it.text.as_str()).collect();
    format!("{}.", texts.join("; "))
}

fn under_fault(column: &Column, who: &str, workload: ServiceId, fault: &str) -> Option<Clause> {
    let outage = column.outage.as_ref()?;
    let available = outage.figure(Figure::Available(workload))?;
    let blast = outage.figure(Figure::BlastRadius)?;
    let is = |figure, relation, number| (Over::Outage, figure, relation, number);
    // The workload itself is one of those that show errors.
    let others = match outage.blast.iter().filter(|it| **it != workload).count() {
        0 => String::new(),
        1 => ", and one other part shows errors or stops".to_owned(),
        many => format!(", and {many} other parts show errors or stop"),
    };
    let mut claims = vec![
        is(Figure::Available(workload), Relation::Equal, available),
        is(Figure::BlastRadius, Relation::Equal, blast),
    ];
    let text = if available >= 1.0 && outage.blast.is_empty() {
        let healthy = column.healthy.figure(Figure::Free(workload, Stat::P99));
        let now = outage.figure(Figure::Free(workload, Stat::P99));
        match (healthy, now) {
            // Half as long again would be noticed.
            (Some(healthy), Some(now)) if now <= healthy * 1.5 => {
                claims.push(is(Figure::Free(workload, Stat::P99), Relation::AtMost, healthy * 1.5));
                format!("while {fault}, {who} do not notice it")
            }
            _ => format!("while {fault}, all {who} are served"),
        }
    } else if available >= 1.0 {
        format!("while {fault}, all {who} are served{others}")
    } else if available <= 0.0 {
        format!("while {fault}, none of the {who} is served{others}")
    } else {
        let failed = number(1.0 - available, Unit::Share);
        format!("while {fault}, {failed} of the {who} are not served{others}")
    };
    Some(Clause { text, claims })
}

fn waste(column: &Column) -> Option<Clause> {
    let of = |figure| column.whole.figure(figure);
    let (polls, empty) = (of(Figure::Polls)?, of(Figure::EmptyPolls)?);
    (empty > 0.0).then(|| Clause {
        text: format!("{empty} of {polls} questions taught nothing"),
        claims: vec![
            (Over::Whole, Figure::Polls, Relation::Equal, polls),
            (Over::Whole, Figure::EmptyPolls, Relation::Equal, empty),
        ],
    })
}

fn wrong_values(column: &Column) -> Option<Clause> {
    let has_projections = column.model.stores.iter().any(|it| it.projection_of.is_some());
    has_projections.then_some(())?;
    let figure = |kind| Figure::Anomalies(None, Some(kind));
    let count = |kind| column.whole.figure(figure(kind)).unwrap_or(0.0);
    let never = count(AnomalyKind::Missing) + count(AnomalyKind::Lost);
    let wrongly = AnomalyKind::ALL.into_iter().map(count).sum::<f64>() - never;
    let applied = match wrongly {
        0.0 => "in the whole run no event was applied wrongly".to_owned(),
        1.0 => "in the whole run one event was applied wrongly".to_owned(),
        it => format!("in the whole run {it} times an event was applied wrongly"),
    };
    let text = match never {
        0.0 => applied,
        1.0 => format!("{applied}, and one never will be applied"),
        it => format!("{applied}, and {it} never will be applied"),
    };
    let is = |kind| (Over::Whole, figure(kind), Relation::Equal, count(kind));
    Some(Clause { text, claims: AnomalyKind::ALL.into_iter().map(is).collect() })
}

/// The first row at which the column is better than every other, and the first at which it is
/// worse. Their truth is in the rows themselves.
fn best_and_worst(rows: &[Row], column: usize) -> Vec<Clause> {
    let find = |which: &dyn Fn(&Row) -> Option<usize>, word: &str| {
        let mut rows = rows.iter().filter(|it| !it.is_detail);
        let row = rows.find(|it| which(it) == Some(column))?;
        let value = number(row.values[column]?, row.unit);
        Some(Clause { text: format!("{word} at “{}”: {value}", row.label), claims: Vec::new() })
    };
    let (best, worst) = (find(&Row::best, "best"), find(&Row::worst, "worst"));
    best.into_iter().chain(worst).collect()
}
