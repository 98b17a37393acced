//! A retry budget: a bucket of tokens that failures empty and successes fill.

use crate::model::Budget as Settings;

/// A token, in thousandths.
const TOKEN: u32 = 1000;

/// What is left of a retry budget.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    thousandths: u32,
}

impl Budget {
    /// A full one.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self { thousandths: settings.tokens * TOKEN }
    }

    /// Learns how an attempt went.
    pub fn report(&mut self, settings: &Settings, went_well: bool) {
        self.thousandths = if went_well {
            (self.thousandths + settings.ratio_thousandths).min(settings.tokens * TOKEN)
        } else {
            self.thousandths.saturating_sub(TOKEN)
        };
    }

    /// Whether what failed may be tried again: while more than half of the tokens are left.
    #[must_use]
    pub fn allows_retry(&self, settings: &Settings) -> bool {
        self.thousandths > settings.tokens * TOKEN / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceId;

    #[test]
    fn half_of_the_tokens_are_never_spent_on_retries() {
        let settings = Settings {
            name: String::new(),
            service: ServiceId(0),
            tokens: 4,
            ratio_thousandths: 500,
        };
        let mut budget = Budget::new(&settings);
        budget.report(&settings, true);
        budget.report(&settings, false);
        assert!(budget.allows_retry(&settings), "a full bucket takes no more; three are left");
        budget.report(&settings, false);
        assert!(!budget.allows_retry(&settings), "two are left, which is half");
        budget.report(&settings, true);
        assert!(budget.allows_retry(&settings), "two and a half");
        for _ in 0..9 {
            budget.report(&settings, false);
        }
        for _ in 0..4 {
            budget.report(&settings, true);
            assert!(!budget.allows_retry(&settings), "from none, up to two");
        }
        budget.report(&settings, true);
        assert!(budget.allows_retry(&settings));
    }
}
