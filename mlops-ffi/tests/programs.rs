//! C and C++ programs, built as users build them, run as they are and under valgrind.

#[path = "support/build.rs"]
mod build;
#[path = "support/header.rs"]
mod header;
#[path = "support/nulls.rs"]
mod nulls;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use build::{compile, package, prefix, run, scratch, static_prefix, tool};

/// The sources of a test program.
fn sources(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| package().join("tests").join(name)).collect()
}

fn examples() -> PathBuf {
    package().parent().unwrap().join("examples")
}

/// Builds a program of ours and runs it with an empty folder; then again under valgrind, where there is one.
fn build_and_run(names: &[&str], options: &[&str]) {
    let folder = scratch();
    let program = folder.path().join("program");
    compile(&program, prefix(), &sources(names), options);
    run_both(&program, folder.path());
}

/// Runs a program as it is and under valgrind, each time with a new empty folder.
fn run_both(program: &Path, folder: &Path) {
    let (plain, checked) = (folder.join("plain"), folder.join("checked"));
    std::fs::create_dir(&plain).unwrap();
    std::fs::create_dir(&checked).unwrap();
    run(Command::new(program).arg(&plain));
    let Some(valgrind) = tool("VALGRIND", "valgrind", "C programs under valgrind") else { return };
    let mut command = Command::new(valgrind);
    // Only what is definitely lost counts: Rust's hash tables are held by pointers into their middle, which valgrind
    // calls possibly lost, and statics with such tables live until the end.
    command.args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite"]);
    command.arg(format!("--suppressions={}", package().join("tests/sled.supp").display()));
    run(command.arg(program).arg(&checked));
}

