//! What can be asked about a metric.

use std::fmt;

/// What of a thing is looked at. All but [`Value`](Self::Value) are of metrics only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// The thing itself; of a metric the last value, that at the largest (step, time, value).
    #[default]
    Value,
    /// The step of the last value.
    Step,
    /// The time of the last value.
    Time,
    /// The smallest value; NaN only if every value is.
    Min,
    /// The largest value; NaN only if every value is.
    Max,
    /// How many points were logged.
    Count,
    /// The first value: that at the smallest (step, time, value).
    First,
    /// The mean of the values that are not NaN; NaN only if every value is.
    Mean,
    /// The value at a step; of several points at the step that at the largest (time, value).
    At(i64),
}

/// The aspects that have a name. `metrics.loss.last` is the same as `metrics.loss`.
const NAMES: &[(&str, Aspect)] = &[
    ("last", Aspect::Value),
    ("first", Aspect::First),
    ("min", Aspect::Min),
    ("max", Aspect::Max),
    ("mean", Aspect::Mean),
    ("count", Aspect::Count),
    ("step", Aspect::Step),
    ("time", Aspect::Time),
];

impl Aspect {
    pub(super) const EXPECTED: &str = "last, first, min, max, mean, count, step or time";

    /// The aspect of this name. Names are in small letters, as keys are what they are.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, aspect)| *aspect)
    }

    /// True if the points have to be read to tell; a record knows the rest by heart.
    ///
    /// ```
    /// use mlops_core::query::Aspect;
    /// assert!(Aspect::At(100).needs_points() && !Aspect::Min.needs_points());
    /// ```
    pub const fn needs_points(self) -> bool {
        matches!(self, Self::First | Self::Mean | Self::At(_))
    }
}

impl fmt::Display for Aspect {
    /// Writes what stands behind the key of a metric.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => Ok(()),
            Self::At(step) => write!(f, "@{step}"),
            named => {
                let name = NAMES.iter().find(|(_, aspect)| aspect == named).map(|(name, _)| *name);
                write!(f, ".{}", name.unwrap_or_default())
            }
        }
    }
}
