//! Predictions in Parquet.

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::inputs::Column;
use super::table::PredictionTable;
use crate::base::limits;
use crate::error::{Error, Result};

/// From here on whole numbers are not all floats.
const EXACT: u64 = 1 << 53;

/// Reads a file of numbers, truth values, times and texts; categories of pandas are texts. Other columns are left out.
pub(super) fn read(path: &Path) -> Result<PredictionTable> {
    let file = std::fs::File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::not_found("file", path.display().to_string()),
        _ => Error::io("open", path, e),
    })?;
    let broken = |e: &dyn std::fmt::Display| Error::InvalidArgument {
        what: "predictions".into(),
        value: path.display().to_string(),
        expected: format!("a file of Parquet that can be read ({e})"),
    };
    // The types of the file itself: without those of Arrow a column of categories is one of texts.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|e| broken(&e))?;
    let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(usize::MAX);
    limits::check(|| "the predictions".into(), rows, limits::GATE_ROWS, "rows")?;
    let read = builder.schema().fields().iter().enumerate().filter(|(_, field)| !is_nested(field.data_type()));
    let (places, names): (Vec<usize>, Vec<String>) = read.map(|(place, field)| (place, field.name().clone())).unzip();
    let mask = ProjectionMask::roots(builder.parquet_schema(), places);
    let mut columns: Vec<Option<Column>> = vec![None; names.len()];
    for batch in builder.with_projection(mask).build().map_err(|e| broken(&e))? {
        let batch: RecordBatch = batch.map_err(|e| broken(&e))?;
        for ((name, column), array) in names.iter().zip(&mut columns).zip(batch.columns()) {
            let more = values(name, array)?;
            match (column.as_mut(), more) {
                (None, more) => *column = Some(more),
                (Some(Column::Numbers(all)), Column::Numbers(more)) => all.extend(more),
                // Some rows have numbers that only texts hold.
                (Some(all), more) => {
                    let mut texts = std::mem::replace(all, Column::Texts(Vec::new())).into_texts();
                    texts.extend(more.into_texts());
                    *all = Column::Texts(texts);
                }
            }
        }
    }
    let columns = names.into_iter().zip(columns);
    Ok(PredictionTable {
        columns: columns.map(|(name, column)| (name, column.unwrap_or(Column::Numbers(Vec::new())))).collect(),
    })
}

fn values(name: &str, array: &dyn Array) -> Result<Column> {
    let texts = |of: &dyn Fn(usize) -> String| {
        Ok(Column::Texts(
            (0..array.len()).map(|row| if array.is_null(row) { String::new() } else { of(row) }).collect(),
        ))
    };
    if name == "id" {
        // Numbers of 64 bits are more than a float holds.
        match array.data_type() {
            DataType::Int64 => return texts(&|row| array.as_primitive::<Int64Type>().value(row).to_string()),
            DataType::UInt64 => return texts(&|row| array.as_primitive::<UInt64Type>().value(row).to_string()),
            _ => {}
        }
    }
    match array.data_type() {
        DataType::Int8 => Ok(numbers::<Int8Type>(array, f64::from)),
        DataType::Int16 => Ok(numbers::<Int16Type>(array, f64::from)),
        DataType::Int32 => Ok(numbers::<Int32Type>(array, f64::from)),
        DataType::Int64 if array.as_primitive::<Int64Type>().iter().flatten().any(|of| of.unsigned_abs() >= EXACT) => {
            texts(&|row| array.as_primitive::<Int64Type>().value(row).to_string())
        }
        DataType::Int64 => Ok(numbers::<Int64Type>(array, wide)),
        DataType::UInt8 => Ok(numbers::<UInt8Type>(array, f64::from)),
        DataType::UInt16 => Ok(numbers::<UInt16Type>(array, f64::from)),
        DataType::UInt32 => Ok(numbers::<UInt32Type>(array, f64::from)),
        DataType::UInt64 if array.as_primitive::<UInt64Type>().iter().flatten().any(|of| of >= EXACT) => {
            texts(&|row| array.as_primitive::<UInt64Type>().value(row).to_string())
        }
        DataType::UInt64 => Ok(numbers::<UInt64Type>(array, unsigned)),
        DataType::Float32 => Ok(numbers::<Float32Type>(array, f64::from)),
        DataType::Float64 => Ok(numbers::<Float64Type>(array, |value| value)),
        // Days and milliseconds, as times in other units.
        DataType::Date32 => {
            texts(&|row| time(i128::from(array.as_primitive::<Date32Type>().value(row)) * 86_400_000_000_000))
        }
        DataType::Date64 => texts(&|row| time(i128::from(array.as_primitive::<Date64Type>().value(row)) * 1_000_000)),
        DataType::Timestamp(unit, _) => {
            let (in_unit, nanoseconds): (&dyn Fn(usize) -> i64, i128) = match unit {
                TimeUnit::Second => (&|row| array.as_primitive::<TimestampSecondType>().value(row), 1_000_000_000),
                TimeUnit::Millisecond => {
                    (&|row| array.as_primitive::<TimestampMillisecondType>().value(row), 1_000_000)
                }
                TimeUnit::Microsecond => (&|row| array.as_primitive::<TimestampMicrosecondType>().value(row), 1_000),
                TimeUnit::Nanosecond => (&|row| array.as_primitive::<TimestampNanosecondType>().value(row), 1),
            };
            texts(&|row| time(i128::from(in_unit(row)) * nanoseconds))
        }
        DataType::Boolean => {
            let of = array.as_boolean();
            let value = |row: usize| if of.is_null(row) { f64::NAN } else { f64::from(u8::from(of.value(row))) };
            Ok(Column::Numbers((0..of.len()).map(value).collect()))
        }
        DataType::Utf8 => texts(&|row| array.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => texts(&|row| array.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => texts(&|row| array.as_string_view().value(row).to_owned()),
        // pandas writes a column without a value so.
        DataType::Null => Ok(Column::Numbers(vec![f64::NAN; array.len()])),
        other => Err(Error::InvalidArgument {
            what: format!("column `{name}` of the predictions"),
            value: other.to_string(),
            expected: "numbers, truth values, times or texts".into(),
        }),
    }
}

/// True for a column of lists, tables and the like, which no gate looks at.
fn is_nested(kind: &DataType) -> bool {
    kind.is_nested() || matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_))
}

/// A time as ISO 8601 without zeros at its end, of a whole day its date: as the call in Python has it.
fn time(nanoseconds: i128) -> String {
    match jiff::Timestamp::from_nanosecond(nanoseconds) {
        Ok(time) => {
            let time = time.to_string();
            let time = time.trim_end_matches('Z');
            time.strip_suffix("T00:00:00").unwrap_or(time).to_owned()
        }
        Err(_) => nanoseconds.to_string(),
    }
}

fn numbers<T: ArrowPrimitiveType>(array: &dyn Array, number: impl Fn(T::Native) -> f64) -> Column {
    let of = array.as_primitive::<T>();
    Column::Numbers(of.iter().map(|value| value.map_or(f64::NAN, &number)).collect())
}

#[expect(clippy::cast_precision_loss, reason = "it is below 2^53")]
fn wide(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "as above")]
fn unsigned(value: u64) -> f64 {
    value as f64
}
