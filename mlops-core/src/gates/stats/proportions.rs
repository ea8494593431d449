//! Tests and intervals of counts: McNemar, Wald on discordant rows, Wilson, Newcombe.

use super::distributions::{binomial_half_pmf, binomial_half_tail, normal_quantile, to_float};
use super::options::bad;
use crate::error::Result;

/// McNemar's test of two models on the same rows, from the rows on which just one of them is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// One-sided and exact, of the hypothesis that the candidate is not better: `P(Bin(m, 1/2) >= b)`.
    pub p_value: f64,
    /// The same less half the probability of b itself: less conservative.
    pub mid_p: f64,
    /// Two-sided and exact: twice the smaller tail, at most 1.
    pub two_sided: f64,
    /// The two-sided mid-p: twice the smaller tail less the probability of b itself, at most 1.
    pub two_sided_mid_p: f64,
}

/// McNemar's test (1947), exact by the binomial distribution; the mid-p is Fagerland's, Lydersen's and Laake's (2013).
///
/// `b` rows have the candidate right and the baseline wrong, `c` the reverse, m = b + c. With m = 0 nothing speaks for a
/// difference, and all p-values are 1. Takes the square root of m at most.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::mcnemar;
/// assert!((mcnemar(8, 2).p_value - 0.0546875).abs() < 1e-12);
/// assert_eq!(mcnemar(0, 0).p_value, 1.0);
/// ```
pub fn mcnemar(b: u64, c: u64) -> McNemar {
    let m = b + c;
    if m == 0 {
        return McNemar { p_value: 1.0, mid_p: 1.0, two_sided: 1.0, two_sided_mid_p: 1.0 };
    }
    let (tail, at) = (binomial_half_tail(b, m), binomial_half_pmf(b, m));
    let smaller = binomial_half_tail(b.max(c), m);
    McNemar {
        p_value: tail,
        mid_p: tail - at / 2.0,
        two_sided: (2.0 * smaller).min(1.0),
        two_sided_mid_p: (2.0 * smaller - at).min(1.0),
    }
}

/// The difference of two paired proportions and Wald's standard error: `(b - c) / n` and `sqrt(b + c - (b - c)^2 / n) / n`.
///
/// `b` rows of `n` have the candidate right and the baseline wrong, `c` the reverse.
///
/// # Errors
/// `InvalidArgument` if n is 0 or less than b + c.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::wald;
/// let (difference, error) = wald(30, 10, 1_000)?;
/// assert_eq!(difference, 0.02);
/// assert!((error - 0.006292853089).abs() < 1e-12);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn wald(b: u64, c: u64, n: u64) -> Result<(f64, f64)> {
    if n == 0 || b.checked_add(c).is_none_or(|m| m > n) {
        return Err(bad("n", n, &format!("at least 1 and at least the {b} + {c} discordant rows")));
    }
    let (gain, rows) = (to_float(b) - to_float(c), to_float(n));
    let variance = to_float(b + c) - gain * gain / rows;
    Ok((gain / rows, variance.max(0.0).sqrt() / rows))
}

/// Wilson's interval (1927) of a proportion, `alpha / 2` on each side, without continuity correction.
///
/// # Errors
/// `InvalidArgument` if n is 0 or less than `count`, or alpha is not between 0 and 1.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::wilson;
/// let (lower, upper) = wilson(0, 10, 0.05)?;
/// assert!(lower == 0.0 && (upper - 0.27753279986).abs() < 1e-9);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn wilson(count: u64, n: u64, alpha: f64) -> Result<(f64, f64)> {
    if n == 0 || count > n {
        return Err(bad("n", n, &format!("at least 1 and at least the count, {count}")));
    }
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(bad("alpha", alpha, "between 0 and 1, such as 0.05"));
    }
    let (z, n_rows) = (normal_quantile(1.0 - alpha / 2.0), to_float(n));
    let (p, square) = (to_float(count) / n_rows, z * z);
    let middle = (p + square / (2.0 * n_rows)) / (1.0 + square / n_rows);
    let reach = z * (p * (1.0 - p) / n_rows + square / (4.0 * n_rows * n_rows)).sqrt() / (1.0 + square / n_rows);
    let lower = if count == 0 { 0.0 } else { (middle - reach).max(0.0) };
    let upper = if count == n { 1.0 } else { (middle + reach).min(1.0) };
    Ok((lower, upper))
}

/// Newcombe's interval (1998, method 10) of the difference of two proportions of different rows, first less second.
///
/// # Errors
/// As [`wilson`].
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::newcombe;
/// let (lower, upper) = newcombe((56, 70), (48, 80), 0.05)?;
/// assert!((lower - 0.0524).abs() < 1e-4 && (upper - 0.3339).abs() < 1e-4);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn newcombe(first: (u64, u64), second: (u64, u64), alpha: f64) -> Result<(f64, f64)> {
    let (one, other) = (wilson(first.0, first.1, alpha)?, wilson(second.0, second.1, alpha)?);
    let (p, q) = (to_float(first.0) / to_float(first.1), to_float(second.0) / to_float(second.1));
    let below = (p - one.0).hypot(other.1 - q);
    let above = (one.1 - p).hypot(q - other.0);
    Ok((p - q - below, p - q + above))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn counts_that_cannot_be_are_refused() {
        assert!(wald(5, 6, 10).unwrap_err().to_string().contains("the 5 + 6 discordant rows"));
        assert!(wald(u64::MAX, 1, 10).is_err());
        assert!(wald(0, 0, 0).is_err());
        assert!(wilson(3, 2, 0.05).is_err());
        assert!(wilson(1, 2, 1.0).is_err());
    }

    #[test]
    fn sides_of_mcnemar_are_each_others_rest() {
        for (b, c) in [(0, 1), (3, 9), (50, 50), (1_000, 900)] {
            let (one, other) = (mcnemar(b, c), mcnemar(c, b));
            assert!((one.mid_p + other.mid_p - 1.0).abs() < 1e-12);
            assert_eq!(one.two_sided, other.two_sided);
        }
    }
}
