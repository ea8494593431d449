//! The distribution of a difference, and what is read from it: bounds at any level, p-values at any margin.

use super::distributions::{normal_cdf, normal_quantile, normal_sf, of_length, t_sf, t_upper_quantile};

/// What is known of where the true difference is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bounds {
    /// Nothing: the bounds are infinite and p is 1.
    Unknown,
    /// Normal around the difference.
    Normal {
        /// The difference.
        difference: f64,
        /// Its standard error; 0 if it does not vary.
        error: f64,
    },
    /// Student's t around the difference.
    T {
        /// The difference.
        difference: f64,
        /// Its standard error; 0 if it does not vary.
        error: f64,
        /// The degrees of freedom.
        df: f64,
    },
    /// What resamples gave.
    Resampled(Resampled),
}

/// The differences of resamples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resampled {
    /// Those that have a value, rising.
    pub(super) sorted: Vec<f64>,
    /// How many have none: they count as the worst for each bound, and as no evidence for the p-value.
    pub(super) undefined: u32,
    /// Bias and acceleration, for BCa.
    pub(super) bca: Option<Bca>,
}

/// What BCa corrects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bca {
    /// How far the resamples are from the difference, as a normal quantile.
    pub(super) bias: f64,
    /// How the spread changes with the difference, from the jackknife.
    pub(super) acceleration: f64,
}

impl Bounds {
    /// The lower one-sided bound.
    pub(super) fn lower(&self, alpha: f64) -> f64 {
        if !(alpha > 0.0 && alpha < 0.5) {
            return f64::NAN;
        }
        match self {
            Self::Unknown => f64::NEG_INFINITY,
            Self::Resampled(resampled) => resampled.lower(alpha),
            known => known.around(-known.reach(alpha)),
        }
    }

    /// The upper one-sided bound.
    pub(super) fn upper(&self, alpha: f64) -> f64 {
        if !(alpha > 0.0 && alpha < 0.5) {
            return f64::NAN;
        }
        match self {
            Self::Unknown => f64::INFINITY,
            Self::Resampled(resampled) => resampled.upper(alpha),
            known => known.around(known.reach(alpha)),
        }
    }

    /// One-sided, of the hypothesis that the true difference is `-margin` or less.
    pub(super) fn p_value(&self, margin: f64) -> f64 {
        if !margin.is_finite() {
            return f64::NAN;
        }
        match self {
            Self::Unknown => 1.0,
            Self::Normal { difference, error } => ratio(difference + margin, *error).map_or_else(|p| p, normal_sf),
            Self::T { difference, error, df } => {
                ratio(difference + margin, *error).map_or_else(|p| p, |t| t_sf(t, *df))
            }
            Self::Resampled(resampled) => resampled.p_value(margin),
        }
    }

    /// The standard error of the difference; infinite if unknown.
    pub(super) fn error(&self) -> f64 {
        match self {
            Self::Unknown => f64::INFINITY,
            Self::Normal { error, .. } | Self::T { error, .. } => *error,
            Self::Resampled(resampled) => resampled.deviation(),
        }
    }

    /// How many resamples would say something of this level, where those that were taken do not.
    pub(super) fn resamples_needed(&self, alpha: f64) -> Option<f64> {
        match self {
            Self::Resampled(resampled) if resampled.is_silent(alpha) => Some(Resampled::needed(alpha)),
            _ => None,
        }
    }

    fn reach(&self, alpha: f64) -> f64 {
        match self {
            Self::Normal { .. } => -normal_quantile(alpha),
            Self::T { df, .. } => t_upper_quantile(alpha, *df),
            Self::Unknown | Self::Resampled(_) => f64::INFINITY,
        }
    }

    fn around(&self, errors: f64) -> f64 {
        match self {
            Self::Normal { difference, error } | Self::T { difference, error, .. } if *error > 0.0 => {
                difference + errors * error
            }
            Self::Normal { difference, .. } | Self::T { difference, .. } => *difference,
            Self::Unknown | Self::Resampled(_) => f64::NAN,
        }
    }
}

/// The statistic, or the p-value where there is no variance: 0 if what is left is above 0, else 1.
fn ratio(above: f64, error: f64) -> Result<f64, f64> {
    if error > 0.0 { Ok(above / error) } else { Err(if above > 0.0 { 0.0 } else { 1.0 }) }
}

impl Resampled {
    /// Fewer resamples than that say nothing of this level: beyond the least of them nothing is known.
    fn needed(alpha: f64) -> f64 {
        (1.0 / alpha - 1.0 - 1e-6).ceil()
    }

    fn total(&self) -> usize {
        self.sorted.len() + self.undefined as usize
    }

    fn is_silent(&self, alpha: f64) -> bool {
        of_length(self.total()) < Self::needed(alpha)
    }

