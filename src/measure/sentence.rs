//! One true sentence for a column. Each clause comes with the claims that make it true, so that a
//! test (or a doubter) can hold it to the figures.

use crate::model::{AnomalyKind, Figure, Relation, ServiceId, Stat, StoreId, Unit};

use super::compare::{self, Column, Good, OfAllShown, Over, Row, common_workloads, reads_the_same};
use super::judge::{number, short};

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

/// What is worth saying of a column: what tells it apart from the others. What is the same in all
/// of them comes last, if there is room for it.
///
/// A clause is said if it is not what is said of every other column: of users under the fault, of
/// waste, of wrong values, of what cards show at the end. Without a fault it is also said at what
/// the column is clearly best and worst. As long as another column is not told apart the figure
/// follows that tells it apart most clearly; a column that differs in no figure is named.
#[must_use]
pub fn clauses(columns: &[Column], rows: &[Row], column: usize) -> Vec<Clause> {
    let told_of = most_different(columns);
    let is_anybody_left = columns.iter().any(|it| {
        let workload = told_of.as_ref().and_then(|name| it.workload(name));
        let share = workload.and_then(|of| it.whole.figure(Figure::Available(of)));
        share.is_some_and(|it| it < 1.0)
    });
    let own = |it: &Column| {
        let users = told_of.as_ref().and_then(|name| Some((name, it.workload(name)?)));
        let users = users.and_then(|(who, workload)| match &it.fault {
            Some(fault) => under_fault(it, who, workload, fault),
            None => served(it, who, workload).filter(|_| is_anybody_left),
        });
        [users, waste(it), wrong_values(it), None]
    };
    let mut said_of: Vec<[Option<Clause>; 4]> = columns.iter().map(own).collect();
    for (of, clause) in said_of.iter_mut().zip(shown_values(columns)) {
        of[3] = clause;
    }
    // The others of which all that is said is as true.
    let mut alike: Vec<usize> = (0..columns.len()).filter(|it| *it != column).collect();
    let (mut clauses, mut common) = (Vec::new(), Vec::new());
    for (kind, clause) in said_of[column].iter().enumerate() {
        let Some(clause) = clause else { continue };
        let text = |it: usize| said_of[it][kind].as_ref().map(|it| &it.text);
        let is_common = (0..columns.len()).all(|it| text(it) == Some(&clause.text));
        let list = if is_common { &mut common } else { &mut clauses };
        list.push(clause.clone());
        alike.retain(|it| text(*it) == Some(&clause.text));
    }
    // Who is served without a fault is said, and not once more as a figure.
    let is_told = columns[column].fault.is_none() && said_of[column][0].is_some();
    let is_said = |it: &Row| is_told && it.label.starts_with("Completed (");
    // What is neither good nor bad is what cards show, which is said if it differs.
    let is_new = |it: &&Row| it.good != Good::Neither && !it.is_part() && !is_said(it);
    let mut places: Vec<Placed> =
        rows.iter().filter(is_new).filter_map(|it| Placed::of(it, column)).collect();
    // Who leaves much undone is the best at nothing.
    let leaves_much = columns[column].is_partial(Over::Whole);
    places.retain(|it| !(leaves_much && it.rank == Rank::Best));
    let mut chosen: Vec<&Placed> = Vec::new();
    if columns[column].outage.is_none() {
        for rank in [Rank::Best, Rank::Worst] {
            chosen.extend(places.iter().find(|it| it.rank == rank && it.is_clear()));
        }
    }
    alike.retain(|it| chosen.iter().all(|of| of.distances[*it] < CLEAR));
    while !alike.is_empty() {
        let Some(next) = tells_most_apart(&places, &alike) else { break };
        let told_apart = CLEAR.min(next.most(&alike));
        alike.retain(|it| next.distances[*it] < told_apart);
        if !chosen.iter().any(|it| std::ptr::eq(*it, next)) {
            chosen.push(next);
        }
    }
    clauses.extend(chosen.into_iter().map(Placed::clause));
    if let Some(name) = alike.first().map(|it| &columns[*it].name).filter(|it| !it.is_empty()) {
        clauses.push(Clause {
            text: format!("in no figure does it differ from “{name}”"),
            claims: Vec::new(),
        });
    }
    let room = ENOUGH_CLAUSES.saturating_sub(clauses.len());
    clauses.extend(common.into_iter().take(room.max(usize::from(clauses.is_empty()))));
    clauses
}

