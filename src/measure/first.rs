//! The first difference between the columns of a comparison: as users see it, the first arrival
//! that comes, is free again, or comes to its end at another instant, or otherwise; the first
//! message that is turned away; the first anomaly.

use std::collections::BTreeMap;

use crate::model::{Time, Unit};

use super::arrivals::Fate;
use super::compare::Column;
use super::judge::short;

/// Where columns first differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First {
    /// When.
    pub at: Time,
    /// In a sentence without a full stop.
    pub text: String,
}

/// What may differ of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Aspect {
    Arrival,
    Free,
    End,
}

/// Finds it among the arrivals whose fates the columns know; `None` if those are all the same.
#[must_use]
pub fn first_difference(columns: &[Column]) -> Option<First> {
    let (first, _) = columns.split_first()?;
    let by_key: Vec<BTreeMap<(u64, u64), &Fate>> = columns
        .iter()
        .map(|it| it.fates.iter().map(|it| ((it.who, it.ordinal), it)).collect())
        .collect();
    let mut found: Option<(Time, Aspect, (u64, u64))> = None;
    for key in by_key.iter().flat_map(BTreeMap::keys) {
        let fates: Vec<Option<&Fate>> = by_key.iter().map(|it| it.get(key).copied()).collect();
        for aspect in [Aspect::Arrival, Aspect::Free, Aspect::End] {
            if let Some(at) = differs(&fates, aspect)
                && found.is_none_or(|it| (at, aspect) < (it.0, it.1))
            {
                found = Some((at, aspect, *key));
            }
        }
    }
    let (at, aspect, key) = found?;
    let fates: Vec<Option<&Fate>> = by_key.iter().map(|it| it.get(&key).copied()).collect();
    let workload = fates.iter().zip(columns).find_map(|(fate, column)| {
        let service = column.model.services.get((*fate)?.workload.index())?;
        Some(service.name.as_str())
    });
    let workload = workload.unwrap_or(first.name.as_str());
    let cells = fates
        .iter()
        .zip(columns)
        .map(|(fate, column)| format!("{} in {}", told(*fate, aspect), column.name));
    let cells: Vec<String> = cells.collect();
    let what = match aspect {
        Aspect::Arrival => "comes",
        Aspect::Free => "is free again",
        Aspect::End => "knows the outcome",
    };
    let text = format!("number {} of the {workload} {what} {}", key.1, cells.join(", "));
    Some(First { at, text })
}

/// Finds it among anomalies, given the instants of those of each column in order: the first that
/// not all have.
#[must_use]
pub fn first_anomaly(names: &[String], instants: &[Vec<Time>]) -> Option<First> {
    let longest = instants.iter().map(Vec::len).max()?;
    let of = |place: usize| instants.iter().map(move |it| it.get(place).copied());
    let place = (0..longest).find(|place| {
        let mut all = of(*place);
        let first = all.next().flatten();
        all.any(|it| it != first)
    })?;
    let at = of(place).flatten().min()?;
    let there = of(place).zip(names).filter(|(it, _)| *it == Some(at));
    let there: Vec<&str> = there.map(|it| it.1.as_str()).collect();
    Some(First { at, text: format!("there is an anomaly in {}", there.join(" and in ")) })
}

/// Finds it among the first messages of columns that are turned away where they come to.
#[must_use]
pub fn first_turned_away(columns: &[Column]) -> Option<First> {
    let firsts = || columns.iter().map(|it| it.whole.slot.turned_away);
    let all: Vec<Option<Time>> = firsts().map(|it| it.map(|it| it.0)).collect();
    let (at, service) = firsts().flatten().min()?;
    if all.iter().all(|it| *it == Some(at)) {
        return None;
    }
    let there = columns.iter().filter(|it| it.whole.slot.turned_away == Some((at, service)));
    let names: Vec<&str> = there.clone().map(|it| it.name.as_str()).collect();
    let service = &there.into_iter().next()?.model.services.get(service.index())?.name;
    let text = format!("a message is turned away at {service} in {}", names.join(" and in "));
    Some(First { at, text })
}

/// The first instant at which an arrival is seen to differ in an aspect.
fn differs(fates: &[Option<&Fate>], aspect: Aspect) -> Option<Time> {
    let of = |it: &Option<&Fate>| {
        let it = (*it)?;
        match aspect {
            Aspect::Arrival => Some((it.at, true)),
            Aspect::Free => it.free.map(|at| (at, true)),
            Aspect::End => it.end,
        }
    };
    let all: Vec<Option<(Time, bool)>> = fates.iter().map(of).collect();
    let is_same = all.windows(2).all(|it| it[0] == it[1]);
    let earliest = || all.iter().flatten().map(|it| it.0).min();
    if is_same { None } else { earliest() }
}

fn told(fate: Option<&Fate>, aspect: Aspect) -> String {
    let Some(fate) = fate else { return "not at all".to_owned() };
    let after =
        |at: Time| format!("after {}", short(at.since(fate.at).as_secs_f64(), Unit::Seconds));
    match aspect {
        Aspect::Arrival => format!("at {:.3}", fate.at),
        Aspect::Free => fate.free.map_or_else(|| "not by the end".to_owned(), after),
        Aspect::End => match fate.end {
            None => "not by the end".to_owned(),
            Some((at, true)) => after(at),
            Some((at, false)) => format!("{}, in vain,", after(at)),
        },
    }
}