    fn lower(&self, alpha: f64) -> f64 {
        if self.is_silent(alpha) {
            return f64::NEG_INFINITY;
        }
        self.quantile(self.level(alpha), self.undefined as usize)
    }

    fn upper(&self, alpha: f64) -> f64 {
        if self.is_silent(alpha) {
            return f64::INFINITY;
        }
        self.quantile(self.level(1.0 - alpha), 0)
    }

    /// BCa's level for a level: `Phi(z0 + (z0 + z) / (1 - a (z0 + z)))`.
    fn level(&self, level: f64) -> f64 {
        let Some(Bca { bias, acceleration }) = self.bca else { return level };
        let moved = bias + normal_quantile(level);
        let scale = 1.0 - acceleration * moved;
        // Beyond the pole the level would turn round: it is the end that it came to.
        if scale <= 0.0 {
            return if moved < 0.0 { 0.0 } else { 1.0 };
        }
        normal_cdf(bias + moved / scale)
    }

    /// The quantile between the two nearest (numpy's `linear`), with `below` values of minus infinity; those without a value
    /// that are not below are above.
    fn quantile(&self, level: f64, below: usize) -> f64 {
        let total = self.total();
        if total == 0 {
            return f64::NAN;
        }
        let at = level * of_length(total - 1);
        let floor = at.floor();
        let value = |place: usize| match place.checked_sub(below) {
            None => f64::NEG_INFINITY,
            Some(place) => self.sorted.get(place).copied().unwrap_or(f64::INFINITY),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a level is 0 to 1, so this is a place"
        )]
        let place = floor as usize;
        let (first, weight) = (value(place), at - floor);
        if weight <= 0.0 || !first.is_finite() {
            return first;
        }
        let second = value(place + 1);
        if second.is_finite() { lerp(first, second, weight) } else { second }
    }

    fn p_value(&self, margin: f64) -> f64 {
        let not_better = self.sorted.partition_point(|value| *value <= -margin) + self.undefined as usize;
        (1.0 + of_length(not_better)) / (1.0 + of_length(self.total()))
    }

    fn deviation(&self) -> f64 {
        if self.undefined > 0 || self.sorted.len() < 2 {
            return f64::INFINITY;
        }
        let n = of_length(self.sorted.len());
        let mean = self.sorted.iter().sum::<f64>() / n;
        (self.sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    }
}

/// numpy's interpolation, which is exact at both ends.
fn lerp(first: f64, second: f64, weight: f64) -> f64 {
    let step = second - first;
    if weight >= 0.5 { second - step * (1.0 - weight) } else { first + step * weight }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    fn resampled(undefined: u32) -> Bounds {
        let sorted = (0..=100).map(f64::from).collect();
        Bounds::Resampled(Resampled { sorted, undefined, bca: None })
    }

    #[test]
    fn quantiles_are_between_the_nearest() {
        assert!((resampled(0).lower(0.055) - 5.5).abs() < 1e-12);
        assert!((resampled(0).upper(0.05) - 95.0).abs() < 1e-12);
        assert!((resampled(0).p_value(0.0) - 2.0 / 102.0).abs() < 1e-15);
    }

    #[test]
    fn resamples_without_a_value_speak_against_both_bounds() {
        assert_eq!(resampled(10).lower(0.05), f64::NEG_INFINITY);
        assert_eq!(resampled(10).upper(0.05), f64::INFINITY);
        assert!(resampled(1).lower(0.05) < resampled(0).lower(0.05));
        assert!(resampled(1).upper(0.05) > resampled(0).upper(0.05));
        assert!(resampled(10).p_value(0.0) > resampled(0).p_value(0.0));
    }

    #[test]
    fn beyond_the_least_resample_nothing_is_known() {
        assert_eq!((resampled(0).lower(0.01), resampled(0).resamples_needed(0.01)), (1.0, None));
        assert_eq!((resampled(0).lower(0.009), resampled(0).upper(0.009)), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(resampled(0).resamples_needed(0.001), Some(999.0));
        assert_eq!(Bounds::Normal { difference: 0.0, error: 1.0 }.resamples_needed(1e-9), None);
    }

    #[test]
    fn without_variance_the_bounds_are_the_difference() {
        let bounds = Bounds::Normal { difference: 0.0, error: 0.0 };
        assert_eq!((bounds.lower(0.05), bounds.upper(0.05), bounds.p_value(0.0)), (0.0, 0.0, 1.0));
        assert_eq!(bounds.p_value(0.1), 0.0);
    }

    #[test]
    fn of_one_row_nothing_is_known() {
        assert_eq!(Bounds::Unknown.lower(0.05), f64::NEG_INFINITY);
        assert_eq!(Bounds::Unknown.p_value(1.0), 1.0);
        assert!(Bounds::Unknown.lower(0.7).is_nan());
    }
}
