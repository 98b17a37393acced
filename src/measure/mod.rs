//! What a run costs and what it gives: figures, each defined once, worked out by folding the
//! records of a walk; series of them, comparisons, expectations.
//!
//! There is no single score of coupling. A row of figures is shown: costs beside benefits, what
//! was accepted beside what was completed, p50 beside p99 and the longest.

pub mod arrivals;
mod by_message;
pub mod compare;
pub mod compared;
pub mod coupling;
pub mod figures;
pub mod first;
pub mod grid;
pub mod healthy;
pub mod judge;
pub mod knowledge;
pub mod levels;
pub mod matrix;
pub mod meter;
pub mod sentence;
pub mod series;
pub mod spread;
pub mod survey;
pub mod watch;
pub mod words;

pub use compare::{Column, Over, Row};
pub use compared::Compared;
pub use figures::Measured;
pub use first::First;
pub use grid::Grid;
pub use judge::Judged;
pub use meter::{Meter, Part};
pub use series::{Charted, ChartsOf};
pub use spread::Spread;
pub use survey::{Survey, Surveyed};
pub use watch::{Verdict, Watch};
