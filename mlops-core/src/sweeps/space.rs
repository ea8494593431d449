//! The params of a sweep and the values that they may have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::limits;
use crate::base::names;
use crate::base::text::{ParamValue, float_repr};
use crate::error::{Error, Result};

/// The params to try, by name.
pub type Space = BTreeMap<String, Dimension>;

/// Integers of this size and below are exact as floats.
const EXACT: i64 = 1 << 53;

/// What one param may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Dimension {
    /// One of these values, each as likely.
    Choice(Vec<ParamValue>),
    /// `min`, `min + step`... up to `max`, which is one of them if the step leads there. With `log` the logarithm is
    /// evenly distributed; `min` is at least 1 then. Bounds are at most 2^53 from 0.
    Int {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
        /// The distance between two; at least 1.
        step: i64,
        /// Small ones are more likely.
        log: bool,
    },
    /// From `min` to `max`; with `step` only `min`, `min + step`... With `log` the logarithm is evenly distributed; `min` is
    /// above 0 then.
    Float {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
        /// The distance between two; None: any number.
        step: Option<f64>,
        /// Small ones are more likely.
        log: bool,
    },
    /// Always this value.
    Constant(ParamValue),
}

impl Dimension {
    /// Integers from `min` to `max`.
    pub const fn int(min: i64, max: i64) -> Self {
        Self::Int { min, max, step: 1, log: false }
    }

    /// Numbers from `min` to `max`.
    pub const fn float(min: f64, max: f64) -> Self {
        Self::Float { min, max, step: None, log: false }
    }

    /// Numbers from `min` to `max`, of which the logarithm is evenly distributed.
    pub const fn log_float(min: f64, max: f64) -> Self {
        Self::Float { min, max, step: None, log: true }
    }

    /// One of these.
    pub fn choice<T: Into<ParamValue>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::Choice(values.into_iter().map(Into::into).collect())
    }

    /// How many values there are; None if they cannot be counted.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Choice(values) => Some(values.len() as u64),
            Self::Int { min, max, step, .. } => Some(max.abs_diff(*min) / step.unsigned_abs().max(1) + 1),
            Self::Float { min, max, .. } if min.total_cmp(max).is_eq() => Some(1),
            Self::Float { min, max, step: Some(step), .. } => Some(steps(*min, *max, *step) + 1),
            Self::Float { step: None, .. } => None,
            Self::Constant(_) => Some(1),
        }
    }

    /// The value of this number, of those that can be counted; the last for a number that is too large.
    pub(super) fn value(&self, index: u64) -> ParamValue {
        let last = self.count().unwrap_or(1).saturating_sub(1);
        let index = index.min(last);
        match self {
            Self::Choice(values) => {
                usize::try_from(index).ok().and_then(|index| values.get(index)).cloned().unwrap_or(ParamValue::None)
            }
            Self::Int { min, max, step, .. } => {
                let away = i64::try_from(index).unwrap_or(i64::MAX).saturating_mul(*step);
                ParamValue::Int(min.saturating_add(away).min(*max))
            }
            Self::Float { min, max, step, .. } => ParamValue::Float(grid_float(*min, *max, step.unwrap_or(0.0), index)),
            Self::Constant(value) => value.clone(),
        }
    }

    fn check(&self, name: &str) -> Result<()> {
        let refuse = |value: String, expected: &str| {
            Err(Error::InvalidArgument {
                what: format!("the space of param `{name}`"),
                value,
                expected: expected.into(),
            })
        };
        let text = |value: &ParamValue| {
            let what = || format!("a value of param `{name}`");
            limits::check(what, value.text().len(), limits::INLINE_VALUE_BYTES, "bytes")
        };
        match self {
            Self::Choice(values) if values.is_empty() => refuse("no values".into(), "one value or more"),
            Self::Choice(values) => values.iter().try_for_each(text),
            Self::Constant(value) => text(value),
            Self::Int { min, max, step, log } => {
                let shown = format!("{min} to {max} by {step}");
                match () {
                    () if min > max => refuse(shown, "a smallest value that is not above the largest"),
                    () if *step < 1 => refuse(shown, "a step of 1 or more"),
                    () if *log && *min < 1 => refuse(shown, "a smallest value of 1 or more for a logarithm"),
                    () if *min < -EXACT || *max > EXACT => refuse(shown, "bounds within 2^53 of 0"),
                    () => Ok(()),
                }
            }
            Self::Float { min, max, step, log } => {
                let by = step.map(|step| format!(" by {}", float_repr(step))).unwrap_or_default();
                let shown = format!("{} to {}{by}", float_repr(*min), float_repr(*max));
                match () {
                    () if !(min.is_finite() && max.is_finite() && (max - min).is_finite()) => {
                        refuse(shown, "finite bounds whose distance is finite too")
                    }
                    () if min > max => refuse(shown, "a smallest value that is not above the largest"),
                    () if step.is_some_and(|step| !(step.is_finite() && step > 0.0)) => {
                        refuse(shown, "a finite step above 0")
                    }
                    () if step.is_some_and(|step| (max - min) / step > 1e15) => {
                        refuse(shown, "a step that divides the range into at most 10^15 parts")
                    }
                    () if *log && *min <= 0.0 => refuse(shown, "a smallest value above 0 for a logarithm"),
                    () => Ok(()),
                }
            }
        }
    }
}

/// How many steps fit into a range; one that misses the end by a rounding error does.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be from 0 to 10^15")]
pub(super) fn steps(min: f64, max: f64, step: f64) -> u64 {
    let parts = (max - min) / step;
    (parts + parts.max(1.0) * 1e-12).floor() as u64
}

/// `min + index * step`, never above `max`.
#[expect(clippy::cast_precision_loss, reason = "an index is at most 10^15")]
pub(super) fn grid_float(min: f64, max: f64, step: f64, index: u64) -> f64 {
    (min + step * index as f64).min(max)
}

/// Checks names and values of a space.
///
/// # Errors
/// `InvalidArgument`, `LimitExceeded`.
pub(super) fn check(space: &Space) -> Result<()> {
    for (name, dimension) in space {
        names::check_key("param", name)?;
        dimension.check(name)?;
    }
    Ok(())
}

/// How many points a grid has.
///
/// # Errors
/// `InvalidArgument` if a param has more values than can be counted.
pub(super) fn grid_points(space: &Space) -> Result<u64> {
    let mut points = 1_u64;
    for (name, dimension) in space {
        let count = dimension.count().ok_or_else(|| Error::InvalidArgument {
            what: format!("the space of param `{name}`"),
            value: "a range without a step".into(),
            expected: "values or a step, since the method is grid; or the method random".into(),
        })?;
        points = points.saturating_mul(count);
    }
    Ok(points)
}

/// The params of a point of the grid: the last name changes fastest.
pub(super) fn grid_point(space: &Space, number: u64) -> BTreeMap<String, ParamValue> {
    let mut rest = number;
    let backwards = space.iter().rev().map(|(name, dimension)| {
        let count = dimension.count().unwrap_or(1).max(1);
        let index = rest % count;
        rest /= count;
        (name.clone(), dimension.value(index))
    });
    backwards.collect()
}
