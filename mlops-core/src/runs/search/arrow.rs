//! The result of a search for the tools that speak Arrow.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, LargeStringArray, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};

use super::table::{ColumnData, RunTable, TableColumn};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

impl RunTable {
    /// The table as an Arrow record batch: texts as `large_utf8`, numbers as `float64`, times as
    /// `timestamp[us, tz=UTC]`; what a run has not is null, and NaN is a number.
    ///
    /// # Errors
    /// `Internal` if the columns differ in length.
    ///
    /// ```
    /// use mlops_core::runs::{RunOptions, RunQuery};
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = mlops_core::Store::open("memory:")?;
    /// store.runs().start(RunOptions::default())?.log_metric("loss", 0.5, 0, None)?;
    /// let batch = store.runs().search_table(&RunQuery::default(), &[])?.to_arrow()?;
    /// assert!(batch.column_by_name("metrics.loss").is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_arrow(&self) -> Result<RecordBatch> {
        let fields: Vec<Field> =
            self.columns.iter().map(|column| Field::new(&column.name, column.data.data_type(), true)).collect();
        let columns = self.columns.iter().map(TableColumn::to_array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
            .map_err(|e| Error::internal(format!("the columns of a search do not fit together: {e}")))
    }
}

impl TableColumn {
    fn to_array(&self) -> ArrayRef {
        match &self.data {
            ColumnData::Text(texts) => Arc::new(texts.iter().collect::<LargeStringArray>()),
            ColumnData::Number(numbers) => Arc::new(numbers.iter().copied().collect::<Float64Array>()),
            ColumnData::Time(times) => {
                let times = times.iter().map(|at| at.map(Timestamp::as_micros));
                Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
        }
    }
}

impl ColumnData {
    fn data_type(&self) -> DataType {
        match self {
            Self::Text(_) => DataType::LargeUtf8,
            Self::Number(_) => DataType::Float64,
            Self::Time(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}