/// With so many clauses nothing is added that is the same in all columns.
const ENOUGH_CLAUSES: usize = 3;

/// What differs by a tenth of the greater is clearly apart.
const CLEAR: f64 = 0.1;

/// How a column stands among those that have the figure of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    Best,
    AmongTheBest,
    Between,
    AmongTheWorst,
    Worst,
}

/// A column's place in a row in which it differs from another.
struct Placed<'a> {
    row: &'a Row,
    value: f64,
    rank: Rank,
    /// By column: by how much of the greater the two differ; 0 where there is nothing to compare.
    distances: Vec<f64>,
}

impl<'a> Placed<'a> {
    /// `None` if it has no value, or the same as all others. Values that are of a part count for none.
    fn of(row: &'a Row, column: usize) -> Option<Self> {
        let values = row.values.iter().enumerate();
        let values: Vec<Option<f64>> =
            values.map(|(place, it)| it.filter(|_| !row.is_partial(place))).collect();
        let value = values[column]?;
        let distance = |other: &Option<f64>| other.map_or(0.0, |it| difference(value, it));
        let distances: Vec<f64> = values.iter().map(distance).collect();
        let others = values.iter().zip(&distances).enumerate();
        let others = others.filter(|(place, (it, _))| *place != column && it.is_some());
        let (mut better, mut worse, mut same) = (0, 0, 0);
        for (_, (other, distance)) in others {
            let is_more = other.is_some_and(|it| it > value);
            match (*distance > 0.0, is_more == (row.good == Good::High)) {
                (false, _) => same += 1,
                (true, true) => better += 1,
                (true, false) => worse += 1,
            }
        }
        let rank = match (better, worse, same) {
            (0, 0, _) => return None,
            (0, _, 0) => Rank::Best,
            (_, 0, 0) => Rank::Worst,
            (0, ..) => Rank::AmongTheBest,
            (_, 0, _) => Rank::AmongTheWorst,
            _ => Rank::Between,
        };
        Some(Self { row, value, rank, distances })
    }

    /// The greatest distance to one of these columns.
    fn most(&self, columns: &[usize]) -> f64 {
        columns.iter().map(|it| self.distances[*it]).fold(0.0, f64::max)
    }

    /// Whether it is clearly apart from all that have a value.
    fn is_clear(&self) -> bool {
        self.distances.iter().all(|it| *it == 0.0 || *it >= CLEAR)
    }

    /// Its truth is in the row.
    fn clause(&self) -> Clause {
        let rank = match self.rank {
            Rank::Best => "best",
            Rank::AmongTheBest => "among the best",
            Rank::Between => "between the others",
            Rank::AmongTheWorst => "among the worst",
            Rank::Worst => "worst",
        };
        let value = short(self.value, self.row.unit);
        let text = format!("{rank} at “{}”: {value}", self.row.label);
        Clause { text, claims: Vec::new() }
    }
}

/// By how much of the greater two numbers differ; 0 if they read the same.
fn difference(one: f64, other: f64) -> f64 {
    let difference = (one - other).abs() / one.abs().max(other.abs()).max(f64::MIN_POSITIVE);
    if reads_the_same(one, other) { 0.0 } else { difference }
}

/// Of each column what cards show at the end, where that is not the same in all: whoever wrote the
/// scenario has them look at it. At most two values, those that differ most.
fn shown_values(columns: &[Column]) -> Vec<Option<Clause>> {
    let spread = |it: &OfAllShown| {
        let values = it.values.iter().filter_map(|it| it.1);
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), it| {
            (least.min(it), most.max(it))
        });
        if most > least { difference(least, most) } else { 0.0 }
    };
    let mut shown: Vec<OfAllShown> = compare::shown(columns);
    shown.retain(|it| spread(it) > 0.0);
    shown.sort_by(|a, b| spread(b).total_cmp(&spread(a)));
    shown.truncate(2);
    let of = |column: usize| {
        let values =
            shown.iter().filter_map(|it| Some((it, it.values[column].0, it.values[column].1?)));
        let (mut texts, mut claims) = (Vec::new(), Vec::new());
        for (it, figure, value) in values {
            let unit = if it.unit.is_empty() { String::new() } else { format!(" {}", it.unit) };
            texts.push(format!("{} {}{unit}", it.label, number(value, Unit::Count)));
            let level = columns[column].whole.figure(figure)?;
            claims.push((Over::Whole, figure, Relation::Equal, level));
        }
        let text = format!("at the end: {}", texts.join(", "));
        (!texts.is_empty()).then_some(Clause { text, claims })
    };
    (0..columns.len()).map(of).collect()
}

