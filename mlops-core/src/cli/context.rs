//! What every command is given.

use std::io::Write;

use serde::Serialize;

use super::failure::Failure;
use super::shape;
use super::table::Table;
use crate::error::Error;
use crate::store::{OpenOptions, Store};

/// Where the store is, and how and where to answer.
pub(super) struct Context<'a> {
    /// What `--store` says; empty: where the library looks by itself.
    pub(super) store: String,
    pub(super) json: bool,
    /// Characters in a line of the terminal; None: not a terminal.
    pub(super) width: Option<u16>,
    pub(super) out: &'a mut dyn Write,
    pub(super) err: &'a mut dyn Write,
}

impl Context<'_> {
    /// Opens the store for reading; it must exist.
    pub(super) fn open(&self) -> Result<Store, Failure> {
        let options =
            OpenOptions { uri: self.store.clone(), read_only: true, must_exist: true, ..OpenOptions::default() };
        Ok(Store::open_with(&options).map_err(with_way_out)?)
    }

    /// Opens the store to change something in it; it must exist.
    pub(super) fn open_to_change(&self) -> Result<Store, Failure> {
        let options = OpenOptions { uri: self.store.clone(), must_exist: true, ..OpenOptions::default() };
        Ok(Store::open_with(&options).map_err(with_way_out)?)
    }

    /// Writes one line of JSON.
    pub(super) fn print_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{}", shape::to_line(value))?)
    }

    /// Writes a line of text.
    pub(super) fn print(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{line}")?)
    }

    /// Writes a table.
    pub(super) fn print_table(&mut self, table: &Table) -> Result<(), Failure> {
        Ok(write!(self.out, "{}", table.render(self.width))?)
    }

    /// Writes a line beside the answer: to standard error, so that the answer can be read by a program.
    pub(super) fn note(&mut self, line: &str) -> Result<(), Failure> {
        self.out.flush()?;
        Ok(writeln!(self.err, "{line}")?)
    }
}

/// That there is no store is said with what to do.
pub(super) fn with_way_out(error: Error) -> Error {
    match error {
        Error::NotFound { what: "store", id, .. } => {
            let hint = "; name another with --store or MLOPS_STORE, or log a first run there, which makes it";
            Error::NotFound { what: "store", id, hint: hint.into() }
        }
        other => other,
    }
}
