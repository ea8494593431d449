//! Tests of means of differences: paired t, TOST, and the corrected ones for resampled and cross-validated models.

use super::distributions::{f_sf, of_length, t_sf, to_float};
use super::options::bad;
use crate::error::Result;

/// A test by a t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TTest {
    /// The mean of the differences.
    pub difference: f64,
    /// Its standard error; infinite for one difference, 0 if they do not vary.
    pub error: f64,
    /// The degrees of freedom.
    pub df: f64,
    /// Mean over standard error: infinite without variance, 0 if the mean is 0 too.
    pub t: f64,
    /// One-sided, of the hypothesis that the mean is not above 0. Without variance 0 if it is, else 1.
    pub p_value: f64,
}

impl TTest {
    fn new(difference: f64, error: f64, df: f64) -> Self {
        let t = if error > 0.0 {
            difference / error
        } else if difference > 0.0 {
            f64::INFINITY
        } else if difference < 0.0 {
            f64::NEG_INFINITY
        } else {
            0.0
        };
        let p_value = if error > 0.0 && df > 0.0 {
            t_sf(t, df)
        } else if difference > 0.0 && error <= 0.0 {
            0.0
        } else {
            1.0
        };
        Self { difference, error, df, t, p_value }
    }
}

/// Mean and variance (n - 1) of differences, in two passes. Differences that vary by rounding only do not vary.
pub(super) fn mean_and_variance(differences: &[f64]) -> (f64, f64) {
    let n = of_length(differences.len());
    let mean = differences.iter().sum::<f64>() / n;
    let (squares, rest) = differences.iter().fold((0.0, 0.0), |(squares, rest), d| {
        let off = d - mean;
        (squares + off * off, rest + off)
    });
    let variance = if n > 1.0 { ((squares - rest * rest / n) / (n - 1.0)).max(0.0) } else { f64::INFINITY };
    (mean, if variance.sqrt() <= 1e-14 * mean.abs() { 0.0 } else { variance })
}

fn check(differences: &[f64]) -> Result<()> {
    if differences.is_empty() {
        return Err(bad("differences", "[]", "at least one"));
    }
    match differences.iter().find(|d| !d.is_finite()) {
        Some(d) => Err(bad("a difference", d, "a finite number")),
        None => Ok(()),
    }
}

/// Student's paired t (1908): `mean(d) / (sd(d) / sqrt(n))` with n - 1 degrees of freedom.
///
/// Of one difference nothing is known: the error is infinite and p is 1.
///
/// # Errors
/// `InvalidArgument` for no differences, or one that is NaN or infinite.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::paired_t;
/// let found = paired_t(&[1.0, 2.0, 3.0])?;
/// assert!((found.t - 12.0_f64.sqrt()).abs() < 1e-12 && (found.p_value - 0.03708995).abs() < 1e-8);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn paired_t(differences: &[f64]) -> Result<TTest> {
    check(differences)?;
    let (mean, variance) = mean_and_variance(differences);
    let n = of_length(differences.len());
    Ok(TTest::new(mean, (variance / n).sqrt(), n - 1.0))
}

/// Nadeau's and Bengio's corrected resampled t (2003): `mean(d) / sqrt((1/K + n_test/n_train) var(d))` with K - 1 degrees of
/// freedom, for the differences of K folds or repeated splits, whose training rows overlap.
///
/// # Errors
/// As [`paired_t`], and `InvalidArgument` if `train_rows` is 0.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::{corrected_t, paired_t};
/// let folds = [0.02, 0.01, 0.03, 0.015, 0.025];
/// assert!(corrected_t(&folds, 800, 200)?.p_value > paired_t(&folds)?.p_value);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn corrected_t(differences: &[f64], train_rows: u64, test_rows: u64) -> Result<TTest> {
    check(differences)?;
    if train_rows == 0 {
        return Err(bad("train_rows", 0, "at least 1"));
    }
    let (mean, variance) = mean_and_variance(differences);
    let folds = of_length(differences.len());
    let scale = 1.0 / folds + to_float(test_rows) / to_float(train_rows);
    Ok(TTest::new(mean, (scale * variance).sqrt(), folds - 1.0))
}

