//! Many hypotheses at once.

use super::options::bad;
use crate::error::Result;

/// Holm's adjusted p-values (1979): with p sorted up, the largest so far of `(k - i) p_i`, at most 1.
///
/// A hypothesis is rejected at a family-wise level where its adjusted p-value is not above it, whatever the dependence.
///
/// # Errors
/// `InvalidArgument` for a p-value that is not 0 to 1.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::holm;
/// assert_eq!(holm(&[0.04, 0.01, 0.03])?, [0.06, 0.03, 0.06]);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (at, p, left) in falling(p_values)? {
        largest = largest.max((p * super::distributions::of_length(left)).min(1.0));
        if let Some(place) = adjusted.get_mut(at) {
            *place = largest;
        }
    }
    Ok(adjusted)
}

/// The level that Holm's procedure holds each hypothesis against: `alpha / (k - i)` while they are rejected, and the level of the
/// first that is not for all that follow. Bounds at these levels are those that decide.
///
/// # Errors
/// As [`holm`], and `InvalidArgument` for an alpha that is not between 0 and 1.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::holm_levels;
/// assert_eq!(holm_levels(&[0.9, 0.001, 0.03], 0.06)?, [0.06, 0.02, 0.03]);
/// assert_eq!(holm_levels(&[0.9, 0.5, 0.3], 0.06)?, [0.02, 0.02, 0.02]);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn holm_levels(p_values: &[f64], alpha: f64) -> Result<Vec<f64>> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(bad("alpha", alpha, "between 0 and 1, such as 0.05"));
    }
    let mut levels = vec![alpha; p_values.len()];
    let mut stopped = None;
    for (at, p, left) in falling(p_values)? {
        let level = stopped.unwrap_or(alpha / super::distributions::of_length(left));
        if p > level {
            stopped = Some(level);
        }
        if let Some(place) = levels.get_mut(at) {
            *place = level;
        }
    }
    Ok(levels)
}

/// Places and p-values from the smallest, with how many are left, itself included.
fn falling(p_values: &[f64]) -> Result<Vec<(usize, f64, usize)>> {
    if let Some(p) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(bad("a p-value", p, "0 to 1"));
    }
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let total = order.len();
    Ok(order.into_iter().enumerate().map(|(before, (at, p))| (at, p, total - before)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_reject_what_adjusted_p_values_reject() {
        let p = [0.001, 0.2, 0.013, 0.012, 0.04, 0.011, 1.0, 0.0];
        let (adjusted, levels) = (holm(&p).unwrap(), holm_levels(&p, 0.05).unwrap());
        for at in 0..p.len() {
            assert_eq!(adjusted[at] <= 0.05, p[at] <= levels[at], "{at}");
        }
    }

    #[test]
    fn no_hypotheses_are_none_and_no_p_value_is_an_error() {
        assert!(holm(&[]).unwrap().is_empty());
        assert!(holm(&[0.1, f64::NAN]).is_err());
        assert!(holm(&[1.1]).is_err());
        assert!(holm_levels(&[0.1], 0.0).is_err());
    }
}
