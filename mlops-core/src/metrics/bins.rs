//! The expected calibration error.

#![expect(clippy::indexing_slicing, reason = "a numeric kernel: units are below the length, which `Prepared` checks")]

use super::prepared::Accumulator;
use super::sums::of_length;

/// Rows in bins of confidence.
#[derive(Debug)]
pub(super) struct Binned {
    /// The bin of each row.
    bins: Vec<u16>,
    /// Confidence less 1 if right, 0 if wrong.
    gaps: Vec<f64>,
    count: usize,
}

impl Binned {
    /// Bins of equal width over 0 to 1, closed below; the last on both sides.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a confidence is 0 to 1 and there are at most 10,000 bins"
    )]
    pub(super) fn new(confidences: &[f64], right: impl Fn(usize) -> bool, count: u32) -> Self {
        let last = count.saturating_sub(1) as u16;
        let bins = confidences.iter().map(|p| ((p * f64::from(count)) as u16).min(last)).collect();
        let gaps = confidences.iter().enumerate().map(|(row, p)| p - f64::from(u8::from(right(row)))).collect();
        Self { bins, gaps, count: count as usize }
    }

    pub(super) fn accumulator(&self) -> BinsOf<'_> {
        BinsOf { rows: self, sums: vec![0.0; self.count], total: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.gaps.len()
    }
}

/// The gaps of drawn rows, by bin.
#[derive(Debug)]
pub(super) struct BinsOf<'a> {
    rows: &'a Binned,
    sums: Vec<f64>,
    total: usize,
}

impl Accumulator for BinsOf<'_> {
    fn clear(&mut self) {
        self.sums.fill(0.0);
        self.total = 0;
    }

    fn add(&mut self, units: &[u32]) {
        self.total += units.len();
        for unit in units {
            self.sums[usize::from(self.rows.bins[*unit as usize])] += self.rows.gaps[*unit as usize];
        }
    }

    fn value(&mut self) -> Option<f64> {
        (self.total > 0).then(|| self.sums.iter().map(|sum| sum.abs()).sum::<f64>() / of_length(self.total))
    }
}
