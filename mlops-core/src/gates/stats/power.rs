//! How small a difference rows can show, and how many rows a difference needs.

use super::distributions::{normal_quantile, to_float};
use super::options::{bad, check_alpha};
use crate::error::Result;

/// The power that a report speaks of.
pub(super) const POWER: f64 = 0.8;

/// The smallest true difference that a one-sided test at `alpha` shows with this power: `(z_alpha + z_power) error`.
///
/// For 0/1 metrics the error is `sqrt(psi / n)`, psi the share of rows on which just one model is right; for means
/// `sd(d) / sqrt(n)`.
///
/// # Errors
/// `InvalidArgument` for an alpha not between 0 and 1/2, a power not between 0 and 1, or an error below 0.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::minimal_detectable;
/// let smallest = minimal_detectable((0.1_f64 / 24_700.0).sqrt(), 0.05, 0.8)?;
/// assert!((smallest - 0.005).abs() < 1e-5);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn minimal_detectable(error: f64, alpha: f64, power: f64) -> Result<f64> {
    if error.is_nan() || error < 0.0 {
        return Err(bad("error", error, "0 or more"));
    }
    Ok(reach(alpha, power)? * error)
}

/// How many rows show a difference of `margin` in a 0/1 metric: `(z_alpha + z_power)^2 (psi - M^2) / M^2`, rounded up.
///
/// `discordance` is psi, the share of rows on which just one model is right.
///
/// # Errors
/// `InvalidArgument` for a margin that is not above 0, a discordance that is not margin to 1, or as [`minimal_detectable`].
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::rows_needed;
/// assert_eq!(rows_needed(0.1, 0.005, 0.05, 0.8)?, 24_725);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn rows_needed(discordance: f64, margin: f64, alpha: f64, power: f64) -> Result<u64> {
    if !(margin > 0.0 && margin <= 1.0) {
        return Err(bad("margin", margin, "above 0 and at most 1"));
    }
    if !(discordance >= margin && discordance <= 1.0) {
        let expected = format!("{margin} to 1: without as many discordant rows there is no such difference");
        return Err(bad("discordance", discordance, &expected));
    }
    rows_for_variance(discordance - margin * margin, margin, alpha, power)
}

/// How many rows show a difference of `margin` in a mean whose differences have this standard deviation:
/// `(z_alpha + z_power)^2 sd^2 / M^2`, rounded up.
///
/// # Errors
/// `InvalidArgument` for a margin that is not above 0, a deviation below 0, or as [`minimal_detectable`].
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::rows_needed_for_mean;
/// assert_eq!(rows_needed_for_mean(1.0, 0.1, 0.05, 0.8)?, 619);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn rows_needed_for_mean(deviation: f64, margin: f64, alpha: f64, power: f64) -> Result<u64> {
    if !(margin > 0.0 && margin.is_finite()) {
        return Err(bad("margin", margin, "above 0"));
    }
    if !(deviation >= 0.0 && deviation.is_finite()) {
        return Err(bad("deviation", deviation, "0 or more"));
    }
    rows_for_variance(deviation * deviation, margin, alpha, power)
}

fn rows_for_variance(variance: f64, margin: f64, alpha: f64, power: f64) -> Result<u64> {
    let rows = (reach(alpha, power)? / margin).powi(2) * variance;
    if rows >= to_float(1 << 53) {
        return Err(bad("margin", margin, "one that fewer than 9e15 rows can show"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2^53, checked above")]
    Ok((rows.ceil() as u64).max(1))
}

/// `z_alpha + z_power`.
pub(super) fn reach(alpha: f64, power: f64) -> Result<f64> {
    check_alpha(alpha)?;
    if !(power > 0.0 && power < 1.0) {
        return Err(bad("power", power, "between 0 and 1, such as 0.8"));
    }
    Ok(normal_quantile(power) - normal_quantile(alpha))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_of_the_defaults_is_2_486() {
        assert!((reach(0.05, POWER).unwrap() - 2.486_474_860_524_864).abs() < 1e-12);
    }

    #[test]
    fn what_no_rows_can_show_is_an_error() {
        assert!(rows_needed(0.001, 0.01, 0.05, 0.8).unwrap_err().to_string().contains("0.01 to 1"));
        assert!(rows_needed(0.1, 1e-12, 0.05, 0.8).is_err());
        assert!(rows_needed(0.1, 0.0, 0.05, 0.8).is_err());
        assert!(rows_needed_for_mean(1.0, 0.1, 0.5, 0.8).is_err());
        assert!(minimal_detectable(f64::NAN, 0.05, 0.8).is_err());
    }
}
