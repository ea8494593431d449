//! The test of Diebold and Mariano, for forecasts of a series.

use super::distributions::{of_length, t_sf};
use super::options::bad;
use crate::error::Result;

/// What the test of Diebold and Mariano finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DieboldMariano {
    /// The statistic, corrected for small samples.
    pub statistic: f64,
    /// One-sided, by Student's t with n - 1 degrees of freedom, of the hypothesis that the mean is not above 0.
    pub p_value: f64,
    /// The sum over lags was not above 0, so that the variance without lags was taken.
    pub without_lags: bool,
}

/// The test of Diebold and Mariano (1995) of differences of losses in the order of time, corrected by Harvey, Leybourne and
/// Newbold (1997), for forecasts `horizon` steps ahead.
///
/// `mean(d) / sqrt((g_0 + 2 sum g_k) / n)`, lags k to horizon - 1, `g_k = 1/n sum (d_t - mean)(d_(t-k) - mean)`, times
/// `sqrt((n + 1 - 2h + h (h - 1) / n) / n)`. A variance that is not above 0 is replaced by that without lags, as in R's
/// `dm.test`; without any variance p is 0 if the mean is above 0, else 1. Takes n times the horizon.
///
/// # Errors
/// `InvalidArgument` for no differences, one that is NaN or infinite, or a horizon that is 0 or not less than n.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::diebold_mariano;
/// let gains = [0.3, 0.5, -0.1, 0.4, 0.2, 0.1, 0.6, 0.0];
/// assert!(diebold_mariano(&gains, 2)?.p_value < 0.05);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn diebold_mariano(differences: &[f64], horizon: u32) -> Result<DieboldMariano> {
    if differences.is_empty() {
        return Err(bad("differences", "[]", "at least one"));
    }
    if let Some(d) = differences.iter().find(|d| !d.is_finite()) {
        return Err(bad("a difference", d, "a finite number"));
    }
    let lags = horizon as usize;
    if horizon == 0 || lags >= differences.len() && differences.len() > 1 || lags > differences.len() {
        return Err(bad("horizon", horizon, &format!("1 or more, and less than the {} rows", differences.len())));
    }
    let n = of_length(differences.len());
    let mean = differences.iter().sum::<f64>() / n;
    let covariance = |lag: usize| {
        let later = differences.iter().skip(lag);
        later.zip(differences).map(|(now, before)| (now - mean) * (before - mean)).sum::<f64>() / n
    };
    let own = covariance(0);
    // What rounding leaves of differences that are all equal is no variance.
    let own = if own.sqrt() <= 1e-14 * mean.abs() { 0.0 } else { own };
    let with_lags = if own > 0.0 { own + 2.0 * (1..lags).map(covariance).sum::<f64>() } else { 0.0 };
    let without_lags = own > 0.0 && with_lags <= 0.0;
    let variance = if without_lags { own } else { with_lags };
    if variance <= 0.0 || differences.len() < 2 {
        let sure = mean > 0.0 && differences.len() > 1;
        let statistic = if sure { f64::INFINITY } else { 0.0 };
        return Ok(DieboldMariano { statistic, p_value: if sure { 0.0 } else { 1.0 }, without_lags });
    }
    let h = f64::from(horizon);
    let small = ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).max(0.0).sqrt();
    let statistic = mean / (variance / n).sqrt() * small;
    Ok(DieboldMariano { statistic, p_value: t_sf(statistic, n - 1.0), without_lags })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn a_horizon_beyond_the_rows_is_refused() {
        assert!(diebold_mariano(&[1.0, 2.0], 2).unwrap_err().to_string().contains("less than the 2 rows"));
        assert!(diebold_mariano(&[1.0, 2.0], 0).is_err());
        assert!(diebold_mariano(&[], 1).is_err());
    }

    #[test]
    fn one_row_and_no_variance_are_not_divided_by() {
        assert_eq!(diebold_mariano(&[1.0], 1).unwrap().p_value, 1.0);
        assert_eq!(diebold_mariano(&[0.1; 9], 3).unwrap().p_value, 0.0);
        assert_eq!(diebold_mariano(&[0.0; 9], 3).unwrap().p_value, 1.0);
    }

    #[test]
    fn a_variance_of_lags_that_is_not_positive_is_not_taken() {
        let found = diebold_mariano(&[1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.5], 2).unwrap();
        assert!(found.without_lags && found.p_value.is_finite());
    }
}
