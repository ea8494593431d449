//! What every command is given.

use std::io::Write;

use serde::Serialize;

use super::failure::Failure;
use super::shape;
use super::table::Table;
use crate::error::{Error, Result};
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
        Ok(self.at_store(Store::open_with(&options))?)
    }

    /// What a call about the whole store gave; that there is none is said with a way out.
    pub(super) fn at_store<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| match error {
            Error::NotFound { what: "store", id, .. } => {
                let hint = "; name another with --store or MLOPS_STORE, or log a first run there, which makes it";
                Error::NotFound { what: "store", id, hint: hint.into() }
            }
            other => other,
        })
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
        Ok(writeln!(self.err, "{line}")?)
    }
}
