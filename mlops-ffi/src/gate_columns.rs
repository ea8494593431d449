//! What is handed to a gate of its rows, and how models cost: structs that C fills.

use mlops_core::Result;
use mlops_core::gates::{Column, Costs};

use crate::args::{Versioned, elements, refuse, slice};
use crate::sized::{check_reserved, sized_input};
use crate::text::{mlops_str, texts};

/// A column of floating point numbers; NaN is a value that is missing.
pub const MLOPS_GATE_NUMBERS: i32 = 0;
/// A column of integers, such as labels. If one is beyond 2^53 all are texts, which have the same digits.
pub const MLOPS_GATE_INTEGERS: i32 = 1;
/// A column of texts; an empty one is a value that is missing.
pub const MLOPS_GATE_TEXTS: i32 = 2;

/// A cost that is not known.
pub const MLOPS_GATE_COST_UNKNOWN: f64 = -1.0;

/// One value for each row: `kind` says which array has them. `mlops_gate_numbers`, `mlops_gate_integers` and
/// `mlops_gate_texts` make it, or begin with `MLOPS_GATE_COLUMN_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate_column {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_GATE_NUMBERS`, `MLOPS_GATE_INTEGERS` or `MLOPS_GATE_TEXTS`.
    pub kind: i32,
    /// The values of a column of numbers.
    pub numbers: *const f64,
    /// The values of a column of integers.
    pub integers: *const i64,
    /// The values of a column of texts.
    pub texts: *const mlops_str,
    /// How many values.
    pub count: usize,
}

impl Versioned for mlops_gate_column {
    const DEFAULT: Self = Self {
        struct_size: 0,
        kind: MLOPS_GATE_NUMBERS,
        numbers: std::ptr::null(),
        integers: std::ptr::null(),
        texts: std::ptr::null(),
        count: 0,
    };
}

/// What a model costs. Begin with `MLOPS_GATE_COSTS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate_costs {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// How long calls took, in seconds, without those to warm up; those of candidate and baseline were made in turn.
    pub latencies: *const f64,
    /// How many calls.
    pub latencies_count: usize,
    /// The size of its files, in bytes; `MLOPS_GATE_COST_UNKNOWN` (default): not known. So are the others.
    pub size_bytes: f64,
    /// The most memory that it took, in bytes.
    pub peak_rss_bytes: f64,
    /// How long loading it took, in seconds.
    pub load_seconds: f64,
}

impl Versioned for mlops_gate_costs {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        latencies: std::ptr::null(),
        latencies_count: 0,
        size_bytes: MLOPS_GATE_COST_UNKNOWN,
        peak_rss_bytes: MLOPS_GATE_COST_UNKNOWN,
        load_seconds: MLOPS_GATE_COST_UNKNOWN,
    };
}

sized_input!(mlops_gate_column mlops_gate_costs);
elements!(f64, u64);

/// The largest integer up to which every one is a floating point number.
const EXACT: u64 = 1 << 53;

impl mlops_gate_column {
    /// The values; `name` is what the caller calls the column.
    pub(crate) unsafe fn read(&self, name: &str) -> Result<Column> {
        // SAFETY: as the caller's.
        unsafe {
            match self.kind {
                MLOPS_GATE_NUMBERS => {
                    slice(self.numbers, self.count, &format!("{name}.numbers")).map(|values| values.to_vec().into())
                }
                MLOPS_GATE_INTEGERS => slice(self.integers, self.count, &format!("{name}.integers")).map(of_integers),
                MLOPS_GATE_TEXTS => self.labels(name).map(Column::Texts),
                other => Err(refuse(
                    &format!("{name}.kind"),
                    other.to_string(),
                    "MLOPS_GATE_NUMBERS, MLOPS_GATE_INTEGERS or MLOPS_GATE_TEXTS",
                )),
            }
        }
    }

    /// The values as ids.
    pub(crate) unsafe fn ids(&self, name: &str) -> Result<Vec<String>> {
        // SAFETY: as the caller's.
        unsafe {
            match self.kind {
                MLOPS_GATE_TEXTS => self.labels(name),
                MLOPS_GATE_INTEGERS => {
                    let ids = slice(self.integers, self.count, &format!("{name}.integers"))?;
                    Ok(ids.iter().map(i64::to_string).collect())
                }
                other => Err(refuse(
                    &format!("{name}.kind"),
                    other.to_string(),
                    "MLOPS_GATE_INTEGERS or MLOPS_GATE_TEXTS: numbers with fractions are no ids",
                )),
            }
        }
    }

    unsafe fn labels(&self, name: &str) -> Result<Vec<String>> {
        let name = format!("{name}.texts");
        // SAFETY: as the caller's.
        unsafe { texts(slice(self.texts, self.count, &name)?, &name) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "they are looked at: every one is a floating point number")]
fn of_integers(values: &[i64]) -> Column {
    if values.iter().all(|value| value.unsigned_abs() <= EXACT) {
        Column::Numbers(values.iter().map(|value| *value as f64).collect())
    } else {
        Column::Texts(values.iter().map(i64::to_string).collect())
    }
}

impl mlops_gate_costs {
    pub(crate) unsafe fn read(&self) -> Result<Costs> {
        check_reserved("costs", self.reserved)?;
        let known = |value: f64| (value.total_cmp(&MLOPS_GATE_COST_UNKNOWN).is_ne()).then_some(value);
        Ok(Costs {
            // SAFETY: as the caller's.
            latencies: unsafe { slice(self.latencies, self.latencies_count, "costs.latencies") }?.to_vec(),
            size_bytes: known(self.size_bytes),
            peak_rss_bytes: known(self.peak_rss_bytes),
            load_seconds: known(self.load_seconds),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_numbers_as_long_as_those_have_them_all_and_else_texts() {
        let exact = 1_i64 << 53;
        assert_eq!(of_integers(&[-3, exact]), Column::Numbers(vec![-3.0, 9_007_199_254_740_992.0]));
        let beyond = Column::from(vec!["1", "9007199254740993", "-9223372036854775808"]);
        assert_eq!(of_integers(&[1, exact + 1, i64::MIN]), beyond);
    }
}
