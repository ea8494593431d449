//! What a search has found as a table: cell by cell, or as Arrow's structs.

use mlops_core::Timestamp;
use mlops_core::runs::{ColumnData, RunTable};

use crate::args::{Handle, Versioned, refuse};
use crate::arrow::{FFI_ArrowArray, FFI_ArrowArrayStream, FFI_ArrowSchema};
use crate::boundary::export;
use crate::run_data::at;
use crate::runs::MLOPS_TIME_NONE;
use crate::search::mlops_run_query;
use crate::sized::sized_output;
use crate::store::mlops_store;
use crate::text::{Text, mlops_str, texts};

/// A column of texts.
pub const MLOPS_COLUMN_TEXT: i32 = 0;
/// A column of floating point numbers.
pub const MLOPS_COLUMN_NUMBER: i32 = 1;
/// A column of times, in UTC microseconds.
pub const MLOPS_COLUMN_TIME: i32 = 2;

/// Runs as columns, all of the same length, in the order of the search. Freed with `mlops_table_free`.
#[derive(Debug)]
pub struct mlops_table {
    table: RunTable,
    columns: Vec<Column>,
    next_page_token: Text,
}

impl Handle for mlops_table {}

/// What C reads of a column: its texts end with a NUL.
#[derive(Debug)]
struct Column {
    name: Text,
    /// Each distinct text once; empty for other columns.
    texts: Vec<Text>,
}

/// A column of a table. Begin with `MLOPS_COLUMN_INIT`; the name lives as long as the table.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_column {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_COLUMN_TEXT`, `MLOPS_COLUMN_NUMBER` or `MLOPS_COLUMN_TIME`.
    pub kind: i32,
    /// As it was asked for, or such as `run_id`, `metrics.loss` or `params.depth`.
    pub name: mlops_str,
}

/// What one run has in one column: `kind` says which field it is in. Begin with `MLOPS_CELL_INIT`; the text lives as long
/// as the table.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_cell {
    /// The size of this struct.
    pub struct_size: u32,
    /// `MLOPS_COLUMN_TEXT`, `MLOPS_COLUMN_NUMBER` or `MLOPS_COLUMN_TIME`.
    pub kind: i32,
    /// 1 if the run has nothing there, else 0.
    pub is_null: i32,
    /// 0.
    pub reserved: i32,
    /// The text; empty in another column.
    pub text: mlops_str,
    /// The number; NaN where there is none, and NaN is a number too.
    pub number: f64,
    /// The time in UTC microseconds; `MLOPS_TIME_NONE` where there is none.
    pub time: i64,
}

impl Versioned for mlops_column {
    const DEFAULT: Self = Self { struct_size: 0, kind: MLOPS_COLUMN_TEXT, name: mlops_str::EMPTY };
}

impl Versioned for mlops_cell {
    const DEFAULT: Self = Self {
        struct_size: 0,
        kind: MLOPS_COLUMN_TEXT,
        is_null: 0,
        reserved: 0,
        text: mlops_str::EMPTY,
        number: f64::NAN,
        time: MLOPS_TIME_NONE,
    };
}
sized_output!(mlops_column mlops_cell);

impl From<RunTable> for mlops_table {
    fn from(mut table: RunTable) -> Self {
        let columns = table.columns.iter().map(|column| {
            let texts = match &column.data {
                ColumnData::Text(texts) => texts.values.iter().map(|text| Text::new(text.as_str())).collect(),
                ColumnData::Number(_) | ColumnData::Time(_) => Vec::new(),
            };
            Column { name: Text::new(column.name.as_str()), texts }
        });
        let columns = columns.collect();
        Self { next_page_token: Text::new(table.next_page_token.take().unwrap_or_default()), columns, table }
    }
}

const fn kind(data: &ColumnData) -> i32 {
    match data {
        ColumnData::Text(_) => MLOPS_COLUMN_TEXT,
        ColumnData::Number(_) => MLOPS_COLUMN_NUMBER,
        ColumnData::Time(_) => MLOPS_COLUMN_TIME,
    }
}

