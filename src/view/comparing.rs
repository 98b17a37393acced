//! The comparison: a column a variant, branch or file, with a sentence, and the figures as bars.

use std::fmt::Write;

use crate::app::{App, Comparing, Side};
use crate::measure::compare::Good;
use crate::measure::judge::{number, short};
use crate::measure::{Compared, Over, Row, Spread};
use crate::model::Time;

/// The comparison at the playhead.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompareView {
    /// The columns.
    pub columns: Vec<ColumnView>,
    /// The figures.
    pub rows: Vec<RowView>,
    /// What was found to be the same, in a line; or that something is not.
    pub caption: String,
    /// Whether all is the same that should be.
    pub is_fair: bool,
    /// Whether all is measured, so that nothing of it changes any more.
    pub is_final: bool,
    /// Which seeds, and which fault.
    pub about: String,
    /// What is the same, what is not, and what is assumed, a sentence each.
    pub fair: Vec<String>,
    /// What is measured and what is not, in a sentence.
    pub measured: String,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnView {
    /// What it is called.
    pub name: String,
    /// What it shows, in the words of whoever wrote it.
    pub about: String,
    /// What is going on in it, made from its figures; none while they are not known. As long as not
    /// all of them are final it begins with "So far".
    pub sentence: Option<String>,
    /// What is down at the playhead.
    pub down: Option<String>,
    /// How much of it is measured, from 0 to 1, while not all is.
    pub progress: Option<f32>,
    /// The number of its colour.
    pub ink: u8,
}

/// A figure of all columns.
#[derive(Clone, Debug, PartialEq)]
pub struct RowView {
    /// What it is.
    pub label: String,
    /// In which direction it is better.
    pub good: Good,
    /// Over which span it is.
    pub over: Over,
    /// Whether it is the same in all columns, of several.
    pub is_same: bool,
    /// By column.
    pub cells: Vec<CellView>,
}

/// A figure of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct CellView {
    /// The number to three digits, or a dash.
    pub text: String,
    /// All of its digits.
    pub exact: String,
    /// How long its bar is, from 0 to 1; none where it has no meaning.
    pub share: Option<f32>,
    /// How far its 95 % interval goes to either side, on the same scale.
    pub half: Option<f32>,
    /// How it compares.
    pub standing: Standing,
}

/// How a figure compares with those of the other columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is better than every other.
    Best,
    /// It is worse than every other.
    Worst,
    /// Neither.
    Between,
}

/// The colours of columns, by their numbers.
const INKS: [u8; 4] = [4, 1, 2, 3];

/// The number of the colour of the column at a place.
#[must_use]
pub const fn ink(place: usize) -> u8 {
    INKS[place % INKS.len()]
}

/// The comparison as it is shown.
#[must_use]
pub fn comparing(app: &App) -> CompareView {
    let it = &app.comparing;
    let compared = it.compared.as_deref();
    // Of several seeds the sentences are of one.
    let of_seed = it.intervals.as_ref().map(|_| format!("Of seed {}: ", app.run.seed));
    let columns = it.sides.iter().enumerate().map(|(place, side)| ColumnView {
        name: side.name.clone(),
        about: side.about.clone(),
        sentence: compared.and_then(|it| it.sentences.get(place)).filter(|it| !it.is_empty()).map(
            |sentence| match (it.is_done(), &of_seed) {
                (true, Some(of_seed)) => format!("{of_seed}{sentence}"),
                (true, None) => capital(sentence),
                (false, _) => format!("So far: {sentence}"),
            },
        ),
        down: down(side),
        progress: side.progress(),
        ink: ink(place),
    });
    let columns: Vec<ColumnView> = columns.collect();
    let (caption, is_fair) = caption(it, compared);
    // Over one span the figures are of one seed.
    let told = it.intervals.as_deref().filter(|_| it.over.is_none()).or(compared);
    CompareView {
        columns,
        rows: rows(it),
        caption,
        is_fair,
        is_final: it.is_done(),
        about: told.map_or_else(String::new, |it| {
            format!("{}{}", it.seeds_in_words(), it.outage_in_words())
        }),
        fair: if it.is_done() {
            compared.map(Compared::fair_in_words).unwrap_or_default()
        } else {
            Vec::new()
        },
        measured:
            "All figures are counted from the runs' records; none is taken from the scenario."
                .to_owned(),
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |it| it.to_uppercase().chain(letters).collect())
}

/// What is down in a column at the playhead.
fn down(side: &Side) -> Option<String> {
    let answer = side.run.answer.as_ref()?;
    let model = &side.run.model;
    let services = (0..model.services.len()).map(crate::model::ServiceId::from_index);
    services
        .filter_map(|it| {
            let all: Vec<_> =
                model.instances_of(it).map(|it| &answer.scene.instances[it.index()]).collect();
            let is_down = !all.is_empty() && all.iter().all(|it| !it.up);
            let since = all.iter().map(|it| it.since).max().unwrap_or(Time::ZERO);
            let name = &model.services[it.index()].name;
            is_down.then(|| format!("{name} down since {since:.1}"))
        })
        .next()
}

