//! The result of a search as columns.

use arrow_array::RecordBatchIterator;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use mlops_core::runs::{ColumnData, RunTable as Table, TextColumn};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList, PyString};

use crate::convert;
use crate::errors::detached;

/// The result of a search as columns.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct RunTable(pub(crate) Table);

/// A column: its name, what it holds, and the values.
type Column<'py> = (&'py str, &'static str, Bound<'py, PyAny>);

#[pymethods]
impl RunTable {
    fn __repr__(&self) -> String {
        format!("<RunTable: {} runs, {} columns>", self.0.rows, self.0.columns.len())
    }

    fn __len__(&self) -> usize {
        self.0.rows
    }

    /// For each column its name, `text`, `number` or `time`, and the values: a list of texts and None, or bytes of native
    /// 8-byte numbers: floats, NaN where there is none, or microseconds, the smallest number where there is none.
    fn columns<'py>(&'py self, py: Python<'py>) -> PyResult<Vec<Column<'py>>> {
        let column = |data: &ColumnData| {
            Ok::<_, PyErr>(match data {
                ColumnData::Text(texts) => ("text", text_list(py, texts)?.into_any()),
                ColumnData::Number(numbers) => {
                    let numbers: Vec<f64> = numbers.iter().map(|number| number.unwrap_or(f64::NAN)).collect();
                    ("number", convert::floats_out(py, &numbers).into_any())
                }
                ColumnData::Time(times) => {
                    let times: Vec<i64> =
                        times.iter().map(|at| at.map_or(i64::MIN, mlops_core::Timestamp::as_micros)).collect();
                    ("time", convert::integers_out(py, &times).into_any())
                }
            })
        };
        let mut columns = Vec::with_capacity(self.0.columns.len());
        for found in &self.0.columns {
            let (kind, values) = column(&found.data)?;
            columns.push((found.name.as_str(), kind, values));
        }
        Ok(columns)
    }

    /// Arrow's stream, for whoever takes it: pandas, polars, pyarrow, `DuckDB`.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer pass over what was asked for.
        drop(requested_schema);
        let batch = detached(py, || self.0.to_arrow())?;
        let schema = batch.schema();
        let batches = RecordBatchIterator::new([Ok(batch)], schema);
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), c"arrow_array_stream")
    }
}

/// Texts that are the same are the same object.
fn text_list<'py>(py: Python<'py>, texts: &TextColumn) -> PyResult<Bound<'py, PyList>> {
    let values: Vec<Bound<'py, PyString>> = texts.values.iter().map(|text| PyString::new(py, text)).collect();
    let text = |code: &Option<u32>| code.and_then(|code| values.get(code as usize));
    PyList::new(py, texts.codes.iter().map(text))
}
