//! Runs programs under valgrind, where there is one.

use std::process::Command;

use crate::build::{package, run};
use crate::tools::{find, left_out};

/// Runs a program under valgrind, where there is one. `leaks` false: only memory errors count.
pub(crate) fn run_checked(command: &Command, leaks: bool) {
    let Some(valgrind) = find("VALGRIND", "valgrind") else {
        left_out("C and C++ programs under valgrind", "there is no valgrind");
        return;
    };
    let mut checked = Command::new(valgrind);
    checked.args(["--quiet", "--error-exitcode=9"]);
    if leaks {
        // Only what is definitely lost counts: Rust's hash tables are held by pointers into their middle, which
        // valgrind calls possibly lost, and statics with such tables live until the end.
        checked.args(["--leak-check=full", "--errors-for-leak-kinds=definite", "--show-leak-kinds=definite"]);
        checked.arg(format!("--suppressions={}", package().join("tests/sled.supp").display()));
    }
    run(checked.arg(command.get_program()).args(command.get_args()));
}
