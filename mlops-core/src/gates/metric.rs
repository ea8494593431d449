//! The metrics that a gate may name: those that are known, and those whose values the caller hands in.

use std::fmt;
use std::str::FromStr;

use crate::base::names::check_key;
use crate::error::{Error, Result};
use crate::metrics::Metric;

/// A metric of a gate.
///
/// ```
/// use mlops_core::gates::GateMetric;
/// # fn main() -> mlops_core::Result<()> {
/// let known: GateMetric = "auc".parse()?;
/// assert_eq!((known.to_string().as_str(), known.greater_is_better()), ("roc_auc", true));
/// let own: GateMetric = "own_loss:cost".parse()?;
/// assert_eq!((own.to_string().as_str(), own.greater_is_better()), ("own_loss:cost", false));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum GateMetric {
    /// One that is known.
    Known(Metric),
    /// The mean of values of rows that the caller hands in: `own:<name>`, or `own_loss:<name>` of which less is better.
    Own {
        /// The name of the values.
        name: String,
        /// More of it is better.
        greater_is_better: bool,
    },
}

impl GateMetric {
    /// Whether a larger value is better.
    pub fn greater_is_better(&self) -> bool {
        match self {
            Self::Known(metric) => metric.greater_is_better(),
            Self::Own { greater_is_better, .. } => *greater_is_better,
        }
    }
}

impl fmt::Display for GateMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(metric) => metric.fmt(f),
            Self::Own { name, greater_is_better: true } => write!(f, "own:{name}"),
            Self::Own { name, greater_is_better: false } => write!(f, "own_loss:{name}"),
        }
    }
}

impl FromStr for GateMetric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let own = text.strip_prefix("own:").map(|name| (name, true));
        let Some((name, greater_is_better)) = own.or(text.strip_prefix("own_loss:").map(|name| (name, false))) else {
            return text.parse().map(Self::Known).map_err(|e| match e {
                Error::InvalidArgument { what, value, expected } => {
                    let expected =
                        format!("{expected}; or own:NAME or own_loss:NAME for the mean of values of your own");
                    Error::InvalidArgument { what, value, expected }
                }
                other => other,
            });
        };
        check_key("name of a metric of your own", name)?;
        Ok(Self::Own { name: name.into(), greater_is_better })
    }
}
