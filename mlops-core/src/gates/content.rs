//! What the data of a gate are, whatever they are called: their content as a digest, and each row as a hash.

use std::collections::BTreeMap;

use super::inputs::{Column, EXACT, row_hash};
use super::order::{Cells, Order};
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
    let rows = rows_of(columns)?;
    let cells: Vec<Cells<'_>> = columns.values().map(Cells::from).collect();
    let content = Order::new(rows).then_by(&cells).digest(&cells);
    let mut hasher = DigestHasher::new();
    columns.keys().for_each(|name| put(&mut hasher, name.as_bytes()));
    hasher.update(content.as_bytes());
    Ok(hasher.finish())
}

/// A hash of each row, for [`GateInputs::row_hashes`](super::GateInputs::row_hashes) and
/// [`training_hashes`](super::GateInputs::training_hashes): the same where the same columns have the same values, whether a
/// number stands among numbers or, as `5` or `5.0`, among texts.
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
    let hash = |row| {
        let mut hasher = DigestHasher::new();
        columns.values().for_each(|column| put_cell(&mut hasher, column, row));
        row_hash(hasher.finish().as_bytes())
    };
    Ok((0..rows_of(columns)?).map(hash).collect())
}

fn rows_of(columns: &BTreeMap<String, Column>) -> Result<usize> {
    let rows = columns.values().next().map_or(0, Column::len);
    match columns.iter().find(|(_, column)| column.len() != rows) {
        None => Ok(rows),
        Some((name, column)) => Err(Error::InvalidArgument {
            what: format!("column `{name}`"),
            value: format!("{} rows", column.len()),
            expected: format!("{rows} rows, as the others have"),
        }),
    }
}

fn put_cell(hasher: &mut DigestHasher, column: &Column, row: usize) {
    match column {
        Column::Numbers(values) => match values.get(row) {
            Some(value) if value.abs() >= EXACT => put(hasher, format!("t{value}").as_bytes()),
            Some(value) if !value.is_nan() => put_number(hasher, *value),
            _ => put(hasher, b""),
        },
        Column::Texts(values) => match values.get(row).map_or("", String::as_str) {
            "" => put(hasher, b""),
            text => match number_of(text) {
                Some(value) => put_number(hasher, value),
                None => put(hasher, format!("t{text}").as_bytes()),
            },
        },
    }
}

fn put_number(hasher: &mut DigestHasher, value: f64) {
    put(hasher, &[&b"n"[..], &(value + 0.0).to_bits().to_le_bytes()].concat());
}

/// The number that a text is; None for codes such as `007`, and for what has more digits than a float.
fn number_of(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_code = digits.starts_with(['0', '+']) && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let starts = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    text.parse().ok().filter(|value: &f64| starts && !is_code && value.abs() < EXACT)
}

fn put(hasher: &mut DigestHasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
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
    fn a_number_has_one_hash_among_numbers_and_among_texts() {
        let numbers = content_hashes(&columns(&[("a", vec![5.0, -2.5, 0.0, f64::NAN].into())])).unwrap();
        let texts = content_hashes(&columns(&[("a", vec!["5.0", "-2.5", "0", ""].into())])).unwrap();
        assert_eq!(numbers, texts);
        let codes = content_hashes(&columns(&[("a", vec!["05", "5e", "9007199254740993", "9007199254740992"].into())]));
        let mut codes = codes.unwrap();
        codes.extend(numbers);
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all, "what is no number, or more than a float has, is told apart");
    }

    #[test]
    fn columns_of_different_lengths_are_refused() {
        let uneven = columns(&[("a", vec![1.0].into()), ("b", vec![1.0, 2.0].into())]);
        let refused = content_digest(&uneven).unwrap_err().to_string();
        assert!(refused.contains("`b`") && refused.contains("1 rows"), "{refused}");
    }
}
