//! Wilcoxon's signed-rank test.

use super::distributions::{normal_sf, of_length};
use super::options::bad;
use crate::error::Result;

/// The most differences of which the distribution is computed; above, the normal is taken.
const EXACT: usize = 25;

/// What Wilcoxon's test finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wilcoxon {
    /// The sum of the ranks of the differences above 0.
    pub statistic: f64,
    /// One-sided, of the hypothesis that the differences are not above 0.
    pub p_value: f64,
    /// Whether p is exact.
    pub exact: bool,
}

/// Wilcoxon's signed-rank test (1945), one-sided: for differences of models over data sets, or of rows with heavy tails.
///
/// Zeros are left out. Exact for at most 25 differences without zeros or ties, else normal with the correction for ties and
/// none for continuity, as scipy's. Without any difference p is 1. Takes n log n.
///
/// # Errors
/// `InvalidArgument` for no differences, or one that is NaN or infinite.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::wilcoxon;
/// let found = wilcoxon(&[0.3, 0.1, -0.2, 0.5, 0.4, 0.6])?;
/// assert_eq!((found.statistic, found.p_value), (19.0, 0.046875));
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn wilcoxon(differences: &[f64]) -> Result<Wilcoxon> {
    if differences.is_empty() {
        return Err(bad("differences", "[]", "at least one"));
    }
    if let Some(d) = differences.iter().find(|d| !d.is_finite()) {
        return Err(bad("a difference", d, "a finite number"));
    }
    let mut left: Vec<f64> = differences.iter().copied().filter(|d| d.abs() > 0.0).collect();
    if left.is_empty() {
        return Ok(Wilcoxon { statistic: 0.0, p_value: 1.0, exact: true });
    }
    left.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let (mut statistic, mut tied, mut before) = (0.0, 0.0, 0);
    for block in left.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let size = of_length(block.len());
        let rank = of_length(before) + f64::midpoint(1.0, size);
        statistic += rank * of_length(block.iter().filter(|d| **d > 0.0).count());
        tied += size * size * size - size;
        before += block.len();
    }
    let n = of_length(left.len());
    if differences.len() <= EXACT && left.len() == differences.len() && tied <= 0.0 {
        return Ok(Wilcoxon { statistic, p_value: exact_tail(left.len(), statistic), exact: true });
    }
    let mean = n * (n + 1.0) / 4.0;
    let error = ((n * (n + 1.0) * (2.0 * n + 1.0) - tied / 2.0) / 24.0).sqrt();
    Ok(Wilcoxon { statistic, p_value: normal_sf((statistic - mean) / error), exact: false })
}

/// `P(W >= w)` for n differences: how many of the 2^n subsets of the ranks sum to w or more.
fn exact_tail(n: usize, statistic: f64) -> f64 {
    let mut ways = vec![0.0; n * (n + 1) / 2 + 1];
    if let Some(first) = ways.first_mut() {
        *first = 1.0;
    }
    for rank in 1..=n {
        for sum in (rank..ways.len()).rev() {
            let more = ways.get(sum - rank).copied().unwrap_or(0.0);
            if let Some(count) = ways.get_mut(sum) {
                *count += more;
            }
        }
    }
    let total: f64 = ways.iter().sum();
    (0..).zip(&ways).filter(|(sum, _)| of_length(*sum) >= statistic).map(|(_, count)| count).sum::<f64>() / total
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_zeros_is_no_difference() {
        assert_eq!(wilcoxon(&[0.0, -0.0]).unwrap().p_value, 1.0);
        assert!(wilcoxon(&[]).is_err());
        assert!(wilcoxon(&[f64::INFINITY]).is_err());
    }

    #[test]
    fn zeros_and_ties_are_not_exact() {
        assert!(wilcoxon(&[1.0, 2.0]).unwrap().exact);
        assert!(!wilcoxon(&[1.0, 2.0, 0.0]).unwrap().exact);
        assert!(!wilcoxon(&[1.0, -1.0]).unwrap().exact);
        assert_eq!(wilcoxon(&[1.0]).unwrap().p_value, 0.5);
    }
}
