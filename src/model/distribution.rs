//! Distributions that durations and numbers are drawn from. Drawing itself is `engine::dice`.

/// A distribution over non-negative numbers; for durations the number is in nanoseconds.
///
/// What is drawn below zero counts as zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Always this.
    Constant(f64),
    /// Evenly between the two.
    Uniform {
        /// The least.
        low: f64,
        /// The greatest.
        high: f64,
    },
    /// Memoryless, with this mean.
    Exponential {
        /// The mean, greater than zero.
        mean: f64,
    },
    /// Bell-shaped; what falls below zero counts as zero.
    Normal {
        /// The mean of the untruncated curve.
        mean: f64,
        /// The standard deviation.
        deviation: f64,
    },
    /// The exponential of a normal: a long right tail, as networks and disks have.
    LogNormal {
        /// The mean of the logarithm: the logarithm of the median.
        mu: f64,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// A sum of `shape` exponentials (an Erlang, if `shape` is whole).
    Gamma {
        /// The shape, greater than zero; the squared coefficient of variation is its inverse.
        shape: f64,
        /// The scale; the mean is shape × scale.
        scale: f64,
    },
    /// A power law from `least` upwards; the mean is infinite where `shape` ≤ 1.
    Pareto {
        /// The least.
        least: f64,
        /// The tail index, greater than zero.
        shape: f64,
    },
}

impl Distribution {
    /// The mean, before anything below zero is cut off; infinite for a Pareto of shape ≤ 1.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Constant(value) => value,
            Self::Uniform { low, high } => f64::midpoint(low, high),
            Self::Exponential { mean } | Self::Normal { mean, .. } => mean,
            Self::LogNormal { mu, sigma } => (mu + sigma * sigma / 2.0).exp(),
            Self::Gamma { shape, scale } => shape * scale,
            Self::Pareto { least, shape } if shape > 1.0 => shape * least / (shape - 1.0),
            Self::Pareto { .. } => f64::INFINITY,
        }
    }

    /// The same shape with another mean. What has no mean, or none above zero, becomes a constant.
    #[must_use]
    pub fn with_mean(&self, mean: f64) -> Self {
        let factor = mean / self.mean();
        if !factor.is_finite() || factor <= 0.0 {
            return Self::Constant(mean);
        }
        match *self {
            Self::Constant(_) => Self::Constant(mean),
            Self::Uniform { low, high } => Self::Uniform { low: low * factor, high: high * factor },
            Self::Exponential { .. } => Self::Exponential { mean },
            Self::Normal { deviation, .. } => Self::Normal { mean, deviation: deviation * factor },
            Self::LogNormal { mu, sigma } => Self::LogNormal { mu: mu + factor.ln(), sigma },
            Self::Gamma { shape, scale } => Self::Gamma { shape, scale: scale * factor },
            Self::Pareto { least, shape } => Self::Pareto { least: least * factor, shape },
        }
    }

    /// Whether every draw is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        matches!(*self, Self::Constant(value) if value <= 0.0)
    }
}
