//! Writes tables and files of an export, and what was written into the manifest.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parking_lot::Mutex;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::tables::{Kind, Table};
use crate::base::digests::{Digest, DigestHasher};
use crate::base::files::{FileHandle, Files};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// Rows that are turned into columns together.
const BATCH_ROWS: usize = 8_192;
/// And their bytes.
const BATCH_BYTES: usize = 4 << 20;
/// A row group ends when it has so many bytes as they are in memory: readers and writers need about as much.
const GROUP_BYTES: usize = 32 << 20;

/// One value of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    Text(Option<&'a str>),
    Int(Option<i64>),
    Count(Option<u64>),
    Float(Option<f64>),
    Time(Option<Timestamp>),
    Bool(Option<bool>),
}

macro_rules! cells {
    ($($type:ty => $kind:ident),*) => {$(
        impl<'a> From<$type> for Cell<'a> {
            fn from(value: $type) -> Self {
                Self::$kind(Some(value))
            }
        }
        impl<'a> From<Option<$type>> for Cell<'a> {
            fn from(value: Option<$type>) -> Self {
                Self::$kind(value)
            }
        }
    )*};
}
cells!(&'a str => Text, i64 => Int, u64 => Count, f64 => Float, Timestamp => Time, bool => Bool);

impl<'a> From<&'a String> for Cell<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a Option<String>> for Cell<'a> {
    fn from(value: &'a Option<String>) -> Self {
        Self::Text(value.as_deref())
    }
}

#[derive(Debug)]
enum Column {
    Text(StringBuilder),
    Int(Int64Builder),
    Count(UInt64Builder),
    Float(Float64Builder),
    Time(TimestampMicrosecondBuilder),
    Bool(BooleanBuilder),
}

impl Column {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Int => Self::Int(Int64Builder::new()),
            Kind::Count => Self::Count(UInt64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
        }
    }

    /// Appends a value; how many bytes it takes.
    fn push(&mut self, cell: Cell<'_>) -> Option<usize> {
        match (self, cell) {
            (Self::Text(column), Cell::Text(value)) => {
                column.append_option(value);
                return Some(4 + value.map_or(0, str::len));
            }
            (Self::Int(column), Cell::Int(value)) => column.append_option(value),
            (Self::Count(column), Cell::Count(value)) => column.append_option(value),
            (Self::Float(column), Cell::Float(value)) => column.append_option(value),
            (Self::Time(column), Cell::Time(value)) => column.append_option(value.map(Timestamp::as_micros)),
            (Self::Bool(column), Cell::Bool(value)) => column.append_option(value),
            _ => return None,
        }
        Some(8)
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(column) => Arc::new(column.finish()),
            Self::Int(column) => Arc::new(column.finish()),
            Self::Count(column) => Arc::new(column.finish()),
            Self::Float(column) => Arc::new(column.finish()),
            Self::Time(column) => Arc::new(column.finish()),
            Self::Bool(column) => Arc::new(column.finish()),
        }
    }
}

pub(super) fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Int => DataType::Int64,
        Kind::Count => DataType::UInt64,
        Kind::Float => DataType::Float64,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Kind::Bool => DataType::Boolean,
    }
}

/// A file that is being written, with its digest.
pub(super) struct Sink {
    file: FileHandle,
    at: u64,
    hasher: DigestHasher,
    /// What went wrong, for who called through a layer that knows `io::Error` only.
    failed: Arc<Mutex<Option<Error>>>,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) digest: Digest,
}

impl Sink {
    pub(super) fn create(files: &Files, path: &Path) -> Result<Self> {
        let file = files.create_new(path)?;
        Ok(Self { file, at: 0, hasher: DigestHasher::new(), failed: Arc::default() })
    }

    /// What went wrong while this was written to, else `other`.
    pub(super) fn error(&self, other: Error) -> Error {
        self.failed.lock().take().unwrap_or(other)
    }