#[test]
fn the_headers_compile_twice_in_one_unit_and_in_two_units_of_one_program() {
    let folder = scratch();
    let first = package().join("tests/c/units.c");
    for (language, standard, compiler) in [("c", "-std=c11", "cc"), ("c++", "-std=c++17", "c++")] {
        let unit = |name: &str, options: &[&str]| {
            let object = folder.path().join(name);
            let mut command = Command::new(compiler);
            command.args(["-x", language, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
            run(command.arg(prefix().join("include")).args(options).arg("-c").arg(&first).arg("-o").arg(&object));
            object
        };
        let objects = [unit("first.o", &[]), unit("second.o", &["-DSECOND_UNIT"])];
        let program = folder.path().join("program");
        compile(&program, prefix(), &objects, if language == "c++" { &["-lstdc++"] } else { &[] });
        run(&mut Command::new(&program));
    }
}

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let library = prefix().join("lib/libmlops.so");
    if !library.exists() {
        return; // macOS: nm has other options there, and the linker's list is the same
    }
    let symbols = run(Command::new("nm").args(["-D", "--defined-only"]).arg(&library));
    let exported: BTreeSet<_> = symbols.lines().filter_map(|line| line.rsplit(' ').next()).map(str::to_owned).collect();
    let text = header::read(&package().join("include/mlops.h"));
    let declared: BTreeSet<_> = header::declarations(&text).into_iter().map(|(name, _)| name).collect();
    assert_eq!(exported, declared);
    let dynamic = run(Command::new("readelf").arg("-d").arg(&library));
    assert!(dynamic.contains("Library soname: [libmlops.so.0]"), "{dynamic}");
}

#[test]
fn no_pointer_that_is_null_or_text_that_is_not_utf8_gets_through() {
    let text = header::read(&package().join("include/mlops.h"));
    let (program, calls) = nulls::program(&header::declarations(&text));
    assert!(calls > 300, "{calls}");
    let folder = scratch();
    let source = folder.path().join("nulls.c");
    std::fs::write(&source, program).unwrap();
    let binary = folder.path().join("program");
    let include = format!("-I{}", package().join("tests/c").display());
    compile(&binary, prefix(), &[source], &[&include]);
    run_both(&binary, folder.path());
}

#[test]
fn what_c_logs_comes_back_whole() {
    build_and_run(&["c/whole.c"], &[]);
}

#[test]
fn bad_input_from_c_is_a_clear_error_and_leaves_nothing() {
    build_and_run(&["c/bad.c"], &[]);
}

#[test]
fn eight_threads_share_one_store() {
    build_and_run(&["c/hammer.c"], &[]);
}

#[test]
fn cpp_works_with_results() {
    build_and_run(&["cpp/whole.cpp", "cpp/second.cpp"], &["-fno-exceptions"]);
}

#[test]
fn cpp_works_with_exceptions() {
    build_and_run(&["cpp/whole.cpp", "cpp/second.cpp"], &["-DMLOPS_CPP_EXCEPTIONS"]);
}

#[test]
fn the_snippet_of_the_readme_logs_a_run() {
    let readme = header::read(&package().join("../README.md"));
    let code = readme.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = scratch();
    let (source, program) = (folder.path().join("readme.c"), folder.path().join("readme"));
    std::fs::write(&source, code).unwrap();
    compile(&program, prefix(), &[source], &[]);
    let path = folder.path().join("store");
    run(Command::new(program).env("MLOPS_STORE", &path));
    let store = mlops_core::Store::open(path.to_str().unwrap()).unwrap();
    let runs = store.runs().search(&mlops_core::runs::RunQuery::default()).unwrap().items;
    assert!((runs[0].metrics["accuracy"].last - 0.94).abs() < 1e-12, "{runs:?}");
}

/// What both quickstarts print.
const QUICKSTART: &str = "runs with a final loss below 10, best first:
  learning_rate = 0.1
  learning_rate = 0.01
loss of the best: 100 points, from 25 at step 0 to 1.62e-18 at step 99
weight of the best: 1.02e-09
";

fn check_quickstart(program: &Path) {
    let folder = scratch();
    assert_eq!(run(Command::new(program).arg(folder.path().join("store"))), QUICKSTART, "{}", program.display());
}

#[test]
fn the_quickstarts_build_through_pkg_config_shared_and_static() {
    let folder = scratch();
    for source in ["c/quickstart.c", "cpp/quickstart.cpp"] {
        for prefix in [prefix(), static_prefix()] {
            let program = folder.path().join("quickstart");
            compile(&program, prefix, &[examples().join(source)], &[]);
            check_quickstart(&program);
        }
    }
    // The last one was static: it needs no library of ours to run.
    let needed = run(Command::new("readelf").arg("-d").arg(folder.path().join("quickstart")));
    assert!(!needed.contains("libmlops"), "{needed}");
}

#[test]
fn the_quickstarts_build_through_cmake_shared_and_static() {
    let Some(cmake) = tool("CMAKE", "cmake", "building through CMake") else { return };
    let folder = scratch();
    let (built, installed, consumer) =
        (folder.path().join("built"), folder.path().join("installed"), folder.path().join("consumer"));
    let define = |name: &str, value: &Path| format!("-D{name}={}", value.display());

    // The package's own CMakeLists.txt installs...
    let mut configure = Command::new(&cmake);
    configure.arg("-S").arg(package()).arg("-B").arg(&built);
    run(configure.arg(define("MLOPS_LIBRARY_DIR", &build::library_dir())));
    run(Command::new(&cmake).arg("--build").arg(&built));
    run(Command::new(&cmake).arg("--install").arg(&built).arg("--prefix").arg(&installed));

    // ...what a project finds with find_package.
    let mut configure = Command::new(&cmake);
    configure.arg("-S").arg(package().join("tests/consumer")).arg("-B").arg(&consumer);
    configure.arg(define("CMAKE_PREFIX_PATH", &installed)).arg(define("EXAMPLES", &examples()));
    run(&mut configure);
    run(Command::new(&cmake).arg("--build").arg(&consumer));
    for program in ["c", "cpp", "c_static", "cpp_static"] {
        check_quickstart(&consumer.join(program));
    }
}
