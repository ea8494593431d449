//! The C and C++ programs under the address and undefined-behaviour sanitizers, against the library that the other
//! tests use. The sanitizers see what the programs do and every allocation; Rust's own code is not instrumented.

#![expect(clippy::unwrap_used, reason = "a suite: what cannot be read or written fails it")]

#[path = "support/build.rs"]
mod build;
#[path = "support/tools.rs"]
mod tools;

use std::process::Command;

use build::{compile, package, prefix, run, scratch};
use tools::{has_cpp, left_out};

const SANITIZERS: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/// Builds a program with the sanitizers and runs it with an empty folder.
fn build_and_run(names: &[&str], options: &[&str]) {
    let folder = scratch();
    let program = folder.path().join("program");
    let sources: Vec<_> = names.iter().map(|name| package().join("tests").join(name)).collect();
    compile(&program, prefix(), &sources, &[SANITIZERS, options].concat());
    let symbols = run(Command::new("nm").arg(&program));
    assert!(symbols.contains("__asan_init"), "{} is not instrumented", names.join(" "));
    let place = folder.path().join("place");
    std::fs::create_dir(&place).unwrap();
    let mut command = Command::new(&program);
    command.env("ASAN_OPTIONS", "detect_leaks=1");
    command.env("UBSAN_OPTIONS", "print_stacktrace=1");
    // In quotes: a space would end the path.
    command.env("LSAN_OPTIONS", format!("suppressions='{}'", package().join("tests/sled.lsan").display()));
    run(command.arg(&place));
}

/// Whether the compiler of `source` (an empty program) has the sanitizers, and programs with them run.
fn sanitizers(variable: &str, compiler: &str, source: &str) -> bool {
    let folder = scratch();
    let (source, program) = (folder.path().join(source), folder.path().join("empty"));
    std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| compiler.into()));
    let built = command.args(SANITIZERS).arg(&source).arg("-o").arg(&program).output();
    let works = built.is_ok_and(|built| built.status.success())
        && Command::new(&program).output().is_ok_and(|ran| ran.status.success());
    if !works {
        left_out(&format!("{compiler} programs under sanitizers"), "the compiler has none that run here");
    }
    works
}

#[test]
fn the_c_programs_are_clean() {
    if sanitizers("CC", "cc", "empty.c") {
        let names = [
            "whole",
            "sizes",
            "odd",
            "hammer",
            "bad",
            "table",
            "beside",
            "gate",
            "gate_inputs",
            "gate_registry",
            "stats",
        ];
        for name in names {
            build_and_run(&[&format!("c/{name}.c")], &[]);
        }
        // Not `fork.c`: a child waits forever for a lock of gcc's address sanitizer that a thread of its parent held in
        // `malloc`. `programs.rs` runs it as it is and under valgrind.
    }
}

#[test]
fn the_cpp_program_is_clean() {
    if has_cpp() && sanitizers("CXX", "c++", "empty.cpp") {
        build_and_run(&["cpp/whole.cpp", "cpp/second.cpp"], &["-DMLOPS_CPP_EXCEPTIONS"]);
        build_and_run(&["cpp/more.cpp"], &[]);
        build_and_run(&["cpp/gate.cpp"], &[]);
    }
}
