//! Where few rows are right of one model only: resamples of so few say more than they know, and an exact test has to agree.

use super::comparison::{Comparison, NoteCode};
use super::distributions::to_float;

impl Comparison {
    /// Whether an exact test agrees, at this level, that the true difference is above `-margin`; true where more than a few rows
    /// are discordant, where rows are not independent, and for metrics that are no mean of zeros and ones.
    ///
    /// Without a margin it is McNemar's test: four rows that speak for the candidate and none against it are luck one time in 16,
    /// though nearly every resample has one of them. With a margin M it is the binomial test of the rows that
    /// speak against the candidate: a model that is worse by M has at least that share of them. No such row among 100 says that
    /// they are fewer than 3 % (at 5 %), and not that there are none.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::gates::stats::{CompareOptions, compare};
    /// use mlops_core::metrics::{Metric, Predictions, Targets};
    /// let targets = [1_u32; 200];
    /// let mut baseline = targets;
    /// baseline[..4].fill(0);
    /// let (ours, theirs) = (Predictions::Classes(&targets), Predictions::Classes(&baseline));
    /// let found = compare(&Metric::accuracy(), &Targets::Classes(&targets), &ours, &theirs, &CompareOptions::default())?;
    /// assert!(found.lower > 0.0 && (found.p_value - 0.0625).abs() < 1e-12);
    /// assert!(!found.is_exactly_above(0.05, 0.0) && found.is_exactly_above(0.05, 0.02));
    /// # Ok::<(), mlops_core::Error>(())
    /// ```
    pub fn is_exactly_above(&self, alpha: f64, margin: f64) -> bool {
        let discordant = self.discordant.filter(|_| self.has_note(NoteCode::FewDiscordant));
        let Some(discordant) = discordant.filter(|_| self.method.ends_with("+mcnemar")) else { return true };
        if margin <= 0.0 {
            return self.p_value <= alpha;
        }
        let (rows, discordant) = (to_float(self.rows), to_float(discordant));
        let against = ((discordant - self.difference * rows) / 2.0).round();
        binomial_at_most(against, rows, margin) <= alpha
    }
}

/// The chance of at most so many of `n`, each with the chance `p`; the sum of a few terms.
fn binomial_at_most(k: f64, n: f64, p: f64) -> f64 {
    if p >= 1.0 {
        return if k >= n { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut at) = ((n * (-p).ln_1p()).exp(), 0.0, 0.0);
    while at <= k {
        sum += term;
        term *= (n - at) / (at + 1.0) * p / (1.0 - p);
        at += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::binomial_at_most;

    #[test]
    fn the_chance_of_at_most_so_many_is_that_of_scipy() {
        // scipy.stats.binom.cdf
        for (k, n, p, expected) in [
            (0.0, 100.0, 0.03, 0.047_552_507_925),
            (2.0, 285.0, 0.015, 0.198_330_595_486),
            (9.0, 1_000.0, 0.02, 0.004_680_750_431),
            (3.0, 3.0, 0.5, 1.0),
        ] {
            let found = binomial_at_most(k, n, p);
            assert!((found - expected).abs() < 1e-9, "{k} {n} {p}: {found}, not {expected}");
        }
        assert_eq!((binomial_at_most(1.0, 5.0, 1.0), binomial_at_most(5.0, 5.0, 1.0)), (0.0, 1.0));
    }
}
