//! A metric of the caller's own that is no mean of values of rows: a function of rows.

use std::fmt;
use std::sync::Arc;

use crate::error::Result;

/// What an own function gives for a list of rows: the candidate's value, and the baseline's if there is one.
pub type OwnScores = (f64, Option<f64>);

type Function = dyn Fn(&[u32]) -> Result<OwnScores> + Send + Sync;

/// The values of candidate and baseline by a metric `own:<name>`, for any list of rows: places in the order of the targets,
/// where a row may stand more than once. It is called once for all rows, and once for each that a bootstrap draws, from
/// several threads; the same rows must give the same values.
///
/// ```
/// use mlops_core::gates::OwnFunction;
/// # fn main() -> mlops_core::Result<()> {
/// let profits = [3.0, 1.0, 4.0];
/// let largest = OwnFunction::new(move |rows| {
///     let most = rows.iter().filter_map(|row| profits.get(*row as usize)).fold(0.0_f64, |most, one| most.max(*one));
///     Ok((most, Some(2.0)))
/// });
/// assert_eq!(largest.values(&[0, 1, 1])?, (3.0, Some(2.0)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OwnFunction(Arc<Function>);

impl OwnFunction {
    /// A function of rows.
    pub fn new(function: impl Fn(&[u32]) -> Result<OwnScores> + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }

    /// The values for these rows.
    ///
    /// # Errors
    /// What the function gives; the check is an error then.
    pub fn values(&self, rows: &[u32]) -> Result<OwnScores> {
        (self.0)(rows)
    }
}

impl fmt::Debug for OwnFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnFunction")
    }
}

impl PartialEq for OwnFunction {
    /// True for the same function, not for one that does the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
