//! The matrix as it is told: consumer strategies down, what can happen to messages across, and in
//! each cell what was measured.

use std::sync::Arc;

use serde::Serialize;

use crate::history::Runs;
use crate::model::{AnomalyKind, Figure, Model, Script, StoreId, Time};

use super::figures::Measured;
use super::matrix::{self, Consumer, Harm};
use super::survey::{Survey, Surveyed};

/// What was measured in a cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// What was done to messages.
    pub harm: &'static str,
    /// How many interventions there were, the strategy's own left out.
    pub interventions: usize,
    /// How many events were published to the topic.
    pub events: u64,
    /// By kind, those that occurred.
    pub anomalies: Vec<(&'static str, u64)>,
    /// Which kinds these are.
    #[serde(skip)]
    pub kinds: Vec<AnomalyKind>,
    /// Events that are not applied yet, which may be on their way.
    pub not_yet: u64,
    /// Events that never will be applied.
    pub never: u64,
    /// What was done: the strategy, and the harm.
    #[serde(skip)]
    pub script: Script,
}

impl Cell {
    /// What was measured of a consumer's projections in a run to which this was done.
    fn of(measured: &Measured, stores: &[StoreId], harm: Harm, script: Script) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
        let sum = |figure: &dyn Fn(StoreId) -> Figure| {
            let each = stores.iter().filter_map(|it| measured.figure(figure(*it)));
            each.sum::<f64>() as u64
        };
        let counts = AnomalyKind::ALL
            .into_iter()
            .map(|kind| (kind, sum(&|it| Figure::Anomalies(Some(it), Some(kind)))));
        let counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
        Self {
            harm: harm.name(),
            interventions: script.len() - 1,
            events: measured.published_to(stores.first().copied()),
            anomalies: counts.iter().map(|(kind, count)| (kind.name(), *count)).collect(),
            kinds: counts.iter().map(|it| it.0).collect(),
            not_yet: sum(&Figure::NotYet),
            never: sum(&Figure::Never),
            script,
        }
    }

    /// How many anomalies there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.anomalies.iter().map(|it| it.1).sum()
    }

    /// What was counted, of what, in a sentence.
    #[must_use]
    pub fn sentence(&self, grid: &Grid, harm: Harm) -> String {
        let Grid { consumer, topic, .. } = grid;
        let done = harm.in_words(consumer, self.interventions);
        let counts: Vec<String> =
            self.anomalies.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let found = match counts.as_slice() {
            [] => "nothing was applied wrongly".to_owned(),
            counts => format!("{consumer} counts {}", counts.join(", ")),
        };
        let rest = match (self.not_yet, self.never) {
            (0, 0) => "in the end every event is applied".to_owned(),
            (some, 0) => {
                format!("{some} not applied yet when the run ends, which may be on their way")
            }
            (0, never) => format!("{never} never will be applied"),
            (some, never) => format!("{never} never will be applied, {some} are not yet"),
        };
        format!("Of {} events of {topic}, where {done}: {found}; {rest}.", self.events)
    }

    /// In words: `0`, `12 applied twice`, `3 missing (2 not yet)`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut text = if self.total() == 0 {
            "0".to_owned()
        } else {
            let kinds = self.anomalies.iter().map(|(kind, count)| format!("{count} {kind}"));
            kinds.collect::<Vec<_>>().join(", ")
        };
        if self.not_yet > 0 {
            text += &format!(" ({} not yet)", self.not_yet);
        }
        text
    }
}

/// A row: a strategy, and its cells as far as they are known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GridRow {
    /// The strategy.
    pub strategy: &'static str,
    /// By harm, in the order of [`Harm::ALL`].
    pub cells: Vec<Option<Cell>>,
}

/// The matrix of one consumer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grid {
    /// Who consumes.
    pub consumer: String,
    /// From where.
    pub topic: String,
    /// The strategies.
    pub rows: Vec<GridRow>,
    /// What is to be known to read them, if there is anything.
    pub remark: Option<String>,
}

impl Grid {
    /// Without any cell known.
    #[must_use]
    pub fn empty(model: &Model, consumer: &Consumer) -> Self {
        let cells = vec![None; Harm::ALL.len()];
        let ways = matrix::ways(model, consumer).into_iter();
        let service = &model.services[consumer.service.index()];
        let has_several_hands = service.instances > 1 || service.workers.is_none_or(|it| it > 1);
        let remark = has_several_hands.then(|| {
            format!(
                "{} has several workers: of two copies that come at once both are looked up before either is noted. Against \
                 those a look-up does not help; what notes in the transaction of the effect (the inbox) does.",
                service.name
            )
        });
        Self {
            remark,
            consumer: service.name.clone(),
            topic: model.topics[consumer.topic.index()].name.clone(),
            rows: ways.map(|(strategy, _)| GridRow { strategy, cells: cells.clone() }).collect(),
        }
    }
}

/// What is said under a matrix.
pub const EXPLAINED: &str = "Anomalies that were measured, by kind, in runs that differ in nothing else and have none of the scenario's own faults. Done in the second and third quarter of \
the run: one delivery in five twice; half a second later; up to a second later each for itself; twelve deliveries \
lost; what is said of twelve lost; three crashes. What is \"not yet\" applied may be on its way.";

/// The matrices of all consumers of a model, as they fill in.
pub struct Filling {
    model: Arc<Model>,
    seed: u64,
    end: Time,
    consumers: Vec<Consumer>,
    /// The matrices, as far as they are known.
    pub grids: Vec<Grid>,
}

/// Which cell: the places of its matrix, its row and its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Its matrix.
    pub grid: usize,
    /// Its row.
    pub row: usize,
    /// Its column, in [`Harm::ALL`].
    pub column: usize,
}

impl Filling {
    /// Nothing known yet. The model's own faults are left out.
    #[must_use]
    pub fn new(model: &Model, seed: u64, end: Time) -> Self {
        let model = matrix::without_faults(model);
        let consumers = matrix::consumers(&model);
        let grids = consumers.iter().map(|it| Grid::empty(&model, it)).collect();
        Self { model, seed, end, consumers, grids }
    }

    /// Every cell.
    #[must_use]
    pub fn spots(&self) -> Vec<Spot> {
        let grids = self.grids.iter().enumerate();
        let rows = grids.flat_map(|(grid, it)| (0..it.rows.len()).map(move |row| (grid, row)));
        rows.flat_map(|(grid, row)| {
            (0..Harm::ALL.len()).map(move |column| Spot { grid, row, column })
        })
        .collect()
    }

    /// Measures a cell. `work_out` works its survey to the end, if it may.
    pub fn measure(
        &self,
        at: Spot,
        work_out: impl FnOnce(Survey, &mut Runs) -> Option<Surveyed>,
    ) -> Option<Cell> {
        let (consumer, harm) = (&self.consumers[at.grid], Harm::ALL[at.column]);
        let (_, strategy) = matrix::ways(&self.model, consumer).swap_remove(at.row);
        let mut runs = Runs::new(Arc::clone(&self.model), self.seed, Runs::SMALL_BYTES);
        let script = matrix::script(&mut runs, &self.model, self.end, consumer, &strategy, harm);
        let survey = matrix::survey(Arc::clone(&script), self.end);
        let found = work_out(survey, &mut runs)?;
        Some(Cell::of(found.parts.first()?.first()?, &consumer.stores, harm, script))
    }

    /// A cell is known.
    pub fn put(&mut self, at: Spot, cell: Cell) {
        self.grids[at.grid].rows[at.row].cells[at.column] = Some(cell);
    }
}