/// The place that tells most of these columns clearly apart, rather at an end than between; if none
/// does, the one with the greatest distance. The first of several.
fn tells_most_apart<'a, 'b>(places: &'a [Placed<'b>], alike: &[usize]) -> Option<&'a Placed<'b>> {
    let count = |it: &Placed| alike.iter().filter(|of| it.distances[**of] >= CLEAR).count();
    // Of several the first is wanted, and `max_by` gives the last.
    let is_extreme = |it: &Placed| matches!(it.rank, Rank::Best | Rank::Worst);
    let clearest = places.iter().rev().max_by_key(|it| (count(it), is_extreme(it)));
    let clearest = clearest.filter(|it| count(it) > 0);
    clearest.or_else(|| {
        let farthest = places.iter().rev();
        let farthest = farthest.max_by(|a, b| a.most(alike).total_cmp(&b.most(alike)));
        farthest.filter(|it| it.most(alike) > 0.0)
    })
}

/// The workload of which the columns serve the most different shares, during the outage if there is
/// one; the first of several.
fn most_different(columns: &[Column]) -> Option<String> {
    let spread = |name: &str| {
        let served = columns
            .iter()
            .filter_map(|it| Some((it.outage.as_ref().unwrap_or(&it.whole), it.workload(name)?)))
            .filter_map(|(measured, workload)| measured.figure(Figure::Available(workload)));
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

/// Which share of the users is served where nothing breaks.
fn served(column: &Column, who: &str, workload: ServiceId) -> Option<Clause> {
    let figure = Figure::Available(workload);
    let share = column.whole.figure(figure)?;
    let text = if share >= 1.0 {
        format!("all {who} are served")
    } else if share <= 0.0 {
        format!("none of the {who} is served")
    } else {
        format!("{} of the {who} are not served", number(1.0 - share, Unit::Share))
    };
    Some(Clause { text, claims: vec![(Over::Whole, figure, Relation::Equal, share)] })
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
            (Some(healthy), Some(now)) => {
                claims.push(is(Figure::Free(workload, Stat::P99), Relation::Equal, now));
                let [now, healthy] = [now, healthy].map(|it| short(it, Unit::Seconds));
                format!("while {fault}, all {who} are served, in {now} instead of {healthy} (p99)")
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
    column.projections().next()?;
    let figure = |kind| Figure::Anomalies(None, Some(kind));
    let count = |kind| column.whole.figure(figure(kind)).unwrap_or(0.0);
    let is_wrong = |it: &AnomalyKind| !matches!(it, AnomalyKind::Missing | AnomalyKind::Lost);
    let wrongly: f64 = AnomalyKind::ALL.into_iter().filter(is_wrong).map(count).sum();
    // What was applied rightly can be lost again, with the memory that it was in.
    let never = column.sum(Over::Whole, Figure::Never);
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
    let mut claims: Vec<_> = AnomalyKind::ALL.into_iter().filter(is_wrong).map(is).collect();
    let mut claim = |figure: fn(StoreId) -> Figure| {
        let of = |it| column.whole.figure(figure(it)).unwrap_or(0.0);
        let is = |it| (Over::Whole, figure(it), Relation::Equal, of(it));
        claims.extend(column.projections().map(is));
    };
    claim(Figure::Never);
    let open = column.sum(Over::Whole, Figure::NotYet);
    let text = if column.are_many(Over::Whole, open) {
        claim(Figure::NotYet);
        let but = if wrongly + never == 0.0 { "but" } else { "and" };
        format!("{text}, {but} {open} are not applied at the end")
    } else {
        text
    };
    Some(Clause { text, claims })
}
