//! The median of errors.

#![expect(clippy::indexing_slicing, reason = "a numeric kernel: units are below the length, which `Prepared` checks")]

use super::prepared::Accumulator;

/// The median of values that stand in order.
#[derive(Debug)]
pub(super) struct MedianOf<'a> {
    values: &'a [f64],
    /// The units by rising value.
    order: &'a [u32],
    counts: Vec<u32>,
    total: u64,
}

/// The units by rising value.
pub(super) fn rising(values: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..).take(values.len()).collect();
    order.sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
    order
}

impl<'a> MedianOf<'a> {
    pub(super) fn new(values: &'a [f64], order: &'a [u32]) -> Self {
        Self { values, order, counts: vec![0; values.len()], total: 0 }
    }
}

impl Accumulator for MedianOf<'_> {
    fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    fn add(&mut self, units: &[u32]) {
        self.total += units.len() as u64;
        for unit in units {
            self.counts[*unit as usize] += 1;
        }
    }

    fn value(&mut self) -> Option<f64> {
        let (first, second) = (self.total.checked_sub(1)? / 2, self.total / 2);
        let mut lower = None;
        let mut passed = 0_u64;
        for unit in self.order {
            passed += u64::from(self.counts[*unit as usize]);
            let value = self.values[*unit as usize];
            if passed > first && lower.is_none() {
                lower = Some(value);
            }
            if passed > second {
                return lower.map(|lower| f64::midpoint(lower, value));
            }
        }
        None
    }
}