impl mlops_table {
    fn cell(&self, row: usize, column: usize) -> mlops_core::Result<mlops_cell> {
        let data = &at(&self.table.columns, column)?.data;
        if row >= self.table.rows {
            let expected = format!("a number below the count of rows, {}", self.table.rows);
            return Err(refuse("row", row.to_string(), expected));
        }
        let mut cell = mlops_cell { kind: kind(data), is_null: 1, ..mlops_cell::DEFAULT };
        match data {
            ColumnData::Text(texts) => {
                let code = texts.codes.get(row).copied().flatten();
                let kept = self.columns.get(column).zip(code).and_then(|(kept, code)| kept.texts.get(code as usize));
                if let Some(text) = kept {
                    (cell.is_null, cell.text) = (0, text.view());
                }
            }
            ColumnData::Number(numbers) => {
                if let Some(number) = numbers.get(row).copied().flatten() {
                    (cell.is_null, cell.number) = (0, number);
                }
            }
            ColumnData::Time(times) => {
                if let Some(time) = times.get(row).copied().flatten() {
                    (cell.is_null, cell.time) = (0, Timestamp::as_micros(time));
                }
            }
        }
        Ok(cell)
    }
}

export! {
    /// The runs that match a query as a table: all of them, or the first `query.max_results` (0: all) behind
    /// `query.page_token`.
    ///
    /// `columns` names what is wanted, as an order names it: `run_id`, `start_time`, `params.lr`, `metrics.loss`,
    /// `metrics.loss.min`, `metrics.loss@100`... Without names the table has id, experiment, status, artifact URI, times,
    /// and every metric (its last value), param and tag that a run has.
    ///
    /// `*out` is freed with `mlops_table_free`. Threads: any. Since 0.1.
    pub fn mlops_run_search_table(
        store: *const mlops_store,
        query: *const mlops_run_query,
        columns: *const mlops_str,
        columns_count: usize,
        out: *mut *mut mlops_table,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let (query, columns) = unsafe { (query.read()?, texts(columns.slice(columns_count)?, "columns")?) };
        out.give(store.store.runs().search_table(&query, &columns)?.into());
        Ok(())
    }

    /// How many runs a table has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_table_rows_count(table: *const mlops_table) -> usize {
        table.map_or(0, |table| table.table.rows)
    }

    /// How many columns a table has; 0 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_table_columns_count(table: *const mlops_table) -> usize {
        table.map_or(0, |table| table.columns.len())
    }

    /// The name and the type of the column at `index`.
    ///
    /// The name lives as long as the table. Threads: any. Since 0.1.
    pub fn mlops_table_column(table: *const mlops_table, index: usize, out: *mut mlops_column) -> mlops_status {
        let data = &at(&table.table.columns, index)?.data;
        let name = at(&table.columns, index)?.name.view();
        out.set(mlops_column { kind: kind(data), name, ..mlops_column::DEFAULT });
        Ok(())
    }

    /// What the run of a row has in a column.
    ///
    /// The text lives as long as the table. Threads: any. Since 0.1.
    pub fn mlops_table_cell(
        table: *const mlops_table,
        row: usize,
        column: usize,
        out: *mut mlops_cell,
    ) -> mlops_status {
        out.set(table.cell(row, column)?);
        Ok(())
    }

    /// What to set as `page_token` for the next table; empty behind the last run.
    ///
    /// The text lives as long as the table. Threads: any. Since 0.1.
    pub fn mlops_table_next_page_token(table: *const mlops_table) -> mlops_str {
        table.map_or(mlops_str::EMPTY, |table| table.next_page_token.view())
    }

    /// A table as one struct array of the Arrow C data interface: texts as `large_utf8`, numbers as `float64`, times as
    /// `timestamp[us, tz=UTC]`; what a run has not is null.
    ///
    /// `*array` and `*schema` are the caller's, who ends each by its own `release`; they may outlive the table. What they
    /// held before is not released. Threads: any. Since 0.1.
    pub fn mlops_table_arrow(
        table: *const mlops_table,
        array: *mut FFI_ArrowArray,
        schema: *mut FFI_ArrowSchema,
    ) -> mlops_status {
        let (made, described) = crate::arrow::array(&table.table)?;
        array.set(made);
        schema.set(described);
        Ok(())
    }

    /// The same as a stream of the Arrow C stream interface, which has one batch.
    ///
    /// `*stream` is the caller's, who ends it by its own `release`; it may outlive the table. Threads: any; the stream one
    /// at a time. Since 0.1.
    pub fn mlops_table_arrow_stream(table: *const mlops_table, stream: *mut FFI_ArrowArrayStream) -> mlops_status {
        stream.set(crate::arrow::stream(&table.table)?);
        Ok(())
    }

    /// Frees a table. NULL is fine.
    ///
    /// Threads: any, but nobody may use the table any more. Since 0.1.
    pub fn mlops_table_free(table: *mut mlops_table) {
        drop(table);
    }
}
