//! The checked-in header, and the functions that it declares.

use std::path::{Path, PathBuf};

/// The folder of this package.
pub(crate) fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of the checked-in header.
pub(crate) fn checked_in() -> String {
    read(&package().join("include/mlops.h"))
}

/// The functions that a header declares, as (name, whole declaration).
pub(crate) fn declarations(header: &str) -> Vec<(String, String)> {
    let (header, _) = header.split_once("/* Helpers of this header").unwrap();
    let mut found = Vec::new();
    let mut open = String::new();
    for line in header.lines() {
        let begins = !line.starts_with([' ', '#', '/', '}']) && !line.starts_with("typedef") && line.contains('(');
        if open.is_empty() && !begins {
            continue;
        }
        open += line.trim_start();
        open.push(' ');
        if line.ends_with(");") {
            let (head, _) = open.split_once('(').unwrap();
            let name = head.rsplit([' ', '*']).next().unwrap().to_owned();
            found.push((name, open.trim().to_owned()));
            open.clear();
        }
    }
    found
}

/// Reads a file of the project.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
