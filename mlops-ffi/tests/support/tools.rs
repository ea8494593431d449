//! Programs that a developer's machine may not have, and how it is said that something was left out.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

/// A program that may be missing on a developer's machine, never in CI: None says, in words, what was skipped.
pub(crate) fn tool(variable: &str, name: &str, skipped: &str) -> Option<PathBuf> {
    find(variable, name).or_else(|| {
        assert!(std::env::var_os("CI").is_none(), "CI needs {name} (or {variable}) for: {skipped}");
        announce(&format!("skipped: {skipped}: there is no {name}; install it or set {variable}"));
        None
    })
}

/// Says what was left out, since this machine does not have `what`; it may be missing everywhere.
pub(crate) fn left_out(skipped: &str, what: &str) {
    announce(&format!("left out: {skipped}: {what}"));
}

/// The compiler of C++ is there.
pub(crate) fn has_cpp() -> bool {
    tool("CXX", "c++", "C++ programs").is_some()
}

/// A program by the name in an environment variable, else by its own.
pub(crate) fn find(variable: &str, name: &str) -> Option<PathBuf> {
    let program = std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    let found = Command::new(&program).arg("--version").output().is_ok_and(|output| output.status.success());
    found.then_some(program)
}

/// Prints past the capture of the test harness, and where the runner collects what was left out.
fn announce(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
    if let Some(path) = std::env::var_os("MLOPS_LEFT_OUT")
        && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path)
    {
        let _ = writeln!(file, "{text}");
    }
}
