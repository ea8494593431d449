//! What only the test programs of this package need: a static prefix, and programs that may be missing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::build::{announce, install};

/// A copy of the prefix without the shared library, so that `-lmlops` is the static one.
pub(crate) fn static_prefix() -> &'static Path {
    static PREFIX: OnceLock<TempDir> = OnceLock::new();
    let folder = PREFIX.get_or_init(|| {
        let folder = install();
        for entry in std::fs::read_dir(folder.path().join("lib")).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_dir() && path.extension() != Some(OsStr::new("a")) {
                std::fs::remove_file(path).unwrap();
            }
        }
        folder
    });
    folder.path()
}

/// A program that may be missing on a developer's machine, never in CI: None says, in words, what was skipped.
pub(crate) fn tool(variable: &str, name: &str, skipped: &str) -> Option<PathBuf> {
    let program = std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    if Command::new(&program).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    assert!(std::env::var_os("CI").is_none(), "CI needs {name} (or {variable}) for: {skipped}");
    announce(&format!("skipped: {skipped}: there is no {name}; install it or set {variable}"));
    None
}
