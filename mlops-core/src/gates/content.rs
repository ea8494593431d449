//! What the data of a gate are, whatever they are called: their content as a digest, and each row as a hash.

use std::collections::BTreeMap;

use super::inputs::{Column, row_hash};
use crate::base::digests::{Digest, DigestHasher};
use crate::error::{Error, Result};

/// The digest of columns by their names, types and values; neither the order of the rows nor that of the columns counts.
///
/// # Errors
/// `InvalidArgument` for columns of different lengths.
///
/// # Examples
/// ```
/// use std::collections::BTreeMap;
/// use mlops_core::gates::{Column, content_digest};
/// # fn main() -> mlops_core::Result<()> {
/// let of = |ages: Vec<f64>| BTreeMap::from([("age".to_owned(), Column::from(ages))]);
/// assert_eq!(content_digest(&of(vec![31.0, 47.0]))?, content_digest(&of(vec![47.0, 31.0]))?);
/// assert_ne!(content_digest(&of(vec![31.0, 47.0]))?, content_digest(&of(vec![31.0, 48.0]))?);
/// # Ok(())
/// # }
/// ```
pub fn content_digest(columns: &BTreeMap<String, Column>) -> Result<Digest> {
    let mut rows = digests(columns)?;
    rows.sort_unstable();
    let mut hasher = DigestHasher::new();
    for (name, column) in columns {
        put(&mut hasher, name.as_bytes());
        hasher.update(&[kind(column)]);
    }
    rows.iter().for_each(|row| hasher.update(row.as_bytes()));
    Ok(hasher.finish())
}

/// A hash of each row, for [`GateInputs::row_hashes`](super::GateInputs::row_hashes) and
/// [`training_hashes`](super::GateInputs::training_hashes): the same where the same columns have the same values.
///
/// # Errors
/// `InvalidArgument` for columns of different lengths.
///
/// # Examples
/// ```
/// use std::collections::BTreeMap;
/// use mlops_core::gates::{Column, content_hashes};
/// # fn main() -> mlops_core::Result<()> {
/// let columns = BTreeMap::from([("age".to_owned(), Column::from(vec![31.0, 47.0, 31.0]))]);
/// let hashes = content_hashes(&columns)?;
/// assert_eq!((hashes[0] == hashes[2], hashes[0] == hashes[1]), (true, false));
/// # Ok(())
/// # }
/// ```
pub fn content_hashes(columns: &BTreeMap<String, Column>) -> Result<Vec<u64>> {
    Ok(digests(columns)?.iter().map(|digest| row_hash(digest.as_bytes())).collect())
}

fn digests(columns: &BTreeMap<String, Column>) -> Result<Vec<Digest>> {
    let rows = columns.values().next().map_or(0, Column::len);
    if let Some((name, column)) = columns.iter().find(|(_, column)| column.len() != rows) {
        return Err(Error::InvalidArgument {
            what: format!("column `{name}`"),
            value: format!("{} rows", column.len()),
            expected: format!("{rows} rows, as the others have"),
        });
    }
    let digest = |row| {
        let mut hasher = DigestHasher::new();
        columns.values().for_each(|column| put_cell(&mut hasher, column, row));
        hasher.finish()
    };
    Ok((0..rows).map(digest).collect())
}

fn kind(column: &Column) -> u8 {
    match column {
        Column::Numbers(_) => b'n',
        Column::Texts(_) => b't',
    }
}

fn put(hasher: &mut DigestHasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn put_cell(hasher: &mut DigestHasher, column: &Column, row: usize) {
    match column {
        Column::Numbers(values) => {
            let value = values.get(row).copied().unwrap_or(f64::NAN);
            // Whatever NaN it is, and whichever zero.
            let bits = if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() };
            put(hasher, &bits.to_le_bytes());
        }
        Column::Texts(values) => put(hasher, values.get(row).map_or(&[][..], |text| text.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(parts: &[(&str, Column)]) -> BTreeMap<String, Column> {
        parts.iter().map(|(name, column)| ((*name).to_owned(), column.clone())).collect()
    }

    #[test]
    fn names_types_and_values_count_and_the_order_does_not() {
        let whole = columns(&[("a", vec![1.0, 2.0].into()), ("b", vec!["x", "y"].into())]);
        let turned = columns(&[("b", vec!["y", "x"].into()), ("a", vec![2.0, 1.0].into())]);
        let digest = content_digest(&whole).unwrap();
        assert_eq!(digest, content_digest(&turned).unwrap());
        for other in [
            columns(&[("a", vec![1.0, 2.0].into()), ("c", vec!["x", "y"].into())]),
            columns(&[("a", vec!["1", "2"].into()), ("b", vec!["x", "y"].into())]),
            columns(&[("a", vec![2.0, 1.0].into()), ("b", vec!["x", "y"].into())]),
            columns(&[("a", vec![1.0, 2.0, 2.0].into()), ("b", vec!["x", "y", "y"].into())]),
        ] {
            assert_ne!(digest, content_digest(&other).unwrap());
        }
    }

    #[test]
    fn zeros_and_missing_numbers_are_the_same_however_they_are_written() {
        let one = columns(&[("a", vec![0.0, f64::NAN].into())]);
        let other = columns(&[("a", vec![-0.0, -f64::NAN].into())]);
        assert_eq!(content_hashes(&one).unwrap(), content_hashes(&other).unwrap());
    }

    #[test]
    fn columns_of_different_lengths_are_refused() {
        let uneven = columns(&[("a", vec![1.0].into()), ("b", vec![1.0, 2.0].into())]);
        let refused = content_digest(&uneven).unwrap_err().to_string();
        assert!(refused.contains("`b`") && refused.contains("1 rows"), "{refused}");
    }
}
