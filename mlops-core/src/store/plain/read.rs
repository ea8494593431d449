//! Reads the files of an export: beneath its folder, without following links, and tables a row group at a time.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, ArrayRef};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::tables::{Kind, Table};
use super::write::{Written, data_type};
use crate::base::beneath::Folder;
use crate::base::digests::{Digest, DigestHasher};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// Rows that are read together.
const BATCH_ROWS: usize = 8_192;
const BUFFER_BYTES: usize = 1 << 16;

/// The folder of an export.
#[derive(Debug)]
pub(super) struct Source {
    root: Folder,
}

impl Source {
    pub(super) fn open(folder: &Path) -> Result<Self> {
        Ok(Self { root: Folder::root(folder)? })
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.root.path().join(file)
    }

    /// A file of the export.
    ///
    /// # Errors
    /// `Corrupt` if it is missing, if a link or something else stands there, and for a path that leads elsewhere; `Io`.
    pub(super) fn file(&self, path: &str) -> Result<File> {
        let mut parts: Vec<&str> = path.split('/').collect();
        if parts.iter().any(|part| part.is_empty() || matches!(*part, "." | "..") || part.contains(['\\', '\0'])) {
            let detail = format!("`{}` is no path of a file in an export", path.escape_debug());
            return Err(Error::corrupt(self.root.path(), 0, detail));
        }
        let name = parts.pop().unwrap_or_default();
        let missing =
            || Error::corrupt(&self.path(path), 0, "the file is missing; export again, or copy the folder again");
        let mut folder: Option<Folder> = None;
        for part in parts {
            let inner = folder.as_ref().unwrap_or(&self.root).folder(Path::new(part))?;
            folder = Some(inner.ok_or_else(missing)?);
        }
        folder.as_ref().unwrap_or(&self.root).file(Path::new(name))?.ok_or_else(missing)
    }

    /// Reads a file and compares it with what the manifest says.
    ///
    /// # Errors
    /// `Corrupt` that names it.
    pub(super) fn check(&self, expected: &Written) -> Result<()> {
        let mut file = self.file(&expected.path)?;
        let mut hasher = DigestHasher::new();
        let mut size = 0;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = file.read(&mut buffer).map_err(|e| Error::io("read", &self.path(&expected.path), e))?;
            if read == 0 {
                break;
            }
            hasher.update(buffer.get(..read).unwrap_or_default());
            size += read as u64;
        }
        if (size, hasher.finish()) == (expected.size, expected.digest) {
            return Ok(());
        }
        Err(Error::corrupt(
            &self.path(&expected.path),
            0,
            "the file is damaged or was changed: its digest is not that in manifest.json; copy the folder again, or export again",
        ))
    }
}

/// The rows of a table, one after the other.
pub(super) struct Cursor {
    table: &'static Table,
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    group: usize,
    reader: Option<ParquetRecordBatchReader>,
    columns: Vec<ArrayRef>,
    rows: usize,
    row: usize,
    /// Rows before those at hand.
    before: u64,
}

impl std::fmt::Debug for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor").field("path", &self.path).field("row", &self.row).finish_non_exhaustive()
    }
}

