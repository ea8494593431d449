//! A place in a run: a run, or a run as it was at a step.

use std::fmt;
use std::str::FromStr;

use crate::base::names;
use crate::error::{Error, Result};

/// A run, or a run up to a step: what a fork begins from and a rewind goes back to.
///
/// As text it is `RUN`, `RUN@STEP` or, as W&B writes it, `RUN?_step=STEP`.
///
/// ```
/// use mlops_core::runs::RunPoint;
///
/// # fn main() -> mlops_core::Result<()> {
/// let point: RunPoint = "0199c0ffee?_step=100".parse()?;
/// assert_eq!((point.run_id.as_str(), point.step), ("0199c0ffee", Some(100)));
/// assert_eq!(point.to_string(), "0199c0ffee@100");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunPoint {
    /// The run's id.
    pub run_id: String,
    /// The last step that counts; None: all.
    pub step: Option<i64>,
}

impl FromStr for RunPoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once("?_step=").or_else(|| text.split_once('@'));
        let (run_id, step) = parts.map_or((text, None), |(run_id, step)| (run_id, Some(step)));
        names::check_run_id(run_id)?;
        let step = step.map(|step| {
            step.parse::<i64>().map_err(|_| Error::InvalidArgument {
                what: "step of a run".into(),
                value: text.chars().take(300).collect(),
                expected: "RUN, RUN@STEP or RUN?_step=STEP, with a whole number".into(),
            })
        });
        Ok(Self { run_id: run_id.into(), step: step.transpose()? })
    }
}

impl fmt::Display for RunPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "{}@{step}", self.run_id),
            None => f.write_str(&self.run_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_in_every_spelling_and_a_wrong_one_is_told() {
        let read = |text: &str| text.parse::<RunPoint>().map(|point| (point.run_id, point.step));
        assert_eq!(read("a-1").unwrap(), ("a-1".into(), None));
        assert_eq!(read("a@-5").unwrap(), ("a".into(), Some(-5)));
        assert_eq!(read("a?_step=9223372036854775807").unwrap(), ("a".into(), Some(i64::MAX)));
        for wrong in ["", "@5", "a@", "a@1.5", "a@x", "a?_step=", "a?step=5", "a@9223372036854775808", "a b@1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
