//! The matrix as it is told: consumer strategies down, what can happen to messages across, and in
//! each cell what was measured.

use std::sync::Arc;

use serde::Serialize;

use crate::history::{Runs, Teller};
use crate::model::{AnomalyKind, Figure, Model, StoreId, Time};

use super::figures::Measured;
use super::matrix::{self, Consumer, Harm};

/// What was measured in a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// What was done to messages.
    pub harm: &'static str,
    /// How many interventions there were, the strategy's own left out.
    pub interventions: usize,
    /// By kind, those that occurred.
    pub anomalies: Vec<(&'static str, u64)>,
    /// Which kinds these are.
    #[serde(skip)]
    pub kinds: Vec<AnomalyKind>,
    /// Events that are not applied yet, which may be on their way.
    pub not_yet: u64,
    /// Events that never will be applied.
    pub never: u64,
}

impl Cell {
    /// What was measured of a consumer's projections.
    #[must_use]
    pub fn of(measured: &Measured, stores: &[StoreId], harm: Harm, interventions: usize) -> Self {
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
            interventions,
            anomalies: counts.iter().map(|(kind, count)| (kind.name(), *count)).collect(),
            kinds: counts.iter().map(|it| it.0).collect(),
            not_yet: sum(&Figure::NotYet),
            never: sum(&Figure::Never),
        }
    }

    /// How many anomalies there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.anomalies.iter().map(|it| it.1).sum()
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GridRow {
    /// The strategy.
    pub strategy: &'static str,
    /// By harm, in the order of [`Harm::ALL`].
    pub cells: Vec<Option<Cell>>,
}

/// The matrix of one consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grid {
    /// Who consumes.
    pub consumer: String,
    /// From where.
    pub topic: String,
    /// The strategies.
    pub rows: Vec<GridRow>,
}

impl Grid {
    /// Without any cell known.
    #[must_use]
    pub fn empty(model: &Model, consumer: &Consumer) -> Self {
        let cells = vec![None; Harm::ALL.len()];
        let ways = matrix::ways(model, consumer).into_iter();
        Self {
            consumer: model.services[consumer.service.index()].name.clone(),
            topic: model.topics[consumer.topic.index()].name.clone(),
            rows: ways.map(|(strategy, _)| GridRow { strategy, cells: cells.clone() }).collect(),
        }
    }
}

/// What is said under a matrix.
pub const EXPLAINED: &str = "Anomalies that were measured, by kind, in runs that differ in nothing else. Done in the second and third quarter of \
the run: one delivery in five twice; half a second later; up to a second later each for itself; twelve deliveries \
lost; what is said of twelve lost; three crashes. What is \"not yet\" applied may be on its way.";

/// Works out the matrices of all consumers of a model, cell by cell, as an errand.
pub fn work_out(model: &Arc<Model>, seed: u64, end: Time, teller: &Teller<Vec<Grid>>) {
    let model = matrix::without_faults(model);
    let consumers = matrix::consumers(&model);
    let mut grids: Vec<Grid> = consumers.iter().map(|it| Grid::empty(&model, it)).collect();
    teller.tell(grids.clone());
    let jobs: Vec<(usize, usize, usize)> = consumers
        .iter()
        .enumerate()
        .flat_map(|(consumer, it)| {
            let ways = matrix::ways(&model, it).len();
            (0..ways)
                .flat_map(move |way| (0..Harm::ALL.len()).map(move |harm| (consumer, way, harm)))
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a handful of cells")]
    let share = |done: usize| done as f32 / jobs.len().max(1) as f32;
    for (done, &(of, way, harm)) in jobs.iter().enumerate() {
        let (consumer, harm_of) = (&consumers[of], Harm::ALL[harm]);
        let strategy = &matrix::ways(&model, consumer)[way].1;
        let mut runs = Runs::new(Arc::clone(&model), seed, Runs::SMALL_BYTES);
        if !teller.is_wanted() {
            return;
        }
        let script = matrix::script(&mut runs, &model, end, consumer, strategy, harm_of);
        let interventions = script.len() - 1;
        let survey = matrix::survey(script, end);
        let found = teller.work_out(survey, &mut runs, (share(done), share(done + 1)));
        let Some(found) = found else { return };
        if let Some(measured) = found.parts.first().and_then(|it| it.first()) {
            let cell = Cell::of(measured, &consumer.stores, harm_of, interventions);
            grids[of].rows[way].cells[harm] = Some(cell);
        }
        teller.tell(grids.clone());
    }
}