    /// Forces the file to the disk.
    pub(super) fn finish(self, path: &str) -> Result<Written> {
        self.file.sync()?;
        Ok(Written { path: path.into(), size: self.at, digest: self.hasher.finish() })
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("file", &self.file).field("at", &self.at).finish_non_exhaustive()
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.file.write_at(bytes, self.at) {
            let told = io::Error::other(error.to_string());
            *self.failed.lock() = Some(error);
            return Err(told);
        }
        self.hasher.update(bytes);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A table that is being written, row by row.
pub(super) struct TableWriter {
    table: &'static Table,
    path: PathBuf,
    schema: Arc<Schema>,
    columns: Vec<Column>,
    writer: ArrowWriter<Sink>,
    failed: Arc<Mutex<Option<Error>>>,
    rows: usize,
    bytes: usize,
    group_bytes: usize,
    pub(super) total: u64,
}

impl fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableWriter").field("path", &self.path).field("total", &self.total).finish_non_exhaustive()
    }
}

impl TableWriter {
    pub(super) fn create(files: &Files, folder: &Path, table: &'static Table) -> Result<Self> {
        let path = folder.join(table.file());
        let fields = table.columns.iter().map(|(name, kind)| Field::new(*name, data_type(*kind), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let sink = Sink::create(files, &path)?;
        let failed = sink.failed.clone();
        let writer = ArrowWriter::try_new(sink, schema.clone(), Some(properties(table)))
            .map_err(|e| taken(&failed, &path, &e.to_string()))?;
        let columns = table.columns.iter().map(|(_, kind)| Column::new(*kind)).collect();
        Ok(Self { table, path, schema, columns, writer, failed, rows: 0, bytes: 0, group_bytes: 0, total: 0 })
    }

    pub(super) fn push(&mut self, cells: &[Cell<'_>]) -> Result<()> {
        if cells.len() != self.columns.len() {
            return Err(Error::internal(format!("a row of {} has {} values", self.table.name, cells.len())));
        }
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            self.bytes += column
                .push(*cell)
                .ok_or_else(|| Error::internal(format!("{cell:?} stands in another column of {}", self.table.name)))?;
        }
        self.rows += 1;
        self.total += 1;
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES { self.write_batch() } else { Ok(()) }
    }

    fn write_batch(&mut self) -> Result<()> {
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns)
            .map_err(|e| Error::internal(format!("the columns of {} do not fit: {e}", self.table.name)))?;
        self.group_bytes += self.bytes;
        (self.rows, self.bytes) = (0, 0);
        self.writer.write(&batch).map_err(|e| taken(&self.failed, &self.path, &e.to_string()))?;
        if self.group_bytes >= GROUP_BYTES {
            self.group_bytes = 0;
            self.writer.flush().map_err(|e| taken(&self.failed, &self.path, &e.to_string()))?;
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> Result<Written> {
        if self.rows > 0 {
            self.write_batch()?;
        }
        let Self { table, path, writer, failed, .. } = self;
        let sink = writer.into_inner().map_err(|e| taken(&failed, &path, &e.to_string()))?;
        sink.finish(&table.file())
    }
}

fn properties(table: &Table) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(usize::MAX))
        .set_created_by(format!("mlops {}", env!("CARGO_PKG_VERSION")));
    for (name, kind) in table.columns {
        let column = ColumnPath::from(*name);
        match kind {
            Kind::Int | Kind::Count | Kind::Time => {
                properties = properties
                    .set_column_dictionary_enabled(column.clone(), false)
                    .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
            }
            Kind::Float => properties = properties.set_column_dictionary_enabled(column, false),
            // Long texts would be kept in memory twice.
            Kind::Text if matches!(*name, "value" | "source" | "schema" | "profile" | "event" | "description") => {
                properties = properties.set_column_dictionary_enabled(column, false);
            }
            _ => {}
        }
    }
    properties.build()
}

fn taken(failed: &Mutex<Option<Error>>, path: &Path, text: &str) -> Error {
    failed.lock().take().unwrap_or_else(|| Error::internal(format!("cannot write {}: {text}", path.display())))
}
