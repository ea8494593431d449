//! Columns across the border as the structs of the Arrow C data and stream interfaces, which the header declares under
//! their standard guards.

use arrow_array::ffi::to_ffi;
use arrow_array::{Array, RecordBatchIterator, StructArray};
use mlops_core::runs::RunTable;
use mlops_core::{Error, Result};

use crate::args::Output;

pub use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
pub use arrow_array::ffi_stream::FFI_ArrowArrayStream;

impl Output for FFI_ArrowArray {}
impl Output for FFI_ArrowSchema {}
impl Output for FFI_ArrowArrayStream {}

/// A table as one struct array, and what it is.
pub(crate) fn array(table: &RunTable) -> Result<(FFI_ArrowArray, FFI_ArrowSchema)> {
    let whole = StructArray::from(table.to_arrow()?);
    to_ffi(&whole.to_data()).map_err(|e| Error::Internal { detail: format!("cannot hand over a table: {e}") })
}

/// A table as a stream of one batch.
pub(crate) fn stream(table: &RunTable) -> Result<FFI_ArrowArrayStream> {
    let batch = table.to_arrow()?;
    let schema = batch.schema();
    Ok(FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new([Ok(batch)], schema))))
}
