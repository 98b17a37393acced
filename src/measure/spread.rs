//! The spread of a figure over seeds: its mean, and between what its true mean lies with 95 %
//! confidence.

/// A figure over several runs that differ in nothing but their seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// In how many of the runs it has a meaning.
    pub runs: usize,
    /// Its mean.
    pub mean: f64,
    /// Half of the width of the 95 % confidence interval around the mean: Student's t times the
    /// standard error. None of one run.
    pub half_width: Option<f64>,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub most: f64,
}

impl Spread {
    /// Of these values; `None` of nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
    pub fn of(values: &[f64]) -> Option<Self> {
        let runs = values.len();
        if runs == 0 {
            return None;
        }
        let count = runs as f64;
        let mean = values.iter().sum::<f64>() / count;
        let half_width = (runs > 1).then(|| {
            let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
            student(runs - 1) * (squares / (count - 1.0) / count).sqrt()
        });
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Self { runs, mean, half_width, least, most })
    }

    /// Of what never was seen in so many trials, the share is below this with 95 % confidence:
    /// the rule of three (J. Hanley and A. Lippman-Hand, JAMA 249, 1983).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of trials")]
    pub fn rule_of_three(trials: u64) -> f64 {
        (3.0 / trials.max(1) as f64).min(1.0)
    }
}

/// The 97.5th percentile of Student's t with so many degrees of freedom, to three figures.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042,
    ];
    #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
    match freedom.checked_sub(1).and_then(|it| TABLE.get(it)) {
        Some(value) => *value,
        // Past the table: the first terms of its expansion in 1/n.
        None => 1.96 + 2.37 / freedom as f64,
    }
}