/// What was looked up about the columns, in a line.
fn caption(it: &Comparing, compared: Option<&Compared>) -> (String, bool) {
    let Some(compared) = compared else { return ("measuring …".to_owned(), true) };
    if !it.is_done() {
        return ("measuring … figures so far".to_owned(), true);
    }
    if compared.fairness.different.is_empty() {
        return ("same arrivals · same draws · same faults · same capacity".to_owned(), true);
    }
    let different = compared.fairness.different.join(" · ");
    (format!("not the same: {different}"), false)
}

/// The figures, those first in which the columns differ.
fn rows(it: &Comparing) -> Vec<RowView> {
    let mut rows = all_rows(it);
    rows.sort_by_key(|it| it.is_same);
    if !it.is_done() {
        // Nobody has won yet.
        for cell in rows.iter_mut().flat_map(|it| &mut it.cells) {
            cell.standing = Standing::Between;
        }
    }
    rows
}

fn all_rows(it: &Comparing) -> Vec<RowView> {
    match (it.over, &it.intervals, &it.compared) {
        (None, Some(told), _) | (None, None, Some(told)) => {
            told.rows.iter().map(|(row, spreads)| row_view(row, spreads)).collect()
        }
        (Some(over), _, Some(_)) => {
            let rows = it.rows.iter().filter(|it| it.over == over);
            rows.map(|row| row_view(row, &[])).collect()
        }
        _ => Vec::new(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "shares, to be drawn")]
fn row_view(row: &Row, spreads: &[Option<Spread>]) -> RowView {
    let spread = |column: usize| spreads.get(column).copied().flatten();
    let value = |column: usize| spread(column).map(|it| it.mean).or(row.values[column]);
    let columns = 0..row.values.len();
    let most = columns.clone().filter_map(value).fold(0.0, f64::max);
    let share = |it: f64| if most > 0.0 { (it / most).clamp(0.0, 1.0) as f32 } else { 0.0 };
    let means = Row { values: columns.clone().map(value).collect(), ..row.clone() };
    // Where intervals touch, nothing is known to be better.
    let is_apart = |column: usize| {
        let half = |it: usize| spread(it).and_then(|it| it.half_width).unwrap_or(0.0);
        let mut others = (0..row.values.len()).filter(|it| *it != column);
        others.all(|other| match (value(column), value(other)) {
            (Some(a), Some(b)) => (a - b).abs() > half(column) + half(other) || spreads.is_empty(),
            _ => true,
        })
    };
    let cells = columns.map(|column| {
        let half = spread(column).and_then(|it| it.half_width);
        let text = match (value(column), half) {
            (None, _) => "–".to_owned(),
            (Some(it), None) => short(it, row.unit),
            (Some(it), Some(half)) => {
                format!("{} ± {}", short(it, row.unit), short(half, row.unit))
            }
        };
        let standing = match column {
            it if means.best() == Some(it) && is_apart(it) => Standing::Best,
            it if means.worst() == Some(it) && is_apart(it) => Standing::Worst,
            _ => Standing::Between,
        };
        let exact = value(column).map_or_else(|| text.clone(), |it| number(it, row.unit));
        CellView { text, exact, share: value(column).map(share), half: half.map(share), standing }
    });
    let cells: Vec<CellView> = cells.collect();
    let is_same = cells.len() > 1 && cells.windows(2).all(|it| it[0].exact == it[1].exact);
    RowView { label: row.label.clone(), good: row.good, over: row.over, is_same, cells }
}

/// Where the columns first differ, in a line; none while that is not known.
#[must_use]
pub fn first_in_words(app: &App) -> Option<(Option<Time>, String)> {
    match app.comparing.first.as_ref()? {
        Some(first) => {
            Some((Some(first.at), format!("first difference at {:.3}: {}", first.at, first.text)))
        }
        None => {
            let text =
                "the columns do not differ for users, nor in anomalies or what is turned away";
            Some((None, text.to_owned()))
        }
    }
}

/// The spans that figures can be over, with what each is called and what it means.
pub const OVERS: [(Option<Over>, &str, &str); 4] = [
    (None, "Key figures", "The figures that matter most, each over the span that it is about"),
    (Some(Over::Whole), "Whole run", "All figures over the whole run"),
    (
        Some(Over::Healthy),
        "Healthy",
        "All figures until the first fault; of users, those who were through before it",
    ),
    (Some(Over::Outage), "The fault", "All figures while the first fault lasts"),
];

/// The same as text.
#[must_use]
pub fn text(view: &CompareView) -> String {
    let mut out = String::new();
    for it in &view.columns {
        let sentence = it.sentence.as_deref().unwrap_or("…");
        let down = it.down.as_ref().map(|it| format!(" [{it}]")).unwrap_or_default();
        let _ = writeln!(out, "{}{down}: {sentence}", it.name);
    }
    let _ = writeln!(out, "{}\n{}", view.caption, view.about);
    for row in &view.rows {
        let arrow = compare_arrow(row.good);
        let _ = write!(out, "{arrow} {:<36}", row.label);
        for cell in &row.cells {
            let bar = cell.share.map_or(0, |it| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "0 to 8"
                )]
                let length = (it * 8.0).ceil() as usize;
                length
            });
            let sign = match cell.standing {
                Standing::Best => '+',
                Standing::Worst => '-',
                Standing::Between => ' ',
            };
            let _ = write!(out, " {:<8} {sign}{:<18}", "█".repeat(bar), cell.text);
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

const fn compare_arrow(good: Good) -> &'static str {
    crate::measure::compared::arrow(good)
}
