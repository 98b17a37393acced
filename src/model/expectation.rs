//! Expectations: what a scenario says that its runs must show, as data.

use super::{Figure, Span, Time};

/// Something that a scenario's runs must show.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As it is written in the file.
    pub text: String,
    /// Why, in the words of whoever wrote it.
    pub because: String,
    /// The number of the variant it is about; of a comparison, the first one it names.
    pub variant: usize,
    /// When the claim must hold.
    pub mode: Mode,
    /// The span that is looked at.
    pub during: During,
    /// What must hold.
    pub claim: Claim,
}

impl Expectation {
    /// The numbers of all variants that it looks at.
    #[must_use]
    pub fn variants(&self) -> Vec<usize> {
        let mut found = vec![self.variant];
        let mut see = |variant, _| found.push(variant);
        self.claim.left.visit(&mut see);
        self.claim.right.visit(&mut see);
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// When a claim must hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Of the figures of the span, measured when it is over.
    Measured,
    /// At every instant of the span.
    Always,
    /// At no instant of the span.
    Never,
    /// At one instant of the span at least.
    Eventually,
    /// At one instant of the span that is not later than this.
    By(Time),
    /// At one instant that is no later after the moment than this.
    Within(Span, Moment),
}

/// An instant that a scenario names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// This one.
    At(Time),
    /// When a fault begins: its place among the model's.
    Broken(usize),
    /// When a fault is mended.
    Mended(usize),
}

/// A span of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum During {
    /// All of it.
    #[default]
    Whole,
    /// From one instant to another.
    Between(Time, Time),
    /// While a fault lasts: its place among the model's.
    Fault(usize),
    /// From when a fault is mended to the end.
    After(usize),
}

impl During {
    /// From when to when, in a run of a model with these faults that ends then.
    #[must_use]
    pub fn span(self, faults: &[super::Fault], end: Time) -> (Time, Time) {
        let mended = |it: &super::Fault| it.lasts.map_or(end, |lasts| it.at + lasts).min(end);
        match self {
            Self::Whole => (Time::ZERO, end),
            Self::Between(from, until) => (from.min(end), until.min(end)),
            Self::Fault(place) => {
                faults.get(place).map_or((Time::ZERO, end), |it| (it.at.min(end), mended(it)))
            }
            Self::After(place) => {
                faults.get(place).map_or((Time::ZERO, end), |it| (mended(it), end))
            }
        }
    }
}

/// How two terms stand to each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The first.
    pub left: Term,
    /// How it stands to the second.
    pub relation: Relation,
    /// The second.
    pub right: Term,
}

/// How two numbers stand to each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    /// The first is less.
    Below,
    /// The first is greater.
    Above,
    /// The first is not greater.
    AtMost,
    /// The first is not less.
    AtLeast,
    /// They are the same.
    Equal,
    /// They are not.
    Unequal,
    /// They differ by this share of the second at most.
    Near(f64),
}

impl Relation {
    /// Whether it holds. What is not known holds to nothing.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "what was written, against what was measured")]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Below => left < right,
            Self::Above => left > right,
            Self::AtMost => left <= right,
            Self::AtLeast => left >= right,
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Near(share) => (left - right).abs() <= share * right.abs(),
        }
    }
}

/// A number that a claim speaks of.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// This.
    Number(f64),
    /// A figure of a variant's run.
    Figure {
        /// The variant's number.
        variant: usize,
        /// Which figure.
        figure: Figure,
    },
    /// So many times another.
    Times(f64, Box<Term>),
    /// Two of them together.
    Plus(Box<Term>, Box<Term>),
    /// The first less the second.
    Minus(Box<Term>, Box<Term>),
    /// The first over the second.
    Over(Box<Term>, Box<Term>),
}

impl Term {
    /// Its number, given those of the figures; `None` if one of them is not known.
    #[must_use]
    pub fn value(&self, of: &mut impl FnMut(usize, Figure) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Number(value) => *value,
            Self::Figure { variant, figure } => of(*variant, *figure)?,
            Self::Times(times, of_what) => times * of_what.value(of)?,
            Self::Plus(one, other) => one.value(of)? + other.value(of)?,
            Self::Minus(one, other) => one.value(of)? - other.value(of)?,
            Self::Over(one, other) => one.value(of)? / other.value(of)?,
        };
        value.is_finite().then_some(value)
    }

    /// Every figure in it, with the number of its variant.
    pub fn visit(&self, see: &mut impl FnMut(usize, Figure)) {
        match self {
            Self::Number(_) => {}
            Self::Figure { variant, figure } => see(*variant, *figure),
            Self::Times(_, it) => it.visit(see),
            Self::Plus(one, other) | Self::Minus(one, other) | Self::Over(one, other) => {
                one.visit(see);
                other.visit(see);
            }
        }
    }
}