impl Cursor {
    pub(super) fn open(source: &Source, table: &'static Table) -> Result<Self> {
        let path = source.path(&table.file());
        let file = source.file(&table.file())?;
        let broken = |detail: String| Error::corrupt(&path, 0, detail);
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|e| broken(format!("it is no table in Parquet: {e}")))?;
        for (name, kind) in table.columns {
            match metadata.schema().field_with_name(name) {
                Ok(field) if *field.data_type() == data_type(*kind) => {}
                Ok(field) => return Err(broken(format!("the column `{name}` holds {}", field.data_type()))),
                Err(_) => return Err(broken(format!("the column `{name}` is missing"))),
            }
        }
        let (columns, reader) = (Vec::new(), None);
        Ok(Self { table, path, file, metadata, group: 0, reader, columns, rows: 0, row: 0, before: 0 })
    }

    /// The number of rows, as the file says.
    pub(super) fn total(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or_default()
    }

    /// The row at hand; None behind the last.
    pub(super) fn row(&mut self) -> Result<Option<Row<'_>>> {
        while self.row >= self.rows {
            if !self.load()? {
                return Ok(None);
            }
        }
        Ok(Some(Row { of: self }))
    }

    /// Goes to the next row.
    pub(super) fn advance(&mut self) {
        self.row += 1;
    }

    /// Visits rows while `is_wanted`.
    pub(super) fn each(
        &mut self,
        is_wanted: impl Fn(&Row<'_>) -> Result<bool>,
        mut visit: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        while let Some(row) = self.row()? {
            if !is_wanted(&row)? {
                break;
            }
            visit(&row)?;
            self.advance();
        }
        Ok(())
    }

    /// Visits rows whose text in a column is this.
    pub(super) fn each_of(&mut self, column: &str, id: &str, visit: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        self.each(|row| Ok(row.text(column)? == id), visit)
    }

    /// Refuses rows that belong to nothing.
    pub(super) fn finish(mut self, of: &str) -> Result<()> {
        match self.row()? {
            None => Ok(()),
            Some(row) => Err(row.broken(&format!("the row belongs to no {of} of the export, or stands out of order"))),
        }
    }

    /// Reads on: a batch, of the next row group if one is through.
    fn load(&mut self) -> Result<bool> {
        let failed =
            |path: &Path, e: &dyn std::fmt::Display| Error::corrupt(path, 0, format!("it cannot be read: {e}"));
        loop {
            if let Some(reader) = &mut self.reader {
                if let Some(batch) = reader.next() {
                    let batch = batch.map_err(|e| failed(&self.path, &e))?;
                    self.before += self.rows as u64;
                    self.columns.clear();
                    for (name, _) in self.table.columns {
                        let column = batch.column_by_name(name);
                        self.columns.push(column.cloned().ok_or_else(|| failed(&self.path, name))?);
                    }
                    (self.rows, self.row) = (batch.num_rows(), 0);
                    return Ok(true);
                }
                self.reader = None;
            }
            if self.group >= self.metadata.metadata().num_row_groups() {
                return Ok(false);
            }
            let file = self.file.try_clone().map_err(|e| Error::io("open", &self.path, e))?;
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![self.group])
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(|e| failed(&self.path, &e))?;
            self.reader = Some(reader);
            self.group += 1;
        }
    }
}

/// One row.
#[derive(Debug)]
pub(super) struct Row<'a> {
    of: &'a Cursor,
}

macro_rules! values {
    ($($name:ident $needed:ident $kind:ident -> $type:ty: $get:expr;)*) => {$(
        /// The value; None for null.
        pub(super) fn $name(&self, column: &str) -> Result<Option<$type>> {
            let Some(array) = self.column(column, Kind::$kind)? else { return Ok(None) };
            let get: fn(&'a ArrayRef, usize) -> $type = $get;
            Ok(Some(get(array, self.of.row)))
        }

        /// The value, which has to be there.
        pub(super) fn $needed(&self, column: &str) -> Result<$type> {
            self.$name(column)?.ok_or_else(|| self.broken(&format!("`{column}` is null")))
        }
    )*};
}

impl<'a> Row<'a> {
    fn column(&self, name: &str, kind: Kind) -> Result<Option<&'a ArrayRef>> {
        let at = self.of.table.columns.iter().position(|column| *column == (name, kind));
        let array = at.and_then(|at| self.of.columns.get(at));
        let array = array.ok_or_else(|| Error::internal(format!("{} has no column {name}", self.of.table.name)))?;
        Ok((!array.is_null(self.of.row)).then_some(array))
    }

    values! {
        find_text text Text -> &'a str: |array, row| array.as_string::<i32>().value(row);
        find_int int Int -> i64: |array, row| array.as_primitive::<Int64Type>().value(row);
        find_count count Count -> u64: |array, row| array.as_primitive::<UInt64Type>().value(row);
        find_float float Float -> f64: |array, row| array.as_primitive::<Float64Type>().value(row);
        find_time time Time -> Timestamp: |array, row| {
            Timestamp::from_micros(array.as_primitive::<TimestampMicrosecondType>().value(row))
        };
        find_bool bool Bool -> bool: |array, row| array.as_boolean().value(row);
    }

    /// The text, owned.
    pub(super) fn owned(&self, column: &str) -> Result<String> {
        self.text(column).map(str::to_owned)
    }

    /// The text, owned; None for null.
    pub(super) fn find_owned(&self, column: &str) -> Result<Option<String>> {
        Ok(self.find_text(column)?.map(str::to_owned))
    }

    /// A text that says something else.
    pub(super) fn parsed<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let text = self.text(column)?;
        parse(text).ok_or_else(|| {
            self.broken(&format!("`{column}` cannot be `{}`", text.escape_debug().take(100).collect::<String>()))
        })
    }

    /// The digest; None for null.
    pub(super) fn find_digest(&self, column: &str) -> Result<Option<Digest>> {
        self.find_text(column)?.map(|_| self.digest(column)).transpose()
    }

    /// The digest, which has to be there.
    pub(super) fn digest(&self, column: &str) -> Result<Digest> {
        self.parsed(column, Digest::from_hex)
    }

    /// Damage at this row.
    pub(super) fn broken(&self, detail: &str) -> Error {
        let row = self.of.before + self.of.row as u64;
        Error::corrupt(&self.of.path, 0, format!("row {row}: {detail}"))
    }
}