/// The combined 5x2cv F test (Alpaydin, 1999): `sum d_ij^2 / (2 sum s_i^2)`, of F with 10 and 5 degrees of freedom, for the
/// differences of both halves of five splits. Two-sided. Gives F and p; F is infinite if halves never differ, and (0, 1) stands
/// for no difference at all.
///
/// # Errors
/// `InvalidArgument` for a difference that is NaN or infinite.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::five_by_two_f;
/// let (f, p) = five_by_two_f(&[[0.1, 0.2], [0.0, 0.1], [0.2, 0.2], [0.1, 0.0], [0.1, 0.1]])?;
/// assert!((f - 17.0 / 3.0).abs() < 1e-12 && p < 0.05);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn five_by_two_f(differences: &[[f64; 2]; 5]) -> Result<(f64, f64)> {
    check(differences.as_flattened())?;
    let squares: f64 = differences.as_flattened().iter().map(|d| d * d).sum();
    let spread: f64 = differences.iter().map(|[a, b]| (a - b).powi(2) / 2.0).sum();
    if squares <= 0.0 {
        return Ok((0.0, 1.0));
    }
    let f = if spread > 0.0 { squares / (2.0 * spread) } else { f64::INFINITY };
    Ok((f, f_sf(f, 10.0, 5.0)))
}

/// Two one-sided t tests of equivalence (Schuirmann, 1987).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tost {
    /// Of the hypothesis that the mean is `-margin` or less.
    pub p_not_below: f64,
    /// Of the hypothesis that it is `margin` or more.
    pub p_not_above: f64,
    /// The larger: small means that the mean is within the margin on both sides.
    pub p_value: f64,
}

/// Tests that the mean difference is between `-margin` and `margin`: for the same model in a new runtime.
///
/// # Errors
/// As [`paired_t`], and `InvalidArgument` if the margin is not above 0.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::tost;
/// assert!(tost(&[0.001, -0.002, 0.0, 0.001], 0.01)?.p_value < 0.01);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn tost(differences: &[f64], margin: f64) -> Result<Tost> {
    if !(margin > 0.0 && margin.is_finite()) {
        return Err(bad("margin", margin, "a number above 0"));
    }
    let found = paired_t(differences)?;
    let p_not_below = TTest::new(found.difference + margin, found.error, found.df).p_value;
    let p_not_above = TTest::new(margin - found.difference, found.error, found.df).p_value;
    Ok(Tost { p_not_below, p_not_above, p_value: p_not_below.max(p_not_above) })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn one_difference_tells_nothing_and_none_is_an_error() {
        let one = paired_t(&[3.0]).unwrap();
        assert_eq!((one.p_value, one.error, one.df), (1.0, f64::INFINITY, 0.0));
        assert!(paired_t(&[]).is_err());
        assert!(paired_t(&[1.0, f64::NAN]).unwrap_err().to_string().contains("NaN"));
        assert!(tost(&[0.0, 0.1], 0.0).is_err());
        assert!(corrected_t(&[0.1, 0.2], 0, 5).is_err());
    }

    #[test]
    fn differences_that_do_not_vary_are_sure() {
        assert_eq!(paired_t(&[0.1; 7]).unwrap().p_value, 0.0);
        assert_eq!(paired_t(&[-0.1; 7]).unwrap().p_value, 1.0);
        assert_eq!(paired_t(&[0.0; 7]).unwrap().p_value, 1.0);
        assert_eq!(five_by_two_f(&[[0.0; 2]; 5]).unwrap(), (0.0, 1.0));
        assert_eq!(five_by_two_f(&[[0.1; 2]; 5]).unwrap().1, 0.0);
    }
}
