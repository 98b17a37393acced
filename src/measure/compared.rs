//! A comparison as it is told: the figures of all columns, over several seeds if there are
//! several, a sentence a column, and what makes it fair. The command line, the window and what is
//! copied as Markdown all tell this.

use crate::model::Time;

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
    /// The rows of the first seed, and for each the spread column by column if there are several.
    pub rows: Vec<(Row, Vec<Option<Spread>>)>,
    /// A sentence a column.
    pub sentences: Vec<String>,
    /// What is the same in all columns, and what is not.
    pub fairness: Fairness,
    /// The fault: what it is, from when, and until when.
    pub outage: Option<(String, Time, Time)>,
}

impl Compared {
    /// Tells of the columns of each seed, at least one.
    #[must_use]
    pub fn new(title: &str, names: Vec<String>, all: &[(u64, Vec<Column>)]) -> Self {
        let mut by_seed = all.iter().map(|(_, columns)| compare::rows(columns));
        let first = by_seed.next().unwrap_or_default();
        let others: Vec<Vec<Row>> = by_seed.collect();
        let columns: &[Column] = all.first().map_or(&[], |it| &it.1);
        let sentences = (0..columns.len())
            .map(|it| sentence::sentence(&sentence::clauses(columns, &first, it)))
            .collect();
        let outage = columns.iter().find_map(|it| {
            let outage = it.outage.as_ref()?;
            Some((it.fault.clone().unwrap_or_default(), outage.from, outage.until))
        });
        Self {
            title: title.to_owned(),
            names,
            seeds: all.iter().map(|it| it.0).collect(),
            sentences,
            fairness: compare::fairness(columns),
            rows: first.into_iter().map(|row| spreads(row, &others)).collect(),
            outage,
        }
    }

    /// What stands in a row under a column: the value, or the mean with its interval.
    #[must_use]
    pub fn cell(&self, place: usize, column: usize) -> String {
        let (row, spreads) = &self.rows[place];
        let Some(value) = row.values[column] else { return "–".to_owned() };
        match spreads.get(column).copied().flatten() {
            Some(spread) => {
                let half = spread.half_width.unwrap_or(0.0);
                format!("{} ± {}", number(spread.mean, row.unit), number(half, row.unit))
            }
            None => number(value, row.unit),
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

    /// Which fault there is, to be said after the seeds.
    #[must_use]
    pub fn outage_in_words(&self) -> String {
        match &self.outage {
            Some((name, from, until)) => format!(" · the fault: {name}, {from} to {until}"),
            None => " · no fault".to_owned(),
        }
    }

    /// All of it as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let escaped = |text: &str| text.replace('|', "\\|");
        let mut out = format!("## {}\n\n", self.title);
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
                if row.best() == Some(column) { format!("**{cell}**") } else { cell }
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
    }
}

/// A row of the first seed with those of the others.
fn spreads(row: Row, others: &[Vec<Row>]) -> (Row, Vec<Option<Spread>>) {
    let is_same = |it: &&Row| it.label == row.label && it.over == row.over;
    let same: Vec<Option<&Row>> = others.iter().map(|rows| rows.iter().find(is_same)).collect();
    let spread = |column: usize| {
        let rest = same.iter().filter_map(|it| it.and_then(|it| it.values[column]));
        let values: Vec<f64> = row.values[column].into_iter().chain(rest).collect();
        Spread::of(&values)
    };
    let columns = if others.is_empty() { 0 } else { row.values.len() };
    let spreads = (0..columns).map(spread).collect();
    (row, spreads)
}
