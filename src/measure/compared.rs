//! A comparison as it is told: the figures of all columns, over several seeds if there are
//! several, a sentence a column, and what makes it fair. The command line, the window and what is
//! copied as Markdown all tell this.

use crate::model::{Time, Unit};

use super::compare::{self, Column, Fairness, Good, Row};
use super::judge::number;
use super::sentence;
use super::spread::Spread;

/// Below how many seeds an interval says little.
pub const ENOUGH_SEEDS: u64 = 20;

/// A comparison as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// What is compared, as a title.
    pub title: String,
    /// What the columns are called.
    pub names: Vec<String>,
    /// The seeds that were run.
    pub seeds: Vec<u64>,
    /// The rows of the first seed, with the trials of all, and for each the spread column by column
    /// if there are several.
    pub rows: Vec<(Row, Vec<Option<Spread>>)>,
    /// A sentence a column.
    pub sentences: Vec<String>,
    /// What is the same in all columns, and what is not.
    pub fairness: Fairness,
    /// The fault: from when, and until when.
    pub outage: Option<(Time, Time)>,
    /// Column by column what breaks then, in a few words.
    pub faults: Vec<Option<String>>,
    /// How many faults the scenario has; the most of all columns.
    pub fault_count: usize,
}

impl Compared {
    /// Tells of the columns of each seed, at least one.
    #[must_use]
    pub fn new(title: &str, names: Vec<String>, all: &[(u64, Vec<Column>)]) -> Self {
        let mut by_seed = all.iter().map(|(_, columns)| compare::all_rows(columns));
        let first = by_seed.next().unwrap_or_default();
        let others: Vec<Vec<Row>> = by_seed.collect();
        let columns: &[Column] = all.first().map_or(&[], |it| &it.1);
        let rows: Vec<_> = first.into_iter().map(|row| spreads(row, &others)).collect();
        let was_seen = |it: &Option<Spread>| it.is_some_and(|it| it.most != 0.0);
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|(row, spreads)| row.is_of_interest() || spreads.iter().any(was_seen))
            .collect();
        let plain: Vec<Row> = rows.iter().map(|it| it.0.clone()).collect();
        let sentences = (0..columns.len())
            .map(|it| sentence::sentence(&sentence::clauses(columns, &plain, it)))
            .collect();
        let outage = columns.iter().find_map(|it| it.outage.as_ref());
        Self {
            title: title.to_owned(),
            names,
            seeds: all.iter().map(|it| it.0).collect(),
            sentences,
            fairness: compare::fairness(columns),
            rows,
            outage: outage.map(|it| (it.from, it.until)),
            faults: columns.iter().map(|it| it.fault.clone()).collect(),
            fault_count: columns.iter().map(|it| it.model.faults.len()).max().unwrap_or(0),
        }
    }

    /// What stands in a row under a column: the value, or the mean with its interval.
    #[must_use]
    pub fn cell(&self, place: usize, column: usize) -> String {
        let (row, spreads) = &self.rows[place];
        let Some(value) = row.values[column] else { return "–".to_owned() };
        match spreads.get(column).copied().flatten() {
            Some(spread) => self.bound(place, column).unwrap_or_else(|| {
                let half = spread.half_width.unwrap_or(0.0);
                format!("{} ± {}", number(spread.mean, row.unit), number(half, row.unit))
            }),
            None => number(value, row.unit),
        }
    }

    /// Of what never happened in any run, or always did: how often it can be all the same, with 95 %
    /// confidence.
    #[must_use]
    pub fn bound(&self, place: usize, column: usize) -> Option<String> {
        let (row, spreads) = &self.rows[place];
        let spread = spreads.get(column).copied().flatten()?;
        let trials = row.trials.get(column).copied().filter(|it| *it > 0)?;
        let bound = Spread::rule_of_three(trials);
        let (is_never, is_always) = (spread.most == 0.0, spread.least == 1.0);
        match row.unit {
            Unit::Share if is_never => Some(format!("0 % (< {})", number(bound, row.unit))),
            Unit::Share if is_always => {
                Some(format!("100 % (all but < {})", number(bound, row.unit)))
            }
            Unit::Count if is_never => {
                Some(format!("0 (< {} per 1000)", number(bound * 1000.0, row.unit)))
            }
            _ => None,
        }
    }

    /// The column that is better than every other; over several seeds so that their intervals do not
    /// meet.
    #[must_use]
    pub fn best(&self, place: usize) -> Option<usize> {
        let (row, spreads) = &self.rows[place];
        let is_whole = |it: &usize| !row.is_partial(*it);
        if spreads.is_empty() {
            return row.best();
        }
        let spreads: Option<Vec<Spread>> = spreads.iter().copied().collect();
        let spreads = spreads.filter(|it| it.len() > 1)?;
        let ends = |it: &Spread| {
            let half = it.half_width.unwrap_or(0.0);
            (it.mean - half, it.mean + half)
        };
        (0..spreads.len()).filter(is_whole).find(|one| {
            let (low, high) = ends(&spreads[*one]);
            let mut others = spreads.iter().enumerate().filter(|(it, _)| it != one);
            others.all(|(_, it)| match row.good {
                Good::Low => high < ends(it).0,
                Good::High => low > ends(it).1,
                Good::Neither => false,
            })
        })
    }

    /// What stands before the sentences, if they are of one of several seeds.
    #[must_use]
    pub fn of_which_seed(&self) -> String {
        match self.seeds.as_slice() {
            [first, _, ..] => format!("Of seed {first}:\n\n"),
            _ => String::new(),
        }
    }

    /// How many times the first column's value a value is.
    #[must_use]
    pub fn delta(&self, place: usize, column: usize) -> Option<f64> {
        let row = &self.rows[place].0;
        let (first, value) = (row.values[0]?, row.values[column]?);
        (column > 0 && first != 0.0).then(|| value / first)
    }

    /// Which seeds were run.
    #[must_use]
    pub fn seeds_in_words(&self) -> String {
        match self.seeds.as_slice() {
            [seed] => format!("seed {seed}"),
            [first, .., last] => {
                format!("{} seeds, {first} to {last}; mean ± 95 % interval", self.seeds.len())
            }
            [] => String::new(),
        }
    }

    /// Which fault there is, to be said after the seeds; in which column, if it is not the same in all.
    #[must_use]
    pub fn outage_in_words(&self) -> String {
        let Some((from, until)) = &self.outage else { return " · no fault".to_owned() };
        let what = match self.faults.as_slice() {
            [Some(first), rest @ ..] if rest.iter().all(|it| it.as_ref() == Some(first)) => {
                first.clone()
            }
            all => {
                let told = all.iter().zip(&self.names).filter_map(|(fault, name)| {
                    fault.as_ref().map(|fault| format!("{fault} in {name}"))
                });
                told.collect::<Vec<_>>().join(", ")
            }
        };
        let first = match self.fault_count {
            0 | 1 => String::new(),
            count => format!(" (the first of {count})"),
        };
        format!(" · the fault: {what}, {from} to {until}{first}")
    }

    /// All of it as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let escaped = |text: &str| text.replace('|', "\\|");
        let mut out = format!("## {}\n\n{}", self.title, self.of_which_seed());
        for (name, sentence) in self.names.iter().zip(&self.sentences) {
            out += &format!("- **{}**: {}\n", escaped(name), escaped(sentence));
        }
        out += &format!("\n{}{}\n\n", self.seeds_in_words(), self.outage_in_words());
        let names: Vec<String> = self.names.iter().map(|it| escaped(it)).collect();
        let lines = " ---: |".repeat(names.len());
        out += &format!("| | | {} |\n| --- | --- |{lines}\n", names.join(" | "));
        for place in 0..self.rows.len() {
            let row = &self.rows[place].0;
            let cells = (0..names.len()).map(|column| {
                let cell = self.cell(place, column);
                if self.best(place) == Some(column) { format!("**{cell}**") } else { cell }
            });
            let cells: Vec<String> = cells.collect();
            let label = escaped(&row.label);
            out += &format!("| {label} | {} | {} |\n", arrow(row.good), cells.join(" | "));
        }
        out += "\n↓ less is better, ↑ more is; bold: better than every other.\n\n";
        out + &self.fair_in_words().join(" ") + "\n"
    }

    /// What is the same, what is not, and what is assumed: a sentence each.
    #[must_use]
    pub fn fair_in_words(&self) -> Vec<String> {
        let Fairness { same, different, assumed } = &self.fairness;
        let mut sentences = Vec::new();
        for (what, list) in
            [("Found to be the same", same), ("Not the same", different), ("Assumed", assumed)]
        {
            if !list.is_empty() {
                sentences.push(format!("{what}: {}.", list.join("; ")));
            }
        }
        sentences
    }
}

/// The direction that is good, as a sign.
#[must_use]
pub const fn arrow(good: Good) -> &'static str {
    match good {
        Good::Low => "↓",
        Good::High => "↑",
        Good::Neither => "",
    }
}

/// A row of the first seed with those of the others.
fn spreads(mut row: Row, others: &[Vec<Row>]) -> (Row, Vec<Option<Spread>>) {
    let is_same = |it: &&Row| it.label == row.label && it.over == row.over;
    let same: Vec<Option<&Row>> = others.iter().map(|rows| rows.iter().find(is_same)).collect();
    let spread = |column: usize| {
        let rest = same.iter().filter_map(|it| it.and_then(|it| it.values[column]));
        let values: Vec<f64> = row.values[column].into_iter().chain(rest).collect();
        Spread::of(&values)
    };
    let columns = if others.is_empty() { 0 } else { row.values.len() };
    let spreads = (0..columns).map(spread).collect();
    for it in same.iter().flatten() {
        let more = row.trials.iter_mut().zip(&it.trials);
        more.for_each(|(trials, more)| *trials += more);
    }
    (row, spreads)
}
