//! Keyed dice: every draw comes from a stream named by what it is about.
//!
//! So the same question has the same answer in every branch and variant of a run (*common
//! random numbers*; A. Law, "Simulation Modeling and Analysis", 11.2), whatever else is drawn.
//! The distributions are sampled by `rand_distr` built on `libm`: the same on every machine.

use std::convert::Infallible;

use rand_distr::Distribution as _;

use crate::model::{Distribution, Span};

/// What a draw is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// The gap to the next arrival.
    Arrival,
    /// The time a user thinks.
    Think,
    /// The value of a field.
    Field,
    /// The time a step works.
    Work,
    /// The time a step waits.
    Wait,
    /// Lots drawn by a handler.
    Chance,
    /// The time a message is on a link.
    Latency,
    /// Whether a message is lost.
    Loss,
    /// Whether a message is doubled.
    Duplicate,
    /// The blur of a pause.
    Jitter,
    /// Which instance is called.
    Balance,
    /// What a fault adds.
    Fault,
}

/// The dice of a run.
#[derive(Clone, Copy, Debug)]
pub struct Dice {
    seed: u64,
}

/// A stream of draws about one thing (Steele, Lea and Flood's `SplitMix64`, 2014).
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    state: u64,
}

impl Dice {
    /// The dice of a run with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed: finish(seed ^ 0x6a09_e667_f3bc_c908) }
    }

    /// The draws about `thing` (in a wider sense) and `part` of it.
    #[must_use]
    pub const fn stream(&self, purpose: Purpose, thing: u64, part: u64) -> Stream {
        let named = finish(self.seed.wrapping_add(thing.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let part = part.wrapping_mul(0xc2b2_ae3d_27d4_eb4f) ^ ((purpose as u64) << 56);
        Stream { state: finish(named ^ part) }
    }
}

/// `SplitMix64`'s finaliser.
const fn finish(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

impl Stream {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        finish(self.state)
    }

    /// A number in [0, 1).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// A whole number below `count`, which is greater than zero (D. Lemire's multiplication;
    /// its bias, below `count` / 2⁶⁴, is let be).
    pub fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(count)) >> 64) as u64
    }

    /// A length of time from a distribution in ns.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "drawn below zero counts as zero; a float-to-int `as` saturates"
    )]
    #[inline]
    pub fn span(&mut self, distribution: &Distribution) -> Span {
        Span((self.draw(distribution) + 0.5) as u64)
    }

    /// A number from a distribution; never below zero.
    #[inline]
    pub fn draw(&mut self, distribution: &Distribution) -> f64 {
        let drawn = match *distribution {
            Distribution::Constant(value) => value,
            Distribution::Exponential { mean } => mean * self.exponential(),
            _ => self.draw_other(distribution),
        };
        drawn.max(0.0)
    }

    #[inline]
    fn exponential(&mut self) -> f64 {
        rand_distr::Exp1.sample(self)
    }

    /// Draws from what is not drawn from most often.
    #[inline(never)]
    fn draw_other(&mut self, distribution: &Distribution) -> f64 {
        match *distribution {
            Distribution::Constant(value) => value,
            Distribution::Uniform { low, high } => low + (high - low) * self.fraction(),
            Distribution::Exponential { mean } => mean * self.exponential(),
            Distribution::Normal { mean, deviation } => mean + deviation * self.normal(),
            Distribution::LogNormal { mu, sigma } => libm::exp(mu + sigma * self.normal()),
            Distribution::Gamma { shape, scale } => match rand_distr::Gamma::new(shape, scale) {
                Ok(gamma) => gamma.sample(self),
                Err(_) => shape * scale,
            },
            Distribution::Pareto { least, shape } => match rand_distr::Pareto::new(least, shape) {
                Ok(pareto) => pareto.sample(self),
                Err(_) => least,
            },
        }
    }

    fn normal(&mut self) -> f64 {
        rand_distr::StandardNormal.sample(self)
    }
}

impl rand::TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
