//! Means, and what is made of means of squares.

#![expect(clippy::indexing_slicing, reason = "a numeric kernel: units are below the length, which `Prepared` checks")]

use super::prepared::Accumulator;

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are below 2^53, where floats are exact")]
pub(super) fn to_float(count: u64) -> f64 {
    count as f64
}

/// A length as a float.
pub(super) fn of_length(length: usize) -> f64 {
    to_float(length as u64)
}

/// The mean of values, or its root.
#[derive(Debug)]
pub(super) struct MeanOf<'a> {
    pub(super) values: &'a [f64],
    pub(super) root: bool,
    sum: f64,
    count: u64,
}

impl<'a> MeanOf<'a> {
    pub(super) fn new(values: &'a [f64], root: bool) -> Self {
        Self { values, root, sum: 0.0, count: 0 }
    }
}

impl Accumulator for MeanOf<'_> {
    fn clear(&mut self) {
        (self.sum, self.count) = (0.0, 0);
    }

    fn add(&mut self, units: &[u32]) {
        self.count += units.len() as u64;
        for unit in units {
            self.sum += self.values[*unit as usize];
        }
    }

    fn value(&mut self) -> Option<f64> {
        let mean = self.sum / to_float(self.count);
        (self.count > 0).then(|| if self.root { mean.sqrt() } else { mean })
    }
}

/// `1 - sum of squares / sum of squares around the mean`.
#[derive(Debug)]
pub(super) struct ExplainedOf<'a> {
    squares: &'a [f64],
    /// Targets less their mean over all rows: near 0, so that their squares lose no digits.
    centred: &'a [f64],
    square: f64,
    sum: f64,
    sum_of_squares: f64,
    count: u64,
}

impl<'a> ExplainedOf<'a> {
    pub(super) fn new(squares: &'a [f64], centred: &'a [f64]) -> Self {
        Self { squares, centred, square: 0.0, sum: 0.0, sum_of_squares: 0.0, count: 0 }
    }
}

impl Accumulator for ExplainedOf<'_> {
    fn clear(&mut self) {
        (self.square, self.sum, self.sum_of_squares, self.count) = (0.0, 0.0, 0.0, 0);
    }

    fn add(&mut self, units: &[u32]) {
        self.count += units.len() as u64;
        for unit in units {
            let target = self.centred[*unit as usize];
            self.square += self.squares[*unit as usize];
            self.sum += target;
            self.sum_of_squares += target * target;
        }
    }

    fn value(&mut self) -> Option<f64> {
        let total = self.sum_of_squares - self.sum * self.sum / to_float(self.count);
        // Targets that are all equal leave only what rounding leaves.
        (self.count > 1 && total > 1e-13 * self.sum_of_squares).then(|| 1.0 - self.square / total)
    }
}
