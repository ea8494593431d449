//! Rows in an order that is of their content alone, and the digest of what is in them, whatever order they came in.

use std::cmp::Ordering;
use std::ops::Range;

use super::inputs::{Column, Predicted};
use crate::base::digests::{Digest, DigestHasher};

/// A column that tells rows apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cells<'a> {
    Numbers(&'a [f64]),
    Texts(&'a [String]),
}

impl<'a> From<&'a Column> for Cells<'a> {
    fn from(column: &'a Column) -> Self {
        match column {
            Column::Numbers(values) => Self::Numbers(values),
            Column::Texts(values) => Self::Texts(values),
        }
    }
}

/// All that a model said.
pub(super) fn cells_of(predicted: &Predicted) -> Vec<Cells<'_>> {
    let mut cells: Vec<Cells<'_>> = predicted.values.iter().map(Cells::from).collect();
    cells.extend(predicted.scores.iter().map(|scores| Cells::Numbers(scores)));
    cells.extend(predicted.probabilities.values().map(|values| Cells::Numbers(values)));
    cells
}

/// The rows in an order of their content, and which of them have equal content so far.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) rows: Vec<usize>,
    /// Places in `rows`.
    equal: Vec<Range<usize>>,
}

impl Order {
    /// Rows of which nothing is known yet.
    pub(super) fn new(rows: usize) -> Self {
        Self { rows: (0..rows).collect(), equal: std::iter::once(0..rows).filter(|all| all.len() > 1).collect() }
    }

    /// The same, rows that were equal in the order of these columns.
    pub(super) fn then_by(mut self, columns: &[Cells<'_>]) -> Self {
        if self.equal.is_empty() {
            return self;
        }
        let keys = keys(self.rows.len(), columns);
        let key = |row: usize| keys.get(row).copied().unwrap_or_default();
        let mut equal = Vec::new();
        for range in std::mem::take(&mut self.equal) {
            let Some(rows) = self.rows.get_mut(range.clone()) else { continue };
            let mut keyed: Vec<(u64, usize)> = rows.iter().map(|row| (key(*row), *row)).collect();
            keyed.sort_unstable();
            let mut at = range.start;
            for same in keyed.chunk_by_mut(|a, b| a.0 == b.0) {
                if same.len() > 1 {
                    // Two rows may have one key by chance, or because somebody made them so.
                    same.sort_by(|a, b| compare(columns, a.1, b.1));
                    for rows in same.chunk_by(|a, b| compare(columns, a.1, b.1).is_eq()) {
                        if rows.len() > 1 {
                            equal.push(at..at + rows.len());
                        }
                        at += rows.len();
                    }
                } else {
                    at += 1;
                }
            }
            rows.iter_mut().zip(&keyed).for_each(|(row, (_, sorted))| *row = *sorted);
        }
        self.equal = equal;
        self
    }

    /// True if no two rows are equal.
    pub(super) fn is_strict(&self) -> bool {
        self.equal.is_empty()
    }

    /// The digest of these columns, in this order, which has to be that of their content.
    pub(super) fn digest(&self, columns: &[Cells<'_>]) -> Digest {
        let mut hasher = DigestHasher::new();
        hasher.update(&(self.rows.len() as u64).to_le_bytes());
        columns.iter().for_each(|column| self.put(&mut hasher, *column));
        hasher.finish()
    }

    fn put(&self, hasher: &mut DigestHasher, column: Cells<'_>) {
        // Many rows at once: the hasher is slow with few bytes.
        const AT_ONCE: usize = 8_192;
        let mut bytes = Vec::with_capacity(8 * AT_ONCE);
        match column {
            Cells::Numbers(values) => {
                hasher.update(b"n");
                for rows in self.rows.chunks(AT_ONCE) {
                    bytes.clear();
                    rows.iter().for_each(|row| bytes.extend_from_slice(&word(values, *row).to_le_bytes()));
                    hasher.update(&bytes);
                }
            }
            Cells::Texts(values) => {
                hasher.update(b"t");
                for row in &self.rows {
                    let text = text(values, *row).as_bytes();
                    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
                    bytes.extend_from_slice(text);
                    if bytes.len() >= 8 * AT_ONCE {
                        hasher.update(&bytes);
                        bytes.clear();
                    }
                }
                hasher.update(&bytes);
            }
        }
    }
}

/// The bits of a number; whatever NaN it is, and whichever zero.
pub(super) fn word(values: &[f64], row: usize) -> u64 {
    let value = values.get(row).copied().unwrap_or(f64::NAN);
    if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() }
}

fn text(values: &[String], row: usize) -> &str {
    values.get(row).map_or("", String::as_str)
}

fn compare(columns: &[Cells<'_>], a: usize, b: usize) -> Ordering {
    let one = |column: &Cells<'_>| match column {
        Cells::Numbers(values) => word(values, a).cmp(&word(values, b)),
        Cells::Texts(values) => text(values, a).cmp(text(values, b)),
    };
    columns.iter().map(one).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// A number of each row, of its content. Rows are put in their order, since that is quick; digests depend on it, so that it
/// stays as it is.
fn keys(rows: usize, columns: &[Cells<'_>]) -> Vec<u64> {
    let mut keys = vec![0x243F_6A88_85A3_08D3_u64; rows];
    for column in columns {
        match column {
            Cells::Numbers(values) => {
                keys.iter_mut().enumerate().for_each(|(row, key)| *key = mixed(*key, word(values, row)));
            }
            Cells::Texts(values) => {
                keys.iter_mut().enumerate().for_each(|(row, key)| *key = mixed_text(*key, text(values, row)));
            }
        }
    }
    keys
}

#[expect(clippy::cast_possible_truncation, reason = "both halves of the product are taken")]
fn mixed(key: u64, word: u64) -> u64 {
    let product = u128::from(key ^ word) * 0x9E37_79B9_7F4A_7C15;
    (product as u64) ^ ((product >> 64) as u64)
}

fn mixed_text(key: u64, text: &str) -> u64 {
    let of_words = |key, bytes: &[u8]| {
        let mut word = [0; 8];
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        mixed(key, u64::from_le_bytes(word))
    };
    text.as_bytes().chunks(8).fold(mixed(key, text.len() as u64), of_words)
}
